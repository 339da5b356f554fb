package scanner

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
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
}

// configFile is the file as it is written.
type configFile struct {
	MinConfidence rules.Confidence `toml:"min_confidence"`
	Archives      *bool            `toml:"archives"` // nil: true
	Rules         struct {
		Disable []string `toml:"disable"`
		Builtin *bool    `toml:"builtin"` // nil: true
	} `toml:"rules"`
	Rule  []rules.Patch `toml:"rule"`
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
// It is strict: what it does not know, ids that no rule has, and a
// configuration that leaves no rule are errors. All errors are returned,
// joined, each a *[rules.Error]. The name is that of the file, for messages;
// now says which entries are expired. Expressions of rules are checked by
// [rules.Compile].
func ParseConfig(name string, data []byte, builtin []rules.Rule, now time.Time) (*Config, error) {
	var file configFile
	var errs []error
	var merged []rules.Rule
	decodeErr := rules.Decode(name, data, &file)
	if off := file.Rules.Builtin; off != nil && !*off {
		builtin = nil
	}
	if decodeErr != nil {
		errs = append(errs, inFile(decodeErr, name, data)...)
	} else {
		var err error
		merged, err = rules.Merge(builtin, file.Rule, file.Rules.Disable)
		errs = append(errs, inFile(err, name, data)...)
		if err == nil && len(merged) == 0 {
			e := &rules.Error{File: name, Line: lineOf(data, "disable"), Msg: "every rule is disabled, so nothing would ever be found"}
			if builtin == nil && len(file.Rule) == 0 {
				e.Line, e.Msg = lineOf(data, "builtin"), "builtin = false, and there is no [[rule]], so nothing would ever be found"
			}
			errs = append(errs, e)
		}
	}

	ids := make(map[string]bool)
	for i := range builtin {
		ids[builtin[i].ID] = true
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
	for i, a := range file.Allow {
		e := AllowEntry{
			Reason: a.Reason, Paths: a.Paths, Regexes: a.Regexes, StopWords: a.StopWords,
			Rules: a.Rules, Fingerprints: a.Fingerprints, Expires: a.Expires, File: name,
			ExceptPaths: a.ExceptPaths, PathRegexes: a.PathRegexes, MatchRegexes: a.MatchRegexes,
			LineRegexes: a.LineRegexes, CoverRegexes: a.CoverRegexes, GrepRegexes: a.GrepRegexes, Commits: a.Commits,
		}
		if len(lines) == len(file.Allow) {
			e.Line = lines[i]
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
	return &Config{
		Rules: merged, Allow: allow, MinConfidence: file.MinConfidence, Expired: allow.Expired(),
		NoArchives: file.Archives != nil && !*file.Archives,
	}, nil
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
