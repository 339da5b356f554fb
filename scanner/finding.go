package scanner

import (
	"time"

	"github.com/cork-scanner/cork/rules"
)

// A Finding is one secret in one place. It is plain data.
type Finding struct {
	RuleID      string
	Description string
	Provider    string
	Severity    rules.Severity
	Confidence  rules.Confidence
	Location    Location
	Secret      Secret    // empty for path rules
	Key         string    // the name the secret was assigned to; "" if none
	Entropy     float64   // Shannon bits per character of the secret
	Expires     time.Time // when the secret says that it ends; zero if it does not say
	Reasons     []string
	// Line is the text of the first line, cut to a readable length around
	// the secret, with every known secret in it masked.
	Line        string
	Fingerprint string
	Revoke      string
	Docs        string
}

// A Location is where a finding lies.
type Location struct {
	Path   string  // as Blob.Path
	Blob   string  // object id; "" for files
	Commit *Commit // nil outside commits

	// Start and End delimit the secret (the whole match of a rule whose
	// secret is empty): byte offsets into the blob as stored, half-open.
	Start, End int64

	// Line and Column of the first, EndLine and EndColumn of the last
	// character of the secret (of the match, where there is no secret):
	// 1-based, columns in characters, EndColumn inclusive. All are 1 for a
	// path rule.
	Line, Column       int
	EndLine, EndColumn int
}
