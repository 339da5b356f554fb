package decode

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"
)

// Regions finds the regions of a text that may hold encoded text, while the
// text is read window by window. What it finds does not depend on where the
// windows end. The zero Regions is ready to use and never cuts a region.
//
// It looks for seeds: a few characters in a row that encode text if read as
// base64 or hex, or an escape that stands for a character of ASCII. Seeds that
// are near each other and what stands around them are a region; [Text.Decode]
// decodes it. A region that is longer than Chunk is cut into chunks that
// overlap, so that a line of any length takes bounded memory.
type Regions struct {
	Chunk   int  // bytes, the length of a chunk; 0: regions are not cut
	Overlap int  // bytes before and after a chunk that are decoded with it
	NoUTF16 bool // the text is known not to hold UTF-16

	pos     int64  // where the search for seeds goes on
	inRun   bool   // pos is in a run of characters of base64
	run     int64  // where it begins
	streaks uint64 // its state, see table

	seeds []seed // found, but not yet part of a region

	open       bool
	first      bool  // the chunk that begins at core is the region's first
	start      int64 // of the first seed
	core, last int64 // where the current chunk begins; where the last seed ends

	out []Region
}

// A Region is a part of a buffer: offsets in bytes, half-open. What is
// announced in its core is this region's to report; the rest is context.
type Region struct {
	Start, End         int
	CoreStart, CoreEnd int
	SeedStart, SeedEnd int // the core without what stands around the seeds
}

type seed struct{ start, end int64 }

const (
	// seedBase64 characters are 18 bytes. Of random ones, one run in 300,000
	// passes for text.
	seedBase64 = 24
	seedHex    = 24
	// In a run of at most shortRun characters, endBase64 at its end will do,
	// which are 11 bytes: one identifier of source code in thousands passes.
	endBase64 = 15
	shortRun  = 64
	seedUTF16 = 8 // units

	// Two seeds that are not further apart than this are in one region.
	seedGap = 256
	// What stands around the seeds is looked at for the name that an encoded
	// value is assigned to: so many bytes, on the same line and two before it.
	contextBytes = 512
	contextLines = 2
	// lookahead is how many bytes an escape can have.
	lookahead = 32
	// seedReach is how far from a byte it can matter to a seed: more than any
	// seed, and than a run that is short, is long.
	seedReach = 96
)

// Context returns how many bytes a caller must keep of the text, before the
// end of the buffer given to Next, beyond Chunk and twice Overlap.
func (r *Regions) Context() int { return 2*contextBytes + seedGap + 2*lookahead }

// Reset makes r look at another text.
func (r *Regions) Reset() {
	*r = Regions{Chunk: r.Chunk, Overlap: r.Overlap, NoUTF16: r.NoUTF16, seeds: r.seeds[:0], out: r.out[:0]}
}

// Next looks at the buffer, which begins at offset base of the text and at the
// text's end ends there, and returns the regions that are complete and were
// not returned before, in order. They are valid until the next call.
func (r *Regions) Next(buf []byte, base int64, atEnd bool) []Region {
	r.out = r.out[:0]
	r.pos = max(r.pos, base)
	from := int(r.pos - base)
	limit := len(buf)
	if !atEnd {
		limit -= lookahead
	}
	if limit <= from && !atEnd {
		return nil
	}
	to := r.runs(buf, base, from, limit, atEnd)
	r.escapes(buf, base, from, to)
	r.pos = base + int64(to)

	// A seed that is found later begins after this, and what stands around
	// those before it is in the buffer.
	safe := r.pos - contextBytes
	if atEnd {
		safe = base + int64(len(buf)) + 1
	}
	return r.collect(buf, base, safe, atEnd)
}

// A Part is a part of a text: byte offsets, half-open. Escapes are looked for in
// text[Start:End), and runs of characters of base64 in text[Runs:EndRuns).
type Part struct{ Start, End, Runs, EndRuns int }

// In returns the regions whose seeds lie in parts of a text, which come from
// [Around] by way of [Join]. Only the parts are searched; what stands around a
// region may lie outside of them. It begins a search of its own.
func (r *Regions) In(text []byte, parts []Part) []Region {
	r.Reset()
	for _, p := range parts {
		if p.EndRuns-p.Runs >= endBase64 {
			r.inRun = false
			r.runs(text, 0, p.Runs, p.EndRuns, true)
		}
		r.escapes(text, 0, p.Start, p.End)
	}
	return r.collect(text, 0, int64(len(text))+1, true)
}

