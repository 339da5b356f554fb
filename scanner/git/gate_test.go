package git

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestParseConfigAsGit checks the parser against git itself: where git reads a
// file, it reads the same or fails; where git fails, it fails.
func TestParseConfigAsGit(t *testing.T) {
	t.Parallel()
	texts := []string{
		"",
		"[core]\n\tbare = true\n",
		"[core]bare=true",
		"[core] bare = true\n[core] bare = false\n",
		"\ufeff[core]\nbare\n",
		"[core]\r\n\tbare = true\r\n\r\n",
		"[CoRe]\nRepositoryFormatVersion = 1 ; comment\n",
		"[extensions]\nobjectFormat = sha256 # \"comment\n",
		"[extensions]\nobjectformat = \"sha\"2\"56\"\n",
		"[extensions]\nobjectformat = sha\\\n256\n",
		"[extensions]\nobjectformat = \"sha\\\n256\"\n",
		"[a \"B.c\"]\nd-e = f\n[a.B]\nc = d\n",
		"[a \"q\\\"\\\\x\"]\nb = c\n",
		"[a\t\"b\"]\nc = d\n",
		"[a]\nb = c \\t d \\n e \\b f\n",
		"[a]\nb =    spaces   inside   and after   \n",
		"[a]\nb = \"  quoted  \"  \n",
		"[a]\nb = \"\"\n[a]\nc =\n[a]\nd\n",
		"[a]\nb = c\\",
		"[a]\nb = c\\\n",
		"[a]\nb = \"open\n",
		"[a]\nb = \"open",
		"[a]\nb = bad \\x escape\n",
		"[a]\nb c\n",
		"[a]\n1b = c\n",
		"[a]\nb_c = d\n",
		"[a\n]\nb = c\n",
		"[a",
		"[a \"b]\nc = d\n",
		"[a \"b\" ]\nc = d\n",
		"[a b]\nc = d\n",
		"[a/b]\nc = d\n",
		"; only\n# comments\n",
		"; no newline",
		"garbage",
		"[a] ; comment\n b = c # d ; e\n",
		"[a]\nb = x#y;z\n",
		"[a]\nb = \"x#y\";z\n",
		"[include]\npath = elsewhere\n",
		"[a]\n b = 1\n\tc\n = d\n",
		"[a]\n\x00b = c\n",
	}
	for _, text := range texts {
		entries, err := parseConfig([]byte(text))
		want, gitErr := gitConfigList(t, text)
		var got []string
		for _, e := range entries {
			got = append(got, e.key+"\n"+e.value)
		}
		switch {
		case err != nil && gitErr == nil:
			t.Logf("parseConfig(%q) fails, which is stricter than git: %v", text, err)
		case err == nil && gitErr != nil:
			t.Errorf("parseConfig(%q) = %q, but git fails: %v", text, got, gitErr)
		case err == nil && !slices.Equal(got, want):
			t.Errorf("parseConfig(%q) = %q, but git reads %q", text, got, want)
		}
	}
}

func gitConfigList(t *testing.T, text string) ([]string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("git", "config", "--no-includes", "-z", "-l", "-f", file)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "LC_ALL=C"}
	out, err := cmd.Output()
	var list []string
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if entry == "" {
			continue
		}
		if !strings.Contains(entry, "\n") {
			entry += "\ntrue" // no "="
		}
		list = append(list, entry)
	}
	return list, err
}

