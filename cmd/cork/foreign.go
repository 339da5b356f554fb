package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/compat"
	"github.com/cork-scanner/cork/scanner/git"
	"github.com/cork-scanner/cork/scanner/report"
)

// gitConfigName is what messages, and [[imported]] tables, call what git config says
// of git-secrets.
const gitConfigName = "git config"

// withForeign adds to the configuration (nil: there is none) what other scanners left
// in the repository, and what is to be said about it. It returns the configuration as
// it is if there is nothing.
func (a *app) withForeign(ctx context.Context, f *scanFlags, repo *git.Repository, at configAt, cfg *scanner.Config) (*scanner.Config, error) {
	if f.foreign != nil {
		return mergeForeign(cfg, f.foreign, a)
	}
	if repo == nil || f.config != "" || f.noForeign || cfg != nil && cfg.NoForeign {
		return cfg, nil
	}
	found, err := a.readForeign(ctx, f, repo, at, cfg)
	if err != nil || len(found) == 0 {
		return cfg, err
	}
	return mergeForeign(cfg, found, a)
}

// readForeign reads the files of other scanners at the root of the repository, and
// what git config says of git-secrets, but for those that were imported into the
// configuration (nil: there is none).
func (a *app) readForeign(ctx context.Context, f *scanFlags, repo *git.Repository, at configAt, cfg *scanner.Config) (found []*compat.Settings, err error) {
	var imported []string
	if cfg != nil {
		imported = cfg.Imported
	}
	names, err := a.foreignNames(ctx, repo, at)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if slices.Contains(imported, name) {
			continue
		}
		s, err := a.parseForeign(ctx, repo, at, cfg, name)
		if err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	if slices.Contains(imported, gitConfigName) {
		return found, nil
	}
	s, err := a.readGitSecrets(ctx, f, repo)
	if s != nil {
		found = append(found, s)
	}
	return found, err
}

// foreignNames returns the files of other scanners that are at the root.
func (a *app) foreignNames(ctx context.Context, repo *git.Repository, at configAt) (names []string, err error) {
	there := func(name string) bool {
		_, err := os.Lstat(filepath.Join(repo.Root(), name))
		return err == nil
	}
	if at != inWorkTree {
		have, err := repo.Have(ctx, string(at), slices.Concat(compat.Names()...))
		if err != nil {
			return nil, err
		}
		there = func(name string) bool { return slices.Contains(have, name) }
	} else if repo.Root() == "" {
		return nil, nil
	}
	for _, group := range compat.Names() {
		if i := slices.IndexFunc(group, there); i >= 0 {
			names = append(names, group[i])
		}
	}
	return names, nil
}

// parseForeign reads one file of another scanner, beside a configuration (nil: there
// is none).
func (a *app) parseForeign(ctx context.Context, repo *git.Repository, at configAt, cfg *scanner.Config, name string) (*compat.Settings, error) {
	data, err := a.readRepoFile(ctx, repo, at, name)
	if err != nil {
		return nil, foreignError(fmt.Errorf("read %q: %w", at.name(name), unwrapPath(err)))
	}
	s, err := compat.Parse(compat.Input{
		Name: name, Data: data, Rules: rules.Builtin(), Taken: takenIDs(cfg),
		Open: func(name string) ([]byte, error) { return a.readRepoFile(ctx, repo, at, name) },
	})
	return s, foreignError(err)
}

// takenIDs returns the built-in rules whose ids are taken where .cork.toml says which
// hold: those, and the ones that it switches off. An id that it has itself is meant to
// be the same rule's.
func takenIDs(cfg *scanner.Config) (taken []rules.Rule) {
	if cfg == nil || !cfg.SaysRules {
		return nil
	}
	own := make(map[string]bool)
	for _, p := range cfg.Patches() {
		if p.ID != nil {
			own[*p.ID] = true
		}
	}
	for i := range cfg.Rules {
		if !own[cfg.Rules[i].ID] {
			taken = append(taken, cfg.Rules[i])
		}
	}
	for _, id := range cfg.Disabled() {
		taken = append(taken, rules.Rule{ID: id})
	}
	return taken
}

// A foreignFileError is about a file of another scanner.
type foreignFileError struct{ error }

func (e *foreignFileError) Unwrap() error { return e.error }

// foreignError says what to do about a file of another scanner.
func foreignError(err error) error {
	if err == nil {
		return nil
	}
	return &foreignFileError{scanner.WithHint(err, "nothing was scanned: mend it, or scan without the files of other scanners: --no-foreign")}
}

