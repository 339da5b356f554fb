package report_test

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/report"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

func options() report.Options {
	return report.Options{Meta: report.Meta{
		Name: "cork", Version: "1.2.3", URI: "https://example.com/cork", Mode: "files",
		Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}}
}

// render returns a report as cork writes it: with secrets masked wherever they
// stand, unless they are to be shown.
func render(t testing.TB, format string, o report.Options, r report.Result, findings ...scanner.Finding) string {
	t.Helper()
	var out bytes.Buffer
	o.Text.Summary = true
	w, err := report.New(format, &out, o)
	if err != nil {
		t.Fatal(err)
	}
	if !o.ShowSecrets {
		w = report.Masked(w, new(report.Masker))
	}
	for _, f := range findings {
		if err := w.Write(f); err != nil {
			t.Fatalf("%s: Write: %v", format, err)
		}
	}
	if err := w.Close(r); err != nil {
		t.Fatalf("%s: Close: %v", format, err)
	}
	return out.String()
}

// found is the result of a complete scan that found so many.
func found(n int) report.Result {
	return report.Result{Summary: scanner.Summary{Blobs: 9, Bytes: 1204, Findings: n}, Elapsed: 14 * time.Millisecond, ExitCode: min(n, 1)}
}

// A scanCase is a scan whose report is kept in every format.
type scanCase struct {
	name     string
	options  report.Options
	result   report.Result
	findings []scanner.Finding
}

