package git

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/cork-scanner/cork/scanner"
)

// Modes, as git writes them.
const (
	modeNone    = "000000"
	modeGitlink = "160000"
	modeSymlink = "120000"
	modeTree    = "040000"
)

// A side is what one base, or the new state, has at a path.
type side struct {
	mode string // modeNone if it has nothing there
	id   string
}

// file reports whether there is content, and not another repository's commit.
func (v side) file() bool { return v.mode != modeNone && v.mode != modeGitlink }

// A change is one entry of git's raw output: the versions in the bases, and
// the new one.
type change struct {
	path     string
	old      []side
	new      side
	unmerged bool // new says nothing
}

// in reports whether any base has the path.
func (c *change) in() bool {
	return slices.ContainsFunc(c.old, func(v side) bool { return v.mode != modeNone })
}

// newContent reports whether the content differs from that of every base. A
// changed mode alone is nothing to read.
func (c *change) newContent() bool {
	return c.new.mode != modeNone && !slices.ContainsFunc(c.old, func(v side) bool {
		return v.id == c.new.id && (v.mode == modeGitlink) == (c.new.mode == modeGitlink)
	})
}

// parseChange reads the part of an entry before its path: for n bases, n
// colons, n+1 modes, n+1 ids, and a letter for each base, divided by spaces.
func parseChange(meta string) (change, error) {
	var c change
	text := strings.TrimLeft(meta, ":")
	n := len(meta) - len(text)
	fields := strings.Split(text, " ")
	if n < 1 || len(fields) != 2*(n+1)+1 || fields[2*n+2] == "" {
		return c, fmt.Errorf("git: unexpected answer %q", meta)
	}
	versions := make([]side, n+1)
	for i := range versions {
		versions[i] = side{fields[i], fields[n+1+i]}
		if len(versions[i].mode) != 6 || !isID(versions[i].id) {
			return c, fmt.Errorf("git: unexpected answer %q", meta)
		}
	}
	c.old, c.new = versions[:n], versions[n]
	c.unmerged = fields[2*n+2][0] == 'U'
	return c, nil
}

// readToken reads up to the next NUL, which it cuts off. At the end of the
// input the error is io.EOF.
func readToken(r *bufio.Reader) (string, error) {
	token, err := tokenBytes(r)
	return string(token), err
}

