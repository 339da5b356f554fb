package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git"
	"github.com/cork-scanner/cork/scanner/report"
)

// historyFlags are the flags that "cork history" has beside those of every
// scan.
type historyFlags struct {
	since      string
	branches   []string
	not        []string
	noMessages bool
	wholeBlobs bool
	cache      string
	noProgress bool
}

func historyCommand(a *app) *cobra.Command {
	f, h := new(scanFlags), new(historyFlags)
	cmd := &cobra.Command{
		Use:   "history [flags] [REV...]",
		Short: "Find every secret that ever was in the repository",
		Long: `Scan every object of the repository, once: what branches, tags, notes, reflogs
and stashes lead to, and what nothing leads to any more; file contents, names,
and the text of commits and tags. Each secret is reported once, worst first,
with its story: which commit brought it, which one removed it, whether it is
still at HEAD and on which refs, and for how long it was exposed.

With REVs, --branch, --since or --not only what these commits hold is scanned.
REV is a commit, a tag or a range (A..B, ^A), as git spells them.

Submodules are repositories of their own, and are not followed. What is not
here, as in a shallow or partial clone, is counted and named.`,
		Example: `  cork history                          # all there is
  cork history main v1.0                # what these lead to
  cork history --not origin/main        # all but what is there already
  cork history --since 2026-01-31 --branch main
  cork history --cache auto             # again, and read only what is new since
  cork history --format json | jq '.findings[] | select(.at_head)'`,
		Annotations:           map[string]string{exitAnnotation: exitStatus},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts, err := h.options(cmd, args, a.w.now())
			if err != nil {
				return err
			}
			if opts.Cache, err = h.cacheOptions(cmd, a.w); err != nil {
				return err
			}
			a.progress = a.newProgress(h.noProgress)
			if a.progress != nil {
				opts.Progress = a.progress.show
			}
			return a.scan(cmd.Context(), cmd, f, func(ctx context.Context) (*plan, error) {
				return a.planHistory(ctx, f, opts)
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&h.since, "since", "", "only what commits of this `DATE` and later hold: 2026-01-31, or 2026-01-31T12:00:00Z")
	flags.StringArrayVar(&h.branches, "branch", nil, "only what the branch `NAME` leads to (can be repeated)")
	flags.StringArrayVar(&h.not, "not", nil, "nothing that `REV` leads to (can be repeated)")
	flags.BoolVar(&h.noMessages, "no-messages", false, "do not scan the text of commits and tags")
	flags.BoolVar(&h.wholeBlobs, "whole-blobs", false, "scan every version of every file in full; finds the same, and takes longer")
	flags.StringVar(&h.cache, "cache", "", "remember in the folder `DIR` what was scanned and had nothing in it, and do not scan it again; auto: in the folder for caches of this user")
	flags.BoolVar(&h.noProgress, "no-progress", false, "do not show on the terminal how far the scan is")
	f.add(flags)
	return cmd
}

// options returns what was typed as package git takes it.
func (h *historyFlags) options(cmd *cobra.Command, args []string, now time.Time) (git.HistoryOptions, error) {
	opts := git.HistoryOptions{
		Revs:       args,
		Branches:   h.branches,
		Not:        h.not,
		NoMessages: h.noMessages,
		WholeBlobs: h.wholeBlobs,
		Now:        now,
	}
	if cmd.Flags().Changed("since") {
		var err error
		if opts.Since, err = parseSince(h.since, now.Location()); err != nil {
			return opts, err
		}
	}
	if slices.Contains(h.branches, "") {
		return opts, usageError(cmd, "--branch is empty")
	}
	return opts, nil
}

// cacheOptions returns where to remember what was scanned; nil: nowhere.
func (h *historyFlags) cacheOptions(cmd *cobra.Command, w *world) (*git.HistoryCache, error) {
	switch {
	case !cmd.Flags().Changed("cache"):
		return nil, nil
	case h.cache == "":
		return nil, usageError(cmd, "--cache is empty")
	case h.wholeBlobs:
		return nil, usageError(cmd, "--whole-blobs scans every version in full, and with --cache some would not be scanned")
	}
	dir := w.abs(h.cache)
	if h.cache == "auto" {
		base, err := w.cacheDir()
		if err != nil {
			return nil, scanner.WithHint(err, "give a folder: --cache DIR")
		}
		dir = filepath.Join(base, "cork")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the cache %q: %w", h.cache, err)
	}
	name, err := engine()
	if err != nil {
		return nil, scanner.WithHint(fmt.Errorf("read this program, for a cache is good for one version of it: %w", err), "scan without --cache")
	}
	return &git.HistoryCache{Dir: dir, Engine: name}, nil
}

// engine names this version of the program: two of the same name find the same.
// The number of the version does not tell apart what was built in between, so
// the program itself has a part in it.
func engine() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %x", version, h.Sum(nil)), nil
}

// parseSince reads a day or a point in time. A day begins where the program
// runs.
func parseSince(s string, here *time.Location) (time.Time, error) {
	if t, err := time.ParseInLocation(time.DateOnly, s, here); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.Time{}, scanner.WithHint(fmt.Errorf("--since %q is no date that cork reads", s),
		"give a day (2026-01-31) or a time (2026-01-31T12:00:00Z); git reads more kinds: --since \"$(date -I -d '2 weeks ago')\"")
}

// planHistory plans an audit.
func (a *app) planHistory(ctx context.Context, f *scanFlags, opts git.HistoryOptions) (*plan, error) {
	builtin := compileBuiltin()
	repo, err := a.openRepository(ctx, f, a.w.dir, false)
	if err != nil {
		return nil, err
	}
	p, err := a.planWith(ctx, f, repo, where(repo), builtin)
	if err != nil {
		return nil, errors.Join(err, repo.Close())
	}
	opts.Workers = f.workers
	h, err := repo.History(ctx, opts)
	if err != nil {
		return nil, errors.Join(err, repo.Close())
	}
	p.audit, p.stories, p.skipped = h.Scan, true, skippedKinds
	p.explain, p.after = explainHistory, append(p.after, h.Notes)
	if len(opts.Revs)+len(opts.Not)+len(opts.Branches) == 0 && opts.Since.IsZero() {
		if f.everything() && !opts.NoMessages {
			p.whole = wholeHistory
		}
		p.nothing = scanner.WithHint(errors.New("nothing was scanned: this repository has no commits, and no files in its object store"),
			"fetch or commit something first; to scan files as they are on disk: cork files .")
	}
	p.idle = "there is nothing in that range, so nothing was scanned"
	p.idleHint = "to scan all there is: cork history"
	return p, nil
}

// storyHints says what to do about secrets, by where they still are.
func storyHints(t *report.Tally) []string {
	if t == nil {
		return nil
	}
	hints := []string{"revoke them all: what was in a repository has been read"}
	if t.AtHead > 0 {
		hints[0] = "take those at HEAD out, and " + hints[0]
	}
	if t.AtHead+t.History > 0 {
		hints = append(hints, "to rewrite the history without them: git filter-repo --replace-text FILE (old clones keep them)")
	}
	if t.NoRef > 0 {
		hints = append(hints, "what no ref leads to stays until: git stash drop, git reflog expire --expire=now --all, git gc --prune=now")
	}
	return hints
}
