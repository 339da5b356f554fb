package git

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/pack"
)

// newCacheFile returns a file in a folder that is not there yet.
func newCacheFile(t testing.TB, dir, store string, hashSize int) *cacheFile {
	t.Helper()
	c, err := openCache(HistoryCache{Dir: dir}, &objectsAt{dir: store, hashSize: hashSize})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// someEntries returns n entries, sorted.
func someEntries(n, hashSize int) []byte {
	var entries []byte
	for i := range n {
		id := bytes.Repeat([]byte{byte(i)}, hashSize)
		entries = append(append(entries, id...), bytes.Repeat([]byte{byte(7 * i)}, classSize)...)
	}
	return entries
}

func TestCacheFileRoundTrip(t *testing.T) {
	digest := sha256.Sum256([]byte("rules"))
	for _, hashSize := range []int{20, 32} {
		for _, n := range []int{0, 1, 2, 200} {
			dir := filepath.Join(t.TempDir(), "a", "b")
			c := newCacheFile(t, dir, "/store", hashSize)
			if got, err := c.entries(digest); got != nil || err != nil {
				t.Errorf("entries() of no file = %x, %v, want none", got, err)
			}
			want := someEntries(n, hashSize)
			for range 2 { // the second one replaces the first
				if err := c.write(c.encode(digest, want)); err != nil {
					t.Fatal(err)
				}
			}
			got, err := newCacheFile(t, dir, "/store", hashSize).entries(digest)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("entries() = %x, %v, want %x", got, err, want)
			}
			left, err := os.ReadDir(dir)
			if err != nil || len(left) != 1 {
				t.Errorf("files in the folder: %v, %v, want one", left, err)
			}
			if runtime.GOOS != "windows" {
				for path, want := range map[string]fs.FileMode{dir: 0o700, c.path: 0o600} {
					if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
						t.Errorf("mode of %q = %v, %v, want %v", path, info.Mode(), err, want)
					}
				}
			}
		}
	}
}

// TestCacheFileDamaged holds that a file that is cut off anywhere, goes on, or
// has any bit changed is not used.
func TestCacheFileDamaged(t *testing.T) {
	digest := sha256.Sum256([]byte("rules"))
	c := newCacheFile(t, t.TempDir(), "/store", 20)
	whole := c.encode(digest, someEntries(3, 20))
	check := func(data []byte, format string, args ...any) {
		t.Helper()
		c.data = data
		if got, err := c.entries(digest); !errors.Is(err, errDamaged) || got != nil {
			t.Errorf("entries() = %x, %v, want %v: "+format, append([]any{got, err, errDamaged}, args...)...)
		}
	}
	for n := range whole {
		check(whole[:n:n], "cut off after %d bytes", n)
	}
	check(append(bytes.Clone(whole), 0), "with a byte more")
	check(append(bytes.Clone(whole), whole...), "twice")
	for i := range 8 * len(whole) {
		data := bytes.Clone(whole)
		data[i/8] ^= 1 << (i % 8)
		check(data, "bit %d changed", i)
	}
	// What is sealed and wrong all the same.
	seal := func(data []byte) []byte {
		sum := sha256.Sum256(data)
		return append(data, sum[:]...)
	}
	body := whole[:len(whole)-sha256.Size]
	more := bytes.Clone(body)
	more[cacheHeader-1]++
	check(seal(more), "with another count")
	huge := bytes.Clone(body)
	huge[cacheHeader-8] = 0xff
	check(seal(huge), "with a huge count")
	check(seal(bytes.Clone(body[:len(body)-1])), "with a part of an entry")
	e := someEntries(2, 20)
	check(c.encode(digest, append(bytes.Clone(e[28:]), e[:28]...)), "in the wrong order")
	check(c.encode(digest, append(bytes.Clone(e[:28]), e[:28]...)), "with an entry twice")
	check(seal([]byte("something else")), "with other content")
}

func TestCacheFileOfOthers(t *testing.T) {
	digest, other := sha256.Sum256([]byte("rules")), sha256.Sum256([]byte("other rules"))
	dir := t.TempDir()
	c := newCacheFile(t, dir, "/store", 20)
	data := c.encode(digest, someEntries(3, 20))
	format := bytes.Clone(data[:len(data)-sha256.Size])
	format[len(cacheMagic)]++
	sum := sha256.Sum256(format)
	format = append(format, sum[:]...)
	tests := []struct {
		name   string
		by     *cacheFile
		data   []byte
		digest [32]byte
		want   error
	}{
		{"same", c, data, digest, nil},
		{"other rules", c, data, other, errStale},
		{"other repository", newCacheFile(t, dir, "/other", 20), data, digest, errForeign},
		{"other ids", newCacheFile(t, dir, "/store", 32), data, digest, errForeign},
		{"other format", c, format, digest, errFormat},
	}
	for _, tt := range tests {
		tt.by.data = tt.data
		if got, err := tt.by.entries(tt.digest); !errors.Is(err, tt.want) || (got != nil) != (tt.want == nil) {
			t.Errorf("%s: entries() = %x, %v, want %v", tt.name, got, err, tt.want)
		}
	}
	if newCacheFile(t, dir, "/other", 20).path == c.path {
		t.Error("two repositories have the same file")
	}
}

