// Package archive takes files out of archives: zip (and all that is one: jar,
// war, whl, egg, apk, nupkg, docx, xlsx, pptx, odt), tar, and what is
// compressed with gzip, bzip2, xz or zstd. It recognises them by their
// content, never by their name.
//
//	budget := archive.NewBudget(archive.Limits{})
//	c := archive.Content{Name: "site.tar.gz", R: f}
//	for e, err := range archive.Walk(ctx, archive.Detect(head), c, budget) {
//		if err != nil {
//			... // an *Error: something was not read
//			continue
//		}
//		_, err = io.Copy(w, e.Reader) // before the next one
//	}
//
// Walk goes one level deep. An entry may be an archive itself; whoever reads it
// knows as soon as its first bytes are there, and calls Walk again.
//
// # The types
//
// A [Kind] is a format, told by [Detect] and [EndsInZip]. A [Content] is an
// archive to read: a stream, or something that can be read at any offset,
// which zip needs ([Kind.Random]). A [Spool] makes the second out of the first.
// An [Entry] is one file in it. A [Budget] counts what was taken out of one
// outermost file, archives in archives included, against its [Limits]. An
// [Error] says what was not read, and its [Reason] why.
//
// # Paths
//
// The path of an entry is that of the archive, [Separator] and its name in the
// archive: "a.zip!/b.jar!/etc/app.properties". The name is made relative and
// clean, so that no "..", no leading slash, no NUL and no other spelling leads
// out of its archive. A compressed file has one entry, named like it without
// the ending: "dump.sql.gz!/dump.sql". Of a compressed tar the tar has no part
// in the paths: "site.tar.gz!/index.html".
//
// # Promises
//
// Time and memory are bounded by the Limits, whatever the content says of
// itself. What was not read is an Error that names it: damage, encryption, a
// limit. After an Error about one entry the next ones follow where that is
// possible. Nothing is written anywhere, names are never opened.
//
// # Known tradeoffs
//
// A zip is read by its directory, as most programs do. Entries that stand between
// those, or behind them, and are not in the directory follow the others; but not
// what stands before the first one, where that is not at the beginning. Where
// there is no directory, because it was cut off, entries are taken as they come,
// which is an Error all the same. Links in a tar have no content and are no entries. 7z, rar, lz4 and cab are recognised
// and not read; ar, cpio, disk images and what is compressed without a container
// (lzma, zlib, the streams in a PDF) are not recognised.
package archive

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"
)

// Separator stands between the path of an archive and the path in it.
const Separator = "!/"

// TextName is the name of the text of an office document's part, below the
// path of that part: "a.docx!/word/document.xml!/text".
const TextName = "text"

// A Kind is a format of archives or compressed files.
type Kind uint8

// The kinds. From SevenZip on they are recognised and cannot be read.
const (
	None Kind = iota
	Zip
	Tar
	Gzip
	Bzip2
	Xz
	Zstd
	SevenZip
	Rar
	LZ4
	Cab
)

// String returns the usual name of the format.
func (k Kind) String() string {
	switch k {
	case Zip:
		return "zip"
	case Tar:
		return "tar"
	case Gzip:
		return "gzip"
	case Bzip2:
		return "bzip2"
	case Xz:
		return "xz"
	case Zstd:
		return "zstd"
	case SevenZip:
		return "7z"
	case Rar:
		return "rar"
	case LZ4:
		return "lz4"
	case Cab:
		return "cab"
	}
	return "none"
}

// Random reports whether Walk needs Content.At.
func (k Kind) Random() bool { return k == Zip }

// Supported reports whether Walk can read the format.
func (k Kind) Supported() bool { return k > None && k < SevenZip }

// SniffLen is how many bytes of the beginning Detect looks at.
const SniffLen = 512

