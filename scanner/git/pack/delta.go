package pack

import (
	"errors"
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

// applyDelta makes dst out of base by the instructions of a delta, and appends
// to ops where each byte of dst comes from, adjoining runs merged. With an
// error, dst and the ops hold no promise.
func applyDelta(dst, base, instructions []byte, ops []Op) ([]Op, error) {
	in, at := instructions, 0
	first := len(ops)
	for i := 0; i < len(in); {
		c := in[i]
		i++
		if c < 0x80 {
			n := int(c)
			if n == 0 {
				return ops, errDeltaReserved
			}
			if n > len(in)-i {
				return ops, errDeltaCut
			}
			if n > len(dst)-at {
				return ops, errDeltaLong
			}
			copy(dst[at:], in[i:i+n])
			at, i = at+n, i+n
			if last := len(ops) - 1; last >= first && ops[last].From < 0 {
				ops[last].Len += n
			} else {
				ops = append(ops, Op{-1, n})
			}
			continue
		}
		var from, size uint64
		for bit := range 4 {
			if c>>bit&1 != 0 {
				if i == len(in) {
					return ops, errDeltaCut
				}
				from |= uint64(in[i]) << (8 * bit)
				i++
			}
		}
		for bit := range 3 {
			if c>>(4+bit)&1 != 0 {
				if i == len(in) {
					return ops, errDeltaCut
				}
				size |= uint64(in[i]) << (8 * bit)
				i++
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
		copy(dst[at:at+n], base[f:f+n])
		at += n
		if last := len(ops) - 1; last >= first && ops[last].From >= 0 && ops[last].From+ops[last].Len == f {
			ops[last].Len += n
		} else {
			ops = append(ops, Op{f, n})
		}
	}
	if at != len(dst) {
		return ops, errDeltaShort
	}
	return ops, nil
}
