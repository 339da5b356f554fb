package pack

import (
	"cmp"
	"math/bits"
	"slices"
)

// A forest is what is to be walked, in the order of one worker that walks it
// all: each object followed by all that is made from it in the end. Objects are
// told by their places in that order. Those that are made from one object come
// by ascending weight, so that the heaviest family is the last one and the
// object itself can go when that begins.
//
// What is known of an object is spread over the Store by its id, which is to
// say at random, and over the pack. Here it lies where it is needed next: that
// makes a walk of curl's trees a fifth faster.
type forest struct {
	nums   []uint32 // by place
	weight []uint32 // by place: how many objects are made from it in the end, and 1
	entry  []uint32 // by place: the entry, as in the Store
	roots  []uint32 // places of objects that are made from no other one
	wanted []uint64 // by Num, a bit each: is to be visited
	types  [256]bool
}

func has(set []uint64, n uint32) bool { return set[n/64]>>(n%64)&1 != 0 }
func add(set []uint64, n uint32)      { set[n/64] |= 1 << (n % 64) }

// plan finds out what is to be walked.
func plan(s *Store, opts *WalkOptions) *forest {
	n := uint32(s.Len())
	f := &forest{wanted: make([]uint64, n/64+1)}
	for t := range f.types {
		f.types[t] = len(opts.Types) == 0 || slices.Contains(opts.Types, Type(t))
	}
	f.types[0] = true // not known yet: a loose object, or a damaged one
	need := make([]uint64, n/64+1)
	for i := range n {
		t := s.types[i]
		if e := s.entry[i]; t == 0 && e >= s.entries {
			t = Type(s.looseTypes[e-s.entries].Load())
		}
		if !f.types[t] || opts.Want != nil && !opts.Want(Num(i)) {
			continue
		}
		add(f.wanted, i)
		for m := i; m < lost && !has(need, m); m = s.base[m] {
			add(need, m)
		}
	}
	f.order(s, need)
	return f
}

// order puts the objects that are needed in their places.
func (f *forest) order(s *Store, need []uint64) {
	starts, kids, roots := families(s, need)
	weight := weigh(s, need, starts)
	// Heavy ones first, so that there is something to share at the end; those
	// of about one weight as they are in the pack.
	slices.SortFunc(roots, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(bits.Len32(weight[b]), bits.Len32(weight[a])), cmp.Compare(s.entry[a], s.entry[b]))
	})
	total := len(roots) + len(kids)
	f.nums = make([]uint32, total)
	f.weight = make([]uint32, total)
	f.entry = make([]uint32, total)
	f.roots = roots
	at := uint32(0)
	for i, r := range roots {
		f.roots[i] = at
		f.nums[at] = r
		at += weight[r]
	}
	// Each object puts those that are made from it in their places, which are
	// behind it.
	for at, n := range f.nums {
		f.weight[at], f.entry[at] = weight[n], s.entry[n]
		next := uint32(at) + 1
		made := kids[starts[n]:starts[n+1]]
		if len(made) > 1 {
			slices.SortFunc(made, func(a, b uint32) int { return cmp.Compare(weight[a], weight[b]) })
		}
		for _, k := range made {
			f.nums[next] = k
			next += weight[k]
		}
	}
}

// families returns the Nums of the objects that are made from n, kids[starts[n]:
// starts[n+1]], and those that are made from none.
func families(s *Store, need []uint64) (starts, kids, roots []uint32) {
	n := uint32(s.Len())
	starts = make([]uint32, n+2)
	total := 0
	for i := range n {
		if !has(need, i) {
			continue
		}
		if b := s.base[i]; b < lost {
			starts[b+2]++
			total++
		} else {
			roots = append(roots, i)
		}
	}
	for i := 2; i < len(starts); i++ {
		starts[i] += starts[i-1]
	}
	kids = make([]uint32, total)
	for i := range n {
		if b := s.base[i]; b < lost && has(need, i) {
			kids[starts[b+1]] = i
			starts[b+1]++
		}
	}
	return starts[:n+1], kids, roots
}

// weigh returns by Num how many objects are made from it in the end, and 1:
// from each leaf up, as far as all that is below has been counted.
func weigh(s *Store, need []uint64, starts []uint32) []uint32 {
	n := uint32(s.Len())
	weight := make([]uint32, n)
	left := make([]uint32, n)
	for i := range n {
		left[i] = starts[i+1] - starts[i]
	}
	for i := range n {
		if starts[i] != starts[i+1] || !has(need, i) {
			continue
		}
		for m := i; ; {
			weight[m]++
			b := s.base[m]
			if b >= lost {
				break
			}
			weight[b] += weight[m]
			if left[b]--; left[b] != 0 {
				break
			}
			m = b
		}
	}
	return weight
}
