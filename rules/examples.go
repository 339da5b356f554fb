package rules

import (
	"cmp"
	"embed"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
)

// exampleTrials is how many times the random parts of an example are filled in
// anew. Once is not enough: a tenth of all random keys has no digit in its
// first twenty characters.
const exampleTrials = 5

// Trials of their own for the two secrets of the contents that CheckExamples
// builds around an example.
const firstTrial, secondTrial = exampleTrials, exampleTrials + 1

// longText is what examples are put behind, to be far from a file's beginning.
var longText = sync.OnceValue(func() string {
	return strings.Repeat("the quick brown fox jumps over the lazy dog\n", 300<<10/44)
})

// CheckExamples runs the examples of a rule, in a set of this rule and of those
// of the others that find its parts: what stands in Match is found once, wherever it stands in a file (at its
// beginning, in the middle, at the end, with CRLF, between other scripts, next
// to another one, after a lot of text), and what stands in NoMatch is not found
// at all. Each error is an [*Error] that names the example as it is written
// and, if something is not found, says why. Errors in the rule itself are
// returned as [Compile] does.
func CheckExamples(r Rule, others ...Rule) []error {
	set, err := compile(withParts(r, others), true)
	if err != nil {
		return splitError(err)
	}
	var errs []error
	for _, example := range r.Match {
		if err := set.checkMatch(&r, example); err != nil {
			errs = append(errs, err)
		}
	}
	for _, example := range r.NoMatch {
		if err := set.checkNoMatch(&r, example); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// CheckExamplesAmong runs the match examples of a rule of the set through the
// whole set: either the rule reports the secret, or one that says as much or
// more about it does, if only as a part of something.
func CheckExamplesAmong(set *Set, r Rule) []error {
	p := set.program(r.ID)
	if p == nil {
		return []error{ruleError(&r, "is not in the set")}
	}
	if p.PartOnly {
		return nil // alone it is nothing
	}
	var errs []error
	for _, example := range r.Match {
		content, err := Expand(example, 1)
		if err != nil {
			errs = append(errs, ruleError(&r, "%v", err))
			continue
		}
		path := r.examplePath()
		if !slices.ContainsFunc(set.Match(path, []byte(content)), func(m Match) bool {
			return m.finds(r.ID) > 0 || m.Rule.Specificity >= p.Specificity
		}) {
			errs = append(errs, ruleError(&r, "match example %q is not reported among all rules: %s", example, set.WhyNot(r.ID, path, []byte(content))))
		}
	}
	return errs
}

// LostExamples returns the match examples of a rule that it does not find any more
// as it was changed, and why it does not find the first. The others find its parts.
// It does not matter which files the changed rule looks at, but if it is about their
// names. A rule without examples loses none: see [WithExamples].
func LostExamples(old, changed Rule, others ...Rule) (lost []string, why string) {
	changed.MatchPath = old.MatchPath
	if !old.isPath() {
		changed.Paths, changed.PathRegex, changed.Allow.Paths = old.Paths, old.PathRegex, old.Allow.Paths
	}
	before, err := compile(withParts(old, others), true)
	if err != nil {
		return nil, "" // nobody can tell
	}
	after, err := compile(withParts(changed, others), true)
	if err != nil {
		return nil, ""
	}
	for _, example := range old.Match {
		for trial := range exampleTrials {
			content, err := Expand(example, trial)
			if err != nil || before.count(&old, content) == 0 || after.count(&old, content) > 0 {
				continue
			}
			if lost = append(lost, example); why == "" {
				why = after.WhyNot(old.ID, old.examplePath(), []byte(content))
			}
			break
		}
	}
	return lost, why
}

// withParts returns the rule and those of the others that find its parts, and
// the parts of these.
func withParts(r Rule, others []Rule) []Rule {
	rs := []Rule{r}
	for i := 0; i < len(rs); i++ {
		for _, p := range rs[i].Parts {
			for _, id := range p.Rules {
				is := func(r Rule) bool { return r.ID == id }
				if at := slices.IndexFunc(others, is); at >= 0 && !slices.ContainsFunc(rs, is) {
					rs = append(rs, others[at])
				}
			}
		}
	}
	return rs
}

func (s *Set) checkMatch(r *Rule, example string) error {
	find := func(where, content string, want int) error {
		n := s.count(r, content)
		switch {
		case n == want:
			return nil
		case n < want:
			return ruleError(r, "match example %q is found %s %s, want %s: %s", example, times(n), where, times(want),
				s.WhyNot(r.ID, r.examplePath(), []byte(content)))
		default:
			return ruleError(r, "match example %q is found %s %s, want %s", example, times(n), where, times(want))
		}
	}
	for trial := range exampleTrials {
		content, err := Expand(example, trial)
		if err != nil {
			return ruleError(r, "%v", err)
		}
		if err := find("alone", content, 1); err != nil {
			return err
		}
	}
	if r.isPath() {
		return nil // the content does not matter
	}
	one, err := Expand(example, firstTrial)
	if err != nil {
		return ruleError(r, "%v", err)
	}
	two, err := Expand(example, secondTrial)
	if err != nil {
		return ruleError(r, "%v", err)
	}
	for _, c := range []struct {
		where, content string
		want           int
	}{
		{"in the middle of a file", "first line\n" + one + "\nlast line\n", 1},
		{"at the end of a file", "first line\n" + one, 1},
		{"with CRLF", "first line\r\n" + strings.ReplaceAll(one, "\n", "\r\n") + "\r\nlast line\r\n", 1},
		{"between other scripts", "héllo wörld ☃\n" + one + "\nþetta ☃\n", 1},
		{"next to another one", one + "\n" + two + "\n", 2},
		{"after a lot of text", longText() + "\n" + one + "\n", 1},
	} {
		if err := find(c.where, c.content, c.want); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) checkNoMatch(r *Rule, example string) error {
	for trial := range exampleTrials {
		content, err := Expand(example, trial)
		if err != nil {
			return ruleError(r, "%v", err)
		}
		if n := s.count(r, content); n != 0 {
			return ruleError(r, "nomatch example %q is found %s", example, times(n))
		}
	}
	return nil
}

// count returns how many of the rule's matches there are.
func (s *Set) count(r *Rule, content string) int {
	n := 0
	if r.PartOnly { // on its own it is not reported
		seen := map[[2]int]bool{}
		for _, m := range s.Find(r.examplePath(), []byte(content), 0, len(content), true, true) {
			seen[[2]int{m.SecretStart, m.SecretEnd}] = true
		}
		return len(seen)
	}
	for _, m := range s.Match(r.examplePath(), []byte(content)) {
		n += m.finds(r.ID)
	}
	return n
}

// finds returns how many times the rule of that id found the match or a part
// of it.
func (m *Match) finds(id string) int {
	n := 0
	if m.Rule.ID == id {
		n++
	}
	for i := range m.Parts {
		n += m.Parts[i].Match.finds(id)
	}
	return n
}

func times(n int) string {
	switch n {
	case 0:
		return "not once"
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// examplePath is the path that examples are scanned under.
func (r *Rule) examplePath() string {
	if r.MatchPath != "" {
		return r.MatchPath
	}
	return "example.txt"
}

// program returns the rule of that id, or nil.
func (s *Set) program(id string) *program {
	i, ok := sort.Find(len(s.rules), func(i int) int { return strings.Compare(id, s.rules[i].ID) })
	if !ok {
		return nil
	}
	return &s.rules[i]
}

// WhyNot says why the rule of that id reports nothing in a whole content: a
// short phrase that shows nothing of the content but a line number; "" if it
// reports something.
func (s *Set) WhyNot(id, path string, content []byte) string {
	p := s.program(id)
	switch {
	case p == nil:
		return "there is no such rule"
	case !p.in(path) && matchesGlob(p.Rule.Allow.Paths, path):
		return fmt.Sprintf("its allow.paths leave out files named %q", path)
	case !p.in(path):
		return fmt.Sprintf("it does not look at files named %q", path)
	case p.isPath():
		return ""
	}
	matches := s.Match(path, content)
	if slices.ContainsFunc(matches, func(m Match) bool { return m.finds(id) > 0 }) {
		return ""
	}
	dropped := ""
	for _, c := range s.Trace(path, content) {
		if c.Rule.ID != id {
			continue
		}
		line := lineAt(content, c.SecretStart)
		if c.Dropped != "" {
			dropped = cmp.Or(dropped, fmt.Sprintf("line %d: %s", line, c.Dropped))
			continue
		}
		for _, m := range matches {
			if m.SecretStart < c.SecretEnd && c.SecretStart < m.SecretEnd {
				return fmt.Sprintf("line %d: the rule %q says more about the same place", line, m.Rule.ID)
			}
		}
	}
	if dropped != "" {
		return dropped
	}
	if p.Scan == "always" {
		return "its regex matches nowhere"
	}
	first := -1
	newLiteralSet(lowerAll(p.Keywords)).each(content, 0, len(content), func(_, start int) {
		if first < 0 || start < first {
			first = start
		}
	})
	switch {
	case first < 0:
		return fmt.Sprintf("none of its keywords stands there: %q", p.Keywords)
	case p.isAssignment():
		return fmt.Sprintf("line %d: a keyword stands there, but not in a name that its keys match and that something is assigned to", lineAt(content, first))
	}
	return fmt.Sprintf("line %d: a keyword stands there, but its regex does not match around it", lineAt(content, first))
}

func lowerAll(words []string) []string {
	low := make([]string, len(words))
	for i, w := range words {
		low[i] = lowerASCII(w)
	}
	return low
}

func lineAt(content []byte, offset int) int {
	return 1 + strings.Count(string(content[:offset]), "\n")
}

// splitError takes an error of errors.Join apart.
func splitError(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// The rule files, for the parts of rules that scans do not need. They are not
// parsed before somebody asks.
//
//go:embed builtin/*.toml
var builtinFiles embed.FS

// WithExamples returns the rule with the examples that a built-in rule has in
// its file; any other rule comes back as it is.
func WithExamples(r Rule) Rule {
	file, _, _ := strings.Cut(r.Source, ":")
	data, err := builtinFiles.ReadFile(file)
	if err != nil {
		return r
	}
	all, err := Parse(file, data)
	if err != nil {
		return r
	}
	for i := range all {
		if all[i].ID == r.ID && all[i].Source == r.Source {
			r.Match, r.NoMatch, r.MatchPath = all[i].Match, all[i].NoMatch, all[i].MatchPath
		}
	}
	return r
}
