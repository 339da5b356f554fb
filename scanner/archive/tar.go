package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
)

// damage makes an *Error of what a reader failed with, unless it is one, of an
// archive around this one, or the context's.
func (w *walk) damage(path string, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &Error{path, Damaged, err}
}

// A counter counts what is read.
type counter struct {
	src io.Reader
	n   int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.n += int64(n)
	return n, err
}

func (w *walk) tar() {
	src := &counter{src: w.c.R}
	for r := io.Reader(src); r != nil; r = nextTar(src) {
		if !w.oneTar(src, tar.NewReader(r)) {
			return
		}
	}
}

// nextTar returns the tar that stands behind the end of another one, as "cat"
// and "tar -A" leave it; nil if there is none. Anything else is no more than the
// bytes that it is.
func nextTar(src io.Reader) io.Reader {
	var block, zeros [tarBlock]byte
	for {
		if _, err := io.ReadFull(src, block[:]); err != nil {
			return nil // said by whoever reads the content to its end
		}
		if isTar(block[:]) {
			return io.MultiReader(bytes.NewReader(block[:]), src)
		}
		if block != zeros {
			return nil
		}
	}
}

// oneTar yields the entries up to the end of a tar. It returns false if nothing
// can follow.
func (w *walk) oneTar(src *counter, r *tar.Reader) bool {
	for {
		h, err := r.Next()
		if errors.Is(err, tar.ErrInsecurePath) {
			err = nil // names are not opened
		}
		if err == io.EOF {
			return true
		}
		if err != nil {
			w.yield(Entry{}, w.damage(w.c.Path, err))
			return false
		}
		switch h.Typeflag {
		case tar.TypeDir, tar.TypeLink, tar.TypeSymlink, tar.TypeChar, tar.TypeBlock, tar.TypeFifo, tar.TypeXGlobalHeader:
			// Their names, and what links lead to, stand in the clear.
			if err := w.ctx.Err(); err != nil {
				w.yield(Entry{}, err)
				return false
			}
			continue
		}
		if !w.next() {
			return false
		}
		begin := src.n
		entry := &layer{
			w: w, path: join(w.c.Path, h.Name), src: r,
			// A sparse file has holes of any size, which cost no input.
			free: func(n int64) int64 { return min(n, src.n-begin) },
		}
		if !w.yield(Entry{Path: entry.path, Reader: entry, Size: h.Size}, nil) {
			return false
		}
		if entry.err != nil && entry.err != io.EOF {
			return false // there is nothing behind it, and it was said
		}
	}
}
