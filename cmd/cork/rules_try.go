package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/report"
)

// A ruleTest is what "cork rules test" was asked for.
type ruleTest struct {
	book          bookFlags
	rule          string
	path          string
	format        *choice
	showSecrets   bool
	noInline      bool
	minConfidence *choice
}

func rulesTestCommand(a *app) *cobra.Command {
	t := &ruleTest{
		format:        newChoice("text", "text", "json"),
		minConfidence: newChoice("", "low", "medium", "high"),
	}
	cmd := &cobra.Command{
		Use:   "test [flags] [FILE | -]",
		Short: "Say what rules make of a file, and why",
		Long: `Read a file or standard input and say of every place that a rule looked at
closely which tests it passed (+) or failed (-), with their weight where a score
decides, and what becomes of it: reported, dropped by a test, overruled by a
rule that says more about the same place, allowed by a comment or the
allowlist, or below the least confidence that is reported. With --rule it also
says why that rule does not match.`,
		Example: `  cork rules test config.yml
  echo "db_password = $(openssl rand -hex 8)" | cork rules test -
  cork rules test --rule jwt --path src/app.ts - < snippet
  cork rules test --config my-rules.toml sample.txt`,
		Annotations: map[string]string{exitAnnotation: `  0    nothing would be reported
  1    something would be reported
  2    the file could not be read, or usage or configuration is wrong
  130  interrupted`},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := a.testInput(cmd, args)
			if err != nil {
				return err
			}
			return a.testRules(cmd, t, name)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&t.rule, "rule", "", "show what the rule `ID` alone does; the others still count where they overrule it")
	flags.StringVar(&t.path, "path", "", "take the content for that of the file `PATH`, whose ending and folders matter to rules")
	flags.Var(t.format, "format", "write text for people or one JSON object")
	flags.BoolVar(&t.showSecrets, "show-secrets", false, "show secrets in the clear")
	flags.BoolVar(&t.noInline, "no-inline", false, "do not honour cork:allow and the like in comments")
	flags.Var(t.minConfidence, "min-confidence", "report what is at least so likely to be real (default: what the configuration says, or medium)")
	t.book.add(flags)
	return cmd
}

// testInput returns the file to read, "-" for standard input.
func (a *app) testInput(cmd *cobra.Command, args []string) (string, error) {
	switch {
	case len(args) > 1:
		return "", usageError(cmd, "one file at a time, but there is %q as well", args[1])
	case len(args) == 1:
		return args[0], nil
	case a.w.stdinTerminal:
		return "", usageError(cmd, "give a FILE, or - to type or paste what to test")
	}
	return "-", nil
}

func (a *app) testRules(cmd *cobra.Command, t *ruleTest, name string) error {
	if err := t.book.check(cmd); err != nil {
		return err
	}
	ctx := cmd.Context()
	dir, err := a.workDir()
	if err != nil {
		return err
	}
	book, err := a.openBook(ctx, &t.book, a.repositoryOf(dir, []string{name}))
	if err != nil {
		return err
	}
	if t.rule != "" {
		r, err := book.find(t.rule)
		if err != nil {
			return err
		}
		if r.state == stateDisabled {
			return scanner.WithHint(fmt.Errorf("the rule %q is disabled in the configuration", t.rule), "to test it all the same, add --builtin")
		}
	}
	blob, err := a.oneFile(ctx, book, dir, name)
	if err != nil {
		return err
	}
	if t.path != "" {
		blob.Path = filepath.ToSlash(filepath.Clean(t.path))
		blob.RepoPath = ""
		if folder, ok := below(book.root, dir); ok && folder != "" && !filepath.IsAbs(t.path) {
			// It is typed where one is, as a file would be.
			if at := path.Join(folder, blob.Path); filepath.IsLocal(at) {
				blob.RepoPath = at
			}
		}
	}
	if err := hold(ctx, &blob); err != nil {
		return err
	}
	s := a.bookScanner(book, t.minConfidence.value, t.noInline)
	all, unread := s.Judge(ctx, blob)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(unread, scanner.ErrTooLarge):
		return scanner.WithHint(unread, "test the part that matters: head -c 1000000 FILE | cork rules test --path FILE -")
	case unread != nil && all == nil:
		return unread
	}
	r := &testResult{path: blob.Path}
	for _, j := range all {
		if t.rule != "" && j.RuleID != t.rule {
			continue
		}
		if j.Outcome == scanner.OutcomeReported {
			r.reported++
		}
		if j.Outcome != scanner.OutcomeDropped && !t.showSecrets {
			a.masker.Add(j.Secret)
		}
		r.judgements = append(r.judgements, j)
	}
	if t.rule != "" && len(r.judgements) == 0 && unread == nil {
		if r.whyNot, err = s.WhyNot(ctx, blob, t.rule); err != nil {
			return err
		}
	}
	switch {
	case r.reported > 0:
		a.code = exitFound
	case unread != nil:
		a.code = exitError
	}
	if err := a.writeTest(cmd.OutOrStdout(), t, r); err != nil {
		return err
	}
	if unread != nil {
		a.printError(unread)
	}
	return nil
}

