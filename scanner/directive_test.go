package scanner

import (
	"fmt"
	"strings"
	"testing"
)

func TestDirectives(t *testing.T) {
	tests := []struct {
		name, content string
		allowed       int
		want          string
	}{
		{"on the line", "TOK-aaaa # cork:allow\nTOK-bbbb\n", 1, "tok:2"},
		{"before the secret", "/* cork:allow */ TOK-aaaa\n", 1, ""},
		{"with other words", "TOK-aaaa # see cork:allow: it is made up\n", 1, ""},
		{"in an HTML comment", "TOK-aaaa <!--cork:allow-->\n", 1, ""},
		{"rule", "TOK-aaaa pass=abc # cork:allow rule=pass\n", 1, "tok:1"},
		{"rules", "TOK-aaaa pass=abc # cork:allow rule=pass,tok reason=both\n", 2, ""},
		{"rule twice", "TOK-aaaa pass=abc # cork:allow rule=pass rule=tok\n", 2, ""},
		{"another rule", "TOK-aaaa # cork:allow rule=toke\n", 0, "tok:1"},
		{"rule without id", "TOK-aaaa # cork:allow rule=\n", 0, "tok:1"},
		{"rule in the reason", "TOK-aaaa # cork:allow reason=not rule=pass\n", 1, ""},
		{"rule before a comment's end", "/* cork:allow rule=tok*/TOK-aaaa\n", 1, ""},
		{"two directives", "TOK-aaaa pass=abc # cork:allow rule=pass cork:allow rule=tok\n", 2, ""},
		{"next line", "# cork:allow-next-line\nTOK-aaaa\nTOK-bbbb\n", 1, "tok:3"},
		{"next line is not this line", "TOK-aaaa # cork:allow-next-line\nTOK-bbbb\n", 1, "tok:1"},
		{"next line, rule", "# cork:allow-next-line rule=pass reason=x\nTOK-aaaa pass=abc\n", 1, "tok:2"},
		{"next line, crlf", "# cork:allow-next-line\r\nTOK-aaaa\r\n", 1, ""},
		{"next line but one", "# cork:allow-next-line\n\nTOK-aaaa\n", 0, "tok:3"},
		{"gitleaks", "TOK-aaaa # gitleaks:allow\n", 1, ""},
		{"pragma", "TOK-aaaa # pragma: allowlist secret\n", 1, ""},
		{"pragma next line", "# pragma: allowlist nextline secret\nTOK-aaaa\n", 1, ""},
		{"pragma in other forms", "TOK-aaaa # pragma:whitelist secret\nTOK-bbbb # pragma: allowlist-secret\n# pragma: whitelist-nextline-secret\nTOK-cccc\n", 3, ""},
		{"other tools", "TOK-aaaa # betterleaks:allow\nTOK-bbbb # trufflehog:ignore\nTOK-cccc # ggignore\nTOK-dddd // secretlint-disable-line\n// secretlint-disable-next-line\nTOK-eeee\n", 5, ""},
		{"other tools' other words", "TOK-aaaa trufflehog:ignored\nTOK-bbbb eggignore\nTOK-cccc ignore\nTOK-dddd secretlint-disabled\nTOK-eeee secretlint-rules\nTOK-ffff pragma: once\nTOK-gggg pragma: allowlist nextline\n", 0, "tok:1 tok:2 tok:3 tok:4 tok:5 tok:6 tok:7"},
		{"secretlint's rules", "TOK-aaaa pass=abc // secretlint-disable-line @secretlint/secretlint-rule-aws, @secretlint/secretlint-rule-tok\nTOK-bbbb // secretlint-disable-line @secretlint/secretlint-rule-preset-recommend\n", 1, "tok:1 pass:1"},
		{"secretlint's rules, some", "TOK-aaaa WEA-aaaa HST-aa // secretlint-disable-line @secretlint/secretlint-rule-tok\n", 0, "tok:1 weak:1"},
		{"block", "TOK-aaaa\n# cork:allow-start\nTOK-bbbb\npass=abc\n# cork:allow-end\nTOK-cccc\n", 2, "tok:1 tok:6"},
		{"block, its own lines", "TOK-aaaa # cork:allow-start\nTOK-bbbb # cork:allow-end\nTOK-cccc\n", 2, "tok:3"},
		{"block of a rule", "# cork:allow-start rule=pass reason=x\nTOK-bbbb\npass=abc\n# cork:allow-end\n", 1, "tok:2"},
		{"blocks in blocks", "cork:allow-start rule=pass\ncork:allow-start rule=tok\nTOK-aaaa pass=abc\ncork:allow-end\nTOK-bbbb pass=abd\ncork:allow-end\npass=abe\n", 3, "tok:5 pass:7"},
		{"block without an end", "# cork:allow-start\nTOK-bbbb\n", 0, "tok:2"},
		{"block without a beginning", "TOK-bbbb\n# cork:allow-end\n", 0, "tok:1"},
		{"all of it in the block", "cork:allow-start\nBEGIN BLOCK\naa\nEND BLOCK cork:allow-end\n", 1, ""},
		{"not all of it in the block", "BEGIN BLOCK\naa\nEND BLOCK cork:allow-start\ncork:allow-end\n", 0, "block:1"},
		{"block that begins in the secret", "pass=cork:allow-start TOK-aaaa\ncork:allow-end\n", 1, "pass:1"},
		{"block over many lines", "cork:allow-start\n" + strings.Repeat("TOK-aaaa\n", 500) + "cork:allow-end\nTOK-bbbb\n", 500, "tok:503"},
		{"block of secretlint", "/* secretlint-disable */\nTOK-aaaa\n/* secretlint-enable */\nTOK-bbbb\n", 1, "tok:4"},
		{"block of another tool does not end it", "cork:allow-start\nTOK-aaaa\nsecretlint-enable\n", 0, "tok:2"},
		{"secretlint-disable without an end", "/* x */\n/* secretlint-disable */\nTOK-aaaa\n", 1, ""},
		{"secretlint-disable without an end, further down", strings.Repeat("x\n", 10) + "/* secretlint-disable */\nTOK-aaaa\n", 0, "tok:12"},
		{"file", "TOK-aaaa\n# cork:allow-file reason=made up\n" + strings.Repeat("x\n", 500) + "TOK-bbbb pass=abc\n", 3, ""},
		{"file, a rule", "# cork:allow-file rule=tok\nTOK-bbbb pass=abc\n", 1, "pass:2"},
		{"file, too late", strings.Repeat("x\n", 10) + "# cork:allow-file\nTOK-bbbb\n", 0, "tok:12"},
		{"file, on the last line that counts", strings.Repeat("x\n", 9) + "# cork:allow-file\nTOK-bbbb\n", 1, ""},
		{"words that go on", "cork:allow-starts\nTOK-aaaa\ncork:allow-end\ncork:allow-file-x\ncork:allow-start-end\nTOK-bbbb\ncork:allow-end\n", 0, "tok:2 tok:6"},
		{"pragma of another kind", "TOK-aaaa # pragma: allowlist secrets\nTOK-bbbb # pragma: allowlist\n", 0, "tok:1 tok:2"},
		{"other words", "TOK-aaaa cork:allowed\nTOK-bbbb cork:allow-list\nTOK-cccc notcork:allow\nTOK-dddd cork:allow_x\nTOK-eeee Cork:allow\nTOK-ffff x-cork:allow\nTOK-gggg gitleaks:allow-next\nTOK-hhhh spoon:allow\n",
			0, "tok:1 tok:2 tok:3 tok:4 tok:5 tok:6 tok:7 tok:8"},
		{"in the secret", "pass=a-#cork:allow-#b\n", 0, "pass:1"},
		{"in the secret and behind it", "pass=a/cork:allow/b # cork:allow\n", 1, ""},
		{"in one secret, for another", "pass=a/cork:allow/b TOK-aaaa\n", 1, "pass:1"},
		{"on any line of a block", "BEGIN BLOCK # cork:allow\naa\nEND BLOCK\nBEGIN BLOCK\naa\nEND BLOCK # cork:allow\n", 1, ""},
		{"before a block", "# cork:allow-next-line\nBEGIN BLOCK\naa\nEND BLOCK\n", 1, ""},
		{"behind a block", "BEGIN BLOCK\naa\nEND BLOCK\n# cork:allow\n", 0, "block:1"},
		{"at the end of a wide line", "TOK-aaaa" + strings.Repeat(" wide", 3000) + " cork:allow\nTOK-bbbb\n", 1, "tok:2"},
		{"at the start of a wide line", "cork:allow" + strings.Repeat(" wide", 3000) + "TOK-aaaa TOK-aaab\nTOK-bbbb\n", 1, "tok:2"},
		{"above a wide line", "cork:allow-next-line\n" + strings.Repeat("wide ", 3000) + "TOK-aaaa\nTOK-bbbb\n", 1, "tok:3"},
		{"many on a line", strings.Repeat("cork:allow ", 3000) + "TOK-aaaa\nTOK-bbbb\n", 1, "tok:2"},
		{"many lines", strings.Repeat("x cork:allow\n", 30_000) + "TOK-aaaa cork:allow\nTOK-bbbb\n" + strings.Repeat("x cork:allow\n", 3000), 1, "tok:30002"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, window := range []int{0, 500} {
				s := New(testSet(t), Options{Window: window})
				fs, _, sum := scanAll(t, s, source(blob("f", tt.content)))
				if got := ids(fs); got != tt.want || sum.Suppressed != tt.allowed {
					t.Errorf("window %d: Scan(%.60q) = %q, %d suppressed, want %q, %d", window, tt.content, got, sum.Suppressed, tt.want, tt.allowed)
				}
			}
		})
	}
}

