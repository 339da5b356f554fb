package scanner

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// hostileRules are rules that reach far, in the ways in which a match that is
// searched for from the left differs from one that is searched for around a
// keyword: by where it begins, by how long it is, and by what has a keyword.
func hostileRules() []rules.Rule {
	rule := func(id, regex string, keywords ...string) rules.Rule {
		return rules.Rule{
			ID: id, Description: id, Severity: 1, Confidence: rules.ConfidenceHigh,
			Regex: regex, Group: 1, Keywords: keywords, Span: 3000,
		}
	}
	return []rules.Rule{
		rule("far", `\bkey[a-z =]*?=([0-9a-f]{8})\b`, "key"),
		rule("greedy", `\bmark[a-z =0-9:\n]*?:([0-9a-f]{6})\b`, "mark"),
		rule("either", `(?:sign|seal)[a-z -]{0,1000}?-([0-9a-f]{5})\b`, "seal"),
		rule("tail", `\b([0-9a-f]{7});[a-z ;]{0,1000}?stop\b`, "stop"),
	}
}

// hostilePieces returns a function that makes text in which keywords stand
// everywhere, and secrets here and there: a few of these pieces are what rules
// can bear, and some more are not.
func hostilePieces(rnd *rand.Rand, n int) func() string {
	words := []string{"key ", "mark ", "seal ", "stop ", "sign ", "eyJ", "token ", "curl -u a ", "kind: Secret\n", "so it goes "}
	secrets := []func() string{
		func() string { return fmt.Sprintf("=%08x\n", rnd.Uint32()) },
		func() string { return fmt.Sprintf(":%06x\n", rnd.IntN(1<<24)) },
		func() string { return fmt.Sprintf("-%05x\n", rnd.IntN(1<<20)) },
		func() string { return fmt.Sprintf(" %07x;", rnd.IntN(1<<28)) },
		func() string { return fmt.Sprintf("key =%08x ", rnd.Uint32()) },
		func() string { return fmt.Sprintf("password = \"%08xZq\"\n", rnd.Uint32()) },
		// Without a keyword: found if the expression is run over everything.
		func() string { return fmt.Sprintf("\nsign -%05x\n", rnd.IntN(1<<20)) },
	}
	main := rnd.IntN(len(words)) // with the secret that goes with it
	return func() string {
		var b strings.Builder
		for range 1 + rnd.IntN(3) {
			if rnd.IntN(3) == 0 {
				b.WriteString(words[rnd.IntN(len(words))])
			}
			b.WriteString(strings.Repeat(words[main], rnd.IntN(n)))
			if rnd.IntN(3) == 0 {
				b.WriteString(words[rnd.IntN(len(words))])
			}
			if main < len(secrets) && rnd.IntN(2) == 0 {
				b.WriteString(secrets[main]())
			} else {
				b.WriteString(secrets[rnd.IntN(len(secrets))]())
			}
		}
		return b.String()
	}
}

// growing makes contents of each other, of which the first is short.
func growing(rnd *rand.Rand, n int, piece func() string) []generation {
	all := []generation{{text: piece(), parent: -1}}
	for len(all) < n {
		parent := max(0, len(all)-1-rnd.IntN(2))
		all = append(all, edited(rnd, all[parent].text, parent, func() string { return piece() + piece() }))
	}
	return all
}

// TestVersionsAgreeOnTooMuch: also where rules take more steps than they may
// take, it does not matter whether a version is scanned through what its base
// had, as a whole, or by Scan.
func TestVersionsAgreeOnTooMuch(t *testing.T) {
	set, err := rules.Compile(append(rules.Builtin(), hostileRules()...))
	if err != nil {
		t.Fatal(err)
	}
	rounds := 150
	if testing.Short() {
		rounds = 30
	}
	total, full, carried := 0, 0, 0
	for seed := range rounds {
		rnd := rand.New(rand.NewPCG(uint64(seed), 11))
		s := New(set, Options{Workers: 1, MinConfidence: rules.ConfidenceLow, Suppressed: true, Window: []int{0, 5000, 700}[seed%3]})
		v, whole := s.Versions(), s.Versions()
		whole.Whole = true
		known := map[int]*Known{}
		for i, g := range growing(rnd, 8, hostilePieces(rnd, 4+(seed%8)*(seed%8)*3)) {
			ver := Version{Path: "f.txt", ID: fmt.Sprint(i), Content: []byte(g.text), Base: known[g.parent], Copies: g.copies}
			k, got := v.Scan(context.Background(), &ver)
			known[i] = k
			_, want := whole.Scan(context.Background(), &ver)
			a, b := describeOccurrences(got.Occurrences), describeOccurrences(want.Occurrences)
			if !slices.Equal(a, b) {
				t.Fatalf("seed %d, version %d of %d (%d bytes, copies %v): through the base, in full %t,\n%q\nas a whole, in full %t,\n%q", seed, i, g.parent, len(g.text), g.copies, got.Full, a, want.Full, b)
			}
			if got.Full != want.Full {
				t.Errorf("seed %d, version %d: in full %t through the base, %t as a whole", seed, i, got.Full, want.Full)
			}
			var scanned []Finding
			for f, err := range s.Scan(context.Background(), source(blob(ver.Path, g.text)), nil) {
				if err != nil {
					t.Fatal(err)
				}
				scanned = append(scanned, f)
			}
			found, _ := occurrences(ver.Path, scanned)
			if c := describeOccurrences(found); !slices.Equal(a, c) {
				t.Fatalf("seed %d, version %d (%d bytes): Versions, in full %t,\n%q\nScan\n%q", seed, i, len(g.text), got.Full, a, c)
			}
			total += len(a)
			if got.Full {
				full++
			} else if ver.Base != nil {
				carried += len(a)
			}
		}
	}
	if full < rounds/2 || carried < rounds || total < 10*rounds {
		t.Errorf("%d occurrences, %d of them in versions with a base; %d versions scanned in full: the test shows too little", total, carried, full)
	}
}
