package main

import (
	"path/filepath"
	"testing"
)

// TestTempDir checks that a program in a home directory counts as installed,
// even where that directory is itself temporary.
func TestTempDir(t *testing.T) {
	for _, tt := range []struct {
		dir, home, bin, want string
	}{
		{"/tmp", "/home/a", "/home/a/go/bin/cork", "/tmp"},
		{"/tmp", "/home/a", "/tmp/cork", "/tmp"},
		{"/tmp", "/tmp/home", "/tmp/home/go/bin/cork", ""},
		{"/tmp", "/tmp/home", "/tmp/cork", "/tmp"},
		{"/tmp", "/tmp", "/tmp/cork", "/tmp"},
		{"/tmp", "", "/tmp/cork", "/tmp"},
		{"/home/a/tmp", "/home/a", "/home/a/tmp/cork", "/home/a/tmp"},
	} {
		got := tempDir(filepath.FromSlash(tt.dir), filepath.FromSlash(tt.home), filepath.FromSlash(tt.bin))
		if got != filepath.FromSlash(tt.want) {
			t.Errorf("tempDir(%q, %q, %q) = %q, want %q", tt.dir, tt.home, tt.bin, got, tt.want)
		}
	}
}
