package graph_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/graph"
	"github.com/cork-scanner/cork/scanner/git/pack"
)

// A repo is a repository that a test makes with real git, away from the
// machine's own configuration. Each commit is a day later than the one before.
type repo struct {
	t    testing.TB
	dir  string
	home string
	date int64
}

// epoch is the date of the first commit.
const epoch = 1700000000

const day = 24 * 60 * 60

func newRepo(t testing.TB, initArgs ...string) *repo {
	t.Helper()
	r := &repo{t: t, home: t.TempDir(), date: epoch - day}
	r.dir = filepath.Join(r.home, "r")
	if err := os.Mkdir(r.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	r.git(append([]string{"init", "-q", "--template=", "-b", "main"}, initArgs...)...)
	return r
}

// run runs git with an input and returns its output.
func (r *repo) run(input string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = r.dir, strings.NewReader(input)
	date := strconv.FormatInt(r.date, 10) + " +0000"
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"), "HOME=" + r.home, "TZ=UTC",
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A U Thor", "GIT_AUTHOR_EMAIL=author@example.com", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=C O Mitter", "GIT_COMMITTER_EMAIL=committer@example.com", "GIT_COMMITTER_DATE=" + date,
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %q: %w\n%s", args, err, stderr.Bytes())
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

func (r *repo) gitIn(input string, args ...string) string {
	r.t.Helper()
	out, err := r.run(input, args...)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	return r.gitIn("", args...)
}

// tick makes it a day later.
func (r *repo) tick() { r.date += day }

// write writes a file, or removes it if there is no line.
func (r *repo) write(path string, lines ...string) {
	r.t.Helper()
	full := filepath.Join(r.dir, filepath.FromSlash(path))
	if len(lines) == 0 {
		if err := os.Remove(full); err != nil {
			r.t.Fatal(err)
		}
		return
	}
	if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(strings.Join(lines, "\n")+"\n"), 0o666); err != nil {
		r.t.Fatal(err)
	}
}

// commit commits everything, and returns the commit's id.
func (r *repo) commit(subject string, args ...string) string {
	r.t.Helper()
	r.tick()
	r.git("add", "-A")
	r.git(append([]string{"commit", "-q", "--allow-empty", "-m", subject}, args...)...)
	return r.git("rev-parse", "HEAD")
}

// merge merges branches without conflicts to resolve, and lets edit change the
// result.
func (r *repo) merge(subject string, edit func(), branches ...string) string {
	r.t.Helper()
	r.tick()
	r.git(append([]string{"merge", "-q", "--no-ff", "--no-commit"}, branches...)...)
	if edit != nil {
		edit()
	}
	r.git("add", "-A")
	r.git("commit", "-q", "-m", subject)
	return r.git("rev-parse", "HEAD")
}

// open opens the objects.
func (r *repo) open() *pack.Store {
	r.t.Helper()
	size := 20
	if r.git("rev-parse", "--show-object-format") == "sha256" {
		size = 32
	}
	s, err := pack.Open(filepath.Join(r.dir, r.git("rev-parse", "--git-common-dir"), "objects"), pack.Options{HashSize: size})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { s.Close() })
	return s
}

// build builds the graph of a store in which nothing is wrong.
func build(t testing.TB, s *pack.Store, opts graph.Options) *graph.Graph {
	t.Helper()
	if opts.Error == nil {
		opts.Error = func(err error) { t.Errorf("Build reports %v", err) }
	}
	g, err := graph.Build(t.Context(), s, opts)
	if err != nil {
		t.Fatalf("Build: %v", err)
	}
	return g
}

// find returns an object by its id.
func find(t testing.TB, s *pack.Store, id string) pack.Num {
	t.Helper()
	var raw []byte
	if _, err := fmt.Sscanf(id, "%x", &raw); err != nil {
		t.Fatalf("id %q: %v", id, err)
	}
	n, ok := s.Find(raw)
	if !ok {
		t.Fatalf("%s is not in the store", id)
	}
	return n
}

// refs returns HEAD and the refs, without the stash.
func (r *repo) refs(s *pack.Store) (head pack.Num, refs []graph.Ref) {
	r.t.Helper()
	head = graph.None
	if id, err := r.run("", "rev-parse", "-q", "--verify", "HEAD"); err == nil {
		head = find(r.t, s, id)
	}
	for line := range strings.Lines(r.git("for-each-ref", "--format=%(objectname) %(refname)")) {
		id, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name != "refs/stash" && name != "" {
			refs = append(refs, graph.Ref{Name: name, Object: find(r.t, s, id)})
		}
	}
	return head, refs
}

// plant is what stands for a secret in the tests.
const plant = "planted-value"

