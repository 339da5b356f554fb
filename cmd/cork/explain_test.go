package main

import (
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/report"
)

func TestIsNamed(t *testing.T) {
	const print = "github-pat:0123456789abcdef0123"
	tests := []struct {
		named string
		want  bool
	}{
		{print, true},
		{"github-pat:012345", true},
		{"012345", true},
		{"0123456789abcdef0123", true},
		{"123456", false},
		{"github-pat:123456", false},
		{"pat:012345", false},
		{"github-pat:0123456789abcdef01234", false},
	}
	for _, tt := range tests {
		e := &explanation{named: tt.named}
		if got := e.isNamed(print); got != tt.want {
			t.Errorf("isNamed(%q) for %q = %v, want %v", print, tt.named, got, tt.want)
		}
	}
}

func TestAmbiguousListsAll(t *testing.T) {
	e := &explanation{app: &app{}, named: "012345"}
	found := func(path string) []scanner.Finding {
		return []scanner.Finding{{Secret: scanner.NewSecret("x"), Location: scanner.Location{Path: path, Line: 3, Column: 4}}}
	}
	err := e.ambiguous(map[string][]scanner.Finding{"jwt:0123451": found("b"), "aws:0123452": found("a b\n")})
	want := "several findings have a fingerprint that begins with 012345\naws:0123452 in \"a b\\n\":3:4\njwt:0123451 in b:3:4"
	if err.Error() != want || scanner.HintOf(err) == "" {
		t.Errorf("ambiguous() = %q, want %q", err, want)
	}
	many := map[string][]scanner.Finding{}
	for i := range 30 {
		many[strings.Repeat("a", i+1)] = found("a")
	}
	if err := e.ambiguous(many); !strings.HasSuffix(err.Error(), "\nand 20 more") {
		t.Errorf("ambiguous() of 30 ends in %q", err)
	}
}

func TestShellQuote(t *testing.T) {
	tests := []struct {
		path, want string
		ok         bool
	}{
		{"a/b-c_d.yml", "a/b-c_d.yml", true},
		{"a b", "'a b'", true},
		{"it's", `'it'\''s'`, true},
		{"$(x)", "'$(x)'", true},
		{`a\b`, `'a\b'`, true},
		{"é", "'é'", true},
		{"-x", "", false},
		{"", "", false},
		{"a\nb", "", false},
		{"a\xff", "", false},
	}
	for _, tt := range tests {
		if got, ok := shellQuote(tt.path); got != tt.want || ok != tt.ok {
			t.Errorf("shellQuote(%q) = %q, %v, want %q, %v", tt.path, got, ok, tt.want, tt.ok)
		}
	}
}

// TestRecognisedSaysSomething of every built-in rule, and without escapes.
func TestRecognisedSaysSomething(t *testing.T) {
	for _, r := range rules.Builtin() {
		b := bookRule{r, stateBuiltin}
		list := recognised(&b)
		if len(list) == 0 {
			t.Errorf("recognised(%s) says nothing", r.ID)
		}
		for _, text := range append(list, report.Opens(r.Severity, r.Provider), sure(r.Confidence)) {
			if strings.Contains(text, "%!") || strings.Contains(text, ": .") || strings.HasSuffix(text, ": ") {
				t.Errorf("recognised(%s) says %q", r.ID, text)
			}
		}
	}
}
