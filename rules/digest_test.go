package rules_test

import (
	"reflect"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

func digest(t *testing.T, rs ...rules.Rule) [32]byte {
	t.Helper()
	set, err := rules.Compile(rs)
	if err != nil {
		t.Fatal(err)
	}
	return set.Digest()
}

// TestDigestOfFields holds that every field that decides what is found changes
// the digest, and that no other one does. A new field has to be put in its place.
func TestDigestOfFields(t *testing.T) {
	base := rules.Rule{
		ID: "a", Description: "a token", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh,
		Regex: `(abc)(d)`, Keywords: []string{"abc"},
	}
	const ignored = "ignored"
	changes := map[string]any{
		"ID": "b", "Description": "another token", "Provider": "Example", "Severity": rules.SeverityLow, "Confidence": rules.ConfidenceLow,
		"Regex": `(abc)(e)`, "Group": 1, "Keys": "key", "Shape": "key", "Keywords": []string{"abcd"}, "Scan": "always",
		"Paths": []string{"*.env"}, "PathRegex": "env$", "Checks": []string{"jwt"}, "MinEntropy": 1.5, "Span": 9,
		"Allow": rules.Allow{StopWords: []string{"x"}}, "Rank": 3, "Specificity": 7,
		"Parts": ignored, "PartOnly": ignored, // see below: they need a second rule
		"Source": "b.toml:1", "Match": []string{"abcd"}, "NoMatch": []string{"x"}, "MatchPath": "a.env", "Revoke": "delete it", "Docs": "https://example.com/",
	}
	same := map[string]bool{"Source": true, "Match": true, "NoMatch": true, "MatchPath": true, "Revoke": true, "Docs": true}
	want := digest(t, base)
	for _, field := range reflect.VisibleFields(reflect.TypeFor[rules.Rule]()) {
		if !field.IsExported() {
			continue
		}
		value, ok := changes[field.Name]
		if !ok {
			t.Errorf("nobody has said whether field %s decides what is found", field.Name)
			continue
		}
		if value == ignored {
			continue
		}
		r := base
		reflect.ValueOf(&r).Elem().FieldByIndex(field.Index).Set(reflect.ValueOf(value))
		if got := digest(t, r); (got == want) != same[field.Name] {
			t.Errorf("Digest() with another %s: the same is %v, want %v", field.Name, got == want, same[field.Name])
		}
	}

	part := rules.Rule{ID: "p", Description: "an id", Severity: rules.SeverityLow, Confidence: rules.ConfidenceHigh, Regex: `xyz`, Keywords: []string{"xyz"}, PartOnly: true}
	grouped := base
	grouped.Parts = []rules.Part{{Name: "id", Rules: []string{"p"}}}
	near := grouped
	near.Parts = []rules.Part{{Name: "id", Rules: []string{"p"}, Lines: 3}}
	full := part
	full.PartOnly = false
	digests := [][32]byte{digest(t, base), digest(t, base, full), digest(t, grouped, full), digest(t, grouped, part), digest(t, near, part)}
	for i := range digests {
		for j := range i {
			if digests[i] == digests[j] {
				t.Errorf("sets %d and %d have the same digest", j, i)
			}
		}
	}
}

func TestDigestIsOfTheSet(t *testing.T) {
	a := rules.Rule{ID: "a", Description: "a token", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh, Regex: `abcd`, Keywords: []string{"abc"}}
	b := a
	b.ID = "b"
	if digest(t, a, b) != digest(t, b, a) {
		t.Error("Digest() depends on the order in which rules are given")
	}
	if digest(t, a) == digest(t, a, b) || digest(t) == digest(t, a) {
		t.Error("Digest() is the same with a rule more")
	}
	once := digest(t, rules.Builtin()...)
	if again := digest(t, rules.Builtin()...); again != once {
		t.Error("Digest() of the built-in rules differs from itself")
	}
}
