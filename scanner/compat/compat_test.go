package compat_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/compat"
)

var update = flag.Bool("update", false, "write what is found into the golden files")

// TestFiles parses the first file of each archive in testdata, which may refer to
// the others, and compares what it says with the last one, "want".
func TestFiles(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := make(map[string][]byte)
			for _, f := range a.Files {
				files[f.Name] = f.Data
			}
			s, err := compat.Parse(compat.Input{
				Name: a.Files[0].Name, Data: a.Files[0].Data, Rules: rules.Builtin(),
				Open: func(name string) ([]byte, error) {
					if data, ok := files[name]; ok {
						return data, nil
					}
					return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
				},
			})
			got := show(s)
			if err != nil {
				got = err.Error() + "\n"
			}
			if *update {
				last := &a.Files[len(a.Files)-1]
				if last.Name != "want" {
					a.Files = append(a.Files, txtar.File{Name: "want"})
					last = &a.Files[len(a.Files)-1]
				}
				last.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := string(files["want"]); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			if err != nil {
				return
			}
			if _, err := rules.Compile(s.Rules); err != nil {
				t.Errorf("the rules do not compile: %v", err)
			}
			if _, err := scanner.NewAllowlist(s.Allow, time.Time{}); err != nil {
				t.Errorf("the exceptions do not compile: %v", err)
			}
		})
	}
}

// show writes down settings for people.
func show(s *compat.Settings) string {
	if s == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "kind: %s, only: %v\n", s.Kind, s.Only)
	if len(s.Disable) > 0 {
		fmt.Fprintf(&b, "disable: %s\n", strings.Join(s.Disable, " "))
	}
	for _, r := range s.Rules {
		fmt.Fprintf(&b, "# %s\n%s", r.Source, rules.Format(r))
	}
	for _, e := range s.Allow {
		where := fmt.Sprintf("# %s:%d", e.File, e.Line)
		if e.Known {
			where += " known"
		}
		c := e
		c.Path, c.Hashes, c.Lines, c.Checksum = "", nil, nil, ""
		text, _ := c.TOML()
		fmt.Fprintf(&b, "%s\n%s", where, text)
		if e.Path != "" {
			fmt.Fprintf(&b, "# path %q\n", e.Path)
		}
		for _, h := range e.Hashes {
			fmt.Fprintf(&b, "# hash %s\n", h)
		}
		if len(e.Lines) > 0 {
			fmt.Fprintf(&b, "# lines %v\n", e.Lines)
		}
		if e.Checksum != "" {
			fmt.Fprintf(&b, "# checksum %s\n", e.Checksum)
		}
	}
	for _, n := range s.Notes {
		word := "note"
		if n.Warning {
			word = "warning"
		}
		fmt.Fprintf(&b, "%s: %s\n", word, n)
	}
	if len(s.Folders) > 0 {
		fmt.Fprintf(&b, "folders: %s\n", strings.Join(s.Folders, " "))
	}
	return b.String()
}

