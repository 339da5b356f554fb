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
	// field: it prints an address there instead of the text. (Of a pointer to a
	// struct it would print the struct.)
	clear *string
	shown int // bytes at the start that String shows
}

// NewSecret wraps clear text of which nothing may be shown, such as a password.
func NewSecret(clear string) Secret {
	if clear == "" {
		return Secret{}
	}
	return Secret{clear: &clear}
}

// NewToken wraps clear text that a machine made and that begins with the mark
// of its provider: its first four characters are shown, for recognition, if it
// is long enough to spare them.
func NewToken(clear string) Secret {
	const shown, minLen = 4, 20
	s := NewSecret(clear)
	if len(clear) < minLen {
		return s
	}
	for i := range shown {
		if c := clear[i]; c <= ' ' || c >= utf8.RuneSelf-1 {
			return s
		}
	}
	s.shown = shown
	return s
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

// String returns the secret masked: what may be shown of its start, then
// asterisks whose number says nothing about its length.
func (s Secret) String() string {
	if s.clear == nil {
		return ""
	}
	return (*s.clear)[:s.shown] + masked
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
