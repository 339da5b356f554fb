package git_test

import (
	"io"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/scanner/git"
)

// TestObject reads what a finding of a history lies in, loose and packed.
func TestObject(t *testing.T) {
	r := newRepo(t)
	r.init()
	r.write("a.txt", "one", "two")
	r.commit("first")
	r.git("tag", "-a", "-m", "a tag", "v1")
	for _, packed := range []bool{false, true} {
		if packed {
			r.git("gc", "-q")
		}
		for _, engine := range []git.Engine{git.EnginePlumbing, git.EngineEmbedded} {
			repo, err := r.open(engine)
			if err != nil {
				t.Fatal(err)
			}
			for _, tt := range []struct{ rev, path, want string }{
				{"HEAD:a.txt", "some/path", "one\ntwo"},
				{"HEAD", "(commit message)", "first"},
				{"HEAD", "(commit header)", "tree " + r.git("rev-parse", "HEAD^{tree}") + "\nauthor A U Thor <author@example.com> 1700000000 +0000\ncommitter C O Mitter <committer@example.com> 1700000000 +0000"},
				{"v1", "(tag message)", "a tag"},
				{"v1", "(tag header)", "object " + r.git("rev-parse", "HEAD") + "\ntype commit\ntag v1\ntagger C O Mitter <committer@example.com> 1700000000 +0000"},
			} {
				rev, want := tt.rev, tt.want
				id := r.git("rev-parse", rev)
				b, err := repo.Object(t.Context(), id, tt.path)
				if err != nil || b.Path != tt.path || b.ID != id {
					t.Fatalf("Object(%s) = %+v, %v", rev, b, err)
				}
				rc, err := b.Open(t.Context())
				if err != nil {
					t.Fatalf("open %s: %v", rev, err)
				}
				got, err := io.ReadAll(rc)
				if closeErr := rc.Close(); err != nil || closeErr != nil || strings.TrimSuffix(string(got), "\n") != want {
					t.Errorf("engine %d, packed %v: %s of %s reads as %q, %v, %v, want %q", engine, packed, tt.path, rev, got, err, closeErr, want)
				}
			}
			for _, id := range []string{strings.Repeat("1", 40), "x", ""} {
				b, err := repo.Object(t.Context(), id, "a.txt")
				if err == nil {
					_, err = b.Open(t.Context())
				}
				if err == nil || !strings.Contains(err.Error(), "is not in the repository") {
					t.Errorf("Object(%q): error %v", id, err)
				}
			}
			if err := repo.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
