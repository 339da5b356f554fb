package archive_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/cork-scanner/cork/scanner/archive"
)

// A file is an entry to be.
type file struct{ name, content string }

var twoFiles = []file{{"a.txt", "first\n"}, {"dir/b.txt", strings.Repeat("second line\n", 500)}}

func zipOf(tb testing.TB, files ...file) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, f := range files {
		e, err := w.Create(f.name)
		check(tb, err)
		_, err = io.WriteString(e, f.content)
		check(tb, err)
	}
	check(tb, w.Close())
	return buf.Bytes()
}

func storedZip(tb testing.TB, files ...file) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, f := range files {
		e, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store})
		check(tb, err)
		_, err = io.WriteString(e, f.content)
		check(tb, err)
	}
	check(tb, w.Close())
	return buf.Bytes()
}

// rawZip stores files with their lengths before them.
func rawZip(tb testing.TB, files ...file) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, f := range files {
		n := uint64(len(f.content))
		e, err := w.CreateRaw(&zip.FileHeader{Name: f.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(f.content)), CompressedSize64: n, UncompressedSize64: n})
		check(tb, err)
		_, err = io.WriteString(e, f.content)
		check(tb, err)
	}
	check(tb, w.Close())
	return buf.Bytes()
}

func tarOf(tb testing.TB, files ...file) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range files {
		check(tb, w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.content))}))
		_, err := io.WriteString(w, f.content)
		check(tb, err)
	}
	check(tb, w.Close())
	return buf.Bytes()
}

func gzipOf(tb testing.TB, content []byte) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, err := w.Write(content)
	check(tb, err)
	check(tb, w.Close())
	return buf.Bytes()
}

func zstdOf(tb testing.TB, content []byte) []byte {
	tb.Helper()
	w, err := zstd.NewWriter(nil)
	check(tb, err)
	return w.EncodeAll(content, nil)
}

func xzOf(tb testing.TB, content []byte, c xz.WriterConfig) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w, err := c.NewWriter(&buf)
	check(tb, err)
	_, err = w.Write(content)
	check(tb, err)
	check(tb, w.Close())
	return buf.Bytes()
}

// bzip2Hello is "hello, bzip2\n"; no library writes the format.
const bzip2Hello = "QlpoOTFBWSZTWbEj3kMAAANZgAAQQAQQABJkwBAgADEDQNAgAaaRA6tsgoT4u5IpwoSFiR7yGA=="

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// walk renders what is in content, and in what is in it, as a listing: a path
// and the length or the beginning of the content, or an error, to a line.
func walk(tb testing.TB, name string, content []byte, limits archive.Limits) string {
	tb.Helper()
	b := archive.NewBudget(limits)
	b.Input(int64(len(content)))
	var out strings.Builder
	list(tb, &out, b, "", name, content, nil, 0)
	return out.String()
}

func list(tb testing.TB, out *strings.Builder, b *archive.Budget, path, name string, content []byte, at io.ReaderAt, depth int) {
	kind := archive.Detect(content)
	c := archive.Content{Path: path, Name: name, R: bytes.NewReader(content), At: bytes.NewReader(content), Size: int64(len(content))}
	if err := b.Enter(path, depth); kind != archive.None && err != nil {
		fmt.Fprintf(out, "%s ! %v\n", path, reason(err))
		return
	}
	if kind == archive.None {
		if archive.EndsInZip(content) {
			kind = archive.Zip
		} else {
			return
		}
	}
	for e, err := range archive.Walk(context.Background(), kind, c, b) {
		if err != nil {
			fmt.Fprintf(out, "%s\n", reason(err))
			continue
		}
		data, err := io.ReadAll(e.Reader)
		if len(data) < 40 {
			fmt.Fprintf(out, "%s %q", e.Path, data)
		} else {
			fmt.Fprintf(out, "%s %d bytes", e.Path, len(data))
		}
		if err != nil {
			fmt.Fprintf(out, " %s", reason(err))
		}
		out.WriteByte('\n')
		if e.At != nil {
			same := make([]byte, e.Size)
			if n, _ := e.At.ReadAt(same, 0); err == nil && !bytes.Equal(same[:n], data) {
				tb.Errorf("%s: At yields %q, Reader %q", e.Path, same[:n], data)
			}
		}
		if err == nil && !e.Text {
			list(tb, out, b, e.Path, e.Path[strings.LastIndexByte(e.Path, '/')+1:], data, e.At, depth+1)
		}
	}
}

