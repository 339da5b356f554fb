package check_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules/check"
)

// A vector is a text and what a check says about it.
type vector struct {
	name   string
	secret string
	want   check.Result
}

// run holds a check against vectors. A note is compared by its beginning, and
// only where one is given.
func run(t *testing.T, name string, vectors []vector) {
	t.Helper()
	c, ok := check.Lookup(name)
	if !ok {
		t.Fatalf("Lookup(%q) finds nothing", name)
	}
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			got := c([]byte(v.secret))
			if v.want.Note == "" || strings.HasPrefix(got.Note, v.want.Note) {
				v.want.Note = got.Note
			}
			if got != v.want {
				t.Errorf("%s(%q) = %+v, want %+v", name, v.secret, got, v.want)
			}
		})
	}
}

// What most vectors want.
var (
	nothing  = check.Result{}
	passes   = check.Result{Verdict: check.Passed}
	doubts   = check.Result{Verdict: check.Doubtful}
	fails    = check.Result{Verdict: check.Failed}
	isLocked = check.Result{Verdict: check.Passed, Limit: check.Encrypted}
)

func TestNames(t *testing.T) {
	names := check.Names()
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("Names() = %q, want sorted and unique", names)
	}
	for _, n := range names {
		if c, ok := check.Lookup(n); !ok || c == nil {
			t.Errorf("Lookup(%q) = _, %v, want true", n, ok)
		}
	}
	for _, n := range []string{"", "a", "zzz", "github", "github-crc32x"} {
		if _, ok := check.Lookup(n); ok {
			t.Errorf("Lookup(%q) = _, true, want false", n)
		}
	}
}

// FuzzChecks holds what every check promises, whatever it is given: no panic,
// the same answer again, notes that are short and do not hold the text, no end
// of what cannot be.
func FuzzChecks(f *testing.F) {
	for _, s := range samples(f) {
		f.Add([]byte(s))
		f.Add([]byte(s[:len(s)/2]))
	}
	var all []check.Check
	for _, n := range check.Names() {
		c, _ := check.Lookup(n)
		all = append(all, c)
	}
	names := check.Names()
	f.Fuzz(func(t *testing.T, secret []byte) {
		before := string(secret)
		for i, c := range all {
			got := c(secret)
			if string(secret) != before {
				t.Fatalf("%s changes its input", names[i])
			}
			if again := c(secret); got != again {
				t.Errorf("%s(%q) = %+v, then %+v", names[i], secret, got, again)
			}
			if got.Verdict == check.Failed && (!got.Expires.IsZero() || got.Limit != check.Unlimited) {
				t.Errorf("%s(%q) = %+v, want no end and no limit of what failed", names[i], secret, got)
			}
			if got.Verdict != check.Inconclusive && got.Note == "" || len(got.Note) > 100 || strings.ContainsAny(got.Note, "\n\r\x00") {
				t.Errorf("%s(%q) has the note %q", names[i], secret, got.Note)
			}
			if len(secret) >= 12 && strings.Contains(got.Note, before) {
				t.Errorf("%s(%q) tells the secret in its note %q", names[i], secret, got.Note)
			}
			if y := got.Expires.Year(); y < 1 || y > 9999 {
				t.Errorf("%s(%q) ends in the year %d", names[i], secret, y)
			}
		}
	})
}
