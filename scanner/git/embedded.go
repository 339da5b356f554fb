package git

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/index"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"

	"github.com/cork-scanner/cork/scanner"
)

// embedded is the engine that needs no git. It takes from go-git what go-git
// does well (decoding of indexes and trees, loose objects, packs) behind the
// gate, and checks every object that it gets against its id: go-git returns a
// loose object that ends early, or that lies under another's name, without an
// error.
type embedded struct {
	site    *site
	env     environ
	objects *objectStore
}

// openEmbedded opens a repository with go-git. It returns an error that wraps
// ErrNotRepository outside of one, and an *UnsupportedError for what the
// engine does not read exactly.
func openEmbedded(ctx context.Context, opts Options) (engine, layout, error) {
	s, err := findSite(opts)
	if err != nil {
		return nil, layout{}, err
	}
	if err := s.gate(); err != nil {
		return nil, layout{}, err
	}
	e := &embedded{site: s, env: environ(opts.Env), objects: newObjectStore(s)}
	if _, err := e.readIndexFile(); err != nil {
		return nil, layout{}, err
	}
	return e, s.layout, ctx.Err()
}

func (e *embedded) close() error { return e.objects.close() }

// staged implements engine.
func (e *embedded) staged(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		idx, err := e.readIndex()
		if err != nil {
			yield(scanner.Blob{}, err)
			return
		}
		bases, err := e.bases(ctx, idx)
		if err != nil {
			yield(scanner.Blob{}, err)
			return
		}
		for i := range idx.entries {
			entry := &idx.entries[i]
			if !idx.isShown(i) || !isNews(bases, entry) {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(scanner.Blob{}, err)
				return
			}
			if !yield(e.newBlob(bases, entry), nil) {
				return
			}
		}
	}
}

// index implements engine.
func (e *embedded) index(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		idx, err := e.readIndex()
		if err != nil {
			yield(scanner.Blob{}, err)
			return
		}
		for i := range idx.entries {
			if !idx.isShown(i) {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(scanner.Blob{}, err)
				return
			}
			if !yield(e.blob(&idx.entries[i]), nil) {
				return
			}
		}
	}
}

// isNews reports whether the entry's id differs from that in every base that
// has its path. Unmerged entries are always news.
func isNews(bases []*base, entry *indexEntry) bool {
	if entry.stage != 0 {
		return true
	}
	for _, b := range bases {
		v, ok := b.version(entry)
		if ok && v.id == entry.id && (v.mode == filemode.Submodule) == (entry.mode == gitlinkMode) {
			return false
		}
	}
	return true
}

// blob returns the entry's blob, as it is without any base.
func (e *embedded) blob(entry *indexEntry) scanner.Blob {
	b := scanner.Blob{Path: entry.name, ID: entry.id.String(), Size: -1}
	switch {
	case entry.intentToAdd:
		b.ID, b.Skip = "", scanner.SkipIntentToAdd
	case entry.mode == gitlinkMode:
		b.Skip = scanner.SkipSubmodule
	default:
		id := entry.id
		b.Open = func(ctx context.Context) (io.ReadCloser, error) { return e.openBlob(ctx, id) }
	}
	return b
}

// before yields what stood in the bases before the entry; see engine.
func (e *embedded) before(ctx context.Context, bases []*base, entry *indexEntry) iter.Seq2[io.ReadCloser, error] {
	return func(yield func(io.ReadCloser, error) bool) {
		seen := make(map[objectID]bool)
		for _, b := range bases {
			ids, err := b.before(ctx, entry)
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			for _, id := range ids {
				if seen[id] {
					continue
				}
				seen[id] = true
				r, err := e.openBlob(ctx, id)
				if skip := (*scanner.SkipError)(nil); errors.As(err, &skip) {
					continue // an old LFS object that is not here: its lines stay new
				}
				if !yield(r, err) {
					return
				}
			}
		}
	}
}

