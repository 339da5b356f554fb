package rules_test

import (
	"testing"

	"github.com/cork-scanner/cork/rules"
)

func TestMatchGlob(t *testing.T) {
	for _, tt := range []struct {
		glob, path string
		want       bool
	}{
		{"*.pem", "a/b/c.pem", true},
		{"*.pem", "c.pem", true},
		{"a", "a/b", false},
		{"a/*.pem", "a/b/c.pem", false},
		{"a/**", "a/b/c.pem", true},
		{"a/", "a/b/c.pem", true},
		{"a/", "b/a/c.pem", false},
		{"**/a/", "b/a/c.pem", true},
		{"/a/b", "a/b", true},
		{"/c.pem", "c.pem", true},
		{"/c.pem", "a/c.pem", false},
		{"*", "", true},
		{"*.zip", "a.zip!/b.txt", false},
		{"*.txt", "a.zip!/b.txt", true},
	} {
		if got := rules.MatchGlob(tt.glob, tt.path); got != tt.want {
			t.Errorf("MatchGlob(%q, %q) = %v, want %v", tt.glob, tt.path, got, tt.want)
		}
	}
}
