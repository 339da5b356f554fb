package scanner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// grouped renders findings as "rule:line(part:line ...)".
func grouped(fs []Finding) string {
	var list []string
	for _, f := range fs {
		s := fmt.Sprintf("%s:%d", f.RuleID, f.Location.Line)
		var parts []string
		for _, p := range f.Parts {
			parts = append(parts, fmt.Sprintf("%s:%d", p.Name, p.Location.Line))
		}
		if len(parts) > 0 {
			s += "(" + strings.Join(parts, " ") + ")"
		}
		list = append(list, s)
	}
	return strings.Join(list, " ")
}

func TestScanParts(t *testing.T) {
	for _, tt := range []struct {
		name, content, before string // before: "" is no old version
		want                  string
		suppressed            int
	}{
		{"a pair", "KID-aa\nSCR-aaaa\n", "", "scr:2(key id:1)", 0},
		{"all", "HST-aa\nSCR-aaaa\nKID-aa\n", "", "scr:2(key id:3 host:1)", 0},
		{"an id alone", "KID-aa HST-aa\n", "", "kid:1", 0},
		{"an identifier alone", "HST-aa\n", "", "", 0},
		{"weak with its host", "HST-aa\nWEA-aaaa\n", "", "weak:2(host:1)", 0},
		{"weak without", "HST-aa\n\n\nWEA-aaaa\n", "", "", 0},
		{"a host far away", "HST-aa\n" + strings.Repeat("word and word\n", 500) + "SCR-aaaa", "", "scr:502(host:1)", 0},
		{"a host too far away", "HST-aa\n" + strings.Repeat("word and word\n", 600) + "SCR-aaaa", "", "scr:602", 0},
		{"a host far behind", "SCR-aaaa" + strings.Repeat("word and word\n", 500) + "HST-aa", "", "scr:1(host:501)", 0},

		{"new secret, old id", "KID-aa\nSCR-aaaa\n", "KID-aa\n", "scr:2(key id:1)", 0},
		{"old secret, new id", "KID-aa\nSCR-aaaa\n", "SCR-aaaa\n", "kid:1", 0},
		{"old secret, new identifier", "HST-aa\nSCR-aaaa\n", "SCR-aaaa\n", "", 0},
		{"old pair", "KID-aa\nSCR-aaaa\nx\n", "KID-aa\nSCR-aaaa\n", "", 0},
		{"old weak, new host", "HST-aa\nWEA-aaaa\n", "WEA-aaaa\n", "weak:2(host:1)", 0},
		{"new weak, old host", "HST-aa\nWEA-aaaa\n", "HST-aa\n", "weak:2(host:1)", 0},
		{"old weak, old host", "HST-aa\nWEA-aaaa\nHST-bb", "HST-aa\nWEA-aaaa\n", "", 0},

		{"the secret is allowed", "KID-aa\nSCR-aaaa # cork:allow\n", "", "", 1},
		{"the id is allowed", "KID-aa # cork:allow\nSCR-aaaa\n", "", "scr:2(key id:1)", 0},
		{"utf-16", "\xFF\xFE" + utf16le("KID-aa\n😀SCR-aaaa\n"), "", "scr:2(key id:1)", 0},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			for _, window := range []int{0, 1, 7, 500} {
				b := blob("f", tt.content)
				if tt.before != "" {
					b.Before = before(tt.before)
				}
				fs, errs, sum := scanAll(t, New(testSet(t), Options{Window: window}), source(b))
				if got := grouped(fs); got != tt.want || sum.Suppressed != tt.suppressed || len(errs) > 0 {
					t.Errorf("Scan(%.80q) in windows of %d = %s, %d suppressed, errors %v, want %s, %d", tt.content, window, got, sum.Suppressed, errs, tt.want, tt.suppressed)
				}
			}
		})
	}
}

// TestScanPartDetails: where a part is, what it is, and what it may show.
func TestScanPartDetails(t *testing.T) {
	b := blob("dir/f", "é HST-aa\nid KID-aa SCR-aaaa\n")
	b.ID = "abc"
	fs, _, _ := scanAll(t, New(testSet(t), Options{}), source(b))
	if len(fs) != 1 || len(fs[0].Parts) != 2 {
		t.Fatalf("Scan = %s", grouped(fs))
	}
	f := fs[0]
	want := []Part{
		{"key id", "kid", Location{Path: "dir/f", Blob: "abc", Start: 13, End: 19, Line: 2, Column: 4, EndLine: 2, EndColumn: 9}, NewSecret("KID-aa"), "", false},
		{"host", "hst", Location{Path: "dir/f", Blob: "abc", Start: 3, End: 9, Line: 1, Column: 3, EndLine: 1, EndColumn: 8}, NewSecret("HST-aa"), "", true},
	}
	for i, p := range f.Parts {
		if p.Value.Reveal() != want[i].Value.Reveal() {
			t.Errorf("part %d has another value than %q", i, want[i].Value.Reveal())
		}
		p.Value = want[i].Value
		if p != want[i] {
			t.Errorf("part %d = %+v, want %+v", i, p, want[i])
		}
	}
	if f.Line != "id ******** ********" {
		t.Errorf("the line of the secret is %q", f.Line)
	}

	// Identifiers stand in the clear, and parts do not change the fingerprint.
	alone, _, _ := scanAll(t, New(testSet(t), Options{}), source(blob("dir/f", "HST-aa SCR-aaaa")))
	if len(alone) != 1 || alone[0].Line != "HST-aa ********" || alone[0].Fingerprint != f.Fingerprint {
		t.Errorf("Scan = %s with the line %q and the fingerprint %s, want that of %s", grouped(alone), alone[0].Line, alone[0].Fingerprint, f.Fingerprint)
	}
}

// TestScanManyIdentifiers: lists of what is no secret are no reason to give up,
// and of what stands in them nothing is lost.
func TestScanManyIdentifiers(t *testing.T) {
	var b strings.Builder
	for i := range 200_000 {
		if testing.Short() && i%50_000 > 2_000 {
			continue
		}
		fmt.Fprintf(&b, "HST-%06d\n", i)
		if i%50_000 == 777 {
			fmt.Fprintf(&b, "SCR-%06d\n", i)
		}
	}
	for _, window := range []int{0, 10_000} {
		s := New(testSet(t), Options{Window: window})
		fs, errs, _ := scanAll(t, s, source(blob("f", b.String())))
		if len(errs) > 0 || len(fs) != 4 {
			t.Fatalf("Scan in windows of %d = %d findings, errors %v, want 4", window, len(fs), errs)
		}
		for _, f := range fs {
			if len(f.Parts) != 1 || f.Parts[0].Location.Line != f.Location.Line-1 {
				t.Errorf("%s: want the host on the line before", grouped([]Finding{f}))
			}
		}
		w := s.worker()
		bl := blob("f", b.String())
		w.text.reset(&bl, 0, 0, false)
		kept := 0
		for rest := b.String(); rest != ""; {
			n := copy(w.text.space(), rest)
			w.text.commit(n)
			rest = rest[n:]
			kept = max(kept, len(w.text.hits))
		}
		if limit := 4*2*rules.MaxPartBytes/11 + 2*(w.s.margin+rules.MaxPartBytes)/11; kept > limit {
			t.Errorf("in windows of %d, %d hits are kept, want at most %d", window, kept, limit)
		}
	}
}
