package scanner

// BaselineName is the name of the baseline at the root of a repository.
const BaselineName = ".cork-baseline"

// A Baseline is what was found before, and is not reported again. It is safe for
// concurrent use. A nil Baseline is empty.
type Baseline struct {
	name    string
	entries map[string]BaselineEntry // by fingerprint
}

// A BaselineEntry is a finding in a baseline.
type BaselineEntry struct {
	Fingerprint string
	Path        string // where it was found, relative to the repository's root
	Reason      string // "" if none was given
	Line        int    // 1-based, in the baseline
}

// NewBaseline returns a baseline of entries that were read from the file of that
// name.
func NewBaseline(name string, entries []BaselineEntry) *Baseline {
	b := &Baseline{name: name, entries: make(map[string]BaselineEntry, len(entries))}
	for _, e := range entries {
		if _, ok := b.entries[e.Fingerprint]; !ok {
			b.entries[e.Fingerprint] = e
		}
	}
	return b
}

// Lookup returns the entry of a finding in the file of that path, which is
// relative to the repository's root.
func (b *Baseline) Lookup(path string, f *Finding) (entry BaselineEntry, ok bool) {
	if b == nil {
		return BaselineEntry{}, false
	}
	entry, ok = b.entries[f.Fingerprint]
	return entry, ok
}
