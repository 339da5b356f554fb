package pack

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	klauspost "github.com/klauspost/compress/zlib"
)

// reference decompresses the stream at the beginning of src with the standard
// library, at most one byte more than limit, and returns how many bytes of src
// it took.
func reference(src []byte, limit int) (content []byte, consumed int, err error) {
	r := bytes.NewReader(src)
	z, err := zlib.NewReader(r)
	if err != nil {
		return nil, 0, err
	}
	content, err = io.ReadAll(io.LimitReader(z, int64(limit)+1))
	return content, len(src) - r.Len(), err
}

// sentinel is what stands around dst, and must stand there afterwards.
const sentinel = 0xA5

// inflated runs z over src for a stream of the given size. It fails the test
// if z writes elsewhere than into its dst.
func inflated(t testing.TB, z *inflater, src []byte, size int) ([]byte, int, error) {
	t.Helper()
	room := bytes.Repeat([]byte{sentinel}, size+64)
	consumed, err := z.inflate(room[32:32+size], src)
	checkGuard(t, room, size)
	return room[32 : 32+size], consumed, err
}

// inflatedPrefix is inflated, for inflatePrefix.
func inflatedPrefix(t testing.TB, z *inflater, src []byte, size int) ([]byte, error) {
	t.Helper()
	room := bytes.Repeat([]byte{sentinel}, size+64)
	n, err := z.inflatePrefix(room[32:32+size], src)
	checkGuard(t, room, size)
	if n < 0 || n > size {
		t.Fatalf("inflatePrefix of %d bytes = %d", size, n)
	}
	return room[32 : 32+n], err
}

func checkGuard(t testing.TB, room []byte, size int) {
	t.Helper()
	for i, c := range room {
		if c != sentinel && (i < 32 || i >= 32+size) {
			t.Fatalf("a stream of size %d writes at %d", size, i-32)
		}
	}
}

// agree fails the test unless z says of src what the standard library says.
func agree(t testing.TB, z *inflater, src []byte, size int) {
	t.Helper()
	want, wantConsumed, wantErr := reference(src, size)
	got, consumed, err := inflated(t, z, src, size)
	switch {
	case len(want) > size:
		if err == nil {
			t.Fatalf("inflate(%.400x) to %d bytes = nil, but it holds more", src, size)
		}
	case wantErr != nil:
		if err == nil && !(z.noAdler && errors.Is(wantErr, zlib.ErrChecksum)) {
			t.Fatalf("inflate(%.400x) to %d bytes = nil, want %v", src, size, wantErr)
		}
	case len(want) < size:
		if !errors.Is(err, errZlibShort) {
			t.Fatalf("inflate(%.400x) to %d bytes = %v, want %v", src, size, err, errZlibShort)
		}
	case err != nil || consumed != wantConsumed || !bytes.Equal(got, want):
		t.Fatalf("inflate(%.400x) to %d bytes took %d and made %.40x, %v; want %d, %.40x", src, size, consumed, got, err, wantConsumed, want)
	}

	got, err = inflatedPrefix(t, z, src, size)
	if n := min(len(got), len(want)); !bytes.Equal(got[:n], want[:n]) {
		t.Fatalf("inflatePrefix(%.400x) of %d bytes = %.40x, want %.40x", src, size, got, want)
	}
	if wantErr == nil && (err == nil && len(got) != min(len(want), size) || err != nil && len(want) <= size) {
		t.Fatalf("inflatePrefix(%.400x) of %d bytes = %d, %v, want %d", src, size, len(got), err, min(len(want), size))
	}
	if err == nil && len(got) < size && wantErr != nil && !(z.noAdler && errors.Is(wantErr, zlib.ErrChecksum)) {
		t.Fatalf("inflatePrefix(%.400x) of %d bytes = %d, nil, want %v", src, size, len(got), wantErr)
	}
}

// bitWriter writes the bits of a deflate stream.
type bitWriter struct {
	out []byte
	n   int
}

