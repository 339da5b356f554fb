package git_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/scanner/git"
)

func chmodX(name string) error { return os.Chmod(name, 0o755) }

func dirFS(dir string) fs.FS { return os.DirFS(dir) }

func TestFiles(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.start()
	r.write(".gitignore", "*.log", "out/")
	r.write("x.log", "ignored")
	r.write("out/y", "ignored")
	r.write("forced.log", "tracked")
	r.git("add", "-f", "forced.log")
	r.write("untracked", "u")
	r.write("dir/new/untracked", "u")
	r.write("dirty", "not below dir")
	r.remove("b.txt") // tracked, and gone
	r.git("init", "-q", "dir/nested")
	r.git("init", "-q", "sub")
	r.git("-C", "sub", "commit", "-q", "--allow-empty", "-m", "s")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+r.git("-C", "sub", "rev-parse", "HEAD")+",sub")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+r.git("-C", "sub", "rev-parse", "HEAD")+",gone")
	tests := []struct {
		name, dir string
		ignored   bool
		want      string
	}{
		{"root", "", false, ".gitignore a.txt b.txt dir/c.txt dir/nested/ dir/new/untracked dirty forced.log gone/ sub/ untracked"},
		{"dot", ".", false, ".gitignore a.txt b.txt dir/c.txt dir/nested/ dir/new/untracked dirty forced.log gone/ sub/ untracked"},
		{"ignored too", ".", true, ".gitignore a.txt b.txt dir/c.txt dir/nested/ dir/new/untracked dirty forced.log gone/ out/y sub/ untracked x.log"},
		{"folder", "dir", false, "c.txt nested/ new/untracked"},
		{"folder with a slash", "dir/", false, "c.txt nested/ new/untracked"},
		{"folder of folder", "dir/../dir/new", false, "untracked"},
		{"absolute", filepath.Join(r.dir, "dir"), false, "c.txt nested/ new/untracked"},
		{"ignored folder", "out", false, ""},
		{"ignored folder, ignored too", "out", true, "y"},
		{"submodule", "sub", false, ""},
	}
	g := r.byGit()
	list := func(t *testing.T, g *git.Repository, dir string, ignored bool) string {
		var got []string
		for name, err := range g.Files(t.Context(), dir, ignored) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, name)
		}
		return strings.Join(got, " ")
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if s := list(t, g, tt.dir, tt.ignored); s != tt.want {
				t.Errorf("Files(%q, %v) =\n%s, want\n%s", tt.dir, tt.ignored, s, tt.want)
			}
		})
	}
	// The same of what was started before anybody asked, and again.
	for _, tt := range tests {
		if tt.dir == "sub" {
			continue // that is another repository
		}
		t.Run(tt.name+", opened for it", func(t *testing.T) {
			dir := tt.dir
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(r.dir, dir)
			}
			count := filepath.Join(t.TempDir(), "count")
			program := fakeGit(r, "ls-files", "echo >>'"+count+"'")
			g, err := git.Open(t.Context(), git.Options{Dir: dir, Env: r.env, Git: program, FilesNext: true})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if s := list(t, g, dir, tt.ignored); s != tt.want {
					t.Errorf("Files(%q, %v) =\n%s, want\n%s", dir, tt.ignored, s, tt.want)
				}
			}
			if err := g.Close(); err != nil {
				t.Errorf("Close() = %v", err)
			}
			want := 2
			if tt.ignored {
				want++ // for nothing
			}
			if started, err := os.ReadFile(count); err != nil || len(started) != want {
				t.Errorf("ls-files was started %d times, want %d (%v)", len(started), want, err)
			}
		})
	}
	for _, dir := range []string{"..", r.tmp, "none"} {
		for name, err := range g.Files(t.Context(), dir, false) {
			if err == nil {
				t.Errorf("Files(%q) yields %q, want an error", dir, name)
			}
		}
	}
}

// Unmerged paths are listed once, names with any byte as they are, and folders
// are taken literally and relative to Options.Dir.
func TestFilesOddNames(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("the file system does not take these names")
	}
	t.Parallel()
	r := newRepo(t)
	r.init()
	names := []string{"H 100644 x\ty", "-n", "a\nb", "ö\xff", "\"q\"", "? u", "di*r/x", "dir/x"}
	for _, name := range names {
		r.write(name, "text")
	}
	r.commit("odd")
	r.git("checkout", "-q", "-b", "side")
	r.write("-n", "side")
	r.commit("side")
	r.git("checkout", "-q", "main")
	r.write("-n", "main")
	r.commit("main")
	r.try("merge", "side")
	got := map[string]int{}
	g := r.byGit()
	for name, err := range g.Files(t.Context(), "", false) {
		if err != nil {
			t.Fatal(err)
		}
		got[name]++
	}
	for _, name := range names {
		if got[name] != 1 {
			t.Errorf("Files() lists %q %d times, want once", name, got[name])
		}
	}
	if len(got) != len(names) {
		t.Errorf("Files() = %v, want %q", got, names)
	}
	r.dir = filepath.Join(r.dir, "di*r")
	g = r.byGit()
	for dir, want := range map[string]string{"": "x", ".": "x", "../dir": "x"} {
		n := 0
		for name, err := range g.Files(t.Context(), dir, false) {
			if n++; err != nil || name != want {
				t.Errorf("Files(%q) yields %q, %v, want %q", dir, name, err, want)
			}
		}
		if n != 1 {
			t.Errorf("Files(%q) yields %d names, want 1", dir, n)
		}
	}
}

