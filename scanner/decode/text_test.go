package decode_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/cork-scanner/cork/scanner/decode"
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func wrapped(s string, width int, between string) string {
	var lines []string
	for ; len(s) > width; s = s[width:] {
		lines = append(lines, s[:width])
	}
	return strings.Join(append(lines, s), between)
}

func utf16le(s string) string {
	var b bytes.Buffer
	for _, u := range utf16.Encode([]rune(s)) {
		b.Write([]byte{byte(u), byte(u >> 8)})
	}
	return b.String()
}

func utf16be(s string) string {
	b := []byte(utf16le(s))
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

func escaped(format, s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

const clear = `name = "a text to be hidden, 1234567890 >>> ??? ~~~"`

func TestTextDecode(t *testing.T) {
	long := strings.Repeat(clear+"\n", 8)
	noPadding := strings.TrimRight(b64(clear+"x"), "=")
	std := b64(clear)
	if !strings.ContainsAny(std, "+/") || len(clear)%3 == 0 {
		t.Fatalf("base64 of the clear text is %q: it should need + and / and padding", std)
	}
	for _, test := range []struct {
		name, src, want, encoding string
	}{
		{"plain", "nothing here", "", ""},
		{"base64", "x: " + std + " # y", "x: " + clear + " # y", "base64"},
		{"without padding", "x: '" + noPadding + "'", "x: '" + clear + "x'", "base64"},
		{"alphabet for URLs", "?x=" + base64.RawURLEncoding.EncodeToString([]byte(clear)) + "&y", "?x=" + clear + "&y", "base64"},
		{"wrapped at 64", "x: |\n" + wrapped(b64(long), 64, "\n") + "\n", "x: |\n" + long + "\n", "base64"},
		{"wrapped at 76 with CRLF", "x\r\n" + wrapped(b64(long), 76, "\r\n") + "\r\n", "x\r\n" + long + "\r\n", "base64"},
		{"wrapped at 61", wrapped(b64(long), 61, "\n"), long, "base64"},
		{"indented", "x: >-\n    " + wrapped(b64(long), 64, "\n    ") + "\ny: z", "x: >-\n    " + long + "\ny: z", "base64"},
		{"in comments", "# " + wrapped(b64(long), 64, "\n# ") + "\n", "# " + long + "\n", "base64"},
		{"escaped line ends", `{"x": "` + wrapped(b64(long), 64, `\n`) + `\n"}`, `{"x": "` + long + "\n" + `"}`, "base64"},
		{"escaped CRLF", `{"x": "` + wrapped(b64(long), 64, `\r\n`) + `"}`, `{"x": "` + long + `"}`, "base64"},
		{"joined by code", `x = "` + wrapped(b64(long), 64, "\" +\n\t\t\"") + `";`, `x = "` + long + `";`, "base64"},
		{"joined by a backslash", `x = "` + wrapped(b64(long), 64, "\\\n") + `";`, `x = "` + long + `";`, "base64"},
		{"escaped slashes", `"` + strings.ReplaceAll(std, "/", `\/`) + `"`, `"` + clear + `"`, "base64"},
		{"escaped plus", `"` + strings.ReplaceAll(strings.ReplaceAll(std, "+", `\u002B`), "=", `\u003D`) + `"`, `"` + clear + `"`, "base64"},
		{"in a URL", "?x=" + url.QueryEscape(std) + "&y", "?x=" + clear + "&y", "base64"},
		{"in HTML", `value="` + strings.ReplaceAll(std, "+", "&#43;") + `"`, `value="` + clear + `"`, "base64"},
		{"behind an escape", `\n` + std, "\n" + clear, "base64"},
		{"glued to something", "abc" + std + " y", "abc\n" + clear + " y", "base64"},
		{"between bytes", b64("\x00\xff\x01\x02\x80"+clear+"\xfe\x00\x01\x80") + ".", "AP8BAo\n" + clear + "\n/gABgA==.", "base64"},
		{"UTF-16 in base64", "-enc " + base64.StdEncoding.EncodeToString([]byte(utf16le(clear))), "-enc " + clear, "base64, utf-16"},
		{"UTF-16BE in base64", "-enc " + base64.StdEncoding.EncodeToString([]byte(utf16be(clear))), "-enc " + clear, "base64, utf-16"},
		{"hex", "x'" + hex.EncodeToString([]byte(clear)) + "'", "x'" + clear + "'", "hex"},
		{"hex in capitals", `'\x` + strings.ToUpper(hex.EncodeToString([]byte(clear))) + "'", "'\\x\n" + clear + "'", "hex"},
		{"wrapped hex", wrapped(hex.EncodeToString([]byte(long)), 60, "\n"), long, "hex"},
		{"percent", url.PathEscape(clear), clear, "percent"},
		{"JSON", escaped(`\u%04x`, clear), clear, "json"},
		{"C", escaped(`\x%02x`, clear), clear, "c"},
		{"octal", `\x20` + escaped(`\%03o`, clear), " " + clear, "c"},
		{"surrogates", `\u0041\ud83d\ude00\ud800.`, "A\U0001F600\uFFFD.", "json"},
		{"code points", `\u0041 \u{1F600} \U0001F600 \U00110000 \u{x}`, "A \U0001F600 \U0001F600 \\U00110000 \\u{x}", "json"},
		{"JSON in JSON", `"{\"name\": \"x\\\"y\\/\"}"`, `"{"name": "x\"y\/"}"`, "json"},
		{"HTML", escaped("&#%d;", clear), clear, "html"},
		{"HTML in hex and by name", "&#x41;&quot;&amp;&apos;&lt;&gt;&unknown;&#0;&#x110000;", `A"&'<>&unknown;&#0;&#x110000;`, "html"},
		{"UTF-16 in bytes", "\xff\x01" + utf16le(clear) + "\xff\xff", "\xff\x01" + clear + "\xff\xff", "utf-16"},
		{"UTF-16BE in bytes", "\xff\x01" + utf16be(clear) + "\xff\xff", "\xff\x01" + clear + "\xff\xff", "utf-16"},
		{"text of other letters", b64("Пароль для базы данных: " + clear), "Пароль для базы данных: " + clear, "base64"},
		{"a picture", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "", ""},
		{"cut off", std[:len(std)-7], clear[:48] + "\nf", "base64"},
		{"escapes cut off", `\u004`, "", ""},
		{"percent cut off", "%41%4", "A%4", "percent"},
		{"one too many", strings.TrimRight(b64(clear+"x"), "=") + "A.", "", "base64"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var text decode.Text
			got, encoding := "", ""
			if text.Decode([]byte(test.src)) {
				got = string(text.Bytes())
				at := max(0, strings.Index(got, "text to be"))
				encoding = text.Encoding(at, len(got))
			}
			if got != test.want && test.want != "" || (got != "") != (test.encoding != "") || encoding != test.encoding {
				t.Errorf("Decode(%q) = %q in %q, want %q in %q", test.src, got, encoding, test.want, test.encoding)
			}
			checkText(t, test.src, &text)
		})
	}
}

// TestTextDecodeMisaligned: a chunk can begin at any character of base64, of
// text that seems to be text in another grouping here and there.
func TestTextDecodeMisaligned(t *testing.T) {
	clear := strings.Repeat("/* some words */ x = \"++++++++++++++++++++++++++++++++\";\n\t******************************\n", 20)
	for skip := range 12 {
		src := b64(clear)[skip:]
		want := clear[(skip*3+3)/4+3:]
		var text decode.Text
		if !text.Decode([]byte(src)) || !strings.HasSuffix(string(text.Bytes()), want) {
			t.Errorf("Decode(%q) = %q, want the end of %q", src, text.Bytes(), clear)
		}
	}
}

// checkText checks the promises of a Text about a root.
func checkText(t *testing.T, root string, text *decode.Text) {
	t.Helper()
	n := len(text.Bytes())
	if n > len(root)+len(root)/8+2 {
		t.Errorf("Decode(%q) has %d bytes", root, n)
	}
	last := 0
	for i := range n {
		start, end := text.Span(i, i+1)
		if start < last || end < start || end > len(root) || start != text.Start(i) {
			t.Fatalf("Decode(%q): byte %d comes from [%d:%d), the one before begins at %d", root, i, start, end, last)
		}
		last = start
		if text.Encoding(i, i+1) == "" && end > start && root[start:end] != string(text.Bytes()[i:i+1]) {
			t.Fatalf("Decode(%q): byte %d is %q and comes from %q", root, i, text.Bytes()[i], root[start:end])
		}
		if at := text.Offset(start); at > i || at < i && text.Start(at) != start {
			t.Fatalf("Decode(%q): Offset(%d) = %d, want at most %d", root, start, at, i)
		}
	}
}

// FuzzText: what is decoded maps back inside of what it was decoded from, to
// any depth, and does not grow.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"", clear, b64(clear), b64(b64(clear)), hex.EncodeToString([]byte(b64(clear))), "abc" + b64(clear) + "=", b64(utf16le(clear)),
		escaped(`\u%04x`, clear), escaped(`\x%02x`, b64(clear)), url.QueryEscape(b64(clear)), escaped("&#%d;", clear), utf16le(b64(clear)),
		b64(`{"x": "` + escaped(`\u%04x`, clear) + `"}`), wrapped(b64(strings.Repeat(clear, 5)), 64, "\n  "), `\ud800\ud800\udc00\u{110000}%%4&#x;`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, root []byte) {
		var texts [5]decode.Text
		for i := range texts {
			ok := false
			if i == 0 {
				ok = texts[0].Decode(root)
			} else {
				n := len(texts[i-1].Bytes())
				ok = texts[i].DecodePart(&texts[i-1], n/8, n)
			}
			checkText(t, string(root), &texts[i])
			if !ok {
				break
			}
		}
	})
}

