package git_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git"
)

// open opens the repo with an engine and closes it with the test.
func (r *repo) open(engine git.Engine) (*git.Repository, error) {
	r.t.Helper()
	opts := git.Options{Dir: r.dir, Env: r.env, Engine: engine}
	if engine == git.EnginePlumbing {
		opts.Git = gitProgram(r.t)
	}
	repository, err := git.Open(context.Background(), opts)
	if err == nil {
		r.t.Cleanup(func() {
			if err := repository.Close(); err != nil {
				r.t.Errorf("Close() = %v", err)
			}
		})
	}
	return repository, err
}

// A sight is all that can be seen of a blob.
type sight struct {
	path, id string
	skip     scanner.SkipReason
	old      bool
	sum      string   // of the content
	before   []string // sums of the contents before, sorted; nil without any
	lines    []string // of the content that are not in any of these
}

// String returns the line that stands for the sight in the table.
func (s sight) String() string {
	kind, what := "A", ""
	if s.old {
		kind = "M"
	}
	switch {
	case s.skip != "":
		what = " skipped: " + string(s.skip)
	case len(s.lines) > 0:
		what = " " + strings.Join(s.lines, "|")
	}
	return kind + " " + show(s.path) + ":" + what
}

// look reads everything of every blob of the source. Blobs come with the
// errors of the source and of their readers joined.
func look(ctx context.Context, source scanner.Source) (sights []sight, err error) {
	for b, blobErr := range source.Blobs(ctx) {
		if blobErr != nil {
			err = errors.Join(err, blobErr)
			continue
		}
		s, readErr := lookAt(ctx, b)
		if readErr != nil {
			err = errors.Join(err, &scanner.BlobError{Path: b.Path, ID: b.ID, Err: readErr})
			continue
		}
		sights = append(sights, s)
	}
	return sights, err
}

func lookAt(ctx context.Context, b scanner.Blob) (sight, error) {
	s := sight{path: b.Path, id: b.ID, skip: b.Skip, old: b.Old}
	if b.Skip != "" {
		if b.Open != nil || b.Before != nil {
			return s, errors.New("a skipped blob has content")
		}
		return s, nil
	}
	content, err := readClose(b.Open(ctx))
	if skip := (*scanner.SkipError)(nil); errors.As(err, &skip) {
		s.skip = skip.Reason
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if b.Size >= 0 && b.Size != int64(len(content)) {
		return s, fmt.Errorf("%d bytes, but Size = %d", len(content), b.Size)
	}
	s.sum = sum(content)
	old := make(map[string]bool)
	if b.Before != nil {
		s.before = []string{}
		for r, err := range b.Before(ctx) {
			content, err := readClose(r, err)
			if err != nil {
				return s, fmt.Errorf("before: %w", err)
			}
			s.before = append(s.before, sum(content))
			for _, l := range lines(content) {
				old[l] = true
			}
		}
		slices.Sort(s.before)
	}
	for _, l := range lines(content) {
		if !old[l] {
			s.lines = append(s.lines, show(l))
		}
	}
	return s, nil
}

func readClose(r io.ReadCloser, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	return string(data), err
}

func lines(content string) []string {
	if content == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(content, "\n"), "\n")
}

func sum(content string) string {
	h := sha256.Sum256([]byte(content))
	return hex.EncodeToString(h[:4])
}

// TestEnginesAgree builds every fixture with real git and looks at it with
// both engines. git's must see what the table says. The embedded one must see
// the same, or refuse with the feature that the table names.
func TestEnginesAgree(t *testing.T) {
	t.Parallel()
	for _, f := range fixtures() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			f.build(r)
			agree(t, r, f)
		})
	}
}

