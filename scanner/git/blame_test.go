package git_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cork-scanner/cork/scanner/git"
)

func TestBlame(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.init()
	r.write("dir/a b.txt", "one\ntwo")
	r.commit("first")
	first := r.git("rev-parse", "HEAD")
	r.write("dir/a b.txt", "one\nzwei")
	r.commit("second")
	second := r.git("rev-parse", "HEAD")
	r.write("dir/a b.txt", "one\nzwei\nthree")
	g := r.byGit()
	tests := []struct {
		commit, path string
		line         int
		want         string // "": nobody; "error"
		subject      string
	}{
		{"", "dir/a b.txt", 1, first, "first"},
		{"", "dir/a b.txt", 2, second, "second"},
		{"", "dir/a b.txt", 3, "", ""},
		{first, "dir/a b.txt", 2, first, "first"},
		{"", "dir/a b.txt", 0, "", ""},
		{"", "dir/a b.txt", 9, "error", ""},
		{"", "none", 1, "error", ""},
		{"--all", "dir/a b.txt", 1, "error", ""},
	}
	for _, tt := range tests {
		c, err := g.Blame(t.Context(), tt.commit, tt.path, tt.line)
		got, subject := "", ""
		switch {
		case err != nil:
			got = "error"
		case c != nil:
			got, subject = c.ID, c.Subject
			if c.Author == "" || c.Email == "" || c.Date.IsZero() {
				t.Errorf("Blame(%q, %q, %d) = %+v, which lacks something", tt.commit, tt.path, tt.line, c)
			}
		}
		if got != tt.want || subject != tt.subject {
			t.Errorf("Blame(%q, %q, %d) = %q %q, %v, want %q %q", tt.commit, tt.path, tt.line, got, subject, err, tt.want, tt.subject)
		}
	}

	// The filters of a repository are commands, and do not run.
	r.write(".gitattributes", "* filter=x")
	r.git("config", "filter.x.clean", "touch ran; cat")
	if c, err := g.Blame(t.Context(), "", "dir/a b.txt", 2); err != nil || c == nil || c.ID != second {
		t.Errorf("with a filter: %v, %v", c, err)
	}
	if _, err := os.Stat(filepath.Join(r.dir, "ran")); err == nil {
		t.Error("a filter ran")
	}
	// A line that has moved, and is there twice.
	r.write("dir/a b.txt", "zwei\nnew\nnew\none\nzwei")
	if c, err := g.Blame(t.Context(), "", "dir/a b.txt", 4); err != nil || c == nil || c.ID != first {
		t.Errorf("of a line that has moved: %v, %v", c, err)
	}
	embedded, err := r.open(git.EngineEmbedded)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := embedded.Blame(t.Context(), "", "dir/a b.txt", 1); c != nil || err != nil {
		t.Errorf("without git: %v, %v", c, err)
	}
}
