package rules

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// The shapes that a rule can ask for.
const (
	shapePassword = "password" // chosen by people: any mix of characters
	shapeKey      = "key"      // made by machines: random characters
	shapeBytes    = "bytes"    // made by machines: a list of random bytes, written as numbers
)

// A verdict is what judgeValue says about a value.
type verdict struct {
	confidence Confidence // 0: it is no secret
	why        string     // why it is no secret
	severity   Severity   // the most that it can be
	model      *model     // nil if a test alone decided
	features   featureSet
	score      float64
}

func not(why string) verdict { return verdict{why: why} }

// reasons returns why a value is a secret, in a few words.
func (v *verdict) reasons() []string {
	if v.model == nil {
		return []string{"a list of random bytes"}
	}
	return append([]string{"a literal value, no reference and no placeholder"}, v.model.reasons(&v.features, 3)...)
}

// tests returns the sum that is the score, feature by feature.
func (v *verdict) tests() []Test {
	if v.model == nil {
		return nil
	}
	return v.model.tests(&v.features)
}

// judgeValue decides by its shape, its name and the file's kind whether an
// assigned value is a credential or only looks like one. What is certainly
// something else (a reference, a path, a type) is told by itself; the rest is
// a matter of score.
func judgeValue(shape string, a *assignment, value string, in *file) verdict {
	if w := a.name[strings.LastIndexByte(a.name, '_')+1:]; nonSecretSuffix()[w] {
		return not("the name is of something about a secret, not of a secret")
	}
	if strings.Contains(a.name, "public") {
		return not("the name says that it is public")
	}
	if strings.HasPrefix(a.name, "existing_") && len(value) < 64 && !hasUpper(value) && allIn(value, func(c byte) bool { return isNameByte(c) && c != '_' || c == '-' || c == '.' }) {
		return not("the name of an object that holds secrets")
	}
	if a.name == "from_secret" || strings.HasSuffix(a.name, "_from_secret") {
		return not("the name of a secret that is kept elsewhere")
	}
	if perRequest.MatchString(a.name) && !strings.HasSuffix(a.name, "secret") {
		return not("the name is of a token that is made for every request")
	}
	if a.name == "token" && a.ofSignedRequest() {
		return not("the token of one signed request")
	}
	if a.query && a.ofBadge() {
		return not("the token of a badge, which everybody may see")
	}
	if string(a.key) == "PASS" && bytes.HasSuffix(a.left, []byte("--- ")) {
		return not("a test that passed")
	}
	if a.bytes != (shape == shapeBytes) {
		return not("a list of numbers where text is looked for, or the other way round")
	}
	if a.bytes {
		return judgeBytes(value)
	}
	if inner := strings.TrimSuffix(strings.TrimPrefix(value, `\"`), `\"`); inner != "" {
		value = inner
	}
	if inner := strings.Trim(value, `'"`); inner != "" {
		value = inner // quotes in quotes, as in a line of shell in a line of YAML
	}
	if why := notLiteral(a, value); why != "" {
		return not(why)
	}
	if why := otherKind(a, value); why != "" {
		return not(why)
	}
	w := words(value)
	if why := blank(value); why != "" {
		return not(why)
	}
	if shape == shapeKey && strings.Contains(strings.ToLower(value), "example") {
		return not("an example of the documentation")
	}
	if why := codeName(a, value, w); why != "" {
		return not(why)
	}
	if why := unlike(shape, a, value); why != "" {
		return not(why)
	}
	if clear, ok := clearText(value); ok && (a.op == opCommand || strings.Contains(a.name, "cred") || strings.Contains(a.name, "auth") || strings.Contains(clear, ":")) {
		if _, password, ok := strings.Cut(clear, ":"); ok {
			clear, shape = password, shapePassword
		}
		value, w = clear, words(clear)
		if len(value) < 4 {
			return not("the base64 of something too short for a secret")
		}
	}
	v := verdict{severity: SeverityCritical, model: modelOf(shape), features: featuresOf(a, value, in, w)}
	v.score = v.model.score(&v.features)
	v.confidence = v.model.confidence(v.score)
	if v.confidence == 0 {
		v.why = v.model.against(&v.features, v.score)
	}
	if v.features[fHash] {
		v.severity = SeverityLow
	}
	return v
}

