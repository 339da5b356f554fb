package graph_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/graph"
)

// TestSubmoduleStories: the story of a submodule's path is that of a file which stands
// beside it in every commit.
func TestSubmoduleStories(t *testing.T) {
	const beside = ".txt"
	r := newRepo(t)
	rng := rand.New(rand.NewPCG(1, 2))
	paths := []string{"lib", "vendor/lib", "vendor/deep/lib", "never"}
	first := r.commit("begin")
	blob := r.gitIn("beside", "hash-object", "-w", "--stdin")
	commits := []string{first}
	for i := range 30 {
		parents := []string{commits[len(commits)-1-rng.IntN(min(len(commits), 4))]}
		if rng.IntN(3) == 0 {
			parents = append(parents, commits[rng.IntN(len(commits))])
		}
		r.git("read-tree", parents[0])
		switch path := paths[rng.IntN(3)]; rng.IntN(5) {
		case 0, 1:
			r.git("update-index", "--add", "--cacheinfo", "160000,"+commits[rng.IntN(len(commits))]+","+path, "--cacheinfo", "100644,"+blob+","+path+beside)
		case 2, 3:
			r.git("update-index", "--force-remove", path, path+beside)
		}
		if i%7 < 5 {
			r.tick()
		}
		args := []string{"commit-tree", r.git("write-tree"), "-m", fmt.Sprint("commit ", i)}
		for _, p := range parents {
			args = append(args, "-p", p)
		}
		commits = append(commits, r.git(args...))
	}
	for i, c := range commits[20:25] {
		r.git("branch", fmt.Sprint("b", i), c)
	}
	told := 0
	for _, head := range []int{8, 17, 28, len(commits) - 1} {
		r.git("update-ref", "refs/heads/main", commits[head])
		s := r.open()
		g := build(t, s, graph.Options{})
		at, refs := r.refs(s)
		now := time.Unix(r.date+10*day, 0)
		got, err := g.SubmoduleStories(t.Context(), [][]string{paths, {"never"}}, at, refs, now)
		if err != nil {
			t.Fatal(err)
		}
		want, err := g.Stories(t.Context(), 2, []graph.Holding{{Secret: 0, Blob: find(t, s, blob)}}, at, refs, now)
		if err != nil {
			t.Fatal(err)
		}
		// A path at which it never stood is no place of a file.
		if p := got[0].Places[len(got[0].Places)-1]; p.Path != "never" || p.Commit != nil || p.AtHead {
			t.Errorf("HEAD at %d: the last place is %+v", head, p)
		}
		got[0].Places = got[0].Places[:len(got[0].Places)-1]
		got[0].PlacesTotal--
		if p := got[1].Places; len(p) != 1 || got[1].Introduced != nil || got[1].Commits != 0 {
			t.Errorf("HEAD at %d: of a path that no commit has it is told %+v", head, got[1])
		}
		want[0].Blobs = 0
		for _, story := range []*scanner.Story{&got[0], &want[0]} {
			for i := range story.Places {
				p := &story.Places[i]
				p.Blob = ""
				if story == &got[0] {
					p.Path += beside
				}
				told++
			}
			slices.SortFunc(story.Places, func(a, b scanner.Place) int { return cmp.Compare(a.Path, b.Path) })
		}
		if g, w := tell(got[0]), tell(want[0]); g != w {
			t.Errorf("HEAD at %d: of the submodule it is told\n%s\nof the file beside it\n%s", head, g, w)
		}
	}
	if told < 16 {
		t.Errorf("only %d places were compared", told)
	}
}
