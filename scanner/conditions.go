package scanner

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
)

// What AllowEntry.Hashes begin with.
const (
	HashSHA1   = "sha1:"
	HashSHA256 = "sha256:"
)

// A surrounding is what conditions look at beside a finding's place and secret. The
// text is that of the first line of the secret, as far as it is kept, with all of
// the secret in it; offsets are in that, half-open.
type surrounding struct {
	text                 Secret
	secretStart          int
	secretEnd            int
	matchStart, matchEnd int
	checksum             string // of path and content, in hex; "" if nobody wants it
	commit               string // "": as the finding's location says
	known                bool   // there is a text
}

// surrounding returns what stands around a hit.
func (h *hit) surrounding() surrounding {
	text := h.left + h.raw + h.right
	s := surrounding{text: NewSecret(text), known: true, secretStart: len(h.left), secretEnd: len(h.left) + len(h.raw)}
	s.matchStart = max(0, s.secretStart-max(0, h.start-h.m.Start))
	s.matchEnd = min(len(text), s.secretEnd+max(0, h.m.End-h.end))
	return s
}

// textConditions are the compiled conditions that only those entries have that
// were written for other scanners.
type textConditions struct {
	paths, matches, lines, covers, greps []*regexp.Regexp
}

// foreign returns how many conditions an entry has of the kinds in this file that
// are not about the path.
func (e *AllowEntry) foreign() int {
	n := len(e.MatchRegexes) + len(e.LineRegexes) + len(e.CoverRegexes) + len(e.GrepRegexes) + len(e.Commits) + len(e.Hashes) + len(e.Lines)
	if e.Checksum != "" {
		n++
	}
	return n
}

// aboutPath reports whether an entry says which paths it is for.
func (e *AllowEntry) aboutPath() bool {
	return len(e.Paths)+len(e.PathRegexes)+len(e.ExceptPaths) > 0 || e.Path != "" || e.Folder != ""
}

// MaxExpressions is how large all expressions of an allowlist may be together, as
// ExpressionSize counts. To compile them takes a second or so; without a limit a
// repository could keep a hook busy for hours.
const MaxExpressions = 500_000

// ExpressionSize returns about how many instructions the expressions of an entry
// become, without compiling them. One that is wrong has none.
func (e *AllowEntry) ExpressionSize() int {
	n := 0
	for _, exprs := range [...][]string{e.Regexes, e.PathRegexes, e.MatchRegexes, e.LineRegexes, e.CoverRegexes, e.GrepRegexes} {
		for _, expr := range exprs {
			if re, err := syntax.Parse(expr, syntax.Perl); err == nil {
				n += expressionSize(re)
			}
		}
	}
	return n
}

func expressionSize(re *syntax.Regexp) int {
	n := max(1, len(re.Rune))
	for _, sub := range re.Sub {
		n += expressionSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(1, re.Min, re.Max)
	}
	return n
}

// compile compiles the expressions of an entry that has so many conditions in all.
func (c *textConditions) compile(e *AllowEntry, conditions int, bad func(format string, args ...any)) {
	for _, k := range []struct {
		key   string
		exprs []string
		to    *[]*regexp.Regexp
		any   func(*regexp.Regexp) bool
	}{
		{"path_regexes", e.PathRegexes, &c.paths, matchesAnyPathRegex},
		{"match_regexes", e.MatchRegexes, &c.matches, matchesAnySecret},
		{"line_regexes", e.LineRegexes, &c.lines, matchesAnySecret},
		{"cover_regexes", e.CoverRegexes, &c.covers, matchesAnySecret},
		{"grep_regexes", e.GrepRegexes, &c.greps, matchesAnyLine},
	} {
		for _, expr := range k.exprs {
			r, err := regexp.Compile(expr)
			switch {
			case err != nil:
				bad("%s: %v", k.key, err)
			case conditions == len(k.exprs) && (k.any(r) || k.key != "path_regexes" && r.MatchString("")):
				bad("%s: %q matches everything, so nothing would ever be reported; add another condition", k.key, expr)
			default:
				*k.to = append(*k.to, r)
			}
		}
	}
	for _, id := range e.Commits {
		if len(id) != 40 && len(id) != 64 || strings.Trim(id, "0123456789abcdef") != "" {
			bad("commits: %q is no whole id of a commit, in lower case", id)
		}
	}
}

