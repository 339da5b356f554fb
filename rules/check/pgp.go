package check

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
)

// pgp checks a private key block in ASCII armour, RFC 9580 section 6.2, and the
// packets in it: a secret key packet (tag 5) or subkey packet (tag 7) whose
// secret part is in the clear, or encrypted. The CRC-24 of the armour, if there
// is one, must be right. GnuPG writes stubs for keys that are kept elsewhere
// (offline, or on a card): a block of them opens nothing.
//
// https://www.rfc-editor.org/rfc/rfc9580
// https://git.gnupg.org/cgi-bin/gitweb.cgi?p=gnupg.git;a=blob;f=doc/DETAILS (gnu-dummy)
func pgp(secret []byte) Result {
	label, rest, ok := pemLabel(secret)
	if !ok || label != "PGP PRIVATE KEY BLOCK" {
		return Result{}
	}
	b, sum := armour(rest)
	switch {
	case b.elided:
		return doubtful("a part of it is left out")
	case b.whole && len(b.raw) < 32:
		return failed("it is too short for a key")
	case b.whole && b.damaged:
		return doubtful("its body is damaged")
	case b.whole && len(sum) == 3 && crc24(b.raw) != uint32(sum[0])<<16|uint32(sum[1])<<8|uint32(sum[2]):
		return doubtful(sumWrong)
	}
	var clear, locked, stubs int
	data := b.raw
	for len(data) > 0 {
		tag, content, after, ok := packet(data)
		if !ok {
			if clear+locked+stubs == 0 {
				// The first packet may be cut off, and yet say all.
				if tag, content, ok := openPacket(data); ok && (tag == 5 || tag == 7) {
					switch secretPart(content) {
					case partClear:
						return Result{}
					case partLocked:
						return Result{Limit: Encrypted, Note: "a passphrase encrypts it"}
					}
				}
			}
			break
		}
		data = after
		if tag != 5 && tag != 7 {
			continue
		}
		switch secretPart(content) {
		case partClear:
			clear++
		case partLocked:
			locked++
		case partStub:
			stubs++
		}
	}
	switch {
	case clear > 0:
		return passed("its secret part is in the clear")
	case locked > 0:
		return limited(passed("a passphrase encrypts it"), Encrypted)
	case stubs > 0:
		return failed("its secret part is kept elsewhere")
	case b.whole:
		return doubtful("it holds no key")
	}
	return Result{}
}

// armour decodes what stands between the BEGIN and the END line, and the sum.
func armour(text []byte) (b body, sum []byte) {
	end := bytes.Index(text, []byte("-----END"))
	if b.whole = end >= 0; b.whole {
		text = text[:end]
	}
	text = unescapeLines(text)
	var packed []byte
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		if bytes.Contains(line, []byte(": ")) {
			continue
		}
		for word := range bytes.FieldsFuncSeq(line, isBetweenWords) {
			switch {
			case len(word) <= 2 && len(bytes.Trim(word, "+.#/:|>*")) == 0:
			case bytes.Contains(word, []byte("...")), bytes.ContainsAny(word, "${}<>*"):
				b.elided = true
			case len(word) == 5 && word[0] == '=':
				sum, _ = base64.StdEncoding.DecodeString(string(word[1:]))
			default:
				packed = append(packed, word...)
			}
		}
	}
	raw := make([]byte, base64.RawStdEncoding.DecodedLen(len(packed)))
	n, err := base64.RawStdEncoding.Decode(raw, bytes.TrimRight(packed, "="))
	b.raw, b.damaged = raw[:n], err != nil
	return b, sum
}

// crc24 is the sum of RFC 9580 section 6.1.
func crc24(data []byte) uint32 {
	crc := uint32(0xb704ce)
	for _, c := range data {
		crc ^= uint32(c) << 16
		for range 8 {
			crc <<= 1
			if crc&0x1000000 != 0 {
				crc ^= 0x1864cfb
			}
		}
	}
	return crc & 0xffffff
}

