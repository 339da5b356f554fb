package compat

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
)

// MaxSize is the size, in bytes, of the largest file that is read. Reports with
// tens of thousands of findings are smaller.
const MaxSize = 64 << 20

// maxEntries is how many rules, exceptions and positions one file may have.
const maxEntries = 200_000

// A Kind is what a file is.
type Kind string

// The kinds, by the scanner whose files they are.
const (
	Gitleaks       Kind = "gitleaks"             // .gitleaks.toml
	Betterleaks    Kind = "betterleaks"          // .betterleaks.toml
	GitleaksIgnore Kind = "gitleaks ignore file" // .gitleaksignore, .betterleaksignore
	GitleaksReport Kind = "gitleaks report"      // JSON
	DetectSecrets  Kind = "detect-secrets"       // .secrets.baseline
	GitAllowed     Kind = "git-secrets"          // .gitallowed
	GitConfig      Kind = "git-secrets settings" // what git config says
	Talisman       Kind = "talisman"             // .talismanrc
	Secretlint     Kind = "secretlint"           // .secretlintignore
	GitGuardian    Kind = "ggshield"             // .gitguardian.yaml
)

// Tool returns the name of the scanner whose files are of that kind.
func (k Kind) Tool() string {
	switch k {
	case GitleaksIgnore, GitleaksReport:
		return string(Gitleaks)
	case GitConfig:
		return string(GitAllowed)
	}
	return string(k)
}

// names are the files that are looked for at a repository's root, in the order in
// which they are read. Of those with the same first only the first there is counts.
var names = []struct {
	name string
	kind Kind
	of   string // what several names are for; "": the name is the only one
}{
	{".betterleaks.toml", Betterleaks, "gitleaks rules"},
	{".gitleaks.toml", Gitleaks, "gitleaks rules"},
	{".betterleaksignore", GitleaksIgnore, "gitleaks ignore"},
	{".gitleaksignore", GitleaksIgnore, "gitleaks ignore"},
	{".secrets.baseline", DetectSecrets, ""},
	{".gitallowed", GitAllowed, ""},
	{".talismanrc", Talisman, ""},
	{".secretlintignore", Secretlint, ""},
	{".gitguardian.yaml", GitGuardian, "ggshield"},
	{".gitguardian.yml", GitGuardian, "ggshield"},
}

// Names returns the files to look for at the root of a repository, in groups: of
// each group only the first file that is there counts, as the other scanners have
// it.
func Names() [][]string {
	var groups [][]string
	last := ""
	for _, n := range names {
		if n.of != "" && n.of == last {
			groups[len(groups)-1] = append(groups[len(groups)-1], n.name)
			continue
		}
		groups = append(groups, []string{n.name})
		last = n.of
	}
	return groups
}

// KindOf says what a file is, by its name, or else by how it begins; "" if it is
// none that is known.
func KindOf(name string, data []byte) Kind {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	for _, n := range names {
		if n.name == base {
			return n.kind
		}
	}
	head := strings.TrimLeft(strings.TrimPrefix(string(data[:min(len(data), 4096)]), "\ufeff"), " \t\r\n")
	switch {
	case strings.HasSuffix(base, ".toml"):
		if strings.Contains(base, "betterleaks") {
			return Betterleaks
		}
		return Gitleaks
	case strings.HasPrefix(head, "["), strings.HasSuffix(base, ".json") && !strings.HasPrefix(head, "{"):
		return GitleaksReport
	case strings.HasPrefix(head, "{") && strings.Contains(head, `"plugins_used"`),
		strings.HasPrefix(head, "{") && strings.HasSuffix(base, ".baseline"):
		return DetectSecrets
	case strings.HasSuffix(base, "gitleaksignore") || strings.HasSuffix(base, "betterleaksignore"):
		return GitleaksIgnore
	}
	return ""
}

