package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// maxAnnotations is how many errors of a step GitHub shows; what comes later is
// dropped in silence.
const maxAnnotations = 10

// NewGitHub returns a Writer of GitHub's workflow commands, which become
// annotations of a pull request or a run:
//
//	::error file=config.yml,line=12,endLine=12,col=8,endColumn=47,title=github-pat::Secret: GitHub personal access token. To revoke it: ...
//
// There are at most ten, the most severe first, and one of them says so if the
// scan is not complete; warnings say how many more there are, and Result.Warnings. Of what was
// scanned there is nothing in them but paths and ids. Every line is one command,
// in which nothing that was scanned can end the command or begin another one.
//
// A finding that is not in the files as they are checked out names its path and
// its commit in the text, since there is no line to put it at.
//
// The commands are as in docs.github.com, "Workflow commands", and in the
// source of GitHub's runner.
func NewGitHub(w io.Writer, o Options) Writer {
	return &githubWriter{w: bufio.NewWriter(w), name: o.Meta.Name, worst: worst[struct{}]{most: maxAnnotations}}
}

type githubWriter struct {
	w     *bufio.Writer
	name  string
	worst worst[struct{}]
}

func (w *githubWriter) Write(f scanner.Finding) error {
	if f.Suppression != nil {
		return nil
	}
	w.worst.add(f, struct{}{})
	return nil
}

func (w *githubWriter) Close(r Result) error {
	if why := incomplete(&r); why != "" {
		w.command("error", "the scan is not complete: "+why, "title", w.name)
		w.worst.most--
	}
	for _, f := range w.worst.worstFirst() {
		w.finding(&f.Finding)
	}
	if n := w.worst.cut(); n > 0 {
		w.command("warning", "and "+count(n, "more secret"), "title", w.name)
	}
	for _, text := range r.Warnings {
		w.command("warning", Printable(text), "title", w.name)
	}
	return w.w.Flush()
}

func (w *githubWriter) finding(f *scanner.Finding) {
	var properties []string
	if file, line := annotated(f); file != "" {
		properties = append(properties, "file", file)
		l := &f.Location
		if line {
			properties = append(properties, "line", fmt.Sprint(l.Line), "endLine", fmt.Sprint(l.EndLine))
		}
		if line && l.Line == l.EndLine { // columns are of one line
			properties = append(properties, "col", fmt.Sprint(l.Column), "endColumn", fmt.Sprint(l.EndColumn))
		}
	}
	w.command("error", annotation(f), append(properties, "title", Printable(f.RuleID))...)
}

// annotation returns what an annotation says about a finding.
func annotation(f *scanner.Finding) string {
	text := messageText(f)
	if f.Fingerprint != "" {
		text += " Fingerprint " + Printable(f.Fingerprint)
	}
	return text
}

// annotated returns the file that a finding is an annotation of, "" if there is
// none, and whether its line is one of that file.
func annotated(f *scanner.Finding) (file string, line bool) {
	if f.InCommitText() || f.Location.Path == scanner.StdinPath || f.InPath || !stillThere(f) {
		return "", false
	}
	return DisplayPath(fileOf(f)), !inArchive(f) && !f.Secret.IsZero()
}

// command writes one command. text and properties, which are names and values,
// are printable.
func (w *githubWriter) command(name, text string, properties ...string) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	w.w.WriteString("::" + name)
	for i := 0; i < len(properties); i += 2 {
		sep := ","
		if i == 0 {
			sep = " "
		}
		w.w.WriteString(sep + properties[i] + "=" + property.Replace(properties[i+1]))
	}
	w.w.WriteString("::" + data.Replace(text) + "\n")
}
