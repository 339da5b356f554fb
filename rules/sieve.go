package rules

import (
	"math"
	"math/bits"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A sieve tells from a few bytes around a keyword that an expression cannot
// match there. Keywords are short and frequent, expressions are slow, and most
// of the time the byte behind the keyword decides; an expression that never
// passes its sieve need not even be compiled. A sieve is computed from the
// expression when a rule is prepared, and lets through whatever could match:
// it changes no findings.
//
// All sets are of bytes. Those of UTF-8 beyond ASCII are taken as one: where a
// character of several bytes is possible, any such byte is.
type sieve struct {
	// after and before are what the bytes behind the keyword, and before it
	// from right to left, can be. They end with the first nil.
	after  [sieveDepth]*byteSet
	before [sieveDepth]*byteSet

	// wordStart: a match begins with the keyword, and a word does there.
	wordStart bool

	// right and left are what a match can be made of behind the keyword, and
	// before it. Beyond the first other byte there is nothing to search. nil:
	// anything.
	right, left *byteSet

	// Every match has runLen bytes of run in a row; nil: of nothing. If
	// runBehind, at or behind the keyword's beginning, and not further from it
	// than runEnd.
	run       *byteSet
	runLen    int
	runBehind bool
	runEnd    int

	// Every match has this word, in lower case, at or behind the keyword's
	// beginning and not further from it than wordEnd; "": none.
	word    string
	wordEnd int
}

// sieveDepth is how many bytes on either side of a keyword are looked at one by
// one. Of 100 hits of the built-in keywords in source code, two thirds are told
// by the first byte behind them and hardly any by the twelfth.
const sieveDepth = 8

// near reports whether a match can have the keyword buf[start:start+n), as far as
// the bytes next to it tell; if not, what was looked at.
func (s *sieve) near(buf []byte, start, n int) (lo, hi int, ok bool) {
	if s.wordStart && start > 0 && isWord(buf[start-1]) {
		return start - 1, start, false
	}
	for i, set := range s.after {
		if set == nil || start+n+i >= len(buf) {
			break
		}
		if !set.has(buf[start+n+i]) {
			return start, start + n + i + 1, false
		}
	}
	for i, set := range s.before {
		if set == nil || start-i-1 < 0 {
			break
		}
		if !set.has(buf[start-i-1]) {
			return start - i - 1, start + n + sieveDepth, false
		}
	}
	return 0, 0, true
}

// window returns the part of buf that a match around the keyword
// buf[start:start+n), which near lets through, can lie in, or false if there is
// none: then what was looked at. The match begins at most lead before the keyword
// and is at most span long. seen is of this sieve and buf.
func (s *sieve) window(buf []byte, start, n, lead, span int, seen *seen) (lo, hi int, ok bool) {
	lo, hi = max(0, start-lead), min(len(buf), start+span)
	near := start + n + sieveDepth
	if s.runBehind && !seen.hasRun(s, buf, start, min(hi, start+s.runEnd)) {
		return start - sieveDepth, max(near, min(hi, start+s.runEnd)+1), false
	}
	if s.word != "" && !seen.hasWord(s.word, buf, start, min(hi, start+s.wordEnd)) {
		return start - sieveDepth, max(near, min(hi, start+max(s.wordEnd, s.runEnd))+1), false
	}
	if s.left != nil {
		lo = seen.shrink(s.left, buf, start, lo)
	}
	if s.right != nil {
		hi = seen.grow(s.right, buf, min(start+n, hi), hi)
	}
	if s.run != nil && !s.runBehind && !seen.hasRun(s, buf, lo, hi) {
		return min(lo-1, start-sieveDepth), max(near, hi+1), false
	}
	return max(0, lo-margin), min(len(buf), hi+margin), true
}

// A byteSet is a set of bytes.
type byteSet [4]uint64

func (b *byteSet) has(c byte) bool { return b[c>>6]>>(c&63)&1 != 0 }

func (b *byteSet) add(c byte) { b[c>>6] |= 1 << (c & 63) }

// high is the set of bytes that are not ASCII.
var high = byteSet{2: math.MaxUint64, 3: math.MaxUint64}

func (b *byteSet) addAll(o *byteSet) {
	for i := range b {
		b[i] |= o[i]
	}
}

func (b *byteSet) and(o *byteSet) (both byteSet) {
	for i := range b {
		both[i] = b[i] & o[i]
	}
	return both
}

func (b *byteSet) len() (n int) {
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// containsFold reports whether text has the lower-case word in it, be its ASCII
// letters of either case.
func containsFold[T string | []byte](text T, word string) bool { return indexFold(text, word) >= 0 }

// indexFold returns where that word begins first, or -1.
func indexFold[T string | []byte](text T, word string) int {
	if word == "" {
		return 0
	}
	for i := 0; i+len(word) <= len(text); i++ {
		if lower(text[i]) == word[0] && equalFold(text[i:i+len(word)], word) {
			return i
		}
	}
	return -1
}

// hasRun reports whether text has n bytes of the set in a row.
func (b *byteSet) hasRun(text []byte, n int) bool { return indexRun(b, text, n) >= 0 }

// indexRun returns where n bytes of the set in a row begin, or -1. Of such a run
// one is at every n-th place, so most bytes are not looked at.
func indexRun[T string | []byte](b *byteSet, text T, n int) int {
	for k := n - 1; k < len(text); k += n {
		if !b.has(text[k]) {
			continue
		}
		start, end := k, k+1
		for start > 0 && start > k-n+1 && b.has(text[start-1]) {
			start--
		}
		for end < len(text) && end < start+n && b.has(text[end]) {
			end++
		}
		if end-start >= n {
			return start
		}
		k = end
	}
	return -1
}

// maxSieve bounds the work of making a sieve: instructions of the program times
// keywords. A rule that is larger has none.
const maxSieve = 1 << 22

// newSieve returns the sieve of an expression, nil if there is none, and how
// many bytes before a keyword a match can begin, or unbounded, and how many
// instructions the expression's program has. The expression is valid.
func newSieve(expr string, keywords []string) (s *sieve, lead, size int) {
	lead = keywordLead(expr, keywords)
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, lead, 0
	}
	lowered := make([]string, len(keywords))
	for i, k := range keywords {
		lowered[i] = lowerASCII(k)
	}
	s = new(sieve)
	spelled := s.findRun(re, lowered)
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return s, lead, 0
	}
	if size = len(prog.Inst); size*len(keywords) > maxSieve {
		return s, lead, size
	}
	g := newGraph(prog, spelled)
	from, to := g.keywords(lowered)
	furthest := 0
	for _, e := range from {
		furthest = max(furthest, g.distance(e.pc))
	}
	s.before, s.left = g.walk(from, true)
	s.after, s.right = g.walk(to, false)
	lead = min(lead, furthest)
	beginsWord := func(k string) bool { return k != "" && isWord(k[0]) }
	s.wordStart = lead == 0 && beginsAtWord(re) && !slices.ContainsFunc(keywords, func(k string) bool { return !beginsWord(k) })
	return s, lead, size
}

