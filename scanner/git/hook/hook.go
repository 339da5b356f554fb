package hook

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cork-scanner/cork/scanner"
)

// Names returns the hooks that cork can be installed as, in the order in which
// they are shown.
func Names() []string {
	return []string{"pre-commit", "pre-merge-commit", "commit-msg", "pre-push", "pre-receive"}
}

// Scope says whose hooks are meant.
type Scope uint8

// The scopes.
const (
	Local    Scope = iota // of one repository
	Global                // of a user: ~/.gitconfig
	System                // of the machine: /etc/gitconfig
	Template              // of every repository that git init or git clone makes from now on: init.templateDir
)

func (s Scope) String() string {
	switch s {
	case Global:
		return "global"
	case System:
		return "system"
	case Template:
		return "template"
	}
	return "local"
}

// Method says how a hook is installed.
type Method uint8

// The methods.
const (
	Auto   Method = iota // a file where that is possible, else config
	File                 // a script in the hooks directory
	Config               // hook.<name>.command in git's configuration, git 2.54 and later
)

func (m Method) String() string {
	switch m {
	case File:
		return "file"
	case Config:
		return "config"
	}
	return "auto"
}

// Options say what to install, remove or look at.
type Options struct {
	Runner

	// Hooks are names out of Names. None means pre-commit and pre-push to
	// Install, and all of Names to Uninstall and Status.
	Hooks []string

	Scope  Scope
	Method Method

	// Force replaces a foreign hook, which is kept as <hook>.cork-bak-<UTC>,
	// instead of chaining it, and writes into a hooks directory whose files are
	// tracked. It does not touch a hook manager's hook.
	Force bool

	NoChain bool // a foreign hook is in the way, even though it could be chained
	DryRun  bool // change nothing, say what would be changed

	// Bin is the absolute path of cork, as it is written into the hooks. Paths
	// that will not last (TempDir, build and package caches) are refused unless
	// BinExplicit says that a person gave this very path.
	Bin         string
	BinExplicit bool
	TempDir     string // as os.TempDir returns it

	Now time.Time // names backups
}

// A Report says what was done and how things stand.
type Report struct {
	Actions []string // sentences: what was done, or with DryRun would be done, in order
	Notes   []string // sentences: what else there is to know
	Hooks   []Hook   // each hook asked for, as it is now; none after a DryRun of changes
}

// Changed reports whether there was anything to do.
func (r *Report) Changed() bool { return len(r.Actions) > 0 }

// An Obstacle is a hook, a hook manager or a setting that keeps one of cork's
// hooks from being installed.
type Obstacle struct {
	Hook    string // as in Names
	Path    string // the file, directory or setting
	Manager string // the hook manager, "" if it is none that is known
	Reason  string // one line: what is in the way, lower case, no period

	// Snippet runs cork from there, once it is pasted into SnippetFile. Both
	// can be empty.
	SnippetFile string
	Snippet     string
}

// An InTheWayError says that hook managers or foreign hooks are in the way.
// Nothing was changed.
type InTheWayError struct {
	Obstacles []Obstacle // at least one, in the order of the hooks asked for
}

func (e *InTheWayError) Error() string {
	var parts []string
	for _, o := range e.Obstacles {
		parts = append(parts, o.Reason)
	}
	return strings.Join(slices.Compact(parts), "; ") + "; nothing was changed"
}

// Snippets returns what to paste, each piece below a line that says where, or
// "" if there is nothing to paste.
func (e *InTheWayError) Snippets() string {
	var b strings.Builder
	last := ""
	for _, o := range e.Obstacles {
		if o.Snippet == "" {
			continue
		}
		if o.SnippetFile != last {
			if last != "" {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "# %s\n", o.SnippetFile)
			last = o.SnippetFile
		}
		b.WriteString(o.Snippet)
	}
	return b.String()
}

// Install installs cork's hooks and checks that they will run. It is safe to
// repeat. The error is an *InTheWayError if somebody else's hook would have to
// give way; on any error from before the first change the report is nil.
func Install(ctx context.Context, o Options) (*Report, error) {
	var err error
	if o.Hooks, err = checkNames(o.Hooks, []string{"pre-commit", "pre-push"}); err != nil {
		return nil, err
	}
	if err := checkBin(o); err != nil {
		return nil, err
	}
	p := &plan{o: o, rep: &Report{}}
	switch o.Scope {
	case Local:
		err = p.installLocal(ctx)
	case Template:
		err = p.installTemplate(ctx)
	default:
		err = p.installConfig(ctx)
	}
	if err != nil {
		return nil, err
	}
	if len(p.obstacles) > 0 {
		return nil, p.inTheWay()
	}
	if err := p.apply(ctx); err != nil {
		return p.rep, err
	}
	if o.DryRun {
		return p.rep, nil
	}
	if p.rep.Hooks, err = check(ctx, o, nil); err != nil {
		return p.rep, fmt.Errorf("check the hooks just installed: %w", err)
	}
	for _, h := range p.rep.Hooks {
		if h.Verdict != WillRun {
			return p.rep, fmt.Errorf("the %s hook is installed but git will not run it: %s", h.Name, h.Why)
		}
	}
	return p.rep, nil
}

