package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/report"
)

// ruleFilter says which rules to list.
type ruleFilter struct {
	provider             string
	severity, confidence choices
	kind                 choices
	search               string
}

func rulesListCommand(a *app) *cobra.Command {
	book := new(bookFlags)
	filter := &ruleFilter{
		severity:   choices{allowed: []string{"low", "medium", "high", "critical"}},
		confidence: choices{allowed: []string{"low", "medium", "high"}},
		kind:       choices{allowed: []string{"pattern", "assignment", "path"}},
	}
	format := newChoice("text", "text", "json")
	cmd := &cobra.Command{
		Use:   "list [flags]",
		Short: "List the rules that hold here",
		Long: `List the rules that hold in this folder: the built-in ones and what .cork.toml
makes of them, at the root of the repository and in folders. Rules that it
changes, adds or disables are marked. On a terminal this is a table; elsewhere
each line is id, severity, confidence, state and description, with tabs between
them.

Filters can be combined; lists of values are separated by commas.`,
		Example: `  cork rules list --severity high,critical --kind pattern
  cork rules list --search "aws key"
  cork rules list --builtin --format json | jq -r '.rules[].provider' | sort -u`,
		Annotations:           map[string]string{exitAnnotation: exitShown},
		Args:                  noArgs,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.listRules(cmd, book, filter, format.value)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&filter.provider, "provider", "", "those of the provider `NAME`, in either case; \"none\" for general ones")
	flags.Var(&filter.severity, "severity", "those of a severity: "+strings.Join(filter.severity.allowed, ", "))
	flags.Var(&filter.confidence, "confidence", "those of a confidence: "+strings.Join(filter.confidence.allowed, ", "))
	flags.Var(&filter.kind, "kind", "those that are found by what they look like (pattern), by the name that they are assigned to (assignment), or by the file's name (path)")
	flags.StringVar(&filter.search, "search", "", "those with every word of `TEXT` in id, description, provider or keywords")
	flags.Var(format, "format", "write a table for people or one JSON object")
	book.add(flags)
	return cmd
}

func (a *app) listRules(cmd *cobra.Command, bf *bookFlags, filter *ruleFilter, format string) error {
	book, err := a.openBookHere(cmd, bf)
	if err != nil {
		return err
	}
	if err := filter.check(cmd, book); err != nil {
		return err
	}
	var listed []bookRule
	for _, r := range book.rules {
		if filter.matches(&r) {
			listed = append(listed, r)
		}
	}
	if format == "json" {
		list := make([]object, len(listed))
		for i, r := range listed {
			list[i] = r.json(false)
		}
		return writeJSON(cmd.OutOrStdout(), nil, "rules", list, object{{"total", len(book.rules)}})
	}
	if err := a.writeRules(cmd.OutOrStdout(), listed); err != nil {
		return err
	}
	a.say("%s", countRules(listed, len(book.rules)))
	if len(listed) == 0 {
		a.hint("no rule is like that: leave out a filter, or look for a word: cork rules --search TEXT")
	}
	return nil
}

