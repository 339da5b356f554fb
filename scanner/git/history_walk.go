package git

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/pack"
)

// An auditor scans objects, one at a time.
type auditor struct {
	a         *audit
	versions  *scanner.Versions
	classes   map[string]string // by path
	copies    []scanner.Copy
	relatives *relatives                        // nil: everything is taken for new
	judged    struct{ paths, classes []string } // of one object, one path of each class

	found, allowed []occurrence
	blobs, entries int
	bytes          int64
	skipped        map[scanner.SkipReason]int

	// For the cache.
	loud  bool // there is something in the object that is being scanned
	quiet []quiet
}

// An occurrence is a secret in an object.
type occurrence struct {
	scanner.Occurrence
	same   string   // what makes it the same secret elsewhere
	object pack.Num // that holds it
	path   string   // that it was judged at
}

// known is what is known of one object, by the class of its paths.
type known []knownAs

type knownAs struct {
	class string
	*scanner.Known
}

// of returns what is known for a class; nil: nothing.
func (k known) of(class string) *scanner.Known {
	for i := range k {
		if k[i].class == class {
			return k[i].Known
		}
	}
	return nil
}

// noPath stands for the path of a blob that no tree holds.
const noPath = "(no path)"

// flag asks what there is to say about every path there ever was.
func (a *audit) flag() {
	a.flagged = make(map[string][]scanner.Finding)
	for path := range a.graph.AllPaths() {
		if fs := a.s.PathFindings(path); len(fs) > 0 {
			a.flagged[path] = fs
		}
	}
}

// hire makes those who will scan.
func (a *audit) hire() {
	for range a.h.opts.Workers {
		v := a.s.Versions()
		v.Whole = a.h.opts.WholeBlobs
		r := &auditor{a: a, versions: v, classes: make(map[string]string), skipped: make(map[scanner.SkipReason]int)}
		if !v.Whole {
			r.relatives = newRelatives(relativeMemory / a.h.opts.Workers)
		}
		a.readers = append(a.readers, r)
	}
}

// scope returns the types of the objects that are scanned, and which of these are;
// nil: all.
func (a *audit) scope() (types []pack.Type, wanted func(pack.Num) bool) {
	types = []pack.Type{pack.Blob}
	if !a.h.opts.NoMessages {
		types = append(types, pack.Commit, pack.Tag)
	}
	if a.h.restricted() {
		wanted = a.graph.Wanted
	}
	if a.cache == nil || a.cache.known == nil {
		return types, wanted
	}
	inScope := wanted
	return types, func(n pack.Num) bool { return !a.cache.known.has(n) && (inScope == nil || inScope(n)) }
}

// walk scans every object in scope.
func (a *audit) walk(ctx context.Context) error {
	types, wanted := a.scope()
	opts := pack.WalkOptions{
		Types: types, Want: wanted, Workers: a.h.opts.Workers, MaxObject: a.held,
		Error:    func(_ pack.Num, err error) { a.fail(err) },
		Progress: a.progress,
	}
	err := pack.Walk(ctx, a.store, opts, func(worker int, o *pack.Object, base known) known {
		return a.readers[worker].visit(ctx, o, base)
	})
	for _, r := range a.readers {
		a.sum.Blobs += r.blobs
		a.sum.Bytes += r.bytes
		a.sum.Entries += r.entries
		for reason, n := range r.skipped {
			a.sum.Skip(reason, n)
		}
	}
	return err
}

// pathsOf returns the paths of an object.
func (a *audit) pathsOf(n pack.Num, t pack.Type) []string {
	switch t {
	case pack.Commit:
		return []string{commitMessagePath}
	case pack.Tag:
		return []string{tagMessagePath}
	}
	if paths := a.graph.Paths(n); len(paths) > 0 {
		return paths
	}
	return []string{noPath}
}

// visit scans an object, once for each class of its paths.
func (r *auditor) visit(ctx context.Context, o *pack.Object, base known) known {
	a := r.a
	paths := a.pathsOf(o.Num, o.Type)
	r.loud = false
	if o.Type == pack.Blob {
		if a.graph.Truncated(o.Num) {
			a.fail(&scanner.BlobError{Path: paths[0], ID: a.id(o.Num), Err: errors.New("it stands at more paths than can be told; rules that go by the path did not see all of them")})
			paths = append(slices.Clone(paths), noPath)
		}
		r.blobs++
		for _, path := range paths {
			for i := range a.flagged[path] {
				f := &a.flagged[path][i]
				r.note(o, path, []scanner.Occurrence{{RuleID: f.RuleID, Secret: f.Secret, InPath: f.InPath, Line: 1}})
			}
		}
	}
	paths = r.oneOfEach(paths)
	var now known
	if o.Type == pack.Blob {
		now = r.scan(ctx, o, paths, base)
	} else {
		now = r.text(ctx, o, paths[0])
	}
	r.remember(o.Num, now, len(paths))
	return now
}

// scan scans the content of an object, at one path of each class.
func (r *auditor) scan(ctx context.Context, o *pack.Object, paths []string, base known) (now known) {
	a := r.a
	if o.Large {
		r.large(ctx, o, paths)
		return nil
	}
	r.bytes += int64(len(o.Data))
	if r.pointer(ctx, o, paths) {
		return nil
	}
	if len(o.Data) == 0 {
		return nil
	}
	r.copies = r.copies[:0]
	to := 0
	for _, op := range o.Ops {
		if op.From >= 0 {
			r.copies = append(r.copies, scanner.Copy{From: op.From, To: to, Len: op.Len})
		}
		to += op.Len
	}
	var before scanner.VersionResult
	id := ""
	for _, path := range paths {
		class := r.class(path)
		ver := scanner.Version{Path: path, Content: o.Data, Copies: r.copies, Last: o.Leaf}
		if o.Ops != nil {
			ver.Base = base.of(class)
		}
		foreign := r.relatives != nil && path != noPath && r.relatives.compare(&ver)
		if id == "" {
			id = a.id(o.Num)
		}
		ver.ID = id
		k, res := r.versions.Scan(ctx, &ver)
		r.take(o, path, &res, &before)
		if res.Full {
			continue
		}
		if foreign {
			r.relatives.keep(path, o.Data, k)
		}
		now = append(now, knownAs{class, k})
	}
	return now
}

