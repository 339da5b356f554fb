package git

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/graph"
	"github.com/cork-scanner/cork/scanner/git/pack"
)

// HistoryOptions say what of a repository's history is scanned. Without Revs,
// Branches, Not and Since it is every object in the store, whatever leads there:
// refs, reflogs, stashes, or nothing.
type HistoryOptions struct {
	// Revs are revisions and ranges, as git's commands take them. What they lead
	// to is scanned.
	Revs []string
	// Branches are names of branches, local or remote ones.
	Branches []string
	// Not are revisions: what they lead to is not scanned.
	Not []string
	// Since leaves out what only commits before it hold.
	Since time.Time

	NoMessages bool // do not scan the text of commits and tags
	WholeBlobs bool // scan every version of every file in full
	Workers    int  // 0: one for each processor

	// Cache remembers what need not be scanned again. nil: everything is
	// scanned, and nothing is remembered. It does not go with WholeBlobs.
	Cache *HistoryCache

	// Now is the end of what is exposed until today.
	Now time.Time

	// Progress is called a few times a second, from one goroutine. nil: nobody
	// wants to know.
	Progress func(HistoryProgress)
}

// HistoryProgress is how far a scan of a history has come.
type HistoryProgress struct {
	Phase                 string // "reading trees", "scanning", "life stories"
	Objects, ObjectsTotal int    // of this phase
	Packed, PackedTotal   int64  // bytes of packs, of this phase
	Content               int64  // bytes of objects
	Findings              int    // different secrets so far
}

// The phases.
const (
	phaseTrees   = "reading trees"
	phaseScan    = "scanning"
	phaseStories = "life stories"
)

// A History is every object of a repository, or those that some commits lead to.
//
// What a file's versions hold is found by way of git's deltas, see
// [scanner.Versions]: each object is made once, and only what is new in it is
// searched.
type History struct {
	r    *Repository
	opts HistoryOptions

	at               *objectsAt
	head             string
	tips             []tip
	include, exclude []string   // ids
	cache            *cacheFile // nil: none
	notes            []string
}

// History looks up what is to be scanned. Objects are read by Scan.
func (r *Repository) History(ctx context.Context, opts HistoryOptions) (*History, error) {
	if opts.Workers <= 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	h := &History{r: r, opts: opts}
	var err error
	if h.at, err = r.eng.objectsAt(ctx); err != nil {
		return nil, err
	}
	if opts.Cache != nil {
		if opts.WholeBlobs {
			return nil, errors.New("to scan every version in full there must be no cache")
		}
		if h.cache, err = openCache(*opts.Cache, h.at); err != nil {
			return nil, err
		}
	}
	if h.head, h.tips, err = r.eng.tips(ctx); err != nil {
		return nil, err
	}
	if h.include, h.exclude, err = r.eng.revisions(ctx, opts.Revs); err != nil {
		return nil, err
	}
	for _, name := range opts.Branches {
		at := slices.IndexFunc(h.tips, func(t tip) bool {
			return t.name == "refs/heads/"+name || t.name == "refs/remotes/"+name || t.name == name && strings.HasPrefix(name, "refs/")
		})
		if at < 0 {
			return nil, scanner.WithHint(fmt.Errorf("there is no branch %q", name), "git branch --all lists them")
		}
		h.include = append(h.include, h.tips[at].id)
	}
	not, also, err := r.eng.revisions(ctx, opts.Not)
	if err != nil {
		return nil, err
	}
	h.exclude = append(h.exclude, not...)
	if len(also) > 0 {
		return nil, scanner.WithHint(errors.New("what is left out cannot be given as a range"), "name the commits")
	}
	return h, nil
}

// Notes returns, after Scan, what there is to say about the cache, a line each:
// why it was not used, or not written.
func (h *History) Notes() []string { return h.notes }

// restricted reports whether less than everything is scanned.
func (h *History) restricted() bool {
	return len(h.opts.Revs)+len(h.opts.Branches)+len(h.opts.Not) > 0 || !h.opts.Since.IsZero()
}

// Scan yields one finding for each secret and rule, the worst first, with its
// Story, and then the errors, as [scanner.Scanner.Scan] does; secrets that are
// suppressed if the scanner's options say so. The location of a
// finding is the first of its Story's places. Scan may be called once.
//
// Everything is scanned before the first finding comes; if ctx ends before that,
// what was found until then comes, and an error that says so. Memory is bounded by what
// is found and by the number of objects, not by their size.
func (h *History) Scan(ctx context.Context, s *scanner.Scanner, sum *scanner.Summary) iter.Seq2[scanner.Finding, error] {
	if sum == nil {
		sum = new(scanner.Summary)
	}
	return func(yield func(scanner.Finding, error) bool) {
		a := &audit{h: h, s: s, sum: sum}
		findings, err := a.run(ctx)
		if err != nil {
			if ctx.Err() != nil {
				err = fmt.Errorf("the scan was cut short: %w", ctx.Err())
			}
			a.fail(err)
		}
		// Counted before the caller can break out of the loop.
		errs := a.errors()
		sum.Errors = append(sum.Errors, errs...)
		for i := range findings {
			if findings[i].Suppression == nil {
				sum.Findings++
			}
		}
		for i := range findings {
			if !yield(findings[i], nil) {
				return
			}
		}
		for _, err := range errs {
			if !yield(scanner.Finding{}, err) {
				return
			}
		}
	}
}

