package scanner

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestInPath: what stands in paths is found where they are new, of a folder once, and
// told to whoever shows a path.
func TestInPath(t *testing.T) {
	s := New(testSet(t), Options{Workers: 3})
	blobs := []Blob{
		blob("x/TOK-"+"aaaa/a", "nothing"), blob("x/TOK-"+"aaaa/b", "TOK-"+"bbbb"), blob("x/TOK-"+"aaaa/c/TOK-"+"aaaa", ""),
		blob("y/TOK-"+"aaaa/a", ""), blob("TOK-"+"cccc.txt", ""), blob("z/TOK-"+"cccc.txt", ""), blob("old/TOK-"+"dddd/a", "TOK-"+"eeee"),
	}
	blobs[6].Old = true
	sub := blob("sub/TOK-"+"ffff", "")
	sub.RepoPath = "top/sub/TOK-" + "ffff"
	blobs = append(blobs, sub, Blob{Path: "TOK-" + "gggg/module", Skip: SkipSubmodule}, Blob{Path: "TOK-" + "hhhh", Skip: SkipSymlink},
		Blob{Path: "TOK-" + "iiii", Skip: SkipSpecial}, Blob{Path: "TOK-" + "jjjj", Skip: SkipIntentToAdd})
	found, errs, sum := scanAll(t, s, source(blobs...))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var got []string
	for _, f := range found {
		hidden := make([]string, len(f.Hidden))
		for i, h := range f.Hidden {
			hidden[i] = h.Reveal()
		}
		got = append(got, fmt.Sprintf("%s %t %s %q %d:%d", f.Location.Path, f.InPath, f.Secret.Reveal(), hidden, f.Location.Line, f.Location.Column))
		if f.AboutPath() != f.InPath {
			t.Errorf("%s: AboutPath() = %t", f.Location.Path, f.AboutPath())
		}
	}
	want := strings.Split(strings.ReplaceAll(`x/T-aaaa/a true T-aaaa ["T-aaaa"] 1:1
x/T-aaaa/b false T-bbbb ["T-aaaa"] 1:1
y/T-aaaa/a true T-aaaa ["T-aaaa"] 1:1
T-cccc.txt true T-cccc ["T-cccc"] 1:1
z/T-cccc.txt true T-cccc ["T-cccc"] 1:1
old/T-dddd/a false T-eeee ["T-dddd"] 1:1
sub/T-ffff true T-ffff ["T-ffff"] 1:1
T-gggg/module true T-gggg ["T-gggg"] 1:1
T-hhhh true T-hhhh ["T-hhhh"] 1:1`, "T-", "TOK-"), "\n")
	if !slices.Equal(got, want) || sum.Findings != len(want) {
		t.Errorf("found, of %d,\n%s\nwant\n%s", sum.Findings, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestInPathFingerprint: the fingerprint of a secret in the name of a folder, which
// can be guessed, is that of the folder, and no hash of the name.
func TestInPathFingerprint(t *testing.T) {
	f := newFingerprinter()
	of := func(path, secret string) string {
		return f.ofFinding(path, &Finding{RuleID: "tok", InPath: true, Secret: NewSecret(secret)})
	}
	a := of("x/of-TOK-"+"aaaa/b/c", "TOK-"+"aaaa")
	if other := of("x/of-TOK-"+"aaaa/d", "TOK-"+"aaaa"); other != a {
		t.Errorf("in one folder there are %s and %s", a, other)
	}
	if other := of("y/of-TOK-"+"aaaa/d", "TOK-"+"aaaa"); other == a {
		t.Errorf("in another folder it is %s too", a)
	}
	// But for what is a hash of the secret, they are the same.
	if other := of("x/of-TOK-"+"bbbb/d", "TOK-"+"bbbb"); other[:len(other)-weakDigits] != a[:len(a)-weakDigits] {
		t.Errorf("the fingerprints %s and %s differ by the name of the folder", a, other)
	}
}
