package decode

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
	"sort"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A Kind is a way in which text is encoded inside of text.
type Kind uint8

// The kinds.
const (
	Base64 Kind = iota + 1 // also in the alphabet for URLs, without padding, wrapped
	Hex
	Percent
	HTML
	JSON // escapes that JSON has, as most languages do
	C    // escapes that JSON does not have: \x41, \101
	UTF16
)

var kindNames = [...]string{Base64: "base64", Hex: "hex", Percent: "percent", HTML: "html", JSON: "json", C: "c", UTF16: "utf-16"}

// String returns "base64", "hex" and so on.
func (k Kind) String() string {
	if int(k) < len(kindNames) && k > 0 {
		return kindNames[k]
	}
	return "unknown"
}

// A chain says how a byte was encoded, the outermost kind in the highest bits.
type chain uint32

const kindBits = 4

func (c chain) len() int { return (bits.Len32(uint32(c)) + kindBits - 1) / kindBits }

func (c chain) String() string {
	var names []string
	for ; c > 0; c >>= kindBits {
		names = append(names, Kind(c&(1<<kindBits-1)).String())
	}
	slices.Reverse(names)
	return strings.Join(names, ", ")
}

// A Text is a text in which everything encoded is replaced by what it encodes,
// so that rules find names and values that stand beside each other only in
// that form. It knows of each byte where it comes from. What stands inside of
// base64 or hex but is no text stays as it is.
//
// A Text is never much longer than what it was made of: only UTF-16 in base64
// or hex can grow, by an eighth. It keeps its memory from one use to the next.
type Text struct {
	NoUTF16 bool // zero bytes of the root are known not to be part of UTF-16

	buf   []byte
	spans []source // by byte
	fresh []piece  // of buf: what was decoded, by position

	// What buf is made of, while it is made.
	src    []byte
	parent *Text // nil: src is the root
	off    int   // of src in the parent's buf
	done   int   // bytes of src that are in buf
	after  int   // where in src the last escape ended

	tokens    []token
	hexRun    int    // the longest run of hex digits in tokens is not longer
	raw       []byte // a run of tokens, decoded
	hopes     []hope
	stretches []stretch
	chosen    []stretch
}

// A source is where a byte comes from in the root: offsets, half-open.
type source struct {
	start, end int32
	chain      chain
}

type piece struct{ start, end int }

// A token is one character of base64, however it is spelled.
type token struct {
	start, end int32 // of src
	value      uint8
	hex        uint8 // notHex for anything but a hex digit as it is
}

// A stretch is text in a run of tokens: bytes lo to hi of what the tokens from
// first on decode to.
type stretch struct {
	kind   Kind
	wide   int8 // of UTF-16: 1 if the low byte comes first, -1 if the high one does
	first  int  // token
	lo, hi int
}

// A hope is a part of a run in which there is text if its characters are
// grouped by four from the given one on: tokens, half-open.
type hope struct{ group, from, to int }

const (
	// minText bytes in a row are text, and no accident, unless a run is
	// decoded from its beginning to its end.
	minText     = 12
	minWholeRun = 8
	minRun      = endBase64
	minHexRun   = 2 * minText
	// minWrapped characters stand on a line that is wrapped.
	minWrapped = 16
)

// Bytes returns the text. It is valid until t is used again.
func (t *Text) Bytes() []byte { return t.buf }

// Decode makes t the text of src and reports whether anything was decoded.
func (t *Text) Decode(src []byte) bool {
	t.src, t.parent, t.off = src, nil, 0
	return t.decode()
}

// DecodePart makes t the text of p's bytes start to end, and reports whether
// anything was decoded. Offsets in the root remain those of p's root.
func (t *Text) DecodePart(p *Text, start, end int) bool {
	t.src, t.parent, t.off = p.buf[start:end], p, start
	return t.decode()
}

// Fresh reports whether bytes start to end, or one beside them, were decoded
// when t was made, not before.
func (t *Text) Fresh(start, end int) bool {
	i := sort.Search(len(t.fresh), func(i int) bool { return t.fresh[i].end >= start })
	return i < len(t.fresh) && t.fresh[i].start <= end
}

