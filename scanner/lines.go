package scanner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/cork-scanner/cork/scanner/decode"
)

// A line is compared by the SHA-256 of its text without the line end ("\n" or
// "\r\n"), so that neither a change of line ends nor a line added below the
// last one makes a line new. A collision would hide a secret, hence the strong
// hash.
type lineSum [sha256.Size]byte

// lineSumBytes is about what one sum costs in a map.
const lineSumBytes = 80

// A lineHasher makes the sum of a line that comes in pieces.
type lineHasher struct {
	h  hash.Hash
	n  int64 // bytes, without a held back "\r"
	cr bool  // a "\r" is held back: it may be part of the line end
}

func (l *lineHasher) write(p []byte) {
	if len(p) == 0 {
		return
	}
	if l.h == nil {
		l.h = sha256.New()
	}
	if l.cr {
		l.h.Write([]byte{'\r'})
		l.n++
	}
	l.cr = p[len(p)-1] == '\r'
	if l.cr {
		p = p[:len(p)-1]
	}
	l.h.Write(p)
	l.n += int64(len(p))
}

func (l *lineHasher) reset() {
	if l.n > 0 || l.cr {
		l.h.Reset()
		l.n, l.cr = 0, false
	}
}

// sum returns the sum of the line and resets l.
func (l *lineHasher) sum() (s lineSum, n int64) {
	if l.h == nil {
		l.h = sha256.New()
	}
	l.h.Sum(s[:0])
	n = l.n
	l.reset()
	return s, n
}

// lineSums makes the sums of the lines that are wanted, while text is dropped.
// It holds no text: a line of any length costs the same.
type lineSums struct {
	cur     lineHasher // of what was dropped of the current line
	sums    map[int]lineSum
	length  map[int]int64 // by line; -1 while the sum is awaited
	awaited int
}

// want asks for the sums of lines first to last, none of which has ended.
func (l *lineSums) want(first, last int) {
	if l.sums == nil {
		l.sums = make(map[int]lineSum)
		l.length = make(map[int]int64)
	}
	for line := first; line <= last; line++ {
		if _, ok := l.length[line]; !ok {
			l.length[line] = -1
			l.awaited++
		}
	}
}

// drop goes over text that begins in the given line.
func (l *lineSums) drop(text []byte, line int) {
	for l.awaited > 0 {
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			break
		}
		if l.length[line] < 0 {
			l.cur.write(text[:i])
			l.take(line)
		} else {
			l.cur.reset()
		}
		text = text[i+1:]
		line++
	}
	if i := bytes.LastIndexByte(text, '\n'); i >= 0 {
		l.cur.reset()
		text = text[i+1:]
	}
	l.cur.write(text)
}

func (l *lineSums) take(line int) {
	l.sums[line], l.length[line] = l.cur.sum()
	l.awaited--
}

// close ends the last line.
func (l *lineSums) close(line int) {
	if l.length[line] < 0 {
		l.take(line)
	}
}

// markOld marks the hits of which every line stands in an old version. If an
// old version cannot be read, what only it could have shown to be old counts
// as new, and the error is returned.
func (w *worker) markOld(ctx context.Context, b *Blob, passes []*pass) []error {
	if b.Before == nil || !w.reportable(passes) {
		return nil
	}
	return w.compareOld(ctx, b, passes)
}

// reportable reports whether passes found anything that may be reported.
func (w *worker) reportable(passes []*pass) bool {
	for _, p := range passes {
		for _, h := range p.hits {
			if w.mayReport(&h.m) {
				return true
			}
		}
	}
	return false
}

func (w *worker) compareOld(ctx context.Context, b *Blob, passes []*pass) (errs []error) {
	o := oldLines{awaited: make(map[lineSum]bool), lengths: make(map[int64]bool)}
	for _, p := range passes {
		for line, sum := range p.lines.sums {
			o.awaited[sum] = true
			o.lengths[p.lines.length[line]] = true
		}
	}
	for rc, err := range b.Before(ctx) {
		if err == nil {
			err = w.readOld(ctx, rc, &o)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("read the version before the change: %w", err))
		}
		if len(o.awaited) == 0 {
			break
		}
	}
	for _, p := range passes {
		for _, h := range p.hits {
			h.old = true
			for line := h.first; line <= h.last && h.old; line++ {
				sum, ok := p.lines.sums[line]
				h.old = ok && !o.awaited[sum]
			}
		}
	}
	return errs
}

// readOld strikes out the lines of one old version, by the bytes and by the
// text of it as in the new one.
func (w *worker) readOld(ctx context.Context, rc io.ReadCloser, o *oldLines) error {
	defer rc.Close()
	if w.old == nil {
		w.old = make([]byte, 64<<10)
	}
	r := decode.NewReader(rc)
	text := oldText{lines: o}
	raw := oldText{lines: o}
	if r.Encoding().Wide() {
		r.Tee(&raw)
	}
	for empty := 0; empty < 100 && len(o.awaited) > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(w.old)
		text.Write(w.old[:n])
		if errors.Is(err, io.EOF) {
			text.end()
			raw.end()
			return nil
		}
		if err != nil {
			return err
		}
		if empty++; n > 0 {
			empty = 0
		}
	}
	if len(o.awaited) > 0 {
		return io.ErrNoProgress
	}
	return nil
}

// oldLines are the sums that no old version was found to hold.
type oldLines struct {
	awaited map[lineSum]bool
	lengths map[int64]bool // of the lines, without line end: others need no sum
}

func (o *oldLines) line(text []byte) {
	if n := len(text); n > 0 && text[n-1] == '\r' {
		text = text[:n-1]
	}
	if o.lengths[int64(len(text))] {
		delete(o.awaited, sha256.Sum256(text))
	}
}

// An oldText splits one text into lines.
type oldText struct {
	lines *oldLines
	cur   lineHasher // of a line that comes in pieces
	open  bool       // there is such a line
}

func (t *oldText) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		i := bytes.IndexByte(rest, '\n')
		switch {
		case i < 0:
			t.cur.write(rest)
			t.open = true
			return len(p), nil
		case t.open:
			t.cur.write(rest[:i])
			t.end()
		default:
			t.lines.line(rest[:i])
		}
		rest = rest[i+1:]
	}
	return len(p), nil
}

func (t *oldText) end() {
	if !t.open {
		return
	}
	t.open = false
	if sum, n := t.cur.sum(); t.lines.lengths[n] {
		delete(t.lines.awaited, sum)
	}
}
