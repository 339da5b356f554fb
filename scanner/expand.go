package scanner

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"

	"github.com/cork-scanner/cork/scanner/archive"
	"github.com/cork-scanner/cork/scanner/decode"
)

// An expansion is what is taken out of one blob, if it is an archive: its
// entries, and what is in these. Each is searched as a blob of its own, by a
// worker of its own, since the archive around it is searched at the same time:
//
//	site.tar.gz          worker 1 searches the bytes as they come, gzip reads them through it
//	  a tar              worker 2 searches what gzip yields, tar reads it through it
//	    lib/app.jar      worker 3 searches the bytes, and keeps them: a zip is read from its end
//	      config.yml     worker 4 searches the text
//
// So a stream is read once and never held, however large it is, and all of it
// happens one after the other in one goroutine: memory is bounded by the depth.
//
// What entries yield waits until the blob is read. An entry's lines are compared
// with those of all entries of the versions before, as the lines of a blob with
// those of any version before: neither a packed file that moves nor a change of
// the compression makes a secret new.
type expansion struct {
	s      *Scanner
	blob   *Blob
	off    bool // archives are counted, not opened
	budget *archive.Budget

	members  []*member // those that have something to say, and what they are in
	hits     int       // kept, in all members
	hitBytes int
	full     bool // more was found than is kept

	sourceFailed bool // reading the blob itself failed, which is said for itself
	entries      int
	skipped      map[SkipReason]int
	seen         map[*archive.Error]bool
	errs         []error
	unnamed      int // that are counted, and not named for their number
}

// A member is an entry with matches, or with a name that a rule is about.
type member struct {
	blob   Blob
	named  bool // a path rule is about it
	passes []*pass
	end    int  // members up to this index, but for it, are in this one
	text   bool // the text of the member before, if that was kept
}

// maxNamed is how many parts of one blob that were not searched are named. An
// encrypted zip has any number.
const maxNamed = 20

// hintAllow is what to do about a blob that cannot be searched as it should.
const hintAllow = "if it is no place for secrets, allow its path in .cork.toml"

// expand returns the expansion of a blob, until the next one; nil if everything in
// it is allowed, so that nothing in it is of interest.
func (w *worker) expand(b *Blob) *expansion {
	if w.s.opts.Allow.allowsPath(b.repoPath()) {
		return nil
	}
	w.expansion = expansion{s: w.s, blob: b, off: w.s.opts.NoArchives}
	return &w.expansion
}

// A spot is where a content stands: in the blob itself, or in an archive.
type spot struct {
	x     *expansion  // nil: archives are not of interest
	path  string      // below that of the blob
	depth int         // archives around it
	at    io.ReaderAt // the content; nil if it can be read from its beginning only
	once  bool        // the content cannot be opened again
	sole  bool        // it is all that is in a compressed file
	outer string      // the path of that file
}

// top returns the place of the blob itself, of which Open returned rc.
func (x *expansion) top(rc io.Reader) spot {
	if x == nil {
		return spot{}
	}
	at, _ := rc.(io.ReaderAt)
	return spot{x: x, at: at, once: x.blob.Once}
}

// An opening is a content that may be an archive, while it is read. A nil
// opening is that of a content that is not of interest.
type opening struct {
	spot
	name  string         // the last element of its path
	head  archive.Kind   // what it begins like
	kind  archive.Kind   // as what it is opened
	inner string         // what the paths of its entries begin with
	level int            // archives around it, for its entries
	spool *archive.Spool // nil: need not be held
	wide  bool
}

