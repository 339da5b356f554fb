package report

import "bufio"

// A list writes values as the elements of a JSON array, a line each.
type list struct {
	w       *bufio.Writer
	n       int
	started bool
}

// add writes an element; before the first one, begin.
func (l *list) add(begin string, v any) error {
	if err := l.next(begin); err != nil {
		return err
	}
	return encodeJSON(l.w, v)
}

// next writes what comes before an element.
func (l *list) next(begin string) error {
	sep := ",\n"
	if l.n == 0 {
		sep = "\n"
		if err := l.start(begin); err != nil {
			return err
		}
	}
	l.n++
	_, err := l.w.WriteString(sep)
	return err
}

// end writes end after the last element, and begin if there was none.
func (l *list) end(begin, end string) error {
	if err := l.start(begin); err != nil {
		return err
	}
	if l.n > 0 {
		end = "\n" + end
	}
	_, err := l.w.WriteString(end)
	return err
}

func (l *list) start(begin string) error {
	if l.started {
		return nil
	}
	l.started = true
	_, err := l.w.WriteString(begin)
	return err
}
