package graph

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// An entry is one of a tree.
type entry struct {
	name  uint32 // kind<<30 | its place in Graph.names
	child uint32 // a Num; of kindMissing, a place in missing.names; of kindSubmodule, 0
}

func (e entry) kind() uint32 { return e.name >> 30 }

func (e entry) nameID() uint32 { return e.name & maxNames }

// The kinds of entries go by what the object is, not by the mode: a tree whose
// mode says file is looked into.
const (
	kindBlob = iota
	kindTree
	kindSubmodule
	kindMissing
)

const maxNames = 1<<30 - 1

// A span is a run of entries that a tree has from the one it is made from. The
// spans of a tree ascend in both.
type span struct {
	from uint32 // place of the first among the entries of the base
	at   uint32 // its place here
	n    uint32
}

// A tree is its spans and, in the gaps that they leave, its entries that are
// new.
type tree struct {
	num     pack.Num
	base    pack.Num // None: all entries are new
	spans   uint32   // where they begin in the arena; they end where those of the next tree begin
	entries uint32
}

// An arena holds the trees that one worker read.
type arena struct {
	trees   []tree
	spans   []span
	entries []entry
}

// get returns the tree at a place, its spans, and its new entries.
func (a *arena) get(i int) (base pack.Num, spans []span, entries []entry) {
	t := &a.trees[i]
	if i+1 < len(a.trees) {
		return t.base, a.spans[t.spans:a.trees[i+1].spans], a.entries[t.entries:a.trees[i+1].entries]
	}
	return t.base, a.spans[t.spans:], a.entries[t.entries:]
}

// tree returns what tree n is made from, its spans of that, and its new entries.
// It is nothing if n was not read.
func (g *Graph) tree(n pack.Num) (base pack.Num, spans []span, entries []entry) {
	at := g.slot[n]
	if at == 0 {
		return None, nil, nil
	}
	w := uint32(len(g.arenas))
	return g.arenas[(at-1)%w].get(int((at - 1) / w))
}

// A part is a run of the entries of a tree.
type part struct {
	tree   pack.Num
	lo, hi uint32
}

// eachEntry calls f for all entries of a tree, in no order that could be told.
// It returns how much work that was. stack is used again.
func (g *Graph) eachEntry(n pack.Num, stack *[]part, f func(entry)) (work int) {
	s := append((*stack)[:0], part{n, 0, 1<<32 - 1})
	for len(s) > 0 {
		p := s[len(s)-1]
		s = s[:len(s)-1]
		base, spans, entries := g.tree(p.tree)
		// at is the place in the tree of entries[0].
		at := uint32(0)
		fresh := func(n uint32) {
			lo, hi := max(p.lo, at), min(p.hi, at+n)
			if lo < hi {
				for _, e := range entries[lo-at : hi-at] {
					f(e)
				}
				work += int(hi - lo)
			}
			entries = entries[n:]
			at += n
		}
		work += len(spans) + 1
		for _, c := range spans {
			fresh(c.at - at)
			if lo, hi := max(p.lo, at), min(p.hi, at+c.n); lo < hi {
				s = append(s, part{base, c.from + lo - at, c.from + hi - at})
			}
			at += c.n
		}
		fresh(uint32(len(entries)))
	}
	*stack = s
	return work
}

// A version is what of a tree those need that are made from it.
type version struct {
	isTree bool
	num    pack.Num
	starts []uint32 // where in its bytes each entry begins, and where the last one ends; nil: not kept
	kept   int      // how many starts are kept of it and what it is made from
	odd    []oddity // ascending
}

// An oddity is what is wrong with an entry: those that copy it share it.
type oddity struct {
	entry uint32
	err   error
}

// maxOdd is how many oddities of a tree are kept: one is told.
const maxOdd = 100

// A reader reads the objects that one worker visits.
type reader struct {
	g       *Graph
	shared  *interner
	names   map[string]uint32 // those of shared that this worker met
	report  func(error)
	worker  uint32
	workers uint32

	arena   arena
	commits []commit
	parents []pack.Num // of commits
	tags    []tag
	missing []missingFrom

	links links
	raw   [64]byte

	// Of the tree being read.
	data   []byte
	pos    int // all before is read
	starts []uint32
	odd    []oddity
	cut    bool     // what is left is no entry
	again  []uint32 // starts of its base, if that did not keep them
}

type tag struct{ num, object pack.Num }

func newReader(g *Graph, names *interner, worker, workers uint32, report func(error)) *reader {
	return &reader{g: g, shared: names, names: make(map[string]uint32), worker: worker, workers: workers, report: report}
}

