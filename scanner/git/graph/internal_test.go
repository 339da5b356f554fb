package graph

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// A fakeStore is a store in memory whose objects are made from each other as a
// test wants them.
type fakeStore struct {
	objects []fakeObject // ascending by id
	byID    map[string]pack.Num
}

type fakeObject struct {
	id   string // raw
	kind pack.Type
	data []byte
	base pack.Num
	ops  []pack.Op
}

// newFakeStore returns a store of objects by their data.
func newFakeStore(data map[string]pack.Type) *fakeStore {
	s := &fakeStore{byID: map[string]pack.Num{}}
	for d, kind := range data {
		s.objects = append(s.objects, fakeObject{id: fakeID(kind, d), kind: kind, data: []byte(d), base: None})
	}
	slices.SortFunc(s.objects, func(a, b fakeObject) int { return cmp.Compare(a.id, b.id) })
	for i, o := range s.objects {
		s.byID[o.id] = pack.Num(i)
	}
	return s
}

func fakeID(kind pack.Type, data string) string {
	id := sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", kind, len(data), data))
	return string(id[:])
}

func (s *fakeStore) Len() int                        { return len(s.objects) }
func (s *fakeStore) ID(n pack.Num) []byte            { return []byte(s.objects[n].id) }
func (s *fakeStore) Type(n pack.Num) pack.Type       { return s.objects[n].kind }
func (s *fakeStore) Promisor() bool                  { return false }
func (s *fakeStore) Find(id []byte) (pack.Num, bool) { n, ok := s.byID[string(id)]; return n, ok }
func (s *fakeStore) Read(n pack.Num) ([]byte, pack.Type, error) {
	return s.objects[n].data, s.objects[n].kind, nil
}

// walk visits the objects, each after its base, as different workers.
func (s *fakeStore) walk(ctx context.Context, opts pack.WalkOptions, visit func(int, *pack.Object, version) version) error {
	done := make([]bool, len(s.objects))
	versions := make([]version, len(s.objects))
	worker := 0
	var do func(n pack.Num)
	do = func(n pack.Num) {
		o := s.objects[n]
		if done[n] || !slices.Contains(opts.Types, o.kind) {
			return
		}
		done[n] = true
		var base version
		if o.base != None {
			do(o.base)
			base = versions[o.base]
		}
		worker = (worker + 1) % opts.Workers
		v := &pack.Object{Num: n, Type: o.kind, Data: o.data, Ops: o.ops}
		if o.base != None {
			v.Base = s.objects[o.base].data
		}
		versions[n] = visit(worker, v, base)
	}
	for n := range s.objects {
		do(pack.Num(n))
	}
	return ctx.Err()
}

// shuffle chooses new bases, and how the objects are made from them.
func (s *fakeStore) shuffle(rng *rand.Rand) {
	order := rng.Perm(len(s.objects))
	for i, n := range order {
		o := &s.objects[n]
		o.base, o.ops = None, nil
		if i > 0 && rng.IntN(5) > 0 {
			base := order[rng.IntN(i)]
			if s.objects[base].kind == o.kind {
				o.base = pack.Num(base)
				o.ops = randomOps(rng, s.objects[base].data, o.data)
			}
		}
	}
}

// randomOps makes data from base: copies wherever the two agree for a while, be
// it in the middle of an entry.
func randomOps(rng *rand.Rand, base, data []byte) []pack.Op {
	ops := []pack.Op{}
	for at := 0; at < len(data); {
		seed := min(len(data)-at, 1+rng.IntN(40))
		from := bytes.Index(base, data[at:at+seed])
		if rng.IntN(2) == 0 {
			from = bytes.LastIndex(base, data[at:at+seed])
		}
		if from < 0 {
			if len(ops) > 0 && ops[len(ops)-1].From < 0 {
				ops[len(ops)-1].Len++
			} else {
				ops = append(ops, pack.Op{From: -1, Len: 1})
			}
			at++
			continue
		}
		n := seed
		for at+n < len(data) && from+n < len(base) && data[at+n] == base[from+n] {
			n++
		}
		if rng.IntN(3) == 0 {
			n = 1 + rng.IntN(n)
		}
		ops = append(ops, pack.Op{From: from, Len: n})
		at += n
	}
	return ops
}

