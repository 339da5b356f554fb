package graph

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/pack"
)

// A Ref is a branch, a tag, or another name.
type Ref struct {
	Name   string   // in full
	Object pack.Num // what it names; a tag is peeled
}

// A Holding says that an object holds a secret: a blob, or a commit or tag whose
// own text does.
type Holding struct {
	Secret int // 0 to the number of secrets, exclusive
	Blob   pack.Num
}

// Stories tells what became of secrets, by which objects hold them. All commits
// of the store count, in scope or not.
//
// head is the commit that HEAD names, or None. refs are those that make a secret
// reachable, as head does: what only a stash or a reflog names is left out by
// the caller. now is the end of what is exposed until today.
//
// Of two commits the earlier one is that with the earlier committer date, where
// no commit counts as earlier than its parents, whatever the clocks said; where
// dates are equal, the one that fewer commits lead up to; then that of the lower
// id. Days are counted by these dates.
//
// Locations have a path, a blob and a commit: the lines are the caller's to fill
// in. The error is that of ctx, or ErrTooMany with stories that are incomplete.
//
// The text of a commit is held by this commit alone, and counts as being at
// HEAD if HEAD descends from it; it is never removed. That of a tag is
// introduced by the commit that the tag names. Both have a place without a path.
// Refs that lead to either are those that name it directly.
func (g *Graph) Stories(ctx context.Context, secrets int, held []Holding, head pack.Num, refs []Ref, now time.Time) ([]scanner.Story, error) {
	t := newTeller(g, secrets, now)
	if len(held) == 0 {
		return t.stories, nil
	}
	t.hold(held)
	steps := []func(){
		t.order,
		func() { t.reach(head, refs) },
		t.findTrees,
		t.foldTrees,
		t.follow,
		t.findPlaces,
		t.readTexts,
		func() { t.listRefs(refs) },
		t.finish,
	}
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		step()
	}
	if t.cut {
		return t.stories, ErrTooMany
	}
	return t.stories, nil
}

func newTeller(g *Graph, secrets int, now time.Time) *teller {
	t := &teller{
		g: g, now: now, secrets: secrets,
		stories: make([]scanner.Story, secrets),
		told:    make([]told, secrets),
		infos:   make(map[uint32]*scanner.Commit),
	}
	for i := range t.told {
		t.told[i] = told{first: never, removed: never, dropped: never}
	}
	return t
}

// ErrTooMany is the error of Stories that could not be told to their ends: trees
// hold secrets at more places than can be followed. It takes trees that were
// made for it. What is told is true of some of the commits.
var ErrTooMany = errors.New("secrets are at too many places for all of their stories to be told")

// never is no place in the order of commits.
const never = math.MaxUint32

// A teller is what Stories works with.
type teller struct {
	g       *Graph
	now     time.Time
	secrets int
	stories []scanner.Story
	told    []told // by secret

	sets  sets
	holds map[pack.Num]uint32 // blob: set of the secrets that it holds
	texts []Holding           // of commits and tags

	ranked    []uint32 // commits (their places in Graph.commits), earliest first
	rank      []uint32 // by commit: its place in ranked
	date      []int64  // by commit: not earlier than its parents'
	head      uint32   // commit; never: none
	inHead    bits     // by commit: HEAD or what it descends from
	reachable bits     // by commit: what head and refs descend from
	peeled    []peeled // by ref

	trees   []pack.Num // those that lead to what is held
	treeAt  []uint32   // by Num: one more than the place in trees
	twigs   []twig     // their entries that do, by tree
	twigsAt []uint32   // by place in trees: where its twigs begin; the last ends at the end
	words   []string   // names of twigs, sorted
	nodeAt  []uint32   // by place in trees

	nodes    []node
	branches []branch // of all nodes
	shapes   map[uint64][]uint32

	roots   []root
	rootOf  []uint32 // by commit: its place in roots
	where   trie     // paths of places
	live    []bool   // by path: there is a place at or below it
	placeAt map[uint64]uint32

	steps int  // of eachPlace
	cut   bool // something was beyond the limits

	infos map[uint32]*scanner.Commit
}

// told is what is known of a secret besides its story. Commits are their places
// in ranked.
type told struct {
	first   uint32
	removed uint32 // the last that does not hold it although all of its parents do
	dropped uint32 // the last that does not although one of its parents does
	commits int
	blobs   int
	places  []place
}

type peeled struct {
	object pack.Num
	tags   []pack.Num
}

