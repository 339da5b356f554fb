package scanner

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// directiveBytes is how far a directive is read from where it begins: room for
// a dozen rule ids.
const directiveBytes = 512

// maxDirectives bounds what is kept of lines with directives where matches may
// still come. Beyond it directives are not honoured.
const maxDirectives = 10_000

// A directive is a comment that allows what is found on a line:
//
//	cork:allow                         on this line
//	cork:allow rule=jwt,aws-key        these rules only
//	cork:allow reason=made up          for the reader; ends the directive
//	cork:allow-next-line               on the line below
//	gitleaks:allow                     as cork:allow
//	pragma: allowlist secret           as cork:allow
//	pragma: allowlist nextline secret  as cork:allow-next-line
//
// A match is allowed by a directive on any line that it touches, wherever on
// the line that is, unless the directive is a part of the secret itself.
type directive struct {
	start, end int // of the words up to "allow"
	next       bool
	limited    bool     // rule= was given: rules says which
	rules      []string // sorted
	reason     string   // up to maxReason bytes; "" if none was given
	line       int      // that it stands on, 1-based
}

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

// findDirectives returns the directives that begin in buf[from:to). It looks
// at most directiveBytes beyond to.
func findDirectives(buf []byte, from, to int) (found []directive) {
	end := min(len(buf), to+directiveBytes)
	for _, mark := range [...]string{":allow", "pragma: allowlist "} {
		for at := from; at < end; {
			i := bytes.Index(buf[at:end], []byte(mark))
			if i < 0 {
				break
			}
			i += at
			at = i + 1
			if d, ok := parseDirective(buf, i, mark); ok && d.start >= from && d.start < to {
				found = append(found, d)
			}
		}
	}
	return found
}

// parseDirective reads the directive whose mark stands at buf[at].
func parseDirective(buf []byte, at int, mark string) (d directive, ok bool) {
	rest := buf[at+len(mark) : min(len(buf), at+directiveBytes)]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	d.start = at
	skip := func(word string) bool {
		after, ok := bytes.CutPrefix(rest, []byte(word))
		if ok && (len(after) == 0 || !isWordByte(after[0])) {
			rest = after
			return true
		}
		return false
	}
	if mark != ":allow" {
		if d.next = skip("nextline secret"); !d.next && !skip("secret") {
			return d, false
		}
	} else {
		before := buf[max(0, at-len("gitleaks")):at]
		switch {
		case bytes.HasSuffix(before, []byte("cork")):
			d.start -= len("cork")
			d.next = skip("-next-line")
		case bytes.HasSuffix(before, []byte("gitleaks")):
			d.start -= len("gitleaks")
		default:
			return d, false
		}
		// cork:allow-list is another word; cork:allow--> ends a comment.
		if len(rest) > 0 && isWordByte(rest[0]) || len(rest) > 1 && rest[0] == '-' && isWordByte(rest[1]) {
			return d, false
		}
	}
	// x-cork:allow is another word; --cork:allow begins a comment.
	if i := d.start; i > 0 && isWordByte(buf[i-1]) || i > 1 && buf[i-1] == '-' && isWordByte(buf[i-2]) {
		return d, false
	}
	for {
		rest = bytes.TrimLeft(rest, " \t")
		list, ok := bytes.CutPrefix(rest, []byte("rule="))
		if !ok {
			break
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
		rest = list[n:]
	}
	slices.Sort(d.rules)
	d.rules = slices.Compact(d.rules)
	d.reason = parseReason(rest)
	d.end = at + len(mark)
	return d, true
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
}

type directiveKey struct {
	line    int // the line that it is for
	limited bool
	rules   string
}

type directiveEnds struct{ first, last directive }

// add adds a directive for the given line.
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

// prune forgets directives for lines before line that no hit touches.
func (ds *directives) prune(line int, hits map[hitKey]*hit) {
	if len(ds.kept) < manyDirectives {
		return
	}
	touched := linesOf(hits)
	for key := range ds.kept {
		if key.line < line && !touched.has(key.line) {
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
	if len(ds.kept) == 0 {
		return nil
	}
	if ds.line == nil {
		for key := range ds.kept {
			ds.line = append(ds.line, key)
		}
		slices.SortFunc(ds.line, func(a, b directiveKey) int {
			return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.rules, b.rules))
		})
	}
	i, _ := slices.BinarySearchFunc(ds.line, h.first, func(k directiveKey, line int) int { return cmp.Compare(k.line, line) })
	for ; i < len(ds.line) && ds.line[i].line <= h.last; i++ {
		ends := ds.kept[ds.line[i]]
		if ends.first.limited && !slices.Contains(ends.first.rules, h.m.Rule.ID) {
			continue
		}
		outside := func(d *directive) bool { return d.end <= h.start || d.start >= h.end }
		for _, d := range [...]*directive{&ends.first, &ends.last} {
			if outside(d) {
				return d
			}
		}
	}
	return nil
}