// rawTree writes a tree.
func rawTree(entries ...string) string { return strings.Join(entries, "") }

func rawEntryOf(mode, name, id string) string { return mode + " " + name + "\x00" + id }

// randomObjects returns trees in trees, some of which git would not have
// written, commits, tags and blobs.
func randomObjects(rng *rand.Rand) map[string]pack.Type {
	objects := map[string]pack.Type{}
	type child struct{ mode, id string }
	var children []child
	add := func(kind pack.Type, mode, data string) string {
		objects[data] = kind
		id := fakeID(kind, data)
		children = append(children, child{mode, id})
		return id
	}
	for i := range 12 {
		add(pack.Blob, "100644", fmt.Sprint("blob ", i))
	}
	children = append(children, child{"160000", strings.Repeat("s", 20)}, child{"100644", strings.Repeat("m", 20)})
	var entries []string
	var trees []string
	for range 60 {
		// Another version of the tree before, or a new one.
		if rng.IntN(6) == 0 {
			entries = nil
		}
		entries = slices.Clone(entries)
		for range 1 + rng.IntN(4) {
			c := children[rng.IntN(len(children))]
			e := rawEntryOf(c.mode, fmt.Sprint("n", rng.IntN(20)), c.id)
			switch at := rng.IntN(len(entries) + 1); {
			case at == len(entries):
				entries = append(entries, e)
			case rng.IntN(3) == 0:
				entries = slices.Delete(entries, at, at+1)
			case rng.IntN(3) == 0:
				entries[at] = e
			default:
				entries = slices.Insert(entries, at, e)
			}
		}
		data := []byte(rawTree(entries...))
		if len(data) > 0 && rng.IntN(10) == 0 {
			data[rng.IntN(len(data))] = " \x00/7x"[rng.IntN(5)]
		}
		if len(data) > 0 && rng.IntN(20) == 0 {
			data = data[:rng.IntN(len(data))]
		}
		trees = append(trees, add(pack.Tree, "40000", string(data)))
	}
	parent := ""
	for i := range 30 {
		data := fmt.Sprintf("tree %x\n", trees[rng.IntN(len(trees))])
		if parent != "" && rng.IntN(5) > 0 {
			data += fmt.Sprintf("parent %x\n", parent)
		}
		data += fmt.Sprintf("committer C <c@example.com> %d +0000\n\n%d\n", 1_700_000_000+i, i)
		objects[data] = pack.Commit
		parent = fakeID(pack.Commit, data)
	}
	objects[fmt.Sprintf("object %x\ntype tree\ntag t\n\n", trees[0])] = pack.Tag
	return objects
}

// all is everything that a Graph tells of a store.
type all struct {
	Paths      [][]string
	Errors     []string
	Missing    []Missing
	Submodules []string
	Stories    []string
	Truncated  []bool
}

func tellAll(t testing.TB, s *fakeStore, opts Options, l limits) all {
	t.Helper()
	var a all
	opts.Error = func(err error) { a.Errors = append(a.Errors, err.Error()) }
	g, err := build(t.Context(), s, s.walk, opts, l)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(a.Errors)
	a.Missing, a.Submodules = g.Missing(), g.Submodules()
	var held []Holding
	head := None
	for n := range pack.Num(s.Len()) {
		a.Paths = append(a.Paths, g.Paths(n))
		a.Truncated = append(a.Truncated, g.Truncated(n))
		switch s.Type(n) {
		case pack.Blob:
			held = append(held, Holding{int(n) % 5, n})
		case pack.Commit:
			head = n
		}
	}
	stories, err := g.Stories(t.Context(), 5, held, head, []Ref{{"refs/heads/main", head}}, time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stories {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		a.Stories = append(a.Stories, string(text))
	}
	return a
}

// TestLayoutIsNoMatter expects the same answers whatever objects are made from
// which, however their deltas are cut, and by however many workers.
func TestLayoutIsNoMatter(t *testing.T) {
	small := defaultLimits
	small.paths, small.places, small.trim, small.starts = 5, 5, 10, 10
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 5))
		s := newFakeStore(randomObjects(rng))
		limits := defaultLimits
		if seed%2 == 1 {
			limits = small
		}
		want := tellAll(t, s, Options{Workers: 1}, limits)
		for try := range 5 {
			s.shuffle(rng)
			if got := tellAll(t, s, Options{Workers: 1 + try}, limits); !reflect.DeepEqual(got, want) {
				g, w := reflect.ValueOf(got), reflect.ValueOf(want)
				for i := range g.NumField() {
					if a, b := g.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(a, b) {
						t.Errorf("seed %d: %s with other deltas\n got %q\nwant %q", seed, g.Type().Field(i).Name, a, b)
					}
				}
				return
			}
		}
	}
}

