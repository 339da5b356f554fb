package git_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git"
)

// cacheRules find what the tests plant: three letters and digits anywhere, one
// kind below conf/ alone, and files of one name.
func cacheRules() []rules.Rule {
	rule := func(id, regex, keyword string) rules.Rule {
		return rules.Rule{ID: id, Description: "a token", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh, Regex: regex, Keywords: []string{keyword}}
	}
	below := rule("below", `cnf-[0-9]{6}`, "cnf-")
	below.Paths = []string{"conf/**"}
	named := rules.Rule{ID: "named", Description: "a file", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh, Paths: []string{"**/secret.key"}}
	return []rules.Rule{rule("anywhere", `tok-[0-9]{6}`, "tok-"), below, named}
}

// An auditRun is what came of one audit.
type auditRun struct {
	findings []string
	sum      scanner.Summary
	notes    []string
}

// audit scans the history of a repository.
func (r *repo) audit(ctx context.Context, rs []rules.Rule, opts git.HistoryOptions) auditRun {
	r.t.Helper()
	set, err := rules.Compile(rs)
	if err != nil {
		r.t.Fatal(err)
	}
	repository, err := git.Open(r.t.Context(), git.Options{Dir: r.dir, Env: r.env, Git: gitProgram(r.t)})
	if err != nil {
		r.t.Fatal(err)
	}
	defer repository.Close()
	opts.Now = time.Unix(1700000000, 0)
	h, err := repository.History(r.t.Context(), opts)
	if err != nil {
		r.t.Fatal(err)
	}
	var run auditRun
	for f, err := range h.Scan(ctx, scanner.New(set, scanner.Options{}), &run.sum) {
		if err != nil {
			continue // in the summary
		}
		story, err := json.Marshal([]any{f.Location, f.Story, f.Fingerprint, f.Line})
		if err != nil {
			r.t.Fatal(err)
		}
		run.findings = append(run.findings, fmt.Sprintf("%s %s %s", f.RuleID, f.Secret.Reveal(), story))
	}
	run.notes = h.Notes()
	return run
}

// differs returns what differs between a run with the cache and one without; "" if
// nothing does.
func (run *auditRun) differs(plain *auditRun) string {
	if !slices.Equal(run.findings, plain.findings) {
		return fmt.Sprintf("findings =\n%s\nwant\n%s", strings.Join(run.findings, "\n"), strings.Join(plain.findings, "\n"))
	}
	a, b := run.sum, plain.sum
	a.Blobs, a.Bytes, a.Cached = b.Blobs, b.Bytes, b.Cached
	if got, want := fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b); got != want {
		return fmt.Sprintf("summary = %s, want %s", got, want)
	}
	return ""
}

