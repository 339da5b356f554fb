package report

import (
	"bufio"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// maxJUnit is how many findings a report has at most: those who read it keep it
// in memory, and nobody looks at more.
const maxJUnit = 5000

// NewJUnit returns a Writer of JUnit's XML as Jenkins, GitLab, Azure and CircleCI
// read it (the schema is that of Jenkins' xunit plugin, junit-10.xsd). Every
// finding is a test case that failed: its class is the path, its name the rule and
// where it stands. One more test case says whether the scan is complete, so that
// there is one in the report of a clean scan too.
//
// All is written by Close: at most 5,000 findings, the most severe of all in the
// order in which they were written, and how many were left out. Characters that
// are not printable, which XML cannot hold, are escaped as in text.
func NewJUnit(w io.Writer, o Options) Writer {
	return &junitWriter{w: bufio.NewWriter(w), meta: o.Meta, worst: worst[struct{}]{most: maxJUnit}}
}

type junitWriter struct {
	w     *bufio.Writer
	meta  Meta
	worst worst[struct{}]
}

type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		Suite   junitSuite
	}
	junitSuite struct {
		XMLName   xml.Name    `xml:"testsuite"`
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Time      string      `xml:"time,attr"` // seconds
		Timestamp string      `xml:"timestamp,attr,omitempty"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
	}
	junitProblem struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func (w *junitWriter) Write(f scanner.Finding) error {
	if f.Suppression != nil {
		return nil
	}
	w.worst.add(f, struct{}{})
	return nil
}

func (w *junitWriter) Close(r Result) error {
	suite := junitSuite{
		Name: strings.TrimSpace(cmp.Or(w.meta.Name, "cork") + " " + w.meta.Mode),
		Time: strconv.FormatFloat(r.Elapsed.Seconds(), 'f', 3, 64),
	}
	if !w.meta.Start.IsZero() {
		suite.Timestamp = w.meta.Start.UTC().Format("2006-01-02T15:04:05")
	}
	for _, f := range w.worst.inOrder() {
		suite.Cases = append(suite.Cases, junitCaseOf(&f.Finding))
	}
	suite.Failures = len(suite.Cases)
	if n := w.worst.cut(); n > 0 {
		suite.Failures++
		suite.Cases = append(suite.Cases, junitCase{Class: suite.Name, Name: "no further secrets",
			Failure: &junitProblem{Type: "cut", Message: fmt.Sprintf("the %s most severe are shown; %s", thousands(maxJUnit), countNot(n))}})
	}
	complete := junitCase{Class: suite.Name, Name: "everything was scanned"}
	if why := incomplete(&r); why != "" {
		suite.Errors = 1
		complete.Error = &junitProblem{"incomplete", "the scan is not complete: " + why, junitErrors(r.Errors)}
	}
	suite.Cases = append(suite.Cases, complete)
	suite.Tests = len(suite.Cases)

	w.w.WriteString(xml.Header)
	e := xml.NewEncoder(w.w)
	e.Indent("", " ")
	if err := e.Encode(junitSuites{Suite: suite}); err != nil {
		return err
	}
	w.w.WriteByte('\n')
	return w.w.Flush()
}

func junitCaseOf(f *scanner.Finding) junitCase {
	lines := []string{placeText(f)}
	if c := commitOf(f); c != nil {
		lines = append(lines, "in "+commitLine(c))
	}
	if f.InNet != nil {
		lines = append(lines, resultText(f))
	}
	if f.Revoke != "" {
		lines = append(lines, "revoke: "+Printable(f.Revoke))
	}
	if f.Fingerprint != "" {
		lines = append(lines, "fingerprint: "+Printable(f.Fingerprint))
	}
	return junitCase{
		Class: DisplayPath(f.Location.Path), Name: Printable(f.RuleID) + position(f),
		Failure: &junitProblem{f.Severity.String(), whatText(f), strings.Join(lines, "\n")},
	}
}

// junitErrors lists errors, as many as anybody reads.
func junitErrors(errs []error) string {
	const most = 100
	var lines []string
	for i, err := range errs {
		if i == most {
			lines = append(lines, "and "+count(len(errs)-i, "more error"))
			break
		}
		lines = append(lines, Printable(err.Error()))
	}
	return strings.Join(lines, "\n")
}
