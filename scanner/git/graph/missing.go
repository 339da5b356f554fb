package graph

import (
	"encoding/hex"
	"slices"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// A Cause is why an object that is named is not in the store.
type Cause string

// The causes.
const (
	CauseShallow  Cause = "shallow"  // a parent that a shallow clone left behind
	CausePromised Cause = "promised" // left behind by a partial clone: its remote has promised to send it
	CauseMissing  Cause = "missing"  // the repository is damaged
)

// MaxMissingIDs is how many ids a Missing lists.
const MaxMissingIDs = 10

// A Missing is the objects that are named by what is in scope and are not in the
// store, for one cause.
type Missing struct {
	Cause Cause
	Count int
	IDs   []string // the first, in hexadecimal, ascending
}

// Missing returns what is missing, by cause.
func (g *Graph) Missing() []Missing { return g.missing.found }

// missing is what is known of objects that are not in the store.
type missing struct {
	names    []string // their raw ids; nil once they are counted
	total    int      // how many there were
	commits  []missingFrom
	shallow  map[pack.Num]bool
	promisor bool
	found    []Missing
}

// A missingFrom says that a commit or tag names an object that is missing.
type missingFrom struct {
	by     pack.Num
	name   uint32 // place in missing.names
	parent bool   // as its parent
}

// count fills in found, from what trees in scope name (by the places in names)
// and what commits and tags in scope do.
func (m *missing) count(fromTrees bits, inScope func(pack.Num) bool) {
	causes := make(map[uint32]Cause)
	cause := CauseMissing
	if m.promisor {
		cause = CausePromised
	}
	for i := range m.names {
		if fromTrees.has(pack.Num(i)) {
			causes[uint32(i)] = cause
		}
	}
	for _, c := range m.commits {
		switch {
		case !inScope(c.by):
		case !c.parent || !m.shallow[c.by]:
			causes[c.name] = cause
		case causes[c.name] == "":
			causes[c.name] = CauseShallow
		}
	}
	ids := make(map[Cause][]string)
	for i, name := range m.names {
		if c, ok := causes[uint32(i)]; ok {
			ids[c] = append(ids[c], name)
		}
	}
	for _, c := range []Cause{CauseShallow, CausePromised, CauseMissing} {
		if all := ids[c]; len(all) > 0 {
			slices.Sort(all)
			found := Missing{Cause: c, Count: len(all)}
			for _, raw := range all[:min(len(all), MaxMissingIDs)] {
				found.IDs = append(found.IDs, hex.EncodeToString([]byte(raw)))
			}
			m.found = append(m.found, found)
		}
	}
	m.total = len(m.names)
	m.names, m.commits, m.shallow = nil, nil, nil
}
