package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/cork-scanner/cork/scanner"
)

// What a branch brings as a whole, and how two commits are related.

// NetOptions say what to compare.
type NetOptions struct {
	// Bases are the ids of commits: the merge bases of what is compared, or what
	// stands for them. Without any, everything in Head is new.
	Bases []string
	Head  string // the id of a commit

	// OnPath, if not nil, is called for every path whose content in Head is that
	// of no base, and for every path that a base has and Head has not. It is
	// called from the goroutine that iterates.
	OnPath func(path string)
}

// Net is what a commit adds to its bases as a whole, whatever the commits in
// between did: its tree against theirs. A path is yielded if its content is that
// of no base, a line counts as new if it is in no base. Blobs have no Commit;
// they come in the order of their paths.
func (r *Repository) Net(opts NetOptions) scanner.Source {
	if opts.OnPath == nil {
		opts.OnPath = func(string) {}
	}
	return sourceFunc(func(ctx context.Context) iter.Seq2[scanner.Blob, error] { return r.eng.net(ctx, opts) })
}

// Commits returns the ids of the commits that revisions name, tags followed; ""
// for what names no commit that is here.
func (r *Repository) Commits(ctx context.Context, revs ...string) ([]string, error) {
	return r.eng.commitIDs(ctx, revs)
}

// HeadRef returns the name of the ref that HEAD stands for, which need not exist; ""
// if it stands for a commit itself, and where nobody can tell: the embedded engine
// does not.
func (r *Repository) HeadRef(ctx context.Context) (string, error) {
	p, ok := r.eng.(*plumbingEngine)
	if !ok {
		return "", nil
	}
	out, err := p.output(ctx, nil, "symbolic-ref", "-q", "HEAD")
	if err != nil {
		return "", ctx.Err() // it is none
	}
	return strings.TrimSpace(string(out)), nil
}

// Parents returns the ids of a commit's parents, as far as the repository has
// them: at the border of a shallow clone there are none.
func (r *Repository) Parents(ctx context.Context, commit string) ([]string, error) {
	return r.eng.parents(ctx, commit)
}

// A Span is how two commits are related, as far as the repository can tell.
type Span struct {
	MergeBases []string // ids, sorted; none of unrelated commits

	// Cut says that the repository is a shallow clone that lacks commits between
	// the merge bases and the head: neither they nor the merge bases are known.
	Cut bool
}

// Shallow reports whether the repository is a shallow clone.
func (r *Repository) Shallow() (bool, error) {
	ids, err := shallowIDs(r.layout.commonDir)
	return len(ids) > 0, err
}

// Span compares the commits that two ids name.
func (r *Repository) Span(ctx context.Context, base, head string) (Span, error) {
	bases, err := r.eng.mergeBases(ctx, base, head)
	if err != nil {
		return Span{}, err
	}
	slices.Sort(bases)
	s := Span{MergeBases: bases}
	shallow, err := shallowIDs(r.layout.commonDir)
	if err != nil {
		return Span{}, err
	}
	if len(shallow) == 0 {
		return s, nil
	}
	if len(bases) == 0 {
		s.Cut = true
		return s, nil
	}
	border := make(map[string]bool, len(shallow))
	for _, id := range shallow {
		border[id] = true
	}
	err = r.eng.between(ctx, base, head, func(id string) { s.Cut = s.Cut || border[id] })
	return s, err
}

