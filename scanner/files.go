package scanner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// StdinPath is the path of what is read from standard input.
const StdinPath = "(stdin)"

// FilesOptions say which files to scan.
type FilesOptions struct {
	// Paths are files and folders, and "-" for standard input. Each file is
	// scanned once, in the order in which it is reached first.
	Paths []string

	// Dir is the absolute path of the folder that relative Paths are relative
	// to. It is the current directory of the process; the package does not
	// ask for it.
	Dir string

	// Root is the absolute path of the repository's work tree, or "" outside
	// of any.
	Root string

	// List, if not nil, lists the files to scan below a folder in the work
	// tree, an absolute path: slash-separated, relative to it, in a stable
	// order. A name with a slash at the end is another repository, which is
	// counted and not entered. What it lists and what does not exist is no
	// file to scan: a repository knows files that are deleted. With a name and a
	// *[SkipError] it is counted for that reason instead.
	List func(ctx context.Context, dir string) iter.Seq2[string, error]

	// Pointer, if not nil, returns what a file stands for whose content of less
	// than 1 KiB says that it is kept elsewhere; ok is false if it does not. The
	// error is a *[SkipError] if that is not here.
	Pointer func(content []byte) (r io.ReadCloser, ok bool, err error)

	Stdin io.Reader // nil: "-" is an error
}

// NewFiles returns the source for files, folders and standard input.
//
// Folders in the work tree are listed by List. A folder of which List lists
// nothing was named although the repository ignores it, so it is walked, like
// all folders outside of the work tree: every file, in lexical order, but not
// what is in folders named ".git", which hold git's own objects, not files.
//
// A symbolic link that is named is followed. One that is found is not: it is
// counted as a skip, unless its target lies in the folder that is walked and
// so is scanned under its own name. Sockets, devices and pipes that are found
// are counted as skips; that one is named is an error, since nothing of it is
// read.
//
// Whatever cannot be read, a folder included, is a *[BlobError] that names it,
// as is a file that changes while it is read.
func NewFiles(opts FilesOptions) Source {
	return &files{opts: opts}
}

type files struct {
	opts FilesOptions
	root string          // without symbolic links
	seen map[string]bool // absolute paths; nil if nothing can come twice
}

// errStop ends a walk because the consumer has had enough.
var errStop = errors.New("stop")

// Blobs implements Source.
func (f *files) Blobs(ctx context.Context) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) {
		f.root = realPath(f.opts.Root)
		if len(f.opts.Paths) > 1 {
			f.seen = make(map[string]bool)
		}
		for _, p := range f.opts.Paths {
			if ctx.Err() != nil || !f.named(ctx, p, yield) {
				return
			}
		}
	}
}

// realPath resolves symbolic links where that is possible.
func realPath(p string) string {
	if p == "" {
		return ""
	}
	if real, err := filepath.EvalSymlinks(p); err == nil {
		return real
	}
	return filepath.Clean(p)
}

// named yields what one of the paths stands for.
func (f *files) named(ctx context.Context, name string, yield func(Blob, error) bool) bool {
	if name == "-" {
		return f.stdin(yield)
	}
	display := filepath.ToSlash(filepath.Clean(name))
	fail := func(err error) bool { return yield(Blob{}, &BlobError{Path: display, Err: err}) }
	if name == "" {
		return yield(Blob{}, &BlobError{Err: errors.New("a path is empty")})
	}
	native := name
	if !filepath.IsAbs(name) {
		native = filepath.Join(f.opts.Dir, name)
	}
	info, err := os.Stat(native)
	if err != nil {
		return fail(withoutPath(err))
	}
	real := realPath(native)
	switch {
	case info.IsDir():
		return f.folder(ctx, &tree{files: f, display: display, native: real, repo: f.repoPath(real), yield: yield})
	case info.Mode().IsRegular():
		return f.file(Blob{Path: display, RepoPath: f.repoPath(real)}, real, listingOf(info), yield)
	}
	return fail(WithHint(errors.New("not a file or a folder, so it was not read"), "pipe what is in it to cork files -"))
}

