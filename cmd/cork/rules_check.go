package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/report"
)

func rulesCheckCommand(a *app) *cobra.Command {
	format := newChoice("text", "text", "json")
	var strict bool
	cmd := &cobra.Command{
		Use:   "check [flags] FILE...",
		Short: "Check a rule file or a .cork.toml",
		Long: `Check files of rules, be it [[rule]] tables alone or a whole .cork.toml: all
that is wrong with them at once, with file and line; then every match and
nomatch example, at the beginning, in the middle and at the end of a file, with
CRLF, next to another one and among all other rules; then what works but could
be better, such as keywords that stand in many files, or a change by which a
built-in rule no longer finds its own examples. "-" is standard input.`,
		Example: `  cork rules check .cork.toml
  cork rules check --strict rules/*.toml
  cork rules check - < new-rule.toml`,
		Annotations: map[string]string{exitAnnotation: `  0    the rules are right, perhaps with warnings
  2    something is wrong with them, or with how the command was typed;
       with --strict also if there are warnings`},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError(cmd, "the name of a file is missing")
			}
			c := &ruleCheck{}
			for _, name := range args {
				if err := a.checkRules(c, name); err != nil {
					return err
				}
				if err := cmd.Context().Err(); err != nil {
					return err
				}
			}
			if c.errors > 0 || strict && c.warnings > 0 {
				a.code = exitError
			}
			return a.writeCheck(cmd.OutOrStdout(), c, format.value)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().Var(format, "format", "write a line for each problem or one JSON object")
	cmd.Flags().BoolVar(&strict, "strict", false, "exit 2 if there are warnings")
	return cmd
}

// A ruleCheck is what came of checking files.
type ruleCheck struct {
	rules, examples  int
	errors, warnings int
	problems         []problem
}

// A problem is what is wrong with a rule, or could be better.
type problem struct {
	warning bool
	err     rules.Error
}

func (c *ruleCheck) add(warning bool, err error) {
	if warning {
		c.warnings++
	} else {
		c.errors++
	}
	p := problem{warning: warning, err: rules.Error{Msg: err.Error()}}
	var re *rules.Error
	if errors.As(err, &re) {
		p.err = *re
	}
	c.problems = append(c.problems, p)
}

// addAll adds an error, and each of those that it joins on its own.
func (c *ruleCheck) addAll(warning bool, errs ...error) {
	for _, err := range errs {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			c.addAll(warning, joined.Unwrap()...)
		} else if err != nil {
			c.add(warning, err)
		}
	}
}

// checkRules checks one file. It returns an error only if that cannot be read.
func (a *app) checkRules(c *ruleCheck, name string) error {
	var data []byte
	var err error
	if name == "-" {
		name = scanner.StdinPath
		data, err = io.ReadAll(a.w.stdin)
	} else {
		data, err = readRegular(a.w.abs(name))
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", report.DisplayPath(name), unwrapPath(err))
	}
	shown := filepath.ToSlash(name)
	cfg, err := scanner.ParseConfig(shown, data, rules.Builtin(), a.w.now())
	if err != nil {
		c.addAll(false, err)
		return nil
	}
	a.checkTables(c, shown, cfg)
	for _, e := range cfg.Expired {
		c.add(true, &rules.Error{File: shown, Line: max(1, e.Line), Msg: fmt.Sprintf("an allow entry expired on %s and is not applied: %s", e.Expires.Format("2006-01-02"), e.Reason)})
	}
	return nil
}

// checkTables checks the [[rule]] tables of a file.
func (a *app) checkTables(c *ruleCheck, shown string, cfg *scanner.Config) {
	builtin := map[string]rules.Rule{}
	for _, r := range rules.Builtin() {
		builtin[r.ID] = r
	}
	set, err := rules.Compile(cfg.Rules)
	c.addAll(false, err)
	for _, r := range cfg.Rules {
		if !strings.HasPrefix(r.Source, shown+":") {
			continue
		}
		c.rules++
		c.examples += len(r.Match) + len(r.NoMatch)
		if set != nil {
			wrong := rules.CheckExamples(r, cfg.Rules...)
			if len(wrong) == 0 { // else it would be said twice
				wrong = rules.CheckExamplesAmong(set, r)
			}
			c.addAll(false, wrong...)
		}
		old, isChange := builtin[r.ID]
		if isChange {
			taken := clash(&old, &r)
			c.addAll(true, taken...)
			if len(taken) == 0 {
				c.addAll(true, lost(&old, &r, cfg.Rules)...)
			}
		}
		c.addAll(true, rules.Warnings(r, isChange)...)
	}
}

