package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git"
	"github.com/cork-scanner/cork/scanner/report"
)

func baselineCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "baseline COMMAND",
		Short: "Accept what is there already, and report what is new",
		Long: `A baseline is a list of findings that are there already and are not reported
again: the file .cork-baseline at the root of the repository, which every scan
reads. It is text, a line for each finding: its fingerprint, its path, how it is
recognised after a rename, and a reason. It holds no line numbers and no times,
so it changes only when a finding comes or goes, and it holds nothing that a
password could be guessed with.

Commit it. For merges without conflicts, add to .gitattributes:
  .cork-baseline merge=union

No hook and no scan ever writes it: only these commands do.`,
		Example: `  cork baseline create --reason 'there before Cork'
  cork baseline update --reason 'accepted by the security team'
  cork baseline prune              # drop what is not found any more
  cork baseline show`,
		Annotations:           map[string]string{exitAnnotation: exitShown},
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError(cmd, "what to do with the baseline is missing: create, update, prune or show")
		},
	}
	addCommands(cmd, baselineCreateCommand(a), baselineUpdateCommand(a), baselinePruneCommand(a), baselineShowCommand(a))
	return cmd
}

// exitWritten is the part about exit codes of the help of commands that scan
// and write a file.
const exitWritten = `  0    done
  2    nothing was written: the scan could not complete, or usage,
       configuration or the file is wrong
  130  interrupted, nothing was written`

// baselineFlags are the flags of the commands about the baseline.
type baselineFlags struct {
	scan    *scanFlags
	file    string
	history bool
	reason  string
	writing bool // what is found is taken in
}

func newBaselineFlags() *baselineFlags {
	f := &baselineFlags{scan: new(scanFlags)}
	f.scan.add(pflag.NewFlagSet("", pflag.ContinueOnError)) // defaults of all that is not offered
	return f
}

func (f *baselineFlags) add(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&f.file, "baseline", "", "the baseline is `FILE`, not .cork-baseline at the repository's root")
	flags.BoolVar(&f.history, "history", false, "look into the whole history as well, not only at the files as they are")
	flags.StringVar(&f.scan.config, "config", "", "read `FILE` instead of .cork.toml, at the root and in folders")
	flags.BoolVar(&f.scan.noInline, "no-inline", false, "take in what comments allow as well")
	flags.Var(f.scan.minConfidence, "min-confidence", "take in what is at least so likely to be real (default: what the configuration says, or medium)")
	flags.IntVar(&f.scan.workers, "workers", 0, "scan `N` files at the same time (default: one for each processor)")
	flags.Var(f.scan.engine, "engine", "read the repository with git, or with go-git; auto: with git where there is one")
	flags.BoolVar(&f.scan.trustRepo, "trust-repo", false, "read a repository that another user owns")
}

// addWriting adds the flags of the commands that take findings in.
func (f *baselineFlags) addWriting(flags *pflag.FlagSet) {
	f.writing = true
	flags.StringVar(&f.reason, "reason", "", "why what is new is accepted, a line of `TEXT`")
	flags.BoolVar(&f.scan.allowIncomplete, "allow-incomplete", false, "write it even if a file or object could not be read")
}

func (f *baselineFlags) check(cmd *cobra.Command) error {
	if strings.ContainsAny(f.reason, "\n\r") {
		return usageError(cmd, "--reason is one line of text")
	}
	if err := checkReason(cmd.Context(), f.reason); err != nil {
		return err
	}
	return f.scan.check(cmd)
}

// checkReason returns an error if there is a secret in a reason, which is written to
// a file that is committed.
func checkReason(ctx context.Context, reason string) error {
	if reason == "" {
		return nil
	}
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		return err
	}
	for range scanner.New(set, scanner.Options{Workers: 1, NoInline: true}).Scan(ctx, oneBlob("reason", reason), nil) {
		return errSecretReason()
	}
	return nil
}

func errSecretReason() error {
	return scanner.WithHint(errors.New("--reason holds what looks like a secret, and is written to a file that is committed"), "nothing was written: give a reason without it")
}