// A testResult is what came of a test.
type testResult struct {
	path       string
	judgements []scanner.Judgement
	reported   int
	whyNot     string // why the rule that was asked for looked at nothing; "" if it did, or if none was asked for
}

// hold reads the blob into memory, as far as Judge takes it, since standard
// input cannot be read twice.
func hold(ctx context.Context, b *scanner.Blob) error {
	if b.Skip != "" {
		return nil // Judge says so
	}
	rc, err := b.Open(ctx)
	if err != nil {
		return &scanner.BlobError{Path: b.Path, Err: err}
	}
	content, err := io.ReadAll(io.LimitReader(rc, scanner.MaxJudged+1))
	if err = errors.Join(err, rc.Close()); err != nil {
		return &scanner.BlobError{Path: b.Path, Err: err}
	}
	b.Size = int64(len(content))
	b.Open = func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	return nil
}

// bookScanner returns a scanner with the rules of the book.
func (a *app) bookScanner(book *ruleBook, minConfidence string, noInline bool) *scanner.Scanner {
	f := &scanFlags{minConfidence: &choice{value: minConfidence}}
	opts := scanner.Options{MinConfidence: f.confidence(), Allow: book.cfg.Allow, Baseline: book.baseline, NoInline: noInline, Now: a.w.now()}
	if opts.MinConfidence == 0 {
		opts.MinConfidence = book.cfg.MinConfidence
	}
	if book.nested != nil {
		opts.Nested = &scanner.Nested{Read: book.nested.Read, KeepConfidence: f.confidence() != 0}
	}
	return scanner.New(book.set, opts)
}

// oneFile returns the file of that name, "-" for standard input.
func (a *app) oneFile(ctx context.Context, book *ruleBook, dir, name string) (scanner.Blob, error) {
	if info, err := os.Stat(a.w.abs(name)); name != "-" && err == nil && info.IsDir() {
		return scanner.Blob{}, scanner.WithHint(fmt.Errorf("%s is a folder", report.DisplayPath(name)), "give one file; to scan a folder: cork files "+report.DisplayPath(name))
	}
	source := scanner.NewFiles(scanner.FilesOptions{Paths: []string{name}, Dir: dir, Root: book.root, Stdin: a.w.stdin})
	for b, err := range source.Blobs(ctx) {
		return b, err
	}
	return scanner.Blob{}, cmp.Or(ctx.Err(), fmt.Errorf("%s: nothing to read", report.DisplayPath(name)))
}

func (a *app) writeTest(w io.Writer, t *ruleTest, r *testResult) error {
	if t.format.value == "json" {
		list := make([]object, len(r.judgements))
		for i := range r.judgements {
			list[i] = judgementJSON(&r.judgements[i], a.masker.Mask(r.judgements[i].Location.Path), t.showSecrets)
		}
		after := object{{"reported", r.reported}, {"why_not", nil}}
		if r.whyNot != "" {
			after[1].value = r.whyNot
		}
		return writeJSON(w, object{{"path", report.JSONPath(a.masker.Mask(r.path))}}, "candidates", list, after)
	}
	p := a.newPage()
	for i := range r.judgements {
		if i > 0 {
			p.print("\n")
		}
		j := &r.judgements[i]
		j.Location.Path, j.Key = a.masker.Mask(j.Location.Path), a.masker.Mask(j.Key)
		p.judgement(j, t.showSecrets)
	}
	if _, err := io.WriteString(w, p.String()); err != nil {
		return err
	}
	switch {
	case r.whyNot != "":
		a.say("%s does not match: %s", t.rule, report.Printable(a.masker.Mask(r.whyNot)))
	case len(r.judgements) == 0:
		a.say("no rule looked at anything closely")
		a.hint("to see what keeps a rule from matching: cork rules test --rule ID")
	default:
		a.say("%s looked at, %d reported", plural(len(r.judgements), "place"), r.reported)
	}
	return nil
}

