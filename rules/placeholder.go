package rules

import (
	"bytes"
	"slices"
	"strings"
)

// Bounds of the placeholder test. Where a random secret could be taken for a
// placeholder by chance, they are such that it happens to less than one in
// 100,000 of any kind (TestPlaceholderByChance).
const (
	// minOrdered is the length, in bytes, from which a secret is looked
	// through for repetition and order: people do choose "abcd1234".
	minOrdered = 16
	// maxWorded is the length up to which words in a secret count: long
	// secrets are files and encodings, where a word proves nothing.
	maxWorded = 200
)

// isPlaceholder says why a text stands for a secret and is none, "" if it may
// be one. keywords are those of the rule: what the format begins with is not
// looked at.
//
// It is for rules that recognise a secret by its form alone. A rule with a
// shape has the value, the name and the file judged together, see shape.go.
func isPlaceholder(secret []byte, keywords []string) string {
	text := withoutHost(withoutPrefix(secret, keywords))
	if len(text) == 0 {
		return ""
	}
	if len(secret) <= maxWorded {
		if why := isTemplate(text); why != "" {
			return why
		}
		if low := lowerASCII(string(text)); isPlaceholderName(low) || hasPlaceholderWord(string(text), low) {
			return "a placeholder"
		}
	}
	if isRepetition(text) {
		return "a few characters repeated"
	}
	if len(text) >= minOrdered && isOrdered(text) {
		return "characters in order"
	}
	return ""
}

// withoutPrefix returns what stands behind the longest keyword that the secret
// begins with.
func withoutPrefix(secret []byte, keywords []string) []byte {
	longest := 0
	for _, k := range keywords {
		if len(k) > longest && len(k) <= len(secret) && bytes.EqualFold(secret[:len(k)], []byte(k)) {
			longest = len(k)
		}
	}
	return secret[longest:]
}

// withoutHost returns the path of a URL: its host says where, and is often one
// of documentation.
func withoutHost(text []byte) []byte {
	_, rest, ok := bytes.Cut(text, []byte("://"))
	if !ok {
		return text
	}
	if _, path, ok := bytes.Cut(rest, []byte("/")); ok {
		return path
	}
	return rest
}

// isTemplate recognises what is replaced by a secret before it is used.
func isTemplate(text []byte) string {
	first, last := text[0], text[len(text)-1]
	has := func(s string) bool { return bytes.Contains(text, []byte(s)) }
	switch {
	case has("${"), has("{{"), has("$("), has("<%"), has("#{"), has("%(") && has(")"), has("@@"), has("}}"):
		return "a template or a reference to a variable"
	case len(text) > 1 && first == '$' && allIn(string(text[1:]), isNameByte),
		len(text) > 1 && first == '%' && (last == '%' || last == 's' && len(text) <= 3),
		first == '@' && last == '@':
		return "a reference to a variable"
	case first == '<' && has(">"), inBrackets(text) && isPhrase(text[1:len(text)-1]):
		return "a placeholder in brackets"
	case has("..."), has("…"), has("***"), has("•••"):
		return "a part of it is left out"
	}
	return ""
}

func inBrackets(text []byte) bool {
	first, last := text[0], text[len(text)-1]
	return first == '[' && last == ']' || first == '{' && last == '}' || first == '(' && last == ')'
}

// isPhrase reports whether a text is made of words, as far as can be told.
func isPhrase(text []byte) bool {
	const letters, longest = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 40
	if len(text) > longest || len(bytes.Trim(text, letters+digitChars+"_-. ")) > 0 {
		return false
	}
	return bytes.ContainsAny(text, "_-. ") || !bytes.ContainsAny(text, digitChars)
}

// isPlaceholderName reports whether a text in lower case is nothing but a name
// of what should stand there: "password", "api_key", "your-token".
func isPlaceholderName(low string) bool {
	if len(low) > 40 {
		return false
	}
	low = strings.Trim(low, "-_. ")
	name := strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(low)
	switch name {
	case "p", "pw", "changeme", "changethis", "changeit", "example", "test", "testing", "user", "username", "login", "admin", "root", "guest",
		"postgres", "mysql", "redis", "mongo", "mongodb", "rabbitmq", "foo", "bar", "baz", "redacted", "hidden", "none", "null", "undefined", "string",
		"hunter2", "s3cr3t", "p4ssw0rd", "password1", "password2", "default", "value", "xxx", "xxxx":
		return true
	}
	name = withoutWords(name, placeholderOwners[:])
	return name != "" && withoutWords(name, placeholderNouns[:]) == ""
}

// withoutWords returns what stands behind all the words that a text begins with.
func withoutWords(text string, words []string) string {
	for {
		i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(text, w) })
		if i < 0 {
			return text
		}
		text = text[len(words[i]):]
	}
}

