package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git"
	"github.com/cork-scanner/cork/scanner/report"
)

// exitShown is the part about exit codes of the help of commands that show
// something and scan nothing.
const exitShown = `  0    done
  2    usage or configuration is wrong`

func rulesCommand(a *app) *cobra.Command {
	cmd := rulesListCommand(a)
	cmd.Use = "rules [flags] [COMMAND]"
	cmd.Short = "List, show, test and check rules"
	cmd.Long = `Rules say what a secret looks like. Without a command, list them: those that
hold in this folder, which are the built-in ones and what .cork.toml makes of
them, at the root of the repository and in the folders down to this one.`
	cmd.Example = `  cork rules                            # all of them
  cork rules --provider github          # those of one provider
  cork rules show github-pat            # everything about one
  cork rules test config.yml            # what matches in a file, and why
  cork rules check .cork.toml           # are my rules right?`
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	addCommands(cmd, rulesListCommand(a), rulesShowCommand(a), rulesTestCommand(a), rulesCheckCommand(a))
	return cmd
}

// The states of a rule.
const (
	stateBuiltin  = "built-in"
	stateChanged  = "changed"  // a built-in one that the configuration changes
	stateNew      = "new"      // of the configuration alone
	stateDisabled = "disabled" // a built-in one that the configuration switches off
)

// A ruleBook is the rules that hold somewhere.
type ruleBook struct {
	rules  []bookRule      // that hold in the folder, by id
	set    *rules.Set      // at the root, without those that are disabled
	cfg    *scanner.Config // at the root; never nil
	nested *scanner.Nested // below it; nil: nothing
	root   string          // of the repository's work tree; "" outside of one

	baseline *scanner.Baseline // that findings are held against; nil: none
}

type bookRule struct {
	rules.Rule
	state string
}

// bookFlags say which rules a command is about.
type bookFlags struct {
	config    string
	builtin   bool
	trustRepo bool
	writes    bool // it is for a command that writes the configuration, and has no --builtin
}

func (f *bookFlags) add(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&f.config, "config", "", "read `FILE` instead of .cork.toml, at the root and in folders")
	flags.BoolVar(&f.builtin, "builtin", false, "the built-in rules alone, without any configuration")
	flags.BoolVar(&f.trustRepo, "trust-repo", false, "read a repository that another user owns")
}

// check returns a usage error for flags that contradict each other.
func (f *bookFlags) check(cmd *cobra.Command) error {
	if f.builtin && f.config != "" {
		return usageError(cmd, "--builtin and --config contradict each other")
	}
	return nil
}

// scanFlags returns the flags of a scan with these rules.
func (f *bookFlags) scanFlags() *scanFlags {
	return &scanFlags{
		config: f.config, trustRepo: f.trustRepo,
		format: newChoice("text"), minConfidence: newChoice(""), engine: newChoice("auto"),
	}
}

// openBookHere checks the flags and reads the rules that hold in the current
// folder.
func (a *app) openBookHere(cmd *cobra.Command, f *bookFlags) (*ruleBook, error) {
	if err := f.check(cmd); err != nil {
		return nil, err
	}
	dir, err := a.workDir()
	if err != nil {
		return nil, err
	}
	return a.openBook(cmd.Context(), f, dir)
}

// openBook reads the rules that hold in a folder.
func (a *app) openBook(ctx context.Context, f *bookFlags, dir string) (*ruleBook, error) {
	book := &ruleBook{cfg: &scanner.Config{Rules: rules.Builtin()}}
	if !f.builtin {
		cfg, root, err := a.bookConfig(ctx, f, dir)
		if err != nil {
			return nil, err
		}
		book.root = root
		if cfg != nil {
			book.cfg = cfg
		}
		book.nested = a.bookNested(ctx, f, dir, root)
	}
	set, err := rules.Compile(book.cfg.Rules)
	if err != nil {
		return nil, f.hint(err)
	}
	book.set = set
	if folder, ok := below(book.root, dir); ok && book.nested != nil {
		here, err := a.bookScanner(book, "", false).ConfigAt(path.Join(folder, "file"))
		if err != nil {
			return nil, err
		}
		if here != nil {
			if set, err = rules.Compile(here.Rules); err != nil {
				return nil, err
			}
		}
	}
	builtin := map[string]rules.Rule{}
	for _, r := range rules.Builtin() {
		builtin[r.ID] = r
	}
	for _, r := range set.Rules() {
		b := bookRule{r, stateBuiltin}
		if was, ok := builtin[r.ID]; !ok {
			b.state = stateNew
		} else if was.Source != r.Source {
			b.state = stateChanged
		}
		delete(builtin, r.ID)
		book.rules = append(book.rules, b)
	}
	for _, r := range builtin {
		book.rules = append(book.rules, bookRule{r, stateDisabled})
	}
	slices.SortFunc(book.rules, func(a, b bookRule) int { return cmp.Compare(a.ID, b.ID) })
	return book, nil
}

// bookConfig reads the configuration that the flags name or that holds in the
// folder; nil if there is none. root is that of the repository's work tree.
func (a *app) bookConfig(ctx context.Context, f *bookFlags, dir string) (cfg *scanner.Config, root string, err error) {
	sf := f.scanFlags()
	repo, err := a.openRepository(ctx, sf, dir, false)
	switch {
	case errors.Is(err, git.ErrNotRepository), err != nil && f.config != "":
		repo = nil // the rules do not depend on it
	case err != nil:
		return nil, "", f.hint(err)
	}
	if repo != nil {
		root = repo.Root()
		defer func() { err = errors.Join(err, repo.Close()) }()
	}
	cfg, err = a.readConfig(ctx, sf, repo, where(repo))
	return cfg, root, f.hint(err)
}

