package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git"
	"github.com/cork-scanner/cork/scanner/report"
)

// startBaseline reads the baseline while something else is done: one of fifty thousand
// entries takes as long as the rules.
func (a *app) startBaseline(ctx context.Context, f *scanFlags, repo *git.Repository, at configAt) (wait func() (*scanner.Baseline, error)) {
	type result struct {
		b   *scanner.Baseline
		err error
	}
	done := make(chan result, 1)
	go func() {
		b, err := a.readBaseline(ctx, f, repo, at)
		done <- result{b, err}
	}()
	return sync.OnceValues(func() (*scanner.Baseline, error) {
		r := <-done
		return r.b, r.err
	})
}

// readBaseline reads the baseline that the flags name, or that of the repository;
// nil if there is none.
func (a *app) readBaseline(ctx context.Context, f *scanFlags, repo *git.Repository, at configAt) (*scanner.Baseline, error) {
	var (
		name string
		data []byte
		err  error
	)
	switch {
	case f.known != nil:
		return f.known, nil
	case f.noBaseline:
		return nil, nil
	case f.baseline != "":
		name, data, err = a.readBaselineFlag(ctx, f, repo, at)
	default:
		name = at.name(scanner.BaselineName)
		data, err = a.readRepoFile(ctx, repo, at, scanner.BaselineName)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	if err != nil {
		return nil, scanner.WithHint(fmt.Errorf("read the baseline %q: %w", name, unwrapPath(err)), "give a readable file with --baseline, or scan without: --no-baseline")
	}
	b, err := scanner.ParseBaseline(name, data)
	if err != nil {
		return nil, scanner.WithHint(err, fmt.Sprintf("nothing was scanned: edit %s and try again", report.DisplayPath(name)))
	}
	b.Gone = goneFrom(ctx, repo)
	return b, nil
}

// readBaselineFlag reads the file that --baseline names. One in the checkout of a head
// that is not trusted is read from where at says.
func (a *app) readBaselineFlag(ctx context.Context, f *scanFlags, repo *git.Repository, at configAt) (name string, data []byte, err error) {
	if file, ok := f.untrustedFile(repo, a.w.abs(f.baseline)); ok {
		data, err = a.readRepoFile(ctx, repo, at, file)
		return at.name(file), data, err
	}
	data, err = readRegular(a.w.abs(f.baseline))
	return f.baseline, data, err
}

// whole says that a scan is of all there is, so that what stands for nothing in it
// stands for nothing at all.
type whole uint8

const (
	wholeNothing whole = iota
	wholeTree          // all files of the work tree
	wholeHistory       // the history of all that the repository holds
)

// everything reports whether all is reported that is found in what is scanned.
func (f *scanFlags) everything() bool {
	return f.minConfidence.value == "" && !f.noArchives && !f.noBaseline
}

// sameFolder reports whether a folder, absolute or as it was given, is the root.
func sameFolder(joined, given, root string) bool {
	if filepath.IsAbs(given) {
		joined = given
	}
	if real, err := filepath.EvalSymlinks(joined); err == nil {
		joined = real
	}
	if real, err := filepath.EvalSymlinks(root); err == nil {
		root = real
	}
	return joined == root
}

// maxStale is how many entries of the allowlist are named that stand for nothing.
const maxStale = 10

// findStale counts and names, after a scan of all there is, the entries of allowlist
// and baseline that stand for nothing.
func (a *app) findStale(ctx context.Context, p *plan, r *report.Result) {
	allow := []*scanner.Allowlist{p.allow}
	for _, cfg := range p.scanner.NestedConfigs() {
		p.stale += len(cfg.Expired)
		allow = append(allow, cfg.Own())
	}
	if p.whole == wholeNothing || !r.Complete() || r.Interrupted {
		return
	}
	unused := p.baseline.Unused(p.whole == wholeHistory)
	where := "in these files"
	if p.whole == wholeHistory {
		where = "in the history"
	}
	var idle []string
	for _, list := range allow {
		for _, e := range list.Unused() {
			if strings.HasSuffix(e.File, configName) { // else another tool's
				idle = append(idle, fmt.Sprintf("%s:%d", e.File, e.Line))
			}
		}
	}
	if len(idle)+len(unused) > 0 && p.whole == wholeTree && a.sparse(ctx, p.repo) {
		p.notes = append(p.notes, "files are not checked out here, so it is not known whether all of allowlist and baseline stands for something")
		return
	}
	p.stale += len(idle)
	if more := len(idle) - maxStale; more > 0 {
		idle = append(idle[:maxStale], fmt.Sprintf("%d more", more))
	}
	if len(idle) > 0 {
		p.notes = append(p.notes, fmt.Sprintf("allow entries that allow nothing %s: %s", where, strings.Join(idle, ", ")))
	}
	if len(unused) == 0 {
		return
	}
	p.stale += len(unused)
	e := unused[0]
	prune := "cork baseline prune"
	if p.whole == wholeHistory {
		prune += " --history"
	}
	p.notes = append(p.notes, fmt.Sprintf("entries of the baseline that stand for nothing %s: %d, such as %s in %s; to take them out: %s",
		where, len(unused), e.Fingerprint, report.DisplayPath(e.Path), prune))
}

// maxBlames is how many lines git is asked about: each costs it a look through the
// history of a file.
const maxBlames = 20

// blame finds out who wrote what suppresses findings, as far as git can tell soon.
func (a *app) blame(ctx context.Context, p *plan, suppressed []scanner.Finding) {
	if p.repo == nil {
		return
	}
	type place struct {
		commit, path string
		line         int
	}
	known := make(map[place]*scanner.Commit)
	for i := range suppressed {
		s := suppressed[i].Suppression
		at := place{path: s.File, line: s.Line}
		if s.By == scanner.SuppressedInline {
			at.commit, at.path = a.blameable(p, &suppressed[i])
		}
		if at.path == "" || at.line == 0 || strings.Contains(at.path, scanner.EntrySeparator) || ctx.Err() != nil {
			continue
		}
		c, ok := known[at]
		if !ok {
			if len(known) == maxBlames {
				continue
			}
			// Of a file that git does not know, nobody is known to have written it.
			c, _ = p.repo.Blame(ctx, at.commit, at.path, at.line)
			known[at] = c
		}
		with := *s
		with.Commit = c
		suppressed[i].Suppression = &with
	}
}

// blameable returns the commit and the path, relative to the root, of the file that
// holds a comment; "" for the path if it is not known.
func (a *app) blameable(p *plan, f *scanner.Finding) (commit, path string) {
	file := f.Suppression.File
	switch {
	case f.Location.Commit != nil:
		return f.Location.Commit.ID, file
	case p.explain == explainFiles && p.repo.Root() != "":
		native := a.w.abs(filepath.FromSlash(file))
		abs, err := filepath.Abs(native)
		if err != nil {
			return "", ""
		}
		root := p.repo.Root()
		if real, err := filepath.EvalSymlinks(root); err == nil {
			root = real
		}
		if real, err := filepath.EvalSymlinks(abs); err == nil {
			abs = real
		}
		rel, err := filepath.Rel(root, abs)
		if err != nil || !filepath.IsLocal(rel) {
			return "", ""
		}
		return "", filepath.ToSlash(rel)
	}
	return "", "" // what is staged is nobody's yet
}