// beginsAtWord reports whether every match of an expression begins at a word
// boundary.
func beginsAtWord(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpWordBoundary:
		return true
	case syntax.OpCapture, syntax.OpConcat:
		return beginsAtWord(re.Sub[0])
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !beginsAtWord(sub) })
	}
	return false
}

// isWord reports whether c is a character of words, to regular expressions.
func isWord(c byte) bool { return c == '_' || isLetter(c) || isDigit(c) }

// valueSieve returns the sieve of an expression that a whole value must match,
// which is asked with holds; nil if there is none.
func valueSieve(expr string) *sieve {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	r := runOf(flatten(re, nil))
	if r.rarity() == 0 {
		return nil
	}
	return &sieve{run: &r.set, runLen: r.n}
}

// findRun sets what every match has in a row, and reports whether every match
// has a keyword that is spelled out in the expression, character by character.
// Then another one is of no interest, such as one in random characters.
func (s *sieve) findRun(re *syntax.Regexp, keywords []string) (spelled bool) {
	nodes := flatten(re, nil)
	first, last, spelled := spelledIn(nodes, keywords)
	var best run
	behind := len(nodes) // no keyword begins in these nodes, but for the part of one that is spelled
	if spelled {
		// The keyword itself is there: what counts is the rest.
		behind = last + 1
		switch node := nodes[last]; node.Op {
		case syntax.OpRepeat, syntax.OpPlus:
			if node.Sub[0].Op == syntax.OpCharClass {
				behind = last // the keyword ends with the first character
			}
		case syntax.OpAlternate:
			best = runOf(nodes[last : last+1])
		}
		if before := runOf(nodes[:first]); before.rarity() > best.rarity() {
			best = before
		}
	} else {
		first = 0
		best = runOf(nodes)
		for behind > 0 && !beginsIn(nodes[behind-1:], keywords) {
			behind--
		}
	}
	// What stands behind the keyword is found in a smaller window.
	if r := runOf(nodes[behind:]); r.rarity() > 0 && r.rarity() >= best.rarity()/2 {
		best = r
		s.runBehind = true
		s.runEnd = r.at + r.n
		for _, n := range nodes[first:behind] {
			s.runEnd = min(unbounded, s.runEnd+nodeWidth(n))
		}
	}
	if best.rarity() > 0 {
		s.run, s.runLen = &best.set, best.n
	}
	s.findWord(nodes, first, behind)
	return spelled
}

