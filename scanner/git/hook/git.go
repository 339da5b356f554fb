package hook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// A Runner runs git.
type Runner struct {
	Git string   // the git program; "" if there is none
	Env []string // the environment of the process, as os.Environ returns it
	Dir string   // where to look for the repository: an absolute path
}

// A gitError is a git that exited with an error.
type gitError struct {
	args   []string
	code   int
	stderr string
}

func (e *gitError) Error() string {
	line, _, _ := strings.Cut(strings.TrimSpace(e.stderr), "\n")
	if line == "" {
		line = fmt.Sprintf("exit status %d", e.code)
	}
	return fmt.Sprintf("git %s: %s", e.args[0], strings.TrimPrefix(line, "fatal: "))
}

// run runs git and returns its standard output. The error is a *gitError if
// git ran and failed.
func (r Runner) run(ctx context.Context, args ...string) (string, error) {
	if r.Git == "" {
		return "", scanner.WithHint(errors.New("git is not installed, or not on PATH"), "install git")
	}
	cmd := exec.CommandContext(ctx, r.Git, args...)
	cmd.Dir = r.Dir
	cmd.Env = append(slices.Clip(r.Env), "LC_ALL=C", "LANGUAGE=")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return stdout.String(), &gitError{args, exit.ExitCode(), stderr.String()}
	}
	if err != nil {
		return "", fmt.Errorf("run %q: %w", r.Git, err)
	}
	return stdout.String(), nil
}

// exitCode returns git's exit code, or -1 if err is not about that.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	var ge *gitError
	if errors.As(err, &ge) {
		return ge.code
	}
	return -1
}

// A setting is a value of git's configuration and where it comes from.
type setting struct {
	value  string
	scope  string // as git config --show-scope says it: local, global, system, worktree, command
	origin string // as git config --show-origin says it: file:/etc/gitconfig
}

// own reports whether the repository itself sets it.
func (s *setting) own() bool { return s.scope == "local" || s.scope == "worktree" }

func (s *setting) where() string {
	return fmt.Sprintf("%s, %s", show(strings.TrimPrefix(s.origin, "file:")), s.scope)
}

// setting returns the effective value of a key, or nil.
func (r Runner) setting(ctx context.Context, key string) (*setting, error) {
	out, err := r.run(ctx, "config", "--show-scope", "--show-origin", "-z", "--get-all", key)
	switch exitCode(err) {
	case 0:
	case 1:
		return nil, nil
	case 129: // git < 2.26 has no --show-scope
		return r.settingOld(ctx, key)
	default:
		return nil, err
	}
	f := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	if len(f) < 3 || len(f)%3 != 0 {
		return nil, fmt.Errorf("git config: unexpected answer %q", out)
	}
	f = f[len(f)-3:]
	return &setting{scope: f[0], origin: f[1], value: f[2]}, nil
}

