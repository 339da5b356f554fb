package scanner_test

import (
	"testing"
	"time"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/archive"
)

// TestDigest holds that scanners that find other things have other digests, and
// that how many workers there are, or the time, is no difference.
func TestDigest(t *testing.T) {
	compile := func(regex string) *rules.Set {
		set, err := rules.Compile([]rules.Rule{{
			ID: "a", Description: "token", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh, Regex: regex, Keywords: []string{"abc"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	set := compile("abcd")
	want := scanner.New(set, scanner.Options{}).Digest()
	tests := []struct {
		name string
		set  *rules.Set
		opts scanner.Options
		same bool
	}{
		{"nothing", set, scanner.Options{}, true},
		{"defaults", compile("abcd"), scanner.Options{MinConfidence: rules.ConfidenceMedium}, true},
		{"workers", set, scanner.Options{Workers: 3, Window: 100}, true},
		{"time", set, scanner.Options{Now: time.Unix(1, 0)}, true},
		{"rules", compile("abce"), scanner.Options{}, false},
		{"confidence", set, scanner.Options{MinConfidence: rules.ConfidenceLow}, false},
		{"comments", set, scanner.Options{NoInline: true}, false},
		{"archives", set, scanner.Options{NoArchives: true}, false},
		{"limits", set, scanner.Options{Limits: archive.Limits{Entries: 1}}, false},
	}
	for _, tt := range tests {
		if got := scanner.New(tt.set, tt.opts).Digest(); (got == want) != tt.same {
			t.Errorf("%s: the same digest is %v, want %v", tt.name, got == want, tt.same)
		}
	}
}
