package rules

import (
	"cmp"
	"slices"
	"sort"
)

// A Part is another piece of the credential that a rule finds the secret of:
// the id beside a key, the host beside a token. It is what the nearest match
// of one of its rules found.
type Part struct {
	Name     string   `toml:"name"`     // what it is to the secret, as a noun phrase: "account SID"
	Rules    []string `toml:"rules"`    // ids of the rules that find it
	Lines    int      `toml:"lines"`    // how many lines away it may stand; 0: 20
	Bytes    int      `toml:"bytes"`    // how many bytes away it may stand; 0: 4096
	Required bool     `toml:"required"` // without it the rule has not found anything
}

// The limits of Part.Lines and Part.Bytes. A scanner that forgets what it has
// read has to remember identifiers for MaxPartBytes.
const (
	MaxPartLines = 1000
	MaxPartBytes = 8 << 10

	defaultPartLines = 20
	defaultPartBytes = 4 << 10
)

// A FoundPart is a part of a credential, found.
type FoundPart struct {
	Name  string
	Match Match

	// Identifier says that nothing but rules with PartOnly took it for
	// anything: it is no secret.
	Identifier bool
}

// Grouping says how Group sees the matches of a content.
type Grouping struct {
	// Lines returns the 1-based lines on which a match's secret begins and
	// ends.
	Lines func(*Match) (first, last int)

	// Known says that a match is no news. It can be a part of something, but
	// is not returned. nil: everything is news.
	Known func(*Match) bool

	// Min is the least confidence of what is returned.
	Min Confidence
}

// Group makes findings of all the matches of one content: each credential once,
// with its parts. The input may be in any order and hold the same match
// several times; the output is ordered by Start.
//
// What lacks a part that it requires is dropped first, so that it hides no
// other match. Then overlaps are resolved as by Resolve, and every part of
// every secret is looked for among what is left and among the identifiers. A
// credential that could be reported alone is a part of one secret at most; as
// many secrets as possible get their part, and these so that all together are
// as near as possible, in lines, then in bytes, with the part before the
// secret where that decides nothing. An identifier goes to one secret by the
// same measure, and then to every other one that it is the nearest to.
//
// A match that became a part is not returned by itself, nor is one that found
// the text of a part under another name. A secret that has a part is more
// credible, so its confidence is raised by one step.
func Group(ms []Match, how Grouping) []Match {
	g := grouper{how: how}
	g.add(ms)
	g.dropIncomplete()
	g.resolve()
	if !g.hasParts() {
		return g.plain()
	}
	g.pair()
	return g.findings()
}

// A grouper is the state of one Group.
type grouper struct {
	how   Grouping
	nodes []node // by position; no two of the same rule and secret

	secrets []Match // what is left after resolve but for identifiers; by position, apart from each other
}

// A node is a match on its way through Group.
type node struct {
	Match
	first, last int  // lines of the secret
	known       bool // it is no news

	parts []*node // by index into Rule.Parts; nil where there is none
	taken bool    // it is the part of another one
	serve int     // an identifier's first secret stands: -1 before it, 1 behind it
}

func compareNodes(a, b *node) int {
	return cmp.Or(
		cmp.Compare(a.SecretStart, b.SecretStart),
		cmp.Compare(a.SecretEnd, b.SecretEnd),
		cmp.Compare(a.Rule.ID, b.Rule.ID),
		-cmp.Compare(a.Confidence, b.Confidence),
		cmp.Compare(a.Start, b.Start),
		-cmp.Compare(a.End, b.End),
		-cmp.Compare(a.Severity, b.Severity),
		cmp.Compare(a.Key, b.Key),
		slices.Compare(a.Reasons, b.Reasons),
	)
}

// add makes nodes of matches. The lines are only asked for where they matter.
func (g *grouper) add(ms []Match) {
	g.nodes = make([]node, 0, len(ms))
	lines := slices.ContainsFunc(ms, func(m Match) bool { return len(m.Rule.Parts) > 0 })
	for i := range ms {
		if ms[i].Rule.PartOnly && !lines {
			continue // of nothing
		}
		n := node{Match: ms[i], known: g.how.Known != nil && g.how.Known(&ms[i])}
		n.Parts = nil
		if lines {
			n.first, n.last = g.how.Lines(&ms[i])
		}
		g.nodes = append(g.nodes, n)
	}
	slices.SortStableFunc(g.nodes, func(a, b node) int { return compareNodes(&a, &b) })
	g.nodes = slices.CompactFunc(g.nodes, func(a, b node) bool { return a.Rule == b.Rule && sameSecret(&a.Match, &b.Match) })
}

