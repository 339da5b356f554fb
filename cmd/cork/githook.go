package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git"
	"github.com/cork-scanner/cork/scanner/report"
)

// A gitHook is what "cork git-hook NAME" does in one of git's hooks.
type gitHook struct {
	name string
	args string // of the hook, for people
	min  int    // arguments at least
	max  int    // arguments at most
	plan func(a *app, ctx context.Context, f *scanFlags, args []string) (*plan, error)
}

// gitHooks returns the hooks in the order in which they are listed.
func gitHooks() []gitHook {
	return []gitHook{
		{name: "pre-commit", plan: (*app).planCommit},
		{name: "pre-merge-commit", plan: (*app).planCommit},
		{name: "commit-msg", args: "FILE", min: 1, max: 1, plan: (*app).planMessage},
		{name: "pre-push", args: "REMOTE URL", min: 2, max: 2, plan: (*app).planPush},
		{name: "pre-receive", plan: (*app).planReceive},
		{name: "auto", max: 1 << 20, plan: (*app).planAuto},
	}
}

func gitHookCommand(a *app) *cobra.Command {
	f := new(scanFlags)
	cmd := &cobra.Command{
		Use:   "git-hook [flags] NAME [ARG...]",
		Short: "What installed hooks call",
		Long: `Scan what the git hook of that name is about, and block it if there is a
secret in it or if it could not be scanned. NAME and ARGs are the hook's own:

  pre-commit         what the commit would record
  pre-merge-commit   what the merge would record
  commit-msg FILE    the commit message
  pre-push REMOTE URL
                     every commit that the remote does not have yet, of all
                     refs that are pushed (read from standard input)
  pre-receive        every commit that the push brings (server side; refs are
                     read from standard input, .cork.toml from HEAD)
  auto               what the pre-commit framework asks for, told by its
                     environment

"cork install-hook" writes hooks that call this.`,
		Example: `  cork git-hook pre-commit                    # in .husky/pre-commit
  cork git-hook pre-push "$@"                 # in a script, stdin untouched
  cork git-hook auto                          # in .pre-commit-hooks.yaml`,
		Annotations: map[string]string{exitAnnotation: exitStatus + `
Every code but 0 makes git stop.`},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			h, args, err := findHook(cmd, args)
			if err != nil {
				return err
			}
			return a.scan(cmd.Context(), cmd, f, func(ctx context.Context) (*plan, error) {
				return h.plan(a, ctx, f, args)
			})
		},
	}
	// What stands behind the name is the hook's, be it called like a flag.
	cmd.Flags().SetInterspersed(false)
	f.add(cmd.Flags())
	return cmd
}

func findHook(cmd *cobra.Command, args []string) (*gitHook, []string, error) {
	var names []string
	for _, h := range gitHooks() {
		if len(args) > 0 && args[0] == h.name {
			args = args[1:]
			if len(args) < h.min || len(args) > h.max {
				want := "no arguments"
				if h.args != "" {
					want = h.args
				}
				return nil, nil, scanner.WithHint(
					fmt.Errorf("the hook %s is called with %s, but got %d arguments", h.name, want, len(args)),
					fmt.Sprintf(`pass on what git gives the hook: cork git-hook %s "$@" (flags of cork come before %s)`, h.name, h.name))
			}
			return &h, args, nil
		}
		names = append(names, h.name)
	}
	hint := "known hooks are " + strings.Join(names, ", ")
	if len(args) == 0 {
		return nil, nil, scanner.WithHint(errors.New("the name of the hook is missing"), hint)
	}
	return nil, nil, scanner.WithHint(fmt.Errorf("unknown hook %q", args[0]), hint)
}

// planCommit is pre-commit and pre-merge-commit; the bases of a merge come
// from the environment.
func (a *app) planCommit(ctx context.Context, f *scanFlags, _ []string) (*plan, error) {
	p, err := a.planRepository(ctx, f, true, (*git.Repository).Staged)
	if err != nil {
		return nil, err
	}
	commitHints(p)
	return p, nil
}

func commitHints(p *plan) {
	p.mode = "staged"
	p.idle = "nothing new is staged, so nothing was scanned"
	p.found = "commit blocked: take the secrets out, git add, and commit again"
	p.incomplete = "commit blocked: not all of it could be scanned"
}

