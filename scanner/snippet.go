package scanner

import (
	"bytes"
	"cmp"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// lineChars is how many characters of a line are shown: two lines of a
	// narrow terminal.
	lineChars = 160
	// snippetBytes is how much is kept on either side of a secret. It is more
	// than can be shown, so that a secret that is cut at the edge of what is
	// shown is still recognised and masked.
	snippetBytes = 1024
	shownBytes   = lineChars * utf8.UTFMax

	masked   = "********"
	ellipsis = "…"
)

// around returns what stands on the first line of buf[start:end) before it,
// and after it if that is one line, each up to snippetBytes.
func around(buf []byte, start, end int) (left, right string) {
	lo := max(0, start-snippetBytes)
	if i := bytes.LastIndexByte(buf[lo:start], '\n'); i >= 0 {
		lo += i + 1
	}
	if bytes.IndexByte(buf[start:end], '\n') >= 0 {
		return string(buf[lo:start]), ""
	}
	hi := min(len(buf), end+snippetBytes)
	if i := bytes.IndexByte(buf[end:hi], '\n'); i >= 0 {
		hi = end + i
	}
	return string(buf[lo:start]), string(buf[end:hi])
}

// A masker masks everything in a line that is known to be a secret: by
// position, which also finds those that are shown in part, and by text, which
// finds what no rule saw the second time.
type masker struct {
	spans []span   // of secrets, by start; merged where they touch
	texts []string // sorted
	from  [257]int // by byte: the first of the texts that begin with it, or with a greater one
}

type span struct{ start, end int }

