package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestBranchAgainstOracle scans random branches, merges among their commits, and
// holds what is found to the plainest way to say it: a line is new in a commit if it
// is in no version of its file, and in no file that was deleted or copied, of any
// parent; and it is in the net result if that holds for the head against the merge
// bases.
func TestBranchAgainstOracle(t *testing.T) {
	found, gone, moved := 0, 0, 0
	seeds := uint64(12)
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		b := newRandomBranch(t, seed)
		inCommits := make(map[placed]bool)
		first := make(map[placed]string)
		for _, id := range b.order {
			for p := range b.added(id, b.parents[id]) {
				inCommits[p] = true
				if first[p] == "" {
					first[p] = id
				}
			}
		}
		net := b.added(b.head, b.mergeBases)

		got := b.scan(t, "--workers", "1")
		if again := b.scan(t, "--workers", "8"); !slices.Equal(got, again) {
			t.Errorf("seed %d: 8 workers find\n%v\n1 finds\n%v", seed, again, got)
		}
		seen := make(map[placed]bool)
		for _, f := range got {
			p := placed{f.Path, f.Secret}
			switch {
			case seen[p]:
				t.Errorf("seed %d: %s is reported twice", seed, p.path)
			case f.InNet != net[p]:
				t.Errorf("seed %d: %s: in_net is %v, want %v", seed, p.path, f.InNet, net[p])
			case !inCommits[p] && !net[p]:
				t.Errorf("seed %d: %s: nothing new there", seed, p.path)
			case f.InNet && b.tree[b.head][f.Path][f.Line-1] != tokenLine(f.Secret):
				t.Errorf("seed %d: %s: line %d of the head is another", seed, p.path, f.Line)
			case inCommits[p] && f.Commit != first[p]:
				t.Errorf("seed %d: %s: commit %s, want the first, %s", seed, p.path, f.Commit, first[p])
			}
			seen[p] = true
			if !f.InNet {
				gone++
			}
		}
		found += len(got)
		for p := range net {
			if !seen[p] {
				t.Errorf("seed %d: %s in the net result was not found", seed, p.path)
			}
		}
		for p := range inCommits {
			if seen[p] || net[p] {
				continue
			}
			// What a branch moves is told at its last place.
			if !slices.ContainsFunc(slices.Collect(maps.Keys(net)), func(n placed) bool { return n.secret == p.secret && !inCommits[n] }) {
				t.Errorf("seed %d: %s in commit %s was not found", seed, p.path, first[p])
			}
			moved++
		}

		for _, engine := range []string{"git", "embedded"} {
			only := b.scan(t, "--mode", "net-diff", "--engine", engine)
			if len(only) != len(net) {
				t.Errorf("seed %d: net-diff by %s finds %d, want %d", seed, engine, len(only), len(net))
			}
			for _, f := range only {
				if !net[placed{f.Path, f.Secret}] || !f.InNet || f.Commit != "" {
					t.Errorf("seed %d: net-diff by %s finds %s in %q, in_net %v", seed, engine, f.Path, f.Commit, f.InNet)
				}
			}
		}
	}
	if !testing.Short() && (found < 30 || gone < 3) {
		t.Errorf("only %d secrets were found, %d of them gone again, %d moved: the branches are too dull", found, gone, moved)
	}
}

// placed is a secret in a file.
type placed struct{ path, secret string }

// A randomBranch is a repository of random commits, and two of them to compare.
type randomBranch struct {
	f          *fixture
	tree       map[string]map[string][]string // of a commit: the lines of each file
	parents    map[string][]string
	base, head string
	order      []string // commits of the head that are not of the base, parents first
	mergeBases []string
}

func tokenLine(secret string) string { return "token: " + secret }

