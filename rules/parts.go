package rules

import (
	"fmt"
	"iter"
	"slices"
	"sort"
	"strings"
)

// checkParts says what is wrong with the rule's parts, as far as that is seen
// without the other rules.
func (r *Rule) checkParts(bad func(key, format string, args ...any)) {
	if r.PartOnly && r.Regex == "" && r.Keys == "" {
		bad("part_only", "\"part_only\" needs \"regex\" or \"keys\"")
	}
	if len(r.Parts) > 0 && r.Regex == "" && r.Keys == "" {
		bad("part", "a part needs \"regex\" or \"keys\": a file's name has no place that it could be near to")
	}
	if len(r.Parts) > 0 && r.PartOnly {
		bad("part", "what is never reported by itself (part_only) has no parts")
	}
	for i, p := range r.Parts {
		key := fmt.Sprintf("part.%d.", i)
		if strings.TrimSpace(p.Name) == "" {
			bad(key+"name", "a part without \"name\"")
		}
		for _, other := range r.Parts[:i] {
			if p.Name != "" && p.Name == other.Name {
				bad(key+"name", "there are two parts with the name %q: give one of them all the rules", p.Name)
			}
		}
		if len(p.Rules) == 0 {
			bad(key+"rules", "a part without \"rules\": the ids of the rules that find it")
		}
		for j, id := range p.Rules {
			switch {
			case id == r.ID:
				bad(key+"rules", "the rule is a part of itself")
			case slices.Contains(p.Rules[:j], id):
				bad(key+"rules", "the rule %q is given twice", id)
			}
		}
		if p.Lines < 0 || p.Lines > MaxPartLines {
			bad(key+"lines", "\"lines\" must be between 1 and %d", MaxPartLines)
		}
		if p.Bytes < 0 || p.Bytes > MaxPartBytes {
			bad(key+"bytes", "\"bytes\" must be between 1 and %d", MaxPartBytes)
		}
	}
}

// prepareParts does the same for rules that were not read from a file.
func (r *Rule) prepareParts() (errs []error) {
	r.checkParts(func(_, format string, args ...any) { errs = append(errs, ruleError(r, format, args...)) })
	return errs
}

// linkParts checks that the parts of all rules exist, that none is a part of
// itself by way of others, and that every rule with PartOnly is a part of
// something, unless loose. The rules are sorted by ID.
func (s *Set) linkParts(loose bool) (errs []error) {
	at := func(id string) int {
		i := sort.Search(len(s.rules), func(i int) bool { return s.rules[i].ID >= id })
		if i < len(s.rules) && s.rules[i].ID == id {
			return i
		}
		return -1
	}
	const (
		unseen = iota
		open
		done
	)
	var state, needed []uint8 // by rule; made when there is a part
	var visit func(i int)
	visit = func(i int) {
		state[i] = open
		for _, p := range s.rules[i].Parts {
			for _, id := range p.Rules {
				j := at(id)
				switch {
				case j < 0:
					errs = append(errs, ruleError(s.rules[i].Rule, "part %q: there is no rule %q%s", p.Name, id, DidYouMean(id, s.ids())))
					continue
				case j == i:
					continue // prepare says so
				case s.rules[j].isPath():
					errs = append(errs, ruleError(s.rules[i].Rule, "part %q: the rule %q is about a file's name, which has no place in it", p.Name, id))
				}
				needed[j] = 1
				if state[j] == open {
					errs = append(errs, ruleError(s.rules[i].Rule, "part %q: the rule %q has this one as a part, be it by way of others", p.Name, id))
				} else if state[j] == unseen {
					visit(j)
				}
			}
		}
		state[i] = done
	}
	for i := range s.rules {
		r := s.rules[i].Rule
		if state == nil && (len(r.Parts) > 0 || r.PartOnly) {
			state, needed = make([]uint8, len(s.rules)), make([]uint8, len(s.rules))
		}
		if len(r.Parts) > 0 && state[i] == unseen {
			visit(i)
		}
	}
	for i := range s.rules {
		if s.rules[i].PartOnly && needed[i] == 0 && !loose {
			errs = append(errs, ruleError(s.rules[i].Rule, "never reports anything: it finds parts only, and no rule has it as a part"))
		}
	}
	return errs
}

