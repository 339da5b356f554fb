package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
)

// The types of entries in a pack that are no objects by themselves.
const (
	offsetDelta Type = 6 // followed by how far before it its base begins
	refDelta    Type = 7 // followed by its base's id
)

// packHeader is the size in bytes of what a pack begins with: "PACK", version,
// number of entries.
const packHeader = 12

// maxOffset keeps sums of offsets far from overflowing.
const maxOffset = 1 << 60

// A packFile is a pack: its bytes, and where its entries begin.
type packFile struct {
	path  string
	first uint32   // number of its first entry among all entries of the Store
	data  []byte   // the whole file if it is mapped
	file  *os.File // the file if it is not
	size  int64
	end   int64 // where the entries end

	// Of each entry, in the order of the pack.
	off32 []uint32 // where it begins
	off64 []int64  // for a pack of more than 4 GB, instead of off32
	crcs  []uint32 // of its packed bytes; nil: not known, or not to be trusted
}

// openPack opens a pack.
func openPack(path string, noMap bool) (*packFile, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	p := &packFile{path: path, size: fi.Size(), end: fi.Size()}
	if size := int(p.size); !noMap && size > 0 && int64(size) == p.size {
		if p.data, err = mapFile(f, size); err == nil {
			f.Close()
			return p, nil
		}
	}
	p.file = f
	return p, nil
}

func (p *packFile) close() error {
	if p.file != nil {
		return p.file.Close()
	}
	return unmapFile(p.data)
}

// frame checks what stands at both ends of a pack of n entries against the
// checksum that its index names, and returns what is wrong.
func (p *packFile) frame(n int, sum []byte, hashSize int) error {
	var buf []byte
	head, err := p.bytes(0, min(packHeader, p.size), &buf)
	if err != nil {
		return err
	}
	if len(head) < packHeader || string(head[:4]) != "PACK" {
		return errors.New("not a pack")
	}
	var problems []error
	if v := binary.BigEndian.Uint32(head[4:]); v != 2 && v != 3 {
		problems = append(problems, fmt.Errorf("pack has the unknown version %d", v))
	}
	if sum == nil {
		p.end = max(packHeader, p.size-int64(hashSize))
		return errors.Join(problems...)
	}
	if declared := binary.BigEndian.Uint32(head[8:]); uint64(declared) != uint64(n) {
		problems = append(problems, fmt.Errorf("pack declares %d objects, its index names %d", declared, n))
	}
	tail, err := p.bytes(max(packHeader, p.size-int64(hashSize)), p.size, &buf)
	switch {
	case err != nil:
		return err
	case bytes.Equal(tail, sum):
		p.end -= int64(len(tail))
	default:
		problems = append(problems, errors.New("pack is cut off, or not the one that its index is of: it does not end with the checksum that is named there"))
	}
	return errors.Join(problems...)
}

// setOffsets takes the offsets at which entries begin, ascending.
func (p *packFile) setOffsets(n int, offset func(i int) uint64) {
	if p.size <= 1<<32-1 {
		p.off32 = make([]uint32, n)
		for i := range p.off32 {
			p.off32[i] = uint32(min(offset(i), uint64(p.size)))
		}
		return
	}
	p.off64 = make([]int64, n)
	for i := range p.off64 {
		p.off64[i] = int64(min(offset(i), uint64(p.size)))
	}
}

func (p *packFile) len() int { return len(p.off32) + len(p.off64) }

// span returns where entry i begins and ends.
func (p *packFile) span(i int) (from, to int64) {
	to = p.end
	if p.off64 != nil {
		from = p.off64[i]
		if i++; i < len(p.off64) {
			to = min(to, p.off64[i])
		}
		return from, to
	}
	from = int64(p.off32[i])
	if i++; i < len(p.off32) {
		to = min(to, int64(p.off32[i]))
	}
	return from, to
}

