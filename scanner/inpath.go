package scanner

import (
	"slices"
	"strings"

	"github.com/cork-scanner/cork/rules"
)

// A path is in every clone, whatever is in its file: backups/ghp_….txt gives the
// token away that a backup was named after. So the text of a path is searched as
// well, for what is a secret by its format alone. Such a finding has no place in
// the content, and whoever shows a path masks the secrets in it.

// pathMatches are the secrets that stand in a path.
type pathMatches struct {
	path    string
	matches []rules.Match
	secrets []Secret // of each match
}

// matchesInPath returns the secrets that stand in a path. Those in the last path
// that was asked for are remembered.
func (w *worker) matchesInPath(path string) *pathMatches {
	p := &w.inLast
	if p.path == path {
		return p
	}
	w.path = append(w.path[:0], path...)
	*p = pathMatches{path: path}
	p.matches = slices.DeleteFunc(w.s.set.MatchesInPath(path, w.path), func(m rules.Match) bool {
		return m.Confidence < w.s.opts.MinConfidence || m.SecretStart == m.SecretEnd
	})
	for i := range p.matches {
		m := &p.matches[i]
		p.secrets = append(p.secrets, wrap(m, path[m.SecretStart:m.SecretEnd]))
	}
	return p
}

// secretsIn returns the secrets that stand in what is shown beside findings.
func (w *worker) secretsIn(texts ...string) (secrets []Secret) {
	for _, text := range texts {
		w.path = append(w.path[:0], text...)
		for _, m := range w.s.set.MatchesInPath(text, w.path) {
			if m.SecretStart < m.SecretEnd {
				secrets = append(secrets, wrap(&m, text[m.SecretStart:m.SecretEnd]))
			}
		}
	}
	return secrets
}

// SecretsIn returns what is a secret by its format alone in texts that are shown
// beside findings, such as names of refs and subjects of commits: see
// [Finding.Hidden].
func (s *Scanner) SecretsIn(texts ...string) []Secret {
	w := s.worker()
	defer s.workers.Put(w)
	return w.secretsIn(texts...)
}

// inPath adds the secrets that stand in the blob's path, each once. Those in the
// names of an archive's entries are found in the bytes of the archive.
func (w *worker) inPath(b *Blob, res *result) {
	path := b.repoPath()
	var said map[[2]string]bool
	in := w.matchesInPath(path)
	for i, m := range in.matches {
		key := [2]string{m.Rule.ID, path[m.SecretStart:m.SecretEnd]}
		if said[key] {
			continue
		}
		if said == nil {
			said = make(map[[2]string]bool)
		}
		said[key] = true
		f := newFinding(b, &m)
		f.InPath = true
		f.Secret = in.secrets[i]
		f.Reasons = append(f.Reasons, "it stands in the path")
		f.Location.Line, f.Location.Column, f.Location.EndLine, f.Location.EndColumn = 1, 1, 1, 1
		if named := namedBy(path, key[1]); named != path {
			f.folder = named
		}
		w.add(b, f, res)
	}
}

// namedBy returns the path of the file or folder that has a secret in its name: a
// beginning of path.
func namedBy(path, secret string) string {
	at := strings.Index(path, secret)
	if at < 0 {
		return path
	}
	end := at + len(secret)
	if below := strings.IndexByte(path[end:], '/'); below >= 0 {
		return path[:end+below]
	}
	return path
}

// onceInFolders drops what was found in the name of a folder already: every file in
// it has that in its path.
func (r *result) onceInFolders(seen map[string]bool) {
	r.findings = slices.DeleteFunc(r.findings, func(f Finding) bool {
		if f.folder == "" {
			return false
		}
		key := f.RuleID + "\x00" + f.folder + "\x00" + f.Secret.Reveal()
		if f.Suppression != nil {
			key += "\x00"
		}
		again := seen[key]
		seen[key] = true
		return again
	})
}
