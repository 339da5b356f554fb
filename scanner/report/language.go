package report

import (
	"path"
	"slices"
	"strings"
	"sync"
)

// A language is what files are written in, and how a file of it gets at a
// secret that is not in it. In the templates @NAME@ is DB_PASSWORD, @snake@ is
// db_password, @camel@ is dbPassword, @Pascal@ is DbPassword, @kebab@ is
// db-password and @key@ is the key as it is written in the file.
type language struct {
	name   string
	common bool // shown for a rule, where there is no file

	// A file is in the language if all of these hold that are given; the first
	// one in the list that a file is in counts.
	exts  []string                              // of the file's name, in lower case
	bases []string                              // the whole name; with a star at the end what it begins with
	in    []string                              // parts of the path with slashes on both sides
	is    func(head, pathInSlashes string) bool // path in lower case; head "" if not known

	comment   string // see Remedy
	reference string // an expression
	advice    string // instead of one with the reference
	code      string
	then      string
	docs      bool // it is read by people
}

const (
	thenEnvironment = "set @NAME@ where the program runs, from a password manager or a secret store; on your machine in a file that git ignores"
	hash            = "# %s"
	slashes         = "// %s"
)

// languageOf returns the language of a file.
func languageOf(p, head string) *language {
	slashed := "/" + strings.ToLower(strings.ReplaceAll(p, `\`, "/"))
	base := path.Base(slashed)
	ext := path.Ext(base)
	for _, l := range languages() {
		if l.exts == nil && l.bases == nil && l.in == nil && l.is == nil {
			continue
		}
		if (l.exts != nil || l.bases != nil) && !slices.Contains(l.exts, ext) && !slices.ContainsFunc(l.bases, func(b string) bool {
			prefix, isPrefix := strings.CutSuffix(b, "*")
			return b == base || isPrefix && strings.HasPrefix(base, prefix)
		}) {
			continue
		}
		if l.in != nil && !slices.ContainsFunc(l.in, func(part string) bool { return strings.Contains(slashed, part) }) {
			continue
		}
		if l.is != nil && !l.is(head, slashed) {
			continue
		}
		return l
	}
	return &language{}
}

// languages returns all of them: what is told by folders and contents before
// what is told by the ending alone.
var languages = sync.OnceValue(func() []*language {
	yaml := []string{".yml", ".yaml"}
	kubernetes := func(head, p string) bool {
		if strings.Contains(head, "apiVersion:") && strings.Contains(head, "kind:") {
			return true
		}
		for _, part := range []string{"/k8s/", "/kubernetes/", "/manifests/", "/kustomize/", "/charts/", "/helm/"} {
			if head == "" && strings.Contains(p, part) {
				return true
			}
		}
		return false
	}
	return []*language{
		{
			name: ".env", exts: []string{".env"}, bases: []string{".env", ".env.*", ".envrc"}, comment: hash, common: true,
			reference: "@NAME@=",
			code: `
# .env.example, which is in git: the names without the values
@NAME@=`,
			then: "git rm --cached .env && echo .env >> .gitignore",
		}, {
			name: "GitHub Actions", exts: yaml, in: []string{"/.github/workflows/", "/.github/actions/"}, comment: hash, common: true,
			reference: "${{ secrets.@NAME@ }}",
			code: `
env:
  @NAME@: ${{ secrets.@NAME@ }}`,
			then: "gh secret set @NAME@",
		}, {
			name: "GitLab CI", bases: []string{".gitlab-ci.yml", ".gitlab-ci.yaml", ".gitlab-ci*"}, comment: hash,
			reference: "${@NAME@}",
			code:      `  script: deploy --token-file <(printenv @NAME@)`,
			then:      "in GitLab, Settings > CI/CD > Variables: add @NAME@, masked and protected; jobs see it as $@NAME@",
		}, {
			name: "CircleCI", exts: yaml, in: []string{"/.circleci/"}, comment: hash,
			reference: "${@NAME@}",
			then:      "in CircleCI, Project Settings > Environment Variables: add @NAME@; jobs see it as $@NAME@",
		}, {
			name: "Azure Pipelines", bases: []string{"azure-pipelines*"}, comment: hash,
			reference: "$(@NAME@)",
			code: `
env:
  @NAME@: $(@NAME@)`,
			then: "in Azure DevOps, Pipelines > Library: add @NAME@ as a secret variable",
		}, {
			name: "Bitbucket Pipelines", bases: []string{"bitbucket-pipelines.yml"}, comment: hash,
			reference: "${@NAME@}",
			then:      "in Bitbucket, Repository settings > Repository variables: add @NAME@, secured",
		}, {
			name: "Docker Compose", bases: []string{"docker-compose*", "compose.yml", "compose.yaml", "compose.*"}, exts: nil, comment: hash, common: true,
			is:        func(_, p string) bool { return slices.Contains(yaml, path.Ext(p)) },
			reference: "${@NAME@:?}",
			code: `
    environment:
      @NAME@: ${@NAME@:?is not set}`,
			then: "put @NAME@ into an .env file beside it that git ignores, or into a Compose secret",
		}, {
			name: "Kubernetes", exts: append([]string{".tpl"}, yaml...), comment: hash, common: true,
			is:        kubernetes,
			reference: "secretKeyRef",
			advice:    "refer to a Secret that is not in git: secretKeyRef with name: @kebab@",
			code: `
env:
  - name: @NAME@
    valueFrom:
      secretKeyRef:
        name: @kebab@
        key: value`,
			then: "kubectl create secret generic @kebab@ --from-file=value=FILE (a Secret in git is only base64: seal it with SOPS or sealed-secrets, or have external-secrets make it)",
		}, {
			name: "Ansible", exts: yaml, in: []string{"/group_vars/", "/host_vars/", "/roles/", "/playbooks/", "/ansible/"}, comment: hash,
			reference: "{{ lookup('env', '@NAME@') }}",
			code:      `@key@: "{{ lookup('ansible.builtin.env', '@NAME@') }}"`,
			then:      "or encrypt the value: ansible-vault encrypt_string --name @key@",
		}, {
			name: "Spring", exts: append([]string{".properties"}, yaml...), bases: nil, comment: hash, common: true,
			is: func(_, p string) bool {
				base := path.Base(p)
				return path.Ext(base) == ".properties" || strings.HasPrefix(base, "application") || strings.HasPrefix(base, "bootstrap.")
			},
			reference: "${@NAME@}",
			code:      `@key@=${@NAME@}`,
			then:      thenEnvironment,
		}, {
			name: "Terraform", exts: []string{".tf", ".tfvars", ".hcl", ".tofu"}, comment: hash, common: true,
			reference: "var.@snake@",
			advice:    "read it from outside, such as a variable set by TF_VAR_@snake@",
			code: `
variable "@snake@" {
  type      = string
  sensitive = true
}

@key@ = var.@snake@`,
			then: "export TF_VAR_@snake@, or read it from a secret store with a data source; the state holds it in the clear either way, so keep that private",
		}, {
			name: "Dockerfile", exts: []string{".dockerfile"}, bases: []string{"dockerfile*", "containerfile*"}, comment: hash, common: true,
			reference: "${@NAME@}",
			code: `
RUN --mount=type=secret,id=@kebab@,env=@NAME@ \
    make install`,
			then: "docker build --secret id=@kebab@,env=@NAME@ . (what ENV and ARG hold stays in the image); at run time: docker run --env @NAME@",
		}, {
			name: "Jenkins", bases: []string{"jenkinsfile*"}, comment: slashes,
			reference: "credentials('@kebab@')",
			code: `
environment {
    @NAME@ = credentials('@kebab@')
}`,
			then: "in Jenkins, Manage Jenkins > Credentials: add @kebab@",
		}, {
			name: "Make", bases: []string{"makefile", "gnumakefile", "justfile"}, exts: []string{".mk"}, comment: hash,
			reference: "${@NAME@}", then: thenEnvironment,
		}, {
			name: "Procfile", bases: []string{"procfile"}, comment: hash, reference: "${@NAME@}", then: thenEnvironment,
		}, {
			name: "npm", bases: []string{".npmrc", ".yarnrc", ".yarnrc.yml"}, comment: hash,
			reference: "${@NAME@}",
			code:      `//registry.npmjs.org/:_authToken=${NPM_TOKEN}`,
			then:      "set NPM_TOKEN in the environment: npm reads it from there",
		}, {
			name: "Maven", bases: []string{"pom.xml", "settings.xml"}, comment: "<!-- %s -->",
			reference: "${env.@NAME@}",
			code:      `<@key@>${env.@NAME@}</@key@>`,
			then:      thenEnvironment,
		}, {
			name: "Go", exts: []string{".go"}, comment: slashes, common: true,
			reference: `os.Getenv("@NAME@")`,
			code: `
@camel@, ok := os.LookupEnv("@NAME@")
if !ok {
	return errors.New("@NAME@ is not set")
}`,
			then: thenEnvironment,
		}, {
			name: "Python", exts: []string{".py", ".pyw", ".ipynb"}, comment: hash, common: true,
			reference: `os.environ["@NAME@"]`,
			code: `
import os

@snake@ = os.environ["@NAME@"]  # a KeyError says that it is not set`,
			then: thenEnvironment,
		}, {
			name: "JavaScript", exts: []string{".js", ".mjs", ".cjs", ".jsx", ".vue", ".svelte"}, comment: slashes, common: true,
			reference: "process.env.@NAME@",
			code: `
const @camel@ = process.env.@NAME@;
if (!@camel@) throw new Error("@NAME@ is not set");`,
			then: thenEnvironment + "; what a bundler puts into a page for browsers is not secret",
		}, {
			name: "TypeScript", exts: []string{".ts", ".mts", ".cts", ".tsx"}, comment: slashes,
			reference: "process.env.@NAME@",
			code: `
const @camel@ = process.env.@NAME@;
if (!@camel@) throw new Error("@NAME@ is not set");`,
			then: thenEnvironment + "; what a bundler puts into a page for browsers is not secret",
		}, {
			name: "Java", exts: []string{".java"}, comment: slashes, common: true,
			reference: `System.getenv("@NAME@")`,
			code:      `String @camel@ = Objects.requireNonNull(System.getenv("@NAME@"), "@NAME@ is not set");`,
			then:      thenEnvironment,
		}, {
			name: "Kotlin", exts: []string{".kt", ".kts"}, comment: slashes, common: true,
			reference: `System.getenv("@NAME@")`,
			code:      `val @camel@ = System.getenv("@NAME@") ?: error("@NAME@ is not set")`,
			then:      thenEnvironment,
		}, {
			name: "Groovy", exts: []string{".groovy", ".gradle"}, comment: slashes,
			reference: `System.getenv("@NAME@")`,
			code:      `def @camel@ = System.getenv("@NAME@")`,
			then:      "set @NAME@ in the environment, or the property @camel@ in ~/.gradle/gradle.properties, which is not in git",
		}, {
			name: "Scala", exts: []string{".scala", ".sbt"}, comment: slashes,
			reference: `sys.env("@NAME@")`, code: `val @camel@ = sys.env("@NAME@")`, then: thenEnvironment,
		}, {
			name: "C#", exts: []string{".cs"}, comment: slashes, common: true,
			reference: `Environment.GetEnvironmentVariable("@NAME@")`,
			code: `
var @camel@ = Environment.GetEnvironmentVariable("@NAME@")
    ?? throw new InvalidOperationException("@NAME@ is not set");`,
			then: thenEnvironment + ", such as dotnet user-secrets",
		}, {
			name: "Visual Basic", exts: []string{".vb"}, comment: "' %s",
			reference: `Environment.GetEnvironmentVariable("@NAME@")`, then: thenEnvironment,
		}, {
			name: "F#", exts: []string{".fs", ".fsx"}, comment: slashes,
			reference: `Environment.GetEnvironmentVariable("@NAME@")`, then: thenEnvironment,
		}, {
			name: "Ruby", exts: []string{".rb", ".rake", ".gemspec", ".ru"}, bases: []string{"gemfile", "rakefile"}, comment: hash, common: true,
			reference: `ENV.fetch("@NAME@")`,
			code:      `@snake@ = ENV.fetch("@NAME@") # a KeyError says that it is not set`,
			then:      thenEnvironment + "; in Rails: bin/rails credentials:edit",
		}, {
			name: "PHP", exts: []string{".php", ".phtml"}, comment: slashes, common: true,
			reference: "getenv('@NAME@')",
			code:      `$@camel@ = getenv('@NAME@') ?: throw new RuntimeException('@NAME@ is not set');`,
			then:      thenEnvironment,
		}, {
			name: "Rust", exts: []string{".rs"}, comment: slashes, common: true,
			reference: `std::env::var("@NAME@")`,
			code:      `let @snake@ = std::env::var("@NAME@").expect("@NAME@ is not set");`,
			then:      thenEnvironment,
		}, {
			name: "C", exts: []string{".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".m", ".mm"}, comment: slashes,
			reference: `getenv("@NAME@")`, then: thenEnvironment,
		}, {
			name: "Swift", exts: []string{".swift"}, comment: slashes,
			reference: `ProcessInfo.processInfo.environment["@NAME@"]`,
			then:      "what is compiled into an app is not secret: have a server of yours make the call, or keep it in the keychain",
		}, {
			name: "Dart", exts: []string{".dart"}, comment: slashes,
			reference: `Platform.environment["@NAME@"]`,
			then:      "what is compiled into an app is not secret: have a server of yours make the call",
		}, {
			name: "Elixir", exts: []string{".ex", ".exs"}, comment: hash,
			reference: `System.fetch_env!("@NAME@")`, code: `config :app, @snake@: System.fetch_env!("@NAME@") # in config/runtime.exs`, then: thenEnvironment,
		}, {
			name: "Perl", exts: []string{".pl", ".pm"}, comment: hash, reference: "$ENV{@NAME@}", then: thenEnvironment,
		}, {
			name: "Lua", exts: []string{".lua"}, comment: "-- %s", reference: `os.getenv("@NAME@")`, then: thenEnvironment,
		}, {
			name: "R", exts: []string{".r", ".rmd"}, comment: hash, reference: `Sys.getenv("@NAME@")`,
			then: "set @NAME@ in ~/.Renviron, which is not in git",
		}, {
			name: "shell", exts: []string{".sh", ".bash", ".zsh", ".ksh"}, bases: []string{".bashrc", ".zshrc", ".profile"}, comment: hash, common: true,
			reference: "${@NAME@}",
			code:      `: "${@NAME@:?is not set}"`,
			then:      thenEnvironment,
		}, {
			name: "PowerShell", exts: []string{".ps1", ".psm1", ".psd1"}, comment: hash, common: true,
			reference: "$env:@NAME@",
			code: `
$@Pascal@ = $env:@NAME@
if (-not $@Pascal@) { throw '@NAME@ is not set' }`,
			then: thenEnvironment + ", such as Get-Secret of the SecretManagement module",
		}, {
			name: "batch", exts: []string{".bat", ".cmd"}, comment: "rem %s", reference: "%@NAME@%", then: thenEnvironment,
		}, {
			name: "SQL", exts: []string{".sql"}, comment: "-- %s",
			advice: "have the client fill it in, such as psql --set=@snake@=... and :'@snake@'",
			then:   thenEnvironment,
		}, {
			name: "JSON", exts: []string{".json", ".jsonc", ".json5"},
			advice: "keep the value outside of git, and have the program read @NAME@ from the environment",
			then:   thenEnvironment,
		}, {
			name: "YAML", exts: yaml, comment: hash,
			reference: "${@NAME@}",
			code:      `@key@: ${@NAME@}`,
			then:      thenEnvironment + " (YAML itself knows no variables: what reads the file has to put them in, or envsubst)",
		}, {
			name: "TOML", exts: []string{".toml"}, comment: hash, reference: "${@NAME@}",
			then: thenEnvironment + " (TOML itself knows no variables: what reads the file has to put them in)",
		}, {
			name: "configuration", exts: []string{".conf", ".cfg", ".ini", ".cnf"}, comment: hash, reference: "${@NAME@}",
			then: thenEnvironment + ", if what reads the file puts variables in; else keep the file out of git",
		}, {
			name: "XML", exts: []string{".xml", ".config", ".csproj", ".plist"}, comment: "<!-- %s -->",
			advice: "keep the value outside of git, and have the program read @NAME@ from the environment",
			then:   thenEnvironment,
		}, {
			name: "Markdown", exts: []string{".md", ".markdown", ".mdx"}, comment: "<!-- %s -->", docs: true,
		}, {
			name: "text", exts: []string{".rst", ".adoc", ".txt"}, comment: "%s", docs: true,
		}, {
			name: "HTML", exts: []string{".html", ".htm"}, comment: "<!-- %s -->", docs: true,
			then: "whatever a page for browsers holds is not secret: have a server of yours make the call",
		},
	}
})
