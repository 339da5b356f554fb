package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/report"
)

// proseWidth is how wide explanations are where the width is not known: they
// are read in pipes and pagers too.
const proseWidth = 80

// newProse returns a page whose lines are broken wherever it is read.
func (a *app) newProse() *page {
	p := a.newPage()
	p.width = cmp.Or(p.width, proseWidth)
	return p
}

// explainHint returns how to have a finding explained: by its fingerprint if it
// can be found again, else by its rule.
func (a *app) explainHint(p *plan, f *scanner.Finding) string {
	short := shortPrint(f)
	file := f.Location.Path
	if archive, _, inside := strings.Cut(file, scanner.EntrySeparator); inside {
		if _, err := os.Lstat(a.w.abs(file)); err != nil {
			file = archive
		}
	}
	path, ok := shellQuote(file)
	switch {
	case p.explain == explainStaged || p.explain == explainHistory:
		return "why, and what to do: cork explain " + short
	case p.explain == explainFiles && ok && f.Location.Path != scanner.StdinPath && a.masker.Mask(path) == path:
		return "why, and what to do: cork explain " + short + " " + path
	}
	return "what it is, and what to do: cork explain " + f.RuleID
}

// shortPrint returns as much of a finding's fingerprint as names it.
func shortPrint(f *scanner.Finding) string {
	const digits = 8
	return f.Fingerprint[:min(len(f.Fingerprint), len(f.RuleID)+1+digits)]
}

