package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git"
	"github.com/cork-scanner/cork/scanner/report"
)

// scanFlags are the flags that all commands have that scan.
type scanFlags struct {
	format          *choice
	output          string
	showSecrets     bool
	config          string
	noInline        bool
	noArchives      bool
	minConfidence   *choice
	workers         int
	engine          *choice
	trustRepo       bool
	allowIncomplete bool
}

func (f *scanFlags) add(flags *pflag.FlagSet) {
	flags.SortFlags = false
	f.format = newChoice("text", "text", "json")
	f.minConfidence = newChoice("", "low", "medium", "high")
	f.engine = newChoice("auto", "auto", "git", "embedded")
	flags.Var(f.format, "format", "write findings as text for people or as one JSON object")
	flags.StringVarP(&f.output, "output", "o", "", "write findings to `FILE`, complete or not at all")
	flags.BoolVar(&f.showSecrets, "show-secrets", false, "show secrets in the clear in the findings")
	flags.StringVar(&f.config, "config", "", "read `FILE` instead of .cork.toml at the repository's root")
	flags.BoolVar(&f.noInline, "no-inline", false, `do not honour cork:allow and the like in comments`)
	flags.BoolVar(&f.noArchives, "no-archives", false, "do not open archives and compressed files; search their bytes only")
	flags.Var(f.minConfidence, "min-confidence", "report what is at least so likely to be real (default: what the configuration says, or medium)")
	flags.IntVar(&f.workers, "workers", 0, "scan `N` files at the same time (default: one for each processor)")
	flags.Var(f.engine, "engine", "read the repository with git, or with go-git; auto: with git where there is one")
	flags.BoolVar(&f.trustRepo, "trust-repo", false, "read a repository that another user owns")
	flags.BoolVar(&f.allowIncomplete, "allow-incomplete", false, "exit 0 even if a file or object could not be read; it is still said")
}

// check returns a usage error for values that pflag cannot judge.
func (f *scanFlags) check(cmd *cobra.Command) error {
	if f.workers < 0 {
		return usageError(cmd, "--workers must not be negative, but is %d", f.workers)
	}
	return nil
}

func (f *scanFlags) gitEngine() git.Engine {
	switch f.engine.value {
	case "git":
		return git.EnginePlumbing
	case "embedded":
		return git.EngineEmbedded
	}
	return git.EngineAuto
}

// confidence returns the least confidence to report; 0 if none was given.
func (f *scanFlags) confidence() (c rules.Confidence) {
	if f.minConfidence.value == "" {
		return 0
	}
	if err := c.UnmarshalText([]byte(f.minConfidence.value)); err != nil {
		panic("the flag allows a confidence that rules does not know")
	}
	return c
}

// A plan is what to scan and what to say about it.
type plan struct {
	source  scanner.Source
	scanner *scanner.Scanner
	audit   audit        // instead of source, if not nil
	close   func() error // after the scan; may be nil

	// nothing is the error if not a single blob was read, which otherwise is
	// fine; nil if that is fine.
	nothing error
	// idle is said if there was nothing to read, which is fine; "" for none.
	idle, idleHint string

	found      string // hint after findings; "" for none
	incomplete string // hint after an incomplete scan without findings; "" for none

	notes []string        // about the configuration
	after func() []string // the same, known after the scan; nil: none

	explain explainable // how a finding can be found again, to be explained

	compact int // lines that findings may take in all; 0: any number, in full
}

// An audit finds secrets in a sequence of its own, each once and with its
// story.
type audit func(context.Context, *scanner.Scanner, *scanner.Summary) iter.Seq2[scanner.Finding, error]

// find returns what the plan finds, and what returns errors about content that
// was skipped, after the scan.
func (p *plan) find(ctx context.Context, sum *scanner.Summary) (findings iter.Seq2[scanner.Finding, error], skipped func() []error) {
	if p.audit != nil {
		return p.audit(ctx, p.scanner, sum), func() []error { return skippedKinds(sum) }
	}
	source := &missingContent{Source: p.source}
	return p.scanner.Scan(ctx, source, sum), source.errors
}

// An explainable says where "cork explain" finds a finding of a plan again.
type explainable uint8

const (
	explainRule    explainable = iota // nowhere, or not for sure: only its rule can be explained
	explainStaged                     // in what is staged
	explainFiles                      // in the file that it was found in
	explainHistory                    // in the history
)

