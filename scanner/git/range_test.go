package git_test

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git"
)

// byGit opens the repo with git.
func (r *repo) byGit() *git.Repository {
	r.t.Helper()
	repository, err := r.open(git.EnginePlumbing)
	if err != nil {
		r.t.Fatalf("Open() = %v", err)
	}
	return repository
}

// lookAtRange returns what a range yields, each line behind the subject of its
// commit, and the number of commits.
func lookAtRange(ctx context.Context, r *git.Repository, opts git.RangeOptions) (got []string, commits int, err error) {
	source := r.Range(opts)
	for b, blobErr := range source.Blobs(ctx) {
		if blobErr != nil {
			return got, 0, blobErr
		}
		s, err := lookAt(ctx, b)
		if err != nil {
			return got, 0, fmt.Errorf("%q: %w", b.Path, err)
		}
		if b.Path == "(commit message)" || b.Path == "(tag message)" {
			got = append(got, b.Path+" "+strings.Join(s.lines, "|"))
			continue
		}
		subject := "-"
		if b.Commit != nil {
			subject = b.Commit.Subject
		}
		got = append(got, subject+": "+s.String())
	}
	return got, source.(scanner.CommitCounter).Commits(), nil
}

func TestRange(t *testing.T) {
	t.Parallel()
	evilMerge := func(r *repo) {
		r.start()
		r.git("checkout", "-q", "-b", "side")
		r.write("side.txt", "side")
		r.write("b.txt", "bee", "side")
		r.commit("side")
		r.git("checkout", "-q", "main")
		r.write("a.txt", "one", "two", "main")
		r.commit("main")
		r.git("merge", "-q", "--no-commit", "side")
		r.write("b.txt", "bee", "side", "evil")
		r.write("evil.txt", "evil")
		r.commit("merge")
	}
	tests := []struct {
		name    string
		build   func(*repo)
		opts    git.RangeOptions
		commits int
		want    []string
	}{
		{"all from the first commit", func(r *repo) { r.start(); r.stage(); r.commit("second\n\nbody") },
			git.RangeOptions{Include: []string{"HEAD"}}, 2, []string{
				"(commit message) start",
				"start: A a.txt: one|two", "start: A b.txt: bee", "start: A dir/c.txt: sea",
				"(commit message) second||body",
				"second: M a.txt: three", "second: A n.txt: new",
			}},
		{"two dots", func(r *repo) { r.start(); r.stage(); r.commit("second") },
			git.RangeOptions{Include: []string{"main"}, Exclude: []string{"main~1"}}, 1, []string{
				"(commit message) second", "second: M a.txt: three", "second: A n.txt: new",
			}},
		{"nothing", func(r *repo) { r.start() },
			git.RangeOptions{Include: []string{"main"}, Exclude: []string{"main"}}, 0, nil},
		{"no revisions", func(r *repo) { r.start() }, git.RangeOptions{}, 0, nil},
		{"zeros of both lengths, and an exclusion that is not here", func(r *repo) { r.start() },
			git.RangeOptions{
				Include: []string{strings.Repeat("0", 40), strings.Repeat("0", 64)},
				Exclude: []string{strings.Repeat("0", 40), strings.Repeat("1", 40), "no-such-branch"},
			}, 0, nil},
		{"an exclusion that is not here excludes nothing", func(r *repo) { r.init(); r.write("x", "y"); r.commit("c") },
			git.RangeOptions{Include: []string{"main"}, Exclude: []string{strings.Repeat("1", 40)}}, 1,
			[]string{"(commit message) c", "c: A x: y"}},
		{"evil merge", evilMerge,
			git.RangeOptions{Include: []string{"main"}, Exclude: []string{"main~2", "main^1", "side"}}, 1, []string{
				"(commit message) merge", "merge: M b.txt: evil", "merge: A evil.txt: evil",
			}},
		{"evil merge that changes what both parents have", func(r *repo) {
			r.start()
			r.git("checkout", "-q", "-b", "side")
			r.write("a.txt", "zero", "one", "two")
			r.commit("side")
			r.git("checkout", "-q", "main")
			r.write("a.txt", "one", "two", "three")
			r.commit("main")
			r.git("merge", "-q", "--no-commit", "side")
			r.write("a.txt", "zero", "one", "evil", "two", "three")
			r.commit("merge")
		}, git.RangeOptions{Include: []string{"main"}, Exclude: []string{"main^1", "side"}}, 1, []string{
			"(commit message) merge", "merge: M a.txt: evil",
		}},
		{"octopus", func(r *repo) {
			r.start()
			for _, b := range []string{"x", "y", "z"} {
				r.git("checkout", "-q", "-b", b, "main")
				r.write(b, b)
				r.write("a.txt", "one", "two")
				r.commit(b)
			}
			r.git("checkout", "-q", "main")
			r.git("merge", "-q", "--no-commit", "x", "y", "z")
			r.write("evil", "evil")
			r.write("b.txt", "bee", "evil")
			r.commit("octopus")
		}, git.RangeOptions{Include: []string{"main"}, Exclude: []string{"x", "y", "z"}}, 1, []string{
			"(commit message) octopus", "octopus: M b.txt: evil", "octopus: A evil: evil",
		}},
		{"rename with an edit, and a copy", func(r *repo) {
			r.start()
			r.git("mv", "a.txt", "moved.txt")
			r.write("moved.txt", "one", "edit", "two")
			r.write("copy.txt", "bee")
			r.commit("move")
		}, git.RangeOptions{Include: []string{"main"}, Exclude: []string{"main~"}}, 1, []string{
			"(commit message) move", "move: A copy.txt:", "move: A moved.txt: edit",
		}},
		{"mode change and deletion add nothing", func(r *repo) {
			r.start()
			r.git("update-index", "--chmod=+x", "a.txt")
			r.git("rm", "-q", "--cached", "b.txt")
			r.git("commit", "-q", "-m", "modes")
		}, git.RangeOptions{Include: []string{"main"}, Exclude: []string{"main~"}}, 1, []string{
			"(commit message) modes",
		}},
		{"gitlink", func(r *repo) {
			r.start()
			r.git("update-index", "--add", "--cacheinfo", "160000,"+r.git("rev-parse", "HEAD")+",sub")
			r.git("commit", "-q", "-m", "link")
		}, git.RangeOptions{Include: []string{"main"}, Exclude: []string{"main~"}}, 1, []string{
			"(commit message) link", "link: A sub: skipped: submodule",
		}},
		{"the same change twice is scanned once, a line that comes back is not lost", func(r *repo) {
			r.init()
			r.write("f", "secret")
			r.commit("1")
			r.write("f", "gone")
			r.commit("2")
			r.write("f", "secret")
			r.commit("3")
			r.write("f", "gone")
			r.commit("4")
			r.write("f", "secret")
			r.commit("5")
		}, git.RangeOptions{Include: []string{"main"}, Exclude: []string{"main~4"}}, 4, []string{
			"(commit message) 2", "2: M f: gone",
			"(commit message) 3", "3: M f: secret",
			"(commit message) 4",
			"(commit message) 5",
		}},
		{"annotated tag, of a tag, of a commit", func(r *repo) {
			r.init()
			r.write("f", "f")
			r.commit("c")
			r.git("tag", "-m", "inner\n\nsecret", "inner")
			r.git("tag", "-m", "outer", "outer", "inner")
		}, git.RangeOptions{Include: []string{"outer", "inner", "refs/tags/outer"}}, 1, []string{
			"(tag message) outer", "(tag message) inner||secret", "(commit message) c", "c: A f: f",
		}},
		{"tag of a tree, tag of a blob", func(r *repo) {
			r.start()
			r.git("tag", "-m", "tree", "t", "HEAD^{tree}")
			r.git("tag", "-m", "blob", "b", "HEAD:a.txt")
			r.git("tag", "light", "HEAD:b.txt")
		}, git.RangeOptions{Include: []string{"t", "b", "light"}}, 0, []string{
			"(tag message) tree", "-: A a.txt: one|two", "-: A b.txt: bee", "-: A dir/c.txt: sea",
			"(tag message) blob", "-: A (blob): one|two", "-: A (blob): bee",
		}},
		{"not on a remote", func(r *repo) {
			r.start()
			r.git("update-ref", "refs/remotes/origin/main", "HEAD")
			r.stage()
			r.commit("two")
			r.git("update-ref", "refs/remotes/other/main", "HEAD")
			r.write("x", "x")
			r.commit("three")
		}, git.RangeOptions{Include: []string{"main"}, NotRemote: "origin"}, 2, []string{
			"(commit message) two", "two: M a.txt: three", "two: A n.txt: new",
			"(commit message) three", "three: A x: x",
		}},
		{"not on any remote", func(r *repo) {
			r.start()
			r.git("update-ref", "refs/remotes/other/main", "HEAD")
			r.write("x", "x")
			r.commit("two")
		}, git.RangeOptions{Include: []string{"main"}, NotAllRemotes: true}, 1, []string{
			"(commit message) two", "two: A x: x",
		}},
		{"a remote's name is no pattern and no prefix", func(r *repo) {
			r.init()
			r.write("x", "x")
			r.commit("c")
			r.git("update-ref", "refs/remotes/origin/main", "HEAD")
			r.git("update-ref", "refs/remotes/o/main", "HEAD")
		}, git.RangeOptions{Include: []string{"main"}, NotRemote: "or*"}, 1, []string{
			"(commit message) c", "c: A x: x",
		}},
		{"not on any ref", func(r *repo) {
			r.start()
			r.write("x", "x")
			r.commit("new")
			r.git("branch", "old", "main~")
			r.git("checkout", "-q", "--detach")
			r.git("update-ref", "refs/keep", "main")
			r.git("branch", "-q", "-D", "main")
			r.git("tag", "keep", "refs/keep")
			r.git("checkout", "-q", "old")
			r.git("update-ref", "-d", "refs/keep")
			r.writeFile(filepath.Join(r.dir, "id"), r.git("rev-parse", "keep"))
			r.git("tag", "-d", "keep")
		}, git.RangeOptions{Include: []string{"@id"}, NotAll: true}, 1, []string{
			"(commit message) new", "new: A x: x",
		}},
		{"shallow clone: the border counts as a first commit", func(r *repo) {
			r.start()
			r.stage()
			r.commit("second")
			r.write("z", "z")
			r.commit("third")
			r.git("clone", "-q", "--depth", "2", "file://"+filepath.ToSlash(r.dir), "../shallow")
			r.dir = filepath.Join(r.tmp, "shallow")
		}, git.RangeOptions{Include: []string{"HEAD"}}, 2, []string{
			"(commit message) second",
			"second: A a.txt: one|two|three", "second: A b.txt: bee", "second: A dir/c.txt: sea", "second: A n.txt: new",
			"(commit message) third", "third: A z: z",
		}},
		{"replace refs and grafts hide nothing", func(r *repo) {
			r.init()
			r.write("f", "secret")
			r.commit("1")
			r.write("g", "g")
			r.commit("2")
			r.git("replace", "HEAD", r.git("commit-tree", "-m", "fake", "HEAD^{tree}"))
		}, git.RangeOptions{Include: []string{"main"}}, 2, []string{
			"(commit message) 1", "1: A f: secret", "(commit message) 2", "2: A g: g",
		}},
		{"attributes and configuration hide nothing", func(r *repo) {
			r.init()
			for _, kv := range []string{"color.ui=always", "diff.noprefix=true", "diff.renames=copies", "diff.ignoreSubmodules=all",
				"diff.orderFile=/none", "diff.external=false", "diff.relative=true", "log.showSignature=true", "log.diffMerges=off",
				"log.showRoot=false", "core.quotePath=true", "core.abbrev=4", "trace2.normalTarget=2"} {
				k, v, _ := strings.Cut(kv, "=")
				r.git("config", k, v)
			}
			r.setenv("GIT_DIFF_OPTS", "-u0")
			r.setenv("GIT_EXTERNAL_DIFF", "false")
			r.setenv("GIT_TRACE", "1")
			r.setenv("GIT_ICASE_PATHSPECS", "1")
			r.setenv("GIT_PREFIX", "dir/")
			r.write(".gitattributes", "* -diff binary")
			r.write("ö", "x")
			r.git("-c", "trace2.normalTarget=0", "add", "-A")
			r.try("commit", "-q", "-m", "hostile")
		}, git.RangeOptions{Include: []string{"main"}}, 1, []string{
			"(commit message) hostile", "hostile: A .gitattributes: * -diff binary", `hostile: A "\u00f6": x`,
		}},
		{"sha256", func(r *repo) {
			r.start("--object-format=sha256")
			r.stage()
			r.commit("two")
		}, git.RangeOptions{Include: []string{"main"}, Exclude: []string{"main~"}}, 1, []string{
			"(commit message) two", "two: M a.txt: three", "two: A n.txt: new",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			tt.build(r)
			if slices.Contains(tt.opts.Include, "@id") {
				tt.opts.Include = []string{strings.Fields(r.git("fsck", "--lost-found", "--no-progress"))[2]}
			}
			got, commits, err := lookAtRange(t.Context(), r.byGit(), tt.opts)
			if err != nil {
				t.Fatalf("Range(%+v): %v", tt.opts, err)
			}
			equal(t, "Range()", got, tt.want)
			if commits != tt.commits {
				t.Errorf("Commits() = %d, want %d", commits, tt.commits)
			}
		})
	}
}

