package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cork-scanner/cork/scanner"
)

// A Writer writes the report of one scan. It is not safe for concurrent use.
type Writer interface {
	// Write adds a finding. An error is final: the report cannot be completed.
	Write(scanner.Finding) error

	// Close completes the report and flushes it. It does not close what is
	// written to. It is called once, after an error of the scan too: a report
	// of an incomplete scan is well-formed and says that it is incomplete.
	Close(Result) error
}

// A Result is how a scan ended.
type Result struct {
	scanner.Summary
	Elapsed     time.Duration
	Interrupted bool   // the scan was cut short
	History     *Tally // of an audit of the history; nil of other scans
	ExitCode    int    // what the program is about to end with

	// Warnings say what people should look at besides: that what was scanned was
	// scanned in another way than usual, or says itself how. GitHub, Azure and
	// Markdown show them.
	Warnings []string
}

// Complete reports whether everything that was asked for was read.
func (r *Result) Complete() bool { return !r.Interrupted && r.Summary.Complete() }

// SummaryLine says in one line how much was read and what came of it, always
// with files, bytes, secrets and time, and with the rest where there is any:
//
//	3 files, 1,204 bytes, 2 secrets, 14 ms
//	1 file, 30 archive entries, 5,120 bytes, 0 secrets, 2 ms
//	2 commits, 9 files, 40 bytes, 0 secrets, 1 suppressed, 2 skipped (submodule 2), 1 ms
//	3 files, 1,204 bytes, 0 secrets, 14 ms; not complete: 1 error
//	9 commits, 1 blob, 40 bytes, 28 objects known from the cache, 0 secrets, 3 ms
//	9 commits, 20 blobs, 1,204 bytes, 3 secrets (1 at HEAD, 2 in the history), 14 ms
//
// paint may be nil.
func SummaryLine(r *Result, paint Paint) string {
	if paint == nil {
		paint = plain
	}
	var parts []string
	if r.Commits > 0 {
		parts = append(parts, count(r.Commits, "commit"))
	}
	parts = append(parts, count(r.Blobs, noun(r)))
	switch r.Entries {
	case 0:
	case 1:
		parts = append(parts, "1 archive entry")
	default:
		parts = append(parts, thousands(int64(r.Entries))+" archive entries")
	}
	parts = append(parts, count64(r.Bytes, "byte"))
	if r.Cached > 0 {
		parts = append(parts, count(r.Cached, "object")+" known from the cache")
	}
	role := Good
	switch {
	case r.Findings > 0:
		role = Bad
	case !r.Complete() || r.Blobs+r.Cached == 0:
		role = Plain
	}
	secrets := paint(role, count(r.Findings, "secret"))
	if r.History != nil && r.Findings > 0 {
		secrets += " (" + r.History.String() + ")"
	}
	parts = append(parts, secrets)
	if r.Suppressed > 0 {
		parts = append(parts, thousands(int64(r.Suppressed))+" suppressed")
	}
	if all := skips(r.Skipped); len(all) > 0 {
		total := 0
		var reasons []string
		for _, s := range all {
			total += s.n
			reasons = append(reasons, string(s.reason)+" "+thousands(int64(s.n)))
		}
		parts = append(parts, fmt.Sprintf("%s skipped (%s)", thousands(int64(total)), strings.Join(reasons, ", ")))
	}
	parts = append(parts, duration(r.Elapsed))
	line := strings.Join(parts, ", ")
	if why := incomplete(r); why != "" {
		line += "; " + paint(Bad, "not complete: "+why)
	}
	return line
}

// noun is what people call a blob: one of a history is not yet a file.
func noun(r *Result) string {
	if r.History != nil {
		return "blob"
	}
	return "file"
}

// incomplete says why a scan is not complete; "" if it is.
func incomplete(r *Result) string {
	var why []string
	if r.Interrupted {
		why = append(why, "interrupted")
	}
	if n := len(r.Errors); n > 0 && !r.Interrupted {
		why = append(why, count(n, "error"))
	} else if n > 1 { // the interruption is one of the errors
		why = append(why, count(n-1, "error"))
	}
	missing := 0
	for reason, n := range r.Skipped {
		if reason.Incomplete() {
			missing += n
		}
	}
	if missing > 0 && len(r.Errors) == 0 { // else they are among the errors
		why = append(why, count(missing, noun(r))+" not read")
	}
	return strings.Join(why, ", ")
}

// A skip is how many blobs were not read for one reason.
type skip struct {
	reason scanner.SkipReason
	n      int
}

// skips returns what was not read, most frequent first.
func skips(skipped map[scanner.SkipReason]int) []skip {
	var all []skip
	for reason, n := range skipped {
		if n > 0 {
			all = append(all, skip{reason, n})
		}
	}
	slices.SortFunc(all, func(a, b skip) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.reason, b.reason))
	})
	return all
}

// count returns "1 file", "2 files", "0 files".
func count(n int, noun string) string { return count64(int64(n), noun) }

func count64(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return thousands(n) + " " + noun
}

// thousands groups digits: 1204 is "1,204".
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// duration rounds to what a person cares about.
func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "under 1 ms"
	case d < time.Second:
		return strconv.FormatInt(d.Round(time.Millisecond).Milliseconds(), 10) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}