func scanCases() []scanCase {
	with := func(change func(f *scanner.Finding)) scanner.Finding {
		f := finding()
		f.Fingerprint = "example-token:0123456789abcdef0123"
		change(&f)
		return f
	}
	all := []scanner.Finding{
		with(func(f *scanner.Finding) {}),
		with(func(f *scanner.Finding) { // the same line once more
			f.Location.Line, f.Location.EndLine = 40, 40
		}),
		with(func(f *scanner.Finding) {
			f.RuleID, f.Description, f.Severity, f.Confidence = "example-key", "Example key", rules.SeverityCritical, rules.ConfidenceHigh
			f.Fingerprint, f.Provider, f.Docs = "example-key:0123456789abcdef0123", "Example", "https://example.com/keys"
			f.Location.EndLine, f.Location.EndColumn = 15, 3
			f.Parts = withParts().Parts[:2]
		}),
		with(func(f *scanner.Finding) {
			f.RuleID, f.Description, f.Severity, f.Confidence = "example-id", "Example id", rules.SeverityLow, rules.ConfidenceLow
			f.Location.Path, f.Encoding, f.Revoke = "a dir/日本.json", "base64, json", ""
			f.Expires = time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
		}),
		with(func(f *scanner.Finding) {
			f.RuleID, f.Description, f.Severity, f.Secret, f.Line = "example-file", "File that holds keys", rules.SeverityMedium, scanner.Secret{}, ""
			f.Location = scanner.Location{Path: "keys/.secrets", Line: 1, Column: 1, EndLine: 1, EndColumn: 1}
			f.Entropy, f.Revoke = 0, ""
		}),
		with(func(f *scanner.Finding) { f.Location.Path = "site.tar.gz!/lib/app.jar!/app.yml" }),
		with(func(f *scanner.Finding) { f.Location.Path = "/etc/app/config.yml" }),
		with(func(f *scanner.Finding) {
			f.InPath, f.Line = true, ""
			f.Location = scanner.Location{Path: "backups/" + f.Secret.String() + ".txt", Line: 1, Column: 1, EndLine: 1, EndColumn: 1}
		}),
	}
	suppressed := []scanner.Finding{
		with(func(f *scanner.Finding) {
			f.Suppression = &scanner.Suppression{By: scanner.SuppressedInline, Reason: "made up", File: f.Location.Path, Line: 11}
		}),
		all[0],
		with(func(f *scanner.Finding) {
			f.Suppression = &scanner.Suppression{By: scanner.SuppressedBaseline, File: ".cork-baseline"}
		}),
	}
	rule := func(id string) (rules.Rule, bool) {
		return rules.Rule{ID: id, Description: "Token as its rule tells it", Severity: rules.SeverityMedium, Confidence: rules.ConfidenceLow, Docs: "https://example.com/docs"}, id == "example-token"
	}
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	commit := func(id, subject string) *scanner.Commit {
		return &scanner.Commit{ID: strings.Repeat(id, 20), Author: "A U Thor", Email: "author@example.com", Date: start, Subject: subject}
	}
	history := []scanner.Finding{
		with(func(f *scanner.Finding) {
			f.Location.Blob, f.Location.Commit = strings.Repeat("b0", 20), commit("c1", "add the configuration")
			f.Story = &scanner.Story{
				Introduced: commit("c1", "add the configuration"), AtHead: true, Reachable: true, Commits: 2, Blobs: 1, Days: 3,
				Refs: []string{"refs/heads/main", "refs/tags/v1.0"}, RefsTotal: 2, PlacesTotal: 2,
				Places: []scanner.Place{
					{Location: f.Location, AtHead: true},
					{Location: scanner.Location{Path: "old.yml", Blob: strings.Repeat("b1", 20), Commit: commit("c0", "first"), Line: 3, Column: 2, EndLine: 3, EndColumn: 38}},
				},
			}
		}),
		with(func(f *scanner.Finding) {
			f.Location.Path, f.Location.Blob, f.Location.Commit = "(commit message)", strings.Repeat("c2", 20), commit("c2", "read it from outside")
			f.Story = &scanner.Story{Introduced: commit("c2", "read it from outside"), Removed: commit("c3", "away"), Reachable: true, Commits: 1, Blobs: 1,
				PlacesTotal: 1, Places: []scanner.Place{{Location: f.Location}}}
		}),
		with(func(f *scanner.Finding) {
			f.Location.Blob, f.Story = strings.Repeat("b3", 20), &scanner.Story{Blobs: 1}
		}),
	}
	ranged := []scanner.Finding{with(func(f *scanner.Finding) { f.Location.Commit = commit("c4", "add the configuration") })}
	yes, no := true, false
	branch := []scanner.Finding{
		with(func(f *scanner.Finding) { f.Location.Commit, f.InNet = commit("c4", "add the configuration"), &yes }),
		with(func(f *scanner.Finding) {
			f.Location.Path, f.Location.Commit, f.InNet = "gone.yml", commit("c5", "add and remove"), &no
		}),
		with(func(f *scanner.Finding) {
			f.Location.Path, f.Location.Blob, f.Location.Commit, f.InNet = "(commit message)", strings.Repeat("c6", 20), commit("c6", "a message"), &no
		}),
		with(func(f *scanner.Finding) { f.Location.Path, f.InNet = "merged.yml", &yes }),
	}
	hostileCommit := commit("c5", "::error::\r\n##[stop-commands]x <script>alert(1)</script> | `id` \x1b[31m %0A::add-mask::x \u202e")
	hostileCommit.Author, hostileCommit.Email = "=cmd|' /C calc'!A0 \"<b>\xff", "@evil\n::warning::x"
	var hostile []scanner.Finding
	for _, path := range hostilePaths() {
		hostile = append(hostile, with(func(f *scanner.Finding) {
			f.Location.Path, f.Location.Commit = path, hostileCommit
			f.Line = "##[add-mask]x ::error:: " + f.Secret.String() + "\x1b[0m"
		}))
	}
	incomplete := found(1)
	incomplete.Skipped = map[scanner.SkipReason]int{scanner.SkipSubmodule: 2, scanner.SkipEncryptedEntry: 1}
	incomplete.Errors = []error{
		&scanner.BlobError{Path: "a\nb\xff.txt", Err: scanner.WithHint(errors.New("permission denied"), "chmod +r")},
		errors.New("::error::boom ##[error] <b> | [x](y) {0}"),
	}
	interrupted := found(0)
	interrupted.Interrupted, interrupted.Errors, interrupted.ExitCode = true, []error{errors.New("context canceled")}, 130
	failed := report.Result{Summary: scanner.Summary{Errors: []error{scanner.WithHint(errors.New("not a git repository"), "git init")}}, ExitCode: 2}

	withRule, withSuppressed, inCI, ofCommits, ofNet := options(), options(), options(), options(), options()
	ofCommits.Meta.Mode, ofCommits.Meta.Of = "ci", "commits"
	ofNet.Meta.Mode, ofNet.Meta.Of = "ci", "net-diff"
	withRule.Meta.Rule = rule
	withSuppressed.Suppressed = true
	inCI.Meta.Mode = "history"
	inCI.Meta.Repository, inCI.Meta.Revision, inCI.Meta.Branch = "https://example.com/shop", strings.Repeat("c1", 20), "main"
	ofHistory := found(3)
	ofHistory.Commits, ofHistory.History = 5, &report.Tally{AtHead: 1, History: 1, NoRef: 1}
	ofSuppressed := found(1)
	ofSuppressed.Suppressed = 2
	ofBranch := found(len(branch))
	ofBranch.Warnings = []string{"the range changes \"a\n::error::x\", ##[error] %0A; look at it"}
	return []scanCase{
		{"empty", options(), found(0), nil},
		{"all", withRule, found(len(all)), all},
		{"suppressed", withSuppressed, ofSuppressed, suppressed},
		{"history", inCI, ofHistory, history},
		{"range", options(), found(1), ranged},
		{"branch", ofCommits, ofBranch, branch},
		{"net", ofNet, found(1), branch[3:]},
		{"hostile", options(), found(len(hostile)), hostile},
		{"incomplete", options(), incomplete, all[:1]},
		{"interrupted", options(), interrupted, nil},
		{"failed", options(), failed, nil},
	}
}

