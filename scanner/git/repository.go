package git

import (
	"context"
	"fmt"
	"iter"

	"github.com/cork-scanner/cork/scanner"
)

// A Repository is an open repository. Its methods may be called concurrently;
// each [scanner.Source] that it returns is single-use. Close it when the last
// blob has been read.
type Repository struct {
	eng    engine
	kind   Engine
	layout layout
}

// A layout is where the parts of a repository lie. Paths are absolute and in
// the form of the operating system.
type layout struct {
	root      string // top of the work tree; "" without one
	gitDir    string // of this work tree, where linked ones exist
	commonDir string // what all work trees share: objects, refs, lfs
}

// An engine reads one repository. Both engines follow this contract, and must
// agree wherever both read a repository.
//
// Order: staged and index yield in the order of the index (paths by byte
// value; for one unmerged path stage 2 before stage 3). rangeOf yields tag
// messages and pushed non-commits first, in the order of Include, then commits
// with parents before children, of each commit its message first, then its
// paths by byte value. Before the message comes the rest of the text of a commit
// or tag, under the same path, if there is something new and odd in it: a name or
// an address in which a secret could be, or the tag of a merge.
//
// Which blobs, for staged. The bases are HEAD (none before the first commit),
// the lines of MERGE_HEAD and the GITHEAD_<id> of the environment. A path is
// yielded if its id in the index differs from that in every base that has the
// path (so a change of mode alone is nothing, and a deletion is nothing).
//   - gitlink: Skip is SkipSubmodule; intent-to-add: SkipIntentToAdd, with no
//     ID. Both are yielded under the same condition.
//   - symbolic link: a blob like any other.
//   - unmerged path: stages 2 and 3 are yielded, whether or not they equal a
//     base (one of them if both have the same id). Stage 1 is not: it is the
//     common ancestor's, nobody is about to commit it. Matches in them are
//     judged against Before like all others.
//
// Blob.Size is -1 if it costs anything to know it. Blob.Old: any base has the
// path. Blob.Before yields, for every base in turn, the version of the path
// in that base if it has one (gitlinks apart); if it does not have the path,
// then the same blob under any other path of the base if there is one, and all
// files (not gitlinks) that are in the base and no longer in the index. In
// ranges the parents of the commit are the bases, and all versions that the
// commit deletes stand for the latter; for merges a path counts as changed if
// it differs from all parents, and as deleted if it is in all parents and not
// in the merge. Before is nil without any base.
//
// index yields every path of the index, with Before nil and Old false.
//
// Both fail if the index that the environment names is not there, and if the
// checksum of an index is wrong, at the latest at their end.
//
// Git LFS pointers, in every source: see openLFS; Open returns the object, or
// fails with a *scanner.SkipError.
//
// rangeOf calls commit once for every commit walked, before it yields the
// commit's message, from the goroutine that iterates.
type engine interface {
	staged(ctx context.Context) iter.Seq2[scanner.Blob, error]
	index(ctx context.Context) iter.Seq2[scanner.Blob, error]
	rangeOf(ctx context.Context, opts RangeOptions, commit func()) iter.Seq2[scanner.Blob, error]

	// fileAt is Repository.FileAt.
	fileAt(ctx context.Context, rev, path string) ([]byte, error)

	// rootTree returns the id of the tree of a commit; "" if the revision is HEAD
	// before the first commit. treeEntries returns what is in a tree.
	rootTree(ctx context.Context, rev string) (id string, err error)
	treeEntries(ctx context.Context, id string) ([]folderEntry, error)
	readBlob(ctx context.Context, id string) ([]byte, error)

	// files is Repository.Files.
	files(ctx context.Context, dir string, includeIgnored bool) iter.Seq2[string, error]

	// exists reports whether the revision names an object that is here.
	exists(ctx context.Context, rev string) (bool, error)

	// What a History is made of. Refs are all but HEAD, by name; HEAD is "" before
	// the first commit. revisions fails for a name that names nothing. commits
	// is for a second opinion: an engine without one yields nothing.
	objectsAt(ctx context.Context) (*objectsAt, error)
	tips(ctx context.Context) (head string, refs []tip, err error)
	revisions(ctx context.Context, revs []string) (include, exclude []string, err error)
	commits(ctx context.Context, include, exclude []string, yield func(id []byte)) error

	// What Net, Commits, Parents and Span are made of. The order of merge bases is
	// any. between calls visit for every commit that head leads to and base does
	// not, in any order.
	net(ctx context.Context, opts NetOptions) iter.Seq2[scanner.Blob, error]
	commitIDs(ctx context.Context, revs []string) ([]string, error)
	parents(ctx context.Context, commit string) ([]string, error)
	mergeBases(ctx context.Context, a, b string) ([]string, error)
	between(ctx context.Context, base, head string, visit func(id string)) error

	fetch(ctx context.Context, opts FetchOptions) error
	fetchMissing(ctx context.Context, base, head string) error

	// close ends what the engine has running and waits for it.
	close() error
}

