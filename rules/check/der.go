package check

import "bytes"

// Tags of DER, ITU-T X.690.
const (
	tagInteger     = 0x02
	tagBitString   = 0x03
	tagOctetString = 0x04
	tagOID         = 0x06
	tagSequence    = 0x30
)

// A der is what is left to read of some DER. Reading behind the end, or
// another tag than expected, fails and leaves it failed.
type der struct {
	rest   []byte
	failed bool
}

// next returns the contents of the next element, which must have the tag.
func (d *der) next(tag byte) []byte {
	content, rest, ok := derElement(d.rest, tag)
	if d.failed || !ok {
		d.failed = true
		return nil
	}
	d.rest = rest
	return content
}

// has reports whether the next element has the tag.
func (d *der) has(tag byte) bool { return !d.failed && len(d.rest) > 0 && d.rest[0] == tag }

// into returns a reader of the next element's contents.
func (d *der) into(tag byte) *der {
	content := d.next(tag)
	return &der{rest: content, failed: d.failed}
}

// integer returns the bytes of a non-negative integer without zeros in front.
func (d *der) integer() []byte {
	content := d.next(tagInteger)
	if len(content) == 0 || content[0]&0x80 != 0 {
		d.failed = true
		return nil
	}
	return bytes.TrimLeft(content, "\x00")
}

// derElement splits the first element off: its contents, which begin with the
// tag and a definite length, and what comes behind it.
func derElement(b []byte, tag byte) (content, rest []byte, ok bool) {
	header, length, ok := derHeader(b, tag)
	if !ok || length > len(b)-header {
		return nil, nil, false
	}
	return b[header : header+length], b[header+length:], true
}

// derHeader returns how long an element's header and contents are. It does not
// need the contents.
func derHeader(b []byte, tag byte) (header, length int, ok bool) {
	if len(b) < 2 || b[0] != tag {
		return 0, 0, false
	}
	if b[1] < 0x80 {
		return 2, int(b[1]), true
	}
	n := int(b[1] & 0x7f)
	if n == 0 || n > 3 || len(b) < 2+n {
		return 0, 0, false
	}
	for _, c := range b[2 : 2+n] {
		length = length<<8 | int(c)
	}
	return 2 + n, length, true
}
