package hook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// A plan collects what is to be done. It is carried out once it is known that
// nothing is in the way of any hook.
type plan struct {
	o         Options
	rep       *Report
	obstacles []Obstacle
	steps     []step
	mkdir     []string // directories that steps make

	newGit *bool // configHooks, once asked
}

// A step is a change. Its sentence is cut in two, to be said before and after.
type step struct {
	verb string // "write", "rename", ...
	rest string
	do   func(context.Context) error
	undo func() error // can be nil
}

func (s step) would() string { return "would " + s.verb + " " + s.rest }

func (s step) done() string {
	past := map[string]string{"write": "wrote", "set": "set"}
	v, ok := past[s.verb]
	if !ok {
		v = strings.TrimSuffix(s.verb, "e") + "ed"
	}
	return v + " " + s.rest
}

func (p *plan) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(p.rep.Notes, n) {
		p.rep.Notes = append(p.rep.Notes, n)
	}
}

func (p *plan) add(verb, rest string, do func(context.Context) error, undo func() error) {
	p.steps = append(p.steps, step{verb, rest, do, undo})
}

// apply carries the plan out. If a step fails, those before it that moved or
// made files are undone.
func (p *plan) apply(ctx context.Context) error {
	for i, s := range p.steps {
		if p.o.DryRun {
			p.rep.Actions = append(p.rep.Actions, s.would())
			continue
		}
		err := ctx.Err()
		if err == nil {
			err = s.do(ctx)
		}
		if err != nil {
			err = fmt.Errorf("%s %s: %w", s.verb, s.rest, err)
			for _, u := range slices.Backward(p.steps[:i]) {
				if u.undo == nil {
					continue
				}
				if e := u.undo(); e != nil {
					err = errors.Join(err, fmt.Errorf("undo: %s %s: %w", u.verb, u.rest, e))
					continue
				}
				p.rep.Actions = append(p.rep.Actions, "undid that, after an error: "+u.done())
			}
			return err
		}
		p.rep.Actions = append(p.rep.Actions, s.done())
	}
	return nil
}

func (p *plan) configHooks(ctx context.Context) (bool, error) {
	if p.newGit == nil {
		yes, err := p.o.configHooks(ctx)
		if err != nil {
			return false, err
		}
		p.newGit = &yes
	}
	return *p.newGit, nil
}

func (p *plan) inTheWay() error {
	err := &InTheWayError{p.obstacles}
	hint := "paste what is below into the files it names"
	switch {
	case err.Snippets() == "":
		hint = "git config --show-origin --show-scope core.hooksPath says where it is set; unset it there if nobody needs it"
		if slices.ContainsFunc(p.obstacles, func(o Obstacle) bool { return isLink(o.Path) }) {
			hint = "remove the link, or make what it leads to executable"
		}
	case p.o.NoChain && !slices.ContainsFunc(p.obstacles, func(o Obstacle) bool { return o.Manager != "" }):
		hint = "cork install-hook without --no-chain runs that hook first, or " + hint
	case p.newGit != nil && !*p.newGit:
		hint += ", or use git 2.54 or later, where cork does not need the file"
	case p.o.Method == File:
		hint += ", or leave --method file out"
	}
	return scanner.WithHint(err, hint)
}

// Local.

func (p *plan) installLocal(ctx context.Context) error {
	r, err := p.o.open(ctx)
	if err != nil {
		return err
	}
	if r.bare {
		for _, h := range p.o.Hooks {
			if h != "pre-receive" {
				return scanner.WithHint(fmt.Errorf("nobody commits in a bare repository, so git never runs the %s hook here", h),
					"cork install-hook --hook pre-receive")
			}
		}
	}
	newGit, err := p.configHooks(ctx)
	if err != nil {
		return err
	}
	if p.o.Method == Config && !newGit {
		return p.tooOld(ctx, "hooks in git's configuration")
	}
	for _, h := range p.o.Hooks {
		if err := p.installHook(ctx, r, h, newGit); err != nil {
			return err
		}
	}
	p.warnOfManagers(r)
	return nil
}

