package report

import (
	"path"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// Fix says what to write in place of the secret, in the language of the file
// that it stands in: one line without the secret.
func Fix(f *scanner.Finding) string {
	base := strings.ToLower(path.Base(f.Location.Path))
	switch {
	case f.Secret.IsZero():
		return "keep this file out of git: git rm --cached, and add it to .gitignore"
	case strings.Contains(f.RuleID, "private-key"):
		return "keep the key in a file outside of git, and its path in the configuration"
	case isDotenv(base):
		return "keep this file out of git: git rm --cached, and add it to .gitignore"
	}
	switch path.Ext(base) {
	case ".md", ".rst", ".adoc", ".txt", ".html":
		return "write a placeholder, such as <" + lowerKebab(variable(f)) + ">"
	}
	if ref := reference(f.Location.Path, variable(f)); ref != "" {
		return "read it from outside, such as " + ref
	}
	return "keep the value outside of git, and read it where it is needed"
}

// isDotenv reports whether the file holds the environment that other files
// would refer to, so that a reference has no place in it.
func isDotenv(base string) bool {
	return base == ".env" || strings.HasPrefix(base, ".env.") || strings.HasSuffix(base, ".env") || base == ".envrc"
}

// reference returns how a file of this name reads an environment variable; ""
// if files of its kind cannot.
func reference(p, name string) string {
	p = strings.ToLower(p)
	base := path.Base(p)
	if strings.Contains("/"+p, "/.github/workflows/") {
		return "${{ secrets." + name + " }}"
	}
	switch path.Ext(base) {
	case ".py", ".pyw", ".ipynb":
		return `os.environ["` + name + `"]`
	case ".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte":
		return "process.env." + name
	case ".go":
		return `os.Getenv("` + name + `")`
	case ".rb", ".rake", ".gemspec":
		return `ENV.fetch("` + name + `")`
	case ".java", ".kt", ".kts", ".scala", ".groovy", ".gradle":
		return `System.getenv("` + name + `")`
	case ".php":
		return "getenv('" + name + "')"
	case ".rs":
		return `std::env::var("` + name + `")`
	case ".cs", ".vb", ".fs":
		return `Environment.GetEnvironmentVariable("` + name + `")`
	case ".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".m", ".mm":
		return `getenv("` + name + `")`
	case ".swift":
		return `ProcessInfo.processInfo.environment["` + name + `"]`
	case ".dart":
		return `Platform.environment["` + name + `"]`
	case ".ex", ".exs":
		return `System.fetch_env!("` + name + `")`
	case ".pl", ".pm":
		return "$ENV{" + name + "}"
	case ".lua":
		return `os.getenv("` + name + `")`
	case ".r":
		return `Sys.getenv("` + name + `")`
	case ".ps1", ".psm1":
		return "$env:" + name
	case ".bat", ".cmd":
		return "%" + name + "%"
	case ".tf", ".tfvars", ".hcl":
		return "a variable set by TF_VAR_" + strings.ToLower(name)
	case ".sh", ".bash", ".zsh", ".ksh", ".yml", ".yaml", ".toml", ".properties", ".conf", ".cfg", ".ini", ".npmrc":
		return "${" + name + "}"
	}
	switch {
	case strings.HasPrefix(base, "dockerfile"), base == "makefile", base == "justfile", base == "procfile":
		return "${" + name + "}"
	case base == "jenkinsfile":
		return "credentials('" + lowerKebab(name) + "')"
	}
	return ""
}

// variable returns a name for an environment variable: of the key that the
// secret was assigned to, else of the rule.
func variable(f *scanner.Finding) string {
	for _, s := range []string{f.Key, assigned(f), f.RuleID} {
		if name := upperSnake(s); name != "" && len(name) <= 40 {
			return name
		}
	}
	return "SECRET"
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

func lowerKebab(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "-")) }

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
