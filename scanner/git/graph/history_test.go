package graph_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/graph"
	"github.com/cork-scanner/cork/scanner/git/pack"
)

// secrets is how many there are in generated histories.
const secrets = 6

// token is what stands for a secret.
func token(secret int) string { return fmt.Sprintf("planted-%d-value", secret) }

// writeHistory writes a random history as git fast-import reads it: branches,
// merges, several roots, renames, copies, equal dates and wrong clocks.
func writeHistory(rng *rand.Rand, commits int) string {
	var b strings.Builder
	data := func(s string) { fmt.Fprintf(&b, "data %d\n%s\n", len(s), s) }
	path := func() string {
		p := fmt.Sprintf("f%d", rng.IntN(6))
		for range rng.IntN(4) {
			p = fmt.Sprintf("d%d/%s", rng.IntN(3), p)
		}
		return p
	}
	blob := func() string {
		var lines []string
		for range rng.IntN(4) {
			lines = append(lines, fmt.Sprint("line ", rng.IntN(3)))
		}
		if rng.IntN(3) == 0 {
			lines = append(lines, token(rng.IntN(secrets)))
		}
		return strings.Join(lines, "\n")
	}
	var tips []int // the commit of each branch
	date := epoch
	for c := 1; c <= commits; c++ {
		branch := rng.IntN(max(1, len(tips)))
		fork := len(tips) == 0 || len(tips) < 6 && rng.IntN(8) == 0
		from := 0 // none: a root
		if len(tips) > 0 && (!fork || rng.IntN(4) > 0) {
			from = tips[branch]
		}
		if fork {
			branch = len(tips)
			tips = append(tips, 0)
		}
		switch rng.IntN(6) {
		case 0: // at the same time
		case 1:
			date -= rng.IntN(20 * day)
		default:
			date += rng.IntN(3 * day)
		}
		if from == 0 {
			fmt.Fprintf(&b, "reset refs/heads/b%d\n\n", branch)
		}
		fmt.Fprintf(&b, "commit refs/heads/b%d\nmark :%d\ncommitter C <c@example.com> %d +0000\n", branch, c, date)
		data(fmt.Sprint("commit ", c))
		if from > 0 {
			fmt.Fprintf(&b, "from :%d\n", from)
			for range max(0, rng.IntN(5)-2) {
				if other := tips[rng.IntN(len(tips))]; other > 0 && other != from {
					fmt.Fprintf(&b, "merge :%d\n", other)
				}
			}
		}
		for range rng.IntN(4) {
			switch rng.IntN(8) {
			case 0:
				fmt.Fprintf(&b, "D %s\n", path())
			case 1:
				fmt.Fprintf(&b, "D d%d\n", rng.IntN(3))
			default:
				mode := []string{"100644", "100755", "120000"}[max(0, rng.IntN(10)-7)]
				fmt.Fprintf(&b, "M %s inline %s\n", mode, path())
				data(blob())
			}
		}
		b.WriteString("\n")
		tips[branch] = c
		if rng.IntN(10) == 0 {
			fmt.Fprintf(&b, "tag t%d\nfrom :%d\ntagger C <c@example.com> %d +0000\n", c, c, date)
			data("tag")
		}
	}
	return b.String()
}

// A reference is what git itself says of a history, and what follows from it in
// the simplest way.
type reference struct {
	commits map[string]*refCommit
	rank    map[string]int
	holds   map[string][]int // blob: secrets
	tips    map[string]string
	head    string
}

type refCommit struct {
	id, tree string
	parents  []string
	date     int64
	files    map[string]string // path: blob
	trees    []string
	// What follows.
	clamped int64
	depth   int
}

