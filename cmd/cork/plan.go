package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git"
	"github.com/cork-scanner/cork/scanner/report"
)

// planRepository plans the scan of what source picks out of the repository.
// stagedNext says that this is what is staged.
func (a *app) planRepository(ctx context.Context, f *scanFlags, stagedNext bool, source func(*git.Repository) scanner.Source) (*plan, error) {
	builtin := compileBuiltin() // while git is at work
	repo, err := a.openRepository(ctx, f, a.w.dir, stagedNext)
	if err != nil {
		return nil, err
	}
	if stagedNext {
		err = a.checkIndex(repo)
	}
	if err != nil {
		return nil, errors.Join(err, repo.Close())
	}
	p, err := a.planWith(ctx, f, repo, where(repo), builtin)
	if err != nil {
		return nil, errors.Join(err, repo.Close())
	}
	p.source = source(repo)
	if stagedNext {
		p.explain = explainStaged
	}
	return p, nil
}

// checkIndex refuses a bare repository, in which nothing can be staged: to call
// it clean would be to say something about nothing.
func (a *app) checkIndex(repo *git.Repository) error {
	if repo.Root() != "" || a.w.getenv("GIT_INDEX_FILE") != "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(repo.GitDir(), "index")); !errors.Is(err, fs.ErrNotExist) {
		return nil // started inside .git
	}
	return scanner.WithHint(errors.New("this repository is bare: it has no index that a commit would record"),
		"run it in a work tree; on a server: cork install-hook --hook pre-receive")
}

// planServer plans the scan of what a repository receives, with the
// configuration that it has already.
func (a *app) planServer(ctx context.Context, f *scanFlags, opts git.RangeOptions, updates []refUpdate) (*plan, error) {
	repo, err := a.openRepository(ctx, f, a.w.dir, false)
	if err != nil {
		return nil, err
	}
	p, err := a.planReceived(ctx, f, repo, updates)
	if err != nil {
		return nil, errors.Join(err, repo.Close())
	}
	p.source = repo.Range(opts)
	return p, nil
}

// planReceived plans a scan by what HEAD says. A push must not make that what cannot
// be read: every push after it would be refused, and the one that mends it too. Where
// it is so already, what the push makes of it counts.
func (a *app) planReceived(ctx context.Context, f *scanFlags, repo *git.Repository, updates []refUpdate) (*plan, error) {
	builtin := compileBuiltin()
	head, err := repo.HeadRef(ctx)
	if err != nil {
		return nil, err
	}
	next := ""
	for _, u := range updates {
		if u.ref == head {
			next = u.new
		}
	}
	p, err := a.planWith(ctx, f, repo, atHead, builtin)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil && head != "" {
		err = scanner.WithHint(err, "push refused: it takes a push to "+report.DisplayPath(strings.TrimPrefix(head, "refs/heads/"))+" that mends it")
	}
	if next == "" {
		return p, err
	}
	changed, changedErr := changedSettings(ctx, repo, next)
	if changedErr != nil || len(changed) == 0 {
		return p, errors.Join(err, changedErr)
	}
	after, afterErr := a.planWith(ctx, f, repo, configAt(next), compileBuiltin())
	if afterErr == nil {
		afterErr = nestedErr(after.scanner, changed)
	}
	switch {
	case afterErr != nil:
		return nil, scanner.WithHint(errors.Join(afterErr, errors.New("with that at HEAD, pushes after this one would be refused")),
			"push refused: mend it, and push again")
	case err != nil || nestedErr(p.scanner, changed) != nil:
		after.notes = append(after.notes, "what says how to scan is broken at HEAD, and what this push makes of it is used")
		return after, nil
	}
	return p, nil
}

// changedSettings returns the paths of the files that say how to scan and are not in
// the next commit what they are at HEAD.
func changedSettings(ctx context.Context, repo *git.Repository, next string) (changed []string, err error) {
	ids, err := repo.Commits(ctx, string(atHead))
	if err != nil {
		return nil, err
	}
	opts := git.NetOptions{Head: next, OnPath: func(name string) {
		if saysHowToScan(path.Base(name)) {
			changed = append(changed, name)
		}
	}}
	if ids[0] != "" {
		opts.Bases = ids
	}
	for _, err := range repo.Net(opts).Blobs(ctx) {
		if err != nil {
			return nil, err
		}
	}
	return changed, nil
}

// nestedErr returns what is wrong with the configurations of folders, of those whose
// paths are given.
func nestedErr(s *scanner.Scanner, paths []string) error {
	for _, name := range paths {
		if path.Base(name) != configName || path.Dir(name) == "." {
			continue
		}
		if _, err := s.ConfigAt(name); err != nil {
			return err
		}
	}
	return nil
}

