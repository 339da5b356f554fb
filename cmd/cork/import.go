package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/compat"
	"github.com/cork-scanner/cork/scanner/git"
	"github.com/cork-scanner/cork/scanner/report"
)

// importFlags are the flags of "cork import".
type importFlags struct {
	baseline  *baselineFlags
	dryRun    bool
	gitConfig bool
}

func importCommand(a *app) *cobra.Command {
	f := &importFlags{baseline: newBaselineFlags()}
	cmd := &cobra.Command{
		Use:   "import [flags] [FILE...]",
		Short: "Make what another scanner left Cork's own",
		Long: `Write what files of other scanners say into .cork.toml and .cork-baseline at the
root of the repository: those that are given, or all that are there. Rules and
exceptions are added to .cork.toml, below what is in it. Findings that are known
by a line, by a hash or by the checksum of a file are looked for, in the files
as they are and in the commits that are named, and written to .cork-baseline by
their fingerprints; hashes that could help to guess a password are not written
anew.

An [[imported]] table says which files are not read by themselves any more. They
are not changed: once nobody else needs them they can go. What has no
counterpart is said, line by line. Doing it again changes nothing.`,
		Example: `  cork import --dry-run             # print what would be written
  cork import                       # all that is there
  cork import reports/gitleaks.json # a report, as a baseline
  cork import --git-config          # and the patterns of git-secrets`,
		Annotations: map[string]string{exitAnnotation: `  0    done, or there is nothing to import
  2    nothing was written: a file is not understood, the scan could not
       complete, or usage or configuration is wrong
  130  interrupted`},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.importFiles(cmd, f, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	scan := f.baseline.scan
	flags.BoolVar(&f.dryRun, "dry-run", false, "write nothing, print what would be added")
	flags.BoolVar(&f.gitConfig, "git-config", false, "take over what git config says of git-secrets, too: the file is committed, so look at it first")
	flags.BoolVar(&scan.allowIncomplete, "allow-incomplete", false, "write it even if a file or object could not be read")
	flags.IntVar(&scan.workers, "workers", 0, "scan `N` files at the same time (default: one for each processor)")
	flags.Var(scan.engine, "engine", "read the repository with git, or with go-git; auto: with git where there is one")
	flags.BoolVar(&scan.trustRepo, "trust-repo", false, "read a repository that another user owns")
	return cmd
}

// An importing is one run of "cork import".
type importing struct {
	*app
	f     *importFlags
	repo  *git.Repository
	at    *baselineAt
	files []*compat.Settings
	cfg   *scanner.Config // of .cork.toml as it is; nil if there is none
	old   []byte          // its text

	set     *rules.Set      // of the rules that hold with the files
	resolve map[origin]bool // entries that can only be said by fingerprints
	found   []scanner.BaselineEntry
	known   int // findings of before that the files name
}

// An origin tells entries of files apart.
type origin struct {
	file   string
	line   int
	reason string
}

func (a *app) importFiles(cmd *cobra.Command, f *importFlags, args []string) error {
	return a.baseline(cmd, f.baseline, func(ctx context.Context, at *baselineAt) (err error) {
		im := &importing{app: a, f: f, at: at, resolve: make(map[origin]bool)}
		if im.repo, err = a.openRepository(ctx, f.baseline.scan, a.w.dir, false); err != nil {
			return err
		}
		defer im.repo.Close() // it was read only
		if err := im.read(ctx, args); err != nil {
			return err
		}
		if len(im.files) == 0 {
			a.say("there is nothing to import that is not imported already")
			return nil
		}
		text, err := im.convert(ctx)
		if err != nil {
			return err
		}
		im.say()
		if f.dryRun {
			return im.print(cmd.OutOrStdout(), text)
		}
		return im.write(ctx, text)
	})
}

// read reads the files, and the configuration that is there.
func (im *importing) read(ctx context.Context, args []string) error {
	data, err := readBelow(im.at.root, configName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the configuration %s: %w", configName, unwrapPath(err))
	}
	im.old = data
	if err == nil {
		if im.cfg, err = scanner.ParseConfig(configName, data, rules.Builtin(), im.w.now()); err != nil {
			return scanner.WithHint(err, "nothing was changed: edit "+configName+" and try again")
		}
	}
	var imported []string
	if im.cfg != nil {
		imported = im.cfg.Imported
	}
	names := args
	if len(args) == 0 {
		if names, err = im.foreignNames(ctx, im.repo, inWorkTree); err != nil {
			return err
		}
	}
	for _, name := range names {
		if len(args) > 0 {
			if name, err = im.inRepository(name); err != nil {
				return err
			}
		}
		if slices.Contains(imported, name) {
			im.say1("%s is imported already", report.DisplayPath(name))
			continue
		}
		s, err := im.parseForeign(ctx, im.repo, inWorkTree, im.cfg, name)
		if err != nil {
			return scanner.WithHint(err, "nothing was changed: mend it, or name the files to import: cork import FILE")
		}
		im.files = append(im.files, s)
	}
	if !slices.Contains(imported, gitConfigName) && len(args) == 0 || im.f.gitConfig {
		s, err := im.readGitSecrets(ctx, im.f.baseline.scan, im.repo)
		switch {
		case err != nil:
			return err
		case s != nil && !im.f.gitConfig:
			im.say1("git config has settings of git-secrets, which are yours and not the repository's: --git-config takes them over")
		case s != nil:
			im.files = append(im.files, s)
		}
	}
	return nil
}

func (im *importing) say1(format string, args ...any) { im.app.say(format, args...) }

// inRepository returns the path of a file relative to the root of the repository.
func (im *importing) inRepository(name string) (string, error) {
	abs, err := filepath.Abs(im.w.abs(name))
	if err != nil {
		return "", fmt.Errorf("find %q: %w", name, err)
	}
	rel, ok := below(im.at.root, filepath.Dir(abs))
	if !ok {
		return "", scanner.WithHint(fmt.Errorf("%q is not in the repository", name), "copy it into the repository; it need not be committed")
	}
	return path.Join(rel, filepath.Base(abs)), nil
}

// convert makes the text that is added to .cork.toml, and looks for what can only be
// known by fingerprints.
func (im *importing) convert(ctx context.Context) (text string, err error) {
	all, err := mergeForeign(im.cfg, im.files, im.app)
	if err != nil {
		return "", err
	}
	if im.set, err = rules.Compile(all.Rules); err != nil {
		return "", foreignError(err)
	}
	text = im.toml(ctx)
	return text, im.lookFor(ctx)
}

// toml returns what is added to .cork.toml.
func (im *importing) toml(ctx context.Context) string {
	there := make(map[string]bool)
	decides := im.cfg == nil || !im.cfg.SaysRules
	if im.cfg != nil {
		for i := range im.cfg.Rules {
			there[im.cfg.Rules[i].ID] = true
		}
	}
	var b, selection strings.Builder
	only := false
	var disable []string
	for _, s := range im.files {
		only = only || s.Only
		disable = append(disable, s.Disable...)
		if (s.Only || len(s.Disable) > 0) && !decides {
			im.note(s, 0, "which of Cork's own rules hold is not taken over: "+configName+" says that already")
		}
		part := im.tables(ctx, s, there)
		imported := ""
		if s.Name != gitConfigName && isFound(s.Name) {
			imported = "[[imported]]\n" + rules.FormatKey("file", s.Name)
		}
		if imported+part != "" { // a report of findings goes into the baseline alone
			fmt.Fprintf(&b, "\n# From %s of %s, by cork import.\n%s%s", s.Name, s.Kind.Tool(), imported, part)
		}
	}
	slices.Sort(disable)
	disable = slices.Compact(disable)
	if decides && (only || len(disable) > 0) {
		selection.WriteString("\n[rules]\n")
		if only {
			selection.WriteString("builtin = false\n")
		} else {
			selection.WriteString(rules.FormatKey("disable", disable))
		}
	}
	return selection.String() + b.String()
}

// isFound reports whether a file is one that is read by itself.
func isFound(name string) bool { return slices.Contains(slices.Concat(compat.Names()...), name) }

// tables returns the rules and exceptions of a file. What would put a secret into a
// file that is committed is left out, and what cannot be said there is looked for.
func (im *importing) tables(ctx context.Context, s *compat.Settings, there map[string]bool) string {
	var b strings.Builder
	for _, r := range s.Rules {
		text := string(rules.Format(r))
		line := lineOfSource(r.Source)
		switch {
		case there[r.ID] && im.cfg != nil:
			im.note(s, line, fmt.Sprintf("the rule %s is not taken over: %s has one of that id", r.ID, configName))
			continue
		case s.Kind == compat.GitConfig && compat.IsText(r.Regex):
			im.note(s, line, fmt.Sprintf("%s is not taken over: it is a text and no expression, so it may be a secret itself", r.Description))
			continue
		case im.isSecret(ctx, text):
			im.note(s, line, fmt.Sprintf("the rule %s is not taken over: its expression holds what looks like a secret", r.ID))
			continue
		}
		there[r.ID] = true
		b.WriteString("\n" + text)
	}
	for i := range s.Allow {
		e := &s.Allow[i]
		text, ok := e.TOML()
		if ok && !im.isSecret(ctx, text) {
			b.WriteString("\n" + text)
			continue
		}
		if ok {
			im.note(s, e.Line, "an exception holds what looks like a secret: what it is about is taken into the baseline instead")
		}
		im.resolve[origin{e.File, e.Line, e.Reason}] = true
		im.known += len(e.Hashes) + len(e.Lines)
	}
	return b.String()
}

// lineOfSource returns the line of a rule's source, 0 if it has none.
func lineOfSource(source string) (line int) {
	if i := strings.LastIndexByte(source, ':'); i >= 0 {
		fmt.Sscanf(source[i+1:], "%d", &line)
	}
	return line
}

// isSecret reports whether anything is found in a text.
func (im *importing) isSecret(ctx context.Context, text string) bool {
	for range scanner.New(im.set, scanner.Options{Workers: 1}).Scan(ctx, oneBlob(configName, text), nil) {
		return true
	}
	return false
}

func (im *importing) note(s *compat.Settings, line int, text string) {
	s.Notes = append(s.Notes, compat.Note{Line: line, Text: text})
}

// lookFor scans the files, and the commits that are named, for what is only known by
// where it is or by its hash.
func (im *importing) lookFor(ctx context.Context) error {
	if len(im.resolve) == 0 {
		return nil
	}
	sf := *im.f.baseline.scan
	sf.known, sf.listSuppressed, sf.foreign = scanner.NewBaseline(im.at.display, nil), true, im.files
	p, err := im.planFiles(ctx, &sf, im.paths(), false)
	if err != nil {
		return err
	}
	p.source = &belowRoot{p.source, filepath.ToSlash(im.at.root) + "/"}
	if err := im.collect(ctx, p, p.source, false); err != nil {
		return errors.Join(err, p.close())
	}
	for _, s := range im.files {
		for _, at := range s.Seen {
			outer, _, _ := strings.Cut(at.Path, scanner.EntrySeparator)
			data, err := im.repo.FileAt(ctx, at.Commit, outer)
			if err != nil {
				if ctx.Err() != nil {
					return errors.Join(ctx.Err(), p.close())
				}
				continue // not here any more: counted as not found
			}
			b := scanner.Blob{
				Path: outer, Size: int64(len(data)), Commit: &scanner.Commit{ID: at.Commit},
				Open: func(context.Context) (io.ReadCloser, error) { return scanner.InMemory(data), nil },
			}
			if err := im.collect(ctx, p, scanner.Only(b), true); err != nil {
				return errors.Join(err, p.close())
			}
		}
	}
	return p.close()
}

// paths returns what is to be scanned: the files that are named, if all that is
// looked for is in one, or all there are.
func (im *importing) paths() []string {
	var paths []string
	for _, s := range im.files {
		for i := range s.Allow {
			e := &s.Allow[i]
			if !im.resolve[origin{e.File, e.Line, e.Reason}] {
				continue
			}
			if e.Path == "" {
				return []string{im.at.root}
			}
			outer, _, _ := strings.Cut(e.Path, scanner.EntrySeparator)
			if name := filepath.Join(im.at.root, filepath.FromSlash(outer)); isRegular(name) && !slices.Contains(paths, name) {
				paths = append(paths, name)
			}
		}
	}
	if len(paths) == 0 {
		return []string{im.at.root}
	}
	return paths
}

// collect scans a source and takes in what an entry suppresses that is looked for.
func (im *importing) collect(ctx context.Context, p *plan, source scanner.Source, history bool) error {
	var sum scanner.Summary
	var all []scanner.Finding
	for f, err := range p.scanner.Scan(ctx, source, &sum) {
		if err != nil {
			continue // in sum
		}
		im.masker.AddFinding(&f)
		if s := f.Suppression; s != nil && im.resolve[origin{s.File, s.Line, s.Reason}] {
			all = append(all, f)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !sum.Complete() {
		im.printErrors(sum.Errors)
		if !im.f.baseline.scan.allowIncomplete || !onlyBlobs(sum.Errors) {
			return errors.New("not everything could be read, so nothing was written")
		}
	}
	for i := range all {
		f := &all[i]
		if slices.ContainsFunc(im.found, func(e scanner.BaselineEntry) bool { return e.Fingerprint == f.Fingerprint }) {
			continue
		}
		e := scanner.BaselineEntry{
			Fingerprint: f.Fingerprint, Path: im.masker.Mask(f.Location.Path), History: history,
			Reason: strings.Join(strings.Fields(im.masker.Mask(f.Suppression.Reason)), " "),
		}
		if !history && e.Path == f.Location.Path {
			e.Place = f.BaselinePlace()
		}
		im.found = append(im.found, e)
	}
	return nil
}

// say says what is taken over of each file, and what is not.
func (im *importing) say() {
	for _, s := range im.files {
		name := report.DisplayPath(s.Name)
		rest := foreignNotes(&compat.Settings{Name: s.Name, Kind: s.Kind, Rules: s.Rules, Only: s.Only, Disable: s.Disable, Allow: s.Allow, Folders: s.Folders},
			im.cfg == nil || !im.cfg.SaysRules)
		im.app.say("%s", report.Printable(rest[0]))
		for _, n := range s.Notes {
			where := name
			if n.Line > 0 {
				where += fmt.Sprintf(":%d", n.Line)
			}
			im.app.say("%s", report.Printable(im.masker.Mask(where+": "+n.Text)))
		}
	}
	if im.known > 0 {
		im.app.say("%s found again, of %d places and hashes that the files name; the rest is not there any more, or nothing to Cork",
			plural(len(im.found), "finding"), im.known)
	}
}

// print writes what would be added.
func (im *importing) print(w io.Writer, text string) error {
	var b bytes.Buffer
	if text != "" {
		fmt.Fprintf(&b, "# would be added to %s\n%s\n", configName, strings.TrimPrefix(text, "\n"))
	}
	if len(im.found) > 0 {
		fmt.Fprintf(&b, "# would be added to %s\n", scanner.BaselineName)
		slices.SortFunc(im.found, func(x, y scanner.BaselineEntry) int { return strings.Compare(x.Fingerprint, y.Fingerprint) })
		for _, e := range im.found {
			fmt.Fprintf(&b, "# %s  %s  %s\n", e.Fingerprint, e.Path, e.Reason)
		}
	}
	if _, err := im.edited(text); err != nil {
		return err
	}
	if b.Len() == 0 {
		im.app.say("nothing would be written")
	}
	out := b.Bytes()
	if bytes.HasSuffix(out, []byte("\n\n")) {
		out = out[:len(out)-1]
	}
	_, err := w.Write(out)
	return err
}

// edited returns the new text of .cork.toml, which was read again.
func (im *importing) edited(text string) ([]byte, error) {
	var b bytes.Buffer
	b.Write(im.old)
	if len(im.old) > 0 && im.old[len(im.old)-1] != '\n' {
		b.WriteByte('\n')
	}
	if len(im.old) == 0 {
		text = strings.TrimPrefix(text, "\n")
	}
	b.WriteString(text)
	cfg, err := scanner.ParseConfig(configName, b.Bytes(), rules.Builtin(), im.w.now())
	if err == nil {
		_, err = rules.Compile(cfg.Rules)
	}
	if err != nil {
		return nil, scanner.WithHint(fmt.Errorf("what would be written to %s does not hold together: %w", configName, err),
			"nothing was changed: import the files one by one: cork import FILE")
	}
	return b.Bytes(), nil
}

// write writes the baseline, and then .cork.toml: if that fails the files are read
// as before.
func (im *importing) write(ctx context.Context, text string) error {
	name := filepath.Join(im.at.root, configName)
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	lock, err := lockFile(ctx, name, configName)
	if err != nil {
		return err
	}
	defer lock.release()
	now, err := readRegular(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the configuration %s: %w", configName, unwrapPath(err))
	}
	if !bytes.Equal(now, im.old) {
		return scanner.WithHint(fmt.Errorf("%s was changed meanwhile", configName), "nothing was written: try again")
	}
	edited, err := im.edited(text)
	if err != nil {
		return err
	}
	if len(im.found) > 0 {
		err := im.writeBaseline(ctx, im.at, func(current *scanner.Baseline) ([]scanner.BaselineEntry, string, error) {
			entries, added, _ := updated(current, &lookedFor{added: im.found})
			return entries, plural(added, "finding") + " added", nil
		})
		if err != nil {
			return err
		}
	}
	switch {
	case text == "" && len(im.found) == 0:
		im.app.say("nothing was written: there is nothing in it to take over")
		return nil
	case text == "":
		return nil
	}
	if err := lock.replace(edited); err != nil {
		return fmt.Errorf("write the configuration %s: %w", configName, unwrapPath(err))
	}
	im.app.say("%s was written: look at it, and commit it", configName)
	return nil
}

// isRegular reports whether there is a file of that name.
func isRegular(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