func (p *plumbingEngine) net(ctx context.Context, opts NetOptions) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		compare := func(base string, more ...string) iter.Seq2[change, error] {
			return func(yield func(change, error) bool) {
				args := append([]string{"diff-tree", "-r", "--raw", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=dirty"}, more...)
				c, err := p.start(nil, append(args, base, opts.Head)...)
				if err != nil {
					yield(change{}, err)
					return
				}
				c.rawChanges(ctx)(yield)
			}
		}
		changes := p.tree(ctx, opts.Head)
		switch len(opts.Bases) {
		case 0:
		case 1:
			changes = compare(opts.Bases[0])
		default:
			changes = compareAll(len(opts.Bases), func(i int) iter.Seq2[change, error] { return compare(opts.Bases[i]) })
		}
		h := newHistory(p, opts.Bases, func(_ context.Context, i int) (iter.Seq2[change, error], int) {
			return compare(opts.Bases[i], "--diff-filter=D"), 0
		})
		for c, err := range changes {
			if err != nil {
				yield(scanner.Blob{}, p.partialHint(ctx, err))
				return
			}
			if c.new.mode == modeNone {
				opts.OnPath(c.path)
				continue
			}
			if !c.newContent() {
				continue
			}
			opts.OnPath(c.path)
			b := p.blob(c.path, c.new)
			b.Old = c.in()
			if b.Skip == "" {
				b.Before = h.before(c.path, c.old, c.new.id)
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

// compareAll joins n comparisons of one state with a base each. It holds all
// changes in memory.
func compareAll(n int, compare func(i int) iter.Seq2[change, error]) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		sets := make([][]change, n)
		errs := make([]error, n)
		var wg sync.WaitGroup
		for i := range sets {
			wg.Go(func() {
				for c, err := range compare(i) {
					if err != nil {
						errs[i] = err
						return
					}
					sets[i] = append(sets[i], c)
				}
			})
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				yield(change{}, err)
				return
			}
		}
		for _, c := range combine(sets) {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func (p *plumbingEngine) commitIDs(ctx context.Context, revs []string) ([]string, error) {
	found, err := p.resolve(ctx, revs)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(revs))
	for i, r := range found {
		if r.kind == "tag" {
			peeled, err := p.resolve(ctx, []string{r.id + "^{commit}"})
			if err != nil {
				return nil, err
			}
			r = peeled[0]
		}
		if r.kind == "commit" {
			ids[i] = r.id
		}
	}
	return ids, nil
}

func (p *plumbingEngine) parents(ctx context.Context, commit string) ([]string, error) {
	out, err := p.output(ctx, nil, "rev-list", "--parents", "--max-count=1", commit, "--")
	if err != nil {
		return nil, p.partialHint(ctx, err)
	}
	ids := strings.Fields(string(out))
	if len(ids) == 0 || slices.ContainsFunc(ids, func(id string) bool { return !isID(id) }) {
		return nil, fmt.Errorf("git rev-list: unexpected answer %q", printable(string(out)))
	}
	return ids[1:], nil
}

func (p *plumbingEngine) mergeBases(ctx context.Context, a, b string) ([]string, error) {
	out, err := p.output(ctx, nil, "merge-base", "--all", a, b)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 && len(out) == 0 {
		return nil, nil // it has said nothing: there are none
	}
	if err != nil {
		return nil, p.partialHint(ctx, err)
	}
	ids := strings.Fields(string(out))
	if len(ids) == 0 || slices.ContainsFunc(ids, func(id string) bool { return !isID(id) }) {
		return nil, fmt.Errorf("git merge-base: unexpected answer %q", printable(string(out)))
	}
	return ids, nil
}

func (p *plumbingEngine) between(ctx context.Context, base, head string, visit func(id string)) error {
	out, err := p.output(ctx, strings.NewReader(head+"\n^"+base+"\n"), "rev-list", "--stdin")
	if err != nil {
		return p.partialHint(ctx, err)
	}
	for id := range strings.FieldsSeq(string(out)) {
		visit(id)
	}
	return nil
}

// net implements engine: it takes the head's tree for an index, and the bases
// for what is staged against.
func (e *embedded) net(ctx context.Context, opts NetOptions) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		idx, err := e.indexOf(ctx, opts.Head)
		if err != nil {
			yield(scanner.Blob{}, err)
			return
		}
		var commits []objectID
		for _, base := range opts.Bases {
			id, ok := parseID(base)
			if !ok {
				yield(scanner.Blob{}, fmt.Errorf("%q is not an object id", base))
				return
			}
			commits = append(commits, id)
		}
		bases, err := e.compareWith(ctx, commits, idx)
		if err != nil {
			yield(scanner.Blob{}, err)
			return
		}
		gone, err := allGone(ctx, bases)
		if err != nil {
			yield(scanner.Blob{}, err)
			return
		}
		for _, path := range gone {
			opts.OnPath(path)
		}
		for i := range idx.entries {
			entry := &idx.entries[i]
			if !isNews(bases, entry) {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(scanner.Blob{}, err)
				return
			}
			opts.OnPath(entry.name)
			if !yield(e.newBlob(bases, entry), nil) {
				return
			}
		}
	}
}

// indexOf returns an index that holds what a commit holds.
func (e *embedded) indexOf(ctx context.Context, commit string) (*stagedIndex, error) {
	id, ok := parseID(commit)
	if !ok {
		return nil, fmt.Errorf("%q is not an object id", commit)
	}
	tree, err := e.objects.treeOf(id)
	if err != nil {
		return nil, err
	}
	idx := new(stagedIndex)
	var walk func(tree objectID, prefix string, depth int) error
	walk = func(tree objectID, prefix string, depth int) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if depth > maxTreeDepth {
			return fmt.Errorf("tree %s is nested too deeply", tree)
		}
		entries, err := e.objects.tree(tree)
		if err != nil {
			return err
		}
		for _, t := range entries {
			if t.Mode == filemode.Dir {
				if err := walk(objectID(t.Hash), prefix+t.Name+"/", depth+1); err != nil {
					return err
				}
				continue
			}
			idx.entries = append(idx.entries, indexEntry{name: prefix + t.Name, mode: uint32(t.Mode), id: objectID(t.Hash)})
		}
		return nil
	}
	if err := walk(tree, "", 0); err != nil {
		return nil, err
	}
	slices.SortFunc(idx.entries, func(a, b indexEntry) int { return strings.Compare(a.name, b.name) })
	return idx, nil
}

