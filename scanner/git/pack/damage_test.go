package pack_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// A result is what a Store and a Walk say of a folder of objects.
type result struct {
	visited  map[string]string // content by id
	errors   map[string]error  // by id
	problems []error
}

// walkAll opens a folder and walks everything. It checks what holds in any
// case: nothing is visited twice, or visited and an error; all that is there is
// one of both; Ops hold; errors say where.
func walkAll(t *testing.T, dir string, opts pack.Options, walk pack.WalkOptions) result {
	t.Helper()
	s, err := pack.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := result{map[string]string{}, map[string]error{}, s.Problems()}
	var mu sync.Mutex
	walk.Error = func(n pack.Num, err error) {
		mu.Lock()
		defer mu.Unlock()
		id := hex.EncodeToString(s.ID(n))
		if r.errors[id] != nil {
			t.Errorf("%s: two errors: %v; %v", id, r.errors[id], err)
		}
		r.errors[id] = err
		var e *pack.Error
		if !errors.As(err, &e) || e.File == "" || e.ID != id || !strings.Contains(e.Error(), e.File) || !strings.Contains(e.Error(), id) {
			t.Errorf("%s: error does not say where: %v", id, err)
		}
	}
	err = pack.Walk(t.Context(), s, walk, func(_ int, o *pack.Object, base *visited) *visited {
		mu.Lock()
		defer mu.Unlock()
		id := hex.EncodeToString(s.ID(o.Num))
		if _, ok := r.visited[id]; ok {
			t.Errorf("%s: visited twice", id)
		}
		r.visited[id] = string(o.Data)
		if err := checkOps(o, base); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		return &visited{o.Num, string(o.Data)}
	})
	if err != nil {
		t.Errorf("Walk: %v", err)
	}
	for n := range s.Len() {
		id := hex.EncodeToString(s.ID(pack.Num(n)))
		_, ok := r.visited[id]
		if ok == (r.errors[id] != nil) {
			t.Errorf("%s: visited %v, error %v: want one of both", id, ok, r.errors[id])
		}
	}
	return r
}

// sound checks that nothing was visited that is not what git has, and that
// nothing is missing without a word.
func (r result) sound(t *testing.T, what string, want map[string]object) {
	t.Helper()
	for id, data := range r.visited {
		if w, ok := want[id]; !ok || string(w.data) != data {
			t.Errorf("%s: object %s has a wrong content, silently", what, id)
		}
	}
	for id := range want {
		if _, ok := r.visited[id]; !ok && r.errors[id] == nil && len(r.problems) == 0 {
			t.Errorf("%s: object %s is missing, silently", what, id)
		}
	}
}

// smallRepo returns a repository with few objects, most of them deltas.
func smallRepo(t *testing.T, repack ...string) *repo {
	r := newRepo(t)
	r.commits(6, 2, 7)
	r.git(append(repack, "repack", "-adfq", "--depth=20", "--window=20")...)
	return r
}

