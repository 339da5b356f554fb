package rules_test

import (
	"testing"

	"github.com/cork-scanner/cork/rules"
)

func TestFingerprintsAreNoSecrets(t *testing.T) {
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	digits := expandExample(t, "<hex:19>7", 0)
	tests := []struct {
		path, content string
		want          bool
	}{
		{".cork.toml", `fingerprints = ["generic-password:` + digits + `"]`, false},
		{"report.json", `{"fingerprint":"generic-password:` + digits + `"}`, false},
		{"notes.md", "cork explain generic-password:" + digits[:8] + "\n", false},
		{"a.yml", "generic-password: " + digits + "\n", true},
		{"a.yml", "other-password:" + digits + "\n", true},
		{"a.yml", "generic-password:" + digits + "0\n", true},
		{"a.yml", "password:" + digits + "\n", true},
	}
	for _, tt := range tests {
		if ms := set.Match(tt.path, []byte(tt.content)); (len(ms) > 0) != tt.want {
			t.Errorf("Match(%q, %q) = %s, want found: %v", tt.path, tt.content, ids(ms), tt.want)
		}
	}
}