func hostilePaths() []string {
	return []string{
		"a\n::error file=x::y", "::error::x", "##[error]x", "a##vso[task.complete]x", "%0A::stop-commands::x", "a|b`c`*d*_e_~f~", "<img src=x onerror=alert(1)>",
		"[click](https://example.com)@team #1", "=1+1", "+1", "-1", "@sum", "\t=1", "\"quoted\"", "a,b;c'd", "\x1b]0;title\x07\x1b[31m", "caf\xe9", "\u202egpj.exe", "../up.yml", "a:b",
		" leading", "trailing ", "]]>&amp;", "a\\b", "{0}", "\u009b31m", "a\rb", strings.Repeat("long/", 100),
	}
}

// TestGolden holds every format of every case to what is in testdata, and to
// being well-formed.
func TestGolden(t *testing.T) {
	for _, c := range scanCases() {
		for _, format := range report.Formats() {
			t.Run(c.name+"/"+format, func(t *testing.T) {
				got := render(t, format, c.options, c.result, c.findings...)
				if err := wellFormed(format, []byte(got)); err != nil {
					t.Errorf("not well-formed: %v\n%s", err, got)
				}
				name := filepath.Join("testdata", c.name+"."+format+".golden")
				if *update {
					if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				want, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("%s = \n%s\nwant\n%s", name, got, want)
				}
			})
		}
	}
}

func TestNewRefusesUnknownFormats(t *testing.T) {
	for format, hint := range map[string]string{"sarf": "did you mean sarif?", "xml": "formats are text, json, "} {
		w, err := report.New(format, new(bytes.Buffer), report.Options{})
		if w != nil || err == nil || !strings.Contains(err.Error(), strconv.Quote(format)) || !strings.HasPrefix(scanner.HintOf(err), hint) {
			t.Errorf("New(%q) = %v, %v (hint %q), want an error and the hint %q", format, w, err, scanner.HintOf(err), hint)
		}
	}
}

