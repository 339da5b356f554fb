package archive

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"
)

func (w *walk) compressed(kind Kind) {
	if !w.next() {
		return
	}
	br := bufio.NewReaderSize(w.c.R, 64<<10)
	var (
		src   io.Reader
		err   error
		close = func() {}
	)
	switch kind {
	case Gzip:
		src, err = newGzip(br)
	case Bzip2:
		src = bzip2.NewReader(br)
	case Zstd:
		src, close, err = newZstd(br, w.budget, w.c.Path)
	case Xz:
		x := newXz(br, w.budget, w.c.Path)
		src, close = x, x.close
	}
	if err != nil {
		w.yield(Entry{}, w.damage(w.c.Path, err))
		return
	}
	defer close()
	// An error is about the compressed file, not about what is in it.
	r := &layer{w: w, path: w.c.Path, src: src}
	w.yield(Entry{Path: join(w.c.Path, within(w.c.Name)), Reader: r, Size: -1, Sole: true}, nil)
}

// A gzipReader reads all members. Between and behind them there may be zeros, as
// tapes and some programs pad with. What else stands there is no end that gzip
// knows of, and may be anything.
type gzipReader struct {
	br *bufio.Reader
	z  *gzip.Reader
}

func newGzip(br *bufio.Reader) (*gzipReader, error) {
	z, err := gzip.NewReader(br)
	if err != nil {
		return nil, unexpected(err)
	}
	z.Multistream(false)
	return &gzipReader{br, z}, nil
}

func (g *gzipReader) Read(p []byte) (int, error) {
	for {
		n, err := g.z.Read(p)
		if err != io.EOF {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
		if err := skipZeros(g.br); err != nil {
			return 0, err
		}
		if magic, err := g.br.Peek(2); err != nil && err != io.EOF {
			return 0, err
		} else if string(magic) != "\x1f\x8b" {
			return 0, errors.New("gzip: what follows its end is no gzip, and was searched as it is")
		}
		if err := g.z.Reset(g.br); err != nil {
			return 0, unexpected(err)
		}
		g.z.Multistream(false)
	}
}

// skipZeros reads up to the next byte that is not zero.
func skipZeros(br *bufio.Reader) error {
	for {
		c, err := br.ReadByte()
		if err != nil {
			return err
		}
		if c != 0 {
			return br.UnreadByte()
		}
	}
}

// unexpected returns err, but for an end that comes too early.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// minWindow is what a zstd decoder may use at least: the window that every
// decoder is asked to have.
const minWindow = 8 << 20

// newZstd returns a decoder that has the memory that the first frame asks for.
// There is one frame in most files, and the frames of the others are alike.
func newZstd(br *bufio.Reader, b *Budget, path string) (r io.Reader, close func(), err error) {
	var h zstd.Header
	window := uint64(minWindow)
	head, _ := br.Peek(zstd.HeaderMaxSize)
	if err := h.Decode(head); err == nil && !h.Skippable {
		window = max(window, h.WindowSize)
	}
	if err := b.dictionary(path, int64(min(window, math.MaxInt64))); err != nil {
		return nil, nil, err
	}
	d, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		b.release(int64(window))
		return nil, nil, err
	}
	close = func() {
		d.Close()
		b.release(int64(window))
	}
	return &zstdReader{d, path}, close, nil
}

type zstdReader struct {
	d    *zstd.Decoder
	path string
}

func (z *zstdReader) Read(p []byte) (int, error) {
	n, err := z.d.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		err = &Error{z.path, TooLarge, fmt.Errorf("to expand it takes more memory than there is for one file: %w", err)}
	}
	return n, err
}
