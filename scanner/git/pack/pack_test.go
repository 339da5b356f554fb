package pack_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// layouts are the ways in which git can keep one history.
var layouts = []struct {
	name string
	init []string
	opts pack.Options
	make func(r *repo)
	then func(r *repo) // after git was asked what there is
}{
	{name: "loose", make: func(r *repo) {
		r.commits(12, 5, 1)
		packs, _ := filepath.Glob(filepath.Join(r.objects(), "pack", "*.pack"))
		for _, p := range packs {
			data, err := os.ReadFile(p)
			if err != nil {
				r.t.Fatal(err)
			}
			for _, ext := range []string{".pack", ".idx", ".rev"} {
				if err := os.Remove(strings.TrimSuffix(p, ".pack") + ext); err != nil && !os.IsNotExist(err) {
					r.t.Fatal(err)
				}
			}
			r.gitIn(string(data), "unpack-objects", "-q")
		}
	}},
	{name: "fast-import", make: func(r *repo) { r.commits(200, 5, 2) }},
	{name: "one pack", make: func(r *repo) { r.commits(200, 5, 3); r.git("repack", "-adfq", "--depth=50", "--window=10") }},
	{name: "deep chains", make: func(r *repo) { r.commits(300, 1, 4); r.git("repack", "-adfq", "--depth=4095", "--window=300") }},
	{name: "sha256", init: []string{"--object-format=sha256"}, opts: pack.Options{HashSize: 32}, make: func(r *repo) {
		r.commits(100, 5, 5)
		r.git("repack", "-adfq")
	}},
	{name: "REF deltas", make: func(r *repo) {
		r.commits(200, 5, 6)
		r.git("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq")
	}},
	{name: "several packs", make: func(r *repo) {
		for i := range uint64(5) {
			r.commits(30, 4, 10+i)
			r.git("repack", "-dq")
		}
	}},
	{name: "copies in packs and loose", make: func(r *repo) {
		for i := range uint64(3) {
			r.commits(40, 4, 20+i)
			r.git("repack", "-aq") // leaves the old packs
		}
		data, err := os.ReadFile(firstPack(r))
		if err != nil {
			r.t.Fatal(err)
		}
		other := newRepo(r.t)
		other.gitIn(string(data), "unpack-objects", "-q")
		copyTree(r.t, other.objects(), r.objects())
	}},
	{name: "64-bit offsets", make: func(r *repo) {
		r.commits(100, 5, 30)
		r.git("repack", "-adfq")
		p := firstPack(r)
		idx := strings.TrimSuffix(p, ".pack") + ".idx"
		if err := os.Remove(idx); err != nil {
			r.t.Fatal(err)
		}
		r.git("index-pack", "--index-version=2,0x40", "-o", idx, p)
	}},
	{name: "index version 1", make: func(r *repo) {
		r.commits(100, 5, 31)
		r.git("-c", "pack.indexVersion=1", "repack", "-adfq")
	}},
	{name: "multi-pack-index alone", make: func(r *repo) {
		for i := range uint64(3) {
			r.commits(30, 4, 40+i)
			r.git("repack", "-dq")
		}
		r.git("multi-pack-index", "write")
	}, then: func(r *repo) {
		idx, _ := filepath.Glob(filepath.Join(r.objects(), "pack", "*.idx"))
		for _, f := range idx {
			if err := os.Remove(f); err != nil {
				r.t.Fatal(err)
			}
		}
	}},
	{name: "not mapped", opts: pack.Options{NoMap: true}, make: func(r *repo) {
		r.commits(100, 5, 50)
		r.git("repack", "-adfq")
		r.commits(20, 5, 51)
	}},
}

func firstPack(r *repo) string {
	r.t.Helper()
	packs, err := filepath.Glob(filepath.Join(r.objects(), "pack", "*.pack"))
	if err != nil || len(packs) == 0 {
		r.t.Fatalf("no pack: %v", err)
	}
	return packs[0]
}

