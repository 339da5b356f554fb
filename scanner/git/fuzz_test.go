package git

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// checkIndexLaws reads an index without its checksum, which it adds, and
// returns the number of entries, or 0 if it is refused, or an error if a law
// is broken. The laws, beside "no panic":
//
//   - go-git's decoder and the gate's walk, which share no code, find the same
//     entries, or one of them fails;
//   - entries are in strict order of path and stage, and of known modes;
//   - every entry lies in exactly one place of the tree of directories.
func checkIndexLaws(body []byte) (n int, err error) {
	sum := sha1.Sum(body)
	data := slices.Concat(body, sum[:])
	var walked []indexEntry
	walkErr := walkIndex(data, func(e indexEntry) { walked = append(walked, e) })
	decoded, decodeErr := decodeIndex(data)
	if walkErr != nil || decodeErr != nil {
		return 0, nil
	}
	if !slices.Equal(walked, decoded) {
		return 0, fmt.Errorf("the walk finds %d entries, go-git %d: %v and %v", len(walked), len(decoded), walked, decoded)
	}
	for i := range decoded {
		if err := decoded[i].check(); err != nil {
			return 0, err
		}
		if i > 0 && !decoded[i-1].before(&decoded[i]) {
			return 0, fmt.Errorf("%q is out of order", decoded[i].name)
		}
	}
	idx := &stagedIndex{entries: decoded}
	if n := countEntries(idx, idx.tree(), ""); n != len(decoded) {
		return 0, fmt.Errorf("%d of %d entries are in the tree", n, len(decoded))
	}
	return len(decoded), nil
}

// countEntries counts the entries below a directory, each by its own name.
func countEntries(idx *stagedIndex, node *dirNode, prefix string) (n int) {
	for i := node.from; i < node.to; i++ {
		name := idx.entries[i].name
		if len(name) > len(prefix) && name[:len(prefix)] == prefix && !bytes.Contains([]byte(name[len(prefix):]), []byte("/")) {
			n++
		}
	}
	for name, sub := range node.dirs {
		n += countEntries(idx, sub, prefix+name+"/")
	}
	return n
}

// FuzzIndex feeds mutations of real indexes to both readers; see
// checkIndexLaws.
func FuzzIndex(f *testing.F) {
	for _, real := range realIndexes(f) {
		f.Add(real.index[:len(real.index)-sha1.Size])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := checkIndexLaws(body); err != nil {
			t.Error(err)
		}
	})
}

// FuzzTree feeds tree objects to the embedded engine. The law, beside "no
// panic": it fails, or gives the entries that a plain reading of the format
// gives: mode, space, name, NUL, 20 bytes, up to the end. parseTree, which reads
// trees of both kinds of ids, gives the same.
func FuzzTree(f *testing.F) {
	id := string(bytes.Repeat([]byte{0xab}, 20))
	for _, tree := range []string{
		"", "100644 a\x00" + id, "40000 dir\x00" + id + "100755 run\x00" + id, "120000 link\x00" + id + "160000 sub\x00" + id,
		"100664 old\x00" + id, "040000 padded\x00" + id, "100644 b\x00" + id + "100644 a\x00" + id, "100644 \x00" + id, "100644 a/b\x00" + id,
		"100644 cut\x00" + id[1:], "100644 \xff\xfe\x00" + id, "0 zero\x00" + id, "777777777777 big\x00" + id, "-1 minus\x00" + id, "040006 padded\x00" + id, "40755 dir\x00" + id,
	} {
		f.Add([]byte(tree))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := decodeTree(data)
		if err != nil {
			return
		}
		plain, err := plainTree(data)
		if err != nil || len(plain) != len(entries) {
			t.Fatalf("decodeTree(%q) = %v, a plain reading %v, %v", data, entries, plain, err)
		}
		folders, err := parseTree(data, sha1.Size)
		if err != nil || len(folders) != len(entries) {
			t.Fatalf("decodeTree(%q) = %v, but parseTree %v, %v", data, entries, folders, err)
		}
		for i, e := range entries {
			if f := folders[i]; f.name != e.Name || f.id != e.Hash.String() || (f.mode == modeTree) != (e.Mode == filemode.Dir) || (f.mode == modeSymlink) != (e.Mode == filemode.Symlink) {
				t.Errorf("parseTree(%q)[%d] = %+v, but decodeTree %+v", data, i, f, e)
			}
			if e.Name != plain[i].name || objectID(e.Hash) != plain[i].id {
				t.Errorf("decodeTree(%q)[%d] = %q %s, want %q %s", data, i, e.Name, e.Hash, plain[i].name, plain[i].id)
			}
			if isDir := plain[i].mode&0o170000 == 0o040000; isDir != (e.Mode == filemode.Dir) {
				t.Errorf("decodeTree(%q)[%d] has mode %o, want that of %o", data, i, e.Mode, plain[i].mode)
			}
		}
	})
}

func plainTree(data []byte) (entries []indexEntry, err error) {
	for len(data) > 0 {
		mode, rest, ok := bytes.Cut(data, []byte(" "))
		name, rest, ok2 := bytes.Cut(rest, []byte{0})
		if !ok || !ok2 || len(rest) < sha1.Size {
			return nil, errors.New("cut short")
		}
		e := indexEntry{name: string(name), id: objectID(rest[:sha1.Size])}
		for _, c := range mode {
			e.mode = e.mode<<3 | uint32(c-'0')
		}
		entries = append(entries, e)
		data = rest[sha1.Size:]
	}
	return entries, nil
}

// FuzzConfig feeds configuration files to the gate. The laws, beside "no
// panic": a comment put before a file that is read changes nothing; a section
// put behind it adds its variable and changes nothing else.
func FuzzConfig(f *testing.F) {
	for _, text := range []string{
		"[core]\n\tbare = true\n", "[extensions]\nobjectFormat = \"sha\\\n256\" ; x\n", "[a \"b\\\"c\"]\nd\ne = f # g", "[a]b=\\t\\", "[a] b = \"x",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := parseConfig(data)
		if err != nil || bytes.HasPrefix(data, []byte("\ufeff")) {
			return
		}
		if got, err := parseConfig(slices.Concat([]byte("; comment [x\n"), data)); err != nil || !slices.Equal(got, entries) {
			t.Errorf("a comment before %q: %q, %v, want %q", data, got, err, entries)
		}
		if bytes.HasSuffix(data, []byte("\\")) || bytes.HasSuffix(data, []byte("\r")) {
			return // what follows would go on in that line
		}
		want := append(slices.Clone(entries), configEntry{"core.bare", "yes"})
		if got, err := parseConfig(slices.Concat(data, []byte("\n[core]\nbare = yes\n"))); err != nil || !slices.Equal(got, want) {
			t.Errorf("a section behind %q: %q, %v, want %q", data, got, err, want)
		}
	})
}
