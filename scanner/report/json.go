package report

import (
	"bufio"
	"bytes"
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

// NewJSON returns a Writer of one JSON object:
//
//	{"schema":1,"tool":{"name":"cork","version":"1.2.3"},"findings":[
//	{"rule":"github-pat", ...},
//	{"rule":"aws-access-key", ...}
//	],"suppressed":null,"summary":{"complete":true, ...}}
//
// Every key is always there. "commit", "author" and "date" (RFC 3339) are
// null outside of commits, "in_path" says that the secret
// stands in the path, of which it is masked, "in_net" says of a finding in a branch whether it is in
// what the branch brings as a whole, and is null elsewhere, "expires" (RFC 3339) is null for a secret that does
// not say when it ends, "secret" is null for a finding about a file's
// name, else masked unless ShowSecrets is set, "encoding" says what it was
// decoded from, the outermost first ("base64, json"), and is null if it stands
// there as it is. "parts" are the other pieces of
// the credential, in the same file: objects with "name", "rule", "line",
// "column", "end_line", "end_column" and "value", which is masked like a secret
// unless it is an identifier. Lines and columns are 1-based,
// columns count characters, "end_column" is inclusive. A "path" leads into an
// archive behind "!/", as in "a.zip!/etc/app.yml"; "summary.entries" is the
// number of entries of archives that were read. "summary.mode" is "commits"
// in a scan of a branch, "net-diff" if only its net effect was scanned, and null
// elsewhere. "summary.errors" are objects
// with "path" (null if there is none), "message" and "hint" (null).
//
// "suppressed" is null unless Options.Suppressed is set; then it lists what was
// found and is not reported, with the keys of a finding and "suppression": an
// object with "by" ("inline", "allowlist", "baseline"), and "reason", "file" and
// "line" (where it is written), and "commit", "author" and "date" of who wrote that
// line, null where there is none or it is not known.
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
func NewJSON(w io.Writer, o Options) Writer {
	return &jsonWriter{w: bufio.NewWriter(w), o: o}
}

type jsonWriter struct {
	w        *bufio.Writer
	o        Options
	findings int
	started  bool

	suppressed bytes.Buffer // array elements; they come after the findings
}

// NewJSONLines returns a Writer of one JSON object a line: each finding as it
// stands in "findings" of [NewJSON], flushed as soon as it is written, then one
// with all the rest:
//
//	{"rule":"github-pat", ...}
//	{"rule":"aws-access-key", ...}
//	{"schema":1,"tool":{"name":"cork","version":"1.2.3"},"summary":{"complete":true, ...}}
//
// What is suppressed is {"suppressed":{...}}, as it stands in "suppressed" there.
// Without the last line the report is cut short.
func NewJSONLines(w io.Writer, o Options) Writer { return &jsonLines{w: bufio.NewWriter(w), o: o} }

type jsonLines struct {
	w *bufio.Writer
	o Options
}

func (w *jsonLines) Write(f scanner.Finding) error {
	if f.Suppression != nil {
		return w.line(struct {
			Suppressed jsonSuppressed `json:"suppressed"`
		}{newJSONSuppressed(&f, w.o.ShowSecrets)})
	}
	return w.line(newJSONFinding(&f, w.o.ShowSecrets))
}

func (w *jsonLines) Close(r Result) error {
	return w.line(struct {
		Schema  int         `json:"schema"`
		Tool    jsonTool    `json:"tool"`
		Summary jsonSummary `json:"summary"`
	}{JSONSchema, jsonTool{w.o.Meta.Name, w.o.Meta.Version}, newJSONSummary(&r, w.o.Meta.Of)})
}

func (w *jsonLines) line(v any) error {
	if err := encodeJSON(w.w, v); err != nil {
		return err
	}
	w.w.WriteByte('\n')
	return w.w.Flush()
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
	InPath      bool             `json:"in_path"`
	InNet       *bool            `json:"in_net"`
	Secret      *string          `json:"secret"`
	Encoding    *string          `json:"encoding"`
	Parts       []jsonPart       `json:"parts"`
	Entropy     float64          `json:"entropy"`
	Expires     *time.Time       `json:"expires"`
	Fingerprint string           `json:"fingerprint"`
	Revoke      string           `json:"revoke"`
	*jsonStory                   // left out where there is none
}

// jsonSuppressed is a finding that is not reported.
type jsonSuppressed struct {
	jsonFinding
	Suppression jsonSuppression `json:"suppression"`
}

type jsonSuppression struct {
	By     string  `json:"by"`
	Reason *string `json:"reason"`
	File   *string `json:"file"`
	Line   *int    `json:"line"`

	Commit *string    `json:"commit"` // that wrote the line
	Author *string    `json:"author"`
	Date   *time.Time `json:"date"`
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
	Mode       *string                    `json:"mode"`
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
	if f.Suppression != nil {
		if w.suppressed.Len() > 0 {
			w.suppressed.WriteString(",\n")
		}
		b := bufio.NewWriter(&w.suppressed)
		if err := encodeJSON(b, newJSONSuppressed(&f, w.o.ShowSecrets)); err != nil {
			return err
		}
		return b.Flush()
	}
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
	return encodeJSON(w.w, newJSONFinding(&f, w.o.ShowSecrets))
}

func (w *jsonWriter) Close(r Result) error {
	if err := w.start(); err != nil {
		return err
	}
	if w.findings > 0 {
		w.w.WriteByte('\n')
	}
	w.w.WriteString(`],"suppressed":`)
	switch {
	case !w.o.Suppressed:
		w.w.WriteString("null")
	case w.suppressed.Len() == 0:
		w.w.WriteString("[]")
	default:
		w.w.WriteString("[\n" + w.suppressed.String() + "\n]")
	}
	if _, err := w.w.WriteString(`,"summary":`); err != nil {
		return err
	}
	if err := encodeJSON(w.w, newJSONSummary(&r, w.o.Meta.Of)); err != nil {
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
	if err := encodeJSON(w.w, jsonTool{w.o.Meta.Name, w.o.Meta.Version}); err != nil {
		return err
	}
	_, err := w.w.WriteString(`,"findings":[`)
	return err
}

// encodeJSON writes v without a newline. Unlike json.Marshal it leaves <, > and &
// as they are; see [PlainJSON] for what it does not leave.
func encodeJSON(w *bufio.Writer, v any) error { return encodeIndented(w, v, "", "") }

// encodeIndented is encodeJSON, broken into lines as json.Indent does.
func encodeIndented(w *bufio.Writer, v any, prefix, indent string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent(prefix, indent)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(PlainJSON(bytes.TrimSuffix(b.Bytes(), []byte{'\n'})))
	return err
}

func newJSONSummary(r *Result, of string) jsonSummary {
	s := jsonSummary{
		Complete: r.Complete(),
		Blobs:    r.Blobs, Entries: r.Entries, Bytes: r.Bytes, Commits: r.Commits, Cached: r.Cached,
		Findings: r.Findings, Suppressed: r.Suppressed,
		Skipped:   r.Skipped,
		Errors:    make([]jsonError, 0, len(r.Errors)),
		ElapsedMS: r.Elapsed.Milliseconds(),
	}
	if of != "" {
		s.Mode = &of
	}
	if s.Skipped == nil {
		s.Skipped = map[scanner.SkipReason]int{}
	}
	for _, err := range r.Errors {
		s.Errors = append(s.Errors, newJSONError(err))
	}
	return s
}

func newJSONFinding(f *scanner.Finding, showSecrets bool) jsonFinding {
	out := jsonFinding{
		Rule: f.RuleID, Description: f.Description,
		Severity: f.Severity, Confidence: f.Confidence,
		Path: JSONPath(f.Location.Path),
		Line: f.Location.Line, Column: f.Location.Column,
		EndLine: f.Location.EndLine, EndColumn: f.Location.EndColumn,
		Entropy:     math.Round(f.Entropy*1000) / 1000,
		Fingerprint: f.Fingerprint,
		Revoke:      f.Revoke,
		InPath:      f.InPath,
		InNet:       f.InNet,
		jsonStory:   newJSONStory(f.Story),
	}
	if c := f.Location.Commit; c != nil {
		author := authorOf(c)
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
		if showSecrets {
			secret = f.Secret.Reveal()
		}
		out.Secret = &secret
	}
	out.Parts = make([]jsonPart, 0, len(f.Parts))
	for i := range f.Parts {
		p := &f.Parts[i]
		value := p.Value.String()
		if showSecrets || p.Identifier {
			value = p.Value.Reveal()
		}
		l := &p.Location
		out.Parts = append(out.Parts, jsonPart{p.Name, p.RuleID, l.Line, l.Column, l.EndLine, l.EndColumn, value})
	}
	return out
}

func newJSONSuppressed(f *scanner.Finding, showSecrets bool) jsonSuppressed {
	s := f.Suppression
	out := jsonSuppressed{newJSONFinding(f, showSecrets), jsonSuppression{By: s.By}}
	if s.Reason != "" {
		reason := validUTF8(s.Reason)
		out.Suppression.Reason = &reason
	}
	if s.File != "" {
		file := JSONPath(s.File)
		out.Suppression.File = &file
	}
	if s.Line > 0 {
		out.Suppression.Line = &s.Line
	}
	if c := s.Commit; c != nil {
		author := authorOf(c)
		out.Suppression.Commit, out.Suppression.Author, out.Suppression.Date = &c.ID, &author, jsonDate(c.Date)
	}
	return out
}

func newJSONError(err error) jsonError {
	out := jsonError{Message: validUTF8(err.Error())}
	if path := blobPath(err); path != "" {
		path = JSONPath(path)
		out.Path = &path
	}
	if hint := scanner.HintOf(err); hint != "" {
		out.Hint = &hint
	}
	return out
}

// blobPath returns the path of the blob that an error is about, or "".
func blobPath(err error) string {
	var blob *scanner.BlobError
	if errors.As(err, &blob) {
		return blob.Path
	}
	return ""
}

// authorOf returns the author of a commit as git prints it, "Name <email>".
func authorOf(c *scanner.Commit) string {
	author := c.Author
	if c.Email != "" {
		author += " <" + c.Email + ">"
	}
	return validUTF8(author)
}

// validUTF8 escapes what JSON cannot hold.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return Printable(s)
}
