package git

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/graph"
	"github.com/cork-scanner/cork/scanner/git/pack"
)

// A secret is what a finding will be about.
type secret struct {
	found   []occurrence // by object
	story   *scanner.Story
	primary *occurrence // at the first place of the story

	by *scanner.Suppression // why it is not reported; nil if it is
}

// findings makes one finding of each secret.
func (a *audit) findings(ctx context.Context) ([]scanner.Finding, error) {
	secrets, reported := a.secrets()
	var held []graph.Holding
	for i := range secrets {
		for j := range secrets[i].found {
			if j == 0 || secrets[i].found[j].object != secrets[i].found[j-1].object {
				held = append(held, graph.Holding{Secret: i, Blob: secrets[i].found[j].object})
			}
		}
	}
	head, refs := graph.None, []graph.Ref{}
	if n, ok := a.number(a.h.head); ok {
		head = n
	}
	for _, t := range a.h.tips {
		if n, ok := a.number(t.id); ok && t.name != stashRef {
			refs = append(refs, graph.Ref{Name: t.name, Object: n})
		}
	}
	stories, err := a.graph.Stories(ctx, len(secrets), held, head, refs, a.h.opts.Now)
	if err != nil {
		return nil, err
	}
	for i := range secrets {
		secrets[i].story = &stories[i]
	}
	if a.s.AllowsCommits() {
		secrets = a.allowedCommits(secrets)
	}
	for i := range secrets {
		a.place(&secrets[i])
	}
	findings, err := a.describe(ctx, secrets)
	if err != nil {
		return nil, err
	}
	more, err := a.ofSubmodules(ctx, reported, head, refs)
	findings = append(findings, more...)
	slices.SortStableFunc(findings, worstFirst)
	return findings, err
}

// ofSubmodules makes the findings of secrets that stand in paths of submodules and, as
// reported says, nowhere else.
func (a *audit) ofSubmodules(ctx context.Context, reported map[string]bool, head pack.Num, refs []graph.Ref) ([]scanner.Finding, error) {
	type module struct{ same, path string }
	found := make(map[module]scanner.Finding)
	at := make(map[string]int)
	var paths, suppressed [][]string // by secret
	var sames []string
	for _, path := range a.graph.Submodules() {
		for _, f := range a.s.PathFindings(path) {
			if !f.InPath {
				continue // what a file of that name would be
			}
			occ := scanner.Occurrence{RuleID: f.RuleID, Secret: f.Secret}
			same := occ.SameSecret() + "\x00path"
			if reported[same] {
				continue
			}
			i, ok := at[same]
			if !ok {
				i = len(sames)
				at[same] = i
				sames, paths, suppressed = append(sames, same), append(paths, nil), append(suppressed, nil)
			}
			found[module{same, path}] = f
			if f.Suppression == nil {
				paths[i] = append(paths[i], path)
			} else {
				suppressed[i] = append(suppressed[i], path)
			}
		}
	}
	if len(sames) == 0 {
		return nil, nil
	}
	for i := range paths {
		if len(paths[i]) == 0 {
			a.sum.Suppressed++
			paths[i] = suppressed[i]
		}
	}
	stories, err := a.graph.SubmoduleStories(ctx, paths, head, refs, a.h.opts.Now)
	if err != nil {
		return nil, err
	}
	var findings []scanner.Finding
	for i := range stories {
		story := &stories[i]
		f := found[module{sames[i], story.Places[0].Path}]
		if f.Suppression != nil && !a.s.YieldsSuppressed() {
			continue
		}
		for j := range story.Places {
			p := &story.Places[j]
			path, commit := p.Path, p.Commit
			p.Location = f.Location
			p.Path, p.Commit = path, commit
		}
		f.Location = story.Places[0].Location
		a.tell(&f, story)
		findings = append(findings, f)
	}
	return findings, nil
}

// tell adds a story to a finding.
func (a *audit) tell(f *scanner.Finding, story *scanner.Story) {
	f.Story = story
	f.Hidden = slices.Concat(f.Hidden, a.s.SecretsIn(told(story)...))
}

