package scanner

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/rules"
)

// judged renders judgements as "rule@line:column outcome (why)".
func judged(js []Judgement) string {
	var b strings.Builder
	for _, j := range js {
		fmt.Fprintf(&b, "%s@%d:%d %s", j.RuleID, j.Location.Line, j.Location.Column, j.Outcome)
		if j.Why != "" {
			fmt.Fprintf(&b, " (%s)", j.Why)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func judgeScanner(t testing.TB, opts Options) *Scanner {
	t.Helper()
	rs := append(slices.Concat(testRules(), partRules()), rules.Rule{
		ID: "tok-even", Description: "even thing", Provider: "Example", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh,
		Regex: `\bTOK-[a-z0-9]{8}\b`, Keywords: []string{"TOK-"}, MinEntropy: 2,
	})
	set, err := rules.Compile(rs)
	if err != nil {
		t.Fatal(err)
	}
	return New(set, opts)
}

func TestJudge(t *testing.T) {
	allow, err := NewAllowlist([]AllowEntry{{Reason: "made up", StopWords: []string{"madeup"}}}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path, content string
		opts                Options
		want                string
	}{
		{"reported", "a.txt", "x\n  TOK-abcde\n", Options{}, "tok@2:3 reported\n"},
		{"dropped and overruled", "a.txt", "TOK-aaaaaaab\nTOK-abcdefgh", Options{},
			"tok@1:1 reported\n" +
				"tok-even@1:1 dropped (1.9 bits per character where 2.0 are needed)\n" +
				"tok@2:1 overruled (the rule tok-even says more about the same place)\n" +
				"tok-even@2:1 reported\n"},
		{"unsure", "a.txt", "UNS-abcdef", Options{}, "unsure@1:1 low-confidence (its confidence is low, and what is reported has at least medium)\n"},
		{"sure enough", "a.txt", "UNS-abcdef", Options{MinConfidence: rules.ConfidenceLow}, "unsure@1:1 reported\n"},
		{"comment", "a.txt", "TOK-abcde # cork:allow\nTOK-abcdf # cork:allow rule=other", Options{},
			"tok@1:1 allowed-inline (a comment allows it (a.txt:1))\ntok@2:1 reported\n"},
		{"comments not honoured", "a.txt", "TOK-abcde # cork:allow", Options{NoInline: true}, "tok@1:1 reported\n"},
		{"allowlist", "a.txt", "TOK-madeup1", Options{Allow: allow}, "tok@1:1 allowed (the allowlist has it: made up)\n"},
		{"path", "a/key.pem", "TOK-abcde", Options{}, "pem-file@1:1 reported\ntok@1:1 reported\n"},
		{"characters", "a.txt", "é☃\xff TOK-abcde", Options{}, "tok@1:5 reported\n"},
		{"UTF-16", "a.txt", "\xff\xfe" + utf16le("é\nTOK-abcde"), Options{}, "tok@2:1 reported\n"},
		{"many on a line", "a.txt", strings.Repeat("TOK-abcde ", 3), Options{}, "tok@1:1 reported\ntok@1:11 reported\ntok@1:21 reported\n"},
		{"parts", "a.txt", "KID-aa\nSCR-aaaa\n", Options{}, "kid@1:1 part (it is the key id of the scr thing on line 2)\nscr@2:1 reported\n"},
		{"a part of nothing", "a.txt", "HST-aa", Options{},
			"hst@1:1 dropped (an identifier beside nothing that it opens)\n"},
		{"nothing without its part", "a.txt", "WEA-aaaa", Options{},
			"weak@1:1 dropped (no host near it)\n"},
		{"encoded", "a.txt", "x: " + base64.StdEncoding.EncodeToString([]byte("a longer text with TOK-abcde in it")), Options{}, "tok@1:29 reported\n"},
		{"in an archive", "a.zip", zipped(t, packed{"x", "TOK-madeup1", "y", "TOK-abcde"}), Options{Allow: allow},
			"tok@1:1 allowed (the allowlist has it: made up)\ntok@1:1 reported\n"},
		{"nothing", "a.txt", "nothing\n", Options{}, ""},
		{"empty", "a.txt", "", Options{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := judgeScanner(t, tt.opts)
			b := blob(tt.path, tt.content)
			b.Before = before(tt.content) // every line is taken for new
			js, err := s.Judge(t.Context(), b)
			if got := judged(js); err != nil || got != tt.want {
				t.Errorf("Judge(%q) = %v\n%swant\n%s", tt.content, err, got, tt.want)
			}
			for _, j := range js {
				bare := j.Outcome == OutcomeDropped || j.Outcome == OutcomeOverruled || j.Outcome == OutcomePart
				if bare != (j.Fingerprint == "") {
					t.Errorf("%s of %q has fingerprint %q", j.RuleID, j.Outcome, j.Fingerprint)
				}
			}
		})
	}
}

func TestJudgeErrors(t *testing.T) {
	s := judgeScanner(t, Options{})
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		blob Blob
		want error
	}{
		"too large": {Blob{Path: "a", Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(io.LimitReader(zeros{}, MaxJudged+1)), nil
		}}, ErrTooLarge},
		"cannot be opened": {Blob{Path: "a", Open: func(context.Context) (io.ReadCloser, error) { return nil, broken }}, broken},
		"skipped":          {Blob{Path: "a", Skip: SkipSymlink}, &SkipError{SkipSymlink}},
	} {
		js, err := s.Judge(t.Context(), tt.blob)
		var blob *BlobError
		if !errors.As(err, &blob) || blob.Path != "a" || !errors.Is(err, tt.want) && err.Error() != "a: "+tt.want.Error() || js != nil {
			t.Errorf("%s: Judge() = %v, %v, want %v", name, js, err, tt.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Judge(ctx, blob("a", "TOK-abcde")); !errors.Is(err, context.Canceled) {
		t.Errorf("Judge() after an interruption = %v, want %v", err, context.Canceled)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// FuzzJudge holds Judge to Scan: what it calls reported is what is reported.
func FuzzJudge(f *testing.F) {
	for _, s := range []string{
		"TOK-abcdefgh TOK-aaaa\npass=x1y2z3 # cork:allow\nUNS-abcdef", "\xff\xfe" + utf16le("é\nTOK-abcde"), "BEGIN BLOCK\nabc\nEND BLOCK pass=TOK-abcdefgh",
		"pass=\xe2\x98TOK-abcd", "# cork:allow-next-line\nTOK-abcd pass=TOK-abcdefgh,",
	} {
		f.Add([]byte(s))
		f.Add([]byte(base64.StdEncoding.EncodeToString([]byte(s))))
		f.Add([]byte(zipped(f, packed{"x", s, "y.pem", s})))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		s := judgeScanner(t, Options{Workers: 1})
		b := blob("a.pem", string(content))
		js, err := s.Judge(t.Context(), b)
		var got []Finding
		for _, j := range js {
			if j.Outcome == OutcomeReported {
				got = append(got, j.Finding)
			}
			if j.Outcome == "" {
				t.Errorf("Judge(%q) does not say what becomes of %s", content, j.RuleID)
			}
		}
		want, errs, _ := scanAll(t, s, source(b))
		if (err != nil) != (len(errs) > 0) {
			t.Errorf("Judge(%q) = %v, want the errors of Scan: %q", content, err, errs)
		}
		if !same(got, want) {
			t.Errorf("Judge(%q) reports\n%swant\n%s", content, brief(got), brief(want))
		}
	})
}
