package rules_test

import (
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

func TestWarnings(t *testing.T) {
	tests := []struct {
		name   string
		change func(r *rules.Rule)
		base   bool
		want   []string // one part of each warning, in order
	}{
		{"nothing to say", nil, false, nil},
		{"says nothing", func(r *rules.Rule) { r.Revoke, r.Docs, r.Match, r.NoMatch = "", "", nil, nil }, false,
			[]string{`no "revoke"`, `no "docs"`, `no "match"`, `no "nomatch"`}},
		{"a change need not say everything", func(r *rules.Rule) { r.Revoke, r.Docs, r.Match, r.NoMatch = "", "", nil, nil }, true, nil},
		{"path rules match no text", func(r *rules.Rule) { r.Regex, r.Keywords, r.NoMatch, r.Paths = "", nil, nil, []string{"*.pem"} }, false, nil},
		{"low confidence", func(r *rules.Rule) { r.Confidence = rules.ConfidenceLow }, false, []string{`min_confidence = "low"`}},
		{"always", func(r *rules.Rule) { r.Keywords, r.Scan = nil, "always" }, false, []string{"every byte"}},
		{"short keywords, once", func(r *rules.Rule) { r.Keywords = []string{"q0_", "q1_"} }, false, []string{`["q0_" "q1_"]`}},
		{"common keyword, in either case", func(r *rules.Rule) { r.Keywords = []string{"HTTP://", "tok_"} }, false, []string{`"HTTP://" is common: it stands in 1 of `}},
		{"keys may be common words", func(r *rules.Rule) { r.Keys, r.Keywords = "key$", []string{"key"} }, false, nil},
		{"group forgotten", func(r *rules.Rule) { r.Regex = `\b(tok_[0-9]{12})\b` }, false, []string{"the regex has 1 group, but group = 0"}},
		{"group given", func(r *rules.Rule) { r.Regex, r.Group = `\b(tok_[0-9]{12})\b`, 1 }, false, nil},
		{"no end", func(r *rules.Rule) { r.Regex, r.Span = `\btok_[0-9]+`, 64 }, false, []string{"longer than span = 64 bytes"}},
		{"no end, in a value", func(r *rules.Rule) { r.Keys, r.Regex = "tok$", `[0-9]+` }, false, nil},
		{"matches ordinary text", func(r *rules.Rule) { r.Regex = `[a-z]{5,20}` }, false, []string{"% of ordinary text"}},
		{"matches every character", func(r *rules.Rule) { r.Regex = `(?s).` }, false, []string{"100 % of ordinary text"}},
		{"is no expression", func(r *rules.Rule) { r.Regex = `(` }, false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := exampleRule(func(r *rules.Rule) {
				r.Revoke, r.Docs = "delete it", "https://example.com/"
				if tt.change != nil {
					tt.change(r)
				}
			})
			got := rules.Warnings(r, tt.base)
			if len(got) != len(tt.want) {
				t.Fatalf("Warnings() = %q, want %d", got, len(tt.want))
			}
			for i, w := range got {
				if !strings.Contains(w.Error(), tt.want[i]) || !strings.HasPrefix(w.Error(), `rules.toml:3: rule "tok": `) {
					t.Errorf("Warnings()[%d] = %q, want it to say %q", i, w, tt.want[i])
				}
			}
		})
	}
}
