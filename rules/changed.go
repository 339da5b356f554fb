package rules

import (
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

// FindChanged returns those matches of a whole content that depend on what
// changed in it: all whose windows [From, To] have a byte in common with a
// span, or touch one. A few others may be among them. spans are in order and
// neither overlap nor touch each other. Nothing else of the content is
// searched, so for a few changes this takes much less time than Find.
//
// What FindChanged does not return is what was found before the changes, at
// its new place. So all matches of a content that was made of an older one by
// copying and inserting are those of the old content whose windows lie within
// one copied range and touch neither of its ends (but those that are the
// beginning or the end of both contents), and what FindChanged returns for the
// inserted bytes and the seams. The order is that of Find.
//
// ok is false if matches of the content depend on more than their windows.
// Then found is incomplete: search all of the content with Find, and take
// nothing over to contents that are made of it. Both hold for a content that
// is given with a single span, of all of it.
func (s *Set) FindChanged(path string, content []byte, spans []Span) (found []Found, ok bool) {
	f := finder{set: s, path: path, buf: content, to: len(content), spans: spans, windows: []Span{}}
	if slices.ContainsFunc(s.always, func(i int) bool { return f.looksAt(&s.rules[i]) }) {
		return nil, false
	}
	for i := 0; i < len(spans) && !f.unbounded; {
		lo := max(0, spans[i].Start-s.reach)
		hi := min(len(content), spans[i].End+s.reach)
		for i++; i < len(spans) && spans[i].Start-s.reach <= hi; i++ {
			hi = min(len(content), spans[i].End+s.reach)
		}
		s.literals.each(content, lo, hi, f.hit)
	}
	if f.unbounded {
		return nil, false
	}
	for i := range f.matches {
		found = append(found, Found{f.matches[i], f.windows[i].Start, f.windows[i].End})
	}
	slices.SortStableFunc(found, func(a, b Found) int { return a.Start - b.Start })
	return found, true
}

// touches reports whether [from, to] has a byte in common with what changed, or
// touches it. It remembers the window, cut at the ends of the content, for
// what is found in it.
func (f *finder) touches(from, to int) bool {
	if f.windows == nil {
		return true
	}
	f.window = Span{max(0, from), min(len(f.buf), to)}
	i := sort.Search(len(f.spans), func(i int) bool { return f.spans[i].End >= f.window.Start })
	return i < len(f.spans) && f.spans[i].Start <= f.window.End
}
