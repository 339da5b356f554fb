package decode

import "golang.org/x/sys/cpu"

// vectors says that classifyVectors can be called.
var vectors = cpu.X86.HasAVX2

// classifyVectors is classify for a processor with AVX2, which takes 32 bytes at
// once: a byte is of a class if what two tables have for its upper and its lower
// half has a bit of the class in common. There is at least one word.
//
//go:noescape
func classifyVectors(text *byte, words int, c class, out *uint64)
