package scanner

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner/archive"
)

// A matcher is what the scanner needs of [rules.Set].
type matcher interface {
	Reach() int
	Find(path string, buf []byte, from, to int, atStart, atEnd bool) []rules.Match
	FindChanged(path string, content []byte, spans []rules.Span, kept, again, into []rules.Hit) (found []rules.Found, hits []rules.Hit, ok bool)
	PathMatches(path string) []rules.Match
	MatchesInPath(path string, text []byte) []rules.Match
	PathClass(path string) string
	Digest() [sha256.Size]byte
}

// Options say how to scan. The zero value is ready to use.
type Options struct {
	Workers       int              // blobs scanned at the same time; 0: one for each processor
	MinConfidence rules.Confidence // matches below it are not reported; 0: medium
	Allow         *Allowlist       // nil: allows nothing
	Baseline      *Baseline        // nil: nothing was found before
	Suppressed    bool             // yield what is not reported as well, with its Suppression
	NoInline      bool             // do not honour cork:allow and the like
	Now           time.Time        // what secrets that say when they end are held against; zero: they are not
	Window        int              // bytes of text matched at once; 0: 1 MiB. Findings do not depend on it
	NoArchives    bool             // do not open archives: search their bytes only, and count them
	Limits        archive.Limits   // on what is taken out of one archive
	Nested        *Nested          // configurations of folders; nil: there are none
}

func (o *Options) applyDefaults() {
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.MinConfidence == 0 {
		o.MinConfidence = rules.ConfidenceMedium
	}
	if o.Window <= 0 {
		// Large enough that the context kept around a window (twice the reach
		// of the rules, tens of KiB) costs little, small enough for a cache.
		o.Window = 1 << 20
	}
}

// Limits on what is kept for one blob. A blob that passes one is reported as
// an error: it is never cut short in silence.
const (
	// maxMatches is far beyond any file of credentials that people keep, and
	// few enough to be kept in memory until the blob is read.
	maxMatches = 10_000
	// maxMatchBytes bounds the text of the matches and what stands around.
	maxMatchBytes = 32 << 20
)

// ErrTooMany is wrapped by the error about a blob with more matches than are
// kept. The matches up to there are reported.
var ErrTooMany = errors.New("more matches than can be reported for one file")

// ErrStopped is what a Summary names as an error after the caller broke out of
// the loop over Scan, so that such a scan is not taken for a complete one.
var ErrStopped = errors.New("the scan was stopped before its end")

// A Scanner finds secrets in blobs. It is immutable and safe for concurrent
// use.
type Scanner struct {
	set     matcher
	opts    Options
	reach   int  // of set
	margin  int  // bytes of text kept before and after what is matched
	text    bool // findings keep the text around them, for the allowlist
	prints  *fingerprinter
	workers sync.Pool // of *worker

	self local // itself
	nest *nest // nil: it scans files of all folders itself
}

// New returns a Scanner for the rules of set.
func New(set *rules.Set, opts Options) *Scanner { return newScanner(set, opts) }

func newScanner(set matcher, opts Options) *Scanner {
	opts.applyDefaults()
	s := &Scanner{
		set:    set,
		opts:   opts,
		reach:  set.Reach(),
		margin: set.Reach() + max(snippetBytes, directiveBytes) + 8, // 8: room to cut at a character
		text:   opts.Allow.wantsText(),
		prints: newFingerprinter(),
	}
	s.self.s = s
	if opts.Nested != nil {
		s.nest = newNest(s, opts.Nested)
	}
	return s
}

// PathFindings returns what there is to say about a path, without a word on what is
// in the file: by the rules that judge files by their names, and the secrets that
// stand in it; with a Suppression where that is not reported.
func (s *Scanner) PathFindings(path string) []Finding {
	l := s.at(path)
	if l.err != nil {
		return nil
	}
	w := l.s.worker()
	defer l.s.workers.Put(w)
	var res result
	b := Blob{Path: path}
	w.pathFindings(&b, &res)
	w.inPath(&b, &res)
	return res.findings
}

