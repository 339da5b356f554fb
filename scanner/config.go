package scanner

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cork-scanner/cork/rules"
)

// A Config is what a repository's .cork.toml says.
type Config struct {
	Rules         []rules.Rule // built in, changed and added; without those disabled
	Allow         *Allowlist
	MinConfidence rules.Confidence // 0 if the file does not say
	NoArchives    bool             // as in Options
	Expired       []AllowEntry     // not applied, because their time is over

	// Folder is the folder that the file stands in, slash-separated and relative
	// to the repository's root; "": the root. Below it the rest holds, which is
	// what holds above it and what the file adds to that; Expired is of the file
	// alone.
	Folder string
	Name   string // of the file, for messages

	SaysRules bool     // the file says something about rules
	NoForeign bool     // files of other scanners are not read
	Imported  []string // files of other scanners that are in this one by now
	Notes     []string // to be said about it, a line each

	own  *Allowlist
	off  int // built-in rules that do not hold since builtin = false
	file *configFile
	data []byte
}

// Own returns what the file itself allows, without what is allowed above it.
func (c *Config) Own() *Allowlist { return c.own }

// configFile is the file as it is written.
type configFile struct {
	MinConfidence rules.Confidence `toml:"min_confidence"`
	Archives      *bool            `toml:"archives"` // nil: true
	Rules         struct {
		Disable []string `toml:"disable"`
		Builtin *bool    `toml:"builtin"` // nil: true
	} `toml:"rules"`
	Rule     []rules.Patch `toml:"rule"`
	Foreign  *bool         `toml:"foreign"` // nil: true
	Imported []struct {
		File string `toml:"file"`
	} `toml:"imported"`
	Allow []struct {
		Reason       string    `toml:"reason"`
		Paths        []string  `toml:"paths"`
		Regexes      []string  `toml:"regexes"`
		StopWords    []string  `toml:"stop_words"`
		Rules        []string  `toml:"rules"`
		Fingerprints []string  `toml:"fingerprints"`
		ExceptPaths  []string  `toml:"except_paths"`
		PathRegexes  []string  `toml:"path_regexes"`
		MatchRegexes []string  `toml:"match_regexes"`
		LineRegexes  []string  `toml:"line_regexes"`
		CoverRegexes []string  `toml:"cover_regexes"`
		GrepRegexes  []string  `toml:"grep_regexes"`
		Commits      []string  `toml:"commits"`
		Expires      time.Time `toml:"expires"`
	} `toml:"allow"`
}

// ParseConfig reads a configuration:
//
//	min_confidence = "medium"
//	archives = false           # do not open archives
//	foreign = false            # do not read what other scanners left
//
//	[rules]
//	disable = ["jwt"]
//	builtin = true             # false: the rules of this file hold alone
//
//	[[rule]]                   # adds a rule, or changes the one of that id
//	id = "github-pat"
//	severity = "high"
//
//	[[allow]]                  # see AllowEntry
//	reason = "documented examples"
//	paths = ["docs/**"]
//	expires = 2030-12-31
//
//	[[imported]]               # what another scanner left, and is in this file now
//	file = ".gitleaks.toml"
//
// It is strict: what it does not know, ids that no rule has, and a
// configuration that leaves no rule are errors. All errors are returned,
// joined, each a *[rules.Error]. The name is that of the file, for messages;
// now says which entries are expired. Expressions of rules are checked by
// [rules.Compile].
func ParseConfig(name string, data []byte, builtin []rules.Rule, now time.Time) (*Config, error) {
	return parseConfig(name, data, &Config{Rules: builtin}, now)
}

// tooLargeRules returns the 1-based line of the rule whose expressions make those of
// all rules of a file larger than MaxExpressions; 0 if there is none.
func tooLargeRules(patches []rules.Patch, data []byte) (line int) {
	size := 0
	for i := range patches {
		p := &patches[i]
		var e AllowEntry
		for _, expr := range []*string{p.Regex, p.PathRegex} {
			if expr != nil {
				e.Regexes = append(e.Regexes, *expr)
			}
		}
		if p.Allow != nil {
			e.LineRegexes = p.Allow.Regexes
		}
		if size += e.ExpressionSize(); size > MaxExpressions {
			if lines, err := rules.NewLines(data); err == nil {
				line = lines.Of("rule", i)
			}
			return max(1, line)
		}
	}
	return 0
}

// ParseNested reads the configuration of a folder below the root, which adds to
// that above it, for the files below the folder alone:
//
//	min_confidence = "low"     # instead of what holds above
//
//	[rules]
//	disable = ["jwt"]
//
//	[[rule]]                   # paths are relative to the folder
//	[[allow]]                  # as well
//
// What is about the whole scan can be said at the root only, and is an error here.
func ParseNested(name, folder string, data []byte, above *Config, now time.Time) (*Config, error) {
	in := *above
	in.Folder = folder
	return parseConfig(name, data, &in, now)
}