// Words that a name of a secret is made of, longer ones before those that they
// begin with.
var (
	placeholderOwners = [...]string{"your", "some", "user", "the", "my", "db"}
	placeholderNouns  = [...]string{
		"password", "passphrase", "passwort", "passwd", "passw", "pass", "pwd", "secret", "token", "apikey", "api", "accesskey", "access",
		"auth", "client", "key", "here", "value", "goes",
	}
)

// Words that no random secret has by chance, in lower case.
var (
	unlikelyWords = [...]string{
		"example", "placeholder", "changeme", "change_me", "change-me", "change_this", "change-this", "redacted", "xxxxxxxx",
		"yourkey", "yourapi", "yourtoken", "yoursecret", "yourpass", "youraccess", "yourown",
		"insert", "replace", "sample", "notreal", "not-real", "not_real", "foobar", "my-secret", "my_secret", "secret-here", "secret_here",
	}
	// In longer secrets these are no surprise any more.
	shortWords = [...]string{"xxxxx", "your-", "your_", "dummy", "fake-", "fake_"}
	// People build passwords of these.
	machineWords = [...]string{"qwerty", "asdfgh", "deadbeef", "mysecret", "mytoken", "myapikey", "thisisa"}
)

func hasPlaceholderWord(text, low string) bool {
	has := func(word string) bool { return hasWord(text, low, word) }
	return slices.ContainsFunc(unlikelyWords[:], has) ||
		len(low) <= 64 && slices.ContainsFunc(shortWords[:], has) ||
		len(low) >= minOrdered && slices.ContainsFunc(machineWords[:], has) ||
		strings.HasSuffix(low, "-here") || strings.HasSuffix(low, "_here")
}

// hasWord reports whether a word stands in a text, which is also given in lower
// case. A short word must be in one case, as people write it: "ddUMmY" is
// chance.
func hasWord(text, low, word string) bool {
	for from := 0; ; {
		i := strings.Index(low[from:], word)
		if i < 0 || len(word) > 6 {
			return i >= 0
		}
		from += i + 1
		written := text[from-1 : from-1+len(word)]
		if tail := written[1:]; written == word || tail == word[1:] || written == strings.ToUpper(word) {
			return true
		}
	}
}

// isRepetition reports whether a text is made of very few characters, or of
// one short piece again and again. Separators between groups do not count.
func isRepetition(text []byte) bool {
	var seen [256]bool
	n, distinct := 0, 0
	for _, c := range text {
		if c == '-' || c == '_' || c == '.' || c == ':' || c == '/' {
			continue
		}
		n++
		if !seen[c] {
			seen[c] = true
			distinct++
		}
	}
	switch {
	case distinct == 1 && (n >= 8 || n >= 3 && bytes.IndexByte([]byte("xX*#?"), text[0]) >= 0):
		return true
	case distinct <= 3 && n >= minOrdered:
		return true
	case len(text) < minOrdered:
		return false
	}
	for period := 1; period <= min(12, len(text)/2); period++ {
		if bytes.Equal(text[period:], text[:len(text)-period]) {
			return true
		}
	}
	return false
}

// isOrdered reports whether a text is mostly runs such as 0123456 or fedcba,
// or half of it is one long run.
func isOrdered(text []byte) bool {
	const minRun, longRun = 6, 16
	n, ordered := 0, 0
	run, step := 1, 0
	end := func() bool {
		if run >= minRun {
			ordered += run
		}
		return run >= longRun && 2*run >= len(text)
	}
	var last byte
	for _, c := range text {
		if c == '-' || c == '_' || c == '.' || c == ':' {
			continue
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		n++
		if n > 1 {
			switch s := stepOf(last, c); {
			case s != 0 && (s == step || run == 1):
				step = s
				run++
			default:
				if end() {
					return true
				}
				run, step = 1, 0
				if s != 0 {
					run, step = 2, s
				}
			}
		}
		last = c
	}
	return end() || 3*ordered >= 2*n
}

// stepOf returns 1 if b follows a in the order of digits and letters, -1 if a
// follows b, else 0. 0 follows 9 and f, a follows 9 and z.
func stepOf(a, b byte) int {
	follows := func(a, b byte) bool {
		switch a {
		case '9':
			return b == '0' || b == 'a'
		case 'f':
			return b == 'g' || b == '0'
		case 'z':
			return b == 'a' || b == '0'
		}
		return (isDigit(a) || isLetter(a)) && b == a+1
	}
	switch {
	case follows(a, b):
		return 1
	case follows(b, a):
		return -1
	}
	return 0
}