func (p *plan) installHook(ctx context.Context, r *repo, hook string, newGit bool) error {
	if p.o.Method == Auto && newGit {
		// It runs from the configuration already: a second time from a file
		// would be once too often.
		s, err := p.o.configured(ctx, hook)
		if err != nil {
			return err
		}
		if s != nil {
			f, err := p.effective(r, hook)
			if err == nil && f.kind != ours {
				if s.own() {
					return p.setConfig(ctx, "--local", hook)
				}
				p.note("%s is already installed for every repository, as %s in %s", hook, section(hook), s.where())
				return nil
			}
		}
	}
	if p.o.Method == Config {
		if err := p.setConfig(ctx, "--local", hook); err != nil {
			return err
		}
		return p.removeFiles(r, hook)
	}
	ob, err := p.installFile(ctx, r, hook)
	if err != nil {
		return err
	}
	switch {
	case ob == nil:
		if p.o.Method == File && newGit {
			return p.removeSection(ctx, "--local", hook)
		}
	case newGit && p.o.Method == Auto && !ob.mustAsk:
		p.note("%s; so %s is set up in git's configuration, which this git reads and git before 2.54 ignores", ob.Reason, hook)
		return p.setConfig(ctx, "--local", hook)
	default:
		p.obstacles = append(p.obstacles, ob.Obstacle)
	}
	return nil
}

// effective looks at the file that git would run.
func (p *plan) effective(r *repo, hook string) (hookFile, error) {
	if r.hooksDir == "" {
		return hookFile{}, nil
	}
	return inspect(filepath.Join(r.hooksDir, hook))
}

// An obstacle may be one that config hooks go around, or one that the user
// wanted to hear about.
type obstacle struct {
	Obstacle
	mustAsk bool
}

// installFile plans to install the hook as a file, or says what is in the way.
func (p *plan) installFile(ctx context.Context, r *repo, hook string) (*obstacle, error) {
	if r.hooksDir == "" {
		return &obstacle{Obstacle: Obstacle{Hook: hook, Path: r.hooksPath.where(),
			Reason: fmt.Sprintf("core.hooksPath is set to nothing (%s), so git takes no hooks from this repository", r.hooksPath.where())}}, nil
	}
	path := filepath.Join(r.hooksDir, hook)
	f, err := inspect(path)
	if err != nil {
		return nil, err
	}
	if f.kind == ours && f.exec && string(f.content) == string(script(hook, p.o.Bin)) {
		p.note("%s is already installed: %s", hook, show(path))
		return nil, nil
	}
	ob, err := p.dirObstacle(ctx, r, hook)
	if err != nil {
		return nil, err
	}
	if ob != nil {
		if f.kind == ours && f.exec {
			p.note("%s is already installed, with another path to cork, and left as it is: %s", hook, show(path))
			return nil, nil
		}
		return ob, nil
	}
	return p.installAt(f, hook)
}

// dirObstacle says what keeps cork from writing into the hooks directory.
func (p *plan) dirObstacle(ctx context.Context, r *repo, hook string) (*obstacle, error) {
	dir := r.hooksDir
	ob := &obstacle{Obstacle: Obstacle{Hook: hook, Path: dir}}
	if exists(dir) && !isDir(dir) {
		ob.Reason = fmt.Sprintf("the hooks directory %s is no directory, so git runs no hooks from there", show(dir))
		if r.hooksPath != nil {
			ob.Reason += fmt.Sprintf(" (core.hooksPath in %s)", r.hooksPath.where())
		}
		return ob, nil
	}
	if isHusky(dir) {
		ob.Manager = "husky"
		ob.SnippetFile, ob.Snippet = snippet("husky", hook, dir)
		ob.Reason = fmt.Sprintf("husky manages the hooks of this repository (core.hooksPath is %s)", show(dir))
		return ob, nil
	}
	real := resolve(dir)
	if within(resolve(r.gitDir), real) || within(resolve(r.commonDir), real) {
		return nil, nil
	}
	if r.hooksPath != nil && !r.hooksPath.own() {
		ob.SnippetFile, ob.Snippet = snippet("", hook, dir)
		ob.Reason = fmt.Sprintf("core.hooksPath (%s) makes git take the hooks of other repositories too from %s", r.hooksPath.where(), show(dir))
		return ob, nil
	}
	tracked, err := p.o.tracks(ctx, real)
	if err != nil {
		return nil, fmt.Errorf("see whether %q is tracked: %w", dir, err)
	}
	if tracked && !p.o.Force {
		ob.SnippetFile, ob.Snippet = snippet("", hook, dir)
		ob.Reason = fmt.Sprintf("the hooks directory %s is part of the project's files (--force writes there all the same)", show(dir))
		return ob, nil
	}
	if r.top == "" || !within(resolve(r.top), real) {
		p.note("the hooks directory %s is outside of this repository; whatever else uses it runs the hook too", show(dir))
	}
	return nil, nil
}

