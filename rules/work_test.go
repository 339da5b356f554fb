package rules_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// TestWork: however often keywords stand in a content, expressions are run over
// so many bytes for each of its bytes and no more.
func TestWork(t *testing.T) {
	set := mustCompile(t, rules.Builtin())
	const n = 1 << 18
	for _, piece := range []string{
		"eyJ", "kind: Secret\n", "curl -u a ", "password=", "token ", "http://a:b@", "-----BEGIN ", "key\n", "sk-", "AKIA", "secret = ", `\"key\": \"`,
		"user x identified by ", "server=a;password=", "github token ", "mailgun key ", "xox", "{{", "\x00", "é",
	} {
		taken, over := rules.StepsForTest(set, "f.txt", []byte(strings.Repeat(piece, n/len(piece))))
		total := 0
		for _, b := range taken {
			total += b
		}
		if limit := 250 * n; total > limit {
			t.Errorf("in %q again and again, expressions take %d steps for each byte, want at most %d", piece, total/n, limit/n)
		}
		if len(over) > 8 {
			t.Errorf("in %q again and again, %d rules take more steps than they may: %q", piece, len(over), over)
		}
	}
}

// TestKeywordsEverywhere: a rule that takes more steps than it may take still
// finds what there is.
func TestKeywordsEverywhere(t *testing.T) {
	set := mustCompile(t, []rules.Rule{{
		ID: "far", Description: "far", Severity: 1, Confidence: rules.ConfidenceHigh,
		Regex: `\bkey[a-z ]*?=([0-9a-f]{8})\b`, Group: 1, Keywords: []string{"key"}, Span: 3000,
	}})
	filler := strings.Repeat("key ", 5_000)
	more := strings.Repeat(strings.Repeat("key ", 1_000)+"=3badf00d\n", 5)
	content := []byte(filler + "=0badf00d\n" + filler + "=1badf00d\n" + filler + "= key =2badf00d\n" + more + filler + "=4badf00d\n" + filler)
	taken, over := rules.StepsForTest(set, "f", content)
	if len(over) != 1 {
		t.Fatalf("the rule's expression took %v steps, which are not too many: the test is of no use", taken)
	}
	for _, pieces := range []int{1, 3, 10} {
		found := map[string]bool{}
		for i := range pieces {
			from, to := len(content)*i/pieces, len(content)*(i+1)/pieces
			for _, m := range set.Find("f", content, from, to, true, true) {
				found[string(content[m.SecretStart:m.SecretEnd])] = true
			}
		}
		for _, want := range []string{"0badf00d", "1badf00d", "2badf00d", "3badf00d", "4badf00d"} {
			if !found[want] {
				t.Errorf("Find in %d pieces = %v, without %s", pieces, found, want)
			}
		}
	}
	if n := bytes.Count(content, []byte("key")); n < 25_000 {
		t.Errorf("%d keywords in the content", n)
	}
}
