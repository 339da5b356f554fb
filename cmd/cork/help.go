package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// What a command's help says, its manual page says too: both are made of the
// helpSections of the command, and these of the command tree alone.

// The keys of what cobra has no field for.
const (
	exitAnnotation  = "exit-status" // of every command: its exit codes
	envAnnotation   = "environment" // of the root: variables that cork reads
	filesAnnotation = "files"       // of the root: files that cork reads
	orderAnnotation = "order"       // of a command with commands: their names, as they are listed
)

// addCommands adds commands to be listed in this order; cobra sorts its own
// list.
func addCommands(parent *cobra.Command, commands ...*cobra.Command) {
	var names []string
	for _, c := range commands {
		names = append(names, c.Name())
	}
	parent.AddCommand(commands...)
	if parent.Annotations == nil {
		parent.Annotations = make(map[string]string)
	}
	parent.Annotations[orderAnnotation] = strings.Join(names, " ")
}

// subcommands returns the commands of a command in their order.
func subcommands(cmd *cobra.Command) []*cobra.Command {
	var listed []*cobra.Command
	for name := range strings.FieldsSeq(cmd.Annotations[orderAnnotation]) {
		for _, c := range cmd.Commands() {
			if c.Name() == name {
				listed = append(listed, c)
			}
		}
	}
	return listed
}

// A helpSection is one part of what there is to say about a command. One of
// its bodies is set.
type helpSection struct {
	title    string
	text     string           // laid out for 80 columns
	terms    string           // laid out as "  term   text" with further lines below text
	flags    []*pflag.Flag    // each with its usage
	commands []*cobra.Command // each with its line
}

// helpSections returns what there is to say about a command beside its
// description, in order, without what is empty.
func helpSections(cmd *cobra.Command) []helpSection {
	use := cmd.UseLine()
	if !cmd.HasParent() {
		use = "cork COMMAND [flags]"
	}
	all := []helpSection{
		{title: "USAGE", text: "  " + use},
		{title: "COMMANDS", commands: subcommands(cmd)},
		{title: "EXAMPLES", text: cmd.Example},
		{title: "FLAGS", flags: helpFlags(cmd, false)},
		{title: "FLAGS OF EVERY COMMAND", flags: helpFlags(cmd, true)},
		{title: "EXIT STATUS", terms: cmd.Annotations[exitAnnotation]},
		{title: "FILES", terms: cmd.Annotations[filesAnnotation]},
		{title: "ENVIRONMENT", terms: cmd.Annotations[envAnnotation]},
	}
	if !cmd.HasParent() {
		all = append(all, helpSection{title: "MORE", terms: "  cork COMMAND --help   what a command does, its flags, and examples\n" +
			"  cork man COMMAND      the same as a manual page"})
	}
	var sections []helpSection
	for _, s := range all {
		if len(s.text)+len(s.terms)+len(s.flags)+len(s.commands) > 0 {
			sections = append(sections, s)
		}
	}
	return sections
}

// helpFlags returns the flags that a command has of its own, or those that all
// commands have, in the order in which they were defined.
func helpFlags(cmd *cobra.Command, shared bool) (flags []*pflag.Flag) {
	everywhere := cmd.Root().PersistentFlags()
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && (everywhere.Lookup(f.Name) != nil) == shared {
			flags = append(flags, f)
		}
	})
	return flags
}

// flagHead returns a flag as it is typed, with the name of its value, and what
// it does.
func flagHead(f *pflag.Flag) (name, value, usage string) {
	name = "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	value, usage = pflag.UnquoteUsage(f)
	if f.NoOptDefVal != "" {
		value = ""
	}
	if _, ok := f.Value.(*choice); ok && f.DefValue != "" {
		usage += " (default " + f.DefValue + ")"
	}
	return name, value, usage
}

// writeHelp writes the help of a command to its output.
func writeHelp(cmd *cobra.Command) {
	var b strings.Builder
	b.WriteString(cmp.Or(cmd.Long, cmd.Short) + "\n")
	for _, s := range helpSections(cmd) {
		text := s.text + s.terms
		for _, c := range s.commands {
			text += fmt.Sprintf("  %-14s%s\n", c.Name(), c.Short)
		}
		if s.flags != nil {
			text = flagUsages(s.flags)
		}
		fmt.Fprintf(&b, "\n%s\n%s\n", s.title, strings.TrimRight(text, " \n"))
	}
	fmt.Fprint(cmd.OutOrStdout(), b.String())
}

// flagUsages lays flags out for 80 columns whatever the terminal: help is read
// in pipes and pagers too.
func flagUsages(flags []*pflag.Flag) string {
	const column, width = 26, 80
	var b strings.Builder
	for _, f := range flags {
		head, value, usage := flagHead(f)
		head = "  " + head
		if f.Shorthand == "" {
			head = "    " + head
		}
		if value != "" {
			head += " " + value
		}
		if len(head)+2 > column {
			b.WriteString(head + "\n")
			head = ""
		}
		line := fmt.Sprintf("%-*s", column, head)
		for word := range strings.FieldsSeq(usage) {
			if len(line)+1+len(word) > width {
				b.WriteString(strings.TrimRight(line, " ") + "\n")
				line = strings.Repeat(" ", column)
			}
			if !strings.HasSuffix(line, " ") {
				line += " "
			}
			line += word
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// helpCommand is "cork help": unlike cobra's, it fails for a command that
// does not exist.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Print help",
		Long:  "Print what a command does, its flags, examples and exit codes.",
		Example: `  cork help
  cork help rules show`,
		Annotations:           map[string]string{exitAnnotation: exitPrinted},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			target, err := findCommand(cmd.Root(), args)
			if err != nil {
				return err
			}
			return target.Help()
		},
	}
}

// exitPrinted is the part about exit codes of the help of commands that print
// what they know.
const exitPrinted = `  0    printed
  2    usage is wrong`

// findCommand returns the command that the words name.
func findCommand(root *cobra.Command, words []string) (*cobra.Command, error) {
	target, rest, err := root.Find(words)
	if err != nil || target == nil || len(rest) > 0 {
		return nil, unknownCommand(root, strings.Join(words, " "))
	}
	return target, nil
}
