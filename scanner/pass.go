package scanner

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner/decode"
)

// A pass goes over one text from beginning to end, window by window, and
// keeps what it finds. What it finds does not depend on where windows end:
//
//	        base        done                  to
//	         | margin    |       window        |    margin   |
//	--------[.buf............................................]------->
//	(gone: only where it ended is known)                      (not yet read)
//
// Each step looks for literals in [done, to), with the margins as context, and
// then drops all but one margin before to. All offsets are bytes of text from
// its beginning, except where they are said to be in buf.
type pass struct {
	s       *Scanner
	path    string
	enc     decode.Encoding
	mark    int64 // bytes of byte order mark before the text
	compare bool  // there are old versions to compare lines with

	buf  []byte
	base int64
	done int64
	at   cursor // of base

	regions decode.Regions // encoded parts of the text
	layers  []*layer       // by depth; made when they are needed

	hits       map[hitKey]*hit
	hitBytes   int
	secrets    int // hits that are no identifiers
	idents     identifiers
	full       error // the limit that was passed; nothing more is kept
	directives directives
	lines      lineSums
}

// A cursor is a place in a text, at the beginning of a character.
type cursor struct {
	line int   // 1-based
	col  int   // 1-based, in characters
	orig int64 // offset in the original, in bytes
}

// advance moves the cursor behind text, which begins where the cursor is and
// ends between characters. An invalid byte counts as a character.
func (c *cursor) advance(text []byte, enc decode.Encoding) {
	c.orig += enc.Span(text)
	if n := bytes.Count(text, newline); n > 0 {
		c.line += n
		c.col = 1
		text = text[bytes.LastIndexByte(text, '\n')+1:]
	}
	c.col += utf8.RuneCount(text)
}

var newline = []byte{'\n'}

// A hit is a match with all that is needed of the text around it, so that the
// text can go.
type hit struct {
	m           rules.Match // offsets in the text
	secret      string      // the whole match if the rule has no secret
	raw         string      // the secret as it stands in the text: encoded, if it is
	start, end  int         // of raw
	depth       int         // how often the secret was decoded
	encoding    string      // what it was decoded from; "" if depth is 0
	left, right string      // what stands around it on its first line, up to snippetBytes each
	loc         Location    // without the path
	first, last int         // lines that the match touches
	old         bool        // all its lines were there before the change
}

// wrapped returns the hit's secret. What begins with a keyword of its rule begins
// with its provider's mark; anything else is random, or a person's words, from
// its first character on.
func (h *hit) wrapped() Secret { return wrap(&h.m, h.secret) }

func wrap(m *rules.Match, secret string) Secret {
	const minMark = 2 // of T1_ and the like, a letter says nothing
	isMark := func(keyword string) bool {
		n := len(keyword)
		return n >= minMark && n <= len(secret) && strings.EqualFold(keyword, secret[:n])
	}
	if r := m.Rule; r.Provider != "" && m.Key == "" && slices.ContainsFunc(r.Keywords, isMark) {
		return NewToken(secret)
	}
	return NewSecret(secret)
}

// A hitKey is what makes two matches the same.
type hitKey struct {
	rule       string
	start, end int // of the secret
}

func keyOf(m *rules.Match) hitKey { return hitKey{m.Rule.ID, m.SecretStart, m.SecretEnd} }

// reset makes p ready for a blob. wide says that its bytes are UTF-16 or
// UTF-32 (in a pass over them as they are, enc does not).
func (p *pass) reset(b *Blob, enc decode.Encoding, mark int64, wide bool) {
	if want := 2*p.s.margin + p.s.opts.Window + 8; cap(p.buf) < want {
		p.buf = make([]byte, 0, want)
	}
	*p = pass{
		s: p.s, path: b.repoPath(), enc: enc, mark: mark, compare: b.Before != nil,
		buf: p.buf[:0],
		at:  cursor{line: 1, col: 1, orig: mark},

		regions: p.regions, layers: p.layers,
	}
	p.cutRegions(wide)
	p.regions.Reset()
	for _, l := range p.layers {
		l.set(wide)
	}
}