func baselineCreateCommand(a *app) *cobra.Command {
	f := newBaselineFlags()
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Write a baseline of all that is found now",
		Long: `Scan the files of the work tree, and write all that is found and not allowed
otherwise to a baseline. There must be none: "cork baseline update" adds to one.`,
		Example: `  cork baseline create --reason 'there before Cork'
  cork baseline create --history     # also what only the history holds`,
		Annotations: map[string]string{exitAnnotation: exitWritten},
		Args:        noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.baseline(cmd, f, func(ctx context.Context, at *baselineAt) error {
				if _, err := os.Lstat(at.path); err == nil {
					return at.exists()
				}
				found, err := a.lookFor(ctx, f, at, nil)
				if err != nil {
					return err
				}
				return a.writeBaseline(ctx, at, func(current *scanner.Baseline) ([]scanner.BaselineEntry, string, error) {
					if current != nil {
						return nil, "", at.exists()
					}
					return found.added, plural(len(found.added), "finding") + " in it", nil
				})
			})
		},
	}
	f.add(cmd.Flags())
	f.addWriting(cmd.Flags())
	return cmd
}

func baselineUpdateCommand(a *app) *cobra.Command {
	f := newBaselineFlags()
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Add what is found now to the baseline",
		Long: `Scan the files of the work tree, and add what is found to the baseline. What is
in it stays, with its reason; of a file that was renamed the new name is
written.`,
		Example: `  cork baseline update --reason 'accepted until the end of the year'
  cork baseline update --history`,
		Annotations: map[string]string{exitAnnotation: exitWritten},
		Args:        noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.baseline(cmd, f, func(ctx context.Context, at *baselineAt) error {
				known, err := at.read()
				if err != nil {
					return err
				}
				found, err := a.lookFor(ctx, f, at, known)
				if err != nil {
					return err
				}
				return a.writeBaseline(ctx, at, func(current *scanner.Baseline) ([]scanner.BaselineEntry, string, error) {
					if current == nil {
						return nil, "", at.missing()
					}
					entries, added, moved := updated(current, found)
					what := fmt.Sprintf("%s added", plural(added, "finding"))
					if moved > 0 {
						what += fmt.Sprintf(", %d in files that were renamed", moved)
					}
					return entries, what, nil
				})
			})
		},
	}
	f.add(cmd.Flags())
	f.addWriting(cmd.Flags())
	return cmd
}

// updated returns the entries of a baseline with what was found.
func updated(current *scanner.Baseline, found *lookedFor) (entries []scanner.BaselineEntry, added, moved int) {
	entries = current.Entries()
	at := make(map[string]int)
	for i := range entries {
		if _, ok := at[entries[i].Fingerprint]; !ok {
			at[entries[i].Fingerprint] = i
		}
	}
	for old, now := range found.moved {
		i, ok := at[old]
		if _, there := at[now.Fingerprint]; !ok || there {
			continue
		}
		now.Reason = entries[i].Reason
		entries[i] = now
		moved++
	}
	for print := range found.again {
		if i, ok := at[print]; ok && entries[i].History {
			e := found.again[print]
			e.Reason = entries[i].Reason
			entries[i] = e
		}
	}
	for _, e := range found.added {
		if _, ok := at[e.Fingerprint]; !ok {
			entries = append(entries, e)
			added++
		}
	}
	return entries, added, moved
}