// TestHistoryCacheLaw holds that with a cache, whatever the scans before saw, the
// same is found as without.
func TestHistoryCacheLaw(t *testing.T) {
	rounds := 24
	if testing.Short() {
		rounds = 8
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 2))
			r := newRepo(t)
			r.init()
			dir := filepath.Join(r.tmp, "cache")
			paths := []string{"a.txt", "b/a.txt", "conf/a.txt", "conf/b.ini", "test/a_test.go", "docs/a.md", "x/secret.key"}
			contents := []string{"nothing\n", "more of nothing\nand more\n"}
			for i := range 3 {
				contents = append(contents,
					fmt.Sprintf("one\ntok-%06d\n", i), fmt.Sprintf("two\ncnf-%06d\n", i),
					fmt.Sprintf("tok-%06d # cork:allow\n", i), fmt.Sprintf("three %d\n", i),
					strings.Repeat(fmt.Sprintf("line %d\n", i), 300), "\xff\xfet\x00o\x00k\x00-\x001\x002\x003\x004\x005\x00"+fmt.Sprint(i)+"\x00")
			}
			var all auditRun
			for round := range rounds {
				for range 1 + rng.IntN(3) {
					path := paths[rng.IntN(len(paths))]
					switch rng.IntN(6) {
					case 0:
						os.Remove(filepath.Join(r.dir, filepath.FromSlash(path)))
					case 1:
						old, _ := os.ReadFile(filepath.Join(r.dir, "a.txt"))
						r.write(path, strings.TrimSuffix(string(old), "\n"), contents[rng.IntN(len(contents))])
					default:
						r.writeFile(filepath.Join(r.dir, filepath.FromSlash(path)), contents[rng.IntN(len(contents))])
					}
				}
				r.git("add", "-A")
				message := fmt.Sprintf("round %d", round)
				if rng.IntN(4) == 0 {
					message += fmt.Sprintf(" tok-%06d", rng.IntN(1000))
				}
				r.git("commit", "-q", "--allow-empty", "-m", message)
				switch rng.IntN(8) {
				case 0:
					r.git("gc", "-q", "--prune=now")
				case 1:
					r.git("tag", "-a", "-m", "of "+message, fmt.Sprintf("v%d", round))
				case 2:
					r.git("commit", "-q", "--amend", "-m", message+" amended")
				}
				opts := git.HistoryOptions{Workers: 1 + rng.IntN(3), NoMessages: rng.IntN(4) == 0}
				if rng.IntN(3) == 0 && round > 0 {
					opts.Revs = []string{"HEAD~1..HEAD"}
				}
				plain := r.audit(t.Context(), cacheRules(), opts)
				opts.Cache = &git.HistoryCache{Dir: dir, Engine: "1"}
				for i := range 2 {
					all = r.audit(t.Context(), cacheRules(), opts)
					if d := all.differs(&plain); d != "" || len(all.notes) > 0 {
						t.Fatalf("round %d, %d, %+v: %s %q", round, i, opts, d, all.notes)
					}
				}
			}
			plain := r.audit(t.Context(), cacheRules(), git.HistoryOptions{})
			all = r.audit(t.Context(), cacheRules(), git.HistoryOptions{Cache: &git.HistoryCache{Dir: dir, Engine: "1"}})
			if d := all.differs(&plain); d != "" {
				t.Error(d)
			}
			if all.sum.Cached == 0 || all.sum.Blobs >= plain.sum.Blobs || len(plain.findings) < 2 {
				t.Errorf("the cache knew %d objects, %d of %d blobs were read, %d findings: the test shows nothing", all.sum.Cached, all.sum.Blobs, plain.sum.Blobs, len(plain.findings))
			}
			// No secret and no path is in what was remembered.
			files, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil || len(files) != 1 {
				t.Fatalf("files in the cache: %q, %v, want one", files, err)
			}
			data, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			for _, never := range append(paths, "tok-", "cnf-", r.tmp) {
				if strings.Contains(string(data), never) || strings.Contains(files[0][len(dir):], never) {
					t.Errorf("%q is in the cache", never)
				}
			}
		})
	}
}

// TestHistoryCacheOfOthers holds that what was scanned by other rules or another
// program is scanned again, and that this is said.
func TestHistoryCacheOfOthers(t *testing.T) {
	r := newRepo(t)
	r.init()
	r.write("a.txt", "a secret to none: new-123456")
	r.add(".")
	r.commit("first")
	dir := filepath.Join(r.tmp, "cache")
	more := cacheRules()
	more[0].ID, more[0].Regex, more[0].Keywords = "new", `new-[0-9]{6}`, []string{"new-"}
	for i, tt := range []struct {
		rules    []rules.Rule
		engine   string
		findings int
		cached   int
		note     string
	}{
		{cacheRules(), "1", 0, 0, ""},
		{cacheRules(), "1", 0, 2, ""},
		{more, "1", 1, 0, "stale"},
		{more, "1", 1, 1, ""},
		{cacheRules(), "1", 0, 0, "stale"},
		{cacheRules(), "2", 0, 0, "stale"},
		{cacheRules(), "2", 0, 2, ""},
	} {
		run := r.audit(t.Context(), tt.rules, git.HistoryOptions{Cache: &git.HistoryCache{Dir: dir, Engine: tt.engine}})
		if len(run.findings) != tt.findings || run.sum.Cached != tt.cached || !run.sum.Complete() {
			t.Errorf("run %d: %q, %d known, %v, want %d findings, %d known", i, run.findings, run.sum.Cached, run.sum.Errors, tt.findings, tt.cached)
		}
		if note := strings.Join(run.notes, "\n"); (note != "") != (tt.note != "") || !strings.Contains(note, tt.note) {
			t.Errorf("run %d: notes %q, want %q", i, run.notes, tt.note)
		}
	}
}

