package report

import (
	"fmt"
	"path"
	"strings"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
)

// A Remedy says what to write in place of a secret, in one language.
type Remedy struct {
	Language string // "Go", "Kubernetes", ...; "" if that is not known
	Advice   string // one line
	Code     string // lines to write instead, without the secret; "" for none
	Then     string // where the value goes, with a command if there is one; "" for nothing

	// Comment is what a comment looks like that allows a finding on its line,
	// with "%s" for its text; "" where there are no comments.
	Comment string
}

// Fix says what to write in place of the secret, in the language of the file
// that it stands in: one line without the secret.
func Fix(f *scanner.Finding) string { return RemedyFor(f, nil).Advice }

// RemedyFor returns what to write in place of the secret of a finding. head is
// the beginning of the file, which tells formats apart that share an ending;
// nil if it is not known.
func RemedyFor(f *scanner.Finding, head []byte) Remedy {
	l := languageOf(f.Location.Path, string(head))
	n := namesOf(f)
	r := l.remedy(n)
	base := strings.ToLower(path.Base(f.Location.Path))
	switch {
	case f.InPath:
		r.Advice = "give the file or folder another name: git mv"
		r.Code, r.Then = "", ""
	case f.Secret.IsZero():
		r.Advice = "keep this file out of git: git rm --cached, and add it to .gitignore"
		r.Code, r.Then = "", ""
	case strings.Contains(f.RuleID, "private-key"):
		r.Advice = "keep the key in a file outside of git, and its path in the configuration"
		r.Code, r.Then = "", "a key that was in git is not secret any more: make a new pair"
	case isDotenv(base):
		r.Advice = "keep this file out of git: git rm --cached, and add it to .gitignore"
	case l.docs:
		r.Advice = "write a placeholder, such as <" + n.kebab + ">"
	case l.advice != "":
		r.Advice = n.fill(l.advice)
	case l.reference != "":
		r.Advice = "read it from outside, such as " + n.fill(l.reference)
	default:
		r.Advice = "keep the value outside of git, and read it where it is needed"
	}
	return r
}

// Opens says what somebody who has the secret can do.
func Opens(s rules.Severity, provider string) string {
	text := map[rules.Severity]string{
		rules.SeverityCritical: "whoever has it can act as its owner: read and change what the owner can, spend the owner's money, or get further from there. Revoke it before anything else",
		rules.SeverityHigh:     "whoever has it gets at data or services that are not public. Revoke it, and look at what it was used for",
		rules.SeverityMedium:   "it opens little, or opens something only together with another piece. Revoke it if it was shared",
		rules.SeverityLow:      "by itself it opens hardly anything; it should not be in a repository all the same",
	}[s]
	if provider != "" {
		text += ". It is issued by " + provider
	}
	return fmt.Sprintf("Severity %s: %s.", s, text)
}

// Remedies returns what to write in place of a secret in the languages and
// formats that are common, for a secret that is kept under a name such as
// DB_PASSWORD.
func Remedies(name string) []Remedy {
	n := newNames(name, "")
	var rs []Remedy
	for _, l := range languages() {
		if l.common {
			r := l.remedy(n)
			r.Advice = n.fill(l.reference)
			rs = append(rs, r)
		}
	}
	return rs
}

func (l *language) remedy(n names) Remedy {
	r := Remedy{Language: l.name, Comment: l.comment}
	if l.code != "" {
		r.Code = n.fill(strings.Trim(l.code, "\n"))
	}
	r.Then = n.fill(l.then)
	return r
}

// isDotenv reports whether the file holds the environment that other files
// would refer to, so that a reference has no place in it.
func isDotenv(base string) bool {
	return base == ".env" || strings.HasPrefix(base, ".env.") || strings.HasSuffix(base, ".env") || base == ".envrc"
}

// names are the ways to spell what a secret is called.
type names struct {
	upper, snake, camel, pascal, kebab string // DB_PASSWORD, db_password, dbPassword, DbPassword, db-password
	key                                string // as it is written in the file, else snake
}

func newNames(name, key string) names {
	n := names{upper: upperSnake(name), key: key}
	if n.upper == "" {
		n.upper = "SECRET"
	}
	n.snake = strings.ToLower(n.upper)
	n.kebab = strings.ReplaceAll(n.snake, "_", "-")
	for word := range strings.SplitSeq(n.snake, "_") {
		if word != "" {
			n.pascal += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	n.camel = strings.ToLower(n.pascal[:1]) + n.pascal[1:]
	if n.key == "" {
		n.key = n.snake
	}
	return n
}

// fill puts the names into a template.
func (n *names) fill(template string) string {
	return strings.NewReplacer("@NAME@", n.upper, "@snake@", n.snake, "@camel@", n.camel, "@Pascal@", n.pascal, "@kebab@", n.kebab, "@key@", n.key).Replace(template)
}

// namesOf returns how to call a finding's secret: as the key that it was
// assigned to, else as the rule.
func namesOf(f *scanner.Finding) names {
	for _, s := range []string{f.Key, assigned(f), f.RuleID} {
		if name := upperSnake(s); name != "" && len(name) <= 40 {
			key := f.Key
			if s == f.RuleID || !isName(key) {
				key = ""
			}
			return newNames(name, key)
		}
	}
	return newNames("", "")
}

// isName reports whether a key can be written without quotes.
func isName(key string) bool {
	return key != "" && strings.Trim(strings.ToLower(key), "abcdefghijklmnopqrstuvwxyz0123456789_-.") == ""
}

// assigned returns the name that the line assigns the secret to, as far as can
// be seen by looking at what stands before it: `token: "` gives token.
func assigned(f *scanner.Finding) string {
	before, _, ok := strings.Cut(f.Line, f.Secret.String())
	if !ok {
		return ""
	}
	before = strings.TrimRight(before, " \t\"'`")
	name := strings.TrimRight(before, ":=>")
	if name == before {
		return ""
	}
	name = strings.TrimRight(name, " \t\"'`]")
	start := strings.LastIndexFunc(name, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-.", r))
	})
	name = name[start+1:]
	return name[strings.LastIndexByte(name, '.')+1:] // of a path, the last part
}

// upperSnake turns dbPassword, DB-PASSWORD and db.password into DB_PASSWORD;
// "" if there is no letter to begin with.
func upperSnake(s string) string {
	var b strings.Builder
	lower, gap := false, false
	for i := range len(s) {
		c := s[i]
		isUpper, isLower, isDigit := 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9'
		if !isUpper && !isLower && !isDigit {
			gap = b.Len() > 0
			continue
		}
		if b.Len() == 0 && isDigit {
			continue
		}
		if gap || isUpper && lower {
			b.WriteByte('_')
		}
		gap, lower = false, isLower || isDigit
		if isLower {
			c -= 'a' - 'A'
		}
		b.WriteByte(c)
	}
	return b.String()
}
