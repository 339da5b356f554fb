//go:build unix

package main

import "golang.org/x/sys/unix"

// terminalWidth returns the columns of the terminal, or 0.
func terminalWidth(fd uintptr) int {
	size, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}