// planMessage is commit-msg.
func (a *app) planMessage(ctx context.Context, f *scanFlags, args []string) (*plan, error) {
	message, err := readMessage(a.w.abs(args[0]))
	if err != nil {
		return nil, fmt.Errorf("read the commit message: %w", err)
	}
	p, err := a.planRepository(ctx, f, false, func(*git.Repository) scanner.Source {
		return oneBlob(messagePath, message)
	})
	if err != nil {
		return nil, err
	}
	p.mode = "message"
	p.found = "commit blocked: take the secret out of the message, and commit again"
	p.incomplete = "commit blocked: its message could not be scanned"
	return p, nil
}

// planPush is pre-push.
func (a *app) planPush(ctx context.Context, f *scanFlags, args []string) (*plan, error) {
	if a.w.stdinTerminal {
		return nil, scanner.WithHint(errors.New("git tells what is pushed on standard input, which is a terminal"),
			"git push runs the hook; to scan what is staged: cork staged")
	}
	updates, err := readPushed(a.w.stdin)
	if err != nil {
		return nil, err
	}
	opts := git.RangeOptions{NotRemote: args[0]}
	if args[0] == args[1] {
		// A push to a URL that is no remote's: nothing is known of what is
		// there, but what any remote has is out already.
		opts.NotRemote, opts.NotAllRemotes = "", true
	}
	for _, u := range updates {
		opts.Include = append(opts.Include, u.new)
		opts.Exclude = append(opts.Exclude, u.old)
	}
	return a.planPushed(ctx, f, opts, "nothing new is pushed, so nothing was scanned")
}

func (a *app) planPushed(ctx context.Context, f *scanFlags, opts git.RangeOptions, idle string) (*plan, error) {
	p, err := a.planRepository(ctx, f, false, func(r *git.Repository) scanner.Source { return r.Range(opts) })
	if err != nil {
		return nil, err
	}
	p.mode = "push"
	p.idle = idle
	p.found = "push blocked: remove the secrets from the commits (git rebase -i)"
	p.incomplete = "push blocked: not all of it could be scanned"
	return p, nil
}

// planReceive is pre-receive, on the server: what is pushed must not bring the
// configuration that judges it, so that is read from HEAD, unless it is broken there
// and mended by the push; and what is printed travels through the network into
// somebody's terminal, so it is short.
func (a *app) planReceive(ctx context.Context, f *scanFlags, _ []string) (*plan, error) {
	if a.w.stdinTerminal {
		return nil, errors.New("git tells what is received on standard input, which is a terminal")
	}
	updates, err := readReceived(a.w.stdin)
	if err != nil {
		return nil, err
	}
	opts := git.RangeOptions{NotAll: true}
	for _, u := range updates {
		opts.Include = append(opts.Include, u.new)
	}
	p, err := a.planServer(ctx, f, opts, updates)
	if err != nil {
		return nil, err
	}
	p.mode = "push"
	p.idle = "the push brings no new commits, so nothing was scanned"
	p.found = "push refused: remove the secrets from the commits (git rebase -i)"
	p.incomplete = "push refused: not all of it could be scanned"
	p.compact = maxReceiveLines
	return p, nil
}

// maxReceiveLines leaves room below 20 lines for hints and the summary.
const maxReceiveLines = 12

