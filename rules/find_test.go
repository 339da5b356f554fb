package rules_test

import (
	"bytes"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// small rules make every edge visible in short texts: keywords at the start,
// in the middle and at a distance, word boundaries, unbounded repetition.
func smallRules() []rules.Rule {
	pattern := func(id, regex string, group, span int, keywords ...string) rules.Rule {
		return rules.Rule{
			ID: id, Description: id, Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh,
			Regex: regex, Group: group, Span: span, Keywords: keywords,
		}
	}
	return append([]rules.Rule{
		pattern("prefix", `\b(abc_[0-9a-f]{4})\b`, 1, 0, "abc_"),
		pattern("middle", `[a-z]{1,6}://[^\s:@/]{0,8}:([^\s@/]{1,8})@`, 1, 0, "://"),
		pattern("suffix", `[0-9]{2,8}-zed`, 0, 0, "zed"),
		pattern("unbounded", `beg[^.]+end`, 0, 24, "beg"),
		pattern("fold", `(?i)\bsig[k-m]{2}[0-9]{3}`, 0, 0, "sig"),
	}, generic...)
}

// pieces cuts a content into pieces at the given offsets and finds matches in
// each with no more context than Reach, as a streaming caller does.
func pieces(set *rules.Set, path string, content []byte, cuts []int) []rules.Match {
	var all []rules.Match
	from := 0
	for _, to := range append(cuts, len(content)) {
		lo := max(0, from-set.Reach())
		hi := min(len(content), to+set.Reach())
		for _, m := range set.Find(path, content[lo:hi], from-lo, to-lo, lo == 0, hi == len(content)) {
			m.Start, m.End = m.Start+lo, m.End+lo
			m.SecretStart, m.SecretEnd = m.SecretStart+lo, m.SecretEnd+lo
			all = append(all, m)
		}
		from = to
	}
	return rules.Resolve(all)
}

// FuzzPieces states the law of windows: how a content is cut never changes
// what is found in it.
func FuzzPieces(f *testing.F) {
	seeds := []string{
		"abc_12ef abc_12ef;abc_12efg\nabc_0000",
		"x://u:pw@h y://:p@h postgres://a:b1@",
		"12-zed 123456789-zed zed", "beg middle end beg end end", "sigKL123 SIGmm999",
		"password: hunter42x\r\napi_key = \"a8f3k2m9x7\"\n", strings.Repeat("password=", 40), strings.Repeat("abc_", 30) + "12ef",
		"- name: DB_PASSWORD\n  value: hunter42x\n", "\xff\xfeabc_12ef\x00\x80password: \xe5\xaf\x86x9y8z7",
		strings.Repeat(" ", 3000) + "abc_12ef" + strings.Repeat("\n", 3000) + "password: hunter42x",
	}
	for i, s := range seeds {
		f.Add([]byte(s), uint64(i))
	}
	set := mustCompile(f, smallRules())
	f.Fuzz(func(t *testing.T, content []byte, seed uint64) {
		want := set.Match("a.yml", content)
		rnd := rand.New(rand.NewPCG(seed, 1))
		var cuts []int
		for at := 0; at < len(content); {
			at += 1 + rnd.IntN(1+rnd.IntN(2000))
			if at < len(content) {
				cuts = append(cuts, at)
			}
		}
		got := pieces(set, "a.yml", content, cuts)
		if d := diff(got, want); d != "" {
			t.Fatalf("Find in pieces cut at %v of %q differs from Match:\n%s", cuts, content, d)
		}
	})
}

func diff(got, want []rules.Match) string {
	if len(got) == 0 && len(want) == 0 || reflect.DeepEqual(got, want) {
		return ""
	}
	return fmt.Sprintf(" got %s\nwant %s", show(got), show(want))
}

func show(ms []rules.Match) string {
	var b strings.Builder
	for _, m := range ms {
		fmt.Fprintf(&b, "%s[%d:%d %d:%d %v] ", m.Rule.ID, m.Start, m.End, m.SecretStart, m.SecretEnd, m.Confidence)
	}
	return b.String()
}

// TestLiterals compares the bitmap filter with a search for each literal by
// itself, over texts in which literals touch, overlap and end the text.
func TestLiterals(t *testing.T) {
	compareLiterals(t)
	rules.WithoutVectorsForTest(func() { compareLiterals(t) })
}

func compareLiterals(t *testing.T) {
	t.Helper()
	literals := []string{"key", "api_key", "_key", "ghp_", "x-api-key", "password", "pass", "pwd", "://", "----", "é-ß", "aaa", "aaaa"}
	rnd := rand.New(rand.NewPCG(7, 7))
	fragments := append([]string{"a", "k", "e", "y", "_", "-", " ", "\n", "KEY", "Pass", "\x00", "\xff", "["}, literals...)
	for n := range 2000 {
		var b strings.Builder
		size := 24
		if n%10 == 0 {
			size = 600 // several groups of windows
		}
		for range rnd.IntN(size) {
			if rnd.IntN(200) == 0 {
				b.WriteString(strings.Repeat(fragments[rnd.IntN(len(fragments))], rnd.IntN(400)))
			}
			b.WriteString(fragments[rnd.IntN(len(fragments))])
		}
		text := b.String()
		from := rnd.IntN(len(text) + 1)
		to := from + rnd.IntN(len(text)-from+1)
		got := map[string]bool{}
		rules.EachLiteralForTest(literals, []byte(text), from, to, func(literal string, start int) {
			k := fmt.Sprintf("%s@%d", literal, start)
			if got[k] {
				t.Fatalf("each(%q, %d, %d) gives %s twice", text, from, to, k)
			}
			got[k] = true
		})
		want := map[string]bool{}
		low := asciiLower(text)
		for _, l := range literals {
			for i := from; i < to && i+len(l) <= len(low); i++ {
				if low[i:i+len(l)] == l {
					want[fmt.Sprintf("%s@%d", l, i)] = true
				}
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("run %d: each(%q, %d, %d) = %v, want %v", n, text, from, to, got, want)
		}
	}
}

// TestLook compares the windows that are found with vectors and without: both
// find those of text that has literals, and of noise.
func TestLook(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var literals []string
	for range 3000 {
		b := make([]byte, 3+rnd.IntN(8))
		for i := range b {
			b[i] = "abcdefghijklmnopqrstuvwxyz0123456789_-:/."[rnd.IntN(41)]
		}
		literals = append(literals, string(b))
	}
	found := 0
	for n := range 500 {
		buf := make([]byte, 24+rnd.IntN(1200))
		for i := range buf {
			buf[i] = byte(rnd.IntN(256))
		}
		for range rnd.IntN(20) {
			copy(buf[rnd.IntN(len(buf)):], literals[rnd.IntN(len(literals))])
		}
		inGo, inVectors, ok := rules.LookForTest(literals, buf)
		if !ok {
			t.Skip("this processor has no vectors")
		}
		if !bytes.Equal(inGo, inVectors) {
			t.Fatalf("run %d, %d bytes: in Go %x, with vectors %x", n, len(buf), inGo, inVectors)
		}
		for _, b := range inGo {
			found += bits.OnesCount8(b)
		}
	}
	if found < 1000 {
		t.Errorf("only %d windows were found, so little was compared", found)
	}
	t.Logf("%d windows found in Go and with vectors alike", found)
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

// TestResolve checks who wins where secrets overlap.
func TestResolve(t *testing.T) {
	specific := &rules.Rule{ID: "specific", Specificity: 400}
	general := &rules.Rule{ID: "general", Specificity: 100}
	other := &rules.Rule{ID: "other", Specificity: 100}
	m := func(r *rules.Rule, start, end int, c rules.Confidence) rules.Match {
		return rules.Match{Rule: r, Start: start, End: end, SecretStart: start, SecretEnd: end, Confidence: c}
	}
	const low, high = rules.ConfidenceLow, rules.ConfidenceHigh
	for _, tt := range []struct {
		name     string
		in, want []rules.Match
	}{
		{"nothing", nil, nil},
		{"apart", []rules.Match{m(other, 9, 12, high), m(general, 0, 4, high)}, []rules.Match{m(general, 0, 4, high), m(other, 9, 12, high)}},
		{"touching is not overlapping", []rules.Match{m(general, 4, 8, high), m(specific, 0, 4, high)}, []rules.Match{m(specific, 0, 4, high), m(general, 4, 8, high)}},
		{"the specific rule wins though shorter", []rules.Match{m(general, 0, 9, low), m(specific, 2, 4, low)}, []rules.Match{m(specific, 2, 4, low)}},
		{"the winner takes over confidence", []rules.Match{m(general, 0, 9, high), m(specific, 2, 4, low)}, []rules.Match{m(specific, 2, 4, high)}},
		{"the longer secret wins among equals", []rules.Match{m(general, 2, 4, low), m(other, 0, 9, low)}, []rules.Match{m(other, 0, 9, low)}},
		{"the first id wins among the same", []rules.Match{m(other, 0, 4, low), m(general, 0, 4, low)}, []rules.Match{m(general, 0, 4, low)}},
		{"repeated", []rules.Match{m(other, 0, 4, low), m(other, 0, 4, low)}, []rules.Match{m(other, 0, 4, low)}},
		{"a loser hides nobody", []rules.Match{m(general, 0, 6, low), m(specific, 4, 9, low), m(other, 0, 3, low)}, []rules.Match{m(other, 0, 3, low), m(specific, 4, 9, low)}},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			if d := diff(rules.Resolve(tt.in), tt.want); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestKeywordLead checks how far before its keyword a match can begin: the
// windows depend on it.
func TestKeywordLead(t *testing.T) {
	const far = 1 << 30
	for _, tt := range []struct {
		regex    string
		keywords []string
		want     int
	}{
		{`ghp_[0-9]{4}`, []string{"ghp_"}, 0},
		{`\b(ghp_[0-9]{4})\b`, []string{"ghp_"}, 0},
		{`(?:^|[^a-z])ghp_`, []string{"ghp_"}, 4},
		{`\b(?:ghp_|gho_|ghs_)x`, []string{"ghp_", "gho_", "ghs_"}, 0},
		{`\bgh[pousr]_x`, []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_"}, 0},
		{`\bgh[pousr]_x`, []string{"ghp_"}, far},
		{`(?i)abc[0-9]{2,3}key`, []string{"key"}, 6},
		{`(?i)sky[0-9]{2,3}key`, []string{"key"}, 12}, // k and s fold to characters of two and three bytes
		{`[a-z]{1,6}://x`, []string{"://"}, 6},
		{`[a-z]+://x`, []string{"://"}, far},
		{`.{3}key`, []string{"key"}, 12},
		{`x?key`, []string{"key"}, 1},
		{`(?:a|bb|ccc)key`, []string{"key"}, 3},
		{`[0-9]{4}`, []string{"key"}, far},
	} {
		if got := rules.KeywordLeadForTest(tt.regex, tt.keywords); got != tt.want {
			t.Errorf("keywordLead(%q, %q) = %d, want %d", tt.regex, tt.keywords, got, tt.want)
		}
	}
}

// TestEntropy checks the bits per character of texts whose entropy is known.
func TestEntropy(t *testing.T) {
	for text, want := range map[string]float64{"": 0, "aaaa": 0, "ab": 1, "abcd": 2, "aabb": 1, "éüéü": 1} {
		if got := rules.Entropy([]byte(text)); got != want {
			t.Errorf("Entropy(%q) = %v, want %v", text, got, want)
		}
	}
}

// TestCompileErrors checks that everything that is wrong with a set is said
// at once, each naming its rule.
func TestCompileErrors(t *testing.T) {
	ok := rules.Rule{ID: "ok", Description: "x", Severity: 1, Confidence: 1, Regex: "abc[0-9]", Keywords: []string{"abc"}}
	bad := func(id string, change func(r *rules.Rule)) rules.Rule {
		r := ok
		r.ID, r.Source = id, "f.toml:7"
		change(&r)
		return r
	}
	_, err := rules.Compile([]rules.Rule{
		ok,
		bad("ok", func(r *rules.Rule) {}),
		bad("regex", func(r *rules.Rule) { r.Regex = "abc(" }),
		bad("empty", func(r *rules.Rule) { r.Regex = "(abc)?" }),
		bad("group", func(r *rules.Rule) { r.Group = 2 }),
		bad("endless", func(r *rules.Rule) { r.Regex = "abc.*x" }),
		bad("short", func(r *rules.Rule) { r.Keywords = []string{"ab"} }),
		bad("none", func(r *rules.Rule) { r.Keywords = nil }),
		bad("allow", func(r *rules.Rule) { r.Allow.Regexes = []string{"x*"} }),
		bad("stop", func(r *rules.Rule) { r.Allow.StopWords = []string{""} }),
		bad("glob", func(r *rules.Rule) { r.Paths = []string{"[a"} }),
		bad("shape", func(r *rules.Rule) { r.Keys, r.Shape = "abc", "round" }),
		bad("keys", func(r *rules.Rule) { r.Keys = "(" }),
		bad("span", func(r *rules.Rule) { r.Span = 1 << 20 }),
	})
	if err == nil {
		t.Fatal("Compile accepts rules that are wrong")
	}
	lines := strings.Split(err.Error(), "\n")
	for _, id := range []string{"ok", "regex", "empty", "group", "endless", "short", "none", "allow", "stop", "glob", "shape", "keys", "span"} {
		file := "f.toml:7: "
		if id == "ok" { // which of the two is the later one has no order
			file = ""
		}
		if n := strings.Count(err.Error(), fmt.Sprintf("%srule %q: ", file, id)); n != 1 {
			t.Errorf("%d errors name rule %q at f.toml:7, want 1, in:\n%s", n, id, err)
		}
	}
	if len(lines) != 13 {
		t.Errorf("%d lines, want 13:\n%s", len(lines), err)
	}
}

func BenchmarkLiterals(b *testing.B) {
	text := []byte(strings.Repeat("The quick brown fox jumps over the lazy dog; func (s *Set) index() { return s.reach }\n", 12000))
	for _, n := range []int{10, 100, 1000, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rnd := rand.New(rand.NewPCG(1, 1))
			literals := make([]string, n)
			for i := range literals {
				literals[i] = fmt.Sprintf("%c%c%c%d_", 'a'+rnd.IntN(26), 'a'+rnd.IntN(26), 'a'+rnd.IntN(26), i)
			}
			each := rules.LiteralsForTest(literals)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				each(text)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	rs := rules.Builtin()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rules.Compile(rs); err != nil {
			b.Fatal(err)
		}
	}
}
