//go:build !amd64

package rules

const vectors = false

func lookVectors(*windowTable, *byte, int, *windowBits) { panic("rules: no vectors") }
