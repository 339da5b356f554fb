package scanner

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/cork-scanner/cork/rules"
)

// BaselineName is the name of the baseline at the root of a repository.
const BaselineName = ".cork-baseline"

// A BaselineEntry is a finding in a baseline. In the file it is a line of four
// fields with tabs between them:
//
//	github-pat:1c2f0f3aa4b2d5e6f708	config.yml	-	revoked on 2026-03-02
//	generic-password:00f07d2328a8bc999180	a/b.yml	3fa91c2	-
//	generic-password:cb42a5a124134e485180	old.yml	history	-
//
// So it holds no line number and no time: it changes when a finding comes or goes,
// and not when the lines around one do. Lines are sorted when they are written, and
// may come in any order, and more than once, when they are read: what a merge makes
// of two baselines line by line is a baseline.
type BaselineEntry struct {
	Fingerprint string
	Path        string // where it was found, relative to the repository's root
	Reason      string // a line of text; "" if none was given

	// Place recognises a weak secret in a file that was renamed; "" for all
	// others. See [Finding.BaselinePlace].
	Place string
	// History says that only the history has it, not the files.
	History bool

	Line int // 1-based, where it was read; 0: nowhere
}

// The digits of a place.
const (
	placeKeyDigits  = 4
	placeLineDigits = 3
	domainKey       = "cork baseline key 1"
	domainLine      = "cork baseline line 1"
)

// BaselinePlace returns by what a finding is recognised after its file was renamed;
// "" if its fingerprint says that already, or it is about the file's name.
//
// The fingerprint of a weak secret (see fingerprint.go) goes by the file's path. Its
// place goes by what a rename does not change: 16 bits of a hash of rule and key,
// and 12 bits of a hash of rule, key and line, in which every secret is masked. An
// entry whose place and whose 12 bits of the secret are those of a finding stands
// for it if there is no file at its own path any more.
//
//   - Of the secret nothing goes into it, so nothing can be guessed from it; of what
//     else is on the line, that no rule knows, a reader learns at most 12 bits.
//   - Lines are alike ("password: ********" is one of a thousand), so what keeps
//     another password in a new file from being taken for the old one is mostly the
//     12 bits of the secret: it passes once in 4096 for each such line in a file
//     that is gone. Where more than maxMoved different secrets could be meant no
//     entry stands for it, so it never passes more often than once in 500; "cork
//     baseline prune" takes out what is gone.
//   - After a change of that line, or of the key, it is reported again.
func (f *Finding) BaselinePlace() string {
	secret := normalizeSecret(f.Secret.Reveal())
	if secret == "" || strong(secret) {
		return ""
	}
	return hashFields(domainKey, f.RuleID, f.Key)[:placeKeyDigits] + hashFields(domainLine, f.RuleID, f.Key, f.Line)[:placeLineDigits]
}

// maxMoved is how many different secrets may be meant after a rename; maxGone is of
// how many entries it is asked whether their files are there.
const (
	maxMoved = 8
	maxGone  = 256
)

// A Baseline is what was found before, and is not reported again. It remembers
// which of its entries were used, and is safe for concurrent use. A nil Baseline is
// empty.
type Baseline struct {
	// Gone reports whether there is no file at a path: in a commit, or, if that is
	// nil, where the scan is. nil: renames are not followed. It is called by
	// several goroutines, and only if it matters.
	Gone func(path string, c *Commit) bool

	name    string
	entries []BaselineEntry
	used    []atomic.Bool
	order   []int32 // of entries, by fingerprint; nil if they are in that order, as they are written

	places   sync.Once
	byPlace  map[string][]int // by rule and place; made when it is needed
	names    sync.Once
	byName   map[string][]int // by rule, place and the last part of the path; the same
	comments []string
}

// NewBaseline returns a baseline of entries that were read from the file of that
// name.
func NewBaseline(name string, entries []BaselineEntry) *Baseline {
	b := &Baseline{name: name, entries: entries, used: make([]atomic.Bool, len(entries))}
	byPrint := func(a, b BaselineEntry) int { return strings.Compare(a.Fingerprint, b.Fingerprint) }
	if !slices.IsSortedFunc(entries, byPrint) {
		b.order = make([]int32, len(entries))
		for i := range b.order {
			b.order[i] = int32(i)
		}
		slices.SortStableFunc(b.order, func(x, y int32) int { return byPrint(entries[x], entries[y]) })
	}
	return b
}

