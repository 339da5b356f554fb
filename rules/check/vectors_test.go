package check_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base32"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/rules/check"
)

// crc32Of is CRC-32 (IEEE 802.3), bit by bit.
func crc32Of(text string) uint32 {
	sum := ^uint32(0)
	for _, c := range []byte(text) {
		sum ^= uint32(c)
		for range 8 {
			if sum&1 == 1 {
				sum = sum>>1 ^ 0xedb88320
			} else {
				sum >>= 1
			}
		}
	}
	return ^sum
}

// base62Of is big.Int's base 62 with the cases swapped: it has lower case first.
func base62Of(n uint32) string {
	text := big.NewInt(int64(n)).Text(62)
	text = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return r
	}, text)
	return strings.Repeat("0", 6-len(text)) + text
}

func b64url(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// chars returns n characters that look random and are the same every time.
func chars(n int, alphabet string) string {
	state := uint64(n)*0x9e3779b97f4a7c15 + 0x1234567
	b := make([]byte, n)
	for i := range b {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		b[i] = alphabet[state%uint64(len(alphabet))]
	}
	return string(b)
}

const (
	digits = "0123456789"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	base62 = digits + upper + lower
)

func TestGitHubCRC32(t *testing.T) {
	body := chars(30, base62)
	good := body + base62Of(crc32Of(body))
	bad := body + "0" + good[31:]
	remarked := passes
	remarked.Limit = check.TestMode
	var vectors []vector
	for _, p := range []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_"} {
		vectors = append(vectors, vector{p + " right", p + good, passes}, vector{p + " wrong", p + bad, fails})
	}
	long := chars(70, base62)
	tail := chars(53, base62)
	vectors = append(vectors,
		vector{"leading zeros", "ghp_" + zeroSum() + base62Of(crc32Of(zeroSum())), passes},
		vector{"long refresh token", "ghr_" + long + base62Of(crc32Of(long)), passes},
		vector{"long refresh token, wrong", "ghr_" + long + "000000", doubts},
		vector{"fine-grained", "github_pat_" + chars(22, base62) + "_" + tail + "000000", nothing},
		vector{"fine-grained with a sum", "github_pat_" + chars(22, base62) + "_" + tail + base62Of(crc32Of(tail)), passes},
		vector{"another length", "ghp_" + chars(35, base62), nothing},
		vector{"another prefix", "ghx_" + good, nothing},
		vector{"no prefix", good, nothing},
		vector{"empty", "", nothing},
		vector{"with a JWT", "ghs_1234_" + jwtOf(`{"alg":"RS256"}`, `{}`), nothing},
	)
	run(t, "github-crc32", vectors)
}

// zeroSum returns a body whose sum begins with a zero in base 62.
func zeroSum() string {
	for i := range 100000 {
		body := chars(20, base62) + big.NewInt(int64(i)).Text(10)
		body += strings.Repeat("a", 30-len(body))
		if base62Of(crc32Of(body))[0] == '0' {
			return body
		}
	}
	panic("there is none")
}

func TestNPMCRC32(t *testing.T) {
	body := chars(30, base62)
	run(t, "npm-crc32", []vector{
		{"right", "npm_" + body + base62Of(crc32Of(body)), passes},
		{"wrong", "npm_" + body + "AAAAAA", fails},
		{"short", "npm_" + body, nothing},
		{"none", "", nothing},
	})
}

func TestAWSAccount(t *testing.T) {
	id := func(prefix string, account uint64) string {
		var raw [10]byte
		n := account<<7 | 0x55
		n |= 1 << 47 // the first bit is of something else
		for i := range 6 {
			raw[i] = byte(n >> (8 * (5 - i)))
		}
		copy(raw[6:], "\x8f\x13\x22\x31")
		return prefix + base32.StdEncoding.EncodeToString(raw[:])
	}
	account := func(note string) check.Result { return check.Result{Verdict: check.Passed, Note: note} }
	run(t, "aws-account", []vector{
		{"account", id("AKIA", 123456789012), account("it belongs to AWS account 123456789012")},
		{"zeros in front", id("ASIA", 42), account("it belongs to AWS account 000000000042")},
		{"largest", id("ABIA", 999999999999), account("it belongs to AWS account 999999999999")},
		{"too large", id("AKIA", 1000000000000), doubts},
		{"old", "AKIA" + "J" + chars(15, "ABCDEFGHQRSTUVWX234567"), nothing},
		{"old with 0, 1, 8, 9", "AKIA" + "Q0189" + chars(11, "ABCDEFGHQRSTUVWX"), nothing},
		{"sample", "AKIA" + "IOSFODNN7" + "EXAMPLE", fails},
		{"other sample", "ASIA" + "J" + "EXAMPLE" + "XEG2JICE", fails},
		{"short", "AKIAQQ", nothing},
		{"none", "", nothing},
	})
}

func jwtOf(header, claims string) string {
	return b64url(header) + "." + b64url(claims) + "." + chars(43, base62)
}

