package graph

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// limits keep what hostile trees can ask for within bounds. Ten folders within
// each other, each with ten names for the next, are twenty objects and ten
// thousand million paths.
type limits struct {
	paths  int // of one tree or blob
	depth  int // of folders in folders; git itself stops at 2048 or 4096
	length int // bytes of a path; Linux opens none above 4096
	nodes  int // distinct paths
	facts  int // of what stands where, at a time
	trim   int // how many facts there are when what is there twice is let go for the first time
	work   int // entries looked at, besides some for each that is in the store

	// Of Stories.
	places int // paths of one secret
	twigs  int // entries of trees that lead to secrets
	items  int // secrets, in all sets of them
	steps  int // entries looked at

	// Of what is kept of the trees that one is made from: offsets of entries.
	// What is not kept is found again.
	starts int
}

// MaxPaths is how many paths of a blob are known at most.
const MaxPaths = 10_000

var defaultLimits = limits{
	paths:  MaxPaths,
	depth:  4096,
	length: 8 << 10,
	nodes:  2 << 20,
	facts:  16 << 20,
	trim:   1 << 20, // 8 MB, which most histories stay below
	work:   64 << 20,
	places: MaxPaths,
	twigs:  16 << 20,
	items:  32 << 20,
	steps:  1 << 30,
	starts: 4 << 20,
}

// workPerEntry is how often an entry that is in the store as a new one may be
// looked at before trees count as hostile. Each is looked at once or twice in
// the histories of curl, redis, rails and git.
const workPerEntry = 32

// A trie holds paths: each is the path of a folder and a name. Path 0 is "".
type trie struct {
	nodes []pathNode
	table []uint32 // open addressing; 0: free, as path 0 is never looked for
}

type pathNode struct {
	parent, name uint32
	hash         uint64
	length       uint32 // bytes
}

func newTrie() trie {
	return trie{nodes: make([]pathNode, 1, 1024), table: make([]uint32, 2048)}
}

// find returns a slot of the table: that of the path, or the free one where it
// belongs.
func (t *trie) find(parent, name uint32) uint32 {
	mask := uint32(len(t.table) - 1)
	at := uint32((uint64(parent)*0x9E3779B97F4A7C15 ^ uint64(name)*0xC2B2AE3D27D4EB4F) >> 20)
	for ; ; at++ {
		id := t.table[at&mask]
		if id == 0 || t.nodes[id].parent == parent && t.nodes[id].name == name {
			return at & mask
		}
	}
}

// add returns the path of name in the folder parent, unless that would be more
// than limit paths.
func (t *trie) add(parent, name uint32, names []string, limit int) (id uint32, ok bool) {
	at := t.find(parent, name)
	if id := t.table[at]; id != 0 {
		return id, true
	}
	if len(t.nodes) >= limit {
		return 0, false
	}
	id = uint32(len(t.nodes))
	up := &t.nodes[parent]
	n := pathNode{parent: parent, name: name, hash: up.hash, length: up.length + uint32(len(names[name])) + 1}
	for i := range len(names[name]) {
		n.hash = (n.hash ^ uint64(names[name][i])) * 1099511628211
	}
	n.hash = (n.hash ^ '/') * 1099511628211
	n.hash ^= n.hash >> 29
	t.nodes = append(t.nodes, n)
	t.table[at] = id
	if len(t.nodes) > len(t.table)/2 {
		t.table = make([]uint32, 2*len(t.table))
		for id := 1; id < len(t.nodes); id++ {
			t.table[t.find(t.nodes[id].parent, t.nodes[id].name)] = uint32(id)
		}
	}
	return id, true
}

// path returns a path as people write it.
func (t *trie) path(id uint32, names []string) string {
	if id == 0 {
		return ""
	}
	b := make([]byte, t.nodes[id].length-1)
	end := len(b)
	for {
		n := &t.nodes[id]
		end -= copy(b[end-len(names[n.name]):], names[n.name])
		if id = n.parent; id == 0 {
			return string(b)
		}
		end--
		b[end] = '/'
	}
}