// TestPathsOfHostileTrees compares with a walk that goes everywhere.
func TestPathsOfHostileTrees(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 6))
		s := newFakeStore(randomObjects(rng))
		s.shuffle(rng)
		want := make([]map[string]bool, s.Len())
		var walk func(n pack.Num, path string)
		walk = func(n pack.Num, path string) {
			if s.Type(n) != pack.Tree {
				if want[n] == nil {
					want[n] = map[string]bool{}
				}
				want[n][path] = true
				return
			}
			data := s.objects[n].data
			for len(data) > 0 {
				e, size := cutEntry(data, 20)
				if size == 0 {
					return
				}
				data = data[size:]
				at := string(e.name)
				if path != "" {
					at = path + "/" + at
				}
				if n, ok := s.Find(e.id); ok {
					walk(n, at)
				}
			}
		}
		g, err := build(t.Context(), s, s.walk, Options{Workers: 2}, defaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range g.allRoots() {
			walk(n, "")
		}
		for n := range pack.Num(s.Len()) {
			if s.Type(n) != pack.Blob {
				continue
			}
			var paths []string
			for p := range want[n] {
				paths = append(paths, p)
			}
			slices.Sort(paths)
			if got := g.Paths(n); !slices.Equal(got, paths) {
				t.Fatalf("seed %d: Paths(%d) = %q, want %q", seed, n, got, paths)
			}
		}
	}
}

// TestLimits expects what is beyond a limit to be said, and the rest to be told.
func TestLimits(t *testing.T) {
	// Folders in folders: l0 holds the file, l1 holds l0, ...
	deep := func(levels, width int) (*fakeStore, pack.Num) {
		objects := map[string]pack.Type{"x": pack.Blob, "y": pack.Blob}
		id, mode := fakeID(pack.Blob, "x"), "100644"
		tree := ""
		for range levels {
			tree = ""
			for i := range width {
				tree += rawEntryOf(mode, fmt.Sprint(i), id)
			}
			objects[tree] = pack.Tree
			id, mode = fakeID(pack.Tree, tree), "40000"
		}
		top := rawEntryOf("40000", "a", id) + rawEntryOf("100644", "b", fakeID(pack.Blob, "y"))
		objects[top] = pack.Tree
		objects[fmt.Sprintf("tree %x\ncommitter C <c> 1 +0000\n", fakeID(pack.Tree, top))] = pack.Commit
		s := newFakeStore(objects)
		n, _ := s.Find([]byte(fakeID(pack.Blob, "x")))
		return s, n
	}
	tests := []struct {
		name          string
		change        func(*limits)
		levels, width int
		paths         int // of the file; -1: any number
		truncated     bool
		want          string // of the error
	}{
		{"none", func(*limits) {}, 3, 3, 27, false, ""},
		{"paths", func(l *limits) { l.paths = 20 }, 3, 3, 20, true, errTooMany.Error()},
		{"just_enough_paths", func(l *limits) { l.paths = 27 }, 3, 3, 27, false, ""},
		{"depth", func(l *limits) { l.depth = 3 }, 3, 1, 1, false, ""},
		{"too_deep", func(l *limits) { l.depth = 2 }, 3, 1, 0, true, errTooDeep.Error()},
		{"length", func(l *limits) { l.length = 6 }, 3, 1, 0, true, errTooDeep.Error()},
		{"nodes", func(l *limits) { l.nodes = 10 }, 3, 3, -1, true, errTooMany.Error()},
		{"work", func(l *limits) { l.work = -32*12 + 2 }, 3, 3, -1, true, errTooMany.Error()},
		{"facts", func(l *limits) { l.facts, l.trim = 5, 4 }, 3, 3, -1, true, errTooMany.Error()},
		{"just_enough_facts", func(l *limits) { l.facts, l.trim = 30, 4 }, 3, 3, 27, false, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, n := deep(test.levels, test.width)
			l := defaultLimits
			test.change(&l)
			var reported []error
			g, err := build(t.Context(), s, s.walk, Options{Error: func(err error) { reported = append(reported, err) }}, l)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(g.Paths(n)); got != test.paths && test.paths >= 0 || g.Truncated(n) != test.truncated {
				t.Errorf("%d paths, truncated %v; want %d, %v", got, g.Truncated(n), test.paths, test.truncated)
			}
			if test.want == "" && len(reported) > 0 || test.want != "" && (len(reported) != 1 || !strings.Contains(reported[0].Error(), test.want)) {
				t.Errorf("reported %v, want %q", reported, test.want)
			}
			if !g.Wanted(n) {
				t.Error("the file is out of scope")
			}
		})
	}
}