// TestHistoryCacheKeepsWhatIsThere holds that a scan of less forgets nothing, and
// that what is not in the store any more is forgotten.
func TestHistoryCacheKeepsWhatIsThere(t *testing.T) {
	r := newRepo(t)
	r.init()
	r.write("a.txt", "one")
	r.add(".")
	r.commit("first")
	r.write("a.txt", "two")
	r.add(".")
	r.commit("second")
	opts := git.HistoryOptions{Cache: &git.HistoryCache{Dir: filepath.Join(r.tmp, "cache"), Engine: "1"}}
	known := func(want int, revs ...string) {
		t.Helper()
		opts.Revs = revs
		if run := r.audit(t.Context(), cacheRules(), opts); run.sum.Cached != want {
			t.Errorf("audit of %q: %d objects known, want %d", revs, run.sum.Cached, want)
		}
	}
	known(0, "HEAD~1..HEAD")
	known(2) // a commit and a blob
	known(2, "HEAD~1..HEAD")
	known(4)
	r.git("reset", "-q", "--hard", "HEAD~1")
	r.git("reflog", "expire", "--expire=now", "--all")
	r.git("gc", "-q", "--prune=now")
	known(2)
	r.write("a.txt", "two")
	r.add(".")
	known(2) // the blob is there again, and was forgotten
	known(3)
}

// TestHistoryCacheOfAnotherPath holds that an object is scanned again where it
// stands at a path that rules judge otherwise.
func TestHistoryCacheOfAnotherPath(t *testing.T) {
	r := newRepo(t)
	r.init()
	opts := git.HistoryOptions{Cache: &git.HistoryCache{Dir: filepath.Join(r.tmp, "cache"), Engine: "1"}}
	for i, step := range []struct {
		path             string // to which the same content is added
		findings, cached int    // of the second run: commits, and the blob if there is nothing in it
	}{{"a.txt", 0, 2}, {"b.txt", 0, 3}, {"conf/a.txt", 1, 3}, {"c.txt", 1, 4}, {"secret.key", 2, 5}} {
		r.write(step.path, "cnf-123456")
		r.add(".")
		r.commit(step.path)
		for again := range 2 {
			run := r.audit(t.Context(), cacheRules(), opts)
			if len(run.findings) != step.findings || again == 1 && run.sum.Cached != step.cached {
				t.Errorf("step %d, run %d: %q, %d known, want %d findings, %d known", i, again, run.findings, run.sum.Cached, step.findings, step.cached)
			}
		}
	}
}

func TestHistoryCacheInterrupted(t *testing.T) {
	r := newRepo(t)
	r.init()
	r.write("a.txt", "one")
	r.add(".")
	r.commit("first")
	dir := filepath.Join(r.tmp, "cache")
	opts := git.HistoryOptions{Cache: &git.HistoryCache{Dir: dir, Engine: "1"}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if run := r.audit(ctx, cacheRules(), opts); run.sum.Complete() {
		t.Error("an interrupted audit is complete")
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("an interrupted audit was remembered")
	}
	opts.WholeBlobs = true
	repository, err := git.Open(t.Context(), git.Options{Dir: r.dir, Env: r.env, Git: gitProgram(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer repository.Close()
	if _, err := repository.History(t.Context(), opts); err == nil {
		t.Error("History(WholeBlobs, Cache): no error")
	}
}
