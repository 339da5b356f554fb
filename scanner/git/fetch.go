package git

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// FetchOptions say what to fetch.
type FetchOptions struct {
	Branch string   // of the remote: its remote-tracking branch here is brought up to date; "" for none
	IDs    []string // of commits

	// Of a shallow clone:
	Deepen    int  // get so many more commits behind its border; 0: none
	Unshallow bool // get all
}

// Fetch brings commits from the remote that is called origin, or from the only
// one. It changes the repository and reaches the network; git asks nobody for a
// password.
func (r *Repository) Fetch(ctx context.Context, opts FetchOptions) error {
	return r.eng.fetch(ctx, opts)
}

// FetchMissing brings, in one go, what a partial clone lacks of the objects that a
// commit leads to and another one does not. [Options.LazyFetch] would bring them one
// by one. It does nothing in other repositories. A git that is older than 2.29
// cannot do it.
func (r *Repository) FetchMissing(ctx context.Context, base, head string) error {
	return r.eng.fetchMissing(ctx, base, head)
}

// Remote-tracking branches are below this.
const remotesRef = "refs/remotes/"

func (p *plumbingEngine) fetch(ctx context.Context, opts FetchOptions) error {
	remote, err := p.remote(ctx)
	if err != nil {
		return err
	}
	args := []string{
		"-c", "gc.auto=0", "-c", "maintenance.auto=false", // a scan is not the time for it
		"fetch", "--quiet", "--no-tags", "--no-recurse-submodules",
	}
	switch {
	case opts.Unshallow:
		args = append(args, "--unshallow")
	case opts.Deepen > 0:
		args = append(args, "--deepen="+strconv.Itoa(opts.Deepen))
	}
	args = append(args, remote)
	if b := opts.Branch; b != "" {
		if !isRefName("refs/heads/" + b) {
			return fmt.Errorf("%q is not the name of a branch", b)
		}
		args = append(args, "+refs/heads/"+b+":"+remotesRef+remote+"/"+b)
	}
	for _, id := range opts.IDs {
		if !isID(id) {
			return fmt.Errorf("%q is not an object id", id)
		}
		args = append(args, id)
	}
	online := p.network()
	if _, err := online.output(ctx, nil, args...); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return scanner.WithHint(err, "to see what git says: git "+strings.Join(args[4:], " ")+"; the job may have to keep its credentials")
	}
	return nil
}

func (p *plumbingEngine) fetchMissing(ctx context.Context, base, head string) error {
	if partial, err := p.isPartial(ctx); err != nil || !partial {
		return err
	}
	out, err := p.output(ctx, strings.NewReader(head+"\n^"+base+"\n"), "rev-list", "--objects", "--missing=print", "--stdin")
	if err != nil {
		return err
	}
	var wanted strings.Builder
	for line := range strings.Lines(string(out)) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "?"); ok && isID(id) {
			wanted.WriteString(id + "\n")
		}
	}
	if wanted.Len() == 0 {
		return nil
	}
	remote, err := p.remote(ctx)
	if err != nil {
		return err
	}
	// As git itself fetches what a partial clone lacks.
	_, err = p.network().output(ctx, strings.NewReader(wanted.String()),
		"-c", "fetch.negotiationAlgorithm=noop", "-c", "gc.auto=0", "-c", "maintenance.auto=false",
		"fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--filter=blob:none", "--stdin", remote)
	return err
}

// isPartial reports whether the configuration says that this is a partial clone.
func (p *plumbingEngine) isPartial(ctx context.Context) (bool, error) {
	out, err := p.output(ctx, nil, "config", "--get-regexp", `^(remote\..*\.promisor|extensions\.partialclone)$`)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 && len(out) == 0 {
		return false, nil
	}
	return len(out) > 0, err
}

// network returns what runs git with the network allowed. It shares no process
// with p.
func (p *plumbingEngine) network() *plumbingEngine {
	return &plumbingEngine{dir: p.dir, git: p.git, global: p.global, env: networkEnv(p.env, p.given), layout: p.layout}
}

// networkEnv takes back what childEnv does to keep git from the network.
func networkEnv(env, given []string) []string {
	out := slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		return strings.HasPrefix(kv, "GIT_NO_LAZY_FETCH=") || strings.HasPrefix(kv, "GIT_ALLOW_PROTOCOL=")
	})
	if allowed, ok := getenv(given, "GIT_ALLOW_PROTOCOL"); ok {
		out = append(out, "GIT_ALLOW_PROTOCOL="+allowed)
	}
	return out
}

// remote returns the name of the remote to fetch from.
func (p *plumbingEngine) remote(ctx context.Context) (string, error) {
	out, err := p.output(ctx, nil, "remote")
	if err != nil {
		return "", err
	}
	names := strings.Split(strings.TrimSpace(string(out)), "\n")
	switch {
	case slices.Contains(names, "origin"):
		return "origin", nil
	case len(names) == 1 && names[0] != "" && isRefName(remotesRef+names[0]):
		return names[0], nil
	case len(names) == 1:
		return "", scanner.WithHint(errors.New("this repository has no remote to fetch from"), "git remote add origin URL")
	}
	return "", scanner.WithHint(errors.New("this repository has several remotes, and none of them is called origin"),
		"fetch by yourself what is missing, before cork")
}

// fetchMissing implements engine: it brings nothing, and what is missing is said
// where it is read.
func (e *embedded) fetchMissing(context.Context, string, string) error { return nil }

// fetch implements engine: it refuses.
func (e *embedded) fetch(context.Context, FetchOptions) error { return needsGit("from remotes") }
