package graph_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/scanner/git/graph"
	"github.com/cork-scanner/cork/scanner/git/pack"
)

// benchStore returns a store of a history of edits to 2,000 files in 100
// folders, packed as git packs.
func benchStore(b *testing.B, commits int) *pack.Store {
	rng := rand.New(rand.NewPCG(1, 1))
	r := newRepo(b)
	var in strings.Builder
	file := func() string {
		n := rng.IntN(2000)
		return fmt.Sprintf("top%d/sub%d/file%d.c", n%10, n/10%10, n)
	}
	for c := range commits {
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter C <c@example.com> %d +0000\ndata 1\nm\n", epoch+c*600)
		edits := 1 + rng.IntN(4)
		if c == 0 {
			edits = 4000
		}
		for range edits {
			text := fmt.Sprint(rng.Int())
			fmt.Fprintf(&in, "M 644 inline %s\ndata %d\n%s\n", file(), len(text), text)
		}
		in.WriteString("\n")
	}
	r.gitIn(in.String(), "fast-import", "--quiet")
	r.git("repack", "-q", "-a", "-d", "-f")
	return r.open()
}

func BenchmarkBuild(b *testing.B) {
	s := benchStore(b, 5000)
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				build(b, s, graph.Options{Workers: workers})
			}
		})
	}
}

func BenchmarkStories(b *testing.B) {
	s := benchStore(b, 5000)
	g := build(b, s, graph.Options{})
	for _, every := range []int{1000, 10} {
		var held []graph.Holding
		head := graph.None
		for n := range pack.Num(s.Len()) {
			switch s.Type(n) {
			case pack.Commit:
				head = n
			case pack.Blob:
				if int(n)%every == 0 {
					held = append(held, graph.Holding{Secret: len(held) % 100, Blob: n})
				}
			}
		}
		b.Run(fmt.Sprintf("holding=1of%d", every), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				refs := []graph.Ref{{Name: "refs/heads/main", Object: head}}
				if _, err := g.Stories(b.Context(), 100, held, head, refs, time.Unix(epoch, 0)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRepository measures the repository whose folder CORK_BENCH_GIT_DIR
// names.
func BenchmarkRepository(b *testing.B) {
	dir := os.Getenv("CORK_BENCH_GIT_DIR")
	if dir == "" {
		b.Skip("CORK_BENCH_GIT_DIR is not set")
	}
	s, err := pack.Open(dir+"/objects", pack.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("build/workers=%d", workers), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				build(b, s, graph.Options{Workers: workers})
			}
		})
	}
	g := build(b, s, graph.Options{})
	b.Run("paths", func(b *testing.B) {
		for b.Loop() {
			for n := range pack.Num(s.Len()) {
				g.Paths(n)
			}
		}
	})
	for _, every := range []pack.Num{1000, 50} {
		var held []graph.Holding
		for n := range pack.Num(s.Len()) {
			if s.Type(n) == pack.Blob && n%every == 0 {
				held = append(held, graph.Holding{Secret: len(held) % 200, Blob: n})
			}
		}
		b.Run(fmt.Sprintf("stories/holding=1of%d", every), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := g.Stories(b.Context(), 200, held, graph.None, nil, time.Unix(epoch, 0)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
