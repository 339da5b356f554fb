package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/ci"
	"github.com/cork-scanner/cork/scanner/compat"
	"github.com/cork-scanner/cork/scanner/git"
	"github.com/cork-scanner/cork/scanner/report"
)

// ciFlags are the flags that "cork ci" has beside those of every scan.
type ciFlags struct {
	base, head string
	mode       *choice
	fetch      bool

	noInlineGiven bool
}

// The modes of "cork ci".
const (
	modeAuto    = "auto"
	modeCommits = "commits"
	modeNetDiff = "net-diff"
)

func ciCommand(a *app) *cobra.Command {
	f, c := new(scanFlags), new(ciFlags)
	c.mode = newChoice(modeAuto, modeAuto, modeCommits, modeNetDiff)
	cmd := &cobra.Command{
		Use:   "ci [flags]",
		Short: "Scan a pull request or a push, in CI",
		Long: `Scan every commit that a pull request or a push brings, merges and messages
included, and its net effect. A secret is reported once for each path, and it is
said whether it is in the net result or was removed again, or is in the base as
well: then it is still in the commits, and has to be revoked all the same.

What is compared is told by --base and --head, else by the environment of the
CI: GitHub Actions, GitLab, Azure Pipelines, Bitbucket Pipelines, CircleCI,
Buildkite, Travis CI, Drone, Woodpecker, Jenkins. Where that does not say it,
cork ci fails and says what to pass: it never takes the last commit, or all of
history, in its place.

In a shallow clone, where commits of the range are missing, it scans the net
effect and says so if HEAD is the merge that the CI has made of base and head;
else it fails and names the setting. --fetch gets what is missing.

.cork.toml is read from the head that is scanned, and it is said if the range
changes it. If a pull request comes from a fork (or may), and in
pull_request_target, it is read from the base, and comments that allow secrets
do not count unless --no-inline=false is given.

In GitHub Actions findings are annotations and a step summary too, in Azure
Pipelines issues of the log. No token is needed.`,
		Example: `  cork ci                              # in CI
  cork ci --base origin/main           # anywhere: what HEAD adds to main
  cork ci --base v1.0 --head v1.1
  cork ci --mode net-diff              # the outcome alone, not each commit
  cork ci --fetch                      # get what a shallow clone lacks`,
		Annotations: map[string]string{exitAnnotation: exitStatus},
		Args:        noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, rev := range []struct{ flag, value string }{{"base", c.base}, {"head", c.head}} {
				if cmd.Flags().Changed(rev.flag) && (rev.value == "" || rev.value[0] == '-') {
					return usageError(cmd, "--%s is %q, which is no revision", rev.flag, rev.value)
				}
			}
			if err := a.checkLinks(cmd, f); err != nil {
				return err
			}
			f.annotate = true
			c.noInlineGiven = cmd.Flags().Changed("no-inline")
			return a.scan(cmd.Context(), cmd, f, func(ctx context.Context) (*plan, error) {
				return a.planCI(ctx, f, c)
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&c.base, "base", "", "compare with `REV`: a branch, a tag or a commit (default: what the CI says)")
	flags.StringVar(&c.head, "head", "", "scan what `REV` adds to the base (default: what the CI says, or HEAD)")
	flags.Var(c.mode, "mode", "scan commits and net effect, or the net effect alone; auto: commits if all are here")
	flags.BoolVar(&c.fetch, "fetch", false, "fetch what a shallow or partial clone lacks (git fetch, with the credentials that it has)")
	f.add(flags)
	return cmd
}

// checkLinks refuses to write reports through symbolic links below the current
// folder, or the checkout that it lies in: whoever wrote what is checked out would
// say which files of the machine are replaced.
func (a *app) checkLinks(cmd *cobra.Command, f *scanFlags) error {
	files := []string{f.output}
	for _, r := range f.reports {
		files = append(files, r.file)
	}
	here, err := filepath.Abs(a.w.abs("."))
	if err != nil {
		return err
	}
	top := checkoutOf(here)
	for _, file := range files {
		if file == "" || file == "-" {
			continue
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(here, file)
		}
		rel, err := filepath.Rel(top, file)
		if err != nil {
			continue // on another volume
		}
		at := top
		for part := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
			if part == ".." {
				break // it leads out of the folder by itself
			}
			at = filepath.Join(at, part)
			if info, err := os.Lstat(at); err == nil && info.Mode()&os.ModeSymlink != 0 {
				return usageError(cmd, "%s is a symbolic link, through which cork ci writes no report", report.DisplayPath(at))
			}
		}
	}
	return nil
}

// checkoutOf returns the closest folder above dir, or dir, that has a .git; dir if
// there is none.
func checkoutOf(dir string) string {
	for at := dir; ; {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at
		}
		up := filepath.Dir(at)
		if up == at {
			return dir
		}
		at = up
	}
}

