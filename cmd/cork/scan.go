package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/compat"
	"github.com/cork-scanner/cork/scanner/git"
	"github.com/cork-scanner/cork/scanner/report"
)

// scanFlags are the flags that all commands have that scan.
type scanFlags struct {
	format          *choice
	output          string
	reports         reportFlag
	showSecrets     bool
	config          string
	noInline        bool
	noArchives      bool
	minConfidence   *choice
	workers         int
	engine          *choice
	trustRepo       bool
	allowIncomplete bool
	baseline        string
	noBaseline      bool
	strict          bool
	listSuppressed  bool
	noForeign       bool
	allowProviders  bool

	known   *scanner.Baseline  // instead of what baseline says; nil: nothing
	foreign []*compat.Settings // instead of what other scanners left; nil: nothing

	annotate  bool // findings become annotations in a CI that has such
	lazyFetch bool // git may fetch what a partial clone lacks
	untrusted bool // files of the work tree have no say in how it is scanned
}

func (f *scanFlags) add(flags *pflag.FlagSet) {
	flags.SortFlags = false
	f.format = newChoice("text", report.Formats()...)
	f.minConfidence = newChoice("", "low", "medium", "high")
	f.engine = newChoice("auto", "auto", "git", "embedded")
	flags.Var(f.format, "format", "write findings in `FORMAT`: "+strings.Join(f.format.allowed, ", "))
	flags.StringVarP(&f.output, "output", "o", "", "write findings to `FILE`, complete or not at all")
	flags.Var(&f.reports, "report", "write one more report of the same scan (can be repeated; - is standard output)")
	flags.BoolVar(&f.showSecrets, "show-secrets", false, "show secrets in the clear, in text, json, jsonl, csv and gitleaks-json")
	flags.StringVar(&f.config, "config", "", "read `FILE` instead of .cork.toml, at the root and in folders")
	flags.BoolVar(&f.noInline, "no-inline", false, `do not honour cork:allow and the like in comments`)
	flags.StringVar(&f.baseline, "baseline", "", "read `FILE` instead of .cork-baseline at the repository's root")
	flags.BoolVar(&f.noBaseline, "no-baseline", false, "report what is in the baseline as well")
	flags.BoolVar(&f.noForeign, "no-foreign", false, "do not read what other scanners left: .gitleaks.toml, .secrets.baseline and the like")
	flags.BoolVar(&f.allowProviders, "allow-providers", false, "run the commands that git config names in secrets.providers, which print patterns")
	flags.BoolVar(&f.listSuppressed, "list-suppressed", false, "list what is not reported as well, and why not")
	flags.BoolVar(&f.strict, "strict", false, "exit 1 if an entry of the allowlist has expired, and, where all files or all of the history are scanned, if one of allowlist or baseline stands for nothing any more")
	flags.BoolVar(&f.noArchives, "no-archives", false, "do not open archives and compressed files; search their bytes only")
	flags.Var(f.minConfidence, "min-confidence", "report what is at least so likely to be real (default: what the configuration says, or medium)")
	flags.IntVar(&f.workers, "workers", 0, "scan `N` files at the same time (default: one for each processor)")
	flags.Var(f.engine, "engine", "read the repository with git, or with go-git; auto: with git where there is one")
	flags.BoolVar(&f.trustRepo, "trust-repo", false, "read a repository that another user owns")
	flags.BoolVar(&f.allowIncomplete, "allow-incomplete", false, "exit 0 even if a file or object could not be read; it is still said")
}

// maxWorkers is more than any machine has use for: each worker takes memory.
const maxWorkers = 1024

