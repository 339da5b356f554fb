package git_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/scanner/git"
)

// A netCase is two branches of a repository, base and head, and what is between
// them.
type netCase struct {
	name   string
	build  func(r *repo)
	bases  []string // subjects of the merge bases, sorted
	want   []string // of Net with the merge bases
	paths  []string // that OnPath is told, sorted
	linked bool     // needs symbolic links
}

func netCases() []netCase {
	branches := func(r *repo) {
		r.start()
		r.git("branch", "base")
		r.git("checkout", "-q", "-b", "head")
	}
	return []netCase{
		{
			name:  "one_commit",
			build: func(r *repo) { branches(r); r.write("a.txt", "one", "two", "three"); r.commit("h") },
			bases: []string{"start"}, want: []string{"M a.txt: three"}, paths: []string{"a.txt"},
		},
		{
			name: "added_and_removed_again",
			build: func(r *repo) {
				branches(r)
				r.write("a.txt", "one", "two", "gone")
				r.write("n.txt", "gone")
				r.commit("h1")
				r.write("a.txt", "one", "two")
				r.remove("n.txt")
				r.commit("h2")
			},
			bases: []string{"start"},
		},
		{
			name: "the_base_moved_on",
			build: func(r *repo) {
				branches(r)
				r.write("a.txt", "one", "two", "three")
				r.commit("h")
				r.git("checkout", "-q", "base")
				r.write("b.txt", "bee", "base")
				r.commit("b")
			},
			bases: []string{"start"}, want: []string{"M a.txt: three"}, paths: []string{"a.txt"},
		},
		{
			name: "the_base_was_merged_into_the_head",
			build: func(r *repo) {
				branches(r)
				r.write("h.txt", "h")
				r.commit("h")
				r.git("checkout", "-q", "base")
				r.write("b.txt", "bee", "base")
				r.commit("b")
				r.git("checkout", "-q", "head")
				r.git("merge", "-q", "--no-ff", "--no-commit", "base")
				r.write("h.txt", "h", "evil")
				r.commit("m")
			},
			bases: []string{"b"}, want: []string{"A h.txt: h|evil"}, paths: []string{"h.txt"},
		},
		{
			name: "criss_cross_has_two_merge_bases",
			build: func(r *repo) {
				branches(r)
				r.write("h.txt", "h")
				r.commit("h")
				r.git("checkout", "-q", "base")
				r.write("b.txt", "bee", "base")
				r.commit("b")
				r.git("branch", "old")
				r.git("merge", "-q", "-m", "b merges h", "head")
				r.git("checkout", "-q", "head")
				r.git("merge", "-q", "-m", "h merges b", "old")
				r.write("b.txt", "bee", "base", "head")
				r.write("h.txt", "h", "2")
				r.write("new.txt", "h")
				r.remove("dir/c.txt")
				r.commit("h2")
			},
			bases: []string{"b", "h"},
			// What either merge base has is not new.
			want:  []string{"M b.txt: head", "M h.txt: 2", "A new.txt:"},
			paths: []string{"b.txt", "dir/c.txt", "h.txt", "new.txt"},
		},
		{
			name: "unrelated",
			build: func(r *repo) {
				r.start()
				r.git("branch", "base")
				r.git("checkout", "-q", "--orphan", "head")
				r.git("rm", "-q", "-r", "--cached", ".")
				r.remove("a.txt")
				r.remove("b.txt")
				r.write("dir/c.txt", "c")
				r.write("d.txt", "d")
				r.commit("other")
			},
			want: []string{"A d.txt: d", "A dir/c.txt: c"}, paths: []string{"d.txt", "dir/c.txt"},
		},
		{
			name:  "the_same_commit",
			build: branches,
			bases: []string{"start"},
		},
		{
			name: "the_head_is_behind",
			build: func(r *repo) {
				branches(r)
				r.git("checkout", "-q", "base")
				r.write("b.txt", "bee", "base")
				r.commit("b")
			},
			bases: []string{"start"},
		},
		{
			name: "renames_modes_links_and_submodules",
			build: func(r *repo) {
				branches(r)
				r.git("mv", "a.txt", "moved.txt")
				r.git("update-index", "--chmod=+x", "b.txt")
				r.git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("12", 20)+",sub")
				r.link("somewhere", "link")
				r.git("add", "link")
				r.git("commit", "-q", "-m", "h")
			},
			bases:  []string{"start"},
			want:   []string{"A link: somewhere", "A moved.txt:", "A sub: skipped: submodule"},
			paths:  []string{"a.txt", "link", "moved.txt", "sub"},
			linked: true,
		},
		{
			name: "a_folder_becomes_a_file_and_a_file_a_folder",
			build: func(r *repo) {
				branches(r)
				r.remove("dir")
				r.write("dir", "file")
				r.remove("a.txt")
				r.write("a.txt/in", "one", "in")
				r.commit("h")
			},
			bases: []string{"start"},
			want:  []string{"A a.txt/in: in", "A dir: file"},
			paths: []string{"a.txt", "a.txt/in", "dir", "dir/c.txt"},
		},
		{
			name: "a_folder_with_submodules_is_gone",
			build: func(r *repo) {
				r.start()
				r.write("deep/er/x", "x")
				r.add()
				r.git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("12", 20)+",deep/sub")
				r.git("commit", "-q", "-m", "deep")
				r.git("branch", "base")
				r.git("checkout", "-q", "-b", "head")
				r.git("rm", "-q", "-r", "--cached", "deep")
				r.git("commit", "-q", "-m", "h")
			},
			bases: []string{"deep"},
			paths: []string{"deep/er/x", "deep/sub"},
		},
	}
}

