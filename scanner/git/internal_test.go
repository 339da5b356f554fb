package git

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/scanner/git/graph"
)

func TestChildEnv(t *testing.T) {
	got := childEnv([]string{
		"GIT_DIR=.", "GIT_INDEX_FILE=x", "HOME=/h", "GIT_TRACE=1", "GIT_TRACE_SETUP=true", "GIT_TRACE2=/tmp/log",
		"GIT_REDIRECT_STDOUT=off", "GIT_ICASE_PATHSPECS=1", "LC_ALL=de_DE.UTF-8", "GIT_NO_REPLACE_OBJECTS=0", "GITHEAD_x=y",
		"GIT_CONFIG_PARAMETERS='a.b=c'", "odd",
	})
	want := "GIT_DIR=. GIT_INDEX_FILE=x HOME=/h GIT_TRACE2=/tmp/log GITHEAD_x=y GIT_CONFIG_PARAMETERS='a.b=c' odd" +
		" GIT_TRACE=0 GIT_TRACE2_PERF=0 GIT_TRACE2_EVENT=0 GIT_NO_REPLACE_OBJECTS=1"
	if s := strings.Join(got, " "); !strings.HasPrefix(s, want) || !strings.HasSuffix(s, " LC_ALL=C") {
		t.Errorf("childEnv() = %s, want %s …", s, want)
	}
}

func TestGitError(t *testing.T) {
	failed := errors.New("exit status 128")
	tests := []struct {
		stderr string
		err    error
		want   string
	}{
		{"", nil, ""},
		{"warning: something\nhint: more\n", nil, ""},
		{"error: object directory /x does not exist; check .git/objects/info/alternates\n", nil, ""},
		{"error: object directory /x does not exist; check .git/objects/info/alternates\nerror: y\n", nil, "git x: y"},
		{"error: y\n", nil, "git x: y"},
		{"", failed, "git x: exit status 128"},
		{"segfault\n", failed, "git x: exit status 128: segfault"},
		{"error: first\nfatal: second\n", failed, "git x: second"},
		{"warning: w\nfatal: a\x1b[31m\xff\tb\nmore\n", failed, "git x: a?[31m??b"},
		{"fatal: not a git repository (or any of the parent directories): .git\n", failed, "not a git repository (or any of the parent directories)"},
	}
	for _, tt := range tests {
		got := ""
		if err := gitError("x", tt.stderr, tt.err); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("gitError(%q, %v) = %q, want %q", tt.stderr, tt.err, got, tt.want)
		}
	}
}