func sameSecret(a, b *Match) bool {
	return a.SecretStart == b.SecretStart && a.SecretEnd == b.SecretEnd
}

// reach reports whether b may be the part p of a, and how far it is away.
func reach(p *Part, a, b *node) (d distance, ok bool) {
	switch {
	case b.SecretEnd <= a.SecretStart:
		d.bytes = a.SecretStart - b.SecretEnd
		d.lines = a.first - b.last
	case b.SecretStart >= a.SecretEnd:
		d.bytes = b.SecretStart - a.SecretEnd
		d.lines = b.first - a.last
		d.behind = 1
	default:
		return d, false // one thing has no two meanings
	}
	return d, d.lines <= cmp.Or(p.Lines, defaultPartLines) && d.bytes <= cmp.Or(p.Bytes, defaultPartBytes)
}

// A distance is how little two matches, or all pairs in sum, belong together.
type distance struct{ alone, lines, behind, bytes int }

func (d distance) less(o distance) bool { return d.compare(o) < 0 }

func (d distance) compare(o distance) int {
	return cmp.Or(cmp.Compare(d.alone, o.alone), cmp.Compare(d.lines, o.lines), cmp.Compare(d.behind, o.behind), cmp.Compare(d.bytes, o.bytes))
}

func (d distance) plus(o distance) distance {
	return distance{d.alone + o.alone, d.lines + o.lines, d.behind + o.behind, d.bytes + o.bytes}
}

// An index finds matches of a rule near a place.
type index map[string]*indexed

type indexed struct {
	nodes  []*node // by position
	widest int     // bytes of the longest secret
}

func (g *grouper) index() index {
	wanted := map[string]bool{}
	for i := range g.nodes {
		for j := range g.nodes[i].Rule.Parts {
			for _, id := range g.nodes[i].Rule.Parts[j].Rules {
				wanted[id] = true
			}
		}
	}
	x := index{}
	for i := range g.nodes {
		n := &g.nodes[i]
		if !wanted[n.Rule.ID] {
			continue
		}
		of := x[n.Rule.ID]
		if of == nil {
			of = &indexed{}
			x[n.Rule.ID] = of
		}
		of.nodes = append(of.nodes, n)
		of.widest = max(of.widest, n.SecretEnd-n.SecretStart)
	}
	return x
}

// near calls yield for what may be the part p of n, until it returns false.
func (x index) near(p *Part, n *node, yield func(*node, distance) bool) {
	bytes := cmp.Or(p.Bytes, defaultPartBytes)
	for _, id := range p.Rules {
		of := x[id]
		if of == nil {
			continue
		}
		from := n.SecretStart - bytes - of.widest
		i := sort.Search(len(of.nodes), func(i int) bool { return of.nodes[i].SecretStart >= from })
		for ; i < len(of.nodes) && of.nodes[i].SecretStart <= n.SecretEnd+bytes; i++ {
			if d, ok := reach(p, n, of.nodes[i]); ok && !yield(of.nodes[i], d) {
				return
			}
		}
	}
}

// dropIncomplete drops what lacks a required part. What is known counts as
// news where a required part is: without it, it was not reported.
func (g *grouper) dropIncomplete() {
	required := func(n *node) bool {
		return slices.ContainsFunc(n.Rule.Parts, func(p Part) bool { return p.Required })
	}
	if !slices.ContainsFunc(g.nodes, func(n node) bool { return required(&n) }) {
		return
	}
	// What is dropped, or was not reported before, may be a part itself. As no
	// rule is a part of itself, there are not more rounds than rules.
	for {
		x := g.index()
		changed := false
		for i := range g.nodes {
			n := &g.nodes[i]
			complete, fresh := true, false
			for j := range n.Rule.Parts {
				p := &n.Rule.Parts[j]
				if !p.Required {
					continue
				}
				found, before := false, false
				x.near(p, n, func(part *node, _ distance) bool {
					found, before = true, before || part.known
					return !before
				})
				complete = complete && found
				fresh = fresh || !before
			}
			switch {
			case !complete:
				n.taken, changed = true, true
			case n.known && fresh:
				n.known, changed = false, true
			}
		}
		if !changed {
			return
		}
		g.nodes = slices.DeleteFunc(g.nodes, func(n node) bool { return n.taken })
	}
}

