package scanner

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/cork-scanner/cork/rules"
)

// An AllowEntry says what is not reported although it is found, and why. All
// kinds of conditions that are given must hold, and of each kind any one.
type AllowEntry struct {
	Reason string // required

	// Folder is the folder whose files the entry is about, slash-separated and
	// relative to the repository's root; "": all files.
	Folder string
	// Paths are globs (doublestar) over the path relative to Folder. Without a
	// "/" they match the base name, with one at the end everything below that
	// folder.
	Paths        []string
	Regexes      []string // RE2, searched for in the secret
	StopWords    []string // parts of the secret, in either case
	Rules        []string // rule ids
	Fingerprints []string

	// What other scanners' exceptions can say. ExceptPaths are globs of what is
	// not meant by the paths; the expressions are RE2, and looked for in the path,
	// in the whole match of the rule, in the line of the secret, in that line so
	// that what is found covers the secret, and in the line as grep -n prints it
	// ("path:line:text"). Of long lines a part around the secret is known.
	ExceptPaths  []string
	PathRegexes  []string
	MatchRegexes []string
	LineRegexes  []string
	CoverRegexes []string
	GrepRegexes  []string
	Commits      []string // whole ids, of the commit that the finding is in

	// What is not written in a .cork.toml, because it does not last or helps to
	// guess a weak secret.
	Path     string   // this path exactly; "": any
	Hashes   []string // of the secret: HashSHA1 or HashSHA256, then hex
	Lines    []int    // 1-based: a line that the secret is on
	Checksum string   // hex: the SHA-256 of path and content of the file

	// Known says that the entry is of a baseline: it was found before. Foreign says
	// that it is of another scanner, which may need it where Cork does not: it is
	// never called unused.
	Known, Foreign bool

	// Expires is the last day on which the entry holds; only its date counts.
	// Zero: no end.
	Expires time.Time

	// File and Line are where the entry is written; "" and 0 if it is not known.
	// They do not matter for what it allows.
	File string
	Line int
}

// expired reports whether the entry does not hold any more on the day of now,
// in now's time zone.
func (e *AllowEntry) expired(now time.Time) bool {
	if e.Expires.IsZero() {
		return false
	}
	day := func(t time.Time) int {
		y, m, d := t.Date()
		return (y*100+int(m))*100 + d
	}
	return day(now) > day(e.Expires)
}

// An Allowlist answers what is not reported. It remembers which of its entries were
// used, and is safe for concurrent use. A nil Allowlist allows nothing.
type Allowlist struct {
	entries []allowEntry
	byPath  map[string][]int // entries of one path exactly
	others  []int            // all but these
	pinned  []int            // those with a Checksum
	text    bool             // one looks at the text around a finding
	commits bool             // one is about commits
	expired []AllowEntry
}

type allowEntry struct {
	AllowEntry
	regexes   []*regexp.Regexp
	stopWords []string // lower case
	text      textConditions
	used      *atomic.Bool
}

