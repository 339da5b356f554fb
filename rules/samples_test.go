package rules_test

import (
	"slices"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// TestSamples: nearly every rule that looks at contents has a sample, and the same
// one each time.
func TestSamples(t *testing.T) {
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	content := 0
	for _, r := range rules.Builtin() {
		if r.Regex != "" || r.Keys != "" {
			content++
		}
	}
	samples := set.Samples()
	if len(samples) < content*98/100 {
		t.Errorf("%d samples for %d rules", len(samples), content)
	}
	for _, s := range samples {
		if s.Secret == "" {
			t.Errorf("the sample of %s is empty", s.RuleID)
		}
	}
	if testing.Short() {
		return
	}
	if !slices.Equal(samples, set.Samples()) {
		t.Error("the samples are others the second time")
	}
}

func TestFormatPatch(t *testing.T) {
	const table = "[[rule]]\nid = \"x\"\nseverity = \"low\"\nregex = 'a\\d'\nkeywords = [\"abc\"]\nentropy = 2.5\npart_only = true\n\n[rule.allow]\nstop_words = [\"test\"]\n"
	var file struct {
		Rule []rules.Patch `toml:"rule"`
	}
	if err := rules.Decode("f", []byte(table), &file); err != nil {
		t.Fatal(err)
	}
	if got := string(rules.FormatPatch(&file.Rule[0])); got != table {
		t.Errorf("FormatPatch() =\n%s\nwant\n%s", got, table)
	}
	for value, want := range map[string]string{"a": `"a"`, `a"b`: `'a"b'`} {
		if got := rules.FormatValue(value); got != want {
			t.Errorf("FormatValue(%q) = %s, want %s", value, got, want)
		}
	}
	if got, want := rules.FormatValue([]string{"a", `\b`}), `["a", '\b']`; got != want {
		t.Errorf("FormatValue = %s, want %s", got, want)
	}
}
