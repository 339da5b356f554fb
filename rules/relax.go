package rules

import (
	"fmt"
	"regexp"
	"regexp/syntax"
)

// Repetitions that are counted, such as [a-z]{20,64}, make programs large: the
// expression inside is written out as often as it may be repeated, and a search
// carries along how often it was. Most windows hold no match. So a rule with a
// large program is first asked whether it would match if nothing were counted.

const (
	// relaxedFrom is the size of a program, in instructions, from which on that
	// pays. Below 500 the regexp package has a fast matcher.
	relaxedFrom = 200
	// keptCount is how much of a count is kept: a few characters in a row are
	// rarer than one, and cost little.
	keptCount = 3
)

// relaxed returns an expression that matches wherever that of a pattern rule does,
// and that is faster; nil if there is none.
func (p *program) relaxed() *regexp.Regexp {
	if p.prepared.size < relaxedFrom {
		return nil
	}
	p.relaxedOnce.Do(func() {
		re, err := syntax.Parse(p.Regex, syntax.Perl)
		if err != nil {
			return
		}
		src := relax(re).String()
		if p.isAnchored() {
			src = fmt.Sprintf(`\A(?s:.{0,%d})(?:%s)`, p.lead+margin, src)
		}
		p.relaxedRe, _ = regexp.Compile(src)
	})
	return p.relaxedRe
}

// relax takes the upper bounds from repetitions, and most of the lower ones, and
// makes groups of captures.
func relax(re *syntax.Regexp) *syntax.Regexp {
	out := *re
	out.Sub = make([]*syntax.Regexp, len(re.Sub))
	for i, sub := range re.Sub {
		out.Sub[i] = relax(sub)
	}
	switch re.Op {
	case syntax.OpCapture:
		return out.Sub[0]
	case syntax.OpRepeat:
		if re.Max >= 0 && re.Max <= keptCount {
			break
		}
		out.Min, out.Max = min(re.Min, keptCount), -1
	}
	return &out
}
