package scanner

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/rules"
)

// checkFiles are the files of a repository of which an eighth are tests.
func checkFiles() (files []string) {
	for i := range 86 {
		files = append(files, fmt.Sprintf("src/f%d.go", i))
	}
	for i := range 12 {
		files = append(files, fmt.Sprintf("test/t%d.go", i))
	}
	return append(files, "docs/a.md", "web/docs/b.md")
}

func TestConfigWarnings(t *testing.T) {
	const allow = "[[allow]]\nreason = \"r\"\n"
	samples := []rules.Sample{{RuleID: "tok", Secret: "TOK-aaaa"}}
	for i := range 20 {
		samples = append(samples, rules.Sample{RuleID: "pass", Secret: fmt.Sprintf("x%dkey", i*7)}, rules.Sample{RuleID: "block", Secret: fmt.Sprintf("%d-Z", i)})
	}
	tests := []struct {
		name, data string
		want       []string // the beginnings of lines
	}{
		{"nothing to say", allow + `paths = ["docs/**"]`, nil},
		{"a tenth of all files", allow + `paths = ["test/**"]`, []string{".cork.toml:3: an allow entry leaves out 12 of 100 files, such as test/t0.go: a secret there is never reported"}},
		{"a tree of programs", allow + `paths = ["lib/**"]`, []string{".cork.toml:3: the glob \"lib/**\" matches no file of the repository"}},
		{"anywhere", allow + `paths = ["**/src/**"]`, []string{".cork.toml:3: an allow entry leaves out 86 of 100 files, such as src/f0.go: "}},
		{"with a rule it leaves out little", allow + "paths = [\"src/**\"]\nrules = [\"tok\"]", nil},
		{"with exceptions", allow + "paths = [\"src/**\"]\nexcept_paths = [\"src/f1.go\"]", []string{".cork.toml:3: an allow entry leaves out 85 of 100 files"}},
		{"no file", allow + "paths = [\n\"docs/*.md\",\n\"none/*\",\n]", []string{`.cork.toml:5: the glob "none/*" matches no file of the repository`}},
		{"a wide regex", allow + `regexes = ['^x[0-9]']`, []string{`.cork.toml:3: the regex "^x[0-9]" matches 20 of 41 sample secrets of the rules`}},
		{"a narrow regex", allow + `regexes = ['^x1']`, []string{`.cork.toml:3: the regex "^x1" matches 6 of 41`}},
		{"a narrower one", allow + `regexes = ['^TOK-']`, nil},
		{"a wide regex for one rule", allow + "regexes = ['^x[0-9]']\nrules = [\"pass\"]", nil},
		{"a wide stop word", allow + "stop_words = [\n\"none\",\n\"KEY\"]", []string{`.cork.toml:5: the stop word "KEY" stands in 20 of 41 sample secrets`}},
		{"a wide line", allow + `line_regexes = ["[a-z]"]`, []string{`.cork.toml:1: the expression "[a-z]" in line_regexes of an allow entry allows most secrets`}},
		{"most rules", allow + `rules = ["tok", "block", "pass", "unsure", "scr"]`, []string{".cork.toml:1: an allow entry allows all that 5 of 9 rules find"}},
		{"twice the same", allow + "rules = [\"tok\"]\n" + allow + `rules = ["tok"]`, []string{".cork.toml:4: this allow entry says the same as the one in line 1"}},
		{"a fingerprint twice", allow + "fingerprints = [\"tok:00000000000000000000\"]\n" + allow + "fingerprints = [\"tok:11111111111111111111\", \"tok:00000000000000000000\"]",
			[]string{".cork.toml:6: the fingerprint tok:00000000000000000000 is allowed in line 3 already"}},
		{"expired", allow + "rules = [\"tok\"]\nexpires = 2020-01-01", []string{".cork.toml:1: an allow entry expired on 2020-01-01 and is not applied: r"}},
		{"disabled twice", "[rules]\ndisable = [\"tok\",\n\"tok\"]", []string{`.cork.toml:3: the rule "tok" is disabled twice, first in line 2`}},
		{"most of them", "[rules]\ndisable = [\"tok\", \"block\", \"pass\", \"unsure\", \"scr\"]", []string{".cork.toml:2: 5 rules are disabled, and 4 are left"}},
		{"none of the built-in", "[rules]\nbuiltin = false\n[[rule]]\nid = \"own\"\ndescription = \"d\"\nseverity = \"low\"\nconfidence = \"high\"\nregex = \"own[0-9]{9}\"\nkeywords = [\"own\"]", []string{".cork.toml:2: builtin = false switches off all 9 built-in rules, and 1 of this file hold in their place"}},
		{"for what is disabled", "[rules]\ndisable = [\"tok\"]\n" + allow + `rules = ["tok"]`, []string{".cork.toml:5: an allow entry is for rules that are disabled, so it allows nothing: tok"}},
		{"a rule that allows all", "[[rule]]\nid = \"pass\"\n[rule.allow]\npaths = [\"**\"]\nregexes = ['key$', 'x7']", []string{
			`.cork.toml:4: rule "pass": allow.paths: "**" matches every file`, `.cork.toml:5: rule "pass": allow.regexes: "key$" matches everything that the rule finds`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg, err := ParseConfig(".cork.toml", []byte(test.data), append(testRules(), partRules()...), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
			if err != nil {
				t.Fatal(err)
			}
			got := cfg.Warnings(CheckOptions{Files: checkFiles(), Samples: samples})
			same := len(got) == len(test.want)
			for i := range got {
				same = same && strings.HasPrefix(got[i].Error(), test.want[i])
			}
			if !same {
				t.Errorf("Warnings() = %v, want %q", got, test.want)
			}
		})
	}
}

func TestConfigAlarms(t *testing.T) {
	const allow = "[[allow]]\nreason = \"r\"\n"
	tests := []struct{ name, data, want string }{
		{"documents", allow + `paths = ["docs/**", "**/testdata/**", "*.md", "*.lock", "vendor/", "test/**", "src/generated/**", "src/config.yml"]`, ""},
		{"a tree", allow + `paths = ["docs/**", "src/**"]`, ".cork.toml:1: an allow entry leaves out everything below src/: "},
		{"a tree anywhere", "\n" + allow + `paths = ["**/src/**"]`, ".cork.toml:2: an allow entry leaves out everything below src/: "},
		{"a tree by a slash", allow + `paths = ["config/"]`, ".cork.toml:1: an allow entry leaves out everything below config/: "},
		{"an ending", allow + `paths = ["*.yml"]`, ".cork.toml:1: an allow entry leaves out every *.yml: "},
		{"an ending anywhere", allow + `paths = ["**/*.env"]`, ".cork.toml:1: an allow entry leaves out every *.env: "},
		{"a tree for a rule", allow + "paths = [\"src/**\"]\nrules = [\"tok\"]", ""},
		{"a tree with exceptions", allow + "paths = [\"src/**\"]\nexcept_paths = [\"src/*.go\"]", ""},
		{"a regex", allow + `regexes = ["[a-z0-9]+"]`, `.cork.toml:1: the regex "[a-z0-9]+" of an allow entry allows most secrets`},
		{"a regex for some files", allow + "regexes = [\"[a-z0-9]+\"]\npaths = [\"docs/**\"]", ""},
		{"a regex for a tree", allow + "regexes = [\"[a-z0-9]+\"]\npaths = [\"**/*\"]", `.cork.toml:1: the regex "[a-z0-9]+" of an allow entry allows most secrets in everything below src/`},
		{"a regex with an exception", allow + "regexes = [\"[a-z0-9]+\"]\nexcept_paths = [\"zq\"]", `.cork.toml:1: the regex "[a-z0-9]+" of an allow entry allows most secrets in everything below src/`},
		{"a regex and a stop word", allow + "regexes = [\"[a-z0-9]+\"]\nstop_words = [\"sample\"]", ""},
		{"a tree with an exception that is nowhere", allow + "paths = [\"src/**\"]\nexcept_paths = [\"zq\"]", ".cork.toml:1: an allow entry leaves out everything below src/: "},
		{"a tree by a regex", allow + `path_regexes = ["^src/"]`, ".cork.toml:1: an allow entry leaves out everything below src/: "},
		{"match_regexes", allow + `match_regexes = ["[a-z]"]`, `.cork.toml:1: the expression "[a-z]" in match_regexes of an allow entry allows most secrets`},
		{"line_regexes", allow + `line_regexes = ["yy", "[a-z]"]`, `.cork.toml:1: the expression "[a-z]" in line_regexes of an allow entry allows most secrets`},
		{"cover_regexes", allow + `cover_regexes = ["[0-9A-Za-z!.&/+=_]+"]`, `.cork.toml:1: the expression "[0-9A-Za-z!.&/+=_]+" in cover_regexes of an allow entry allows most secrets`},
		{"grep_regexes", allow + `grep_regexes = ["^src/"]`, `.cork.toml:1: the expression "^src/" in grep_regexes of an allow entry allows most secrets`},
		{"together", allow + `regexes = ["[A-Z].*[0-9]", "^[a-z0-9-]+$"]`, `.cork.toml:1: all together that is in an allow entry allows most secrets`},
		{"narrow lines", allow + "line_regexes = [\"^example-\"]\ngrep_regexes = [\"^docs/\"]", ""},
		{"lines of a commit", allow + "line_regexes = [\"[a-z]\"]\ncommits = [\"0123456789012345678901234567890123456789\"]", ""},
		{"a narrow regex", allow + `regexes = ["^example-[a-z0-9]+$"]`, ""},
		{"disabled", "[rules]\ndisable = [\"tok\", \"block\", \"pass\", \"unsure\", \"scr\"]", ".cork.toml:2: 5 rules are disabled, and 4 are left"},
		{"none of the built-in", "[rules]\nbuiltin = false\n[[rule]]\nid = \"own\"\ndescription = \"d\"\nseverity = \"low\"\nconfidence = \"high\"\nregex = \"own[0-9]{9}\"\nkeywords = [\"own\"]", ".cork.toml:2: builtin = false switches off all 9 built-in rules, and 1 of this file hold in their place"},
		{"allowed", allow + `rules = ["tok", "block", "pass", "unsure", "scr"]`, ".cork.toml:1: an allow entry allows all that 5 of 9 rules find"},
		{"allowed in a tree", allow + "rules = [\"tok\", \"block\", \"pass\", \"unsure\", \"scr\"]\npaths = [\"src/**\"]", ".cork.toml:1: an allow entry leaves out everything below src/: "},
		{"one allowed", allow + `rules = ["tok"]`, ""},
		{"one disabled", "[rules]\ndisable = [\"tok\"]", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg, err := ParseConfig(".cork.toml", []byte(test.data), append(testRules(), partRules()...), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			got := cfg.Alarms()
			switch {
			case test.want == "" && len(got) > 0:
				t.Errorf("Alarms() = %v, want none", got)
			case test.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0].Error(), test.want)):
				t.Errorf("Alarms() = %v, want %q", got, test.want)
			}
		})
	}
	root, err := ParseConfig(".cork.toml", nil, testRules(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]string{"docs": "", "src": "src/.cork.toml:1: an allow entry leaves out everything below src/: a secret there is never reported"} {
		cfg, err := ParseNested(folder+"/.cork.toml", folder, []byte(allow+`paths = ["**"]`), root, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got := cfg.Alarms(); want == "" && len(got) > 0 || want != "" && (len(got) != 1 || got[0].Error() != want) {
			t.Errorf("Alarms() of %s = %v, want %q", folder, got, want)
		}
	}
	if got := new(Config).Alarms(); got != nil {
		t.Errorf("Alarms of no file = %v", got)
	}
}

func BenchmarkAlarms(b *testing.B) {
	cfg, err := ParseConfig(".cork.toml", []byte("[[allow]]\nreason = \"r\"\nregexes = ['^example-[a-z]+$']\nstop_words = [\"sample\"]\n[[allow]]\nreason = \"r\"\npaths = [\"docs/**\", \"**/testdata/**\"]\n"), testRules(), time.Now())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if len(cfg.Alarms()) > 0 {
			b.Fatal("an alarm")
		}
	}
}