// resolve drops what another match stands in the place of. News and what is
// known are apart, so that nothing old hides anything new; identifiers hide
// nothing.
func (g *grouper) resolve() {
	kept := g.nodes[:0:0]
	var news []Match
	for _, known := range []bool{false, true} {
		var ms []Match
		for i := range g.nodes {
			if n := &g.nodes[i]; n.known == known && !n.Rule.PartOnly {
				ms = append(ms, n.Match)
			}
		}
		won := Resolve(ms)
		if known {
			won = slices.DeleteFunc(won, func(m Match) bool { return overlapsAny(news, &m) })
		} else {
			news = won
		}
		slices.SortStableFunc(won, func(a, b Match) int { return compareMatches(&a, &b) })
		for i := range g.nodes {
			n := &g.nodes[i]
			if n.known != known || n.Rule.PartOnly {
				continue
			}
			at, ok := slices.BinarySearchFunc(won, &n.Match, func(m Match, n *Match) int { return compareMatches(&m, n) })
			if ok {
				n.Match = won[at] // its confidence may have been raised
				kept = append(kept, *n)
				g.secrets = append(g.secrets, n.Match)
			}
		}
	}
	for i := range g.nodes {
		if g.nodes[i].Rule.PartOnly {
			kept = append(kept, g.nodes[i])
		}
	}
	slices.SortStableFunc(kept, func(a, b node) int { return compareNodes(&a, &b) })
	slices.SortStableFunc(g.secrets, func(a, b Match) int { return compareMatches(&a, &b) })
	g.nodes = kept
}

func compareMatches(a, b *Match) int {
	return cmp.Or(cmp.Compare(a.SecretStart, b.SecretStart), cmp.Compare(a.SecretEnd, b.SecretEnd), cmp.Compare(a.Rule.ID, b.Rule.ID))
}

// overlapsAny reports whether m overlaps one of the matches, which are in
// order of position and do not overlap each other.
func overlapsAny(ms []Match, m *Match) bool {
	at := sort.Search(len(ms), func(i int) bool { return ms[i].SecretEnd > m.SecretStart })
	return at < len(ms) && ms[at].SecretStart < m.SecretEnd
}

func (g *grouper) hasParts() bool {
	return slices.ContainsFunc(g.nodes, func(n node) bool { return len(n.Rule.Parts) > 0 })
}

// plain returns the findings where there are no parts.
func (g *grouper) plain() []Match {
	var out []Match
	for i := range g.nodes {
		if n := &g.nodes[i]; !n.known && !n.Rule.PartOnly && n.Confidence >= g.how.Min {
			out = append(out, n.Match)
		}
	}
	slices.SortStableFunc(out, func(a, b Match) int { return a.Start - b.Start })
	return out
}

// A slot is a place for a part.
type slot struct {
	n    *node
	part int // index into n.Rule.Parts
}

func (s slot) rule() *Part { return &s.n.Rule.Parts[s.part] }

// pair gives every secret its parts. What is itself such a part, found by a
// rule for both, has none.
func (g *grouper) pair() {
	var slots []slot
	identifiers := map[[2]int][]string{} // the rules, by place
	for i := range g.nodes {
		if n := &g.nodes[i]; n.Rule.PartOnly {
			at := [2]int{n.SecretStart, n.SecretEnd}
			identifiers[at] = append(identifiers[at], n.Rule.ID)
		}
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		if n.Rule.PartOnly {
			continue
		}
		n.parts = make([]*node, len(n.Rule.Parts))
		own := identifiers[[2]int{n.SecretStart, n.SecretEnd}]
		for j, p := range n.Rule.Parts {
			if !slices.ContainsFunc(own, func(id string) bool { return slices.Contains(p.Rules, id) }) {
				slots = append(slots, slot{n, j})
			}
		}
	}
	for _, c := range g.classes(slots) {
		c.pair()
	}
	x := g.index()
	for _, s := range slots {
		if s.n.parts[s.part] == nil {
			g.share(x, s)
		}
	}
}

