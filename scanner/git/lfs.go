package git

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// maxPointer is the size in bytes below which a blob may be a Git LFS pointer,
// by its specification.
const maxPointer = 1024

// OpenLFS returns the object of a Git LFS pointer, which the whole content of a file
// of less than 1 KiB may be; ok is false if it is none. The error is a
// *[scanner.SkipError] if the repository, or nil, does not have the object.
func (r *Repository) OpenLFS(content []byte) (object io.ReadCloser, ok bool, err error) {
	if r != nil {
		return openLFS(r.layout.commonDir, content)
	}
	if _, _, ok = parsePointer(content); ok {
		err = &scanner.SkipError{Reason: scanner.SkipLFS}
	}
	return nil, ok, err
}

// openLFS returns the object of a Git LFS pointer. ok is false if the content
// (of a whole blob of less than maxPointer bytes) is not one: a pointer with
// anything else in it is scanned as the text that it is. The error is a
// *scanner.SkipError if the object is not in the repository at commonDir.
func openLFS(commonDir string, content []byte) (r io.ReadCloser, ok bool, err error) {
	oid, size, ok := parsePointer(content)
	if !ok {
		return nil, false, nil
	}
	f, err := os.Open(filepath.Join(commonDir, "lfs", "objects", oid[:2], oid[2:4], oid))
	if err != nil {
		return nil, true, &scanner.SkipError{Reason: scanner.SkipLFS}
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() != size {
		f.Close()
		return nil, true, scanner.WithHint(
			fmt.Errorf("git lfs object %s is damaged: it is not a file of %d bytes", oid, size),
			"git lfs fsck && git lfs fetch")
	}
	return f, true, nil
}

// parsePointer takes a Git LFS pointer apart. It accepts nothing but pointers:
// a version, extensions, an object id and a size, each on a line.
func parsePointer(content []byte) (oid string, size int64, ok bool) {
	const prefix = "version https://git-lfs.github.com/spec/v1\n"
	if len(content) >= maxPointer || !bytes.HasPrefix(content, []byte(prefix)) {
		return "", 0, false
	}
	lines := strings.Split(strings.TrimSuffix(string(content[len(prefix):]), "\n"), "\n")
	for len(lines) > 2 {
		name, id, _ := strings.Cut(lines[0], " ")
		if !strings.HasPrefix(name, "ext-") || len(name) > 40 || !isSHA256(id) {
			return "", 0, false
		}
		lines = lines[1:]
	}
	if len(lines) != 2 {
		return "", 0, false
	}
	id, found := strings.CutPrefix(lines[0], "oid ")
	if !found || !isSHA256(id) {
		return "", 0, false
	}
	digits, found := strings.CutPrefix(lines[1], "size ")
	size, err := strconv.ParseInt(digits, 10, 64)
	if !found || err != nil || size < 0 || strconv.FormatInt(size, 10) != digits {
		return "", 0, false
	}
	return strings.TrimPrefix(id, "sha256:"), size, true
}

func isSHA256(s string) bool {
	h, found := strings.CutPrefix(s, "sha256:")
	return found && len(h) == 64 && isHex(h)
}

// isHex reports whether s is lower-case hexadecimal.
func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return s != ""
}