func (r Runner) settingOld(ctx context.Context, key string) (*setting, error) {
	out, err := r.run(ctx, "config", "--show-origin", "-z", "--get-all", key)
	if exitCode(err) == 1 {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	f := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	if len(f) < 2 || len(f)%2 != 0 {
		return nil, fmt.Errorf("git config: unexpected answer %q", out)
	}
	f = f[len(f)-2:]
	s := &setting{scope: "global", origin: f[0], value: f[1]}
	if local, err := r.run(ctx, "config", "--local", "-z", "--get-all", key); err == nil &&
		strings.HasSuffix("\x00"+local, "\x00"+s.value+"\x00") {
		s.scope = "local"
	}
	return s, nil
}

// A repo is what there is to know about the repository.
type repo struct {
	top       string // of the work tree; "" in a bare repository
	gitDir    string
	commonDir string // gitDir, except in a linked worktree
	bare      bool   // and without linked worktrees: no commit is ever made here

	// hooksDir is where git takes hooks from; "" if hooksPath is set to nothing.
	hooksDir  string
	hooksPath *setting // core.hooksPath; nil if it is not set
}

// open finds the repository.
func (r Runner) open(ctx context.Context) (*repo, error) {
	var p repo
	var err error
	if p.gitDir, err = r.path(ctx, "--git-dir"); err != nil {
		var ge *gitError
		if errors.As(err, &ge) {
			switch {
			case strings.Contains(ge.stderr, "not a git repository"):
				return nil, scanner.WithHint(fmt.Errorf("not a git repository: %q", r.Dir), "go to one, or make one with git init")
			case strings.Contains(ge.stderr, "dubious ownership"):
				return nil, scanner.WithHint(err, "git config --global --add safe.directory "+show(r.Dir))
			}
		}
		return nil, err
	}
	if p.commonDir, err = r.path(ctx, "--git-common-dir"); err != nil {
		return nil, err
	}
	out, err := r.run(ctx, "rev-parse", "--is-bare-repository")
	if err != nil {
		return nil, err
	}
	if p.bare = strings.TrimSpace(out) == "true"; p.bare {
		// A bare repository with linked worktrees is a way to work, and its
		// worktrees commit.
		if l, err := os.ReadDir(filepath.Join(p.commonDir, "worktrees")); err == nil && len(l) > 0 {
			p.bare = false
		}
	}
	// It fails in a bare repository, and in a git directory.
	if out, err = r.run(ctx, "rev-parse", "--show-toplevel"); err == nil {
		p.top = filepath.FromSlash(strings.TrimSuffix(out, "\n"))
	}
	if p.hooksPath, err = r.setting(ctx, "core.hooksPath"); err != nil {
		return nil, err
	}
	if p.hooksPath != nil && p.hooksPath.value == "" {
		return &p, nil
	}
	if p.hooksDir, err = r.path(ctx, "--git-path", "hooks"); err != nil {
		return nil, fmt.Errorf("find the hooks directory: %w", err)
	}
	return &p, nil
}

// path asks git rev-parse for one absolute path.
func (r Runner) path(ctx context.Context, args ...string) (string, error) {
	const absolute = "--path-format=absolute"
	out, err := r.run(ctx, append([]string{"rev-parse", absolute}, args...)...)
	if err != nil {
		return "", err
	}
	// git < 2.31 does not know the option, and rev-parse repeats what it does
	// not know.
	out = strings.TrimPrefix(out, absolute+"\n")
	out = filepath.FromSlash(strings.TrimSuffix(out, "\n"))
	if out == "" {
		return "", fmt.Errorf("git rev-parse %s: no answer", strings.Join(args, " "))
	}
	if !filepath.IsAbs(out) {
		if !filepath.IsAbs(r.Dir) {
			return "", fmt.Errorf("not an absolute path: %q", r.Dir)
		}
		out = filepath.Join(r.Dir, out)
	}
	return filepath.Clean(out), nil
}

// tracks reports whether files in dir are tracked: by this repository, or by
// the one that dir is in.
func (r Runner) tracks(ctx context.Context, dir string) (bool, error) {
	for !isDir(dir) {
		// Nothing is there, so nothing of it can be checked out. Files of it may
		// be in the index all the same; ask from the next directory up.
		up := filepath.Dir(dir)
		if up == dir {
			return false, nil
		}
		if isDir(up) {
			in := Runner{Git: r.Git, Env: withoutRepository(r.Env), Dir: up}
			return in.lists(ctx, filepath.Base(dir))
		}
		dir = up
	}
	in := Runner{Git: r.Git, Env: withoutRepository(r.Env), Dir: dir}
	if yes, err := in.lists(ctx, "."); yes || err != nil {
		return yes, err
	}
	// The repository may be one that only the environment knows (GIT_DIR).
	return r.lists(ctx, dir)
}

// lists reports whether git ls-files lists anything below path. Outside of a
// work tree it does not.
func (r Runner) lists(ctx context.Context, path string) (bool, error) {
	out, err := r.run(ctx, "--literal-pathspecs", "ls-files", "-z", "--", path)
	if exitCode(err) == 128 {
		return false, nil
	}
	return out != "", err
}

// withoutRepository drops the variables that say which repository is meant.
func withoutRepository(env []string) []string {
	var out []string
	for _, kv := range env {
		k, _, _ := strings.Cut(kv, "=")
		switch strings.ToUpper(k) {
		case "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX",
			"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES":
			continue
		}
		out = append(out, kv)
	}
	return out
}

// configHooks reports whether this git runs hooks from its configuration. It
// asks git, since version numbers say little about patched or vendored gits.
func (r Runner) configHooks(ctx context.Context) (bool, error) {
	_, err := r.run(ctx, "hook", "list", "pre-commit")
	switch exitCode(err) {
	case 0:
		return true, nil
	case 129: // a git hook that does not know "list": 2.36 to 2.53
		return false, nil
	case -1:
		return false, err
	}
	// No hook for the event, no repository, or no "git hook" at all: the usage
	// text tells.
	out, err := r.run(ctx, "hook", "-h")
	if exitCode(err) == -1 {
		return false, err
	}
	var ge *gitError
	if errors.As(err, &ge) {
		out += ge.stderr
	}
	return strings.Contains(out, "git hook list"), nil
}

// version returns what git calls itself: "git version 2.39.5".
func (r Runner) version(ctx context.Context) (string, error) {
	out, err := r.run(ctx, "version")
	return strings.TrimSpace(out), err
}

// olderGits returns the gits on PATH that ignore hooks from the configuration,
// other than r.Git itself.
func (r Runner) olderGits(ctx context.Context) []string {
	path, name := "", "git"
	for _, kv := range r.Env {
		k, v, _ := strings.Cut(kv, "=")
		if k == "PATH" || runtime.GOOS == "windows" && strings.EqualFold(k, "PATH") {
			path = v
		}
	}
	if runtime.GOOS == "windows" {
		name = "git.exe"
	}
	seen := map[string]bool{}
	note := func(file string) bool {
		real, err := filepath.EvalSymlinks(file)
		if err != nil || seen[real] {
			return false
		}
		seen[real] = true
		return true
	}
	note(r.Git)
	var old []string
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		if !filepath.IsAbs(dir) || executable(file) != nil || !note(file) {
			continue
		}
		other := r
		other.Git = file
		if yes, err := other.configHooks(ctx); err == nil && !yes {
			old = append(old, file)
		}
	}
	return old
}

// executable returns nil if file is a program.
func executable(file string) error {
	fi, err := os.Stat(file)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			return pe.Err
		}
		return err
	}
	if !fi.Mode().IsRegular() {
		return errors.New("not a file")
	}
	if runtime.GOOS != "windows" && fi.Mode()&0o111 == 0 {
		return errors.New("not executable")
	}
	return nil
}

func isDir(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.IsDir()
}

// within reports whether path is dir or below it. Both are clean.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}
