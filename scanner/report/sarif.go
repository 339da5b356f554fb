package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
)

// The limits of GitHub's code scanning: beyond most of them it refuses the whole
// file. (docs.github.com, "SARIF support for code scanning")
const (
	maxSARIFResults       = 5000 // of 25,000 it takes, as many are shown
	maxSARIFNotifications = 1000 // not GitHub's: enough to know what is wrong
	maxSARIFName          = 255  // characters
	maxSARIFText          = 1024 // characters of a description
)

// NewSARIF returns a Writer of SARIF 2.1.0, for GitHub's code scanning and
// everything else that reads it.
//
// All is written by Close: at most 5,000 results, the most severe of all
// findings in the order in which they were written, which is as many as GitHub
// shows; a notification says how many were left out. Everything that was not
// scanned is a notification too, and the invocation is then not successful.
//
// Of a scan of a branch the property "mode" of the run is "commits", or "net-diff"
// if only its net effect was scanned.
//
// A result has two fingerprints, neither of which changes when lines are added
// above it. "cork/v1" is that of the finding. "primaryLocationLineHash", which
// GitHub goes by, is made of the rule, the path and the line with its secrets
// masked, and numbers those that are the same. No snippet and no message holds
// what stands in a file. Places are relative to %SRCROOT%, the root of the
// repository; columns count characters. A path keeps its bytes, those that a
// URI cannot hold as percent signs and hex digits.
func NewSARIF(w io.Writer, o Options) Writer {
	return &sarifWriter{w: bufio.NewWriter(w), meta: o.Meta, worst: worst[string]{most: maxSARIFResults}}
}

type sarifWriter struct {
	w     *bufio.Writer
	meta  Meta
	worst worst[string] // with their line hashes
	seen  numbering
	rules []sarifRule
	index map[string]int // into rules
}

// The parts of SARIF that are written, as in docs.oasis-open.org/sarif/sarif/v2.1.0.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool                `json:"tool"`
		Invocations []sarifInvocation        `json:"invocations"`
		Provenance  []sarifProvenance        `json:"versionControlProvenance,omitempty"`
		BaseIDs     map[string]sarifArtifact `json:"originalUriBaseIds"`
		Automation  *sarifAutomation         `json:"automationDetails,omitempty"`
		ColumnKind  string                   `json:"columnKind"`
		Results     []sarifResult            `json:"results"`
		Properties  *sarifRunProperties      `json:"properties,omitempty"`
	}
	sarifRunProperties struct {
		Mode string `json:"mode"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name            string      `json:"name"`
		SemanticVersion string      `json:"semanticVersion,omitempty"`
		InformationURI  string      `json:"informationUri,omitempty"`
		Rules           []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID            string        `json:"id"`
		Name          string        `json:"name"`
		Short         sarifMessage  `json:"shortDescription"`
		Full          sarifMessage  `json:"fullDescription"`
		HelpURI       string        `json:"helpUri,omitempty"`
		Help          sarifMessage  `json:"help"`
		Configuration sarifLevel    `json:"defaultConfiguration"`
		Properties    sarifRuleTags `json:"properties"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifRuleTags struct {
		Tags             []string `json:"tags"`
		Precision        string   `json:"precision"`
		SecuritySeverity string   `json:"security-severity"`
	}
	sarifMessage struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		ExitCode      int                 `json:"exitCode"`
		Start         string              `json:"startTimeUtc,omitempty"`
		End           string              `json:"endTimeUtc,omitempty"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifProvenance struct {
		Repository string `json:"repositoryUri"`
		Revision   string `json:"revisionId,omitempty"`
		Branch     string `json:"branch,omitempty"`
	}
	sarifArtifact struct {
		URI         string        `json:"uri,omitempty"`
		BaseID      string        `json:"uriBaseId,omitempty"`
		Description *sarifMessage `json:"description,omitempty"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifResult struct {
		RuleID       string                `json:"ruleId"`
		RuleIndex    int                   `json:"ruleIndex"`
		Level        string                `json:"level"`
		Message      sarifMessage          `json:"message"`
		Locations    []sarifLocation       `json:"locations"`
		Related      []sarifLocation       `json:"relatedLocations,omitempty"`
		Fingerprints sarifFingerprints     `json:"partialFingerprints"`
		Suppressions []sarifSuppression    `json:"suppressions,omitempty"`
		Properties   sarifResultProperties `json:"properties"`
	}
	sarifSuppression struct {
		Kind          string         `json:"kind"`
		Status        string         `json:"status"`
		Justification string         `json:"justification"`
		Location      *sarifLocation `json:"location,omitempty"`
	}
	sarifFingerprints struct {
		Line string `json:"primaryLocationLineHash"`
		Cork string `json:"cork/v1,omitempty"`
	}
	sarifResultProperties struct {
		Severity   rules.Severity   `json:"severity"`
		Confidence rules.Confidence `json:"confidence"`
		Encoding   string           `json:"encoding,omitempty"`
		Expires    *time.Time       `json:"expires,omitempty"`
		Commit     string           `json:"commit,omitempty"`
		Author     string           `json:"author,omitempty"`
		Date       *time.Time       `json:"date,omitempty"`
		AtHead     *bool            `json:"at_head,omitempty"`
		InNet      *bool            `json:"in_net,omitempty"`
	}
	sarifLocation struct {
		ID       int           `json:"id,omitempty"`
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifMessage `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"` // exclusive
	}
)