func matchesAnyPathRegex(r *regexp.Regexp) bool {
	return !slices.ContainsFunc(differentPaths(), func(p string) bool { return !r.MatchString(p) })
}

func matchesAnyLine(r *regexp.Regexp) bool {
	i := -1
	return !slices.ContainsFunc(differentPaths(), func(p string) bool {
		i++
		return !r.MatchString(p + ":" + strings.Repeat("1", i+1) + ":" + strings.Repeat(string("aB0-"[i]), 20))
	})
}

// holdText reports whether the conditions in this file hold, but for those about
// the path.
func (e *allowEntry) holdText(path string, f *Finding) bool {
	at := &f.around
	if len(e.Commits) > 0 {
		id := at.commit
		if id == "" && f.Location.Commit != nil {
			id = f.Location.Commit.ID
		}
		if !slices.Contains(e.Commits, id) {
			return false
		}
	}
	if len(e.Lines) > 0 && !slices.ContainsFunc(e.Lines, func(n int) bool {
		return n >= f.Location.Line && n <= max(f.Location.Line, f.Location.EndLine)
	}) {
		return false
	}
	if e.Checksum != "" && e.Checksum != at.checksum {
		return false
	}
	if len(e.Hashes) > 0 && !slices.ContainsFunc(hashesOf(f.Secret), func(h string) bool { return slices.Contains(e.Hashes, h) }) {
		return false
	}
	text := at.text.Reveal()
	found := func(rs []*regexp.Regexp, in string) bool {
		return slices.ContainsFunc(rs, func(r *regexp.Regexp) bool { return r.MatchString(in) })
	}
	if len(e.MatchRegexes) > 0 && !(at.known && found(e.text.matches, text[at.matchStart:at.matchEnd])) ||
		len(e.LineRegexes) > 0 && !(at.known && found(e.text.lines, text)) {
		return false
	}
	if len(e.CoverRegexes) > 0 && !slices.ContainsFunc(e.text.covers, func(r *regexp.Regexp) bool {
		return at.known && slices.ContainsFunc(r.FindAllStringIndex(text, -1), func(m []int) bool {
			return m[0] <= at.secretStart && m[1] >= at.secretEnd
		})
	}) {
		return false
	}
	if len(e.GrepRegexes) > 0 {
		line, _, _ := strings.Cut(text, "\n")
		return found(e.text.greps, path+":"+strconv.Itoa(f.Location.Line)+":"+strings.TrimSuffix(line, "\r"))
	}
	return true
}

// hashesOf returns the hashes under which other scanners may know a secret. Of a
// private key detect-secrets knows the words of its first line alone.
func hashesOf(secret Secret) []string {
	if secret.IsZero() {
		return nil
	}
	clear := strings.TrimSpace(secret.Reveal())
	texts := []string{clear}
	if begin, _, ok := strings.Cut(strings.TrimLeft(clear, "-"), "-----"); ok && strings.HasPrefix(begin, "BEGIN ") {
		texts = append(texts, begin)
	}
	var hashes []string
	for _, t := range texts {
		one, two := sha1.Sum([]byte(t)), sha256.Sum256([]byte(t))
		hashes = append(hashes, HashSHA1+hex.EncodeToString(one[:]), HashSHA256+hex.EncodeToString(two[:]))
	}
	return hashes
}

// aboutCommits reports whether an entry is about commits.
func (a *Allowlist) aboutCommits() bool { return a != nil && a.commits }

// wantsText reports whether an entry looks at the text around a finding.
func (a *Allowlist) wantsText() bool { return a != nil && a.text }

// pins reports whether an entry allows what is in a file as long as that does not
// change.
func (a *Allowlist) pins(path string) bool {
	return a != nil && slices.ContainsFunc(a.pinned, func(i int) bool { return a.entries[i].matchesPath(path) })
}

// checksum returns the SHA-256 of the path and content of a blob, one behind the
// other, in hex; "" if it cannot be read, which the scan of it says.
func (w *worker) checksum(ctx context.Context, b *Blob) (string, error) {
	rc, err := b.Open(ctx)
	if skip := (*SkipError)(nil); errors.As(err, &skip) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	h := sha256.New()
	io.WriteString(h, b.repoPath())
	_, err = io.Copy(h, rc)
	if err = errors.Join(err, rc.Close()); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
