// Package diff tells which ranges of a content stand in another one.
package diff

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// A Copy is a range of a content that stands in another one. Offsets and length
// are in bytes.
type Copy struct{ From, To, Len int }

// A Differ compares contents, one pair at a time. Its zero value is ready to use.
//
// It compares the ends, and in what is left looks for lines that are there once
// in the other: what stands around such a line in both is compared byte by byte.
// That finds less than a minimal difference would, of lines that moved or are
// repeated, in time proportional to the length.
type Differ struct {
	lines  []line // of from, a hash table; its number is a power of two
	copies []Copy
}

// A line stands once, or more often, in what is indexed.
type line struct {
	hash  uint32
	start int32 // 1 + offset; 0: there is none; several: it is there more than once
}

const (
	several = -1

	minLine = 8  // bytes; shorter ones say little
	maxLook = 64 // places in the table; only lines made for it need more, and are left out
	minCopy = 64 // bytes; shorter ones cost more than they save
)

// Copies returns the ranges of to that stand in from, ascending and apart in to.
// What is returned is valid until the next call.
func (d *Differ) Copies(from, to []byte) []Copy {
	d.copies = d.copies[:0]
	head := commonPrefix(from, to)
	tail := commonSuffix(from[head:], to[head:])
	d.add(0, 0, head)
	endFrom, end := len(from)-tail, len(to)-tail
	if head < end && head < endFrom {
		d.index(from, head, endFrom)
		for at := lineStart(to, head); at < end; {
			next := lineEnd(to, at, end)
			f := d.find(from[:endFrom], to[at:next])
			if f < 0 {
				at = next
				continue
			}
			back := commonSuffix(from[head:f], to[max(head, d.end()):at])
			n := back + (next - at) + commonPrefix(from[f+next-at:endFrom], to[next:end])
			d.add(f-back, at-back, n)
			at = lineStart(to, at-back+n)
		}
	}
	d.add(endFrom, end, tail)
	return d.copies
}

// end returns where the last copy ends.
func (d *Differ) end() int {
	if n := len(d.copies); n > 0 {
		return d.copies[n-1].To + d.copies[n-1].Len
	}
	return 0
}

func (d *Differ) add(from, to, n int) {
	if n >= minCopy {
		d.copies = append(d.copies, Copy{From: from, To: to, Len: n})
	}
}

// index notes the lines that begin in from[start:end).
func (d *Differ) index(from []byte, start, end int) {
	const perLine = 16 // bytes; of source code a line has twice as many
	size := 1 << bits.Len(uint((end-start)/perLine))
	if size > cap(d.lines) {
		d.lines = make([]line, size)
	}
	d.lines = d.lines[:size]
	clear(d.lines)
	kept := 0
	for at := lineStart(from, start); at < end && kept < size/2; {
		next := lineEnd(from, at, end)
		if text := from[at:next]; len(text) >= minLine {
			switch l := d.slot(text); {
			case l == nil:
			case l.start == 0:
				l.start = int32(at + 1)
				kept++
			default:
				l.start = several
			}
		}
		at = next
	}
}

// find returns where a line stands in from, or -1.
func (d *Differ) find(from, text []byte) int {
	if len(text) < minLine {
		return -1
	}
	l := d.slot(text)
	if l == nil || l.start <= 0 {
		return -1
	}
	start := int(l.start) - 1
	if !bytes.HasPrefix(from[start:], text) {
		return -1
	}
	return start
}

// slot returns the place of a line in the table, which is never full, or nil if it
// has none. Lines of the same length, beginning, middle and end have the same.
func (d *Differ) slot(text []byte) *line {
	n := len(text)
	x := binary.LittleEndian.Uint64(text)*0x9E3779B97F4A7C15 ^ binary.LittleEndian.Uint64(text[n-8:])
	y := binary.LittleEndian.Uint64(text[(n-8)/2:]) ^ uint64(n)<<48
	high, low := bits.Mul64(x^0xD6E8FEB86659FD93, y^0xCA5A826395121157)
	h := uint32((high ^ low) >> 16)
	last := len(d.lines) - 1
	i := int(h) & last
	for range maxLook {
		if l := &d.lines[i]; l.start == 0 || l.hash == h {
			l.hash = h
			return l
		}
		i = (i + 1) & last
	}
	return nil
}

// lineStart returns where the first line begins at or behind i.
func lineStart(text []byte, i int) int {
	if i == 0 || text[i-1] == '\n' {
		return i
	}
	return lineEnd(text, i, len(text))
}

// lineEnd returns where the line ends that i lies in, its line end included, but
// not behind end.
func lineEnd(text []byte, i, end int) int {
	if i >= end {
		return end
	}
	if k := bytes.IndexByte(text[i:end], '\n'); k >= 0 {
		return i + k + 1
	}
	return end
}

// commonPrefix returns how many bytes a and b have in common from their beginning.
func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

// commonSuffix returns how many bytes a and b have in common before their end.
func commonSuffix(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if x := binary.LittleEndian.Uint64(a[len(a)-i-8:]) ^ binary.LittleEndian.Uint64(b[len(b)-i-8:]); x != 0 {
			return i + bits.LeadingZeros64(x)/8
		}
	}
	for i < n && a[len(a)-1-i] == b[len(b)-1-i] {
		i++
	}
	return i
}
