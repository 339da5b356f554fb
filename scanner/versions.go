package scanner

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"
	"sort"
	"unsafe"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner/archive"
	"github.com/cork-scanner/cork/scanner/decode"
)

// Versions scans contents that are made from each other, as git's deltas say,
// and looks only at what is new in each:
//
//	base      aaaaaaaaaaaaa[secret]aaaaaaaaaaaabbbbbbbbbbcccccccccccc
//	          --------------copied----------->           --copied--->
//	content   aaaaaaaaaaaaa[secret]aaaaaaaaaaaaxxxxxccccccccccccc
//	                                      ---searched---
//
// What a rule finds depends on a bounded number of bytes around the place. Where
// all of these were copied, what was found in the base is found here too, at
// another offset; where one of them is new, or ranges meet that did not, the
// place is searched. What follows from everything that was found in a content
// (overlaps, parts, comments that allow) is worked out anew, unless all of it
// was copied in one piece. So the result is that of a scan of the whole content.
//
// Content in UTF-16 or UTF-32, what may be an archive, what a rule finds too much
// in, and where keywords stand so close that a rule may be run over all of it, is
// always scanned whole.
//
// Versions is not safe for concurrent use: each goroutine has its own. What it
// returns can be passed between them.
type Versions struct {
	// Whole makes it take everything for new.
	Whole bool

	from    *Scanner             // that it was made of
	folders map[string]*Versions // by local.class: those of folders in which something else is found

	s       *Scanner
	w       *worker
	encoded pass           // decodes
	regions decode.Regions // of the text

	spans          []rules.Span
	carried, again []rules.Hit
	hits           []rules.Hit // what FindChanged returned last
	dirty          []decode.Part
}

// Versions returns a scan of versions. It honours comments, but no allowlist and
// no baseline: these are for those who know all the paths of a content.
func (s *Scanner) Versions() *Versions {
	opts := s.opts
	opts.Allow, opts.Baseline, opts.Suppressed, opts.Nested = nil, nil, true, nil
	own := newScanner(s.set, opts)
	own.text = s.text
	v := &Versions{from: s, s: own, w: own.worker()}
	v.encoded.s = own
	v.w.bare = true
	v.encoded.cutRegions(false)
	v.regions = v.encoded.regions
	return v
}

// A Version is a content, and how it was made from another one.
type Version struct {
	// Path is one of the paths of the content. It matters only as far as rules
	// judge by it, see [rules.Set.PathClass].
	Path string
	ID   string // object id in lower-case hex

	Content []byte // it is not kept

	// Base is what Scan returned for the content that this one was made from,
	// with a path of the same class; nil: all is new.
	Base *Known
	// Copies are the ranges that were copied from it: ascending and apart in To.
	Copies []Copy

	// Last says that no version will be made from this one: Scan returns no Known.
	Last bool
}

// A Copy is a range of a content that was copied from another one. Offsets and
// length are in bytes.
type Copy struct{ From, To, Len int }

// An Occurrence is a secret in a content.
type Occurrence struct {
	RuleID     string
	Secret     Secret
	Key        string // the name it was assigned to; "" if none
	Path       string // in the archive that the content is, from the EntrySeparator on; "" if it is none
	Start, End int64  // of the secret in the content (of an archive's entry in that), in bytes, half-open
	Line       int    // 1-based
	InPath     bool   // the secret stands in the path of a file that has the content

	around surrounding // for the allowlist, if that looks at it
}

// A VersionResult is what was found in a version.
type VersionResult struct {
	Occurrences []Occurrence // by Path, then by Start
	Allowed     []Occurrence // those that a comment allows

	Full    bool               // it was scanned as a whole: by what it is, or holds, it is no text that changes in places
	Entries int                // of an archive, that were read
	Missed  map[SkipReason]int // parts of an archive that were not searched
	Errors  []error            // each a *BlobError
}

// Known is what is known about a content: enough to know the same about one that
// is made from it. It is immutable.
type Known struct {
	mark int // bytes of byte order mark
	size int // of the text behind it; all further offsets are in that

	hits    []rules.Hit // by start: all places where there is a keyword
	items   []seenAt    // by from
	regions []region    // by lo

	// What all of this amounts to.
	found, allowed []Occurrence
	// The lines with matches on them, and the one before, whose comments count.
	lines     span
	firstLine int  // 1-based
	far       bool // there are comments that act on other lines; known if lines is
}