// A ciRange is what "cork ci" scans.
type ciRange struct {
	app  *app
	repo *git.Repository
	job  *ci.Job
	c    *ciFlags

	base, head string // ids of commits
	headName   string // what names the head: a tag brings its message
	span       git.Span

	// merged are the parents of HEAD if that is the merge of the head that the CI
	// has made: the base and the head. Else there are none.
	merged  []string
	mergeID string // of HEAD, then

	trusted string // the commit to read the configuration from if the head is untrusted

	notes    []string
	warnings []string // notes that must not be overlooked
}

// planCI plans the scan of a pull request or a push.
func (a *app) planCI(ctx context.Context, f *scanFlags, c *ciFlags) (*plan, error) {
	job, err := a.ciJob(c)
	if err != nil {
		return nil, err
	}
	if job.Nothing != "" {
		p, err := a.planRepository(ctx, f, false, func(*git.Repository) scanner.Source { return noBlobs{} })
		if p != nil {
			p.idle = job.Nothing + ", so there is nothing to scan"
		}
		return p, err
	}
	builtin := compileBuiltin()
	f.lazyFetch = c.fetch
	repo, err := a.openRepository(ctx, f, a.w.dir, false)
	if err != nil {
		return nil, err
	}
	p, err := a.planRange(ctx, f, &ciRange{app: a, repo: repo, job: job, c: c}, builtin)
	if err != nil {
		return nil, errors.Join(err, repo.Close())
	}
	return p, nil
}

// ciJob returns what the environment says, with the flags in its place where
// they were given.
func (a *app) ciJob(c *ciFlags) (*ci.Job, error) {
	job, err := ci.Detect(a.w.getenv, func(name string) ([]byte, error) { return readRegular(a.w.abs(name)) })
	if errors.Is(err, ci.ErrUnknown) && c.base != "" {
		job, err = new(ci.Job), nil
	}
	if err != nil && c.base != "" && c.head != "" {
		// The flags say what it does not; whose the head is, they do not say.
		job, err = &ci.Job{Untrusted: fmt.Sprintf("%v, so it may come from a fork", err)}, nil
	}
	if err != nil {
		return nil, err
	}
	if c.base != "" || c.head != "" {
		job.Nothing = "" // it was not about these
	}
	if c.base == "" && job.NoBase != nil {
		return nil, job.NoBase
	}
	return job, nil
}