// TestForeignKeys: a key of another scanner says what to write.
func TestForeignKeys(t *testing.T) {
	for data, want := range map[string]string{
		"title = \"x\"":                           `.cork.toml:1: unknown key "title", which another scanner has: it says nothing: leave it out`,
		"[allowlist]\npaths = [\"x\"]":            `unknown key "allowlist", which another scanner has: write [[allow]] tables, each with a reason`,
		"[extend]\nuseDefault = true":             `unknown key "extend", which another scanner has: the built-in rules hold anyhow`,
		"[[rules]]\nid = \"x\"":                   "expected a table, found an array; if these are rules, write [[rule]] for each",
		"[[rule]]\nid = \"tok\"\nsecretGroup = 1": `unknown key "secretGroup", which another scanner has: the key is "group"`,
		"[[allow]]\nstopwords = [\"x\"]":          `unknown key "stopwords", which another scanner has: the key is "stop_words"`,
		"[[allow]]\nreasn = \"x\"":                `unknown key "reasn" (did you mean "reason"?)`,
	} {
		if _, err := ParseConfig(".cork.toml", []byte(data), testRules(), time.Now()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseConfig(%q): %v, want %q", data, err, want)
		}
	}
}

func TestSettings(t *testing.T) {
	cfg, err := ParseConfig("f", []byte("archives = false\nmin_confidence = \"low\"\n\n[rules]\nbuiltin = true\ndisable = [\n\"tok\",\n\"pass\"]\n"), testRules(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	want := []Setting{{"min_confidence", `"low"`, 2}, {"archives", "false", 1}, {"builtin", "true", 5}, {"disable", `"tok"`, 7}, {"disable", `"pass"`, 8}}
	if got := cfg.Settings(); !slices.Equal(got, want) {
		t.Errorf("Settings() = %v, want %v", got, want)
	}
}

// TestTooLarge: no configuration keeps a scan from beginning.
func TestTooLarge(t *testing.T) {
	data := strings.Repeat("[[allow]]\nreason = \"r\"\nregexes = ['x(a{1,500}){1,2}']\n", 600)
	_, err := ParseConfig(".cork.toml", []byte(data), testRules(), time.Now())
	if want := ": the expressions up to here are too large to be looked for"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("ParseConfig: %.300v, want an error that ends in %q", err, want)
	}
	data = strings.Repeat("[[rule]]\nid = \"tok\"\nregex = 'x(a{1,500}){1,2}'\n", 600)
	_, err = ParseConfig(".cork.toml", []byte(data), testRules(), time.Now())
	if want := ".cork.toml:748: the expressions of the rules up to here are too large to be looked for"; err == nil || err.Error() != want {
		t.Errorf("ParseConfig: %.300v, want %q", err, want)
	}
	_, err = NewAllowlist(slices.Repeat([]AllowEntry{{Reason: "r", LineRegexes: []string{"(a{1,500}){1,2}b"}}}, 600), time.Now())
	if err == nil || !strings.Contains(err.Error(), "are too large to be looked for") {
		t.Errorf("NewAllowlist: %v", err)
	}
}
