package rules

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
)

// isEncoding reports whether a part of this name encodes its argument.
func isEncoding(name string) bool {
	switch name {
	case "b64-of", "b64url-of", "b64-of-hex", "b64url-of-hex", "pem-of-hex", "base58check-of-hex", "ripple-of-hex", "crc16-of-hex":
		return true
	}
	return false
}

// encodePart returns the argument of a part in its encoding.
func encodePart(name, arg string) (string, error) {
	raw := []byte(arg)
	name, isHex := strings.CutSuffix(name, "-hex")
	if isHex {
		var err error
		if raw, err = hex.DecodeString(arg); err != nil {
			return "", fmt.Errorf("<%s-hex:...>: %w", name, err)
		}
	}
	switch name {
	case "b64url-of":
		return base64.RawURLEncoding.EncodeToString(raw), nil
	case "pem-of":
		text := base64.StdEncoding.EncodeToString(raw)
		var lines []string
		for line := range slices.Chunk([]byte(text), 64) {
			lines = append(lines, string(line))
		}
		return strings.Join(lines, "\n"), nil
	case "base58check-of", "ripple-of":
		alphabet := exampleClass("base58")
		if name == "ripple-of" {
			alphabet = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
		}
		first := sha256.Sum256(raw)
		second := sha256.Sum256(first[:])
		return base58(append(raw, second[:4]...), alphabet), nil
	case "crc16-of":
		return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(binary.LittleEndian.AppendUint16(raw, crc16(raw))), nil
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

// checksum returns the sum of a text in a form, "" if there is no such form.
func checksum(name, form, text string) string {
	if name == "bech32" {
		return bech32Sum(text)
	}
	sum := crc32.ChecksumIEEE([]byte(text))
	var le [4]byte
	binary.LittleEndian.PutUint32(le[:], sum)
	switch form {
	case "base62":
		return inBase(base62Chars, sum, 6)
	case "base36":
		return inBase(digitChars+lowerChars, sum, 7)
	case "hex":
		return fmt.Sprintf("%08x", sum)
	case "HEX":
		return fmt.Sprintf("%08X", sum)
	case "hexle":
		return hex.EncodeToString(le[:])
	case "b64le":
		return base64.RawStdEncoding.EncodeToString(le[:])
	}
	return ""
}

// inBase returns n in the base of the digits, with zeros in front.
func inBase(digits string, n uint32, width int) string {
	b := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		b[i] = digits[n%uint32(len(digits))]
		n /= uint32(len(digits))
	}
	return string(b)
}

// crc16 is CRC-16/XMODEM.
func crc16(b []byte) (sum uint16) {
	for _, c := range b {
		sum ^= uint16(c) << 8
		for range 8 {
			carry := sum >> 15
			sum = sum<<1 ^ carry*0x1021
		}
	}
	return sum
}

// base58 returns the bytes as a number in that many digits, and a digit for
// each zero in front.
func base58(raw []byte, alphabet string) string {
	n, radix, digit := new(big.Int).SetBytes(raw), big.NewInt(58), new(big.Int)
	var out []byte
	for n.Sign() > 0 {
		n.DivMod(n, radix, digit)
		out = append(out, alphabet[digit.Int64()])
	}
	for _, c := range raw {
		if c != 0 {
			break
		}
		out = append(out, alphabet[0])
	}
	slices.Reverse(out)
	return string(out)
}

// bech32Sum returns the six characters that end a Bech32 text (BIP 173).
func bech32Sum(text string) string {
	upper := text == strings.ToUpper(text)
	text = strings.ToLower(text)
	at := strings.LastIndexByte(text, '1')
	if at < 0 {
		return ""
	}
	alphabet := exampleClass("bech32")
	var values []int
	for _, c := range []byte(text[:at]) {
		values = append(values, int(c>>5))
	}
	values = append(values, 0)
	for _, c := range []byte(text[:at]) {
		values = append(values, int(c&31))
	}
	for _, c := range []byte(text[at+1:]) {
		values = append(values, strings.IndexByte(alphabet, c))
	}
	sum := 1
	for _, v := range append(values, 0, 0, 0, 0, 0, 0) {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ v
		for i, g := range [...]int{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	sum ^= 1
	var out []byte
	for i := range 6 {
		out = append(out, alphabet[sum>>(5*(5-i))&31])
	}
	if upper {
		return strings.ToUpper(string(out))
	}
	return string(out)
}

// rsaExample returns the DER of an RSAPrivateKey, in hex, whose modulus is the
// product of its factors. They are odd, not prime: it opens nothing.
func rsaExample(rnd *rand.Rand, bits int) string {
	number := func(bits int) *big.Int {
		b := make([]byte, max(bits/8, 1))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		b[0] |= 0xc0
		b[len(b)-1] |= 1
		return new(big.Int).SetBytes(b)
	}
	p, q := number(bits/2), number(bits/2)
	n := new(big.Int).Mul(p, q)
	var content []byte
	for _, i := range []*big.Int{new(big.Int), n, big.NewInt(65537), number(bits), p, q, number(bits / 2), number(bits / 2), number(bits / 2)} {
		content = append(content, derTLV(0x02, append(make([]byte, 1), i.Bytes()...))...)
	}
	return hex.EncodeToString(derTLV(0x30, content))
}

// derTLV returns an element of DER with a length of two bytes at most.
func derTLV(tag byte, content []byte) []byte {
	n := len(content)
	out := []byte{tag, byte(n)}
	switch {
	case n > 0xff:
		out = []byte{tag, 0x82, byte(n >> 8), byte(n)}
	case n > 0x7f:
		out = []byte{tag, 0x81, byte(n)}
	}
	return append(out, content...)
}
