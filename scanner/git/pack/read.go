package pack

import (
	"bufio"
	"compress/zlib"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"
	"os"
)

// maxRead is the size in bytes of the largest object that Read returns. Where
// an int has 32 bits, what is packed may be longer than the object.
const maxRead = min(1<<31-1, math.MaxInt/2)

// Read returns one object: its content, which is the caller's, and its type. It
// is meant for few objects: what an object is made from is made for each anew.
func (s *Store) Read(n Num) ([]byte, Type, error) {
	r := s.resolver()
	defer s.resolvers.Put(r)
	defer faults()()
	r.rescued = 0
	chain := []Num{n}
	for b := s.base[n]; b < lost; b = s.base[b] {
		chain = append(chain, Num(b))
	}
	data, t, err := r.chain(nil, 0, chain)
	if err != nil {
		if data, t, err = r.rescue(n, err); err != nil {
			return nil, 0, err
		}
	}
	// The buffer does not go back to the pool.
	r.pool.live -= int64(cap(data))
	if len(data) < cap(data)*3/4 {
		data = append([]byte(nil), data...)
	}
	return data, t, nil
}

// resolver returns a resolver for a single object.
func (s *Store) resolver() *resolver {
	if r, ok := s.resolvers.Get().(*resolver); ok {
		return r
	}
	return newResolver(s, maxRead, 4<<20)
}

// Reader streams one object of any size that is not a delta.
func (s *Store) Reader(n Num) (io.ReadCloser, error) {
	e := s.entry[n]
	if e >= s.entries {
		return s.looseReader(e, n)
	}
	p, i := s.place(e)
	from, to := p.span(i)
	var buf []byte
	h, err := p.header(from, to, s.hashSize, &buf)
	if err == nil && (h.kind == offsetDelta || h.kind == refDelta) {
		err = errKindDelta
	}
	if err != nil {
		return nil, s.errorAt(n, e, err)
	}
	var packed io.Reader = &spanReader{p: p, at: from + int64(h.len), end: p.end}
	z, err := zlib.NewReader(bufio.NewReaderSize(packed, 64*1024))
	if err != nil {
		return nil, s.errorAt(n, e, err)
	}
	return newStream(s, n, e, z, nil, h.kind, h.size), nil
}

func (s *Store) looseReader(e uint32, n Num) (io.ReadCloser, error) {
	f, err := openFile(loosePath(s.dirs[s.looseDirs[e-s.entries]], s.ID(n)))
	if err != nil {
		return nil, s.errorAt(n, e, err)
	}
	z, err := zlib.NewReader(bufio.NewReaderSize(f, 64*1024))
	if err != nil {
		f.Close()
		return nil, s.errorAt(n, e, err)
	}
	b := bufio.NewReaderSize(z, 4096)
	head, err := b.Peek(maxLooseHeader)
	if err != nil && err != io.EOF {
		f.Close()
		return nil, s.errorAt(n, e, err)
	}
	t, size, skip, err := parseLooseHeader(head)
	if err != nil {
		f.Close()
		return nil, s.errorAt(n, e, err)
	}
	b.Discard(skip)
	return newStream(s, n, e, b, f, t, size), nil
}

// A spanReader reads a part of a pack.
type spanReader struct {
	p       *packFile
	at, end int64
	buf     []byte
}

func (r *spanReader) Read(b []byte) (n int, err error) {
	defer faults()()
	defer catchFault(&err)
	if r.at >= r.end {
		return 0, io.EOF
	}
	to := min(r.end, r.at+int64(len(b)))
	packed, err := r.p.bytes(r.at, to, &r.buf)
	if err != nil {
		return 0, err
	}
	n = copy(b, packed)
	r.at += int64(n)
	return n, nil
}

// A stream is the content of one object. Its end is reached without an error
// only if the content is that of the object's id.
type stream struct {
	s    *Store
	n    Num
	e    uint32
	r    io.Reader
	c    io.Closer
	h    hash.Hash
	left int64
	err  error
}

func newStream(s *Store, n Num, e uint32, r io.Reader, c io.Closer, t Type, size int64) *stream {
	h := newHash(s.hashSize)
	h.Write(appendLooseHeader(nil, t, size))
	return &stream{s: s, n: n, e: e, r: r, c: c, h: h, left: size}
}