// Span returns the bytes of the root that encode bytes start to end, of which
// there is at least one.
func (t *Text) Span(start, end int) (from, to int) {
	return int(t.spans[start].start), int(t.spans[end-1].end)
}

// Start returns where in the root the encoding of byte i begins. Unlike those
// of Span, the spans between starts never overlap where the bytes do not.
func (t *Text) Start(i int) int {
	if i < len(t.spans) {
		return int(t.spans[i].start)
	}
	if i == 0 {
		return 0
	}
	return int(t.spans[i-1].end)
}

// Offset returns the first byte of t whose encoding begins at or after root.
func (t *Text) Offset(root int) int {
	return sort.Search(len(t.spans), func(i int) bool { return int(t.spans[i].start) >= root })
}

// Encoding returns how bytes start to end were encoded, the outermost kind
// first: "base64, json". It is that of the first byte of those that were
// encoded most often; "" if none was.
func (t *Text) Encoding(start, end int) string {
	var most chain
	for _, s := range t.spans[max(0, start):min(len(t.spans), end)] {
		if s.chain.len() > most.len() {
			most = s.chain
		}
	}
	return most.String()
}

func (t *Text) decode() bool {
	t.buf, t.spans, t.fresh, t.done, t.after = t.buf[:0], t.spans[:0], t.fresh[:0], 0, 0
	tab := tables()
	for i := 0; i < len(t.src); {
		if tab.value[t.src[i]] == notBase64 {
			i++
			continue
		}
		i = t.run(tab, i)
	}
	t.escapes(tab, len(t.src))
	return len(t.fresh) > 0
}

// run decodes the run of base64 that begins at i and returns where it ends.
func (t *Text) run(tab *table, i int) int {
	end := i
	for end < len(t.src) && tab.value[t.src[end]] != notBase64 {
		end++
	}
	// Most words are short and followed by nothing that could be a part of a run.
	if end-i < minRun && (end == len(t.src) || !tab.special[t.src[end]]) {
		return end
	}
	t.tokens, t.hexRun = t.tokens[:0], 0
	onLine, hexRun := 0, 0
	for end = i; end < len(t.src); {
		c := t.src[end]
		if v := tab.value[c]; v != notBase64 {
			from := end
			for {
				hex := tab.hex[c]
				t.tokens = append(t.tokens, token{int32(end), int32(end + 1), v, hex})
				if hexRun++; hex == notHex {
					t.hexRun, hexRun = max(t.hexRun, hexRun), 0
				}
				if end++; end == len(t.src) {
					break
				}
				c = t.src[end]
				if v = tab.value[c]; v == notBase64 {
					break
				}
			}
			onLine += end - from
			continue
		}
		if v, n := softToken(t.src[end:]); n > 0 {
			t.tokens = append(t.tokens, token{int32(end), int32(end + n), v, notHex})
			end += n
			onLine++
			continue
		}
		n := 0
		if onLine >= minWrapped {
			n = gap(tab, t.src[end:])
		}
		if n == 0 {
			break
		}
		end += n
		onLine = 0
	}
	if len(t.tokens) < minRun {
		return end
	}
	t.hexRun = max(t.hexRun, hexRun)
	t.findStretches(tab)
	for _, s := range t.stretches {
		t.stretch(s)
	}
	if len(t.stretches) > 0 && t.done == end {
		end += padding(t.src[end:])
		t.done = end
	}
	return end
}

// softToken recognises characters of base64 that something else escaped.
func softToken(b []byte) (v uint8, n int) {
	const plus, slash = 62, 63
	if len(b) < 2 {
		return 0, 0
	}
	switch b[0] {
	case '\\':
		switch {
		case b[1] == '/':
			return slash, 2
		case len(b) >= 6 && string(b[1:5]) == "u002" && (b[5] == 'b' || b[5] == 'B'):
			return plus, 6
		case len(b) >= 6 && string(b[1:5]) == "u002" && (b[5] == 'f' || b[5] == 'F'):
			return slash, 6
		}
	case '%':
		switch {
		case len(b) >= 3 && b[1] == '2' && (b[2] == 'b' || b[2] == 'B'):
			return plus, 3
		case len(b) >= 3 && b[1] == '2' && (b[2] == 'f' || b[2] == 'F'):
			return slash, 3
		}
	case '&':
		switch r, n := entity(b); r {
		case '+':
			return plus, n
		case '/':
			return slash, n
		}
	}
	return 0, 0
}

