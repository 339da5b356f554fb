package archive

import (
	"errors"
	"fmt"
	"io"
)

// Limits bound what is taken out of one outermost file. A limit that is zero
// is the default.
type Limits struct {
	// Depth is how many archives may lie in each other; a compressed tar is
	// one. The default of 4 is a jar in a war in an ear in a tar.gz. Files that
	// hold themselves would go on for ever.
	Depth int

	// Entries is how many entries are read, of all archives together. The
	// default of 100,000 is more than the largest source trees and packages
	// that are passed around have.
	Entries int

	// Expanded is how many bytes are decompressed, of all archives together.
	// The default of 1 GiB takes about ten seconds to search: what a build
	// server can wait for. Tars and stored bytes do not count, they cost what they weigh.
	Expanded int64

	// Entry is how many bytes of one entry of a zip are decompressed. The
	// default is half of Expanded, so that one huge file does not hide the
	// small ones behind it.
	Entry int64

	// Ratio is how many bytes may be decompressed for each byte of the
	// outermost file, once Free are. It bounds what a commit full of small
	// bombs costs. The defaults: 200, where logs and tables reach 20 to 100,
	// and deflate no more than 1032; 32 MiB, which take a tenth of a second.
	Ratio int64
	Free  int64

	// Memory is how many bytes are held, dictionaries of decompressors and
	// zips that cannot be read at random together. The default of 96 MiB has
	// room for a dictionary of 64 MiB, the largest that xz and zstd take
	// without --ultra or --long, and a zip of 32 MiB.
	Memory int64

	// Directory is how many bytes the directory of a zip may have: its records
	// are in memory while it is read, at up to five times that. The default of
	// 16 MiB is 100,000 entries with long names.
	Directory int64
}

func (l *Limits) applyDefaults() {
	def := func(v *int64, value int64) {
		if *v <= 0 {
			*v = value
		}
	}
	if l.Depth <= 0 {
		l.Depth = 4
	}
	if l.Entries <= 0 {
		l.Entries = 100_000
	}
	def(&l.Expanded, 1<<30)
	def(&l.Entry, max(1, l.Expanded/2))
	def(&l.Ratio, 200)
	def(&l.Free, 32<<20)
	def(&l.Memory, 96<<20)
	def(&l.Directory, 16<<20)
}

// A Budget counts what is taken out of one outermost file. It is not safe for
// concurrent use.
type Budget struct {
	limits       Limits
	input        int64 // bytes of the outermost file that are known to be there
	expanded     int64
	entries      int
	memory       int64
	dictionaries int64 // held so far, whether released or not
	err          error // the limit that was passed; it ends every walk
}

// NewBudget returns a Budget of which nothing is used.
func NewBudget(limits Limits) *Budget {
	limits.applyDefaults()
	return &Budget{limits: limits}
}

// Input says that the outermost file has at least n bytes.
func (b *Budget) Input(n int64) { b.input = max(b.input, n) }

// Err returns the limit that was passed, an *Error, or nil.
func (b *Budget) Err() error { return b.err }

// Enter returns nil if an archive at that path may be opened inside of depth
// others, else an *Error.
func (b *Budget) Enter(path string, depth int) error {
	if b.err != nil {
		return b.err
	}
	if depth >= b.limits.Depth {
		return &Error{path, TooDeep, fmt.Errorf("archives in archives are opened %d deep; what is in this one was not searched", b.limits.Depth)}
	}
	return nil
}

func (b *Budget) entry(path string) error {
	if b.err == nil && b.entries >= b.limits.Entries {
		b.err = &Error{path, TooMany, fmt.Errorf("there are more than %d entries; what comes after those was not searched", b.limits.Entries)}
	}
	b.entries++
	return b.err
}

// expand counts n decompressed bytes of the entry, or the archive, at path.
func (b *Budget) expand(path string, n int64) error {
	b.expanded += n
	if b.err != nil {
		return b.err
	}
	switch {
	case b.expanded > b.limits.Expanded:
		b.err = &Error{path, TooLarge, fmt.Errorf("expands to more than %s; what comes after that was not searched", size(b.limits.Expanded))}
	case b.expanded > b.limits.Free && (b.expanded-b.limits.Free)/b.limits.Ratio > b.input:
		b.err = &Error{path, Ratio, fmt.Errorf("expands to more than %d times its size; what comes after the first %s was not searched", b.limits.Ratio, size(b.expanded))}
	}
	return b.err
}

// hold takes n bytes of memory, or returns false.
func (b *Budget) hold(n int64) bool {
	if n > b.limits.Memory-b.memory {
		return false
	}
	b.memory += n
	return true
}

// dictionary holds memory for a decompressor, or returns an *Error. What all of
// them were given is limited as well: a file of a thousand blocks of no bytes
// could ask for a large dictionary, which has to be zeroed, for each.
func (b *Budget) dictionary(path string, n int64) error {
	if !b.hold(n) {
		return &Error{path, TooLarge, fmt.Errorf("to expand it takes %s of memory, more than there is for one file", size(n))}
	}
	const times = 64
	if b.dictionaries += n; b.dictionaries > times*b.limits.Memory+b.expanded {
		b.release(n)
		b.err = &Error{path, Ratio, errors.New("asks for memory over and over to expand to little; what comes after that was not searched")}
		return b.err
	}
	return nil
}

func (b *Budget) release(n int64) { b.memory -= n }

// size returns a number of bytes for people, rounded down.
func size(n int64) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// A layer is what a decompressor or a tar yields: its errors become *Errors
// about a path, its bytes are counted.
type layer struct {
	w    *walk
	path string
	src  io.Reader
	max  int64 // bytes; 0: no limit of its own
	n    int64
	free func(n int64) int64 // of n bytes yielded in all, those that cost nothing; nil: none
	paid int64
	err  error
}

func (l *layer) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	if err := l.w.ctx.Err(); err != nil {
		return 0, err
	}
	if l.max > 0 && int64(len(p)) > l.max-l.n+1 {
		p = p[:l.max-l.n+1]
	}
	n, err := l.src.Read(p)
	l.n += int64(n)
	cost := l.n
	if l.free != nil {
		cost -= l.free(l.n)
	}
	if cost > l.paid {
		if e := l.w.budget.expand(l.path, cost-l.paid); e != nil {
			l.err = e
			return n, l.err
		}
		l.paid = cost
	}
	if l.max > 0 && l.n > l.max {
		n--
		err = &Error{l.path, TooLarge, fmt.Errorf("is larger than %s; what comes after that was not searched", size(l.max))}
	}
	if err != nil && err != io.EOF {
		err = l.w.damage(l.path, err)
	}
	l.err = err
	return n, err
}