// regionsOf returns the regions of a text that is read in windows, as a caller
// has to read it: offsets in the text.
func regionsOf(text []byte, chunk, overlap, window int) (all []decode.Region) {
	r := decode.Regions{Chunk: chunk, Overlap: overlap}
	margin := (chunk+2*overlap+r.Context()+1)/2 + 8
	base, end := 0, 0
	for end < len(text) {
		end = min(len(text), base+2*margin+window)
		for _, got := range r.Next(text[base:end], int64(base), end == len(text)) {
			for _, p := range []*int{&got.Start, &got.End, &got.CoreStart, &got.CoreEnd, &got.SeedStart, &got.SeedEnd} {
				*p += base
			}
			all = append(all, got)
		}
		base = max(base, end-2*margin)
	}
	return all
}

func checkRegions(t *testing.T, text []byte, chunk, overlap, window int) {
	t.Helper()
	want := regionsOf(text, chunk, overlap, len(text)+1)
	var inGo []decode.Region
	decode.WithoutVectorsForTest(func() { inGo = regionsOf(text, chunk, overlap, window) })
	got := regionsOf(text, chunk, overlap, window)
	if fmt.Sprint(got) != fmt.Sprint(inGo) {
		t.Fatalf("regions of %q in chunks of %d in windows of %d = %+v with vectors, %+v without", text, chunk, window, got, inGo)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("regions of %q in chunks of %d in windows of %d = %+v, want %+v", text, chunk, window, got, want)
	}
	core := 0
	for _, r := range got {
		if r.Start > r.CoreStart || r.CoreStart > r.SeedStart || r.SeedStart > r.SeedEnd || r.SeedEnd > r.CoreEnd || r.CoreEnd > r.End ||
			r.Start < 0 || r.End > len(text) || r.SeedStart < core {
			t.Fatalf("regions of %q: %+v", text, got)
		}
		core = r.SeedEnd
	}
}