// findWord sets the longest word that every match has in nodes[behind:]. The
// keyword begins in nodes[first] or behind it.
func (s *sieve) findWord(nodes []*syntax.Regexp, first, behind int) {
	texts := []string{""} // all that nodes[:i] can match, since the last that cannot be listed
	end := 0
	for i, node := range nodes {
		if i >= first {
			end = min(unbounded, end+nodeWidth(node))
		}
		next, ok := expand(node, texts)
		if !ok {
			next, ok = expand(node, []string{""})
		}
		if !ok || i < behind || end >= unbounded {
			next = []string{""}
		}
		texts = next
		if word := wordIn(texts); len(word) > len(s.word) {
			s.word, s.wordEnd = word, end
		}
	}
}

// wordIn returns the longest word of at least two bytes that all texts, which
// are in lower case, have in them, or "".
func wordIn(texts []string) string {
	first := texts[0]
	for n := len(first); n >= 2; n-- {
		for i := 0; i+n <= len(first); i++ {
			word := first[i : i+n]
			if !slices.ContainsFunc(texts[1:], func(s string) bool { return !strings.Contains(s, word) }) {
				return word
			}
		}
	}
	return ""
}

// wordOf returns the longest word that every match of an expression has, or "".
func wordOf(expr string) string {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return ""
	}
	var s sieve
	s.findWord(flatten(re, nil), 0, 0)
	return s.word
}

// beginsIn reports whether a keyword can begin in what nodes match.
func beginsIn(nodes []*syntax.Regexp, keywords []string) bool {
	re := &syntax.Regexp{Op: syntax.OpConcat, Sub: nodes}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil || len(prog.Inst)*len(keywords) > maxSieve {
		return true
	}
	from, _ := newGraph(prog, false).keywords(keywords)
	return len(from) > 0
}

// A run is so many bytes of a set in a row.
type run struct {
	set byteSet
	n   int
	at  int // the furthest that it can begin from the beginning of the nodes, in bytes
}

// rarity says how seldom the run is in source text: about the binary logarithm
// of how many bytes there are to each.
func (r run) rarity() float64 {
	if r.n == 0 || r.n > 1<<16 {
		return 0
	}
	p := 0.0
	for c := range 256 {
		if r.set.has(byte(c)) {
			p += frequency(byte(c))
		}
	}
	return -math.Log2(p) * float64(r.n)
}

// frequency is about how frequent a byte is in source text.
func frequency(c byte) float64 {
	switch {
	case 'a' <= c && c <= 'z':
		return 0.024
	case 'A' <= c && c <= 'Z':
		return 0.002
	case isDigit(c):
		return 0.004
	case c == ' ':
		return 0.17
	case strings.IndexByte("\n\t_.-:/\"'(),=*;", c) >= 0:
		return 0.012
	case c < utf8.RuneSelf:
		return 0.001
	}
	return 0.0001
}

// runOf returns the rarest run that every match of the nodes, one after the
// other, has; of length 0 if there is none.
func runOf(nodes []*syntax.Regexp) (best run) {
	at := 0
	try := func(r run) {
		r.at = min(unbounded, r.at+at)
		if r.rarity() > best.rarity() {
			best = r
		}
	}
	for i, node := range nodes {
		var r run
		for _, more := range nodes[i:] {
			w := wholeOf(more)
			r.set.addAll(&w.set)
			r.n = min(unbounded, r.n+w.n)
			try(r)
		}
		switch node.Op {
		case syntax.OpAlternate:
			r := runOf(flatten(node.Sub[0], nil))
			for _, sub := range node.Sub[1:] {
				other := runOf(flatten(sub, nil))
				r.set.addAll(&other.set)
				r.n, r.at = min(r.n, other.n), max(r.at, other.at)
			}
			try(r)
		case syntax.OpPlus:
			try(runOf(flatten(node.Sub[0], nil)))
		case syntax.OpRepeat:
			if node.Min > 0 {
				try(runOf(flatten(node.Sub[0], nil)))
			}
		}
		at = min(unbounded, at+nodeWidth(node))
	}
	return best
}

