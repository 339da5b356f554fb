package archive

import (
	"fmt"
	"io"
)

// A Spool keeps what is written to it in memory, so that a zip in a stream can
// be read at random. It is paid out of a Budget; what does not fit is not kept,
// and nothing is written to disk.
type Spool struct {
	budget *Budget
	path   string
	chunks [][]byte // each of spoolChunk bytes
	size   int64
	err    error
}

// spoolChunk is small enough that a spool of a small zip costs little. A slice
// that grows would take twice the memory while it is copied.
const spoolChunk = 256 << 10

// NewSpool returns an empty Spool for the archive at path.
func NewSpool(b *Budget, path string) *Spool { return &Spool{budget: b, path: path} }

// Write never fails: see Err.
func (s *Spool) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0 && s.err == nil; {
		at := int(s.size % spoolChunk)
		if at == 0 {
			if !s.budget.hold(spoolChunk) {
				s.Release()
				s.err = &Error{s.path, TooLarge, fmt.Errorf("what has to be held in memory to open it is more than %s, together with what is around it; what is in it was not searched", size(s.budget.limits.Memory))}
				break
			}
			s.chunks = append(s.chunks, make([]byte, spoolChunk))
		}
		n := copy(s.chunks[len(s.chunks)-1][at:], rest)
		s.size += int64(n)
		rest = rest[n:]
	}
	return len(p), nil
}

// Err returns an *Error if not all that was written is kept.
func (s *Spool) Err() error { return s.err }

// Size returns the number of bytes kept.
func (s *Spool) Size() int64 { return s.size }

// ReadAt implements io.ReaderAt.
func (s *Spool) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && off >= 0 && off < s.size {
		chunk := s.chunks[off/spoolChunk]
		if left := s.size - off/spoolChunk*spoolChunk; left < spoolChunk {
			chunk = chunk[:left]
		}
		k := copy(p[n:], chunk[off%spoolChunk:])
		n += k
		off += int64(k)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Release gives the memory back. The Spool is empty then.
func (s *Spool) Release() {
	s.budget.release(int64(len(s.chunks)) * spoolChunk)
	s.chunks, s.size = nil, 0
}
