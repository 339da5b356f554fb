package scanner

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner/decode"
)

// MaxJudged is the size, in bytes, of the largest blob that Judge takes.
const MaxJudged = 32 << 20

// ErrTooLarge is wrapped by Judge's error about a larger blob.
var ErrTooLarge = fmt.Errorf("larger than %d MiB", MaxJudged>>20)

// A Judgement is a place that a rule looked at closely, and what became of it.
// The Finding in it is as Scan would report it; that of a place which was
// dropped has no fingerprint and no line.
type Judgement struct {
	Finding
	Tests   []rules.Test // in the order in which they were made
	Outcome Outcome
	Why     string // what decided, a short phrase without the secret; "" if it is reported
}

// An Outcome is what becomes of a place that a rule looked at. It is shown to
// people and is a value in JSON.
type Outcome string

// The outcomes.
const (
	OutcomeReported  Outcome = "reported"
	OutcomePart      Outcome = "part"           // reported as a part of another finding
	OutcomeDropped   Outcome = "dropped"        // a test failed
	OutcomeOverruled Outcome = "overruled"      // another rule says more about the same place
	OutcomeUnsure    Outcome = "low-confidence" // below Options.MinConfidence
	OutcomeInline    Outcome = "allowed-inline" // by a comment
	OutcomeAllowed   Outcome = "allowed"        // by the allowlist
	OutcomeBaseline  Outcome = "baseline"       // it was there before
)

var outcomeOf = map[string]Outcome{
	SuppressedInline:    OutcomeInline,
	SuppressedAllowlist: OutcomeAllowed,
	SuppressedBaseline:  OutcomeBaseline,
}

// TestReason is the name of a test of which only the result is known: the
// reason that a finding gives.
const TestReason = "reason"

// Judge says of everything in one blob that a rule looked at closely what was
// tested and what becomes of it, in order of position. It takes all lines for
// new. Of what is in an archive, or encoded, it says what was found and not what
// was dropped. With an error it returns what could be judged: the error is about
// the rest. It is for people who ask why, and keeps the whole blob in memory:
// Scan is what scans.
func (s *Scanner) Judge(ctx context.Context, b Blob) ([]Judgement, error) {
	l := s.at(b.repoPath())
	if l.err != nil {
		return nil, l.err
	}
	s = l.s
	raw, err := readAll(ctx, &b)
	if err != nil {
		return nil, err
	}
	b.Before, b.Old = nil, false
	b.Size = int64(len(raw))
	b.Open = func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }

	all, unread := s.relaxed(ctx, b)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	found := placesOf(all)
	sum := ""
	if s.opts.Allow.pins(b.repoPath()) {
		w := s.worker()
		sum, err = w.checksum(ctx, &b)
		s.workers.Put(w)
		if err != nil {
			return nil, err
		}
	}
	outcome := func(f *Finding) (Outcome, string) {
		if f.Suppression == nil {
			// The path of what is in an archive begins with that of the archive.
			f.around.checksum = sum
			f.Suppression = s.suppression(b.repoPath()+strings.TrimPrefix(f.Location.Path, b.Path), f)
		}
		switch {
		case f.Confidence < s.opts.MinConfidence:
			return OutcomeUnsure, fmt.Sprintf("its confidence is %s, and what is reported has at least %s", f.Confidence, s.opts.MinConfidence)
		case f.Suppression == nil:
			return OutcomeReported, ""
		}
		return outcomeOf[f.Suppression.By], f.Suppression.String()
	}

	js := s.candidates(&b, raw)
	seen := make(map[place]bool)
	for i := range js {
		j := &js[i]
		seen[placeOf(&j.Finding)] = true
		if j.Outcome != "" {
			continue
		}
		at, ok := found[placeOf(&j.Finding)]
		if whole, part := partOf(all, &j.Location); !ok && part != "" {
			j.Outcome, j.Why = OutcomePart, fmt.Sprintf("it is the %s of the %s on line %d", part, whole.Description, whole.Location.Line)
			continue
		}
		if !ok {
			j.Outcome, j.Why = OutcomeOverruled, overruledBy(all, &j.Location)
			continue
		}
		j.Finding = all[at]
		j.Outcome, j.Why = outcome(&j.Finding)
	}
	// What was found in another way than by looking at the text as it is: in
	// what is encoded, or in an archive.
	var inside []Judgement
	for _, f := range all {
		if seen[placeOf(&f)] {
			continue
		}
		j := Judgement{Finding: f}
		for _, reason := range f.Reasons {
			j.Tests = append(j.Tests, rules.Test{Name: TestReason, Passed: true, Detail: reason})
		}
		j.Outcome, j.Why = outcome(&f)
		if f.Location.Path != b.Path {
			inside = append(inside, j)
		} else {
			js = append(js, j)
		}
	}
	slices.SortStableFunc(js, func(a, b Judgement) int { return byPosition(a.Finding, b.Finding) })
	return append(js, inside...), unread
}