// gap returns the length of what can stand between two lines of base64: a line
// end with blanks and a mark of a comment, written out or escaped, or the seam
// between two string literals. It is 0 if no base64 follows.
func gap(tab *table, b []byte) int {
	i, quote := 0, byte(0)
	at := func() byte {
		if i < len(b) {
			return b[i]
		}
		return 0
	}
	blanks := func() {
		for at() == ' ' || at() == '\t' {
			i++
		}
	}
	newline := false
	if at() == '\\' { // escaped line ends, and \ before a real one
		for at() == '\\' && i+1 < len(b) && (b[i+1] == 'n' || b[i+1] == 'r') {
			i += 2
			newline = true
		}
		if !newline {
			i++
		}
	}
	if c := at(); c == '"' || c == '\'' {
		quote = c
		i++
		blanks()
		if c := at(); c == '+' || c == '.' || c == '\\' || c == ',' || c == '&' {
			i++
		}
	}
	blanks()
	if at() == '\r' {
		i++
	}
	if at() == '\n' {
		i++
		newline = true
		blanks()
		switch at() {
		case '#', '*', '>', '|', ';':
			i++
			blanks()
		case '/':
			if i+1 < len(b) && b[i+1] == '/' {
				i += 2
				blanks()
			}
		case '+', '.', '&':
			if quote != 0 {
				i++
				blanks()
			}
		}
	} else if quote != 0 {
		return 0
	}
	if quote != 0 {
		if at() != quote {
			return 0
		}
		i++
	}
	if !newline || i >= len(b) || tab.value[b[i]] == notBase64 {
		return 0
	}
	return i
}

// padding returns the length of the padding that b begins with.
func padding(b []byte) (n int) {
	for range 2 {
		rest := b[n:]
		switch {
		case len(rest) >= 1 && rest[0] == '=':
			n++
		case len(rest) >= 3 && rest[0] == '%' && rest[1] == '3' && rest[2]|0x20 == 'd':
			n += 3
		case len(rest) >= 6 && string(rest[:5]) == `\u003` && rest[5]|0x20 == 'd':
			n += 6
		default:
			if r, k := entity(rest); r == '=' {
				n += k
			}
		}
	}
	return n
}

// findStretches finds out what in the run of tokens is text. The groupings of
// characters that are tried all decode to something; which one is right can
// only be told by what comes out, as a run may be glued to what stands before,
// or begin where a chunk does. Where several give text, the longest is right.
func (t *Text) findStretches(tab *table) {
	t.stretches = t.stretches[:0]
	for i := 0; t.hexRun >= minHexRun && i < len(t.tokens); i++ {
		from := i
		for i < len(t.tokens) && t.tokens[i].hex != notHex {
			i++
		}
		t.hexStretches(tab, from, i)
	}
	t.base64Stretches(tab, hope{0, 0, len(t.tokens)})

	t.choose()
	t.hopes = t.hopes[:0]
	from := 0
	for i := range t.stretches {
		s := &t.stretches[i]
		t.findHopes(tab, from, s.token(s.lo))
		from = s.lastToken(s.hi-1) + 1
	}
	t.findHopes(tab, from, len(t.tokens))
	for group := 1; group < 4; group++ {
		for _, h := range t.hopes {
			if h.group == group {
				t.base64Stretches(tab, h)
			}
		}
	}
	t.choose()
}

