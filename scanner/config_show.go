package scanner

import (
	"strconv"

	"github.com/cork-scanner/cork/rules"
)

// A Setting is something that a configuration says, and where.
type Setting struct {
	Key   string // "min_confidence", "archives", "foreign", "builtin", "disable"
	Value string // as it is written in TOML
	Line  int    // 1-based
}

// Settings returns what the file of the configuration says, without those above
// it, but for rules and allow entries: the keys, and an id for each rule that it
// disables.
func (c *Config) Settings() (settings []Setting) {
	if c.file == nil {
		return nil
	}
	line := c.check().line
	if c.file.MinConfidence != 0 {
		settings = append(settings, Setting{"min_confidence", rules.FormatValue(c.file.MinConfidence.String()), line("min_confidence")})
	}
	if v := c.file.Archives; v != nil {
		settings = append(settings, Setting{"archives", strconv.FormatBool(*v), line("archives")})
	}
	if v := c.file.Foreign; v != nil {
		settings = append(settings, Setting{"foreign", strconv.FormatBool(*v), line("foreign")})
	}
	if v := c.file.Rules.Builtin; v != nil {
		settings = append(settings, Setting{"builtin", strconv.FormatBool(*v), line("rules", "builtin")})
	}
	for i, id := range c.file.Rules.Disable {
		settings = append(settings, Setting{"disable", rules.FormatValue(id), line("rules", "disable", i)})
	}
	return settings
}

// Disabled returns the ids of the rules that the file disables.
func (c *Config) Disabled() []string {
	if c.file == nil {
		return nil
	}
	return c.file.Rules.Disable
}

// Patches returns the [[rule]] tables of the file.
func (c *Config) Patches() []rules.Patch {
	if c.file == nil {
		return nil
	}
	return c.file.Rule
}

// Entries returns the [[allow]] tables of the file, without those that have
// expired.
func (c *Config) Entries() (entries []AllowEntry) {
	if c.own == nil {
		return nil
	}
	for i := range c.own.entries {
		entries = append(entries, c.own.entries[i].AllowEntry)
	}
	return entries
}

// Keys returns the conditions of an entry by the keys that they have in a
// .cork.toml, without those that are not given.
func (e *AllowEntry) Keys() (keys []Condition) {
	for _, c := range []Condition{
		{"paths", e.Paths}, {"except_paths", e.ExceptPaths}, {"path_regexes", e.PathRegexes}, {"regexes", e.Regexes},
		{"match_regexes", e.MatchRegexes}, {"line_regexes", e.LineRegexes}, {"cover_regexes", e.CoverRegexes}, {"grep_regexes", e.GrepRegexes},
		{"stop_words", e.StopWords}, {"rules", e.Rules}, {"fingerprints", e.Fingerprints}, {"commits", e.Commits},
	} {
		if len(c.Values) > 0 {
			keys = append(keys, c)
		}
	}
	return keys
}

// A Condition is one kind of conditions of an allow entry.
type Condition struct {
	Key    string
	Values []string
}
