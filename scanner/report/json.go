package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"math"
	"time"
	"unicode/utf8"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
)

// JSONSchema is the number that stands in JSON as "schema". It changes when a
// program that reads the report would have to change.
const JSONSchema = 1

// JSONOptions say what the JSON holds.
type JSONOptions struct {
	Name, Version string // of the tool
	ShowSecrets   bool   // secrets in the clear
}

// NewJSON returns a Writer of one JSON object:
//
//	{"schema":1,"tool":{"name":"cork","version":"1.2.3"},"findings":[
//	{"rule":"github-pat", ...},
//	{"rule":"aws-access-key", ...}
//	],"summary":{"complete":true, ...}}
//
// Every key is always there. "commit", "author" and "date" (RFC 3339) are
// null outside of commits, "expires" (RFC 3339) is null for a secret that does
// not say when it ends, "secret" is null for a finding about a file's
// name, else masked unless ShowSecrets is set, "encoding" says what it was
// decoded from, the outermost first ("base64, json"), and is null if it stands
// there as it is. "parts" are the other pieces of
// the credential, in the same file: objects with "name", "rule", "line",
// "column", "end_line", "end_column" and "value", which is masked like a secret
// unless it is an identifier. Lines and columns are 1-based,
// columns count characters, "end_column" is inclusive. A "path" leads into an
// archive behind "!/", as in "a.zip!/etc/app.yml"; "summary.entries" is the
// number of entries of archives that were read. "summary.errors" are objects
// with "path" (null if there is none), "message" and "hint" (null).
//
// Findings that come with their story have more keys, always all of them:
// "introduced" and "removed" are objects with "commit", "author", "email",
// "date" and "subject", or null; "at_head" and "reachable" are as in
// [scanner.Story]; "refs" are full names, of "refs_total"; "locations", of
// "locations_total", are objects with "path", "line", "column", "end_line",
// "end_column", "blob" (null), "commit" (null) and "at_head"; "commits" and
// "blobs" are how many held it, "days_exposed" is for how long.
//
// For paths that are not UTF-8 see [JSONPath]. The object ends in a newline
// and is complete only once Close has returned nil.
func NewJSON(w io.Writer, opts JSONOptions) Writer {
	return &jsonWriter{w: bufio.NewWriter(w), opts: opts}
}

type jsonWriter struct {
	w        *bufio.Writer
	opts     JSONOptions
	findings int
	started  bool
}

type jsonTool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type jsonFinding struct {
	Rule        string           `json:"rule"`
	Description string           `json:"description"`
	Severity    rules.Severity   `json:"severity"`
	Confidence  rules.Confidence `json:"confidence"`
	Path        string           `json:"path"`
	Line        int              `json:"line"`
	Column      int              `json:"column"`
	EndLine     int              `json:"end_line"`
	EndColumn   int              `json:"end_column"`
	Commit      *string          `json:"commit"`
	Author      *string          `json:"author"`
	Date        *time.Time       `json:"date"`
	Secret      *string          `json:"secret"`
	Encoding    *string          `json:"encoding"`
	Parts       []jsonPart       `json:"parts"`
	Entropy     float64          `json:"entropy"`
	Expires     *time.Time       `json:"expires"`
	Fingerprint string           `json:"fingerprint"`
	Revoke      string           `json:"revoke"`
	*jsonStory                   // left out where there is none
}

type jsonPart struct {
	Name      string `json:"name"`
	Rule      string `json:"rule"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"end_line"`
	EndColumn int    `json:"end_column"`
	Value     string `json:"value"`
}

type jsonSummary struct {
	Complete   bool                       `json:"complete"`
	Blobs      int                        `json:"blobs"`
	Entries    int                        `json:"entries"`
	Bytes      int64                      `json:"bytes"`
	Commits    int                        `json:"commits"`
	Cached     int                        `json:"cached"`
	Findings   int                        `json:"findings"`
	Suppressed int                        `json:"suppressed"`
	Skipped    map[scanner.SkipReason]int `json:"skipped"`
	Errors     []jsonError                `json:"errors"`
	ElapsedMS  int64                      `json:"elapsed_ms"`
}

type jsonError struct {
	Path    *string `json:"path"`
	Message string  `json:"message"`
	Hint    *string `json:"hint"`
}