// spellings returns a secret as any of the formats could spell it.
func spellings(secret string) []string {
	quoted, _ := json.Marshal(secret)
	all := []string{secret, strconv.Quote(secret), string(quoted), html.EscapeString(secret), url.PathEscape(secret), url.QueryEscape(secret),
		hex.EncodeToString([]byte(secret)), report.Printable(secret)}
	var references, octal strings.Builder
	for _, c := range []byte(secret) {
		fmt.Fprintf(&references, "&#%d;", c)
		fmt.Fprintf(&octal, "\\%03o", c)
	}
	all = append(all, references.String(), octal.String())
	for before := range 3 {
		b := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + secret))
		all = append(all, b[(8*before+5)/6:len(b)-1])
	}
	for i, s := range all {
		all[i] = strings.Trim(s, `"`)
	}
	return all
}

// withSecretEverywhere is a finding whose secret also stands in all that comes
// from what was scanned.
func withSecretEverywhere(secret string) (scanner.Finding, report.Result) {
	f := withParts()
	f.Secret = scanner.NewToken(secret)
	f.Location.Path = "logs/" + secret + "!/" + secret + ".txt"
	f.Line, f.Key = "x = "+secret, secret
	f.Reasons = []string{"like " + secret}
	c := &scanner.Commit{ID: strings.Repeat("c0", 20), Author: secret, Email: secret + "@example.com", Subject: "add " + secret}
	f.Location.Commit = c
	f.Story = &scanner.Story{Introduced: c, Removed: c, AtHead: true, Refs: []string{"refs/heads/" + secret}, RefsTotal: 1,
		Places: []scanner.Place{{Location: scanner.Location{Path: secret, Commit: c, Line: 1, Column: 1, EndLine: 1, EndColumn: 1}}}, PlacesTotal: 1}
	r := found(1)
	r.Errors = []error{&scanner.BlobError{Path: secret, Err: scanner.WithHint(errors.New("bad "+secret), "rm "+secret)}, errors.New(secret)}
	return f, r
}

// TestNoFormatShowsSecrets is the promise of the package.
func TestNoFormatShowsSecrets(t *testing.T) {
	odd := strings.Join([]string{`Tr0ub4`, `or&3<>"'`, "`|=,%", `\_*[x]é `, "z9"}, "")
	for _, secret := range []string{clearToken(), odd} {
		f, r := withSecretEverywhere(secret)
		suppressed := f
		suppressed.Suppression = &scanner.Suppression{By: scanner.SuppressedInline, Reason: secret, File: secret, Line: 1}
		for _, format := range report.Formats() {
			o := options()
			o.Suppressed = true
			out := render(t, format, o, r, f, suppressed)
			for _, s := range spellings(secret) {
				if strings.Contains(out, s) {
					t.Errorf("%s shows the secret as %q:\n%s", format, s, out)
				}
			}
			if err := wellFormed(format, []byte(out)); err != nil {
				t.Errorf("%s is not well-formed: %v\n%s", format, err, out)
			}
		}
	}
}

// TestShowSecrets shows them where there is a place for them, and nowhere else.
func TestShowSecrets(t *testing.T) {
	shows := []string{"text", "json", "jsonl", "csv", "gitleaks-json"}
	for _, format := range report.Formats() {
		o := options()
		o.ShowSecrets = true
		out := render(t, format, o, found(1), finding())
		if got, want := strings.Contains(out, clearToken()), slices.Contains(shows, format); got != want {
			t.Errorf("%s with ShowSecrets: shown = %v, want %v", format, got, want)
		}
	}
}

// TestSuppressedIsLeftOut of formats that could not tell it from what is
// reported.
func TestSuppressedIsLeftOut(t *testing.T) {
	f := finding()
	f.Suppression = &scanner.Suppression{By: scanner.SuppressedAllowlist, File: ".cork.toml", Line: 3}
	for _, format := range []string{"gitlab", "codequality", "junit", "csv", "sonar", "github", "azure", "markdown", "gitleaks-json"} {
		with, without := render(t, format, options(), found(1), f, finding()), render(t, format, options(), found(1), finding())
		if with != without {
			t.Errorf("%s with a suppressed finding = \n%s\nwant\n%s", format, with, without)
		}
	}
}