// cutRegions sets how regions are cut. One and what lies around it must be in buf
// when its end is read: the margins have room for that.
func (p *pass) cutRegions(wide bool) {
	p.regions.Chunk, p.regions.Overlap, p.regions.NoUTF16 = p.s.reach/4*6&^3, p.s.reach/4&^3, wide
}

// release lets go of what was found.
func (p *pass) release() {
	*p = pass{s: p.s, buf: p.buf[:0], regions: p.regions, layers: p.layers}
}

// space returns where the next text goes; it is never empty.
func (p *pass) space() []byte { return p.buf[len(p.buf):cap(p.buf)] }

// commit takes over n bytes that were put into space.
func (p *pass) commit(n int) {
	p.buf = p.buf[:len(p.buf)+n]
	if len(p.buf) == cap(p.buf) {
		p.step(p.base + int64(len(p.buf)-p.s.margin))
	}
}

// Write lets a pass take the original bytes from a decode.Reader.
func (p *pass) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n := copy(p.space(), rest)
		p.commit(n)
		rest = rest[n:]
	}
	return len(b), nil
}

// finish searches what is left at the end. size is that of the original.
func (p *pass) finish(size int64) {
	p.step(p.base + int64(len(p.buf)))
	p.lines.close(p.at.line)
	for _, h := range p.hits {
		// The last character may stand for less than a whole unit.
		h.loc.End = min(h.loc.End, size)
	}
}

// step looks for literals up to to and drops what is not needed any more.
func (p *pass) step(to int64) {
	end := p.base + int64(len(p.buf))
	if p.full == nil && p.done < to {
		p.find(int(p.done-p.base), int(to-p.base), to == end)
	}
	p.done = to
	drop := int64(len(p.buf))
	if to < end {
		drop = max(0, int64(floorRune(p.buf, int(to-p.base)-p.s.margin)))
	}
	gone := p.buf[:drop]
	if p.compare {
		p.lines.drop(gone, p.at.line)
	}
	if to < end || p.compare { // else nobody asks where the text ends
		p.at.advance(gone, p.enc)
	}
	p.base += drop
	p.buf = p.buf[:copy(p.buf, p.buf[drop:])]
	p.directives.prune(p.at.line, p.hits)
}

// find keeps what is announced in buf[from:to).
func (p *pass) find(from, to int, atEnd bool) {
	var sightings []sighting
	matches := p.s.set.Find(p.path, p.buf, from, to, p.base == 0, atEnd)
	for i := range matches {
		sightings = append(sightings, plainSighting(p.buf, &matches[i]))
	}
	sightings = p.nearSecrets(append(sightings, p.encoded(atEnd)...), to)
	var found []directive
	// Where there is nothing to allow, and nothing comes, they do not matter.
	if !p.s.opts.NoInline && !(atEnd && len(sightings)+len(p.hits) == 0) {
		found = findDirectives(p.buf, from, to)
	}
	if len(sightings)+len(found) == 0 {
		return
	}
	next := max(0, to-p.s.margin) // where the window after this one begins to matter
	places := p.places(sightings, found, next)
	for i := range sightings {
		if p.full = p.keep(&sightings[i], places); p.full != nil {
			break
		}
	}
	var touched hitLines
	many := len(p.directives.kept)+len(found) >= manyDirectives
	if many {
		touched = linesOf(p.hits)
	}
	nextLine := places.of(next).line
	p.direct(found, places, func(line int) bool { return !many || line >= nextLine || touched.has(line) })
}

