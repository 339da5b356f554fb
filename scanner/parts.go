package scanner

import (
	"slices"

	"github.com/cork-scanner/cork/rules"
)

// group returns what the hits of a pass, sorted, are to be reported as: new,
// sure enough, and each credential once.
func (w *worker) group(p *pass, hits []*hit) []rules.Match {
	matches := make([]rules.Match, len(hits))
	for i, h := range hits {
		matches[i] = h.m
	}
	return rules.Group(matches, rules.Grouping{
		Lines: func(m *rules.Match) (first, last int) {
			h := p.hits[keyOf(m)]
			return h.loc.Line, h.loc.EndLine
		},
		Known: func(m *rules.Match) bool { return p.hits[keyOf(m)].old },
		Min:   w.s.opts.MinConfidence,
	})
}

// mayReport reports whether a match can become a finding: alone, or with the
// parts that would raise its confidence.
func (w *worker) mayReport(m *rules.Match) bool {
	confidence := m.Confidence
	if len(m.Rule.Parts) > 0 {
		confidence++
	}
	return !m.Rule.PartOnly && confidence >= w.s.opts.MinConfidence
}

// parts returns the parts of a grouped match.
func (p *pass) parts(b *Blob, m *rules.Match) []Part {
	var parts []Part
	for i := range m.Parts {
		part := &m.Parts[i]
		h := p.hits[keyOf(&part.Match)]
		parts = append(parts, Part{
			Name:       part.Name,
			RuleID:     part.Match.Rule.ID,
			Location:   h.location(b),
			Value:      h.wrapped(),
			Key:        part.Match.Key,
			Identifier: part.Identifier,
		})
	}
	return parts
}

// location returns where the hit lies in the blob.
func (h *hit) location(b *Blob) Location {
	l := h.loc
	l.Path, l.Blob, l.Commit = b.Path, b.ID, b.Commit
	return l
}

// Identifiers are frequent: a list of a million hosts holds no secret. So only
// those are kept that are near enough to something else to be a part of it.
// identifiers is what the next window has to know for that. All offsets are
// of text.
type identifiers struct {
	open         []hitKey // those that are near to nothing yet
	starts, ends []int    // of secrets that may be near to what comes
}

// nearSecrets returns the matches of a window without the identifiers that
// are parts of nothing, whatever comes behind it. Offsets are in buf; what is
// announced before to has been searched.
func (p *pass) nearSecrets(ms []rules.Match, to int) []rules.Match {
	base := int(p.base)
	ids := &p.idents
	for i := range ms {
		if !ms[i].Rule.PartOnly {
			start, end := secretSpan(&ms[i])
			ids.starts = append(ids.starts, base+start)
			ids.ends = append(ids.ends, base+end)
		}
	}
	slices.Sort(ids.starts)
	slices.Sort(ids.ends)
	between := func(sorted []int, lo, hi int) bool {
		at, _ := slices.BinarySearch(sorted, lo)
		return at < len(sorted) && sorted[at] <= hi
	}
	// What comes begins at most a margin before to.
	undecided := base + to - p.s.margin - rules.MaxPartBytes
	near := func(start, end int) bool {
		return between(ids.starts, end, end+rules.MaxPartBytes) || between(ids.ends, start-rules.MaxPartBytes, start)
	}
	ids.open = slices.DeleteFunc(ids.open, func(key hitKey) bool {
		if near(key.start, key.end) {
			return true
		}
		if key.end >= undecided {
			return false
		}
		if h, ok := p.hits[key]; ok {
			p.hitBytes -= p.cost(h)
			delete(p.hits, key)
		}
		return true
	})
	ms = slices.DeleteFunc(ms, func(m rules.Match) bool {
		if !m.Rule.PartOnly {
			return false
		}
		key := hitKey{m.Rule.ID, base + m.SecretStart, base + m.SecretEnd}
		if _, kept := p.hits[key]; kept || near(key.start, key.end) {
			return false
		}
		if key.end < undecided {
			return true
		}
		ids.open = append(ids.open, key)
		return false
	})
	old := func(offset int) bool { return offset < undecided }
	ids.starts = slices.DeleteFunc(ids.starts, old)
	ids.ends = slices.DeleteFunc(ids.ends, old)
	return ms
}