func (f *files) stdin(yield func(Blob, error) bool) bool {
	if f.seen[StdinPath] {
		return true
	}
	f.see(StdinPath)
	if f.opts.Stdin == nil {
		return yield(Blob{}, &BlobError{Path: StdinPath, Err: errors.New("there is no standard input")})
	}
	return yield(Blob{Path: StdinPath, Size: -1, Once: true, Open: func(ctx context.Context) (io.ReadCloser, error) {
		return &patientReader{ctx: ctx, src: f.opts.Stdin}, nil
	}}, nil)
}

// see remembers a file, and reports whether it is new.
func (f *files) see(native string) bool {
	if f.seen == nil {
		return true
	}
	if f.seen[native] {
		return false
	}
	f.seen[native] = true
	return true
}

// repoPath returns the slash-separated path relative to the repository's root,
// "." for the root itself, or "" if it is not inside.
func (f *files) repoPath(real string) string {
	if f.root == "" {
		return ""
	}
	rel, err := filepath.Rel(f.root, real)
	if err != nil || !filepath.IsLocal(rel) {
		return ""
	}
	return filepath.ToSlash(rel)
}

// A listing is what was known of a file when it was listed.
type listing struct {
	kind fs.FileMode // of its mode what tells the type; 0 for a regular file
	size int64       // bytes
	id   fileID
}

func listingOf(info fs.FileInfo) listing {
	return listing{kind: info.Mode().Type(), size: info.Size(), id: idOf(info)}
}

// file yields one regular file.
func (f *files) file(b Blob, native string, was listing, yield func(Blob, error) bool) bool {
	if !f.see(native) {
		return true
	}
	b.Size = was.size
	if b.Size == 0 {
		b.Size = -1 // files in /proc have no size, and content
	}
	b.Open = func(context.Context) (io.ReadCloser, error) {
		r, err := openFile(native, was)
		if err != nil || f.opts.Pointer == nil || was.size < minPointer || was.size >= maxPointer {
			return r, err
		}
		return f.orPointed(r, was.size)
	}
	return yield(b, nil)
}

// The sizes in bytes, from and below, of what can be a pointer of Git LFS.
const (
	minPointer = 100
	maxPointer = 1 << 10
)

// orPointed returns what an open file of that many bytes stands for, or else its
// content.
func (f *files) orPointed(r io.ReadCloser, size int64) (io.ReadCloser, error) {
	content := make([]byte, size+1)
	n, err := io.ReadFull(r, content)
	switch {
	case err == nil: // it has grown
		return &readAhead{io.MultiReader(bytes.NewReader(content), r), r}, nil
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.Join(err, r.Close())
	}
	pointed, ok, err := f.opts.Pointer(content[:n])
	if !ok {
		return &readAhead{bytes.NewReader(content[:n]), r}, nil
	}
	if closeErr := r.Close(); closeErr != nil && err == nil {
		return nil, errors.Join(closeErr, pointed.Close())
	}
	return pointed, err
}

// A readAhead is a file of which something was read before.
type readAhead struct {
	io.Reader
	io.Closer
}

// A tree is one folder that is scanned.
type tree struct {
	*files
	display string // what paths begin with
	native  string // absolute, without symbolic links
	repo    string // relative to the root; "" outside
	yield   func(Blob, error) bool
}

func (f *files) folder(ctx context.Context, t *tree) bool {
	if f.opts.List != nil && t.repo != "" {
		if listed, more := t.list(ctx); !more {
			return false
		} else if listed || t.repo == "." {
			return true
		}
	}
	return t.walk(ctx)
}

// list yields what List lists. listed says that there was anything.
func (t *tree) list(ctx context.Context) (listed, more bool) {
	for rel, err := range t.opts.List(ctx, t.native) {
		listed = true
		away := (*SkipError)(nil)
		if errors.As(err, &away) {
			err = nil
		}
		if err != nil {
			at := ""
			if folder := (*BlobError)(nil); errors.As(err, &folder) {
				at, err = folder.Path, folder.Err
			}
			if !t.yield(Blob{}, t.wrap(at, err)) {
				return true, false
			}
			continue
		}
		if repo, ok := strings.CutSuffix(rel, "/"); ok {
			b := t.blob(repo)
			b.Skip = SkipSubmodule
			if !t.yield(b, nil) {
				return true, false
			}
			continue
		}
		native := t.nativeOf(rel)
		is, err := lstat(native)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
			if away == nil {
				continue // deleted
			}
			b := t.blob(rel)
			b.Skip = away.Reason
			more = t.yield(b, nil)
		case err != nil:
			more = t.yield(Blob{}, t.wrap(rel, err))
		case is.kind.IsDir():
			continue // a folder took the place of the file; what is in it is listed as well
		default:
			more = t.found(rel, native, is, true)
		}
		if !more {
			return true, false
		}
	}
	return listed, true
}

