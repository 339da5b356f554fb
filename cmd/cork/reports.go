package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/report"
)

// homePage is where Cork comes from.
const homePage = "https://github.com/cork-scanner/cork"

// A reportFlag is --report, which can be given several times.
type reportFlag []reportRequest

// A reportRequest is a report that is asked for.
type reportRequest struct {
	format string
	file   string // "-": standard output
}

func (f *reportFlag) String() string { return "" }
func (f *reportFlag) Type() string   { return "FORMAT=FILE" }

func (f *reportFlag) Set(value string) error {
	format, file, ok := strings.Cut(value, "=")
	if !ok || file == "" {
		return scanner.WithHint(errors.New("must be FORMAT=FILE"), "for example: --report sarif=cork.sarif")
	}
	if err := report.CheckFormat(format); err != nil {
		return err
	}
	*f = append(*f, reportRequest{format, file})
	return nil
}

// reportRequests returns the reports that the flags ask for: that of --format
// and --output, unless --report has taken its place on standard output, and all
// of --report.
func (f *scanFlags) reportRequests(cmd *cobra.Command) ([]reportRequest, error) {
	all := append([]reportRequest{{f.format.value, cmp.Or(f.output, "-")}}, f.reports...)
	toStdout := 0
	for _, r := range all {
		if r.file == "-" {
			toStdout++
		}
	}
	if toStdout > 1 && !cmd.Flags().Changed("format") && !cmd.Flags().Changed("output") {
		all, toStdout = all[1:], toStdout-1
	}
	if toStdout > 1 {
		return nil, usageError(cmd, "only one report can be written to standard output, but %d are to be", toStdout)
	}
	return all, nil
}

// A sink is one report of a scan, and where it goes.
type sink struct {
	reportRequest
	out *output
	w   report.Writer
	err error // why it was not written; nil so far
}

// sinks are the reports of a scan. They are written side by side: one that fails
// does not keep the others from being written.
type sinks []*sink

// openSinks opens what the reports are written to. It fails if none can be
// written, or if two would overwrite each other.
func (a *app) openSinks(cmd *cobra.Command, f *scanFlags) (sinks, error) {
	requests, err := f.reportRequests(cmd)
	if err != nil {
		return nil, err
	}
	var all sinks
	var errs []error
	for _, r := range requests {
		s := &sink{reportRequest: r}
		s.out, s.err = a.openOutput(cmd.Context(), r.file, f.showSecrets)
		for _, other := range all {
			if s.err == nil && other.err == nil && s.out.sameFile(other.out) {
				return nil, usageError(cmd, "two reports are to be written to %s", s.out.name())
			}
		}
		all = append(all, s)
		errs = append(errs, s.err)
	}
	if all.failed() {
		return nil, errors.Join(errs...)
	}
	if f.annotate {
		all = append(all, a.annotations(all)...)
	}
	return all, nil
}

// failed reports whether no report can be written any more.
func (all sinks) failed() bool {
	for _, s := range all {
		if s.err == nil {
			return false
		}
	}
	return true
}

// errWriteFailed ends a scan of which no report can be written.
var errWriteFailed = errors.New("no report can be written")

// begin makes the writers. The Writer that it returns writes them all.
func (a *app) begin(all sinks, f *scanFlags, o report.Options, compact int) report.Writer {
	for _, s := range all {
		if s.err != nil {
			continue
		}
		o.Text = report.TextOptions{Compact: compact, Summary: !s.out.isStdout()}
		if s.out.isStdout() {
			o.Text.Paint = a.w.painter(a.color, a.w.stdoutTerminal)
			o.Text.Width = a.w.columns(a.w.stdoutTerminal)
		} else if a.color == colorAlways {
			o.Text.Paint = a.w.painter(a.color, terminal{})
		}
		s.w, s.err = report.New(s.format, s.out, o)
	}
	if f.showSecrets {
		return all
	}
	return report.Masked(all, &a.masker)
}

// Write implements report.Writer.
func (all sinks) Write(finding scanner.Finding) error {
	for _, s := range all {
		if s.err == nil {
			s.err = s.w.Write(finding)
		}
	}
	if all.failed() {
		return errWriteFailed
	}
	return nil
}