// An audit is one scan of a history.
type audit struct {
	h   *History
	s   *scanner.Scanner
	sum *scanner.Summary

	objects
	graph *graph.Graph

	mu     sync.Mutex
	errs   []error              // about the scan as a whole
	broken []*scanner.BlobError // objects that cannot be read, and files that hold them
	more   int                  // of those, that are counted only

	flagged map[string][]scanner.Finding // by path: what its name alone says
	readers []*auditor                   // by worker
	cache   *objectCache                 // nil: none

	seen struct { // for the progress
		phase           atomic.Value
		objects         atomic.Int64
		total           atomic.Int64
		packed, content atomic.Int64
		packedTotal     atomic.Int64
		secrets         sync.Map
		found           atomic.Int64
	}
}

// Where a pack is cut off, any number of objects cannot be read.
const (
	maxNamed = 100    // of them are named
	maxKept  = 10_000 // are kept, so that the first are named however many workers there were
)

// fail notes an error. It may be called from any goroutine.
func (a *audit) fail(err error) {
	var of *pack.Error
	var about *graph.Error
	var blob *scanner.BlobError
	switch {
	case errors.As(err, &of):
		blob = &scanner.BlobError{ID: of.ID, Err: of.Err}
		if of.ID == "" {
			blob.Path = of.File
		}
		switch {
		case of.Offset < 0:
		case of.ID == "":
			blob.Err = fmt.Errorf("offset %d: %w", of.Offset, of.Err)
		case of.File != "":
			blob.Err = fmt.Errorf("%s, offset %d: %w", of.File, of.Offset, of.Err)
		}
		blob.Err = scanner.WithHint(blob.Err, hintDamaged)
	case errors.As(err, &about):
		if about.Harmless {
			return
		}
		blob = &scanner.BlobError{ID: about.ID, Err: about.Err}
	default:
		errors.As(err, &blob)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case blob == nil:
		a.errs = append(a.errs, err)
	case len(a.broken) < maxKept:
		a.broken = append(a.broken, blob)
	default:
		a.more++
	}
}

// errors returns what was noted: what is about the scan as a whole, and then, by
// path and id, what is about an object or a file.
func (a *audit) errors() []error {
	order := func(x, y *scanner.BlobError) int {
		return cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.ID, y.ID), cmp.Compare(x.Err.Error(), y.Err.Error()))
	}
	slices.SortFunc(a.broken, order)
	// An object is looked at for its type, and again for its content.
	a.broken = slices.CompactFunc(a.broken, func(x, y *scanner.BlobError) bool { return order(x, y) == 0 })
	errs := a.errs
	for i, err := range a.broken {
		if i == maxNamed {
			err.Err = fmt.Errorf("%w; and %d more errors like these", err.Err, len(a.broken)-i-1+a.more)
			return append(errs, err)
		}
		errs = append(errs, err)
	}
	return errs
}

// run makes the scan. Findings come with an error, too: of a scan that is cut
// short, what was found until then.
func (a *audit) run(ctx context.Context) ([]scanner.Finding, error) {
	stop := a.watch()
	defer stop()
	var err error
	if a.objects, err = a.h.r.openObjects(a.h.at); err != nil {
		return nil, err
	}
	defer a.store.Close()
	cut := a.search(ctx)
	if a.readers == nil {
		return nil, cut // nothing was scanned
	}
	a.phase(phaseStories, nil)
	findings, err := a.findings(context.WithoutCancel(ctx))
	return findings, cmp.Or(cut, err)
}

// search scans every object in scope.
func (a *audit) search(ctx context.Context) (err error) {
	for _, err := range a.store.Problems() {
		a.fail(err)
	}
	a.phase(phaseTrees, nil, pack.Commit, pack.Tag, pack.Tree)
	roots, not := a.numbers(a.h.include), a.numbers(a.h.exclude)
	if len(a.h.include) == 0 {
		if all := a.allRefs(); a.h.restricted() {
			roots = all
		}
	}
	a.graph, err = graph.Build(ctx, a.store, graph.Options{
		Workers: a.h.opts.Workers, Roots: roots, Not: not, Since: a.h.opts.Since, Shallow: a.h.at.shallow,
		Error: a.fail, Progress: a.progress,
	})
	if err != nil {
		return err
	}
	opinion := a.secondOpinion(ctx)
	defer opinion() // it looks at the store
	a.sum.Commits = a.graph.Commits()
	if n := len(a.graph.Submodules()); n > 0 {
		a.sum.Skip(scanner.SkipSubmodule, n)
	}
	for _, m := range a.graph.Missing() {
		a.fail(missing(m))
	}

	a.flag() // which asks the scanner about every path
	if err := a.s.NestedErr(); err != nil {
		return err
	}
	a.hire()
	if err := a.recall(ctx); err != nil {
		return err
	}
	types, wanted := a.scope()
	a.phase(phaseScan, wanted, types...)
	if err := a.walk(ctx); err != nil {
		return err
	}
	a.remember(ctx)
	if err := opinion(); err != nil && ctx.Err() == nil {
		a.fail(err)
	}
	return ctx.Err()
}

