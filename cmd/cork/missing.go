package main

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/cork-scanner/cork/scanner"
)

// A missingContent is a Source that remembers which blobs of another one were
// skipped although they have content: a summary counts those, and people have
// to be told which they are.
type missingContent struct {
	scanner.Source
	mu   sync.Mutex // Blob.Open is called concurrently
	errs []*scanner.BlobError
}

func (m *missingContent) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		for b, err := range m.Source.Blobs(ctx) {
			if err == nil && b.Skip.Incomplete() {
				m.add(b.Path, b.ID, b.Skip)
			}
			if b.Open != nil {
				b.Open = m.opener(b.Path, b.ID, b.Open)
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// opener returns an Open that remembers what could not be had.
func (m *missingContent) opener(path, id string, open func(context.Context) (io.ReadCloser, error)) func(context.Context) (io.ReadCloser, error) {
	return func(ctx context.Context) (io.ReadCloser, error) {
		r, err := open(ctx)
		if err == nil {
			return r, nil
		}
		if skip := (*scanner.SkipError)(nil); errors.As(err, &skip) && skip.Reason.Incomplete() {
			m.add(path, id, skip.Reason)
		}
		return r, err
	}
}

// Commits implements scanner.CommitCounter for sources that do.
func (m *missingContent) Commits() int {
	if c, ok := m.Source.(scanner.CommitCounter); ok {
		return c.Commits()
	}
	return 0
}

func (m *missingContent) add(path, id string, reason scanner.SkipReason) {
	err := errors.New("not scanned: " + string(reason))
	if reason == scanner.SkipLFS {
		err = scanner.WithHint(errors.New("not scanned: its content is kept by Git LFS, and is not here"), lfsHint)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.errs = append(m.errs, &scanner.BlobError{Path: path, ID: id, Err: err})
}

// acceptHint is of commands that have this flag. It is the last of a hint, or all of it.
const acceptHint = "accept it with --allow-incomplete"

const lfsHint = "git lfs pull, or " + acceptHint

// withoutAcceptHint returns an error for a command that lacks the flag.
func withoutAcceptHint(err error) error {
	switch hint, ok := strings.CutSuffix(scanner.HintOf(err), acceptHint); {
	case !ok:
		return err
	case hint == "":
		return errors.New(err.Error())
	default:
		return scanner.WithHint(err, strings.TrimSuffix(hint, ", or "))
	}
}

// errors returns an error for each blob, sorted by path. It is called after
// the scan.
func (m *missingContent) errors() []error {
	slices.SortStableFunc(m.errs, func(a, b *scanner.BlobError) int { return strings.Compare(a.Path, b.Path) })
	var errs []error
	for _, err := range m.errs {
		errs = append(errs, err)
	}
	return errs
}

// A skippedError says how many blobs of an audit were skipped although they
// have content. That can be accepted, as for a single blob.
type skippedError struct {
	reason scanner.SkipReason
	n      int
}

func (e *skippedError) Error() string {
	what := grouped(e.n) + " blobs were"
	if e.n == 1 {
		what = "1 blob was"
	}
	if e.reason == scanner.SkipLFS {
		return what + " not scanned: the content is kept by Git LFS, and is not here"
	}
	return what + " not scanned: " + string(e.reason)
}

// skippedKinds returns an error for each reason for which an audit skipped
// content.
func skippedKinds(sum *scanner.Summary) []error {
	var errs []error
	for _, reason := range slices.Sorted(maps.Keys(sum.Skipped)) {
		n := sum.Skipped[reason]
		if n == 0 || !reason.Incomplete() {
			continue
		}
		var err error = &skippedError{reason, n}
		hint := acceptHint
		if reason == scanner.SkipLFS {
			hint = "git lfs fetch --all, or " + acceptHint
		}
		errs = append(errs, scanner.WithHint(err, hint))
	}
	return errs
}