func newReference(r *repo) *reference {
	ref := &reference{commits: map[string]*refCommit{}, rank: map[string]int{}, holds: map[string][]int{}, tips: map[string]string{}}
	var ids []string
	for line := range strings.Lines(r.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)")) {
		id, kind, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch kind {
		case "commit":
			ids = append(ids, id)
		case "blob":
			text := r.git("cat-file", "blob", id)
			for s := range secrets {
				if strings.Contains(text, token(s)) {
					ref.holds[id] = append(ref.holds[id], s)
				}
			}
		}
	}
	trees := map[string]*refCommit{}
	for line := range strings.Lines(r.gitIn(strings.Join(ids, "\n"), "log", "--no-walk=unsorted", "--stdin", "--format=%H %T %ct %P")) {
		f := strings.Fields(line)
		date, err := strconv.ParseInt(f[2], 10, 64)
		if err != nil {
			r.t.Fatal(err)
		}
		c := &refCommit{id: f[0], tree: f[1], date: date, parents: f[3:]}
		if same, ok := trees[c.tree]; ok {
			c.files, c.trees = same.files, same.trees
		} else {
			c.files, c.trees = map[string]string{}, []string{c.tree}
			for entry := range strings.SplitSeq(strings.TrimSuffix(r.git("ls-tree", "-r", "-t", "-z", c.tree), "\x00"), "\x00") {
				if entry == "" {
					continue
				}
				meta, path, _ := strings.Cut(entry, "\t")
				m := strings.Fields(meta)
				if m[1] == "tree" {
					c.trees = append(c.trees, m[2])
				} else {
					c.files[path] = m[2]
				}
			}
			trees[c.tree] = c
		}
		ref.commits[c.id] = c
	}
	done := map[string]bool{}
	var follow func(id string)
	follow = func(id string) {
		if done[id] {
			return
		}
		done[id] = true
		c := ref.commits[id]
		c.clamped = c.date
		for _, p := range c.parents {
			follow(p)
			c.clamped = max(c.clamped, ref.commits[p].clamped)
			c.depth = max(c.depth, ref.commits[p].depth+1)
		}
	}
	for _, id := range ids {
		follow(id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		x, y := ref.commits[a], ref.commits[b]
		return cmp.Or(cmp.Compare(x.clamped, y.clamped), cmp.Compare(x.depth, y.depth), cmp.Compare(a, b))
	})
	for i, id := range ids {
		ref.rank[id] = i
	}
	for line := range strings.Lines(r.git("for-each-ref", "--format=%(refname) %(objectname) %(*objectname)")) {
		f := strings.Fields(line)
		ref.tips[f[0]] = f[len(f)-1]
	}
	ref.head = r.git("rev-parse", "HEAD")
	return ref
}

// ancestors returns commits and all that they descend from.
func (ref *reference) ancestors(ids ...string) map[string]bool {
	seen := map[string]bool{}
	for len(ids) > 0 {
		id := ids[0]
		ids = ids[1:]
		if !seen[id] {
			seen[id] = true
			ids = append(ids, ref.commits[id].parents...)
		}
	}
	return seen
}

// at returns the paths at which a commit holds a secret.
func (ref *reference) at(commit string, secret int) map[string]string {
	paths := map[string]string{}
	for path, blob := range ref.commits[commit].files {
		if slices.Contains(ref.holds[blob], secret) {
			paths[path] = blob
		}
	}
	return paths
}

