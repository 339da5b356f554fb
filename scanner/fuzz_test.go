package scanner

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner/decode"
)

// FuzzScan: the size of windows never changes findings; a finding's span holds
// its secret; no line shows a secret of the file; everything is old if the
// file was there before, and new if nothing was.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		"", "TOK-aaaa", "x\r\nBEGIN BLOCK\r\nab\r\nEND BLOCK", "pass=TOK-aaaa # cork:allow rule=tok", "é\xff TOK-aaaa pass=aé😀b",
		"pragma: allowlist nextline secret\nTOK-aaaa\nTOK-aaaa TOK-bbbb pass=aaa UNS-aaaaaa",
		"\xFF\xFE" + utf16le("TOK-aaaa 😀\npass=abc"), utf16le("pass=abc cork:allow\nTOK-aaaa"), "\xFF\xFETOK-aaaa",
		"0 SCR-000\x000\x00 \x00K\x00I\x00D\x00-\x000\x000", "HST-aa SCR-aaaa KID-aa\nSCR-bbbb KID-aa cork:allow HST-bb WEA-aaaa\n\n\nWEA-aaaa HST-SCR-aaaa", "\xFF\xFE" + utf16le("HST-aa\n😀SCR-aaaa KID-aa"),
		"TOK-aaaa \x1b[31m\u202e gitleaks:allow-x cork:allow-next-line\n pass=abcdefghijklmnopqrst1234",
		inBase64("x TOK-aaaa y pass=abcdef z"), inBase64(inBase64("x TOK-aaaa y pass=abcdef z")), inHex(inBase64("TOK-aaaa pass=abcd")),
		inJSON("TOK-aaaa") + " " + inPercent("pass=abcd TOK-aaaa") + " TOK-bbbb " + inHTML("pass=ab,cd"), "\n" + inBase64("pass=abcdefghijkl") + " cork:allow",
		"cork:allow-start\nTOK-aaaa\ncork:allow-start rule=pass\npass=abc TOK-bbbb\ncork:allow-end\ncork:allow-end TOK-cccc\nTOK-dddd\n# cork:allow-start\nTOK-eeee",
		"\n\n# cork:allow-file rule=tok reason=x\nTOK-aaaa pass=abcd", "\n\n\n\n\n\n\n\n\n\n\ncork:allow-file\nTOK-aaaa",
		"/* secretlint-disable */TOK-aaaa\n/* secretlint-enable */TOK-bbbb\nTOK-cccc // secretlint-disable-line @secretlint/secretlint-rule-tok\nTOK-dddd ggignore trufflehog:ignore",
		"# secretlint-disable\nTOK-aaaa", "\xFF\xFE" + utf16le("cork:allow-start\nTOK-aaaa\ncork:allow-end\nTOK-bbbb"), "pass=cork:allow-start TOK-aaaa\ncork:allow-end",
		"\xff" + utf16le("TOK-aaaa pass=abcd") + "\xff", inBase64(utf16le("TOK-aaaa pass=abcd")), "pass=" + inBase64("pass=abcdefg TOK-aaaa"),
	} {
		f.Add([]byte(seed), uint16(0), uint16(0), uint8(5))
		f.Add([]byte(seed), uint16(7), uint16(3000), uint8(1))
		f.Add([]byte(seed), uint16(3), uint16(1500), uint8(200))
	}
	set := testSet(f)
	whole := New(set, Options{Workers: 1})
	f.Fuzz(func(t *testing.T, data []byte, at, pad uint16, window uint8) {
		// What is cut by windows lies far from the edges of the content.
		i := int(at) % (len(data) + 1)
		content := string(data[:i]) + strings.Repeat(" z", int(pad)%4096) + string(data[i:])
		want, errs, wantSum := scanAll(t, whole, source(blob("f", content)))
		if len(errs) > 0 {
			t.Fatalf("Scan(%q): %v", content, errs)
		}
		pieces := New(set, Options{Workers: 1, Window: 1 + int(window)})
		b := blob("f", content)
		b.Before = before("")
		got, _, gotSum := scanAll(t, pieces, source(b))
		if !slices.Equal(gotSum.IdleComments, wantSum.IdleComments) {
			t.Errorf("Scan(%q) in windows of %d warns of %q, want %q", content, 1+int(window), gotSum.IdleComments, wantSum.IdleComments)
		}
		if !same(got, want) || gotSum.Suppressed != wantSum.Suppressed {
			t.Errorf("Scan(%q) in windows of %d = %s (%d suppressed), want %s (%d)", content, 1+int(window), brief(got), gotSum.Suppressed, brief(want), wantSum.Suppressed)
		}
		b.Before = before("other\n", content)
		if old, _, sum := scanAll(t, pieces, source(b)); len(old) > 0 || sum.Suppressed > 0 {
			t.Errorf("Scan(%q) after the same = %s", content, brief(old))
		}
		for _, fd := range want {
			checkFinding(t, content, &fd, want)
		}
		if wantSum.Suppressed == 0 {
			checkPlain(t, set, content, want)
		}
	})
}