// story tells the story of plant.
func (r *repo) story() scanner.Story {
	r.t.Helper()
	s := r.open()
	g := build(r.t, s, graph.Options{Workers: 2})
	var held []graph.Holding
	for n := range pack.Num(s.Len()) {
		data, kind, err := s.Read(n)
		if err != nil {
			r.t.Fatal(err)
		}
		if kind != pack.Tree && bytes.Contains(data, []byte(plant)) {
			held = append(held, graph.Holding{Secret: 1, Blob: n})
		}
	}
	head, refs := r.refs(s)
	stories, err := g.Stories(r.t.Context(), 2, held, head, refs, time.Unix(r.date+10*day, 0))
	if err != nil {
		r.t.Fatal(err)
	}
	if s := stories[0]; s.Introduced != nil || s.Commits != 0 || s.Reachable {
		r.t.Errorf("secret that nothing holds: %+v, want the zero Story", s)
	}
	return stories[1]
}

// tell writes a story down, commits by their subjects.
func tell(s scanner.Story) string {
	subject := func(c *scanner.Commit) string {
		if c == nil {
			return "-"
		}
		return c.Subject
	}
	var b strings.Builder
	fmt.Fprintf(&b, "introduced %s, removed %s, ", subject(s.Introduced), subject(s.Removed))
	if s.AtHead {
		b.WriteString("at head, ")
	}
	if !s.Reachable {
		b.WriteString("unreachable, ")
	}
	fmt.Fprintf(&b, "refs %v of %d, commits %d, blobs %d, days %d", s.Refs, s.RefsTotal, s.Commits, s.Blobs, s.Days)
	for _, p := range s.Places {
		at := ""
		if p.AtHead {
			at = " at head"
		}
		fmt.Fprintf(&b, "; %q by %s%s", p.Path, subject(p.Commit), at)
	}
	if len(s.Places) != s.PlacesTotal {
		fmt.Fprintf(&b, "; %d places", s.PlacesTotal)
	}
	return b.String()
}

