package rules_test

import (
	"slices"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// TestMatchesInPath: a path is searched for what is a secret by its format alone.
func TestMatchesInPath(t *testing.T) {
	rule := func(id string, change func(r *rules.Rule)) rules.Rule {
		r := rules.Rule{
			ID: id, Description: id, Severity: 1, Confidence: rules.ConfidenceHigh,
			Regex: `\b` + id + `_([0-9a-f]{8})\b`, Group: 1, Keywords: []string{id + "_"},
		}
		change(&r)
		return r
	}
	set := mustCompile(t, []rules.Rule{
		rule("plain", func(*rules.Rule) {}),
		rule("yaml", func(r *rules.Rule) { r.Paths = []string{"*.yml"} }),
		rule("shaped", func(r *rules.Rule) { r.Shape = "password" }),
		rule("piece", func(r *rules.Rule) { r.PartOnly = true }),
		rule("lonely", func(r *rules.Rule) { r.Parts = []rules.Part{{Name: "id", Rules: []string{"piece"}}} }),
		rule("paired", func(r *rules.Rule) {
			r.Parts = []rules.Part{{Name: "id", Rules: []string{"piece"}, Required: true}}
		}),
		{ID: "named", Description: "named", Severity: 1, Confidence: rules.ConfidenceHigh, Keys: "^token$", Keywords: []string{"token"}},
		{ID: "always", Description: "always", Severity: 1, Confidence: rules.ConfidenceHigh, Regex: "[0-9a-f]{8}", Scan: "always"},
	})
	for path, want := range map[string][]string{
		"a/b.txt":                                   nil,
		"plain_0badf00d":                            {"plain"},
		"a/plain_0badf00d/b.go":                     {"plain"},
		"plain_0badf00d/plain_1badf00d.txt":         {"plain", "plain"},
		"a/plain_0badf00dd.txt":                     nil,
		"yaml_0badf00d.yml":                         {"yaml"},
		"yaml_0badf00d.txt":                         nil,
		"shaped_0badf00d":                           nil,
		"lonely_0badf00d":                           {"lonely"},
		"piece_0badf00d/paired_1badf00d":            nil,
		"token=0badf00d1badf00d/token: 0badf00d.md": nil,
		"": nil,
	} {
		var got []string
		for _, m := range set.MatchesInPath(path, []byte(path)) {
			got = append(got, m.Rule.ID)
			if secret := path[m.SecretStart:m.SecretEnd]; len(secret) != 8 {
				t.Errorf("in %q the secret is %q", path, secret)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("MatchesInPath(%q) = %q, want %q", path, got, want)
		}
	}
}