// direct keeps the directives that are for lines which are wanted, and those that
// act on other lines.
func (p *pass) direct(found []directive, places places, wanted func(line int) bool) {
	for _, d := range found {
		line := places.of(d.start).line
		d.line = line
		d.start += int(p.base)
		d.end += int(p.base)
		if d.kind.far() {
			p.directives.addFar(d)
			continue
		}
		if d.kind == onNextLine {
			line++
		}
		if wanted(line) {
			p.directives.add(d, line)
		}
	}
}

// places finds out line and column of everything in the window, and of one
// more offset, in one walk.
func (p *pass) places(sightings []sighting, found []directive, more int) places {
	offsets := []int{more} // in buf
	for _, d := range found {
		offsets = append(offsets, d.start)
	}
	for i := range sightings {
		s := &sightings[i]
		offsets = append(offsets, s.first, s.last, s.start, max(s.start, s.end-1), s.end)
	}
	ps := places{buf: p.buf, wide: p.enc.Wide()}
	for _, off := range offsets {
		ps.offsets = append(ps.offsets, ps.floor(off))
		if ps.wide {
			ps.offsets = append(ps.offsets, ceilRune(p.buf, off))
		}
	}
	slices.Sort(ps.offsets)
	ps.offsets = slices.Compact(ps.offsets)
	at, prev := p.at, 0
	for _, off := range ps.offsets {
		at.advance(p.buf[prev:off], p.enc)
		prev = off
		ps.cursors = append(ps.cursors, at)
	}
	return ps
}

// places maps offsets in a window to cursors.
type places struct {
	buf     []byte
	wide    bool
	offsets []int
	cursors []cursor
}

func (ps *places) floor(off int) int { return max(0, floorRune(ps.buf, off)) }

// of returns the place of the character at, or around, an offset.
func (ps *places) of(off int) cursor {
	i, _ := slices.BinarySearch(ps.offsets, ps.floor(off))
	return ps.cursors[i]
}

// orig returns the original offset of the beginning (of the end, if up) of the
// character around off. Where text is bytes, offsets are exact.
func (ps *places) orig(off int, up bool) int64 {
	floor := ps.floor(off)
	if !ps.wide {
		return ps.of(off).orig + int64(off-floor)
	}
	if up {
		i, _ := slices.BinarySearch(ps.offsets, ceilRune(ps.buf, off))
		return ps.cursors[i].orig
	}
	return ps.of(off).orig
}

// secretSpan returns the span that a finding is about.
func secretSpan(m *rules.Match) (start, end int) {
	if m.SecretStart < m.SecretEnd {
		return m.SecretStart, m.SecretEnd
	}
	return m.Start, m.End
}