// clearText returns the text that a value is the base64 of.
func clearText(v string) (text string, ok bool) {
	if len(v) < 8 || len(v) > 128 || !strings.HasSuffix(v, "=") && len(v)%4 != 0 {
		return "", false
	}
	raw, err := base64.StdEncoding.DecodeString(v)
	if err != nil || len(raw) < 4 {
		return "", false
	}
	for _, c := range raw {
		if c < ' ' || c > '~' {
			return "", false
		}
	}
	return string(raw), true
}

// judgeBytes judges a list of bytes that are written as numbers.
func judgeBytes(list string) verdict {
	seen := map[string]bool{}
	n := 0
	for number := range strings.SplitSeq(list, ",") {
		seen[strings.TrimSpace(number)] = true
		n++
	}
	if len(seen)*3 < n*2 && len(seen) < 24 || len(seen) < minBytes*3/4 {
		return not("the same bytes again and again")
	}
	if bytesInOrder(list) {
		return not("bytes in order")
	}
	return verdict{confidence: ConfidenceMedium, severity: SeverityCritical}
}

// bytesInOrder reports whether most of the numbers follow each other.
func bytesInOrder(list string) bool {
	prev, steps, n := int64(0), 0, 0
	for number := range strings.SplitSeq(list, ",") {
		v, _ := strconv.ParseInt(strings.TrimSpace(number), 0, 64)
		if d := v - prev; n > 0 && (d == 1 || d == -1 || d == 0x11 || d == -0x11) {
			steps++
		}
		prev = v
		n++
	}
	return steps*2 >= n-1
}

// Last words of names that hold something about a secret.
var nonSecretSuffix = wordSet("id", "ids", "name", "names", "file", "filename", "path", "url", "uri", "env", "type", "types", "length", "len", "size", "count",
	"limit", "field", "label", "hint", "policy", "min", "max", "regex", "pattern", "expiry", "expires", "ttl", "timeout", "algo", "algorithm",
	"endpoint", "reset", "placeholder", "prompt", "text", "title", "message", "msg", "error", "desc", "description",
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
	case c == '!' && !a.quoted && !a.kind.isCode() && len(v) > 1 && isLetter(v[1]):
		return "a tag"
	case c == '@' && strings.Contains(v, "_") && allIn(v[1:], func(c byte) bool { return c == '_' || isDigit(c) || 'A' <= c && c <= 'Z' }):
		return "a reference to a variable"
	case !a.quoted && composite.MatchString(v):
		return "the beginning of a composite literal"
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
		if a.op == opCommand && a.kind.isCode() && memberAccess.MatchString(v) && !dottedWords(v) {
			if bits, _ := pairBits(v); bits > 0.2 {
				return "a name with its members"
			}
		}
		return ""
	}
	switch {
	case codeCall.MatchString(v):
		return "an expression"
	case a.op == opCompare:
		return "a name"
	case a.op == opEqual && a.kind == kindConfig && bytes.HasSuffix(a.left, []byte("$")): // $password = Get-Secret, in PowerShell
		return "a name, since it is not quoted"
	case a.kind.isCode() && !a.inString && !a.query && !a.flag && !a.embedded:
		return "a name, since it is not quoted"
	case memberAccess.MatchString(v) && !dottedWords(v):
		return "a name with its members"
	}
	return ""
}

// dottedWords reports whether a value that is written as a name with a member is
// rather two words and a number that a person joined by a dot: harbour.lantern47.
// Names of code have words for what they hold, or no number.
func dottedWords(v string) bool {
	const shortest = 3 // of a word
	w := words(v)
	if strings.Count(v, ".") != 1 || len(w) != 2 || !isDigit(v[len(v)-1]) || !allIn(v, func(c byte) bool { return isNameByte(c) && c != '_' || c == '.' }) {
		return false
	}
	return len(w[0]) >= shortest && len(w[1]) >= shortest && allWords(w) && knownWords(w) == 0
}

