package hook

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// A Verdict says whether git will run cork in a hook.
type Verdict uint8

// The verdicts.
const (
	WillNotRun Verdict = iota
	WillRun
	Unknown // it is up to somebody else's hook, which seems to run cork
)

func (v Verdict) String() string {
	switch v {
	case WillRun:
		return "will run"
	case Unknown:
		return "may run"
	}
	return "will not run"
}

// A Hook is how things stand with one hook.
type Hook struct {
	Name    string // as in Names
	Verdict Verdict
	Why     string // one line, lower case, no period
	Path    string // the file that git looks for, "" if there is none
}

// check looks at the hooks of o. Notes go to rep, which can be nil.
func check(ctx context.Context, o Options, rep *Report) ([]Hook, error) {
	if rep == nil {
		rep = &Report{}
	}
	c := &checker{o: o, rep: rep}
	v, err := o.version(ctx)
	if err != nil {
		return nil, err
	}
	if c.newGit, err = o.configHooks(ctx); err != nil {
		return nil, err
	}
	reads := "reads hooks from its configuration"
	if !c.newGit {
		reads = "ignores hooks in its configuration"
	}
	c.note("%s (%s), which %s", v, show(o.Git), reads)
	switch o.Scope {
	case Local:
		err = c.local(ctx)
	case Template:
		err = c.template(ctx)
	default:
		err = c.config(ctx)
	}
	return c.hooks, err
}

type checker struct {
	o      Options
	rep    *Report
	newGit bool
	hooks  []Hook
}

func (c *checker) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(c.rep.Notes, n) {
		c.rep.Notes = append(c.rep.Notes, n)
	}
}

func (c *checker) local(ctx context.Context) error {
	r, err := c.o.open(ctx)
	if err != nil {
		return err
	}
	switch {
	case r.hooksPath == nil:
		c.note("git takes hooks from %s", show(r.hooksDir))
	case r.hooksDir == "":
		c.note("git takes hooks from nowhere: core.hooksPath is set to nothing in %s", r.hooksPath.where())
	default:
		c.note("git takes hooks from %s: core.hooksPath is %s in %s", show(r.hooksDir), show(r.hooksPath.value), r.hooksPath.where())
	}
	for _, name := range c.o.Hooks {
		h := Hook{Name: name}
		if err := c.localHook(ctx, r, &h); err != nil {
			return err
		}
		c.hooks = append(c.hooks, h)
	}
	return nil
}

func (c *checker) localHook(ctx context.Context, r *repo, h *Hook) error {
	if r.bare && h.Name != "pre-receive" {
		h.Why = "git never runs it in a bare repository"
		return nil
	}
	if r.hooksDir == "" {
		h.Why = "core.hooksPath is set to nothing"
	} else {
		h.Path = filepath.Join(r.hooksDir, h.Name)
		c.file(r, h)
	}
	s, err := c.o.configured(ctx, h.Name)
	if err != nil || s == nil {
		return err
	}
	byConfig := fmt.Sprintf("%s in %s", section(h.Name), s.where())
	switch {
	case !c.newGit:
		c.note("%s is ignored by this git, which is older than 2.54", byConfig)
	case c.listed(ctx, h.Name):
		if h.Verdict == WillRun {
			c.note("%s runs cork twice: there is %s too", h.Name, byConfig)
			return nil
		}
		h.Verdict, h.Why = WillRun, byConfig
	case h.Verdict != WillRun:
		h.Why = fmt.Sprintf("%s is switched off (git config --show-origin --get-regexp '^hook\\.')", byConfig)
	}
	return nil
}

// listed reports whether git itself lists the config hook as one to run. A
// hook that is switched off has "disabled" in front of its name, or is not in
// the list at all.
func (c *checker) listed(ctx context.Context, name string) bool {
	out, err := c.o.run(ctx, "hook", "list", name)
	if err != nil {
		return false
	}
	return slices.Contains(strings.Split(out, "\n"), strings.TrimPrefix(section(name), "hook."))
}

// file looks at the hook's file and at whoever holds its place.
func (c *checker) file(r *repo, h *Hook) {
	if exists(r.hooksDir) && !isDir(r.hooksDir) {
		h.Why = fmt.Sprintf("the hooks directory %s is no directory", show(r.hooksDir))
		return
	}
	f, err := inspect(h.Path)
	if err != nil {
		h.Why = err.Error()
		return
	}
	switch f.kind {
	case ours, linked:
		c.ours(h, f)
		return
	case managed:
		c.managed(r, h, f)
	case foreign:
		c.foreign(h, f)
	case absent:
		h.Why = "not installed"
		if isHusky(r.hooksDir) {
			h.Why = "husky manages the hooks and has none for this"
		}
	}
	if h.Verdict != WillNotRun {
		return
	}
	// Is it ours, but put where git does not look?
	for _, at := range []string{h.Path + ".old", h.Path + ".legacy"} {
		if f, err := inspect(at); err == nil && f.kind == ours {
			h.Why += fmt.Sprintf("; cork's hook was moved to %s, where nothing runs it", show(at))
		}
	}
	def := filepath.Join(r.commonDir, "hooks", h.Name)
	if resolve(def) == resolve(h.Path) {
		return
	}
	if f, err := inspect(def); err == nil && f.kind == ours {
		h.Why += fmt.Sprintf("; cork's hook %s is shadowed by core.hooksPath (%s)", show(def), r.hooksPath.where())
	}
}

