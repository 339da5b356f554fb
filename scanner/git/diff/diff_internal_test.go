package diff

import (
	"encoding/binary"
	"testing"
)

// TestSlotOfLinesMadeForIt: of lines whose hashes all ask for one place in the table
// few get any, so that nobody can make looking them up take the square of their
// number.
func TestSlotOfLinesMadeForIt(t *testing.T) {
	const n = 24 // bytes of a line: three words, of which the middle one says the hash
	inverse := uint64(1)
	for range 6 {
		inverse *= 2 - 0x9E3779B97F4A7C15*inverse
	}
	last := uint64('\n')<<56 | '0'
	first := (last ^ 0xD6E8FEB86659FD93 ^ 1) * inverse // then x is 1
	d := Differ{lines: make([]line, 1<<12)}
	hashes, places := make(map[uint32]bool), 0
	for i := range 1 << 11 {
		var text []byte
		for _, word := range []uint64{first, uint64(i)<<36 ^ uint64(n)<<48 ^ 0xCA5A826395121157, last} {
			text = binary.LittleEndian.AppendUint64(text, word)
		}
		if l := d.slot(text); l != nil {
			if l.start != 0 {
				t.Fatalf("line %d has the place of another one", i)
			}
			l.start = int32(i + 1)
			hashes[l.hash&uint32(len(d.lines)-1)] = true
			places++
		}
	}
	if len(hashes) != 1 || places != maxLook {
		t.Errorf("%d lines got a place, %d of the same, want %d and 1", places, len(hashes), maxLook)
	}
}
