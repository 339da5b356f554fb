package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cork-scanner/cork/scanner"
)

// Blame returns the commit that wrote a line, 1-based, of a file: as it is in the
// commit of that id, or, if that is "", in the work tree. The path is slash-separated
// and relative to the root. It is nil where nobody has committed the line, and where
// nobody can tell: the embedded engine reads no history of lines. Of the work tree it is
// the closest line at HEAD that reads the same.
func (r *Repository) Blame(ctx context.Context, commit, path string, line int) (*scanner.Commit, error) {
	p, ok := r.eng.(*plumbingEngine)
	if !ok || line < 1 || commit == "" && p.layout.root == "" {
		return nil, nil
	}
	if commit == "" {
		// Of a file of the work tree git would first make what a commit of it would
		// hold, by the filters of the repository, which are commands.
		var err error
		if line, err = p.lineAtHead(ctx, path, line); err != nil || line == 0 {
			return nil, err
		}
		commit = "HEAD"
	} else if !isHex(commit) {
		return nil, fmt.Errorf("%q is not the id of a commit", commit)
	}
	name := filepath.FromSlash(path)
	if p.layout.root != "" {
		name = filepath.Join(p.layout.root, name)
	}
	// A file that lists commits to be passed over may not be there.
	args := []string{"-c", "blame.ignoreRevsFile=", "blame", "--porcelain", "--no-textconv", "-L", fmt.Sprintf("%d,%d", line, line), commit}
	out, err := p.output(ctx, nil, append(args, "--", name)...)
	if err != nil {
		return nil, err
	}
	return parseBlame(string(out)), nil
}

// lineAtHead returns the line of a file at HEAD that reads as that line of the file in
// the work tree, the closest one; 0 if there is none.
func (p *plumbingEngine) lineAtHead(ctx context.Context, path string, line int) (int, error) {
	file := filepath.Join(p.layout.root, filepath.FromSlash(path))
	info, err := os.Lstat(file)
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() || !filepath.IsLocal(filepath.FromSlash(path)) {
		return 0, fmt.Errorf("%q is no file of the work tree", path)
	}
	now, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	wanted, found := lineOf(now, line)
	if !found {
		return 0, fmt.Errorf("%q has no line %d", path, line)
	}
	then, err := p.fileAt(ctx, "HEAD", path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	at, n := 0, 0
	for l := range bytes.Lines(then) {
		n++
		if bytes.Equal(bytes.TrimRight(l, "\r\n"), wanted) && (at == 0 || max(n-line, line-n) < max(at-line, line-at)) {
			at = n
		}
	}
	return at, nil
}

// lineOf returns a line, 1-based, without its end.
func lineOf(content []byte, line int) (text []byte, ok bool) {
	n := 0
	for l := range bytes.Lines(content) {
		if n++; n == line {
			return bytes.TrimRight(l, "\r\n"), true
		}
	}
	return nil, false
}

// parseBlame reads what "git blame --porcelain" writes about one line; nil if that is
// not committed.
func parseBlame(out string) *scanner.Commit {
	head, rest, _ := strings.Cut(out, "\n")
	id, _, _ := strings.Cut(head, " ")
	if !isHex(id) || strings.Trim(id, "0") == "" {
		return nil
	}
	c := &scanner.Commit{ID: id}
	for line := range strings.SplitSeq(rest, "\n") {
		if strings.HasPrefix(line, "\t") {
			break // the text of the line
		}
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "author":
			c.Author = value
		case "author-mail":
			c.Email = strings.TrimSuffix(strings.TrimPrefix(value, "<"), ">")
		case "author-time":
			if sec, err := strconv.ParseInt(value, 10, 64); err == nil {
				c.Date = time.Unix(sec, 0).UTC()
			}
		case "summary":
			c.Subject = value
		}
	}
	return c
}
