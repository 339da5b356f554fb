package rules

import (
	"errors"
	"fmt"
	"hash/maphash"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/cork-scanner/cork/rules/check"
)

// MaxSpan is the largest span a rule may have, in bytes. It bounds the context
// that a scan in pieces has to keep.
const MaxSpan = 32 << 10

// margin is how much wider than the span a window is on either side, in bytes:
// room for one character of any width, which is all that \b, ^ and $ look at.
const margin = 4

// A Set is a compiled set of rules. It is immutable and safe for concurrent
// use. Expressions are compiled when they are first needed.
type Set struct {
	rules    []program // by ID
	literals *literalSet
	uses     []literalUse // by literal
	refs     []int32      // indexes into rules, see literalUse
	keys     keyNames
	always   []int // rules without keywords
	paths    []int // path rules
	choosy   []int // other rules that look at files of some paths only
	reach    int

	seams func() *seamFilter // of literals; made when it is needed
}

// A literalUse says which rules have a literal as a keyword: pattern rules are
// refs[first:names], assignment rules refs[names:last].
type literalUse struct{ first, names, last int32 }

// A program is a rule made usable.
type program struct {
	*Rule

	// What is looked at first, side by side: hundreds of rules are asked where
	// one is compiled.
	sieve  *sieve // that of prepared
	lead   int    // bytes, the largest distance from a match's start to its keyword
	span   int    // bytes, the rule's
	choosy bool   // it looks at files of some paths only

	// Each is compiled when it is needed: most rules that a key is held against
	// are not for it, and their other expressions are never run.
	once     sync.Once
	keysOnce sync.Once
	keys     *matcher // of an assignment rule
	pathOnce sync.Once
	path     *matcher // of a rule with PathRegex

	noun   string   // the description with its article, for reasons
	regex  *matcher // nil for path rules and assignment rules without Regex
	allow  []*matcher
	checks []check.Check // in the order of Checks
}

// prepared rules were checked when the source was generated; only the parts
// that need no expression are looked at when a Set is made of them.
type prepared struct {
	done  bool
	lead  int
	sieve *sieve // of a pattern rule with keywords, or of an assignment rule's values; nil: everything passes

	size     int    // of the program of a pattern rule with keywords, in instructions; 0: not known
	pathWord string // in lower case; every path that PathRegex matches has it
}

// Compile checks rules and makes a Set of them. Its error joins one *Error for
// everything that is wrong with any rule. The built-in rules are taken as
// checked, so compiling them costs microseconds.
func Compile(rs []Rule) (*Set, error) { return compile(rs, false) }

// compile does it. loose allows identifiers that are a part of nothing.
func compile(rs []Rule, loose bool) (*Set, error) {
	s := &Set{rules: make([]program, len(rs)), keys: keyNames{seed: maphash.MakeSeed()}}
	var errs []error
	for i := range rs {
		r := &rs[i]
		if !r.prepared.done {
			c := *r // the caller's rule stays as it is
			r = &c
			errs = append(errs, r.prepare()...)
		}
		p := &s.rules[i]
		p.Rule, p.sieve, p.lead, p.span, p.choosy = r, r.prepared.sieve, r.prepared.lead, r.Span, r.isChoosy()
	}
	if byID := func(i, j int) bool { return s.rules[i].ID < s.rules[j].ID }; !sort.SliceIsSorted(s.rules, byID) {
		sort.SliceStable(s.rules, byID)
	}
	for i := 1; i < len(s.rules); i++ {
		if a, b := s.rules[i-1].Rule, s.rules[i].Rule; a.ID == b.ID {
			errs = append(errs, ruleError(b, "a rule of this id exists already (%s)", a.Source))
		}
	}
	errs = append(errs, s.linkParts(loose)...)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	s.index()
	return s, nil
}

