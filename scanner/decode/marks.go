package decode

import (
	"encoding/binary"
	"math/bits"
)

// A class is a set of bytes that a search for encoded text stops at.
type class uint8

const (
	ofRuns    class = 0x1F // the characters of base64, of either alphabet
	ofEscapes class = 0xE0 // what an escape can begin with: backslash, percent sign, ampersand; and zero
)

const wordBits = 64

// marks tells where in a text bytes of a class are. Sixty-four are looked at with
// a few instructions, so that most of a text is passed over without a branch on
// what stands there.
type marks struct {
	buf   []byte
	limit int // of buf: what is at and behind it is not marked
	class class

	at    int // what the lowest bit of words is for
	n     int // words that are filled
	words [16]uint64
}

// fill makes at the place that words begin with. It is before the limit.
func (m *marks) fill(at int) {
	m.at = at
	m.n = min(len(m.words), (m.limit-at+wordBits-1)/wordBits)
	whole := min(m.n, (len(m.buf)-at)/wordBits)
	classify(m.buf[at:], m.class, m.words[:whole])
	if whole < m.n {
		var rest [wordBits]byte
		copy(rest[:], m.buf[at+whole*wordBits:])
		classify(rest[:], m.class, m.words[whole:m.n])
	}
	if over := at + m.n*wordBits - m.limit; over > 0 {
		m.words[m.n-1] &= ^uint64(0) >> over
	}
}

// word returns the marks of a word that has the place i, which is before the
// limit, without those before i, and where the word begins.
func (m *marks) word(i int) (w uint64, at int) {
	k := i - m.at
	if k < 0 || k >= m.n*wordBits {
		m.fill(i)
		k = 0
	}
	at = i - k%wordBits
	return m.words[k/wordBits&(len(m.words)-1)] >> (k % wordBits) << (k % wordBits), at
}

// run returns the first run of at least endBase64 marks, not before i; or the
// last, of any length, if it reaches the limit: it may be empty.
func (m *marks) run(i int) (start, end int) {
	const behind = endBase64 - 8 // marks that are in a row behind the first eight
	before := 0                  // marks in a row up to the word
	for i < m.limit {
		w, at := m.word(i)
		i = at + wordBits
		first := bits.TrailingZeros64(^w)
		if first == min(wordBits, m.limit-at) { // all of it
			before += first
			continue
		}
		if before+first >= endBase64 && at+first < m.limit {
			return at - before, at + first
		}
		row := w & (w >> 1)
		row &= row >> 2
		row &= row >> 4
		if row &= row >> behind; row != 0 {
			s := bits.TrailingZeros64(row)
			if e := s + bits.TrailingZeros64(^(w >> s)); e < wordBits && at+e < m.limit {
				return at + s, at + e
			}
		}
		if over := i - m.limit; over > 0 { // the text ends in this word
			before = bits.LeadingZeros64(^(w << over))
			return m.limit - before, m.limit
		}
		before = bits.LeadingZeros64(^w)
	}
	return m.limit - before, m.limit
}

// classify sets in out a bit for each of 64 bytes of text, the lowest for the
// first: is it of the class? There are so many bytes.
func classify(text []byte, c class, out []uint64) {
	if len(out) == 0 {
		return
	}
	_ = text[len(out)*wordBits-1]
	if vectors {
		classifyVectors(&text[0], len(out), c, &out[0])
		return
	}
	classifyGeneric(text, c, out)
}

func classifyGeneric(text []byte, c class, out []uint64) {
	for i := range out {
		b := text[i*wordBits:][:wordBits]
		w := uint64(0)
		for k := 0; k < wordBits; k += 8 {
			x := binary.LittleEndian.Uint64(b[k:])
			var in uint64
			if c == ofRuns {
				in = runBytes(x)
			} else {
				in = escapeBytes(x)
			}
			const gather = 0x0002_0408_1020_4081 // moves the highest bits of all bytes into the highest byte
			w |= in * gather >> 56 << k
		}
		out[i] = w
	}
}

const (
	ones        = 0x0101_0101_0101_0101
	highestBits = 0x80 * ones
)

// runBytes sets the highest bit of each of eight bytes that is of the class ofRuns.
func runBytes(x uint64) uint64 {
	low := x &^ highestBits
	folded := low | 0x20*ones
	letters := (folded + (0x80-'a')*ones) &^ (folded + (0x80-'z'-1)*ones) & (low + (0x80-'A')*ones)
	digits := (low + (0x80-'/')*ones) &^ (low + (0x80-'9'-1)*ones) // with the slash
	return (letters | digits | equalBytes(low, '+') | equalBytes(low, '-') | equalBytes(low, '_')) &^ x & highestBits
}

// escapeBytes sets the highest bit of each of eight bytes that is of the class
// ofEscapes.
func escapeBytes(x uint64) uint64 {
	low := x &^ highestBits
	return (equalBytes(low, '\\') | equalBytes(low, '%') | equalBytes(low, '&') | equalBytes(low, 0)) &^ x & highestBits
}

// equalBytes sets the highest bit of each of eight bytes that is c. All are below
// 0x80; other bits may be set as well.
func equalBytes(low uint64, c byte) uint64 {
	return ^((low ^ uint64(c)*ones) + 0x7F*ones)
}