// Around returns the part to search where text[start:end) is new, or what was
// before it or behind it was: seeds outside of it are what they were, unless
// they are of a region that depends on it.
//
// An escape is not longer than lookahead. Runs of characters of base64 matter as
// a whole while they are short; of a long one, what is not further away than a
// seed is long.
func Around(text []byte, start, end int) Part {
	t := tables()
	const far = seedReach
	p := Part{Start: max(0, start-lookahead), End: end, Runs: start, EndRuns: end}
	for p.Runs > max(0, start-far) && t.value[text[p.Runs-1]] != notBase64 {
		p.Runs--
	}
	for p.EndRuns < min(len(text), end+far) && t.value[text[p.EndRuns]] != notBase64 {
		p.EndRuns++
	}
	return p
}

// Join sorts parts, makes one of those that overlap or nearly do, and returns
// them in place.
func Join(parts []Part) []Part {
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Compare(a.Start, b.Start) })
	apart := parts[:0]
	for _, p := range parts {
		last := len(apart) - 1
		if last < 0 || min(p.Start, p.Runs) > max(apart[last].End, apart[last].EndRuns) {
			apart = append(apart, p)
			continue
		}
		l := &apart[last]
		l.End, l.EndRuns = max(l.End, p.End), max(l.EndRuns, p.EndRuns)
		l.Runs = min(l.Runs, p.Runs)
	}
	return apart
}

// Depends returns the span that a region, and what it decodes to, depends on:
// where it is the same, so is the region. It may lie partly outside of the text.
func (r *Region) Depends() (from, to int) {
	const gap = seedGap + 2*seedReach + 1
	return min(r.Start-1, r.SeedStart-gap), max(r.End+1, r.SeedEnd+gap)
}

// collect makes regions of the seeds that begin before safe, and returns those
// that are complete.
func (r *Regions) collect(buf []byte, base, safe int64, atEnd bool) []Region {
	slices.SortFunc(r.seeds, func(a, b seed) int { return cmp.Compare(a.start, b.start) })
	n := 0
	for ; n < len(r.seeds) && r.seeds[n].start < safe; n++ {
		s := r.seeds[n]
		if r.open && s.start-r.last > seedGap {
			r.close(buf, base)
		}
		if !r.open {
			r.open, r.first = true, true
			r.start, r.core, r.last = s.start, s.start, s.end
		}
		r.last = max(r.last, s.end)
		r.cut(base)
	}
	r.seeds = append(r.seeds[:0], r.seeds[n:]...)
	if r.open && (atEnd || safe-r.last > seedGap) {
		r.close(buf, base)
	}
	return r.out
}

// cut emits chunks of the open region while it is long enough.
func (r *Regions) cut(base int64) {
	for r.Chunk > 0 && r.last-r.core >= int64(r.Chunk+r.Overlap) {
		core := int(r.core - base)
		out := Region{
			Start: core - r.Overlap, End: core + r.Chunk + r.Overlap,
			CoreStart: core, CoreEnd: core + r.Chunk,
			SeedStart: core, SeedEnd: core + r.Chunk,
		}
		if r.first {
			// What stands before a region this long is part of the overlap.
			out.Start = max(0, core-contextBytes)
			out.CoreStart = out.Start
		}
		r.out = append(r.out, out)
		r.core += int64(r.Chunk)
		r.first = false
	}
}

// close emits what is left of the open region.
func (r *Regions) close(buf []byte, base int64) {
	r.open = false
	core, last := int(r.core-base), int(r.last-base)
	out := Region{SeedStart: core, SeedEnd: last}
	if r.first {
		out.Start = before(buf, core)
		out.CoreStart = out.Start
	} else {
		out.Start, out.CoreStart = core-r.Overlap, core
	}
	out.End = after(buf, last)
	out.CoreEnd = out.End
	r.out = append(r.out, out)
}

// before returns where the context before buf[i] begins.
func before(buf []byte, i int) int {
	lo := max(0, i-contextBytes)
	for range contextLines + 1 {
		k := bytes.LastIndexByte(buf[lo:i], '\n')
		if k < 0 {
			return lo
		}
		i = lo + k
	}
	return i + 1
}

// after returns where the context after buf[i-1] ends.
func after(buf []byte, i int) int {
	hi := min(len(buf), i+contextBytes)
	if k := bytes.IndexByte(buf[i:hi], '\n'); k >= 0 {
		return i + k + 1
	}
	return hi
}

// add notes a seed. One that is near the last one is made part of it.
func (r *Regions) add(from int, start, end int64) {
	if n := len(r.seeds); n > from && start-r.seeds[n-1].end <= seedGap {
		r.seeds[n-1].end = max(r.seeds[n-1].end, end)
		return
	}
	r.seeds = append(r.seeds, seed{start, end})
}

