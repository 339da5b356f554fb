package rules

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"strings"
	"sync"
)

// literalSet finds every occurrence of a set of literals in one pass. ASCII
// letters match in either case. It is immutable and safe for concurrent use.
//
// It is a filter, not an automaton. Every second window of four bytes of the
// text is looked up in a table, and literals are compared only where it says
// that one may stand. So of each literal two windows that follow each other are
// entered, the rarest that it has: one of them is looked at, wherever the
// literal begins. Compared with an Aho-Corasick automaton the positions do not
// depend on each other, so the processor works on several at a time, eight with
// one instruction where it can; the table stays in the cache whatever the number
// of literals; and building it takes microseconds for thousands of them, which a
// hook pays on every commit. The cost stays linear: a position costs at most one
// comparison for each literal that shares its window.
//
// Of the windows of source text, 9 of 100 pass the table, 5 are a literal's, 2.5
// stand between bytes that a literal has there, and 1.2 belong to a literal.
type literalSet struct {
	table   windowTable                 // of what can be told of four bytes of text alone
	four    [1 << fourBits]windowBeside // by hash, what stands beside the windows of four bytes
	three   [1 << threeBits]uint32      // by hash, what stands before the windows that end with their third
	last    [1 << lastBits / 64]uint64  // by hash, the windows that begin a byte before their literal
	slots   []windowSlot                // a hash table of the literals' windows; their number is a power of two
	entries []windowEntry
	texts   []string
	lead    int // bytes, the largest distance from a literal's start to a window that is looked at
}

// A windowBeside has a bit for each of what may stand before a window and behind
// it, by the lowest five bits of the byte, which do not tell case. All are set
// where a literal begins or ends with its window; none, where there is no window.
type windowBeside struct{ before, behind uint32 }

// A windowSlot says which entries a window has: from entries[first] to the next
// that is the last of its window.
type windowSlot struct {
	window uint32 // 0: none
	first  int32
}

// A windowEntry is a literal at one of its windows.
type windowEntry struct {
	// The literal's first eight bytes, and 0x20 for each letter among them: most
	// that share a window are told apart by this alone.
	word, fold uint64

	literal int32
	offset  int16 // bytes, from the literal's start to its window
	bits    uint8 // of text that are compared with word too many
	last    bool  // of its window
}

const (
	minLiteral = 3 // bytes

	// Of these tables so much is empty that one text in a hundred passes that
	// has none of the windows.
	fourBits  = 14
	threeBits = 13
	lastBits  = 16
)

// A window is four bytes of text with 0x20 set in each, the first in the lowest
// bits. Where a literal ends with the third, the fourth can be any, and is 0. A
// literal of three bytes has such a window, and one that begins a byte before
// it: the byte can be any, too, so this one is the literal's three bytes and a 1.
const windowBefore = 1 << 24

// newLiteralSet returns the set of texts, which are in lower case.
func newLiteralSet(texts []string) *literalSet {
	l := &literalSet{texts: texts, entries: make([]windowEntry, 2*len(texts))}
	size := 1 << 10
	for size < 2*len(texts) {
		size *= 2
	}
	l.slots = make([]windowSlot, size)
	places := make([]struct{ slot, offset int32 }, 2*len(texts))
	for i, t := range texts {
		offsets := [2]int{-1, 0}
		if len(t) > minLiteral {
			offsets[0] = rarestWindow(t)
			offsets[1] = offsets[0] + 1
		}
		l.lead = max(l.lead, offsets[1])
		for k, offset := range offsets {
			w := l.enter(t, offset)
			s := l.slot(w)
			l.slots[s].window = w
			l.note(t, offset, w)
			l.slots[s].first++
			places[2*i+k].slot, places[2*i+k].offset = int32(s), int32(offset)
		}
	}
	n := int32(0)
	for i := range l.slots {
		if s := &l.slots[i]; s.window != 0 {
			n += s.first
			s.first = n // the end: entries are filled in from there
			l.entries[n-1].last = true
		}
	}
	for i, t := range texts {
		e := windowEntry{literal: int32(i), bits: uint8(64 - 8*min(8, len(t)))}
		for k := range min(8, len(t)) {
			e.word |= uint64(t[k]) << (8 * k)
			if isLetter(t[k]) {
				e.fold |= 0x20 << (8 * k)
			}
		}
		for _, p := range places[2*i : 2*i+2] {
			s := &l.slots[p.slot]
			s.first--
			e.offset, e.last = int16(p.offset), l.entries[s.first].last
			l.entries[s.first] = e
		}
	}
	return l
}

