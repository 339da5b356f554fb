package pack

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// maxLooseHeader is the size in bytes of the longest header of a loose object:
// "commit 9223372036854775807\0".
const maxLooseHeader = 32

// listLoose returns the ids of the loose objects of a folder, ascending. report
// is told of what cannot be listed.
func listLoose(objects string, hashSize int, report func(file string, err error)) []byte {
	folders, err := os.ReadDir(objects)
	if err != nil {
		report(objects, err)
	}
	var ids []byte
	for _, folder := range folders { // sorted by name
		hexFirst := folder.Name()
		if b, err := hex.DecodeString(hexFirst); err != nil || len(b) != 1 || hex.EncodeToString(b) != hexFirst {
			continue
		}
		dir := filepath.Join(objects, hexFirst)
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			report(dir, err)
		}
		from := len(ids)
		for _, e := range entries {
			id, err := hex.DecodeString(hexFirst + e.Name())
			if err != nil || len(id) != hashSize || hex.EncodeToString(id) != hexFirst+e.Name() {
				continue // git's tmp_obj_*, and what is no object
			}
			ids = append(ids, id...)
		}
		sortIDs(ids[from:], hashSize)
	}
	return ids
}

func sortIDs(ids []byte, size int) {
	if slices.IsSortedFunc(slices.Collect(slices.Chunk(ids, size)), bytes.Compare) {
		return
	}
	sorted := slices.SortedFunc(slices.Chunk(slices.Clone(ids), size), bytes.Compare)
	for i, id := range sorted {
		copy(ids[i*size:], id)
	}
}

// loosePath returns where the loose object of an id is.
func loosePath(objects string, id []byte) string {
	name := hexID(id)
	return filepath.Join(objects, name[:2], name[2:])
}

// parseLooseHeader reads "type size\0" at the beginning of b.
func parseLooseHeader(b []byte) (t Type, size int64, n int, err error) {
	head, _, ok := bytes.Cut(b[:min(len(b), maxLooseHeader)], []byte{0})
	word, digits, ok2 := bytes.Cut(head, []byte{' '})
	t = typeNamed(string(word))
	if !ok || !ok2 || t == 0 {
		return 0, 0, 0, errLoose
	}
	size, err = strconv.ParseInt(string(digits), 10, 64)
	if err != nil || size < 0 || size > maxOffset || strconv.FormatInt(size, 10) != string(digits) {
		return 0, 0, 0, errLoose
	}
	return t, size, len(head) + 1, nil
}

// appendLooseHeader appends what the content of an object is hashed behind.
func appendLooseHeader(b []byte, t Type, size int64) []byte {
	b = append(b, t.String()...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, size, 10)
	return append(b, 0)
}

// A duplicate is another copy of an object: an entry of a pack or a loose object.
type duplicate struct {
	num   Num
	entry uint32
}

func compareDuplicates(a, b duplicate) int {
	return cmp.Or(cmp.Compare(a.num, b.num), cmp.Compare(a.entry, b.entry))
}