func copyTree(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o777)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if _, err := os.Stat(target); err == nil {
			return nil
		}
		return os.WriteFile(target, data, 0o666)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLayouts(t *testing.T) {
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t, l.init...)
			l.make(r)
			want := r.all()
			if l.then != nil {
				l.then(r)
			}
			s := r.open(l.opts)
			for _, err := range s.Problems() {
				t.Errorf("problem: %v", err)
			}
			agree(t, s, want)
		})
	}
}

// agree checks that a Store has exactly the objects that git has, by every way
// to read them.
func agree(t *testing.T, s *pack.Store, want map[string]object) {
	t.Helper()
	if s.Len() != len(want) {
		t.Errorf("Len() = %d, want %d", s.Len(), len(want))
	}
	for id, o := range want {
		raw, err := hex.DecodeString(id)
		if err != nil {
			t.Fatal(err)
		}
		n, ok := s.Find(raw)
		if !ok {
			t.Errorf("Find(%s) = false, want an object", id)
			continue
		}
		if got := s.ID(n); !bytes.Equal(got, raw) {
			t.Fatalf("ID(Find(%s)) = %x", id, got)
		}
		if got := s.Type(n).String(); got != o.typ {
			t.Errorf("Type(%s) = %v, want %v", id, got, o.typ)
		}
		if got := s.Size(n); got != -1 && got != int64(len(o.data)) {
			t.Errorf("Size(%s) = %d, want %d", id, got, len(o.data))
		}
		data, typ, err := s.Read(n)
		if err != nil || typ.String() != o.typ || !bytes.Equal(data, o.data) {
			t.Errorf("Read(%s) = %d bytes, %v, %v; want %d bytes, %v", id, len(data), typ, err, len(o.data), o.typ)
		}
		if s.Size(n) < 0 {
			continue
		}
		reader, err := s.Reader(n)
		if err != nil {
			t.Errorf("Reader(%s): %v", id, err)
			continue
		}
		data, err = io.ReadAll(reader)
		if err != nil || !bytes.Equal(data, o.data) {
			t.Errorf("Reader(%s) reads %d bytes, %v; want %d bytes", id, len(data), err, len(o.data))
		}
		if err := reader.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		raw[len(raw)-1]++
		if _, ok := want[hex.EncodeToString(raw)]; !ok {
			if _, ok := s.Find(raw); ok {
				t.Errorf("Find(%x) = true, want false", raw)
			}
		}
	}
	for _, workers := range []int{1, 3} {
		for _, memory := range []int64{0, 1} {
			walkAgrees(t, s, pack.WalkOptions{Workers: workers, Memory: memory}, want)
		}
	}
	blobs := maps.Clone(want)
	maps.DeleteFunc(blobs, func(_ string, o object) bool { return o.typ != "blob" })
	walkAgrees(t, s, pack.WalkOptions{Types: []pack.Type{pack.Blob}}, blobs)
	some := maps.Clone(want)
	maps.DeleteFunc(some, func(id string, _ object) bool { return id[1] > '3' })
	walkAgrees(t, s, pack.WalkOptions{Want: func(n pack.Num) bool { return hex.EncodeToString(s.ID(n))[1] <= '3' }}, some)
}

// A visited is what a test's visit returns.
type visited struct {
	num  pack.Num
	data string
}

