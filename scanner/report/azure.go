package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// NewAzure returns a Writer of the logging commands of Azure Pipelines, which
// become issues of a run:
//
//	##vso[task.logissue type=error;sourcepath=config.yml;linenumber=12;columnnumber=8;code=github-pat]Secret: ...
//
// What there is, and in which order, is as with [NewGitHub]: at most ten, which is
// what the page of a run shows, and nothing of what was scanned but paths and ids,
// none of which can end a command or begin another one.
//
// The commands are as in learn.microsoft.com, "Logging commands".
func NewAzure(w io.Writer, o Options) Writer {
	return &azureWriter{w: bufio.NewWriter(w), name: o.Meta.Name, worst: worst[struct{}]{most: maxAnnotations}}
}

type azureWriter struct {
	w     *bufio.Writer
	name  string
	worst worst[struct{}]
}

func (w *azureWriter) Write(f scanner.Finding) error {
	if f.Suppression == nil {
		w.worst.add(f, struct{}{})
	}
	return nil
}

func (w *azureWriter) Close(r Result) error {
	if why := incomplete(&r); why != "" {
		w.issue("error", w.name+": the scan is not complete: "+why)
		w.worst.most--
	}
	for _, f := range w.worst.worstFirst() {
		f := &f.Finding
		var properties []string
		if file, line := annotated(f); file != "" {
			properties = append(properties, "sourcepath", file)
			if line {
				properties = append(properties, "linenumber", fmt.Sprint(f.Location.Line), "columnnumber", fmt.Sprint(f.Location.Column))
			}
		}
		w.issue("error", annotation(f), append(properties, "code", Printable(f.RuleID))...)
	}
	if n := w.worst.cut(); n > 0 {
		w.issue("warning", w.name+": and "+count(n, "more secret"))
	}
	for _, text := range r.Warnings {
		w.issue("warning", w.name+": "+Printable(text))
	}
	return w.w.Flush()
}

// issue writes one command. text and properties, which are names and values, are
// printable.
func (w *azureWriter) issue(kind, text string, properties ...string) {
	data := strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A", ";", "%3B", "]", "%5D")
	w.w.WriteString("##vso[task.logissue type=" + kind)
	for i := 0; i < len(properties); i += 2 {
		w.w.WriteString(";" + properties[i] + "=" + property.Replace(properties[i+1]))
	}
	w.w.WriteString("]" + data.Replace(text) + "\n")
}
