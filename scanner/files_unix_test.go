//go:build unix

package scanner

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
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

func TestFilesInvalidName(t *testing.T) {
	dir := t.TempDir()
	name := "new\nline\xff"
	if err := os.WriteFile(filepath.Join(dir, name), []byte("content of it"), 0o666); err != nil {
		t.Skip(err)
	}
	wantList(t, listBlobs(t, FilesOptions{Dir: dir, Root: dir, Paths: []string{"."}, List: listOf(name)}), name+" ("+name+")")
}
