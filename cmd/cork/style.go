package main

import (
	"github.com/fatih/color"

	"github.com/cork-scanner/cork/scanner/report"
)

// The values of --color.
const (
	colorAuto   = "auto"
	colorAlways = "always"
	colorNever  = "never"
)

// painter returns what colours text for one of the output streams, or nil if
// it is not to be coloured. --color wins over NO_COLOR (https://no-color.org)
// and TERM=dumb, which win over what the stream is.
func (w *world) painter(mode string, t terminal) report.Paint {
	switch {
	case mode == colorAlways:
	case mode == colorNever, w.getenv("NO_COLOR") != "", w.getenv("TERM") == "dumb", !t.is:
		return nil
	}
	styles := map[report.Role]*color.Color{
		report.Path:   color.New(color.Bold),
		report.Rule:   color.New(color.FgYellow),
		report.Hidden: color.New(color.FgRed, color.Bold),
		report.Label:  color.New(color.FgCyan),
		report.Faint:  color.New(color.Faint),
		report.Good:   color.New(color.FgGreen),
		report.Bad:    color.New(color.FgRed, color.Bold),
	}
	for _, s := range styles {
		s.EnableColor() // the package's own idea of the terminal is of stdout alone
	}
	return func(role report.Role, text string) string {
		if s := styles[role]; s != nil && text != "" {
			return s.Sprint(text)
		}
		return text
	}
}
