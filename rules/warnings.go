package rules

import (
	"fmt"
	"regexp"
	"strings"
)

// ordinaryText stands for what most files hold: prose, code, configuration,
// identifiers, without a secret. Only how often something stands in it counts.
const ordinaryText = `# Getting started
Install the package, then run the server and open http://localhost:8080/ in a
browser. The default configuration is enough for most projects; see the section
about deployment for what to change in production. Pull requests are welcome.

import os, sys, json
from datetime import datetime
class UserAccount(object):
    """The account of one user, with a name and an e-mail address."""
    def __init__(self, user_id, name, created_at=None):
        self.user_id = user_id
        self.name = name.strip()
        self.created_at = created_at or datetime.now()
        return None

func (s *Server) handleRequest(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return fmt.Errorf("method %s is not allowed", r.Method)
	}
	id, err := strconv.Atoi(r.URL.Query().Get("account_id"))
	for i := range items {
		total += items[i].Price * items[i].Count // in cents
	}
	return json.NewEncoder(w).Encode(map[string]any{"id": id, "total": total})
}

const config = { host: "example.com", port: 5432, timeout: 30000, retries: 3 };
export default async function loadItems(client, options = {}) {
  const response = await client.get("/api/v1/items?page=2&limit=100", options);
  if (!response.ok) { throw new Error("could not load: " + response.status); }
  return response.data.map((item) => ({ key: item.key, value: item.value }));
}

version: "3.8"
services:
  web:
    image: nginx:1.25.3
    ports: ["80:80", "443:443"]
    environment: [NODE_ENV=production, LOG_LEVEL=info, TZ=UTC]
    depends_on: [db, cache]
  db:
    image: postgres:16-alpine
    volumes: ["data:/var/lib/postgresql/data"]

[tool.poetry.dependencies]
python = "^3.11"
requests = { version = "2.31.0", extras = ["socks"] }
sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0
commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad, 2026-01-02T03:04:05Z
SELECT id, name, token_count FROM documents WHERE created_at > '2026-01-01' ORDER BY id;
<div class="card-body text-muted"><a href="/about/privacy-policy.html">Privacy</a></div>
-rw-r--r--  1 root root  4096 Jan  2 03:04 /usr/share/doc/package/README.md.gz
INFO 2026-01-02 03:04:05,678 main.py:42 started worker 7f3a2b10-5c4d-4e8f-9a1b-2c3d4e5f6a7b
public static final String DEFAULT_ENCODING = StandardCharsets.UTF_8.name();
MAX_RETRIES = int(os.environ.get("MAX_RETRIES", "5"))  # default for every client
`

// Warnings returns what the author of a rule may want to change although it
// works: each is an [*Error] that says what it costs. base says that the rule
// changes one that is there already, and so need not say everything.
func Warnings(r Rule, base bool) []error {
	var warnings []error
	warn := func(format string, args ...any) { warnings = append(warnings, ruleError(&r, format, args...)) }
	if !base {
		for _, key := range []struct {
			name, why string
			given     bool
		}{
			{"revoke", "people who have to act are not told how", r.Revoke != ""},
			{"docs", "nobody can look up what it opens", r.Docs != ""},
			{"match", "nothing shows that it finds anything", len(r.Match) > 0},
			{"nomatch", "nothing shows what it leaves alone", len(r.NoMatch) > 0 || r.isPath()},
		} {
			if !key.given {
				warn("has no %q: %s", key.name, key.why)
			}
		}
	}
	if r.Confidence == ConfidenceLow {
		warn("confidence = \"low\" is not reported unless somebody sets min_confidence = \"low\"")
	}
	if r.Scan == "always" {
		warn("scan = \"always\" searches every byte of every file: keywords would make it a hundred times as fast")
	}
	if !r.isAssignment() { // keys are looked at by a cheaper test than a regex
		warnKeywords(&r, warn)
	}
	if r.Regex != "" {
		warnRegex(&r, warn)
	}
	return warnings
}

func warnKeywords(r *Rule, warn func(format string, args ...any)) {
	var short []string
	for _, k := range r.Keywords {
		if n := linesWith(k); n > 0 {
			warn("keyword %q is common: it stands in %d of %d lines of ordinary text, and the regex runs each time; use a longer one",
				k, n, strings.Count(ordinaryText, "\n"))
		} else if len(k) == minLiteral {
			short = append(short, k)
		}
	}
	if len(short) > 0 {
		warn("keywords of %d bytes stand in many files by chance, and the regex runs each time: %q; use longer ones if there are any", minLiteral, short)
	}
}

func warnRegex(r *Rule, warn func(format string, args ...any)) {
	re, err := regexp.Compile(r.Regex)
	if err != nil {
		return // Compile says so
	}
	if n := re.NumSubexp(); n > 0 && r.Group == 0 {
		warn("the regex has %s, but group = 0, so the whole match is taken for the secret; say group = 1, or write (?:...)", countOf(n, "group"))
	}
	if r.isAssignment() {
		return
	}
	if maxWidth(r.Regex) >= unbounded && r.Scan != "always" {
		warn("the regex can match without end: what is longer than span = %d bytes is not found; bound it with {m,n} if the format allows it", r.Span)
	}
	matched := 0
	for _, m := range re.FindAllStringIndex(ordinaryText, -1) {
		matched += m[1] - m[0]
	}
	// One line in a hundred: no format of a credential is in ordinary text.
	if share := 100 * matched / len(ordinaryText); share >= 1 {
		warn("the regex alone matches %d %% of ordinary text: only its keywords keep it from being wrong there; make it say more", share)
	}
}

// linesWith returns how many lines of ordinary text hold the keyword.
func linesWith(keyword string) (n int) {
	for line := range strings.Lines(lowerASCII(ordinaryText)) {
		if strings.Contains(line, lowerASCII(keyword)) {
			n++
		}
	}
	return n
}

func countOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