// TestGateNamesFeatures checks what is refused, and under which name, with
// layouts that this machine's git may not be able to make.
func TestGateNamesFeatures(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("ab", 20)
	index := func(version byte, sum string) string {
		return "\xfftOc\x00\x00\x00" + string(version) + strings.Repeat("\x00", 1024) + sum + strings.Repeat("x", 20)
	}
	sum := strings.Repeat("\xab", 20)
	tests := []struct {
		name  string
		files map[string]string
		want  string // the feature; "" if it is read
	}{
		{"plain", nil, ""},
		{"format 1 without extensions", map[string]string{"config": "[core]\nrepositoryformatversion = 1\n"}, ""},
		{"format 2", map[string]string{"config": "[core]\nrepositoryformatversion = 2\n"}, "core.repositoryformatversion=2"},
		{"sha1 said", map[string]string{"config": "[extensions]\nobjectFormat = sha1\n"}, ""},
		{"sha256", map[string]string{"config": "[Extensions]\nOBJECTFORMAT = sha256\n"}, "extensions.objectFormat=sha256"},
		{"sha1 and then sha256", map[string]string{"config": "[extensions]\nobjectFormat = sha1\nobjectformat=sha256"}, "extensions.objectFormat=sha256"},
		{"compatObjectFormat", map[string]string{"config": "[extensions]\ncompatObjectFormat = sha256\n"}, "extensions.compatobjectformat"},
		{"reftable", map[string]string{"config": "[extensions]\nrefStorage = reftable\n"}, "extensions.refStorage=reftable"},
		{"refs in files", map[string]string{"config": "[extensions]\nrefStorage = files\n"}, ""},
		{"relativeWorktrees", map[string]string{"config": "[extensions]\nrelativeWorktrees\n"}, "extensions.relativeworktrees"},
		{"submodulePathConfig", map[string]string{"config": "[extensions]\nsubmodulePathConfig = true\n"}, "extensions.submodulepathconfig"},
		{"extension that is off", map[string]string{"config": "[extensions]\nfuture = false\n"}, "extensions.future"},
		{"noop", map[string]string{"config": "[extensions]\nnoop = x\nnoop-v1 = y\npreciousObjects = true\npartialClone = origin\n"}, ""},
		{"extension in config.worktree", map[string]string{
			"config":          "[extensions]\nworktreeConfig = true\n",
			"config.worktree": "[extensions]\nobjectFormat = sha256\n",
		}, "extensions.objectFormat=sha256"},
		{"config.worktree that does not count", map[string]string{"config.worktree": "[extensions]\nobjectFormat = sha256\n"}, ""},
		{"config.worktree switched off", map[string]string{
			"config":          "[extensions]\nworktreeConfig = false\n",
			"config.worktree": "[extensions]\nobjectFormat = sha256\n",
		}, ""},
		{"alternates", map[string]string{"objects/info/alternates": "# comment\n\n../other\n"}, "objects/info/alternates"},
		{"alternates without any", map[string]string{"objects/info/alternates": "# comment\n\n"}, ""},
		{"pack without an index", map[string]string{"objects/pack/pack-" + id + ".pack": ""}, "a pack without an index"},
		{"pack with multi-pack-index only", map[string]string{
			"objects/pack/pack-" + id + ".pack": "",
			"objects/pack/multi-pack-index":     "",
		}, "a multi-pack-index in place of pack indexes"},
		{"index without a pack", map[string]string{"objects/pack/pack-" + id + ".idx": "x"}, ""},
		{"pack and index", map[string]string{
			"objects/pack/pack-" + id + ".pack": "",
			"objects/pack/pack-" + id + ".idx":  index(2, sum),
			"objects/pack/pack-" + id + ".rev":  "",
			"objects/pack/pack-" + id + ".keep": "",
			"objects/pack/tmp_pack_x":           "",
		}, ""},
		{"pack named after something else", map[string]string{
			"objects/pack/pack-" + strings.Repeat("cd", 20) + ".pack": "",
			"objects/pack/pack-" + strings.Repeat("cd", 20) + ".idx":  index(2, sum),
		}, "a pack that is not named after its checksum"},
		{"pack of another name", map[string]string{
			"objects/pack/mine.pack": "",
			"objects/pack/mine.idx":  index(2, sum),
		}, "a pack that is not named after its checksum"},
		{"pack index of version 1", map[string]string{
			"objects/pack/pack-" + id + ".pack": "",
			"objects/pack/pack-" + id + ".idx":  strings.Repeat("\x00", 1024) + sum + strings.Repeat("x", 20),
		}, "a pack index of another version than 2"},
		{"pack index of version 3", map[string]string{
			"objects/pack/pack-" + id + ".pack": "",
			"objects/pack/pack-" + id + ".idx":  index(3, sum),
		}, "a pack index of another version than 2"},
		{"reftable that only HEAD tells of", map[string]string{"HEAD": "ref: refs/heads/.invalid\n"}, "extensions.refStorage=reftable"},
	}
	for _, tt := range tests {
		dir := t.TempDir()
		files := map[string]string{"HEAD": "ref: refs/heads/main\n", "refs/x": "", "objects/x": ""}
		for name, text := range tt.files {
			files[name] = text
		}
		for name, text := range files {
			file := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		s, err := findSite(Options{Dir: dir})
		if err == nil {
			err = s.gate()
		}
		if err == nil {
			_, _, err = s.head()
		}
		var refusal *UnsupportedError
		errors.As(err, &refusal)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v, want no error", tt.name, err)
		case tt.want != "" && (refusal == nil || refusal.Feature != tt.want):
			t.Errorf("%s: %v, want a refusal that names %q", tt.name, err, tt.want)
		}
	}
}