func TestStoriesOfFixtures(t *testing.T) {
	tests := []struct {
		name string
		make func(r *repo)
		want string
	}{
		{"added_and_removed", func(r *repo) {
			r.write("a", "x")
			r.commit("one")
			r.write("a", "x", plant)
			r.commit("two")
			r.write("a", "x", plant, "y")
			r.commit("three")
			r.write("a", "x", "y")
			r.commit("four")
		}, `introduced two, removed four, refs [] of 0, commits 2, blobs 2, days 2; "a" by two`},
		{"at_head", func(r *repo) {
			r.write("d/e/a", plant)
			r.commit("one")
			r.write("b", "x")
			r.commit("two")
		}, `introduced one, removed -, at head, refs [refs/heads/main] of 1, commits 2, blobs 1, days 11; "d/e/a" by one at head`},
		{"typed_in_a_merge", func(r *repo) {
			r.write("a", "x")
			r.commit("one")
			r.git("checkout", "-q", "-b", "side")
			r.write("b", "x")
			r.commit("two")
			r.git("checkout", "-q", "main")
			r.write("c", "x")
			r.commit("three")
			r.merge("merge", func() { r.write("a", "x", plant) }, "side")
		}, `introduced merge, removed -, at head, refs [refs/heads/main] of 1, commits 1, blobs 1, days 10; "a" by merge at head`},
		{"removed_in_a_merge", func(r *repo) {
			r.write("a", plant)
			r.commit("one")
			r.git("checkout", "-q", "-b", "side")
			r.write("b", "x")
			r.commit("two")
			r.git("checkout", "-q", "main")
			r.write("c", "x")
			r.commit("three")
			r.merge("merge", func() { r.write("a", "x") }, "side")
			r.git("branch", "-D", "side")
		}, `introduced one, removed merge, refs [] of 0, commits 3, blobs 1, days 3; "a" by one`},
		{"old_branch_merged_after_removal", func(r *repo) {
			r.write("a", plant)
			r.commit("one")
			r.git("branch", "side")
			r.write("a", "x")
			r.commit("two")
			r.git("checkout", "-q", "side")
			r.write("b", "x")
			r.commit("three")
			r.git("checkout", "-q", "main")
			r.merge("merge", nil, "side")
		}, `introduced one, removed two, refs [refs/heads/side] of 1, commits 2, blobs 1, days 1; "a" by one`},
		{"lost_in_a_merge", func(r *repo) {
			r.write("a", "x")
			r.commit("one")
			r.git("checkout", "-q", "-b", "side")
			r.write("b", plant)
			r.commit("two")
			r.git("checkout", "-q", "main")
			r.write("c", "x")
			r.commit("three")
			r.merge("merge", func() { r.write("b") }, "side")
			r.git("branch", "-D", "side")
		}, `introduced two, removed merge, refs [] of 0, commits 1, blobs 1, days 2; "b" by two`},
		{"on_another_branch", func(r *repo) {
			r.write("a", "x")
			r.commit("one")
			r.git("checkout", "-q", "-b", "side")
			r.write("b", plant)
			r.commit("two")
			r.git("checkout", "-q", "main")
		}, `introduced two, removed -, refs [refs/heads/side] of 1, commits 1, blobs 1, days 10; "b" by two`},
		{"removed_on_one_branch_alive_on_another", func(r *repo) {
			r.write("a", plant)
			r.commit("one")
			r.git("branch", "side")
			r.git("tag", "v1")
			r.write("a", "x")
			r.commit("two")
		}, `introduced one, removed two, refs [refs/heads/side refs/tags/v1] of 2, commits 1, blobs 1, days 1; "a" by one`},
		{"amended_away", func(r *repo) {
			r.write("a", "x")
			r.commit("one")
			r.write("a", plant)
			r.commit("two")
			r.write("a", "y")
			r.commit("amended", "--amend")
		}, `introduced two, removed -, unreachable, refs [] of 0, commits 1, blobs 1, days 11; "a" by two`},
		{"stashed", func(r *repo) {
			r.write("a", "x")
			r.commit("one")
			r.write("a", plant)
			r.tick()
			r.git("stash", "-q")
		}, `introduced WIP on main: HEAD one, removed -, unreachable, refs [] of 0, commits 1, blobs 1, days 10; "a" by WIP on main: HEAD one`},
		{"moved", func(r *repo) {
			r.write("a", plant)
			r.commit("one")
			r.git("mv", "a", "b")
			r.commit("two")
			r.write("b", plant, "x")
			r.commit("three")
		}, `introduced one, removed -, at head, refs [refs/heads/main] of 1, commits 3, blobs 2, days 12; "b" by two at head; "a" by one`},
		{"folder_moved", func(r *repo) {
			r.write("a/b/c", plant)
			r.commit("one")
			r.git("mv", "a", "z")
			r.commit("two")
		}, `introduced one, removed -, at head, refs [refs/heads/main] of 1, commits 2, blobs 1, days 11; "z/b/c" by two at head; "a/b/c" by one`},
		{"copied", func(r *repo) {
			r.write("a", plant)
			r.commit("one")
			r.write("d/copy", plant)
			r.commit("two")
			r.write("a", "x")
			r.commit("three")
		}, `introduced one, removed -, at head, refs [refs/heads/main] of 1, commits 3, blobs 1, days 12; "d/copy" by two at head; "a" by one`},
		{"added_again", func(r *repo) {
			r.write("a", plant)
			r.commit("one")
			r.write("a", "x")
			r.commit("two")
			r.write("b", plant)
			r.commit("three")
			r.write("b")
			r.commit("four")
		}, `introduced one, removed four, refs [] of 0, commits 2, blobs 1, days 3; "b" by three; "a" by one`},
		{"in_a_commit_message", func(r *repo) {
			r.write("a", "x")
			r.commit("one")
			r.commit("two\n\nwith "+plant, "--allow-empty")
			r.git("tag", "v1")
			r.commit("three")
		}, `introduced two, removed -, at head, refs [refs/tags/v1] of 1, commits 1, blobs 1, days 11; "" by two at head`},
		{"in_a_message_of_another_branch", func(r *repo) {
			r.commit("one")
			r.git("checkout", "-q", "-b", "side")
			r.commit("two\n\nwith " + plant)
			r.commit("three")
			r.git("checkout", "-q", "main")
		}, `introduced two, removed -, refs [] of 0, commits 1, blobs 1, days 11; "" by two`},
		{"in_a_tag_message", func(r *repo) {
			r.commit("one")
			r.git("tag", "-a", "-m", "with "+plant, "v1")
			r.commit("two")
		}, `introduced one, removed -, refs [refs/tags/v1] of 1, commits 0, blobs 1, days 11; "" by one`},
		{"in_a_tag_of_a_tag", func(r *repo) {
			r.write("a", plant)
			r.commit("one")
			r.git("tag", "-a", "-m", "with "+plant, "v1")
			r.git("tag", "-a", "-m", "again", "v2", "v1")
			r.git("tag", "-d", "v1")
			r.write("a", "x")
			r.commit("two")
		}, `introduced one, removed two, refs [refs/tags/v2] of 1, commits 1, blobs 2, days 1; "" by one; "a" by one`},
		{"in_a_deleted_tag", func(r *repo) {
			r.commit("one")
			r.git("tag", "-a", "-m", "with "+plant, "v1")
			r.git("tag", "-d", "v1")
		}, `introduced one, removed -, unreachable, refs [] of 0, commits 0, blobs 1, days 10; "" by one`},
		{"tag_of_a_blob", func(r *repo) {
			r.commit("one")
			id := r.gitIn(plant, "hash-object", "-w", "--stdin")
			r.git("tag", "-a", "-m", "key", "key", id)
		}, `introduced -, removed -, refs [refs/tags/key] of 1, commits 0, blobs 1, days 0`},
		{"tag_of_a_tree", func(r *repo) {
			r.commit("one")
			id := r.gitIn(plant, "hash-object", "-w", "--stdin")
			tree := r.gitIn("100644 blob "+id+"\tf\n", "mktree")
			r.git("tag", "t", tree)
		}, `introduced -, removed -, refs [refs/tags/t] of 1, commits 0, blobs 1, days 0`},
		{"dangling_blob", func(r *repo) {
			r.commit("one")
			r.gitIn(plant, "hash-object", "-w", "--stdin")
		}, `introduced -, removed -, unreachable, refs [] of 0, commits 0, blobs 1, days 0`},
		{"no_head", func(r *repo) {
			r.gitIn(plant, "hash-object", "-w", "--stdin")
		}, `introduced -, removed -, unreachable, refs [] of 0, commits 0, blobs 1, days 0`},
		{"symlink", func(r *repo) {
			id := r.gitIn(plant, "hash-object", "-w", "--stdin")
			r.git("update-index", "--add", "--cacheinfo", "120000,"+id+",l")
			r.tick()
			r.git("commit", "-q", "-m", "one")
		}, `introduced one, removed -, at head, refs [refs/heads/main] of 1, commits 1, blobs 1, days 10; "l" by one at head`},
		{"octopus", func(r *repo) {
			r.write("base", "x")
			r.commit("one")
			for i, name := range []string{"b1", "b2", "b3"} {
				r.git("checkout", "-q", "-b", name, "main")
				r.write(name, strings.Repeat(plant, i%2))
				r.commit("on " + name)
			}
			r.git("checkout", "-q", "main")
			r.merge("octopus", nil, "b1", "b2", "b3")
		}, `introduced on b2, removed -, at head, refs [refs/heads/b2 refs/heads/main] of 2, commits 2, blobs 1, days 12; "b2" by on b2 at head`},
		{"criss_cross", func(r *repo) {
			r.write("base", "x")
			r.commit("one")
			r.git("branch", "side")
			r.write("a", plant)
			a := r.commit("two")
			r.git("checkout", "-q", "side")
			r.write("b", "x")
			b := r.commit("three")
			r.merge("cross 1", nil, a)
			r.git("checkout", "-q", "main")
			r.merge("cross 2", nil, b)
			r.write("a", "x")
			r.commit("gone")
			r.merge("cross 3", nil, "side")
		}, `introduced two, removed gone, refs [refs/heads/side] of 1, commits 3, blobs 1, days 4; "a" by two`},
		{"several_roots", func(r *repo) {
			r.write("a", "x")
			r.commit("one")
			r.git("checkout", "-q", "--orphan", "other")
			r.write("b", plant)
			r.commit("root 2")
			r.git("checkout", "-q", "main")
			r.tick()
			r.git("merge", "-q", "--allow-unrelated-histories", "-m", "joined", "other")
		}, `introduced root 2, removed -, at head, refs [refs/heads/main refs/heads/other] of 2, commits 2, blobs 1, days 11; "b" by root 2 at head`},
		{"equal_dates", func(r *repo) {
			commit := func(subject string) { r.date -= day; r.commit(subject) }
			r.date += 100 * day
			for i := range 10 {
				r.write("a", fmt.Sprint(i))
				commit(fmt.Sprint("before ", i))
			}
			r.write("a", plant)
			commit("in")
			r.write("a", "x")
			commit("out")
			r.write("a", plant)
			commit("in again")
		}, `introduced in, removed -, at head, refs [refs/heads/main] of 1, commits 2, blobs 1, days 10; "a" by in at head`},
		{"clock_skew", func(r *repo) {
			r.date += 100 * day
			r.write("a", plant)
			r.commit("in, from a clock that is fast")
			r.date -= 50 * day
			r.write("a", "x")
			r.commit("out, earlier")
			r.write("a", plant)
			r.commit("in again")
			r.write("a", "x")
			r.commit("out again")
			r.date += 100 * day
		}, `introduced in, from a clock that is fast, removed out again, refs [] of 0, commits 2, blobs 1, days 0; "a" by in, from a clock that is fast`},
		{"detached_head", func(r *repo) {
			r.write("a", "x")
			r.commit("one")
			r.git("checkout", "-q", "--detach")
			r.write("a", plant)
			r.commit("two")
		}, `introduced two, removed -, at head, refs [] of 0, commits 1, blobs 1, days 10; "a" by two at head`},
		{"across_pack_and_loose", func(r *repo) {
			r.write("d/a", plant, "1")
			r.write("d/b", "x")
			r.commit("one")
			r.write("d/a", plant, "2")
			r.commit("two")
			r.git("gc", "-q")
			r.write("d/a", plant, "3")
			r.commit("three")
			r.git("repack", "-q")
			r.write("d/a", "4")
			r.write("d/c", plant)
			r.commit("four")
			r.write("d/c", "x")
			r.commit("five")
		}, `introduced one, removed five, refs [] of 0, commits 4, blobs 4, days 4; "d/c" by four; "d/a" by one`},
		{"notes", func(r *repo) {
			r.commit("one")
			r.tick()
			r.git("notes", "add", "-m", plant)
		}, ""},
	}
	formats := []string{"sha1", "sha256"}
	if testing.Short() {
		formats = formats[:1]
	}
	for _, test := range tests {
		for _, format := range formats {
			t.Run(test.name+"/"+format, func(t *testing.T) {
				t.Parallel()
				r := newRepo(t, "--object-format="+format)
				test.make(r)
				want := test.want
				if test.name == "notes" {
					id := r.git("rev-parse", "HEAD")
					want = `introduced Notes added by 'git notes add', removed -, refs [refs/notes/commits] of 1, commits 1, blobs 1, days 10; "` + id + `" by Notes added by 'git notes add'`
				}
				want = strings.ReplaceAll(want, ": HEAD one", ": "+strings.TrimSpace(r.shortHead())+" one")
				if got := tell(r.story()); got != want {
					t.Errorf("story\n got %s\nwant %s", got, want)
				}
			})
		}
	}
}

