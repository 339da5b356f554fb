package main

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// everyCommand returns the tree and all commands in it that help lists, and
// help itself.
func everyCommand(t *testing.T) (a *app, root *cobra.Command, all []*cobra.Command) {
	t.Helper()
	f := &fixture{dir: t.TempDir(), env: gitEnv(t)}
	a = newApp(f.world(nil, "", io.Discard))
	root = newRoot(a)
	eachCommand(root, func(c *cobra.Command) { all = append(all, c) })
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			all = append(all, c)
		}
	}
	if len(all) < 15 {
		t.Fatalf("the tree has %d commands", len(all))
	}
	return a, root, all
}

func TestEveryCommandIsDocumented(t *testing.T) {
	_, root, all := everyCommand(t)
	for _, c := range all {
		name := c.CommandPath()
		if c.Short == "" || c.Long == "" || c.Example == "" {
			t.Errorf("%s: Short %q, Long %q, Example %q: none may be empty", name, c.Short, c.Long, c.Example)
		}
		exit := c.Annotations[exitAnnotation]
		if !regexp.MustCompile(`(?m)^  0    `).MatchString(exit) || !regexp.MustCompile(`(?m)^  2    `).MatchString(exit) {
			t.Errorf("%s: help does not say when it exits with 0 and with 2: %q", name, exit)
		}
		for _, text := range []string{c.Short, c.Long, c.Example, exit} {
			for line := range strings.SplitSeq(text, "\n") {
				if len([]rune(line)) > 80 || strings.TrimRight(line, " \t") != line {
					t.Errorf("%s: a line of its help is longer than 80 columns or ends with a space: %q", name, line)
				}
			}
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s: --%s has no usage", name, f.Name)
			}
		})
	}
	for _, c := range root.Commands() {
		if !slices.Contains(all, c) {
			t.Errorf("help does not list %q", c.CommandPath())
		}
	}
}

// TestExamplesAreCommands holds what help shows to the commands and flags that
// there are.
func TestExamplesAreCommands(t *testing.T) {
	command := regexp.MustCompile(`(?:^|[ (])cork( [^|#<>()&]*)?`)
	seen := 0
	_, _, all := everyCommand(t)
	for _, c := range all {
		for line := range strings.SplitSeq(c.Example, "\n") {
			line, _, _ = strings.Cut(line, "  #")
			for _, m := range command.FindAllStringSubmatch(line, -1) {
				seen++
				_, root, _ := everyCommand(t)
				target, rest, err := root.Find(splitWords(m[1]))
				if err != nil || target == nil {
					t.Errorf("%s: example %q: %v", c.CommandPath(), line, err)
					continue
				}
				if err := target.ParseFlags(rest); err != nil {
					t.Errorf("%s: example %q: %v", c.CommandPath(), line, err)
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d examples were tried", seen)
	}
}

// splitWords splits what a shell would, in the plain cases that help has.
func splitWords(text string) (words []string) {
	for _, m := range regexp.MustCompile(`"([^"]*)"|'([^']*)'|\S+`).FindAllStringSubmatch(text, -1) {
		word := m[0]
		if m[1]+m[2] != "" {
			word = m[1] + m[2]
		}
		words = append(words, word)
	}
	return words
}

// TestEveryFlagCompletes makes whoever adds a flag say what can stand behind it.
func TestEveryFlagCompletes(t *testing.T) {
	a, _, all := everyCommand(t)
	for _, c := range all {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			value, _ := pflag.UnquoteUsage(f)
			if f.NoOptDefVal == "" && value != "" && a.flagCompleter(f) == nil {
				t.Errorf("%s: nothing says what can stand behind --%s %s: see valueCompleters", c.CommandPath(), f.Name, value)
			}
		})
	}
}

// TestEveryArgumentCompletes does so for arguments.
func TestEveryArgumentCompletes(t *testing.T) {
	a, _, all := everyCommand(t)
	args := a.argCompleters()
	for _, c := range all {
		takes := regexp.MustCompile(`[A-Z]{2,}`).MatchString(c.Use) && c.Annotations[orderAnnotation] == ""
		if takes && args[c.CommandPath()] == nil {
			t.Errorf("%s: nothing says what its arguments can be: see argCompleters", c.Use)
		}
		delete(args, c.CommandPath())
	}
	for name := range args {
		t.Errorf("argCompleters has %q, which is no command", name)
	}
}

func TestIsPlain(t *testing.T) {
	for word, want := range map[string]bool{
		"main": true, "feature/a_b-c.d": true, "v1.0+x@y": true,
		"": false, "-x": false, "a b": false, "$(x)": false, "`x`": false, "a;b": false, "a'b": false, "a\tb": false, "é": false,
	} {
		if got := isPlain(word); got != want {
			t.Errorf("isPlain(%q) = %v, want %v", word, got, want)
		}
	}
}

func TestRoff(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{".cork.toml", `\&.cork.toml`},
		{`'a' "b"`, `\(aqa\(aq "b"`},
		{`--x \n`, `\-\-x \en`},
		{"~/a^b`c`", "\\(ti/a\\(hab\\(gac\\(ga"},
	} {
		if got := roff(test.text); got != test.want {
			t.Errorf("roff(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}
