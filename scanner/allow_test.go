package scanner

import (
	"strings"
	"testing"
	"time"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 12, 0, 0, 0, time.UTC) }

func finding(rule, secret string) *Finding {
	return &Finding{RuleID: rule, Secret: NewSecret(secret), Fingerprint: newFingerprinter().of(rule, "f", "", secret)}
}

func TestAllowlist(t *testing.T) {
	f := finding("tok", "Example-1234")
	tests := []struct {
		name  string
		entry AllowEntry
		path  string
		want  bool
	}{
		{"base name", AllowEntry{Paths: []string{"*.txt"}}, "a/b/c.txt", true},
		{"base name of another", AllowEntry{Paths: []string{"*.txt"}}, "a/c.txt/d", false},
		{"one of two", AllowEntry{Paths: []string{"*.md", "*.txt"}}, "c.txt", true},
		{"doublestar", AllowEntry{Paths: []string{"a/**/c.txt"}}, "a/b/x/c.txt", true},
		{"doublestar below", AllowEntry{Paths: []string{"docs/**"}}, "docs/c.txt", true},
		{"from the root", AllowEntry{Paths: []string{"/c.txt"}}, "c.txt", true},
		{"from the root only", AllowEntry{Paths: []string{"/c.txt"}}, "a/c.txt", false},
		{"folder", AllowEntry{Paths: []string{"a/"}}, "a/b/c.txt", true},
		{"folder of another name", AllowEntry{Paths: []string{"a/"}}, "ab/c.txt", false},
		{"regex", AllowEntry{Regexes: []string{"^Ex"}}, "f", true},
		{"regex that does not match", AllowEntry{Regexes: []string{"^ex"}}, "f", false},
		{"stop word in either case", AllowEntry{StopWords: []string{"nope", "EXAMPLE"}}, "f", true},
		{"stop word elsewhere", AllowEntry{StopWords: []string{"examples"}}, "f", false},
		{"rule", AllowEntry{Rules: []string{"tok"}}, "f", true},
		{"another rule", AllowEntry{Rules: []string{"to", "toke"}}, "f", false},
		{"fingerprint", AllowEntry{Fingerprints: []string{f.Fingerprint}}, "f", true},
		{"another fingerprint", AllowEntry{Fingerprints: []string{"tok:00000000000000000000"}}, "f", false},
		{"all kinds", AllowEntry{Paths: []string{"f"}, Regexes: []string{"Ex"}, StopWords: []string{"1234"}, Rules: []string{"tok"}, Fingerprints: []string{f.Fingerprint}}, "f", true},
		{"all kinds but one", AllowEntry{Paths: []string{"f"}, Regexes: []string{"Ex"}, StopWords: []string{"12345"}, Rules: []string{"tok"}, Fingerprints: []string{f.Fingerprint}}, "f", false},
		{"everything of a rule", AllowEntry{Paths: []string{"**"}, Rules: []string{"tok"}}, "x/y", true},
		{"on its last day", AllowEntry{Rules: []string{"tok"}, Expires: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}, "f", true},
		{"after its last day", AllowEntry{Rules: []string{"tok"}, Expires: time.Date(2026, 4, 30, 0, 0, 0, 0, time.UTC)}, "f", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.entry.Reason = "because"
			a, err := NewAllowlist([]AllowEntry{{Reason: "other", Rules: []string{"other"}}, tt.entry}, day(2026, 5, 1))
			if err != nil {
				t.Fatal(err)
			}
			e, ok := a.Allows(tt.path, f)
			if ok != tt.want || ok && e.Reason != "because" {
				t.Errorf("Allows(%q) = %v, %v, want %v", tt.path, e, ok, tt.want)
			}
			if want := strings.Contains(tt.name, "after"); want != (len(a.Expired()) == 1) {
				t.Errorf("Expired() = %v", a.Expired())
			}
		})
	}
	if _, ok := (*Allowlist)(nil).Allows("f", f); ok || (*Allowlist)(nil).Expired() != nil {
		t.Error("a nil Allowlist allows something")
	}
}

