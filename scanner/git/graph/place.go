package graph

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/pack"
)

// A twig is an entry of a tree that leads to what is held: a blob that is, or a
// tree with twigs.
type twig struct {
	tree  uint32 // place in teller.trees
	word  uint32 // place in Graph.names; once all are known, in teller.words
	child pack.Num
}

// A spot is an entry of a tree as a new one: where it comes from.
type spot struct {
	tree  pack.Num
	entry uint32 // its place among the tree's
	name  uint32
}

// findTrees finds the trees that lead to what is held, from below: an entry that
// leads to it is new in some tree, and copied by those made from that one.
func (t *teller) findTrees() {
	g := t.g
	t.treeAt = make([]uint32, len(g.slot))
	if len(t.holds) == 0 {
		return
	}
	wanted := newBits(len(g.slot))
	var queue []pack.Num
	for n := range t.holds {
		wanted.set(n)
		queue = append(queue, n)
	}
	spots, spotsAt := g.spots(wanted)
	derived, derivedAt := g.derived()

	var stack []spot
	steps := 0
	for len(queue) > 0 {
		child := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		stack = append(stack[:0], spots[spotsAt[child]:spotsAt[child+1]]...)
		for len(stack) > 0 {
			s := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if t.treeAt[s.tree] == 0 {
				t.trees = append(t.trees, s.tree)
				t.treeAt[s.tree] = uint32(len(t.trees))
				queue = append(queue, s.tree)
			}
			steps += 1 + int(derivedAt[s.tree+1]-derivedAt[s.tree])
			if t.over(len(t.twigs) >= g.limits.twigs || steps > g.limits.steps) {
				queue = nil
				break
			}
			t.twigs = append(t.twigs, twig{t.treeAt[s.tree] - 1, s.name, child})
			for _, d := range derived[derivedAt[s.tree]:derivedAt[s.tree+1]] {
				_, spans, _ := g.tree(d)
				// The first that begins behind the entry.
				i, _ := slices.BinarySearchFunc(spans, s.entry, func(c span, entry uint32) int {
					if c.from <= entry {
						return -1
					}
					return 1
				})
				if i > 0 && s.entry-spans[i-1].from < spans[i-1].n {
					stack = append(stack, spot{d, spans[i-1].at + s.entry - spans[i-1].from, s.name})
				}
			}
		}
	}
	t.sortTwigs()
}

// over notes that a limit is exceeded, if it is.
func (t *teller) over(is bool) bool {
	t.cut = t.cut || is
	return is
}

// spots returns where trees, and the blobs that are wanted, are new entries:
// those of object n are spots[at[n]:at[n+1]].
func (g *Graph) spots(wanted bits) (spots []spot, at []uint32) {
	at = make([]uint32, len(g.slot)+2)
	takes := func(e entry) bool {
		return e.kind() == kindTree || e.kind() == kindBlob && wanted.has(pack.Num(e.child))
	}
	for i := range g.arenas {
		for _, e := range g.arenas[i].entries {
			if takes(e) {
				at[e.child+2]++
			}
		}
	}
	total := uint32(0)
	for i := range at {
		total += at[i]
		at[i] = total
	}
	spots = make([]spot, total)
	for i := range g.arenas {
		a := &g.arenas[i]
		for j := range a.trees {
			_, spans, entries := a.get(j)
			place := uint32(0)
			for _, e := range entries {
				for len(spans) > 0 && spans[0].at == place {
					place += spans[0].n
					spans = spans[1:]
				}
				if takes(e) {
					spots[at[e.child+1]] = spot{a.trees[j].num, place, e.nameID()}
					at[e.child+1]++
				}
				place++
			}
		}
	}
	return spots, at
}

// derived returns which trees are made from which: those from tree n are
// trees[at[n]:at[n+1]].
func (g *Graph) derived() (trees []pack.Num, at []uint32) {
	at = make([]uint32, len(g.slot)+2)
	for i := range g.arenas {
		for _, t := range g.arenas[i].trees {
			if t.base != None {
				at[t.base+2]++
			}
		}
	}
	total := uint32(0)
	for i := range at {
		total += at[i]
		at[i] = total
	}
	trees = make([]pack.Num, total)
	for i := range g.arenas {
		for _, t := range g.arenas[i].trees {
			if t.base != None {
				trees[at[t.base+1]] = t.num
				at[t.base+1]++
			}
		}
	}
	return trees, at
}

