package pack

import (
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// An opener opens a Store.
type opener struct {
	s     *Store
	noMap bool
	gone  bool // a file that was listed was not there any more
	moved bool // packs came or went

	lists   [][]string // of each folder: names of packs and indexes
	indexes []*index
	nums    [][]Num    // of each index, by position
	orders  [][]uint32 // of each pack, by entry: position in the index
	entryOf [][]Num    // of each pack, by entry
	used    []uint64   // by entry of all packs, a bit each: is the copy that is used
	loose   []looseList
}

// A looseList is the loose objects of a folder.
type looseList struct {
	dir  int
	ids  []byte
	nums []Num
}

func (o *opener) problem(file string, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		o.gone = true
	}
	o.s.problems = append(o.s.problems, &Error{File: file, Offset: -1, Err: unwrapPath(err)})
}

func (o *opener) open(objects string, alternates []string) (err error) {
	s := o.s
	defer faults()()
	defer catchFault(&err)
	s.dirs = folders(objects, alternates, func(file string, err error) {
		s.problems = append(s.problems, &Error{File: file, Offset: -1, Err: err})
	})
	total := 0
	for i, dir := range s.dirs {
		// In this order: git removes loose objects after it has written the
		// pack that they are in, and a pack after the objects that are loose
		// from then on. The one shows when the packs are listed again; what the
		// other removes is open already.
		list, err := listPacks(dir)
		if err != nil {
			o.problem(filepath.Join(dir, "pack"), err)
		}
		o.lists = append(o.lists, list)
		o.openPacks(filepath.Join(dir, "pack"), list)
		ids := listLoose(dir, s.hashSize, o.problem)
		if len(ids) > 0 {
			o.loose = append(o.loose, looseList{dir: i, ids: ids})
			total += len(ids) / s.hashSize
		}
	}
	if len(s.dirs) > 1<<16 {
		return &Error{File: objects, Offset: -1, Err: errors.New("too many alternates")}
	}
	o.sortPacks()
	for _, x := range o.indexes {
		total += x.len()
	}
	if total > maxObjects {
		return &Error{File: objects, Offset: -1, Err: errors.New("too many objects")}
	}
	o.number(total)
	o.sortEntries()
	o.choose()
	o.indexes = nil // as well
	o.fillBuckets()
	o.readHeaders()
	o.findTypes()
	for i, dir := range s.dirs {
		list, _ := listPacks(dir)
		o.moved = o.moved || !slices.Equal(list, o.lists[i])
	}
	return nil
}

// listPacks returns the names of the files in a folder of packs that matter,
// sorted.
func listPacks(objects string) (names []string, err error) {
	list, err := os.ReadDir(filepath.Join(objects, "pack"))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	for _, e := range list {
		name := e.Name()
		if strings.HasPrefix(name, "tmp_") || strings.HasPrefix(name, ".") {
			continue // being written, or left behind by a git that was killed
		}
		switch filepath.Ext(name) {
		case ".pack", ".idx", ".promisor":
			names = append(names, name)
		default:
			if name == multiPackIndex {
				names = append(names, name)
			}
		}
	}
	return names, err
}

const multiPackIndex = "multi-pack-index"

// openPacks opens the packs of a folder that has these files, sorted.
func (o *opener) openPacks(dir string, names []string) {
	there := func(name string) bool {
		_, ok := slices.BinarySearch(names, name)
		return ok
	}
	var multi map[string]*index
	if there(multiPackIndex) && slices.ContainsFunc(names, func(name string) bool {
		stem, ok := strings.CutSuffix(name, ".pack")
		return ok && !there(stem+".idx")
	}) {
		multi = o.multiIndex(filepath.Join(dir, multiPackIndex))
	}
	for _, name := range names {
		file := filepath.Join(dir, name)
		stem := strings.TrimSuffix(name, filepath.Ext(name))
		switch filepath.Ext(name) {
		case ".promisor":
			o.s.promisor = true
		case ".idx":
			if !there(stem + ".pack") {
				o.problem(file, errors.New("pack index without its pack"))
			}
		case ".pack":
			x := multi[stem+".idx"]
			if x == nil && !there(stem+".idx") {
				o.problem(file, errors.New("pack without its index: its objects are not read"))
				continue
			}
			if there(stem + ".idx") {
				x = nil
			}
			o.openPack(file, x)
		}
	}
}

