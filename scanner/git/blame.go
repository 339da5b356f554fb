package git

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cork-scanner/cork/scanner"
)

// Blame returns the commit that wrote a line, 1-based, of a file: as it is in the
// commit of that id, or, if that is "", in the work tree. The path is slash-separated
// and relative to the root. It is nil where nobody has committed the line, and where
// nobody can tell: the embedded engine reads no history of lines.
func (r *Repository) Blame(ctx context.Context, commit, path string, line int) (*scanner.Commit, error) {
	p, ok := r.eng.(*plumbingEngine)
	if !ok || line < 1 || commit == "" && p.layout.root == "" {
		return nil, nil
	}
	if commit != "" && !isHex(commit) {
		return nil, fmt.Errorf("%q is not the id of a commit", commit)
	}
	name := filepath.FromSlash(path)
	if p.layout.root != "" {
		name = filepath.Join(p.layout.root, name)
	}
	// A file that lists commits to be passed over may not be there.
	args := []string{"-c", "blame.ignoreRevsFile=", "blame", "--porcelain", "--no-textconv", "-L", fmt.Sprintf("%d,%d", line, line)}
	if commit != "" {
		args = append(args, commit)
	}
	out, err := p.output(ctx, nil, append(args, "--", name)...)
	if err != nil {
		return nil, err
	}
	return parseBlame(string(out)), nil
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