// table answers what the search for encoded text asks about a byte.
type table struct {
	// value is the byte's value in base64 and in its alphabet for URLs, or
	// notBase64.
	value [256]uint8
	char  [64]byte   // by value
	hex   [256]uint8 // the value of a hex digit, or notHex
	// keep has a lane of 8 bits for each of the four ways in which the
	// characters of base64 can be grouped by four, and two for hex digits by
	// two. In a lane, streaks counts the characters since the last one that
	// cannot be a part of text in ASCII; keep, by where in a group of four the
	// character is, has the lanes in which the count goes on.
	keep [4][256]uint64
	// text is what text is made of, in ASCII.
	text [256]bool
	// special are bytes that an escape can begin with.
	special [256]bool
}

const (
	notBase64 = 0xFF
	notHex    = 0xFF

	base64Lanes = 0x0000_0000_FFFF_FFFF
	step        = 0x0000_0101_0101_0101
	// full has a lane's highest bit set when added to a count that is enough.
	full     = (0x80-seedHex)*0x0000_0101_0000_0000 | (0x80-seedBase64)*0x0000_0000_0101_0101
	fullEnd  = (0x80 - endBase64) * 0x0000_0000_0101_0101
	highest  = 0x0000_8080_8080_8080
	allLanes = 0x0000_FFFF_FFFF_FFFF
)

var tables = sync.OnceValue(func() *table {
	t := new(table)
	for c := range 256 {
		t.value[c], t.hex[c] = notBase64, notHex
		if v, ok := unhex(byte(c)); ok {
			t.hex[c] = v
		}
		t.text[c] = c >= ' ' && c < 0x7F || c == '\t' || c == '\n' || c == '\r'
	}
	for v, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t.value[c] = uint8(v)
		t.char[v] = c
	}
	t.value['-'], t.value['_'] = 62, 63
	for _, c := range []byte{'\\', '%', '&', 0} {
		t.special[c] = true
	}
	for c := range 256 {
		v := t.value[c]
		if v == notBase64 {
			continue
		}
		// The bits that decide whether a byte can be ASCII, or a zero of
		// UTF-16: the first six of the first byte, the first four of the
		// second, the first two of the third.
		inText := [4]bool{
			v < 32 && v != 1 && (v < 4 || v >= 8),
			v&8 == 0 && v&15 != 1,
			v&2 == 0,
			true,
		}
		high, isHex := t.hex[c], t.hex[c] != notHex
		for place := range 4 {
			for lane := range 4 {
				if inText[(place-lane)&3] {
					t.keep[place][c] |= 0xFF << (8 * lane)
				}
			}
			for lane := range 2 {
				if isHex && ((place-lane)&1 == 1 || high == 0 || high >= 2 && high < 8) {
					t.keep[place][c] |= 0xFF << (8 * (4 + lane))
				}
			}
		}
	}
	return t
})

// runs looks for seeds of base64 and hex in buf[from:limit) and returns how
// far it came: up to limit, or to the beginning of what it cannot decide yet.
func (r *Regions) runs(buf []byte, base int64, from, limit int, atEnd bool) int {
	known := len(r.seeds)
	i := from
	if r.inRun {
		i = r.goOn(buf, base, i, limit, known, atEnd)
	}
	m := marks{buf: buf, limit: limit, class: ofRuns}
	for i < limit {
		start, end := m.run(i)
		open := end == limit && !atEnd
		switch {
		case end-start < endBase64:
			if open {
				return start
			}
			return limit
		case open || r.mayBeText(buf[start:end], base+int64(start)):
			r.inRun, r.run, r.streaks = true, base+int64(start), 0
			i = r.goOn(buf, base, start, limit, known, atEnd)
		default:
			i = end
		}
	}
	return limit
}

// goOn looks for seeds in the run that buf[i:limit) begins with and returns where
// it ends, or limit.
func (r *Regions) goOn(buf []byte, base int64, i, limit, known int, atEnd bool) int {
	t := tables()
	s := r.streaks
	for i < limit {
		keep := t.keep[(base+int64(i))&3][buf[i]]
		if keep == 0 && t.value[buf[i]] == notBase64 {
			r.inRun = false
			break
		}
		s = (s + step) & keep
		if hit := (s + full) & highest; hit != 0 {
			n := seedBase64
			if hit&base64Lanes == 0 {
				n = seedHex
			}
			if at := base + int64(i) + 1; !isFill(buf[max(0, i+1-n) : i+1]) {
				r.add(known, at-int64(n), at)
			} else {
				// As long as it goes on, every so many are a seed of this kind.
				i += (fillEnd(buf[:limit], i+1) - (i + 1)) / n * n
			}
			s = 0
		}
		i++
	}
	r.streaks = s
	if at := base + int64(i); (!r.inRun || atEnd) && at-r.run <= shortRun && (s+fullEnd)&highest != 0 {
		r.add(known, at-endBase64, at)
	}
	return i
}

