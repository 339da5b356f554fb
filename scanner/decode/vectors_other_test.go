//go:build !amd64

package decode

// WithoutVectorsForTest calls f: there are none.
func WithoutVectorsForTest(f func()) { f() }
