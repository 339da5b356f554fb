package pack

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
	"math/bits"
	"sync"
)

// What can be wrong with a zlib stream. Where several things are, it is not
// promised which of them is reported.
var (
	errZlibHeader     = errors.New("not a zlib stream")
	errZlibDictionary = errors.New("zlib stream needs a preset dictionary")
	errZlibTruncated  = errors.New("zlib stream is cut off")
	errZlibCorrupt    = errors.New("corrupt block in zlib stream")
	errZlibChecksum   = errors.New("zlib stream does not match its checksum")
	errZlibLong       = errors.New("zlib stream holds more than is declared")
	errZlibShort      = errors.New("zlib stream holds less than is declared")
)

// An inflater decompresses zlib streams (RFC 1950, 1951), one after the other,
// whose size is known beforehand and whose bytes are in memory. The zero
// inflater is ready. It keeps nothing of a stream; it must not be used from
// two goroutines at once.
//
// Most streams of a pack are some tens of bytes: what is done once a stream
// and once a block counts as much as what is done once a symbol.
type inflater struct {
	// noAdler: a stream's Adler-32 is skipped. For callers that checked the
	// compressed bytes, by the CRC-32 in a pack's index.
	noAdler bool

	// Where the stream is: its next bits, and how many of them count (above
	// these can be more of the bytes that follow); the next byte to be loaded;
	// the next byte of dst to be written. Kept here between blocks only.
	bits  uint64
	nbits uint64 // in the low byte; what is above has no meaning
	in    int
	out   int

	dynamic codes
	lengths [1 << lengthsBits]uint32 // decodes the code lengths of a block: see lengthsEntries
	head    [headSize]byte           // the head of a block at the end of src, and zeros
}

// inflate decompresses the zlib stream at the beginning of src into dst, whose
// length is the declared size of what the stream holds: a stream of any other
// size is an error, and nothing is written outside dst[:len(dst)]. It returns
// how many bytes of src the stream took, its Adler-32 included; with an error,
// nothing is to be known of them, and dst holds no promise.
func (z *inflater) inflate(dst, src []byte) (consumed int, err error) {
	if err := z.run(dst, src); err != nil {
		return 0, err
	}
	if z.out != len(dst) {
		return 0, errZlibShort
	}
	return z.in, nil
}

// inflatePrefix decompresses the beginning of the zlib stream at the beginning
// of src: as much as dst holds, or everything if that is less. It returns how
// many bytes it wrote. What comes after them is not looked at, nor is the
// Adler-32 if dst is full. With an error, the n bytes are what could be
// decompressed before it.
func (z *inflater) inflatePrefix(dst, src []byte) (n int, err error) {
	err = z.run(dst, src)
	if z.out == len(dst) && err != errZlibHeader && err != errZlibDictionary {
		err = nil
	}
	return z.out, err
}

// run decompresses a stream of at most len(dst) bytes. After an errZlibLong
// dst is full.
func (z *inflater) run(dst, src []byte) error {
	z.bits, z.nbits, z.in, z.out = 0, 0, 2, 0
	if len(src) < 2 {
		return errZlibTruncated
	}
	// Deflate with a window of at most 32 KiB, and a multiple of 31. The size
	// of the window is of no use here: all of dst is there.
	if src[0]&0x0f != 8 || src[0]>>4 > 7 || (uint(src[0])<<8|uint(src[1]))%31 != 0 {
		return errZlibHeader
	}
	if src[1]&0x20 != 0 {
		return errZlibDictionary
	}
	for final := false; !final; {
		z.refill(src)
		final = z.bits&1 != 0
		kind := z.bits >> 1 & 3
		z.drop(3)
		var err error
		switch kind {
		case 0:
			err = z.stored(dst, src)
		case 1:
			err = z.symbols(&constants().fixed, dst, src)
		case 2:
			if err = z.readCodes(src); err == nil {
				err = z.symbols(&z.dynamic, dst, src)
			}
		default:
			err = errZlibCorrupt
		}
		if z.overrun(src) {
			// What was decoded from what is not there is no other error.
			return errZlibTruncated
		}
		if err != nil {
			return err
		}
	}
	z.align()
	if len(src)-z.in < 4 {
		return errZlibTruncated
	}
	sum := binary.BigEndian.Uint32(src[z.in:])
	z.in += 4
	if !z.noAdler && sum != adler32.Checksum(dst[:z.out]) {
		return errZlibChecksum
	}
	return nil
}

