package rules_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// prepare returns the rule as a scan sees it, without where it was read.
func prepare(t *testing.T, r rules.Rule) rules.Rule {
	t.Helper()
	r, _, errs := rules.PreparedForTest(r, func([4]uint64) string { return "" })
	for _, err := range errs {
		t.Error(err)
	}
	r.Source = ""
	return r
}

func TestFormatIsReadAgain(t *testing.T) {
	inFiles := parseBuiltin(t)
	for i, r := range rules.Builtin() {
		if testing.Short() && i%16 != 0 {
			continue
		}
		text := rules.Format(rules.WithExamples(r))
		got, err := rules.Parse("formatted.toml", text)
		if err != nil || len(got) != 1 {
			t.Errorf("Parse(Format(%s)) = %d rules, %v\n%s", r.ID, len(got), err, text)
			continue
		}
		if got, want := prepare(t, got[0]), prepare(t, inFiles[i]); !reflect.DeepEqual(got, want) {
			t.Errorf("Parse(Format(%s)) = %+v, want %+v\n%s", r.ID, got, want, text)
		}
	}
}

func TestFormatQuotes(t *testing.T) {
	for _, s := range []string{
		"plain", `back\slash`, `"quoted"`, "it's", `it's "both" \d`, "'''", `"""'''`, `ends in "'`, "two\nlines", "\ttab", "\r\n\x00\x1b\x7f",
		"☃", "\u2028", `\`, `"`, "'", "a''b", strings.Repeat(`\d'`, 50),
	} {
		r := rules.Rule{
			ID: "x", Description: "d" + s, Severity: rules.SeverityLow, Confidence: rules.ConfidenceLow,
			Regex: "x", Keywords: []string{"xxx", s + "xxx"}, MinEntropy: 3, Revoke: s,
			Allow: rules.Allow{Regexes: []string{s + "."}, StopWords: []string{s}},
			Match: []string{s, s + s}, Source: "x.toml:1",
		}
		text := rules.Format(r)
		got, err := rules.Parse("x.toml", text)
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], r) {
			t.Errorf("Parse(Format(%q)) = %+v, %v, want %+v\n%s", s, got, err, r, text)
		}
	}
}

func FuzzFormat(f *testing.F) {
	f.Add("description", `\b(tok_[0-9]{3})`, "it's", 3.5)
	f.Add("\"", `'''`, "\x00\n", 0.0)
	f.Fuzz(func(t *testing.T, description, regex, word string, entropy float64) {
		r := rules.Rule{ID: "x", Description: description, Severity: 1, Confidence: 1, Regex: regex, Keywords: []string{word}, MinEntropy: entropy, Match: []string{word}}
		first, err := rules.Parse("x.toml", rules.Format(r))
		if err != nil {
			return // not a rule
		}
		text := rules.Format(first[0])
		second, err := rules.Parse("x.toml", text)
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("Parse(Format(%+v)) = %+v, %v\n%s", first, second, err, text)
		}
	})
}

func TestFields(t *testing.T) {
	r := exampleRule(nil)
	said := map[string]any{}
	var keys []string
	for _, f := range r.Fields() {
		keys = append(keys, f.Key)
		if !f.Zero {
			said[f.Key] = f.Value
		}
	}
	want := map[string]any{
		"id": "tok", "description": "test token", "provider": "Test", "severity": rules.SeverityHigh, "confidence": rules.ConfidenceHigh,
		"regex": r.Regex, "keywords": r.Keywords, "match": r.Match, "nomatch": r.NoMatch,
	}
	if !reflect.DeepEqual(said, want) {
		t.Errorf("Fields() say %v, want %v", said, want)
	}
	if keys[0] != "id" || keys[1] != "description" {
		t.Errorf("Fields() begin with %q, want id and description", keys[:2])
	}
}