func (r *stream) Read(b []byte) (n int, err error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err = r.r.Read(b)
	if int64(n) > r.left {
		n, err = int(r.left), errZlibLong
	}
	r.left -= int64(n)
	r.h.Write(b[:n])
	switch {
	case err == io.EOF && r.left > 0:
		err = errZlibShort
	case err == io.EOF && string(r.h.Sum(nil)) != string(r.s.ID(r.n)):
		err = errID
	}
	if err != nil && err != io.EOF {
		err = r.s.errorAt(r.n, r.e, err)
	}
	r.err = err
	return n, err
}

func (r *stream) Close() error {
	if r.err == nil {
		r.err = os.ErrClosed
	}
	if r.c != nil {
		return r.c.Close()
	}
	return nil
}

// errorAt returns an *Error about a copy of an object.
func (s *Store) errorAt(n Num, e uint32, err error) error {
	id := hexID(s.ID(n))
	if e >= s.entries {
		return &Error{File: loosePath(s.dirs[s.looseDirs[e-s.entries]], s.ID(n)), Offset: -1, ID: id, Err: unwrapPath(err)}
	}
	p, i := s.place(e)
	from, _ := p.span(i)
	return &Error{File: p.path, Offset: from, ID: id, Err: err}
}

// A resolver makes objects, for one goroutine.
type resolver struct {
	s      *Store
	limit  int64 // bytes of the largest object or delta that is made
	pool   pool
	z      inflater
	packed []byte // of the entry that is read, if its pack is not mapped
	ops    []Op   // of the delta that was applied last
	read   int64  // packed bytes that were read
	hash   hash.Hash

	rescued int64 // bytes that rescue has made
}

func newResolver(s *Store, limit, keep int64) *resolver {
	return &resolver{s: s, limit: limit, pool: pool{keep: keep}, ops: []Op{}, hash: newHash(s.hashSize)}
}

// chain makes the first object of a chain, each of which is made from the next
// one; the last one from base, if that is not nil. base stays the caller's.
func (r *resolver) chain(base []byte, t Type, chain []Num) (data []byte, typ Type, err error) {
	data, typ = base, t
	for i := len(chain) - 1; i >= 0; i-- {
		from := data
		data, typ, err = r.object(chain[i], r.s.entry[chain[i]], from, typ)
		if i < len(chain)-1 {
			r.pool.put(from)
		}
		if err != nil {
			return nil, 0, err
		}
	}
	return data, typ, nil
}

// object makes an object, whose entry is e, from base, which is nil if it is
// whole in itself; then t has no meaning. One that is too large has a type all the same.
func (r *resolver) object(n Num, e uint32, base []byte, t Type) (data []byte, typ Type, err error) {
	if e >= r.s.entries {
		return r.loose(n, e)
	}
	if base == nil && r.s.base[n] == lost {
		return nil, 0, r.s.errorAt(n, e, r.why(n))
	}
	p, i := r.s.place(e)
	data, typ, err = r.unpackEntry(p, i, base, t, n)
	if err != nil {
		return nil, typ, r.s.errorAt(n, e, err)
	}
	return data, typ, nil
}

// why says what is wrong with an object that is lost.
func (r *resolver) why(n Num) error {
	p, i := r.s.place(r.s.entry[n])
	from, to := p.span(i)
	h, err := p.header(from, to, r.s.hashSize, &r.packed)
	switch {
	case err != nil:
		return err
	case h.kind == offsetDelta:
		if j, ok := p.search(from - h.back); ok && j < i {
			return errCycle
		}
		return errBase
	case h.kind == refDelta:
		if _, ok := r.s.Find(h.ref); ok {
			return errCycle
		}
		return fmt.Errorf("made from %s: %w", hexID(h.ref), ErrMissing)
	}
	return errHeader
}

var errCRC = errors.New("packed bytes match neither their CRC-32 in the index nor the object's id")

