package pack

import (
	"encoding/hex"
	"errors"
	"fmt"
)

// An Error says what of a Store cannot be read, and where it is.
type Error struct {
	File   string // path of the pack, index, loose object or folder
	Offset int64  // of the entry in the pack, in bytes; -1: not about an entry
	ID     string // of the object, in hexadecimal; "": not about one, or not known
	Err    error
}

func (e *Error) Error() string {
	at := e.File
	if e.Offset >= 0 {
		at = fmt.Sprintf("%s: offset %d", at, e.Offset)
	}
	if e.ID != "" {
		at += ": object " + e.ID
	}
	return at + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// What can be wrong with an object. Callers see them in an *Error.
var (
	// ErrTooLarge is the error of an object that is over WalkOptions.MaxObject
	// and cannot be streamed, as it is made from another one, or of one that
	// is made from an object so large.
	ErrTooLarge = errors.New("object is too large to be held in memory")
	// ErrMissing is the error of an object that is made from one which is not
	// in the Store.
	ErrMissing = errors.New("object is not in the repository")

	errType      = errors.New("entry has a type that does not exist")
	errCut       = errors.New("entry is cut off")
	errHeader    = errors.New("entry's header is damaged")
	errSize      = errors.New("object is longer than its packed bytes can be")
	errBase      = errors.New("delta is made from an offset at which no object begins")
	errCycle     = errors.New("delta is made from itself, by way of others")
	errOffset    = errors.New("offset is outside of the pack")
	errID        = errors.New("content is not that of the object's id")
	errLoose     = errors.New("not a loose object")
	errKindDelta = errors.New("object is a delta and cannot be streamed")
)

// hexID returns an id as people see it.
func hexID(id []byte) string { return hex.EncodeToString(id) }