// allowedCommits returns the secrets without those that are allowed in the commits
// that brought them, to each of their paths; if these are wanted they are marked.
func (a *audit) allowedCommits(secrets []secret) []secret {
	kept := secrets[:0]
	for i := range secrets {
		s := &secrets[i]
		if by := a.brought(s); by != nil {
			a.sum.Suppressed++
			s.by = by
			if !a.s.YieldsSuppressed() {
				continue
			}
		}
		kept = append(kept, *s)
	}
	return kept
}

// brought returns why nothing is said of a secret in any of its places, of which all
// must be known; nil if there is one where it is reported.
func (a *audit) brought(s *secret) (by *scanner.Suppression) {
	if s.by != nil || len(s.story.Places) == 0 || s.story.PlacesTotal > len(s.story.Places) {
		return nil
	}
	for _, p := range s.story.Places {
		if p.Commit == nil {
			return nil
		}
		// The line that is known is one of any version.
		at := slices.IndexFunc(s.found, func(o occurrence) bool {
			path := cmp.Or(p.Path, o.path)
			if !slices.Contains(a.paths(&o), path) {
				return false
			}
			here := a.s.SuppressesIn(path, p.Commit.ID, &o.Occurrence)
			by = cmp.Or(by, here)
			return here != nil
		})
		if at < 0 {
			return nil
		}
	}
	return by
}

// secrets groups what was found. What is allowed wherever it is, or in the baseline
// at any of its places, is counted; if that is wanted it is among the secrets.
func (a *audit) secrets() (secrets []secret, reported map[string]bool) {
	var found []occurrence
	reported = make(map[string]bool)
	for _, r := range a.readers {
		found = append(found, r.found...)
		r.found = nil
	}
	slices.SortFunc(found, compareOccurrences)
	for len(found) > 0 {
		n := 1
		for n < len(found) && found[n].same == found[0].same {
			n++
		}
		all := found[:n:n]
		found = found[n:]
		reported[all[0].same] = true
		left, by := a.suppress(all)
		if by != nil {
			a.sum.Suppressed++
			left = all
		}
		if by == nil || a.s.YieldsSuppressed() {
			secrets = append(secrets, secret{found: left, by: by})
		}
	}
	return append(secrets, a.commented(reported)...), reported
}

// suppress returns the occurrences of a secret that are reported, or, if none is,
// why not.
func (a *audit) suppress(all []occurrence) (left []occurrence, by *scanner.Suppression) {
	dropped := false
	for i := range all {
		o := &all[i]
		allowed := true
		for _, path := range a.paths(o) {
			s := a.s.Suppresses(path, &o.Occurrence)
			switch {
			case s == nil:
				allowed = false
			case s.By == scanner.SuppressedBaseline:
				// Who knew it at one of its places knew it.
				return nil, s
			case by == nil:
				by = s
			}
		}
		switch {
		case allowed && !dropped:
			left, dropped = slices.Clone(all[:i]), true
		case !allowed && dropped:
			left = append(left, *o)
		}
	}
	switch {
	case !dropped:
		return all, nil
	case len(left) > 0:
		return left, nil
	}
	return nil, by
}

// commented counts the secrets that are found nowhere but where a comment allows
// them, and returns them if that is wanted.
func (a *audit) commented(reported map[string]bool) (secrets []secret) {
	at := make(map[string]int)
	for _, r := range a.readers {
		for _, o := range r.allowed {
			if reported[o.same] {
				continue
			}
			i, ok := at[o.same]
			if !ok {
				i = len(secrets)
				at[o.same] = i
				secrets = append(secrets, secret{by: &scanner.Suppression{By: scanner.SuppressedInline}})
				a.sum.Suppressed++
			}
			secrets[i].found = append(secrets[i].found, o)
		}
		r.allowed = nil
	}
	if !a.s.YieldsSuppressed() {
		return nil
	}
	for i := range secrets {
		slices.SortFunc(secrets[i].found, compareOccurrences)
	}
	slices.SortFunc(secrets, func(a, b secret) int { return cmp.Compare(a.found[0].same, b.found[0].same) })
	return secrets
}

