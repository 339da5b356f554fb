package git

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// ownedByUser reports whether the file belongs to the user of this process,
// or, as git has it, to the administrators if the user is one of them.
func ownedByUser(_ environ, path string) (bool, error) {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return false, err
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return false, err
	}
	token := windows.GetCurrentProcessToken()
	user, err := token.GetTokenUser()
	if err != nil {
		return false, err
	}
	if owner.Equals(user.User.Sid) {
		return true, nil
	}
	if !owner.IsWellKnown(windows.WinBuiltinAdministratorsSid) {
		return false, nil
	}
	// The zero token stands for the token of the calling thread.
	return windows.Token(0).IsMember(owner)
}

// deviceOf says nothing: drive letters end the walk upward by themselves.
func deviceOf(string) (dev uint64, ok bool) { return 0, false }

// isNotDir reports whether a part of the path is a file.
func isNotDir(err error) bool { return errors.Is(err, windows.ERROR_DIRECTORY) }

// writableByOthers says nothing: the mode of a file does not tell.
func writableByOthers(os.FileInfo) bool { return false }
