package archive

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"io"
	"slices"
	"strings"
)

// salvage yields the entries of a zip whose directory cannot be read, because
// it was cut off for the most part, by the headers before them. It ends where
// one does not follow the other; that the zip is damaged has been said.
func (w *walk) salvage() {
	br := bufio.NewReaderSize(io.NewSectionReader(w.c.At, 0, w.c.Size), 64<<10)
	if mark, _ := br.Peek(8); len(mark) == 8 && string(mark[:4]) != localHeader && string(mark[4:]) == localHeader {
		br.Discard(4) // of a zip in several files
	}
	for {
		h, ok := readLocal(br)
		if !ok {
			return
		}
		if strings.HasSuffix(h.name, "/") && h.known && h.packed == 0 {
			continue
		}
		if !w.next() || !w.salvageEntry(br, h) {
			return
		}
	}
}

// unlisted yields the entries that stand between the others and are not in the
// directory: what was deleted or replaced by a program that wrote a new
// directory and left the rest as it was.
func (w *walk) unlisted(files []*zip.File) {
	type extent struct{ from, to int64 } // of what is packed
	listed := make([]extent, 0, len(files))
	for _, f := range files {
		from, err := f.DataOffset()
		if err != nil || f.CompressedSize64 > uint64(w.c.Size) {
			return // where things are is not known; the entry was said to be damaged
		}
		listed = append(listed, extent{from, from + int64(f.CompressedSize64)})
	}
	slices.SortFunc(listed, func(a, b extent) int { return cmp.Compare(a.from, b.from) })
	br := bufio.NewReader(nil)
	at := int64(0)
	for _, next := range append(listed, extent{w.c.Size, w.c.Size}) {
		if at < next.from && !w.between(br, at, next.from) {
			return
		}
		at = max(at, next.to)
	}
}

// between yields the entries of which header and content stand in that part of
// the zip. It returns false if nothing more is wanted.
func (w *walk) between(br *bufio.Reader, from, to int64) bool {
	part := io.NewSectionReader(w.c.At, from, to-from)
	br.Reset(part)
	if mark, _ := br.Peek(len(localHeader)); string(mark) != localHeader {
		skipLengths(br) // of the entry before
	}
	for {
		h, ok := readLocal(br)
		read, _ := part.Seek(0, io.SeekCurrent)
		if !ok || read-int64(br.Buffered()) == to-from {
			return true // no header, or that of the next entry that is listed
		}
		if strings.HasSuffix(h.name, "/") && h.known && h.packed == 0 {
			continue
		}
		if !w.next() {
			return false
		}
		if !w.salvageEntry(br, h) {
			return !w.stopped
		}
	}
}

const localHeader = "PK\x03\x04"

// A local is what stands before an entry.
type local struct {
	name   string
	flags  uint16
	method uint16
	packed uint64 // bytes, if known
	known  bool   // else its length stands behind it
}

// readLocal reads one header. ok is false if there is none, or not all of it.
func readLocal(br *bufio.Reader) (h local, ok bool) {
	const fixed = 30
	b, _ := br.Peek(fixed)
	if len(b) < fixed || string(b[:4]) != localHeader {
		return h, false
	}
	u16 := func(at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
	h.flags, h.method = u16(6), u16(8)
	h.packed = uint64(binary.LittleEndian.Uint32(b[18:]))
	nameLen, extraLen := int(u16(26)), int(u16(28))
	rest := make([]byte, fixed+nameLen+extraLen)
	if _, err := io.ReadFull(br, rest); err != nil {
		return h, false
	}
	h.name = strings.ReplaceAll(string(rest[fixed:fixed+nameLen]), `\`, "/")
	const wide = 1<<32 - 1
	if h.packed == wide {
		h.packed = packedSize64(rest[fixed+nameLen:])
	}
	const behind = 8
	h.known = h.flags&behind == 0 || h.packed != 0
	return h, true
}

// packedSize64 finds the 64-bit length among the extra fields of a header; 0 if
// it is not there.
func packedSize64(extra []byte) uint64 {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			break
		}
		if id == 1 && n >= 16 {
			return binary.LittleEndian.Uint64(extra[8:])
		}
		extra = extra[n:]
	}
	return 0
}

// salvageEntry yields one entry. It returns false if nothing can follow.
func (w *walk) salvageEntry(br *bufio.Reader, h local) bool {
	path := join(w.c.Path, h.name)
	var packed io.Reader = br
	if h.known {
		packed = io.LimitReader(br, int64(min(h.packed, 1<<62)))
	}
	more := true
	if err := readableMethod(h.flags, h.method); err != nil {
		err.Path = path
		more = w.yield(Entry{}, err) && h.known
	} else if !h.known && h.method != zip.Deflate {
		return false // where it ends is not known
	} else {
		var rc io.ReadCloser
		switch h.method {
		case zip.Store:
			rc = io.NopCloser(packed)
		case zip.Deflate:
			rc = flate.NewReader(packed) // reads no byte too many of a bufio.Reader
		default:
			rc = w.decompressor(h.method)(packed)
		}
		entry := &layer{w: w, path: path, src: rc, max: w.budget.limits.Entry}
		more = w.yield(Entry{Path: path, Reader: entry, Size: -1}, nil)
		if more && !h.known {
			_, err := io.Copy(io.Discard, entry) // to get to what is behind it
			more = err == nil
		}
		rc.Close()
	}
	if !more {
		return false
	}
	if h.known {
		io.Copy(io.Discard, packed)
	}
	const behind = 8
	return h.flags&behind == 0 || skipLengths(br)
}

// skipLengths skips what stands behind an entry whose length was not known
// before: with or without a mark, with numbers of 32 or 64 bits.
func skipLengths(br *bufio.Reader) bool {
	b, _ := br.Peek(28)
	for _, n := range [...]int{16, 24, 12, 20} {
		if len(b) >= n+4 && bytes.HasPrefix(b[n:], []byte(localHeader)) {
			br.Discard(n)
			return true
		}
	}
	return false
}
