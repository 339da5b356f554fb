package main

import (
	"cmp"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
)

// A world is everything outside of the program that it can see. Tests make
// their own.
type world struct {
	args           []string // without the program's name
	program        string   // the program's name, as it was typed
	stdin          io.Reader
	stdout, stderr io.Writer
	stdinTerminal  bool
	stdoutTerminal terminal
	stderrTerminal terminal
	env            []string // as os.Environ returns it
	dir            string   // the working directory; "": that of the process
	tempDir        string
	now            func() time.Time
}

// A terminal is what is known about where output goes.
type terminal struct {
	is      bool
	width   int        // columns; 0 if unknown
	measure func() int // the columns that it has now; nil: width
}

// columnsNow returns the columns that a terminal has at this moment.
func (t terminal) columnsNow() int {
	width := t.width
	if t.measure != nil {
		width = t.measure()
	}
	return cmp.Or(width, 80)
}

func newWorld() *world {
	return &world{
		args:           os.Args[1:],
		program:        os.Args[0],
		stdin:          os.Stdin,
		stdout:         os.Stdout,
		stderr:         os.Stderr,
		stdinTerminal:  isTerminal(os.Stdin),
		stdoutTerminal: newTerminal(os.Stdout),
		stderrTerminal: newTerminal(os.Stderr),
		env:            os.Environ(),
		tempDir:        os.TempDir(),
		now:            time.Now,
	}
}

func isTerminal(f *os.File) bool {
	return isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd())
}

func newTerminal(f *os.File) terminal {
	if !isTerminal(f) {
		return terminal{}
	}
	measure := func() int { return terminalWidth(f.Fd()) }
	return terminal{is: true, width: measure(), measure: measure}
}

// getenv returns the value of an environment variable, "" if it is not set. As
// for getenv(3), the first of several counts.
func (w *world) getenv(name string) string {
	for _, kv := range w.env {
		k, v, ok := strings.Cut(kv, "=")
		if ok && (k == name || runtime.GOOS == "windows" && strings.EqualFold(k, name)) {
			return v
		}
	}
	return ""
}

// cacheDir returns the folder for caches of this user, as os.UserCacheDir does.
func (w *world) cacheDir() (string, error) {
	var dir string
	switch runtime.GOOS {
	case "windows":
		dir = w.getenv("LocalAppData")
	case "darwin":
		if home := w.getenv("HOME"); home != "" {
			dir = filepath.Join(home, "Library", "Caches")
		}
	default:
		if dir = w.getenv("XDG_CACHE_HOME"); dir == "" {
			if home := w.getenv("HOME"); home != "" {
				dir = filepath.Join(home, ".cache")
			}
		}
	}
	// A relative one would be another one in each folder.
	if !filepath.IsAbs(dir) {
		return "", errors.New("the environment does not name a folder for caches")
	}
	return dir, nil
}

// columns returns the width to lay text out for; 0 where nobody looks at it.
func (w *world) columns(t terminal) int {
	if !t.is {
		return 0
	}
	if n, err := strconv.Atoi(w.getenv("COLUMNS")); err == nil && n > 0 {
		return min(n, maxColumns)
	}
	return min(cmp.Or(t.width, 80), maxColumns)
}

// maxColumns is how wide text gets: longer lines are hard to read.
const maxColumns = 100

// abs returns the path as it is to be opened, relative to the world's
// directory.
func (w *world) abs(path string) string {
	if w.dir == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(w.dir, path)
}

// git returns the git program on PATH, or "" if there is none.
func (w *world) git() string {
	path, err := w.lookPath("git")
	if err != nil {
		return ""
	}
	return path
}

// lookPath finds a program on the world's PATH. Unlike exec.LookPath it
// considers absolute directories only: a "git" in the repository that is being
// scanned must not run.
func (w *world) lookPath(name string) (string, error) {
	for _, dir := range filepath.SplitList(w.getenv("PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		// A path with a separator is checked, with the endings that Windows
		// gives programs, and not searched for.
		if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return p, nil
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}

// self returns the absolute path of this program as a person would write it:
// symbolic links are kept, since an upgrade may change where they lead.
func (w *world) self() (string, error) {
	if strings.ContainsRune(w.program, filepath.Separator) {
		return filepath.Abs(w.abs(w.program))
	}
	if p, err := w.lookPath(filepath.Base(w.program)); err == nil {
		return p, nil
	}
	if p, err := os.Executable(); err == nil {
		return p, nil
	}
	return "", errors.New("cannot find the path of this program")
}
