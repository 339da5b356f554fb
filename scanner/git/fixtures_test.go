package git_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A repo is a repository that a test builds with real git, away from the
// machine's own configuration, and how it is to be opened.
type repo struct {
	t   testing.TB
	tmp string // holds everything of this test
	dir string // where git runs, and Options.Dir
	env []string
}

// newRepo returns a repo whose dir is empty.
func newRepo(t testing.TB) *repo {
	t.Helper()
	tmp := t.TempDir()
	// git sees the path without symbolic links (as of /tmp on macOS).
	tmp, err := filepath.EvalSymlinks(tmp)
	if err != nil {
		t.Fatal(err)
	}
	r := &repo{t: t, tmp: tmp, dir: filepath.Join(tmp, "r")}
	global := r.writeFile(filepath.Join(tmp, "gitconfig"), "[protocol \"file\"]\n\tallow = always\n")
	r.env = []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + tmp,
		"TZ=UTC",
		"GIT_CONFIG_GLOBAL=" + global,
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A U Thor",
		"GIT_AUTHOR_EMAIL=author@example.com",
		"GIT_AUTHOR_DATE=1700000000 +0000",
		"GIT_COMMITTER_NAME=C O Mitter",
		"GIT_COMMITTER_EMAIL=committer@example.com",
		"GIT_COMMITTER_DATE=1700000000 +0000",
	}
	if runtime.GOOS == "windows" {
		r.env = append(r.env, "SYSTEMROOT="+os.Getenv("SYSTEMROOT"))
	}
	if err := os.Mkdir(r.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return r
}

