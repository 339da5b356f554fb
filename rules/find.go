package rules

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/cork-scanner/cork/rules/check"
)

// Match returns what the rules find in a whole content: matches in order of
// position, grouped as by Group, those of path rules first.
func (s *Set) Match(path string, content []byte) []Match {
	ms := s.PathMatches(path)
	found := s.Find(path, content, 0, len(content), true, true)
	return append(ms, Group(found, Grouping{Lines: linesIn(content)})...)
}

// linesIn returns a Grouping's Lines for offsets into content.
func linesIn(content []byte) func(*Match) (first, last int) {
	var starts []int // of lines
	line := func(offset int) int {
		return sort.Search(len(starts), func(i int) bool { return starts[i] > offset })
	}
	return func(m *Match) (first, last int) {
		if starts == nil {
			starts = []int{0}
			for i, c := range content {
				if c == '\n' {
					starts = append(starts, i+1)
				}
			}
		}
		return line(m.SecretStart), line(max(m.SecretStart, m.SecretEnd-1))
	}
}

// PathMatches returns the matches of path rules, which need no content.
func (s *Set) PathMatches(path string) []Match {
	var ms []Match
	for _, i := range s.paths {
		if p := &s.rules[i]; p.in(path) {
			ms = append(ms, Match{
				Rule: p.Rule, Severity: p.Severity, Confidence: p.Confidence,
				Reasons: []string{"the file's name"},
			})
		}
	}
	return ms
}

// Find returns the matches whose announcing literal begins in buf[from:to),
// in order of Start. buf is a piece of one content: atStart and atEnd say
// whether buf begins and ends where the content does; where it does not there
// must be at least Reach bytes before from, or after to. Offsets are relative
// to buf. A match may begin before from or end after to. Overlaps are not
// resolved, the matches of rules with PartOnly are among them, and the same
// match can come again from a neighbouring piece: give all to Group.
//
// The matches do not depend on how a content is cut into pieces, except those
// of rules with scan = "always", and of rules whose keywords stand nearly
// everywhere: these are searched for from left to right in each piece.
func (s *Set) Find(path string, buf []byte, from, to int, atStart, atEnd bool) []Match {
	f := finder{set: s, path: path, buf: buf, from: from, to: to}
	f.search()
	sort.SliceStable(f.matches, func(i, j int) bool { return f.matches[i].Start < f.matches[j].Start })
	return f.matches
}

// Trace returns what Match looks at closely in a whole content, dropped or not,
// with the tests that decided, in order of position. Overlaps are not resolved.
// It is for people who ask why: Match is faster.
func (s *Set) Trace(path string, content []byte) []Candidate {
	var seen []Candidate
	f := finder{set: s, path: path, buf: content, to: len(content), trace: &seen}
	f.search()
	slices.SortStableFunc(seen, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.SecretStart, b.SecretStart), cmp.Compare(a.SecretEnd, b.SecretEnd), cmp.Compare(a.Rule.ID, b.Rule.ID))
	})
	// Several keywords can lead to one candidate.
	seen = slices.CompactFunc(seen, func(a, b Candidate) bool {
		return a.Rule == b.Rule && a.SecretStart == b.SecretStart && a.SecretEnd == b.SecretEnd && a.Dropped == b.Dropped
	})
	traceParts(seen, linesIn(content))
	return seen
}

// A finder is the state of one Find.
type finder struct {
	set     *Set
	path    string
	buf     []byte
	matches []Match

	from, to int // the literals of buf[from:to) are looked for

	in    map[*program]bool  // does the rule look at this path
	spent map[*program]int   // steps that a rule's expression has taken, see overspent
	far   map[*program]*seen // what rules that reach far know of the surroundings of keywords
	about *file              // what the path says; nil until it is needed

	// Several keywords stand in one key name: what the parser said about it
	// is kept.
	keyStart, keyEnd int
	assignments      []assignment

	trace *[]Candidate // nil unless somebody wants to know

	// FindChanged alone:
	tracks    bool   // what is looked at
	look      Span   // for the hit
	parsed    Span   // for its assignments
	windows   []Span // of matches
	hits      []Hit
	unbounded bool // windows are not all that matches depend on

	steps, stepsBefore int // that all expressions have taken; before the hit
}

