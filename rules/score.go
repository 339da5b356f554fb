package rules

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// The score of a value is the sum of the weights of the features that it has,
// and of a bias: the logarithm of the odds that it is a credential, as far as
// the labelled data tells from which the weights were learned. The weights are
// in model/*.toml, one file a shape, and testdata/train learns them; what
// learning cannot know is pinned there by hand. There are no products of
// features and no hidden states: a score can be added up by a person, and cork
// explain prints the sum.

// A feature is one thing that is true of a value, of its name, or of where it
// stands.
type feature uint8

// The features. Those of one group exclude each other.
const (
	// Between name and value.
	fColon feature = iota
	fCompare
	fArgument
	fCall
	fFlag
	fPair
	fURL
	fQuery
	fCommand
	fUnquoted
	fWrapped
	fComment
	fSession

	// Where it stands.
	fCode
	fConfig
	fLocale
	fLock
	fTestPath
	fDocsPath

	// The name.
	fNameAlone
	fNameEnvironment
	fNameTest
	fNameMember
	fNameOption
	fField

	// The length.
	fLength4
	fLength6
	fLength12
	fLength20
	fLength32
	fLength64

	// What it is made of.
	fLowerOnly
	fUpperOnly
	fNoDigits
	fDigitsOnly
	fHexOnly
	fClasses3
	fClasses4
	fSymbols
	fDigitsInside
	fDigitsAtEnd
	fRepeats
	fInOrder
	fEntropyLow
	fEntropyHigh

	// What it reads like.
	fPlaceholder
	fPlaceholderWord
	fSecretWord
	fOwnName
	fCommonPassword
	fScreaming
	fKnownWords
	fSomeKnownWords
	fWords2
	fWords4
	fBlanks
	fPairsVeryLow
	fPairsLow
	fPairsHigh
	fPairsVeryHigh
	fHash
	fUUID
	fRandom

	// Pairs of the above that mean more together.
	fTestWord
	fDocsWord
	fConfigPlaceholder
	fServicePlaceholder
	fServiceURL
	fUserPlaceholder
	fSameAsUser
	fUserBeside
	fPlaceholderPair
	fDefaultAccount
	fTestLower
	fCodeShort
	fTestCode
	fTestNumbered
	fDocsPlaceholder
	fServiceBeside
	fLikeUser
	fFieldWord
	fLoginPlaceholder
	fCommandPlaceholder
	fHostPlaceholder
	fUserWord
	fShortSecret
	fConfigWord
	fPhrase
	fLeet
	fShortHex

	numFeatures
)