// scan makes a plan and carries it out: it is the one place where findings
// and errors are read, reports written and exit codes decided. All that it
// has to say it has said when it returns; an error is a usage error.
func (a *app) scan(ctx context.Context, cmd *cobra.Command, f *scanFlags, prepare func(context.Context) (*plan, error)) error {
	start := a.w.now()
	if err := f.check(cmd); err != nil {
		return err
	}
	out, err := a.openOutput(f)
	if err != nil {
		return err
	}
	defer out.discard()

	p, err := prepare(ctx)
	if err != nil {
		// A report all the same: a program that reads JSON is told as well.
		r := report.Result{Elapsed: a.w.now().Sub(start), Interrupted: ctx.Err() != nil}
		r.Errors = []error{err}
		if f.format.value == "json" {
			err = errors.Join(a.newWriter(f, out, 0).Close(r), out.commit())
			if err != nil {
				a.printError(err)
			}
		}
		a.conclude(f, &plan{}, &r, nil, nil)
		return nil
	}

	w := a.newWriter(f, out, p.compact)
	var r report.Result
	var writeErr error
	var first scanner.Finding
	if p.audit != nil {
		r.History = new(report.Tally)
	}
	findings, skipped := p.find(ctx, &r.Summary)
	for finding, err := range findings {
		if err != nil {
			continue // in the summary, and printed below the findings
		}
		if finding.Suppression == nil {
			if first.RuleID == "" {
				first = finding
			}
			if r.History != nil {
				r.History.Add(&finding)
			}
		}
		if writeErr = w.Write(finding); writeErr != nil {
			break
		}
	}
	if p.close != nil {
		if err := p.close(); err != nil && ctx.Err() == nil {
			r.Errors = append(r.Errors, err)
		}
	}
	r.Errors = append(r.Errors, skipped()...)
	if p.after != nil {
		p.notes = append(p.notes, p.after()...)
	}
	r.Elapsed = a.w.now().Sub(start)
	r.Interrupted = ctx.Err() != nil
	if p.nothing != nil && r.Blobs+r.Cached == 0 && r.Commits == 0 && r.Findings == 0 && r.Complete() {
		r.Errors = append(r.Errors, p.nothing)
	}
	if writeErr == nil {
		writeErr = w.Close(r)
	}
	if writeErr == nil {
		writeErr = out.commit()
	}
	if writeErr != nil {
		// The rest is not worth a word: it was cut short by this.
		a.printError(fmt.Errorf("write %s: %w", out.name(), unwrapPath(writeErr)))
		a.code = exitError
		if r.Interrupted {
			a.code = exitInterrupted
		}
		return nil
	}
	a.conclude(f, p, &r, out, &first)
	return nil
}

// conclude prints the errors of a scan and the summary, and sets the exit
// code. out is nil if nothing was scanned; first is the first finding, if there
// is any.
func (a *app) conclude(f *scanFlags, p *plan, r *report.Result, out *output, first *scanner.Finding) {
	switch {
	case r.Interrupted:
		a.code = exitInterrupted
	case r.Findings > 0:
		a.code = exitFound
	case r.Complete() || f.allowIncomplete && onlyBlobs(r.Errors) && (r.Blobs+r.Cached > 0 || p.nothing == nil):
		a.code = exitClean
	default:
		a.code = exitError
	}
	if r.Interrupted {
		a.printError(errors.New("interrupted: the scan is not complete"))
	} else {
		a.printErrors(r.Errors)
	}
	if out == nil {
		return
	}
	for _, note := range p.notes {
		a.say("%s", report.Printable(note))
	}
	if f.format.value != "text" && out.isStdout() {
		// Next to JSON on a terminal the rest would be noise, and in a pipe
		// of both streams it would make it unreadable.
		return
	}
	switch {
	case r.Findings > 0:
		a.hint(p.found)
		for _, hint := range storyHints(r.History) {
			a.hint(hint)
		}
		if p.compact == 0 {
			a.hint(a.explainHint(p, first))
		}
	case a.code == exitError:
		a.hint(p.incomplete)
	case p.idle != "" && r.Blobs+r.Cached == 0 && len(r.Skipped) == 0 && r.Commits == 0 && a.code == exitClean:
		a.say("%s", p.idle)
		a.hint(p.idleHint)
	}
	a.say("%s", report.SummaryLine(r, a.paint))
}

// onlyBlobs reports whether every error is about a single blob: an error about
// the scan as a whole is never overlooked.
func onlyBlobs(errs []error) bool {
	for _, err := range errs {
		var blob *scanner.BlobError
		if skipped := (*skippedError)(nil); errors.As(err, &skipped) {
			continue
		}
		if !errors.As(err, &blob) || blob.Path == "" && blob.ID == "" {
			return false
		}
	}
	return true
}

// newWriter returns what writes the report that the flags ask for.
func (a *app) newWriter(f *scanFlags, out *output, compact int) report.Writer {
	var w report.Writer
	if f.format.value == "json" {
		w = report.NewJSON(out, report.JSONOptions{Name: "cork", Version: version, ShowSecrets: f.showSecrets})
	} else {
		opts := report.TextOptions{ShowSecrets: f.showSecrets, Compact: compact, Summary: !out.isStdout()}
		if out.isStdout() {
			opts.Paint = a.w.painter(a.color, a.w.stdoutTerminal)
			opts.Width = a.w.columns(a.w.stdoutTerminal)
		} else if a.color == colorAlways {
			opts.Paint = a.w.painter(a.color, terminal{})
		}
		w = report.NewText(out, opts)
	}
	if f.showSecrets {
		return w
	}
	return report.Masked(w, &a.masker)
}

// openRepository opens the repository that dir lies in.
func (a *app) openRepository(ctx context.Context, f *scanFlags, dir string, stagedNext bool) (*git.Repository, error) {
	repo, err := git.Open(ctx, git.Options{
		Dir:        dir,
		Env:        a.w.env,
		Git:        a.w.git(),
		Engine:     f.gitEngine(),
		TrustRepo:  f.trustRepo,
		StagedNext: stagedNext,
	})
	if err != nil && scanner.HintOf(err) == "" && errors.Is(err, git.ErrNotRepository) {
		err = scanner.WithHint(err, "change to a folder inside a repository, or scan files without git: cork files")
	}
	return repo, err
}
