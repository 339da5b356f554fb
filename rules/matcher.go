package rules

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// A matcher finds what a regular expression matches, and finds the same as the
// regexp package does. It is for the expressions of rules, which are run over
// short texts again and again: classes of characters that are repeated, up to
// some number, and words between them. The regexp package writes such a class
// out as often as it may be repeated, and carries all possible counts along.
// A matcher counts, and where a match can end in one way only, it tries one only.
//
// It does so by backtracking, which can take very long. It counts its steps, and
// beyond a few for each byte of the text the regexp package takes over. It does
// so too for the few expressions that a matcher does not know how to match.
type matcher struct {
	src   string
	group int

	start *exprNode // nil: left to regexp
	front bool      // every match begins where the text does
	first *byteSet  // what a match can begin with; nil: anything
	last  *byteSet  // what the text must end with; nil: anything

	once sync.Once
	re   *regexp.Regexp
}

// newMatcher returns the matcher of an expression, which is valid, that tells
// where one of its groups is.
func newMatcher(src string, group int) *matcher {
	m := &matcher{src: src, group: group}
	re, err := syntax.Parse(src, syntax.Perl)
	if err != nil {
		return m
	}
	b := nodeBuilder{group: group}
	n := b.build(re, &exprNode{op: nodeEnd})
	if b.unable || b.loops > maxLoops {
		return m
	}
	m.start, m.first, m.front = n, n.firstBytes(), beginsAtFront(re)
	if set, ended, some := lastBytes(re); ended && some {
		m.last = &set
	}
	return m
}

func (m *matcher) regexp() *regexp.Regexp {
	m.once.Do(func() { m.re = regexp.MustCompile(m.src) })
	return m.re
}

// A location is where an expression matches, and where its group does. All are
// offsets in bytes; from and to are -1 if the group took no part.
type location struct{ start, end, from, to int }

// plus returns the location in what the text is a part of, from by on.
func (l location) plus(by int) location {
	l.start, l.end = l.start+by, l.end+by
	if l.from >= 0 {
		l.from, l.to = l.from+by, l.to+by
	}
	return l
}

// stepsPerByte is how many steps are taken for each byte of a text before the
// regexp package takes over. Nearly all windows of rules take less than one.
const stepsPerByte = 32

// slowSteps is about how many steps take as long as the regexp package takes for
// a byte.
const slowSteps = 32

// in returns the first match in the text that begins at one of its offsets from
// at to last. The text begins where at is 0: earlier bytes matter to assertions.
func (m *matcher) in(text []byte, at, last int) (loc location, ok bool) {
	loc, _, ok = m.search(text, at, last)
	return loc, ok
}

// search does what in does, and returns how many steps it took.
func (m *matcher) search(text []byte, at, last int) (loc location, steps int, ok bool) {
	if m.start == nil {
		loc, ok = m.slow(text, at, last)
		return loc, slowSteps * len(text), ok
	}
	if m.last != nil && (len(text) == 0 || !m.last.has(text[len(text)-1])) {
		return location{}, 0, false
	}
	if m.front {
		last = min(last, 0)
	}
	limit := stepsPerByte * (len(text) + 8)
	r := matching{text: text, left: limit, from: -1, to: -1}
	for ; at <= last; at++ {
		if m.first != nil {
			from := at
			for at <= last && at < len(text) && !m.first.has(text[at]) {
				at++
			}
			r.left -= (at - from) / 8 // these are fast
			if at > last || at == len(text) {
				break
			}
		}
		if at > 0 && at < len(text) && !utf8.RuneStart(text[at]) && insideRune(text, at) {
			continue
		}
		if r.run(m.start, at) {
			if m.group == 0 {
				r.from, r.to = at, r.end
			}
			return location{at, r.end, r.from, r.to}, limit - r.left, true
		}
		if r.left < 0 {
			loc, ok = m.slow(text, at, last)
			return loc, limit + slowSteps*len(text), ok
		}
	}
	return location{}, limit - r.left, false
}

// beginsAtFront reports whether every match of an expression begins where the
// text does.
func beginsAtFront(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginText:
		return true
	case syntax.OpCapture, syntax.OpConcat:
		return len(re.Sub) > 0 && beginsAtFront(re.Sub[0])
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !beginsAtFront(sub) })
	}
	return false
}

// slow does what in does with the regexp package.
func (m *matcher) slow(text []byte, at, last int) (loc location, ok bool) {
	// The search begins at the beginning, for what stands before at matters.
	for _, loc := range m.all(text) {
		if loc.start > last {
			break
		}
		if loc.start >= at {
			return loc, true
		}
	}
	return location{}, false
}

