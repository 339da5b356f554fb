package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/cork-scanner/cork/scanner"
)

// plumbingEngine is the engine that asks git's plumbing commands.
//
// Processes are what it costs: git takes 2 ms to start, as long as all the
// rest of a small scan. So nothing is asked that is not needed, and what can
// be asked at the same time is.
type plumbingEngine struct {
	dir    string   // the children's working directory; "" is that of this process
	git    string   // the program
	global []string // arguments before the subcommand
	env    []string
	given  []string // the environment that env was made of
	layout layout
	inside bool // the work tree is where git runs
	cats   catPool

	// early is the first command of Staged, or that of Files, started before
	// anybody asked.
	early     *child
	earlyOnce sync.Once

	emptyTreeOnce func() (string, error)
}

// facts are what openPlumbing asks rev-parse. The truth values between the
// paths separate them: a path may contain newlines.
var facts = [...]string{
	"--is-bare-repository", "--is-inside-work-tree",
	"--absolute-git-dir", "--is-bare-repository",
	"--git-common-dir", "--is-bare-repository",
	"--show-toplevel",
}

func openPlumbing(ctx context.Context, opts Options) (engine, layout, error) {
	if err := ctx.Err(); err != nil {
		return nil, layout{}, err
	}
	if opts.Git == "" {
		return nil, layout{}, scanner.WithHint(errors.New("git was not found"),
			"install git, or read the repository without it: --engine embedded")
	}
	p := &plumbingEngine{
		dir: opts.Dir,
		git: opts.Git,
		global: []string{
			"-c", "core.fsmonitor=false", // or a program named by the repository's configuration runs
			"-c", "core.quotePath=false",
			"-c", "advice.graftFileDeprecated=false", // it would be said about GIT_GRAFT_FILE below
		},
		env: childEnv(opts.Env),
	}
	if opts.LazyFetch {
		p.env = networkEnv(p.env, opts.Env)
	}
	p.given = opts.Env
	p.cats.start = p.startCat
	p.emptyTreeOnce = sync.OnceValues(p.emptyTree)

	// With TrustRepo, git must not refuse to say where the repository is;
	// after that it has to be trusted by name, so nothing can start early.
	trust := []string{"-c", "safe.directory=*"}
	if !opts.TrustRepo {
		trust = nil
		switch {
		case opts.StagedNext:
			p.early, _ = p.start(nil, p.diffIndexArgs("HEAD")...)
		case opts.FilesNext:
			p.early, _ = p.start(nil, filesArgs(false)...)
		}
	}
	c, err := p.start(nil, append(trust, append([]string{"rev-parse"}, facts[:]...)...)...)
	if err != nil {
		p.close()
		return nil, layout{}, err
	}
	out, err := c.readAll(ctx)
	if err := p.parseFacts(out, err); err != nil {
		p.close()
		return nil, layout{}, err
	}
	lay := p.layout
	if opts.TrustRepo {
		p.global = append(p.global, "-c", "safe.directory="+filepath.ToSlash(lay.gitDir))
		if lay.root != "" {
			p.global = append(p.global, "-c", "safe.directory="+filepath.ToSlash(lay.root))
		}
	}
	return p, lay, nil
}

// parseFacts reads the answer to facts, where err is rev-parse's own: it fails
// at the last one where there is no work tree.
func (p *plumbingEngine) parseFacts(out []byte, err error) error {
	rest, ok := string(out), true
	cut := func(before, after string) (s string) {
		if ok {
			s, rest, ok = strings.Cut(strings.TrimPrefix(rest, before), after)
		}
		return s
	}
	bare := cut("", "\n")
	inside := cut("", "\n")
	separator := "\n" + bare + "\n"
	gitDir := cut("", separator)
	commonDir := cut("", separator)
	root, found := strings.CutSuffix(rest, "\n")
	switch {
	case err != nil && (!ok || bare != "true" && inside != "false"):
		return err
	case err == nil && (!ok || !found || strings.Contains(rest, separator)):
		return fmt.Errorf("git rev-parse: unexpected answer %q", out)
	case err != nil:
		root = ""
	}
	abs := func(path string) (string, error) {
		if path == "" {
			return "", nil
		}
		path = filepath.FromSlash(path)
		if !filepath.IsAbs(path) {
			path = filepath.Join(p.dir, path)
		}
		return filepath.Abs(path)
	}
	var errs [3]error
	p.layout.gitDir, errs[0] = abs(gitDir)
	p.layout.commonDir, errs[1] = abs(commonDir)
	p.layout.root, errs[2] = abs(root)
	p.inside = inside == "true"
	return errors.Join(errs[:]...)
}

