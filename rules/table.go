package rules

import "bytes"

// In tables the name of a column stands once and its values below it, and in SQL
// the names of the columns stand before all the values. What is read of them is
// bounded as the value of any other key is, so of a long table the first rows.

// A value of a table, or of an INSERT.
type cell struct{ start, end int }

// maxRows is how many values of one column are looked at.
const maxRows = 64

// appendColumn appends the values of the column that the key is the head of, in
// a file of comma-separated values or of its like. If the key is no head of a
// column, ok is false.
func appendColumn(dst []assignment, a *assignment, left []byte, c cursor) (_ []assignment, ok bool) {
	line := bytes.LastIndexByte(left, '\n') + 1
	before := left[line:]
	if len(before) == maxLeft || line > 0 && !c.beginsTable(left[:line]) {
		return dst, false
	}
	a.key = c.buf[a.keyStart:a.keyEnd]
	before = bytes.TrimRight(before, `"' `)
	c.anyQuote()
	for c.peek() == ' ' {
		c.pos++
	}
	separator := c.peek()
	if !isSeparator(separator) {
		if separator != '\n' && separator != '\r' || len(before) == 0 {
			return dst, false
		}
		separator = before[len(before)-1]
	}
	if !isSeparator(separator) || len(before) > 0 && before[len(before)-1] != separator {
		return dst, false
	}
	column := bytes.Count(before, []byte{separator})
	columns := column
	for ; c.peek() != '\n'; c.pos++ {
		switch c.peek() {
		case 0:
			return dst, false
		case separator:
			columns++
		}
	}
	a.userBeside = nameUser(before)
	for range maxRows {
		if c.peek() != '\n' {
			break
		}
		c.pos++
		if value, n := c.row(separator, column); n == columns {
			dst = appendCell(dst, a, value)
		} else {
			break
		}
	}
	return dst, true
}

// beginsTable reports whether a table can begin behind a text: behind a blank line,
// a comment, or sep=; of spreadsheets.
func (c *cursor) beginsTable(text []byte) bool {
	c.end() // more than the line of the key is read
	text = bytes.TrimRight(text[:len(text)-1], "\r")
	if len(text) == maxLeft-1 {
		return false
	}
	line := text[bytes.LastIndexByte(text, '\n')+1:]
	return len(line) == 0 || line[0] == '#' || bytes.HasPrefix(line, []byte("sep="))
}

func isSeparator(b byte) bool { return b == ',' || b == ';' || b == '\t' || b == '|' }

// nameUser reports whether one of the names of columns is of who logs in.
func nameUser(names []byte) bool {
	return containsFold(names, "user") || containsFold(names, "login") || containsFold(names, "mail") || containsFold(names, "name")
}

// row moves to the end of a row and returns what stands in one of its columns,
// and how many separators it has; -1 if its end is not known.
func (c *cursor) row(separator byte, column int) (value cell, n int) {
	start := c.pos
	end := func() {
		if n == column {
			text := bytes.Trim(c.buf[start:c.pos], "\"' \r")
			value.start = start + bytes.Index(c.buf[start:c.pos], text)
			value.end = value.start + len(text)
		}
	}
	for quoted := false; ; c.pos++ {
		switch b := c.peek(); {
		case b == '"':
			quoted = !quoted
		case b == 0 && c.pos < len(c.buf), quoted && b == '\n':
			return cell{}, -1
		case b == '\n' || b == 0:
			end()
			return value, n
		case b == separator && !quoted:
			end()
			n++
			start = c.pos + 1
		}
	}
}

// endsName reports whether a name of a list ends here, quoted or not.
func (c *cursor) endsName() bool {
	b := c.peek()
	if b == '`' || b == '"' || b == ']' {
		b = c.at(1)
	}
	return b == ',' || b == ')'
}

// inNames are the bytes of a list of names of columns.
var inNames = byteSetOf("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. \t\r\n,`\"[]")

// appendInserted appends the values that an INSERT of SQL gives to the column
// that the key names. If the key is no such column, ok is false.
func appendInserted(dst []assignment, a *assignment, left []byte, c cursor) (_ []assignment, ok bool) {
	for inNames.has(c.peek()) {
		c.pos++
	}
	if !c.take(")") {
		return dst, false
	}
	c.space()
	if !c.take("VALUES") && !c.take("values") {
		return dst, false
	}
	column, i := 0, len(left)
	for ; i > 0 && inNames.has(left[i-1]); i-- {
		if left[i-1] == ',' {
			column++
		}
	}
	const into = "insert into "
	if i == 0 || left[i-1] != '(' || !containsFold(left[max(0, i-len(into)-80):i], into) {
		return dst, false
	}
	a.key = c.buf[a.keyStart:a.keyEnd]
	a.userBeside = nameUser(left[i:])
	for range maxRows {
		c.space()
		if !c.take("(") {
			break
		}
		value, ok := c.tuple(column)
		if !ok {
			break
		}
		dst = appendCell(dst, a, value)
		c.space()
		if !c.take(",") {
			break
		}
	}
	return dst, true
}

// tuple moves behind the parenthesis that ends a list of values, and returns the
// string at one place of it; of what is no string, nothing.
func (c *cursor) tuple(column int) (value cell, ok bool) {
	for n, depth := 0, 0; ; c.pos++ {
		switch b := c.peek(); {
		case b == 0:
			return cell{}, false
		case b == '\'':
			start := c.pos + 1
			for c.pos++; c.peek() != '\'' || c.at(1) == '\''; c.pos++ {
				if c.peek() == 0 {
					return cell{}, false
				}
				if c.peek() == '\'' || c.peek() == '\\' {
					c.pos++
				}
			}
			if n == column && depth == 0 {
				value = cell{start, c.pos}
			}
		case b == '(':
			depth++
		case b == ')' && depth == 0:
			c.pos++
			return value, true
		case b == ')':
			depth--
		case b == ',' && depth == 0:
			n++
		}
	}
}

// appendCell appends the assignment of one value, if there is any.
func appendCell(dst []assignment, a *assignment, value cell) []assignment {
	if value.end <= value.start || value.end-value.start > maxValue {
		return dst
	}
	one := *a
	one.valueStart, one.valueEnd, one.quoted, one.op = value.start, value.end, true, opPair
	return append(dst, one)
}
