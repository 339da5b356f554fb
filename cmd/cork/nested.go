package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git"
	"github.com/cork-scanner/cork/scanner/report"
)

// nestedNotes says what is to be said about the configurations of folders.
func nestedNotes(s *scanner.Scanner) (notes []string) {
	for _, cfg := range s.NestedConfigs() {
		notes = append(notes, configNotes(cfg)...)
	}
	return notes
}

// configNotes says what is to be said about a configuration in every scan.
func configNotes(cfg *scanner.Config) (notes []string) {
	for _, e := range cfg.Alarms() {
		notes = append(notes, e.Error())
	}
	return append(notes, expiredNotes(cfg)...)
}

// expiredNotes says which entries are not applied.
func expiredNotes(cfg *scanner.Config) (notes []string) {
	for _, e := range cfg.Expired {
		place := ""
		if cfg.Folder != "" {
			place = "in " + report.DisplayPath(e.File) + " "
		}
		notes = append(notes, fmt.Sprintf("%san allow entry expired on %s and is not applied: %s", place, e.Expires.Format("2006-01-02"), e.Reason))
	}
	return notes
}

// nested returns where the configurations of folders are read from; nil where
// there are none: without a repository, and where --config says all.
func (a *app) nested(ctx context.Context, f *scanFlags, repo *git.Repository, at configAt) *scanner.Nested {
	switch {
	case repo == nil || f.config != "" || at == inWorkTree && repo.Root() == "":
		return nil
	case at == inWorkTree:
		return nestedIn(repo.Root())
	}
	folders := repo.Folders(string(at), configName)
	return &scanner.Nested{Read: func(folder string) (string, []byte, error) {
		data, err := folders.File(ctx, folder)
		return at.name(path.Join(folder, configName)), data, err
	}}
}

// nestedIn returns the configurations of folders in a work tree.
func nestedIn(root string) *scanner.Nested {
	return &scanner.Nested{Read: func(folder string) (string, []byte, error) {
		name := path.Join(folder, configName)
		data, err := readBelow(root, name)
		return name, data, err
	}}
}

// readBelow reads a file below root, and nothing that a symbolic link leads to
// outside of it. Where there is none, which is nearly everywhere, it costs one
// look at the name.
func readBelow(root, name string) ([]byte, error) {
	info, err := os.Lstat(filepath.Join(root, filepath.FromSlash(name)))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	case err != nil:
		return nil, unwrapPath(err)
	}
	in, err := os.OpenRoot(root)
	if err != nil {
		return nil, unwrapPath(err)
	}
	defer in.Close()
	target, err := in.Stat(name)
	switch {
	case err != nil && info.Mode()&fs.ModeSymlink != 0:
		return nil, errors.New("it is a symbolic link that leads nowhere, or out of the repository")
	case errors.Is(err, fs.ErrPermission):
		return nil, unwrapPath(err)
	case err != nil:
		// One of the folders is a link out of the repository: what is there is
		// not of it.
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	case !target.Mode().IsRegular():
		return nil, errors.New("it is not a file")
	}
	return in.ReadFile(name)
}

// bookNested returns where the configurations of folders are read from. Without a
// work tree that is HEAD, and the repository is opened for each folder: a book is
// about one file.
func (a *app) bookNested(ctx context.Context, f *bookFlags, dir, root string) *scanner.Nested {
	sf := f.scanFlags()
	switch {
	case f.config != "":
		return nil
	case root != "":
		return nestedIn(root)
	}
	return &scanner.Nested{Read: func(folder string) (name string, data []byte, err error) {
		repo, err := a.openRepository(ctx, sf, dir, false)
		if errors.Is(err, git.ErrNotRepository) {
			return "", nil, fs.ErrNotExist
		} else if err != nil {
			return configName, nil, err
		}
		defer func() { err = errors.Join(err, repo.Close()) }()
		n := a.nested(ctx, sf, repo, where(repo))
		if n == nil {
			return "", nil, fs.ErrNotExist
		}
		return n.Read(folder)
	}}
}

// below returns the slash-separated path from root to a folder in it, "" for
// itself; false if it is in none.
func below(root, dir string) (folder string, ok bool) {
	if root == "" {
		return "", false
	}
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	rel, err := filepath.Rel(root, dir)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	if rel == "." {
		rel = ""
	}
	return filepath.ToSlash(rel), true
}

// nestedFolders returns the folders of a work tree that have a configuration, sorted,
// without those that git ignores.
func nestedFolders(ctx context.Context, repo *git.Repository) (folders []string, err error) {
	add := func(name string) {
		if dir := path.Dir(name); path.Base(name) == configName && dir != "." {
			folders = append(folders, dir)
		}
	}
	if repo.Engine() == git.EngineEmbedded {
		err := filepath.WalkDir(repo.Root(), func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == ".git":
				return fs.SkipDir
			case d.Name() == configName:
				if rel, err := filepath.Rel(repo.Root(), name); err == nil {
					add(filepath.ToSlash(rel))
				}
			}
			return ctx.Err()
		})
		slices.Sort(folders)
		return folders, err
	}
	names, err := workTreeFiles(ctx, repo)
	for _, name := range names {
		add(name)
	}
	slices.Sort(folders)
	return slices.Compact(folders), err
}

// workTreeFiles returns the names of the files of a work tree that git does not ignore,
// those that are not checked out too.
func workTreeFiles(ctx context.Context, repo *git.Repository) (names []string, err error) {
	for name, err := range repo.Files(ctx, repo.Root(), false) {
		var folder *scanner.BlobError
		var away *scanner.SkipError
		switch {
		case errors.As(err, &folder):
			// Nobody can read what is in there, scans neither.
		case err != nil && !errors.As(err, &away):
			return nil, err
		default:
			names = append(names, name)
		}
	}
	return names, nil
}

// hasNested reports whether a folder of the repository that dir lies in can have a
// configuration.
func (a *app) hasNested(ctx context.Context, f *bookFlags, dir string) bool {
	if f.builtin || f.config != "" {
		return false
	}
	repo, err := a.openRepository(ctx, f.scanFlags(), dir, false)
	if err != nil {
		return false
	}
	defer repo.Close()
	if repo.Root() == "" {
		return true // at HEAD, where to know it takes as long as to search for what it is asked for
	}
	folders, err := nestedFolders(ctx, repo)
	return err == nil && len(folders) > 0
}
