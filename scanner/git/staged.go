package git

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/cork-scanner/cork/scanner"
)

// diffIndexArgs compares the index with a tree. Nothing that the repository or
// the user configures has a say in it: submodules are compared by id, renames
// are not looked for, and no file of the work tree is looked at.
func (p *plumbingEngine) diffIndexArgs(base string, more ...string) []string {
	args := []string{
		"diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev",
		// Not "all": that would hide gitlinks, which are counted. Without the
		// option, configuration and .gitmodules could say "all".
		"--ignore-submodules=dirty",
	}
	return append(append(args, more...), base, "--")
}

// diffIndex compares the index with one tree.
func (p *plumbingEngine) diffIndex(ctx context.Context, base string, more ...string) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		c, err := p.start(nil, p.diffIndexArgs(base, more...)...)
		if err != nil {
			yield(change{}, err)
			return
		}
		c.rawChanges(ctx)(yield)
	}
}

func (p *plumbingEngine) staged(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		merged, err := p.mergeHeads()
		if err != nil {
			yield(scanner.Blob{}, err)
			return
		}
		bases := append([]string{"HEAD"}, merged...)
		h := newHistory(p, bases, func(ctx context.Context, i int) (iter.Seq2[change, error], int) {
			return p.diffIndex(ctx, bases[i], "--diff-filter=D"), 0
		})
		changes := p.againstHead(ctx)
		if len(merged) > 0 {
			changes = p.againstAll(ctx, changes, merged)
		}
		check := p.checkIndex()
		defer check()
		unborn := false
		for b, err := range p.indexBlobs(ctx, changes, h) {
			if errors.Is(err, errUnborn) {
				unborn = true
				break
			}
			if !yield(b, err) {
				return
			}
		}
		if unborn {
			p.index(ctx)(yield)
			return
		}
		if err := check(); err != nil {
			yield(scanner.Blob{}, err)
		}
	}
}

func (p *plumbingEngine) index(ctx context.Context) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		check := p.checkIndex()
		defer check()
		// Not ls-files: it keeps to the current folder.
		for b, err := range p.indexBlobs(ctx, p.againstNothing(ctx), newHistory(p, nil, nil)) {
			if !yield(b, err) {
				return
			}
		}
		if err := check(); err != nil {
			yield(scanner.Blob{}, err)
		}
	}
}

// checkIndex checks the index file while git reads it. git takes a file that
// is not there for an index without entries, and for speed does not look at
// the checksum: half an index can pass as a whole one. The result waits.
func (p *plumbingEngine) checkIndex() (result func() error) {
	done := make(chan error, 1)
	file, named := p.indexFile()
	go func() { done <- checkIndexFile(file) }()
	return sync.OnceValue(func() error {
		err := <-done
		switch {
		case err == nil, errors.Is(err, fs.ErrNotExist) && !named:
			return nil
		case named:
			return scanner.WithHint(fmt.Errorf("read the index that GIT_INDEX_FILE names: %w", err), "unset GIT_INDEX_FILE")
		}
		return scanner.WithHint(fmt.Errorf("read the index: %w", err), hintIndex)
	})
}

// indexFile returns the path of the index, and whether the environment names
// it.
func (p *plumbingEngine) indexFile() (file string, named bool) {
	name, named := getenv(p.env, "GIT_INDEX_FILE")
	if !named {
		return filepath.Join(p.layout.gitDir, "index"), false
	}
	if name == "" {
		return "", true // for git, too: a file that is not there
	}
	return p.fromGit(name), true
}

// checkIndexFile compares the checksum at the end of an index with its
// content. All zeros stand for none (index.skipHash).
func checkIndexFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	// Nothing in the file says which hash the repository uses.
	for _, h := range []hash.Hash{sha1.New(), sha256.New()} {
		size := info.Size() - int64(h.Size())
		if size < 0 {
			continue
		}
		sum := make([]byte, h.Size())
		if _, err := f.ReadAt(sum, size); err != nil {
			return err
		}
		if _, err := io.Copy(h, io.NewSectionReader(f, 0, size)); err != nil {
			return err
		}
		if bytes.Equal(h.Sum(nil), sum) || bytes.Count(sum, []byte{0}) == len(sum) {
			return nil
		}
	}
	return fmt.Errorf("%q is damaged: its checksum is wrong", name)
}

