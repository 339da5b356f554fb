package scanner

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/cork-scanner/cork/rules"
)

// What a configuration says that is right, and perhaps not what was meant. A
// configuration must not disarm a scan without anybody seeing it, so what is
// dangerous is said by every scan, in as far as that costs nothing: see
// [Config.Alarms]. The rest is for those who ask: see [Config.Warnings].

// Shares of sample secrets above which a condition allows more than was meant.
const (
	// A regex for the made-up secrets of a project matches none of those that the
	// rules have as examples, but for a handful that begin like it by chance.
	wideRegex = 0.10
	// "test" and "example" stand in fewer than one in a hundred.
	wideWord = 0.05
	// What is said without being asked for has no doubt.
	alarmShare = 0.5
	// An entry that leaves out so many of the files leaves out
	// more than what a project has of fixtures and documents.
	wideTree    = 0.10
	minWideTree = 5
)

// CheckOptions are what a configuration is held against.
type CheckOptions struct {
	// Files are the paths of the repository's files, slash-separated and relative
	// to its root; nil: they are not known.
	Files []string
	// Samples are secrets of all rules, see [rules.Set.Samples].
	Samples []rules.Sample
}

// Warnings returns what the file of the configuration, without those above it,
// says that works and is probably not what was meant, in the order of lines.
func (c *Config) Warnings(o CheckOptions) []*rules.Error {
	if c.file == nil {
		return nil // it was not read from a file
	}
	k := c.check()
	k.o = o
	k.expired()
	k.disabled()
	k.duplicates()
	for i := range c.own.entries {
		k.entry(&c.own.entries[i])
	}
	for i := range c.file.Rule {
		k.patch(i, &c.file.Rule[i])
	}
	slices.SortStableFunc(k.found, func(a, b *rules.Error) int { return cmp.Compare(a.Line, b.Line) })
	return k.found
}

// WantsSamples reports whether Warnings can say more with samples.
func (c *Config) WantsSamples() bool {
	if c.file == nil {
		return false
	}
	for i := range c.file.Rule {
		if allow := c.file.Rule[i].Allow; allow != nil && len(allow.Regexes) > 0 {
			return true
		}
	}
	return slices.ContainsFunc(c.own.entries, func(e allowEntry) bool {
		return len(e.Regexes)+len(e.StopWords) > 0 && len(e.Rules)+len(e.Fingerprints) == 0
	})
}

// Alarms returns what the file of the configuration says that keeps most secrets
// from being found, or whole trees of files from being looked at. It takes
// microseconds.
func (c *Config) Alarms() []*rules.Error {
	if c.file == nil {
		return nil
	}
	k := &configCheck{Config: c}
	if n := max(len(c.file.Rules.Disable), c.off); n > 0 && n >= len(c.Rules) {
		k = c.check()
		k.disabled()
	}
	for i := range c.own.entries {
		k.alarms(&c.own.entries[i])
	}
	return k.found
}

// alarms says what is dangerous about an entry. One that is for most rules is as one
// that is for all.
func (k *configCheck) alarms(e *allowEntry) {
	if n := len(e.Rules); n > 0 && 2*n >= len(k.Rules) {
		wide := *e
		wide.Rules = nil
		if e = &wide; e.pathsAlone() && !e.aboutPath() {
			k.warn(max(1, e.Line), "an allow entry allows all that %d of %d rules find", n, len(k.Rules))
			return
		}
	}
	for _, what := range e.alarms() {
		k.warn(max(1, e.Line), "%s", what)
	}
}

// Alarms returns what the entries say that keeps most secrets from being found, or
// whole trees of files from being looked at.
func (a *Allowlist) Alarms() (found []string) {
	if a == nil {
		return nil
	}
	for i := range a.entries {
		found = append(found, a.entries[i].alarms()...)
	}
	return found
}

