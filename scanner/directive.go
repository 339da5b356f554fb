package scanner

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// directiveBytes is how far a directive is read from where it begins: room for
// a dozen rule ids.
const directiveBytes = 512

const (
	// maxDirectives bounds what is kept of lines with directives where matches may
	// still come. Beyond it directives are not honoured.
	maxDirectives = 10_000
	// maxBlocks bounds the blocks of a text, and how deep they are in each other.
	maxBlocks = 1000
	// fileLines are the lines that may allow the whole file.
	fileLines = 10
)

// A directive is a comment that allows what is found on a line:
//
//	cork:allow                         on this line
//	cork:allow rule=jwt,aws-key        these rules only
//	cork:allow reason=made up          for the reader; ends the directive
//	cork:allow-next-line               on the line below
//	cork:allow-start, cork:allow-end   from this line to that one, both included
//	cork:allow-file                    in the file; on one of its first ten lines
//
// And those of other tools:
//
//	gitleaks:allow, betterleaks:allow, trufflehog:ignore, ggignore,
//	secretlint-disable-line, pragma: allowlist secret            as cork:allow
//	secretlint-disable-next-line,
//	pragma: allowlist nextline secret                            as cork:allow-next-line
//	secretlint-disable, secretlint-enable                        as cork:allow-start and -end
//
// A match is allowed by a directive on any line that it touches, wherever on
// the line that is, unless the directive is a part of the secret itself; and by a
// block that all of its lines are in. A block without an end allows nothing: what
// it was meant for nobody knows. But secretlint-disable without an end, on one of
// the first lines, is for all of the file below it, as it is to secretlint.
//
// The rules that secretlint's directives name are its own: they stand for Cork's
// rules of the same provider.
type directive struct {
	start, end int // of the words up to the mark's end
	kind       directiveKind
	lint       bool     // secretlint's
	limited    bool     // rule= was given: rules says which
	rules      []string // sorted; "aws-*" is all that begin so
	reason     string   // up to maxReason bytes; "" if none was given
	line       int      // that it stands on, 1-based
}

type directiveKind uint8

const (
	onLine directiveKind = iota
	onNextLine
	blockStart
	blockEnd
	onFile
)

// far reports whether it acts on lines other than its own and the next.
func (k directiveKind) far() bool { return k >= blockStart }

// isFor reports whether it is about a rule.
func (d *directive) isFor(rule string) bool {
	return !d.limited || slices.ContainsFunc(d.rules, func(want string) bool {
		prefix, all := strings.CutSuffix(want, "*")
		return want == rule || all && strings.HasPrefix(rule, prefix)
	})
}

// outside reports whether it is no part of the hit's secret.
func (d *directive) outside(h *hit) bool { return d.end <= h.start || d.start >= h.end }

// maxReason is how many bytes of a reason are kept: more is not read by anybody.
const maxReason = 200

// suppression returns what a directive, unless it is nil, does to a finding in b.
// Known secrets are masked in its reason.
func (d *directive) suppression(b *Blob, mask *masker) *Suppression {
	if d == nil {
		return nil
	}
	s := &Suppression{By: SuppressedInline, File: b.Path, Line: d.line}
	if mask != nil {
		s.Reason = mask.text(d.reason)
	}
	return s
}

// findDirectives returns the directives that begin in buf[from:to), in order. It
// looks at most directiveBytes beyond to. It looks for a character that all of them
// have and that is rare: for words that begin with letters it takes three times as
// long.
func findDirectives(buf []byte, from, to int) (found []directive) {
	end := min(len(buf), to+directiveBytes)
	for at := from; at < end; at++ {
		i := bytes.IndexByte(buf[at:end], ':')
		if i < 0 {
			break
		}
		if at += i; at+1 >= len(buf) {
			break
		}
		switch next := buf[at+1]; {
		case next == 'a':
			found = addDirective(found, buf, at, ":allow")
		case next == 'i':
			found = addDirective(found, buf, at, ":ignore")
		}
		if at > 0 && buf[at-1] == 'a' {
			found = addDirective(found, buf, at-len("pragma"), "pragma:")
		}
	}
	for at := from; at < end; at++ {
		i := bytes.IndexByte(buf[at:end], '-')
		if i < 0 {
			break
		}
		if at += i; at > 0 && buf[at-1] == 't' {
			found = addDirective(found, buf, at-len("secretlint"), "secretlint-")
		}
	}
	for at := from; at < end; at++ {
		i := bytes.Index(buf[at:end], []byte("ggignore"))
		if i < 0 {
			break
		}
		at += i
		found = addDirective(found, buf, at, "ggignore")
	}
	found = slices.DeleteFunc(found, func(d directive) bool { return d.start < from || d.start >= to })
	slices.SortStableFunc(found, func(a, b directive) int { return cmp.Compare(a.start, b.start) })
	return found
}