// writeRules writes a table, for a terminal or for programs.
func (a *app) writeRules(w io.Writer, listed []bookRule) error {
	p := a.newPage()
	if !a.w.stdoutTerminal.is {
		for _, r := range listed {
			p.print(strings.Join([]string{r.ID, r.Severity.String(), r.Confidence.String(), r.state, report.Printable(r.Description)}, "\t"), "\n")
		}
		_, err := io.WriteString(w, p.String())
		return err
	}
	if len(listed) == 0 {
		return nil
	}
	rows := [][]string{{"ID", "SEVERITY", "CONFIDENCE", "STATE", "DESCRIPTION"}}
	for _, r := range listed {
		rows = append(rows, []string{r.ID, r.Severity.String(), r.Confidence.String(), r.state, report.Printable(r.Description)})
	}
	if !slices.ContainsFunc(listed, func(r bookRule) bool { return r.state != stateBuiltin }) {
		for i := range rows {
			rows[i] = slices.Delete(rows[i], 3, 4) // it would say the same everywhere
		}
	}
	widths := make([]int, len(rows[0])-1)
	for _, row := range rows {
		for i := range widths {
			widths[i] = max(widths[i], len(row[i]))
		}
	}
	for i, row := range rows {
		left := p.width
		for j, cell := range row {
			role := report.Plain
			switch {
			case i == 0:
				role = report.Faint
			case j == 0:
				role = report.Rule
			}
			if j == len(widths) {
				p.print(p.paint(role, cut(cell, max(left, 20))), "\n")
				break
			}
			p.print(p.paint(role, cell), strings.Repeat(" ", widths[j]-len(cell)+2))
			left -= widths[j] + 2
		}
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// countRules says how many rules were listed, and how many are not as they are
// built in.
func countRules(listed []bookRule, total int) string {
	line := plural(len(listed), "rule")
	if len(listed) != total {
		line = fmt.Sprintf("%d of %d rules", len(listed), total)
	}
	for _, state := range []string{stateChanged, stateNew, stateDisabled} {
		n := 0
		for _, r := range listed {
			if r.state == state {
				n++
			}
		}
		if n > 0 {
			line += fmt.Sprintf(", %d %s", n, state)
		}
	}
	return line
}

// noProvider is what rules without a provider are asked for by.
const noProvider = "none"

func (f *ruleFilter) matches(r *bookRule) bool {
	switch {
	case f.provider != "" && !strings.EqualFold(f.provider, r.Provider) && !(strings.EqualFold(f.provider, noProvider) && r.Provider == ""):
		return false
	case !f.severity.has(r.Severity.String()), !f.confidence.has(r.Confidence.String()), !f.kind.has(r.kind()):
		return false
	}
	return r.mentions(f.search)
}

// check returns a usage error for a provider that no rule has.
func (f *ruleFilter) check(cmd *cobra.Command, book *ruleBook) error {
	if f.provider == "" || strings.EqualFold(f.provider, noProvider) {
		return nil
	}
	providers := map[string]string{} // by their names in lower case
	for _, r := range book.rules {
		if strings.EqualFold(r.Provider, f.provider) {
			return nil
		}
		providers[strings.ToLower(r.Provider)] = r.Provider
	}
	delete(providers, "")
	typed := strings.ToLower(f.provider)
	var near []string
	for _, like := range []func(s, part string) bool{strings.HasPrefix, strings.Contains} {
		for _, lower := range slices.Sorted(maps.Keys(providers)) {
			if name := fmt.Sprintf("%q", providers[lower]); like(lower, typed) && !slices.Contains(near, name) {
				near = append(near, name)
			}
		}
	}
	if len(near) == 0 {
		if lower := rules.Nearest(typed, maps.Keys(providers)); lower != "" {
			near = []string{fmt.Sprintf("%q", providers[lower])}
		}
	}
	err := fmt.Errorf("no rule has the provider %q", f.provider)
	switch {
	case len(near) == 0:
		return scanner.WithHint(err, "look for a word in ids, descriptions and keywords: cork rules --search TEXT")
	case len(near) > 5:
		near = append(near[:5], "...")
	}
	return scanner.WithHint(err, "did you mean "+strings.Join(near, ", ")+"?")
}

// choices is a flag whose value is some of a list, separated by commas. None
// stands for all.
type choices struct {
	values  []string
	allowed []string
}

func (c *choices) String() string { return strings.Join(c.values, ",") }

// Type is what help shows for the value.
func (c *choices) Type() string { return "LIST" }

func (c *choices) Set(value string) error {
	for v := range strings.SplitSeq(value, ",") {
		if !slices.Contains(c.allowed, v) {
			return fmt.Errorf("must be %s or %s%s", strings.Join(c.allowed[:len(c.allowed)-1], ", "), c.allowed[len(c.allowed)-1],
				rules.DidYouMean(v, slices.Values(c.allowed)))
		}
		c.values = append(c.values, v)
	}
	return nil
}

func (c *choices) has(value string) bool {
	return len(c.values) == 0 || slices.Contains(c.values, value)
}
