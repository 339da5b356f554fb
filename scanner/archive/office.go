package archive

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An office document is a zip of XML in which a word can be cut into runs, a
// change of the font or of the spelling checker's mind in the middle of a
// token:
//
//	<w:t>sk_live_</w:t></w:r><w:r><w:rPr>...</w:rPr><w:t>4eC39H...</w:t>
//
// So its text is an entry of its own, in which runs are joined and a paragraph,
// a row or a cell of shared strings is a line.

// officeText returns a function that tells, by its name, whether the text of an
// entry is of interest: none unless the zip is an office document.
func officeText(files []*zip.File) func(name string) bool {
	var ooxml, odf bool
	for _, f := range files {
		ooxml = ooxml || f.Name == "[Content_Types].xml"
		odf = odf || f.Name == "mimetype"
	}
	return func(name string) bool {
		if !strings.HasSuffix(name, ".xml") {
			return false
		}
		dir, _, _ := strings.Cut(name, "/")
		switch dir {
		case "word", "xl", "ppt", "visio":
			return ooxml
		}
		switch path.Base(name) {
		case "content.xml", "styles.xml", "meta.xml":
			return odf
		}
		return false
	}
}

// A textReader yields the text of XML. It is no parser: what is not well-formed
// yields some text as well, and no error.
type textReader struct {
	src   *bufio.Reader
	buf   []byte
	out   []byte // the part of buf that was not read yet
	err   error
	blank []byte // between a tag and what is not blank
	solid bool   // something not blank came after the last tag
	cdata bool
}

func newTextReader(r io.Reader) *textReader {
	return &textReader{src: bufio.NewReader(r)}
}

func (t *textReader) Read(p []byte) (int, error) {
	for len(t.out) == 0 && t.err == nil {
		t.buf = t.buf[:0]
		t.step()
		t.out = t.buf
	}
	n := copy(p, t.out)
	t.out = t.out[n:]
	if n == 0 && len(p) > 0 {
		return 0, t.err
	}
	return n, nil
}

// step reads up to the end of the next tag, or some of a long text, into buf.
func (t *textReader) step() {
	const enough = 4 << 10
	for len(t.buf) < enough {
		if t.cdata {
			if peek, _ := t.src.Peek(len(cdataEnd)); string(peek) == cdataEnd {
				t.src.Discard(len(cdataEnd))
				t.cdata = false
				continue
			}
		}
		c, err := t.src.ReadByte()
		switch {
		case err != nil:
			t.err = err
			return
		case c == '<' && !t.cdata:
			t.markup()
			return
		case c == '&' && !t.cdata:
			t.text(t.entity()...)
		default:
			t.text(c)
		}
	}
}

const cdataEnd = "]]>"

// text adds text. White space between two tags is how the XML is laid out if it
// holds a line end.
func (t *textReader) text(b ...byte) {
	const maxBlank = 1 << 10
	if !t.solid {
		if len(bytes.TrimLeft(b, " \t\r\n")) == 0 && len(t.blank) < maxBlank {
			t.blank = append(t.blank, b...)
			return
		}
		t.buf = append(t.buf, t.blank...)
		t.blank, t.solid = t.blank[:0], true
	}
	t.buf = append(t.buf, b...)
}

// entity reads what follows an ampersand.
func (t *textReader) entity() []byte {
	const maxLen = 10
	peek, _ := t.src.Peek(maxLen)
	i := bytes.IndexByte(peek, ';')
	if i < 0 {
		return []byte{'&'}
	}
	name := string(peek[:i])
	var r rune
	switch name {
	case "lt":
		r = '<'
	case "gt":
		r = '>'
	case "amp":
		r = '&'
	case "quot":
		r = '"'
	case "apos":
		r = '\''
	default:
		number, ok := strings.CutPrefix(name, "#")
		base := 10
		if hex, isHex := strings.CutPrefix(number, "x"); isHex {
			number, base = hex, 16
		}
		n, err := strconv.ParseUint(number, base, 32)
		if !ok || err != nil || n > utf8.MaxRune {
			return []byte{'&'}
		}
		r = rune(n)
	}
	t.src.Discard(i + 1)
	return utf8.AppendRune(nil, r)
}

// markup reads what follows a "<".
func (t *textReader) markup() {
	const cdata = "![CDATA["
	peek, _ := t.src.Peek(len(cdata))
	switch {
	case bytes.HasPrefix(peek, []byte("!--")):
		t.skip("-->")
		return
	case string(peek) == cdata:
		t.src.Discard(len(cdata))
		t.cdata = true
		return
	case bytes.HasPrefix(peek, []byte("?")):
		t.skip("?>")
		return
	}
	if bytes.IndexByte(t.blank, '\n') < 0 {
		t.buf = append(t.buf, t.blank...)
	}
	t.blank, t.solid = t.blank[:0], false
	t.tag()
}

// skip reads up to the next end.
func (t *textReader) skip(end string) {
	for {
		peek, err := t.src.Peek(len(end))
		if string(peek) == end {
			t.src.Discard(len(end))
			return
		}
		if _, err2 := t.src.ReadByte(); err2 != nil {
			t.err = cmp.Or(err, err2)
			return
		}
	}
}

// tag reads a tag behind its "<", and adds what it means for the text.
func (t *textReader) tag() {
	const maxName = 64
	var (
		name  []byte
		named bool // the name is complete
		quote byte
		last  byte
	)
	for {
		c, err := t.src.ReadByte()
		if err != nil {
			t.err = err
			return
		}
		if quote != 0 {
			if c == quote {
				quote = 0
			}
			continue
		}
		if c == '>' {
			break
		}
		switch {
		case c == '"' || c == '\'':
			quote, named = c, true
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '/' && len(name) > 0:
			named = true
		case !named && len(name) < maxName:
			name = append(name, c)
		}
		last = c
	}
	full, closes := strings.CutPrefix(string(name), "/")
	if !closes && last != '/' {
		return
	}
	if space := spaces(full); space != "" {
		t.buf = append(t.buf, space...)
	}
}

// spaces returns what the end of an element is in the text.
func spaces(element string) string {
	if element == "text:s" {
		return " "
	}
	local := element
	if i := strings.LastIndexByte(element, ':'); i >= 0 {
		local = element[i+1:]
	}
	switch local {
	case "p", "h", "si", "row", "br", "cr", "line-break":
		return "\n"
	case "tab", "c":
		return "\t"
	}
	return ""
}