// story tells what became of a secret, commit by commit.
func (ref *reference) story(secret int, now time.Time) scanner.Story {
	var s scanner.Story
	held := map[string]map[string]string{}
	for id := range ref.commits {
		held[id] = ref.at(id, secret)
	}
	commit := func(id string) *scanner.Commit {
		if id == "" {
			return nil
		}
		return &scanner.Commit{ID: id}
	}
	var introduced, removed, dropped string
	first := map[string]string{} // by path
	last := map[string]string{}
	earlier := func(a, b string) bool { return b == "" || ref.rank[a] < ref.rank[b] }
	later := func(a, b string) bool { return b == "" || ref.rank[a] > ref.rank[b] }
	for id, c := range ref.commits {
		had, all := false, len(c.parents) > 0
		at := map[string]bool{}
		for _, p := range c.parents {
			had = had || len(held[p]) > 0
			all = all && len(held[p]) > 0
			for path := range held[p] {
				at[path] = true
			}
		}
		if len(held[id]) > 0 {
			s.Commits++
			if !had && earlier(id, introduced) {
				introduced = id
			}
		} else {
			if all && later(id, removed) {
				removed = id
			}
			if had && later(id, dropped) {
				dropped = id
			}
		}
		for path := range held[id] {
			if !at[path] && earlier(id, first[path]) {
				first[path] = id
			}
			if later(id, last[path]) {
				last[path] = id
			}
		}
	}
	s.AtHead = len(held[ref.head]) > 0
	until := now.Unix()
	if removed = cmp.Or(removed, dropped); removed != "" && !s.AtHead {
		s.Removed = commit(removed)
		until = ref.commits[removed].clamped
	}
	if introduced != "" {
		s.Introduced = commit(introduced)
		s.Days = int(max(0, until-ref.commits[introduced].clamped) / day)
	}
	for _, blob := range ref.holds {
		if slices.Contains(blob, secret) {
			s.Blobs++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(ref.tips)) {
		if len(held[ref.tips[name]]) > 0 {
			s.RefsTotal++
			if len(s.Refs) < scanner.MaxStoryRefs {
				s.Refs = append(s.Refs, name)
			}
		}
	}
	for id := range ref.ancestors(slices.Collect(maps.Values(ref.tips))...) {
		s.Reachable = s.Reachable || len(held[id]) > 0
	}
	for _, path := range slices.Sorted(maps.Keys(first)) {
		p := scanner.Place{AtHead: held[ref.head][path] != ""}
		if p.AtHead {
			last[path] = ref.head
		}
		p.Path, p.Commit, p.Blob = path, commit(first[path]), held[last[path]][path]
		s.Places = append(s.Places, p)
	}
	s.PlacesTotal = len(s.Places)
	slices.SortStableFunc(s.Places, func(a, b scanner.Place) int {
		if a.AtHead != b.AtHead {
			if a.AtHead {
				return -1
			}
			return 1
		}
		return cmp.Compare(ref.rank[last[b.Path]], ref.rank[last[a.Path]])
	})
	s.Places = s.Places[:min(len(s.Places), scanner.MaxStoryPlaces)]
	return s
}

// bare leaves of the commits in a story their ids only.
func bare(s scanner.Story) scanner.Story {
	only := func(c *scanner.Commit) *scanner.Commit {
		if c == nil {
			return nil
		}
		return &scanner.Commit{ID: c.ID}
	}
	s.Introduced, s.Removed = only(s.Introduced), only(s.Removed)
	s.Places = slices.Clone(s.Places)
	for i := range s.Places {
		s.Places[i].Commit = only(s.Places[i].Commit)
	}
	return s
}

// layouts are ways to store the same objects.
var layouts = []struct {
	name string
	make func(r *repo)
}{
	{"as_imported", func(*repo) {}},
	{"deep_deltas", func(r *repo) {
		r.git("-c", "pack.window=250", "-c", "pack.depth=500", "repack", "-q", "-a", "-d", "-F", "-k")
	}},
	{"half_loose", func(r *repo) {
		// What main does not lead to goes out of the pack.
		r.git("-c", "pack.depth=5", "repack", "-q", "-a", "-d", "-F", "-A")
		packs, err := filepath.Glob(filepath.Join(r.dir, ".git", "objects", "pack", "*.pack"))
		if err != nil || len(packs) == 0 {
			r.t.Fatalf("packs: %v, %v", packs, err)
		}
		whole, err := os.ReadFile(packs[0])
		if err != nil {
			r.t.Fatal(err)
		}
		for _, p := range packs {
			for _, end := range []string{".pack", ".idx", ".rev"} {
				os.Remove(strings.TrimSuffix(p, ".pack") + end)
			}
		}
		r.gitIn(string(whole), "unpack-objects", "-q")
		var objects []string
		for i, line := range strings.Split(r.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)"), "\n") {
			if i%3 > 0 {
				objects = append(objects, line)
			}
		}
		r.gitIn(strings.Join(objects, "\n"), "pack-objects", "-q", filepath.Join(r.dir, ".git", "objects", "pack", "pack"))
		r.git("prune-packed", "-q")
	}},
}

// TestHistories compares with git: every path of every blob, what is in scope,
// and every story, whatever the objects are stored as.
func TestHistories(t *testing.T) {
	seeds, commits := 4, 300
	if testing.Short() {
		seeds, commits = 2, 60
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed_", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(uint64(seed), 4))
			r := newRepo(t)
			r.gitIn(writeHistory(rng, commits), "fast-import", "--quiet", "--force")
			r.git("symbolic-ref", "HEAD", "refs/heads/b0")
			r.git("config", "gc.reflogExpire", "never")
			ref := newReference(r)
			for _, l := range layouts {
				t.Run(l.name, func(t *testing.T) {
					l.make(r)
					s := r.open()
					defer s.Close()
					comparePaths(t, ref, s)
					compareStories(t, r, ref, s)
					for range 4 {
						compareScopes(t, rng, ref, s)
					}
				})
			}
		})
	}
}