// missing is the error about objects that are not here.
func missing(m graph.Missing) error {
	n := fmt.Sprintf("it and %d more are", m.Count-1)
	if m.Count == 1 {
		n = "it is"
	}
	err, hint := fmt.Errorf("%s not in the repository", n), hintDamaged
	switch m.Cause {
	case graph.CauseShallow:
		err, hint = fmt.Errorf("%s not here, for this is a shallow clone: what came before was not scanned", n), "get all history: git fetch --unshallow"
	case graph.CausePromised:
		err, hint = fmt.Errorf("%s not here, for this is a partial clone", n), hintPartial
	}
	return &scanner.BlobError{ID: m.IDs[0], Err: scanner.WithHint(err, hint)}
}

// numbers returns the objects with these ids. Those that are not there are named
// by whoever looks at what leads to them.
func (a *audit) numbers(ids []string) []pack.Num {
	var nums []pack.Num
	for _, id := range ids {
		if n, ok := a.number(id); ok {
			nums = append(nums, n)
		} else {
			a.fail(&scanner.BlobError{ID: id, Err: scanner.WithHint(errors.New("object is not in the repository"), hintDamaged)})
		}
	}
	return nums
}

// allRefs returns what HEAD and all refs name. An error tells of those that name
// nothing that is here.
func (a *audit) allRefs() []pack.Num {
	refs := a.h.tips
	if a.h.head != "" {
		refs = append([]tip{{"HEAD", a.h.head}}, refs...)
	}
	nums := make([]pack.Num, 0, len(refs))
	for _, t := range refs {
		if n, ok := a.number(t.id); ok {
			nums = append(nums, n)
		} else {
			a.fail(&scanner.BlobError{ID: t.id, Err: scanner.WithHint(fmt.Errorf("%s names it, and it is not in the repository", t.name), hintDamaged)})
		}
	}
	slices.Sort(nums)
	return slices.Compact(nums)
}

// secondOpinion asks git which commits there are, while the scan goes on. The
// function that it returns waits for the answer.
func (a *audit) secondOpinion(ctx context.Context) (wait func() error) {
	// git stops at the first commit that is too old, so it is not asked for a date.
	every := a.h.opts.Since.IsZero()
	done := make(chan error, 1)
	go func() {
		var unknown []string
		err := a.h.r.eng.commits(ctx, a.h.include, a.h.exclude, func(id []byte) {
			if n, ok := a.number(string(id)); !ok || every && !a.graph.Wanted(n) {
				unknown = append(unknown, string(id))
			}
		})
		if err == nil && len(unknown) > 0 {
			err = &scanner.BlobError{ID: unknown[0], Err: scanner.WithHint(fmt.Errorf("git lists it and %d more commits that were not walked", len(unknown)-1),
				"if they came while the scan went on, scan again")}
		}
		done <- err
	}()
	return sync.OnceValue(func() error { return <-done })
}

// phase begins a part of the scan, which resolves the objects of these types that
// are wanted (nil: all).
func (a *audit) phase(name string, wanted func(pack.Num) bool, types ...pack.Type) {
	total, packed := int64(0), int64(0)
	if a.h.opts.Progress != nil && len(types) > 0 {
		for i := range a.store.Len() {
			n := pack.Num(i)
			if slices.Contains(types, a.store.Type(n)) && (wanted == nil || wanted(n)) {
				total++
				packed += a.store.Packed(n)
			}
		}
	}
	a.seen.phase.Store(name)
	a.seen.objects.Store(0)
	a.seen.packed.Store(0)
	a.seen.total.Store(total)
	a.seen.packedTotal.Store(packed)
}

func (a *audit) progress(packed, content int64, objects int) {
	a.seen.packed.Add(packed)
	a.seen.content.Add(content)
	a.seen.objects.Add(int64(objects))
}

// watch tells how far the scan has come, until stop is called.
func (a *audit) watch() (stop func()) {
	if a.h.opts.Progress == nil {
		return func() {}
	}
	end := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				phase, _ := a.seen.phase.Load().(string)
				a.h.opts.Progress(HistoryProgress{
					Phase:   phase,
					Objects: int(a.seen.objects.Load()), ObjectsTotal: int(a.seen.total.Load()),
					Packed: a.seen.packed.Load(), PackedTotal: a.seen.packedTotal.Load(),
					Content: a.seen.content.Load(), Findings: int(a.seen.found.Load()),
				})
			}
		}
	})
	return func() {
		close(end)
		wg.Wait()
	}
}