func (w *sarifWriter) Write(f scanner.Finding) error {
	hash := digest("cork line 1", f.RuleID, f.Location.Path, f.Line)[:16]
	w.worst.add(f, fmt.Sprintf("%s:%d", hash, w.seen.next(hash)))
	return nil
}

func (w *sarifWriter) Close(r Result) error {
	results := []sarifResult{}
	for _, f := range w.worst.inOrder() {
		results = append(results, w.result(&f.Finding, f.note))
	}
	run := sarifRun{
		Tool: sarifTool{sarifDriver{
			Name: w.meta.Name, SemanticVersion: w.meta.Version, InformationURI: w.meta.URI,
			Rules: append([]sarifRule{}, w.rules...),
		}},
		Invocations: []sarifInvocation{w.invocation(&r)},
		BaseIDs:     map[string]sarifArtifact{sourceRoot: {Description: &sarifMessage{Text: "the root of the repository, or the folder that was scanned from"}}},
		ColumnKind:  "unicodeCodePoints",
		Results:     results,
	}
	if w.meta.Mode != "" {
		run.Automation = &sarifAutomation{cmp.Or(w.meta.Name, "cork") + "/" + w.meta.Mode + "/"}
	}
	if w.meta.Of != "" {
		run.Properties = &sarifRunProperties{w.meta.Of}
	}
	if w.meta.Repository != "" {
		run.Provenance = []sarifProvenance{{w.meta.Repository, w.meta.Revision, validUTF8(w.meta.Branch)}}
	}
	log := sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}
	if err := encodeIndented(w.w, log, "", " "); err != nil {
		return err
	}
	w.w.WriteByte('\n')
	return w.w.Flush()
}

const sourceRoot = "%SRCROOT%"

func (w *sarifWriter) result(f *scanner.Finding, lineHash string) sarifResult {
	res := sarifResult{
		RuleID: f.RuleID, RuleIndex: w.rule(f), Level: sarifLevelOf(f.Severity),
		Message:      sarifMessage{Text: sarifText(messageText(f), maxSARIFText)},
		Locations:    []sarifLocation{newSARIFLocation(&f.Location, f.AboutPath())},
		Fingerprints: sarifFingerprints{lineHash, f.Fingerprint},
		Properties:   sarifResultProperties{Severity: f.Severity, Confidence: f.Confidence, Encoding: f.Encoding, InNet: f.InNet},
	}
	if f.Suppression != nil {
		res.Suppressions = []sarifSuppression{newSARIFSuppression(f.Suppression)}
	}
	related := func(l *scanner.Location, what string) {
		at := newSARIFLocation(l, f.AboutPath())
		at.ID, at.Message = len(res.Related)+1, &sarifMessage{Text: sarifText(what, maxSARIFText)}
		res.Related = append(res.Related, at)
	}
	for i := range f.Parts {
		related(&f.Parts[i].Location, "the "+f.Parts[i].Name)
	}
	if c := commitOf(f); c != nil {
		res.Properties.Commit, res.Properties.Author, res.Properties.Date = c.ID, authorOf(c), jsonDate(c.Date)
	}
	if !f.Expires.IsZero() {
		res.Properties.Expires = jsonDate(f.Expires)
	}
	if s := f.Story; s != nil {
		res.Properties.AtHead = &s.AtHead
		for i := range s.Places {
			p := &s.Places[i]
			if samePlace(p, f) {
				continue
			}
			what := "the same secret"
			if p.AtHead {
				what += ", at HEAD"
			} else if p.Commit != nil {
				what += ", since commit " + short(p.Commit.ID)
			}
			related(&p.Location, what)
		}
	}
	return res
}