// childEnv is the environment of git: the one given, so that GIT_DIR,
// GIT_INDEX_FILE, quarantines and trust stay what they are, less what could
// bend or hide an answer.
func childEnv(env []string) []string {
	set := []string{
		"GIT_NO_REPLACE_OBJECTS=1", // what is there, not what stands in for it
		"GIT_GRAFT_FILE=" + os.DevNull,
		"GIT_OPTIONAL_LOCKS=0",
		"GIT_LITERAL_PATHSPECS=1",
		"GIT_TERMINAL_PROMPT=0",
		// No network. Older gits do not know the first, and no protocol is
		// called none.
		"GIT_NO_LAZY_FETCH=1",
		"GIT_ALLOW_PROTOCOL=none",
		"LC_ALL=C", // errors are told apart by their text
	}
	traces := map[string]bool{"GIT_TRACE": true, "GIT_TRACE2": true, "GIT_TRACE2_PERF": true, "GIT_TRACE2_EVENT": true}
	drop := map[string]bool{
		// They contradict GIT_LITERAL_PATHSPECS.
		"GIT_GLOB_PATHSPECS": true, "GIT_NOGLOB_PATHSPECS": true, "GIT_ICASE_PATHSPECS": true,
		// On Windows they point git's standard handles elsewhere.
		"GIT_REDIRECT_STDIN": true, "GIT_REDIRECT_STDOUT": true, "GIT_REDIRECT_STDERR": true,
	}
	for _, kv := range set {
		name, _, _ := strings.Cut(kv, "=")
		drop[name] = true
	}
	out := make([]string, 0, len(env)+len(set)+len(traces))
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		switch {
		case drop[name]:
		case strings.HasPrefix(name, "GIT_TRACE"):
			// A trace to a file is nobody's business; one to stderr would
			// drown the errors there.
			if filepath.IsAbs(value) || strings.HasPrefix(value, "af_unix:") {
				out = append(out, kv)
				delete(traces, name)
			}
		default:
			out = append(out, kv)
		}
	}
	for _, name := range []string{"GIT_TRACE", "GIT_TRACE2", "GIT_TRACE2_PERF", "GIT_TRACE2_EVENT"} {
		if traces[name] { // or trace2.* of the configuration decides
			out = append(out, name+"=0")
		}
	}
	return append(out, set...)
}

// A child is a running git. Whoever starts it reads stdout to its end and
// calls finish, or calls abandon.
type child struct {
	name   string // the subcommand
	cmd    *exec.Cmd
	stdin  io.WriteCloser // nil unless start was asked for it
	stdout *bufio.Reader
	stderr stderrBuffer

	waitOnce sync.Once
	waitErr  error
}

// pipe asks start for a pipe to the child's standard input.
type pipe struct{ io.Reader }

// start runs git with an input: nil for none, a pipe{} for one that is written
// through child.stdin.
func (p *plumbingEngine) start(input io.Reader, args ...string) (*child, error) {
	full := make([]string, 0, len(p.global)+len(args))
	full = append(append(full, p.global...), args...)
	c := &child{name: subcommand(args), cmd: exec.Command(p.git, full...)}
	c.cmd.Dir = p.dir
	c.cmd.Env = p.env
	c.cmd.Stderr = &c.stderr
	// Against a grandchild that keeps a pipe open; git itself does not.
	c.cmd.WaitDelay = 5 * time.Second
	err := error(nil)
	if _, ok := input.(pipe); ok {
		c.stdin, err = c.cmd.StdinPipe()
	} else if input != nil {
		c.cmd.Stdin = input
	}
	if err != nil {
		return nil, fmt.Errorf("git %s: %w", c.name, err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w", c.name, err)
	}
	c.stdout = bufio.NewReaderSize(stdout, 32*1024)
	if err := c.cmd.Start(); err != nil {
		var pathErr *os.PathError
		if errors.As(err, &pathErr) && pathErr.Op == "chdir" {
			return nil, fmt.Errorf("open folder %q: %w", p.dir, pathErr.Err)
		}
		return nil, scanner.WithHint(fmt.Errorf("start git: %w", err),
			"install git, or read the repository without it: --engine embedded")
	}
	return c, nil
}

// subcommand returns the first argument that is not a -c or its value.
func subcommand(args []string) string {
	for len(args) > 2 && args[0] == "-c" {
		args = args[2:]
	}
	return args[0]
}

// watch kills the child when ctx ends. The caller calls stop when the child
// may live on; it reports whether it does.
func (c *child) watch(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, c.kill)
}

