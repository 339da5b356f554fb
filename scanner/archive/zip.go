package archive

import (
	"archive/zip"
	"bufio"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The methods of compression in a zip that can be read.
const (
	methodBzip2   = 12
	methodZstdOld = 20
	methodZstd    = 93
	methodXz      = 95
	methodAES     = 99 // stands for encryption
)

func (w *walk) zip() {
	z, err := w.openZip()
	if err != nil {
		err = w.damage(w.c.Path, err)
		if e := (*Error)(nil); w.yield(Entry{}, err) && errors.As(err, &e) && e.Reason == Damaged {
			w.salvage()
		}
		return
	}
	text := officeText(z.File)
	for _, f := range z.File {
		name := strings.ReplaceAll(f.Name, `\`, "/") // as some programs for Windows write it
		if strings.HasSuffix(name, "/") && f.UncompressedSize64 == 0 {
			continue
		}
		if !w.next() || !w.zipEntry(f, join(w.c.Path, name), text(name)) {
			return
		}
	}
	w.unlisted(z.File)
}

// openZip reads the directory, of which the library keeps all.
func (w *walk) openZip() (*zip.Reader, error) {
	limits := &w.budget.limits
	tooLarge := &Error{w.c.Path, TooMany, fmt.Errorf("its directory has more than %s; what is in it was not searched", size(limits.Directory))}
	// The library makes room for as many records as the end of the directory
	// says there are.
	const minRecord = 46
	if directoryRecords(w.c.At, w.c.Size) > uint64(limits.Directory/minRecord) {
		return nil, tooLarge
	}
	const end = 128 << 10 // what is read to find the directory
	at := &meteredAt{src: w.c.At, left: limits.Directory + end, err: tooLarge}
	z, err := zip.NewReader(at, w.c.Size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, err
	}
	at.left = -1
	for _, m := range [...]uint16{methodBzip2, methodZstdOld, methodZstd, methodXz} {
		z.RegisterDecompressor(m, w.decompressor(m))
	}
	return z, nil
}

// decompressor returns what decompresses a method that the library does not.
func (w *walk) decompressor(m uint16) zip.Decompressor {
	return func(r io.Reader) io.ReadCloser {
		br := bufio.NewReader(r)
		switch m {
		case methodBzip2:
			return io.NopCloser(bzip2.NewReader(br))
		case methodXz:
			x := newXz(br, w.budget, w.c.Path)
			return &method{x, x.close, nil}
		}
		d, close, err := newZstd(br, w.budget, w.c.Path)
		return &method{d, close, err}
	}
}

// readableMethod returns nil if an entry with these flags and that method can
// be read, else why not, without a path.
func readableMethod(flags, m uint16) *Error {
	const encrypted = 1
	switch {
	case flags&encrypted != 0 || m == methodAES:
		return &Error{Reason: Encrypted, Err: errors.New("it is encrypted, so it was not searched")}
	case !slices.Contains([]uint16{zip.Store, zip.Deflate, methodBzip2, methodZstd, methodZstdOld, methodXz}, m):
		return &Error{Reason: Unsupported, Err: fmt.Errorf("compressed with method %d of zip, so it was not searched", m)}
	}
	return nil
}

// A method is a decompressor of a zip.
type method struct {
	src   io.Reader
	close func()
	err   error
}

func (m *method) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	return m.src.Read(p)
}

func (m *method) Close() error {
	if m.close != nil {
		m.close()
	}
	return nil
}

// A meteredAt fails once more bytes were read than left says; a negative
// number is none.
type meteredAt struct {
	src  io.ReaderAt
	left int64
	err  error
}

func (m *meteredAt) ReadAt(p []byte, off int64) (int, error) {
	if m.left >= 0 {
		if m.left -= int64(len(p)); m.left < 0 {
			m.left = 0
			return 0, m.err
		}
	}
	return m.src.ReadAt(p, off)
}

// directoryRecords returns how many records the directory has, as its end says;
// 0 if there is none.
func directoryRecords(at io.ReaderAt, size int64) uint64 {
	const end, locator = 22, 20
	tail := make([]byte, min(size, 64<<10+end+locator))
	if n, err := at.ReadAt(tail, size-int64(len(tail))); n < len(tail) && err != nil {
		return 0
	}
	for i := len(tail) - end; i >= 0; i-- {
		if string(tail[i:i+4]) != "PK\x05\x06" {
			continue
		}
		records := uint64(binary.LittleEndian.Uint16(tail[i+10:]))
		if i >= locator && string(tail[i-locator:i-locator+4]) == "PK\x06\x07" {
			// The end of a directory with 64-bit numbers.
			var wide [56]byte
			off := binary.LittleEndian.Uint64(tail[i-locator+8:])
			if off < uint64(size) {
				if n, _ := at.ReadAt(wide[:], int64(off)); n == len(wide) && string(wide[:4]) == "PK\x06\x06" {
					records = max(records, binary.LittleEndian.Uint64(wide[32:]))
				}
			}
		}
		return records
	}
	return 0
}

// zipEntry yields one file. It returns what yield does.
func (w *walk) zipEntry(f *zip.File, path string, text bool) bool {
	limits := &w.budget.limits
	if err := readableMethod(f.Flags, f.Method); err != nil {
		err.Path = path
		return w.yield(Entry{}, err)
	}
	if f.UncompressedSize64 > uint64(limits.Entry) {
		return w.fail(path, TooLarge, fmt.Errorf("is larger than %s, so it was not searched", size(limits.Entry)))
	}
	rc, err := f.Open()
	if err != nil {
		return w.fail(path, Damaged, err)
	}
	e := Entry{
		Path:   path,
		Reader: &layer{w: w, path: path, src: rc, max: limits.Entry},
		Size:   int64(f.UncompressedSize64),
	}
	if f.Method == zip.Store && f.CompressedSize64 == f.UncompressedSize64 {
		if off, err := f.DataOffset(); err == nil {
			e.At = io.NewSectionReader(w.c.At, off, e.Size)
		}
	}
	more := w.yield(e, nil)
	rc.Close()
	if !more || !text {
		return more
	}
	if rc, err = f.Open(); err != nil {
		return w.fail(path, Damaged, err)
	}
	defer rc.Close()
	r := newTextReader(&layer{w: w, path: path, src: rc, max: limits.Entry})
	return w.yield(Entry{Path: path + Separator + TextName, Reader: r, Size: -1, Text: true}, nil)
}
