package report

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cork-scanner/cork/scanner"
)

// What is shown to people of lists and texts that can be of any length. JSON
// has the lists as far as the story has them, and the texts whole.
const (
	shownRefs    = 5
	shownPlaces  = 5
	shownSubject = 72 // characters; what git's own documentation asks of a first line
	shownName    = 50 // of authors and refs
)

// An Entry is a label and what there is to say under it.
type Entry struct{ Label, Text string }

// Story returns what became of the secret of a finding that comes with its
// story, in a few lines that can be printed.
func Story(f *scanner.Finding) []Entry {
	s := f.Story
	entries := []Entry{{"status", status(s)}}
	if s.Introduced == nil {
		entries = append(entries, Entry{"introduced", "by no commit that is here; it is in " + count(s.Blobs, "version")})
	} else {
		entries = append(entries, Entry{"introduced", commitLine(s.Introduced)})
		if s.Removed != nil {
			entries = append(entries, Entry{"removed", commitLine(s.Removed)})
		}
		in := ", in " + count(s.Commits, "commit")
		if s.Blobs > 0 { // none has the path of a submodule
			in += " and " + count(s.Blobs, "version")
		}
		entries = append(entries, Entry{"exposed", days(s.Days) + in})
	}
	if also := otherPlaces(f); also != "" {
		entries = append(entries, Entry{"also in", also})
	}
	if !s.AtHead && f.Location.Blob != "" {
		entries = append(entries, Entry{"see", "git show " + Printable(short(f.Location.Blob))})
	}
	return entries
}

// status says where a secret still is.
func status(s *scanner.Story) string {
	refs := ""
	if s.RefsTotal > 0 {
		names := make([]string, 0, shownRefs+1)
		for _, name := range s.Refs[:min(len(s.Refs), shownRefs)] {
			names = append(names, shorten(refName(name), shownName))
		}
		if more := s.RefsTotal - len(names); more > 0 && len(names) > 0 {
			names = append(names, "and "+thousands(int64(more))+" more")
		}
		refs = "on " + count(s.RefsTotal, "ref")
		if len(names) > 0 {
			refs += ": " + strings.Join(names, ", ")
		}
	}
	switch {
	case s.AtHead && refs != "":
		return "still at HEAD, and " + refs
	case s.AtHead:
		return "still at HEAD"
	case refs != "":
		return "not at HEAD, but still " + refs
	case s.Reachable:
		return "at no tip any more, but in the history"
	}
	return "no ref leads to it: it is only in reflogs, stashes or dangling objects"
}

// refName returns the name of a ref as people type it.
func refName(full string) string {
	if name, ok := strings.CutPrefix(full, "refs/heads/"); ok {
		return name
	}
	if name, ok := strings.CutPrefix(full, "refs/tags/"); ok {
		return "tag " + name
	}
	return strings.TrimPrefix(full, "refs/remotes/")
}

// commitLine says which commit, when, who and why, on one line.
func commitLine(c *scanner.Commit) string {
	return strings.Join(nonEmpty("commit "+Printable(short(c.ID)), day(c), shorten(c.Author, shownName), shorten(c.Subject, shownSubject)), ", ")
}

// otherPlaces lists where a secret was besides the place that the finding shows.
func otherPlaces(f *scanner.Finding) string {
	var list []string
	left := f.Story.PlacesTotal
	here := false
	for i := range f.Story.Places {
		p := &f.Story.Places[i]
		if !here && samePlace(p, f) {
			here = true
			left--
			continue
		}
		if len(list) == shownPlaces {
			break
		}
		left--
		place := DisplayPath(p.Path)
		if !f.AboutPath() {
			place += ":" + strconv.Itoa(p.Line)
		}
		switch {
		case p.AtHead:
			place += " (at HEAD)"
		case p.Commit != nil:
			place += " (" + Printable(short(p.Commit.ID)) + ")"
		}
		list = append(list, place)
	}
	switch {
	case len(list) == 0:
		return ""
	case left > 0:
		list = append(list, "and "+count(left, "more place"))
	}
	return strings.Join(list, ", ")
}

// samePlace reports whether a place of a story is the one that the finding shows.
func samePlace(p *scanner.Place, f *scanner.Finding) bool {
	return p.Path == f.Location.Path && p.Blob == f.Location.Blob && p.Start == f.Location.Start
}