// readGitSecrets reads what git config says of git-secrets; nil if nothing. Commands
// that print patterns run only if that is allowed.
func (a *app) readGitSecrets(ctx context.Context, f *scanFlags, repo *git.Repository) (*compat.Settings, error) {
	var trusts func(file string) bool
	if f.untrusted {
		// Git's configuration can include a file of the checkout.
		trusts = func(file string) bool {
			at, in := inTree(repo, file)
			return !in || strings.HasPrefix(at, ".git/")
		}
	}
	values, err := repo.Settings(ctx, a.w.env, "secrets", trusts)
	if errors.Is(err, git.ErrNoSettings) {
		s := &compat.Settings{Name: gitConfigName, Kind: compat.GitConfig}
		s.Notes = append(s.Notes, compat.Note{Warning: true, Text: "secrets.* is not read without git, so the patterns of git-secrets do not hold"})
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the settings of git-secrets: %w", err)
	}
	patterns, allowed, providers := values["patterns"], values["allowed"], values["providers"]
	if len(patterns)+len(allowed)+len(providers) == 0 {
		return nil, nil
	}
	// Their programs may lie in the checkout.
	run := f.allowProviders && !f.untrusted
	if run {
		for _, p := range providers {
			more, err := a.runProvider(ctx, repo, p)
			if err != nil {
				return nil, err
			}
			patterns = append(patterns, more...)
		}
	}
	s, err := compat.GitSecrets(gitConfigName, patterns, allowed)
	if err != nil {
		return nil, scanner.WithHint(err, "nothing was scanned: git config --show-origin --get-all secrets.patterns says where it is; or scan without: --no-foreign")
	}
	if len(providers) > 0 && !run {
		why := "--allow-providers runs them"
		if f.allowProviders {
			why = "they run for a head that is trusted alone"
		}
		s.Notes = append(s.Notes, compat.Note{Warning: true, Text: plural(len(providers), "command") +
			" of secrets.providers did not run, so what they print is not looked for: " + why})
	}
	return s, nil
}

// maxProvider is how much a provider may print, in bytes.
const maxProvider = 1 << 20

// runProvider runs a command that prints patterns, as git-secrets does: its words
// are separated by blanks, and no shell reads them.
func (a *app) runProvider(ctx context.Context, repo *git.Repository, command string) (patterns []string, err error) {
	words := strings.Fields(command)
	if len(words) == 0 {
		return nil, nil
	}
	bad := func(err error) error {
		return scanner.WithHint(fmt.Errorf("run the provider %q of git-secrets: %w", words[0], err), "run it by hand, or scan without providers: leave out --allow-providers")
	}
	program, err := a.w.lookPath(words[0])
	if filepath.IsAbs(words[0]) {
		program, err = words[0], nil
	}
	if err != nil {
		return nil, bad(err)
	}
	cmd := exec.CommandContext(ctx, program, words[1:]...)
	cmd.Dir, cmd.Env = repo.Root(), a.w.env
	if cmd.Dir == "" {
		cmd.Dir = repo.GitDir()
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return nil, bad(err)
	}
	if err := cmd.Start(); err != nil {
		return nil, bad(err)
	}
	out, err := io.ReadAll(io.LimitReader(pipe, maxProvider+1))
	if len(out) > maxProvider {
		err = errors.Join(cmd.Process.Kill(), fmt.Errorf("it prints more than %d MiB", maxProvider>>20))
	}
	if waitErr := cmd.Wait(); err == nil {
		err = waitErr
	}
	if err != nil {
		return nil, bad(err)
	}
	for line := range bytes.Lines(out) {
		if line := strings.TrimSpace(string(line)); line != "" {
			patterns = append(patterns, line)
		}
	}
	return patterns, nil
}

// mergeForeign adds what other scanners left to the configuration.
func mergeForeign(cfg *scanner.Config, found []*compat.Settings, a *app) (*scanner.Config, error) {
	merged := new(scanner.Config)
	if cfg != nil {
		*merged = *cfg
	} else {
		merged.Rules = rules.Builtin()
	}
	// Where .cork.toml says which rules hold, others do not.
	decides := cfg == nil || !cfg.SaysRules
	var (
		only    bool
		added   []rules.Rule
		disable []string
		entries []scanner.AllowEntry
	)
	ids := make(map[string]bool)
	for i := range merged.Rules {
		ids[merged.Rules[i].ID] = true
	}
	for _, s := range found {
		only = only || s.Only && decides
		if decides {
			for _, id := range s.Disable {
				if ids[id] && !slices.Contains(disable, id) {
					disable = append(disable, id)
				}
			}
		}
		entries = append(entries, s.Allow...)
		added = append(added, s.Rules...)
		merged.Notes = append(merged.Notes, foreignNotes(s, decides)...)
	}
	if slices.ContainsFunc(found, func(s *compat.Settings) bool { return len(s.Rules)+len(s.Allow) > 0 }) {
		merged.Notes = append(merged.Notes, "hint: to make it Cork's own: cork import (with --dry-run: to see the remarks, and what would be written)")
	}
	if only {
		merged.Rules = nil
	} else if len(disable) > 0 {
		rest, err := rules.Merge(merged.Rules, nil, disable)
		if err != nil {
			return nil, foreignError(err)
		}
		merged.Rules = rest
	}
	if len(added) > 0 {
		merged.Rules = append(slices.Clip(merged.Rules), unlike(merged.Rules, added)...)
	}
	allow, err := scanner.NewAllowlist(entries, a.w.now())
	if err != nil {
		return nil, foreignError(err) // each was checked alone
	}
	merged.Allow = merged.Allow.With(allow)
	return merged, nil
}

