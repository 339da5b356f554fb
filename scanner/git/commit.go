package git

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/graph"
)

// parseCommit reads a commit object: what a finding says about it, the ids of
// its tree and parents, and its message as stored.
func parseCommit(id string, data []byte) (c *scanner.Commit, tree string, parents []string, message []byte, err error) {
	head, message, _ := bytes.Cut(data, []byte("\n\n"))
	c = &scanner.Commit{ID: id}
	latin1 := false
	for line := range strings.SplitSeq(string(head), "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch {
		case key == "tree" && tree == "":
			tree = value
		case key == "parent":
			parents = append(parents, value)
		case key == "author" && c.Author == "" && c.Email == "":
			c.Author, c.Email, c.Date = parseIdent(value)
		case key == "encoding":
			latin1 = graph.IsLatin1(value)
		}
	}
	if !isHex(tree) {
		return nil, "", nil, nil, errors.New("commit " + id + " is malformed: it has no tree")
	}
	subject, _, _ := strings.Cut(strings.TrimLeft(string(message), "\n"), "\n")
	c.Author, c.Email, c.Subject = graph.ToUTF8(c.Author, latin1), graph.ToUTF8(c.Email, latin1), graph.ToUTF8(subject, latin1)
	return c, tree, parents, message, nil
}

// parseTag reads an annotated tag: the object that it names, that object's
// type, and its message as stored.
func parseTag(id string, data []byte) (object, kind string, message []byte, err error) {
	head, message, _ := bytes.Cut(data, []byte("\n\n"))
	for line := range strings.SplitSeq(string(head), "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch {
		case key == "object" && object == "":
			object = value
		case key == "type" && kind == "":
			kind = value
		}
	}
	if !isHex(object) || kind == "" {
		return "", "", nil, fmt.Errorf("tag %s is malformed: it names no object", id)
	}
	return object, kind, message, nil
}

// parseIdent reads "Name <email> 1700000000 +0100". What is malformed is left
// empty: who wrote a commit is shown to people and decides nothing.
func parseIdent(s string) (name, email string, date time.Time) {
	open, end := strings.IndexByte(s, '<'), strings.LastIndexByte(s, '>')
	if open < 0 || end < open {
		return strings.TrimSpace(s), "", time.Time{}
	}
	name, email = strings.TrimSpace(s[:open]), s[open+1:end]
	fields := strings.Fields(s[end+1:])
	if len(fields) == 0 {
		return name, email, time.Time{}
	}
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return name, email, time.Time{}
	}
	offset := 0
	if len(fields) > 1 {
		if zone, err := strconv.Atoi(fields[1]); err == nil && -1400 <= zone && zone <= 1400 {
			offset = (zone/100*60 + zone%100) * 60
		}
	}
	if offset == 0 {
		return name, email, time.Unix(seconds, 0).UTC()
	}
	return name, email, time.Unix(seconds, 0).In(time.FixedZone("", offset))
}