func (c *child) kill() { c.cmd.Process.Kill() }

// wait waits for the child, once, and judges how it ended.
func (c *child) wait() error {
	c.waitOnce.Do(func() {
		if c.stdin != nil {
			c.stdin.Close()
		}
		c.waitErr = c.judge(c.cmd.Wait())
	})
	return c.waitErr
}

// judge reads stderr, which is complete once exec's Wait, whose result err is,
// has returned.
func (c *child) judge(err error) error { return gitError(c.name, c.stderr.String(), err) }

// finish waits for a child whose output has been read. ctx's error comes
// first: it is why the child was killed.
func (c *child) finish(ctx context.Context) error {
	err := c.wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() < 0 {
		// A signal has ended it. One that a terminal sends gets to every process,
		// and to git sooner than to who ends ctx.
		select {
		case <-ctx.Done():
		case <-time.After(signalDelay):
		}
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// signalDelay is longer than a process takes to hear of a signal.
const signalDelay = 200 * time.Millisecond

// abandon ends a child whose output nobody wants.
func (c *child) abandon() {
	c.kill()
	c.wait()
}

// readAll returns the child's output. The output is there with the error, too.
func (c *child) readAll(ctx context.Context) ([]byte, error) {
	defer c.watch(ctx)()
	out, err := io.ReadAll(c.stdout)
	if endErr := c.finish(ctx); endErr != nil {
		return out, endErr
	}
	if err != nil {
		return out, fmt.Errorf("git %s: %w", c.name, err)
	}
	return out, nil
}

// output runs git to its end and returns what it writes.
func (p *plumbingEngine) output(ctx context.Context, input io.Reader, args ...string) ([]byte, error) {
	c, err := p.start(input, args...)
	if err != nil {
		return nil, err
	}
	return c.readAll(ctx)
}

func (p *plumbingEngine) close() error {
	if p.early != nil {
		if c := p.takeEarly(p.early.name); c != nil {
			c.abandon()
		}
	}
	p.cats.close()
	return nil
}

// takeEarly hands out the command that openPlumbing has started, once; nil if it is
// another one than that subcommand.
func (p *plumbingEngine) takeEarly(subcommand string) (c *child) {
	if p.early != nil && p.early.name == subcommand {
		p.earlyOnce.Do(func() { c = p.early })
	}
	return c
}

// emptyTree returns the id of the tree without entries, which every repository
// knows, in the hash that this one uses.
func (p *plumbingEngine) emptyTree() (string, error) {
	out, err := p.output(context.Background(), nil, "hash-object", "-t", "tree", "--stdin")
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(string(out))
	if !isID(id) {
		return "", fmt.Errorf("git hash-object: unexpected answer %q", out)
	}
	return id, nil
}

// unborn reports whether HEAD names a branch that has no commit yet. A HEAD
// that names something which is broken or missing is not unborn. It is asked
// only after git has failed to read HEAD.
func (p *plumbingEngine) unborn(ctx context.Context) (bool, error) {
	out, err := p.output(ctx, nil, "symbolic-ref", "-q", "HEAD")
	if err != nil {
		return false, err // broken, or detached, which is never unborn
	}
	ref := strings.TrimSuffix(string(out), "\n")
	c, err := p.start(nil, "for-each-ref", "--format=%(refname)", "--", ref)
	if err != nil {
		return false, err
	}
	refs, err := c.readAll(ctx)
	if err != nil {
		return false, err
	}
	// It says "ignoring broken ref" and leaves it out.
	if strings.Contains(c.stderr.String(), "broken") {
		return false, fmt.Errorf("the branch that HEAD names, %q, is broken", ref)
	}
	for name := range strings.Lines(string(refs)) {
		if strings.TrimSuffix(name, "\n") == ref {
			return false, nil
		}
	}
	return true, nil
}

// stderrBuffer keeps the beginning of what a child says.
type stderrBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *stderrBuffer) Write(p []byte) (int, error) {
	const enough = 16 * 1024
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.Write(p[:max(0, min(len(p), enough-b.buf.Len()))])
	return len(p), nil
}

func (b *stderrBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// gitError judges how a git command ended: err is exec's, stderr what it said.
// An error that git only mentions, with exit status 0, is an error too.
func gitError(name, stderr string, err error) error {
	line := ""
	for l := range strings.Lines(strings.ReplaceAll(stderr, "\n\t", " ")) { // lists go on, indented
		l = strings.TrimRight(l, "\r\n")
		fatal := strings.HasPrefix(l, "fatal: ")
		if fatal || strings.HasPrefix(l, "error: ") && line == "" && !harmless(l) {
			line = l
		}
		if fatal {
			break
		}
	}
	if err == nil && line == "" {
		return nil
	}
	_, text, _ := strings.Cut(line, ": ")
	text = printable(strings.TrimSuffix(text, ": .git"))
	switch {
	case text != "":
		err = fmt.Errorf("git %s: %s", name, text)
	case strings.TrimSpace(stderr) != "":
		err = fmt.Errorf("git %s: %w: %s", name, err, printable(strings.TrimSpace(stderr)))
	default:
		err = fmt.Errorf("git %s: %w", name, err)
	}
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(stderr, part) {
				return true
			}
		}
		return false
	}
	switch {
	case has("not a git repository"):
		return scanner.WithHint(notRepositoryError(text),
			"change to a folder inside a repository, or scan files without git: cork files")
	case has("dubious ownership", "unsafe repository"):
		where := ""
		if _, rest, ok := strings.Cut(text, "'"); ok {
			where, _, _ = strings.Cut(rest, "'")
		}
		return scanner.WithHint(fmt.Errorf("git does not trust this repository, since somebody else owns it: %s", text),
			"to read it this once, pass --trust-repo; to trust it from now on: git config --global --add safe.directory "+shellQuote(where))
	case has("safe.bareRepository"):
		return scanner.WithHint(err, "name the repository: GIT_DIR=. cork …")
	case has("bad config", "bad numeric config", "bad boolean config", "invalid key", "unable to parse config"):
		return scanner.WithHint(err, "mend that line; to see where settings come from: git config --show-origin --list")
	case has("repository extension", "Expected git repo version", "unknown repository storage format"):
		return scanner.WithHint(err, "use a newer git than this one: git --version")
	case has("index file", "bad signature", "unknown index entry format", "unordered stage entries", "malformed name field"):
		return scanner.WithHint(err, hintIndex)
	case has("promisor remote", "lazy fetching disabled"):
		return &missingError{scanner.WithHint(err, hintPartial)}
	case has("bad object", "unable to read", "unable to stream", "missing", "corrupt", "could not parse", "Could not read", "not a valid object"):
		return scanner.WithHint(err, hintDamaged)
	}
	return err
}