// features holds the names of the features, which model/*.toml and cork explain
// use, and what each means.
var features = [numFeatures]struct{ name, means string }{
	fColon:              {"colon", "a colon stands between name and value"},
	fCompare:            {"compared", "the name is compared with it"},
	fArgument:           {"argument", "it is the argument behind the name"},
	fCall:               {"call", "it is handed to a function of that name"},
	fFlag:               {"flag", "it is the value of a command-line flag"},
	fPair:               {"pair", "it is the value in a pair of name and value"},
	fURL:                {"url", "it stands where a URL has the password"},
	fQuery:              {"query", "it is a parameter of a URL"},
	fCommand:            {"command", "it stands on a command line"},
	fUnquoted:           {"unquoted", "it is not quoted"},
	fComment:            {"comment", "it stands in a comment"},
	fSession:            {"session", "the line shows a session of an interpreter, or what a call returns"},
	fWrapped:            {"wrapped", "it is handed to a constructor"},
	fCode:               {"code", "the file is source code"},
	fConfig:             {"config", "the file is configuration"},
	fLocale:             {"locale", "the file holds texts for people"},
	fLock:               {"lock", "the file holds digests"},
	fTestPath:           {"test-path", "the file belongs to tests"},
	fDocsPath:           {"docs-path", "the file is documentation or an example"},
	fNameAlone:          {"name-alone", "the name says what it is and no more"},
	fNameEnvironment:    {"name-environment", "the name is written as an environment variable"},
	fField:              {"field", "it is assigned to a field of an object"},
	fNameTest:           {"name-test", "the name says that it is for a test, or wrong on purpose"},
	fNameMember:         {"name-member", "the name says that it is new, old or to be tried"},
	fNameOption:         {"name-option", "the name says what is done with a password"},
	fLength4:            {"length-4", "4 or 5 characters"},
	fLength6:            {"length-6", "6 or 7 characters"},
	fLength12:           {"length-12", "12 to 19 characters"},
	fLength20:           {"length-20", "20 to 31 characters"},
	fLength32:           {"length-32", "32 to 63 characters"},
	fLength64:           {"length-64", "64 characters or more"},
	fLowerOnly:          {"lower-only", "nothing but lower-case letters"},
	fUpperOnly:          {"upper-only", "a few capitals"},
	fNoDigits:           {"no-digits", "no digits among eight characters or more"},
	fDigitsOnly:         {"digits-only", "nothing but digits"},
	fHexOnly:            {"hex-only", "nothing but hex digits, letters and numbers"},
	fClasses3:           {"classes-3", "three of lower case, upper case, digits, symbols"},
	fClasses4:           {"classes-4", "lower case, upper case, digits and symbols"},
	fSymbols:            {"symbols", "symbols other than those of names"},
	fDigitsInside:       {"digits-inside", "digits among its letters"},
	fDigitsAtEnd:        {"digits-at-end", "letters, then digits"},
	fRepeats:            {"repeats", "the same characters again and again"},
	fInOrder:            {"in-order", "characters in order"},
	fEntropyLow:         {"entropy-low", "less random than its length allows"},
	fEntropyHigh:        {"entropy-high", "as random as its length allows"},
	fPlaceholder:        {"placeholder", "it stands for a secret to come"},
	fPlaceholderWord:    {"placeholder-word", "a word in it says that it is made up or to be replaced"},
	fSecretWord:         {"secret-word", "it contains a word for secrets"},
	fOwnName:            {"own-name", "it is its own name"},
	fCommonPassword:     {"common-password", "one of the passwords that are tried first"},
	fScreaming:          {"screaming", "it is written as a constant"},
	fKnownWords:         {"known-words", "all its words are of names of things"},
	fSomeKnownWords:     {"some-known-words", "half its words are of names of things"},
	fWords2:             {"words-2", "two or three words"},
	fWords4:             {"words-4", "four words or more"},
	fBlanks:             {"blanks", "it has blanks, as text has"},
	fPairsVeryLow:       {"pairs-very-low", "its letters follow each other as in no language"},
	fPairsLow:           {"pairs-low", "its letters follow each other as at random"},
	fPairsHigh:          {"pairs-high", "its letters follow each other as in words"},
	fPairsVeryHigh:      {"pairs-very-high", "its letters follow each other as in common words"},
	fHash:               {"hash", "the hash of a password"},
	fUUID:               {"uuid", "a UUID"},
	fRandom:             {"random", "long, of letters and digits that follow no order"},
	fTestWord:           {"test-word", "a word, in a test"},
	fDocsWord:           {"docs-word", "a word, in documentation"},
	fConfigPlaceholder:  {"config-placeholder", "weak, but where it takes effect"},
	fServicePlaceholder: {"service-placeholder", "weak, but in the URL of a database or broker"},
	fServiceURL:         {"service-url", "the URL of a database or broker"},
	fUserPlaceholder:    {"user-placeholder", "the user beside it is a placeholder"},
	fSameAsUser:         {"same-as-user", "the user beside it has the same name"},
	fUserBeside:         {"user-beside", "a user name is assigned before it"},
	fPlaceholderPair:    {"placeholder-pair", "user and password of a URL are both placeholders"},
	fDefaultAccount:     {"default-account", "the password of an account that a server is shipped with"},
	fTestLower:          {"test-lower", "a few small letters, in a test"},
	fCodeShort:          {"code-short", "short, in source code"},
	fTestNumbered:       {"test-numbered", "a placeholder and a number, in the code of a test"},
	fTestCode:           {"test-code", "source code of a test"},
	fDocsPlaceholder:    {"docs-placeholder", "a placeholder, in documentation"},
	fServiceBeside:      {"service-beside", "a host, a port or a database is assigned beside it"},
	fLikeUser:           {"like-user", "it is made of the user name beside it"},
	fLoginPlaceholder:   {"login-placeholder", "weak, but beside a user name or a service, where it takes effect"},
	fCommandPlaceholder: {"command-placeholder", "weak, but on the command line of a script or a build"},
	fShortSecret:        {"short-secret", "short, where the name is of a secret and not of a password"},
	fUserWord:           {"user-word", "the user name beside it and a word for secrets"},
	fHostPlaceholder:    {"host-placeholder", "the host of the URL stands for one"},
	fConfigWord:         {"config-word", "a word, where configuration gets a password"},
	fFieldWord:          {"field-word", "a word, where an object gets a password and not a label"},
	fPhrase:             {"phrase", "words in a row, as people choose for a passphrase"},
	fShortHex:           {"short-hex", "a few hex digits, as commits and records are named"},
	fLeet:               {"leet", "a word with digits for letters, as people choose for a password"},
}