// shellQuote returns a path as it is typed in a shell; not ok if it could not be
// printed.
func shellQuote(path string) (quoted string, ok bool) {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+@%="
	switch {
	case path == "" || path[0] == '-' || report.Printable(path) != path:
		return "", false
	case strings.Trim(path, plain) == "":
		return path, true
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'", true
}

// sure says what a rule's confidence means.
func sure(c rules.Confidence) string {
	return fmt.Sprintf("Confidence %s: %s.", c, map[rules.Confidence]string{
		rules.ConfidenceHigh:   "what it finds is almost always real",
		rules.ConfidenceMedium: "what it finds is mostly real",
		rules.ConfidenceLow:    "what it finds may well be something else, so it is not reported unless min_confidence = \"low\"",
	}[c])
}

// recognised says in words what makes a rule report something.
func recognised(r *bookRule) []string {
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	switch r.kind() {
	case "assignment":
		add("a value is assigned to a name with one of these in it: %s", words(r.Keywords))
		add("that name, in lower case and with _ between its words, matches %s", r.Keys)
		if r.Regex != "" {
			add("the whole value has this format: %s", r.Regex)
		}
		switch r.Shape {
		case "password":
			add("the value looks like a password: no reference, placeholder, path, type or plain word")
		case "key":
			add("the value looks like a key: random, no reference, placeholder, path, name or hash")
		}
	case "pattern":
		if len(r.Keywords) > 0 {
			add("one of these stands there, in either case: %s", words(r.Keywords))
		}
		add("what stands around it has this format: %s", r.Regex)
	}
	if len(r.Paths) > 0 || r.PathRegex != "" {
		names := words(r.Paths)
		if r.PathRegex != "" {
			names = strings.TrimPrefix(names+", or a match of "+r.PathRegex, ", or ")
		}
		add("the file is called %s", names)
	}
	if r.MinEntropy > 0 {
		add("its characters are as random as a machine's: at least %s bits each", strconv.FormatFloat(r.MinEntropy, 'g', -1, 64))
	}
	if len(r.Checks) > 0 {
		add("it passes the test of its checksum or structure: %s", strings.Join(r.Checks, ", "))
	}
	for _, part := range r.Parts {
		if part.Required {
			add("its %s stands near it", part.Name)
		} else {
			add("its %s, if that stands near it, is reported with it", part.Name)
		}
	}
	if r.PartOnly {
		add("by itself it is no secret: it is reported with what it is a part of")
	}
	if a := r.Allow; len(a.StopWords) > 0 {
		add("it does not hold %s", words(a.StopWords))
	}
	if n := len(r.Allow.Regexes); n > 0 {
		add("it is none of the known exceptions (%d)", n)
	}
	return list
}

// words joins quoted words for people, cut where there are many.
func words(list []string) string {
	const most = 12
	quoted := make([]string, min(len(list), most))
	for i := range quoted {
		quoted[i] = strconv.Quote(list[i])
	}
	text := strings.Join(quoted, ", ")
	if len(list) > most {
		text += fmt.Sprintf(" and %d more", len(list)-most)
	}
	return text
}

// heading adds a title that is no finding's or rule's own.
func (p *page) heading(title, text string) {
	p.print(p.paint(report.Rule, title), "\n")
	p.text(2, text)
}

// points adds a list.
func (p *page) points(list []string) {
	for _, point := range list {
		for i, line := range report.Wrap(report.Printable(point), p.room(4)) {
			mark := "- "
			if i > 0 {
				mark = "  "
			}
			p.print("  ", mark, line, "\n")
		}
	}
}

// revoke adds how to make a credential useless.
func (p *page) revoke(how, docs string) {
	p.section("HOW TO REVOKE IT")
	p.text(2, cmp.Or(how, "revoke it where it was issued"))
	if docs != "" {
		p.print("  ", report.Printable(docs), "\n")
	}
}

func (a *app) explainRule(w io.Writer, r *bookRule, format string) error {
	name := "SECRET"
	if words := strings.FieldsFunc(r.ID, func(c rune) bool { return c == '-' }); len(words) > 0 {
		name = strings.ToUpper(strings.Join(words, "_"))
	}
	remedies := report.Remedies(name)
	if r.kind() == "path" {
		remedies = nil
	}
	if format == "json" {
		list := make([]object, len(remedies))
		for i := range remedies {
			list[i] = remedyJSON(&remedies[i])
		}
		return writeJSON(w, object{{"rule", r.json(true)}, {"finding", nil}, {"opens", report.Opens(r.Severity, r.Provider)}, {"recognised", recognised(r)}}, "remedies", list, nil)
	}
	p := a.newProse()
	p.heading(r.ID, r.Description)
	if r.state == stateDisabled {
		p.text(2, "The configuration of this repository disables it.")
	}
	p.section("WHAT IT OPENS")
	p.text(2, report.Opens(r.Severity, r.Provider))
	p.section("HOW IT IS RECOGNISED")
	p.points(recognised(r))
	p.text(2, sure(r.Confidence))
	if len(r.Match) > 0 {
		p.print("\n")
		p.text(2, "For example, with random characters in place of <...>:")
		p.code(4, strings.ReplaceAll(r.Match[0], "<>", ""))
	}
	p.revoke(r.Revoke, r.Docs)
	p.section("WHAT TO WRITE INSTEAD")
	if len(remedies) == 0 {
		p.text(2, "keep the file out of git: git rm --cached FILE, and add it to .gitignore")
	}
	for _, remedy := range remedies {
		p.lines(20, remedy.Language, []string{remedy.Advice})
	}
	p.section("IF IT IS NO SECRET")
	p.text(2, "In a comment on the line:")
	p.code(4, "cork:allow rule="+r.ID+" reason=...")
	p.text(2, "Or in .cork.toml, for files of which all that this rule finds is none:")
	p.code(4, "[[allow]]\nreason = \"...\"\nrules = [\""+r.ID+"\"]\npaths = [\"path/to/examples/**\"]")
	p.section("MORE")
	p.text(2, "cork rules show "+r.ID)
	_, err := io.WriteString(w, p.String())
	return err
}

// page returns the explanation of a finding, for people.
func (e *explanation) page() string {
	f := &e.found[0]
	p := e.newProse()
	p.heading(f.Fingerprint, f.Description)

	p.section("WHERE IT IS")
	decoded := ""
	if f.Encoding != "" {
		decoded = ", decoded from " + report.Printable(f.Encoding)
	}
	p.print("  ", p.paint(report.Path, e.placeOf(f)), " (in ", e.where.name, decoded, ")\n")
	if f.Line != "" && !f.AboutPath() {
		number := strconv.Itoa(f.Location.Line)
		line := report.Printable(strings.TrimSpace(e.masker.Mask(f.Line)))
		p.print("  ", p.paint(report.Faint, strings.Repeat(" ", max(0, 5-len(number)))+number+" | "), cut(line, p.width-10), "\n")
	}
	for i := range e.found[1:] {
		p.print("  ", e.placeOf(&e.found[i+1]), "\n")
	}
	if f.Story != nil {
		masked := e.masker.MaskFinding(*f)
		for _, entry := range report.Story(&masked) {
			p.entry(14, entry.Label+":", entry.Text)
		}
	} else if e.more > 0 {
		p.print("  ", fmt.Sprintf("and %s", plural(e.more, "more place")), "\n")
	}

	p.section("WHAT IT OPENS")
	p.text(2, report.Opens(f.Severity, f.Provider))
	p.section("WHY IT IS FLAGGED")
	p.judged(e.tests)
	p.text(2, sure(f.Confidence))
	if e.note != "" {
		p.text(2, "Note: "+e.masker.Mask(e.note)+".")
	}
	if e.outcome != scanner.OutcomeReported {
		p.section("WHY IT IS NOT REPORTED")
		p.text(2, e.masker.Mask(e.why))
	}
	p.revoke(f.Revoke, f.Docs)

	title := "WHAT TO WRITE INSTEAD"
	if e.remedy.Language != "" {
		title += " (" + e.remedy.Language + ")"
	}
	p.section(title)
	p.text(2, e.masker.Mask(e.remedy.Advice))
	if e.remedy.Code != "" {
		p.print("\n")
		p.code(4, e.masker.Mask(e.remedy.Code))
		p.print("\n")
	}
	if e.remedy.Then != "" {
		p.text(2, e.masker.Mask(e.remedy.Then))
	}

	p.section("IF IT IS NO SECRET")
	if inline := e.inline(); inline != "" {
		p.text(2, "In a comment on the line:")
		p.code(4, inline)
		p.text(2, "Or in .cork.toml at the root of the repository (cork allow "+shortPrint(&e.found[0])+" writes it):")
	} else {
		p.text(2, "In .cork.toml at the root of the repository (cork allow "+shortPrint(&e.found[0])+" writes it):")
	}
	p.code(4, e.entry())
	return p.String()
}

// judged adds the tests that were made.
func (p *page) judged(tests []rules.Test) {
	lines := testLines(p, 2, tests)
	for _, line := range lines {
		p.print("  ", line, "\n")
	}
}

// inline returns the comment that allows the finding, "" where there are none.
func (e *explanation) inline() string {
	f := &e.found[0]
	gone := f.Story != nil && !f.Story.AtHead // a comment would not change the versions that are there
	if gone || f.AboutPath() || e.remedy.Comment == "" || f.Location.EndLine > f.Location.Line {
		return ""
	}
	return fmt.Sprintf(e.remedy.Comment, "cork:allow rule="+f.RuleID+" reason=...")
}

// entry returns the table of .cork.toml that allows the finding.
func (e *explanation) entry() string {
	return "[[allow]]\nreason = \"...\"\nfingerprints = [\"" + e.found[0].Fingerprint + "\"]"
}

func (e *explanation) writeJSON(w io.Writer) error {
	f := &e.found[0]
	var inline, secret, encoding any
	if f.Encoding != "" {
		encoding = f.Encoding
	}
	if text := e.inline(); text != "" {
		inline = text
	}
	if !f.Secret.IsZero() {
		secret = f.Secret.String()
	}
	places := make([]object, len(e.found))
	for i := range e.found {
		l := &e.found[i].Location
		places[i] = object{{"path", report.JSONPath(e.masker.Mask(l.Path))}, {"line", l.Line}, {"column", l.Column}, {"end_line", l.EndLine}, {"end_column", l.EndColumn}}
	}
	r := e.rule
	r.Rule = rules.WithExamples(r.Rule)
	finding := object{
		{"fingerprint", f.Fingerprint}, {"description", f.Description}, {"severity", f.Severity}, {"confidence", f.Confidence},
		{"in", e.where.name}, {"places", places}, {"more_places", e.more}, {"complete", !e.partial}, {"secret", secret}, {"encoding", encoding},
		{"tests", testsJSON(e.tests)}, {"outcome", e.outcome}, {"why", e.masker.Mask(e.why)}, {"note", e.masker.Mask(e.note)},
		{"allow", object{{"comment", inline}, {"toml", e.entry()}}},
	}
	e.remedy.Code, e.remedy.Advice = e.masker.Mask(e.remedy.Code), e.masker.Mask(e.remedy.Advice)
	return writeJSON(w, object{{"rule", r.json(true)}, {"finding", finding}, {"opens", report.Opens(f.Severity, f.Provider)}, {"recognised", recognised(&r)}},
		"remedies", []object{remedyJSON(&e.remedy)}, nil)
}

func remedyJSON(r *report.Remedy) object {
	return object{{"language", r.Language}, {"advice", r.Advice}, {"code", r.Code}, {"then", r.Then}}
}