// walkAgrees checks that Walk visits exactly the objects that are wanted, with
// their content, and that Ops and bases are as promised.
func walkAgrees(t *testing.T, s *pack.Store, opts pack.WalkOptions, want map[string]object) {
	t.Helper()
	var mu sync.Mutex
	seen := map[string]int{}
	opts.Error = func(n pack.Num, err error) { t.Errorf("%+v: object %x: %v", opts, s.ID(n), err) }
	var content, objects int64
	opts.Progress = func(_, c int64, o int) {
		mu.Lock()
		defer mu.Unlock()
		content += c
		objects += int64(o)
	}
	err := pack.Walk(t.Context(), s, opts, func(_ int, o *pack.Object, base *visited) *visited {
		id := hex.EncodeToString(s.ID(o.Num))
		mu.Lock()
		defer mu.Unlock()
		seen[id]++
		if w, ok := want[id]; !ok {
			t.Errorf("%s was visited, and is not wanted", id)
		} else if o.Type.String() != w.typ || !bytes.Equal(o.Data, w.data) || o.Large {
			t.Errorf("visit of %s: %v of %d bytes, want %v of %d bytes", id, o.Type, len(o.Data), w.typ, len(w.data))
		}
		if err := checkOps(o, base); err != nil {
			t.Errorf("visit of %s: %v", id, err)
		}
		return &visited{o.Num, string(o.Data)}
	})
	if err != nil {
		t.Errorf("Walk: %v", err)
	}
	size := int64(0)
	for id, o := range want {
		if seen[id] != 1 {
			t.Errorf("%+v: %s was visited %d times, want 1", opts, id, seen[id])
		}
		size += int64(len(o.data))
	}
	if content != size || objects != int64(len(want)) {
		t.Errorf("progress says %d bytes of %d objects, want %d of %d", content, objects, size, len(want))
	}
}

// checkOps checks that the Ops of an object make its Data from its base.
func checkOps(o *pack.Object, base *visited) error {
	if base == nil {
		if o.Base != nil || o.Ops != nil {
			return fmt.Errorf("there are %d Ops and no base", len(o.Ops))
		}
		return nil
	}
	if string(o.Base) != base.data {
		return fmt.Errorf("Base is not what was visited")
	}
	at := 0
	last := pack.Op{From: -2}
	for _, op := range o.Ops {
		if op.Len <= 0 || op.Len > len(o.Data)-at || op.From < -1 || op.From >= 0 && op.From > len(o.Base)-op.Len {
			return fmt.Errorf("Op %+v at %d of %d, base of %d", op, at, len(o.Data), len(o.Base))
		}
		if op.From >= 0 && !bytes.Equal(o.Base[op.From:op.From+op.Len], o.Data[at:at+op.Len]) {
			return fmt.Errorf("Op %+v at %d copies something else", op, at)
		}
		if last.From >= 0 && last.From+last.Len == op.From || last.From == -1 && op.From == -1 {
			return fmt.Errorf("Ops %+v and %+v are not merged", last, op)
		}
		at, last = at+op.Len, op
	}
	if at != len(o.Data) {
		return fmt.Errorf("Ops cover %d bytes of %d", at, len(o.Data))
	}
	return nil
}

