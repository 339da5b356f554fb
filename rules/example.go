package rules

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
)

// maxExampleRun is the longest random part of an example, in characters.
const maxExampleRun = 1 << 16

const (
	digitChars  = "0123456789"
	lowerChars  = "abcdefghijklmnopqrstuvwxyz"
	upperChars  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	base62Chars = digitChars + upperChars + lowerChars
)

// exampleClass returns the alphabet that `<name:n>` draws from, "" if there is
// no such class.
func exampleClass(name string) string {
	switch name {
	case "digits":
		return digitChars
	case "hex":
		return digitChars + "abcdef"
	case "HEX":
		return digitChars + "ABCDEF"
	case "xhex":
		return digitChars + "abcdefABCDEF"
	case "lower":
		return lowerChars
	case "upper":
		return upperChars
	case "alpha":
		return upperChars + lowerChars
	case "alnum":
		return digitChars + lowerChars
	case "ALNUM":
		return digitChars + upperChars
	case "base62":
		return base62Chars
	case "base58":
		return "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	case "b64":
		return base62Chars + "+/"
	case "b64url":
		return base62Chars + "-_"
	case "base32":
		return upperChars + "234567"
	case "bech32":
		return "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	case "BECH32":
		return "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"
	}
	return ""
}

// Expand returns an example with its random parts filled in, so that rule
// files can show what a credential looks like without holding one:
//
//   - `<class:n>` becomes n random characters of the class, which is one of
//     digits, hex, HEX, xhex (either case), lower, upper, alpha, alnum (lower
//     and digits), ALNUM (upper and digits), base62, base58, b64, b64url,
//     base32, bech32 and BECH32;
//   - `<uuid>` becomes a random UUID in lower case;
//   - `<>` becomes nothing and breaks up literals that would look real.
//
// Parts that checks look at are computed:
//
//   - `<crc32:form>` becomes the CRC-32 of the random part before it, as
//     base62 (six digits), base36 (seven), hex, HEX, hexle (bytes in reverse
//     order) or b64le; `<bech32>` the checksum of a Bech32 text. Where another
//     text is summed up, `<from>` stands at its beginning, and `<to>` at its
//     end if that is not here;
//   - `<b64-of:text>`, `<b64url-of:text>` (without padding) become an encoded
//     text, and `<b64-of-hex:bytes>`, `<b64url-of-hex:bytes>`,
//     `<pem-of-hex:bytes>` (in lines), `<base58check-of-hex:bytes>`,
//     `<ripple-of-hex:bytes>` (the same in the XRP Ledger's alphabet) and
//     `<crc16-of-hex:bytes>` (base32 with a CRC-16) bytes that are given in
//     hex. Other parts can stand in the text or the bytes;
//   - `<rsa:n>` becomes the bytes, in hex, of an RSA key of n bits in PKCS #1.
//
// The result depends on the example and the trial number only. An unknown
// class or form is an error. What is not of these forms stays as it is.
func Expand(example string, trial int) (string, error) {
	h := fnv.New64a()
	h.Write([]byte(example))
	e := expander{example: example, rnd: rand.New(rand.NewPCG(h.Sum64(), uint64(trial)))}
	text, _ := e.text(example, false)
	if e.err != nil {
		return "", e.err
	}
	return text, nil
}

// An expander is the state of one Expand.
type expander struct {
	example string
	rnd     *rand.Rand
	err     error // the first one
}

func (e *expander) fail(format string, args ...any) string {
	if e.err == nil {
		e.err = fmt.Errorf("example %q: "+format, append([]any{e.example}, args...)...)
	}
	return ""
}

// text expands s, or in an argument what stands before the ">" that ends it,
// and returns what comes behind that.
func (e *expander) text(s string, argument bool) (expanded, rest string) {
	var out strings.Builder
	from, to := -1, -1 // what a checksum covers
	random := [2]int{} // where the last random part stands
	for len(s) > 0 {
		if argument && s[0] == '>' {
			return out.String(), s[1:]
		}
		p, rest, ok := cutPart(s)
		if !ok {
			out.WriteByte(s[0])
			s = s[1:]
			continue
		}
		part := s[:len(s)-len(rest)]
		start := out.Len()
		switch {
		case p.name == "":
		case p.name == "from":
			from, to = start, -1
		case p.name == "to":
			to = start
		case p.name == "uuid":
			hex := func(n int) string { return randomText(e.rnd, exampleClass("hex"), n) }
			out.WriteString(hex(8) + "-" + hex(4) + "-4" + hex(3) + "-a" + hex(3) + "-" + hex(12))
		case p.name == "crc32" || p.name == "bech32" && !p.hasArg:
			covered := out.String()[random[0]:random[1]]
			if from >= 0 {
				covered = out.String()[from:max(to, from)]
				if to < 0 {
					covered = out.String()[from:]
				}
			}
			if sum := checksum(p.name, p.arg, covered); sum != "" {
				out.WriteString(sum)
			} else {
				e.fail("unknown form in %q", part)
			}
		case isEncoding(p.name):
			var arg string
			arg, rest = e.text(s[len("<")+len(p.name)+len(":"):], true)
			encoded, err := encodePart(p.name, arg)
			if err != nil {
				e.fail("%v", err)
			}
			out.WriteString(encoded)
		default:
			out.WriteString(e.random(p, part))
			random = [2]int{start, out.Len()}
		}
		s = rest
	}
	return out.String(), ""
}

// random returns the text of a part with a number.
func (e *expander) random(p examplePart, part string) string {
	alphabet := exampleClass(p.name)
	n, err := strconv.Atoi(p.arg)
	switch {
	case alphabet == "" && p.name != "rsa":
		return e.fail("unknown class in %q", part)
	case err != nil || n > maxExampleRun:
		return e.fail("%q is longer than %d characters", part, maxExampleRun)
	case p.name == "rsa":
		return rsaExample(e.rnd, n)
	}
	return randomText(e.rnd, alphabet, n)
}

// An examplePart is one "<name>" or "<name:argument>".
type examplePart struct {
	name, arg string
	hasArg    bool
}

// cutPart splits a part off that s begins with. The argument of an encoding
// is left where it is: it can hold other parts.
func cutPart(s string) (p examplePart, rest string, ok bool) {
	if s[0] != '<' {
		return p, s, false
	}
	n := 1
	for n < len(s) && (isLetter(s[n]) || isDigit(s[n]) || s[n] == '-') {
		n++
	}
	if n == len(s) {
		return p, s, false
	}
	p.name = s[1:n]
	switch s[n] {
	case '>':
		switch p.name {
		case "", "uuid", "from", "to", "bech32":
			return p, s[n+1:], true
		}
		return p, s, false
	case ':':
	default:
		return p, s, false
	}
	p.hasArg = true
	if isEncoding(p.name) {
		return p, "", true
	}
	end := strings.IndexByte(s, '>')
	if end < 0 {
		return p, s, false
	}
	p.arg = s[n+1 : end]
	if p.name == "crc32" || p.arg != "" && strings.Trim(p.arg, digitChars) == "" && !strings.Contains(p.name, "-") {
		return p, s[end+1:], true
	}
	return p, s, false
}

func randomText(rnd *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rnd.IntN(len(alphabet))]
	}
	return string(b)
}
