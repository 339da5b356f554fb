//go:build unix

package git

import (
	"errors"
	"os"
	"strconv"
	"syscall"
)

// ownedByUser reports whether the file belongs to the user of this process,
// or, as git has it, to the user who became root with sudo.
func ownedByUser(env environ, path string) (bool, error) {
	fi, err := os.Lstat(path)
	if err != nil {
		return false, err
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return false, nil
	}
	owner, user := int64(st.Uid), int64(os.Geteuid())
	if user == 0 && owner != 0 {
		if v, ok := env.lookup("SUDO_UID"); ok {
			if id, err := strconv.ParseUint(v, 10, 32); err == nil {
				user = int64(id)
			}
		}
	}
	return owner == user, nil
}

// deviceOf returns the number of the file system that holds path.
func deviceOf(path string) (dev uint64, ok bool) {
	fi, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return uint64(st.Dev), true
}

// isNotDir reports whether a part of the path is a file.
func isNotDir(err error) bool { return errors.Is(err, syscall.ENOTDIR) }

// writableByOthers reports whether anybody but its owner can write to a file.
func writableByOthers(info os.FileInfo) bool { return info.Mode().Perm()&0o022 != 0 }
