package git

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/graph"
)

// blobPath stands for the name of a blob that was pushed by itself.
const blobPath = "(blob)"

func (p *plumbingEngine) rangeOf(ctx context.Context, opts RangeOptions, commit func()) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		w := &walk{p: p, commit: commit, yield: yield, seen: map[[sha256.Size]byte]struct{}{}}
		include, err := p.resolve(ctx, notZero(opts.Include))
		if err == nil {
			err = checkFound(include)
		}
		var exclude []resolved
		if err == nil {
			exclude, err = p.resolve(ctx, notZero(opts.Exclude))
		}
		if err != nil {
			yield(scanner.Blob{}, err)
			return
		}
		var starts []string
		for _, r := range include {
			id, ok := w.peel(ctx, r)
			if !ok {
				return
			}
			if id != "" {
				starts = append(starts, id)
			}
		}
		if len(starts) > 0 {
			w.commits(ctx, opts, starts, exclude)
		}
	}
}

func notZero(revs []string) []string {
	var out []string
	for _, rev := range revs {
		if !isZero(rev) {
			out = append(out, rev)
		}
	}
	return out
}

// A resolved revision has no kind if it is not in the repository.
type resolved struct {
	rev, id, kind string
}

// checkFound is for revisions that have to be in the repository.
func checkFound(revs []resolved) error {
	for _, r := range revs {
		if r.kind == "" {
			return scanner.WithHint(fmt.Errorf("revision %q is not in the repository", r.rev),
				"fetch it, and if this is a shallow clone all history: git fetch --unshallow")
		}
	}
	return nil
}