// A model is what was learned about the values of one shape.
type model struct {
	bias    float64
	weights [numFeatures]float64

	// The least scores of a finding of each confidence; below low it is none.
	low, medium, high float64
}

// modelOf returns the model of a shape.
func modelOf(shape string) *model {
	if shape == shapeKey {
		return &keyModel
	}
	return &passwordModel
}

// A featureSet is the features of one value.
type featureSet [numFeatures]bool

func (m *model) score(fs *featureSet) float64 {
	s := m.bias
	for f, has := range fs {
		if has {
			s += m.weights[f]
		}
	}
	return s
}

// confidence returns what a score is worth, 0 if it is too low for a finding.
func (m *model) confidence(score float64) Confidence {
	switch {
	case score >= m.high:
		return ConfidenceHigh
	case score >= m.medium:
		return ConfidenceMedium
	case score >= m.low:
		return ConfidenceLow
	}
	return 0
}

// tests returns the features as tests, and the bias.
func (m *model) tests(fs *featureSet) []Test {
	ts := []Test{{Name: "bias", Passed: m.bias > 0, Detail: "where every value starts", Score: true, Weight: m.bias}}
	for f, has := range fs {
		if has {
			w := m.weights[f]
			ts = append(ts, Test{Name: features[f].name, Passed: w > 0, Detail: features[f].means, Score: true, Weight: w})
		}
	}
	return ts
}

// reasons returns the features that spoke most for the value, at most n.
func (m *model) reasons(fs *featureSet, n int) []string {
	const loud = 0.3
	var spoke []feature
	for f, has := range fs {
		if has && m.weights[f] > loud {
			spoke = append(spoke, feature(f))
		}
	}
	slices.SortStableFunc(spoke, func(a, b feature) int { return cmp.Compare(m.weights[b], m.weights[a]) })
	var rs []string
	for _, f := range spoke[:min(n, len(spoke))] {
		rs = append(rs, features[f].means)
	}
	return rs
}

// against returns the feature that spoke most against the value.
func (m *model) against(fs *featureSet, score float64) string {
	worst := numFeatures
	for f, has := range fs {
		if has && m.weights[f] < 0 && (worst == numFeatures || m.weights[f] < m.weights[worst]) {
			worst = feature(f)
		}
	}
	if worst == numFeatures {
		return fmt.Sprintf("a score of %.1f where %.1f are needed", score, m.low)
	}
	return features[worst].means
}

// featuresOf returns the features of a value. w are its words.
func featuresOf(a *assignment, value string, in *file, w []string) (fs featureSet) {
	a.besides()
	fs.context(a, in)
	fs.name(a)
	fs.characters(value)
	fs.text(a, value, w)
	fs.together(a, value, in)
	return fs
}

func (fs *featureSet) context(a *assignment, in *file) {
	switch a.op {
	case opColon:
		fs[fColon] = true
	case opCompare:
		fs[fCompare] = true
	case opComma:
		fs[fArgument] = true
	case opCall:
		fs[fCall] = true
	case opFlag:
		fs[fFlag] = true
	case opPair:
		fs[fPair] = true
	case opURL:
		fs[fURL] = true
	case opCommand:
		fs[fCommand] = true
	}
	fs[fFlag] = fs[fFlag] || a.flag
	fs[fQuery] = a.query
	fs[fUnquoted] = !a.quoted
	fs[fWrapped] = a.wrapped
	fs[fComment] = a.comment
	fs[fSession] = a.session
	switch a.kind {
	case kindCode, kindGo:
		fs[fCode] = !a.embedded
		fs[fConfig] = a.embedded
	case kindConfig, kindNetrc:
		fs[fConfig] = true
	case kindLocale:
		fs[fLocale] = true
	case kindLock:
		fs[fLock] = true
	}
	fs[fTestPath] = in.test
	fs[fDocsPath] = in.docs
}

