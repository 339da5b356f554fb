package rules

import (
	"regexp"
	"strings"
	"sync"
)

// The shapes that a rule can ask for.
const (
	shapePassword = "password" // chosen by people: any mix of characters
	shapeKey      = "key"      // made by machines: random characters
)

// A verdict is what judgeValue says about a value.
type verdict struct {
	secret     bool
	confidence Confidence
	severity   Severity
	reasons    []string // why it is a secret, or one reason why not
}

func not(why string) verdict { return verdict{reasons: []string{why}} }

// judgeValue decides by its shape, its name and the file's kind whether an
// assigned value is a credential or only looks like one: a reference, a
// placeholder, a word for people, a path, an identifier.
func judgeValue(shape string, a *assignment, value, path string) verdict {
	if w := a.name[strings.LastIndexByte(a.name, '_')+1:]; nonSecretSuffix()[w] {
		return not("the name is of something about a secret, not of a secret")
	}
	if strings.Contains(a.name, "public") {
		return not("the name says that it is public")
	}
	if inner := strings.Trim(value, `'"`); inner != "" {
		value = inner // quotes in quotes, as in a line of shell in a line of YAML
	}
	if why := notLiteral(a, value); why != "" {
		return not(why)
	}
	w := words(value)
	if why := placeholder(a, value, w); why != "" {
		return not(why)
	}
	if why := otherKind(value); why != "" {
		return not(why)
	}
	if why := nameLike(a, value, w); why != "" {
		return not(why)
	}
	v := verdict{secret: true, confidence: ConfidenceHigh, severity: SeverityCritical}
	if shape == shapeKey {
		v.key(a, value, w)
	} else {
		v.password(a, value, w)
	}
	if v.secret && (a.kind == kindLock || a.kind == kindLocale) {
		v.confidence = ConfidenceLow
	}
	if v.secret && lowValuePath(path) && v.confidence > ConfidenceMedium {
		v.confidence = ConfidenceMedium
	}
	return v
}

// Last words of names that hold something about a secret.
var nonSecretSuffix = wordSet("id", "ids", "name", "names", "file", "filename", "path", "url", "uri", "env", "type", "types", "length", "len", "size", "count",
	"limit", "field", "label", "hint", "policy", "min", "max", "regex", "pattern", "expiry", "expires", "ttl", "timeout", "algo", "algorithm",
	"endpoint", "reset", "confirmation", "placeholder", "prompt", "text", "title", "message", "msg", "error", "desc", "description",
	"version", "arn", "ref", "reference", "prefix", "suffix", "format", "encoding", "column", "index", "header", "selector", "class", "enabled",
	"required", "visible", "valid", "strength", "store", "storage", "manager", "provider", "service", "handler", "callback", "func", "function",
	"method", "scope", "scopes", "dir", "directory", "location", "status", "state", "date", "time", "at", "by", "owner", "user", "username")

// notLiteral recognises values that name a secret kept elsewhere, or code.
func notLiteral(a *assignment, v string) string {
	switch c := v[0]; {
	case strings.Contains(v, "${") || strings.Contains(v, "$(") || strings.Contains(v, "{{") || strings.Contains(v, "<%") ||
		strings.Contains(v, "#{") || strings.Contains(v, "%{") || strings.Contains(v, "@{") || strings.Contains(v, "$[") || strings.Contains(v, "[["):
		return "a template or a reference to a variable"
	case c == '$' && len(v) > 1 && (isLetter(v[1]) || v[1] == '_') && !strings.HasPrefix(v, "$2") && allIn(v[1:], isNameByte):
		return "a reference to a variable"
	case c == '%' && v[len(v)-1] == '%', c == '!' && v[len(v)-1] == '!' && len(v) > 2 && allIn(v[1:len(v)-1], isNameByte),
		strings.HasPrefix(v, "__") && strings.HasSuffix(v, "__"), c == '@' && v[len(v)-1] == '@':
		return "a reference to a variable"
	case c == '<' && strings.Contains(v, ">"), c == '[' && v[len(v)-1] == ']', c == '{' && v[len(v)-1] == '}', c == '(' && v[len(v)-1] == ')':
		return "a placeholder in brackets"
	case c == '!' && !a.quoted && a.kind != kindCode && len(v) > 1 && isLetter(v[1]):
		return "a tag"
	case c == ':' && allIn(v[1:], isNameByte), c == '&' && v[len(v)-1] == ';', c == '*' && !a.quoted && allIn(v[1:], isNameByte):
		return "a reference"
	}
	if variable.MatchString(v) {
		return "a reference to a variable"
	}
	if referencePrefix.MatchString(v) {
		return "a reference to where the secret is kept, or a ciphertext"
	}
	if a.quoted {
		if codeCall.MatchString(v) && strings.ContainsAny(v, "()") {
			return "an expression"
		}
		return ""
	}
	switch {
	case codeCall.MatchString(v):
		return "an expression"
	case a.op == opCompare:
		return "a name"
	case a.kind == kindCode && !a.inString && !a.query && !a.flag:
		return "a name, since it is not quoted"
	case memberAccess.MatchString(v):
		return "a name with its members"
	}
	return ""
}

