package scanner

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/cork-scanner/cork/rules"
)

// A fingerprint is the rule's id, a colon and 20 hex digits. It names a secret
// without a line number, so it survives edits around the secret, rebases and
// other machines, and it is meant to be committed where anybody can read it.
// So what it may say about the secret depends on how hard the secret is to
// guess.
//
// Of a strong secret (see strong) the digits are 80 bits of a SHA-256 of rule
// and secret: nobody can search 2^80 candidates, and the fingerprint survives
// renames of the file and the key.
//
// Of a weak one, such as a password, any hash that identifies it would let a
// reader with a list of passwords find it, however slow the hash is. So 17
// digits (68 bits) say only where it is: a SHA-256 of rule, path and key. And
// 3 digits (12 bits) are of a PBKDF2 of the secret:
//
//   - From a list of N passwords, N/4096 remain possible, so a reader learns at
//     most 12 bits: an eight character password of 40 bits keeps 28. The same
//     password in a hundred places gives away the same 12 bits again, not more,
//     because the hash does not depend on the place.
//   - If the password is changed, the new one has another fingerprint with
//     probability 4095/4096, and is reported.
//   - After a rename of the file or the key it is reported again.
//
// A path rule has no secret: its digits are a SHA-256 of rule and path.
const (
	fingerprintDigits = 20
	weakDigits        = 3
	// A third of a millisecond. What protects a password is that there are
	// only 12 bits; the iterations make it cost something to sort a whole
	// list of passwords by them. 10,000 made a file of as many passwords take
	// 40 seconds.
	pbkdf2Iterations = 1_000

	// The domains keep these hashes apart from all others. A change of how a
	// fingerprint is made changes the number.
	domainStrong = "cork fingerprint strong 1"
	domainWeak   = "cork fingerprint weak 1"
	domainPlace  = "cork fingerprint place 1"
	domainPath   = "cork fingerprint path 1"
)

