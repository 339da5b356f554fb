//go:build !unix

package scanner

const openFlags = 0
