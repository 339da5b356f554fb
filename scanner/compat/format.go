package compat

import (
	"strings"

	"github.com/cork-scanner/cork/rules"
)

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
		if text, ok := s.Allow[i].TOML(); ok {
			b.WriteString("\n" + text)
		}
	}
	return b.String()
}