// An Input is a file to be parsed.
type Input struct {
	Name string // for messages, and for what is found to come from it
	Data []byte
	Kind Kind // "": as KindOf says

	// Rules are Cork's own, which the file may speak of by their ids.
	Rules []rules.Rule

	// Taken are rules that hold, or have been switched off by name, whatever the
	// file says: one of the file that is not the same gets an id of its own. nil:
	// there are none.
	Taken []rules.Rule

	// Open returns the content of another file of the repository, for a file that
	// extends one. The name is slash-separated, relative to the root and does not
	// lead out of it. nil: there are no others.
	Open func(name string) ([]byte, error)
}

// Settings are what a file says, in Cork's words.
type Settings struct {
	Name string
	Kind Kind

	Rules   []rules.Rule // added to Cork's own; complete, not compiled
	Only    bool         // Rules hold alone: Cork's own do not
	Disable []string     // ids of Cork's own rules that do not hold

	Allow []scanner.AllowEntry
	Notes []Note

	// Seen is where the findings of before were, in commits that they are known of,
	// each once and in the order of the file.
	Seen []Place

	// Folders are the folders that an exception leaves out altogether, as it names
	// them.
	Folders []string

	known map[Place]bool // in Seen

	size     int // of all expressions
	tooLarge int // the 1-based line on which they became too large to be compiled; 0: they are not
}

// addExpression adds the size of one expression.
func (s *Settings) addExpression(expr string, line int) {
	s.add((&scanner.AllowEntry{Regexes: []string{expr}}).ExpressionSize(), line)
}

// add adds the size of expressions.
func (s *Settings) add(size, line int) {
	if s.size += size; s.size > scanner.MaxExpressions && s.tooLarge == 0 {
		s.tooLarge = max(1, line)
	}
}

// A Place is a file in a commit.
type Place struct{ Commit, Path string }

// seen adds a place, unless no commit is named.
func (s *Settings) seen(commit, path string) {
	if commit = strings.ToLower(commit); isCommit(commit) && !s.known[Place{commit, path}] {
		if s.known == nil {
			s.known = make(map[Place]bool)
		}
		s.known[Place{commit, path}] = true
		s.Seen = append(s.Seen, Place{commit, path})
	}
}

// A Note is about something in a file that Cork does not do as it is written there.
type Note struct {
	Line int // 1-based; 0: the file as a whole
	Text string

	// Warning says that the scan would be of no use, or does not find what the
	// other scanner did. Anything else makes Cork report more.
	Warning bool
}

// String returns the note with the line.
func (n Note) String() string {
	if n.Line > 0 {
		return fmt.Sprintf("line %d: %s", n.Line, n.Text)
	}
	return n.Text
}

// Warnings returns the notes that are warnings.
func (s *Settings) Warnings() []Note {
	return slices.DeleteFunc(slices.Clone(s.Notes), func(n Note) bool { return !n.Warning })
}

func (s *Settings) note(line int, format string, args ...any) {
	s.Notes = append(s.Notes, Note{Line: line, Text: fmt.Sprintf(format, args...)})
}

func (s *Settings) warn(line int, format string, args ...any) {
	s.Notes = append(s.Notes, Note{Line: line, Text: fmt.Sprintf(format, args...), Warning: true})
}

// errorf returns an error about a line of the file.
func (s *Settings) errorf(line int, format string, args ...any) error {
	return &rules.Error{File: s.Name, Line: max(1, line), Msg: fmt.Sprintf(format, args...)}
}

// allow adds an exception, unless it would hide everything.
func (s *Settings) allow(e scanner.AllowEntry, line int) { s.allowIn(s.Name, line, e) }

// allowIn adds an exception that stands in a file that the file extends.
func (s *Settings) allowIn(file string, line int, e scanner.AllowEntry) {
	e.File, e.Line, e.Foreign = file, line, true
	if strings.TrimSpace(e.Reason) == "" {
		e.Reason = fmt.Sprintf("an exception of %s", s.Kind.Tool())
	}
	if e.Path != "" {
		s.Allow = append(s.Allow, e) // of one file, in one place: that is never everything
		return
	}
	warn := func(format, what string) {
		if file == s.Name {
			s.warn(line, format, what)
		} else {
			s.warn(0, format, fmt.Sprintf("%s (%s:%d)", what, file, line))
		}
	}
	if s.add(e.ExpressionSize(), line); s.tooLarge > 0 {
		return
	}
	list, err := scanner.NewAllowlist([]scanner.AllowEntry{e}, time.Time{})
	if err != nil {
		why, _, _ := strings.Cut(err.Error(), "\n") // the others are like it
		warn("an exception is not applied: %s", strings.TrimPrefix(why, "allow entry 1: "))
		return
	}
	for _, what := range list.Alarms() {
		warn("%s", what)
	}
	s.Folders = append(s.Folders, folders(&e)...)
	s.Allow = append(s.Allow, e)
}

