package git_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git"
)

// historyPaths are of different classes: rules judge differently in code, tests,
// documents and configuration, and some look at names.
var historyPaths = []string{"a.go", "test/a.py", "docs/x.md", ".env", "config/app.yml", "Dockerfile", "deep/er/k.json", "id_rsa"}

// A pastOf makes a random history as git fast-import reads it.
type pastOf struct {
	rnd      *rand.Rand
	examples []string
	out      strings.Builder
	commits  int
	branches []map[string]string // what their tips hold, by path
	tips     []int               // the commits that they are
	paths    map[string][]string // by content: the paths that it ever had
}

// ruleExamples returns the examples of the built-in rules.
func ruleExamples(t *testing.T) (examples []string) {
	t.Helper()
	files, err := filepath.Glob("../../rules/builtin/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files match ../../rules/builtin/*.toml (%v)", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rs, err := rules.Parse(filepath.Base(file), data)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rs {
			examples = append(examples, r.Match...)
		}
	}
	return examples
}

// piece returns a bit of a file: half of them an example of a rule, whole,
// truncated or encoded.
func (p *pastOf) piece() string {
	plain := []string{
		"\n", " ", "    ", "# cork:" + "allow\n", "// cork:" + "allow-next-line\n", "# cork:" + "allow-start\n", "# cork:" + "allow-end\n", "# cork:" + "allow-file rule=generic-password\n", "key: value\n", "password", " = ", `"`,
		"if err != nil {\n\treturn err\n}\n", "user=root\n", "\xff\xfe", "\x00a\x00b\x00c\x00d\x00e\x00f\x00g\x00h\x00i\x00",
		strings.Repeat("lorem ipsum ", 40), strings.Repeat("some line of a file\n", 1+p.rnd.IntN(60)), "pass" + "=hunter22,",
	}
	if p.rnd.IntN(2) > 0 {
		return plain[p.rnd.IntN(len(plain))]
	}
	s, err := rules.Expand(p.examples[p.rnd.IntN(len(p.examples))], p.rnd.IntN(1<<20))
	if err != nil {
		panic(err) // an example that rules test themselves
	}
	switch p.rnd.IntN(6) {
	case 0:
		s = s[p.rnd.IntN(len(s)):]
	case 1:
		s = s[:p.rnd.IntN(len(s))]
	case 2:
		s = base64.StdEncoding.EncodeToString([]byte(s))
	}
	return s + "\n"
}

func (p *pastOf) first() string {
	var b strings.Builder
	n := 1 + p.rnd.IntN(30)
	if p.rnd.IntN(12) == 0 {
		b.WriteString(strings.Repeat("a line that every version has\n", 4000))
	}
	for range n {
		b.WriteString(p.piece())
	}
	if p.rnd.IntN(8) == 0 {
		return inUTF16(b.String())
	}
	return b.String()
}

func inUTF16(s string) string {
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	return string(wide)
}

// edited makes a new version of a file: pieces come, go, move, are repeated, come
// from another file, and single bytes change, anywhere.
func (p *pastOf) edited(old, other string) string {
	var b strings.Builder
	at := 0
	part := func(of string) string {
		from := p.rnd.IntN(len(of) + 1)
		return of[from : from+p.rnd.IntN(min(600, len(of)-from)+1)]
	}
	for range 1 + p.rnd.IntN(4) {
		to := at + p.rnd.IntN(len(old)-at+1)
		b.WriteString(old[at:to])
		at = to
		switch p.rnd.IntN(7) {
		case 0, 1:
			b.WriteString(p.piece())
		case 2:
			at += p.rnd.IntN(min(60, len(old)-at) + 1)
		case 3:
			b.WriteByte(byte(p.rnd.IntN(256)))
			at += min(1, len(old)-at)
		case 4:
			b.WriteString(part(old))
		case 5:
			b.WriteString(part(other))
		case 6:
			b.WriteByte("\n =:'\"Aa0"[p.rnd.IntN(9)])
		}
	}
	return b.String() + old[at:]
}

func (p *pastOf) data(s string) { fmt.Fprintf(&p.out, "data %d\n%s\n", len(s), s) }