// alarms returns what is dangerous about one entry. Of an entry that is about few
// secrets or files it takes no time, of others it asks for a few samples.
func (e *allowEntry) alarms() (found []string) {
	if len(e.Rules)+len(e.Fingerprints)+len(e.Commits)+len(e.Hashes)+len(e.Lines) > 0 || e.Path != "" || e.Checksum != "" {
		return nil
	}
	what := e.wholeTrees()
	switch {
	case e.pathsAlone():
		if what != "" {
			found = append(found, fmt.Sprintf("an allow entry leaves out %s: a secret there is never reported", what))
		}
		return found
	case what == "" && e.aboutPath(), !most(e.allowsSample):
		return nil
	case what != "":
		what = " in " + what
	}
	what = "of an allow entry allows most secrets" + what
	for _, k := range [...]struct {
		name   string
		values []string
		is     func(one *allowEntry, i int)
	}{
		{"regex %q", e.Regexes, func(one *allowEntry, i int) { one.regexes = e.regexes[i : i+1] }},
		{"stop word %q", e.StopWords, func(one *allowEntry, i int) { one.stopWords = e.stopWords[i : i+1] }},
		{"expression %q in match_regexes", e.MatchRegexes, func(one *allowEntry, i int) {
			one.MatchRegexes, one.text.matches = e.MatchRegexes[i:i+1], e.text.matches[i:i+1]
		}},
		{"expression %q in line_regexes", e.LineRegexes, func(one *allowEntry, i int) {
			one.LineRegexes, one.text.lines = e.LineRegexes[i:i+1], e.text.lines[i:i+1]
		}},
		{"expression %q in cover_regexes", e.CoverRegexes, func(one *allowEntry, i int) {
			one.CoverRegexes, one.text.covers = e.CoverRegexes[i:i+1], e.text.covers[i:i+1]
		}},
		{"expression %q in grep_regexes", e.GrepRegexes, func(one *allowEntry, i int) {
			one.GrepRegexes, one.text.greps = e.GrepRegexes[i:i+1], e.text.greps[i:i+1]
		}},
	} {
		for i, value := range k.values {
			one := new(allowEntry)
			if k.is(one, i); most(one.allowsSample) {
				found = append(found, fmt.Sprintf("the "+k.name+" %s", value, what))
			}
		}
	}
	if len(found) == 0 {
		found = append(found, "all together that is in an allow entry "+strings.TrimPrefix(what, "of an allow entry "))
	}
	return found
}

// allowsSample reports whether the entry allows a secret, in a line as there are many,
// as far as its conditions are about the secret and the line.
func (e *allowEntry) allowsSample(secret string) bool {
	const left, right = treeStem + ` = "`, `"`
	f := Finding{Secret: NewSecret(secret), Location: Location{Line: 12, EndLine: 12}}
	text := left + secret + right
	f.around = surrounding{text: NewSecret(text), known: true, secretStart: len(left), secretEnd: len(left) + len(secret), matchEnd: len(text)}
	return e.holdText(path.Join(treeFolders[0], treeStem), &f) && e.allowsSecret(secret)
}

// A configCheck collects what there is to say about one file.
type configCheck struct {
	*Config
	o     CheckOptions
	line  func(path ...any) int
	found []*rules.Error
}

func (c *Config) check() *configCheck {
	lines, err := rules.NewLines(c.data)
	if err != nil {
		panic("scanner: a configuration was read that cannot be read: " + err.Error())
	}
	return &configCheck{Config: c, line: lines.Of}
}

func (k *configCheck) warn(line int, format string, args ...any) {
	k.found = append(k.found, &rules.Error{File: k.Name, Line: line, Msg: fmt.Sprintf(format, args...)})
}

// at returns the line of a key of an entry. Entries that have expired are not among
// those that are applied, so their number in the file is looked up.
func (k *configCheck) at(e *allowEntry, keys ...any) int {
	for i := range k.file.Allow {
		if k.line("allow", i) == e.Line {
			return k.line(append([]any{"allow", i}, keys...)...)
		}
	}
	return max(1, e.Line)
}

func (k *configCheck) expired() {
	for i := range k.Expired {
		e := &k.Expired[i]
		k.warn(max(1, e.Line), "an allow entry expired on %s and is not applied: %s", e.Expires.Format("2006-01-02"), e.Reason)
	}
}

func (k *configCheck) disabled() {
	first := make(map[string]int)
	for i, id := range k.file.Rules.Disable {
		line := k.line("rules", "disable", i)
		if at, ok := first[id]; ok {
			k.warn(line, "the rule %q is disabled twice, first in line %d", id, at)
			continue
		}
		first[id] = line
	}
	if n := len(first); n > 0 && n >= len(k.Rules) {
		k.warn(k.line("rules", "disable"), "%d rules are disabled, and %d are left", n, len(k.Rules))
	}
	if k.off > 0 && k.off >= len(k.Rules) {
		k.warn(k.line("rules", "builtin"), "builtin = false switches off all %d built-in rules, and %d of this file hold in their place", k.off, len(k.Rules))
	}
}