// all returns all matches in the text, which do not overlap. It takes the time
// that the regexp package takes, which is linear.
func (m *matcher) all(text []byte) (locs []location) {
	for _, found := range m.regexp().FindAllSubmatchIndex(text, -1) {
		locs = append(locs, location{found[0], found[1], found[2*m.group], found[2*m.group+1]})
	}
	return locs
}

// matches reports whether the expression matches in the text.
func (m *matcher) matches(text []byte) bool {
	_, ok := m.in(text, 0, len(text))
	return ok
}

// insideRune reports whether text[at:] begins inside of a character.
func insideRune(text []byte, at int) bool {
	for back := 1; back < utf8.UTFMax && at-back >= 0; back++ {
		if utf8.RuneStart(text[at-back]) {
			_, size := utf8.DecodeRune(text[at-back:])
			return size > back
		}
	}
	return false
}

// A nodeOp says what a node matches.
type nodeOp uint8

const (
	nodeEnd    nodeOp = iota // nothing: the match is complete
	nodeText                 // text
	nodeFold                 // text, which is in lower case, in any case
	nodeSet                  // a character of set
	nodeRepeat               // min to max characters of set
	nodeAlt                  // one of alts, which lead to next
	nodeLoop                 // body, which leads to a nodeAgain, min to max times
	nodeAgain                // nothing: a repetition of loop ends
	nodeOpen                 // nothing: the group begins
	nodeClose                // nothing: the group ends
	nodeAssert               // nothing, where assert holds
)

// many is as often as one likes.
const many = 1 << 30

// An exprNode is a part of an expression, with what follows it.
type exprNode struct {
	op     nodeOp
	lazy   bool // of repetitions: as few as possible
	single bool // a repetition can end in one place only: what follows begins with no character of set
	assert syntax.EmptyOp
	id     int // of a loop

	text     string
	set      *charSet
	min, max int
	alts     []*exprNode
	starts   []*byteSet // by alternative: what it can begin with; nil: anything
	loop     *exprNode
	body     *exprNode
	next     *exprNode
	then     *byteSet // what next can begin with; nil: anything, or nothing
}

// A charSet is a set of characters.
type charSet struct {
	ascii byteSet
	other otherSet
	runes []rune // pairs, if other is someOther
}

// An otherSet says which characters beyond ASCII are in a set.
type otherSet uint8

const (
	noOther otherSet = iota
	someOther
	allOther
)

// width returns the length in bytes of the character at text[at:], 0 if it is
// not in the set.
func (s *charSet) width(text []byte, at int) int {
	if at >= len(text) {
		return 0
	}
	if c := text[at]; c < utf8.RuneSelf {
		return int(s.ascii[c>>6] >> (c & 63) & 1)
	}
	if s.other == noOther {
		return 0
	}
	r, size := utf8.DecodeRune(text[at:])
	if s.other == allOther {
		return size
	}
	for i := 0; i < len(s.runes); i += 2 {
		if s.runes[i] <= r && r <= s.runes[i+1] {
			return size
		}
	}
	return 0
}

// bytes returns what the characters of the set begin with.
func (s *charSet) bytes() byteSet {
	set := s.ascii
	if s.other != noOther {
		set.addAll(&high)
	}
	return set
}

// newCharSet returns the set of the characters of a class.
func newCharSet(class []rune) *charSet {
	s := new(charSet)
	next := rune(utf8.RuneSelf) // all from RuneSelf to there are in it
	for i := 0; i < len(class); i += 2 {
		lo, hi := class[i], class[i+1]
		for c := lo; c <= min(hi, utf8.RuneSelf-1); c++ {
			s.ascii.add(byte(c))
		}
		if hi >= utf8.RuneSelf {
			lo = max(lo, utf8.RuneSelf)
			s.other = someOther
			s.runes = append(s.runes, lo, hi)
			if lo <= next {
				next = max(next, hi+1)
			}
		}
	}
	if next > unicode.MaxRune {
		s.other, s.runes = allOther, nil
	}
	return s
}

// A nodeBuilder makes nodes of a parsed expression.
type nodeBuilder struct {
	group  int
	loops  int
	unable bool // there is something that a matcher does not match
}

