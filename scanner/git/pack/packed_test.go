package pack_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// TestPackedIsWhatFilesHold and what Walk says that it has read.
func TestPackedIsWhatFilesHold(t *testing.T) {
	for _, packed := range []bool{false, true} {
		r := newRepo(t)
		r.commits(6, 2, 7)
		if packed {
			r.git("repack", "-q", "-a", "-d")
		}
		objects := filepath.Join(r.dir, ".git", "objects")
		want := int64(0)
		err := filepath.WalkDir(objects, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			switch {
			case err != nil:
				return err
			case strings.HasSuffix(path, ".pack"):
				want += info.Size() - 12 - 20 // header and trailer
			case len(filepath.Base(filepath.Dir(path))) == 2:
				want += info.Size()
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s, err := pack.Open(objects, pack.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := int64(0)
		for n := range s.Len() {
			got += s.Packed(pack.Num(n))
		}
		var read atomic.Int64
		err = pack.Walk(context.Background(), s, pack.WalkOptions{Progress: func(packed, _ int64, _ int) { read.Add(packed) }}, func(int, *pack.Object, struct{}) struct{} { return struct{}{} })
		if got != want || read.Load() != want || err != nil || want == 0 {
			t.Errorf("packed %v: objects take %d bytes, Walk read %d (error %v), want %d", packed, got, read.Load(), err, want)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