// planRange plans the scan of what is between two commits.
func (a *app) planRange(ctx context.Context, f *scanFlags, r *ciRange, builtin <-chan compiled) (*plan, error) {
	if err := r.resolve(ctx); err != nil {
		return nil, err
	}
	r.describe()
	netOnly, err := r.decide(ctx)
	if err != nil {
		return nil, err
	}
	if r.c.fetch {
		// What cannot be had in one go, git fetches one by one, or says why not.
		if err := r.repo.FetchMissing(ctx, r.base, r.head); err != nil && ctx.Err() != nil {
			return nil, err
		}
	}
	net := r.netOptions(netOnly)
	at := configAt(net.Head)
	if why := r.job.Untrusted; why != "" {
		at = configAt(r.trusted)
		f.untrusted = true
		inline := ""
		if !r.c.noInlineGiven {
			f.noInline = true
			inline = ", and comments that allow secrets do not count (--no-inline=false makes them)"
		}
		r.note("%s: what says how to scan is read from the base, %s%s", why, short(r.trusted), inline)
	}
	p, err := a.planWith(ctx, f, r.repo, at, builtin)
	if err != nil {
		return nil, err
	}
	var changed []string // of the files that say how to scan
	net.OnPath = func(name string) {
		if saysHowToScan(path.Base(name)) {
			changed = append(changed, name)
		}
	}
	sources := []*missingContent{{Source: r.repo.Net(net)}}
	var commits scanner.Source
	if !netOnly {
		sources = append(sources, &missingContent{Source: r.repo.Range(git.RangeOptions{Include: []string{r.headName}, Exclude: []string{r.base}})})
		commits = sources[1]
	}
	p.audit = func(ctx context.Context, s *scanner.Scanner, sum *scanner.Summary) iter.Seq2[scanner.Finding, error] {
		return s.ScanBranch(ctx, commits, sources[0], sum)
	}
	p.skipped = func(*scanner.Summary) []error { return sources[len(sources)-1].errors() }
	p.notes = append(p.notes, r.notes...)
	p.warnings = func() []string { return append(r.warnings, r.changedNote(changed)...) }
	p.mode, p.of = "ci", modeCommits
	p.idle = fmt.Sprintf("every commit of %s is in %s already, so nothing was scanned", short(r.head), short(r.base))
	if netOnly {
		p.of = modeNetDiff
		p.idle = fmt.Sprintf("%s adds nothing to %s, so nothing was scanned", short(net.Head), short(r.base))
	}
	if r.base == r.head {
		p.idle = fmt.Sprintf("base and head are the same commit, %s, so nothing was scanned", short(r.head))
	}
	p.explain = explainHistory
	p.found = "take the secrets out, and revoke them: whoever can read the branch has them, removed again or not"
	p.incomplete = "not all of it could be scanned"
	return p, nil
}

func (r *ciRange) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

func (r *ciRange) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// resolve finds the commits.
func (r *ciRange) resolve(ctx context.Context) error {
	bases, heads := r.job.Base, r.job.Head
	if r.c.base != "" {
		bases = given(r.c.base)
	}
	if r.c.head != "" {
		heads = given(r.c.head)
	}
	if len(heads) == 0 {
		heads = given("HEAD")
	}
	var err error
	if r.head, r.headName, err = r.find(ctx, heads); err != nil {
		return err
	}
	if r.base, _, err = r.find(ctx, bases); err != nil {
		return err
	}
	if err := r.findMerge(ctx); err != nil {
		return err
	}
	if r.head == "" {
		return r.missing("head", heads)
	}
	if r.base == "" && r.merged != nil && r.c.base == "" {
		r.base = r.merged[0] // the tip of the target, as it was when the CI merged
	}
	if r.base == "" {
		return r.missing("base", bases)
	}
	if r.job.Untrusted == "" {
		return nil
	}
	// What --base names may be a commit of the fork.
	if len(r.job.Base) == 0 {
		r.trusted = r.base
	} else if r.trusted, _, err = r.find(ctx, r.job.Base); err != nil {
		return err
	}
	if r.trusted == "" && r.merged != nil {
		r.trusted = r.merged[0]
	}
	if r.trusted == "" {
		return r.missing("base", r.job.Base)
	}
	return nil
}

// describe says what is scanned, where that was not typed.
func (r *ciRange) describe() {
	if r.job.Provider.Name == "" || r.c.base != "" && r.c.head != "" {
		return
	}
	base := short(r.base)
	if r.job.NewBranch && r.c.base == "" {
		base += " (" + strings.TrimPrefix(r.job.Base[0].Name, "refs/remotes/") + ", since there was nothing before)"
	}
	r.note("%s, %s: what %s adds to %s", r.job.Provider.Name, r.job.Kind, short(r.head), base)
}

// given returns the candidate that was typed.
func given(rev string) []ci.Revision {
	branch, ok := strings.CutPrefix(rev, "origin/")
	if !ok || strings.ContainsAny(branch, "~^:@") {
		branch = ""
	}
	return []ci.Revision{{Name: rev, Branch: branch}}
}

