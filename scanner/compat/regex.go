package compat

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cork-scanner/cork/rules"
)

// Limits on what is computed of an expression.
const (
	minLiteral  = 3   // bytes; what Cork's rules need of a keyword
	maxLiteral  = 64  // bytes; the longest keyword
	maxLiterals = 200 // keywords of one rule

	// looseSpan is how long a match can get, in bytes, of an expression without an
	// end. On a line that is more than any credential has.
	looseSpan = 4 << 10
)

// literals returns words, in lower case, of which every match of an expression has
// at least one, whatever the case of its ASCII letters; nil if there are none that
// Cork could look for.
func literals(expr string) []string {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	w := wordsOf(re)
	best := w.needed
	for _, set := range [][]string{w.prefix, w.exact} {
		if usable(set) && (best == nil || better(set, best)) {
			best = set
		}
	}
	var out []string
	for _, word := range best {
		if len(word) > maxLiteral {
			end := maxLiteral
			for !utf8.RuneStart(word[end]) {
				end--
			}
			word = word[:end]
		}
		out = appendNew(out, word)
	}
	return out
}

// words are what is known of the text that a node matches, in lower case: all of it
// (exact; nil: not known), how it begins (prefix: one of these, which may be empty),
// and words of which one is in it (needed; nil: none).
type words struct{ exact, prefix, needed []string }

// anyText is known of a node that can match anything.
func anyText() words { return words{prefix: []string{""}} }

func exactly(set []string) words { return words{exact: set, prefix: set} }

// wordsOf works from the leaves up. What is exact stays exact through
// concatenation as long as there are few combinations. Prefixes are needed because
// the parser takes apart what alternatives have in common: AKIA|ASIA is A(?:KIA|SIA).
func wordsOf(re *syntax.Regexp) words {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 && strings.ContainsFunc(string(re.Rune), func(r rune) bool { return r > unicode.MaxASCII }) {
			return anyText() // in either case, which Cork's keywords are for ASCII alone
		}
		return exactly([]string{lowerASCII(string(re.Rune))})
	case syntax.OpCharClass:
		return classWords(re)
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return exactly([]string{""})
	case syntax.OpCapture:
		return wordsOf(re.Sub[0])
	case syntax.OpQuest:
		if w := wordsOf(re.Sub[0]); w.exact != nil {
			return exactly(appendNew(slices.Clone(w.exact), ""))
		}
	case syntax.OpPlus:
		return oneOrMore(wordsOf(re.Sub[0]))
	case syntax.OpRepeat:
		w := wordsOf(re.Sub[0])
		switch {
		case re.Min == 0:
			return anyText()
		case re.Min == re.Max && w.exact != nil:
			all := []string{""}
			for range re.Min {
				if all = cross(all, w.exact); all == nil {
					return oneOrMore(w)
				}
			}
			return exactly(all)
		}
		return oneOrMore(w)
	case syntax.OpConcat:
		return concat(re.Sub)
	case syntax.OpAlternate:
		return either(re.Sub)
	}
	return anyText()
}

func classWords(re *syntax.Regexp) words {
	const few = 8
	var all []string
	for i := 0; i+1 < len(re.Rune); i += 2 {
		for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
			// Folded letters: ſ for s and the Kelvin sign for k, which nobody
			// writes into a credential.
			if r > unicode.MaxASCII && re.Flags&syntax.FoldCase != 0 {
				continue
			}
			if all = appendNew(all, lowerASCII(string(r))); len(all) > few {
				return anyText()
			}
		}
	}
	if all == nil {
		return anyText()
	}
	return exactly(all)
}

// concat puts nodes one behind the other.
func concat(nodes []*syntax.Regexp) words {
	run := []string{""} // of what is exact, up to here
	var whole words
	first := true // the run begins where the nodes do
	take := func(set []string) {
		if usable(set) && (whole.needed == nil || better(set, whole.needed)) {
			whole.needed = set
		}
	}
	for _, sub := range nodes {
		w := wordsOf(sub)
		if w.exact != nil {
			if next := cross(run, w.exact); next != nil {
				run = next
				continue
			}
		}
		// The run ends here: what follows begins somehow.
		begin := cross(run, w.prefix)
		if begin == nil {
			begin = run
		}
		if first {
			whole.prefix, first = begin, false
		}
		take(begin)
		take(run)
		take(w.needed)
		run = []string{""}
		if w.exact != nil {
			run = w.exact
		}
	}
	if first {
		return exactly(run)
	}
	take(run)
	return whole
}