// TestHeadNews holds what is scanned of the head of a commit or of a tag to the
// lines in which a secret could be.
func TestHeadNews(t *testing.T) {
	hash, token := strings.Repeat("a", 40), strings.Repeat("Ab3", 12)
	armour := strings.Repeat("iQEzBAABCAAdFiEE", 4) + "\n " + strings.Repeat("AbCd", 7) + "Aa=="
	commit := "tree " + hash + "\nparent " + hash + "\n"
	tests := []struct{ name, head, want string }{
		{"people", commit + "author Jörg O'Neil-Müller <joerg@example.com> 12 -0130\ncommitter A. B. <12345+ab@users.noreply.example.com> 12 -0130\nencoding ISO-8859-1", ""},
		{"no address", commit + "author A <> 12 +0000\ncommitter  <a@b> 12 +0000", ""},
		{"no signature", commit + "author A <a@b> 1 +0000\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n " + token + "\n -----END PGP SIGNATURE-----", "gpgsig -----BEGIN PGP SIGNATURE-----\n " + token + "\n -----END PGP SIGNATURE-----\n"},
		{"a signature", commit + "author A <a@b> 1 +0000\ngpgsig -----BEGIN PGP SIGNATURE-----\n Version: GnuPG v2\n \n " + armour + "\n =njUN\n -----END PGP SIGNATURE-----\n ", ""},
		{"a signature by SSH", commit + "gpgsig-sha256 -----BEGIN SSH SIGNATURE-----\n " + armour + "\n -----END SSH SIGNATURE-----", ""},
		{"more than a signature", commit + "gpgsig -----BEGIN PGP SIGNATURE-----\n \n " + armour + "\n -----END PGP SIGNATURE-----\n token", " token\n"},
		{"a signature with a token in a header", commit + "gpgsig -----BEGIN PGP SIGNATURE-----\n Comment: " + token + "\n \n " + armour + "\n -----END PGP SIGNATURE-----",
			"gpgsig -----BEGIN PGP SIGNATURE-----\n Comment: " + token + "\n " + armour + "\n -----END PGP SIGNATURE-----\n"},
		{"a signature that is cut short", commit + "gpgsig -----BEGIN PGP SIGNATURE-----\n \n " + armour, "gpgsig -----BEGIN PGP SIGNATURE-----\n " + armour + "\n"},
		{"a token for a name", commit + "author " + token + " <a@b> 12 +0000\ncommitter A <a@b> 12 +0000", "author " + token + " <a@b>\n"},
		{"and for an address", commit + "author A <a@b> 12 +0000\ncommitter A <" + token + "> 13 +0000", "committer A <" + token + ">\n"},
		{"a key in a name", commit + "author pin=xyzzy <a@b> 12 +0000", "author pin=xyzzy <a@b>\n"},
		{"no name at all", commit + "author " + token, "author " + token + " <>\n"},
		{"the tag of a merge", commit + "mergetag object " + hash + "\n type commit\n \n text\ngpgsig x\n y", "mergetag object " + hash + "\n type commit\n text\ngpgsig x\n y\n"},
		{"a tag", "object " + hash + "\ntype commit\ntag v1.0-rc12\ntagger A <a@b> 12 +0000", ""},
		{"a token for a tag", "object " + hash + "\ntype commit\ntag " + token + "\ntagger A <a@b> 12 +0000", "tag " + token + "\n"},
	}
	for _, tt := range tests {
		head, _ := cutText([]byte(tt.head + "\n\nmessage"))
		if len(head) != len(tt.head) || strings.Count(string(head), "\n") != strings.Count(tt.head, "\n") {
			t.Errorf("%s: cutText() = %q, whose lines are not those of the head", tt.name, head)
		}
		if got := headNews(head); got != tt.want {
			t.Errorf("%s: headNews() = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestCutText: a text that is held in memory is cut where one is that is streamed.
func TestCutText(t *testing.T) {
	long := strings.Repeat("long ", 2000)
	for _, tt := range []struct{ text, head, message string }{
		{"tree x\nauthor y\n\nsubject\n\nbody\n", "tree x\nauthor y", "subject\n\nbody\n"},
		{"tree x\n\n\n  \n\t\n subject", "tree x", " subject"},
		{"tree x\ngpgsig a\n \n b\n\nmessage", "tree x\ngpgsig a\n \n b", "message"},
		{"tree " + long + "\nauthor y\n\n" + long + "\n\n\n", "tree " + long + "\nauthor y", long + "\n\n\n"},
		{"tree x\n\n", "tree x", ""}, {"tree x\n\n\n\n", "tree x", ""},
		{"tree x\n", "tree x\n", ""}, {"tree x", "tree x", ""}, {"", "", ""},
	} {
		head, message := cutText([]byte(tt.text))
		if string(head) != tt.head || string(message) != tt.message {
			t.Errorf("cutText(%.40q) = %.40q, %.40q, want %.40q, %.40q", tt.text, head, message, tt.head, tt.message)
		}
		for path, want := range map[string]string{commitHeadPath: tt.head, commitMessagePath: tt.message, tagHeadPath: tt.head, tagMessagePath: tt.message} {
			rc, err := openText(io.NopCloser(strings.NewReader(tt.text)), path)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(rc); err != nil || string(got) != want {
				t.Errorf("openText(%.40q, %q) = %.40q, %v, want %.40q", tt.text, path, got, err, want)
			}
		}
	}
	if _, err := openText(io.NopCloser(strings.NewReader(strings.Repeat("x", maxHead+1))), commitHeadPath); err == nil {
		t.Error("a head without an end is read")
	}
}

func TestParseChange(t *testing.T) {
	a, b, c := strings.Repeat("a", 40), strings.Repeat("b", 40), strings.Repeat("c", 40)
	for _, s := range []string{
		"", ":", "100644", ":100644 100644 " + a + " " + b, ":100644 100644 " + a + " " + b + " ", ":100644 100644 " + a[1:] + " " + b + " M",
		"::100644 100644 " + a + " " + b + " M", ":100644 100644 100644 " + a + " " + b + " " + c + " MM", ":10064 100644 " + a + " " + b + " M",
		"100644 100644 " + a + " " + b + " M", ":100644 100644 " + a + " " + strings.ToUpper(b) + " M",
	} {
		if got, err := parseChange(s); err == nil {
			t.Errorf("parseChange(%q) = %+v, want an error", s, got)
		}
	}
	got, err := parseChange("::100644 000000 120000 " + a + " " + b + " " + c + " MA")
	if err != nil || len(got.old) != 2 || got.old[0] != (side{"100644", a}) || got.old[1] != (side{"000000", b}) || got.new != (side{"120000", c}) {
		t.Errorf("parseChange() = %+v, %v", got, err)
	}
}

func TestParsePointer(t *testing.T) {
	const version = "version https://git-lfs.github.com/spec/v1\n"
	oid := strings.Repeat("ab", 32)
	tests := []struct {
		content string
		ok      bool
	}{
		{version + "oid sha256:" + oid + "\nsize 12\n", true},
		{version + "oid sha256:" + oid + "\nsize 12", true},
		{version + "oid sha256:" + oid + "\nsize 0\n", true},
		{version + "ext-0-foo sha256:" + oid + "\noid sha256:" + oid + "\nsize 12\n", true},
		{version + "ext-0-foo password\noid sha256:" + oid + "\nsize 12\n", false},
		{version + "oid sha256:" + oid + "\nsize 12\nmore\n", false},
		{version + "oid sha256:" + oid + "\nsize 12\n\n", false},
		{version + "password=x\noid sha256:" + oid + "\nsize 12\n", false},
		{version + "oid sha256:" + oid[1:] + "\nsize 12\n", false},
		{version + "oid sha256:" + strings.ToUpper(oid) + "\nsize 12\n", false},
		{version + "oid md5:" + oid + "\nsize 12\n", false},
		{version + "oid sha256:" + oid + "\nsize -12\n", false},
		{version + "oid sha256:" + oid + "\nsize 012\n", false},
		{version + "oid sha256:" + oid + "\nsize 99999999999999999999\n", false},
		{version + "size 12\noid sha256:" + oid + "\n", false},
		{version, false},
		{"x" + version + "oid sha256:" + oid + "\nsize 12\n", false},
		{"", false},
	}
	for _, tt := range tests {
		if got, _, ok := parsePointer([]byte(tt.content)); ok != tt.ok || ok && got != oid {
			t.Errorf("parsePointer(%q) = %q, %v, want %v", tt.content, got, ok, tt.ok)
		}
	}
}

func TestParseCommit(t *testing.T) {
	tree := strings.Repeat("a", 40)
	data := []byte("tree " + tree + "\nparent p1\nparent p2\nauthor A \xff <a@b> 12 -0130\n" +
		"author second <x> 1 +0000\ngpgsig -----BEGIN\n tree fake\n parent fake\n\nsubject\x00\nbody\n\nmore")
	gotTree, parents, err := parseCommit("id", data)
	if err != nil || gotTree != tree || strings.Join(parents, " ") != "p1 p2" {
		t.Errorf("parseCommit() = %q, %q, %v", gotTree, parents, err)
	}
	if c := graph.ParseCommit("id", data); c.Author != "A \uFFFD" || c.Email != "a@b" || c.Subject != "subject" || !c.Date.Equal(time.Unix(12, 0)) {
		t.Errorf("ParseCommit() = %+v", c)
	}
	for _, s := range []string{"", "tree\n\n", "\n\ntree x", "author x\n\nm"} {
		if tree, parents, err := parseCommit("id", []byte(s)); err == nil {
			t.Errorf("parseCommit(%q) = %q, %q, want an error", s, tree, parents)
		}
	}
	data = []byte("tree " + tree + "\n")
	if _, _, err := parseCommit("id", data); err != nil || graph.ParseCommit("id", data).Subject != "" {
		t.Errorf("a commit without a message = %+v, %v", graph.ParseCommit("id", data), err)
	}
}

func TestShellQuote(t *testing.T) {
	for s, want := range map[string]string{"/a/b-c": "/a/b-c", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "$x": "'$x'", "ö": "'ö'"} {
		if got := shellQuote(s); got != want {
			t.Errorf("shellQuote(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestUnreadFolders(t *testing.T) {
	for _, tt := range []struct{ name, stderr, prefix, want string }{
		{"none", "", "", ""},
		{"other warnings", "warning: unable to access 'a/.gitignore': Permission denied\n", "", ""},
		{"one", "warning: could not open directory 'a/b/': Permission denied\n", "", "a/b: permission denied"},
		{"below a folder", "warning: could not open directory 'a/b/': Permission denied\n", "a/", "b: permission denied"},
		{"the folder itself", "warning: could not open directory 'a/': Too many open files\n", "a/", "too many open files"},
		{"several", "warning: could not open directory 'a/': Permission denied\nwarning: could not open directory 'it's: b/': No such device\n", "",
			"a: permission denied, \"it's: b\": no such device"},
		{"cut", "warning: could not open directory 'a", "", "a: could not be opened"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, err := range unreadFolders(tt.stderr, tt.prefix) {
				got = append(got, err.Error())
			}
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("unreadFolders(%q, %q) = %s, want %s", tt.stderr, tt.prefix, s, tt.want)
			}
		})
	}
}

// TestChildAndContextInterrupted: where a signal ends git first, the scan is
// interrupted all the same, and does not fail.
func TestChildAndContextInterrupted(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("there is no sh that a signal ends")
	}
	for _, tt := range []struct {
		name, script string
		cancel       bool
		want         error
	}{
		{"interrupted", "kill -INT $$", true, context.Canceled},
		{"killed alone", "kill -TERM $$", false, nil},
		{"failed", "exit 3", false, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			p := &plumbingEngine{git: sh, global: []string{"-c", tt.script}}
			c, err := p.start(nil, "rev-parse")
			if err != nil {
				t.Fatal(err)
			}
			c.wait()
			if tt.cancel {
				// As the signal does that has ended git, a little later.
				time.AfterFunc(signalDelay/20, cancel)
			}
			err = c.finish(ctx)
			if err == nil || errors.Is(err, context.Canceled) != (tt.want != nil) {
				t.Errorf("finish() = %v, want %v", err, tt.want)
			}
		})
	}
}
