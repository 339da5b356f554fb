package pack

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"sync"
	"sync/atomic"
)

// A Type is what an object is.
type Type uint8

// The types of objects, by their numbers in packs.
const (
	Commit Type = 1
	Tree   Type = 2
	Blob   Type = 3
	Tag    Type = 4
)

// String returns the name that git has for the type.
func (t Type) String() string {
	switch t {
	case Commit:
		return "commit"
	case Tree:
		return "tree"
	case Blob:
		return "blob"
	case Tag:
		return "tag"
	}
	return "damaged"
}

func typeNamed(name string) Type {
	for t := Commit; t <= Tag; t++ {
		if t.String() == name {
			return t
		}
	}
	return 0
}

// A Num is an object of a Store: 0 to Store.Len()-1, ascending with the ids.
type Num uint32

// Options say how a Store is opened. The zero Options are those of a usual
// repository.
type Options struct {
	// HashSize is the size in bytes of the ids: 20, which 0 stands for, or 32.
	HashSize int
	// Alternates are folders of objects besides those that info/alternates
	// names (as GIT_ALTERNATE_OBJECT_DIRECTORIES does).
	Alternates []string
	// NoMap reads packs with ReadAt instead of mapping them into memory.
	NoMap bool
}

// A Store is every object in a repository's folder of objects, and in those
// that it borrows from. It is the state of when it was opened. All methods are
// safe for concurrent use, but for Close.
type Store struct {
	hashSize int
	dirs     []string // the folder itself, and its alternates
	packs    []*packFile
	promisor bool
	problems []error

	// Of each object, by Num.
	ids   []byte
	entry []uint32 // its entry among those of all packs; from entries on: a loose object
	base  []uint32 // the Num that it is a delta against, or none, lost
	types []Type   // 0: loose or damaged

	buckets []uint32 // where the ids begin that begin with these bits
	shift   uint

	// Entries are numbered through all packs, loose objects come after them.
	entries    uint32
	looseDirs  []uint16 // the folder that a loose object is in
	looseTypes []atomic.Uint32
	duplicates []duplicate // other copies of objects, by Num

	resolvers sync.Pool
}

// What base says of an object that is made from no other one.
const (
	none = 1<<32 - 1 // whole in itself, or loose
	lost = 1<<32 - 2 // its base or its header is not to be had
)

// maxObjects is how many copies of objects can be numbered, and their ids be in
// memory.
const maxObjects = min(1<<32-16, math.MaxInt/sha256.Size)

// Open opens a folder of objects (.git/objects). What of it cannot be read is
// told by Problems; an error is returned only if nothing can.
func Open(objects string, opts Options) (*Store, error) {
	size := cmp.Or(opts.HashSize, sha1.Size)
	if size != sha1.Size && size != sha256.Size {
		return nil, fmt.Errorf("object ids of %d bytes are not known", size)
	}
	if fi, err := os.Stat(objects); err != nil {
		return nil, &Error{File: objects, Offset: -1, Err: unwrapPath(err)}
	} else if !fi.IsDir() {
		return nil, &Error{File: objects, Offset: -1, Err: errors.New("not a folder")}
	}
	// git may repack at any moment: new packs come before the old ones go.
	const tries = 3
	for try := 1; ; try++ {
		s := &Store{hashSize: size}
		o := &opener{s: s, noMap: opts.NoMap}
		err := o.open(objects, opts.Alternates)
		switch {
		case err != nil:
			s.Close()
			return nil, err
		case try == tries && o.moved:
			o.problem(objects, errors.New("packs come and go while they are read"))
			return s, nil
		case try == tries, !o.gone && !o.moved:
			return s, nil
		}
		s.Close()
	}
}

// Close releases the packs. Nothing of the Store is to be used any more.
func (s *Store) Close() error {
	var errs []error
	for _, p := range s.packs {
		errs = append(errs, p.close())
	}
	s.packs = nil
	return errors.Join(errs...)
}

// Len returns how many objects there are.
func (s *Store) Len() int { return len(s.entry) }

// ID returns the id of an object, which is not to be changed.
func (s *Store) ID(n Num) []byte {
	at := int(n) * s.hashSize
	return s.ids[at : at+s.hashSize : at+s.hashSize]
}

// Promisor reports whether there is a pack of a partial clone: objects that are
// named and are not there are to be expected.
func (s *Store) Promisor() bool { return s.promisor }

