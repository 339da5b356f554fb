package scanner

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestSuppressed: what is suppressed is yielded, in order and with why, only if
// that is asked for, and is counted the same either way.
func TestSuppressed(t *testing.T) {
	allow, err := NewAllowlist([]AllowEntry{{Reason: "made up", StopWords: []string{"madeup"}, File: ".cork.toml", Line: 7}}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	old := newFingerprinter().of("tok", "a.txt", "", "TOK-old1")
	baseline := NewBaseline(BaselineName, []BaselineEntry{{Fingerprint: old, Path: "a.txt", Reason: "from before", Line: 3}})
	content := "TOK-aaaa\nTOK-madeup # x\nTOK-bbbb # cork:allow rule=tok reason=not TOK-cccc\nTOK-old1\nTOK-cccc\n"
	files := map[string]string{"a.txt": content, "a.zip": zipped(t, packed{"x", "TOK-madeup1", "y", "TOK-abcd /* cork:allow reason=why */"})}
	tests := []struct {
		path, want string
		reported   int
	}{
		{"a.txt", "tok:1 reported\n" +
			"tok:2 allowlist (.cork.toml:7) made up\n" +
			"tok:3 inline (a.txt:3) not ********\n" +
			"tok:3 inline (a.txt:3) not ********\n" + // the one in the reason
			"tok:4 baseline (.cork-baseline:3) from before\n" +
			"tok:5 reported\n", 2},
		{"a.zip", "tok:1 allowlist (.cork.toml:7) made up\ntok:1 inline (a.zip!/y:1) why\n", 0},
	}
	for _, tt := range tests {
		for _, window := range []int{0, 5} {
			opts := Options{Workers: 1, Window: window, Allow: allow, Baseline: baseline, Suppressed: true}
			var got strings.Builder
			var sum, plainSum Summary
			for f, err := range New(testSet(t), opts).Scan(t.Context(), source(blob(tt.path, files[tt.path])), &sum) {
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&got, "%s:%d ", f.RuleID, f.Location.Line)
				if s := f.Suppression; s != nil {
					fmt.Fprintf(&got, "%s (%s:%d) %s\n", s.By, s.File, s.Line, s.Reason)
				} else {
					got.WriteString("reported\n")
				}
				if f.Fingerprint == "" || f.Line == "" {
					t.Errorf("%s: a finding in line %d has the fingerprint %q and the line %q", tt.path, f.Location.Line, f.Fingerprint, f.Line)
				}
			}
			if got.String() != tt.want {
				t.Errorf("%s, window %d: Scan =\n%swant\n%s", tt.path, window, got.String(), tt.want)
			}
			opts.Suppressed = false
			fs, _, _ := scanAll(t, New(testSet(t), opts), source(blob(tt.path, files[tt.path])))
			for range New(testSet(t), opts).Scan(t.Context(), source(blob(tt.path, files[tt.path])), &plainSum) {
			}
			if len(fs) != tt.reported || sum.Findings != tt.reported || plainSum.Findings != sum.Findings || plainSum.Suppressed != sum.Suppressed || sum.Suppressed != strings.Count(tt.want, "(") {
				t.Errorf("%s: %d reported; summary %d and %d, with suppressed %d and %d", tt.path, len(fs), plainSum.Findings, plainSum.Suppressed, sum.Findings, sum.Suppressed)
			}
		}
	}
}

func TestReasons(t *testing.T) {
	for in, want := range map[string]string{
		"reason=made up":                     "made up",
		"reason=made up */ x":                "made up",
		"reason=made up --> x":               "made up",
		`reason="made up" and more`:          "made up",
		`reason="made up`:                    `"made up`,
		"reason='' x":                        "",
		"reason= ":                           "",
		"because":                            "",
		"reason=\xff\xfe":                    "\uFFFD",
		"reason=" + strings.Repeat("é", 300): strings.Repeat("é", 100),
	} {
		if got := parseReason([]byte(in)); got != want {
			t.Errorf("parseReason(%q) = %q, want %q", in, got, want)
		}
	}
}
