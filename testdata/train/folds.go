package main

import (
	"fmt"
	"log"
	"maps"
	"math/rand/v2"
	"slices"
)

// crossValidate deals the labelled repositories into parts, judges each part by
// what the others and all other data teach, and prints what is found in each file
// of labelled lines. The values of one repository are in one part, from whichever
// files they are. As much depends on which repositories fall together, this is
// done for several deals; the same data gives the same deals.
func crossValidate(ls []*learner, folds int, mistakes bool) {
	const deals = 10
	groups, files := map[string]bool{}, map[string]bool{}
	for _, l := range ls {
		for i := range l.points {
			for file := range l.points[i].in {
				if file != "" {
					groups[l.points[i].group], files[file] = true, true
				}
			}
		}
	}
	names := slices.Sorted(maps.Keys(groups))
	sum := map[string]*tally{}
	missed := map[string]int{}
	for deal := range deals {
		shuffled := slices.Clone(names)
		rand.New(rand.NewPCG(uint64(deal), 0)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		fold := map[string]int{}
		for i, g := range shuffled {
			fold[g] = 1 + i%folds
		}
		in := map[string]*tally{}
		for file := range files {
			in[file] = new(tally)
		}
		for _, l := range ls {
			for f := 1; f <= folds; f++ {
				w := l.learn(func(p *point) bool { return fold[p.group] != f })
				for i := range l.points {
					p := &l.points[i]
					if fold[p.group] != f {
						continue
					}
					for file, n := range p.in {
						if in[file].addSome(p, n, w, l.medium) {
							missed[fmt.Sprintf("secret %v: %s: %.60q: %v", p.secret, p.group, p.value, p.features[1:])]++
						}
					}
				}
			}
		}
		for _, file := range slices.Sorted(maps.Keys(in)) {
			log.Printf("deal %2d  %v  %s", deal, in[file], file)
			if sum[file] == nil {
				sum[file] = new(tally)
			}
			sum[file].plus(*in[file])
		}
	}
	for _, file := range slices.Sorted(maps.Keys(sum)) {
		log.Printf("all deals %v  %s", sum[file], file)
	}
	if mistakes {
		for _, m := range slices.Sorted(maps.Keys(missed)) {
			log.Printf("  %2d × %s", missed[m], m)
		}
	}
}