// bits writes the n lowest of v, the lowest one first.
func (w *bitWriter) bits(v, n int) *bitWriter {
	for i := range n {
		if w.n%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[len(w.out)-1] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
	return w
}

// code writes a Huffman code of n bits, the highest one first.
func (w *bitWriter) code(v, n int) *bitWriter {
	for i := n - 1; i >= 0; i-- {
		w.bits(v>>i, 1)
	}
	return w
}

// fixed writes a literal or length of a block with fixed codes.
func (w *bitWriter) fixed(symbols ...int) *bitWriter {
	for _, s := range symbols {
		switch {
		case s < 144:
			w.code(0x30+s, 8)
		case s < 256:
			w.code(0x190+s-144, 9)
		case s < 280:
			w.code(s-256, 7)
		default:
			w.code(0xc0+s-280, 8)
		}
	}
	return w
}

// align fills the byte.
func (w *bitWriter) align() *bitWriter {
	w.n = (w.n + 7) / 8 * 8
	return w
}

// bytes writes whole bytes where the stream is aligned.
func (w *bitWriter) bytes(b ...byte) *bitWriter {
	w.out = append(w.out, b...)
	w.n += 8 * len(b)
	return w
}

// stored writes a stored block.
func (w *bitWriter) stored(final int, content string) *bitWriter {
	w.bits(final, 1).bits(0, 2).align()
	n := len(content)
	return w.bytes(byte(n), byte(n>>8), byte(^n), byte(^n>>8)).bytes([]byte(content)...)
}

// dynamic writes the head of a block whose literals, then distances, have
// codes of these lengths. The lengths are written with codes of 5 bits for 0
// to 12 and 16 to 18, and the wanted runs of zeros.
func (w *bitWriter) dynamic(final, literals, distances int, lengths []int) *bitWriter {
	w.bits(final, 1).bits(2, 2).bits(literals-257, 5).bits(distances-1, 5).bits(15, 4)
	// 13 codes of 4 bits (0 to 12), 6 of 5 bits (13 to 18).
	for _, s := range lengthsOrder {
		if s <= 12 {
			w.bits(4, 3)
		} else {
			w.bits(5, 3)
		}
	}
	for _, l := range lengths {
		w.lengthCode(l)
	}
	return w
}

// lengthCode writes one symbol of the code of dynamic.
func (w *bitWriter) lengthCode(s int) *bitWriter {
	if s <= 12 {
		return w.code(s, 4)
	}
	return w.code(26+s-13, 5)
}

// zlibbed puts a header before a deflate stream and the Adler-32 of content
// behind it.
func zlibbed(w *bitWriter, content string) []byte {
	out := append([]byte{0x78, 0x9c}, w.out...)
	return binary.BigEndian.AppendUint32(out, adler32.Checksum([]byte(content)))
}

// TestInflateStreams inflates streams that no compressor would write.
func TestInflateStreams(t *testing.T) {
	w := func() *bitWriter { return new(bitWriter) }
	fixed := func() *bitWriter { return w().bits(1, 1).bits(1, 2) }
	// a literal (97: 1 bit), the end and a length (2 bits each).
	lengths := func(distances ...int) []int {
		l := make([]int, 258)
		l['a'], l[256], l[257] = 1, 2, 2
		return append(l, distances...)
	}
	tests := []struct {
		name    string
		stream  *bitWriter
		content string
		err     error
	}{
		{"stored empty", w().stored(1, ""), "", nil},
		{"stored", w().stored(1, "hello"), "hello", nil},
		{"stored many", w().stored(0, "he").stored(0, "").stored(0, "l").stored(1, "lo"), "hello", nil},
		{"stored with a wrong length", w().bits(1, 3).align().bytes(1, 0, 0xff, 0xff, 'x'), "x", errZlibCorrupt},
		{"padding before stored is not looked at", w().bits(0b11111001, 8).bytes(1, 0, 0xfe, 0xff, 'x'), "x", nil},
		{"fixed empty", fixed().fixed(256), "", nil},
		{"fixed", fixed().fixed('h', 'i', 200, 256), "hi\xc8", nil},
		{"fixed empty, many", w().bits(0, 1).bits(1, 2).fixed(256).bits(0, 1).bits(1, 2).fixed(256).bits(1, 1).bits(1, 2).fixed('x', 256), "x", nil},
		{"fixed then stored", w().bits(0, 1).bits(1, 2).fixed('x', 256).stored(1, "y"), "xy", nil},
		{"match of distance 1", fixed().fixed('x', 257).code(0, 5).fixed(256), "xxxx", nil},
		{"match of the longest length", fixed().fixed('x', 285).code(0, 5).fixed(256), strings.Repeat("x", 259), nil},
		{"match of the longest length, with extra bits", fixed().fixed('x', 284).bits(31, 5).code(0, 5).fixed(256), strings.Repeat("x", 259), nil},
		{"match of length 257", fixed().fixed('x', 284).bits(30, 5).code(0, 5).fixed(256), strings.Repeat("x", 258), nil},
		{"match into the block before", w().stored(0, "abc").bits(1, 1).bits(1, 2).fixed(258).code(2, 5).fixed(256), "abcabca", nil},
		{"match across a stored block's edge", w().stored(0, "ab").stored(0, "cd").bits(1, 1).bits(1, 2).fixed(257).code(2, 5).fixed(256), "abcdbcd", nil},
		{"match before the beginning", fixed().fixed('x', 257).code(1, 5).fixed(256), "xxxx", errZlibCorrupt},
		{"match at the beginning", fixed().fixed(257).code(0, 5).fixed(256), "xxx", errZlibCorrupt},
		{"fixed symbol 286", fixed().fixed('x', 286).code(0, 5).fixed(256), "xxxx", errZlibCorrupt},
		{"fixed symbol 287", fixed().fixed('x', 287).code(0, 5).fixed(256), "xxxx", errZlibCorrupt},
		{"fixed distance 30", fixed().fixed('x', 257).code(30, 5).fixed(256), "xxxx", errZlibCorrupt},
		{"fixed distance 31", fixed().fixed('x', 257).code(31, 5).fixed(256), "xxxx", errZlibCorrupt},
		{"reserved kind of block", w().bits(1, 1).bits(3, 2).bits(0, 13), "", errZlibCorrupt},

		{"dynamic without distances", w().dynamic(1, 258, 1, lengths(0)).code(0, 1).code(2, 2), "a", nil},
		{"dynamic without distances that needs one", w().dynamic(1, 258, 1, lengths(0)).code(0, 1).code(3, 2).bits(0, 9), "aaaa", errZlibCorrupt},
		{"dynamic with one distance", w().dynamic(1, 258, 1, lengths(1)).code(0, 1).code(3, 2).code(0, 1).code(2, 2), "aaaa", nil},
		{"dynamic with one distance, of two bits", w().dynamic(1, 258, 1, lengths(2)).code(0, 1).code(2, 2), "a", errZlibCorrupt},
		{"dynamic with half a distance", w().dynamic(1, 258, 1, lengths(1)).code(0, 1).code(3, 2).code(1, 1).code(2, 2).bits(0, 9), "aaaa", errZlibCorrupt},
		{"dynamic with two distances", w().dynamic(1, 258, 2, lengths(1, 1)).code(0, 1).code(0, 1).code(3, 2).code(1, 1).code(2, 2), "aaaaa", nil},
		{"dynamic with a code for three distances of one bit", w().dynamic(1, 258, 3, lengths(1, 1, 1)).code(0, 1).code(2, 2), "a", errZlibCorrupt},
		{"dynamic without an end", w().dynamic(1, 257, 1, append(slices.Repeat([]int{0}, 97), append([]int{1, 1}, slices.Repeat([]int{0}, 159)...)...)).code(0, 1), "a", errZlibCorrupt},
		{"dynamic with nothing but its end", w().dynamic(1, 257, 1, append(slices.Repeat([]int{0}, 256), 1, 0)).code(0, 1), "", nil},
		{"dynamic with nothing but half its end", w().dynamic(1, 257, 1, append(slices.Repeat([]int{0}, 256), 1, 0)).code(1, 1).bits(0, 20), "", errZlibCorrupt},
		{"dynamic with nothing but its end, of two bits", w().dynamic(1, 257, 1, append(slices.Repeat([]int{0}, 256), 2, 0)).code(0, 2), "", errZlibCorrupt},
		{"dynamic without any literal", w().dynamic(1, 257, 1, slices.Repeat([]int{0}, 258)).bits(0, 20), "", errZlibCorrupt},
		{"dynamic with 287 literals", w().dynamic(1, 287, 1, append(lengths(), slices.Repeat([]int{0}, 30)...)).code(0, 1).code(2, 2), "a", errZlibCorrupt},
		{"dynamic with 31 distances", w().dynamic(1, 258, 31, lengths(slices.Repeat([]int{0}, 31)...)).code(0, 1).code(2, 2), "a", errZlibCorrupt},
		{"dynamic that repeats what is not there", w().dynamic(1, 258, 1, []int{16}).bits(0, 40), "", errZlibCorrupt},
		{"dynamic that repeats too much", w().dynamic(1, 257, 1, slices.Repeat([]int{0}, 257)).lengthCode(18).bits(0, 7).bits(0, 40), "", errZlibCorrupt},
	}
	// All literals of 8 bits, and the end of 9 like its 255th: a run from the literals
	// into the distances, by symbol 16.
	across := append(slices.Repeat([]int{8}, 254), 9, 9, 9, 9)
	run := w().bits(1, 1).bits(2, 2).bits(258-257, 5).bits(4-1, 5).bits(15, 4)
	for _, s := range lengthsOrder {
		run.bits(map[bool]int{true: 4, false: 5}[s <= 12], 3)
	}
	for _, l := range append(across[:254:254], 9) {
		run.lengthCode(l)
	}
	// 9 3 times for the literals, then 2, which needs the run to end; the
	// distances are 9 9 9 and so no code.
	run.lengthCode(16).bits(3, 2)
	tests = append(tests, struct {
		name    string
		stream  *bitWriter
		content string
		err     error
	}{"dynamic with a run into incomplete distances", run.bits(0, 40), "", errZlibCorrupt})

	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			src := zlibbed(test.stream, test.content)
			for _, tail := range []int{0, 1, 7, 8, 100} {
				src := append(slices.Clone(src), bytes.Repeat([]byte{0xff}, tail)...)
				z := new(inflater)
				got, consumed, err := inflated(t, z, src, len(test.content))
				if !errors.Is(err, test.err) || err == nil && (string(got) != test.content || consumed != len(src)-tail) {
					t.Errorf("inflate = %q, %d, %v, want %q, %d, %v", got, consumed, err, test.content, len(src)-tail, test.err)
				}
				for _, size := range []int{len(test.content), len(test.content) + 1, max(len(test.content), 1) - 1, 0, 1000} {
					agree(t, z, src, size)
				}
			}
		})
	}
}

