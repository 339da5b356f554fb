package pack

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"io"
	"os"
	"testing"

	kflate "github.com/klauspost/compress/flate"
	kzlib "github.com/klauspost/compress/zlib"
)

// packVariable names a pack with SHA-1 names for the benchmarks to read, as in
//
//	CORK_BENCH_PACK=$(ls .git/objects/pack/*.pack) go test -run '^$' -bench Inflate -benchtime 3x -count 5 ./scanner/git/pack
const packVariable = "CORK_BENCH_PACK"

// BenchmarkInflate inflates every object's stream of a pack, delta or whole,
// with inflate and with what there is besides, each reused from stream to
// stream. MB/s are those of the content.
func BenchmarkInflate(b *testing.B) {
	path := os.Getenv(packVariable)
	if path == "" {
		b.Skip(packVariable + " names no pack")
	}
	pack, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkInflate(b, pack, streams(b, pack))
}

// BenchmarkInflateGenerated inflates the deltas of a generated pack, and its
// whole objects.
func BenchmarkInflateGenerated(b *testing.B) {
	pack := packedByGit(b, 6)
	all := streams(b, pack)
	kinds := map[bool][]entryStream{}
	for _, s := range all {
		kinds[s.delta] = append(kinds[s.delta], s)
	}
	b.Run("deltas", func(b *testing.B) { benchmarkInflate(b, pack, kinds[true]) })
	b.Run("whole", func(b *testing.B) { benchmarkInflate(b, pack, kinds[false]) })
}

func benchmarkInflate(b *testing.B, pack []byte, all []entryStream) {
	content, longest := 0, 0
	for _, s := range all {
		content += s.size
		longest = max(longest, s.size)
	}
	dst := make([]byte, longest)
	run := func(name string, one func(dst, src []byte) error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(content))
			b.ReportAllocs()
			for b.Loop() {
				for _, s := range all {
					if err := one(dst[:s.size], pack[s.at:]); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(all)), "ns/stream")
		})
	}

	z := &inflater{noAdler: true}
	run("cork", func(dst, src []byte) error {
		_, err := z.inflate(dst, src)
		return err
	})
	verifying := new(inflater)
	run("cork-adler", func(dst, src []byte) error {
		_, err := verifying.inflate(dst, src)
		return err
	})

	r := bytes.NewReader(nil)
	raw := func(f io.Reader, reset func(io.Reader, []byte) error) func(dst, src []byte) error {
		return func(dst, src []byte) error {
			r.Reset(src[2:])
			if err := reset(r, nil); err != nil {
				return err
			}
			_, err := io.ReadFull(f, dst)
			return err
		}
	}
	f := flate.NewReader(r)
	run("flate", raw(f, f.(flate.Resetter).Reset))
	k := kflate.NewReader(r)
	run("klauspost-flate", raw(k, k.(kflate.Resetter).Reset))

	first := pack[all[0].at:]
	r.Reset(first)
	whole := func(f io.Reader, reset func(io.Reader, []byte) error) func(dst, src []byte) error {
		var one [1]byte
		return func(dst, src []byte) error {
			r.Reset(src)
			if err := reset(r, nil); err != nil {
				return err
			}
			if _, err := io.ReadFull(f, dst); err != nil {
				return err
			}
			// The end of the stream, and its Adler-32.
			if n, err := f.Read(one[:]); n != 0 || err != io.EOF {
				return errZlibLong
			}
			return nil
		}
	}
	zr, err := zlib.NewReader(r)
	if err != nil {
		b.Fatal(err)
	}
	run("zlib", whole(zr, zr.(zlib.Resetter).Reset))
	r.Reset(first)
	kz, err := kzlib.NewReader(r)
	if err != nil {
		b.Fatal(err)
	}
	run("klauspost-zlib", whole(kz, kz.(kzlib.Resetter).Reset))
}