// sortTwigs sorts the trees, the twigs by tree, and numbers their names by their
// order: nothing of the order in which they were found is left.
func (t *teller) sortTwigs() {
	found := slices.Clone(t.trees)
	slices.Sort(t.trees)
	for i, n := range t.trees {
		t.treeAt[n] = uint32(i) + 1
	}
	for i := range t.twigs {
		t.twigs[i].tree = t.treeAt[found[t.twigs[i].tree]] - 1
	}
	used := newBits(len(t.g.names))
	t.twigsAt = make([]uint32, len(t.trees)+1)
	for _, w := range t.twigs {
		used.set(pack.Num(w.word))
		t.twigsAt[w.tree]++
	}
	var ids []uint32
	for id := range uint32(len(t.g.names)) {
		if used.has(pack.Num(id)) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b uint32) int { return strings.Compare(t.g.names[a], t.g.names[b]) })
	words := make(map[uint32]uint32, len(ids))
	for i, id := range ids {
		words[id] = uint32(i)
		t.words = append(t.words, t.g.names[id])
	}
	sum := uint32(0)
	for i := range t.twigsAt {
		t.twigsAt[i], sum = sum, sum+t.twigsAt[i]
	}
	// Each twig goes where the twigs of its tree are, in place of one that goes
	// on in the same way.
	next := slices.Clone(t.twigsAt)
	for i := range t.trees {
		for at := next[i]; at < t.twigsAt[i+1]; at = next[i] {
			w := t.twigs[at]
			for w.tree != uint32(i) {
				to := next[w.tree]
				next[w.tree]++
				w, t.twigs[to] = t.twigs[to], w
			}
			t.twigs[at] = w
			next[i]++
		}
	}
	for i := range t.twigs {
		t.twigs[i].word = words[t.twigs[i].word]
	}
	for i := range t.trees {
		slices.SortFunc(t.twigsOf(uint32(i)), func(a, b twig) int {
			return cmp.Or(cmp.Compare(a.word, b.word), cmp.Compare(a.child, b.child))
		})
	}
}

// twigsOf returns the twigs of a tree by its place in trees.
func (t *teller) twigsOf(i uint32) []twig { return t.twigs[t.twigsAt[i]:t.twigsAt[i+1]] }

// A node is what trees hold that differ in nothing but what holds no secret, and
// in the versions of files that hold the same ones. Node 0 holds nothing.
type node struct {
	branches uint32 // where they begin in teller.branches; they end where those of the next begin
	set      uint32 // all secrets below
}

// A branch is a name in a node.
type branch struct {
	word uint32
	node uint32 // leafBit | a set: a file that holds these
}

const leafBit = 1 << 31

// foldTrees makes nodes of the trees, from below.
func (t *teller) foldTrees() {
	const open = 1<<32 - 1 // entered, not left: if it is met again, it is below itself
	t.nodes = []node{{}}
	t.shapes = make(map[uint64][]uint32)
	t.nodeAt = make([]uint32, len(t.trees))
	type frame struct{ tree, twig uint32 }
	var stack []frame
	var branches []branch
	for i := range uint32(len(t.trees)) {
		if t.nodeAt[i] == 0 {
			t.nodeAt[i] = open
			stack = append(stack, frame{i, t.twigsAt[i]})
		}
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.twig < t.twigsAt[f.tree+1] {
				at := t.treeAt[t.twigs[f.twig].child]
				f.twig++
				if at != 0 && t.nodeAt[at-1] == 0 {
					t.nodeAt[at-1] = open
					stack = append(stack, frame{at - 1, t.twigsAt[at-1]})
				}
				continue
			}
			branches = branches[:0]
			for _, w := range t.twigsOf(f.tree) {
				if at := t.treeAt[w.child]; at != 0 {
					if n := t.nodeAt[at-1]; n != open {
						branches = append(branches, branch{w.word, n})
					}
				} else {
					branches = append(branches, branch{w.word, leafBit | t.holds[w.child]})
				}
			}
			t.nodeAt[f.tree] = t.node(branches)
			stack = stack[:len(stack)-1]
		}
	}
}