// wholeOf returns the bytes that a match of the node is made of, and how many
// it has at least.
func wholeOf(re *syntax.Regexp) (r run) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			set := runeSet([]rune{c}, re.Flags)
			r.set.addAll(&set)
		}
		r.n = len(re.Rune)
	case syntax.OpCharClass:
		return run{set: runeSet(re.Rune, 0), n: 1}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return run{set: runeSet([]rune{0, unicode.MaxRune}, 0), n: 1}
	case syntax.OpCapture, syntax.OpPlus:
		return wholeOf(re.Sub[0])
	case syntax.OpStar, syntax.OpQuest:
		return run{set: wholeOf(re.Sub[0]).set}
	case syntax.OpRepeat:
		r = wholeOf(re.Sub[0])
		r.n = min(unbounded, r.n*re.Min)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			w := wholeOf(sub)
			r.set.addAll(&w.set)
			r.n = min(unbounded, r.n+w.n)
		}
	case syntax.OpAlternate:
		r = wholeOf(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			w := wholeOf(sub)
			r.set.addAll(&w.set)
			r.n = min(r.n, w.n)
		}
	}
	return r
}

// runeSet returns the bytes of the characters of a class, or of a single one.
func runeSet(class []rune, flags syntax.Flags) (set byteSet) {
	if len(class) == 1 {
		r := class[0]
		class = []rune{r, r}
		if flags&syntax.FoldCase != 0 {
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				class = append(class, f, f)
			}
		}
	}
	for i := 0; i < len(class); i += 2 {
		for c := class[i]; c <= min(class[i+1], utf8.RuneSelf-1); c++ {
			set.add(byte(c))
		}
		if class[i+1] >= utf8.RuneSelf {
			set.addAll(&high)
		}
	}
	return set
}

// spelledIn reports whether every match of the nodes, one after the other, has
// a keyword that is spelled out in them, and which nodes it lies in.
func spelledIn(nodes []*syntax.Regexp, keywords []string) (first, last int, ok bool) {
	tails := []string{""} // all that nodes[first:i] can match
	for i, node := range nodes {
		if spelledInOne(node, keywords) {
			return i, i, true
		}
		once, sub := false, node
		if node.Op == syntax.OpPlus || node.Op == syntax.OpRepeat && node.Min > 0 {
			once, sub = true, node.Sub[0]
		}
		next, ok := expand(sub, tails)
		for !ok && first < i { // too many: without the first nodes
			first++
			if tails, ok = expandAll(nodes[first:i]); ok {
				next, ok = expand(sub, tails)
			}
		}
		if ok {
			if _, all := allContain(next, keywords); all {
				return first, i, true
			}
			tails = next
		}
		if !ok || once {
			tails, first = []string{""}, i+1
		}
	}
	return 0, 0, false
}

// expandAll lists all that nodes can match one after the other.
func expandAll(nodes []*syntax.Regexp) ([]string, bool) {
	texts := []string{""}
	for _, node := range nodes {
		var ok bool
		if texts, ok = expand(node, texts); !ok {
			return nil, false
		}
	}
	return texts, true
}

func spelledInOne(node *syntax.Regexp, keywords []string) bool {
	switch node.Op {
	case syntax.OpAlternate:
		for _, sub := range node.Sub {
			if _, _, ok := spelledIn(flatten(sub, nil), keywords); !ok {
				return false
			}
		}
		return true
	case syntax.OpPlus:
		_, _, ok := spelledIn(flatten(node.Sub[0], nil), keywords)
		return ok
	case syntax.OpRepeat:
		_, _, ok := spelledIn(flatten(node.Sub[0], nil), keywords)
		return ok && node.Min > 0
	}
	return false
}

// A graph is the program of an expression, to be walked in both directions.
type graph struct {
	prog      *syntax.Prog
	spelled   bool      // a keyword is spelled out
	sets      []byteSet // by instruction: what it matches; empty if it matches no byte
	widths    []int     // by instruction: the most bytes that it matches
	back      [][]int   // by instruction: those before it
	distances []int     // by instruction, see distance; -1: not known yet
}

