package report

import (
	"bufio"
	"cmp"
	"io"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
)

// NewSonar returns a Writer of SonarQube's generic issue data, for version 10.3
// and later (sonar.externalIssuesReportPaths).
//
// SonarQube refuses a report that names a line which a file does not have, so a
// finding has lines only if they are those of the file as it is checked out, and
// none in an archive, whose path is that of the archive. Columns are 0-based, the
// end is exclusive. The format has no place for errors: that a scan is not
// complete is told by the exit code alone.
func NewSonar(w io.Writer, o Options) Writer {
	return &sonarWriter{list: list{w: bufio.NewWriter(w)}, name: o.Meta.Name, ids: make(map[string]bool)}
}

type sonarWriter struct {
	list
	name  string
	rules []sonarRule
	ids   map[string]bool // of rules
}

type (
	sonarRule struct {
		ID          string        `json:"id"`
		Name        string        `json:"name"`
		Description string        `json:"description"`
		EngineID    string        `json:"engineId"`
		Attribute   string        `json:"cleanCodeAttribute"`
		Type        string        `json:"type"`
		Severity    string        `json:"severity"`
		Impacts     []sonarImpact `json:"impacts"`
	}
	sonarImpact struct {
		Quality  string `json:"softwareQuality"`
		Severity string `json:"severity"`
	}
	sonarIssue struct {
		RuleID  string        `json:"ruleId"`
		Primary sonarLocation `json:"primaryLocation"`
	}
	sonarLocation struct {
		Message  string      `json:"message"`
		FilePath string      `json:"filePath"`
		Range    *sonarRange `json:"textRange,omitempty"`
	}
	sonarRange struct {
		StartLine   int `json:"startLine"`
		EndLine     int `json:"endLine"`
		StartColumn int `json:"startColumn"`
		EndColumn   int `json:"endColumn"`
	}
)

const sonarBegin = `{"issues":[`

func (w *sonarWriter) Write(f scanner.Finding) error {
	if f.Suppression != nil {
		return nil
	}
	if !w.ids[f.RuleID] {
		w.ids[f.RuleID] = true
		w.rules = append(w.rules, newSonarRule(w.name, &f))
	}
	issue := sonarIssue{f.RuleID, sonarLocation{Message: messageText(&f), FilePath: JSONPath(fileOf(&f))}}
	if l := &f.Location; checkedOut(&f) && !f.AboutPath() {
		issue.Primary.Range = &sonarRange{l.Line, l.EndLine, l.Column - 1, l.EndColumn}
	}
	return w.add(sonarBegin, issue)
}

func (w *sonarWriter) Close(Result) error {
	if err := w.end(sonarBegin, `],"rules":`); err != nil {
		return err
	}
	if err := encodeJSON(w.w, append([]sonarRule{}, w.rules...)); err != nil {
		return err
	}
	w.w.WriteString("}\n")
	return w.w.Flush()
}

func newSonarRule(engine string, f *scanner.Finding) sonarRule {
	severity, impact := sonarSeverity(f.Severity)
	name := Printable(cmp.Or(f.Description, f.RuleID))
	return sonarRule{
		ID: f.RuleID, Name: name, Description: name + ". " + Opens(f.Severity, f.Provider), EngineID: engine,
		Attribute: "TRUSTWORTHY", Type: "VULNERABILITY", Severity: severity,
		Impacts: []sonarImpact{{"SECURITY", impact}},
	}
}

func sonarSeverity(s rules.Severity) (severity, impact string) {
	switch s {
	case rules.SeverityCritical:
		return "BLOCKER", "HIGH"
	case rules.SeverityHigh:
		return "CRITICAL", "HIGH"
	case rules.SeverityMedium:
		return "MAJOR", "MEDIUM"
	}
	return "MINOR", "LOW"
}