// unpackEntry makes an object from entry i of a pack. Its content is proved. ops
// tells afterwards how it is made from base.
func (r *resolver) unpackEntry(p *packFile, i int, base []byte, t Type, n Num) (data []byte, typ Type, err error) {
	defer catchFault(&err)
	from, to := p.span(i)
	if from < packHeader || from >= to {
		return nil, 0, errOffset
	}
	if p.file != nil && to-from > maxPacked(0) {
		// What is read needs memory: no more than what it says it is.
		h, err := p.header(from, to, r.s.hashSize, &r.packed)
		if err != nil {
			return nil, 0, err
		}
		if h.size > r.limit {
			return nil, h.kind, ErrTooLarge
		}
		to = min(to, from+maxPacked(h.size))
	}
	packed, err := p.bytes(from, to, &r.packed)
	if err != nil {
		return nil, 0, err
	}
	r.read += to - from
	proved := p.crcs != nil && crc32.ChecksumIEEE(packed) == p.crcs[i]
	data, typ, err = r.unpack(packed, base, t, proved)
	if err == nil && !proved && !r.proves(n, typ, data) {
		r.pool.put(data)
		data, err = nil, errCRC
		if p.crcs == nil {
			err = errID
		}
	}
	return data, typ, err
}

// proves reports whether the content is that of the object's id.
func (r *resolver) proves(n Num, t Type, data []byte) bool {
	var buf [64]byte
	r.hash.Reset()
	r.hash.Write(appendLooseHeader(buf[:0], t, int64(len(data))))
	r.hash.Write(data)
	return string(r.hash.Sum(buf[:0])) == string(r.s.ID(n))
}

// unpack makes an object from the packed bytes of an entry. proved says that
// they are as git wrote them.
func (r *resolver) unpack(packed, base []byte, t Type, proved bool) (data []byte, typ Type, err error) {
	h, err := parseHeader(packed, r.s.hashSize)
	if err != nil {
		return nil, 0, err
	}
	body := packed[h.len:]
	if h.size > r.limit {
		return nil, h.kind, ErrTooLarge
	}
	if !plausible(h.size, int64(len(body))) {
		return nil, 0, errSize
	}
	r.z.noAdler = proved
	buf := r.pool.get(int(h.size))
	if _, err := r.z.inflate(buf, body); err != nil {
		r.pool.put(buf)
		return nil, 0, err
	}
	if h.kind < offsetDelta {
		r.ops = r.ops[:0]
		return buf, h.kind, nil
	}
	defer r.pool.put(buf)
	baseSize, size, instructions, err := deltaSizes(buf)
	switch {
	case err != nil:
		return nil, 0, err
	case baseSize != uint64(len(base)):
		return nil, 0, errDeltaBase
	case size > uint64(r.limit):
		return nil, 0, ErrTooLarge
	}
	data = r.pool.get(int(size))
	r.ops, err = applyDelta(data, base, instructions, r.ops[:0])
	if err != nil {
		r.pool.put(data)
		return nil, 0, err
	}
	return data, t, nil
}

// loose reads a loose object.
func (r *resolver) loose(n Num, e uint32) (data []byte, t Type, err error) {
	s := r.s
	t, data, read, err := r.looseFile(n, e)
	r.read += read
	r.ops = r.ops[:0]
	if err != nil {
		return nil, t, s.errorAt(n, e, err)
	}
	s.looseTypes[e-s.entries].Store(uint32(t))
	return data, t, nil
}

func (r *resolver) looseFile(n Num, e uint32) (t Type, data []byte, read int64, err error) {
	path := loosePath(r.s.dirs[r.s.looseDirs[e-r.s.entries]], r.s.ID(n))
	f, err := openFile(path)
	if err != nil {
		return 0, nil, 0, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return 0, nil, 0, err
	}
	var head [maxLooseHeader]byte
	packed := r.pool.get(int(min(fi.Size(), 512)))
	defer func() { r.pool.put(packed) }()
	if _, err := io.ReadFull(f, packed); err != nil {
		return 0, nil, 0, err
	}
	m, zerr := r.z.inflatePrefix(head[:], packed)
	t, size, skip, err := parseLooseHeader(head[:m])
	if err != nil {
		if zerr != nil {
			err = zerr
		}
		return 0, nil, 0, err
	}
	switch {
	case size > r.limit || fi.Size() > r.limit+1<<20:
		return t, nil, 0, ErrTooLarge
	case !plausible(size, fi.Size()):
		return 0, nil, 0, errSize
	}
	if whole := int(fi.Size()); whole > len(packed) {
		more := r.pool.get(whole)
		copy(more, packed)
		got := len(packed)
		r.pool.put(packed)
		packed = more
		if _, err := io.ReadFull(f, packed[got:]); err != nil {
			return 0, nil, 0, err
		}
	}
	r.z.noAdler = false
	buf := r.pool.get(skip + int(size))
	_, err = r.z.inflate(buf, packed)
	if err == nil && !r.proves(n, t, buf[skip:]) {
		err = errID
	}
	if err != nil {
		r.pool.put(buf)
		return 0, nil, 0, err
	}
	// The content alone, in a buffer that can go back to the pool.
	copy(buf, buf[skip:])
	return t, buf[:size], int64(len(packed)), nil
}