// node returns the node of branches.
func (t *teller) node(branches []branch) uint32 {
	if len(branches) == 0 {
		return 0
	}
	slices.SortFunc(branches, func(a, b branch) int {
		return cmp.Or(cmp.Compare(a.word, b.word), cmp.Compare(a.node, b.node))
	})
	branches = slices.Compact(branches)
	h := uint64(14695981039346656037)
	for _, b := range branches {
		h = (h ^ uint64(b.word)<<32 ^ uint64(b.node)) * 1099511628211
		h ^= h >> 32
	}
	for _, n := range t.shapes[h] {
		if slices.Equal(t.branchesOf(n), branches) {
			return n
		}
	}
	n := uint32(len(t.nodes))
	var all []uint32
	for _, b := range branches {
		all = append(all, t.sets.list(t.setOf(b.node))...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if t.over(len(t.sets.items)+len(all) > t.g.limits.items) {
		all = nil
	}
	t.nodes = append(t.nodes, node{branches: uint32(len(t.branches)), set: t.sets.add(all)})
	t.branches = append(t.branches, branches...)
	t.shapes[h] = append(t.shapes[h], n)
	return n
}

func (t *teller) branchesOf(n uint32) []branch {
	if n == 0 {
		return nil
	}
	if int(n)+1 < len(t.nodes) {
		return t.branches[t.nodes[n].branches:t.nodes[n+1].branches]
	}
	return t.branches[t.nodes[n].branches:]
}

// setOf returns the secrets that the node of a branch holds.
func (t *teller) setOf(n uint32) uint32 {
	if n&leafBit != 0 {
		return n &^ leafBit
	}
	return t.nodes[n].set
}

// nodeOf returns the node of a tree.
func (t *teller) nodeOf(tree pack.Num) uint32 {
	if tree == None || t.treeAt[tree] == 0 {
		return 0
	}
	return t.nodeAt[t.treeAt[tree]-1]
}

// A place is where a secret was.
type place struct {
	path        uint32   // in teller.where
	text        pack.Num // the commit or tag whose own text it is; None
	first, last uint32   // ranks of commits; first is never for the text of a tag of no commit
	atHead      bool
}

// findPlaces finds the paths of the secrets: when they came there, and when they
// were last there.
func (t *teller) findPlaces() {
	t.where = newTrie()
	t.live = make([]bool, 1)
	t.placeAt = make(map[uint64]uint32)
	seen := make(map[uint64]struct{})
	if t.head != never {
		// First, as these are told if there are too many.
		t.eachPlace(t.roots[t.rootOf[t.head]].node, true, seen, func(p *place) { p.atHead = true })
	}
	roots := slices.Clone(t.roots[1:])
	slices.SortFunc(roots, func(a, b root) int { return cmp.Compare(a.first, b.first) })
	clear(seen)
	for _, r := range roots {
		t.eachPlace(r.node, true, seen, func(p *place) { p.first = min(p.first, r.first) })
	}
	slices.SortFunc(roots, func(a, b root) int { return cmp.Compare(b.last, a.last) })
	clear(seen)
	for _, r := range roots {
		t.eachPlace(r.node, false, seen, func(p *place) { p.last = max(p.last, r.last) })
	}
	if t.head != never {
		for i := range t.told {
			for j := range t.told[i].places {
				if p := &t.told[i].places[j]; p.atHead {
					p.last = t.rank[t.head]
				}
			}
		}
	}
}

// eachPlace calls f for each secret at each path below the node of a commit's
// tree, but for those in folders that have been seen at the same path, by calls
// for other commits. If add is false, only places that are known are told.
func (t *teller) eachPlace(root uint32, add bool, seen map[uint64]struct{}, f func(*place)) {
	limits := t.g.limits
	full := func(set uint32) bool {
		for _, s := range t.sets.list(set) {
			if len(t.told[s].places) < limits.places {
				return false
			}
		}
		return true
	}
	type item struct{ node, path uint32 }
	stack := []item{{root, 0}}
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		fresh := add && !full(t.nodes[top.node].set)
		if !fresh && !t.live[top.path] {
			continue
		}
		if _, ok := seen[uint64(top.node)<<32|uint64(top.path)]; ok {
			continue
		}
		branches := t.branchesOf(top.node)
		t.steps += len(branches)
		if t.over(len(seen) >= limits.facts || t.steps > limits.steps) {
			return
		}
		seen[uint64(top.node)<<32|uint64(top.path)] = struct{}{}
		for _, b := range branches {
			nodes := 0 // only what is known
			if fresh {
				nodes = limits.nodes
			}
			path, ok := t.where.add(top.path, b.word, t.words, nodes)
			if !ok || int(t.where.nodes[path].length) > limits.length {
				continue
			}
			for len(t.live) < len(t.where.nodes) {
				t.live = append(t.live, false)
			}
			if b.node&leafBit == 0 {
				stack = append(stack, item{b.node, path})
				continue
			}
			for _, s := range t.sets.list(t.setOf(b.node)) {
				key := uint64(s)<<32 | uint64(path)
				places := &t.told[s].places
				at, known := t.placeAt[key]
				if !known {
					if !fresh || len(*places) >= limits.places {
						continue
					}
					at = uint32(len(*places))
					t.placeAt[key] = at
					*places = append(*places, place{path: path, text: None, first: never})
					for up := path; !t.live[up]; up = t.where.nodes[up].parent {
						t.live[up] = true
					}
				}
				f(&(*places)[at])
			}
		}
	}
}

// show returns the places of a secret that are told, in order.
func (t *teller) show(secret uint32, places []place) []scanner.Place {
	paths := make(map[uint32]string, len(places))
	for _, p := range places {
		paths[p.path] = t.where.path(p.path, t.words)
	}
	slices.SortFunc(places, func(a, b place) int {
		switch {
		case a.atHead && !b.atHead:
			return -1
		case b.atHead && !a.atHead:
			return 1
		case a.last != b.last:
			return cmp.Compare(b.last, a.last)
		case a.path != b.path:
			return strings.Compare(paths[a.path], paths[b.path])
		}
		return cmp.Compare(a.text, b.text)
	})
	var shown []scanner.Place
	for _, p := range places[:min(len(places), scanner.MaxStoryPlaces)] {
		place := scanner.Place{AtHead: p.atHead}
		if p.first != never {
			place.Commit = t.info(p.first)
		}
		blob := p.text
		if blob == None {
			place.Path = paths[p.path]
			blob = t.blobAt(t.g.commits[t.ranked[p.last]].tree, p.path, secret)
		}
		if blob != None {
			place.Blob = t.g.id(blob)
		}
		shown = append(shown, place)
	}
	return shown
}

// maxSteps is how many entries are tried for a path: more than folders that it
// has only where trees hold a name several times.
const maxSteps = 100_000

// blobAt returns the blob that holds a secret at a path below a tree.
func (t *teller) blobAt(tree pack.Num, path, secret uint32) pack.Num {
	var words []uint32
	for ; path != 0; path = t.where.nodes[path].parent {
		words = append(words, t.where.nodes[path].name)
	}
	type item struct {
		object pack.Num
		words  int // of which so many are left
	}
	stack := []item{{tree, len(words)}}
	for range maxSteps {
		if len(stack) == 0 {
			break
		}
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		at := t.treeAt[top.object]
		if top.words == 0 {
			if at == 0 && t.sets.has(t.holds[top.object], secret) {
				return top.object
			}
			continue
		}
		if at == 0 {
			continue
		}
		twigs := t.twigsOf(at - 1)
		i, _ := slices.BinarySearchFunc(twigs, words[top.words-1], func(w twig, word uint32) int { return cmp.Compare(w.word, word) })
		for ; i < len(twigs) && twigs[i].word == words[top.words-1]; i++ {
			stack = append(stack, item{twigs[i].child, top.words - 1})
		}
	}
	return None
}