func newRandomBranch(t *testing.T, seed uint64) *randomBranch {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 7))
	s := &secrets{rand: rnd}
	var tokens []string
	for range 8 {
		tokens = append(tokens, s.github())
	}
	paths := []string{"a.txt", "b.txt", "d/c.txt", "d/e.txt"}
	const commits = 14
	trees := make([]map[string][]string, commits)
	parents := make([][]int, commits)
	var stream strings.Builder
	for i := range commits {
		tree := make(map[string][]string)
		if i > 0 {
			// Of the last few, one or two.
			first := i - 1 - rnd.IntN(min(i, 5))
			parents[i] = []int{first}
			if second := i - 1 - rnd.IntN(min(i, 5)); second != first && rnd.IntN(4) == 0 {
				parents[i] = append(parents[i], second)
			}
			for n, p := range parents[i] {
				for path, lines := range trees[p] {
					if _, ok := tree[path]; !ok || n == 1 && rnd.IntN(2) == 0 {
						tree[path] = slices.Clone(lines)
					}
				}
			}
		}
		for range 1 + rnd.IntN(4) {
			path := paths[rnd.IntN(len(paths))]
			lines := tree[path]
			switch n := rnd.IntN(10); {
			case n < 5:
				lines = slices.Insert(lines, rnd.IntN(len(lines)+1), tokenLine(tokens[rnd.IntN(len(tokens))]))
			case n < 7:
				lines = slices.Insert(lines, 0, fmt.Sprintf("text %d", rnd.IntN(100)))
			case len(lines) > 0:
				at := rnd.IntN(len(lines))
				lines = slices.Delete(lines, at, at+1)
			}
			if tree[path] = lines; len(lines) == 0 {
				delete(tree, path)
			}
		}
		trees[i] = tree
		fmt.Fprintf(&stream, "commit refs/heads/c%d\nmark :%d\ncommitter C <c@example.com> %d +0000\ndata 0\n", i, i+1, 1700000000+i)
		for n, p := range parents[i] {
			fmt.Fprintf(&stream, "%s :%d\n", []string{"from", "merge"}[n], p+1)
		}
		stream.WriteString("deleteall\n")
		for _, path := range slices.Sorted(maps.Keys(tree)) {
			text := strings.Join(tree[path], "\n") + "\n"
			fmt.Fprintf(&stream, "M 100644 inline %s\ndata %d\n%s\n", path, len(text), text)
		}
	}
	b := &randomBranch{
		f:       &fixture{dir: t.TempDir(), env: gitEnv(t)},
		tree:    make(map[string]map[string][]string),
		parents: make(map[string][]string),
	}
	b.f.git(t, "init", "-q", "-b", "c0", ".")
	cmd := exec.Command("git", "fast-import", "--quiet")
	cmd.Dir, cmd.Env, cmd.Stdin = b.f.dir, b.f.env, strings.NewReader(stream.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, out)
	}
	ids := make([]string, commits)
	for i := range commits {
		ids[i] = b.f.git(t, "rev-parse", "c"+strconv.Itoa(i))
		b.tree[ids[i]] = trees[i]
		for _, p := range parents[i] {
			b.parents[ids[i]] = append(b.parents[ids[i]], ids[p])
		}
	}
	b.base, b.head = ids[rnd.IntN(commits/2)], ids[commits-1-rnd.IntN(3)]
	b.order = strings.Fields(b.f.git(t, "rev-list", "--topo-order", "--reverse", b.head, "^"+b.base))
	b.mergeBases = strings.Fields(b.f.git(t, "merge-base", "--all", b.base, b.head))
	return b
}

// added returns the secrets that a commit's tree has and no base had.
func (b *randomBranch) added(commit string, bases []string) map[placed]bool {
	added := make(map[placed]bool)
	tree := b.tree[commit]
	for path, lines := range tree {
		same := false
		old := make(map[string]bool)
		for _, base := range bases {
			before, ok := b.tree[base][path]
			same = same || ok && slices.Equal(before, lines)
			for other, others := range b.tree[base] {
				_, still := tree[other]
				if other == path || !ok && (!still || slices.Equal(others, lines)) {
					for _, l := range others {
						old[l] = true
					}
				}
			}
		}
		for _, l := range lines {
			if secret, ok := strings.CutPrefix(l, tokenLine("")); ok && !same && !old[l] {
				added[placed{path, secret}] = true
			}
		}
	}
	return added
}

// A branchFinding is what of a report is looked at.
type branchFinding struct {
	Path   string
	Line   int
	Commit string
	Secret string
	InNet  bool `json:"in_net"`
}

// scan runs cork ci on the branch.
func (b *randomBranch) scan(t *testing.T, args ...string) []branchFinding {
	t.Helper()
	var out bytes.Buffer
	code := run(t.Context(), b.f.world(append([]string{"ci", "--base", b.base, "--head", b.head, "--format", "json", showSecretsFlag}, args...), "", &out))
	var report struct{ Findings []branchFinding }
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("cork ci: %v", err)
	}
	if want := min(len(report.Findings), 1); code != want {
		t.Errorf("exit code %d, want %d", code, want)
	}
	return report.Findings
}