// refill makes at least 56 bits ready. After the end of src they are zeros,
// and z.in counts on: see overrun.
func (z *inflater) refill(src []byte) {
	if z.in >= 0 && z.in <= len(src)-8 {
		z.bits, z.nbits, z.in = load(src, z.bits, z.nbits, z.in)
	} else {
		z.bits, z.nbits, z.in = refillLast(src, z.bits, z.nbits, z.in)
	}
}

// load is refill where src has at least 8 bytes from in on. It loads all of
// them: those that do not fit whole are loaded again the next time, over the
// same bits.
func load(src []byte, b, n uint64, in int) (uint64, uint64, int) {
	b |= binary.LittleEndian.Uint64(src[in:]) << (n & 63)
	return b, n | 56, in + 7 - int(n>>3&7)
}

// refillLast is refill where less than 8 bytes of src are left.
func refillLast(src []byte, b, n uint64, in int) (uint64, uint64, int) {
	n &= 63
	b &= 1<<n - 1
	for ; n < 56; n += 8 {
		if in < len(src) {
			b |= uint64(src[in]) << n
		}
		in++
	}
	return b, n, in
}

// drop removes n bits, of those that are ready.
func (z *inflater) drop(n uint64) {
	z.bits >>= n & 63
	z.nbits -= n
}

// overrun tells whether bits were used that src does not have.
func (z *inflater) overrun(src []byte) bool {
	return z.in-int(z.nbits&63>>3) > len(src)
}

// align goes on at the next whole byte, with no bits ready.
func (z *inflater) align() {
	z.in -= int(z.nbits & 63 >> 3)
	z.bits, z.nbits = 0, 0
}

// stored copies a block that is not compressed.
func (z *inflater) stored(dst, src []byte) error {
	z.align()
	if len(src)-z.in < 4 {
		return errZlibTruncated
	}
	n := int(binary.LittleEndian.Uint16(src[z.in:]))
	if n^0xffff != int(binary.LittleEndian.Uint16(src[z.in+2:])) {
		return errZlibCorrupt
	}
	z.in += 4
	copied := copy(dst[z.out:], src[z.in:min(z.in+n, len(src))])
	z.out += copied
	z.in += copied
	switch {
	case copied == n:
		return nil
	case z.out == len(dst):
		return errZlibLong
	}
	return errZlibTruncated
}

// symbols decodes the literals and matches of one block.
func (z *inflater) symbols(c *codes, dst, src []byte) error {
	certain := z.out // what is not made of bits that src does not have
	last := false    // src ends before the block
	var err error
	for err == nil {
		if z.in <= len(src)-8 {
			if z.frequent(c, dst, src) {
				return nil
			}
		} else if !last {
			end, ok := z.frequentLast(c, dst, src)
			if end {
				return nil
			}
			last = !ok
		}
		// One symbol, of any kind. 56 bits are enough for a whole match: 15+5
		// for the length, 15+13 for the distance.
		z.refill(src)
		if z.overrun(src) {
			break
		}
		certain = z.out
		e := c.literal[z.bits%(1<<literalBits)]
		if e&(isLiteral|isLong) == isLong {
			e = c.literal[longIndex(e, z.bits>>literalBits)]
		}
		length := valueOf(e, z.bits)
		z.drop(uint64(e))
		if e&isLiteral != 0 {
			if z.out >= len(dst) {
				err = errZlibLong
				break
			}
			dst[z.out] = byte(e >> 16)
			z.out++
			continue
		}
		if e&isSpecial != 0 {
			if e&isEnd == 0 {
				err = errZlibCorrupt
			}
			break
		}
		d := c.distance[z.bits%(1<<distanceBits)]
		if d&isLong != 0 {
			d = c.distance[longIndex(d, z.bits>>distanceBits)]
		}
		distance := valueOf(d, z.bits)
		z.drop(uint64(d))
		if d&isSpecial != 0 || distance > z.out {
			err = errZlibCorrupt
			break
		}
		end := z.out + length
		if end > len(dst) {
			end, err = len(dst), errZlibLong
		}
		for ; z.out < end; z.out++ {
			dst[z.out] = dst[z.out-distance]
		}
	}
	if z.overrun(src) {
		z.out = certain
		return errZlibTruncated
	}
	return err
}