// index builds the table of literals. It runs at every start, for thousands of
// keywords, so it allocates a handful of times whatever their number.
func (s *Set) index() {
	total := 0
	for i := range s.rules {
		total += len(s.rules[i].Keywords)
	}
	texts := make([]string, 0, total)
	numbers := make(map[string]int32, total)
	type ref struct{ literal, rule int32 }
	refs := make([]ref, 0, total)
	for i := range s.rules {
		p := &s.rules[i]
		switch {
		case p.isPath():
			s.paths = append(s.paths, i)
			continue
		case p.Scan == "always":
			s.always = append(s.always, i)
		}
		if p.choosy {
			s.choosy = append(s.choosy, i)
		}
		for _, k := range p.Keywords {
			k = lowerASCII(k)
			n, ok := numbers[k]
			if !ok {
				n = int32(len(texts))
				numbers[k] = n
				texts = append(texts, k)
			}
			refs = append(refs, ref{n, int32(i)})
		}
		if p.isAssignment() {
			s.reach = max(s.reach, assignmentReach)
		}
		before := p.lead
		if p.Shape != "" {
			before += maxLeft // see surroundings
		}
		s.reach = max(s.reach, before, p.Span)
	}
	s.reach += margin + maxKeyword
	s.literals = newLiteralSet(texts)
	s.seams = sync.OnceValue(func() *seamFilter { return newSeamFilter(texts) })

	// The rules of a literal lie side by side, pattern rules first.
	s.uses = make([]literalUse, len(texts))
	for _, r := range refs {
		s.uses[r.literal].last++
	}
	at := int32(0)
	for i := range s.uses {
		use := &s.uses[i]
		use.first, use.names, at = at, at, at+use.last
		use.last = at
	}
	s.refs = make([]int32, len(refs))
	for _, r := range refs {
		if !s.rules[r.rule].isAssignment() {
			use := &s.uses[r.literal]
			s.refs[use.names] = r.rule
			use.names++
		}
	}
	taken := make([]int32, len(texts))
	for _, r := range refs {
		if s.rules[r.rule].isAssignment() {
			s.refs[s.uses[r.literal].names+taken[r.literal]] = r.rule
			taken[r.literal]++
		}
	}
}

// Reach returns how many bytes on either side of a keyword can matter to a
// match. Pieces of a content that are given to Find must overlap by that.
func (s *Set) Reach() int { return s.reach }

// Rules returns the rules of the set, sorted by ID.
func (s *Set) Rules() []Rule {
	rs := make([]Rule, len(s.rules))
	for i := range s.rules {
		rs[i] = *s.rules[i].Rule
	}
	return rs
}

func (r *Rule) isPath() bool       { return r.Regex == "" && r.Keys == "" }
func (r *Rule) isAssignment() bool { return r.Keys != "" }

// Limits that keep windows, messages and tables small.
const (
	maxKeyword = 64 // bytes
	maxKeyName = 96 // bytes, see assign.go
)

// prepare checks a rule and computes what can be computed from it: Span,
// Specificity, and how far before its keyword a match can begin.
func (r *Rule) prepare() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, ruleError(r, format, args...)) }
	for _, k := range r.Keywords {
		if len(k) < minLiteral || len(k) > maxKeyword {
			bad("keyword %q must have %d to %d bytes", k, minLiteral, maxKeyword)
		}
	}
	if !r.isPath() && len(r.Keywords) == 0 && r.Scan != "always" {
		bad("needs keywords, or scan = \"always\" if it really has none")
	}
	if r.isAssignment() && r.Scan == "always" {
		bad("scan = \"always\" goes with regex alone: an assignment is found by its key's keywords")
	}
	if r.isPath() && len(r.Paths) == 0 && r.PathRegex == "" {
		bad("needs regex, keys, paths or path_regex")
	}
	switch r.Shape {
	case "", shapePassword, shapeKey, shapeBytes:
	default:
		bad("shape %q is not one of %q", r.Shape, []string{shapePassword, shapeKey, shapeBytes})
	}
	for _, name := range r.Checks {
		if _, ok := check.Lookup(name); !ok {
			bad("check %q is not one of %q", name, check.Names())
		}
	}
	for _, g := range append(append([]string(nil), r.Paths...), r.Allow.Paths...) {
		if g == "" || !doublestar.ValidatePattern(g) {
			bad("glob %q is not valid", g)
		}
	}
	for name, src := range map[string]string{"keys": r.Keys, "path_regex": r.PathRegex} {
		if _, err := regexp.Compile(src); err != nil {
			bad("%s: %v", name, err)
		}
	}
	r.prepared.pathWord = wordOf(r.PathRegex)
	for _, src := range r.Allow.Regexes {
		if re, err := regexp.Compile(src); err != nil {
			bad("allow.regexes: %v", err)
		} else if re.MatchString("") {
			bad("allow.regexes: %q matches the empty string, so the rule would never report anything", src)
		}
	}
	for _, w := range r.Allow.StopWords {
		if w == "" {
			bad("allow.stop_words: an empty word is in every secret, so the rule would never report anything")
		}
	}
	errs = append(errs, r.prepareParts()...)
	if r.Regex != "" {
		errs = append(errs, r.prepareRegex()...)
	} else if r.Group != 0 {
		bad("group = %d, but there is no regex", r.Group)
	}
	if r.Specificity == 0 {
		r.Specificity = r.specificity() + r.Rank
	}
	r.prepared.done = true
	return errs
}

