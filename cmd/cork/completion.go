package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/hook"
	"github.com/cork-scanner/cork/scanner/report"
)

// The shells that have completions.
const (
	shellBash       = "bash"
	shellZsh        = "zsh"
	shellFish       = "fish"
	shellPowerShell = "powershell"
)

func completionCommand(_ *app) *cobra.Command {
	shells := []string{shellBash, shellZsh, shellFish, shellPowerShell}
	return &cobra.Command{
		Use:   "completion " + strings.Join(shells, "|"),
		Short: "Print what makes a shell complete cork's commands",
		Long: `Print a script that makes a shell complete commands, flags and what can stand
behind them: formats, severities, ids of rules, names of hooks, branches and
tags. The shell asks cork itself, so the script need not be renewed with it.`,
		Example: `  source <(cork completion bash)    # in ~/.bashrc, with bash-completion
  source <(cork completion zsh)     # in ~/.zshrc, after compinit
  cork completion fish > ~/.config/fish/completions/cork.fish
  cork completion powershell | Out-String | Invoke-Expression`,
		Annotations:           map[string]string{exitAnnotation: exitPrinted},
		ValidArgs:             shells,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError(cmd, "give the name of one shell: %s", strings.Join(shells, ", "))
			}
			root, out := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case shellBash:
				return root.GenBashCompletionV2(out, true)
			case shellZsh:
				return root.GenZshCompletion(out)
			case shellFish:
				return root.GenFishCompletion(out, true)
			case shellPowerShell:
				return root.GenPowerShellCompletionWithDesc(out)
			}
			return scanner.WithHint(fmt.Errorf("there are no completions for %q%s", args[0], rules.DidYouMean(args[0], slices.Values(shells))),
				"known shells are "+strings.Join(shells, ", "))
		},
	}
}

// completes reports whether a shell asks what can be typed next. Only then the
// tree is told, which would be work for nothing at any other start.
func completes(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// A completer says what can stand in a place: words, each with a tab and its
// description if it has one, and what the shell is to do with them. It knows the
// arguments before that place, and what of the word is typed already.
type completer = cobra.CompletionFunc

const (
	onlyThese = cobra.ShellCompDirectiveNoFileComp
	anyFile   = cobra.ShellCompDirectiveDefault
)

func noWords(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, onlyThese
}
func anyFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, anyFile
}
func anyFolder(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// reportFormats completes the format of --report; a file follows.
func reportFormats(_ *cobra.Command, _ []string, begun string) (words []string, _ cobra.ShellCompDirective) {
	if strings.Contains(begun, "=") {
		return nil, anyFile
	}
	for _, format := range report.Formats() {
		words = append(words, format+"=")
	}
	return words, onlyThese | cobra.ShellCompDirectiveNoSpace
}

func oneOf(words ...string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) { return words, onlyThese }
}

// valueCompleters say what can stand behind a flag, by what help calls its
// value.
func (a *app) valueCompleters() map[string]completer {
	return map[string]completer{
		"FILE": anyFiles,
		"PATH": anyFiles,
		"DIR":  anyFolder,
		"REV":  a.revisions,
		"ID":   a.ruleIDs,
		"GLOB": anyFiles,
		"N":    noWords, "TEXT": noWords, "DATE": noWords,
	}
}

// flagCompleters say it for flags whose value has a name that does not tell.
func (a *app) flagCompleters() map[string]completer {
	return map[string]completer{
		"branch":   a.revisions,
		"base":     a.revisions,
		"head":     a.revisions,
		"provider": a.providers,
		"report":   reportFormats,
		"hook":     inList(oneOf(hook.Names()...)),
	}
}

// argCompleters say what the arguments of a command are; those of other
// commands are none.
func (a *app) argCompleters() map[string]completer {
	return map[string]completer{
		"cork files":        anyFiles,
		"cork history":      a.revisions,
		"cork git-hook":     a.hookArgs,
		"cork rules show":   a.ruleIDs,
		"cork rules test":   anyFiles,
		"cork rules check":  anyFiles,
		"cork explain":      a.explainArgs,
		"cork config check": anyFiles,
		"cork config show":  anyFiles,
		"cork allow":        noWords,
		"cork import":       anyFiles,
		"cork help":         commandNames,
		"cork man":          commandNames,
	}
}

// addCompletions tells the tree what can stand in every place.
func (a *app) addCompletions(root *cobra.Command) {
	args := a.argCompleters()
	add := func(cmd *cobra.Command) {
		if cmd.ValidArgs == nil {
			cmd.ValidArgsFunction = noWords
			if complete := args[cmd.CommandPath()]; complete != nil {
				cmd.ValidArgsFunction = begunOnly(complete)
			}
		}
		for _, flags := range []*pflag.FlagSet{cmd.LocalNonPersistentFlags(), cmd.PersistentFlags()} {
			flags.VisitAll(func(f *pflag.Flag) {
				if complete := a.flagCompleter(f); complete != nil {
					if err := cmd.RegisterFlagCompletionFunc(f.Name, begunOnly(complete)); err != nil {
						panic(err) // a second one for the same flag
					}
				}
			})
		}
	}
	eachCommand(root, add)
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			add(c)
		}
	}
}