// frequent is symbols as far as they are of the kinds that are frequent, and
// nothing is wrong. It tells whether it has come to the end of the block; if
// not, the next symbol is for symbols to decode.
//
// This is where the time goes. It calls nothing, so that its variables stay in
// registers. Each condition on in, out and from also spares a check of bounds.
// The next entry is looked up as soon as there are enough bits for its index:
// before more are loaded, and before a match is copied, so that it need not
// wait for these. Of 56 bits, 4 literals take 40 and leave enough for an index;
// a match takes 36 (10+5, 8+13), so that one literal can come before it.
func (z *inflater) frequent(c *codes, dst, src []byte) (end bool) {
	b, nb, in, out := z.bits, z.nbits, z.in, z.out
	if in < 0 || in > len(src)-8 {
		return false
	}
	b, nb, in = load(src, b, nb, in)
	e := c.literal[b%(1<<literalBits)]
	for in >= 0 && in <= len(src)-8 && out >= 0 {
		b, nb, in = load(src, b, nb, in)
		if int32(e) < 0 { // isLiteral
			if out >= len(dst) {
				break
			}
			b, nb = b>>(e&63), nb-uint64(e)
			dst[out] = byte(e >> 16)
			out++
			e = c.literal[b%(1<<literalBits)]
			if int32(e) < 0 {
				if out >= len(dst) {
					break
				}
				b, nb = b>>(e&63), nb-uint64(e)
				dst[out] = byte(e >> 16)
				out++
				e = c.literal[b%(1<<literalBits)]
				if int32(e) < 0 {
					if out >= len(dst) {
						break
					}
					b, nb = b>>(e&63), nb-uint64(e)
					dst[out] = byte(e >> 16)
					out++
					e = c.literal[b%(1<<literalBits)]
					if int32(e) < 0 {
						if out >= len(dst) {
							break
						}
						b, nb = b>>(e&63), nb-uint64(e)
						dst[out] = byte(e >> 16)
						out++
						e = c.literal[b%(1<<literalBits)]
						continue
					}
				}
				if in < 0 || in > len(src)-8 {
					break
				}
				b, nb, in = load(src, b, nb, in)
			}
		}
		if e&isSpecial != 0 {
			if e&isLong != 0 {
				e = c.literal[longIndex(e, b>>literalBits)]
				if int32(e) < 0 {
					if out >= len(dst) {
						break
					}
					b, nb = b>>(e&63), nb-uint64(e)
					dst[out] = byte(e >> 16)
					out++
					e = c.literal[b%(1<<literalBits)]
					continue
				}
				if in < 0 || in > len(src)-8 {
					break
				}
				b, nb, in = load(src, b, nb, in)
			}
			if e&isSpecial != 0 {
				if e&isEnd != 0 {
					b, nb = b>>(e&63), nb-uint64(e)
					end = true
				}
				break
			}
		}
		length := valueOf(e, b)
		b2 := b >> (e & 63)
		d := c.distance[b2%(1<<distanceBits)]
		if d&isSpecial != 0 {
			break
		}
		distance := valueOf(d, b2)
		from, to := out-distance, out+length
		if from < 0 || to > len(dst) {
			break
		}
		b, nb = b2>>(d&63), nb-uint64(e)-uint64(d)
		e = c.literal[b%(1<<literalBits)]
		if distance >= 8 && from <= len(dst)-16 && out <= len(dst)-16 && to <= len(dst)-8 {
			// Steps of 8 bytes read only what was written before them. The
			// last one writes too much, which is written again. Two are
			// enough for nine of ten matches.
			binary.LittleEndian.PutUint64(dst[out:], binary.LittleEndian.Uint64(dst[from:]))
			binary.LittleEndian.PutUint64(dst[out+8:], binary.LittleEndian.Uint64(dst[from+8:]))
			if length > 16 {
				out, from = out+16, from+16
				for out < to && from >= 0 && out >= 0 && from <= len(dst)-8 && out <= len(dst)-8 {
					binary.LittleEndian.PutUint64(dst[out:], binary.LittleEndian.Uint64(dst[from:]))
					out, from = out+8, from+8
				}
			}
		} else {
			if distance == 1 {
				for same := 0x0101010101010101 * uint64(dst[from]); out >= 0 && out <= to-8 && out <= len(dst)-8; out += 8 {
					binary.LittleEndian.PutUint64(dst[out:], same)
				}
				from = out - 1
			}
			for ; out < to; out, from = out+1, from+1 {
				dst[out] = dst[from]
			}
		}
		out = to
	}
	z.bits, z.nbits, z.in, z.out = b, nb, in, out
	return end
}