// layPaths finds out at which paths the trees below roots, and their blobs,
// stand.
//
// It goes down layer by layer: all trees that stand at paths of one depth are
// known before the first of them is entered. A tree at a path at which the one
// that it is made from stands too has only its new entries to add: the others are
// added by that one, at that path. So the work is about that of the deltas, not
// of the trees.
func (g *Graph) layPaths(ctx context.Context, roots []pack.Num, report func(error)) error {
	g.paths = newTrie()
	p := &layers{
		g: g, left: g.limits.work,
		first: make([]uint32, len(g.slot)), known: make([]uint16, len(g.slot)),
		folders: facts{limit: g.limits.trim}, blobs: facts{limit: g.limits.trim},
	}
	for i := range g.arenas {
		p.left += workPerEntry * len(g.arenas[i].entries)
	}
	layer := make([]uint64, len(roots))
	for i, t := range roots {
		layer[i] = uint64(t) << 32
	}
	for depth := 0; len(layer) > 0; depth++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		layer = p.trim(layer)
		if depth > g.limits.depth {
			p.drop(layer, errTooDeep)
			break
		}
		for at := 0; at < len(layer); {
			t := layer[at] >> 32
			p.first[t] = uint32(at)
			from := at
			for at < len(layer) && layer[at]>>32 == t {
				at++
			}
			p.known[t] += uint16(at - from)
		}
		if !p.below(layer) {
			break
		}
		layer = p.folders.list
		p.folders.list = nil
	}
	clear(p.known)
	g.holders = slices.Clip(p.trim(p.blobs.list))
	slices.Sort(p.subs)
	g.subs = slices.Clip(slices.Compact(p.subs))
	p.tell(report)
	return nil
}

// layers is what layPaths works with. What stands where is object<<32 | path.
type layers struct {
	g     *Graph
	first []uint32 // by Num: where the paths of a tree begin in the layer; anything if it is not in it
	known []uint16 // by Num: how many paths a tree has, in this layer and those above

	folders facts // of the next layer
	blobs   facts
	subs    []uint32
	left    int // work
	stack   []part
	other   []uint64 // for sort

	dropped []pack.Num // trees and blobs with more paths than are kept
	why     error
}

// facts are a list of what stands where that is trimmed when it reaches limit.
type facts struct {
	list  []uint64
	limit int
}

// below adds what the trees of a layer hold. It returns false if that is more
// than the limits allow.
func (p *layers) below(layer []uint64) bool {
	for at := 0; at < len(layer); {
		t := pack.Num(layer[at] >> 32)
		base, _, entries := p.g.tree(t)
		var beside []uint64 // the paths of base
		if base != None {
			from := min(int(p.first[base]), len(layer)) // it may be of an earlier layer
			to := from
			for to < len(layer) && layer[to]>>32 == uint64(base) {
				to++
			}
			beside = layer[from:to]
		}
		for ; at < len(layer) && pack.Num(layer[at]>>32) == t; at++ {
			path := uint32(layer[at])
			for len(beside) > 0 && uint32(beside[0]) < path {
				beside = beside[1:]
			}
			full := false
			add := func(e entry) { full = !p.add(path, e) || full }
			if len(beside) > 0 && uint32(beside[0]) == path {
				for _, e := range entries {
					add(e)
				}
				p.left -= len(entries)
			} else {
				p.left -= p.g.eachEntry(t, &p.stack, add)
			}
			if full || p.left < 0 || !p.fits(&p.folders) || !p.fits(&p.blobs) {
				p.drop(layer[at:], errTooMany)
				p.drop(p.folders.list, errTooMany)
				return false
			}
		}
	}
	return true
}

// add adds what an entry of a tree at a path leads to. It returns false if there
// is no room for another path.
func (p *layers) add(path uint32, e entry) bool {
	g := p.g
	if e.kind() == kindMissing {
		return true
	}
	at, ok := g.paths.add(path, e.nameID(), g.names, g.limits.nodes)
	switch {
	case !ok:
		return false
	case e.kind() == kindSubmodule:
		p.subs = append(p.subs, at)
	case int(g.paths.nodes[at].length) > g.limits.length:
		p.drop([]uint64{uint64(e.child) << 32}, errTooDeep)
	case e.kind() == kindTree:
		p.folders.list = append(p.folders.list, uint64(e.child)<<32|uint64(at))
	default:
		p.blobs.list = append(p.blobs.list, uint64(e.child)<<32|uint64(at))
	}
	return true
}

// fits makes room, and returns false if there is none.
func (p *layers) fits(f *facts) bool {
	if len(f.list) < f.limit {
		return true
	}
	f.list = p.trim(f.list)
	for len(f.list) > f.limit/2 {
		f.limit *= 2
	}
	return len(f.list) <= p.g.limits.facts
}

// trim sorts what stands where, and lets go of what is there twice and of paths
// beyond those that an object may have. Which paths stay does not depend on the
// order in which they came.
func (p *layers) trim(list []uint64) []uint64 {
	p.sort(list)
	list = slices.Compact(list)
	kept := list[:0]
	for at := 0; at < len(list); {
		n := pack.Num(list[at] >> 32)
		from := at
		for at < len(list) && pack.Num(list[at]>>32) == n {
			at++
		}
		paths := list[from:at]
		if room := p.g.limits.paths - int(p.known[n]); len(paths) > room {
			p.drop(paths[:1], errTooMany)
			nodes := p.g.paths.nodes
			slices.SortFunc(paths, func(a, b uint64) int { return cmp.Compare(nodes[uint32(a)].hash, nodes[uint32(b)].hash) })
			paths = paths[:room]
			slices.Sort(paths)
		}
		kept = append(kept, paths...)
	}
	return kept
}

