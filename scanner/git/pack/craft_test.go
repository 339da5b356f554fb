package pack_test

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A craft makes a pack and its index by hand, entry by entry.
type craft struct {
	body    []byte // of the pack, behind its header
	entries []crafted
	count   int // that the header declares, if not 0
	z       *zlib.Writer
}

type crafted struct {
	id     [20]byte
	offset uint64
	crc    uint32 // 0: that of the bytes up to the next entry
}

// The kinds of entries.
const (
	kindCommit = 1
	kindTree   = 2
	kindBlob   = 3
	kindOffset = 6
	kindRef    = 7
)

func blobID(content string) (id [20]byte) {
	return sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content))
}

func (c *craft) at() uint64 { return 12 + uint64(len(c.body)) }

// name puts the entry that comes next into the index.
func (c *craft) name(id [20]byte) uint64 {
	c.entries = append(c.entries, crafted{id: id, offset: c.at()})
	return c.at()
}

// head appends the type and size of an entry.
func (c *craft) head(kind byte, size uint64) {
	b := kind<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		c.body = append(c.body, b|0x80)
		b = byte(size & 0x7f)
	}
	c.body = append(c.body, b)
}

func (c *craft) deflate(data []byte) {
	var b bytes.Buffer
	if c.z == nil {
		c.z = zlib.NewWriter(&b)
	} else {
		c.z.Reset(&b)
	}
	c.z.Write(data)
	c.z.Close()
	c.body = append(c.body, b.Bytes()...)
}

func deflated(data []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

// blob appends a blob under its id.
func (c *craft) blob(content string) (offset uint64) {
	offset = c.name(blobID(content))
	c.head(kindBlob, uint64(len(content)))
	c.deflate([]byte(content))
	return offset
}

// offsetDelta appends a delta under the id of what it is to make.
func (c *craft) offsetDelta(content string, base uint64, delta []byte) (offset uint64) {
	offset = c.name(blobID(content))
	c.head(kindOffset, uint64(len(delta)))
	c.back(offset - base)
	c.deflate(delta)
	return offset
}

// back appends how far before its entry a delta's base begins.
func (c *craft) back(n uint64) {
	b := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		b = append(b, 0x80|byte(n&0x7f))
	}
	slices.Reverse(b)
	c.body = append(c.body, b...)
}

// refDelta appends a delta under an id.
func (c *craft) refDelta(id, base [20]byte, delta []byte) (offset uint64) {
	offset = c.name(id)
	c.head(kindRef, uint64(len(delta)))
	c.body = append(c.body, base[:]...)
	c.deflate(delta)
	return offset
}

// A deltaOp is one instruction: a copy, or an insert if it has text.
type deltaOp struct {
	from, len int
	text      string
}

// makeDelta returns a delta that declares the given sizes.
func makeDelta(baseSize, size int, ops ...deltaOp) []byte {
	b := binary.AppendUvarint(nil, uint64(baseSize))
	b = binary.AppendUvarint(b, uint64(size))
	for _, op := range ops {
		if op.text != "" {
			for part := range slices.Chunk([]byte(op.text), 127) {
				b = append(append(b, byte(len(part))), part...)
			}
			continue
		}
		at := len(b)
		b = append(b, 0x80)
		for i := range 4 {
			if v := byte(op.from >> (8 * i)); v != 0 {
				b = append(b, v)
				b[at] |= 1 << i
			}
		}
		for i := range 3 {
			if v := byte(op.len >> (8 * i)); v != 0 && op.len != 0x10000 {
				b = append(b, v)
				b[at] |= 0x10 << i
			}
		}
	}
	return b
}

// pack returns the pack and its index.
func (c *craft) pack() (pack, idx []byte) {
	pack = append([]byte("PACK"), 0, 0, 0, 2)
	pack = binary.BigEndian.AppendUint32(pack, uint32(cmp.Or(c.count, len(c.entries))))
	pack = append(pack, c.body...)
	end := len(pack)
	sum := sha1.Sum(pack)
	pack = append(pack, sum[:]...)

	sorted := slices.Clone(c.entries)
	offsets := []uint64{uint64(end)}
	for _, e := range sorted {
		offsets = append(offsets, e.offset)
	}
	slices.Sort(offsets)
	slices.SortStableFunc(sorted, func(a, b crafted) int { return bytes.Compare(a.id[:], b.id[:]) })
	idx = append(idx, "\xfftOc\x00\x00\x00\x02"...)
	for b := range 256 {
		n, _ := slices.BinarySearchFunc(sorted, b+1, func(e crafted, b int) int { return cmp.Compare(int(e.id[0]), b) })
		idx = binary.BigEndian.AppendUint32(idx, uint32(n))
	}
	for _, e := range sorted {
		idx = append(idx, e.id[:]...)
	}
	for _, e := range sorted {
		crc := e.crc
		if i, _ := slices.BinarySearch(offsets, e.offset+1); crc == 0 && e.offset < uint64(end) && i < len(offsets) && offsets[i] <= uint64(end) {
			crc = crc32.ChecksumIEEE(pack[e.offset:offsets[i]])
		}
		idx = binary.BigEndian.AppendUint32(idx, crc)
	}
	var large []byte
	for _, e := range sorted {
		if e.offset < 1<<31 {
			idx = binary.BigEndian.AppendUint32(idx, uint32(e.offset))
			continue
		}
		idx = binary.BigEndian.AppendUint32(idx, 1<<31|uint32(len(large)/8))
		large = binary.BigEndian.AppendUint64(large, e.offset)
	}
	idx = append(append(idx, large...), sum[:]...)
	idxSum := sha1.Sum(idx)
	return pack, append(idx, idxSum[:]...)
}

// write writes the pack and its index into a folder of objects.
func (c *craft) write(t testing.TB, objects string) {
	t.Helper()
	pack, idx := c.pack()
	writePack(t, objects, "pack-crafted", pack, idx)
}

func writePack(t testing.TB, objects, name string, pack, idx []byte) {
	t.Helper()
	dir := filepath.Join(objects, "pack")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for ext, data := range map[string][]byte{".pack": pack, ".idx": idx} {
		if err := os.WriteFile(filepath.Join(dir, name+ext), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
