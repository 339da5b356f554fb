package scanner

import (
	"errors"
	"strconv"
	"strings"
)

// A HintError is an error with a word on what to type to mend it. People see
// the error on one line and the hint on the next.
type HintError struct {
	Err  error
	Hint string // lower case, no period: a command where there is one
}

func (e *HintError) Error() string { return e.Err.Error() }
func (e *HintError) Unwrap() error { return e.Err }

// WithHint wraps err with a hint.
func WithHint(err error, hint string) error { return &HintError{err, hint} }

// HintOf returns the hint of the outermost HintError in err's chain, or "".
func HintOf(err error) string {
	var h *HintError
	if errors.As(err, &h) {
		return h.Hint
	}
	return ""
}

// quotePath returns the path as it is shown to people: as is if it is plain,
// else as a quoted Go string, so that no control character or broken UTF-8
// reaches a terminal or starts a line of its own.
func quotePath(p string) string {
	q := strconv.Quote(p)
	if q[1:len(q)-1] == p && !strings.ContainsAny(p, " \t") {
		return p
	}
	return q
}
