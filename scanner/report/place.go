package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// commitOf returns the commit that a finding is told of by: the one it was found
// in, else the one that brought it; nil if there is none.
func commitOf(f *scanner.Finding) *scanner.Commit {
	if f.Location.Commit == nil && f.Story != nil {
		return f.Story.Introduced
	}
	return f.Location.Commit
}

// checkedOut reports whether the line of a finding is one of the file as it is
// checked out, as far as that can be told.
func checkedOut(f *scanner.Finding) bool {
	switch {
	case inArchive(f) || f.Location.Path == scanner.StdinPath || f.InCommitText():
		return false
	case f.Story != nil:
		return f.Story.AtHead
	case f.InNet != nil:
		return *f.InNet
	}
	return f.Location.Commit == nil
}

// inArchive reports whether a finding lies in a file of an archive. A folder
// whose name ends in "!" looks the same.
func inArchive(f *scanner.Finding) bool {
	return strings.Contains(f.Location.Path, scanner.EntrySeparator)
}

// fileOf returns the path of the file that a finding lies in: that of the
// archive for one in an archive.
func fileOf(f *scanner.Finding) string {
	file, _, _ := strings.Cut(f.Location.Path, scanner.EntrySeparator)
	return file
}

// placeText says where a finding is, as in "config.yml:12:8".
func placeText(f *scanner.Finding) string { return DisplayPath(f.Location.Path) + position(f) }

// position returns ":line:column", or "" for a finding about a file's path.
func position(f *scanner.Finding) string {
	if f.AboutPath() {
		return ""
	}
	return ":" + strconv.Itoa(f.Location.Line) + ":" + strconv.Itoa(f.Location.Column)
}

// whatText says what was found, as in "GitHub personal access token, in base64".
func whatText(f *scanner.Finding) string {
	return Printable(cmp.Or(f.Description, f.RuleID) + inText(f))
}

// atText says where a finding is, behind what whatText says.
func atText(f *scanner.Finding) string {
	if f.InPath {
		return " " + placeText(f)
	}
	return " in " + placeText(f)
}

// inText says what a secret was found in, if that is not the text of the file.
func inText(f *scanner.Finding) string {
	switch {
	case f.InPath:
		return ", in the path"
	case f.Encoding != "":
		return ", in " + f.Encoding
	}
	return ""
}

// messageText says what was found, where it is unless it is in the files as they
// are checked out, and what to do: one line for a place where it stands beside
// the file, and other tools' messages.
func messageText(f *scanner.Finding) string {
	text := "Secret: " + whatText(f)
	if c := commitOf(f); c != nil || !checkedOut(f) {
		text += atText(f)
		if c != nil {
			text += ", commit " + Printable(short(c.ID))
		}
	}
	text += removedText(f) + "."
	if f.Revoke != "" {
		text += " To revoke it: " + Printable(f.Revoke) + "."
	}
	return text
}

// removedText says so if a finding of a branch is not in what the branch brings.
func removedText(f *scanner.Finding) string {
	if f.InNet == nil || *f.InNet {
		return ""
	}
	return ", " + resultText(f)
}

// digest returns a SHA-256 of the fields in hex. No two lists of fields are the
// same to it.
func digest(fields ...string) string {
	h := sha256.New()
	for _, f := range fields {
		io.WriteString(h, hex.EncodeToString([]byte(f))+"\n")
	}
	return hex.EncodeToString(h.Sum(nil))
}

// A numbering numbers the findings that are the same but for their line, from 1
// in the order in which they come.
type numbering map[string]int

func (n *numbering) next(key string) int {
	const most = 1 << 20 // beyond, numbers begin anew, so that memory is bounded
	if *n == nil || len(*n) > most {
		*n = make(numbering)
	}
	(*n)[key]++
	return (*n)[key]
}

// placeID names a finding and its file, without its line: 64 hex digits that
// are unique in a report, and the same in the next one.
func (n *numbering) placeID(f *scanner.Finding) string {
	key := digest("cork place 1", f.Fingerprint, f.RuleID, f.Location.Path)
	return digest(key, strconv.Itoa(n.next(key)))
}

// A worst keeps, of findings of any number, the most severe.
type worst[T any] struct {
	most int // how many
	kept []ranked[T]
	seen int
}

// A ranked is a finding, with what its writer wants to know of it, and how many
// came before it.
type ranked[T any] struct {
	scanner.Finding
	note T
	seq  int
}

func (w *worst[T]) add(f scanner.Finding, note T) {
	w.kept = append(w.kept, ranked[T]{f, note, w.seen})
	w.seen++
	if len(w.kept) >= 2*w.most {
		w.worstFirst()
	}
}

// worstFirst returns what is kept by severity, then confidence, then in the
// order in which it came; what is suppressed comes last.
func (w *worst[T]) worstFirst() []ranked[T] {
	slices.SortFunc(w.kept, func(a, b ranked[T]) int {
		return cmp.Or(compareBool(a.Suppression != nil, b.Suppression != nil), cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.seq, b.seq))
	})
	if len(w.kept) > w.most {
		clear(w.kept[w.most:])
		w.kept = w.kept[:w.most]
	}
	return w.kept
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// inOrder returns what is kept in the order in which it came.
func (w *worst[T]) inOrder() []ranked[T] {
	kept := w.worstFirst()
	slices.SortFunc(kept, func(a, b ranked[T]) int { return cmp.Compare(a.seq, b.seq) })
	return kept
}

// cut returns how many were not kept. It is called after one of the others.
func (w *worst[T]) cut() int { return w.seen - len(w.kept) }

// listed joins words as a sentence does: "a, b and c".
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
