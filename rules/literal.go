package rules

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strings"
	"sync"
)

// literalSet finds every occurrence of a set of literals in one pass. ASCII
// letters match in either case. It is immutable and safe for concurrent use.
//
// It is a filter, not an automaton. Of each literal one window of three bytes,
// the rarest it has, is entered in a bitmap by its hash; the scan looks every
// window of the text up in the bitmap and compares whole literals only where
// the bit is set. Compared with an Aho-Corasick automaton the positions do not
// depend on each other, so the processor works on several at a time; the
// bitmap stays in the first-level cache whatever the number of literals; and
// building takes microseconds for thousands of them, which a hook pays on
// every commit. The cost stays linear: a position costs at most one
// comparison for each literal that shares its window.
type literalSet struct {
	bitmap  [filterBits / 64]uint64
	anchors [filterBits / anchorShare]anchor // by hash: the literals that are anchored there
	texts   []literal
	lead    int // bytes, the largest distance from a literal's start to its anchor
}

// An anchor is where literals are anchored: those of a few hashes. before and behind have a bit for
// each byte, modulo 32, that can stand before and behind the windows of one of
// them, and all bits where that can be any: nearly every window that is no
// literal's is told by these.
type anchor struct {
	first          int32 // the number of the first literal, from 1; 0: none
	before, behind uint32
}

// anchorShare hashes share an anchor: fewer of them stay in the cache.
const anchorShare = 4

// A literal is anchored at its rarest window, which is offset bytes from its
// start. next is the number of the next one with the same hash, 0 at the end.
type literal struct {
	// What the literal's first eight bytes are, with 0x20 set in each, as the
	// text is looked at: most that share a window are told apart by this alone.
	word, mask uint64

	text   string // lower case
	offset int32
	next   int32
}

const (
	minLiteral = 3       // bytes
	filterBits = 1 << 16 // 8 KiB: measured best of 2^15 to 2^19 with 2,000 literals
)

func newLiteralSet(texts []string) *literalSet {
	l := &literalSet{texts: make([]literal, len(texts))}
	for i, t := range texts {
		off := rarestWindow(t)
		h := windowHash(uint32(t[off]) | uint32(t[off+1])<<8 | uint32(t[off+2])<<16 | 0x202020)
		l.bitmap[h>>6] |= 1 << (h & 63)
		s := &l.anchors[h/anchorShare]
		l.texts[i] = literal{text: t, offset: int32(off), next: s.first}
		for k := range min(8, len(t)) {
			l.texts[i].word |= uint64(t[k]|0x20) << (8 * k)
			l.texts[i].mask |= 0xFF << (8 * k)
		}
		s.first = int32(i) + 1
		before, behind := uint32(math.MaxUint32), uint32(math.MaxUint32)
		if off > 0 {
			before = 1 << (t[off-1] & 31)
		}
		if off+minLiteral < len(t) {
			behind = 1 << (t[off+minLiteral] & 31)
		}
		s.before |= before
		s.behind |= behind
		l.lead = max(l.lead, off)
	}
	return l
}

// windowHash hashes three bytes, the first in the lowest bits; the highest
// byte of w must be 0.
func windowHash(w uint32) uint32 { return (w * 0x9E3779B1) >> 16 }