func (o *opener) multiIndex(file string) map[string]*index {
	data, err := readFile(file)
	if err == nil {
		var packs map[string]*index
		if packs, err = parseMultiIndex(data, o.s.hashSize); err == nil {
			return packs
		}
	}
	o.problem(file, err)
	return map[string]*index{}
}

// openPack opens a pack, and its idx file if no index is given.
func (o *opener) openPack(path string, x *index) {
	if x == nil {
		file := strings.TrimSuffix(path, ".pack") + ".idx"
		data, err := readFile(file)
		if err != nil {
			o.problem(file, err)
			return
		}
		x, err = parseIndex(data, o.s.hashSize)
		if err != nil {
			o.problem(file, err)
		}
		if x == nil {
			return
		}
		if err != nil {
			x.crcs = nil // they prove nothing
		}
	}
	p, err := openPack(path, o.noMap)
	if err != nil {
		o.problem(path, err)
		return
	}
	o.s.packs = append(o.s.packs, p)
	o.indexes = append(o.indexes, x)
	if err := p.frame(x.len(), x.sum, o.s.hashSize); err != nil {
		o.problem(path, err)
	}
}

// sortPacks puts the packs in the order in which objects are looked for: the
// largest first. Within a pack deltas do not go in circles; as an object is
// taken from the first pack that has it, they do not among packs.
func (o *opener) sortPacks() {
	type pair struct {
		p *packFile
		x *index
	}
	pairs := make([]pair, len(o.s.packs))
	for i := range pairs {
		pairs[i] = pair{o.s.packs[i], o.indexes[i]}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.x.len(), a.x.len()), cmp.Compare(a.p.path, b.p.path))
	})
	first := 0
	for i := range pairs {
		o.s.packs[i], o.indexes[i] = pairs[i].p, pairs[i].x
		o.s.packs[i].first = uint32(first)
		first += o.indexes[i].len()
	}
}

// number merges the ids of all sources: each id is a Num.
func (o *opener) number(total int) {
	s := o.s
	o.nums = make([][]Num, len(o.indexes))
	var h merger
	h.size = s.hashSize
	for i, x := range o.indexes {
		o.nums[i] = make([]Num, x.len())
		h.add(x.ids, o.nums[i])
	}
	for i := range o.loose {
		l := &o.loose[i]
		l.nums = make([]Num, len(l.ids)/s.hashSize)
		h.add(l.ids, l.nums)
	}
	if len(h.sources) == 1 && h.distinct() {
		only := h.sources[0]
		s.ids = slices.Clone(only.ids)
		for i := range only.nums {
			only.nums[i] = Num(i)
		}
	} else {
		s.ids = make([]byte, 0, total*s.hashSize)
		heap.Init(&h)
		for len(h.sources) > 0 {
			src := &h.sources[0]
			id := src.ids[:s.hashSize]
			if n := len(s.ids); n == 0 || !bytes.Equal(s.ids[n-s.hashSize:], id) {
				s.ids = append(s.ids, id...)
			}
			src.nums[0] = Num(len(s.ids)/s.hashSize - 1)
			src.ids, src.nums = src.ids[s.hashSize:], src.nums[1:]
			if len(src.nums) == 0 {
				heap.Pop(&h)
			} else {
				heap.Fix(&h, 0)
			}
		}
		if len(s.ids) < cap(s.ids)*7/8 {
			s.ids = slices.Clone(s.ids)
		}
	}
	n := len(s.ids) / s.hashSize
	s.entry = make([]uint32, n)
	s.base = make([]uint32, n)
	s.types = make([]Type, n)
}

// A merger is a heap of sources of ids, by their first ones.
type merger struct {
	size    int
	sources []mergeSource
}

type mergeSource struct {
	ids  []byte
	nums []Num // to be filled
}

func (h *merger) add(ids []byte, nums []Num) {
	if len(nums) > 0 {
		h.sources = append(h.sources, mergeSource{ids, nums})
	}
}

// distinct reports whether no id of the first source is there twice.
func (h *merger) distinct() bool {
	ids := h.sources[0].ids
	for at := h.size; at < len(ids); at += h.size {
		if bytes.Equal(ids[at-h.size:at], ids[at:at+h.size]) {
			return false
		}
	}
	return true
}

