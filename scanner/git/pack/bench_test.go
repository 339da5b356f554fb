package pack_test

import (
	"os"
	"testing"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// benchObjects returns the folder of objects to measure with: that of
// PACK_BENCH, or of a generated repository.
func benchObjects(b *testing.B) string {
	b.Helper()
	if dir := os.Getenv("PACK_BENCH"); dir != "" {
		return dir
	}
	r := newRepo(b)
	r.commits(2000, 10, 1)
	r.git("repack", "-adfq", "--depth=50", "--window=10")
	return r.objects()
}

func BenchmarkOpen(b *testing.B) {
	dir := benchObjects(b)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		s, err := pack.Open(dir, pack.Options{})
		if err != nil {
			b.Fatal(err)
		}
		n = s.Len()
		s.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/object")
}

func BenchmarkFind(b *testing.B) {
	s := openStore(b, benchObjects(b), pack.Options{})
	n := 0
	for b.Loop() {
		if m, ok := s.Find(s.ID(pack.Num(n))); !ok || m != pack.Num(n) {
			b.Fatalf("Find(ID(%d)) = %d, %v", n, m, ok)
		}
		n = (n + 7919) % s.Len()
	}
}

func BenchmarkWalk(b *testing.B) {
	s := openStore(b, benchObjects(b), pack.Options{})
	for _, bb := range []struct {
		name    string
		typ     pack.Type
		workers int
	}{{"blobs/1", pack.Blob, 1}, {"blobs/2", pack.Blob, 2}, {"trees/1", pack.Tree, 1}, {"trees/2", pack.Tree, 2}} {
		b.Run(bb.name, func(b *testing.B) {
			sizes := make([]int64, bb.workers)
			b.ReportAllocs()
			for b.Loop() {
				clear(sizes)
				err := pack.Walk(b.Context(), s, pack.WalkOptions{Types: []pack.Type{bb.typ}, Workers: bb.workers},
					func(worker int, o *pack.Object, _ struct{}) (none struct{}) {
						sizes[worker] += int64(len(o.Data))
						return
					})
				if err != nil {
					b.Fatal(err)
				}
			}
			total := int64(0)
			for _, size := range sizes {
				total += size
			}
			b.SetBytes(total)
		})
	}
}
