package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/cork-scanner/cork/scanner"
)

// smallObject is the size in bytes up to which an object is read whole, so
// that its process is free again at once.
const smallObject = 32 * 1024

// maxDrain is how many bytes are read to get to the end of an object that
// nobody wants any more; it is cheaper to start a new process than to read
// more than that.
const maxDrain = 1024 * 1024

// A catPool is a set of `git cat-file --batch` processes: as many as there are
// objects read at the same time, started when they are needed.
type catPool struct {
	start func() (*child, error)

	mu     sync.Mutex
	closed bool
	idle   []*child
	busy   map[*child]struct{}
}

func (p *plumbingEngine) startCat() (*child, error) {
	return p.start(pipe{}, "cat-file", "--batch")
}

func (pool *catPool) get() (*child, error) {
	pool.mu.Lock()
	defer pool.mu.Unlock()
	if pool.closed {
		return nil, errors.New("the repository is closed")
	}
	if pool.busy == nil {
		pool.busy = map[*child]struct{}{}
	}
	var c *child
	if n := len(pool.idle); n > 0 {
		c = pool.idle[n-1]
		pool.idle = pool.idle[:n-1]
	} else {
		var err error
		if c, err = pool.start(); err != nil {
			return nil, err
		}
	}
	pool.busy[c] = struct{}{}
	return c, nil
}

// put takes back a process that has answered in full.
func (pool *catPool) put(c *child) {
	pool.mu.Lock()
	defer pool.mu.Unlock()
	delete(pool.busy, c)
	if !pool.closed {
		pool.idle = append(pool.idle, c)
	}
}

// discard ends a process and returns how it ended.
func (pool *catPool) discard(c *child) error {
	pool.mu.Lock()
	delete(pool.busy, c)
	pool.mu.Unlock()
	return c.wait()
}

// close ends all processes; whoever reads from one of them gets an error.
func (pool *catPool) close() {
	pool.mu.Lock()
	pool.closed = true
	all := pool.idle
	pool.idle = nil
	for c := range pool.busy {
		all = append(all, c)
	}
	pool.mu.Unlock()
	for _, c := range all {
		c.kill()
	}
	for _, c := range all {
		c.wait()
	}
}

// An object is what cat-file says about one, and its content.
type object struct {
	id   string
	kind string // blob, tree, commit, tag
	size int64
	io.ReadCloser
}