// Words of names that say that a value is made up or wrong on purpose.
var testWords = wordSet("test", "tests", "testing", "fake", "dummy", "invalid", "wrong", "bad", "expected", "mock", "sample", "example", "bogus", "incorrect",
	"unknown", "missing", "nonexistent", "other", "some")

// Words of names of a password that comes, goes or is tried.
var memberWords = wordSet("new", "old", "current", "original", "updated", "verify", "authenticate", "check", "validate", "compare")

// optionWords stand in names of options that say what is done with a password.
var optionWords = wordSet("update", "reset", "forgot", "require", "requires", "show", "hide", "use", "has", "is", "no", "allow", "ask", "prompt", "generate", "force",
	"remember", "needs")

func (fs *featureSet) name(a *assignment) {
	fs[fNameAlone] = !strings.Contains(a.name, "_")
	fs[fNameEnvironment] = a.screaming
	fs[fField] = a.field && a.op == opEqual && !fs[fConfig]
	last := strings.LastIndexByte(a.name, '_') + 1
	for word := range strings.SplitSeq(a.name[:last], "_") {
		fs[fNameOption] = fs[fNameOption] || optionWords()[word] && a.op != opCall && a.op != opComma
	}
	for word := range strings.SplitSeq(a.name, "_") {
		fs[fNameTest] = fs[fNameTest] || testWords()[word]
		fs[fNameMember] = fs[fNameMember] || memberWords()[word]
	}
}

func (fs *featureSet) characters(v string) {
	switch n := len(v); {
	case n < 6:
		fs[fLength4] = true
	case n < 8:
		fs[fLength6] = true
	case n < 12:
	case n < 20:
		fs[fLength12] = true
	case n < 32:
		fs[fLength20] = true
	case n < 64:
		fs[fLength32] = true
	default:
		fs[fLength64] = true
	}
	lower := func(c byte) bool { return 'a' <= c && c <= 'z' }
	fs[fLowerOnly] = allIn(v, lower)
	fs[fUpperOnly] = len(v) < 20 && allIn(v, func(c byte) bool { return 'A' <= c && c <= 'Z' })
	fs[fNoDigits] = len(v) >= 8 && !hasDigit(v)
	fs[fDigitsOnly] = allIn(v, isDigit)
	fs[fHexOnly] = !fs[fDigitsOnly] && hasDigit(v) && allIn(v, isHexDigit)
	fs[fShortHex] = fs[fHexOnly] && len(v) <= 12
	switch classes(v) {
	case 3:
		fs[fClasses3] = true
	case 4:
		fs[fClasses4] = true
	}
	fs[fSymbols] = !allIn(v, func(c byte) bool { return isNameByte(c) || c == '-' || c == '.' })
	letters := strings.TrimRight(v, "0123456789")
	fs[fDigitsAtEnd] = letters != "" && len(letters) < len(v) && !hasDigit(letters)
	fs[fDigitsInside] = hasDigit(letters) && strings.ContainsFunc(v, func(r rune) bool { return r < 128 && isLetter(byte(r)) })
	d := distinct(v)
	fs[fRepeats] = d <= 2 || d <= 3 && len(v) >= 12 || len(v) >= minOrdered && isRepetition([]byte(v))
	fs[fInOrder] = inOrder(strings.ToLower(v)) || strings.Contains(v, "!@#$%^") || len(v) >= minOrdered && isOrdered([]byte(v))
	if len(v) >= 8 {
		r := Entropy([]byte(v)) / math.Min(math.Log2(float64(len(v))), math.Log2(alphabet(v)))
		fs[fEntropyLow] = r < 0.8
		fs[fEntropyHigh] = r >= 0.92
	}
}

// alphabet returns how many characters a value could have been made of.
func alphabet(v string) float64 {
	switch {
	case allIn(v, isDigit):
		return 10
	case allIn(v, isHexDigit):
		return 16
	case classes(v) == 1:
		return 26
	case allIn(v, func(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'z' }), allIn(v, func(c byte) bool { return isDigit(c) || 'A' <= c && c <= 'Z' }):
		return 36
	}
	return 64
}

// unleet undoes the digits and symbols that people write for letters.
var unleet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// secretParts are parts of values that speak of secrets and are none.
var secretParts = [...]string{"pass", "secret", "token", "key", "pwd", "cred", "auth", "login", "kennwort", "wachtwoord", "senha", "contrase"}

