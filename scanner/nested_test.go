package scanner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/rules"
)

// nestedFiles is what Nested reads, by folder.
type nestedFiles map[string]string

func (m nestedFiles) nested() *Nested {
	return &Nested{Read: func(folder string) (string, []byte, error) {
		data, ok := m[folder]
		if !ok {
			return "", nil, fs.ErrNotExist
		}
		return folder + "/.cork.toml", []byte(data), nil
	}}
}

// nestedScanner returns a scanner of the rules with these configurations.
func nestedScanner(t testing.TB, root string, files nestedFiles) *Scanner {
	t.Helper()
	cfg, err := ParseConfig(".cork.toml", []byte(root), append(testRules(), partRules()...), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	set, err := rules.Compile(cfg.Rules)
	if err != nil {
		t.Fatal(err)
	}
	return New(set, Options{Allow: cfg.Allow, MinConfidence: cfg.MinConfidence, Nested: files.nested()})
}

// placesFound returns where a scanner finds what, one line each.
func placesFound(t *testing.T, s *Scanner, blobs ...Blob) (found []string, errs []error) {
	t.Helper()
	for f, err := range s.Scan(t.Context(), source(blobs...), nil) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		found = append(found, fmt.Sprintf("%s:%d:%d %s %s", f.Location.Path, f.Location.Line, f.Location.Column, f.RuleID, f.Fingerprint))
	}
	return found, errs
}

func TestNested(t *testing.T) {
	const allow = "[[allow]]\nreason = \"r\"\n"
	tests := []struct {
		name  string
		files nestedFiles
		want  string // the paths in which TOK-aaaa is found, of those below
	}{
		{"none", nestedFiles{}, "f web/f web/test/f webby/f other/web/f"},
		{"all below", nestedFiles{"web": allow + `paths = ["**"]`}, "f webby/f other/web/f"},
		{"a name", nestedFiles{"web": allow + `paths = ["f"]`}, "f webby/f other/web/f"},
		{"relative", nestedFiles{"web": allow + `paths = ["test/f"]`}, "f web/f webby/f other/web/f"},
		{"relative with a slash before", nestedFiles{"web": allow + `paths = ["/f"]`}, "f web/test/f webby/f other/web/f"},
		{"a folder", nestedFiles{"web": allow + `paths = ["test/"]`}, "f web/f webby/f other/web/f"},
		{"from the root is not relative", nestedFiles{"web": allow + `paths = ["web/f"]`}, "f web/f web/test/f webby/f other/web/f"},
		{"by stop word, there only", nestedFiles{"web/test": allow + `stop_words = ["aaaa"]`}, "f web/f webby/f other/web/f"},
		{"by regex, there only", nestedFiles{"other": allow + `regexes = ["TOK-a"]`}, "f web/f web/test/f webby/f"},
		{"by rule, there only", nestedFiles{"web": allow + `rules = ["tok"]`}, "f webby/f other/web/f"},
		{"disabled, there only", nestedFiles{"web": "[rules]\ndisable = [\"tok\"]"}, "f webby/f other/web/f"},
		{"two", nestedFiles{"web/test": allow + `paths = ["**"]`, "webby": allow + `paths = ["**"]`}, "f web/f other/web/f"},
		{"one in the other", nestedFiles{"web": allow + `paths = ["f"]`, "web/test": `min_confidence = "low"`}, "f webby/f other/web/f"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := nestedScanner(t, "", test.files)
			var blobs []Blob
			for _, p := range []string{"f", "web/f", "web/test/f", "webby/f", "other/web/f"} {
				blobs = append(blobs, blob(p, "TOK-aaaa\n"))
			}
			var got []string
			for f, err := range s.Scan(t.Context(), source(blobs...), nil) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, f.Location.Path)
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("found in %q, want %q", got, test.want)
			}
		})
	}
}

