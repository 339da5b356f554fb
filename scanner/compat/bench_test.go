package compat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/compat"
)

// BenchmarkLarge reads files with 50,000 findings of before, ten of each of 5,000
// paths.
func BenchmarkLarge(b *testing.B) {
	var ignore, baseline strings.Builder
	baseline.WriteString(`{"version": "1.5.0", "results": {`)
	for i := range 5000 {
		path := fmt.Sprintf("src/d%d/f%d.py", i%50, i)
		if i > 0 {
			baseline.WriteString(",")
		}
		fmt.Fprintf(&baseline, "\n  %q: [", path)
		for j := range 10 {
			fmt.Fprintf(&ignore, "%s:generic-api-key:%d\n", path, j)
			if j > 0 {
				baseline.WriteString(",")
			}
			fmt.Fprintf(&baseline, "\n   {\"type\": \"x\", \"filename\": %q, \"hashed_secret\": \"%040x\", \"line_number\": %d}", path, 100*i+j, j)
		}
		baseline.WriteString("]")
	}
	baseline.WriteString("}}\n")
	for _, f := range []struct{ name, data string }{
		{".gitleaksignore", ignore.String()}, {".secrets.baseline", baseline.String()},
	} {
		b.Run(f.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(f.data)))
			for b.Loop() {
				s, err := compat.Parse(compat.Input{Name: f.name, Data: []byte(f.data)})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := scanner.NewAllowlist(s.Allow, time.Time{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
