// Package decode turns content into UTF-8, so that a rule written for text
// finds it in whatever encoding a file happens to be, and text inside of text
// into what it encodes.
//
//	r := decode.NewReader(f)
//	text, err := io.ReadAll(r) // UTF-8, or the bytes as they are
//
//	var regions decode.Regions
//	for _, part := range regions.Next(text, 0, true) {
//		var inner decode.Text
//		if inner.Decode(text[part.Start:part.End]) {
//			use(inner.Bytes())
//		}
//	}
//
// # Encodings of content
//
// A byte order mark of UTF-8, UTF-16 or UTF-32; and UTF-16 and UTF-32 without
// one by the zero bytes that text in Latin script has there. Only the first
// [SniffLen] bytes are looked at. Everything else passes as it is: UTF-8, any
// other superset of ASCII, and binary content.
//
// # Offsets
//
// The position in the original of any position in the text can be derived
// from the text alone, so no table is kept, however long the content: it is
// the length of the byte order mark plus [Encoding.Span] of the text before
// it. To make this hold, what is not valid becomes U+FFFD in units of the
// encoding: a lone surrogate (2 bytes of UTF-16), a number that is no
// character (4 bytes of UTF-32). The one exception is an incomplete unit at the
// very end, which also becomes one U+FFFD but has fewer bytes: callers limit
// the result to [Reader.Consumed].
//
// # Known tradeoffs
//
// Detection can be wrong, and a byte order mark can lie. Callers who must not
// miss anything look at the original as well, through [Reader.Tee].
//
// # Text inside of text
//
// [Regions] finds where a text holds base64 (of either alphabet, with or
// without padding, wrapped), hex, percent-encoding, character references,
// escapes, and UTF-16 amid other bytes; [Text] is the text with these replaced,
// and knows where every byte comes from. Both are judged by what comes out:
// base64 that does not decode to a dozen characters of text in a row is left
// as it is. So neither an alphabet nor a length has to be guessed, a value that
// is cut off or glued to something else is read all the same, and random keys,
// which decode to nothing, are left to the rules that know them.
//
// What is shorter than fifteen characters of base64 (24 in the midst of a run
// of other bytes in base64) or 24 of hex is not decoded: too many words of
// source code and random keys would seem to be encoded text.
// Nor are escapes, unless near a few that hide something: \u0041, \x41, %41,
// &#65;, and the quotes of JSON in a string.
package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// SniffLen is how many bytes of the beginning decide the encoding.
const SniffLen = 8 << 10

// Encoding is how content spells text.
type Encoding uint8

// The encodings.
const (
	Raw Encoding = iota // bytes that pass as they are
	UTF8BOM
	UTF16LE
	UTF16BE
	UTF32LE
	UTF32BE
)

// String returns "raw", "utf-8-bom", "utf-16le" and so on.
func (e Encoding) String() string {
	switch e {
	case Raw:
		return "raw"
	case UTF8BOM:
		return "utf-8-bom"
	case UTF16LE:
		return "utf-16le"
	case UTF16BE:
		return "utf-16be"
	case UTF32LE:
		return "utf-32le"
	case UTF32BE:
		return "utf-32be"
	}
	return "unknown"
}

// Wide reports whether the text differs from the bytes it was decoded from.
func (e Encoding) Wide() bool { return e >= UTF16LE }

// unit returns the length in bytes of one code unit.
func (e Encoding) unit() int {
	switch e {
	case UTF16LE, UTF16BE:
		return 2
	case UTF32LE, UTF32BE:
		return 4
	}
	return 1
}

// Span returns how many original bytes text was decoded from. Text is cut at
// characters. See the package comment for the one exception.
func (e Encoding) Span(text []byte) int64 {
	switch e.unit() {
	case 2:
		n := int64(0)
		for i := 0; i < len(text); {
			if text[i] < utf8.RuneSelf {
				i, n = i+1, n+2
				continue
			}
			r, size := utf8.DecodeRune(text[i:])
			i, n = i+size, n+2
			if r > 0xFFFF {
				n += 2
			}
		}
		return n
	case 4:
		return 4 * int64(utf8.RuneCount(text))
	}
	return int64(len(text))
}