// TestInflateLongestCodes uses codes of all lengths to 15 bits, for literals
// and for distances: beyond what indexes a table.
func TestInflateLongestCodes(t *testing.T) {
	// Symbols a, b, c, ... have codes of 1, 2, 3, ... 14 bits; the end and
	// the length 3 have 15. The distances 1, 2, 3, ... likewise.
	lengths := make([]int, 258)
	for i := range 14 {
		lengths['a'+i] = i + 1
	}
	lengths[256], lengths[257] = 15, 15
	for i := range 14 {
		lengths = append(lengths, i+1)
	}
	lengths = append(lengths, 15, 15)
	w := new(bitWriter).bits(1, 1).bits(2, 2).bits(258-257, 5).bits(16-1, 5).bits(15, 4)
	for range lengthsOrder {
		// All 16 lengths with codes of 4 bits; no runs.
		w.bits(0, 0)
	}
	for _, s := range lengthsOrder {
		w.bits(map[bool]int{true: 4, false: 0}[s < 16], 3)
	}
	for _, l := range lengths {
		w.code(l, 4)
	}
	unary := func(i int) { // the code of n bits: ones and a zero, the last one all ones
		if i < 15 {
			w.code(1<<(i+1)-2, i+1)
		} else {
			w.code(1<<15-1, 15)
		}
	}
	var content []byte
	random := rand.New(rand.NewPCG(1, 1))
	base := []int{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193}
	for range 20000 {
		d := random.IntN(16)
		if random.IntN(2) == 0 || base[d] > len(content) {
			i := random.IntN(14)
			unary(i)
			content = append(content, byte('a'+i))
			continue
		}
		unary(15)
		unary(d)
		extra := max(d/2, 1) - 1
		more := 0
		if base[d]+1<<extra <= len(content) {
			more = random.IntN(1 << extra)
		}
		w.bits(more, extra)
		for range 3 {
			content = append(content, content[len(content)-base[d]-more])
		}
	}
	unary(14)
	src := zlibbed(w, string(content))
	got, consumed, err := inflated(t, new(inflater), src, len(content))
	if err != nil || consumed != len(src) || !bytes.Equal(got, content) {
		t.Errorf("inflate = %d bytes, %d, %v, want %d, %d", len(got), consumed, err, len(content), len(src))
	}
	agree(t, new(inflater), src, len(content))
}

