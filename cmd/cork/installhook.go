package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/hook"
	"github.com/cork-scanner/cork/scanner/report"
)

// hookFlags are the flags of install-hook.
type hookFlags struct {
	hooks                    []string
	global, system, template bool
	method                   *choice
	force, noChain, dryRun   bool
	bin                      string
	uninstall, status        bool
}

func installHookCommand(a *app) *cobra.Command {
	f := &hookFlags{method: newChoice("auto", "auto", "file", "config")}
	cmd := &cobra.Command{
		Use:   "install-hook",
		Short: "Install, remove or inspect git hooks that run cork",
		Long: `Install git hooks that run cork: pre-commit and pre-push, unless --hook says
otherwise. A hook that is there already is not overwritten: it is kept beside
cork's and runs first. Where a hook manager is in charge, nothing is changed
and what to add to its configuration is printed.

A hook whose cork is gone blocks; "git commit --no-verify" passes it by.`,
		Example: `  cork install-hook                       # pre-commit and pre-push
  cork install-hook --hook pre-receive    # on a server, in a bare repository
  cork install-hook --global              # every repository (git 2.54 or later)
  cork install-hook --status              # will the hooks run?
  cork install-hook --uninstall`,
		Annotations: map[string]string{exitAnnotation: `  0    done, or nothing to do
  2    failed, or usage is wrong; with --status: a hook will not run
  3    another hook or a hook manager is in the way, nothing was changed
  130  interrupted`},
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.installHook(cmd.Context(), cmd, f) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&f.hooks, "hook", nil, "hooks, separated by commas: `NAME` is "+strings.Join(hook.Names(), ", ")+" (default pre-commit,pre-push)")
	flags.BoolVar(&f.global, "global", false, "in your git configuration, for all your repositories (git 2.54 or later)")
	flags.BoolVar(&f.system, "system", false, "in this machine's git configuration (git 2.54 or later)")
	flags.BoolVar(&f.template, "template", false, "in init.templateDir, for repositories made from now on")
	flags.Var(f.method, "method", "as a script, or in git's configuration (git 2.54 or later)")
	flags.BoolVar(&f.force, "force", false, "replace a foreign hook instead of running it first; a backup is kept")
	flags.BoolVar(&f.noChain, "no-chain", false, "leave a foreign hook alone and exit 3")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what would be done, and do nothing")
	flags.StringVar(&f.bin, "bin", "", "write `PATH` into the hooks instead of this program's")
	flags.BoolVar(&f.uninstall, "uninstall", false, "remove cork's hooks, and put back what they replaced")
	flags.BoolVar(&f.status, "status", false, "say for each hook whether git will run cork in it")
	cmd.MarkFlagsMutuallyExclusive("global", "system", "template")
	cmd.MarkFlagsMutuallyExclusive("uninstall", "status")
	cmd.MarkFlagsMutuallyExclusive("force", "no-chain")
	return cmd
}

func (a *app) installHook(ctx context.Context, cmd *cobra.Command, f *hookFlags) error {
	opts, err := a.hookOptions(f)
	if err != nil {
		return err
	}
	var rep *hook.Report
	switch {
	case f.status:
		rep, err = hook.Status(ctx, opts)
	case f.uninstall:
		rep, err = hook.Uninstall(ctx, opts)
	default:
		rep, err = hook.Install(ctx, opts)
	}
	var inTheWay *hook.InTheWayError
	if errors.As(err, &inTheWay) && ctx.Err() == nil {
		a.printError(err)
		if snippets := inTheWay.Snippets(); snippets != "" {
			fmt.Fprintf(a.out, "%s", snippets)
		}
		a.code = exitInTheWay
		return nil
	}
	if rep != nil {
		a.printHookReport(f, rep)
	}
	return err
}

// tempDir returns the directory where the program bin would not stay: the one
// for temporary files, but "" if bin is installed in a home directory that lies
// in it, as in a sandbox. What is there stays as long as its user does.
func tempDir(dir, home, bin string) string {
	inside := func(parent, path string) bool {
		rel, err := filepath.Rel(parent, path)
		return err == nil && rel != "." && filepath.IsLocal(rel)
	}
	if dir != "" && home != "" && inside(dir, home) && inside(home, bin) {
		return ""
	}
	return dir
}

func (a *app) hookOptions(f *hookFlags) (hook.Options, error) {
	dir, err := filepath.Abs(a.w.abs("."))
	if err != nil {
		return hook.Options{}, fmt.Errorf("find the current folder: %w", err)
	}
	opts := hook.Options{
		Runner:      hook.Runner{Git: a.w.git(), Env: a.w.env, Dir: dir},
		Hooks:       f.hooks,
		Force:       f.force,
		NoChain:     f.noChain,
		DryRun:      f.dryRun,
		BinExplicit: f.bin != "",
		Now:         a.w.now(),
	}
	switch {
	case f.global:
		opts.Scope = hook.Global
	case f.system:
		opts.Scope = hook.System
	case f.template:
		opts.Scope = hook.Template
	}
	switch f.method.value {
	case "file":
		opts.Method = hook.File
	case "config":
		opts.Method = hook.Config
	}
	if f.bin != "" {
		opts.Bin, err = filepath.Abs(a.w.abs(f.bin))
	} else {
		opts.Bin, err = a.w.self()
	}
	if err != nil {
		return opts, scanner.WithHint(err, "give the path of cork with --bin")
	}
	opts.TempDir = tempDir(a.w.tempDir, a.w.getenv("HOME"), opts.Bin)
	return opts, nil
}

// printHookReport prints what was done, and how things stand, on standard
// output.
func (a *app) printHookReport(f *hookFlags, rep *hook.Report) {
	paint := a.w.painter(a.color, a.w.stdoutTerminal)
	if paint == nil {
		paint = func(_ report.Role, text string) string { return text }
	}
	line := func(text string) { fmt.Fprintln(a.out, report.Printable(text)) }
	for _, action := range rep.Actions {
		line(action)
	}
	if !f.status && !rep.Changed() {
		if f.uninstall {
			line("nothing to remove: no hook of cork's is installed")
		} else {
			line("already installed: nothing to change")
		}
	}
	for _, h := range rep.Hooks {
		role := report.Good
		switch h.Verdict {
		case hook.WillNotRun:
			role = report.Plain
			if f.status && len(f.hooks) > 0 {
				role = report.Bad
			}
		case hook.Unknown:
			role = report.Plain
		}
		fmt.Fprintf(a.out, "%-17s %s  %s\n", h.Name, paint(role, fmt.Sprintf("%-12s", h.Verdict)), report.Printable(h.Why))
	}
	for _, note := range rep.Notes {
		fmt.Fprintf(a.out, "%s %s\n", paint(report.Faint, "note:"), report.Printable(note))
	}
	if f.status {
		a.code = statusCode(f, rep)
	}
}

// statusCode is exitError if git will not run cork in one of the hooks that
// were named, or without names in one of those that are installed by default.
func statusCode(f *hookFlags, rep *hook.Report) int {
	for _, h := range rep.Hooks {
		wanted := len(f.hooks) > 0 || h.Name == "pre-commit" || h.Name == "pre-push"
		if wanted && h.Verdict == hook.WillNotRun {
			return exitError
		}
	}
	return exitClean
}
