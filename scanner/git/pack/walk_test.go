package pack_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// TestWantedDescendants wants objects, and not what they are made from.
func TestWantedDescendants(t *testing.T) {
	var c craft
	a := c.blob("aaaa")
	b := c.offsetDelta("aaaab", a, makeDelta(4, 5, deltaOp{0, 4, ""}, deltaOp{0, 0, "b"}))
	d := c.offsetDelta("aaaabc", b, makeDelta(5, 6, deltaOp{0, 5, ""}, deltaOp{0, 0, "c"}))
	c.offsetDelta("c", d, makeDelta(6, 1, deltaOp{5, 1, ""}))
	c.offsetDelta("d", a, makeDelta(4, 1, deltaOp{0, 0, "d"}))
	dir := t.TempDir()
	c.write(t, dir)
	s := openStore(t, dir, pack.Options{})
	for _, tt := range []struct{ want, visits string }{
		{"aaaabc c", "aaaabc:aaaab c:c aaaabc:"},
		{"d", "d:"},
		{"aaaab c", "aaaab: c:"},
		{"", ""},
	} {
		wanted := map[pack.Num]bool{}
		for content := range strings.FieldsSeq(tt.want) {
			id := blobID(content)
			n, ok := s.Find(id[:])
			if !ok {
				t.Fatal(content)
			}
			wanted[n] = true
		}
		var visits []string
		err := pack.Walk(t.Context(), s, pack.WalkOptions{Want: func(n pack.Num) bool { return wanted[n] }},
			func(_ int, o *pack.Object, base string) string {
				if string(o.Base) != base || (o.Ops == nil) != (base == "") {
					t.Errorf("visit of %q: Base %q and %d Ops, base %q", o.Data, o.Base, len(o.Ops), base)
				}
				visits = append(visits, string(o.Data)+":"+base)
				return string(o.Data)
			})
		if err != nil {
			t.Errorf("Walk: %v", err)
		}
		for _, v := range visits {
			content, base, _ := strings.Cut(v, ":")
			if !strings.Contains(tt.want, content) || base != "" && !strings.Contains(tt.want, base) {
				t.Errorf("want %q: visited %q", tt.want, visits)
			}
		}
		if len(visits) != len(wanted) {
			t.Errorf("want %q: visited %q", tt.want, visits)
		}
	}
}

// forest makes a root of the given size, from each object width others, depth
// times, all of about that size.
func forest(size, width, depth int) *craft {
	var c craft
	content := strings.Join(newRandom(1).lines(max(1, size/60)), "")
	var grow func(at uint64, content []byte, depth int)
	grow = func(at uint64, content []byte, depth int) {
		if depth == 0 {
			return
		}
		for i := range width {
			line := fmt.Appendf(nil, "%d %d\n", depth, i)
			cut := max(1, len(content)/(2+i))
			kid := append(append(bytes.Clone(content[:cut]), line...), content[cut:]...)
			var ops []deltaOp
			for from := 0; from < len(content); {
				n := min(1<<16, len(content)-from)
				if from < cut {
					n = min(n, cut-from)
				}
				ops = append(ops, deltaOp{from, n, ""})
				if from += n; from == cut {
					ops = append(ops, deltaOp{0, 0, string(line)})
				}
			}
			grow(c.offsetDelta(string(kid), at, makeDelta(len(content), len(kid), ops...)), kid, depth-1)
		}
	}
	grow(c.blob(content), []byte(content), depth)
	return &c
}

// TestMemory walks large objects in little memory: a bush, a chain, and a root
// from which all others are made.
func TestMemory(t *testing.T) {
	const size, memory = 1 << 20, 4 << 20
	for _, shape := range []struct{ width, depth int }{{2, 7}, {1, 150}, {150, 1}} {
		dir := t.TempDir()
		forest(size, shape.width, shape.depth).write(t, dir)
		s := openStore(t, dir, pack.Options{})
		for _, workers := range []int{1, 2} {
			var before, now runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var peak atomic.Int64
			var visits atomic.Int32
			var one sync.Mutex // while one measures, the other makes one object at most
			err := pack.Walk(t.Context(), s, pack.WalkOptions{Workers: workers, Memory: memory, Error: func(n pack.Num, err error) { t.Error(err) }},
				func(_ int, o *pack.Object, _ bool) bool {
					one.Lock()
					defer one.Unlock()
					h := sha1.New()
					fmt.Fprintf(h, "blob %d\x00", len(o.Data))
					h.Write(o.Data)
					if !bytes.Equal(h.Sum(nil), s.ID(o.Num)) {
						t.Errorf("visit of %x has another content", s.ID(o.Num))
					}
					if visits.Add(1)%16 == 0 {
						runtime.GC()
						runtime.ReadMemStats(&now)
						peak.Store(max(peak.Load(), int64(now.HeapAlloc)-int64(before.HeapAlloc)))
					}
					return true
				})
			if err != nil {
				t.Fatal(err)
			}
			if n := int(visits.Load()); n != s.Len() {
				t.Errorf("%v: %d visits, want %d", shape, n, s.Len())
			}
			// Each worker has what it visits, its base, and what was not collected yet.
			if got, most := peak.Load(), int64(memory+workers*4*size); got > most {
				t.Errorf("%v: %d workers: %d bytes alive at once, want at most %d", shape, workers, got, most)
			}
		}
	}
}

