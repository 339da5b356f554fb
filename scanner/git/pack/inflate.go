package pack

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/zlib"
)

var (
	errZlibLong  = errors.New("zlib stream holds more than is declared")
	errZlibShort = errors.New("zlib stream holds less than is declared")
)

// An inflater decompresses zlib streams.
type inflater struct {
	noAdler bool
	src     bytes.Reader
	z       io.ReadCloser
}

func (z *inflater) reset(src []byte) (err error) {
	z.src.Reset(src)
	if z.z == nil {
		z.z, err = zlib.NewReader(&z.src)
		return err
	}
	return z.z.(zlib.Resetter).Reset(&z.src, nil)
}

// inflate decompresses the zlib stream at the beginning of src into dst, whose
// length is the declared size.
func (z *inflater) inflate(dst, src []byte) (consumed int, err error) {
	if err := z.reset(src); err != nil {
		return 0, err
	}
	if _, err := io.ReadFull(z.z, dst); err != nil {
		return 0, errors.Join(errZlibShort, err)
	}
	var one [1]byte
	if n, err := io.ReadFull(z.z, one[:]); n != 0 {
		return 0, errZlibLong
	} else if err != io.EOF {
		return 0, err
	}
	return len(src) - z.src.Len(), nil
}

// inflatePrefix decompresses the beginning of the stream: as much as dst holds.
func (z *inflater) inflatePrefix(dst, src []byte) (n int, err error) {
	if err := z.reset(src); err != nil {
		return 0, err
	}
	n, err = io.ReadFull(z.z, dst)
	if err == io.EOF || err == io.ErrUnexpectedEOF && z.src.Len() == 0 {
		err = nil
	}
	return n, err
}
