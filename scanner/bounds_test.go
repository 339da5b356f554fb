package scanner

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// streamOf returns a Blob.Open of n bytes, of one piece again and again.
func streamOf(piece string, n int64) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(&again{piece: piece}, n)), nil
	}
}

type again struct {
	piece string
	at    int
}

func (a *again) Read(p []byte) (n int, err error) {
	for n < len(p) {
		c := copy(p[n:], a.piece[a.at:])
		n += c
		a.at = (a.at + c) % len(a.piece)
	}
	return n, nil
}

// TestLongLine scans lines that are longer than memory should hold, and finds
// what is at their end.
func TestLongLine(t *testing.T) {
	size := int64(200 << 20)
	if testing.Short() {
		size = 4 << 20
	}
	s := New(testSet(t), Options{Workers: 1})
	for _, piece := range []string{"a", "ab cd ", "0123456789abcdef", "é"} {
		b := blob("line", "")
		const secret = " TOK-" + "abcd"
		b.Size = size + int64(len(secret))
		b.Open = func(ctx context.Context) (io.ReadCloser, error) {
			line, _ := streamOf(piece, size)(ctx)
			return io.NopCloser(io.MultiReader(line, strings.NewReader(secret))), nil
		}
		found, errs, sum := scanAll(t, s, source(b))
		if len(found) != 1 || len(errs) > 0 || sum.Bytes != b.Size || found[0].Location.Line != 1 {
			t.Errorf("a line of %d bytes of %q = %v, %v, %d bytes read", size, piece, found, errs, sum.Bytes)
		}
	}
}

// TestKeywordsByTheMillion: a content of nothing but keywords takes bounded
// time, and it is said if not all of it was searched.
func TestKeywordsByTheMillion(t *testing.T) {
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	n := 1_000_000
	if testing.Short() {
		n = 20_000
	}
	s := New(set, Options{Workers: 1})
	for _, piece := range []string{"password=", "token ", "-----BEGIN ", "eyJ", "sk-"} {
		b := blob("keywords", "")
		b.Size = int64(n * len(piece))
		b.Open = streamOf(piece, b.Size)
		_, errs, sum := scanAll(t, s, source(b))
		if len(errs) > 0 && !strings.Contains(errs[0], ErrTooMany.Error()) || len(errs) == 0 && sum.Bytes != b.Size {
			t.Errorf("%d times %q: %v, %d bytes read", n, piece, errs, sum.Bytes)
		}
	}
}

// TestRulesThatMatchEverything: what a user writes takes bounded time and
// memory too, or is refused.
func TestRulesThatMatchEverything(t *testing.T) {
	lines := 2_000
	if testing.Short() {
		lines = 100
	}
	content := strings.Repeat("a b,c\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx!", lines)
	for _, tt := range []struct {
		regex   string
		refused bool
	}{
		{"", true}, {"a*", true}, {"a|", true}, {"(?s).*", true}, {"(?s).+", true}, {"x+y", true}, // of no length, or of any
		{"(?s).", false}, {"[a-z]", false}, {`\S{1,1000}`, false}, {"(?s).{1,1000}", false},
		{"(x?){20}x{20}y", false}, {"(?:x{1,20}){20}y", false}, {"(?:x|xx|x){1,60}y", false},
	} {
		r := rules.Rule{ID: "all", Description: "all", Severity: 1, Confidence: rules.ConfidenceHigh, Regex: tt.regex, Scan: "always"}
		set, err := rules.Compile([]rules.Rule{r})
		if (err != nil) != tt.refused {
			t.Errorf("Compile(%q) = %v, refused %t", tt.regex, err, tt.refused)
		}
		if err != nil {
			continue
		}
		found, errs, _ := scanAll(t, New(set, Options{Workers: 1}), source(blob("f", content)))
		if len(found) > maxMatches || len(found) == maxMatches && (len(errs) == 0 || !strings.Contains(errs[0], ErrTooMany.Error())) {
			t.Errorf("%q: %d findings, %v", tt.regex, len(found), errs)
		}
	}
}
