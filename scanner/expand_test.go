package scanner

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner/archive"
	"github.com/cork-scanner/cork/scanner/decode"
)

// packed are files to pack: names and contents in turn.
type packed []string

func zipped(tb testing.TB, files packed) string {
	tb.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for i := 0; i < len(files); i += 2 {
		e, err := w.Create(files[i])
		if err == nil {
			_, err = io.WriteString(e, files[i+1])
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.String()
}

func tarred(tb testing.TB, files packed) string {
	tb.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for i := 0; i < len(files); i += 2 {
		err := w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))})
		if err == nil {
			_, err = io.WriteString(w, files[i+1])
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.String()
}

func gzipped(tb testing.TB, content string) string {
	tb.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := io.WriteString(w, content); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.String()
}

// wideGzip compresses, behind a header that looks like text in UTF-16.
func wideGzip(tb testing.TB, content string) string {
	tb.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Extra = []byte(utf16le(strings.Repeat("a text in an extra field", 20)))
	if _, err := io.WriteString(w, content); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	if enc, _ := decode.Detect(buf.Bytes()); !enc.Wide() {
		tb.Fatalf("the encoding is %v, want a wide one", enc)
	}
	return buf.String()
}

// found renders findings as "path:line:column rule", one to a line.
func found(fs []Finding) string {
	var b strings.Builder
	for _, f := range fs {
		fmt.Fprintf(&b, "%s:%d:%d %s\n", f.Location.Path, f.Location.Line, f.Location.Column, f.RuleID)
	}
	return b.String()
}

func TestScanArchives(t *testing.T) {
	inner := zipped(t, packed{"conf/app.yml", "a: 1\nb: TOK-bbbb\n"})
	docx := zipped(t, packed{"[Content_Types].xml", "<x/>", "word/document.xml", "<w:p><w:t>one</w:t></w:p><w:p><w:t>key TOK-</w:t><w:t>cccc</w:t></w:p>"})
	for _, tt := range []struct {
		name, path, content string
		want                string
		entries             int
	}{
		{"zip", "a.zip", inner, "a.zip!/conf/app.yml:2:4 tok\n", 1},
		{"name is no matter", "a.png", inner, "a.png!/conf/app.yml:2:4 tok\n", 1},
		{"tar once", "a.tar", tarred(t, packed{"x", "TOK-aaaa", "y", "TOK-bbbb"}), "a.tar!/x:1:1 tok\na.tar!/y:1:1 tok\n", 2},
		{"tar.gz", "d/a.tar.gz", gzipped(t, tarred(t, packed{"x", "TOK-aaaa"})), "d/a.tar.gz!/x:1:1 tok\n", 2},
		{"zip in tar.gz", "a.tgz", gzipped(t, tarred(t, packed{"in.zip", inner, "x", "TOK-aaaa"})), "a.tgz!/in.zip!/conf/app.yml:2:4 tok\na.tgz!/x:1:1 tok\n", 4},
		{"one in the archive and one behind it", "a.tar", tarred(t, packed{"x", "TOK-aaaa"}) + "TOK-bbbb", "a.tar:1:2049 tok\na.tar!/x:1:1 tok\n", 1},
		{"zip behind text", "run", "#!/bin/sh TOK-aaaa\n" + inner, "run:1:11 tok\nrun!/conf/app.yml:2:4 tok\n", 1},
		{"zip behind other bytes", "a.gif", "GIF89a" + inner, "a.gif!/conf/app.yml:2:4 tok\n", 1},
		{"names", "a.zip", zipped(t, packed{"etc/key.pem", "x", "../../up.pem", "y"}), "a.zip!/etc/key.pem:1:1 pem-file\na.zip!/up.pem:1:1 pem-file\n", 2},
		{"name of what is compressed", "key.pem.gz", gzipped(t, "x"), "key.pem.gz!/key.pem:1:1 pem-file\n", 1},
		{"text in runs", "a.docx", docx, "a.docx!/word/document.xml!/text:2:5 tok\n", 2},
		{"text as it is in the XML", "a.docx", zipped(t, packed{"[Content_Types].xml", "", "word/a.xml", "<w:p>TOK-cccc</w:p><w:p TOK-dddd=''/>"}), "a.docx!/word/a.xml:1:25 tok\na.docx!/word/a.xml!/text:1:1 tok\n", 2},
		{"directive in an entry", "a.zip", zipped(t, packed{"x", "TOK-aaaa # cork:allow\nTOK-bbbb\n"}), "a.zip!/x:2:1 tok\n", 1},
		{"directive in an entry of a tar", "a.tar", tarred(t, packed{"x", "TOK-aaaa # cork:allow\n"}), "", 1},
		{"bytes like UTF-16", "a.gz", wideGzip(t, "TOK-aaaa"), "a.gz!/a:1:1 tok\n", 1},
		{"UTF-16 in an entry", "a.zip", zipped(t, packed{"x", "\xFF\xFE" + utf16le("é TOK-aaaa")}), "a.zip!/x:1:3 tok\n", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, window := range []int{0, 7} {
				for _, known := range []bool{true, false} {
					b := blob(tt.path, tt.content)
					if known { // as a file, that can be read at random
						b.Open = func(context.Context) (io.ReadCloser, error) {
							return struct {
								*strings.Reader
								io.Closer
							}{strings.NewReader(tt.content), io.NopCloser(nil)}, nil
						}
					} else {
						b.Size = -1
					}
					fs, errs, sum := scanAll(t, New(testSet(t), Options{Workers: 1, Window: window}), source(b))
					if got := found(fs); got != tt.want || len(errs) > 0 {
						t.Errorf("Scan(%s) in windows of %d, at random %v = %s %v, want %s", tt.path, window, known, got, errs, tt.want)
					}
					if sum.Blobs != 1 || sum.Bytes != int64(len(tt.content)) || sum.Entries != tt.entries || !sum.Complete() {
						t.Errorf("Summary = %+v, want 1 blob, %d bytes, %d entries", sum, len(tt.content), tt.entries)
					}
				}
			}
		})
	}
}