// Problems returns what cannot be read as a whole: packs, indexes, folders.
// Each is an *Error.
func (s *Store) Problems() []error { return slices.Clone(s.problems) }

// Find returns the object that has an id.
func (s *Store) Find(id []byte) (Num, bool) {
	if len(id) != s.hashSize || len(s.buckets) == 0 {
		return 0, false
	}
	b := binary.BigEndian.Uint32(id) >> s.shift
	lo, hi := int(s.buckets[b]), int(s.buckets[b+1])
	for hi-lo > 8 {
		mid := int(uint(lo+hi) / 2)
		if bytes.Compare(s.ID(Num(mid)), id) <= 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	head := binary.BigEndian.Uint64(id)
	for at := lo * s.hashSize; lo < hi; lo, at = lo+1, at+s.hashSize {
		if binary.BigEndian.Uint64(s.ids[at:]) == head && bytes.Equal(s.ids[at+8:at+s.hashSize], id[8:]) {
			return Num(lo), true
		}
	}
	return 0, false
}

// Type returns what an object is, 0 if it is so damaged that this is not to be
// told. For a loose object its file is read, once.
func (s *Store) Type(n Num) Type {
	if t := s.types[n]; t != 0 {
		return t
	}
	if e := s.entry[n]; e >= s.entries {
		if t := Type(s.looseTypes[e-s.entries].Load()); t != 0 {
			return t
		}
		t, _, _ := s.looseHeader(e, s.ID(n))
		s.looseTypes[e-s.entries].Store(uint32(t))
		return t
	}
	return 0
}

// Size returns the size of an object's content in bytes, -1 if it is a delta
// or damaged: that is not known without reading it.
func (s *Store) Size(n Num) int64 {
	e := s.entry[n]
	if e >= s.entries {
		if _, size, err := s.looseHeader(e, s.ID(n)); err == nil {
			return size
		}
		return -1
	}
	if s.base[n] != none {
		return -1
	}
	p, i := s.place(e)
	from, to := p.span(i)
	var buf []byte
	h, err := p.header(from, to, s.hashSize, &buf)
	if err != nil {
		return -1
	}
	return h.size
}

// Packed returns how many bytes an object takes in its pack, or its file; 0 if
// that is not to be had.
func (s *Store) Packed(n Num) int64 {
	e := s.entry[n]
	if e >= s.entries {
		fi, err := os.Stat(loosePath(s.dirs[s.looseDirs[e-s.entries]], s.ID(n)))
		if err != nil {
			return 0
		}
		return fi.Size()
	}
	p, i := s.place(e)
	from, to := p.span(i)
	return max(0, to-from)
}

// place returns where the entry of a pack is.
func (s *Store) place(e uint32) (p *packFile, i int) {
	at := 0
	if len(s.packs) > 1 {
		at, _ = slices.BinarySearchFunc(s.packs, e, func(p *packFile, e uint32) int {
			if p.first <= e {
				return -1
			}
			return 1
		})
		at--
	}
	p = s.packs[at]
	return p, int(e - p.first)
}

// copies calls yield with every copy of an object, the one that is used first.
func (s *Store) copies(n Num, yield func(e uint32) bool) {
	if !yield(s.entry[n]) {
		return
	}
	i, _ := s.duplicate(n)
	for ; i < len(s.duplicates) && s.duplicates[i].num == n; i++ {
		if !yield(s.duplicates[i].entry) {
			return
		}
	}
}

// duplicate returns where the other copies of an object begin, if there are any.
func (s *Store) duplicate(n Num) (i int, ok bool) {
	i, _ = slices.BinarySearchFunc(s.duplicates, duplicate{num: n}, compareDuplicates)
	return i, i < len(s.duplicates) && s.duplicates[i].num == n
}

// looseHeader reads the type and size of a loose object.
func (s *Store) looseHeader(e uint32, id []byte) (Type, int64, error) {
	f, err := openFile(loosePath(s.dirs[s.looseDirs[e-s.entries]], id))
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	var packed [512]byte
	n, err := io.ReadFull(f, packed[:])
	if err != nil && err != io.ErrUnexpectedEOF {
		return 0, 0, err
	}
	r := s.resolver()
	defer s.resolvers.Put(r)
	var head [maxLooseHeader]byte
	m, err := r.z.inflatePrefix(head[:], packed[:n])
	if m == 0 && err != nil {
		return 0, 0, err
	}
	t, size, _, err := parseLooseHeader(head[:m])
	return t, size, err
}
