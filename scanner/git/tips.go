package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// Where the objects of a repository are, and what leads to them.

// An objectsAt says where objects lie and what is known of them as a whole.
type objectsAt struct {
	dir        string   // absolute
	alternates []string // that the environment adds; absolute
	hashSize   int      // bytes of an id
	shallow    []string // ids of the commits whose parents are left behind
}

// A tip is a ref and what it names, which may be a tag; or the HEAD of another work
// tree and its commit, if that is on no branch.
type tip struct{ name, id string }

// stashRef is a ref that is no branch and no tag: it keeps what nobody pushes.
const stashRef = "refs/stash"

// otherHeads returns the commits that other work trees have checked out without a
// branch, by the names that git has for them, and the names of those that only git
// can look up. No ref leads there, but for git's "--all" they are as good as refs.
func (l *layout) otherHeads() (heads []tip, unknown []string, err error) {
	const dir = "worktrees"
	files := map[string]string{"main-worktree/HEAD": l.commonDir}
	list, err := os.ReadDir(filepath.Join(l.commonDir, dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("list the work trees: %w", err)
	}
	for _, e := range list {
		files[dir+"/"+e.Name()+"/HEAD"] = filepath.Join(l.commonDir, dir, e.Name())
	}
	own, err := os.Stat(l.gitDir)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if fi, err := os.Stat(files[name]); err == nil && os.SameFile(own, fi) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(files[name], "HEAD"))
		if errors.Is(err, fs.ErrNotExist) || isNotDir(err) {
			continue // no work tree
		} else if err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", name, err)
		}
		switch to, symbolic := symbolicTarget(data); {
		case to == reftableHead:
			unknown = append(unknown, name)
		case !symbolic:
			id := strings.TrimSpace(string(data))
			if !isID(id) {
				return nil, nil, scanner.WithHint(fmt.Errorf("%s is broken: %q is not an object id", name, printable(id)), hintDamaged)
			}
			heads = append(heads, tip{name, id})
		}
	}
	return heads, unknown, nil
}

// reftableHead is what HEAD names where refs are in reftables.
const reftableHead = "refs/heads/.invalid"

// shallowIDs reads the file in which git notes what a shallow clone left behind.
func shallowIDs(commonDir string) ([]string, error) {
	data, err := os.ReadFile(filepath.Join(commonDir, "shallow"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read what a shallow clone left behind: %w", err)
	}
	ids := strings.Fields(string(data))
	for _, id := range ids {
		if !isID(id) {
			return nil, scanner.WithHint(fmt.Errorf("the file \"shallow\", in which git notes where a shallow clone ends, has a line that is no object id: %q", printable(id)), hintDamaged)
		}
	}
	return ids, nil
}

func (p *plumbingEngine) objectsAt(ctx context.Context) (*objectsAt, error) {
	empty, err := p.emptyTreeOnce()
	if err != nil {
		return nil, err
	}
	out, err := p.output(ctx, nil, "rev-parse", "--git-path", "objects")
	if err != nil {
		return nil, err
	}
	at := &objectsAt{dir: strings.TrimSuffix(string(out), "\n"), hashSize: len(empty) / 2}
	abs := func(path string) (string, error) {
		if filepath.IsAbs(path) {
			return path, nil
		}
		return filepath.Abs(filepath.Join(p.dir, filepath.FromSlash(path)))
	}
	if at.dir, err = abs(at.dir); err != nil {
		return nil, err
	}
	more, _ := environ(p.env).lookup("GIT_ALTERNATE_OBJECT_DIRECTORIES")
	for _, dir := range filepath.SplitList(more) {
		if dir == "" {
			continue
		}
		if unquoted, err := strconv.Unquote(dir); err == nil {
			dir = unquoted
		}
		if dir, err = abs(dir); err != nil {
			return nil, err
		}
		at.alternates = append(at.alternates, dir)
	}
	at.shallow, err = shallowIDs(p.layout.commonDir)
	return at, err
}

func (p *plumbingEngine) tips(ctx context.Context) (head string, refs []tip, err error) {
	found, err := p.resolve(ctx, []string{"HEAD"})
	if err != nil {
		return "", nil, err
	}
	out, err := p.output(ctx, nil, "for-each-ref", "--format=%(objectname) %(refname)")
	if err != nil {
		return "", nil, err
	}
	for line := range strings.Lines(string(out)) {
		id, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok || !isID(id) {
			return "", nil, fmt.Errorf("git for-each-ref: unexpected answer %q", printable(line))
		}
		refs = append(refs, tip{name, id})
	}
	others, unknown, err := p.layout.otherHeads()
	if err != nil {
		return "", nil, err
	}
	if len(unknown) > 0 {
		at, err := p.resolve(ctx, unknown)
		if err != nil {
			return "", nil, err
		}
		for i, name := range unknown {
			if at[i].kind != "" {
				others = append(others, tip{name, at[i].id})
			}
		}
	}
	return found[0].id, append(refs, others...), nil
}

// revisions looks up what people type to name commits, ranges included.
func (p *plumbingEngine) revisions(ctx context.Context, revs []string) (include, exclude []string, err error) {
	for _, rev := range revs {
		if rev == "" || rev[0] == '-' || strings.ContainsAny(rev, "\n\r\x00") {
			return nil, nil, badRevision(rev)
		}
		out, err := p.output(ctx, nil, "rev-parse", "--revs-only", rev, "--")
		if err != nil || len(bytes.TrimSpace(out)) == 0 {
			if ctx.Err() != nil {
				return nil, nil, ctx.Err()
			}
			return nil, nil, badRevision(rev)
		}
		for line := range strings.Lines(string(out)) {
			id, not := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "^")
			switch {
			case id == "--":
			case !isID(id):
				return nil, nil, fmt.Errorf("git rev-parse: unexpected answer %q", printable(line))
			case not:
				exclude = append(exclude, id)
			default:
				include = append(include, id)
			}
		}
	}
	return include, exclude, nil
}