// keyless are words in which "key" is none.
var keyless = strings.NewReplacer("monkey", "", "donkey", "", "turkey", "", "hockey", "", "jockey", "", "whiskey", "", "keyboard", "")

// speaksOfSecret reports whether a value in lower case has a word for secrets
// in it.
func speaksOfSecret(low string) bool {
	for _, p := range secretParts {
		if strings.Contains(low, p) && (p != "key" || strings.Contains(keyless.Replace(low), p)) {
			return true
		}
	}
	return false
}

// behindPrefix returns what stands behind the words that an issuer begins its
// keys with, as in sk_live_4eC39HqLyjWD or key-3ax6xnjp29jd6fds, if that looks
// issued: long, with digits among its letters. Else it returns all of the value.
func behindPrefix(low string) string {
	const issued = 16
	rest := low
	for {
		i := strings.IndexAny(rest, "-_")
		if i < 1 || !allIn(rest[:i], isLetter) {
			break
		}
		rest = rest[i+1:]
	}
	if len(rest) < issued || !hasDigit(strings.TrimRight(rest, "0123456789")) || !hasLetter(rest) {
		return low
	}
	return rest
}

func (fs *featureSet) text(a *assignment, v string, w []string) {
	low := strings.ToLower(v)
	fs[fPlaceholder] = placeholderValues()[low] || !hasDigit(v) && len(w) > 0 && placeholderValues()[strings.Join(w, "")]
	fs[fPlaceholderWord] = !fs[fPlaceholder] && speaksOfPlaceholder(low, v, w)
	fs[fCommonPassword] = commonPasswords()[low]
	own := normalise([]byte(v))
	fs[fOwnName] = own == a.name && !fs[fCommonPassword] || strings.Contains(own, "_") && strings.HasSuffix(a.name, "_"+own)
	if !fs[fPlaceholder] {
		plain := unleet.Replace(low)
		fs[fLeet] = plain != low && (placeholderValues()[plain] || commonPasswords()[plain])
	}
	fs[fSecretWord] = !fs[fPlaceholder] && !fs[fCommonPassword] && !fs[fLeet] && speaksOfSecret(behindPrefix(low))
	fs[fScreaming] = screaming.MatchString(v)
	if !hasDigit(v) && len(w) > 0 {
		known := knownWords(w)
		fs[fKnownWords] = known == len(w) && !fs[fPlaceholder]
		fs[fSomeKnownWords] = known < len(w) && known*2 >= len(w)
	}
	if allWords(w) {
		fs[fWords2] = len(w) == 2 || len(w) == 3
		fs[fWords4] = len(w) >= 4
	}
	fs[fBlanks] = strings.ContainsAny(v, " \t\n")
	if bits, n := pairBits(v); n >= 3 {
		fs[fPairsVeryLow] = bits < -1.2
		fs[fPairsLow] = -1.2 <= bits && bits < -0.3
		fs[fPairsHigh] = 0.4 <= bits && bits < 0.9
		fs[fPairsVeryHigh] = bits >= 0.9
	}
	const phrase = 16
	fs[fPhrase] = len(v) >= phrase && len(w) == 1 && !fs[fPlaceholder] && !fs[fPlaceholderWord] && !fs[fSecretWord] &&
		(fs[fPairsHigh] || fs[fPairsVeryHigh]) && allIn(v, isLetter) && (v == low || v == strings.ToUpper(v)) ||
		v == low && isPassphrase(v, w) && !fs[fPlaceholderWord] && !fs[fSecretWord]
	fs[fHash] = hashed.MatchString(v)
	fs[fUUID] = uuid.MatchString(v)
	const long = 20
	fs[fRandom] = len(v) >= long && classes(v) >= 3 && (fs[fPairsLow] || fs[fPairsVeryLow]) && fs[fDigitsInside] && !fs[fBlanks] && !fs[fInOrder] &&
		!fs[fEntropyLow] && !fs[fPlaceholderWord]
}

// isPassphrase reports whether a value is four words or more that have nothing
// to do with each other, nor with what values of code are named after: as dice
// and password managers choose them, joined by "-".
func isPassphrase(v string, w []string) bool {
	const fewest = 4
	if len(w) < fewest || strings.Count(v, "-") != len(w)-1 || !allIn(v, func(c byte) bool { return c == '-' || isLetter(c) }) || knownWords(w) > 0 {
		return false
	}
	for _, word := range w {
		if len(word) < 3 || len(word) > 14 {
			return false
		}
	}
	return true
}