// search looks at everything once.
func (f *finder) search() {
	f.set.literals.each(f.buf, f.from, f.to, f.hit)
	for _, i := range f.set.always {
		f.always(&f.set.rules[i])
	}
}

func (f *finder) hit(literal, start int) {
	set := f.set
	n := len(set.literals.texts[literal])
	if f.tracks {
		f.begin(start, start+n)
		defer f.end(literal, start, start+n)
	}
	use := &set.uses[literal]
	if use.names < use.last {
		f.key(start, n)
	}
	for _, i := range set.refs[use.first:use.names] {
		f.pattern(&set.rules[i], start, n)
	}
}

// looksAt reports whether the rule looks at this file at all.
func (f *finder) looksAt(p *program) bool {
	if !p.choosy {
		return true
	}
	in, ok := f.in[p]
	if !ok {
		if f.in == nil {
			f.in = make(map[*program]bool)
		}
		in = p.in(f.path)
		f.in[p] = in
	}
	return in
}

// pattern runs a rule's expression around a keyword.
func (f *finder) pattern(p *program, start, n int) {
	lo, hi := max(0, start-p.lead-margin), min(len(f.buf), start+p.span+margin)
	if s := p.sieve; s != nil {
		from, to, ok := s.near(f.buf, start, n)
		if ok {
			from, to, ok = s.window(f.buf, start, n, p.lead, p.span, f.seenFor(p))
		}
		if lo, hi = from, to; !ok {
			f.looked(lo, hi)
			return
		}
	}
	if !f.looksAt(p) {
		return
	}
	f.looked(lo-1, hi+1)
	if f.overspent(p) {
		return
	}
	p = p.compiled()
	// The first match may be another one, which ends before the keyword.
	window := f.buf[lo:hi]
	for at := 0; at <= start-lo; {
		m, steps, ok := p.regex.search(window, at, start-lo)
		f.spend(p, steps)
		if !ok {
			return
		}
		if m.end >= start-lo+n && m.end-m.start <= p.span {
			f.add(p, m.plus(lo))
			return
		}
		at = max(m.end, at+1)
	}
}

// How many steps the expression of one rule may take in its windows: so many, and
// so many for each byte that is searched. Without a bound, a rule that reaches far
// and whose keyword stands everywhere would look at each byte thousands of times.
// No rule comes near it in any file of curl, git, rails and redis.
const (
	freeSteps    = 1 << 18
	stepsForByte = 8
)

const allSpent = -1

// overspent reports whether the rule has taken all the steps that it may take.
// When that is so first, its expression is run over everything once, as if the
// rule had no keywords: that takes time in proportion to the length. What it
// finds can then be more, or less, than around keywords.
func (f *finder) overspent(p *program) bool {
	if f.tracks {
		// Then the content is crowded, if nothing else.
		f.unbounded = f.unbounded || f.steps > freeSteps+stepsForByte*len(f.buf)
		return f.unbounded
	}
	spent := f.spent[p]
	if spent == allSpent {
		return true
	}
	if spent <= freeSteps+stepsForByte*(f.to-f.from) {
		return false
	}
	f.spent[p] = allSpent
	f.everywhere(p.compiled(), func(start, end int) bool { return end > f.from && start < f.to })
	return true
}

// spend notes steps that the rule's expression has taken.
func (f *finder) spend(p *program, steps int) {
	if f.tracks {
		f.steps += steps
		return
	}
	if f.spent == nil {
		f.spent = make(map[*program]int)
	}
	f.spent[p] += steps
}