func checkFinding(t *testing.T, content string, fd *Finding, all []Finding) {
	t.Helper()
	l := fd.Location
	if l.Start < 0 || l.End <= l.Start || l.End > int64(len(content)) {
		t.Fatalf("a finding of %q is at [%d:%d]", content, l.Start, l.End)
	}
	part := []byte(content[l.Start:l.End])
	enc, _ := decode.Detect([]byte(content))
	if secret := fd.Secret.Reveal(); fd.Encoding == "" && string(part) != secret {
		if again := decodeAs(enc, part); !enc.Wide() || again != secret {
			t.Errorf("a finding of %q is at [%d:%d], where %q stands, not %q", content, l.Start, l.End, part, secret)
		}
	}
	if l.Line < 1 || l.Column < 1 || l.EndLine < l.Line || l.EndLine == l.Line && l.EndColumn < l.Column {
		t.Errorf("a finding of %q is at %+v", content, l)
	}
	if !utf8.ValidString(fd.Line) || strings.ContainsAny(fd.Line, "\n\r\x1b\u202e") || utf8.RuneCountInString(fd.Line) > lineChars {
		t.Errorf("a finding of %q has the line %q", content, fd.Line)
	}
	secrets := make(map[string]bool)
	for _, other := range all {
		secrets[other.Secret.Reveal()] = true
		for _, p := range other.Parts {
			stands := content[p.Location.Start:p.Location.End]
			inUTF16 := strings.Contains(strings.ReplaceAll(stands, "\x00", ""), p.Value.Reveal())
			if at := p.Location; p.Value.Reveal() != decodeAs(enc, []byte(stands)) && p.Value.Reveal() != stands && !inUTF16 {
				t.Errorf("a part of a finding of %q is at [%d:%d], where %q is not", content, at.Start, at.End, p.Value.Reveal())
			}
			if !p.Identifier {
				secrets[p.Value.Reveal()] = true
			}
		}
	}
	for secret := range secrets {
		if plain(secret) || strings.Contains(masked, secret) || strings.Contains(ellipsis, secret) {
			continue
		}
		// What is cut out in the middle cannot join to a secret by itself.
		if strings.Contains(fd.Line, secret) && !strings.ContainsAny(secret, "*…\uFFFD") {
			t.Errorf("a finding of %q has the line %q, which shows %q", content, fd.Line, secret)
		}
	}
}

// checkPlain checks that what stands in a content as it is was found, or at its
// place something that it decodes to.
func checkPlain(t *testing.T, set *rules.Set, content string, found []Finding) {
	t.Helper()
	if enc, mark := decode.Detect([]byte(content)); enc.Wide() || mark > 0 {
		return
	}
	for _, m := range set.Match("f", []byte(content)) {
		start, end := secretSpan(&m)
		if m.Confidence >= rules.ConfidenceMedium && !slices.ContainsFunc(found, func(f Finding) bool {
			return f.Location.Start < int64(end) && f.Location.End > int64(start)
		}) {
			t.Errorf("Scan(%q) = %s, without the %s at [%d:%d)", content, brief(found), m.Rule.ID, start, end)
		}
	}
}

func decodeAs(enc decode.Encoding, part []byte) string {
	mark := map[decode.Encoding]string{
		decode.UTF16LE: "\xFF\xFE", decode.UTF16BE: "\xFE\xFF",
		decode.UTF32LE: "\xFF\xFE\x00\x00", decode.UTF32BE: "\x00\x00\xFE\xFF",
	}[enc]
	var text bytes.Buffer
	text.ReadFrom(decode.NewReader(strings.NewReader(mark + string(part))))
	return text.String()
}