func (h *merger) Len() int { return len(h.sources) }
func (h *merger) Less(i, j int) bool {
	return bytes.Compare(h.sources[i].ids[:h.size], h.sources[j].ids[:h.size]) < 0
}
func (h *merger) Swap(i, j int) { h.sources[i], h.sources[j] = h.sources[j], h.sources[i] }
func (h *merger) Push(any)      {}
func (h *merger) Pop() any {
	h.sources = h.sources[:len(h.sources)-1]
	return nil
}

// sortEntries sorts the entries of each pack by their offsets.
func (o *opener) sortEntries() {
	o.orders = make([][]uint32, len(o.indexes))
	for i, x := range o.indexes {
		order := byOffset(x.offsets, uint64(o.s.packs[i].size))
		o.s.packs[i].setOffsets(x.len(), func(i int) uint64 { return x.offsets[order[i]] })
		o.orders[i] = order
		x.offsets = nil // large, and not needed any more
		o.s.entries += uint32(len(order))
	}
}

// byOffset returns the positions of offsets, ascending by offset. Entries of a
// pack are spread evenly enough for buckets.
func byOffset(offsets []uint64, size uint64) []uint32 {
	order := make([]uint32, len(offsets))
	if len(offsets) == 0 {
		return order
	}
	shift := bits.Len64(size / uint64(len(offsets)))
	bucket := func(o uint64) uint64 { return min(o, size) >> shift }
	starts := make([]uint32, bucket(size)+2)
	for _, o := range offsets {
		starts[bucket(o)+1]++
	}
	for i := 1; i < len(starts); i++ {
		starts[i] += starts[i-1]
	}
	for i, o := range offsets {
		b := bucket(o)
		order[starts[b]] = uint32(i)
		starts[b]++
	}
	from := uint32(0)
	for _, to := range starts[:len(starts)-1] {
		if to-from > 1 {
			slices.SortFunc(order[from:to], func(a, b uint32) int {
				return cmp.Or(cmp.Compare(offsets[a], offsets[b]), cmp.Compare(a, b))
			})
		}
		from = to
	}
	return order
}

// choose takes of each object the copy in the first pack that has it, a loose
// one if no pack has.
func (o *opener) choose() {
	s := o.s
	const unset = 1<<32 - 1
	for n := range s.entry {
		s.entry[n] = unset
	}
	take := func(n Num, e uint32) bool {
		if s.entry[n] != unset {
			s.duplicates = append(s.duplicates, duplicate{n, e})
			return false
		}
		s.entry[n] = e
		return true
	}
	o.used = make([]uint64, s.entries/64+1)
	o.entryOf = make([][]Num, len(s.packs))
	for i, p := range s.packs {
		x, nums := o.indexes[i], o.nums[i]
		entryOf := make([]Num, len(nums))
		if x.crcs != nil {
			p.crcs = make([]uint32, len(nums))
		}
		for j, at := range o.orders[i] {
			n := nums[at]
			entryOf[j] = n
			if take(n, p.first+uint32(j)) {
				add(o.used, p.first+uint32(j))
			}
			if x.crcs != nil {
				p.crcs[j] = binary.BigEndian.Uint32(x.crcs[4*at:])
			}
		}
		o.entryOf[i] = entryOf
		o.nums[i], o.orders[i] = nil, nil
	}
	for _, l := range o.loose {
		for _, n := range l.nums {
			take(n, s.entries+uint32(len(s.looseDirs)))
			s.looseDirs = append(s.looseDirs, uint16(l.dir))
		}
	}
	s.looseTypes = make([]atomic.Uint32, len(s.looseDirs))
	slices.SortFunc(s.duplicates, compareDuplicates)
}

// fillBuckets makes the table that Find begins with: about two ids a bucket.
func (o *opener) fillBuckets() {
	s := o.s
	wide := max(1, min(24, bits.Len(uint(s.Len()))-1))
	s.shift = uint(32 - wide)
	s.buckets = make([]uint32, 1<<wide+1)
	for n := range s.Len() {
		s.buckets[binary.BigEndian.Uint32(s.ids[n*s.hashSize:])>>s.shift+1]++
	}
	for i := 1; i < len(s.buckets); i++ {
		s.buckets[i] += s.buckets[i-1]
	}
}

// readHeaders reads the header of every entry that is used.
func (o *opener) readHeaders() {
	s := o.s
	for n := range s.base {
		s.base[n] = none
	}
	const batch = 1 << 14
	for i, p := range s.packs {
		var at atomic.Int64
		var wg sync.WaitGroup
		for range min(runtime.GOMAXPROCS(0), 8, 1+p.len()/batch) {
			wg.Go(func() {
				for {
					from := int(at.Add(batch)) - batch
					if from >= p.len() {
						return
					}
					o.readBatch(i, from, min(from+batch, p.len()))
				}
			})
		}
		wg.Wait()
	}
}