// maxRescue bounds in bytes what a resolver makes to get at damaged objects by
// other ways, with rescueStep for each entry on the way: a hostile pack could
// make that take forever.
const (
	maxRescue  = 8 << 30
	rescueStep = 4 << 10
)

// rescue makes an object that could not be made, for the reason err, from any of
// its copies. Its chain is read anew in the pack of that copy, without the help
// of the index, and what comes of it is proved by the id.
func (r *resolver) rescue(n Num, err error) (data []byte, t Type, _ error) {
	s := r.s
	s.copies(n, func(e uint32) bool {
		if r.rescued > maxRescue {
			return false
		}
		if e >= s.entries {
			if e != s.entry[n] {
				data, t, _ = r.loose(n, e)
			}
		} else {
			data, t = r.rescueEntry(n, e)
		}
		return data == nil
	})
	if data == nil {
		return nil, 0, err
	}
	r.ops = r.ops[:0]
	return data, t, nil
}

// rescueEntry makes an object from one of its copies in packs; nil if it cannot.
func (r *resolver) rescueEntry(n Num, e uint32) (data []byte, t Type) {
	p, i := r.s.place(e)
	at, _ := p.span(i)
	var chain []int64
	var buf []byte
	for {
		r.rescued += rescueStep
		if len(chain) == maxUnindexed || r.rescued > maxRescue {
			return nil, 0
		}
		h, err := p.header(at, p.end, r.s.hashSize, &buf)
		if err != nil {
			return nil, 0
		}
		chain = append(chain, at)
		switch h.kind {
		case offsetDelta:
			at -= h.back
			continue
		case refDelta:
			b, ok := r.s.Find(h.ref)
			if !ok {
				return nil, 0
			}
			if j, ok := r.entryIn(p, b); ok {
				at, _ = p.span(j)
				continue
			}
			var links []Num
			for m := uint32(b); m < lost; m = r.s.base[m] {
				links = append(links, Num(m))
			}
			var err error
			if data, t, err = r.chain(nil, 0, links); err != nil {
				return nil, 0
			}
		}
		break
	}
	for i := len(chain) - 1; i >= 0; i-- {
		from, had := data, data != nil
		data, t = r.rescueBytes(p, chain[i], from, t)
		if had {
			r.pool.put(from)
		}
		if data == nil || r.rescued > maxRescue {
			return nil, 0
		}
		r.rescued += rescueStep + int64(len(data))
	}
	if !r.proves(n, t, data) {
		r.pool.put(data)
		return nil, 0
	}
	return data, t
}

// entryIn returns which entry of a pack is a copy of an object.
func (r *resolver) entryIn(p *packFile, n Num) (i int, ok bool) {
	r.s.copies(n, func(e uint32) bool {
		ok = e >= p.first && int(e-p.first) < p.len()
		i = int(e - p.first)
		return !ok
	})
	return i, ok
}

// rescueBytes unpacks the entry at an offset, wherever it ends.
func (r *resolver) rescueBytes(p *packFile, from int64, base []byte, t Type) (data []byte, typ Type) {
	var err error
	defer func() {
		if err != nil {
			data = nil
		}
	}()
	defer catchFault(&err)
	h, err := p.header(from, p.end, r.s.hashSize, &r.packed)
	if err != nil || h.size > r.limit {
		return nil, 0
	}
	to := p.end
	if p.file != nil {
		to = min(to, from+maxPacked(h.size))
	}
	packed, err := p.bytes(from, to, &r.packed)
	if err != nil {
		return nil, 0
	}
	data, typ, err = r.unpack(packed, base, t, false)
	return data, typ
}