// installAt plans to put the hook where f is.
func (p *plan) installAt(f hookFile, hook string) (*obstacle, error) {
	dir := filepath.Dir(f.path)
	prev := f.path + prevSuffix
	ob := &obstacle{Obstacle: Obstacle{Hook: hook, Path: f.path}}
	switch f.kind {
	case ours:
		if !pristine(hook, f.content) && !sameButOld(f.content, hook, p.o.Bin) {
			if err := p.backUp(f.path); err != nil {
				return nil, err
			}
			p.note("%s had been changed by hand; it is kept", show(f.path))
		}
	case linked:
		if f.exec {
			p.note("%s is already installed, through a symbolic link that is left as it is: %s", hook, show(f.path))
			return nil, nil
		}
		ob.Reason = fmt.Sprintf("%s is a symbolic link to a hook of cork's that is not executable", show(f.path))
		ob.mustAsk = true
		return ob, nil
	case managed:
		legacy, err := inspect(f.path + ".legacy")
		if err == nil && runsLegacy(f.manager) && legacy.kind == ours && legacy.exec {
			p.note("%s is already installed: %s runs it first, as %s", hook, f.manager, show(legacy.path))
			if !pristine(hook, legacy.content) || string(legacy.content) != string(script(hook, p.o.Bin)) {
				return p.installAt(legacy, hook)
			}
			return nil, nil
		}
		ob.Manager = f.manager
		ob.SnippetFile, ob.Snippet = snippet(f.manager, hook, dir)
		ob.Reason = fmt.Sprintf("%s manages the %s hook (%s)", f.manager, hook, show(f.path))
		return ob, nil
	case foreign:
		if p.o.Force {
			if err := p.backUp(f.path); err != nil {
				return nil, err
			}
			break
		}
		if p.o.NoChain {
			ob.mustAsk = true
			ob.SnippetFile, ob.Snippet = snippet("", hook, dir)
			ob.Reason = fmt.Sprintf("there is a %s hook already (%s)", hook, show(f.path))
			return ob, nil
		}
		if exists(prev) {
			return nil, scanner.WithHint(fmt.Errorf("cannot chain the hook %q: %q is taken", f.path, prev),
				fmt.Sprintf("move %s away, or use --force", show(prev)))
		}
		p.move(f.path, prev)
		if f.exec {
			p.note("%s runs first, and if it fails, that is the end of it", show(prev))
		} else {
			p.note("%s is not executable; git did not run it, and neither does cork", show(prev))
		}
	case absent:
		if exists(prev) {
			p.note("%s is there from before and runs first", show(prev))
		}
	}
	if !exists(dir) && !slices.Contains(p.mkdir, dir) {
		p.mkdir = append(p.mkdir, dir)
		p.add("create", show(dir), func(context.Context) error { return os.MkdirAll(dir, 0o777) }, nil)
	}
	var undo func() error
	if f.kind != ours {
		undo = func() error { return os.Remove(f.path) }
	}
	p.add("write", show(f.path), func(context.Context) error { return write(f.path, script(hook, p.o.Bin)) }, undo)
	return nil, nil
}

// sameButOld reports whether a hook of ours is pristine apart from lines that
// were added by nobody: CRLF, as an editor or a checkout makes them.
func sameButOld(content []byte, hook, bin string) bool {
	plain := []byte(strings.ReplaceAll(string(content), "\r\n", "\n"))
	return pristine(hook, plain) || string(plain) == string(script(hook, bin))
}

func runsLegacy(manager string) bool { return manager == "pre-commit" || manager == "prek" }

// move plans a rename.
func (p *plan) move(from, to string) {
	p.add("rename", show(from)+" to "+show(to),
		func(context.Context) error { return rename(from, to) },
		func() error { return rename(to, from) })
}

// backUp plans to keep what is at path under a name with the time.
func (p *plan) backUp(path string) error {
	bak := path + bakSuffix + p.o.Now.UTC().Format("20060102T150405Z")
	if exists(bak) {
		return fmt.Errorf("cannot keep the hook %q: %q is taken", path, bak)
	}
	p.move(path, bak)
	return nil
}

// warnOfManagers says which managers are set up to take the hooks over the
// next time that they install theirs.
func (p *plan) warnOfManagers(r *repo) {
	if r.top == "" || !slices.ContainsFunc(p.steps, func(s step) bool { return s.verb == "write" }) {
		return
	}
	for _, f := range managerConfigs("lefthook") {
		if path := filepath.Join(r.top, f); exists(path) && !mentions(path, "cork") {
			p.note("this project has %s: lefthook install will put cork's hooks aside and not run them, so put cork into it too (run: cork git-hook pre-commit)", f)
			return
		}
	}
	if isDir(filepath.Join(r.top, ".husky")) && !mentions(filepath.Join(r.top, ".husky", "pre-commit"), "cork") {
		p.note("this project has .husky: husky makes git ignore the hooks directory, so put this line into .husky/pre-commit too: cork git-hook pre-commit")
	}
}

