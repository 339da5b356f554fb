package rules

import "fmt"

// A Rule says what one kind of credential looks like. Rules are plain data:
// [Parse] reads them from TOML, [Compile] checks them and makes them usable.
//
// There are three kinds. A pattern rule has a Regex, which is searched for
// around each of its Keywords. An assignment rule has Keys: it judges the
// values that the assignment parser finds (key, operator, value) where the
// key's name matches. A path rule has Paths or PathRegex and nothing else: it
// flags a file by its name alone.
type Rule struct {
	ID          string // stable, kebab-case; part of every fingerprint
	Description string // what it is, as a noun phrase: "GitHub personal access token"
	Provider    string // who issues it: "GitHub"; "" for generic rules
	Severity    Severity
	Confidence  Confidence

	// Regex is an RE2 expression. In a pattern rule it is searched for; in an
	// assignment rule it must match the whole value. Group is the capture
	// group that holds the secret; 0 is the whole match.
	Regex string
	Group int

	// Keys makes the rule an assignment rule: an RE2 expression that is
	// searched for in the key's name after it was split into words and joined
	// again in lower case with "_" (dbPassword, DB-PASSWORD and db.password
	// are all "db_password").
	Keys string

	// Shape names a built-in judgement of the secret: "password" or "key" (see
	// shape.go). "" leaves the judgement to Regex and Entropy.
	Shape string

	// Keywords are literals of which at least one must stand in the match, or
	// for an assignment rule in the key's name. ASCII letters match in either
	// case. A rule without keywords must say Scan = "always".
	Keywords []string
	Scan     string // "" or "always"

	// Paths are globs (doublestar: "**/*.env"; see MatchGlob), PathRegex an
	// RE2 expression, over the slash-separated path; a file that matches
	// either is in. Both empty: every file.
	Paths     []string
	PathRegex string

	// Checks are the names of offline tests of the secret, as in
	// [check.Names]: checksums and structure. A check can drop a match, or
	// change its severity and confidence.
	Checks []string

	MinEntropy float64 // Shannon bits per character that the secret must reach; 0: any
	Span       int     // bytes, the longest a match can be; 0: computed from Regex

	Allow Allow

	// Parts are the other pieces of the credential, which are reported with
	// the secret and not by themselves. See Group.
	Parts []Part
	// PartOnly says that what the rule finds is no secret but an identifier,
	// such as an account's id or a host: it is never reported by itself.
	PartOnly bool

	Revoke string // what to do or type to make the credential useless
	Docs   string // URL

	// Match and NoMatch are examples that the tests run. See [Expand] for how
	// they spell random parts without being secrets themselves.
	Match, NoMatch []string
	// MatchPath is the path that examples are scanned under; "" is "example.txt".
	MatchPath string

	// Rank moves the rule up or down where matches overlap, from -200 to 200.
	Rank int

	Specificity int    // higher wins where matches overlap; computed when 0: see specificity in compile.go
	Source      string // the file the rule was read from and its line, for messages: "stripe.toml:12"

	prepared prepared
}

// Allow is what a rule must not report although it matches.
type Allow struct {
	Regexes   []string `toml:"regexes"`    // RE2, searched for in the secret
	StopWords []string `toml:"stop_words"` // case-insensitive parts of the secret
	Paths     []string `toml:"paths"`      // globs over the path, as in Rule.Paths
}

// Severity is how bad it is when the credential is real.
type Severity uint8

// The severities, from harmless to urgent.
const (
	SeverityLow Severity = iota + 1
	SeverityMedium
	SeverityHigh
	SeverityCritical
)

// Confidence is how likely a match is a real credential.
type Confidence uint8

// The confidences. Matches below the scanner's minimum are not reported.
const (
	ConfidenceLow Confidence = iota + 1
	ConfidenceMedium
	ConfidenceHigh
)

var severityNames = [...]string{SeverityLow: "low", SeverityMedium: "medium", SeverityHigh: "high", SeverityCritical: "critical"}
var confidenceNames = [...]string{ConfidenceLow: "low", ConfidenceMedium: "medium", ConfidenceHigh: "high"}

// String returns "low", "medium", "high" or "critical".
func (s Severity) String() string { return nameOf(severityNames[:], int(s)) }

// String returns "low", "medium" or "high".
func (c Confidence) String() string { return nameOf(confidenceNames[:], int(c)) }

// MarshalText encodes the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalText encodes the name.
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText accepts the names that String returns.
func (s *Severity) UnmarshalText(text []byte) error {
	i, err := indexOf(severityNames[:], string(text))
	*s = Severity(i)
	return err
}

// UnmarshalText accepts the names that String returns.
func (c *Confidence) UnmarshalText(text []byte) error {
	i, err := indexOf(confidenceNames[:], string(text))
	*c = Confidence(i)
	return err
}

func nameOf(names []string, i int) string {
	if i <= 0 || i >= len(names) {
		return "unset"
	}
	return names[i]
}

func indexOf(names []string, s string) (int, error) {
	for i, n := range names {
		if i > 0 && n == s {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%q is not one of %q", s, names[1:])
}
