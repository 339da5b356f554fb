package decode

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestClassify: sixty-four bytes at once are what the table says of each, with
// vectors and without.
func TestClassify(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	tab := tables()
	for n := range 2000 {
		text := make([]byte, wordBits*(1+n%5))
		for i := range text {
			text[i] = byte(rnd.Uint32())
			if n%2 == 0 {
				text[i] &= 0x7F
			}
		}
		for c, in := range map[class]func(b byte) bool{
			ofRuns:    func(b byte) bool { return tab.value[b] != notBase64 },
			ofEscapes: func(b byte) bool { return tab.special[b] },
		} {
			want := make([]uint64, len(text)/wordBits)
			for i, b := range text {
				if in(b) {
					want[i/wordBits] |= 1 << (i % wordBits)
				}
			}
			got := make([]uint64, len(want))
			if classifyGeneric(text, c, got); !slices.Equal(got, want) {
				t.Fatalf("in Go, class %#x of %q: %x, want %x", c, text, got, want)
			}
			if !vectors {
				continue
			}
			clear(got)
			if classifyVectors(&text[0], len(got), c, &got[0]); !slices.Equal(got, want) {
				t.Fatalf("with vectors, class %#x of %q: %x, want %x", c, text, got, want)
			}
		}
	}
}

// wordsAndGaps returns words of base64 with something between them, some of
// them long and some of them text in base64.
func wordsAndGaps(rnd *rand.Rand) []byte {
	var text []byte
	for range rnd.IntN(12) {
		switch rnd.IntN(6) {
		case 0:
			plain := make([]byte, rnd.IntN(60))
			for i := range plain {
				plain[i] = "abcdefgh ijklmnop.ABC"[rnd.IntN(21)]
			}
			text = base64.StdEncoding.AppendEncode(text, plain)
		case 2:
			text = append(text, bytes.Repeat([]byte{"AUadz05/"[rnd.IntN(8)]}, rnd.IntN(300))...)
		case 1:
			for range rnd.IntN(200) {
				text = append(text, "0123456789abcdef"[rnd.IntN(16)])
			}
		default:
			for range rnd.IntN(30) {
				text = append(text, "abcXYZ019+/-_"[rnd.IntN(13)])
			}
		}
		text = append(text, "  .\n%\x00\\\"ä"[:rnd.IntN(10)]...)
	}
	return text
}

// TestMarksRun compares the runs that marks finds with those found byte by byte.
func TestMarksRun(t *testing.T) {
	compareMarksRun(t)
	WithoutVectorsForTest(func() { compareMarksRun(t) })
}

func compareMarksRun(t *testing.T) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(2, 3))
	tab := tables()
	long := 0
	for n := range 20_000 {
		text := wordsAndGaps(rnd)
		if n%50 == 0 { // several fills
			for len(text) < 3*wordBits*len(marks{}.words) {
				text = append(text, wordsAndGaps(rnd)...)
			}
		}
		limit := rnd.IntN(len(text) + 1)
		i := rnd.IntN(limit + 1)
		start, end := i, i
		for k := i; ; k++ {
			if k < limit && tab.value[text[k]] != notBase64 {
				end = k + 1
				continue
			}
			if k == limit || end-start >= endBase64 {
				break
			}
			start, end = k+1, k+1
		}
		m := marks{buf: text, limit: limit, class: ofRuns}
		gotStart, gotEnd := m.run(i)
		if gotEnd != end || gotStart != start {
			t.Fatalf("run(%d) of %q up to %d: %d to %d, want %d to %d", i, text, limit, gotStart, gotEnd, start, end)
		}
		if end-start >= endBase64 {
			long++
		}
	}
	if long < 1000 {
		t.Errorf("only %d long runs", long)
	}
	t.Logf("%d long runs", long)
}

// slowSeeds returns the seeds in a run that begins at that offset, by a look at
// each character.
func slowSeeds(run []byte, at int64) (seeds []seed) {
	tab := tables()
	s := uint64(0)
	for i, c := range run {
		s = (s + step) & tab.keep[(at+int64(i))&3][c]
		if (s+full)&highest == 0 {
			continue
		}
		if s = 0; !isFill(run[max(0, i+1-seedHex) : i+1]) {
			seeds = append(seeds, seed{at + int64(i) + 1 - seedHex, at + int64(i) + 1})
		}
	}
	if n := int64(len(run)); n <= shortRun && (s+fullEnd)&highest != 0 {
		seeds = append(seeds, seed{at + n - endBase64, at + n})
	}
	return seeds
}

// TestRunSeeds compares the seeds that are found in runs with those of a search
// that passes over nothing.
func TestRunSeeds(t *testing.T) {
	compareRunSeeds(t)
	WithoutVectorsForTest(func() { compareRunSeeds(t) })
}

func compareRunSeeds(t *testing.T) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(4, 5))
	seeds, passed := 0, 0
	for range 20_000 {
		text := wordsAndGaps(rnd)
		base := int64(rnd.IntN(4))
		var got, want Regions
		got.runs(text, base, 0, len(text), true)
		m := marks{buf: text, limit: len(text), class: ofRuns}
		for i := 0; i < len(text); {
			start, end := m.run(i)
			if end-start < endBase64 {
				break
			}
			if !got.mayBeText(text[start:end], base+int64(start)) {
				passed++
			}
			one := slowSeeds(text[start:end], base+int64(start))
			for _, s := range one {
				want.add(0, s.start, s.end)
			}
			i = end
		}
		if !slices.Equal(got.seeds, want.seeds) {
			t.Fatalf("seeds of %q from %d on: %v, want %v", text, base, got.seeds, want.seeds)
		}
		seeds += len(want.seeds)
	}
	if seeds < 1000 || passed < 1000 {
		t.Errorf("only %d seeds, %d runs passed over", seeds, passed)
	}
	t.Logf("%d seeds, %d runs passed over", seeds, passed)
}