// A seenAt is a match with the span that it depends on.
type seenAt struct {
	span
	shift int // to be added to what seen says
	seen  *sighting
}

// A region is an encoded part of the text with the span that it depends on.
type region struct {
	span
	seeds span
	shift int
	seen  []*sighting
}

// Size returns about how many bytes of memory k takes; what it has in common with
// what is known of other versions counts for each of them. That of nil is 0.
func (k *Known) Size() int {
	if k == nil {
		return 0
	}
	size := unsafe.Sizeof(*k) +
		uintptr(cap(k.hits))*unsafe.Sizeof(rules.Hit{}) +
		uintptr(cap(k.items))*(unsafe.Sizeof(seenAt{})+unsafe.Sizeof(sighting{})) +
		uintptr(cap(k.regions))*unsafe.Sizeof(region{}) +
		uintptr(cap(k.found)+cap(k.allowed))*unsafe.Sizeof(Occurrence{})
	for i := range k.regions {
		size += uintptr(len(k.regions[i].seen)) * unsafe.Sizeof(sighting{})
	}
	return int(size)
}

// Scan scans a version. Known is nil if it is the Last, and where nothing can be
// said of contents that are made from this one: they are scanned without a base.
func (v *Versions) Scan(ctx context.Context, ver *Version) (*Known, VersionResult) {
	v = v.at(ver.Path)
	head := ver.Content[:min(len(ver.Content), decode.SniffLen)]
	enc, mark := decode.Detect(head)
	if enc.Wide() || archive.Detect(head) != archive.None || archive.EndsInZip(ver.Content) {
		return nil, v.whole(ctx, ver)
	}
	text := ver.Content[mark:]
	k := &Known{mark: mark, size: len(text)}
	m := v.mapping(ver, k)
	if !v.items(ver, k, m, text) {
		return nil, v.whole(ctx, ver)
	}
	v.encoded.path = ver.Path
	v.decode(k, m, text)
	if !v.settle(ver, k, m, enc, text) {
		return nil, v.whole(ctx, ver)
	}
	res := VersionResult{Occurrences: k.found, Allowed: k.allowed}
	if ver.Last {
		k = nil
	}
	return k, res
}

// at returns the scan of versions for a path.
func (v *Versions) at(path string) *Versions {
	l := v.from.at(path)
	if l.class == "" {
		return v // also where l is broken, which NestedErr says
	}
	own := v.folders[l.class]
	if own == nil {
		if v.folders == nil {
			v.folders = make(map[string]*Versions)
		}
		own = l.s.Versions()
		v.folders[l.class] = own
	}
	own.Whole = v.Whole
	return own
}

// ScanBlob scans a content of any size, and of any kind, whole.
func (v *Versions) ScanBlob(ctx context.Context, b Blob) VersionResult {
	v = v.at(b.Path)
	b.Old = true // whoever knows its paths asks the rules that judge these
	res := v.w.scan(ctx, &b)
	r := VersionResult{Full: true, Entries: res.entries, Missed: res.missed, Errors: res.errs}
	r.Occurrences, r.Allowed = occurrences(b.Path, res.findings)
	return r
}

func (v *Versions) whole(ctx context.Context, ver *Version) VersionResult {
	return v.ScanBlob(ctx, Blob{
		Path: ver.Path, ID: ver.ID, Size: int64(len(ver.Content)),
		Open: func(context.Context) (io.ReadCloser, error) { return InMemory(ver.Content), nil },
	})
}

// occurrences returns the findings in a content of that path, and those of them
// that a comment allows.
func occurrences(path string, fs []Finding) (found, allowed []Occurrence) {
	for i := range fs {
		f := &fs[i]
		o := Occurrence{
			RuleID: f.RuleID, Secret: f.Secret, Key: f.Key, Path: f.Location.Path[len(path):],
			Start: f.Location.Start, End: f.Location.End, Line: f.Location.Line, around: f.around,
		}
		if f.Suppression != nil {
			allowed = append(allowed, o)
		} else {
			found = append(found, o)
		}
	}
	for _, list := range [...][]Occurrence{found, allowed} {
		slices.SortStableFunc(list, func(a, b Occurrence) int {
			return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Start, b.Start))
		})
	}
	return found, allowed
}

