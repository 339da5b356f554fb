//go:build !unix

package pack

import (
	"errors"
	"os"
)

// mapFile is for systems where a mapped file cannot be removed while we read:
// git could not repack. There packs are read with ReadAt.
func mapFile(*os.File, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapFile([]byte) error { return nil }
