package rules_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/cork-scanner/cork/rules"
)

const fullRule = `# a comment with [[rule]] in it

[[rule]]
id = "acme-key"
description = "Acme key"
provider = "Acme"
severity = "critical"
confidence = "high"
regex = '''\b(acme_[0-9a-f]{8})\b'''
group = 1
keywords = ["acme_"]
paths = ["**/*.env"]
path_regex = '\.env$'
entropy = 2.5
checks = ["jwt", "pem"]
span = 100
revoke = "acme.example.com/keys: delete it"
docs = "https://acme.example.com/docs"
match = ["acme_<hex:8>"]
nomatch = ["acme_<hex:7>"]
match_path = "a.env"
[rule.allow]
regexes = ['0{8}']
stop_words = ["example"]
paths = ["**/testdata/**"]

[[rule]]
id = "acme-password"
description = "Acme password"
severity = "low"
confidence = "medium"
keys = '(^|_)acme_password$'
shape = "password"
keywords = ["acme"]

[[rule]]
id = "acme-file"
description = "Acme key file"
severity = "medium"
confidence = "low"
paths = ["acme.key"]

[[rule]]
id = "acme-always"
description = "Acme at any price"
severity = "medium"
confidence = "low"
regex = 'a{9}'
keywords = ["a"]
scan = "always"
`