// A missingError says that objects are missing that a partial clone does not
// have to have.
type missingError struct{ err error }

func (e *missingError) Error() string { return e.err.Error() }
func (e *missingError) Unwrap() error { return e.err }

const (
	hintPartial = "this is a partial clone; get all objects: git fetch --refetch --no-filter"
	hintIndex   = "to build the index anew from HEAD, keeping all files: rm .git/index && git reset"
	hintDamaged = "to see what is wrong: git fsck"
)

type notRepositoryError string

func (e notRepositoryError) Error() string { return string(e) }
func (e notRepositoryError) Unwrap() error { return ErrNotRepository }

// harmless reports whether an error that did not make git fail takes nothing
// away from a scan. Objects that are missing because of it are noticed.
func harmless(line string) bool {
	switch {
	case strings.HasPrefix(line, "error: object directory ") && strings.Contains(line, "alternates"):
		return true
	case strings.HasSuffix(line, "does not point to a valid object!"):
		return true // a broken ref excludes nothing
	}
	return false
}

// printable makes one line of readable length of what git says.
func printable(s string) string {
	const most = 400
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, s)
}

// shellQuote quotes s for a POSIX shell, if it has to be.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("/._-+:@,", r))
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// isID reports whether s is a whole object id, of either hash.
func isID(s string) bool { return (len(s) == 40 || len(s) == 64) && isHex(s) }

// isZero reports whether s is the id that stands for no object.
func isZero(s string) bool { return s != "" && strings.Trim(s, "0") == "" }