// choose drops stretches that overlap longer ones, and puts the others in order
// of position.
func (t *Text) choose() {
	if len(t.stretches) < 2 {
		return
	}
	slices.SortStableFunc(t.stretches, func(a, b stretch) int { return cmp.Compare(b.width(), a.width()) })
	t.chosen = t.chosen[:0]
	for _, s := range t.stretches {
		from, to := s.token(s.lo), s.lastToken(s.hi-1)
		i := sort.Search(len(t.chosen), func(i int) bool { return t.chosen[i].lastToken(t.chosen[i].hi-1) >= from })
		if i == len(t.chosen) || t.chosen[i].token(t.chosen[i].lo) > to {
			t.chosen = slices.Insert(t.chosen, i, s)
		}
	}
	t.stretches, t.chosen = t.chosen, t.stretches
}

// findHopes looks in a part of the run for text in other groupings than that
// from the run's beginning.
func (t *Text) findHopes(tab *table, from, to int) {
	if to-from < minRun {
		return
	}
	var last [4]int // hope by group, from 1; 0: none
	s := uint64(0)
	for i := from; i < to; i++ {
		s = (s + step) & tab.keep[i&3][tab.char[t.tokens[i].value]]
		if h := (s + full) & highest; h != 0 {
			for h := h & base64Lanes &^ 0xFF; h != 0; h &= h - 1 {
				t.hope(&last, bits.TrailingZeros64(h)/8, i)
			}
			s &^= h >> 7 * 0xFF // counts begin anew
		}
	}
	if to == len(t.tokens) {
		for h := (s + fullEnd) & highest & base64Lanes &^ 0xFF; h != 0; h &= h - 1 {
			t.hope(&last, bits.TrailingZeros64(h)/8, to-1)
		}
	}
}

// hope notes that the tokens up to i may be text in a grouping. Around them it
// may be text in other letters than those of ASCII.
func (t *Text) hope(last *[4]int, group, i int) {
	const around = 256
	to := min(len(t.tokens), i+1+around)
	if n := last[group]; n > 0 && t.hopes[n-1].to >= i-around {
		t.hopes[n-1].to = to
		return
	}
	from := max(0, i-around-group)&^3 + group
	t.hopes = append(t.hopes, hope{group, from, to})
	last[group] = len(t.hopes)
}

func (t *Text) hexStretches(tab *table, from, to int) {
	if to-from < minHexRun {
		return
	}
	for first := from; first < from+2; first++ {
		t.raw = t.raw[:0]
		for i := first; i+2 <= to; i += 2 {
			t.raw = append(t.raw, t.tokens[i].hex<<4|t.tokens[i+1].hex)
		}
		whole := first == 0 && to == len(t.tokens) && (to-first)%2 == 0
		t.textStretches(tab, stretch{kind: Hex, first: first}, whole)
	}
}

func (t *Text) base64Stretches(tab *table, h hope) {
	t.raw = t.raw[:0]
	toks := t.tokens[h.from:h.to]
	for ; len(toks) >= 4; toks = toks[4:] {
		v := uint32(toks[0].value)<<18 | uint32(toks[1].value)<<12 | uint32(toks[2].value)<<6 | uint32(toks[3].value)
		t.raw = append(t.raw, byte(v>>16), byte(v>>8), byte(v))
	}
	if h.to < len(t.tokens) {
		toks = nil
	}
	if len(toks) >= 2 {
		t.raw = append(t.raw, toks[0].value<<2|toks[1].value>>4)
	}
	if len(toks) >= 3 {
		t.raw = append(t.raw, toks[1].value<<4|toks[2].value>>2)
	}
	t.textStretches(tab, stretch{kind: Base64, first: h.from}, h.from == 0 && h.to == len(t.tokens) && len(toks) != 1)
}