// hint says how to see rules in spite of an error in what changes them.
func (f *bookFlags) hint(err error) error {
	if err == nil {
		return nil
	}
	foreign := (*foreignFileError)(nil)
	if f.writes {
		name := cmp.Or(f.config, configName)
		if errors.As(err, &foreign) {
			name = "the file of the other scanner"
		}
		return scanner.WithHint(err, "nothing was changed: mend "+report.DisplayPath(name)+" and try again")
	}
	if errors.As(err, &foreign) {
		return scanner.WithHint(err, "mend the file of the other scanner, or add --builtin to go without it")
	}
	if f.config != "" {
		return scanner.WithHint(err, "mend "+report.DisplayPath(f.config)+", or leave out --config")
	}
	return scanner.WithHint(err, "mend "+configName+", or add --builtin to go without it")
}

// find returns the rule of that id.
func (b *ruleBook) find(id string) (bookRule, error) {
	i, ok := slices.BinarySearchFunc(b.rules, id, func(r bookRule, id string) int { return cmp.Compare(r.ID, id) })
	if ok {
		return b.rules[i], nil
	}
	hint := "list the rules: cork rules"
	if word, _, _ := strings.Cut(id, "-"); word != "" && b.search(word) {
		hint = "look for it: cork rules --search " + word
	}
	return bookRule{}, scanner.WithHint(fmt.Errorf("there is no rule %q%s", id, rules.DidYouMean(id, b.ids())), hint)
}

func (b *ruleBook) ids() func(yield func(string) bool) {
	ids := map[string]bool{}
	for _, r := range b.rules {
		ids[r.ID] = true
	}
	return maps.Keys(ids)
}

// search reports whether "cork rules --search TEXT" would list a rule.
func (b *ruleBook) search(text string) bool {
	return slices.ContainsFunc(b.rules, func(r bookRule) bool { return r.mentions(text) })
}

// kind returns which of the three kinds of rules it is.
func (r *bookRule) kind() string {
	switch {
	case r.Keys != "":
		return "assignment"
	case r.Regex != "":
		return "pattern"
	}
	return "path"
}

// source returns the file that the rule was read from, and its line. Those of
// built-in rules are relative to the folder of the project.
func (r *bookRule) source() string {
	if r.state == stateBuiltin || r.state == stateDisabled {
		return "rules/" + r.Source
	}
	return r.Source
}

// mentions reports whether every word of the text stands in what the rule is
// called by, in either case.
func (r *bookRule) mentions(text string) bool {
	in := strings.ToLower(strings.Join(append([]string{r.ID, r.Description, r.Provider}, r.Keywords...), "\n"))
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		if !strings.Contains(in, word) {
			return false
		}
	}
	return true
}

// An object is a JSON object whose keys have an order.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, v := range []any{m.key, m.value} {
			if j > 0 {
				b.WriteByte(':')
			}
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			if err := e.Encode(v); err != nil {
				return nil, err
			}
			b.Truncate(b.Len() - 1) // the newline
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// json returns the rule with every key that a rule can have, under the names
// that they have in TOML. Examples are left out unless they are wanted: only
// those of one rule at a time are cheap.
func (r *bookRule) json(examples bool) object {
	o := object{{"id", r.ID}, {"description", r.Description}, {"provider", r.Provider}, {"severity", r.Severity}, {"confidence", r.Confidence},
		{"kind", r.kind()}, {"state", r.state}, {"source", r.source()}}
	for _, f := range r.Fields() {
		isExample := strings.HasPrefix(f.Key, "match") || f.Key == "nomatch"
		if slices.ContainsFunc(o, func(m member) bool { return m.key == f.Key }) || isExample && !examples {
			continue
		}
		o = append(o, member{f.Key, plainJSON(reflect.ValueOf(f.Value))})
	}
	return o
}

// plainJSON returns a value of a rule as it is written in JSON: lists are never
// null, tables have the keys that they have in TOML.
func plainJSON(v reflect.Value) any {
	if _, ok := v.Interface().(encoding.TextMarshaler); ok {
		return v.Interface()
	}
	switch v.Kind() {
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plainJSON(v.Index(i))
		}
		return list
	case reflect.Struct:
		o := object{}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if key, _, _ := strings.Cut(f.Tag.Get("toml"), ","); key != "" && key != "-" && f.IsExported() {
				o = append(o, member{key, plainJSON(v.Field(i))})
			}
		}
		return o
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return plainJSON(v.Elem())
	}
	return v.Interface()
}

// writeJSON writes one object, with each element of the list on a line of its
// own.
func writeJSON(w io.Writer, before object, key string, list []object, after object) error {
	var b bytes.Buffer
	encode := func(o object) {
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(o); err != nil {
			panic(err) // of numbers, strings and lists of them
		}
		b.Truncate(b.Len() - 1)
	}
	encode(append(object{{"schema", report.JSONSchema}}, before...))
	b.Truncate(b.Len() - 1) // the brace
	fmt.Fprintf(&b, ",%q:[", key)
	for i, o := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		encode(o)
	}
	if len(list) > 0 {
		b.WriteByte('\n')
	}
	b.WriteByte(']')
	if len(after) > 0 {
		b.WriteByte(',')
		at := b.Len()
		encode(after)
		copy(b.Bytes()[at:], b.Bytes()[at+1:]) // the brace
		b.Truncate(b.Len() - 2)
	}
	b.WriteString("}\n")
	_, err := w.Write(report.PlainJSON(b.Bytes()))
	return err
}

// workDir returns the absolute path of the current folder.
func (a *app) workDir() (string, error) {
	dir, err := filepath.Abs(a.w.abs("."))
	if err != nil {
		return "", fmt.Errorf("find the current folder: %w", err)
	}
	return dir, nil
}

// plural returns "1 rule", "2 rules", "0 rules".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
