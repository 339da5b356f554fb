package graph

import (
	"math"
	"slices"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// applyScope finds out what is in scope, and returns the trees from which paths
// begin.
func (g *Graph) applyScope(opts Options) []pack.Num {
	lost := newBits(len(g.missing.names))
	if opts.Roots == nil && len(opts.Not) == 0 && opts.Since.IsZero() {
		g.walked = len(g.commits)
		for i := range g.arenas {
			for _, e := range g.arenas[i].entries {
				if e.kind() == kindMissing {
					lost.set(pack.Num(e.child))
				}
			}
		}
		g.missing.count(lost, func(pack.Num) bool { return true })
		return g.allRoots()
	}

	n := len(g.slot)
	roots := opts.Roots
	if roots == nil {
		roots = g.everything()
	}
	since := int64(math.MinInt64)
	if !opts.Since.IsZero() {
		since = opts.Since.Unix()
	}
	// late leaves out commits from before Since. One without a date stays.
	late := func(c uint32) bool { return g.commits[c].date == noDate || g.commits[c].date >= since }

	// What Not leads to, all of it.
	none := func(uint32) bool { return true }
	var not reach
	not.walk(g, opts.Not, newBits(n), none)
	out := newBits(n)
	g.mark(not.trees, out, newBits(len(g.missing.names)))
	for _, o := range not.objects {
		out.set(o)
	}

	var in reach
	in.walk(g, roots, out, late)
	g.walked = in.commits
	var trees []pack.Num
	for _, t := range in.trees {
		if !out.has(t) {
			trees = append(trees, t)
		}
	}
	// What is out is as good as marked: nothing below it is in scope.
	g.scope = slices.Clone(out)
	g.mark(trees, g.scope, lost)
	for _, o := range in.objects {
		g.scope.set(o)
	}
	for i := range g.scope {
		g.scope[i] &^= out[i]
	}
	g.missing.count(lost, g.scope.has)
	return trees
}

// A reach is what commits and tags lead to.
type reach struct {
	commits int
	objects []pack.Num // commits, tags, and blobs that a root is or a tag names
	trees   []pack.Num // the trees of commits, and those that a root is or a tag names
}

// walk adds what roots lead to, but for what is in out and the commits that keep
// does not keep. The parents of these are walked.
func (r *reach) walk(g *Graph, roots []pack.Num, out bits, keep func(commit uint32) bool) {
	seen := newBits(len(g.slot))
	var stack []uint32
	enter := func(n pack.Num) {
		if c, ok := g.commitAt(n); ok && !out.has(n) && seen.add(n) {
			stack = append(stack, c)
		}
	}
	for _, n := range roots {
		var tags []pack.Num
		at := g.peel(n, func(tag pack.Num) { tags = append(tags, tag) })
		if c, ok := g.commitAt(at); ok && !keep(c) {
			tags = nil // they go with their commit
		}
		for _, t := range tags {
			if seen.add(t) {
				r.objects = append(r.objects, t)
			}
		}
		if at == None || out.has(at) {
			continue
		}
		switch g.s.Type(at) {
		case pack.Commit:
			enter(at)
		case pack.Tree:
			if seen.add(at) {
				r.trees = append(r.trees, at)
			}
		default:
			if seen.add(at) {
				r.objects = append(r.objects, at)
			}
		}
	}
	for len(stack) > 0 {
		c := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if keep(c) {
			r.commits++
			r.objects = append(r.objects, g.commits[c].num)
			if t := g.commits[c].tree; t != None && g.s.Type(t) == pack.Tree && seen.add(t) {
				r.trees = append(r.trees, t)
			}
		}
		for _, p := range g.parentsOf(c) {
			enter(g.commits[p].num)
		}
	}
}

// mark sets the trees and all below them, and in lost what they name that is
// missing.
func (g *Graph) mark(trees []pack.Num, seen, lost bits) {
	var queue []pack.Num
	for _, t := range trees {
		if seen.add(t) {
			queue = append(queue, t)
		}
	}
	visit := func(e entry) {
		switch e.kind() {
		case kindTree:
			if seen.add(pack.Num(e.child)) {
				queue = append(queue, pack.Num(e.child))
			}
		case kindBlob:
			seen.set(pack.Num(e.child))
		case kindMissing:
			lost.set(pack.Num(e.child))
		}
	}
	var stack []part
	for len(queue) > 0 {
		t := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		// What a tree copies from one that is marked is marked with that one.
		if base, _, entries := g.tree(t); base != None && seen.has(base) {
			for _, e := range entries {
				visit(e)
			}
		} else {
			g.eachEntry(t, &stack, visit)
		}
	}
}

// named returns the trees and blobs that are in a tree.
func (g *Graph) named() bits {
	b := newBits(len(g.slot))
	for i := range g.arenas {
		// An entry that a tree copies is new in some tree.
		for _, e := range g.arenas[i].entries {
			if k := e.kind(); k == kindTree || k == kindBlob {
				b.set(pack.Num(e.child))
			}
		}
	}
	return b
}

// allRoots returns the trees of commits, those that tags name, and those that
// are in no other tree.
func (g *Graph) allRoots() []pack.Num {
	seen, named := newBits(len(g.slot)), g.named()
	var roots []pack.Num
	add := func(n pack.Num) {
		if n != None && g.s.Type(n) == pack.Tree && seen.add(n) {
			roots = append(roots, n)
		}
	}
	for _, c := range g.commits {
		add(c.tree)
	}
	for _, object := range g.tags {
		add(object)
	}
	for i := range g.arenas {
		for _, t := range g.arenas[i].trees {
			if !named.has(t.num) {
				add(t.num)
			}
		}
	}
	return roots
}

// everything returns what leads to everything in the store: all commits and
// tags, and the trees and blobs that nothing names.
func (g *Graph) everything() []pack.Num {
	named := g.named()
	for _, c := range g.commits {
		if c.tree != None {
			named.set(c.tree)
		}
	}
	for _, object := range g.tags {
		if object != None {
			named.set(object)
		}
	}
	var all []pack.Num
	for n := range pack.Num(len(g.slot)) {
		if t := g.s.Type(n); t == pack.Commit || t == pack.Tag || !named.has(n) {
			all = append(all, n)
		}
	}
	return all
}
