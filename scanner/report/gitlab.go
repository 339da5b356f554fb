package report

import (
	"bufio"
	"cmp"
	"crypto/sha1"
	"fmt"
	"io"
	"time"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
)

// GitLab takes reports of the versions that it knows. All that have this kind of
// report know this one.
const gitLabVersion = "15.0.7"

// The limits of its schema.
const (
	maxGitLabName     = 255  // characters
	maxGitLabSolution = 7000 // characters
	maxGitLabMessages = 100  // not the schema's: enough to know what is wrong
)

// NewGitLab returns a Writer of GitLab's secret detection report, version 15.0.7
// (gl-secret-detection-report.json, "artifacts: reports: secret_detection").
//
// The status of the scan is "failure" if it is not complete, with a message for
// each error. A finding outside of commits has the commit 0000000, which GitLab's
// own analyzer writes then. The id of a finding is made of its fingerprint and
// its path, and so the same in the next report. What stands in the files, which
// the format has a place for, is left out.
func NewGitLab(w io.Writer, o Options) Writer {
	return &gitLabWriter{list: list{w: bufio.NewWriter(w)}, meta: o.Meta}
}

type gitLabWriter struct {
	list
	meta Meta
	seen numbering
}

type (
	gitLabFinding struct {
		ID          string             `json:"id"`
		Name        string             `json:"name"`
		Description string             `json:"description"`
		Severity    string             `json:"severity"`
		Solution    string             `json:"solution,omitempty"`
		Identifiers []gitLabIdentifier `json:"identifiers"`
		Links       []gitLabLink       `json:"links,omitempty"`
		Location    gitLabLocation     `json:"location"`
	}
	gitLabIdentifier struct {
		Type  string `json:"type"`
		Name  string `json:"name"`
		Value string `json:"value"`
		URL   string `json:"url,omitempty"`
	}
	gitLabLink struct {
		URL string `json:"url"`
	}
	gitLabLocation struct {
		File      string       `json:"file"`
		StartLine int          `json:"start_line"`
		EndLine   int          `json:"end_line"`
		Commit    gitLabCommit `json:"commit"`
	}
	gitLabCommit struct {
		SHA     string     `json:"sha"`
		Author  string     `json:"author,omitempty"`
		Date    *time.Time `json:"date,omitempty"`
		Message string     `json:"message,omitempty"`
	}
	gitLabScan struct {
		Analyzer gitLabTool      `json:"analyzer"`
		Scanner  gitLabTool      `json:"scanner"`
		Type     string          `json:"type"`
		Start    string          `json:"start_time"`
		End      string          `json:"end_time"`
		Status   string          `json:"status"`
		Messages []gitLabMessage `json:"messages,omitempty"`
	}
	gitLabTool struct {
		ID      string       `json:"id"`
		Name    string       `json:"name"`
		URL     string       `json:"url,omitempty"`
		Version string       `json:"version"`
		Vendor  gitLabVendor `json:"vendor"`
	}
	gitLabVendor struct {
		Name string `json:"name"`
	}
	gitLabMessage struct {
		Level string `json:"level"`
		Value string `json:"value"`
	}
)

const gitLabBegin = `{"version":"` + gitLabVersion + `",` +
	`"schema":"https://gitlab.com/gitlab-org/security-products/security-report-schemas/-/raw/v` + gitLabVersion + `/dist/secret-detection-report-format.json",` +
	`"vulnerabilities":[`

func (w *gitLabWriter) Write(f scanner.Finding) error {
	if f.Suppression != nil {
		return nil
	}
	out := gitLabFinding{
		ID:          uuidOf(w.seen.placeID(&f)),
		Name:        shorten(cmp.Or(f.Description, f.RuleID), maxGitLabName),
		Description: whatText(&f) + atText(&f) + removedText(&f),
		Severity:    gitLabSeverity(f.Severity),
		Identifiers: []gitLabIdentifier{
			{Type: "cork_rule_id", Name: "Cork rule " + f.RuleID, Value: f.RuleID},
			{Type: "cwe", Name: "CWE-798", Value: "798", URL: "https://cwe.mitre.org/data/definitions/798.html"},
		},
		Location: gitLabLocation{
			File: JSONPath(f.Location.Path), StartLine: f.Location.Line, EndLine: f.Location.EndLine,
			Commit: gitLabCommit{SHA: "0000000"},
		},
	}
	if f.Revoke != "" {
		out.Solution = shorten("To revoke it: "+f.Revoke, maxGitLabSolution)
	}
	if isWebURL(f.Docs) {
		out.Links = []gitLabLink{{f.Docs}}
	}
	if c := commitOf(&f); c != nil {
		out.Location.Commit = gitLabCommit{c.ID, authorOf(c), jsonDate(c.Date), validUTF8(c.Subject)}
	}
	return w.add(gitLabBegin, out)
}

func (w *gitLabWriter) Close(r Result) error {
	const layout = "2006-01-02T15:04:05" // in UTC, which is not said
	tool := gitLabTool{w.meta.Name, w.meta.Name, w.meta.URI, w.meta.Version, gitLabVendor{w.meta.Name}}
	scan := gitLabScan{
		Analyzer: tool, Scanner: tool, Type: "secret_detection",
		Start:  w.meta.Start.UTC().Format(layout),
		End:    w.meta.Start.Add(r.Elapsed).UTC().Format(layout),
		Status: "success",
	}
	if why := incomplete(&r); why != "" {
		scan.Status = "failure"
		scan.Messages = append(scan.Messages, gitLabMessage{"fatal", "the scan is not complete: " + why})
		for i, err := range r.Errors {
			if i == maxGitLabMessages {
				break // the first message counts them
			}
			scan.Messages = append(scan.Messages, gitLabMessage{"fatal", newJSONError(err).Message})
		}
	}
	if err := w.end(gitLabBegin, `],"scan":`); err != nil {
		return err
	}
	if err := encodeJSON(w.w, scan); err != nil {
		return err
	}
	w.w.WriteString("}\n")
	return w.w.Flush()
}

func gitLabSeverity(s rules.Severity) string {
	switch s {
	case rules.SeverityCritical:
		return "Critical"
	case rules.SeverityHigh:
		return "High"
	case rules.SeverityMedium:
		return "Medium"
	}
	return "Low"
}

// uuidOf returns the UUID, version 5, of a name (RFC 9562, 5.5).
func uuidOf(name string) string {
	// A namespace of its own: the UUID of the DNS name "cork".
	namespace := []byte{0x41, 0xc3, 0x7d, 0xae, 0xf1, 0x90, 0x51, 0x87, 0x9c, 0x6d, 0x82, 0x34, 0xf5, 0x3c, 0xa6, 0x96}
	u := sha1.Sum(append(namespace, name...))
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:16])
}