// packet splits the first packet off, RFC 9580 section 4.2. Partial lengths,
// which keys do not have, are not understood.
func packet(data []byte) (tag byte, content, rest []byte, ok bool) {
	tag, header, length, ok := packetHeader(data)
	if !ok || length > len(data)-header {
		return 0, nil, nil, false
	}
	return tag, data[header : header+length], data[header+length:], true
}

// openPacket returns what there is of the first packet.
func openPacket(data []byte) (tag byte, content []byte, ok bool) {
	tag, header, _, ok := packetHeader(data)
	if !ok || header > len(data) {
		return 0, nil, false
	}
	return tag, data[header:], true
}

func packetHeader(data []byte) (tag byte, header, length int, ok bool) {
	if len(data) < 6 || data[0]&0x80 == 0 {
		return 0, 0, 0, false
	}
	if data[0]&0x40 == 0 { // the old format
		tag = data[0] >> 2 & 15
		switch data[0] & 3 {
		case 0:
			return tag, 2, int(data[1]), true
		case 1:
			return tag, 3, int(binary.BigEndian.Uint16(data[1:])), true
		case 2:
			return tag, 5, int(binary.BigEndian.Uint32(data[1:]) & 0x7fffffff), true
		}
		return 0, 0, 0, false
	}
	tag = data[0] & 63
	switch l := data[1]; {
	case l < 192:
		return tag, 2, int(l), true
	case l < 224:
		return tag, 3, int(l-192)<<8 + int(data[2]) + 192, true
	case l == 255:
		return tag, 6, int(binary.BigEndian.Uint32(data[2:]) & 0x7fffffff), true
	}
	return 0, 0, 0, false
}

// What the secret part of a key packet is.
const (
	partUnknown = iota
	partClear
	partLocked
	partStub
)

// secretPart looks behind the public part of a secret key packet, RFC 9580
// section 5.5.3.
func secretPart(b []byte) int {
	if len(b) < 6 {
		return partUnknown
	}
	version, algorithm := b[0], b[5]
	switch version {
	case 4:
		b = b[6:]
	case 5, 6:
		if len(b) < 10 {
			return partUnknown
		}
		n := int(binary.BigEndian.Uint32(b[6:]) & 0x7fffffff)
		if n > len(b)-10 {
			return partUnknown
		}
		return usage(b[10+n:])
	default:
		return partUnknown
	}
	ok := true
	skip := func(n int) {
		if !ok || n > len(b) {
			ok = false
			return
		}
		b = b[n:]
	}
	mpi := func() {
		if len(b) < 2 {
			ok = false
			return
		}
		skip(2 + (int(binary.BigEndian.Uint16(b))+7)/8)
	}
	short := func() { // a length of one byte and so many more
		if len(b) < 1 {
			ok = false
			return
		}
		skip(1 + int(b[0]))
	}
	switch algorithm {
	case 1, 2, 3: // RSA
		mpi()
		mpi()
	case 16: // Elgamal
		mpi()
		mpi()
		mpi()
	case 17: // DSA
		mpi()
		mpi()
		mpi()
		mpi()
	case 19, 22: // ECDSA, EdDSA
		short()
		mpi()
	case 18: // ECDH
		short()
		mpi()
		short()
	case 25, 27: // X25519, Ed25519
		skip(32)
	case 26: // X448
		skip(56)
	case 28: // Ed448
		skip(57)
	default:
		return partUnknown
	}
	if !ok {
		return partUnknown
	}
	return usage(b)
}

// usage looks at the octet that says how the secret part is encrypted.
func usage(b []byte) int {
	switch {
	case len(b) < 1:
		return partUnknown
	case b[0] == 0:
		return partClear
	case b[0] >= 253 && len(b) >= 6 && b[2] == 101 && bytes.HasPrefix(b[4:], []byte("GNU")):
		return partStub
	}
	return partLocked
}