// contents are what the compressors are given.
func contents(size int) map[string][]byte {
	random := rand.New(rand.NewPCG(uint64(size), 7))
	noise, text, lines, few := make([]byte, size), make([]byte, 0, size+20), make([]byte, 0, size+40), make([]byte, size)
	for i := range size {
		noise[i] = byte(random.Uint32())
		few[i] = "ab"[random.IntN(2)]
	}
	words := strings.Fields("return if err nil for range func the of a := { } ( ) buffer length struct int string // 0 1 x value")
	for len(text) < size {
		text = append(append(text, words[min(random.IntN(len(words)), random.IntN(len(words)))]...), " \n\t"[min(random.IntN(3), random.IntN(3))])
	}
	for len(lines) < size {
		lines = fmt.Appendf(lines, "line %d of %x\n", len(lines), random.Uint32()>>20)
	}
	return map[string][]byte{
		"random":     noise,
		"text":       text[:size],
		"lines":      lines[:size],
		"two bytes":  few,
		"one byte":   bytes.Repeat([]byte{'x'}, size),
		"repetitive": bytes.Repeat([]byte("0123456789abcdefghij\x00\xff-"), size/23+1)[:size],
	}
}

// A compressor writes zlib streams; the writer of each level is made once.
type compressor struct {
	new    func(w io.Writer, level int) (resetWriter, error)
	levels map[int]resetWriter
}