// openBlob opens a blob, or the object that a Git LFS pointer stands for.
func (e *embedded) openBlob(ctx context.Context, id objectID) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, size, err := e.objects.open(id, plumbing.BlobObject)
	if err != nil || size >= maxPointer {
		return r, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if lfs, ok, err := openLFS(e.site.commonDir, data); ok {
		return lfs, err
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// fileAt implements engine.
func (e *embedded) fileAt(ctx context.Context, rev, name string) ([]byte, error) {
	notThere := &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	var (
		commit objectID
		ok     bool
		err    error
	)
	if rev == "HEAD" {
		if commit, ok, err = e.site.head(); err == nil && !ok {
			return nil, notThere
		}
	} else if commit, ok, err = e.lookup(rev); err == nil && !ok {
		err = fmt.Errorf("revision %q is not in the repository", rev)
	}
	if err != nil {
		return nil, err
	}
	if commit, err = e.peel(commit); err != nil {
		return nil, err
	}
	id, err := e.objects.treeOf(commit)
	if err != nil {
		return nil, err
	}
	parts := strings.Split(name, "/")
	var mode filemode.FileMode
	for i, part := range parts {
		entries, err := e.objects.tree(id)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(entries, func(t treeEntry) bool { return t.Name == part })
		if at < 0 {
			return nil, notThere
		}
		id, mode = objectID(entries[at].Hash), entries[at].Mode
		if (mode == filemode.Dir) == (i == len(parts)-1) || mode == filemode.Submodule {
			return nil, notThere
		}
	}
	if mode == filemode.Symlink {
		return nil, fmt.Errorf("read %q in %s: it is a symbolic link", name, rev)
	}
	data, err := e.objects.readAll(id, plumbing.BlobObject)
	if err != nil {
		return nil, fmt.Errorf("read %q in %s: %w", name, rev, err)
	}
	return data, nil
}

// rangeOf implements engine: it refuses.
func (e *embedded) rangeOf(context.Context, RangeOptions, func()) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		yield(scanner.Blob{}, needsGit("commits"))
	}
}

// files implements engine. What git ignores is git's to say, so only the walk
// over everything is done here.
func (e *embedded) files(ctx context.Context, dir string, includeIgnored bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		yield("", needsGit("work trees"))
	}
}

// exists implements engine. It knows object ids, HEAD and the names of refs.
func (e *embedded) exists(_ context.Context, rev string) (bool, error) {
	id, ok, err := e.lookup(rev)
	if err != nil || !ok {
		return false, err
	}
	return e.objects.has(id)
}

// lookup returns the object that an id, HEAD or the name of a ref names. An
// object with an id need not be there.
func (e *embedded) lookup(rev string) (id objectID, ok bool, err error) {
	if id, ok := parseID(rev); ok {
		return id, true, nil
	}
	if len(rev) >= 4 && isHex(rev) || rev != "HEAD" && !isRefName("refs/heads/"+rev) {
		return id, false, needsGit("revisions such as " + strconv.Quote(rev))
	}
	// In the order in which git looks names up.
	for _, format := range []string{"%s", "refs/%s", "refs/tags/%s", "refs/heads/%s", "refs/remotes/%s", "refs/remotes/%s/HEAD"} {
		name := fmt.Sprintf(format, rev)
		if !isRefName(name) {
			continue
		}
		if id, ok, err := e.site.resolve(name); err != nil || ok {
			return id, ok, err
		}
	}
	return id, false, nil
}

// peel follows tags to the commit that they name.
func (e *embedded) peel(id objectID) (commit objectID, err error) {
	for {
		kind, err := e.objects.kind(id)
		if err != nil {
			return id, err
		}
		switch kind {
		case plumbing.CommitObject:
			return id, nil
		case plumbing.TagObject:
		default:
			return id, fmt.Errorf("object %s is a %s, not a commit", id, kind)
		}
		data, err := e.objects.readAll(id, kind)
		if err != nil {
			return id, err
		}
		target, _, err := parseTag(id.String(), data)
		if err != nil {
			return id, scanner.WithHint(err, hintDamaged)
		}
		to, ok := parseID(target)
		if !ok {
			return id, scanner.WithHint(fmt.Errorf("tag %s is malformed: it names %q", id, target), hintDamaged)
		}
		id = to
	}
}

// needsGit is the error for what the embedded engine leaves to git.
func needsGit(what string) error {
	return scanner.WithHint(fmt.Errorf("the embedded engine does not read %s: this needs git on PATH", what),
		"install git")
}

