package scanner

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestAddAllow(t *testing.T) {
	entry := AllowEntry{Reason: "made up", Fingerprints: []string{printB}}
	table := "[[allow]]\nreason = \"made up\"\nfingerprints = [\"" + printB + "\"]\n"
	tests := []struct {
		name, text string
		entry      AllowEntry
		want       string
		line       int
	}{
		{"no file", "", entry, table, 1},
		{"a comment", "# ours\n", entry, "# ours\n\n" + table, 3},
		{"no line end", "# ours", entry, "# ours\n\n" + table, 3},
		{"CRLF", "# ours\r\n", entry, "# ours\r\n\r\n" + strings.ReplaceAll(table, "\n", "\r\n"), 3},
		{"other tables", "min_confidence = \"low\" # all\n[rules]\ndisable = [\"pass\"]\n", entry, "min_confidence = \"low\" # all\n[rules]\ndisable = [\"pass\"]\n\n" + table, 5},
		{"the same reason", "[[allow]]\nreason = \"made up\" # yes\nfingerprints = [\"" + printA + "\"] # one\n\n[rules]\n", entry,
			"[[allow]]\nreason = \"made up\" # yes\nfingerprints = [\"" + printA + "\", \"" + printB + "\"] # one\n\n[rules]\n", 1},
		{"on lines of their own", "\n[[allow]]\nfingerprints = [\n    \"" + printA + "\",\n]\nreason = \"made up\"\n", entry,
			"\n[[allow]]\nfingerprints = [\n    \"" + printA + "\",\n    \"" + printB + "\",\n]\nreason = \"made up\"\n", 2},
		{"on lines of their own, no comma", "[[allow]]\r\nfingerprints = [\r\n\t\"" + printA + "\"\r\n]\r\nreason = \"made up\"\r\n", entry,
			"[[allow]]\r\nfingerprints = [\r\n\t\"" + printA + "\",\r\n\t\"" + printB + "\"\r\n]\r\nreason = \"made up\"\r\n", 1},
		{"comma at the end", "[[allow]]\nreason = \"made up\"\nfingerprints = [\"" + printA + "\", ]\n", entry,
			"[[allow]]\nreason = \"made up\"\nfingerprints = [\"" + printA + "\", \"" + printB + "\" ]\n", 1},
		{"it is there", "[[allow]]\nreason = \"made up\"\nfingerprints = [\"" + printB + "\"]\n", entry, "[[allow]]\nreason = \"made up\"\nfingerprints = [\"" + printB + "\"]\n", 1},
		{"it is there for another reason", "[[allow]]\nreason = \"other\"\nrules = [\"tok\", \"pass\"]\nfingerprints = [\"" + printB + "\"]\nexpires = 2020-01-01\n\n[[allow]]\nreason = \"other\"\nfingerprints = [\"" + printA + "\", \"" + printB + "\"]\n", entry,
			"[[allow]]\nreason = \"other\"\nrules = [\"tok\", \"pass\"]\nfingerprints = [\"" + printB + "\"]\nexpires = 2020-01-01\n\n[[allow]]\nreason = \"other\"\nfingerprints = [\"" + printA + "\", \"" + printB + "\"]\n", 7},
		{"it is there for some files", "[[allow]]\nreason = \"other\"\npaths = [\"a\"]\nfingerprints = [\"" + printB + "\"]\n", entry,
			"[[allow]]\nreason = \"other\"\npaths = [\"a\"]\nfingerprints = [\"" + printB + "\"]\n\n" + table, 6},
		{"it is there for a time", "[[allow]]\nreason = \"other\"\nexpires = 2029-01-01\nfingerprints = [\"" + printB + "\"]\n", entry,
			"[[allow]]\nreason = \"other\"\nexpires = 2029-01-01\nfingerprints = [\"" + printB + "\"]\n\n" + table, 6},
		{"one of two is there", "[[allow]]\nreason = \"other\"\nfingerprints = [\"" + printA + "\"]\n", AllowEntry{Reason: "made up", Fingerprints: []string{printA, printB}},
			"[[allow]]\nreason = \"other\"\nfingerprints = [\"" + printA + "\"]\n\n" + table, 5},
		{"more files are there", "[[allow]]\nreason = \"other\"\npaths = [\"a\", \"b\"]\n", AllowEntry{Reason: "made up", Paths: []string{"b"}, Rules: []string{"tok"}},
			"[[allow]]\nreason = \"other\"\npaths = [\"a\", \"b\"]\n", 1},
		{"the lines of these files are there", "[[allow]]\nreason = \"other\"\npaths = [\"a\"]\nline_regexes = [\"x1\"]\n", AllowEntry{Reason: "made up", Paths: []string{"a"}},
			"[[allow]]\nreason = \"other\"\npaths = [\"a\"]\nline_regexes = [\"x1\"]\n\n[[allow]]\nreason = \"made up\"\npaths = [\"a\"]\n", 6},
		{"comments between", "[[allow]]\nreason = \"made up\"\nfingerprints = [\n\"" + printA + "\", # \"x\"\n]\n", entry,
			"[[allow]]\nreason = \"made up\"\nfingerprints = [\n\"" + printA + "\", # \"x\"\n]\n\n" + table, 7},
		{"another reason", "[[allow]]\nreason = \"other\"\nfingerprints = [\"" + printA + "\"]\n", entry,
			"[[allow]]\nreason = \"other\"\nfingerprints = [\"" + printA + "\"]\n\n" + table, 5},
		{"another path", "[[allow]]\nreason = \"made up\"\npaths = [\"x\"]\nfingerprints = [\"" + printA + "\"]\n", entry,
			"[[allow]]\nreason = \"made up\"\npaths = [\"x\"]\nfingerprints = [\"" + printA + "\"]\n\n" + table, 6},
		{"in a string", "[[allow]]\nreason = '''x\nfingerprints = []\n[[allow]]\n'''\nrules = [\"pass\"]\n", entry,
			"[[allow]]\nreason = '''x\nfingerprints = []\n[[allow]]\n'''\nrules = [\"pass\"]\n\n" + table, 8},
		{"all of it", "", AllowEntry{Reason: "a \"b\" \\ \x01\t", Paths: []string{"x/**", "y"}, Rules: []string{"tok"}, Fingerprints: []string{printA, printB}, Expires: day(2030, 1, 2)},
			"[[allow]]\nreason = \"a \\\"b\\\" \\\\ \\u0001\\t\"\npaths = [\"x/**\", \"y\"]\nrules = [\"tok\"]\nfingerprints = [\"" + printA + "\", \"" + printB + "\"]\nexpires = 2030-01-02\n", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, line, err := AddAllow("f", []byte(tt.text), tt.entry, testRules(), day(2026, 5, 1))
			if err != nil || string(got) != tt.want || line != tt.line {
				t.Errorf("AddAllow(%q) =\n%q, line %d, %v, want\n%q, line %d", tt.text, got, line, err, tt.want, tt.line)
			}
		})
	}
}

