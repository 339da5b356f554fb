package scanner

import (
	"cmp"
	"slices"
	"sort"

	"github.com/cork-scanner/cork/rules"
)

// group returns what the hits of a pass, sorted, are to be reported as: new,
// sure enough, and each credential once.
//
// What was found as it stands is not reported a second time for what it decodes
// to: a key that is written as base64 is that key. Unless it was taken for a
// secret by its name and looks alone, and decodes to what more is known of.
func (w *worker) group(p *pass, hits []*hit) (won []rules.Match) {
	for depth := range maxDepth + 1 {
		var matches []rules.Match
		news := false
		for _, h := range hits {
			if h.depth <= depth {
				matches = append(matches, h.m)
				news = news || h.depth == depth
			}
		}
		if !news {
			continue
		}
		// What is less deep may be a part of what is decoded here.
		found := rules.Group(matches, rules.Grouping{
			Lines: func(m *rules.Match) (first, last int) {
				h := p.hits[keyOf(m)]
				return h.loc.Line, h.loc.EndLine
			},
			Known: func(m *rules.Match) bool {
				h := p.hits[keyOf(m)]
				return h.old || h.depth < depth
			},
			Min: w.s.opts.MinConfidence,
		})
		if depth == 0 {
			won = found
			continue
		}
		won = joinDepths(won, found)
	}
	return won
}

// joinDepths adds to what won what was found deeper, both without overlaps.
func joinDepths(won, deeper []rules.Match) []rules.Match {
	bySecret := func(a, b rules.Match) int { return cmp.Compare(a.SecretStart, b.SecretStart) }
	slices.SortStableFunc(won, bySecret)
	deeper = slices.DeleteFunc(deeper, func(m rules.Match) bool {
		over := overlapped(won, &m)
		return slices.ContainsFunc(over, func(o rules.Match) bool { return generic(&m) || !generic(&o) })
	})
	slices.SortStableFunc(deeper, bySecret)
	won = slices.DeleteFunc(won, func(o rules.Match) bool { return len(overlapped(deeper, &o)) > 0 })
	won = append(won, deeper...)
	slices.SortStableFunc(won, func(a, b rules.Match) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), bySecret(a, b))
	})
	return won
}

// generic reports whether what was found is known by its name and looks alone.
func generic(m *rules.Match) bool {
	return m.Rule.Provider == "" && (m.Key != "" || m.Rule.Shape != "")
}

// overlapped returns those of the matches, which do not overlap each other and
// are in order of their secrets, whose secrets overlap that of m.
func overlapped(ms []rules.Match, m *rules.Match) []rules.Match {
	from := sort.Search(len(ms), func(i int) bool { return ms[i].SecretEnd > m.SecretStart })
	to := from
	for to < len(ms) && ms[to].SecretStart < m.SecretEnd {
		to++
	}
	return ms[from:to]
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
	l.Path, l.RepoPath, l.Blob, l.Commit = b.Path, b.RepoPath, b.ID, b.Commit
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

// nearSecrets returns the sightings of a window without the identifiers that
// are parts of nothing, whatever comes behind it. Offsets are in buf; what is
// announced before to has been searched.
func (p *pass) nearSecrets(ss []sighting, to int) []sighting {
	base := int(p.base)
	ids := &p.idents
	for i := range ss {
		if s := &ss[i]; !s.m.Rule.PartOnly {
			ids.starts = append(ids.starts, base+s.start)
			ids.ends = append(ids.ends, base+s.end)
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
	ss = slices.DeleteFunc(ss, func(s sighting) bool {
		m := &s.m
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
	return ss
}
