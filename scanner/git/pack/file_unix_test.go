//go:build unix

package pack_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// TestNoFiles has pipes and a device without an end where git has files: each is an
// error, and nobody waits for them.
func TestNoFiles(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"ab", "info", "pack"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	loose := "cdefabcdefabcdefabcdefabcdefabcdefabcd"
	for _, pipe := range []string{"ab/" + loose, "info/alternates", "pack/pack-a.pack", "pack/pack-a.idx", "pack/pack-b.pack", "pack/multi-pack-index"} {
		if err := syscall.Mkfifo(filepath.Join(dir, pipe), 0o666); err != nil {
			t.Skipf("no pipes here: %v", err)
		}
	}
	for _, link := range []string{"pack/pack-c.pack", "pack/pack-c.idx"} {
		if err := os.Symlink("/dev/zero", filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	got := walkAll(t, dir, pack.Options{}, pack.WalkOptions{})
	if len(got.visited) != 0 || len(got.errors) != 1 || got.errors["ab"+loose] == nil || len(got.problems) < 4 {
		t.Errorf("%d visited, errors %v, problems %v; want an error about the object, and the alternates, the indexes and the multi-pack-index among the problems", len(got.visited), got.errors, got.problems)
	}
}