// TestStoriesHaveLimits expects an error with stories that are not told to the
// end.
func TestStoriesHaveLimits(t *testing.T) {
	s := newFakeStore(randomObjects(rand.New(rand.NewPCG(1, 5))))
	var held []Holding
	for n := range pack.Num(s.Len()) {
		if s.Type(n) == pack.Blob {
			held = append(held, Holding{int(n) % 5, n})
		}
	}
	tests := []struct {
		name   string
		change func(*limits)
		want   error
	}{
		{"none", func(*limits) {}, nil},
		{"places", func(l *limits) { l.places = 3 }, nil}, // as Places are listed to a number only
		{"twigs", func(l *limits) { l.twigs = 5 }, ErrTooMany},
		{"items", func(l *limits) { l.items = 6 }, ErrTooMany},
		{"steps", func(l *limits) { l.steps = 10 }, ErrTooMany},
		{"facts", func(l *limits) { l.facts = 2 }, ErrTooMany},
	}
	for _, test := range tests {
		g, err := build(t.Context(), s, s.walk, Options{}, defaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		test.change(&g.limits)
		stories, err := g.Stories(t.Context(), 5, held, None, nil, time.Time{})
		if err != test.want || len(stories) != 5 {
			t.Errorf("%s: Stories = %d stories, %v; want 5, %v", test.name, len(stories), err, test.want)
		}
	}
}

// TestCircles has trees, commits and tags that are below themselves: not to be
// had by their ids, but by a damaged index that says so.
func TestCircles(t *testing.T) {
	id := func(c byte) string { return strings.Repeat(string(c), 20) }
	hexOf := func(c byte) string { return hex.EncodeToString([]byte(id(c))) }
	commit := func(tree, parent byte) []byte {
		return fmt.Appendf(nil, "tree %s\nparent %s\ncommitter C <c> 1 +0000\n\n", hexOf(tree), hexOf(parent))
	}
	s := &fakeStore{byID: map[string]pack.Num{}}
	for _, o := range []fakeObject{
		{id: id('a'), kind: pack.Blob, data: []byte("x")},
		{id: id('b'), kind: pack.Tree, data: []byte(rawEntryOf("40000", "c", id('c')) + rawEntryOf("100644", "f", id('a')))},
		{id: id('c'), kind: pack.Tree, data: []byte(rawEntryOf("40000", "b", id('b')))},
		{id: id('d'), kind: pack.Commit, data: commit('b', 'e')},
		{id: id('e'), kind: pack.Commit, data: commit('c', 'd')},
		{id: id('f'), kind: pack.Tag, data: []byte("object " + hexOf('g') + "\n")},
		{id: id('g'), kind: pack.Tag, data: []byte("object " + hexOf('f') + "\n")},
	} {
		o.base = None
		s.byID[o.id] = pack.Num(len(s.objects))
		s.objects = append(s.objects, o)
	}
	l := defaultLimits
	l.depth = 50
	a := tellAll(t, s, Options{}, l)
	if want := []string{"blob " + hexOf('a') + ": " + errTooDeep.Error() + ": 1 files"}; !slices.Equal(a.Errors, want) {
		t.Errorf("reported %q, want %q", a.Errors, want)
	}
	if got := a.Paths[0]; len(got) != 51 || got[0] != "b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/c/b/f" {
		t.Errorf("%d paths %q", len(got), got)
	}
	tag := []pack.Num{5}
	tellAll(t, s, Options{Roots: tag, Not: tag}, l)
	tellAll(t, s, Options{Roots: []pack.Num{3}, Not: []pack.Num{4}}, l)
}

func TestParseLinks(t *testing.T) {
	id := strings.Repeat("ab", 20)
	tests := []struct {
		name, data string
		want       string
	}{
		{"whole", "tree " + id + "\nparent " + id + "\nparent " + id + "\nauthor A <a> 1 +0000\ncommitter C <c> 2 +0000\n\nm", "1 2 2 <nil> <nil>"},
		{"no_message", "tree " + id + "\nauthor A <a> 1 +0000\ncommitter C <c> 2 +0000", "1 0 2 <nil> <nil>"},
		{"message_like_a_header", "tree " + id + "\ncommitter C <c> 2 +0000\n\nparent " + id + "\n", "1 0 2 <nil> <nil>"},
		{"two_committers", "tree " + id + "\ncommitter C <c> 2 +0000\ncommitter C <c> 3 +0000\n", "1 0 2 <nil> <nil>"},
		{"angle_in_name", "tree " + id + "\ncommitter > <c> 2 +0000\n", "1 0 2 <nil> <nil>"},
		{"no_email", "tree " + id + "\ncommitter 2 +0000\n", "1 0 2 <nil> <nil>"},
		{"last_date", "tree " + id + "\ncommitter <> 253402300799 +0000\n", "1 0 253402300799 <nil> <nil>"},
		{"signed", "tree " + id + "\ncommitter <> 2 +0000\ngpgsig x\n tree " + id + "\n parent x\n", "1 0 2 <nil> <nil>"},
		{"upper_case", "tree " + strings.ToUpper(id) + "\ncommitter <> 2 +0000\n", "1 0 2 <nil> <nil>"},
		{"long_id", "tree " + id + "ab\ncommitter <> 2 +0000\n", "0 0 2 names no tree <nil>"},
	}
	for _, test := range tests {
		var l links
		lost, odd := parseLinks([]byte(test.data), 20, &l)
		trees := 0
		if l.tree != nil {
			trees = 1
		}
		if got := fmt.Sprint(trees, " ", len(l.parents), " ", l.date, " ", lost, " ", odd); got != test.want {
			t.Errorf("%s: parseLinks(%q) = %s, want %s", test.name, test.data, got, test.want)
		}
	}
}

func FuzzCommit(f *testing.F) {
	id := strings.Repeat("ab", 20)
	f.Add([]byte("tree " + id + "\nparent " + id + "\nauthor A <a@example.com> 1700000000 -0130\ncommitter C <c> 2 +0000\nencoding latin1\n\nm\xfc\n"))
	f.Add([]byte("tree " + id + "\ntree " + id + "\nparent x\nauthor \x00 99999999999999 +9999\n"))
	f.Add([]byte("\n\n"))
	f.Add([]byte("author a\x00b <c\x00d> 1 +0000\n\ne\x00f"))
	f.Add([]byte("author " + strings.Repeat("ü", maxText) + " <> 253402300799 +1400\n\n" + strings.Repeat("\xe2\x82", maxText)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var l links
		lost, odd := parseLinks(data, 20, &l)
		if (l.tree == nil) != (lost == errNoTree) || (l.date == noDate) && odd == nil {
			t.Errorf("parseLinks = %q, %d: %v, %v", l.tree, l.date, lost, odd)
		}
		for _, id := range append([][]byte{l.tree}, l.parents...) {
			if id != nil && !isHex(id, 20) {
				t.Errorf("parseLinks names %q", id)
			}
		}
		// The message says nothing about what a commit names.
		if end := bytes.Index(data, []byte("\n\n")); end > 0 {
			var head links
			lost2, odd2 := parseLinks(data[:end+1], 20, &head)
			if lost2 != lost || odd2 != odd || string(head.tree) != string(l.tree) || len(head.parents) != len(l.parents) || head.date != l.date {
				t.Errorf("without its message the commit is %v %v %v, want %v %v %v", head, lost2, odd2, l, lost, odd)
			}
		}
		c := ParseCommit("id", data)
		for _, s := range []string{c.Author, c.Email, c.Subject} {
			// A byte of Latin-1 becomes two, one that is no character three.
			if !utf8.ValidString(s) || len(s) > 3*maxText || strings.ContainsAny(s, "\n\x00") {
				t.Errorf("ParseCommit shows %q", s)
			}
		}
		if _, err := json.Marshal(c); err != nil {
			t.Errorf("ParseCommit: %v", err)
		}
	})
}

func FuzzTag(f *testing.F) {
	id := strings.Repeat("ab", 20)
	f.Add([]byte("object " + id + "\ntype commit\ntag v1\n\nm"))
	f.Add([]byte("type commit\nobject " + id + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if id := parseTag(data, 20); id != nil && (!isHex(id, 20) || !bytes.HasPrefix(data, append([]byte("object "), id...))) {
			t.Errorf("parseTag(%q) = %q", data, id)
		}
	})
}

// FuzzTree expects a tree to be the same, read as a whole and as what it is made
// of.
func FuzzTree(f *testing.F) {
	id := strings.Repeat("i", 20)
	base := rawEntryOf("100644", "a", id) + rawEntryOf("40000", "b", id) + rawEntryOf("160000", "c", id)
	f.Add([]byte(base), []byte(base[29:]), uint64(1))
	f.Add([]byte(base), []byte(base+base), uint64(2))
	f.Add([]byte(base+"100"), []byte("1"+base), uint64(3))
	f.Add([]byte(""), []byte(base), uint64(4))
	f.Add([]byte("1\x00901001070000a0177019"), []byte("\x0007101000201000100000"), uint64(3))
	f.Fuzz(func(t *testing.T, base, data []byte, seed uint64) {
		if string(base) == string(data) || len(base)+len(data) > 1<<12 {
			return
		}
		s := newFakeStore(map[string]pack.Type{string(base): pack.Tree, string(data): pack.Tree})
		n := s.byID[fakeID(pack.Tree, string(data))]
		var want string
		for _, delta := range []bool{false, true} {
			if delta {
				rng := rand.New(rand.NewPCG(seed, 7))
				s.objects[n].base = s.byID[fakeID(pack.Tree, string(base))]
				s.objects[n].ops = randomOps(rng, base, data)
			}
			var got []string
			g, err := build(t.Context(), s, s.walk, Options{Workers: 1, Error: func(err error) { got = append(got, err.Error()) }}, defaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			var stack []part
			g.eachEntry(n, &stack, func(e entry) {
				child := fmt.Sprint(e.child)
				if e.kind() == kindMissing {
					child = "missing" // and numbered as it was met
				}
				got = append(got, fmt.Sprintf("%d %q %s", e.kind(), g.names[e.nameID()], child))
			})
			got = append(got, fmt.Sprint(g.Missing()))
			slices.Sort(got)
			if told := strings.Join(got, "\n"); !delta {
				want = told
			} else if told != want {
				t.Errorf("tree %q made from %q by %v:\n%s\nwant\n%s", data, base, s.objects[n].ops, told, want)
			}
		}
	})
}