// allGone returns the paths that a base has and the index has not, sorted.
func allGone(ctx context.Context, bases []*base) ([]string, error) {
	var paths []string
	var walk func(b *base, d deletion, depth int) error
	walk = func(b *base, d deletion, depth int) error {
		if d.mode != filemode.Dir {
			paths = append(paths, d.path)
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if depth > maxTreeDepth {
			return fmt.Errorf("tree %s is nested too deeply", d.id)
		}
		entries, err := b.objects.tree(d.id)
		if err != nil {
			return err
		}
		for _, t := range entries {
			if err := walk(b, deletion{d.path + "/" + t.Name, version{t.Mode, objectID(t.Hash)}}, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	for _, b := range bases {
		for _, d := range b.gone {
			if err := walk(b, d, 0); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

func (e *embedded) commitIDs(_ context.Context, revs []string) ([]string, error) {
	ids := make([]string, len(revs))
	for i, rev := range revs {
		id, ok, err := e.lookup(rev)
		if err != nil {
			return nil, err
		}
		if ok {
			ok, err = e.objects.has(id)
		}
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		switch kind, err := e.objects.kind(id); {
		case err != nil:
			return nil, err
		case kind == plumbing.CommitObject, kind == plumbing.TagObject:
			if id, err = e.peel(id); err != nil {
				return nil, err
			}
			ids[i] = id.String()
		}
	}
	return ids, nil
}

func (e *embedded) parents(_ context.Context, commit string) ([]string, error) {
	shallow, err := shallowIDs(e.site.commonDir)
	if err != nil {
		return nil, err
	}
	return e.parentsOf(commit, shallow)
}

// parentsOf returns the parents of a commit; none of one at the border of a
// shallow clone.
func (e *embedded) parentsOf(commit string, shallow []string) ([]string, error) {
	if slices.Contains(shallow, commit) {
		return nil, nil
	}
	id, ok := parseID(commit)
	if !ok {
		return nil, fmt.Errorf("%q is not an object id", commit)
	}
	data, err := e.objects.readAll(id, plumbing.CommitObject)
	if err != nil {
		return nil, err
	}
	_, parents, err := parseCommit(commit, data)
	if err != nil {
		return nil, scanner.WithHint(err, hintDamaged)
	}
	return parents, nil
}

// ancestors returns all that lead to a commit, itself included, each with its
// parents.
func (e *embedded) ancestors(ctx context.Context, commit string, shallow []string, known map[string][]string) (map[string][]string, error) {
	all := make(map[string][]string)
	for todo := []string{commit}; len(todo) > 0; {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if _, ok := all[id]; ok {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		parents, ok := known[id]
		if !ok {
			var err error
			if parents, err = e.parentsOf(id, shallow); err != nil {
				return nil, err
			}
		}
		all[id] = parents
		todo = append(todo, parents...)
	}
	return all, nil
}

// mergeBases implements engine: those commits that lead to both, less those that
// lead to another one of them. What leads to both is closed under parents, so
// those are the parents of its commits.
func (e *embedded) mergeBases(ctx context.Context, a, b string) ([]string, error) {
	shallow, err := shallowIDs(e.site.commonDir)
	if err != nil {
		return nil, err
	}
	ofA, err := e.ancestors(ctx, a, shallow, nil)
	if err != nil {
		return nil, err
	}
	ofB, err := e.ancestors(ctx, b, shallow, ofA)
	if err != nil {
		return nil, err
	}
	below := make(map[string]bool)
	for id, parents := range ofA {
		if _, ok := ofB[id]; ok {
			for _, p := range parents {
				below[p] = true
			}
		}
	}
	var bases []string
	for id := range ofA {
		if _, ok := ofB[id]; ok && !below[id] {
			bases = append(bases, id)
		}
	}
	return bases, nil
}

func (e *embedded) between(ctx context.Context, base, head string, visit func(id string)) error {
	shallow, err := shallowIDs(e.site.commonDir)
	if err != nil {
		return err
	}
	known, err := e.ancestors(ctx, base, shallow, nil)
	if err != nil {
		return err
	}
	all, err := e.ancestors(ctx, head, shallow, known)
	if err != nil {
		return err
	}
	for id := range all {
		if _, ok := known[id]; !ok {
			visit(id)
		}
	}
	return nil
}

// newBlob returns the blob of an entry that is news against the bases.
func (e *embedded) newBlob(bases []*base, entry *indexEntry) scanner.Blob {
	b := e.blob(entry)
	for _, base := range bases {
		_, old := base.version(entry)
		b.Old = b.Old || old
	}
	if len(bases) > 0 && b.Skip == "" {
		b.Before = func(ctx context.Context) iter.Seq2[io.ReadCloser, error] {
			return e.before(ctx, bases, entry)
		}
	}
	return b
}