// mayBeText reports whether there may be a seed in a run that begins at that offset
// of the text. Most are names, and told from the end: after a few characters there
// is no grouping left in which they encode text, and all that has these characters
// can be passed over.
func (r *Regions) mayBeText(run []byte, at int64) bool {
	const long = 1 << 10
	if len(run) > long {
		return true
	}
	t := tables()
	// none returns 0, or the end of what begins with run[from:to) in every grouping.
	dead := func(from, to int, lanes uint64) (next int) {
		for k := to - 1; k >= from; k-- {
			if lanes &= t.keep[(at+int64(k))&3][run[k]]; lanes == 0 {
				return k + 1
			}
		}
		return 0
	}
	if n := len(run); n <= shortRun && dead(n-endBase64, n, base64Lanes) == 0 {
		return true
	}
	for from := 0; from+seedBase64 <= len(run); {
		if from = dead(from, from+seedBase64, allLanes); from == 0 {
			return true
		}
	}
	return false
}

// isFill reports whether a seed is one character again and again, as the gaps in
// binary files are filled. It encodes three bytes again and again, or one.
func isFill(seed []byte) bool {
	for _, c := range seed[1:] {
		if c != seed[0] {
			return false
		}
	}
	return true
}

// fillEnd returns where the bytes end that are like the one before text[i].
func fillEnd(text []byte, i int) int {
	c := text[i-1]
	for ; i+8 <= len(text); i += 8 {
		if binary.LittleEndian.Uint64(text[i:]) != uint64(c)*ones {
			break
		}
	}
	for i < len(text) && text[i] == c {
		i++
	}
	return i
}

// escapes looks for seeds that are escapes, or units of UTF-16, and begin in
// buf[from:to).
func (r *Regions) escapes(buf []byte, base int64, from, to int) {
	known := len(r.seeds)
	m := marks{buf: buf, limit: to, class: ofEscapes}
	for i := from; i < to; {
		w, at := m.word(i)
		for ; w != 0; w &= w - 1 {
			i := at + bits.TrailingZeros64(w)
			n := 0
			switch buf[i] {
			case '\\':
				n = backslashSeed(buf[i:])
			case '%':
				n = percentSeed(buf[i:])
			case '&':
				n = ampersandSeed(buf[i:])
			default:
				if !r.NoUTF16 {
					n = utf16Seed(buf[i:])
				}
			}
			if n > 0 {
				r.add(known, base+int64(i), base+int64(i+n))
			}
		}
		i = at + wordBits
	}
}

// backslashSeed returns the length of the escape that text begins with, if it
// is one that text has a reason to be decoded for. Line ends and quotes in
// strings are not: source code is full of them, and rules read over them. The
// quote behind a key of JSON in a string is.
func backslashSeed(text []byte) int {
	if len(text) < 3 {
		return 0
	}
	switch text[1] {
	case 'u':
		if len(text) >= 6 && text[2] == '0' && text[3] == '0' && isASCII(text[4], text[5]) {
			return 6
		}
	case 'x':
		if len(text) >= 4 && isASCII(text[2], text[3]) {
			return 4
		}
	case '"':
		if text[2] == ':' {
			return 2
		}
	case '/':
		if len(text) >= 4 && text[2] == '\\' && text[3] == '/' {
			return 4
		}
	}
	return 0
}

func percentSeed(text []byte) int {
	if len(text) >= 3 && isASCII(text[1], text[2]) && !(text[1] == '2' && text[2] == '0') {
		return 3
	}
	return 0
}

func ampersandSeed(text []byte) int {
	if _, n := entity(text); n > 0 && (text[1] == '#' || text[1] == 'q' || text[1] == 'a') {
		return n
	}
	return 0
}

// utf16Seed returns the length of the units of UTF-16 that begin or end with
// the zero byte that text begins with.
func utf16Seed(text []byte) int {
	t := tables()
	n := 0
	for n+2 < len(text) && n < 2*seedUTF16 && text[n] == 0 && t.text[text[n+1]] {
		n += 2
	}
	if n < 2*(seedUTF16-1) {
		return 0
	}
	return n
}

// isASCII reports whether two hex digits are a visible character of ASCII.
func isASCII(hi, lo byte) bool {
	h, ok := unhex(hi)
	_, ok2 := unhex(lo)
	return ok && ok2 && h >= 2 && h < 8
}

func unhex(c byte) (v byte, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