// commit writes a commit to a branch, or to a new one.
func (p *pastOf) commit() {
	p.commits++
	on, merged := 0, -1
	var files map[string]string
	switch n := len(p.branches); {
	case n == 0:
		files = make(map[string]string)
		p.branches, p.tips = append(p.branches, files), append(p.tips, 0)
	case n < 3 && p.rnd.IntN(8) == 0:
		from := p.rnd.IntN(n)
		on = n
		files = maps.Clone(p.branches[from])
		p.branches, p.tips = append(p.branches, files), append(p.tips, p.tips[from])
	default:
		on = p.rnd.IntN(n)
		files = p.branches[on]
		if other := p.rnd.IntN(n); other != on && p.rnd.IntN(3) == 0 {
			merged = other
		}
	}
	message := fmt.Sprintf("change %d\n", p.commits)
	if p.rnd.IntN(8) == 0 {
		message += "\n" + p.piece()
	}
	fmt.Fprintf(&p.out, "commit refs/heads/b%d\nmark :%d\nauthor A <a@example.com> %d +0000\ncommitter C <c@example.com> %d +0000\n",
		on, p.commits, 1_700_000_000+3600*p.commits, 1_700_000_000+3600*p.commits)
	p.data(message)
	if p.tips[on] > 0 {
		fmt.Fprintf(&p.out, "from :%d\n", p.tips[on])
	}
	p.tips[on] = p.commits
	if merged >= 0 {
		fmt.Fprintf(&p.out, "merge :%d\n", p.tips[merged])
		for path, content := range p.branches[merged] {
			if p.rnd.IntN(2) > 0 {
				files[path] = content
			}
		}
	}
	anyOf := func() string {
		names := slices.Sorted(maps.Keys(files))
		if len(names) == 0 {
			return ""
		}
		return names[p.rnd.IntN(len(names))]
	}
	for range 1 + p.rnd.IntN(3) {
		path := historyPaths[p.rnd.IntN(len(historyPaths))]
		old, there := files[path]
		switch {
		case !there && p.rnd.IntN(2) > 0:
			files[path] = p.first()
		case !there:
			files[path] = files[anyOf()] // the same blob, or none
		case p.rnd.IntN(12) == 0:
			delete(files, path)
		case p.rnd.IntN(12) == 0: // moved
			delete(files, path)
			files[historyPaths[p.rnd.IntN(len(historyPaths))]] = p.edited(old, old)
		default:
			files[path] = p.edited(old, files[anyOf()])
		}
	}
	p.out.WriteString("deleteall\n")
	for _, path := range slices.Sorted(maps.Keys(files)) {
		content := files[path]
		if !slices.Contains(p.paths[content], path) {
			p.paths[content] = append(p.paths[content], path)
		}
		fmt.Fprintf(&p.out, "M 100644 inline %s\n", path)
		p.data(content)
	}
}

// into writes more commits, and a tag, into a repository.
func (p *pastOf) into(r *repo, commits int) {
	r.t.Helper()
	p.out.Reset()
	for range commits {
		p.commit()
	}
	fmt.Fprintf(&p.out, "tag v%d\nfrom :%d\ntagger T <t@example.com> 1800000000 +0000\n", p.commits, p.tips[0])
	p.data("version\n\n" + p.piece())
	r.gitIn(p.out.String(), "-c", "fastimport.unpackLimit="+strconv.Itoa(p.rnd.IntN(2)*1000), "fast-import", "--quiet", "--import-marks-if-exists=marks", "--export-marks=marks")
}

// sourceOf is the source of a content.
type sourceOf struct{ path, content string }

func (s sourceOf) Blobs(context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		yield(scanner.Blob{Path: s.path, ID: "0", Size: int64(len(s.content)), Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(s.content)), nil
		}}, nil)
	}
}

// nameOf returns what tells the secret of a finding from others. Where a name is
// what was found, that is the name.
func nameOf(f *scanner.Finding, path string) string {
	if f.Secret.IsZero() {
		return f.RuleID + " " + path
	}
	o := scanner.Occurrence{RuleID: f.RuleID, Secret: f.Secret}
	return strings.ReplaceAll(o.SameSecret(), "\x00", " ")
}