func TestParse(t *testing.T) {
	got, err := rules.Parse("acme.toml", []byte(fullRule))
	if err != nil {
		t.Fatal(err)
	}
	want := []rules.Rule{
		{
			ID: "acme-key", Description: "Acme key", Provider: "Acme",
			Severity: rules.SeverityCritical, Confidence: rules.ConfidenceHigh,
			Regex: `\b(acme_[0-9a-f]{8})\b`, Group: 1, Keywords: []string{"acme_"},
			Paths: []string{"**/*.env"}, PathRegex: `\.env$`, MinEntropy: 2.5, Checks: []string{"jwt", "pem"}, Span: 100,
			Revoke: "acme.example.com/keys: delete it", Docs: "https://acme.example.com/docs",
			Match: []string{"acme_<hex:8>"}, NoMatch: []string{"acme_<hex:7>"}, MatchPath: "a.env",
			Allow:  rules.Allow{Regexes: []string{"0{8}"}, StopWords: []string{"example"}, Paths: []string{"**/testdata/**"}},
			Source: "acme.toml:3",
		},
		{
			ID: "acme-password", Description: "Acme password",
			Severity: rules.SeverityLow, Confidence: rules.ConfidenceMedium,
			Keys: "(^|_)acme_password$", Shape: "password", Keywords: []string{"acme"},
			Source: "acme.toml:27",
		},
		{
			ID: "acme-file", Description: "Acme key file",
			Severity: rules.SeverityMedium, Confidence: rules.ConfidenceLow,
			Paths: []string{"acme.key"}, Source: "acme.toml:36",
		},
		{
			ID: "acme-always", Description: "Acme at any price",
			Severity: rules.SeverityMedium, Confidence: rules.ConfidenceLow,
			Regex: "a{9}", Keywords: []string{"a"}, Scan: "always", Source: "acme.toml:43",
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Parse = %+v\nwant    %+v", got, want)
	}
}

// rule returns a [[rule]] table that is right, but for the lines given: a line
// replaces the one with the same key, `-key` leaves it out.
func ruleTable(lines ...string) string {
	table := []string{
		`[[rule]]`, `id = "x"`, `description = "X"`, `severity = "low"`, `confidence = "low"`, `regex = 'abc'`, `keywords = ["abc"]`,
	}
	for _, l := range lines {
		key, _, _ := strings.Cut(strings.TrimPrefix(l, "-"), " ")
		i := slices.IndexFunc(table, func(s string) bool { return strings.HasPrefix(s, key+" ") })
		switch {
		case strings.HasPrefix(l, "-"):
			table = slices.Delete(table, i, i+1)
		case i >= 0:
			table[i] = l
		default:
			table = append(table, l)
		}
	}
	return strings.Join(table, "\n") + "\n"
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		name, in string
		want     []string // the errors, one per line
	}{
		{"correct", ruleTable(), nil},
		{"unknown key", ruleTable(`regexp = "x"`), []string{`f:8: rule "x": unknown key "regexp" (did you mean "regex"?)`}},
		{"case matters", ruleTable(`Provider = "x"`), []string{`f:8: rule "x": unknown key "Provider" (did you mean "provider"?)`}},
		{"nothing similar", ruleTable(`zzzzzzzzzz = 1`), []string{`f:8: rule "x": unknown key "zzzzzzzzzz"`}},
		{"unknown top-level key", "version = 1\n" + ruleTable(), []string{`f:1: unknown key "version"`}},
		{"unknown table", ruleTable() + "[[rules]]\n", []string{`f:8: unknown key "rules" (did you mean "rule"?)`}},
		{"unknown key in sub-table", ruleTable() + "[rule.allow]\nstopwords = []\n", []string{`f:9: rule "x": unknown key "stopwords" (did you mean "stop_words"?)`}},
		{"unknown dotted key", ruleTable(`allow.path = []`), []string{`f:8: rule "x": unknown key "path" (did you mean "paths"?)`}},
		{"unknown key in inline table", ruleTable(`allow = { path = [] }`), []string{`f:8: rule "x": unknown key "path" (did you mean "paths"?)`}},
		{"rules as inline tables", "rule = [\n{id='x',\nfoo=1}]", []string{`f:3: rule "x": unknown key "foo"`}},
		{"rule is a table", "[rule]\nid = 'x'\n", []string{`f:1: expected an array, found a table`}},
		{"wrong types", ruleTable(`group = "1"`, `span = 1.5`, `match = "x"`, `nomatch = ["a", 1]`, `entropy = true`, `docs = []`, `allow = 1`), []string{
			`f:8: rule "x": expected an integer, found a string`,
			`f:9: rule "x": expected an integer, found a number`,
			`f:10: rule "x": expected an array, found a string`,
			`f:11: rule "x": expected a string, found an integer`,
			`f:12: rule "x": expected a number, found true or false`,
			`f:13: rule "x": expected a string, found an array`,
			`f:14: rule "x": expected a table, found an integer`,
		}},
		{"element of a long array", ruleTable("match = [\n'a', # 'b',\n'''\n]\n''',\n3,\n]"), []string{`f:13: rule "x": expected a string, found an integer`}},
		{"bad severity", ruleTable(`severity = "urgent"`), []string{`f:4: rule "x": "urgent" is not one of ["low" "medium" "high" "critical"]`}},
		{"severity of wrong type", ruleTable(`severity = 3`), []string{`f:4: rule "x": expected a string, found an integer`}},
		{"line after multi-line strings", ruleTable("description = '''\n[[rule]]\n# x\nfoo = 1\n'''", "foo = 1"), []string{`f:12: rule "x": unknown key "foo"`}},
		{"quoted key", ruleTable(`"a\u002eb" = 1`), []string{`f:8: rule "x": unknown key "a.b"`}},
		{"CRLF", strings.ReplaceAll(ruleTable("foo = 1"), "\n", "\r\n"), []string{`f:8: rule "x": unknown key "foo"`}},
		{"second rule", ruleTable() + strings.ReplaceAll(ruleTable("foo = 1"), `"x"`, `"y"`), []string{`f:15: rule "y": unknown key "foo"`}},
		{"not TOML", "a = 1\nb = \n", []string{"f:2: expected value but found '\\n' instead"}},
		{"too deep", "a = " + strings.Repeat("[", 100), []string{"f:1: nested more than 64 levels deep"}},
		{"too deep a key", "\n" + strings.Repeat("a.", 100) + "a = 1", []string{"f:2: nested more than 64 levels deep"}},

		{"empty table", "[[rule]]\n", []string{`f:1: missing key "id"`}},
		{"incomplete", "\n[[rule]]\nid = 'x'\n", []string{
			`f:2: rule "x": missing key "description"`,
			`f:2: rule "x": missing key "severity", one of ["low" "medium" "high" "critical"]`,
			`f:2: rule "x": missing key "confidence", one of ["low" "medium" "high"]`,
			`f:2: rule "x": one of "regex", "keys", "paths" and "path_regex" is needed`,
		}},
		{"empty id", ruleTable(`id = ""`), []string{`f:2: missing key "id"`}},
		{"bad id", ruleTable(`id = "A b"`), []string{`f:2: rule "A b": id must be lower-case words joined by "-"`}},
		{"repeated id", ruleTable() + ruleTable(), []string{`f:9: rule "x": the id is used twice, first in f:1`}},
		{"no keywords", ruleTable(`-keywords`), []string{`f:1: rule "x": missing key "keywords": literals of which one stands in every match (or scan = "always", which is slow)`}},
		{"no keywords for keys", ruleTable(`-regex`, `-keywords`, `keys = 'x'`), []string{`f:1: rule "x": missing key "keywords": literals of which one stands in every match (or scan = "always", which is slow)`}},
		{"short keyword", ruleTable(`keywords = ["abc", "é"]`), []string{`f:7: rule "x": keyword "é" is shorter than 3 bytes`}},
		{"empty keyword", ruleTable(`keywords = [""]`, `scan = "always"`), []string{`f:7: rule "x": keyword "" is shorter than 3 bytes`}},
		{"bad scan", ruleTable(`scan = "never"`), []string{`f:8: rule "x": "scan" must be "always" or left out, not "never"`}},
		{"path rule with content keys", ruleTable(`-regex`, `paths = ["a"]`, `entropy = 1`, `span = 3`, `scan = "always"`), []string{
			`f:6: rule "x": "keywords" needs "regex" or "keys"`,
			`f:8: rule "x": "entropy" needs "regex" or "keys"`,
			`f:9: rule "x": "span" needs "regex" or "keys"`,
			`f:10: rule "x": "scan" needs "regex" or "keys"`,
		}},
		{"shape of a path rule", ruleTable(`-regex`, `-keywords`, `paths = ["*.x"]`, `shape = "key"`), []string{`f:7: rule "x": "shape" needs "regex" or "keys"`}},
		{"unknown shape", ruleTable(`keys = "x"`, `shape = "round"`), []string{`f:9: rule "x": "round" is not one of ["password" "key" "bytes"]`}},
		{"group without regex", ruleTable(`-regex`, `keys = "x"`, `group = 1`), []string{`f:8: rule "x": "group" needs "regex"`}},
		{"negative group", ruleTable(`group = -1`), []string{`f:8: rule "x": "group" must not be negative`}},
		{"span too long", ruleTable(`span = 32769`), []string{`f:8: rule "x": "span" must be between 1 and 32768 bytes`}},
		{"entropy out of range", ruleTable(`entropy = 9`), []string{`f:8: rule "x": "entropy" must be between 0 and 8 bits per character`}},
		{"entropy nan", ruleTable(`entropy = nan`), []string{`f:8: rule "x": "entropy" must be between 0 and 8 bits per character`}},
		{"bad glob", ruleTable(`paths = ["a["]`), []string{`f:8: rule "x": "a[" is not a valid glob`}},
		{"empty allow", ruleTable(`allow = {regexes = [""], stop_words = ["x", ""], paths = ["{"]}`), []string{
			`f:8: rule "x": "{" is not a valid glob`,
			`f:8: rule "x": "allow.regexes" has an empty element, which would match everything`,
			`f:8: rule "x": "allow.stop_words" has an empty element, which would match everything`,
		}},
		{"unknown check", ruleTable(`checks = ["pem", "github-crc23"]`), []string{`f:8: rule "x": there is no check "github-crc23" (did you mean "github-crc32"?)`}},
		{"checks of a path rule", ruleTable(`-regex`, `-keywords`, `paths = ["a"]`, `checks = ["pem"]`), []string{`f:7: rule "x": "checks" needs "regex" or "keys"`}},
		{"docs", ruleTable(`docs = "docs.example.com"`), []string{`f:8: rule "x": "docs" must be a URL that starts with https://`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := rules.Parse("f", []byte(tt.in))
			if want := strings.Join(tt.want, "\n"); errText(err) != want {
				t.Errorf("Parse(%q) = %+v, error\n%s\nwant\n%s", tt.in, got, errText(err), want)
			}
		})
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestErrorFields(t *testing.T) {
	_, err := rules.Parse("a/b.toml", []byte(ruleTable("group = -1")))
	var e *rules.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T) is not a *rules.Error", err, err)
	}
	want := rules.Error{File: "a/b.toml", Line: 8, ID: "x", Msg: `"group" must not be negative`}
	if *e != want {
		t.Errorf("error = %+v, want %+v", *e, want)
	}
}