// ids yields the ids of the rules.
func (s *Set) ids() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range s.rules {
			if !yield(s.rules[i].ID) {
				return
			}
		}
	}
}

// without returns the rules but for those that are off, which are no parts of
// the others any more, and but for identifiers that nothing needs any more. An
// identifier that another rule cannot do without is not to be switched off.
func without(rs []Rule, off map[string]bool) (kept []Rule, errs []error) {
	wanted, left := map[string]bool{}, map[string]bool{} // parts before and after
	for _, r := range rs {
		for i, p := range r.Parts {
			for _, id := range p.Rules {
				wanted[id] = true
			}
			if off[r.ID] {
				continue
			}
			if slices.ContainsFunc(p.Rules, func(id string) bool { return off[id] }) {
				ids := slices.DeleteFunc(slices.Clone(p.Rules), func(id string) bool { return off[id] })
				if len(ids) == 0 && p.Required {
					errs = append(errs, &Error{ID: p.Rules[0], Msg: fmt.Sprintf("cannot be disabled: the rule %q finds nothing without it; disable both", r.ID)})
				}
				r.Parts = slices.Clone(r.Parts)
				r.Parts[i].Rules = ids
			}
			for _, id := range r.Parts[i].Rules {
				left[id] = true
			}
		}
		r.Parts = slices.DeleteFunc(r.Parts, func(p Part) bool { return len(p.Rules) == 0 })
		kept = append(kept, r)
	}
	kept = slices.DeleteFunc(kept, func(r Rule) bool { return off[r.ID] || r.PartOnly && wanted[r.ID] && !left[r.ID] })
	return kept, errs
}

// traceParts says of candidates what Group makes of them.
func traceParts(seen []Candidate, lines func(*Match) (first, last int)) {
	var ms []Match
	for i := range seen {
		if seen[i].Dropped == "" {
			ms = append(ms, seen[i].Match)
		}
	}
	if !slices.ContainsFunc(ms, func(m Match) bool { return m.Rule.PartOnly || len(m.Rule.Parts) > 0 }) {
		return
	}
	complete := grouper{how: Grouping{Lines: lines}}
	complete.add(ms)
	complete.dropIncomplete()
	type place struct {
		rule       *Rule
		start, end int
	}
	placeOf := func(m *Match) place { return place{m.Rule, m.SecretStart, m.SecretEnd} }
	kept := map[place]bool{}
	for i := range complete.nodes {
		kept[placeOf(&complete.nodes[i].Match)] = true
	}
	type role struct{ name, of string }
	roles := map[place]role{}
	parts := map[place][]FoundPart{}
	for _, m := range Group(ms, Grouping{Lines: lines}) {
		parts[placeOf(&m)] = m.Parts
		for _, p := range m.Parts {
			at := placeOf(&p.Match)
			at.rule = nil // whichever rule found it
			roles[at] = role{p.Name, m.Rule.Description}
		}
	}
	for i := range seen {
		c := &seen[i]
		if c.Dropped != "" {
			continue
		}
		at := placeOf(&c.Match)
		for _, p := range parts[at] {
			first, _ := lines(&p.Match)
			c.passed("part", fmt.Sprintf("the %s stands on line %d", p.Name, first))
		}
		role, used := roles[place{nil, at.start, at.end}]
		switch {
		case used:
			c.passed("part", fmt.Sprintf("it is the %s of %s", role.name, article(role.of)))
		case c.Rule.PartOnly:
			c.drop("part", "an identifier beside nothing that it opens")
		case !kept[at]:
			c.drop("part", missingPart(c.Rule))
		}
	}
}

// drop marks a candidate as dropped by a test of this name.
func (c *Candidate) drop(test, why string) {
	c.Tests = append(c.Tests, Test{Name: test, Detail: why})
	c.Dropped = why
}

// missingPart says what a match lacks that was dropped for lack of it.
func missingPart(r *Rule) string {
	var names []string
	for _, p := range r.Parts {
		if p.Required {
			names = append(names, p.Name)
		}
	}
	return "no " + strings.Join(names, ", or no ") + " near it"
}
