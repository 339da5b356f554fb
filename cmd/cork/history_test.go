package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/report"
)

func TestParseSince(t *testing.T) {
	here := time.FixedZone("", 2*60*60)
	tests := []struct {
		text string
		want time.Time // zero: an error
	}{
		{"2026-01-31", time.Date(2026, 1, 30, 22, 0, 0, 0, time.UTC)},
		{"2026-01-31T12:00:00Z", time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)},
		{"2026-01-31T12:00:00+02:00", time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)},
		{"2026-01-31T12:00:00.5Z", time.Date(2026, 1, 31, 12, 0, 0, 5e8, time.UTC)},
		{"", time.Time{}},
		{"yesterday", time.Time{}},
		{"2 weeks ago", time.Time{}},
		{"2026-1-31", time.Time{}},
		{"2026-02-30", time.Time{}},
		{"31.01.2026", time.Time{}},
		{"2026-01-31 12:00:00", time.Time{}},
		{"1769860800", time.Time{}},
	}
	for _, tt := range tests {
		got, err := parseSince(tt.text, here)
		if (err == nil) != !tt.want.IsZero() || !got.Equal(tt.want) {
			t.Errorf("parseSince(%q) = %v, %v, want %v", tt.text, got, err, tt.want)
		}
		if err != nil && (!strings.Contains(err.Error(), fmt.Sprintf("%q", tt.text)) || !strings.Contains(scanner.HintOf(err), "2026-01-31T12:00:00Z")) {
			t.Errorf("parseSince(%q): error %q, hint %q", tt.text, err, scanner.HintOf(err))
		}
	}
}

func TestCacheDir(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("the system says where")
	}
	tests := []struct {
		env  []string
		want string // "": an error
	}{
		{[]string{"XDG_CACHE_HOME=/x", "HOME=/h"}, "/x"},
		{[]string{"HOME=/h"}, "/h/.cache"},
		{[]string{"XDG_CACHE_HOME=", "HOME=/h"}, "/h/.cache"},
		{[]string{"XDG_CACHE_HOME=x", "HOME=/h"}, ""},
		{[]string{"HOME=h"}, ""},
		{[]string{"HOME="}, ""},
		{nil, ""},
	}
	for _, tt := range tests {
		got, err := (&world{env: tt.env}).cacheDir()
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("cacheDir() with %q = %q, %v, want %q", tt.env, got, err, tt.want)
		}
	}
}

// runAudit runs a scan whose findings and errors are given.
func runAudit(t *testing.T, ctx context.Context, args []string, found []scanner.Finding, sum scanner.Summary) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	f := &fixture{dir: t.TempDir()}
	w := f.world(nil, "", &out)
	w.stderr = &errs
	a := newApp(w)
	flags := new(scanFlags)
	built := <-compileBuiltin()
	if built.err != nil {
		t.Fatal(built.err)
	}
	cmd := &cobra.Command{SilenceErrors: true, RunE: func(cmd *cobra.Command, _ []string) error {
		return a.scan(ctx, cmd, flags, func(context.Context) (*plan, error) {
			return &plan{nothing: errors.New("nothing at all"), stories: true, skipped: skippedKinds, scanner: scanner.New(built.set, scanner.Options{}), audit: func(_ context.Context, _ *scanner.Scanner, s *scanner.Summary) iter.Seq2[scanner.Finding, error] {
				return func(yield func(scanner.Finding, error) bool) {
					*s = sum
					for _, err := range sum.Errors {
						if !yield(scanner.Finding{}, err) {
							return
						}
					}
					for _, f := range found {
						s.Findings++
						if !yield(f, nil) {
							return
						}
					}
				}
			}}, nil
		})
	}}
	flags.add(cmd.Flags())
	cmd.SetArgs(args)
	if err := cmd.Execute(); err != nil {
		t.Fatalf("scan: %v", err)
	}
	return a.code, out.String(), errs.String()
}

func storied(story scanner.Story) scanner.Finding {
	return scanner.Finding{RuleID: "jwt", Location: scanner.Location{Path: "a.txt", Line: 1, Column: 1}, Secret: scanner.NewSecret("hunter" + "42"), Fingerprint: "jwt:0123456789", Story: &story}
}

