package decode_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/cork-scanner/cork/scanner/decode"
)

func TestReader(t *testing.T) {
	long := strings.Repeat("s\x00e\x00t\x00 \x00=\x00\n\x00", 20_000)
	tests := []struct {
		name, in string
		enc      decode.Encoding
		mark     int
		want     string
	}{
		{"empty", "", decode.Raw, 0, ""},
		{"ascii", "abc", decode.Raw, 0, "abc"},
		{"utf-8", "é😀", decode.Raw, 0, "é😀"},
		{"broken utf-8", "a\xff\xc3", decode.Raw, 0, "a\xff\xc3"},
		{"utf-8 mark", "\xEF\xBB\xBFabc", decode.UTF8BOM, 3, "abc"},
		{"utf-8 mark alone", "\xEF\xBB\xBF", decode.UTF8BOM, 3, ""},
		{"half a mark", "\xEF\xBB", decode.Raw, 0, "\xEF\xBB"},
		{"utf-16le mark", "\xFF\xFEa\x00\xe9\x00\x3d\xd8\x00\xde", decode.UTF16LE, 2, "aé😀"},
		{"utf-16be mark", "\xFE\xFF\x00a\x00\xe9\xd8\x3d\xde\x00", decode.UTF16BE, 2, "aé😀"},
		{"utf-16le mark alone", "\xFF\xFE", decode.UTF16LE, 2, ""},
		{"utf-16le", "k\x00e\x00y\x00", decode.UTF16LE, 0, "key"},
		{"utf-16be", "\x00k\x00e\x00y", decode.UTF16BE, 0, "key"},
		{"utf-16le, one character", "k\x00", decode.UTF16LE, 0, "k"},
		{"mostly another script", "\x42\x30\x44\x30\x46\x30\x48\x30\x0a\x00", decode.UTF16LE, 0, "あいうえ\n"},
		{"long utf-16le", long, decode.UTF16LE, 0, strings.ReplaceAll(long, "\x00", "")},
		{"odd byte", "\xFF\xFEa\x00b", decode.UTF16LE, 2, "a\uFFFD"},
		{"odd byte alone", "\xFF\xFEb", decode.UTF16LE, 2, "\uFFFD"},
		{"lone high surrogate", "\xFF\xFE\x3d\xd8a\x00", decode.UTF16LE, 2, "\uFFFDa"},
		{"lone low surrogate", "\xFF\xFE\x00\xdea\x00", decode.UTF16LE, 2, "\uFFFDa"},
		{"high surrogate at the end", "\xFF\xFEa\x00\x3d\xd8", decode.UTF16LE, 2, "a\uFFFD"},
		{"high surrogate and a byte", "\xFF\xFEa\x00\x3d\xd8b", decode.UTF16LE, 2, "a\uFFFD\uFFFD"},
		{"two high surrogates and a low one", "\xFF\xFE\x3d\xd8\x3d\xd8\x00\xde", decode.UTF16LE, 2, "\uFFFD😀"},
		{"utf-32le mark", "\xFF\xFE\x00\x00a\x00\x00\x00\x00\xf6\x01\x00", decode.UTF32LE, 4, "a😀"},
		{"utf-32be mark", "\x00\x00\xFE\xFF\x00\x00\x00a\x00\x01\xf6\x00", decode.UTF32BE, 4, "a😀"},
		{"utf-32le", "a\x00\x00\x00b\x00\x00\x00", decode.UTF32LE, 0, "ab"},
		{"utf-32be", "\x00\x00\x00a\x00\x00\x00b", decode.UTF32BE, 0, "ab"},
		{"utf-16 that begins with a zero", "\xFF\xFE\x00\x00a\x00b\x00", decode.UTF16LE, 2, "\x00ab"},
		{"utf-32 cut off", "\xFF\xFE\x00\x00a\x00\x00\x00b\x00\x00", decode.UTF32LE, 4, "a\uFFFD"},
		{"a few zeros", "abc\x00def\x00" + strings.Repeat("text ", 20), decode.Raw, 0, "abc\x00def\x00" + strings.Repeat("text ", 20)},
		{"zeros everywhere", strings.Repeat("\x00", 99), decode.Raw, 0, strings.Repeat("\x00", 99)},
		{"zeros at odd and even places", strings.Repeat("\x01\x00\x00\x07abc", 20), decode.Raw, 0, strings.Repeat("\x01\x00\x00\x07abc", 20)},
		{"utf-16 later on", strings.Repeat("plain\n", 2000) + long, decode.Raw, 0, strings.Repeat("plain\n", 2000) + long},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, wrap := range map[string]func(io.Reader) io.Reader{
				"whole":        func(r io.Reader) io.Reader { return r },
				"one byte":     iotest.OneByteReader,
				"half":         iotest.HalfReader,
				"data and EOF": iotest.DataErrReader,
			} {
				r := decode.NewReader(wrap(strings.NewReader(tt.in)))
				var tee bytes.Buffer
				r.Tee(&tee)
				got, err := io.ReadAll(iotest.OneByteReader(r))
				if err != nil || string(got) != tt.want || r.Encoding() != tt.enc || r.Mark() != tt.mark {
					t.Errorf("%s: read %.60q, %v as %v with mark %d, want %.60q as %v with %d", name, got, err, r.Encoding(), r.Mark(), tt.want, tt.enc, tt.mark)
				}
				if tee.String() != tt.in || r.Consumed() != int64(len(tt.in)) {
					t.Errorf("%s: teed %.60q, consumed %d, want %.60q, %d", name, tee.String(), r.Consumed(), tt.in, len(tt.in))
				}
			}
		})
	}
}