func (r *reader) visit(o *pack.Object, base version) version {
	if o.Large {
		r.problem(o, errSize, false)
		return version{}
	}
	switch o.Type {
	case pack.Commit:
		r.commit(o)
	case pack.Tag:
		r.tag(o)
	case pack.Tree:
		return r.tree(o, base)
	}
	return version{}
}

func (r *reader) problem(o *pack.Object, err error, harmless bool) {
	r.report(&Error{ID: r.g.id(o.Num), Type: o.Type, Err: err, Harmless: harmless})
}

func (r *reader) commit(o *pack.Object) {
	lost, odd := parseLinks(o.Data, r.g.hashSize, &r.links)
	switch {
	case lost != nil:
		r.problem(o, lost, false)
	case odd != nil:
		r.problem(o, odd, true)
	}
	c := commit{num: o.Num, tree: None, date: r.links.date, parents: uint32(len(r.parents))}
	if r.links.tree != nil {
		c.tree = r.find(o.Num, r.links.tree, false)
	}
	for _, id := range r.links.parents {
		if p := r.find(o.Num, id, true); p != None {
			r.parents = append(r.parents, p)
		}
	}
	r.commits = append(r.commits, c)
}

func (r *reader) tag(o *pack.Object) {
	t := tag{o.Num, None}
	if id := parseTag(o.Data, r.g.hashSize); id == nil {
		r.problem(o, errNoObject, false)
	} else {
		t.object = r.find(o.Num, id, false)
	}
	r.tags = append(r.tags, t)
}

// find returns the object that a commit or tag names in hexadecimal, None if it
// is not in the store.
func (r *reader) find(by pack.Num, id []byte, parent bool) pack.Num {
	n, err := hex.Decode(r.raw[:], id)
	if err != nil {
		panic("cork: internal error: id is not hexadecimal")
	}
	if found, ok := r.g.s.Find(r.raw[:n]); ok {
		return found
	}
	r.missing = append(r.missing, missingFrom{by: by, name: r.shared.lost(r.raw[:n]), parent: parent})
	return None
}

// tree reads a tree: what it copies from its base is known there, and only what
// is left is parsed.
func (r *reader) tree(o *pack.Object, base version) version {
	r.data, r.pos, r.starts, r.odd, r.cut = o.Data, 0, r.starts[:0], r.odd[:0], false
	t := tree{num: o.Num, base: None, spans: uint32(len(r.arena.spans)), entries: uint32(len(r.arena.entries))}
	if base.isTree && o.Ops != nil {
		if base.starts == nil {
			r.again = appendStarts(r.again[:0], o.Base, r.g.hashSize)
			base.starts = r.again
		}
		r.copies(o.Ops, base)
		if uint32(len(r.arena.spans)) > t.spans {
			t.base = base.num
		}
	}
	for r.pos < len(r.data) && !r.cut {
		r.fresh()
	}
	r.arena.trees = append(r.arena.trees, t)
	r.g.slot[o.Num] = uint32(len(r.arena.trees)-1)*r.workers + r.worker + 1

	switch {
	case r.cut:
		r.problem(o, fmt.Errorf("%w at byte %d of %d", errCut, r.pos, len(r.data)), false)
	case len(r.odd) > 0:
		first := r.odd[0]
		end := r.pos
		if int(first.entry)+1 < len(r.starts) {
			end = int(r.starts[first.entry+1])
		}
		e := splitEntry(r.data[r.starts[first.entry]:end], r.g.hashSize)
		r.problem(o, fmt.Errorf("entry %.200q: %w", e.name, first.err), true)
	}
	v := version{isTree: true, num: o.Num, kept: base.kept, odd: slices.Clone(r.odd)}
	// A line of a thousand trees, each made from the one before, can have a
	// million entries in each.
	if n := len(r.starts) + 1; base.kept+n <= r.g.limits.starts {
		v.kept += n
		v.starts = make([]uint32, n)
		copy(v.starts, r.starts)
		v.starts[n-1] = uint32(r.pos)
	}
	return v
}

// appendStarts appends where the entries of a tree begin, and where the last
// one ends.
func appendStarts(starts []uint32, data []byte, hashSize int) []uint32 {
	pos := 0
	for {
		starts = append(starts, uint32(pos))
		_, size := cutEntry(data[pos:], hashSize)
		if size == 0 {
			return starts
		}
		pos += size
	}
}

