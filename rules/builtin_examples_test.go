package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// TestBuiltinExamples runs every rule over its own examples.
func TestBuiltinExamples(t *testing.T) {
	all := parseBuiltin(t)
	for _, r := range some(all) {
		t.Run(r.ID, func(t *testing.T) {
			if len(r.Match) == 0 {
				t.Errorf("%s: rule %q has no match example", r.Source, r.ID)
			}
			if len(r.NoMatch) == 0 && (r.Regex != "" || r.Keys != "") {
				t.Errorf("%s: rule %q has no nomatch example", r.Source, r.ID)
			}
			for _, err := range rules.CheckExamples(r, all...) {
				t.Error(err)
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
	for _, r := range some(parseBuiltin(t)) {
		for _, err := range rules.CheckExamplesAmong(set, r) {
			t.Error(err)
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
		if r.Revoke == "" && !r.PartOnly {
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
		{"config.yml", "api_key: sk-" + "proj-abc123\n", true},
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
