package rules

import (
	"bytes"
	"slices"
	"strings"
)

// The assignment parser reads key, operator and value around a keyword in
// whatever language the file is in: configuration, code, markup, URLs,
// connection strings and command lines. It is not a parser of any of them; it
// knows how their assignments look from the inside, reads each once, and never
// looks further than assignmentReach from the keyword.

// Distances in bytes. They count from the key, never from the end of a buffer,
// so that what is parsed does not depend on how a file is cut into pieces.
const (
	maxValue        = 1024 // a longer value is data, not a credential
	maxGap          = 160  // between the key and its value
	maxLeft         = 256  // what is looked at before the key
	maxBehind       = 96   // what is looked at behind the value, as far as maxRight reaches
	maxRight        = maxGap + maxValue
	assignmentReach = maxKeyName + maxLeft + maxRight + 64
)

// An operator is what stands between key and value.
type operator uint8

const (
	opNone    operator = iota
	opEqual            // =, :=, =>, <-, ?=, ||=
	opColon            // :
	opCompare          // ==, ===, !=, !==
	opComma            // "K", "V"
	opCall             // setK("V")
	opSpace            // K V, where the syntax has no operator
	opFlag             // --K V
	opElement          // <K>V</K>
	opPair             // name: K, value: V
	opDefault          // K = lookup(...) or "V"
	opURL              // scheme://user:V@host
	opCommand          // an argument of a command
)

// An assignment is one value and the name it is given to. Offsets are bytes,
// half-open.
type assignment struct {
	keyStart, keyEnd     int
	valueStart, valueEnd int
	key                  []byte // what of the key is its name
	name                 string // that in lower case, its words joined by "_"; set by the finder
	op                   operator
	quoted               bool
	more                 bool   // an unquoted value is followed by more words
	inString             bool   // the key stands inside a string literal
	query                bool   // the key is a parameter of a URL
	flag                 bool   // the key is preceded by "-" or "--"
	wrapped              bool   // the value is the argument of a constructor
	embedded             bool   // the file is code, but the line is not: it is text in a literal of several lines
	screaming            bool   // the key is written as an environment variable
	comment              bool   // the line is a comment
	userBeside           bool   // a user name is assigned a little before the key
	left, right          []byte // what stands before the key and behind the value, while they are not read, see besides
	around               bool   // left or right was read
	serviceBeside        bool   // a host, a port or a database is assigned beside it
	session              bool   // the line shows a session of an interpreter, or what a call returns
	field                bool   // the key has a dot in it
	scoped               bool   // the key has a namespace: profile::db::
	lineStart            bool   // nothing but a colon and blanks stands before the key on its line
	bytes                bool   // the value is a list of bytes that are written as numbers
	kind                 fileKind
	netrc                bool   // it is the password of a machine in a netrc file
	scheme, user, host   string // of the URL that the value stands in, or of the pair
}

// plain reports whether the value is a literal that stands for itself.
func (a *assignment) plain() bool { return a.valueEnd > a.valueStart }