// Digest returns a hash of the rules and options that decide what the scanner
// finds in a content, whatever allowlist and baseline say of it. In the same version of
// this package, two scanners with the same digest find the same.
func (s *Scanner) Digest() [sha256.Size]byte {
	o := &s.opts
	set := s.set.Digest()
	return sha256.Sum256(fmt.Appendf(nil, "%x %v %v %v %+v", set, o.MinConfidence, o.NoInline, o.NoArchives, o.Limits))
}

// PathClass is [rules.Set.PathClass] for the rules of the scanner, with those of
// folders. The class of a path below a folder whose configuration finds something
// else has in it what that finds, as Digest has for the root.
func (s *Scanner) PathClass(path string) string {
	l := s.at(path)
	if l.err != nil {
		return ""
	}
	class := l.class + l.s.set.PathClass(path)
	if holdsFingerprints(path) {
		class += "\x00fingerprints"
	}
	return class
}

// Suppresses returns why an occurrence in a content of that path is not reported;
// nil if it is. It says nothing about comments.
func (s *Scanner) Suppresses(path string, o *Occurrence) *Suppression {
	l := s.at(path)
	if l.err != nil {
		return nil
	}
	s = l.s
	if s.opts.Allow == nil && s.opts.Baseline == nil {
		return nil
	}
	path += o.Path
	f := Finding{RuleID: o.RuleID, Key: o.Key, Secret: o.Secret, InPath: o.InPath, around: o.around}
	f.Fingerprint = s.prints.ofFinding(path, &f)
	f.Location.Line = o.Line
	return s.suppression(path, &f)
}

// SuppressesIn is Suppresses for an occurrence that the commit of that id brought.
func (s *Scanner) SuppressesIn(path, commit string, o *Occurrence) *Suppression {
	in := *o
	in.around.commit = commit
	return s.Suppresses(path, &in)
}

// AllowsCommits reports whether the allowlist allows something in commits that it
// names: whoever does not know the commit of an occurrence from the beginning asks
// SuppressesIn.
func (s *Scanner) AllowsCommits() bool {
	return s.opts.Allow.aboutCommits() || slices.ContainsFunc(s.NestedConfigs(), func(c *Config) bool { return c.Allow.aboutCommits() })
}

// YieldsSuppressed is [Options].Suppressed, for those who scan with the scanner.
func (s *Scanner) YieldsSuppressed() bool { return s.opts.Suppressed }

// SameSecret returns a text that is the same for two occurrences if they are of
// one secret, found by one rule, however it is wrapped and encoded.
func (o *Occurrence) SameSecret() string {
	return o.RuleID + "\x00" + normalizeSecret(o.Secret.Reveal())
}

// A job is one item of the source on its way through the workers.
type job struct {
	blob Blob
	res  result
	done atomic.Bool // res is there
}

// A queue holds the jobs that are under way: from the one that is reported next
// to the last one that the source has yielded.
type queue struct {
	ordered chan *job // in source order; closed at the source's end
	work    chan *job // those that are not begun

	awaited atomic.Pointer[job] // the one that is reported next, if somebody waits for it
	arrived chan struct{}       // gets something, if there is room, when it is done

	kept    atomic.Int64  // jobs with something to report, which takes memory
	maxKept int64         // no job is added while there are so many
	freed   chan struct{} // gets something, if there is room, when there is one less
}

// Limits on the jobs that are under way. One large blob must not stall the others:
// an archive of a few KiB can take as long as a thousand files. But neither their
// results must pile up nor what is to be read.
const (
	maxAhead         = 4096 // that are done, nearly all of them with nothing to report
	keptPerWorker    = 16   // that are done and have something to report
	waitingPerWorker = 16   // that are not begun; enough that workers need not wait for the source
)

func newQueue(workers int) *queue {
	return &queue{
		ordered: make(chan *job, max(maxAhead, (keptPerWorker+waitingPerWorker)*workers)),
		work:    make(chan *job, waitingPerWorker*workers),
		maxKept: int64(keptPerWorker * workers),
		arrived: make(chan struct{}, 1),
		freed:   make(chan struct{}, 1),
	}
}