// frequentLast is frequent for the last bytes of src, with zeros after them. If
// it comes to use these it undoes what it did, and is not ok.
func (z *inflater) frequentLast(c *codes, dst, src []byte) (end, ok bool) {
	bits, nbits, in, out := z.bits, z.nbits, z.in, z.out
	var last [24]byte
	copy(last[:], src[min(in, len(src)):])
	z.in = 0
	end = z.frequent(c, dst, last[:])
	z.in += in
	if z.overrun(src) {
		z.bits, z.nbits, z.in, z.out = bits, nbits, in, out
		return false, false
	}
	return end, true
}

// The tables of one block. An entry of a table is what the bits that index it
// begin with, as a uint32:
//
//	bits 0-7    bits to drop: of the code and of the extra bits after it
//	bits 8-11   bits of the code alone
//	bits 12-15  isSpecial and what it is
//	bits 16-30  the literal, or the least length or distance, to which the extra bits are added
//	bit 31      isLiteral
//
// An entry that isLong has the number of further bits of an index in bits 8-11,
// and in bits 16-30 to what they are added.
const (
	isLiteral = 1 << 31
	isSpecial = 1 << 15 // nothing of the above: isLong, isEnd or, with neither, no symbol at all
	isLong    = 1 << 14 // the code is longer than what was the index
	isEnd     = 1 << 13 // of the block
	codeBit   = 1<<8 | 1

	// The bits that index a table: with more it takes longer to fill, with
	// less more codes are long. Measured on the pack of curl.
	literalBits  = 10
	distanceBits = 8
	lengthsBits  = 7 // the longest

	maxBits   = 15  // of a code
	literals  = 288 // symbols, the two that may not be used included
	distances = 32

	// More than the head of a block can have: 14 bits, 19 times 3 and 316
	// times 7, and what is loaded beyond them.
	headSize = 512 + 8
)

// valueOf returns the length or distance of an entry, given the bits that
// begin with its code.
func valueOf(e uint32, b uint64) int {
	return int(e>>16) + int(b&(1<<(e&63)-1)>>(e>>8&15))
}

// longIndex returns where the entry of a long code is, given the bits that
// follow those that were the index of e.
func longIndex(e uint32, b uint64) uint32 {
	return e>>16 + uint32(b)&(1<<(e>>8&15)-1)
}

// codes decode the symbols of a block.
type codes struct {
	// The entries for the first bits, then those of long codes: for each of
	// their beginnings, of which there are at most half as many as symbols, as
	// many as there can be bits after it.
	literal  [1<<literalBits + literals/2<<(maxBits-literalBits)]uint32
	distance [1<<distanceBits + distances/2<<(maxBits-distanceBits)]uint32

	// symbols[n] are those with a code of n bits, ascending: the literals and
	// lengths to literalsEnd[n], then to symbolsEnd[n] the distances, which
	// count from firstDistance.
	symbols       [maxBits + 1][literals + distances]uint16
	literalsEnd   [maxBits + 1]uint16
	symbolsEnd    [maxBits + 1]uint16
	firstDistance uint16
}

// readCodes makes z.dynamic from the head of a block.
func (z *inflater) readCodes(src []byte) error {
	z.refill(src)
	nLiterals := int(z.bits&31) + 257
	nDistances := int(z.bits>>5&31) + 1
	nLengths := int(z.bits>>10&15) + 4
	z.drop(14)
	if nLiterals > 286 || nDistances > 30 {
		return errZlibCorrupt
	}
	// The rest is read from an array that is large enough for any head: its
	// end needs no care.
	head, start := &z.head, z.in
	if start <= len(src)-headSize {
		head = (*[headSize]byte)(src[start:])
	} else {
		clear(head[copy(head[:], src[min(start, len(src)):]):])
	}
	z.in = 0
	ok := z.readLengthsCode(head, nLengths) && z.readLengths(head, nLiterals, nDistances)
	z.in += start
	if z.overrun(src) {
		return errZlibTruncated
	}
	if !ok || !z.dynamic.fill(constants()) {
		return errZlibCorrupt
	}
	return nil
}