func TestNet(t *testing.T) {
	t.Parallel()
	for _, tt := range netCases() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			tt.build(r)
			embedded, err := r.open(git.EngineEmbedded)
			if err != nil {
				t.Fatal(err)
			}
			for engine, g := range map[string]*git.Repository{"git": r.byGit(), "embedded": embedded} {
				ids, err := g.Commits(t.Context(), "base", "head", "none")
				if err != nil || len(ids) != 3 || ids[0] != r.git("rev-parse", "base") || ids[1] != r.git("rev-parse", "head") || ids[2] != "" {
					t.Fatalf("%s: Commits(base, head, none) = %q, %v", engine, ids, err)
				}
				parents, err := g.Parents(t.Context(), ids[1])
				if want := strings.Fields(r.git("rev-list", "--parents", "-n1", "head"))[1:]; err != nil || !slices.Equal(parents, want) {
					t.Errorf("%s: Parents(head) = %q, %v, want %q", engine, parents, err, want)
				}
				span, err := g.Span(t.Context(), ids[0], ids[1])
				if err != nil || span.Cut {
					t.Fatalf("%s: Span() = %+v, %v", engine, span, err)
				}
				var subjects []string
				for _, id := range span.MergeBases {
					subjects = append(subjects, r.git("log", "-1", "--format=%s", id))
				}
				if slices.Sort(subjects); !slices.Equal(subjects, tt.bases) {
					t.Errorf("%s: merge bases %q, want %q", engine, subjects, tt.bases)
				}
				var paths []string
				sights, err := look(t.Context(), g.Net(git.NetOptions{
					Bases: span.MergeBases, Head: ids[1], OnPath: func(p string) { paths = append(paths, p) },
				}))
				if err != nil {
					t.Fatalf("%s: %v", engine, err)
				}
				var got []string
				for _, s := range sights {
					got = append(got, s.String())
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("%s: Net() yields %q, want %q", engine, got, tt.want)
				}
				if slices.Sort(paths); !slices.Equal(paths, tt.paths) {
					t.Errorf("%s: OnPath got %q, want %q", engine, paths, tt.paths)
				}
			}
			agreeOnNet(t, r, embedded)
		})
	}
}

