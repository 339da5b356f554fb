package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/cork-scanner/cork/scanner"
)

// NewCSV returns a Writer of comma-separated values as in RFC 4180: a header,
// then a record for each finding. "secret" is masked unless ShowSecrets is set.
//
// A cell that begins with =, +, - or @ gets an apostrophe in front: a spreadsheet
// would compute it otherwise, and what it begins with is what somebody called a
// file. Characters that are not printable are escaped, and a path that holds one
// is quoted, as in text. The format has no place for errors: that a scan is not
// complete is told by the exit code alone.
func NewCSV(w io.Writer, o Options) Writer {
	cw := csv.NewWriter(w)
	cw.UseCRLF = true
	return &csvWriter{w: cw, show: o.ShowSecrets}
}

type csvWriter struct {
	w       *csv.Writer
	show    bool
	started bool
}

func (w *csvWriter) Write(f scanner.Finding) error {
	if f.Suppression != nil {
		return nil
	}
	if err := w.start(); err != nil {
		return err
	}
	secret := f.Secret.String()
	if w.show {
		secret = f.Secret.Reveal()
	}
	l := &f.Location
	record := []string{
		f.RuleID, f.Description, f.Severity.String(), f.Confidence.String(), DisplayPath(l.Path),
		strconv.Itoa(l.Line), strconv.Itoa(l.Column), strconv.Itoa(l.EndLine), strconv.Itoa(l.EndColumn),
		secret, f.Encoding, f.Fingerprint, f.Revoke, "", "", "", "", "", "", "",
	}
	if c := commitOf(&f); c != nil {
		date := ""
		if d := jsonDate(c.Date); d != nil {
			date = d.Format(time.RFC3339)
		}
		copy(record[13:], []string{c.ID, c.Author, c.Email, date, c.Subject})
	}
	if s := f.Story; s != nil {
		record[18] = strconv.FormatBool(s.AtHead)
	}
	if f.InNet != nil {
		record[19] = strconv.FormatBool(*f.InNet)
	}
	for i, cell := range record {
		record[i] = csvCell(cell)
	}
	if err := w.w.Write(record); err != nil {
		return err
	}
	w.w.Flush()
	return w.w.Error()
}

func (w *csvWriter) Close(Result) error {
	if err := w.start(); err != nil {
		return err
	}
	w.w.Flush()
	return w.w.Error()
}

func (w *csvWriter) start() error {
	if w.started {
		return nil
	}
	w.started = true
	return w.w.Write([]string{
		"rule", "description", "severity", "confidence", "path", "line", "column", "end_line", "end_column",
		"secret", "encoding", "fingerprint", "revoke", "commit", "author", "email", "date", "subject", "at_head", "in_net",
	})
}

// csvCell returns text that a spreadsheet shows as it is.
func csvCell(s string) string {
	s = Printable(s)
	if s != "" && strings.IndexByte("=+-@", s[0]) >= 0 {
		return "'" + s
	}
	return s
}
