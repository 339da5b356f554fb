package pack_test

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// A naive resolver reads entries of a pack as gitformat-pack(5) describes them,
// each anew, without an index.
type naive struct {
	pack  []byte // without the checksum at the end
	limit int
	ids   map[string]int // offset by id, of entries that can be made
	// badSum is set if the Adler-32 of a stream is wrong: it need not be
	// looked at where the CRC-32 of the entry is right.
	badSum bool
}

var (
	errNaive = errors.New("bad entry")
	errLarge = errors.New("large")
)

// object makes the object at an offset. errLarge: it is whole, and too large.
func (v *naive) object(at, depth int) (kind byte, data []byte, err error) {
	if at < 12 || at >= len(v.pack) || depth > 1000 {
		return 0, nil, errNaive
	}
	in := bytes.NewBuffer(v.pack[at:])
	b, _ := in.ReadByte()
	kind = b >> 4 & 7
	size := uint64(b & 15)
	for shift := 4; b&0x80 != 0; shift += 7 {
		if b, err = in.ReadByte(); err != nil || shift > 53 {
			return 0, nil, errNaive
		}
		size |= uint64(b&0x7f) << shift
	}
	var base []byte
	switch kind {
	case 1, 2, 3, 4:
	case kindOffset:
		back := -1
		for {
			b, err := in.ReadByte()
			if err != nil || int64(back) > 1<<40 {
				return 0, nil, errNaive
			}
			back = (back+1)<<7 | int(b&0x7f)
			if b&0x80 == 0 {
				break
			}
		}
		if back == 0 {
			return 0, nil, errNaive
		}
		kind, base, err = v.object(at-back, depth+1)
	case kindRef:
		id := in.Next(20)
		from, ok := v.ids[string(id)]
		if !ok || len(id) < 20 {
			return 0, nil, errNaive
		}
		kind, base, err = v.object(from, depth+1)
	default:
		return 0, nil, errNaive
	}
	if err != nil {
		return 0, nil, errNaive
	}
	if size > uint64(v.limit) {
		if base == nil {
			return kind, nil, errLarge
		}
		return 0, nil, errNaive
	}
	z, err := zlib.NewReader(in)
	if err != nil {
		return 0, nil, errNaive
	}
	data, err = io.ReadAll(io.LimitReader(z, int64(size)+1))
	if err == zlib.ErrChecksum {
		v.badSum, err = true, nil
	}
	if err != nil || len(data) != int(size) {
		return 0, nil, errNaive
	}
	if base == nil {
		return kind, data, nil
	}
	data, err = naiveApply(base, data, v.limit)
	return kind, data, err
}

func naiveApply(base, delta []byte, limit int) ([]byte, error) {
	baseSize, n := binary.Uvarint(delta)
	if n <= 0 || n > 9 || baseSize != uint64(len(base)) {
		return nil, errNaive
	}
	delta = delta[n:]
	size, n := binary.Uvarint(delta)
	if n <= 0 || n > 9 || size > uint64(limit) {
		return nil, errNaive
	}
	in := bytes.NewBuffer(delta[n:])
	out := []byte{}
	for in.Len() > 0 {
		c, _ := in.ReadByte()
		if c&0x80 == 0 {
			text := in.Next(int(c))
			if c == 0 || len(text) < int(c) {
				return nil, errNaive
			}
			out = append(out, text...)
			continue
		}
		var arg [7]int
		for i := range arg {
			if c&(1<<i) != 0 {
				b, err := in.ReadByte()
				if err != nil {
					return nil, errNaive
				}
				arg[i] = int(b)
			}
		}
		from, n := arg[0]|arg[1]<<8|arg[2]<<16|arg[3]<<24, arg[4]|arg[5]<<8|arg[6]<<16
		if n == 0 {
			n = 0x10000
		}
		if from > len(base) || n > len(base)-from || len(out)+n > limit {
			return nil, errNaive
		}
		out = append(out, base[from:from+n]...)
	}
	if uint64(len(out)) != size {
		return nil, errNaive
	}
	return out, nil
}

