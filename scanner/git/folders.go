package git

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/cork-scanner/cork/scanner"
)

// Folders looks up files of one name in many folders of a commit: each folder is
// read once, and none below one that is not there. It may be used concurrently.
type Folders struct {
	repo *Repository
	rev  string
	name string

	mu    sync.Mutex
	trees map[string]*folder // by path, "" is the root; nil: there is no such folder
}

// A folder is what is of interest in a tree.
type folder struct {
	folders map[string]string // ids by name
	file    folderEntry       // the one that is looked for; without an id there is none
}

// A folderEntry is what a tree says of one thing in it. The mode has six octal
// digits, and is the kind alone: that of all files is 100000.
type folderEntry struct{ mode, name, id string }

// Folders returns a look-up of files of that name in the commit that rev names.
func (r *Repository) Folders(rev, name string) *Folders {
	return &Folders{repo: r, rev: rev, name: name, trees: make(map[string]*folder)}
}

// File returns the content of the file in a folder, which is slash-separated and
// relative to the root. If there is none the error wraps fs.ErrNotExist. A file
// that is a symbolic link is an error.
func (f *Folders) File(ctx context.Context, dir string) ([]byte, error) {
	if !fs.ValidPath(dir) || dir == "." {
		return nil, &fs.PathError{Op: "read", Path: path.Join(dir, f.name), Err: fs.ErrNotExist}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	at, err := f.find(ctx, dir)
	if err != nil {
		return nil, err
	}
	name := path.Join(dir, f.name)
	if at == nil || at.file.id == "" || at.file.mode == modeTree || at.file.mode == modeGitlink {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	if at.file.mode == modeSymlink {
		return nil, fmt.Errorf("read %q in %s: it is a symbolic link", name, f.rev)
	}
	content, err := f.repo.eng.readBlob(ctx, at.file.id)
	if err != nil {
		return nil, fmt.Errorf("read %q in %s: %w", name, f.rev, err)
	}
	return content, nil
}

// All returns the folders that have the file, sorted, without the root. It reads
// every tree.
func (f *Folders) All(ctx context.Context) (dirs []string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	todo := []string{""}
	for len(todo) > 0 {
		dir := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		at, err := f.find(ctx, dir)
		if err != nil {
			return nil, err
		}
		if at == nil {
			continue
		}
		if dir != "" && at.file.id != "" && at.file.mode != modeTree && at.file.mode != modeGitlink {
			dirs = append(dirs, dir)
		}
		for name := range at.folders {
			todo = append(todo, path.Join(dir, name))
		}
	}
	slices.Sort(dirs)
	return dirs, nil
}

// find returns a folder; nil if there is no such folder.
func (f *Folders) find(ctx context.Context, dir string) (*folder, error) {
	if at, ok := f.trees[dir]; ok {
		return at, nil
	}
	id := ""
	if dir == "" {
		var err error
		if id, err = f.repo.eng.rootTree(ctx, f.rev); err != nil {
			return nil, err
		}
	} else {
		parent, base := "", dir
		if i := strings.LastIndexByte(dir, '/'); i >= 0 {
			parent, base = dir[:i], dir[i+1:]
		}
		at, err := f.find(ctx, parent)
		if err != nil {
			return nil, err
		}
		if at != nil {
			id = at.folders[base]
		}
	}
	if id == "" {
		f.trees[dir] = nil
		return nil, nil
	}
	entries, err := f.repo.eng.treeEntries(ctx, id)
	if err != nil {
		return nil, err
	}
	at := &folder{folders: make(map[string]string)}
	for _, e := range entries {
		if e.mode == modeTree {
			at.folders[e.name] = e.id
		}
		if e.name == f.name {
			at.file = e
		}
	}
	f.trees[dir] = at
	return at, nil
}

func (p *plumbingEngine) rootTree(ctx context.Context, rev string) (string, error) {
	missing := fmt.Errorf("revision %q is not in the repository", rev)
	if rev == "" {
		return "", missing
	}
	found, err := p.resolve(ctx, []string{rev + "^{tree}"})
	if err != nil {
		return "", err
	}
	if found[0].kind == "" && rev == "HEAD" {
		if err := p.explainHead(ctx, missing); !errors.Is(err, errUnborn) {
			return "", err
		}
		return "", nil
	}
	if found[0].kind == "" {
		return "", missing
	}
	return found[0].id, nil
}

func (p *plumbingEngine) treeEntries(ctx context.Context, id string) ([]folderEntry, error) {
	data, err := p.cats.readObject(ctx, id, "tree")
	if err != nil {
		return nil, p.partialHint(ctx, err)
	}
	entries, err := parseTree(data, len(id)/2)
	if err != nil {
		return nil, scanner.WithHint(fmt.Errorf("tree %s: %w", id, err), hintDamaged)
	}
	return entries, nil
}

func (p *plumbingEngine) readBlob(ctx context.Context, id string) ([]byte, error) {
	content, err := p.cats.readObject(ctx, id, "blob")
	return content, p.partialHint(ctx, err)
}

func (e *embedded) rootTree(_ context.Context, rev string) (string, error) {
	var (
		commit objectID
		ok     bool
		err    error
	)
	if rev == "HEAD" {
		if commit, ok, err = e.site.head(); err == nil && !ok {
			return "", nil
		}
	} else if commit, ok, err = e.lookup(rev); err == nil && !ok {
		err = fmt.Errorf("revision %q is not in the repository", rev)
	}
	if err != nil {
		return "", err
	}
	if commit, err = e.peel(commit); err != nil {
		return "", err
	}
	id, err := e.objects.treeOf(commit)
	return id.String(), err
}

func (e *embedded) treeEntries(_ context.Context, id string) ([]folderEntry, error) {
	of, ok := parseID(id)
	if !ok {
		return nil, fmt.Errorf("%q is not an object id", id)
	}
	tree, err := e.objects.tree(of)
	if err != nil {
		return nil, err
	}
	entries := make([]folderEntry, len(tree))
	for i, t := range tree {
		entries[i] = folderEntry{mode: fmt.Sprintf("%06o", uint32(t.Mode)&0o170000), name: t.Name, id: t.Hash.String()}
	}
	return entries, nil
}

func (e *embedded) readBlob(_ context.Context, id string) ([]byte, error) {
	of, ok := parseID(id)
	if !ok {
		return nil, fmt.Errorf("%q is not an object id", id)
	}
	return e.objects.readAll(of, plumbing.BlobObject)
}

// parseTree reads the content of a tree: for each entry its mode in octal digits, a
// blank, its name, a NUL, and so many bytes of its id.
func parseTree(data []byte, idSize int) (entries []folderEntry, err error) {
	for len(data) > 0 {
		mode, rest, ok := bytes.Cut(data, []byte{' '})
		name, rest, ok2 := bytes.Cut(rest, []byte{0})
		if !ok || !ok2 || len(name) == 0 || len(rest) < idSize {
			return nil, errors.New("malformed tree: it ends in the middle of an entry")
		}
		kind, err := strconv.ParseUint(string(mode), 8, 32)
		if err != nil {
			return nil, fmt.Errorf("malformed tree: mode %q", mode)
		}
		// Old trees have permissions that nobody writes any more.
		mode = fmt.Appendf(nil, "%06o", kind&0o170000)
		entries = append(entries, folderEntry{mode: string(mode), name: string(name), id: hex.EncodeToString(rest[:idSize])})
		data = rest[idSize:]
	}
	return entries, nil
}