// everywhere runs the expression of a rule over all that is searched, and takes
// the matches that are wanted.
func (f *finder) everywhere(p *program, wanted func(start, end int) bool) {
	lo := max(0, f.from-p.Span-margin)
	hi := min(len(f.buf), f.to+p.Span+margin)
	take := func(m location) {
		if wanted(m.start, m.end) && m.end-m.start <= p.span {
			f.add(p, m)
		}
	}
	for _, m := range p.regex.all(f.buf[lo:hi]) {
		m = m.plus(lo)
		take(m)
		if m.end-m.start <= p.span {
			continue
		}
		// It begins too early: one that ends there can begin later. Such matches
		// do not overlap, so all this takes time in proportion to the length too.
		from := m.end - p.span
		context := max(0, from-margin)
		text := f.buf[context:min(len(f.buf), m.end+margin)]
		if late, _, ok := p.regex.search(text, from-context, len(text)); ok && context+late.end <= m.end {
			take(late.plus(context))
		}
	}
}

// always runs the expression of a rule that has no keywords.
func (f *finder) always(p *program) {
	if f.looksAt(p) {
		f.everywhere(p.compiled(), func(start, _ int) bool { return start >= f.from && start < f.to })
	}
}

// add judges what a pattern rule matched.
func (f *finder) add(p *program, m location) {
	if m.from < 0 || m.from == m.to {
		return // the group took no part in the match
	}
	c := Candidate{Match: Match{
		Rule:  p.Rule,
		Start: m.start, End: m.end,
		SecretStart: m.from, SecretEnd: m.to,
		Severity: p.Severity, Confidence: p.Confidence,
	}}
	c.Reasons = append(c.Reasons, "the format of "+p.noun)
	f.passed(&c, "format", "it has the format of ", p.noun)
	if p.Shape != "" {
		a := f.surroundings(&c)
		if !f.shape(p, &c, &a, string(f.buf[c.SecretStart:c.SecretEnd])) {
			return
		}
	}
	f.settle(p, &c)
}

// surroundings describes what stands around the secret of a pattern rule as
// the assignment parser does, so that it can be judged by its shape.
func (f *finder) surroundings(c *Candidate) assignment {
	f.looked(c.Start-maxLeft, c.SecretEnd)
	a := assignment{
		keyStart: c.Start, keyEnd: c.Start, valueStart: c.SecretStart, valueEnd: c.SecretEnd,
		name: c.Rule.Shape, op: opCommand, quoted: true, kind: f.file().kind,
		comment: isComment(f.buf[max(0, c.Start-maxLeft):c.Start]),
	}
	before := f.buf[c.Start:c.SecretStart]
	if scheme, _, ok := bytes.Cut(before, []byte("://")); ok {
		a.op = opURL
		a.scheme = string(scheme)
		a.host = string(bytes.TrimPrefix(f.buf[c.SecretEnd:c.End], []byte("@")))
	}
	before = bytes.TrimRight(before, `:"'`)
	if at := bytes.LastIndexAny(before, "/ \t\"'=@"); at >= 0 {
		a.user = string(before[at+1:])
	}
	if _, login, ok := bytes.Cut(before, []byte("login ")); ok && a.user == "" { // of netrc
		if words := bytes.Fields(login); len(words) > 0 {
			a.user = string(words[0])
			a.netrc = true
		}
	}
	if a.user == "" {
		a.user = userOfStatement(before)
	}
	return a
}

// userOfStatement returns the user whom a statement of SQL is about.
func userOfStatement(text []byte) string {
	words := bytes.Fields(text)
	for i := len(words) - 2; i >= 0; i-- {
		for _, w := range [...]string{"user", "role", "login", "for"} {
			if len(words[i]) == len(w) && equalFold(words[i], w) {
				name, _, _ := bytes.Cut(words[i+1], []byte("@"))
				return string(bytes.Trim(name, "`\"'[]"))
			}
		}
	}
	return ""
}

// file returns what the path says about the content.
func (f *finder) file() *file {
	if f.about == nil {
		f.about = fileOf(f.path)
	}
	return f.about
}