// fingerprintRegex is what a fingerprint looks like.
var fingerprintRegex = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*:[0-9a-f]{20}$`)

// holdsFingerprints reports whether a file of that path is one of Cork's own, which
// are full of them. "mailgun-api-key:" with 20 hex digits behind it looks like a key.
func holdsFingerprints(path string) bool {
	return strings.HasSuffix(path, BaselineName) || strings.HasSuffix(path, configName)
}

// configName is the name of the configuration at the root of a repository.
const configName = ".cork.toml"

// isFingerprint reports whether the hit is a fingerprint, or a part of one.
func (h *hit) isFingerprint() bool {
	line := h.left + h.raw + h.right
	in := func(c byte) bool { return isWordByte(c) || c == '-' || c == ':' }
	from, to := len(h.left), len(h.left)+len(h.raw)
	for from > 0 && in(line[from-1]) {
		from--
	}
	for to < len(line) && in(line[to]) {
		to++
	}
	return fingerprintRegex.MatchString(line[from:to])
}

// A fingerprinter makes fingerprints. It remembers the slow part of the last
// ones, and is safe for concurrent use.
type fingerprinter struct {
	mu   sync.Mutex
	weak map[[sha256.Size]byte]string // by the hash of the secret
}

func newFingerprinter() *fingerprinter {
	return &fingerprinter{weak: make(map[[sha256.Size]byte]string)}
}

// of returns the fingerprint of a secret ("" for a path rule) that is assigned
// to key ("" if to none) in the file of that path.
func (f *fingerprinter) of(ruleID, path, key, secret string) string {
	secret = normalizeSecret(secret)
	var digits string
	switch {
	case secret == "":
		digits = hashFields(domainPath, ruleID, path)
	case strong(secret):
		digits = hashFields(domainStrong, ruleID, secret)
	default:
		digits = hashFields(domainPlace, ruleID, path, key)[:fingerprintDigits-weakDigits] + f.weakDigits(secret)
	}
	return ruleID + ":" + digits[:fingerprintDigits]
}

// ofFinding returns the fingerprint of a finding in the file of that path. One that
// stands in the path is in the file or folder that has it in its name, and that name
// without the secret is what is hashed: else the hash would help to guess the secret.
func (f *fingerprinter) ofFinding(path string, fd *Finding) string {
	secret := fd.Secret.Reveal()
	if fd.InPath {
		path = strings.ReplaceAll(namedBy(path, secret), secret, masked)
	}
	return f.of(fd.RuleID, path, fd.Key, secret)
}

func (f *fingerprinter) weakDigits(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	f.mu.Lock()
	digits, ok := f.weak[sum]
	f.mu.Unlock()
	if ok {
		return digits
	}
	key, err := pbkdf2.Key(sha256.New, secret, []byte(domainWeak), pbkdf2Iterations, sha256.Size)
	if err != nil {
		// Only for parameters that are not allowed, and these are constants.
		panic("cork: internal error: pbkdf2: " + err.Error())
	}
	digits = hex.EncodeToString(key)[:weakDigits]
	f.mu.Lock()
	defer f.mu.Unlock()
	const maxRemembered = 10_000
	if len(f.weak) >= maxRemembered {
		clear(f.weak)
	}
	f.weak[sum] = digits
	return digits
}

// hashFields returns the SHA-256 of the fields as hex digits. No two lists of
// fields are the same to it.
func hashFields(fields ...string) string {
	h := sha256.New()
	for _, f := range fields {
		io.WriteString(h, hex.EncodeToString([]byte(f))+"\n")
	}
	return hex.EncodeToString(h.Sum(nil))
}

// normalizeSecret removes white space, and the line ends of a key that is
// written as a string literal: a key is the same however it is wrapped.
func normalizeSecret(secret string) string {
	if strings.Contains(secret, "-----BEGIN ") {
		secret = strings.NewReplacer(`\r`, "", `\n`, "").Replace(secret)
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, secret)
}

// strong reports whether a secret is so random that a hash of it does not help
// anybody who tries candidates. It errs towards false.
//
// Shannon's measure alone would be fooled by long passwords made of words or
// of repetitions ("MyCompanyDatabasePassword2024!" has 120 bits of it), so the
// secret is also taken apart into words, numbers and the rest, as somebody who
// guesses would put it together, and each different part counts for at most
// what it would cost to guess.
func strong(secret string) bool {
	const minLen, minBits = 20, 80
	// Of a connection string only the password is not known to everybody.
	if _, rest, ok := strings.Cut(secret, "://"); ok {
		if at := strings.LastIndexByte(rest, '@'); at >= 0 {
			_, secret, _ = strings.Cut(rest[:at], ":")
		}
	}
	if len(secret) < minLen || rules.Entropy([]byte(secret))*float64(len(secret)) < minBits {
		return false
	}
	return guessBits(secret) >= minBits
}

// guessBits estimates, from below, the bits of a secret that is put together
// from words, numbers and other characters.
func guessBits(secret string) float64 {
	bits := 0.0
	seen := make(map[string]bool)
	for i := 0; i < len(secret); {
		kind := kindOf(secret[i])
		j := i + 1
		if kind == upper && j < len(secret) && kindOf(secret[j]) == lower {
			kind = lower // a capitalised word
		}
		for j < len(secret) && kindOf(secret[j]) == kind {
			j++
		}
		part := strings.ToLower(secret[i:j])
		bits += partBits(kind, float64(len(part)), seen[part])
		seen[part] = true
		i = j
	}
	return bits
}

// The kinds of characters that parts of a secret are made of.
type charKind uint8

const (
	other charKind = iota
	lower
	upper
	digit
)

func kindOf(c byte) charKind {
	switch {
	case c >= 'a' && c <= 'z':
		return lower
	case c >= 'A' && c <= 'Z':
		return upper
	case c >= '0' && c <= '9':
		return digit
	}
	return other
}

// partBits estimates the bits of a run of n characters of one kind.
func partBits(kind charKind, n float64, repeated bool) float64 {
	var bits float64
	switch kind {
	case digit:
		bits = math.Min(20, 3.3*n) // a date, a phone number
	case other:
		bits = math.Min(8, 2*n) // between words hardly any
	default:
		// A word of six letters is one of at most 2^13, the largest of the
		// usual lists; words that follow it have at least five letters each.
		bits = math.Min(13, 4.7*n)
		if n > 6 {
			bits += 2.2 * (n - 6)
		}
	}
	if !repeated {
		return bits
	}
	if n > 2 {
		return 0.2 // the number of repetitions
	}
	return math.Min(bits, 1) // there by chance, more likely
}