// A mapping says where the parts of a text come from. Offsets are in the texts,
// behind byte order marks.
type mapping struct {
	base   *Known // nil: nothing was copied
	copies []Copy
	size   int // of the text
}

func (v *Versions) mapping(ver *Version, k *Known) mapping {
	m := mapping{size: k.size}
	if ver.Base == nil || v.Whole {
		return m
	}
	m.base = ver.Base
	for _, c := range ver.Copies {
		c.From -= m.base.mark
		c.To -= k.mark
		if cut := max(0, -c.From, -c.To); cut > 0 {
			c.From, c.To, c.Len = c.From+cut, c.To+cut, c.Len-cut
		}
		if c.Len <= 0 {
			continue
		}
		if n := len(m.copies); n > 0 {
			if last := &m.copies[n-1]; last.From+last.Len == c.From && last.To+last.Len == c.To {
				last.Len += c.Len
				continue
			}
		}
		m.copies = append(m.copies, c)
	}
	return m
}

// news appends the spans of the text that are not copied. An empty one is where
// ranges meet that did not meet before.
func (m *mapping) news(spans []rules.Span) []rules.Span {
	if m.base == nil {
		return append(spans, rules.Span{Start: 0, End: m.size})
	}
	at, from := 0, 0
	for _, c := range m.copies {
		if c.To > at || c.From != from {
			spans = append(spans, rules.Span{Start: at, End: c.To})
		}
		at, from = c.To+c.Len, c.From+c.Len
	}
	if at < m.size || from != m.base.size {
		spans = append(spans, rules.Span{Start: at, End: m.size})
	}
	return spans
}

// copied reports whether what depends on a span of the base is the same in the
// copy: it lies inside of what was copied, or reaches to the beginning or end of
// both texts.
func (m *mapping) copied(c *Copy, s span) bool {
	return (s.start > c.From || s.start == 0 && c.From == 0 && c.To == 0) &&
		(s.end < c.From+c.Len || s.end == m.base.size && c.From+c.Len == m.base.size && c.To+c.Len == m.size)
}

// items finds the matches in the text as it stands. It returns false if the text
// must be scanned whole.
func (v *Versions) items(ver *Version, k *Known, m mapping, text []byte) bool {
	v.spans = m.news(v.spans[:0])
	v.carry(m, !ver.Last)
	found, hits, ok := v.s.set.FindChanged(ver.Path, text, v.spans, v.carried, v.again, v.hits[:0])
	v.hits = hits
	if !ok {
		return false
	}
	if !ver.Last {
		k.hits = mergeHits(v.carried, hits)
	}
	for i := range m.copies {
		c := &m.copies[i]
		at := sort.Search(len(m.base.items), func(i int) bool { return m.base.items[i].start >= c.From })
		for ; at < len(m.base.items) && m.base.items[at].start < c.From+c.Len; at++ {
			if it := m.base.items[at]; m.copied(c, it.span) {
				it.move(c.To - c.From)
				it.shift += c.To - c.From
				k.items = append(k.items, it)
			}
		}
	}
	for i := range found {
		f := &found[i]
		s := plainSighting(text, &f.Match)
		k.items = append(k.items, seenAt{span: span{max(0, f.From), min(len(text), f.To)}, seen: &s})
	}
	if len(found) == 0 && slices.IsSortedFunc(k.items, compareItems) {
		return len(k.items) <= maxMatches
	}
	slices.SortStableFunc(k.items, compareItems)
	// Where it is cheap, places are searched that need not be.
	k.items = slices.CompactFunc(k.items, func(a, b seenAt) bool { return compareItems(a, b) == 0 })
	return len(k.items) <= maxMatches
}

// carry sorts the hits of the base into those of which all that was looked at is
// here too, which are kept if keep is true or they took steps, and those that are
// to be looked at again.
func (v *Versions) carry(m mapping, keep bool) {
	v.carried, v.again = v.carried[:0], v.again[:0]
	for i := range m.copies {
		c := &m.copies[i]
		by, end := c.To-c.From, int32(c.From+c.Len)
		at := sort.Search(len(m.base.hits), func(i int) bool { return int(m.base.hits[i].Start) >= c.From })
		for ; at < len(m.base.hits) && m.base.hits[at].Start < end; at++ {
			switch h := &m.base.hits[at]; {
			case h.From > int32(c.From) && h.To < end, m.copied(c, span{int(h.From), int(h.To)}):
				if keep || h.Steps > 0 {
					v.carried = append(v.carried, h.Move(by))
				}
			case h.End <= end:
				v.again = append(v.again, h.Move(by))
			}
		}
	}
}