// TestScanArchiveOffsets: offsets are those in the entry, so they point at the
// secret there.
func TestScanArchiveOffsets(t *testing.T) {
	fs, _, _ := scanAll(t, New(testSet(t), Options{}), source(blob("a.zip", zipped(t, packed{"x", "é\n TOK-aaaa"}))))
	if got, want := brief(fs), "tok@2:2-2:9[4:12]=TOK-aaaa\n"; got != want {
		t.Errorf("Scan = %s, want %s", got, want)
	}
	if fs[0].Line != " ********" && !strings.Contains(fs[0].Line, "********") {
		t.Errorf("the line is %q, want it masked", fs[0].Line)
	}
}

// TestScanArchiveOnce: of standard input, which cannot be opened again, a zip
// is opened, a script before a zip too, and what cannot be is said.
func TestScanArchiveOnce(t *testing.T) {
	inner := zipped(t, packed{"x", "TOK-aaaa"})
	for _, tt := range []struct{ content, want, errs string }{
		{inner, "f!/x:1:1 tok\n", ""},
		{"#!/bin/sh\n" + inner, "f!/x:1:1 tok\n", ""},
		{"GIF89a" + inner, "", "f: unsupported-archive: a zip follows other content, and cannot be opened where it is; what is in it was not searched"},
		{tarred(t, packed{"a.gif", "GIF89a" + inner}), "", "f!/a.gif: unsupported-archive: a zip follows other content, and cannot be opened where it is; what is in it was not searched"},
	} {
		b := blob("f", tt.content)
		b.Size, b.Once = -1, true
		fs, errs, _ := scanAll(t, New(testSet(t), Options{}), source(b))
		if got := found(fs); got != tt.want || strings.Join(errs, "\n") != tt.errs {
			t.Errorf("Scan(%.10q...) = %s %v, want %s %s", tt.content, got, errs, tt.want, tt.errs)
		}
	}
}