// eachDamage calls check after each of many damages to a file: a bit flipped at
// every place, and the file cut off there.
func eachDamage(t *testing.T, file string, step int, check func(what string)) {
	t.Helper()
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	write := func(data []byte) {
		t.Helper()
		// A new file, as an old one may still be mapped.
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if testing.Short() {
		step *= 10
	}
	for at := 0; at < len(whole); at += step {
		b := slices.Clone(whole)
		b[at] ^= 1 << (at % 8)
		write(b)
		check(fmt.Sprintf("%s: bit %d of byte %d flipped", filepath.Base(file), at%8, at))
		if at%(3*step) == 0 {
			write(whole[:at])
			check(fmt.Sprintf("%s: cut off after %d bytes", filepath.Base(file), at))
		}
	}
	write(whole)
}

func TestDamagedPack(t *testing.T) {
	t.Parallel()
	for _, noMap := range []bool{false, true} {
		for name, config := range map[string][]string{"offset": nil, "ref": {"-c", "repack.useDeltaBaseOffset=false"}, "version1": {"-c", "pack.indexVersion=1"}} {
			r := smallRepo(t, config...)
			want := r.all()
			objects := r.objects()
			file := firstPack(r)
			step := map[bool]int{false: 13, true: 61}[noMap]
			eachDamage(t, file, step, func(what string) {
				got := walkAll(t, objects, pack.Options{NoMap: noMap}, pack.WalkOptions{Workers: 2})
				got.sound(t, name+": "+what, want)
				if len(got.problems) == 0 && len(got.errors) == 0 && !strings.Contains(what, "flipped") {
					t.Errorf("%s: %s: not noticed", name, what)
				}
			})
		}
	}
}

func TestDamagedIndex(t *testing.T) {
	t.Parallel()
	r := smallRepo(t)
	want := r.all()
	objects := r.objects()
	eachDamage(t, strings.TrimSuffix(firstPack(r), ".pack")+".idx", 1, func(what string) {
		got := walkAll(t, objects, pack.Options{}, pack.WalkOptions{})
		got.sound(t, what, want)
		if len(got.problems) == 0 {
			t.Errorf("%s: not noticed", what)
		}
	})
}

func TestDamagedMultiIndex(t *testing.T) {
	t.Parallel()
	r := smallRepo(t)
	r.git("multi-pack-index", "write")
	want := r.all()
	objects := r.objects()
	if err := os.Remove(strings.TrimSuffix(firstPack(r), ".pack") + ".idx"); err != nil {
		t.Fatal(err)
	}
	eachDamage(t, filepath.Join(objects, "pack", "multi-pack-index"), 3, func(what string) {
		got := walkAll(t, objects, pack.Options{}, pack.WalkOptions{})
		got.sound(t, what, want)
		if len(got.problems) == 0 {
			t.Errorf("%s: not noticed", what)
		}
	})
	eachDamage(t, firstPack(r), 17, func(what string) {
		walkAll(t, objects, pack.Options{}, pack.WalkOptions{}).sound(t, what, want)
	})
}

func TestDamagedLoose(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	text := strings.Join(newRandom(1).lines(40), "")
	file := filepath.Join(r.dir, "f")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	id := r.git("hash-object", "-w", "f")
	want := r.all()
	objects := r.objects()
	eachDamage(t, filepath.Join(objects, id[:2], id[2:]), 1, func(what string) {
		got := walkAll(t, objects, pack.Options{}, pack.WalkOptions{})
		got.sound(t, what, want)
		if strings.Contains(what, "cut off") && got.errors[id] == nil {
			t.Errorf("%s: no error", what)
		}
		s := openStore(t, objects, pack.Options{})
		if rd, err := s.Reader(0); err == nil {
			data, err := io.ReadAll(rd)
			if err == nil && string(data) != text {
				t.Errorf("%s: Reader has a wrong content, silently", what)
			}
			rd.Close()
		}
		if data, _, err := s.Read(0); err == nil && string(data) != text {
			t.Errorf("%s: Read has a wrong content, silently", what)
		}
	})
}

// TestOtherCopy damages one of two packs with the same objects.
func TestOtherCopy(t *testing.T) {
	t.Parallel()
	r := smallRepo(t)
	want := r.all()
	objects := r.objects()
	first := firstPack(r)
	data, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	// The other one has deltas the other way round, and one object less.
	list := slices.Sorted(maps.Keys(want))
	r.gitIn(strings.Join(list[1:], "\n")+"\n", "pack-objects", "-q", "--window=5", filepath.Join(objects, "pack", "pack"))
	step := 11
	if testing.Short() {
		step *= 10
	}
	for at := 12; at < len(data); at += step {
		b := slices.Clone(data)
		b[at] ^= 1 << (at % 8)
		os.Remove(first)
		if err := os.WriteFile(first, b, 0o666); err != nil {
			t.Fatal(err)
		}
		got := walkAll(t, objects, pack.Options{}, pack.WalkOptions{Workers: 1 + at%2, Memory: int64(at % 3)})
		got.sound(t, fmt.Sprint(at), want)
		delete(got.errors, list[0])
		if len(got.errors) > 0 {
			t.Errorf("byte %d: errors %v, want none: there are other copies", at, got.errors)
		}
		s := openStore(t, objects, pack.Options{})
		for n := range s.Len() {
			id := hex.EncodeToString(s.ID(pack.Num(n)))
			if data, _, err := s.Read(pack.Num(n)); id != list[0] && (err != nil || string(data) != string(want[id].data)) {
				t.Errorf("byte %d: Read(%s) = %d bytes, %v", at, id, len(data), err)
			}
		}
		s.Close()
	}
}

// TestCutOff has what lies before the cut read.
func TestCutOff(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commits(100, 3, 3)
	r.git("repack", "-adfq")
	file := firstPack(r)
	fi, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	os.Chmod(file, 0o666)
	if err := os.Truncate(file, fi.Size()*3/4); err != nil {
		t.Fatal(err)
	}
	got := walkAll(t, r.objects(), pack.Options{}, pack.WalkOptions{})
	if len(got.problems) != 1 || !strings.Contains(got.problems[0].Error(), file) || !strings.Contains(got.problems[0].Error(), "cut off") {
		t.Errorf("Problems() = %v, want one that says cut off", got.problems)
	}
	if all := len(got.visited) + len(got.errors); len(got.visited) < all/3 || len(got.errors) < all/10 {
		t.Errorf("%d visited, %d errors: want most of what is before the cut, and errors for the rest", len(got.visited), len(got.errors))
	}
}

func TestCraftedPacks(t *testing.T) {
	const base = "0123456789abcdefghijklmnopqrstuvwxyz"
	n := len(base)
	blob := func(c *craft) uint64 { return c.blob(base) }
	for _, tt := range []struct {
		name   string
		make   func(c *craft)
		errors map[string]string // of the objects with these contents
		visits []string
		ids    map[[20]byte]string // errors by id, where there is no content
		walk   pack.WalkOptions
	}{
		{name: "good", make: func(c *craft) {
			a := c.offsetDelta("01234!", blob(c), makeDelta(n, 6, deltaOp{0, 5, ""}, deltaOp{0, 0, "!"}))
			c.offsetDelta("!!", a, makeDelta(6, 2, deltaOp{5, 1, ""}, deltaOp{5, 1, ""}))
			c.refDelta(blobID(""), blobID(base), makeDelta(n, 0))
		}, visits: []string{base, "01234!", "!!", ""}},
		{name: "copy behind the end", make: func(c *craft) {
			a := c.offsetDelta("a", blob(c), makeDelta(n, 2, deltaOp{n - 1, 2, ""}))
			c.offsetDelta("b", a, makeDelta(2, 1, deltaOp{0, 1, ""}))
		}, visits: []string{base}, errors: map[string]string{"a": "copies from outside", "b": "made from"}},
		{name: "copy far behind the end", make: func(c *craft) {
			c.offsetDelta("a", blob(c), makeDelta(n, 2, deltaOp{1<<31 - 1, 2, ""}))
		}, visits: []string{base}, errors: map[string]string{"a": "copies from outside"}},
		{name: "base of another size", make: func(c *craft) {
			c.offsetDelta("a", blob(c), makeDelta(n+1, 2, deltaOp{0, 2, ""}))
		}, visits: []string{base}, errors: map[string]string{"a": "base of another size"}},
		{name: "makes less", make: func(c *craft) {
			c.offsetDelta("a", blob(c), makeDelta(n, 3, deltaOp{0, 2, ""}))
		}, visits: []string{base}, errors: map[string]string{"a": "less than it declares"}},
		{name: "makes more by a copy", make: func(c *craft) {
			c.offsetDelta("a", blob(c), makeDelta(n, 3, deltaOp{0, 4, ""}))
		}, visits: []string{base}, errors: map[string]string{"a": "more than it declares"}},
		{name: "makes more by an insert", make: func(c *craft) {
			c.offsetDelta("a", blob(c), makeDelta(n, 3, deltaOp{0, 0, "long"}))
		}, visits: []string{base}, errors: map[string]string{"a": "more than it declares"}},
		{name: "instruction 0", make: func(c *craft) {
			c.offsetDelta("a", blob(c), append(makeDelta(n, 3), 0, 1, 2))
		}, visits: []string{base}, errors: map[string]string{"a": "does not exist"}},
		{name: "insert cut off", make: func(c *craft) {
			c.offsetDelta("a", blob(c), append(makeDelta(n, 3), 3, 'a'))
		}, visits: []string{base}, errors: map[string]string{"a": "cut off"}},
		{name: "copy cut off", make: func(c *craft) {
			c.offsetDelta("a", blob(c), append(makeDelta(n, 3), 0xff, 1, 2, 3))
		}, visits: []string{base}, errors: map[string]string{"a": "cut off"}},
		{name: "empty delta", make: func(c *craft) { c.offsetDelta("a", blob(c), nil) },
			visits: []string{base}, errors: map[string]string{"a": "cut off"}},
		{name: "delta sizes without end", make: func(c *craft) {
			c.offsetDelta("a", blob(c), bytes.Repeat([]byte{0xff}, 40))
		}, visits: []string{base}, errors: map[string]string{"a": "cut off"}},
		{name: "delta of what is far too large", make: func(c *craft) {
			c.offsetDelta("a", blob(c), makeDelta(n, math.MaxInt/2, deltaOp{0, 2, ""}))
		}, visits: []string{base}, errors: map[string]string{"a": "too large"}},
		{name: "circle of three", make: func(c *craft) {
			blob(c)
			c.refDelta([20]byte{1}, [20]byte{2}, makeDelta(1, 1, deltaOp{0, 1, ""}))
			c.refDelta([20]byte{2}, [20]byte{3}, makeDelta(1, 1, deltaOp{0, 1, ""}))
			c.refDelta([20]byte{3}, [20]byte{1}, makeDelta(1, 1, deltaOp{0, 1, ""}))
			c.refDelta([20]byte{4}, [20]byte{1}, makeDelta(1, 1, deltaOp{0, 1, ""}))
		}, visits: []string{base}, ids: map[[20]byte]string{{1}: "made from itself", {2}: "made from itself", {3}: "made from itself", {4}: "made from 01"}},
		{name: "made from itself", make: func(c *craft) {
			c.refDelta([20]byte{1}, [20]byte{1}, makeDelta(1, 1, deltaOp{0, 1, ""}))
			at := c.name([20]byte{2})
			c.head(kindOffset, 4)
			c.back(0)
			c.deflate(makeDelta(1, 1, deltaOp{0, 1, ""}))
			_ = at
		}, ids: map[[20]byte]string{{1}: "made from itself", {2}: "no object begins"}},
		{name: "base is missing", make: func(c *craft) {
			c.refDelta([20]byte{1}, [20]byte{2}, makeDelta(1, 1, deltaOp{0, 1, ""}))
		}, ids: map[[20]byte]string{{1}: "made from 0200000000000000000000000000000000000000: object is not in the repository"}},
		{name: "base before the pack", make: func(c *craft) {
			c.name([20]byte{1})
			c.head(kindOffset, 4)
			c.back(1 << 40)
			c.deflate(makeDelta(1, 1, deltaOp{0, 1, ""}))
		}, ids: map[[20]byte]string{{1}: "no object begins"}},
		{name: "base is in the middle of another one", make: func(c *craft) {
			c.offsetDelta("a", blob(c)+1, makeDelta(n, 2, deltaOp{0, 2, ""}))
		}, visits: []string{base}, errors: map[string]string{"a": "no object begins"}},
		{name: "base is not in the index, and is there", make: func(c *craft) {
			at := blob(c)
			c.entries = nil
			c.count = 2
			c.offsetDelta("0", at, makeDelta(n, 1, deltaOp{0, 1, ""}))
		}, visits: []string{"0"}},
		{name: "types that do not exist", make: func(c *craft) {
			blob(c)
			for i, kind := range []byte{0, 5} {
				c.name([20]byte{byte(i)})
				c.head(kind, 1)
				c.deflate([]byte("x"))
			}
		}, visits: []string{base}, ids: map[[20]byte]string{{0}: "type that does not exist", {1}: "type that does not exist"}},
		{name: "size without end", make: func(c *craft) {
			blob(c)
			c.name([20]byte{1})
			c.body = append(c.body, bytes.Repeat([]byte{0xff}, 30)...)
		}, visits: []string{base}, ids: map[[20]byte]string{{1}: "header is damaged"}},
		{name: "offset without end", make: func(c *craft) {
			blob(c)
			c.name([20]byte{1})
			c.head(kindOffset, 4)
			c.body = append(c.body, bytes.Repeat([]byte{0xff}, 30)...)
		}, visits: []string{base}, ids: map[[20]byte]string{{1}: "header is damaged"}},
		{name: "more than is declared", make: func(c *craft) {
			blob(c)
			c.name([20]byte{1})
			c.head(kindBlob, 100)
			c.deflate(make([]byte, 1<<24))
		}, visits: []string{base}, ids: map[[20]byte]string{{1}: "more than is declared"}},
		{name: "less than is declared", make: func(c *craft) {
			blob(c)
			c.name([20]byte{1})
			c.head(kindBlob, 4)
			c.deflate([]byte("123"))
		}, visits: []string{base}, ids: map[[20]byte]string{{1}: "less than is declared"}},
		{name: "far more declared than there can be", make: func(c *craft) {
			blob(c)
			c.name([20]byte{1})
			c.head(kindBlob, 1<<28)
			c.deflate([]byte("123"))
			c.name([20]byte{2})
			c.head(kindOffset, 1<<28)
			c.back(c.at() - 12)
			c.deflate([]byte("123"))
		}, visits: []string{base}, ids: map[[20]byte]string{{1}: "longer than its packed bytes can be", {2}: ""}},
		{name: "bomb of deltas", make: func(c *craft) {
			at, content := blob(c), len(base)
			for i := range byte(30) { // each makes ten of one
				ops := make([]deltaOp, 10)
				for i := range ops {
					ops[i].len = min(content, 1<<24-1)
				}
				size := 10 * ops[0].len
				id := c.name([20]byte{i})
				delta := makeDelta(content, size, ops...)
				c.head(kindOffset, uint64(len(delta)))
				c.back(id - at)
				c.deflate(delta)
				at, content = id, size
			}
		}, visits: []string{base}, walk: pack.WalkOptions{MaxObject: 1 << 20}, ids: func() map[[20]byte]string {
			m := map[[20]byte]string{}
			for i := range byte(30) {
				if i >= 4 {
					m[[20]byte{i}] = "too large"
				} else {
					m[[20]byte{i}] = "-"
				}
			}
			return m
		}()},
		{name: "offset outside of the pack", make: func(c *craft) {
			blob(c)
			for i, o := range []uint64{0, 11, 1 << 20, 1<<31 - 1, 1 << 31, 1 << 40, 1<<64 - 1} {
				c.entries = append(c.entries, crafted{id: [20]byte{byte(i)}, offset: o})
			}
		}, visits: []string{base}, ids: map[[20]byte]string{{0}: "outside", {1}: "outside", {2}: "outside", {3}: "outside", {4}: "outside", {5}: "outside", {6}: "outside"}},
		{name: "offset into the middle of an entry", make: func(c *craft) {
			at := blob(c)
			c.blob("another one")
			c.entries = append(c.entries, crafted{id: [20]byte{1}, offset: at + 5})
		}, visits: []string{base, "another one"}, ids: map[[20]byte]string{{1}: ""}},
		{name: "two ids at one offset", make: func(c *craft) {
			at := blob(c)
			c.entries = append(c.entries, crafted{id: [20]byte{1}, offset: at})
		}, visits: []string{base}, ids: map[[20]byte]string{{1}: ""}},
		{name: "not compressed", make: func(c *craft) {
			blob(c)
			c.name([20]byte{1})
			c.head(kindBlob, 8)
			c.body = append(c.body, "12345678"...)
		}, visits: []string{base}, ids: map[[20]byte]string{{1}: ""}},
		{name: "large base", make: func(c *craft) {
			large := strings.Repeat("large ", 100)
			c.offsetDelta("l", c.blob(large), makeDelta(len(large), 1, deltaOp{0, 1, ""}))
			c.offsetDelta(large+"!", blob(c), makeDelta(n, len(large)+1, deltaOp{0, 0, large + "!"}))
		}, walk: pack.WalkOptions{MaxObject: 500}, visits: []string{"", base},
			errors: map[string]string{"l": "too large", strings.Repeat("large ", 100) + "!": "too large"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var c craft
			tt.make(&c)
			dir := t.TempDir()
			c.write(t, dir)
			want := map[string]string{}
			for content, word := range tt.errors {
				id := blobID(content)
				want[hex.EncodeToString(id[:])] = word
			}
			for id, word := range tt.ids {
				want[hex.EncodeToString(id[:])] = word
			}
			for _, noMap := range []bool{false, true} {
				got := walkAll(t, dir, pack.Options{NoMap: noMap}, tt.walk)
				for _, content := range tt.visits {
					if id := blobID(content); content != "" && got.visited[hex.EncodeToString(id[:])] != content {
						t.Errorf("%q was not visited: %v", content, got.errors[hex.EncodeToString(id[:])])
					}
				}
				for id, word := range want {
					if err := got.errors[id]; word == "-" && err != nil || word != "-" && (err == nil || !strings.Contains(err.Error(), word)) {
						t.Errorf("error of %s = %v, want one that says %q", id, err, word)
					}
				}
				for id, err := range got.errors {
					if _, ok := want[id]; !ok {
						t.Errorf("error of %s = %v, want none", id, err)
					}
				}
			}
		})
	}
}

// TestObjectCount has a pack that declares another number of objects than its
// index names.
func TestObjectCount(t *testing.T) {
	for _, count := range []int{1, 3, 1<<31 - 1} {
		c := craft{count: count}
		c.blob("a")
		c.blob("b")
		dir := t.TempDir()
		c.write(t, dir)
		got := walkAll(t, dir, pack.Options{}, pack.WalkOptions{})
		if len(got.visited) != 2 || len(got.problems) != 1 || !strings.Contains(got.problems[0].Error(), fmt.Sprint(count)) {
			t.Errorf("declared %d: %d visited, problems %v; want 2 and one that names the number", count, len(got.visited), got.problems)
		}
	}
}

// TestBaseElsewhere has deltas against what is in another pack, or loose.
func TestBaseElsewhere(t *testing.T) {
	dir := t.TempDir()
	var a, b craft
	a.blob("in the first pack")
	a.blob("x")
	a.blob("y")
	b.refDelta(blobID("in"), blobID("in the first pack"), makeDelta(17, 2, deltaOp{0, 2, ""}))
	loose := "this is loose"
	b.refDelta(blobID("loose"), blobID(loose), makeDelta(len(loose), 5, deltaOp{8, 5, ""}))
	packA, idxA := a.pack()
	writePack(t, dir, "pack-a", packA, idxA)
	packB, idxB := b.pack()
	writePack(t, dir, "pack-b", packB, idxB)
	writeLoose(t, dir, loose)
	got := walkAll(t, dir, pack.Options{}, pack.WalkOptions{Types: []pack.Type{pack.Blob}})
	if len(got.visited) != 6 || len(got.errors) != 0 || len(got.problems) != 0 {
		t.Errorf("visited %q, errors %v, problems %v; want 6 visits and no error", got.visited, got.errors, got.problems)
	}
}

func writeLoose(t testing.TB, objects, content string) {
	t.Helper()
	raw := fmt.Appendf(nil, "blob %d\x00%s", len(content), content)
	id := fmt.Sprintf("%x", sha1.Sum(raw))
	if err := os.MkdirAll(filepath.Join(objects, id[:2]), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(objects, id[:2], id[2:]), deflated(raw), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestCutWhileOpen cuts a pack off that is mapped already, as a failing disk
// looks like.
func TestCutWhileOpen(t *testing.T) {
	r := newRepo(t)
	r.commits(300, 5, 9)
	r.git("repack", "-adfq")
	file := firstPack(r)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, noMap := range []bool{false, true} {
		os.Remove(file)
		if err := os.WriteFile(file, whole, 0o666); err != nil {
			t.Fatal(err)
		}
		s := r.open(pack.Options{NoMap: noMap})
		if err := os.Truncate(file, 4096); err != nil {
			t.Fatal(err)
		}
		visits, failed := 0, 0
		err := pack.Walk(t.Context(), s, pack.WalkOptions{Error: func(pack.Num, error) { failed++ }},
			func(int, *pack.Object, int) int { visits++; return 0 })
		if err != nil || failed == 0 || visits+failed != s.Len() {
			t.Errorf("NoMap %v: %d visits, %d errors, %v; want errors, %d in all", noMap, visits, failed, err, s.Len())
		}
		if _, _, err := s.Read(0); err == nil && failed == s.Len() {
			t.Errorf("NoMap %v: Read = nil, want an error", noMap)
		}
	}
}

// TestBeyond4GB has a pack whose last object lies where 32 bits do not reach.
func TestBeyond4GB(t *testing.T) {
	const text = "far away"
	var c craft
	c.blob("near")
	const far = 5 << 30
	c.entries = append(c.entries, crafted{id: blobID(text), offset: far, crc: 1})
	_, idx := c.pack()
	dir := t.TempDir()
	writePack(t, dir, "pack-far", append([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x02"), c.body...), idx)
	f, err := os.OpenFile(filepath.Join(dir, "pack", "pack-far.pack"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	c.body = nil
	c.head(kindBlob, uint64(len(text)))
	c.deflate([]byte(text))
	sum := idx[len(idx)-40 : len(idx)-20]
	if _, err := f.WriteAt(append(c.body, sum...), far); err != nil {
		f.Close()
		t.Skipf("no sparse files here: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for _, noMap := range []bool{false, true} {
		s := openStore(t, dir, pack.Options{NoMap: noMap})
		if err := s.Problems(); len(err) > 0 {
			t.Errorf("Problems() = %v, want none", err)
		}
		id := blobID(text)
		n, ok := s.Find(id[:])
		if !ok {
			t.Fatal("not found")
		}
		if data, _, err := s.Read(n); err != nil || string(data) != text {
			t.Errorf("Read = %q, %v; want %q", data, err, text)
		}
		if size := s.Size(n); size != int64(len(text)) {
			t.Errorf("Size = %d, want %d", size, len(text))
		}
		visits := 0
		err := pack.Walk(t.Context(), s, pack.WalkOptions{Want: func(m pack.Num) bool { return m == n }, Error: func(_ pack.Num, err error) { t.Error(err) }},
			func(_ int, o *pack.Object, _ int) int { visits++; return 0 })
		if err != nil || visits != 1 {
			t.Errorf("Walk = %v, %d visits; want 1", err, visits)
		}
		if noMap {
			// The other one is followed by a hole.
			id := blobID("near")
			n, _ := s.Find(id[:])
			if data, _, err := s.Read(n); err != nil || string(data) != "near" {
				t.Errorf("Read = %q, %v; want %q", data, err, "near")
			}
		}
	}
}

// TestClusteredIDs has ids that all begin alike, which no hash makes.
func TestClusteredIDs(t *testing.T) {
	var c craft
	for i := range 200 {
		c.name([20]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, byte(i)})
		text := fmt.Sprint(i)
		c.head(kindBlob, uint64(len(text)))
		c.deflate([]byte(text))
	}
	dir := t.TempDir()
	c.write(t, dir)
	s := openStore(t, dir, pack.Options{})
	for i := range 256 {
		id := [20]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, byte(i)}
		n, ok := s.Find(id[:])
		if ok != (i < 200) {
			t.Errorf("Find(%x) = %v", id, ok)
		} else if ok {
			if data, _, err := s.Read(n); err != nil || string(data) != fmt.Sprint(i) {
				t.Errorf("Read(%x) = %q, %v; want %d", id, data, err, i)
			}
		}
	}
}

// TestUnsortedIndex has an index whose ids are not in order: it says so, and
// what it names is read all the same, proved by its id.
func TestUnsortedIndex(t *testing.T) {
	var c craft
	for i := range 20 {
		c.blob(fmt.Sprint("blob ", i))
	}
	data, idx := c.pack()
	n := len(c.entries)
	ids, crcs, offsets := idx[8+1024:], idx[8+1024+20*n:], idx[8+1024+24*n:]
	swap := func(table []byte, size, i, j int) {
		a, b := slices.Clone(table[i*size:(i+1)*size]), slices.Clone(table[j*size:(j+1)*size])
		copy(table[i*size:], b)
		copy(table[j*size:], a)
	}
	for i := range n / 2 {
		swap(ids, 20, i, n-1-i)
		swap(crcs, 4, i, n-1-i)
		swap(offsets, 4, i, n-1-i)
	}
	sum := sha1.Sum(idx[:len(idx)-20])
	copy(idx[len(idx)-20:], sum[:])
	dir := t.TempDir()
	writePack(t, dir, "pack-unsorted", data, idx)
	got := walkAll(t, dir, pack.Options{}, pack.WalkOptions{})
	if len(got.visited) != n || len(got.errors) != 0 {
		t.Errorf("%d visited, errors %v; want %d and none", len(got.visited), got.errors, n)
	}
	if len(got.problems) != 1 || !strings.Contains(got.problems[0].Error(), "not sorted") {
		t.Errorf("Problems() = %v, want one that says not sorted", got.problems)
	}
}

// TestUnreadable has folders where there are to be files, and the other way round.
func TestUnreadable(t *testing.T) {
	var c craft
	c.blob("a")
	dir := t.TempDir()
	c.write(t, dir)
	for _, name := range []string{"pack/pack-1.pack", "pack/pack-1.idx", "pack/pack-2.idx", "ab/cdefabcdefabcdefabcdefabcdefabcdefabcd", "info/alternates"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(name)), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "cd"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	pack2 := filepath.Join(dir, "pack", "pack-2.pack")
	if err := os.WriteFile(pack2, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	got := walkAll(t, dir, pack.Options{}, pack.WalkOptions{})
	if len(got.visited) != 1 || len(got.errors) != 1 {
		t.Errorf("visited %q, errors %v; want one each", got.visited, got.errors)
	}
	var files []string
	for _, err := range got.problems {
		var e *pack.Error
		if !errors.As(err, &e) {
			t.Fatalf("problem %v is no *Error", err)
		}
		rel, err := filepath.Rel(dir, e.File)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, filepath.ToSlash(rel))
	}
	slices.Sort(files)
	if want := []string{"cd", "info/alternates", "pack/pack-1.idx", "pack/pack-2.idx"}; !slices.Equal(files, want) {
		t.Errorf("problems with %q, want %q", files, want)
	}
}