// Config.

func (p *plan) tooOld(ctx context.Context, what string) error {
	v, err := p.o.version(ctx)
	if err != nil {
		return err
	}
	return scanner.WithHint(fmt.Errorf("%s need git 2.54 or later, and this is %s", what, v),
		"run cork install-hook in each repository, or use --template for those to come")
}

func (p *plan) installConfig(ctx context.Context) error {
	if p.o.Method == File {
		return scanner.WithHint(fmt.Errorf("there is no %s hooks directory that leaves the hooks of repositories alone", p.o.Scope),
			"use --method config, or --template for repositories to come")
	}
	newGit, err := p.configHooks(ctx)
	if err != nil {
		return err
	}
	if !newGit {
		// core.hooksPath would work, and switch off every other hook of every
		// repository: git-lfs's, husky's, the project's own.
		return p.tooOld(ctx, "hooks for every repository")
	}
	for _, h := range p.o.Hooks {
		if err := p.setConfig(ctx, "--"+p.o.Scope.String(), h); err != nil {
			return err
		}
	}
	for _, g := range p.o.olderGits(ctx) {
		p.note("%s is older than 2.54 and ignores these hooks", show(g))
	}
	p.note("programs that bring a git of their own ignore these hooks if it is older than 2.54")
	return nil
}

// values returns all values of a key in one file of git's configuration.
func (r Runner) values(ctx context.Context, file, key string) ([]string, error) {
	out, err := r.run(ctx, "config", file, "-z", "--get-all", key)
	switch exitCode(err) {
	case 0:
		return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00"), nil
	case 1:
		return nil, nil
	}
	return nil, err
}

// configured returns where the effective configuration sets up the hook, or
// nil. Whether git reads it is another matter.
func (r Runner) configured(ctx context.Context, hook string) (*setting, error) {
	event, err := r.setting(ctx, section(hook)+".event")
	if event == nil || err != nil || event.value != hook {
		return nil, err
	}
	return r.setting(ctx, section(hook)+".command")
}

// setConfig plans to set the hook up in a file of git's configuration.
func (p *plan) setConfig(ctx context.Context, file, hook string) error {
	// The command first: an event without one makes every git command fail,
	// git status included.
	pairs := [][2]string{{section(hook) + ".command", command(hook, p.o.Bin)}, {section(hook) + ".event", hook}}
	set := false
	for _, kv := range pairs {
		have, err := p.o.values(ctx, file, kv[0])
		if err != nil {
			return err
		}
		if slices.Equal(have, []string{kv[1]}) {
			continue
		}
		set = true
		p.add("set", fmt.Sprintf("%s to %q in the %s configuration", kv[0], kv[1], file[2:]), func(ctx context.Context) error {
			_, err := p.o.run(ctx, "config", file, "--replace-all", kv[0], kv[1])
			return err
		}, nil)
	}
	if !set {
		p.note("%s is already installed: %s in the %s configuration", hook, section(hook), file[2:])
	}
	return nil
}

// removeSection plans to remove the hook from a file of git's configuration.
func (p *plan) removeSection(ctx context.Context, file, hook string) error {
	out, err := p.o.run(ctx, "config", file, "--name-only", "-z", "--get-regexp", `^hook\.cork-`)
	switch exitCode(err) {
	case 0:
	case 1:
		return nil
	default:
		return err
	}
	for key := range strings.SplitSeq(out, "\x00") {
		if strings.HasPrefix(key, section(hook)+".") {
			p.add("remove", fmt.Sprintf("section %s from the %s configuration", section(hook), file[2:]), func(ctx context.Context) error {
				_, err := p.o.run(ctx, "config", file, "--remove-section", section(hook))
				return err
			}, nil)
			break
		}
	}
	return nil
}

// Template.

func (r Runner) templateHooks(ctx context.Context) (string, error) {
	out, err := r.run(ctx, "config", "--type=path", "-z", "--get", "init.templateDir")
	dir := filepath.FromSlash(strings.TrimSuffix(out, "\x00"))
	if exitCode(err) == 1 || err == nil && dir == "" {
		return "", scanner.WithHint(errors.New("git has no template directory: init.templateDir is not set"),
			"git config --global init.templateDir '~/.git-template'")
	} else if err != nil {
		return "", err
	}
	if !filepath.IsAbs(dir) {
		return "", fmt.Errorf("init.templateDir is not an absolute path: %q", dir)
	}
	return filepath.Join(dir, "hooks"), nil
}

