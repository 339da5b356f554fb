package rules

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxNesting is how deep tables, arrays and dotted keys may nest. The TOML
// decoder recurses and joins key names at every level, so a hostile file of a
// few hundred kilobytes could otherwise take gigabytes of stack.
const maxNesting = 64

// A tomlPath names one value in a TOML document, unambiguously: each key is
// preceded by a NUL and each index of an array by U+0001, neither of which a
// TOML key can hold unescaped; escaped ones are replaced.
type tomlPath string

func (p tomlPath) key(k string) tomlPath {
	if strings.ContainsAny(k, "\x00\x01") {
		k = strings.NewReplacer("\x00", `\0`, "\x01", `\1`).Replace(k)
	}
	return p + "\x00" + tomlPath(k)
}

func (p tomlPath) index(i int) tomlPath { return p + "\x01" + tomlPath(strconv.Itoa(i)) }

// parent returns the path without its last key or index, "" at the top.
func (p tomlPath) parent() tomlPath {
	return p[:max(0, strings.LastIndexAny(string(p), "\x00\x01"))]
}

// lineIndex says on which line (1-based) every key, table and array element of
// a TOML document stands.
type lineIndex map[tomlPath]int

// of returns the line of p, or of the nearest table around it, or 1.
func (x lineIndex) of(p tomlPath) int {
	for ; p != ""; p = p.parent() {
		if line, ok := x[p]; ok {
			return line
		}
	}
	return 1
}

// locate scans a document for the lines of its keys, because the decoder does
// not tell where a key stands that nothing was decoded into. It does not
// validate: what it returns is meaningful for documents that the decoder
// accepts. tooDeep is the line on which maxNesting is exceeded, or 0.
func locate(data []byte) (lines lineIndex, tooDeep int) {
	for _, mark := range [...]string{"\xff\xfe", "\xfe\xff", "\xef\xbb\xbf"} {
		if rest, ok := bytes.CutPrefix(data, []byte(mark)); ok {
			data = rest // the decoder reads over one byte order mark too, UTF-16's included
			break
		}
	}
	l := locator{
		data:   data,
		line:   1,
		lines:  lineIndex{},
		tables: map[tomlPath]int{},
	}
	var table tomlPath
	for l.skip(" \t\r\n"); l.pos < len(l.data) && l.tooDeep == 0; l.skip(" \t\r\n") {
		if l.data[l.pos] == '[' {
			table = l.header()
		} else {
			l.entry(table, 0)
		}
		l.restOfLine()
	}
	return l.lines, l.tooDeep
}

type locator struct {
	data    []byte
	pos     int // bytes
	line    int // 1-based
	lines   lineIndex
	tables  map[tomlPath]int // how many [[tables]] of this name were seen
	tooDeep int
}

// header reads [table] or [[table]] and returns the path that its keys go to.
func (l *locator) header() tomlPath {
	line, isArray := l.line, false
	l.pos++
	if l.peek() == '[' {
		isArray = true
		l.pos++
	}
	keys := l.keyPath()
	var p tomlPath
	for i, k := range keys {
		p = p.key(k)
		l.note(p, line)
		n := l.tables[p]
		if i == len(keys)-1 && isArray {
			l.tables[p]++
			p = p.index(n)
			l.lines[p] = line
		} else if n > 0 {
			p = p.index(n - 1)
		}
	}
	return p
}

// entry reads `key = value`.
func (l *locator) entry(table tomlPath, depth int) {
	line, p := l.line, table
	for _, k := range l.keyPath() {
		p = p.key(k)
		l.note(p, line)
	}
	l.skip(" \t")
	if l.peek() != '=' {
		return
	}
	l.pos++
	l.skip(" \t")
	l.value(p, depth)
}

func (l *locator) value(p tomlPath, depth int) {
	if depth > maxNesting && l.tooDeep == 0 {
		l.tooDeep = l.line
	}
	if l.tooDeep > 0 {
		return
	}
	switch c := l.peek(); c {
	case '"', '\'':
		l.str()
	case '[':
		l.pos++
		for i := 0; ; i++ {
			l.skip(" \t\r\n,")
			if l.pos >= len(l.data) || l.peek() == ']' {
				break
			}
			start := l.pos
			l.note(p.index(i), l.line)
			l.value(p.index(i), depth+1)
			if l.pos == start { // not TOML
				return
			}
		}
		l.pos++
	case '{':
		l.pos++
		for {
			l.skip(" \t\r\n,")
			if l.pos >= len(l.data) || l.peek() == '}' {
				break
			}
			start := l.pos
			l.entry(p, depth+1)
			if l.pos == start {
				return
			}
		}
		l.pos++
	default:
		for l.pos < len(l.data) && !strings.ContainsRune(",]}#\n", rune(l.peek())) {
			l.pos++
		}
	}
}

