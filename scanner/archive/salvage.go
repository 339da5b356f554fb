package archive

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
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
