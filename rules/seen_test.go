package rules_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// TestSeen: what a sieve keeps from one keyword to the next changes nothing of
// what it says about the next.
func TestSeen(t *testing.T) {
	for _, tt := range []struct {
		name, expr string
		keywords   []string
		alphabet   string
	}{
		{"run", `[a-z.]{0,600}key[a-z.]{0,600}=[0-9]{4,40}`, []string{"key"}, "keykeykey..=0123"},
		{"behind", `key.{0,900}[0-9]{4}`, []string{"key"}, "keykeykey.......0123\n"},
		{"word", `key[^=]{0,900}=[^=]{0,900}end`, []string{"key"}, "keykeykey.=endd"},
		{"left", `[a-z]{1,900}(?:key|yek)[0-9]{2,900};`, []string{"key", "yek"}, "keyyekkey0123;"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 2))
			let := [2]int{}
			for range 200 {
				buf := make([]byte, rnd.IntN(3000))
				for i := range buf {
					buf[i] = tt.alphabet[rnd.IntN(len(tt.alphabet))]
				}
				sieve, seen := rules.SieveForTest(tt.expr, tt.keywords), rules.SeenSieveForTest(tt.expr, tt.keywords)
				for start := 0; start+3 <= len(buf); start++ {
					if k := string(buf[start : start+3]); k != tt.keywords[0] && !bytes.Contains([]byte(tt.keywords[len(tt.keywords)-1]), []byte(k)) {
						continue
					}
					lo, hi, ok := sieve(buf, start, 3, 2000)
					lo2, hi2, ok2 := seen(buf, start, 3, 2000)
					if lo != lo2 || hi != hi2 || ok != ok2 {
						t.Fatalf("in %q at %d: %d %d %v, and %d %d %v with what was seen", buf, start, lo, hi, ok, lo2, hi2, ok2)
					}
					if ok {
						let[0]++
					} else {
						let[1]++
					}
				}
			}
			if let[0] == 0 || let[1] == 0 {
				t.Errorf("%d keywords pass and %d do not: the test is of no use", let[0], let[1])
			}
		})
	}
}