// TestCacheRefused holds that nothing is read that somebody else could have
// written.
func TestCacheRefused(t *testing.T) {
	at := &objectsAt{dir: "/store", hashSize: 20}
	refused := func(name, dir, want string) {
		t.Helper()
		_, err := openCache(HistoryCache{Dir: dir}, at)
		if err == nil || !strings.Contains(err.Error(), want) || scanner.HintOf(err) == "" {
			t.Errorf("%s: openCache() = %v (hint %q), want %q and a hint", name, err, scanner.HintOf(err), want)
		}
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c := newCacheFile(t, dir, at.dir, at.hashSize)
	if err := os.Mkdir(c.path, 0o700); err != nil {
		t.Fatal(err)
	}
	refused("folder for a file", dir, "is not a file")
	if err := os.Remove(c.path); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refused("file for a folder", file, "is not a folder")
	if runtime.GOOS == "windows" {
		return
	}
	refused("below a file", filepath.Join(file, "x"), "not a directory")
	if err := os.Symlink(file, c.path); err != nil {
		t.Fatal(err)
	}
	refused("link for a file", dir, "is not a file")
	if err := os.Remove(c.path); err != nil {
		t.Fatal(err)
	}
	if err := c.write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []fs.FileMode{0o620, 0o602, 0o666} {
		if err := os.Chmod(c.path, mode); err != nil {
			t.Fatal(err)
		}
		refused("file of mode "+mode.String(), dir, "others can write")
	}
	if err := os.Chmod(c.path, 0o600); err != nil {
		t.Fatal(err)
	}
	newCacheFile(t, dir, at.dir, at.hashSize)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	newCacheFile(t, link, at.dir, at.hashSize) // leads to a folder of this user
	for _, mode := range []fs.FileMode{0o770, 0o707, 0o1777} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		refused("folder of mode "+mode.String(), dir, "others can write")
		refused("link to a folder of mode "+mode.String(), link, "others can write")
	}
	if os.Getuid() != 0 {
		return
	}
	if err := errors.Join(os.Chmod(dir, 0o700), os.Chown(c.path, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	refused("file of another user", dir, "another user")
	if err := errors.Join(os.Chown(c.path, 0, 0), os.Chown(dir, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	refused("folder of another user", dir, "another user")
}

// TestCacheNotWritten holds that what cannot be written leaves nothing behind.
func TestCacheNotWritten(t *testing.T) {
	dir := t.TempDir()
	c := newCacheFile(t, dir, "/store", 20)
	if err := os.MkdirAll(filepath.Join(c.path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := c.write([]byte("x")); err == nil || strings.Contains(err.Error(), dir) {
		t.Errorf("write() = %v, want an error without the path", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("files in the folder: %v, %v, want one", left, err)
	}
}

func TestHashClasses(t *testing.T) {
	same := [][]string{{"a", "b"}, {"b", "a"}, {"a", "b", "a"}}
	for _, classes := range same {
		if got, want := hashClasses(pack.Blob, classes), hashClasses(pack.Blob, []string{"a", "b"}); got != want {
			t.Errorf("hashClasses(%q) = %x, want %x", classes, got, want)
		}
	}
	seen := make(map[classHash]string)
	for _, tt := range []struct {
		t       pack.Type
		classes []string
	}{{pack.Blob, []string{"a", "b"}}, {pack.Blob, []string{"ab"}}, {pack.Blob, []string{"a"}}, {pack.Blob, []string{"a", ""}}, {pack.Blob, []string{""}}, {pack.Blob, nil}, {pack.Tag, []string{"a"}}, {pack.Commit, []string{"a"}}, {pack.Blob, []string{"a\x01b"}}} {
		got := hashClasses(tt.t, tt.classes)
		if was, ok := seen[got]; ok {
			t.Errorf("hashClasses(%v, %q) is that of %q", tt.t, tt.classes, was)
		}
		seen[got] = strings.Join(tt.classes, ",")
	}
}
