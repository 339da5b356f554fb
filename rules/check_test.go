package rules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/rules"
)

// TestChecks holds what a check does to a match.
func TestChecks(t *testing.T) {
	token := rules.Rule{
		ID: "token", Description: "token", Severity: rules.SeverityCritical, Confidence: rules.ConfidenceMedium,
		Regex: `tok:(\S{4,600})`, Group: 1, Keywords: []string{"tok:"}, Checks: []string{"github-crc32", "jwt"},
	}
	named := token
	named.ID, named.Regex, named.Group, named.Keys, named.Keywords = "named", "", 0, "^tok$", []string{"tok"}
	named.Shape = "key"
	ended := time.Unix(1500000000, 0).UTC()
	tests := []struct {
		name, example string
		want          rules.Confidence // 0: dropped
		reason        string           // one of the reasons, or why it was dropped
		expires       time.Time
	}{
		{"right", "ghp_<base62:30><crc32:base62>", rules.ConfidenceHigh, "its checksum is right", time.Time{}},
		{"wrong", "ghp_<base62:30>000000", 0, "its checksum is wrong", time.Time{}},
		{"doubtful", "ghr_<base62:70>000000", rules.ConfidenceLow, "its checksum is wrong", time.Time{}},
		{"neither", "zK9<base62:20>", rules.ConfidenceMedium, "", time.Time{}},
		{"ends", `<b64url-of:{"alg":"HS256"}>.<b64url-of:{"exp":1500000000}>.<b64url:43>`, rules.ConfidenceHigh, "its header and its claims are JSON", ended},
	}
	for _, tt := range tests {
		for _, r := range []rules.Rule{token, named} {
			t.Run(tt.name+"/"+r.ID, func(t *testing.T) {
				content := "tok:" + expandExample(t, tt.example, 1) + "\n"
				set := mustCompile(t, []rules.Rule{r})
				seen := set.Trace("a.env", []byte(content))
				if len(seen) != 1 {
					t.Fatalf("Trace(%q) = %+v, want one candidate", content, seen)
				}
				if tt.want == 0 {
					if ms := set.Match("a.env", []byte(content)); len(ms) > 0 || seen[0].Dropped != tt.reason {
						t.Errorf("Match(%q) = %+v, dropped %q, want none, dropped %q", content, ms, seen[0].Dropped, tt.reason)
					}
					return
				}
				ms := set.Match("a.env", []byte(content))
				if len(ms) != 1 || !ms[0].Expires.Equal(tt.expires) || !strings.Contains(strings.Join(ms[0].Reasons, "\n"), tt.reason) {
					t.Errorf("Match(%q) = %+v, want a match that expires %v and says %q", content, ms, tt.expires, tt.reason)
				} else if r.ID == "token" && ms[0].Confidence != tt.want {
					t.Errorf("Match(%q) has confidence %v, want %v", content, ms[0].Confidence, tt.want)
				}
			})
		}
	}
}

// TestChecksLimit holds that what opens less is less severe.
func TestChecksLimit(t *testing.T) {
	r := rules.Rule{
		ID: "key", Description: "key", Severity: rules.SeverityCritical, Confidence: rules.ConfidenceHigh,
		Regex: `(?s)-----BEGIN.{1,900}-----END [A-Z ]{1,30}-----`, Keywords: []string{"-----BEGIN"}, Checks: []string{"pem"},
	}
	example := "-----BEGIN<> RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n<b64:64>\n-----END<> RSA PRIVATE KEY-----"
	content := expandExample(t, example, 1)
	ms := mustCompile(t, []rules.Rule{r}).Match("a", []byte(content))
	if len(ms) != 1 || ms[0].Severity != rules.SeverityMedium {
		t.Errorf("Match(%q) = %+v, want one of medium severity", content, ms)
	}
}

func TestCompileUnknownCheck(t *testing.T) {
	_, err := rules.Compile([]rules.Rule{{
		ID: "a", Description: "a", Severity: rules.SeverityLow, Confidence: rules.ConfidenceLow,
		Regex: "abc", Keywords: []string{"abc"}, Checks: []string{"nonsense"},
	}})
	if err == nil || !strings.Contains(err.Error(), `check "nonsense" is not one of`) {
		t.Errorf("Compile = %v, want an error about the check", err)
	}
}

func expandExample(t *testing.T, example string, trial int) string {
	t.Helper()
	s, err := rules.Expand(example, trial)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
