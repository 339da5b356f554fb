package rules_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// TestSeams compares the search in a part of a text, and across its ends, with a
// search for each literal by itself. There are few literals at a time, lest one
// makes up for what another lacks.
func TestSeams(t *testing.T) {
	compareSeams(t)
	rules.WithoutVectorsForTest(func() { compareSeams(t) })
}

func compareSeams(t *testing.T) {
	t.Helper()
	all := []string{"key", "ke_", "api_key", "_key", "ghp_", "x-api-key", "password", "pass", "://", "é-ß", "aaa", "aaaa", "aaaaaaaa", strings.Repeat("k_", 32)}
	rnd := rand.New(rand.NewPCG(8, 8))
	across := 0
	for n := range 5000 {
		rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		literals := all[:1+rnd.IntN(3)]
		fragments := append([]string{"a", "k", "e", "y", "_", " ", "KEY", "Pass", "\xff"}, literals...)
		var b strings.Builder
		for range rnd.IntN(1 + rnd.IntN(24)) {
			b.WriteString(fragments[rnd.IntN(len(fragments))])
		}
		text := b.String()
		from := rnd.IntN(len(text) + 1)
		to := from + rnd.IntN(min(len(text)-from, 1+rnd.IntN(20))+1)
		got := map[string]int{}
		rules.SeamsForTest(literals, []byte(text), from, to, func(literal string, start int) {
			got[fmt.Sprintf("%s@%d", literal, start)]++
		})
		want := map[string]int{}
		low := asciiLower(text)
		for _, l := range literals {
			for i := 0; i < to && i+len(l) <= len(low); i++ {
				if low[i:i+len(l)] == l && i+len(l) > from {
					want[fmt.Sprintf("%s@%d", l, i)] = 1
					if i < from {
						across++
					}
				}
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("run %d: the literals %q in and across %q[%d:%d) are %v, want %v", n, literals, text, from, to, got, want)
		}
	}
	if across < 1000 {
		t.Errorf("%d literals stand across where the part begins: the test shows too little", across)
	}
}