var (
	referencePrefix = lazy(`(?i)^(?:arn:aws|projects/[^/]+/secrets|@microsoft\.keyvault|vault:|secret/data/|op://|doppler://|sm://|ref\+|keyring:|env:|file:|` +
		`enc\[|enc\(|\{cipher\}|\$ansible_vault|secure:|aqicah|\{\{|!vault|ssm:|secretsmanager:|kms:|resolve:|awskms|gcpkms|config:|process\.env|os\.environ|os\.getenv|` +
		`system\.getenv|import\.meta|settings\.|self\.|this\.|req\.|args\.|props\.|params\.|options\.|ctx\.|secrets\.|var\.|local\.|data\.|module\.|env\.|vars\.|github\.|inputs\.|steps\.|needs\.|matrix\.|-----begin )`)
	variable     = lazy(`^[/:@%]?\\?[$&][A-Za-z_]\w*[-/:@.]?$`)
	codeCall     = lazy(`^[A-Za-z_$][\w$.:>-]*[(\[]`)
	memberAccess = lazy(`^[A-Za-z_$][A-Za-z0-9_$]*(?:(?:\.|->|::)[A-Za-z_$][A-Za-z0-9_$]*)+$`)
)

// Whole values, in lower case without separators, that stand for a secret to come.
var placeholderValues = wordSet("changeme", "changeit", "changethis", "replaceme", "todo", "tbd", "fixme", "none", "null", "nil", "undefined", "na",
	"empty", "blank", "dummy", "fake", "foo", "bar", "baz", "foobar", "example", "sample", "test", "testing", "demo", "placeholder", "redacted", "masked",
	"hidden", "secret", "secrets", "password", "passwd", "passw", "pass", "pwd", "token", "key", "apikey", "accesskey", "secretkey", "accesstoken", "authtoken",
	"string", "str", "text", "value", "default", "true", "false", "yes", "no", "on", "off", "required", "optional", "nullable", "int", "integer",
	"bool", "boolean", "self", "this", "username", "user", "admin", "root", "guest", "login", "email", "name", "unknown", "disabled", "enabled", "auto",
	"xxx", "asdf", "qwerty", "abc", "abcd", "abcdef", "any", "object", "number", "float", "char", "byte", "bytes", "array", "list", "dict", "map",
	"credentials", "credential", "auth", "bearer", "basic", "private", "public", "prompt", "ask", "env", "file", "vault", "static", "random", "generated",
	"passphrase", "apitoken", "clientsecret", "client_secret", "mypassword", "yourpassword", "mysecret", "mytoken", "myapikey", "base64", "hex", "plain", "plaintext",
	"database", "development", "production", "staging", "local", "localhost")

// Words that say that a value is to be replaced or was made up.
var placeholderWords = wordSet("your", "yours", "insert", "enter", "replace", "changeme", "placeholder", "dummy", "fake", "redacted", "masked",
	"todo", "fixme", "here", "xxx", "xxxx", "xxxxx", "xxxxxx", "xxxxxxxx", "lorem", "ipsum", "example", "examplekey", "sample", "notreal", "removed", "censored",
	"hidden", "undefined", "goes", "foobar", "foo", "blah", "mock", "mocked", "stub", "bogus", "nonexistent", "invalid", "wrong", "incorrect", "bad")