// hold sorts what holds secrets.
func (t *teller) hold(held []Holding) {
	held = slices.Clone(held)
	slices.SortFunc(held, func(a, b Holding) int {
		return cmp.Or(cmp.Compare(a.Blob, b.Blob), cmp.Compare(a.Secret, b.Secret))
	})
	held = slices.Compact(held)
	t.sets.init()
	t.holds = make(map[pack.Num]uint32)
	var list []uint32
	for at := 0; at < len(held); {
		n := held[at].Blob
		kind := t.g.s.Type(n)
		list = list[:0]
		for ; at < len(held) && held[at].Blob == n; at++ {
			t.told[held[at].Secret].blobs++
			if kind == pack.Commit || kind == pack.Tag {
				t.texts = append(t.texts, held[at])
			} else {
				list = append(list, uint32(held[at].Secret))
			}
		}
		if len(list) > 0 {
			t.holds[n] = t.sets.add(list)
		}
	}
}

// order sorts the commits by time.
func (t *teller) order() {
	g := t.g
	n := len(g.commits)
	t.date = make([]int64, n)
	depth := make([]uint32, n)   // length of the longest line of ancestors
	waiting := make([]uint32, n) // for so many parents
	children, start := g.children()
	var ready []uint32
	for c := range uint32(n) {
		t.date[c] = g.commits[c].date
		if waiting[c] = uint32(len(g.parentsOf(c))); waiting[c] == 0 {
			ready = append(ready, c)
		}
	}
	for len(ready) > 0 {
		c := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		for _, child := range children[start[c]:start[c+1]] {
			t.date[child] = max(t.date[child], t.date[c])
			depth[child] = max(depth[child], depth[c]+1)
			if waiting[child]--; waiting[child] == 0 {
				ready = append(ready, child)
			}
		}
	}
	type ranked struct {
		date          int64
		depth, commit uint32 // commits ascend with their ids
	}
	all := make([]ranked, n)
	for c := range all {
		all[c] = ranked{t.date[c], depth[c], uint32(c)}
	}
	slices.SortFunc(all, func(a, b ranked) int {
		if a.date != b.date {
			return cmp.Compare(a.date, b.date)
		}
		if a.depth != b.depth {
			return cmp.Compare(a.depth, b.depth)
		}
		return cmp.Compare(a.commit, b.commit)
	})
	t.ranked = make([]uint32, n)
	for i, r := range all {
		t.ranked[i] = r.commit
	}
	t.rank = make([]uint32, n)
	for i, c := range t.ranked {
		t.rank[c] = uint32(i)
	}
}

// children returns those of commit c: children[start[c]:start[c+1]].
func (g *Graph) children() (children, start []uint32) {
	start = make([]uint32, len(g.commits)+2)
	for _, p := range g.parents {
		start[p+2]++
	}
	for i := 2; i < len(start); i++ {
		start[i] += start[i-1]
	}
	children = make([]uint32, len(g.parents))
	for c := range uint32(len(g.commits)) {
		for _, p := range g.parentsOf(c) {
			children[start[p+1]] = c
			start[p+1]++
		}
	}
	return children, start
}

// reach finds out which commits head and the refs lead to.
func (t *teller) reach(head pack.Num, refs []Ref) {
	g := t.g
	t.head = never
	t.inHead, t.reachable = newBits(len(g.commits)), newBits(len(g.commits))
	if c, ok := g.commitAt(g.peel(head, nil)); ok {
		t.head = c
		g.ancestors(c, t.inHead)
		g.ancestors(c, t.reachable)
	}
	t.peeled = make([]peeled, len(refs))
	for i, r := range refs {
		p := &t.peeled[i]
		p.object = g.peel(r.Object, func(tag pack.Num) { p.tags = append(p.tags, tag) })
		if c, ok := g.commitAt(p.object); ok {
			g.ancestors(c, t.reachable)
		}
	}
}

// ancestors adds a commit and those that it descends from.
func (g *Graph) ancestors(c uint32, seen bits) {
	if !seen.add(pack.Num(c)) {
		return
	}
	stack := []uint32{c}
	for len(stack) > 0 {
		c := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, p := range g.parentsOf(c) {
			if seen.add(pack.Num(p)) {
				stack = append(stack, p)
			}
		}
	}
}

// A root is the tree of commits that hold secrets, as a node: most commits have
// the same as their parents.
type root struct {
	node        uint32
	first, last uint32 // ranks of the commits that have it
	commits     int
	reachable   bool
}