// bases reads what the staged content is compared with.
func (e *embedded) bases(ctx context.Context, idx *stagedIndex) ([]*base, error) {
	commits, err := e.baseCommits()
	if err != nil {
		return nil, err
	}
	return e.compareWith(ctx, commits, idx)
}

// compareWith compares the index with the trees of commits.
func (e *embedded) compareWith(ctx context.Context, commits []objectID, idx *stagedIndex) ([]*base, error) {
	var bases []*base
	for _, commit := range commits {
		tree, err := e.objects.treeOf(commit)
		if err != nil {
			return nil, err
		}
		b := &base{objects: e.objects, idx: idx, versions: make(map[string]version), absent: make(map[string]bool)}
		if err := b.compare(ctx, tree, idx.tree(), "", 0); err != nil {
			return nil, err
		}
		bases = append(bases, b)
	}
	return bases, nil
}

// baseCommits returns HEAD, what MERGE_HEAD lists, and what the GITHEAD_<id>
// variables name that git sets for the hooks of a merge.
func (e *embedded) baseCommits() ([]objectID, error) {
	var ids []objectID
	head, ok, err := e.site.head()
	if err != nil {
		return nil, err
	}
	if ok {
		ids = append(ids, head)
	}
	data, err := os.ReadFile(filepath.Join(e.site.gitDir, "MERGE_HEAD"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		id, ok := parseID(line)
		if !ok {
			return nil, scanner.WithHint(fmt.Errorf("MERGE_HEAD is broken: %q is not an object id", line),
				"git merge --abort, and merge anew")
		}
		ids = append(ids, id)
	}
	var named []objectID
	for _, kv := range e.env {
		name, _, _ := strings.Cut(kv, "=")
		if name, ok := strings.CutPrefix(name, "GITHEAD_"); ok {
			if id, ok := parseID(name); ok {
				named = append(named, id)
			}
		}
	}
	slices.SortFunc(named, func(a, b objectID) int { return bytes.Compare(a[:], b[:]) })
	ids = append(ids, named...)
	var unique []objectID
	for _, id := range ids {
		if !slices.Contains(unique, id) {
			unique = append(unique, id)
		}
	}
	return unique, nil
}

// readIndexFile returns the bytes of an index that has passed the gate. The
// repository's own index is empty (nil) if it does not exist. One that
// GIT_INDEX_FILE names has to exist: git would take it for empty, too, with
// everything deleted and nothing to read.
func (e *embedded) readIndexFile() ([]byte, error) {
	data, err := os.ReadFile(e.site.indexFile)
	_, named := e.env.lookup("GIT_INDEX_FILE")
	switch {
	case err == nil:
	case named:
		return nil, scanner.WithHint(fmt.Errorf("the index that GIT_INDEX_FILE names cannot be read: %w", err),
			"unset GIT_INDEX_FILE")
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	default:
		return nil, err
	}
	return data, e.indexError(gateIndex(data))
}

func (e *embedded) readIndex() (*stagedIndex, error) {
	data, err := e.readIndexFile()
	if err != nil || data == nil {
		return &stagedIndex{}, err
	}
	entries, err := decodeIndex(data)
	if err != nil {
		return nil, e.indexError(err)
	}
	return &stagedIndex{entries: entries}, nil
}

// indexError says which index err is about, if it is not a refusal.
func (e *embedded) indexError(err error) error {
	if !errors.Is(err, errMalformedIndex) {
		return err
	}
	return scanner.WithHint(fmt.Errorf("read index %q: %w", e.site.indexFile, err),
		"to see what is wrong: git status; to build the index anew from HEAD: git read-tree HEAD")
}

// decodeIndex decodes an index with go-git, and fails on what git would not
// have written: entries out of order, or of unknown modes.
func decodeIndex(data []byte) ([]indexEntry, error) {
	var idx index.Index
	if err := index.NewDecoder(bytes.NewReader(data)).Decode(&idx); err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformedIndex, err)
	}
	entries := make([]indexEntry, len(idx.Entries))
	for i, e := range idx.Entries {
		entries[i] = indexEntry{
			name:        e.Name,
			mode:        uint32(e.Mode),
			id:          objectID(e.Hash),
			stage:       int(e.Stage),
			intentToAdd: e.IntentToAdd,
		}
		if err := entries[i].check(); err != nil {
			return nil, err
		}
		if i > 0 && !entries[i-1].before(&entries[i]) {
			return nil, fmt.Errorf("%w: %q is out of order", errMalformedIndex, e.Name)
		}
	}
	return entries, nil
}