func TestCeilingOf(t *testing.T) {
	t.Parallel()
	tmp, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(tmp, "a", "b", "c")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(tmp, "link")
	if err := os.Symlink(filepath.Join(tmp, "a"), link); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	a, b := filepath.Join(tmp, "a"), filepath.Join(tmp, "a", "b")
	for _, tt := range []struct {
		list []string
		want string
	}{
		{nil, ""},
		{[]string{a}, a},
		{[]string{a, b}, b},
		{[]string{b, a}, b},
		{[]string{dir}, ""}, // where git starts is looked at in any case
		{[]string{link}, a},
		{[]string{"", link}, ""}, // git does not resolve what follows an empty entry
		{[]string{"", a}, a},
		{[]string{"a", filepath.Join(tmp, "other")}, ""},
	} {
		env := environ{"GIT_CEILING_DIRECTORIES=" + strings.Join(tt.list, string(os.PathListSeparator))}
		if got := ceilingOf(env, dir); got != tt.want {
			t.Errorf("ceilingOf(%q) = %q, want %q", tt.list, got, tt.want)
		}
	}
}

func TestIsRefName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"HEAD": true, "MERGE_HEAD": true, "refs/heads/main": true, "refs/heads/a/b.c-d": true, "refs/heads/caf\u00e9": true,
		"": false, "head": false, "config": false, "refs": false, "refs/": false, "refs/../config": false, "refs/heads/.hidden": false,
		"refs/heads/a..b": false, "refs/heads/a.lock": false, "refs/heads/a@{1}": false, "refs/heads/a b": false, "refs/heads/a\n": false,
		"../x": false, "/etc/passwd": false, "refs//x": false, "objects/x": false, `refs/heads/a\b`: false, "refs/heads/a~1": false,
	} {
		if got := isRefName(name); got != want {
			t.Errorf("isRefName(%q) = %v, want %v", name, got, want)
		}
	}
}

// A realIndex is an index that git has written, and the tree that git writes
// of it; "" if it cannot.
type realIndex struct {
	index []byte
	tree  string
}