// either is one of several nodes.
func either(nodes []*syntax.Regexp) words {
	all, exact, needs := words{}, true, true
	for _, sub := range nodes {
		w := wordsOf(sub)
		exact = exact && w.exact != nil
		all.exact = appendAll(all.exact, w.exact)
		all.prefix = appendAll(all.prefix, w.prefix)
		switch {
		case usable(w.exact):
			all.needed = appendAll(all.needed, w.exact)
		case w.needed != nil:
			all.needed = appendAll(all.needed, w.needed)
		default:
			needs = false
		}
	}
	if !exact || len(all.exact) > maxLiterals {
		all.exact = nil
	}
	if len(all.prefix) > maxLiterals {
		all.prefix = []string{""}
	}
	if !needs || len(all.needed) > maxLiterals {
		all.needed = nil
	}
	return all
}

// cross puts every word of two sets one behind the other; nil if there are too many.
func cross(a, b []string) []string {
	if len(a)*len(b) > maxLiterals {
		return nil
	}
	var all []string
	for _, x := range a {
		for _, y := range b {
			all = appendNew(all, x+y)
		}
	}
	return all
}

func appendAll(list, more []string) []string {
	for _, w := range more {
		list = appendNew(list, w)
	}
	return list
}

// oneOrMore is what is known of a repetition.
func oneOrMore(w words) words {
	if usable(w.exact) && w.needed == nil {
		w.needed = w.exact
	}
	w.exact = nil
	return w
}

// usable reports whether every word is long enough to be looked for.
func usable(set []string) bool {
	if len(set) == 0 {
		return false
	}
	for _, word := range set {
		if len(word) < minLiteral {
			return false
		}
	}
	return true
}

// better reports whether it is cheaper to look for a than for b: what is longer
// stands in fewer places.
func better(a, b []string) bool {
	return shortest(a) > shortest(b) || shortest(a) == shortest(b) && len(a) < len(b)
}

func shortest(set []string) int {
	n := len(set[0])
	for _, word := range set {
		n = min(n, len(word))
	}
	return n
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func appendNew(list []string, word string) []string {
	for _, w := range list {
		if w == word {
			return list
		}
	}
	return append(list, word)
}

// span returns what Rule.Span has to be for an expression: 0 if it is bounded.
func span(expr string) int {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return 0
	}
	switch {
	case endless(re, true):
		return rules.MaxSpan
	case endless(re, false):
		return looseSpan
	case tooWide(expr):
		return rules.MaxSpan
	}
	return 0
}

// tooWide asks the compiler of rules whether the bounds of an expression are
// beyond what a rule may have.
func tooWide(expr string) bool {
	r := rules.Rule{ID: "a", Description: "a", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh, Regex: expr, Scan: "always"}
	_, err := rules.Compile([]rules.Rule{r})
	return err != nil && strings.Contains(err.Error(), "without end")
}

// endless reports whether an expression can match without end; over lines, if
// anything at all can be repeated.
func endless(re *syntax.Regexp, lines bool) bool {
	if re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat && re.Max < 0 {
		if !lines || anything(re.Sub[0]) {
			return true
		}
	}
	for _, sub := range re.Sub {
		if endless(sub, lines) {
			return true
		}
	}
	return false
}

// anything reports whether a node matches every character, line ends too.
func anything(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpAnyChar:
		return true
	case syntax.OpCharClass:
		return len(re.Rune) == 2 && re.Rune[0] == 0 && re.Rune[1] == unicode.MaxRune
	case syntax.OpCapture, syntax.OpAlternate:
		for _, sub := range re.Sub {
			if anything(sub) {
				return true
			}
		}
	}
	return false
}

// firstGroup returns the capture group that holds the secret where the first that
// is not empty does: the first, if it takes part in every match. sure is false if
// that depends on the match, and group is 0 then.
func firstGroup(expr string) (group int, sure bool) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil || re.MaxCap() == 0 {
		return 0, true
	}
	if alwaysCaptures(re, 1) {
		return 1, true
	}
	return 0, false
}

// alwaysCaptures reports whether a group takes part in every match and is not
// empty.
func alwaysCaptures(re *syntax.Regexp, group int) bool {
	switch re.Op {
	case syntax.OpCapture:
		return re.Cap == group && !emptyPossible(re.Sub[0]) || alwaysCaptures(re.Sub[0], group)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if alwaysCaptures(sub, group) {
				return true
			}
		}
	case syntax.OpPlus:
		return alwaysCaptures(re.Sub[0], group)
	case syntax.OpRepeat:
		return re.Min > 0 && alwaysCaptures(re.Sub[0], group)
	}
	return false
}

