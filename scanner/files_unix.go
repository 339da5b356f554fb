//go:build unix

package scanner

import "syscall"

// openFlags keep an open from waiting: a file may have been replaced by a pipe
// since it was listed.
const openFlags = syscall.O_NONBLOCK
