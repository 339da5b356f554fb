package scanner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner/decode"
)

// A worker scans blobs, one at a time. It keeps its buffers from one blob to
// the next.
type worker struct {
	s    *Scanner
	text pass // over the decoded text
	raw  pass // over the bytes as they are, where they differ from the text
	old  []byte

	reader    decode.Reader
	expansion expansion // of the blob that is being scanned
	opening   opening   // of the content that is being read

	folder string // that local is for, with a slash at its end
	local  *local // nil: none yet

	// bare leaves out of findings what is for people.
	bare bool

	sum string // of the blob that is being scanned, if its path is pinned

	path []byte // of the blob, see matchesInPath

	inLast pathMatches // of the last path that was asked for
}

func (s *Scanner) worker() *worker {
	if w, ok := s.workers.Get().(*worker); ok {
		return w
	}
	w := &worker{s: s}
	w.text.s, w.raw.s = s, s
	return w
}

// scan scans one blob.
func (w *worker) scan(ctx context.Context, b *Blob) (res result) {
	fail := func(err error) { res.errs = append(res.errs, wrapBlobError(b, err)...) }
	w.sum = ""
	if b.Skip == "" && w.s.opts.Allow.pins(b.repoPath()) {
		sum, err := w.checksum(ctx, b)
		if err != nil {
			fail(err)
		}
		w.sum = sum
	}
	if !b.Old {
		if b.Skip == "" || b.Skip == SkipLFS { // rules judge files by their names
			w.pathFindings(b, &res)
		}
		w.inPath(b, &res)
	}
	if b.Skip != "" {
		res.skip = b.Skip
		return res
	}
	rc, err := b.Open(ctx)
	if err != nil {
		if skip := (*SkipError)(nil); errors.As(err, &skip) {
			res.skip = skip.Reason
			return res
		}
		fail(err)
		return res
	}
	x := w.expand(b)
	wide, err := w.read(ctx, b, rc, x.top(rc), &res)
	if closeErr := rc.Close(); err == nil && closeErr != nil {
		err = closeErr
	}
	if err != nil {
		res.whole = false
		fail(err)
	}
	passes := []*pass{&w.text, &w.raw}
	if !wide {
		passes = passes[:1]
	}
	for _, err := range w.markOld(ctx, b, passes) {
		fail(err)
	}
	for _, err := range x.settle(ctx, w, passes) {
		fail(err)
	}
	for _, p := range passes {
		w.findings(b, p, passes, &res)
		p.release()
	}
	res.findings = sortFindings(res.findings)
	x.report(w, &res)
	w.expansion = expansion{}
	return res
}

// read feeds the content to the passes, and what is in it, if it is an archive,
// to other workers. wide says that the raw pass took part. After an error the
// passes hold what was found before it.
func (w *worker) read(ctx context.Context, b *Blob, rc io.Reader, at spot, res *result) (wide bool, err error) {
	r := &w.reader
	r.Reset(rc)
	defer r.Reset(nil)
	enc := r.Encoding()
	o := w.open(at, b, r.Head(), enc)
	defer o.close()
	w.text.reset(b, enc, int64(r.Mark()), enc.Wide())
	if enc.Wide() {
		w.raw.reset(b, decode.Raw, 0, true)
	}
	if tee := o.tee(w, enc); tee != nil {
		r.Tee(tee)
	}
	o.stream(ctx, w)
	err = w.fill(ctx, r)
	tail := o.tail(w, enc)
	// What came before an error is searched all the same.
	w.text.finish(r.Consumed())
	full := w.text.full
	if enc.Wide() {
		w.raw.finish(r.Consumed())
		full = cmp.Or(full, w.raw.full)
	}
	if err == nil && full != nil && !w.s.opts.Allow.allowsPath(b.repoPath()) {
		err = WithHint(full, hintAllow)
	}
	if err != nil {
		return enc.Wide(), err
	}
	res.bytes = r.Consumed()
	if b.Size >= 0 && full == nil && res.bytes != b.Size {
		return enc.Wide(), fmt.Errorf("read %d bytes where %d were expected: the content changed while it was read, or is damaged", res.bytes, b.Size)
	}
	res.whole = true
	o.random(ctx, res.bytes, tail)
	return enc.Wide(), nil
}

