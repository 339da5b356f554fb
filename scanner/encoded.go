package scanner

import (
	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner/decode"
)

// maxDepth is how often text is decoded: base64 in JSON in base64 is three.
// What is encoded more often is no secret that anybody left by mistake.
const maxDepth = 4

// A layer is what a region of the text reads when it is decoded once more.
type layer struct {
	text    decode.Text
	regions decode.Regions // of text
}

// A sighting is a match with what the text says at its place, in a window or in
// what a part of it was decoded to.
type sighting struct {
	m           rules.Match // offsets in the window
	secret      string
	start, end  int    // of what holds the secret, in the window
	first, last int    // of the bytes that say what lines the match is on
	depth       int    // how often it was decoded
	encoding    string // "" if depth is 0
}

// move moves it to another place in its text.
func (s *sighting) move(by int) {
	for _, at := range [...]*int{&s.start, &s.end, &s.first, &s.last, &s.m.Start, &s.m.End, &s.m.SecretStart, &s.m.SecretEnd} {
		*at += by
	}
}

// encoded finds what is announced in the encoded parts of the window. It reads
// ahead: what it finds depends only on the text, not on the window.
func (p *pass) encoded(atEnd bool) (found []sighting) {
	for _, r := range p.regions.Next(p.buf, p.base, atEnd) {
		if p.layer(0).text.Decode(p.buf[r.Start:r.End]) {
			found = p.decoded(found, 0, &r)
		}
	}
	return found
}

// decoded finds what is announced in the text of a layer, and of those below,
// in the core of a region.
func (p *pass) decoded(found []sighting, depth int, r *decode.Region) []sighting {
	t := &p.layers[depth].text
	from, to := t.Offset(r.CoreStart-r.Start), t.Offset(r.CoreEnd-r.Start)
	matches := p.s.set.Find(p.path, t.Bytes(), from, to, true, true)
	for i := range matches {
		// Anything else was found in the layer above.
		if m := &matches[i]; t.Fresh(m.Start, m.End) {
			found = append(found, sight(t, m, depth+1, r.Start))
		}
	}
	if depth+1 == maxDepth {
		return found
	}
	below := p.layer(depth + 1)
	below.regions.Reset()
	for _, sub := range below.regions.Next(t.Bytes(), 0, true) {
		if t.Fresh(sub.SeedStart, sub.SeedEnd) && below.text.DecodePart(t, sub.Start, sub.End) {
			found = p.decoded(found, depth+1, r)
		}
	}
	return found
}

func (p *pass) layer(depth int) *layer {
	for len(p.layers) <= depth {
		l := new(layer)
		l.set(p.regions.NoUTF16)
		p.layers = append(p.layers, l)
	}
	return p.layers[depth]
}

// set says that the text is known not to hold UTF-16.
func (l *layer) set(noUTF16 bool) { l.text.NoUTF16, l.regions.NoUTF16 = noUTF16, noUTF16 }

// sight makes a sighting of a match in decoded text, whose region begins at
// offset base of the window.
func sight(t *decode.Text, m *rules.Match, depth, base int) sighting {
	start, end := secretSpan(m)
	first, last := trim(t.Bytes(), m)
	s := sighting{m: *m, secret: string(t.Bytes()[start:end]), depth: depth}
	if s.encoding = t.Encoding(start, end); s.encoding == "" {
		s.encoding = t.Encoding(m.Start-1, m.End+1)
	}
	span := func(from, to int) (int, int) {
		a, b := t.Span(from, to)
		return base + a, base + b
	}
	s.start, s.end = span(start, end)
	s.m.Start, s.m.End = span(m.Start, m.End)
	s.first, _ = span(first, first+1)
	_, s.last = span(last, last+1)
	s.last--
	// A byte is encoded by parts of characters. Secrets side by side must not
	// seem to overlap.
	s.m.SecretStart, s.m.SecretEnd = base+t.Start(start), base+t.Start(end)
	return s
}
