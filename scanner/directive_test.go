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
