package pack

import (
	"errors"
	"os"
)

var errNoFile = errors.New("not a file")

// openFile opens a file, and nothing else: whoever opens a pipe may wait forever, and
// a device may have no end.
func openFile(path string) (*os.File, error) {
	if fi, err := os.Stat(path); err != nil {
		return nil, err
	} else if !fi.Mode().IsRegular() {
		return nil, errNoFile
	}
	return os.Open(path)
}

// readFile reads what openFile opens.
func readFile(path string) ([]byte, error) {
	if fi, err := os.Stat(path); err == nil && !fi.Mode().IsRegular() {
		return nil, errNoFile
	}
	return os.ReadFile(path)
}