// build returns the node that matches re and then next.
func (b *nodeBuilder) build(re *syntax.Regexp, next *exprNode) *exprNode {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return next
	case syntax.OpLiteral:
		return b.literal(re, next)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return &exprNode{op: nodeSet, set: setOf(re), next: next}
	case syntax.OpBeginLine:
		return &exprNode{op: nodeAssert, assert: syntax.EmptyBeginLine, next: next}
	case syntax.OpEndLine:
		return &exprNode{op: nodeAssert, assert: syntax.EmptyEndLine, next: next}
	case syntax.OpBeginText:
		return &exprNode{op: nodeAssert, assert: syntax.EmptyBeginText, next: next}
	case syntax.OpEndText:
		return &exprNode{op: nodeAssert, assert: syntax.EmptyEndText, next: next}
	case syntax.OpWordBoundary:
		return &exprNode{op: nodeAssert, assert: syntax.EmptyWordBoundary, next: next}
	case syntax.OpNoWordBoundary:
		return &exprNode{op: nodeAssert, assert: syntax.EmptyNoWordBoundary, next: next}
	case syntax.OpCapture:
		if re.Cap != b.group {
			return b.build(re.Sub[0], next)
		}
		return &exprNode{op: nodeOpen, next: b.build(re.Sub[0], &exprNode{op: nodeClose, next: next})}
	case syntax.OpStar:
		return b.repeat(re, 0, many, next)
	case syntax.OpPlus:
		return b.repeat(re, 1, many, next)
	case syntax.OpQuest:
		return b.repeat(re, 0, 1, next)
	case syntax.OpRepeat:
		if re.Max < 0 {
			return b.repeat(re, re.Min, many, next)
		}
		return b.repeat(re, re.Min, re.Max, next)
	case syntax.OpConcat:
		for _, sub := range slices.Backward(re.Sub) {
			next = b.build(sub, next)
		}
		return next
	case syntax.OpAlternate:
		n := &exprNode{op: nodeAlt, next: next}
		for _, sub := range re.Sub {
			n.add(b.build(sub, next))
		}
		return n
	}
	b.unable = true
	return next
}

func (n *exprNode) add(alt *exprNode) {
	n.alts = append(n.alts, alt)
	n.starts = append(n.starts, alt.firstBytes())
}

// literal returns the nodes of a text.
func (b *nodeBuilder) literal(re *syntax.Regexp, next *exprNode) *exprNode {
	if slices.Contains(re.Rune, utf8.RuneError) { // what is no character matches it
		b.unable = true
		return next
	}
	if re.Flags&syntax.FoldCase == 0 {
		return &exprNode{op: nodeText, text: string(re.Rune), next: next}
	}
	text := lowerASCII(string(re.Rune))
	if strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		for _, r := range slices.Backward(re.Rune) {
			next = &exprNode{op: nodeSet, set: newCharSet(foldsOf(r)), next: next}
		}
		return next
	}
	return &exprNode{op: nodeFold, text: text, next: next}
}

// foldsOf returns a class of a character in all its cases.
func foldsOf(r rune) []rune {
	class := []rune{r, r}
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		class = append(class, f, f)
	}
	return class
}

// setOf returns the characters that an expression of one character matches, nil
// if it is none.
func setOf(re *syntax.Regexp) *charSet {
	switch re.Op {
	case syntax.OpLiteral:
		if len(re.Rune) == 1 {
			if re.Flags&syntax.FoldCase != 0 {
				return newCharSet(foldsOf(re.Rune[0]))
			}
			return newCharSet([]rune{re.Rune[0], re.Rune[0]})
		}
	case syntax.OpCharClass:
		return newCharSet(re.Rune)
	case syntax.OpAnyChar:
		return newCharSet([]rune{0, unicode.MaxRune})
	case syntax.OpAnyCharNotNL:
		return newCharSet([]rune{0, '\n' - 1, '\n' + 1, unicode.MaxRune})
	}
	return nil
}

// repeat returns the nodes of a repetition.
func (b *nodeBuilder) repeat(re *syntax.Regexp, least, most int, next *exprNode) *exprNode {
	sub, lazy := re.Sub[0], re.Flags&syntax.NonGreedy != 0
	if set := setOf(sub); set != nil {
		n := &exprNode{op: nodeRepeat, set: set, min: least, max: most, lazy: lazy, next: next, then: next.firstBytes()}
		if n.then != nil {
			bytes := set.bytes()
			n.single = n.then.and(&bytes) == byteSet{}
		}
		return n
	}
	if matchesNothing(sub) {
		// What a repetition of nothing means is left to regexp.
		b.unable = true
		return next
	}
	switch {
	case most == 0:
		return next
	case least == 1 && most == 1:
		return b.build(sub, next)
	case least == 0 && most == 1:
		n := &exprNode{op: nodeAlt, next: next}
		if lazy {
			n.add(next)
			n.add(b.build(sub, next))
		} else {
			n.add(b.build(sub, next))
			n.add(next)
		}
		return n
	}
	loop := &exprNode{op: nodeLoop, min: least, max: most, lazy: lazy, id: b.loops, next: next, then: next.firstBytes()}
	b.loops++
	loop.starts = []*byteSet{(&nodeBuilder{group: b.group}).build(sub, &exprNode{op: nodeEnd}).firstBytes()}
	loop.body = b.build(sub, &exprNode{op: nodeAgain, loop: loop})
	return loop
}