func baselinePruneCommand(a *app) *cobra.Command {
	f := newBaselineFlags()
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Drop from the baseline what is not found any more",
		Long: `Scan the files of the work tree, and take out of the baseline what is not found
any more. What only the history holds stays, unless --history looks there too.
Nothing is taken out unless everything could be read and is checked out.`,
		Example: `  cork baseline prune
  cork baseline prune --history`,
		Annotations: map[string]string{exitAnnotation: exitWritten},
		Args:        noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.baseline(cmd, f, func(ctx context.Context, at *baselineAt) error {
				known, err := at.read()
				if err != nil {
					return err
				}
				if _, err := a.lookFor(ctx, f, at, known); err != nil {
					return err
				}
				drop := make(map[string]bool)
				for _, e := range known.Unused(false) {
					drop[e.Fingerprint] = true
				}
				if len(drop) > 0 && at.sparse() {
					return scanner.WithHint(errors.New("files of this repository are not checked out, so what is in them was not looked for"),
						"nothing was changed; check them out: git sparse-checkout disable")
				}
				if f.history {
					for _, e := range known.Unused(true) {
						drop[e.Fingerprint] = true
					}
				}
				return a.writeBaseline(ctx, at, func(current *scanner.Baseline) ([]scanner.BaselineEntry, string, error) {
					if current == nil {
						return nil, "", at.missing()
					}
					entries := current.Entries()
					left := slices.DeleteFunc(slices.Clone(entries), func(e scanner.BaselineEntry) bool { return drop[e.Fingerprint] })
					return left, plural(len(entries)-len(left), "finding") + " taken out", nil
				})
			})
		},
	}
	f.add(cmd.Flags())
	return cmd
}

func baselineShowCommand(a *app) *cobra.Command {
	f := newBaselineFlags()
	var strict bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "List the baseline, and what is still there",
		Long: `Scan the files of the work tree, and list the baseline with what became of each
entry: "found", "moved" to a file of another name, "gone", or "history" of what
only the history holds, if --history does not look there.`,
		Example: `  cork baseline show
  cork baseline show --history --strict   # exit 1 if there is anything to prune`,
		Annotations: map[string]string{exitAnnotation: `  0    done
  1    an entry is not found any more, and --strict was given
  2    the scan could not complete, or usage, configuration or the file is
       wrong
  130  interrupted`},
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.baseline(cmd, f, func(ctx context.Context, at *baselineAt) error {
				known, err := at.read()
				if err != nil {
					return err
				}
				found, err := a.lookFor(ctx, f, at, known)
				if err != nil {
					return err
				}
				return a.showBaseline(cmd, f, at, known, found, strict)
			})
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().BoolVar(&strict, "strict", false, "exit 1 if an entry is not found any more")
	return cmd
}

func (a *app) showBaseline(cmd *cobra.Command, f *baselineFlags, at *baselineAt, known *scanner.Baseline, found *lookedFor, strict bool) error {
	gone := make(map[string]bool)
	for _, e := range known.Unused(false) {
		gone[e.Fingerprint] = true
	}
	historyOnly := make(map[string]bool)
	for _, e := range known.Unused(true) {
		historyOnly[e.Fingerprint] = true
	}
	entries := known.Entries()
	slices.SortStableFunc(entries, func(x, y scanner.BaselineEntry) int { return strings.Compare(x.Fingerprint, y.Fingerprint) })
	entries = slices.CompactFunc(entries, func(x, y scanner.BaselineEntry) bool { return x.Fingerprint == y.Fingerprint })
	var out strings.Builder
	count := 0
	for i := range entries {
		e := &entries[i]
		status, path := "found", report.DisplayPath(e.Path)
		now, moved := found.moved[e.Fingerprint]
		switch {
		case moved:
			status, path = "moved", path+" -> "+report.DisplayPath(now.Path)
		case gone[e.Fingerprint], historyOnly[e.Fingerprint] && f.history:
			status = "gone"
			count++
		case historyOnly[e.Fingerprint]:
			status = "history"
		}
		fmt.Fprintf(&out, "%-7s  %s  %s", status, e.Fingerprint, a.masker.Mask(path))
		if e.Reason != "" {
			fmt.Fprintf(&out, "  (%s)", report.Printable(a.masker.Mask(e.Reason)))
		}
		out.WriteByte('\n')
	}
	if _, err := fmt.Fprint(cmd.OutOrStdout(), out.String()); err != nil {
		return err
	}
	a.say("%s: %s, %d not found any more", at.display, plural(len(entries), "finding"), count)
	if count > 0 && at.sparse() {
		a.hint("to look for them in the files that are not checked out: git sparse-checkout disable")
	} else if count > 0 {
		a.hint("take them out: " + at.command("prune"))
	}
	if count > 0 && strict {
		a.code = exitFound
	}
	return nil
}

