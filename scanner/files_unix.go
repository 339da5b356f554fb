//go:build unix

package scanner

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// A fileID is what two names of one file have in common.
type fileID struct{ dev, ino uint64 }

func idOf(info fs.FileInfo) fileID {
	st := info.Sys().(*syscall.Stat_t)
	return fileID{uint64(st.Dev), uint64(st.Ino)}
}

// lstat says what a path names, without following a symbolic link.
func lstat(native string) (listing, error) {
	var st unix.Stat_t
	err := uninterrupted(func() error { return unix.Lstat(native, &st) })
	return fromStat(&st), err
}

func fromStat(st *unix.Stat_t) listing {
	l := listing{size: int64(st.Size), id: fileID{uint64(st.Dev), uint64(st.Ino)}}
	switch uint32(st.Mode) & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		l.kind = fs.ModeDir
	case unix.S_IFLNK:
		l.kind = fs.ModeSymlink
	default:
		l.kind = fs.ModeIrregular
	}
	return l
}

// A plainFile is a regular file that is open. An os.File would be made ready to be
// waited for, which no regular file needs, and would be read once more to learn
// where it ends: two of the eight system calls that a small file takes. It is not
// safe for concurrent use, but for ReadAt.
type plainFile struct {
	fd     int
	opened listing
	mtime  unix.Timespec
	read   int64 // bytes
}

// openFile opens a file that was listed, if it still is that file.
func openFile(native string, was listing) (io.ReadCloser, error) {
	f := new(plainFile)
	// Without blocking: it may have been replaced by a pipe since it was listed.
	err := uninterrupted(func() (err error) {
		f.fd, err = unix.Open(native, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	if f.opened, f.mtime, err = f.stat(); err == nil && (f.opened.kind != 0 || f.opened.id != was.id) {
		err = errChanged
	}
	if err != nil {
		unix.Close(f.fd)
		return nil, err
	}
	return f, nil
}

func (f *plainFile) stat() (listing, unix.Timespec, error) {
	var st unix.Stat_t
	err := uninterrupted(func() error { return unix.Fstat(f.fd, &st) })
	return fromStat(&st), st.Mtim, err
}

func (f *plainFile) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	err = uninterrupted(func() error {
		n, err = unix.Read(f.fd, p[:min(len(p), maxRead)])
		return err
	})
	if err != nil {
		return 0, err
	}
	f.read += int64(n)
	// Where less comes than was asked for, there is no more, if that is what its
	// size says. Files in /proc have none.
	if n == 0 || n < len(p) && f.read == f.opened.size {
		err = io.EOF
	}
	return n, err
}

// maxRead is less than what a system refuses to read at once.
const maxRead = 1 << 30

// ReadAt implements [io.ReaderAt].
func (f *plainFile) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, os.ErrInvalid
	}
	for len(p) > 0 {
		var m int
		err := uninterrupted(func() (err error) {
			m, err = unix.Pread(f.fd, p[:min(len(p), maxRead)], off)
			return err
		})
		switch {
		case err != nil:
			return n, err
		case m == 0:
			return n, io.EOF
		}
		n, p, off = n+m, p[m:], off+int64(m)
	}
	return n, nil
}

// Close fails if the file changed since it was opened.
func (f *plainFile) Close() error {
	if f.fd < 0 {
		return os.ErrClosed
	}
	now, mtime, err := f.stat()
	if err == nil && (now.size != f.opened.size || mtime != f.mtime) {
		err = errChanged
	}
	err = errors.Join(err, unix.Close(f.fd))
	f.fd = -1
	return err
}

// uninterrupted calls a system call until no signal is in its way.
func uninterrupted(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