func agree(t *testing.T, r *repo, f fixture) {
	ctx := t.Context()
	byGit, err := r.open(git.EnginePlumbing)
	if err != nil {
		t.Fatalf("Open(plumbing) = %v", err)
	}
	truth, err := look(ctx, byGit.Staged())
	if err != nil {
		t.Errorf("Staged() of git: %v", err)
	}
	equal(t, "Staged() of git", text(truth), f.want)

	embedded, err := r.open(git.EngineEmbedded)
	if f.refuse != "" {
		var refusal *git.UnsupportedError
		if !errors.As(err, &refusal) || refusal.Feature != f.refuse || scanner.HintOf(err) == "" {
			t.Errorf("Open(embedded) = %v, want a refusal with a hint that names %q", err, f.refuse)
		}
		t.Logf("git sees %d blobs as the table says; the embedded engine: %v", len(truth), err)
		return
	}
	if err != nil {
		t.Fatalf("Open(embedded) = %v", err)
	}
	seen, err := look(ctx, embedded.Staged())
	if err != nil {
		t.Errorf("Staged() of the embedded engine: %v", err)
	}
	equal(t, "Staged() of the embedded engine", text(seen), f.want)
	equal(t, "all of Staged() of the embedded engine", details(seen), details(truth))
	n := agreeOnIndex(t, byGit, embedded)
	agreeOnPlace(t, byGit, embedded, f.noTree)
	agreeOnHead(t, byGit, embedded)
	t.Logf("both engines see the same %d blobs, as the table says, and the same %d in the index", len(seen), n)
}

func agreeOnIndex(t *testing.T, byGit, embedded *git.Repository) int {
	t.Helper()
	truth, err := look(t.Context(), byGit.Index())
	if err != nil {
		truth = append(truth, sight{path: "(missing)"})
	}
	seen, embeddedErr := look(t.Context(), embedded.Index())
	if embeddedErr != nil {
		seen = append(seen, sight{path: "(missing)"})
	}
	if (err == nil) != (embeddedErr == nil) {
		t.Errorf("Index(): git: %v\nembedded: %v", err, embeddedErr)
	}
	equal(t, "Index() of the embedded engine", details(seen), details(truth))
	return len(seen)
}

func agreeOnPlace(t *testing.T, byGit, embedded *git.Repository, noTree bool) {
	t.Helper()
	for _, p := range []struct{ what, got, want string }{
		{"Root()", embedded.Root(), byGit.Root()},
		{"GitDir()", embedded.GitDir(), byGit.GitDir()},
	} {
		if real(p.got) != real(p.want) {
			t.Errorf("%s = %q, but git says %q", p.what, p.got, p.want)
		}
	}
	if (embedded.Root() == "") != noTree {
		t.Errorf("Root() = %q, want none: %v", embedded.Root(), noTree)
	}
}

// real returns the path without symbolic links.
func real(path string) string {
	if p, err := filepath.EvalSymlinks(path); err == nil {
		return p
	}
	return path
}

func agreeOnHead(t *testing.T, byGit, embedded *git.Repository) {
	t.Helper()
	for _, name := range []string{"a.txt", "dir/c.txt", "dir", "none", "a.txt/none", "dir/none", "link", "sub", "", "/a.txt", "../a.txt", "dir/../a.txt"} {
		want, wantErr := byGit.FileAt(t.Context(), "HEAD", name)
		got, err := embedded.FileAt(t.Context(), "HEAD", name)
		if string(got) != string(want) || errors.Is(err, fs.ErrNotExist) != errors.Is(wantErr, fs.ErrNotExist) || (err == nil) != (wantErr == nil) {
			t.Errorf("FileAt(%q) = %q, %v, but git says %q, %v", name, got, err, want, wantErr)
		}
	}
	for _, dir := range []string{"dir", "none", "a.txt", "dir/none", "link", "sub", "", ".", "/dir", "../dir", "dir/..", "dir/"} {
		for _, name := range []string{"c.txt", "none", "link"} {
			want, wantErr := byGit.Folders("HEAD", name).File(t.Context(), dir)
			got, err := embedded.Folders("HEAD", name).File(t.Context(), dir)
			if string(got) != string(want) || errors.Is(err, fs.ErrNotExist) != errors.Is(wantErr, fs.ErrNotExist) || (err == nil) != (wantErr == nil) {
				t.Errorf("Folders(%q).File(%q) = %q, %v, but git says %q, %v", name, dir, got, err, want, wantErr)
			}
		}
	}
	for _, rev := range []string{"HEAD", "main", "refs/heads/main", "no-such-branch", "4b825dc642cb6eb9a060e54bf8d69288fbee4904", strings.Repeat("12", 20)} {
		want, wantErr := byGit.Exists(t.Context(), rev)
		got, err := embedded.Exists(t.Context(), rev)
		if got != want || err != nil || wantErr != nil {
			t.Errorf("Exists(%q) = %v, %v, but git says %v, %v", rev, got, err, want, wantErr)
		}
	}
}

