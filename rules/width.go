package rules

import (
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// unbounded is a width without end. It is small enough to be added and
// multiplied a few times.
const unbounded = 1 << 30

// maxWidth returns the most bytes that an expression can match, or unbounded.
// The expression is valid.
func maxWidth(expr string) int {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return unbounded
	}
	return nodeWidth(re)
}

func nodeWidth(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		n := 0
		for _, r := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 && r >= 'K' {
				// Folding can reach longer encodings: k and the Kelvin sign.
				n += max(3, utf8.RuneLen(r))
			} else {
				n += utf8.RuneLen(r)
			}
		}
		return n
	case syntax.OpCharClass:
		n := 0
		for i := 1; i < len(re.Rune); i += 2 {
			n = max(n, utf8.RuneLen(re.Rune[i]))
		}
		return max(n, 1)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return utf8.UTFMax
	case syntax.OpCapture, syntax.OpQuest:
		return nodeWidth(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		if nodeWidth(re.Sub[0]) == 0 {
			return 0
		}
		return unbounded
	case syntax.OpRepeat:
		w := nodeWidth(re.Sub[0])
		if w == 0 {
			return 0
		}
		if re.Max < 0 {
			return unbounded
		}
		return min(unbounded, w*re.Max)
	case syntax.OpConcat:
		n := 0
		for _, sub := range re.Sub {
			n = min(unbounded, n+nodeWidth(sub))
		}
		return n
	case syntax.OpAlternate:
		n := 0
		for _, sub := range re.Sub {
			n = max(n, nodeWidth(sub))
		}
		return n
	}
	return 0 // empty-width assertions
}

// keywordLead returns the largest distance, in bytes, from the start of a
// match to a keyword that the match must have, or unbounded if the expression
// does not show where that is. Keywords are compared without ASCII case.
func keywordLead(expr string, keywords []string) int {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return unbounded
	}
	lowered := make([]string, len(keywords))
	for i, k := range keywords {
		lowered[i] = lowerASCII(k)
	}
	before := 0           // width of what came before the strings in tails
	tails := []string{""} // all that the nodes since then can match
	width := 0            // of these nodes; more than the tails have where folding reaches longer encodings
	for _, node := range flatten(re, nil) {
		next, ok := expand(node, tails)
		if !ok {
			before = min(unbounded, before+width+nodeWidth(node))
			tails, width = []string{""}, 0
			continue
		}
		tails = next
		width += nodeWidth(node)
		if at, ok := allContain(tails, lowered); ok {
			longest := 0
			for _, t := range tails {
				longest = max(longest, len(t))
			}
			if at > 0 {
				at += width - longest
			}
			return min(unbounded, before+at)
		}
	}
	return unbounded
}

// flatten returns the nodes that an expression matches one after the other.
func flatten(re *syntax.Regexp, nodes []*syntax.Regexp) []*syntax.Regexp {
	switch re.Op {
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			nodes = flatten(sub, nodes)
		}
		return nodes
	case syntax.OpCapture:
		return flatten(re.Sub[0], nodes)
	}
	return append(nodes, re)
}

const (
	maxExpansion = 512 // strings
	maxSpelled   = 16  // the largest range of characters of a class that is listed, less one
)

// expand appends to every prefix everything that the node can match, in lower
// case, and reports false if that is too much to list.
func expand(re *syntax.Regexp, prefixes []string) ([]string, bool) {
	var out []string
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return prefixes, true
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 && r >= utf8.RuneSelf {
				return nil, false
			}
		}
		lit := lowerASCII(string(re.Rune))
		for _, p := range prefixes {
			out = append(out, p+lit)
		}
	case syntax.OpCharClass:
		seen := ""
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i+1]-re.Rune[i] > maxSpelled {
				return nil, false
			}
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if r >= utf8.RuneSelf {
					if r == 'ſ' || r == '\u212a' { // case folds of s and k
						continue
					}
					return nil, false
				}
				if c := string(lower(byte(r))); !strings.Contains(seen, c) {
					seen += c
				}
			}
		}
		for _, p := range prefixes {
			for i := range len(seen) {
				out = append(out, p+seen[i:i+1])
			}
		}
	case syntax.OpCapture:
		return expand(re.Sub[0], prefixes)
	case syntax.OpQuest:
		with, ok := expand(re.Sub[0], prefixes)
		if !ok {
			return nil, false
		}
		out = append(append(out, prefixes...), with...)
	case syntax.OpConcat:
		out = prefixes
		for _, sub := range re.Sub {
			var ok bool
			if out, ok = expand(sub, out); !ok {
				return nil, false
			}
		}
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			more, ok := expand(sub, prefixes)
			if !ok {
				return nil, false
			}
			out = append(out, more...)
		}
	default:
		return nil, false
	}
	return out, len(out) <= maxExpansion
}

// allContain reports whether every text has one of the keywords, and the
// largest offset at which the first of them stands.
func allContain(texts, keywords []string) (int, bool) {
	largest := 0
	for _, t := range texts {
		first := -1
		for _, k := range keywords {
			if i := strings.Index(t, k); i >= 0 && (first < 0 || i < first) {
				first = i
			}
		}
		if first < 0 {
			return 0, false
		}
		largest = max(largest, first)
	}
	return largest, true
}
