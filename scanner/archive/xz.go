package archive

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"math"

	"github.com/ulikunitz/xz/lzma"
)

// An xzReader reads the container of xz around LZMA2, which the library
// decodes. The library's own reader of the container allocates the dictionary
// that a file asks for, up to 4 GiB for a file of 60 bytes; here it is paid out
// of the Budget first.
//
// The format: https://tukaani.org/xz/xz-file-format.txt
type xzReader struct {
	src    *xzSource
	budget *Budget
	path   string

	check    byte // the kind of check behind each block
	blocks   uint64
	inStream bool
	block    io.Reader // nil between blocks
	begin    int64     // where the block's data begins in src
	sum      hash.Hash // nil if there is none that can be checked
	held     int64     // memory for the dictionary
	err      error
}

// An xzSource counts what is consumed.
type xzSource struct {
	br *bufio.Reader
	n  int64
}

func (s *xzSource) Read(p []byte) (int, error) {
	n, err := s.br.Read(p)
	s.n += int64(n)
	return n, err
}

func (s *xzSource) ReadByte() (byte, error) {
	c, err := s.br.ReadByte()
	if err == nil {
		s.n++
	}
	return c, err
}

// bytes reads exactly n bytes.
func (s *xzSource) bytes(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(s, b)
	return b, unexpected(err)
}

// pad skips zeros up to a multiple of four bytes from begin on.
func (s *xzSource) pad(begin int64) error {
	for (s.n-begin)%4 != 0 {
		if c, err := s.ReadByte(); err != nil {
			return unexpected(err)
		} else if c != 0 {
			return errors.New("xz: padding that is not zero")
		}
	}
	return nil
}

func newXz(br *bufio.Reader, b *Budget, path string) *xzReader {
	return &xzReader{src: &xzSource{br: br}, budget: b, path: path}
}

func (x *xzReader) close() {
	x.budget.release(x.held)
	x.held = 0
}

func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil {
		if x.block == nil {
			x.err = x.next()
			continue
		}
		n, err := x.block.Read(p)
		if x.sum != nil {
			x.sum.Write(p[:n])
		}
		switch {
		case err == io.EOF:
			x.err = x.endBlock()
		case err != nil:
			x.err = err
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, x.err
}

// next goes to the next block. The error is io.EOF at the end of the last
// stream.
func (x *xzReader) next() error {
	if !x.inStream {
		return x.header()
	}
	begin := x.src.n
	size, err := x.src.ReadByte()
	if err != nil {
		return unexpected(err)
	}
	if size == 0 {
		return x.index(begin)
	}
	rest, err := x.src.bytes((int(size)+1)*4 - 1)
	if err != nil {
		return err
	}
	head := append([]byte{size}, rest...)
	if crc32.ChecksumIEEE(head[:len(head)-4]) != binary.LittleEndian.Uint32(head[len(head)-4:]) {
		return errors.New("xz: a block header has the wrong checksum")
	}
	dict, err := xzDictionary(head[1 : len(head)-4])
	if err != nil {
		if errors.Is(err, errXzFilter) {
			return &Error{x.path, Unsupported, err}
		}
		return err
	}
	return x.open(dict)
}

// header reads what stands between streams, and the header of the next one.
func (x *xzReader) header() error {
	first := x.src.n == 0
	for {
		word, err := x.src.br.Peek(4)
		if len(word) == 0 && err == io.EOF && !first {
			return io.EOF
		}
		if len(word) < 4 {
			return unexpected(err)
		}
		if first || binary.LittleEndian.Uint32(word) != 0 {
			break
		}
		if _, err := x.src.bytes(4); err != nil {
			return err
		}
	}
	h, err := x.src.bytes(12)
	if err != nil {
		return err
	}
	if string(h[:6]) != "\xfd7zXZ\x00" || h[6] != 0 || h[7] > 15 || crc32.ChecksumIEEE(h[6:8]) != binary.LittleEndian.Uint32(h[8:]) {
		return errors.New("xz: not the header of a stream")
	}
	x.check, x.blocks, x.inStream = h[7], 0, true
	return nil
}

var errXzFilter = errors.New("xz: compressed with a filter that cannot be read")

// xzDictionary returns the size of the dictionary that a block needs. head is
// its header without size and checksum.
func xzDictionary(head []byte) (int64, error) {
	bad := errors.New("xz: a block header makes no sense")
	if len(head) == 0 || head[0]&0x3c != 0 {
		return 0, bad
	}
	flags := head[0]
	head = head[1:]
	number := func() (uint64, bool) {
		v, n := binary.Uvarint(head)
		if n <= 0 {
			return 0, false
		}
		head = head[n:]
		return v, true
	}
	most := uint64(math.MaxInt64)
	for _, bit := range [...]byte{0x40, 0x80} { // the sizes, compressed and not
		if flags&bit != 0 {
			n, ok := number()
			if !ok {
				return 0, bad
			}
			if bit == 0x80 {
				most = n
			}
		}
	}
	const lzma2 = 0x21
	id, ok := number()
	n, ok2 := number()
	if !ok || !ok2 {
		return 0, bad
	}
	if flags&3 != 0 || id != lzma2 {
		return 0, errXzFilter
	}
	if n != 1 || len(head) < 1 {
		return 0, bad
	}
	dict, err := lzma.DecodeDictCap(head[0])
	// Nothing in the block lies farther back than the block is long.
	return max(int64(min(uint64(dict), most)), lzma.MinDictCap), err
}

// open begins a block.
func (x *xzReader) open(dict int64) error {
	x.close()
	if err := x.budget.dictionary(x.path, dict); err != nil {
		return err
	}
	x.held = dict
	x.begin = x.src.n
	r, err := lzma.Reader2Config{DictCap: int(dict)}.NewReader2(x.src)
	if err != nil {
		return unexpected(err)
	}
	x.block = r
	x.blocks++
	switch x.check {
	case 1:
		x.sum = crc32.NewIEEE()
	case 4:
		x.sum = crc64.New(crc64.MakeTable(crc64.ECMA))
	case 10:
		x.sum = sha256.New()
	default:
		x.sum = nil
	}
	return nil
}

// endBlock reads what follows the data of a block.
func (x *xzReader) endBlock() error {
	x.block = nil
	if err := x.src.pad(x.begin); err != nil {
		return err
	}
	sizes := [...]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}
	want, err := x.src.bytes(sizes[x.check])
	if err != nil || x.sum == nil {
		return err
	}
	got := x.sum.Sum(nil)
	if x.check != 10 { // numbers are little-endian in the file
		for i, j := 0, len(got)-1; i < j; i, j = i+1, j-1 {
			got[i], got[j] = got[j], got[i]
		}
	}
	if string(got) != string(want) {
		return errors.New("xz: a block has the wrong checksum")
	}
	return nil
}

// index reads the end of a stream. begin is where its first byte is, which was
// read.
func (x *xzReader) index(begin int64) error {
	blocks, err := binary.ReadUvarint(x.src)
	if err != nil {
		return unexpected(err)
	}
	if blocks != x.blocks {
		return errors.New("xz: the index is not that of the blocks")
	}
	for range 2 * blocks {
		if _, err := binary.ReadUvarint(x.src); err != nil {
			return unexpected(err)
		}
	}
	if err := x.src.pad(begin); err != nil {
		return err
	}
	end, err := x.src.bytes(4 + 12) // a checksum and the footer
	if err != nil {
		return err
	}
	if string(end[14:]) != "YZ" {
		return errors.New("xz: not the end of a stream")
	}
	x.inStream = false
	return nil
}
