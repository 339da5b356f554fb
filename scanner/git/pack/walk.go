package pack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
)

// WalkOptions say which objects are walked, and how.
type WalkOptions struct {
	// Types of the objects that are wanted; none: all.
	Types []Type
	// Want says which of them are wanted; nil: all. It is called before the
	// first visit, from one goroutine. What is not wanted is made if something
	// wanted is made from it, and not visited.
	Want func(Num) bool
	// Workers is how many goroutines there are; 0: one.
	Workers int
	// Memory is about how many bytes of contents may be alive at once, in all
	// workers; beyond it, those that will be needed last are let go and made
	// again later. 0: 128 MiB. The object that is visited, and what it is made
	// from, are alive in any case.
	Memory int64
	// MaxObject is the size in bytes of the largest object that is held in
	// memory; 0: 512 MiB, beyond which git makes no deltas by default.
	MaxObject int64
	// Error is called for each wanted object that could not be made, from any
	// worker; the error is an *Error. An object whose type is not to be told
	// is wanted.
	Error func(Num, error)
	// Progress is called now and then, from any worker, with what was done
	// since the last call: packed bytes read, bytes of objects that were
	// visited, their number. It must be cheap.
	Progress func(packed, content int64, objects int)
}

const (
	defaultMemory    = 128 << 20
	defaultMaxObject = 512 << 20
)

// An Object is what a visit sees of one object. It is valid until the visit
// returns, and all that it refers to.
type Object struct {
	Num  Num
	Type Type
	Data []byte // the whole content; nil if Large
	// Base is the content of the object that Data is made from, if that was
	// visited; nil otherwise.
	Base []byte
	// Ops say how Data is made from Base: in order, adjoining, covering Data.
	// nil: there is no Base, all is new.
	Ops []Op
	// Large: the content is longer than WalkOptions.MaxObject; Store.Reader
	// streams it.
	Large bool
}

// Walk makes each wanted object once, deltas depth first after what they are
// made from, and visits it: with o, and what the visit of the object that it is
// made from returned, the zero S if there is none or it was not visited.
//
// Visits run in Workers goroutines at once, in no order that is promised, but
// an object is visited after its base. Several objects may be made from one, and
// be visited at the same time with its S: a visit must not change base. S must
// not refer to o.Data, which does not outlive the visit: what a later visit needs
// of it is there as its o.Base.
//
// The error is that of ctx; objects that cannot be made are told to
// WalkOptions.Error. All goroutines have ended when Walk returns.
func Walk[S any](ctx context.Context, s *Store, opts WalkOptions, visit func(worker int, o *Object, base S) S) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	opts.Workers = max(1, opts.Workers)
	opts.Memory = cmp.Or(opts.Memory, defaultMemory)
	opts.MaxObject = min(cmp.Or(opts.MaxObject, defaultMaxObject), maxRead)
	w := &walk[S]{s: s, opts: opts, visit: visit}
	w.cond.L = &w.mu
	w.forest = plan(s, &opts)
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stopped.Store(true)
		w.cond.Broadcast()
	})
	defer stop()
	var wg sync.WaitGroup
	for i := range opts.Workers {
		wg.Go(func() { newWorker(w, i).run() })
	}
	wg.Wait()
	if w.stopped.Load() {
		return ctx.Err()
	}
	return nil
}

// A forest is what is to be walked: objects, and what is made from each.
type forest struct {
	wanted []uint64 // by Num, a bit each: is to be visited
	starts []uint32 // by Num: where in kids those begin that are made from it
	kids   []uint32 // Nums, those of one object by ascending weight
	weight []uint32 // by Num: how many objects are made from it in the end, and 1
	roots  []uint32 // Nums of objects that are made from no other one
	types  [256]bool
}

func has(set []uint64, n uint32) bool { return set[n/64]>>(n%64)&1 != 0 }
func add(set []uint64, n uint32)      { set[n/64] |= 1 << (n % 64) }

