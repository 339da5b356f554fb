package rules

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"regexp"
	"strconv"
)

// maxExampleRun is the longest random part of an example, in characters.
const maxExampleRun = 1 << 16

const (
	digitChars  = "0123456789"
	lowerChars  = "abcdefghijklmnopqrstuvwxyz"
	upperChars  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	base62Chars = digitChars + upperChars + lowerChars
)

// exampleClasses are the alphabets that `<class:n>` draws from.
var exampleClasses = map[string]string{
	"digits": digitChars,
	"hex":    digitChars + "abcdef",
	"HEX":    digitChars + "ABCDEF",
	"xhex":   digitChars + "abcdefABCDEF",
	"lower":  lowerChars,
	"upper":  upperChars,
	"alpha":  upperChars + lowerChars,
	"alnum":  digitChars + lowerChars,
	"ALNUM":  digitChars + upperChars,
	"base62": base62Chars,
	"base58": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
	"b64":    base62Chars + "+/",
	"b64url": base62Chars + "-_",
	"base32": upperChars + "234567",
	"bech32": "qpzry9x8gf2tvdw0s3jn54khce6mua7l",
	"BECH32": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
}

var examplePart = regexp.MustCompile(`<(?:([A-Za-z0-9]+):([0-9]+)|uuid)?>`)

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
// The result depends on the example and the trial number only. An unknown
// class is an error.
func Expand(example string, trial int) (string, error) {
	h := fnv.New64a()
	h.Write([]byte(example))
	rnd := rand.New(rand.NewPCG(h.Sum64(), uint64(trial)))
	var firstErr error
	expanded := examplePart.ReplaceAllStringFunc(example, func(part string) string {
		if part == "<>" {
			return ""
		}
		if part == "<uuid>" {
			hex := func(n int) string { return randomText(rnd, exampleClasses["hex"], n) }
			return hex(8) + "-" + hex(4) + "-4" + hex(3) + "-a" + hex(3) + "-" + hex(12)
		}
		m := examplePart.FindStringSubmatch(part)
		alphabet := exampleClasses[m[1]]
		n, err := strconv.Atoi(m[2])
		switch {
		case firstErr != nil:
		case alphabet == "":
			firstErr = fmt.Errorf("example %q: unknown class in %q", example, part)
		case err != nil || n > maxExampleRun:
			firstErr = fmt.Errorf("example %q: %q is longer than %d characters", example, part, maxExampleRun)
		default:
			return randomText(rnd, alphabet, n)
		}
		return ""
	})
	if firstErr != nil {
		return "", firstErr
	}
	return expanded, nil
}

func randomText(rnd *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rnd.IntN(len(alphabet))]
	}
	return string(b)
}