// duplicates compares the entries that are applied with each other.
func (k *configCheck) duplicates() {
	entries := make(map[string]int)
	prints := make(map[string]int)
	for i := range k.own.entries {
		e := &k.own.entries[i]
		same := e.AllowEntry
		same.Reason, same.File, same.Line, same.Expires = "", "", 0, same.Expires.AddDate(0, 0, 0)
		key := fmt.Sprintf("%q", fmt.Sprintf("%+v", same))
		if at, ok := entries[key]; ok {
			k.warn(max(1, e.Line), "this allow entry says the same as the one in line %d", at)
			continue
		}
		entries[key] = e.Line
		for j, f := range e.Fingerprints {
			if at, ok := prints[f]; ok {
				k.warn(k.at(e, "fingerprints", j), "the fingerprint %s is allowed in line %d already", f, at)
				continue
			}
			prints[f] = k.at(e, "fingerprints", j)
		}
	}
}

// entry looks at one entry that is applied.
func (k *configCheck) entry(e *allowEntry) {
	if len(e.Rules) > 0 && !slices.ContainsFunc(k.Rules, func(r rules.Rule) bool { return slices.Contains(e.Rules, r.ID) }) {
		k.warn(k.at(e, "rules"), "an allow entry is for rules that are disabled, so it allows nothing: %s", strings.Join(e.Rules, ", "))
	}
	k.paths(e)
	if len(e.Regexes)+len(e.StopWords) == 0 && !e.pathsAlone() {
		k.alarms(e) // of the others the samples say more
	}
	if len(e.Rules)+len(e.Fingerprints) > 0 || len(k.o.Samples) == 0 {
		return
	}
	samples := make([]string, len(k.o.Samples))
	for i, s := range k.o.Samples {
		samples[i] = s.Secret
	}
	for i, re := range e.regexes {
		if n := count(samples, re.MatchString); float64(n) >= wideRegex*float64(len(samples)) {
			k.warn(k.at(e, "regexes", i), "the regex %q matches %d of %d sample secrets of the rules, so it allows far more than one: say more of the secret, with ^ and $",
				e.Regexes[i], n, len(samples))
		}
	}
	for i, w := range e.stopWords {
		if n := count(samples, contains(w)); float64(n) >= wideWord*float64(len(samples)) {
			k.warn(k.at(e, "stop_words", i), "the stop word %q stands in %d of %d sample secrets of the rules, so it allows far more than one: take a longer one",
				e.StopWords[i], n, len(samples))
		}
	}
}

// paths looks at which files an entry is about.
func (k *configCheck) paths(e *allowEntry) {
	what := ""
	if e.pathsAlone() {
		what = e.wholeTrees()
	}
	if k.o.Files == nil {
		if what != "" {
			k.warn(k.at(e, "paths"), "an allow entry leaves out %s: a secret there is never reported; add rules, regexes or fingerprints", what)
		}
		return
	}
	n, first := 0, ""
	for _, file := range k.o.Files {
		if e.matchesPath(file) {
			if n++; n == 1 {
				first = file
			}
		}
	}
	wide := n >= minWideTree && float64(n) >= wideTree*float64(len(k.o.Files))
	if e.pathsAlone() && n > 0 && (wide || what != "") {
		k.warn(k.at(e, "paths"), "an allow entry leaves out %d of %d files, such as %s: a secret there is never reported; add rules, regexes or fingerprints",
			n, len(k.o.Files), quotePath(first))
	}
	for i, glob := range e.Paths {
		one := allowEntry{AllowEntry: AllowEntry{Folder: e.Folder, Paths: []string{glob}}}
		if !strings.Contains(glob, EntrySeparator) && !slices.ContainsFunc(k.o.Files, one.matchesPath) {
			k.warn(k.at(e, "paths", i), "the glob %q matches no file of the repository", glob)
		}
	}
}

