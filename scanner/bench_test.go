package scanner

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// An inputKind makes n bytes of a kind of content. What files of it are called
// decides how values in them are judged.
type inputKind struct {
	name string
	path string
	make func(n int) []byte
}

// repeated makes content of one piece again and again.
func repeated(piece string) func(n int) []byte {
	return func(n int) []byte { return bytes.Repeat([]byte(piece), n/len(piece)+1)[:n] }
}

// pieces makes content of pieces in random order.
func pieces(seed uint64, all ...string) func(n int) []byte {
	return func(n int) []byte {
		rnd := rand.New(rand.NewPCG(seed, 1))
		b := make([]byte, 0, n+100)
		for len(b) < n {
			b = append(b, all[rnd.IntN(len(all))]...)
		}
		return b[:n]
	}
}

func randomBytes(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

// usual is content as repositories have it.
var usual = []inputKind{
	{"source", "f.go", pieces(1, "func (s *Set) find(path string, buf []byte) (found []Match, err error) {\n", "\tif err != nil {\n", "\t\treturn nil, fmt.Errorf(\"read %q: %w\", path, err)\n",
		"\t}\n", "\tfor i, key := range keys {\n", "\t\tfound = append(found, match(key, buf[i:]))\n", "// Tokens are matched from left to right, and passed on to the parser.\n",
		"\tsecret := os.Getenv(\"API_KEY\")\n", "import \"github.com/example/project\"\n", "}\n\n")},
	{"minified", "f.min.js", pieces(2, "function(t,e){var n=t.exports;", "return e&&e.__esModule?e:{default:e}}", "Object.defineProperty(e,\"x\",{enumerable:!0,get:function(){return r.a}})", "for(var i=0,o=t.length;i<o;i++)",
		"a.password=b.token,", "key:\"k\"+i,", "}),", "t.prototype.setState=function(t){this.state=t},", "!function(){")},
	{"json", "f.json", pieces(3, `{"id":12345,"name":"some name","token":null,"url":"https://example.com/a/b?c=d","tags":["a","b"],`, `"key":"value","password_reset":true},`, "\n")},
	{"log", "f.log", pieces(4, "2026-01-02T03:04:05Z INFO request served path=/api/v1/items status=200 user=alice duration=12ms\n",
		"2026-01-02T03:04:06Z WARN retry token refresh attempt=2 host=db-1.example.com:5432 err=\"connection reset\"\n")},
	{"random", "f.txt", randomBytes},
	{"base64", "f.txt", func(n int) []byte { return []byte(base64.StdEncoding.EncodeToString(randomBytes(n*3/4 + 3)))[:n] }},
	{"base64-of-source", "f.txt", func(n int) []byte {
		return []byte(base64.StdEncoding.EncodeToString(repeated("func f(x int) string { return strings.Repeat(\"ab\", x) }\n")(n*3/4 + 3)))[:n]
	}},
}

// unusual is content that asks as much of the scanner as can be asked.
var unusual = []inputKind{
	{"password=", "f.txt", repeated("password=")},
	{"token", "f.txt", repeated("token ")},
	{"key-of-nothing", "f.txt", repeated("api_key: ")},
	{"kind-secret", "f.txt", repeated("kind: Secret\n")},
	{"urls", "f.txt", repeated("http://a:b@")},
	{"eyJ", "f.txt", repeated("eyJ")},
	{"jwt-heads", "f.txt", repeated("eyJhbGciOi.")},
	{"begin", "f.txt", repeated("-----BEGIN ")},
	{"curl", "f.txt", repeated("curl -u a ")},
	{"select", "f.txt", repeated("user x identified by ")},
	{"escapes", "f.txt", repeated(`\u0041`)},
	{"percent", "f.txt", repeated("%41")},
	{"quotes", "f.txt", repeated(`"'` + "`")},
	{"backslashes", "f.txt", repeated(`\\\"`)},
	{"brackets", "f.txt", repeated("{[(")},
	{"zeros", "f.txt", repeated("\x00")},
	{"newlines", "f.txt", repeated("\n")},
	{"hex", "f.txt", repeated("0123456789abcdef")},
	{"one-letter", "f.txt", repeated("a")},
	{"allow", "f.txt", repeated("cork:allow ")},
	{"assigned", "f.txt", repeated(`password = "hunter` + `42x"; `)},
}

// BenchmarkScan scans contents of many kinds and sizes with the built-in rules:
// the bytes per second of one kind must not fall with the size. Sizes beyond a
// megabyte are for -timeout 30m.
func BenchmarkScan(b *testing.B) {
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range append(usual, unusual...) {
		for _, size := range []struct {
			name string
			n    int
		}{{"1KB", 1 << 10}, {"64KB", 64 << 10}, {"1MB", 1 << 20}, {"16MB", 16 << 20}, {"100MB", 100 << 20}} {
			b.Run(kind.name+"/"+size.name, func(b *testing.B) {
				if testing.Short() && size.n > 1<<20 {
					b.Skip("takes long")
				}
				benchmarkContent(b, New(set, Options{Workers: 1}), kind.path, kind.make(size.n))
			})
		}
	}
}

// benchmarkContent scans one content. That it holds more than is kept is fine.
func benchmarkContent(b *testing.B, s *Scanner, path string, content []byte) {
	bl := blob(path, "")
	bl.Size = int64(len(content))
	bl.Open = func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	b.SetBytes(bl.Size)
	b.ReportAllocs()
	for b.Loop() {
		for range s.Scan(b.Context(), source(bl), nil) {
		}
	}
}
