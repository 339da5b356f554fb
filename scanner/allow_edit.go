package scanner

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cork-scanner/cork/rules"
)

// Entries returns all entries, those that have expired behind the others.
func (a *Allowlist) Entries() []AllowEntry {
	if a == nil {
		return nil
	}
	var all []AllowEntry
	for i := range a.entries {
		all = append(all, a.entries[i].AllowEntry)
	}
	return append(all, a.expired...)
}

// AddAllow returns a configuration with one more allow entry in it, and the 1-based
// line of the entry. All that stands there already stays as it is, byte for byte. If
// there is an entry that differs from e in its fingerprints alone, and it is clear
// where they are written, they are added to that one; else a table is appended.
//
// The result is read again before it is returned: it says what the old one says, and
// e. Errors are those of ParseConfig, and that e cannot be written into this file.
func AddAllow(name string, data []byte, e AllowEntry, builtin []rules.Rule, now time.Time) (edited []byte, line int, err error) {
	old, err := ParseConfig(name, data, builtin, now)
	if err != nil {
		return nil, 0, err
	}
	if _, err := NewAllowlist([]AllowEntry{e}, now); err != nil {
		why := strings.ReplaceAll(err.Error(), "allow entry 1: ", "")
		return nil, 0, WithHint(fmt.Errorf("the entry would not be right: %s", strings.ReplaceAll(why, "\n", "; ")), "nothing was changed")
	}
	before := old.Allow.Entries()
	if len(e.Fingerprints) > 0 {
		e.Fingerprints = slices.DeleteFunc(slices.Clone(e.Fingerprints), func(print string) bool {
			at := slices.IndexFunc(before, func(b AllowEntry) bool { return !b.expired(now) && b.covers(&e, print) })
			if at >= 0 && line == 0 {
				line = before[at].Line
			}
			return at >= 0
		})
		if len(e.Fingerprints) == 0 {
			return data, line, nil
		}
	} else if at := slices.IndexFunc(before, func(b AllowEntry) bool { return !b.expired(now) && b.covers(&e, "") }); at >= 0 {
		return data, before[at].Line, nil
	}
	table, ok := e.TOML()
	switch {
	case !e.isUTF8():
		return nil, 0, errors.New("only UTF-8 can be written to a configuration")
	case !ok:
		return nil, 0, errors.New("no configuration can say what the entry says")
	}
	for i := range before {
		alike := &before[i]
		if len(alike.Fingerprints) == 0 || len(e.Fingerprints) == 0 || !sameButFingerprints(alike, &e) {
			continue
		}
		missing := slices.DeleteFunc(slices.Clone(e.Fingerprints), func(f string) bool { return slices.Contains(alike.Fingerprints, f) })
		want := slices.Clone(before)
		want[i].Fingerprints = slices.Concat(alike.Fingerprints, missing)
		edited, ok := addFingerprints(data, alike.Line, missing)
		if ok && checkEdit(name, edited, builtin, now, want) == nil {
			return edited, alike.Line, nil
		}
	}
	end := "\n"
	if bytes.Contains(data, []byte("\r\n")) {
		end = "\r\n"
	}
	var out bytes.Buffer
	out.Write(data)
	if len(data) > 0 && data[len(data)-1] != '\n' {
		out.WriteString(end)
	}
	if len(bytes.TrimSpace(data)) > 0 {
		out.WriteString(end)
	}
	line = 1 + bytes.Count(out.Bytes(), newline)
	out.WriteString(strings.ReplaceAll(table, "\n", end))
	if err := checkEdit(name, out.Bytes(), builtin, now, append(before, e)); err != nil {
		return nil, 0, WithHint(fmt.Errorf("the entry cannot be added to %s without changing what is there: %w", name, err),
			"nothing was changed; add this by hand to the entries of allow: "+e.inline())
	}
	return out.Bytes(), line, nil
}

// covers reports whether the entry allows, for as long, all that e allows: of the
// finding that print names, or of all if it is "".
func (a *AllowEntry) covers(e *AllowEntry, print string) bool {
	rule, _, _ := strings.Cut(print, ":")
	all := func(conditions, of []string) bool {
		return len(conditions) == 0 || len(of) > 0 && !slices.ContainsFunc(of, func(v string) bool { return !slices.Contains(conditions, v) })
	}
	of := *e
	if of.Fingerprints = nil; print != "" {
		of.Fingerprints, of.Rules = []string{print}, []string{rule}
	}
	return a.foreign()+len(a.PathRegexes)+len(a.ExceptPaths) == 0 && a.Path == "" && a.Folder == e.Folder &&
		all(a.Fingerprints, of.Fingerprints) && all(a.Rules, of.Rules) && all(a.Paths, of.Paths) &&
		all(a.Regexes, of.Regexes) && all(a.StopWords, of.StopWords) &&
		(a.Expires.IsZero() || !e.Expires.IsZero() && a.Expires.Format(time.DateOnly) >= e.Expires.Format(time.DateOnly))
}

// checkEdit reads an edited configuration and returns an error unless it has these
// allow entries, in any order.
func checkEdit(name string, data []byte, builtin []rules.Rule, now time.Time, want []AllowEntry) error {
	c, err := ParseConfig(name, data, builtin, now)
	if err != nil {
		return err
	}
	got := c.Allow.Entries()
	normal := func(es []AllowEntry) (texts []string) {
		for _, e := range es {
			e.File, e.Line = "", 0
			e.Expires = time.Date(e.Expires.Year(), e.Expires.Month(), e.Expires.Day(), 0, 0, 0, 0, time.UTC)
			texts = append(texts, fmt.Sprintf("%+v", e))
		}
		slices.Sort(texts)
		return texts
	}
	if !slices.Equal(normal(got), normal(want)) {
		return errors.New("it would be read as something else")
	}
	return nil
}