// realIndexes makes indexes with real git: versions, stages, flags and
// extensions.
func realIndexes(t testing.TB) map[string]realIndex {
	t.Helper()
	dir := t.TempDir()
	run := func(input string, args ...string) (string, error) {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
		cmd.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"),
		}
		out, err := cmd.Output()
		return strings.TrimSpace(string(out)), err
	}
	must := func(input string, args ...string) string {
		out, err := run(input, args...)
		if err != nil {
			t.Fatalf("git %q: %v", args, err)
		}
		return out
	}
	all := make(map[string]realIndex)
	keep := func(name string) {
		data, err := os.ReadFile(filepath.Join(dir, ".git", "index"))
		if err != nil {
			t.Fatal(err)
		}
		tree, _ := run("", "write-tree")
		// write-tree may have added the tree cache to the index.
		all[name] = realIndex{data, tree}
	}
	must("", "init", "-q", "--template=")
	blob := must("text\n", "hash-object", "-w", "--stdin")
	info := ""
	for _, n := range []string{
		"a", "a-b", "a.c", "d/x", "d/y/z", "d/y-z", "d0", strings.Repeat("long/", 900) + "x",
	} {
		info += "100644 " + blob + "\t" + n + "\n"
	}
	info += "100755 " + blob + "\te/run\n120000 " + blob + "\te/link\n160000 " + strings.Repeat("12", 20) + "\te/sub\n"
	must(info, "update-index", "--add", "--index-info")
	keep("version 2")
	must("", "write-tree")
	keep("with tree cache")
	must("", "update-index", "--skip-worktree", "d/x", "a-b")
	keep("version 3")
	must("", "update-index", "--index-version", "4", "--force-untracked-cache")
	keep("version 4 with untracked cache")
	if err := os.WriteFile(filepath.Join(dir, "later"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	must("", "update-index", "--index-version", "2")
	must("100644 "+blob+" 1\td/b\n100644 "+blob+" 2\td/b\n100755 "+blob+" 3\td/b\n", "update-index", "--index-info")
	keep("unmerged")
	must("100644 "+blob+"\td/b\n", "update-index", "--index-info")
	keep("with resolve undo")
	must("", "-c", "index.threads=4", "-c", "core.untrackedCache=false", "update-index", "--force-remove", "d/b")
	keep("without untracked cache")
	must("0 "+strings.Repeat("0", 40)+"\te/sub\n", "update-index", "--index-info")
	keep("removed")
	must("", "add", "-N", "later")
	keep("intent to add")
	if len(all) != 9 {
		t.Fatalf("%d indexes, want 9", len(all))
	}
	return all
}

// TestRealIndexes reads what git writes. go-git's decoder and the gate's walk
// agree; the ids computed of the directories are those of the trees that git
// would write (the comparison with HEAD rests on it); and no index that is cut
// or has a bit flipped is read.
func TestRealIndexes(t *testing.T) {
	t.Parallel()
	for name, real := range realIndexes(t) {
		n, err := checkIndexLaws(real.index[:len(real.index)-sha1.Size])
		if err != nil || n == 0 {
			t.Errorf("%s: %d entries, %v", name, n, err)
			continue
		}
		checkTreeID(t, name, real)
		step := 1 + len(real.index)/97 // bytes; every one takes too long
		for at := 0; at < len(real.index); at += step {
			if _, err := decodeIndex(real.index[:at]); err == nil {
				t.Errorf("%s: decodeIndex of the first %d of %d bytes has no error", name, at, len(real.index))
			}
			data := bytes.Clone(real.index)
			data[at] ^= 0x10
			if _, err := decodeIndex(data); err == nil {
				t.Errorf("%s: decodeIndex with a bit of byte %d flipped has no error", name, at)
			}
		}
	}
}

func checkTreeID(t *testing.T, name string, real realIndex) {
	t.Helper()
	entries, err := decodeIndex(real.index)
	if err != nil {
		t.Errorf("%s: decodeIndex: %v", name, err)
		return
	}
	top := (&stagedIndex{entries: entries}).tree()
	if slices.ContainsFunc(entries, func(e indexEntry) bool { return e.intentToAdd }) {
		real.tree = "" // write-tree leaves them out
	}
	switch {
	case real.tree == "" && top.hasID:
		t.Errorf("%s: tree() = %s, want none: git writes no tree of it", name, top.id)
	case real.tree != "" && (!top.hasID || top.id.String() != real.tree):
		t.Errorf("%s: tree() = %s, %v, want %s as git write-tree says", name, top.id, top.hasID, real.tree)
	}
}
