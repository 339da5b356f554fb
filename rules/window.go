package rules

import "encoding/binary"

// A windowTable has, by the hash of a window's first three bytes, a bit for each
// hash of all four that a window of a literal has there.
type windowTable [1 << threeHash]uint32

// Two hashes that do not depend on each other: of the lowest three bytes of a
// window, and of all four in five bits.
const (
	threeHash   = 15
	threeFactor = 0x9E3779B1
	fourFactor  = 0x85EBCA6B
)

func hashOfThree(w uint32) uint32 { return w << 8 * threeFactor >> (32 - threeHash) }
func hashOfFour(w uint32) uint32  { return w * fourFactor >> (32 - 5) }

// has returns 1 if a literal may have the window, else 0.
func (t *windowTable) has(w uint32) uint8 {
	return uint8(t[hashOfThree(w)] >> hashOfFour(w) & 1)
}

const (
	windowGroup  = 16 // bytes, at every second of which one of eight windows begins
	windowBehind = 8  // bytes that are read behind the last group
	maxGroups    = 64
)

// windowBits are the windows of up to maxGroups groups that the table has: by
// group, a bit for each of its windows, the lowest for the first.
type windowBits [maxGroups]uint8

// look looks up the windows of so many groups, the first of which begins with
// buf. Behind the last are windowBehind bytes. The bits up to the next eighth
// group are set, all others are what they were.
func (t *windowTable) look(buf []byte, groups int, found *windowBits) {
	_ = buf[groups*windowGroup+windowBehind-1]
	for g := groups; g < min(maxGroups, groups+7); g++ {
		found[g] = 0
	}
	if vectors {
		lookVectors(t, &buf[0], groups, found)
		return
	}
	t.lookGeneric(buf, groups, found)
}

func (t *windowTable) lookGeneric(buf []byte, groups int, found *windowBits) {
	const fold = 0x2020202020202020
	for g := range min(groups, maxGroups) {
		b := buf[g*windowGroup:][:windowGroup+windowBehind]
		x := binary.LittleEndian.Uint64(b) | fold
		y := binary.LittleEndian.Uint64(b[6:]) | fold
		z := binary.LittleEndian.Uint64(b[12:]) | fold
		found[g] = t.has(uint32(x)) | t.has(uint32(x>>16))<<1 | t.has(uint32(x>>32))<<2 |
			t.has(uint32(y))<<3 | t.has(uint32(y>>16))<<4 | t.has(uint32(y>>32))<<5 |
			t.has(uint32(z))<<6 | t.has(uint32(z>>16))<<7
	}
}