// A class is a set of slots and of what may fill them, apart from all others.
type class struct {
	slots []slot  // by position of the secret
	parts []*node // by position
}

// classes parts the slots so that no two classes compete for a match.
func (g *grouper) classes(slots []slot) []*class {
	root := map[string]string{} // of each rule that finds parts: disjoint sets
	var find func(id string) string
	find = func(id string) string {
		if up, ok := root[id]; ok && up != id {
			root[id] = find(up)
			return root[id]
		}
		root[id] = id
		return id
	}
	for _, s := range slots {
		for _, id := range s.rule().Rules {
			root[find(id)] = find(s.rule().Rules[0])
		}
	}
	byRoot := map[string]*class{}
	var classes []*class
	for _, s := range slots {
		r := find(s.rule().Rules[0])
		c := byRoot[r]
		if c == nil {
			c = &class{}
			byRoot[r] = c
			classes = append(classes, c)
		}
		c.slots = append(c.slots, s)
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		if _, ok := root[n.Rule.ID]; ok {
			c := byRoot[find(n.Rule.ID)]
			c.parts = append(c.parts, n)
		}
	}
	return classes
}

// pair fills the slots of a class: the pairs do not cross, as many slots as
// possible are filled, and the sum of the distances is the least. It is the
// alignment of two sequences, looked at only where a pair is within reach.
func (c *class) pair() {
	if len(c.parts) == 0 {
		return
	}
	const (
		skipSlot = iota
		skipPart
		join
	)
	// Row i holds the least distance of the first i slots and the first
	// lo+k parts; beyond its end nothing changes.
	type row struct {
		lo    int
		least []distance
		step  []uint8
	}
	at := func(r *row, j int) distance { return r.least[min(j-r.lo, len(r.least)-1)] }
	los, his := c.bands()
	rows := make([]row, 1, len(c.slots)+1)
	rows[0] = row{least: []distance{{}}}
	for i, s := range c.slots {
		lo, hi := los[i], his[i]
		prev := &rows[i]
		r := row{lo: lo, least: make([]distance, hi-lo+1), step: make([]uint8, hi-lo+1)}
		for j := lo; j <= hi; j++ {
			best, step := at(prev, j).plus(distance{alone: 1}), uint8(skipSlot)
			if j > lo {
				if d, ok := s.reach(c.parts[j-1]); ok {
					if d = d.plus(at(prev, j-1)); !best.less(d) {
						best, step = d, join
					}
				}
				if d := r.least[j-1-lo]; d.less(best) {
					best, step = d, skipPart
				}
			}
			r.least[j-lo], r.step[j-lo] = best, step
		}
		prev.least = nil // only the steps are needed for the way back
		rows = append(rows, r)
	}
	for i, j := len(c.slots), len(c.parts); i > 0; {
		r := &rows[i]
		j = min(j, r.lo+len(r.step)-1)
		switch r.step[j-r.lo] {
		case skipSlot:
			i--
		case skipPart:
			j--
		case join:
			i, j = i-1, j-1
			c.slots[i].take(c.parts[j])
		}
	}
}

// bands returns for each slot the parts, as indexes half-open, that are looked
// at for it. Neither end ever goes back.
func (c *class) bands() (los, his []int) {
	widest := 0
	for _, n := range c.parts {
		widest = max(widest, n.SecretEnd-n.SecretStart)
	}
	los, his = make([]int, len(c.slots)), make([]int, len(c.slots))
	for i, s := range c.slots {
		bytes := cmp.Or(s.rule().Bytes, defaultPartBytes)
		from, to := s.n.SecretStart-bytes-widest, s.n.SecretEnd+bytes
		los[i] = sort.Search(len(c.parts), func(k int) bool { return c.parts[k].SecretStart >= from })
		his[i] = sort.Search(len(c.parts), func(k int) bool { return c.parts[k].SecretStart > to })
	}
	for i := range c.slots[1:] {
		his[i+1] = max(his[i+1], his[i])
	}
	for i := len(los) - 1; i > 0; i-- {
		los[i-1] = min(los[i-1], los[i])
	}
	return los, his
}