func TestAddAllowErrors(t *testing.T) {
	tests := []struct {
		name, text string
		entry      AllowEntry
		want       string
	}{
		{"broken", "[[allow]\n", AllowEntry{Reason: "x", Rules: []string{"tok"}}, "f:2"},
		{"written inline", "allow = [{reason = \"x\", rules = [\"tok\"]}]\n", AllowEntry{Reason: "x", Rules: []string{"pass"}}, "cannot be added to f without changing what is there"},
		{"no reason", "", AllowEntry{Rules: []string{"tok"}}, "missing key \"reason\""},
		{"unknown rule", "", AllowEntry{Reason: "x", Rules: []string{"tox"}}, `there is no rule "tox"`},
		{"not UTF-8", "", AllowEntry{Reason: "\xff", Rules: []string{"tok"}}, "only UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := AddAllow("f", []byte(tt.text), tt.entry, testRules(), day(2026, 5, 1))
			if err == nil || !strings.Contains(err.Error(), tt.want) || got != nil {
				t.Errorf("AddAllow(%q) = %q, %v, want an error with %q", tt.text, got, err, tt.want)
			}
		})
	}
}

// FuzzAddAllow: what was there is there still, in its order, and what was added is
// read again.
func FuzzAddAllow(f *testing.F) {
	f.Add([]byte("# x\n[[allow]]\nreason = \"made up\"\nfingerprints = [\""+printA+"\"]\n"), "made up", "a/b")
	f.Add([]byte("[rules]\r\ndisable=['tok']"), "\" \\ \x7f\u0085", "**/x")
	f.Add([]byte("allow = []"), "x", "")
	f.Fuzz(func(t *testing.T, text []byte, reason, path string) {
		e := AllowEntry{Reason: reason, Fingerprints: []string{printB}}
		if path != "" {
			e.Paths = []string{path}
		}
		now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
		edited, line, err := AddAllow("f", text, e, testRules(), now)
		if err != nil {
			return
		}
		at := 0
		for _, c := range text {
			i := bytes.IndexByte(edited[at:], c)
			if i < 0 {
				t.Fatalf("AddAllow(%q) = %q, which has lost something", text, edited)
			}
			at += i + 1
		}
		c, err := ParseConfig("f", edited, testRules(), now)
		if err != nil {
			t.Fatalf("AddAllow(%q) = %q: %v", text, edited, err)
		}
		ok := false
		for _, got := range c.Allow.Entries() {
			ok = ok || got.Reason == reason && bytes.Contains([]byte(strings.Join(got.Fingerprints, " ")), []byte(printB))
		}
		if !ok || line < 1 || line > 1+bytes.Count(edited, newline) {
			t.Errorf("AddAllow(%q) = %q, line %d, without the entry", text, edited, line)
		}
	})
}
