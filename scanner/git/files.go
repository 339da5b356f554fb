package git

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

func (p *plumbingEngine) files(ctx context.Context, dir string, includeIgnored bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		names, away, unread, err := p.listFiles(ctx, dir, includeIgnored)
		if err != nil {
			yield("", err)
			return
		}
		for _, err := range unread {
			if !yield("", err) {
				return
			}
		}
		for _, name := range names {
			var err error
			if away[name] {
				err = &scanner.SkipError{Reason: scanner.SkipNotCheckedOut}
			}
			if !yield(name, err) {
				return
			}
		}
	}
}

// listFiles returns the files below dir, those of them that the index says are not
// checked out (nil: none), and an error for each folder that was not read.
func (p *plumbingEngine) listFiles(ctx context.Context, dir string, includeIgnored bool) (names []string, away map[string]bool, unread []error, err error) {
	top, prefix, err := p.belowRoot(dir)
	if err != nil {
		return nil, nil, nil, err
	}
	var c *child
	if !includeIgnored && p.runsIn(top) {
		c = p.takeEarly("ls-files")
	}
	if c == nil {
		if c, err = p.start(nil, append(filesArgs(includeIgnored), "--", top)...); err != nil {
			return nil, nil, nil, err
		}
	}
	defer c.abandon()
	defer c.watch(ctx)()
	var text strings.Builder // one string for many names
	for {
		entry, err := tokenBytes(c.stdout)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, nil, c.broken(ctx, err)
		}
		name, ok := bytes.CutPrefix(entry, []byte("? "))
		repo, skipped := false, false
		if !ok {
			var meta []byte
			meta, name, ok = bytes.Cut(entry, []byte("\t"))
			repo = ok && bytes.Contains(meta, []byte(" "+modeGitlink+" "))
			skipped = ok && meta[0] == 'S'
		}
		name, below := bytes.CutPrefix(name, []byte(prefix))
		if !below && repo && string(name)+"/" == prefix {
			continue // dir itself may be another repository; it is its own to list
		}
		if !ok || !below {
			return nil, nil, nil, fmt.Errorf("git ls-files: unexpected answer %q", printable(string(entry)))
		}
		if len(name) == 0 {
			continue // the same, untracked
		}
		if text.Cap()-text.Len() < len(name)+1 {
			text = strings.Builder{}
			text.Grow(max(16<<10, len(name)+1))
		}
		start := text.Len()
		text.Write(name)
		if repo {
			text.WriteByte('/')
		}
		names = append(names, text.String()[start:])
		if skipped && !repo {
			if away == nil {
				away = make(map[string]bool)
			}
			away[text.String()[start:]] = true
		}
	}
	if err := c.finish(ctx); err != nil {
		return nil, nil, nil, err
	}
	slices.Sort(names)
	return slices.Compact(names), away, unreadFolders(c.stderr.String(), prefix), nil
}

// unreadFolders returns an error for each folder of which git says, with exit status
// 0, that it could not be opened, so that nothing in it that is untracked was listed.
// prefix is that of the listing.
func unreadFolders(stderr, prefix string) (errs []error) {
	for l := range strings.Lines(stderr) {
		rest, ok := strings.CutPrefix(strings.TrimRight(l, "\r\n"), "warning: could not open directory '")
		if !ok {
			continue
		}
		name, why := rest, "could not be opened"
		if i := strings.LastIndex(rest, "': "); i >= 0 {
			name, why = rest[:i], strings.ToLower(rest[i+len("': "):])
		}
		name = strings.TrimSuffix(strings.TrimPrefix(name, prefix), "/")
		errs = append(errs, &scanner.BlobError{Path: name, Err: errors.New(printable(why))})
	}
	return errs
}

// filesArgs are the arguments of git that list the files below the folder in which
// it runs. The tags of -t keep names apart from what -s writes before them.
func filesArgs(includeIgnored bool) []string {
	args := []string{"ls-files", "-z", "-t", "-s", "--full-name", "--cached", "--others"}
	if !includeIgnored {
		args = append(args, "--exclude-standard")
	}
	return args
}

// runsIn reports whether git runs in a folder, an absolute path. If in doubt it does
// not.
func (p *plumbingEngine) runsIn(dir string) bool {
	here, err := os.Stat(cmp.Or(p.dir, "."))
	if err != nil {
		return false
	}
	there, err := os.Stat(dir)
	return err == nil && os.SameFile(here, there)
}

// belowRoot returns dir's absolute path, and its path from the root of the work
// tree with a slash at its end, or "" for the root.
func (p *plumbingEngine) belowRoot(dir string) (abs, prefix string, err error) {
	root := p.layout.root
	if root == "" {
		return "", "", scanner.WithHint(errors.New("the repository has no work tree to list files of"),
			"scan its commits instead, or change to its work tree")
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(p.dir, dir)
	}
	abs, err = filepath.Abs(dir)
	if err != nil {
		return "", "", fmt.Errorf("find folder %q: %w", dir, err)
	}
	// git has resolved root's symbolic links.
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return "", "", fmt.Errorf("find folder %q: %w", dir, err)
	}
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	rel, err := filepath.Rel(root, abs)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", "", fmt.Errorf("folder %q is outside of the work tree %q", dir, root)
	}
	if rel == "." {
		return p.layout.root, "", nil
	}
	return filepath.Join(p.layout.root, rel), filepath.ToSlash(rel) + "/", nil
}

func (p *plumbingEngine) fileAt(ctx context.Context, rev, name string) ([]byte, error) {
	if rev == "" || rev[0] == '-' {
		return nil, fmt.Errorf("%q is not a revision", rev)
	}
	notExist := &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	if name == "" || strings.HasPrefix(name, "/") || path.Clean(name) != name || name == ".." || strings.HasPrefix(name, "../") {
		return nil, notExist
	}
	out, err := p.output(ctx, nil, "ls-tree", "-z", "--full-tree", rev, "--", name)
	if err != nil && rev == "HEAD" {
		if err = p.explainHead(ctx, err); errors.Is(err, errUnborn) {
			return nil, notExist
		}
	}
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, notExist
	}
	e, err := parseTreeEntry(strings.TrimSuffix(string(out), "\x00"))
	if err != nil {
		return nil, err
	}
	switch {
	case e.path != name || e.new.mode == modeTree || e.new.mode == modeGitlink:
		return nil, notExist
	case e.new.mode == modeSymlink:
		return nil, fmt.Errorf("read %q in %s: it is a symbolic link", name, rev)
	}
	content, err := p.cats.readObject(ctx, e.new.id, "blob")
	if err != nil {
		return nil, fmt.Errorf("read %q in %s: %w", name, rev, p.partialHint(ctx, err))
	}
	return content, nil
}

func (p *plumbingEngine) exists(ctx context.Context, rev string) (bool, error) {
	found, err := p.resolve(ctx, []string{rev})
	if err != nil {
		return false, err
	}
	return found[0].kind != "", nil
}