var (
	referencePrefix = lazy(`(?i)^(?:arn:aws|projects/[^/]+/secrets|@microsoft\.keyvault|vault:|secret/data/|op://|doppler://|sm://|ref\+|keyring:|env:|file:|` +
		`enc\[|enc\(|\{cipher\}|\$ansible_vault|secure:|aqicah|\{\{|!vault|ssm:|secretsmanager:|kms:|resolve:|awskms|gcpkms|config:|process\.env|os\.environ|os\.getenv|` +
		`system\.getenv|import\.meta|settings\.|self\.|this\.|req\.|args\.|props\.|params\.|options\.|ctx\.|secrets\.|var\.|local\.|data\.|module\.|env\.|vars\.|github\.|inputs\.|steps\.|needs\.|matrix\.|-----begin )`)
	variable     = lazy(`^\$[A-Z][A-Z0-9_]+[:/]|^[/:@%]?\\?[$&][A-Za-z_]\w*[-/:@.]?$`)
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
	"passphrase", "secretword", "supersecret", "secretpassword", "apitoken", "clientsecret", "client_secret", "mypassword", "yourpassword", "mysecret", "mytoken", "myapikey", "base64", "hex", "plain", "plaintext",
	"database", "development", "production", "staging", "local", "localhost",
	"密码", "新密码", "你的密码", "口令", "パスワード", "비밀번호", "пароль", "contraseña", "mot de passe", "passwort", "kennwort", "wachtwoord", "senha")

// Words that say that a value is to be replaced or was made up.
var placeholderWords = wordSet("your", "yours", "insert", "enter", "replace", "changeme", "placeholder", "dummy", "fake", "redacted", "masked",
	"todo", "fixme", "here", "xxx", "xxxx", "xxxxx", "xxxxxx", "xxxxxxxx", "lorem", "ipsum", "example", "examplekey", "sample", "notreal", "removed", "censored",
	"hidden", "undefined", "goes", "foobar", "foo", "blah", "mock", "mocked", "stub", "bogus", "nonexistent", "invalid", "wrong", "incorrect", "bad", "something", "anything", "whatever")

// Parts of values, in lower case, that say the same.
var placeholderParts = [...]string{"example", "changeme", "change_me", "change-me", "placeholder", "redacted"}

// speaksOfPlaceholder reports whether a word or a part of a value says that it
// is to be replaced or was made up.
func speaksOfPlaceholder(low, v string, w []string) bool {
	random := hasDigit(v) && !strings.ContainsAny(v, "_-. /") // three letters stand between its digits by chance
	for _, word := range w {
		if placeholderWords()[word] && !(random && len(word) <= 3) {
			return true
		}
	}
	for _, part := range placeholderParts {
		if strings.Contains(low, part) {
			return true
		}
	}
	return false
}

// blank recognises values that are left to be filled in.
func blank(v string) string {
	low := strings.ToLower(v)
	for _, part := range [...]string{"xxxxx", "*****", ".....", "-----", "_____", "00000000", "your_", "your-", "yourpass", "yourkey", "yourtoken",
		"yoursecret", "yourapi", "filtered"} {
		if strings.Contains(low, part) {
			return "a blank to fill in"
		}
	}
	switch {
	case strings.ToUpper(v) == v && hasLetter(v) && placeholderValues()[low]:
		return "a blank to fill in"
	case distinct(v) == 1, strings.Contains(v, "••"):
		return "the same character again and again"
	case formatVerb.MatchString(v) && !djangoKey.MatchString(v):
		return "a format"
	case takenOut()[low], strings.HasSuffix(v, "EXAMPLE") || strings.HasSuffix(v, "EXAMPLEKEY"), fillIn.MatchString(low) && !hasDigit(v):
		return "a blank to fill in"
	case holder.MatchString(v), deployed.MatchString(v) && deployment.MatchString(v):
		return "the name of an object that holds secrets"
	case blankInBrackets.MatchString(v):
		return "a placeholder in brackets"
	case strings.Contains(v, "...") || strings.HasSuffix(v, "…"):
		return "a shortened sample"
	}
	return ""
}

// composite is how a composite literal begins: &client.Secret{ in Go, and in C++ and
// Rust a type with its namespaces.
var composite = lazy(`^[&*]?[A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*)*\{\}?$`)

// takenOut are whole values, in lower case, that stand where a secret was.
var takenOut = wordSet("redacted", "masked", "removed", "omitted", "censored", "stripped", "scrubbed", "sanitized")

// fillIn are words that tell the reader what to put there, or that it is none.
var fillIn = lazy(`^(?:insert|enter|paste|put|add|replace)[-_ ][a-z_ -]+$|^[a-z_ -]+[-_ ](?:goes[-_ ])?here$|^not[-_ ](?:a[-_ ])?real[-_ a-z]*$`)

// holder is how objects are named that hold secrets or certificates: app-credentials.
var holder = lazy(`^[a-z]+(?:-[a-z]+)*-(?:credentials?|creds|tls|cert)$`)

