package rules

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// PreparedForTest returns the rule as Compile makes it, and the Go source of
// what it computed, for the generated rules. set names a byteSet in the source.
func PreparedForTest(r Rule, set func([4]uint64) string) (Rule, string, []error) {
	errs := r.prepare()
	src := fmt.Sprintf("prepared{done: true, lead: %d", r.prepared.lead)
	if s := r.prepared.sieve; s != nil {
		sets := func(bs [sieveDepth]*byteSet) (list string) {
			for _, b := range bs {
				if b != nil {
					list += "&" + set(*b) + ", "
				}
			}
			return list
		}
		var fields []string
		field := func(name string, b *byteSet) {
			if b != nil {
				fields = append(fields, name+": &"+set(*b))
			}
		}
		for _, side := range []struct {
			name string
			near [sieveDepth]*byteSet
		}{{"after", s.after}, {"before", s.before}} {
			if list := sets(side.near); list != "" {
				fields = append(fields, fmt.Sprintf("%s: [sieveDepth]*byteSet{%s}", side.name, strings.TrimSuffix(list, ", ")))
			}
		}
		field("right", s.right)
		field("left", s.left)
		field("run", s.run)
		if s.run != nil {
			fields = append(fields, fmt.Sprintf("runLen: %d", s.runLen))
		}
		if s.word != "" {
			fields = append(fields, fmt.Sprintf("word: %q, wordEnd: %d", s.word, s.wordEnd))
		}
		if s.wordStart {
			fields = append(fields, "wordStart: true")
		}
		if s.runBehind {
			fields = append(fields, fmt.Sprintf("runBehind: true, runEnd: %d", s.runEnd))
		}
		src += ", sieve: &sieve{" + strings.Join(fields, ", ") + "}"
	}
	if r.prepared.size > 0 {
		src += fmt.Sprintf(", size: %d", r.prepared.size)
	}
	if r.prepared.pathWord != "" {
		src += fmt.Sprintf(", pathWord: %q", r.prepared.pathWord)
	}
	return r, src + "}", errs
}

// EachLiteralForTest runs the literal search alone.
func EachLiteralForTest(literals []string, buf []byte, from, to int, hit func(literal string, start int)) {
	newLiteralSet(literals).each(buf, from, to, func(i, start int) { hit(literals[i], start) })
}

// SeamsForTest runs the literal search of what stands in buf[from:to), or across
// its ends, as FindChanged does.
func SeamsForTest(literals []string, buf []byte, from, to int, hit func(literal string, start int)) {
	seams := newSeamFilter(literals)
	newLiteralSet(literals).between(buf, seams.before(buf, from), to, seams.behind(buf, to), func(i, start int) {
		if start+len(literals[i]) > from {
			hit(literals[i], start)
		}
	})
}

// LookForTest looks the windows of buf up among those of the literals, in Go and
// with vectors, if the processor has them.
func LookForTest(literals []string, buf []byte) (inGo, inVectors []byte, both bool) {
	l := newLiteralSet(literals)
	var a, b windowBits
	groups := min(maxGroups, (len(buf)-windowBehind)/windowGroup)
	if groups <= 0 || !vectors {
		return nil, nil, false
	}
	l.table.lookGeneric(buf, groups, &a)
	lookVectors(&l.table, &buf[0], groups, &b)
	return a[:groups], b[:groups], true
}

// LiteralsForTest returns a search for the literals that only counts.
func LiteralsForTest(literals []string) func(buf []byte) int {
	l := newLiteralSet(literals)
	return func(buf []byte) (n int) {
		l.each(buf, 0, len(buf), func(int, int) { n++ })
		return n
	}
}

// IsPlaceholderForTest exposes isPlaceholder.
func IsPlaceholderForTest(secret string, keywords ...string) string {
	return isPlaceholder([]byte(secret), keywords)
}

// KeywordLeadForTest exposes keywordLead.
func KeywordLeadForTest(regex string, keywords []string) int { return keywordLead(regex, keywords) }

// FeatureNamesForTest returns the features' names with their numbers.
func FeatureNamesForTest() map[string]int {
	names := make(map[string]int)
	for i, f := range features {
		names[f.name] = i
	}
	return names
}

// SieveForTest returns what the sieve of an expression says about a keyword at
// buf[start:start+n): where a match of at most span bytes can lie, if anywhere.
func SieveForTest(expr string, keywords []string) func(buf []byte, start, n, span int) (lo, hi int, ok bool) {
	return sieveForTest(expr, keywords, nil)
}

// SeenSieveForTest returns the same for keywords of one buffer, of which it keeps
// what it has seen.
func SeenSieveForTest(expr string, keywords []string) func(buf []byte, start, n, span int) (lo, hi int, ok bool) {
	return sieveForTest(expr, keywords, new(seen))
}

func sieveForTest(expr string, keywords []string, seen *seen) func(buf []byte, start, n, span int) (lo, hi int, ok bool) {
	s, lead, _ := newSieve(expr, keywords)
	return func(buf []byte, start, n, span int) (lo, hi int, ok bool) {
		if lo, hi, ok = s.near(buf, start, n); !ok {
			return lo, hi, ok
		}
		return s.window(buf, start, n, min(lead, span), span, seen)
	}
}

// MaxWidthForTest exposes maxWidth.
func MaxWidthForTest(expr string) int { return maxWidth(expr) }

// StepsForTest returns how many steps the expression of each pattern rule takes
// in a content, and which rules took more than they may take.
func StepsForTest(s *Set, path string, content []byte) (taken map[string]int, over []string) {
	f := finder{set: s, path: path, buf: content, to: len(content)}
	s.literals.each(content, 0, len(content), f.hit)
	taken = make(map[string]int)
	for p, n := range f.spent {
		if n == allSpent {
			over = append(over, p.ID)
			n = freeSteps + (stepsForByte+2*slowSteps+stepsPerByte)*len(content) // see everywhere
		}
		taken[p.ID] = n
	}
	return taken, over
}

// MatcherForTest returns a search for all matches of an expression, as where
// they and one of their groups begin and end, and whether it is done without
// the regexp package.
func MatcherForTest(expr string, group int) (find func(text []byte) [][4]int, able bool) {
	m := newMatcher(expr, group)
	return func(text []byte) (all [][4]int) {
		last := -1
		for at := 0; at <= len(text); {
			loc, ok := m.in(text, at, len(text))
			if !ok {
				break
			}
			if loc.start != loc.end || loc.start != last {
				all = append(all, [4]int{loc.start, loc.end, loc.from, loc.to})
			}
			last = loc.end
			if at = loc.end; loc.start == loc.end {
				_, size := utf8.DecodeRune(text[at:])
				at += max(1, size)
			}
		}
		return all
	}, m.start != nil
}

// AssignsForTest reports whether the parser finds a value that is assigned to
// the key text[start:end), and whether the finder would ask the parser.
func AssignsForTest(text []byte, start, end int) (assigns, asked bool) {
	for kind := kindText; kind <= kindLock; kind++ {
		assigns = assigns || len(parseAssignments(nil, text, start, end, kind, nil)) > 0
	}
	return assigns, end < len(text) && follows.has(text[end])
}
