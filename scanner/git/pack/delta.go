package pack

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// An Op says where a run of an object's bytes comes from.
type Op struct {
	From int // offset in the base that the bytes are copied from; -1: they are new
	Len  int // bytes, never 0
}

var (
	errDeltaCut      = errors.New("delta is cut off")
	errDeltaReserved = errors.New("delta has an instruction that does not exist")
	errDeltaCopy     = errors.New("delta copies from outside of its base")
	errDeltaLong     = errors.New("delta makes more than it declares")
	errDeltaShort    = errors.New("delta makes less than it declares")
	errDeltaBase     = errors.New("delta is made for a base of another size")
)

// deltaSizes reads the beginning of a delta: the size of the base it is made
// for, the size of what it makes, and the instructions that follow.
func deltaSizes(delta []byte) (base, size uint64, rest []byte, err error) {
	base, delta, err = deltaSize(delta)
	if err != nil {
		return 0, 0, nil, err
	}
	size, delta, err = deltaSize(delta)
	return base, size, delta, err
}

func deltaSize(b []byte) (uint64, []byte, error) {
	var v uint64
	for i, c := range b {
		if i == 9 {
			break // 63 bits are enough for what fits on a disk
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return v, b[i+1:], nil
		}
	}
	return 0, nil, errDeltaCut
}

// wild is how many bytes are copied at once, where there are so many on both
// sides and fewer are asked for: what is too much is written over by the next
// instruction. Of the copies in curl's history 7 in 10 are not longer, of the
// inserts 8 in 10, and to find the way through memmove takes longer than to
// copy them: a fifth of the time that BenchmarkDelta takes.
const wild = 64

// applyDelta makes dst out of base by the instructions of a delta, and appends
// to ops where each byte of dst comes from, adjoining runs merged. With an
// error, dst and the ops hold no promise.
func applyDelta(dst, base, in []byte, ops []Op) ([]Op, error) {
	// The run that is being extended: [opAt:at] of dst, from opFrom in base.
	at, opAt, opFrom := 0, 0, -1
	for i := 0; i < len(in); {
		c := in[i]
		i++
		if c < 0x80 {
			n := int(c)
			switch {
			case n == 0:
				return ops, errDeltaReserved
			case n > len(in)-i:
				return ops, errDeltaCut
			case n > len(dst)-at:
				return ops, errDeltaLong
			}
			if n <= wild && len(in)-i >= wild && len(dst)-at >= wild {
				*(*[wild]byte)(dst[at:]) = *(*[wild]byte)(in[i:])
			} else {
				copy(dst[at:], in[i:i+n])
			}
			if opFrom >= 0 {
				ops = append(ops, Op{opFrom, at - opAt})
				opAt, opFrom = at, -1
			}
			at, i = at+n, i+n
			continue
		}
		// Offset and size: the bytes that are not zero, lowest first, and which
		// those are. Mostly they are the low ones of both.
		var from, size uint64
		few, more := leading[c&15], leading[c>>4&7]
		if few|more < 0x80 && len(in)-i >= 8 {
			w := binary.LittleEndian.Uint64(in[i:])
			from = w & (1<<(few&63) - 1)
			size = w >> (few & 63) & (1<<(more&63) - 1)
			i += int(few+more) / 8
		} else {
			if len(in)-i < bits.OnesCount8(c&0x7f) {
				return ops, errDeltaCut
			}
			for bit := range 4 {
				if c>>bit&1 != 0 {
					from |= uint64(in[i]) << (8 * bit)
					i++
				}
			}
			for bit := range 3 {
				if c>>(4+bit)&1 != 0 {
					size |= uint64(in[i]) << (8 * bit)
					i++
				}
			}
		}
		if size == 0 {
			size = 0x10000
		}
		if from > uint64(len(base)) || size > uint64(len(base))-from {
			return ops, errDeltaCopy
		}
		if size > uint64(len(dst)-at) {
			return ops, errDeltaLong
		}
		f, n := int(from), int(size)
		if n <= wild && len(base)-f >= wild && len(dst)-at >= wild {
			*(*[wild]byte)(dst[at:]) = *(*[wild]byte)(base[f:])
		} else {
			copy(dst[at:at+n], base[f:f+n])
		}
		if opFrom < 0 || opFrom+at-opAt != f {
			if at > opAt {
				ops = append(ops, Op{opFrom, at - opAt})
			}
			opAt, opFrom = at, f
		}
		at += n
	}
	if at != len(dst) {
		return ops, errDeltaShort
	}
	if at > opAt {
		ops = append(ops, Op{opFrom, at - opAt})
	}
	return ops, nil
}

// leading has how many bits the bytes take that these flags announce, if they
// are the lowest ones; 0x80 otherwise.
var leading = [16]uint8{0, 8, 0x80, 16, 0x80, 0x80, 0x80, 24, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 32}