// fuzzSeeds are packs by hand.
func fuzzSeeds(f *testing.F, add func(c *craft)) {
	text := "0123456789abcdefghijklmnopqrstuvwxyz 0123456789abcdefghijklmnopqrstuvwxyz"
	n := len(text)
	var c craft
	a := c.blob(text)
	b := c.offsetDelta(text[:40]+"!", a, makeDelta(n, 41, deltaOp{0, 40, ""}, deltaOp{0, 0, "!"}))
	c.offsetDelta(text[1:41], b, makeDelta(41, 40, deltaOp{1, 39, ""}, deltaOp{0, 0, text[40:41]}))
	c.refDelta(blobID("x"+text), blobID(text), makeDelta(n, n+1, deltaOp{0, 0, "x"}, deltaOp{0, n, ""}))
	c.refDelta(blobID("yx"), blobID("x"+text), makeDelta(n+1, 2, deltaOp{0, 0, "y"}, deltaOp{0, 1, ""}))
	c.blob("")
	add(&c)
	var d craft
	for i := range byte(4) { // made from one another, in a circle
		d.refDelta([20]byte{i}, [20]byte{(i + 1) % 4}, makeDelta(1, 1, deltaOp{0, 1, ""}))
	}
	d.blob("z")
	d.blob("z")
	add(&d)
	add(forest(200, 2, 4))
}

// FuzzPack: what a Store reads of a pack is what a naive reader of the format
// reads of it, object by object; and each that it does not read is an error.
func FuzzPack(f *testing.F) {
	seeds := 0
	fuzzSeeds(f, func(c *craft) {
		var offsets []byte
		for _, e := range c.entries {
			offsets = binary.LittleEndian.AppendUint16(offsets, uint16(e.offset))
		}
		f.Add(c.body, offsets)
		seeds++
	})
	if seeds == 0 {
		f.Fatal("no seeds")
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, body, offsets []byte) {
		const limit = 1 << 16
		c := craft{body: body}
		sum := append([]byte("PACK\x00\x00\x00\x02...."), body...)
		v := &naive{pack: sum, limit: limit, ids: map[string]int{}}
		want := map[string][]byte{} // by id in hex; nil: cannot be made
		large := map[string]bool{}
		either := map[string]bool{} // may be made, or not
		var at []int
		for ; len(offsets) >= 2 && len(at) < 100; offsets = offsets[2:] {
			at = append(at, int(binary.LittleEndian.Uint16(offsets)))
		}
		named := map[int]bool{}
		for again := true; again; {
			again = false
			for _, o := range at {
				if named[o] {
					continue
				}
				v.badSum = false
				kind, data, err := v.object(o, 0)
				if err != nil {
					continue
				}
				id := sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", pack.Type(kind), len(data), data))
				v.ids[string(id[:])] = o
				c.entries = append(c.entries, crafted{id: id, offset: uint64(o)})
				want[hex.EncodeToString(id[:])] = data
				either[hex.EncodeToString(id[:])] = v.badSum
				named[o], again = true, true
			}
		}
		for _, o := range at {
			if !named[o] {
				id := [20]byte{0xff, byte(o >> 8), byte(o)}
				c.entries = append(c.entries, crafted{id: id, offset: uint64(o)})
				want[hex.EncodeToString(id[:])] = nil
				_, _, err := v.object(o, 0)
				large[hex.EncodeToString(id[:])] = err == errLarge
				named[o] = true
			}
		}
		c.write(t, dir)
		s, err := pack.Open(dir, pack.Options{NoMap: len(body)%2 == 1})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Problems(); len(err) > 0 {
			t.Fatalf("Problems() = %v, want none", err)
		}
		var mu sync.Mutex
		seen := map[string]bool{}
		opts := pack.WalkOptions{Workers: 1 + len(at)%2, Memory: int64(len(body) % 3), MaxObject: limit}
		opts.Error = func(n pack.Num, err error) {
			mu.Lock()
			defer mu.Unlock()
			id := hex.EncodeToString(s.ID(n))
			if want[id] != nil && !either[id] || seen[id] {
				t.Errorf("%s: error %v", id, err)
			}
			seen[id] = true
		}
		err = pack.Walk(t.Context(), s, opts, func(_ int, o *pack.Object, base *visited) *visited {
			mu.Lock()
			defer mu.Unlock()
			id := hex.EncodeToString(s.ID(o.Num))
			if w := want[id]; seen[id] || o.Large != large[id] || !o.Large && (w == nil || !bytes.Equal(o.Data, w)) {
				t.Errorf("visit of %s: %q, want %q", id, o.Data, w)
			}
			seen[id] = true
			if err := checkOps(o, base); err != nil {
				t.Errorf("visit of %s: %v", id, err)
			}
			return &visited{o.Num, string(o.Data)}
		})
		if err != nil {
			t.Fatal(err)
		}
		for id, w := range want {
			if !seen[id] {
				t.Errorf("%s: neither visited nor an error", id)
			}
			raw, _ := hex.DecodeString(id)
			n, ok := s.Find(raw)
			if !ok {
				t.Fatalf("Find(%s) = false", id)
			}
			data, _, err := s.Read(n)
			if w != nil && !either[id] && (err != nil || !bytes.Equal(data, w)) {
				t.Errorf("Read(%s) = %q, %v; want %q", id, data, err, w)
			}
		}
	})
}