// first returns the first entry of a fingerprint.
func (b *Baseline) first(fingerprint string) (entry int, ok bool) {
	at := func(i int) int {
		if b.order != nil {
			return int(b.order[i])
		}
		return i
	}
	i := sort.Search(len(b.entries), func(i int) bool { return b.entries[at(i)].Fingerprint >= fingerprint })
	if i == len(b.entries) || b.entries[at(i)].Fingerprint != fingerprint {
		return 0, false
	}
	return at(i), true
}

// Lookup returns the entry that stands for a finding, which has its fingerprint, and
// marks it as used. moved says that the finding's file had another name then.
func (b *Baseline) Lookup(f *Finding) (entry BaselineEntry, moved, ok bool) {
	if b == nil {
		return BaselineEntry{}, false, false
	}
	i, ok := b.first(f.Fingerprint)
	if !ok {
		if i, ok = b.moved(f); !ok {
			return BaselineEntry{}, false, false
		}
		moved = true
	}
	b.used[i].Store(true)
	return b.entries[i], moved, true
}

// moved returns the entry of a finding whose file was renamed.
func (b *Baseline) moved(f *Finding) (entry int, ok bool) {
	if b.Gone == nil || f.Line == "" || len(b.entries) == 0 {
		return 0, false
	}
	place := f.BaselinePlace()
	if place == "" {
		return 0, false
	}
	b.places.Do(func() { b.byPlace = b.index(func(*BaselineEntry) string { return "" }) })
	at := cmp.Or(f.Location.RepoPath, f.Location.Path)
	alike := b.byPlace[f.RuleID+place]
	if len(alike) > maxGone {
		b.names.Do(func() { b.byName = b.index(func(e *BaselineEntry) string { return path.Base(e.Path) }) })
		alike = b.byName[f.RuleID+place+path.Base(at)]
	}
	weak := func(fingerprint string) string { return fingerprint[len(fingerprint)-weakDigits:] }
	if len(alike) > maxGone || !slices.ContainsFunc(alike, func(i int) bool { return weak(b.entries[i].Fingerprint) == weak(f.Fingerprint) }) {
		return 0, false
	}
	shared := 0 // parts of the path, of the entry that shares the most
	for _, i := range alike {
		e := &b.entries[i]
		if weak(e.Fingerprint) != weak(f.Fingerprint) {
			continue
		}
		if n := sharedEnd(e.Path, at); (!ok || n > shared) && b.Gone(e.Path, f.Location.Commit) {
			entry, shared, ok = i, n, true
		}
	}
	if !ok {
		return 0, false
	}
	meant := make(map[string]bool)
	for _, i := range alike {
		e := &b.entries[i]
		if secret := weak(e.Fingerprint); !meant[secret] && sharedEnd(e.Path, at) >= shared && b.Gone(e.Path, f.Location.Commit) {
			meant[secret] = true
		}
		if len(meant) > maxMoved {
			return 0, false
		}
	}
	return entry, true
}

// index returns the entries that have a place, by rule, place and what of says.
func (b *Baseline) index(of func(*BaselineEntry) string) map[string][]int {
	index := make(map[string][]int)
	for i := range b.entries {
		if e := &b.entries[i]; e.Place != "" {
			rule, _, _ := strings.Cut(e.Fingerprint, ":")
			key := rule + e.Place + of(e)
			index[key] = append(index[key], i)
		}
	}
	return index
}

// sharedEnd returns how many of the last parts of two paths are the same.
func sharedEnd(a, b string) (n int) {
	for a != "" && b != "" {
		restA, lastA := path.Split(a)
		restB, lastB := path.Split(b)
		if lastA != lastB {
			break
		}
		a, b = strings.TrimSuffix(restA, "/"), strings.TrimSuffix(restB, "/")
		n++
	}
	return n
}

