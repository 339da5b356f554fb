// Package check proves or disproves credentials without a network: by the
// checksums, the structure and the well-known samples of their formats.
//
//	c, ok := check.Lookup("github-crc32")
//	r := c([]byte("ghp_..."))
//	if r.Verdict == check.Failed { ... } // nobody issued this
//
// A check depends on the bytes of the secret alone: not on the clock (when a
// credential ends is data), not on what stands around it. It never panics,
// takes time that grows with the length of the secret and little more, and
// says nothing in its notes that would give the secret away.
//
// # What a verdict promises
//
// [Failed] means that the format's definition or its issuer's documentation
// rules the text out, so whoever asked can drop it. Where a checksum is known
// from samples only, or a text may be a damaged copy of a real secret, the
// verdict is [Doubtful] at worst. What a check does not know is [Inconclusive].
package check
