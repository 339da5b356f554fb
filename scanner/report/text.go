package report

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/cork-scanner/cork/scanner"
)

// A Role is what a part of the text means, for whoever gives it a colour.
type Role uint8

// The roles.
const (
	Plain  Role = iota
	Path        // file, line and column
	Rule        // a rule's ID
	Hidden      // where a secret was
	Label       // "why:"
	Faint       // what only some need: line numbers, fingerprints
	Good        // nothing was found
	Bad         // something was found, or went wrong
)

// Paint returns text as it looks in a role. It must not change its width.
type Paint func(role Role, text string) string

func plain(_ Role, text string) string { return text }

// TextOptions say how the text looks.
type TextOptions struct {
	Paint       Paint // nil: plain text
	Width       int   // columns to break lines at; 0: they are not broken
	ShowSecrets bool  // add the secrets in the clear
	Summary     bool  // end with the SummaryLine

	// Compact, if not 0, makes every finding one line, and all of them at most
	// so many lines: the last one says how many more there are.
	Compact int
}

// NewText returns a Writer for people. A finding looks like this, and is
// flushed as soon as it is written:
//
//	config.yml:12:8: github-pat  GitHub personal access token
//	   12 | token: ghp_********
//	  with:   the account ID on line 3: 12345
//	  why:    known prefix, checksum holds
//	  fix:    read it from outside, such as ${TOKEN}
//	  revoke: github.com/settings/tokens: delete the token
//	  allow:  "cork:allow" in a comment on the line, or by its fingerprint in
//	          .cork.toml: 8f1e3c
//
// One of a branch says whether it is in what the branch brings, and no fix if it
// is not:
//
//	in:     commit 1c2f0f3aa4b2, 2026-01-02, A U Thor, add the deployment
//	result: removed again, or in the base as well: still in the commits
//
// One with its story says instead what became of it, and a fix only while
// there is something to fix:
//
//	config.yml:12:8: github-pat  GitHub personal access token
//	   12 | token: ghp_********
//	  status:     not at HEAD, but still on 2 refs: old, tag v1.0
//	  introduced: commit 1c2f0f3aa4b2, 2026-01-02, A U Thor, add the deployment
//	  removed:    commit 5e6f708f1e3c, 2026-01-30, A U Thor, read it from outside
//	  exposed:    28 days, in 12 commits and 3 versions
//	  also in:    old/config.yml:7 (0f3aa4b2d5e6), (commit message):3 (8f1e3c1c2f0f)
//	  see:        git show b2d5e6f7081c
//	  why:        known prefix, checksum holds
//	  revoke:     github.com/settings/tokens: delete the token
//	  allow:      fingerprint github-pat:1c2f0f3aa4b2d5e6f708 in .cork.toml
func NewText(w io.Writer, opts TextOptions) Writer {
	if opts.Paint == nil {
		opts.Paint = plain
	}
	return &textWriter{w: bufio.NewWriter(w), opts: opts, indent: labelWidth}
}

type textWriter struct {
	w       *bufio.Writer
	opts    TextOptions
	indent  int             // the column at which entries begin
	written int             // findings
	last    scanner.Finding // the last one that may be shown, in compact form, until it is known whether there are more
}

func (w *textWriter) Write(f scanner.Finding) error {
	if f.Suppression != nil {
		return w.suppressed(&f)
	}
	w.written++
	if w.opts.Compact > 0 {
		if w.written < w.opts.Compact {
			w.headline(&f)
		} else if w.written == w.opts.Compact {
			w.last = f
		}
		return w.w.Flush()
	}
	w.headline(&f)
	w.line(&f)
	if f.Story != nil {
		w.indent = storyWidth
		defer func() { w.indent = labelWidth }()
		for _, e := range Story(&f) {
			w.entry(e.Label, e.Text)
		}
	} else if c := f.Location.Commit; c != nil {
		w.entry("in", strings.Join(nonEmpty("commit "+short(c.ID), day(c), c.Author, c.Subject), ", "))
	}
	w.entry("result", resultText(&f))
	for i := range f.Parts {
		w.entry("with", w.part(&f.Parts[i]))
	}
	w.entry("why", strings.Join(f.Reasons, ", "))
	if stillThere(&f) {
		w.entry("fix", Fix(&f))
	}
	if f.Revoke != "" {
		w.entry("revoke", f.Revoke)
	} else {
		w.entry("docs", f.Docs)
	}
	w.entry("allow", allow(&f))
	if w.opts.ShowSecrets {
		w.entry("secret", f.Secret.Reveal())
	}
	w.print("\n")
	return w.w.Flush()
}

func (w *textWriter) Close(r Result) error {
	if n := w.opts.Compact; n > 0 && w.written == n {
		w.headline(&w.last)
	} else if n > 0 && w.written > n {
		w.print("and ", thousands(int64(w.written-n+1)), " more\n")
	}
	if w.opts.Summary {
		w.print(SummaryLine(&r, w.opts.Paint), "\n")
	}
	return w.w.Flush()
}

// suppressed writes what was found and is not reported, and why not; nothing in
// compact form.
func (w *textWriter) suppressed(f *scanner.Finding) error {
	if w.opts.Compact > 0 {
		return nil
	}
	w.headline(f)
	w.line(f)
	w.indent = suppressedWidth
	w.entry("suppressed", f.Suppression.String())
	w.entry("fingerprint", f.Fingerprint)
	if w.opts.ShowSecrets {
		w.entry("secret", f.Secret.Reveal())
	}
	w.indent = labelWidth
	w.print("\n")
	return w.w.Flush()
}