func TestAuditExitCodesAndSummaries(t *testing.T) {
	missing := func(n int) (errs []error) {
		for i := range n {
			errs = append(errs, &scanner.BlobError{ID: fmt.Sprintf("%040x", i), Err: scanner.WithHint(errors.New("the object is missing"), "git fetch")})
		}
		return errs
	}
	skips := map[scanner.SkipReason]int{scanner.SkipLFS: 12_345, scanner.SkipSubmodule: 3}
	found := []scanner.Finding{storied(scanner.Story{AtHead: true, Reachable: true}), storied(scanner.Story{})}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name  string
		ctx   context.Context
		args  []string
		found []scanner.Finding
		sum   scanner.Summary
		code  int
		want  []string // in standard error, in this order
		not   string   // in standard error
	}{
		{name: "clean", sum: scanner.Summary{Commits: 9, Blobs: 20}, want: []string{"cork: 9 commits, 20 blobs, 0 bytes, 0 secrets, "}, not: "hint"},
		{name: "commits only", sum: scanner.Summary{Commits: 1}, want: []string{"cork: 1 commit, 0 blobs, "}, not: "nothing at all"},
		{name: "cached only", sum: scanner.Summary{Cached: 3}, want: []string{"cork: 0 blobs, 0 bytes, 3 objects known from the cache, 0 secrets, "}, not: "nothing at all"},
		{name: "nothing", code: 2, want: []string{"error: nothing at all\n", "0 blobs, 0 bytes, 0 secrets"}},
		{name: "nothing, accepted", args: []string{"--allow-incomplete"}, code: 2, want: []string{"error: nothing at all\n"}},
		{name: "found", found: found, sum: scanner.Summary{Commits: 9, Blobs: 20}, code: 1, want: []string{
			"hint: take those at HEAD out, and revoke them all", "hint: to rewrite the history", "hint: what no ref leads to", "hint: what it is, and what to do: cork explain jwt\n",
			"2 secrets (1 at HEAD, 1 in no ref), "}},
		{name: "found in no ref alone", found: found[1:], sum: scanner.Summary{Blobs: 1}, code: 1, want: []string{"hint: revoke them all", "hint: what no ref leads to", "1 secret (1 in no ref)"}, not: "rewrite"},
		{name: "skipped", sum: scanner.Summary{Commits: 1, Blobs: 1, Skipped: skips}, code: 2, want: []string{
			"error: 12,345 blobs were not scanned: the content is kept by Git LFS, and is not here\n", "hint: git lfs fetch --all", "skipped (lfs-object 12,345, submodule 3)", "not complete: 1 error"}},
		{name: "skipped, accepted", args: []string{"--allow-incomplete"}, sum: scanner.Summary{Commits: 1, Blobs: 1, Skipped: skips}, want: []string{"error: 12,345 blobs were not scanned"}},
		{name: "few missing", sum: scanner.Summary{Commits: 1, Blobs: 1, Errors: missing(2)}, code: 2, want: []string{
			"error: object 0000000000000000000000000000000000000000: the object is missing\n", "error: object 0000000000000000000000000000000000000001: the object is missing\n", "hint: git fetch\n", "not complete: 2 errors"}},
		{name: "many missing", sum: scanner.Summary{Commits: 1, Blobs: 1, Errors: missing(12_345)}, code: 2, want: []string{
			"error: object 0000000000000000000000000000000000000000 and 12,344 more: the object is missing\n", "hint: git fetch\n", "not complete: 12,345 errors"}, not: "0001"},
		{name: "many missing, accepted", args: []string{"--allow-incomplete"}, sum: scanner.Summary{Commits: 1, Blobs: 1, Errors: missing(12_345)}, want: []string{"and 12,344 more: the object is missing\n"}},
		{name: "missing and found", found: found, sum: scanner.Summary{Commits: 1, Blobs: 1, Errors: missing(1)}, code: 1, want: []string{"error: object", "hint: take those"}},
		{name: "not a blob's error", args: []string{"--allow-incomplete"}, sum: scanner.Summary{Commits: 1, Blobs: 1, Errors: []error{errors.New("the refs cannot be read")}}, code: 2, want: []string{"error: the refs cannot be read\n"}},
		{name: "interrupted", ctx: cancelled, found: found, sum: scanner.Summary{Commits: 1, Errors: []error{context.Canceled}}, code: 130, want: []string{"error: interrupted", "2 secrets", "not complete: interrupted"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx := tt.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			code, stdout, stderr := runAudit(t, ctx, tt.args, tt.found, tt.sum)
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			rest := stderr
			for _, want := range tt.want {
				_, after, ok := strings.Cut(rest, want)
				if !ok {
					t.Fatalf("standard error =\n%swant in it, in this order: %q", stderr, tt.want)
				}
				rest = after
			}
			if tt.not != "" && strings.Contains(stderr, tt.not) {
				t.Errorf("standard error =\n%swant no %q in it", stderr, tt.not)
			}
			if n := strings.Count(stdout, "jwt  "); n != len(tt.found) {
				t.Errorf("%d findings in\n%s", n, stdout)
			}
		})
	}
}

func TestByCauseKeepsWhatDiffers(t *testing.T) {
	blob := func(path, cause string) error { return &scanner.BlobError{Path: path, Err: errors.New(cause)} }
	var errs []error
	for i := range 8 {
		errs = append(errs, blob(fmt.Sprintf("a\n%d", i), "gone"), errors.New("whole"))
		if i < 2 {
			errs = append(errs, blob("b", "odd"))
		}
	}
	var got []string
	for _, err := range byCause(errs) {
		got = append(got, err.Error())
	}
	want := []string{`"a\n0" and 7 more: gone`, "whole", "b: odd", "whole", "b: odd", "whole", "whole", "whole", "whole", "whole", "whole"}
	if !slices.Equal(got, want) {
		t.Errorf("byCause() = %q, want %q", got, want)
	}
}

func TestStoryHintsFitWhatWasFound(t *testing.T) {
	if got := storyHints(nil); got != nil {
		t.Errorf("storyHints(nil) = %q, want none", got)
	}
	for _, tt := range []struct {
		tally report.Tally
		n     int
	}{{report.Tally{AtHead: 1}, 2}, {report.Tally{History: 1}, 2}, {report.Tally{NoRef: 1}, 2}, {report.Tally{AtHead: 1, NoRef: 1}, 3}} {
		if got := storyHints(&tt.tally); len(got) != tt.n || !strings.Contains(got[0], "revoke") {
			t.Errorf("storyHints(%+v) = %q, want %d", tt.tally, got, tt.n)
		}
	}
}
