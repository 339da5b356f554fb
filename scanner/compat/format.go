package compat

import (
	"strings"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
)

// FormatAllow returns an entry as an [[allow]] table of a .cork.toml. ok is false for
// one that says what such a table cannot: a line, a hash, a checksum.
func FormatAllow(e *scanner.AllowEntry) (text string, ok bool) {
	if len(e.Hashes)+len(e.Lines) > 0 || e.Checksum != "" || e.Path != "" {
		return "", false
	}
	var b strings.Builder
	b.WriteString("[[allow]]\n" + rules.FormatKey("reason", e.Reason))
	for _, k := range []struct {
		key    string
		values []string
	}{
		{"paths", e.Paths},
		{"except_paths", e.ExceptPaths},
		{"path_regexes", e.PathRegexes},
		{"regexes", e.Regexes},
		{"match_regexes", e.MatchRegexes},
		{"line_regexes", e.LineRegexes},
		{"cover_regexes", e.CoverRegexes},
		{"grep_regexes", e.GrepRegexes},
		{"stop_words", e.StopWords},
		{"rules", e.Rules},
		{"fingerprints", e.Fingerprints},
		{"commits", e.Commits},
	} {
		if len(k.values) > 0 {
			b.WriteString(rules.FormatKey(k.key, k.values))
		}
	}
	if !e.Expires.IsZero() {
		b.WriteString("expires = " + e.Expires.Format("2006-01-02") + "\n")
	}
	return b.String(), true
}

// Toml returns what of the settings can be said in a .cork.toml, as one: all but the
// findings of before, which are a baseline's.
func Toml(s *Settings) string {
	var b strings.Builder
	if s.Only || len(s.Disable) > 0 {
		b.WriteString("[rules]\n")
		if s.Only {
			b.WriteString("builtin = false\n")
		}
		if len(s.Disable) > 0 {
			b.WriteString(rules.FormatKey("disable", s.Disable))
		}
	}
	for _, r := range s.Rules {
		b.WriteString("\n")
		b.Write(rules.Format(r))
	}
	for i := range s.Allow {
		if text, ok := FormatAllow(&s.Allow[i]); ok {
			b.WriteString("\n" + text)
		}
	}
	return b.String()
}