// judgement adds what became of a place, and why.
func (p *page) judgement(j *scanner.Judgement, showSecrets bool) {
	const column = 11
	place := report.DisplayPath(j.Location.Path)
	if !j.AboutPath() {
		place += fmt.Sprintf(":%d:%d", j.Location.Line, j.Location.Column)
	}
	decoded := ""
	if j.Encoding != "" {
		decoded = ", in " + report.Printable(j.Encoding)
	}
	p.print(p.paint(report.Path, place+":"), " ", p.paint(report.Rule, j.RuleID), "  ", report.Printable(j.Description), decoded, "\n")
	if secret := j.Secret.String(); secret != "" {
		if showSecrets {
			secret = j.Secret.Reveal()
		}
		if j.Key != "" {
			p.entry(column, "key:", j.Key)
		}
		p.lines(column, "secret:", []string{report.Printable(secret)})
	}
	p.tests(column, "tests:", j.Tests)
	role := report.Good
	outcome := string(j.Outcome)
	switch j.Outcome {
	case scanner.OutcomeReported:
		role = report.Bad
		outcome += fmt.Sprintf(", severity %s, confidence %s", j.Severity, j.Confidence)
	default:
		outcome += ": " + j.Why
	}
	lines := report.Wrap(report.Printable(outcome), p.room(column))
	for i := range lines {
		lines[i] = p.paint(role, lines[i])
	}
	p.lines(column, "outcome:", lines)
}

// tests adds a line for each test.
func (p *page) tests(column int, label string, tests []rules.Test) {
	p.lines(column, label, testLines(p, column, tests))
}

// testLines returns a line for each test, or several where it is too long for
// what is left of the page's width.
func testLines(p *page, column int, tests []rules.Test) []string {
	var lines []string
	for _, t := range tests {
		mark, role := "-", report.Good
		if t.Passed {
			mark, role = "+", report.Bad
		}
		text := t.Name
		if t.Weight != 0 {
			text += fmt.Sprintf(" (%+.2f)", t.Weight)
		}
		switch {
		case text == scanner.TestReason:
			text = t.Detail
		case t.Detail != "":
			text += ": " + t.Detail
		}
		for i, line := range report.Wrap(report.Printable(text), p.room(column+2)) {
			if i > 0 {
				mark = " "
			}
			lines = append(lines, p.paint(role, mark)+" "+line)
		}
	}
	return lines
}

func judgementJSON(j *scanner.Judgement, path string, showSecrets bool) object {
	var secret, encoding any
	if j.Encoding != "" {
		encoding = j.Encoding
	}
	if !j.Secret.IsZero() {
		if secret = j.Secret.String(); showSecrets {
			secret = strings.ToValidUTF8(j.Secret.Reveal(), "\ufffd")
		}
	}
	return object{
		{"rule", j.RuleID}, {"description", j.Description}, {"severity", j.Severity}, {"confidence", j.Confidence},
		{"path", report.JSONPath(path)}, {"line", j.Location.Line}, {"column", j.Location.Column}, {"end_line", j.Location.EndLine}, {"end_column", j.Location.EndColumn},
		{"key", strings.ToValidUTF8(j.Key, "\ufffd")}, {"secret", secret}, {"encoding", encoding}, {"fingerprint", j.Fingerprint},
		{"tests", testsJSON(j.Tests)}, {"outcome", j.Outcome}, {"why", j.Why},
	}
}

func testsJSON(tests []rules.Test) []object {
	list := make([]object, len(tests))
	for i, t := range tests {
		list[i] = object{{"name", t.Name}, {"passed", t.Passed}, {"detail", t.Detail}, {"weight", t.Weight}}
	}
	return list
}