func compareOccurrences(a, b occurrence) int {
	return cmp.Or(cmp.Compare(a.same, b.same), cmp.Compare(a.object, b.object), cmp.Compare(a.path, b.path),
		cmp.Compare(a.Path, b.Path), cmp.Compare(a.Start, b.Start))
}

// paths returns the paths of what holds an occurrence.
func (a *audit) paths(o *occurrence) []string {
	t := a.store.Type(o.object)
	if o.aboutPath() || t != pack.Blob {
		return []string{o.path}
	}
	return a.pathsOf(o.object, t)
}

// place completes the places of a secret's story, without those that are allowed,
// unless all are, and chooses the one to show.
func (a *audit) place(s *secret) {
	allowed := func(path string, o *occurrence) bool {
		return s.by == nil && a.s.Suppresses(path, &o.Occurrence) != nil
	}
	in := func(object pack.Num, path string) *occurrence {
		at, _ := slices.BinarySearchFunc(s.found, object, func(o occurrence, n pack.Num) int { return cmp.Compare(o.object, n) })
		for ; at < len(s.found) && s.found[at].object == object; at++ {
			if o := &s.found[at]; !o.aboutPath() || o.path == path {
				return o
			}
		}
		return nil
	}
	complete := s.story.PlacesTotal <= len(s.story.Places)
	var kept []scanner.Place
	for _, p := range s.story.Places {
		n, _ := a.number(p.Blob)
		o := in(n, p.Path)
		if o == nil && !s.found[0].aboutPath() {
			continue
		}
		if o != nil && p.Path == "" {
			p.Path = o.path
		}
		if o == nil || allowed(p.Path, o) {
			s.story.PlacesTotal--
			continue
		}
		a.locate(&p, o)
		if len(kept) == 0 {
			s.primary = o
		}
		kept = append(kept, p)
	}
	if len(kept) == 0 {
		// Held by what no commit holds, or the story's list ends before what is
		// not allowed.
		o := &s.found[0]
		s.primary = o
		paths := a.paths(o)
		at := max(0, slices.IndexFunc(paths, func(path string) bool { return !allowed(path, o) }))
		p := scanner.Place{Location: scanner.Location{Path: paths[at], Blob: a.id(o.object)}}
		a.locate(&p, o)
		kept = append(kept, p)
		s.story.PlacesTotal = max(1, s.story.PlacesTotal)
	}
	if complete && s.found[0].aboutPath() {
		// The story is that of the content, which may have other names too.
		s.story.AtHead = slices.ContainsFunc(kept, func(p scanner.Place) bool { return p.AtHead })
	}
	s.story.Places = kept
}

// aboutPath reports whether the occurrence is in the path of an object, or is a path.
func (o *occurrence) aboutPath() bool { return o.InPath || o.Secret.IsZero() }

// locate says where in an object the secret is.
func (a *audit) locate(p *scanner.Place, o *occurrence) {
	p.Path += o.Path
	p.Start, p.End = o.Start, o.End
	p.Line, p.Column, p.EndLine, p.EndColumn = o.Line, 1, o.Line, 1
}

// describe scans the objects at the first places once more, now for what people
// want to know.
func (a *audit) describe(ctx context.Context, secrets []secret) ([]scanner.Finding, error) {
	type place struct {
		object pack.Num
		path   string
	}
	type job struct {
		place
		of []int // secrets
	}
	var jobs []*job
	at := make(map[place]*job)
	for i := range secrets {
		s := &secrets[i]
		path := strings.TrimSuffix(s.story.Places[0].Path, s.primary.Path)
		if a.s.PathClass(path) != a.s.PathClass(s.primary.path) {
			path = s.primary.path
		}
		p := place{s.primary.object, path}
		j := at[p]
		if j == nil {
			j = &job{place: p}
			at[p] = j
			jobs = append(jobs, j)
		}
		j.of = append(j.of, i)
	}
	findings := make([]scanner.Finding, len(secrets))
	next := make(chan *job)
	var wg sync.WaitGroup
	for range a.h.opts.Workers {
		wg.Go(func() {
			for j := range next {
				all := a.again(ctx, j.object, j.path)
				for _, i := range j.of {
					findings[i] = a.describeOne(&secrets[i], all)
				}
			}
		})
	}
	for _, j := range jobs {
		if ctx.Err() != nil {
			break
		}
		next <- j
	}
	close(next)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return findings, nil
}