// sparse reports whether only a part of the files is checked out.
func (a *app) sparse(ctx context.Context, repo *git.Repository) bool {
	if repo == nil || repo.Root() == "" {
		return false
	}
	settings, err := repo.Settings(ctx, a.w.env, "core", nil)
	values := settings["sparsecheckout"]
	return err == nil && len(values) > 0 && values[len(values)-1] == "true"
}

// baselineAt is where a baseline is.
type baselineAt struct {
	path    string // absolute, without symbolic links
	display string
	flag    string // as --baseline gave it; "" if it did not
	gone    func(string, *scanner.Commit) bool
	root    string // of the work tree; "" if there is none
	sparse  func() bool
}

// command returns what to type for another command about the same baseline.
func (at *baselineAt) command(name string) string {
	command := "cork baseline " + name
	if quoted, ok := shellQuote(at.flag); ok {
		command += " --baseline " + quoted
	}
	return command
}

func (at *baselineAt) exists() error {
	return scanner.WithHint(fmt.Errorf("there is a baseline already: %s", at.display), "add what is new to it: "+at.command("update"))
}

func (at *baselineAt) missing() error {
	return scanner.WithHint(fmt.Errorf("there is no baseline %s", at.display), "make one: "+at.command("create"))
}

// load reads the baseline; nil if there is none.
func (at *baselineAt) load() (*scanner.Baseline, error) {
	data, err := readRegular(at.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the baseline %s: %w", at.display, unwrapPath(err))
	}
	b, err := scanner.ParseBaseline(at.display, data)
	if err != nil {
		return nil, scanner.WithHint(err, fmt.Sprintf("nothing was changed: edit %s and try again", at.display))
	}
	b.Gone = at.gone
	return b, nil
}

// read reads the baseline, which must be there.
func (at *baselineAt) read() (*scanner.Baseline, error) {
	b, err := at.load()
	if err == nil && b == nil {
		err = at.missing()
	}
	return b, err
}

// baseline finds out where the baseline is and calls do.
func (a *app) baseline(cmd *cobra.Command, f *baselineFlags, do func(context.Context, *baselineAt) error) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	ctx := cmd.Context()
	repo, err := a.openRepository(ctx, f.scan, a.w.dir, false)
	if err != nil {
		return err
	}
	at := &baselineAt{flag: f.file, root: repo.Root(), gone: goneFrom(ctx, repo)}
	at.sparse = func() bool { return a.sparse(ctx, repo) }
	defer repo.Close() // it was read only
	switch {
	case f.file != "":
		at.path, at.display = a.w.abs(f.file), report.DisplayPath(f.file)
	case at.root == "":
		return scanner.WithHint(errors.New("this repository is bare: it has no root where a baseline could be"), "give a file: --baseline FILE")
	default:
		at.path, at.display = filepath.Join(at.root, scanner.BaselineName), scanner.BaselineName
		// What a link leads to outside of the repository is not written either.
		if _, err := readBelow(at.root, scanner.BaselineName); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return scanner.WithHint(fmt.Errorf("read the baseline %s: %w", at.display, unwrapPath(err)), "nothing was changed: move it away, or give another file: --baseline FILE")
		}
	}
	if at.root == "" && !f.history {
		return scanner.WithHint(errors.New("this repository is bare: it has no files"), "take the history: --history")
	}
	if at.path, err = filepath.Abs(at.path); err != nil {
		return fmt.Errorf("find the baseline %s: %w", at.display, err)
	}
	// The file that a symbolic link leads to is replaced, not the link.
	if target, err := filepath.EvalSymlinks(at.path); err == nil {
		at.path = target
	}
	return do(ctx, at)
}