// textStretches adds the stretches of raw that are text.
func (t *Text) textStretches(tab *table, s stretch, whole bool) {
	for i := 0; i < len(t.raw); {
		// Of what is no text, most begins and ends with bytes that are none.
		if b := t.raw[i]; b != 0 && b < utf8.RuneSelf && !tab.text[b] {
			i++
			continue
		}
		end := textEnd(tab, t.raw, i)
		s.lo, s.hi, s.wide = i, end, 0
		isText := end-i >= minText || whole && i == 0 && end == len(t.raw) && end-i >= minWholeRun
		if !isText && end < len(t.raw) {
			// A zero before or after what may be text.
			switch {
			case t.raw[end] == 0 && end-i == 1:
				s.hi, s.wide = utf16End(t.raw, i, 1), 1
			case t.raw[end] == 0 && end == i:
				s.hi, s.wide = utf16End(t.raw, i, -1), -1
			}
			isText = s.hi-i >= 2*seedUTF16
		}
		if !isText {
			i = max(end, i+1)
			continue
		}
		i = s.hi
		t.stretches = append(t.stretches, s)
	}
}

// token returns the first token that byte i is encoded by.
func (s *stretch) token(i int) int {
	if s.kind == Hex {
		return s.first + 2*i
	}
	return s.first + i/3*4 + i%3
}

// width returns how many tokens the stretch takes.
func (s *stretch) width() int { return s.lastToken(s.hi-1) - s.token(s.lo) }

func (s *stretch) lastToken(i int) int { return s.token(i) + 1 }

