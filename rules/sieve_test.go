package rules_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// TestSieve checks what is told without running the expression.
func TestSieve(t *testing.T) {
	const far = 4096
	hex := strings.Repeat("0a", 20)
	for _, tt := range []struct {
		regex, keyword, text string
		want                 bool
	}{
		{`\b(tok_[0-9a-f]{8})\b`, "tok_", "a tok_01234567 b", true},
		{`\b(tok_[0-9a-f]{8})\b`, "tok_", "a tok_0123456", false},
		{`\b(tok_[0-9a-f]{8})\b`, "tok_", "tok_0123456x tok", false},
		{`\b(tok_[0-9a-f]{8})\b`, "tok_", "a tok_x1234567 b", false},
		{`\b(tok_[0-9a-f]{8})\b`, "tok_", "atok_01234567 b", false},
		{`\btok\b.{0,9}z`, "tok", "token z", false},
		{`\btok\b.{0,9}z`, "tok", "tok: z", true},
		{`\btok\b.{0,9}z`, "tok", "tok: y", false},
		{`(?:^|[^a-z])tok[0-9]`, "tok", "atok1", false},
		{`(?:^|[^a-z])tok[0-9]`, "tok", "Atok1", true},
		{`(?i)acme.{0,20}?([0-9a-f]{40})`, "acme", "acme is a company" + strings.Repeat(" and", 20), false},
		{`(?i)acme.{0,20}?([0-9a-f]{40})`, "acme", "acme key " + hex, true},
		{`(?i)acme.{0,20}?([0-9a-f]{40})`, "acme", hex + " acme, and so on", false}, // it must stand behind
		{`\bcall\b.{0,40}\s(?:-u|--user) [a-z]`, "call", "call --user x", true},
		{`\bcall\b.{0,40}\s(?:-u|--user) [a-z]`, "call", "call me again, or call Bob", false},
		{`(?i)(?:acme|key for acme)[ =]{1,3}([0-9a-f]{40})`, "acme", "acme = " + hex, true},
		{`(?i)(?:acme|key for acme)[ =]{1,3}([0-9a-f]{40})`, "acme", "acme: " + hex, false},
		{`[a-z]{1,9}://[^/\s]{1,30}:[^/\s]{1,30}@`, "://", "see https://example.com/a@b", true}, // "/" is a matter for the expression
		{`[a-z]{1,9}://[^/\s]{1,30}:[^/\s]{1,30}@`, "://", "see https://example.com/ab and", false},
		{`(?:[0-9a-f]{2}:){15}[0-9a-f]{2}`, "00:", "00:" + strings.Repeat("1a:", 14) + "ff", true},
		{`(?:[0-9a-f]{2}:){15}[0-9a-f]{2}`, "00:", "00:1a:2b", false},
		{`é{2}(?i:key)[0-9]`, "key", "ééKEY1", true},
		{`é{2}(?i:key)[0-9]`, "key", "eékey1", true},
		{`é{2}(?i:key)[0-9]`, "key", "eekey1", false},
	} {
		text := []byte(tt.text)
		start := strings.Index(strings.ToLower(tt.text), tt.keyword)
		lo, hi, ok := rules.SieveForTest(tt.regex, []string{tt.keyword})(text, start, len(tt.keyword), far)
		matches := regexp.MustCompile(tt.regex).MatchString(tt.text)
		if ok != tt.want || matches && !ok || ok && (lo > start || hi < start+len(tt.keyword)) {
			t.Errorf("the sieve of %q at %q = %d, %d, %t, want %t", tt.regex, tt.text, lo, hi, ok, tt.want)
		}
	}
}

// FuzzSieve: a sieve lets through, with all of its bytes, whatever an
// expression matches, at one of the keywords in it.
func FuzzSieve(f *testing.F) {
	for _, r := range rules.Builtin() {
		if r.Regex == "" || len(r.Keywords) == 0 || r.Keys != "" || len(r.Match) == 0 {
			continue
		}
		if text, err := rules.Expand(r.Match[0], 0); err == nil && len(r.Regex)%5 == 0 {
			f.Add(r.Regex, r.Keywords[0], text)
		}
	}
	f.Add(`\b(tok_[0-9a-f]{4})\b`, "tok_", "x tok_01ab y")
	f.Add(`(?i)(?:s|k|é)\bkiss(?:$|[^a-z])`, "kiss", "\u212akiſs kiss")
	f.Add(`(?:^|a|(?:ab)*c)key\B.?(?:x|yy|)z{2,}`, "key", "abababckey\xffyyzzz")
	f.Add(`(?:xkey){3}`, "key", "x xkeyxkeyxkey")
	f.Add(`xk(?:ey|a){3}`, "key", "xkeyeya")
	f.Add(`(?:key|[a-z]{2,4} )(?:[0-9]{2}-){2}`, "key", "key11-22-")
	f.Add(`(?:token|api)[ :]{1,3}[a-z]{5}`, "token ", "api  token abcde token  tokenx")
	f.Add(`(?m)^(?:a*key|key:\s+\w+)$`, "key", "b\naakey\nkey: x\n")
	f.Add(`(?s)[^b]{0,3}(?:key|[a-z]{3})\W?.(?:key){2}`, "key", "éékey.keykey")
	f.Fuzz(func(t *testing.T, expr, keyword, text string) {
		re, err := regexp.Compile(expr)
		if err != nil || len(keyword) < 3 || len(keyword) > 64 || len(expr) > 1000 || len(text) > 4096 {
			return
		}
		low := lowerASCII(keyword)
		span := min(rules.MaxSpan, rules.MaxWidthForTest(expr))
		window := rules.SieveForTest(expr, []string{keyword})
		for _, m := range re.FindAllStringIndex(text, -1) {
			if m[1]-m[0] > span {
				continue
			}
			found, passed := false, false
			for start := m[0]; start+len(low) <= m[1]; start++ {
				if lowerASCII(text[start:start+len(low)]) != low {
					continue
				}
				found = true
				lo, hi, ok := window([]byte(text), start, len(low), span)
				passed = passed || ok && lo <= m[0] && hi >= m[1]
			}
			if found && !passed {
				t.Fatalf("%q matches %q, but the sieve for %q lets none of it through", expr, text[m[0]:m[1]], keyword)
			}
		}
	})
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