// plan finds out what is to be walked.
func plan(s *Store, opts *WalkOptions) *forest {
	n := s.Len()
	f := &forest{wanted: make([]uint64, n/64+1)}
	for t := range f.types {
		f.types[t] = len(opts.Types) == 0 || slices.Contains(opts.Types, Type(t))
	}
	f.types[0] = true // not known yet: a loose object, or a damaged one
	need := make([]uint64, n/64+1)
	for i := range uint32(n) {
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
	f.link(s, need)
	return f
}

// link fills starts, kids, weight and roots.
func (f *forest) link(s *Store, need []uint64) {
	n := uint32(s.Len())
	f.starts = make([]uint32, n+2)
	f.weight = make([]uint32, n)
	total := 0
	for i := range n {
		if !has(need, i) {
			continue
		}
		if b := s.base[i]; b < lost {
			f.starts[b+2]++
			total++
		} else {
			f.roots = append(f.roots, i)
		}
	}
	for i := 2; i < len(f.starts); i++ {
		f.starts[i] += f.starts[i-1]
	}
	f.kids = make([]uint32, total)
	for i := range n {
		if b := s.base[i]; b < lost && has(need, i) {
			f.kids[f.starts[b+1]] = i
			f.starts[b+1]++
		}
	}
	f.starts = f.starts[:n+1]

	// Weights: from each leaf up, as far as all that is below has been counted.
	left := make([]uint32, n)
	for i := range n {
		left[i] = f.starts[i+1] - f.starts[i]
	}
	for i := range n {
		if f.starts[i] != f.starts[i+1] || !has(need, i) {
			continue
		}
		for m := i; ; {
			f.weight[m]++
			b := s.base[m]
			if b >= lost {
				break
			}
			f.weight[b] += f.weight[m]
			if left[b]--; left[b] != 0 {
				break
			}
			m = b
		}
	}
	byWeight := func(a, b uint32) int { return cmp.Compare(f.weight[a], f.weight[b]) }
	for i := range n {
		if kids := f.kids[f.starts[i]:f.starts[i+1]]; len(kids) > 1 {
			slices.SortFunc(kids, byWeight)
		}
	}

	// Roots: heavy ones first, so that there is something to share at the end;
	// those of about one weight as they are in the pack.
	slices.SortFunc(f.roots, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(bits.Len32(f.weight[b]), bits.Len32(f.weight[a])), cmp.Compare(s.entry[a], s.entry[b]))
	})
}

// A walk is what the workers of one Walk share.
type walk[S any] struct {
	*forest
	s     *Store
	opts  WalkOptions
	visit func(worker int, o *Object, base S) S

	next    atomic.Int64 // of roots
	stopped atomic.Bool
	hungry  atomic.Int32 // how many workers wait for something to do

	mu    sync.Mutex
	cond  sync.Cond
	queue []frame[S] // parts that busy workers gave away
	idle  int
}

// A frame is an object of which something is still to be made.
type frame[S any] struct {
	num       uint32
	typ       Type
	visited   bool
	state     S      // what its visit returned
	data      []byte // nil: let go
	shared    *atomic.Int32
	next, end uint32 // of kids: still to be made
}

// A worker walks. The frames on its stack are objects, each made from the one
// below it in the end, with kids that are still to be made. As the heaviest kid
// comes last, and its parent is gone by then, there are few: at most as many as
// the number of objects can be halved.
type worker[S any] struct {
	*walk[S]
	id     int
	r      *resolver
	memory int64
	stack  []frame[S]
	object Object

	content int64 // since Progress was last called
	objects int
}

func newWorker[S any](w *walk[S], id int) *worker[S] {
	memory := w.opts.Memory / int64(w.opts.Workers)
	return &worker[S]{walk: w, id: id, memory: memory, r: newResolver(w.s, w.opts.MaxObject, memory/4)}
}