// text scans a commit or a tag as a range does: its message, and its head where a
// secret can be in that.
func (r *auditor) text(ctx context.Context, o *pack.Object, messagePath string) known {
	headPath := headPathOf(o.Type)
	if o.Large {
		r.large(ctx, o, []string{headPath, messagePath})
		return nil
	}
	r.bytes += int64(len(o.Data))
	head, message := cutText(o.Data)
	var before scanner.VersionResult
	scan := func(path string, text []byte) (full bool) {
		_, res := r.versions.Scan(ctx, &scanner.Version{Path: path, ID: r.a.id(o.Num), Content: text, Last: true})
		r.take(o, path, &res, &before)
		return res.Full
	}
	full := headNews(head) != "" && scan(headPath, head)
	if len(message) > 0 && scan(messagePath, message) {
		full = true
	}
	if full {
		return nil
	}
	return known{{class: r.class(messagePath)}} // for the cache; nothing is made of it
}

// headPathOf is the path of the head of a commit or of a tag.
func headPathOf(t pack.Type) string {
	if t == pack.Tag {
		return tagHeadPath
	}
	return commitHeadPath
}

func (r *auditor) class(path string) string {
	c, ok := r.classes[path]
	if !ok {
		c = r.a.s.PathClass(path)
		r.classes[path] = c
	}
	return c
}

// oneOfEach returns the first path of each class. The result is good until the
// next call.
func (r *auditor) oneOfEach(paths []string) []string {
	if len(paths) == 1 {
		return paths
	}
	r.judged.paths, r.judged.classes = r.judged.paths[:0], r.judged.classes[:0]
	for _, path := range paths {
		if class := r.class(path); !slices.Contains(r.judged.classes, class) {
			r.judged.paths = append(r.judged.paths, path)
			r.judged.classes = append(r.judged.classes, class)
		}
	}
	return r.judged.paths
}

// large scans an object that does not fit into memory.
func (r *auditor) large(ctx context.Context, o *pack.Object, paths []string) {
	var before scanner.VersionResult
	for _, path := range paths {
		res := r.versions.ScanBlob(ctx, scanner.Blob{Path: path, ID: r.a.id(o.Num), Size: -1,
			Open: func(context.Context) (io.ReadCloser, error) { return r.a.open(o.Num, path) }})
		r.take(o, path, &res, &before)
	}
	if len(before.Errors) == 0 {
		r.bytes += max(0, r.a.store.Size(o.Num))
	}
}

// pointer scans what a Git LFS pointer points to, and reports whether the object
// is one.
func (r *auditor) pointer(ctx context.Context, o *pack.Object, paths []string) bool {
	if len(o.Data) >= maxPointer || !bytes.HasPrefix(o.Data, []byte("version ")) {
		return false
	}
	var before scanner.VersionResult
	for _, path := range paths {
		content, ok, err := openLFS(r.a.commonDir, o.Data)
		if !ok {
			return false
		}
		if skip := (*scanner.SkipError)(nil); errors.As(err, &skip) {
			r.skipped[skip.Reason]++
			return true
		} else if err != nil {
			r.a.fail(&scanner.BlobError{Path: path, ID: r.a.id(o.Num), Err: err})
			return true
		}
		res := r.versions.ScanBlob(ctx, scanner.Blob{Path: path, ID: r.a.id(o.Num), Size: -1, Once: true,
			Open: func(context.Context) (io.ReadCloser, error) { return content, nil }})
		r.take(o, path, &res, &before)
	}
	return true
}

// take keeps what was found in an object at a path. What could not be read is
// counted once, however many classes its paths are of: before is what was taken of
// the object already.
func (r *auditor) take(o *pack.Object, path string, res, before *scanner.VersionResult) {
	if len(res.Errors)+len(res.Missed)+len(res.Allowed)+res.Entries > 0 {
		r.loud = true
	}
	if len(before.Errors) == 0 {
		for _, err := range res.Errors {
			r.a.fail(err)
		}
		before.Errors = res.Errors
	}
	if len(before.Missed) == 0 {
		for reason, n := range res.Missed {
			r.skipped[reason] += n
		}
		before.Missed = res.Missed
	}
	if before.Entries == 0 {
		r.entries += res.Entries
		before.Entries = res.Entries
	}
	r.note(o, path, res.Occurrences)
	for i := range res.Allowed {
		occ := &res.Allowed[i]
		r.allowed = append(r.allowed, occurrence{*occ, occ.SameSecret(), o.Num, path})
	}
}

func (r *auditor) note(o *pack.Object, path string, found []scanner.Occurrence) {
	if len(found) > 0 {
		r.loud = true
	}
	for i := range found {
		occ := &found[i]
		same := occ.SameSecret()
		switch {
		case occ.Secret.IsZero():
			same += "\x00" + path // the name is what was found
		case occ.InPath:
			same += "\x00path"
		}
		r.found = append(r.found, occurrence{*occ, same, o.Num, path})
		if _, old := r.a.seen.secrets.LoadOrStore(same, struct{}{}); !old {
			r.a.seen.found.Add(1)
		}
	}
}
