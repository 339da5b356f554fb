package scanner

import (
	"fmt"
	"time"
)

// A Suppression says why something that was found is not reported.
type Suppression struct {
	By     string // SuppressedInline, SuppressedAllowlist or SuppressedBaseline
	Reason string // as written, with every known secret in it masked; "" if none was given

	// File is where it is written: the path of the file that holds the comment,
	// else the name of the configuration or the baseline. Line is 1-based; 0 if
	// it is not known.
	File string
	Line int

	// Commit wrote that line; nil if it is not known. No scan looks it up.
	Commit *Commit
}

// What suppresses findings. They are shown to people and are values in JSON.
const (
	SuppressedInline    = "inline"    // a comment in the file
	SuppressedAllowlist = "allowlist" // an entry of the allowlist
	SuppressedBaseline  = "baseline"  // it was there before
)

// String says it in words: "a comment allows it (config.yml:12): made up".
func (s *Suppression) String() string {
	by := map[string]string{
		SuppressedInline:    "a comment allows it",
		SuppressedAllowlist: "the allowlist has it",
		SuppressedBaseline:  "the baseline has it",
	}[s.By]
	if s.Line > 0 {
		by += fmt.Sprintf(" (%s:%d)", s.File, s.Line)
	}
	if s.Reason != "" {
		by += ": " + s.Reason
	}
	if c := s.Commit; c != nil {
		by += fmt.Sprintf(" (%s on %s in commit %.12s)", c.Author, c.Date.Format(time.DateOnly), c.ID)
	}
	return by
}

// suppression returns what the allowlist, or else the baseline, says of a finding
// that has its fingerprint; nil if nothing. The path is relative to the
// repository's root.
func (s *Scanner) suppression(path string, f *Finding) *Suppression {
	if e, ok := s.opts.Allow.Allows(path, f); ok {
		by := SuppressedAllowlist
		if e.Known {
			by = SuppressedBaseline
		}
		return &Suppression{By: by, Reason: e.Reason, File: e.File, Line: e.Line}
	}
	if e, _, ok := s.opts.Baseline.Lookup(f); ok {
		return &Suppression{By: SuppressedBaseline, Reason: e.Reason, File: s.opts.Baseline.name, Line: e.Line}
	}
	return nil
}
