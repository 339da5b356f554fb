package scanner

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

func inBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
func inHex(s string) string    { return hex.EncodeToString([]byte(s)) }
func inJSON(s string) string   { return formatBytes(`\u%04x`, s) }
func inPercent(s string) string {
	return formatBytes("%%%02X", s)
}
func inHTML(s string) string { return formatBytes("&#%d;", s) }

func formatBytes(format, s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

func lines(s string, width int, between string) string {
	var all []string
	for ; len(s) > width; s = s[width:] {
		all = append(all, s[:width])
	}
	return strings.Join(append(all, s), between)
}

// full renders findings with their encoding.
func full(fs []Finding) string {
	var b strings.Builder
	for _, f := range fs {
		l := f.Location
		fmt.Fprintf(&b, "%s@%d:%d-%d:%d %q in %q\n", f.RuleID, l.Line, l.Column, l.EndLine, l.EndColumn, f.Secret.Reveal(), f.Encoding)
	}
	return b.String()
}

func TestScanEncoded(t *testing.T) {
	const text = "some words, TOK-aaaa, and some more of them"
	long := strings.Repeat("some words before it; ", 20) + text + strings.Repeat(", and words behind it", 20)
	nested := func(n int) string {
		s := text
		for range n {
			s = inBase64(s)
		}
		return s
	}
	for _, test := range []struct{ name, content, want string }{
		{"base64", "x\n  y: " + inBase64(text) + "\n", `tok@2:22-2:32 "TOK-aaaa" in "base64"`},
		{"base64 at the ends", inBase64("TOK-aaaa, or so") + "", `tok@1:1-1:11 "TOK-aaaa" in "base64"`},
		{"hex", "y = 0x" + inHex(text), `tok@1:31-1:46 "TOK-aaaa" in "hex"`},
		{"percent", "?y=" + inPercent(text), `tok@1:40-1:63 "TOK-aaaa" in "percent"`},
		{"html", "<a b=\"" + inHTML("'TOK-aaaa'") + "\">", `tok@1:12-1:51 "TOK-aaaa" in "html"`},
		{"json", `{"a": "` + inJSON(text) + `"}`, `tok@1:80-1:127 "TOK-aaaa" in "json"`},
		{"mixed escapes", `{"a": "x=\u0022TOK\u002d` + `aa\x61a"}`, `tok@1:16-1:31 "TOK-aaaa" in "json"`},
		{"base64 in base64", nested(2), `tok@1:22-1:36 "TOK-aaaa" in "base64, base64"`},
		{"four times", nested(4), `tok@1:38-1:64 "TOK-aaaa" in "base64, base64, base64, base64"`},
		{"five times", nested(5), ""},
		{"json in base64", inBase64(`{"x": "` + inJSON(text) + `"}`), `tok@1:106-1:170 "TOK-aaaa" in "base64, json"`},
		{"hex in percent", inPercent(inHex(text)), `tok@1:73-1:120 "TOK-aaaa" in "percent, hex"`},
		{"utf-16 in base64", inBase64(utf16le(text)), `tok@1:33-1:54 "TOK-aaaa" in "base64, utf-16"`},
		{"base64 in utf-16", "\xff\xfe" + utf16le("x\n"+inBase64(text)), `tok@2:17-2:27 "TOK-aaaa" in "base64"`},
		{"utf-16 behind other bytes", "\xfftext\n" + strings.Repeat("z", 9000) + utf16le(text) + "\xff\xff", `tok@2:9025-2:9040 "TOK-aaaa" in "utf-16"`},
		{"wrapped at 64", "x:\n" + lines(inBase64(long), 64, "\n") + "\n", `tok@11:27-11:38 "TOK-aaaa" in "base64"`},
		{"wrapped at 76 with CRLF", "x:\r\n" + lines(inBase64(long), 76, "\r\n") + "\r\n", `tok@9:71-10:6 "TOK-aaaa" in "base64"`},
		{"in a block scalar", "x: |\n    " + lines(inBase64(long), 64, "\n    ") + "\n", `tok@11:31-11:42 "TOK-aaaa" in "base64"`},
		{"in a string", `{"x": "` + lines(inBase64(long), 76, `\n`) + `"}`, `tok@1:624-1:637 "TOK-aaaa" in "base64"`},
		{"glued and short", "v1_" + inBase64("abc TOK-aaaa"), `tok@1:9-1:19 "TOK-aaaa" in "base64"`},
		{"glued", "v1_" + inBase64(text), `tok@1:20-1:30 "TOK-aaaa" in "base64"`},
		{"among bytes", inBase64("\x00\xff\xfe\x80" + text + "\x80\xff"), `tok@1:22-1:32 "TOK-aaaa" in "base64"`},
		{"plain and encoded", "TOK-bbbb " + inBase64(text), "tok@1:1-1:8 \"TOK-bbbb\" in \"\"\n" + `tok@1:26-1:36 "TOK-aaaa" in "base64"`},
		{"the name stands outside", "pass=" + inBase64("hidden value"), `pass@1:6-1:21 "` + inBase64("hidden value") + `" in ""`},
		{"the name is the only escape", `p\u0061ss=abcdef`, `pass@1:11-1:16 "abcdef" in "json"`},
		{"two side by side", inBase64(inBase64("pass=abc,pass=abd")), `pass@1:9-1:15 "abc" in "base64, base64"` + "\n" + `pass@1:25-1:31 "abd" in "base64, base64"`},
		{"allowed on its line", inBase64(text) + " # cork:allow", ""},
		{"allowed inside of it", inBase64(text + " cork:allow"), `tok@1:17-1:27 "TOK-aaaa" in "base64"`},
		{"unsure", inBase64("UNS-aaaaaa, something unsure"), ""},
		{"cut off", "x " + inBase64(text)[:33], `tok@1:19-1:29 "TOK-aaaa" in "base64"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, pad := range []int{0, 3000, 8001} {
				content := test.content
				if pad > 0 && !strings.HasPrefix(content, "\xff\xfe") { // far from the ends, and all places later
					content += "\n" + strings.Repeat("z ", pad)
				}
				for _, window := range []int{0, 1, 500} {
					s := New(testSet(t), Options{Workers: 1, Window: window})
					got, errs, _ := scanAll(t, s, source(blob("f", content)))
					if full(got) != strings.TrimPrefix(test.want+"\n", "\n") || len(errs) > 0 {
						t.Fatalf("window %d, pad %d: Scan(%q) = %s%v, want %s", window, pad, test.content, full(got), errs, test.want)
					}
				}
			}
		})
	}
}

// TestScanEncodedAtEdges moves encoded text over every edge of a window and of
// a chunk.
func TestScanEncodedAtEdges(t *testing.T) {
	whole := New(testSet(t), Options{Workers: 1})
	var windows []*Scanner
	for _, n := range []int{1, 100, 1000} {
		windows = append(windows, New(testSet(t), Options{Workers: 1, Window: n}))
	}
	for _, encode := range []func(string) string{inBase64, inHex, inJSON, func(s string) string { return inBase64(inBase64(s)) }} {
		for at := 0; at < 2500; at += 61 {
			clear := strings.Repeat("some words; ", at/12) + strings.Repeat(".", at%12) + " TOK-aaaa " + strings.Repeat("some words; ", 250)
			content := strings.Repeat("z ", 2000) + encode(clear) + "\n" + strings.Repeat("z ", 2000)
			want, _, _ := scanAll(t, whole, source(blob("f", content)))
			if len(want) != 1 || want[0].Secret.Reveal() != "TOK-aaaa" {
				t.Fatalf("Scan(%q in code) = %s, want the token", clear, full(want))
			}
			for i, s := range windows {
				if got, _, _ := scanAll(t, s, source(blob("f", content))); !same(got, want) {
					t.Fatalf("%d: Scan(%q in code) = %s, want %s", i, clear, full(got), full(want))
				}
			}
		}
	}
}

// TestScanEncodedLines: the line shows what is around, but no part of the
// secret in any form; a line that did not change is not new.
func TestScanEncodedLines(t *testing.T) {
	s := New(testSet(t), Options{Workers: 1})
	secret := inBase64("pass=abcdefghijklmno")
	content := "y: 1\nx: " + secret + " " + inBase64("some TOK-aaaabbbb text") + "\n"
	fs, _, _ := scanAll(t, s, source(blob("f", content)))
	if len(fs) != 2 {
		t.Fatalf("Scan(%q) = %s, want two findings", content, full(fs))
	}
	const want = "x: cGFzc********b21l********gdGV4dA=="
	for _, f := range fs {
		if f.Line == "" || strings.Contains(f.Line, "WJjZGVm") || strings.Contains(f.Line, "0staaF") || !strings.HasPrefix(f.Line, "x: cGFzcz") {
			t.Errorf("Line = %q, want like %q", f.Line, want)
		}
		if r := f.Reasons[len(f.Reasons)-1]; r != "decoded from base64" {
			t.Errorf("Reasons = %q, want the last to be the encoding", f.Reasons)
		}
	}
	b := blob("f", content)
	b.Before = before("other\n" + strings.SplitN(content, "\n", 2)[1])
	if fs, _, _ := scanAll(t, s, source(b)); len(fs) != 0 {
		t.Errorf("Scan after the same line = %s, want nothing", full(fs))
	}
	b.Before = before("x: " + secret + "\n")
	if fs, _, _ := scanAll(t, s, source(b)); len(fs) != 2 {
		t.Errorf("Scan after another line = %s, want two findings", full(fs))
	}
	plain, _, _ := scanAll(t, s, source(blob("f", "TOK-aaaabbbb")))
	if plain[0].Fingerprint == "" || plain[0].Fingerprint != fs[1].Fingerprint && strong("TOK-aaaabbbb") {
		t.Errorf("a secret has the fingerprint %s in base64 and %s without", fs[1].Fingerprint, plain[0].Fingerprint)
	}
}

// TestScanEncodedBuiltin: with the rules that people use, an encoded key is what
// it is, and no more than that.
func TestScanEncodedBuiltin(t *testing.T) {
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	expand := func(s string) string {
		t.Helper()
		out, err := rules.Expand(s, 1)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	key := expand("-----BEGIN<> PRIVATE KEY-----\nMII<b64:61>\n<b64:64>\n<b64:20>==\n-----END<> PRIVATE KEY-----\n")
	random := expand("<b64:43>=")
	for _, test := range []struct{ name, path, content, rule, encoding string }{
		{"private key", "a.yaml", "tls.key: " + inBase64(key) + "\n", "private-key-pkcs8", "base64"},
		{"private key assigned to a secret", "a.yaml", "signing_secret: " + inBase64(key) + "\n", "private-key-pkcs8", "base64"},
		{"a key that is written in base64", "a.yaml", "api_key = '" + random + "'\n", "generic-", ""},
		{"JSON in a URL", "a.html", "?x=" + inPercent(`{"password":"Xk92hunter!23456"}`), "generic-password", "percent"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fs, errs, _ := scanAll(t, New(set, Options{Workers: 1}), source(blob(test.path, test.content)))
			if len(fs) != 1 || len(errs) > 0 || !strings.HasPrefix(fs[0].RuleID, test.rule) || fs[0].Encoding != test.encoding {
				t.Errorf("Scan(%q) = %s%v, want a %s in %q", test.content, full(fs), errs, test.rule, test.encoding)
			}
		})
	}
}

// TestScanEncodedHostile: bounded time and memory, whatever comes.
func TestScanEncodedHostile(t *testing.T) {
	s := New(testSet(t), Options{Workers: 1})
	deep := "TOK-aaaa and text"
	for len(deep) < 3<<20 {
		deep = inBase64(deep)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	var escapes strings.Builder
	for escapes.Len() < 1<<20 {
		escapes.WriteString([]string{`\u004`, `\x4`, "%4", "%41", "&#4", "&#65;", `\"`, `\\`, "A", "\x00", "=", "QUFB", "4142"}[rnd.IntN(13)])
	}
	for _, content := range []string{
		deep,
		strings.Repeat("%25", 1<<19),
		strings.Repeat("&amp;", 1<<18) + strings.Repeat("amp;", 1<<18),
		strings.Repeat(`\\`, 1<<19) + `u0041`,
		strings.Repeat("4", 2<<20),
		strings.Repeat("A", 2<<20),
		strings.Repeat("QUFBQUFB\n", 1<<17),
		strings.Repeat("A\x00", 1<<20),
		escapes.String(),
	} {
		if _, errs, sum := scanAll(t, s, source(blob("f", content))); len(errs) > 0 || !sum.Complete() {
			t.Errorf("Scan(%.40q...): %v", content, errs)
		}
	}
}

// base64Lines yields one line of base64 without end, of text with a secret now
// and then.
type base64Lines struct {
	unit string
	left int
}

func (r *base64Lines) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.left)], r.unit)
	r.unit = r.unit[n:] + r.unit[:n]
	r.left -= n
	return n, nil
}

// TestScanEncodedLongLine: a line of base64 that does not fit into memory is
// decoded while it is read.
func TestScanEncodedLongLine(t *testing.T) {
	unit := inBase64(strings.Repeat("some words; ", 5461) + " TOK-aaaa ==") // 87,392 characters, no padding
	if len(unit)%4 != 0 || strings.HasSuffix(unit, "=") {
		t.Fatalf("the unit has %d characters", len(unit))
	}
	const times = 100
	b := Blob{Path: "f", Size: -1, Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(&base64Lines{unit: unit, left: times * len(unit)}), nil
	}}
	fs, errs, _ := scanAll(t, New(testSet(t), Options{Workers: 1, Window: 1 << 16}), source(b))
	if len(fs) != times || len(errs) > 0 {
		t.Fatalf("Scan = %d findings, %v, want %d", len(fs), errs, times)
	}
	for i, f := range fs {
		at := int64(i*len(unit)) + fs[0].Location.Start
		if f.Location.Start != at || f.Location.Line != 1 || f.Location.Column != int(at)+1 || f.Secret.Reveal() != "TOK-aaaa" {
			t.Fatalf("finding %d = %s, want it at %d", i, full(fs[i:i+1]), at)
		}
	}
}