// everyObject scans whatever git cat-file prints, by itself, at each of its paths.
// It returns the secrets, each with a path of what holds it.
func everyObject(r *repo, s *scanner.Scanner, paths map[string][]string) map[string]string {
	r.t.Helper()
	cmd := exec.Command(gitProgram(r.t), "cat-file", "--batch", "--batch-all-objects", "--unordered")
	cmd.Dir, cmd.Env = r.dir, r.env
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	secrets := make(map[string]string)
	for out := bufio.NewReader(pipe); ; {
		head, err := out.ReadString('\n')
		if err == io.EOF {
			break
		}
		var id, kind string
		var size int
		if _, err := fmt.Sscan(head, &id, &kind, &size); err != nil {
			r.t.Fatalf("git cat-file: %q: %v", head, err)
		}
		content := make([]byte, size+1)
		if _, err := io.ReadFull(out, content); err != nil {
			r.t.Fatal(err)
		}
		text := string(content[:size])
		at := paths[text]
		switch {
		case kind == "tree":
			continue
		case kind != "blob":
			at = []string{"(" + kind + " message)"}
		case len(at) == 0:
			r.t.Fatalf("object %s has no path", id)
		}
		for _, path := range at {
			for f, err := range s.Scan(r.t.Context(), sourceOf{path, text}, nil) {
				if err != nil {
					r.t.Fatalf("Scan(%s at %s) = %v", id, path, err)
				}
				secrets[nameOf(&f, path)] = path + " in " + id
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		r.t.Fatal(err)
	}
	return secrets
}

// auditOf scans a history.
func auditOf(t *testing.T, r *git.Repository, s *scanner.Scanner, opts git.HistoryOptions) ([]scanner.Finding, scanner.Summary) {
	t.Helper()
	opts.Now = time.Unix(1_900_000_000, 0).UTC()
	h, err := r.History(t.Context(), opts)
	if err != nil {
		t.Fatalf("History() = %v", err)
	}
	var found []scanner.Finding
	var sum scanner.Summary
	for f, err := range h.Scan(t.Context(), s, &sum) {
		if err != nil {
			t.Errorf("Scan(%+v) yields the error %v", opts, err)
			continue
		}
		found = append(found, f)
	}
	return found, sum
}

func describeFindings(found []scanner.Finding) (lines []string) {
	for i := range found {
		f := &found[i]
		l := fmt.Sprintf("%s in %s, parts %v, story %+v", nameOf(f, f.Location.Path), f.Location.Blob, f.Parts, *f.Story)
		if f.Story.Introduced != nil {
			l += " from " + f.Story.Introduced.ID
		}
		if f.Story.Removed != nil {
			l += " to " + f.Story.Removed.ID
		}
		lines = append(lines, l)
	}
	return lines
}

// TestHistoryAgrees: what is found by way of deltas is what is found by scanning
// every version whole, whichever deltas git chose and however many workers there
// are; and the secrets are those of all objects that git has, each scanned by
// itself at all of its paths.
func TestHistoryAgrees(t *testing.T) {
	t.Parallel()
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	all := scanner.New(set, scanner.Options{Workers: 1, MinConfidence: rules.ConfidenceLow, Suppressed: true})
	likely := scanner.New(set, scanner.Options{Workers: 1})
	examples := ruleExamples(t)
	rounds, commits := 24, 40
	if testing.Short() {
		rounds, commits = 3, 25
	}
	secrets := 0
	for seed := range rounds {
		rnd := rand.New(rand.NewPCG(uint64(seed), 11))
		s := all
		if seed%3 == 1 {
			s = likely // more depends on the path
		}
		past := &pastOf{rnd: rnd, examples: examples, paths: make(map[string][]string)}
		r := newRepo(t)
		if seed%4 == 3 {
			r.init("--bare", "--object-format=sha256")
		} else {
			r.init("--bare")
		}
		r.git("symbolic-ref", "HEAD", "refs/heads/b0")
		repack := func() {
			window := 2 + rnd.IntN(20)
			if rnd.IntN(3) == 0 {
				window = 0 // no deltas at all
			}
			r.git("repack", "-adfq", "--depth="+strconv.Itoa(1+rnd.IntN(50)), "--window="+strconv.Itoa(window), "--window-memory=0", "--threads=1")
		}
		repository := r.byGit()
		var before []scanner.Finding
		check := func(stage string, opts git.HistoryOptions) {
			t.Helper()
			whole := opts
			whole.WholeBlobs = true
			opts.Workers, whole.Workers = 1+rnd.IntN(3), 1+rnd.IntN(3)
			got, sum := auditOf(t, repository, s, opts)
			want, wantSum := auditOf(t, repository, s, whole)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d, %s: with %d workers through deltas\n%s\nwith %d workers in full\n%s", seed, stage,
					opts.Workers, strings.Join(describeFindings(got), "\n"), whole.Workers, strings.Join(describeFindings(want), "\n"))
			}
			if !reflect.DeepEqual(sum, wantSum) {
				t.Errorf("seed %d, %s: through deltas %+v, in full %+v", seed, stage, sum, wantSum)
			}
			if before != nil && !reflect.DeepEqual(got, before) {
				t.Fatalf("seed %d, %s:\n%s\nbefore, with other deltas of the same objects\n%s", seed, stage,
					strings.Join(describeFindings(got), "\n"), strings.Join(describeFindings(before), "\n"))
			}
			before = got
		}
		everything := git.HistoryOptions{}
		past.into(r, commits)
		repack()
		check("first pack", everything)
		before = nil
		past.into(r, commits/3)
		check("first pack, and new objects", everything)
		repack()
		check("one pack", everything)

		want := everyObject(r, s, past.paths)
		for i := range before {
			f := &before[i]
			name := nameOf(f, f.Location.Path)
			if _, ok := want[name]; !ok {
				t.Errorf("seed %d: History.Scan found %q at %s in %s, where Scan finds no such thing", seed, name, f.Location.Path, f.Location.Blob)
			}
			delete(want, name)
		}
		for name, where := range want {
			t.Errorf("seed %d: Scan finds %q at %s, History.Scan does not", seed, name, where)
		}
		secrets += len(before)

		// A base that is not looked at itself.
		before = nil
		check("some commits", git.HistoryOptions{Revs: []string{"refs/heads/b0"}, Not: []string{fmt.Sprintf("v%d", commits)}, NoMessages: true})
	}
	if secrets < rounds*20 {
		t.Errorf("%d secrets in %d histories: the test shows too little", secrets, rounds)
	}
}