// FuzzLoose: a loose object is read as what its id says, or is an error.
func FuzzLoose(f *testing.F) {
	for _, s := range []string{"blob 3\x00abc", "tree 0\x00", "blob 4\x00abc", "blob 03\x00abc", "blob 3abc", ""} {
		f.Add(deflated([]byte(s)))
	}
	// It says that it is large, and its packed bytes are damaged.
	f.Add([]byte("x\x9cJ\xca\xc9OR0\x03\x03\x03\x06\x04\x00\x00\xff\xff\x0f\xe6\x03\x19"))
	dir := f.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "ab"), 0o777); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		id := make([]byte, 20)
		id[0] = 0xab
		if z, err := zlib.NewReader(bytes.NewReader(packed)); err == nil {
			raw, _ := io.ReadAll(io.LimitReader(z, 1<<20))
			sum := sha1.Sum(raw)
			id = sum[:]
		}
		name := hex.EncodeToString(id)
		file := filepath.Join(dir, name[:2], name[2:])
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, packed, 0o666); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(file)
		s, err := pack.Open(dir, pack.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		data, typ, err := s.Read(0)
		if err == nil {
			if got := sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", typ, len(data), data)); !bytes.Equal(got[:], id) {
				t.Errorf("Read = %q, of another id", data)
			}
		}
		if r, openErr := s.Reader(0); openErr == nil {
			streamed, readErr := io.ReadAll(r)
			r.Close()
			if (readErr == nil) != (err == nil) || err == nil && !bytes.Equal(streamed, data) {
				t.Errorf("Reader reads %q, %v; Read %q, %v", streamed, readErr, data, err)
			}
		} else if err == nil {
			t.Errorf("Reader = %v, Read = nil", openErr)
		}
		visits, failed, large := 0, 0, false // large: it is for Reader to see if it is damaged
		pack.Walk(t.Context(), s, pack.WalkOptions{MaxObject: 1 << 20, Error: func(pack.Num, error) { failed++ }},
			func(_ int, o *pack.Object, _ int) int { visits, large = visits+1, o.Large; return 0 })
		if visits+failed != 1 || (err == nil) != (visits == 1) && !large {
			t.Errorf("%d visits, %d errors; Read %v", visits, failed, err)
		}
	})
}