func reason(err error) string {
	var e *archive.Error
	if !errors.As(err, &e) {
		return "not an *Error: " + err.Error()
	}
	return fmt.Sprintf("[%s %s]", e.Path, e.Reason)
}

func TestWalk(t *testing.T) {
	unbzip, err := base64.StdEncoding.DecodeString(bzip2Hello)
	check(t, err)
	const listing = "!/a.txt \"first\\n\"\n!/dir/b.txt 6000 bytes\n"
	tarListing := func(tarName string) string {
		return fmt.Sprintf("!/%s 8704 bytes\n", tarName) + strings.ReplaceAll(listing, "!/", "!/"+tarName+"!/")
	}
	gz := gzipOf(t, []byte("one\n"))
	for _, tt := range []struct {
		name, file string
		content    []byte
		want       string
	}{
		{"zip", "a.zip", zipOf(t, twoFiles...), listing},
		{"zip without compression", "a.jar", storedZip(t, twoFiles...), listing},
		{"zip behind a script", "a.sh", append([]byte("#!/bin/sh\n"), zipOf(t, twoFiles...)...), listing},
		{"tar", "a.tar", tarOf(t, twoFiles...), listing},
		{"tar.gz", "a.tar.gz", gzipOf(t, tarOf(t, twoFiles...)), tarListing("a.tar")},
		{"tgz", "A.TGZ", gzipOf(t, tarOf(t, twoFiles...)), tarListing("A.tar")},
		{"tar.zst", "a.tar.zst", zstdOf(t, tarOf(t, twoFiles...)), tarListing("a.tar")},
		{"tar.xz", "a.tar.xz", xzOf(t, tarOf(t, twoFiles...), xz.WriterConfig{}), tarListing("a.tar")},
		{"bz2", "hello.bz2", unbzip, "!/hello \"hello, bzip2\\n\"\n"},
		{"gz without an ending", "blob", gz, "!/blob \"one\\n\"\n"},
		{"gz of several members", "a.gz", append(gz[:len(gz):len(gz)], gzipOf(t, []byte("two\n"))...), "!/a \"one\\ntwo\\n\"\n"},
		{"gz with padding", "a.gz", append(gz[:len(gz):len(gz)], make([]byte, 100)...), "!/a \"one\\n\"\n"},
		{"gz of members with padding between", "a.gz", bytes.Join([][]byte{gz, make([]byte, 70_000), gzipOf(t, []byte("two\n"))}, nil), "!/a \"one\\ntwo\\n\"\n"},
		{"zip behind a script, a line end behind it", "a.sh", bytes.Join([][]byte{[]byte("#!/bin/sh\n"), zipOf(t, twoFiles...), []byte("\n")}, nil), listing},
		{"tars one behind the other", "a.tar", bytes.Join([][]byte{tarOf(t, twoFiles...), make([]byte, 10*512), tarOf(t, file{"c", "third"}), []byte("more")}, nil), listing + "!/c \"third\"\n"},
		{"zstd of several frames", "a.zst", append(zstdOf(t, []byte("one\n")), zstdOf(t, []byte("two\n"))...), "!/a \"one\\ntwo\\n\"\n"},
		{"xz of several streams", "a.xz", bytes.Join([][]byte{xzOf(t, []byte("one\n"), xz.WriterConfig{}), make([]byte, 8), xzOf(t, []byte("two\n"), xz.WriterConfig{NoCheckSum: true})}, nil), "!/a \"one\\ntwo\\n\"\n"},
		{"xz of several blocks", "a.xz", xzOf(t, bytes.Repeat([]byte("block"), 3000), xz.WriterConfig{BlockSize: 4000, CheckSum: xz.SHA256}), "!/a 15000 bytes\n"},
		{"zip in tar in gz", "a.tar.gz", gzipOf(t, tarOf(t, file{"b.zip", string(zipOf(t, file{"c.txt", "deep"}))})), "!/a.tar 2048 bytes\n!/a.tar!/b.zip 134 bytes\n!/a.tar!/b.zip!/c.txt \"deep\"\n"},
		{"empty gz", "a.gz", gzipOf(t, nil), "!/a \"\"\n"},
		{"names that lead out", "a.zip", zipOf(t, file{"../../etc/passwd", "x"}, file{`..\c\d`, "y"}, file{"/abs//e/./f", "z"}, file{"n\x00ul", "n"}, file{"same", "1"}, file{"same", "2"}, file{"", "no name"}),
			"!/etc/passwd \"x\"\n!/c/d \"y\"\n!/abs/e/f \"z\"\n!/n\uFFFDul \"n\"\n!/same \"1\"\n!/same \"2\"\n!/unnamed \"no name\"\n"},
		{"folders", "a.zip", zipOf(t, file{"d/", ""}, file{"d/e", "x"}), "!/d/e \"x\"\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := walk(t, tt.file, tt.content, archive.Limits{}); got != tt.want {
				t.Errorf("Walk(%q) =\n%s\nwant\n%s", tt.file, got, tt.want)
			}
		})
	}
}

