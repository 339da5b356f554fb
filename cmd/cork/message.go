package main

import (
	"io"
	"os"
	"strings"
)

// messagePath is what a commit message is called in reports; package git calls
// those of commits the same.
const messagePath = "(commit message)"

// maxMessage is far beyond any message; the diff that "git commit -v" puts
// below it counts too.
const maxMessage = 1 << 30

// readMessage reads the file that commit-msg is given and returns what may be
// recorded of it.
func readMessage(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", unwrapPath(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxMessage))
	if err != nil {
		return "", unwrapPath(err)
	}
	return recorded(string(b)), nil
}

// scissors ends every line below which git cuts a message; the comment
// character or string stands before it.
const scissors = " ------------------------ >8 ------------------------"

// recorded returns the part of a message that git may record.
//
// The diff that "git commit -v" appends must go: it shows the lines that the
// commit removes, and taking a secret out would be blocked. But whether git
// will cut there depends on flags that a hook is not told, so it is cut only
// where nobody can have meant the rest: comments follow the scissors, and then
// a diff or nothing. Comment lines are kept everywhere, since --cleanup can
// make git record them; all that git itself writes there is names of files.
func recorded(message string) string {
	at := 0
	for line := range strings.Lines(message) {
		comment, ok := strings.CutSuffix(strings.TrimRight(line, "\r\n"), scissors)
		if ok && comment != "" && !strings.ContainsAny(comment, " \t") && onlyDiff(message[at+len(line):], comment) {
			return message[:at]
		}
		at += len(line)
	}
	return message
}

// onlyDiff reports whether text is lines that begin with comment, and then a
// diff or nothing.
func onlyDiff(text, comment string) bool {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, comment) {
			return strings.HasPrefix(line, "diff --git ") || strings.HasPrefix(line, "diff --cc ")
		}
	}
	return true
}