func newSARIFSuppression(s *scanner.Suppression) sarifSuppression {
	out := sarifSuppression{Kind: "external", Status: "accepted", Justification: sarifText(s.String(), maxSARIFText)}
	if s.By == scanner.SuppressedInline {
		out.Kind = "inSource"
	}
	if s.File != "" {
		out.Location = &sarifLocation{Physical: sarifPhysical{Artifact: newSARIFArtifact(s.File)}}
		if s.Line > 0 {
			out.Location.Physical.Region = &sarifRegion{StartLine: s.Line}
		}
	}
	return out
}

// rule returns the index of a finding's rule, which it adds to the rules that
// are told of if it is the first one.
func (w *sarifWriter) rule(f *scanner.Finding) int {
	if i, ok := w.index[f.RuleID]; ok {
		return i
	}
	r := rules.Rule{ID: f.RuleID, Description: f.Description, Provider: f.Provider,
		Severity: f.Severity, Confidence: f.Confidence, Revoke: f.Revoke, Docs: f.Docs}
	if w.meta.Rule != nil {
		if known, ok := w.meta.Rule(f.RuleID); ok {
			r = known
		}
	}
	if w.index == nil {
		w.index = make(map[string]int)
	}
	w.index[f.RuleID] = len(w.rules)
	w.rules = append(w.rules, newSARIFRule(&r))
	return w.index[f.RuleID]
}

func newSARIFRule(r *rules.Rule) sarifRule {
	what := cmp.Or(r.Description, r.ID)
	opens := Opens(r.Severity, r.Provider)
	revoke := cmp.Or(r.Revoke, "revoke it where it was issued")
	out := sarifRule{
		ID: r.ID, Name: shorten(newNames(r.ID, "").pascal, maxSARIFName),
		Short: sarifMessage{Text: sarifText(what, maxSARIFText)},
		Full:  sarifMessage{Text: sarifText("A secret in the repository: "+what+". "+opens, maxSARIFText)},
		Help: sarifMessage{
			Text:     sarifText(opens+" To revoke it: "+revoke+". To take it out of the files is not enough: what was in a repository has been read.", maxSARIFText),
			Markdown: "**What it opens**\n\n" + sarifMarkdown(opens) + "\n\n**How to revoke it**\n\n" + sarifMarkdown(revoke) + "\n\nTo take it out of the files is not enough: what was in a repository has been read.\n",
		},
		Configuration: sarifLevel{sarifLevelOf(r.Severity)},
		Properties: sarifRuleTags{
			Tags:             []string{"security", "secret", "external/cwe/cwe-798"},
			Precision:        r.Confidence.String(),
			SecuritySeverity: securitySeverity(r.Severity),
		},
	}
	if isWebURL(r.Docs) {
		out.HelpURI = r.Docs
		out.Help.Text += " " + sarifText("More: "+r.Docs, maxSARIFText)
		out.Help.Markdown += "\n[Documentation](<" + strings.NewReplacer("<", "%3C", ">", "%3E").Replace(r.Docs) + ">)\n"
	}
	return out
}