func TestNewAllowlistErrors(t *testing.T) {
	tests := []struct {
		entry AllowEntry
		want  string // "" is no error
	}{
		{AllowEntry{Paths: []string{"a"}}, `missing key "reason"`},
		{AllowEntry{Reason: "  ", Paths: []string{"a"}}, `missing key "reason"`},
		{AllowEntry{Reason: "r"}, "no condition"},
		{AllowEntry{Reason: "r", Expires: day(2030, 1, 1)}, "no condition"},
		{AllowEntry{Reason: "r", Paths: []string{"**"}}, `"**" matches every file`},
		{AllowEntry{Reason: "r", Paths: []string{"x", "*"}}, `"*" matches every file`},
		{AllowEntry{Reason: "r", Paths: []string{"**/*"}}, `"**/*" matches every file`},
		{AllowEntry{Reason: "r", Paths: []string{"/"}}, `"/" matches every file`},
		{AllowEntry{Reason: "r", Paths: []string{"**"}, StopWords: []string{"example"}}, ""},
		{AllowEntry{Reason: "r", Paths: []string{"**/*.md"}}, ""},
		{AllowEntry{Reason: "r", Paths: []string{"[a"}}, "not a valid glob"},
		{AllowEntry{Reason: "r", Paths: []string{""}}, "not a valid glob"},
		{AllowEntry{Reason: "r", Regexes: []string{"x*"}}, "matches the empty string"},
		{AllowEntry{Reason: "r", Regexes: []string{""}, Paths: []string{"a"}}, "matches the empty string"},
		{AllowEntry{Reason: "r", Regexes: []string{".+"}}, "matches every secret"},
		{AllowEntry{Reason: "r", Regexes: []string{".+"}, Paths: []string{"docs/**"}}, ""},
		{AllowEntry{Reason: "r", Regexes: []string{"("}}, "missing closing"},
		{AllowEntry{Reason: "r", StopWords: []string{"ab"}}, "too short"},
		{AllowEntry{Reason: "r", Rules: []string{""}}, "empty"},
		{AllowEntry{Reason: "r", Fingerprints: []string{"tok:12"}}, "not a fingerprint"},
		{AllowEntry{Reason: "r", Paths: []string{"**"}, Expires: day(2020, 1, 1)}, "matches every file"},
	}
	for _, tt := range tests {
		_, err := NewAllowlist([]AllowEntry{tt.entry}, day(2026, 1, 1))
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("NewAllowlist(%+v) = %v, want %q", tt.entry, err, tt.want)
		}
	}
	_, err := NewAllowlist([]AllowEntry{{}, {Reason: "r", StopWords: []string{"a", "b"}}}, day(2026, 1, 1))
	if n := strings.Count(err.Error(), "\n") + 1; n != 4 {
		t.Errorf("NewAllowlist = %v, want 4 errors", err)
	}
}

func TestScanAllowlist(t *testing.T) {
	allow, err := NewAllowlist([]AllowEntry{
		{Reason: "r", Paths: []string{"sub/*.pem"}},
		{Reason: "r", StopWords: []string{"aaaa"}},
	}, day(2026, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	b := blob("../x/key.pem", "TOK-aaaa TOK-bbbb")
	b.RepoPath = "sub/key.pem"
	other := blob("key.pem", "TOK-aaaa TOK-bbbb")
	fs, _, sum := scanAll(t, New(testSet(t), Options{Allow: allow}), source(b, other))
	if got := ids(fs); got != "pem-file:1 tok:1" || sum.Suppressed != 4 {
		t.Errorf("Scan = %s, %d suppressed, want pem-file:1 tok:1, 4", got, sum.Suppressed)
	}
}

func TestUnusedEntries(t *testing.T) {
	entry := func(reason string, e AllowEntry) AllowEntry { e.Reason = reason; return e }
	a, err := NewAllowlist([]AllowEntry{
		entry("used", AllowEntry{StopWords: []string{"aaaa"}}),
		entry("behind another one", AllowEntry{StopWords: []string{"aaaaa"}}),
		entry("of another rule", AllowEntry{Rules: []string{"block"}}),
		entry("a file that is there", AllowEntry{Paths: []string{"g"}}),
		entry("a file that is not there", AllowEntry{Paths: []string{"h"}}),
		entry("over", AllowEntry{Rules: []string{"tok"}, Expires: day(2026, 4, 30)}),
	}, day(2026, 5, 1))
	if err != nil {
		t.Fatal(err)
	}
	s := New(testSet(t), Options{Allow: a, Workers: 1})
	if fs, _, sum := scanAll(t, s, source(blob("f", "TOK-aaaaa"), blob("g", "nothing"))); len(fs) > 0 || sum.Suppressed != 1 {
		t.Errorf("%d reported, %d suppressed", len(fs), sum.Suppressed)
	}
	var got []string
	for _, e := range a.Unused() {
		got = append(got, e.Reason)
	}
	if want := "behind another one, of another rule, a file that is not there"; strings.Join(got, ", ") != want {
		t.Errorf("Unused() = %q, want %q", got, want)
	}
	if (*Allowlist)(nil).Unused() != nil {
		t.Error("nothing is used")
	}
}
