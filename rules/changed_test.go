package rules_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// An edited content is made of pieces of an older one and of new text.
type edited struct {
	content []byte
	copies  []copied
	spans   []rules.Span // what is new
}

// A copied range is old[from:from+n], which is content[to:to+n] now.
type copied struct{ from, to, n int }

// copy appends old[from:from+n].
func (e *edited) copy(old []byte, from, n int) {
	last := len(e.copies) - 1
	switch {
	case last >= 0 && e.copies[last].from+e.copies[last].n == from && e.copies[last].to+e.copies[last].n == len(e.content):
		e.copies[last].n += n
	default:
		e.insert("", from == 0 && len(e.content) == 0)
		e.copies = append(e.copies, copied{from, len(e.content), n})
	}
	e.content = append(e.content, old[from:from+n]...)
}

// insert appends new text, or a seam if there is none, unless the content
// begins here as the old one does.
func (e *edited) insert(text string, begins bool) {
	start := len(e.content)
	e.content = append(e.content, text...)
	if last := len(e.spans) - 1; last >= 0 && e.spans[last].End >= start {
		e.spans[last].End = len(e.content)
	} else if !begins {
		e.spans = append(e.spans, rules.Span{Start: start, End: len(e.content)})
	}
}

// edit copies most of old and changes a little.
func edit(rnd *rand.Rand, old []byte, text func() string) *edited {
	e := new(edited)
	at := 0
	for range 1 + rnd.IntN(4) {
		to := at + rnd.IntN(len(old)-at+1)
		if rnd.IntN(4) == 0 { // moved or repeated
			from := rnd.IntN(len(old) + 1)
			e.copy(old, from, rnd.IntN(len(old)-from+1))
		}
		e.copy(old, at, to-at)
		at = to
		switch rnd.IntN(3) {
		case 0:
			e.insert(text(), false)
		case 1:
			at += rnd.IntN(min(40, len(old)-at) + 1)
		case 2:
			e.insert(text(), false)
			at += rnd.IntN(min(10, len(old)-at) + 1)
		}
	}
	e.copy(old, at, len(old)-at)
	if last := e.copies[len(e.copies)-1]; last.from+last.n != len(old) {
		e.insert("", false)
	}
	return e
}

// holds reports whether what was looked at in old[from:to) is there in a copy.
func (e *edited) holds(c copied, old []byte, from, to int) bool {
	begins := from > c.from || c.from == 0 && c.to == 0
	ends := to < c.from+c.n || c.from+c.n == len(old) && c.to+c.n == len(e.content)
	return from >= c.from && to <= c.from+c.n && begins && ends
}

// carried returns the matches of the old content that are found again where
// they were copied to.
func (e *edited) carried(old []byte, found []rules.Found) (ms []rules.Match) {
	for _, f := range found {
		for _, c := range e.copies {
			if e.holds(c, old, f.From, f.To) {
				ms = append(ms, moved(f.Match, c.to-c.from))
			}
		}
	}
	return ms
}

// again returns the hits of the old content that were copied: those with all that
// was looked at, and the others.
func (e *edited) again(old []byte, hits []rules.Hit) (kept, again []rules.Hit) {
	for _, c := range e.copies {
		for _, h := range hits {
			switch {
			case int(h.Start) < c.from || int(h.End) > c.from+c.n:
			case e.holds(c, old, int(h.From), int(h.To)):
				kept = append(kept, h.Move(c.to-c.from))
			default:
				again = append(again, h.Move(c.to-c.from))
			}
		}
	}
	return kept, again
}

func moved(m rules.Match, by int) rules.Match {
	m.Start, m.End = m.Start+by, m.End+by
	m.SecretStart, m.SecretEnd = m.SecretStart+by, m.SecretEnd+by
	return m
}

