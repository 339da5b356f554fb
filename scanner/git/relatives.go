package git

import (
	"container/list"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/diff"
)

// relatives are contents that were scanned, by their path. A pack has no delta
// for some versions of a file, and for others a poor one, against another file
// or a version that is far away; what is new in these is less, seen from another
// version that was scanned. Which relative there is does not matter to what is
// found, only to how much is searched.
type relatives struct {
	room   int // bytes of contents, and of what is known of them, to keep
	size   int
	byPath map[string]*family
	recent list.List // of *family, that used last first
	differ diff.Differ
	copies []scanner.Copy
}

// A family are versions of one file.
type family struct {
	path    string
	members []relative // at most maxFamily, that kept last first
	recent  *list.Element
}

// A relative is a content and what is known of it.
type relative struct {
	data  []byte
	known *scanner.Known
}

func (m *relative) size() int { return cap(m.data) + m.known.Size() }

const (
	// minForeign is how many bytes must be new, by the pack's delta, for a
	// relative to be asked, and for a content to be kept as one.
	minForeign = 4 << 10
	// foreignShare: and at least this share of the content, the inverse of it.
	foreignShare = 16
	// relativeMemory is the room for all workers, in bytes.
	relativeMemory = 16 << 20
	// maxFamily is how many versions of a file are kept.
	maxFamily = 8
)

func newRelatives(room int) *relatives {
	return &relatives{room: room, byPath: make(map[string]*family)}
}

// of returns the relative for a content at a path, or nil: as a file grows, that
// whose length is nearest.
func (r *relatives) of(path string, length int) *relative {
	f := r.byPath[path]
	if f == nil {
		return nil
	}
	r.recent.MoveToFront(f.recent)
	best := &f.members[0]
	for i := range f.members {
		if m := &f.members[i]; far(m, length) < far(best, length) {
			best = m
		}
	}
	return best
}

func far(m *relative, length int) int { return max(len(m.data)-length, length-len(m.data)) }

// hasRoom reports whether a content can be kept.
func (r *relatives) hasRoom(data []byte) bool { return len(data) <= r.room/(2*maxFamily) }

// keep makes a copy of a content a relative for its path.
func (r *relatives) keep(path string, data []byte, known *scanner.Known) {
	if !r.hasRoom(data) {
		return
	}
	f := r.byPath[path]
	if f == nil {
		f = &family{path: path}
		f.recent = r.recent.PushFront(f)
		r.byPath[path] = f
	} else {
		r.recent.MoveToFront(f.recent)
	}
	var old []byte
	if len(f.members) == maxFamily {
		last := &f.members[maxFamily-1]
		old = last.data
		r.size -= last.size()
	} else {
		f.members = append(f.members, relative{})
	}
	copy(f.members[1:], f.members)
	if cap(old) > 2*len(data) {
		old = nil // a short content must not hold the memory of a long one
	}
	f.members[0] = relative{append(old[:0], data...), known}
	r.size += f.members[0].size()
	for r.size > r.room {
		gone := r.recent.Remove(r.recent.Back()).(*family)
		for i := range gone.members {
			r.size -= gone.members[i].size()
		}
		delete(r.byPath, gone.path)
	}
}

// compare takes the relative for the base of a version, if that is much better
// than what the pack says that it is made from. It reports whether the pack says
// little, and there is room: then the version is to be kept. The version's copies are
// good until the next call.
func (r *relatives) compare(ver *scanner.Version) (foreign bool) {
	copies := ver.Copies
	if ver.Base == nil {
		copies = nil
	}
	news := len(ver.Content) - copied(copies)
	if news < max(minForeign, len(ver.Content)/foreignShare) {
		return false
	}
	if foreign = r.hasRoom(ver.Content); foreign {
		ver.Last = false // others may be made from it
	}
	rel := r.of(ver.Path, len(ver.Content))
	if rel == nil {
		return foreign
	}
	r.copies = r.copies[:0]
	for _, c := range r.differ.Copies(rel.data, ver.Content) {
		r.copies = append(r.copies, scanner.Copy(c))
	}
	if len(ver.Content)-copied(r.copies) < news/2 {
		ver.Base, ver.Copies = rel.known, r.copies
	}
	return foreign
}

// copied returns how many bytes are copied.
func copied(copies []scanner.Copy) (n int) {
	for _, c := range copies {
		n += c.Len
	}
	return n
}
