package scanner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// inCommit returns a blob of a commit, and what stood there before.
func inCommit(commit, path, content string, old ...string) item {
	b := blob(path, content)
	if commit != "" {
		b.Commit = &Commit{ID: commit}
	}
	if len(old) > 0 {
		b.Before, b.Old = before(old...), true
	}
	return item{blob: b}
}

// TestScanBranch: what is in the net effect, what was added and removed again,
// and what comments say about both.
func TestScanBranch(t *testing.T) {
	const (
		a = "x TOK-aaaa\n"
		b = "y TOK-bbbb\n"
	)
	allow, err := NewAllowlist([]AllowEntry{{StopWords: []string{"bbbb"}, Reason: "known"}}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name         string
		commits, net items // commits nil: only the net effect is known
		allow        *Allowlist
		noInline     bool
		want         []string
		suppressed   int
		errors       int
	}{
		{name: "nothing", commits: items{}},
		{
			name:    "in the net effect, at its line there",
			commits: items{inCommit("c1", "f", a), inCommit("c2", "f", "new\n"+a, a)},
			net:     items{inCommit("", "f", "new\n"+a)},
			want:    []string{"tok f:2 c1 net"},
		},
		{
			name:    "added and removed again",
			commits: items{inCommit("c1", "f", a), inCommit("c2", "f", "gone\n", a)},
			net:     items{inCommit("", "f", "gone\n")},
			want:    []string{"tok f:1 c1 gone"},
		},
		{
			name:    "the first commit that brought it, once for each path",
			commits: items{inCommit("c1", "f", a), inCommit("c2", "g", a), inCommit("c3", "f", "z\n"+a, "z\n"), inCommit("c3", "g", a+b, a)},
			net:     items{inCommit("", "f", "z\n"+a), inCommit("", "g", a+b)},
			want:    []string{"tok f:2 c1 net", "tok g:1 c2 net", "tok g:2 c3 net"},
		},
		{
			name:    "moved, and brought to another file by a commit of its own",
			commits: items{inCommit("c1", "f", a), inCommit("c3", "h", a)},
			net:     items{inCommit("", "g", a), inCommit("", "h", a)},
			want:    []string{"tok h:1 c3 net", "tok g:1 c1 net"},
		},
		{
			name:    "in two files, and removed from one",
			commits: items{inCommit("c1", "f", a), inCommit("c1", "g", a)},
			net:     items{inCommit("", "g", a)},
			want:    []string{"tok g:1 c1 net", "tok f:1 c1 gone"},
		},
		{
			name:       "moved to where it is allowed",
			commits:    items{inCommit("c1", "f", a)},
			net:        items{inCommit("", "g", "x TOK-aaaa # cork:allow\n")},
			want:       []string{"tok f:1 c1 gone"},
			suppressed: 1,
		},
		{
			name:    "in no commit alone",
			commits: items{inCommit("c1", "f", "x TOK-aaaa\n", "x TOK-aaaa\n")},
			net:     items{inCommit("", "f", a), inCommit("", "k.pem", "")},
			want:    []string{"tok f:1 - net", "pem-file k.pem:1 - net"},
		},
		{
			name: "only the net effect is known",
			net:  items{inCommit("", "f", a+b, b), inCommit("", "g", a)},
			want: []string{"tok f:1 - net", "tok g:1 - net"},
		},
		{
			name:       "a comment in a later commit counts for the earlier ones",
			commits:    items{inCommit("c1", "f", a), inCommit("c2", "f", "x TOK-aaaa # cork:allow\n", a)},
			net:        items{inCommit("", "f", "x TOK-aaaa # cork:allow\n")},
			suppressed: 1,
		},
		{
			name:     "unless comments do not count",
			commits:  items{inCommit("c1", "f", a), inCommit("c2", "f", "x TOK-aaaa # cork:allow\n", a)},
			net:      items{inCommit("", "f", "x TOK-aaaa # cork:allow\n")},
			noInline: true,
			want:     []string{"tok f:1 c1 net"},
		},
		{
			name:    "a comment that is gone again does not count",
			commits: items{inCommit("c1", "f", "x TOK-aaaa # cork:allow\n"), inCommit("c2", "f", a, "x TOK-aaaa # cork:allow\n")},
			net:     items{inCommit("", "f", a)},
			want:    []string{"tok f:1 c1 net"},
		},
		{
			name:    "a comment of what is gone again counts",
			commits: items{inCommit("c1", "f", "x TOK-aaaa # cork:allow\n"), inCommit("c2", "f", "", a)},
			net:     items{inCommit("", "f", "")}, suppressed: 1,
		},
		{
			name:    "two lines, one with a comment",
			commits: items{inCommit("c1", "f", "x TOK-aaaa # cork:allow\n"+a)},
			net:     items{inCommit("", "f", "x TOK-aaaa # cork:allow\n"+a)},
			want:    []string{"tok f:2 c1 net"},
		},
		{
			name:    "the allowlist is for both",
			commits: items{inCommit("c1", "f", a+b), inCommit("c2", "f", a, a+b)},
			net:     items{inCommit("", "f", a+b)}, allow: allow,
			want: []string{"tok f:1 c1 net"}, suppressed: 1,
		},
		{
			name:    "errors are told once",
			commits: items{inCommit("c1", "f", a), {err: errors.New("gone")}, inCommit("c2", "f", "x\n"+a, a)},
			net:     items{{err: errors.New("gone")}, {err: errors.New("of the net effect")}, inCommit("", "f", "x\n"+a)},
			want:    []string{"tok f:2 c1 net"}, errors: 2,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, workers := range []int{1, 8} {
				s := New(testSet(t), Options{Workers: workers, Allow: tt.allow, NoInline: tt.noInline})
				var commits Source
				if tt.commits != nil {
					commits = tt.commits
				}
				var sum Summary
				var got []string
				for f, err := range s.ScanBranch(t.Context(), commits, tt.net, &sum) {
					if err != nil {
						continue
					}
					commit, net := "-", "gone"
					if f.Location.Commit != nil {
						commit = f.Location.Commit.ID
					}
					if f.InNet == nil || f.Suppression != nil {
						t.Errorf("InNet %v, Suppression %v", f.InNet, f.Suppression)
					} else if *f.InNet {
						net = "net"
					}
					got = append(got, fmt.Sprintf("%s %s:%d %s %s", f.RuleID, f.Location.Path, f.Location.Line, commit, net))
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("%d workers: got %q, want %q", workers, got, tt.want)
				}
				blobs := 0
				for _, it := range tt.commits {
					if it.err == nil {
						blobs++
					}
				}
				if tt.commits == nil {
					blobs = len(tt.net)
				}
				if sum.Findings != len(tt.want) || sum.Suppressed != tt.suppressed || len(sum.Errors) != tt.errors || sum.Blobs != blobs {
					t.Errorf("%d workers: %+v, want %d findings, %d suppressed, %d errors, %d blobs",
						workers, sum, len(tt.want), tt.suppressed, tt.errors, blobs)
				}
			}
		})
	}
}

// TestScanBranchStops: neither a break nor a cancelled context passes for a
// complete scan.
func TestScanBranchStops(t *testing.T) {
	commits := items{inCommit("c1", "f", "x TOK-aaaa\n"), inCommit("c2", "g", "x TOK-bbbb\n")}
	net := items{inCommit("", "f", "x TOK-aaaa\n"), inCommit("", "h", "x TOK-cccc\n")}
	for n := 1; n <= 3; n++ {
		s := New(testSet(t), Options{})
		var sum Summary
		got := 0
		for range s.ScanBranch(t.Context(), commits, net, &sum) {
			if got++; got == n {
				break
			}
		}
		if got != n || sum.Findings != n || sum.Complete() {
			t.Errorf("after a break at finding %d: %d findings, %+v", n, got, sum)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var sum Summary
	var last error
	for _, err := range New(testSet(t), Options{}).ScanBranch(ctx, commits, net, &sum) {
		last = err
	}
	if !errors.Is(last, context.Canceled) || sum.Complete() {
		t.Errorf("cancelled: %v, %+v", last, sum)
	}
}
