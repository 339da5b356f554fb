package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/scanner"
)

func manCommand(a *app) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "man [flags] [COMMAND]",
		Short: "Print manual pages",
		Long: `Print the manual page of cork or of one of its commands, to be read with man.
Or write the pages of all commands into a folder, each as cork-COMMAND.1. They
say what --help says, and are made of the same text.`,
		Example: `  cork man | man -l -
  cork man rules show | man -l -
  cork man --dir ~/.local/share/man/man1   # then: man cork-staged`,
		Annotations: map[string]string{exitAnnotation: `  0    printed, or written
  2    a page could not be written, or usage is wrong`},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("dir") {
				target, err := findCommand(cmd.Root(), args)
				if err != nil {
					return err
				}
				_, err = io.WriteString(cmd.OutOrStdout(), manPage(target))
				return err
			}
			if len(args) > 0 {
				return usageError(cmd, "--dir writes the pages of all commands, but there is %q", args[0])
			}
			if dir == "" {
				return usageError(cmd, "--dir is empty")
			}
			return a.writeManPages(cmd.Root(), dir)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "write the pages of all commands into the folder `DIR`, which is made if it is not there")
	return cmd
}

// writeManPages writes the page of every command into a folder.
func (a *app) writeManPages(root *cobra.Command, dir string) error {
	abs := a.w.abs(dir)
	err := os.MkdirAll(abs, 0o777)
	n := 0
	eachCommand(root, func(cmd *cobra.Command) {
		if err == nil {
			err = os.WriteFile(filepath.Join(abs, manName(cmd)+".1"), []byte(manPage(cmd)), 0o666)
			n++
		}
	})
	if err != nil {
		var at *fs.PathError
		name := dir
		if errors.As(err, &at) {
			name = at.Path
		}
		return scanner.WithHint(fmt.Errorf("write %q: %w", name, unwrapPath(err)), "give --dir a folder that you may write to")
	}
	a.say("wrote %s into %s", plural(n, "page"), dir)
	return nil
}

// eachCommand calls f for a command and for all that are listed below it.
func eachCommand(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, c := range subcommands(cmd) {
		eachCommand(c, f)
	}
}

// manName returns the name of a command's page.
func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage returns the manual page of a command, for the man macros of roff. It
// depends on the command tree alone, not on the day.
//
// A library would take its text as Markdown, which help is not: it would have to
// be made so first, and cost three modules.
func manPage(cmd *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"cork %s\" \"Cork\"\n", roffArg(strings.ToUpper(manName(cmd))), version)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(manName(cmd)), roff(cmd.Short))
	sections := helpSections(cmd)
	for _, s := range sections {
		if s.title == "USAGE" {
			fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roffArg(strings.TrimSpace(s.text)))
		}
	}
	b.WriteString(".SH DESCRIPTION\n")
	roffText(&b, cmp.Or(cmd.Long, cmd.Short))
	for _, s := range sections {
		switch s.title {
		case "USAGE":
			continue
		case "MORE": // below, as see also
			continue
		}
		fmt.Fprintf(&b, ".SH %s\n", s.title)
		for _, c := range s.commands {
			fmt.Fprintf(&b, ".TP\n.BR %s (1)\n%s\n", roffArg(manName(c)), roff(c.Short))
		}
		for _, f := range s.flags {
			name, value, usage := flagHead(f)
			head := ".TP\n.B " + roffArg(name)
			if value != "" {
				head = ".TP\n.BI " + roffArg(name+" ") + " " + roffArg(value)
			}
			fmt.Fprintf(&b, "%s\n%s\n", head, roff(usage))
		}
		roffTerms(&b, s.terms)
		if s.text != "" {
			roffBlock(&b, s.text)
		}
	}
	var also []string
	if cmd.HasParent() {
		also = append(also, ".BR "+roffArg(manName(cmd.Parent()))+" (1)")
		for _, c := range subcommands(cmd.Parent()) {
			if c != cmd {
				also = append(also, ".BR "+roffArg(manName(c))+" (1)")
			}
		}
		fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", strings.Join(also, "\n"))
	}
	return surplusBreak.ReplaceAllString(b.String(), "$1\n")
}

// surplusBreak is a paragraph that begins where one has begun.
var surplusBreak = regexp.MustCompile(`(?m)^(\.SH .*|\.PP)\n\.PP$\n`)

// roffText writes paragraphs to be filled, and indented lines as they are.
func roffText(b *strings.Builder, text string) {
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		var literal []string
		flush := func() {
			if literal != nil {
				roffBlock(b, strings.Join(literal, "\n"))
				literal = nil
			}
		}
		for line := range strings.SplitSeq(paragraph, "\n") {
			if strings.HasPrefix(line, "  ") {
				literal = append(literal, line)
				continue
			}
			flush()
			b.WriteString(roff(line) + "\n")
		}
		flush()
	}
}

// roffBlock writes lines as they are, less what all are indented by.
func roffBlock(b *strings.Builder, text string) {
	b.WriteString(".PP\n.RS 4\n.nf\n")
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		b.WriteString(roff(strings.TrimPrefix(line, "  ")) + "\n")
	}
	b.WriteString(".fi\n.RE\n")
}

// termLine is the first line of a term, or the whole of it where the text
// begins on the next one.
var termLine = regexp.MustCompile(`^  (\S+(?: \S+)*)(?:   *(\S.*))?$`)

// roffTerms writes lines of terms and texts.
func roffTerms(b *strings.Builder, text string) {
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		if line == "" {
			continue
		}
		if m := termLine.FindStringSubmatch(line); m != nil {
			fmt.Fprintf(b, ".TP\n.B %s\n", roffArg(m[1]))
			line = m[2]
		} else if !strings.HasPrefix(line, " ") {
			b.WriteString(".PP\n")
		}
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(roff(line) + "\n")
		}
	}
}

var roffEscapes = strings.NewReplacer(`\`, `\e`, "-", `\-`, "~", `\(ti`, "^", `\(ha`, "`", "\\(ga", "'", `\(aq`)

// roff returns a line of text as roff reads it.
func roff(line string) string {
	line = roffEscapes.Replace(line)
	if strings.HasPrefix(line, ".") {
		line = `\&` + line
	}
	return line
}

// roffArg returns text as one argument of a macro.
func roffArg(text string) string { return `"` + strings.ReplaceAll(roff(text), `"`, `\(dq`) + `"` }