// find returns the id of the first candidate that is here, and its name; "" if none
// is. With --fetch the others are fetched first.
func (r *ciRange) find(ctx context.Context, candidates []ci.Revision) (id, name string, err error) {
	names := make([]string, len(candidates))
	for i, rev := range candidates {
		names[i] = rev.Name
	}
	if len(names) == 0 {
		return "", "", nil
	}
	ids, err := r.repo.Commits(ctx, names...)
	if err != nil {
		return "", "", err
	}
	for i, id := range ids {
		if id != "" {
			return id, names[i], nil
		}
	}
	if !r.c.fetch {
		return "", "", nil
	}
	var errs []error
	for _, rev := range candidates {
		opts := git.FetchOptions{Branch: rev.Branch}
		if rev.Branch == "" {
			if !isObjectID(rev.Name) {
				continue
			}
			opts.IDs = []string{rev.Name}
		}
		if err := r.repo.Fetch(ctx, opts); err != nil {
			if ctx.Err() != nil {
				return "", "", err
			}
			errs = append(errs, err)
			continue
		}
		if ids, err = r.repo.Commits(ctx, rev.Name); err != nil || ids[0] != "" {
			return ids[0], rev.Name, err
		}
	}
	return "", "", errors.Join(errs...)
}

// findMerge finds out whether HEAD is the merge that the CI has made of the head.
func (r *ciRange) findMerge(ctx context.Context) error {
	if !r.job.Merged || r.head == "" {
		return nil
	}
	ids, err := r.repo.Commits(ctx, "HEAD")
	if err != nil || ids[0] == "" || ids[0] == r.head {
		return err
	}
	parents, err := r.repo.Parents(ctx, ids[0])
	if err != nil {
		return err
	}
	if len(parents) == 2 && parents[1] == r.head {
		r.merged, r.mergeID = parents, ids[0]
	}
	return nil
}

// missing is the error for a commit that is not here.
func (r *ciRange) missing(what string, candidates []ci.Revision) error {
	var names []string
	for _, rev := range candidates {
		names = append(names, report.DisplayPath(strings.TrimPrefix(rev.Name, "refs/remotes/")))
	}
	err := fmt.Errorf("the %s, %s, is not in this clone", what, strings.Join(names, " or "))
	why := "git branch --all lists what is here"
	if slices.ContainsFunc(candidates, func(rev ci.Revision) bool { return isObjectID(rev.Name) }) {
		why = "a force push may have left it behind"
	}
	return scanner.WithHint(err, r.wayOut(why, slices.Contains(names, other)))
}

// other is what can mostly be compared with instead.
const other = "origin/main"

// wayOut says how to get commits that are not here. tried says that other is one of
// them.
func (r *ciRange) wayOut(why string, tried bool) string {
	shallow, err := r.repo.Shallow()
	var ways []string
	if shallow || err != nil {
		ways = append(ways, r.fullHistory())
	} else {
		ways = append(ways, why)
	}
	if !r.c.fetch {
		ways = append(ways, "to fetch it: cork ci --fetch")
	}
	if !shallow && !tried {
		ways = append(ways, "to compare with something else: cork ci --base "+other)
	}
	return strings.Join(ways, "; ")
}

// fullHistory names the setting that makes a job see all commits.
func (r *ciRange) fullHistory() string {
	if r.job.Provider.Name == "" {
		return "get all history: git fetch --unshallow"
	}
	return fmt.Sprintf("%s: %s", r.job.Provider.Name, r.job.Provider.FullHistory)
}

// decide decides whether the commits are scanned, or the net effect alone.
func (r *ciRange) decide(ctx context.Context) (netOnly bool, err error) {
	mode := r.c.mode.value
	complete, err := r.complete(ctx)
	if err != nil {
		return false, err
	}
	if complete && len(r.span.MergeBases) == 0 {
		r.warn("%s and %s have no commit in common, so all of %s is new", short(r.base), short(r.head), short(r.head))
	}
	switch {
	case complete && mode == modeNetDiff:
		r.note("only the net effect was scanned, as --mode says: not what commits add and remove again")
		return true, nil
	case complete && r.repo.Engine() == git.EngineEmbedded:
		return false, scanner.WithHint(errors.New("the embedded engine does not read commits: this needs git on PATH"),
			"install git, or scan the net effect alone: cork ci --mode net-diff")
	case complete:
		return false, nil
	case mode != modeCommits && r.merged != nil:
		r.warn("shallow clone: only the net effect was scanned, HEAD against its first parent %s; the commits between, and what they add and remove again, were not. To scan them: %s",
			short(r.merged[0]), r.fullHistory())
		return true, nil
	case mode == modeNetDiff:
		r.warn("shallow clone: the merge base is not here, so what was scanned is all that %s has and the base %s has not", short(r.head), short(r.base))
		return true, nil
	}
	hint := r.fullHistory()
	if !r.c.fetch {
		hint += "; or get them now: cork ci --fetch"
	}
	if mode == modeAuto {
		hint += "; or scan the net effect alone: cork ci --mode net-diff"
	}
	return false, scanner.WithHint(fmt.Errorf("shallow clone: commits between %s and %s are not here", short(r.base), short(r.head)), hint)
}