func isKeyByte(c byte) bool {
	return c == '_' || c == '-' || c == '.' || c >= 0x80 ||
		'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// keyAround returns the bounds of the name around buf[start:end), which may
// be up to maxKeyName+1 bytes longer on either side.
func keyAround(buf []byte, start, end int) (ks, ke int) {
	ks, ke = start, end
	for ks > 0 && start-ks <= maxKeyName && isKeyByte(buf[ks-1]) {
		ks--
	}
	for ke < len(buf) && ke-end <= maxKeyName && isKeyByte(buf[ke]) {
		ke++
	}
	for ks < start && (buf[ks] == '-' || buf[ks] == '.') {
		ks++
	}
	for ke > end && (buf[ke-1] == '-' || buf[ke-1] == '.') {
		ke--
	}
	return ks, ke
}

// normalise splits a name into words at case changes and punctuation and joins
// them in lower case with "_": dbPassword, DB-PASSWORD and db.password are
// db_password. Digits stay with the word before them, but for those that end
// the name: password2 and password_v2 are password. So is password_prod: the
// environment at the end says where it is used.
func normalise(name []byte) string {
	var b strings.Builder
	b.Grow(len(name) + 4)
	isUpper := func(c byte) bool { return 'A' <= c && c <= 'Z' }
	isLower := func(c byte) bool { return 'a' <= c && c <= 'z' }
	for i, c := range name {
		if c == '-' || c == '.' || c == '_' {
			if b.Len() > 0 && b.String()[b.Len()-1] != '_' {
				b.WriteByte('_')
			}
			continue
		}
		if isUpper(c) && i > 0 {
			prev := name[i-1]
			next := byte(0)
			if i+1 < len(name) {
				next = name[i+1]
			}
			if isLower(prev) || prev >= '0' && prev <= '9' || isUpper(prev) && isLower(next) {
				if s := b.String(); s != "" && s[len(s)-1] != '_' {
					b.WriteByte('_')
				}
			}
		}
		b.WriteByte(lower(c))
	}
	s := withoutNumber(b.String())
	for _, e := range environments {
		if rest, ok := strings.CutSuffix(s, e); ok {
			return withoutNumber(rest)
		}
	}
	return s
}

// withoutNumber returns a name without the number or the version that ends it.
func withoutNumber(name string) string {
	s := strings.TrimRight(name, "_0123456789")
	if s != name && strings.HasSuffix(s, "_v") && name[len(s)] != '_' {
		s = strings.TrimRight(s[:len(s)-len("_v")], "_0123456789")
	}
	return s
}

// environments end names of secrets without changing what they are.
var environments = [...]string{"_prod", "_production", "_dev", "_development", "_staging", "_stage", "_test", "_live", "_sandbox", "_qa", "_uat"}

// A reading bounds what is read behind a key.
type reading struct {
	within int  // so many bytes are read
	ended  bool // it would have been more, or may have been
}

// parseAssignments appends the values that are assigned to the key
// buf[ks:ke). r is nil or bounds what is read: if it then says that this has
// ended, what was appended holds no promise; otherwise it is what it would have
// been without, and of what stands before the key only its line was read.
func parseAssignments(dst []assignment, buf []byte, ks, ke int, kind fileKind, r *reading) []assignment {
	a := assignment{keyStart: ks, keyEnd: ke, kind: kind}
	left := buf[max(0, ks-maxLeft):ks]
	right := buf[:min(len(buf), ke+maxRight)]
	c := cursor{buf: right, pos: ke, reading: r}
	if r != nil {
		c.buf = right[:min(len(right), ke+r.within)]
	}
	if kind == kindTable {
		if dst, ok := appendColumn(dst, &a, left, c); ok {
			return dst
		}
	}
	if c.endsName() {
		if dst, ok := appendInserted(dst, &a, left, c); ok {
			return dst
		}
	}
	if !c.toValue(&a, left) {
		return dst
	}
	if c.pos-ke > maxGap {
		return dst
	}
	name := buf[ks:ke]
	if a.op == opCall {
		for _, f := range comparing {
			if rest, ok := bytes.CutSuffix(name, []byte(f)); ok {
				name, a.op = rest, opCompare
				break
			}
		}
	}
	if a.flag && isProperty(name) {
		name = name[1:]
	}
	a.flag = a.flag || a.op == opEqual && (bytes.HasSuffix(left, []byte(" -e ")) || bytes.HasSuffix(left, []byte(" --env "))) // docker run -e K=V
	a.key = name
	a.screaming = isEnvironmentName(name)
	a.comment = isComment(left)
	a.field = bytes.IndexByte(name, '.') > 0
	open := openQuotes(beforeQuote(left, c.quote))
	a.inString = open != ""
	if q := c.peek(); a.op != opPair && (q == '"' || q == '\'' && strings.IndexByte(".+,; )", c.at(1)) >= 0) && strings.IndexByte(open, q) >= 0 {
		return dst // the end of the string that the key stands in
	}
	if !c.value(&a) {
		return dst
	}
	c.skipScheme(&a)
	a.left = left
	a.right = right[min(c.pos, len(right)):min(c.pos+maxBehind, len(right))]
	a.embedded = a.kind == kindGo && !a.quoted && (a.op == opColon || a.op == opEqual && !lettersOnly(buf[a.valueStart:a.valueEnd])) &&
		!a.inString && !isGoExpression(buf[a.valueStart:a.valueEnd]) && notGo(c.rest())
	if buf[a.valueStart] == '{' {
		return appendNested(dst, buf, &a)
	}
	return append(dst, a)
}

// lettersOnly reports whether a value is made of letters, as names of code are.
func lettersOnly(value []byte) bool {
	for _, c := range value {
		if !isLetter(c) && c != '_' {
			return false
		}
	}
	return true
}

// isGoExpression reports whether a value is the address of something, what a
// pointer points to, or the beginning of a composite literal.
func isGoExpression(value []byte) bool {
	return (value[0] == '&' || value[0] == '*') && len(value) > 1 && isLetter(value[1]) && bytes.IndexByte(value, '.') > 0 || value[len(value)-1] == '{'
}

// notGo reports whether a line that ends so is not Go: of a composite literal
// that goes on on the next line, every line ends in a comma or a brace that
// opens.
func notGo(rest []byte) bool {
	line, _, _ := bytes.Cut(rest[:min(len(rest), maxGap)], newline)
	line = bytes.TrimRight(line, " \t\r")
	return len(bytes.Trim(line, "]} ")) == 0
}

var newline = []byte{'\n'}

// maxNested is how many values of one object are looked at.
const maxNested = 8

// appendNested appends the values of an object that is assigned as a whole, as
// in "token": "{\"user\": \"me\", \"sig\": \"V\"}": each may be the secret. If it is
// no such object, it appends the assignment as it is.
func appendNested(dst []assignment, buf []byte, a *assignment) []assignment {
	c := cursor{buf: buf[:a.valueEnd], pos: a.valueStart}
	n := 0
	for c.pos < len(c.buf) && n < maxNested {
		if c.peek() != ':' && !c.has("=>") {
			c.pos++
			continue
		}
		c.pos++
		c.take(">")
		c.blanks()
		nested := *a
		if !c.quoteAhead() || !c.quotedValue(&nested) {
			continue
		}
		dst = append(dst, nested)
		n++
	}
	if n == 0 {
		dst = append(dst, *a)
	}
	return dst
}

// isComment reports whether the line that ends in left began as a comment. The
// line is known as far back as maxLeft.
func isComment(left []byte) bool {
	line := bytes.TrimLeft(left[bytes.LastIndexByte(left, '\n')+1:], " \t")
	if i := lastEscape(line, 'n'); i >= 0 { // a line in a string
		line = bytes.TrimLeft(line[i+2:], " \t")
	}
	for _, mark := range [...]string{"//", "* ", "/*", "-- ", "<!--", "# ", "#!", "##", ";", "rem "} {
		if bytes.HasPrefix(line, []byte(mark)) {
			return true
		}
	}
	return false
}

// lastEscape returns where the last backslash before c stands, or -1.
func lastEscape(text []byte, c byte) int {
	for end := len(text); ; {
		i := bytes.LastIndexByte(text[:end], '\\')
		if i < 0 || i+1 < len(text) && text[i+1] == c {
			return i
		}
		end = i
	}
}

// userBeside finds a user name that is assigned, for example user: "me".
var userBeside = lazy(`(?i)\b(?:\w+[_-])?(?:user|username|user_?name|userid|user[ _]id|login|uid|account|email)\\?["']?[ \t]*(?:=>|[:=]|\bas\b)[ \t]*\\?["']?([\w.@\\%${-]+)`)

// userWords are those of which userBeside finds one.
var userWords = [...]string{"user", "login", "uid", "account", "email"}

// besides reads what is assigned beside the value: a user name, and where to
// log in; and what the line is for. It is done when a value is scored, which few are, and once.
func (a *assignment) besides() {
	if a.left == nil {
		return
	}
	a.around = true
	a.user, a.userBeside = besideUser(a.left)
	if !a.userBeside {
		_, a.userBeside = besideUser(a.right)
	}
	a.serviceBeside = besideService(a.left) || besideService(a.right)
	behind, _, _ := bytes.Cut(a.right, newline)
	a.session = isSession(a.left[bytes.LastIndexByte(a.left, '\n')+1:], behind)
	a.left, a.right = nil, nil
}

// isSession reports whether a line, which is given up to the key and from the
// end of the value, begins with the prompt of an interpreter, or says what a call
// on it returns, as manuals do: irb> user.password = "V", login("V") # => true.
func isSession(before, behind []byte) bool {
	for _, mark := range [...]string{"# =>", "#=>", "// =>", "//=>", "// ->"} {
		if bytes.Contains(behind, []byte(mark)) || bytes.Contains(before, []byte(mark)) {
			return true
		}
	}
	const longest = 32 // irb(main):001:0>, 127.0.0.1:6379>, shop(dev)>
	line := bytes.TrimLeft(before, " \t#*/")
	end := bytes.IndexByte(line, '>')
	switch {
	case bytes.HasPrefix(line, []byte(">>> ")):
		return true
	case end < 1 || end > longest || end+1 == len(line) || line[end+1] != ' ':
		return false
	}
	return allIn(string(line[:end]), func(c byte) bool { return isNameByte(c) || c == '(' || c == ')' || c == ':' || c == '.' })
}

// ofSignedRequest reports whether a time and a signature stand beside the value:
// with them, a token is made for every request.
func (a *assignment) ofSignedRequest() bool {
	a.around = true
	return containsFold(a.right, "signature") && (containsFold(a.left, "timestamp") || containsFold(a.right, "timestamp"))
}

// ofBadge reports whether the value is a parameter of the URL of a badge: a
// picture for a README, of CI or of coverage.
func (a *assignment) ofBadge() bool {
	url := a.left[bytes.LastIndexByte(a.left, ' ')+1:]
	return bytes.Contains(url, []byte("badge")) || bytes.HasSuffix(url, []byte(".svg?"))
}

// besideUser returns the last user name that is assigned in a text.
func besideUser(text []byte) (user string, ok bool) {
	for _, w := range userWords {
		if containsFold(text, w) {
			for _, m := range slices.Backward(userBeside.regexp().FindAllSubmatch(text, -1)) {
				if m[1][0] != '{' || bytes.HasPrefix(m[1], []byte("{{")) { // no object: "login": {
					return string(m[1]), true
				}
			}
			return "", false
		}
	}
	return "", false
}

// serviceWords are names of settings that say where to log in.
var serviceWords = [...]string{"host", "hostname", "port", "database", "dbname", "db", "server", "adapter", "endpoint", "url", "jdbc"}

// besideService reports whether a text assigns a host, a port or a database.
func besideService(text []byte) bool {
	for i := 1; i < len(text); i++ {
		if text[i] != ':' && text[i] != '=' {
			continue
		}
		end := i
		for end > 0 && (text[end-1] == ' ' || text[end-1] == '"' || text[end-1] == '\'' || text[end-1] == '\\' || text[end-1] == ':') {
			end--
		}
		start := end
		for start > 0 && isLetter(text[start-1]) {
			start--
		}
		for _, w := range serviceWords {
			if len(w) <= end-start && equalFold(text[end-len(w):end], w) && (len(w) == end-start || 'A' <= text[end-len(w)] && text[end-len(w)] <= 'Z') {
				return true
			}
		}
	}
	return false
}

// isEnvironmentName reports whether a name is written as those of environment
// variables mostly are.
func isEnvironmentName(name []byte) bool {
	const long = 10 // PGPASSWORD
	for _, c := range name {
		if c != '_' && !isDigit(c) && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return bytes.IndexByte(name, '_') > 0 || len(name) >= long
}

// A cursor reads forward from the key.
type cursor struct {
	buf   []byte
	pos   int
	quote string // the quote that closed the key; "" if it was not quoted

	reading *reading // nil: nobody wants to know
}

// end notes that the end of the text was seen.
func (c *cursor) end() {
	if c.reading != nil {
		c.reading.ended = true
	}
}

func (c *cursor) peek() byte { return c.at(0) }

func (c *cursor) at(i int) byte {
	if c.pos+i < len(c.buf) {
		return c.buf[c.pos+i]
	}
	c.end()
	return 0
}

func (c *cursor) rest() []byte {
	c.end()
	return c.buf[min(c.pos, len(c.buf)):]
}

func (c *cursor) has(s string) bool {
	if c.pos+len(s) > len(c.buf) {
		if c.reading != nil && strings.HasPrefix(s, string(c.buf[min(c.pos, len(c.buf)):])) {
			c.end()
		}
		return false
	}
	return string(c.buf[c.pos:c.pos+len(s)]) == s
}

func (c *cursor) take(s string) bool {
	if c.has(s) {
		c.pos += len(s)
		return true
	}
	return false
}

// takeAny moves behind the first of the texts that stands here and returns it, or "".
func (c *cursor) takeAny(texts []string) string {
	for _, s := range texts {
		if c.take(s) {
			return s
		}
	}
	return ""
}

func (c *cursor) blanks() (n int) {
	for c.peek() == ' ' || c.peek() == '\t' {
		c.pos++
		n++
	}
	return n
}

func (c *cursor) space() (n int) {
	for {
		switch c.peek() {
		case ' ', '\t', '\r', '\n':
			c.pos++
			n++
			continue
		}
		return n
	}
}

// Quotes as they are written, also inside another string or markup. Longer
// ones first.
var quotes = [...]string{`\\\"`, `&quot;`, `&#34;`, `&#39;`, `\"`, `\'`, `"`, `'`, "`"}

// anyQuote takes an opening or closing quote and returns it, or "".
func (c *cursor) anyQuote() string {
	switch c.peek() {
	case '"', '\'', '`', '\\', '&':
		for _, q := range quotes {
			if c.take(q) {
				return q
			}
		}
	}
	return ""
}

// toValue moves to where the value begins and says what the operator was.
func (c *cursor) toValue(a *assignment, left []byte) bool {
	before := byte(0)
	if len(left) > 0 {
		before = left[len(left)-1]
	}
	a.flag = before == '-'
	a.query = (before == '?' || before == '&' || before == '#') && !bytes.HasSuffix(left, []byte("&&"))
	a.lineStart = before == ':' && len(bytes.TrimLeft(left[bytes.LastIndexByte(left, '\n')+1:], " \t")) == 1
	a.scoped = a.kind == kindConfig && bytes.HasSuffix(left, []byte("::"))
	c.quote = c.anyQuote()
	if isPairName(left) && c.pairValue() {
		a.op = opPair
		return true
	}
	called := false // the key is the argument of a call that is over
	for c.peek() == ']' || c.peek() == ')' && (c.quote != "" || c.comparedCall()) {
		called = called || c.peek() == ')'
		c.pos++
	}
	if c.quote != "" && c.typing() {
		a.op = opCall
		return c.quoteAhead() && c.onlyArgument()
	}
	if c.peek() == '[' { // the length of an array
		t := *c
		for t.pos++; isNameByte(t.peek()); {
			t.pos++
		}
		if t.take("]") {
			*c = t
		}
	}
	if c.quote == "" && c.peek() == ' ' && (before == '<' || before == ':') && isTag(left) {
		c.attributes()
	}
	if before == '<' || before == ':' && c.peek() == '>' && isTag(left) || c.quote != "" {
		if c.valueElement() {
			a.op = opElement
			return true
		}
		if c.peek() == '>' && (c.at(1) != '<' || c.has("><![CDATA[")) && c.at(1) != '=' {
			c.pos++
			a.op = opElement
			return true
		}
	}
	if c.has("</key>") || c.has("</name>") {
		return c.nextElement(a)
	}
	if c.quote != "" && c.definition(a) || a.kind == kindConfig && c.parameter() {
		a.op = opDefault
		return true
	}
	n := c.blanks()
	switch c.peek() {
	case '=', ':', '!', '<', '?', '|', '+':
		return c.operator(a, before)
	case ',':
		if called { // 'a' => env('K'), 'b' => 'V'
			return false
		}
		if c.quote == "" && (before == ':' || before == '{' || comparedBy(left)) { // set :K, 'V', {K, "V"}, strcmp(K, 'V')
			c.pos++
			c.space()
			a.op = opComma
			if before != ':' && before != '{' {
				a.op = opCompare
			}
			return c.quoteAhead() && (before != '{' || c.endsIn('}'))
		}
		if c.quote != "" && before == '-' && c.defaultAhead("()\n") {
			a.op = opDefault
			a.flag = false
			return true
		}
		// An argument, not an element of a list: define('K', 'V').
		if c.quote == "" || !firstArgument(bytes.TrimRight(beforeQuote(left, c.quote), " \t")) {
			return false
		}
		c.pos++
		c.space()
		a.op = opComma
		return c.quoteAhead()
	case '(':
		if n > 0 || c.quote != "" {
			return false
		}
		c.pos++
		c.blanks()
		a.op = opCall
		return c.quoteAhead() && c.onlyArgument()
	}
	if n == 0 || c.quote != "" {
		return false
	}
	return c.spaced(a, left)
}

// firstArgument reports whether what stands before an argument is the beginning
// of a call. Build scripts for Android say the type of a value first:
// resValue("string", "K", "V").
func firstArgument(left []byte) bool {
	n := len(left)
	return n > 0 && left[n-1] == '(' ||
		n > len(`("string",`) && left[n-1] == ',' && (equalFold(left[n-len(`("string",`):], `("string",`) || equalFold(left[n-len(` "string",`):], ` "string",`) || equalFold(left[n-len(` 'string',`):], ` 'string',`))
}

// endsIn reports whether the string here is followed by a byte.
func (c *cursor) endsIn(end byte) bool {
	t := *c
	t.prefix()
	var a assignment
	if !t.quotedValue(&a) {
		return false
	}
	t.space()
	return t.peek() == end
}

// comparedBy reports whether the text before a name ends in a call that compares.
func comparedBy(left []byte) bool {
	if len(left) == 0 || left[len(left)-1] != '(' {
		return false
	}
	for _, f := range [...]string{"strcmp(", "strncmp(", "strcasecmp(", "equals(", "compare(", "compare_digest("} {
		if len(left) >= len(f) && equalFold(left[len(left)-len(f):], f) {
			return true
		}
	}
	return false
}

// definition moves to the default in the definition of what the key names, as
// in variable "K" { default = "V" } or "K": {"type": "string", "default": "V"}.
func (c *cursor) definition(a *assignment) bool {
	t := *c
	t.blanks()
	t.take(":")
	t.blanks()
	if !t.take("{") || !t.onlyValue() && !t.defaultAhead("{}") {
		return false
	}
	*c = t
	return true
}

// onlyValue moves to the value of an object that begins with it, as in
// "adminPassword": {"value": "V"}.
func (c *cursor) onlyValue() bool {
	t := *c
	t.space()
	if q := t.anyQuote(); q == "" || !t.take("value") || !t.take(q) {
		return false
	}
	t.blanks()
	if !t.take(":") {
		return false
	}
	t.blanks()
	if !t.quoteAhead() {
		return false
	}
	*c = t
	return true
}

// Keys of the definition of a parameter, in CloudFormation and its like.
var parameterKeys = [...]string{"Type:", "Description:", "NoEcho:", "MinLength:", "MaxLength:", "ConstraintDescription:", "AllowedPattern:", "Default:"}

// parameter moves to the default of a parameter that is defined on the lines
// below its name:
//
//	DbPassword:
//	  Type: String
//	  Default: V
func (c *cursor) parameter() bool {
	t := *c
	if !t.take(":") {
		return false
	}
	for t.pos-c.pos < maxGap {
		t.blanks()
		t.take("\r")
		if !t.take("\n") || t.blanks() == 0 {
			return false
		}
		switch t.takeAny(parameterKeys[:]) {
		case "":
			return false
		case "Default:":
			t.blanks()
			if t.pos-c.pos > maxGap {
				return false
			}
			*c = t
			return true
		}
		for ch := t.peek(); ch != '\n' && ch != '\r' && ch != 0 && t.pos-c.pos < maxGap; ch = t.peek() {
			t.pos++
		}
	}
	return false
}

// isTag reports whether the text before a name makes it the name of an element,
// with a namespace or without: <wsse:
func isTag(left []byte) bool {
	left = bytes.TrimSuffix(left, []byte(":"))
	i := len(left)
	for i > 0 && len(left)-i < 24 && isNameByte(left[i-1]) {
		i--
	}
	return i > 0 && left[i-1] == '<'
}

// attributes moves behind those of an element, if it is on one line and holds
// something.
func (c *cursor) attributes() {
	t := *c
	for t.pos-c.pos < maxGap {
		switch t.peek() {
		case 0, '\n', '<':
			return
		case '>':
			if t.buf[t.pos-1] == '"' || t.buf[t.pos-1] == '\'' {
				*c = t
			}
			return
		}
		t.pos++
	}
}

// valueElement moves into the element that alone holds the value:
// <Password><Value>V, <property name="password"><value>V.
func (c *cursor) valueElement() bool {
	t := *c
	if !t.take(">") {
		return false
	}
	t.space()
	if !t.take("<value>") && !t.take("<Value>") {
		return false
	}
	*c = t
	return true
}

// Calls that fill in the field of a form, of the drivers of browsers.
var typingCalls = [...]string{".fill(", ".type(", ".sendKeys(", ".SendKeys(", ".send_keys(", ".typeText(", ".setValue(", ".fill_in("}

// typing moves behind a call that fills in the field that the key names, as in
// get("#password").type("V").
func (c *cursor) typing() bool {
	if c.takeAny(typingCalls[:]) == "" {
		return false
	}
	c.blanks()
	return true
}

// defaultAhead moves behind the word default and its operator, if a string
// follows and none of the bytes of end stands before it, and the value is no
// further than maxGap away.
func (c *cursor) defaultAhead(end string) bool {
	const word = "default"
	from := c.pos
	i := bytes.Index(bytes.ToLower(c.rest()[:min(len(c.rest()), maxGap)]), []byte(word))
	if i < 0 || bytes.ContainsAny(c.rest()[1:max(1, i)], end) {
		return false
	}
	t := *c
	t.pos += i + len(word)
	t.anyQuote()
	t.blanks()
	if t.peek() != '=' && t.peek() != ':' {
		return false
	}
	t.pos++
	t.blanks()
	if !t.quoteAhead() || t.pos-from > maxGap {
		return false
	}
	*c = t
	return true
}

// comparedCall reports whether a closing parenthesis is followed by a
// comparison, as in string(pass) == "V".
func (c *cursor) comparedCall() bool {
	t := *c
	for t.pos++; t.peek() == ' '; {
		t.pos++
	}
	return t.has("==") || t.has("!=")
}

// onlyArgument reports whether the string here is followed by the end of the
// call: of several arguments it is not known which is meant.
func (c *cursor) onlyArgument() bool {
	t := *c
	t.prefix()
	var a assignment
	if !t.quotedValue(&a) {
		return false
	}
	t.space()
	return t.peek() == ')' || t.peek() == '.'
}

// operator reads an operator that is written with symbols; before is the byte
// before the key.
func (c *cursor) operator(a *assignment, before byte) bool {
	switch {
	case c.take("==="), c.take("!=="), c.take("=="), c.take("!="):
		a.op = opCompare
	case c.has("=~"):
		return false
	case c.take("|| "), c.take("?? "):
		c.blanks()
		a.op = opDefault
		return c.quoteAhead()
	case c.take("=>"), c.take(":="), c.take("<-"), c.take("?="), c.take("||="), c.take("+="), c.take("="):
		a.op = opEqual
	case c.has("::"), c.has("://"):
		return false
	case c.peek() == ':' && before == ':' && c.quote == "" && (c.at(1) != ' ' || !a.lineStart && !a.scoped):
		return false // a field of an ARN or a URN
	case c.has(":?") && before == '{':
		return false // ${K:?what is said if it is not set}
	case c.has(":-") && before == '{', c.has(":=") && before == '{':
		c.pos += 2 // ${K:-V}
		a.op = opDefault
		return c.peek() != '$' && c.peek() != '}'
	case c.take("?:"), c.take(":"):
		a.op = opColon
		if c.peek() == ':' {
			return false
		}
		c.annotation(a)
	default:
		return false
	}
	c.blanks()
	return true
}

// annotation skips a type between ":" and "=", as in
// password: Optional[str] = "V".
func (c *cursor) annotation(a *assignment) {
	t := *c
	t.blanks()
	start := t.pos
	for t.pos-start < 48 {
		ch := t.peek()
		if isKeyByte(ch) || ch == '<' || ch == '>' || ch == '[' || ch == ']' || ch == '&' || ch == '*' || ch == '|' || ch == ' ' || ch == '?' {
			t.pos++
			continue
		}
		break
	}
	if t.pos > start && t.has(":=") { // of Ada
		t.pos++
	}
	if t.pos == start || t.peek() != '=' || t.at(1) == '=' || t.at(1) == '>' {
		return
	}
	t.pos++
	t.blanks()
	if t.quoteAhead() {
		*c = t
		a.op = opEqual
	}
}

// spaced reads what has only a blank between key and value: flags, netrc,
// Dockerfile ENV, #define, SQL, and declarations with the type behind the name.
func (c *cursor) spaced(a *assignment, left []byte) bool {
	if a.flag {
		a.op = opFlag
		return c.peek() != '-' && c.peek() > ' '
	}
	line := left[bytes.LastIndexByte(left, '\n')+1:]
	first := bytes.TrimSpace(line)
	is := func(word string) bool { return len(first) == len(word) && equalFold(first, word) }
	begins := func(word string) bool { return len(first) >= len(word) && equalFold(first[:len(word)], word) }
	if is("set") && c.has(`to "`) { // of AppleScript
		c.pos += len("to ")
	}
	if c.quoteAhead() {
		// #define K "V", PASSWORD 'V', set K "V"
		a.op = opSpace
		return len(first) == 0 || is("#define") || is("set") || is("env") || is("const") || isDefinition(first) || isFishSet(first) || isKeyword(left) ||
			(c.peek() == '\'' || c.has("N'")) && isSQL(line)
	}
	switch {
	case is("env") || is("arg") || is("setx") || containsFold(first, "config set"), is("set") && !a.kind.isCode(), isFishSet(first),
		containsFold(first, "machine ") && containsFold(first, "login "), begins("default "), begins("login "):
		a.op = opSpace
		return true
	case len(first) == 0 && a.kind == kindNetrc:
		a.op = opSpace
		return true
	}
	// password string = "V"
	t := *c
	t.take("As ")
	start := t.pos
	for isKeyByte(t.peek()) || t.peek() == '*' || t.peek() == '[' || t.peek() == ']' {
		t.pos++
	}
	if t.pos == start || t.pos-start > 32 {
		return false
	}
	t.blanks()
	if t.peek() != '=' || t.at(1) == '=' {
		return false
	}
	t.pos++
	t.blanks()
	if !t.quoteAhead() {
		return false
	}
	*c = t
	a.op = opEqual
	return true
}

// isDefinition reports whether the words before a name define it, in a Lisp or in
// CMake: (setq K "V"), (define K "V"), set(K "V").
func isDefinition(first []byte) bool {
	for _, d := range [...]string{"(def", "(define", "(setq", "(setf", "(defvar", "(defconst", "(defparameter", "(defcustom", "set("} {
		if len(first) == len(d) && equalFold(first, d) {
			return true
		}
	}
	return false
}

// isFishSet reports whether the words before a name set a variable of fish:
// set -gx K V.
func isFishSet(first []byte) bool {
	flags, ok := bytes.CutPrefix(first, []byte("set -"))
	return ok && len(bytes.Trim(flags, "Ugxl -")) == 0
}

// isKeyword reports whether the text before a name makes it a key of a map in
// Clojure: {:k "V"}.
func isKeyword(left []byte) bool {
	n := len(left)
	return n > 1 && left[n-1] == ':' && (left[n-2] == '{' || left[n-2] == ' ' || left[n-2] == ',' || left[n-2] == '\n')
}

// isSQL reports whether the words before PASSWORD 'V' on its line are of SQL.
func isSQL(line []byte) bool {
	for word := range bytes.FieldsSeq(bytes.ToLower(line)) {
		switch string(bytes.Trim(word, "\"'`(")) {
		case "user", "role", "login", "identified", "with", "encrypted", "alter", "create":
			return true
		}
	}
	return false
}

// isPairName reports whether the key is itself the value of a name, as in
// - name: K, "key": "K", <add key="K".
func isPairName(left []byte) bool {
	left = bytes.TrimRight(left, " \t\"'\\")
	if n := len(left); n == 0 || left[n-1] != ':' && left[n-1] != '=' {
		return false
	}
	left = bytes.TrimRight(left[:len(left)-1], " \t\"'\\")
	i := len(left)
	for i > 0 && len(left)-i < 16 && isKeyByte(left[i-1]) {
		i--
	}
	switch strings.ToLower(strings.TrimLeft(string(left[i:]), "-.")) {
	case "name", "key", "parameterkey", "variable", "property", "env", "id", "parametername":
		return true
	}
	return false
}

// Keys beside the one that holds the name, which hold the value.
var valueNames = [...]string{"value", "Value", "VALUE", "ParameterValue", "default", "parameterValue", "content"}

// pairValue moves behind the value's name and operator that follow a pair's
// key: , "value": or a new line with value: or a further attribute.
func (c *cursor) pairValue() bool {
	t := *c
	t.space()
	t.take(",")
	t.space()
	t.anyQuote()
	if t.takeAny(valueNames[:]) == "" {
		return false
	}
	t.anyQuote()
	t.blanks()
	if t.peek() != ':' && t.peek() != '=' {
		return false
	}
	t.pos++
	t.blanks()
	*c = t
	return true
}

// nextElement moves to the text of the element after </key>, as in a plist.
func (c *cursor) nextElement(a *assignment) bool {
	i := bytes.IndexByte(c.rest(), '>')
	c.pos += i + 1
	c.space()
	if !c.take("<string>") && !c.take("<value>") {
		return false
	}
	a.op = opElement
	return true
}

// quoteAhead reports whether a string literal begins here, with its prefix.
func (c *cursor) quoteAhead() bool {
	t := *c
	t.prefix()
	return t.anyQuote() != ""
}

// prefix skips what may stand before a string literal: f, r, b, u, L, N, @, $.
func (c *cursor) prefix() {
	t := *c
	for range 2 {
		switch t.peek() {
		case 'f', 'F', 'r', 'R', 'b', 'B', 'u', 'U', 'L', '@', '$':
			t.pos++
		case 'N': // of SQL
			if t.at(1) == '\'' {
				t.pos++
			}
		}
	}
	if t.pos > c.pos {
		if p := t.peek(); p == '"' || p == '\'' || p == '\\' || p == '`' {
			c.pos = t.pos
		}
	}
}

// value reads the value and its bounds.
func (c *cursor) value(a *assignment) bool {
	if a.op == opElement {
		return c.element(a)
	}
	if !a.kind.isCode() && a.op == opColon || a.op == opPair {
		c.yaml()
	}
	// A list or group of one or more: the first is looked at.
	if p := c.peek(); (p == '[' || p == '{' || p == '(') && a.op != opFlag {
		t := *c
		t.pos++
		if p == '(' {
			t.space()
		}
		t.blanks()
		if p == '{' && t.keyAhead() {
			return false // an object, whose keys have names of their own
		}
		if t.quoteAhead() {
			*c = t
		}
	}
	if c.bytesValue(a) {
		return true
	}
	a.wrapped = c.wrapper() || c.constructor()
	if c.quoteAhead() {
		c.prefix()
		return c.quotedValue(a)
	}
	if c.fallback(a) {
		return true
	}
	return c.bare(a)
}

// keyAhead reports whether a short quoted key and an operator follow, as in
// {"type": "string"}.
func (c *cursor) keyAhead() bool {
	const longest = 40
	rest := c.rest()
	rest = rest[:min(len(rest), longest)]
	if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
		return false
	}
	end := bytes.IndexByte(rest[1:], rest[0])
	if end < 0 {
		return false
	}
	rest = bytes.TrimLeft(rest[end+2:], " \t")
	return bytes.HasPrefix(rest, []byte(":")) || bytes.HasPrefix(rest, []byte("=>"))
}

// yaml skips an anchor or a tag for a scalar, and moves into a block scalar.
func (c *cursor) yaml() {
	if c.peek() == '&' || c.has("!!str ") || c.has("!!binary ") {
		if i := bytes.IndexAny(c.rest(), " \n"); i > 0 && c.buf[c.pos+i] == ' ' && !c.has("&quot;") {
			c.pos += i + 1
		}
	}
	if c.peek() == '|' || c.peek() == '>' {
		t := *c
		t.pos++
		if t.peek() == '-' || t.peek() == '+' {
			t.pos++
		}
		t.blanks()
		if t.peek() == '\r' {
			t.pos++
		}
		if t.peek() == '\n' {
			t.pos++
			t.blanks()
			*c = t
		}
	}
}

// Functions that hand their string through.
var wrappers = [...]string{
	"SecretStr(", "new String(", "String(", "str(", "bytes(", "Some(", "Buffer.from(", "String::from(", "[]byte(",
	"new SecretString(", "aws.String(", "pointer.String(", "ptr.To(", "SecureString(", "to_string(", "std::string(",
	"pulumi.String(", "_(",
}

func (c *cursor) wrapper() bool {
	if c.takeAny(wrappers[:]) == "" {
		return false
	}
	c.blanks()
	return true
}

// Parts of the names of types and functions that look a value up by the string
// they are given, in lower case.
var lookups = [...]string{"env", "get", "load", "read", "find", "look", "resolve", "param", "config", "setting", "ref", "variable", "secret(", "secrets", "vault", "import",
	"file", "path", "cipher", "regex", "pattern", "selector", "locator", "column", "field", "label", "text", "error", "exception", "message", "header", "option", "property"}

// constructor skips a constructor of one string: new Password("V"),
// Credential("V").
func (c *cursor) constructor() bool {
	t := *c
	isNew := t.take("new ")
	t.blanks()
	start := t.pos
	for t.pos-start < 48 && (isNameByte(t.peek()) || t.peek() == '.' || t.peek() == ':') {
		t.pos++
	}
	name := t.buf[start:t.pos]
	if t.pos == start || t.peek() != '(' {
		return false
	}
	if bytes.HasSuffix(name, []byte(".String")) {
		return false // the value of a flag: c.String("password")
	}
	last := name[bytes.LastIndexAny(name, ".:")+1:]
	if len(last) == 0 || !isNew && (last[0] < 'A' || last[0] > 'Z') {
		return false
	}
	low := strings.ToLower(string(name)) + "("
	for _, l := range lookups {
		if strings.Contains(low, l) {
			return false
		}
	}
	t.pos++
	t.blanks()
	if !t.quoteAhead() {
		return false
	}
	*c = t
	return true
}

// Ways to begin a list of bytes.
var byteLists = [...]string{"[]byte{", "[]uint8{", "new byte[]{", "new byte[] {", "new byte[] { ", "bytes([", "bytearray([", "Buffer.from([", "new Uint8Array([",
	"Uint8Array.of(", "byteArrayOf(", "vec![", "&[", "b\"\"([", "{", "["}

// bytesValue reads a list of bytes that are written as numbers. What it takes
// for the value begins with the first number and ends with the last.
func (c *cursor) bytesValue(a *assignment) bool {
	t := *c
	found := false
	for _, open := range byteLists {
		if t.take(open) {
			found = true
			break
		}
	}
	if !found {
		return false
	}
	end := t.pos + maxValue
	t.space()
	start, last, n := t.pos, t.pos, 0
	for t.pos < end {
		number := t.pos
		if t.take("0x") || t.take("0X") {
			for isHexDigit(t.peek()) && t.pos-number < 4 {
				t.pos++
			}
		} else {
			t.take("-")
			for isDigit(t.peek()) && t.pos-number < 4 {
				t.pos++
			}
		}
		if t.pos == number {
			break
		}
		last, n = t.pos, n+1
		t.space()
		if !t.take(",") {
			break
		}
		t.space()
	}
	if n < minBytes || t.pos < end && t.peek() != '}' && t.peek() != ']' && t.peek() != ')' {
		return false
	}
	a.valueStart, a.valueEnd, a.quoted, a.bytes = start, last, true, true
	*c = t
	return true
}

// minBytes is the length from which on a list of bytes may be a key.
const minBytes = 8

// quotedValue reads a string literal to its end. A literal that does not end
// within maxValue bytes, or on its line, is none.
func (c *cursor) quotedValue(a *assignment) bool {
	q := c.anyQuote()
	end := c.pos + maxValue
	if q == `"` && c.has(`""`) || q == "'" && c.has("''") {
		c.pos += 2
		q = strings.Repeat(q, 3)
		for c.peek() == '\n' || c.peek() == '\r' {
			c.pos++
		}
	}
	start := c.pos
	for c.pos < len(c.buf) && c.pos < end {
		if c.has(q) {
			if len(q) == 1 && c.at(1) == q[0] && (q == "'" || q == `"`) && a.kind == kindConfig && q == "'" {
				c.pos += 2 // '' inside '...' as YAML and SQL write it
				continue
			}
			a.valueStart, a.valueEnd, a.quoted = start, c.pos, true
			c.pos += len(q)
			return a.valueEnd > a.valueStart
		}
		switch c.peek() {
		case '\\':
			if len(q) == 1 && c.at(1) != 0 {
				c.pos++
			}
		case '\n', '\r':
			if len(q) < 3 && q != "`" {
				return false
			}
		}
		c.pos++
	}
	if c.pos >= len(c.buf) {
		c.end()
	}
	return false
}

// Ways to say "or else".
var orElse = [...]string{"||", "??", "?:", "or "}

// fallback finds the literal behind a look-up: getenv("K", "V"), ENV["K"] || "V".
func (c *cursor) fallback(a *assignment) bool {
	t := *c
	start := t.pos
	for t.pos-start < 64 && (isKeyByte(t.peek()) || t.peek() == ':' && t.at(1) == ':' || t.peek() == ':' && t.pos > start && t.buf[t.pos-1] == ':') {
		t.pos++
	}
	if t.pos == start {
		return false
	}
	open := t.peek()
	if open == '(' || open == '[' {
		t.pos++
		t.blanks()
		q := t.anyQuote()
		if q == "" {
			return false
		}
		i := bytes.Index(t.rest(), []byte(q))
		if i < 0 || i > maxKeyName || bytes.IndexByte(t.rest()[:i], '\n') >= 0 {
			return false
		}
		t.pos += i + len(q)
		t.blanks()
		if open == '(' && t.take(",") {
			t.blanks()
			return t.fallbackLiteral(c, a)
		}
		if !t.take(")") && !t.take("]") {
			return false
		}
	}
	t.blanks()
	for _, word := range orElse {
		if t.take(word) {
			t.blanks()
			return t.fallbackLiteral(c, a)
		}
	}
	return false
}

func (c *cursor) fallbackLiteral(from *cursor, a *assignment) bool {
	if c.pos-from.pos > maxGap || !c.quoteAhead() {
		return false
	}
	c.prefix()
	if !c.quotedValue(a) {
		return false
	}
	a.op = opDefault
	*from = *c
	return true
}

// element reads the text of a markup element.
func (c *cursor) element(a *assignment) bool {
	c.space()
	c.take("<![CDATA[")
	i := bytes.IndexAny(c.rest(), "<\n]")
	if i <= 0 || i > maxValue || c.buf[c.pos+i] == '\n' && bytes.IndexByte(c.rest()[:min(len(c.rest()), i+64)], '<') < 0 {
		return false
	}
	a.valueStart = c.pos
	a.valueEnd = c.pos + len(bytes.TrimRight(c.rest()[:i], " \t\r"))
	a.quoted = true
	return a.plain()
}

// template is how the examples of rules spell random characters, and nothing;
// see Expand.
var template = lazy(`^<(?:[A-Za-z0-9]+:[0-9]+)?>`)

// mayEndBare are the bytes that bare looks at closely.
var mayEndBare = byteSetOf(" \t\r\n\x00" + "\"'`\\" + "<>()[]{}" + ";,|&#")

// bare reads an unquoted value.
func (c *cursor) bare(a *assignment) bool {
	start := c.pos
	end := start + maxValue
	depth := 0
loop:
	for ; c.pos < len(c.buf) && c.pos < end; c.pos++ {
		if !mayEndBare.has(c.buf[c.pos]) {
			continue
		}
		switch ch := c.peek(); ch {
		case ' ', '\t', '\r', '\n', '"', '\'', '`', '<', ';', 0:
			if ch == '<' && c.pos == start { // <placeholder>
				continue
			}
			if ch == '<' && template.Match(c.rest()) {
				return false
			}
			break loop
		case '>':
			if c.buf[start] != '<' {
				break loop
			}
		case '|':
			if a.kind.isCode() {
				break loop
			}
		case '&':
			if a.query {
				break loop
			}
		case '#':
			if a.query {
				break loop
			}
		case ',':
			if n := c.at(1); n <= ' ' || n == '"' || n == '\'' || n == '}' || a.kind.isCode() {
				break loop
			}
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth == 0 {
				break loop
			}
			depth--
		case '\\':
			if n := c.at(1); n == 'n' || n == 'r' || n == 't' || n == '"' || n == '\'' || n == '\\' {
				break loop
			}
		}
	}
	if c.pos >= len(c.buf) {
		c.end()
	}
	if c.pos >= end || c.pos == start {
		return false
	}
	a.valueStart, a.valueEnd = start, c.pos
	c.blanks()
	switch c.peek() {
	case 0, '\r', '\n', '#', ',', ';', ')', '}', ']', '"', '\'', '&', '<', '\\', '|', '`', '>':
	case '/':
		a.more = c.at(1) != '/'
	default:
		a.more = true
	}
	return true
}

// skipScheme moves the start of a value such as "Bearer V" behind the scheme.
func (c *cursor) skipScheme(a *assignment) {
	buf := c.buf
	for _, s := range [...]string{"bearer ", "token ", "basic ", "apikey ", "key "} {
		if v := buf[a.valueStart:a.valueEnd]; len(v) > len(s) && equalFold(v[:len(s)], s) {
			a.valueStart += len(s)
			return
		}
	}
	// An unquoted header: the value ended at the blank behind the scheme.
	if !a.more {
		return
	}
	for _, s := range [...]string{"bearer", "token", "basic", "apikey"} {
		if v := buf[a.valueStart:a.valueEnd]; len(v) == len(s) && equalFold(v, s) {
			c := cursor{buf: buf, pos: a.valueEnd, reading: c.reading}
			c.blanks()
			next := *a
			next.more = false
			if c.bare(&next) {
				*a = next
			}
			return
		}
	}
}

// beforeQuote returns what stands before the quote that opens a key, and before
// the marks of a flag or a selector between them: "--password", "#password".
func beforeQuote(left []byte, quote string) []byte {
	if quote == "" {
		return left
	}
	return bytes.TrimSuffix(bytes.TrimRight(left, "-#"), []byte(quote))
}

// openQuotes returns the quotes that the text before the key, on its line,
// leaves open.
func openQuotes(left []byte) string {
	line := left[bytes.LastIndexByte(left, '\n')+1:]
	open := ""
	for _, q := range [...]string{`"`, "'", "`"} {
		if bytes.Count(line, []byte(q))%2 == 1 {
			open += q
		}
	}
	return open
}