func (r *repo) shortHead() string {
	id, _ := r.run("", "rev-parse", "-q", "--short", "--verify", "HEAD")
	return id
}

func TestSubmodule(t *testing.T) {
	r := newRepo(t)
	r.write("a", "x")
	id := r.commit("one")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+id+",vendor/lib")
	r.tick()
	r.git("commit", "-q", "-m", "two")
	s := r.open()
	g := build(t, s, graph.Options{})
	if got, want := g.Submodules(), []string{"vendor/lib"}; !slices.Equal(got, want) {
		t.Errorf("Submodules() = %q, want %q", got, want)
	}
	if got := g.Missing(); len(got) != 0 {
		t.Errorf("Missing() = %v, want none: what a submodule names is not here", got)
	}
	if got := g.Paths(find(t, s, id)); got != nil {
		t.Errorf("Paths(commit) = %q, want none", got)
	}
}

func TestPathsOfTreesThatNothingNames(t *testing.T) {
	r := newRepo(t)
	r.write("a/f", "x")
	r.commit("one")
	blob := r.git("rev-parse", "HEAD:a/f")
	inner := r.git("rev-parse", "HEAD:a")
	r.gitIn("040000 tree "+inner+"\tz\n100644 blob "+blob+"\tg\n", "mktree")
	r.gitIn("100644 blob "+blob+"\ttagged\n", "mktree")
	lone := r.gitIn("lone\n", "hash-object", "-w", "--stdin")
	s := r.open()
	g := build(t, s, graph.Options{})
	if got, want := g.Paths(find(t, s, blob)), []string{"a/f", "g", "tagged", "z/f"}; !slices.Equal(got, want) {
		t.Errorf("Paths() = %q, want %q", got, want)
	}
	if got := g.Paths(find(t, s, lone)); got != nil {
		t.Errorf("Paths(%s) = %q, want none", lone, got)
	}
	var all []string
	for path, n := range g.AllPaths() {
		all = append(all, path)
		if want := find(t, s, blob); n != want {
			t.Errorf("AllPaths() yields %q of %d, want %d", path, n, want)
		}
	}
	if want := []string{"a/f", "g", "tagged", "z/f"}; !slices.Equal(all, want) {
		t.Errorf("AllPaths() = %q, want %q", all, want)
	}
}

