package scanner

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"
	"testing/iotest"
)

func TestScanReportsNewLinesOnly(t *testing.T) {
	wide := func(s string) string { return "\xFF\xFE" + utf16le(s) }
	tests := []struct {
		name, content string
		before        []string // nil: no Before
		want          string
	}{
		{"no old version", "TOK-aaaa\n", nil, "tok:1"},
		{"empty old version", "TOK-aaaa\n", []string{""}, "tok:1"},
		{"the line is old", "x\nTOK-aaaa\n", []string{"TOK-aaaa\ny\n"}, ""},
		{"the line was changed", "x TOK-aaaa\n", []string{"y TOK-aaaa\n"}, "tok:1"},
		{"moved and copied", "TOK-aaaa\nx\nTOK-aaaa\n", []string{"x\nTOK-aaaa\n"}, ""},
		{"in one of two versions", "TOK-aaaa\nTOK-bbbb\nTOK-cccc\n", []string{"TOK-aaaa\n", "TOK-bbbb\n"}, "tok:3"},
		{"line ends changed", "a\r\nTOK-aaaa\r\n", []string{"a\nTOK-aaaa\n"}, ""},
		{"line end added", "TOK-aaaa\nb\n", []string{"TOK-aaaa"}, ""},
		{"line end removed", "TOK-aaaa", []string{"TOK-aaaa\r\n"}, ""},
		{"a part of an old line", "TOK-aaaa", []string{"xTOK-aaaa", "TOK-aaaax"}, "tok:1"},
		{"from utf-16", "x\nTOK-aaaa\n", []string{wide("x\r\nTOK-aaaa\r\n")}, ""},
		{"to utf-16", wide("x\r\nTOK-aaaa\r\n"), []string{"x\nTOK-aaaa\n"}, ""},
		{"utf-16 with a new line", wide("x\nTOK-aaaa\nTOK-bbbb\n"), []string{wide("x\nTOK-aaaa\n")}, "tok:3"},
		{"block untouched", "x\nBEGIN BLOCK\naa\nbb\nEND BLOCK\n", []string{"y\nBEGIN BLOCK\naa\nbb\nEND BLOCK\n"}, ""},
		{"block changed inside", "BEGIN BLOCK\naa\nbc\nEND BLOCK\n", []string{"BEGIN BLOCK\naa\nbb\nEND BLOCK\n"}, "block:1"},
		{"block changed at its end", "BEGIN BLOCK\naa\nEND BLOCK x\n", []string{"BEGIN BLOCK\naa\nEND BLOCK\n"}, "block:1"},
		{"two on a new line", "TOK-aaaa pass=abc\n", []string{"TOK-aaaa\npass=abc\n"}, "tok:1 pass:1"},
		{"carriage returns", "x\r\r\nTOK-aaaa\r\r\n", []string{"TOK-aaaa\r\n"}, "tok:2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, pad := range []string{"", strings.Repeat("pad\n", 2000), strings.Repeat("pad ", 2000) + "\n"} {
				b := blob("f", tt.content+"\n"+pad)
				if strings.HasPrefix(tt.content, "\xFF\xFE") {
					b = blob("f", tt.content+utf16le(pad))
				}
				if tt.before != nil {
					b.Before = before(tt.before...)
				}
				for _, window := range []int{0, 7} {
					fs, errs, _ := scanAll(t, New(testSet(t), Options{Window: window}), source(b))
					if got := ids(fs); got != tt.want || len(errs) > 0 {
						t.Errorf("window %d, pad %d: Scan(%q, before %q) = %q (%v), want %q", window, len(pad), tt.content, tt.before, got, errs, tt.want)
					}
				}
			}
		})
	}
}

func TestScanHugeOldLine(t *testing.T) {
	huge := strings.Repeat("wide ", 50_000)
	content := huge + "TOK-aaaa" + huge
	for window := range 3 {
		s := New(testSet(t), Options{Window: window * 1000})
		b := blob("f", content)
		b.Before = before("x", "x\n"+content+"\r\ny")
		if fs, _, _ := scanAll(t, s, source(b)); len(fs) > 0 {
			t.Errorf("an old line of %d bytes is reported", len(content))
		}
		b.Before = before("x\ny" + content)
		if fs, _, _ := scanAll(t, s, source(b)); len(fs) != 1 {
			t.Errorf("a new line of %d bytes is not reported", len(content))
		}
	}
}

func TestScanOldVersionUnreadable(t *testing.T) {
	boom := errors.New("boom")
	b := blob("f", "TOK-aaaa\nTOK-bbbb\nTOK-cccc\n")
	b.Before = func(context.Context) iter.Seq2[io.ReadCloser, error] {
		return func(yield func(io.ReadCloser, error) bool) {
			torn := io.MultiReader(strings.NewReader("TOK-aaaa\n"), iotest.ErrReader(io.ErrUnexpectedEOF))
			_ = yield(nil, boom) && yield(io.NopCloser(torn), nil) && yield(io.NopCloser(strings.NewReader("TOK-bbbb\n")), nil)
		}
	}
	fs, errs, sum := scanAll(t, New(testSet(t), Options{}), source(b))
	if got := ids(fs); got != "tok:3" || len(errs) != 2 || sum.Complete() {
		t.Errorf("Scan = %q, errors %q, want the line that is in no version, and both errors", got, errs)
	}
}

func TestScanAsksForOldVersionsOnlyIfNeeded(t *testing.T) {
	for content, want := range map[string]int{"nothing": 0, "UNS-abcdef": 0, "TOK-aaaa": 1} {
		asked, closed := 0, 0
		b := blob("f", content)
		b.Before = func(context.Context) iter.Seq2[io.ReadCloser, error] {
			return func(yield func(io.ReadCloser, error) bool) {
				asked++
				yield(closer{strings.NewReader(content), &closed}, nil)
			}
		}
		scanAll(t, New(testSet(t), Options{}), source(b))
		if asked != want || closed != want {
			t.Errorf("Scan(%q) asked for old versions %d times and closed %d, want %d", content, asked, closed, want)
		}
	}
}

type closer struct {
	io.Reader
	closed *int
}

func (c closer) Close() error { *c.closed++; return nil }
