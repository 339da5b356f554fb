package main

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/report"
)

func rulesShowCommand(a *app) *cobra.Command {
	book := new(bookFlags)
	format := newChoice("text", "text", "json", "toml")
	cmd := &cobra.Command{
		Use:   "show [flags] ID...",
		Short: "Show everything about a rule",
		Long: `Show rules as they hold in this folder, with what .cork.toml changes in them:
where they come from, what they look for, what they leave alone, and their
examples, in which <base62:36> stands for so many random characters. As TOML a
rule can be pasted into .cork.toml, to be changed there.`,
		Example: `  cork rules show github-pat
  cork rules show --format toml jwt >> .cork.toml
  cork rules show --format json generic-password | jq '.rules[0].keywords'`,
		Annotations:           map[string]string{exitAnnotation: exitShown},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return scanner.WithHint(errors.New("the id of a rule is missing"), "list the ids: cork rules")
			}
			return a.showRules(cmd, book, args, format.value)
		},
	}
	cmd.Flags().Var(format, "format", "write text for people, one JSON object, or a rule file")
	book.add(cmd.Flags())
	return cmd
}

func (a *app) showRules(cmd *cobra.Command, bf *bookFlags, ids []string, format string) error {
	book, err := a.openBookHere(cmd, bf)
	if err != nil {
		return err
	}
	var shown []bookRule
	var errs []error
	for _, id := range ids {
		r, err := book.find(id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if !slices.ContainsFunc(shown, func(s bookRule) bool { return s.ID == id }) {
			r.Rule = rules.WithExamples(r.Rule)
			shown = append(shown, r)
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	out := cmd.OutOrStdout()
	switch format {
	case "json":
		list := make([]object, len(shown))
		for i, r := range shown {
			list[i] = r.json(true)
		}
		return writeJSON(out, nil, "rules", list, nil)
	case "toml":
		text := ""
		for i, r := range shown {
			if i > 0 {
				text += "\n"
			}
			text += string(rules.Format(r.Rule))
		}
		_, err := io.WriteString(out, text)
		return err
	}
	p := a.newPage()
	for i, r := range shown {
		if i > 0 {
			p.print("\n")
		}
		p.rule(&r)
	}
	_, err = io.WriteString(out, p.String())
	return err
}

// ruleColumn is where what is said about a rule begins.
const ruleColumn = 20

// rule adds everything about a rule, under the keys that it is written with.
func (p *page) rule(r *bookRule) {
	p.print(p.paint(report.Rule, r.ID), "  ", report.Printable(r.Description), "\n")
	p.entry(ruleColumn, "kind", map[string]string{
		"pattern":    "pattern: found by what it looks like",
		"assignment": "assignment: found by the name that it is assigned to",
		"path":       "path: found by the file's name alone",
	}[r.kind()])
	source := r.source()
	switch r.state {
	case stateBuiltin:
		source += " (built in)"
	default:
		source += " (" + r.state + ")"
	}
	p.entry(ruleColumn, "source", source)
	for _, f := range r.Fields() {
		if f.Zero || f.Key == "id" || f.Key == "description" {
			continue
		}
		p.field(f.Key, reflect.ValueOf(f.Value))
	}
}

// field adds one key. Expressions and examples are not broken into lines.
func (p *page) field(key string, v reflect.Value) {
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("toml"), ",")
			if name != "" && name != "-" && !v.Field(i).IsZero() {
				p.field(key+"."+name, v.Field(i))
			}
		}
		return
	}
	switch value := v.Interface().(type) {
	case string:
		p.lines(ruleColumn, key, []string{report.Printable(value)})
	case []string:
		if key != "keywords" && !strings.HasSuffix(key, "stop_words") {
			lines := make([]string, len(value))
			for i := range value {
				lines[i] = report.Printable(strings.ReplaceAll(value[i], "\n", "\\n"))
			}
			p.lines(ruleColumn, key, lines)
			return
		}
		quoted := make([]string, len(value))
		for i, word := range value {
			quoted[i] = word
			if strings.ContainsAny(word, " ,\"\t\n") {
				quoted[i] = strconv.Quote(word)
			}
		}
		p.entry(ruleColumn, key, strings.Join(quoted, ", "))
	case []rules.Part:
		var lines []string
		for i := range value {
			lines = append(lines, partLine(&value[i]))
		}
		p.lines(ruleColumn, key, lines)
	default:
		text, err := json.Marshal(plainJSON(v))
		if err != nil {
			return
		}
		p.lines(ruleColumn, key, []string{report.Printable(strings.Trim(string(text), `"`))})
	}
}

// partLine says what a part is, what finds it, and where.
func partLine(p *rules.Part) string {
	s := p.Name + ": " + strings.Join(p.Rules, " or ")
	if p.Lines > 0 {
		s += ", at most " + strconv.Itoa(p.Lines) + " lines away"
	}
	if p.Bytes > 0 {
		s += ", at most " + strconv.Itoa(p.Bytes) + " bytes away"
	}
	if p.Required {
		s += ", required"
	}
	return report.Printable(s)
}
