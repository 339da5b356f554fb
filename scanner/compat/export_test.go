package compat

// Literals is literals, for tests.
func Literals(expr string) []string { return literals(expr) }
