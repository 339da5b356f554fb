package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/report"
)

// allowFlags are the flags of "cork allow".
type allowFlags struct {
	book    bookFlags
	reason  string
	expires string
	paths   []string
	rules   []string
}

func allowCommand(a *app) *cobra.Command {
	f := &allowFlags{book: bookFlags{writes: true}}
	cmd := &cobra.Command{
		Use:   "allow [flags] --reason TEXT [FINGERPRINT...]",
		Short: "Allow what is no secret, in .cork.toml",
		Long: `Write to .cork.toml at the root of the repository that a finding is allowed, and
why. Of a fingerprint six digits are enough: the finding is looked for as by
"cork explain". With --path or --rule, only in these files or of these rules;
without a fingerprint, everything there.

What stands in the file stays as it is, comments too. An entry with the same
reason, paths, rules and date gets the fingerprint, else there is a new one. The
file is read again before it takes the place of the old one.`,
		Example: `  cork allow 00f07d23 --reason 'the password of a container for tests'
  cork allow github-pat:1c2f0f3a --reason 'revoked on 2026-03-02'
  cork allow 00f07d23 --reason 'until the move' --expires 2027-01-01
  cork allow --rule generic-password --path 'testdata/**' --reason 'made up'`,
		Annotations: map[string]string{exitAnnotation: `  0    done
  2    nothing was written: there is no such finding, or usage, configuration
       or the file is wrong
  130  interrupted, nothing was written`},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := f.entry(cmd, args, a.w.now())
			if err != nil {
				return err
			}
			return a.allow(cmd, f, e, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.reason, "reason", "", "why it is no secret, or may stay: a line of `TEXT` (required)")
	flags.StringVar(&f.expires, "expires", "", "the last day on which it is allowed: a `DATE` such as 2027-01-31")
	flags.StringArrayVar(&f.paths, "path", nil, "only in files whose path, relative to the root, matches `GLOB` (can be repeated)")
	flags.StringArrayVar(&f.rules, "rule", nil, "only what the rule `ID` finds (can be repeated)")
	flags.StringVar(&f.book.config, "config", "", "write to `FILE` instead of .cork.toml at the repository's root")
	flags.BoolVar(&f.book.trustRepo, "trust-repo", false, "read a repository that another user owns")
	return cmd
}

// entry checks what was typed, but for the fingerprints and the rules.
func (f *allowFlags) entry(cmd *cobra.Command, args []string, now time.Time) (e scanner.AllowEntry, err error) {
	e = scanner.AllowEntry{Reason: strings.TrimSpace(f.reason), Paths: f.paths, Rules: f.rules}
	switch {
	case e.Reason == "":
		return e, usageError(cmd, "--reason is missing: say why this is no secret, or may stay")
	case strings.ContainsAny(e.Reason, "\n\r"):
		return e, usageError(cmd, "--reason is one line of text")
	case len(args)+len(f.paths)+len(f.rules) == 0:
		return e, usageError(cmd, "what to allow is missing: a fingerprint, --path or --rule")
	}
	if err := checkReason(cmd.Context(), e.Reason); err != nil {
		return e, err
	}
	if f.expires != "" {
		e.Expires, err = time.ParseInLocation(time.DateOnly, f.expires, now.Location())
		if err != nil {
			return e, scanner.WithHint(fmt.Errorf("--expires %q is no date", f.expires), "give a day: --expires "+now.AddDate(0, 3, 0).Format(time.DateOnly))
		}
		if f.expires < now.Format(time.DateOnly) {
			return e, scanner.WithHint(fmt.Errorf("--expires %s is over, so the entry would not be applied", f.expires), "give a day that is to come: --expires "+now.AddDate(0, 3, 0).Format(time.DateOnly))
		}
	}
	return e, nil
}

// allow writes the entry, with the fingerprints that the arguments name.
func (a *app) allow(cmd *cobra.Command, f *allowFlags, e scanner.AllowEntry, args []string) error {
	ctx := cmd.Context()
	dir, err := a.workDir()
	if err != nil {
		return err
	}
	book, err := a.openBook(ctx, &f.book, dir)
	if err != nil {
		return err
	}
	path, display := a.w.abs(f.book.config), report.DisplayPath(f.book.config)
	switch {
	case f.book.config != "":
	case book.root == "":
		return scanner.WithHint(errors.New("there is no work tree with a .cork.toml here"), "change to a folder inside a repository, or give a file: --config FILE")
	default:
		path, display = filepath.Join(book.root, configName), configName
	}
	for _, id := range e.Rules {
		r, err := book.find(id)
		if err != nil {
			return err
		}
		file := r.Source[:max(0, strings.LastIndexByte(r.Source, ':'))] // with a line behind it
		if r.state == stateNew && file != f.book.config && filepath.Base(file) != configName {
			return scanner.WithHint(fmt.Errorf("the rule %q is of %s, and %s can speak of its own rules alone", id, report.DisplayPath(file), display),
				"allow the findings by their fingerprints, or make the rule Cork's own first: cork import")
		}
	}
	for _, arg := range args {
		print, err := a.fingerprintOf(ctx, f, book, dir, arg)
		if err != nil {
			return err
		}
		rule, _, _ := strings.Cut(print, ":")
		if len(e.Rules) > 0 && !slices.Contains(e.Rules, rule) {
			return usageError(cmd, "%s is a finding of the rule %s, so with --rule %s nothing would be allowed", print, rule, strings.Join(e.Rules, " --rule "))
		}
		if !slices.Contains(e.Fingerprints, print) {
			e.Fingerprints = append(e.Fingerprints, print)
		}
	}
	return a.writeAllow(ctx, path, display, e)
}

// fingerprintOf returns the fingerprint that an argument names.
func (a *app) fingerprintOf(ctx context.Context, f *allowFlags, book *ruleBook, dir, arg string) (string, error) {
	part := fingerprintPart().FindStringSubmatch(arg)
	if part == nil {
		return "", scanner.WithHint(fmt.Errorf("%q is no fingerprint", arg), "it is in the report of a finding: a rule's id, a colon and hex digits, of which six are enough")
	}
	if part[1] != "" {
		if _, err := book.find(part[1]); err != nil {
			return "", err
		}
	}
	const whole = 20
	if part[1] != "" && len(part[2]) == whole {
		return arg, nil
	}
	if len(part[2]) < minDigits {
		return "", scanner.WithHint(fmt.Errorf("%q is too little of a fingerprint", arg), fmt.Sprintf("give at least %d of its hex digits", minDigits))
	}
	e := &explanation{app: a, book: book, flags: &f.book, dir: dir, named: arg}
	if err := e.search(ctx); err != nil {
		if ctx.Err() != nil {
			return "", err
		}
		return "", scanner.WithHint(errors.New(err.Error()), "give the whole fingerprint, as the report of the finding has it")
	}
	return e.found[0].Fingerprint, nil
}

// writeAllow adds the entry to a configuration.
func (a *app) writeAllow(ctx context.Context, path, display string, e scanner.AllowEntry) error {
	// The file that a symbolic link leads to is replaced, not the link.
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	lock, err := lockFile(ctx, path, display)
	if err != nil {
		return err
	}
	defer lock.release()
	data, err := readRegular(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the configuration %s: %w", display, unwrapPath(err))
	}
	edited, line, err := scanner.AddAllow(display, data, e, rules.Builtin(), a.w.now())
	if err != nil {
		if scanner.HintOf(err) == "" {
			err = scanner.WithHint(err, "nothing was changed")
		}
		return err
	}
	if string(edited) == string(data) {
		a.say("%s:%d allows it already", display, line)
		return nil
	}
	if err := lock.replace(edited); err != nil {
		return fmt.Errorf("write the configuration %s: %w", display, unwrapPath(err))
	}
	a.say("%s:%d allows it from now on", display, line)
	return nil
}
