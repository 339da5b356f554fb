package report

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// A Masker knows the secrets of a scan and hides them in any text. The zero
// Masker knows none. It is not safe for concurrent use.
type Masker struct {
	secrets  map[string]scanner.Secret
	replacer *strings.Replacer // of secrets; nil if it has to be built

	// encoded are the ids of the commits whose message holds a secret in a form
	// that the secret does not tell: their subjects are not shown at all.
	encoded map[string]bool
}

// AddFinding makes the Masker know the secrets of a finding.
func (m *Masker) AddFinding(f *scanner.Finding) {
	m.Add(f.Secret)
	for _, s := range f.Hidden {
		m.Add(s)
	}
	for _, p := range f.Parts {
		if !p.Identifier {
			m.Add(p.Value)
		}
	}
	if f.Encoding == "" {
		return
	}
	m.addEncoded(&f.Location)
	if f.Story != nil {
		for i := range f.Story.Places {
			m.addEncoded(&f.Story.Places[i].Location)
		}
	}
}

func (m *Masker) addEncoded(l *scanner.Location) {
	if l.Commit == nil || l.Blob != l.Commit.ID {
		return
	}
	if m.encoded == nil {
		m.encoded = make(map[string]bool)
	}
	m.encoded[l.Blob] = true
}

// Add makes the Masker know a secret.
//
// Short ones and plain words are left out: that the password of
// docker/postgres/compose.yml is one of the words of its path cannot be seen
// from the path, and "docker/********/compose.yml" would tell it.
func (m *Masker) Add(s scanner.Secret) {
	clear := s.Reveal()
	if len(clear) < 4 || len(clear) < 12 && isWord(clear) {
		return
	}
	if _, ok := m.secrets[clear]; ok {
		return
	}
	if m.secrets == nil {
		m.secrets = make(map[string]scanner.Secret)
	}
	m.secrets[clear] = s
	m.replacer = nil
}

// Mask returns the text with every known secret masked.
func (m *Masker) Mask(text string) string {
	if len(m.secrets) == 0 || text == "" {
		return text
	}
	if m.replacer == nil {
		// Longest first: a secret may be a part of another one.
		all := make([]string, 0, len(m.secrets))
		for clear := range m.secrets {
			all = append(all, clear)
		}
		slices.SortFunc(all, func(a, b string) int {
			return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
		})
		pairs := make([]string, 0, 2*len(all))
		for _, clear := range all {
			pairs = append(pairs, clear, m.secrets[clear].String())
		}
		m.replacer = strings.NewReplacer(pairs...)
	}
	return m.replacer.Replace(text)
}

// maskCut is Mask for text that may have been cut, and so end within a secret.
func (m *Masker) maskCut(text string) string {
	const (
		long = 256 // no shorter text is ever cut
		told = 4   // characters that say nothing yet
	)
	text = m.Mask(text)
	if len(text) < long {
		return text
	}
	most, mask := 0, ""
	for clear, s := range m.secrets {
		for n := min(len(clear)-1, len(text)); n > told && n >= most; n-- {
			if strings.HasSuffix(text, clear[:n]) && (n > most || s.String() < mask) {
				most, mask = n, s.String()
			}
		}
	}
	return text[:len(text)-most] + mask
}

