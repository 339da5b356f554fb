package compat

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
)

// A leaksConfig is a .gitleaks.toml as it is written, with what it extends.
type leaksConfig struct {
	useDefault bool
	rules      []leaksRule
	disabled   []leaksID
	allow      []leaksAllow
}

// A leaksID is an id that a file speaks of.
type leaksID struct {
	id   string
	file string
	line int
}

type leaksRule struct {
	leaksID
	description string
	regex, path string
	group       int
	entropy     float64
	keywords    []string
	skipReport  bool
	required    []leaksRequired
	allow       []leaksAllow
}

type leaksRequired struct {
	leaksID
	lines   int // -1: not given
	columns bool
}

type leaksAllow struct {
	file        string
	line        int
	description string
	and         bool
	commits     []string
	paths       []string
	target      string // "secret", "match" or "line"
	regexes     []string
	stopWords   []string
	rules       []leaksID // only of these; none: of all, or of the rule that has it
}

// maxExtends is how many files may extend each other, as gitleaks has it.
const maxExtends = 2

// gitleaks reads a configuration of gitleaks or betterleaks: the keys of gitleaks
// 8.30 in either case, as its documentation has them.
func (s *Settings) gitleaks(in *Input) error {
	c, err := s.readLeaks(in, in.Name, in.Data, 0, nil)
	if err != nil {
		return err
	}
	switch {
	case !c.useDefault && len(c.rules) == 0:
		s.warn(0, "it has no rules and no useDefault, so gitleaks finds nothing with it; Cork's own rules hold")
	case !c.useDefault:
		s.Only = true
	}
	return s.convertLeaks(in, c)
}

// readLeaks reads one file and what it extends. seen are the files that led here.
func (s *Settings) readLeaks(in *Input, name string, data []byte, depth int, seen []string) (*leaksConfig, error) {
	doc, err := readTOML(name, data)
	if err != nil {
		return nil, err
	}
	c := new(leaksConfig)
	for _, key := range []string{"title", "description", "minVersion", "betterleaksMinVersion"} {
		doc.string(key)
	}
	var base *leaksConfig
	if ext := doc.table("extend"); ext != nil {
		if base, err = s.extend(in, ext, c, depth, append(seen, name)); err != nil {
			return nil, err
		}
	}
	for _, r := range doc.tables("rules") {
		c.rules = append(c.rules, s.readLeaksRule(r))
	}
	c.allow = s.readAllowlists(doc, true)
	for _, key := range []string{"prefilter", "filter"} {
		if doc.has(key) {
			doc.string(key)
			s.noteAt(name, doc.line(key), "%q is an expression of betterleaks, which Cork does not evaluate", key)
		}
	}
	for _, key := range doc.unused() {
		s.noteAt(name, doc.line(key), "the key %q is not known, and left out", key)
	}
	if len(doc.doc.errs) > 0 {
		return nil, joinErrors(doc.doc.errs)
	}
	if err := c.merge(base); err != nil {
		return nil, err
	}
	return c, nil
}

// noteAt notes something in a file that may be one that is extended.
func (s *Settings) noteAt(file string, line int, format string, args ...any) {
	if file == s.Name {
		s.note(line, format, args...)
		return
	}
	s.note(0, "%s:%d: %s", file, line, fmt.Sprintf(format, args...))
}