// planAuto is what .pre-commit-hooks.yaml calls: the pre-commit framework does
// not pass on a hook's name, arguments or standard input, but says in the
// environment what it is about.
func (a *app) planAuto(ctx context.Context, f *scanFlags, _ []string) (*plan, error) {
	env := a.w.getenv
	from, to := env("PRE_COMMIT_FROM_REF"), env("PRE_COMMIT_TO_REF")
	remote := env("PRE_COMMIT_REMOTE_NAME")
	switch {
	case env("PRE_COMMIT_CHECKOUT_TYPE") != "":
		// After a checkout nothing is about to be recorded or sent.
		p, err := a.planRepository(ctx, f, false, func(*git.Repository) scanner.Source { return noBlobs{} })
		if p != nil {
			p.idle = "a checkout adds nothing, so nothing was scanned"
		}
		return p, err
	case from != "" && to != "":
		return a.planPushed(ctx, f, git.RangeOptions{Include: []string{to}, Exclude: []string{from}},
			fmt.Sprintf("there are no commits between %s and %s, so nothing was scanned", report.DisplayPath(from), report.DisplayPath(to)))
	case remote != "":
		// The framework leaves the other two out when the push contains the
		// first commit.
		branch := env("PRE_COMMIT_LOCAL_BRANCH")
		if branch == "" {
			return nil, errors.New("PRE_COMMIT_REMOTE_NAME is set, but PRE_COMMIT_LOCAL_BRANCH is not")
		}
		return a.planPushed(ctx, f, git.RangeOptions{Include: []string{branch}, NotRemote: remote},
			"nothing new is pushed, so nothing was scanned")
	}
	committing := env("GIT_INDEX_FILE") != ""
	p, err := a.planRepository(ctx, f, true, func(r *git.Repository) scanner.Source {
		if committing {
			return r.Staged()
		}
		return &stagedOrAll{staged: r.Staged(), all: r.Index(), onAll: func() {
			a.say("nothing is staged, so every tracked file is scanned, as it is in the index")
		}}
	})
	if err != nil {
		return nil, err
	}
	commitHints(p)
	if !committing {
		p.idle = "there are no tracked files, so nothing was scanned"
		p.found = "take the secrets out, and git add again"
		p.incomplete = ""
	}
	return p, nil
}

// stagedOrAll is what is staged, or every tracked file if nothing is: so that
// "pre-commit run --all-files", which differs from a commit in nothing else,
// does not scan nothing.
type stagedOrAll struct {
	staged, all scanner.Source
	onAll       func() // called before all is read
}

func (s *stagedOrAll) Blobs(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		any := false
		for b, err := range s.staged.Blobs(ctx) {
			any = true
			if !yield(b, err) {
				return
			}
		}
		if any || ctx.Err() != nil {
			return
		}
		s.onAll()
		for b, err := range s.all.Blobs(ctx) {
			if !yield(b, err) {
				return
			}
		}
	}
}

// noBlobs is a Source of nothing.
type noBlobs struct{}

func (noBlobs) Blobs(context.Context) iter.Seq2[scanner.Blob, error] {
	return func(func(scanner.Blob, error) bool) {}
}

// oneBlob is a Source of one content.
func oneBlob(path, content string) scanner.Source {
	return scanner.Only(scanner.Blob{
		Path: path,
		Size: int64(len(content)),
		Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(content)), nil
		},
	})
}

// A refUpdate is one ref that a push changes. Its name is not known of what is sent.
type refUpdate struct{ old, new, ref string }

// readPushed reads what git tells pre-push:
// "<local ref> <local id> <remote ref> <remote id>". The local ref is as it
// was typed and may hold spaces ("HEAD@{1 day ago}").
func readPushed(r io.Reader) ([]refUpdate, error) {
	return readUpdates(r, "pre-push", func(f []string) (refUpdate, bool) {
		if len(f) < 4 {
			return refUpdate{}, false
		}
		f = f[len(f)-3:]
		return refUpdate{old: f[2], new: f[0]}, true
	})
}

// readReceived reads what git tells pre-receive: "<old> <new> <ref>".
func readReceived(r io.Reader) ([]refUpdate, error) {
	return readUpdates(r, "pre-receive", func(f []string) (refUpdate, bool) {
		if len(f) != 3 {
			return refUpdate{}, false
		}
		return refUpdate{old: f[0], new: f[1], ref: f[2]}, true
	})
}

// readUpdates reads lines up to the end. Refs that are deleted bring nothing
// and are left out. A line that is not understood is an error: it would be a
// ref that is not scanned.
func readUpdates(r io.Reader, hook string, parse func(fields []string) (refUpdate, bool)) ([]refUpdate, error) {
	var updates []refUpdate
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		if lines.Text() == "" {
			continue
		}
		u, ok := parse(strings.Split(lines.Text(), " "))
		if !ok || !isObjectID(u.old) || !isObjectID(u.new) {
			return nil, scanner.WithHint(fmt.Errorf("line %d of standard input is not what git tells %s: %q", n, hook, lines.Text()),
				"git runs this hook; see git help hooks")
		}
		if isZero(u.new) {
			continue
		}
		updates = append(updates, u)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the refs on standard input: %w", err)
	}
	return updates, nil
}

// isObjectID reports whether s is a whole id, of SHA-1 or of SHA-256.
func isObjectID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// isZero reports whether s is the id that stands for no object.
func isZero(s string) bool { return strings.Trim(s, "0") == "" }