// Parse reads a file. Its errors are *[rules.Error]s with file and line, joined.
func Parse(in Input) (*Settings, error) {
	if in.Kind == "" {
		in.Kind = KindOf(in.Name, in.Data)
	}
	s := &Settings{Name: in.Name, Kind: in.Kind}
	if len(in.Data) > MaxSize {
		return nil, s.errorf(1, "it is larger than %d MiB", MaxSize>>20)
	}
	in.Data = bytes.TrimPrefix(in.Data, []byte("\ufeff"))
	if !utf8.Valid(in.Data) {
		return nil, s.errorf(badLine(in.Data), "it is not UTF-8 text")
	}
	var err error
	switch in.Kind {
	case Gitleaks, Betterleaks:
		err = s.gitleaks(&in)
	case GitleaksIgnore:
		err = s.gitleaksIgnore(in.Data)
	case GitleaksReport:
		err = s.gitleaksReport(in.Data)
	case DetectSecrets:
		err = s.detectSecrets(in.Data)
	case GitAllowed:
		err = s.gitAllowed(in.Data)
	case Talisman:
		err = s.talisman(in.Data)
	case Secretlint:
		err = s.secretlintIgnore(in.Data)
	case GitGuardian:
		err = s.gitGuardian(in.Data)
	default:
		err = s.errorf(1, "it is no file of another scanner that Cork reads")
	}
	if err == nil && len(s.Rules)+len(s.Allow) > maxEntries {
		err = s.errorf(1, "it has more than %d entries", maxEntries)
	}
	if err == nil && s.tooLarge > 0 {
		err = s.errorf(s.tooLarge, "its expressions are too large to be looked for")
	}
	if err == nil {
		err = s.checkRules()
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(s.Notes, func(a, b Note) int { return cmp.Compare(a.Line, b.Line) })
	slices.Sort(s.Folders)
	s.Folders = slices.Compact(s.Folders)
	return s, nil
}

// checkRules compiles the rules: one that does not compile is an error in the file.
func (s *Settings) checkRules() error {
	if len(s.Rules) == 0 {
		return nil
	}
	_, err := rules.Compile(s.Rules)
	return err
}

// badLine returns the 1-based line of the first byte that is not UTF-8.
func badLine(data []byte) int {
	line := 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		data = data[n:]
	}
	return line
}

// joinErrors is errors.Join for errors that may be nil, in a list.
func joinErrors(errs []error) error { return errors.Join(errs...) }

// source is how a rule says where it was read.
func (s *Settings) source(line int) string { return fmt.Sprintf("%s:%d", s.Name, line) }

// ruleID makes an id of Cork's kind of another scanner's. It is not empty.
func ruleID(id string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(id) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else if b.Len() > 0 && !strings.HasSuffix(b.String(), "-") {
			b.WriteByte('-')
		}
	}
	return cmp.Or(strings.Trim(b.String(), "-"), "rule")
}

// plainRule makes a rule of an expression alone.
func (s *Settings) plainRule(id, description, expr string, group, line int) (rules.Rule, error) {
	r := rules.Rule{
		ID: id, Description: description, Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh,
		Regex: expr, Group: group, Keywords: literals(expr), Span: span(expr), Source: s.source(line),
	}
	if r.Keywords == nil {
		r.Scan = "always"
	}
	if err := checkRegex(expr); err != nil {
		return r, s.errorf(line, "%v", err)
	}
	s.addExpression(expr, line)
	return r, nil
}
