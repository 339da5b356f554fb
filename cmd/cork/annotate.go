package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// annotations returns the reports that a CI shows by itself, beside those that
// are asked for: in GitHub Actions annotations and the summary of the step, in
// Azure Pipelines issues. Commands are lines of standard output, so they are left
// out where that is a report for a program.
func (a *app) annotations(asked sinks) (more sinks) {
	format := ""
	switch {
	case strings.EqualFold(a.w.getenv("GITHUB_ACTIONS"), "true"):
		format = "github"
	case strings.EqualFold(a.w.getenv("TF_BUILD"), "true"):
		format = "azure"
	default:
		return nil
	}
	if stdout := asked.stdoutFormat(); stdout == "" || stdout == "text" {
		more = append(more, &sink{reportRequest: reportRequest{format, "-"}, out: &output{w: a.out}})
	}
	file := a.w.getenv("GITHUB_STEP_SUMMARY")
	if format != "github" || file == "" {
		return more
	}
	for _, s := range asked {
		if s.file != "-" && a.w.abs(s.file) == file {
			return more // it has been asked for
		}
	}
	s := &sink{reportRequest: reportRequest{"markdown", file}}
	s.out, s.err = appendTo(file)
	if s.err != nil {
		s.err = scanner.WithHint(fmt.Errorf("write the step summary that GITHUB_STEP_SUMMARY names, %q: %w", file, unwrapPath(s.err)),
			"unset GITHUB_STEP_SUMMARY to go without it")
	}
	return append(more, s)
}

// appendTo returns the output that adds to a file, which it makes if there is
// none. What is no plain file is refused: it could lead elsewhere, or block.
func appendTo(file string) (*output, error) {
	before, err := os.Lstat(file)
	if err == nil && !before.Mode().IsRegular() {
		return nil, errors.New("it is not a file")
	}
	flags := os.O_WRONLY | os.O_APPEND
	if errors.Is(err, fs.ErrNotExist) {
		flags |= os.O_CREATE | os.O_EXCL
	}
	f, err := os.OpenFile(file, flags, 0o644)
	if err != nil {
		return nil, err
	}
	if after, err := f.Stat(); err != nil || before != nil && !os.SameFile(before, after) {
		return nil, errors.Join(errors.New("it was replaced while it was opened"), err, f.Close())
	}
	return &output{w: f, path: file, temp: f, done: true}, nil
}
