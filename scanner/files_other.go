//go:build !unix

package scanner

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// A fileID is what two names of one file have in common.
type fileID struct{ info fs.FileInfo }

func idOf(info fs.FileInfo) fileID { return fileID{info} }

// lstat says what a path names, without following a symbolic link.
func lstat(native string) (listing, error) {
	info, err := os.Lstat(native)
	if err != nil {
		return listing{}, withoutPath(err)
	}
	return listingOf(info), nil
}

// openFile opens a file that was listed, if it still is that file.
func openFile(native string, was listing) (io.ReadCloser, error) {
	file, err := os.Open(native)
	if err != nil {
		return nil, withoutPath(err)
	}
	info, err := file.Stat()
	if err == nil && (!info.Mode().IsRegular() || !os.SameFile(info, was.id.info)) {
		err = errChanged
	}
	if err != nil {
		file.Close()
		return nil, withoutPath(err)
	}
	return &steadyFile{file, info}, nil
}

// A steadyFile fails to close if the file changed since it was opened.
type steadyFile struct {
	*os.File
	opened fs.FileInfo
}

func (f *steadyFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	if err != nil && err != io.EOF {
		err = withoutPath(err)
	}
	return n, err
}

func (f *steadyFile) Close() error {
	info, err := f.File.Stat()
	if err == nil && (info.Size() != f.opened.Size() || !info.ModTime().Equal(f.opened.ModTime())) {
		err = errChanged
	}
	return errors.Join(withoutPath(err), f.File.Close())
}
