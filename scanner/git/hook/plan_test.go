package hook

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestApplyUndoesWhatItDid(t *testing.T) {
	dir := t.TempDir()
	path, prev := filepath.Join(dir, "pre-commit"), filepath.Join(dir, "pre-commit.cork-prev")
	if err := os.WriteFile(path, []byte("theirs"), 0o755); err != nil {
		t.Fatal(err)
	}
	bad := errors.New("disk full")
	p := &plan{rep: &Report{}}
	p.move(path, prev)
	p.add("write", path, func(context.Context) error { return bad }, nil)
	p.add("write", "never", func(context.Context) error { t.Error("went on after an error"); return nil }, nil)
	if err := p.apply(t.Context()); !errors.Is(err, bad) {
		t.Errorf("apply = %v, want %v", err, bad)
	}
	if got, err := os.ReadFile(path); string(got) != "theirs" {
		t.Errorf("the foreign hook = %q, %v, want it back", got, err)
	}
	if got, err := os.ReadDir(dir); len(got) != 1 {
		t.Errorf("the directory holds %v, %v, want one file", got, err)
	}
}

func TestScriptQuotesThePath(t *testing.T) {
	for _, bin := range []string{"/usr/bin/cork", "/it's/a \"dir\"/$x/`y`/\\z/cork", "/''/cork'"} {
		for _, h := range Names() {
			s := script(h, bin)
			if got := bakedBin(s); got != filepath.ToSlash(bin) {
				t.Errorf("bakedBin(script(%q, %q)) = %q", h, bin, got)
			}
			if !marked(s) || !pristine(h, s) || pristine(h, append(s, '\n')) {
				t.Errorf("script(%q, %q) is not known again:\n%s", h, bin, s)
			}
			if strings.Contains(string(s), "\r") || !strings.HasPrefix(string(s), "#!/bin/sh\n# cork-managed-hook v1 "+h+"\n") {
				t.Errorf("script(%q, %q) starts wrongly:\n%s", h, bin, s)
			}
		}
	}
}

func TestManagerOf(t *testing.T) {
	tests := []struct{ content, want string }{
		{"", ""},
		{"#!/bin/sh\npre-commit run\n", ""},
		{"#!/bin/sh\nexec prek run\n", "prek"},
		{"#!/bin/sh\necho prekindled\n", ""},
		{"#!/bin/sh\nexec git lfs pre-push \"$@\"\n", ""},
		{"# ID: 138fd403232d2ddd5efb44317e38bf03\n", "pre-commit"},
		{"LEFTHOOK=0\n", "lefthook"},
	}
	for _, tt := range tests {
		if got := managerOf([]byte(tt.content)); got != tt.want {
			t.Errorf("managerOf(%q) = %q, want %q", tt.content, got, tt.want)
		}
	}
}

func TestSentences(t *testing.T) {
	var got []string
	for _, v := range []string{"write", "rename", "remove", "create", "set"} {
		got = append(got, step{verb: v, rest: "x"}.done())
	}
	want := []string{"wrote x", "renamed x", "removed x", "created x", "set x"}
	if !slices.Equal(got, want) {
		t.Errorf("sentences = %q, want %q", got, want)
	}
}