// addDirective adds the directive whose mark stands at buf[at], if it does.
func addDirective(found []directive, buf []byte, at int, mark string) []directive {
	if at < 0 || len(buf) < at+len(mark) || string(buf[at:at+len(mark)]) != mark {
		return found
	}
	if d, ok := parseDirective(buf, at, mark); ok {
		found = append(found, d)
	}
	return found
}

// parseDirective reads the directive whose mark stands at buf[at].
func parseDirective(buf []byte, at int, mark string) (d directive, ok bool) {
	rest := buf[at+len(mark) : min(len(buf), at+directiveBytes)]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	r := directiveReader{buf, at, rest}
	d.start = at
	switch mark {
	case ":allow":
		ok = r.allow(&d)
	case ":ignore":
		ok = r.after(&d, "trufflehog")
	case "pragma:":
		ok = r.pragma(&d)
	case "secretlint-":
		ok = r.secretlint(&d)
	default:
		ok = true
	}
	// cork:allow-list is another word; cork:allow--> ends a comment.
	if rest := r.rest; !ok || len(rest) > 0 && isWordByte(rest[0]) || len(rest) > 1 && rest[0] == '-' && isWordByte(rest[1]) {
		return d, false
	}
	// x-cork:allow is another word; --cork:allow begins a comment.
	if i := d.start; i > 0 && isWordByte(buf[i-1]) || i > 1 && buf[i-1] == '-' && isWordByte(buf[i-2]) {
		return d, false
	}
	if d.lint {
		r.lintRules(&d)
	} else {
		r.rules(&d)
	}
	slices.Sort(d.rules)
	d.rules = slices.Compact(d.rules)
	d.reason = parseReason(r.rest)
	d.end = at + len(mark)
	return d, true
}

// A directiveReader reads on behind the mark of a directive.
type directiveReader struct {
	buf  []byte
	at   int // of the mark
	rest []byte
}

// skip reads a word, up to a character that ends words.
func (r *directiveReader) skip(word string) bool {
	after, ok := bytes.CutPrefix(r.rest, []byte(word))
	if ok && (len(after) == 0 || !isWordByte(after[0])) {
		r.rest = after
		return true
	}
	return false
}

// after moves the beginning of the directive to a word before the mark, if it is
// there.
func (r *directiveReader) after(d *directive, word string) bool {
	if !bytes.HasSuffix(r.buf[max(0, r.at-len(word)):r.at], []byte(word)) {
		return false
	}
	d.start = r.at - len(word)
	return true
}

// allow reads what begins with a tool's name and ":allow".
func (r *directiveReader) allow(d *directive) bool {
	if !r.after(d, "cork") {
		return r.after(d, "gitleaks") || r.after(d, "betterleaks")
	}
	switch {
	case r.skip("-next-line"):
		d.kind = onNextLine
	case r.skip("-start"):
		d.kind = blockStart
	case r.skip("-end"):
		d.kind = blockEnd
	case r.skip("-file"):
		d.kind = onFile
	}
	return true
}

// pragma reads detect-secrets' "pragma: allowlist nextline secret" and its older and
// shorter forms.
func (r *directiveReader) pragma(d *directive) bool {
	r.rest = bytes.TrimLeft(r.rest, " ")
	if !r.skip("allowlist") && !r.skip("whitelist") {
		return false
	}
	between := func() bool {
		if len(r.rest) == 0 || r.rest[0] != ' ' && r.rest[0] != '-' {
			return false
		}
		r.rest = r.rest[1:]
		return true
	}
	if !between() {
		return false
	}
	if r.skip("nextline") {
		d.kind = onNextLine
		if !between() {
			return false
		}
	}
	return r.skip("secret")
}

// secretlint reads what begins with "secretlint-".
func (r *directiveReader) secretlint(d *directive) bool {
	d.lint = true
	switch {
	case r.skip("disable-line"):
	case r.skip("disable-next-line"):
		d.kind = onNextLine
	case r.skip("disable"):
		d.kind = blockStart
	case r.skip("enable"):
		d.kind = blockEnd
	default:
		return false
	}
	return true
}

