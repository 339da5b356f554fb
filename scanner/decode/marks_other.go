//go:build !amd64

package decode

const vectors = false

func classifyVectors(*byte, int, class, *uint64) { panic("decode: no vectors") }
