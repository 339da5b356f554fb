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
// # Encoded text
//
// What stands in base64, hex, percent-encoding, character references of HTML,
// escapes of JSON and C, or UTF-16 amid other bytes is searched as what it
// encodes, with what stands around it, so that a name counts for a value that
// is encoded alone. It is decoded up to four times; what is encoded more often
// is not looked at. Finding.Encoding says what a secret was decoded from, and
// its location is that of the bytes that encode it. Binary content in base64 is
// searched for the text in it, not opened: an archive in base64 stays closed.
//
// # Archives
//
// A blob that is an archive, by its content, is searched as bytes like any
// other, and what is in it too: each entry as a blob of its own, with the path
// of the archive, "!/" and the path in it, so that path rules, allowlists,
// directives, lines and fingerprints mean what they mean elsewhere. Offsets are
// those in the entry. Package archive says which formats there are and what
// [Options.Limits] bound. What is not read is counted under a [SkipReason] and
// is a [BlobError] that wraps an *archive.Error. An archive whose path is
// allowed is not opened. This is so for every Source.
//
// # What is not reported
//
// A comment in the file, an entry of the [Allowlist] or of the [Baseline] keeps a
// finding from being reported, in this order. It is counted all the same, and yielded
// with its [Suppression] if [Options.Suppressed] says so. Allowlist and baseline
// remember which of their entries were used. What a baseline tells whoever reads it
// is said at [Finding.BaselinePlace] and in fingerprint.go.
//
// The package reads no environment, no flags, no clock and no terminal, and
// logs nothing.
package scanner