// lengthsOrder is the order in which the head of a block has the lengths of the
// codes of code lengths.
var lengthsOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// lengthsEntries are those of the symbols for code lengths, as in z.lengths,
// there with the bits of the code in bits 0-7: the symbol in bits 8-15, and for
// those that repeat a length, the number of extra bits in bits 16-23, and in
// bits 24-31 to what they are added.
var lengthsEntries = [19]uint32{0, 1 << 8, 2 << 8, 3 << 8, 4 << 8, 5 << 8, 6 << 8, 7 << 8, 8 << 8, 9 << 8, 10 << 8,
	11 << 8, 12 << 8, 13 << 8, 14 << 8, 15 << 8, 3<<24 | 2<<16 | 16<<8, 3<<24 | 3<<16 | 17<<8, 11<<24 | 7<<16 | 18<<8}

// readLengthsCode fills z.lengths from the lengths of n codes.
func (z *inflater) readLengthsCode(head *[headSize]byte, n int) bool {
	b, nb, in := load(head[:], z.bits, z.nbits, z.in)
	var with [lengthsBits + 1]uint32 // the set of symbols with codes of so many bits
	for i, s := range lengthsOrder[:n] {
		if i == 18 { // 54 bits
			b, nb, in = load(head[:], b, nb, in&511)
		}
		with[b&7] |= 1 << (s & 31)
		b, nb = b>>3, nb-3
	}
	z.bits, z.nbits, z.in = b, nb, in
	next := uint32(0)
	for n := 1; n <= lengthsBits; n++ {
		if next != 0 {
			next *= 2
			copy(z.lengths[1<<(n-1):1<<n], z.lengths[:1<<(n-1)])
		}
		for set := with[n]; set != 0; set &= set - 1 {
			if next >= 1<<n {
				return false
			}
			z.lengths[bits.Reverse8(uint8(next))>>(8-n)] = lengthsEntries[bits.TrailingZeros32(set)] + uint32(n)
			next++
		}
	}
	return next == 1<<lengthsBits
}

// readLengths reads the lengths of the codes of so many symbols into
// z.dynamic.
func (z *inflater) readLengths(head *[headSize]byte, nLiterals, nDistances int) bool {
	c := &z.dynamic
	c.firstDistance = uint16(nLiterals)
	var count [maxBits + 1]uint16
	b, nb, in := load(head[:], z.bits, z.nbits, z.in&511)
	e := z.lengths[b%(1<<lengthsBits)]
	length, repeat := uint32(0), 0 // the last length; how often it is to be repeated
	i, end := 0, nLiterals
	for {
		n := min(repeat, end-i)
		repeat -= n
		if length != 0 {
			k := int(count[length])
			for j := range n {
				c.symbols[length][k+j] = uint16(i + j)
			}
			count[length] = uint16(k + n)
		}
		i += n
		if i == end && end == nLiterals {
			c.literalsEnd = count
			end += nDistances
			continue
		}
		if i == end {
			break
		}
		for i < end {
			b, nb, in = load(head[:], b, nb, in&511)
			b, nb = b>>(e&63), nb-uint64(e)
			symbol, extra := e>>8&31, e>>16&15
			if symbol > maxBits {
				repeat = int(e>>24) + int(b&(1<<extra-1))
				b, nb = b>>extra, nb-uint64(extra)
				e = z.lengths[b%(1<<lengthsBits)]
				if symbol != 16 {
					length = 0
				} else if i == 0 {
					end = 0 // there is none to be repeated
				}
				break
			}
			e = z.lengths[b%(1<<lengthsBits)]
			n := count[symbol]
			count[symbol] = n + 1
			c.symbols[symbol][n] = uint16(i)
			length = symbol
			i++
		}
	}
	c.symbolsEnd = count
	z.bits, z.nbits, z.in = b, nb, in
	return repeat == 0
}

// fill makes the tables from the symbols. It tells whether these are codes with
// which a block can end.
func (c *codes) fill(t *constantTables) bool {
	var none [maxBits + 1]uint16
	has, ok := c.fillTable(c.literal[:], literalBits, &none, &c.literalsEnd, t.literal[:], 0)
	if !ok || has&isEnd == 0 {
		return false
	}
	_, ok = c.fillTable(c.distance[:], distanceBits, &c.literalsEnd, &c.symbolsEnd, t.distance[:], c.firstDistance)
	return ok
}

