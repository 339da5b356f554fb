package pack

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"slices"
)

// An index is what an idx file, or a multi-pack-index, says of one pack.
type index struct {
	ids     []byte   // ascending, one after the other
	offsets []uint64 // by id: where the entry begins in the pack
	crcs    []byte   // by id: CRC-32 of the entry's packed bytes, big endian; nil: not known
	sum     []byte   // checksum at the pack's end; nil: not known
}

func (x *index) len() int { return len(x.offsets) }

var (
	errIndexMagic  = errors.New("not a pack index of version 1 or 2")
	errIndexCut    = errors.New("pack index is cut off")
	errIndexFanout = errors.New("pack index has a damaged table of first bytes")
	errIndexSum    = errors.New("pack index does not match its checksum")
	errIndexOrder  = errors.New("pack index is not sorted")
	errIndexTail   = errors.New("pack index has bytes that belong to no table")
	errMultiMagic  = errors.New("not a multi-pack-index of version 1 or 2")
	errMultiChunks = errors.New("multi-pack-index has damaged or missing tables")
)

// newHash returns the hash that git uses in files of a repository whose ids
// have hashSize bytes.
func newHash(hashSize int) hash.Hash {
	if hashSize == sha256.Size {
		return sha256.New()
	}
	return sha1.New()
}

// checksum reports whether a file ends with the checksum of what is before.
func checksum(data []byte, hashSize int) bool {
	if len(data) < hashSize {
		return false
	}
	at := len(data) - hashSize
	h := newHash(hashSize)
	h.Write(data[:at])
	return bytes.Equal(h.Sum(nil), data[at:])
}

// parseIndex reads an idx file. What it returns has tables that fit together;
// an error with an index says what is wrong with it all the same: it is usable,
// but its ids and CRCs prove nothing.
func parseIndex(data []byte, hashSize int) (*index, error) {
	const fanout = 256 * 4
	v2 := len(data) >= 8 && string(data[:4]) == "\xfftOc"
	head := 0
	if v2 {
		if v := binary.BigEndian.Uint32(data[4:]); v != 2 {
			return nil, errIndexMagic
		}
		head = 8
	}
	if len(data) < head+fanout+2*hashSize {
		if !v2 {
			return nil, errIndexMagic
		}
		return nil, errIndexCut
	}
	n, err := fanoutCount(data[head : head+fanout])
	if err != nil {
		if !v2 {
			return nil, errIndexMagic
		}
		return nil, err
	}
	body := data[head+fanout : len(data)-2*hashSize]
	each := hashSize + 4 // version 1: offset, id
	if v2 {
		each = hashSize + 8 // in tables: ids, CRCs, offsets
	}
	if uint64(n)*uint64(each) > uint64(len(body)) {
		return nil, errIndexCut
	}
	x := &index{offsets: make([]uint64, n), sum: data[len(data)-2*hashSize : len(data)-hashSize]}
	var problems []error
	if !checksum(data, hashSize) {
		problems = append(problems, errIndexSum)
	}
	if !v2 {
		x.ids = make([]byte, 0, n*hashSize)
		for i := range n {
			e := body[i*each:]
			x.offsets[i] = uint64(binary.BigEndian.Uint32(e))
			x.ids = append(x.ids, e[4:each]...)
		}
		body = body[n*each:]
	} else {
		var offsets []byte
		x.ids, body = body[:n*hashSize:n*hashSize], body[n*hashSize:]
		x.crcs, body = body[:n*4:n*4], body[n*4:]
		offsets, body = body[:n*4:n*4], body[n*4:]
		large := body
		for i := range n {
			o := binary.BigEndian.Uint32(offsets[4*i:])
			x.offsets[i] = uint64(o)
			if o&(1<<31) != 0 {
				at := uint64(o&^(1<<31)) * 8
				if at+8 > uint64(len(large)) {
					return nil, errIndexCut
				}
				x.offsets[i] = binary.BigEndian.Uint64(large[at:])
				body = body[min(8, len(body)):]
			}
		}
	}
	if len(body) != 0 {
		problems = append(problems, errIndexTail)
	}
	if !x.sort(hashSize) {
		problems = append(problems, errIndexOrder)
	}
	return x, errors.Join(problems...)
}

