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
	// A pointer, because fmt cannot call methods on a Secret in an unexported
	// field: it prints an address there instead of the text.
	clear *string
}

// NewSecret wraps clear text.
func NewSecret(clear string) Secret {
	if clear == "" {
		return Secret{}
	}
	return Secret{&clear}
}

// Reveal returns the clear text.
func (s Secret) Reveal() string {
	if s.clear == nil {
		return ""
	}
	return *s.clear
}

// IsZero reports whether there is no secret, as in findings of path rules.
func (s Secret) IsZero() bool { return s.clear == nil }

// String returns the secret masked: up to four leading characters of a long
// one, for recognition, then asterisks whose number says nothing about its
// length.
func (s Secret) String() string {
	clear := s.Reveal()
	if clear == "" {
		return ""
	}
	const shown, minLen = 4, 20
	if len(clear) < minLen {
		return "********"
	}
	for i := range shown {
		if c := clear[i]; c <= ' ' || c >= utf8.RuneSelf-1 {
			return "********"
		}
	}
	return clear[:shown] + "********"
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