// rules reads "rule=a,b".
func (r *directiveReader) rules(d *directive) {
	for {
		r.rest = bytes.TrimLeft(r.rest, " \t")
		list, ok := bytes.CutPrefix(r.rest, []byte("rule="))
		if !ok {
			return
		}
		n := 0
		for n < len(list) && (isWordByte(list[n]) || list[n] == '-' || list[n] == ',') {
			n++
		}
		// Without an id it allows nothing, which is safer than everything.
		d.limited = true
		for id := range strings.SplitSeq(string(list[:n]), ",") {
			if id != "" {
				d.rules = append(d.rules, id)
			}
		}
		r.rest = list[n:]
	}
}

// lintRules reads the names of secretlint's rules, which are those of packages.
func (r *directiveReader) lintRules(d *directive) {
	for {
		r.rest = bytes.TrimLeft(r.rest, " \t,")
		n := 0
		for n < len(r.rest) && (isWordByte(r.rest[n]) || strings.IndexByte("-@/", r.rest[n]) >= 0) {
			n++
		}
		_, name, ok := strings.Cut(string(r.rest[:n]), "secretlint-rule-")
		if !ok {
			return
		}
		r.rest = r.rest[n:]
		name, _, _ = strings.Cut(name, "/") // the id of a message
		if strings.HasPrefix(name, "preset-") {
			name = "*"
		} else {
			name = cmp.Or(map[string]string{
				"privatekey": "private-key*", "basicauth": "url-credentials", "database-connection-string": "connection-string*",
				"no-k8s-kind-secret": "kubernetes-*", "gcp": "google-*",
			}[name], name+"-*")
		}
		d.limited = true
		d.rules = append(d.rules, name)
	}
}