// againstNothing yields the whole index as changes without bases.
func (p *plumbingEngine) againstNothing(ctx context.Context, more ...string) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		tree, err := p.emptyTreeOnce()
		if err != nil {
			yield(change{}, err)
			return
		}
		for c, err := range p.diffIndex(ctx, tree, more...) {
			c.old = nil
			if !yield(c, err) {
				return
			}
		}
	}
}

// againstHead compares the index with HEAD. The error is errUnborn, before
// anything else, if there is no commit yet.
func (p *plumbingEngine) againstHead(ctx context.Context) iter.Seq2[change, error] {
	return func(yield func(change, error) bool) {
		c := p.takeEarly("diff-index")
		if c == nil {
			var err error
			if c, err = p.start(nil, p.diffIndexArgs("HEAD")...); err != nil {
				yield(change{}, err)
				return
			}
		}
		first := true
		for e, err := range c.rawChanges(ctx) {
			if first && err != nil && ctx.Err() == nil {
				err = p.explainHead(ctx, err)
			}
			first = false
			if !yield(e, err) {
				return
			}
		}
	}
}

// againstAll adds the comparisons with what is being merged to that with HEAD.
// Unlike that, it holds all changes in memory.
func (p *plumbingEngine) againstAll(ctx context.Context, head iter.Seq2[change, error], merged []string) iter.Seq2[change, error] {
	return compareAll(1+len(merged), func(i int) iter.Seq2[change, error] {
		if i == 0 {
			return head
		}
		return p.diffIndex(ctx, merged[i-1])
	})
}

// errUnborn says that HEAD names a branch without a commit.
var errUnborn = errors.New("there is no commit yet")

// explainHead says whether git failed for want of a first commit.
func (p *plumbingEngine) explainHead(ctx context.Context, failed error) error {
	unborn, err := p.unborn(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && scanner.HintOf(failed) == "":
		return scanner.WithHint(fmt.Errorf("git cannot read HEAD: %w", err), hintDamaged)
	case err == nil && unborn:
		return errUnborn
	}
	return failed
}