// gitProgram returns git's path.
func gitProgram(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// setenv sets a variable for all that follows: git, and the engines.
func (r *repo) setenv(key, value string) { r.env = append(r.env, key+"="+value) }

// try runs git in dir and returns what it writes to both outputs.
func (r *repo) try(args ...string) (string, error) {
	cmd := exec.Command(gitProgram(r.t), args...)
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// git runs git in dir and returns its output without the last newline.
func (r *repo) git(args ...string) string {
	r.t.Helper()
	out, err := r.try(args...)
	if err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSuffix(out, "\n")
}

// gitIn runs git with an input.
func (r *repo) gitIn(input string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command(gitProgram(r.t), args...)
	cmd.Dir, cmd.Env, cmd.Stdin = r.dir, r.env, strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// init makes a repository without the sample hooks.
func (r *repo) init(args ...string) {
	r.t.Helper()
	r.git(append([]string{"init", "-q", "--template=", "-b", "main"}, args...)...)
}

// in runs f with dir changed.
func (r *repo) in(dir string, f func()) {
	was := r.dir
	r.dir = filepath.Join(r.tmp, filepath.FromSlash(dir))
	f()
	r.dir = was
}

// write writes a file below dir: one line for each of lines.
func (r *repo) write(path string, lines ...string) {
	r.t.Helper()
	text := ""
	for _, l := range lines {
		text += l + "\n"
	}
	r.writeFile(filepath.Join(r.dir, filepath.FromSlash(path)), text)
}

func (r *repo) writeFile(path, text string) string {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// change rewrites a file below dir.
func (r *repo) change(path string, f func(data []byte) []byte) {
	r.t.Helper()
	path = filepath.Join(r.dir, filepath.FromSlash(path))
	data, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	os.Remove(path) // objects are read-only
	if err := os.WriteFile(path, f(data), 0o666); err != nil {
		r.t.Fatal(err)
	}
}

func (r *repo) remove(path string) {
	r.t.Helper()
	if err := os.RemoveAll(filepath.Join(r.dir, filepath.FromSlash(path))); err != nil {
		r.t.Fatal(err)
	}
}

// link makes a symbolic link below dir, or skips the test where the system
// does not let it.
func (r *repo) link(target, path string) {
	r.t.Helper()
	if err := os.Symlink(target, filepath.Join(r.dir, filepath.FromSlash(path))); err != nil {
		r.t.Skipf("no symbolic links here: %v", err)
	}
}

// add stages everything, as files of the work tree are not ignored.
func (r *repo) add(paths ...string) {
	r.t.Helper()
	if len(paths) == 0 {
		paths = []string{"-A"}
	} else {
		paths = append([]string{"--"}, paths...)
	}
	r.git(append([]string{"add"}, paths...)...)
}

// commit commits everything.
func (r *repo) commit(message string) {
	r.t.Helper()
	r.add()
	r.git("commit", "-q", "--allow-empty", "-m", message)
}

// fastImport makes a branch with one commit of many files.
func (r *repo) fastImport(branch string, files map[string]string) {
	r.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "commit refs/heads/%s\ncommitter C <c@example.com> 1700000000 +0000\ndata 0\n", branch)
	for name, text := range files {
		fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", name, len(text), text)
	}
	r.gitIn(b.String(), "fast-import", "--quiet")
}

// start makes a repository with one commit: a.txt of two lines, b.txt, and
// dir/c.txt.
func (r *repo) start(args ...string) {
	r.t.Helper()
	r.init(args...)
	r.write("a.txt", "one", "two")
	r.write("b.txt", "bee")
	r.write("dir/c.txt", "sea")
	r.commit("start")
}

// stage changes a.txt and adds n.txt; staged says what that must give.
func (r *repo) stage() {
	r.t.Helper()
	r.write("a.txt", "one", "two", "three")
	r.write("n.txt", "new")
	r.add("a.txt", "n.txt")
}

func staged() []string { return []string{"M a.txt: three", "A n.txt: new"} }

// A fixture is a situation: how to get into it, what Staged must yield, and
// whether the embedded engine reads it.
type fixture struct {
	name  string
	build func(*repo)

	// want is a line for each blob, in order: "M" if a base has the path,
	// else "A"; the path; and the lines that are new, or the reason for a
	// skip.
	want []string

	// refuse is the feature that the embedded engine refuses with; "" if it
	// must agree with git.
	refuse string

	// noTree is set where there is no work tree, so that Root is "".
	noTree bool
}

func fixtures() []fixture {
	return slices.Concat(formatFixtures(), placeFixtures(), objectFixtures(), changeFixtures(), mergeFixtures(), nameFixtures(), configFixtures())
}

// formatFixtures are the formats of the index and of the repository.
func formatFixtures() []fixture {
	return []fixture{
		{
			name:  "plain",
			build: func(r *repo) { r.start(); r.stage() },
			want:  staged(),
		},
		{
			name:  "nothing staged",
			build: func(r *repo) { r.start() },
		},
		{
			name: "split index",
			build: func(r *repo) {
				r.start()
				r.git("update-index", "--split-index")
				r.stage()
			},
			want: staged(), refuse: "a split index",
		},
		{
			name: "sparse index",
			build: func(r *repo) {
				r.start()
				r.git("sparse-checkout", "set", "--cone", "--sparse-index", "other")
				r.stage()
			},
			want: staged(), refuse: "a sparse index",
		},
		{
			name: "sparse checkout with a full index",
			build: func(r *repo) {
				r.start()
				r.git("sparse-checkout", "set", "--cone", "--no-sparse-index", "other")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "index version 4",
			build: func(r *repo) {
				r.start()
				r.git("update-index", "--index-version", "4")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "index version 3",
			build: func(r *repo) {
				r.start()
				r.git("update-index", "--skip-worktree", "b.txt")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "index without a checksum",
			build: func(r *repo) {
				r.start()
				r.stage()
				// What index.skipHash of git 2.40 writes, and every git reads.
				r.change(".git/index", func(data []byte) []byte {
					return append(data[:len(data)-20], make([]byte, 20)...)
				})
			},
			want: staged(), refuse: "index.skipHash (an index without a checksum)",
		},
		{
			name: "untracked cache",
			build: func(r *repo) {
				r.start()
				r.git("update-index", "--force-untracked-cache")
				r.git("status")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "fsmonitor extension",
			build: func(r *repo) {
				r.start()
				r.writeFile(filepath.Join(r.tmp, "monitor"), "#!/bin/sh\nprintf 'token\\0/\\0'\n")
				os.Chmod(filepath.Join(r.tmp, "monitor"), 0o777)
				r.git("config", "core.fsmonitor", filepath.Join(r.tmp, "monitor"))
				r.git("update-index", "--fsmonitor")
				r.git("status")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "index written by threads",
			build: func(r *repo) {
				r.init()
				r.git("config", "index.threads", "4")
				files := make(map[string]string)
				for i := range 1000 {
					files[fmt.Sprintf("many/%d/%d.txt", i%17, i)] = fmt.Sprintf("file %d\n", i)
				}
				r.fastImport("main", files)
				files["many/3/new.txt"] = "needle\n"
				files["many/5/5.txt"] += "changed\n"
				r.fastImport("next", files)
				r.git("read-tree", "next")
			},
			want: []string{"A many/3/new.txt: needle", "M many/5/5.txt: changed"},
		},
		{
			name: "sha256",
			build: func(r *repo) {
				r.start("--object-format=sha256")
				r.stage()
			},
			want: staged(), refuse: "extensions.objectFormat=sha256",
		},
		{
			name: "reftable",
			build: func(r *repo) {
				if out, err := r.try("init", "-q", "--template=", "-b", "main", "--ref-format=reftable"); err != nil {
					r.t.Skipf("this git has no reftable: %s", out)
				}
				r.start()
				r.stage()
			},
			want: staged(), refuse: "extensions.refStorage=reftable",
		},
		{
			name: "worktreeConfig",
			build: func(r *repo) {
				r.start()
				r.git("config", "core.repositoryFormatVersion", "1")
				r.git("config", "extensions.worktreeConfig", "true")
				r.git("config", "--worktree", "core.abbrev", "8")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "preciousObjects",
			build: func(r *repo) {
				r.start()
				r.git("config", "core.repositoryFormatVersion", "1")
				r.git("config", "extensions.preciousObjects", "true")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "an extension in an included file, which git does not follow for this",
			build: func(r *repo) {
				r.start()
				inc := r.writeFile(filepath.Join(r.tmp, "inc"), "[extensions]\n\tobjectFormat = sha256\n[core]\n\tworktree = /nowhere\n")
				r.git("config", "include.path", inc)
				r.stage()
			},
			want: staged(),
		},
		{
			name: "configuration in odd shapes",
			build: func(r *repo) {
				r.start()
				r.writeFile(filepath.Join(r.dir, ".git", "config"), "\ufeff[Core] RepositoryFormatVersion = 0 ; no\r\n"+
					"filemode\n[core]bare = \"fal\"se# x\n[extension \"sub\"] objectFormat = \"not \\\n this\"\n[a.B \"c]\\\"d\"]\n e = \\t\\\\ # f\n")
				r.stage()
			},
			want: staged(),
		},
	}
}

// placeFixtures are the places where the parts of a repository can lie.
func placeFixtures() []fixture {
	return []fixture{
		{
			name: "subdirectory",
			build: func(r *repo) {
				r.start()
				r.stage()
				r.dir = filepath.Join(r.dir, "dir")
			},
			want: staged(),
		},
		{
			name: "inside .git",
			build: func(r *repo) {
				r.start()
				r.stage()
				r.dir = filepath.Join(r.dir, ".git")
			},
			want: staged(), noTree: true,
		},
		{
			name: "linked work tree",
			build: func(r *repo) {
				r.start()
				r.git("worktree", "add", "-q", "../linked")
				r.write("b.txt", "staged in the main work tree only")
				r.add()
				r.dir = filepath.Join(r.tmp, "linked")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "linked work tree of a bare repository",
			build: func(r *repo) {
				r.start()
				r.git("clone", "-q", "--bare", ".", "../bare.git")
				r.in("bare.git", func() { r.git("worktree", "add", "-q", "../linked") })
				r.dir = filepath.Join(r.tmp, "linked")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "linked work tree with worktreeConfig and core.worktree",
			build: func(r *repo) {
				r.start()
				r.git("config", "extensions.worktreeConfig", "true")
				r.git("worktree", "add", "-q", "../linked")
				r.git("config", "--worktree", "core.bare", "true")
				r.dir = filepath.Join(r.tmp, "linked")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "inside a submodule",
			build: func(r *repo) {
				r.start()
				r.in(".", func() { r.git("clone", "-q", "r", "lib") })
				r.git("submodule", "--quiet", "add", filepath.ToSlash(filepath.Join(r.tmp, "lib")), "sub")
				r.commit("submodule")
				r.dir = filepath.Join(r.dir, "sub")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "a submodule added",
			build: func(r *repo) {
				r.start()
				r.in(".", func() { r.git("clone", "-q", "r", "lib") })
				r.git("submodule", "--quiet", "add", "../lib", "sub")
			},
			want: []string{
				`A .gitmodules: [submodule "sub"]|` + "\tpath = sub|\turl = ../lib",
				"A sub: skipped: submodule",
			},
		},
		{
			name: "a gitlink moved",
			build: func(r *repo) {
				r.start()
				head := r.git("rev-parse", "HEAD")
				r.git("update-index", "--add", "--cacheinfo", "160000,"+head+",sub")
				r.git("commit", "-q", "-m", "gitlink")
				r.git("update-index", "--cacheinfo", "160000,"+strings.Repeat("12", 20)+",sub")
			},
			want: []string{"M sub: skipped: submodule"},
		},
		{
			name: "a gitlink becomes a file",
			build: func(r *repo) {
				r.start()
				r.git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("12", 20)+",sub")
				r.git("commit", "-q", "-m", "gitlink")
				r.git("rm", "-q", "--cached", "sub")
				r.write("sub", "bee", "text")
				r.add("sub")
			},
			want: []string{"M sub: bee|text"},
		},
		{
			name: "nested repository",
			build: func(r *repo) {
				r.start()
				r.write("inner/x.txt", "outer's")
				r.in("r/inner", func() {
					r.init()
					r.write("y.txt", "inner's")
					r.add("y.txt")
				})
				r.dir = filepath.Join(r.dir, "inner")
			},
			want: []string{"A y.txt: inner's"},
		},
		{
			name: "a .git folder that is no repository",
			build: func(r *repo) {
				r.start()
				r.stage()
				r.write("dir/.git/HEAD", "nonsense")
				r.dir = filepath.Join(r.dir, "dir")
			},
			want: staged(),
		},
		{
			name: "separate git directory",
			build: func(r *repo) {
				r.start("--separate-git-dir=../elsewhere")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "GIT_DIR and GIT_WORK_TREE",
			build: func(r *repo) {
				r.start()
				r.stage()
				r.setenv("GIT_DIR", filepath.Join(r.dir, ".git"))
				r.setenv("GIT_WORK_TREE", r.dir)
				r.dir = r.tmp
			},
			want: staged(),
		},
		{
			name: "relative GIT_DIR, work tree is where git runs",
			build: func(r *repo) {
				r.start()
				r.stage()
				r.setenv("GIT_DIR", "../.git")
				r.dir = filepath.Join(r.dir, "dir")
			},
			want: staged(),
		},
		{
			name: "bare repository with GIT_WORK_TREE",
			build: func(r *repo) {
				r.start()
				r.git("clone", "-q", "--bare", ".", "../bare.git")
				r.setenv("GIT_DIR", filepath.Join(r.tmp, "bare.git"))
				r.setenv("GIT_WORK_TREE", r.dir)
				r.git("read-tree", "HEAD")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "core.worktree",
			build: func(r *repo) {
				r.start()
				r.stage()
				r.git("config", "core.worktree", "../../tree")
				if err := os.Mkdir(filepath.Join(r.tmp, "tree"), 0o777); err != nil {
					r.t.Fatal(err)
				}
			},
			want: staged(),
		},
		{
			name: "bare repository with no index",
			build: func(r *repo) {
				r.start()
				r.git("clone", "-q", "--bare", ".", "../bare.git")
				r.dir = filepath.Join(r.tmp, "bare.git")
			},
			noTree: true,
		},
		{
			name: "GIT_INDEX_FILE",
			build: func(r *repo) {
				r.start()
				r.write("b.txt", "in the default index only")
				r.add()
				r.setenv("GIT_INDEX_FILE", filepath.Join(r.tmp, "index"))
				r.git("read-tree", "HEAD")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "relative GIT_INDEX_FILE, from a subdirectory",
			build: func(r *repo) {
				r.start()
				r.setenv("GIT_INDEX_FILE", "other-index")
				r.git("read-tree", "HEAD")
				r.stage()
				r.dir = filepath.Join(r.dir, "dir")
			},
			want: staged(),
		},
		{
			name: "relative GIT_INDEX_FILE with GIT_WORK_TREE, from a subdirectory",
			build: func(r *repo) {
				r.start()
				r.setenv("GIT_DIR", filepath.Join(r.dir, ".git"))
				r.setenv("GIT_WORK_TREE", r.dir)
				r.setenv("GIT_INDEX_FILE", "other-index")
				r.git("read-tree", "HEAD")
				r.stage()
				r.dir = filepath.Join(r.dir, "dir")
			},
			want: staged(),
		},
		{
			name: "linked work tree on a ref of its own",
			build: func(r *repo) {
				r.start()
				r.git("worktree", "add", "-q", "../linked")
				r.dir = filepath.Join(r.tmp, "linked")
				r.git("update-ref", "refs/worktree/mine", "HEAD")
				r.git("symbolic-ref", "HEAD", "refs/worktree/mine")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "relative GIT_INDEX_FILE and GIT_DIR, outside of the work tree",
			build: func(r *repo) {
				r.start()
				r.stage()
				r.setenv("GIT_DIR", "r/.git")
				r.setenv("GIT_WORK_TREE", "r")
				r.setenv("GIT_INDEX_FILE", "r/.git/index")
				r.dir = r.tmp
			},
			want: staged(),
		},
		{
			name: "GIT_OBJECT_DIRECTORY",
			build: func(r *repo) {
				r.start()
				r.writeFile(filepath.Join(r.tmp, "objects", "README"), "")
				r.setenv("GIT_OBJECT_DIRECTORY", filepath.Join(r.tmp, "objects"))
				r.setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", filepath.Join(r.dir, ".git", "objects"))
				r.stage()
			},
			want: staged(), refuse: "GIT_OBJECT_DIRECTORY in the environment",
		},
		{
			name: "GIT_ALTERNATE_OBJECT_DIRECTORIES",
			build: func(r *repo) {
				r.start()
				r.setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", filepath.Join(r.tmp, "objects"))
				r.stage()
			},
			want: staged(), refuse: "GIT_ALTERNATE_OBJECT_DIRECTORIES in the environment",
		},
		{
			name: "GIT_COMMON_DIR",
			build: func(r *repo) {
				r.start()
				r.setenv("GIT_COMMON_DIR", filepath.Join(r.dir, ".git"))
				r.stage()
			},
			want: staged(), refuse: "GIT_COMMON_DIR in the environment",
		},
		{
			name: "GIT_CEILING_DIRECTORIES at the repository",
			build: func(r *repo) {
				r.start()
				r.stage()
				r.setenv("GIT_CEILING_DIRECTORIES", r.tmp)
				r.dir = filepath.Join(r.dir, "dir")
			},
			want: staged(),
		},
		{
			name: "HEAD is a symbolic link",
			build: func(r *repo) {
				r.start()
				r.stage()
				r.remove(".git/HEAD")
				r.link("refs/heads/main", ".git/HEAD")
			},
			want: staged(),
		},
	}
}

// objectFixtures are the ways in which objects and refs can be stored.
func objectFixtures() []fixture {
	return []fixture{
		{
			name: "alternates",
			build: func(r *repo) {
				r.start()
				r.in(".", func() { r.git("clone", "-q", "--shared", "r", "shared") })
				r.dir = filepath.Join(r.tmp, "shared")
				r.stage()
			},
			want: staged(), refuse: "objects/info/alternates",
		},
		{
			name: "alternates without any",
			build: func(r *repo) {
				r.start()
				r.stage()
				r.write(".git/objects/info/alternates", "# none", "")
			},
			want: staged(),
		},
		{
			name: "partial clone",
			build: func(r *repo) {
				r.start()
				r.write("a.txt", "one", "two", "later")
				r.commit("later")
				r.git("config", "uploadpack.allowFilter", "true")
				url := "file://" + filepath.ToSlash(r.dir)
				r.in(".", func() { r.git("clone", "-q", "--filter=blob:none", url, "partial") })
				r.dir = filepath.Join(r.tmp, "partial")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "shallow clone",
			build: func(r *repo) {
				r.start()
				r.write("b.txt", "bee", "later")
				r.commit("later")
				url := "file://" + filepath.ToSlash(r.dir)
				r.in(".", func() { r.git("clone", "-q", "--depth=1", url, "shallow") })
				r.dir = filepath.Join(r.tmp, "shallow")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "unborn HEAD",
			build: func(r *repo) {
				r.init()
				r.stage()
			},
			want: []string{"A a.txt: one|two|three", "A n.txt: new"},
		},
		{
			name: "unborn HEAD in a repository with packed refs",
			build: func(r *repo) {
				r.start()
				r.git("pack-refs", "--all")
				r.git("checkout", "-q", "--orphan", "another")
				r.stage()
			},
			want: []string{"A a.txt: one|two|three", "A b.txt: bee", "A dir/c.txt: sea", "A n.txt: new"},
		},
		{
			name: "empty repository",
			build: func(r *repo) {
				r.init()
			},
		},
		{
			name: "detached HEAD",
			build: func(r *repo) {
				r.start()
				r.git("checkout", "-q", "--detach")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "packed refs",
			build: func(r *repo) {
				r.start()
				r.git("tag", "-a", "-m", "tag", "v1")
				r.git("pack-refs", "--all", "--prune")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "a loose ref over an older packed one",
			build: func(r *repo) {
				r.start()
				r.git("pack-refs", "--all", "--prune")
				r.write("b.txt", "bee", "later")
				r.commit("later")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "HEAD through two symbolic references",
			build: func(r *repo) {
				r.start()
				r.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
				r.git("symbolic-ref", "HEAD", "refs/heads/alias")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "packed deltas",
			build: func(r *repo) {
				r.start()
				lines := make([]string, 3000)
				for i := range lines {
					lines[i] = fmt.Sprintf("line %d of a file that makes good deltas", i*i)
				}
				for i := range 5 {
					lines[i*500] = fmt.Sprintf("edit %d", i)
					r.write("big.txt", lines...)
					r.commit(fmt.Sprint("edit ", i))
				}
				r.git("repack", "-q", "-a", "-d", "-f", "--depth=10")
				r.write("big.txt", append(lines, "last")...)
				r.write("dir/copy.txt", lines[:2999]...)
				r.add()
				r.git("repack", "-q", "-a", "-d", "-f", "--depth=10")
			},
			want: []string{"M big.txt: last", "A dir/copy.txt: " + func() string {
				// It is like big.txt, but that is neither deleted nor the same.
				lines := make([]string, 2999)
				for i := range lines {
					lines[i] = fmt.Sprintf("line %d of a file that makes good deltas", i*i)
					if i%500 == 0 && i < 2500 {
						lines[i] = fmt.Sprintf("edit %d", i/500)
					}
				}
				return strings.Join(lines, "|")
			}()},
		},
		{
			name: "fetched pack, and loose objects",
			build: func(r *repo) {
				r.start()
				r.in(".", func() {
					r.git("init", "-q", "--template=", "-b", "main", "fetcher")
				})
				url := "file://" + filepath.ToSlash(r.dir)
				r.dir = filepath.Join(r.tmp, "fetcher")
				r.git("-c", "fetch.unpackLimit=1", "fetch", "-q", url, "main")
				r.git("reset", "-q", "--hard", "FETCH_HEAD")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "commit-graph, multi-pack-index, bitmaps, cruft and kept packs",
			build: func(r *repo) {
				r.start()
				r.write("lost.txt", "to be unreachable")
				r.add()
				r.git("rm", "-q", "-f", "lost.txt")
				r.git("repack", "-q", "-d", "--cruft", "-b")
				r.write("b.txt", "bee", "later")
				r.commit("later")
				r.git("repack", "-q", "-d", "--pack-kept-objects")
				r.git("multi-pack-index", "write")
				r.git("commit-graph", "write", "--reachable")
				r.stage()
			},
			want: staged(),
		},
		{
			name: "replace refs and grafts",
			build: func(r *repo) {
				r.start()
				blob := r.git("rev-parse", "HEAD:a.txt")
				other := r.gitIn("one\ntwo\nthree\n", "hash-object", "-w", "--stdin")
				r.git("replace", blob, other)
				r.git("commit", "-q", "--allow-empty", "-m", "second")
				r.git("replace", "--graft", "HEAD")
				r.write(".git/info/grafts", r.git("rev-parse", "HEAD"))
				r.stage()
			},
			want: staged(),
		},
		{
			name: "trees with modes that git does not write any more",
			build: func(r *repo) {
				r.start()
				tree := ""
				for _, e := range []struct{ mode, name string }{{"100664", "a.txt"}, {"100600", "b.txt"}, {"40755", "dir"}} {
					id, err := hex.DecodeString(r.git("rev-parse", "HEAD:"+e.name))
					if err != nil {
						r.t.Fatal(err)
					}
					tree += e.mode + " " + e.name + "\x00" + string(id)
				}
				id := r.gitIn(tree, "hash-object", "-t", "tree", "-w", "--stdin", "--literally")
				r.git("update-ref", "HEAD", r.git("commit-tree", "-m", "odd", id))
				r.stage()
				r.write("dir/c.txt", "sea", "more")
				r.add()
			},
			want: []string{"M a.txt: three", "M dir/c.txt: more", "A n.txt: new"},
		},
		{
			name: "HEAD with an empty tree",
			build: func(r *repo) {
				r.init()
				r.git("commit", "-q", "--allow-empty", "-m", "empty")
				r.remove(".git/objects/4b") // git knows this tree by heart
				r.stage()
			},
			want: []string{"A a.txt: one|two|three", "A n.txt: new"},
		},
		{
			name: "large objects, loose and packed",
			build: func(r *repo) {
				r.start()
				line := strings.Repeat("0123456789abcdef", 64)
				text := strings.Repeat(line+"\n", 9<<10) // more than the engine holds in memory
				r.writeFile(filepath.Join(r.dir, "large.txt"), text)
				r.commit("large")
				r.git("-c", "core.bigFileThreshold=1m", "repack", "-q", "-a", "-d")
				r.writeFile(filepath.Join(r.dir, "large.txt"), text+"the end\n")
				r.add()
			},
			want: []string{"M large.txt: the end"},
		},
		{
			name: "a large object that is a delta",
			build: func(r *repo) {
				r.start()
				line := strings.Repeat("0123456789abcdef", 64)
				text := strings.Repeat(line+"\n", 9<<10)
				r.writeFile(filepath.Join(r.dir, "large.txt"), text)
				r.commit("large")
				r.writeFile(filepath.Join(r.dir, "large.txt"), text+"the end\n")
				r.add()
				r.git("repack", "-q", "-a", "-d", "-f")
				// The index keeps it alive, so both are in the pack.
			},
			want: []string{"M large.txt: the end"},
		},
	}
}

// changeFixtures are the things that a commit can do to a file.
func changeFixtures() []fixture {
	return []fixture{
		{
			name: "staged, then reverted in the work tree",
			build: func(r *repo) {
				r.start()
				r.stage()
				r.write("a.txt", "one", "two")
				r.remove("n.txt")
			},
			want: staged(),
		},
		{
			name: "work tree dirty, nothing staged",
			build: func(r *repo) {
				r.start()
				r.write("a.txt", "one", "two", "not staged")
				r.write("untracked.txt", "not staged")
			},
		},
		{
			name: "staged, and more in the work tree",
			build: func(r *repo) {
				r.start()
				r.stage()
				r.write("a.txt", "one", "two", "three", "not staged")
			},
			want: staged(),
		},
		{
			name: "lines moved",
			build: func(r *repo) {
				r.start()
				r.write("a.txt", "two", "one")
				r.add()
			},
			want: []string{"M a.txt:"},
		},
		{
			name: "intent to add",
			build: func(r *repo) {
				r.start()
				r.write("later.txt", "not recorded yet")
				r.git("add", "-N", "later.txt")
				r.stage()
			},
			want: []string{"M a.txt: three", "A later.txt: skipped: intent-to-add", "A n.txt: new"},
		},
		{
			name: "intent to add what HEAD has",
			build: func(r *repo) {
				r.start()
				r.git("rm", "-q", "--cached", "b.txt")
				r.git("add", "-N", "b.txt")
				r.stage()
			},
			want: []string{"M a.txt: three", "M b.txt: skipped: intent-to-add", "A n.txt: new"},
		},
		{
			name: "symbolic links",
			build: func(r *repo) {
				r.start()
				r.link("a.txt", "link")
				r.commit("link")
				r.remove("link")
				r.link("b.txt", "link")
				r.link("/etc/passwd", "dir/out")
				r.add()
			},
			want: []string{"A dir/out: /etc/passwd", "M link: b.txt"},
		},
		{
			name: "a file becomes a symbolic link and the reverse",
			build: func(r *repo) {
				r.start()
				r.link("one", "link")
				r.commit("link")
				r.remove("link")
				r.write("link", "one", "file")
				r.remove("a.txt")
				r.link("two", "a.txt")
				r.add()
			},
			want: []string{"M a.txt:", "M link: file"},
		},
		{
			name: "mode change",
			build: func(r *repo) {
				r.start()
				r.git("update-index", "--chmod=+x", "a.txt")
			},
		},
		{
			name: "mode change with an edit",
			build: func(r *repo) {
				r.start()
				r.stage()
				r.git("update-index", "--chmod=+x", "a.txt", "n.txt")
			},
			want: staged(),
		},
		{
			name: "pure rename",
			build: func(r *repo) {
				r.start()
				r.git("mv", "dir/c.txt", "moved.txt")
			},
			want: []string{"A moved.txt:"},
		},
		{
			name: "rename with an edit",
			build: func(r *repo) {
				r.start()
				r.git("mv", "a.txt", "dir/moved.txt")
				r.write("dir/moved.txt", "one", "two", "edited")
				r.add()
			},
			want: []string{"A dir/moved.txt: edited"},
		},
		{
			name: "a directory renamed with edits",
			build: func(r *repo) {
				r.start()
				r.write("dir/deep/d.txt", "deep")
				r.commit("deep")
				r.git("mv", "dir", "dir2")
				r.write("dir2/deep/d.txt", "deep", "edited")
				r.add()
			},
			want: []string{"A dir2/c.txt:", "A dir2/deep/d.txt: edited"},
		},
		{
			name: "copy",
			build: func(r *repo) {
				r.start()
				r.write("dir/copy.txt", "one", "two")
				r.add()
			},
			want: []string{"A dir/copy.txt:"},
		},
		{
			name: "copy with an edit",
			build: func(r *repo) {
				r.start()
				r.write("dir/copy.txt", "one", "two", "edited")
				r.add()
			},
			want: []string{"A dir/copy.txt: one|two|edited"},
		},
		{
			name: "deletions only",
			build: func(r *repo) {
				r.start()
				r.git("rm", "-q", "-r", "a.txt", "dir")
			},
		},
		{
			name: "everything deleted",
			build: func(r *repo) {
				r.start()
				r.git("rm", "-q", "-r", ".")
			},
		},
		{
			name: "a file becomes a directory and the reverse",
			build: func(r *repo) {
				r.start()
				r.remove("a.txt")
				r.write("a.txt/x", "two", "below")
				r.remove("dir")
				r.write("dir", "sea", "file")
				r.add()
			},
			want: []string{"A a.txt/x: below", "A dir: file"},
		},
		{
			name: "empty files",
			build: func(r *repo) {
				r.start()
				r.write("empty.txt")
				r.commit("empty")
				r.write("a.txt")
				r.write("new-empty.txt")
				r.write("empty.txt", "no more")
				r.add()
			},
			want: []string{"M a.txt:", "M empty.txt: no more", "A new-empty.txt:"},
		},
		{
			name: "assume-unchanged and skip-worktree",
			build: func(r *repo) {
				r.start()
				r.stage()
				r.git("update-index", "--assume-unchanged", "a.txt")
				r.git("update-index", "--skip-worktree", "n.txt")
			},
			want: staged(),
		},
		{
			name: "Git LFS, the object here",
			build: func(r *repo) {
				r.start()
				const oid = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03" // of "hello\n"
				r.writeFile(filepath.Join(r.dir, ".git", "lfs", "objects", "58", "91", oid), "hello\n")
				r.write("large.bin", "version https://git-lfs.github.com/spec/v1", "oid sha256:"+oid, "size 6")
				r.add()
			},
			want: []string{"A large.bin: hello"},
		},
		{
			name: "Git LFS, the object elsewhere",
			build: func(r *repo) {
				r.start()
				r.write("large.bin", "version https://git-lfs.github.com/spec/v1", "oid sha256:"+strings.Repeat("ab", 32), "size 6")
				r.add()
			},
			want: []string{"A large.bin: skipped: lfs-object"},
		},
		{
			name: "Git LFS, an old version elsewhere",
			build: func(r *repo) {
				r.start()
				r.write("large.bin", "version https://git-lfs.github.com/spec/v1", "oid sha256:"+strings.Repeat("ab", 32), "size 6")
				r.commit("pointer")
				r.write("large.bin", "no pointer any more")
				r.add()
			},
			want: []string{"M large.bin: no pointer any more"},
		},
		{
			name: "text after a Git LFS pointer",
			build: func(r *repo) {
				r.start()
				r.write("x", "version https://git-lfs.github.com/spec/v1", "oid sha256:"+strings.Repeat("ab", 32), "size 6", "more")
				r.add()
			},
			want: []string{"A x: version https://git-lfs.github.com/spec/v1|oid sha256:" + strings.Repeat("ab", 32) + "|size 6|more"},
		},
	}
}

// mergeFixtures are merges that are about to be committed.
func mergeFixtures() []fixture {
	// fork makes branches with changes of their own; the first is checked out.
	fork := func(r *repo, branches ...string) {
		r.start()
		for _, b := range branches {
			r.git("checkout", "-q", "-b", b, "main")
			r.write(b+".txt", "added on "+b)
			r.write("dir/"+b+".txt", "more of "+b)
			r.commit(b)
		}
		r.git("checkout", "-q", branches[0])
	}
	return []fixture{
		{
			name: "clean merge",
			build: func(r *repo) {
				fork(r, "x", "y")
				r.git("merge", "-q", "--no-commit", "--no-ff", "y")
			},
		},
		{
			name: "clean merge of the same file",
			build: func(r *repo) {
				r.start()
				r.write("a.txt", "one", "1.2", "1.4", "1.6", "1.8", "two")
				r.commit("room")
				r.git("checkout", "-q", "-b", "x")
				r.write("a.txt", "from x", "one", "1.2", "1.4", "1.6", "1.8", "two")
				r.commit("x")
				r.git("checkout", "-q", "-b", "y", "main")
				r.write("a.txt", "one", "1.2", "1.4", "1.6", "1.8", "two", "from y")
				r.commit("y")
				r.git("merge", "-q", "--no-commit", "--no-ff", "x")
			},
			want: []string{"M a.txt:"},
		},
		{
			name: "evil merge",
			build: func(r *repo) {
				fork(r, "x", "y")
				r.git("merge", "-q", "--no-commit", "--no-ff", "y")
				r.write("a.txt", "one", "two", "evil")
				r.write("y.txt", "added on y", "evil")
				r.write("evil.txt", "added on x", "evil")
				r.add()
			},
			want: []string{"M a.txt: evil", "A evil.txt: added on x|evil", "M y.txt: evil"},
		},
		{
			name: "octopus",
			build: func(r *repo) {
				fork(r, "x", "y", "z")
				r.git("merge", "-q", "--no-commit", "--no-ff", "y", "z")
				r.write("z.txt", "added on z", "evil")
				r.add()
			},
			want: []string{"M z.txt: evil"},
		},
		{
			name: "merge named by GITHEAD in the environment",
			build: func(r *repo) {
				fork(r, "x", "y")
				y := r.git("rev-parse", "y")
				r.git("merge", "-q", "--no-commit", "--no-ff", "y")
				r.remove(".git/MERGE_HEAD")
				r.setenv("GITHEAD_"+y, "y")
				r.write("y.txt", "added on y", "evil")
				r.add()
			},
			want: []string{"M y.txt: evil"},
		},
		{
			name: "rename in a merge",
			build: func(r *repo) {
				fork(r, "x", "y")
				r.git("mv", "a.txt", "renamed.txt")
				r.commit("rename")
				r.git("merge", "-q", "--no-commit", "--no-ff", "y")
				r.write("renamed.txt", "one", "two", "evil")
				r.add()
			},
			want: []string{"M renamed.txt: evil"},
		},
		{
			name: "conflict",
			build: func(r *repo) {
				r.start()
				r.git("checkout", "-q", "-b", "x")
				r.write("a.txt", "one", "theirs")
				r.commit("x")
				r.git("checkout", "-q", "main")
				r.write("a.txt", "one", "ours")
				r.commit("main")
				if out, err := r.try("merge", "-q", "x"); err == nil {
					r.t.Fatalf("no conflict: %s", out)
				}
			},
			want: []string{"M a.txt:", "M a.txt:"},
		},
		{
			name: "conflict in a cherry-pick: theirs is in no parent",
			build: func(r *repo) {
				r.start()
				r.git("checkout", "-q", "-b", "x")
				r.write("a.txt", "one", "theirs")
				r.commit("x")
				r.git("checkout", "-q", "main")
				r.write("a.txt", "one", "ours")
				r.commit("main")
				if out, err := r.try("cherry-pick", "x"); err == nil {
					r.t.Fatalf("no conflict: %s", out)
				}
			},
			want: []string{"M a.txt:", "M a.txt: theirs"},
		},
		{
			name: "conflict of a change with a deletion",
			build: func(r *repo) {
				r.start()
				r.git("checkout", "-q", "-b", "x")
				r.git("rm", "-q", "a.txt")
				r.commit("x")
				r.git("checkout", "-q", "main")
				r.write("a.txt", "one", "ours")
				r.commit("main")
				if out, err := r.try("merge", "-q", "x"); err == nil {
					r.t.Fatalf("no conflict: %s", out)
				}
			},
			want: []string{"M a.txt:"},
		},
		{
			name: "conflict of two additions that are the same but for the mode",
			build: func(r *repo) {
				r.start()
				blob := r.gitIn("same\n", "hash-object", "-w", "--stdin")
				r.gitIn("100644 "+blob+" 2\tboth.txt\n100755 "+blob+" 3\tboth.txt\n", "update-index", "--index-info")
			},
			want: []string{"A both.txt: same"},
		},
		{
			name: "conflict deleted on both sides",
			build: func(r *repo) {
				r.start()
				blob := r.git("rev-parse", "HEAD:a.txt")
				r.git("rm", "-q", "--cached", "a.txt")
				r.gitIn("100644 "+blob+" 1\ta.txt\n", "update-index", "--index-info")
			},
		},
		{
			name: "resolved conflict",
			build: func(r *repo) {
				r.start()
				r.git("checkout", "-q", "-b", "x")
				r.write("a.txt", "one", "theirs")
				r.commit("x")
				r.git("checkout", "-q", "main")
				r.write("a.txt", "one", "ours")
				r.commit("main")
				if out, err := r.try("merge", "-q", "x"); err == nil {
					r.t.Fatalf("no conflict: %s", out)
				}
				r.write("a.txt", "one", "ours", "theirs", "resolved")
				r.add()
			},
			want: []string{"M a.txt: resolved"},
		},
	}
}

// nameFixtures are names that break what parses or prints them.
func nameFixtures() []fixture {
	long := strings.Repeat("long-", 40) // a component may have 255 bytes
	deep := strings.Repeat(long+"/", 22) + "end.txt"
	return []fixture{
		{
			name: "odd file names",
			build: func(r *repo) {
				r.start()
				blob := r.gitIn("text\n", "hash-object", "-w", "--stdin")
				names := []string{
					"-leading-dash", "--", "new\nline", "tab\there", `quo"te`, `back\slash`, "invalid-\xff\xfe-utf8",
					"trailing space ", " leading space", "caf\u00e9", "cafe\u0301", ":(top)magic", "*glob?[a]", "~tilde", "$(dollar)",
					"dir/ ", "\x01control", "\u202ebidi", "HEAD", "refs/heads/main", long + ".txt", deep,
				}
				info := ""
				for _, n := range names {
					info += "100644 " + blob + "\t" + n + "\x00"
				}
				r.gitIn(info, "update-index", "-z", "--add", "--index-info")
			},
			want: func() []string {
				names := []string{
					"-leading-dash", "--", "new\nline", "tab\there", `quo"te`, `back\slash`, "invalid-\xff\xfe-utf8",
					"trailing space ", " leading space", "caf\u00e9", "cafe\u0301", ":(top)magic", "*glob?[a]", "~tilde", "$(dollar)",
					"dir/ ", "\x01control", "\u202ebidi", "HEAD", "refs/heads/main", long + ".txt", deep,
				}
				slices.Sort(names)
				for i, n := range names {
					names[i] = "A " + show(n) + ": text"
				}
				return names
			}(),
		},
		{
			name: "names that sort apart in trees and in the index",
			build: func(r *repo) {
				r.start()
				for _, n := range []string{"d/x", "d.x", "d-x", "d0", "e.x", "e/y/z", "e/y.z", "e/y-z"} {
					r.write(n, "text of "+n)
				}
				r.commit("names")
				r.write("d/x", "text of d/x", "1")
				r.write("d.x", "text of d.x", "2")
				r.write("e/y/z", "text of e/y/z", "3")
				r.write("e/y0", "text of e/y-z", "4")
				r.add()
			},
			want: []string{"M d.x: 2", "M d/x: 1", "M e/y/z: 3", "A e/y0: text of e/y-z|4"},
		},
		{
			name: "names that differ in case only",
			build: func(r *repo) {
				r.start()
				r.git("config", "core.ignoreCase", "true")
				blob := r.gitIn("text\n", "hash-object", "-w", "--stdin")
				r.git("update-index", "--add", "--cacheinfo", "100644,"+blob+",A.TXT")
				r.git("update-index", "--add", "--cacheinfo", "100644,"+blob+",Dir/c.txt")
			},
			want: []string{"A A.TXT: text", "A Dir/c.txt: text"},
		},
		{
			name: "a thousand files",
			build: func(r *repo) {
				r.init()
				files := make(map[string]string)
				for i := range 1000 {
					files[fmt.Sprintf("d%d/f%03d", i%10, i)] = fmt.Sprintf("file %d\n", i)
				}
				r.fastImport("main", files)
				for name, text := range files {
					files[name] = text + strings.Replace(text, "file", "edit", 1)
				}
				r.fastImport("next", files)
				r.git("read-tree", "next")
			},
			want: func() (want []string) {
				for d := range 10 {
					for i := d; i < 1000; i += 10 {
						want = append(want, fmt.Sprintf("M d%d/f%03d: edit %d", d, i, i))
					}
				}
				return want
			}(),
		},
	}
}

// configFixtures are attributes and settings that bend what git shows.
func configFixtures() []fixture {
	attr := func(lines ...string) func(*repo) {
		return func(r *repo) {
			r.start()
			r.write(".gitattributes", lines...)
			r.git("config", "diff.upper.textconv", "tr a-z A-Z <")
			r.git("config", "filter.swap.clean", "tr a-y b-z")
			r.git("config", "filter.swap.smudge", "tr b-z a-y")
			// Git takes a file that has not changed through a filter only if it is as
			// young as the index.
			r.add()
			r.git("add", "--renormalize", ".")
			r.commit("attributes")
			r.stage()
		}
	}
	return []fixture{
		{name: "attribute -diff", build: attr("* -diff"), want: staged()},
		{name: "attribute binary", build: attr("* binary"), want: staged()},
		{name: "attribute with textconv", build: attr("* diff=upper"), want: staged()},
		{
			// The blob holds what the filter made: "new" is stored as "ofx".
			// So is a.txt, from the commit of the attributes on.
			name: "attribute with a filter", build: attr("* filter=swap"),
			want: []string{"M a.txt: uisff", "A n.txt: ofx"},
		},
		{name: "attributes export-ignore, merge and whitespace", build: attr("* export-ignore merge=ours whitespace=-all"), want: staged()},
		{
			name: "attribute eol",
			build: func(r *repo) {
				r.start()
				r.write(".gitattributes", "* text eol=crlf")
				r.commit("attributes")
				r.write("a.txt", "one\r", "two\r", "three\r")
				r.write("n.txt", "new\r")
				r.add()
			},
			want: staged(),
		},
		{
			name: "autocrlf",
			build: func(r *repo) {
				r.start()
				r.git("config", "core.autocrlf", "true")
				r.git("config", "core.safecrlf", "false")
				r.write("a.txt", "one\r", "two\r", "three\r")
				r.write("n.txt", "new\r")
				r.add()
			},
			want: staged(),
		},
		{
			name: "working-tree-encoding",
			build: func(r *repo) {
				r.start()
				r.write(".gitattributes", "*.u16 text working-tree-encoding=UTF-16LE")
				r.commit("attributes")
				utf16 := ""
				for _, c := range []byte("wide\ntext\n") {
					utf16 += string([]byte{c, 0})
				}
				r.writeFile(filepath.Join(r.dir, "x.u16"), utf16)
				r.writeFile(filepath.Join(r.dir, "y.txt"), utf16)
				r.add()
			},
			want: []string{"A x.u16: wide|text", "A y.txt: " + show("w\x00i\x00d\x00e\x00") + "|" + show("\x00t\x00e\x00x\x00t\x00") + "|" + show("\x00")},
		},
		{
			name: "hostile configuration",
			build: func(r *repo) {
				r.start()
				r.write("order", "*.nothing", "n.txt", "*.txt")
				for _, kv := range []string{
					"color.ui=always", "color.diff=always", "diff.external=false", "diff.noprefix=true", "diff.mnemonicPrefix=true",
					"diff.renames=copies", "diff.ignoreSubmodules=all", "core.quotePath=true", "core.pager=false", "pager.diff-index=true",
					"diff.orderFile=order", "core.hooksPath=/dev/null", "diff.context=0", "diff.interHunkContext=9", "diff.algorithm=patience",
					"diff.relative=true", "core.abbrev=4", "log.showSignature=true", "core.attributesFile=/dev/null", "diff.submodule=log",
					"core.whitespace=-all", "core.logAllRefUpdates=false", "diff.indentHeuristic=false", "diff.suppressBlankEmpty=true",
					"alias.diff-index=!false", "alias.cat-file=!false", "core.fsmonitor=false", "core.untrackedCache=true", "core.precomposeUnicode=true",
				} {
					k, v, _ := strings.Cut(kv, "=")
					r.git("config", k, v)
				}
				r.stage()
				r.git("mv", "b.txt", "moved.txt")
				r.dir = filepath.Join(r.dir, "dir")
			},
			want: []string{"M a.txt: three", "A moved.txt:", "A n.txt: new"},
		},
		{
			name: "hostile environment",
			build: func(r *repo) {
				r.start()
				r.stage()
				for _, kv := range []string{
					"GIT_EXTERNAL_DIFF=false", "GIT_DIFF_OPTS=-u0", "GIT_PAGER=false", "GIT_LITERAL_PATHSPECS=0", "GIT_GLOB_PATHSPECS=1",
					"GIT_ICASE_PATHSPECS=1", "GIT_TRACE=1", "GIT_TRACE_SETUP=1", "GIT_TRACE2=1", "GIT_PREFIX=dir/", "LC_ALL=de_DE.UTF-8", "LANGUAGE=de",
					"GIT_DEFAULT_HASH=sha256", "GIT_NO_REPLACE_OBJECTS=0", "GIT_REPLACE_REF_BASE=refs/heads", "GIT_COLOR=always",
				} {
					k, v, _ := strings.Cut(kv, "=")
					r.setenv(k, v)
				}
			},
			want: staged(),
		},
	}
}

// show returns text as the tables have it: as it is if it is plain, else
// quoted.
func show(s string) string {
	if strings.ContainsFunc(s, func(c rune) bool { return c != '\t' && (c < ' ' || c > '~') }) {
		return strconv.QuoteToASCII(s)
	}
	return s
}
