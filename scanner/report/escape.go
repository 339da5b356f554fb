package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// DisplayPath returns a path as people are shown it: as it is if every
// character is printable, else as a quoted Go string. So that it is clear
// where it begins and ends, a path is quoted too that begins with a quote or
// a space, or ends in a space; and one that begins with ":" or "#", as the
// commands do that CI systems look for at the start of a line, or as that with
// which Buildkite and Travis CI fold the lines that follow. Those that they
// look for anywhere are broken as in [Printable].
func DisplayPath(p string) string {
	if p != "" && printable(p) && !strings.ContainsRune("\" :#", rune(p[0])) && p[len(p)-1] != ' ' && !folds(p) {
		return p
	}
	return inert(strconv.Quote(p), `\x5b`)
}

// folds reports whether a line that begins so hides those below it in the log of a CI.
func folds(line string) bool {
	for _, prefix := range [...]string{"---", "+++", "~~~", "^^^", "travis_"} {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return false
}

// Printable returns text in which every character that a terminal does not
// simply show (controls, escapes, direction marks, broken UTF-8) is replaced
// by a Go escape such as \x1b or \u202e. Tabs become one space. So is the
// bracket of "##[" and "##vso[", which GitHub's runner and Azure's agent take
// for the beginning of a command wherever it stands in a line.
func Printable(s string) string {
	if printable(s) {
		return s
	}
	var b strings.Builder
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case r == utf8.RuneError && n == 1 || !unicode.IsPrint(r):
			q := strconv.Quote(s[:n])
			b.WriteString(q[1 : len(q)-1])
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return inert(b.String(), `\x5b`)
}

// inert replaces the bracket with which a command of a CI system begins in the
// midst of a line.
func inert(s, bracket string) string {
	if !strings.Contains(s, "##") {
		return s
	}
	return strings.NewReplacer("##[", "##"+bracket, "##vso[", "##vso"+bracket).Replace(s)
}

func printable(s string) bool {
	if inert(s, "") != s {
		return false
	}
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return false
			}
		}
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// PlainJSON returns a text in JSON in which no character outside of ASCII is
// there that a terminal does not simply show, and no command of a CI system in
// the midst of a line: encoding/json leaves them as they are. The value is the
// same.
func PlainJSON(text []byte) []byte {
	if printable(string(text)) {
		return text
	}
	var b []byte
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r < ' ' || unicode.IsPrint(r) { // below a space there is only what json itself indents with
			b = append(b, text[i:i+n]...)
		} else {
			for _, u := range utf16.Encode([]rune{r}) {
				b = fmt.Appendf(b, `\u%04x`, u)
			}
		}
		i += n
	}
	return []byte(inert(string(b), `\u005b`))
}

// JSONPath returns a path as it stands in JSON, whose strings cannot hold
// arbitrary bytes: as it is if it is valid UTF-8 and does not begin with a
// double quote, else as git quotes paths: between double quotes, with \" and
// \\ and every byte that is not printable ASCII as three octal digits
// ("caf\351.txt"). So a path that begins with a double quote is quoted, every
// other is not, and none is ambiguous.
func JSONPath(p string) string {
	if utf8.ValidString(p) && !strings.HasPrefix(p, `"`) {
		return p
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(p) {
		switch c := p[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			b.WriteByte('\\')
			b.WriteByte('0' + c>>6)
			b.WriteByte('0' + c>>3&7)
			b.WriteByte('0' + c&7)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