func (w *worker[S]) run() {
	defer faults()()
	for !w.stopped.Load() {
		if len(w.stack) > 0 {
			w.step()
		} else if i := w.next.Add(1) - 1; i < int64(len(w.roots)) {
			w.make(w.roots[i])
		} else if !w.wait() {
			break
		}
		if w.content > 1<<20 || w.objects >= 256 {
			w.progress()
		}
	}
	w.progress()
}

func (w *worker[S]) progress() {
	if w.opts.Progress != nil && (w.objects > 0 || w.r.read > 0) {
		w.opts.Progress(w.r.read, w.content, w.objects)
	}
	w.r.read, w.content, w.objects = 0, 0, 0
}

// wait waits until another worker gives something away. It reports whether
// there is something on the stack.
func (w *worker[S]) wait() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.idle++
	for len(w.queue) == 0 && w.idle < w.opts.Workers && !w.stopped.Load() {
		w.hungry.Add(1)
		w.cond.Wait()
		w.hungry.Add(-1)
	}
	if len(w.queue) == 0 {
		w.cond.Broadcast()
		return false
	}
	w.idle--
	last := len(w.queue) - 1
	f := w.queue[last]
	w.queue[last] = frame[S]{}
	w.queue = w.queue[:last]
	w.r.pool.live += int64(cap(f.data))
	w.stack = append(w.stack, f)
	return true
}

// share gives the heaviest part that is still to be made to a worker that
// waits, if there is more than one part.
func (w *worker[S]) share() {
	parts, at, heaviest := 0, 0, uint32(0)
	for i := range w.stack {
		f := &w.stack[i]
		parts += int(f.end - f.next)
		if f.end > f.next {
			if weight := w.weight[w.kids[f.end-1]]; weight > heaviest {
				at, heaviest = i, weight
			}
		}
	}
	if parts < 2 || heaviest < 2 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) >= int(w.hungry.Load()) {
		return
	}
	f := &w.stack[at]
	if f.data != nil {
		if f.shared == nil {
			f.shared = new(atomic.Int32)
			f.shared.Store(1)
		}
		f.shared.Add(1)
	}
	given := *f
	given.next = f.end - 1
	f.end--
	w.queue = append(w.queue, given)
	w.cond.Signal()
}

// step makes the next object from what is on top of the stack.
func (w *worker[S]) step() {
	if w.hungry.Load() > 0 {
		w.share()
	}
	f := &w.stack[len(w.stack)-1]
	if f.next == f.end {
		w.pop()
		return
	}
	if f.data == nil {
		if err := w.recall(f); err != nil {
			num, kids := f.num, w.kids[f.next:f.end]
			f.next = f.end
			for _, k := range kids {
				w.damaged(k, num, err)
			}
			return
		}
	}
	n := w.kids[f.next]
	f.next++
	w.make(n)
}

// pop takes the topmost frame away.
func (w *worker[S]) pop() {
	top := len(w.stack) - 1
	w.letGo(&w.stack[top])
	w.stack[top] = frame[S]{}
	w.stack = w.stack[:top]
}

// letGo gives the content of a frame back.
func (w *worker[S]) letGo(f *frame[S]) {
	if f.data == nil {
		return
	}
	if f.shared == nil || f.shared.Add(-1) == 0 {
		w.r.pool.put(f.data)
	} else {
		w.r.pool.live -= int64(cap(f.data))
	}
	f.data, f.shared = nil, nil
}

// thrift lets go what is needed last, while more is alive than there is memory
// for. What is on top of the stack is needed now.
func (w *worker[S]) thrift() {
	p := &w.r.pool
	if p.live+p.held <= w.memory {
		return
	}
	p.drop()
	for i := 0; i < len(w.stack)-1 && p.live > w.memory*3/4; i++ {
		if f := &w.stack[i]; f.data != nil {
			w.letGo(f)
			p.drop()
		}
	}
}