func (r *Rule) prepareRegex() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, ruleError(r, format, args...)) }
	re, err := regexp.Compile(r.Regex)
	if err != nil {
		bad("regex: %v", err)
		return errs
	}
	if re.MatchString("") {
		bad("regex matches the empty string")
	}
	if r.Group < 0 || r.Group > re.NumSubexp() {
		bad("group = %d, but the regex has %d groups", r.Group, re.NumSubexp())
	}
	width := maxWidth(r.Regex)
	switch {
	case r.Span < 0 || r.Span > MaxSpan:
		bad("span = %d must be between 1 and %d bytes", r.Span, MaxSpan)
	case r.Span == 0 && r.isAssignment():
		r.Span = maxValue
	case r.Span == 0 && width > MaxSpan:
		bad("regex can match without end, or more than %d bytes: bound its repetitions, or say span = the most bytes a real one has", MaxSpan)
	case r.Span == 0:
		r.Span = width
	}
	r.prepared.lead = r.Span
	if !r.isAssignment() && r.Scan != "always" {
		s, lead, size := newSieve(r.Regex, r.Keywords)
		r.prepared.sieve, r.prepared.lead, r.prepared.size = s, min(r.Span, lead), size
	}
	if r.isAssignment() {
		r.prepared.sieve = valueSieve(re.String())
	}
	return errs
}

// specificity orders rules where their secrets overlap: a provider's own
// format says more than a name beside a value, which says more than a
// general shape.
func (r *Rule) specificity() int {
	n := 100
	if r.Provider != "" {
		n += 200
	}
	if !r.isAssignment() {
		n += 100
	}
	return n
}

// looksFor reports whether an assignment rule looks for values of that name. If
// so, it is compiled.
func (p *program) looksFor(name string) bool {
	p.keysOnce.Do(func() { p.keys = newMatcher(p.Keys, 0) })
	if !p.keys.matches([]byte(name)) {
		return false
	}
	p.compiled()
	return true
}

// matchesPath reports whether PathRegex matches.
func (p *program) matchesPath(path string) bool {
	if p.PathRegex == "" || !containsFold(path, p.prepared.pathWord) {
		return false
	}
	p.pathOnce.Do(func() { p.path = newMatcher(p.PathRegex, 0) })
	return p.path.matches([]byte(path))
}

// compiled returns p with the expressions compiled that its matches need.
func (p *program) compiled() *program {
	p.once.Do(func() {
		p.noun = article(p.Description)
		if p.Regex != "" {
			src := p.Regex
			if p.isAssignment() {
				src = `^(?:` + src + `)$`
			}
			p.regex = newMatcher(src, p.Group)
		}
		for _, a := range p.Rule.Allow.Regexes {
			p.allow = append(p.allow, newMatcher(a, 0))
		}
		for _, name := range p.Checks {
			c, _ := check.Lookup(name)
			p.checks = append(p.checks, c)
		}
	})
	return p
}

// in reports whether the rule looks at files of this path.
func (p *program) in(path string) bool {
	if matchesGlob(p.Rule.Allow.Paths, path) {
		return false
	}
	if len(p.Paths) == 0 && p.PathRegex == "" {
		return true
	}
	return matchesGlob(p.Paths, path) || p.matchesPath(path)
}

// allows returns why the secret is one that the rule must not report, or "".
func (p *program) allows(secret string) string {
	if len(p.Rule.Allow.StopWords) > 0 {
		low := strings.ToLower(secret)
		for _, w := range p.Rule.Allow.StopWords {
			if strings.Contains(low, strings.ToLower(w)) {
				return fmt.Sprintf("the rule's stop word %q", w)
			}
		}
	}
	for _, re := range p.allow {
		if re.matches([]byte(secret)) {
			return fmt.Sprintf("the rule's exception %q", re.src)
		}
	}
	return ""
}

// ruleError returns an error about a rule as a whole.
func ruleError(r *Rule, format string, args ...any) error {
	file, line := r.Source, 1
	if colon := strings.LastIndexByte(file, ':'); colon >= 0 {
		if n, err := strconv.Atoi(file[colon+1:]); err == nil {
			file, line = file[:colon], n
		}
	}
	return &Error{File: file, Line: line, ID: r.ID, Msg: fmt.Sprintf(format, args...)}
}
