package scanner

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// BenchmarkArchive: what packing costs. The same text as files of 4 KiB in a
// tar, in a compressed tar and in a zip, and as one text.
func BenchmarkArchive(b *testing.B) {
	text := strings.Repeat("the quick brown fox jumps over the lazy dog and runs away\n", 70)
	var files packed
	for i := range 1000 {
		files = append(files, fmt.Sprintf("dir/%d.txt", i), text)
	}
	plain := strings.Repeat(text, 1000)
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		b.Fatal(err)
	}
	for _, bb := range []struct{ name, content string }{
		{"text", plain},
		{"tar", tarred(b, files)},
		{"tgz", gzipped(b, tarred(b, files))},
		{"zip", zipped(b, files)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			s := New(set, Options{Workers: 1})
			blob := blob("a", bb.content)
			blob.Open = func(context.Context) (io.ReadCloser, error) {
				return struct {
					*strings.Reader
					io.Closer
				}{strings.NewReader(bb.content), io.NopCloser(nil)}, nil
			}
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range s.Scan(b.Context(), source(blob), nil) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
