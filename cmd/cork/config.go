package main

import (
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
	"github.com/spf13/pflag"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/compat"
	"github.com/cork-scanner/cork/scanner/git"
	"github.com/cork-scanner/cork/scanner/report"
)

func configCommand(a *app) *cobra.Command {
	cmd := configShowCommand(a)
	cmd.Use = "config [flags] [COMMAND]"
	cmd.Short = "Show and check what says how to scan"
	cmd.Long = `Show or check the configuration: .cork.toml at the root of the repository, and
those in folders, which add to it for the files below. Without a command, show
what holds in the current folder.`
	cmd.Example = `  cork config                     # what holds here, and who says so
  cork config check               # is it right, and is it what was meant?
  cork config path                # which files are read`
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	addCommands(cmd, configCheckCommand(a), configShowCommand(a), configPathCommand(a))
	return cmd
}

// configFlags say which configuration a command is about.
type configFlags struct {
	config    string
	trustRepo bool
}

func (f *configFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.config, "config", "", "read `FILE` instead of .cork.toml")
	flags.BoolVar(&f.trustRepo, "trust-repo", false, "read a repository that another user owns")
}

func (f *configFlags) scanFlags() *scanFlags {
	return (&bookFlags{config: f.config, trustRepo: f.trustRepo}).scanFlags()
}

// A configFile is one file that says how to scan.
type configFile struct {
	name   string // for people
	folder string // whose files it is about; "": all
	data   []byte
}

// A configTree is the configuration of a repository, or of a place that is in none.
type configTree struct {
	repo  *git.Repository // nil: none. The caller closes it
	at    configAt
	files []configFile // that of the root first, if there is one
}

