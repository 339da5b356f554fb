package scanner

import (
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

	// Paths are globs (doublestar) over the path relative to the repository's
	// root. Without a "/" they match the base name, with one at the end
	// everything below that folder.
	Paths        []string
	Regexes      []string // RE2, searched for in the secret
	StopWords    []string // parts of the secret, in either case
	Rules        []string // rule ids
	Fingerprints []string

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
	expired []AllowEntry
}

type allowEntry struct {
	AllowEntry
	regexes   []*regexp.Regexp
	stopWords []string // lower case
	used      *atomic.Bool
}

// NewAllowlist checks entries and returns an Allowlist of those that are not
// expired on the day of now. An entry without a reason or a condition, and one
// that would allow everything, is an error. All errors are returned, joined.
func NewAllowlist(entries []AllowEntry, now time.Time) (*Allowlist, error) {
	a := &Allowlist{}
	var errs []error
	for i := range entries {
		e, problems := compileAllow(&entries[i])
		for _, p := range problems {
			errs = append(errs, fmt.Errorf("allow entry %d: %s", i+1, p))
		}
		if e.expired(now) {
			a.expired = append(a.expired, entries[i])
		} else {
			a.entries = append(a.entries, e)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return a, nil
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
	for i := range a.entries {
		if e := &a.entries[i]; e.allows(path, f) {
			e.used.Store(true)
			return e.AllowEntry, true
		}
	}
	return AllowEntry{}, false
}

// allowsPath reports whether an entry allows everything in that file.
func (a *Allowlist) allowsPath(path string) bool {
	if a == nil {
		return false
	}
	return slices.ContainsFunc(a.entries, func(e allowEntry) bool {
		ok := len(e.Regexes)+len(e.StopWords)+len(e.Rules)+len(e.Fingerprints) == 0 && e.matchesPath(path)
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
		if !a.entries[i].used.Load() {
			unused = append(unused, a.entries[i].AllowEntry)
		}
	}
	return unused
}

func (e *allowEntry) allows(path string, f *Finding) bool {
	if len(e.Rules) > 0 && !slices.Contains(e.Rules, f.RuleID) ||
		len(e.Fingerprints) > 0 && !slices.Contains(e.Fingerprints, f.Fingerprint) ||
		len(e.Paths) > 0 && !e.matchesPath(path) {
		return false
	}
	secret := f.Secret.Reveal()
	if len(e.regexes) > 0 && !slices.ContainsFunc(e.regexes, func(r *regexp.Regexp) bool { return r.MatchString(secret) }) {
		return false
	}
	if len(e.stopWords) > 0 {
		lower := strings.ToLower(secret)
		return slices.ContainsFunc(e.stopWords, func(w string) bool { return strings.Contains(lower, w) })
	}
	return true
}

func (e *allowEntry) matchesPath(path string) bool {
	return slices.ContainsFunc(e.Paths, func(glob string) bool { return rules.MatchGlob(glob, path) })
}

// compileAllow checks one entry. The problems are phrases.
func compileAllow(e *AllowEntry) (c allowEntry, problems []string) {
	c.AllowEntry, c.used = *e, new(atomic.Bool)
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if strings.TrimSpace(e.Reason) == "" {
		bad("missing key \"reason\": say why this is no secret")
	}
	others := len(e.Rules) + len(e.Fingerprints)
	if len(e.Paths)+len(e.Regexes)+len(e.StopWords)+others == 0 {
		bad("no condition: give paths, regexes, stop_words, rules or fingerprints")
	}
	for _, glob := range e.Paths {
		switch {
		case glob == "" || !doublestar.ValidatePattern(glob):
			bad("paths: %q is not a valid glob", glob)
		case len(e.Regexes)+len(e.StopWords)+others == 0 && matchesAnyPath(glob):
			bad("paths: %q matches every file, so nothing would ever be reported; add another condition", glob)
		}
	}
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

// matchesAnyPath tries a glob on names that have nothing in common.
func matchesAnyPath(glob string) bool {
	for _, p := range []string{"a", "zq/b.c", ".d/e/f-g.hh/0", "Ω/_"} {
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