// mergeHeads returns what is being merged into HEAD: MERGE_HEAD once git has
// stopped for a person, GITHEAD_<id> in the environment of pre-merge-commit.
func (p *plumbingEngine) mergeHeads() ([]string, error) {
	var heads []string
	content, err := os.ReadFile(filepath.Join(p.layout.gitDir, "MERGE_HEAD"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read what is being merged: %w", err)
	}
	for line := range strings.Lines(string(content)) {
		id := strings.TrimSpace(line)
		if !isID(id) {
			return nil, scanner.WithHint(fmt.Errorf("MERGE_HEAD is broken: it holds %q", printable(id)),
				"git merge --abort, and merge anew")
		}
		heads = append(heads, id)
	}
	var named []string
	for _, kv := range p.env {
		name, _, _ := strings.Cut(kv, "=")
		if id, ok := strings.CutPrefix(name, "GITHEAD_"); ok && isID(id) {
			named = append(named, id)
		}
	}
	slices.Sort(named)
	for _, id := range named {
		if !slices.Contains(heads, id) {
			heads = append(heads, id)
		}
	}
	return heads, nil
}

// combine joins the comparisons of the index with each base. A path that one
// comparison does not list is in that base as it is in the index.
func combine(sets [][]change) []change {
	if len(sets) == 1 {
		return sets[0]
	}
	at := make(map[string]int)
	var all []change
	for i, set := range sets {
		for _, c := range set {
			k, ok := at[c.path]
			if !ok {
				k = len(all)
				at[c.path] = k
				all = append(all, change{
					path: c.path, new: c.new, unmerged: c.unmerged,
					old: slices.Repeat([]side{c.new}, len(sets)),
				})
			}
			all[k].old[i] = c.old[0]
		}
	}
	slices.SortFunc(all, func(a, b change) int { return strings.Compare(a.path, b.path) })
	return all
}

// indexBlobs makes blobs of changes of the index.
func (p *plumbingEngine) indexBlobs(ctx context.Context, changes iter.Seq2[change, error], h *history) iter.Seq2[scanner.Blob, error] {
	return func(yield func(scanner.Blob, error) bool) {
		// What raw output does not tell is asked when it is needed: mostly
		// it is not.
		var really map[string]bool         // empty files that are really staged
		var stages map[string][]side       // of unmerged paths
		details := func(c *change) error { // fills them in
			var err error
			switch {
			case c.unmerged && stages == nil:
				stages, err = p.unmergedStages(ctx)
			case !c.unmerged && really == nil && isEmptyBlob(c.new.id):
				really, err = p.emptyFiles(ctx)
			}
			return err
		}
		for c, err := range changes {
			if err == nil {
				err = details(&c)
			}
			if err != nil {
				yield(scanner.Blob{}, err)
				return
			}
			var versions []side
			switch {
			case c.unmerged:
				versions = stages[c.path]
			case c.newContent():
				versions = []side{c.new}
			}
			for _, v := range versions {
				b := p.blob(c.path, v)
				b.Old = c.in()
				switch {
				case !c.unmerged && isEmptyBlob(v.id) && !really[c.path]:
					b.ID, b.Open, b.Skip = "", nil, scanner.SkipIntentToAdd
				case b.Skip == "":
					b.Before = h.before(c.path, c.old, v.id)
				}
				if !yield(b, nil) {
					return
				}
			}
		}
	}
}

// emptyFiles returns the paths of the empty files in the index without those
// of git add -N, which diff-index otherwise lists as empty files, too.
func (p *plumbingEngine) emptyFiles(ctx context.Context) (map[string]bool, error) {
	empty := map[string]bool{}
	for c, err := range p.againstNothing(ctx, "--ita-invisible-in-index") {
		if err != nil {
			return nil, err
		}
		if isEmptyBlob(c.new.id) {
			empty[c.path] = true
		}
	}
	return empty, nil
}

// isEmptyBlob reports whether id is that of a file without content.
func isEmptyBlob(id string) bool {
	const header = "blob 0\x00"
	switch len(id) {
	case 2 * sha1.Size:
		sum := sha1.Sum([]byte(header))
		return id == hex.EncodeToString(sum[:])
	case 2 * sha256.Size:
		sum := sha256.Sum256([]byte(header))
		return id == hex.EncodeToString(sum[:])
	}
	return false
}

// unmergedStages returns the second and third stage of unmerged paths: ours
// and theirs. The first is what both come from.
func (p *plumbingEngine) unmergedStages(ctx context.Context) (map[string][]side, error) {
	args := []string{"ls-files", "-u", "-z", "--full-name"}
	if p.layout.root != "" {
		args = append(args, "--", p.layout.root) // or it keeps to the current folder
	}
	out, err := p.output(ctx, nil, args...)
	if err != nil {
		return nil, err
	}
	stages := map[string][]side{}
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if entry == "" {
			continue
		}
		meta, name, ok := strings.Cut(entry, "\t")
		fields := strings.Split(meta, " ")
		if !ok || len(fields) != 3 || !isID(fields[1]) {
			return nil, fmt.Errorf("git ls-files: unexpected answer %q", printable(entry))
		}
		v := side{fields[0], fields[1]}
		if fields[2] != "1" && !slices.ContainsFunc(stages[name], func(o side) bool { return o.id == v.id }) {
			stages[name] = append(stages[name], v)
		}
	}
	return stages, nil
}

// getenv returns the last value of a variable in a list like os.Environ's.
func getenv(env []string, name string) (value string, ok bool) {
	for _, kv := range env {
		if n, v, _ := strings.Cut(kv, "="); n == name {
			value, ok = v, true
		}
	}
	return value, ok
}