// Detect tells a format by the beginning of a content: its first SniffLen bytes
// or more, or all of it. It also looks at what must follow the magic number,
// and takes nothing for an archive that is too short to hold anything: a test
// with four bytes of a magic number is no archive.
func Detect(head []byte) Kind {
	has := func(magic string, atLeast int) bool {
		return len(head) >= atLeast && string(head[:len(magic)]) == magic
	}
	switch {
	case has("PK\x03\x04", 30), has("PK\x07\x08PK\x03\x04", 34), has("PK00PK\x03\x04", 34):
		return Zip
	case has("\x1f\x8b\x08", 18) && head[3]&0xe0 == 0: // reserved flags
		return Gzip
	case has("BZh", 14) && head[3] >= '1' && head[3] <= '9' && string(head[4:10]) == "1AY&SY":
		return Bzip2
	case has("\xfd7zXZ\x00", 32):
		return Xz
	case has("\x28\xb5\x2f\xfd", 9):
		return Zstd
	case len(head) >= 17 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18" && skipsToZstd(head):
		return Zstd
	case has("7z\xbc\xaf\x27\x1c", 32):
		return SevenZip
	case has("Rar!\x1a\x07", 20):
		return Rar
	case has("\x04\x22\x4d\x18", 11):
		return LZ4
	case has("MSCF\x00\x00\x00\x00", 36):
		return Cab
	case isTar(head):
		return Tar
	}
	return None
}

// skipsToZstd reports whether a frame that zstd skips is followed by another
// one, as far as head tells: lz4 has the same kind of frame.
func skipsToZstd(head []byte) bool {
	next := 8 + int64(binary.LittleEndian.Uint32(head[4:]))
	if next+4 > int64(len(head)) {
		return next < 1<<20 // what is that small is metadata of a zstd file
	}
	rest := head[next:]
	return string(rest[:4]) == "\x28\xb5\x2f\xfd" || rest[0]&0xf0 == 0x50 && string(rest[1:4]) == "\x2a\x4d\x18"
}

// tarBlock is the length of a tar's headers, and what all of it is a multiple of.
const tarBlock = 512

// isTar checks the sum in the first header, which all tars have, also those
// from before there was a magic number.
func isTar(head []byte) bool {
	const sumAt, sumLen = 148, 8
	if len(head) < tarBlock || head[0] == 0 {
		return false
	}
	digits := bytes.Trim(head[sumAt:sumAt+sumLen], " \x00")
	if len(digits) < 3 {
		return false
	}
	want := 0
	for _, c := range digits {
		if c < '0' || c > '7' {
			return false
		}
		want = want<<3 | int(c-'0')
	}
	// Some old programs added the bytes up as signed ones.
	const blanks = sumLen * int(' ') // the sum itself counts as blanks
	unsigned, signed := blanks, blanks
	for i, c := range head[:tarBlock] {
		if i < sumAt || i >= sumAt+sumLen {
			unsigned += int(c)
			signed += int(int8(c))
		}
	}
	return want == unsigned || want == signed
}

// TailLen is how many bytes of the end EndsInZip looks at: the end of a zip's
// directory with a short comment, or something else short behind it. More is
// rare where something else stands before the zip.
const TailLen = 1024

// EndsInZip reports whether a content whose last bytes are tail ends like a
// zip. It is how a zip behind other bytes is recognised: a program that
// unpacks itself, a script with its modules.
func EndsInZip(tail []byte) bool {
	tail = tail[max(0, len(tail)-TailLen):]
	for {
		i := bytes.Index(tail, []byte("PK\x05\x06"))
		if i < 0 || len(tail)-i < 22 {
			return false
		}
		if isZipEnd(tail[i:]) {
			return true
		}
		tail = tail[i+4:]
	}
}

// isZipEnd reports whether end, of 22 bytes or more, is the end of a directory
// and what may follow it. The magic number alone also stands in programs that
// deal with zips.
func isZipEnd(end []byte) bool {
	u16 := func(at int) uint16 { return binary.LittleEndian.Uint16(end[at:]) }
	records, comment := u16(10), 22+int(u16(20))
	if records == 0 || comment >= len(end) {
		return records > 0 && comment == len(end)
	}
	const minRecord = 46
	oneDisk := u16(4) == 0 && u16(6) == 0 && u16(8) == records
	return oneDisk && binary.LittleEndian.Uint32(end[12:]) >= minRecord*uint32(records)
}

// A Content is an archive, or a compressed file.
type Content struct {
	Path string // below that of the outermost file, beginning with Separator; "" for that file
	Name string // the last element of its path

	// R yields the content from its beginning. For kinds that are Random, At
	// and Size, its length in bytes, are needed instead.
	R    io.Reader
	At   io.ReaderAt
	Size int64
}