// parseReason reads the reason at the beginning of text, up to the end of the
// comment or of the quotes that it is written in.
func parseReason(text []byte) string {
	reason, ok := bytes.CutPrefix(text, []byte("reason="))
	if !ok {
		return ""
	}
	if len(reason) > 0 && (reason[0] == '"' || reason[0] == '\'') {
		if inner, _, ok := bytes.Cut(reason[1:], reason[:1]); ok {
			reason = inner
		}
	}
	for _, end := range [...]string{"*/", "-->", "#}", "--%>"} {
		reason, _, _ = bytes.Cut(reason, []byte(end))
	}
	if len(reason) > maxReason {
		reason = reason[:max(0, floorRune(reason, maxReason))]
	}
	return strings.ToValidUTF8(string(bytes.TrimSpace(reason)), string(utf8.RuneError))
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// directives are the directives of a text, as far as they can matter. Of those
// that say the same on the same line only the first and the last are kept: a
// secret that holds both holds all between them.
type directives struct {
	kept map[directiveKey]*directiveEnds
	line []directiveKey // sorted by line, for allow; nil until then

	blocks []block
	open   [2]openBlocks // Cork's and secretlint's, that have no end yet
	late   *directive    // for the file, but below its first lines
}

type directiveKey struct {
	line    int // the line that it is for; 0: the file
	limited bool
	rules   string
}

type directiveEnds struct{ first, last directive }

// A block is the lines from one directive to another.
type block struct{ start, end directive }

// openBlocks are blocks without an end, the outermost first.
type openBlocks struct {
	starts []directive
	more   int // that are not kept, in the last one
}

// add adds a directive that is about the given line; 0 is the file.
func (ds *directives) add(d directive, line int) {
	key := directiveKey{line, d.limited, strings.Join(d.rules, ",")}
	if ends, ok := ds.kept[key]; ok {
		if d.start < ends.first.start {
			ends.first = d
		}
		if d.start > ends.last.start {
			ends.last = d
		}
		return
	}
	if len(ds.kept) >= maxDirectives {
		return
	}
	if ds.kept == nil {
		ds.kept = make(map[directiveKey]*directiveEnds)
	}
	ds.kept[key] = &directiveEnds{d, d}
}

// addFar adds one that acts on other lines. They come in the order of the text.
func (ds *directives) addFar(d directive) {
	open := &ds.open[0]
	if d.lint {
		open = &ds.open[1]
	}
	switch d.kind {
	case onFile:
		if d.line <= fileLines {
			ds.add(d, 0)
		} else if ds.late == nil {
			ds.late = &d
		}
	case blockStart:
		if len(open.starts) < maxBlocks {
			open.starts = append(open.starts, d)
		} else {
			open.more++
		}
	case blockEnd:
		if open.more > 0 && !d.lint {
			open.more--
			return
		}
		open.more = 0
		// secretlint-enable ends all, cork:allow-end the last one.
		for len(open.starts) > 0 {
			last := len(open.starts) - 1
			if len(ds.blocks) < maxBlocks {
				ds.blocks = append(ds.blocks, block{open.starts[last], d})
			}
			if open.starts = open.starts[:last]; !d.lint {
				break
			}
		}
	}
}

// prune forgets directives for lines before line that no hit touches.
func (ds *directives) prune(line int, hits map[hitKey]*hit) {
	if len(ds.kept) < manyDirectives {
		return
	}
	touched := linesOf(hits)
	for key := range ds.kept {
		if key.line > 0 && key.line < line && !touched.has(key.line) {
			delete(ds.kept, key)
		}
	}
}

// manyDirectives are so many that it pays to find out which can be forgotten.
const manyDirectives = 1000

// hitLines are the lines that hits touch, first to last, both included.
type hitLines []span

func linesOf(hits map[hitKey]*hit) hitLines {
	spans := make(hitLines, 0, len(hits))
	for _, h := range hits {
		spans = append(spans, span{h.first, h.last})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	return mergeSpans(spans)
}

func (l hitLines) has(line int) bool {
	i, _ := slices.BinarySearchFunc(l, line, func(s span, line int) int { return cmp.Compare(s.end, line) })
	return i < len(l) && l[i].start <= line
}

// allow returns the directive that allows the hit; nil if none does. No directive
// is added after the first call.
func (ds *directives) allow(h *hit) *directive {
	if ds.line == nil && len(ds.kept) > 0 {
		for key := range ds.kept {
			ds.line = append(ds.line, key)
		}
		slices.SortFunc(ds.line, func(a, b directiveKey) int {
			return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.rules, b.rules))
		})
	}
	if d := ds.allowOn(h, h.first, h.last); d != nil {
		return d
	}
	for i := range ds.blocks {
		if b := &ds.blocks[i]; b.start.holds(h) && h.last <= b.end.line && b.end.outside(h) {
			return &b.start
		}
	}
	if d := ds.allowOn(h, 0, 0); d != nil {
		return d
	}
	lint := ds.open[1].starts
	for i := range lint {
		if lint[i].line <= fileLines && lint[i].holds(h) {
			return &lint[i]
		}
	}
	return nil
}

// holds reports whether a block that begins with d may hold the hit.
func (d *directive) holds(h *hit) bool {
	return d.line <= h.first && d.isFor(h.m.Rule.ID) && d.outside(h)
}

// allowOn returns the directive that is about one of some lines and allows the hit.
func (ds *directives) allowOn(h *hit, first, last int) *directive {
	i, _ := slices.BinarySearchFunc(ds.line, first, func(k directiveKey, line int) int { return cmp.Compare(k.line, line) })
	for ; i < len(ds.line) && ds.line[i].line <= last; i++ {
		ends := ds.kept[ds.line[i]]
		if !ends.first.isFor(h.m.Rule.ID) {
			continue
		}
		for _, d := range [...]*directive{&ends.first, &ends.last} {
			if d.outside(h) {
				return d
			}
		}
	}
	return nil
}

// meant returns a directive that would have allowed the hit if it were right; nil if
// there is none.
func (ds *directives) meant(h *hit) *directive {
	for _, open := range ds.open {
		for i := range open.starts {
			if open.starts[i].holds(h) {
				return &open.starts[i]
			}
		}
	}
	if ds.late != nil && ds.late.isFor(h.m.Rule.ID) {
		return ds.late
	}
	return nil
}

// warning says what is wrong with a directive that allows nothing.
func (d *directive) warning(b *Blob) string {
	name, end := "cork:allow-start", "cork:allow-end"
	switch {
	case d.kind == onFile:
		return fmt.Sprintf("%s:%d: cork:allow-file allows nothing: it is not on one of the first %d lines", b.Path, d.line, fileLines)
	case d.lint:
		name, end = "secretlint-disable", "secretlint-enable"
	}
	return fmt.Sprintf("%s:%d: %s allows nothing: there is no %s for it", b.Path, d.line, name, end)
}