// FuzzRegions: where windows end does not change what is looked at.
func FuzzRegions(f *testing.F) {
	for _, seed := range []string{"", clear, b64(clear), hex.EncodeToString([]byte(clear)), `a\u0041b`, "%41", "&quot;", utf16le(clear)} {
		f.Add([]byte(seed), uint8(100), uint8(40), uint16(300), uint16(7))
		f.Add([]byte(strings.Repeat(seed+" z\n", 20)), uint8(100), uint8(30), uint16(10), uint16(700))
	}
	f.Fuzz(func(t *testing.T, piece []byte, chunk, overlap uint8, pad, window uint16) {
		var text []byte
		for i := range 4 {
			text = append(text, bytes.Repeat([]byte("z \n"), int(pad)%(500+i))...)
			text = append(text, piece...)
		}
		c := 1 + int(chunk)
		checkRegions(t, text, c, int(overlap)%c/2, 1+int(window))
	})
}

func TestRegionsOfRandomText(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	parts := []string{b64(clear), hex.EncodeToString([]byte(clear)), "\\u0041", "%41", "&amp;", " ", "\n", "word", "another_word_of_some_length", utf16le("abcdefghijkl"), "\x00"}
	for range 200 {
		var text []byte
		for n := rnd.IntN(60); n > 0; n-- {
			for p, k := parts[rnd.IntN(len(parts))], 1<<rnd.IntN(8); k > 0; k-- {
				text = append(text, p...)
			}
		}
		chunk := 1 + rnd.IntN(2000)
		checkRegions(t, text, chunk, rnd.IntN(chunk/2+1), 1+rnd.IntN(3000))
	}
}

func BenchmarkDecode(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 1<<20)
	for i := range random {
		random[i] = byte(rnd.Uint32())
	}
	source := strings.Repeat("func f(x int) string { return strings.Repeat(\"ab\\n\", x) } // a comment of_some_length\n", 12_000)
	for _, bench := range []struct{ name, text string }{
		{"source", source},
		{"base64-of-source", b64(source)},
		{"base64-of-random", b64(string(random))},
		{"hex-of-random", hex.EncodeToString(random)},
		{"escapes", escaped(`\u%04x`, source[:200_000])},
		{"random", string(random)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			text := []byte(bench.text)
			r := decode.Regions{Chunk: 32 << 10, Overlap: 16 << 10}
			var out decode.Text
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				r.Reset()
				for _, part := range r.Next(text, 0, true) {
					out.Decode(text[part.Start:part.End])
				}
			}
		})
	}
}
