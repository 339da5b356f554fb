package rules

import "encoding/binary"

// A seamFilter tells how far from a place of a text literals that stand across
// it can reach. It has every run of four bytes that a literal has, so whoever
// reads away from the place can stop at the first run that no literal has:
// mostly at once. Of a text that changes in places it saves to look for literals
// on either side of each place as far as the longest one is long.
type seamFilter struct {
	fours  [1 << seamBits / 64]uint64 // by hash: the runs of four bytes
	threes [1 << seamBits / 64]uint64 // by hash: the literals of three
}

// seamBits is the binary logarithm of the size of a table. The built-in keywords
// have some 10,000 runs, which leaves nineteen of twenty places of it free.
const seamBits = 18

func newSeamFilter(literals []string) *seamFilter {
	s := new(seamFilter)
	for _, t := range literals {
		if len(t) == minLiteral {
			h := hashOfSeam(runOfThree([]byte(t)))
			s.threes[h/64] |= 1 << (h % 64)
		}
		for i := 0; i+4 <= len(t); i++ {
			h := hashOfSeam(windowOf(t[i:]) | 0x20202020)
			s.fours[h/64] |= 1 << (h % 64)
		}
	}
	return s
}

func hashOfSeam(w uint32) uint32 { return w * 0x9E3779B1 >> (32 - seamBits) }

func runOfThree(b []byte) uint32 {
	return (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16) | 0x202020
}

// four reports whether a literal may have the four bytes at buf[i:].
func (s *seamFilter) four(buf []byte, i int) bool {
	if i < 0 || i+4 > len(buf) {
		return false
	}
	h := hashOfSeam(binary.LittleEndian.Uint32(buf[i:]) | 0x20202020)
	return s.fours[h/64]>>(h%64)&1 != 0
}

// three reports whether the three bytes at buf[i:] may be a literal.
func (s *seamFilter) three(buf []byte, i int) bool {
	if i < 0 || i+3 > len(buf) {
		return false
	}
	h := hashOfSeam(runOfThree(buf[i:]))
	return s.threes[h/64]>>(h%64)&1 != 0
}

// before returns the first place at which a literal can begin that begins before
// buf[at] and ends behind it; at if there can be none.
func (s *seamFilter) before(buf []byte, at int) int {
	from := at
	// A literal of four bytes or more has a run that begins at one of these
	// places, and all runs from its beginning on.
	switch {
	case s.four(buf, at-3):
		for from = at - 3; from > at-maxKeyword && s.four(buf, from-1); {
			from--
		}
	case s.four(buf, at-2):
		from = at - 2
	case s.four(buf, at-1):
		from = at - 1
	}
	switch {
	case from <= at-2:
	case s.three(buf, at-2):
		from = at - 2
	case from == at && s.three(buf, at-1):
		from = at - 1
	}
	return from
}

// behind returns the end of the places at which the last three bytes can begin
// of a literal that begins before buf[at]; at least at.
func (s *seamFilter) behind(buf []byte, at int) int {
	end := at
	for end < at+maxKeyword && s.four(buf, end-1) {
		end++
	}
	return end
}
