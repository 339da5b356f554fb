package main

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/report"
)

// The exit codes.
const (
	exitClean       = 0
	exitFound       = 1
	exitError       = 2
	exitInTheWay    = 3 // install-hook alone
	exitInterrupted = 130
)

// say prints one line about the scan on standard error.
func (a *app) say(format string, args ...any) {
	a.progress.end()
	fmt.Fprintf(a.w.stderr, "cork: "+format+"\n", args...)
}

// hint prints what to type next.
func (a *app) hint(text string) {
	if text != "" {
		a.say("%s %s", a.paint(report.Label, "hint:"), report.Printable(a.masker.Mask(text)))
	}
}

// printError prints an error, a line for each of those that it joins, and its
// hint. Secrets that the scan came across are masked.
func (a *app) printError(err error) {
	for line := range strings.SplitSeq(a.masker.Mask(err.Error()), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			a.say("%s %s", a.paint(report.Bad, "error:"), report.Printable(line))
		}
	}
	a.hint(scanner.HintOf(err))
}

// maxErrorLines is how many errors about single blobs are printed. JSON has
// them all.
const maxErrorLines = 20

// printErrors prints the errors of a scan, and each hint once.
func (a *app) printErrors(errs []error) {
	var hints []string
	seen := make(map[string]bool)
	errs = byCause(errs)
	for i, err := range errs {
		if i == maxErrorLines {
			a.say("%s and %d more", a.paint(report.Bad, "error:"), len(errs)-i)
			break
		}
		hint := scanner.HintOf(err)
		a.printError(errors.New(err.Error()))
		if hint != "" && !seen[hint] {
			seen[hint] = true
			hints = append(hints, hint)
		}
	}
	for _, hint := range hints {
		a.hint(hint)
	}
}

// byCause makes one error of many that are about a blob each and have the same
// cause, in the place of the first: a repository can lack ten thousand objects.
func byCause(errs []error) []error {
	const few = 5
	cause := func(err error) string {
		if blob := (*scanner.BlobError)(nil); errors.As(err, &blob) {
			return blob.Err.Error()
		}
		return ""
	}
	same := make(map[string]int)
	for _, err := range errs {
		same[cause(err)]++
	}
	var out []error
	for _, err := range errs {
		c := cause(err)
		n := same[c]
		switch {
		case c == "" || n > 0 && n <= few:
			out = append(out, err)
		case n > few:
			var blob *scanner.BlobError
			errors.As(err, &blob)
			name := "object " + blob.ID
			if blob.Path != "" {
				name = report.DisplayPath(blob.Path)
			}
			text := fmt.Errorf("%s and %s more: %s", name, grouped(n-1), c)
			out = append(out, scanner.WithHint(text, scanner.HintOf(err)))
			same[c] = 0
		}
	}
	return out
}

// printPanic reports a bug. What was passed to panic may hold what was being
// scanned, so it is shown only if it comes from the runtime, whose messages
// hold numbers and types.
func (a *app) printPanic(value any) {
	what := fmt.Sprintf("panic with a %T", value)
	if err, ok := value.(runtime.Error); ok {
		what = err.Error()
	}
	a.say("internal error: %s", report.Printable(what))
	a.say("this is a bug in cork; where it happened:")
	a.w.stderr.Write(debug.Stack())
}