// part says where a part stands, and what it is if that is no secret.
func (w *textWriter) part(p *scanner.Part) string {
	s := "the " + p.Name + " on line " + strconv.Itoa(p.Location.Line)
	const maxShown = 80 // more would hide the rest of the finding
	if value := p.Value.Reveal(); w.opts.ShowSecrets || p.Identifier && utf8.RuneCountInString(value) <= maxShown {
		s += ": " + value
	}
	return s
}

// headline writes where it is and what it is.
func (w *textWriter) headline(f *scanner.Finding) {
	paint := w.opts.Paint
	in := Printable(inText(f))
	if c := f.Location.Commit; c != nil && w.opts.Compact > 0 {
		in += " (commit " + Printable(short(c.ID)) + ")"
	}
	w.print(paint(Path, placeText(f)+":"), " ", paint(Rule, Printable(f.RuleID)), "  ", Printable(f.Description), in, "\n")
}

// line writes the line that the secret stands in.
func (w *textWriter) line(f *scanner.Finding) {
	if f.AboutPath() || f.Line == "" {
		return
	}
	number := strconv.Itoa(f.Location.Line)
	number = strings.Repeat(" ", max(0, 5-len(number))) + number + " | "
	mask := f.Secret.String()
	text := Printable(strings.TrimRight(f.Line, " \t\r\n"))
	if w.opts.Width > 0 {
		text = cut(text, mask, w.opts.Width-len(number))
	}
	before, after, found := strings.Cut(text, mask)
	if found {
		text = before + w.opts.Paint(Hidden, mask) + after
	}
	w.print(w.opts.Paint(Faint, number), text, "\n")
}

// The columns at which the entries of a finding begin, and those of one with its
// story, or that is suppressed.
const (
	labelWidth      = 10
	storyWidth      = 14
	suppressedWidth = 15
)

// entry writes "  label: text", broken into lines where a width is given;
// nothing if there is no text.
func (w *textWriter) entry(label, text string) {
	if text == "" {
		return
	}
	indent := strings.Repeat(" ", w.indent)
	head := "  " + label + ":"
	for i, line := range Wrap(Printable(text), w.opts.Width-w.indent) {
		if i == 0 {
			w.print(w.opts.Paint(Label, head), indent[len(head):], line, "\n")
		} else {
			w.print(indent, line, "\n")
		}
	}
}

// print writes to the buffer, whose first error Flush returns.
func (w *textWriter) print(parts ...string) {
	for _, s := range parts {
		w.w.WriteString(s)
	}
}

// stillThere reports whether there is something to take out of a file: the secret
// is not in commits alone, as far as that is known.
func stillThere(f *scanner.Finding) bool {
	return (f.Story == nil || f.Story.AtHead) && (f.InNet == nil || *f.InNet)
}

// resultText says whether a finding of a branch is in what the branch brings; ""
// elsewhere.
func resultText(f *scanner.Finding) string {
	switch {
	case f.InNet == nil:
		return ""
	case *f.InNet:
		return "in the net result"
	case f.InCommitText():
		return "in the text of the commit"
	}
	return "removed again, or in the base as well: still in the commits"
}

// allow says how to accept a finding that is no secret.
func allow(f *scanner.Finding) string {
	byFingerprint := "fingerprint " + f.Fingerprint + " in .cork.toml"
	switch {
	case f.Fingerprint == "":
		return ""
	case f.AboutPath(), f.Story != nil, !stillThere(f): // a comment would not change the versions that are there
		return byFingerprint
	}
	return "cork:allow in a comment on the line, or " + byFingerprint
}

// cut shortens a line that is wider than width characters, keeping what is
// around the mask.
func cut(line, mask string, width int) string {
	runes := []rune(line)
	if len(runes) <= width || width < 20 {
		return line
	}
	const dots = "..."
	start := 0
	if at := strings.Index(line, mask); at >= 0 {
		// A third of the width for what stands before the mask.
		start = max(0, utf8.RuneCountInString(line[:at])-width/3)
	}
	end := min(len(runes), start+width)
	start = max(0, end-width)
	prefix, suffix := "", ""
	if start > 0 {
		prefix = dots
		start += len(dots)
	}
	if end < len(runes) {
		suffix = dots
		end -= len(dots)
	}
	return prefix + string(runes[start:end]) + suffix
}

// Wrap breaks text at spaces into lines of at most width characters, longer
// only where a word is. A width below 20 does not break it.
func Wrap(text string, width int) []string {
	if width < 20 || utf8.RuneCountInString(text) <= width {
		return []string{text}
	}
	var lines []string
	line, used := "", 0
	for word := range strings.SplitSeq(text, " ") {
		n := utf8.RuneCountInString(word)
		if line != "" && used+1+n > width {
			lines = append(lines, line)
			line, used = "", 0
		}
		if line != "" {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+n
	}
	return append(lines, line)
}

func day(c *scanner.Commit) string {
	if c.Date.IsZero() {
		return ""
	}
	return c.Date.Format("2006-01-02")
}

// short abbreviates an object id, as git does in a large repository.
func short(id string) string { return id[:min(len(id), 12)] }

func nonEmpty(s ...string) []string {
	return slices.DeleteFunc(s, func(s string) bool { return s == "" })
}