func TestScanArchiveSkips(t *testing.T) {
	deep := zipped(t, packed{"x", "TOK-aaaa"})
	for range 4 {
		deep = zipped(t, packed{"n.zip", deep})
	}
	good := zipped(t, packed{"a/x", "TOK-aaaa", "a/y", strings.Repeat("some text\n", 100)})
	encrypted := strings.ReplaceAll(good, "PK\x01\x02\x14\x00\x14\x00\x08", "PK\x01\x02\x14\x00\x14\x00\x09")
	limits := archive.Limits{Entries: 5, Free: 1 << 20}
	allow := func(paths ...string) *Allowlist {
		a, err := NewAllowlist([]AllowEntry{{Reason: "r", Paths: paths}}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, tt := range []struct {
		name, path, content string
		allow               *Allowlist
		want                string // paths of findings
		skipped             map[SkipReason]int
		named               []string // how errors begin
	}{
		{"depth", "a.zip", deep, nil, "", map[SkipReason]int{SkipArchiveTooDeep: 1}, []string{"a.zip!/n.zip!/n.zip!/n.zip!/n.zip: archive-too-deep: "}},
		{"encrypted", "a.zip", encrypted, nil, "", map[SkipReason]int{SkipEncryptedEntry: 2}, []string{"a.zip!/a/x: encrypted-entry: ", "a.zip!/a/y: encrypted-entry: "}},
		{"encrypted in part, allowed in part", "a.zip", encrypted, allow("a.zip!/a/x"), "", map[SkipReason]int{SkipEncryptedEntry: 1}, []string{"a.zip!/a/y: encrypted-entry: "}},
		{"allowed", "a.zip", encrypted, allow("*.zip"), "", nil, nil},
		{"an entry is allowed", "a.zip", good, allow("a.zip!/a/x"), "", nil, nil},
		{"a folder in it is allowed", "a.tar", tarred(t, packed{"a/x", "TOK-aaaa", "b", "TOK-bbbb"}), allow("a.tar!/a/**"), "a.tar!/b", nil, nil},
		{"cut off", "a.zip", good[:len(good)-9], nil, "a.zip!/a/x", map[SkipReason]int{SkipDamagedArchive: 1}, []string{"a.zip: damaged-archive: "}},
		{"cut off behind an entry", "a.tar", tarred(t, packed{"a", "TOK-aaaa", "b", strings.Repeat("b", 2000)})[:2000], nil, "a.tar!/a", map[SkipReason]int{SkipDamagedArchive: 1}, []string{"a.tar!/b: damaged-archive: "}},
		{"cut off, twice packed", "a.tgz", gzipped(t, tarred(t, packed{"a", "TOK-aaaa"}))[:85], nil, "a.tgz!/a", map[SkipReason]int{SkipDamagedArchive: 1}, []string{"a.tgz: damaged-archive: "}},
		{"entries", "a.tar", tarred(t, packed{"1", "", "2", "", "3", "", "4", "", "5", "TOK-aaaa", "6", "TOK-bbbb"}), nil, "a.tar a.tar!/5", map[SkipReason]int{SkipArchiveTooMany: 1}, []string{"a.tar: archive-too-many-entries: "}},
		{"bomb", "a.gz", gzipped(t, strings.Repeat("\x00", 4<<20)), nil, "", map[SkipReason]int{SkipArchiveRatio: 1}, []string{"a.gz: archive-ratio: "}},
		{"bomb in a zip", "a.zip", zipped(t, packed{"z", strings.Repeat("\x00", 4<<20), "x", "TOK-aaaa"}), nil, "", map[SkipReason]int{SkipArchiveRatio: 1}, []string{"a.zip!/z: archive-ratio: "}},
		{"rar", "a.rar", "Rar!\x1a\x07\x01\x00" + strings.Repeat("TOK-aaaa ", 3), nil, "a.rar a.rar a.rar", map[SkipReason]int{SkipUnsupportedArchive: 1}, []string{"a.rar: unsupported-archive: rar "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := New(testSet(t), Options{Limits: limits, Allow: tt.allow})
			fs, errs, sum := scanAll(t, s, source(blob(tt.path, tt.content)))
			var paths []string
			for _, f := range fs {
				paths = append(paths, f.Location.Path)
			}
			if got := strings.Join(paths, " "); got != tt.want {
				t.Errorf("Scan found something in %q, want %q", got, tt.want)
			}
			if fmt.Sprint(sum.Skipped) != fmt.Sprint(tt.skipped) || sum.Complete() != (len(tt.skipped) == 0) {
				t.Errorf("Skipped = %v, complete %v, want %v", sum.Skipped, sum.Complete(), tt.skipped)
			}
			if !slices.EqualFunc(errs, tt.named, strings.HasPrefix) {
				t.Errorf("errors = %q, want them to begin with %q", errs, tt.named)
			}
			for _, err := range sum.Errors {
				if HintOf(err) == "" {
					t.Errorf("%v has no hint", err)
				}
			}
		})
	}
}

// TestScanArchiveManySkips: an archive with many parts that cannot be searched
// is a few lines.
func TestScanArchiveManySkips(t *testing.T) {
	var files packed
	for i := range 1000 {
		files = append(files, fmt.Sprint(i), "x")
	}
	content := strings.ReplaceAll(zipped(t, files), "PK\x01\x02\x14\x00\x14\x00\x08", "PK\x01\x02\x14\x00\x14\x00\x09")
	_, errs, sum := scanAll(t, New(testSet(t), Options{}), source(blob("a.zip", content)))
	if n := sum.Skipped[SkipEncryptedEntry]; n != 1000 || len(errs) != maxNamed+1 || errs[maxNamed] != "a.zip: 980 more parts of it were not searched" {
		t.Errorf("%d skipped, errors %q", n, errs)
	}
}

func TestScanNoArchives(t *testing.T) {
	content := tarred(t, packed{"x", "TOK-aaaa"})
	fs, errs, sum := scanAll(t, New(testSet(t), Options{NoArchives: true}), source(blob("a.tar", content), blob("x", "text")))
	if got, want := found(fs), "a.tar:1:513 tok\n"; got != want || len(errs) > 0 {
		t.Errorf("Scan = %s %v, want %s", got, errs, want)
	}
	if sum.Skipped[SkipArchive] != 1 || sum.Entries != 0 || sum.Blobs != 2 || !sum.Complete() {
		t.Errorf("Summary = %+v, want one archive that was not opened, and a complete scan", sum)
	}
}

// TestScanArchiveBefore: only what no version before had is new, wherever in
// it that was and however it was packed.
func TestScanArchiveBefore(t *testing.T) {
	old := zipped(t, packed{"x", "TOK-aaaa\n", "k.pem", ""})
	now := packed{"x", "TOK-aaaa\nTOK-bbbb\n", "k.pem", "", "l.pem", ""}
	for _, tt := range []struct {
		name    string
		content string
		before  []string
		old     bool
		want    string
	}{
		{"no version before", zipped(t, now), nil, false, "x:1:1 tok x:2:1 tok k.pem:1:1 pem-file l.pem:1:1 pem-file"},
		{"an older zip", zipped(t, now), []string{old}, true, "x:2:1 tok l.pem:1:1 pem-file"},
		{"the same, packed in another way", gzipped(t, tarred(t, now)), []string{old}, true, "x:2:1 tok l.pem:1:1 pem-file"},
		{"nothing new", old, []string{gzipped(t, tarred(t, packed{"k.pem", "", "other", "TOK-aaaa\n"}))}, true, ""},
		{"in a zip in it", zipped(t, packed{"x", "TOK-aaaa"}), []string{zipped(t, packed{"n.zip", old})}, true, ""},
		{"a text before", zipped(t, packed{"x", "TOK-aaaa"}), []string{"first\nTOK-aaaa\n"}, true, ""},
		{"a damaged zip before", zipped(t, packed{"x", "TOK-aaaa"}), []string{old[:len(old)-10]}, true, ""},
		{"a damaged tar before", zipped(t, packed{"x", "TOK-aaaa"}), []string{tarred(t, packed{"y", "TOK-aaaa\n" + strings.Repeat("z", 600)})[:1200]}, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := blob("a", tt.content)
			b.Before, b.Old = before(tt.before...), tt.old
			fs, errs, sum := scanAll(t, New(testSet(t), Options{}), source(b))
			got := strings.ReplaceAll(strings.Join(strings.Split(strings.TrimSpace(found(fs)), "\n"), " "), "a!/", "")
			if got != tt.want || len(errs) > 0 || !sum.Complete() {
				t.Errorf("Scan = %s %v, want %s", got, errs, tt.want)
			}
		})
	}
}

// TestScanArchiveFails: a failure to read the blob is said once, as that.
func TestScanArchiveFails(t *testing.T) {
	content := gzipped(t, tarred(t, packed{"x", "TOK-aaaa", "y", strings.Repeat("y", 5000)}))
	b := blob("a.tgz", content)
	broken := errors.New("the disk is gone")
	b.Open = func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(content[:80]), &failing{broken})), nil
	}
	_, errs, sum := scanAll(t, New(testSet(t), Options{}), source(b))
	if len(errs) != 1 || !strings.Contains(errs[0], "the disk is gone") || len(sum.Skipped) > 0 || sum.Complete() {
		t.Errorf("errors %q, skipped %v, want one error about the disk", errs, sum.Skipped)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// TestScanArchiveInterrupt: a scan of something that takes long ends soon.
func TestScanArchiveInterrupt(t *testing.T) {
	content := gzipped(t, strings.Repeat("\x00", 64<<20))
	ctx, cancel := context.WithCancel(context.Background())
	b := blob("a.gz", content)
	b.Open = func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(content[:20_000]), &canceller{cancel}, strings.NewReader(content[20_000:]))), nil
	}
	var sum Summary
	var last error
	for _, err := range New(testSet(t), Options{Workers: 1}).Scan(ctx, source(b), &sum) {
		last = err
	}
	if !errors.Is(last, context.Canceled) || sum.Entries > 0 {
		t.Errorf("the last error is %v after %d entries, want context.Canceled", last, sum.Entries)
	}
}