func badRevision(rev string) error {
	return scanner.WithHint(fmt.Errorf("%q names no commit of this repository", rev),
		"git log --oneline --all lists commits, git branch --all branches, git tag tags")
}

// commits calls yield for the ids of all commits that git finds from the given
// revisions, of every ref if there are none.
func (p *plumbingEngine) commits(ctx context.Context, include, exclude []string, yield func(id []byte)) error {
	args := []string{"rev-list"}
	if len(include) == 0 {
		args = append(args, "--all")
	}
	args = append(args, "--stdin")
	var revs strings.Builder
	for _, id := range include {
		revs.WriteString(id + "\n")
	}
	for _, id := range exclude {
		revs.WriteString("^" + id + "\n")
	}
	c, err := p.start(strings.NewReader(revs.String()), args...)
	if err != nil {
		return err
	}
	defer c.watch(ctx)()
	for {
		line, err := c.stdout.ReadSlice('\n')
		if err != nil {
			break
		}
		yield(bytes.TrimSuffix(line, newline))
	}
	return c.finish(ctx)
}

var newline = []byte{'\n'}

func (e *embedded) objectsAt(context.Context) (*objectsAt, error) {
	// The gate has refused everything but the usual.
	at := &objectsAt{dir: filepath.Join(e.site.commonDir, "objects"), hashSize: len(objectID{})}
	var err error
	at.shallow, err = shallowIDs(e.site.commonDir)
	return at, err
}

func (e *embedded) tips(context.Context) (head string, refs []tip, err error) {
	if id, ok, err := e.site.head(); err != nil {
		return "", nil, err
	} else if ok {
		head = id.String()
	}
	loose, packed, err := e.site.refs()
	if err != nil {
		return "", nil, err
	}
	for _, t := range packed {
		if _, hidden := slices.BinarySearch(loose, t.name); !hidden {
			refs = append(refs, t)
		}
	}
	for _, name := range loose {
		id, ok, err := e.site.resolve(name)
		if err != nil {
			return "", nil, scanner.WithHint(err, hintDamaged)
		}
		if ok {
			refs = append(refs, tip{name, id.String()})
		}
	}
	slices.SortFunc(refs, func(a, b tip) int { return strings.Compare(a.name, b.name) })
	others, _, err := e.site.otherHeads() // the gate refuses reftables
	return head, append(refs, others...), err
}

// refs returns the names of the refs that have a file of their own, sorted, and
// those in packed-refs, which the former hide.
func (s *site) refs() (loose []string, packed []tip, err error) {
	for _, dir := range slices.Compact([]string{s.commonDir, s.gitDir}) {
		err := filepath.WalkDir(filepath.Join(dir, "refs"), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, err := filepath.Rel(dir, path)
			if name = filepath.ToSlash(name); err == nil && isRefName(name) {
				loose = append(loose, name)
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, err
		}
	}
	slices.Sort(loose)
	loose = slices.Compact(loose)
	for ref, err := range s.packedRefs() {
		if err != nil {
			return nil, nil, err
		}
		packed = append(packed, ref)
	}
	return loose, packed, nil
}

func (e *embedded) revisions(_ context.Context, revs []string) (include, exclude []string, err error) {
	for _, rev := range revs {
		from, to, isRange := strings.Cut(rev, "..")
		not, isNot := strings.CutPrefix(rev, "^")
		switch {
		case strings.Contains(rev, "...") || strings.ContainsAny(not, "~^:@{") || isNot && isRange:
			return nil, nil, needsGit("revisions such as " + strconv.Quote(rev))
		case not == "":
			return nil, nil, badRevision(rev)
		case isNot:
			from, to = not, ""
		case !isRange:
			from, to = "", rev
		case from == "":
			from = "HEAD"
		case to == "":
			to = "HEAD"
		}
		for _, end := range []struct {
			rev string
			ids *[]string
		}{{from, &exclude}, {to, &include}} {
			if end.rev == "" {
				continue
			}
			id, ok, err := e.lookup(end.rev)
			if err != nil {
				return nil, nil, err
			}
			if !ok {
				return nil, nil, badRevision(end.rev)
			}
			*end.ids = append(*end.ids, id.String())
		}
	}
	return include, exclude, nil
}

// commits implements engine: there is nobody else to ask.
func (e *embedded) commits(context.Context, []string, []string, func([]byte)) error { return nil }