func TestCommitInfo(t *testing.T) {
	r := newRepo(t)
	r.write("a", plant)
	r.git("add", "a")
	tree := r.git("write-tree")
	commit := "tree " + tree + "\n" +
		"author J\xfcrgen <j@example.com> 1700000000 +0130\n" +
		"committer C <c@example.com> 1700000100 +0000\n" +
		"encoding ISO-8859-1\n\n\nGr\xfc\xdfe\nmore\n"
	id := r.gitIn(commit, "hash-object", "-t", "commit", "-w", "--stdin")
	r.git("update-ref", "refs/heads/main", id)
	c := r.story().Introduced
	if c == nil {
		t.Fatal("Introduced = nil")
	}
	got := fmt.Sprintf("%s %s <%s> %s %q", c.ID, c.Author, c.Email, c.Date.Format(time.RFC3339), c.Subject)
	want := id + ` Jürgen <j@example.com> 2023-11-14T23:43:20+01:30 "Grüße"`
	if got != want {
		t.Errorf("Introduced = %s, want %s", got, want)
	}
}

func TestStoriesListSoMany(t *testing.T) {
	r := newRepo(t)
	for i := range scanner.MaxStoryPlaces + 5 {
		r.write(fmt.Sprintf("f%02d", i), plant)
	}
	r.commit("one")
	for i := range scanner.MaxStoryRefs + 3 {
		r.git("tag", fmt.Sprintf("v%02d", i))
	}
	s := r.story()
	if len(s.Refs) != scanner.MaxStoryRefs || s.RefsTotal != scanner.MaxStoryRefs+4 || s.Refs[0] != "refs/heads/main" {
		t.Errorf("Refs = %q of %d, want %d of %d, sorted", s.Refs, s.RefsTotal, scanner.MaxStoryRefs, scanner.MaxStoryRefs+4)
	}
	if len(s.Places) != scanner.MaxStoryPlaces || s.PlacesTotal != scanner.MaxStoryPlaces+5 || s.Places[3].Path != "f03" {
		t.Errorf("%d places of %d, want %d of %d, sorted", len(s.Places), s.PlacesTotal, scanner.MaxStoryPlaces, scanner.MaxStoryPlaces+5)
	}
}

