package pack

import "math/bits"

// A pool keeps buffers for one goroutine, by classes of size: four for each
// doubling, so that a fifth of a buffer is unused at most.
type pool struct {
	free [4 * 64][][]byte
	held int64 // bytes of the buffers in free
	live int64 // bytes of the buffers that are in use
	keep int64 // held is at most this
}

// minBuffer is the size of the smallest buffers.
const minBuffer = 1 << 10

// classOf returns the largest class whose buffers are not longer than n, which
// is at least minBuffer, and their length.
func classOf(n int) (class, size int) {
	top := bits.Len(uint(n)) - 1
	quarter := n >> (top - 2) & 3
	return top*4 + quarter, (4 + quarter) << (top - 2)
}

// get returns a buffer of n bytes, whatever they are.
func (p *pool) get(n int) []byte {
	class, size := classOf(max(n, minBuffer))
	if size < max(n, minBuffer) {
		class++
		size = (4 + class&3) << (class>>2 - 2)
	}
	for c := class; c < class+4 && c < len(p.free); c++ {
		if last := len(p.free[c]) - 1; last >= 0 {
			b := p.free[c][last]
			p.free[c][last] = nil
			p.free[c] = p.free[c][:last]
			p.held -= int64(cap(b))
			p.live += int64(cap(b))
			return b[:n]
		}
	}
	b := make([]byte, size)
	p.live += int64(size)
	return b[:n]
}

// put takes a buffer back.
func (p *pool) put(b []byte) {
	n := cap(b)
	p.live -= int64(n)
	if n < minBuffer || p.held+int64(n) > p.keep {
		return
	}
	class, _ := classOf(n)
	p.free[class] = append(p.free[class], b[:0])
	p.held += int64(n)
}

// drop forgets all buffers that are not in use.
func (p *pool) drop() {
	for c := range p.free {
		p.free[c] = nil
	}
	p.held = 0
}