// flagCompleter returns what says what can stand behind a flag; nil if it has
// no value, or one of which nothing is known.
func (a *app) flagCompleter(f *pflag.Flag) completer {
	switch v := f.Value.(type) {
	case *choice:
		return oneOf(v.allowed...)
	case *choices:
		return inList(oneOf(v.allowed...))
	}
	if c := a.flagCompleters()[f.Name]; c != nil {
		return c
	}
	value, _ := pflag.UnquoteUsage(f)
	return a.valueCompleters()[value]
}

// begunOnly leaves out the words that do not begin with what is typed.
func begunOnly(c completer) completer {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		words, directive := c(cmd, args, begun)
		words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.HasPrefix(w, begun) })
		return words, directive
	}
}

// inList completes the last word of a list with commas between.
func inList(c completer) completer {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		done := begun[:strings.LastIndexByte(begun, ',')+1]
		words, directive := c(cmd, args, begun[len(done):])
		var all []string
		for _, w := range words {
			if !slices.Contains(strings.Split(done, ","), w) {
				all = append(all, done+w)
			}
		}
		return all, directive | cobra.ShellCompDirectiveNoSpace
	}
}

// commandNames completes the words that name a command.
func commandNames(cmd *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
	at := cmd.Root()
	for _, word := range args {
		if i := slices.IndexFunc(subcommands(at), func(c *cobra.Command) bool { return c.Name() == word }); i >= 0 {
			at = subcommands(at)[i]
		} else {
			return nil, onlyThese
		}
	}
	for _, c := range subcommands(at) {
		names = append(names, c.Name()+"\t"+c.Short)
	}
	return names, onlyThese
}

// hookArgs completes the name of a hook; what follows is the hook's.
func (a *app) hookArgs(_ *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, anyFile
	}
	for _, h := range gitHooks() {
		names = append(names, h.name)
	}
	return names, onlyThese
}

// explainArgs completes a rule, and behind a fingerprint files.
func (a *app) explainArgs(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, anyFile
	}
	return a.ruleIDs(cmd, args, begun)
}

// rulesHere returns the rules that hold in the current folder, or the built-in
// ones where its configuration cannot be read: this is no place to say so.
func (a *app) rulesHere(cmd *cobra.Command) []rules.Rule {
	f := new(bookFlags)
	if flag := cmd.Flags().Lookup("config"); flag != nil {
		f.config = flag.Value.String()
	}
	dir, err := a.workDir()
	if err != nil {
		return rules.Builtin()
	}
	cfg, _, err := a.bookConfig(cmd.Context(), f, dir)
	if err != nil || cfg == nil {
		return rules.Builtin()
	}
	return cfg.Rules
}

func (a *app) ruleIDs(cmd *cobra.Command, _ []string, _ string) (ids []string, _ cobra.ShellCompDirective) {
	for _, r := range a.rulesHere(cmd) {
		ids = append(ids, r.ID+"\t"+report.Printable(r.Description))
	}
	slices.Sort(ids)
	return ids, onlyThese
}

func (a *app) providers(cmd *cobra.Command, _ []string, _ string) (names []string, _ cobra.ShellCompDirective) {
	for _, r := range a.rulesHere(cmd) {
		if p := cmp.Or(r.Provider, noProvider); isPlain(strings.ReplaceAll(p, " ", "")) {
			names = append(names, p)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), onlyThese
}

// revisions completes branches and tags, also on either side of a range.
func (a *app) revisions(cmd *cobra.Command, _ []string, begun string) (revs []string, _ cobra.ShellCompDirective) {
	dir, err := a.workDir()
	if err != nil {
		return nil, onlyThese
	}
	repo, err := a.openRepository(cmd.Context(), &scanFlags{engine: newChoice("auto")}, dir, false)
	if err != nil {
		return nil, onlyThese // said by the command itself
	}
	defer repo.Close()
	refs, err := repo.Refs(cmd.Context())
	if err != nil {
		return nil, onlyThese
	}
	before := ""
	if i := strings.LastIndex(begun, ".."); i >= 0 {
		before = begun[:i+2]
		if strings.HasPrefix(begun[i+2:], ".") {
			before += "."
		}
	} else if strings.HasPrefix(begun, "^") {
		before = "^"
	}
	for _, ref := range append([]string{"HEAD"}, refs...) {
		name := ref
		for _, kind := range []string{"refs/heads/", "refs/tags/", "refs/remotes/"} {
			name = strings.TrimPrefix(name, kind)
		}
		if (name != ref || ref == "HEAD") && isPlain(name) {
			revs = append(revs, before+name)
		}
	}
	return revs, onlyThese
}

// isPlain reports whether a word means nothing to a shell but itself. Others
// are left out: a branch of somebody else's repository can have any name.
func isPlain(word string) bool {
	return word != "" && word[0] != '-' && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/@+-") == ""
}
