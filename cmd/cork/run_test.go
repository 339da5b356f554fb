package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A fixture is a folder to run commands in, and what they need of it.
type fixture struct {
	dir     string
	env     []string
	message string // a file with a commit message
	head    string // id of the commit at HEAD; zeros outside of a repository
	fresh   string // id of a commit with the same tree that no ref leads to
}

const zeroID = "0000000000000000000000000000000000000000"

// testWorld returns a world in the fixture's folder.
func (f *fixture) world(args []string, stdin string, stdout io.Writer) *world {
	return &world{
		args:    args,
		program: os.Args[0],
		stdin:   strings.NewReader(stdin),
		stdout:  stdout,
		stderr:  io.Discard,
		env:     f.env,
		dir:     f.dir,
		tempDir: filepath.Join(f.dir, "tmp"),
		now:     time.Now,
	}
}

func (f *fixture) git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = f.dir, f.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (f *fixture) write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// newFixture returns a repository in which config.txt has the content, in the
// commit at HEAD, and a changed one in the index. The commit's message has the
// content as well. config is that of .cork.toml, if any.
func newFixture(t *testing.T, content, config string) *fixture {
	t.Helper()
	f := &fixture{dir: t.TempDir(), env: gitEnv(t)}
	f.git(t, "init", "-q")
	f.git(t, "commit", "-q", "--allow-empty", "-m", "root")
	if config != "" {
		f.write(t, configName, config)
	}
	f.write(t, "config.txt", content)
	f.git(t, "add", ".")
	f.git(t, "commit", "-q", "-m", content)
	f.head = f.git(t, "rev-parse", "HEAD")
	f.fresh = f.git(t, "commit-tree", "HEAD^{tree}", "-p", "HEAD~1", "-m", "fresh")
	f.write(t, "new.txt", "new: "+content)
	f.git(t, "add", ".")
	f.message = f.write(t, "message", content)
	return f
}

