package scanner

import (
	"context"
	"iter"
	"slices"
)

// ScanBranch scans what a branch brings: each of its commits, and its net effect,
// which is what its end adds to its beginning. A secret is reported once for
// each path, with the first commit that brought it, in the order of the commits;
// Finding.InNet says whether it is in the net effect. There the location is that
// in the net effect: what people see who look at the branch. A secret that a commit
// moved to another file is reported there, with the commit that brought it to the
// first one, behind the others. What is in the net effect and in no commit alone
// comes last, without a commit.
//
// commits is nil where only the net effect is known. Otherwise it is what sum
// counts: the blobs of the net effect are nothing new. An error about one of
// them is told unless commits has had the same.
//
// A comment that allows a secret in the net effect allows it in the commits
// before, too: no later commit could add it to them.
//
// Apart from that ScanBranch is like Scan. The findings of the net effect are
// kept in memory.
func (s *Scanner) ScanBranch(ctx context.Context, commits, net Source, sum *Summary) iter.Seq2[Finding, error] {
	if sum == nil {
		sum = new(Summary)
	}
	return func(yield func(Finding, error) bool) {
		b := &branch{s: s, seen: make(map[branchKey]bool)}
		reported, suppressed := 0, 0
		defer func() { sum.Findings, sum.Suppressed = reported, suppressed }()
		send := func(f Finding) bool {
			if f.Suppression == nil {
				reported++
			} else if suppressed++; !s.opts.Suppressed {
				return true
			}
			return yield(f, nil)
		}

		var netSum Summary
		into := &netSum
		if commits == nil {
			into = sum
		}
		errs, err := b.scanNet(ctx, net, into)
		if err != nil {
			if into != sum {
				sum.Errors = append(sum.Errors, into.Errors...)
			}
			yield(Finding{}, err)
			return
		}
		told := make(map[string]bool)
		if commits != nil {
			for f, err := range s.withSuppressed().Scan(ctx, commits, sum) {
				if err != nil {
					told[err.Error()] = true
					if !yield(Finding{}, err) {
						return
					}
					continue
				}
				if f, ok := b.inCommit(f); ok && !send(f) {
					return
				}
			}
			if ctx.Err() != nil {
				return // it has been said
			}
		}
		for _, f := range b.rest() {
			if !send(f) {
				sum.Errors = append(sum.Errors, ErrStopped)
				return
			}
		}
		for _, err := range errs {
			if told[err.Error()] {
				continue
			}
			if into != sum {
				sum.Errors = append(sum.Errors, err)
			}
			if !yield(Finding{}, err) {
				return
			}
		}
	}
}

// withSuppressed returns the scanner with Options.Suppressed set.
func (s *Scanner) withSuppressed() *Scanner {
	opts := s.opts
	opts.Suppressed, opts.Nested = true, nil
	all := newScanner(s.set, opts)
	all.prints, all.nest = s.prints, s.nest
	return all
}

// A branchKey is what makes two findings in a branch the same.
type branchKey struct{ rule, path, secret string }

func branchKeyOf(f *Finding) branchKey {
	key := branchKey{f.RuleID, f.Location.Path, normalizeSecret(f.Secret.Reveal())}
	if f.InPath {
		key.rule += "\x00path"
	}
	return key
}

// anywhere returns the key without its path.
func (k branchKey) anywhere() branchKey {
	k.path = ""
	return k
}

// A branch is a scan by ScanBranch.
type branch struct {
	s        *Scanner
	net      []Finding // the first one for each key, in order; one that is reported before one that is not
	byKey    map[branchKey]int
	bySecret map[branchKey][]int // by what anywhere returns, in order
	seen     map[branchKey]bool  // keys that have been sent, or are held
	held     []Finding           // of commits, whose secret is in the net effect at another path
}

// scanNet scans the net effect. It returns the errors about blobs, and one that
// ends the scan.
func (b *branch) scanNet(ctx context.Context, net Source, sum *Summary) (errs []error, err error) {
	b.byKey, b.bySecret = make(map[branchKey]int), make(map[branchKey][]int)
	yes := true
	for f, err := range b.s.withSuppressed().Scan(ctx, net, sum) {
		if err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			errs = append(errs, err)
			continue
		}
		f.InNet = &yes
		key := branchKeyOf(&f)
		at, ok := b.byKey[key]
		switch {
		case !ok:
			b.byKey[key] = len(b.net)
			b.bySecret[key.anywhere()] = append(b.bySecret[key.anywhere()], len(b.net))
			b.net = append(b.net, f)
		case b.net[at].Suppression != nil && f.Suppression == nil:
			b.net[at] = f
		}
	}
	return errs, nil
}

// inCommit returns a finding of a commit as it is reported; false if it has been.
func (b *branch) inCommit(f Finding) (Finding, bool) {
	key := branchKeyOf(&f)
	at, inNet := b.byKey[key]
	if inNet {
		// The last word is the net effect's, but on what is allowed in a commit by
		// something else than a comment that is gone since.
		n := b.net[at].broughtBy(&f)
		if n.Suppression == nil && f.Suppression != nil && f.Suppression.By != SuppressedInline {
			n.Suppression = f.Suppression
		}
		f = n
	}
	f.InNet = &inNet
	if b.seen[key] {
		return f, false
	}
	if f.Suppression != nil {
		// It does not stand in the way of one that is reported.
		if key = key.suppressed(); b.seen[key] {
			return f, false
		}
	}
	b.seen[key] = true
	if !inNet && f.Suppression == nil && !f.InCommitText() && len(b.bySecret[key.anywhere()]) > 0 {
		b.held = append(b.held, f)
		return f, false
	}
	return f, true
}

// broughtBy returns a finding of the net effect as that of the commit of another one.
func (f Finding) broughtBy(other *Finding) Finding {
	f.Location.Commit = other.Location.Commit
	f.Hidden = slices.Concat(f.Hidden, other.Hidden)
	return f
}

// movedTo returns the finding of the net effect that is of the same secret in
// another file, and that no commit has brought there. What is not reported there
// does not stand for what is reported here.
func (b *branch) movedTo(key branchKey) (at int, ok bool) {
	for _, at := range b.bySecret[key.anywhere()] {
		if n := &b.net[at]; n.Suppression == nil && !b.seen[branchKeyOf(n)] {
			return at, true
		}
	}
	return 0, false
}

// rest returns, after all commits, what was moved, or removed from one file of
// several, and what is in the net effect and was in no commit alone.
func (b *branch) rest() []Finding {
	var rest []Finding
	for _, f := range b.held {
		if at, ok := b.movedTo(branchKeyOf(&f)); ok {
			f = b.net[at].broughtBy(&f)
			b.seen[branchKeyOf(&f)] = true
		}
		rest = append(rest, f)
	}
	for _, f := range b.net {
		if key := branchKeyOf(&f); !b.seen[key] && !b.seen[key.suppressed()] {
			rest = append(rest, f)
		}
	}
	return rest
}

// suppressed returns the key for those findings that are suppressed.
func (k branchKey) suppressed() branchKey {
	k.rule += "\x00"
	return k
}
