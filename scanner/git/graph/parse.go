package graph

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/pack"
)

// An Error is what is wrong with a commit, a tag or a tree.
type Error struct {
	ID   string    // in hexadecimal
	Type pack.Type // 0: the objects that it is about have no one type
	Err  error

	// Harmless says that everything the object names was understood all the
	// same: it is only not what git would have written.
	Harmless bool
}

func (e *Error) Error() string { return fmt.Sprintf("%s %s: %v", e.Type, e.ID, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// What can be wrong. Those of the first group are harmless.
var (
	errDate  = errors.New("date is missing or out of range")
	errNUL   = errors.New("header has a NUL byte")
	errMode  = errors.New("mode is not one that git knows")
	errKind  = errors.New("mode is not that of the object")
	errName  = errors.New("not a name of a file")
	errTwice = errors.New("name is there twice")

	errTooDeep  = errors.New("folders are nested too deep for all paths to be told")
	errTooMany  = errors.New("too many paths for all of them to be told")
	errNoTree   = errors.New("names no tree")
	errTrees    = errors.New("names several trees")
	errParent   = errors.New("names a parent that is not an id")
	errPlace    = errors.New("names a parent in the wrong place")
	errNoObject = errors.New("names no object")
	errCut      = errors.New("is cut off in an entry")
	errSize     = errors.New("too large to be read")
)

// noDate is the date of a commit whose date cannot be told.
const noDate = -1

// lastDate is the last second that dates can say in four digits of a year, all
// that JSON can say.
const lastDate = 253402300799

// links is what a commit names. The slices are of the commit's data.
type links struct {
	tree    []byte // in hexadecimal; nil: none
	parents [][]byte
	date    int64 // the committer's, seconds since 1970; noDate
}

// parseLinks reads what a commit names into l, whose slices it uses again. It
// reads as git does: the tree comes first, then the parents. lost says what
// could not be understood, odd what git would not have written.
func parseLinks(data []byte, hashSize int, l *links) (lost, odd error) {
	l.tree, l.parents, l.date = nil, l.parents[:0], noDate
	const (
		atTree = iota
		atParents
		after
	)
	at := atTree
	committed := false
	for head := range headers(data) {
		key, value, _ := bytes.Cut(head, []byte(" "))
		switch string(key) {
		case "tree":
			switch {
			case at != atTree:
				lost = errTrees
			case isHex(value, hashSize):
				l.tree = value
			}
			at = max(at, atParents)
		case "parent":
			switch {
			case at == after:
				lost = errPlace
			case isHex(value, hashSize):
				l.parents = append(l.parents, value)
			default:
				lost = errParent
			}
			at = max(at, atParents)
		default:
			at = after
			if string(key) == "committer" && !committed {
				committed = true
				l.date = identDate(value)
			}
		}
		if bytes.IndexByte(head, 0) >= 0 {
			odd = errNUL
		}
	}
	if l.tree == nil {
		lost = errNoTree
	}
	if l.date == noDate && odd == nil {
		odd = errDate
	}
	return lost, odd
}

// headers yields the lines of a commit or tag before its message.
func headers(data []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(data) > 0 && data[0] != '\n' {
			line := data
			if end := bytes.IndexByte(data, '\n'); end >= 0 {
				line, data = data[:end], data[end+1:]
			} else {
				data = nil
			}
			if !yield(line) {
				return
			}
		}
	}
}

// parseTag returns the id, in hexadecimal, of the object that a tag names, or
// nil.
func parseTag(data []byte, hashSize int) []byte {
	for head := range headers(data) {
		if value, ok := bytes.CutPrefix(head, []byte("object ")); ok && isHex(value, hashSize) {
			return value
		}
		return nil // git wants it in the first line
	}
	return nil
}

// isHex reports whether s is an id in hexadecimal.
func isHex(s []byte, hashSize int) bool {
	for _, c := range s {
		if (c < '0' || '9' < c) && (c < 'a' || 'f' < c) && (c < 'A' || 'F' < c) {
			return false
		}
	}
	return len(s) == 2*hashSize
}

// identDate returns the seconds of "Name <email> 1700000000 +0100", or noDate.
func identDate(ident []byte) int64 {
	fields := bytes.Fields(ident[bytes.LastIndexByte(ident, '>')+1:])
	if len(fields) == 0 {
		return noDate
	}
	seconds, err := strconv.ParseUint(string(fields[0]), 10, 63)
	if err != nil || seconds > lastDate {
		return noDate
	}
	return int64(seconds)
}

// maxText is how many bytes of a subject or name are kept: what is shown to
// people fits on a line.
const maxText = 1000

// ParseCommit reads what is told of a commit to people: author and subject, of
// each so much as fits on a line. What is malformed is left empty.
func ParseCommit(id string, data []byte) *scanner.Commit {
	c := &scanner.Commit{ID: id}
	latin1, author := false, false
	size := 0
	for head := range headers(data) {
		size += len(head) + 1
		key, value, _ := bytes.Cut(head, []byte(" "))
		switch {
		case string(key) == "author" && !author:
			author = true
			c.Author, c.Email, c.Date = ParseIdent(string(value))
		case string(key) == "encoding":
			latin1 = latin1 || isLatin1(string(value))
		}
	}
	message := bytes.TrimLeft(data[min(size, len(data)):], "\n")
	subject, _, _ := bytes.Cut(message, []byte("\n"))
	c.Author, c.Email, c.Subject = shown(c.Author, latin1), shown(c.Email, latin1), shown(string(subject), latin1)
	return c
}

// ParseIdent reads "Name <email> 1700000000 +0100". What is malformed is left
// empty: who wrote a commit is shown to people and decides nothing.
func ParseIdent(s string) (name, email string, date time.Time) {
	open, end := strings.IndexByte(s, '<'), strings.LastIndexByte(s, '>')
	if open < 0 || end < open {
		return strings.TrimSpace(s), "", time.Time{}
	}
	name, email = strings.TrimSpace(s[:open]), s[open+1:end]
	seconds := identDate([]byte(s))
	if seconds == noDate {
		return name, email, time.Time{}
	}
	date = time.Unix(seconds, 0).UTC()
	if fields := strings.Fields(s[end+1:]); len(fields) > 1 {
		if zone, err := strconv.Atoi(fields[1]); err == nil && -1400 <= zone && zone <= 1400 && zone != 0 {
			local := date.In(time.FixedZone("", (zone/100*60+zone%100)*60))
			if local.Year() <= 9999 {
				date = local
			}
		}
	}
	return name, email, date
}

// isLatin1 reports whether the encoding that a commit names is Latin-1, the one
// that is not UTF-8 and can be decoded without a table.
func isLatin1(encoding string) bool {
	switch strings.ToLower(encoding) {
	case "iso-8859-1", "iso8859-1", "latin1", "latin-1":
		return true
	}
	return false
}

// shown returns text of a commit as it is shown to people: it is UTF-8, whatever
// the commit says, or else Latin-1, or else has replacement characters in it. It
// ends at a NUL, as for git, or after maxText bytes; a character that is cut there
// loses the rest of it.
func shown(s string, latin1 bool) string {
	s, _, _ = strings.Cut(s, "\x00")
	if len(s) >= maxText {
		s = s[:maxText]
		for i := 1; i < utf8.UTFMax; i++ {
			if utf8.RuneStart(s[len(s)-i]) {
				if !utf8.FullRuneInString(s[len(s)-i:]) {
					s = s[:len(s)-i]
				}
				break
			}
		}
	}
	switch {
	case utf8.ValidString(s):
		return s
	case latin1:
		r := make([]rune, len(s))
		for i := range len(s) {
			r[i] = rune(s[i])
		}
		return string(r)
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// A rawEntry is an entry of a tree as it is stored.
type rawEntry struct {
	mode uint32 // badMode: not octal
	name []byte
	id   []byte
}

const badMode = 1<<32 - 1

// cutEntry reads the entry that data begins with, and returns its size, 0 if it
// is cut off. It looks at nothing behind the entry: what is copied from another
// tree as a whole is the same entry here.
func cutEntry(data []byte, hashSize int) (e rawEntry, size int) {
	nul := bytes.IndexByte(data, 0)
	if nul < 0 || nul+1+hashSize > len(data) {
		return rawEntry{}, 0
	}
	e = splitEntry(data[:nul+1+hashSize], hashSize)
	return e, nul + 1 + hashSize
}

// splitEntry reads an entry that is all of data.
func splitEntry(data []byte, hashSize int) rawEntry {
	head := data[:len(data)-hashSize-1]
	e := rawEntry{mode: badMode, name: head, id: data[len(data)-hashSize:]}
	space := bytes.IndexByte(head, ' ')
	if space < 0 {
		return e
	}
	e.name = head[space+1:]
	if space == 0 || space > 7 {
		return e
	}
	mode := uint32(0)
	for _, c := range head[:space] {
		if c < '0' || c > '7' {
			return e
		}
		mode = mode<<3 | uint32(c-'0')
	}
	e.mode = mode
	return e
}

// isName reports whether git would write name into a tree.
func isName(name []byte) bool {
	return len(name) > 0 && string(name) != "." && string(name) != ".." && bytes.IndexByte(name, '/') < 0
}
