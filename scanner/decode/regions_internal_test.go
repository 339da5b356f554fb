package decode

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// TestWordBytes: eight bytes at once are what they are one by one.
func TestWordBytes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		x := rnd.Uint64()
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], x)
		want := uint64(0)
		for i, c := range b {
			if '+' <= c && c <= '9' || '@' <= c && c <= 0x7F {
				want |= 1 << i
			}
		}
		if got := wordBytes(x); got != want {
			t.Fatalf("wordBytes(%x) = %08b, want %08b", x, got, want)
		}
	}
}

// TestSkipNoRun: no run of endBase64 characters is passed, wherever it begins.
func TestSkipNoRun(t *testing.T) {
	for at := range 200 {
		for _, n := range []int{endBase64, endBase64 + 1, 64, 100} {
			text := make([]byte, 400)
			for i := range text {
				text[i] = "ab c"[i%4]
			}
			for i := range n {
				text[at+i] = 'A'
			}
			if got := skipNoRun(text, 0, len(text)); got > at {
				t.Errorf("skipNoRun = %d with %d characters from %d on", got, n, at)
			}
		}
	}
}
