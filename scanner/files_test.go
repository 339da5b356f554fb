package scanner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// plant writes files; a name that ends in "/" is a folder.
func plant(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(p, 0o777); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte("content of "+name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(filepath.FromSlash(target), name); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
}

// listBlobs renders what a source yields, sources' contents read: "path",
// "path (repo path)", "path: skip symlink" or "path: error".
func listBlobs(t *testing.T, opts FilesOptions) []string {
	t.Helper()
	var got []string
	for b, err := range NewFiles(opts).Blobs(t.Context()) {
		switch {
		case err != nil:
			if be := (*BlobError)(nil); !errors.As(err, &be) {
				t.Errorf("Blobs yielded %T, want a *BlobError", err)
			}
			got = append(got, "error "+err.Error())
		case b.Skip != "":
			got = append(got, b.Path+": skip "+string(b.Skip))
		default:
			text, err := readBlob(&b)
			if err != nil || !strings.HasPrefix(text, "content of ") || b.Size != int64(len(text)) && b.Size >= 0 {
				t.Errorf("content of %q = %q, %v, with size %d", b.Path, text, err, b.Size)
			}
			s := b.Path
			if b.RepoPath != "" {
				s += " (" + b.RepoPath + ")"
			}
			got = append(got, s)
		}
	}
	return got
}

func readBlob(b *Blob) (string, error) {
	rc, err := b.Open(context.Background())
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(rc)
	return string(text), errors.Join(err, rc.Close())
}

func wantList(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestFilesOutsideOfARepository(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "d/b", "d/a.txt", "d/a/x", "d/.git/config", "d/sub/.git/HEAD", "d/.hidden", "d/empty/", "d/-", "z", "d/sub/.gitignore")
	wantList(t, listBlobs(t, FilesOptions{Dir: dir, Paths: []string{"z", "d"}}),
		"z", "d/-", "d/.hidden", "d/a/x", "d/a.txt", "d/b", "d/sub/.gitignore")
	abs := filepath.Join(dir, "d")
	slash := filepath.ToSlash(abs)
	wantList(t, listBlobs(t, FilesOptions{Paths: []string{filepath.Join(abs, "a")}}), slash+"/a/x")
	wantList(t, listBlobs(t, FilesOptions{Dir: abs, Paths: []string{"."}}), "-", ".hidden", "a/x", "a.txt", "b", "sub/.gitignore")
	wantList(t, listBlobs(t, FilesOptions{Dir: abs, Paths: []string{"./a/../b", "../z"}}), "b", "../z")
	wantList(t, listBlobs(t, FilesOptions{Dir: dir, Paths: []string{filepath.Join("d", ".git")}}), "d/.git/config")
}

func TestFilesOnce(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "d/a", "d/b")
	wantList(t, listBlobs(t, FilesOptions{Dir: dir, Paths: []string{"d/b", "d", "./d/a", filepath.Join(dir, "d"), "d/../d/b"}}), "d/b", "d/a")
}

func TestFilesErrors(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "a")
	got := listBlobs(t, FilesOptions{Dir: dir, Paths: []string{"nowhere", "", "a", "-"}})
	_, err := os.Stat(filepath.Join(dir, "nowhere"))
	wantList(t, got, "error nowhere: "+withoutPath(err).Error(), "error a path is empty", "a", "error (stdin): there is no standard input")
}

func TestFilesUnreadable(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("everything is readable here")
	}
	dir := t.TempDir()
	plant(t, dir, "d/a", "d/closed/x", "d/z")
	for name, mode := range map[string]fs.FileMode{"d/a": 0, "d/closed": 0} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(filepath.Join(dir, name), 0o700) })
	}
	fs, errs, sum := scanAll(t, New(testSet(t), Options{}), NewFiles(FilesOptions{Dir: dir, Paths: []string{"d"}}))
	wantList(t, errs, "d/a: permission denied", "d/closed: permission denied")
	if len(fs) != 0 || sum.Blobs != 1 {
		t.Errorf("summary %+v, want one blob", sum)
	}
}

func TestFilesStdin(t *testing.T) {
	opts := FilesOptions{Paths: []string{"-", "-"}, Stdin: strings.NewReader("x\npass=abcdef\n")}
	fs, errs, sum := scanAll(t, New(testSet(t), Options{}), NewFiles(opts))
	if len(fs) != 1 || fs[0].Location.Path != "(stdin)" || fs[0].Location.Line != 2 || len(errs) > 0 || sum.Bytes != 14 {
		t.Errorf("Scan = %v, %v, %+v", fs, errs, sum)
	}
}

func TestFilesStdinThatNeverEnds(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		w.Write([]byte("TOK-aaaa\n"))
		cancel()
	}()
	var sum Summary
	var last error
	for _, err := range New(testSet(t), Options{}).Scan(ctx, NewFiles(FilesOptions{Paths: []string{"-"}, Stdin: r}), &sum) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("Scan ended with %v, want context.Canceled", last)
	}
}

