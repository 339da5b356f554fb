package scanner

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cork-scanner/cork/rules"
)

func TestFindingLine(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	tests := []struct {
		name, content, want string
	}{
		{"plain", "a = pass=abcd;e # comment", "a = pass=******** # comment"},
		{"indented", "\t  pass=abcd \r\n", "pass=********"},
		{"tab inside", "a\tpass=abcd", "a\tpass=********"},
		{"other lines", "one\ntwo pass=abcd\nthree", "two pass=********"},
		{"a long secret without a mark", "pass=abcd5x6y7z8w9v0u1t2s3", "pass=********"},
		{"terminal control", "\x1b[31m\x07 pass=abcd \u202e\u009b\x7f\r x", "\uFFFD[31m\uFFFD pass=******** \uFFFD\uFFFD\uFFFD\uFFFD x"},
		{"broken text", "\xff\xc3 pass=abcd \xe2\x82", "\uFFFD\uFFFD pass=******** \uFFFD\uFFFD"},
		{"the secret again", "pass=ab-cd x-ab-cd-y ab-cd", "pass=******** x-********-y ********"},
		{"a word again", "abcd_pass abcd pass=abcd abcde", "abcd_pass ******** pass=******** abcde"},
		{"another secret", "TOK-aaaa pass=ab-cd", "******** pass=********"},
		{"a suppressed secret elsewhere", "pass=ab-cd UNS-abc123", "pass=******** ********"},
		{"an unsure secret", "pass=ab-cd\nUNS-abc123", "pass=********"},
		{"block", "k BEGIN BLOCK\nabcdefgh\nEND BLOCK", "k ********"},
		{"cut on both sides", x(300) + " pass=abcd " + x(300), "…" + x(94) + " pass=******** " + x(49) + "…"},
		{"cut on the left", x(300) + " pass=abcd y", "…" + x(143) + " pass=******** y"},
		{"cut on the right", "a pass=abcd " + x(300), "a pass=******** " + x(143) + "…"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fs, _, _ := scanAll(t, New(testSet(t), Options{}), source(blob("f", tt.content)))
			for _, f := range fs {
				if f.RuleID == "tok" {
					continue
				}
				if f.Line != tt.want {
					t.Errorf("Line of %q = %q, want %q", tt.content, f.Line, tt.want)
				}
				if n := utf8.RuneCountInString(f.Line); n > lineChars {
					t.Errorf("Line of %q has %d characters", tt.content, n)
				}
				return
			}
			t.Errorf("Scan(%q) found nothing", tt.content)
		})
	}
}

func TestFindingLineMasksWhatOtherLinesTell(t *testing.T) {
	// Old, allowed, and out-ranked secrets are secrets too.
	content := "pass=old-secret\npass=allowed-secret # cork:allow\npass=new-secret old-secret allowed-secret abcdefgh\nBEGIN BLOCK\nabcdefgh\nEND BLOCK\n"
	b := blob("f", content)
	b.Before = before("pass=old-secret\n")
	fs, _, sum := scanAll(t, New(testSet(t), Options{}), source(b))
	if got := ids(fs); got != "pass:3 block:4" || sum.Suppressed != 1 {
		t.Fatalf("Scan = %s, %d suppressed", got, sum.Suppressed)
	}
	if want := "pass=******** ******** ******** ********"; fs[0].Line != want {
		t.Errorf("Line = %q, want %q", fs[0].Line, want)
	}
}

func TestOccurrences(t *testing.T) {
	tests := []struct {
		text  string
		texts []string
		want  string // # where hidden
	}{
		{"abcdefabcdef", []string{"abcdef-1", "cdefab-2"}, "abcdefabcdef"},
		{"xab-cdx", []string{"ab-cd"}, "x#####x"},
		{"ab-cd-ef", []string{"ab-cd", "cd-ef"}, "########"},
		{"ab-cd-ef", []string{"ab-cd", "ab-cd-e", "b-"}, "#######f"},
		{"a1a1a1a1", []string{"a1a1a"}, "#######1"},
	}
	for _, tt := range tests {
		m := &masker{texts: tt.texts}
		m.index()
		got := []byte(tt.text)
		for _, s := range m.occurrences(tt.text) {
			for i := s.start; i < s.end; i++ {
				got[i] = '#'
			}
		}
		if string(got) != tt.want {
			t.Errorf("occurrences(%q, %q) = %q, want %q", tt.text, tt.texts, got, tt.want)
		}
	}
}

// TestFindingShown: of a secret nothing is shown but the mark of its provider.
func TestFindingShown(t *testing.T) {
	set, err := rules.Compile([]rules.Rule{{
		ID: "tok", Description: "token", Provider: "Example", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh,
		Regex: `(?i)\b(?:example_key=)?((?:exk-)?[a-z0-9]{24})\b`, Group: 1, Keywords: []string{"example_key=", "exk-"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	const random = "q1w2e3r4t5z6u7i8o9p0a1s2"
	for _, tt := range []struct{ content, want string }{
		{"exk-" + random, "exk-********"},
		{"EXK-" + random, "EXK-********"},
		{"example_key=" + random, "********"},
	} {
		fs, _, _ := scanAll(t, New(set, Options{}), source(blob("f", tt.content)))
		if len(fs) != 1 || fs[0].Secret.String() != tt.want {
			t.Errorf("Scan(%q) = %v, want one that shows %q", tt.content, fs, tt.want)
		}
	}
}