// resolve looks revisions up.
func (p *plumbingEngine) resolve(ctx context.Context, revs []string) ([]resolved, error) {
	for _, rev := range revs {
		if rev == "" || strings.ContainsAny(rev, "\n\r\x00") {
			return nil, fmt.Errorf("%q is not a revision", rev)
		}
	}
	var out []resolved
	for len(out) < len(revs) {
		rest := revs[len(out):]
		answer, err := p.output(ctx, strings.NewReader(strings.Join(rest, "\n")+"\n"), "cat-file", "--batch-check")
		n := 0
		for line := range strings.Lines(string(answer)) {
			if n == len(rest) {
				return nil, fmt.Errorf("git cat-file: unexpected answer %q", printable(line))
			}
			r, lineErr := parseResolved(rest[n], strings.TrimSuffix(line, "\n"))
			if lineErr != nil {
				return nil, lineErr
			}
			out = append(out, r)
			n++
		}
		// A git that may not fetch for a partial clone dies at the first
		// object that is missing.
		var missing *missingError
		if errors.As(err, &missing) && n < len(rest) {
			out = append(out, resolved{rev: rest[n]})
			continue
		}
		if err == nil && n < len(rest) {
			err = errors.New("git cat-file: answers are missing")
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// parseResolved reads an answer of cat-file --batch-check.
func parseResolved(rev, line string) (resolved, error) {
	fields := strings.Split(line, " ")
	switch {
	case line == rev+" missing":
		return resolved{rev: rev}, nil
	case line == rev+" ambiguous":
		return resolved{}, scanner.WithHint(fmt.Errorf("revision %q is ambiguous", rev), "give the whole id")
	case len(fields) == 3 && isID(fields[0]):
		return resolved{rev, fields[0], fields[1]}, nil
	}
	return resolved{}, fmt.Errorf("git cat-file: unexpected answer %q", printable(line))
}

// A walk yields what a range adds.
type walk struct {
	p       *plumbingEngine
	commit  func() // counts one
	yield   func(scanner.Blob, error) bool
	seen    map[[sha256.Size]byte]struct{} // what has been yielded
	stopped bool                           // yield has returned false
}

// send yields, unless the caller has had enough.
func (w *walk) send(b scanner.Blob, err error) bool {
	if !w.stopped && !w.yield(b, err) {
		w.stopped = true
	}
	return !w.stopped
}

// once reports whether this is the first time that it is asked with these
// parts, none of which contains a NUL.
func (w *walk) once(parts ...string) bool {
	key := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	if _, ok := w.seen[key]; ok {
		return false
	}
	w.seen[key] = struct{}{}
	return true
}

// peel follows tags and yields their messages. It returns the id of a commit,
// or yields what else there is. ok is false if the caller has had enough.
func (w *walk) peel(ctx context.Context, r resolved) (commit string, ok bool) {
	id, kind := r.id, r.kind
	for kind == "tag" {
		content, err := w.p.cats.readObject(ctx, id, "tag")
		if err != nil {
			return "", w.send(scanner.Blob{}, &scanner.BlobError{ID: id, Err: w.p.partialHint(ctx, err)})
		}
		target, targetKind, err := parseTag(id, content)
		if err != nil {
			return "", w.send(scanner.Blob{}, &scanner.BlobError{ID: id, Err: scanner.WithHint(err, hintDamaged)})
		}
		if w.once("tag", id) && !w.text(tagHeadPath, tagMessagePath, id, content, nil) {
			return "", false
		}
		id, kind = target, targetKind
	}
	switch kind {
	case "commit":
		return id, true
	case "tree":
		return "", w.wholeTree(ctx, id)
	case "blob":
		return "", !w.once(blobPath, id) || w.send(w.p.blob(blobPath, side{id: id}), nil)
	}
	return "", w.send(scanner.Blob{}, fmt.Errorf("revision %q is a %q, which is nothing to scan", r.rev, kind))
}

// wholeTree yields every file of a tree.
func (w *walk) wholeTree(ctx context.Context, id string) bool {
	for e, err := range w.p.tree(ctx, id) {
		if err != nil {
			return w.send(scanner.Blob{}, err)
		}
		if w.once(e.path, e.new.id) && !w.send(w.p.blob(e.path, e.new), nil) {
			return false
		}
	}
	return true
}

// text yields the head of a commit or of a tag, if something is new in it that can
// hold a secret, and its message. It returns false if the caller has had enough.
func (w *walk) text(headPath, messagePath, id string, content []byte, c *scanner.Commit) bool {
	head, message := cutText(content)
	if news := headNews(head); news != "" && w.once("head", news) && !w.send(textBlob(headPath, id, head, c), nil) {
		return false
	}
	return w.send(textBlob(messagePath, id, message, c), nil)
}

// textBlob makes a Blob of a message, or of a head.
func textBlob(name, id string, text []byte, c *scanner.Commit) scanner.Blob {
	return scanner.Blob{
		Path: name, ID: id, Size: int64(len(text)), Commit: c,
		Old: true, // its path is not a name that anybody chose
		Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(text)), nil
		},
	}
}

// commits walks the commits and yields what each adds: rev-list names them,
// diff-tree compares each with its parents, cat-file has their texts.
func (w *walk) commits(ctx context.Context, opts RangeOptions, include []string, exclude []resolved) {
	var revs strings.Builder
	for _, id := range include {
		revs.WriteString(id + "\n")
	}
	for _, r := range exclude {
		if r.kind != "" {
			revs.WriteString("^" + r.id + "\n")
		}
	}
	list, err := w.p.start(strings.NewReader(revs.String()), revListArgs(opts)...)
	if err != nil {
		w.send(scanner.Blob{}, err)
		return
	}
	defer list.abandon()
	defer list.watch(ctx)()
	t := &tap{r: list.stdout}
	diff, err := w.p.start(t, "diff-tree", "--stdin", "-r", "--raw", "-z", "--no-renames", "--no-abbrev",
		"--root", "-c", "--always", "--ignore-submodules=dirty")
	if err != nil {
		w.send(scanner.Blob{}, err)
		return
	}
	defer diff.abandon()
	defer list.kill() // or diff waits for its input
	defer diff.watch(ctx)()

	err = w.diffs(ctx, diff, t)
	if err == nil && !w.stopped {
		err = diff.finish(ctx)
	}
	if err == nil && !w.stopped {
		err = list.finish(ctx)
	}
	if err == nil && !w.stopped && t.waiting() > 0 {
		err = scanner.WithHint(fmt.Errorf("git diff-tree: %d commits are missing", t.waiting()), hintDamaged)
	}
	if err != nil {
		w.send(scanner.Blob{}, w.p.partialHint(ctx, err))
	}
}

// revListArgs lists commits, parents first. What is excluded on the command
// line has to stand behind --stdin, and cannot stand in it before git 2.42.
func revListArgs(opts RangeOptions) []string {
	args := []string{"rev-list", "--stdin", "--topo-order", "--reverse", "--parents"}
	if opts.NotRemote != "" || opts.NotAllRemotes || opts.NotAll {
		args = append(args, "--not")
	}
	if opts.NotRemote != "" {
		// It is a pattern; a remote's name is none.
		name := strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(opts.NotRemote)
		args = append(args, "--remotes="+name+"/*")
	}
	if opts.NotAllRemotes {
		args = append(args, "--remotes")
	}
	if opts.NotAll {
		args = append(args, "--all")
	}
	return args
}

// A tap notes what rev-list tells diff-tree: each commit, and its parents as
// far as they are here. At the border of a shallow clone a commit itself names
// parents that are not.
type tap struct {
	r    *bufio.Reader
	line string // what is left of the last one

	mu    sync.Mutex
	lines []string
}

// Read passes on one line.
func (t *tap) Read(b []byte) (int, error) {
	if t.line == "" {
		line, err := t.r.ReadString('\n')
		if err != nil {
			return 0, err // a line without an end is none
		}
		t.line = line
		t.mu.Lock()
		t.lines = append(t.lines, strings.TrimSuffix(line, "\n"))
		t.mu.Unlock()
	}
	n := copy(b, t.line)
	t.line = t.line[n:]
	return n, nil
}

// next returns the parents of the next commit, which has to be the one given.
func (t *tap) next(commit string) (parents []string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) > 0 {
		ids := strings.Fields(t.lines[0])
		if t.lines = t.lines[1:]; len(ids) > 0 && ids[0] == commit {
			return ids[1:], nil
		}
	}
	return nil, scanner.WithHint(fmt.Errorf("git diff-tree: a commit before %s is missing", commit), hintDamaged)
}