// text returns the sights as the table has them.
func text(sights []sight) (all []string) {
	for _, s := range sights {
		all = append(all, s.String())
	}
	return all
}

// details returns all that both engines must agree on.
func details(sights []sight) (all []string) {
	for _, s := range sights {
		all = append(all, fmt.Sprintf("%q id %s skip %q old %v content %s before %q", s.path, s.id, s.skip, s.old, s.sum, s.before))
	}
	return all
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for i := range max(len(got), len(want)) {
		g, w := "(nothing)", "(nothing)"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("%s: %d blobs, want %d; number %d is\n%.400s\nwant\n%.400s", what, len(got), len(want), i, g, w)
			return
		}
	}
}

// TestNeverClean damages repositories. Neither engine may come to the end of
// Staged, everything read, without an error.
func TestNeverClean(t *testing.T) {
	t.Parallel()
	object := func(id string) string { return ".git/objects/" + id[:2] + "/" + id[2:] }
	tests := []struct {
		name  string
		build func(*repo)
		want  string // in the embedded engine's error
	}{
		{"not a repository", func(r *repo) {}, "not a git repository"},
		{"GIT_DIR that is none", func(r *repo) { r.start(); r.stage(); r.setenv("GIT_DIR", r.tmp) }, "not a git repository"},
		{"GIT_DIR empty", func(r *repo) { r.start(); r.stage(); r.setenv("GIT_DIR", "") }, "not a git repository"},
		{"GIT_CEILING_DIRECTORIES below the repository", func(r *repo) {
			r.start()
			r.stage()
			r.setenv("GIT_CEILING_DIRECTORIES", r.dir)
			r.dir = filepath.Join(r.dir, "dir")
		}, "not a git repository"},
		{"a .git file that leads nowhere", func(r *repo) {
			r.start()
			r.stage()
			r.write("dir/.git", "gitdir: nowhere")
			r.dir = filepath.Join(r.dir, "dir")
		}, "not a git repository"},
		{"a .git file with something else in it", func(r *repo) {
			r.start()
			r.stage()
			r.write("dir/.git", "anything")
			r.dir = filepath.Join(r.dir, "dir")
		}, "not a valid .git file"},
		{"GIT_INDEX_FILE that does not exist", func(r *repo) {
			r.start()
			r.stage()
			r.setenv("GIT_INDEX_FILE", filepath.Join(r.tmp, "none"))
		}, "GIT_INDEX_FILE"},
		{"GIT_INDEX_FILE that does not exist, before the first commit", func(r *repo) {
			r.init()
			r.stage()
			r.setenv("GIT_INDEX_FILE", filepath.Join(r.tmp, "none"))
		}, "GIT_INDEX_FILE"},
		{"GIT_INDEX_FILE empty", func(r *repo) { r.start(); r.stage(); r.setenv("GIT_INDEX_FILE", "") }, "GIT_INDEX_FILE"},
		{"repository format 2", func(r *repo) {
			r.start()
			r.stage()
			r.git("config", "core.repositoryFormatVersion", "2")
		}, "core.repositoryformatversion=2"},
		{"unknown extension", func(r *repo) {
			r.start()
			r.stage()
			r.git("config", "core.repositoryFormatVersion", "1")
			r.git("config", "extensions.fromTheFuture", "true")
		}, "extensions.fromthefuture"},
		{"broken configuration", func(r *repo) { r.start(); r.stage(); r.write(".git/config", "[core", "bare = false") }, "config"},
		{"index of zero bytes", func(r *repo) { r.start(); r.stage(); r.writeFile(filepath.Join(r.dir, ".git/index"), "") }, "malformed index"},
		{"index cut short", func(r *repo) {
			r.start()
			r.stage()
			r.change(".git/index", func(b []byte) []byte { return b[:len(b)/2] })
		}, "index"},
		{"index of version 9", func(r *repo) {
			r.start()
			r.stage()
			r.change(".git/index", func(b []byte) []byte { b[7] = 9; return b })
		}, "an index of version 9"},
		{"index with an extension that must be known", func(r *repo) {
			r.start()
			r.stage()
			r.change(".git/index", func(b []byte) []byte {
				return slices.Concat(b[:len(b)-20], []byte("newx\x00\x00\x00\x00"), b[len(b)-20:])
			})
		}, `index extension "newx"`},
		{"HEAD to a broken branch", func(r *repo) {
			r.start()
			r.stage()
			r.write(".git/refs/heads/main", "garbage")
		}, `reference "refs/heads/main" is broken`},
		{"HEAD to an empty branch file", func(r *repo) {
			r.start()
			r.stage()
			r.writeFile(filepath.Join(r.dir, ".git/refs/heads/main"), "")
		}, `reference "refs/heads/main" is broken`},
		{"HEAD to a branch of zeros", func(r *repo) {
			r.start()
			r.stage()
			r.write(".git/refs/heads/main", strings.Repeat("0", 40))
		}, `reference "refs/heads/main" is broken`},
		{"HEAD to a missing commit", func(r *repo) {
			r.start()
			r.stage()
			r.write(".git/refs/heads/main", strings.Repeat("12", 20))
		}, "missing"},
		{"HEAD to a blob", func(r *repo) {
			r.start()
			r.stage()
			r.write(".git/refs/heads/main", r.git("rev-parse", "HEAD:a.txt"))
		}, "is a blob, not a commit"},
		{"HEAD points to itself", func(r *repo) {
			r.start()
			r.stage()
			r.write(".git/refs/heads/main", "ref: refs/heads/other")
			r.write(".git/refs/heads/other", "ref: refs/heads/main")
		}, "too many levels"},
		{"broken packed-refs", func(r *repo) {
			r.start()
			r.stage()
			r.git("pack-refs", "--all", "--prune")
			r.write(".git/packed-refs", "no id here")
		}, "packed-refs is malformed"},
		{"MERGE_HEAD with something else in it", func(r *repo) {
			r.start()
			r.stage()
			r.write(".git/MERGE_HEAD", "main")
		}, "MERGE_HEAD"},
		{"MERGE_HEAD of a missing commit", func(r *repo) {
			r.start()
			r.stage()
			r.write(".git/MERGE_HEAD", strings.Repeat("12", 20))
		}, "missing"},
		{"missing commit", func(r *repo) {
			r.start()
			r.stage()
			r.remove(object(r.git("rev-parse", "HEAD")))
		}, "missing"},
		{"missing tree", func(r *repo) {
			r.start()
			r.stage()
			r.remove(object(r.git("rev-parse", "HEAD^{tree}")))
		}, "missing"},
		{"missing tree below a change", func(r *repo) {
			r.start()
			r.write("dir/n.txt", "new")
			r.add()
			r.remove(object(r.git("rev-parse", "HEAD:dir")))
		}, "missing"},
		{"missing staged blob", func(r *repo) { r.start(); r.stage(); r.remove(object(r.git("rev-parse", ":a.txt"))) }, "missing"},
		{"missing blob of HEAD", func(r *repo) { r.start(); r.stage(); r.remove(object(r.git("rev-parse", "HEAD:a.txt"))) }, "missing"},
		{"missing blob of a partial clone", func(r *repo) {
			r.start()
			r.git("config", "uploadpack.allowFilter", "true")
			url := "file://" + filepath.ToSlash(r.dir)
			r.in(".", func() { r.git("clone", "-q", "--no-checkout", "--filter=blob:none", url, "partial") })
			r.dir = filepath.Join(r.tmp, "partial")
			r.git("read-tree", "HEAD")
			r.stage()
		}, "is not in this partial clone"},
		{"empty object file", func(r *repo) {
			r.start()
			r.stage()
			r.change(object(r.git("rev-parse", ":a.txt")), func([]byte) []byte { return nil })
		}, "cannot be read"},
		{"object cut short", func(r *repo) {
			r.start()
			r.stage()
			r.change(object(r.git("rev-parse", ":a.txt")), func(b []byte) []byte { return b[:len(b)-8] })
		}, "object"},
		{"object of garbage", func(r *repo) {
			r.start()
			r.stage()
			r.change(object(r.git("rev-parse", ":a.txt")), func([]byte) []byte { return []byte("garbage") })
		}, "cannot be read"},
		{"pack cut short", func(r *repo) {
			r.start()
			r.stage()
			r.git("repack", "-q", "-a", "-d")
			packs, _ := filepath.Glob(filepath.Join(r.dir, ".git/objects/pack/*.pack"))
			for _, p := range packs {
				os.Chmod(p, 0o666)
				if err := os.Truncate(p, 40); err != nil {
					r.t.Fatal(err)
				}
			}
		}, "object"},
		{"pack index cut short", func(r *repo) {
			r.start()
			r.stage()
			r.git("repack", "-q", "-a", "-d")
			packs, _ := filepath.Glob(filepath.Join(r.dir, ".git/objects/pack/*.idx"))
			for _, p := range packs {
				os.Chmod(p, 0o666)
				if err := os.Truncate(p, 700); err != nil {
					r.t.Fatal(err)
				}
			}
		}, "pack"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			r.setenv("GIT_CEILING_DIRECTORIES", r.tmp)
			tt.build(r)
			for engine, name := range map[git.Engine]string{git.EnginePlumbing: "git", git.EngineEmbedded: "embedded"} {
				repository, err := r.open(engine)
				if err == nil {
					_, err = look(t.Context(), repository.Staged())
				}
				if err == nil {
					t.Errorf("Staged() of %s has no error", name)
				} else if engine == git.EngineEmbedded && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Staged() of %s: %v, want %q", name, err, tt.want)
				} else if engine == git.EngineEmbedded && scanner.HintOf(err) == "" {
					t.Errorf("Staged() of %s: %v, without a hint", name, err)
				} else {
					t.Logf("%s: %v", name, err)
				}
			}
		})
	}
}