func TestJWT(t *testing.T) {
	const hs = `{"alg":"HS256","typ":"JWT"}`
	ends := passes
	ends.Expires = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	none := doubts
	none.Expires = ends.Expires
	run(t, "jwt", []vector{
		{"plain", jwtOf(hs, `{"sub":"alice"}`), passes},
		{"white space", jwtOf(" {\n \"alg\" : \"HS256\" }\n", ` { } `), passes},
		{"ends", jwtOf(hs, `{"exp":1893553445}`), ends},
		{"ends in a fraction", jwtOf(hs, `{"exp":1893553445.9}`), ends},
		{"ends as a string", jwtOf(hs, `{"exp":"1893553445"}`), passes},
		{"ends never", jwtOf(hs, `{"exp":1e300}`), passes},
		{"ended before the beginning", jwtOf(hs, `{"exp":-5}`), passes},
		{"not signed", b64url(`{"alg":"none"}`) + "." + b64url(`{"exp":1893553445}`) + ".", none},
		{"not signed, and signed", jwtOf(`{"alg":"none"}`, `{"exp":1893553445}`), ends},
		{"sample", jwtOf(hs, `{"sub":"1234567890","name":"John Doe","iat":1516239022}`), fails},
		{"public role", jwtOf(hs, `{"iss":"supabase","role":"anon"}`), fails},
		{"secret role", jwtOf(hs, `{"iss":"supabase","role":"service_role"}`), passes},
		{"another's role", jwtOf(hs, `{"iss":"example","role":"anon"}`), passes},
		{"no algorithm", jwtOf(`{"typ":"JWT"}`, `{}`), nothing},
		{"header is no JSON", "eyJ" + chars(33, base62) + "." + b64url(`{}`) + ".abc", fails},
		{"header is an array", b64url(`["alg"]`) + "." + b64url(`{}`) + ".abc", fails},
		{"header is damaged", "eyJ" + chars(33, base62) + "." + b64url(`{}`) + "." + chars(43, base62), nothing},
		{"claims are no JSON", b64url(hs) + ".eyJ" + chars(30, base62) + ".abc", fails},
		{"claims are a string", b64url(hs) + "." + b64url(`"abc"`) + ".abc", fails},
		{"claims are damaged", b64url(hs) + ".eyJ" + chars(30, base62) + "." + chars(43, base62), nothing},
		{"encrypted", b64url(`{"alg":"RSA-OAEP","enc":"A256GCM"}`) + ".a.b.c.d", passes},
		{"padding", base64.URLEncoding.EncodeToString([]byte(hs)) + "." + base64.URLEncoding.EncodeToString([]byte(`{"a":"bb"}`)) + ".abc", passes},
		{"two parts", b64url(hs) + "." + b64url(`{}`), nothing},
		{"none", "", nothing},
	})
}