// check returns a usage error for values that pflag cannot judge.
func (f *scanFlags) check(cmd *cobra.Command) error {
	if f.workers < 0 {
		return usageError(cmd, "--workers must not be negative, but is %d", f.workers)
	}
	if f.workers > maxWorkers {
		return usageError(cmd, "--workers must be at most %d, but is %d", maxWorkers, f.workers)
	}
	if cmd.Flags().Changed("output") && f.output == "" {
		return usageError(cmd, "--output is empty, and must be a file")
	}
	if f.noBaseline && f.baseline != "" {
		return usageError(cmd, "--baseline and --no-baseline contradict each other")
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
	nested  *scanner.Nested                // that the scanner was made with
	audit   audit                          // instead of source, if not nil
	skipped func(*scanner.Summary) []error // of audit: errors about content that was skipped
	stories bool                           // findings of audit come with their stories
	close   func() error                   // after the scan; may be nil

	// nothing is the error if not a single blob was read, which otherwise is
	// fine; nil if that is fine.
	nothing error
	// idle is said if there was nothing to read, which is fine; "" for none.
	idle, idleHint string

	found      string // hint after findings; "" for none
	incomplete string // hint after an incomplete scan without findings; "" for none

	repo *git.Repository // nil: there is none

	// What is not reported by, and what of it is known after the scan.
	allow    *scanner.Allowlist
	baseline *scanner.Baseline
	whole    whole
	stale    int // entries that have expired or, known after the scan, stand for nothing

	notes []string          // about the configuration
	after []func() []string // the same, known after the scan

	warnings func() []string // notes that must not be overlooked, known after the scan; nil: none

	explain explainable // how a finding can be found again, to be explained

	mode  string     // what is scanned, in reports that keep scans apart; "": the command's name
	of    string     // what is scanned of a range of commits, see report.Meta
	rules *rules.Set // those that hold; nil: not known

	compact int // lines that findings may take in all; 0: any number, in full
}

// An audit finds secrets in a sequence of its own, each once.
type audit func(context.Context, *scanner.Scanner, *scanner.Summary) iter.Seq2[scanner.Finding, error]

// find returns what the plan finds, and what returns errors about content that
// was skipped, after the scan.
func (p *plan) find(ctx context.Context, sum *scanner.Summary) (findings iter.Seq2[scanner.Finding, error], skipped func() []error) {
	if p.audit != nil {
		return p.audit(ctx, p.scanner, sum), func() []error { return p.skipped(sum) }
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
	out, err := a.openSinks(cmd, f)
	if err != nil {
		return err
	}
	defer out.discard()

	p, err := prepare(ctx)
	if err != nil {
		// Reports all the same: a program that reads them is told as well.
		r := report.Result{Elapsed: a.w.now().Sub(start), Interrupted: ctx.Err() != nil}
		r.Errors = []error{err}
		r.ExitCode = exitCode(f, new(plan), &r)
		a.begin(out, f, a.reportOptions(cmd, f, nil, start), 0).Close(r) // its errors are the reports'
		a.printReportErrors(out)
		a.printScanErrors(&r)
		a.code = r.ExitCode
		return nil
	}

	w := a.begin(out, f, a.reportOptions(cmd, f, p, start), p.compact)
	var r report.Result
	var writeErr error
	var first scanner.Finding
	var suppressed []scanner.Finding
	if p.stories {
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
		} else {
			suppressed = append(suppressed, finding) // written behind the others
			continue
		}
		if writeErr = w.Write(finding); writeErr != nil {
			break
		}
	}
	a.blame(ctx, p, suppressed)
	for _, finding := range suppressed {
		if writeErr == nil {
			writeErr = w.Write(finding)
		}
	}
	if p.close != nil {
		if err := p.close(); err != nil && ctx.Err() == nil {
			r.Errors = append(r.Errors, err)
		}
	}
	r.Errors = append(r.Errors, skipped()...)
	p.notes = append(p.notes, r.IdleComments...)
	a.findStale(ctx, p, &r)
	if p.warnings != nil {
		r.Warnings = p.warnings()
		p.notes = append(p.notes, r.Warnings...)
	}
	for _, after := range p.after {
		p.notes = append(p.notes, after()...)
	}
	r.Elapsed = a.w.now().Sub(start)
	r.Interrupted = ctx.Err() != nil
	if p.nothing != nil && r.Blobs+r.Cached == 0 && r.Commits == 0 && r.Findings == 0 && r.Complete() {
		r.Errors = append(r.Errors, p.nothing)
	}
	r.ExitCode = exitCode(f, p, &r)
	if f.strict && p.stale > 0 {
		p.notes = append(p.notes, fmt.Sprintf("--strict: %d of what keeps findings from being reported has expired or stands for nothing", p.stale))
	}
	if writeErr == nil {
		writeErr = w.Close(r)
	}
	failed := a.printReportErrors(out)
	if writeErr == nil {
		a.conclude(p, &r, out, &first)
	} // else the rest is not worth a word: it was cut short by this
	a.code = r.ExitCode
	if failed && !r.Interrupted {
		a.code = exitError
	}
	return nil
}

// exitCode returns what a scan ends with, unless a report cannot be written.
func exitCode(f *scanFlags, p *plan, r *report.Result) int {
	switch {
	case r.Interrupted:
		return exitInterrupted
	case r.Findings > 0:
		return exitFound
	case r.Complete() || f.allowIncomplete && onlyBlobs(r.Errors) && (r.Blobs+r.Cached > 0 || p.nothing == nil):
		if f.strict && p.stale > 0 {
			return exitFound
		}
		return exitClean
	}
	return exitError
}

// printScanErrors prints what went wrong in a scan.
func (a *app) printScanErrors(r *report.Result) {
	if r.Interrupted {
		a.printError(errors.New("interrupted: the scan is not complete"))
	} else {
		a.printErrors(r.Errors)
	}
}

// conclude prints the errors of a scan and the summary. first is the first
// finding, if there is any.
func (a *app) conclude(p *plan, r *report.Result, out sinks, first *scanner.Finding) {
	a.printScanErrors(r)
	for _, note := range p.notes {
		a.say("%s", report.Printable(a.masker.Mask(note)))
	}
	if format := out.stdoutFormat(); format != "" && format != "text" {
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
	case r.ExitCode == exitError:
		a.hint(p.incomplete)
	case p.idle != "" && r.Blobs+r.Cached == 0 && len(r.Skipped) == 0 && r.Commits == 0 && r.ExitCode == exitClean:
		a.say("%s", report.Printable(p.idle))
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

// openRepository opens the repository that dir lies in.
func (a *app) openRepository(ctx context.Context, f *scanFlags, dir string, stagedNext bool) (*git.Repository, error) {
	return a.openFor(ctx, f, git.Options{Dir: dir, StagedNext: stagedNext})
}

// openFor opens the repository that opts.Dir lies in, for what opts say.
func (a *app) openFor(ctx context.Context, f *scanFlags, opts git.Options) (*git.Repository, error) {
	opts.Env, opts.Git = a.w.env, a.w.git()
	opts.Engine, opts.TrustRepo, opts.LazyFetch = f.gitEngine(), f.trustRepo, f.lazyFetch
	repo, err := git.Open(ctx, opts)
	if err != nil && scanner.HintOf(err) == "" && errors.Is(err, git.ErrNotRepository) {
		err = scanner.WithHint(err, "change to a folder inside a repository, or scan files without git: cork files")
	}
	return repo, err
}