// patch looks at what a rule is made to allow.
func (k *configCheck) patch(i int, p *rules.Patch) {
	if p.Allow == nil || p.ID == nil {
		return
	}
	warn := func(key string, j int, format string, args ...any) {
		k.found = append(k.found, &rules.Error{File: k.Name, Line: k.line("rule", i, "allow", key, j), ID: *p.ID, Msg: fmt.Sprintf(format, args...)})
	}
	for j, glob := range p.Allow.Paths {
		if matchesAnyPath(glob) {
			warn("paths", j, "allow.paths: %q matches every file, so the rule finds nothing: to switch it off, disable it", glob)
		}
	}
	var own []string
	for _, s := range k.o.Samples {
		if s.RuleID == *p.ID {
			own = append(own, s.Secret)
		}
	}
	for j, expr := range p.Allow.Regexes {
		re, err := regexp.Compile(expr)
		switch {
		case err != nil: // said by Compile
		case re.MatchString(""), matchesAnySecret(re), len(own) > 0 && count(own, re.MatchString) == len(own):
			warn("regexes", j, "allow.regexes: %q matches everything that the rule finds: to switch it off, disable it", expr)
		}
	}
}

// pathsAlone reports whether the entry allows everything in the files that it is
// about.
func (e *allowEntry) pathsAlone() bool {
	return len(e.Regexes)+len(e.StopWords)+len(e.Rules)+len(e.Fingerprints)+e.foreign() == 0 && e.Path == ""
}

// Where programs and their settings are, and what these files are called: to find
// out whether a glob is about all of them.
var (
	treeFolders = []string{"src", "lib", "app", "cmd", "pkg", "internal", "server", "client", "config", "deploy", "scripts"}
	treeEndings = []string{".go", ".py", ".js", ".ts", ".java", ".rb", ".php", ".yml", ".yaml", ".json", ".toml", ".properties", ".env", ".sh", ".tf", ".xml"}
)

// treeStem is what no file is called.
const treeStem = "zq0x7"

// wholeTrees says which files, of those that programs are made of, the entry is
// about altogether; "" if it is about some of them, or says nothing of paths.
func (e *allowEntry) wholeTrees() string {
	if !e.aboutPath() || e.Path != "" {
		return ""
	}
	for _, folder := range treeFolders {
		all := !slices.ContainsFunc(treeEndings, func(ending string) bool {
			return !e.matchesPath(path.Join(folder, treeStem+ending)) || !e.matchesPath(path.Join(folder, treeStem, treeStem+ending))
		})
		if all {
			return "everything below " + folder + "/"
		}
	}
	for _, ending := range treeEndings {
		all := !slices.ContainsFunc(append(treeFolders, ""), func(folder string) bool {
			return !e.matchesPath(path.Join(folder, treeStem+ending))
		})
		if all {
			return "every *" + ending
		}
	}
	return ""
}

// quickSamples are texts as random as secrets are, in the alphabets that secrets
// have. They are of no provider's form.
func quickSamples() []string {
	return []string{
		"q7Kp2vXw9LmT4nRb8sYc", "Zt5hB1xGd6Wq3MfJ0rPkV7uNy2sCe8La", "4f9a0c7be2d1836574a8", "e3b19c55d07f4a2864c1be90a73d58f2",
		"a94e1c3f70b2d5869e8f4713c0da6b52f81e97d4", "3NqX+7vK/2mTz9Lw4RbYcQ==", "hB8_kT2-wZ6xV0nR5qLm9pDs", "K7WQ2ZP5M4XV6RTB3NHD",
		"9d2f7c61-3b8e-4a05-8f17-c2e6b4d90a53", "tr0ub4dor&3", "S3cure!Zebra_92", "mypa55w0rd2024", "xkcd-horse-41-staple", "v2.Wq8ZrT3nYb6KmPx1",
		"73920485617384920156", "PxLmQzRtVbNcKdWsYhGf",
	}
}

func contains(lower string) func(string) bool {
	return func(s string) bool { return strings.Contains(strings.ToLower(s), lower) }
}

func count(all []string, is func(string) bool) (n int) {
	for _, s := range all {
		if is(s) {
			n++
		}
	}
	return n
}

// most reports whether something holds for most of the quick samples.
func most(is func(string) bool) bool {
	samples := quickSamples()
	left := int(alarmShare * float64(len(samples)))
	for i, s := range samples {
		if left > len(samples)-i {
			return false
		}
		if is(s) {
			left--
		}
		if left <= 0 {
			return true
		}
	}
	return false
}
