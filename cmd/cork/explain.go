package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git"
	"github.com/cork-scanner/cork/scanner/report"
)

// minDigits is how many hex digits of a fingerprint are enough to name it. Of a
// million findings, one in ten has another one with the same six; then all of
// them are listed.
const minDigits = 6

func explainCommand(a *app) *cobra.Command {
	f := new(bookFlags)
	format := newChoice("text", "text", "json")
	cmd := &cobra.Command{
		Use:   "explain [flags] RULE | FINGERPRINT [PATH...]",
		Short: "Say what a rule or a finding is about, and what to do",
		Long: `Explain a rule: what it finds, what that opens, how it is recognised, how to
revoke it and what to write instead, in the usual languages.

Or explain a finding, by its fingerprint (of which a few digits are enough):
where it is, which tests decided, how to revoke it, what to write instead in
the language of its file, and how to allow it if it is no secret. The finding
is looked for in what is staged, then in the files of the work tree, then in
the whole history; or in the PATHs alone, which are files and folders, or "-"
for standard input. What a comment or the allowlist allows is explained as
well.`,
		Example: `  cork explain github-pat
  cork explain generic-password:00f07d23
  cork explain 00f07d23 config/ deploy.yml
  cork explain --format json 00f07d23 | jq .finding.tests`,
		Annotations: map[string]string{exitAnnotation: `  0    explained
  2    there is no such rule or finding, or usage or configuration is wrong
  130  interrupted`},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError(cmd, "the id of a rule or a fingerprint is missing")
			}
			if err := f.check(cmd); err != nil {
				return err
			}
			return a.explain(cmd, f, args[0], args[1:], format.value)
		},
	}
	cmd.Flags().Var(format, "format", "write text for people or one JSON object")
	f.add(cmd.Flags())
	return cmd
}