// planFiles plans the scan of files.
func (a *app) planFiles(ctx context.Context, f *scanFlags, paths []string, includeIgnored bool) (*plan, error) {
	builtin := compileBuiltin()
	if len(paths) == 0 {
		paths = []string{"."}
	}
	dir, err := filepath.Abs(a.w.abs("."))
	if err != nil {
		return nil, fmt.Errorf("find the current folder: %w", err)
	}
	opts := scanner.FilesOptions{Paths: paths, Dir: dir, Stdin: a.w.stdin}
	note := ""
	in := a.repositoryOf(dir, paths)
	listed := slices.ContainsFunc(paths, func(p string) bool { return p == in || filepath.Join(dir, p) == in })
	repo, err := a.openFor(ctx, f, git.Options{Dir: in, FilesNext: listed && !includeIgnored})
	switch {
	case errors.Is(err, git.ErrNotRepository):
		repo = nil
	case err != nil:
		return nil, err
	case repo.Root() != "" && repo.Engine() == git.EngineEmbedded:
		// Rather too much than too little.
		opts.Root = repo.Root()
		note = "without git it is not known what git ignores, so every file is scanned"
	case repo.Root() == "" && listed:
		note = "this is where git keeps a repository, compressed: to search what it holds: cork history"
	case repo.Root() != "":
		opts.Root = repo.Root()
		opts.List = func(ctx context.Context, dir string) iter.Seq2[string, error] {
			return repo.Files(ctx, dir, includeIgnored)
		}
	}
	opts.Pointer = repo.OpenLFS
	p, err := a.planWith(ctx, f, repo, inWorkTree, builtin)
	if err != nil {
		if repo != nil {
			err = errors.Join(err, repo.Close())
		}
		return nil, err
	}
	p.source = scanner.NewFiles(opts)
	p.explain = explainFiles
	if len(paths) == 1 && opts.Root != "" && f.everything() && sameFolder(filepath.Join(dir, paths[0]), paths[0], opts.Root) {
		p.whole = wholeTree
	}
	if note != "" {
		p.notes = append(p.notes, note)
	}
	p.nothing = scanner.WithHint(errors.New("no files were scanned: there is none that git does not ignore"),
		"give a path, or scan what git ignores as well: cork files --include-ignored "+report.DisplayPath(paths[0]))
	if opts.List == nil || includeIgnored {
		p.nothing = scanner.WithHint(errors.New("no files were scanned: there are none"), "give the path of a file or a folder that has some: cork files PATH")
	}
	p.found = "take the secrets out, and revoke what was shared"
	return p, nil
}

// repositoryOf returns the folder whose repository says what belongs to the
// paths: that of the first one, or the current one for standard input.
func (a *app) repositoryOf(dir string, paths []string) string {
	for _, p := range paths {
		if p == "-" {
			continue
		}
		if !filepath.IsAbs(p) {
			p = filepath.Join(dir, p)
		}
		info, err := os.Stat(p)
		if err != nil {
			continue // said by the scan
		}
		if !info.IsDir() {
			p = filepath.Dir(p)
		}
		return p
	}
	return dir
}

// planWith makes the plan's scanner, of the rules and the configuration that
// hold for the repository (nil: there is none), and has the plan close it.
// at says where the configuration is read from.
func (a *app) planWith(ctx context.Context, f *scanFlags, repo *git.Repository, at configAt, builtin <-chan compiled) (*plan, error) {
	p := &plan{repo: repo}
	if repo != nil {
		p.close = repo.Close
	}
	cfg, err := a.readConfig(ctx, f, repo, at)
	if err != nil {
		return nil, err
	}
	baseline := a.startBaseline(ctx, f, repo, at)
	defer baseline() // it looks at the repository
	known, isForeign, err := a.foreignBaseline(ctx, f, repo, at)
	if err != nil {
		return nil, err
	}
	var set *rules.Set
	if cfg == nil {
		cfg = new(scanner.Config)
		c := <-builtin
		set, err = c.set, c.err
	} else {
		set, err = rules.Compile(cfg.Rules)
		err = configError(f, err)
	}
	if err != nil {
		return nil, err
	}
	p.notes = append(p.notes, configNotes(cfg)...)
	p.notes = append(p.notes, cfg.Notes...)
	opts := scanner.Options{
		Workers:       f.workers,
		MinConfidence: f.confidence(),
		Allow:         cfg.Allow,
		NoInline:      f.noInline,
		Now:           a.w.now(),
		NoArchives:    f.noArchives || cfg.NoArchives,
	}
	if opts.MinConfidence == 0 {
		opts.MinConfidence = cfg.MinConfidence
	}
	if isForeign {
		opts.Allow = opts.Allow.With(known)
	} else if p.baseline, err = baseline(); err != nil {
		return nil, err
	}
	p.allow, p.stale = cfg.Allow, len(cfg.Expired)
	opts.Baseline, opts.Suppressed = p.baseline, f.listSuppressed
	p.rules = set
	if opts.Nested = a.nested(ctx, f, repo, at); opts.Nested != nil {
		opts.Nested.KeepConfidence = f.confidence() != 0
	}
	p.scanner, p.nested = scanner.New(set, opts), opts.Nested
	p.after = append(p.after, func() []string { return nestedNotes(p.scanner) })
	return p, nil
}

