package rules_test

import (
	"fmt"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// TestFollows: what the finder takes for the end of a key to which nothing is
// assigned, the parser does too, whatever stands around.
func TestFollows(t *testing.T) {
	value := "hunter" + "42x"
	lefts := []string{
		"", "\n", "name: ", "- name: ", `"name": "`, `key="`, "<", "set :", "strcmp(", "docker run -e ", "define('", `define("`, ":", "{", "${", "--", "-", "?", "&", "#define ", "set ",
		"env ", "machine a login b ", "'", `"`, "`", `\"`, "&quot;", "const ", "default ", "ALTER USER x ", "[", "(", "export ",
	}
	rights := []string{"", " ", "=", ": ", " = ", `"`, "'", `="`, `: "`, `", "`, "('", `"value": "`, "\nvalue: ", " value=", `>`, "></key><string>", "/key>\n<string>", "||= '", "- ", "-", "==", " == '"}
	ends := []string{"", `"`, "'", "\n", `")`, "')", "<", "</x>", "`", "}", " "}
	const key = "db.password"
	asked := 0
	for c := range 256 {
		for _, left := range lefts {
			for _, right := range rights {
				for _, end := range ends {
					text := []byte(left + key + string([]byte{byte(c)}) + right + value + end)
					assigns, asks := rules.AssignsForTest(text, len(left), len(left)+len(key))
					if assigns && !asks {
						t.Fatalf("in %q something is assigned to %q, which is not asked for", text, key)
					}
					if asks {
						asked++
					}
				}
			}
		}
	}
	if all := 256 * len(lefts) * len(rights) * len(ends); asked > all/4 {
		t.Errorf("the parser is asked in %d of %d texts: the test is of no use", asked, all)
	}
}

// TestKeyNames: what a set remembers about keys does not change what it finds.
func TestKeyNames(t *testing.T) {
	set := mustCompile(t, append(smallRules(), rules.Rule{
		ID: "blank", Description: "blank", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh,
		Keys: `(^|_)api key$`, Keywords: []string{"api key"}, Regex: "[a-z0-9]{8,20}",
	}))
	value := "a8f3k2m9" + "x7c4v6b1"
	for range 2 {
		for _, tt := range []struct{ text, want string }{
			{"api_key = " + value, "key"},
			{"the api key = " + value, "blank"},
			{"-api-key-: " + value, ""},
			{"--api-key " + value, "key"},
			{"-Dapi.key=" + value, "key"},
			{"Dapi.key=" + value, ""},
			{`if (apiKey.equals("` + value + `"))`, "key"},
			{`apiKey.equals = "` + value + `"`, ""},
		} {
			got := ""
			for _, m := range set.Match("a.txt", []byte(tt.text)) {
				got += m.Rule.ID
			}
			if got != tt.want {
				t.Errorf("Match(%q) = %q, want %q", tt.text, got, tt.want)
			}
		}
		for i := range 20_000 { // more than are remembered
			set.Match("a.txt", fmt.Appendf(nil, "key%d: x", i))
		}
	}
}