// many returns findings of which every hundredth is critical and the rest is low.
func many(n int) []scanner.Finding {
	all := make([]scanner.Finding, n)
	for i := range all {
		all[i] = finding()
		all[i].Severity = rules.SeverityLow
		if i%100 == 99 {
			all[i].Severity = rules.SeverityCritical
		}
		all[i].Location.Path = fmt.Sprintf("dir-%d/%s.txt", i, strings.Repeat("<|>", 70))
	}
	return all
}

func TestSARIFKeepsTheMostSevere(t *testing.T) {
	const n = 5_432
	out := render(t, "sarif", options(), found(n), many(n)...)
	if err := wellFormed("sarif", []byte(out)); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct {
			Results []struct {
				Level     string
				Locations []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
			}
			Invocations []struct {
				ToolExecutionNotifications []struct{ Message struct{ Text string } }
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &log); err != nil {
		t.Fatal(err)
	}
	results := log.Runs[0].Results
	critical, last := 0, -1
	for _, r := range results {
		if r.Level == "error" {
			critical++
		}
		var i int
		if _, err := fmt.Sscanf(r.Locations[0].PhysicalLocation.ArtifactLocation.URI, "dir-%d/", &i); err != nil || i <= last {
			t.Fatalf("result %s after number %d: %v", r.Locations[0].PhysicalLocation.ArtifactLocation.URI, last, err)
		}
		last = i
	}
	if len(results) != 5000 || critical != n/100 {
		t.Errorf("%d results, %d of them critical, want 5000 and %d", len(results), critical, n/100)
	}
	notes := log.Runs[0].Invocations[0].ToolExecutionNotifications
	if len(notes) != 1 || notes[0].Message.Text != "the 5,000 most severe results are here; 432 are not" {
		t.Errorf("notifications = %+v", notes)
	}
}

func TestJUnitKeepsTheMostSevere(t *testing.T) {
	out := render(t, "junit", options(), found(6000), many(6000)...)
	if err := wellFormed("junit", []byte(out)); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{"<testcase ": 5002, `type="critical"`: 60, "the 5,000 most severe are shown; 1,000 are not": 1, ` tests="5002" failures="5001" errors="0" `: 1} {
		if got := strings.Count(out, text); got != want {
			t.Errorf("%d times %q, want %d", got, text, want)
		}
	}
}

func TestMarkdownFitsASummary(t *testing.T) {
	out := render(t, "markdown", options(), found(6000), many(6000)...)
	if err := wellFormed("markdown", []byte(out)); err != nil {
		t.Fatal(err)
	}
	shown := strings.Count(out, "| low |") + strings.Count(out, "| critical |")
	if strings.Count(out, "| critical |") != 60 || !strings.Contains(out, fmt.Sprintf("The most severe are shown; %d,%03d are not.", (6000-shown)/1000, (6000-shown)%1000)) {
		t.Errorf("%d rows, %d of them critical, in %d bytes, that end in %q", shown, strings.Count(out, "| critical |"), len(out), out[len(out)-300:])
	}
}

func TestGitHubShowsTheTenWorst(t *testing.T) {
	critical := func(out string) (n int) {
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, "::error file=dir-99/") || strings.HasPrefix(line, "::error file=dir-199/") {
				n++
			}
		}
		return n
	}
	out := render(t, "github", options(), found(200), many(200)...)
	if strings.Count(out, "::error ") != 10 || critical(out) != 2 || !strings.HasPrefix(out, "::error file=dir-99/") || !strings.HasSuffix(out, "::warning title=cork::and 190 more secrets\n") {
		t.Errorf("200 findings are\n%s", out)
	}
	r := found(200)
	r.Errors = []error{errors.New("boom")}
	out = render(t, "github", options(), r, many(200)...)
	if strings.Count(out, "::error ") != 10 || !strings.HasPrefix(out, "::error title=cork::the scan is not complete: 1 error\n::error file=dir-99/") || !strings.HasSuffix(out, "and 191 more secrets\n") {
		t.Errorf("200 findings of an incomplete scan are\n%s", out)
	}
}

