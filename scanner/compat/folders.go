package compat

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
)

// folders returns the folders of which an exception leaves out everything, by
// nothing but their path.
func folders(e *scanner.AllowEntry) (found []string) {
	if len(e.Regexes)+len(e.StopWords)+len(e.Rules)+len(e.Fingerprints)+len(e.MatchRegexes)+len(e.LineRegexes)+len(e.CoverRegexes)+
		len(e.GrepRegexes)+len(e.Commits)+len(e.Hashes)+len(e.Lines) > 0 || e.Checksum != "" {
		return nil
	}
	for _, expr := range e.PathRegexes {
		re, err := regexp.Compile(expr)
		if err != nil {
			continue
		}
		for _, folder := range folderWords(expr) {
			if wholeFolder(folder, re.MatchString) {
				found = append(found, folder)
			}
		}
	}
	for _, glob := range e.Paths {
		folder := ""
		for _, all := range []string{"/**/*", "/**", "/*", "/"} {
			if cut, ok := strings.CutSuffix(glob, all); ok {
				folder = strings.TrimLeft(strings.TrimPrefix(cut, "**/"), "/")
				break
			}
		}
		if folder != "" && !strings.ContainsAny(folder, `*?[]{}\`) && wholeFolder(folder+"/", func(path string) bool { return rules.MatchGlob(glob, path) }) {
			found = append(found, folder+"/")
		}
	}
	return found
}

// wholeFolder reports whether files of all kinds are in, below a folder.
func wholeFolder(folder string, matches func(path string) bool) bool {
	for _, name := range []string{"zq.b", ".d/e/f-g.hh/0", "Q/x.pem"} {
		if !matches(strings.TrimPrefix(folder, "/") + name) {
			return false
		}
	}
	return true
}

// folderWords returns the literal texts in an expression that could be the name of a
// folder: with a slash at the end.
func folderWords(expr string) (words []string) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	var walk func(re *syntax.Regexp)
	walk = func(re *syntax.Regexp) {
		if re.Op == syntax.OpLiteral {
			text := strings.TrimLeft(string(re.Rune), "/")
			if at := strings.LastIndexByte(text, '/'); at > 0 {
				words = append(words, text[:at+1])
			} else if text != "" && !strings.ContainsAny(text, ".") {
				words = append(words, text+"/")
			}
		}
		for _, sub := range re.Sub {
			walk(sub)
		}
	}
	walk(re)
	return words
}