func (p *plan) installTemplate(ctx context.Context) error {
	if p.o.Method == Config {
		return errors.New("the template directory has no configuration hooks")
	}
	dir, err := p.o.templateHooks(ctx)
	if err != nil {
		return err
	}
	for _, h := range p.o.Hooks {
		f, err := inspect(filepath.Join(dir, h))
		if err != nil {
			return err
		}
		if f.kind == ours && f.exec && string(f.content) == string(script(h, p.o.Bin)) {
			p.note("%s is already installed: %s", h, show(f.path))
			continue
		}
		ob, err := p.installAt(f, h)
		if err != nil {
			return err
		}
		if ob != nil {
			p.obstacles = append(p.obstacles, ob.Obstacle)
		}
	}
	p.note("git copies the template into new repositories; those that are there already need cork install-hook")
	return nil
}

// Uninstall.

func (p *plan) uninstallLocal(ctx context.Context) error {
	r, err := p.o.open(ctx)
	if err != nil {
		return err
	}
	for _, h := range p.o.Hooks {
		if err := p.removeFiles(r, h); err != nil {
			return err
		}
		if err := p.removeSection(ctx, "--local", h); err != nil {
			return err
		}
		if s, err := p.o.configured(ctx, h); err == nil && s != nil && !s.own() {
			p.note("%s stays installed for every repository, as %s in %s", h, section(h), s.where())
		}
	}
	return nil
}

func (p *plan) uninstallTemplate(ctx context.Context) error {
	dir, err := p.o.templateHooks(ctx)
	if err != nil {
		return err
	}
	for _, h := range p.o.Hooks {
		if err := p.removeAt(filepath.Join(dir, h), h); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) uninstallConfig(ctx context.Context, s Scope) error {
	for _, h := range p.o.Hooks {
		if err := p.removeSection(ctx, "--"+s.String(), h); err != nil {
			return err
		}
	}
	return nil
}

// removeFiles plans to remove the hook's files from the directory that git
// takes hooks from and from the one that it would take them from without
// core.hooksPath.
func (p *plan) removeFiles(r *repo, hook string) error {
	for _, dir := range r.hookDirs() {
		if dir == r.hooksDir && r.shared() {
			if f, err := inspect(filepath.Join(dir, hook)); err == nil && f.kind == ours {
				p.note("%s is left: core.hooksPath (%s) makes other repositories use it too", show(f.path), r.hooksPath.where())
			}
			continue
		}
		if err := p.removeAt(filepath.Join(dir, hook), hook); err != nil {
			return err
		}
	}
	return nil
}

// hookDirs returns the directories where hooks of ours can be.
func (r *repo) hookDirs() []string {
	def := filepath.Join(r.commonDir, "hooks")
	if r.hooksDir == "" || resolve(r.hooksDir) == resolve(def) {
		return []string{def}
	}
	return []string{r.hooksDir, def}
}

// shared reports whether the hooks directory is one for many repositories.
func (r *repo) shared() bool {
	return r.hooksPath != nil && !r.hooksPath.own() && r.hooksDir != "" &&
		!within(resolve(r.commonDir), resolve(r.hooksDir)) && !within(resolve(r.gitDir), resolve(r.hooksDir))
}

// removeAt plans to remove the hook from path, and from where hook managers
// put it when they take that path over.
func (p *plan) removeAt(path, hook string) error {
	prev := path + prevSuffix
	hasPrev := exists(prev)
	for _, at := range []string{path, path + ".legacy", path + ".old"} {
		f, err := inspect(at)
		if err != nil {
			if at == path {
				p.note("left alone: %v", err)
			}
			continue
		}
		if f.kind == linked {
			p.note("%s is a symbolic link to a hook of cork's and is left as it is", show(at))
		}
		if f.kind != ours {
			continue
		}
		if at != path {
			p.note("a hook manager had moved cork's hook to %s", show(at))
		}
		if pristine(hook, f.content) || sameButOld(f.content, hook, p.o.Bin) {
			p.add("remove", show(at), func(context.Context) error { return os.Remove(at) },
				func() error { return write(at, f.content) })
		} else {
			if err := p.backUp(at); err != nil {
				return err
			}
			p.note("%s had been changed by hand; it is kept under the other name", show(at))
		}
		if hasPrev {
			p.move(prev, at)
			hasPrev = false
		}
	}
	if !hasPrev {
		return nil
	}
	if !exists(path) { // somebody removed ours by hand
		p.move(prev, path)
		return nil
	}
	p.note("%s is left: there is another hook in its place by now", show(prev))
	return nil
}
