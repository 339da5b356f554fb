package graph

import (
	"context"
	"encoding/hex"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// None stands for no object: HEAD where there is no commit yet.
const None = ^pack.Num(0)

// Options say what a Graph is made of. The zero Options put every object of the
// store in scope.
type Options struct {
	Workers int // 0: as many as there are processors

	// Roots are commits, tags, trees and blobs: what they lead to is in scope,
	// without what Not leads to. nil: everything in the store.
	Roots, Not []pack.Num

	// Since leaves commits out that were committed before it, and what only
	// they hold. A commit whose date cannot be told is not left out.
	Since time.Time

	// Shallow are the commits, in hexadecimal, whose parents a shallow clone
	// left behind: the lines of the file "shallow".
	Shallow []string

	// Error is told what is wrong with commits, tags and trees, in no
	// particular order, but by one goroutine at a time: an *Error, or one of
	// the store's about an object that it could not resolve.
	Error func(error)

	// Progress is that of [pack.WalkOptions].
	Progress func(packed, content int64, objects int)
}

// A Graph is the commits, tags and trees of a store. All methods are safe for
// concurrent use.
type Graph struct {
	s        objects
	hashSize int
	limits   limits

	// slot is, by Num: of a tree, one more than where it is (see tree); of a
	// commit, one more than its place in commits. 0: not read.
	slot   []uint32
	arenas []arena // one for each worker
	names  []string

	commits []commit // ascending by Num
	parents []uint32 // of all commits, their places in commits
	tags    map[pack.Num]pack.Num

	missing missing

	scope   bits // by Num; nil: everything
	walked  int
	paths   trie
	subs    []uint32 // paths of submodules
	holders []uint64 // blob<<32 | path, ascending
	cut     bits     // by Num: blobs of which not all paths are known; nil: none
}

// A commit is what Stories need of one.
type commit struct {
	num     pack.Num
	tree    pack.Num // None: missing or not named
	date    int64    // the committer's; noDate
	parents uint32   // where its parents begin in Graph.parents; they end where those of the next begin
}

// objects is what a Graph needs of a *pack.Store.
type objects interface {
	Len() int
	ID(pack.Num) []byte
	Find(id []byte) (pack.Num, bool)
	Type(pack.Num) pack.Type
	Read(pack.Num) ([]byte, pack.Type, error)
	Promisor() bool
}

// A walker is pack.Walk over the objects.
type walker func(context.Context, pack.WalkOptions, func(worker int, o *pack.Object, base version) version) error

// How much memory a walk over trees may take, and how large a tree or a commit
// may be. The largest trees that are known, of folders with a hundred thousand
// files, are of some megabytes.
const (
	walkMemory = 64 << 20
	maxObject  = 256 << 20
)

// Build reads every commit, tag and tree of a store, and finds out what is in
// scope and where it stood. An error is returned only if ctx ends or the store
// cannot be walked; what is wrong with an object is told to opts.Error.
func Build(ctx context.Context, s *pack.Store, opts Options) (*Graph, error) {
	walk := func(ctx context.Context, w pack.WalkOptions, visit func(int, *pack.Object, version) version) error {
		return pack.Walk(ctx, s, w, visit)
	}
	return build(ctx, s, walk, opts, defaultLimits)
}

func build(ctx context.Context, s objects, walk walker, opts Options, l limits) (*Graph, error) {
	if opts.Workers <= 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	g := &Graph{s: s, limits: l, slot: make([]uint32, s.Len()), hashSize: 20}
	if s.Len() > 0 {
		g.hashSize = len(s.ID(0))
	}
	var mu sync.Mutex
	report := func(err error) {
		if opts.Error != nil {
			mu.Lock()
			defer mu.Unlock()
			opts.Error(err)
		}
	}

	names := &interner{ids: make(map[string]uint32), at: make(map[string]uint32)}
	readers := make([]*reader, opts.Workers)
	for i := range readers {
		readers[i] = newReader(g, names, uint32(i), uint32(opts.Workers), report)
	}
	err := walk(ctx, pack.WalkOptions{
		Types:     []pack.Type{pack.Commit, pack.Tag, pack.Tree},
		Workers:   opts.Workers,
		Memory:    walkMemory,
		MaxObject: maxObject,
		Error:     func(_ pack.Num, err error) { report(err) },
		Progress:  opts.Progress,
	}, func(worker int, o *pack.Object, base version) version {
		return readers[worker].visit(o, base)
	})
	if err != nil {
		return nil, err
	}
	g.names = names.names
	for _, r := range readers {
		g.arenas = append(g.arenas, r.arena)
	}
	g.linkCommits(readers, opts.Shallow)
	g.linkTags(readers)
	clear(readers)

	roots := g.applyScope(opts)
	if err := g.layPaths(ctx, roots, report); err != nil {
		return nil, err
	}
	return g, nil
}

// linkCommits brings the commits that the readers read together.
func (g *Graph) linkCommits(readers []*reader, shallow []string) {
	type read struct {
		commit
		from *reader
		n    uint32
	}
	var all []read
	for _, r := range readers {
		for i, c := range r.commits {
			end := uint32(len(r.parents))
			if i+1 < len(r.commits) {
				end = r.commits[i+1].parents
			}
			all = append(all, read{c, r, end - c.parents})
		}
		g.missing.commits = append(g.missing.commits, r.missing...)
	}
	slices.SortFunc(all, func(a, b read) int { return int(int64(a.num) - int64(b.num)) })
	g.commits = make([]commit, len(all))
	for i, c := range all {
		g.slot[c.num] = uint32(i) + 1
	}
	for i, c := range all {
		g.commits[i] = commit{num: c.num, tree: c.tree, date: c.date, parents: uint32(len(g.parents))}
		for _, p := range c.from.parents[c.parents : c.parents+c.n] {
			// A parent that is no commit, or a damaged one, holds nothing.
			if at := g.slot[p]; at > 0 && g.s.Type(p) == pack.Commit {
				g.parents = append(g.parents, at-1)
			}
		}
	}
	g.missing.names = readers[0].shared.missing
	g.missing.promisor = g.s.Promisor()
	g.missing.shallow = make(map[pack.Num]bool, len(shallow))
	for _, id := range shallow {
		if raw, err := hex.DecodeString(id); err == nil {
			if n, ok := g.s.Find(raw); ok {
				g.missing.shallow[n] = true
			}
		}
	}
}

func (g *Graph) linkTags(readers []*reader) {
	g.tags = make(map[pack.Num]pack.Num)
	for _, r := range readers {
		for _, t := range r.tags {
			g.tags[t.num] = t.object
		}
	}
}

// parentsOf returns the places in g.commits of a commit's parents.
func (g *Graph) parentsOf(c uint32) []uint32 {
	end := uint32(len(g.parents))
	if int(c)+1 < len(g.commits) {
		end = g.commits[c+1].parents
	}
	return g.parents[g.commits[c].parents:end]
}

// commitAt returns the place in g.commits of a commit.
func (g *Graph) commitAt(n pack.Num) (uint32, bool) {
	if uint64(n) >= uint64(len(g.slot)) || g.slot[n] == 0 || g.s.Type(n) != pack.Commit {
		return 0, false
	}
	return g.slot[n] - 1, true
}

// peel follows tags, and calls each for every tag on the way. It returns None
// where they lead to nothing that is here.
func (g *Graph) peel(n pack.Num, each func(tag pack.Num)) pack.Num {
	for range len(g.tags) + 1 {
		if uint64(n) >= uint64(len(g.slot)) {
			return None
		}
		object, ok := g.tags[n]
		if !ok {
			return n
		}
		if each != nil {
			each(n)
		}
		n = object
	}
	return None // in a circle
}

func (g *Graph) id(n pack.Num) string { return hex.EncodeToString(g.s.ID(n)) }

// Commits returns how many commits are in scope.
func (g *Graph) Commits() int { return g.walked }

// Wanted reports whether an object is in scope.
func (g *Graph) Wanted(n pack.Num) bool { return g.scope == nil || g.scope.has(n) }

// bits are a set of objects by Num, or of others by their places.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func (b bits) has(n pack.Num) bool { return b[n/64]>>(n%64)&1 != 0 }

func (b bits) set(n pack.Num) { b[n/64] |= 1 << (n % 64) }

// add sets n and reports whether it was not set.
func (b bits) add(n pack.Num) bool {
	w, m := n/64, uint64(1)<<(n%64)
	if b[w]&m != 0 {
		return false
	}
	b[w] |= m
	return true
}

// An interner numbers the names in trees, and the objects that are named and
// not in the store.
type interner struct {
	mu      sync.Mutex
	ids     map[string]uint32
	names   []string
	at      map[string]uint32
	missing []string // raw ids
}

// name numbers a name.
func (in *interner) name(s string) uint32 {
	in.mu.Lock()
	defer in.mu.Unlock()
	id, ok := in.ids[s]
	if !ok {
		id = uint32(len(in.names))
		if id > maxNames {
			panic("cork: internal error: more names than entries can number")
		}
		in.ids[s] = id
		in.names = append(in.names, s)
	}
	return id
}

// lost numbers the raw id of an object that is not in the store.
func (in *interner) lost(id []byte) uint32 {
	in.mu.Lock()
	defer in.mu.Unlock()
	at, ok := in.at[string(id)]
	if !ok {
		at = uint32(len(in.missing))
		in.at[string(id)] = at
		in.missing = append(in.missing, string(id))
	}
	return at
}