// WhyNot says why the rule of that id reports nothing in the text of a blob, as
// [rules.Set.WhyNot] does. The scanner was made by New.
func (s *Scanner) WhyNot(ctx context.Context, b Blob, id string) (string, error) {
	raw, err := readAll(ctx, &b)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(decode.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return "", wrapBlobError(&b, err)[0]
	}
	l := s.at(b.repoPath())
	if l.err != nil {
		return "", l.err
	}
	return l.s.set.(*rules.Set).WhyNot(id, b.repoPath(), text), nil
}

// A place is what makes two findings in one blob the same.
type place struct {
	path       string // of the blob, or of what is in it
	rule       string
	start, end int64
}

func placeOf(f *Finding) place {
	return place{f.Location.Path, f.RuleID, f.Location.Start, f.Location.End}
}

func placesOf(fs []Finding) map[place]int {
	places := make(map[place]int, len(fs))
	for i := range fs {
		places[placeOf(&fs[i])] = i
	}
	return places
}

// readAll reads a blob as it is stored.
func readAll(ctx context.Context, b *Blob) ([]byte, error) {
	if b.Skip != "" {
		return nil, wrapBlobError(b, &SkipError{b.Skip})[0]
	}
	rc, err := b.Open(ctx)
	if err != nil {
		return nil, wrapBlobError(b, err)[0]
	}
	raw, err := io.ReadAll(io.LimitReader(rc, MaxJudged+1))
	if err = errors.Join(err, rc.Close()); err == nil && len(raw) > MaxJudged {
		err = ErrTooLarge
	}
	if err != nil {
		return nil, wrapBlobError(b, err)[0]
	}
	return raw, nil
}

// relaxed scans a blob for whatever the rules find, be it unsure or allowed: by a
// comment, which it says.
func (s *Scanner) relaxed(ctx context.Context, b Blob) (found []Finding, err error) {
	opts := s.opts
	opts.MinConfidence, opts.Allow, opts.Baseline, opts.Suppressed = rules.ConfidenceLow, nil, nil, true
	opts.Nested = nil // s is that of the blob's folder
	opts.Workers = 1
	r := newScanner(s.set, opts)
	r.prints, r.text = s.prints, s.text
	var errs []error
	for f, err := range r.Scan(ctx, Only(b), nil) {
		if err != nil {
			errs = append(errs, err)
		} else {
			found = append(found, f)
		}
	}
	return found, errors.Join(errs...)
}

// candidates returns what the rules look at in the text of a blob. An Outcome
// is given to those that were dropped, and to no other.
func (s *Scanner) candidates(b *Blob, raw []byte) []Judgement {
	set, ok := s.set.(interface {
		Trace(path string, content []byte) []rules.Candidate
	})
	if !ok {
		return nil
	}
	r := decode.NewReader(bytes.NewReader(raw))
	text, err := io.ReadAll(r)
	if err != nil {
		return nil // the scan says what can be said of it
	}
	enc := r.Encoding()
	at, prev := cursor{line: 1, col: 1, orig: int64(r.Mark())}, 0
	var js []Judgement
	for _, c := range set.Trace(b.repoPath(), text) {
		start, end := secretSpan(&c.Match)
		h := hit{m: c.Match, secret: string(text[start:end])}
		j := Judgement{Finding: newFinding(b, &c.Match), Tests: c.Tests}
		j.Secret = h.wrapped()
		if c.Dropped != "" {
			j.Outcome, j.Why = OutcomeDropped, c.Dropped
		}
		first := max(0, floorRune(text, start))
		if first < prev {
			at, prev = cursor{line: 1, col: 1, orig: int64(r.Mark())}, 0
		}
		at.advance(text[prev:first], enc)
		prev = first
		last := at
		last.advance(text[first:max(first, floorRune(text, max(start, end-1)))], enc)
		l := &j.Location
		l.Line, l.Column, l.EndLine, l.EndColumn = at.line, at.col, last.line, last.col
		l.Start = at.orig + enc.Span(text[first:start])
		l.End = l.Start + enc.Span(text[start:end])
		js = append(js, j)
	}
	slices.SortStableFunc(js, func(a, b Judgement) int {
		// Of the same, what was not dropped first.
		return cmp.Or(byPosition(a.Finding, b.Finding), cmp.Compare(a.Outcome, b.Outcome))
	})
	return slices.CompactFunc(js, func(a, b Judgement) bool {
		return a.Outcome == "" && placeOf(&a.Finding) == placeOf(&b.Finding)
	})
}

// partOf returns the finding that has a part in that place, and what the part
// is; "" if there is none.
func partOf(all []Finding, l *Location) (whole *Finding, part string) {
	for i := range all {
		for _, p := range all[i].Parts {
			if p.Location.Path == l.Path && p.Location.Start == l.Start && p.Location.End == l.End {
				return &all[i], p.Name
			}
		}
	}
	return nil, ""
}

// overruledBy says which rule's finding stands where a candidate does.
func overruledBy(all []Finding, l *Location) string {
	for _, f := range all {
		if f.Location.Path == l.Path && f.Location.Start < l.End && l.Start < f.Location.End {
			return fmt.Sprintf("the rule %s says more about the same place", f.RuleID)
		}
	}
	return "another rule says more about the same place"
}