func TestNestedAddsAndChangesRules(t *testing.T) {
	s := nestedScanner(t, "", nestedFiles{"web": `
min_confidence = "low"
[[rule]]
id = "new"
description = "new thing"
severity = "low"
confidence = "high"
regex = 'NEW-[a-z]{4}'
keywords = ["NEW-"]
paths = ["/only/**", "*.env"]
[[rule]]
id = "tok"
severity = "low"
`})
	content := "TOK-aaaa UNS-bbbbbb NEW-cccc\n"
	var got []string
	for f, err := range s.Scan(t.Context(), source(blob("a.env", content), blob("only/a", content), blob("web/a", content), blob("web/only/a", content), blob("web/x/a.env", content)), nil) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s %s", f.Location.Path, f.RuleID, f.Severity))
	}
	want := []string{
		"a.env tok high", "only/a tok high",
		"web/a tok low", "web/a unsure high",
		"web/only/a tok low", "web/only/a unsure high", "web/only/a new low",
		"web/x/a.env tok low", "web/x/a.env unsure high", "web/x/a.env new low",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestNestedErrors(t *testing.T) {
	tests := []struct{ name, data, want string }{
		{"no TOML", "[[allow]", "web/.cork.toml:1: "},
		{"archives", "archives = false", `web/.cork.toml:1: "archives" is about the whole scan`},
		{"foreign", "foreign = false", `web/.cork.toml:1: "foreign" is about the whole scan`},
		{"imported", "[[imported]]\nfile = \"x\"", `web/.cork.toml:1: "imported" is about the whole scan`},
		{"builtin", "[rules]\nbuiltin = false", `web/.cork.toml:2: "builtin" is about the whole scan`},
		{"unknown rule", "\n[rules]\ndisable = [\"tik\"]", `web/.cork.toml:3: rule "tik": cannot be disabled: there is no such rule (did you mean "tok"?)`},
		{"unknown rule to change", "[[rule]]\nid = \"tik\"", "there is no such rule to change"},
		{"path_regex", "[[rule]]\nid = \"pem-file\"\npath_regex = \"x\"", `web/.cork.toml:3: rule "pem-file": "path_regex" is about paths from the root`},
		{"a bad expression", "[[rule]]\nid = \"tok\"\nregex = \"(\"", "web/.cork.toml:1: rule \"tok\": "},
		{"out of the folder", "[[allow]]\nreason = \"r\"\npaths = [\"../other/**\"]", `web/.cork.toml:1: [[allow]] 1: paths: "../other/**" leads out of the folder`},
		{"out of the folder again", "[[allow]]\nreason = \"r\"\npaths = [\"x/../../other/**\"]", "leads out of the folder"},
		{"no reason", "[[allow]]\npaths = [\"x\"]", "missing key \"reason\""},
		{"everything disabled", "[rules]\ndisable = [\"tok\", \"block\", \"pass\", \"unsure\", \"pem-file\", \"scr\", \"kid\", \"hst\", \"weak\"]", "every rule is disabled"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := nestedScanner(t, "", nestedFiles{"web": test.data})
			found, errs := placesFound(t, s, blob("a", "TOK-aaaa"), blob("web/a", "TOK-aaaa"), blob("web/b/c", "TOK-aaaa"), blob("z", "TOK-aaaa"))
			if len(errs) != 1 {
				t.Fatalf("%d errors, want one for the file: %v", len(errs), errs)
			}
			var nested *NestedError
			if !errors.As(errs[0], &nested) || nested.Name != "web/.cork.toml" || !strings.Contains(errs[0].Error(), test.want) {
				t.Errorf("error %v, want a NestedError with %q", errs[0], test.want)
			}
			if hint := HintOf(errs[0]); !strings.Contains(hint, "nothing below web was scanned: edit web/.cork.toml") {
				t.Errorf("hint %q", hint)
			}
			if len(found) != 2 {
				t.Errorf("found %q, want what is not below web", found)
			}
			if _, err := s.Judge(t.Context(), blob("web/a", "TOK-aaaa")); !errors.As(err, &nested) {
				t.Errorf("Judge: %v, want a NestedError", err)
			}
			if err := s.NestedErr(); !errors.As(err, &nested) {
				t.Errorf("NestedErr: %v", err)
			}
		})
	}
}

// TestNestedLooksIntoEachFolderOnce counts the look-ups: a scan must not look
// anywhere but above what it scans.
func TestNestedLooksIntoEachFolderOnce(t *testing.T) {
	var asked []string
	set := testSet(t)
	s := New(set, Options{Workers: 8, Nested: &Nested{Read: func(folder string) (string, []byte, error) {
		asked = append(asked, folder)
		return "", nil, fs.ErrNotExist
	}}})
	var blobs []Blob
	for i := range 200 {
		blobs = append(blobs, blob(fmt.Sprintf("a/b/%d", i), "x"), blob(fmt.Sprintf("c/%d", i), "TOK-aaaa"), blob(fmt.Sprintf("%d", i), "x"))
	}
	blobs = append(blobs, blob("/abs/x", "x"), blob("../out/x", "x"), blob("a//x", "x"), blob("./a/x", "x"), blob("(commit message)", "x"))
	if _, errs := placesFound(t, s, blobs...); len(errs) > 0 {
		t.Fatal(errs)
	}
	slices.Sort(asked)
	if want := []string{"a", "a/b", "c"}; !slices.Equal(asked, want) {
		t.Errorf("looked into %q, want %q", asked, want)
	}
}