// goneFrom reports whether there is no file at a path of the repository: in a commit,
// or, if that is nil, in the work tree, or at HEAD where there is none.
func goneFrom(ctx context.Context, repo *git.Repository) func(path string, c *scanner.Commit) bool {
	if repo == nil {
		return nil
	}
	return func(path string, c *scanner.Commit) bool {
		there := func(name string) bool {
			var err error
			switch {
			case c != nil:
				_, err = repo.FileAt(ctx, c.ID, name)
			case repo.Root() == "":
				_, err = repo.FileAt(ctx, "HEAD", name)
			default:
				_, err = os.Lstat(filepath.Join(repo.Root(), filepath.FromSlash(name)))
			}
			return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
		}
		archive, _, inside := strings.Cut(path, scanner.EntrySeparator)
		return !there(path) && !(inside && there(archive))
	}
}

// A lookedFor is what was found of a baseline, and beside it.
type lookedFor struct {
	added []scanner.BaselineEntry          // that are not in it, with the reason that was given
	moved map[string]scanner.BaselineEntry // by the old fingerprint, what they are now
	again map[string]scanner.BaselineEntry // by fingerprint, what is found in files
	blobs int                              // and commits, that were read
}

// lookFor scans the files, and the history if that was asked for, with a baseline
// (nil: none), whose entries are marked as used.
func (a *app) lookFor(ctx context.Context, f *baselineFlags, at *baselineAt, known *scanner.Baseline) (*lookedFor, error) {
	found := &lookedFor{moved: make(map[string]scanner.BaselineEntry), again: make(map[string]scanner.BaselineEntry)}
	if known == nil {
		known = scanner.NewBaseline(at.display, nil)
	}
	sf := *f.scan
	sf.known, sf.listSuppressed = known, true
	if at.root != "" {
		p, err := a.planFiles(ctx, &sf, []string{at.root}, false)
		if err != nil {
			return nil, err
		}
		p.source = &belowRoot{p.source, filepath.ToSlash(at.root) + "/"}
		if err := a.collect(ctx, f, p, known, found, false); err != nil {
			return nil, err
		}
	}
	if !f.history {
		return found, nil
	}
	// What was found in the files is in the history most of the time.
	all := scanner.NewBaseline(at.display, slices.Concat(known.Entries(), found.added))
	if len(found.added) == 0 {
		all = known
	}
	sf.known = all
	opts := git.HistoryOptions{Now: a.w.now()}
	if a.progress = a.newProgress(false); a.progress != nil {
		opts.Progress = a.progress.show
	}
	p, err := a.planHistory(ctx, &sf, opts)
	if err != nil {
		return nil, err
	}
	return found, a.collect(ctx, f, p, all, found, true)
}