// unlisted is a zip in which the directory of the last file is all there is.
func unlisted(tb testing.TB, zips ...[]byte) []byte {
	tb.Helper()
	var all []byte
	for i, z := range zips {
		directory, end := bytes.Index(z, []byte("PK\x01\x02")), bytes.Index(z, []byte("PK\x05\x06"))
		if i < len(zips)-1 {
			all = append(all, z[:directory]...)
			continue
		}
		z = bytes.Clone(z)
		binary.LittleEndian.PutUint32(z[directory+42:], uint32(len(all)))
		binary.LittleEndian.PutUint32(z[end+16:], uint32(len(all)+directory))
		all = append(all, z...)
	}
	return all
}

func TestUnlisted(t *testing.T) {
	one, two, three := file{"one", "1111"}, file{"two", "2222"}, file{"three", "3333"}
	pack := func(raw bool, files ...file) []byte {
		if raw {
			return rawZip(t, files...)
		}
		return zipOf(t, files...)
	}
	for _, raw := range []bool{false, true} {
		got := walk(t, "a.zip", unlisted(t, pack(raw, one), pack(raw, two), pack(raw, three)), archive.Limits{})
		if want := "!/three \"3333\"\n!/one \"1111\"\n!/two \"2222\"\n"; got != want {
			t.Errorf("Walk(zip with unlisted entries, lengths in front: %v) = %q, want %q", raw, got, want)
		}
		z := unlisted(t, pack(raw, one, two), pack(raw, three))
		n := 0
		for range archive.Walk(context.Background(), archive.Zip, archive.Content{At: bytes.NewReader(z), Size: int64(len(z))}, archive.NewBudget(archive.Limits{})) {
			if n++; n == 2 {
				break
			}
		}
		if n != 2 {
			t.Errorf("Walk yields %d entries, want 2 at least", n)
		}
	}
}

// bomb is n zeros, compressed with gzip 1000 to 1.
func bomb(tb testing.TB, n int) []byte { return gzipOf(tb, make([]byte, n)) }