func newGraph(prog *syntax.Prog, spelled bool) *graph {
	n := len(prog.Inst)
	g := &graph{prog: prog, spelled: spelled, sets: make([]byteSet, n), widths: make([]int, n), back: make([][]int, n), distances: make([]int, n)}
	for pc := range prog.Inst {
		inst := &prog.Inst[pc]
		switch inst.Op {
		case syntax.InstRune, syntax.InstRune1:
			g.sets[pc] = runeSet(inst.Rune, syntax.Flags(inst.Arg))
		case syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			g.sets[pc] = runeSet([]rune{0, unicode.MaxRune}, 0)
		}
		if g.matches(pc) {
			g.widths[pc] = 1
			if g.sets[pc].has(utf8.RuneSelf) {
				g.widths[pc] = utf8.UTFMax
			}
		}
		g.distances[pc] = -1
		for _, next := range g.next(pc) {
			g.back[next] = append(g.back[next], pc)
		}
	}
	return g
}

// matches reports whether an instruction matches a character.
func (g *graph) matches(pc int) bool {
	switch g.prog.Inst[pc].Op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	return false
}

// next returns the instructions behind one.
func (g *graph) next(pc int) []int {
	inst := &g.prog.Inst[pc]
	switch inst.Op {
	case syntax.InstMatch, syntax.InstFail:
		return nil
	case syntax.InstAlt, syntax.InstAltMatch:
		return []int{int(inst.Out), int(inst.Arg)}
	}
	return []int{int(inst.Out)}
}

// distance returns the most bytes that can be matched before an instruction,
// or unbounded.
func (g *graph) distance(pc int) int {
	const open = unbounded + 1
	switch d := g.distances[pc]; {
	case d == open:
		return unbounded // a loop
	case d >= 0:
		return d
	}
	g.distances[pc] = open
	d := 0
	for _, prev := range g.back[pc] {
		d = max(d, min(unbounded, g.distance(prev)+g.widths[prev]))
	}
	g.distances[pc] = d
	return d
}

// narrow reports whether an instruction can be a part of what spells a keyword;
// see expand.
func (g *graph) narrow(pc int) bool {
	inst := &g.prog.Inst[pc]
	switch inst.Op {
	case syntax.InstRune1:
		return true
	case syntax.InstRune:
		for i := 1; i < len(inst.Rune); i += 2 {
			if inst.Rune[i]-inst.Rune[i-1] > maxSpelled {
				return false
			}
		}
		return true
	}
	return false
}

// An edge is a place in a program at one end of a keyword.
type edge struct {
	pc   int
	byte byte // the first or last byte of the keyword
}

// keywords returns where keywords can begin, the instructions that match their
// first bytes, and where they can end: the instructions that follow.
func (g *graph) keywords(keywords []string) (from, to []edge) {
	begins, ends := make(map[edge]bool), make(map[edge]bool)
	for _, k := range keywords {
		for pc := range g.prog.Inst {
			if !g.accepts(pc, k[0]) {
				continue
			}
			at := map[int]bool{pc: true} // instructions that can match the next byte
			var behind map[int]bool      // those that follow them
			for i := range len(k) {
				behind = make(map[int]bool)
				for p := range at {
					if g.accepts(p, k[i]) {
						behind[int(g.prog.Inst[p].Out)] = true
						if k[i] >= utf8.RuneSelf {
							behind[p] = true // the next byte of the same character
						}
					}
				}
				at = make(map[int]bool)
				for p := range behind {
					g.reach(p, func(q int) { at[q] = true })
				}
			}
			if len(behind) == 0 {
				continue
			}
			begins[edge{pc, k[0]}] = true
			for p := range behind {
				ends[edge{p, k[len(k)-1]}] = true
			}
		}
	}
	for e := range begins {
		from = append(from, e)
	}
	for e := range ends {
		to = append(to, e)
	}
	return from, to
}

// accepts reports whether an instruction matches a byte of a keyword, which is
// in lower case.
func (g *graph) accepts(pc int, c byte) bool {
	upper := c
	if 'a' <= c && c <= 'z' {
		upper -= 'a' - 'A'
	}
	set := &g.sets[pc]
	return (set.has(c) || set.has(upper)) && (!g.spelled || g.narrow(pc))
}

// reach calls yield for the instructions that can match the next character,
// from pc on.
func (g *graph) reach(pc int, yield func(pc int)) {
	seen := make(map[int]bool)
	var visit func(pc int)
	visit = func(pc int) {
		if seen[pc] {
			return
		}
		seen[pc] = true
		if g.matches(pc) {
			yield(pc)
			return
		}
		for _, next := range g.next(pc) {
			visit(next)
		}
	}
	visit(pc)
}