// recall makes the content of a frame again, from the nearest one below that
// is still there.
func (w *worker[S]) recall(f *frame[S]) (err error) {
	chain := []Num{Num(f.num)}
	var base []byte
	below := len(w.stack) - 1
	for b := w.s.base[f.num]; b < lost; b = w.s.base[b] {
		if below > 0 && w.stack[below-1].num == b {
			below--
			if base = w.stack[below].data; base != nil {
				break
			}
		}
		chain = append(chain, Num(b))
	}
	f.data, _, err = w.r.chain(base, f.typ, chain)
	if err != nil {
		f.data, _, err = w.r.rescue(Num(f.num), err)
	}
	return err
}

// make makes an object, from what is on top of the stack if it is a delta,
// visits it, and puts it on the stack if something is made from it.
func (w *worker[S]) make(n uint32) {
	var base *frame[S]
	var data []byte
	var t Type
	var err error
	if w.s.base[n] < lost {
		base = &w.stack[len(w.stack)-1]
		data, t, err = w.r.object(Num(n), base.data, base.typ)
	} else {
		data, t, err = w.r.object(Num(n), nil, 0)
	}
	if err != nil {
		if errors.Is(err, ErrTooLarge) && t >= Commit && t <= Tag {
			w.large(n, t)
			return
		}
		if data, t, err = w.r.rescue(Num(n), err); err != nil {
			w.lose(n, err)
			return
		}
		base = nil
	}
	w.made(n, data, t, base)
}

// made visits an object that has been made, from base if that is not nil, and
// puts it on the stack if something is made from it.
func (w *worker[S]) made(n uint32, data []byte, t Type, base *frame[S]) {
	f := frame[S]{num: n, typ: t, data: data, next: w.starts[n], end: w.starts[n+1]}
	if has(w.wanted, n) && w.types[t] {
		var from S
		o := &w.object
		*o = Object{Num: Num(n), Type: t, Data: data}
		if base != nil && base.visited {
			o.Base, o.Ops, from = base.data, w.r.ops, base.state
		}
		f.state = w.visit(w.id, o, from)
		f.visited = true
		w.content += int64(len(data))
		w.objects++
	}
	if base != nil && base.next == base.end {
		w.pop()
	}
	if f.next == f.end {
		w.r.pool.put(data)
		return
	}
	w.stack = append(w.stack, f)
	w.thrift()
}

// large visits an object that is not held in memory; what is made from it is
// lost.
func (w *worker[S]) large(n uint32, t Type) {
	if has(w.wanted, n) && w.types[t] {
		var none S
		w.object = Object{Num: Num(n), Type: t, Large: true}
		w.visit(w.id, &w.object, none)
		w.objects++
	}
	for _, k := range w.kids[w.starts[n]:w.starts[n+1]] {
		w.damaged(k, n, ErrTooLarge)
	}
}

// lose reports an object that could not be made, and what is made from it.
func (w *worker[S]) lose(n uint32, err error) {
	w.report(n, err)
	cause := err
	var e *Error
	if errors.As(err, &e) {
		cause = fmt.Errorf("%w (offset %d of %s)", e.Err, e.Offset, e.File)
	}
	for _, k := range w.kids[w.starts[n]:w.starts[n+1]] {
		w.damaged(k, n, cause)
	}
}

func (w *worker[S]) report(n uint32, err error) {
	if has(w.wanted, n) && w.opts.Error != nil {
		w.opts.Error(Num(n), err)
	}
}

// damaged tells of an object that is made from another one that is not to be
// had, and of all that is made from it; those that have another copy are made
// from that.
func (w *worker[S]) damaged(n, base uint32, cause error) {
	cause = fmt.Errorf("made from %s: %w", hexID(w.s.ID(Num(base))), cause)
	for todo := []uint32{n}; len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		err := w.s.errorAt(Num(n), w.s.entry[n], cause)
		if _, ok := w.s.duplicate(Num(n)); ok {
			if data, t, err := w.r.rescue(Num(n), err); err == nil {
				w.made(n, data, t, nil)
				continue
			}
		}
		w.report(n, err)
		todo = append(todo, w.kids[w.starts[n]:w.starts[n+1]]...)
	}
}