func TestMerge(t *testing.T) {
	base, err := rules.Parse("base.toml", []byte(fullRule))
	if err != nil {
		t.Fatal(err)
	}
	before, err := rules.Parse("base.toml", []byte(fullRule))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Limit   int           `toml:"limit"`
		Expires time.Time     `toml:"expires"`
		Rule    []rules.Patch `toml:"rule"`
	}
	err = rules.Decode(".cork.toml", []byte(`limit = 3
expires = 2030-01-02

[[rule]]
id = "acme-key"
severity = "low"
keywords = ["acme_", "ACMEKEY"]
paths = []
[rule.allow]
stop_words = ["sample"]

[[rule]]
id = "new-key"
description = "New key"
severity = "high"
confidence = "low"
regex = 'new[0-9]{4}'
keywords = ["new"]
`), &config)
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2030, 1, 2, 0, 0, 0, 0, config.Expires.Location()); config.Limit != 3 || !config.Expires.Equal(want) {
		t.Errorf("Decode: limit = %d, expires = %v, want 3, %v", config.Limit, config.Expires, want)
	}
	if got := config.Rule[1].Source(); got != ".cork.toml:12" {
		t.Errorf("Source = %q, want .cork.toml:12", got)
	}

	got, err := rules.Merge(base, config.Rule, []string{"acme-file", "acme-always"})
	if err != nil {
		t.Fatal(err)
	}
	changed := before[0]
	changed.Severity = rules.SeverityLow
	changed.Keywords = []string{"acme_", "ACMEKEY"}
	changed.Paths = nil
	changed.Allow.StopWords = []string{"example", "sample"}
	changed.Source = ".cork.toml:4"
	want := []rules.Rule{changed, before[1], {
		ID: "new-key", Description: "New key", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceLow,
		Regex: "new[0-9]{4}", Keywords: []string{"new"}, Source: ".cork.toml:12",
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Merge = %+v\nwant    %+v", got, want)
	}
	if !reflect.DeepEqual(base, before) {
		t.Errorf("Merge changed its base to %+v", base)
	}
	got[0].Allow.StopWords[0] = "changed"
	if !reflect.DeepEqual(base, before) {
		t.Error("the merged rules share a changed list with the base")
	}
}