// TestExitCodes runs every command in every situation: an error never becomes
// 0, and a secret never anything but 1 unless the scan was cut short.
func TestExitCodes(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	token := "token: " + (&secrets{rand: rand.New(rand.NewPCG(1, 2))}).github() + "\n"
	var (
		clean  = newFixture(t, "nothing\n", "")
		secret = newFixture(t, token, "")
		broken = newFixture(t, token, "[[allow]\n")
		bare   = &fixture{dir: t.TempDir(), env: gitEnv(t), head: zeroID, fresh: zeroID}
		gone   = newFixture(t, "nothing\n", "")
		bad    = newFixture(t, "nothing\n", "")
	)
	bare.write(t, "config.txt", token)
	bare.message = bare.write(t, "message", token)
	bad.write(t, filepath.Join(".git", "index"), "garbage")
	for _, name := range []string{":new.txt", "HEAD:config.txt"} {
		id := gone.git(t, "rev-parse", name)
		path := filepath.Join(gone.dir, ".git", "objects", id[:2], id[2:])
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}

	commands := []struct {
		name  string
		args  func(*fixture) []string
		stdin func(*fixture) string

		// Exit codes: what was asked for is clean; has a secret; is outside of
		// a repository; with .cork.toml broken; with an object missing; with
		// the index damaged; after an interruption; with standard output
		// broken and a secret to report.
		clean, secret, outside, config, missing, index, interrupted, output int
	}{
		{
			name:  "staged",
			args:  func(*fixture) []string { return []string{"staged"} },
			clean: 0, secret: 1, outside: 2, config: 2, missing: 2, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "staged json",
			args:  func(*fixture) []string { return []string{"staged", "--format", "json"} },
			clean: 0, secret: 1, outside: 2, config: 2, missing: 2, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "staged embedded",
			args:  func(*fixture) []string { return []string{"staged", "--engine", "embedded"} },
			clean: 0, secret: 1, outside: 2, config: 2, missing: 2, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "files",
			args:  func(*fixture) []string { return []string{"files", "config.txt"} },
			clean: 0, secret: 1, outside: 1, config: 2, missing: 0, index: 0, interrupted: 130, output: 2,
		}, {
			name:  "files folder",
			args:  func(*fixture) []string { return []string{"files", "."} },
			clean: 0, secret: 1, outside: 1, config: 2, missing: 0, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "files stdin",
			args:  func(*fixture) []string { return []string{"files", "-"} },
			stdin: func(f *fixture) string { b, _ := os.ReadFile(f.message); return string(b) },
			clean: 0, secret: 1, outside: 1, config: 2, missing: 0, index: 0, interrupted: 130, output: 2,
		}, {
			name:  "history",
			args:  func(*fixture) []string { return []string{"history"} },
			clean: 0, secret: 1, outside: 2, config: 2, missing: 2, index: 0, interrupted: 130, output: 2,
		}, {
			name:  "history json",
			args:  func(*fixture) []string { return []string{"history", "HEAD", "--format", "json"} },
			clean: 0, secret: 1, outside: 2, config: 2, missing: 2, index: 0, interrupted: 130, output: 2,
		}, {
			name:  "history embedded",
			args:  func(*fixture) []string { return []string{"history", "--engine", "embedded"} },
			clean: 0, secret: 1, outside: 2, config: 2, missing: 2, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "pre-commit",
			args:  func(*fixture) []string { return []string{"git-hook", "pre-commit"} },
			clean: 0, secret: 1, outside: 2, config: 2, missing: 2, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "pre-merge-commit",
			args:  func(*fixture) []string { return []string{"git-hook", "pre-merge-commit"} },
			clean: 0, secret: 1, outside: 2, config: 2, missing: 2, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "commit-msg",
			args:  func(f *fixture) []string { return []string{"git-hook", "commit-msg", f.message} },
			clean: 0, secret: 1, outside: 2, config: 2, missing: 0, index: 0, interrupted: 130, output: 2,
		}, {
			name:  "pre-push",
			args:  func(*fixture) []string { return []string{"git-hook", "pre-push", "origin", "https://example.com/"} },
			stdin: func(f *fixture) string { return "refs/heads/main " + f.head + " refs/heads/main " + zeroID + "\n" },
			// git diff-tree reads the index for attributes, and so fails.
			clean: 0, secret: 1, outside: 2, config: 2, missing: 2, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "pre-receive",
			args:  func(*fixture) []string { return []string{"git-hook", "pre-receive"} },
			stdin: func(f *fixture) string { return zeroID + " " + f.fresh + " refs/heads/new\n" },
			clean: 0, secret: 1, outside: 2, config: 2, missing: 2, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "auto",
			args:  func(*fixture) []string { return []string{"git-hook", "auto"} },
			clean: 0, secret: 1, outside: 2, config: 2, missing: 2, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "install-hook",
			args:  func(*fixture) []string { return []string{"install-hook", "--dry-run", "--bin", os.Args[0]} },
			clean: 0, secret: 0, outside: 2, config: 0, missing: 0, index: 0, interrupted: 130, output: 2,
		}, {
			name:  "install-hook status",
			args:  func(*fixture) []string { return []string{"install-hook", "--status"} },
			clean: 2, secret: 2, outside: 2, config: 2, missing: 2, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "rules",
			args:  func(*fixture) []string { return []string{"rules"} },
			clean: 0, secret: 0, outside: 0, config: 2, missing: 0, index: 0, interrupted: 130, output: 2,
		}, {
			name:  "rules show",
			args:  func(*fixture) []string { return []string{"rules", "show", "jwt"} },
			clean: 0, secret: 0, outside: 0, config: 2, missing: 0, index: 0, interrupted: 130, output: 2,
		}, {
			name:  "rules test",
			args:  func(*fixture) []string { return []string{"rules", "test", "config.txt"} },
			clean: 0, secret: 1, outside: 1, config: 2, missing: 0, index: 0, interrupted: 130, output: 2,
		}, {
			name:  "rules test stdin",
			args:  func(*fixture) []string { return []string{"rules", "test", "-"} },
			stdin: func(f *fixture) string { b, _ := os.ReadFile(f.message); return string(b) },
			clean: 0, secret: 1, outside: 1, config: 2, missing: 0, index: 0, interrupted: 130, output: 2,
		}, {
			name:  "rules check",
			args:  func(f *fixture) []string { return []string{"rules", "check", "-"} },
			stdin: func(f *fixture) string { return "[[rule]]\nid = \"x\"\n" },
			clean: 2, secret: 2, outside: 2, config: 2, missing: 2, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "config check",
			args:  func(*fixture) []string { return []string{"config", "check"} },
			clean: 0, secret: 0, outside: 0, config: 2, missing: 0, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "config show",
			args:  func(*fixture) []string { return []string{"config", "show"} },
			clean: 0, secret: 0, outside: 0, config: 2, missing: 0, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "config path",
			args:  func(*fixture) []string { return []string{"config", "path", "--format", "json"} },
			clean: 0, secret: 0, outside: 0, config: 0, missing: 0, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "explain rule",
			args:  func(*fixture) []string { return []string{"explain", "jwt"} },
			clean: 0, secret: 0, outside: 0, config: 2, missing: 0, index: 0, interrupted: 130, output: 2,
		}, {
			name:  "explain finding",
			args:  func(*fixture) []string { return []string{"explain", "00000000"} },
			clean: 2, secret: 2, outside: 2, config: 2, missing: 2, index: 2, interrupted: 130, output: 2,
		}, {
			name:  "version",
			args:  func(*fixture) []string { return []string{"version"} },
			clean: 0, secret: 0, outside: 0, config: 0, missing: 0, index: 0, interrupted: 0, output: 2,
		}, {
			name:  "completion",
			args:  func(*fixture) []string { return []string{"completion", "bash"} },
			clean: 0, secret: 0, outside: 0, config: 0, missing: 0, index: 0, interrupted: 0, output: 2,
		}, {
			name:  "man",
			args:  func(*fixture) []string { return []string{"man", "staged"} },
			clean: 0, secret: 0, outside: 0, config: 0, missing: 0, index: 0, interrupted: 0, output: 2,
		}, {
			name:  "help",
			args:  func(*fixture) []string { return []string{"help"} },
			clean: 0, secret: 0, outside: 0, config: 0, missing: 0, index: 0, interrupted: 0, output: 2,
		},
	}
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range commands {
		situations := []struct {
			name   string
			ctx    context.Context
			f      *fixture
			stdout io.Writer
			want   int
		}{
			{"clean", t.Context(), clean, io.Discard, c.clean},
			{"secret", t.Context(), secret, io.Discard, c.secret},
			{"outside of a repository", t.Context(), bare, io.Discard, c.outside},
			{"broken configuration", t.Context(), broken, io.Discard, c.config},
			{"missing object", t.Context(), gone, io.Discard, c.missing},
			{"damaged index", t.Context(), bad, io.Discard, c.index},
			{"interrupted", interrupted, secret, io.Discard, c.interrupted},
			{"broken output", t.Context(), secret, brokenWriter{}, c.output},
		}
		for _, s := range situations {
			t.Run(c.name+"/"+s.name, func(t *testing.T) {
				stdin := ""
				if c.stdin != nil {
					stdin = c.stdin(s.f)
				}
				var stderr bytes.Buffer
				w := s.f.world(c.args(s.f), stdin, s.stdout)
				w.stderr = &stderr
				if got := run(s.ctx, w); got != s.want {
					t.Errorf("run(%q) = %d, want %d\n%s", w.args, got, s.want, &stderr)
				}
				if strings.Contains(stderr.String(), strings.TrimSpace(token)) {
					t.Errorf("run(%q) shows the token:\n%s", w.args, &stderr)
				}
			})
		}
		t.Run(c.name+"/unknown flag", func(t *testing.T) {
			args := slices.Insert(c.args(secret), 1, "--no-such-flag")
			if got := run(t.Context(), secret.world(args, "", io.Discard)); got != exitError {
				t.Errorf("run(%q) = %d, want %d", args, got, exitError)
			}
		})
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestPanicIsAnErrorAndShowsNoValue(t *testing.T) {
	for name, value := range map[string]any{"string": "hunter2", "error": errors.New("hunter2"), "runtime": nil} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			f := &fixture{dir: t.TempDir()}
			w := f.world([]string{"version"}, "", panicWriter{value})
			w.stderr = &stderr
			if got := run(t.Context(), w); got != exitError {
				t.Errorf("run() = %d, want %d", got, exitError)
			}
			if !strings.HasPrefix(stderr.String(), "cork: internal error: ") || strings.Contains(stderr.String(), "hunter2") {
				t.Errorf("standard error = %s", &stderr)
			}
		})
	}
}