// The modes of index entries.
const (
	fileMode       = 0o100644
	executableMode = 0o100755
	symlinkMode    = 0o120000
	gitlinkMode    = 0o160000
)

func (e *indexEntry) check() error {
	switch e.mode {
	case fileMode, executableMode, symlinkMode, gitlinkMode:
	default:
		return fmt.Errorf("%w: %q has mode %o", errMalformedIndex, e.name, e.mode)
	}
	if e.name == "" || strings.IndexByte(e.name, 0) >= 0 || e.name[0] == '/' ||
		e.name[len(e.name)-1] == '/' || strings.Contains(e.name, "//") {
		return fmt.Errorf("%w: bad name %q", errMalformedIndex, e.name)
	}
	return nil
}

func (e *indexEntry) before(f *indexEntry) bool {
	return e.name < f.name || e.name == f.name && e.stage < f.stage
}

// A stagedIndex is the entries of an index in order.
type stagedIndex struct {
	entries []indexEntry
	top     *dirNode
}

// isShown reports whether the entry stands for content that is about to be
// committed or chosen from: all but stage 1, and stage 3 unless it differs
// from stage 2.
func (x *stagedIndex) isShown(i int) bool {
	e := &x.entries[i]
	if e.stage == 3 && i > 0 {
		ours := &x.entries[i-1]
		return ours.name != e.name || ours.stage != 2 || ours.id != e.id
	}
	return e.stage != 1
}

// A dirNode is a directory of the index with the id of the tree that a commit
// would write for it. Comparing these ids spares reading the trees of what did
// not change, and, other than the cache in the index, is true by construction.
type dirNode struct {
	from, to int // entries[from:to] lie below
	id       objectID
	hasID    bool // false if an entry below is unmerged or not recorded yet
	dirs     map[string]*dirNode
}

// tree returns the top directory.
func (x *stagedIndex) tree() *dirNode {
	if x.top == nil {
		var buf []byte
		x.top, buf = x.dir(0, len(x.entries), 0, nil)
		_ = buf
	}
	return x.top
}

// dir builds the node of entries[from:to], whose names agree in the first
// prefix bytes. buf is scratch space.
func (x *stagedIndex) dir(from, to, prefix int, buf []byte) (*dirNode, []byte) {
	n := &dirNode{from: from, to: to, hasID: true, dirs: make(map[string]*dirNode)}
	start := len(buf)
	for i := from; i < to; {
		e := &x.entries[i]
		name, _, isDir := strings.Cut(e.name[prefix:], "/")
		if !isDir {
			n.hasID = n.hasID && e.stage == 0 && !e.intentToAdd
			buf = appendTreeEntry(buf, e.mode, name, e.id)
			i++
			continue
		}
		below := e.name[:prefix+len(name)+1]
		end := i + 1
		for end < to && strings.HasPrefix(x.entries[end].name, below) {
			end++
		}
		var sub *dirNode
		sub, buf = x.dir(i, end, len(below), buf)
		n.hasID = n.hasID && sub.hasID
		n.dirs[name] = sub
		buf = appendTreeEntry(buf, 0o40000, name, sub.id)
		i = end
	}
	if n.hasID {
		n.id = idOf("tree", buf[start:])
	}
	return n, buf[:start]
}

func appendTreeEntry(buf []byte, mode uint32, name string, id objectID) []byte {
	buf = strconv.AppendUint(buf, uint64(mode), 8)
	buf = append(buf, ' ')
	buf = append(buf, name...)
	buf = append(buf, 0)
	return append(buf, id[:]...)
}

// A base is a commit that the staged content is compared with. It holds only
// what is not the same in the index.
type base struct {
	objects *objectStore
	idx     *stagedIndex

	versions map[string]version // of paths in the index whose id here differs
	absent   map[string]bool    // paths in the index that are not here
	gone     []deletion         // what is here and not in the index

	once  sync.Once
	files []deletion // gone, directories expanded
	err   error
	ids   map[objectID]bool // of all files here
}