// Close implements report.Writer. It puts the files in their places.
func (all sinks) Close(r report.Result) error {
	for _, s := range all {
		if s.err == nil {
			s.err = s.w.Close(r)
		}
		if s.err == nil {
			s.err = s.out.commit()
		}
	}
	if all.failed() {
		return errWriteFailed
	}
	return nil
}

// discard removes what was not put in its place.
func (all sinks) discard() {
	for _, s := range all {
		if s.out != nil {
			s.out.discard()
		}
	}
}

// printReportErrors prints why reports were not written, and reports whether there
// were any.
func (a *app) printReportErrors(all sinks) (any bool) {
	for _, s := range all {
		if s.err == nil {
			continue
		}
		any = true
		err := s.err
		if s.out != nil {
			err = fmt.Errorf("write %s: %w", s.out.name(), unwrapPath(err))
		}
		a.printError(err)
	}
	return any
}

// stdoutFormat returns the format of the report on standard output, or "".
func (all sinks) stdoutFormat() string {
	for _, s := range all {
		if s.out != nil && s.out.isStdout() {
			return s.format
		}
	}
	return ""
}

// reportOptions returns what reports say about a scan. p is nil if it failed
// before it began.
func (a *app) reportOptions(cmd *cobra.Command, f *scanFlags, p *plan, start time.Time) report.Options {
	o := report.Options{ShowSecrets: f.showSecrets}
	o.Meta = report.Meta{Name: "cork", Version: version, URI: homePage, Mode: cmd.Name(), Start: start}
	m := &o.Meta
	m.Repository, m.Revision, m.Branch = provenance(a.w.getenv)
	if p == nil {
		return o
	}
	m.Mode, m.Of = cmp.Or(p.mode, m.Mode), p.of
	if p.scanner != nil {
		o.Suppressed = p.scanner.YieldsSuppressed()
	}
	if p.rules != nil {
		m.Rule = ruleByID(p.rules, p.scanner)
	}
	return o
}

// ruleByID returns a look-up in a set, which costs nothing until it is used, and in
// the rules that folders add, as far as the scanner has come across them.
func ruleByID(set *rules.Set, s *scanner.Scanner) func(string) (rules.Rule, bool) {
	all := sync.OnceValue(func() map[string]rules.Rule {
		m := make(map[string]rules.Rule)
		for _, r := range set.Rules() {
			m[r.ID] = r
		}
		return m
	})
	return func(id string) (rules.Rule, bool) {
		r, ok := all()[id]
		if !ok {
			if n := nestedRule(s, id); n != nil {
				return n.Rule, true
			}
		}
		return r, ok
	}
}

// provenance returns which repository this is, and what is checked out, where
// the environment of a CI system says so.
func provenance(getenv func(string) string) (repository, revision, branch string) {
	switch {
	case getenv("GITHUB_REPOSITORY") != "" && getenv("GITHUB_SERVER_URL") != "":
		repository = getenv("GITHUB_SERVER_URL") + "/" + getenv("GITHUB_REPOSITORY")
		revision, branch = getenv("GITHUB_SHA"), getenv("GITHUB_REF_NAME")
	case getenv("CI_PROJECT_URL") != "":
		repository = getenv("CI_PROJECT_URL")
		revision, branch = getenv("CI_COMMIT_SHA"), getenv("CI_COMMIT_REF_NAME")
	}
	u, err := url.Parse(repository)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", "", ""
	}
	u.User = nil // it could hold a password
	return u.String(), revision, branch
}

// sameFile reports whether two outputs are one file. Devices can be written to by
// several.
func (o *output) sameFile(other *output) bool {
	if o.isStdout() || other.isStdout() || o.done || other.done {
		return false
	}
	a, err := os.Stat(o.path)
	if err == nil {
		b, err := os.Stat(other.path)
		return err == nil && os.SameFile(a, b)
	}
	// It is not there yet: what counts is the folder, which is.
	if filepath.Base(o.path) != filepath.Base(other.path) {
		return false
	}
	if a, err = os.Stat(filepath.Dir(o.path)); err != nil {
		return o.path == other.path
	}
	b, err := os.Stat(filepath.Dir(other.path))
	return err == nil && os.SameFile(a, b)
}
