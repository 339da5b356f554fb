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
	Encoding    string    // what the secret was decoded from, the outermost first ("base64, json"); "" if it stands there as it is
	InPath      bool      // the secret stands in the path of the file, not in the file
	Key         string    // the name the secret was assigned to; "" if none
	Entropy     float64   // Shannon bits per character of the secret
	Expires     time.Time // when the secret says that it ends; zero if it does not say
	Reasons     []string
	// Line is the text of the first line, cut to a readable length around
	// the secret, with every known secret in it masked.
	Line        string
	Parts       []Part // the other pieces of the credential, in the order of its rule
	Fingerprint string
	Revoke      string
	Docs        string
	Story       *Story // what became of it; nil but in scans of a whole history

	// InNet says whether it is in what a branch brings as a whole: if not, the
	// commits of the branch still have it, and it was removed again, or its beginning
	// has it as well. nil outside of scans of a branch.
	InNet *bool

	// Suppression says why it is not reported; nil if it is.
	Suppression *Suppression

	// Hidden are the secrets that stand in the path, in what is told of its commits, and
	// in names of refs, whatever the finding is about: who shows these masks them.
	Hidden []Secret

	folder string      // in whose name the secret stands; "" if it stands in that of the file
	around surrounding // for the allowlist, if that looks at it
}

// InCommitText reports whether the finding stands in the text of a commit or a
// tag, and so in no file.
func (f *Finding) InCommitText() bool {
	c := f.Location.Commit
	return c != nil && f.Location.Blob == c.ID
}

// AboutPath reports whether the finding is about the path of a file: its name says
// what is in it, or a secret stands in it. Then it has no line.
func (f *Finding) AboutPath() bool { return f.InPath || f.Secret.IsZero() }

// A Part is another piece of a finding's credential, in the same blob: the id
// beside a key, the host beside a token. It is no finding of its own.
type Part struct {
	Name     string // what it is to the secret: "access key ID"
	RuleID   string // the rule that found it
	Location Location
	Value    Secret
	Key      string // the name it was assigned to; "" if none

	// Identifier says that the value is no secret: it may be shown.
	Identifier bool
}

// A Location is where a finding lies.
type Location struct {
	Path string // as Blob.Path

	// RepoPath is Path relative to the repository's root where the two differ:
	// below a sub-folder from which files are scanned. Else it is "".
	RepoPath string

	Blob   string  // object id; "" for files
	Commit *Commit // nil outside commits

	// Start and End delimit the secret, or what encodes it (the whole match
	// of a rule whose secret is empty): byte offsets into the blob as stored,
	// half-open.
	Start, End int64

	// Line and Column of the first, EndLine and EndColumn of the last
	// character of the secret (of the match, where there is no secret):
	// 1-based, columns in characters, EndColumn inclusive. All are 1 where the
	// finding is about the path.
	Line, Column       int
	EndLine, EndColumn int
}