// fanoutCount returns how many objects a table of first bytes tells of.
func fanoutCount(table []byte) (int, error) {
	var n uint32
	for i := 0; i < len(table); i += 4 {
		next := binary.BigEndian.Uint32(table[i:])
		if next < n {
			return 0, errIndexFanout
		}
		n = next
	}
	if n > maxObjects {
		return 0, errIndexFanout
	}
	return int(n), nil
}

// sort puts the ids in order, and reports whether they were.
func (x *index) sort(hashSize int) bool {
	id := func(i int) []byte { return x.ids[i*hashSize : (i+1)*hashSize] }
	ordered := true
	for i := 1; i < x.len() && ordered; i++ {
		ordered = bytes.Compare(id(i-1), id(i)) <= 0
	}
	if ordered {
		return true
	}
	order := make([]int, x.len())
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(bytes.Compare(id(a), id(b)), cmp.Compare(a, b))
	})
	sorted := index{sum: x.sum}
	for _, i := range order {
		sorted.ids = append(sorted.ids, id(i)...)
		sorted.offsets = append(sorted.offsets, x.offsets[i])
		if x.crcs != nil {
			sorted.crcs = append(sorted.crcs, x.crcs[4*i:4*i+4]...)
		}
	}
	*x = sorted
	return false
}

// parseMultiIndex reads a multi-pack-index and returns what it says of each
// pack, by the name of the idx file that the pack would have. An object that is
// in several packs is named for one of them only.
func parseMultiIndex(data []byte, hashSize int) (map[string]*index, error) {
	const header = 12
	if len(data) < header+hashSize || string(data[:4]) != "MIDX" || data[4] != 1 && data[4] != 2 {
		return nil, errMultiMagic
	}
	if size := map[byte]int{1: sha1.Size, 2: sha256.Size}[data[5]]; size != hashSize {
		return nil, fmt.Errorf("multi-pack-index has ids of %d bytes, the repository of %d", size, hashSize)
	}
	if !checksum(data, hashSize) {
		return nil, errIndexSum
	}
	chunks := int(data[6])
	table := data[header:]
	if len(table) < (chunks+1)*12 {
		return nil, errMultiChunks
	}
	found := map[string][]byte{}
	for i := range chunks {
		e := table[12*i:]
		from, to := binary.BigEndian.Uint64(e[4:]), binary.BigEndian.Uint64(e[16:])
		if from > to || to > uint64(len(data)) {
			return nil, errMultiChunks
		}
		found[string(e[:4])] = data[from:to]
	}
	ids, entries, large := found["OIDL"], found["OOFF"], found["LOFF"]
	if len(found["OIDF"]) != 256*4 {
		return nil, errMultiChunks
	}
	n, err := fanoutCount(found["OIDF"])
	if err != nil || uint64(len(ids)) != uint64(n)*uint64(hashSize) || uint64(len(entries)) != uint64(n)*8 {
		return nil, errMultiChunks
	}
	names := bytes.Split(found["PNAM"], []byte{0})
	declared := binary.BigEndian.Uint32(data[8:])
	if uint64(len(names)) < uint64(declared) {
		return nil, errMultiChunks
	}
	packs := int(declared)
	all := make([]*index, packs)
	result := make(map[string]*index, packs)
	for i := range all {
		all[i] = &index{}
		result[string(names[i])] = all[i]
	}
	for i := range n {
		pack := binary.BigEndian.Uint32(entries[8*i:])
		o := binary.BigEndian.Uint32(entries[8*i+4:])
		if uint64(pack) >= uint64(packs) {
			return nil, errMultiChunks
		}
		offset := uint64(o)
		if o&(1<<31) != 0 && large != nil {
			at := uint64(o&^(1<<31)) * 8
			if at+8 > uint64(len(large)) {
				return nil, errMultiChunks
			}
			offset = binary.BigEndian.Uint64(large[at:])
		}
		x := all[pack]
		x.ids = append(x.ids, ids[i*hashSize:(i+1)*hashSize]...)
		x.offsets = append(x.offsets, offset)
	}
	for _, x := range all {
		x.sort(hashSize)
	}
	return result, nil
}