// complete reports whether all commits of the range are here, and with --fetch
// makes it so.
func (r *ciRange) complete(ctx context.Context) (bool, error) {
	// A clone by a CI is mostly 1 to 50 commits deep, a branch mostly shorter
	// than 300: two steps, and then all there is.
	steps := []int{100, 400, -1}
	for {
		var err error
		if r.span, err = r.repo.Span(ctx, r.base, r.head); err != nil {
			return false, err
		}
		if !r.span.Cut {
			return true, nil
		}
		if !r.c.fetch || len(steps) == 0 {
			return false, nil
		}
		opts := git.FetchOptions{IDs: []string{r.base, r.head}, Deepen: steps[0]}
		if steps[0] < 0 {
			opts = git.FetchOptions{Unshallow: true}
		}
		steps = steps[1:]
		if err := r.repo.Fetch(ctx, opts); err != nil {
			return false, err
		}
	}
}

// netOptions returns what the net effect is of.
func (r *ciRange) netOptions(netOnly bool) git.NetOptions {
	switch {
	case !netOnly || !r.span.Cut:
		return git.NetOptions{Bases: r.span.MergeBases, Head: r.head}
	case r.merged != nil:
		return git.NetOptions{Bases: r.merged[:1], Head: r.mergeID}
	}
	return git.NetOptions{Bases: []string{r.base}, Head: r.head}
}

// saysHowToScan reports whether a file of that name can change what a scan
// reports.
func saysHowToScan(name string) bool {
	return name == configName || name == scanner.BaselineName || slices.Contains(slices.Concat(compat.Names()...), name)
}

// changedNote says which files the range changes that say how to scan.
func (r *ciRange) changedNote(changed []string) []string {
	if len(changed) == 0 {
		return nil
	}
	const few = 3
	var names []string
	for _, name := range changed[:min(len(changed), few)] {
		names = append(names, report.DisplayPath(name))
	}
	text := strings.Join(names, ", ")
	if more := len(changed) - few; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if r.job.Untrusted != "" {
		return []string{"the range changes " + text + ", which was not used: the base's was"}
	}
	return []string{"the range changes " + text + ", and was scanned by what it says there: review it"}
}

// short abbreviates an object id.
func short(id string) string { return id[:min(len(id), 12)] }

// untrustedFile returns the path of a file in the repository if it lies in a work
// tree whose files have no say in how it is scanned; false for all others.
func (f *scanFlags) untrustedFile(repo *git.Repository, file string) (string, bool) {
	if !f.untrusted {
		return "", false
	}
	return inTree(repo, file)
}

// inTree returns the path of a file relative to the root of the repository's work
// tree, slash-separated; false if neither it nor what it links to lies there.
func inTree(repo *git.Repository, file string) (string, bool) {
	if repo == nil || repo.Root() == "" {
		return "", false
	}
	dir, name := filepath.Split(file)
	for _, p := range []string{filepath.Join(realPath(dir), name), realPath(file)} {
		rel, err := filepath.Rel(realPath(repo.Root()), p)
		if err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(os.PathSeparator)) {
			return filepath.ToSlash(rel), true
		}
	}
	return "", false
}

// realPath returns an absolute path without symbolic links, as far as it exists.
func realPath(file string) string {
	if abs, err := filepath.Abs(file); err == nil {
		file = abs
	}
	if p, err := filepath.EvalSymlinks(file); err == nil {
		return p
	}
	return file
}
