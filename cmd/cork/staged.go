package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/scanner/git"
)

func stagedCommand(a *app) *cobra.Command {
	f := new(scanFlags)
	cmd := &cobra.Command{
		Use:   "staged",
		Short: "Scan what \"git commit\" would record now",
		Long: `Scan what "git commit" would record now: the index against HEAD, against
nothing before the first commit, against all parents during a merge. Files are
read from the index and never from the work tree, whole, but only what the
change adds is reported.`,
		Example: `  cork staged
  cork staged --format json | jq '.findings[].path'
  cork staged --engine embedded   # without git`,
		Annotations: map[string]string{exitAnnotation: exitStatus},
		Args:        noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.scan(cmd.Context(), cmd, f, func(ctx context.Context) (*plan, error) {
				p, err := a.planRepository(ctx, f, true, (*git.Repository).Staged)
				if err != nil {
					return nil, err
				}
				p.idle = "nothing new is staged, so nothing was scanned"
				p.idleHint = "to scan the whole tree: cork files ."
				p.found = "take the secrets out, git add again, and revoke what was shared"
				return p, nil
			})
		},
	}
	f.add(cmd.Flags())
	return cmd
}