func TestAzureShowsTheTenWorst(t *testing.T) {
	r := found(200)
	r.Errors = []error{errors.New("boom")}
	out := render(t, "azure", options(), r, many(200)...)
	const first = "##vso[task.logissue type=error]cork: the scan is not complete: 1 error\n##vso[task.logissue type=error;sourcepath=dir-99/"
	if strings.Count(out, " type=error") != 10 || !strings.HasPrefix(out, first) || !strings.HasSuffix(out, "##vso[task.logissue type=warning]cork: and 191 more secrets\n") {
		t.Errorf("200 findings of an incomplete scan are\n%s", out)
	}
}

// TestFingerprintsOfReports do not depend on lines, and are unique.
func TestFingerprintsOfReports(t *testing.T) {
	ids := func(format string, findings ...scanner.Finding) (all []string) {
		out := render(t, format, options(), found(len(findings)), findings...)
		key := map[string]string{"sarif": "primaryLocationLineHash", "gitlab": "id", "codequality": "fingerprint"}[format]
		for _, part := range strings.Split(out, `"`+key+`":`)[1:] {
			if id := strings.Split(part, `"`)[1]; id != "cork" { // the id of GitLab's analyzer
				all = append(all, id)
			}
		}
		return all
	}
	first, second, third := finding(), finding(), finding()
	second.Location.Line, third.Location.Path = 99, "other.yml"
	for _, format := range []string{"sarif", "gitlab", "codequality"} {
		got := ids(format, first, second, third)
		if len(got) != 3 || got[0] == got[1] || got[1] == got[2] || got[0] == got[2] {
			t.Errorf("%s: three places have the ids %q", format, got)
			continue
		}
		if moved := ids(format, second, first); moved[0] != got[0] || moved[1] != got[1] {
			t.Errorf("%s: at other lines the ids are %q, want %q", format, moved, got[:2])
		}
	}
}

func TestGitleaksKeys(t *testing.T) {
	out := render(t, "gitleaks-json", options(), found(1), finding())
	var keys []string
	for line := range strings.Lines(out) {
		if key, ok := strings.CutPrefix(line, `  "`); ok {
			keys = append(keys, key[:strings.IndexByte(key, '"')])
		}
	}
	want := "RuleID Description StartLine EndLine StartColumn EndColumn Match Secret File SymlinkFile Commit Entropy Author Email Date Message Tags Fingerprint"
	if got := strings.Join(keys, " "); got != want {
		t.Errorf("keys = %s, want %s", got, want)
	}
	f := finding()
	f.Location.Path = "a.zip!/b.zip!/c"
	for _, tt := range []struct {
		commit *scanner.Commit
		want   string
	}{{nil, `"a.zip!b.zip!c:example-token:12"`}, {&scanner.Commit{ID: "c0ffee"}, `"c0ffee:a.zip!b.zip!c:example-token:12"`}} {
		f.Location.Commit = tt.commit
		if out := render(t, "gitleaks-json", options(), found(1), f); !strings.Contains(out, `"Fingerprint": `+tt.want) {
			t.Errorf("no fingerprint %s in\n%s", tt.want, out)
		}
	}
}

func TestSARIFURIs(t *testing.T) {
	tests := []struct{ path, want string }{
		{"a/b c.txt", "a/b%20c.txt"},
		{"caf\xe9", "caf%E9"},
		{"日本", "%E6%97%A5%E6%9C%AC"},
		{"a:b", "a%3Ab"},
		{"a.zip!/b#c?d", "a.zip!/b%23c%3Fd"},
		{"100%", "100%25"},
		{"/etc/a b", "file:///etc/a%20b"},
		{"../a", "../a"},
	}
	for _, tt := range tests {
		f := finding()
		f.Location.Path = tt.path
		out := render(t, "sarif", options(), found(1), f)
		if !strings.Contains(out, `"uri": "`+tt.want+`"`) {
			t.Errorf("the path %q: no URI %s in\n%s", tt.path, tt.want, out)
		}
		if absolute := strings.HasPrefix(tt.path, "/"); absolute == strings.Contains(out, `"uriBaseId": "%SRCROOT%"`) {
			t.Errorf("the path %q: relative to the root = %v", tt.path, absolute)
		}
	}
}