// enter marks a window of a literal in the table and returns it.
func (l *literalSet) enter(t string, offset int) (window uint32) {
	at := func(i int) uint32 { return uint32(t[i] | 0x20) }
	if offset < 0 {
		window = at(0) | at(1)<<8 | at(2)<<16
		for c := range uint32(0x80) { // any byte, with 0x20 set
			before := c&0x1F | c&0x60<<1 | 0x20
			w := window<<8 | before
			l.table[hashOfThree(w)] |= 1 << hashOfFour(w)
		}
		return window | windowBefore
	}
	window = at(offset) | at(offset+1)<<8 | at(offset+2)<<16
	if offset+minLiteral == len(t) {
		l.table[hashOfThree(window)] = math.MaxUint32
		return window
	}
	window |= at(offset+3) << 24
	l.table[hashOfThree(window)] |= 1 << hashOfFour(window)
	return window
}

// slot returns the number of the slot that a window has, or would have.
func (l *literalSet) slot(window uint32) uint32 {
	last := uint32(len(l.slots) - 1)
	i := window * 0x9E3779B1 >> 12 & last
	for l.slots[i].window != window && l.slots[i].window != 0 {
		i = (i + 1) & last
	}
	return i
}

// each calls hit for every literal that begins in buf[from:to), roughly in order.
func (l *literalSet) each(buf []byte, from, to int, hit func(literal, start int)) {
	l.between(buf, from, to, to+l.lead, hit)
}

// between is each where the last three bytes of every literal that begins before
// to are known to begin before end.
func (l *literalSet) between(buf []byte, from, to, end int, hit func(literal, start int)) {
	i := max(0, from-1)
	end = min(end, to+l.lead, len(buf)-minLiteral+1) // one past the last window
	if i == 0 && end > 0 {
		l.at(buf, i, from, to, hit) // no byte before it
		i = 2
	}
	var found windowBits
	var likely [maxGroups * windowGroup / 2]uint16 // windows by number, and what kinds has for them
	for {
		groups := min(maxGroups, (end-i+1)/windowGroup, (len(buf)-i-windowBehind)/windowGroup)
		if groups <= 0 {
			break
		}
		l.table.look(buf[i:], groups, &found)
		// Whether a literal may stand there cannot be foreseen either: a branch on
		// it would cost more than to note every window, in a place that the next
		// one takes if it cannot.
		n := 0
		for g := 0; g < groups; g += 8 {
			m := binary.LittleEndian.Uint64(found[g&(maxGroups-1):])
			if m == math.MaxUint64 && l.inFill(buf, i+g*windowGroup) {
				continue
			}
			for ; m != 0; m &= m - 1 {
				at := g*windowGroup/2 + bits.TrailingZeros64(m)
				kinds := l.kinds(binary.LittleEndian.Uint64(buf[i+2*at-1:]))
				likely[n&(len(likely)-1)] = uint16(at)<<3 | kinds
				n += int(kinds+7) >> 3
			}
		}
		for _, c := range likely[:n] {
			at := i + int(c>>3)*2
			l.verify(buf, at, binary.LittleEndian.Uint32(buf[at:])|0x20202020, c&7, from, to, hit)
		}
		i += groups * windowGroup
	}
	for ; i < end; i += 2 {
		if i+7 > len(buf) {
			l.at(buf, i, from, to, hit)
			continue
		}
		text := binary.LittleEndian.Uint64(buf[i-1:])
		if w := uint32(text>>8) | 0x20202020; l.table.has(w) != 0 {
			if kinds := l.kinds(text); kinds != 0 {
				l.verify(buf, i, w, kinds, from, to, hit)
			}
		}
	}
}

// inFill reports whether the 64 windows from buf[at:] on are of one byte again and
// again, as the gaps in binary files are filled, and no literal has this window.
func (l *literalSet) inFill(buf []byte, at int) bool {
	const n = 64*2 + 7 // bytes that kinds looks at
	if at-1+n > len(buf) {
		return false
	}
	text := buf[at-1 : at-1+n]
	return bytes.Equal(text[1:], text[:n-1]) && l.kinds(binary.LittleEndian.Uint64(text)) == 0
}

// at compares the literals that can have a window at buf[i:], where the text
// may begin or end.
func (l *literalSet) at(buf []byte, i, from, to int, hit func(literal, start int)) {
	var text [4]byte
	copy(text[:], buf[i:])
	if w := binary.LittleEndian.Uint32(text[:]) | 0x20202020; l.table.has(w) != 0 {
		l.verify(buf, i, w, 7, from, to, hit)
	}
}

// hashOfWindow is a hash of a window in 16 bits, for what else is known of it.
func hashOfWindow(w uint32) uint32 { return w * 0xC2B2AE35 >> 16 }

// kinds returns which of the windows that can begin with the second of eight
// bytes of text a literal may have between such bytes as are beside it: 1, one of
// four bytes; 2, one of three; 4, one of the three bytes behind the first.
func (l *literalSet) kinds(text uint64) uint16 {
	before, behind := text&31, text>>40&31
	w := uint32(text>>8) | 0x20202020
	four := &l.four[hashOfWindow(w)>>(16-fourBits)]
	three := l.three[hashOfWindow(w&0xFFFFFF)>>(16-threeBits)]
	last := hashOfWindow(w >> 8)
	return uint16(four.before>>before&(four.behind>>behind)&1) |
		uint16(three>>before&1)<<1 |
		uint16(l.last[last/64]>>(last%64)&1)<<2
}