// TestNestedIsLikeRoot: what a folder's configuration says is what the one at the
// root could say with longer paths, and nothing else.
func TestNestedIsLikeRoot(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	pick := func(from ...string) string { return from[rnd.IntN(len(from))] }
	folders := []string{"web", "web/te[s]t", "we*b", "a/b", "other"}
	names := []string{"f", "x.env", "te[s]t/f", "test/x.env", "deep/er/f"}
	for round := range 60 {
		folder := pick(folders...)
		var nested, root strings.Builder
		in := globEscape.Replace(folder) + "/"
		for range 1 + rnd.IntN(3) {
			switch rnd.IntN(5) {
			case 0:
				id := pick("tok", "pass", "unsure", "kid")
				if strings.Contains(nested.String(), "id = \""+id) || strings.Contains(nested.String(), "disable") {
					continue
				}
				nested.WriteString("[rules]\ndisable = [\"" + id + "\"]\n")
				fmt.Fprintf(&root, "[[rule]]\nid = %q\nallow = { paths = ['%s**'] }\n", id, in)
			case 1:
				if strings.Contains(nested.String(), "added") {
					continue
				}
				at := pick("", "*.env", "/test/", "te\\[s\\]t/f", "deep/**")
				rule := "[[rule]]\nid = \"added\"\ndescription = \"added thing\"\nseverity = \"high\"\nconfidence = \"high\"\nregex = 'ADD-[a-z]{4}'\nkeywords = [\"ADD-\"]\n"
				nested.WriteString(rule)
				root.WriteString(rule)
				switch {
				case at == "":
					fmt.Fprintf(&root, "paths = ['%s**']\n", in)
				case !strings.Contains(at, "/"):
					fmt.Fprintf(&nested, "paths = ['%s']\n", at)
					fmt.Fprintf(&root, "paths = ['%s**/%s']\n", in, at)
				default:
					fmt.Fprintf(&nested, "paths = ['%s']\n", at)
					fmt.Fprintf(&root, "paths = ['%s%s']\n", in, strings.TrimPrefix(at, "/"))
				}
			default:
				nested.WriteString("[[allow]]\nreason = \"r\"\n")
				root.WriteString("[[allow]]\nreason = \"r\"\n")
				at := pick("", "f", "*.env", "/f", "test/", "te\\[s\\]t/f", "deep/**", "**")
				switch {
				case at == "":
					fmt.Fprintf(&root, "paths = ['%s**']\n", in)
				case !strings.Contains(at, "/") && at != "**":
					fmt.Fprintf(&nested, "paths = ['%s']\n", at)
					fmt.Fprintf(&root, "paths = ['%s**/%s']\n", in, at)
				default:
					fmt.Fprintf(&nested, "paths = ['%s']\n", at)
					fmt.Fprintf(&root, "paths = ['%s%s']\n", in, strings.TrimPrefix(at, "/"))
				}
				n := 4
				if at == "" {
					n = 3 // it must have some condition
				}
				switch rnd.IntN(n) {
				case 0:
					nested.WriteString("rules = [\"tok\", \"pem-file\"]\n")
					root.WriteString("rules = [\"tok\", \"pem-file\"]\n")
				case 1:
					nested.WriteString("stop_words = [\"bbb\"]\n")
					root.WriteString("stop_words = [\"bbb\"]\n")
				case 2:
					nested.WriteString("regexes = ['^TOK-a']\n")
					root.WriteString("regexes = ['^TOK-a']\n")
				}
			}
		}
		var blobs []Blob
		seen := map[string]bool{}
		for _, f := range append([]string{"", "webx", "web/test"}, folders...) {
			for _, name := range append(names, "k.pem") {
				p := path.Join(f, name)
				if seen[p] {
					continue
				}
				seen[p] = true
				blobs = append(blobs, blob(p, pick("TOK-aaaa pass=bbbbbb", "TOK-bbbb UNS-aaaaaa", "ADD-aaaa SCR-aaaa\nKID-bbbb\n", "pass=aaaa TOK-abbb ADD-bbbb")))
			}
		}
		byNested := nestedScanner(t, "", nestedFiles{folder: nested.String()})
		byRoot := nestedScanner(t, root.String(), nil)
		got, errs := placesFound(t, byNested, blobs...)
		want, rootErrs := placesFound(t, byRoot, blobs...)
		if len(errs)+len(rootErrs) > 0 {
			t.Fatalf("round %d: %v, %v\n%s\n--\n%s", round, errs, rootErrs, nested.String(), root.String())
		}
		if !slices.Equal(got, want) {
			t.Fatalf("round %d: in %s\n%s\nfinds\n  %s\nbut at the root\n%s\nfinds\n  %s", round, folder, nested.String(), strings.Join(got, "\n  "), root.String(), strings.Join(want, "\n  "))
		}
		v := byNested.Versions()
		for i := range blobs {
			b := &blobs[i]
			rc, _ := b.Open(context.Background())
			content := make([]byte, b.Size)
			if _, err := rc.Read(content); err != nil {
				t.Fatal(err)
			}
			js, err := byNested.Judge(t.Context(), *b)
			if err != nil {
				t.Fatal(err)
			}
			judged := len(slices.DeleteFunc(js, func(j Judgement) bool { return j.Outcome != OutcomeReported }))
			_, res := v.Scan(t.Context(), &Version{Path: b.Path, Content: content, Last: true})
			n := 0
			for _, o := range res.Occurrences {
				if byNested.Suppresses(b.Path, &o) == nil {
					n++
				}
			}
			for _, f := range byNested.PathFindings(b.Path) {
				if f.Suppression == nil {
					n++
				}
			}
			if want := len(slices.DeleteFunc(slices.Clone(got), func(s string) bool { return !strings.HasPrefix(s, b.Path+":") })); n != want || judged != want {
				t.Fatalf("round %d: Versions finds %d in %s, Judge %d, Scan %d\n%s", round, n, b.Path, judged, want, nested.String())
			}
		}
	}
}

