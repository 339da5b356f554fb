package pack

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
	"math/bits"
	"sync"
)

// What can be wrong with a zlib stream. Where several things are, which of them is reported is not promised.
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
	lengths [1 << lengthsBits]uint8 // decodes the code lengths: symbol<<3 | length
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
	z.out = 0
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
	if z.in <= len(src)-8 {
		z.bits |= binary.LittleEndian.Uint64(src[z.in:]) << (z.nbits & 63)
		z.in += 7 - int(z.nbits>>3&7)
		z.nbits |= 56
		return
	}
	z.bits, z.nbits, z.in = refillLast(src, z.bits, z.nbits, z.in)
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
	b, nb, in, out := z.bits, z.nbits, z.in, z.out
	certain := out // not made of bits that src does not have; at its end only
	var err error
	for {
		// 56 bits are enough for a whole match: 15+5 for the length, 15+13 for
		// the distance.
		if in <= len(src)-8 {
			b |= binary.LittleEndian.Uint64(src[in:]) << (nb & 63)
			in += 7 - int(nb>>3&7)
			nb |= 56
		} else {
			b, nb, in = refillLast(src, b, nb, in)
			if in-int(nb>>3) > len(src) {
				break
			}
			certain = out
		}

		e := c.literal[b%(1<<literalBits)]
		if e&isLong != 0 {
			e = c.longLiteral(b)
		}
		saved := b
		b >>= e & 63
		nb -= uint64(e)
		if int32(e) < 0 {
			if out >= len(dst) {
				err = errZlibLong
				break
			}
			dst[out] = byte(e >> 16)
			out++
			continue
		}
		if e&isSpecial != 0 {
			if e&isEnd == 0 {
				err = errZlibCorrupt
			}
			break
		}
		length := int(e>>16) + int(saved&(1<<(e&63)-1)>>(e>>8&15))

		e = c.distance[b%(1<<distanceBits)]
		if e&isSpecial != 0 {
			if e&isLong != 0 {
				e = c.longDistance(b)
			}
			if e&isSpecial != 0 {
				err = errZlibCorrupt
				break
			}
		}
		saved = b
		b >>= e & 63
		nb -= uint64(e)
		distance := int(e>>16) + int(saved&(1<<(e&63)-1)>>(e>>8&15))
		if distance > out {
			err = errZlibCorrupt
			break
		}
		if length > len(dst)-out {
			for ; out < len(dst); out++ {
				dst[out] = dst[out-distance]
			}
			err = errZlibLong
			break
		}
		from, end := out-distance, out+length
		switch {
		case distance >= 8 && end <= len(dst)-8:
			// Steps of 8 bytes read only what was written before them; the
			// last one can go 7 bytes too far, which are written again.
			for ; out < end; out, from = out+8, from+8 {
				binary.LittleEndian.PutUint64(dst[out:], binary.LittleEndian.Uint64(dst[from:]))
			}
		case distance >= length:
			copy(dst[out:end], dst[from:])
		default:
			for ; out < end; out, from = out+1, from+1 {
				dst[out] = dst[from]
			}
		}
		out = end
	}
	z.bits, z.nbits, z.in, z.out = b, nb, in, out
	if z.overrun(src) {
		z.out = certain
		return errZlibTruncated
	}
	return err
}

// The tables of one block. An entry of a table is what the bits that index it
// begin with, as a uint32:
//
//	bits 0-7    bits to drop: of the code and of the extra bits after it
//	bits 8-11   bits of the code alone
//	bits 12-15  isSpecial and what it is
//	bits 16-30  the literal, or the least length or distance, to which the extra bits are added
//	bit 31      isLiteral
const (
	isLiteral = 1 << 31
	isSpecial = 1 << 15 // nothing of the above: isLong, isEnd or, with neither, no symbol at all
	isLong    = 1 << 14 // the code is longer than the table's index
	isEnd     = 1 << 13 // of the block
	codeBit   = 1<<8 | 1

	// The bits that index a table: more make it slower to fill, less send more
	// symbols to the search among the long codes.
	literalBits  = 10
	distanceBits = 8
	lengthsBits  = 7 // the longest

	maxBits   = 15  // of a code
	literals  = 288 // symbols, the two that may not be used included
	distances = 32
)

// codes decode the symbols of a block.
type codes struct {
	literal  [1 << literalBits]uint32
	distance [1 << distanceBits]uint32

	literalCode, distanceCode code
	// symbols[n] are those with a code of n bits, ascending: the literals and
	// lengths, then the distances, from first on.
	symbols [maxBits + 1][literals + distances]uint16
	first   uint16
}