// note marks what stands beside a window of a literal.
func (l *literalSet) note(t string, offset int, window uint32) {
	if offset < 0 {
		h := hashOfWindow(window &^ windowBefore)
		l.last[h/64] |= 1 << (h % 64)
		return
	}
	before, behind := uint32(math.MaxUint32), uint32(math.MaxUint32)
	if offset > 0 {
		before = 1 << (t[offset-1] & 31)
	}
	end := offset + 4
	if end < len(t) {
		behind = 1 << (t[end] & 31)
	}
	h := hashOfWindow(window)
	if end > len(t) {
		l.three[h>>(16-threeBits)] |= before
		return
	}
	b := &l.four[h>>(16-fourBits)]
	b.before |= before
	b.behind |= behind
}

// verify compares the literals that can have a window at buf[at:].
func (l *literalSet) verify(buf []byte, at int, w uint32, kinds uint16, from, to int, hit func(literal, start int)) {
	if kinds&1 != 0 {
		l.compare(w, buf, at, from, to, hit)
	}
	if kinds&2 != 0 {
		l.compare(w&0xFFFFFF, buf, at, from, to, hit)
	}
	if kinds&4 != 0 {
		l.compare(w>>8|windowBefore, buf, at, from, to, hit)
	}
}

// compare compares the literals that have a window, which is at buf[at:].
func (l *literalSet) compare(window uint32, buf []byte, at, from, to int, hit func(literal, start int)) {
	s := l.slots[l.slot(window)]
	if s.window == 0 {
		return
	}
	for i := s.first; ; i++ {
		e := &l.entries[i]
		start := at - int(e.offset)
		if start >= from && start < to {
			if start+8 > len(buf) {
				if t := l.texts[e.literal]; start+len(t) <= len(buf) && equalFold(buf[start:start+len(t)], t) {
					hit(int(e.literal), start)
				}
			} else if ((binary.LittleEndian.Uint64(buf[start:])|e.fold)^e.word)<<(e.bits&63) == 0 {
				if t := l.texts[e.literal]; len(t) <= 8 || start+len(t) <= len(buf) && equalFold(buf[start+8:start+len(t)], t[8:]) {
					hit(int(e.literal), start)
				}
			}
		}
		if e.last {
			return
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

// rarestWindow returns the offset of the first of two windows of a literal of
// four bytes or more, the commoner of which occurs least in source text.
func rarestWindow(t string) int {
	if len(t) <= minLiteral+2 {
		return 0
	}
	r := ranks()
	best, bestRank := 0, math.MaxInt
	last := math.MaxInt
	for i := 0; i+minLiteral < len(t); i++ {
		n := r.of(t[i : i+4])
		if i > 0 && max(last, n) < bestRank {
			best, bestRank = i-1, max(last, n)
		}
		last = n
	}
	return best
}

// windowRanks say how much bytes and windows occur in source text.
type windowRanks struct {
	bytes [256]int // logarithms of their weights, in eighths of a bit
	// By hash, what commonWindows has: windows with the place of each.
	common [4 * len(commonWindows) / 4]struct {
		window uint32
		at     int32
	}
}

var ranks = sync.OnceValue(func() *windowRanks {
	r := new(windowRanks)
	for c, w := range weights {
		r.bytes[c] = int(8 * math.Log2(float64(w)))
	}
	for at := 0; at < len(commonWindows); at += 4 {
		w := windowOf(commonWindows[at:])
		i := r.slot(w)
		r.common[i].window, r.common[i].at = w, int32(at)
	}
	return r
})

func windowOf(t string) uint32 {
	return uint32(t[0]) | uint32(t[1])<<8 | uint32(t[2])<<16 | uint32(t[3])<<24
}

func (r *windowRanks) slot(window uint32) int {
	i := int(hashOfWindow(window)) % len(r.common)
	for r.common[i].window != window && r.common[i].window != 0 {
		i = (i + 1) % len(r.common)
	}
	return i
}

// of orders windows: the more it is, the commoner. What is not among the
// commonest is estimated roughly: letters by how common they are in English,
// alone and behind each other, digits and punctuation as rare.
func (r *windowRanks) of(w string) int {
	if c := &r.common[r.slot(windowOf(w))]; c.window != 0 {
		return len(commonWindows) - int(c.at)
	}
	n := r.bytes[w[0]] - len(commonWindows)
	for i := 1; i < 4; i++ {
		if a, b := w[i-1], w[i]; isLetter(a) && isLetter(b) {
			n += int(letterPairs[a-'a'][b-'a'])
		} else {
			n += r.bytes[b] - r.bytes['l'] // a common letter: it stands behind another as often as not
		}
	}
	return n
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