func (w *jsonWriter) Write(f scanner.Finding) error {
	if err := w.start(); err != nil {
		return err
	}
	sep := "\n"
	if w.findings > 0 {
		sep = ",\n"
	}
	w.findings++
	if _, err := w.w.WriteString(sep); err != nil {
		return err
	}
	return w.encode(w.finding(&f))
}

func (w *jsonWriter) Close(r Result) error {
	if err := w.start(); err != nil {
		return err
	}
	end := `],"summary":`
	if w.findings > 0 {
		end = "\n" + end
	}
	if _, err := w.w.WriteString(end); err != nil {
		return err
	}
	s := jsonSummary{
		Complete: r.Complete(),
		Blobs:    r.Blobs, Entries: r.Entries, Bytes: r.Bytes, Commits: r.Commits, Cached: r.Cached,
		Findings: r.Findings, Suppressed: r.Suppressed,
		Skipped:   r.Skipped,
		Errors:    make([]jsonError, 0, len(r.Errors)),
		ElapsedMS: r.Elapsed.Milliseconds(),
	}
	if s.Skipped == nil {
		s.Skipped = map[scanner.SkipReason]int{}
	}
	for _, err := range r.Errors {
		s.Errors = append(s.Errors, newJSONError(err))
	}
	if err := w.encode(s); err != nil {
		return err
	}
	if _, err := w.w.WriteString("}\n"); err != nil {
		return err
	}
	return w.w.Flush()
}

// start writes what comes before the findings.
func (w *jsonWriter) start() error {
	if w.started {
		return nil
	}
	w.started = true
	if _, err := w.w.WriteString(`{"schema":1,"tool":`); err != nil {
		return err
	}
	if err := w.encode(jsonTool{w.opts.Name, w.opts.Version}); err != nil {
		return err
	}
	_, err := w.w.WriteString(`,"findings":[`)
	return err
}

// encode writes v without a newline. Unlike json.Marshal it leaves <, > and &
// as they are.
func (w *jsonWriter) encode(v any) error {
	e := json.NewEncoder(trimNewline{w.w})
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func (w *jsonWriter) finding(f *scanner.Finding) jsonFinding {
	out := jsonFinding{
		Rule: f.RuleID, Description: f.Description,
		Severity: f.Severity, Confidence: f.Confidence,
		Path: JSONPath(f.Location.Path),
		Line: f.Location.Line, Column: f.Location.Column,
		EndLine: f.Location.EndLine, EndColumn: f.Location.EndColumn,
		Entropy:     math.Round(f.Entropy*1000) / 1000,
		Fingerprint: f.Fingerprint,
		Revoke:      f.Revoke,
		jsonStory:   newJSONStory(f.Story),
	}
	if c := f.Location.Commit; c != nil {
		author := c.Author
		if c.Email != "" {
			author += " <" + c.Email + ">"
		}
		out.Commit, out.Author = &c.ID, &author
		out.Date = jsonDate(c.Date)
	}
	if !f.Expires.IsZero() {
		out.Expires = &f.Expires
	}
	if f.Encoding != "" {
		out.Encoding = &f.Encoding
	}
	if !f.Secret.IsZero() {
		secret := f.Secret.String()
		if w.opts.ShowSecrets {
			secret = f.Secret.Reveal()
		}
		out.Secret = &secret
	}
	out.Parts = make([]jsonPart, 0, len(f.Parts))
	for i := range f.Parts {
		p := &f.Parts[i]
		value := p.Value.String()
		if w.opts.ShowSecrets || p.Identifier {
			value = p.Value.Reveal()
		}
		l := &p.Location
		out.Parts = append(out.Parts, jsonPart{p.Name, p.RuleID, l.Line, l.Column, l.EndLine, l.EndColumn, value})
	}
	return out
}

func newJSONError(err error) jsonError {
	out := jsonError{Message: validUTF8(err.Error())}
	var blob *scanner.BlobError
	if errors.As(err, &blob) && blob.Path != "" {
		path := JSONPath(blob.Path)
		out.Path = &path
	}
	if hint := scanner.HintOf(err); hint != "" {
		out.Hint = &hint
	}
	return out
}

// validUTF8 escapes what JSON cannot hold.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return Printable(s)
}

// trimNewline drops the newline that json.Encoder ends every value with.
type trimNewline struct{ w *bufio.Writer }

func (t trimNewline) Write(p []byte) (int, error) {
	n := len(p)
	if n > 0 && p[n-1] == '\n' {
		p = p[:n-1]
	}
	if _, err := t.w.Write(p); err != nil {
		return 0, err
	}
	return n, nil
}
