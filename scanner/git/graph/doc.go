// Package graph knows the commits, tags and trees of a repository: at which
// paths each blob ever stood, what is reachable from where, and what became of a
// secret once the blobs that hold it are known.
//
//	g, err := graph.Build(ctx, store, graph.Options{Error: report})
//	if err != nil {
//		return err
//	}
//	for _, path := range g.Paths(blob) {
//		... // the rules judge the blob by each of them
//	}
//	stories, err := g.Stories(ctx, len(secrets), held, head, refs, time.Now())
//
// # How trees are kept
//
// A version of a folder differs from another version by an entry or two, and the
// deltas of the packs say by which. Build resolves each tree once and keeps it as
// it is stored: runs of entries of the tree that it is made from, and the entries
// that are new. What is new is looked up in the store, what is copied is not even
// looked at. A million trees take some thirty bytes each, and everything that is
// asked later is answered from these without reading a tree again.
//
// The deltas only save work. Whatever git chose to make from what, the answers
// are the same as those of reading every tree of every commit.
//
// # Promises
//
// Every object that a commit, tag or tree names and that is not in the store is
// counted by [Graph.Missing] with its cause. Everything in a commit, tag or tree
// that git would not have written is an [Error] that names the object; what can
// be understood of it is used. Nothing that objects hold makes Build or Stories
// panic, run forever or take memory without bound: trees that stand at more
// paths than anybody could list are cut short, and [Graph.Truncated] says whose
// paths are. Blobs are in scope all the same.
//
// # Known tradeoffs
//
// Submodules are counted and not entered: their commits are another
// repository's. Replace refs and grafts are not looked at: what is told is what
// the objects say. A Graph is made for the store as it was opened.
package graph