// TestSharing has one family of objects, and two workers that get both a part.
func TestSharing(t *testing.T) {
	for _, shape := range []struct{ width, depth int }{{2, 8}, {500, 1}, {20, 2}} {
		dir := t.TempDir()
		forest(600, shape.width, shape.depth).write(t, dir)
		s := openStore(t, dir, pack.Options{})
		var counts [2]atomic.Int32
		err := pack.Walk(t.Context(), s, pack.WalkOptions{Workers: 2, Error: func(_ pack.Num, err error) { t.Error(err) }}, func(worker int, o *pack.Object, base *visited) *visited {
			if err := checkOps(o, base); err != nil {
				t.Error(err)
			}
			counts[worker].Add(1)
			for range 200 { // there is time for the other one to come
				if counts[1-worker].Load() > 0 {
					break
				}
				time.Sleep(100 * time.Microsecond)
			}
			return &visited{o.Num, string(o.Data)}
		})
		if err != nil {
			t.Fatal(err)
		}
		if a, b := counts[0].Load(), counts[1].Load(); a == 0 || b == 0 || int(a+b) != s.Len() {
			t.Errorf("%v: workers visited %d and %d objects of %d, want some each", shape, a, b, s.Len())
		}
	}
}

func TestCancel(t *testing.T) {
	c := forest(100, 2, 8)
	dir := t.TempDir()
	c.write(t, dir)
	s := openStore(t, dir, pack.Options{})
	before := runtime.NumGoroutine()
	for _, workers := range []int{1, 4} {
		ctx, cancel := context.WithCancel(t.Context())
		var visits, late atomic.Int32
		var cancelled atomic.Bool
		err := pack.Walk(ctx, s, pack.WalkOptions{Workers: workers}, func(int, *pack.Object, int) int {
			if cancelled.Load() {
				late.Add(1)
			}
			if visits.Add(1) == 10 {
				cancel()
				cancelled.Store(true)
			}
			return 0
		})
		// Each of the others may have looked at ctx just before.
		if n := int(late.Load()); !errors.Is(err, context.Canceled) || n > workers-1 {
			t.Errorf("%d workers: Walk = %v, and %d visits began after it was canceled", workers, err, n)
		}
		visits.Store(0)
		err = pack.Walk(ctx, s, pack.WalkOptions{}, func(int, *pack.Object, int) int { visits.Add(1); return 0 })
		if !errors.Is(err, context.Canceled) || visits.Load() != 0 {
			t.Errorf("Walk = %v after %d visits, want Canceled at once", err, visits.Load())
		}
	}
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, want %d", runtime.NumGoroutine(), before)
}

// TestLarge streams what is too large to be held in memory.
func TestLarge(t *testing.T) {
	r := newRepo(t)
	large := strings.Join(newRandom(3).lines(3000), "")
	r.gitIn(large, "hash-object", "-w", "--stdin")
	r.gitIn("small", "hash-object", "-w", "--stdin")
	packed := large + "packed"
	id := r.gitIn(packed, "hash-object", "-w", "--stdin")
	r.gitIn(id+"\n", "pack-objects", "-q", r.objects()+"/pack/pack")
	r.git("prune-packed")
	for _, opts := range []pack.Options{{}, {NoMap: true}} {
		s := r.open(opts)
		var mu sync.Mutex
		got := map[string]bool{}
		err := pack.Walk(t.Context(), s, pack.WalkOptions{MaxObject: 1000, Error: func(_ pack.Num, err error) { t.Error(err) }},
			func(_ int, o *pack.Object, _ int) int {
				mu.Lock()
				defer mu.Unlock()
				if !o.Large {
					got[string(o.Data)] = true
					return 0
				}
				if o.Data != nil || o.Type != pack.Blob {
					t.Errorf("large object %x: %v, %d bytes", s.ID(o.Num), o.Type, len(o.Data))
				}
				r, err := s.Reader(o.Num)
				if err != nil {
					t.Errorf("Reader: %v", err)
					return 0
				}
				defer r.Close()
				data, err := io.ReadAll(iotestOne{r})
				if err != nil {
					t.Errorf("Reader: %v", err)
				}
				got[string(data)] = true
				return 0
			})
		if err != nil {
			t.Fatal(err)
		}
		if !got[large] || !got[packed] || !got["small"] || len(got) != 3 {
			t.Errorf("visited %d objects, want the three there are", len(got))
		}
	}
}

// An iotestOne reads few bytes at a time.
type iotestOne struct{ r io.Reader }

func (r iotestOne) Read(b []byte) (int, error) { return r.r.Read(b[:min(len(b), 97)]) }

// TestReaderOfDelta has Reader refuse what it cannot stream.
func TestReaderOfDelta(t *testing.T) {
	var c craft
	c.offsetDelta("b", c.blob("abc"), makeDelta(3, 1, deltaOp{1, 1, ""}))
	dir := t.TempDir()
	c.write(t, dir)
	s := openStore(t, dir, pack.Options{})
	id := blobID("b")
	n, _ := s.Find(id[:])
	var e *pack.Error
	if _, err := s.Reader(n); !errors.As(err, &e) || e.ID != hex.EncodeToString(id[:]) {
		t.Errorf("Reader of a delta = %v, want an *Error", err)
	}
}
