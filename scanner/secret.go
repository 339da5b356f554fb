package scanner

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"unicode/utf8"
)

// A Secret is a credential that was found. It redacts itself under every fmt
// verb, in JSON and in slog; [Secret.Reveal] is the only way to the clear
// text, and easy to search for. The zero Secret is empty.
type Secret struct {
	clear string
}

// NewSecret wraps clear text.
func NewSecret(clear string) Secret { return Secret{clear} }

// Reveal returns the clear text.
func (s Secret) Reveal() string { return s.clear }

// IsZero reports whether there is no secret, as in findings of path rules.
func (s Secret) IsZero() bool { return s.clear == "" }

// String returns the secret masked: up to four leading characters of a long
// one, for recognition, then asterisks whose number says nothing about its
// length.
func (s Secret) String() string {
	if s.clear == "" {
		return ""
	}
	const shown, minLen = 4, 20
	if len(s.clear) < minLen {
		return "********"
	}
	for i := range shown {
		if c := s.clear[i]; c <= ' ' || c >= utf8.RuneSelf-1 {
			return "********"
		}
	}
	return s.clear[:shown] + "********"
}

// Format implements fmt.Formatter, so that no verb shows the clear text.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		io.WriteString(f, strconv.Quote(s.String()))
		return
	}
	io.WriteString(f, s.String())
}

// GoString masks %#v where Format is bypassed.
func (s Secret) GoString() string { return s.String() }

// MarshalText masks the secret in JSON, TOML and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue masks the secret in slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