// Name returns the name of the file that it was read from.
func (b *Baseline) Name() string { return b.name }

// Entries returns all entries, in the order in which they were read.
func (b *Baseline) Entries() []BaselineEntry {
	if b == nil {
		return nil
	}
	return slices.Clone(b.entries)
}

// Unused returns the entries that stood for nothing so far, one for each
// fingerprint: those that only the history has, or the others.
func (b *Baseline) Unused(history bool) (unused []BaselineEntry) {
	if b == nil {
		return nil
	}
	for i := range b.entries {
		if e := &b.entries[i]; !b.used[i].Load() && e.History == history {
			if first, _ := b.first(e.Fingerprint); first == i {
				unused = append(unused, *e)
			}
		}
	}
	return unused
}

// The lines that a baseline begins with.
const (
	baselineVersion = "# cork baseline 1"
	baselineHeader  = baselineVersion + `
# What was found before, and is not reported: "cork baseline --help".
# fingerprint, path, how it is recognised after a rename, reason
`
)

// maxBaselineErrors is how many mistakes are named.
const maxBaselineErrors = 10

// ParseBaseline reads a baseline; name is that of the file. It is strict: all errors
// are returned, joined, each a *[rules.Error], but not more than a few. Lines may
// end in CRLF; empty ones and comments ("#") are skipped.
func ParseBaseline(name string, data []byte) (*Baseline, error) {
	var errs []error
	bad := func(line int, format string, args ...any) {
		errs = append(errs, &rules.Error{File: name, Line: line, Msg: fmt.Sprintf(format, args...)})
	}
	if bytes.HasPrefix(data, []byte("\xFF\xFE")) || bytes.HasPrefix(data, []byte("\xFE\xFF")) {
		bad(1, "it is UTF-16: save it as UTF-8")
		return nil, errors.Join(errs...)
	}
	text := strings.TrimPrefix(string(data), "\uFEFF")
	n := strings.Count(text, "\n")
	entries := make([]BaselineEntry, 0, n)
	var comments []string
	line := 0
	for rest := text; rest != ""; {
		var l string
		l, rest, _ = strings.Cut(rest, "\n")
		line++
		l = strings.TrimSuffix(l, "\r")
		if l == "" || strings.TrimLeft(l, " \t") == "" {
			continue
		}
		if len(errs) == maxBaselineErrors {
			errs = append(errs, &rules.Error{File: name, Line: line, Msg: "there is more like this"})
			break
		}
		if l[0] == '#' {
			if version, ok := strings.CutPrefix(l, "# cork baseline "); ok && l != baselineVersion {
				bad(line, "it was written by a newer version of cork (format %.20q), which this one cannot read", version)
			}
			comments = append(comments, l)
			continue
		}
		e, err := parseBaselineLine(l)
		if err != nil {
			bad(line, "%s", err)
			continue
		}
		e.Line = line
		entries = append(entries, e)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	b := NewBaseline(name, entries)
	b.comments = comments
	return b, nil
}

// conflictMarks are what git writes around the sides of a merge conflict.
var conflictMarks = [...]string{"<<<<<<<", "|||||||", "=======", ">>>>>>>"}

func parseBaselineLine(l string) (e BaselineEntry, err error) {
	for _, mark := range conflictMarks {
		if rest, ok := strings.CutPrefix(l, mark); ok && (rest == "" || rest[0] == ' ') {
			return e, fmt.Errorf("a merge conflict was not resolved (%s): keep the lines of both sides and take out the marks; with a line \"%s merge=union\" in .gitattributes git does that", mark, BaselineName)
		}
	}
	fields := [4]string{3: "-"}
	n := 0
	for rest, more := l, true; more && n < len(fields); n++ {
		if n == len(fields)-1 {
			fields[n], more = rest, false
			continue
		}
		fields[n], rest, more = strings.Cut(rest, "\t")
	}
	if !isFingerprint(fields[0]) {
		return e, fmt.Errorf("%.60q is not a fingerprint (a rule's id, a colon, %d hex digits) with a tab behind it", fields[0], fingerprintDigits)
	}
	if n < 3 {
		return e, fmt.Errorf("there are %d fields with tabs between them, but it takes fingerprint, path, - and reason", n)
	}
	e.Fingerprint = fields[0]
	var ok bool
	if e.Path, ok = unescapeField(fields[1]); !ok || e.Path == "" {
		return e, fmt.Errorf("%.60q is not a path as it is written here (with \\t, \\n, \\\\ and \\x00)", fields[1])
	}
	switch place := fields[2]; {
	case place == "-":
	case place == "history":
		e.History = true
	case len(place) == placeKeyDigits+placeLineDigits && strings.Trim(place, "0123456789abcdef") == "":
		e.Place = place
	default:
		return e, fmt.Errorf("%.60q is not -, history or %d hex digits", place, placeKeyDigits+placeLineDigits)
	}
	if reason := strings.Trim(fields[3], " \t"); reason != "-" {
		if e.Reason, ok = unescapeField(reason); !ok {
			e.Reason = reason // whoever wrote it by hand did not know
		}
	}
	return e, nil
}

// isFingerprint is fingerprintRegex, made for fifty thousand lines.
func isFingerprint(s string) bool {
	at := len(s) - fingerprintDigits - 1
	if at < 1 || s[at] != ':' || s[0] == '-' || s[at-1] == '-' {
		return false
	}
	for i := range at {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c != '-' || s[i+1] == '-') {
			return false
		}
	}
	for _, c := range []byte(s[at+1:]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// WithEntries returns the text of a baseline that holds these entries: sorted, one
// for each fingerprint, below the comments that b had.
func (b *Baseline) WithEntries(entries []BaselineEntry) []byte {
	lines := make([]string, 0, len(entries))
	seen := make(map[string]bool, len(entries))
	for i := range entries {
		e := &entries[i]
		if seen[e.Fingerprint] {
			continue
		}
		seen[e.Fingerprint] = true
		place, reason := e.Place, escapeField(strings.TrimSpace(e.Reason))
		if e.History {
			place = "history"
		}
		if place == "" {
			place = "-"
		}
		if reason == "" {
			reason = "-"
		}
		lines = append(lines, e.Fingerprint+"\t"+escapeField(e.Path)+"\t"+place+"\t"+reason+"\n")
	}
	slices.Sort(lines)
	var out bytes.Buffer
	out.WriteString(baselineHeader)
	if b != nil {
		written := make(map[string]bool)
		for _, c := range b.comments {
			if !written[c] && !strings.Contains(baselineHeader, c+"\n") {
				out.WriteString(c + "\n")
			}
			written[c] = true
		}
	}
	for _, l := range lines {
		out.WriteString(l)
	}
	return out.Bytes()
}

// escapeField makes a field of any bytes: tabs, line ends, other control characters
// and what is not UTF-8 are written with a backslash.
func escapeField(s string) string {
	plain := func(r rune) bool {
		return r >= ' ' && r != '\\' && r != 0x7F && (r < 0x80 || r > 0x9F) && r != 0x2028 && r != 0x2029
	}
	if utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1, !plain(r) && r != '\\' && r != '\t' && r != '\n' && r != '\r':
			for _, c := range []byte(s[i : i+size]) {
				fmt.Fprintf(&out, `\x%02x`, c)
			}
		case r == '\\':
			out.WriteString(`\\`)
		case r == '\t':
			out.WriteString(`\t`)
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		default:
			out.WriteString(s[i : i+size])
		}
		i += size
	}
	return out.String()
}

// unescapeField undoes escapeField.
func unescapeField(s string) (string, bool) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, true
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return "", false
		}
		switch s[i] {
		case '\\':
			out.WriteByte('\\')
		case 't':
			out.WriteByte('\t')
		case 'n':
			out.WriteByte('\n')
		case 'r':
			out.WriteByte('\r')
		case 'x':
			if i+2 >= len(s) {
				return "", false
			}
			c, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return "", false
			}
			out.WriteByte(byte(c))
			i += 2
		default:
			return "", false
		}
	}
	return out.String(), true
}