// walk returns the sets of bytes that can stand next to a keyword, one by one,
// and everything that a match can be made of on that side, nil for anything.
func (g *graph) walk(edges []edge, backward bool) (near [sieveDepth]*byteSet, all *byteSet) {
	every := high
	for c := range byte(utf8.RuneSelf) {
		every.add(c)
	}
	w := walker{graph: g, backward: backward}
	w.begin()
	for _, e := range edges {
		w.last, w.known = e.byte, true
		w.visit(e.pc, every)
	}
	useful := 0
	for i := range near {
		set := w.set
		near[i] = &set
		if set != every {
			useful = i + 1
		}
		if w.ended {
			break
		}
		matched := w.matched
		w.begin()
		for pc := range matched {
			if set := g.sets[pc].and(&high); set != (byteSet{}) {
				w.match(pc, set) // the next byte of the same character
			}
			if backward {
				w.visit(pc, every)
			} else {
				w.visit(int(g.prog.Inst[pc].Out), every)
			}
		}
	}
	for i := useful; i < len(near); i++ {
		near[i] = nil
	}

	all = new(byteSet)
	seen := make(map[int]bool)
	var open []int
	for _, e := range edges {
		open = append(open, e.pc)
	}
	for len(open) > 0 {
		pc := open[len(open)-1]
		open = open[:len(open)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		if backward {
			for _, prev := range g.back[pc] {
				all.addAll(&g.sets[prev])
				open = append(open, prev)
			}
		} else {
			all.addAll(&g.sets[pc])
			open = append(open, g.next(pc)...)
		}
	}
	if all.len() >= 250 {
		return near, nil
	}
	return near, all
}

// A walker takes one step from a keyword, of one byte.
type walker struct {
	*graph
	backward bool
	last     byte // the byte before the step
	known    bool // there is one

	set     byteSet      // what the next byte can be
	matched map[int]bool // the instructions that can match it
	ended   bool         // the match can end, so it can be anything
	seen    map[visit]bool
}

type visit struct {
	pc  int
	can byteSet
}

func (w *walker) begin() {
	w.set, w.matched, w.ended, w.known, w.seen = byteSet{}, make(map[int]bool), false, false, make(map[visit]bool)
}

// visit goes on to what can match the next byte, which is one of can, from the
// instruction, or backward from where it begins.
func (w *walker) visit(pc int, can byteSet) {
	v := visit{pc, can}
	if w.seen[v] || can == (byteSet{}) {
		return
	}
	w.seen[v] = true
	if w.backward {
		if pc == w.prog.Start {
			w.end(can)
		}
		for _, prev := range w.back[pc] {
			if w.matches(prev) {
				w.match(prev, can)
			} else {
				w.visit(prev, w.assert(prev, can))
			}
		}
		return
	}
	switch {
	case w.matches(pc):
		w.match(pc, can)
	case w.prog.Inst[pc].Op == syntax.InstMatch:
		w.end(can)
	default:
		can = w.assert(pc, can)
		for _, next := range w.next(pc) {
			w.visit(next, can)
		}
	}
}

func (w *walker) match(pc int, can byteSet) {
	if both := w.sets[pc].and(&can); both != (byteSet{}) {
		w.set.addAll(&both)
		w.matched[pc] = true
	}
}

func (w *walker) end(can byteSet) {
	w.set.addAll(&can)
	w.ended = true
}

// assert returns what is left of can at an instruction that matches no byte.
func (w *walker) assert(pc int, can byteSet) byteSet {
	inst := &w.prog.Inst[pc]
	if inst.Op != syntax.InstEmptyWidth {
		return can
	}
	switch syntax.EmptyOp(inst.Arg) {
	case syntax.EmptyBeginText:
		if w.backward {
			return byteSet{}
		}
	case syntax.EmptyEndText:
		if !w.backward {
			return byteSet{}
		}
	case syntax.EmptyWordBoundary:
		if w.known {
			return can.and(ofWords(!isNameByte(w.last)))
		}
	case syntax.EmptyNoWordBoundary:
		if w.known {
			return can.and(ofWords(isNameByte(w.last)))
		}
	}
	return can
}

// ofWords returns the bytes that words are made of, or the others.
func ofWords(of bool) *byteSet {
	var set byteSet
	for c := range 256 {
		if isNameByte(byte(c)) == of {
			set.add(byte(c))
		}
	}
	return &set
}
