package report

import (
	"bufio"
	"cmp"
	"io"
	"strings"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
)

// NewCodeQuality returns a Writer of GitLab's code quality report ("artifacts:
// reports: codequality"), a subset of Code Climate's format, which GitLab shows
// in every tier beside the lines of a merge request:
//
//	[
//	{"description":"...","check_name":"github-pat","fingerprint":"39fa...","severity":"blocker","location":{"path":"config.yml","lines":{"begin":12}}}
//	]
//
// The fingerprint is made of the finding's and its path. The path of a finding in
// an archive is that of the archive. The format has no place for errors: that a
// scan is not complete is told by the exit code alone.
func NewCodeQuality(w io.Writer, _ Options) Writer {
	return &codeQualityWriter{list: list{w: bufio.NewWriter(w)}}
}

type codeQualityWriter struct {
	list
	seen numbering
}

type (
	codeQualityFinding struct {
		Description string              `json:"description"`
		CheckName   string              `json:"check_name"`
		Fingerprint string              `json:"fingerprint"`
		Severity    string              `json:"severity"`
		Location    codeQualityLocation `json:"location"`
	}
	codeQualityLocation struct {
		Path  string           `json:"path"`
		Lines codeQualityLines `json:"lines"`
	}
	codeQualityLines struct {
		Begin int `json:"begin"`
		End   int `json:"end"`
	}
)

func (w *codeQualityWriter) Write(f scanner.Finding) error {
	if f.Suppression != nil {
		return nil
	}
	out := codeQualityFinding{
		Description: messageText(&f), CheckName: f.RuleID, Fingerprint: w.seen.placeID(&f),
		Severity: codeQualitySeverity(f.Severity),
		Location: codeQualityLocation{JSONPath(withoutDot(fileOf(&f))), codeQualityLines{f.Location.Line, f.Location.EndLine}},
	}
	if inArchive(&f) {
		out.Location.Lines = codeQualityLines{1, 1}
	}
	return w.add("[", out)
}

func (w *codeQualityWriter) Close(Result) error {
	if err := w.end("[", "]\n"); err != nil {
		return err
	}
	return w.w.Flush()
}

// withoutDot returns a path without "./" before it, with which GitLab takes none. Git
// makes no such path, but a crafted tree can have one.
func withoutDot(path string) string {
	for strings.HasPrefix(path, "./") {
		path = strings.TrimLeft(path[len("."):], "/")
	}
	return cmp.Or(path, ".")
}

func codeQualitySeverity(s rules.Severity) string {
	switch s {
	case rules.SeverityCritical:
		return "blocker"
	case rules.SeverityHigh:
		return "critical"
	case rules.SeverityMedium:
		return "major"
	}
	return "minor"
}