// settle makes the tests that all rules with content share and keeps the
// candidate if it passes them.
func (f *finder) settle(p *program, c *Candidate) {
	secret := f.buf[c.SecretStart:c.SecretEnd]
	c.Entropy = Entropy(secret)
	if p.MinEntropy > 0 {
		detail := entropyReason(c.Entropy, p.MinEntropy)
		if c.Entropy < p.MinEntropy {
			f.drop(c, "entropy", detail)
			return
		}
		f.passed(c, "entropy", detail)
		c.Reasons = append(c.Reasons, detail)
	}
	if why := p.allows(string(secret)); why != "" {
		f.drop(c, "allow", why)
		return
	}
	if p.Shape == "" && !p.PartOnly { // anything may be an identifier
		if why := isPlaceholder(secret, p.Keywords); why != "" {
			f.drop(c, "placeholder", why)
			return
		}
	}
	if !f.prove(p, c, secret) {
		return
	}
	f.matches = append(f.matches, c.Match)
	if f.trace != nil {
		*f.trace = append(*f.trace, *c)
	}
}

// prove runs the rule's checks and reports whether the candidate stands.
func (f *finder) prove(p *program, c *Candidate, secret []byte) bool {
	for i, run := range p.checks {
		r := run(secret)
		switch r.Verdict {
		case check.Failed:
			f.drop(c, p.Checks[i], r.Note)
			return false
		case check.Doubtful:
			c.Confidence = max(c.Confidence-1, ConfidenceLow)
		case check.Passed:
			c.Confidence = ConfidenceHigh
		}
		switch r.Limit {
		case check.Encrypted:
			c.Severity = min(c.Severity, SeverityMedium)
		case check.TestMode:
			c.Severity = min(c.Severity, SeverityLow)
		}
		if !r.Expires.IsZero() {
			c.Expires = r.Expires
		}
		if r.Note != "" {
			c.Tests = append(c.Tests, Test{Name: p.Checks[i], Passed: r.Verdict == check.Passed, Detail: r.Note})
			c.Reasons = append(c.Reasons, r.Note)
		}
	}
	return true
}

// drop forgets a candidate that a test of this name failed.
func (f *finder) drop(c *Candidate, test, why string) {
	if f.trace == nil {
		return
	}
	c.Tests = append(c.Tests, Test{Name: test, Detail: why})
	c.Dropped = why
	*f.trace = append(*f.trace, *c)
}

// passed notes a test that speaks for a secret, if anybody wants to know. The
// detail may come in pieces.
func (f *finder) passed(c *Candidate, test string, detail ...string) {
	if f.trace != nil {
		c.passed(test, strings.Join(detail, ""))
	}
}

func (c *Candidate) passed(test, detail string) {
	c.Tests = append(c.Tests, Test{Name: test, Passed: true, Detail: detail})
}

// assigned judges a value that is assigned to a name which the rule looks for.
func (f *finder) assigned(p *program, a *assignment) {
	if s := p.sieve; s != nil && f.trace == nil && !s.run.hasRun(f.buf[a.valueStart:a.valueEnd], s.runLen) || !f.looksAt(p) {
		return
	}
	c := Candidate{Match: Match{
		Rule:  p.Rule,
		Start: a.keyStart, End: a.valueEnd,
		SecretStart: a.valueStart, SecretEnd: a.valueEnd,
		Key:      string(f.buf[a.keyStart:a.keyEnd]),
		Severity: p.Severity, Confidence: p.Confidence,
	}}
	f.passed(&c, "name", "the name says that it is ", p.noun)
	if f.set.isFingerprint(f.buf[a.keyStart:a.valueEnd]) {
		f.drop(&c, "fingerprint", "the fingerprint of a finding")
		return
	}
	// Most names are of the kind of several rules, and most values have the
	// format of none: what is said of a match is written down afterwards.
	value := f.buf[a.valueStart:a.valueEnd]
	switch {
	case p.regex != nil:
		m, ok := p.regex.in(value, 0, 0)
		if !ok || m.from < 0 {
			f.drop(&c, "format", "the value does not have its format")
			return
		}
		c.SecretStart, c.SecretEnd = a.valueStart+m.from, a.valueStart+m.to
		value = value[m.from:m.to]
		f.passed(&c, "format", "the value has its format")
		c.Reasons = append(c.Reasons, "assigned to a name that says it is "+p.noun, "the value has its format")
	case !a.plain():
		return
	default:
		c.Reasons = append(c.Reasons, "assigned to a name that says it is "+p.noun)
	}
	if p.Shape != "" && !f.shape(p, &c, a, string(value)) {
		return
	}
	f.settle(p, &c)
}