// textEnd returns where the text that begins at b[i] ends.
func textEnd(tab *table, b []byte, i int) int {
	for i < len(b) {
		if b[i] < utf8.RuneSelf {
			if !tab.text[b[i]] {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n < 2 {
			return i
		}
		i += n
	}
	return i
}

// utf16End returns where the text in UTF-16 that begins at b[i] ends. Its
// scripts are those of Europe: random bytes are text in some script, mostly
// Chinese.
func utf16End(b []byte, i, wide int) int {
	for ; i+2 <= len(b); i += 2 {
		lo, hi := b[i], b[i+1]
		if wide < 0 {
			lo, hi = hi, lo
		}
		if hi > 5 || hi == 0 && !(lo >= ' ' && lo < 0x7F || lo == '\t' || lo == '\n' || lo == '\r' || lo >= 0xA0) {
			break
		}
	}
	return i
}

// stretch appends the text of a stretch, and what stands before it in src.
func (t *Text) stretch(s stretch) {
	first, last := s.token(s.lo), s.lastToken(s.hi-1)
	from := int(t.tokens[first].start)
	t.escapes(tables(), from)
	// What is beside the stretch in its run is no part of its first or last
	// word, unless it is the end of an escape: n of \n, 3D of %3D.
	if first > 0 && t.after != from {
		t.separate(t.origin(from, from+1))
	}
	n := len(t.buf)
	if s.wide == 0 {
		t.narrow(&s)
	} else {
		t.wide(&s)
	}
	t.decoded(n)
	t.done = int(t.tokens[last].end)
	if last < len(t.tokens)-1 {
		t.separate(t.spans[len(t.spans)-1]) // the next stretch may begin in the same token
	}
}

// narrow appends the bytes of a stretch.
func (t *Text) narrow(s *stretch) {
	t.buf = slices.Grow(t.buf, s.hi-s.lo)
	t.spans = slices.Grow(t.spans, s.hi-s.lo)
	k, place := s.token(s.lo), s.lo%3
	for range s.hi - s.lo {
		a, b := &t.tokens[k], &t.tokens[k+1]
		src := t.origin(int(a.start), int(b.end))
		src.chain = src.chain<<kindBits | chain(s.kind)
		t.put(s.join(a, b, place), src)
		k++
		if place++; place == 3 || s.kind == Hex {
			place = 0
			k++
		}
	}
}

// join returns the byte that two tokens encode, which in base64 is the first,
// second or third of three.
func (s *stretch) join(a, b *token, place int) byte {
	switch {
	case s.kind == Hex:
		return a.hex<<4 | b.hex
	case place == 0:
		return a.value<<2 | b.value>>4
	case place == 1:
		return a.value<<4 | b.value>>2
	}
	return a.value<<6 | b.value
}

// wide appends the characters of a stretch that is UTF-16.
func (t *Text) wide(s *stretch) {
	byteAt := func(i int) byte {
		k := s.token(i)
		return s.join(&t.tokens[k], &t.tokens[k+1], i%3)
	}
	for i := s.lo; i+1 < s.hi; i += 2 {
		src := t.origin(int(t.tokens[s.token(i)].start), int(t.tokens[s.lastToken(i+1)].end))
		src.chain = (src.chain<<kindBits|chain(s.kind))<<kindBits | chain(UTF16)
		lo, hi := byteAt(i), byteAt(i+1)
		if s.wide < 0 {
			lo, hi = hi, lo
		}
		t.putRune(rune(lo)|rune(hi)<<8, src)
	}
}

// origin returns where src[start:end) comes from.
func (t *Text) origin(start, end int) source {
	if t.parent == nil {
		return source{start: int32(start), end: int32(end)}
	}
	from := t.parent.spans[t.off+start]
	return source{from.start, t.parent.spans[t.off+end-1].end, from.chain}
}

func (t *Text) put(b byte, s source) {
	t.buf = append(t.buf, b)
	t.spans = append(t.spans, s)
}

func (t *Text) putRune(r rune, s source) {
	t.buf = utf8.AppendRune(t.buf, r)
	for len(t.spans) < len(t.buf) {
		t.spans = append(t.spans, s)
	}
}

// separate appends a line end that is not in src, at the beginning of at.
func (t *Text) separate(at source) {
	t.put('\n', source{start: at.start, end: at.start})
}

// decoded notes that buf[from:] was decoded.
func (t *Text) decoded(from int) {
	if from == len(t.buf) {
		return
	}
	if n := len(t.fresh); n > 0 && t.fresh[n-1].end == from {
		t.fresh[n-1].end = len(t.buf)
		return
	}
	t.fresh = append(t.fresh, piece{from, len(t.buf)})
}

// escapes appends src up to end with its escapes replaced.
func (t *Text) escapes(tab *table, end int) {
	for t.done < end {
		i := t.done
		for i < end && !tab.special[t.src[i]] {
			i++
		}
		t.copy(i)
		if i == end {
			return
		}
		n := len(t.buf)
		if !t.escape(i, end) {
			t.copy(i + 1)
			continue
		}
		t.decoded(n)
	}
}

// copy appends src up to end as it is.
func (t *Text) copy(end int) {
	t.buf = append(t.buf, t.src[t.done:end]...)
	if t.parent == nil {
		for i := t.done; i < end; i++ {
			t.spans = append(t.spans, source{start: int32(i), end: int32(i + 1)})
		}
	} else {
		t.spans = append(t.spans, t.parent.spans[t.off+t.done:t.off+end]...)
	}
	t.done = end
}

// escape appends what the escape at src[i:end) stands for, if there is one.
func (t *Text) escape(i, end int) bool {
	b := t.src[i:end]
	var (
		r     rune
		n     int
		kind  Kind
		asRaw bool // r is a byte, not a character
	)
	switch b[0] {
	case '\\':
		r, n, kind, asRaw = backslash(b)
	case '%':
		if len(b) >= 3 {
			hi, ok := unhex(b[1])
			lo, ok2 := unhex(b[2])
			if ok && ok2 {
				r, n, kind, asRaw = rune(hi<<4|lo), 3, Percent, true
			}
		}
	case '&':
		r, n = entity(b)
		kind = HTML
	case 0:
		return !t.NoUTF16 && t.wideText(i, end)
	}
	if n == 0 {
		return false
	}
	s := t.origin(i, i+n)
	s.chain = s.chain<<kindBits | chain(kind)
	if asRaw {
		t.put(byte(r), s)
	} else {
		t.putRune(r, s)
	}
	t.done, t.after = i+n, i+n
	return true
}

// wideText appends the text of the UTF-16 whose first zero byte is src[i].
func (t *Text) wideText(i, end int) bool {
	wide, from := 1, i-1
	if from < 0 || len(t.buf) == 0 || t.spans[len(t.spans)-1] != t.origin(from, i) || utf16End(t.src[:end], from, 1)-from < 2*seedUTF16 {
		wide, from = -1, i
	}
	to := utf16End(t.src[:end], from, wide)
	if to-from < 2*seedUTF16 {
		return false
	}
	if wide > 0 { // its first byte was copied
		t.buf, t.spans = t.buf[:len(t.buf)-1], t.spans[:len(t.spans)-1]
	}
	n := len(t.buf)
	for k := from; k < to; k += 2 {
		lo, hi := t.src[k], t.src[k+1]
		if wide < 0 {
			lo, hi = hi, lo
		}
		s := t.origin(k, k+2)
		s.chain = s.chain<<kindBits | chain(UTF16)
		t.putRune(rune(lo)|rune(hi)<<8, s)
	}
	t.decoded(n)
	t.done = to
	return true
}

// backslash reads the escape that b begins with; n is 0 if it is none.
func backslash(b []byte) (r rune, n int, kind Kind, asRaw bool) {
	if len(b) < 2 {
		return 0, 0, 0, false
	}
	switch c := b[1]; c {
	case 'n':
		return '\n', 2, JSON, false
	case 'r':
		return '\r', 2, JSON, false
	case 't':
		return '\t', 2, JSON, false
	case '"', '\\', '/':
		return rune(c), 2, JSON, false
	case '\'':
		return rune(c), 2, C, false
	case 'u':
		if len(b) > 2 && b[2] == '{' {
			i := bytes.IndexByte(b[:min(len(b), 10)], '}')
			if i < 0 {
				return 0, 0, 0, false
			}
			r, ok := number(b[3:i], 16)
			if !ok {
				return 0, 0, 0, false
			}
			return r, i + 1, C, false
		}
		r, ok := hexRune(b, 2, 4)
		if !ok {
			return 0, 0, 0, false
		}
		if utf16.IsSurrogate(r) {
			if len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
				if low, ok := hexRune(b, 8, 4); ok {
					if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
						return full, 12, JSON, false
					}
				}
			}
			r = utf8.RuneError
		}
		return r, 6, JSON, false
	case 'U':
		if r, ok := hexRune(b, 2, 8); ok {
			return r, 10, C, false
		}
	case 'x':
		if r, ok := hexRune(b, 2, 2); ok {
			return r, 4, C, true
		}
	case '0', '1', '2', '3':
		if len(b) >= 4 {
			if r, ok := number(b[1:4], 8); ok {
				return r, 4, C, true
			}
		}
	}
	return 0, 0, 0, false
}

