package rules

import (
	"bytes"
	"math"
	"slices"
	"sort"
)

// A Span is a part of a content: byte offsets, half-open. An empty one is a
// seam, where bytes meet that did not before.
type Span struct{ Start, End int }

// A Found is a match and what it depends on: were any byte of
// content[From:To] another one, or were bytes inserted or taken away there, it
// might not be found, or differ; what lies beyond does not matter to it. From
// and To are cut at the content's beginning and end: a window that begins or
// ends there depends on the content beginning or ending there.
type Found struct {
	Match
	From, To int
}

// A Hit is a place where a rule's keyword stands, content[Start:End], and what
// was looked at there, content[From:To], which is to be understood as that of a
// Found. Most hits come to nothing.
type Hit struct {
	Start, End, From, To int32
	Steps                int32 // that expressions took there; most often 0
	literal              int32
}

// Move returns the hit at another place of a content.
func (h Hit) Move(by int) Hit {
	h.Start, h.End, h.From, h.To = h.Start+int32(by), h.End+int32(by), h.From+int32(by), h.To+int32(by)
	return h
}

// Between two spans that are searched, so few bytes are searched too: to begin
// anew takes longer.
const aside = 16

// maxChanged is the longest content, in bytes, that FindChanged takes.
const maxChanged = 1 << 30

// FindChanged returns what is found in a content where it has changed: in the
// spans, which are in order and neither overlap nor touch each other, and at the
// hits of again: those of an older content that were copied whole, but not all
// of what was looked at there. kept are those of which all of that was copied, at
// their new place; these may be left out that took no steps. All hits are in order.
//
// What it does not return is what the older content has, at its new place. So
// all matches of a content that was made of an older one by copying and
// inserting are those of the older content whose windows lie within one copied
// range and touch neither of its ends (but those that are the beginning or the
// end of both contents), and what FindChanged returns. The same holds for hits.
//
// The hits are appended to into, which may be nil, in order.
//
// ok is false if matches of the content depend on more than their windows: it is
// too long, it has a rule without keywords, or keywords stand so close that a rule
// may take more steps in a piece of it than it may take, and is then run over all of
// the piece. Whether that is so depends on the content alone, not on what of it
// is new. Then search all of the content with Find, and take nothing over to
// contents that are made of it. If ok is true, Find finds the same, in whatever
// pieces.
func (s *Set) FindChanged(path string, content []byte, spans []Span, kept, again, into []Hit) (found []Found, hits []Hit, ok bool) {
	f := finder{set: s, path: path, buf: content, to: len(content), tracks: true, hits: into}
	if len(content) > maxChanged || slices.ContainsFunc(s.always, func(i int) bool { return f.looksAt(&s.rules[i]) }) {
		return nil, into, false
	}
	fresh := func(literal, start int) {
		end := start + len(s.literals.texts[literal])
		i := sort.Search(len(spans), func(i int) bool { return spans[i].End > start })
		if i < len(spans) && spans[i].Start < end {
			f.hit(literal, start)
		}
	}
	seams := s.seams()
	next := 0
	if len(spans) > 0 {
		next = seams.before(content, spans[0].Start)
	}
	for i := 0; i < len(spans) && !f.unbounded; {
		from, to := next, spans[i].End
		for i++; i < len(spans); i++ {
			if next = seams.before(content, spans[i].Start); next > to+aside {
				break
			}
			to = spans[i].End
		}
		if from == to {
			continue // at a seam across which nothing can stand
		}
		for len(again) > 0 && int(again[0].Start) < from {
			f.hit(int(again[0].literal), int(again[0].Start))
			again = again[1:]
		}
		s.literals.between(content, from, to, seams.behind(content, to), fresh)
	}
	for _, h := range again {
		f.hit(int(h.literal), int(h.Start))
	}
	sortHits(f.hits[len(into):])
	if f.unbounded || crowded(kept, f.hits[len(into):]) {
		return nil, into, false
	}
	for i := range f.matches {
		found = append(found, Found{f.matches[i], f.windows[i].Start, f.windows[i].End})
	}
	slices.SortStableFunc(found, func(a, b Found) int { return a.Start - b.Start })
	return found, f.hits, true
}

