// Longhistory makes a bare repository in which each commit replaces one line of
// a file of 1 MB, for .ci/bench-history. It writes the pack itself, as git
// fast-import does with its default depth: each version is a delta of the one
// before it, and every fifty-first is whole. What takes git hours for 100,000
// commits is done in minutes.
//
//	go run ./testdata/longhistory COMMITS DIR
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "longhistory:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("usage: longhistory COMMITS DIR")
	}
	commits, err := strconv.Atoi(os.Args[1])
	if err != nil || commits < 1 {
		return fmt.Errorf("%q is no number of commits", os.Args[1])
	}
	return repository(os.Args[2], commits)
}

const (
	lines     = 16_000
	lineBytes = 65 // with its end
	depth     = 50 // of deltas on a whole object
)

// repository makes the repository. The directory must not exist.
func repository(dir string, commits int) error {
	objects := filepath.Join(dir, "objects", "pack")
	for _, d := range []string{objects, filepath.Join(dir, "refs", "heads")} {
		if err := os.MkdirAll(d, 0o777); err != nil {
			return err
		}
	}
	const config = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
	for name, text := range map[string]string{"HEAD": "ref: refs/heads/main\n", "config": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	tip, err := history(filepath.Join(objects, "pack-"), commits)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "refs", "heads", "main"), []byte(tip+"\n"), 0o666)
}

// history writes a pack and its index, whose names begin with prefix, and returns
// the id of the last commit.
func history(prefix string, commits int) (tip string, err error) {
	f, err := os.Create(prefix + "new")
	if err != nil {
		return "", err
	}
	defer f.Close()
	p := newPack(f, 3*commits)
	rnd := rand.New(rand.NewPCG(7, 7))
	text := make([]byte, 0, lines*lineBytes)
	for range lines {
		text = append(text, line(rnd)...)
	}
	var parent string
	var last int64 // where the version before this one is in the pack
	for n := range commits {
		at := rnd.IntN(lines) * lineBytes
		copy(text[at:], line(rnd))
		id := name("blob", text)
		offset := p.offset
		if n%(depth+1) == 0 {
			p.add(id, typeBlob, nil, text)
		} else {
			p.add(id, typeDelta, distance(offset-last), delta(text, at, lineBytes))
		}
		last = offset
		tree := append([]byte("100644 file.txt\x00"), id[:]...)
		treeID := name("tree", tree)
		p.add(treeID, typeTree, nil, tree)
		who := fmt.Sprintf("a <a@example.com> %d +0000", 1_000_000_000+n)
		commit := fmt.Appendf(nil, "tree %x\n%sauthor %s\ncommitter %s\n\nx\n", treeID, parent, who, who)
		commitID := name("commit", commit)
		p.add(commitID, typeCommit, nil, commit)
		tip = hex.EncodeToString(commitID[:])
		parent = "parent " + tip + "\n"
	}
	sum, err := p.close()
	if err != nil {
		return "", err
	}
	prefix += hex.EncodeToString(sum[:])
	if err := os.WriteFile(prefix+".idx", p.index(sum), 0o666); err != nil {
		return "", err
	}
	return tip, os.Rename(f.Name(), prefix+".pack")
}

// line returns a line of random words.
func line(rnd *rand.Rand) string {
	var b []byte
	for range 8 {
		b = fmt.Appendf(b, "%07x ", rnd.IntN(1<<28))
	}
	return string(b) + "\n"
}

type id = [sha1.Size]byte

func name(kind string, content []byte) id {
	h := sha1.New()
	fmt.Fprintf(h, "%s %d\x00", kind, len(content))
	h.Write(content)
	return id(h.Sum(nil))
}

// delta says how a text is made of one of the same length in which other bytes
// stand at [at:at+n).
func delta(text []byte, at, n int) []byte {
	size := binary.AppendUvarint(nil, uint64(len(text)))
	d := append(slices.Clone(size), size...)
	copies := func(from, to int) {
		for from < to {
			length := min(to-from, 0xFFFF)
			d = append(d, 0x80|0x0F|0x30, byte(from), byte(from>>8), byte(from>>16), byte(from>>24), byte(length), byte(length>>8))
			from += length
		}
	}
	copies(0, at)
	d = append(append(d, byte(n)), text[at:at+n]...)
	copies(at+n, len(text))
	return d
}

// Types of the entries of a pack.
const (
	typeCommit = 1
	typeTree   = 2
	typeBlob   = 3
	typeDelta  = 6 // of what is so many bytes before it
)

// distance writes how far before a delta its base is.
func distance(n int64) []byte {
	b := []byte{byte(n & 0x7F)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		b = append(b, 0x80|byte(n&0x7F))
	}
	slices.Reverse(b)
	return b
}

// A pack is being written. See gitformat-pack(5).
type pack struct {
	w       *bufio.Writer
	sum     hash.Hash
	offset  int64
	zip     *zlib.Writer
	entries []entry
	err     error
}

type entry struct {
	id     id
	offset int64
	crc    uint32
}

func newPack(f io.Writer, objects int) *pack {
	p := &pack{sum: sha1.New()}
	p.w = bufio.NewWriterSize(io.MultiWriter(f, p.sum), 1<<20)
	p.zip, p.err = zlib.NewWriterLevel(nil, zlib.BestSpeed)
	p.write(binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(objects)))
	return p
}

func (p *pack) write(b []byte) {
	if p.err == nil {
		_, p.err = p.w.Write(b)
	}
	p.offset += int64(len(b))
}

// add writes an entry; base says what it is a delta of.
func (p *pack) add(id id, kind byte, base, content []byte) {
	size := len(content)
	head := []byte{kind<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		head[len(head)-1] |= 0x80
		head = append(head, byte(size&0x7F))
	}
	var b bytes.Buffer
	b.Write(head)
	b.Write(base)
	p.zip.Reset(&b)
	if _, err := p.zip.Write(content); err != nil {
		p.err = cmp.Or(p.err, err)
	}
	if err := p.zip.Close(); err != nil {
		p.err = cmp.Or(p.err, err)
	}
	p.entries = append(p.entries, entry{id, p.offset, crc32.ChecksumIEEE(b.Bytes())})
	p.write(b.Bytes())
}

// close ends the pack and returns its checksum.
func (p *pack) close() (sum id, err error) {
	if p.err == nil {
		p.err = p.w.Flush()
	}
	sum = id(p.sum.Sum(nil))
	p.write(sum[:])
	if p.err == nil {
		p.err = p.w.Flush()
	}
	if p.offset > 1<<31 {
		p.err = cmp.Or(p.err, fmt.Errorf("the pack has %d bytes, too many for the index that is written", p.offset))
	}
	return sum, p.err
}

// index returns the pack's index, of version 2. It sorts the entries.
func (p *pack) index(sum id) []byte {
	slices.SortFunc(p.entries, func(a, b entry) int { return bytes.Compare(a.id[:], b.id[:]) })
	b := []byte("\xfftOc\x00\x00\x00\x02")
	n := 0
	for first := range 256 {
		for n < len(p.entries) && int(p.entries[n].id[0]) <= first {
			n++
		}
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	for i := range p.entries {
		b = append(b, p.entries[i].id[:]...)
	}
	for i := range p.entries {
		b = binary.BigEndian.AppendUint32(b, p.entries[i].crc)
	}
	for i := range p.entries {
		b = binary.BigEndian.AppendUint32(b, uint32(p.entries[i].offset))
	}
	b = append(b, sum[:]...)
	own := sha1.Sum(b)
	return append(b, own[:]...)
}