func TestLimits(t *testing.T) {
	many := make([]file, 50)
	for i := range many {
		many[i] = file{fmt.Sprintf("f%d", i), "x"}
	}
	nested := zipOf(t, file{"core.txt", "core"})
	for range 5 {
		nested = zipOf(t, file{"n.zip", string(nested)})
	}
	zeros := strings.Repeat("\x00", 1<<20)
	for _, tt := range []struct {
		name, file string
		content    []byte
		limits     archive.Limits
		want       string // the last line
	}{
		{"depth", "a.zip", nested, archive.Limits{Depth: 3}, "!/n.zip!/n.zip!/n.zip ! [!/n.zip!/n.zip!/n.zip archive-too-deep]"},
		{"depth that is enough", "a.zip", nested, archive.Limits{Depth: 6}, `!/n.zip!/n.zip!/n.zip!/n.zip!/n.zip!/core.txt "core"`},
		{"entries of a zip", "a.zip", zipOf(t, many...), archive.Limits{Entries: 20}, "[ archive-too-many-entries]"},
		{"entries of a tar", "a.tar", tarOf(t, many...), archive.Limits{Entries: 20}, "[ archive-too-many-entries]"},
		{"ratio of gz", "a.gz", bomb(t, 10<<20), archive.Limits{Free: 1 << 20}, "!/a 1572352 bytes [ archive-ratio]"},
		{"ratio of a zip", "a.zip", zipOf(t, file{"z", zeros}, file{"y", zeros}, file{"x", zeros}), archive.Limits{Free: 1 << 20}, "[!/y archive-ratio]"},
		{"bytes", "a.gz", bomb(t, 10<<20), archive.Limits{Expanded: 1 << 20}, "!/a 1048576 bytes [ archive-too-large]"},
		{"bytes of an entry", "a.zip", zipOf(t, file{"z", zeros}, file{"y", "small"}), archive.Limits{Entry: 1000}, `!/y "small"`},
		{"directory", "a.zip", zipOf(t, many...), archive.Limits{Directory: 1000}, "[ archive-too-many-entries]"},
		{"dictionary of xz", "a.xz", xzOf(t, []byte("x"), xz.WriterConfig{DictCap: 16 << 20}), archive.Limits{Memory: 8 << 20}, "!/a \"\" [ archive-too-large]"},
		{"window of zstd", "a.zst", zstdOf(t, []byte("x")), archive.Limits{Memory: 1 << 20}, "[ archive-too-large]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := strings.Split(strings.TrimSuffix(walk(t, tt.file, tt.content, tt.limits), "\n"), "\n")
			got := lines[len(lines)-1]
			// Where exactly a stream is cut is the decompressor's business.
			if want, _, ok := strings.Cut(tt.want, " bytes ["); ok && strings.HasPrefix(got, want[:4]) {
				_, a, _ := strings.Cut(got, "[")
				_, b, _ := strings.Cut(tt.want, "[")
				if a == b {
					return
				}
			}
			if got != tt.want {
				t.Errorf("Walk(%q) ends with %q, want %q", tt.file, got, tt.want)
			}
		})
	}
}

// TestHugeDictionaries: files that ask for gigabytes get none.
func TestHugeDictionaries(t *testing.T) {
	x := xzOf(t, []byte("x"), xz.WriterConfig{})
	// The block header: size, flags, id of LZMA2, size of its properties, the
	// dictionary, padding, checksum.
	block := x[12:24]
	block[4] = 40 // 4 GiB - 1
	binary.LittleEndian.PutUint32(block[8:], crc32.ChecksumIEEE(block[:8]))
	if got, want := walk(t, "a.xz", x, archive.Limits{}), "!/a \"\" [ archive-too-large]\n"; got != want {
		t.Errorf("Walk(xz of 4 GiB) = %q, want %q", got, want)
	}
	frame := append([]byte("\x28\xb5\x2f\xfd"), 0, 0xff) // no single segment, the largest window
	frame = append(frame, make([]byte, 20)...)
	if got, want := walk(t, "a.zst", frame, archive.Limits{}), "[ archive-too-large]\n"; got != want {
		t.Errorf("Walk(zstd of 3.75 TiB) = %q, want %q", got, want)
	}
}

// TestManyDictionaries: many blocks that ask for a large dictionary and hold
// nothing end soon.
func TestManyDictionaries(t *testing.T) {
	var all []byte
	for range 200 {
		all = append(all, xzOf(t, []byte("x"), xz.WriterConfig{DictCap: 1 << 20})...)
	}
	if got, want := walk(t, "a.xz", all, archive.Limits{Memory: 1 << 20}), " [ archive-ratio]\n"; !strings.HasSuffix(got, want) {
		t.Errorf("Walk(200 streams of 1 MiB each) = %q, want it to end with %q", got, want)
	}
}