func TestReaderReset(t *testing.T) {
	var r decode.Reader
	for range 2 {
		for in, want := range map[string]string{"\xFF\xFEa\x00b": "a\uFFFD", "abc": "abc", "": "", "\xEF\xBB\xBFx": "x", "\xFF\xFE\x00\x00a\x00\x00\x00": "a"} {
			r.Reset(strings.NewReader(in))
			var one [1]byte
			r.Read(one[:]) // leave something behind
			r.Reset(strings.NewReader(in))
			if got, err := io.ReadAll(&r); err != nil || string(got) != want || r.Consumed() != int64(len(in)) {
				t.Errorf("after Reset, reading %q = %q, %v, want %q", in, got, err, want)
			}
		}
	}
}

func TestReaderErrors(t *testing.T) {
	boom := errors.New("boom")
	for _, in := range []string{"", "abc", "\xEF\xBB\xBFabc", "\xFF\xFEa\x00b", "\xFF\xFEa\x00\x3d\xd8", strings.Repeat("x", 10_000), strings.Repeat("x\x00", 10_000)} {
		// io.ErrUnexpectedEOF is what a cut off archive member says; it must
		// not be taken for the end.
		for _, want := range []error{boom, io.ErrUnexpectedEOF} {
			r := decode.NewReader(io.MultiReader(strings.NewReader(in), iotest.ErrReader(want)))
			got, err := io.ReadAll(r)
			if !errors.Is(err, want) {
				t.Errorf("reading %.20q and then %v: read %.20q, %v", in, want, got, err)
			}
			whole, _ := io.ReadAll(decode.NewReader(strings.NewReader(in)))
			if !bytes.HasPrefix(whole, got) || len(got) < len(whole)-2*utf8.UTFMax {
				t.Errorf("reading %.20q and then %v: read %d bytes, want nearly %d", in, want, len(got), len(whole))
			}
		}
	}
	r := decode.NewReader(strings.NewReader("abc"))
	r.Tee(failing{boom})
	if _, err := io.ReadAll(r); !errors.Is(err, boom) {
		t.Errorf("with a tee that fails: %v, want %v", err, boom)
	}
	if _, err := io.ReadAll(decode.NewReader(stuck{})); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("with a reader that is stuck: %v, want io.ErrNoProgress", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// FuzzReader: what is read does not depend on the size of reads; the mark plus
// the span of any text before a character is where the character lies in the
// original, spans of neighbours meet and end at the end; and the original
// bytes of any stretch of text decode to that text again.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"", "abc", "\xEF\xBB\xBFa\xff", "\xFF\xFEa\x00\x3d\xd8\x00\xdeb", "\xFE\xFF\x00a\xd8\x3d\xde\x00\xde\x00", "\xFF\xFE\x00\x00a\x00\x00\x00\x00\xd8\x00\x00b", "\x00\x00\xFE\xFF\x00\x00\x00a", "a\x00b\x00\x00"} {
		f.Add([]byte(seed), uint8(1), uint8(3))
	}
	f.Fuzz(func(t *testing.T, in []byte, a, b uint8) {
		r := decode.NewReader(bytes.NewReader(in))
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		slow, err := io.ReadAll(iotest.OneByteReader(decode.NewReader(iotest.OneByteReader(bytes.NewReader(in)))))
		if err != nil || !bytes.Equal(slow, text) {
			t.Fatalf("decoding %q byte by byte = %q, %v, want %q", in, slow, err, text)
		}
		size := int64(len(in))
		if r.Consumed() != size {
			t.Fatalf("Consumed() = %d of %d", r.Consumed(), size)
		}
		orig := func(off int) int64 {
			return min(size, int64(r.Mark())+r.Encoding().Span(text[:off]))
		}
		if !r.Encoding().Wide() {
			if got := orig(len(text)); got != size {
				t.Fatalf("the end of %q is at %d, want %d", in, got, size)
			}
			return
		}
		if !utf8.Valid(text) {
			t.Fatalf("decoding %q = %q, which is no UTF-8", in, text)
		}
		bounds := []int{0}
		for i := range string(text) {
			if i > 0 {
				bounds = append(bounds, i)
			}
		}
		bounds = append(bounds, len(text))
		prev := int64(-1)
		for _, off := range bounds {
			o := orig(off)
			if o < prev || o > size || off > 0 && o == prev && off != bounds[0] {
				t.Fatalf("offset %d of %q maps to %d after %d", off, text, o, prev)
			}
			prev = o
		}
		if prev != size {
			t.Fatalf("the end of %q is at %d, want %d", in, prev, size)
		}
		i, j := int(a)%len(bounds), int(b)%len(bounds)
		i, j = min(i, j), max(i, j)
		part := in[orig(bounds[i]):orig(bounds[j])]
		mark := map[decode.Encoding]string{decode.UTF16LE: "\xFF\xFE", decode.UTF16BE: "\xFE\xFF", decode.UTF32LE: "\xFF\xFE\x00\x00", decode.UTF32BE: "\x00\x00\xFE\xFF"}[r.Encoding()]
		again := decode.NewReader(strings.NewReader(mark + string(part)))
		if again.Encoding() != r.Encoding() {
			return // a part of UTF-16 can look like UTF-32
		}
		got, _ := io.ReadAll(again)
		if want := text[bounds[i]:bounds[j]]; !bytes.Equal(got, want) {
			t.Fatalf("text[%d:%d] of %q = %q, and what it maps back to is %q", bounds[i], bounds[j], in, want, got)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	plain := bytes.Repeat([]byte("key = value # comment\n"), 50_000)
	wide := make([]byte, 0, 2*len(plain))
	for _, c := range plain {
		wide = append(wide, c, 0)
	}
	for name, content := range map[string][]byte{"raw": plain, "utf16": wide} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := io.Copy(io.Discard, decode.NewReader(bytes.NewReader(content))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
