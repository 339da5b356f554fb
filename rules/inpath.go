package rules

// MatchesInPath returns the secrets that stand in text, which is a path or a part
// of one, in order of position: what a token's format tells of itself, as in
// backups/ghp_….txt. Rules that need to know what a value is assigned to, how it
// looks or what stands beside it have nothing to say about a path. Those that look
// at some files only look at the paths of these.
func (s *Set) MatchesInPath(path string, text []byte) []Match {
	var f *finder // most paths need none, and every file has one
	s.literals.each(text, 0, len(text), func(literal, start int) {
		use := &s.uses[literal]
		for _, i := range s.refs[use.first:use.names] {
			p := &s.rules[i]
			if !p.tellsItself() {
				continue
			}
			if f == nil {
				f = &finder{set: s, path: path, buf: text, to: len(text)}
			}
			f.pattern(p, start, len(s.literals.texts[literal]))
		}
	})
	if f == nil || len(f.matches) == 0 {
		return nil
	}
	return Resolve(f.matches)
}

// tellsItself reports whether what a pattern rule matches is a secret wherever it
// stands.
func (p *program) tellsItself() bool {
	if p.Shape != "" || p.PartOnly {
		return false
	}
	for i := range p.Parts {
		if p.Parts[i].Required {
			return false
		}
	}
	return true
}