// placeholder recognises values that stand for a secret to come.
func placeholder(a *assignment, v string, w []string) string {
	low := strings.ToLower(v)
	joined := strings.Join(w, "")
	if placeholderValues()[low] || !hasDigit(v) && placeholderValues()[joined] {
		return "a placeholder"
	}
	random := hasDigit(v) && !strings.ContainsAny(v, "_-. /") // three letters stand between its digits by chance
	for _, word := range w {
		if placeholderWords()[word] && !(random && len(word) <= 3) {
			return "a placeholder"
		}
	}
	for _, part := range [...]string{"example", "changeme", "change_me", "change-me", "placeholder", "redacted", "xxxxx", "*****", ".....", "-----", "_____", "00000000", "your_", "your-", "<your", "yourpass", "yourkey", "yourtoken", "yoursecret", "yourapi"} {
		if strings.Contains(low, part) {
			return "a placeholder"
		}
	}
	if n := distinct(v); n <= 2 || n <= 3 && len(v) >= 12 {
		return "the same characters again and again"
	}
	if normalise([]byte(v)) == a.name {
		return "the name itself"
	}
	if inOrder(low) {
		return "characters in order"
	}
	if formatVerb.MatchString(v) {
		return "a format"
	}
	if blankInBrackets.MatchString(v) {
		return "a placeholder in brackets"
	}
	if strings.HasSuffix(v, "...") || strings.HasSuffix(v, "…") || strings.HasPrefix(v, "...") {
		return "a shortened sample"
	}
	return ""
}

// blankInBrackets is a blank to fill in, in a value that is otherwise written
// out: sk_live_<your key>.
var blankInBrackets = lazy(`<[A-Za-z][\w :.-]*>`)

var formatVerb = lazy(`%(?:[-+0-9.]*[sdvqx]|\([a-z_]+\)s)|^\{\w*\}$|\{[a-z_]+\}|^\?$`)

