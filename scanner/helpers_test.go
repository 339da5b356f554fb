package scanner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// testRules are small, so that every edge is near.
func testRules() []rules.Rule {
	base := rules.Rule{Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh}
	with := func(id string, change func(*rules.Rule)) rules.Rule {
		r := base
		r.ID, r.Description = id, id+" thing"
		change(&r)
		return r
	}
	return []rules.Rule{
		with("tok", func(r *rules.Rule) { r.Regex, r.Keywords = `\bTOK-[a-z0-9]{4,12}\b`, []string{"TOK-"} }),
		with("block", func(r *rules.Rule) {
			r.Regex, r.Keywords, r.Span = `BEGIN BLOCK\r?\n[a-z0-9\r\n]{1,100}END BLOCK`, []string{"BEGIN BLOCK"}, 200
		}),
		with("pass", func(r *rules.Rule) {
			r.Regex, r.Keywords, r.Span, r.Group = `\bpass=([^\s,"]{3,40})`, []string{"pass="}, 50, 1
			r.Revoke, r.Docs, r.Provider = "revoke it", "https://example.com", "Example"
		}),
		with("unsure", func(r *rules.Rule) {
			r.Regex, r.Keywords, r.Confidence = `\bUNS-[a-z0-9]{6}\b`, []string{"UNS-"}, rules.ConfidenceLow
		}),
		with("pem-file", func(r *rules.Rule) { r.Paths = []string{"*.pem"} }),
	}
}

// partRules are credentials of several parts.
func partRules() []rules.Rule {
	with := func(id string, change func(*rules.Rule)) rules.Rule {
		r := rules.Rule{ID: id, Description: id + " thing", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh}
		change(&r)
		return r
	}
	return []rules.Rule{
		with("scr", func(r *rules.Rule) {
			r.Regex, r.Keywords = `\bSCR-[a-z0-9]{4,12}\b`, []string{"SCR-"}
			r.Parts = []rules.Part{
				{Name: "key id", Rules: []string{"kid"}, Lines: 3},
				{Name: "host", Rules: []string{"hst"}, Lines: rules.MaxPartLines, Bytes: rules.MaxPartBytes},
			}
		}),
		with("kid", func(r *rules.Rule) { r.Regex, r.Keywords = `\bKID-[a-z0-9]{2,12}\b`, []string{"KID-"} }),
		with("hst", func(r *rules.Rule) {
			r.Regex, r.Keywords, r.PartOnly = `\bHST-[a-z0-9]{2,12}\b`, []string{"HST-"}, true
		}),
		with("weak", func(r *rules.Rule) {
			r.Regex, r.Keywords, r.Confidence = `\bWEA-[a-z0-9]{4}\b`, []string{"WEA-"}, rules.ConfidenceLow
			r.Parts = []rules.Part{{Name: "host", Rules: []string{"hst"}, Lines: 2, Required: true}}
		}),
	}
}

func testSet(tb testing.TB) *rules.Set {
	tb.Helper()
	set, err := rules.Compile(append(testRules(), partRules()...))
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

// items is a Source of fixed blobs and errors.
type items []item

type item struct {
	blob Blob
	err  error
}

func (s items) Blobs(ctx context.Context) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) {
		for _, it := range s {
			if !yield(it.blob, it.err) {
				return
			}
		}
	}
}

func opener(content string) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}
}

func before(versions ...string) func(context.Context) iter.Seq2[io.ReadCloser, error] {
	return func(context.Context) iter.Seq2[io.ReadCloser, error] {
		return func(yield func(io.ReadCloser, error) bool) {
			for _, v := range versions {
				if !yield(io.NopCloser(strings.NewReader(v)), nil) {
					return
				}
			}
		}
	}
}

func blob(path, content string) Blob {
	return Blob{Path: path, Size: int64(len(content)), Open: opener(content)}
}

func source(blobs ...Blob) items {
	var s items
	for _, b := range blobs {
		s = append(s, item{blob: b})
	}
	return s
}

// scanAll returns everything that a scan yields, errors as text.
func scanAll(tb testing.TB, s *Scanner, src Source) (fs []Finding, errs []string, sum Summary) {
	tb.Helper()
	for f, err := range s.Scan(context.Background(), src, &sum) {
		if err != nil {
			errs = append(errs, err.Error())
			if be := (*BlobError)(nil); !errors.As(err, &be) {
				tb.Errorf("Scan yielded %T (%v), want a *BlobError", err, err)
			}
			continue
		}
		fs = append(fs, f)
	}
	if sum.Findings != len(fs) {
		tb.Errorf("Summary.Findings = %d, want the %d that were yielded", sum.Findings, len(fs))
	}
	if len(sum.Errors) != len(errs) {
		tb.Errorf("Summary.Errors = %v, want the %d that were yielded", sum.Errors, len(errs))
	}
	return fs, errs, sum
}

// brief renders findings as "rule@line:column-line:column[start:end]=secret".
func brief(fs []Finding) string {
	var b strings.Builder
	for _, f := range fs {
		l := f.Location
		fmt.Fprintf(&b, "%s@%d:%d-%d:%d[%d:%d]=%s\n", f.RuleID, l.Line, l.Column, l.EndLine, l.EndColumn, l.Start, l.End, f.Secret.Reveal())
	}
	return b.String()
}

// ids renders the rule and the line of findings.
func ids(fs []Finding) string {
	var list []string
	for _, f := range fs {
		list = append(list, fmt.Sprintf("%s:%d", f.RuleID, f.Location.Line))
	}
	return strings.Join(list, " ")
}

// same compares findings, with clear secrets.
func same(a, b []Finding) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Secret.Reveal() != b[i].Secret.Reveal() || !reflect.DeepEqual(a[i], b[i]) {
			return false
		}
	}
	return true
}

func utf16le(s string) string {
	var b bytes.Buffer
	for _, r := range s {
		if r > 0xFFFF {
			r -= 0x10000
			for _, u := range []rune{0xD800 + r>>10, 0xDC00 + r&0x3FF} {
				b.Write([]byte{byte(u), byte(u >> 8)})
			}
			continue
		}
		b.Write([]byte{byte(r), byte(r >> 8)})
	}
	return b.String()
}
