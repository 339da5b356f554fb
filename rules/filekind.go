package rules

import "strings"

// A fileKind says what an unquoted word is in a file: in code it is a name, in
// configuration a value.
type fileKind uint8

const (
	kindText   fileKind = iota // anything: judged by the value alone
	kindCode                   // programming languages
	kindGo                     // Go, whose lines tell whether they are code
	kindConfig                 // YAML, INI, .env, shell, ...
	kindNetrc                  // words in a row
	kindLocale                 // texts for people
	kindLock                   // digests
)

// isCode reports whether an unquoted word is a name.
func (k fileKind) isCode() bool { return k == kindCode || k == kindGo }

// fileKindOf judges by the name of a file.
func fileKindOf(path string) fileKind {
	low := strings.ToLower(path)
	base := low[strings.LastIndexByte(low, '/')+1:]
	switch base {
	case ".netrc", "_netrc", ".authinfo":
		return kindNetrc
	case "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "go.sum", "cargo.lock", "composer.lock", "gemfile.lock",
		"poetry.lock", "podfile.lock", "pipfile.lock", ".terraform.lock.hcl", "flake.lock", "uv.lock", "bun.lock",
		"npm-shrinkwrap.json", "gradle.lockfile", "mix.lock", "pubspec.lock", "packages.lock.json":
		return kindLock
	case "rakefile", "gemfile", "vagrantfile", "podfile", "fastfile", "jenkinsfile", "guardfile", "capfile", "sconstruct":
		return kindCode
	case "dockerfile", "makefile", ".env", ".envrc", ".npmrc", ".pypirc", ".my.cnf", ".s3cfg", ".boto", "credentials", "config":
		return kindConfig
	}
	for _, dir := range [...]string{"/locales/", "/locale/", "/i18n/", "/lang/", "/langs/", "/translations/", "/l10n/", "/lproj/"} {
		if strings.Contains("/"+low, dir) {
			return kindLocale
		}
	}
	if strings.HasPrefix(base, ".env") || strings.HasPrefix(base, "dockerfile.") {
		return kindConfig
	}
	dot := strings.LastIndexByte(base, '.')
	if dot < 0 {
		return kindText
	}
	switch base[dot+1:] {
	case "go":
		return kindGo
	case "py", "pyi", "js", "mjs", "cjs", "jsx", "ts", "tsx", "mts", "java", "kt", "kts", "scala", "groovy", "c", "h", "cc", "cpp",
		"cxx", "hh", "hpp", "cs", "fs", "vb", "rs", "rb", "erb", "php", "swift", "m", "mm", "lua", "r", "pl", "pm", "dart", "vue",
		"svelte", "ex", "exs", "erl", "hs", "ml", "clj", "cljs", "jl", "nim", "zig", "v", "sol", "coffee", "tcl", "gradle",
		"pas", "f90", "asm", "s", "proto", "graphql", "css", "scss", "less":
		return kindCode
	case "yml", "yaml", "json", "json5", "jsonc", "toml", "ini", "cfg", "conf", "cnf", "config", "env", "properties", "sh", "bash", "zsh", "fish",
		"ps1", "psm1", "bat", "cmd", "tf", "tfvars", "hcl", "nomad", "plist", "xml", "dsn", "rc", "pgpass", "netrc", "credentials",
		"service", "desktop", "inf", "reg", "ovpn", "cnxml":
		return kindConfig
	case "po", "pot", "arb", "resx", "strings", "xlf", "xliff", "ftl":
		return kindLocale
	case "lock", "sum", "snap":
		return kindLock
	}
	return kindText
}