func TestMergeErrors(t *testing.T) {
	base, err := rules.Parse("base.toml", []byte(fullRule))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, in string
		disable  []string
		want     []string
	}{
		{"nothing", "", nil, nil},
		{"unknown disabled", "", []string{"acme-kez", "something-else"}, []string{
			`rule "acme-kez": cannot be disabled: there is no such rule (did you mean "acme-key"?)`,
			`rule "something-else": cannot be disabled: there is no such rule`,
		}},
		{"twice disabled", "", []string{"acme-key", "acme-key"}, nil},
		{"new rule disabled", strings.ReplaceAll(ruleTable(), `"x"`, `"new"`), []string{"new"}, nil},
		{"incomplete new rule", "[[rule]]\nid = 'acme-kez'\nseverity = 'low'\n", nil, []string{
			`c:2: rule "acme-kez": there is no such rule to change (did you mean "acme-key"?); a new one needs description, severity, confidence and regex, keys or paths`,
		}},
		{"change that makes a rule wrong", "[[rule]]\nid = 'acme-key'\nkeywords = []\n", nil, []string{
			`c:3: rule "acme-key": missing key "keywords": literals of which one stands in every match (or scan = "always", which is slow)`,
		}},
		{"changed twice", "[[rule]]\nid = 'acme-key'\n[[rule]]\nid = 'acme-key'\n", nil, []string{`c:4: rule "acme-key": the id is used twice, first in c:1`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var config struct {
				Rule []rules.Patch `toml:"rule"`
			}
			if err := rules.Decode("c", []byte(tt.in), &config); err != nil {
				t.Fatal(err)
			}
			got, err := rules.Merge(base, config.Rule, tt.disable)
			if want := strings.Join(tt.want, "\n"); errText(err) != want {
				t.Errorf("Merge = %+v, error\n%s\nwant\n%s", got, errText(err), want)
			}
		})
	}
}