// sort sorts a list: by its digits, as lists are long.
func (p *layers) sort(list []uint64) {
	const digit, few = 11, 1 << 10
	if len(list) < few {
		slices.Sort(list)
		return
	}
	p.other = slices.Grow(p.other[:0], len(list))[:len(list)]
	from, to := list, p.other
	// The bits in between are zero in all.
	all := uint64(0)
	for _, x := range list {
		all |= x
	}
	for shift := 0; all>>shift > 0; shift += digit {
		if all>>shift&(1<<digit-1) == 0 {
			continue
		}
		var at [1 << digit]uint32
		for _, x := range from {
			at[x>>shift&(1<<digit-1)]++
		}
		sum := uint32(0)
		for d := range at {
			at[d], sum = sum, sum+at[d]
		}
		for _, x := range from {
			d := x >> shift & (1<<digit - 1)
			to[at[d]] = x
			at[d]++
		}
		from, to = to, from
	}
	if &from[0] != &list[0] {
		copy(list, from)
	}
}

// drop remembers that paths of objects are not kept.
func (p *layers) drop(list []uint64, why error) {
	for _, f := range list {
		if n := pack.Num(f >> 32); len(p.dropped) == 0 || p.dropped[len(p.dropped)-1] != n {
			p.dropped = append(p.dropped, n)
		}
	}
	if p.why == nil && len(list) > 0 {
		p.why = why
	}
	if len(p.dropped) > 1<<20 {
		slices.Sort(p.dropped)
		p.dropped = slices.Compact(p.dropped)
	}
}

// tell marks the blobs of which not all paths are known, and reports that there
// are any.
func (p *layers) tell(report func(error)) {
	if len(p.dropped) == 0 {
		return
	}
	g := p.g
	cut := newBits(len(g.slot))
	var trees []pack.Num
	for _, n := range p.dropped {
		if g.s.Type(n) == pack.Tree {
			trees = append(trees, n)
		} else {
			cut.set(n)
		}
	}
	g.mark(trees, cut, newBits(g.missing.total))
	// The empty file, of which every folder can have one, hides nothing.
	blobs, first := 0, None
	for n := range pack.Num(len(g.slot)) {
		if cut.has(n) && g.s.Type(n) == pack.Blob && !isEmptyBlob(g.id(n)) {
			blobs++
			first = min(first, n)
		}
	}
	if blobs > 0 {
		g.cut = cut
		report(&Error{ID: g.id(first), Type: pack.Blob, Err: fmt.Errorf("%w: %d files", p.why, blobs)})
	}
}

// isEmptyBlob reports whether an id is that of a file without content.
func isEmptyBlob(id string) bool {
	return id == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391" ||
		id == "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"
}

// Paths returns the paths at which a blob ever stood in what is in scope: those
// below the tree of any commit, and below trees that are in no other tree. They
// are slash-separated as git stores them, distinct and sorted. There are none
// for a blob that no tree holds, and at most MaxPaths.
func (g *Graph) Paths(blob pack.Num) []string {
	at, _ := slices.BinarySearch(g.holders, uint64(blob)<<32)
	end := at
	for end < len(g.holders) && pack.Num(g.holders[end]>>32) == blob {
		end++
	}
	if at == end {
		return nil
	}
	paths := make([]string, 0, end-at)
	for _, h := range g.holders[at:end] {
		paths = append(paths, g.paths.path(uint32(h), g.names))
	}
	if len(paths) > 1 {
		slices.Sort(paths)
		paths = slices.Compact(paths) // a name can hold a slash, in trees that git did not write
	}
	return paths
}

// Truncated reports whether a blob stands at paths that Paths does not return.
func (g *Graph) Truncated(blob pack.Num) bool { return g.cut != nil && g.cut.has(blob) }

// AllPaths yields every path at which a blob in scope ever stood, sorted, with
// the blob of the lowest id that did.
func (g *Graph) AllPaths() iter.Seq2[string, pack.Num] {
	return func(yield func(string, pack.Num) bool) {
		type file struct {
			path string
			blob pack.Num
		}
		var files []file
		seen := newBits(len(g.paths.nodes))
		for _, h := range g.holders { // ascending by blob, and so by id
			if n := pack.Num(h >> 32); g.Wanted(n) && seen.add(pack.Num(uint32(h))) {
				files = append(files, file{g.paths.path(uint32(h), g.names), n})
			}
		}
		slices.SortStableFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
		for i, f := range files {
			if i > 0 && files[i-1].path == f.path {
				continue
			}
			if !yield(f.path, f.blob) {
				return
			}
		}
	}
}