func TestRangeCommit(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.init()
	r.write("f", "x")
	r.add()
	r.git("-c", "i18n.commitEncoding=ISO-8859-1", "-c", "user.name=x", "commit", "-q", "--author", "J\xf6rg <joerg@example.com>",
		"--date", "1700000000 +0530", "-m", "gr\xfc\xdfe")
	id := r.git("rev-parse", "HEAD")
	n := 0
	for b, err := range r.byGit().Range(git.RangeOptions{Include: []string{"HEAD"}}).Blobs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		c := b.Commit
		if c == nil || c.ID != id || c.Author != "Jörg" || c.Email != "joerg@example.com" || c.Subject != "grüße" || c.Date.Format("2006-01-02T15:04:05Z07:00") != "2023-11-15T03:43:20+05:30" {
			t.Errorf("Commit of %q = %+v", b.Path, c)
		}
		if b.Path == "(commit message)" {
			if content, err := readClose(b.Open(t.Context())); content != "gr\xfc\xdfe\n" || err != nil {
				t.Errorf("message = %q, %v, want the bytes as stored", content, err)
			}
		}
	}
	if n != 2 {
		t.Errorf("%d blobs, want 2", n)
	}
}

// TestRangeInQuarantine runs as pre-receive does: GIT_DIR is relative, and the
// new objects are in another place.
func TestRangeInQuarantine(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the hook is a shell script")
	}
	t.Parallel()
	r := newRepo(t)
	r.start()
	r.git("clone", "-q", "--bare", ".", "../bare.git")
	r.stage()
	r.commit("pushed")
	hook := filepath.Join(r.tmp, "bare.git", "hooks", "pre-receive")
	// The hook saves what it was given and keeps the objects.
	r.writeFile(hook, "#!/bin/sh\nenv | grep ^GIT_ >../env\nwhile read old new ref; do echo $new >../new; done\ncp -R \"$GIT_OBJECT_DIRECTORY\" ../quarantine\nexit 1\n")
	if err := chmodX(hook); err != nil {
		t.Fatal(err)
	}
	if out, err := r.try("push", "-q", "../bare.git", "main"); err == nil {
		t.Fatalf("push: %s", out)
	}
	read := func(name string) string {
		data, err := fs.ReadFile(dirFS(r.tmp), name)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(data))
	}
	new := read("new")
	for line := range strings.Lines(read("env")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch name {
		case "GIT_OBJECT_DIRECTORY", "GIT_QUARANTINE_PATH":
			value = filepath.Join(r.tmp, "quarantine")
		}
		r.setenv(name, value)
	}
	r.dir = filepath.Join(r.tmp, "bare.git")
	g := r.byGit()
	if g.Root() != "" || g.GitDir() != r.dir {
		t.Errorf("Root() = %q, GitDir() = %q, want none and %q", g.Root(), g.GitDir(), r.dir)
	}
	got, _, err := lookAtRange(t.Context(), g, git.RangeOptions{Include: []string{new}, NotAll: true})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "Range()", got, []string{"(commit message) pushed", "pushed: M a.txt: three", "pushed: A n.txt: new"})
	if content, err := g.FileAt(t.Context(), "HEAD", "b.txt"); string(content) != "bee\n" || err != nil {
		t.Errorf("FileAt(b.txt) = %q, %v", content, err)
	}
}