// open decides what to do with a content that begins with head, and that w reads.
func (w *worker) open(p spot, b *Blob, head []byte, enc decode.Encoding) *opening {
	x := p.x
	if x == nil || x.full {
		return nil
	}
	kind := archive.Detect(head)
	if x.off {
		if kind != archive.None {
			x.skip(SkipArchive)
		}
		return nil
	}
	if p.depth > 0 && x.s.opts.Allow.allowsPath(b.repoPath()) {
		return nil
	}
	w.opening = opening{spot: p, head: kind, name: path.Base(b.Path), inner: p.path, level: p.depth, wide: enc.Wide()}
	o := &w.opening
	if kind == archive.Tar && p.sole {
		o.inner, o.level = p.outer, p.depth-1
	}
	if kind != archive.None && o.enter(kind) {
		o.kind = kind
	}
	switch {
	case p.at != nil:
	case o.kind.Random(), o.kind != archive.None && o.wide, o.kind == archive.None && p.once && beforeZip(head):
		o.spool = archive.NewSpool(x.budgetOf(), o.inner)
	}
	return o
}

// beforeZip reports whether content that begins like this often has a zip
// behind it: a script or a program. Other content of this kind is found out at
// its end, and opened once more.
func beforeZip(head []byte) bool {
	for _, magic := range [...]string{"#!", "MZ", "\x7fELF"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

// enter reports whether the content may be opened as an archive of that kind.
func (o *opening) enter(kind archive.Kind) bool {
	err := o.x.budgetOf().Enter(o.inner, o.level)
	if err == nil && !kind.Supported() {
		err = &archive.Error{Path: o.inner, Reason: archive.Unsupported, Err: fmt.Errorf("%s files cannot be opened; what is in it was not searched", kind)}
	}
	if err != nil {
		o.x.problem(err)
	}
	return err == nil
}

// budgetOf returns the budget. Most blobs need none.
func (x *expansion) budgetOf() *archive.Budget {
	if x.budget == nil {
		x.budget = archive.NewBudget(x.s.opts.Limits)
		x.budget.Input(x.blob.Size)
	}
	return x.budget
}

// tee returns what takes the original bytes of the content as they are read;
// nil: nothing.
func (o *opening) tee(w *worker, enc decode.Encoding) io.Writer {
	switch held := o != nil && o.spool != nil; {
	case enc.Wide() && held:
		return io.MultiWriter(&w.raw, o.spool)
	case enc.Wide():
		return &w.raw
	case held:
		return o.spool
	}
	return nil
}

// stream expands an archive while it is read through w's pass. What is left of
// the content after that is still to be read.
func (o *opening) stream(ctx context.Context, w *worker) {
	if o == nil || o.kind == archive.None || o.kind.Random() || o.wide {
		return
	}
	o.walk(ctx, o.kind, archive.Content{R: &through{ctx: ctx, o: o, w: w}})
}

// A through is the content that a worker searches while it is read. Its text is
// its bytes: no archive begins like text in another encoding.
type through struct {
	ctx context.Context
	o   *opening
	w   *worker
}

func (t *through) Read(p []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	r := &t.w.reader
	n, err := r.Read(p)
	t.w.text.Write(p[:n])
	if t.o.depth == 0 {
		t.o.x.budgetOf().Input(r.Consumed())
		if err != nil && err != io.EOF {
			t.o.x.sourceFailed = true
		}
	}
	return n, err
}

// tail reports whether a content that was read to its end has a zip at its end
// that its beginning said nothing of.
func (o *opening) tail(w *worker, enc decode.Encoding) bool {
	if o == nil || o.head == archive.Zip {
		return false
	}
	p := &w.text
	if enc.Wide() {
		p = &w.raw
	}
	return archive.EndsInZip(p.buf)
}

// random expands what can be read only when it is there to its end. size is
// that of the content.
func (o *opening) random(ctx context.Context, size int64, tail bool) {
	unstreamed := o != nil && o.wide && o.kind != archive.None && o.kind != archive.Zip
	if o == nil || o.kind != archive.Zip && !unstreamed && !tail {
		return
	}
	if o.depth == 0 {
		o.x.budgetOf().Input(size)
	}
	if unstreamed {
		at, release, err := o.held(ctx)
		if err != nil {
			o.x.problem(err)
			return
		}
		defer release()
		o.walk(ctx, o.kind, archive.Content{R: io.NewSectionReader(at, 0, size)})
	}
	if o.kind == archive.Zip || tail && o.enter(archive.Zip) {
		at, release, err := o.held(ctx)
		if err != nil {
			o.x.problem(err)
			return
		}
		defer release()
		o.walk(ctx, archive.Zip, archive.Content{At: at, Size: size})
	}
}

// held returns the whole content.
func (o *opening) held(ctx context.Context) (at io.ReaderAt, release func(), err error) {
	switch {
	case o.at != nil:
		return o.at, func() {}, nil
	case o.spool != nil:
		return o.spool, func() {}, o.spool.Err()
	case o.once:
		return nil, nil, &archive.Error{Path: o.inner, Reason: archive.Unsupported,
			Err: errors.New("a zip follows other content, and cannot be opened where it is; what is in it was not searched")}
	}
	rc, err := o.x.blob.Open(ctx)
	if err != nil {
		return nil, nil, &archive.Error{Path: o.inner, Reason: archive.Damaged, Err: err}
	}
	defer rc.Close()
	spool := archive.NewSpool(o.x.budgetOf(), o.inner)
	if _, err := io.Copy(spool, &contextReader{ctx, rc}); err != nil {
		spool.Release()
		return nil, nil, &archive.Error{Path: o.inner, Reason: archive.Damaged, Err: err}
	}
	return spool, spool.Release, spool.Err()
}

// A contextReader fails when its context is done.
type contextReader struct {
	ctx context.Context
	src io.Reader
}

func (r *contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.src.Read(p)
}

// close lets go of what is held.
func (o *opening) close() {
	if o == nil {
		return
	}
	if o.spool != nil {
		o.spool.Release()
	}
	*o = opening{}
}

// walk searches every entry.
func (o *opening) walk(ctx context.Context, kind archive.Kind, c archive.Content) {
	x := o.x
	c.Path, c.Name = o.inner, o.name
	for e, err := range archive.Walk(ctx, kind, c, x.budgetOf()) {
		if ctx.Err() != nil {
			return // said by whoever reads the blob
		}
		if err != nil {
			x.problem(err)
			continue
		}
		if x.entry(ctx, o, &e); x.full {
			return
		}
	}
}

// inner returns the blob of what is at that path in b.
func (b *Blob) inner(below string) Blob {
	in := Blob{Path: b.Path + below, ID: b.ID, Size: -1, Commit: b.Commit, Before: b.Before}
	if b.RepoPath != "" {
		in.RepoPath = b.RepoPath + below
	}
	return in
}

// entry searches an entry, and what is in it.
func (x *expansion) entry(ctx context.Context, o *opening, e *archive.Entry) {
	p := &member{blob: x.blob.inner(e.Path), text: e.Text}
	b := &p.blob
	p.named = !e.Text && len(x.s.set.PathMatches(b.repoPath())) > 0
	i := len(x.members)
	x.members = append(x.members, p)

	w := x.s.worker()
	defer x.s.workers.Put(w)
	at := spot{x: x, path: e.Path, depth: o.level + 1, at: e.At, once: e.At == nil, sole: e.Sole, outer: o.inner}
	if e.Text {
		at = spot{}
	}
	var res result
	wide, err := w.read(ctx, b, e.Reader, at, &res)
	var problem *archive.Error
	switch {
	case err == nil:
		if !e.Text {
			x.entries++
		}
	case ctx.Err() != nil:
	case errors.As(err, &problem):
		x.problem(problem)
	default:
		x.errs = append(x.errs, &BlobError{Path: b.Path, ID: b.ID, Err: err})
	}
	p.passes = x.keep(w, wide)
	p.end = len(x.members)
	if p.end == i+1 && !p.named && len(p.passes) == 0 {
		x.members = x.members[:i]
	}
}

// keep takes over what the passes of w found, if any of it can be reported.
func (x *expansion) keep(w *worker, wide bool) (kept []*pass) {
	passes := []*pass{&w.text, &w.raw}
	if !wide {
		passes = passes[:1]
	}
	reportable := w.reportable(passes)
	for _, p := range passes {
		if reportable {
			c := *p
			c.buf, c.layers = nil, nil
			kept = append(kept, &c)
			x.hits += len(p.hits)
			x.hitBytes += p.hitBytes
		}
		p.release()
	}
	if !x.full && (x.hits > maxMatches || x.hitBytes > maxMatchBytes) {
		x.full = true
		x.errs = append(x.errs, &BlobError{Path: x.blob.Path, ID: x.blob.ID, Err: WithHint(ErrTooMany, hintAllow)})
	}
	return kept
}

// problem counts and names what was not searched.
func (x *expansion) problem(err error) {
	var e *archive.Error
	if !errors.As(err, &e) {
		return // the context's
	}
	if x.seen[e] || x.sourceFailed && e.Reason == archive.Damaged {
		return
	}
	b := x.blob.inner(e.Path)
	if x.s.opts.Allow.allowsPath(b.repoPath()) {
		return
	}
	if x.seen == nil {
		x.seen = make(map[*archive.Error]bool)
	}
	x.skip(SkipReason(e.Reason))
	x.seen[e] = true
	if len(x.seen) > maxNamed {
		x.unnamed++
		return
	}
	x.errs = append(x.errs, &BlobError{Path: b.Path, ID: b.ID, Err: WithHint(e, hintAllow)})
}

func (x *expansion) skip(reason SkipReason) {
	if x.skipped == nil {
		x.skipped = make(map[SkipReason]int)
	}
	x.skipped[reason]++
}

// settle finds out what of the members is old, and marks what was found in an
// archive, of which own are the passes, as well as in its entries: a tar holds
// them as they are.
func (x *expansion) settle(ctx context.Context, w *worker, own []*pass) (errs []error) {
	if x == nil || len(x.members) == 0 {
		return nil
	}
	if x.blob.Before != nil {
		var all []*pass
		named := false
		for _, p := range x.members {
			all = append(all, p.passes...)
			named = named || p.named
		}
		errs = w.markOld(ctx, &Blob{Before: x.before}, all)
		if named && x.blob.Old {
			x.oldNames(ctx)
		}
	}
	markDoubles(own, x.members)
	for i, p := range x.members {
		markDoubles(p.passes, x.members[i+1:p.end])
		if p.text && i > 0 && x.members[i-1].blob.Path+archive.Separator+archive.TextName == p.blob.Path {
			markDoubles(x.members[i-1].passes, x.members[i:i+1])
		}
	}
	return errs
}

// markDoubles takes out of passes over an archive what its members have as well.
func markDoubles(passes []*pass, members []*member) {
	type key struct{ rule, secret string }
	var inner map[key]bool
	for _, p := range members {
		for _, ps := range p.passes {
			for _, h := range ps.hits {
				if inner == nil {
					inner = make(map[key]bool)
				}
				inner[key{h.m.Rule.ID, h.secret}] = true
			}
		}
	}
	if inner == nil {
		return
	}
	for _, p := range passes {
		for _, h := range p.hits {
			if inner[key{h.m.Rule.ID, h.secret}] || inner[key{h.m.Rule.ID, xmlUnescaper.Replace(h.secret)}] {
				h.old = true
			}
		}
	}
}

// xmlUnescaper makes text of what stands in XML.
var xmlUnescaper = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&")

// report adds what the members yielded.
func (x *expansion) report(w *worker, res *result) {
	if x == nil {
		return
	}
	for _, p := range x.members {
		var r result
		if p.named {
			w.pathFindings(&p.blob, &r)
		}
		for _, ps := range p.passes {
			w.findings(&p.blob, ps, p.passes, &r)
		}
		res.findings = append(res.findings, sortFindings(r.findings)...)
		res.warnings = append(res.warnings, r.warnings...)
	}
	res.entries, res.missed = x.entries, x.skipped
	res.errs = append(res.errs, x.errs...)
	if x.unnamed > 0 {
		res.errs = append(res.errs, &BlobError{Path: x.blob.Path, ID: x.blob.ID, Err: WithHint(fmt.Errorf("%d more parts of it were not searched", x.unnamed), hintAllow)})
	}
}

// before yields every entry of the versions that were there before the change,
// and those versions that are no archives. What of them cannot be read makes
// nothing old, so it is no error here.
func (x *expansion) before(ctx context.Context) iter.Seq2[io.ReadCloser, error] {
	return func(yield func(io.ReadCloser, error) bool) {
		for rc, err := range x.blob.Before(ctx) {
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			more := x.oldVersion(ctx, rc, func(_ string, r io.Reader) bool {
				return yield(io.NopCloser(readable{r}), nil)
			})
			rc.Close()
			if !more {
				return
			}
		}
	}
}

// oldNames unmarks the members whose names are not new.
func (x *expansion) oldNames(ctx context.Context) {
	old := make(map[string]bool)
	for rc, err := range x.blob.Before(ctx) {
		if err != nil {
			continue // said where lines are compared
		}
		x.oldVersion(ctx, rc, func(below string, _ io.Reader) bool {
			old[x.blob.Path+below] = true
			return true
		})
		rc.Close()
	}
	for _, p := range x.members {
		p.named = p.named && !old[p.blob.Path]
	}
}

// oldVersion calls visit for every entry of a version, and of archives in it,
// or for the version itself if it is no archive. It returns false if visit did.
func (x *expansion) oldVersion(ctx context.Context, rc io.Reader, visit func(below string, r io.Reader) bool) bool {
	v := &oldVersion{budget: archive.NewBudget(x.s.opts.Limits), visit: visit}
	return v.content(ctx, spot{}, path.Base(x.blob.Path), rc)
}

type oldVersion struct {
	budget *archive.Budget
	read   int64 // of the version
	visit  func(below string, r io.Reader) bool
}

func (v *oldVersion) content(ctx context.Context, p spot, name string, src io.Reader) bool {
	if p.depth == 0 {
		src = &oldInput{src, v}
	}
	r := bufio.NewReaderSize(src, archive.SniffLen)
	head, _ := r.Peek(archive.SniffLen)
	kind := archive.Detect(head)
	inner, level := p.path, p.depth
	if kind == archive.Tar && p.sole {
		inner, level = p.outer, p.depth-1
	}
	if !kind.Supported() || v.budget.Enter(inner, level) != nil {
		return v.visit(p.path, r)
	}
	c := archive.Content{Path: inner, Name: name, R: r}
	if kind.Random() {
		spool := archive.NewSpool(v.budget, inner)
		defer spool.Release()
		if _, err := io.Copy(spool, &contextReader{ctx, r}); err != nil || spool.Err() != nil {
			return true
		}
		c.At, c.Size = spool, spool.Size()
	}
	for e, err := range archive.Walk(ctx, kind, c, v.budget) {
		if err != nil {
			continue
		}
		in := spot{path: e.Path, depth: level + 1, sole: e.Sole, outer: inner}
		if !v.content(ctx, in, path.Base(e.Path), e.Reader) {
			return false
		}
	}
	return true
}

// An oldInput tells the budget how much there is of a version.
type oldInput struct {
	src io.Reader
	v   *oldVersion
}

func (r *oldInput) Read(p []byte) (int, error) {
	n, err := r.src.Read(p)
	r.v.read += int64(n)
	r.v.budget.Input(r.v.read)
	return n, err
}

// A readable ends where an archive is damaged.
type readable struct{ src io.Reader }

func (r readable) Read(p []byte) (int, error) {
	n, err := r.src.Read(p)
	if e := (*archive.Error)(nil); errors.As(err, &e) {
		err = io.EOF
	}
	return n, err
}