// Detect tells the encoding from the beginning of content, of which at most
// SniffLen bytes are looked at, and the length of the byte order mark in
// bytes.
func Detect(head []byte) (e Encoding, mark int) {
	head = head[:min(len(head), SniffLen)]
	has := func(prefix string) bool {
		return len(head) >= len(prefix) && string(head[:len(prefix)]) == prefix
	}
	switch {
	case has("\xEF\xBB\xBF"):
		return UTF8BOM, 3
	// The mark of little-endian UTF-32 is also that of UTF-16 followed by a
	// zero character, so what follows must be UTF-32 all through.
	case has("\xFF\xFE\x00\x00") && valid32(head[4:], binary.LittleEndian):
		return UTF32LE, 4
	case has("\x00\x00\xFE\xFF") && valid32(head[4:], binary.BigEndian):
		return UTF32BE, 4
	case has("\xFF\xFE"):
		return UTF16LE, 2
	case has("\xFE\xFF"):
		return UTF16BE, 2
	}
	return detectZeros(head), 0
}

// detectZeros recognises wide encodings by where the zero bytes are. It errs
// on the side of recognising: the cost is to look at a content twice.
func detectZeros(head []byte) Encoding {
	if bytes.IndexByte(head, 0) < 0 {
		return Raw
	}
	var zeros [4]int // by position modulo 4
	for i, b := range head {
		if b == 0 {
			zeros[i%4]++
		}
	}
	even, odd := zeros[0]+zeros[2], zeros[1]+zeros[3]
	// In text of UTF-32, two or three bytes of each unit are zero; half of
	// the units being ASCII is plenty.
	if units := len(head) / 4; units >= 2 {
		if half := units / 2; zeros[1] > half && zeros[2] > half && zeros[3] > half && zeros[0] <= half && valid32(head, binary.LittleEndian) {
			return UTF32LE
		} else if zeros[0] > half && zeros[1] > half && zeros[2] > half && zeros[3] <= half && valid32(head, binary.BigEndian) {
			return UTF32BE
		}
	}
	// In UTF-16 the high byte of every ASCII character is zero, and hardly a
	// low byte is. A tenth of all characters being ASCII (blanks, line ends,
	// digits, names of settings) is reached by text in any script.
	const share, ratio = 10, 4
	switch units := len(head) / 2; {
	case odd*share > units && odd >= ratio*even:
		return UTF16LE
	case even*share > units && even >= ratio*odd:
		return UTF16BE
	}
	return Raw
}

// valid32 reports whether every whole unit of b is a character.
func valid32(b []byte, order binary.ByteOrder) bool {
	for ; len(b) >= 4; b = b[4:] {
		if u := order.Uint32(b); u > utf8.MaxRune || !utf8.ValidRune(rune(u)) {
			return false
		}
	}
	return true
}

// A Reader yields content as UTF-8 where its encoding is recognised, else as
// it is. It reads ahead of what it yields. It is not safe for concurrent use.
type Reader struct {
	src  io.Reader
	tee  io.Writer // nil: none
	enc  Encoding
	mark int

	sniffed  bool
	scratch  []byte // scratch that head is a part of
	head     []byte // what was sniffed and not yet consumed
	err      error  // of src, to be returned after what was read before it
	consumed int64

	in   []byte // original bytes of an incomplete character, at most 3
	out  []byte // text not yet yielded
	buf  []byte // scratch for original bytes
	text []byte // scratch that out is a part of
}

// NewReader returns a Reader over r. It reads nothing yet.
func NewReader(r io.Reader) *Reader { return &Reader{src: r} }

// Reset makes r as NewReader(src) returns it, but keeps its buffers.
func (r *Reader) Reset(src io.Reader) {
	*r = Reader{src: src, scratch: r.scratch, in: r.in[:0], buf: r.buf, text: r.text[:0]}
}

// Encoding returns the encoding. It reads up to SniffLen bytes if nothing was
// read before; an error of that is returned by Read.
func (r *Reader) Encoding() Encoding {
	r.sniff()
	return r.enc
}

// Head returns the first SniffLen original bytes, or all if there are fewer. It
// is valid until the first Read, and reads like Encoding.
func (r *Reader) Head() []byte {
	r.sniff()
	return r.head
}

// Mark returns the length of the byte order mark in bytes, 0 if there is none.
func (r *Reader) Mark() int {
	r.sniff()
	return r.mark
}