// deployed is how secrets are named where they are deployed, if one of the words
// says where that is: kv-prod-secret, prod-db-password.
var (
	deployed   = lazy(`^[a-z]+(?:-[a-z]+)+-(?:secrets?|password|token|key)$`)
	deployment = lazy(`(?:^|-)(?:prod|production|staging|stage|preprod|qa|uat|kv|vault|k8s|kube|cluster)-`)
)

// blankInBrackets is a blank to fill in, in a value that is otherwise written
// out: sk_live_<your key>.
var blankInBrackets = lazy(`<[A-Za-z][\w :.-]*>$|<[A-Za-z]\w*[ _:.-][\w :.-]*>`)

var formatVerb = lazy(`%(?:[-+]?\d?[sdvq]|\([a-z_]+\)s)|^\{\w*\}$|\{[a-z_]+\}|^\?$`)

// otherKind recognises values of another kind than a credential.
func otherKind(a *assignment, v string) string {
	switch {
	case v[0] == '/' && strings.Count(v, "/") > 1, strings.HasPrefix(v, "@/"), strings.HasPrefix(v, "@./"), strings.HasPrefix(v, "./"), strings.HasPrefix(v, "../"), strings.HasPrefix(v, "~/"),
		strings.HasPrefix(v, `.\`), len(v) > 2 && v[1] == ':' && (v[2] == '\\' || v[2] == '/') && isLetter(v[0]):
		return "a path"
	case strings.HasSuffix(v, "/") && !hasDigit(v) && allIn(v, func(c byte) bool { return isNameByte(c) || c == '-' || c == '/' }) && !hasUpper(v):
		return "a path"
	case strings.HasPrefix(v, "--") && allIn(v, func(c byte) bool { return isLetter(c) || c == '-' }):
		return "an option"
	case url.MatchString(v):
		return "a URL"
	case mail.MatchString(v):
		return "an e-mail address"
	case fileName.MatchString(v):
		return "a file's name"
	case a.op != opURL && a.op != opCommand && selector.MatchString(v):
		return "a selector"
	case expression.MatchString(v):
		return "a regular expression"
	case digest.MatchString(v):
		return "a digest"
	case version.MatchString(v):
		return "a version or an address"
	case date.MatchString(v):
		return "a date"
	case typed()[strings.ToLower(v)]:
		return "a switch or a type"
	case strings.HasPrefix(v, ", ") || strings.HasPrefix(v, "!0") || strings.HasPrefix(v, "!1") || strings.Contains(v, `\[`) || strings.Contains(v, `\r`) || strings.Contains(v, `\n`):
		return "code"
	case !a.quoted && hexNumber.MatchString(v):
		return "a number"
	case a.flag && mountOption.MatchString(v):
		return "an option that names a secret"
	case a.quoted && fewEscapes.MatchString(v):
		return "a few characters that are written as numbers"
	case scope.MatchString(v):
		return "the scope of a signature"
	case algorithm.MatchString(v):
		return "the name of an algorithm"
	case encodedAsset(v):
		return "an encoded image, font or archive"
	case publicKey.MatchString(v):
		return "a public key or certificate"
	}
	return ""
}

// perRequest are names of tokens against forged requests, which are worth nothing
// outside of the session and the form that they were made for.
var perRequest = lazy(`(?:^|_)(?:csrf|xsrf|authenticity|request_?verification|crumb|nonce)(?:_|$)`)

// typed are whole values, in lower case, that are switches and types.
var typed = wordSet("true", "false", "yes", "no", "on", "off", "null", "nil", "none", "undefined", "nan", "enabled", "disabled", "required", "optional", "nullable",
	"string", "str", "int", "integer", "bool", "boolean", "number", "float", "char", "byte", "bytes", "object", "array", "list", "dict", "map", "text", "varchar",
	"digest", "uuid", "self", "this", "prompt", "ask", "auto", "function", "symbol", "bigint", "void", "any", "never", "unknown", "secretstr")

var (
	hexNumber = lazy(`^-?0[xX][0-9A-Fa-f_]{1,20}$`)
	// docker build --secret id=npmrc,src=.npmrc
	mountOption = lazy(`^(?:id|type|src|source|env|file|name|target)=`)
	fewEscapes  = lazy(`^(?:\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}){1,5}$`)
	scope       = lazy(`/\d{8}/[\w-]+/[\w-]+/`)
	algorithm   = lazy(`(?i)^[\w-]*(?:hmac|rsa|ecdsa|scram)[-_]?sha-?(?:1|224|256|384|512)$|(?i)^(?:cram|digest|hmac)-md5$|(?i)^(?:aes|des|des3|3des|rsa|sha|md5|bcrypt|scrypt|argon2)[-_]?\w{0,4}(?:[-_](?:gcm|cbc|ecb|ctr|sha\d*))*$`)
	url         = lazy(`^(?:[a-z][a-z0-9+.-]*:)?//[^@]*$|^(?:https?|ftp|urn|mailto|data):`)
	mail        = lazy(`^[\w.+-]+@[\w-]+\.[\w.-]+$`)
	fileName    = lazy(`(?i)^[\w./\\-]+\.(?:json|ya?ml|toml|o|a|so|dll|exe|pem|key|crt|cer|txt|xml|ini|cfg|conf|env|properties|p12|pfx|jks|keystore|js|ts|py|go|rb|php|java|sh|html?|css|md|png|jpe?g|svg|gpg|asc|pub|log|db|sqlite|tfvars?|lock|csv)$`)
	selector    = lazy(`^(?:[#.][A-Za-z][\w-]*|(?:input|form|div|button|a)[\[#.][\w\[\]='"#.:-]+|//[a-z*]+\[.*)$`)
	expression  = lazy(`^\^|\(\?[:=!<P]|\(\[\^|\\[dws][+*{]|\[[a-zA-Z0-9]-[a-zA-Z0-9].*\][+*{]|\.\*`)
	digest      = lazy(`^(?:sha(?:1|256|384|512)|md5|h1)[-:=]|^SHA256:|@sha256:`)
	version     = lazy(`^[v^~]?\d+(?:\.\d+)+(?:[-+][\w.]+)?$|^\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?$`)
	date        = lazy(`^\d{4}-\d\d-\d\d(?:[T ].*)?$`)
	publicKey   = lazy(`^(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S+) |^-----BEGIN (?:PUBLIC KEY|CERTIFICATE)|^MII[A-Z]I?[jC]AN`)
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
	"hide", "toggle", "visible", "always", "never", "match", "mismatch", "nomatch", "allow", "allowed", "deny", "denied", "block", "blocked", "abort", "accept",
	"reject", "grant", "granted", "skip", "ignore", "success", "failure", "failed", "fail", "is", "has", "no", "not", "with", "without", "for", "to", "from", "of", "the", "a", "an", "in", "on", "by", "and", "or",
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
var screaming = lazy(`^[A-Z]+[0-9]{0,2}(?:_[A-Z]+[0-9]{0,2})+\W?$`)

// knownWords counts the words that identifiers are made of.
func knownWords(w []string) (n int) {
	for _, word := range w {
		if identifierWords()[word] {
			n++
		}
	}
	return n
}

// codeName recognises texts that are written as names, labels and routes are.
func codeName(a *assignment, v string, w []string) string {
	if hasDigit(v) || len(w) == 0 {
		return ""
	}
	if !allIn(v, func(c byte) bool { return isNameByte(c) || c == '-' || c == '.' || c == ':' || c == '/' || c == '#' }) {
		return ""
	}
	known := knownWords(w)
	switch {
	case strings.HasSuffix(v, ":") && len(w) <= 2,
		a.op != opURL && a.op != opCommand && strings.ToLower(v) == a.name && 'A' <= v[0] && v[0] <= 'Z' && !hasUpper(v[1:]): // password: "Password"
		return "a label"
	case a.wrapped && normalise([]byte(v)) == a.name: // password := c.DefaultQuery("password", "")
		return "a name that it is looked up by"
	case len(w) >= 2 && known >= 1 && strings.ContainsAny(v, "#/"):
		return "a route"
	case strings.Contains(v, "::") || strings.Count(v, ".") >= 2 && allWords(w):
		return "a qualified name"
	}
	return ""
}

// unlike says why a value cannot be what its shape asks for.
func unlike(shape string, a *assignment, v string) string {
	if !a.quoted && a.more && a.op != opEqual && a.op != opFlag && a.op != opSpace {
		return "the first word of a text"
	}
	if a.op == opFlag && a.more && !a.quoted && (a.kind == kindText || a.inString || a.comment) && allIn(v, func(c byte) bool { return 'a' <= c && c <= 'z' }) {
		if bits, n := pairBits(v); n >= 3 && bits > 0 {
			return "the first word of a text"
		}
	}
	if a.kind == kindLocale && !a.quoted && a.more {
		return "the first word of a text"
	}
	if a.op == opCompare && a.name == "token" {
		if bits, n := pairBits(v); !hasDigit(v) || n >= 3 && bits > 0 {
			return "a word that a parser knows"
		}
	}
	if a.op == opFlag && !a.quoted && (a.kind == kindText || a.inString || a.comment) && strings.HasSuffix(v, ".") && allIn(v[:len(v)-1], isLetter) {
		return "the last word of a text"
	}
	if strings.Count(v, " ") >= 4 {
		return "a sentence"
	}
	if shape == shapeKey {
		switch {
		case len(v) < 6, len(v) < 8 && (hasDigit(v) || !strings.HasSuffix(a.name, "secret")):
			return "too short for a key"
		case !keyText.MatchString(v) && !djangoKey.MatchString(v):
			return "not made of the characters of a key"
		case allIn(v, isDigit) && len(v) < 16, floatNumber.MatchString(v):
			return "a number"
		case !hasLetter(v) && len(v) < 20:
			return "a number"
		case !strings.Contains(a.name, "secret") && madeOfWords(v):
			return "made of words, as no key is"
		}
		return ""
	}
	switch {
	case len(v) < 4:
		return "too short"
	case len(v) > 128:
		return "too long for a password"
	case !strings.ContainsFunc(v, func(r rune) bool { return r >= 0x80 || isLetter(byte(r)) || isDigit(byte(r)) }):
		return "nothing but punctuation"
	}
	return ""
}

// madeOfWords reports whether a value has no digits and its letters follow each
// other as in words.
func madeOfWords(v string) bool {
	if hasDigit(v) || !allIn(v, func(c byte) bool { return isNameByte(c) || c == '-' || c == '.' }) {
		return false
	}
	bits, n := pairBits(v)
	return n >= 4 && bits > -0.1
}

var floatNumber = lazy(`^-?\d+(?:\.\d+)?[eE][-+]?\d+$`)

// djangoKey is what the secret keys that Django makes are made of: among the
// symbols are such as calls and formats have.
var djangoKey = lazy(`^[a-z0-9!@#$%^&*(_=+)-]{50}$`)

var keyText = lazy(`^[\w+/=.~:!@#$%^&*-]+$`)

var hashed = lazy(`^\$(?:2[abxy]?|apr1|[156y]|argon2\w*|P|H|pbkdf2[\w-]*)\$|^\{S?SHA\d*\}|^pbkdf2[_:]|^SCRAM-SHA-|^\*[0-9A-F]{40}$`)

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
	return steps*10 >= (len(low)-1)*8 || interleaved(low)
}

// interleaved reports whether a value is a1b2c3d4 or a longer one of its kind.
func interleaved(low string) bool {
	if len(low) < 8 {
		return false
	}
	for i := range len(low) {
		letter := isLetter(low[i])
		if letter != isLetter(low[0]) != (i%2 == 1) {
			return false
		}
		if i >= 2 && low[i] != low[i-2]+1 && !(low[i] == '0' && low[i-2] == '9') {
			return false
		}
	}
	return true
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
func hasLetter(v string) bool {
	return strings.ContainsFunc(v, func(r rune) bool { return r < 128 && isLetter(byte(r)) })
}
func hasUpper(v string) bool { return strings.ContainsFunc(v, unicode.IsUpper) }
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
	src     string
	once    sync.Once
	matcher *matcher
	sieve   *sieve // of what every match has; nil: it has nothing to tell it by
}

func lazy(src string) *lazyRegexp { return &lazyRegexp{src: src} }

func (l *lazyRegexp) compiled() *matcher {
	l.once.Do(func() { l.matcher, l.sieve = newMatcher(l.src, 0), valueSieve(l.src) })
	return l.matcher
}

func (l *lazyRegexp) regexp() *regexp.Regexp { return l.compiled().regexp() }

// MatchString reports whether the expression matches in s. A dozen of them are
// asked about most values, and what they all look for is not there: a colon, a
// dot, a digit.
func (l *lazyRegexp) MatchString(s string) bool {
	m := l.compiled()
	if l.sieve != nil && indexRun(l.sieve.run, s, l.sieve.runLen) < 0 {
		return false
	}
	return m.matches([]byte(s))
}

// Match is MatchString for bytes.
func (l *lazyRegexp) Match(b []byte) bool { return l.compiled().matches(b) }