// agreeOnNet compares all that can be seen of a net effect, between any two
// commits of the repository.
func agreeOnNet(t *testing.T, r *repo, embedded *git.Repository) {
	t.Helper()
	byGit := r.byGit()
	commits := strings.Fields(r.git("rev-list", "--all"))
	for _, base := range commits {
		for _, head := range commits {
			want, err := look(t.Context(), byGit.Net(git.NetOptions{Bases: []string{base}, Head: head}))
			if err != nil {
				t.Fatal(err)
			}
			got, err := look(t.Context(), embedded.Net(git.NetOptions{Bases: []string{base}, Head: head}))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("Net(%s, %s):\nembedded %+v\ngit      %+v", base, head, got, want)
			}
			spanGit, err1 := byGit.Span(t.Context(), base, head)
			span, err2 := embedded.Span(t.Context(), base, head)
			if err1 != nil || err2 != nil || !reflect.DeepEqual(span, spanGit) {
				t.Errorf("Span(%s, %s) = %+v, %v, but git says %+v, %v", base, head, span, err2, spanGit, err1)
			}
		}
	}
}

func TestCommitsOfOddRevisions(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.start()
	r.git("tag", "-a", "-m", "t", "v1")
	r.git("tag", "-a", "-m", "t", "v2", "v1")
	head := r.git("rev-parse", "HEAD")
	embedded, err := r.open(git.EngineEmbedded)
	if err != nil {
		t.Fatal(err)
	}
	for engine, g := range map[string]*git.Repository{"git": r.byGit(), "embedded": embedded} {
		ids, err := g.Commits(t.Context(), "v2", head, r.git("rev-parse", "HEAD^{tree}"), strings.Repeat("12", 20))
		if want := []string{head, head, "", ""}; err != nil || !slices.Equal(ids, want) {
			t.Errorf("%s: Commits() = %q, %v, want %q", engine, ids, err, want)
		}
		for _, rev := range []string{"", "-x", "a\nb"} {
			if ids, err := g.Commits(t.Context(), rev); err == nil && (len(ids) != 1 || ids[0] != "") {
				t.Errorf("%s: Commits(%q) = %q", engine, rev, ids)
			}
		}
	}
}

// remoteOf makes a repository with six commits on main and four more on head,
// which left main after the third, and clones it.
func remoteOf(t *testing.T, clone ...string) (r *repo, server string) {
	t.Helper()
	r = newRepo(t)
	r.in("server", func() {
		if err := os.Mkdir(r.dir, 0o777); err != nil {
			t.Fatal(err)
		}
		r.init()
		for _, name := range []string{"m1", "m2", "m3"} {
			r.write(name, name)
			r.commit(name)
		}
		r.git("checkout", "-q", "-b", "head")
		for _, name := range []string{"h1", "h2", "h3", "h4"} {
			r.write(name, name)
			r.commit(name)
		}
		r.git("checkout", "-q", "main")
		for _, name := range []string{"m4", "m5", "m6"} {
			r.write(name, name)
			r.commit(name)
		}
		server = r.dir
	})
	r.git(append(append([]string{"clone", "-q"}, clone...), "file://"+filepath.ToSlash(server), ".")...)
	return r, server
}

func TestSpanOfShallowClones(t *testing.T) {
	t.Parallel()
	for depth, cut := range map[string]bool{"1": true, "2": true, "4": true, "5": false, "100": false} {
		t.Run("depth_"+depth, func(t *testing.T) {
			t.Parallel()
			r, _ := remoteOf(t, "--no-single-branch", "--depth", depth)
			embedded, err := r.open(git.EngineEmbedded)
			if err != nil {
				t.Fatal(err)
			}
			for engine, g := range map[string]*git.Repository{"git": r.byGit(), "embedded": embedded} {
				ids, err := g.Commits(t.Context(), "refs/remotes/origin/main", "refs/remotes/origin/head")
				if err != nil || ids[0] == "" || ids[1] == "" {
					t.Fatalf("%s: Commits() = %q, %v", engine, ids, err)
				}
				span, err := g.Span(t.Context(), ids[0], ids[1])
				if err != nil || span.Cut != cut || cut == (len(span.MergeBases) == 1) {
					t.Errorf("%s: Span() = %+v, %v, want cut: %v", engine, span, err, cut)
				}
				if depth != "1" {
					continue
				}
				if parents, err := g.Parents(t.Context(), ids[1]); len(parents) > 0 || err != nil {
					t.Errorf("%s: Parents() at the border = %q, %v", engine, parents, err)
				}
			}
		})
	}
}