func TestFilesWithoutWorkTree(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.init("--bare")
	for name, err := range r.byGit().Files(t.Context(), "", false) {
		if err == nil {
			t.Errorf("Files() yields %q, want an error", name)
		}
	}
}

func TestFileAt(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.init()
	g := r.byGit()
	if _, err := g.FileAt(t.Context(), "HEAD", "a.txt"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the first commit: %v, want ErrNotExist", err)
	}
	r.write("a.txt", "one")
	r.write("dir/b.txt", "two")
	r.commit("c")
	r.write("a.txt", "changed")
	r.write("staged", "x")
	r.add()
	for path, want := range map[string]string{"a.txt": "one\n", "dir/b.txt": "two\n"} {
		if got, err := g.FileAt(t.Context(), "HEAD", path); string(got) != want || err != nil {
			t.Errorf("FileAt(%q) = %q, %v, want %q", path, got, err, want)
		}
	}
	for _, path := range []string{"dir", "dir/", "staged", "", "/a.txt", "*", ":a.txt", "dir/../a.txt", "../a.txt"} {
		if got, err := g.FileAt(t.Context(), "HEAD", path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("FileAt(%q) = %q, %v, want ErrNotExist", path, got, err)
		}
	}
	r.git("tag", "-a", "-m", "t", "v1")
	r.write("a.txt", "later")
	r.commit("d")
	embedded, err := r.open(git.EngineEmbedded)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []*git.Repository{g, embedded} {
		for rev, want := range map[string]string{"HEAD": "later\n", "main": "later\n", "v1": "one\n", r.git("rev-parse", "v1^{commit}"): "one\n"} {
			if got, err := g.FileAt(t.Context(), rev, "a.txt"); string(got) != want || err != nil {
				t.Errorf("FileAt(%s, a.txt) = %q, %v, want %q", rev, got, err, want)
			}
		}
		for _, rev := range []string{"", "-r", "none", strings.Repeat("12", 20)} {
			if got, err := g.FileAt(t.Context(), rev, "a.txt"); err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("FileAt(%q, a.txt) = %q, %v, want another error", rev, got, err)
			}
		}
	}
	for path, content := range map[string]string{".git/refs/heads/main": "garbage\n", ".git/HEAD": strings.Repeat("1", 40) + "\n"} {
		r.change(path, func([]byte) []byte { return []byte(content) })
		if got, err := g.FileAt(t.Context(), "HEAD", "a.txt"); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("FileAt with a broken %s = %q, %v, want another error", path, got, err)
		}
	}
}

func TestFolders(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.init()
	g := r.byGit()
	if _, err := g.Folders("HEAD", "x").File(t.Context(), "a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("before the first commit: %v, want ErrNotExist", err)
	}
	r.write("x", "root")
	r.write("a/x", "one")
	r.write("a/b c/x", "two")
	r.write("a/folder/x/y", "three")
	r.write("a/new\nline/x", "four")
	r.commit("c")
	embedded, err := r.open(git.EngineEmbedded)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []*git.Repository{g, embedded} {
		f := g.Folders("HEAD", "x")
		for range 2 { // the second time from memory
			for dir, want := range map[string]string{"a": "one\n", "a/b c": "two\n", "a/new\nline": "four\n"} {
				if got, err := f.File(t.Context(), dir); string(got) != want || err != nil {
					t.Errorf("File(%q) = %q, %v, want %q", dir, got, err, want)
				}
			}
			for _, dir := range []string{"", ".", "none", "none/below", "a/x", "a/folder", "a/folder/x", "/a", "a/", "../a", "a/../a"} {
				if got, err := f.File(t.Context(), dir); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("File(%q) = %q, %v, want ErrNotExist", dir, got, err)
				}
			}
		}
		for _, rev := range []string{"", "-r", "none", strings.Repeat("12", 20)} {
			if got, err := g.Folders(rev, "x").File(t.Context(), "a"); err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("Folders(%q).File() = %q, %v, want another error", rev, got, err)
			}
		}
	}
	for path, content := range map[string]string{".git/refs/heads/main": "garbage\n", ".git/HEAD": strings.Repeat("1", 40) + "\n"} {
		r.change(path, func([]byte) []byte { return []byte(content) })
		if got, err := g.Folders("HEAD", "x").File(t.Context(), "a"); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("File with a broken %s = %q, %v, want another error", path, got, err)
		}
	}
}
