package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cork-scanner/cork/scanner/report"
)

// An app is one run of the program.
type app struct {
	w      *world
	out    *checkedWriter // standard output
	code   int            // how the command ended, unless it returned an error
	color  string         // the value of --color
	masker report.Masker  // knows the secrets that were found
	paint  report.Paint   // for standard error; never nil

	progress *progress // erased before anything else is written; nil if there is none
}

func newApp(w *world) *app {
	a := &app{w: w}
	a.out = &checkedWriter{w: w.stdout, before: func() { a.progress.end() }}
	a.setColor(colorAuto)
	return a
}

// run runs the command that the world asks for and returns the exit code. It
// never panics.
func run(ctx context.Context, w *world) (code int) {
	a := newApp(w)
	defer func() {
		if v := recover(); v != nil {
			a.printPanic(v)
			code = exitError
		}
	}()

	root := newRoot(a)
	if completes(w.args) {
		a.addCompletions(root)
	}
	root.SetArgs(w.args)
	root.SetIn(w.stdin)
	root.SetOut(a.out)
	root.SetErr(w.stderr)
	err := root.ExecuteContext(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		a.printError(errors.New("interrupted"))
		return exitInterrupted
	case err != nil:
		a.printError(err)
		return exitError
	case a.out.err != nil && a.code < exitError:
		a.printError(fmt.Errorf("write standard output: %w", a.out.err))
		return exitError
	}
	return a.code
}

// setColor sets how messages on standard error look.
func (a *app) setColor(mode string) {
	a.color = mode
	a.paint = a.w.painter(mode, a.w.stderrTerminal)
	if a.paint == nil {
		a.paint = func(_ report.Role, text string) string { return text }
	}
}

// A checkedWriter remembers the first error, so that no output is lost in
// silence: not that of a report, and not that of help either.
type checkedWriter struct {
	w      io.Writer
	err    error
	before func() // called before every write, which may be to the terminal that shows progress
}

func (c *checkedWriter) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	c.before()
	n, err := c.w.Write(p)
	c.err = err
	return n, err
}