var uuid = lazy(`^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

func (fs *featureSet) together(a *assignment, v string, in *file) {
	word := (fs[fPairsHigh] || fs[fPairsVeryHigh] || fs[fPlaceholder] || fs[fSecretWord]) && !fs[fClasses4]
	weak := fs[fPlaceholder] || fs[fCommonPassword] || fs[fSecretWord] || fs[fPlaceholderWord]
	fs[fTestWord] = fs[fTestPath] && word && (!fs[fConfig] || in.script)
	fs[fDocsWord] = fs[fDocsPath] && word
	fs[fDocsPlaceholder] = fs[fDocsPath] && (weak || fs[fLeet])
	live := fs[fConfig] && !fs[fDocsPath] || fs[fCode] && a.op == opEqual && !fs[fTestPath] && !fs[fDocsPath] && !a.comment || fs[fNameEnvironment] || fs[fFlag] && !a.query || a.op == opCommand && a.scheme == "" && !fs[fDocsPath]
	fs[fConfigPlaceholder] = live && weak
	fs[fConfigWord] = word && !weak && fs[fConfig] && !fs[fDocsPath] && !in.script
	fs[fShortSecret] = (fs[fLength4] || fs[fLength6]) && strings.Contains(a.name, "secret")
	fs[fCodeShort] = fs[fCode] && (fs[fLength4] || fs[fLength6])
	fs[fTestCode] = fs[fCode] && fs[fTestPath]
	fs[fTestNumbered] = fs[fTestCode] && a.op != opURL && a.op != opCommand && isNumbered(v)
	if a.op == opURL {
		fs[fServiceURL] = !webSchemes()[strings.ToLower(a.scheme)]
		fs[fServicePlaceholder] = fs[fServiceURL] && weak && !standsForHost(a.host)
		fs[fHostPlaceholder] = (weak || word) && standsForHost(a.host)
	}
	if a.op == opURL || a.op == opCommand {
		user := strings.ToLower(a.user)
		fs[fUserPlaceholder] = userPlaceholders()[user] || strings.HasPrefix(user, "my") || strings.HasPrefix(user, "your") || strings.HasPrefix(user, "some") || strings.HasSuffix(user, "user") && strings.HasSuffix(strings.ToLower(v), "pass")
		fs[fPlaceholderPair] = fs[fUserPlaceholder] && (fs[fPlaceholder] || fs[fSecretWord])
		fs[fCommandPlaceholder] = weak && !fs[fUserPlaceholder] && a.op == opCommand && a.scheme == "" && !fs[fCode] && !fs[fDocsPath] && !a.comment && !a.netrc
	}
	if low := strings.ToLower(v); defaultAccounts()[low] {
		fs[fDefaultAccount] = low == "postgres" || low == "guest" || strings.Contains(a.name, low) || strings.EqualFold(a.user, v) || strings.HasPrefix(strings.ToLower(a.scheme), low)
	}
	fs[fUserBeside] = a.userBeside
	fs[fPlaceholderPair] = fs[fPlaceholderPair] || fs[fPlaceholder] && normalise([]byte(v)) == a.name && userPlaceholders()[strings.ToLower(a.user)]
	fs[fUserWord] = namesUser(strings.ToLower(v), strings.ToLower(a.user))
	fs[fLoginPlaceholder] = fs[fConfig] && (a.userBeside || a.serviceBeside) && weak && !fs[fDocsPath] && !in.script
	fs[fServiceBeside] = a.serviceBeside
	if user := strings.ToLower(a.user); len(user) >= 3 && a.op != opURL && a.op != opCommand && !strings.EqualFold(user, v) {
		fs[fLikeUser] = strings.Contains(strings.ToLower(v), user)
	}
	fs[fFieldWord] = fs[fField] && (fs[fKnownWords] || fs[fSomeKnownWords]) && !fs[fPlaceholder] && !fs[fSecretWord]
	fs[fTestLower] = fs[fTestPath] && (!fs[fConfig] || in.script) && fs[fLowerOnly] && len(v) < 10 && a.op != opURL && a.op != opCommand
	fs[fSameAsUser] = a.user != "" && strings.EqualFold(a.user, v)
}

// isNumbered reports whether a value is a placeholder and a number: password123.
func isNumbered(v string) bool {
	word := strings.TrimRight(strings.TrimRight(strings.ToLower(v), "!"), "0123456789")
	return word != "" && len(word) < len(v) && numberedWords()[word]
}

var numberedWords = wordSet("password", "passwd", "passw", "pwd", "passphrase", "secret", "mypassword", "mysecret", "testpassword", "testing", "changeme", "example", "sample", "dummy", "foobar", "asdf", "qwerty")

// namesUser reports whether a value in lower case is a user name and a word for
// secrets: alicespassword.
func namesUser(value, user string) bool {
	const shortest = 3
	rest, ok := strings.CutPrefix(value, user)
	if len(user) < shortest || !ok {
		return false
	}
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "s"), "-_.")
	return rest != "" && placeholderValues()[rest]
}

// standsForHost reports whether the name of a host stands for one. Names below
// example.com and its like are for documentation, RFC 2606.
func standsForHost(host string) bool {
	host = strings.ToLower(strings.TrimRight(host, "."))
	for _, reserved := range [...]string{"example.com", "example.org", "example.net", ".example", ".invalid", ".test"} {
		if strings.HasSuffix(host, reserved) {
			return true
		}
	}
	return placeholderHosts()[strings.TrimRight(host, "0123456789")]
}

var placeholderHosts = wordSet("host", "hostname", "server", "servername", "domain", "domain.com", "myhost", "somehost", "yourhost", "dbhost", "db_host", "your-host",
	"your_host", "myserver", "yourserver", "example", "test", "host.com", "hostname.com", "mydomain.com", "yourdomain.com", "address", "ip", "fqdn", "foo", "foo.com", "bar.com")

// defaultAccounts are the users that servers are shipped with and whose password
// is their name.
var defaultAccounts = wordSet("postgres", "mysql", "guest", "redis", "mongo", "mongodb", "rabbitmq", "elastic", "minio", "mariadb", "test", "sa")

// webSchemes are those whose URLs people write to show how a URL is written.
// The other schemes' are mostly of databases and brokers, whose passwords are
// real even where they are weak.
var webSchemes = wordSet("http", "https", "ftp", "ftps", "sftp", "ssh", "git", "svn", "ws", "wss", "file", "imap", "imaps", "pop3", "pop3s", "smtp", "smtps",
	"socks", "socks4", "socks5", "socks5h", "tftp", "telnet", "dict", "gopher", "rtsp", "scp", "smb", "proxy", "scheme", "proto", "protocol", "custom", "ldap", "any", "url")

var userPlaceholders = wordSet("user", "username", "usr", "u", "name", "login", "account", "me", "foo", "someuser", "myuser", "your_user", "userid", "uid", "id")

// Passwords that are tried first, in lower case: real ones, though weak. From
// what default accounts of common servers are shipped with.
var commonPasswords = wordSet("123456", "12345678", "123456789", "1234567890", "1234", "12345", "qwerty", "letmein", "changeit", "admin", "admin123", "administrator",
	"root", "root123", "toor", "guest", "password1", "password123", "passw0rd", "p@ssw0rd", "p@ssword", "pa$$w0rd", "welcome", "welcome1", "monkey", "dragon", "iloveyou",
	"secret", "secret123", "tiger", "scott", "hunter2", "abc123", "111111", "000000", "postgres", "mysql", "mongo", "redis", "rabbitmq", "elastic", "minio",
	"minioadmin", "sa", "oracle", "master", "default", "test123", "test1234", "test", "demo", "qwerty123", "1q2w3e4r", "zaq12wsx", "vagrant", "raspberry", "alpine", "ubnt",
	"grafana", "sonar", "jenkins", "nexus", "tomcat", "s3cret", "s3cr3t", "pass", "password", "changeme")

// pairBits returns how much likelier the pairs of letters of a value are in
// words than in random letters, in bits for each pair, and how many pairs it
// has. A capital behind a small letter begins a word.
func pairBits(v string) (bits float64, pairs int) {
	sum := 0
	for i := 1; i < len(v); i++ {
		a, b := v[i-1], v[i]
		if !isLetter(a) || !isLetter(b) || 'a' <= a && a <= 'z' && 'A' <= b && b <= 'Z' {
			continue
		}
		sum += int(letterPairs[lower(a)-'a'][lower(b)-'a'])
		pairs++
	}
	if pairs == 0 {
		return 0, 0
	}
	return float64(sum) / 8 / float64(pairs), pairs
}

func isHexDigit(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }
