package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// The limits of a step summary of GitHub.
const (
	maxMarkdown     = 1 << 20   // bytes; a longer one is not shown at all
	maxMarkdownTail = 128 << 10 // of it, what comes after the table
	maxMarkdownRows = 5000      // about as many as there is room for
	maxCell         = 300       // characters of a cell
)

// NewMarkdown returns a Writer of a summary in Markdown as GitHub reads it, for
// $GITHUB_STEP_SUMMARY: a heading, a table of the findings, the most severe first,
// the line of [SummaryLine], and what could not be read. It is at most 1 MiB
// long, which is what GitHub shows, and says how many findings were left out.
//
// Of what was scanned there are paths in it, ids, and nothing else; no character
// of them means anything in Markdown or HTML.
func NewMarkdown(w io.Writer, o Options) Writer {
	return &markdownWriter{w: w, name: o.Meta.Name, worst: worst[struct{}]{most: maxMarkdownRows}}
}

type markdownWriter struct {
	w     io.Writer
	name  string
	worst worst[struct{}]
}

func (w *markdownWriter) Write(f scanner.Finding) error {
	if f.Suppression != nil {
		return nil
	}
	w.worst.add(f, struct{}{})
	return nil
}

func (w *markdownWriter) Close(r Result) error {
	var b bytes.Buffer
	title := count(r.Findings, "secret")
	if r.Findings == 0 {
		title = "no secrets"
	}
	why := incomplete(&r)
	if why != "" {
		title += ", not complete"
	}
	fmt.Fprintf(&b, "### %s: %s\n", markdownText(w.name), title)
	left := w.table(&b)
	if left += w.worst.cut(); left > 0 {
		fmt.Fprintf(&b, "\nThe most severe are shown; %s.\n", countNot(left))
	}
	fmt.Fprintf(&b, "\n%s\n", markdownText(SummaryLine(&r, nil)))
	for _, text := range r.Warnings {
		fmt.Fprintf(&b, "\n**Note:** %s\n", markdownText(shorten(text, maxCell)))
	}
	if why != "" {
		markdownErrors(&b, r.Errors)
	}
	if r.Findings > 0 {
		fmt.Fprintf(&b, "\nWhy, and what to do: <code>%s explain FINGERPRINT</code>\n", markdownText(w.name))
	}
	_, err := w.w.Write(b.Bytes())
	return err
}

func countNot(n int) string {
	if n == 1 {
		return "1 is not"
	}
	return thousands(int64(n)) + " are not"
}

// table writes the rows that there is room for and returns how many there were
// more.
func (w *markdownWriter) table(b *bytes.Buffer) (left int) {
	rows := w.worst.worstFirst()
	if len(rows) == 0 {
		return 0
	}
	commits := false
	for i := range rows {
		commits = commits || commitOf(&rows[i].Finding) != nil
	}
	head, line := "| Severity | Where | What | Fingerprint |", "|---|---|---|---|"
	if commits {
		head, line = head+" Commit |", line+"---|"
	}
	fmt.Fprintf(b, "\n%s\n%s\n", head, line)
	for i := range rows {
		f := &rows[i].Finding
		row := fmt.Sprintf("| %s | %s | %s | %s |", f.Severity, markdownCode(shorten(DisplayPath(f.Location.Path), maxCell)+position(f)), markdownText(shorten(whatText(f), maxCell)), markdownCode(f.Fingerprint))
		if commits {
			row += " "
			if c := commitOf(f); c != nil {
				row += markdownCode(short(c.ID))
				if f.InNet != nil && !*f.InNet && !f.InCommitText() {
					row += ", not in the net result"
				}
			}
			row += " |"
		}
		if b.Len()+len(row) > maxMarkdown-maxMarkdownTail {
			return len(rows) - i
		}
		b.WriteString(row + "\n")
	}
	return 0
}

// markdownErrors lists errors, as many as have room.
func markdownErrors(b *bytes.Buffer, errs []error) {
	const most = 20
	b.WriteString("\n**Not all was scanned:**\n\n")
	for i, err := range errs {
		if i == most {
			fmt.Fprintf(b, "- and %s\n", count(len(errs)-i, "more error"))
			break
		}
		fmt.Fprintf(b, "- %s\n", markdownText(shorten(err.Error(), maxCell)))
	}
}

// markdownCode is markdownText in a fixed width.
func markdownCode(s string) string {
	if s == "" {
		return ""
	}
	return "<code>" + markdownText(s) + "</code>"
}

// markdownText returns text that Markdown shows as it is. Everything that could
// be markup, a link or the mention of somebody is a character reference, which
// never is.
func markdownText(s string) string {
	var b strings.Builder
	for _, r := range Printable(s) {
		switch {
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == ' ', r == '/', r == '-', r >= 0x80:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}