// trim returns the offsets of the first and of the last byte of a match that
// say what lines it is on: a rule may match the line end before its secret or
// blanks behind it, and these are not part of what it found.
func trim(buf []byte, m *rules.Match) (first, last int) {
	start, end := secretSpan(m)
	first, last = m.Start, max(m.Start, m.End-1)
	isSpace := func(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
	for first < start && isSpace(buf[first]) {
		first++
	}
	for last > first && last >= end && isSpace(buf[last]) {
		last--
	}
	return first, last
}

// plainSighting makes a sighting of a match in the window.
func plainSighting(buf []byte, m *rules.Match) sighting {
	s := sighting{m: *m}
	s.start, s.end = secretSpan(m)
	s.first, s.last = trim(buf, m)
	s.secret = string(buf[s.start:s.end])
	return s
}

// keep makes a hit of a sighting.
func (p *pass) keep(s *sighting, ps places) error {
	h := &hit{m: s.m, secret: s.secret, raw: s.secret, depth: s.depth, encoding: s.encoding}
	if s.depth > 0 {
		h.raw = string(p.buf[s.start:s.end])
	}
	c, e := ps.of(s.start), ps.of(max(s.start, s.end-1))
	h.loc = Location{
		Start: ps.orig(s.start, false), End: ps.orig(s.end, true),
		Line: c.line, Column: c.col, EndLine: e.line, EndColumn: e.col,
	}
	h.first, h.last = ps.of(s.first).line, ps.of(s.last).line
	if !s.m.Rule.PartOnly {
		h.left, h.right = around(p.buf, s.start, s.end)
	}

	base := int(p.base)
	h.m.Start, h.m.End = s.m.Start+base, s.m.End+base
	h.m.SecretStart, h.m.SecretEnd = s.m.SecretStart+base, s.m.SecretEnd+base
	h.start, h.end = s.start+base, s.end+base
	if h.m.Severity == 0 {
		h.m.Severity = s.m.Rule.Severity
	}
	if h.m.Confidence == 0 {
		h.m.Confidence = s.m.Rule.Confidence
	}

	key := keyOf(&h.m)
	if old, ok := p.hits[key]; ok {
		// Announced by another literal, or decoded again. Which one comes first
		// depends on the windows, so the choice must not depend on the order.
		if compareHits(h, old) < 0 {
			p.hits[key] = h
			p.want(h)
		}
		return nil
	}
	p.hitBytes += p.cost(h)
	if !s.m.Rule.PartOnly {
		p.secrets++
	}
	if p.secrets > maxMatches || p.hitBytes > maxMatchBytes {
		return ErrTooMany
	}
	if p.hits == nil {
		p.hits = make(map[hitKey]*hit)
	}
	p.hits[key] = h
	p.want(h)
	return nil
}

// cost returns about how many bytes it takes to keep a hit.
func (p *pass) cost(h *hit) int {
	const overhead = 512
	n := overhead + len(h.secret) + len(h.left) + len(h.right)
	if h.depth > 0 {
		n += len(h.raw)
	}
	if p.compare {
		n += (h.last - h.first) * lineSumBytes
	}
	return n
}

// want asks for the sums of the lines that a hit touches. They begin in buf or
// are the line at its beginning.
func (p *pass) want(h *hit) {
	if p.compare {
		p.lines.want(h.first, h.last)
	}
}

// compareHits orders hits by position, and those of one secret so that the
// first is the one to keep.
func compareHits(a, b *hit) int {
	return cmp.Or(
		cmp.Compare(a.m.SecretStart, b.m.SecretStart),
		cmp.Compare(a.m.SecretEnd, b.m.SecretEnd),
		cmp.Compare(a.m.Rule.ID, b.m.Rule.ID),
		cmp.Compare(a.depth, b.depth),
		-cmp.Compare(a.m.Confidence, b.m.Confidence),
		-cmp.Compare(a.m.Severity, b.m.Severity),
		cmp.Compare(a.m.Start, b.m.Start),
		-cmp.Compare(a.m.End, b.m.End),
		cmp.Compare(a.m.Key, b.m.Key),
		slices.Compare(a.m.Reasons, b.m.Reasons),
		cmp.Compare(a.encoding, b.encoding),
		cmp.Compare(a.secret, b.secret),
	)
}

// sorted returns the hits in order of position.
func (p *pass) sorted() []*hit {
	hits := make([]*hit, 0, len(p.hits))
	for _, h := range p.hits {
		hits = append(hits, h)
	}
	slices.SortFunc(hits, compareHits)
	return hits
}

// floorRune returns the beginning of the character of which buf[i] is a part,
// or i if that is the beginning of a character, an invalid byte, or the end.
// Valid characters cannot overlap, so a look at three bytes before i is enough.
func floorRune(buf []byte, i int) int {
	for k := 1; k < utf8.UTFMax && i-k >= 0 && i < len(buf); k++ {
		if utf8.RuneStart(buf[i-k]) {
			if _, size := utf8.DecodeRune(buf[i-k:]); size > k {
				return i - k
			}
			return i
		}
	}
	return i
}

// ceilRune returns i, or the end of the character that i lies inside of.
func ceilRune(buf []byte, i int) int {
	if f := floorRune(buf, i); f < i {
		_, size := utf8.DecodeRune(buf[f:])
		return f + size
	}
	return i
}