// keyPath reads a bare, quoted or dotted key.
func (l *locator) keyPath() []string {
	var keys []string
	for {
		l.skip(" \t")
		switch c := l.peek(); {
		case c == '"' || c == '\'':
			keys = append(keys, l.str())
		default:
			start := l.pos
			for l.pos < len(l.data) && !strings.ContainsRune(".=]}\"', \t\r\n#", rune(l.peek())) {
				l.pos++
			}
			if l.pos == start {
				return keys
			}
			keys = append(keys, string(l.data[start:l.pos]))
		}
		if len(keys) > maxNesting && l.tooDeep == 0 {
			l.tooDeep = l.line
		}
		l.skip(" \t")
		if l.peek() != '.' || l.tooDeep > 0 {
			return keys
		}
		l.pos++
	}
}

// str reads any of the four kinds of string and returns its text. Escapes are
// resolved for strings on one line, since only those can be keys.
func (l *locator) str() string {
	quote := l.data[l.pos]
	triple := []byte{quote, quote, quote}
	if bytes.HasPrefix(l.data[l.pos:], triple) {
		l.pos += 3
		for l.pos < len(l.data) && !bytes.HasPrefix(l.data[l.pos:], triple) {
			if quote == '"' && l.data[l.pos] == '\\' {
				l.next()
			}
			l.next()
		}
		l.pos = min(l.pos+3, len(l.data))
		for n := 0; n < 2 && l.peek() == quote; n++ { // quotes before the closing ones
			l.pos++
		}
		return ""
	}
	l.pos++
	start := l.pos
	for l.pos < len(l.data) && l.data[l.pos] != quote && l.data[l.pos] != '\n' {
		if quote == '"' && l.data[l.pos] == '\\' && l.pos+1 < len(l.data) && l.data[l.pos+1] != '\n' {
			l.pos++
		}
		l.pos++
	}
	s := string(l.data[start:min(l.pos, len(l.data))])
	if l.peek() == quote {
		l.pos++
	}
	if quote == '"' {
		s = unescape(s)
	}
	return s
}

// next steps over one byte and counts lines.
func (l *locator) next() {
	if l.pos < len(l.data) {
		if l.data[l.pos] == '\n' {
			l.line++
		}
		l.pos++
	}
}

// skip steps over the bytes of set, and over comments where set has "\n".
func (l *locator) skip(set string) {
	for l.pos < len(l.data) {
		c := l.data[l.pos]
		switch {
		case c == '#' && strings.Contains(set, "\n"):
			for l.pos < len(l.data) && l.data[l.pos] != '\n' {
				l.pos++
			}
		case strings.IndexByte(set, c) >= 0:
			l.next()
		default:
			return
		}
	}
}

func (l *locator) restOfLine() {
	for l.pos < len(l.data) && l.data[l.pos] != '\n' {
		l.pos++
	}
}

// peek returns the byte at the position, 0 at the end.
func (l *locator) peek() byte {
	if l.pos >= len(l.data) {
		return 0
	}
	return l.data[l.pos]
}

func (l *locator) note(p tomlPath, line int) {
	if _, ok := l.lines[p]; !ok {
		l.lines[p] = line
	}
}

// unescape resolves the escapes of a basic string.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	simple := map[byte]byte{'b': '\b', 't': '\t', 'n': '\n', 'f': '\f', 'r': '\r', 'e': 0x1b}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		if n := digits[s[i]]; n > 0 && i+n < len(s) {
			if r, err := strconv.ParseUint(s[i+1:i+1+n], 16, 32); err == nil {
				b = utf8.AppendRune(b, rune(r))
				i += n
				continue
			}
		}
		if c, ok := simple[s[i]]; ok {
			b = append(b, c)
		} else {
			b = append(b, s[i])
		}
	}
	return string(b)
}

// Lines says where the parts of a TOML document stand that is not read by
// [Decode].
type Lines struct{ index lineIndex }

// NewLines scans a document, which need not be valid. The error is about one that
// is nested too deep for the decoder to be let loose on it; it has no file.
func NewLines(data []byte) (Lines, error) {
	index, tooDeep := locate(data)
	if tooDeep > 0 {
		return Lines{}, &Error{Line: tooDeep, Msg: fmt.Sprintf("nested more than %d levels deep", maxNesting)}
	}
	return Lines{index}, nil
}

// Of returns the 1-based line of what a path of keys (strings) and indexes (ints)
// leads to, or of the nearest table around it.
func (l Lines) Of(path ...any) int {
	var p tomlPath
	for _, part := range path {
		switch part := part.(type) {
		case int:
			p = p.index(part)
		case string:
			p = p.key(part)
		}
	}
	return l.index.of(p)
}
