package scanner

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/cork-scanner/cork/rules"
)

// Nested says where the configurations of folders below the root come from. Each
// adds to what holds above it, for the files below its folder alone:
//
//	.cork.toml            the scanner's own rules and options
//	web/.cork.toml        these, and what it says, for web/...
//	web/test/.cork.toml   all of that, and what it says, for web/test/...
//
// They are looked for above the files that are scanned, when the first of these
// comes, so that nothing is walked: a scan of three files looks into as many
// folders. A folder is looked at once.
//
// Below a configuration that is broken nothing is scanned, which is an error about
// the scan as a whole.
type Nested struct {
	// Read returns the configuration of a folder and its name for messages. The
	// folder is slash-separated and relative to the repository's root. If there is
	// none the error wraps fs.ErrNotExist. It is not called concurrently.
	Read func(folder string) (name string, data []byte, err error)

	// KeepConfidence says that Options.MinConfidence holds in every folder,
	// whatever the configurations say.
	KeepConfidence bool

	// AllowNothing says that what the configurations allow is reported.
	AllowNothing bool
}

// A NestedError is what is wrong with the configuration of a folder.
type NestedError struct {
	Name string // of the file
	Err  error
}

func (e *NestedError) Error() string { return e.Err.Error() }
func (e *NestedError) Unwrap() error { return e.Err }

// A nest knows the folders that were looked at.
type nest struct {
	Nested
	root local

	mu      sync.RWMutex
	folders map[string]*local // by path; those without a configuration are as the one above
	files   []*local          // with a configuration, in any order
}

// A local is how files in a folder are scanned.
type local struct {
	s     *Scanner // nil if err is not nil
	cfg   *Config  // of the folder that has one last
	err   error    // a *NestedError
	class string   // what its PathClass begins with; "" if all folders of the root find the same
}

func newNest(s *Scanner, n *Nested) *nest {
	return &nest{Nested: *n, root: local{s: s}, folders: make(map[string]*local)}
}

// at returns how files of that path are scanned.
func (s *Scanner) at(file string) *local {
	n := s.nest
	if n == nil {
		return &s.self
	}
	folder := path.Dir(file)
	if folder == "." || !fs.ValidPath(folder) {
		return &n.root // in the root; or in no folder of the repository
	}
	n.mu.RLock()
	l := n.folders[folder]
	n.mu.RUnlock()
	if l != nil {
		return l
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.find(folder)
}

// find looks at a folder and all above it.
func (n *nest) find(folder string) *local {
	if l := n.folders[folder]; l != nil {
		return l
	}
	above := &n.root
	if i := strings.LastIndexByte(folder, '/'); i > 0 {
		above = n.find(folder[:i])
	}
	l := above
	if above.err == nil {
		if name, data, err := n.Read(folder); !errors.Is(err, fs.ErrNotExist) {
			l = n.read(above, folder, name, data, err)
			n.files = append(n.files, l)
		}
	}
	n.folders[folder] = l
	return l
}

// read makes what holds in a folder of what it has of its own.
func (n *nest) read(above *local, folder, name string, data []byte, err error) *local {
	fail := func(err error) *local {
		return &local{err: &NestedError{name, WithHint(err, fmt.Sprintf("nothing below %s was scanned: edit %s and try again", quotePath(folder), quotePath(name)))}}
	}
	if err != nil {
		return fail(fmt.Errorf("read the configuration %q: %w", name, err))
	}
	s := above.s
	if above.cfg == nil {
		set, ok := s.set.(*rules.Set)
		if !ok {
			panic("scanner: a matcher that is no set of rules has no nested configurations")
		}
		above = &local{s: s, cfg: &Config{Rules: set.Rules(), Allow: s.opts.Allow, MinConfidence: s.opts.MinConfidence}}
	}
	cfg, err := ParseNested(name, folder, data, above.cfg, s.opts.Now)
	if err != nil {
		return fail(err)
	}
	set := s.set
	if !slices.EqualFunc(cfg.Rules, above.cfg.Rules, func(a, b rules.Rule) bool { return a.ID == b.ID && a.Source == b.Source }) {
		if set, err = rules.Compile(cfg.Rules); err != nil {
			return fail(err)
		}
	}
	opts := s.opts
	opts.Nested = nil
	opts.Suppressed = true // whoever asks knows whether he yields it
	if !n.AllowNothing {
		opts.Allow = cfg.Allow
	}
	if !n.KeepConfidence {
		opts.MinConfidence = cfg.MinConfidence
	}
	l := &local{cfg: cfg, s: newScanner(set, opts)}
	l.s.prints = s.prints
	if of := l.s.Digest(); of != n.root.s.Digest() || l.s.text != n.root.s.text {
		l.class = fmt.Sprintf("%s%t", of[:], l.s.text)
	}
	return l
}

// ConfigAt returns the configuration that holds for the file of that path, if it is
// that of a folder; nil: what the scanner was made with holds.
func (s *Scanner) ConfigAt(path string) (*Config, error) {
	l := s.at(path)
	return l.cfg, l.err
}

// NestedConfigs returns the configurations of folders that were read so far, by
// folder, without those that are broken.
func (s *Scanner) NestedConfigs() []*Config {
	if s.nest == nil {
		return nil
	}
	s.nest.mu.RLock()
	defer s.nest.mu.RUnlock()
	var all []*Config
	for _, l := range s.nest.files {
		if l.err == nil {
			all = append(all, l.cfg)
		}
	}
	slices.SortFunc(all, func(a, b *Config) int { return strings.Compare(a.Folder, b.Folder) })
	return all
}

// NestedErr returns what is wrong with the configurations of folders that were read
// so far, joined, each a *[NestedError], for whoever scans nothing then: so say their
// hints.
func (s *Scanner) NestedErr() error {
	if s.nest == nil {
		return nil
	}
	s.nest.mu.RLock()
	defer s.nest.mu.RUnlock()
	var errs []error
	for _, l := range s.nest.files {
		if broken := (*NestedError)(nil); errors.As(l.err, &broken) {
			hint := fmt.Sprintf("nothing was scanned: edit %s and try again", quotePath(broken.Name))
			errs = append(errs, &NestedError{broken.Name, WithHint(broken.Err, hint)})
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.(*NestedError).Name, b.(*NestedError).Name) })
	return errors.Join(errs...)
}