// follow goes through the commits, earliest first.
func (t *teller) follow() {
	g := t.g
	t.rootOf = make([]uint32, len(g.commits))
	at := make(map[uint32]uint32) // by node
	t.roots = []root{{}}          // that of commits that hold nothing
	gone := make(map[[2]uint32][]uint32)
	for rank, c := range t.ranked {
		n := t.nodeOf(g.commits[c].tree)
		if n != 0 {
			i, ok := at[n]
			if !ok {
				i = uint32(len(t.roots))
				at[n] = i
				t.roots = append(t.roots, root{node: n, first: uint32(rank)})
			}
			r := &t.roots[i]
			r.last = uint32(rank)
			r.commits++
			r.reachable = r.reachable || t.reachable.has(pack.Num(c))
			t.rootOf[c] = i
		}
		t.compare(uint32(rank), t.nodes[n].set, gone)
	}
	for _, r := range t.roots[1:] {
		for _, s := range t.sets.list(t.nodes[r.node].set) {
			told := &t.told[s]
			told.first = min(told.first, r.first)
			told.commits += r.commits
			t.stories[s].Reachable = t.stories[s].Reachable || r.reachable
		}
	}
	if t.head != never {
		for _, s := range t.sets.list(t.nodes[t.roots[t.rootOf[t.head]].node].set) {
			t.stories[s].AtHead = true
		}
	}
}

// maxGone is how many differences of sets are kept, and of how many secrets.
const maxGone = 1 << 10

// compare finds out what the commit of a rank, which holds a set of secrets, no
// longer has of what its parents held. gone are differences of sets that are
// known.
func (t *teller) compare(rank, has uint32, gone map[[2]uint32][]uint32) {
	parents := t.g.parentsOf(t.ranked[rank])
	var inAll []uint32 // what all parents held and the commit does not
	for i, p := range parents {
		had := t.nodes[t.roots[t.rootOf[p]].node].set
		if had == has || had == 0 {
			inAll = nil
			continue
		}
		lost, ok := gone[[2]uint32{had, has}]
		if !ok {
			lost = t.sets.without(had, has)
			if len(lost) <= maxGone && len(gone) <= maxGone {
				gone[[2]uint32{had, has}] = lost
			}
		}
		for _, s := range lost {
			t.told[s].dropped = rank
		}
		if i == 0 {
			inAll = slices.Clone(lost)
		} else {
			inAll = slices.DeleteFunc(inAll, func(s uint32) bool {
				_, ok := slices.BinarySearch(lost, s)
				return !ok
			})
		}
	}
	for _, s := range inAll {
		t.told[s].removed = rank
	}
}

// readTexts adds the commits and tags whose own text holds a secret.
func (t *teller) readTexts() {
	g := t.g
	named := make(map[pack.Num]bool) // tags that a ref leads through
	for _, p := range t.peeled {
		for _, tag := range p.tags {
			named[tag] = true
		}
	}
	for _, h := range t.texts {
		story, told := &t.stories[h.Secret], &t.told[h.Secret]
		place := place{text: h.Blob, first: never}
		object := h.Blob
		if g.s.Type(h.Blob) == pack.Tag {
			object = g.peel(h.Blob, nil)
			story.Reachable = story.Reachable || named[h.Blob]
		}
		if c, ok := g.commitAt(object); ok {
			told.first = min(told.first, t.rank[c])
			place.first, place.last = t.rank[c], t.rank[c]
			if object == h.Blob {
				if !t.sets.has(t.nodes[t.roots[t.rootOf[c]].node].set, uint32(h.Secret)) {
					told.commits++
				}
				place.atHead = t.inHead.has(pack.Num(c))
				story.AtHead = story.AtHead || place.atHead
				story.Reachable = story.Reachable || t.reachable.has(pack.Num(c))
			}
		}
		told.places = append(told.places, place)
	}
}