// otherKind recognises values of another kind than a credential.
func otherKind(v string) string {
	switch {
	case v[0] == '/' && strings.Count(v, "/") > 1, strings.HasPrefix(v, "./"), strings.HasPrefix(v, "../"), strings.HasPrefix(v, "~/"),
		strings.HasPrefix(v, `.\`), len(v) > 2 && v[1] == ':' && (v[2] == '\\' || v[2] == '/') && isLetter(v[0]):
		return "a path"
	case url.MatchString(v):
		return "a URL"
	case mail.MatchString(v):
		return "an e-mail address"
	case fileName.MatchString(v):
		return "a file's name"
	case selector.MatchString(v):
		return "a selector"
	case expression.MatchString(v):
		return "a regular expression"
	case digest.MatchString(v):
		return "a digest"
	case version.MatchString(v):
		return "a version or an address"
	case date.MatchString(v):
		return "a date"
	case encodedAsset(v):
		return "an encoded image, font or archive"
	case publicKey.MatchString(v):
		return "a public key or certificate"
	}
	return ""
}

var (
	url        = lazy(`^(?:[a-z][a-z0-9+.-]*:)?//[^@]*$|^(?:https?|ftp|urn|mailto|data):`)
	mail       = lazy(`^[\w.+-]+@[\w-]+\.[\w.-]+$`)
	fileName   = lazy(`(?i)^[\w./\\-]+\.(?:json|ya?ml|toml|pem|key|crt|cer|txt|xml|ini|cfg|conf|env|properties|p12|pfx|jks|keystore|js|ts|py|go|rb|php|java|sh|html?|css|md|png|jpe?g|svg|gpg|asc|pub|log|db|sqlite|tfvars?|lock|csv)$`)
	selector   = lazy(`^(?:[#.][A-Za-z][\w-]*|(?:input|form|div|button|a)[\[#.][\w\[\]='"#.:-]+|//[a-z*]+\[.*)$`)
	expression = lazy(`^\^|\(\?[:=!<P]|\\[dws][+*{]|\[[a-zA-Z0-9]-[a-zA-Z0-9].*\][+*{]|\.\*`)
	digest     = lazy(`^(?:sha(?:1|256|384|512)|md5|h1)[-:=]|^SHA256:|@sha256:`)
	version    = lazy(`^[v^~]?\d+(?:\.\d+)+(?:[-+][\w.]+)?$|^\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?$`)
	date       = lazy(`^\d{4}-\d\d-\d\d(?:[T ].*)?$`)
	publicKey  = lazy(`^(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S+) |^-----BEGIN (?:PUBLIC KEY|CERTIFICATE)|^MII[A-Z]I?[jC]AN`)
)

func encodedAsset(v string) bool {
	for _, p := range [...]string{"iVBOR", "/9j/4", "R0lGOD", "PHN2Zy", "d09GM", "AAABAA", "JVBERi", "UEsDB", "H4sI", "TVqQ"} {
		if strings.HasPrefix(v, p) {
			return true
		}
	}
	return false
}

// Words that identifiers, labels and texts beside a secret are made of.
var identifierWords = wordSet("password", "passwords", "passwd", "pwd", "pass", "passphrase", "token", "tokens", "secret", "secrets", "key", "keys", "credential",
	"credentials", "auth", "api", "access", "refresh", "bearer", "client", "user", "username", "login", "logout", "db", "database", "current", "new", "old",
	"confirm", "confirmation", "confirmed", "reset", "forgot", "forgotten", "change", "changed", "update", "updated", "set", "get", "input", "field", "fields",
	"form", "label", "name", "value", "values", "type", "types", "hash", "hashed", "encrypted", "encryption", "decrypt", "admin", "root", "account", "email", "id", "ids",
	"session", "cookie", "csrf", "xsrf", "jwt", "oauth", "sso", "saml", "ldap", "x", "header", "headers", "request", "response", "error", "errors", "invalid",
	"missing", "required", "expired", "expires", "validate", "validation", "verify", "verified", "generate", "create", "delete", "remove", "show",
	"hide", "toggle", "visible", "is", "has", "no", "not", "with", "without", "for", "to", "from", "of", "the", "a", "an", "in", "on", "by", "and", "or",
	"config", "configuration", "settings", "setting", "option", "options", "param", "params", "default", "env", "variable", "var", "file", "path",
	"url", "uri", "store", "storage", "manager", "service", "provider", "handler", "helper", "utils", "util", "test", "tests", "mock", "string", "text",
	"public", "private", "shared", "master", "signing", "sign", "signature", "web", "app", "application", "server", "host", "local", "global",
	"data", "info", "item", "items", "list", "index", "page", "button", "btn", "link", "view", "modal", "dialog", "icon", "prompt", "message", "hint",
	"policy", "strength", "length", "min", "max", "ttl", "scope", "scopes", "read", "write", "only", "all", "any", "other", "same", "first", "last", "next",
	"aws", "azure", "gcp", "google", "github", "gitlab", "slack", "stripe", "docker", "registry", "vault", "kubernetes", "k8s", "cluster", "node",
	"smtp", "mail", "ssh", "ssl", "tls", "cert", "certificate", "ca", "rsa", "pem", "hmac", "aes", "base64", "encoded", "plain", "raw", "main", "primary",
	"backup", "temp", "tmp", "code", "grant", "authorization", "authentication", "authenticate", "authenticated", "authorize", "credentialsprovider",
	"basic", "digest", "anonymous", "verification", "activation", "recovery", "two", "factor", "otp", "pin", "webhook", "internal", "external", "remote",
	"project", "org", "organization", "team", "group", "role", "permission", "permissions", "device", "push", "fcm", "notification", "lookup", "partition", "sort", "cache",
	"redis", "mysql", "postgres", "postgresql", "mongo", "mongodb", "kafka", "rabbitmq", "elastic", "elasticsearch", "s3", "bucket", "region", "profile")

// screaming is how constants and environment variables are written.
var screaming = lazy(`^[A-Z]+(?:_[A-Z]+)+$`)

// nameLike recognises identifiers and texts for people.
func nameLike(a *assignment, v string, w []string) string {
	if strings.ContainsAny(v, " \t\n") {
		return "text with blanks"
	}
	if hasDigit(v) || len(w) == 0 {
		return ""
	}
	if !allIn(v, func(c byte) bool { return isNameByte(c) || c == '-' || c == '.' || c == ':' || c == '/' || c == '#' }) {
		return ""
	}
	known := 0
	for _, word := range w {
		if identifierWords()[word] {
			known++
		}
	}
	switch {
	case strings.HasSuffix(v, ":") && len(w) <= 2:
		return "a label"
	case known == len(w), screaming.MatchString(v):
		return "an identifier"
	case len(w) >= 3 && known >= 1 && allWords(w), len(w) >= 4 && allWords(w):
		return "an identifier"
	case len(w) >= 2 && known >= 1 && strings.ContainsAny(v, "#/"):
		return "a route"
	case len(w) >= 2 && a.kind == kindCode && known*2 >= len(w) && strings.IndexByte(v, '-') < 0:
		return "an identifier"
	case strings.Contains(v, "::") || strings.Count(v, ".") >= 2 && allWords(w):
		return "a qualified name"
	}
	return ""
}

// password judges what people choose. Most of it cannot be told from words by
// its characters, so the name decides and the value only lowers the confidence.
func (v *verdict) password(a *assignment, value string, w []string) {
	v.confidence = ConfidenceMedium
	switch {
	case len(value) < 4:
		*v = not("too short")
	case !a.quoted && a.more && a.op != opEqual && a.op != opFlag && a.op != opSpace:
		*v = not("the first word of a text")
	case len(value) > 128:
		*v = not("too long for a password")
	case hashed.MatchString(value):
		v.confidence, v.severity = ConfidenceMedium, SeverityLow
		v.reasons = append(v.reasons, "a password's hash")
	case len(value) < 6:
		v.confidence = ConfidenceLow
		v.reasons = append(v.reasons, "short")
	case allIn(value, isDigit) && !a.quoted && len(value) < 8:
		v.confidence = ConfidenceLow
		v.reasons = append(v.reasons, "a number")
	case isWord(value) && !a.quoted && a.kind != kindConfig && !a.inString && a.op != opFlag && a.op != opElement:
		// password: letters, in a text: more often a word than a password.
		v.confidence = ConfidenceLow
		v.reasons = append(v.reasons, "a word")
	default:
		v.reasons = append(v.reasons, "a literal value, no reference and no placeholder")
		if classes(value) >= 3 && len(value) >= 8 {
			v.confidence = ConfidenceHigh
			v.reasons = append(v.reasons, "a mix of characters")
		}
	}
}

var hashed = lazy(`^\$(?:2[abxy]?|apr1|[156y]|argon2\w*|P|H|pbkdf2[\w-]*)\$|^\{S?SHA\d*\}|^pbkdf2[_:]|^SCRAM-SHA-|^\*[0-9A-F]{40}$`)

// key judges what machines make: letters and digits without words.
func (v *verdict) key(a *assignment, value string, w []string) {
	v.confidence = ConfidenceMedium
	bits := Entropy([]byte(value))
	digits, letters := hasDigit(value), strings.ContainsFunc(value, func(r rune) bool { return r < 128 && isLetter(byte(r)) })
	switch {
	case len(value) < 8:
		*v = not("too short")
	case !a.quoted && a.more && a.op != opEqual && a.op != opFlag && a.op != opSpace:
		*v = not("the first word of a text")
	case !keyText.MatchString(value):
		*v = not("not made of the characters of a key")
	case allIn(value, isDigit) && len(value) < 16:
		*v = not("a number")
	case !digits && len(value) < 16:
		*v = not("no digits, and too short without")
	case !digits && allIn(value, func(c byte) bool { return 'a' <= c && c <= 'z' || c == '_' || c == '-' || c == '.' || c == '/' }) && (len(w) > 1 || bits < 3.5):
		*v = not("words")
	case !letters && allIn(value, func(c byte) bool { return isDigit(c) || c == '.' || c == '-' || c == ':' }) && len(value) < 20:
		*v = not("a number")
	case looksNamed(value, w):
		*v = not("an identifier")
	case bits < 2.5:
		*v = not("too regular")
	default:
		v.reasons = append(v.reasons, "random letters and digits")
		if len(value) >= 20 && bits >= 3.5 && digits && letters {
			v.confidence = ConfidenceHigh
		}
	}
}

var keyText = lazy(`^[\w+/=.~:!@#$%^&*-]+$`)

// looksNamed reports whether a value with digits is words and small numbers
// all the same: auth0-client, s3_bucket_2, com.example.v1.
func looksNamed(value string, w []string) bool {
	if len(w) < 2 {
		return false
	}
	letters := 0
	for _, word := range w {
		if identifierWords()[word] {
			letters += len(word)
		}
	}
	return letters*3 >= len(value)*2
}

// lowValuePath reports whether a path is of a place where secrets are mostly
// made up.
func lowValuePath(path string) bool {
	low := "/" + strings.ToLower(path)
	for _, dir := range [...]string{"/test/", "/tests/", "/spec/", "/__tests__/", "/fixtures/", "/testdata/", "/examples/", "/example/", "/samples/", "/docs/",
		"/mocks/", "/vendor/", "/node_modules/", "/third_party/", "/dist/"} {
		if strings.Contains(low, dir) {
			return true
		}
	}
	return strings.HasSuffix(low, ".min.js") || strings.HasSuffix(low, ".snap") || strings.HasSuffix(low, ".svg") || strings.HasSuffix(low, "_test.go")
}

// words splits a value at case changes, punctuation and digits, in lower case.
func words(v string) []string {
	var out []string
	start := -1
	for i := 0; i <= len(v); i++ {
		var c, prev byte
		if i < len(v) {
			c = v[i]
		}
		if i > 0 {
			prev = v[i-1]
		}
		boundary := !isLetter(c) || start >= 0 && 'A' <= c && c <= 'Z' && 'a' <= prev && prev <= 'z'
		if boundary && start >= 0 {
			out = append(out, strings.ToLower(v[start:i]))
			start = -1
		}
		if isLetter(c) && start < 0 {
			start = i
		}
	}
	return out
}

// allWords reports whether all could be words: known ones, or of three to
// fourteen letters with vowels among them.
func allWords(w []string) bool {
	for _, word := range w {
		if !identifierWords()[word] && (len(word) < 3 || len(word) > 14 || !strings.ContainsAny(word, "aeiouy")) {
			return false
		}
	}
	return true
}

// isWord reports whether a value is one run of letters in one case, but for a
// capital at the start.
func isWord(v string) bool {
	rest := v[1:]
	return allIn(v, isLetter) && (strings.ToLower(rest) == rest || strings.ToUpper(v) == v)
}

// distinct counts the different bytes of a value.
func distinct(v string) int {
	var seen [256]bool
	n := 0
	for i := range len(v) {
		if !seen[v[i]] {
			seen[v[i]] = true
			n++
		}
	}
	return n
}

// inOrder reports whether a value is mostly a run such as 123456 or abcdef.
func inOrder(low string) bool {
	if len(low) < 4 {
		return false
	}
	steps := 0
	for i := 1; i < len(low); i++ {
		if d := int(low[i]) - int(low[i-1]); d == 1 || d == -1 || d == 0 || low[i] == '0' && low[i-1] == '9' {
			steps++
		}
	}
	return steps*10 >= (len(low)-1)*8
}

// classes counts how many of lower, upper, digit and symbol a value has.
func classes(v string) int {
	var has [4]int
	for i := range len(v) {
		switch c := v[i]; {
		case 'a' <= c && c <= 'z':
			has[0] = 1
		case 'A' <= c && c <= 'Z':
			has[1] = 1
		case isDigit(c):
			has[2] = 1
		default:
			has[3] = 1
		}
	}
	return has[0] + has[1] + has[2] + has[3]
}

func isLetter(c byte) bool   { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool    { return '0' <= c && c <= '9' }
func isNameByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' }
func hasDigit(v string) bool { return strings.ContainsAny(v, "0123456789") }

func allIn(v string, in func(byte) bool) bool {
	for i := range len(v) {
		if !in(v[i]) {
			return false
		}
	}
	return true
}

// wordSet returns a function that returns the words as a set. Like lazy, it
// does its work when it is first needed: most commits never get here, and a
// hook pays for its start on every one of them.
func wordSet(words ...string) func() map[string]bool {
	return sync.OnceValue(func() map[string]bool {
		m := make(map[string]bool, len(words))
		for _, w := range words {
			m[w] = true
		}
		return m
	})
}

// A lazyRegexp is compiled when it is first used.
type lazyRegexp struct {
	src  string
	once sync.Once
	re   *regexp.Regexp
}

func lazy(src string) *lazyRegexp { return &lazyRegexp{src: src} }

func (l *lazyRegexp) regexp() *regexp.Regexp {
	l.once.Do(func() { l.re = regexp.MustCompile(l.src) })
	return l.re
}

func (l *lazyRegexp) MatchString(s string) bool { return l.regexp().MatchString(s) }
func (l *lazyRegexp) Match(b []byte) bool       { return l.regexp().Match(b) }