// invocation says how the scan went, with a notification for everything that it
// did not read and for the results that were left out.
func (w *sarifWriter) invocation(r *Result) sarifInvocation {
	inv := sarifInvocation{Successful: r.Complete(), ExitCode: r.ExitCode}
	if start := w.meta.Start; !start.IsZero() {
		const layout = "2006-01-02T15:04:05.000Z"
		inv.Start, inv.End = start.UTC().Format(layout), start.Add(r.Elapsed).UTC().Format(layout)
	}
	note := func(level, text string, locations ...sarifLocation) {
		inv.Notifications = append(inv.Notifications, sarifNotification{level, sarifMessage{Text: sarifText(text, maxSARIFText)}, locations})
	}
	if r.Interrupted {
		note("error", "interrupted: the scan is not complete")
	}
	for i, err := range r.Errors {
		if i == maxSARIFNotifications {
			note("error", "and "+count(len(r.Errors)-i, "more error"))
			break
		}
		e := newJSONError(err)
		text := e.Message
		if e.Hint != nil {
			text += " (" + *e.Hint + ")"
		}
		var at []sarifLocation
		if e.Path != nil {
			at = []sarifLocation{{Physical: sarifPhysical{Artifact: newSARIFArtifact(blobPath(err))}}}
		}
		note("error", text, at...)
	}
	for _, s := range skips(r.Skipped) {
		level := "note"
		if s.reason.Incomplete() {
			level = "error"
		}
		note(level, "not scanned: "+string(s.reason)+" "+thousands(int64(s.n)))
	}
	if n := w.worst.cut(); n > 0 {
		note("warning", "the "+thousands(maxSARIFResults)+" most severe results are here; "+countNot(n))
	}
	return inv
}

func newSARIFLocation(l *scanner.Location, nameOnly bool) sarifLocation {
	region := &sarifRegion{StartLine: max(1, l.Line)}
	if !nameOnly {
		region.StartColumn, region.EndLine, region.EndColumn = max(1, l.Column), max(1, l.EndLine), max(1, l.EndColumn)+1
	}
	return sarifLocation{Physical: sarifPhysical{Artifact: newSARIFArtifact(l.Path), Region: region}}
}

// newSARIFArtifact returns the place of a file: relative to the root unless its
// path is absolute.
func newSARIFArtifact(p string) sarifArtifact {
	if path.IsAbs(p) {
		return sarifArtifact{URI: "file://" + percentEncode(p)}
	}
	return sarifArtifact{URI: cmp.Or(percentEncode(p), "."), BaseID: sourceRoot}
}

// percentEncode returns a path as a URI can hold it. What is not plain is
// encoded byte by byte, so no path, whatever its bytes, is ambiguous or has a
// scheme.
func percentEncode(p string) string {
	const plain, hex = "-._~/!", "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(p) {
		c := p[i]
		if c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + hex[c>>4:c>>4+1] + hex[c&15:c&15+1])
		}
	}
	return b.String()
}

// sarifText returns text for a message: cut to so many characters, without
// what SARIF would take for a link or a placeholder (3.11.5 and 3.11.6).
func sarifText(s string, most int) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "{", "{{", "}", "}}").Replace(shorten(s, most))
}

// sarifMarkdown returns text that stands in Markdown as it is, but for links.
func sarifMarkdown(s string) string {
	const markup = "\\`*_{}[]<>#|~&!"
	var b strings.Builder
	for _, r := range shorten(s, maxSARIFText) {
		if strings.ContainsRune(markup, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func sarifLevelOf(s rules.Severity) string {
	switch s {
	case rules.SeverityCritical, rules.SeverityHigh:
		return "error"
	case rules.SeverityMedium:
		return "warning"
	}
	return "note"
}

// securitySeverity is what GitHub makes critical (over 9), high (over 7), medium
// (4 and more) and low of.
func securitySeverity(s rules.Severity) string {
	switch s {
	case rules.SeverityCritical:
		return "9.5"
	case rules.SeverityHigh:
		return "8.0"
	case rules.SeverityMedium:
		return "5.5"
	}
	return "2.0"
}

// isWebURL reports whether a rule's Docs can be a link.
func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && printable(s) && !strings.ContainsAny(s, " \"<>\\^`{|}")
}