// An Entry is one file in an archive.
type Entry struct {
	Path string // that of the archive, Separator, the name

	// Reader yields the content. It is valid until the next entry is asked
	// for and need not be read to its end. Its errors are *Errors.
	io.Reader

	// At is the content too, Size bytes of it, where it can be had without
	// keeping it in memory; else nil. Only Reader checks it.
	At   io.ReaderAt
	Size int64 // in bytes, as the archive says; -1 if it does not

	Sole bool // all that is in a compressed file
	Text bool // the text of the entry before it, an office document's part
}

// A Reason says why something was not read.
type Reason string

// The reasons.
const (
	Damaged     Reason = "damaged-archive"          // begins as an archive and cannot be read as one, or to its end
	Encrypted   Reason = "encrypted-entry"          // a password is needed
	Unsupported Reason = "unsupported-archive"      // a format or method that cannot be read
	TooDeep     Reason = "archive-too-deep"         // Limits.Depth
	TooMany     Reason = "archive-too-many-entries" // Limits.Entries
	TooLarge    Reason = "archive-too-large"        // Limits.Expanded, Limits.Entry, Limits.Memory
	Ratio       Reason = "archive-ratio"            // Limits.Ratio
)

// An Error says that something was not read, or not to its end.
type Error struct {
	Path   string // as Content.Path: of an entry, or of an archive as a whole
	Reason Reason
	Err    error // what happened
}

func (e *Error) Error() string { return string(e.Reason) + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Walk yields the entries of an archive in its order. Errors are *Errors, or
// wrap ctx.Err. Iteration goes on after an error if there is more to come. The
// iterator is single-use.
func Walk(ctx context.Context, kind Kind, c Content, b *Budget) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		w := &walk{ctx: ctx, c: c, budget: b}
		w.yield = func(e Entry, err error) bool {
			w.stopped = w.stopped || !yield(e, err)
			return !w.stopped
		}
		if err := b.Err(); err != nil {
			yield(Entry{}, err)
			return
		}
		switch kind {
		case Zip:
			w.zip()
		case Tar:
			w.tar()
		case Gzip, Bzip2, Xz, Zstd:
			w.compressed(kind)
		default:
			w.fail(c.Path, Unsupported, fmt.Errorf("%s files cannot be opened; what is in it was not searched", kind))
		}
	}
}

// A walk is one call of Walk.
type walk struct {
	ctx    context.Context
	c      Content
	budget *Budget
	yield  func(Entry, error) bool

	stopped bool // yield returned false
}

// fail yields an error and returns what yield does.
func (w *walk) fail(path string, reason Reason, err error) bool {
	return w.yield(Entry{}, &Error{path, reason, err})
}

// next counts an entry. It returns false when the walk is over.
func (w *walk) next() bool {
	err := w.ctx.Err()
	if err == nil {
		err = w.budget.entry(w.c.Path)
	}
	if err != nil {
		w.yield(Entry{}, err)
		return false
	}
	return true
}

// join returns the path of an entry of that name.
func join(archive, name string) string { return archive + Separator + clean(name) }

// maxName is how long a name gets, in bytes: that of the longest path on most
// systems. A tar may hold names of megabytes.
const maxName = 4096

// clean makes a name relative and clean.
func clean(name string) string {
	name = strings.ReplaceAll(name, "\x00", "\uFFFD")
	if len(name) > maxName {
		name = name[:maxName/2] + "..." + name[len(name)-maxName/2:]
	}
	if name = path.Clean("/" + name)[1:]; name == "" {
		return "unnamed"
	}
	return name
}

// within returns the name of what is in a compressed file of that name.
func within(name string) string {
	lower := strings.ToLower(name)
	for _, end := range [...][2]string{
		{".tgz", ".tar"}, {".tbz2", ".tar"}, {".tbz", ".tar"}, {".txz", ".tar"}, {".tzst", ".tar"}, {".svgz", ".svg"},
		{".gz", ""}, {".bz2", ""}, {".xz", ""}, {".zst", ""},
	} {
		if n := len(name) - len(end[0]); n > 0 && strings.HasSuffix(lower, end[0]) {
			return name[:n] + end[1]
		}
	}
	return name
}
