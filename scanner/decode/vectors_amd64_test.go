package decode

// WithoutVectorsForTest calls f as on a processor without AVX2. No test that runs in
// parallel with others calls it.
func WithoutVectorsForTest(f func()) {
	was := vectors
	vectors = false
	defer func() { vectors = was }()
	f()
}