func (w *worker) fill(ctx context.Context, r io.Reader) error {
	for empty := 0; empty < 100; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(w.text.space())
		w.text.commit(n)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read: %w", err)
		case w.text.full != nil:
			return nil // finish says so
		case n == 0:
			empty++
		default:
			empty = 0
		}
	}
	return fmt.Errorf("read: %w", io.ErrNoProgress)
}

// pathFindings adds what path rules say about the blob's name.
func (w *worker) pathFindings(b *Blob, res *result) {
	for _, m := range w.s.set.PathMatches(b.repoPath()) {
		if m.Confidence < w.s.opts.MinConfidence {
			continue
		}
		f := newFinding(b, &m)
		f.Location.Line, f.Location.Column, f.Location.EndLine, f.Location.EndColumn = 1, 1, 1, 1
		w.add(b, f, res)
	}
}

// findings adds what a pass over the content found.
func (w *worker) findings(b *Blob, p *pass, all []*pass, res *result) {
	hits := p.sorted()
	if holdsFingerprints(b.repoPath()) {
		hits = slices.DeleteFunc(hits, (*hit).isFingerprint)
	}
	matches := w.group(p, hits)
	if len(matches) == 0 {
		return
	}
	var mask *masker
	if !w.bare {
		mask = newMasker(hits, all)
	}
	var idle *directive // that was meant to allow a finding
	for _, m := range matches {
		h := p.hits[keyOf(&m)]
		by := p.directives.allow(h)
		if w.bare || by != nil && !w.s.opts.Suppressed {
			f := Finding{RuleID: m.Rule.ID, Key: m.Key, Secret: h.wrapped(), Location: h.location(b)}
			f.Suppression = by.suppression(b, mask)
			if w.s.text {
				f.around = h.surrounding()
			}
			res.findings = append(res.findings, f)
			continue
		}
		f := newFinding(b, &m)
		f.Suppression = by.suppression(b, mask)
		f.Location = h.location(b)
		if f.Encoding = h.encoding; f.Encoding != "" {
			f.Reasons = append(f.Reasons, "decoded from "+f.Encoding)
		}
		f.Secret = h.wrapped()
		f.Line = mask.line(h)
		if w.s.text {
			f.around = h.surrounding()
		}
		f.Parts = p.parts(b, &m)
		w.add(b, f, res)
		if n := len(res.findings); idle == nil && res.findings[n-1].Suppression == nil {
			idle = p.directives.meant(h)
		}
	}
	if idle != nil {
		res.warnings = append(res.warnings, idle.warning(b))
	}
}

// add adds a finding, with its fingerprint and with what suppresses it, if
// anything does.
func (w *worker) add(b *Blob, f Finding, res *result) {
	f.judgeEnd(w.s.opts.Now)
	f.Hidden = w.matchesInPath(b.repoPath()).secrets
	if c := b.Commit; c != nil {
		f.Hidden = slices.Concat(f.Hidden, w.secretsIn(c.Author, c.Email, c.Subject))
	}
	f.Fingerprint = w.s.prints.ofFinding(b.repoPath(), &f)
	f.around.checksum = w.sum
	if f.Suppression == nil {
		f.Suppression = w.s.suppression(b.repoPath(), &f)
	}
	res.findings = append(res.findings, f)
}

// judgeEnd says so if the secret has ended: then it opens nothing any more.
func (f *Finding) judgeEnd(now time.Time) {
	if now.IsZero() || f.Expires.IsZero() || f.Expires.After(now) {
		return
	}
	f.Severity = min(f.Severity, rules.SeverityLow)
	f.Reasons = append(f.Reasons, "expired on "+f.Expires.UTC().Format(time.DateOnly))
}

func newFinding(b *Blob, m *rules.Match) Finding {
	return Finding{
		RuleID:      m.Rule.ID,
		Description: m.Rule.Description,
		Provider:    m.Rule.Provider,
		Severity:    m.Severity,
		Confidence:  m.Confidence,
		Location:    Location{Path: b.Path, RepoPath: b.RepoPath, Blob: b.ID, Commit: b.Commit},
		Key:         m.Key,
		Entropy:     m.Entropy,
		Expires:     m.Expires,
		Reasons:     slices.Clone(m.Reasons),
		Revoke:      m.Rule.Revoke,
		Docs:        m.Rule.Docs,
	}
}