func TestFilesSymlinks(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "d/real/a", "d/.git/x", "outside/o", "file")
	d := filepath.Join(dir, "d")
	link(t, "real/a", filepath.Join(d, "in"))
	link(t, "real", filepath.Join(d, "in-folder"))
	link(t, "../outside", filepath.Join(d, "out"))
	link(t, "../outside/o", filepath.Join(d, "out-file"))
	link(t, "nowhere", filepath.Join(d, "broken"))
	link(t, ".git/x", filepath.Join(d, "to-git"))
	link(t, ".", filepath.Join(d, "loop"))
	link(t, "file", filepath.Join(dir, "file-link"))
	link(t, "d", filepath.Join(dir, "d-link"))
	want := []string{"d/broken: skip symlink", "d/out: skip symlink", "d/out-file: skip symlink", "d/real/a", "d/to-git: skip symlink"}
	wantList(t, listBlobs(t, FilesOptions{Dir: dir, Paths: []string{"d"}}), want...)
	// What is named is followed.
	for i := range want {
		want[i] = strings.Replace(want[i], "d/", "d-link/", 1)
	}
	wantList(t, listBlobs(t, FilesOptions{Dir: dir, Paths: []string{"d-link"}}), want...)
	wantList(t, listBlobs(t, FilesOptions{Dir: dir, Paths: []string{"file-link", "file"}}), "file-link")
}

func listOf(names ...string) func(context.Context, string) iter.Seq2[string, error] {
	return func(_ context.Context, dir string) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for _, n := range names {
				var err error
				if strings.HasPrefix(n, "!") {
					n, err = "", errors.New(n[1:])
				}
				if !yield(n, err) {
					return
				}
			}
		}
	}
}

func TestFilesInARepository(t *testing.T) {
	root := t.TempDir()
	plant(t, root, "src/a", "src/b c", "src/ignored", "src/folder/x", "vendor/v", "mod/")
	link(t, "a", filepath.Join(root, "src", "link"))
	opts := FilesOptions{Dir: filepath.Join(root, "src"), Root: root, Paths: []string{"."}, List: listOf("a", "b c", "deleted", "folder", "link", "a/deleted", "mod/", "!boom")}
	wantList(t, listBlobs(t, opts), "a (src/a)", "b c (src/b c)", "link: skip symlink", "mod: skip submodule", "error .: boom")
	opts.Paths = []string{"../src"}
	wantList(t, listBlobs(t, opts), "../src/a (src/a)", "../src/b c (src/b c)", "../src/link: skip symlink", "../src/mod: skip submodule", "error ../src: boom")
	opts.Paths = []string{"ignored"}
	wantList(t, listBlobs(t, opts), "ignored (src/ignored)")
	// A folder that is ignored, and named.
	opts.Paths, opts.List = []string{"../vendor"}, listOf()
	wantList(t, listBlobs(t, opts), "../vendor/v (vendor/v)")
	// A folder outside.
	outside := t.TempDir()
	plant(t, outside, "o")
	opts.Paths, opts.List = []string{outside}, listOf("!not in the repository")
	wantList(t, listBlobs(t, opts), filepath.ToSlash(outside)+"/o")
}

func TestFilesThatChange(t *testing.T) {
	dir := t.TempDir()
	for name, change := range map[string]func(p string) error{
		"removed": os.Remove,
		"longer":  func(p string) error { return os.WriteFile(p, []byte("something longer than it was"), 0o666) },
		"shorter": func(p string) error { return os.Truncate(p, 3) },
		"folder":  func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o777)) },
		"replaced": func(p string) error {
			return errors.Join(os.WriteFile(p+"2", []byte("content of replaceX"), 0o666), os.Rename(p+"2", p))
		},
	} {
		plant(t, dir, name)
		for b, err := range NewFiles(FilesOptions{Dir: dir, Paths: []string{name}}).Blobs(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if err := change(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			_, errs, sum := scanAll(t, New(testSet(t), Options{}), source(b))
			if len(errs) != 1 || sum.Blobs != 0 || !strings.HasPrefix(errs[0], name+": ") {
				t.Errorf("%s: errors %q, %d blobs, want one error", name, errs, sum.Blobs)
			}
		}
	}
}

func TestFilesThatChangeWhileOpen(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "f")
	p := filepath.Join(dir, "f")
	for b := range NewFiles(FilesOptions{Dir: dir, Paths: []string{"f"}}).Blobs(t.Context()) {
		rc, err := b.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(p, time.Time{}, time.Unix(1e9, 0)); err != nil {
			t.Fatal(err)
		}
		if err := rc.Close(); !errors.Is(err, errChanged) {
			t.Errorf("Close = %v, want %v", err, errChanged)
		}
	}
}

func TestFilesBreak(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "a", "b", "c")
	for _, opts := range []FilesOptions{
		{Dir: dir, Paths: []string{".", "a"}},
		{Dir: dir, Root: dir, Paths: []string{".", "a"}, List: listOf("a", "b", "c")},
		{Dir: dir, Paths: []string{"x", "y"}},
	} {
		n := 0
		for range NewFiles(opts).Blobs(t.Context()) {
			n++
			break
		}
		ctx, cancel := context.WithCancel(t.Context())
		for range NewFiles(opts).Blobs(ctx) {
			cancel()
			n++
		}
		cancel()
		if n < 2 || n > 4 {
			t.Errorf("%v: %d blobs after a break and a cancel", opts.Paths, n)
		}
	}
}

func TestFilesPathFinding(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "key.pem")
	fs, _, _ := scanAll(t, New(testSet(t), Options{}), NewFiles(FilesOptions{Dir: dir, Paths: []string{"."}}))
	if got := fmt.Sprint(ids(fs), " ", fs[0].Location.Path); got != "pem-file:1 key.pem" {
		t.Errorf("Scan = %s", got)
	}
}