// emptyPossible reports whether a node can match nothing.
func emptyPossible(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL, syntax.OpNoMatch:
		return false
	case syntax.OpCapture, syntax.OpPlus:
		return emptyPossible(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min == 0 || emptyPossible(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if !emptyPossible(sub) {
				return false
			}
		}
		return true
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if emptyPossible(sub) {
				return true
			}
		}
		return false
	}
	return true
}

// checkRegex returns what is wrong with an RE2 expression, nil if nothing is.
func checkRegex(expr string) error {
	_, err := syntax.Parse(expr, syntax.Perl) // nothing else of Compile fails
	if err != nil {
		return fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return nil
}

// errBackReference is what an expression has that is right, and that RE2 cannot do.
var errBackReference = errors.New("back-references")

// fromERE turns an extended regular expression, as grep -E reads it, into RE2. What
// RE2 does not have is an error.
//
// POSIX.1-2017, XBD 9.4 "Extended Regular Expressions", and grep's own \< \> \` \' \w
// \W \s \S \b \B.
func fromERE(ere string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(ere); i++ {
		switch c := ere[i]; {
		case c == '\\':
			i++
			if i == len(ere) {
				return "", fmt.Errorf("trailing backslash")
			}
			switch e := ere[i]; {
			case e == '<' || e == '>':
				b.WriteString(`\b`)
			case e == '`':
				b.WriteByte('^')
			case e == '\'':
				b.WriteByte('$')
			case e >= '1' && e <= '9':
				return "", fmt.Errorf("%w such as \\%c cannot be evaluated", errBackReference, e)
			case strings.IndexByte("wWsSbB", e) >= 0:
				b.WriteString(`\` + string(e))
			case e >= utf8.RuneSelf || e == '_' || e >= '0' && e <= '9' || e >= 'a' && e <= 'z' || e >= 'A' && e <= 'Z':
				b.WriteByte(e) // an escape that means the character itself
			default:
				b.WriteString(`\` + string(e))
			}
		case c == '[':
			class, n, err := bracket(ere[i:])
			if err != nil {
				return "", err
			}
			b.WriteString(class)
			i += n - 1
		case c == '{' && strings.HasPrefix(ere[i:], "{,"):
			b.WriteString("{0,")
			i++
		default:
			b.WriteByte(c)
		}
	}
	re := b.String()
	return re, checkRegex(re)
}

// bracket reads a bracket expression, in which a backslash is a backslash, and
// returns it as RE2 has it, with its length in bytes.
func bracket(ere string) (class string, n int, err error) {
	var b strings.Builder
	b.WriteByte('[')
	i := 1
	if i < len(ere) && ere[i] == '^' {
		b.WriteByte('^')
		i++
	}
	for first := true; i < len(ere); first = false {
		switch c := ere[i]; {
		case c == ']' && !first:
			b.WriteByte(']')
			return b.String(), i + 1, nil
		case c == '[' && i+1 < len(ere) && ere[i+1] == ':':
			end := strings.Index(ere[i:], ":]")
			if end < 0 {
				return "", 0, fmt.Errorf("a character class is not closed")
			}
			b.WriteString(ere[i : i+end+2])
			i += end + 2
		case c == '[' && i+1 < len(ere) && (ere[i+1] == '.' || ere[i+1] == '='):
			return "", 0, fmt.Errorf("collating elements cannot be evaluated")
		case c == '\\' || c == '[' || c == ']' || c == '^':
			b.WriteString(`\` + string(c))
			i++
		default:
			b.WriteByte(c)
			i++
		}
	}
	return "", 0, fmt.Errorf("a bracket expression is not closed")
}

// IsText reports whether an expression says one text and nothing else, apart from
// what stands around it in a rule of GitSecrets.
func IsText(expr string) bool {
	expr = strings.TrimSuffix(strings.TrimPrefix(expr, wordBefore), wordAfter)
	re, err := syntax.Parse(expr, syntax.Perl)
	return err == nil && re.Op == syntax.OpLiteral
}

// As grep -w does: neither before nor behind a match stands a part of a word.
const (
	wordBefore = `(?m:^|\W)(`
	wordAfter  = `)(?m:$|\W)`
)