// TestRangeErrors damages what a range needs. It must never end as if it were
// read whole.
func TestRangeErrors(t *testing.T) {
	t.Parallel()
	lose := func(r *repo, rev string) {
		id := r.git("rev-parse", rev)
		r.remove(".git/objects/" + id[:2] + "/" + id[2:])
	}
	garble := func(r *repo, rev string) {
		id := r.git("rev-parse", rev)
		r.change(".git/objects/"+id[:2]+"/"+id[2:], func(b []byte) []byte { return append(b[:len(b)/2:len(b)/2], 0, 0, 0) })
	}
	two := func(r *repo) { r.start(); r.stage(); r.commit("two") }
	tests := []struct {
		name    string
		build   func(*repo)
		include string
		want    string
	}{
		{"a branch that is not there", two, "nothing", `revision "nothing" is not in the repository`},
		{"an id that is not there", two, strings.Repeat("1", 40), "is not in the repository"},
		{"a revision of two lines", two, "main\n^main", "is not a revision"},
		{"a range", two, "main~..main", "is not in the repository"},
		{"an option", two, "--all", "is not in the repository"},
		{"an exclusion", two, "^main", "is not in the repository"},
		{"no revision", two, "", "is not a revision"},
		{"a parent is missing", func(r *repo) { two(r); lose(r, "HEAD~") }, "main", ""},
		{"a tree is missing", func(r *repo) { two(r); lose(r, "HEAD^{tree}") }, "main", ""},
		{"a parent's tree is missing", func(r *repo) { two(r); lose(r, "HEAD~^{tree}") }, "main", ""},
		{"a blob is missing", func(r *repo) { two(r); lose(r, "HEAD:n.txt") }, "main", "missing"},
		{"a blob is garbled", func(r *repo) { two(r); garble(r, "HEAD:n.txt") }, "main", ""},
		{"a commit is garbled", func(r *repo) { two(r); garble(r, "HEAD~") }, "main", ""},
		{"a tree is garbled", func(r *repo) { two(r); garble(r, "HEAD^{tree}") }, "main", ""},
		{"what a tag names is missing", func(r *repo) { two(r); r.git("tag", "-m", "t", "t"); lose(r, "HEAD") }, "t", ""},
		{"a blob in a partial clone", func(r *repo) {
			two(r)
			r.git("config", "uploadpack.allowFilter", "true")
			r.git("clone", "-q", "--no-checkout", "--filter=blob:none", "file://"+filepath.ToSlash(r.dir), "../partial")
			r.dir = filepath.Join(r.tmp, "partial")
		}, "main", "partial clone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			tt.build(r)
			_, _, err := lookAtRange(t.Context(), r.byGit(), git.RangeOptions{Include: []string{tt.include}})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("Range(%q) = %v, want one line with %q", tt.include, err, tt.want)
			}
			if tt.want == "" && scanner.HintOf(err) == "" {
				t.Errorf("Range(%q) = %v, without a hint", tt.include, err)
			}
			t.Log(err, "| hint:", scanner.HintOf(err))
		})
	}
}