// describe lists all that is said of matches, each once.
func describe(ms []rules.Match) (lines []string) {
	for _, m := range ms {
		lines = append(lines, fmt.Sprintf("%8d:%d %8d:%d %s %q %v %v %.3f %v %q", m.Start, m.End, m.SecretStart, m.SecretEnd, m.Rule.ID, m.Key, m.Severity, m.Confidence, m.Entropy, m.Expires, m.Reasons))
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

func matchesOf(found []rules.Found) (ms []rules.Match) {
	for _, f := range found {
		ms = append(ms, f.Match)
	}
	return ms
}

// texts returns a function that makes contents out of the examples of rules,
// of what stands around secrets, and of anything.
func texts(tb testing.TB, rnd *rand.Rand, examples []string) (example func() string, fragment func() string) {
	fragments := []string{
		"\n", "\n", " ", "\t", "\"", "'", "`", `"""`, ";", ",", "}", "{", "[", "(", ")", "//", "# ", "/* ", "-", "--", ".", "_", "0", "x", "=", ":", ": ", " = ", "=>", ">", "<", "</key>",
		"user: alice\n", "login = bob", "password", "Password: ", "api_key", "token=", "secret", "name: ", "value: ", "\nvalue: ", "Bearer ", "test", "eyJ", "-----BEGIN ", "http://a:b@", "github", "aws ",
		"if err != nil {\n\treturn err\n}\n", "func main() { fmt.Println(key, token) }\n", "The quick brown fox jumps over the lazy dog.\n", "a8f3k2m9x7", "\\n", "\\\"", "\xff", "é", "\x00", strings.Repeat("=", 30), strings.Repeat("k", 90),
		strings.Repeat(" ", 150), strings.Repeat("0x1f, ", 20),
	}
	example = func() string {
		i := rnd.IntN(len(examples))
		s, err := rules.Expand(examples[i], rnd.IntN(1<<30))
		if err != nil {
			tb.Fatal(err)
		}
		return s
	}
	fragment = func() string {
		var b strings.Builder
		for range 1 + rnd.IntN(5) {
			switch rnd.IntN(12) {
			case 0:
				s := example()
				from := rnd.IntN(len(s))
				b.WriteString(s[from:min(len(s), from+rnd.IntN(200))])
			default:
				b.WriteString(fragments[rnd.IntN(len(fragments))])
			}
		}
		return b.String()
	}
	return example, fragment
}

// examplesOf returns the examples of the built-in rules.
func examplesOf(tb testing.TB) (examples []string) {
	for _, r := range parseBuiltin(tb) {
		examples = append(append(examples, r.Match...), r.NoMatch...)
	}
	return examples
}

var changedPaths = []string{"a.txt", "a.yml", "a.go", "a.py", "spec/a.rb", ".netrc", "docs/a.md", "a.xml", "a.json", "Dockerfile", ".env", "a.sh"}

// TestFindChanged states the law of changes: what is carried over from an old
// content, and what is found near the changes, is what is found in the new one.
func TestFindChanged(t *testing.T) {
	set := mustCompile(t, rules.Builtin())
	n := 1000
	if testing.Short() {
		n = 100
	}
	examples := examplesOf(t)
	matches, carries := 0, 0
	for seed := range n {
		rnd := rand.New(rand.NewPCG(uint64(seed), 3))
		example, fragment := texts(t, rnd, examples)
		path := changedPaths[rnd.IntN(len(changedPaths))]
		var b strings.Builder
		for range 1 + rnd.IntN(6) {
			if rnd.IntN(3) > 0 {
				b.WriteString(fragment())
			}
			b.WriteString(example())
			if rnd.IntN(3) > 0 {
				b.WriteString(fragment())
			}
		}
		old := []byte(b.String())
		before, hits, ok := set.FindChanged(path, old, []rules.Span{{Start: 0, End: len(old)}}, nil, nil, nil)
		if !ok {
			continue
		}
		if got, want := describe(matchesOf(before)), describe(set.Find(path, old, 0, len(old), true, true)); !slices.Equal(got, want) {
			t.Fatalf("seed %d: FindChanged of all of %q:\n got %s\nwant %s", seed, old, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
		for range 4 {
			e := edit(rnd, old, fragment)
			copied, again := e.again(old, hits)
			after, _, ok := set.FindChanged(path, e.content, e.spans, copied, again, nil)
			if !ok {
				continue
			}
			kept := e.carried(old, before)
			got := describe(append(kept, matchesOf(after)...))
			want := describe(set.Find(path, e.content, 0, len(e.content), true, true))
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d: %q\nmade of %v of\n%q\ncarried and found near %v:\n got %s\nwant %s", seed, e.content, e.copies, old, e.spans, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
			matches += len(want)
			carries += len(kept)
		}
	}
	if matches < n || carries < n/10 {
		t.Errorf("%d contents have %d matches, of which %d are carried over: the test is of no use", n, matches, carries)
	}
}

// TestFoundWindow changes everything but the windows of matches, which stay.
func TestFoundWindow(t *testing.T) {
	set := mustCompile(t, rules.Builtin())
	n := 1000
	if testing.Short() {
		n = 100
	}
	examples := examplesOf(t)
	windows := 0
	for seed := range n {
		rnd := rand.New(rand.NewPCG(uint64(seed), 4))
		example, fragment := texts(t, rnd, examples)
		path := changedPaths[rnd.IntN(len(changedPaths))]
		content := []byte(fragment() + example() + fragment())
		found, _, ok := set.FindChanged(path, content, []rules.Span{{Start: 0, End: len(content)}}, nil, nil, nil)
		if !ok {
			t.Fatalf("seed %d: FindChanged(%q) is not ok", seed, content)
		}
		for _, f := range found {
			var before, after string
			if f.From > 0 {
				before = fragment()
			}
			if f.To < len(content) {
				after = fragment()
			}
			other := []byte(before + string(content[f.From:f.To]) + after)
			ms := describe(set.Find(path, other, 0, len(other), true, true))
			if want := describe([]rules.Match{moved(f.Match, len(before)-f.From)})[0]; !slices.Contains(ms, want) {
				t.Fatalf("seed %d: in %q\nthe window [%d, %d] has\n     %s\nbut with other text around it, %q, there is\n     %s", seed, content, f.From, f.To, want, other, strings.Join(ms, "\n     "))
			}
			windows++
		}
	}
	if windows < n/2 {
		t.Errorf("%d windows: the test is of no use", windows)
	}
}