func TestDamage(t *testing.T) {
	z := zipOf(t, twoFiles...)
	encrypted := zipOf(t, twoFiles...)
	flag := bytes.Index(encrypted, []byte("PK\x01\x02")) + 8
	encrypted[flag] |= 1
	method := zipOf(t, twoFiles...)
	method[bytes.Index(method, []byte("PK\x01\x02"))+10] = 98 // PPMd
	sum := zipOf(t, twoFiles...)
	sum[bytes.Index(sum, []byte("PK\x01\x02"))+16] ^= 1
	tgz := gzipOf(t, tarOf(t, twoFiles...))
	badGzip := gzipOf(t, []byte("some text that is long enough"))
	badGzip[len(badGzip)-6] ^= 1
	badXz := xzOf(t, []byte("some text"), xz.WriterConfig{})
	badXz[len(badXz)-40] ^= 1
	var sparse bytes.Buffer
	check(t, sparseTar(&sparse, 1<<40))
	for _, tt := range []struct {
		name, file string
		content    []byte
		want       string
	}{
		{"zip without its directory", "a.zip", z[:len(z)-130], "[ damaged-archive]\n!/a.txt \"first\\n\"\n!/dir/b.txt 6000 bytes\n"},
		{"zip that is cut off", "a.zip", z[:bytes.Index(z, []byte("dir/b.txt"))+20], "[ damaged-archive]\n!/a.txt \"first\\n\"\n!/dir/b.txt \"\" [!/dir/b.txt damaged-archive]\n"},
		{"zip with lengths in front, cut off", "a.zip", rawZip(t, twoFiles...)[:6200], "[ damaged-archive]\n!/a.txt \"first\\n\"\n!/dir/b.txt 6000 bytes\n"},
		{"encrypted zip, cut off", "a.zip", append([]byte("PK\x03\x04\x14\x00\x01"), z[7:len(z)-30]...), "[ damaged-archive]\n[!/a.txt encrypted-entry]\n"},
		{"zip with an encrypted entry", "a.zip", encrypted, "[!/a.txt encrypted-entry]\n!/dir/b.txt 6000 bytes\n"},
		{"zip with a rare method", "a.zip", method, "[!/a.txt unsupported-archive]\n!/dir/b.txt 6000 bytes\n"},
		{"zip with a wrong checksum", "a.zip", sum, "!/a.txt \"first\\n\" [!/a.txt damaged-archive]\n!/dir/b.txt 6000 bytes\n"},
		{"tar.gz that is cut off", "a.tgz", tgz[:len(tgz)-40], "!/a.tar 1542 bytes [ damaged-archive]\n"},
		{"tar that is cut off", "a.tar", tarOf(t, twoFiles...)[:3000], "!/a.txt \"first\\n\"\n!/dir/b.txt 1464 bytes [!/dir/b.txt damaged-archive]\n"},
		{"gz with a wrong checksum", "a.gz", badGzip, "!/a \"some text that is long enough\" [ damaged-archive]\n"},
		{"gz with something behind it", "a.gz", append(gzipOf(t, []byte("one")), "\x00more"...), "!/a \"one\" [ damaged-archive]\n"},
		{"xz with a wrong checksum", "a.xz", badXz, "!/a \"snme text\" [ damaged-archive]\n"},
		{"7z", "a.7z", append([]byte("7z\xbc\xaf\x27\x1c"), make([]byte, 40)...), "[ unsupported-archive]\n"},
		{"sparse tar of a TiB", "a.tar", sparse.Bytes(), "!/s "}, // and some bytes
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := walk(t, tt.file, tt.content, archive.Limits{Free: 1 << 20, Ratio: 10})
			ratio := strings.HasPrefix(got, tt.want) && strings.HasSuffix(got, " [!/s archive-ratio]\n")
			if got != tt.want && !ratio {
				t.Errorf("Walk(%q) = %q, want %q", tt.file, got, tt.want)
			}
		})
	}
}

