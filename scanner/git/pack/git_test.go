package pack_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// A repo is a repository that a test makes with real git, away from the
// machine's own configuration.
type repo struct {
	t   testing.TB
	dir string
	env []string
}

// newRepo returns a repository without commits. init are arguments of git init.
func newRepo(t testing.TB, init ...string) *repo {
	t.Helper()
	r := repoAt(t, filepath.Join(t.TempDir(), "r"))
	if err := os.Mkdir(r.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	r.git(append([]string{"init", "-q"}, init...)...)
	return r
}

// repoAt returns a repo for a folder that is made otherwise.
func repoAt(t testing.TB, dir string) *repo {
	t.Helper()
	home := filepath.Dir(dir)
	global := filepath.Join(home, "gitconfig")
	if err := os.WriteFile(global, []byte("[protocol \"file\"]\n\tallow = always\n[gc]\n\tauto = 0\n[pack]\n\tthreads = 1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	r := &repo{t: t, dir: dir, env: []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + home,
		"TZ=UTC",
		"GIT_CONFIG_GLOBAL=" + global,
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A U Thor",
		"GIT_AUTHOR_EMAIL=author@example.com",
		"GIT_AUTHOR_DATE=1700000000 +0000",
		"GIT_COMMITTER_NAME=C O Mitter",
		"GIT_COMMITTER_EMAIL=committer@example.com",
		"GIT_COMMITTER_DATE=1700000000 +0000",
	}}
	if runtime.GOOS == "windows" {
		r.env = append(r.env, "SYSTEMROOT="+os.Getenv("SYSTEMROOT"))
	}
	return r
}

// git runs git and returns its output without the last newline.
func (r *repo) git(args ...string) string { return r.gitIn("", args...) }

// gitIn runs git with something on standard input.
func (r *repo) gitIn(stdin string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = r.dir, r.env, strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, stderr.Bytes())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// objects returns the folder of objects.
func (r *repo) objects() string {
	dir := filepath.FromSlash(r.git("rev-parse", "--git-path", "objects"))
	if filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(r.dir, dir)
}

// commits makes a history with fast-import: n commits, each changes one of
// files files of some hundred lines, now and then all of them.
func (r *repo) commits(n, files int, seed uint64) {
	r.t.Helper()
	var b strings.Builder
	rnd := newRandom(seed)
	content := make([][]string, files)
	for i := range content {
		content[i] = rnd.lines(50 + rnd.n(300))
	}
	for c := range n {
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter C <c@example.com> %d +0000\ndata <<X\ncommit %d\nX\n", 1700000000+c, c)
		for i := range content {
			if c > 0 && i != c%files && rnd.n(20) != 0 {
				continue
			}
			rnd.edit(&content[i])
			text := strings.Join(content[i], "")
			fmt.Fprintf(&b, "M 100644 inline dir%d/file%d.txt\ndata %d\n%s\n", i%3, i, len(text), text)
		}
	}
	fmt.Fprintf(&b, "tag v%d\nfrom refs/heads/main\ntagger T <t@example.com> 1700000000 +0000\ndata 4\ntag\n\n", seed)
	r.gitIn(b.String(), "fast-import", "--quiet", "--force")
}

// A random is a small source of numbers that are the same on every machine.
type random struct{ state uint64 }

func newRandom(seed uint64) *random { return &random{seed*2654435769 + 88172645463325252} }

func (r *random) n(n int) int {
	r.state ^= r.state << 13
	r.state ^= r.state >> 7
	r.state ^= r.state << 17
	return int(r.state % uint64(n))
}

func (r *random) line() string {
	const words = "alpha beta gamma delta return if else func token value = + - ( ) { } ; 1 2 3"
	list := strings.Fields(words)
	var b strings.Builder
	for range 3 + r.n(10) {
		b.WriteString(list[r.n(len(list))])
		b.WriteByte(' ')
	}
	b.WriteString(strconv.Itoa(r.n(1e6)))
	b.WriteByte('\n')
	return b.String()
}

func (r *random) lines(n int) []string {
	l := make([]string, n)
	for i := range l {
		l[i] = r.line()
	}
	return l
}

// edit inserts, deletes, replaces or moves some lines.
func (r *random) edit(l *[]string) {
	for range 1 + r.n(4) {
		at := r.n(len(*l) + 1)
		switch r.n(4) {
		case 0:
			*l = append((*l)[:at:at], append(r.lines(1+r.n(5)), (*l)[at:]...)...)
		case 1:
			to := min(len(*l), at+r.n(5))
			*l = append((*l)[:at:at], (*l)[to:]...)
		case 2:
			if at < len(*l) {
				*l = append(append((*l)[:at:at], r.line()), (*l)[at+1:]...)
			}
		case 3:
			*l = append((*l)[at:len(*l):len(*l)], (*l)[:at]...)
		}
	}
}

// An object is what git says of one.
type object struct {
	typ  string
	data []byte
}

// all returns every object of the repository, by id, as git has it.
func (r *repo) all() map[string]object {
	r.t.Helper()
	cmd := exec.Command("git", "cat-file", "--batch", "--batch-all-objects", "--unordered")
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatal(err)
	}
	all := map[string]object{}
	for b := bufio.NewReader(bytes.NewReader(out)); ; {
		line, err := b.ReadString('\n')
		if err == io.EOF {
			return all
		}
		f := strings.Fields(line)
		if err != nil || len(f) != 3 {
			r.t.Fatalf("cat-file says %q, %v", line, err)
		}
		size, err := strconv.Atoi(f[2])
		if err != nil {
			r.t.Fatal(err)
		}
		data := make([]byte, size+1)
		if _, err := io.ReadFull(b, data); err != nil {
			r.t.Fatal(err)
		}
		all[f[0]] = object{f[1], data[:size]}
	}
}

// open opens the repository's objects.
func (r *repo) open(opts pack.Options) *pack.Store {
	r.t.Helper()
	return openStore(r.t, r.objects(), opts)
}

func openStore(t testing.TB, dir string, opts pack.Options) *pack.Store {
	t.Helper()
	s, err := pack.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