type compiled struct {
	set *rules.Set
	err error
}

// compileBuiltin compiles the built-in rules in the background. Whoever needs
// them receives them; nobody has to.
func compileBuiltin() <-chan compiled {
	c := make(chan compiled, 1)
	go func() {
		set, err := rules.Compile(rules.Builtin())
		c <- compiled{set, err}
	}()
	return c
}

// configName is the configuration file at the root of a repository.
const configName = ".cork.toml"

// A configAt is where the files of a repository are read from that say how it is
// scanned: its work tree, or the commit that the revision names.
type configAt string

const (
	inWorkTree configAt = ""
	atHead     configAt = "HEAD"
)

// where returns where the configuration of a repository is: in its work tree, or
// at HEAD if there is none. Without a repository (nil) nothing is anywhere.
func where(repo *git.Repository) configAt {
	if repo != nil && repo.Root() == "" {
		return atHead
	}
	return inWorkTree
}

// name returns what messages call a file that is read from there.
func (at configAt) name(file string) string {
	if at == inWorkTree {
		return file
	}
	return string(at) + ":" + file
}

// readRepoFile reads a file that says how the repository (nil: there is none) is
// scanned. name is slash-separated and relative to the root; what a symbolic link
// leads to outside of the repository is not read. If there is no such file the error
// wraps fs.ErrNotExist; a work tree that is not there has none.
func (a *app) readRepoFile(ctx context.Context, repo *git.Repository, at configAt, name string) ([]byte, error) {
	switch {
	case repo == nil || at == inWorkTree && repo.Root() == "":
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	case at == inWorkTree:
		return readBelow(repo.Root(), name)
	}
	return repo.FileAt(ctx, string(at), name)
}

// readConfig reads the configuration that the flags name, or that of the
// repository, with what other scanners left there; nil if there is none.
func (a *app) readConfig(ctx context.Context, f *scanFlags, repo *git.Repository, at configAt) (*scanner.Config, error) {
	var (
		name string
		data []byte
		err  error
	)
	if file, ok := f.untrustedFile(repo, a.w.abs(f.config)); f.config != "" && ok {
		name = at.name(file)
		data, err = a.readRepoFile(ctx, repo, at, file)
	} else if f.config != "" {
		name = f.config
		data, err = readRegular(a.w.abs(f.config))
	} else {
		name = at.name(configName)
		data, err = a.readRepoFile(ctx, repo, at, configName)
	}
	if err != nil && f.config == "" && errors.Is(err, fs.ErrNotExist) {
		return a.withForeign(ctx, f, repo, at, nil)
	}
	if err != nil {
		hint := cmp.Or(scanner.HintOf(err), "give a readable file with --config")
		if f.config == "" && scanner.HintOf(err) == "" {
			hint = "nothing was scanned: make it a file that can be read, or take it away"
		}
		return nil, scanner.WithHint(fmt.Errorf("read the configuration %q: %w", name, unwrapPath(err)), hint)
	}
	cfg, err := scanner.ParseConfig(name, data, rules.Builtin(), a.w.now())
	if err != nil {
		return nil, configError(f, err)
	}
	return a.withForeign(ctx, f, repo, at, cfg)
}

// readRegular reads a file, and nothing that could block.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a file")
	}
	return os.ReadFile(path)
}

// configError says what to do about a broken configuration.
func configError(f *scanFlags, err error) error {
	if err == nil {
		return nil
	}
	name := f.config
	if name == "" {
		name = configName
	}
	return scanner.WithHint(err, fmt.Sprintf("nothing was scanned: edit %s and try again", report.DisplayPath(name)))
}