// parseConfig reads the configuration of the folder of above, which says what
// holds there already.
func parseConfig(name string, data []byte, above *Config, now time.Time) (*Config, error) {
	var file configFile
	var errs []error
	var merged []rules.Rule
	decodeErr := rules.Decode(name, data, &file)
	off := 0
	if builtin := file.Rules.Builtin; builtin != nil && !*builtin {
		in := *above
		off = len(above.Rules)
		in.Rules = nil
		above = &in
	}
	if decodeErr != nil {
		errs = append(errs, advised(inFile(decodeErr, name, data))...)
	} else {
		if above.Folder != "" {
			errs = append(errs, inFolder(name, data, above.Folder, &file)...)
		}
		if line := tooLargeRules(file.Rule, data); line > 0 {
			// Nothing is compiled then.
			return nil, &rules.Error{File: name, Line: line, Msg: "the expressions of the rules up to here are too large to be looked for"}
		}
		var err error
		merged, err = rules.Merge(above.Rules, file.Rule, file.Rules.Disable)
		errs = append(errs, inFile(err, name, data)...)
		if err == nil && len(merged) == 0 {
			e := &rules.Error{File: name, Line: lineOf(data, "disable"), Msg: "every rule is disabled, so nothing would ever be found"}
			if len(above.Rules) == 0 && len(file.Rule) == 0 {
				e.Line, e.Msg = lineOf(data, "builtin"), "builtin = false, and there is no [[rule]], so nothing would ever be found"
			}
			errs = append(errs, e)
		}
	}

	ids := make(map[string]bool)
	for i := range above.Rules {
		ids[above.Rules[i].ID] = true
	}
	for _, p := range file.Rule {
		if p.ID != nil {
			ids[*p.ID] = true
		}
	}
	if decodeErr != nil {
		for _, id := range file.Rules.Disable {
			if !ids[id] {
				errs = append(errs, &rules.Error{File: name, Line: lineOf(data, id), ID: id, Msg: "cannot be disabled: there is no such rule" + rules.DidYouMean(id, maps.Keys(ids))})
			}
		}
	}
	lines := allowLines(data)
	var entries []AllowEntry
	size := 0
	for i, a := range file.Allow {
		e := AllowEntry{
			Reason: a.Reason, Folder: above.Folder, Paths: a.Paths, Regexes: a.Regexes, StopWords: a.StopWords,
			Rules: a.Rules, Fingerprints: a.Fingerprints, Expires: a.Expires, File: name,
			ExceptPaths: a.ExceptPaths, PathRegexes: a.PathRegexes, MatchRegexes: a.MatchRegexes,
			LineRegexes: a.LineRegexes, CoverRegexes: a.CoverRegexes, GrepRegexes: a.GrepRegexes, Commits: a.Commits,
		}
		if len(lines) == len(file.Allow) {
			e.Line = lines[i]
		}
		if size += e.ExpressionSize(); size > MaxExpressions {
			errs = append(errs, &rules.Error{File: name, Line: max(1, e.Line), Msg: fmt.Sprintf("[[allow]] %d: the expressions up to here are too large to be looked for", i+1)})
			break
		}
		_, problems := compileAllow(&e)
		if decodeErr != nil {
			problems = nil // of an entry that was half read, most would be untrue
		}
		for _, id := range e.Rules {
			if id != "" && !ids[id] {
				problems = append(problems, fmt.Sprintf("rules: there is no rule %q%s", id, rules.DidYouMean(id, maps.Keys(ids))))
			}
		}
		for _, p := range problems {
			errs = append(errs, &rules.Error{File: name, Line: max(1, e.Line), Msg: fmt.Sprintf("[[allow]] %d: %s", i+1, p)})
		}
		entries = append(entries, e)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	allow, err := NewAllowlist(entries, now)
	if err != nil {
		return nil, err // was checked above
	}
	var imported []string
	for _, i := range file.Imported {
		imported = append(imported, i.File)
	}
	return &Config{
		Rules: merged, Allow: above.Allow.With(allow), own: allow, MinConfidence: cmp.Or(file.MinConfidence, above.MinConfidence), Expired: allow.Expired(),
		NoArchives: above.NoArchives || file.Archives != nil && !*file.Archives,
		Folder:     above.Folder, Name: name, off: off, file: &file, data: data,
		SaysRules: len(file.Rule)+len(file.Rules.Disable) > 0 || file.Rules.Builtin != nil,
		NoForeign: file.Foreign != nil && !*file.Foreign, Imported: imported,
	}, nil
}

// inFolder makes what the file of a folder says about paths say it from the root,
// as rules take it, and returns errors about what such a file cannot say.
func inFolder(name string, data []byte, folder string, file *configFile) (errs []error) {
	for key, given := range map[string]bool{
		"archives": file.Archives != nil, "builtin": file.Rules.Builtin != nil, "foreign": file.Foreign != nil, "imported": len(file.Imported) > 0,
	} {
		if given {
			errs = append(errs, &rules.Error{File: name, Line: lineOf(data, key), Msg: fmt.Sprintf("%q is about the whole scan: it can be said at the root of the repository only", key)})
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	if file.Foreign != nil || len(file.Imported) > 0 {
		errs = append(errs, &rules.Error{File: name, Line: min(lineOf(data, "foreign"), lineOf(data, "imported")), Msg: "files of other scanners are read at the root of the repository only, so \"foreign\" and [[imported]] can be said there only"})
	}
	for i := range file.Rule {
		p := &file.Rule[i]
		if p.PathRegex != nil {
			errs = append(errs, p.Errorf("path_regex", "\"path_regex\" is about paths from the root of the repository: in a folder give \"paths\", which are relative to it"))
		}
		p.Paths = fromRoot(folder, p.Paths)
		if p.MatchPath != nil {
			at := path.Join(folder, *p.MatchPath)
			p.MatchPath = &at
		}
		if p.Allow != nil {
			allow := *p.Allow
			allow.Paths = fromRoot(folder, allow.Paths)
			p.Allow = &allow
		}
	}
	return errs
}

// fromRoot returns globs over paths relative to a folder as globs over paths from
// the root. Those without a slash are about names, and the same in every folder.
func fromRoot(folder string, globs []string) []string {
	if globs == nil {
		return nil
	}
	all := make([]string, len(globs))
	for i, glob := range globs {
		all[i] = glob
		if strings.Contains(glob, "/") {
			all[i] = globEscape.Replace(folder) + "/" + strings.TrimPrefix(glob, "/")
		}
	}
	return all
}

// globEscape makes a glob of a name that matches the name alone.
var globEscape = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`, "{", `\{`, "}", `\}`)

// foreignKeys says what to write instead of keys that other scanners have.
var foreignKeys = map[string]string{
	"title":       "it says nothing: leave it out",
	"description": "it says nothing: make it a comment",
	"minVersion":  "leave it out",
	"extend":      "the built-in rules hold anyhow, changed by [[rule]] tables: leave it out",
	"useDefault":  "the built-in rules hold anyhow: leave it out",
	"allowlist":   "write [[allow]] tables, each with a reason (cork import does it)",
	"allowlists":  "write [[allow]] tables, each with a reason; in a rule: [rule.allow]",
	"exclude":     "write an [[allow]] table with a reason and paths",
	"commits":     "write it into an [[allow]] table",
	"targetRules": "the key is \"rules\"",
	"stopwords":   "the key is \"stop_words\"",
	"regexTarget": "regexes are about the secret, match_regexes about the match, line_regexes about the line",
	"secretGroup": "the key is \"group\"",
	"path":        "the keys are \"paths\" for globs and \"path_regex\"",
	"tags":        "leave it out",
	"required":    "write [[rule.part]] tables",
	"skipReport":  "the key is \"part_only\"",
}

// advised adds to errors about unknown keys what to write, where it is another
// scanner's key.
func advised(errs []error) []error {
	for _, err := range errs {
		re, ok := err.(*rules.Error)
		if !ok {
			continue
		}
		if rest, ok := strings.CutPrefix(re.Msg, "unknown key "); ok {
			if key, err := strconv.QuotedPrefix(rest); err == nil {
				if name, err := strconv.Unquote(key); err == nil && foreignKeys[name] != "" {
					re.Msg = "unknown key " + key + ", which another scanner has: " + foreignKeys[name]
				}
			}
		}
		if re.Msg == "expected a table, found an array" {
			re.Msg += "; if these are rules, write [[rule]] for each"
		}
	}
	return errs
}

// inFile takes a joined error apart and names the file where it is not named:
// the ids that are disabled do not know where they stand.
func inFile(err error, name string, data []byte) []error {
	if err == nil {
		return nil
	}
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = slices.Clone(joined.Unwrap())
	}
	for i := range list {
		if re, ok := list[i].(*rules.Error); ok && re.File == "" {
			c := *re
			c.File, c.Line = name, lineOf(data, re.ID)
			list[i] = &c
		}
	}
	return list
}

// lineOf returns the 1-based line where a word stands first, quoted or not, or
// 1 if it does not.
func lineOf(data []byte, word string) int {
	at := regexp.MustCompile(`(?m)^[^#\n]*?\b` + regexp.QuoteMeta(word) + `\b`).FindIndex(data)
	if at == nil {
		return 1
	}
	return 1 + strings.Count(string(data[:at[1]]), "\n")
}

var allowHeader = regexp.MustCompile(`(?m)^[ \t]*\[\[[ \t]*"?allow"?[ \t]*\]\]`)

// allowLines returns the 1-based lines of the [[allow]] tables. It does not
// understand strings of several lines; callers compare the number.
func allowLines(data []byte) (lines []int) {
	for _, at := range allowHeader.FindAllIndex(data, -1) {
		lines = append(lines, 1+strings.Count(string(data[:at[0]]), "\n"))
	}
	return lines
}
