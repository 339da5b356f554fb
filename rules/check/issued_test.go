package check_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/rules/check"
)

const hexDigits = digits + "abcdef"

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// base36Of returns seven digits.
func base36Of(n uint32) string {
	text := strconv.FormatUint(uint64(n), 36)
	return strings.Repeat("0", 7-len(text)) + text
}

func reversed(n uint32) string {
	return hex.EncodeToString([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
}

func TestGitLabCRC32(t *testing.T) {
	plain := "glpat-" + b64url(chars(18, base62)+"\no:1\nu:2") + ".1o"
	versioned := "glrt-t1_" + chars(30, base62) + ".01.1o"
	run(t, "gitlab-crc32", []vector{
		{"right", plain + base36Of(crc32Of(plain)), passes},
		{"right with a version", versioned + base36Of(crc32Of(versioned)), passes},
		{"wrong", plain + "0000000", doubts},
		{"not routable", "glpat-" + chars(20, base62), nothing},
		{"none", "", nothing},
	})
}

func TestGrafanaCRC32(t *testing.T) {
	body := "glsa_" + chars(32, base62)
	run(t, "grafana-crc32", []vector{
		{"right", body + "_" + reversed(crc32Of(body)), passes},
		{"wrong", body + "_00000000", doubts},
		{"not hex", body + "_zzzzzzzz", doubts},
		{"short", "glsa_abc_00000000", nothing},
		{"none", "", nothing},
	})
}

func TestAtlassianCRC32(t *testing.T) {
	body := "ATATT3xFfGF0" + chars(170, base62)
	sum := fmt.Sprintf("%08X", crc32Of(body+"="))
	app := "ATBB" + chars(24, base62)
	run(t, "atlassian-crc32", []vector{
		{"right", body + "=" + sum, passes},
		{"percent", body + "%3D" + sum, passes},
		{"backslash", body + `\=` + sum, passes},
		{"wrong", body + "=00000000", doubts},
		{"app password", app + fmt.Sprintf("%08X", crc32Of(app)), passes},
		{"short", "AT", nothing},
		{"none", "", nothing},
	})
}

func TestBodyCRC32(t *testing.T) {
	body := chars(40, base62)
	run(t, "cloudflare-crc32", []vector{
		{"right", "cfut_" + body + fmt.Sprintf("%08x", crc32Of(body)), passes},
		{"wrong", "cfk_" + body + "00000000", doubts},
		{"another length", "cfk_" + body, nothing},
		{"none", "", nothing},
	})
	body = chars(32, digits+lower)
	run(t, "zuplo-crc32", []vector{
		{"right", "zpka_" + body + "_" + fmt.Sprintf("%08x", crc32Of(body)), passes},
		{"wrong", "zpka_" + body + "_00000000", doubts},
		{"none", "zpka_", nothing},
	})
	body = chars(37, base62)
	confluent := chars(54, base62)
	var le [4]byte
	binary.LittleEndian.PutUint32(le[:], crc32Of(confluent))
	run(t, "tail-crc32", []vector{
		{"base62", "polar_oat_" + body + base62Of(crc32Of(body)), passes},
		{"hex", "12|" + body + fmt.Sprintf("%08x", crc32Of(body)), passes},
		{"base64", "cflt" + confluent + base64.RawStdEncoding.EncodeToString(le[:]), passes},
		{"wrong", "polar_oat_" + body + "000000", nothing},
		{"short", "a_b", nothing},
		{"none", "", nothing},
	})
}

func TestJSONPart(t *testing.T) {
	run(t, "json-part", []vector{
		{"Sentry", "sntrys_" + b64(`{"iat":1690000000.5,"url":"","region_url":"","org":"a"}`) + "_" + chars(43, base62), passes},
		{"Grafana", "glc_" + b64(`{"o":"1","n":"a","k":"b"}`), passes},
		{"Mapbox", "sk." + b64url(`{"u":"a","a":"b"}`) + "." + chars(22, base62), passes},
		{"underscores inside", "x_" + b64url(`{"u":"???>>>?"}`) + "_" + chars(22, base62), passes},
		{"not JSON", "glc_eyJ" + chars(90, base62), doubts},
		{"nothing to decode", "glc_" + chars(90, base62), nothing},
		{"none", "", nothing},
	})
}

func pypi(location string, caveats ...string) string {
	field := func(kind byte, content string) string {
		return string([]byte{kind}) + string(binary.AppendUvarint(nil, uint64(len(content)))) + content
	}
	raw := "\x02" + field(1, location) + field(2, "id") + "\x00"
	for _, c := range caveats {
		raw += field(2, c) + "\x00"
	}
	raw += "\x00" + field(6, chars(32, base62))
	return "pypi-" + b64url(raw)
}

func TestMacaroon(t *testing.T) {
	ends := passes
	ends.Expires = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	test := passes
	test.Limit = check.TestMode
	whole := pypi("pypi.org", `{"version": 1, "permissions": "user"}`)
	if !strings.HasPrefix(whole, "pypi-AgEIcHlwaS5vcmc") {
		t.Fatalf("the test's macaroon begins %q", whole[:20])
	}
	run(t, "macaroon", []vector{
		{"whole", whole, passes},
		{"no caveats", pypi("pypi.org"), passes},
		{"ends", pypi("pypi.org", `[1, ["a"]]`, `[0, 1893553445, 1600000000]`, `[0, 1993553445, 1600000000]`), ends},
		{"test index", pypi("test.pypi.org", `[3, "x"]`), test},
		{"cut off", whole[:len(whole)-4], doubts},
		{"something behind it", whole + "AAAA", doubts},
		{"random", "pypi-AgEIcHlwaS5vcmc" + chars(100, base62), doubts},
		{"empty", "pypi-", doubts},
		{"none", "", nothing},
	})
}

func TestStructures(t *testing.T) {
	run(t, "discord-bot", []vector{
		{"id", b64url("123456789012345678") + "." + chars(6, base62) + "." + chars(38, base62), passes},
		{"random", "M" + chars(23, base62) + "." + chars(6, base62) + "." + chars(27, base62), fails},
		{"one part", "abc", nothing},
	})
	run(t, "telegram-bot", []vector{
		{"token", "7123456789:AA" + chars(33, base62), passes},
		{"documentation", "110201543:AA" + chars(33, base62), fails},
		{"zero", "0123456789:AA" + chars(33, base62), fails},
		{"another length", "123456789012:AA" + chars(33, base62), nothing},
		{"no id", ":AA", fails},
		{"none", "", nothing},
	})
	run(t, "slack-token", []vector{
		{"bot", "xoxb-123456789012-1234567890123-" + chars(24, base62), passes},
		{"zero", "xoxb-023456789012-1234567890123-" + chars(24, base62), doubts},
		{"legacy", "xoxb-12345678-" + chars(24, base62), nothing},
		{"another", "xapp-1-A123-1-" + chars(24, base62), nothing},
		{"none", "xoxb-", nothing},
	})
	sandbox := check.Result{Limit: check.TestMode}
	run(t, "test-mode", []vector{
		{"stripe", "sk_test_" + chars(24, base62), sandbox},
		{"sandbox", "sandbox-sq0atb-" + chars(22, base62), sandbox},
		{"braintree", "access_token$sandbox$" + chars(16, base62), sandbox},
		{"upper case", "FLWSECK_TEST-" + chars(32, base62), sandbox},
		{"live", "sk_live_" + chars(24, base62), nothing},
		{"by chance", "sk_live_" + chars(20, base62) + "_test", nothing},
		{"none", "", nothing},
	})
	ends := check.Result{Verdict: check.Passed, Expires: time.Date(2025, 3, 4, 17, 6, 7, 0, time.UTC)}
	signed := "bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Date=20250304T050607Z&X-Amz-Expires=43200&X-Amz-Signature=" + chars(64, hexDigits)
	run(t, "bedrock-key", []vector{
		{"long-term", "ABSK" + b64("BedrockAPIKey-abcd-at-123456789012:"+chars(32, base62)), passes},
		{"long-term, random", "ABSK" + chars(128, base62), doubts},
		{"short-term", "bedrock-api-key-" + b64(signed), ends},
		{"short-term, random", "bedrock-api-key-" + chars(128, base62), doubts},
		{"none", "", nothing},
	})
	ends.Expires = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	run(t, "artifactory-reference", []vector{
		{"ends", b64("reftkn:01:1893553445:" + chars(20, base62)), ends},
		{"ends never", b64("reftkn:01:0000000000:" + chars(20, base62)), passes},
		{"random", "cmVmdGtu" + chars(56, base62), doubts},
		{"not base64", "!", nothing},
	})
	run(t, "atlassian-data-center", []vector{
		{"Jira", b64("123456789012:" + chars(20, base62)), passes},
		{"Bitbucket", "BBDC-" + b64("123456789012:"+chars(20, base62)), passes},
		{"random", "M" + chars(43, base62), fails},
		{"another length", chars(24, base62), nothing},
	})
	run(t, "basic-auth", []vector{
		{"right", b64("alice:k8Fp2Q9x"), passes},
		{"UTF-8", b64("älice:k8Fp2Q9x"), passes},
		{"no padding", strings.TrimRight(b64("alice:k8Fp2Q9xL"), "="), passes},
		{"no password", b64("alice:"), fails},
		{"a word", b64("user:password"), fails},
		{"the same", b64("admin:admin"), doubts},
		{"no colon", b64("alice and bob"), fails},
		{"binary", b64("a:\x01\x02"), fails},
		{"not base64", "basic auth", fails},
	})
}

func TestAzure(t *testing.T) {
	key := func(marker string) string { return chars(76, base62) + marker + chars(5, base62) + "Q==" }
	run(t, "azure-key", []vector{
		{"marked", key("+ASt"), passes},
		{"unmarked", chars(85, base62) + "Q==", nothing},
		{"short", chars(76, base62), doubts},
		{"emulator", "Eby8vdM02xNOcqFlqUwJPLlm" + "EtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq" + "/K1SZFPTOtr/KBHBeksoGMGw==", fails},
	})
	run(t, "azure-annotated", []vector{
		{"marked", chars(52, base62) + "JQQJ99" + "BC" + chars(24, base62), passes},
		{"no month", chars(52, base62) + "JQQJ99" + "BZ" + chars(24, base62), doubts},
		{"unmarked", chars(84, base62), nothing},
	})
	ends := check.Result{Expires: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	day := check.Result{Expires: time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC)}
	sig := "&sig=" + chars(43, base62) + "%3D"
	run(t, "azure-sas", []vector{
		{"ends", "sv=2022-11-02&se=2030-01-02T03%3A04%3A05Z&sr=b" + sig, ends},
		{"ends in the middle of a URL", "https://a.blob.core.windows.net/c?sp=r&se=2030-01-02T03:04:05Z" + sig, ends},
		{"ends on a day", "se=2030-01-02&sr=c" + sig, day},
		{"seconds", "sr=a&se=1893553445&skn=b" + sig, ends},
		{"by a policy", "sv=2022-11-02&si=policy" + sig, nothing},
		{"not a date", "se=2030-99-99T99:99:99Z" + sig, nothing},
		{"signature alone", sig[1:], nothing},
		{"none", "", nothing},
	})
}

// crc16Of is CRC-16/XMODEM, bit by bit from the message's end of the division.
func crc16Of(text string) uint16 {
	bits := make([]byte, 0, 8*len(text)+16)
	for _, c := range []byte(text) {
		for i := range 8 {
			bits = append(bits, c>>(7-i)&1)
		}
	}
	bits = append(bits, make([]byte, 16)...)
	const poly = "10001000000100001"
	for i := range 8 * len(text) {
		if bits[i] == 1 {
			for k := range poly {
				bits[i+k] ^= poly[k] - '0'
			}
		}
	}
	sum := uint16(0)
	for _, b := range bits[len(bits)-16:] {
		sum = sum<<1 | uint16(b)
	}
	return sum
}

func TestCRC16Base32(t *testing.T) {
	if got := crc16Of(digits[1:]); got != 0x31c3 {
		t.Fatalf("the check value of CRC-16/XMODEM is 0x31c3, got %#x", got)
	}
	seed := func(prefix string) string {
		body := prefix + chars(32, base62)
		sum := crc16Of(body)
		return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(body + string([]byte{byte(sum), byte(sum >> 8)})))
	}
	stellar, nats := seed("\x90"), seed("\x95\x00")
	if stellar[0] != 'S' || nats[:2] != "SU" {
		t.Fatalf("the test's seeds are %q and %q", stellar, nats)
	}
	run(t, "crc16-base32", []vector{
		{"Stellar", stellar, passes},
		{"NATS", nats, passes},
		{"wrong", nats[:50] + "AAAAAAAA", fails},
		{"not base32", strings.ToLower(nats), fails},
		{"another length", nats[:40], nothing},
	})
}

func TestBech32(t *testing.T) {
	run(t, "bech32", []vector{
		// Valid and invalid texts of BIP 173 and BIP 350.
		{"upper case", "A12UEL5L", passes},
		{"long name", "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs", passes},
		{"Bech32m", "A1LQFN3A", passes},
		{"wrong", "A12UEL5A", fails},
		{"both cases", "A12uEL5L", fails},
		{"another alphabet", "x1b4n0q5v", fails},
		{"no name", "10a06t8", nothing},
		{"short", "a1qqq", nothing},
		{"none", "", nothing},
	})
}

func TestBase58Check(t *testing.T) {
	run(t, "base58check", []vector{
		// From the Bitcoin wiki's page on WIF, test vector 1 of BIP 32, and
		// rippled's "masterpassphrase", each in two pieces.
		{"WIF", "5HueCGU8rMjxEXxiPuD5BDku4M" + "kFqeZyd4dZ1jvhTVqvbTLvyTJ", passes},
		{"BIP 32", "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3j" + "PPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi", passes},
		{"XRP Ledger", "snoPBrXtMeMyM" + "HUVTgbuqAfg1SUTb", passes},
		{"wrong", "5HueCGU8rMjxEXxiPuD5BDku4M" + "kFqeZyd4dZ1jvhTVqvbTLvyTK", fails},
		{"not base58", "0OIl", nothing},
		{"long", strings.Repeat("5Kx", 1000), nothing},
		{"none", "", nothing},
	})
}

func TestKeys(t *testing.T) {
	key := []byte(chars(32, base62))
	clamped := append([]byte(nil), key...)
	clamped[0] &^= 7
	clamped[31] = clamped[31]&0x3f | 0x40
	key[0] |= 1
	run(t, "x25519-key", []vector{
		{"clamped", b64(string(clamped)), passes},
		{"any", b64(string(key)), nothing},
		{"zeros", b64(string(make([]byte, 32))), fails},
		{"short", b64("abc"), fails},
	})
	pair := ed25519.NewKeyFromSeed(key)
	numbers := make([]int, len(pair))
	for i, c := range pair {
		numbers[i] = int(c)
	}
	array, err := json.Marshal(numbers)
	if err != nil {
		t.Fatal(err)
	}
	other, large := strings.Replace(string(array), "[", "[1", 1), "["+strings.Repeat("300,", 63)+"1]"
	run(t, "solana-key", []vector{
		{"array", string(array), passes},
		{"white space", strings.ReplaceAll(string(array), ",", ",\n "), passes},
		{"base58", base58Of(pair), passes},
		{"base58, wrong", base58Of(append(append([]byte(nil), key...), key...)), doubts},
		{"large numbers", large, fails},
		{"not numbers", `["a"]`, nothing},
		{"short", "[1,2]", nothing},
		{"long numbers", strings.Repeat(other, 2), nothing},
	})
	inner := jwtOf(`{"alg":"HS256"}`, `{}`)
	run(t, "jwt-base64", []vector{{"twice", b64(inner), passes}, {"random", "ZXlK" + chars(100, base62), nothing}, {"none", "", nothing}})
	run(t, "pem-base64", []vector{
		{"RSA", b64(keys(t)["rsa"]), passes},
		{"PGP", b64(pgpBlock(pgpKey("\x00"))), passes},
		{"not base64", "-----", nothing},
	})
}

// base58Of encodes by long division, digit by digit.
func base58Of(raw []byte) string {
	const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	digits := []int{0}
	for _, c := range raw {
		carry := int(c)
		for i := range digits {
			carry += digits[i] << 8
			digits[i] = carry % 58
			carry /= 58
		}
		for carry > 0 {
			digits = append(digits, carry%58)
			carry /= 58
		}
	}
	out := ""
	for _, d := range digits {
		out = string(alphabet[d]) + out
	}
	return out
}

// pgpKey is a packet of an EdDSA key whose secret part begins as given.
func pgpKey(secret string) string {
	body := "\x04\x01\x02\x03\x04\x16" + "\x09\x2b\x06\x01\x04\x01\xda\x47\x0f\x01" + "\x01\x07\x40" + chars(32, base62) + secret + chars(34, base62)
	return string([]byte{0x80 | 5<<2, byte(len(body))}) + body
}

func pgpBlock(packets string) string {
	crc := uint32(0xb704ce)
	for _, c := range []byte(packets) {
		for i := range 8 {
			bit := crc>>23&1 ^ uint32(c>>(7-i))&1
			crc = crc << 1 & 0xffffff
			if bit == 1 {
				crc ^= 0x864cfb
			}
		}
	}
	sum := string([]byte{byte(crc >> 16), byte(crc >> 8), byte(crc)})
	text := b64(packets)
	return "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----\nComment: a key\n\n" + text[:64] + "\n" + text[64:] + "\n=" + b64(sum) + "\n-----END PGP PRIVATE KEY BLOCK-----\n"
}

func TestPGP(t *testing.T) {
	clear := pgpKey("\x00")
	locked := pgpKey("\xfe\x09\x03\x08" + chars(8, base62) + "\x60")
	stub := pgpKey("\xff\x00\x65\x00GNU\x01")
	public := "\x98\x33" + chars(51, base62)
	block := pgpBlock(clear)
	lines := strings.Split(block, "\n")
	run(t, "pgp", []vector{
		{"clear", block, passes},
		{"escaped", strings.ReplaceAll(block, "\n", `\n`), passes},
		{"CRLF", strings.ReplaceAll(block, "\n", "\r\n"), passes},
		{"no sum", strings.Join(append(append([]string(nil), lines[:len(lines)-3]...), lines[len(lines)-2:]...), "\n"), passes},
		{"encrypted", pgpBlock(locked), isLocked},
		{"encrypted, and clear", pgpBlock(locked + clear), passes},
		{"stub", pgpBlock(stub), fails},
		{"stub, and clear", pgpBlock(stub + clear), passes},
		{"no key", pgpBlock(public), doubts},
		{"wrong sum", strings.Replace(block, "\n=", "\n=A", 1), doubts},
		{"wrong letter", strings.Replace(block, lines[3][40:44], "AAAA", 1), doubts},
		{"cut off", strings.Join(lines[:4], "\n"), nothing},
		{"short", "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----\n\nlQOY\n-----END PGP PRIVATE KEY BLOCK-----", fails},
		{"another", "-----BEGIN PGP MESSAGE-----\n", nothing},
		{"none", "", nothing},
	})
}

func ppkFile(version int, encryption string) string {
	public, private := chars(51, base62), chars(36, base62)
	data := str("ssh-ed25519") + str(encryption) + str("a comment") + str(public) + str(private)
	var mac []byte
	if version == 2 {
		key := sha1.Sum([]byte("putty-private-key-file-mac-key"))
		h := hmac.New(sha1.New, key[:])
		h.Write([]byte(data))
		mac = h.Sum(nil)
	} else {
		h := hmac.New(sha256.New, make([]byte, 64)) // a key of zeros is an empty key
		h.Write([]byte(data))
		mac = h.Sum(nil)
	}
	return fmt.Sprintf("PuTTY-User-Key-File-%d: ssh-ed25519\nEncryption: %s\nComment: a comment\nPublic-Lines: 2\n%s\n%s\nPrivate-Lines: 1\n%s\nPrivate-MAC: %x\n",
		version, encryption, b64(public)[:64], b64(public)[64:], b64(private), mac)
}

func TestPPK(t *testing.T) {
	two, three := ppkFile(2, "none"), ppkFile(3, "none")
	run(t, "ppk", []vector{
		{"version 2", two, passes},
		{"version 3", three, passes},
		{"CRLF", strings.ReplaceAll(three, "\n", "\r\n"), passes},
		{"escaped", strings.ReplaceAll(three, "\n", `\n`), passes},
		{"encrypted", ppkFile(3, "aes256-cbc"), isLocked},
		{"changed", strings.Replace(three, "a comment", "another", 1), doubts},
		{"no base64", strings.Replace(three, "Public-Lines: 2\n", "Public-Lines: 2\n!", 1), doubts},
		{"cut off", three[:len(three)-80], nothing},
		{"many lines", strings.Replace(three, "Public-Lines: 2", "Public-Lines: 99999999", 1), nothing},
		{"none", "", nothing},
	})
}
