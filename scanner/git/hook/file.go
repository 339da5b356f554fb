package hook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// headSize is how much of a foreign hook is read to see whose it is.
const headSize = 4 << 10

// maxOurs is far more than a hook of ours ever has.
const maxOurs = 64 << 10

type kind uint8

const (
	absent  kind = iota
	ours         // a file with our marker
	linked       // a symbolic link to such a file; somebody else's arrangement
	managed      // a known hook manager's
	foreign      // somebody's
)

// A hookFile is what is at <dir>/<hook>.
type hookFile struct {
	path    string
	kind    kind
	manager string // of managed
	content []byte // of ours and linked whole, else the first headSize bytes
	exec    bool   // git will run it, as far as the permissions go
}

// inspect looks at a path that git takes a hook from. What is neither absent
// nor a readable file or link is an error.
func inspect(path string) (hookFile, error) {
	f := hookFile{path: path}
	li, err := os.Lstat(path)
	// ENOTDIR: the hooks directory is a file, as in core.hooksPath=/dev/null.
	if errors.Is(err, fs.ErrNotExist) || err != nil && !isDir(filepath.Dir(path)) {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	link := li.Mode()&fs.ModeSymlink != 0
	fi, err := os.Stat(path)
	if link && err != nil { // it leads nowhere, and git ignores it
		f.kind = foreign
		return f, nil
	}
	if err != nil {
		return f, err
	}
	if !fi.Mode().IsRegular() { // opening a pipe would block
		what := "not a regular file"
		if fi.IsDir() {
			what = "a directory"
		}
		return f, fmt.Errorf("the hook %q is %s", path, what)
	}
	f.exec = runtime.GOOS == "windows" || fi.Mode()&0o111 != 0
	if f.content, err = readHead(path, maxOurs); err != nil {
		return f, fmt.Errorf("read the hook that is there: %w", err)
	}
	switch {
	case marked(f.content) && link:
		f.kind = linked
		return f, nil
	case marked(f.content):
		f.kind = ours
		return f, nil
	}
	f.content = f.content[:min(len(f.content), headSize)]
	f.kind = foreign
	if f.manager = managerOf(f.content); f.manager != "" {
		f.kind = managed
	}
	return f, nil
}

func readHead(path string, n int64) ([]byte, error) {
	fd, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer fd.Close()
	return io.ReadAll(io.LimitReader(fd, n))
}

// managerOf names the hook manager that wrote a hook, or "".
func managerOf(content []byte) string {
	low := bytes.ToLower(content)
	has := func(s string) bool { return bytes.Contains(low, []byte(s)) }
	switch {
	case has("j178/prek"), hasWord(low, "prek"):
		return "prek"
	case has("pre-commit.com"), has("138fd403232d2ddd5efb44317e38bf03"):
		return "pre-commit"
	case has("lefthook"):
		return "lefthook"
	case has("overcommit"):
		return "overcommit"
	case has("simple-git-hooks"), has("simple_git_hooks"):
		return "simple-git-hooks"
	case has("husky"):
		return "husky"
	}
	return ""
}

func hasWord(b []byte, word string) bool {
	isWord := func(c byte) bool { return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' }
	for off := 0; ; {
		i := bytes.Index(b[off:], []byte(word))
		if i < 0 {
			return false
		}
		i += off
		end := i + len(word)
		if (i == 0 || !isWord(b[i-1])) && (end == len(b) || !isWord(b[end])) {
			return true
		}
		off = end
	}
}

// isHusky reports whether a hooks directory is husky's: .husky/_ of husky 9,
// whose files husky writes anew at every run, or the .husky of its elders.
func isHusky(dir string) bool {
	switch filepath.Base(dir) {
	case "_":
		return filepath.Base(filepath.Dir(dir)) == ".husky" || exists(filepath.Join(dir, "husky.sh"))
	case ".husky":
		return true
	}
	return false
}

// managerConfigs returns the files in the top directory that may tell a hook
// manager to run cork.
func managerConfigs(manager string) []string {
	switch manager {
	case "pre-commit", "prek":
		return []string{".pre-commit-config.yaml", ".pre-commit-config.yml", "prek.toml"}
	case "lefthook":
		var out []string
		for _, ext := range []string{"yml", "yaml", "toml", "json", "jsonc"} {
			for _, base := range []string{"lefthook", ".lefthook", "lefthook-local", ".lefthook-local", ".config/lefthook"} {
				out = append(out, base+"."+ext)
			}
		}
		return out
	case "overcommit":
		return []string{".overcommit.yml"}
	case "simple-git-hooks":
		return []string{"package.json", ".simple-git-hooks.json", ".simple-git-hooks.js", ".simple-git-hooks.cjs", "simple-git-hooks.json"}
	}
	return nil
}

// mentions reports whether a file exists and has a line that is no comment and
// contains word.
func mentions(path, word string) bool {
	b, err := readHead(path, 1<<20)
	if err != nil {
		return false
	}
	for l := range strings.Lines(string(b)) {
		l = strings.TrimSpace(l)
		if !strings.HasPrefix(l, "#") && strings.Contains(l, word) {
			return true
		}
	}
	return false
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func isLink(path string) bool {
	fi, err := os.Lstat(path)
	return err == nil && fi.Mode()&fs.ModeSymlink != 0
}

// resolve resolves the symbolic links of the part of path that exists.
func resolve(path string) string {
	path = filepath.Clean(path)
	rest := ""
	for p := path; ; {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			return filepath.Join(real, rest)
		}
		up := filepath.Dir(p)
		if up == p {
			return path
		}
		rest = filepath.Join(filepath.Base(p), rest)
		p = up
	}
}

// write puts a hook in place in one step: no git ever sees half of it.
func write(path string, content []byte) (err error) {
	fd, err := os.CreateTemp(filepath.Dir(path), ".cork-hook-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			fd.Close()
			os.Remove(fd.Name())
		}
	}()
	if _, err := fd.Write(content); err != nil {
		return err
	}
	// Not through the umask: a hook that others of the machine cannot run is
	// one that git skips for them, without a word.
	if err := fd.Chmod(0o755); err != nil && runtime.GOOS != "windows" {
		return err
	}
	if err := fd.Sync(); err != nil {
		return err
	}
	if err := fd.Close(); err != nil {
		return err
	}
	return os.Rename(fd.Name(), path)
}

// rename moves from to a path where nothing is yet.
func rename(from, to string) error {
	if exists(to) {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to)
}