func (c *checker) ours(h *Hook, f hookFile) {
	if !f.exec {
		h.Why = fmt.Sprintf("not executable (chmod +x %s)", show(f.path))
		return
	}
	h.Verdict, h.Why = WillRun, show(f.path)
	if prev := f.path + prevSuffix; exists(prev) {
		h.Why += ", after " + show(prev)
	}
	bin := filepath.FromSlash(bakedBin(f.content))
	if bin == "" {
		return
	}
	if err := executable(bin); err != nil {
		c.note("%s names a cork that is not there (%s: %v): unless cork is on PATH, nothing gets past the hook", show(f.path), show(bin), err)
	}
}

func (c *checker) managed(r *repo, h *Hook, f hookFile) {
	h.Why = fmt.Sprintf("%s holds the hook", f.manager)
	if !f.exec {
		return
	}
	if l, err := inspect(f.path + ".legacy"); err == nil && runsLegacy(f.manager) && l.kind == ours && l.exec {
		h.Verdict = WillRun
		h.Why = fmt.Sprintf("%s, which %s runs first", show(l.path), f.manager)
		return
	}
	if mentions(f.path, "cork git-hook") {
		h.Verdict = Unknown
		h.Why += ", and runs cork git-hook"
		return
	}
	for _, name := range managerConfigs(f.manager) {
		if r.top != "" && mentions(filepath.Join(r.top, name), "cork") {
			h.Verdict = Unknown
			h.Why += fmt.Sprintf(", and %s mentions cork", name)
			return
		}
	}
}

func (c *checker) foreign(h *Hook, f hookFile) {
	if isHusky(filepath.Dir(f.path)) && filepath.Base(filepath.Dir(f.path)) == "_" {
		script := filepath.Join(filepath.Dir(filepath.Dir(f.path)), h.Name)
		if f.exec && mentions(script, "cork git-hook "+h.Name) {
			h.Verdict = WillRun
			h.Why = fmt.Sprintf("%s, which husky runs", show(script))
			return
		}
		h.Why = fmt.Sprintf("husky holds the hook, and %s does not run cork", show(script))
		return
	}
	h.Why = fmt.Sprintf("there is another hook (%s)", show(f.path))
	if f.exec && mentions(f.path, "cork git-hook") {
		h.Verdict = Unknown
		h.Why += ", which mentions cork"
	}
}

// config looks at the hooks of a user or a machine.
func (c *checker) config(ctx context.Context) error {
	scope := "--" + c.o.Scope.String()
	for _, name := range c.o.Hooks {
		h := Hook{Name: name}
		cmd, err := c.o.values(ctx, scope, section(name)+".command")
		if err != nil {
			return err
		}
		event, err := c.o.values(ctx, scope, section(name)+".event")
		if err != nil {
			return err
		}
		enabled, err := c.o.values(ctx, scope, section(name)+".enabled")
		if err != nil {
			return err
		}
		switch {
		case len(cmd) == 0 && len(event) == 0:
			h.Why = "not installed"
		case len(cmd) == 0 || !slices.Contains(event, name):
			h.Why = fmt.Sprintf("%s is not whole: it has %d commands, and events %q", section(name), len(cmd), event)
		case !c.newGit:
			h.Why = fmt.Sprintf("%s is ignored by this git, which is older than 2.54", section(name))
		case len(enabled) > 0 && slices.Contains([]string{"false", "no", "off", "0", ""}, strings.ToLower(enabled[len(enabled)-1])):
			h.Why = fmt.Sprintf("%s.enabled is false", section(name))
		default:
			h.Verdict = WillRun
			h.Why = fmt.Sprintf("%s in the %s configuration", section(name), c.o.Scope)
		}
		c.hooks = append(c.hooks, h)
	}
	return nil
}

// template looks at the hooks that git will copy.
func (c *checker) template(ctx context.Context) error {
	dir, err := c.o.templateHooks(ctx)
	if err != nil {
		return err
	}
	for _, name := range c.o.Hooks {
		h := Hook{Name: name, Path: filepath.Join(dir, name)}
		f, err := inspect(h.Path)
		switch {
		case err != nil:
			h.Why = err.Error()
		case f.kind == ours || f.kind == linked:
			c.ours(&h, f)
		case f.kind == absent:
			h.Why = "not installed"
		default:
			h.Why = fmt.Sprintf("there is another hook (%s)", show(h.Path))
		}
		c.hooks = append(c.hooks, h)
	}
	return nil
}
