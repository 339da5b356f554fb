package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cork-scanner/cork/rules"

	"github.com/cork-scanner/cork/scanner"
)

// exitStatus is the part of every scanning command's help about exit codes.
const exitStatus = `  0    scanned completely, nothing found
  1    secrets found
  2    nothing found but the scan could not complete, or usage or
       configuration is wrong
  130  interrupted`

// filesRead are the files that cork reads beside what it scans.
const filesRead = `  .cork.toml       the configuration: at the root of the repository, and in folders
  .cork-baseline   what was there already, and is not reported: "cork baseline"`

// environment are the variables that cork itself reads. What git is told by its
// own, such as GIT_DIR and GIT_INDEX_FILE, it does.
const environment = `  NO_COLOR, TERM=dumb
                        do not colour the output
  COLUMNS               how wide text may be on a terminal
  PRE_COMMIT_*          what the pre-commit framework asks for ("cork git-hook auto")
  XDG_CACHE_HOME        where "cork history --cache auto" keeps its cache`

// newRoot returns the command tree.
func newRoot(a *app) *cobra.Command {
	color := newChoice(colorAuto, colorAuto, colorAlways, colorNever)
	root := &cobra.Command{
		Use:   "cork",
		Short: "Keep secrets out of git",
		Long: `Cork keeps secrets out of git: it finds keys and passwords in what a commit
would record, in what a push would send, in files, and in all that a repository
ever held. It never says "clean" about something that it did not read.`,
		Example: `  cork install-hook     # from now on, no commit and no push with a secret
  cork staged           # what "git commit" would record now
  cork files .          # everything below this directory
  cork history          # every secret that ever was in this repository`,
		Annotations: map[string]string{
			exitAnnotation:  exitStatus,
			filesAnnotation: filesRead,
			envAnnotation:   environment,
		},
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		// Two typos, as git allows.
		SuggestionsMinimumDistance: 2,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return unknownCommand(cmd, args[0])
		},
		PersistentPreRun: func(*cobra.Command, []string) {
			a.setColor(color.value)
		},
	}
	var showVersion bool
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if showVersion {
			return a.printVersion(cmd.OutOrStdout())
		}
		// Nothing was asked for, so nothing was scanned: no success.
		cmd.SetOut(cmd.ErrOrStderr())
		a.code = exitError
		return cmd.Help()
	}
	root.Flags().BoolVar(&showVersion, "version", false, "print the version")
	root.PersistentFlags().Var(color, "color", "colour the output")
	root.PersistentFlags().BoolP("help", "h", false, "print this help")
	root.PersistentFlags().SortFlags = false

	addCommands(root,
		stagedCommand(a),
		filesCommand(a),
		ciCommand(a),
		historyCommand(a),
		installHookCommand(a),
		gitHookCommand(a),
		rulesCommand(a),
		configCommand(a),
		explainCommand(a),
		allowCommand(a),
		baselineCommand(a),
		importCommand(a),
		completionCommand(a),
		manCommand(a),
		versionCommand(a),
	)
	root.SetHelpCommand(helpCommand())
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { writeHelp(cmd) })
	root.SetUsageFunc(func(cmd *cobra.Command) error { return nil })
	root.SetFlagErrorFunc(flagError)
	return root
}

// unknownCommand returns an error about a name that no command below parent has.
func unknownCommand(parent *cobra.Command, name string) error {
	hint := fmt.Sprintf("run %q for the commands", parent.CommandPath()+" --help")
	if near := parent.SuggestionsFor(name); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q?", parent.CommandPath()+" "+near[0])
	}
	return scanner.WithHint(fmt.Errorf("unknown command %q", name), hint)
}

// usageError returns an error about how a command was typed, with a hint where
// to look it up.
func usageError(cmd *cobra.Command, format string, args ...any) error {
	return scanner.WithHint(fmt.Errorf(format, args...), fmt.Sprintf("run %q", cmd.CommandPath()+" --help"))
}

// flagError makes pflag's errors ours.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		if near := nearestFlag(cmd, unknown.GetSpecifiedName()); near != "" {
			return scanner.WithHint(err, fmt.Sprintf("did you mean --%s?", near))
		}
	}
	if scanner.HintOf(err) != "" {
		return err
	}
	return usageError(cmd, "%w", err)
}

// nearestFlag returns the flag that a misspelt one was probably meant to be,
// or "".
func nearestFlag(cmd *cobra.Command, name string) string {
	var names []string
	begun := ""
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		names = append(names, f.Name)
		if begun == "" && len(name) > 1 && strings.HasPrefix(f.Name, name) {
			begun = f.Name
		}
	})
	if begun != "" {
		return begun
	}
	return rules.Nearest(name, slices.Values(names))
}

// noArgs is cobra.NoArgs with a hint.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError(cmd, "%s takes no arguments, but there is %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// A choice is a flag whose value is one of a list.
type choice struct {
	value   string
	allowed []string
}

func newChoice(value string, allowed ...string) *choice { return &choice{value, allowed} }

func (c *choice) String() string { return c.value }

// Type is what help shows for the value.
func (c *choice) Type() string { return strings.Join(c.allowed, "|") }

func (c *choice) Set(value string) error {
	if !slices.Contains(c.allowed, value) {
		err := fmt.Errorf("must be %s or %s", strings.Join(c.allowed[:len(c.allowed)-1], ", "), c.allowed[len(c.allowed)-1])
		if near := rules.Nearest(value, slices.Values(c.allowed)); near != "" {
			return scanner.WithHint(err, fmt.Sprintf("did you mean %s?", near))
		}
		return err
	}
	c.value = value
	return nil
}
