package scanner

import "maps"

// A Summary is the honest last line of a scan: what was read, what was found,
// what was not read. It is complete once the loop over Scan has ended.
type Summary struct {
	Blobs        int                // read whole
	Bytes        int64              // read, of whole blobs
	Entries      int                // of archives, read whole
	Commits      int                // walked
	Cached       int                // objects that an earlier scan read whole, and found nothing in; not read again
	Findings     int                // reported
	Suppressed   int                // found, and not reported: a comment, the allowlist or the baseline has it
	Skipped      map[SkipReason]int // blobs, and parts of archives
	Errors       []error            // each a *BlobError unless the scan as a whole failed
	IdleComments []string           // about comments that were meant to allow a finding and do not, at most maxIdle
}

// maxIdle is how many comments are named that do not do what they were meant to.
const maxIdle = 20

// Complete reports whether everything that was asked for was read.
func (s *Summary) Complete() bool {
	if len(s.Errors) > 0 {
		return false
	}
	for reason, n := range maps.All(s.Skipped) {
		if n > 0 && reason.Incomplete() {
			return false
		}
	}
	return true
}

// Clean reports whether everything was read and nothing was found.
func (s *Summary) Clean() bool { return s.Complete() && s.Findings == 0 }

// Skip counts what was not read for a reason.
func (s *Summary) Skip(reason SkipReason, n int) {
	if s.Skipped == nil {
		s.Skipped = make(map[SkipReason]int)
	}
	s.Skipped[reason] += n
}
