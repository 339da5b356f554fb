package scanner

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// token returns a random string that is the same in every run.
func token(seed uint64, n int, alphabet string) string {
	r := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

const (
	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	hex16  = "0123456789abcdef"
)

func TestStrong(t *testing.T) {
	for _, tt := range []struct {
		name     string
		n        int
		alphabet string
	}{
		{"base62", 32, base62}, {"hex", 32, hex16}, {"lower and digits", 48, base62[:10] + base62[36:]}, {"base64", 32, base62 + "+/"},
	} {
		weak := 0
		const tries = 1000
		for seed := range uint64(tries) {
			if !strong(token(seed, tt.n, tt.alphabet)) {
				weak++
			}
		}
		if weak > tries/50 {
			t.Errorf("of %d random secrets of %d characters (%s), %d are taken for weak", tries, tt.n, tt.name, weak)
		}
	}
	for _, s := range []string{
		"", "hunter2", "short-but-X9$k2", strings.Repeat("a", 100), strings.Repeat("abc123!", 20),
		"MyCompanyDatabasePassword2024!", "correct-horse-battery-staple-again", "correct horse battery staple",
		"12345678901234567890123456", "qwertyuiopasdfghjklzxcvbnm1234567890", "Password1Password2Password3Password4",
		"abcdefghijklmnopqrstuvwxyz0123456789", "summer2023summer2024summer2025", "postgres://admin:hun@ter2@db1.production.example.com:5432/customers?sslmode=require",
		"aaaabbbbccccddddeeeeffffgggghhhh", "P@ssw0rd!P@ssw0rd!P@ssw0rd!", token(1, 19, base62),
	} {
		if strong(s) {
			t.Errorf("strong(%q) = true: %.0f bits", s, guessBits(s))
		}
	}
}

func TestFingerprint(t *testing.T) {
	fp := newFingerprinter()
	random, weak := token(7, 40, base62), "hunter2"
	pem := "-----BEGIN X KEY-----\n" + token(8, 64, base62) + "\n" + token(9, 64, base62) + "\n-----END X KEY-----"
	base := fp.of("tok", "a/b", "key", random)
	baseWeak := fp.of("tok", "a/b", "key", weak)
	for _, f := range []string{base, baseWeak, fp.of("tok", "", "", "x"), fp.of("pem-file", "a/b", "", "")} {
		if !fingerprintRegex.MatchString(f) {
			t.Errorf("%q is not a fingerprint", f)
		}
	}
	differ := func(a, b string) bool { return a[len(a)-fingerprintDigits:] != b[len(b)-fingerprintDigits:] }
	tests := []struct {
		name   string
		a, b   string
		differ bool
	}{
		{"strong, renamed", base, fp.of("tok", "c", "other", random), false},
		{"strong, another rule", base, fp.of("tok2", "a/b", "key", random), true},
		{"strong, another secret", base, fp.of("tok", "a/b", "key", random+"x"), true},
		{"key, wrapped otherwise", fp.of("k", "a", "", pem), fp.of("k", "b", "", strings.ReplaceAll(pem, "\n", "\r\n    ")), false},
		{"key, as a string", fp.of("k", "a", "", pem), fp.of("k", "b", "", strings.ReplaceAll(pem, "\n", `\n`)), false},
		{"weak, again", baseWeak, newFingerprinter().of("tok", "a/b", "key", weak), false},
		{"weak, renamed", baseWeak, fp.of("tok", "a/c", "key", weak), true},
		{"weak, another key", baseWeak, fp.of("tok", "a/b", "key2", weak), true},
		{"weak, another secret", baseWeak, fp.of("tok", "a/b", "key", "hunter3"), true},
		{"weak, fields do not run together", fp.of("tok", "ab", "c", weak), fp.of("tok", "a", "bc", weak), true},
		{"path, renamed", fp.of("p", "a", "", ""), fp.of("p", "b", "", ""), true},
	}
	for _, tt := range tests {
		if got := differ(tt.a, tt.b); got != tt.differ {
			t.Errorf("%s: %s and %s differ = %v, want %v", tt.name, tt.a, tt.b, got, tt.differ)
		}
	}
}

// TestFingerprintOfWeakSecretSaysLittle tries what a reader would: find a
// password in a list by its fingerprints, in as many places as there are.
func TestFingerprintOfWeakSecretSaysLittle(t *testing.T) {
	fp := newFingerprinter()
	const places = 20
	fingerprints := func(secret string) string {
		var all []string
		for i := range places {
			all = append(all, fp.of("pass", fmt.Sprintf("file%d", i), "password", secret))
		}
		return strings.Join(all, " ")
	}
	// All candidates fall into at most 4096 classes that no number of places
	// tells apart, and each class has its share of all passwords.
	classes := make(map[string]int)
	const candidates = 1500
	for i := range candidates {
		digits := fingerprints(fmt.Sprintf("password%d", i))
		classes[digits]++
	}
	if len(classes) > 4096 || len(classes) == candidates {
		t.Errorf("%d passwords have %d different sets of fingerprints, want fewer", candidates, len(classes))
	}
}

func TestFingerprintSurvivesMoves(t *testing.T) {
	s := New(testSet(t), Options{})
	a, _, _ := scanAll(t, s, source(blob("f", "pass=abcdef\n")))
	b, _, _ := scanAll(t, s, source(blob("f", "new line\n\n  x pass=abcdef # moved\n")))
	if a[0].Fingerprint != b[0].Fingerprint {
		t.Errorf("the fingerprint changed from %s to %s with the line", a[0].Fingerprint, b[0].Fingerprint)
	}
}

func BenchmarkFingerprint(b *testing.B) {
	for name, secret := range map[string]string{"strong": token(1, 40, base62), "weak": "hunter2"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				newFingerprinter().of("tok", "a/b", "key", secret)
			}
		})
	}
}

// TestFingerprintsAreNoSecrets: a baseline and a configuration that hold a fingerprint of
// every rule have nothing in them; the same is found in any other file, and in these
// what is no fingerprint.
func TestFingerprintsAreNoSecrets(t *testing.T) {
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	var entries []BaselineEntry
	e := AllowEntry{Reason: "x"}
	for _, r := range rules.Builtin() {
		print := r.ID + ":" + hashFields(r.ID)[:fingerprintDigits]
		entries = append(entries, BaselineEntry{Fingerprint: print, Path: "conf/" + r.ID + ".yml", Reason: "there before"})
		e.Fingerprints = append(e.Fingerprints, print)
	}
	baseline := string((*Baseline)(nil).WithEntries(entries))
	table, ok := e.TOML()
	if !ok {
		t.Fatal("the entry cannot be written")
	}
	s := New(set, Options{MinConfidence: rules.ConfidenceLow})
	for path, content := range map[string]string{
		BaselineName: baseline, "old" + BaselineName: baseline, "sub/" + configName: table,
		configName: strings.ReplaceAll(table, ",\n  ", ", "),
	} {
		found, errs, _ := scanAll(t, s, source(blob(path, content)))
		if len(errs) > 0 || len(found) > 0 {
			t.Errorf("in %s are %d findings: %.300s; errors %v", path, len(found), ids(found), errs)
		}
		if found, _, _ := scanAll(t, s, source(blob("x.txt", content))); len(found) < 100 {
			t.Errorf("what is in %s is found %d times in another file: the test shows too little", path, len(found))
		}
	}
	key := "AK" + "IA" + "QYLPMN5HHHFPZAM2"
	if found, _, _ := scanAll(t, s, source(blob(configName, "# "+key+"\n"+table))); len(found) == 0 {
		t.Error("a key in a configuration is not found")
	}
}
