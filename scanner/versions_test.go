package scanner

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/cork-scanner/cork/rules"
)

// A generation is a content and how it was made of one before it.
type generation struct {
	text   string
	parent int // -1: none
	copies []Copy
}

// generations makes contents of each other by random edits, from the given
// pieces.
func generations(rnd *rand.Rand, n int, piece func() string) []generation {
	var first strings.Builder
	for range 1 + rnd.IntN(60) {
		first.WriteString(piece())
	}
	all := []generation{{text: first.String(), parent: -1}}
	for len(all) < n {
		parent := max(0, len(all)-1-rnd.IntN(3))
		all = append(all, edited(rnd, all[parent].text, parent, piece))
	}
	return all
}

// edited makes a content of an older one.
func edited(rnd *rand.Rand, old string, parent int, piece func() string) generation {
	g := generation{parent: parent}
	var b strings.Builder
	take := func(from, n int) {
		if n > 0 {
			g.copies = append(g.copies, Copy{From: from, To: b.Len(), Len: n})
			b.WriteString(old[from : from+n])
		}
	}
	at := 0
	for range rnd.IntN(4) {
		to := at + rnd.IntN(len(old)-at+1)
		take(at, to-at)
		at = to
		switch rnd.IntN(6) {
		case 0, 1:
			b.WriteString(piece())
		case 2:
			at += rnd.IntN(min(60, len(old)-at) + 1)
		case 3:
			b.WriteByte(byte(rnd.IntN(256)))
			at += min(1, len(old)-at)
		case 4: // moved or repeated
			from := rnd.IntN(len(old) + 1)
			take(from, rnd.IntN(len(old)-from+1))
		case 5:
			b.WriteByte("\n =:'\"Aa0"[rnd.IntN(9)])
		}
	}
	take(at, len(old)-at)
	g.text = b.String()
	return g
}

