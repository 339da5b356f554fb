package rules

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
	Reasons    []string   // why it was flagged, each a short phrase without the secret
}