// each calls hit for every literal that begins in buf[from:to), in the order
// of their anchors' positions.
func (l *literalSet) each(buf []byte, from, to int, hit func(literal, start int)) {
	end := min(to+l.lead, len(buf)-minLiteral+1) // one past the last anchor
	i := from
	// Eight bytes hold six windows.
	for ; i+6 <= end && i+8 <= len(buf); i += 6 {
		x := binary.LittleEndian.Uint64(buf[i:]) | 0x2020202020202020
		h0 := windowHash(uint32(x) & 0xFFFFFF)
		h1 := windowHash(uint32(x>>8) & 0xFFFFFF)
		h2 := windowHash(uint32(x>>16) & 0xFFFFFF)
		h3 := windowHash(uint32(x>>24) & 0xFFFFFF)
		h4 := windowHash(uint32(x>>32) & 0xFFFFFF)
		h5 := windowHash(uint32(x>>40) & 0xFFFFFF)
		m := l.bitmap[h0>>6]>>(h0&63)&1 |
			l.bitmap[h1>>6]>>(h1&63)&1<<1 |
			l.bitmap[h2>>6]>>(h2&63)&1<<2 |
			l.bitmap[h3>>6]>>(h3&63)&1<<3 |
			l.bitmap[h4>>6]>>(h4&63)&1<<4 |
			l.bitmap[h5>>6]>>(h5&63)&1<<5
		for ; m != 0; m &= m - 1 {
			k := bits.TrailingZeros64(m)
			l.verify(buf, i+k, windowHash(uint32(x>>(8*k))&0xFFFFFF), from, to, hit)
		}
	}
	for ; i < end; i++ {
		h := windowHash((uint32(buf[i]) | uint32(buf[i+1])<<8 | uint32(buf[i+2])<<16) | 0x202020)
		if l.bitmap[h>>6]>>(h&63)&1 != 0 {
			l.verify(buf, i, h, from, to, hit)
		}
	}
}

func (l *literalSet) verify(buf []byte, at int, h uint32, from, to int, hit func(literal, start int)) {
	s := &l.anchors[h/anchorShare]
	if at > 0 && s.before>>(buf[at-1]&31)&1 == 0 || at+minLiteral < len(buf) && s.behind>>(buf[at+minLiteral]&31)&1 == 0 {
		return
	}
	for n := s.first; n != 0; {
		number := int(n - 1)
		t := &l.texts[number]
		n = t.next
		start := at - int(t.offset)
		if start < from || start >= to {
			continue
		}
		if start+8 <= len(buf) && (binary.LittleEndian.Uint64(buf[start:])|0x2020202020202020)&t.mask != t.word {
			continue
		}
		if start+len(t.text) <= len(buf) && equalFold(buf[start:start+len(t.text)], t.text) {
			hit(number, start)
		}
	}
}

// equalFold reports whether b equals the lower-case text but for ASCII case.
func equalFold[T string | []byte](b T, text string) bool {
	for i := range len(text) {
		if lower(b[i]) != text[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// lowerASCII returns s with ASCII letters in lower case and the rest as it is.
func lowerASCII(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return 'A' <= r && r <= 'Z' }) {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		b[i] = lower(c)
	}
	return string(b)
}

// ranks are the logarithms of weights, in eighths of a bit.
var ranks = sync.OnceValue(func() *[256]int {
	r := new([256]int)
	for c, w := range weights {
		r[c] = int(8 * math.Log2(float64(w)))
	}
	return r
})

// rarestWindow returns the offset of the three bytes of a literal that occur
// least in source text, by a rough estimate: letters by how common they are in
// English, alone and behind each other, digits and punctuation as rare.
func rarestWindow(t string) int {
	r := ranks()
	pair := func(a, b byte) int {
		if isLetter(a) && isLetter(b) {
			return int(letterPairs[a-'a'][b-'a'])
		}
		return r[b] - r['l'] // a common letter: it stands behind another as often as not
	}
	best, bestRank := 0, math.MaxInt
	for i := 0; i+minLiteral <= len(t); i++ {
		if n := r[t[i]] + pair(t[i], t[i+1]) + pair(t[i+1], t[i+2]); n < bestRank {
			best, bestRank = i, n
		}
	}
	return best
}

// weights say how common a byte is in source text, in lower case: letters as
// in English, digits and punctuation less, bytes of other scripts least.
var weights = [256]uint8{
	6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 28, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6,
	120, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 10, 10, 10, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 6, 6, 6, 6, 6, 6,
	6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 22,
	6, 26, 9, 17, 19, 28, 13, 12, 21, 24, 5, 7, 18, 15, 23, 25, 10, 4, 20, 22, 27, 16, 8, 14, 6, 11, 3, 6, 6, 6, 6, 6,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
}