type resetWriter interface {
	io.WriteCloser
	Reset(io.Writer)
}

func (c *compressor) compress(t testing.TB, level int, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, ok := c.levels[level]
	if !ok {
		var err error
		if w, err = c.new(nil, level); err != nil {
			t.Fatal(err)
		}
		c.levels[level] = w
	}
	w.Reset(&out)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// compressors write streams of all kinds.
func compressors() map[string]*compressor {
	return map[string]*compressor{
		"standard": {func(w io.Writer, level int) (resetWriter, error) {
			return zlib.NewWriterLevel(w, level)
		}, map[int]resetWriter{}},
		"klauspost": {func(w io.Writer, level int) (resetWriter, error) {
			return klauspost.NewWriterLevel(w, level)
		}, map[int]resetWriter{}},
	}
}

// TestInflateLevels inflates what compressors write at each level.
func TestInflateLevels(t *testing.T) {
	sizes := []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 257, 258, 259, 300, 1000}
	step, levels := 3499, []int{-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	if testing.Short() {
		sizes, step, levels = []int{0, 1, 3, 8, 17, 64, 258, 1000}, 29999, []int{-2, 0, 1, 6}
	}
	for size := step; size <= 70000; size += step {
		sizes = append(sizes, size)
	}
	compressors := compressors()
	z := new(inflater)
	for _, size := range sizes {
		for name, content := range contents(size) {
			for by, compressor := range compressors {
				for _, level := range levels {
					if name == "two bytes" && level > 6 && size > 5000 {
						continue // takes them seconds
					}
					stream := compressor.compress(t, level, content)
					// Something follows, or nothing.
					src := append(stream[:len(stream):len(stream)], "what follows the stream"[:(size+level+2)%20]...)
					got, consumed, err := inflated(t, z, src, size)
					if err != nil || consumed != len(stream) || !bytes.Equal(got, content) {
						t.Fatalf("%d bytes of %s by %s at %d: took %d, %v, same: %v; want %d", size, name, by, level, consumed, err, bytes.Equal(got, content), len(stream))
					}
					prefix := size * (level + 3) / 13
					if got, err := inflatedPrefix(t, z, src, prefix); err != nil || !bytes.Equal(got, content[:prefix]) {
						t.Fatalf("%d bytes of %s by %s at %d: prefix of %d: %d, %v", size, name, by, level, prefix, len(got), err)
					}
					if got, err := inflatedPrefix(t, z, src, size+9); err != nil || !bytes.Equal(got, content) {
						t.Fatalf("%d bytes of %s by %s at %d: prefix of %d: %d, %v", size, name, by, level, size+9, len(got), err)
					}
					if size > 0 {
						if _, _, err := inflated(t, z, src, size-1); !errors.Is(err, errZlibLong) {
							t.Fatalf("%d bytes of %s by %s at %d: inflate to one less = %v, want %v", size, name, by, level, err, errZlibLong)
						}
					}
					if _, _, err := inflated(t, z, src, size+1); !errors.Is(err, errZlibShort) {
						t.Fatalf("%d bytes of %s by %s at %d: inflate to one more = %v, want %v", size, name, by, level, err, errZlibShort)
					}
				}
			}
		}
	}
}

// TestInflateBlocks inflates streams of many blocks of all kinds.
func TestInflateBlocks(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		var out, content bytes.Buffer
		w := zlib.NewWriter(&out)
		for range random.IntN(40) {
			for _, c := range contents(random.IntN(400)) {
				if random.IntN(4) == 0 {
					content.Write(c)
					if _, err := w.Write(c); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		agree(t, new(inflater), out.Bytes(), content.Len())
	}
}

// TestInflateBomb stops at the declared size, however much there is.
func TestInflateBomb(t *testing.T) {
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 16 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z := new(inflater)
	for _, size := range []int{0, 1, 2, 257, 258, 259, 100000} {
		got, _, err := inflated(t, z, out.Bytes(), size)
		if !errors.Is(err, errZlibLong) || !bytes.Equal(got, zeros[:size]) {
			t.Errorf("inflate of a bomb to %d bytes = %v, want %v", size, err, errZlibLong)
		}
		if z.in > 40+size/100 {
			t.Errorf("inflate of a bomb to %d bytes read %d of %d", size, z.in, out.Len())
		}
	}
}

// TestInflateHeader refuses what is no zlib stream, and what needs a
// dictionary.
func TestInflateHeader(t *testing.T) {
	body := zlibbed(new(bitWriter).stored(1, "x"), "x")[2:]
	z := new(inflater)
	for header := range 1 << 16 {
		src := append([]byte{byte(header >> 8), byte(header)}, body...)
		dictionary := header&0x20 != 0
		valid := header>>8&15 == 8 && header>>12 <= 7 && header%31 == 0
		var want error
		switch {
		case !valid:
			want = errZlibHeader
		case dictionary:
			want = errZlibDictionary
		}
		if _, _, err := inflated(t, z, src, 1); !errors.Is(err, want) {
			t.Fatalf("inflate with header %04x = %v, want %v", header, err, want)
		}
		if got, err := inflatedPrefix(t, z, src, 1); !errors.Is(err, want) || len(got) == 0 != (want != nil) {
			t.Fatalf("inflatePrefix with header %04x = %q, %v, want %v", header, got, err, want)
		}
	}
}

// TestInflateChecksum verifies the Adler-32 unless it is told not to; the
// bytes are part of the stream all the same.
func TestInflateChecksum(t *testing.T) {
	src := zlibbed(new(bitWriter).stored(1, "hello"), "hullo")
	z := new(inflater)
	if _, _, err := inflated(t, z, src, 5); !errors.Is(err, errZlibChecksum) {
		t.Errorf("inflate = %v, want %v", err, errZlibChecksum)
	}
	z.noAdler = true
	if got, consumed, err := inflated(t, z, src, 5); string(got) != "hello" || consumed != len(src) || err != nil {
		t.Errorf("inflate without Adler-32 = %q, %d, %v, want %q, %d", got, consumed, err, "hello", len(src))
	}
	for cut := 1; cut <= 4; cut++ {
		if _, _, err := inflated(t, z, src[:len(src)-cut], 5); !errors.Is(err, errZlibTruncated) {
			t.Errorf("inflate without Adler-32, %d bytes cut = %v, want %v", cut, err, errZlibTruncated)
		}
	}
}

// damaged are streams to be damaged: of each kind of block, small enough for
// all of it.
func damaged(t testing.TB) map[string][]byte {
	out := map[string][]byte{}
	all := contents(500)
	for name, c := range compressors() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 6} {
			for _, content := range []string{"text", "lines", "one byte", "random"} {
				if content != "random" || level == 6 {
					out[fmt.Sprint(content, " by ", name, " at ", level)] = c.compress(t, level, all[content])
				}
			}
			out[fmt.Sprint("short text by ", name, " at ", level)] = c.compress(t, level, all["text"][:40])
		}
	}
	return out
}

// TestInflateTruncated cuts streams at every byte: each cut is found, whether
// or not the size would tell.
func TestInflateTruncated(t *testing.T) {
	z := new(inflater)
	for name, stream := range damaged(t) {
		content, _, err := reference(stream, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for cut := range stream {
			src := stream[:cut:cut]
			if _, _, err := inflated(t, z, src, len(content)); !errors.Is(err, errZlibTruncated) {
				t.Fatalf("%s: inflate of %d of %d bytes = %v, want %v", name, cut, len(stream), err, errZlibTruncated)
			}
			got, err := inflatedPrefix(t, z, src, len(content)+1)
			if !errors.Is(err, errZlibTruncated) || !bytes.HasPrefix(content, got) {
				t.Fatalf("%s: inflatePrefix of %d of %d bytes = %q, %v, want %v", name, cut, len(stream), got, err, errZlibTruncated)
			}
			// What can be had of a loose object's head must be had.
			have, _, _ := reference(src, 1<<20)
			if want := min(10, len(have)); len(got) < want {
				t.Fatalf("%s: inflatePrefix of %d of %d bytes = %d bytes, want %d", name, cut, len(stream), len(got), want)
			}
		}
	}
}

// TestInflateBitFlips flips each bit: the standard library must agree.
func TestInflateBitFlips(t *testing.T) {
	z := new(inflater)
	for name, stream := range damaged(t) {
		if testing.Short() && !strings.HasSuffix(name, "at 6") {
			continue
		}
		content, _, err := reference(stream, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for bit := range 8 * len(stream) {
			src := slices.Clone(stream)
			src[bit/8] ^= 1 << (bit % 8)
			z.noAdler = bit/8%2 == 0
			agree(t, z, src, len(content))
		}
	}
}

// FuzzInflate: of any bytes and any size, inflate says what the standard
// library says: the same content, an error of both, or that the size is wrong.
func FuzzInflate(f *testing.F) {
	for _, stream := range damaged(f) {
		content, _, err := reference(stream, 1<<20)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(stream, len(content), false)
		f.Add(append(stream[:len(stream):len(stream)], "more"...), len(content)/2, true)
	}
	used := new(inflater)
	f.Fuzz(func(t *testing.T, src []byte, size int, noAdler bool) {
		size = int(uint(size) % (1 << 17))
		used.noAdler = noAdler
		agree(t, &inflater{noAdler: noAdler}, src, size)
		// What a stream before this one left behind must not matter.
		agree(t, used, src, size)
	})
}

// FuzzInflateBody is FuzzInflate for what stands between a header and a
// checksum that are right.
func FuzzInflateBody(f *testing.F) {
	for _, stream := range damaged(f) {
		f.Add(stream[2:len(stream)-4], 0)
	}
	used := new(inflater)
	f.Fuzz(func(t *testing.T, body []byte, less int) {
		src := append([]byte{0x78, 0x01}, body...)
		content, consumed, err := reference(append(src, make([]byte, 4)...), 1<<17)
		if err == nil || errors.Is(err, zlib.ErrChecksum) {
			src = binary.BigEndian.AppendUint32(src[:consumed-4], adler32.Checksum(content))
		}
		agree(t, used, src, len(content))
		agree(t, used, src, max(0, len(content)-int(uint(less)%9)))
	})
}

// An entryStream is one object's zlib stream in a pack.
type entryStream struct {
	at, size int
	delta    bool
}

// streams returns those of all objects of a pack with SHA-1 names, in the
// order in which they stand.
func streams(t testing.TB, pack []byte) []entryStream {
	t.Helper()
	if len(pack) < 32 || string(pack[:4]) != "PACK" {
		t.Fatal("not a pack")
	}
	all := make([]entryStream, binary.BigEndian.Uint32(pack[8:]))
	z := new(inflater)
	var dst []byte
	at := 12
	for i := range all {
		c := pack[at]
		at++
		kind, size := c>>4&7, int(c&15)
		for shift := 4; c >= 0x80; shift += 7 {
			c = pack[at]
			at++
			size |= int(c&0x7f) << shift
		}
		switch kind {
		case 6:
			for pack[at] >= 0x80 {
				at++
			}
			at++
		case 7:
			at += 20
		}
		all[i] = entryStream{at, size, kind >= 6}
		dst = slices.Grow(dst[:0], size)[:size]
		n, err := z.inflate(dst, pack[at:])
		if err != nil {
			t.Fatalf("object %d at %d: %v", i, at, err)
		}
		at += n
	}
	if at != len(pack)-20 {
		t.Fatalf("the objects end at %d, want %d", at, len(pack)-20)
	}
	return all
}

// packedByGit returns the pack of a repository with some history, made by
// real git at a level of compression.
func packedByGit(t testing.TB, level int) []byte {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	tmp := t.TempDir()
	dir := filepath.Join(tmp, "r")
	git := func(stdin string, args ...string) {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Stdin = strings.NewReader(stdin)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + tmp, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull}
		if runtime.GOOS == "windows" {
			cmd.Env = append(cmd.Env, "SYSTEMROOT="+os.Getenv("SYSTEMROOT"))
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	git("", "init", "-q", dir)
	var in strings.Builder
	random := rand.New(rand.NewPCG(5, 6))
	files := map[string][]byte{}
	for name, content := range contents(30000) {
		files[name] = content
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range files {
			if !yield(name) {
				return
			}
		}
	})
	for i := range 60 {
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter C O Mitter <committer@example.com> %d +0000\ndata 8\ncommit \n\n", 1700000000+i)
		for _, name := range names {
			content := files[name]
			if i > 0 {
				at := random.IntN(len(content))
				edit := contents(random.IntN(200))[names[random.IntN(len(names))]]
				content = slices.Concat(content[:at], edit, content[min(len(content), at+random.IntN(100)):])
				files[name] = content
			}
			fmt.Fprintf(&in, "M 100644 inline %s/%d\ndata %d\n%s\n", name, i%7, len(content), content)
		}
	}
	git(in.String(), "-C", dir, "fast-import", "--quiet")
	git("", "-C", dir, "-c", fmt.Sprint("pack.compression=", level), "-c", "pack.threads=1", "repack", "-q", "-a", "-d", "-F")
	packs, err := filepath.Glob(filepath.Join(dir, ".git", "objects", "pack", "*.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatalf("packs: %v, %v, want one", packs, err)
	}
	pack, err := os.ReadFile(packs[0])
	if err != nil {
		t.Fatal(err)
	}
	return pack
}

// TestInflatePack inflates each object of packs by git.
func TestInflatePack(t *testing.T) {
	levels := []int{0, 1, 6, 9}
	if testing.Short() {
		levels = []int{6}
	}
	for _, level := range levels {
		pack := packedByGit(t, level)
		all := streams(t, pack)
		if len(all) < 400 {
			t.Errorf("a pack of %d objects, want more", len(all))
		}
		z := new(inflater)
		for _, s := range all {
			want, consumed, err := reference(pack[s.at:], s.size)
			if err != nil || len(want) != s.size {
				t.Fatalf("the standard library on the stream at %d: %d bytes, %v, want %d", s.at, len(want), err, s.size)
			}
			got, n, err := inflated(t, z, pack[s.at:], s.size)
			if err != nil || n != consumed || !bytes.Equal(got, want) {
				t.Fatalf("inflate at %d to %d bytes took %d, %v, same: %v; want %d", s.at, s.size, n, err, bytes.Equal(got, want), consumed)
			}
		}
	}
}