// readBatch reads the headers of the entries [from:to] of a pack.
func (o *opener) readBatch(pack, from, to int) {
	s, p := o.s, o.s.packs[pack]
	done := from
	defer func() {
		// A mapped page that cannot be read: the rest of the batch is lost.
		for i := done; i < to; i++ {
			if has(o.used, p.first+uint32(i)) {
				s.base[o.entryOf[pack][i]] = lost
			}
		}
	}()
	var err error
	defer faults()()
	defer catchFault(&err)
	var w window
	for i := from; i < to; i++ {
		if has(o.used, p.first+uint32(i)) {
			n := o.entryOf[pack][i]
			s.base[n] = o.readHeader(pack, i, n, &w)
		}
		done = i + 1
	}
}

// readHeader reads the header of an entry, notes its type if it says one, and
// returns what it is made from.
func (o *opener) readHeader(pack, i int, n Num, w *window) (base uint32) {
	s, p := o.s, o.s.packs[pack]
	start, end := p.span(i)
	if start < packHeader || start >= end {
		return lost
	}
	b, err := w.bytes(p, start, min(end, start+maxHeader))
	if err != nil {
		return lost
	}
	h, err := parseHeader(b, s.hashSize)
	if err != nil {
		return lost
	}
	switch h.kind {
	case offsetDelta:
		if j, ok := p.search(start - h.back); ok && j < i {
			return uint32(o.entryOf[pack][j])
		}
		return lost
	case refDelta:
		if m, ok := s.Find(h.ref); ok {
			return uint32(m)
		}
		return lost
	}
	s.types[n] = h.kind
	return none
}

// A window reads a pack that is not mapped, forward, in large pieces.
type window struct {
	buf  []byte
	from int64
}

func (w *window) bytes(p *packFile, from, to int64) ([]byte, error) {
	if p.file == nil {
		return p.bytes(from, to, nil)
	}
	const piece = 256 * 1024
	if from < w.from || to > w.from+int64(len(w.buf)) {
		if _, err := p.bytes(from, min(p.size, max(to, from+piece)), &w.buf); err != nil {
			w.buf = w.buf[:0]
			return nil, err
		}
		w.from = from
	}
	return w.buf[from-w.from : to-w.from], nil
}

// findTypes gives deltas the type of what they are made from in the end, and
// takes circles apart: all that are in one are lost.
func (o *opener) findTypes() {
	s := o.s
	const (
		unknown Type = 254
		onPath  Type = 255
	)
	var path []uint32
	for n := range s.types {
		at := uint32(n)
		path = path[:0]
		var t Type
		for {
			if t = s.types[at]; t == onPath {
				i := slices.Index(path, at)
				for _, m := range path[i:] {
					s.base[m] = lost
				}
				t = unknown
				break
			} else if t != 0 {
				break
			}
			next := s.base[at]
			if next >= lost {
				if t = unknown; s.entry[at] < s.entries {
					t = cmp.Or(o.typeOfLost(Num(at)), unknown)
				} else if len(path) > 0 {
					t = cmp.Or(s.Type(Num(at)), unknown)
				} else {
					break // a loose object that no delta is made from: nobody asked yet
				}
				s.types[at] = t
				break
			}
			s.types[at] = onPath
			path = append(path, at)
			at = next
		}
		for _, m := range path {
			s.types[m] = t
		}
	}
	for n, t := range s.types {
		if t == unknown {
			s.types[n] = 0
		}
	}
}

// typeOfLost finds the type of an object whose base is not in the index, where
// the pack still tells.
func (o *opener) typeOfLost(n Num) Type {
	s := o.s
	p, i := s.place(s.entry[n])
	from, _ := p.span(i)
	var buf []byte
	for range maxUnindexed {
		h, err := p.header(from, p.end, s.hashSize, &buf)
		switch {
		case err != nil:
			return 0
		case h.kind == offsetDelta:
			from -= h.back
		case h.kind == refDelta:
			return 0
		default:
			return h.kind
		}
	}
	return 0
}

// maxUnindexed is how many deltas are followed to a base that the index does
// not name; git makes chains of at most 4095.
const maxUnindexed = 1 << 13
