package check

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
)

// pem checks private keys in the textual encodings of RFC 7468 and RFC 1421:
// PKCS #1 (RFC 8017 appendix A.1.2), SEC 1 (RFC 5915), PKCS #8 (RFC 5958), the
// DSA keys of OpenSSL, and OpenSSH's own. The text begins with the BEGIN line;
// the END line may be missing, where it is cut off. Line ends may be written
// out (\n, &#10;), lines quoted and joined by code, indented, commented out, or
// all put on one line.
//
// An RSA key whose numbers belong together is proof. A text that is far too
// short for a key, or has a public key in it, is none. Whatever else does not
// parse may be a damaged copy: doubtful.
func pem(secret []byte) Result {
	label, rest, ok := pemLabel(secret)
	if !ok {
		return Result{}
	}
	rest, remark := cutRemark(rest)
	b := pemBody(rest)
	if b.encrypted {
		return limited(passed("a passphrase encrypts it"), Encrypted)
	}
	switch {
	case b.elided:
		return doubtful("a part of it is left out")
	case b.whole && len(b.raw) < 32:
		return failed("it is too short for a key")
	case uniform(b.raw), b.repeats:
		return failed("it is filled with one character")
	}
	r := Result{}
	switch label {
	case "OPENSSH PRIVATE KEY":
		r = openSSHKey(b)
	case "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
		r = derKey(b)
	}
	if remark {
		r = limited(r, TestMode)
	}
	return r
}

// cutRemark cuts a word off that stands on the line of the header: "fake" or
// "test", which says that the key opens nothing.
func cutRemark(text []byte) (rest []byte, ok bool) {
	const longest = 12
	word, found := bytes.CutPrefix(text, []byte(" "))
	n := 0
	for n < len(word) && n <= longest && isWordBytes(word[n:n+1]) && word[n] != '-' {
		n++
	}
	if !found || n == 0 || n > longest || n < len(word) && !bytes.ContainsRune([]byte(" \t\r\n\\\""), rune(word[n])) {
		return text, false
	}
	return word[n:], true
}

// pemLabel returns the label of the BEGIN line and what follows the line.
func pemLabel(text []byte) (label string, rest []byte, ok bool) {
	_, text, ok = bytes.Cut(text, []byte("-----BEGIN "))
	if !ok {
		return "", nil, false
	}
	l, rest, ok := bytes.Cut(text, []byte("-----"))
	return string(l), rest, ok && len(l) < 40
}

// A body is what stands between the BEGIN and the END line.
type body struct {
	raw       []byte // decoded, up to what could not be
	whole     bool   // the END line is there
	damaged   bool   // not all of it is base64
	elided    bool   // dots or a template stand where characters should
	repeats   bool   // nearly all of it is one character
	encrypted bool   // RFC 1421: Proc-Type: 4,ENCRYPTED
}

func pemBody(text []byte) (b body) {
	end := bytes.Index(text, []byte("-----END"))
	if b.whole = end >= 0; b.whole {
		text = text[:end]
	}
	text = unescapeLines(text)
	packed := make([]byte, 0, len(text))
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok && isWordBytes(bytes.TrimLeft(name, " \t\"'`#*>+.,|;/")) {
			b.encrypted = b.encrypted || bytes.HasSuffix(name, []byte("Proc-Type")) && bytes.Contains(value, []byte("ENCRYPTED"))
			continue
		}
		for word := range bytes.FieldsFuncSeq(line, isBetweenWords) {
			switch {
			case len(word) <= 2 && len(bytes.Trim(word, "+.#/:|>*")) == 0: // joins strings, or begins a comment
			case bytes.Contains(word, []byte("...")), bytes.Contains(word, []byte("…")), bytes.ContainsAny(word, "${}<>*"):
				b.elided = true
			default:
				packed = append(packed, word...)
			}
		}
	}
	packed = bytes.TrimRight(packed, "=")
	b.repeats = uniform(packed)
	raw := make([]byte, base64.RawStdEncoding.DecodedLen(len(packed)))
	n, err := base64.RawStdEncoding.Decode(raw, packed)
	b.raw, b.damaged = raw[:n], err != nil
	return b
}

// isBetweenWords reports whether a character stands between words of base64 in
// code, data and comments.
func isBetweenWords(r rune) bool {
	switch r {
	case ' ', '\t', '\r', '\v', '\f', '"', '\'', '`', ',', ';', '(', ')', '[', ']', '\\':
		return true
	}
	return false
}

func isWordBytes(b []byte) bool {
	return len(b) > 0 && !slices.ContainsFunc(b, func(c byte) bool {
		return !(c == '-' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z')
	})
}

// unescapeLines turns what stands for a line end into one: \n and \r\n written
// out, with any number of backslashes, as numeric entities of XML, or percent-
// encoded. An escaped slash (JSON) becomes a slash.
func unescapeLines(text []byte) []byte {
	if !bytes.ContainsAny(text, `\&%`) {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		rest := text[i:]
		switch {
		case rest[0] == '\\':
			n := 1
			for n < len(rest) && rest[n] == '\\' {
				n++
			}
			switch {
			case n < len(rest) && (rest[n] == 'n' || rest[n] == 'r'):
				out = append(out, '\n')
				i += n
			case n < len(rest) && rest[n] == '/':
				out = append(out, '/')
				i += n
			default:
				out = append(out, '\\')
				i += n - 1
			}
		case hasAnyFoldPrefix(rest, "&#10;", "&#13;", "&#xa;", "&#xd;"):
			out = append(out, '\n')
			i += 4
		case hasAnyFoldPrefix(rest, "%0a", "%0d"):
			out = append(out, '\n')
			i += 2
		case hasAnyFoldPrefix(rest, "%2b"):
			out = append(out, '+')
			i += 2
		case hasAnyFoldPrefix(rest, "%2f"):
			out = append(out, '/')
			i += 2
		case hasAnyFoldPrefix(rest, "%3d"):
			out = append(out, '=')
			i += 2
		default:
			out = append(out, rest[0])
		}
	}
	return out
}

func hasAnyFoldPrefix(b []byte, prefixes ...string) bool {
	for _, p := range prefixes {
		if len(b) >= len(p) && bytes.EqualFold(b[:len(p)], []byte(p)) {
			return true
		}
	}
	return false
}

// uniform reports whether nearly all bytes are the same, which no key is, and
// DER with its lengths is not either.
func uniform(raw []byte) bool {
	if len(raw) < 24 {
		return false
	}
	var count [256]int
	for _, c := range raw {
		count[c]++
	}
	return slices.Max(count[:])*10 > len(raw)*9
}

// derKey checks a key in DER.
func derKey(b body) Result {
	header, length, ok := derHeader(b.raw, tagSequence)
	if !ok {
		return doubtful("its body is not that of a key")
	}
	if header+length > len(b.raw) {
		if b.whole && !b.damaged {
			return doubtful("it is shorter than it says")
		}
		if b.damaged {
			return doubtful("its body is damaged")
		}
		return Result{} // cut off
	}
	d := &der{rest: b.raw[header : header+length]}
	if d.has(tagSequence) {
		return encryptedPKCS8(d)
	}
	version := d.integer()
	switch {
	case d.has(tagSequence):
		return pkcs8(d)
	case d.has(tagOctetString) && len(version) == 1 && version[0] == 1:
		return sec1(d)
	case d.has(tagInteger):
		return integersKey(d)
	}
	return doubtful("its body is not that of a key")
}

// encryptedPKCS8 checks an EncryptedPrivateKeyInfo: how it is encrypted, and
// the ciphertext.
func encryptedPKCS8(d *der) Result {
	algorithm := d.into(tagSequence)
	algorithm.next(tagOID)
	ciphertext := d.next(tagOctetString)
	if d.failed || algorithm.failed || len(ciphertext) < 16 {
		return doubtful("its body is not that of an encrypted key")
	}
	return limited(passed("a passphrase encrypts it"), Encrypted)
}

// OIDs of the algorithms whose keys are looked into.
const (
	oidRSA = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01" // 1.2.840.113549.1.1.1
	oidEC  = "\x2a\x86\x48\xce\x3d\x02\x01"         // 1.2.840.10045.2.1
)

// pkcs8 checks what follows the version of a PrivateKeyInfo.
func pkcs8(d *der) Result {
	algorithm := d.into(tagSequence)
	oid := string(algorithm.next(tagOID))
	key := d.next(tagOctetString)
	if d.failed || algorithm.failed {
		return doubtful("its body is not that of a key")
	}
	inner := &der{rest: key}
	switch oid {
	case oidRSA:
		seq := inner.into(tagSequence)
		seq.integer()
		return integersKey(seq)
	case oidEC:
		seq := inner.into(tagSequence)
		seq.integer()
		return sec1(seq)
	}
	// Ed25519 and its like (RFC 8410), and algorithms to come.
	if len(key) < 16 {
		return doubtful("it is too short for a key")
	}
	return passed("its structure is right")
}

// sec1 checks what follows the version of an ECPrivateKey.
func sec1(d *der) Result {
	key := d.next(tagOctetString)
	if d.failed || len(key) < 14 || len(key) > 72 { // from 112 to 571 bits
		return doubtful("its body is not that of a key")
	}
	if uniform(key) {
		return failed("it is filled with one byte")
	}
	return passed("it is a whole EC key")
}

// maxModulus is the largest modulus, in bytes, that is multiplied out: four
// times what anybody uses.
const maxModulus = 2048

// integersKey checks what follows the version of an RSAPrivateKey (n, e, d, p,
// q and three more) or of OpenSSL's DSA key (p, q, g, y, x).
func integersKey(d *der) Result {
	var ints [][]byte
	for d.has(tagInteger) && len(ints) < 8 {
		ints = append(ints, d.integer())
	}
	switch {
	case d.failed || len(ints) != 8 && len(ints) != 5:
		return doubtful("its body is not that of a key")
	case len(ints) == 5, d.has(tagSequence): // DSA, or RSA with more than two primes
		return passed("its structure is right")
	case len(ints[0]) > maxModulus:
		return Result{}
	}
	n := new(big.Int).SetBytes(ints[0])
	p, q := new(big.Int).SetBytes(ints[3]), new(big.Int).SetBytes(ints[4])
	switch {
	case len(ints[3])+len(ints[4]) > len(ints[0])+1 || p.Mul(p, q).Cmp(n) != 0:
		return doubtful("its primes do not make its modulus")
	case n.BitLen() < 256:
		return doubtful("it is too short for a key")
	}
	return passed(fmt.Sprintf("it is a whole RSA key of %d bits", n.BitLen()))
}

// openSSHKey checks OpenSSH's own format.
//
// https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
func openSSHKey(b body) Result {
	rest, ok := bytes.CutPrefix(b.raw, []byte("openssh-key-v1\x00"))
	if !ok {
		return doubtful("its body is not that of a key")
	}
	str := func() []byte {
		if !ok || len(rest) < 4 {
			ok = false
			return nil
		}
		n := binary.BigEndian.Uint32(rest)
		if uint64(n) > uint64(len(rest)-4) {
			ok = false
			return nil
		}
		s := rest[4 : 4+n]
		rest = rest[4+n:]
		return s
	}
	cipher, kdf := string(str()), string(str())
	str() // options of the key derivation
	if !ok {
		return cutOff(b)
	}
	if cipher != "none" || kdf != "none" {
		return limited(passed("a passphrase encrypts it"), Encrypted)
	}
	if len(rest) < 4 {
		return cutOff(b)
	}
	rest = rest[4:] // the number of keys
	str()           // the public key
	key := str()
	switch {
	case !ok:
		return cutOff(b)
	case len(key) < 8 || !bytes.Equal(key[:4], key[4:8]):
		return doubtful("its check numbers differ")
	}
	return passed("its structure is right")
}

// cutOff is the verdict of a body that ends too early.
func cutOff(b body) Result {
	switch {
	case b.damaged:
		return doubtful("its body is damaged")
	case b.whole:
		return doubtful("it is shorter than it says")
	}
	return Result{}
}