func isWord(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// maxGroup bounds how many findings Masked holds back: a file with more is
// written in several groups, so memory does not depend on it.
const maxGroup = 1024

// Masked returns a Writer that hides secrets wherever else in a finding they
// stand: in its path, line, key, parts, reasons, commit, story and suppression; and in the
// errors of the summary. To know all secrets of a blob before it shows the
// blob's path, it holds the blob's findings back until the next blob or Close;
// those with a story, in which commits tell of other secrets, it holds back
// until Close. Every secret is also added to m.
func Masked(w Writer, m *Masker) Writer { return &masked{w: w, all: m} }

type masked struct {
	w     Writer
	all   *Masker
	group []scanner.Finding // of one blob, or from the first one with a story on
}

func (w *masked) Write(f scanner.Finding) error {
	if len(w.group) > 0 && w.group[0].Story != nil {
		w.group = append(w.group, f)
		return nil
	}
	if len(w.group) > 0 && (f.Story != nil || !sameBlob(&w.group[0], &f) || len(w.group) == maxGroup) {
		if err := w.flush(); err != nil {
			return err
		}
	}
	w.group = append(w.group, f)
	return nil
}

func (w *masked) Close(r Result) error {
	if err := w.flush(); err != nil {
		return err
	}
	r.Errors = w.all.MaskErrors(r.Errors)
	warnings := make([]string, len(r.Warnings))
	for i, text := range r.Warnings {
		warnings[i] = w.all.Mask(text)
	}
	r.Warnings = warnings
	return w.w.Close(r)
}

func (w *masked) flush() error {
	m := new(Masker) // knows the group's secrets
	for i := range w.group {
		m.AddFinding(&w.group[i])
		w.all.AddFinding(&w.group[i])
	}
	m.encoded = w.all.encoded
	if len(w.all.secrets) <= maxGroup {
		m = w.all // knows more; building its replacer for every blob would not scale
	}
	for _, f := range w.group {
		if err := w.w.Write(m.MaskFinding(f)); err != nil {
			return err
		}
	}
	clear(w.group)
	w.group = w.group[:0]
	return nil
}

// MaskFinding returns the finding with every known secret masked wherever else
// it stands in it.
func (m *Masker) MaskFinding(f scanner.Finding) scanner.Finding {
	f.Location.Path, f.Location.RepoPath = m.Mask(f.Location.Path), m.Mask(f.Location.RepoPath)
	f.Line = m.Mask(f.Line)
	f.Key = m.Mask(f.Key)
	f.Reasons = slices.Clone(f.Reasons)
	for i, reason := range f.Reasons {
		f.Reasons[i] = m.Mask(reason)
	}
	f.Parts = slices.Clone(f.Parts)
	for i := range f.Parts {
		p := &f.Parts[i]
		p.Location.Path, p.Location.RepoPath = m.Mask(p.Location.Path), m.Mask(p.Location.RepoPath)
		p.Key = m.Mask(p.Key)
		value := p.Value.Reveal()
		p.Identifier = p.Identifier && m.Mask(value) == value
	}
	f.Location.Commit = m.maskCommit(f.Location.Commit)
	f.Story = m.maskStory(f.Story)
	if s := f.Suppression; s != nil {
		masked := *s
		masked.File, masked.Reason, masked.Commit = m.Mask(s.File), m.Mask(s.Reason), m.maskCommit(s.Commit)
		f.Suppression = &masked
	}
	return f
}

func (m *Masker) maskCommit(c *scanner.Commit) *scanner.Commit {
	if c == nil {
		return nil
	}
	masked := *c
	masked.Author, masked.Email, masked.Subject = m.maskCut(c.Author), m.maskCut(c.Email), m.maskCut(c.Subject)
	if m.encoded[c.ID] {
		masked.Subject = hiddenSubject
	}
	return &masked
}

const hiddenSubject = "********"

func (m *Masker) maskStory(s *scanner.Story) *scanner.Story {
	if s == nil {
		return nil
	}
	masked := *s
	masked.Introduced, masked.Removed = m.maskCommit(s.Introduced), m.maskCommit(s.Removed)
	masked.Refs = slices.Clone(s.Refs)
	for i, name := range masked.Refs {
		masked.Refs[i] = m.Mask(name)
	}
	masked.Places = slices.Clone(s.Places)
	for i := range masked.Places {
		p := &masked.Places[i]
		p.Path, p.Commit = m.Mask(p.Path), m.maskCommit(p.Commit)
	}
	return &masked
}

// MaskErrors returns errors whose paths, texts and hints hide every known
// secret. They no longer wrap what they were made from.
func (m *Masker) MaskErrors(errs []error) []error {
	masked := make([]error, len(errs))
	for i, err := range errs {
		masked[i] = m.maskError(err)
	}
	return masked
}

func (m *Masker) maskError(err error) error {
	if m.Mask(err.Error()) == err.Error() && m.Mask(scanner.HintOf(err)) == scanner.HintOf(err) {
		return err
	}
	hint := scanner.HintOf(err)
	var blob *scanner.BlobError
	if errors.As(err, &blob) {
		err = &scanner.BlobError{Path: m.Mask(blob.Path), ID: blob.ID, Err: errors.New(m.Mask(blob.Err.Error()))}
	} else {
		err = errors.New(m.Mask(err.Error()))
	}
	if hint != "" {
		err = scanner.WithHint(err, m.Mask(hint))
	}
	return err
}

func sameBlob(a, b *scanner.Finding) bool {
	ac, bc := a.Location.Commit, b.Location.Commit
	if (ac == nil) != (bc == nil) || ac != nil && ac.ID != bc.ID {
		return false
	}
	return a.Location.Path == b.Location.Path
}
