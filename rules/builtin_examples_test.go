package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// expand fills in an example.
func expand(t *testing.T, r *rules.Rule, example string, trial int) string {
	t.Helper()
	s, err := rules.Expand(example, trial)
	if err != nil {
		t.Fatalf("%s: rule %q: %v", r.Source, r.ID, err)
	}
	return s
}

// count returns how many of the rule's matches there are.
func count(set *rules.Set, r *rules.Rule, content string) int {
	n := 0
	for _, m := range set.Match(examplePath(r), []byte(content)) {
		if m.Rule.ID == r.ID {
			n++
		}
	}
	return n
}

func examplePath(r *rules.Rule) string {
	if r.MatchPath != "" {
		return r.MatchPath
	}
	return "example.txt"
}

// compileOne returns a set of one rule.
func compileOne(t *testing.T, r rules.Rule) *rules.Set {
	t.Helper()
	set, err := rules.Compile([]rules.Rule{r})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func isPathRule(r *rules.Rule) bool { return r.Regex == "" && r.Keys == "" }

// TestBuiltinExamples runs every rule over its own examples: what must match
// does wherever it stands, what must not does not.
func TestBuiltinExamples(t *testing.T) {
	const trials = 5
	filler := strings.Repeat("the quick brown fox jumps over the lazy dog\n", 300<<10/44)
	for _, r := range parseBuiltin(t) {
		t.Run(r.ID, func(t *testing.T) {
			set := compileOne(t, r)
			if len(r.Match) == 0 {
				t.Errorf("%s: rule %q has no match example", r.Source, r.ID)
			}
			if len(r.NoMatch) == 0 && !isPathRule(&r) {
				t.Errorf("%s: rule %q has no nomatch example", r.Source, r.ID)
			}
			for _, example := range r.Match {
				for trial := range trials {
					one := expand(t, &r, example, trial)
					if n := count(set, &r, one); n != 1 {
						t.Errorf("Match(%q) finds %s %d times, want 1", one, r.ID, n)
						break
					}
				}
				if isPathRule(&r) {
					continue
				}
				one, two := expand(t, &r, example, trials), expand(t, &r, example, trials+1)
				for _, c := range []struct {
					where, content string
					want           int
				}{
					{"in the middle", "first line\n" + one + "\nlast line\n", 1},
					{"at the end", "first line\n" + one, 1},
					{"with CRLF", "first line\r\n" + strings.ReplaceAll(one, "\n", "\r\n") + "\r\nlast line\r\n", 1},
					{"between UTF-8", "héllo wörld ☃\n" + one + "\nþetta ☃\n", 1},
					{"twice", one + "\n" + two + "\n", 2},
					{"after a lot of text", filler + "\n" + one + "\n", 1},
				} {
					if n := count(set, &r, c.content); n != c.want {
						if len(c.content) > 5000 {
							c.content = "…" + c.content[len(c.content)-2*len(one)-20:]
						}
						t.Errorf("%s: Match(%q) finds %s %d times, want %d", c.where, c.content, r.ID, n, c.want)
					}
				}
			}
			for _, example := range r.NoMatch {
				for trial := range trials {
					s := expand(t, &r, example, trial)
					if n := count(set, &r, s); n != 0 {
						t.Errorf("Match(%q) finds %s %d times, want 0", s, r.ID, n)
						break
					}
				}
			}
		})
	}
}

// TestBuiltinWholeSet runs every example through all rules at once, where a
// more specific rule may take the place of the rule that the example is of.
func TestBuiltinWholeSet(t *testing.T) {
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]rules.Rule{}
	for _, r := range set.Rules() {
		byID[r.ID] = r
	}
	for _, r := range parseBuiltin(t) {
		for _, example := range r.Match {
			s := expand(t, &r, example, 1)
			ms := set.Match(examplePath(&r), []byte(s))
			found := slices.ContainsFunc(ms, func(m rules.Match) bool {
				return m.Rule.ID == r.ID || m.Rule.Specificity >= byID[r.ID].Specificity
			})
			if !found {
				t.Errorf("%s: Match(%q) = %s, want %s or a more specific rule", r.Source, s, ids(ms), r.ID)
			}
		}
	}
}

func ids(ms []rules.Match) string {
	var out []string
	for _, m := range ms {
		out = append(out, fmt.Sprintf("%s[%d:%d]", m.Rule.ID, m.SecretStart, m.SecretEnd))
	}
	return "[" + strings.Join(out, " ") + "]"
}

// TestBuiltinMetadata holds what people are told about each rule.
func TestBuiltinMetadata(t *testing.T) {
	for _, r := range parseBuiltin(t) {
		if r.Revoke == "" {
			t.Errorf("%s: rule %q does not say how to revoke", r.Source, r.ID)
		}
		if r.Docs != "" && !strings.HasPrefix(r.Docs, "https://") {
			t.Errorf("%s: rule %q has docs %q, want an https URL or none", r.Source, r.ID, r.Docs)
		}
		if strings.HasSuffix(r.Description, ".") || strings.TrimSpace(r.Description) != r.Description {
			t.Errorf("%s: rule %q has description %q, want a noun phrase", r.Source, r.ID, r.Description)
		}
	}
}

// TestBuiltinFloor holds the cases that every secret scanner is measured with.
func TestBuiltinFloor(t *testing.T) {
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path, content string
		want          bool
	}{
		{"config.yml", "api_key: sk-proj-" + "abc123\n", true},
		{"config.yml", "password: mypassword" + "123\n", true},
		{"setup.sh", `export API_KEY="sk-proj-` + `abc123"` + "\n", true},
		{"setup.sh", `export DB_PASSWORD="secure-` + `password"` + "\n", true},
		{".env", "SLACK_WEBHOOK_URL=https://hooks.slack.com/services/T" + "0A1B2C3D/B0E1F2G3H4/aB3dE5fG7hJ9kL1mN2pQ4rS6\n", true},
		{"README.md", `cork vault set --value "sk-proj-` + `abc123"` + "\n", true},
		{"config.yml", "api_key: ${API_KEY}\n", false},
		{"app.py", "api_key = os.getenv('API_KEY')\n", false},
		{"app.py", "api_key = sm.get_secret('prod/api-key')\n", false},
		{"README.md", "curl https://example.com/?token=<token-id>\n", false},
		{"README.md", "aws_access_key_id = AKIA" + "IOSFODNN7EXAMPLE\n", false},
		{"policy.json", `"Resource": "arn:aws:iam::123456789012:role/service-role/AWSCodePipelineServiceRole"` + "\n", false},
		{"config.yml", "secret: arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/api-key-AbCdEf\n", false},
		{"Dockerfile", "FROM alpine@sha256:" + strings.Repeat("0a1b2c3d4e5f6789", 4) + "\n", false},
		{"deploy.yml", "image: registry.example.com/app@sha256:" + strings.Repeat("9f8e7d6c5b4a3210", 4) + "\n", false},
	}
	for _, tt := range tests {
		if ms := set.Match(tt.path, []byte(tt.content)); (len(ms) > 0) != tt.want {
			t.Errorf("Match(%q, %q) = %s, want found: %v", tt.path, tt.content, ids(ms), tt.want)
		}
	}
}
