package rules

import (
	"bytes"
	"strings"
)

// isFingerprint reports whether an assignment, from its key to the end of its
// value, is the fingerprint of a finding, whole or as short as it is printed:
// a rule's id, a colon and 20 or 8 hex digits. "generic-password:" and so many
// digits look like a password, and stand wherever findings are talked about,
// first of all in .cork.toml.
func (s *Set) isFingerprint(assignment []byte) bool {
	const whole, short = 20, 8
	id, digits, ok := bytes.Cut(assignment, []byte(":"))
	if !ok || len(digits) != whole && len(digits) != short || strings.Trim(string(digits), "0123456789abcdef") != "" {
		return false
	}
	return s.program(string(id)) != nil
}