// sameButFingerprints reports whether two entries differ in their fingerprints, and
// where they are written, alone.
func sameButFingerprints(a, b *AllowEntry) bool {
	x, y := *a, *b
	if x.Expires.Format(time.DateOnly) != y.Expires.Format(time.DateOnly) {
		return false
	}
	for _, e := range [...]*AllowEntry{&x, &y} {
		e.Fingerprints, e.File, e.Line, e.Expires = nil, "", 0, time.Time{}
		if len(e.Paths) == 0 {
			e.Paths = nil
		}
		if len(e.Regexes) == 0 {
			e.Regexes = nil
		}
		if len(e.StopWords) == 0 {
			e.StopWords = nil
		}
		if len(e.Rules) == 0 {
			e.Rules = nil
		}
	}
	return reflect.DeepEqual(x, y)
}

// fingerprintList is an array of fingerprints that is written without comments.
var fingerprintList = regexp.MustCompile(`(?m)^[ \t]*fingerprints[ \t]*=[ \t]*\[((?:[ \t\r\n]|"[a-z0-9:-]*"|,)*)\]`)

// addFingerprints adds fingerprints to the array of the table that begins on a
// 1-based line. Whether it is that array and nothing else is checked by whoever
// reads the result.
func addFingerprints(data []byte, line int, more []string) (edited []byte, ok bool) {
	start := 0
	for range line - 1 {
		i := bytes.IndexByte(data[start:], '\n')
		if i < 0 {
			return nil, false
		}
		start += i + 1
	}
	at := allowHeader.FindIndex(data[start:])
	if at == nil || at[0] != 0 {
		return nil, false
	}
	begin := start + at[1]
	end := len(data)
	if next := anyHeader.FindIndex(data[begin:]); next != nil {
		end = begin + next[0]
	}
	list := fingerprintList.FindAllSubmatchIndex(data[begin:end], -1)
	if len(list) != 1 {
		return nil, false
	}
	items := data[begin+list[0][2] : begin+list[0][3]]
	last := bytes.LastIndexByte(items, '"')
	if last < 0 {
		return nil, false
	}
	// Behind the last one, and behind its comma if there is one.
	comma := bytes.IndexByte(items[last:], ',')
	place := last + 1
	if comma >= 0 {
		place = last + comma + 1
	}
	separator := " "
	if i := bytes.LastIndexByte(items[:last], '\n'); i >= 0 {
		first := i + 1
		for first < len(items) && (items[first] == ' ' || items[first] == '\t') {
			first++
		}
		separator = "\n" + string(items[i+1:first])
		if i > 0 && items[i-1] == '\r' {
			separator = "\r" + separator
		}
	}
	var added strings.Builder
	for i, f := range more {
		if comma < 0 || i > 0 {
			added.WriteByte(',')
		}
		added.WriteString(separator + rules.FormatValue(f))
	}
	if comma >= 0 && strings.Contains(separator, "\n") {
		added.WriteByte(',')
	}
	at0 := begin + list[0][2] + place
	return slices.Concat(data[:at0], []byte(added.String()), data[at0:]), true
}

// anyHeader is the header of a table.
var anyHeader = regexp.MustCompile(`(?m)^[ \t]*\[`)

// TOML returns the entry as an [[allow]] table of a .cork.toml. ok is false for one
// that says what such a table cannot: a line, a hash, a checksum.
func (e *AllowEntry) TOML() (text string, ok bool) {
	var b strings.Builder
	b.WriteString("[[allow]]\n" + rules.FormatKey("reason", e.Reason))
	for _, list := range e.lists() {
		if len(list.values) > 0 {
			b.WriteString(rules.FormatKey(list.key, list.values))
		}
	}
	if !e.Expires.IsZero() {
		b.WriteString("expires = " + e.Expires.Format(time.DateOnly) + "\n")
	}
	return b.String(), len(e.Hashes)+len(e.Lines) == 0 && e.Checksum == "" && e.Path == ""
}

// inline returns the entry as a table in one line.
func (e *AllowEntry) inline() string {
	pairs := []string{"reason = " + rules.FormatValue(e.Reason)}
	for _, list := range e.lists() {
		if len(list.values) == 0 {
			continue
		}
		var quoted []string
		for _, v := range list.values {
			quoted = append(quoted, rules.FormatValue(v))
		}
		pairs = append(pairs, list.key+" = ["+strings.Join(quoted, ", ")+"]")
	}
	if !e.Expires.IsZero() {
		pairs = append(pairs, "expires = "+e.Expires.Format(time.DateOnly))
	}
	return "{ " + strings.Join(pairs, ", ") + " }"
}

// An allowList is a key of an entry that has a list of texts.
type allowList struct {
	key    string
	values []string
}

// lists returns these keys, in the order in which they are written.
func (e *AllowEntry) lists() []allowList {
	return []allowList{
		{"paths", e.Paths},
		{"except_paths", e.ExceptPaths},
		{"path_regexes", e.PathRegexes},
		{"regexes", e.Regexes},
		{"match_regexes", e.MatchRegexes},
		{"line_regexes", e.LineRegexes},
		{"cover_regexes", e.CoverRegexes},
		{"grep_regexes", e.GrepRegexes},
		{"stop_words", e.StopWords},
		{"rules", e.Rules},
		{"fingerprints", e.Fingerprints},
		{"commits", e.Commits},
	}
}

// isUTF8 reports whether all that TOML writes is UTF-8.
func (e *AllowEntry) isUTF8() bool {
	return utf8.ValidString(e.Reason) && !slices.ContainsFunc(e.lists(), func(l allowList) bool {
		return slices.ContainsFunc(l.values, func(v string) bool { return !utf8.ValidString(v) })
	})
}
