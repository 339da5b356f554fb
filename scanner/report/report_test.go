package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/report"
)

// clear is a token of no service, put together so that it stands nowhere.
func clearToken() string { return "cork" + "_" + strings.Repeat("a1B2", 8) }

func finding() scanner.Finding {
	return scanner.Finding{
		RuleID:      "example-token",
		Description: "Example token",
		Severity:    rules.SeverityHigh,
		Confidence:  rules.ConfidenceMedium,
		Location:    scanner.Location{Path: "config/app.yml", Line: 12, Column: 8, EndLine: 12, EndColumn: 44},
		Secret:      scanner.NewToken(clearToken()),
		Key:         "apiToken",
		Entropy:     3.14159,
		Reasons:     []string{"known prefix", "checksum holds"},
		Line:        "token: cork********",
		Fingerprint: "0a1b2c3d",
		Revoke:      "example.com/tokens: delete it",
	}
}

func write(t *testing.T, w report.Writer, r report.Result, findings ...scanner.Finding) {
	t.Helper()
	for _, f := range findings {
		if err := w.Write(f); err != nil {
			t.Fatalf("Write: %v", err)
		}
	}
	if err := w.Close(r); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

func TestTextShowsWhatWhyAndWhatToDo(t *testing.T) {
	var out bytes.Buffer
	write(t, report.NewText(&out, report.TextOptions{}), report.Result{}, finding())
	want := `config/app.yml:12:8: example-token  Example token
   12 | token: cork********
  why:    known prefix, checksum holds
  fix:    read it from outside, such as ${API_TOKEN}
  revoke: example.com/tokens: delete it
  allow:  cork:allow in a comment on the line, or fingerprint 0a1b2c3d in .cork.toml

`
	if out.String() != want {
		t.Errorf("text = \n%s\nwant\n%s", &out, want)
	}
}

// withParts is a finding with an identifier, a secret, and an identifier that
// holds a secret.
func withParts() scanner.Finding {
	f := finding()
	at := func(line int) scanner.Location {
		return scanner.Location{Path: f.Location.Path, Line: line, Column: 5, EndLine: line, EndColumn: 9}
	}
	f.Parts = []scanner.Part{
		{Name: "account ID", RuleID: "example-account", Location: at(3), Value: scanner.NewSecret("12345"), Identifier: true},
		{Name: "signing key", RuleID: "example-key", Location: at(14), Value: scanner.NewSecret("hunter" + "42"), Key: "hunter" + "42"},
		{Name: "host", RuleID: "example-host", Location: at(15), Value: scanner.NewSecret("https://" + "hunter" + "42" + ".example.com"), Identifier: true},
	}
	return f
}

func TestTextShowsParts(t *testing.T) {
	var out bytes.Buffer
	f := withParts()
	f.Parts[2].Value = scanner.NewSecret(strings.Repeat("long\n", 30))
	write(t, report.NewText(&out, report.TextOptions{}), report.Result{}, f)
	want := "  with:   the account ID on line 3: 12345\n  with:   the signing key on line 14\n  with:   the host on line 15\n  why:"
	if !strings.Contains(out.String(), want) {
		t.Errorf("text =\n%s\nwant in it\n%s", &out, want)
	}
	out.Reset()
	write(t, report.NewText(&out, report.TextOptions{ShowSecrets: true}), report.Result{}, f)
	if want := "the signing key on line 14: hunter" + "42\n"; !strings.Contains(out.String(), want) {
		t.Errorf("text with secrets =\n%s\nwant in it\n%s", &out, want)
	}
}

func TestJSONShowsParts(t *testing.T) {
	for _, show := range []bool{false, true} {
		var out bytes.Buffer
		m := new(report.Masker)
		w := report.Masked(report.NewJSON(&out, report.Options{ShowSecrets: show}), m)
		write(t, w, report.Result{}, withParts())
		var got struct {
			Findings []struct {
				Parts []struct {
					Name, Rule, Value string
					Line, Column      int
					EndLine           int `json:"end_line"`
					EndColumn         int `json:"end_column"`
				}
			}
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		want := []string{"12345", "********", "********"}
		if show {
			want = []string{"12345", "hunter" + "42", "https://hunter" + "42.example.com"}
		}
		parts := got.Findings[0].Parts
		for i, p := range parts {
			if p.Value != want[i] {
				t.Errorf("ShowSecrets = %v: part %d = %+v, want the value %s", show, i, p, want[i])
			}
		}
		if p := parts[1]; len(parts) != 3 || p.Name != "signing key" || p.Rule != "example-key" || p.Line != 14 || p.Column != 5 || p.EndLine != 14 || p.EndColumn != 9 {
			t.Errorf("parts = %+v", parts)
		}
		if text := m.Mask("see hunter" + "42"); text != "see ********" {
			t.Errorf("the masker does not know the part: %q", text)
		}
	}
}

func TestReportsSayTheEncoding(t *testing.T) {
	f := finding()
	f.Encoding = "base64, json"
	var text, compact, js bytes.Buffer
	write(t, report.NewText(&text, report.TextOptions{}), report.Result{}, f)
	write(t, report.NewText(&compact, report.TextOptions{Compact: 3}), report.Result{}, f)
	const want = "config/app.yml:12:8: example-token  Example token, in base64, json\n"
	if !strings.HasPrefix(text.String(), want) || compact.String() != want {
		t.Errorf("text = %q, compact = %q, want %q", &text, &compact, want)
	}
	write(t, report.NewJSON(&js, report.Options{}), report.Result{}, finding(), f)
	var got struct{ Findings []struct{ Encoding *string } }
	if err := json.Unmarshal(js.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if e := got.Findings; e[0].Encoding != nil || e[1].Encoding == nil || *e[1].Encoding != f.Encoding {
		t.Errorf("JSON = %s, want the encodings null and %q", &js, f.Encoding)
	}
}

func TestTextFitsTheTerminal(t *testing.T) {
	f := finding()
	f.Line = strings.Repeat("before ", 40) + "cork********" + strings.Repeat(" after", 40)
	f.Location.Commit = &scanner.Commit{ID: strings.Repeat("ab", 20), Author: "A U Thor", Subject: strings.Repeat("word ", 30), Date: time.Unix(0, 0).UTC()}
	for _, width := range []int{40, 60, 80, 200} {
		var out bytes.Buffer
		write(t, report.NewText(&out, report.TextOptions{Width: width}), report.Result{}, f)
		for i, line := range strings.Split(out.String(), "\n") {
			if n := len([]rune(line)); n > width && i > 0 {
				t.Errorf("width %d: line of %d characters: %q", width, n, line)
			}
		}
		if !strings.Contains(out.String(), "cork********") {
			t.Errorf("width %d: the mask was cut off:\n%s", width, &out)
		}
	}
}

func TestTextNeverSendsControlCharacters(t *testing.T) {
	evil := "a\x1b[2Jb\r\n::error::c\u202e\x00\xff\x9b"
	f := finding()
	f.Location.Path, f.Line, f.Description, f.RuleID, f.Key = evil, evil, evil, evil, evil
	f.Reasons, f.Revoke, f.Docs, f.Fingerprint = []string{evil}, evil, evil, evil
	f.Location.Commit = &scanner.Commit{ID: evil, Author: evil, Email: evil, Subject: evil}
	f.Secret = scanner.NewToken(evil + evil)
	var out bytes.Buffer
	write(t, report.NewText(&out, report.TextOptions{ShowSecrets: true, Width: 80}), report.Result{}, f)
	for _, line := range strings.Split(out.String(), "\n") {
		for _, r := range line {
			if r < ' ' || r == 0x7f || r == '\u202e' || r == '\ufffd' {
				t.Errorf("line %q holds %U", line, r)
			}
		}
		if strings.HasPrefix(line, "::") {
			t.Errorf("line %q begins like a command", line)
		}
	}
}

func TestSecretShowsOnlyOnRequest(t *testing.T) {
	writers := map[string]func(io.Writer, bool) report.Writer{
		"text": func(w io.Writer, show bool) report.Writer {
			return report.NewText(w, report.TextOptions{ShowSecrets: show})
		},
		"json": func(w io.Writer, show bool) report.Writer {
			return report.NewJSON(w, report.Options{ShowSecrets: show})
		},
	}
	for name, newWriter := range writers {
		for _, show := range []bool{false, true} {
			t.Run(name+"/"+strconv.FormatBool(show), func(t *testing.T) {
				var out bytes.Buffer
				write(t, newWriter(&out, show), report.Result{}, finding())
				if got := strings.Contains(out.String(), clearToken()); got != show {
					t.Errorf("secret in the clear = %v, want %v:\n%s", got, show, &out)
				}
			})
		}
	}
}

func TestJSONHasExactlyTheseKeys(t *testing.T) {
	f := finding()
	f.Location.Path = "caf\xe9 <&>.txt"
	inCommit := finding()
	inCommit.Location.Commit = &scanner.Commit{ID: "c0ffee", Author: "A U Thor", Email: "a@example.com", Date: time.Unix(0, 0).UTC()}
	r := report.Result{Elapsed: 14 * time.Millisecond}
	r.Summary = scanner.Summary{
		Blobs: 3, Bytes: 1204, Findings: 2,
		Skipped: map[scanner.SkipReason]int{scanner.SkipSubmodule: 2},
		Errors:  []error{&scanner.BlobError{Path: "x\xff", Err: scanner.WithHint(errors.New("gone"), "git fetch")}, errors.New("boom")},
	}
	var out bytes.Buffer
	write(t, report.NewJSON(&out, report.Options{Meta: report.Meta{Name: "cork", Version: "1.2.3"}}), r, f, inCommit)

	var got struct {
		Schema   int
		Tool     map[string]string
		Findings []map[string]any
		Summary  map[string]any

		Suppressed *[]map[string]any
	}
	dec := json.NewDecoder(&out)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Schema != 1 || got.Tool["name"] != "cork" || got.Tool["version"] != "1.2.3" {
		t.Errorf("schema, tool = %v, %v", got.Schema, got.Tool)
	}
	wantKeys := "author column commit confidence date description encoding end_column end_line entropy expires fingerprint in_net in_path line parts path revoke rule secret severity"
	for _, f := range got.Findings {
		if keys := strings.Join(slices.Sorted(maps.Keys(f)), " "); keys != wantKeys {
			t.Errorf("keys of a finding = %q, want %q", keys, wantKeys)
		}
	}
	for key, want := range map[string]any{"path": `"caf\351 <&>.txt"`, "commit": nil, "date": nil, "secret": "cork********", "severity": "high", "confidence": "medium", "entropy": 3.142, "line": 12.0} {
		if got := got.Findings[0][key]; got != want {
			t.Errorf("finding[%q] = %v, want %v", key, got, want)
		}
	}
	for key, want := range map[string]any{"commit": "c0ffee", "author": "A U Thor <a@example.com>", "date": "1970-01-01T00:00:00Z"} {
		if got := got.Findings[1][key]; got != want {
			t.Errorf("finding in commit[%q] = %v, want %v", key, got, want)
		}
	}
	wantKeys = "blobs bytes cached commits complete elapsed_ms entries errors findings mode skipped suppressed"
	if keys := strings.Join(slices.Sorted(maps.Keys(got.Summary)), " "); keys != wantKeys {
		t.Errorf("keys of the summary = %q, want %q", keys, wantKeys)
	}
	errs := got.Summary["errors"].([]any)
	first := errs[0].(map[string]any)
	if len(errs) != 2 || first["path"] != `"x\377"` || first["hint"] != "git fetch" || got.Summary["complete"] != false {
		t.Errorf("summary = %v", got.Summary)
	}
}

func TestJSONIsValidWithoutFindings(t *testing.T) {
	var out bytes.Buffer
	write(t, report.NewJSON(&out, report.Options{}), report.Result{Interrupted: true})
	if !json.Valid(out.Bytes()) || !strings.Contains(out.String(), `"findings":[]`) || !strings.Contains(out.String(), `"complete":false`) {
		t.Errorf("JSON = %s", &out)
	}
}

func TestJSONPathIsLossless(t *testing.T) {
	unquote := func(s string) string {
		if !strings.HasPrefix(s, `"`) {
			return s
		}
		u, err := strconv.Unquote(s) // Go reads git's octal escapes
		if err != nil {
			t.Fatalf("Unquote(%s): %v", s, err)
		}
		return u
	}
	seen := map[string]string{}
	for _, p := range []string{"a", "caf\xe9", `"a"`, `a"b`, `"caf\351"`, "\xff\"\\\n", "é", `\351`, "\xc3", "a\nb", " "} {
		got := report.JSONPath(p)
		if back := unquote(got); back != p {
			t.Errorf("JSONPath(%q) = %s, which reads as %q", p, got, back)
		}
		if q, ok := seen[got]; ok {
			t.Errorf("JSONPath(%q) = JSONPath(%q) = %s", p, q, got)
		}
		seen[got] = p
	}
}

func TestDisplayPath(t *testing.T) {
	tests := []struct{ path, want string }{
		{"a/b c.txt", "a/b c.txt"},
		{"日本.txt", "日本.txt"},
		{"", `""`},
		{" a", `" a"`},
		{"a ", `"a "`},
		{`"a`, `"\"a"`},
		{"::error::x", `"::error::x"`},
		{"##[error]x", `"##\x5berror]x"`},
		{"a/##[add-mask]x", `"a/##\x5badd-mask]x"`},
		{"a##vso[task.complete]", `"a##vso\x5btask.complete]"`},
		{"a/#[b]##c", "a/#[b]##c"},
		{"--- a", `"--- a"`},
		{"+++ a", `"+++ a"`},
		{"~~~ a", `"~~~ a"`},
		{"^^^ +++", `"^^^ +++"`},
		{"travis_fold:start:a", `"travis_fold:start:a"`},
		{"-- a", "-- a"},
		{"a\nb", `"a\nb"`},
		{"a\x1b[0m", `"a\x1b[0m"`},
		{"caf\xe9", `"caf\xe9"`},
		{"a\u202eb", `"a\u202eb"`},
	}
	for _, tt := range tests {
		if got := report.DisplayPath(tt.path); got != tt.want {
			t.Errorf("DisplayPath(%q) = %s, want %s", tt.path, got, tt.want)
		}
	}
}

// TestPlainJSONIsTheSameValue that only looks different.
func TestPlainJSONIsTheSameValue(t *testing.T) {
	for text, want := range map[string]string{
		"plain <&> 日本 ##":            "\"plain <&> 日本 ##\"",
		"##[x ##vso[y ###[":          `"##\u005bx ##vso\u005by ###\u005b"`,
		"\x7f\u009b\u202e\U000e0001": `"\u007f\u009b\u202e\udb40\udc01"`,
		"a\nb\tc\x1b\"\\":            `"a\nb\tc\u001b\"\\"`,
	} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(text); err != nil {
			t.Fatal(err)
		}
		got := report.PlainJSON(bytes.TrimSpace(b.Bytes()))
		var back string
		if err := json.Unmarshal(got, &back); err != nil || back != text || string(got) != want {
			t.Errorf("PlainJSON(%q) = %s, which is %q (%v), want %s", text, got, back, err, want)
		}
	}
}

func TestMaskedHidesSecretsEverywhere(t *testing.T) {
	token := clearToken()
	first := finding()
	first.Secret = scanner.NewToken("unrelated-" + "1234567890")
	first.Location.Path = "logs/" + token + ".txt"
	second := finding()
	second.Location.Path = first.Location.Path
	second.Reasons = []string{"like " + token}
	second.Line = "x " + token
	second.Location.Commit, first.Location.Commit = &scanner.Commit{ID: "1", Subject: "add " + token}, &scanner.Commit{ID: "1"}
	r := report.Result{Summary: scanner.Summary{Errors: []error{
		&scanner.BlobError{Path: token, Err: scanner.WithHint(errors.New("bad "+token), "rm "+token)},
		errors.New(token),
	}}}
	for name, w := range map[string]func(io.Writer) report.Writer{
		"text": func(w io.Writer) report.Writer { return report.NewText(w, report.TextOptions{Summary: true}) },
		"json": func(w io.Writer) report.Writer { return report.NewJSON(w, report.Options{}) },
	} {
		var out bytes.Buffer
		write(t, report.Masked(w(&out), new(report.Masker)), r, first, second)
		if strings.Contains(out.String(), token) {
			t.Errorf("%s shows the token:\n%s", name, &out)
		}
		if !strings.Contains(out.String(), "logs/cork********.txt") {
			t.Errorf("%s does not show the masked path:\n%s", name, &out)
		}
	}
	if second.Reasons[0] != "like "+token {
		t.Errorf("the finding was changed: %q", second.Reasons)
	}
}

func TestMaskerLeavesPlainWords(t *testing.T) {
	var m report.Masker
	for _, s := range []string{"postgres", "abc", "hunter2", "correct-horse", "correct-horse-battery"} {
		m.Add(scanner.NewToken(s))
	}
	tests := []struct{ text, want string }{
		{"docker/postgres/compose.yml", "docker/postgres/compose.yml"},
		{"abc", "abc"},
		{"hunter2.txt", "********.txt"},
		{"correct-horse-battery", "corr********"}, // the longest wins
	}
	for _, tt := range tests {
		if got := m.Mask(tt.text); got != tt.want {
			t.Errorf("Mask(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestSummaryLine(t *testing.T) {
	skip := func(pairs ...any) map[scanner.SkipReason]int {
		m := map[scanner.SkipReason]int{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(scanner.SkipReason)] = pairs[i+1].(int)
		}
		return m
	}
	boom := errors.New("boom")
	tests := []struct {
		name string
		r    report.Result
		want string
	}{
		{"plain", report.Result{Summary: scanner.Summary{Blobs: 3, Bytes: 1204, Findings: 2}, Elapsed: 14 * time.Millisecond}, "3 files, 1,204 bytes, 2 secrets, 14 ms"},
		{"cached", report.Result{Summary: scanner.Summary{Commits: 2, Cached: 1}, History: new(report.Tally)}, "2 commits, 0 blobs, 0 bytes, 1 object known from the cache, 0 secrets, under 1 ms"},
		{"many cached", report.Result{Summary: scanner.Summary{Commits: 9, Blobs: 1, Bytes: 40, Cached: 1204}, History: new(report.Tally)}, "9 commits, 1 blob, 40 bytes, 1,204 objects known from the cache, 0 secrets, under 1 ms"},
		{"singular", report.Result{Summary: scanner.Summary{Blobs: 1, Bytes: 1, Findings: 1, Commits: 1}, Elapsed: time.Second}, "1 commit, 1 file, 1 byte, 1 secret, 1.0 s"},
		{"nothing", report.Result{}, "0 files, 0 bytes, 0 secrets, under 1 ms"},
		{"large", report.Result{Summary: scanner.Summary{Blobs: 1234567, Bytes: 1 << 40}, Elapsed: 125 * time.Second}, "1,234,567 files, 1,099,511,627,776 bytes, 0 secrets, 2 min 5 s"},
		{"suppressed and skipped", report.Result{Summary: scanner.Summary{Blobs: 1, Suppressed: 3, Skipped: skip(scanner.SkipSubmodule, 1, scanner.SkipSymlink, 2)}}, "1 file, 0 bytes, 0 secrets, 3 suppressed, 3 skipped (symlink 2, submodule 1), under 1 ms"},
		{"errors", report.Result{Summary: scanner.Summary{Blobs: 1, Errors: []error{boom}}}, "1 file, 0 bytes, 0 secrets, under 1 ms; not complete: 1 error"},
		{"lfs", report.Result{Summary: scanner.Summary{Skipped: skip(scanner.SkipLFS, 1)}}, "0 files, 0 bytes, 0 secrets, 1 skipped (lfs-object 1), under 1 ms; not complete: 1 file not read"},
		{"interrupted", report.Result{Summary: scanner.Summary{Errors: []error{boom, boom}}, Interrupted: true}, "0 files, 0 bytes, 0 secrets, under 1 ms; not complete: interrupted, 1 error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := report.SummaryLine(&tt.r, nil); got != tt.want {
				t.Errorf("SummaryLine() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWriteErrorIsReported(t *testing.T) {
	for _, format := range report.Formats() {
		w, err := report.New(format, failing{}, report.Options{Text: report.TextOptions{Summary: true}})
		if err != nil {
			t.Fatal(err)
		}
		err = w.Write(finding())
		if closeErr := w.Close(report.Result{}); err == nil && closeErr == nil {
			t.Errorf("%s: a failed write is no error", format)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestFixFitsTheFile(t *testing.T) {
	tests := []struct{ path, key, want string }{
		{"a.py", "dbPassword", `os.environ["DB_PASSWORD"]`},
		{"a.ts", "api-key", "process.env.API_KEY"},
		{".github/workflows/ci.yml", "token", "${{ secrets.TOKEN }}"},
		{"a.yml", "", "${TOKEN}"},
		{"Dockerfile", "X", "${X}"},
		{"deploy/prod.env", "X", "git rm --cached"},
		{"a.bin", "X", "outside of git"},
		{"a.go", "---", `os.Getenv("TOKEN")`},
		{"README.md", "apiKey", "<api-key>"},
	}
	for _, tt := range tests {
		f := finding()
		f.Location.Path, f.Key = tt.path, tt.key
		if got := report.Fix(&f); !strings.Contains(got, tt.want) {
			t.Errorf("Fix(%q, %q) = %q, want it to contain %q", tt.path, tt.key, got, tt.want)
		}
	}
}

func TestCompactTextIsBounded(t *testing.T) {
	f := finding()
	f.Location.Commit = &scanner.Commit{ID: strings.Repeat("ab", 20)}
	line := "config/app.yml:12:8: example-token  Example token (commit abababababab)\n"
	for n, want := range map[int]string{
		0: "",
		1: line,
		3: line + line + line,
		4: line + line + "and 2 more\n",
	} {
		var out bytes.Buffer
		write(t, report.NewText(&out, report.TextOptions{Compact: 3}), report.Result{}, slices.Repeat([]scanner.Finding{f}, n)...)
		if out.String() != want {
			t.Errorf("%d findings: text = %q, want %q", n, &out, want)
		}
	}
}

func TestFixNamesTheVariable(t *testing.T) {
	tests := []struct{ line, want string }{
		{"token: cork********", "${TOKEN}"},
		{`  "apiToken" = "cork********",`, "${API_TOKEN}"},
		{"app.db.secretKey=cork********", "${SECRET_KEY}"},
		{"config['token'] => 'cork********'", "${TOKEN}"},
		{"curl -H cork********", "${EXAMPLE_TOKEN}"},
		{"cork********", "${EXAMPLE_TOKEN}"},
		{"= cork********", "${EXAMPLE_TOKEN}"},
		{"x: y", "${EXAMPLE_TOKEN}"},
	}
	for _, tt := range tests {
		f := finding()
		f.Key, f.Line = "", tt.line
		if got := report.Fix(&f); !strings.HasSuffix(got, tt.want) {
			t.Errorf("Fix() of the line %q = %q, want it to end in %q", tt.line, got, tt.want)
		}
	}
}
