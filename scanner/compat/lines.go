package compat

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"path"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/cork-scanner/cork/scanner"
)

// lines yields the lines of a file that say something, trimmed, with their 1-based
// numbers: not those that are blank or begin with "#".
func lines(data []byte) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		n := 0
		for line := range strings.Lines(string(data)) {
			n++
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			if !yield(n, line) {
				return
			}
		}
	}
}

// cleanPath returns a path as Cork has it: slash-separated, relative to the root.
// ok is false for one that leads out of the repository.
func cleanPath(p string) (clean string, ok bool) {
	p = path.Clean(strings.ReplaceAll(p, `\`, "/"))
	return p, p != "." && p != ".." && !path.IsAbs(p) && !strings.HasPrefix(p, "../")
}

// gitleaksIgnore reads a .gitleaksignore: a line for each finding,
//
//	<path>:<rule>:<line>
//	<commit>:<path>:<rule>:<line>
//
// The path may have colons, the others have none. The ids of rules are not Cork's,
// so what counts is the place: everything on that line of that path, in any commit
// or in the one that is given.
func (s *Settings) gitleaksIgnore(data []byte) error {
	var errs []error
	s.Allow = make([]scanner.AllowEntry, 0, min(maxEntries, 1+bytes.Count(data, []byte("\n"))))
	for n, line := range lines(data) {
		bad := func(why string) {
			errs = append(errs, s.errorf(n, "%s: a line is <path>:<rule>:<line>, with <commit>: before it or not", why))
		}
		fields := strings.Split(line, ":")
		if len(fields) < 3 {
			bad("not a fingerprint of gitleaks")
			continue
		}
		at, err := strconv.Atoi(fields[len(fields)-1])
		if err != nil || at < 0 {
			bad(fmt.Sprintf("%q is no line number", fields[len(fields)-1]))
			continue
		}
		rule := fields[len(fields)-2]
		fields = fields[:len(fields)-2]
		e, commit := scanner.AllowEntry{Reason: "accepted for gitleaks' rule " + rule}, ""
		if len(fields) > 1 && isCommit(strings.ToLower(fields[0])) {
			commit = strings.ToLower(fields[0])
			e.Commits = []string{commit}
			fields = fields[1:]
		}
		clean, ok := cleanPath(strings.Join(fields, ":"))
		if !ok {
			bad(fmt.Sprintf("%q is no path in the repository", strings.Join(fields, ":")))
			continue
		}
		if rule == "" {
			bad("the rule is missing")
			continue
		}
		// In an archive: "outer.zip!inner/file" is "outer.zip!/inner/file" here.
		if outer, inner, ok := strings.Cut(clean, "!"); ok && path.Ext(outer) != "" && inner != "" && inner[0] != '/' {
			clean = outer + "!/" + inner
		}
		e.Path = clean
		s.seen(commit, clean)
		// A file that is flagged by its name has no lines.
		e.Lines = []int{max(1, at)}
		s.allow(e, n)
		if len(s.Allow) > maxEntries {
			break
		}
	}
	return joinErrors(errs)
}

// gitAllowed reads a .gitallowed of git-secrets: an extended regular expression on
// a line, which is searched for in what grep -n prints: "path:line:text".
func (s *Settings) gitAllowed(data []byte) error {
	var errs []error
	for n, line := range lines(data) {
		expr, err := fromERE(line)
		if errors.Is(err, errBackReference) {
			s.note(n, "an exception is left out: %v", err)
			continue
		}
		if err != nil {
			errs = append(errs, s.errorf(n, "the expression cannot be used: %v", err))
			continue
		}
		s.allow(scanner.AllowEntry{Reason: "allowed for git-secrets", GrepRegexes: []string{expr}}, n)
	}
	return joinErrors(errs)
}

// GitSecrets makes settings of what git says of git-secrets: the values of
// secrets.patterns, secrets.allowed and secrets.providers, which are extended
// regular expressions, and commands that print more of them. patterns has what was
// configured and what the providers printed, if they were run; name is for messages.
func GitSecrets(name string, patterns, allowed []string) (*Settings, error) {
	s := &Settings{Name: name, Kind: GitConfig}
	var errs []error
	for i, p := range patterns {
		expr, err := fromERE(p)
		if err != nil {
			errs = append(errs, s.errorf(i+1, "secrets.patterns %d cannot be used: %v", i+1, err))
			continue
		}
		r, err := s.plainRule(fmt.Sprintf("git-secrets-%d", i+1), fmt.Sprintf("match of pattern %d of git-secrets", i+1), wordBefore+expr+wordAfter, 1, i+1)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s.Rules = append(s.Rules, r)
	}
	for i, p := range allowed {
		expr, err := fromERE(p)
		if errors.Is(err, errBackReference) {
			s.note(0, "secrets.allowed %d is left out: %v", i+1, err)
			continue
		}
		if err != nil {
			errs = append(errs, s.errorf(i+1, "secrets.allowed %d cannot be used: %v", i+1, err))
			continue
		}
		s.allow(scanner.AllowEntry{Reason: "allowed for git-secrets", GrepRegexes: []string{expr}}, 0)
	}
	if err := joinErrors(errs); err != nil {
		return nil, err
	}
	if err := s.checkRules(); err != nil {
		return nil, err
	}
	return s, nil
}

// secretlintIgnore reads a .secretlintignore, which is written like a .gitignore:
// the last pattern that matches counts, and one that begins with "!" takes back
// what was left out.
func (s *Settings) secretlintIgnore(data []byte) error {
	type pattern struct {
		globs []string
		line  int
		again bool
	}
	var patterns []pattern
	var errs []error
	for n, line := range lines(data) {
		p := pattern{line: n}
		text := line
		if text[0] == '!' {
			p.again = true
			text = text[1:]
		}
		text = strings.TrimPrefix(text, `\`) // \# and \!
		if p.globs = ignoreGlobs(text); p.globs == nil {
			errs = append(errs, s.errorf(n, "%q is no pattern of a .gitignore", line))
			continue
		}
		patterns = append(patterns, p)
	}
	for i, p := range patterns {
		if p.again {
			continue
		}
		e := scanner.AllowEntry{Reason: "left out for secretlint", Paths: p.globs}
		for _, later := range patterns[i+1:] {
			if later.again {
				e.ExceptPaths = append(e.ExceptPaths, later.globs...)
			}
		}
		s.allow(e, p.line)
	}
	return joinErrors(errs)
}

// ignoreGlobs returns the globs of Cork's that match what a pattern of a .gitignore
// does; nil if it is not valid.
func ignoreGlobs(pattern string) []string {
	folder := strings.HasSuffix(pattern, "/")
	pattern = strings.TrimRight(pattern, "/")
	anchored := strings.Contains(pattern, "/")
	pattern = strings.TrimPrefix(pattern, "/")
	pattern = strings.NewReplacer("{", `\{`, "}", `\}`).Replace(pattern)
	if pattern == "" || !doublestar.ValidatePattern(pattern) {
		return nil
	}
	if !anchored {
		pattern = "**/" + pattern
	}
	if folder || strings.HasSuffix(pattern, "/**") {
		return []string{strings.TrimSuffix(pattern, "/**") + "/**"}
	}
	return []string{pattern, pattern + "/**"}
}

// validGlob reports whether Cork can match a glob.
func validGlob(glob string) bool { return glob != "" && doublestar.ValidatePattern(glob) }
