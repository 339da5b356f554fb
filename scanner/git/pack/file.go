package pack

import (
	"errors"
	"os"
)

var errNoFile = errors.New("not a file")

// checkFile refuses what is no file: whoever opens a pipe may wait forever, and a
// device may have no end.
func checkFile(path string) error {
	fi, err := os.Stat(path)
	if err == nil && !fi.Mode().IsRegular() {
		err = errNoFile
	}
	return err
}

// openFile opens a file, and nothing else.
func openFile(path string) (*os.File, error) {
	if err := checkFile(path); err != nil {
		return nil, err
	}
	return os.Open(path)
}

// readFile reads a file, and nothing else.
func readFile(path string) ([]byte, error) {
	if err := checkFile(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
