package report_test

import (
	"strings"
	"testing"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/report"
)

func TestRemedyForFitsTheFile(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\n"
	tests := []struct{ path, head, language, code string }{
		{"main.go", "", "Go", `dbPassword, ok := os.LookupEnv("DB_PASSWORD")`},
		{"a/b.py", "", "Python", `db_password = os.environ["DB_PASSWORD"]`},
		{"a.js", "", "JavaScript", "const dbPassword = process.env.DB_PASSWORD;"},
		{"a.tsx", "", "TypeScript", "const dbPassword = process.env.DB_PASSWORD;"},
		{"A.java", "", "Java", `System.getenv("DB_PASSWORD")`},
		{"build.gradle.kts", "", "Kotlin", `System.getenv("DB_PASSWORD")`},
		{"A.cs", "", "C#", `Environment.GetEnvironmentVariable("DB_PASSWORD")`},
		{"Gemfile", "", "Ruby", `ENV.fetch("DB_PASSWORD")`},
		{"wp-config.php", "", "PHP", `$dbPassword = getenv('DB_PASSWORD')`},
		{"a.rs", "", "Rust", `let db_password = std::env::var("DB_PASSWORD")`},
		{"a.sh", "", "shell", `: "${DB_PASSWORD:?is not set}"`},
		{"a.ps1", "", "PowerShell", "$DbPassword = $env:DB_PASSWORD"},
		{"deploy.yml", pod, "Kubernetes", "secretKeyRef:\n        name: db-password"},
		{"deploy.yml", "a: b\n", "YAML", "dbPassword: ${DB_PASSWORD}"},
		{"k8s/deploy.yaml", "", "Kubernetes", "secretKeyRef"},
		{"k8s/values.yaml", "a: b\n", "YAML", "${DB_PASSWORD}"},
		{".github/workflows/ci.yml", "", "GitHub Actions", "DB_PASSWORD: ${{ secrets.DB_PASSWORD }}"},
		{"sub/.github/workflows/ci.yml", pod, "GitHub Actions", "secrets."},
		{".gitlab-ci.yml", "", "GitLab CI", "DB_PASSWORD"},
		{"docker-compose.prod.yml", "", "Docker Compose", "DB_PASSWORD: ${DB_PASSWORD:?is not set}"},
		{"compose.yaml", "", "Docker Compose", "DB_PASSWORD"},
		{"compose.go", "", "Go", "os.LookupEnv"},
		{"main.tf", "", "Terraform", `variable "db_password" {`},
		{"app.Dockerfile", "", "Dockerfile", "--mount=type=secret,id=db-password,env=DB_PASSWORD"},
		{"Dockerfile.dev", "", "Dockerfile", "RUN --mount"},
		{"src/main/resources/application.properties", "", "Spring", "dbPassword=${DB_PASSWORD}"},
		{"application-prod.yml", "", "Spring", "${DB_PASSWORD}"},
		{"group_vars/all.yml", "", "Ansible", "lookup('ansible.builtin.env', 'DB_PASSWORD')"},
		{".env.production", "", ".env", "DB_PASSWORD="},
		{"prod.env", "", ".env", "DB_PASSWORD="},
		{"Jenkinsfile", "", "Jenkins", "DB_PASSWORD = credentials('db-password')"},
		{"pom.xml", "", "Maven", "<dbPassword>${env.DB_PASSWORD}</dbPassword>"},
		{"a.json", "", "JSON", ""},
		{"README.md", "", "Markdown", ""},
		{"a.txt", "", "text", ""},
		{"a.unknown", "", "", ""},
		{"noext", "", "", ""},
		{`windows\path\a.GO`, "", "Go", "os.LookupEnv"},
	}
	for _, tt := range tests {
		f := finding()
		f.Location.Path, f.Key = tt.path, "dbPassword"
		r := report.RemedyFor(&f, []byte(tt.head))
		if r.Language != tt.language || !strings.Contains(r.Code, tt.code) || tt.code == "" && r.Code != "" {
			t.Errorf("RemedyFor(%q, %q) = %q, %q, want %q, %q", tt.path, tt.head, r.Language, r.Code, tt.language, tt.code)
		}
		if r.Advice == "" || strings.Contains(r.Advice+r.Code+r.Then, "@NAME@") {
			t.Errorf("RemedyFor(%q) = %+v", tt.path, r)
		}
	}
}

func TestRemedyNeverHoldsTheSecret(t *testing.T) {
	const clear = "swordfish-" + "secret"
	for _, path := range []string{"a.go", "a.yml", "a.tf", "Dockerfile", ".env", "pom.xml", clear + ".py"} {
		f := scanner.Finding{RuleID: "generic-password", Secret: scanner.NewSecret(clear), Location: scanner.Location{Path: path}, Line: "x: ********"}
		r := report.RemedyFor(&f, []byte(clear))
		if text := r.Advice + r.Code + r.Then; strings.Contains(text, clear) {
			t.Errorf("RemedyFor(%q) holds the secret: %s", path, text)
		}
	}
}

func TestRemediesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range report.Remedies("acme-API.key") {
		if r.Language == "" || r.Advice == "" || r.Code == "" || r.Then == "" || seen[r.Language] {
			t.Errorf("Remedies() has %+v", r)
		}
		seen[r.Language] = true
		for _, text := range []string{r.Advice, r.Code, r.Then} {
			if strings.Contains(text, "@") {
				t.Errorf("%s: a name is left out in %q", r.Language, text)
			}
		}
	}
	for _, want := range []string{"Go", "Python", "JavaScript", "Java", "Kotlin", "C#", "Ruby", "PHP", "Rust", "shell", "PowerShell",
		"Kubernetes", "GitHub Actions", "Docker Compose", "Terraform", "Dockerfile", "Spring", ".env"} {
		if !seen[want] {
			t.Errorf("Remedies() has nothing for %s", want)
		}
	}
}

func TestRemediesOfOddNames(t *testing.T) {
	for _, name := range []string{"", "---", "9", "é", strings.Repeat("x", 100)} {
		for _, r := range report.Remedies(name) {
			if strings.Contains(r.Code, "@") {
				t.Errorf("Remedies(%q) has %q", name, r.Code)
			}
		}
	}
}