// A version is what a base has at a path.
type version struct {
	mode filemode.FileMode
	id   objectID
}

// A deletion is a file or a directory that is no longer in the index.
type deletion struct {
	path string
	version
}

// maxTreeDepth stops trees that contain themselves by way of a broken hash.
const maxTreeDepth = 4096

// compare compares the tree with a directory of the index whose names begin
// with prefix.
func (b *base) compare(ctx context.Context, tree objectID, node *dirNode, prefix string, depth int) error {
	if node.hasID && node.id == tree {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if depth > maxTreeDepth {
		return fmt.Errorf("tree %s is nested too deeply", tree)
	}
	entries, err := b.objects.tree(tree)
	if err != nil {
		return err
	}
	files := make(map[string]version, len(entries))
	dirs := make(map[string]objectID)
	for _, t := range entries {
		if t.Mode == filemode.Dir {
			dirs[t.Name] = objectID(t.Hash)
		} else {
			files[t.Name] = version{t.Mode, objectID(t.Hash)}
		}
	}
	for i := node.from; i < node.to; {
		e := &b.idx.entries[i]
		name, _, isDir := strings.Cut(e.name[len(prefix):], "/")
		if isDir {
			sub := node.dirs[name]
			if err := b.compareDir(ctx, dirs, name, sub, prefix, depth); err != nil {
				return err
			}
			i = sub.to
			continue
		}
		if v, ok := files[name]; !ok {
			b.absent[e.name] = true
		} else if e.stage != 0 || v.id != e.id {
			b.versions[e.name] = v
		}
		for i++; i < node.to && b.idx.entries[i].name == e.name; i++ {
		}
		delete(files, name)
	}
	for name, v := range files {
		b.gone = append(b.gone, deletion{prefix + name, v})
	}
	for name, id := range dirs {
		b.gone = append(b.gone, deletion{prefix + name, version{filemode.Dir, id}})
	}
	return nil
}

// compareDir compares a directory of the index with the base's of that name
// and removes it from dirs.
func (b *base) compareDir(ctx context.Context, dirs map[string]objectID, name string, node *dirNode, prefix string, depth int) error {
	id, ok := dirs[name]
	if ok {
		delete(dirs, name)
		return b.compare(ctx, id, node, prefix+name+"/", depth+1)
	}
	for i := node.from; i < node.to; i++ {
		b.absent[b.idx.entries[i].name] = true
	}
	return nil
}

// version returns what the base has at the path of the entry.
func (b *base) version(e *indexEntry) (v version, ok bool) {
	if v, ok := b.versions[e.name]; ok {
		return v, true
	}
	if b.absent[e.name] {
		return version{}, false
	}
	return version{filemode.FileMode(e.mode), e.id}, true
}

// before returns the contents of the base that stood before the entry's, the
// likeliest first: a folder that moves deletes and adds thousands of files.
func (b *base) before(ctx context.Context, e *indexEntry) ([]objectID, error) {
	if v, ok := b.version(e); ok {
		if v.mode == filemode.Submodule {
			return nil, nil
		}
		return []objectID{v.id}, nil
	}
	b.once.Do(func() { b.files, b.ids, b.err = b.expand(ctx) })
	if b.err != nil {
		return nil, b.err
	}
	var same, sameName, sameExt, others []objectID
	if b.ids[e.id] {
		same = []objectID{e.id} // copied or moved as it was: nothing is new
	}
	for _, d := range b.files {
		switch {
		case path.Base(d.path) == path.Base(e.name):
			sameName = append(sameName, d.id)
		case path.Ext(d.path) == path.Ext(e.name):
			sameExt = append(sameExt, d.id)
		default:
			others = append(others, d.id)
		}
	}
	return slices.Concat(same, sameName, sameExt, others), nil
}

// expand returns the files that are gone, by path, and the ids of all files of
// the base.
func (b *base) expand(ctx context.Context) (gone []deletion, all map[objectID]bool, err error) {
	all = make(map[objectID]bool)
	for i := range b.idx.entries {
		e := &b.idx.entries[i]
		if v, ok := b.version(e); ok && v.mode != filemode.Submodule {
			all[v.id] = true
		}
	}
	for _, d := range b.gone {
		if gone, err = b.walk(ctx, d, gone, 0); err != nil {
			return nil, nil, err
		}
	}
	slices.SortFunc(gone, func(d, e deletion) int { return strings.Compare(d.path, e.path) })
	for _, d := range gone {
		all[d.id] = true
	}
	return gone, all, nil
}

// walk appends the files that d is or contains.
func (b *base) walk(ctx context.Context, d deletion, files []deletion, depth int) ([]deletion, error) {
	switch d.mode {
	case filemode.Submodule:
		return files, nil
	case filemode.Dir:
	default:
		return append(files, d), nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if depth > maxTreeDepth {
		return nil, fmt.Errorf("tree %s is nested too deeply", d.id)
	}
	entries, err := b.objects.tree(d.id)
	if err != nil {
		return nil, err
	}
	for _, t := range entries {
		below := deletion{d.path + "/" + t.Name, version{t.Mode, objectID(t.Hash)}}
		if files, err = b.walk(ctx, below, files, depth+1); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// An objectID is the SHA-1 of an object.
type objectID [sha1.Size]byte

func (id objectID) String() string { return hex.EncodeToString(id[:]) }

// parseID reads a full object id.
func parseID(s string) (id objectID, ok bool) {
	if len(s) != 2*len(id) {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(s))
	return id, err == nil
}

// idOf returns the id of an object.
func idOf(kind string, content []byte) objectID {
	h := newIDHash(kind, int64(len(content)))
	h.Write(content)
	return objectID(h.Sum(nil))
}

// newIDHash returns a hash to which the content of the object must be written.
func newIDHash(kind string, size int64) hash.Hash {
	h := sha1.New()
	fmt.Fprintf(h, "%s %d\x00", kind, size)
	return h
}

// An objectStore reads objects with go-git and checks them against their ids.
// It is safe for concurrent use, which go-git's storage is not.
//
// Objects larger than largeObject are streamed, except that the base of a
// delta is held in memory; git makes no deltas of files of 512 MiB and more
// (core.bigFileThreshold).
type objectStore struct {
	partial bool // a partial clone: for the hint

	mu      sync.Mutex
	storage *filesystem.ObjectStorage
}

const (
	largeObject = 8 << 20 // bytes
	cacheSize   = 16 << 20
)

func newObjectStore(s *site) *objectStore {
	dir := dotgit.New(osfs.New(s.commonDir))
	return &objectStore{
		partial: s.format.partial,
		storage: filesystem.NewObjectStorageWithOptions(dir, cache.NewObjectLRU(cacheSize), filesystem.Options{
			KeepDescriptors:      true,
			LargeObjectThreshold: largeObject,
		}),
	}
}

func (s *objectStore) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.storage.Close()
}

// open opens an object. Reading to the end fails if the content is not that
// of the id.
func (s *objectStore) open(id objectID, kind plumbing.ObjectType) (r io.ReadCloser, size int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.storage.EncodedObject(plumbing.AnyObject, plumbing.Hash(id))
	if err != nil {
		return nil, 0, s.wrap(id, err)
	}
	if o.Type() != kind {
		return nil, 0, scanner.WithHint(fmt.Errorf("object %s is a %s, not a %s", id, o.Type(), kind), hintDamaged)
	}
	if r, err = o.Reader(); err != nil {
		return nil, 0, s.wrap(id, err)
	}
	return &checkedReader{r: r, h: newIDHash(kind.String(), o.Size()), id: id}, o.Size(), nil
}

// kind returns the type of an object.
func (s *objectStore) kind(id objectID) (plumbing.ObjectType, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.storage.EncodedObject(plumbing.AnyObject, plumbing.Hash(id))
	if err != nil {
		return plumbing.InvalidObject, s.wrap(id, err)
	}
	return o.Type(), nil
}

// wrap makes go-git's errors about an object readable.
func (s *objectStore) wrap(id objectID, err error) error {
	if !errors.Is(err, plumbing.ErrObjectNotFound) {
		return scanner.WithHint(fmt.Errorf("object %s cannot be read: %w", id, err), hintDamaged)
	}
	if s.partial {
		return scanner.WithHint(fmt.Errorf("object %s is not in this partial clone", id), hintPartial)
	}
	return scanner.WithHint(fmt.Errorf("object %s is missing from the repository", id), hintDamaged)
}

// has reports whether the object is there.
func (s *objectStore) has(id objectID) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.storage.HasEncodedObject(plumbing.Hash(id))
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return id == idOf("tree", nil), nil
	}
	return err == nil, err
}

func (s *objectStore) readAll(id objectID, kind plumbing.ObjectType) ([]byte, error) {
	r, _, err := s.open(id, kind)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// treeOf returns the tree of a commit.
func (s *objectStore) treeOf(commit objectID) (tree objectID, err error) {
	data, err := s.readAll(commit, plumbing.CommitObject)
	if err != nil {
		return tree, err
	}
	id, _, err := parseCommit(commit.String(), data)
	if err != nil {
		return tree, err
	}
	tree, ok := parseID(id)
	if !ok {
		return tree, fmt.Errorf("commit %s is malformed: its tree is %q", commit, id)
	}
	return tree, nil
}

// tree returns the entries of a tree.
func (s *objectStore) tree(id objectID) ([]treeEntry, error) {
	if id == idOf("tree", nil) {
		return nil, nil // git knows the empty tree by heart and may not store it
	}
	data, err := s.readAll(id, plumbing.TreeObject)
	if err != nil {
		return nil, err
	}
	entries, err := decodeTree(data)
	if err != nil {
		return nil, scanner.WithHint(fmt.Errorf("object %s cannot be read: %w", id, err), hintDamaged)
	}
	return entries, nil
}

// A treeEntry is one name in a tree.
type treeEntry struct {
	Name string
	Mode filemode.FileMode
	Hash plumbing.Hash
}

// decodeTree decodes the content of a SHA-1 tree: for each entry the mode in
// octal digits, a blank, the name, a NUL, and the 20 bytes of the id. go-git's
// own decoder would bring OpenPGP and text diffs into the program, which every
// start of a hook would pay for.
func decodeTree(data []byte) ([]treeEntry, error) {
	var entries []treeEntry
	for len(data) > 0 {
		mode, rest, ok := bytes.Cut(data, []byte{' '})
		name, rest, ok2 := bytes.Cut(rest, []byte{0})
		var e treeEntry
		if !ok || !ok2 || len(name) == 0 || len(rest) < len(e.Hash) {
			return nil, errors.New("malformed tree: it ends in the middle of an entry")
		}
		if bytes.IndexByte(name, '/') >= 0 {
			return nil, fmt.Errorf("malformed tree: name %q", name)
		}
		var err error
		if e.Mode, err = filemode.New(string(mode)); err != nil {
			return nil, fmt.Errorf("malformed tree: mode %q", mode)
		}
		e.Mode = canonicalMode(e.Mode)
		e.Name = string(name)
		copy(e.Hash[:], rest)
		entries = append(entries, e)
		data = rest[len(e.Hash):]
	}
	return entries, nil
}

// canonicalMode returns the mode that git takes a tree's for: old ones have
// 100664 and the like, and what is no file, link or folder is a gitlink.
func canonicalMode(mode filemode.FileMode) filemode.FileMode {
	switch mode & 0o170000 {
	case 0o100000:
		if mode&0o100 != 0 {
			return filemode.Executable
		}
		return filemode.Regular
	case 0o120000:
		return filemode.Symlink
	case 0o040000:
		return filemode.Dir
	}
	return filemode.Submodule
}

// A checkedReader hashes what it reads and fails at the end if that is not
// the object that was asked for.
type checkedReader struct {
	r   io.ReadCloser
	h   hash.Hash
	id  objectID
	err error
}

func (c *checkedReader) Read(p []byte) (n int, err error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err = c.r.Read(p)
	c.h.Write(p[:n])
	switch {
	case err == io.EOF:
		if objectID(c.h.Sum(nil)) != c.id {
			err = scanner.WithHint(fmt.Errorf("object %s is damaged: its content is another's", c.id), hintDamaged)
		}
	case err != nil:
		err = scanner.WithHint(fmt.Errorf("object %s cannot be read: %w", c.id, err), hintDamaged)
	}
	c.err = err
	return n, err
}

func (c *checkedReader) Close() error { return c.r.Close() }

// head returns the commit that HEAD names; ok is false before the first
// commit: HEAD is a symbolic reference to a branch that does not exist.
func (s *site) head() (id objectID, ok bool, err error) {
	id, ok, err = s.resolve("HEAD")
	if err != nil {
		return id, false, scanner.WithHint(err, hintDamaged)
	}
	return id, ok, nil
}

// resolve follows a reference to an object id; ok is false if it, or what it
// points to, does not exist. What exists and cannot be understood is an error.
// go-git makes all zeros of it, without one.
func (s *site) resolve(name string) (id objectID, ok bool, err error) {
	const maxDepth = 5 // as git
	for range maxDepth {
		value, err := s.readRef(name)
		if err != nil || value == "" {
			return id, false, err
		}
		to, symbolic := symbolicTarget([]byte(value))
		if !symbolic {
			hexID, rest := value[:min(len(value), 40)], value[min(len(value), 40):]
			id, ok := parseID(hexID)
			if !ok || rest != "" && !isSpace(rest[0]) || id == (objectID{}) {
				return id, false, fmt.Errorf("reference %q is broken: %q is not an object id", name, hexID)
			}
			return id, true, nil
		}
		if !isRefName(to) {
			return id, false, fmt.Errorf("reference %q is broken: it points to %q", name, to)
		}
		if to == reftableHead {
			return id, false, refuse("extensions.refStorage=reftable")
		}
		name = to
	}
	return id, false, fmt.Errorf("reference %q: too many levels of symbolic references", name)
}

// readRef returns the text of a loose reference, or the id from packed-refs,
// or "" if there is none.
func (s *site) readRef(name string) (string, error) {
	dir := s.commonDir
	if !strings.HasPrefix(name, "refs/") {
		dir = s.gitDir
	}
	for _, own := range []string{"refs/bisect/", "refs/worktree/", "refs/rewritten/"} {
		if strings.HasPrefix(name, own) {
			dir = s.gitDir
		}
	}
	file := filepath.Join(dir, filepath.FromSlash(name))
	fi, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) || isNotDir(err):
		return s.packedRef(name)
	case err != nil:
		return "", err
	case fi.IsDir():
		return s.packedRef(name) // an empty directory may be left of deleted branches
	case fi.Mode()&fs.ModeSymlink != 0:
		// The symbolic references of old.
		if to, err := os.Readlink(file); err == nil && strings.HasPrefix(to, "refs/") {
			return "ref: " + to, nil
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return "", fmt.Errorf("reference %q is broken: %q is empty", name, file)
	}
	return string(data), nil
}

// packedRef returns the id of the reference in packed-refs, or "".
func (s *site) packedRef(name string) (string, error) {
	for ref, err := range s.packedRefs() {
		if err != nil {
			return "", err
		}
		if ref.name == name {
			return ref.id, nil
		}
	}
	return "", nil
}

// packedRefs yields the references in packed-refs, in the order of the file. An
// error is the last.
func (s *site) packedRefs() iter.Seq2[tip, error] {
	return func(yield func(tip, error) bool) {
		data, err := os.ReadFile(filepath.Join(s.commonDir, "packed-refs"))
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				yield(tip{}, err)
			}
			return
		}
		n := 0
		for line := range strings.Lines(string(data)) {
			n++
			line = strings.TrimRight(line, "\n")
			if line == "" || line[0] == '#' || line[0] == '^' {
				continue
			}
			id, name, _ := strings.Cut(line, " ")
			if _, ok := parseID(id); !ok || !isRefName(name) {
				yield(tip{}, scanner.WithHint(fmt.Errorf("packed-refs is malformed in line %d", n), hintDamaged))
				return
			}
			if !yield(tip{name, id}, nil) {
				return
			}
		}
	}
}

// isRefName reports whether the name is one that git accepts for a reference
// and that cannot lead out of the directory of references.
func isRefName(name string) bool {
	top, _, below := strings.Cut(name, "/")
	if below && top != "refs" {
		return false
	}
	if !below && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
		return false
	}
	if name == "" || strings.Contains(name, "..") || strings.Contains(name, "@{") || strings.HasSuffix(name, ".") {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.HasSuffix(part, ".lock") || part[0] == '.' && name != reftableHead {
			return false
		}
	}
	return !strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c == 0x7f || strings.ContainsRune(`~^:?*[\`, c) })
}
