package main

import (
	"strings"
	"unicode/utf8"

	"github.com/cork-scanner/cork/scanner/report"
)

// A page is text for people on standard output, put together before it is
// written.
type page struct {
	strings.Builder
	paint report.Paint
	width int // columns; 0: lines are not broken
}

func (a *app) newPage() *page {
	p := &page{paint: a.w.painter(a.color, a.w.stdoutTerminal), width: a.w.columns(a.w.stdoutTerminal)}
	if p.paint == nil {
		p.paint = func(_ report.Role, text string) string { return text }
	}
	return p
}

// print adds text as it is, without a line end.
func (p *page) print(parts ...string) {
	for _, s := range parts {
		p.WriteString(s)
	}
}

// section begins a part of the page.
func (p *page) section(title string) {
	if p.Len() > 0 {
		p.print("\n")
	}
	p.print(p.paint(report.Path, title), "\n")
}

// text adds a paragraph.
func (p *page) text(indent int, text string) {
	for _, line := range report.Wrap(report.Printable(text), p.room(indent)) {
		p.print(strings.Repeat(" ", indent), line, "\n")
	}
}

// code adds lines as they are.
func (p *page) code(indent int, text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		p.print(strings.TrimRight(strings.Repeat(" ", indent)+report.Printable(strings.ReplaceAll(line, "\t", "    ")), " "), "\n")
	}
}

// entry adds a label and a text whose lines all begin at the column; nothing if
// there is no text.
func (p *page) entry(column int, label, text string) {
	if text != "" {
		p.lines(column, label, report.Wrap(report.Printable(text), p.room(column)))
	}
}

// lines is an entry whose lines are not broken.
func (p *page) lines(column int, label string, lines []string) {
	for i, line := range lines {
		gap := column
		if i == 0 {
			p.print("  ", p.paint(report.Label, label))
			if gap -= 2 + utf8.RuneCountInString(label); gap < 1 {
				gap = 1
			}
		}
		p.print(strings.Repeat(" ", gap), line, "\n")
	}
}

func (p *page) room(indent int) int {
	if p.width == 0 {
		return 0
	}
	return p.width - indent
}

// cut shortens text that is wider than width columns.
func cut(text string, width int) string {
	const dots = "..."
	if r := []rune(text); len(r) > width && width > len(dots) {
		return string(r[:width-len(dots)]) + dots
	}
	return text
}
