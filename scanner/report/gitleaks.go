package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cork-scanner/cork/scanner"
)

// NewGitleaks returns a Writer of JSON with the keys of gitleaks' report, in
// their order, for scripts that read that one.
//
// What is in them is Cork's: the rules' ids are those of Cork, columns count the
// characters of the secret (of the whole match, where there is none), "Message" is
// the first line of the commit's. "Secret" and "Match" are the secret, masked
// unless ShowSecrets is set; of a finding about a file's name "Secret" is empty.
// The path in an archive stands behind "!", as gitleaks writes it, and
// "Fingerprint" is what gitleaks takes in .gitleaksignore: commit, path, rule and
// line. The format has no place for errors: that a scan is not complete is told
// by the exit code alone.
func NewGitleaks(w io.Writer, o Options) Writer {
	return &gitleaksWriter{list: list{w: bufio.NewWriter(w)}, show: o.ShowSecrets}
}

type gitleaksWriter struct {
	list
	show bool
}

type gitleaksFinding struct {
	RuleID      string
	Description string
	StartLine   int
	EndLine     int
	StartColumn int
	EndColumn   int
	Match       string
	Secret      string
	File        string
	SymlinkFile string
	Commit      string
	Entropy     float32
	Author      string
	Email       string
	Date        string
	Message     string
	Tags        []string
	Fingerprint string
}

func (w *gitleaksWriter) Write(f scanner.Finding) error {
	if f.Suppression != nil {
		return nil
	}
	file := JSONPath(strings.ReplaceAll(f.Location.Path, scanner.EntrySeparator, "!"))
	out := gitleaksFinding{
		RuleID: f.RuleID, Description: f.Description,
		StartLine: f.Location.Line, EndLine: f.Location.EndLine,
		StartColumn: f.Location.Column, EndColumn: f.Location.EndColumn,
		File: file, Entropy: float32(f.Entropy), Tags: []string{},
		Fingerprint: fmt.Sprintf("%s:%s:%d", file, f.RuleID, f.Location.Line),
	}
	switch {
	case f.Secret.IsZero():
		out.Match = "file detected: " + file
	case w.show:
		out.Secret = f.Secret.Reveal()
		out.Match = out.Secret
	default:
		out.Secret = f.Secret.String()
		out.Match = out.Secret
	}
	if c := commitOf(&f); c != nil {
		out.Commit, out.Author, out.Email, out.Message = c.ID, validUTF8(c.Author), validUTF8(c.Email), validUTF8(c.Subject)
		if d := jsonDate(c.Date); d != nil {
			out.Date = d.UTC().Format(time.RFC3339)
		}
		out.Fingerprint = c.ID + ":" + out.Fingerprint
	}
	if err := w.next("["); err != nil {
		return err
	}
	w.w.WriteByte(' ')
	return encodeIndented(w.w, out, " ", " ")
}

func (w *gitleaksWriter) Close(Result) error {
	if err := w.end("[", "]\n"); err != nil {
		return err
	}
	return w.w.Flush()
}
