package scanner

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

func TestParseConfig(t *testing.T) {
	c, err := ParseConfig(".cork.toml", []byte(`
min_confidence = "high"
[rules]
disable = ["unsure"]
[[rule]]
id = "tok"
severity = "low"
[[rule]]
id = "mine"
description = "my token"
severity = "high"
confidence = "high"
regex = '''\b(mine-[a-z]{8})\b'''
group = 1
keywords = ["mine-"]
match = ["mine-<lower:8>"]
[[allow]]
reason = "documented"
paths = ["docs/**"]
rules = ["mine", "unsure"]
expires = 2027-01-01
[[allow]]
reason = "over"
stop_words = ["example"]
expires = 2025-12-31
`), testRules(), day(2026, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range c.Rules {
		got = append(got, r.ID+":"+r.Severity.String())
	}
	if want := "tok:low block:high pass:high pem-file:high mine:high"; strings.Join(got, " ") != want {
		t.Errorf("Rules = %v, want %v", got, want)
	}
	if c.MinConfidence != rules.ConfidenceHigh || len(c.Expired) != 1 || c.Expired[0].Reason != "over" {
		t.Errorf("MinConfidence = %v, Expired = %v", c.MinConfidence, c.Expired)
	}
	if e, ok := c.Allow.Allows("docs/x/y", finding("mine", "s")); !ok || e.Reason != "documented" {
		t.Errorf("Allows = %v, %v, want the first entry", e, ok)
	}
	if _, ok := c.Allow.Allows("f", finding("mine", "an example")); ok {
		t.Error("an entry whose time is over is applied")
	}
	if _, err := rules.Compile(c.Rules); err != nil {
		t.Error(err)
	}
}

func TestParseConfigEmpty(t *testing.T) {
	c, err := ParseConfig(".cork.toml", nil, testRules(), day(2026, 1, 1))
	if err != nil || len(c.Rules) != len(testRules()) || c.MinConfidence != 0 || len(c.Expired) != 0 {
		t.Errorf("ParseConfig of nothing = %+v, %v", c, err)
	}
}

func TestParseConfigErrors(t *testing.T) {
	tests := []struct {
		name, config string
		want         []string // one for each error
	}{
		{"syntax", "min_confidence = ", []string{".cork.toml:1"}},
		{"unknown key", "minconfidence = 'low'", []string{"minconfidence"}},
		{"unknown key of an entry", "[[allow]]\nreason='r'\npath=['a']", []string{"path"}},
		{"wrong type", "[[allow]]\nreason='r'\npaths='a'", []string{"expected an array"}},
		{"no such confidence", "min_confidence = 'sure'", []string{"sure"}},
		{"date as a string", "[[allow]]\nreason='r'\nrules=['tok']\nexpires='2027-01-01'", []string{"expected a date"}},
		{"unknown disabled rule", "[rules]\ndisable=['blok']", []string{`.cork.toml:2: rule "blok"`}},
		{"unknown allowed rule", "\n[[allow]]\nreason='r'\nrules=['blok', 'tok']", []string{`.cork.toml:2: [[allow]] 1: rules: there is no rule "blok" (did you mean "block"?)`}},
		{"far from any rule", "[[allow]]\nreason='r'\nrules=['completely-else']", []string{`there is no rule "completely-else"`}},
		{"everything at once", "[rules]\ndisable=['x1y2']\n[[allow]]\nstop_words=['a']\n[[allow]]\nreason='r'\nregexes=['(']\n[[rule]]\nid='tok'\nseverity='low'\n[[rule]]\nid='tok'", []string{"x1y2", "reason", "too short", "missing closing", "tok"}},
		{"unknown keys and ids at once", "foo=1\n[rules]\ndisable=['x1y2']\n[[allow]]\nrules=['z3z4']\nreasn='r'", []string{"foo", "x1y2", "z3z4", "reasn"}},
		{"every rule disabled", "[rules]\ndisable=['tok','block','pass','unsure','pem-file']", []string{"every rule is disabled"}},
		{"allows everything", "[[allow]]\nreason='r'\npaths=['**']", []string{"matches every file"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseConfig(".cork.toml", []byte(tt.config), testRules(), day(2026, 1, 1))
			if err == nil {
				t.Fatalf("ParseConfig(%q) = nil", tt.config)
			}
			list := []error{err}
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				list = joined.Unwrap()
			}
			if len(list) != len(tt.want) {
				t.Errorf("ParseConfig(%q) = %v, want %d errors", tt.config, err, len(tt.want))
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("ParseConfig(%q) = %v, want %q in it", tt.config, err, want)
				}
			}
			for _, e := range list {
				if re := (*rules.Error)(nil); !errors.As(e, &re) || re.File != ".cork.toml" {
					t.Errorf("ParseConfig(%q): %T (%v), want a *rules.Error that names the file", tt.config, e, e)
				}
			}
		})
	}
}

// FuzzParseConfig: whatever the file says, there is a configuration with at
// least one rule, or an error that is not empty.
func FuzzParseConfig(f *testing.F) {
	for _, seed := range []string{"", "min_confidence = 'low'", "[rules]\ndisable=['tok']", "[[allow]]\nreason='r'\npaths=['a/**']\nexpires=2027-01-01", "[[rule]]\nid='tok'\nseverity='low'"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfig("c", data, testRules(), day(2026, 1, 1))
		if err != nil && err.Error() == "" || err == nil && (len(c.Rules) == 0 || c.Allow == nil) {
			t.Errorf("ParseConfig(%q) = %+v, %v", data, c, err)
		}
		if err == nil {
			if _, ok := c.Allow.Allows("zq/b.c", finding("block", "0")); ok && !strings.Contains(string(data), "[[") && !strings.Contains(string(data), "allow") {
				t.Errorf("ParseConfig(%q) allows without an entry", data)
			}
			for _, w := range append(c.Warnings(CheckOptions{Files: []string{"a/b.go"}, Samples: []rules.Sample{{RuleID: "tok", Secret: "TOK-aaaa"}}}), c.Alarms()...) {
				if w.File != "c" || w.Line < 1 || w.Line > 1+bytes.Count(data, []byte("\n")) || w.Msg == "" {
					t.Errorf("ParseConfig(%q) warns %+v", data, w)
				}
			}
		}
	})
}

// FuzzParseNested: whatever the file of a folder says, it allows nothing outside of
// it.
func FuzzParseNested(f *testing.F) {
	for _, seed := range []string{"", "[rules]\ndisable=['tok']", "[[allow]]\nreason='r'\npaths=['**']", "[[allow]]\nreason='r'\npaths=['{..,web}/x', '../**']",
		"[[allow]]\nreason='r'\nstop_words=['tok-aaaa']", "[[allow]]\nreason='r'\nrules=['tok']", "[[allow]]\nreason='r'\npath_regexes=['.']", "[[allow]]\nreason='r'\nexcept_paths=['x']\nregexes=['T']"} {
		f.Add([]byte(seed))
	}
	above, err := ParseConfig("c", nil, testRules(), day(2026, 1, 1))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseNested("web/c", "web", data, above, day(2026, 1, 1))
		if err != nil {
			return
		}
		for _, path := range []string{"x", "webx", "webx/x", "a/web/x", "web", "../web/x", "Web/x"} {
			if e, ok := c.Allow.Allows(path, finding("tok", "TOK-aaaa")); ok || c.Allow.allowsPath(path) {
				t.Errorf("ParseNested(%q) allows something in %s: %+v", data, path, e)
			}
		}
	})
}