// mergeHits merges two lists that are sorted by start into a new one.
func mergeHits(a, b []rules.Hit) []rules.Hit {
	merged := make([]rules.Hit, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if b[0].Start < a[0].Start {
			merged, b = append(merged, b[0]), b[1:]
		} else {
			merged, a = append(merged, a[0]), a[1:]
		}
	}
	return append(append(merged, a...), b...)
}

func (s *span) move(by int) { s.start, s.end = s.start+by, s.end+by }

func compareItems(a, b seenAt) int {
	if c := cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)); c != 0 {
		return c
	}
	x, y := &a.seen.m, &b.seen.m
	return cmp.Or(
		cmp.Compare(x.SecretStart+a.shift, y.SecretStart+b.shift),
		cmp.Compare(x.SecretEnd+a.shift, y.SecretEnd+b.shift),
		cmp.Compare(x.Start+a.shift, y.Start+b.shift),
		cmp.Compare(x.End+a.shift, y.End+b.shift),
		cmp.Compare(x.Rule.ID, y.Rule.ID),
		cmp.Compare(x.Confidence, y.Confidence),
		cmp.Compare(x.Severity, y.Severity),
	)
}

// decode finds the matches in the encoded parts of the text.
func (v *Versions) decode(k *Known, m mapping, text []byte) {
	v.dirty = v.dirty[:0]
	for _, s := range v.spans {
		v.dirty = append(v.dirty, decode.Around(text, s.Start, s.End))
	}
	for i := range m.copies {
		c := &m.copies[i]
		at := sort.Search(len(m.base.regions), func(i int) bool { return m.base.regions[i].seeds.end > c.From })
		for ; at < len(m.base.regions) && m.base.regions[at].seeds.start < c.From+c.Len; at++ {
			r := m.base.regions[at]
			by := c.To - c.From
			if m.copied(c, r.span) {
				r.move(by)
				r.seeds.move(by)
				r.shift += by
				k.regions = append(k.regions, r)
				continue
			}
			from, to := max(r.seeds.start, c.From), min(r.seeds.end, c.From+c.Len)
			v.dirty = append(v.dirty, decode.Around(text, from+by, to+by))
		}
	}
	v.decodeIn(k, k.regions[:len(k.regions):len(k.regions)], text, decode.Join(v.dirty))
	slices.SortFunc(k.regions, func(a, b region) int { return cmp.Compare(a.seeds.start, b.seeds.start) })
}

// decodeIn decodes what begins in parts of the text, but for what was carried
// over.
func (v *Versions) decodeIn(k *Known, carried []region, text []byte, parts []decode.Part) {
	var last *region
	for _, r := range v.regions.In(text, parts) {
		overlaps := func(o region) bool { return o.seeds.start < r.SeedEnd && r.SeedStart < o.seeds.end }
		if slices.ContainsFunc(carried, overlaps) {
			continue
		}
		var seen []sighting
		if v.encoded.layer(0).text.Decode(text[r.Start:r.End]) {
			seen = v.encoded.decoded(nil, 0, &r)
		}
		from, to := r.Depends()
		depends := span{max(0, from), min(len(text), to)}
		// What was cut for its length is one region: where it is cut depends on
		// where it begins.
		if last == nil || last.seeds.end != r.SeedStart {
			k.regions = append(k.regions, region{span: depends, seeds: span{r.SeedStart, r.SeedEnd}})
			last = &k.regions[len(k.regions)-1]
		}
		last.end, last.seeds.end = depends.end, r.SeedEnd
		for i := range seen {
			last.seen = append(last.seen, &seen[i])
		}
	}
}

// each calls yield for everything that was seen, at its place in the text.
func (k *Known) each(yield func(s *sighting, shift int)) {
	for i := range k.items {
		yield(k.items[i].seen, k.items[i].shift)
	}
	for i := range k.regions {
		for _, s := range k.regions[i].seen {
			yield(s, k.regions[i].shift)
		}
	}
}