// hexRune reads n hex digits at b[at].
func hexRune(b []byte, at, n int) (rune, bool) {
	if len(b) < at+n {
		return 0, false
	}
	return number(b[at:at+n], 16)
}

// number reads digits of a base as a character.
func number(digits []byte, base rune) (rune, bool) {
	if len(digits) == 0 || len(digits) > 8 {
		return 0, false
	}
	r := rune(0)
	for _, c := range digits {
		v, ok := unhex(c)
		if !ok || rune(v) >= base {
			return 0, false
		}
		if r = r*base + rune(v); r > utf8.MaxRune {
			return 0, false
		}
	}
	return r, true
}

// entity reads the character reference of HTML that b begins with; n is 0 if
// it is none.
func entity(b []byte) (r rune, n int) {
	const longest = 10 // &#1114111;
	i := bytes.IndexByte(b[:min(len(b), longest)], ';')
	if i < 3 || b[0] != '&' {
		return 0, 0
	}
	name := b[1:i]
	if name[0] != '#' {
		switch string(name) {
		case "quot":
			return '"', i + 1
		case "amp":
			return '&', i + 1
		case "apos":
			return '\'', i + 1
		case "lt":
			return '<', i + 1
		case "gt":
			return '>', i + 1
		case "nbsp":
			return ' ', i + 1
		}
		return 0, 0
	}
	base, digits := rune(10), name[1:]
	if len(digits) > 0 && digits[0]|0x20 == 'x' {
		base, digits = 16, digits[1:]
	}
	r, ok := number(digits, base)
	if !ok || r == 0 {
		return 0, 0
	}
	return r, i + 1
}