// TestBlobOfPlaces expects the version of the file that last held the secret.
func TestBlobOfPlaces(t *testing.T) {
	r := newRepo(t)
	r.write("a", plant, "1")
	r.write("b", plant, "1")
	r.commit("one")
	r.write("a", plant, "2")
	r.write("b", plant, "2")
	r.commit("two")
	want := map[string]string{"a": r.git("rev-parse", "HEAD:a")}
	r.write("a", "gone")
	r.write("b", plant, "3")
	r.commit("three")
	want["b"] = r.git("rev-parse", "HEAD:b")
	r.git("checkout", "-q", "-b", "later")
	r.write("b", plant, "4")
	r.commit("four")
	r.git("checkout", "-q", "main")
	for _, p := range r.story().Places {
		if p.Blob != want[p.Path] {
			t.Errorf("blob of %q = %s, want %s", p.Path, p.Blob, want[p.Path])
		}
	}
}

func TestMissing(t *testing.T) {
	origin := newRepo(t)
	for i := range 4 {
		origin.write("d/a", fmt.Sprint(i))
		origin.commit(fmt.Sprint(i))
	}
	origin.git("config", "uploadpack.allowFilter", "true")
	url := "file://" + filepath.ToSlash(origin.dir)

	t.Run("shallow", func(t *testing.T) {
		r := &repo{t: t, dir: t.TempDir(), home: origin.home, date: epoch}
		r.git("clone", "-q", "--depth", "2", url, ".")
		boundary, err := os.ReadFile(filepath.Join(r.dir, ".git", "shallow"))
		if err != nil {
			t.Fatal(err)
		}
		cut := origin.git("rev-parse", "main~2")
		opts := graph.Options{Shallow: strings.Fields(string(boundary))}
		check(t, build(t, r.open(), opts).Missing(), "[{shallow 1 ["+cut+"]}]")
		check(t, build(t, r.open(), graph.Options{}).Missing(), "[{missing 1 ["+cut+"]}]")
		if got := build(t, r.open(), opts).Commits(); got != 2 {
			t.Errorf("Commits() = %d, want 2", got)
		}
	})
	t.Run("promised", func(t *testing.T) {
		r := &repo{t: t, dir: t.TempDir(), home: origin.home, date: epoch}
		r.git("clone", "-q", "--filter=blob:none", "--no-checkout", url, ".")
		var ids []string
		for i := range 4 {
			ids = append(ids, origin.git("rev-parse", fmt.Sprintf("main~%d:d/a", i)))
		}
		slices.Sort(ids)
		check(t, build(t, r.open(), graph.Options{}).Missing(), "[{promised 4 ["+strings.Join(ids, " ")+"]}]")
	})
	t.Run("missing", func(t *testing.T) {
		r := newRepo(t)
		r.write("d/a", "1")
		first := r.commit("one")
		r.write("d/a", "2")
		r.commit("two")
		var ids []string
		for _, name := range []string{first, "main:d", "main~1:d/a"} {
			id := r.git("rev-parse", name)
			ids = append(ids, id)
		}
		for _, id := range ids {
			if err := os.Remove(filepath.Join(r.dir, ".git", "objects", id[:2], id[2:])); err != nil {
				t.Fatal(err)
			}
		}
		slices.Sort(ids)
		s := r.open()
		check(t, build(t, s, graph.Options{}).Missing(), "[{missing 3 ["+strings.Join(ids, " ")+"]}]")
		got := build(t, s, graph.Options{Roots: []pack.Num{find(t, s, r.git("rev-parse", "main"))}}).Missing()
		if len(got) != 1 || got[0].Count != 2 {
			t.Errorf("Missing() of what main leads to = %v, want 2: the first commit and a folder", got)
		}
	})
}

