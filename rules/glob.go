package rules

import (
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// MatchGlob reports whether a valid glob matches a slash-separated path. One
// without a slash is about the last element of the path, in every folder; one
// that ends with a slash about everything below a folder.
func MatchGlob(glob, path string) bool {
	const meta = `*?[]{}\`
	if end := glob[strings.LastIndexAny(glob, meta)+1:]; !strings.HasSuffix(glob, "/") && !strings.HasSuffix(path, strings.TrimPrefix(end, "/")) {
		return false // most paths do not even end as the glob does
	}
	if !strings.Contains(glob, "/") {
		name := path[strings.LastIndexByte(path, '/')+1:]
		if tail := strings.TrimPrefix(glob, "*"); !strings.ContainsAny(tail, meta) {
			// The most frequent kinds: *.key, and a name.
			return strings.HasSuffix(name, tail) && (tail != glob || name == glob)
		}
		return doublestar.MatchUnvalidated(glob, name)
	}
	if strings.HasSuffix(glob, "/") {
		glob += "**"
	}
	return doublestar.MatchUnvalidated(strings.TrimPrefix(glob, "/"), path)
}

// matchesGlob reports whether one of the globs matches the path.
func matchesGlob(globs []string, path string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool { return MatchGlob(glob, path) })
}