func TestAlternates(t *testing.T) {
	top := t.TempDir()
	mk := func(name string, seed uint64) *repo {
		r := repoAt(t, filepath.Join(top, name))
		if err := os.Mkdir(r.dir, 0o777); err != nil {
			t.Fatal(err)
		}
		r.git("init", "-q")
		r.commits(30, 3, seed)
		r.git("repack", "-adq")
		return r
	}
	a, b, c := mk("a", 1), mk("b", 2), mk("c d", 3)
	write := func(r *repo, lines ...string) {
		file := filepath.Join(r.objects(), "info", "alternates")
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(a, "# a comment", "", "../../../b/.git/objects")
	want := a.all()
	s := a.open(pack.Options{})
	agree(t, s, want)
	// Recursive, quoted, and in a circle; git says so of neither.
	write(b, `"`+strings.ReplaceAll(filepath.ToSlash(c.objects()), " ", `\040`)+`"`)
	write(c, a.objects(), b.objects())
	s = a.open(pack.Options{})
	if err := s.Problems(); len(err) != 0 {
		t.Errorf("Problems() = %v, want none", err)
	}
	maps.Copy(want, c.all())
	agree(t, s, want)

	write(a, "../../../nowhere")
	s = a.open(pack.Options{Alternates: []string{b.objects()}})
	if err := s.Problems(); len(err) != 1 || !strings.Contains(err[0].Error(), "nowhere") {
		t.Errorf("Problems() = %v, want one about nowhere", err)
	}
	agree(t, s, want)
}

func TestPromisor(t *testing.T) {
	r := newRepo(t)
	r.commits(50, 4, 1)
	r.git("repack", "-adq")
	r.git("config", "uploadpack.allowFilter", "true")
	dir := filepath.Join(filepath.Dir(r.dir), "clone")
	r.git("clone", "-q", "--bare", "--filter=blob:none", "file://"+filepath.ToSlash(r.dir), dir)
	s := openStore(t, filepath.Join(dir, "objects"), pack.Options{})
	if !s.Promisor() {
		t.Errorf("Promisor() = false, want true")
	}
	want := r.all()
	maps.DeleteFunc(want, func(_ string, o object) bool { return o.typ == "blob" })
	agree(t, s, want)
	if s := r.open(pack.Options{}); s.Promisor() {
		t.Errorf("Promisor() of a full repository = true, want false")
	}
}

func TestOpenFails(t *testing.T) {
	if _, err := pack.Open(filepath.Join(t.TempDir(), "nothing"), pack.Options{}); err == nil {
		t.Errorf("Open of nothing = nil, want an error")
	}
	if _, err := pack.Open(t.TempDir(), pack.Options{HashSize: 16}); err == nil {
		t.Errorf("Open with ids of 16 bytes = nil, want an error")
	}
	s := openStore(t, t.TempDir(), pack.Options{})
	if _, ok := s.Find(make([]byte, 20)); s.Len() != 0 || ok {
		t.Errorf("an empty folder has %d objects", s.Len())
	}
	if err := pack.Walk(t.Context(), s, pack.WalkOptions{Workers: 4}, func(int, *pack.Object, int) int { return 0 }); err != nil {
		t.Errorf("Walk of nothing: %v", err)
	}
}

// TestFolderStates has what a folder of packs can hold beside packs.
func TestFolderStates(t *testing.T) {
	r := newRepo(t)
	r.commits(30, 3, 1)
	r.git("repack", "-adq")
	want := r.all()
	dir := filepath.Join(r.objects(), "pack")
	for _, name := range []string{"tmp_pack_x1", "tmp_idx_x1", ".tmp-12-pack-1.pack", "pack-1.keep", "pack-1.rev", "pack-1.mtimes", "pack-1.bitmap"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s := r.open(pack.Options{})
	if err := s.Problems(); len(err) != 0 {
		t.Errorf("Problems() = %v, want none", err)
	}
	agree(t, s, want)
	for name, word := range map[string]string{"pack-11.idx": "without its pack", "pack-12.pack": "without its index"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
		s := r.open(pack.Options{})
		err := s.Problems()
		if len(err) != 1 || !strings.Contains(err[0].Error(), word) || !strings.Contains(err[0].Error(), file) {
			t.Errorf("Problems() with %s = %v, want one that says %q", name, err, word)
		}
		agree(t, s, want)
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRepackMeanwhile opens a repository again and again while git packs and
// unpacks its objects: none is missing without a word.
func TestRepackMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commits(20, 3, 1)
	want := r.all()
	objects := r.objects()
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for opened := 0; ; opened++ {
			select {
			case <-stop:
				if opened == 0 {
					t.Error("never opened")
				}
				return
			default:
			}
			s, err := pack.Open(objects, pack.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if s.Len() < len(want) && len(s.Problems()) == 0 {
				t.Errorf("%d objects of %d, silently", s.Len(), len(want))
			}
			s.Close()
		}
	})
	defer wg.Wait()
	defer close(stop)
	for range 3 {
		r.git("repack", "-adkq")
		r.git("prune-packed")
		file := firstPack(r)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		other := newRepo(t) // as git unpacks only what it does not have
		other.gitIn(string(data), "unpack-objects", "-q")
		copyTree(t, other.objects(), objects)
		for _, ext := range []string{".idx", ".pack"} {
			if err := os.Remove(strings.TrimSuffix(file, ".pack") + ext); err != nil {
				t.Fatal(err)
			}
		}
	}
}