func check(t *testing.T, got []graph.Missing, want string) {
	t.Helper()
	if fmt.Sprint(got) != want {
		t.Errorf("Missing() = %v, want %s", got, want)
	}
}

// TestHostile expects an Error for each object that git would not have written,
// and what can be understood of it to be used.
func TestHostile(t *testing.T) {
	r := newRepo(t)
	blob := r.gitIn("x\n", "hash-object", "-w", "--stdin")
	inner := r.gitIn("100644 blob "+blob+"\tf\n", "mktree")
	raw := func(id string) string {
		var b []byte
		fmt.Sscanf(id, "%x", &b)
		return string(b)
	}
	literally := func(kind, content string) string {
		return r.gitIn(content, "hash-object", "-t", kind, "--literally", "-w", "--stdin")
	}
	good := "100644 good\x00" + raw(blob)
	ident := "A <a@example.com> 1700000000 +0000\n"
	tests := []struct {
		name     string
		kind     string
		content  string
		want     string // of the error
		harmless bool
		path     string // at which the blob is found
	}{
		{"cut_off_in_id", "tree", good + "100644 x\x00abc", "is cut off in an entry at byte 32 of 44", false, "good"},
		{"no_nul", "tree", good + "100644 x", "is cut off in an entry at byte 32 of 40", false, "good"},
		{"text", "tree", "no tree at all", "is cut off in an entry at byte 0 of 14", false, ""},
		{"bad_mode", "tree", "10x644 m\x00" + raw(blob) + good, `entry "m": mode is not one that git knows`, true, "m"},
		{"no_mode", "tree", "nomode\x00" + raw(blob), `entry "nomode": mode is not one that git knows`, true, "nomode"},
		{"odd_mode", "tree", "7 odd\x00" + raw(blob), `entry "odd": mode is not one that git knows`, true, "odd"},
		{"folder_mode_of_a_file", "tree", "40000 file\x00" + raw(blob), `entry "file": mode is not that of the object`, true, "file"},
		{"file_mode_of_a_folder", "tree", "100644 dir\x00" + raw(inner), `entry "dir": mode is not that of the object`, true, "dir/f"},
		{"slash", "tree", "100644 s/l\x00" + raw(blob), `entry "s/l": not a name of a file`, true, "s/l"},
		{"up", "tree", "100644 ..\x00" + raw(blob), `entry "..": not a name of a file`, true, ".."},
		{"no_name", "tree", "100644 \x00" + raw(blob), `entry "": not a name of a file`, true, ""},
		{"twice", "tree", good + good, `entry "good": name is there twice`, true, "good"},
		{"no_tree", "commit", "author " + ident + "committer " + ident + "\nx", "names no tree", false, ""},
		{"tree_that_is_no_id", "commit", "tree xyz\nauthor " + ident + "committer " + ident + "\nx", "names no tree", false, ""},
		{"two_trees", "commit", "tree " + inner + "\ntree " + inner + "\nauthor " + ident + "committer " + ident + "\nx", "names several trees", false, "f"},
		{"late_parent", "commit", "tree " + inner + "\nauthor " + ident + "parent " + inner + "\ncommitter " + ident + "\nx", "names a parent in the wrong place", false, "f"},
		{"bad_parent", "commit", "tree " + inner + "\nparent 12\nauthor " + ident + "committer " + ident + "\nx", "names a parent that is not an id", false, "f"},
		{"nul", "commit", "tree " + inner + "\nauthor \x00" + ident + "committer " + ident + "\nx", "header has a NUL byte", true, "f"},
		{"no_committer", "commit", "tree " + inner + "\n\nx", "date is missing or out of range", true, "f"},
		{"late_date", "commit", "tree " + inner + "\nauthor " + ident + "committer A <a> 253402300800 +0000\n\nx", "date is missing or out of range", true, "f"},
		{"huge_date", "commit", "tree " + inner + "\nauthor " + ident + "committer A <a> 99999999999999999999 +0000\n\nx", "date is missing or out of range", true, "f"},
		{"early_date", "commit", "tree " + inner + "\nauthor " + ident + "committer A <a> -1 +0000\n\nx", "date is missing or out of range", true, "f"},
		{"empty_commit", "commit", "", "names no tree", false, ""},
		{"empty_tag", "tag", "", "names no object", false, ""},
		{"tag_of_nothing", "tag", "object 12\ntype commit\n", "names no object", false, ""},
	}
	want := make(map[string]string) // by id
	for _, test := range tests {
		id := literally(test.kind, test.content)
		want[id] = fmt.Sprintf("%s %s: %s, harmless %v", test.kind, id, test.want, test.harmless)
	}
	s := r.open()
	got := make(map[string]string)
	g := build(t, s, graph.Options{Error: func(err error) {
		e, ok := err.(*graph.Error)
		if !ok {
			t.Errorf("reported %v, want an *Error", err)
			return
		}
		got[e.ID] = fmt.Sprintf("%v, harmless %v", e, e.Harmless)
	}})
	for id, w := range want {
		if got[id] != w {
			t.Errorf("%s: reported %q, want %q", id, got[id], w)
		}
		delete(got, id)
	}
	for _, err := range got {
		t.Errorf("reported %s, want nothing", err)
	}
	paths := g.Paths(find(t, s, blob))
	for _, test := range tests {
		if test.path != "" && !slices.Contains(paths, test.path) {
			t.Errorf("%s: Paths() = %q, want %q in it", test.name, paths, test.path)
		}
	}
	if g.Commits() != 11 {
		t.Errorf("Commits() = %d, want 11", g.Commits())
	}
}