// builtinExamples returns the examples of the built-in rules, which the program
// itself does not carry.
func builtinExamples(tb testing.TB) (examples []string) {
	tb.Helper()
	files, err := filepath.Glob("../rules/builtin/*.toml")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no files match ../rules/builtin/*.toml (%v)", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		rs, err := rules.Parse(filepath.Base(file), data)
		if err != nil {
			tb.Fatal(err)
		}
		for _, r := range rs {
			examples = append(examples, r.Match...)
		}
	}
	return examples
}

// snippets returns a function that makes text out of the examples of all built-in
// rules, as they are and encoded, and of what stands around secrets.
func snippets(tb testing.TB, rnd *rand.Rand, examples []string) func() string {
	tb.Helper()
	plain := []string{
		"\n", "\n\n", " ", "    ", "# a comment\n", "// cork:" + "allow\n", "# cork:" + "allow-next-line\n", "# cork:" + "allow-start\n", "# cork:" + "allow-start rule=tok,scr\n", "# cork:" + "allow-end\n", "# cork:" + "allow-file rule=github-pat\n",
		"secretlint-", "secretlint-" + "disable\n", "secretlint-" + "enable\n", "cork:", "-start", "allow", "key: value\n", "password", " = ", ": ", `"`, "'", "TOK-abcd\n", "HST-ab1 ", "SCR-abcd12\n",
		"if err != nil {\n\treturn err\n}\n", "<p>The quick brown fox</p>\n", "user=root\n", `\u0041`, "%41%42", "&quot;", "\xff\xfe", "é", "\x00a\x00b\x00c\x00d\x00e\x00f\x00g\x00h\x00i\x00",
		strings.Repeat("lorem ipsum ", 40), strings.Repeat("x", 300), "pass" + "=hunter22,", "BEGIN BLOCK\nabc\nEND BLOCK", strings.Repeat("line\n", 30),
	}
	encode := []func(string) string{
		func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
		func(s string) string { return hex.EncodeToString([]byte(s)) },
		func(s string) string { return url.QueryEscape(s) },
		func(s string) string { b, _ := json.Marshal(s); return string(b) },
		func(s string) string {
			e := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("some text ", 30) + s))
			var b strings.Builder
			for len(e) > 76 {
				b.WriteString(e[:76] + "\n")
				e = e[76:]
			}
			return b.String() + e + "\n"
		},
	}
	return func() string {
		switch rnd.IntN(6) {
		case 0:
			s, err := rules.Expand(examples[rnd.IntN(len(examples))], rnd.IntN(1<<20))
			if err != nil {
				tb.Fatal(err)
			}
			switch rnd.IntN(3) {
			case 0:
				s = encode[rnd.IntN(len(encode))](s)
			case 1:
				s = s[rnd.IntN(len(s)):]
			}
			return s + "\n"
		default:
			return plain[rnd.IntN(len(plain))]
		}
	}
}

// withLong returns a function that sometimes makes sixty thousand bytes of
// encoded text of what short makes.
func withLong(rnd *rand.Rand, short func() string) func() string {
	return func() string {
		if rnd.IntN(30) > 0 {
			return short()
		}
		var b strings.Builder
		for b.Len() < 60_000 {
			b.WriteString(short())
			b.WriteString(strings.Repeat("so it goes on and on\n", rnd.IntN(600)))
		}
		e := base64.StdEncoding.EncodeToString([]byte(b.String()))
		if rnd.IntN(2) > 0 {
			return e
		}
		var lines strings.Builder
		for ; len(e) > 76; e = e[76:] {
			lines.WriteString(e[:76] + "\n")
		}
		return lines.String() + e + "\n"
	}
}

// describeOccurrences makes occurrences comparable.
func describeOccurrences(found []Occurrence) (lines []string) {
	for _, o := range found {
		lines = append(lines, fmt.Sprintf("%s%d-%d line %d %s %q %q", o.Path, o.Start, o.End, o.Line, o.RuleID, o.Key, o.Secret.Reveal()))
	}
	return lines
}

// TestVersionsAgree: what is found in a version through what its base had is
// what is found in it by reading all of it, and what Scan finds.
func TestVersionsAgree(t *testing.T) {
	all, err := rules.Compile(append(rules.Builtin(), append(testRules(), partRules()...)...))
	if err != nil {
		t.Fatal(err)
	}
	examples := builtinExamples(t)
	rounds := 40
	if testing.Short() {
		rounds = 6
	}
	for name, set := range map[string]*rules.Set{"small": testSet(t), "all": all} {
		t.Run(name, func(t *testing.T) {
			s := New(set, Options{Workers: 1, MinConfidence: rules.ConfidenceLow, Suppressed: true})
			v, whole := s.Versions(), s.Versions()
			whole.Whole = true
			total, carried := 0, 0
			for seed := range rounds {
				rnd := rand.New(rand.NewPCG(uint64(seed), 7))
				known := map[int]*Known{}
				piece := snippets(t, rnd, examples)
				if seed%20 == 0 {
					// Encoded text that is so long that it is decoded in pieces.
					piece = withLong(rnd, piece)
				}
				gs := generations(rnd, 12, piece)
				for i, g := range gs {
					ver := Version{Path: "config/app.yml", ID: fmt.Sprint(i), Content: []byte(g.text), Base: known[g.parent], Copies: g.copies}
					k, got := v.Scan(context.Background(), &ver)
					known[i] = k
					if ver.Base != nil {
						carried += len(got.Occurrences)
					}
					total += len(got.Occurrences)
					_, want := whole.Scan(context.Background(), &ver)
					if !reflect.DeepEqual(describeOccurrences(got.Occurrences), describeOccurrences(want.Occurrences)) ||
						!reflect.DeepEqual(describeOccurrences(got.Allowed), describeOccurrences(want.Allowed)) {
						t.Fatalf("seed %d, version %d of %d (copies %v): through the base\n%q\nin full\n%q\nold %q\nnew %q", seed, i, g.parent, g.copies,
							describeOccurrences(got.Occurrences), describeOccurrences(want.Occurrences), gs[max(0, g.parent)].text, g.text)
					}
					var scanned []Finding
					for f, err := range s.Scan(context.Background(), source(blob(ver.Path, g.text)), nil) {
						if err != nil {
							t.Fatal(err)
						}
						if f.RuleID != "pem-file" {
							scanned = append(scanned, f)
						}
					}
					found, allowed := occurrences(ver.Path, scanned)
					if want := describeOccurrences(found); !slices.Equal(describeOccurrences(got.Occurrences), want) {
						t.Fatalf("seed %d, version %d: Versions\n%q\nScan\n%q\n%q", seed, i, describeOccurrences(got.Occurrences), want, g.text)
					}
					if want := describeOccurrences(allowed); !slices.Equal(describeOccurrences(got.Allowed), want) {
						t.Fatalf("seed %d, version %d: Versions allows\n%q\nScan\n%q\n%q", seed, i, describeOccurrences(got.Allowed), want, g.text)
					}
				}
			}
			if carried < total/2 || total < rounds*10 {
				t.Errorf("%d occurrences, %d of them in versions with a base: the test shows too little", total, carried)
			}
		})
	}
}

// anyCopies returns ranges of text that stand in base: some of those there are, cut
// off anywhere.
func anyCopies(rnd *rand.Rand, base, text string) (copies []Copy) {
	places := make(map[string][]int)
	const n = 4
	for i := 0; i+n <= len(base); i++ {
		places[base[i:i+n]] = append(places[base[i:i+n]], i)
	}
	longest := 1 + rnd.IntN(1+rnd.IntN(2000))
	for at := 0; at+n <= len(text); {
		from := places[text[at:at+n]]
		if len(from) == 0 || rnd.IntN(8) == 0 {
			at++
			continue
		}
		f := from[rnd.IntN(len(from))]
		length := n
		for f+length < len(base) && at+length < len(text) && base[f+length] == text[at+length] {
			length++
		}
		if length > longest {
			length = 1 + rnd.IntN(length)
		}
		copies = append(copies, Copy{From: f, To: at, Len: length})
		at += length + rnd.IntN(2)*rnd.IntN(3)
	}
	return copies
}

// disguised returns a text as it is or as another program would have written it, or
// what is none.
func disguised(rnd *rand.Rand, text string) string {
	switch rnd.IntN(12) {
	case 0, 1:
		return "\uFEFF" + text
	case 2:
		units := utf16.Encode([]rune("\uFEFF" + text))
		var b []byte
		for _, u := range units {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		return string(b)
	case 3:
		return strings.ReplaceAll(text, "\n", "\r\n")
	case 4:
		return strings.ReplaceAll(text, "\n", strings.Repeat(" ", rnd.IntN(200)))
	case 5:
		b := make([]byte, 1+rnd.IntN(600))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return text[:len(text)/2] + string(b) + text[len(text)/2:]
	case 6:
		return strings.Repeat(text[:min(len(text), 200)], 1+rnd.IntN(20))
	case 7:
		return ""
	}
	return text
}

// TestVersionsOfAnyBase: it does not matter which content is the base of a version,
// nor what of it is said to be copied, as long as that is true.
func TestVersionsOfAnyBase(t *testing.T) {
	all, err := rules.Compile(append(rules.Builtin(), append(testRules(), partRules()...)...))
	if err != nil {
		t.Fatal(err)
	}
	examples := builtinExamples(t)
	s := New(all, Options{Workers: 1, MinConfidence: rules.ConfidenceLow, Suppressed: true})
	v, whole := s.Versions(), s.Versions()
	whole.Whole = true
	rounds := 30
	if testing.Short() {
		rounds = 4
	}
	total, based := 0, 0
	for seed := range rounds {
		rnd := rand.New(rand.NewPCG(uint64(seed), 8))
		piece := snippets(t, rnd, examples)
		var texts []string
		for _, g := range append(generations(rnd, 5, piece), generations(rnd, 5, piece)...) {
			texts = append(texts, disguised(rnd, g.text))
		}
		known := make([]*Known, len(texts))
		for range 4 * len(texts) {
			i, j := rnd.IntN(len(texts)), rnd.IntN(len(texts))
			ver := Version{Path: "config/app.yml", ID: fmt.Sprint(i), Content: []byte(texts[i]), Base: known[j]}
			if ver.Base != nil {
				ver.Copies = anyCopies(rnd, texts[j], texts[i])
			}
			k, got := v.Scan(t.Context(), &ver)
			_, want := whole.Scan(t.Context(), &ver)
			if !reflect.DeepEqual(describeOccurrences(got.Occurrences), describeOccurrences(want.Occurrences)) ||
				!reflect.DeepEqual(describeOccurrences(got.Allowed), describeOccurrences(want.Allowed)) {
				t.Fatalf("seed %d, copies %v: through the base\n%q, allowed %q\nin full\n%q, allowed %q\nold %q\nnew %q", seed, ver.Copies,
					describeOccurrences(got.Occurrences), describeOccurrences(got.Allowed),
					describeOccurrences(want.Occurrences), describeOccurrences(want.Allowed), texts[j], texts[i])
			}
			known[i] = k
			if total += len(want.Occurrences); ver.Base != nil {
				based += len(want.Occurrences)
			}
		}
	}
	if based < total/4 || total < rounds*20 {
		t.Errorf("%d occurrences, %d of them in versions with a base: the test shows too little", total, based)
	}
	t.Logf("%d occurrences, %d of them in versions with a base", total, based)
}

// TestVersionsCommentsFromAfar: a comment that acts on other lines does so however far
// from what it allows the change is that brings it, completes it or takes it away.
func TestVersionsCommentsFromAfar(t *testing.T) {
	lines := strings.Repeat("a line of text\n", 30)
	found := "pass" + "=hunter22\nTOK-abcd\n"
	tests := []struct {
		name     string
		old, new []string // pieces; those that both have are copied
		allowed  int
	}{
		{"none", []string{lines, found, lines}, []string{"x\n", lines, found, lines}, 0},
		{"for the file", []string{lines, found, lines}, []string{"# cork:" + "allow-file\n", lines, found, lines}, 2},
		{"for the file, completed", []string{"# cork:" + "allow-", "x\n", "file\n", lines, found}, []string{"# cork:" + "allow-", "file\n", lines, found}, 2},
		{"for the file, bared", []string{"# ", "x-", "cork:" + "allow-file\n", lines, found}, []string{"# ", "cork:" + "allow-file\n", lines, found}, 2},
		{"for the file, taken away", []string{"# cork:" + "allow-file\n", lines, found}, []string{lines, found}, 0},
		{"for the file, spoilt", []string{"# cork:" + "allow-file", "\n", lines, found}, []string{"# cork:" + "allow-file", "s", "\n", lines, found}, 0},
		{"for the file, moved up", []string{lines, "# cork:" + "allow-file\n", lines, found}, []string{"# cork:" + "allow-file\n", lines, found}, 2},
		{"for the file, moved down", []string{"# cork:" + "allow-file\n", lines, found}, []string{"12\n34\n56\n78\n90\n12\n34\n56\n78\n90\n", "# cork:" + "allow-file\n", lines, found}, 0},
		{"block", []string{lines, found, lines}, []string{"cork:" + "allow-start\n", lines, found, lines, "cork:" + "allow-end\n"}, 2},
		{"block of a rule", []string{lines, found, lines}, []string{"cork:" + "allow-start rule=tok\n", lines, found, lines, "cork:" + "allow-end\n"}, 1},
		{"block, closed", []string{"cork:" + "allow-start\n", lines, found, lines}, []string{"cork:" + "allow-start\n", lines, found, lines, "cork:" + "allow-end\n"}, 2},
		{"block, opened", []string{lines, found, lines, "cork:" + "allow-end\n"}, []string{"cork:" + "allow-start\n", lines, found, lines, "cork:" + "allow-end\n"}, 2},
		{"block, cut short", []string{"cork:" + "allow-start\n", lines, found, lines, "cork:" + "allow-end\n"}, []string{"cork:" + "allow-start\n", lines, found, lines}, 0},
		{"of secretlint", []string{lines, found}, []string{"/* secretlint-" + "disable */\n", lines, found}, 2},
		{"of secretlint, ended", []string{"/* secretlint-" + "disable */\n", lines, found}, []string{"/* secretlint-" + "disable */\n", "/* secretlint-" + "enable */\n", lines, found}, 0},
	}
	s := New(testSet(t), Options{Workers: 1})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := s.Versions()
			old, text := strings.Join(tt.old, ""), strings.Join(tt.new, "")
			var copies []Copy
			from := 0
			for i, piece := range tt.new {
				if at := strings.Index(old[from:], piece); at >= 0 && slices.Contains(tt.old, piece) {
					from += at
					copies = append(copies, Copy{From: from, To: len(strings.Join(tt.new[:i], "")), Len: len(piece)})
					from += len(piece)
				}
			}
			if len(copies) == 0 {
				t.Fatal("nothing is copied")
			}
			base, _ := v.Scan(t.Context(), &Version{Path: "f", Content: []byte(old)})
			_, got := v.Scan(t.Context(), &Version{Path: "f", Content: []byte(text), Base: base, Copies: copies})
			_, want := v.Scan(t.Context(), &Version{Path: "f", Content: []byte(text)})
			if !slices.Equal(describeOccurrences(got.Occurrences), describeOccurrences(want.Occurrences)) || !slices.Equal(describeOccurrences(got.Allowed), describeOccurrences(want.Allowed)) {
				t.Errorf("through the base %q, allowed %q; in full %q, allowed %q", describeOccurrences(got.Occurrences), describeOccurrences(got.Allowed),
					describeOccurrences(want.Occurrences), describeOccurrences(want.Allowed))
			}
			if len(want.Allowed) != tt.allowed || len(want.Occurrences) != 2-tt.allowed {
				t.Errorf("%q are found, %q allowed, want %d allowed of 2", describeOccurrences(want.Occurrences), describeOccurrences(want.Allowed), tt.allowed)
			}
		})
	}
}