func comparePaths(t *testing.T, ref *reference, s *pack.Store) {
	want := map[string][]string{}
	files := map[string]bool{}
	for _, c := range ref.commits {
		for path, blob := range c.files {
			want[blob] = append(want[blob], path)
			files[path] = true
		}
	}
	for blob, paths := range want {
		slices.Sort(paths)
		want[blob] = slices.Compact(paths)
	}
	for workers := range 3 {
		g := build(t, s, graph.Options{Workers: workers + 1})
		for blob, paths := range want {
			if got := g.Paths(find(t, s, blob)); !slices.Equal(got, paths) {
				t.Errorf("Paths(%s) = %q, want %q", blob, got, paths)
			}
		}
		var all []string
		for path, n := range g.AllPaths() {
			all = append(all, path)
			if !slices.Contains(g.Paths(n), path) {
				t.Errorf("AllPaths() yields %q with a blob that was not there", path)
			}
		}
		if want := slices.Sorted(maps.Keys(files)); !slices.Equal(all, want) {
			t.Errorf("AllPaths() = %q, want %q", all, want)
		}
		if g.Commits() != len(ref.commits) {
			t.Errorf("Commits() = %d, want %d", g.Commits(), len(ref.commits))
		}
		if m := g.Missing(); len(m) > 0 {
			t.Errorf("Missing() = %v, want none", m)
		}
	}
}

func compareStories(t *testing.T, r *repo, ref *reference, s *pack.Store) {
	var held []graph.Holding
	for blob, list := range ref.holds {
		for _, secret := range list {
			held = append(held, graph.Holding{Secret: secret, Blob: find(t, s, blob)})
		}
	}
	head, refs := r.refs(s)
	now := time.Unix(epoch+2000*day, 0)
	got, err := build(t, s, graph.Options{}).Stories(t.Context(), secrets, held, head, refs, now)
	if err != nil {
		t.Fatal(err)
	}
	for secret := range secrets {
		if got, want := bare(got[secret]), ref.story(secret, now); !reflect.DeepEqual(got, want) {
			t.Errorf("story of %d\n got %s\nwant %s", secret, dump(got), dump(want))
		}
	}
}

func dump(s scanner.Story) string {
	var b bytes.Buffer
	id := func(c *scanner.Commit) string {
		if c == nil {
			return "-"
		}
		return c.ID[:7]
	}
	fmt.Fprintf(&b, "introduced %s removed %s atHead %v refs %v of %d reachable %v commits %d blobs %d days %d places of %d:",
		id(s.Introduced), id(s.Removed), s.AtHead, s.Refs, s.RefsTotal, s.Reachable, s.Commits, s.Blobs, s.Days, s.PlacesTotal)
	for _, p := range s.Places {
		fmt.Fprintf(&b, " %s %s %s %v,", p.Path, p.Blob[:7], id(p.Commit), p.AtHead)
	}
	return b.String()
}