// TestBomb has more paths than anybody can list.
func TestBomb(t *testing.T) {
	r := newRepo(t)
	blob := r.gitIn(plant, "hash-object", "-w", "--stdin")
	other := r.gitIn("other", "hash-object", "-w", "--stdin")
	tree := blob
	kind := "100644 blob"
	for range 12 {
		var b strings.Builder
		for i := range 10 {
			fmt.Fprintf(&b, "%s %s\t%d\n", kind, tree, i)
		}
		tree, kind = r.gitIn(b.String(), "mktree"), "040000 tree"
	}
	tree = r.gitIn("040000 tree "+tree+"\tbomb\n100644 blob "+other+"\tother\n", "mktree")
	r.tick()
	r.git("update-ref", "refs/heads/main", r.git("commit-tree", "-m", "one", tree))

	s := r.open()
	var reported []error
	g := build(t, s, graph.Options{Error: func(err error) { reported = append(reported, err) }})
	n := find(t, s, blob)
	if want := "blob " + blob + ": too many paths for all of them to be told: 1 files"; len(reported) != 1 || reported[0].Error() != want {
		t.Errorf("reported %v, want %s", reported, want)
	}
	if got := len(g.Paths(n)); got != graph.MaxPaths || !g.Truncated(n) {
		t.Errorf("%d paths, truncated %v; want %d, true", got, g.Truncated(n), graph.MaxPaths)
	}
	o := find(t, s, other)
	if got := g.Paths(o); len(got) != 1 || g.Truncated(o) {
		t.Errorf("Paths(other) = %q, truncated %v; want 1, false", got, g.Truncated(o))
	}
	if !slices.Equal(g.Paths(n), build(t, s, graph.Options{Workers: 1, Error: func(error) {}}).Paths(n)) {
		t.Error("the paths that are kept differ from one time to another")
	}
	stories, err := g.Stories(t.Context(), 1, []graph.Holding{{Secret: 0, Blob: n}}, graph.None, nil, time.Unix(r.date, 0))
	if err != nil {
		t.Fatal(err)
	}
	if st := stories[0]; st.Introduced == nil || st.PlacesTotal != graph.MaxPaths || st.Commits != 1 {
		t.Errorf("story %s, want %d places", tell(st), graph.MaxPaths)
	}
}

// TestEmptyFileEverywhere is no error: there is nothing in it to be found.
func TestEmptyFileEverywhere(t *testing.T) {
	r := newRepo(t)
	blob := r.gitIn("", "hash-object", "-w", "--stdin")
	var b strings.Builder
	for i := range graph.MaxPaths + 1 {
		fmt.Fprintf(&b, "100644 blob %s\t%d\n", blob, i)
	}
	r.gitIn(b.String(), "mktree")
	s := r.open()
	g := build(t, s, graph.Options{})
	if n := find(t, s, blob); g.Truncated(n) || len(g.Paths(n)) != graph.MaxPaths {
		t.Errorf("%d paths, truncated %v; want %d, false", len(g.Paths(n)), g.Truncated(n), graph.MaxPaths)
	}
}
