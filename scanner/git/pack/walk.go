package pack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
	// Leaf: nothing is made from it that would be visited with what its visit
	// returns.
	Leaf bool
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
// The error is that of ctx, after which no visit begins; objects that cannot be made
// are told to WalkOptions.Error. All goroutines have ended when Walk returns.
func Walk[S any](ctx context.Context, s *Store, opts WalkOptions, visit func(worker int, o *Object, base S) S) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	opts.Workers = max(1, opts.Workers)
	opts.Memory = cmp.Or(opts.Memory, defaultMemory)
	opts.MaxObject = min(cmp.Or(opts.MaxObject, defaultMaxObject), maxRead)
	w := &walk[S]{s: s, opts: opts, visit: visit, stopped: func() bool { return ctx.Err() != nil }}
	w.cond.L = &w.mu
	w.forest = plan(s, &opts)
	stop := context.AfterFunc(ctx, func() { // those that wait look again
		w.mu.Lock()
		defer w.mu.Unlock()
		w.cond.Broadcast()
	})
	defer stop()
	var wg sync.WaitGroup
	for i := range opts.Workers {
		wg.Go(func() { newWorker(w, i).run() })
	}
	wg.Wait()
	return ctx.Err()
}

// A walk is what the workers of one Walk share.
type walk[S any] struct {
	*forest
	s     *Store
	opts  WalkOptions
	visit func(worker int, o *Object, base S) S

	stopped func() bool  // nothing more is to be made
	next    atomic.Int64 // of roots
	hungry  atomic.Int32 // how many workers wait for something to do

	mu    sync.Mutex
	cond  sync.Cond
	queue []frame[S] // parts that busy workers gave away
	idle  int
}

// A frame is an object from which something is still to be made.
type frame[S any] struct {
	num       uint32
	typ       Type
	visited   bool
	state     S             // what its visit returned
	data      []byte        // nil: let go
	shared    *atomic.Int32 // how many frames have data; nil: this one
	next, end uint32        // places of what is still to be made
}

// A worker walks. The frames on its stack are objects, each made from the one
// below it in the end, from which more is still to be made. As the heaviest
// family comes last, and what it is made from is gone by then, there are few: at
// most as many as the number of objects can be halved.
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
	for !w.stopped() {
		if len(w.stack) > 0 {
			w.step()
		} else if i := w.next.Add(1) - 1; i < int64(len(w.roots)) {
			w.make(w.roots[i], nil)
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
	for len(w.queue) == 0 && w.idle < w.opts.Workers && !w.stopped() {
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

// share gives a part of what is still to be made to a worker that waits: one
// that leaves as near to half as there is.
func (w *worker[S]) share() {
	all := uint32(0)
	for i := range w.stack {
		all += w.stack[i].end - w.stack[i].next
	}
	at, from, best := 0, uint32(0), uint32(0)
	for i := range w.stack {
		f := &w.stack[i]
		if f.end-f.next <= best {
			continue
		}
		split := w.split(f, all)
		if part := min(f.end-split, all-(f.end-split)); part > best {
			at, from, best = i, split, part
		}
	}
	if best == 0 {
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
	given.next, f.end = from, from
	w.queue = append(w.queue, given)
	w.cond.Signal()
}

// split returns the place from which on what is made from a frame is to be
// given away, so that of all objects about half are.
func (w *worker[S]) split(f *frame[S], all uint32) uint32 {
	at := f.next
	for at < f.end && f.end-at > all/2 {
		next := at + w.weight[at]
		if f.end-next < all/2 && all/2-(f.end-next) > f.end-at-all/2 {
			break // rather a little more than far less
		}
		at = next
	}
	return at
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
			num, at, end := f.num, f.next, f.end
			f.next = f.end
			w.damaged(at, end, num, err)
			return
		}
	}
	at := f.next
	f.next += w.weight[at]
	w.make(at, f)
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

// make makes the object at a place, from base if it is not nil, which is on top
// of the stack, and visits it.
func (w *worker[S]) make(at uint32, base *frame[S]) {
	n := w.nums[at]
	var from []byte
	var t Type
	if base != nil {
		from, t = base.data, base.typ
	}
	data, t, err := w.r.object(Num(n), w.entry[at], from, t)
	if err != nil {
		if errors.Is(err, ErrTooLarge) && t >= Commit && t <= Tag {
			w.large(at, t)
			return
		}
		if data, t, err = w.r.rescue(Num(n), err); err != nil {
			w.lose(at, err)
			return
		}
		base = nil
	}
	w.made(at, data, t, base)
}

// made visits an object that has been made, from base if that is not nil, and
// puts it on the stack if something is made from it.
func (w *worker[S]) made(at uint32, data []byte, t Type, base *frame[S]) {
	n := w.nums[at]
	f := frame[S]{num: n, typ: t, data: data, next: at + 1, end: at + w.weight[at]}
	if has(w.wanted, n) && w.types[t] {
		var from S
		o := &w.object
		*o = Object{Num: Num(n), Type: t, Data: data, Leaf: f.next == f.end}
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
func (w *worker[S]) large(at uint32, t Type) {
	n := w.nums[at]
	if has(w.wanted, n) && w.types[t] {
		var none S
		w.object = Object{Num: Num(n), Type: t, Large: true, Leaf: true}
		w.visit(w.id, &w.object, none)
		w.objects++
	}
	w.damaged(at+1, at+w.weight[at], n, ErrTooLarge)
}

// lose reports an object that could not be made, and what is made from it.
func (w *worker[S]) lose(at uint32, err error) {
	n := w.nums[at]
	w.report(n, err)
	var e *Error
	if errors.As(err, &e) {
		err = fmt.Errorf("%w (offset %d of %s)", e.Err, e.Offset, e.File)
	}
	w.damaged(at+1, at+w.weight[at], n, err)
}

func (w *worker[S]) report(n uint32, err error) {
	if has(w.wanted, n) && w.opts.Error != nil {
		w.opts.Error(Num(n), err)
	}
}

// damaged tells of the objects at [at:end], which are made from one that is not
// to be had, directly or not; those that have another copy are made from that.
func (w *worker[S]) damaged(at, end, base uint32, cause error) {
	cause = fmt.Errorf("made from %s: %w", hexID(w.s.ID(Num(base))), cause)
	for at < end && !w.stopped() {
		n := Num(w.nums[at])
		err := w.s.errorAt(n, w.entry[at], cause)
		if _, ok := w.s.duplicate(n); ok {
			if data, t, err := w.r.rescue(n, err); err == nil {
				w.made(at, data, t, nil)
				at += w.weight[at]
				continue
			}
		}
		w.report(uint32(n), err)
		at++
	}
}