// sparseTar writes a tar of one file that is a hole, in GNU's old format.
func sparseTar(w io.Writer, size int64) error {
	var h [512]byte
	copy(h[:], "s")
	copy(h[100:], "0000644\x00")
	copy(h[124:], "00000000000\x00") // nothing stored
	copy(h[136:], "00000000000\x00")
	h[156] = 'S'
	copy(h[257:], "ustar  \x00")
	number := func(b []byte, n int64) {
		b[0] = 0x80 // base 256
		binary.BigEndian.PutUint64(b[4:], uint64(n))
	}
	number(h[386:398], size)            // at the end, a segment
	copy(h[398:410], "00000000000\x00") // of nothing
	number(h[483:495], size)
	copy(h[148:], "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	_, err := w.Write(append(h[:], make([]byte, 1024)...))
	return err
}

func TestDetect(t *testing.T) {
	oldTar := tarOf(t, twoFiles...)
	copy(oldTar[257:], make([]byte, 8))
	copy(oldTar[148:], "        ")
	sum := 0
	for _, c := range oldTar[:512] {
		sum += int(c)
	}
	copy(oldTar[148:], fmt.Sprintf("%06o\x00 ", sum))
	wrongTar := tarOf(t, twoFiles...)
	wrongTar[0] ^= 1
	for _, tt := range []struct {
		name string
		head []byte
		want archive.Kind
	}{
		{"nothing", nil, archive.None},
		{"zip", zipOf(t, twoFiles...), archive.Zip},
		{"zip without entries", zipOf(t), archive.None},
		{"four bytes of zip", []byte("PK\x03\x04"), archive.None},
		{"gzip", gzipOf(t, nil), archive.Gzip},
		{"ten bytes of gzip", gzipOf(t, nil)[:10], archive.None},
		{"gzip with reserved flags", append([]byte("\x1f\x8b\x08\xff"), make([]byte, 30)...), archive.None},
		{"tar", tarOf(t, twoFiles...), archive.Tar},
		{"tar without a magic number", oldTar, archive.Tar},
		{"tar with a wrong checksum", wrongTar, archive.None},
		{"512 zeros", make([]byte, 512), archive.None},
		{"text", []byte(strings.Repeat("ustar and PK\x03\x04 ", 100)), archive.None},
		{"zstd", zstdOf(t, []byte("some bytes")), archive.Zstd},
		{"zstd after a frame to skip", append([]byte("\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"), zstdOf(t, []byte("x"))...), archive.Zstd},
		{"rar", append([]byte("Rar!\x1a\x07\x01\x00"), make([]byte, 20)...), archive.Rar},
	} {
		if got := archive.Detect(tt.head); got != tt.want {
			t.Errorf("Detect(%s) = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestEndsInZip(t *testing.T) {
	z := zipOf(t, twoFiles...)
	for _, tt := range []struct {
		name string
		tail []byte
		want bool
	}{
		{"zip", z, true},
		{"its last 22 bytes", z[len(z)-22:], true},
		{"its last 21 bytes", z[len(z)-21:], false},
		{"with bytes behind it", append(z[:len(z):len(z)], "more"...), true},
		{"a magic number", append(append([]byte(nil), "PK\x05\x06"...), bytes.Repeat([]byte("abc"), 30)...), false},
		{"without entries", zipOf(t), false},
		{"the magic number", []byte("PK\x05\x06"), false},
		{"the magic number before the end", append([]byte("PK\x05\x06 in a text "), z[len(z)-22:]...), true},
	} {
		if got := archive.EndsInZip(tt.tail); got != tt.want {
			t.Errorf("EndsInZip(%s) = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestOfficeText(t *testing.T) {
	run := func(s string) string {
		return "<w:r><w:rPr><w:b/></w:rPr><w:t xml:space=\"preserve\">" + s + "</w:t></w:r>"
	}
	docx := func(body string) []byte {
		return zipOf(t, file{"[Content_Types].xml", "<Types/>"}, file{"word/document.xml", body}, file{"docProps/x.xml", "<a>no</a>"})
	}
	for _, tt := range []struct {
		name    string
		content []byte
		want    string // of the text
	}{
		{"runs are joined", docx("<w:p>" + run("tok") + run("en: a&amp;b") + "</w:p><w:p>" + run("next") + "</w:p>"), "token: a&b\nnext\n"},
		{"blanks stay", docx("<w:p>" + run("a") + run(" ") + run("b") + "</w:p>"), "a b\n"},
		{"layout goes", docx("<w:p>\n  " + run("a") + "\n  " + run("b") + "\n</w:p>\n"), "ab\n"},
		{"breaks, tabs and empty paragraphs", docx("<w:p/><w:p>" + run("a</w:t><w:br/><w:t>b</w:t><w:tab/><w:t>c") + "</w:p>"), "\na\nb\tc\n"},
		{"comments, data, instructions", docx("<?xml version='1.0'?><w:p><!-- no > --->a<![CDATA[<b>&amp;]]]>c</w:p>"), "a<b>&amp;]c\n"},
		{"numbers and broken references", docx("<w:p>&#65;&#x42;&#xFFFFFFFF;&nope;&&lt;</w:p>"), "AB&#xFFFFFFFF;&nope;&<\n"},
		{"quotes in tags", docx(`<w:p a="x>y" b='z>'>t</w:p>`), "t\n"},
		{"cut off", docx("<w:p>text<w:t"), "text"},
		{"shared strings", zipOf(t, file{"[Content_Types].xml", ""}, file{"xl/sharedStrings.xml", "<sst><si><t>one</t></si><si><r><t>t</t></r><r><t>wo</t></r></si></sst>"}), "one\ntwo\n"},
		{"open document", zipOf(t, file{"mimetype", "application/vnd.oasis.opendocument.text"}, file{"content.xml", "<text:p>a<text:s/><text:span>b</text:span></text:p><text:h>c</text:h>"}), "a b\nc\n"},
		{"no office document", zipOf(t, file{"word/document.xml", "<w:p>a</w:p>"}), "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := "none"
			c := archive.Content{At: bytes.NewReader(tt.content), Size: int64(len(tt.content))}
			for e, err := range archive.Walk(context.Background(), archive.Zip, c, archive.NewBudget(archive.Limits{})) {
				check(t, err)
				if !e.Text {
					continue
				}
				text, err := io.ReadAll(iotest.OneByteReader(e.Reader))
				check(t, err)
				if got = string(text); !strings.HasSuffix(e.Path, ".xml!/text") {
					t.Errorf("the text's path is %q", e.Path)
				}
			}
			if got != tt.want {
				t.Errorf("the text is %q, want %q", got, tt.want)
			}
		})
	}
}

// TestSpool: what is read is what was written, however it is cut, and the
// memory is given back.
func TestSpool(t *testing.T) {
	b := archive.NewBudget(archive.Limits{Memory: 1 << 20})
	content := bytes.Repeat([]byte("0123456789abcde"), 50_000)
	for range 3 {
		s := archive.NewSpool(b, "")
		for rest := content; len(rest) > 0; {
			n, err := s.Write(rest[:min(len(rest), 77_777)])
			check(t, err)
			rest = rest[n:]
		}
		check(t, s.Err())
		if err := iotest.TestReader(io.NewSectionReader(s, 0, s.Size()), content); err != nil {
			t.Error(err)
		}
		s.Release()
	}
	s := archive.NewSpool(b, "!/x")
	s.Write(content)
	s.Write(content)
	if err := s.Err(); err == nil || reason(err) != "[!/x archive-too-large]" || s.Size() != 0 {
		t.Errorf("a spool of %d bytes: %v, %d bytes kept, want an error and none", 2*len(content), err, s.Size())
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	content := tarOf(t, twoFiles...)
	c := archive.Content{R: bytes.NewReader(content)}
	var last error
	n := 0
	for _, err := range archive.Walk(ctx, archive.Tar, c, archive.NewBudget(archive.Limits{})) {
		n++
		last = err
		cancel()
	}
	if n != 2 || !errors.Is(last, context.Canceled) {
		t.Errorf("after the first entry was followed by an interrupt, Walk yielded %d times, last %v", n, last)
	}
}

// FuzzWalk: no input makes Walk panic or pass its limits, and every error says
// what it is about.
func FuzzWalk(f *testing.F) {
	z := zipOf(f, twoFiles...)
	seeds := [][]byte{
		z, storedZip(f, file{"i.zip", string(z)}), tarOf(f, twoFiles...), gzipOf(f, tarOf(f, twoFiles...)),
		zstdOf(f, []byte("zstd")), xzOf(f, bytes.Repeat([]byte("xz"), 100), xz.WriterConfig{BlockSize: 100}),
		zipOf(f, file{"[Content_Types].xml", ""}, file{"word/a.xml", "<w:p>&lt;<![CDATA[x]]></w:p>"}), bomb(f, 300_000),
		append([]byte("#!x\n"), z...),
	}
	unbzip, err := base64.StdEncoding.DecodeString(bzip2Hello)
	check(f, err)
	for _, s := range append(seeds, unbzip) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		limits := archive.Limits{Depth: 3, Entries: 50, Expanded: 1 << 20, Free: 256 << 10, Memory: 12 << 20}
		got := walk(t, "f", content, limits)
		if strings.Contains(got, "not an *Error") {
			t.Errorf("Walk(%q) =\n%s", content, got)
		}
		// Twice the 50 entries, for texts, and an error for each and some.
		if n := strings.Count(got, "\n"); n > 4*50+10 {
			t.Errorf("Walk(%q) yields %d times", content, n)
		}
	})
}