// TestErrors is about files that are not understood.
func TestErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, data, want string }{
		{".gitleaks.toml", "title = 1\n", `.gitleaks.toml:1: "title" must be a string`},
		{".gitleaks.toml", "[[rules]\n", ".gitleaks.toml:2: "},
		{".gitleaks.toml", "\n[[rules]]\nregex = 'a{3}'\n", `.gitleaks.toml:2: a rule without "id"`},
		{".gitleaks.toml", "[[rules]]\nid = 'a'\nregex = '''(?=x)abc'''\n", `.gitleaks.toml:3: rule "a": regex: `},
		{".gitleaks.toml", "[[rules]]\nid = 'a'\n", `.gitleaks.toml:2: rule "a": it has neither regex nor path`},
		{".gitleaks.toml", "[[rules]]\nid = 'a'\nregex = 'x*'\n", "matches the empty string"},
		{".gitleaks.toml", "[[rules]]\nid = 'a'\nregex = 'abc(d)'\nsecretGroup = 2\n", "secretGroup is 2, but the regex has 1 groups"},
		{".gitleaks.toml", "[[rules]]\nid = 'a'\nregex = 'abc'\n[[rules]]\nid = 'a'\nregex = 'def'\n", `.gitleaks.toml:5: rule "a": the id is used twice, first on line 2`},
		{".gitleaks.toml", "[[rules]]\nid = 'a'\nregex = 'abcd'\n[[rules.required]]\nid = 'b'\n", `it requires the rule "b", which there is not`},
		{".gitleaks.toml", "[allowlist]\n", "without commits, paths, regexes or stopwords"},
		{".gitleaks.toml", "[allowlist]\npaths = ['a']\n[[allowlists]]\npaths = ['b']\n", "in one place"},
		{".gitleaks.toml", "[[allowlists]]\npaths = ['a']\ncondition = 'XOR'\n", `condition "XOR"`},
		{".gitleaks.toml", "[[allowlists]]\nregexes = ['a']\nregexTarget = 'file'\n", `regexTarget "file"`},
		{".gitleaks.toml", "[extend]\nuseDefault = true\npath = 'a.toml'\n", "both useDefault and path"},
		{".gitleaks.toml", "[extend]\npath = '../a.toml'\n", `.gitleaks.toml:2: extend.path "../a.toml" leads out of the repository`},
		{".gitleaks.toml", "[extend]\npath = '/etc/passwd'\n", "leads out of the repository"},
		{".gitleaks.toml", "[extend]\npath = 'c:\\x.toml'\n", "leads out of the repository"},
		{".gitleaks.toml", "[extend]\npath = './.gitleaks.toml'\n", "extends itself"},
		{".gitleaks.toml", "[extend]\npath = 'gone.toml'\n", "there is no such file in the repository"},
		{".gitleaks.toml", "a = " + strings.Repeat("[", 100), "nested more than"},
		{".gitleaks.toml", "title = \"\xff\"\n", ".gitleaks.toml:1: it is not UTF-8 text"},
		{".gitleaksignore", "a.txt:rule\n", ".gitleaksignore:1: not a fingerprint of gitleaks"},
		{".gitleaksignore", "# c\n\na.txt:rule:x\n", `.gitleaksignore:3: "x" is no line number`},
		{".gitleaksignore", "../a.txt:rule:3\n", "no path in the repository"},
		{".gitallowed", "ok\n(\n", ".gitallowed:2: the expression cannot be used"},
		{".secrets.baseline", "{", ".secrets.baseline:1: not JSON: "},
		{".secrets.baseline", "{}\n", `it has no "results"`},
		{".secrets.baseline", "{\"results\": {\"a\": [\n{\"hashed_secret\": \"zz\"}]}}", "is no SHA-1"},
		{".secrets.baseline", "{\"results\": 3}", `"results" must be`},
		{".secrets.baseline", "{\"results\": {}} x", "there is more behind"},
		{"report.json", "[{\"File\": 3}]", `"File" must be a string, not number`},
		{".secrets.baseline", "[]", ".secrets.baseline:1: the file must be an object, not array"},
		{".secrets.baseline", "\n{\"results\": {\"a\": 1}}", `.secrets.baseline:2: "results" must be an array, not number`},
		{"report.json", "[1]", "must be an object, not number"},
		{"report.json", "[{}]", `finding 1 has no "File"`},
		{".talismanrc", "a: [", ".talismanrc:1: not YAML: "},
		{".talismanrc", "- a\n", ".talismanrc:1: it must hold keys and values"},
		{".talismanrc", "a: &x 1\nb: *x\n", ".talismanrc:2: anchors"},
		{".talismanrc", "fileignoreconfig:\n- checksum: abc\n", `.talismanrc:2: an entry of fileignoreconfig without "filename"`},
		{".talismanrc", "fileignoreconfig:\n- filename: a\n  checksum: abc\n", `checksum "abc" is no SHA-256`},
		{".talismanrc", "custom_patterns:\n- '('\n", ".talismanrc:2: "},
		{".talismanrc", "allowed_patterns: x\n", "allowed-patterns must be a list"},
		{".gitguardian.yaml", "version: 3\n", `.gitguardian.yaml:1: version "3"`},
		{".gitguardian.yaml", "secret:\n  ignored_paths:\n    - '['\n", `.gitguardian.yaml:3: ignored-paths: "[" is not a valid glob`},
		{".gitguardian.yaml", "secret:\n  ignored_matches:\n    - name: x\n", `without "match"`},
		{".secretlintignore", "a\n[\n", `.secretlintignore:2: "[" is no pattern`},
		{"notes.txt", "hello", "it is no file of another scanner"},
	} {
		s, err := compat.Parse(compat.Input{Name: tc.name, Data: []byte(tc.data), Rules: rules.Builtin(),
			Open: func(name string) ([]byte, error) { return nil, fs.ErrNotExist }})
		if err == nil {
			t.Errorf("Parse(%s, %q) = %s, want an error", tc.name, tc.data, show(s))
			continue
		}
		if !strings.Contains(err.Error(), tc.want) {
			t.Errorf("Parse(%s, %q): %v, want %q in it", tc.name, tc.data, err, tc.want)
		}
		var re *rules.Error
		if !errors.As(err, &re) || re.File != tc.name || re.Line < 1 {
			t.Errorf("Parse(%s, %q): %v has no file and line", tc.name, tc.data, err)
		}
	}
}

// TestTooLarge keeps hostile files from being taken apart.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	if _, err := compat.Parse(compat.Input{Name: ".gitallowed", Data: make([]byte, compat.MaxSize+1)}); err == nil {
		t.Error("a file beyond MaxSize is no error")
	}
	if _, err := compat.Parse(compat.Input{Name: ".talismanrc", Data: []byte(strings.Repeat("# x\n", 2<<20))}); err == nil {
		t.Error("a YAML file beyond its limit is no error")
	}
}

// TestNames holds the list of files to what the parsers take.
func TestNames(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, group := range compat.Names() {
		for _, name := range group {
			if seen[name] || compat.KindOf(name, nil) == "" {
				t.Errorf("%s: twice, or of no kind", name)
			}
			seen[name] = true
		}
	}
	if len(seen) != 10 || !slices.Equal(compat.Names()[0], []string{".betterleaks.toml", ".gitleaks.toml"}) {
		t.Errorf("Names() = %q", compat.Names())
	}
}

// TestExpressionsTooLarge: no file keeps a scan from beginning.
func TestExpressionsTooLarge(t *testing.T) {
	const large = "(a{1,500}){1,2}b"
	var toml strings.Builder
	for i := range 600 {
		fmt.Fprintf(&toml, "[[rules]]\nid = \"x%d\"\nregex = '%s'\n", i, large)
	}
	for name, data := range map[string]string{
		".gitallowed":    strings.Repeat(large+"\n", 2000),
		".gitleaks.toml": toml.String(),
		".talismanrc":    "custom_patterns:\n" + strings.Repeat("- \""+large+"\"\n", 2000),
	} {
		_, err := compat.Parse(compat.Input{Name: name, Data: []byte(data)})
		if err == nil || !strings.Contains(err.Error(), ": its expressions are too large to be looked for") {
			t.Errorf("Parse(%s): %.300v", name, err)
		}
	}
}