// TestCSVCells reads back what a spreadsheet would see.
func TestCSVCells(t *testing.T) {
	f := finding()
	f.Location.Path = "=HYPERLINK(\"https://example.com\"),\"x\"\n"
	f.Location.Commit = &scanner.Commit{ID: "c0ffee", Author: "-A", Email: "@b", Subject: "+c, \"d\"\r\n=1"}
	records, err := csv.NewReader(strings.NewReader(render(t, "csv", options(), found(1), f))).ReadAll()
	if err != nil || len(records) != 2 {
		t.Fatalf("%q, %v", records, err)
	}
	got := make(map[string]string)
	for i, name := range records[0] {
		got[name] = records[1][i]
	}
	for name, want := range map[string]string{
		"path": `"=HYPERLINK(\"https://example.com\"),\"x\"\n"`, "author": "'-A", "email": "'@b", "subject": `'+c, "d"\r\n=1`,
		"commit": "c0ffee", "line": "12", "secret": "cork********", "severity": "high",
	} {
		if got[name] != want {
			t.Errorf("%s = %q, want %q", name, got[name], want)
		}
	}
}

// FuzzFormats: whatever is scanned, every report is well-formed, and no secret
// that was found is in it.
func FuzzFormats(f *testing.F) {
	for i, path := range hostilePaths() {
		f.Add(path, hostilePaths()[(i+1)%len(hostilePaths())], "boom \xff", 1+i, i%2 == 0)
	}
	f.Add(".//./up.yml", "text", "boom", 1, true)
	f.Add("./", "text", "boom", 1, false)
	f.Fuzz(func(t *testing.T, path, text, problem string, line int, named bool) {
		if strings.ContainsRune(path, 0) || path == "" {
			return // no path is like that
		}
		line = max(1, line)
		a := finding()
		a.Location = scanner.Location{Path: path, Line: line, Column: line, EndLine: line, EndColumn: line}
		a.Line, a.Key, a.Encoding, a.Reasons = text, text, text, []string{text}
		a.Description, a.Revoke, a.Docs = text, text, "https://"+text
		a.Fingerprint = "example-token:0123456789abcdef0123"
		if named {
			a.Secret = scanner.Secret{}
		}
		b := a
		b.Secret = scanner.NewToken(clearToken())
		b.Location.Path = path + clearToken()
		b.Location.Commit = &scanner.Commit{ID: strings.Repeat("c0", 20), Author: text, Email: text, Subject: text + clearToken(), Date: time.Unix(int64(line), 0).UTC()}
		b.Story = &scanner.Story{Introduced: b.Location.Commit, Refs: []string{text}, RefsTotal: 1, Places: []scanner.Place{{Location: a.Location}, {Location: b.Location}}, PlacesTotal: 2}
		c := a
		c.Suppression = &scanner.Suppression{By: scanner.SuppressedAllowlist, Reason: text, File: path, Line: line}
		r := found(2)
		r.Errors = []error{&scanner.BlobError{Path: path, Err: scanner.WithHint(errors.New("a "+problem), text)}, errors.New("b " + problem + clearToken())}
		r.Skipped = map[scanner.SkipReason]int{scanner.SkipLFS: line}
		for _, format := range report.Formats() {
			out := render(t, format, options(), r, a, b, c)
			if err := wellFormed(format, []byte(out)); err != nil {
				t.Errorf("%s is not well-formed: %v\n%s", format, err, out)
			}
			if strings.Contains(out, clearToken()) {
				t.Errorf("%s shows the secret:\n%s", format, out)
			}
		}
	})
}
