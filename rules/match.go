package rules

import "time"

// A Match is one place where a rule found a credential.
type Match struct {
	Rule *Rule

	// Start and End delimit the whole match, SecretStart and SecretEnd the
	// credential in it: byte offsets into the content, half-open. All are 0
	// for a path rule.
	Start, End             int
	SecretStart, SecretEnd int

	// Key is the name that the secret was assigned to, as written; "" for
	// pattern rules.
	Key string

	Severity   Severity   // the rule's, or lowered by what was found
	Confidence Confidence // the rule's, or changed by what was found
	Entropy    float64    // Shannon bits per character of the secret
	Expires    time.Time  // when the secret says that it ends; zero if it does not say
	Reasons    []string   // why it was flagged, each a short phrase without the secret

	// Parts are the other pieces of the credential; set by Group alone.
	Parts []FoundPart
}

// A Candidate is a place that a rule looked at closely: its expression matched,
// or a value was assigned to a name of its kind. It is a match unless a test
// dropped it.
type Candidate struct {
	Match
	Tests   []Test // in the order in which they were made
	Dropped string // why it is no match, a short phrase without the secret; "" if it is one
}

// A Test is one thing that was looked at before a candidate became a match or
// was dropped.
type Test struct {
	Name   string  // "entropy", "stop word", the name of a check or of a feature
	Passed bool    // it speaks for a secret
	Detail string  // what was seen, a short phrase without the secret
	Score  bool    // it is a feature of the score, or its bias
	Weight float64 // what a feature adds to the score; 0 for a test that decides alone
}
