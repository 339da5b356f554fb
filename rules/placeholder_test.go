package rules_test

import (
	"math/rand/v2"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

func TestIsPlaceholder(t *testing.T) {
	tests := []struct {
		secret   string
		keywords []string
		want     bool
	}{
		{"", nil, false},
		{"ghp_", []string{"ghp_"}, false},
		{"ghp_" + "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", []string{"ghp_"}, true},
		{"GHP_" + "0000000000000000", []string{"ghp_"}, true},
		{"tok_" + "abababababababab", []string{"tok_"}, true},
		{"tok_" + "abcabcabcabcabcabc", []string{"tok_"}, true},
		{"tok_" + "0123456789abcdef", []string{"tok_"}, true},
		{"tok_" + "1234567890abcdef1234567890abcdef", []string{"tok_"}, true},
		{"tok_" + "fedcba9876543210", []string{"tok_"}, true},
		{"tok_" + "abcdefghijklmnopqrstuvwxyz", []string{"tok_"}, true},
		{"tok_" + "ABCDEFGH-IJKLMNOP", []string{"tok_"}, true},
		{"tok_" + "k3Jq12345678wZ0pQm", []string{"tok_"}, false},
		{"tok_" + "k3Jq12345678901234567890wZ0pQmk3JqwZ0pQm", []string{"tok_"}, true},
		{"11111111-2222-1111-2222-111111111111", nil, true},
		{"k8Fp2Q9xLmZtRw4Y", nil, false},
		{"AKIA" + "QQExampleQQ", []string{"akia"}, true},
		{"sk-YOUR-KEY-goes", []string{"sk-"}, true},
		{"your_api_key_123", nil, true},
		{"<your-token>", nil, true},
		{"<token>abc", nil, true},
		{"${API_KEY}", nil, true},
		{"a${B}c", nil, true},
		{"{{ token }}", nil, true},
		{"$TOKEN", nil, true},
		{"iFqb4cROFCMY5YiRdd" + "UMmYMRAmEUtXe7", nil, false},
		{"k8Fp2Q9xLmDUMMYZtRw4Y", nil, true},
		{"k8Fp2Q9xLmDummyZtRw4Y", nil, true},
		{"yourApiKey8Fp2Q9xLm", nil, true},
		{"$ecret!4", nil, false},
		{"%TOKEN%", nil, true},
		{"%s", nil, true},
		{"100%safe", nil, false},
		{"[token]", nil, true},
		{"{your token}", nil, true},
		{"{k8Fp2Q9xLmZtRw4Yk8Fp2Q9xLmZ+Rw4Y=}", nil, false},
		{"[12,250,33,7,91]", nil, false},
		{"https://example.com/hooks/k8Fp2Q9xLmZtRw4Y", nil, false},
		{"https://hooks.example.com/xxxxxxxx", nil, true},
		{"https://your-host.example.com/", nil, false},
		{"abc...xyz", nil, true},
		{"abc***", nil, true},
		{"********", nil, true},
		{"password", nil, true},
		{"your-password-here", nil, true},
		{"API_KEY", nil, true},
		{"client-secret", nil, true},
		{"db_pass", nil, true},
		{"token", nil, true},
		// Weak passwords open doors.
		{"mypass" + "word123", nil, false},
		{"passw" + "ord123", nil, false},
		{"letmein", nil, false},
		{"abcd1234", nil, false},
		{"12345678", nil, false},
		{"1111", nil, false},
		{"Summer" + "2024!", nil, false},
		{"qwerty" + "123", nil, false},
		{"tokens4all", nil, false},
		{"keymaster", nil, false},
	}
	for _, tt := range tests {
		if got := rules.IsPlaceholderForTest(tt.secret, tt.keywords...); (got != "") != tt.want {
			t.Errorf("isPlaceholder(%q, %q) = %q, want %v", tt.secret, tt.keywords, got, tt.want)
		}
	}
}

// TestPlaceholderByChance holds that random secrets of the usual kinds and
// lengths are not taken for placeholders.
func TestPlaceholderByChance(t *testing.T) {
	const (
		digits = "0123456789"
		lower  = "abcdefghijklmnopqrstuvwxyz"
		upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	)
	trials := 5_000
	if testing.Short() {
		trials = 500
	}
	rnd := rand.New(rand.NewPCG(7, 11))
	for _, alphabet := range []string{
		digits, digits + "abcdef", lower, upper, digits + lower, upper + "234567", digits + upper + lower,
		digits + upper + lower + "-_", digits + upper + lower + "+/",
	} {
		wrong, all := 0, 0
		var one string
		for _, n := range []int{16, 20, 24, 32, 36, 40, 64, 128, 200} {
			b := make([]byte, n)
			for range trials {
				for i := range b {
					b[i] = alphabet[rnd.IntN(len(alphabet))]
				}
				all++
				if rules.IsPlaceholderForTest(string(b)) != "" {
					wrong++
					one = string(b)
				}
			}
		}
		// One in 100,000, and room for bad luck with a seed that does not change.
		if wrong > all/100_000+1 {
			t.Errorf("isPlaceholder takes %d of %d random texts of %q for placeholders, such as %q", wrong, all, alphabet, one)
		}
	}
}

// TestPlaceholderSparesExamples holds the same of every built-in rule's own
// examples.
func TestPlaceholderSparesExamples(t *testing.T) {
	trials := 20
	if testing.Short() {
		trials = 2
	}
	for _, r := range some(parseBuiltin(t)) {
		if r.Shape != "" || r.Regex == "" || r.PartOnly {
			continue
		}
		r.Parts = nil
		set := mustCompile(t, []rules.Rule{r})
		for _, example := range r.Match {
			for trial := range trials {
				content := expandExample(t, example, 100+trial)
				for _, c := range set.Trace(r.MatchPath, []byte(content)) {
					if last := len(c.Tests) - 1; c.Dropped != "" && c.Tests[last].Name == "placeholder" {
						t.Errorf("%s: rule %q takes %q for a placeholder: %s", r.Source, r.ID, content[c.SecretStart:c.SecretEnd], c.Dropped)
					}
				}
			}
		}
	}
}