// put adds a job, for a worker unless it is done. It waits until there is room
// and returns false if ctx is done before that.
func (q *queue) put(ctx context.Context, j *job) bool {
	for q.kept.Load() >= q.maxKept {
		// Whatever is kept waits for jobs that have been put already.
		select {
		case <-q.freed:
		case <-ctx.Done():
			return false
		}
	}
	select {
	case q.ordered <- j:
	case <-ctx.Done():
		return false
	}
	if j.done.Load() {
		return true
	}
	select {
	case q.work <- j:
	case <-ctx.Done():
		return false
	}
	return true
}

// finish gives the job its result.
func (q *queue) finish(j *job, res result) {
	j.blob, j.res = Blob{}, res
	if res.reports() {
		q.kept.Add(1)
	}
	j.done.Store(true)
	if q.awaited.Load() == j {
		signal(q.arrived)
	}
}

// take returns the result of the job that is next; false if ctx is done before it.
func (q *queue) take(ctx context.Context, j *job) (result, bool) {
	q.awaited.Store(j)
	for !j.done.Load() {
		select {
		case <-q.arrived:
		case <-ctx.Done():
			return result{}, false
		}
	}
	if j.res.reports() {
		q.kept.Add(-1)
		signal(q.freed)
	}
	return j.res, true
}

// signal wakes who receives from c, now or next.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Scan yields findings in source order, then by position in the blob; those of
// an archive's entries come after those of its own bytes. Errors
// are yielded, never logged: each is a *[BlobError], or a *[NestedError], except a
// last one that wraps ctx.Err if the scan was cut short. A blob with an error can have
// findings too; they come first. Scan has stopped its workers and the source
// when it returns, even if the caller breaks out of the loop. Memory is
// bounded by the number of workers.
//
// sum (nil: none) is updated while the loop runs, by the goroutine that runs
// it, and complete once the loop has ended. The returned iterator is
// single-use.
func (s *Scanner) Scan(ctx context.Context, src Source, sum *Summary) iter.Seq2[Finding, error] {
	if sum == nil {
		sum = new(Summary)
	}
	return func(yield func(Finding, error) bool) {
		inner, cancel := context.WithCancel(ctx)
		q, wait := s.start(inner, src)
		stopped := true // by break, or by a panic in the caller's loop
		defer func() {
			cancel()
			wait()
			if c, ok := src.(CommitCounter); ok {
				sum.Commits = c.Commits()
			}
			if stopped {
				sum.Errors = append(sum.Errors, ErrStopped)
			}
		}()
		told := make(map[error]bool)       // of the configurations that are broken
		inFolders := make(map[string]bool) // what was found in the names of folders
		for j := range q.ordered {
			res, ok := q.take(inner, j)
			if !ok || ctx.Err() != nil {
				break
			}
			if res.unread != nil && !told[res.unread] {
				told[res.unread] = true
				res.errs = append(res.errs, res.unread)
			}
			res.onceInFolders(inFolders)
			if !report(&res, s.opts.Suppressed, sum, yield) {
				return
			}
		}
		// The source ends early when ctx is done, with or without saying so.
		if err := ctx.Err(); err != nil {
			err = fmt.Errorf("the scan was cut short: %w", err)
			sum.Errors = append(sum.Errors, err)
			stopped = false
			yield(Finding{}, err)
			return
		}
		stopped = false
	}
}

// start starts the source and the workers. wait returns when all have stopped,
// which they do early when ctx is done.
func (s *Scanner) start(ctx context.Context, src Source) (q *queue, wait func()) {
	q = newQueue(s.opts.Workers)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(q.ordered)
		defer close(q.work)
		for b, err := range src.Blobs(ctx) {
			j := &job{blob: b}
			if err != nil || b.Skip != "" && !b.Skip.named() {
				q.finish(j, result{skip: b.Skip, errs: wrapBlobError(&b, err)})
			}
			if !q.put(ctx, j) {
				return
			}
		}
	})
	for range s.opts.Workers {
		wg.Go(func() {
			w := s.worker()
			defer s.workers.Put(w)
			for j := range q.work {
				if ctx.Err() != nil {
					return
				}
				q.finish(j, w.job(ctx, &j.blob))
			}
		})
	}
	return q, wg.Wait
}