// Open finds the repository that Dir lies in, or that the environment names,
// and picks the engine. Outside of a repository the error wraps
// [ErrNotRepository]. The context is for Open alone.
func Open(ctx context.Context, opts Options) (*Repository, error) {
	kind := opts.Engine
	if kind == EngineAuto {
		kind = EnginePlumbing
		if opts.Git == "" {
			kind = EngineEmbedded
		}
	}
	var (
		eng engine
		lay layout
		err error
	)
	switch kind {
	case EnginePlumbing:
		eng, lay, err = openPlumbing(ctx, opts)
	case EngineEmbedded:
		eng, lay, err = openEmbedded(ctx, opts)
	default:
		err = fmt.Errorf("unknown engine %d", kind)
	}
	if err != nil {
		return nil, err
	}
	return &Repository{eng: eng, kind: kind, layout: lay}, nil
}

// Close ends the processes that read the repository. Readers that are still
// open fail.
func (r *Repository) Close() error { return r.eng.close() }

// Engine returns the engine in use; it is never EngineAuto.
func (r *Repository) Engine() Engine { return r.kind }

// Root returns the absolute path of the top of the work tree, or "" if the
// repository is bare or git was started inside its git directory.
func (r *Repository) Root() string { return r.layout.root }

// GitDir returns the absolute path of the git directory of this work tree.
func (r *Repository) GitDir() string { return r.layout.gitDir }

// Staged is what a commit of the index would add to HEAD, to nothing before
// the first commit, or to all parents while a merge is in progress.
func (r *Repository) Staged() scanner.Source { return sourceFunc(r.eng.staged) }

// Index is every tracked file as the index holds it.
func (r *Repository) Index() scanner.Source { return sourceFunc(r.eng.index) }

// Range is what a set of commits adds, each commit against its parents, with
// their messages, and what else there is in the text of a commit that could hold a
// secret; the source implements [scanner.CommitCounter].
func (r *Repository) Range(opts RangeOptions) scanner.Source {
	return &rangeSource{eng: r.eng, opts: opts}
}

// FileAt returns the content of a file in the commit that a revision names. The
// path is slash-separated and relative to the root. If there is none, or if rev
// is HEAD and there is no commit yet, the error wraps fs.ErrNotExist.
func (r *Repository) FileAt(ctx context.Context, rev, path string) ([]byte, error) {
	return r.eng.fileAt(ctx, rev, path)
}

// Files yields the paths of the tracked and of the untracked files below dir
// that git does not ignore (of all files, with includeIgnored), relative to
// dir, slash-separated, sorted by byte value, each once. A tracked file may be
// missing from the work tree.
//
// dir is absolute, or relative to Options.Dir; it must lie in the work tree.
// Submodules and other repositories inside the work tree are not entered: each
// is yielded once with a slash at the end, for the caller to count or enter. A folder
// that cannot be read is a *[scanner.BlobError] with its path, and the others follow.
// The path of a file that a sparse checkout leaves out comes with a
// *[scanner.SkipError].
func (r *Repository) Files(ctx context.Context, dir string, includeIgnored bool) iter.Seq2[string, error] {
	return r.eng.files(ctx, dir, includeIgnored)
}

// Exists reports whether rev, an object id or any other revision, names an
// object that is in the repository.
func (r *Repository) Exists(ctx context.Context, rev string) (bool, error) {
	return r.eng.exists(ctx, rev)
}

// Refs returns the full names of all refs, by name, and then those that git has for
// what other work trees have checked out without a branch.
func (r *Repository) Refs(ctx context.Context) ([]string, error) {
	_, tips, err := r.eng.tips(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(tips))
	for i, t := range tips {
		names[i] = t.name
	}
	return names, nil
}

// RangeOptions say which commits to walk: those that can be reached from
// Include, less those that can be reached from what is excluded.
type RangeOptions struct {
	// Include are revisions: commits, tags (peeled, and their messages
	// scanned), trees and blobs (scanned whole). All zeros stand for nothing.
	Include []string

	// Exclude are revisions. What is not in the repository excludes nothing.
	Exclude []string

	NotRemote     string // exclude the branches known of this remote
	NotAllRemotes bool   // exclude the branches known of every remote
	NotAll        bool   // exclude every ref, and HEAD: for pre-receive
}

// sourceFunc makes an engine's method a Source.
type sourceFunc func(context.Context) iter.Seq2[scanner.Blob, error]

func (f sourceFunc) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] { return f(ctx) }

type rangeSource struct {
	eng     engine
	opts    RangeOptions
	commits int
}

func (s *rangeSource) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return s.eng.rangeOf(ctx, s.opts, func() { s.commits++ })
}

// Commits implements scanner.CommitCounter.
func (s *rangeSource) Commits() int { return s.commits }

// Paths of blobs that are not files. Lines of a message are those that git log
// shows, lines of a head those of the object, which git cat-file shows.
const (
	commitMessagePath = "(commit message)"
	commitHeadPath    = "(commit header)"
	tagMessagePath    = "(tag message)"
	tagHeadPath       = "(tag header)"
)