func compareScopes(t *testing.T, rng *rand.Rand, ref *reference, s *pack.Store) {
	ids := slices.Sorted(maps.Keys(ref.commits))
	some := func(n int) (commits []string, nums []pack.Num) {
		for range n {
			id := ids[rng.IntN(len(ids))]
			commits = append(commits, id)
			nums = append(nums, find(t, s, id))
		}
		return commits, nums
	}
	roots, opts := []string(nil), graph.Options{}
	if rng.IntN(4) > 0 {
		roots, opts.Roots = some(1 + rng.IntN(2))
	} else {
		roots = ids
	}
	not, nums := some(rng.IntN(3))
	opts.Not = nums
	if rng.IntN(2) == 0 {
		opts.Since = time.Unix(ref.commits[ids[rng.IntN(len(ids))]].date, 0)
	}

	out := ref.ancestors(not...)
	outside := map[string]bool{}
	for id := range out {
		c := ref.commits[id]
		for _, blob := range c.files {
			outside[blob] = true
		}
	}
	wanted := map[string][]string{}
	commits := map[string]bool{}
	for id := range ref.ancestors(roots...) {
		c := ref.commits[id]
		if out[id] || !opts.Since.IsZero() && c.date < opts.Since.Unix() {
			continue
		}
		commits[id] = true
		for path, blob := range c.files {
			if !outside[blob] {
				wanted[blob] = append(wanted[blob], path)
			}
		}
	}
	named := map[string]bool{}
	for _, c := range ref.commits {
		for _, blob := range c.files {
			named[blob] = true
		}
	}
	g := build(t, s, opts)
	if g.Commits() != len(commits) {
		t.Errorf("%d commits in scope, want %d", g.Commits(), len(commits))
	}
	for n := range pack.Num(s.Len()) {
		id := fmt.Sprintf("%x", s.ID(n))
		switch s.Type(n) {
		case pack.Blob:
			want := wanted[id]
			slices.Sort(want)
			want = slices.Compact(want)
			// What no commit holds is in the scope of everything.
			in := want != nil || !named[id] && opts.Roots == nil
			if got := g.Wanted(n); got != in {
				t.Errorf("Wanted(%s) = %v, want %v", id, got, in)
			} else if got && !slices.Equal(g.Paths(n), want) {
				t.Errorf("Paths(%s) = %q, want %q", id, g.Paths(n), want)
			}
		case pack.Commit:
			if got := g.Wanted(n); got != commits[id] {
				t.Errorf("Wanted(commit %s) = %v, want %v", id, got, commits[id])
			}
		}
	}
}

// TestScopeOfTags expects a tag to go with its commit, and with what Not leads
// to.
func TestScopeOfTags(t *testing.T) {
	r := newRepo(t)
	r.write("a", "1")
	r.commit("one")
	r.git("tag", "-a", "-m", "1", "v1")
	r.write("a", "2")
	r.commit("two")
	r.git("tag", "-a", "-m", "2", "v2")
	lone := r.gitIn("lone", "hash-object", "-w", "--stdin")
	r.git("tag", "-a", "-m", "3", "v3", lone)
	s := r.open()
	num := func(name string) pack.Num { return find(t, s, r.git("rev-parse", name)) }
	names := []string{"v1", "v2", "v3", "v1^{}", "v2^{}", "v3^{}", "v1:a", "v2:a"}
	tests := []struct {
		opts graph.Options
		want string
	}{
		{graph.Options{}, "v1 v2 v3 v1^{} v2^{} v3^{} v1:a v2:a"},
		{graph.Options{Roots: []pack.Num{num("v2")}}, "v2 v1^{} v2^{} v1:a v2:a"},
		{graph.Options{Roots: []pack.Num{num("v2"), num("v3")}, Not: []pack.Num{num("v1")}}, "v2 v3 v2^{} v3^{} v2:a"},
		{graph.Options{Not: []pack.Num{num("v1")}}, "v2 v3 v2^{} v3^{} v2:a"},
		{graph.Options{Since: time.Unix(r.date, 0)}, "v2 v3 v2^{} v3^{} v2:a"},
		{graph.Options{Roots: []pack.Num{num("v2:a")}}, "v2:a"},
		{graph.Options{Roots: []pack.Num{num("v1^{tree}")}}, "v1:a"},
		{graph.Options{Roots: []pack.Num{}}, ""},
	}
	for _, test := range tests {
		g := build(t, s, test.opts)
		var got []string
		for _, name := range names {
			if g.Wanted(num(name)) {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("in the scope of %+v are %q, want %q", test.opts, got, test.want)
		}
	}
}

func TestBuildEnds(t *testing.T) {
	r := newRepo(t)
	r.write("a", plant)
	r.commit("one")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := r.open()
	if _, err := graph.Build(ctx, s, graph.Options{}); err != context.Canceled {
		t.Errorf("Build = %v, want %v", err, context.Canceled)
	}
	g := build(t, s, graph.Options{})
	held := []graph.Holding{{Secret: 0, Blob: find(t, s, r.git("rev-parse", "HEAD:a"))}}
	if _, err := g.Stories(ctx, 1, held, graph.None, nil, time.Time{}); err != context.Canceled {
		t.Errorf("Stories = %v, want %v", err, context.Canceled)
	}
}