type canceller struct{ cancel func() }

func (c *canceller) Read([]byte) (int, error) { c.cancel(); return 0, io.EOF }

// TestScanArchiveTooMany: what is kept of an archive is bounded, and it is said.
func TestScanArchiveTooMany(t *testing.T) {
	if testing.Short() {
		t.Skip("makes ten thousand slow fingerprints")
	}
	var files packed
	for i := range 12 {
		var text strings.Builder
		for j := range 1000 {
			fmt.Fprintf(&text, "TOK-a%02db%04d\n", i, j)
		}
		files = append(files, fmt.Sprint(i), text.String())
	}
	fs, errs, _ := scanAll(t, New(testSet(t), Options{}), source(blob("a.zip", zipped(t, files))))
	if len(fs) < maxMatches || len(errs) != 1 || !strings.Contains(errs[0], ErrTooMany.Error()) {
		t.Errorf("%d findings, errors %q, want at least %d and ErrTooMany", len(fs), errs, maxMatches)
	}
}

// TestScanArchiveMemory: a large archive in a stream is not held.
func TestScanArchiveMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 256 MiB")
	}
	// Not compressed: a tar of 256 files of 1 MiB, made as it is read.
	pr, pw := io.Pipe()
	go func() {
		w := tar.NewWriter(pw)
		content := bytes.Repeat([]byte("0123456789abcde\n"), 1<<16)
		for i := range 256 {
			w.WriteHeader(&tar.Header{Name: fmt.Sprint(i), Mode: 0o644, Size: int64(len(content))})
			w.Write(content)
		}
		w.Close()
		pw.Close()
	}()
	b := Blob{Path: "a.tar", Size: -1, Open: func(context.Context) (io.ReadCloser, error) { return pr, nil }}
	var peak uint64
	s := New(testSet(t), Options{Workers: 1})
	s.set = peakSet{s.set, &peak}
	_, errs, sum := scanAll(t, s, source(b))
	if sum.Entries != 256 || len(errs) > 0 {
		t.Errorf("%d entries, errors %v, want 256", sum.Entries, errs)
	}
	if limit := uint64(64 << 20); peak > limit {
		t.Errorf("%d MiB in use at the peak, want at most %d", peak>>20, limit>>20)
	}
}