// keys returns private keys in PEM by the name of their kind.
func keys(t testing.TB) map[string]string {
	t.Helper()
	must := func(der []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	encode := func(label string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"rsa":       encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r)),
		"rsa pkcs8": encode("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(r))),
		"ec":        encode("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(e))),
		"ec pkcs8":  encode("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(e))),
		"ed25519":   encode("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ed))),
	}
}

func TestPEM(t *testing.T) {
	remarked := passes
	remarked.Limit = check.TestMode
	var vectors []vector
	all := keys(t)
	for name, key := range all {
		body := strings.Split(strings.TrimSpace(key), "\n")
		first, last := body[0], body[len(body)-1]
		body = body[1 : len(body)-1]
		half := first + "\n" + strings.Join(body[:len(body)/2], "\n")
		vectors = append(vectors,
			vector{name, key, passes},
			vector{name + " CRLF", strings.ReplaceAll(key, "\n", "\r\n"), passes},
			vector{name + " escaped", strings.ReplaceAll(key, "\n", `\n`), passes},
			vector{name + " escaped twice", strings.ReplaceAll(key, "\n", `\\r\\n`), passes},
			vector{name + " JSON slashes", strings.ReplaceAll(strings.ReplaceAll(key, "\n", `\n`), "/", `\/`), passes},
			vector{name + " XML", strings.ReplaceAll(key, "\n", "&#xA;"), passes},
			vector{name + " percent", strings.NewReplacer("\n", "%0A", "+", "%2B", "/", "%2F", "=", "%3D").Replace(key), passes},
			vector{name + " with a remark", strings.Replace(key, "-----\n", "----- fake\n", 1), remarked},
			vector{name + " of one character", first + "\n" + strings.Repeat("X", 128) + "\n" + last, fails},
			vector{name + " on one line", strings.ReplaceAll(key, "\n", " "), passes},
			vector{name + " run together", first + strings.Join(body, "") + last, passes},
			vector{name + " indented", strings.ReplaceAll(key, "\n", "\n    "), passes},
			vector{name + " commented out", strings.ReplaceAll(key, "\n", "\n// "), passes},
			vector{name + " hash comment", strings.ReplaceAll(key, "\n", "\n#   "), passes},
			vector{name + " quoted", strings.ReplaceAll(key, "\n", "\n> "), passes},
			vector{name + " Java", strings.ReplaceAll(key, "\n", "\\n\" +\n    \""), passes},
			vector{name + " PHP", strings.ReplaceAll(key, "\n", "\\n' .\n '"), passes},
			vector{name + " array", strings.ReplaceAll(key, "\n", "\",\n  \""), passes},
			vector{name + " with dots", first + "\n" + body[0] + "\n...\n" + last, doubts},
		)
		if len(half) > 200 {
			vectors = append(vectors,
				vector{name + " cut off", half, nothing},
				vector{name + " too short", half + "\n" + last, doubts})
		}
	}
	// A digit of the modulus is another one.
	der, _ := pem.Decode([]byte(all["rsa"]))
	der.Bytes[40] ^= 1
	zeros := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: make([]byte, 600)})
	vectors = append(vectors,
		vector{"modulus", string(pem.EncodeToMemory(der)), doubts},
		vector{"zeros", string(zeros), fails},
		vector{"short", "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----", fails},
		vector{"random", "-----BEGIN RSA " + "PRIVATE KEY-----\n" + chars(400, base62) + "\n-----END RSA PRIVATE KEY-----", doubts},
		vector{"RFC 1421", "-----BEGIN RSA " + "PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n" + chars(64, base62), isLocked},
		vector{"RFC 1421 in code", "-----BEGIN RSA " + "PRIVATE KEY-----\\n\" +\n\t\"Proc-Type: 4,ENCRYPTED\\n\" + \"" + chars(64, base62), isLocked},
		vector{"certificate", "-----BEGIN CERTIFICATE-----\n" + chars(64, base62) + "\n", nothing},
		vector{"empty", "-----BEGIN PRIVATE " + "KEY-----\n-----END PRIVATE KEY-----", fails},
		vector{"no header", chars(64, base62), nothing},
		vector{"none", "", nothing},
	)
	vectors = append(vectors, encryptedKeys()...)
	run(t, "pem", vectors)
}

// str is a string of the SSH wire encoding.
func str(s string) string {
	n := len(s)
	return string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + s
}

func openSSH(cipher, kdf, private string) string {
	raw := "openssh-key-v1\x00" + str(cipher) + str(kdf) + str("") + "\x00\x00\x00\x01" + str("ssh-ed25519"+chars(32, base62)) + str(private)
	return string(pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: []byte(raw)}))
}

func encryptedKeys() []vector {
	tlv := func(tag byte, content string) string {
		if len(content) > 127 {
			return string([]byte{tag, 0x81, byte(len(content))}) + content
		}
		return string([]byte{tag, byte(len(content))}) + content
	}
	pkcs8 := tlv(0x30, tlv(0x30, tlv(0x06, "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d")+tlv(0x30, ""))+tlv(0x04, chars(96, base62)))
	return []vector{
		{"PKCS #8 encrypted", string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte(pkcs8)})), isLocked},
		{"OpenSSH", openSSH("none", "none", "\x01\x02\x03\x04\x01\x02\x03\x04"+chars(100, base62)), passes},
		{"OpenSSH encrypted", openSSH("aes256-ctr", "bcrypt", chars(100, base62)), isLocked},
		{"OpenSSH check numbers", openSSH("none", "none", "\x01\x02\x03\x04\x01\x02\x03\x05"+chars(100, base62)), doubts},
		{"OpenSSH cut off", strings.Join(strings.Split(openSSH("none", "none", "\x01\x02\x03\x04\x01\x02\x03\x04"+chars(400, base62)), "\n")[:3], "\n"), nothing},
		{"OpenSSH too short", openSSH("none", "none", "\x01\x02"), doubts},
	}
}

// samples returns one text that passes for each check.
func samples(t testing.TB) []string {
	body := chars(30, base62)
	out := []string{
		"ghp_" + body + base62Of(crc32Of(body)),
		"npm_" + body + base62Of(crc32Of(body)),
		"AKIA" + chars(16, upper+"234567"),
		jwtOf(`{"alg":"HS256"}`, `{"exp":1893553445}`),
		openSSH("none", "none", "\x01\x02\x03\x04\x01\x02\x03\x04"+chars(100, base62)),
	}
	for _, k := range keys(t) {
		out = append(out, k)
	}
	out = append(out, pgpBlock(pgpKey("\x00")), pgpBlock(pgpKey("\xfe\x09\x03\x08")), ppkFile(2, "none"), ppkFile(3, "none"),
		pypi("pypi.org", `[0, 1893553445, 1600000000]`), "glc_"+b64(`{"o":"1"}`), "A12UEL5L", b64("alice:k8Fp2Q9x"),
		"se=2030-01-02T03:04:05Z&sig=abc", "sk_test_"+chars(24, base62), "xoxb-123456789012-1234567890123-"+chars(24, base62))
	return out
}