// listRefs adds the refs that hold secrets.
func (t *teller) listRefs(refs []Ref) {
	g := t.g
	texts := make(map[pack.Num][]uint32)
	for _, h := range t.texts {
		texts[h.Blob] = append(texts[h.Blob], uint32(h.Secret))
	}
	byName := make([]int, len(refs))
	for i := range byName {
		byName[i] = i
	}
	slices.SortStableFunc(byName, func(a, b int) int { return strings.Compare(refs[a].Name, refs[b].Name) })

	// Many refs hold the same secrets. Each list has the first by name.
	type holders struct {
		first []int // places in byName
		total int
	}
	bySet := make(map[uint32]*holders)
	var sets []uint32
	bySecret := make([]holders, t.secrets)
	var own []uint32
	for i, ref := range byName {
		p := t.peeled[ref]
		set := uint32(0)
		own = own[:0]
		if c, ok := g.commitAt(p.object); ok {
			set = t.nodes[t.roots[t.rootOf[c]].node].set
		} else if p.object != None {
			set = max(t.nodes[t.nodeOf(p.object)].set, t.holds[p.object]) // one of them is 0
		}
		if p.object != None {
			own = append(own, texts[p.object]...)
		}
		for _, tag := range p.tags {
			own = append(own, texts[tag]...)
		}
		slices.Sort(own)
		for _, s := range slices.Compact(own) {
			if !t.sets.has(set, s) {
				bySecret[s].first = append(bySecret[s].first, i)
				bySecret[s].total++
			}
		}
		if set == 0 {
			continue
		}
		h := bySet[set]
		if h == nil {
			h = &holders{}
			bySet[set] = h
			sets = append(sets, set)
		}
		h.total++
		if len(h.first) < scanner.MaxStoryRefs {
			h.first = append(h.first, i)
		}
	}
	for _, set := range sets {
		for _, s := range t.sets.list(set) {
			h := &bySecret[s]
			h.total += bySet[set].total
			h.first = append(h.first, bySet[set].first...)
			slices.Sort(h.first)
			h.first = h.first[:min(len(h.first), scanner.MaxStoryRefs)]
		}
	}
	for s, h := range bySecret {
		story := &t.stories[s]
		story.RefsTotal = h.total
		story.Reachable = story.Reachable || h.total > 0
		for _, i := range h.first[:min(len(h.first), scanner.MaxStoryRefs)] {
			story.Refs = append(story.Refs, refs[byName[i]].Name)
		}
	}
}

// finish fills the stories in.
func (t *teller) finish() {
	for s := range t.stories {
		story, told := &t.stories[s], &t.told[s]
		story.Commits, story.Blobs = told.commits, told.blobs
		if told.first != never {
			story.Introduced = t.info(told.first)
			until := t.now.Unix()
			removed := told.removed
			if removed == never {
				removed = told.dropped
			}
			if removed != never && !story.AtHead {
				story.Removed = t.info(removed)
				until = t.date[t.ranked[removed]]
			}
			since := max(t.date[t.ranked[told.first]], 0)
			const day = 24 * 60 * 60
			story.Days = int(max(until-since, 0) / day)
		}
		story.PlacesTotal = len(told.places)
		story.Places = t.show(uint32(s), told.places)
	}
}

// info reads what is told of a commit.
func (t *teller) info(rank uint32) *scanner.Commit {
	c := t.ranked[rank]
	if info, ok := t.infos[c]; ok {
		return info
	}
	n := t.g.commits[c].num
	info := &scanner.Commit{ID: t.g.id(n)}
	// It was read when the graph was built. If it cannot be any more, its id
	// is what is left to tell.
	if data, _, err := t.g.s.Read(n); err == nil {
		info = ParseCommit(info.ID, data)
	}
	t.infos[c] = info
	return info
}

// sets number sets of secrets. Set 0 is empty.
type sets struct {
	start []uint32 // where each begins in items, and where the last ends
	items []uint32
	at    map[uint64][]uint32
}

func (s *sets) init() {
	s.start = []uint32{0, 0}
	s.at = make(map[uint64][]uint32)
}

func (s *sets) list(set uint32) []uint32 { return s.items[s.start[set]:s.start[set+1]] }

// add returns the set of a sorted list.
func (s *sets) add(list []uint32) uint32 {
	if len(list) == 0 {
		return 0
	}
	h := uint64(14695981039346656037)
	for _, x := range list {
		h = (h ^ uint64(x)) * 1099511628211
	}
	for _, set := range s.at[h] {
		if slices.Equal(s.list(set), list) {
			return set
		}
	}
	set := uint32(len(s.start) - 1)
	s.items = append(s.items, list...)
	s.start = append(s.start, uint32(len(s.items)))
	s.at[h] = append(s.at[h], set)
	return set
}

func (s *sets) has(set, x uint32) bool {
	_, ok := slices.BinarySearch(s.list(set), x)
	return ok
}

// without returns what is in a and not in b.
func (s *sets) without(a, b uint32) []uint32 {
	var left []uint32
	other := s.list(b)
	for _, x := range s.list(a) {
		for len(other) > 0 && other[0] < x {
			other = other[1:]
		}
		if len(other) == 0 || other[0] != x {
			left = append(left, x)
		}
	}
	return left
}