// shape judges the value of a candidate by its shape, and lets the verdict
// change what the rule says.
func (f *finder) shape(p *program, c *Candidate, a *assignment, value string) bool {
	v := judgeValue(p.Shape, a, value, f.file())
	if f.trace != nil {
		c.Tests = append(c.Tests, v.tests()...)
	}
	if v.confidence == 0 {
		f.drop(c, "shape", v.why)
		return false
	}
	if f.trace != nil {
		f.passed(c, "shape", fmt.Sprintf("a score of %.1f", v.score))
	}
	c.Confidence = min(c.Confidence, v.confidence)
	c.Severity = min(c.Severity, v.severity)
	c.Reasons = append(c.Reasons, v.reasons()...)
	return true
}

// Resolve drops repeated matches and lets the more specific rule win where
// secrets overlap; among equals the longer secret, then the rule's ID. The
// winner takes over the higher confidence, so that a specific but unsure rule
// never hides a finding that a general one is sure of; its severity is its own.
// The input may be in any order; the output is ordered by Start.
func Resolve(ms []Match) []Match {
	ms = slices.Clone(ms)
	slices.SortStableFunc(ms, func(a, b Match) int { return a.SecretStart - b.SecretStart })
	var won []Match
	for len(ms) > 0 {
		// A group of secrets each of which overlaps another of the group.
		n, end := 1, ms[0].SecretEnd
		for n < len(ms) && ms[n].SecretStart < end {
			end = max(end, ms[n].SecretEnd)
			n++
		}
		won = append(won, resolveGroup(ms[:n])...)
		ms = ms[n:]
	}
	slices.SortStableFunc(won, func(a, b Match) int { return a.Start - b.Start })
	return won
}

func resolveGroup(ms []Match) []Match {
	if len(ms) == 1 {
		return ms
	}
	slices.SortStableFunc(ms, func(a, b Match) int {
		return cmp.Or(
			cmp.Compare(b.Rule.Specificity, a.Rule.Specificity),
			cmp.Compare(b.SecretEnd-b.SecretStart, a.SecretEnd-a.SecretStart),
			cmp.Compare(a.Rule.ID, b.Rule.ID),
			cmp.Compare(a.SecretStart, b.SecretStart),
			cmp.Compare(a.Start, b.Start),
			cmp.Compare(a.End, b.End),
		)
	})
	// The winners by position. They do not overlap, so one search finds those
	// that a further match overlaps.
	var won []Match
	for _, m := range ms {
		at := sort.Search(len(won), func(i int) bool { return won[i].SecretEnd > m.SecretStart })
		if at == len(won) || won[at].SecretStart >= m.SecretEnd {
			won = slices.Insert(won, at, m)
			continue
		}
		for ; at < len(won) && won[at].SecretStart < m.SecretEnd; at++ {
			won[at].Confidence = max(won[at].Confidence, m.Confidence)
		}
	}
	return won
}

// Entropy returns the Shannon entropy of a text in bits per character.
func Entropy(text []byte) float64 {
	if len(text) == 0 {
		return 0
	}
	var ascii [utf8.RuneSelf]int
	var other map[rune]int
	n := 0
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			ascii[c]++
			i++
		} else {
			r, size := utf8.DecodeRune(text[i:])
			if other == nil {
				other = make(map[rune]int)
			}
			other[r]++
			i += size
		}
		n++
	}
	counts := slices.Sorted(maps.Values(other)) // sorted: the sum must not depend on the map's order
	sum := 0.0                                  // of c log2 c, which gives H = log2 n - sum/n
	for _, c := range append(ascii[:], counts...) {
		if c > 1 {
			sum += float64(c) * math.Log2(float64(c))
		}
	}
	return math.Log2(float64(n)) - sum/float64(n)
}
