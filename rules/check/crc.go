package check

import (
	"bytes"
	"hash/crc32"
)

const (
	base62Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	base36Digits = "0123456789abcdefghijklmnopqrstuvwxyz"
)

// isBase reports whether sum is n in the base of the digits, with zeros in
// front to its length.
func isBase(digits string, n uint32, sum []byte) bool {
	base := uint32(len(digits))
	for i := len(sum) - 1; i >= 0; i-- {
		if sum[i] != digits[n%base] {
			return false
		}
		n /= base
	}
	return n == 0
}

// base62CRC32 reports whether the last six bytes are the CRC-32 (IEEE) of what
// stands before them, in base 62.
func base62CRC32(body []byte) bool {
	at := len(body) - 6
	return at > 0 && isBase(base62Digits, crc32.ChecksumIEEE(body[:at]), body[at:])
}

// githubCRC32 checks ghp_, gho_, ghu_, ghs_ and ghr_ tokens: 30 random
// characters and their CRC-32 in base 62, of six characters.
//
// https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
//
// How longer refresh tokens and fine-grained tokens (github_pat_) are summed up
// was never published, so a wrong sum speaks against the former a little and
// against the latter not at all. The form with a JWT (ghs_ID_eyJ...) has none.
func githubCRC32(secret []byte) Result {
	if rest, ok := bytes.CutPrefix(secret, []byte("github_pat_")); ok {
		id, tail, _ := bytes.Cut(rest, []byte("_"))
		if base62CRC32(tail) || base62CRC32(rest) || base62CRC32(append(bytes.Clone(id), tail...)) {
			return passed(sumRight)
		}
		return Result{}
	}
	if len(secret) < 4 || secret[0] != 'g' || secret[1] != 'h' || bytes.IndexByte([]byte("pousr"), secret[2]) < 0 || secret[3] != '_' {
		return Result{}
	}
	body := secret[4:]
	switch {
	case len(body) == 36:
		return sum(base62CRC32(body))
	case len(body) == 76 && secret[2] == 'r':
		return likelySum(base62CRC32(body))
	}
	return Result{}
}

// npmCRC32 checks npm_ tokens, which are made as GitHub's are.
//
// https://github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format/
func npmCRC32(secret []byte) Result {
	if body, ok := bytes.CutPrefix(secret, []byte("npm_")); ok && len(body) == 36 {
		return sum(base62CRC32(body))
	}
	return Result{}
}
