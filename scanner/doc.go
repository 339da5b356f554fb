// Package scanner is what a scan is: a [Source] yields blobs, a [Scanner]
// reads each of them once and yields findings.
//
//	s := scanner.New(set, scanner.Options{})
//	var sum scanner.Summary
//	for f, err := range s.Scan(ctx, source, &sum) {
//		...
//	}
//	if sum.Clean() { ... }
//
// # Promises
//
// A scan never says "clean" about something that it did not read: every blob
// that could not be read whole is an error or a counted skip, and [Summary]
// says so. Findings come in source order, then by position, whatever the
// number of workers. Memory is bounded by the number of workers, not by the
// size of a blob. A [Secret] shows itself to nobody except through Reveal.
//
// The package reads no environment, no flags, no clock and no terminal, and
// logs nothing.
package scanner