// collect carries a plan out.
func (a *app) collect(ctx context.Context, f *baselineFlags, p *plan, known *scanner.Baseline, found *lookedFor, history bool) error {
	var sum scanner.Summary
	findings, skipped := p.find(ctx, &sum)
	var all []scanner.Finding
	for finding, err := range findings {
		if err == nil {
			a.masker.AddFinding(&finding)
			all = append(all, finding)
		}
	}
	if p.close != nil {
		if err := p.close(); err != nil && ctx.Err() == nil {
			sum.Errors = append(sum.Errors, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	sum.Errors = append(sum.Errors, skipped()...)
	if !sum.Complete() {
		if !f.writing {
			for i, err := range sum.Errors {
				sum.Errors[i] = withoutAcceptHint(err)
			}
			a.printErrors(sum.Errors)
			return errors.New("not everything could be read, so it is not known what is not found any more")
		}
		a.printErrors(sum.Errors)
		if !f.scan.allowIncomplete || !onlyBlobs(sum.Errors) {
			return errors.New("not everything could be read, so nothing was written")
		}
	}
	found.blobs += sum.Blobs + sum.Cached + sum.Commits
	if found.blobs == 0 && p.nothing != nil && history == f.history {
		return p.nothing
	}
	for _, note := range append(p.notes, sum.IdleComments...) {
		a.say("%s", report.Printable(a.masker.Mask(note)))
	}
	if a.masker.Mask(f.reason) != f.reason {
		return errSecretReason()
	}
	for i := range all {
		finding := &all[i]
		e := scanner.BaselineEntry{Fingerprint: finding.Fingerprint, Path: a.masker.Mask(finding.Location.Path), Reason: f.reason, History: history}
		if !history && e.Path == finding.Location.Path {
			e.Place = finding.BaselinePlace()
		}
		switch {
		case finding.Suppression == nil:
			found.added = append(found.added, e)
		case finding.Suppression.By == scanner.SuppressedBaseline && !history:
			if old, moved, ok := known.Lookup(finding); moved {
				found.moved[old.Fingerprint] = e
			} else if ok {
				found.again[e.Fingerprint] = e
			}
		}
	}
	return nil
}

// belowRoot gives the blobs of a source, which lie below a folder, their paths in
// the repository. It leaves out the lock of another process, which comes and goes.
type belowRoot struct {
	scanner.Source
	prefix string
}

func (s *belowRoot) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		for b, err := range s.Source.Blobs(ctx) {
			b.Path = strings.TrimPrefix(b.Path, s.prefix)
			if err == nil && strings.HasSuffix(b.Path, scanner.BaselineName+lockSuffix) {
				continue
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// writeBaseline makes a baseline of what change makes of the current one (nil: there
// is none). Meanwhile no other process does so: each adds to what the one before it
// wrote.
func (a *app) writeBaseline(ctx context.Context, at *baselineAt, change func(current *scanner.Baseline) (entries []scanner.BaselineEntry, what string, err error)) error {
	lock, err := lockFile(ctx, at.path, at.display)
	if err != nil {
		return err
	}
	defer lock.release()
	current, err := at.load()
	if err != nil {
		return err
	}
	entries, what, err := change(current)
	if err != nil {
		return err
	}
	data := current.WithEntries(entries)
	if old, err := os.ReadFile(at.path); err == nil && string(old) == string(data) {
		a.say("%s is as it should be: %s", at.display, what)
		return nil
	}
	if err := lock.replace(data); err != nil {
		return fmt.Errorf("write the baseline %s: %w", at.display, unwrapPath(err))
	}
	a.say("%s was written: %s", at.display, what)
	if current == nil && at.flag == "" {
		a.hint("commit it: git add " + scanner.BaselineName)
		a.hint("for merges without conflicts: echo '" + scanner.BaselineName + " merge=union' >> .gitattributes")
	}
	return nil
}

// A fileLock is a file beside another one that says that one process alone may
// replace that one now.
type fileLock struct {
	path string // that is replaced
	lock *os.File
}

// lockSuffix is what the name of a lock ends in.
const lockSuffix = ".lock"

// lockFile waits a short while for others.
func lockFile(ctx context.Context, path, display string) (*fileLock, error) {
	const (
		tries = 40
		pause = 50 * time.Millisecond
	)
	name := path + lockSuffix
	for i := range tries {
		mode := fs.FileMode(0o666)
		if info, err := os.Stat(path); err == nil {
			mode = info.Mode().Perm()
		}
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err == nil {
			return &fileLock{path, f}, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, scanner.WithHint(fmt.Errorf("write %s: %w", display, unwrapPath(err)), "nothing was changed: make its folder one that you can write to")
		}
		if i == tries-1 {
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
	remove := "rm " + name
	if quoted, ok := shellQuote(name); ok {
		remove = "rm " + quoted
	}
	return nil, scanner.WithHint(fmt.Errorf("another process is changing %s, or was stopped while it did: %s is there", display, report.DisplayPath(filepath.Base(name))),
		"nothing was changed; if no other cork is running: "+remove)
}

// replace puts data in the place of the file, and ends the lock.
func (l *fileLock) replace(data []byte) error {
	_, err := l.lock.Write(data)
	if err = errors.Join(err, l.lock.Close()); err == nil {
		err = os.Rename(l.lock.Name(), l.path)
	}
	if err != nil {
		os.Remove(l.lock.Name())
	}
	l.lock = nil
	return err
}

// release ends the lock, if replace did not.
func (l *fileLock) release() {
	if l.lock == nil {
		return
	}
	l.lock.Close()
	os.Remove(l.lock.Name())
	l.lock = nil
}