// A panicWriter panics with a value, or with an error of the runtime.
type panicWriter struct{ value any }

func (w panicWriter) Write(p []byte) (int, error) {
	if w.value == nil {
		return int(p[len(p)+len(p)]), nil
	}
	panic(w.value)
}

func TestRecordedCutsTheDiffAndNothingElse(t *testing.T) {
	const (
		cut     = "# ------------------------ >8 ------------------------\n"
		remarks = "# Do not modify or remove the line above.\n# Everything below it will be ignored.\n"
		diff    = "diff --git a/x b/x\n-removed\n"
	)
	tests := []struct{ name, message, want string }{
		{"plain", "subject\n\nbody\n", "subject\n\nbody\n"},
		{"comments stay", "subject\n# comment\n", "subject\n# comment\n"},
		{"diff of commit -v", "subject\n" + cut + remarks + diff, "subject\n"},
		{"nothing below", "subject\n" + cut + remarks, "subject\n"},
		{"at the very end", "subject\n" + cut, "subject\n"},
		{"another comment character", "subject\n" + strings.ReplaceAll(cut+remarks, "#", ";") + diff, "subject\n"},
		{"CRLF", "subject\r\n" + strings.ReplaceAll(cut+remarks+diff, "\n", "\r\n"), "subject\r\n"},
		{"text below", "subject\n" + cut + "token\n", "subject\n" + cut + "token\n"},
		{"text below comments", "subject\n" + cut + remarks + "token\n" + diff, "subject\n" + cut + remarks + "token\n" + diff},
		{"scissors without a comment", "subject\n" + cut[1:] + diff, "subject\n" + cut[1:] + diff},
		{"only the second is git's", "subject\n" + cut + "text\n" + cut + remarks + diff, "subject\n" + cut + "text\n"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := recorded(tt.message); got != tt.want {
				t.Errorf("recorded(%q) = %q, want %q", tt.message, got, tt.want)
			}
		})
	}
}