// A peakSet notes how much memory is in use while it matches.
type peakSet struct {
	matcher
	peak *uint64
}

func (s peakSet) PathMatches(path string) []rules.Match {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	*s.peak = max(*s.peak, m.HeapAlloc)
	return s.matcher.PathMatches(path)
}

// TestScanArchiveFiles: a zip on disk is read at random, at its own size.
func TestScanArchiveFiles(t *testing.T) {
	dir := t.TempDir()
	content := strings.Repeat("some text to be stored\n", 50_000) + "TOK-aaaa\n"
	if err := os.WriteFile(filepath.Join(dir, "a.zip"), []byte(zipped(t, packed{"x", content})), 0o644); err != nil {
		t.Fatal(err)
	}
	// With no memory to hold it.
	s := New(testSet(t), Options{Limits: archive.Limits{Memory: 1}})
	fs, errs, sum := scanAll(t, s, NewFiles(FilesOptions{Paths: []string{"."}, Dir: dir}))
	if got, want := found(fs), "a.zip!/x:50001:1 tok\n"; got != want || len(errs) > 0 || sum.Entries != 1 {
		t.Errorf("Scan = %s %v, want %s", got, errs, want)
	}
}

// FuzzScanArchive: an entry yields what the same content yields by itself,
// however it is packed and however the archive can be read.
func FuzzScanArchive(f *testing.F) {
	for i, seed := range []string{
		"TOK-aaaa", "pass=abc # cork:allow\nTOK-aaaa", "x\r\nBEGIN BLOCK\r\nab\r\nEND BLOCK", "\xFF\xFE" + utf16le("TOK-aaaa é\npass=abc"), utf16le("pass=abcdef and more text"), "UNS-aaaaaa",
	} {
		f.Add([]byte(seed), uint8(i), []byte(seed))
		f.Add([]byte(seed), uint8(i+6), []byte(utf16le(seed+seed+seed)))
	}
	set := testSet(f)
	f.Fuzz(func(t *testing.T, content []byte, how uint8, extra []byte) {
		if archive.Detect(content) != archive.None || archive.EndsInZip(content) {
			return
		}
		s := New(set, Options{Workers: 1})
		plain, _, _ := scanAll(t, s, source(blob("a!/x", string(content))))
		outer := "a"
		var whole string
		switch how % 6 {
		case 0:
			whole = zipped(t, packed{"x", string(content), "y", string(extra)})
		case 1:
			whole = tarred(t, packed{"y", string(extra), "x", string(content)})
		case 2:
			whole = gzipped(t, tarred(t, packed{"x", string(content)}))
		case 3:
			whole = zipped(t, packed{"x", string(content), "n", zipped(t, packed{"y", string(extra)})})
		case 4:
			whole = string(extra) + zipped(t, packed{"x", string(content)})
			if archive.Detect([]byte(whole)) != archive.Zip && archive.Detect([]byte(whole)) != archive.None {
				return
			}
		case 5:
			var buf bytes.Buffer
			w := gzip.NewWriter(&buf)
			w.Extra = extra[:min(len(extra), 60_000)]
			w.Write(content)
			w.Close()
			whole, outer = buf.String(), "x"
			plain, _, _ = scanAll(t, s, source(blob("x!/x", string(content))))
		}
		b := blob(outer, whole)
		if how&64 != 0 {
			b.Open = func(context.Context) (io.ReadCloser, error) {
				return struct {
					*strings.Reader
					io.Closer
				}{strings.NewReader(whole), io.NopCloser(nil)}, nil
			}
		}
		all, errs, _ := scanAll(t, s, source(b))
		inside := slices.DeleteFunc(all, func(f Finding) bool { return f.Location.Path != outer+"!/x" })
		if !same(inside, plain) {
			t.Errorf("Scan(%q, packed in way %d with %q) = %s %q, want %s", content, how, extra, brief(inside), errs, brief(plain))
		}
	})
}