// unlike returns the rules that are added to others, without those that are there
// already: what was imported into .cork.toml can still stand where it was.
func unlike(there, added []rules.Rule) []rules.Rule {
	ids := make(map[string]bool)
	for i := range there {
		ids[there[i].ID] = true
	}
	var out []rules.Rule
	for _, r := range added {
		if !ids[r.ID] {
			ids[r.ID] = true
			out = append(out, r)
		}
	}
	return out
}

// maxForeignWarnings is how many warnings about one file are said in a scan. "cork
// import --dry-run" says all.
const maxForeignWarnings = 3

// foreignNotes says in one line what a file of another scanner does, and what of it
// would make the scan worth little.
func foreignNotes(s *compat.Settings, decides bool) (notes []string) {
	var parts []string
	written := make(map[string]bool) // some are made into several of Cork's
	for i := range s.Rules {
		if !s.Rules[i].PartOnly {
			written[s.Rules[i].Source] = true
		}
	}
	reporting := len(written)
	switch {
	case s.Only && decides:
		parts = append(parts, fmt.Sprintf("%s instead of Cork's own %s", plural(reporting, "rule"), grouped(len(rules.Builtin()))))
	case reporting > 0:
		parts = append(parts, plural(reporting, "rule"))
	}
	if len(s.Disable) > 0 && decides {
		parts = append(parts, fmt.Sprintf("%d of Cork's own off", len(s.Disable)))
	}
	known, others := 0, 0
	for i := range s.Allow {
		if e := &s.Allow[i]; e.Known {
			known += len(e.Hashes) + len(e.Lines)
		} else {
			others++
		}
	}
	if others > 0 {
		parts = append(parts, plural(others, "exception"))
	}
	if known > 0 {
		parts = append(parts, plural(known, "known finding"))
	}
	if n := len(s.Folders); n > 0 {
		const few = 3
		more := ""
		if n > few {
			more = fmt.Sprintf(" and %d more", n-few)
		}
		parts = append(parts, "nothing in "+strings.Join(s.Folders[:min(n, few)], ", ")+more+" is reported")
	}
	warnings := s.Warnings()
	if left := len(s.Notes) - len(warnings); left > 0 {
		parts = append(parts, plural(left, "remark"))
	}
	if len(parts) == 0 {
		parts = []string{"nothing in it counts"}
	}
	notes = append(notes, fmt.Sprintf("%s (%s) is read: %s", report.DisplayPath(s.Name), s.Kind.Tool(), strings.Join(parts, ", ")))
	for i, w := range warnings {
		if i == maxForeignWarnings {
			notes = append(notes, fmt.Sprintf("warning: %s: and %d more: cork import --dry-run", report.DisplayPath(s.Name), len(warnings)-i))
			break
		}
		where := report.DisplayPath(s.Name)
		if w.Line > 0 {
			where += fmt.Sprintf(":%d", w.Line)
		}
		notes = append(notes, fmt.Sprintf("warning: %s: %s", where, w.Text))
	}
	return notes
}

// foreignBaseline reads what --baseline names if that is another scanner's; ok is
// false if it is not.
func (a *app) foreignBaseline(ctx context.Context, f *scanFlags, repo *git.Repository, at configAt) (list *scanner.Allowlist, ok bool, err error) {
	if f.baseline == "" || f.known != nil || f.noBaseline {
		return nil, false, nil
	}
	_, data, err := a.readBaselineFlag(ctx, f, repo, at)
	if err != nil {
		return nil, false, nil // said by whoever reads Cork's own
	}
	entries, ok, err := compat.ParseBaseline(f.baseline, data)
	if !ok {
		return nil, false, nil
	}
	if err != nil {
		return nil, true, scanner.WithHint(err, fmt.Sprintf("nothing was scanned: mend %s, or scan without: --no-baseline", report.DisplayPath(f.baseline)))
	}
	list, err = scanner.NewAllowlist(entries, a.w.now())
	return list, true, err
}