// Consumed returns how many original bytes were read and decoded, the byte
// order mark included. At the end it is the size of the content.
func (r *Reader) Consumed() int64 { return r.consumed }

// Tee makes Read write all original bytes to w, the byte order mark included,
// at the latest when it yields what they are decoded to. An error of w is
// returned by Read. Tee is called before the first Read.
func (r *Reader) Tee(w io.Writer) { r.tee = w }

func (r *Reader) sniff() {
	if r.sniffed {
		return
	}
	r.sniffed = true
	if r.scratch == nil {
		r.scratch = make([]byte, SniffLen)
	}
	r.head = r.scratch[:0]
	// Not io.ReadFull: its io.ErrUnexpectedEOF for a short content is also
	// what a reader says of a content that is cut off.
	for empty := 0; len(r.head) < SniffLen && r.err == nil; {
		n, err := r.src.Read(r.head[len(r.head):SniffLen])
		r.head, r.err = r.head[:len(r.head)+n], err
		if empty++; n > 0 {
			empty = 0
		}
		if empty == 100 && err == nil {
			r.err = io.ErrNoProgress
		}
	}
	r.enc, r.mark = Detect(r.head)
}

// original reads original bytes, first those that were sniffed. The byte order
// mark goes to the tee only.
func (r *Reader) original(p []byte) (n int, err error) {
	if r.consumed == 0 && r.mark > 0 {
		if err := r.account(r.head[:r.mark]); err != nil {
			return 0, err
		}
		r.head = r.head[r.mark:]
	}
	if len(r.head) > 0 {
		n = copy(p, r.head)
		r.head = r.head[n:]
	} else if r.err == nil {
		n, r.err = r.src.Read(p)
	}
	if n == 0 {
		return 0, r.err
	}
	return n, r.account(p[:n])
}

// account counts original bytes and passes them on to the tee.
func (r *Reader) account(p []byte) error {
	r.consumed += int64(len(p))
	if r.tee == nil {
		return nil
	}
	_, err := r.tee.Write(p)
	if err != nil {
		r.err, r.head = err, nil
	}
	return err
}

// Read yields text. It may cut characters.
func (r *Reader) Read(p []byte) (int, error) {
	r.sniff()
	if len(p) == 0 {
		return 0, nil
	}
	if !r.enc.Wide() {
		return r.original(p)
	}
	for len(r.out) == 0 {
		if r.buf == nil {
			r.buf = make([]byte, 32<<10)
		}
		carry := copy(r.buf, r.in)
		n, err := r.original(r.buf[carry:])
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err // an incomplete character is part of what could not be read
		}
		if n == 0 && err == nil {
			return 0, nil
		}
		atEOF := n == 0
		if atEOF && carry == 0 {
			return 0, io.EOF
		}
		var rest []byte
		r.out, rest = r.enc.decode(r.text[:0], r.buf[:carry+n], atEOF)
		r.text = r.out
		r.in = append(r.in[:0], rest...)
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// decode appends the text of src to dst and returns it and the bytes of src
// that are the beginning of an incomplete character; there are none atEOF.
func (e Encoding) decode(dst, src []byte, atEOF bool) (text, rest []byte) {
	var order binary.ByteOrder = binary.LittleEndian
	if e == UTF16BE || e == UTF32BE {
		order = binary.BigEndian
	}
	unit := e.unit()
	for len(src) >= unit {
		if unit == 4 {
			u := order.Uint32(src)
			if u > utf8.MaxRune {
				u = utf8.RuneError
			}
			dst = utf8.AppendRune(dst, rune(u)) // a surrogate becomes U+FFFD
			src = src[4:]
			continue
		}
		u := rune(order.Uint16(src))
		if isHigh := u >= 0xD800 && u < 0xDC00; isHigh {
			if len(src) < 4 && !atEOF {
				return dst, src
			}
			if len(src) >= 4 {
				if c := utf16.DecodeRune(u, rune(order.Uint16(src[2:]))); c != utf8.RuneError {
					dst = utf8.AppendRune(dst, c)
					src = src[4:]
					continue
				}
			}
		}
		dst = utf8.AppendRune(dst, u) // a surrogate becomes U+FFFD
		src = src[2:]
	}
	if len(src) > 0 && atEOF {
		return utf8.AppendRune(dst, utf8.RuneError), nil
	}
	return dst, src
}