// TestHistoryJudgesAtEveryPath: the same content is judged at a path where it
// matters, whichever path comes first and whatever kind of content it is.
func TestHistoryJudgesAtEveryPath(t *testing.T) {
	t.Parallel()
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	s := scanner.New(set, scanner.Options{})
	text := "db_password: " + "mypass" + "word123\n"
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	pointer := fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%x\nsize %d\n", sha256.Sum256([]byte(text)), len(text))
	for name, content := range map[string]string{"text": text, "utf-16": inUTF16(text), "gzip": zipped.String(), "git-lfs": pointer, "large": strings.Repeat("\n", 70<<20) + text} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name == "large" {
				t.Skip("70 MB")
			}
			r := newRepo(t)
			r.init()
			oid := fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
			r.writeFile(filepath.Join(r.dir, ".git", "lfs", "objects", oid[:2], oid[2:4], oid), text)
			for _, path := range []string{"docs/a.md", "test/a_test.go", "z.yml"} {
				r.writeFile(filepath.Join(r.dir, filepath.FromSlash(path)), content)
				r.add(path)
			}
			r.commit("three paths, one blob")
			found, sum := auditOf(t, r.byGit(), s, git.HistoryOptions{})
			if len(found) != 1 || found[0].Secret.Reveal() != strings.TrimSpace(strings.TrimPrefix(text, "db_password:")) || found[0].Story.PlacesTotal != 3 {
				t.Errorf("Scan() = %q, %+v, want the password, at 3 places", describeFindings(found), sum)
			}
		})
	}
}

// TestHistoryInterrupted cuts an audit short while git is asked, which does not
// answer: what was found until then is told.
func TestHistoryInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the git that does not answer is a shell script")
	}
	r := newRepo(t)
	r.init()
	r.write("a.txt", "tok-123456\n")
	r.add(".")
	r.commit("first")
	silent := filepath.Join(r.tmp, "git")
	script := "#!/bin/sh\ncase \" $* \" in *' rev-list '*) exec sleep 1000 ;; esac\nexec '" + gitProgram(t) + "' \"$@\"\n"
	if err := os.WriteFile(silent, []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	repository, err := git.Open(t.Context(), git.Options{Dir: r.dir, Env: r.env, Git: silent})
	if err != nil {
		t.Fatal(err)
	}
	defer repository.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h, err := repository.History(t.Context(), git.HistoryOptions{Now: time.Unix(1700000000, 0), Progress: func(p git.HistoryProgress) {
		if p.Phase == "scanning" && p.Objects == p.ObjectsTotal {
			cancel()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.Compile(cacheRules())
	if err != nil {
		t.Fatal(err)
	}
	var sum scanner.Summary
	var found []string
	var last error
	for f, err := range h.Scan(ctx, scanner.New(set, scanner.Options{}), &sum) {
		if last = err; err == nil {
			found = append(found, f.RuleID+" "+f.Location.Path)
			if f.Story == nil || f.Story.Introduced == nil {
				t.Errorf("%s has no story", f.RuleID)
			}
		}
	}
	if len(found) != 1 || !errors.Is(last, context.Canceled) || sum.Complete() || sum.Findings != 1 {
		t.Errorf("Scan of an audit that was cut short = %q, %v, complete %t, %d findings", found, last, sum.Complete(), sum.Findings)
	}
}
