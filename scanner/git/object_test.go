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
			for _, rev := range []string{"HEAD:a.txt", "HEAD", "v1"} {
				id := r.git("rev-parse", rev)
				want := r.git("cat-file", r.git("cat-file", "-t", rev), id)
				b, err := repo.Object(t.Context(), id, "some/path")
				if err != nil || b.Path != "some/path" || b.ID != id {
					t.Fatalf("Object(%s) = %+v, %v", rev, b, err)
				}
				rc, err := b.Open(t.Context())
				if err != nil {
					t.Fatalf("open %s: %v", rev, err)
				}
				got, err := io.ReadAll(rc)
				if closeErr := rc.Close(); err != nil || closeErr != nil || strings.TrimSuffix(string(got), "\n") != strings.TrimSuffix(want, "\n") {
					t.Errorf("engine %d, packed %v: %s reads as %q, %v, %v, want %q", engine, packed, rev, got, err, closeErr, want)
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
