package scanner

import (
	"bytes"
	"context"
	"io"
	"iter"
	"time"

	"github.com/cork-scanner/cork/scanner/archive"
)

// A Source produces the blobs of one scan in a stable order. It is single-use.
type Source interface {
	// Blobs yields every blob once. A non-nil error describes one blob, or
	// one part of the repository, that could not be produced (see
	// [BlobError]); iteration goes on after it unless the source is at its
	// end. Blobs releases its resources when yield returns false. It is never
	// called concurrently; Blob.Open and Blob.Before are.
	Blobs(ctx context.Context) iter.Seq2[Blob, error]
}

// Only returns the Source of one blob.
func Only(b Blob) Source { return only(b) }

type only Blob

func (b only) Blobs(context.Context) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) { yield(Blob(b), nil) }
}

// InMemory returns what Blob.Open may return of a content that is in memory. It is
// an io.ReaderAt, too.
func InMemory(data []byte) io.ReadCloser { return inMemory{bytes.NewReader(data)} }

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// A CommitCounter is a Source that walks commits. Commits is called after the
// iteration has ended.
type CommitCounter interface {
	Commits() int
}

// EntrySeparator stands in Location.Path between the path of an archive and the
// path in it.
const EntrySeparator = archive.Separator

// A Blob is one content to scan.
type Blob struct {
	// Path is slash-separated: relative to the repository's root in scans of
	// a repository, as given (joined below what was given) in scans of files.
	// It may hold any byte but NUL.
	Path string

	// RepoPath is Path relative to the repository's root where the two
	// differ, or "" where Path is that already, or there is no repository.
	// Allowlists and fingerprints go by it.
	RepoPath string

	ID     string  // object id in lower-case hex; "" for files
	Size   int64   // bytes; -1 if unknown before it is read
	Commit *Commit // nil unless the blob was found by walking commits

	// Skip, if not empty, says why the content is not read: it is counted
	// and Open is nil.
	Skip SkipReason

	// Open returns the content. It fails with an error that says why the
	// content cannot be had. The caller closes what it gets. If that is an
	// io.ReaderAt too, a zip is read without keeping it in memory.
	Open func(ctx context.Context) (io.ReadCloser, error)

	// Once says that Open yields the content one time only.
	Once bool

	// Before yields the versions of this content that were there before the
	// change under scan: a line that stands in any of them is not new, and
	// only matches that touch a new line are reported. It is called only if
	// there are matches. nil: every line is new.
	//
	// Comparing lines by content instead of by position is on purpose: it
	// needs no diff (nothing that attributes, renames or heuristics could
	// bend), memory for the matches only, and a moved line is not news.
	Before func(ctx context.Context) iter.Seq2[io.ReadCloser, error]

	// Old says that a file of this path existed before the change, so path
	// rules, which judge names only, have nothing new to say about it.
	Old bool
}

// repoPath returns the path that allowlists and fingerprints go by.
func (b *Blob) repoPath() string {
	if b.RepoPath != "" {
		return b.RepoPath
	}
	return b.Path
}

// A Commit is the commit that a blob was found in.
type Commit struct {
	ID      string // lower-case hex
	Author  string // name
	Email   string
	Date    time.Time
	Subject string
}

// A SkipReason says why a blob, or a part of it, was not read. It is shown to people and is a
// key in JSON.
type SkipReason string

// The reasons. Only those that Incomplete lists make a scan incomplete: the
// others have no content that the scan was asked to read.
const (
	SkipSubmodule   SkipReason = "submodule"     // a gitlink: its content is another repository's
	SkipIntentToAdd SkipReason = "intent-to-add" // git add -N: nothing is recorded yet
	SkipSymlink     SkipReason = "symlink"       // in files: not followed
	SkipSpecial     SkipReason = "special-file"  // socket, device, pipe
	SkipLFS         SkipReason = "lfs-object"    // a Git LFS pointer whose object is not here

	SkipNotCheckedOut SkipReason = "not-checked-out" // in files: tracked, and left out of a sparse checkout

	// Of archives, whose bytes are searched all the same: what is in them, or
	// a part of it, is not.
	SkipArchive            SkipReason = "archive" // they are not opened, because Options say so
	SkipDamagedArchive                = SkipReason(archive.Damaged)
	SkipEncryptedEntry                = SkipReason(archive.Encrypted)
	SkipUnsupportedArchive            = SkipReason(archive.Unsupported)
	SkipArchiveTooDeep                = SkipReason(archive.TooDeep)
	SkipArchiveTooMany                = SkipReason(archive.TooMany)
	SkipArchiveTooLarge               = SkipReason(archive.TooLarge)
	SkipArchiveRatio                  = SkipReason(archive.Ratio)
)

// Incomplete reports whether something that was skipped for this reason leaves
// the scan incomplete.
func (r SkipReason) Incomplete() bool {
	switch r {
	case SkipLFS, SkipDamagedArchive, SkipEncryptedEntry, SkipUnsupportedArchive,
		SkipArchiveTooDeep, SkipArchiveTooMany, SkipArchiveTooLarge, SkipArchiveRatio:
		return true
	}
	return false
}

// named reports whether the name of what is skipped is recorded in git all the
// same, and a secret in it.
func (r SkipReason) named() bool {
	return r == SkipSubmodule || r == SkipSymlink || r == SkipLFS
}

// A SkipError is what Blob.Open fails with if only the content itself tells
// that there is nothing to read, as with a Git LFS pointer. It is counted as a
// skip, not as an error.
type SkipError struct {
	Reason SkipReason
}

func (e *SkipError) Error() string { return "skipped: " + string(e.Reason) }

// A BlobError is an error about one blob. Path may be empty if the error is
// about a part of the repository that has no path.
type BlobError struct {
	Path string
	ID   string
	Err  error // wraps a HintError where there is something to type
}

func (e *BlobError) Error() string {
	switch {
	case e.Path != "":
		return quotePath(e.Path) + ": " + e.Err.Error()
	case e.ID != "":
		return "object " + e.ID + ": " + e.Err.Error()
	}
	return e.Err.Error()
}

func (e *BlobError) Unwrap() error { return e.Err }