// waiting returns how many commits have not been asked for.
func (t *tap) waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.lines)
}

// diffs yields what diff-tree lists.
func (w *walk) diffs(ctx context.Context, diff *child, t *tap) error {
	var at *commitChange
	for {
		token, err := readToken(diff.stdout)
		switch {
		case err == io.EOF:
			return nil
		case err == nil && isID(token):
			if at, err = w.begin(ctx, token, t); err != nil {
				return err
			}
			if w.stopped {
				return nil
			}
			continue
		}
		c, err := diff.readChange(token, err)
		if err == nil && at == nil {
			err = fmt.Errorf("unexpected answer %q", printable(token))
		}
		if err != nil {
			return diff.broken(ctx, err)
		}
		if !w.change(at, &c) {
			return nil
		}
	}
}

// A commitChange is the commit whose changes are listed.
type commitChange struct {
	commit *scanner.Commit
	h      *history
}

// begin reads a commit and yields its message.
func (w *walk) begin(ctx context.Context, id string, t *tap) (*commitChange, error) {
	parents, err := t.next(id)
	if err != nil {
		return nil, err
	}
	w.commit()
	content, err := w.p.cats.readObject(ctx, id, "commit")
	if err != nil {
		return nil, err
	}
	if _, _, err := parseCommit(id, content); err != nil {
		return nil, scanner.WithHint(err, hintDamaged)
	}
	commit := graph.ParseCommit(id, content)
	w.text(commitHeadPath, commitMessagePath, id, content, commit)
	h := newHistory(w.p, parents, func(ctx context.Context, i int) (iter.Seq2[change, error], int) {
		return w.p.diffTree(ctx, id), i
	})
	return &commitChange{commit, h}, nil
}

// change yields the new side of a change. It returns false if the caller has
// had enough.
func (w *walk) change(at *commitChange, c *change) bool {
	if !c.newContent() {
		return true
	}
	h := at.h
	if len(h.bases) == 0 {
		c.old = nil // diff-tree lists an empty one
	}
	if len(c.old) != len(h.bases) {
		return w.send(scanner.Blob{}, &scanner.BlobError{
			Path: c.path, ID: c.new.id,
			Err: fmt.Errorf("git diff-tree: commit %s has %d parents here, and %d there", at.commit.ID, len(h.bases), len(c.old)),
		})
	}
	// A revert of a revert adds nothing that has not been scanned, as long as
	// it starts from the same versions.
	key := []string{c.path, c.new.id}
	for _, v := range c.old {
		if v.mode == modeNone { // then it depends on the rest of the commit
			key = append(key, at.commit.ID)
		}
		key = append(key, v.id)
	}
	if !w.once(key...) {
		return true
	}
	b := w.p.blob(c.path, c.new)
	b.Commit = at.commit
	b.Old = c.in()
	if b.Skip == "" {
		b.Before = h.before(c.path, c.old, c.new.id)
	}
	return w.send(b, nil)
}

// diffTree compares one commit with its parents.
func (p *plumbingEngine) diffTree(ctx context.Context, commit string) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		c, err := p.start(nil, "diff-tree", "-r", "--raw", "-z", "--no-renames", "--no-abbrev",
			"-c", "--no-commit-id", "--ignore-submodules=dirty", commit)
		if err != nil {
			yield(change{}, err)
			return
		}
		c.rawChanges(ctx)(yield)
	}
}