func TestNoInline(t *testing.T) {
	fs, _, sum := scanAll(t, New(testSet(t), Options{NoInline: true}), source(blob("f", "TOK-aaaa cork:allow\n")))
	if len(fs) != 1 || sum.Suppressed != 0 {
		t.Errorf("Scan with NoInline found %d, suppressed %d", len(fs), sum.Suppressed)
	}
}

func TestDirectivesAreBounded(t *testing.T) {
	var ds directives
	for i := range 3 * maxDirectives {
		ds.add(directive{start: i, rules: []string{fmt.Sprint(i)}}, 1)
	}
	if n := len(ds.kept); n != maxDirectives {
		t.Errorf("%d directives are kept, want %d", n, maxDirectives)
	}
}

// TestWarnings: comments that were meant to allow something, and do not, are told of.
func TestWarnings(t *testing.T) {
	tests := []struct{ name, content, want string }{
		{"none", "cork:allow-start\nTOK-aaaa\ncork:allow-end\nTOK-bbbb\n", ""},
		{"no end", "\ncork:allow-start\nTOK-aaaa\n", "f:2: cork:allow-start allows nothing: there is no cork:allow-end for it"},
		{"no end, nothing to allow", "cork:allow-start\nnothing\n", ""},
		{"no end, for another rule", "cork:allow-start rule=pass\nTOK-aaaa\n", ""},
		{"no end for one of two", "cork:allow-start\nTOK-aaaa\ncork:allow-start\ncork:allow-end\n", "f:1: cork:allow-start allows nothing: there is no cork:allow-end for it"},
		{"allowed otherwise", "cork:allow-start\nTOK-aaaa cork:allow\n", ""},
		{"allowed by the allowlist", "cork:allow-start\nTOK-allowed\n", ""},
		{"secretlint", strings.Repeat("x\n", 10) + "secretlint-disable\nTOK-aaaa\n", "f:11: secretlint-disable allows nothing: there is no secretlint-enable for it"},
		{"too late", strings.Repeat("x\n", 10) + "TOK-aaaa\ncork:allow-file\n", "f:12: cork:allow-file allows nothing: it is not on one of the first 10 lines"},
	}
	allow, err := NewAllowlist([]AllowEntry{{Reason: "x", StopWords: []string{"allowed"}}}, day(2026, 5, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		for _, window := range []int{0, 5} {
			_, _, sum := scanAll(t, New(testSet(t), Options{Window: window, Allow: allow}), source(blob("f", tt.content)))
			if got := strings.Join(sum.IdleComments, "; "); got != tt.want {
				t.Errorf("%s: window %d: Scan(%q) warns of %q, want %q", tt.name, window, tt.content, got, tt.want)
			}
		}
	}
}

func TestBlocksAreBounded(t *testing.T) {
	content := strings.Repeat("cork:allow-start\nTOK-aaaa\ncork:allow-end\n", maxBlocks+1)
	for _, window := range []int{0, 500} {
		fs, _, sum := scanAll(t, New(testSet(t), Options{Window: window}), source(blob("f", content)))
		if len(fs) != 1 || sum.Suppressed != maxBlocks {
			t.Errorf("window %d: of so many blocks %d findings were reported, %d allowed", window, len(fs), sum.Suppressed)
		}
		deep := strings.Repeat("cork:allow-start\n", maxBlocks+5) + "TOK-aaaa\n" + strings.Repeat("cork:allow-end\n", maxBlocks+4) + "TOK-bbbb\ncork:allow-end\nTOK-cccc\n"
		fs, _, _ = scanAll(t, New(testSet(t), Options{Window: window}), source(blob("f", deep)))
		if got := ids(fs); got != "tok:2013" {
			t.Errorf("window %d: blocks in blocks leave %s", window, got)
		}
	}
}

func BenchmarkFindDirectives(b *testing.B) {
	text := []byte(strings.Repeat("func (p *pass) ignore(s string) error { // pragmatic: it is simple, isn't it?\n\treturn p.settings.ignored[s] + \":all\"\n}\n", 10_000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if len(findDirectives(text, 0, len(text))) > 0 {
			b.Fatal("there are none")
		}
	}
}

// TestDirectivesElsewhere: comments count in text of any encoding, and in an archive
// for the entry that they are in.
func TestDirectivesElsewhere(t *testing.T) {
	block := "TOK-aaaa\n# cork:allow-start reason=x\nTOK-bbbb\n# cork:allow-end\nTOK-cccc\n"
	for _, tt := range []struct {
		name, path, content, want string
		allowed                   int
	}{
		{"UTF-16", "f", "\xFF\xFE" + utf16le(block), "tok:1 tok:5", 1},
		{"UTF-16, the file", "f", "\xFF\xFE" + utf16le("# cork:allow-file\n"+block), "", 3},
		{"entries", "f.zip", zipped(t, packed{"a", block, "b", "# cork:allow-file\nTOK-dddd", "c", "TOK-eeee"}), "tok:1 tok:5 tok:1", 2},
		{"a block over entries", "f.zip", zipped(t, packed{"a", "# cork:allow-start\nTOK-aaaa", "b", "TOK-bbbb\n# cork:allow-end"}), "tok:2 tok:1", 0},
	} {
		for _, window := range []int{0, 7} {
			fs, errs, sum := scanAll(t, New(testSet(t), Options{Window: window}), source(blob(tt.path, tt.content)))
			if got := ids(fs); got != tt.want || sum.Suppressed != tt.allowed || len(errs) > 0 {
				t.Errorf("%s, window %d: %q, %d suppressed, %v, want %q, %d", tt.name, window, got, sum.Suppressed, errs, tt.want, tt.allowed)
			}
		}
	}
}
