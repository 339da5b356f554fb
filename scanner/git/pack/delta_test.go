package pack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"
)

// naiveDelta applies a delta as gitformat-pack(5) describes it, byte by byte.
func naiveDelta(base, delta []byte, limit uint64) ([]byte, error) {
	bad := errors.New("bad delta")
	baseSize, n := binary.Uvarint(delta)
	if n <= 0 || n > 9 || baseSize != uint64(len(base)) {
		return nil, bad
	}
	delta = delta[n:]
	size, n := binary.Uvarint(delta)
	if n <= 0 || n > 9 || size > limit {
		return nil, bad
	}
	in := bytes.NewReader(delta[n:])
	var out []byte
	for in.Len() > 0 {
		c, _ := in.ReadByte()
		if c&0x80 == 0 {
			text := make([]byte, c)
			if n, _ := in.Read(text); n != int(c) || c == 0 {
				return nil, bad
			}
			out = append(out, text...)
			continue
		}
		var arg [7]uint64
		for i := range arg {
			if c&(1<<i) != 0 {
				b, err := in.ReadByte()
				if err != nil {
					return nil, bad
				}
				arg[i] = uint64(b)
			}
		}
		from := arg[0] | arg[1]<<8 | arg[2]<<16 | arg[3]<<24
		n := arg[4] | arg[5]<<8 | arg[6]<<16
		if n == 0 {
			n = 0x10000
		}
		for i := from; i < from+n; i++ {
			if i >= uint64(len(base)) || uint64(len(out)) == size {
				return nil, bad
			}
			out = append(out, base[i])
		}
	}
	if uint64(len(out)) != size {
		return nil, bad
	}
	return out, nil
}

// FuzzDelta: a delta makes what the naive reader of the format makes, or is
// refused by both; and its Ops make the same.
func FuzzDelta(f *testing.F) {
	f.Add([]byte("0123456789"), []byte{10, 7, 0x91, 3, 4, 3, 'a', 'b', 'c'})
	f.Add([]byte("0123456789"), []byte{10, 10, 0x90, 5, 0x91, 5, 5})
	f.Add([]byte("0123456789"), []byte{10, 6, 0x91, 5, 3, 0x91, 1, 3})
	f.Add([]byte(""), []byte{0, 2, 1, 'x', 1, 'y'})
	f.Add(make([]byte, 0x10000), []byte{0x80, 0x80, 4, 0x80, 0x80, 4, 0x80})
	f.Add(make([]byte, 0x10001), []byte{0x81, 0x80, 4, 0x81, 0x80, 4, 0xb0, 1, 0xff, 0xd0, 2, 1})
	f.Add([]byte("0123456789"), []byte{10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		const limit = 1 << 20
		want, wantErr := naiveDelta(base, delta, limit)
		var got []byte
		var ops []Op
		baseSize, size, rest, err := deltaSizes(delta)
		switch {
		case err != nil:
		case baseSize != uint64(len(base)):
			err = errDeltaBase
		case size > limit:
			err = ErrTooLarge
		default:
			// What is behind dst is not to be written.
			buf := bytes.Repeat([]byte{0xa5}, int(size)+64)
			got = buf[:size:size]
			ops, err = applyDelta(got, base, rest, []Op{{7, 7}})
			if len(bytes.Trim(buf[size:], "\xa5")) != 0 {
				t.Fatalf("applyDelta writes behind dst")
			}
		}
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("applyDelta(%q, %q) = %v, want %v", base, delta, err, wantErr)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("applyDelta(%q, %q) = %q, want %q", base, delta, got, want)
		}
		if ops[0] != (Op{7, 7}) {
			t.Fatalf("applyDelta changed the ops that were there: %v", ops)
		}
		at := 0
		for i, op := range ops[1:] {
			if op.Len <= 0 || op.From < -1 {
				t.Fatalf("ops %v", ops)
			}
			if op.From >= 0 && !bytes.Equal(base[op.From:op.From+op.Len], got[at:at+op.Len]) {
				t.Fatalf("op %d of %v copies something else", i, ops)
			}
			if i > 0 {
				if last := ops[i]; last.From < 0 && op.From < 0 || last.From >= 0 && last.From+last.Len == op.From {
					t.Fatalf("op %d of %v is not merged", i, ops)
				}
			}
			at += op.Len
		}
		if at != len(got) {
			t.Fatalf("ops %v cover %d bytes of %d", ops, at, len(got))
		}
	})
}

// BenchmarkDelta applies deltas as those of source code are: 50 copies of half
// a kilobyte on average, with 40 new bytes between them.
func BenchmarkDelta(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	length := func(mean int) int { return 1 + int(rnd.ExpFloat64()*float64(mean)) }
	base := make([]byte, 30000)
	type delta struct {
		rest []byte
		size int
	}
	deltas := make([]delta, 200)
	for i := range deltas {
		var d delta
		for from := 0; ; {
			n := length(500)
			if from+n > len(base) {
				break
			}
			at := len(d.rest)
			d.rest = append(d.rest, 0x80)
			for j, v := range []int{from & 0xff, from >> 8, 0, 0, n & 0xff, n >> 8} {
				if v != 0 {
					d.rest[at] |= 1 << j
					d.rest = append(d.rest, byte(v))
				}
			}
			d.size += n
			from += n + length(20)
			n = min(length(40), 127)
			d.rest = append(append(d.rest, byte(n)), base[:n]...)
			d.size += n
		}
		deltas[i] = d
		b.SetBytes(int64(d.size)) // of one, about that of all
	}
	dst := make([]byte, 1<<20)
	var ops []Op
	i := 0
	for b.Loop() {
		d := deltas[i%len(deltas)]
		i++
		var err error
		if ops, err = applyDelta(dst[:d.size], base, d.rest, ops[:0]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(ops)), "ns/op-run")
}
