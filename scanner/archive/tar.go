package archive

import (
	"archive/tar"
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
	r := tar.NewReader(src)
	for {
		h, err := r.Next()
		if errors.Is(err, tar.ErrInsecurePath) {
			err = nil // names are not opened
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			w.yield(Entry{}, w.damage(w.c.Path, err))
			return
		}
		switch h.Typeflag {
		case tar.TypeDir, tar.TypeLink, tar.TypeSymlink, tar.TypeChar, tar.TypeBlock, tar.TypeFifo, tar.TypeXGlobalHeader:
			// Their names, and what links lead to, stand in the clear.
			if err := w.ctx.Err(); err != nil {
				w.yield(Entry{}, err)
				return
			}
			continue
		}
		if !w.next() {
			return
		}
		begin := src.n
		entry := &layer{
			w: w, path: join(w.c.Path, h.Name), src: r,
			// A sparse file has holes of any size, which cost no input.
			free: func(n int64) int64 { return min(n, src.n-begin) },
		}
		if !w.yield(Entry{Path: entry.path, Reader: entry, Size: h.Size}, nil) {
			return
		}
		if entry.err != nil && entry.err != io.EOF {
			return // there is nothing behind it, and it was said
		}
	}
}