// again returns all findings in an object at a path.
func (a *audit) again(ctx context.Context, n pack.Num, path string) []scanner.Finding {
	all := slices.Clone(a.flagged[path])
	b := scanner.Blob{Path: path, ID: a.id(n), Size: -1, Old: true}
	b.Open = func(context.Context) (io.ReadCloser, error) { return a.open(n, path) }
	for f, err := range a.s.Scan(ctx, scanner.Only(b), nil) {
		if err == nil {
			all = append(all, f)
		}
	}
	return all
}

// describeOne makes the finding of a secret, out of all in its object.
func (a *audit) describeOne(s *secret, all []scanner.Finding) scanner.Finding {
	var best *scanner.Finding
	for i := range all {
		f := &all[i]
		o := scanner.Occurrence{RuleID: f.RuleID, Secret: f.Secret}
		if o.RuleID != s.primary.RuleID || f.InPath != s.primary.InPath || o.SameSecret() != s.primary.Occurrence.SameSecret() {
			continue
		}
		if best == nil || f.Location.Start == s.primary.Start ||
			best.Location.Start != s.primary.Start && best.Suppression != nil && f.Suppression == nil {
			best = f
		}
	}
	p := &s.story.Places[0]
	if best == nil {
		// What the walk found and the scan does not is a mistake of Cork's. It
		// is reported all the same.
		a.fail(&scanner.BlobError{ID: p.Blob, Err: errors.New("what was found in it could not be described")})
		best = &scanner.Finding{
			RuleID: s.primary.RuleID, Secret: s.primary.Secret, Key: s.primary.Key, Location: p.Location,
		}
	}
	f := *best
	a.tell(&f, s.story)
	if s.by == nil || f.Suppression == nil || f.Suppression.By != s.by.By {
		f.Suppression = s.by
	}
	path, blob, commit := p.Path, p.Blob, p.Commit
	f.Location.Path, f.Location.Blob, f.Location.Commit = path, blob, commit
	p.Location = f.Location
	for i := range f.Parts {
		l := &f.Parts[i].Location
		l.Path, l.Blob, l.Commit = path, blob, commit
	}
	return f
}

// told returns the texts in a story that people have written.
func told(s *scanner.Story) []string {
	texts := slices.Clone(s.Refs)
	commits := []*scanner.Commit{s.Introduced, s.Removed}
	for i := range s.Places {
		commits = append(commits, s.Places[i].Commit)
	}
	for i, c := range commits {
		if c != nil && !slices.Contains(commits[:i], c) {
			texts = append(texts, c.Author, c.Email, c.Subject)
		}
	}
	return texts
}

// worstFirst orders findings by how much is to be done about them.
func worstFirst(a, b scanner.Finding) int {
	rank := func(f *scanner.Finding) int {
		switch {
		case f.Story.AtHead:
			return 0
		case f.Story.RefsTotal > 0:
			return 1
		case f.Story.Reachable:
			return 2
		}
		return 3
	}
	return cmp.Or(
		cmp.Compare(rank(&a), rank(&b)),
		-cmp.Compare(a.Severity, b.Severity),
		-cmp.Compare(a.Confidence, b.Confidence),
		cmp.Compare(a.Location.Path, b.Location.Path),
		cmp.Compare(a.Location.Line, b.Location.Line),
		cmp.Compare(a.RuleID, b.RuleID),
		cmp.Compare(a.Location.Start, b.Location.Start),
		cmp.Compare(a.Location.Blob, b.Location.Blob),
	)
}
