package rules_test

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// sameMatches compares what a matcher finds in a text with what the regexp
// package does.
func sameMatches(t *testing.T, expr string, re *regexp.Regexp, find func([]byte) [][4]int, group int, text []byte) {
	t.Helper()
	var want [][4]int
	for _, m := range re.FindAllSubmatchIndex(text, -1) {
		want = append(want, [4]int{m[0], m[1], m[2*group], m[2*group+1]})
	}
	if got := find(text); !slices.Equal(got, want) {
		t.Fatalf("%q, group %d, matches in %q at %v, want %v", expr, group, text, got, want)
	}
}

// TestMatcherBuiltin runs the expressions of the built-in rules over examples of
// these rules, over pieces of them and over texts that differ a little.
func TestMatcherBuiltin(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	all := parseBuiltin(t)
	slow := 0
	for _, r := range some(all) {
		exprs := map[string]int{r.Regex: r.Group, r.Keys: 0, r.PathRegex: 0}
		if r.Keys != "" && r.Regex != "" {
			exprs["^(?:"+r.Regex+")$"] = r.Group
		}
		for _, a := range r.Allow.Regexes {
			exprs[a] = 0
		}
		delete(exprs, "")
		for expr, group := range exprs {
			re := regexp.MustCompile(expr)
			find, able := rules.MatcherForTest(expr, group)
			if !able {
				slow++
			}
			for _, e := range append(slices.Clone(r.Match), r.NoMatch...) {
				text, err := rules.Expand(e, rnd.IntN(1<<30))
				if err != nil {
					t.Fatal(err)
				}
				sameMatches(t, expr, re, find, group, []byte(text))
				for range 6 {
					sameMatches(t, expr, re, find, group, mutate(rnd, text))
				}
			}
		}
	}
	if slow > len(all)/50 {
		t.Errorf("%d expressions of %d rules are left to the regexp package", slow, len(all))
	}
}

// mutate returns a text that differs a little, or a few times itself.
func mutate(rnd *rand.Rand, text string) []byte {
	out := []byte(text)
	for range rnd.IntN(4) {
		at := rnd.IntN(len(out) + 1)
		to := at + rnd.IntN(min(20, len(out)-at)+1)
		piece := []string{"", "", " ", "\n", "é", "\xff", "\u212a", "ſ", "0", "_", "-", "\"", text[:min(len(text), 12)]}[rnd.IntN(13)]
		if rnd.IntN(3) > 0 {
			to = at + rnd.IntN(min(2, len(out)-at)+1)
		}
		out = slices.Concat(out[:at], []byte(piece), out[to:])
	}
	switch rnd.IntN(4) {
	case 0:
		out = slices.Concat(out, out[:len(out)/2], out)
	case 1:
		out = []byte(strings.ToUpper(string(out)))
	}
	return out
}

// randomExpr returns an expression of a few parts, which are all that there is.
func randomExpr(rnd *rand.Rand, depth int) string {
	atoms := []string{"a", "b", "ab", "[ab]", "[^a]", "[a-c]", ".", `\w`, `\s`, `\b`, `\B`, "^", "$", "(?m:^)", "(?m:$)", `\A`, `\z`, "(?i:k)", "(?i:aS)", "é", "[é-ü]", "[^é]", "(?s:.)", `\n`, `(?i:É)`}
	var b strings.Builder
	for range 1 + rnd.IntN(3) {
		atom := atoms[rnd.IntN(len(atoms))]
		if depth > 0 {
			switch rnd.IntN(5) {
			case 0:
				atom = "(" + randomExpr(rnd, depth-1) + ")"
			case 1:
				atom = "(?:" + randomExpr(rnd, depth-1) + "|" + randomExpr(rnd, depth-1) + ")"
			}
		}
		b.WriteString(atom)
		b.WriteString([]string{"", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}"}[rnd.IntN(10)])
		if strings.IndexByte("*+?}", b.String()[b.Len()-1]) >= 0 && rnd.IntN(2) == 0 {
			b.WriteString("?")
		}
	}
	return b.String()
}

// FuzzMatcher states the law of matchers: they find what the regexp package
// finds.
func FuzzMatcher(f *testing.F) {
	for i := range uint64(20) {
		f.Add(i, []byte("aab abc\nkK\u212a sſ é ü\xff\xc3a b"))
	}
	f.Fuzz(func(t *testing.T, seed uint64, text []byte) {
		// Each match is searched from the one before it, and where a matcher gives up
		// the regexp package looks at all of the text each time: the square of its
		// length, and an expression can be thousands of instructions long.
		text = text[:min(len(text), 64)]
		rnd := rand.New(rand.NewPCG(seed, 6))
		for range 5 {
			expr := randomExpr(rnd, 2)
			re, err := regexp.Compile(expr)
			if err != nil {
				continue
			}
			group := rnd.IntN(re.NumSubexp() + 1)
			find, _ := rules.MatcherForTest(expr, group)
			sameMatches(t, expr, re, find, group, text)
			var b strings.Builder
			for range rnd.IntN(20) {
				b.WriteString([]string{"a", "b", "c", "k", "S", "\n", " ", "é", "É", "ü", "\u212a", "ſ", "\xff", "\xc3", "_"}[rnd.IntN(15)])
			}
			sameMatches(t, expr, re, find, group, []byte(b.String()))
		}
	})
}

// TestMatcherSteps: what would take a matcher too long is found nevertheless.
func TestMatcherSteps(t *testing.T) {
	for _, expr := range []string{`(?:a+)+b`, `(?:a|aa)+b`, `(?:a{1,30}){1,30}b`, `[a-z]*[a-y]*[a-x]*[a-w]*b!`} {
		find, _ := rules.MatcherForTest(expr, 0)
		text := []byte(strings.Repeat("a", 3000))
		sameMatches(t, expr, regexp.MustCompile(expr), find, 0, text)
		sameMatches(t, expr, regexp.MustCompile(expr), find, 0, append(text, "b!"...))
	}
}
