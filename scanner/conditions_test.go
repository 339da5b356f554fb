package scanner

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/rules"
)

// TestConditions tries, one by one, the conditions that other scanners' exceptions
// have, on one finding.
func TestConditions(t *testing.T) {
	t.Parallel()
	const (
		secret  = "tok-" + "3f9a1c7be2d84065"
		content = "# first\nkey = \"" + secret + "\" # fixture\n"
		path    = "src/app/config.ini"
		commit  = "0123456789abcdef0123456789abcdef01234567"
	)
	set, err := rules.Compile([]rules.Rule{{
		ID: "tok", Description: "token", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh,
		Regex: `key = "(tok-[0-9a-f]{16})"`, Group: 1, Keywords: []string{"tok-"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	sum := func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
	for _, tc := range []struct {
		name  string
		entry AllowEntry
		want  bool
	}{
		{"path regex", AllowEntry{PathRegexes: []string{`^src/`}}, true},
		{"path regex of another", AllowEntry{PathRegexes: []string{`^app/`, `^b`}}, false},
		{"path and path regex", AllowEntry{Paths: []string{"*.ini"}, PathRegexes: []string{`^app/`}}, false},
		{"path", AllowEntry{Path: path, Rules: []string{"tok"}}, true},
		{"another path", AllowEntry{Path: "config.ini", Rules: []string{"tok"}}, false},
		{"except", AllowEntry{Paths: []string{"src/**"}, ExceptPaths: []string{"*.ini"}}, false},
		{"except another", AllowEntry{Paths: []string{"src/**"}, ExceptPaths: []string{"*.yml"}}, true},
		{"except alone", AllowEntry{Rules: []string{"tok"}, ExceptPaths: []string{"*.ini"}}, false},
		{"match", AllowEntry{MatchRegexes: []string{`^key = "tok-`}}, true},
		{"match beyond it", AllowEntry{MatchRegexes: []string{`fixture`}}, false},
		{"line", AllowEntry{LineRegexes: []string{`# fixture$`}}, true},
		{"another line", AllowEntry{LineRegexes: []string{`first`}}, false},
		{"cover", AllowEntry{CoverRegexes: []string{`key = "[^"]*"`}}, true},
		{"cover a part", AllowEntry{CoverRegexes: []string{`key = "tok`, `fixture`}}, false},
		{"grep", AllowEntry{GrepRegexes: []string{`^src/.*:2:key`}}, true},
		{"grep another line", AllowEntry{GrepRegexes: []string{`^src/.*:1:`}}, false},
		{"commit", AllowEntry{Commits: []string{commit}}, true},
		{"another commit", AllowEntry{Commits: []string{strings.Repeat("1", 40)}}, false},
		{"lines", AllowEntry{Path: path, Lines: []int{7, 2}}, true},
		{"other lines", AllowEntry{Path: path, Lines: []int{1, 3}}, false},
		{"sha-256", AllowEntry{Hashes: []string{HashSHA256 + sum(secret)}}, true},
		{"sha-1", AllowEntry{Hashes: []string{HashSHA1 + fmt.Sprintf("%x", sha1.Sum([]byte(secret)))}}, true},
		{"another hash", AllowEntry{Hashes: []string{HashSHA1 + strings.Repeat("0", 40)}}, false},
		{"checksum", AllowEntry{Paths: []string{"*.ini"}, Checksum: sum(path + content)}, true},
		{"checksum of other content", AllowEntry{Paths: []string{"*.ini"}, Checksum: sum(path + content + " ")}, false},
		{"two kinds", AllowEntry{LineRegexes: []string{"fixture"}, PathRegexes: []string{"ini$"}}, true},
		{"two kinds, one of which not", AllowEntry{LineRegexes: []string{"fixture"}, PathRegexes: []string{"yml$"}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.entry.Reason = "a test"
			allow, err := NewAllowlist([]AllowEntry{tc.entry}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			b := blob(path, content)
			b.Commit = &Commit{ID: commit}
			s := New(set, Options{Allow: allow})
			var sum Summary
			for _, err := range s.Scan(t.Context(), Only(b), &sum) {
				if err != nil {
					t.Fatal(err)
				}
			}
			if sum.Findings+sum.Suppressed != 1 || (sum.Suppressed == 1) != tc.want {
				t.Errorf("%d findings, %d suppressed, want suppressed: %v", sum.Findings, sum.Suppressed, tc.want)
			}
			js, err := s.Judge(t.Context(), b)
			if err != nil || len(js) != 1 {
				t.Fatalf("Judge: %d judgements, %v", len(js), err)
			}
			if got := js[0].Outcome == OutcomeAllowed; got != tc.want {
				t.Errorf("Judge: %s", js[0].Outcome)
			}
			if tc.entry.Checksum != "" || len(tc.entry.Commits) > 0 {
				return // known of a scan of files and commits alone
			}
			_, res := s.Versions().Scan(t.Context(), &Version{Path: path, Content: []byte(content), Last: true})
			if len(res.Occurrences) != 1 {
				t.Fatalf("%d occurrences", len(res.Occurrences))
			}
			if got := s.Suppresses(path, &res.Occurrences[0]) != nil; got != tc.want {
				t.Errorf("Suppresses = %v", got)
			}
		})
	}
}

// TestConditionsOfEverything is about conditions under which nothing is reported.
func TestConditionsOfEverything(t *testing.T) {
	t.Parallel()
	for _, e := range []AllowEntry{
		{PathRegexes: []string{`.*`}},
		{PathRegexes: []string{`^x`, ``}},
		{MatchRegexes: []string{`.`}},
		{LineRegexes: []string{`^`}},
		{CoverRegexes: []string{`.*`}},
		{GrepRegexes: []string{`:[0-9]+:`}},
		{Commits: []string{"abc"}},
		{ExceptPaths: []string{"a"}},
		{Paths: []string{"a"}, ExceptPaths: []string{"["}},
		{LineRegexes: []string{`(?=x)`}},
	} {
		e.Reason = "a test"
		if _, err := NewAllowlist([]AllowEntry{e}, time.Time{}); err == nil {
			t.Errorf("%+v is no error", e)
		}
	}
	for _, e := range []AllowEntry{
		{PathRegexes: []string{`.*`}, Rules: []string{"jwt"}},
		{LineRegexes: []string{`.`}, Paths: []string{"docs/**"}},
	} {
		e.Reason = "a test"
		if _, err := NewAllowlist([]AllowEntry{e}, time.Time{}); err != nil {
			t.Errorf("%+v: %v", e, err)
		}
	}
}