// Uninstall removes cork's hooks, and only those, and puts back the hooks that
// they chained. It is safe to repeat.
func Uninstall(ctx context.Context, o Options) (*Report, error) {
	var err error
	if o.Hooks, err = checkNames(o.Hooks, Names()); err != nil {
		return nil, err
	}
	p := &plan{o: o, rep: &Report{}}
	switch o.Scope {
	case Local:
		err = p.uninstallLocal(ctx)
	case Template:
		err = p.uninstallTemplate(ctx)
	default:
		err = p.uninstallConfig(ctx, o.Scope)
	}
	if err != nil {
		return nil, err
	}
	if err := p.apply(ctx); err != nil {
		return p.rep, err
	}
	return p.rep, nil
}

// Status says of each hook whether this git will run cork in it, and if not,
// what keeps it from that. It changes nothing.
func Status(ctx context.Context, o Options) (*Report, error) {
	var err error
	if o.Hooks, err = checkNames(o.Hooks, Names()); err != nil {
		return nil, err
	}
	rep := &Report{}
	rep.Hooks, err = check(ctx, o, rep)
	if err != nil {
		return nil, err
	}
	return rep, nil
}

// checkNames refuses what is no hook of ours and drops repetitions. Without names
// it returns all.
func checkNames(names, all []string) ([]string, error) {
	if len(names) == 0 {
		return all, nil
	}
	var out []string
	for _, n := range names {
		if !slices.Contains(Names(), n) {
			return nil, scanner.WithHint(fmt.Errorf("cork cannot be installed as the hook %q", n),
				"hooks are "+strings.Join(Names(), ", "))
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out, nil
}

// checkBin refuses a path that would leave every later commit blocked.
func checkBin(o Options) error {
	const hint = "install cork where it can stay, for example in /usr/local/bin, or give its path with --bin"
	switch {
	case o.Bin == "":
		return scanner.WithHint(errors.New("where cork itself is installed is not known"), hint)
	case !filepath.IsAbs(o.Bin):
		return scanner.WithHint(fmt.Errorf("the path of cork is not absolute: %q", o.Bin), hint)
	case strings.ContainsFunc(o.Bin, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return scanner.WithHint(fmt.Errorf("the path of cork has control characters: %q", o.Bin), hint)
	}
	if err := executable(o.Bin); err != nil {
		return scanner.WithHint(fmt.Errorf("cork is not at %q: %w", o.Bin, err), hint)
	}
	if o.BinExplicit {
		return nil
	}
	if why := fleeting(o.Bin, o.TempDir); why != "" {
		return scanner.WithHint(fmt.Errorf("this cork is in %s and will not stay there: %q", why, o.Bin), hint)
	}
	return nil
}

// fleeting says in which place of no permanence the program bin is, or "". The
// path counts as given and with its links resolved only for the temporary
// directory: package managers that do keep programs (Homebrew, Nix, npm) link
// to versioned places on purpose.
func fleeting(bin, tempDir string) string {
	if tempDir != "" {
		dirs := []string{filepath.Clean(tempDir)}
		if d, err := filepath.EvalSymlinks(tempDir); err == nil {
			dirs = append(dirs, d)
		}
		bins := []string{filepath.Clean(bin)}
		if b, err := filepath.EvalSymlinks(bin); err == nil {
			bins = append(bins, b)
		}
		for _, d := range dirs {
			for _, b := range bins {
				if within(d, b) {
					return "the directory for temporary files"
				}
			}
		}
	}
	dirs := strings.Split(strings.ToLower(filepath.ToSlash(filepath.Dir(bin))), "/")
	for i, d := range dirs {
		prev := ""
		if i > 0 {
			prev = dirs[i-1]
		}
		switch {
		case strings.HasPrefix(d, "go-build"):
			return "the build cache of go run"
		case d == "mod" && prev == "pkg":
			return "the module cache of go"
		case d == "_npx", d == "_cacache", d == ".npm", strings.HasPrefix(d, "dlx-"), d == "dlx" && prev == "pnpm":
			return "a cache of npx"
		case strings.HasPrefix(d, "golangenv-"):
			return "an environment of pre-commit"
		case d == ".cache", d == "caches" && prev == "library", d == "cache" && prev == "local":
			return "a cache"
		case d == "temp" && prev == "local":
			return "the directory for temporary files"
		}
	}
	return ""
}