// reach reports whether the match may fill the slot.
func (s slot) reach(n *node) (distance, bool) {
	if !slices.Contains(s.rule().Rules, n.Rule.ID) {
		return distance{}, false
	}
	return reach(s.rule(), s.n, n)
}

// take fills the slot.
func (s slot) take(n *node) {
	s.n.parts[s.part] = n
	n.taken = !n.Rule.PartOnly
	if n.serve = 1; s.n.SecretEnd <= n.SecretStart {
		n.serve = -1
	}
}

// share fills a slot that got nothing with what may belong to several secrets:
// an identifier, or anything that it requires. What serves a secret on the
// other side belongs to that side.
func (g *grouper) share(x index, s slot) {
	var best *node
	var least distance
	p := s.rule()
	x.near(p, s.n, func(n *node, d distance) bool {
		if n.taken && !p.Required || slices.Contains(s.n.parts, n) {
			return true
		}
		if n.serve != 0 && (n.serve < 0) != (d.behind > 0) {
			d.alone = 1
		}
		if best == nil || d.less(least) {
			best, least = n, d
		}
		return true
	})
	if best != nil {
		serve := best.serve
		s.take(best)
		if serve != 0 {
			best.serve = serve
		}
	}
}

// findings returns what is to be reported.
func (g *grouper) findings() []Match {
	var roots, released []*node
	for i := range g.nodes {
		if n := &g.nodes[i]; !n.taken && !n.Rule.PartOnly {
			roots = append(roots, n)
		}
	}
	var found []Match
	used := map[*node]bool{}
	parts := map[[2]int]bool{} // the secrets of used, by place
	report := func(n *node) {
		if n.known || n.raised() < g.how.Min {
			// What it took is not reported with it.
			released = append(released, n.parts...)
			return
		}
		m := n.Match
		if m.Confidence = n.raised(); m.Confidence > n.Confidence {
			m.Reasons = append(slices.Clone(m.Reasons), "more of the same credential stands near it")
		}
		n.collect(&m.Parts, used)
		for i := range m.Parts {
			p := &m.Parts[i]
			p.Identifier = p.Match.Rule.PartOnly && !g.overlapsSecret(&p.Match)
			parts[[2]int{p.Match.SecretStart, p.Match.SecretEnd}] = true
		}
		found = append(found, m)
	}
	for _, n := range roots {
		report(n)
	}
	for i := 0; i < len(released); i++ {
		if n := released[i]; n != nil && !n.Rule.PartOnly && !used[n] {
			used[n] = true
			report(n)
		}
	}
	found = slices.DeleteFunc(found, func(m Match) bool {
		return len(m.Parts) == 0 && parts[[2]int{m.SecretStart, m.SecretEnd}]
	})
	slices.SortStableFunc(found, func(a, b Match) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), compareMatches(&a, &b))
	})
	return found
}

// raised returns the confidence that a match has with its parts.
func (n *node) raised() Confidence {
	if slices.ContainsFunc(n.parts, func(p *node) bool { return p != nil }) {
		return min(n.Confidence+1, ConfidenceHigh)
	}
	return n.Confidence
}

// collect adds the parts of a match, and the parts of these, each once.
func (n *node) collect(into *[]FoundPart, used map[*node]bool) {
	for i, part := range n.parts {
		if part == nil || slices.ContainsFunc(*into, func(f FoundPart) bool { return f.Match.Rule == part.Rule && sameSecret(&f.Match, &part.Match) }) {
			continue
		}
		used[part] = true
		*into = append(*into, FoundPart{Name: n.Rule.Parts[i].Name, Match: part.Match})
		part.collect(into, used)
	}
}

// overlapsSecret reports whether a rule that reports what it finds found
// something in the same place.
func (g *grouper) overlapsSecret(m *Match) bool {
	return overlapsAny(g.secrets, m)
}