// clash warns about a whole rule that has the id of a built-in one by accident:
// what says something else under the same id.
func clash(old, changed *rules.Rule) []error {
	if changed.Description == old.Description || changed.Regex == old.Regex && changed.Keys == old.Keys {
		return nil
	}
	return []error{&rules.Error{
		File: fileOf(changed.Source), Line: lineOf(changed.Source), ID: changed.ID,
		Msg: fmt.Sprintf("takes the place of a built-in rule, %s; if it is a rule of its own, give it an id of its own", old.Description),
	}}
}

// lost warns about a change of a built-in rule that keeps it from what it is there
// for, such as keywords that do not stand where its secrets do.
func lost(old, changed *rules.Rule, all []rules.Rule) []error {
	whole := rules.WithExamples(*old)
	lost, why := rules.LostExamples(whole, *changed, all...)
	if len(lost) == 0 {
		return nil
	}
	what := fmt.Sprintf("%d of the %d examples", len(lost), len(whole.Match))
	if len(lost) == len(whole.Match) {
		what = "any of the examples"
	}
	if why != "" {
		why = ": " + why
	}
	return []error{&rules.Error{
		File: fileOf(changed.Source), Line: lineOf(changed.Source), ID: changed.ID,
		Msg: fmt.Sprintf("does not find %s of the built-in rule any more, such as %q%s; to switch a rule off, disable it", what, lost[0], why),
	}}
}

func fileOf(source string) string { return source[:max(0, strings.LastIndexByte(source, ':'))] }

func lineOf(source string) (line int) {
	fmt.Sscan(source[strings.LastIndexByte(source, ':')+1:], &line)
	return line
}

func (a *app) writeCheck(w io.Writer, c *ruleCheck, format string) error {
	err := a.writeProblems(w, c, format, object{{"rules", c.rules}, {"examples", c.examples}}, plural(c.rules, "rule"), plural(c.examples, "example"))
	if err == nil && format != "json" && c.rules == 0 && c.errors == 0 {
		a.say("there is no [[rule]] in it, so only the rest was checked")
	}
	return err
}

// writeProblems writes what came of a check. checked counts what was, for JSON and
// for people.
func (a *app) writeProblems(w io.Writer, c *ruleCheck, format string, checked object, counts ...string) error {
	if format == "json" {
		list := make([]object, len(c.problems))
		for i, p := range c.problems {
			list[i] = object{{"level", p.level()}, {"file", report.JSONPath(p.err.File)}, {"line", p.err.Line}, {"rule", p.err.ID}, {"message", p.err.Msg}}
		}
		return writeJSON(w, nil, "problems", list, append(checked, object{{"errors", c.errors}, {"warnings", c.warnings}}...))
	}
	p := a.newPage()
	for _, problem := range c.problems {
		role := report.Bad
		if problem.warning {
			role = report.Rule
		}
		text := problem.err
		place := ""
		if text.File != "" {
			place = fmt.Sprintf("%s:%d: ", report.DisplayPath(text.File), text.Line)
			text.File = ""
		}
		p.print(p.paint(report.Path, place), p.paint(role, problem.level()+":"), " ", report.Printable(text.Error()), "\n")
	}
	if _, err := io.WriteString(w, p.String()); err != nil {
		return err
	}
	a.say("%s, %s, %s", strings.Join(counts, ", "), a.paint(roleOf(c.errors, report.Bad), plural(c.errors, "error")), plural(c.warnings, "warning"))
	return nil
}

func (p *problem) level() string {
	if p.warning {
		return "warning"
	}
	return "error"
}

func roleOf(n int, role report.Role) report.Role {
	if n == 0 {
		return report.Good
	}
	return role
}
