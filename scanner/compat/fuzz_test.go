package compat_test

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/compat"
)

// fuzzNames are files of every kind.
var fuzzNames = []string{
	".gitleaks.toml", ".betterleaks.toml", ".gitleaksignore", ".secrets.baseline", ".gitallowed", ".talismanrc",
	".secretlintignore", ".gitguardian.yaml", "report.json",
}

// FuzzParse holds every parser to the law of the package: a file is understood, or
// there is an error with its line; what it says compiles, and can be written into
// a .cork.toml that says the same; no exception hides everything.
func FuzzParse(f *testing.F) {
	archives, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(archives) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range archives {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for i, name := range fuzzNames {
			if compat.KindOf(name, nil) == compat.KindOf(a.Files[0].Name, a.Files[0].Data) {
				f.Add(uint8(i), a.Files[0].Data)
			}
		}
	}
	builtin := rules.Builtin()
	known := make(map[string]bool)
	for i := range builtin {
		known[builtin[i].ID] = true
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		name := fuzzNames[int(which)%len(fuzzNames)]
		s, err := compat.Parse(compat.Input{Name: name, Data: data, Rules: builtin,
			Open: func(string) ([]byte, error) { return data, nil }})
		if err != nil {
			if s != nil {
				t.Error("settings beside an error")
			}
			list := []error{err}
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				list = joined.Unwrap()
			}
			for _, err := range list {
				var re *rules.Error
				if !errors.As(err, &re) || re.File == "" || re.Line < 1 || re.Line > bytes.Count(data, []byte("\n"))+2 {
					t.Errorf("%v has no file, or no line of it", err)
				}
			}
			return
		}
		if _, err := rules.Compile(s.Rules); err != nil {
			t.Errorf("rules do not compile: %v", err)
		}
		if _, err := scanner.NewAllowlist(s.Allow, time.Time{}); err != nil {
			t.Errorf("exceptions do not compile: %v", err)
		}
		for _, id := range s.Disable {
			if !known[id] {
				t.Errorf("disables %q, which is no rule", id)
			}
		}
		written := compat.Toml(s)
		if cfg, err := scanner.ParseConfig("x", []byte(written), builtin, time.Time{}); err != nil {
			t.Errorf("what is written does not parse: %v\n%s", err, written)
		} else if s.Only && len(cfg.Rules) != len(s.Rules) {
			t.Errorf("of %d rules alone %d were written", len(s.Rules), len(cfg.Rules))
		}
	})
}

// FuzzLiterals holds what is looked for first to the expression: what it matches has
// one of the words.
func FuzzLiterals(f *testing.F) {
	for _, seed := range [][2]string{
		{`\b(exs_[0-9a-z]{3})\b`, "exs_abc"},
		{`(?i)(acme|corp)_?key.{0,3}[0-9]+`, "Acme_KEY = 7"},
		{`(?:a|b)cd(ef)?gh{2,}`, "acdefghh"},
		{`[ab]{3}[xy]`, "abax"},
		{`(abc){2,3}|(def)+`, "defdef"},
		{`(?i)ſk`, "sk"},
		{`a.c\.d`, "abc.d"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, expr, text string) {
		re, err := regexp.Compile(expr)
		if err != nil || len(expr) > 200 || len(text) > 200 {
			return
		}
		words := compat.Literals(expr)
		if words == nil {
			return
		}
		for _, w := range words {
			if len(w) < 3 || len(w) > 64 {
				t.Errorf("Literals(%q) has %q", expr, w)
			}
		}
		lower := func(s string) string {
			return strings.Map(func(r rune) rune {
				switch {
				case r >= 'A' && r <= 'Z':
					return r + 'a' - 'A'
				case r == 'ſ': // folded, see wordsOf
					return 's'
				case r == '\u212a':
					return 'k'
				}
				return r
			}, s)
		}
		for _, m := range re.FindAllString(text, -1) {
			found := false
			for _, w := range words {
				found = found || strings.Contains(lower(m), lower(w))
			}
			if !found {
				t.Errorf("%q matches %q, without one of %q", expr, m, words)
			}
		}
	})
}

// FuzzFromERE holds what is made of an extended regular expression to two laws: it
// compiles, or there is an error; and one that says a text, with every sign escaped,
// matches that text and no other.
func FuzzFromERE(f *testing.F) {
	for _, seed := range []string{`a\.b[[:alpha:]]{,3}`, `[]a]`, `\<x\>`, `(a|b)+`, `x{2,}`, `[^]\n]`, "ü*"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 || !utf8.ValidString(text) || strings.ContainsAny(text, "\n\r") {
			return
		}
		if expr, err := compat.FromERE(text); err == nil {
			if _, err := regexp.Compile(expr); err != nil {
				t.Errorf("FromERE(%q) = %q: %v", text, expr, err)
			}
		}
		var escaped strings.Builder
		for _, r := range text {
			if strings.ContainsRune(`.[\()*+?{|^$`, r) {
				escaped.WriteByte('\\')
			}
			escaped.WriteRune(r)
		}
		expr, err := compat.FromERE(escaped.String())
		if err != nil {
			t.Fatalf("FromERE(%q): %v", escaped.String(), err)
		}
		if got := regexp.MustCompile(expr).FindString(text); got != text {
			t.Errorf("FromERE(%q) = %q, which finds %q", escaped.String(), expr, got)
		}
	})
}

// TestOpen keeps what is opened inside the repository.
func TestOpen(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"../x.toml", "a/../../x.toml", "/x.toml", `..\x.toml`, `C:\x.toml`, "a/../..", "", "."} {
		_, err := compat.Parse(compat.Input{Name: ".gitleaks.toml", Data: []byte("[extend]\npath = '''" + name + "'''\n"),
			Open: func(opened string) ([]byte, error) {
				t.Errorf("extend.path %q: opened %q", name, opened)
				return nil, fs.ErrNotExist
			}})
		if (err == nil) != (name == "") {
			t.Errorf("extend.path %q: %v", name, err)
		}
	}
}
