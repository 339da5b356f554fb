// Package git reads repositories exactly: what a commit would record
// ([Repository.Staged]), what the index holds ([Repository.Index]), what a
// push or a range of commits adds ([Repository.Range]), and which files of a
// work tree a person would call their project ([Repository.Files]).
//
// For a branch as a whole there are [Repository.Span], which says where it left
// another one, and [Repository.Net], which is what it adds to that.
//
// It reads objects, never patch text: attributes, textconv, filters, colour,
// rename heuristics and quoting cannot hide a byte from it.
//
// # Engines
//
// The plumbing engine asks git itself (diff-index, diff-tree, rev-list,
// cat-file) and so is right in every repository that this git can open. The
// embedded engine is go-git, for machines without git. It reads fewer kinds
// of repositories; what it cannot read exactly it refuses with an
// [UnsupportedError] that names the feature. Where both read a repository
// they agree; the tests run every fixture through both.
//
// The package never reads the environment by itself. Nothing in it changes a
// repository or reaches the network but [Repository.Fetch], and with
// [Options.LazyFetch] a git that fetches what a partial clone lacks.
package git
