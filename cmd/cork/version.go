package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is bumped with every release. What the Go tool knows of the version
// of a module is not enough: built by pre-commit, it is v0.0.0 and dirty.
const version = "0.1.0"

func versionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:         "version",
		Short:       "Print the version",
		Long:        "Print the version of cork, and what it was built from and for.",
		Example:     "  cork version",
		Annotations: map[string]string{exitAnnotation: exitPrinted},
		Args:        noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.printVersion(cmd.OutOrStdout())
		},
	}
}

func (a *app) printVersion(w io.Writer) error {
	from := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				from = s.Value[:min(12, len(s.Value))] + ", "
			}
		}
	}
	_, err := fmt.Fprintf(w, "cork %s (%s%s %s/%s)\n", version, from, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