// TestEmbeddedChecksObjects replaces objects by well-formed ones with other
// content. go-git returns them as if nothing was wrong.
func TestEmbeddedChecksObjects(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, rev, other string }{
		{"staged blob", ":a.txt", "HEAD:b.txt"},
		{"blob before", "HEAD:a.txt", "HEAD:b.txt"},
		{"tree", "HEAD^{tree}", "HEAD:dir"},
		{"commit", "HEAD", "HEAD^"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRepo(t)
			r.start()
			r.git("commit", "-q", "--allow-empty", "-m", "second")
			r.stage()
			id, other := r.git("rev-parse", tt.rev), r.git("rev-parse", tt.other)
			path := func(id string) string { return filepath.Join(r.dir, ".git/objects", id[:2], id[2:]) }
			if err := os.Rename(path(other), path(id)); err != nil {
				t.Fatal(err)
			}
			repository, err := r.open(git.EngineEmbedded)
			if err != nil {
				t.Fatal(err)
			}
			if sights, err := look(t.Context(), repository.Staged()); err == nil || !strings.Contains(err.Error(), "damaged") {
				t.Errorf("Staged() = %q, %v; want an error that says that %s is damaged", text(sights), err, id)
			}
		})
	}
}

// TestEmbeddedRefusesWhatNeedsGit checks that what the engine leaves to git is
// an error, not an empty answer.
func TestEmbeddedRefusesWhatNeedsGit(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.start()
	repository, err := r.open(git.EngineEmbedded)
	if err != nil {
		t.Fatal(err)
	}
	_, rangeErr := look(t.Context(), repository.Range(git.RangeOptions{Include: []string{"HEAD"}}))
	var filesErr error
	for _, err := range repository.Files(t.Context(), r.dir, false) {
		filesErr = errors.Join(filesErr, err)
	}
	_, existsErr := repository.Exists(t.Context(), "HEAD~1")
	for what, err := range map[string]error{"Range": rangeErr, "Files": filesErr, "Exists": existsErr} {
		if err == nil || !strings.Contains(err.Error(), "git on PATH") || scanner.HintOf(err) == "" {
			t.Errorf("%s: %v, want an error with a hint that says that it needs git", what, err)
		}
	}
}