// settle works out what everything that was seen amounts to. It returns false if
// the text must be scanned whole.
func (v *Versions) settle(ver *Version, k *Known, m mapping, enc decode.Encoding, text []byte) bool {
	n, reportable := 0, false
	k.each(func(s *sighting, _ int) {
		n++
		reportable = reportable || v.w.mayReport(&s.m)
	})
	switch {
	case !reportable:
		return true
	case n > maxMatches:
		return false
	case v.settled(k, m, text):
		return true
	}
	sightings := make([]sighting, 0, n)
	lines := span{len(text), 0}
	k.each(func(s *sighting, shift int) {
		moved := *s
		moved.move(shift)
		sightings = append(sightings, moved)
		lines.start, lines.end = min(lines.start, moved.first), max(lines.end, moved.last)
	})
	var found []directive
	if !v.s.opts.NoInline {
		// Of so many, a scan of the whole keeps some.
		if found = findDirectives(text, 0, len(text)); len(found) >= manyDirectives {
			return false
		}
		k.far = slices.ContainsFunc(found, func(d directive) bool { return d.kind.far() })
	}
	b := Blob{Path: ver.Path, ID: ver.ID, Size: int64(len(ver.Content))}
	p := &pass{
		s: v.s, path: ver.Path, enc: enc, mark: int64(k.mark), buf: text,
		at: cursor{line: 1, col: 1, orig: int64(k.mark)},
	}
	places := p.places(sightings, found, 0)
	for i := range sightings {
		if err := p.keep(&sightings[i], places); err != nil {
			return false
		}
	}
	p.direct(found, places, func(int) bool { return true })
	var res result
	v.w.findings(&b, p, []*pass{p}, &res)
	k.found, k.allowed = occurrences(ver.Path, sortFindings(res.findings))

	for range 2 {
		lines.start = max(0, bytes.LastIndexByte(text[:lines.start], '\n'))
	}
	if end := bytes.IndexByte(text[lines.end:], '\n'); end >= 0 {
		lines.end += end + 1
	} else {
		lines.end = len(text)
	}
	k.lines = lines
	k.firstLine = 1 + bytes.Count(text[:lines.start], newline)
	return true
}

// settled takes over what everything in the base amounted to, if all of it was
// copied in one piece and nothing else was seen.
func (v *Versions) settled(k *Known, m mapping, text []byte) bool {
	if m.base == nil || m.base.lines == (span{}) || len(k.items) != len(m.base.items) || m.base.far {
		return false
	}
	if !v.s.opts.NoInline && slices.ContainsFunc(v.spans, func(s rules.Span) bool { return farIn(text, s.Start, s.End) }) {
		return false
	}
	at := slices.IndexFunc(m.copies, func(c Copy) bool { return m.copied(&c, m.base.lines) })
	if at < 0 {
		return false
	}
	c := &m.copies[at]
	by := c.To - c.From
	same := true
	for i := range k.items {
		was, is := &m.base.items[i], &k.items[i]
		same = same && was.seen == is.seen && was.shift+by == is.shift
	}
	if !same || !slices.EqualFunc(m.base.sightings(), k.sightings(), func(was, is *region) bool {
		return was.shift+by == is.shift && slices.Equal(was.seen, is.seen)
	}) {
		return false
	}
	k.lines = m.base.lines
	k.lines.move(by)
	k.firstLine = 1 + bytes.Count(text[:k.lines.start], newline)
	move := func(found []Occurrence) []Occurrence {
		moved := slices.Clone(found)
		for i := range moved {
			moved[i].Start += int64(by + k.mark - m.base.mark)
			moved[i].End += int64(by + k.mark - m.base.mark)
			moved[i].Line += k.firstLine - m.base.firstLine
		}
		return moved
	}
	k.found, k.allowed = move(m.base.found), move(m.base.allowed)
	return true
}

// farIn reports whether there is a comment in a span of the text, or at one of its
// ends, that acts on other lines.
func farIn(text []byte, start, end int) bool {
	const longest = 64 // what makes a directive, and the character before it
	found := findDirectives(text, max(0, start-longest), min(len(text), end+longest))
	return slices.ContainsFunc(found, func(d directive) bool { return d.kind.far() })
}

// sightings returns the regions in which something was seen.
func (k *Known) sightings() (rs []*region) {
	for i := range k.regions {
		if len(k.regions[i].seen) > 0 {
			rs = append(rs, &k.regions[i])
		}
	}
	return rs
}
