package git

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/cork-scanner/cork/scanner/git/pack"
)

// TestOpenLarge: what is too large to be held in memory is read piece by piece.
func TestOpenLarge(t *testing.T) {
	const size = 16 << 20
	object := append(fmt.Appendf(nil, "blob %d\x00", size), make([]byte, size)...)
	id := sha1.Sum(object)
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write(object)
	z.Close()
	name := hex.EncodeToString(id[:])
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, name[:2]), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name[:2], name[2:]), packed.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	store, err := pack.Open(dir, pack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, tt := range []struct{ held, atLeast, atMost int64 }{{size, size, 3 * size}, {size - 1, 0, size / 4}} {
		o := objects{store: store, hashSize: len(id), held: tt.held}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		content, err := o.open(0, "a")
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, content)
		runtime.ReadMemStats(&after)
		if took := int64(after.TotalAlloc - before.TotalAlloc); err != nil || n != size || took < tt.atLeast || took > tt.atMost {
			t.Errorf("%d bytes of %d were read, with %d held, %v: that took %d bytes of memory, want %d to %d", n, size, tt.held, err, took, tt.atLeast, tt.atMost)
		}
		if err := content.Close(); err != nil {
			t.Error(err)
		}
	}
}
