package hook

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	prevSuffix = ".cork-prev" // a foreign hook that ours runs first
	bakSuffix  = ".cork-bak-" // a hook that was replaced; the UTC time follows

	markerPrefix = "# cork-managed-hook v"
	binPrefix    = "CORK_BIN="
)

// script returns cork's hook: POSIX sh, with LF line endings everywhere.
//
// The name of the hook is baked in, since pre-commit and prek rename the file
// and $0 then says something else. The path of cork comes first and PATH
// second: programs with a window give git a short PATH. There is no guard
// against nesting that exits 0; it would be inherited by commits that a hook
// makes, and let them pass.
func script(hook, bin string) []byte {
	feed := ""
	prev := `if [ -x "$prev" ]; then "$prev" "$@" || exit $?; fi`
	run := `exec "$bin" git-hook ` + hook + ` "$@"`
	if readsStdin(hook) {
		feed = "refs=$(cat)\nfeed() { [ -z \"$refs\" ] || printf '%s\\n' \"$refs\"; }\n"
		prev = `if [ -x "$prev" ]; then feed | "$prev" "$@" || exit $?; fi`
		run = `feed | "$bin" git-hook ` + hook + ` "$@"`
	}
	return []byte(`#!/bin/sh
` + markerPrefix + `1 ` + hook + `
# Installed by "cork install-hook"; remove with "cork install-hook --uninstall".
` + binPrefix + quote(filepath.ToSlash(bin)) + `
dir=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1
prev=$dir/` + hook + prevSuffix + `
case $0 in *` + prevSuffix + `) prev= ;; esac
` + feed + prev + `
if [ -x "$CORK_BIN" ]; then bin=$CORK_BIN
elif bin=$(command -v cork 2>/dev/null) && [ -n "$bin" ]; then :
else
  printf '%s\n' \
    "cork: secret scan did NOT run: neither $CORK_BIN nor cork on PATH was found." \
    "cork: reinstall cork, or remove this hook:  rm '$0'" \
    "cork: ` + bypass(hook) + `" >&2
  exit 1
fi
` + run + `
`)
}

// readsStdin reports whether git gives the hook anything to read.
func readsStdin(hook string) bool { return hook == "pre-push" || hook == "pre-receive" }

func bypass(hook string) string {
	switch hook {
	case "pre-push":
		return "to bypass once: git push --no-verify"
	case "pre-merge-commit":
		return "to bypass once: git merge --no-verify"
	case "pre-receive":
		return "every push is refused until then"
	}
	return "to bypass once: git commit --no-verify"
}

// command returns what git's configuration holds for a config hook. git gives
// it to sh and appends the hook's arguments.
func command(hook, bin string) string {
	return quote(filepath.ToSlash(bin)) + " git-hook " + hook
}

// section returns the name of the configuration section of a hook: a name for
// each event, since the command is not told its event, and none that equals an
// event, which git 2.55 refuses.
func section(hook string) string { return "hook.cork-" + hook }

// quote quotes s for sh.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// unquote is the reverse of quote; it returns "" for anything else.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' {
		return ""
	}
	return strings.ReplaceAll(s[1:len(s)-1], `'\''`, "'")
}

// marked reports whether content is a hook of cork's, of any version.
func marked(content []byte) bool { return line(content, markerPrefix) != "" }

// bakedBin returns the path of cork in a hook of cork's, or "".
func bakedBin(content []byte) string {
	return unquote(strings.TrimPrefix(line(content, binPrefix), binPrefix))
}

// line returns the first line of the content's first 4 KiB that starts with
// prefix.
func line(content []byte, prefix string) string {
	for l := range strings.Lines(string(content[:min(len(content), headSize)])) {
		if strings.HasPrefix(l, prefix) {
			return strings.TrimRight(l, "\r\n")
		}
	}
	return ""
}

// pristine reports whether content is as cork wrote it, so that nothing of
// anybody's is lost with it.
func pristine(hook string, content []byte) bool {
	bin := bakedBin(content)
	return bin != "" && string(script(hook, bin)) == string(content)
}

// show returns a path as it is shown to people: plain if it is plain, else
// quoted, so that no control character reaches a terminal.
func show(path string) string {
	q := strconv.Quote(path)
	if q[1:len(q)-1] == path && !strings.ContainsAny(path, " \t") {
		return path
	}
	return q
}

// snippet returns what runs cork from a hook manager, and where that goes.
func snippet(manager, hook, dir string) (file, text string) {
	switch manager {
	case "pre-commit", "prek":
		s := "  - repo: local\n    hooks:\n"
		if hook == "commit-msg" {
			return ".pre-commit-config.yaml", s + `      - id: cork-commit-msg
        name: cork secret scan of the message
        entry: cork git-hook commit-msg
        language: system
        always_run: true
        stages: [commit-msg]
`
		}
		return ".pre-commit-config.yaml", s + `      - id: cork
        name: cork secret scan
        entry: cork git-hook auto
        language: system
        pass_filenames: false
        always_run: true
        require_serial: true
`
	case "lefthook":
		args := ""
		switch hook {
		case "pre-push":
			args = " {0}\n      use_stdin: true"
		case "commit-msg":
			args = " {1}"
		}
		return "lefthook.yml", fmt.Sprintf("%s:\n  jobs:\n    - name: cork\n      run: cork git-hook %s%s\n", hook, hook, args)
	case "husky":
		return ".husky/" + hook, "cork git-hook " + hook + " \"$@\"\n"
	case "overcommit":
		var camel strings.Builder
		for part := range strings.SplitSeq(hook, "-") {
			camel.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
		return ".overcommit.yml", fmt.Sprintf("%s:\n  Cork:\n    enabled: true\n    command: ['sh', '-c', 'cork git-hook %s']\n", camel.String(), hook)
	case "simple-git-hooks":
		arg := ""
		if hook == "commit-msg" {
			arg = ` $1`
		}
		return `package.json, in "simple-git-hooks"`, fmt.Sprintf("%q: \"cork git-hook %s%s\"\n", hook, hook, arg)
	}
	return filepath.Join(dir, hook), "cork git-hook " + hook + " \"$@\" || exit $?\n"
}
