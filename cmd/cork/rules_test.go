package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cork-scanner/cork/rules"
)

// onTerminal runs cork with standard output on a terminal of 80 columns.
func onTerminal(t *testing.T, f *fixture, stdin string, args ...string) (stdout string, code int) {
	t.Helper()
	var out bytes.Buffer
	w := f.world(args, stdin, &out)
	w.stdoutTerminal = terminal{is: true, width: 80}
	w.env = append(slices.Clone(w.env), "NO_COLOR=1")
	code = run(t.Context(), w)
	return out.String(), code
}

func TestRulesOnATerminal(t *testing.T) {
	f := &fixture{dir: t.TempDir(), env: gitEnv(t)}
	out, code := onTerminal(t, f, "", "rules", "--provider", "github")
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if code != 0 || len(lines) < 5 || !strings.HasPrefix(lines[0], "ID  ") || strings.Contains(lines[0], "STATE") || strings.Contains(out, "\t") {
		t.Fatalf("run(rules) = %d\n%s", code, out)
	}
	column := strings.Index(lines[0], "SEVERITY")
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > 80 || line[column-1] != ' ' || line[column] == ' ' {
			t.Errorf("line of %d characters is out of line: %s", n, line)
		}
	}

	// What the configuration does gets a column.
	f.write(t, "c.toml", "[rules]\ndisable = [\"github-pat\"]\n")
	out, _ = onTerminal(t, f, "", "rules", "--provider", "github", "--config", "c.toml")
	if head, _, _ := strings.Cut(out, "\n"); !strings.Contains(head, "STATE") || !strings.Contains(out, " disabled ") {
		t.Errorf("run(rules --config) = \n%s", out)
	}
	if out, code := onTerminal(t, f, "", "rules", "--search", "no-such-rule"); out != "" || code != 0 {
		t.Errorf("run(rules --search no-such-rule) = %q, %d, want nothing and 0", out, code)
	}
}

func TestRulesTestWithoutInput(t *testing.T) {
	f := &fixture{dir: t.TempDir(), env: gitEnv(t)}
	var stderr bytes.Buffer
	w := f.world([]string{"rules", "test"}, "", &bytes.Buffer{})
	w.stdinTerminal, w.stderr = true, &stderr
	if code := run(t.Context(), w); code != exitError || !strings.Contains(stderr.String(), "give a FILE, or - ") {
		t.Errorf("run(rules test) at a terminal = %d, %s", code, &stderr)
	}
}

// TestShownRulesParse holds "rules show --format toml" to what reads it.
func TestShownRulesParse(t *testing.T) {
	f := &fixture{dir: t.TempDir(), env: gitEnv(t)}
	args := []string{"rules", "show", "--format", "toml", "--builtin"}
	for _, r := range rules.Builtin() {
		args = append(args, r.ID)
	}
	var out bytes.Buffer
	if code := run(t.Context(), f.world(args, "", &out)); code != 0 {
		t.Fatalf("run(rules show ALL) = %d", code)
	}
	parsed, err := rules.Parse("shown.toml", out.Bytes())
	if err != nil || len(parsed) != len(rules.Builtin()) {
		t.Errorf("Parse(rules show ALL) = %d rules, %v, want %d", len(parsed), err, len(rules.Builtin()))
	}
}

func TestPageCutsNothing(t *testing.T) {
	a := &app{w: &world{stdoutTerminal: terminal{is: true, width: 40}}, color: colorNever}
	p := a.newPage()
	p.entry(10, "label", "a text of several words that is broken\x1b into lines")
	p.entry(4, "a long label", "x")
	p.entry(10, "none", "")
	p.code(2, "if x {\n\ty\x07\n}\n")
	want := "  label   a text of several words that\n          is broken\\x1b into lines\n  a long label x\n  if x {\n      y\\a\n  }\n"
	if got := p.String(); got != want {
		t.Errorf("page = %q, want %q", got, want)
	}
}
