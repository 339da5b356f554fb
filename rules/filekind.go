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
	kindTable                  // rows of values below the names of their columns
)

// isCode reports whether an unquoted word is a name.
func (k fileKind) isCode() bool { return k == kindCode || k == kindGo }

// A file is what its path says about what stands in it.
type file struct {
	kind       fileKind
	test, docs bool // it belongs to tests, to documentation
	script     bool // it is a script of a shell
}

func fileOf(path string) *file {
	return &file{kind: fileKindOf(path), test: testPath(path), docs: docsPath(path), script: scriptPath(path)}
}

// fileKindOf judges by the name of a file.
func fileKindOf(path string) fileKind {
	low := strings.ToLower(path)
	base := low[strings.LastIndexByte(low, '/')+1:]
	switch base {
	case ".netrc", "_netrc", ".authinfo", ".msmtprc", "msmtprc":
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
	if isLanguage(base[:dot]) {
		switch base[dot+1:] {
		case "json", "yml", "yaml", "properties":
			return kindLocale
		}
	}
	switch base[dot+1:] {
	case "go":
		return kindGo
	case "py", "pyi", "js", "mjs", "cjs", "jsx", "ts", "tsx", "mts", "java", "kt", "kts", "scala", "groovy", "c", "h", "cc", "cpp",
		"cxx", "hh", "hpp", "cs", "fs", "vb", "rs", "rb", "erb", "php", "swift", "m", "mm", "lua", "r", "pl", "pm", "perl", "rake", "gemspec", "ru", "podspec", "dart", "vue",
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
	case "csv", "tsv", "psv":
		return kindTable
	}
	return kindText
}

// languages are the codes of those that programs are most translated to, ISO
// 639. Those that are words of their own (id, is, no) are not among them.
var languages = wordSet("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "ja", "ko", "zh", "sv", "da", "fi", "nb", "cs", "tr", "uk", "ar", "he", "hu", "ro", "el", "th", "vi", "bg", "hr", "sk", "sl", "sr", "lt", "lv", "et", "ca", "gl", "eu", "fa", "hi", "mn")

// isLanguage reports whether the name of a file is that of a language, in lower
// case: de, pt-br, messages_fr.
func isLanguage(name string) bool {
	for _, of := range [...]string{"messages", "translations", "translation", "strings", "locale"} {
		if rest, ok := strings.CutPrefix(name, of); ok {
			name = strings.TrimLeft(rest, "_.-")
			break
		}
	}
	if code, region, ok := strings.Cut(strings.ReplaceAll(name, "_", "-"), "-"); ok && len(region) == 2 {
		name = code
	}
	return languages()[name]
}

// scriptPath reports whether a path is of a script of a shell.
func scriptPath(path string) bool {
	switch strings.ToLower(path[strings.LastIndexByte(path, '.')+1:]) {
	case "sh", "bash", "zsh", "fish", "bat", "cmd":
		return true
	}
	return false
}

// testPath reports whether a path is of a place where secrets are mostly made
// up for tests.
func testPath(path string) bool {
	low := "/" + strings.ToLower(path)
	for _, dir := range [...]string{"/test/", "/tests/", "/spec/", "/specs/", "/__tests__/", "/fixtures/", "/testdata/", "/mocks/", "/mock/", "/e2e/", "/t/"} {
		if strings.Contains(low, dir) {
			return true
		}
	}
	base := low[strings.LastIndexByte(low, '/')+1:]
	return strings.Contains(base, "_test.") || strings.Contains(base, ".test.") || strings.Contains(base, "_spec.") || strings.Contains(base, ".spec.") ||
		strings.HasPrefix(base, "test_") || strings.HasPrefix(base, "test.") || strings.HasSuffix(base, ".snap")
}

// docsPath reports whether a path is of a place where secrets are mostly made
// up to show how something is used.
func docsPath(path string) bool {
	low := "/" + strings.ToLower(path)
	for _, dir := range [...]string{"/docs/", "/doc/", "/documentation/", "/examples/", "/example/", "/samples/", "/sample/", "/guides/", "/node_modules/"} {
		if strings.Contains(low, dir) {
			return true
		}
	}
	for _, suffix := range [...]string{".md", ".mdx", ".rst", ".adoc", ".asciidoc", ".man"} {
		if strings.HasSuffix(low, suffix) {
			return true
		}
	}
	return strings.HasPrefix(low[strings.LastIndexByte(low, '/')+1:], "readme")
}
