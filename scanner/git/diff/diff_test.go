package diff_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/scanner/git/diff"
)

// check says what is wrong with copies; "" if nothing is.
func check(from, to []byte, copies []diff.Copy) string {
	end := 0
	for i, c := range copies {
		switch {
		case c.Len <= 0 || c.From < 0 || c.From+c.Len > len(from) || c.To+c.Len > len(to):
			return fmt.Sprintf("copy %d, %+v, is not in both", i, c)
		case c.To < end:
			return fmt.Sprintf("copy %d, %+v, begins before %d, where the last one ends", i, c, end)
		case !bytes.Equal(from[c.From:c.From+c.Len], to[c.To:c.To+c.Len]):
			return fmt.Sprintf("copy %d, %+v, is not the same in both", i, c)
		}
		end = c.To + c.Len
	}
	return ""
}

func covered(copies []diff.Copy) (n int) {
	for _, c := range copies {
		n += c.Len
	}
	return n
}

func numbered(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "this is the line with the number %d\n", i)
	}
	return b.String()
}

// TestCopies: what a person would call the same is copied, all but so many bytes.
func TestCopies(t *testing.T) {
	file := numbered(0, 300)
	for _, test := range []struct {
		name, from, to string
		news           int // at most
	}{
		{"the same", file, file, 0},
		{"nothing", "", file, len(file)},
		{"to nothing", file, "", 0},
		{"other", file, numbered(1000, 1300), 12_000},
		{"a line more", file, numbered(0, 150) + "one more\n" + numbered(150, 300), 40},
		{"a line less", file, numbered(0, 150) + numbered(151, 300), 0},
		{"three changes", file, "begin\n" + numbered(0, 100) + "x\n" + numbered(101, 200) + "y\n" + numbered(201, 290), 120},
		{"moved", file, numbered(200, 300) + numbered(0, 200), 80},
		{"lines that are there twice", file + file, numbered(0, 150) + "one more\n" + numbered(150, 300) + file, 40},
		{"without a line end", strings.Repeat("x", 5000) + "a" + strings.Repeat("y", 5000), strings.Repeat("x", 5000) + "b" + strings.Repeat("y", 5000), 1},
		{"a line end less", file, strings.TrimSuffix(file, "\n"), 0},
		{"all of it twice", file, file + file, len(file)},
	} {
		var d diff.Differ
		copies := d.Copies([]byte(test.from), []byte(test.to))
		if wrong := check([]byte(test.from), []byte(test.to), copies); wrong != "" {
			t.Errorf("%s: %s", test.name, wrong)
		}
		if news := len(test.to) - covered(copies); news > test.news {
			t.Errorf("%s: %d bytes are new, want at most %d: %v", test.name, news, test.news, copies)
		}
	}
}

// TestCopiesAgain: a differ that is used again says what a new one does.
func TestCopiesAgain(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var again diff.Differ
	edit := func(s string) string {
		for range rnd.IntN(6) {
			at := rnd.IntN(len(s) + 1)
			s = s[:at] + numbered(rnd.IntN(400), rnd.IntN(420)) + s[min(len(s), at+rnd.IntN(300)):]
		}
		return s
	}
	copied := 0
	for n := range 300 {
		from := edit(numbered(0, rnd.IntN(300)))
		to := edit(from)
		var once diff.Differ
		got, want := again.Copies([]byte(from), []byte(to)), once.Copies([]byte(from), []byte(to))
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("run %d: used again %v, new %v", n, got, want)
		}
		if wrong := check([]byte(from), []byte(to), got); wrong != "" {
			t.Fatalf("run %d: %s", n, wrong)
		}
		copied += covered(got)
	}
	if copied < 1_000_000 {
		t.Errorf("only %d bytes were copied", copied)
	}
}

// FuzzCopies: copies are in both, the same in both, and ascending.
func FuzzCopies(f *testing.F) {
	f.Add([]byte(numbered(0, 20)), []byte(numbered(3, 12)+"x\n"+numbered(14, 20)))
	f.Add([]byte(strings.Repeat("abcdefgh\n", 40)), []byte(strings.Repeat("abcdefgh\n", 50)))
	f.Add([]byte("a"), []byte(""))
	f.Fuzz(func(t *testing.T, from, to []byte) {
		var d diff.Differ
		if wrong := check(from, to, d.Copies(from, to)); wrong != "" {
			t.Fatal(wrong)
		}
	})
}

func BenchmarkCopies(b *testing.B) {
	from := []byte(numbered(0, 5000))
	to := []byte(numbered(0, 1000) + "x\n" + numbered(1001, 4000) + "y\n" + numbered(4002, 5000))
	var d diff.Differ
	b.SetBytes(int64(len(to)))
	for b.Loop() {
		d.Copies(from, to)
	}
}

// withHash returns what a line of n bytes has in its middle if its hash is 0,
// whatever else is in it; see slot.
func withHash(n int) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(n)<<48^0xCA5A826395121157))
}

// TestCopiesOfLinesWithTheSameHash: a line that is cut off where the same end of both
// contents begins may have the hash of one that begins like it and is longer.
func TestCopiesOfLinesWithTheSameHash(t *testing.T) {
	short := "beginning123" + withHash(32) + "abcdefgh" + withHash(64)[:4] // 32 bytes
	more := withHash(64)[4:] + strings.Repeat("z", 27) + "M"               // 32 bytes
	from := strings.Repeat("a", 200) + "\n" + short + more + "the end"
	to := strings.Repeat("b", 200) + "\n" + short + more + more + "the end"
	var d diff.Differ
	copies := d.Copies([]byte(from), []byte(to))
	if wrong := check([]byte(from), []byte(to), copies); wrong != "" {
		t.Error(wrong)
	}
}