// TestEmbeddedOwnership checks that somebody else's repository is refused
// unless it is trusted.
func TestEmbeddedOwnership(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	r := newRepo(t)
	r.start()
	r.stage()
	if err := os.Chown(filepath.Join(r.dir, ".git"), 12345, 12345); err != nil {
		t.Fatal(err)
	}
	open := func(trust bool, env ...string) error {
		_, err := git.Open(t.Context(), git.Options{
			Dir: r.dir, Env: slices.Concat(r.env, env), Engine: git.EngineEmbedded, TrustRepo: trust,
		})
		return err
	}
	safe := func(value string) []string {
		return []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=" + value}
	}
	for _, tt := range []struct {
		name  string
		trust bool
		env   []string
		ok    bool
	}{
		{"as it is", false, nil, false},
		{"TrustRepo", true, nil, true},
		{"safe.directory", false, safe(r.dir), true},
		{"safe.directory=*", false, safe("*"), true},
		{"safe.directory of the folder above", false, safe(r.tmp), false},
		{"safe.directory of all below the folder above", false, safe(r.tmp + "/*"), true},
		{"SUDO_UID", false, []string{"SUDO_UID=12345"}, true},
		{"another SUDO_UID", false, []string{"SUDO_UID=123"}, false},
		{"GIT_DIR", false, []string{"GIT_DIR=.git"}, true}, // named, so trusted
	} {
		err := open(tt.trust, tt.env...)
		if tt.ok && err != nil || !tt.ok && (err == nil || !strings.Contains(err.Error(), "ownership") || scanner.HintOf(err) == "") {
			t.Errorf("%s: Open() = %v, want ok = %v", tt.name, err, tt.ok)
		}
	}
}