// copies reads the entries up to the last that is copied as a whole from the
// base.
func (r *reader) copies(ops []pack.Op, base version) {
	entries := len(base.starts) - 1
	next := 0 // entry of the base: only what comes from there on is taken as copied, so that spans ascend
	end := 0  // of the op, in the tree
	for i := 0; i < len(ops) && !r.cut; i++ {
		op, start := ops[i], end
		for op.From >= 0 && i+1 < len(ops) && ops[i+1].From == op.From+op.Len {
			i++
			op.Len += ops[i].Len
		}
		end += op.Len
		if op.From < 0 {
			continue
		}
		for r.pos < start && !r.cut {
			r.fresh()
		}
		for r.pos < end && !r.cut {
			from := uint32(op.From + r.pos - start)
			first, aligned := slices.BinarySearch(base.starts[next:], from)
			first += next
			if !aligned || first >= entries {
				r.fresh()
				continue
			}
			last, aligned := slices.BinarySearch(base.starts[first:], uint32(op.From+op.Len))
			last += first
			if !aligned {
				last-- // ends within an entry
			}
			if last > first {
				r.span(base, first, last)
				next = last
			}
			break // what is left of the op is a part of an entry
		}
	}
}

// span takes the entries from first to last, exclusive, of the base.
func (r *reader) span(base version, first, last int) {
	at := len(r.starts)
	r.arena.spans = append(r.arena.spans, span{from: uint32(first), at: uint32(at), n: uint32(last - first)})
	shift := uint32(r.pos) - base.starts[first] // may wrap, as it is added only
	for _, start := range base.starts[first:last] {
		r.starts = append(r.starts, start+shift)
	}
	begin := r.pos
	r.pos = int(base.starts[last] + shift)
	stop := int(base.starts[first+1] + shift)
	twice := r.twice(at, r.data[begin:stop])
	odd := base.odd
	for len(odd) > 0 && int(odd[0].entry) < first {
		odd = odd[1:]
	}
	if len(odd) > 0 && int(odd[0].entry) == first {
		if odd[0].err == errTwice {
			odd = odd[1:] // that is about the entry before it there
		} else {
			twice = false
		}
	}
	if twice {
		r.note(at, errTwice)
	}
	for ; len(odd) > 0 && int(odd[0].entry) < last; odd = odd[1:] {
		r.note(int(odd[0].entry)-first+at, odd[0].err)
	}
}

// note remembers what is wrong with an entry.
func (r *reader) note(at int, err error) {
	if len(r.odd) < maxOdd {
		r.odd = append(r.odd, oddity{uint32(at), err})
	}
}

// twice reports whether the entry at a place has the name of the one before it.
func (r *reader) twice(at int, entry []byte) bool {
	if at == 0 {
		return false
	}
	before, ids := r.data[r.starts[at-1]:r.starts[at]], r.g.hashSize+1
	// Few names end like the one before them.
	if len(before) > ids && len(entry) > ids && before[len(before)-ids-1] != entry[len(entry)-ids-1] {
		return false
	}
	return bytes.Equal(splitEntry(before, r.g.hashSize).name, splitEntry(entry, r.g.hashSize).name)
}

// fresh reads one entry that is not copied.
func (r *reader) fresh() {
	raw, size := cutEntry(r.data[r.pos:], r.g.hashSize)
	if size == 0 {
		r.cut = true
		return
	}
	at := len(r.starts)
	r.starts = append(r.starts, uint32(r.pos))
	kind, child, err := r.child(raw)
	if err == nil && !isName(raw.name) {
		err = errName
	}
	if err == nil && r.twice(at, r.data[r.pos:r.pos+size]) {
		err = errTwice
	}
	if err != nil {
		r.note(at, err)
	}
	r.arena.entries = append(r.arena.entries, entry{name: kind<<30 | r.name(raw.name), child: child})
	r.pos += size
}

// child finds what an entry leads to.
func (r *reader) child(raw rawEntry) (kind, child uint32, odd error) {
	const format, folder, file, link, submodule = 0o170000, 0o040000, 0o100000, 0o120000, 0o160000
	mode := raw.mode & format
	if mode == submodule && raw.mode != badMode {
		return kindSubmodule, 0, nil
	}
	if raw.mode == badMode || mode != folder && mode != file && mode != link {
		odd = errMode
	}
	n, ok := r.g.s.Find(raw.id)
	if !ok {
		return kindMissing, r.shared.lost(raw.id), odd
	}
	isTree := mode == folder
	switch r.g.s.Type(n) {
	case pack.Tree:
		isTree = true
	case pack.Blob, pack.Commit, pack.Tag:
		isTree = false
	}
	if odd == nil && isTree != (mode == folder) {
		odd = errKind
	}
	if isTree {
		return kindTree, uint32(n), odd
	}
	return kindBlob, uint32(n), odd
}

func (r *reader) name(name []byte) uint32 {
	id, ok := r.names[string(name)]
	if !ok {
		own := string(name)
		id = r.shared.name(own)
		r.names[own] = id
	}
	return id
}