// job scans one blob as its folder says.
func (w *worker) job(ctx context.Context, b *Blob) result {
	l := w.at(b.repoPath())
	switch {
	case l.err != nil:
		return result{unread: l.err}
	case l.cfg != nil:
		own := l.s.worker()
		defer l.s.workers.Put(own)
		return own.scan(ctx, b)
	}
	return w.scan(ctx, b)
}

// at is [Scanner.at], which most files ask as the one before them did.
func (w *worker) at(file string) *local {
	folder := file[:strings.LastIndexByte(file, '/')+1]
	if w.local == nil || folder != w.folder {
		w.folder, w.local = folder, w.s.at(file)
	}
	return w.local
}

// wrapBlobError returns err as a list of *BlobErrors about b.
func wrapBlobError(b *Blob, err error) []error {
	if err == nil {
		return nil
	}
	if be := (*BlobError)(nil); errors.As(err, &be) {
		return []error{err}
	}
	return []error{&BlobError{Path: b.Path, ID: b.ID, Err: err}}
}

// report adds a result to sum and yields it, with what is suppressed if that is
// wanted. It returns false if yield did.
func report(res *result, suppressed bool, sum *Summary, yield func(Finding, error) bool) bool {
	if res.whole {
		sum.Blobs++
		sum.Bytes += res.bytes
	}
	sum.Entries += res.entries
	if res.skip != "" {
		sum.Skip(res.skip, 1)
	}
	for reason, n := range res.missed {
		sum.Skip(reason, n)
	}
	for i := range res.findings {
		if res.findings[i].Suppression != nil {
			sum.Suppressed++
		}
	}
	for _, text := range res.warnings {
		if len(sum.IdleComments) < maxIdle && !slices.Contains(sum.IdleComments, text) {
			sum.IdleComments = append(sum.IdleComments, text)
		}
	}
	// Counted at once: the errors of a blob must be known even if the caller
	// breaks at its first finding.
	sum.Errors = append(sum.Errors, res.errs...)
	for _, f := range res.findings {
		switch {
		case f.Suppression == nil:
			sum.Findings++
		case !suppressed:
			continue
		}
		if !yield(f, nil) {
			return false
		}
	}
	for _, err := range res.errs {
		if !yield(Finding{}, err) {
			return false
		}
	}
	return true
}

// A result is what one blob yielded.
type result struct {
	findings []Finding          // those that are suppressed as well
	warnings []string           // about directives that allow nothing
	skip     SkipReason         // "" if it was read
	missed   map[SkipReason]int // parts of an archive, that were not read
	entries  int                // of archives, read whole
	errs     []error            // *BlobErrors
	bytes    int64
	whole    bool // read to its end

	unread error // it was not scanned, since this is wrong with the configuration of a folder above
}

// reports reports whether there is more in the result than that the blob was read.
func (r *result) reports() bool {
	return len(r.findings)+len(r.warnings)+len(r.missed)+len(r.errs) > 0
}

// byPosition orders the findings of one blob.
func byPosition(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(a.Location.Start, b.Location.Start),
		cmp.Compare(a.Location.End, b.Location.End),
		cmp.Compare(a.RuleID, b.RuleID),
	)
}

// sortFindings sorts and drops those that both the text and the bytes of a
// blob yielded; what one of them does not suppress is reported.
func sortFindings(fs []Finding) []Finding {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		if c := byPosition(a, b); c != 0 {
			return c
		}
		switch {
		case a.Suppression == nil && b.Suppression != nil:
			return -1
		case a.Suppression != nil && b.Suppression == nil:
			return 1
		}
		return 0
	})
	return slices.CompactFunc(fs, func(a, b Finding) bool { return byPosition(a, b) == 0 })
}