// NewAllowlist checks entries and returns an Allowlist of those that are not
// expired on the day of now. An entry without a reason or a condition, and one
// that would allow everything, is an error. All errors are returned, joined.
func NewAllowlist(entries []AllowEntry, now time.Time) (*Allowlist, error) {
	a := &Allowlist{entries: make([]allowEntry, 0, len(entries))}
	var errs []error
	size := 0
	for i := range entries {
		if size += entries[i].ExpressionSize(); size > MaxExpressions {
			errs = append(errs, fmt.Errorf("allow entry %d: the expressions up to here are too large to be looked for", i+1))
			break
		}
		e, problems := compileAllow(&entries[i])
		for _, p := range problems {
			errs = append(errs, fmt.Errorf("allow entry %d: %s", i+1, p))
		}
		if e.expired(now) {
			a.expired = append(a.expired, entries[i])
		} else {
			a.add(e)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return a, nil
}

// add adds an entry. Baselines have tens of thousands of them, so those of one path
// are found by it.
func (a *Allowlist) add(e allowEntry) {
	i := len(a.entries)
	a.entries = append(a.entries, e)
	if e.Path == "" {
		a.others = append(a.others, i)
	} else {
		if a.byPath == nil {
			a.byPath = make(map[string][]int)
		}
		a.byPath[e.Path] = append(a.byPath[e.Path], i)
	}
	if e.Checksum != "" {
		a.pinned = append(a.pinned, i)
	}
	a.commits = a.commits || len(e.Commits) > 0
	a.text = a.text || len(e.MatchRegexes)+len(e.LineRegexes)+len(e.CoverRegexes)+len(e.GrepRegexes) > 0
}

// With returns an Allowlist of these entries, which were checked, and then the
// others. The receiver may be nil, and does not change.
func (a *Allowlist) With(more *Allowlist) *Allowlist {
	if a == nil || more == nil {
		return cmp.Or(a, more)
	}
	both := &Allowlist{
		entries: make([]allowEntry, 0, len(a.entries)+len(more.entries)),
		expired: slices.Concat(a.expired, more.expired),
	}
	for _, entries := range [...][]allowEntry{a.entries, more.entries} {
		for i := range entries {
			both.add(entries[i])
		}
	}
	return both
}

// Expired returns the entries that are not applied because their time is over.
func (a *Allowlist) Expired() []AllowEntry {
	if a == nil {
		return nil
	}
	return slices.Clone(a.expired)
}

// Allows returns the first entry that allows a finding in the file of that
// path, which is relative to the repository's root.
func (a *Allowlist) Allows(path string, f *Finding) (entry AllowEntry, ok bool) {
	if a == nil {
		return AllowEntry{}, false
	}
	for _, list := range [...][]int{a.others, a.byPath[path]} {
		for _, i := range list {
			if e := &a.entries[i]; e.allows(path, f) {
				e.used.Store(true)
				return e.AllowEntry, true
			}
		}
	}
	return AllowEntry{}, false
}

// allowsPath reports whether an entry allows everything in that file.
func (a *Allowlist) allowsPath(path string) bool {
	if a == nil {
		return false
	}
	return slices.ContainsFunc(a.others, func(i int) bool {
		e := &a.entries[i]
		ok := len(e.Regexes)+len(e.StopWords)+len(e.Rules)+len(e.Fingerprints)+e.foreign() == 0 && e.matchesPath(path)
		if ok {
			e.used.Store(true) // what is there is not looked at closely
		}
		return ok
	})
}

// Unused returns the entries that allowed nothing so far, and of which no file was
// left out altogether. Where several allow the same, the first one is used.
func (a *Allowlist) Unused() (unused []AllowEntry) {
	if a == nil {
		return nil
	}
	for i := range a.entries {
		if e := &a.entries[i]; !e.Foreign && !e.used.Load() {
			unused = append(unused, a.entries[i].AllowEntry)
		}
	}
	return unused
}

func (e *allowEntry) allows(path string, f *Finding) bool {
	if len(e.Rules) > 0 && !slices.Contains(e.Rules, f.RuleID) ||
		len(e.Fingerprints) > 0 && !slices.Contains(e.Fingerprints, f.Fingerprint) ||
		e.aboutPath() && !e.matchesPath(path) ||
		e.foreign() > 0 && !e.holdText(path, f) {
		return false
	}
	return e.allowsSecret(f.Secret.Reveal())
}

// allowsSecret reports whether the conditions about the secret hold.
func (e *allowEntry) allowsSecret(secret string) bool {
	if len(e.regexes) > 0 && !slices.ContainsFunc(e.regexes, func(r *regexp.Regexp) bool { return r.MatchString(secret) }) {
		return false
	}
	if len(e.stopWords) > 0 {
		lower := strings.ToLower(secret)
		return slices.ContainsFunc(e.stopWords, func(w string) bool { return strings.Contains(lower, w) })
	}
	return true
}

// matchesPath reports whether the entry is about the file of that path.
func (e *allowEntry) matchesPath(path string) bool {
	if e.Folder != "" {
		below, ok := strings.CutPrefix(path, e.Folder)
		if !ok || !strings.HasPrefix(below, "/") {
			return false
		}
		path = below[1:]
	}
	glob := func(glob string) bool { return rules.MatchGlob(glob, path) }
	return (e.Path == "" || e.Path == path) &&
		(len(e.Paths) == 0 || slices.ContainsFunc(e.Paths, glob)) &&
		(len(e.text.paths) == 0 || slices.ContainsFunc(e.text.paths, func(r *regexp.Regexp) bool { return r.MatchString(path) })) &&
		!slices.ContainsFunc(e.ExceptPaths, glob)
}

// compileAllow checks one entry. The problems are phrases.
func compileAllow(e *AllowEntry) (c allowEntry, problems []string) {
	c.AllowEntry, c.used = *e, new(atomic.Bool)
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if strings.TrimSpace(e.Reason) == "" {
		bad("missing key \"reason\": say why this is no secret")
	}
	others := len(e.Rules) + len(e.Fingerprints) + len(e.PathRegexes) + e.foreign()
	if e.Path != "" {
		others++
	}
	if len(e.Paths)+len(e.Regexes)+len(e.StopWords)+others == 0 {
		bad("no condition: give paths, regexes, stop_words, rules or fingerprints")
	}
	for _, glob := range e.Paths {
		switch {
		case glob == "" || !doublestar.ValidatePattern(glob):
			bad("paths: %q is not a valid glob", glob)
		case slices.Contains(strings.Split(glob, "/"), ".."):
			bad("paths: %q leads out of the folder that it is about, so it matches nothing", glob)
		case e.Folder == "" && len(e.Regexes)+len(e.StopWords)+others == 0 && matchesAnyPath(glob):
			bad("paths: %q matches every file, so nothing would ever be reported; add another condition", glob)
		}
	}
	for _, glob := range e.ExceptPaths {
		if glob == "" || !doublestar.ValidatePattern(glob) {
			bad("except_paths: %q is not a valid glob", glob)
		}
	}
	c.text.compile(e, len(e.Paths)+len(e.Regexes)+len(e.StopWords)+others, bad)
	for _, expr := range e.Regexes {
		r, err := regexp.Compile(expr)
		switch {
		case err != nil:
			bad("regexes: %v", err)
		case r.MatchString(""):
			bad("regexes: %q matches the empty string, so it allows every secret", expr)
		case len(e.Paths)+len(e.StopWords)+others == 0 && matchesAnySecret(r):
			bad("regexes: %q matches every secret, so nothing would ever be reported; add another condition", expr)
		default:
			c.regexes = append(c.regexes, r)
		}
	}
	for _, w := range e.StopWords {
		const minLen = 3 // fewer characters stand in most secrets by chance
		if len(w) < minLen {
			bad("stop_words: %q is too short: a stop word has at least %d characters", w, minLen)
		}
		c.stopWords = append(c.stopWords, strings.ToLower(w))
	}
	for _, id := range e.Rules {
		if id == "" {
			bad("rules: an id is empty")
		}
	}
	for _, f := range e.Fingerprints {
		if !fingerprintRegex.MatchString(f) {
			bad("fingerprints: %q is not a fingerprint (a rule's id, a colon, 20 hex digits)", f)
		}
	}
	return c, problems
}

func differentPaths() []string { return []string{"a", "zq/b.c", ".d/e/f-g.hh/0", "Ω/_"} }

// matchesAnyPath tries a glob on names that have nothing in common.
func matchesAnyPath(glob string) bool {
	for _, p := range differentPaths() {
		if !rules.MatchGlob(glob, p) {
			return false
		}
	}
	return true
}

// matchesAnySecret tries an expression on secrets that have nothing in common.
func matchesAnySecret(r *regexp.Regexp) bool {
	for _, s := range []string{"aaaaaaaaaaaaaaaaaaaa", "BBBBBBBBBBBBBBBBBBBB", "00000000000000000000", "--------------------"} {
		if !r.MatchString(s) {
			return false
		}
	}
	return true
}