// A code is a canonical Huffman code: what of it is not the order of symbols.
type code struct {
	start [maxBits + 1]uint16 // the index in codes.symbols
	count [maxBits + 1]uint16 // how many symbols have codes of so many bits
	end   [maxBits + 1]uint32 // the code after the last of so many bits, shifted to be maxBits long
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
	// 39 bits for 13 of at most 19: 53 with those above, and then anew.
	var with [lengthsBits + 1]uint32 // the set of symbols with codes of so many bits
	for i := range nLengths {
		if i == 13 {
			z.refill(src)
		}
		with[z.bits&7] |= 1 << lengthsOrder[i]
		z.drop(3)
	}
	next := uint32(0)
	for n := 1; n <= lengthsBits; n++ {
		next <<= 1
		copy(z.lengths[1<<(n-1):1<<n], z.lengths[:1<<(n-1)])
		for set := with[n]; set != 0; set &= set - 1 {
			if next >= 1<<n {
				return errZlibCorrupt
			}
			z.lengths[bits.Reverse8(uint8(next))>>(8-n)] = uint8(bits.TrailingZeros32(set)<<3 | n)
			next++
		}
	}
	if next != 1<<lengthsBits {
		return errZlibCorrupt
	}

	c := &z.dynamic
	c.first = uint16(nLiterals)
	var count [maxBits + 1]uint16
	previous := 0
	for i, total := 0, nLiterals+nDistances; i < total; {
		z.refill(src)
		e := z.lengths[z.bits%(1<<lengthsBits)]
		z.drop(uint64(e & 7))
		symbol := int(e >> 3)
		if symbol < 16 {
			previous = symbol
			c.symbols[symbol][count[symbol]] = uint16(i)
			count[symbol]++
			i++
			continue
		}
		var repeat int
		switch symbol {
		case 16:
			if i == 0 {
				return errZlibCorrupt
			}
			repeat = 3 + int(z.bits&3)
			z.drop(2)
		case 17:
			previous = 0
			repeat = 3 + int(z.bits&7)
			z.drop(3)
		default:
			previous = 0
			repeat = 11 + int(z.bits&127)
			z.drop(7)
		}
		if repeat > total-i {
			return errZlibCorrupt
		}
		if previous == 0 {
			i += repeat
			continue
		}
		for range repeat {
			c.symbols[previous][count[previous]] = uint16(i)
			count[previous]++
			i++
		}
	}
	return c.fill(&count, constants())
}

// fill makes the tables from c.symbols and c.first; count is how many symbols
// have codes of so many bits.
func (c *codes) fill(count *[maxBits + 1]uint16, t *constantTables) error {
	for n := 1; n <= maxBits; n++ {
		k := count[n]
		for k > 0 && c.symbols[n][k-1] >= c.first {
			k--
		}
		c.literalCode.start[n], c.literalCode.count[n] = 0, k
		c.distanceCode.start[n], c.distanceCode.count[n] = k, count[n]-k
	}
	has, ok := c.fillTable(&c.literalCode, c.literal[:], literalBits, t.literal[:], 0)
	if !ok || has&isEnd == 0 {
		return errZlibCorrupt // a block that cannot end is, too
	}
	if _, ok := c.fillTable(&c.distanceCode, c.distance[:], distanceBits, t.distance[:], c.first); !ok {
		return errZlibCorrupt
	}
	return nil
}

// fillTable makes the table of one code, whose symbols are counted from first,
// of their entries, and returns the bits that any of these has. It tells
// whether there is such a code: all bits begin with a symbol's, or it has none
// or one symbol, of one bit.
func (c *codes) fillTable(k *code, table []uint32, tableBits int, entries []uint32, first uint16) (has uint32, ok bool) {
	next, symbols := uint32(0), uint32(0)
	for n := 1; n <= maxBits; n++ {
		next <<= 1
		of := c.symbols[n][k.start[n]:][:k.count[n]]
		symbols += uint32(len(of))
		if next+uint32(len(of)) > 1<<n {
			return 0, false
		}
		if n <= tableBits {
			// What is in the table for shorter codes, for each of the two
			// values of one more bit.
			copy(table[1<<(n-1):1<<n], table[:1<<(n-1)])
		}
		for _, s := range of {
			e := entries[s-first] + uint32(n)*codeBit
			has |= e
			if n <= tableBits {
				table[bits.Reverse16(uint16(next))>>(16-n)] = e
			}
			next++
		}
		if n == tableBits {
			for rest := next; rest < 1<<n; rest++ {
				table[bits.Reverse16(uint16(rest))>>(16-n)] = isSpecial | isLong
			}
		}
		k.end[n] = next << (maxBits - n)
	}
	return has, next == 1<<maxBits || symbols == 0 || symbols == 1 && k.count[1] == 1
}

// long returns the entry of a code that is longer than its table's index.
func (c *codes) long(k *code, b uint64, tableBits int, entries []uint32, first uint16) uint32 {
	v := uint32(bits.Reverse16(uint16(b)) >> (16 - maxBits))
	for n := tableBits + 1; n <= maxBits; n++ {
		if v < k.end[n] {
			fromEnd := k.end[n]>>(maxBits-n) - v>>(maxBits-n)
			i := uint32(k.start[n]+k.count[n]) - fromEnd
			return entries[c.symbols[n][i]-first] + uint32(n)*codeBit
		}
	}
	return isSpecial
}

func (c *codes) longLiteral(b uint64) uint32 {
	return c.long(&c.literalCode, b, literalBits, constants().literal[:], 0)
}

func (c *codes) longDistance(b uint64) uint32 {
	return c.long(&c.distanceCode, b, distanceBits, constants().distance[:], c.first)
}

// constantTables are what every stream needs.
type constantTables struct {
	// The entries of symbols, without the bits of their codes.
	literal  [literals]uint32
	distance [distances]uint32
	fixed    codes
}

// lengthsOrder is the order in which a block's head has the code lengths of
// code lengths.
var lengthsOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

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
	c.first = literals
	var count [maxBits + 1]uint16
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
		c.symbols[n][count[n]] = s
		count[n]++
	}
	if err := c.fill(&count, t); err != nil {
		panic("cork: internal error: fixed codes: " + err.Error())
	}
	return t
})
