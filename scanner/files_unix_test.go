//go:build unix

package scanner

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

func TestFilesSpecial(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "a")
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Skip(err)
	}
	want := []string{"a", "pipe: skip special-file"}
	if l, err := net.Listen("unix", filepath.Join(dir, "socket")); err == nil {
		defer l.Close()
		want = append(want, "socket: skip special-file")
	}
	wantList(t, listBlobs(t, FilesOptions{Dir: dir, Paths: []string{"."}}), want...)
	// What is named and cannot be read is no skip.
	wantList(t, listBlobs(t, FilesOptions{Dir: dir, Paths: []string{"pipe", "/dev/null"}}),
		"error pipe: not a file or a folder, so it was not read", "error /dev/null: not a file or a folder, so it was not read")
}

func TestFilesReplacedByAPipe(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "a")
	p := filepath.Join(dir, "a")
	for b := range NewFiles(FilesOptions{Dir: dir, Paths: []string{"a"}}).Blobs(t.Context()) {
		if err := errors.Join(os.Remove(p), syscall.Mkfifo(p, 0o600)); err != nil {
			t.Skip(err)
		}
		if _, err := b.Open(t.Context()); !errors.Is(err, errChanged) {
			t.Errorf("Open of a file that became a pipe = %v, want %v", err, errChanged)
		}
	}
}

// opened opens a file as one that was listed.
func opened(t *testing.T, path string) io.ReadCloser {
	t.Helper()
	is, err := lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := openFile(path, is)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestPlainFile(t *testing.T) {
	dir := t.TempDir()
	for _, size := range []int{0, 1, 511, 512, 513, 100_000} {
		p := filepath.Join(dir, "f")
		content := []byte(strings.Repeat("content ", size/8+1)[:size])
		if err := os.WriteFile(p, content, 0o666); err != nil {
			t.Fatal(err)
		}
		f := opened(t, p)
		if err := iotest.TestReader(f, content); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		if err := f.Close(); err != nil {
			t.Errorf("%d bytes: Close = %v, want nil", size, err)
		}
		if err := f.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%d bytes: second Close = %v, want %v", size, err, os.ErrClosed)
		}
	}
}

// TestPlainFileLongerThanItsSize reads what a file gained since it was opened: the
// size does not end it.
func TestPlainFileLongerThanItsSize(t *testing.T) {
	p := filepath.Join(t.TempDir(), "f")
	for _, size := range []int{512, 513} { // io.ReadAll asks for 512 bytes first
		old := strings.Repeat("x", size)
		if err := os.WriteFile(p, []byte(old), 0o666); err != nil {
			t.Fatal(err)
		}
		f := opened(t, p)
		if err := os.WriteFile(p, []byte(old+"more"), 0o666); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); err != nil || string(got) != old+"more" {
			t.Errorf("ReadAll of a file that grew from %d bytes = %d bytes, %v, want all", size, len(got), err)
		}
		if err := f.Close(); !errors.Is(err, errChanged) {
			t.Errorf("Close of a file that grew = %v, want %v", err, errChanged)
		}
	}
}

// TestFilesWithoutASize reads a file of the system, which says that it has no bytes.
func TestFilesWithoutASize(t *testing.T) {
	const name = "/proc/self/status"
	if _, err := os.Stat(name); err != nil {
		t.Skip(err)
	}
	_, errs, sum := scanAll(t, New(testSet(t), Options{}), NewFiles(FilesOptions{Dir: "/", Paths: []string{name}}))
	if len(errs) > 0 || sum.Blobs != 1 || sum.Bytes < 100 {
		t.Errorf("Scan of %s: errors %q, %d blobs, %d bytes, want none, one, and many", name, errs, sum.Blobs, sum.Bytes)
	}
}

func TestFilesInvalidName(t *testing.T) {
	dir := t.TempDir()
	name := "new\nline\xff"
	if err := os.WriteFile(filepath.Join(dir, name), []byte("content of it"), 0o666); err != nil {
		t.Skip(err)
	}
	wantList(t, listBlobs(t, FilesOptions{Dir: dir, Root: dir, Paths: []string{"."}, List: listOf(name)}), name+" ("+name+")")
}