// matchesNothing reports whether an expression can match without a character.
func matchesNothing(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return false
	case syntax.OpCapture, syntax.OpPlus:
		return matchesNothing(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min == 0 || matchesNothing(re.Sub[0])
	case syntax.OpConcat:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !matchesNothing(sub) })
	case syntax.OpAlternate:
		return slices.ContainsFunc(re.Sub, matchesNothing)
	}
	return true
}

// firstBytes returns what a match of the node, and of what follows, can begin
// with, nil if it can be anything or nothing.
func (n *exprNode) firstBytes() *byteSet {
	var set byteSet
	switch n.op {
	case nodeText:
		set.add(n.text[0])
		return &set
	case nodeFold:
		c := n.text[0]
		set.add(c)
		if isLetter(c) {
			set.add(c - 'a' + 'A')
		}
		if c == 'k' || c == 's' {
			set.addAll(&high)
		}
		return &set
	case nodeSet:
		set = n.set.bytes()
		return &set
	case nodeRepeat:
		set = n.set.bytes()
		if n.min > 0 {
			return &set
		}
		if n.then == nil {
			return nil
		}
		set.addAll(n.then)
		return &set
	case nodeLoop, nodeAgain:
		loop := n
		if n.op == nodeAgain {
			loop = n.loop
		}
		if loop.starts[0] == nil {
			return nil
		}
		set = *loop.starts[0]
		if n == loop && n.min > 0 {
			return &set
		}
		if loop.then == nil {
			return nil
		}
		set.addAll(loop.then)
		return &set
	case nodeAlt:
		for _, s := range n.starts {
			if s == nil {
				return nil
			}
			set.addAll(s)
		}
		return &set
	case nodeOpen, nodeClose, nodeAssert:
		return n.next.firstBytes()
	}
	return nil
}

// lastBytes returns what the matches of an expression can end with, whether they
// end where the text does, and whether they all have a character.
func lastBytes(re *syntax.Regexp) (set byteSet, ended, some bool) {
	switch re.Op {
	case syntax.OpLiteral:
		last := re.Rune[len(re.Rune)-1]
		return runeSet([]rune{last}, re.Flags), false, true
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return setOf(re).bytes(), false, true
	case syntax.OpEndText:
		return set, true, false
	case syntax.OpCapture:
		return lastBytes(re.Sub[0])
	case syntax.OpPlus, syntax.OpRepeat, syntax.OpStar, syntax.OpQuest:
		set, _, some = lastBytes(re.Sub[0])
		return set, false, some && (re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat && re.Min > 0)
	case syntax.OpConcat:
		for _, sub := range slices.Backward(re.Sub) {
			s, e, has := lastBytes(sub)
			set.addAll(&s)
			ended = ended || e && !some
			if some = has; some {
				break
			}
		}
		return set, ended, some
	case syntax.OpAlternate:
		ended, some = true, true
		for _, sub := range re.Sub {
			s, e, has := lastBytes(sub)
			set.addAll(&s)
			ended, some = ended && e, some && has
		}
		return set, ended, some
	}
	return set, false, false
}

// matching is the state of one search.
type matching struct {
	text     []byte
	left     int // steps
	end      int // of the match
	from, to int // of the group
	counts   [maxLoops]int
}

// maxLoops is how many repetitions of more than a character an expression can
// have.
const maxLoops = 8

// run reports whether the node, and all that follows it, matches at text[at:].
func (r *matching) run(n *exprNode, at int) bool {
	text := r.text
	for {
		if r.left--; r.left < 0 {
			return false
		}
		switch n.op {
		case nodeEnd:
			r.end = at
			return true
		case nodeText:
			if len(text)-at < len(n.text) || string(text[at:at+len(n.text)]) != n.text {
				return false
			}
			at += len(n.text)
		case nodeFold:
			if at = foldAt(text, at, n.text); at < 0 {
				return false
			}
		case nodeSet:
			w := n.set.width(text, at)
			if w == 0 {
				return false
			}
			at += w
		case nodeRepeat:
			var done, ok bool
			if at, done, ok = r.repeat(n, at); done {
				return ok
			}
		case nodeAlt:
			last := len(n.alts) - 1
			for i, alt := range n.alts[:last] {
				if n.starts[i].mayBegin(text, at) && r.run(alt, at) {
					return true
				}
			}
			if !n.starts[last].mayBegin(text, at) {
				return false
			}
			n = n.alts[last]
			continue
		case nodeLoop:
			return r.loop(n, 0, at)
		case nodeAgain:
			count := r.counts[n.loop.id]
			if r.loop(n.loop, count, at) {
				return true
			}
			r.counts[n.loop.id] = count
			return false
		case nodeOpen:
			was := r.from
			r.from = at
			if r.run(n.next, at) {
				return true
			}
			r.from = was
			return false
		case nodeClose:
			was := r.to
			r.to = at
			if r.run(n.next, at) {
				return true
			}
			r.to = was
			return false
		case nodeAssert:
			if !holds(n.assert, text, at) {
				return false
			}
		}
		n = n.next
	}
}