// crowded reports whether there is a part of a content in which a rule may be
// overspent when that part is searched: in which the steps at hits, of all rules
// together, are more than one may take. The hits are in two lists, in order.
func crowded(a, b []Hit) bool {
	total := 0
	for _, list := range [...][]Hit{a, b} {
		for i := range list {
			total += int(list[i].Steps)
		}
	}
	if total <= freeSteps {
		return false
	}
	// The most, of all parts that end where a hit begins, by which their steps
	// exceed what their bytes allow.
	most, at := 0, 0
	for len(a)+len(b) > 0 {
		from := &b
		if len(b) == 0 || len(a) > 0 && a[0].Start < b[0].Start {
			from = &a
		}
		h := (*from)[0]
		*from = (*from)[1:]
		most = max(0, most-stepsForByte*(int(h.Start)-at)) + int(h.Steps)
		if at = int(h.Start); most > freeSteps {
			return true
		}
	}
	return false
}

// sortHits sorts hits that are in order but for a few, by where they stand.
func sortHits(hits []Hit) {
	for i := 1; i < len(hits); i++ {
		h := hits[i]
		k := i
		for ; k > 0 && h.before(&hits[k-1]); k-- {
			hits[k] = hits[k-1]
		}
		if k < i {
			hits[k] = h
		}
	}
}

func (h *Hit) before(o *Hit) bool {
	return h.Start < o.Start || h.Start == o.Start && h.literal < o.literal
}

// looked notes that buf[from:to) was looked at.
func (f *finder) looked(from, to int) {
	if f.tracks {
		f.look.Start, f.look.End = min(f.look.Start, from), max(f.look.End, to)
	}
}

// begin begins to note what is looked at for a hit.
func (f *finder) begin(start, end int) {
	f.look = Span{start - 1, end + 1}
	f.stepsBefore = f.steps
}

// end keeps the hit, with what was found.
func (f *finder) end(literal, start, end int) {
	f.look = Span{max(0, f.look.Start), min(len(f.buf), f.look.End)}
	for len(f.windows) < len(f.matches) {
		f.windows = append(f.windows, f.look)
	}
	f.hits = append(f.hits, Hit{
		Start: int32(start), End: int32(end), From: int32(f.look.Start), To: int32(f.look.End),
		Steps: int32(min(f.steps-f.stepsBefore, math.MaxInt32)), literal: int32(literal),
	})
}

// shortRights are how much behind a key mostly tells what is assigned to it, if
// anything is: a half of what is read ends within the first.
var shortRights = [...]int{12, 64}

// parse reads what is assigned to the key buf[ks:ke).
func (f *finder) parse(ks, ke int) {
	kind := f.file().kind
	if f.tracks {
		for _, n := range shortRights {
			r := reading{within: n}
			f.assignments = parseAssignments(f.assignments[:0], f.buf, ks, ke, kind, &r)
			if !r.ended {
				left := f.buf[max(0, ks-maxLeft):ks]
				f.parsed = Span{ks - len(left) + bytes.LastIndexByte(left, '\n'), ke + n}
				return
			}
		}
	}
	f.assignments = parseAssignments(f.assignments[:0], f.buf, ks, ke, kind, nil)
	f.parsed = Span{ks - maxLeft, ke + maxRight}
}

// judged notes, after the values were judged, what else was read for that.
func (f *finder) judged(ks, ke int) {
	if !f.tracks {
		return
	}
	for i := range f.assignments {
		if f.assignments[i].around {
			f.parsed = Span{ks - maxLeft, ke + maxRight}
			f.looked(f.parsed.Start, f.parsed.End)
		}
	}
}
