package rules

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"regexp"
	"strconv"
	"sync"
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

// Compiled when it is first needed: a hook pays for its start on every commit.
var examplePart = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`<(?:([A-Za-z0-9]+):([0-9]+)|uuid)?>`)
})

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
	expanded := examplePart().ReplaceAllStringFunc(example, func(part string) string {
		if part == "<>" {
			return ""
		}
		if part == "<uuid>" {
			hex := func(n int) string { return randomText(rnd, exampleClass("hex"), n) }
			return hex(8) + "-" + hex(4) + "-4" + hex(3) + "-a" + hex(3) + "-" + hex(12)
		}
		m := examplePart().FindStringSubmatch(part)
		alphabet := exampleClass(m[1])
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