// TestNestedClass: what is known of a content is not taken for what holds in
// another folder, and kept where nothing but the allowlist differs.
func TestNestedClass(t *testing.T) {
	s := nestedScanner(t, "", nestedFiles{
		"allows":   "[[allow]]\nreason = \"r\"\nrules = [\"tok\"]",
		"disables": "[rules]\ndisable = [\"tok\"]",
		"lower":    "min_confidence = \"low\"",
	})
	root := s.PathClass("f")
	if got := s.PathClass("allows/f"); got != root {
		t.Errorf("the class of a folder that only allows is %q, want that of the root", got)
	}
	if a, b := s.PathClass("disables/f"), s.PathClass("lower/f"); a == root || b == root || a == b {
		t.Errorf("classes %q, %q and %q must differ", root, a, b)
	}
	if s.Digest() != nestedScanner(t, "", nil).Digest() {
		t.Error("the digest is that of the root, so that what is known of other folders stays")
	}
}

// TestNestedInBranch: the scans that a branch takes read each configuration once,
// and say once that it is broken.
func TestNestedInBranch(t *testing.T) {
	files := nestedFiles{"web": "[[allow]]\nreason = \"r\"\nstop_words = [\"aaaa\"]", "bad": "x"}
	read := 0
	nested := &Nested{Read: func(folder string) (string, []byte, error) {
		name, data, err := files.nested().Read(folder)
		if err == nil {
			read++
		}
		return name, data, err
	}}
	s := New(testSet(t), Options{Nested: nested})
	commits := source(blob("a", "TOK-aaaa"), blob("web/a", "TOK-aaaa\nTOK-bbbb"), blob("bad/a", "TOK-aaaa"))
	net := source(blob("a", "TOK-aaaa"), blob("web/a", "TOK-aaaa"), blob("bad/a", "TOK-aaaa"))
	var sum Summary
	var got []string
	for f, err := range s.ScanBranch(t.Context(), commits, net, &sum) {
		if err == nil {
			got = append(got, f.Location.Path+" "+f.Secret.Reveal())
		}
	}
	if want := []string{"a TOK-aaaa", "web/a TOK-bbbb"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if len(sum.Errors) != 1 || sum.Suppressed != 1 || read != 2 || len(s.NestedConfigs()) != 1 {
		t.Errorf("errors %v, %d suppressed, %d files read, %d configurations; want 1, 1, 2, 1", sum.Errors, sum.Suppressed, read, len(s.NestedConfigs()))
	}
}