func days(n int) string {
	if n == 0 {
		return "less than a day"
	}
	return count(n, "day")
}

// shorten returns text of at most width characters, made printable.
func shorten(text string, width int) string {
	const dots = "..."
	text = Printable(text)
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-len(dots)]) + dots
}

// jsonStory are the keys that a finding has if it comes with its story.
type jsonStory struct {
	Introduced     *jsonCommit    `json:"introduced"`
	Removed        *jsonCommit    `json:"removed"`
	AtHead         bool           `json:"at_head"`
	Refs           []string       `json:"refs"`
	RefsTotal      int            `json:"refs_total"`
	Reachable      bool           `json:"reachable"`
	Locations      []jsonLocation `json:"locations"`
	LocationsTotal int            `json:"locations_total"`
	Commits        int            `json:"commits"`
	Blobs          int            `json:"blobs"`
	DaysExposed    int            `json:"days_exposed"`
}

type jsonCommit struct {
	Commit  string     `json:"commit"`
	Author  string     `json:"author"`
	Email   string     `json:"email"`
	Date    *time.Time `json:"date"`
	Subject string     `json:"subject"`
}

type jsonLocation struct {
	Path      string  `json:"path"`
	Line      int     `json:"line"`
	Column    int     `json:"column"`
	EndLine   int     `json:"end_line"`
	EndColumn int     `json:"end_column"`
	Blob      *string `json:"blob"`
	Commit    *string `json:"commit"`
	AtHead    bool    `json:"at_head"`
}

func newJSONStory(s *scanner.Story) *jsonStory {
	if s == nil {
		return nil
	}
	out := &jsonStory{
		Introduced: newJSONCommit(s.Introduced), Removed: newJSONCommit(s.Removed),
		AtHead: s.AtHead, Reachable: s.Reachable,
		Refs: make([]string, 0, len(s.Refs)), RefsTotal: s.RefsTotal,
		Locations: make([]jsonLocation, 0, len(s.Places)), LocationsTotal: s.PlacesTotal,
		Commits: s.Commits, Blobs: s.Blobs, DaysExposed: s.Days,
	}
	for _, name := range s.Refs {
		out.Refs = append(out.Refs, JSONPath(name))
	}
	for i := range s.Places {
		p := &s.Places[i]
		l := jsonLocation{
			Path: JSONPath(p.Path),
			Line: p.Line, Column: p.Column, EndLine: p.EndLine, EndColumn: p.EndColumn,
			AtHead: p.AtHead,
		}
		if p.Blob != "" {
			l.Blob = &p.Blob
		}
		if p.Commit != nil {
			l.Commit = &p.Commit.ID
		}
		out.Locations = append(out.Locations, l)
	}
	return out
}

func newJSONCommit(c *scanner.Commit) *jsonCommit {
	if c == nil {
		return nil
	}
	return &jsonCommit{c.ID, validUTF8(c.Author), validUTF8(c.Email), jsonDate(c.Date), validUTF8(c.Subject)}
}

// jsonDate returns the date as RFC 3339 can say it; nil for one that it cannot
// (a year past 9999), which must not break the report, and for none.
func jsonDate(d time.Time) *time.Time {
	if y := d.Year(); d.IsZero() || y < 0 || y > 9999 {
		return nil
	}
	return &d
}

// A Tally counts findings by where their secrets still are.
type Tally struct {
	AtHead  int
	History int // not at HEAD, but a ref leads to it
	NoRef   int // in what no ref leads to
}

// Add counts a finding that comes with its story.
func (t *Tally) Add(f *scanner.Finding) {
	switch s := f.Story; {
	case s == nil:
	case s.AtHead:
		t.AtHead++
	case s.Reachable:
		t.History++
	default:
		t.NoRef++
	}
}

// String says how many there are of each kind, as in "2 at HEAD, 1 in no ref";
// "" if there are none.
func (t *Tally) String() string {
	var parts []string
	for _, kind := range []struct {
		n     int
		where string
	}{{t.AtHead, "at HEAD"}, {t.History, "in the history"}, {t.NoRef, "in no ref"}} {
		if kind.n > 0 {
			parts = append(parts, thousands(int64(kind.n))+" "+kind.where)
		}
	}
	return strings.Join(parts, ", ")
}