// open asks for an object by its id. The object belongs to the caller.
func (pool *catPool) open(ctx context.Context, id string) (*object, error) {
	if !isID(id) {
		return nil, fmt.Errorf("%q is not an object id", id)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := pool.get()
	if err != nil {
		return nil, err
	}
	r := &objectReader{ctx: ctx, pool: pool, c: c, stop: c.watch(ctx)}
	if _, err := io.WriteString(c.stdin, id+"\n"); err != nil {
		return nil, r.died(id, err)
	}
	line, err := c.stdout.ReadString('\n')
	if err != nil {
		return nil, r.died(id, err)
	}
	line = strings.TrimSuffix(line, "\n")
	fields := strings.Fields(line)
	if len(fields) != 3 || fields[0] != id {
		c.kill()
		said := c.wait() // only now it is known what it said about it
		r.end(false)
		return nil, objectError(id, line, said)
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 {
		c.kill()
		r.end(false)
		return nil, fmt.Errorf("git cat-file: unexpected answer %q", line)
	}
	r.id, r.left = id, size
	o := &object{id: id, kind: fields[1], size: size, ReadCloser: r}
	if size <= smallObject {
		content := make([]byte, size)
		if _, err := io.ReadFull(r, content); err != nil && size > 0 {
			r.Close()
			return nil, err
		}
		if err := r.finish(); err != nil {
			return nil, err
		}
		o.ReadCloser = io.NopCloser(bytes.NewReader(content))
	}
	return o, nil
}

// objectError is the error for an object that cat-file does not have, where
// said is how the process ended.
func objectError(id, answer string, said error) error {
	var missing *missingError
	switch {
	case errors.As(said, &missing):
		return &missingError{scanner.WithHint(fmt.Errorf("object %s is not in this partial clone", id), hintPartial)}
	case answer == id+" missing":
		return &missingError{scanner.WithHint(fmt.Errorf("object %s is missing from the repository", id), hintDamaged)}
	}
	return scanner.WithHint(fmt.Errorf("object %s cannot be read: git cat-file says %q", id, printable(answer)), hintDamaged)
}

// readObject returns the content of an object of the kind wanted.
func (pool *catPool) readObject(ctx context.Context, id, kind string) ([]byte, error) {
	o, err := pool.open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	if o.kind != kind {
		return nil, scanner.WithHint(fmt.Errorf("object %s is a %s, not a %s", id, o.kind, kind), hintDamaged)
	}
	return io.ReadAll(o)
}

// openBlob opens a blob, or the Git LFS object that it points to.
func (p *plumbingEngine) openBlob(ctx context.Context, id string) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if content, ok := p.looseBlob(id); ok {
		return p.orLFS(content)
	}
	o, err := p.cats.open(ctx, id)
	if err != nil {
		return nil, p.partialHint(ctx, err)
	}
	if o.kind != "blob" {
		o.Close()
		return nil, scanner.WithHint(fmt.Errorf("object %s is a %s, not a blob", id, o.kind), hintDamaged)
	}
	if o.size >= maxPointer {
		return o, nil
	}
	content, err := io.ReadAll(o)
	if err != nil {
		return nil, err
	}
	return p.orLFS(content)
}

// orLFS returns the content of a blob, or what it points to.
func (p *plumbingEngine) orLFS(content []byte) (io.ReadCloser, error) {
	if lfs, ok, err := openLFS(p.layout.commonDir, content); ok {
		return lfs, err
	}
	return io.NopCloser(bytes.NewReader(content)), nil
}

// partialHint tells a person with a partial clone why objects are missing.
// Gits that know GIT_NO_LAZY_FETCH may say no more than "missing".
func (p *plumbingEngine) partialHint(ctx context.Context, err error) error {
	var missing *missingError
	if !errors.As(err, &missing) || scanner.HintOf(err) == hintPartial {
		return err
	}
	if partial, cfgErr := p.isPartial(ctx); cfgErr != nil || !partial {
		return err
	}
	return scanner.WithHint(err, hintPartial)
}

// An objectReader reads one object from a process, and then gives it back.
type objectReader struct {
	ctx  context.Context // of this one read
	pool *catPool
	c    *child // nil when the process is given back or ended
	stop func() bool
	id   string
	left int64
	err  error // what Read returns after the process is gone
}

func (r *objectReader) Read(b []byte) (int, error) {
	if r.c == nil {
		return 0, r.err
	}
	if r.left == 0 {
		if err := r.finish(); err != nil {
			return 0, err
		}
		return 0, io.EOF
	}
	n, err := r.c.stdout.Read(b[:min(int64(len(b)), r.left)])
	r.left -= int64(n)
	if err != nil {
		return n, r.died(r.id, err)
	}
	return n, nil
}

// finish reads the newline behind the content and gives the process back.
func (r *objectReader) finish() error {
	if r.c == nil {
		if r.err == io.EOF {
			return nil
		}
		return r.err
	}
	b, err := r.c.stdout.ReadByte()
	if err != nil {
		return r.died(r.id, err)
	}
	if b != '\n' {
		r.c.kill()
		r.end(false)
		r.err = fmt.Errorf("git cat-file: object %s does not end where it should", r.id)
		return r.err
	}
	r.end(true)
	r.err = io.EOF
	return nil
}

// died ends a process that failed in the middle of an object.
func (r *objectReader) died(id string, err error) error {
	if err != io.EOF { // at its end it is ending by itself, and says why
		r.c.kill()
	}
	said := r.end(false)
	switch {
	case r.ctx.Err() != nil:
		r.err = r.ctx.Err()
	case said != nil:
		var missing *missingError
		if errors.As(said, &missing) {
			r.err = objectError(id, "", said)
			break
		}
		r.err = fmt.Errorf("read object %s: %w", id, said)
	default:
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		r.err = fmt.Errorf("read object %s: git cat-file: %w", id, err)
	}
	return r.err
}

// end lets go of the process.
func (r *objectReader) end(healthy bool) error {
	c := r.c
	r.c = nil
	if r.stop() && healthy {
		r.pool.put(c)
		return nil
	}
	return r.pool.discard(c)
}

// Close gives the process back if little is left to read, and else ends it.
func (r *objectReader) Close() error {
	if r.c == nil {
		return nil
	}
	r.err = errors.New("the object is closed")
	if r.left > maxDrain {
		r.c.kill()
		r.end(false)
		return nil
	}
	closed := r.err
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil // what is not read is not missed
	}
	r.err = closed
	return nil
}