// newMasker returns a masker for the lines of the given hits, which are those
// of one pass, that knows the secrets of all passes.
func newMasker(hits []*hit, all []*pass) *masker {
	m := &masker{}
	for _, h := range hits {
		if !h.m.Rule.PartOnly {
			m.spans = append(m.spans, span{h.start, h.end})
		}
	}
	slices.SortFunc(m.spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	m.spans = mergeSpans(m.spans)
	for _, p := range all {
		for _, h := range p.hits {
			if h.m.Rule.PartOnly {
				continue
			}
			m.add(h.secret)
			if h.depth > 0 {
				m.add(h.raw)
			}
		}
	}
	slices.Sort(m.texts)
	m.texts = slices.Compact(m.texts)
	m.index()
	return m
}

// index finds out where in the sorted texts those with each first byte begin.
func (m *masker) index() {
	at := 0
	for c := range m.from {
		for at < len(m.texts) && (m.texts[at] == "" || int(m.texts[at][0]) < c) {
			at++
		}
		m.from[c] = at
	}
}

// add makes the masker know a secret.
func (m *masker) add(secret string) {
	m.texts = append(m.texts, secret)
	if strings.Contains(secret, "\n") {
		// A line shows a part of it only.
		const minPart = 8
		for part := range strings.SplitSeq(secret, "\n") {
			if part = strings.TrimSpace(part); len(part) >= minPart {
				m.texts = append(m.texts, part)
			}
		}
	}
}

// mergeSpans merges sorted spans that overlap or touch.
func mergeSpans(spans []span) []span {
	merged := spans[:0]
	for _, s := range spans {
		if n := len(merged); n > 0 && s.start <= merged[n-1].end {
			merged[n-1].end = max(merged[n-1].end, s.end)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// line returns the line of a hit as it is shown.
func (m *masker) line(h *hit) string {
	shown := h.raw // on the first line
	if i := strings.IndexByte(shown, '\n'); i >= 0 {
		shown = shown[:i]
	}
	text := h.left + shown + h.right
	offset := h.start - len(h.left) // of text
	secret := span{len(h.left), len(h.left) + len(shown)}

	hidden := append(m.occurrences(text), secret)
	first := sort.Search(len(m.spans), func(i int) bool { return m.spans[i].end > offset })
	for _, s := range m.spans[first:] {
		if s.start >= offset+len(text) {
			break
		}
		hidden = append(hidden, span{max(0, s.start-offset), min(len(text), s.end-offset)})
	}
	slices.SortFunc(hidden, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	hidden = mergeSpans(hidden)

	// Where the secret's mask begins and ends, with what hides together with it.
	at, _ := slices.BinarySearchFunc(hidden, secret.start, func(s span, start int) int {
		if s.end >= start && s.start <= start {
			return 0
		}
		return cmp.Compare(s.start, start)
	})
	mask := masked
	if hidden[at] == secret && !strings.Contains(h.raw, "\n") {
		mask = h.wrapped().String()
	}
	left := render(text, hidden[:at], max(0, hidden[at].start-shownBytes), hidden[at].start)
	right := render(text, hidden[at+1:], hidden[at].end, min(len(text), hidden[at].end+shownBytes))
	left = []rune(strings.TrimLeft(string(left), " \t"))
	right = []rune(strings.TrimRight(string(right), " \t"))
	return fit(left, []rune(mask), right)
}

// text returns a text with everything masked in it that is known to be a secret,
// and without anything that could act on a terminal.
func (m *masker) text(s string) string {
	hidden := mergeSpans(m.occurrences(s))
	return string(render(s, hidden, 0, len(s)))
}

// fit cuts what stands around the mask so that all fits into lineChars.
func fit(left, mask, right []rune) string {
	room := lineChars - len(mask)
	if len(left)+len(right) <= room {
		return string(left) + string(mask) + string(right)
	}
	// What is before the secret says what it is for.
	keep := max(room*2/3, room-len(right))
	if cut := len(left) - (keep - 1); len(left) > keep {
		left = append([]rune(ellipsis), left[cut:]...)
	}
	if keep = room - len(left); len(right) > keep {
		right = append(right[:max(0, keep-1):max(0, keep-1)], []rune(ellipsis)...)
	}
	return string(left) + string(mask) + string(right)
}

// render returns text[from:to) with the hidden spans masked, and without
// anything that could act on a terminal.
func render(text string, hidden []span, from, to int) []rune {
	out := make([]rune, 0, to-from)
	for i := from; i < to; {
		for len(hidden) > 0 && hidden[0].end <= i {
			hidden = hidden[1:]
		}
		if len(hidden) > 0 && hidden[0].start <= i {
			out = append(out, []rune(masked)...)
			i = hidden[0].end
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:to])
		i += size
		if r == '\r' && i == to {
			continue // the line end
		}
		if r != '\t' && !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		out = append(out, r)
	}
	return out
}

// occurrences returns where known secrets stand in text.
func (m *masker) occurrences(text string) (found []span) {
	for i := range len(text) {
		lo, hi := m.from[text[i]], m.from[int(text[i])+1]
		if lo == hi {
			continue // of most characters
		}
		end := i + m.longest(text[i:], lo, hi)
		if end > i && (!plain(text[i:end]) || standsAlone(text, i, end)) {
			found = append(found, span{i, end})
		}
	}
	return found
}

// longest returns the length of the longest of texts[lo:hi] that text begins
// with. All begin with the first byte of text.
func (m *masker) longest(text string, lo, hi int) (length int) {
	// The sorted texts are narrowed down to those that begin as text does, byte
	// by byte.
	for n := 1; ; n++ {
		if len(m.texts[lo]) == n {
			length = n
			lo++ // there are no two of them
		}
		if hi-lo == 1 && strings.HasPrefix(text, m.texts[lo]) {
			return len(m.texts[lo])
		}
		if hi-lo <= 1 || n == len(text) {
			return length
		}
		tail := m.texts[lo:hi]
		c := text[n]
		a := sort.Search(len(tail), func(j int) bool { return tail[j][n] >= c })
		b := a + sort.Search(len(tail)-a, func(j int) bool { return tail[a+j][n] > c })
		if lo, hi = lo+a, lo+b; lo == hi {
			return length
		}
	}
}

// plain reports whether a secret is a short word. Masking it inside of other
// words would tell it: "********_password: ********" for postgres.
func plain(secret string) bool {
	const short, long = 4, 12
	if len(secret) < short {
		return true
	}
	return len(secret) < long && strings.IndexFunc(secret, func(r rune) bool { return !unicode.IsLetter(r) }) < 0
}

// standsAlone reports whether text[start:end] is not a part of a word.
func standsAlone(text string, start, end int) bool {
	return (start == 0 || !isWordByte(text[start-1])) && (end == len(text) || !isWordByte(text[end]))
}