// walk yields every file.
func (t *tree) walk(ctx context.Context) bool {
	err := filepath.WalkDir(t.native, func(p string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return errStop
		}
		rel := t.rel(p)
		if err == nil {
			if d.IsDir() {
				if d.Name() == ".git" && p != t.native {
					return fs.SkipDir
				}
				return nil
			}
			var info fs.FileInfo
			if info, err = d.Info(); err == nil {
				if !t.found(rel, p, listingOf(info), false) {
					return errStop
				}
				return nil
			}
		}
		if !t.yield(Blob{}, t.wrap(rel, withoutPath(err))) {
			return errStop
		}
		return nil // of a folder that was read in part, go on with that part
	})
	return err == nil
}

// found yields what is not a folder. listed says that List lists it.
func (t *tree) found(rel, native string, is listing, listed bool) bool {
	b := t.blob(rel)
	switch {
	case is.kind == 0:
		return t.file(b, native, is, t.yield)
	case is.kind&fs.ModeSymlink != 0:
		if !listed && t.reaches(native) {
			return true
		}
		b.Skip = SkipSymlink
	default:
		b.Skip = SkipSpecial
	}
	return t.yield(b, nil)
}

// reaches reports whether the walk gets to the target of a symbolic link.
func (t *tree) reaches(link string) bool {
	target, err := filepath.EvalSymlinks(link)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(t.native, target)
	if err != nil || !filepath.IsLocal(rel) {
		return false
	}
	for part := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		if part == ".git" {
			return false
		}
	}
	return true
}

// rel returns the slash-separated path below the tree of a path that begins with
// the tree's own.
func (t *tree) rel(p string) string {
	return filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(p, t.native), string(filepath.Separator)))
}

func (t *tree) nativeOf(rel string) string {
	return below(t.native, string(filepath.Separator), filepath.FromSlash(rel))
}

func (t *tree) blob(rel string) Blob {
	b := Blob{Path: t.path(rel)}
	switch t.repo {
	case "":
	case ".":
		b.RepoPath = rel
	default:
		b.RepoPath = below(t.repo, "/", rel)
	}
	return b
}

func (t *tree) path(rel string) string {
	if t.display == "." && rel != "" {
		return rel
	}
	return below(t.display, "/", rel)
}

func (t *tree) wrap(rel string, err error) error {
	return &BlobError{Path: t.path(rel), Err: err}
}

// below is path.Join for two paths that are clean already, which is nearly all
// there is to do for most files.
func below(dir, separator, rel string) string {
	if rel == "" {
		return dir
	}
	if strings.HasSuffix(dir, separator) {
		return dir + rel // the root
	}
	return dir + separator + rel
}

// withoutPath removes the path that os adds to an error: it is said already.
func withoutPath(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

var errChanged = errors.New("it changed while it was read; scan it again")

// A patientReader reads from something that may never say anything, such as a
// terminal, and gives up when its context is done. A read that was begun cannot
// be taken back: its goroutine waits on until the read returns.
type patientReader struct {
	ctx context.Context
	src io.Reader
	buf []byte
}

func (r *patientReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if r.buf == nil {
		r.buf = make([]byte, 64<<10)
	}
	type read struct {
		n   int
		err error
	}
	done := make(chan read, 1)
	buf := r.buf[:min(len(p), len(r.buf))]
	go func() {
		n, err := r.src.Read(buf)
		done <- read{n, err}
	}()
	select {
	case got := <-done:
		return copy(p, buf[:got.n]), got.err
	case <-r.ctx.Done():
		return 0, fmt.Errorf("standard input: %w", r.ctx.Err())
	}
}

func (r *patientReader) Close() error { return nil }