// encode writes rules as TOML; Parse of it must give the same rules.
func encode(t testing.TB, rs []rules.Rule) []byte {
	t.Helper()
	type table struct {
		ID          string           `toml:"id"`
		Description string           `toml:"description"`
		Provider    string           `toml:"provider"`
		Severity    rules.Severity   `toml:"severity"`
		Confidence  rules.Confidence `toml:"confidence"`
		Regex       string           `toml:"regex"`
		Group       int              `toml:"group"`
		Keys        string           `toml:"keys"`
		Shape       string           `toml:"shape"`
		Keywords    []string         `toml:"keywords"`
		Scan        string           `toml:"scan"`
		Paths       []string         `toml:"paths"`
		PathRegex   string           `toml:"path_regex"`
		MinEntropy  float64          `toml:"entropy"`
		Checks      []string         `toml:"checks"`
		Span        int              `toml:"span"`
		Revoke      string           `toml:"revoke"`
		Docs        string           `toml:"docs"`
		Match       []string         `toml:"match"`
		NoMatch     []string         `toml:"nomatch"`
		MatchPath   string           `toml:"match_path"`
		Allow       rules.Allow      `toml:"allow"`
		Parts       []rules.Part     `toml:"part"`
		PartOnly    bool             `toml:"part_only"`
		Rank        int              `toml:"rank"`
	}
	var file struct {
		Rule []table `toml:"rule"`
	}
	for _, r := range rs {
		file.Rule = append(file.Rule, table{
			r.ID, r.Description, r.Provider, r.Severity, r.Confidence, r.Regex, r.Group, r.Keys, r.Shape, r.Keywords, r.Scan,
			r.Paths, r.PathRegex, r.MinEntropy, r.Checks, r.Span, r.Revoke, r.Docs, r.Match, r.NoMatch, r.MatchPath, r.Allow, r.Parts, r.PartOnly, r.Rank,
		})
	}
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(file); err != nil {
		t.Fatalf("encode %+v: %v", rs, err)
	}
	return b.Bytes()
}

// FuzzParse holds that Parse never panics, that every error names the file and
// a line of it, and that what it accepts survives encoding and parsing again.
func FuzzParse(f *testing.F) {
	seeds, err := filepath.Glob("builtin/*.toml")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds in builtin/*.toml (%v)", err)
	}
	for i := 0; i < len(seeds); i += 1 + len(seeds)/20 { // they are much alike
		data, err := os.ReadFile(seeds[i])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(fullRule))
	f.Add([]byte(ruleTable("match = [\n'a', # 'b',\n'''\n]\n''',\n3,\n]", "\"q\\u0041\" . x = {a.b=[{c=1},\n]}")))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := rules.Parse("f.toml", data)
		if err != nil {
			checkErrors(t, err, data)
			return
		}
		again, err := rules.Parse("f.toml", encode(t, got))
		if err != nil {
			t.Fatalf("Parse of the encoded rules: %v", err)
		}
		for i := range got {
			got[i].Source = ""
		}
		for i := range again {
			again[i].Source = ""
		}
		if fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", again) {
			t.Errorf("Parse(%q) =\n%#v\nencoded and parsed again\n%#v", data, got, again)
		}
	})
}

func checkErrors(t *testing.T, err error, data []byte) {
	t.Helper()
	errs := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		errs = joined.Unwrap()
	}
	for _, err := range errs {
		var e *rules.Error
		if !errors.As(err, &e) {
			t.Fatalf("error %v (%T) is not a *rules.Error", err, err)
		}
		if lines := bytes.Count(data, []byte("\n")) + 1; e.File != "f.toml" || e.Line < 1 || e.Line > lines || e.Msg == "" {
			t.Errorf("error %+v, want file f.toml and a line from 1 to %d", *e, lines)
		}
	}
}