// fillTable makes the table of one code, whose symbols are those from start to
// end, counted from first. It returns what any of their entries has. It tells
// whether there is such a code: all bits begin with a symbol's, or it has none
// or one symbol, of one bit.
func (c *codes) fillTable(table []uint32, tableBits int, start, end *[maxBits + 1]uint16, entries []uint32, first uint16) (has uint32, ok bool) {
	next := uint32(0) // the next code
	for n := 1; n <= tableBits; n++ {
		if next != 0 {
			// What is in the table for shorter codes, for each of the two
			// values of one more bit.
			copy(table[1<<(n-1):1<<n], table[:1<<(n-1)])
			next *= 2
		}
		symbols := c.symbols[n][start[n]:end[n]]
		if next+uint32(len(symbols)) > 1<<n {
			return 0, false
		}
		for _, s := range symbols {
			e := entries[s-first] + uint32(n)*codeBit
			has |= e
			table[bits.Reverse16(uint16(next))>>(16-n)] = e
			next++
		}
	}
	if next == 1<<tableBits {
		// Any more would be too many.
		for n := tableBits + 1; n <= maxBits; n++ {
			if start[n] != end[n] {
				return 0, false
			}
		}
		return has, true
	}
	most := maxBits
	for most > tableBits && start[most] == end[most] {
		most--
	}
	if most == tableBits {
		for i := next; i < 1<<tableBits; i++ {
			table[bits.Reverse16(uint16(i))>>(16-tableBits)] = isSpecial
		}
		return has, next == 0 || next == 1<<(tableBits-1) && start[1] != end[1]
	}
	// Those that begin with the same tableBits bits share 1<<more entries.
	long, more := next, most-tableBits
	for i := long; i < 1<<tableBits; i++ {
		at := 1<<tableBits + (i-long)<<more
		table[bits.Reverse16(uint16(i))>>(16-tableBits)] = at<<16 | uint32(more)<<8 | isSpecial | isLong
	}
	for n := tableBits + 1; n <= most; n++ {
		next *= 2
		for _, s := range c.symbols[n][start[n]:end[n]] {
			if next >= 1<<n {
				return 0, false
			}
			e := entries[s-first] + uint32(n)*codeBit
			has |= e
			at := 1<<tableBits + (next>>(n-tableBits)-long)<<more
			for i := uint32(bits.Reverse16(uint16(next) << (16 - n + tableBits))); i < 1<<more; i += 1 << (n - tableBits) {
				table[at+i] = e
			}
			next++
		}
	}
	return has, next == 1<<most
}

// constantTables are what every stream needs.
type constantTables struct {
	// The entries of symbols, without the bits of their codes.
	literal  [literals]uint32
	distance [distances]uint32
	fixed    codes
}

var constants = sync.OnceValue(func() *constantTables {
	t := new(constantTables)
	for s := range t.literal {
		t.literal[s] = isSpecial
		if s < 256 {
			t.literal[s] = isLiteral | uint32(s)<<16
		}
	}
	t.literal[256] = isSpecial | isEnd
	least := uint32(3)
	for s := range uint32(28) {
		extra := max(s/4, 1) - 1
		t.literal[257+s] = least<<16 | extra
		least += 1 << extra
	}
	t.literal[285] = 258 << 16
	least = 1
	for s := range uint32(30) {
		extra := max(s/2, 1) - 1
		t.distance[s] = least<<16 | extra
		least += 1 << extra
	}
	t.distance[30], t.distance[31] = isSpecial, isSpecial
	c := &t.fixed
	c.firstDistance = literals
	for s := range uint16(literals + distances) {
		n := 8
		switch {
		case s >= literals:
			n = 5
		case s >= 280:
		case s >= 256:
			n = 7
		case s >= 144:
			n = 9
		}
		c.symbols[n][c.symbolsEnd[n]] = s
		c.symbolsEnd[n]++
		if s < literals {
			c.literalsEnd = c.symbolsEnd
		}
	}
	if !c.fill(t) {
		panic("cork: internal error: the fixed codes are none")
	}
	return t
})