// tokenBytes is readToken for who is done with the token at the next read.
func tokenBytes(r *bufio.Reader) ([]byte, error) {
	token, err := r.ReadSlice(0)
	if err == bufio.ErrBufferFull {
		var rest []byte
		token = bytes.Clone(token)
		rest, err = r.ReadBytes(0)
		token = append(token, rest...)
	}
	if err != nil {
		if err == io.EOF && len(token) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return token[:len(token)-1], nil
}

// rawChanges yields the changes that a command like diff-index lists, and ends
// it. In single-commit output there is nothing between them.
func (c *child) rawChanges(ctx context.Context) iter.Seq2[change, error] {
	return c.changes(ctx, c.readChange)
}

// changes yields the changes that a command lists, and ends it. read makes one of
// a token, or of the error that came in its place.
func (c *child) changes(ctx context.Context, read func(token string, err error) (change, error)) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		defer c.abandon()
		defer c.watch(ctx)()
		for {
			token, err := readToken(c.stdout)
			if err == io.EOF {
				break
			}
			e, err := read(token, err)
			if err != nil {
				yield(change{}, c.broken(ctx, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		if err := c.finish(ctx); err != nil {
			yield(change{}, err)
		}
	}
}

// readChange reads the rest of an entry that starts with meta. It passes err
// on.
func (c *child) readChange(meta string, err error) (change, error) {
	if err != nil {
		return change{}, err
	}
	e, err := parseChange(meta)
	if err != nil {
		return change{}, err
	}
	e.path, err = readToken(c.stdout)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return e, err
}

// broken returns why the child's output could not be read to its end: err is
// only what was noticed of it.
func (c *child) broken(ctx context.Context, err error) error {
	if err == io.ErrUnexpectedEOF {
		if endErr := c.finish(ctx); endErr != nil {
			return endErr
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("git %s: %w", c.name, err)
}

// A history is what Blob.Before needs to know of one change as a whole: of the
// index or of a commit against its bases. It asks git when it is asked, which
// is where there are matches.
type history struct {
	p     *plumbingEngine
	bases []string // tree-ishes

	// deletions yields, among others, the changes that delete files of base
	// i, and how to find base i in their old versions.
	deletions func(ctx context.Context, i int) (changes iter.Seq2[change, error], old int)

	mu      sync.Mutex
	deleted [][]change            // for each base; nil until asked for
	blobs   []map[string]struct{} // for each base, the ids of all its blobs; nil until asked for
}

func newHistory(p *plumbingEngine, bases []string, deletions func(context.Context, int) (iter.Seq2[change, error], int)) *history {
	return &history{
		p: p, bases: bases, deletions: deletions,
		deleted: make([][]change, len(bases)),
		blobs:   make([]map[string]struct{}, len(bases)),
	}
}

// before returns Blob.Before for a path that had the versions old, one per
// base, and now has the content id.
func (h *history) before(name string, old []side, id string) func(context.Context) iter.Seq2[io.ReadCloser, error] {
	if len(h.bases) == 0 {
		return nil
	}
	return func(ctx context.Context) iter.Seq2[io.ReadCloser, error] {
		return func(yield func(io.ReadCloser, error) bool) {
			seen := map[string]bool{}
			for v, err := range h.versions(ctx, name, old, id) {
				if err != nil {
					if !yield(nil, err) {
						return
					}
					continue
				}
				if seen[v] {
					continue
				}
				seen[v] = true
				r, err := h.p.openBlob(ctx, v)
				if _, skip := err.(*scanner.SkipError); skip {
					continue // an object that is not here makes no line old
				}
				if !yield(r, err) {
					return
				}
			}
		}
	}
}

// versions yields the ids of what stood there before, the likeliest first.
func (h *history) versions(ctx context.Context, name string, old []side, id string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, v := range old {
			if v.file() && !yield(v.id, nil) {
				return
			}
		}
		for i, v := range old {
			if v.mode != modeNone {
				continue
			}
			// Renamed: with an edit, or as it was.
			ids, err := h.likeliest(ctx, i, name)
			if err != nil && !yield("", err) {
				return
			}
			for _, id := range ids {
				if !yield(id, nil) {
					return
				}
			}
			// Copied as it was.
			has, err := h.has(ctx, i, id)
			if err != nil || has {
				if !yield(id, err) {
					return
				}
			}
		}
	}
}

// likeliest returns the ids of the files that are deleted from base i: those
// of the same file name first, then those of the same extension. A folder that
// moves deletes and adds thousands of files, and most are found at once.
func (h *history) likeliest(ctx context.Context, i int, name string) ([]string, error) {
	deleted, err := h.deletedFrom(ctx, i)
	if err != nil {
		return nil, err
	}
	var sameName, sameExt, others []string
	for _, c := range deleted {
		switch id := c.old[0].id; {
		case path.Base(c.path) == path.Base(name):
			sameName = append(sameName, id)
		case path.Ext(c.path) == path.Ext(name):
			sameExt = append(sameExt, id)
		default:
			others = append(others, id)
		}
	}
	return slices.Concat(sameName, sameExt, others), nil
}

// deletedFrom returns the files that are deleted from base i, each with that
// one old version.
func (h *history) deletedFrom(ctx context.Context, i int) ([]change, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.deleted[i] != nil {
		return h.deleted[i], nil
	}
	deleted := []change{}
	changes, old := h.deletions(ctx, i)
	for c, err := range changes {
		if err != nil {
			return nil, err
		}
		if c.new.mode == modeNone && !c.unmerged && c.old[old].file() {
			deleted = append(deleted, change{path: c.path, old: c.old[old : old+1]})
		}
	}
	h.deleted[i] = deleted
	return deleted, nil
}

// has reports whether base i has a blob anywhere. The first question lists the
// base's tree.
func (h *history) has(ctx context.Context, i int, id string) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.blobs[i] == nil {
		blobs := map[string]struct{}{}
		for c, err := range h.p.tree(ctx, h.bases[i]) {
			if err != nil {
				return false, err
			}
			if c.new.file() {
				blobs[c.new.id] = struct{}{}
			}
		}
		h.blobs[i] = blobs
	}
	_, ok := h.blobs[i][id]
	return ok, nil
}

// tree yields all files and gitlinks of a tree-ish, as new.
func (p *plumbingEngine) tree(ctx context.Context, treeish string) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		c, err := p.start(nil, "ls-tree", "-r", "-z", "--full-tree", treeish)
		if err != nil {
			yield(change{}, err)
			return
		}
		c.changes(ctx, func(token string, err error) (change, error) {
			if err != nil {
				return change{}, err
			}
			return parseTreeEntry(token)
		})(yield)
	}
}

// parseTreeEntry reads "mode kind id\tpath".
func parseTreeEntry(s string) (change, error) {
	meta, name, ok := strings.Cut(s, "\t")
	fields := strings.Split(meta, " ")
	if !ok || len(fields) != 3 || !isID(fields[2]) {
		return change{}, fmt.Errorf("git ls-tree: unexpected answer %q", printable(s))
	}
	return change{path: name, new: side{fields[0], fields[2]}}, nil
}

// blob makes a Blob of the new version at a path.
func (p *plumbingEngine) blob(name string, v side) scanner.Blob {
	b := scanner.Blob{Path: name, ID: v.id, Size: -1}
	if v.mode == modeGitlink {
		b.Skip = scanner.SkipSubmodule
		return b
	}
	b.Open = func(ctx context.Context) (io.ReadCloser, error) { return p.openBlob(ctx, v.id) }
	return b
}