// fingerprintPart is a fingerprint or the beginning of one, with or without the
// rule's id before it.
var fingerprintPart = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:([a-z0-9]+(?:-[a-z0-9]+)*):)?([0-9a-f]{1,20})$`)
})

// explain explains what the argument names.
func (a *app) explain(cmd *cobra.Command, f *bookFlags, what string, paths []string, format string) error {
	ctx := cmd.Context()
	dir, err := a.workDir()
	if err != nil {
		return err
	}
	place := dir
	if len(paths) > 0 {
		place = a.repositoryOf(dir, paths)
	}
	book, err := a.openBook(ctx, f, place)
	if err != nil {
		return err
	}
	r, notRule := book.find(what)
	if notRule == nil {
		if len(paths) > 0 {
			return usageError(cmd, "%q is a rule, which is explained without files, but there is %q", what, paths[0])
		}
		r.Rule = rules.WithExamples(r.Rule)
		return a.explainRule(cmd.OutOrStdout(), &r, format)
	}
	part := fingerprintPart().FindStringSubmatch(what)
	switch {
	case part == nil:
		return fmt.Errorf("%w, and it is no fingerprint", notRule)
	case part[1] != "":
		r, err := book.find(part[1])
		if err != nil && !a.hasNested(ctx, f, place) {
			return fmt.Errorf("%q is no fingerprint: %w", what, err)
		}
		// Else it may be a rule of a folder.
		if err == nil && r.state == stateDisabled {
			return scanner.WithHint(fmt.Errorf("the rule %q is disabled in the configuration, so it finds nothing", r.ID), "to explain the finding all the same, add --builtin")
		}
	}
	if len(part[2]) < minDigits {
		return usageError(cmd, "%q is too little of a fingerprint: give at least %d of its hex digits", what, minDigits)
	}
	if book.root != "" && !f.builtin {
		at := &baselineAt{path: filepath.Join(book.root, scanner.BaselineName), display: scanner.BaselineName}
		if book.baseline, err = at.load(); err != nil {
			return err
		}
	}
	e := &explanation{app: a, book: book, flags: f, dir: dir, paths: paths, named: what}
	if err := e.search(ctx); err != nil {
		return err
	}
	if err := e.judge(ctx); err != nil {
		return err
	}
	if format == "json" {
		return e.writeJSON(cmd.OutOrStdout())
	}
	if _, err := io.WriteString(cmd.OutOrStdout(), e.page()); err != nil {
		return err
	}
	if e.partial {
		a.printErrors(e.errs)
		a.say("not everything could be read, so it may stand elsewhere too")
	}
	return nil
}

// An explanation is what there is to say about one finding.
type explanation struct {
	*app
	book  *ruleBook
	flags *bookFlags
	dir   string
	paths []string // to search; nil: what is staged, then the work tree, then the history
	named string   // the fingerprint, or the beginning of one

	found   []scanner.Finding // all with one fingerprint, in the order in which they were found
	more    int               // found beyond maxPlaces
	where   searched          // where they were found
	partial bool              // the search was not complete
	errs    []error           // of the search

	rule    bookRule
	tests   []rules.Test
	outcome scanner.Outcome
	why     string
	note    string // what could not be found out; "" for nothing
	remedy  report.Remedy
}

// A searched is one thing that is searched for a finding.
type searched struct {
	name    string // "what is staged"
	noun    string // what its blobs are called; "": file
	prepare func(ctx context.Context) (*plan, error)
	scanner *scanner.Scanner // that searched it
	summary scanner.Summary

	// again plans what yields the blob of a finding once more; nil: prepare
	// does.
	again func(ctx context.Context, l *scanner.Location) (*plan, error)
}

// maxPlaces is how many places of one finding are kept and shown.
const maxPlaces = 10

// places returns what to search, in this order.
func (e *explanation) places() []searched {
	f := e.flags.scanFlags()
	files := func(paths []string) func(context.Context) (*plan, error) {
		return func(ctx context.Context) (*plan, error) { return e.planFiles(ctx, f, paths, false) }
	}
	switch {
	case len(e.paths) > 0:
		return []searched{{name: "the paths given", prepare: files(e.paths)}}
	case e.book.root == "":
		return []searched{{name: "the files of this folder", prepare: files([]string{"."})}}
	}
	root, err := filepath.Rel(e.dir, e.book.root)
	if err != nil {
		root = e.book.root
	}
	return []searched{{
		name: "what is staged",
		prepare: func(ctx context.Context) (*plan, error) {
			return e.planRepository(ctx, f, true, (*git.Repository).Staged)
		},
	}, {
		name: "the files of the work tree", prepare: files([]string{root}),
	}, {
		name: "the history", noun: "blob",
		prepare: func(ctx context.Context) (*plan, error) {
			opts := git.HistoryOptions{Now: e.w.now()}
			if e.progress = e.newProgress(false); e.progress != nil {
				opts.Progress = e.progress.show
			}
			return e.planHistory(ctx, f, opts)
		},
		again: func(ctx context.Context, l *scanner.Location) (*plan, error) {
			return e.planRepository(ctx, f, false, func(r *git.Repository) scanner.Source { return oneObject{r, l} })
		},
	}}
}

// search finds the finding again.
func (e *explanation) search(ctx context.Context) error {
	if err := e.keepStdin(); err != nil {
		return err
	}
	// Whatever is found, be it reported or not.
	opts := scanner.Options{MinConfidence: rules.ConfidenceLow, NoInline: true, Now: e.w.now()}
	var places []searched
	for _, p := range e.places() {
		byPrint := map[string][]scanner.Finding{}
		err := e.each(ctx, &p, p.prepare, func(plan *plan) {
			if plan.nested != nil && !e.flags.builtin {
				opts.Nested = &scanner.Nested{Read: plan.nested.Read, KeepConfidence: true, AllowNothing: true}
			}
			plan.scanner = scanner.New(e.book.set, opts)
			p.scanner = plan.scanner
			findings, _ := plan.find(ctx, &p.summary)
			for f, err := range findings {
				if err != nil {
					continue // in the summary
				}
				e.masker.AddFinding(&f)
				if !e.isNamed(f.Fingerprint) {
					continue
				}
				if len(byPrint[f.Fingerprint]) < maxPlaces {
					byPrint[f.Fingerprint] = append(byPrint[f.Fingerprint], f)
				} else {
					e.more++
				}
			}
		})
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		e.partial = e.partial || !p.summary.Complete()
		e.errs = append(e.errs, p.summary.Errors...)
		places = append(places, p)
		switch len(byPrint) {
		case 0:
			continue
		case 1:
			for _, e.found = range byPrint {
			}
			if story := e.found[0].Story; story != nil {
				e.more = max(0, story.PlacesTotal-1)
			}
			e.where = p
			var err error
			if e.rule, err = e.book.find(e.found[0].RuleID); err != nil {
				if r := nestedRule(p.scanner, e.found[0].RuleID); r != nil {
					e.rule, err = *r, nil
				}
			}
			return err
		}
		return e.ambiguous(byPrint)
	}
	return e.notFound(places)
}

// nestedRule returns the rule of that id that a folder's configuration adds; nil if
// none does.
func nestedRule(s *scanner.Scanner, id string) *bookRule {
	for _, cfg := range s.NestedConfigs() {
		for _, r := range cfg.Rules {
			if r.ID == id && fileOf(r.Source) == cfg.Name {
				return &bookRule{r, stateNew}
			}
		}
	}
	return nil
}

// each plans a search, carries it out and ends it.
func (e *explanation) each(ctx context.Context, p *searched, prepare func(context.Context) (*plan, error), do func(*plan)) error {
	plan, err := prepare(ctx)
	if err != nil {
		return err
	}
	do(plan)
	if plan.close != nil {
		if err := plan.close(); err != nil && ctx.Err() == nil {
			p.summary.Errors = append(p.summary.Errors, err)
		}
	}
	return nil
}

// keepStdin reads standard input if it is to be searched, so that it can be
// read again to explain what was found there.
func (e *explanation) keepStdin() error {
	if !slices.Contains(e.paths, "-") {
		return nil
	}
	content, err := io.ReadAll(io.LimitReader(e.w.stdin, scanner.MaxJudged+1))
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	if len(content) > scanner.MaxJudged {
		return scanner.WithHint(fmt.Errorf("standard input is %w", scanner.ErrTooLarge), "write it to a file, and give that")
	}
	e.w.stdin = bytes.NewReader(content)
	return nil
}

// isNamed reports whether a fingerprint is what is looked for.
func (e *explanation) isNamed(fingerprint string) bool {
	if strings.Contains(e.named, ":") {
		return strings.HasPrefix(fingerprint, e.named)
	}
	_, digits, _ := strings.Cut(fingerprint, ":")
	return strings.HasPrefix(digits, e.named)
}

// ambiguous is the error about several findings of which each may be meant.
func (e *explanation) ambiguous(byPrint map[string][]scanner.Finding) error {
	errs := []error{fmt.Errorf("several findings have a fingerprint that begins with %s", e.named)}
	for i, print := range slices.Sorted(maps.Keys(byPrint)) {
		if i == maxPlaces {
			errs = append(errs, fmt.Errorf("and %d more", len(byPrint)-i))
			break
		}
		f := byPrint[print][0]
		errs = append(errs, fmt.Errorf("%s in %s", print, e.placeOf(&f)))
	}
	return scanner.WithHint(errors.Join(errs...), "give more digits: cork explain FINGERPRINT")
}

// notFound says what was searched.
func (e *explanation) notFound(places []searched) error {
	var names []string
	e.printErrors(e.errs)
	for _, p := range places {
		names = append(names, fmt.Sprintf("%s (%s)", p.name, plural(p.summary.Blobs, cmp.Or(p.noun, "file"))))
	}
	text := fmt.Sprintf("no finding with the fingerprint %s in %s", e.named, strings.Join(names, " and in "))
	if e.partial {
		text += ", but not all of that could be read"
	}
	hint := "give the files or folders to search: cork explain " + e.named + " PATH..."
	if len(e.paths) > 0 {
		hint = "the fingerprint of a password goes by the file's path and by the name that it is assigned to: run it in the same repository"
	}
	if id, _, ok := strings.Cut(e.named, ":"); ok {
		hint += "; what the rule is about: cork explain " + id
	}
	return scanner.WithHint(errors.New(text), hint)
}

// judge finds out which tests decided, in the first place that is reported if
// there is one: what is allowed in one place is not allowed in all.
func (e *explanation) judge(ctx context.Context) error {
	all := e.found
	for i := range all {
		e.found = slices.Concat(all[i:i+1], all[:i], all[i+1:])
		if err := e.judgeFirst(ctx); err != nil || e.outcome == scanner.OutcomeReported {
			return err
		}
	}
	e.found = all
	if len(all) == 1 {
		return nil
	}
	return e.judgeFirst(ctx)
}

const changedMeanwhile = "the file changed meanwhile, so the tests are not all known"

// judgeFirst finds out which tests decided in the first place.
func (e *explanation) judgeFirst(ctx context.Context) error {
	f := &e.found[0]
	e.tests, e.outcome, e.why, e.note = nil, scanner.OutcomeReported, "", ""
	for _, reason := range f.Reasons {
		e.tests = append(e.tests, rules.Test{Name: scanner.TestReason, Passed: true, Detail: reason})
	}
	blob, err := e.reopen(ctx, f)
	if err != nil {
		return err
	}
	if blob == nil {
		e.note = changedMeanwhile
		e.remedy = report.RemedyFor(f, nil)
		return nil
	}
	var beginning []byte
	if blob.Path == f.Location.Path {
		beginning = head(ctx, blob)
	}
	e.remedy = report.RemedyFor(f, beginning)
	js, err := e.bookScanner(e.book, "", false).Judge(ctx, *blob)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, j := range js {
		if j.Fingerprint == f.Fingerprint && j.Location.Path == f.Location.Path && j.Location.Start == f.Location.Start && j.Location.End == f.Location.End {
			e.tests, e.outcome, e.why = j.Tests, j.Outcome, j.Why
			f.Severity, f.Confidence = j.Severity, j.Confidence
			return nil
		}
	}
	e.note = changedMeanwhile
	if err != nil {
		e.note = "the tests are not all known: " + err.Error()
	}
	return nil
}

// reopen returns the blob of a finding, or the archive that holds it, in memory;
// nil if it is not there any more.
func (e *explanation) reopen(ctx context.Context, f *scanner.Finding) (blob *scanner.Blob, err error) {
	if r, ok := e.w.stdin.(*bytes.Reader); ok {
		r.Seek(0, io.SeekStart)
	}
	prepare := e.where.prepare
	if e.where.again != nil {
		prepare = func(ctx context.Context) (*plan, error) { return e.where.again(ctx, &f.Location) }
	}
	planErr := e.each(ctx, &e.where, prepare, func(plan *plan) {
		for b, sourceErr := range plan.source.Blobs(ctx) {
			holds := b.Path == f.Location.Path || strings.HasPrefix(f.Location.Path, b.Path+scanner.EntrySeparator)
			if sourceErr == nil && holds && b.ID == f.Location.Blob {
				err = hold(ctx, &b)
				blob = &b
				return
			}
		}
	})
	if err = errors.Join(planErr, err); err != nil {
		return nil, err
	}
	return blob, ctx.Err()
}

// oneObject is a Source of the object that a finding of the history lies in.
type oneObject struct {
	repo *git.Repository
	l    *scanner.Location
}

func (o oneObject) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	path, _, _ := strings.Cut(o.l.Path, scanner.EntrySeparator)
	return func(yield func(scanner.Blob, error) bool) { yield(o.repo.Object(ctx, o.l.Blob, path)) }
}

// head returns the beginning of a blob that is held.
func head(ctx context.Context, b *scanner.Blob) []byte {
	const enough = 4 << 10
	if b.Open == nil {
		return nil
	}
	rc, err := b.Open(ctx)
	if err != nil {
		return nil
	}
	defer rc.Close()
	h, err := io.ReadAll(io.LimitReader(rc, enough))
	if err != nil {
		return nil
	}
	return h
}

// placeOf says where a finding is, for people.
func (e *explanation) placeOf(f *scanner.Finding) string {
	place := report.DisplayPath(e.masker.Mask(f.Location.Path))
	if !f.AboutPath() {
		place += fmt.Sprintf(":%d:%d", f.Location.Line, f.Location.Column)
	}
	return place
}