func TestExists(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.start()
	g := r.byGit()
	for rev, want := range map[string]bool{
		"HEAD": true, "main": true, "HEAD:dir": true, "HEAD~1": false, "none": false, "--all": false, "main..main": false,
		r.git("rev-parse", "HEAD"): true, strings.Repeat("0", 40): false, strings.Repeat("f", 40): false,
	} {
		if got, err := g.Exists(t.Context(), rev); got != want || err != nil {
			t.Errorf("Exists(%q) = %v, %v, want %v", rev, got, err, want)
		}
	}
	if _, err := g.Exists(t.Context(), "a\nb"); err == nil {
		t.Error("Exists of two lines: no error")
	}
}

// In a partial clone git dies at the first object that it would have to fetch.
func TestExistsInPartialClone(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.start()
	r.git("config", "uploadpack.allowFilter", "true")
	r.git("clone", "-q", "--no-checkout", "--filter=blob:none", "file://"+filepath.ToSlash(r.dir), "../partial")
	blob := r.git("rev-parse", "HEAD:a.txt")
	r.dir = filepath.Join(r.tmp, "partial")
	g := r.byGit()
	for rev, want := range map[string]bool{"main": true, blob: false, strings.Repeat("1", 40): false} {
		if got, err := g.Exists(t.Context(), rev); got != want || err != nil {
			t.Errorf("Exists(%q) = %v, %v, want %v", rev, got, err, want)
		}
	}
}
