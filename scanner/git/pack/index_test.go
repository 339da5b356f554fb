package pack

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// indexFiles returns idx files of version 1 and 2 (with and without 64-bit
// offsets) and a multi-pack-index of two packs, all made by git.
func indexFiles(t testing.TB) (idx [][]byte, multi []byte) {
	t.Helper()
	dir := t.TempDir()
	git := func(stdin string, args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"), "GIT_CONFIG_NOSYSTEM=1"}
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %q: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	git("", "init", "-q", "--bare", ".")
	for i, args := range [][]string{{"--index-version=2"}, {"--index-version=1"}, {"--index-version=2,0x20"}} {
		var ids []string
		for _, text := range []string{"a", "bb", "ccc", strings.Repeat("d", i)} {
			ids = append(ids, git(text, "hash-object", "-w", "--stdin"))
		}
		name := git(strings.Join(ids, "\n")+"\n", append([]string{"pack-objects", "-q", filepath.Join(dir, "objects", "pack", "pack")}, args...)...)
		data, err := os.ReadFile(filepath.Join(dir, "objects", "pack", "pack-"+name+".idx"))
		if err != nil {
			t.Fatal(err)
		}
		idx = append(idx, data)
	}
	git("", "multi-pack-index", "write")
	multi, err := os.ReadFile(filepath.Join(dir, "objects", "pack", "multi-pack-index"))
	if err != nil {
		t.Fatal(err)
	}
	return idx, multi
}

// FuzzIndex: an index that is accepted says of each object what a naive reader
// of the format finds in it, by position.
func FuzzIndex(f *testing.F) {
	idx, _ := indexFiles(f)
	for _, data := range idx {
		f.Add(data[:len(data)-20])
		if _, err := parseIndex(data, 20); err != nil {
			f.Fatalf("parseIndex of git's own = %v", err)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := newHash(20)
		h.Write(data)
		data = h.Sum(slices.Clone(data))
		x, err := parseIndex(data, 20)
		if x == nil {
			if err == nil {
				t.Fatal("no index and no error")
			}
			return
		}
		be := binary.BigEndian
		if len(x.ids) != 20*x.len() || x.crcs != nil && len(x.crcs) != 4*x.len() || len(x.sum) != 20 {
			t.Fatalf("tables of %d offsets: %d bytes of ids, %d of CRCs", x.len(), len(x.ids), len(x.crcs))
		}
		seen := map[[20]byte][][2]uint64{}
		for i := range x.len() {
			id := [20]byte(x.ids[20*i:])
			if i > 0 && bytes.Compare(x.ids[20*i-20:20*i], id[:]) > 0 {
				t.Fatalf("id %d is not in order", i)
			}
			e := [2]uint64{x.offsets[i]}
			if x.crcs != nil {
				e[1] = uint64(be.Uint32(x.crcs[4*i:]))
			}
			seen[id] = append(seen[id], e)
		}
		n := x.len()
		for i := range n {
			var id [20]byte
			var e [2]uint64
			if string(data[:4]) == "\xfftOc" {
				body := data[8+1024:]
				id = [20]byte(body[20*i:])
				e[1] = uint64(be.Uint32(body[20*n+4*i:]))
				o := uint64(be.Uint32(body[24*n+4*i:]))
				if o >= 1<<31 {
					o = be.Uint64(body[28*n+8*int(o-1<<31):])
				}
				e[0] = o
			} else {
				e[0] = uint64(be.Uint32(data[1024+24*i:]))
				id = [20]byte(data[1024+24*i+4:])
			}
			if !slices.Contains(seen[id], e) {
				t.Fatalf("entry %d is %x %v, not found", i, id, e)
			}
		}
	})
}

// FuzzMultiIndex: a multi-pack-index that is accepted names each object of its
// table once, in the pack and at the offset that its tables have.
func FuzzMultiIndex(f *testing.F) {
	_, data := indexFiles(f)
	f.Add(data[:len(data)-20])
	if x, err := parseMultiIndex(data, 20); err != nil || len(x) != 3 {
		f.Fatalf("parseMultiIndex of git's own = %d packs, %v; want 3", len(x), err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h := newHash(20)
		h.Write(data)
		data = h.Sum(slices.Clone(data))
		packs, err := parseMultiIndex(data, 20)
		if err != nil {
			return
		}
		be := binary.BigEndian
		table := map[string][]byte{}
		for i := range int(data[6]) {
			e := data[12+12*i:]
			table[string(e[:4])] = data[be.Uint64(e[4:]):be.Uint64(e[16:])]
		}
		total := 0
		for name, x := range packs {
			if !bytes.Contains(table["PNAM"], append([]byte(name), 0)) && name != "" {
				t.Fatalf("pack %q is not named", name)
			}
			total += x.len()
			for i := range x.len() {
				if i > 0 && bytes.Compare(x.ids[20*i-20:20*i], x.ids[20*i:20*i+20]) > 0 {
					t.Fatalf("id %d of %q is not in order", i, name)
				}
			}
		}
		if want := len(table["OIDL"]) / 20; total > want {
			t.Fatalf("%d objects, want %d", total, want)
		}
	})
}
