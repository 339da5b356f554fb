package rules

import "golang.org/x/sys/cpu"

// vectors says that lookVectors can be called.
var vectors = cpu.X86.HasAVX2

// lookVectors is windowTable.look for a processor with AVX2, which takes the
// eight windows of a group at once. It reads windowBehind bytes behind the last
// group, and at least one group.
//
//go:noescape
func lookVectors(t *windowTable, text *byte, groups int, found *windowBits)