// repeat matches a repetition of characters. If done, it says whether all that
// follows matches; else the match goes on at the offset that it returns.
func (r *matching) repeat(n *exprNode, at int) (end int, done, ok bool) {
	text, set := r.text, n.set
	if n.lazy && !n.single {
		for count := 0; ; count++ {
			if count >= n.min && n.then.mayBegin(text, at) && r.run(n.next, at) {
				return 0, true, true
			}
			w := 0
			if count < n.max {
				w = set.width(text, at)
			}
			if r.left--; w == 0 || r.left < 0 {
				return 0, true, false
			}
			at += w
		}
	}
	start, count := at, 0
	most := min(len(text), at+n.max) // each character is a byte or more
	for at < most && text[at] < utf8.RuneSelf && set.ascii.has(text[at]) {
		at++
	}
	count = at - start
	ascii := true
	if at < len(text) && text[at] >= utf8.RuneSelf && set.other != noOther {
		for count < n.max {
			w := set.width(text, at)
			if w == 0 {
				break
			}
			ascii = ascii && w == 1
			at += w
			count++
		}
	}
	r.left -= (at - start) / 8 // these are fast
	if count < n.min {
		return 0, true, false
	}
	if n.single || n.min == count {
		return at, false, false
	}
	for {
		if n.then.mayBegin(text, at) && r.run(n.next, at) {
			return 0, true, true
		}
		if r.left--; count == n.min || r.left < 0 {
			return 0, true, false
		}
		count--
		if ascii {
			at--
		} else {
			_, w := utf8.DecodeLastRune(text[start:at])
			at -= w
		}
	}
}

// loop matches the repetitions of a loop from the count-th on, and what follows.
func (r *matching) loop(n *exprNode, count, at int) bool {
	again := func() bool {
		if count == n.max || !n.starts[0].mayBegin(r.text, at) {
			return false
		}
		r.counts[n.id] = count + 1
		return r.run(n.body, at)
	}
	behind := func() bool { return n.then.mayBegin(r.text, at) && r.run(n.next, at) }
	switch {
	case count < n.min:
		return again()
	case n.lazy:
		return behind() || again()
	}
	return again() || behind()
}

// mayBegin reports whether text[at:] begins with a byte of the set. A nil set is
// that of all bytes, and of the end of the text.
func (b *byteSet) mayBegin(text []byte, at int) bool {
	return b == nil || at < len(text) && b.has(text[at])
}

// foldAt returns the end of a text, which is in lower case, at text[at:] in any
// case, or -1.
func foldAt(text []byte, at int, folded string) int {
	for i := range len(folded) {
		if at >= len(text) {
			return -1
		}
		c := text[at]
		if lower(c) == folded[i] {
			at++
			continue
		}
		// The long s and the Kelvin sign are cases of letters of ASCII.
		if c < utf8.RuneSelf || folded[i] != 's' && folded[i] != 'k' {
			return -1
		}
		r, size := utf8.DecodeRune(text[at:])
		if folded[i] == 's' && r != 'ſ' || folded[i] == 'k' && r != '\u212a' {
			return -1
		}
		at += size
	}
	return at
}

// holds reports whether an assertion holds at an offset.
func holds(assert syntax.EmptyOp, text []byte, at int) bool {
	switch assert {
	case syntax.EmptyBeginLine:
		return at == 0 || text[at-1] == '\n'
	case syntax.EmptyEndLine:
		return at == len(text) || text[at] == '\n'
	case syntax.EmptyBeginText:
		return at == 0
	case syntax.EmptyEndText:
		return at == len(text)
	}
	before := at > 0 && isNameByte(text[at-1])
	behind := at < len(text) && isNameByte(text[at])
	return (before != behind) == (assert == syntax.EmptyWordBoundary)
}
