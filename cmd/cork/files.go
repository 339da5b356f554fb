package main

import (
	"context"

	"github.com/spf13/cobra"
)

func filesCommand(a *app) *cobra.Command {
	f := new(scanFlags)
	var includeIgnored bool
	cmd := &cobra.Command{
		Use:   "files [flags] [PATH... | -]",
		Short: "Scan files, folders or standard input",
		Long: `Scan files and folders as they are on disk, or standard input ("-"); the
current folder if none is given. Inside a repository a folder stands for its
tracked files and for the untracked ones that git does not ignore, elsewhere
for everything in it. A file that is named is always scanned. Symbolic links
are not followed.`,
		Example: `  cork files .
  cork files config deploy.yml
  kubectl get configmap -o yaml | cork files -
  cork files . --report sarif=cork.sarif   # for code scanning, beside the text
  cork files --include-ignored .   # build output and .env files too`,
		Annotations:           map[string]string{exitAnnotation: exitStatus},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.scan(cmd.Context(), cmd, f, func(ctx context.Context) (*plan, error) {
				return a.planFiles(ctx, f, args, includeIgnored)
			})
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().BoolVar(&includeIgnored, "include-ignored", false, "scan files that git ignores as well")
	return cmd
}
