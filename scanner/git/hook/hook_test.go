package hook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/hook"
)

// A world is a machine with git, a home and a fake cork that writes down how
// it was called.
type world struct {
	t    *testing.T
	git  string
	home string
	root string // holds everything
	bin  string // the fake cork
	env  []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the fake cork is a shell script")
	}
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed")
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, git: git, root: root, home: filepath.Join(root, "home")}
	w.env = []string{
		"PATH=" + pathWithoutCork(),
		"HOME=" + w.home,
		"XDG_CONFIG_HOME=" + filepath.Join(w.home, ".config"),
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=" + filepath.Join(w.home, ".gitconfig"),
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=2020-01-01T00:00:00Z",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE=2020-01-01T00:00:00Z",
		"GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true",
	}
	w.write("home/.gitconfig", "[init]\n\tdefaultBranch = main\n[protocol \"file\"]\n\tallow = always\n", 0o644)
	w.bin = w.fakeCork("opt/bin dir/it's $HOME \"cork\"")
	return w
}

// pathWithoutCork returns PATH without the folders where somebody installed cork.
func pathWithoutCork() string {
	dirs := slices.DeleteFunc(filepath.SplitList(os.Getenv("PATH")), func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "cork"))
		return err == nil
	})
	return strings.Join(dirs, string(filepath.ListSeparator))
}

// fakeCork makes a cork that appends its name, arguments and input to
// <root>/log and exits with what <root>/exit says.
func (w *world) fakeCork(path string) string {
	w.t.Helper()
	script := `#!/bin/sh
{ printf 'cork'; printf ' [%s]' "$@"; printf '\n'; case $2 in pre-push|pre-receive) sed 's/^/in: /';; esac; } >> ` + sh(filepath.Join(w.root, "log")) + `
[ ! -e ` + sh(filepath.Join(w.root, "exit")) + ` ] || exit "$(cat ` + sh(filepath.Join(w.root, "exit")) + `)"
`
	return w.write(path, script, 0o755)
}

func sh(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func (w *world) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(w.root, name)
}

func (w *world) write(name, content string, mode fs.FileMode) string {
	w.t.Helper()
	path := w.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		w.t.Fatal(err)
	}
	return path
}

func (w *world) read(name string) string {
	w.t.Helper()
	b, err := os.ReadFile(w.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	} else if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// log returns what the fake cork wrote down since the last call.
func (w *world) log() string {
	w.t.Helper()
	s := w.read("log")
	os.Remove(w.path("log"))
	return s
}

func (w *world) exits(code int) { w.t.Helper(); w.write("exit", fmt.Sprint(code), 0o644) }

// try runs git and returns its output, both kinds.
func (w *world) try(dir string, args ...string) (string, error) {
	w.t.Helper()
	cmd := exec.Command(w.git, args...)
	cmd.Dir = w.path(dir)
	cmd.Env = w.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (w *world) run(dir string, args ...string) string {
	w.t.Helper()
	out, err := w.try(dir, args...)
	if err != nil {
		w.t.Fatalf("git %q in %s: %v\n%s", args, dir, err, out)
	}
	return out
}

// repo makes a repository with one commit.
func (w *world) repo(dir string) string {
	w.t.Helper()
	if err := os.MkdirAll(w.path(dir), 0o755); err != nil {
		w.t.Fatal(err)
	}
	w.run(dir, "init", "-q")
	w.run(dir, "commit", "-q", "--allow-empty", "-m", "first")
	return w.path(dir)
}

func (w *world) options(dir string, hooks ...string) hook.Options {
	return hook.Options{
		Runner: hook.Runner{Git: w.git, Env: w.env, Dir: w.path(dir)},
		Hooks:  hooks,
		Bin:    w.bin,
		Now:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600)),
	}
}

func (w *world) install(o hook.Options) *hook.Report {
	w.t.Helper()
	rep, err := hook.Install(w.t.Context(), o)
	if err != nil {
		w.t.Fatalf("Install: %v (hint: %s)", err, scanner.HintOf(err))
	}
	return rep
}

// configHooks reports whether the git on PATH runs hooks from its
// configuration. It looks at what git does, not at what the package says.
func (w *world) configHooks() bool {
	w.t.Helper()
	dir := w.repo("probe")
	w.run("probe", "config", "hook.probe.command", "echo PROBED")
	w.run("probe", "config", "hook.probe.event", "pre-commit")
	out := w.run("probe", "commit", "--allow-empty", "-m", "x")
	os.RemoveAll(dir)
	return strings.Contains(out, "PROBED")
}

