//go:build !amd64

package rules

// WithoutVectorsForTest calls f: there are none.
func WithoutVectorsForTest(f func()) { f() }
