package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
)

// Options say what a report shows. The zero Options show no secret.
type Options struct {
	Meta Meta

	// ShowSecrets shows secrets in the clear, in the formats that have a place
	// for them: text, json, jsonl, csv and gitleaks-json. The others are made
	// to be uploaded, and never hold one.
	ShowSecrets bool

	// Suppressed says that the scan yields what it suppresses, too: JSON lists
	// it apart. Text, jsonl and SARIF tell it apart by itself, and the other
	// formats leave it out.
	Suppressed bool

	Text TextOptions // of NewText; its ShowSecrets is set by New
}

// Meta is what a report says about the scan besides what it found.
type Meta struct {
	Name, Version string // of the tool
	URI           string // of its home page; "" for none

	// Mode is what was scanned, in a word: "staged", "files", "history". Where
	// reports of several scans are uploaded it keeps them apart.
	Mode string

	// Of is what was scanned of a range of commits: "commits", each of them and
	// their net effect, or "net-diff", the net effect alone. "" for other scans.
	Of string

	Start time.Time // of the scan; Result.Elapsed is counted from it

	// Rule returns a rule that holds in this scan by its id. nil: what is said
	// about a rule is taken from the first of its findings.
	Rule func(id string) (rules.Rule, bool)

	// Where the repository is known: its URL, without a password, and what is
	// checked out there. "" for what is not known.
	Repository, Revision, Branch string
}

// formats are the formats in the order in which they are listed.
var formats = []struct {
	name string
	new  func(io.Writer, Options) Writer
}{
	{"text", func(w io.Writer, o Options) Writer {
		o.Text.ShowSecrets = o.ShowSecrets
		return NewText(w, o.Text)
	}},
	{"json", NewJSON},
	{"jsonl", NewJSONLines},
	{"sarif", fromRoot(NewSARIF)},
	{"gitlab", fromRoot(NewGitLab)},
	{"codequality", fromRoot(NewCodeQuality)},
	{"junit", NewJUnit},
	{"csv", NewCSV},
	{"sonar", fromRoot(NewSonar)},
	{"github", fromRoot(NewGitHub)},
	{"azure", fromRoot(NewAzure)},
	{"markdown", NewMarkdown},
	{"gitleaks-json", NewGitleaks},
}

// fromRoot makes the Writers of a format whose readers look for files from the
// repository's root, wherever the scan was started.
func fromRoot(format func(io.Writer, Options) Writer) func(io.Writer, Options) Writer {
	return func(w io.Writer, o Options) Writer { return rooted{format(w, o)} }
}

type rooted struct{ Writer }

func (w rooted) Write(f scanner.Finding) error {
	f.Location.Path = cmp.Or(f.Location.RepoPath, f.Location.Path)
	f.Parts = slices.Clone(f.Parts)
	for i := range f.Parts {
		l := &f.Parts[i].Location
		l.Path = cmp.Or(l.RepoPath, l.Path)
	}
	return w.Writer.Write(f)
}

// Formats returns the names of the formats that [New] knows.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}

// New returns the Writer of a format. An unknown one is an error whose hint is
// the nearest.
func New(format string, w io.Writer, o Options) (Writer, error) {
	if err := CheckFormat(format); err != nil {
		return nil, err
	}
	i := slices.Index(Formats(), format)
	return formats[i].new(w, o), nil
}

// CheckFormat returns an error, with a hint, unless there is a format of that
// name.
func CheckFormat(format string) error {
	names := Formats()
	if slices.Contains(names, format) {
		return nil
	}
	hint := "formats are " + listed(names)
	if near := rules.Nearest(format, slices.Values(names)); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	return scanner.WithHint(fmt.Errorf("unknown format %q", format), hint)
}