// TestEmbeddedConcurrentReads reads all blobs, and what was before them, at
// the same time; with -race it shows that go-git's storage is kept to one.
func TestEmbeddedConcurrentReads(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.init()
	for i := range 40 {
		r.write(fmt.Sprintf("f%02d", i), strings.Repeat(fmt.Sprintf("line %d\n", i), 4000))
	}
	r.commit("start")
	for i := range 40 {
		r.write(fmt.Sprintf("f%02d", i), strings.Repeat(fmt.Sprintf("line %d\n", i), 4000), "more")
	}
	r.add()
	r.git("repack", "-q", "-a", "-d", "-f")
	repository, err := r.open(git.EngineEmbedded)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	n := 0
	for b, err := range repository.Staged().Blobs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		wg.Go(func() {
			for range 3 {
				if s, err := lookAt(t.Context(), b); err != nil || !slices.Equal(s.lines, []string{"more"}) {
					t.Errorf("%s: new lines %q, %v, want [more]", b.Path, s.lines, err)
				}
			}
		})
	}
	wg.Wait()
	if n != 40 {
		t.Errorf("%d blobs, want 40", n)
	}
}

// TestEmbeddedStreams checks that a large object is not held in memory, loose
// or packed. It measures the whole process, so it is not parallel.
func TestEmbeddedStreams(t *testing.T) {
	const size, most = 32 << 20, 8 << 20 // bytes: of the file, and of memory
	r := newRepo(t)
	r.init()
	r.writeFile(filepath.Join(r.dir, "large"), strings.Repeat(strings.Repeat("0123456789abcdef", 64)+"\n", size/1025))
	r.git("-c", "core.compression=1", "add", "large")
	for _, packed := range []bool{false, true} {
		if packed {
			r.git("-c", "core.compression=1", "repack", "-q", "-a", "-d")
		}
		repository, err := r.open(git.EngineEmbedded)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n := int64(0)
		for b, err := range repository.Staged().Blobs(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			content, err := b.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n, err = io.Copy(io.Discard, content)
			if err != nil {
				t.Error(err)
			}
			content.Close()
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; n < size-2000 || used > most {
			t.Errorf("packed = %v: %d bytes read with %d bytes of memory, want %d with at most %d", packed, n, used, size, most)
		}
	}
}

// TestEmbeddedStops checks that a break and a cancelled context end the walk.
func TestEmbeddedStops(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.start()
	r.stage()
	repository, err := r.open(git.EngineEmbedded)
	if err != nil {
		t.Fatal(err)
	}
	for range repository.Staged().Blobs(t.Context()) {
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got error
	for b, err := range repository.Staged().Blobs(ctx) {
		cancel()
		if err != nil {
			got = err
		} else if _, err := b.Open(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Open(cancelled) = %v, want %v", err, context.Canceled)
		}
	}
	if !errors.Is(got, context.Canceled) {
		t.Errorf("Staged() cancelled: %v, want %v", got, context.Canceled)
	}
}