// TestSpanBehindTheMergeBase: a merge base alone does not say that all commits
// are here. The second branch of a merge in the range can be cut.
func TestSpanBehindTheMergeBase(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.in("server", func() {
		if err := os.Mkdir(r.dir, 0o777); err != nil {
			t.Fatal(err)
		}
		r.init()
		for _, name := range []string{"m1", "m2"} {
			r.write(name, name)
			r.commit(name)
		}
		r.git("checkout", "-q", "-b", "side")
		for _, name := range []string{"s1", "s2", "s3", "s4"} {
			r.write(name, name)
			r.commit(name)
		}
		r.git("checkout", "-q", "-b", "head", "main")
		r.write("h1", "h1")
		r.commit("h1")
		r.git("merge", "-q", "-m", "merge", "side")
	})
	r.git("clone", "-q", "--no-single-branch", "--depth", "3", "file://"+filepath.ToSlash(filepath.Join(r.tmp, "server")), ".")
	g := r.byGit()
	ids, err := g.Commits(t.Context(), "refs/remotes/origin/main", "refs/remotes/origin/head")
	if err != nil {
		t.Fatal(err)
	}
	span, err := g.Span(t.Context(), ids[0], ids[1])
	if err != nil || len(span.MergeBases) != 1 || !span.Cut {
		t.Errorf("Span() = %+v, %v, want a merge base and a cut", span, err)
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	t.Run("deepen", func(t *testing.T) {
		t.Parallel()
		r, _ := remoteOf(t, "--no-single-branch", "--depth", "1")
		g := r.byGit()
		ids, err := g.Commits(t.Context(), "refs/remotes/origin/main", "refs/remotes/origin/head")
		if err != nil {
			t.Fatal(err)
		}
		for i, opts := range []git.FetchOptions{{Deepen: 1, IDs: ids}, {Deepen: 5, IDs: ids}} {
			if err := g.Fetch(t.Context(), opts); err != nil {
				t.Fatal(err)
			}
			if span, err := g.Span(t.Context(), ids[0], ids[1]); err != nil || span.Cut != (i == 0) {
				t.Errorf("after fetch %d: Span() = %+v, %v", i+1, span, err)
			}
		}
		r2, _ := remoteOf(t, "--no-single-branch", "--depth", "1")
		g = r2.byGit()
		if err := g.Fetch(t.Context(), git.FetchOptions{Unshallow: true}); err != nil {
			t.Fatal(err)
		}
		if r2.git("rev-parse", "--is-shallow-repository") != "false" {
			t.Error("the clone is shallow still")
		}
	})
	t.Run("branch_and_commit", func(t *testing.T) {
		t.Parallel()
		r, server := remoteOf(t, "--single-branch", "--branch", "head")
		g := r.byGit()
		var gone string
		r.in("server", func() {
			r.git("checkout", "-q", "-b", "doomed")
			r.write("doomed", "x")
			r.commit("doomed")
			gone = r.git("rev-parse", "HEAD")
			r.git("checkout", "-q", "main")
			r.git("branch", "-q", "-D", "doomed")
		})
		look := func(want ...bool) {
			t.Helper()
			ids, err := g.Commits(t.Context(), "refs/remotes/origin/main", gone)
			if err != nil || (ids[0] != "") != want[0] || (ids[1] != "") != want[1] {
				t.Errorf("Commits() = %q, %v, want %v", ids, err, want)
			}
		}
		look(false, false)
		if err := g.Fetch(t.Context(), git.FetchOptions{Branch: "main"}); err != nil {
			t.Fatal(err)
		}
		look(true, false)
		if err := g.Fetch(t.Context(), git.FetchOptions{IDs: []string{gone}}); err != nil {
			t.Fatal(err)
		}
		look(true, true)
		for _, opts := range []git.FetchOptions{
			{Branch: "none"}, {Branch: "--upload-pack=x"}, {Branch: "a:b"}, {IDs: []string{"--all"}}, {IDs: []string{strings.Repeat("12", 20)}},
		} {
			if err := g.Fetch(t.Context(), opts); err == nil {
				t.Errorf("Fetch(%+v) = nil, want an error", opts)
			}
		}
		r.git("remote", "rename", "origin", "upstream")
		if err := g.Fetch(t.Context(), git.FetchOptions{Branch: "main"}); err != nil {
			t.Errorf("with a remote of another name: %v", err)
		}
		r.git("remote", "add", "second", server)
		if err := g.Fetch(t.Context(), git.FetchOptions{Branch: "main"}); err == nil {
			t.Error("with two remotes, none of them origin: no error")
		}
		embedded, err := r.open(git.EngineEmbedded)
		if err != nil {
			t.Fatal(err)
		}
		if err := embedded.Fetch(t.Context(), git.FetchOptions{Branch: "main"}); err == nil || !strings.Contains(err.Error(), "embedded engine") {
			t.Errorf("embedded: Fetch() = %v, want a refusal", err)
		}
	})
}

// TestFetchMissing: what a partial clone lacks of a range comes in one go, and is
// then here.
func TestFetchMissing(t *testing.T) {
	t.Parallel()
	r, server := remoteOf(t)
	full := r.byGit()
	r.in("server", func() {
		r.git("config", "uploadpack.allowFilter", "true")
		r.git("config", "uploadpack.allowAnySHA1InWant", "true")
	})
	r.dir = filepath.Join(r.tmp, "partial")
	if err := os.Mkdir(r.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	r.git("clone", "-q", "--filter=blob:none", "--no-checkout", "file://"+filepath.ToSlash(server), ".")
	g := r.byGit()
	ids, err := g.Commits(t.Context(), "refs/remotes/origin/main", "refs/remotes/origin/head")
	if err != nil {
		t.Fatal(err)
	}
	net := func() (int, error) {
		span, err := g.Span(t.Context(), ids[0], ids[1])
		if err != nil {
			t.Fatal(err)
		}
		sights, err := look(t.Context(), g.Net(git.NetOptions{Bases: span.MergeBases, Head: ids[1]}))
		return len(sights), err
	}
	if n, err := net(); err == nil {
		t.Fatalf("%d blobs before anything was fetched", n)
	}
	if err := g.FetchMissing(t.Context(), ids[0], ids[1]); err != nil {
		t.Fatal(err)
	}
	if n, err := net(); n != 4 || err != nil {
		t.Errorf("%d blobs, %v, want 4", n, err)
	}
	if missing := strings.Count(r.git("rev-list", "--objects", "--missing=print", "--all"), "?"); missing == 0 {
		t.Error("more was fetched than the range")
	}
	if err := g.FetchMissing(t.Context(), ids[0], ids[1]); err != nil {
		t.Errorf("with nothing missing: %v", err)
	}
	if err := full.FetchMissing(t.Context(), ids[0], ids[1]); err != nil {
		t.Errorf("in a whole clone: %v", err)
	}
}

// TestLazyFetch: a partial clone is read completely only if git may fetch.
func TestLazyFetch(t *testing.T) {
	t.Parallel()
	for _, lazy := range []bool{false, true} {
		r, _ := remoteOf(t, "--filter=blob:none", "--no-checkout", "--branch", "head")
		r.in("server", func() {
			r.git("config", "uploadpack.allowFilter", "true")
			r.git("config", "uploadpack.allowAnySHA1InWant", "true")
		})
		r.remove(".git")
		r.git("clone", "-q", "--filter=blob:none", "--no-checkout", "file://"+filepath.ToSlash(filepath.Join(r.tmp, "server")), ".")
		g, err := git.Open(t.Context(), git.Options{Dir: r.dir, Env: r.env, Git: gitProgram(t), LazyFetch: lazy})
		if err != nil {
			t.Fatal(err)
		}
		ids, err := g.Commits(t.Context(), "refs/remotes/origin/main~3", "refs/remotes/origin/head")
		if err != nil {
			t.Fatal(err)
		}
		sights, err := look(t.Context(), g.Net(git.NetOptions{Bases: ids[:1], Head: ids[1]}))
		if lazy && (err != nil || len(sights) != 4) || !lazy && err == nil {
			t.Errorf("lazy %v: %d blobs, %v", lazy, len(sights), err)
		}
		if err := errors.Join(g.Close()); err != nil {
			t.Error(err)
		}
	}
}