// snapshot returns every file below dir: its mode, where it leads, what is in
// it.
func (w *world) snapshot(dir string) string {
	w.t.Helper()
	var b bytes.Buffer
	err := filepath.WalkDir(w.path(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == "objects" {
			return fs.SkipDir
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %v", path, fi.Mode())
		if link, err := os.Readlink(path); err == nil {
			fmt.Fprintf(&b, " -> %s", link)
		} else if fi.Mode().IsRegular() && d.Name() != "index" {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %q", content)
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

func wantSame(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s changed:\n%s\nwant\n%s", what, got, want)
	}
}

func inTheWay(t *testing.T, err error) *hook.InTheWayError {
	t.Helper()
	var e *hook.InTheWayError
	if !errors.As(err, &e) {
		t.Fatalf("Install = %v, want an InTheWayError", err)
	}
	if !strings.HasSuffix(e.Error(), "; nothing was changed") || strings.Contains(e.Error(), "\n") {
		t.Errorf("InTheWayError = %q, want one line that says that nothing was changed", e)
	}
	return e
}

// TestHooksRunWhereverGitKeepsThem installs from every kind of repository and
// has git itself make a commit.
func TestHooksRunWhereverGitKeepsThem(t *testing.T) {
	tests := []struct {
		name  string
		setUp func(w *world) (installIn, commitIn string)
	}{
		{"top", func(w *world) (string, string) { w.repo("r"); return "r", "r" }},
		{"subdirectory", func(w *world) (string, string) {
			w.repo("r")
			w.write("r/a/b/f", "", 0o644)
			return "r/a/b", "r/a"
		}},
		{"odd name", func(w *world) (string, string) {
			const dir = "-it's $(touch x) \"odd\" é `x`"
			w.repo(dir)
			return dir, dir
		}},
		{"linked worktree", func(w *world) (string, string) {
			w.repo("r")
			w.run("r", "worktree", "add", "-q", "-b", "side", "../w t")
			return "w t", "r"
		}},
		{"seen from a linked worktree", func(w *world) (string, string) {
			w.repo("r")
			w.run("r", "worktree", "add", "-q", "-b", "side", "../w t")
			return "r", "w t"
		}},
		{"worktree of a bare repository", func(w *world) (string, string) {
			w.repo("r")
			w.run("", "clone", "-q", "--bare", "r", "r.git")
			w.run("r.git", "worktree", "add", "-q", "../w", "main")
			return "r.git", "w"
		}},
		{"submodule", func(w *world) (string, string) {
			w.repo("sub")
			w.repo("r")
			w.run("r", "submodule", "add", "-q", w.path("sub"), "s")
			return "r/s", "r/s"
		}},
		{"separate git directory", func(w *world) (string, string) {
			w.run("", "init", "-q", "--separate-git-dir", w.path("some where"), "r")
			return "r", "r"
		}},
		{"git directory", func(w *world) (string, string) { w.repo("r"); return "r/.git", "r" }},
		{"no hooks directory", func(w *world) (string, string) {
			w.repo("r")
			os.RemoveAll(w.path("r/.git/hooks"))
			return "r", "r"
		}},
		{"relative hooksPath", func(w *world) (string, string) {
			w.repo("r")
			w.run("r", "config", "core.hooksPath", "my hooks/here")
			return "r", "r"
		}},
		{"absolute hooksPath", func(w *world) (string, string) {
			w.repo("r")
			w.run("r", "config", "core.hooksPath", w.path("else where"))
			return "r", "r"
		}},
		{"hooksPath below home", func(w *world) (string, string) {
			w.repo("r")
			w.run("r", "config", "core.hooksPath", "~/my hooks")
			return "r", "r"
		}},
		{"hooksPath of everybody that leads into the git directory", func(w *world) (string, string) {
			w.repo("r")
			w.run("r", "config", "--global", "core.hooksPath", ".git/hooks")
			return "r", "r"
		}},
		{"hooksPath of one worktree", func(w *world) (string, string) {
			w.repo("r")
			w.run("r", "config", "extensions.worktreeConfig", "true")
			w.run("r", "worktree", "add", "-q", "../w")
			w.run("w", "config", "--worktree", "core.hooksPath", w.path("of w"))
			return "w", "w"
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			in, at := tt.setUp(w)
			config := strings.TrimSpace(w.run(in, "rev-parse", "--path-format=absolute", "--git-common-dir")) + "/config"
			local := w.read(config)
			o := w.options(in)
			o.Method = hook.File
			rep := w.install(o)
			if len(rep.Hooks) != 2 || rep.Hooks[0].Verdict != hook.WillRun {
				t.Errorf("Install: hooks = %+v, want two that will run", rep.Hooks)
			}
			w.run(at, "commit", "-q", "--allow-empty", "-m", "x")
			if got, want := w.log(), "cork [git-hook] [pre-commit]\n"; got != want {
				t.Errorf("git commit called %q, want %q", got, want)
			}
			w.exits(1)
			if out, err := w.try(at, "commit", "-q", "--allow-empty", "-m", "x"); err == nil {
				t.Errorf("git commit passed, want it refused:\n%s", out)
			}
			wantSame(t, "configuration", w.read(config), local)
			if again := w.install(o); again.Changed() {
				t.Errorf("second Install did %q, want nothing", again.Actions)
			}
		})
	}
}

func TestPrePushGetsArgumentsAndInput(t *testing.T) {
	w := newWorld(t)
	w.repo("r")
	w.run("", "init", "-q", "--bare", "up.git")
	w.run("r", "remote", "add", "origin", w.path("up.git"))
	// A foreign hook gets the same, and first.
	w.write("r/.git/hooks/pre-push", "#!/bin/sh\n{ printf 'theirs'; printf ' [%s]' \"$@\"; echo; sed 's/^/in: /'; } >> "+sh(w.path("log"))+"\n", 0o755)
	w.install(w.options("r", "pre-push"))
	w.run("r", "branch", "two")
	w.run("r", "push", "-q", "origin", "main", "two")
	id := strings.TrimSpace(w.run("r", "rev-parse", "HEAD"))
	zero := strings.Repeat("0", len(id))
	in := fmt.Sprintf("in: refs/heads/main %s refs/heads/main %s\nin: refs/heads/two %s refs/heads/two %s\n", id, zero, id, zero)
	args := " [origin] [" + w.path("up.git") + "]\n"
	if got, want := w.log(), "theirs"+args+in+"cork [git-hook] [pre-push]"+args+in; got != want {
		t.Errorf("git push called\n%s\nwant\n%s", got, want)
	}
	// Nothing to push: nothing to read.
	w.run("r", "push", "-q", "origin", "main")
	if got, want := w.log(), "theirs"+args+"cork [git-hook] [pre-push]"+args; got != want {
		t.Errorf("git push of nothing called\n%s\nwant\n%s", got, want)
	}
	w.exits(2)
	w.run("r", "commit", "-q", "--allow-empty", "-m", "x")
	if out, err := w.try("r", "push", "origin", "main"); err == nil {
		t.Errorf("git push passed, want it refused:\n%s", out)
	}
}

func TestPreReceiveOfABareRepository(t *testing.T) {
	w := newWorld(t)
	w.repo("r")
	w.run("", "init", "-q", "--bare", "up.git")
	for _, hooks := range [][]string{nil, {"pre-commit"}, {"pre-receive", "pre-push"}} {
		before := w.snapshot("up.git")
		_, err := hook.Install(t.Context(), w.options("up.git", hooks...))
		if err == nil || scanner.HintOf(err) != "cork install-hook --hook pre-receive" {
			t.Errorf("Install(%q) in a bare repository = %v (hint %q), want an error that names pre-receive", hooks, err, scanner.HintOf(err))
		}
		wantSame(t, "bare repository", w.snapshot("up.git"), before)
	}
	w.install(w.options("up.git", "pre-receive"))
	w.run("r", "push", "-q", w.path("up.git"), "main")
	id := strings.TrimSpace(w.run("r", "rev-parse", "HEAD"))
	want := fmt.Sprintf("cork [git-hook] [pre-receive]\nin: %s %s refs/heads/main\n", strings.Repeat("0", len(id)), id)
	if got := w.log(); got != want {
		t.Errorf("git push called %q, want %q", got, want)
	}
	w.exits(1)
	w.run("r", "commit", "-q", "--allow-empty", "-m", "x")
	if out, err := w.try("r", "push", w.path("up.git"), "main"); err == nil {
		t.Errorf("git push passed, want it refused:\n%s", out)
	}
}

func TestOtherHooks(t *testing.T) {
	w := newWorld(t)
	w.repo("r")
	w.install(w.options("r", "commit-msg", "pre-merge-commit"))
	w.run("r", "switch", "-q", "-c", "side")
	w.run("r", "commit", "-q", "--allow-empty", "-m", "x")
	if got, want := w.log(), "cork [git-hook] [commit-msg] [.git/COMMIT_EDITMSG]\n"; got != want {
		t.Errorf("git commit called %q, want %q", got, want)
	}
	w.run("r", "switch", "-q", "main")
	w.run("r", "merge", "-q", "--no-ff", "side")
	if got := w.log(); !strings.HasPrefix(got, "cork [git-hook] [pre-merge-commit]\n") {
		t.Errorf("git merge called %q, want pre-merge-commit first", got)
	}
	_, err := hook.Install(t.Context(), w.options("r", "post-commit"))
	if err == nil || !strings.Contains(err.Error(), `"post-commit"`) {
		t.Errorf("Install(post-commit) = %v, want it refused by name", err)
	}
}

func TestForeignHookIsChained(t *testing.T) {
	const theirs = "#!/bin/sh\necho theirs >> LOG\n"
	w := newWorld(t)
	w.repo("r")
	script := strings.ReplaceAll(theirs, "LOG", sh(w.path("log")))
	w.write("r/.git/hooks/pre-commit", script, 0o750)
	rep := w.install(w.options("r", "pre-commit"))
	dir := w.path("r/.git/hooks/")
	want := []string{
		fmt.Sprintf("renamed %s/pre-commit to %s/pre-commit.cork-prev", dir, dir),
		fmt.Sprintf("wrote %s/pre-commit", dir),
	}
	if !slices.Equal(rep.Actions, want) {
		t.Errorf("Install did %q, want %q", rep.Actions, want)
	}
	fi, err := os.Stat(w.path("r/.git/hooks/pre-commit.cork-prev"))
	if err != nil || fi.Mode() != 0o750 || w.read("r/.git/hooks/pre-commit.cork-prev") != script {
		t.Errorf("the foreign hook was changed: %v, %v", fi.Mode(), err)
	}
	w.run("r", "commit", "-q", "--allow-empty", "-m", "x")
	if got, want := w.log(), "theirs\ncork [git-hook] [pre-commit]\n"; got != want {
		t.Errorf("git commit called %q, want %q", got, want)
	}
	// Its failure wins, and cork does not run.
	w.write("r/.git/hooks/pre-commit.cork-prev", script+"exit 7\n", 0o755)
	if out, err := w.try("r", "commit", "-q", "--allow-empty", "-m", "x"); err == nil {
		t.Errorf("git commit passed, want it refused:\n%s", out)
	}
	if got, want := w.log(), "theirs\n"; got != want {
		t.Errorf("git commit called %q, want %q", got, want)
	}
	if again := w.install(w.options("r", "pre-commit")); again.Changed() {
		t.Errorf("second Install did %q, want nothing", again.Actions)
	}
	// A third hook in our place, and no room to chain it.
	w.write("r/.git/hooks/pre-commit", "#!/bin/sh\n", 0o755)
	before := w.snapshot("r/.git")
	if _, err := hook.Install(t.Context(), w.options("r")); err == nil || !strings.Contains(err.Error(), "is taken") {
		t.Errorf("Install with a .cork-prev in the way = %v, want an error", err)
	}
	wantSame(t, "repository", w.snapshot("r/.git"), before)
}

func TestForeignHookVariants(t *testing.T) {
	tests := []struct {
		name   string
		setUp  func(w *world)
		change func(o *hook.Options)
		wayErr bool
		err    string
		commit string // what is called by git commit afterwards
		files  map[string]string
	}{
		{
			name:   "not executable is moved and not run",
			setUp:  func(w *world) { w.write("r/.git/hooks/pre-commit", "#!/bin/sh\nexit 9\n", 0o644) },
			commit: "cork [git-hook] [pre-commit]\n",
			files:  map[string]string{"pre-commit.cork-prev": "#!/bin/sh\nexit 9\n"},
		},
		{
			name:   "no chain",
			setUp:  func(w *world) { w.write("r/.git/hooks/pre-commit", "#!/bin/sh\n", 0o755) },
			change: func(o *hook.Options) { o.NoChain = true },
			wayErr: true,
		},
		{
			name:   "force keeps a copy",
			setUp:  func(w *world) { w.write("r/.git/hooks/pre-commit", "#!/bin/sh\nexit 9\n", 0o755) },
			change: func(o *hook.Options) { o.Force = true },
			commit: "cork [git-hook] [pre-commit]\n",
			files:  map[string]string{"pre-commit.cork-bak-20260102T020405Z": "#!/bin/sh\nexit 9\n", "pre-commit.cork-prev": ""},
		},
		{
			name: "symbolic link is moved and its target untouched",
			setUp: func(w *world) {
				w.write("dotfiles/hook", "#!/bin/sh\necho linked >> "+sh(w.path("log"))+"\n", 0o755)
				symlink(w, "../../../dotfiles/hook", "r/.git/hooks/pre-commit")
			},
			commit: "linked\ncork [git-hook] [pre-commit]\n",
		},
		{
			name:   "symbolic link to nowhere",
			setUp:  func(w *world) { symlink(w, "nowhere", "r/.git/hooks/pre-commit") },
			commit: "cork [git-hook] [pre-commit]\n",
		},
		{
			name: "symbolic link to a hook of ours",
			setUp: func(w *world) {
				w.repo("other")
				w.install(w.options("other", "pre-commit"))
				symlink(w, w.path("other/.git/hooks/pre-commit"), "r/.git/hooks/pre-commit")
			},
			commit: "cork [git-hook] [pre-commit]\n",
			files:  map[string]string{"pre-commit.cork-prev": ""},
		},
		{
			name:  "directory",
			setUp: func(w *world) { w.write("r/.git/hooks/pre-commit/x", "", 0o644) },
			err:   "is a directory",
		},
		{
			name: "left over from an earlier install",
			setUp: func(w *world) {
				w.write("r/.git/hooks/pre-commit.cork-prev", "#!/bin/sh\necho old >> "+sh(w.path("log"))+"\n", 0o755)
			},
			commit: "old\ncork [git-hook] [pre-commit]\n",
		},
		{
			name: "ours, not executable",
			setUp: func(w *world) {
				w.install(w.options("r", "pre-commit"))
				os.Chmod(w.path("r/.git/hooks/pre-commit"), 0o644)
			},
			commit: "cork [git-hook] [pre-commit]\n",
		},
		{
			name: "ours, with CRLF",
			setUp: func(w *world) {
				w.install(w.options("r", "pre-commit"))
				w.write("r/.git/hooks/pre-commit", strings.ReplaceAll(w.read("r/.git/hooks/pre-commit"), "\n", "\r\n"), 0o755)
			},
			commit: "cork [git-hook] [pre-commit]\n",
			files:  map[string]string{"pre-commit.cork-bak-20260102T020405Z": ""},
		},
		{
			name: "ours, with another cork",
			setUp: func(w *world) {
				o := w.options("r", "pre-commit")
				o.Bin = w.write("old/cork", "#!/bin/sh\nexit 5\n", 0o755)
				w.install(o)
			},
			commit: "cork [git-hook] [pre-commit]\n",
			files:  map[string]string{"pre-commit.cork-bak-20260102T020405Z": ""},
		},
		{
			name: "ours, changed by hand, is kept",
			setUp: func(w *world) {
				w.write("r/.git/hooks/pre-commit", "#!/bin/sh\n# cork-managed-hook v1 pre-commit\nmake lint\n", 0o755)
			},
			commit: "cork [git-hook] [pre-commit]\n",
			files:  map[string]string{"pre-commit.cork-bak-20260102T020405Z": "#!/bin/sh\n# cork-managed-hook v1 pre-commit\nmake lint\n"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.repo("r")
			tt.setUp(w)
			o := w.options("r", "pre-push", "pre-commit")
			o.Method = hook.File
			if tt.change != nil {
				tt.change(&o)
			}
			before := w.snapshot("")
			rep, err := hook.Install(t.Context(), o)
			switch {
			case tt.wayErr:
				if e := inTheWay(t, err); len(e.Obstacles) != 1 || e.Obstacles[0].Hook != "pre-commit" || e.Snippets() == "" {
					t.Errorf("InTheWayError = %+v, want the pre-commit hook with a snippet", e)
				}
				wantSame(t, "world", w.snapshot(""), before)
				return
			case tt.err != "":
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("Install = %v, want an error with %q", err, tt.err)
				}
				wantSame(t, "world", w.snapshot(""), before)
				return
			case err != nil:
				t.Fatal(err)
			case rep.Hooks[1].Verdict != hook.WillRun:
				t.Errorf("Install: hooks = %+v, want them to run", rep.Hooks)
			}
			w.run("r", "commit", "-q", "--allow-empty", "-m", "x")
			if got := w.log(); got != tt.commit {
				t.Errorf("git commit called %q, want %q", got, tt.commit)
			}
			for name, want := range tt.files {
				if got := w.read("r/.git/hooks/" + name); got != want {
					t.Errorf("%s = %q, want %q", name, got, want)
				}
			}
			if again := w.install(w.options("r", "pre-push", "pre-commit")); again.Changed() {
				t.Errorf("second Install did %q, want nothing", again.Actions)
			}
		})
	}
}

func symlink(w *world, target, name string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(w.path(name)), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Symlink(target, w.path(name)); err != nil {
		w.t.Fatal(err)
	}
}

// managers are hooks as the managers write them, cut down.
var managers = map[string]string{
	"pre-commit":       "#!/usr/bin/env bash\n# File generated by pre-commit: https://pre-commit.com\n# ID: 138fd403232d2ddd5efb44317e38bf03\n",
	"prek":             "#!/bin/sh\n# File generated by prek: https://github.com/j178/prek\n",
	"lefthook":         "#!/bin/sh\nif [ \"$LEFTHOOK\" = \"0\" ]; then exit 0; fi\ncall_lefthook run \"pre-commit\" \"$@\"\n",
	"husky":            "#!/bin/sh\n# husky\n. \"$(dirname \"$0\")/husky.sh\"\n",
	"overcommit":       "#!/usr/bin/env ruby\n# Entrypoint for Overcommit hook integration.\n",
	"simple-git-hooks": "#!/bin/sh\nif [ \"$SKIP_SIMPLE_GIT_HOOKS\" = \"1\" ]; then exit 0; fi\n",
}

func TestManagersAreNotTouched(t *testing.T) {
	for name, script := range managers {
		for _, method := range []hook.Method{hook.Auto, hook.File} {
			t.Run(name+"/"+method.String(), func(t *testing.T) {
				w := newWorld(t)
				newGit := w.configHooks()
				w.repo("r")
				path := w.write("r/.git/hooks/pre-commit", script, 0o755)
				before := w.snapshot("r/.git")
				o := w.options("r")
				o.Method = method
				o.Force = true
				rep, err := hook.Install(t.Context(), o)
				if newGit && method == hook.Auto {
					if err != nil {
						t.Fatal(err)
					}
					if w.read(path) != script {
						t.Errorf("the manager's hook was changed")
					}
					want := []string{
						fmt.Sprintf("set hook.cork-pre-commit.command to %q in the local configuration", sh(w.bin)+" git-hook pre-commit"),
						`set hook.cork-pre-commit.event to "pre-commit" in the local configuration`,
						"wrote " + w.path("r/.git/hooks/pre-push"),
					}
					if !slices.Equal(rep.Actions, want) {
						t.Errorf("Install did %q, want %q", rep.Actions, want)
					}
					return
				}
				e := inTheWay(t, err)
				if len(e.Obstacles) != 1 {
					t.Fatalf("InTheWayError = %+v, want one obstacle", e)
				}
				ob := e.Obstacles[0]
				if ob.Manager != name || ob.Hook != "pre-commit" || ob.Path != path || !strings.Contains(ob.Snippet, "cork git-hook ") || ob.SnippetFile == "" {
					t.Errorf("obstacle = %+v, want %s's pre-commit at %s and a snippet", ob, name, path)
				}
				if !strings.Contains(e.Snippets(), ob.SnippetFile) {
					t.Errorf("Snippets() = %q, want it to name %q", e.Snippets(), ob.SnippetFile)
				}
				wantSame(t, "repository", w.snapshot("r/.git"), before)
			})
		}
	}
}

func TestHooksDirectoriesOfOthers(t *testing.T) {
	tests := []struct {
		name    string
		setUp   func(w *world)
		force   bool
		reason  string // "" if it is installed
		manager string
		snippet string
	}{
		{
			name: "tracked", reason: "is part of the project's files", snippet: "githooks/pre-commit",
			setUp: func(w *world) {
				w.write("r/githooks/commit-msg", "#!/bin/sh\n", 0o755)
				w.run("r", "add", "githooks")
				w.run("r", "config", "core.hooksPath", "githooks")
			},
		},
		{
			name: "tracked, forced", force: true,
			setUp: func(w *world) {
				w.write("r/githooks/commit-msg", "#!/bin/sh\n", 0o755)
				w.run("r", "add", "githooks")
				w.run("r", "config", "core.hooksPath", "githooks")
			},
		},
		{
			name: "tracked by another repository", reason: "is part of the project's files",
			setUp: func(w *world) {
				w.repo("other")
				w.write("other/h/x", "", 0o644)
				w.run("other", "add", "h")
				w.run("r", "config", "core.hooksPath", "../other/h")
			},
		},
		{
			name: "tracked and not checked out", reason: "is part of the project's files",
			setUp: func(w *world) {
				w.write("r/githooks/sub/x", "", 0o644)
				w.run("r", "add", "githooks")
				os.RemoveAll(w.path("r/githooks"))
				w.run("r", "config", "core.hooksPath", "githooks")
			},
		},
		{
			name: "link to a tracked directory", reason: "is part of the project's files",
			setUp: func(w *world) {
				w.write("r/githooks/x", "", 0o644)
				w.run("r", "add", "githooks")
				os.RemoveAll(w.path("r/.git/hooks"))
				symlink(w, "../githooks", "r/.git/hooks")
			},
		},
		{
			name: "of everybody", reason: "makes git take the hooks of other repositories too from", snippet: "all hooks/pre-commit",
			setUp: func(w *world) { w.run("r", "config", "--global", "core.hooksPath", "~/all hooks") },
		},
		{
			name: "of everybody, forced", force: true, reason: "makes git take the hooks of other repositories too from",
			setUp: func(w *world) { w.run("r", "config", "--global", "core.hooksPath", "~/all hooks") },
		},
		{
			name: "empty", reason: "core.hooksPath is set to nothing",
			setUp: func(w *world) { w.run("r", "config", "core.hooksPath", "") },
		},
		{
			name: "null device", reason: "the hooks directory /dev/null is no directory",
			setUp: func(w *world) { w.run("r", "config", "core.hooksPath", "/dev/null") },
		},
		{
			name: "husky 9", reason: "husky manages the hooks", manager: "husky", snippet: ".husky/pre-commit",
			setUp: func(w *world) {
				w.write("r/.husky/_/h", "#!/usr/bin/env sh\n", 0o644)
				w.write("r/.husky/_/pre-commit", "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"", 0o755)
				w.run("r", "config", "core.hooksPath", ".husky/_")
			},
		},
		{
			name: "husky 8", reason: "husky manages the hooks", manager: "husky", snippet: ".husky/pre-commit",
			setUp: func(w *world) {
				w.write("r/.husky/_/husky.sh", "#!/usr/bin/env sh\n", 0o644)
				w.run("r", "config", "core.hooksPath", ".husky")
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.repo("r")
			tt.setUp(w)
			o := w.options("r", "pre-commit")
			o.Method, o.Force = hook.File, tt.force
			before := w.snapshot("r/.git") + w.snapshot("home")
			_, err := hook.Install(t.Context(), o)
			if tt.reason == "" {
				if err != nil {
					t.Fatal(err)
				}
				w.run("r", "commit", "-q", "--allow-empty", "-m", "x")
				if got, want := w.log(), "cork [git-hook] [pre-commit]\n"; got != want {
					t.Errorf("git commit called %q, want %q", got, want)
				}
				return
			}
			ob := inTheWay(t, err).Obstacles[0]
			if !strings.Contains(ob.Reason, tt.reason) || ob.Manager != tt.manager || !strings.HasSuffix(ob.SnippetFile, tt.snippet) {
				t.Errorf("obstacle = %+v, want %+v", ob, tt)
			}
			wantSame(t, "world", w.snapshot("r/.git")+w.snapshot("home"), before)
			rep, err := hook.Status(t.Context(), o)
			if err != nil || rep.Hooks[0].Verdict != hook.WillNotRun || rep.Hooks[0].Why == "" {
				t.Errorf("Status = %+v, %v, want one hook that will not run, and why", rep, err)
			}
			// With a git that can, auto goes around all of these.
			if o.Method = hook.Auto; w.configHooks() {
				w.install(o)
				if tt.name == "empty" {
					return // git itself dies of it
				}
				w.run("r", "commit", "-q", "--allow-empty", "-m", "x")
				if got, want := w.log(), "cork [git-hook] [pre-commit]\n"; got != want {
					t.Errorf("git commit called %q, want %q", got, want)
				}
			}
		})
	}
}

func TestMissingCorkRefusesTheCommit(t *testing.T) {
	w := newWorld(t)
	w.repo("r")
	w.install(w.options("r", "pre-commit"))
	os.Rename(w.bin, w.bin+".gone")
	out, err := w.try("r", "commit", "-q", "--allow-empty", "-m", "x")
	want := "cork: secret scan did NOT run: neither " + w.bin + " nor cork on PATH was found.\n" +
		"cork: reinstall cork, or remove this hook:  rm '.git/hooks/pre-commit'\n" +
		"cork: to bypass once: git commit --no-verify\n"
	if err == nil || out != want {
		t.Errorf("git commit without cork: %v, %q, want it refused with %q", err, out, want)
	}
	rep, err := hook.Status(t.Context(), w.options("r", "pre-commit"))
	if err != nil || !strings.Contains(strings.Join(rep.Notes, "\n"), "names a cork that is not there") {
		t.Errorf("Status = %+v, %v, want a note on the cork that is gone", rep, err)
	}
	// From PATH, if it is there.
	w.fakeCork("path/cork")
	w.env = append(w.env, "PATH="+w.path("path")+":"+os.Getenv("PATH"))
	w.run("r", "commit", "-q", "--allow-empty", "-m", "x")
	if got, want := w.log(), "cork [git-hook] [pre-commit]\n"; got != want {
		t.Errorf("git commit called %q, want %q", got, want)
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.repo("r")
	w.write("r/.git/hooks/pre-commit", "#!/bin/sh\n", 0o755)
	os.RemoveAll(w.path("r/.git/info"))
	o := w.options("r")
	o.DryRun = true
	before := w.snapshot("r/.git")
	rep := w.install(o)
	dir := w.path("r/.git/hooks")
	want := []string{
		fmt.Sprintf("would rename %s/pre-commit to %s/pre-commit.cork-prev", dir, dir),
		fmt.Sprintf("would write %s/pre-commit", dir),
		fmt.Sprintf("would write %s/pre-push", dir),
	}
	if !slices.Equal(rep.Actions, want) || rep.Hooks != nil {
		t.Errorf("dry Install = %+v, want %q and no hooks", rep, want)
	}
	wantSame(t, "repository", w.snapshot("r/.git"), before)
	w.install(w.options("r"))
	before = w.snapshot("r/.git")
	if rep, err := hook.Uninstall(t.Context(), o); err != nil || len(rep.Actions) != 3 {
		t.Errorf("dry Uninstall = %+v, %v, want three actions", rep, err)
	}
	wantSame(t, "repository", w.snapshot("r/.git"), before)
}

func TestUninstallRestores(t *testing.T) {
	const theirs = "#!/bin/sh\n# theirs\n"
	tests := []struct {
		name    string
		setUp   func(w *world)
		want    map[string]string // below .git/hooks, after
		actions int
		note    string
	}{
		{"nothing", func(w *world) {}, map[string]string{"pre-commit": ""}, 0, ""},
		{"plain", func(w *world) { w.install(w.options("r")) },
			map[string]string{"pre-commit": "", "pre-push": ""}, 2, ""},
		{"chained", func(w *world) {
			w.write("r/.git/hooks/pre-commit", theirs, 0o755)
			w.install(w.options("r", "pre-commit"))
		}, map[string]string{"pre-commit": theirs, "pre-commit.cork-prev": ""}, 2, ""},
		{"foreign", func(w *world) { w.write("r/.git/hooks/pre-commit", theirs, 0o755) },
			map[string]string{"pre-commit": theirs}, 0, ""},
		{"removed by hand", func(w *world) {
			w.write("r/.git/hooks/pre-commit", theirs, 0o755)
			w.install(w.options("r", "pre-commit"))
			os.Remove(w.path("r/.git/hooks/pre-commit"))
		}, map[string]string{"pre-commit": theirs, "pre-commit.cork-prev": ""}, 1, ""},
		{"replaced by hand", func(w *world) {
			w.write("r/.git/hooks/pre-commit", theirs, 0o755)
			w.install(w.options("r", "pre-commit"))
			w.write("r/.git/hooks/pre-commit", "#!/bin/sh\n", 0o755)
		}, map[string]string{"pre-commit": "#!/bin/sh\n", "pre-commit.cork-prev": theirs}, 0, "there is another hook in its place"},
		{"changed by hand", func(w *world) {
			w.install(w.options("r", "pre-commit"))
			w.write("r/.git/hooks/pre-commit", w.read("r/.git/hooks/pre-commit")+"# more\n", 0o755)
		}, map[string]string{"pre-commit": ""}, 1, "is kept under the other name"},
		{"moved by pre-commit", func(w *world) {
			w.write("r/.git/hooks/pre-commit", theirs, 0o755)
			w.install(w.options("r", "pre-commit"))
			os.Rename(w.path("r/.git/hooks/pre-commit"), w.path("r/.git/hooks/pre-commit.legacy"))
			w.write("r/.git/hooks/pre-commit", managers["pre-commit"], 0o755)
		}, map[string]string{"pre-commit": managers["pre-commit"], "pre-commit.legacy": theirs, "pre-commit.cork-prev": ""}, 2,
			"a hook manager had moved cork's hook to"},
		{"moved by lefthook", func(w *world) {
			w.install(w.options("r", "pre-commit"))
			os.Rename(w.path("r/.git/hooks/pre-commit"), w.path("r/.git/hooks/pre-commit.old"))
			w.write("r/.git/hooks/pre-commit", managers["lefthook"], 0o755)
		}, map[string]string{"pre-commit": managers["lefthook"], "pre-commit.old": ""}, 1, "pre-commit.old"},
		{"shadowed by hooksPath", func(w *world) {
			w.install(w.options("r", "pre-commit"))
			w.run("r", "config", "core.hooksPath", ".husky/_")
		}, map[string]string{"pre-commit": ""}, 1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.repo("r")
			tt.setUp(w)
			o := w.options("r")
			o.Hooks, o.Bin = nil, ""
			rep, err := hook.Uninstall(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if len(rep.Actions) != tt.actions || !strings.Contains(strings.Join(rep.Notes, "\n"), tt.note) {
				t.Errorf("Uninstall = %+v, want %d actions and the note %q", rep, tt.actions, tt.note)
			}
			for name, want := range tt.want {
				if got := w.read("r/.git/hooks/" + name); got != want {
					t.Errorf("%s = %q, want %q", name, got, want)
				}
			}
			if rep, err := hook.Uninstall(t.Context(), o); err != nil || rep.Changed() {
				t.Errorf("second Uninstall = %+v, %v, want nothing done", rep, err)
			}
		})
	}
}

func TestStatusNamesWhatShadowsTheHook(t *testing.T) {
	tests := []struct {
		name    string
		change  func(w *world) // after an install
		verdict hook.Verdict
		why     string
	}{
		{"as installed", func(w *world) {}, hook.WillRun, "/r/.git/hooks/pre-commit"},
		{"not executable", func(w *world) { os.Chmod(w.path("r/.git/hooks/pre-commit"), 0o644) }, hook.WillNotRun, "chmod +x"},
		{"gone", func(w *world) { os.Remove(w.path("r/.git/hooks/pre-commit")) }, hook.WillNotRun, "not installed"},
		{"hooksPath", func(w *world) { w.run("r", "config", "--global", "core.hooksPath", "/nowhere") },
			hook.WillNotRun, "is shadowed by core.hooksPath (HOME/.gitconfig, global)"},
		{"husky", func(w *world) {
			w.write("r/.husky/_/pre-commit", "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"", 0o755)
			w.run("r", "config", "core.hooksPath", ".husky/_")
		}, hook.WillNotRun, ".husky/pre-commit does not run cork; cork's hook"},
		{"husky that runs cork", func(w *world) {
			w.write("r/.husky/_/pre-commit", "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"", 0o755)
			w.write("r/.husky/pre-commit", "cork git-hook pre-commit\n", 0o644)
			w.run("r", "config", "core.hooksPath", ".husky/_")
		}, hook.WillRun, "which husky runs"},
		{"moved by lefthook", func(w *world) {
			os.Rename(w.path("r/.git/hooks/pre-commit"), w.path("r/.git/hooks/pre-commit.old"))
			w.write("r/.git/hooks/pre-commit", managers["lefthook"], 0o755)
		}, hook.WillNotRun, "pre-commit.old, where nothing runs it"},
		{"lefthook that mentions cork", func(w *world) {
			w.write("r/.git/hooks/pre-commit", managers["lefthook"], 0o755)
			w.write("r/lefthook.yml", "pre-commit:\n  jobs:\n    - run: cork git-hook pre-commit\n", 0o644)
		}, hook.Unknown, "lefthook.yml mentions cork"},
		{"moved by pre-commit", func(w *world) {
			os.Rename(w.path("r/.git/hooks/pre-commit"), w.path("r/.git/hooks/pre-commit.legacy"))
			w.write("r/.git/hooks/pre-commit", managers["pre-commit"], 0o755)
		}, hook.WillRun, "pre-commit.legacy, which pre-commit runs first"},
		{"directory", func(w *world) {
			os.Remove(w.path("r/.git/hooks/pre-commit"))
			os.Mkdir(w.path("r/.git/hooks/pre-commit"), 0o755)
		}, hook.WillNotRun, "is a directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.repo("r")
			o := w.options("r", "pre-commit")
			o.Method = hook.File
			w.install(o)
			tt.change(w)
			before := w.snapshot("r")
			rep, err := hook.Status(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			why := strings.ReplaceAll(rep.Hooks[0].Why, w.home, "HOME")
			if rep.Hooks[0].Verdict != tt.verdict || !strings.Contains(why, tt.why) {
				t.Errorf("Status = %v, %q, want %v with %q", rep.Hooks[0].Verdict, why, tt.verdict, tt.why)
			}
			wantSame(t, "repository", w.snapshot("r"), before)
		})
	}
}

func TestLegacyHookIsInstalled(t *testing.T) {
	w := newWorld(t)
	w.repo("r")
	o := w.options("r", "pre-commit")
	o.Method = hook.File
	w.install(o)
	os.Rename(w.path("r/.git/hooks/pre-commit"), w.path("r/.git/hooks/pre-commit.legacy"))
	w.write("r/.git/hooks/pre-commit", managers["pre-commit"], 0o755)
	if rep := w.install(o); rep.Changed() {
		t.Errorf("Install did %q, want nothing: pre-commit runs it", rep.Actions)
	}
	o.Bin = w.fakeCork("new/cork")
	w.install(o)
	if !strings.Contains(w.read("r/.git/hooks/pre-commit.legacy"), o.Bin) || w.read("r/.git/hooks/pre-commit") != managers["pre-commit"] {
		t.Errorf("Install did not renew the hook that pre-commit runs, or it touched pre-commit's")
	}
}

func TestPathsThatDoNotLastAreRefused(t *testing.T) {
	w := newWorld(t)
	w.repo("r")
	symlink(w, w.path("tmp"), "link")
	tests := []struct {
		bin     string
		refused bool
	}{
		{"usr/local/bin/cork", false},
		{"home/go/bin/cork", false},
		{"nix/store/abc-cork/bin/cork", false},
		{"home/project/node_modules/.bin/cork", false},
		{"tmp/cork", true},
		{"link/cork", true},
		{"var/go-build123/b001/exe/cork", true},
		{"home/.cache/go-build/ab/cork", true},
		{"home/go/pkg/mod/example.com/cork@v1/cork", true},
		{"home/.npm/_npx/12/node_modules/.bin/cork", true},
		{"home/.cache/pre-commit/repo1/golangenv-default/bin/cork", true},
		{"elsewhere/repo1/golangenv-1.26/bin/cork", true},
		{"home/.cache/prek/hooks/go-1/bin/cork", true},
		{"home/Library/Caches/x/cork", true},
		{"home/AppData/Local/Temp/cork.exe", true},
		{"home/.cache/pnpm/dlx/x/cork", true},
	}
	for _, tt := range tests {
		o := w.options("r")
		o.Bin, o.TempDir = w.fakeCork(tt.bin), w.path("tmp")
		before := w.snapshot("r/.git/hooks")
		_, err := hook.Install(t.Context(), o)
		if (err != nil) != tt.refused {
			t.Errorf("Install(Bin: %q) = %v, want refused %v", tt.bin, err, tt.refused)
		}
		if tt.refused {
			wantSame(t, "hooks", w.snapshot("r/.git/hooks"), before)
		}
		o.BinExplicit = true
		if _, err := hook.Install(t.Context(), o); err != nil {
			t.Errorf("Install(Bin: %q, BinExplicit) = %v, want it done", tt.bin, err)
		}
	}
	for _, bin := range []string{"", "cork", "./cork", w.path("nowhere/cork"), w.path("r"), w.path("home/.gitconfig"), w.fakeCork("new\nline/cork")} {
		o := w.options("r")
		o.Bin, o.BinExplicit = bin, true
		if _, err := hook.Install(t.Context(), o); err == nil || !strings.Contains(scanner.HintOf(err), "--bin") {
			t.Errorf("Install(Bin: %q) = %v, want an error with a hint", bin, err)
		}
	}
}

func TestOutsideOfARepository(t *testing.T) {
	w := newWorld(t)
	w.env = append(w.env, "GIT_CEILING_DIRECTORIES="+w.root)
	os.Mkdir(w.path("empty"), 0o755)
	for name, do := range map[string]func(context.Context, hook.Options) (*hook.Report, error){
		"Install": hook.Install, "Uninstall": hook.Uninstall, "Status": hook.Status,
	} {
		if _, err := do(t.Context(), w.options("empty")); err == nil || !strings.Contains(err.Error(), "not a git repository") || scanner.HintOf(err) == "" {
			t.Errorf("%s outside of a repository = %v, want an error that says so", name, err)
		}
		o := w.options("empty")
		o.Git = ""
		if _, err := do(t.Context(), o); err == nil || !strings.Contains(err.Error(), "git is not installed") {
			t.Errorf("%s without git = %v, want an error that says so", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.repo("r")
	if _, err := hook.Install(ctx, w.options("r")); !errors.Is(err, context.Canceled) {
		t.Errorf("Install after cancel = %v, want %v", err, context.Canceled)
	}
}

// oldGit wraps git so that it behaves as git did before a feature came.
func (w *world) oldGit(name, cases string) string {
	return w.write("old/"+name, "#!/bin/sh\nreal="+sh(w.git)+"\ncase $1,$2 in\n"+cases+"\nesac\nexec \"$real\" \"$@\"\n", 0o755)
}

func TestOldGits(t *testing.T) {
	w := newWorld(t)
	// git < 2.31: rev-parse repeats an option that it does not know, and
	// answers relative to where it is run.
	before231 := w.oldGit("git-2.30", `rev-parse,--path-format=absolute) echo "$2"; shift 2; exec "$real" rev-parse "$@";;
hook,*) echo "git: 'hook' is not a git command. See 'git --help'." >&2; exit 1;;`)
	// git < 2.26: no --show-scope.
	before226 := w.oldGit("git-2.25", `config,--show-scope) exit 129;;
rev-parse,--path-format=absolute) echo "$2"; shift 2; exec "$real" rev-parse "$@";;
hook,*) echo "git: 'hook' is not a git command. See 'git --help'." >&2; exit 1;;`)
	before254 := w.oldGit("git-2.53", `hook,list) exit 129;;
hook,-h) echo 'usage: git hook run'; exit 129;;`)
	for i, git := range []string{before226, before231, before254} {
		dir := fmt.Sprintf("r%d", i)
		w.repo(dir)
		w.write(dir+"/sub/x", "", 0o644)
		o := w.options(dir+"/sub", "pre-commit")
		o.Git = git
		w.install(o)
		w.run(dir, "commit", "-q", "--allow-empty", "-m", "x")
		if got, want := w.log(), "cork [git-hook] [pre-commit]\n"; got != want {
			t.Errorf("%s: git commit called %q, want %q", git, got, want)
		}
		home := w.snapshot("home")
		for _, change := range []func(o *hook.Options){
			func(o *hook.Options) { o.Scope = hook.Global },
			func(o *hook.Options) { o.Method = hook.Config },
		} {
			o := o
			change(&o)
			if _, err := hook.Install(t.Context(), o); err == nil || !strings.Contains(err.Error(), "git 2.54 or later") || !strings.Contains(scanner.HintOf(err), "--template") {
				t.Errorf("%s: Install(%v, %v) = %v, want it refused with what to do", git, o.Scope, o.Method, err)
			}
		}
		wantSame(t, "home", w.snapshot("home"), home)
		w.run("", "config", "--global", "core.hooksPath", "/nowhere")
		if _, err := hook.Install(t.Context(), o); err == nil {
			t.Errorf("%s: Install with a hooksPath of everybody = nil, want an error", git)
		} else if e := inTheWay(t, err); !strings.Contains(e.Error(), "global") {
			t.Errorf("%s: Install = %v, want it to say global", git, e)
		}
		w.run("", "config", "--global", "--unset", "core.hooksPath")
	}
}

func TestTemplate(t *testing.T) {
	w := newWorld(t)
	o := w.options("")
	o.Scope, o.Hooks = hook.Template, nil
	if _, err := hook.Install(t.Context(), o); err == nil || !strings.Contains(scanner.HintOf(err), "init.templateDir") {
		t.Errorf("Install without init.templateDir = %v, want a hint to set it", err)
	}
	w.run("", "config", "--global", "init.templateDir", "~/my template")
	rep := w.install(o)
	if len(rep.Actions) != 3 || rep.Hooks[0].Verdict != hook.WillRun {
		t.Errorf("Install = %+v, want a directory and two hooks", rep)
	}
	w.run("", "init", "-q", "new")
	w.run("new", "commit", "-q", "--allow-empty", "-m", "x")
	if got, want := w.log(), "cork [git-hook] [pre-commit]\n"; got != want {
		t.Errorf("git commit called %q, want %q", got, want)
	}
	if rep, err := hook.Uninstall(t.Context(), o); err != nil || len(rep.Actions) != 2 {
		t.Errorf("Uninstall = %+v, %v, want two files removed", rep, err)
	}
}

func TestConfigHooks(t *testing.T) {
	w := newWorld(t)
	if !w.configHooks() {
		t.Skip("this git does not run hooks from its configuration (2.54 and later do)")
	}
	w.repo("r")
	const called = "cork [git-hook] [pre-commit]\n"
	commit := func(dir, want string) {
		t.Helper()
		w.run(dir, "commit", "-q", "--allow-empty", "-m", "x")
		if got := w.log(); got != want {
			t.Errorf("git commit called %q, want %q", got, want)
		}
	}

	t.Run("global", func(t *testing.T) {
		o := w.options("")
		o.Scope, o.Hooks = hook.Global, nil
		before := w.read("home/.gitconfig")
		rep := w.install(o)
		if len(rep.Actions) != 4 || len(rep.Hooks) != 2 || rep.Hooks[1].Verdict != hook.WillRun {
			t.Errorf("Install = %+v, want four settings and two hooks", rep)
		}
		// The order matters: an event without a command breaks git status.
		got := w.read("home/.gitconfig")
		c, e := strings.Index(got, "command ="), strings.Index(got, "event =")
		if c < 0 || e < 0 || c > e {
			t.Errorf(".gitconfig = %q, want the command before the event", got)
		}
		commit("r", called)
		if rep := w.install(o); rep.Changed() {
			t.Errorf("second Install did %q, want nothing", rep.Actions)
		}
		// No second time in a repository, unless asked for.
		if rep := w.install(w.options("r")); rep.Changed() {
			t.Errorf("Install in a repository did %q, want nothing", rep.Actions)
		}
		w.run("r", "config", "hook.cork-pre-commit.enabled", "false")
		commit("r", "")
		if rep, err := hook.Status(t.Context(), w.options("r", "pre-commit")); err != nil || rep.Hooks[0].Verdict != hook.WillNotRun || !strings.Contains(rep.Hooks[0].Why, "switched off") {
			t.Errorf("Status = %+v, %v, want a hook that is switched off", rep, err)
		}
		w.run("r", "config", "--remove-section", "hook.cork-pre-commit")
		if _, err := hook.Uninstall(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		wantSame(t, ".gitconfig", w.read("home/.gitconfig"), before)
		commit("r", "")
	})

	t.Run("local beside a manager and without a hooks directory", func(t *testing.T) {
		w.write("r/.git/hooks/pre-commit", managers["lefthook"]+"exit 0\n", 0o755)
		o := w.options("r", "pre-commit")
		w.write("r/.git/hooks/pre-commit", "#!/bin/sh\n# lefthook\n", 0o755)
		w.install(o)
		commit("r", called)
		w.run("r", "config", "core.hooksPath", "/dev/null")
		commit("r", called)
		w.run("r", "config", "--unset", "core.hooksPath")
		os.Remove(w.bin)
		if out, err := w.try("r", "commit", "--allow-empty", "-m", "x"); err == nil {
			t.Errorf("git commit without cork passed:\n%s", out)
		}
		w.fakeCork(w.bin)
		if rep, err := hook.Uninstall(t.Context(), o); err != nil || len(rep.Actions) != 1 {
			t.Errorf("Uninstall = %+v, %v, want the section removed", rep, err)
		}
		w.run("r", "status")
	})

	t.Run("from file to config and back", func(t *testing.T) {
		os.RemoveAll(w.path("r/.git/hooks"))
		theirs := w.write("r/.git/hooks/pre-commit", "#!/bin/sh\n", 0o755)
		o := w.options("r", "pre-commit")
		for range 2 {
			o.Method = hook.File
			w.install(o)
			commit("r", called)
			if got := w.run("r", "hook", "list", "pre-commit"); got != "hook from hookdir\n" {
				t.Errorf("git hook list = %q, want the file alone", got)
			}
			o.Method = hook.Config
			w.install(o)
			commit("r", called)
			if got := w.read(theirs); got != "#!/bin/sh\n" {
				t.Errorf("the foreign hook = %q, want it back", got)
			}
		}
	})

	t.Run("older gits on PATH are named", func(t *testing.T) {
		old := w.oldGit("git", "hook,list) exit 129;;\nhook,-h) exit 129;;")
		o := w.options("")
		o.Scope = hook.Global
		o.Env = append(slices.Clip(w.env), "PATH="+filepath.Dir(old)+":"+os.Getenv("PATH"))
		rep := w.install(o)
		if !strings.Contains(strings.Join(rep.Notes, "\n"), old+" is older than 2.54") {
			t.Errorf("notes = %q, want one on %s", rep.Notes, old)
		}
	})
}

func TestManagersToComeAreNamed(t *testing.T) {
	w := newWorld(t)
	w.repo("r")
	w.write("r/lefthook.yml", "", 0o644)
	if rep := w.install(w.options("r")); !strings.Contains(strings.Join(rep.Notes, "\n"), "lefthook install will put cork's hooks aside") {
		t.Errorf("notes = %q, want one on lefthook", rep.Notes)
	}
}
