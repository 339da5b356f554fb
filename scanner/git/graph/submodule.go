package graph

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/pack"
)

// Submodules returns the paths of submodules, sorted. What they hold is another
// repository's.
func (g *Graph) Submodules() []string {
	var paths []string
	for _, p := range g.subs {
		paths = append(paths, g.paths.path(p, g.names))
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// SubmoduleStories tells what [Graph.Stories] does of secrets that stand in paths of
// submodules: paths are those of each secret. No blob holds these, so none is counted,
// and places have none.
func (g *Graph) SubmoduleStories(ctx context.Context, paths [][]string, head pack.Num, refs []Ref, now time.Time) ([]scanner.Story, error) {
	t := newTeller(g, len(paths), now)
	t.hold(nil)
	t.order()
	t.reach(head, refs)

	// Each root that has any of the paths is a node, of the secrets that these hold.
	t.treeAt = make([]uint32, len(g.slot))
	t.nodes = []node{{}}
	seen := newBits(len(g.slot))
	finder := &submodules{g: g, known: make(map[submoduleBelow]bool)}
	first := make(map[string]uint32) // by path: rank
	for rank, c := range t.ranked {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		tree := g.commits[c].tree
		if tree == None || !seen.add(tree) {
			continue
		}
		var held []uint32
		for s, list := range paths {
			holds := false
			for _, path := range list {
				if finder.has(tree, path) {
					holds = true
					if _, ok := first[path]; !ok {
						first[path] = uint32(rank)
					}
				}
			}
			if holds {
				held = append(held, uint32(s))
			}
		}
		if len(held) > 0 {
			t.trees = append(t.trees, tree)
			t.treeAt[tree] = uint32(len(t.trees))
			t.nodeAt = append(t.nodeAt, uint32(len(t.nodes)))
			t.nodes = append(t.nodes, node{set: t.sets.add(held)})
		}
	}
	t.follow()
	t.listRefs(refs)
	t.finish()
	for s, list := range paths {
		story := &t.stories[s]
		for _, path := range list {
			place := scanner.Place{Location: scanner.Location{Path: path}}
			if rank, ok := first[path]; ok {
				place.Commit = t.info(rank)
			}
			place.AtHead = t.head != never && finder.has(g.commits[t.head].tree, path)
			story.Places = append(story.Places, place)
		}
		slices.SortStableFunc(story.Places, func(a, b scanner.Place) int {
			switch {
			case a.AtHead == b.AtHead:
				return 0
			case a.AtHead:
				return -1
			}
			return 1
		})
		story.PlacesTotal = len(story.Places)
		story.Places = story.Places[:min(len(story.Places), scanner.MaxStoryPlaces)]
	}
	return t.stories, nil
}

// submodules finds submodules in trees.
type submodules struct {
	g     *Graph
	known map[submoduleBelow]bool
	stack []part
}

// A submoduleBelow is a tree and a path in it.
type submoduleBelow struct {
	tree pack.Num
	path string
}

// has reports whether a tree has a submodule at a path.
func (m *submodules) has(tree pack.Num, path string) bool {
	if tree == None || m.g.s.Type(tree) != pack.Tree {
		return false
	}
	at := submoduleBelow{tree, path}
	has, ok := m.known[at]
	if ok {
		return has
	}
	m.known[at] = false // in a circle there is none
	name, below, deeper := strings.Cut(path, "/")
	var folders []pack.Num
	m.g.eachEntry(tree, &m.stack, func(e entry) {
		switch {
		case m.g.names[e.nameID()] != name:
		case e.kind() == kindSubmodule:
			has = has || !deeper
		case e.kind() == kindTree && deeper:
			folders = append(folders, pack.Num(e.child))
		}
	})
	for _, folder := range folders {
		has = has || m.has(folder, below)
	}
	m.known[at] = has
	return has
}