// openConfigTree finds the files that say how to scan in the repository that dir
// lies in, and reads them.
func (a *app) openConfigTree(ctx context.Context, f *configFlags, dir string) (*configTree, error) {
	sf := f.scanFlags()
	repo, err := a.openRepository(ctx, sf, dir, false)
	switch {
	case errors.Is(err, git.ErrNotRepository), err != nil && f.config != "":
		repo = nil
	case err != nil:
		return nil, err
	}
	t := &configTree{repo: repo, at: where(repo)}
	if err := a.readConfigTree(ctx, f, sf, t); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

func (t *configTree) close() error {
	if t.repo == nil {
		return nil
	}
	return t.repo.Close()
}

func (a *app) readConfigTree(ctx context.Context, f *configFlags, sf *scanFlags, t *configTree) error {
	if f.config != "" {
		data, err := readRegular(a.w.abs(f.config))
		if err != nil {
			return scanner.WithHint(fmt.Errorf("read the configuration %q: %w", f.config, unwrapPath(err)), "give a readable file with --config")
		}
		t.files = []configFile{{name: f.config, data: data}}
		return nil
	}
	data, err := a.readRepoFile(ctx, t.repo, t.at, configName)
	switch {
	case err == nil:
		t.files = append(t.files, configFile{name: t.at.name(configName), data: data})
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("read the configuration %q: %w", t.at.name(configName), unwrapPath(err))
	}
	nested := a.nested(ctx, sf, t.repo, t.at)
	if nested == nil {
		return nil
	}
	var folders []string
	if t.at == inWorkTree {
		folders, err = nestedFolders(ctx, t.repo)
	} else {
		folders, err = t.repo.Folders(string(t.at), configName).All(ctx)
	}
	if err != nil {
		return fmt.Errorf("look for %s in folders: %w", configName, err)
	}
	for _, folder := range folders {
		name, data, err := nested.Read(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue // tracked, and not there
		}
		if err != nil {
			return fmt.Errorf("read the configuration %q: %w", name, err)
		}
		t.files = append(t.files, configFile{name, folder, data})
	}
	return nil
}

// parse reads the files, each with what holds above it, which at the root is what
// other scanners left as well. A file below a broken one is nil, without an error of
// its own.
func (t *configTree) parse(ctx context.Context, a *app, f *configFlags) (cfgs []*scanner.Config, errs []error, foreign []*compat.Settings, err error) {
	var root *scanner.Config
	files := t.files
	if len(files) > 0 && files[0].folder == "" {
		var rootErr error
		root, rootErr = scanner.ParseConfig(files[0].name, files[0].data, rules.Builtin(), a.w.now())
		cfgs, errs, files = append(cfgs, root), append(errs, rootErr), files[1:]
	}
	at := map[string]*scanner.Config{"": root}
	if len(errs) == 0 || errs[0] == nil {
		if foreign, err = a.foreignSettings(ctx, f, t, root); err != nil {
			return nil, nil, nil, err
		}
		if at[""], err = mergeForeign(root, foreign, a); err != nil {
			return nil, nil, nil, err
		}
	}
	for _, file := range files {
		var cfg *scanner.Config
		var fileErr error
		if above := aboveOf(at, file.folder); above != nil {
			cfg, fileErr = scanner.ParseNested(file.name, file.folder, file.data, above, a.w.now())
		}
		at[file.folder] = cfg
		cfgs, errs = append(cfgs, cfg), append(errs, fileErr)
	}
	return cfgs, errs, foreign, nil
}

// aboveOf returns what holds above a folder.
func aboveOf(at map[string]*scanner.Config, folder string) *scanner.Config {
	for {
		folder = path.Dir(folder)
		if folder == "." {
			return at[""]
		}
		if cfg, ok := at[folder]; ok {
			return cfg
		}
	}
}

// foreignSettings returns what other scanners left in the repository, as far as it is
// read; root is the configuration there, nil if there is none.
func (a *app) foreignSettings(ctx context.Context, f *configFlags, t *configTree, root *scanner.Config) ([]*compat.Settings, error) {
	if t.repo == nil || f.config != "" || root != nil && root.NoForeign {
		return nil, nil
	}
	return a.readForeign(ctx, f.scanFlags(), t.repo, t.at, root)
}

func configCheckCommand(a *app) *cobra.Command {
	f := new(configFlags)
	format := newChoice("text", "text", "json")
	var strict bool
	cmd := &cobra.Command{
		Use:   "check [flags] [FILE]",
		Short: "Check the configuration, and whether it is what was meant",
		Long: `Check .cork.toml and those in folders, or one FILE ("-" is standard input): all
that is wrong with them, with file and line; then what works and is probably
not what was meant: allow entries that leave out whole trees of files, match no
file, say the same twice, have expired, or whose expressions match a large part
of the secrets that all rules have as examples. Rules are checked as by "cork
rules check"; of the files of other scanners it is said what would make the scan
worth little.`,
		Example: `  cork config check
  cork config check --strict            # in CI: a warning is an error
  cork config check --format json web/.cork.toml`,
		Annotations: map[string]string{exitAnnotation: `  0    it is right, perhaps with warnings, or there is none
  2    something is wrong with it, or with how the command was typed;
       with --strict also if there are warnings
  130  interrupted`},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError(cmd, "one file at a time, but there is %q as well", args[1])
			}
			return a.checkConfig(cmd, f, args, format.value, strict)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().Var(format, "format", "write a line for each problem or one JSON object")
	cmd.Flags().BoolVar(&strict, "strict", false, "exit 2 if there are warnings")
	cmd.Flags().BoolVar(&f.trustRepo, "trust-repo", false, "read a repository that another user owns")
	return cmd
}

// checkConfig checks all files, or the one that is named.
func (a *app) checkConfig(cmd *cobra.Command, f *configFlags, args []string, format string, strict bool) error {
	ctx := cmd.Context()
	dir, err := a.workDir()
	if err != nil {
		return err
	}
	if len(args) > 0 && args[0] != "-" {
		dir = a.repositoryOf(dir, args)
	}
	t, err := a.openConfigTree(ctx, f, dir)
	if err != nil {
		return err
	}
	defer t.close()
	only := ""
	if len(args) > 0 {
		if only, err = a.oneConfig(t, args[0]); err != nil {
			return err
		}
	}
	opts, err := t.checkOptions(ctx)
	if err != nil {
		return err
	}
	c := &ruleCheck{}
	n := 0
	cfgs, errs, foreign, err := t.parse(ctx, a, f)
	if err != nil {
		return err
	}
	for i, cfg := range cfgs {
		name := t.files[i].name
		if only != "" && name != only {
			continue
		}
		n++
		c.addAll(false, errs[i])
		if cfg == nil {
			if errs[i] == nil {
				c.add(false, &rules.Error{File: name, Line: 1, Msg: "it was not checked, since the one above it is broken"})
			}
			continue
		}
		if opts.Samples == nil && cfg.WantsSamples() {
			if set, err := rules.Compile(rules.Builtin()); err == nil {
				opts.Samples = set.Samples()
			}
		}
		a.checkTables(c, name, cfg)
		for _, w := range cfg.Warnings(opts) {
			c.add(true, w)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if only == "" {
		for _, s := range foreign {
			n++
			for _, note := range s.Notes {
				if note.Warning {
					c.add(true, &rules.Error{File: t.at.name(s.Name), Line: max(1, note.Line), Msg: note.Text})
				}
			}
		}
	}
	if c.errors > 0 || strict && c.warnings > 0 {
		a.code = exitError
	}
	if n == 0 {
		a.say("there is no %s, so the built-in rules hold as they are", configName)
	}
	return a.writeProblems(cmd.OutOrStdout(), c, format, object{{"files", n}, {"rules", c.rules}}, plural(n, "file"), plural(c.rules, "rule"))
}

// oneConfig returns the name of one file in the tree, to which it is added if it is
// none of it.
func (a *app) oneConfig(t *configTree, name string) (string, error) {
	var data []byte
	var err error
	shown := filepath.ToSlash(name)
	if name == "-" {
		shown = scanner.StdinPath
		data, err = io.ReadAll(a.w.stdin)
	} else {
		data, err = readRegular(a.w.abs(name))
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", report.DisplayPath(name), unwrapPath(err))
	}
	if name != "-" && t.at == inWorkTree && t.repo != nil && filepath.Base(name) == configName {
		if abs, err := filepath.Abs(a.w.abs(name)); err == nil {
			if folder, ok := below(t.repo.Root(), filepath.Dir(abs)); ok {
				for _, f := range t.files {
					if f.folder == folder {
						return f.name, nil
					}
				}
			}
		}
	}
	t.files = []configFile{{name: shown, data: data}}
	return shown, nil
}

// checkOptions returns what the configuration is held against.
func (t *configTree) checkOptions(ctx context.Context) (o scanner.CheckOptions, err error) {
	if t.repo == nil || t.repo.Root() == "" || t.repo.Engine() == git.EngineEmbedded {
		return o, nil
	}
	o.Files, err = workTreeFiles(ctx, t.repo)
	return o, err
}

func configShowCommand(a *app) *cobra.Command {
	f := new(configFlags)
	format := newChoice("toml", "toml", "json")
	cmd := &cobra.Command{
		Use:   "show [flags] [PATH]",
		Short: "Show what holds for a file, and which file says so",
		Long: `Show what .cork.toml and those in folders say about a file or folder, that of
the current folder if none is given: nothing but what is not so by itself, each
with the file and line that say it. What is about a folder says so.`,
		Example: `  cork config show
  cork config show web/test/login.js
  cork config show --format json | jq '.allow[].file'`,
		Annotations:           map[string]string{exitAnnotation: exitShown},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError(cmd, "one path at a time, but there is %q as well", args[1])
			}
			return a.showConfig(cmd, f, args, format.value)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().Var(format, "format", "write TOML or one JSON object")
	f.add(cmd.Flags())
	return cmd
}

func (a *app) showConfig(cmd *cobra.Command, f *configFlags, args []string, format string) error {
	ctx := cmd.Context()
	dir, err := a.workDir()
	if err != nil {
		return err
	}
	at, missing := dir, ""
	if len(args) > 0 {
		at, missing = folderOf(dir, args[0])
	}
	t, err := a.openConfigTree(ctx, f, at)
	if err != nil {
		return err
	}
	defer t.close()
	folder := ""
	if t.repo != nil {
		folder, _ = below(t.repo.Root(), at)
		folder = path.Join(folder, missing)
	}
	cfgs, errs, found, err := t.parse(ctx, a, f)
	if err != nil {
		return err
	}
	var chain []*scanner.Config
	for i, cfg := range cfgs {
		if in := t.files[i].folder; in != "" && folder != in && !strings.HasPrefix(folder, in+"/") {
			continue
		}
		if errs[i] != nil {
			return scanner.WithHint(errs[i], "see all that is wrong with it: cork config check")
		}
		chain = append(chain, cfg)
	}
	var foreign []string
	for _, s := range found {
		foreign = append(foreign, t.at.name(s.Name))
	}
	if format == "json" {
		return writeConfigJSON(cmd.OutOrStdout(), folder, chain, foreign)
	}
	text := configTOML(folder, chain)
	for _, name := range foreign {
		text += "\n# besides, what another scanner left in " + report.DisplayPath(name) + ", see: cork import --dry-run\n"
	}
	_, err = io.WriteString(cmd.OutOrStdout(), text)
	return err
}

// folderOf returns the folder of a file, or a folder itself, given relative to dir; of
// what is not there the closest folder above that is, and the rest of the path, with
// slashes.
func folderOf(dir, name string) (at, missing string) {
	at = name
	if !filepath.IsAbs(at) {
		at = filepath.Join(dir, at)
	}
	for {
		info, err := os.Stat(at)
		switch up := filepath.Dir(at); {
		case err == nil && info.IsDir(), up == at:
			return at, missing
		case err == nil:
			return up, missing // of a file
		default:
			at, missing = up, path.Join(filepath.Base(at), missing)
		}
	}
}

// configTOML returns what the files of a chain say together, from the root down.
func configTOML(folder string, chain []*scanner.Config) string {
	var head, disabled, tables strings.Builder
	said := make(map[string]string) // the last one counts
	var order []string
	for _, cfg := range chain {
		for _, s := range cfg.Settings() {
			from := "# " + fmt.Sprintf("%s:%d", report.DisplayPath(cfg.Name), s.Line)
			if s.Key == "disable" {
				fmt.Fprintf(&disabled, "  %s, %s\n", s.Value, from)
				continue
			}
			if said[s.Key] == "" {
				order = append(order, s.Key)
			}
			said[s.Key] = fmt.Sprintf("%s = %s %s\n", s.Key, s.Value, from)
		}
		for i := range cfg.Patches() {
			p := &cfg.Patches()[i]
			fmt.Fprintf(&tables, "\n# %s%s\n%s", report.DisplayPath(p.Source()), aboutFolder(cfg), rules.FormatPatch(p))
		}
		for _, e := range cfg.Entries() {
			fmt.Fprintf(&tables, "\n# %s:%d%s\n[[allow]]\nreason = %s\n", report.DisplayPath(e.File), e.Line, aboutFolder(cfg), rules.FormatValue(e.Reason))
			for _, k := range e.Keys() {
				fmt.Fprintf(&tables, "%s = %s\n", k.Key, rules.FormatValue(k.Values))
			}
			if !e.Expires.IsZero() {
				fmt.Fprintf(&tables, "expires = %s\n", e.Expires.Format("2006-01-02"))
			}
		}
	}
	for _, key := range order {
		if key != "builtin" {
			head.WriteString(said[key])
		}
	}
	if disabled.Len() > 0 || said["builtin"] != "" {
		head.WriteString("\n[rules]\n" + said["builtin"])
	}
	if disabled.Len() > 0 {
		head.WriteString("disable = [\n" + disabled.String() + "]\n")
	}
	what := "the root of the repository"
	if folder != "" {
		what = report.DisplayPath(folder)
	}
	text := strings.TrimLeft(head.String()+tables.String(), "\n")
	if text == "" {
		return "# in " + what + " the built-in rules hold as they are\n"
	}
	return "# what holds in " + what + "\n" + text
}

// aboutFolder says which files a part of a folder's configuration is about.
func aboutFolder(cfg *scanner.Config) string {
	if cfg.Folder == "" {
		return ""
	}
	return ", for files below " + report.DisplayPath(cfg.Folder)
}

func writeConfigJSON(w io.Writer, folder string, chain []*scanner.Config, foreign []string) error {
	settings, disabled, changed, allow := object{}, []object{}, []object{}, []object{}
	for _, cfg := range chain {
		from := func(line int) object {
			return object{{"file", report.JSONPath(cfg.Name)}, {"line", line}, {"folder", report.JSONPath(cfg.Folder)}}
		}
		for _, s := range cfg.Settings() {
			if s.Key == "disable" {
				disabled = append(disabled, append(object{{"rule", strings.Trim(s.Value, `"`)}}, from(s.Line)...))
				continue
			}
			var value any = strings.Trim(s.Value, `"`)
			if s.Value == "true" || s.Value == "false" {
				value = s.Value == "true"
			}
			settings = slices.DeleteFunc(settings, func(m member) bool { return m.key == s.Key })
			settings = append(settings, member{s.Key, append(object{{"value", value}}, from(s.Line)...)})
		}
		for i := range cfg.Patches() {
			p := &cfg.Patches()[i]
			o := append(object{{"rule", *p.ID}}, from(lineOf(p.Source()))...)
			changed = append(changed, append(o, member{"toml", string(rules.FormatPatch(p))}))
		}
		for _, e := range cfg.Entries() {
			o := append(object{{"reason", e.Reason}}, from(e.Line)...)
			for _, k := range e.Keys() {
				o = append(o, member{k.Key, k.Values})
			}
			var expires any
			if !e.Expires.IsZero() {
				expires = e.Expires.Format("2006-01-02")
			}
			allow = append(allow, append(o, member{"expires", expires}))
		}
	}
	return writeJSON(w, object{{"folder", report.JSONPath(folder)}, {"settings", settings}, {"disabled", disabled}, {"rules", changed}}, "allow", allow, object{{"foreign", append([]string{}, foreign...)}})
}

func configPathCommand(a *app) *cobra.Command {
	f := new(configFlags)
	format := newChoice("text", "text", "json")
	cmd := &cobra.Command{
		Use:   "path [flags]",
		Short: "Say which files say how to scan",
		Long: `List the files of this repository that say how it is scanned, in the order in
which they count, and what each is about. Paths are relative to the root.`,
		Example: `  cork config path
  cork config path --format json | jq -r '.files[].path'`,
		Annotations:           map[string]string{exitAnnotation: exitShown},
		Args:                  noArgs,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := a.workDir()
			if err != nil {
				return err
			}
			t, err := a.openConfigTree(cmd.Context(), f, dir)
			if err != nil {
				return err
			}
			defer t.close()
			return a.writeConfigPath(cmd, f, t, format.value)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().Var(format, "format", "write a line for each file or one JSON object")
	f.add(cmd.Flags())
	return cmd
}

func (a *app) writeConfigPath(cmd *cobra.Command, f *configFlags, t *configTree, format string) error {
	type line struct{ name, kind, about string }
	var lines []line
	for _, file := range t.files {
		l := line{file.name, "configuration", "all files"}
		if file.folder != "" {
			l.about = "files below " + file.folder
		}
		if f.config != "" {
			l.about += ", given with --config"
		}
		lines = append(lines, l)
	}
	_, _, foreign, err := t.parse(cmd.Context(), a, f) // what is broken in .cork.toml is another command's to say
	if err != nil {
		return err
	}
	for _, s := range foreign {
		lines = append(lines, line{t.at.name(s.Name), "of another scanner", "all files"})
	}
	if t.repo != nil {
		name := scanner.BaselineName
		_, err := a.readRepoFile(cmd.Context(), t.repo, t.at, name)
		switch {
		case err == nil:
			lines = append(lines, line{t.at.name(name), "baseline", "all files"})
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("read the baseline %q: %w", t.at.name(name), unwrapPath(err))
		}
	}
	if format == "json" {
		list := make([]object, len(lines))
		for i, l := range lines {
			list[i] = object{{"path", report.JSONPath(l.name)}, {"kind", l.kind}, {"about", l.about}}
		}
		return writeJSON(cmd.OutOrStdout(), nil, "files", list, nil)
	}
	var b strings.Builder
	for _, l := range lines {
		if a.w.stdoutTerminal.is {
			fmt.Fprintf(&b, "%-32s  %-18s  %s\n", report.DisplayPath(l.name), l.kind, report.Printable(l.about))
		} else {
			fmt.Fprintf(&b, "%s\t%s\t%s\n", report.DisplayPath(l.name), l.kind, report.Printable(l.about))
		}
	}
	if len(lines) == 0 {
		a.say("no file says how to scan, so the built-in rules hold as they are")
	}
	_, err = io.WriteString(cmd.OutOrStdout(), b.String())
	return err
}