func TestReadUpdates(t *testing.T) {
	a, b := strings.Repeat("a", 40), strings.Repeat("b", 64)
	tests := []struct {
		name  string
		read  func(io.Reader) ([]refUpdate, error)
		input string
		want  []refUpdate
		ok    bool
	}{
		{"pushed", readPushed, "refs/heads/x " + a + " refs/heads/x " + zeroID + "\n", []refUpdate{{old: zeroID, new: a}}, true},
		{"sha256", readPushed, "x " + b + " y " + strings.Repeat("0", 64) + "\n", []refUpdate{{old: strings.Repeat("0", 64), new: b}}, true},
		{"spaces in the local ref", readPushed, "HEAD@{1 day ago} " + a + " refs/heads/x " + a + "\n", []refUpdate{{old: a, new: a}}, true},
		{"deleted", readPushed, "(delete) " + zeroID + " refs/heads/x " + a + "\n", nil, true},
		{"no newline at the end", readPushed, "x " + a + " y " + a, []refUpdate{{old: a, new: a}}, true},
		{"several", readPushed, "x " + a + " y " + zeroID + "\nx " + a + " z " + a + "\n", []refUpdate{{old: zeroID, new: a}, {old: a, new: a}}, true},
		{"nothing", readPushed, "", nil, true},
		{"too few", readPushed, a + " " + a + " refs/heads/x\n", nil, false},
		{"short id", readPushed, "x abc y " + a + "\n", nil, false},
		{"an option", readPushed, "x --all y " + a + "\n", nil, false},
		{"received", readReceived, zeroID + " " + a + " refs/heads/x\n", []refUpdate{{old: zeroID, new: a, ref: "refs/heads/x"}}, true},
		{"received deletion", readReceived, a + " " + zeroID + " refs/heads/x\n", nil, true},
		{"received too many", readReceived, a + " " + a + " refs/heads/x y\n", nil, false},
		{"received upper case", readReceived, strings.Repeat("A", 40) + " " + a + " x\n", nil, false},
		{"a very long line", readReceived, strings.Repeat("a", 2<<20), nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.read(strings.NewReader(tt.input))
			if (err == nil) != tt.ok || !slices.Equal(got, tt.want) {
				t.Errorf("read(%.200q) = %v, %v, want %v, ok %v", tt.input, got, err, tt.want, tt.ok)
			}
		})
	}
}

func TestNearestFlag(t *testing.T) {
	a := &app{w: &world{}}
	root := newRoot(a)
	staged, _, err := root.Find([]string{"staged"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ typed, want string }{
		{"fromat", "format"},
		{"ouput", "output"},
		{"show-secret", "show-secrets"},
		{"min", "min-confidence"},
		{"zzzzzz", ""},
	}
	for _, tt := range tests {
		if got := nearestFlag(staged, tt.typed); got != tt.want {
			t.Errorf("nearestFlag(%q) = %q, want %q", tt.typed, got, tt.want)
		}
	}
}

func TestLookPathOnlyInAbsoluteFolders(t *testing.T) {
	dir := t.TempDir()
	git := filepath.Join(dir, "git")
	if err := os.WriteFile(git, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	list := string(filepath.ListSeparator)
	tests := []struct{ path, want string }{
		{".", ""},
		{"", ""},
		{"." + list + list + "bin", ""},
		{"." + list + dir, git},
	}
	for _, tt := range tests {
		w := &world{env: []string{"PATH=" + tt.path}}
		if got := w.git(); got != tt.want && filepath.Ext(got) == "" {
			t.Errorf("git() with PATH %q = %q, want %q", tt.path, got, tt.want)
		}
	}
}

// TestInterruptedEndsWith130 interrupts a scan of standard input, which could
// go on for ever.
func TestInterruptedEndsWith130(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no process can be sent an interrupt")
	}
	cork, err := exec.LookPath("cork") // put there by TestMain
	if err != nil {
		t.Fatal(err)
	}
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), cork, "files", "-")
			cmd.Dir, cmd.Env = t.TempDir(), gitEnv(t)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// More than a pipe holds: when it is written, cork has read some.
			if _, err := stdin.Write(make([]byte, 1<<20)); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
				t.Errorf("exit code %d, want %d", code, exitInterrupted)
			}
			if got := stderr.String(); !strings.HasPrefix(got, "cork: error: interrupted: the scan is not complete\n") || !strings.Contains(got, "; not complete: interrupted") {
				t.Errorf("standard error = %s", got)
			}
		})
	}
}