// search returns the first entry that begins at or after offset.
func (p *packFile) search(offset int64) (i int, exact bool) {
	if p.off64 != nil {
		return slices.BinarySearch(p.off64, offset)
	}
	if offset > 1<<32-1 {
		return len(p.off32), false
	}
	return slices.BinarySearch(p.off32, uint32(offset))
}

// bytes returns the pack's bytes [from:to], which may be in *buf.
func (p *packFile) bytes(from, to int64, buf *[]byte) ([]byte, error) {
	if from < 0 || from > to || to > p.size {
		return nil, errOffset
	}
	if p.file == nil {
		return p.data[from:to], nil
	}
	*buf = slices.Grow((*buf)[:0], int(to-from))[:to-from]
	if _, err := p.file.ReadAt(*buf, from); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return *buf, nil
}

// A header is what an entry begins with.
type header struct {
	kind Type  // also offsetDelta, refDelta
	size int64 // of what the entry inflates to: an object, or a delta
	len  int   // bytes of the header itself
	back int64 // offsetDelta: how many bytes before the entry its base begins
	ref  []byte
}

// maxHeader is enough for every header: type and size, and an id.
const maxHeader = 10 + 32

// parseHeader reads the header at the beginning of b.
func parseHeader(b []byte, hashSize int) (h header, err error) {
	if len(b) == 0 {
		return h, errCut
	}
	c := b[0]
	h.kind, h.size, h.len = Type(c>>4&7), int64(c&15), 1
	for shift := 4; c >= 0x80; shift += 7 {
		if h.len == len(b) {
			return h, errCut
		}
		c = b[h.len]
		h.len++
		if shift > 4+7*7 {
			return h, errHeader // 2^60 bytes
		}
		h.size |= int64(c&0x7f) << shift
	}
	switch h.kind {
	case Commit, Tree, Blob, Tag:
	case offsetDelta:
		for more, i := true, 0; more; i++ {
			if h.len == len(b) {
				return h, errCut
			}
			c = b[h.len]
			h.len++
			if h.back > maxOffset>>7 {
				return h, errHeader
			}
			if i > 0 {
				h.back++
			}
			h.back = h.back<<7 | int64(c&0x7f)
			more = c >= 0x80
		}
	case refDelta:
		if len(b)-h.len < hashSize {
			return h, errCut
		}
		h.ref = b[h.len : h.len+hashSize]
		h.len += hashSize
	default:
		return h, errType
	}
	return h, nil
}

// header reads the header of the entry at [from:to].
func (p *packFile) header(from, to int64, hashSize int, buf *[]byte) (h header, err error) {
	defer faults()()
	defer catchFault(&err)
	if from < packHeader || from >= to {
		return h, errOffset
	}
	b, err := p.bytes(from, min(to, from+maxHeader), buf)
	if err != nil {
		return h, err
	}
	return parseHeader(b, hashSize)
}

// plausible reports whether a stream of packed bytes can inflate to size:
// DEFLATE makes at most 1032 bytes of one.
func plausible(size, packed int64) bool { return size <= packed*1032+64 }

// maxPacked returns how many bytes the entry of an object or delta of a size
// takes at most. A stream could be longer, of empty blocks; git makes none such.
func maxPacked(size int64) int64 { return maxHeader + size + size/8 + 64<<10 }

// catchFault turns a fault while a mapped file is read (it was cut off meanwhile, or
// its disk fails) into an error. It is to be deferred, and needs
// debug.SetPanicOnFault in the goroutine.
func catchFault(err *error) {
	if r := recover(); r != nil {
		fault, ok := r.(interface {
			error
			Addr() uintptr
		})
		if !ok {
			panic(r)
		}
		*err = fmt.Errorf("reading the mapped file: %w", error(fault))
	}
}

// faults makes faults of mapped memory panics in this goroutine, until the
// function that it returns is called.
func faults() func() {
	old := debug.SetPanicOnFault(true)
	return func() { debug.SetPanicOnFault(old) }
}