// extend reads an [extend] table and the file that it names.
func (s *Settings) extend(in *Input, ext *table, c *leaksConfig, depth int, seen []string) (*leaksConfig, error) {
	c.useDefault = ext.bool("useDefault")
	name := ext.string("path")
	ext.string("url")
	for _, id := range ext.strings("disabledRules") {
		c.disabled = append(c.disabled, leaksID{id, ext.doc.name, ext.line("disabledRules")})
	}
	if ext.has("url") {
		s.noteAt(ext.doc.name, ext.line("url"), "extend.url is read by nobody: Cork reaches no network, and gitleaks does not read it either")
	}
	for _, key := range ext.unused() {
		s.noteAt(ext.doc.name, ext.line(key), "the key %q is not known, and left out", "extend."+key)
	}
	bad := func(format string, args ...any) error {
		return &rules.Error{File: ext.doc.name, Line: ext.line("path"), Msg: fmt.Sprintf(format, args...)}
	}
	switch {
	case name == "":
		return nil, nil
	case c.useDefault:
		return nil, bad("[extend] has both useDefault and path, which gitleaks refuses")
	case depth+1 > maxExtends:
		return nil, bad("%q is extended too deep: gitleaks follows %d files", name, maxExtends)
	}
	clean := path.Clean(strings.ReplaceAll(name, `\`, "/"))
	if path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") || strings.Contains(clean, ":") || clean == "." {
		return nil, bad("extend.path %q leads out of the repository: Cork reads nothing there", name)
	}
	if slices.Contains(seen, clean) {
		return nil, bad("extend.path %q extends itself", name)
	}
	if in.Open == nil {
		return nil, bad("extend.path %q: there is no repository to read it from", name)
	}
	data, err := in.Open(clean)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, bad("extend.path %q: there is no such file in the repository (it is relative to the root)", name)
	case err != nil:
		return nil, bad("extend.path %q: %v", name, err)
	case len(data) > MaxSize:
		return nil, bad("extend.path %q: it is larger than %d MiB", name, MaxSize>>20)
	}
	return s.readLeaks(in, clean, data, depth+1, seen)
}

// merge adds what the file extends: what is given here counts, lists add up.
func (c *leaksConfig) merge(base *leaksConfig) error {
	at := make(map[string]int)
	for i, r := range c.rules {
		if first, ok := at[r.id]; ok {
			return &rules.Error{File: r.file, Line: r.line, ID: r.id, Msg: fmt.Sprintf("the id is used twice, first on line %d", c.rules[first].line)}
		}
		at[r.id] = i
	}
	if base == nil {
		return nil
	}
	c.useDefault = c.useDefault || base.useDefault
	c.disabled = append(slices.Clone(base.disabled), c.disabled...)
	c.allow = append(slices.Clone(base.allow), c.allow...)
	var all []leaksRule
	for _, b := range base.rules {
		i, ok := at[b.id]
		if !ok {
			all = append(all, b)
			continue
		}
		r := &c.rules[i]
		if r.description == "" {
			r.description = b.description
		}
		if r.regex == "" {
			r.regex = b.regex
		}
		if r.path == "" {
			r.path = b.path
		}
		if r.group == 0 {
			r.group = b.group
		}
		if r.entropy == 0 {
			r.entropy = b.entropy
		}
		r.keywords = append(slices.Clone(b.keywords), r.keywords...)
		r.allow = append(slices.Clone(b.allow), r.allow...)
	}
	c.rules = append(all, c.rules...)
	return nil
}

func (s *Settings) readLeaksRule(t *table) leaksRule {
	r := leaksRule{
		leaksID:     leaksID{t.string("id"), t.doc.name, t.line("id")},
		description: t.string("description"),
		regex:       t.string("regex"),
		path:        t.string("path"),
		group:       t.int("secretGroup"),
		entropy:     t.float("entropy"),
		keywords:    t.strings("keywords"),
		skipReport:  t.bool("skipReport"),
	}
	t.strings("tags")
	if r.id == "" {
		t.errorf("", "a rule without \"id\"")
	}
	for key, expr := range map[string]string{"regex": r.regex, "path": r.path} {
		if err := checkRegex(expr); err != nil {
			t.errorf(key, fmt.Sprintf("rule %q: %s: %v", r.id, key, err))
		}
	}
	for _, q := range t.tables("required") {
		req := leaksRequired{leaksID: leaksID{q.string("id"), t.doc.name, q.line("id")}, lines: -1}
		if q.has("withinLines") {
			req.lines = q.int("withinLines")
		}
		if req.columns = q.has("withinColumns"); req.columns {
			q.int("withinColumns")
		}
		if req.id == "" {
			q.errorf("", fmt.Sprintf("rule %q requires a rule without \"id\"", r.id))
		}
		r.required = append(r.required, req)
	}
	r.allow = s.readAllowlists(t, false)
	for _, key := range []string{"filter", "validate"} {
		if t.has(key) {
			s.noteAt(t.doc.name, t.line(key), "rule %q: %q is an expression of betterleaks, which Cork does not evaluate", r.id, key)
			t.used[key] = true
		}
	}
	for _, key := range []string{"specificity", "tokenEfficiency"} {
		if t.has(key) {
			s.noteAt(t.doc.name, t.line(key), "rule %q: %q has no counterpart", r.id, key)
			t.used[strings.ToLower(key)] = true
		}
	}
	for _, key := range t.unused() {
		s.noteAt(t.doc.name, t.line(key), "rule %q: the key %q is not known, and left out", r.id, key)
	}
	return r
}

// readAllowlists reads both forms: [[allowlists]] and the older [allowlist].
func (s *Settings) readAllowlists(t *table, global bool) (all []leaksAllow) {
	tables := t.tables("allowlists")
	if t.has("allowlist") {
		if len(tables) > 0 {
			t.errorf("allowlist", "[allowlist] and [[allowlists]] in one place, which gitleaks refuses")
		}
		if one := t.table("allowlist"); one != nil {
			tables = append(tables, one)
		}
	}
	for _, at := range tables {
		a := leaksAllow{
			file:        t.doc.name,
			line:        at.line(""),
			description: at.string("description"),
			commits:     at.strings("commits"),
			paths:       at.strings("paths"),
			target:      strings.ToLower(at.string("regexTarget")),
			regexes:     at.strings("regexes"),
			stopWords:   at.strings("stopwords"),
		}
		switch cond := strings.ToUpper(at.string("condition")); cond {
		case "", "OR", "||":
		case "AND", "&&":
			a.and = true
		default:
			at.errorf("condition", fmt.Sprintf("condition %q is neither \"OR\" nor \"AND\"", cond))
		}
		switch a.target {
		case "", "secret":
			a.target = "secret"
		case "match", "line":
		default:
			at.errorf("regexTarget", fmt.Sprintf("regexTarget %q is none of \"secret\", \"match\" and \"line\"", a.target))
		}
		for key, list := range map[string][]string{"paths": a.paths, "regexes": a.regexes} {
			for _, expr := range list {
				if err := checkRegex(expr); err != nil {
					at.errorf(key, fmt.Sprintf("%s: %v", key, err))
				}
			}
		}
		if len(a.commits)+len(a.paths)+len(a.regexes)+len(a.stopWords) == 0 {
			at.errorf("", "an allowlist without commits, paths, regexes or stopwords, which gitleaks refuses")
		}
		if global {
			for _, id := range at.strings("targetRules") {
				a.rules = append(a.rules, leaksID{id, t.doc.name, at.line("targetRules")})
			}
		}
		for _, key := range at.unused() {
			s.noteAt(t.doc.name, at.line(key), "the key %q of an allowlist is not known, and left out", key)
		}
		all = append(all, a)
	}
	return all
}

// convertLeaks makes Cork's rules and exceptions of a configuration.
func (s *Settings) convertLeaks(in *Input, c *leaksConfig) error {
	own := make(map[string]bool) // Cork's rules
	if !s.Only {
		for i := range in.Rules {
			own[in.Rules[i].ID] = true
		}
	}
	ids := make(map[string][]string) // gitleaks' id to Cork's
	taken := make(map[string]bool)
	type exprs struct{ regex, path string }
	others := make(map[string]exprs) // rules that hold anyway
	for i := range in.Taken {
		others[in.Taken[i].ID] = exprs{in.Taken[i].Regex, in.Taken[i].PathRegex}
	}
	var errs []error
	var kept []leaksRule
	disabled := make(map[string]bool)
	for _, d := range c.disabled {
		disabled[d.id] = true
	}
	needed := make(map[string]bool)
	for _, r := range c.rules {
		for _, q := range r.required {
			needed[q.id] = true
		}
	}
	for _, r := range c.rules {
		if disabled[r.id] {
			continue
		}
		switch {
		case r.regex == "" && r.path == "" && c.useDefault:
			if ids[r.id] = ownIDs(own, r.id); len(ids[r.id]) == 0 {
				s.noteAt(r.file, r.line, "rule %q changes one that Cork does not have", r.id)
			} else if r.entropy != 0 || r.group != 0 || len(r.keywords) > 0 || len(r.required) > 0 {
				s.noteAt(r.file, r.line, "rule %q: of a change to a rule that is Cork's own, the allowlists alone are taken over", r.id)
			}
			kept = append(kept, r)
			continue
		case r.regex == "" && r.path == "":
			errs = append(errs, &rules.Error{File: r.file, Line: r.line, ID: r.id, Msg: "it has neither regex nor path"})
			continue
		case r.skipReport && !needed[r.id]:
			s.noteAt(r.file, r.line, "rule %q is never reported (skipReport), and none requires it", r.id)
			continue
		}
		id := ruleID(r.id)
		other := func(id string) bool {
			there, ok := others[id]
			return ok && there != exprs{r.regex, r.path}
		}
		if own[id] {
			// It takes the place of Cork's own, under a name that tells them apart.
			s.Disable = append(s.Disable, id)
			id += "-custom"
		} else if other(id) {
			id += "-custom"
		}
		for n := 2; taken[id] || own[id] || other(id) || taken[id+nearSuffix] || taken[id+keywordSuffix]; n++ {
			id = fmt.Sprintf("%s-%d", ruleID(r.id), n)
		}
		taken[id] = true
		ids[r.id] = []string{id}
		if wanted, short := r.near(); len(wanted) > 0 && !short {
			ids[r.id] = append(ids[r.id], id+nearSuffix)
			taken[id+nearSuffix], taken[id+keywordSuffix] = true, true
		}
		kept = append(kept, r)
	}
	for _, r := range kept {
		if r.regex == "" && r.path == "" {
			continue
		}
		made, err := s.leaksRule(&r, ids, kept)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s.Rules = append(s.Rules, made...)
	}
	for _, d := range c.disabled {
		known := slices.ContainsFunc(c.rules, func(r leaksRule) bool { return r.id == d.id })
		mine := ownIDs(own, d.id)
		s.Disable = append(s.Disable, mine...)
		if len(mine) == 0 && !known {
			s.noteAt(d.file, d.line, "disabledRules: Cork has no rule %q", d.id)
		}
	}
	for _, r := range kept {
		for _, a := range r.allow {
			if len(ids[r.id]) > 0 {
				s.leaksAllow(&a, ids[r.id])
			}
		}
	}
	for _, a := range c.allow {
		s.globalAllow(&a, ids, own)
	}
	slices.Sort(s.Disable)
	s.Disable = slices.Compact(s.Disable)
	return joinErrors(errs)
}

// globalAllow converts an allowlist that is no rule's.
func (s *Settings) globalAllow(a *leaksAllow, ids map[string][]string, own map[string]bool) {
	if len(a.rules) == 0 {
		s.leaksAllow(a, nil)
		return
	}
	var targets []string
	for _, t := range a.rules {
		found := ids[t.id]
		if len(found) == 0 {
			found = ownIDs(own, t.id)
		}
		if len(found) == 0 {
			s.noteAt(t.file, t.line, "targetRules: Cork has no rule %q", t.id)
		}
		targets = append(targets, found...)
	}
	if len(targets) > 0 {
		s.leaksAllow(a, targets)
	}
}

// ownNames are rules of gitleaks that many files speak of, and what Cork's that
// find the same are called. What ends with "-" is how several ids begin.
var ownNames = map[string][]string{
	"generic-api-key":  {"generic-api-key", "generic-auth", "generic-credential-key", "generic-credentials", "generic-secret", "generic-token", "generic-token-in-text"},
	"private-key":      {"private-key-"},
	"aws-access-token": {"aws-access-key-id", "aws-temporary-access-key-id", "aws-key-pair", "aws-secret-access-key"},
	"github-app-token": {"github-app-installation-token", "github-app-user-token"},
	"github-oauth":     {"github-oauth-token"},
}

// ownIDs returns which of Cork's own rules stand for one of gitleaks'.
func ownIDs(own map[string]bool, id string) (found []string) {
	names, ok := ownNames[id]
	if !ok {
		names = []string{id}
	}
	for _, name := range names {
		if own[name] {
			found = append(found, name)
		}
		if strings.HasSuffix(name, "-") {
			for mine := range own {
				if strings.HasPrefix(mine, name) {
					found = append(found, mine)
				}
			}
		}
	}
	slices.Sort(found)
	return found
}

// leaksRule makes a rule of Cork's, and one for its keywords where these are not
// in what it matches.
func (s *Settings) leaksRule(r *leaksRule, ids map[string][]string, all []leaksRule) ([]rules.Rule, error) {
	bad := func(format string, args ...any) error {
		return &rules.Error{File: r.file, Line: r.line, ID: r.id, Msg: fmt.Sprintf(format, args...)}
	}
	rule := rules.Rule{
		ID:          ids[r.id][0],
		Description: strings.TrimSpace(r.description),
		Severity:    rules.SeverityHigh,
		Confidence:  rules.ConfidenceHigh,
		Regex:       r.regex,
		PathRegex:   r.path,
		Source:      fmt.Sprintf("%s:%d", r.file, r.line),
		PartOnly:    r.skipReport,
	}
	if rule.Description == "" {
		rule.Description = "secret of the rule " + r.id
	}
	if r.regex == "" {
		if r.skipReport {
			return nil, nil // what requires it has its path
		}
		return []rules.Rule{rule}, nil
	}
	if s.addExpression(r.regex, r.line); s.tooLarge > 0 {
		return nil, nil
	}
	re, err := regexp.Compile(r.regex)
	if err != nil {
		return nil, bad("%v", err)
	}
	if re.MatchString("") {
		return nil, bad("its regex matches the empty string, so it would match everywhere")
	}
	if r.group > re.NumSubexp() {
		return nil, bad("secretGroup is %d, but the regex has %d groups", r.group, re.NumSubexp())
	}
	if r.entropy < 0 || r.entropy > 8 {
		return nil, bad("entropy must be between 0 and 8 bits per character")
	}
	rule.MinEntropy = r.entropy
	if rule.Group = r.group; r.group == 0 {
		var sure bool
		if rule.Group, sure = firstGroup(r.regex); !sure {
			s.noteAt(r.file, r.line, "rule %q: which group holds the secret depends on the match, so the whole match is taken for it", r.id)
		}
	}
	if rule.Span = span(r.regex); rule.Span > 0 {
		s.noteAt(r.file, r.line, "rule %q: its regex has no end, so what is longer than %d bytes is not found", r.id, rule.Span)
	}
	for _, q := range r.required {
		if err := s.require(&rule, &q, ids, all); err != nil {
			return nil, err
		}
	}
	made := s.keywords(r, &rule)
	return append([]rules.Rule{rule}, made...), nil
}

// Ends of the ids of what is made of one rule of gitleaks.
const (
	nearSuffix    = "-near"
	keywordSuffix = "-keyword"
)

// near returns the keywords of a rule of which one need only be in the same file,
// and not in the match; nil if they are in every match anyway.
func (r *leaksRule) near() (wanted []string, short bool) {
	if r.regex == "" {
		return nil, false
	}
	for _, k := range r.keywords {
		if k = strings.ToLower(strings.TrimSpace(k)); k != "" {
			wanted = appendNew(wanted, k)
			short = short || len(k) < minLiteral || len(k) > maxLiteral
		}
	}
	in := func(word string) bool {
		return slices.ContainsFunc(wanted, func(k string) bool { return strings.Contains(word, k) })
	}
	words := literals(r.regex)
	if len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !in(w) }) {
		return nil, false
	}
	return wanted, short
}

// keywords gives a rule what Cork looks for first, which is what every match has.
// The keywords of gitleaks need only be anywhere in what it looks at. Where they are
// not in every match, two rules are made: of what has one in the match, and of what
// has one near it.
func (s *Settings) keywords(r *leaksRule, rule *rules.Rule) []rules.Rule {
	rule.Keywords = literals(r.regex)
	if rule.Keywords == nil {
		rule.Scan = "always"
	}
	wanted, short := r.near()
	if len(wanted) == 0 {
		return nil
	}
	if short {
		s.noteAt(r.file, r.line, "rule %q: keywords of less than %d characters are not looked for, so Cork finds what has none near it, too", r.id, minLiteral)
		return nil
	}
	quoted := make([]string, len(wanted))
	for i, k := range wanted {
		quoted[i] = regexp.QuoteMeta(k)
	}
	word := rules.Rule{
		ID: rule.ID + keywordSuffix, Description: "keyword of the rule " + rule.ID,
		Severity: rules.SeverityLow, Confidence: rules.ConfidenceHigh,
		Regex: "(?i)" + strings.Join(quoted, "|"), Keywords: wanted, PartOnly: true, Source: rule.Source,
	}
	near := *rule
	near.ID += nearSuffix
	near.Parts = append(slices.Clone(rule.Parts), rules.Part{
		Name: "keyword", Rules: []string{word.ID}, Lines: rules.MaxPartLines, Bytes: rules.MaxPartBytes, Required: true,
	})
	rule.Keywords, rule.Scan = wanted, ""
	s.noteAt(r.file, r.line, "rule %q: one of its keywords must stand within %d bytes of the match, not anywhere in the file", r.id, rules.MaxPartBytes)
	return []rules.Rule{near, word}
}

// require gives a rule the part that another rule finds.
func (s *Settings) require(rule *rules.Rule, q *leaksRequired, ids map[string][]string, all []leaksRule) error {
	at := slices.IndexFunc(all, func(r leaksRule) bool { return r.id == q.id })
	if at < 0 {
		return &rules.Error{File: q.file, Line: q.line, ID: rule.ID, Msg: fmt.Sprintf("it requires the rule %q, which there is not", q.id)}
	}
	other := &all[at]
	switch {
	case other.regex == "" && other.path != "":
		if rule.PathRegex != "" {
			s.noteAt(q.file, q.line, "rule %q: that it requires the path of %q has no counterpart beside a path of its own", rule.ID, q.id)
			return nil
		}
		rule.PathRegex = other.path
		return nil
	case other.regex == "":
		s.noteAt(q.file, q.line, "rule %q: that it requires %q has no counterpart", rule.ID, q.id)
		return nil
	}
	if q.columns {
		s.noteAt(q.file, q.line, "rule %q: withinColumns has no counterpart", rule.ID)
	}
	part := rules.Part{Name: q.id, Rules: ids[q.id], Lines: rules.MaxPartLines, Bytes: rules.MaxPartBytes, Required: true}
	if q.lines >= 0 {
		part.Lines = min(max(1, q.lines), rules.MaxPartLines)
	}
	rule.Parts = append(rule.Parts, part)
	return nil
}

// leaksAllow makes exceptions of an allowlist: one if all that it says must hold,
// else one of each kind.
func (s *Settings) leaksAllow(a *leaksAllow, ids []string) {
	var all scanner.AllowEntry
	kinds := []scanner.AllowEntry{{PathRegexes: a.paths}}
	switch a.target {
	case "match":
		kinds = append(kinds, scanner.AllowEntry{MatchRegexes: a.regexes})
	case "line":
		kinds = append(kinds, scanner.AllowEntry{LineRegexes: a.regexes})
	default:
		kinds = append(kinds, scanner.AllowEntry{Regexes: a.regexes})
	}
	kinds = append(kinds, stopWords(a))
	var commits []string
	for _, c := range a.commits {
		c = strings.ToLower(strings.TrimSpace(c))
		if !isCommit(c) {
			s.noteAt(a.file, a.line, "commits: %q is no full id, and gitleaks takes no others", c)
			continue
		}
		commits = append(commits, c)
	}
	kinds = append(kinds, scanner.AllowEntry{Commits: commits})
	given := 0
	for _, k := range kinds {
		if !empty(&k) {
			given++
		}
	}
	if a.and {
		for _, k := range kinds {
			all.PathRegexes = append(all.PathRegexes, k.PathRegexes...)
			all.MatchRegexes = append(all.MatchRegexes, k.MatchRegexes...)
			all.LineRegexes = append(all.LineRegexes, k.LineRegexes...)
			all.Regexes = append(all.Regexes, k.Regexes...)
			all.StopWords = append(all.StopWords, k.StopWords...)
			all.Commits = append(all.Commits, k.Commits...)
		}
		wanted := 0
		for _, n := range []int{len(a.paths), len(a.regexes), len(a.stopWords), len(a.commits)} {
			if n > 0 {
				wanted++
			}
		}
		if given < wanted {
			s.noteAt(a.file, a.line, "an allowlist with condition \"AND\" is left out: a part of it has no counterpart")
			return
		}
		kinds = []scanner.AllowEntry{all}
	}
	for _, k := range kinds {
		if empty(&k) {
			continue
		}
		k.Reason = a.description
		k.Rules = ids
		s.allowIn(a.file, a.line, k)
	}
}

// stopWords makes an entry of the stop words of an allowlist. Cork has none of less
// than three characters, so if there is one all are said by an expression, where
// that has no other meaning.
func stopWords(a *leaksAllow) (e scanner.AllowEntry) {
	var quoted []string
	short := false
	for _, w := range a.stopWords {
		if w == "" {
			continue
		}
		short = short || len(w) < minLiteral
		quoted = append(quoted, regexp.QuoteMeta(w))
		e.StopWords = append(e.StopWords, strings.ToLower(w))
	}
	if !short {
		return e
	}
	if a.and && a.target == "secret" && len(a.regexes) > 0 {
		return scanner.AllowEntry{}
	}
	return scanner.AllowEntry{Regexes: []string{"(?i)" + strings.Join(quoted, "|")}}
}

// empty reports whether an entry has no condition.
func empty(e *scanner.AllowEntry) bool {
	return len(e.PathRegexes)+len(e.MatchRegexes)+len(e.LineRegexes)+len(e.Regexes)+len(e.StopWords)+len(e.Commits) == 0
}

// isCommit reports whether s is a whole id, of SHA-1 or of SHA-256, in lower case.
func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}
