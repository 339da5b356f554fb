package compat

// Literals is literals, for tests.
func Literals(expr string) []string { return literals(expr) }

// FromERE is fromERE, for tests.
func FromERE(ere string) (string, error) { return fromERE(ere) }

// FirstGroup is firstGroup, for tests.
func FirstGroup(expr string) (group int, sure bool) { return firstGroup(expr) }
