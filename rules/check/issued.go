package check

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// crcTail splits n characters off the end, which are meant to be the CRC-32 of
// what is before them.
func crcTail(text []byte, n int) (body, tail []byte, ok bool) {
	at := len(text) - n
	if at <= 0 {
		return nil, nil, false
	}
	return text[:at], text[at:], true
}

// hexCRC32 reports whether eight hexadecimal digits of either case are the
// CRC-32 of the body, big-endian.
func hexCRC32(body, tail []byte) bool {
	var want [4]byte
	if n, err := hex.Decode(want[:], tail); err != nil || n != 4 {
		return false
	}
	return binary.BigEndian.Uint32(want[:]) == crc32.ChecksumIEEE(body)
}

// gitlabCRC32 checks GitLab's routable tokens: a prefix, a payload in base64,
// a dot, optionally a version of two characters and another dot, the length of
// the payload in two digits of base 36, and the CRC-32 of all of that in seven.
// Tokens without a dot have no sum.
//
// https://docs.gitlab.com/security/tokens/
// https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/authn/token_field/generator/routable_token.rb
func gitlabCRC32(secret []byte) Result {
	at := bytes.LastIndexByte(secret, '.')
	if at < 0 || len(secret)-at != 10 || !bytes.HasPrefix(secret, []byte("gl")) {
		return Result{}
	}
	body, tail, _ := crcTail(secret, 7)
	return likelySum(isBase(base36Digits, crc32.ChecksumIEEE(body), tail))
}

// grafanaCRC32 checks Grafana's service account tokens (glsa_): 32 characters
// and, behind another "_", the CRC-32 of the prefix and those characters, its
// bytes in reverse order.
//
// https://github.com/grafana/grafana/blob/main/pkg/components/satokengen/satokengen.go
func grafanaCRC32(secret []byte) Result {
	body, tail, ok := crcTail(secret, 9)
	if !ok || tail[0] != '_' || !bytes.HasPrefix(secret, []byte("glsa_")) || len(secret) != 46 {
		return Result{}
	}
	var want [4]byte
	_, err := hex.Decode(want[:], tail[1:])
	return likelySum(err == nil && binary.LittleEndian.Uint32(want[:]) == crc32.ChecksumIEEE(body))
}

// atlassianCRC32 checks Atlassian's API tokens (ATATT, ATCTT): the last eight
// digits are the CRC-32 of all before them, with the "=" that stands there,
// which may be escaped. Bitbucket's app passwords (ATBB) have no "=".
//
// https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/
// names the length only; the sum is known from samples.
func atlassianCRC32(secret []byte) Result {
	if !bytes.HasPrefix(secret, []byte("AT")) {
		return Result{}
	}
	body, tail, ok := crcTail(secret, 8)
	if !ok {
		return Result{}
	}
	for _, escaped := range []string{"%3D", "%3d", `\=`} {
		if b, ok := bytes.CutSuffix(body, []byte(escaped)); ok {
			body = append(bytes.Clone(b), '=')
		}
	}
	return likelySum(hexCRC32(body, tail))
}

// cloudflareCRC32 checks Cloudflare's tokens with a prefix (cfut_, cfat_,
// cfk_): 40 characters and their CRC-32. Known from samples.
//
// https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/
func cloudflareCRC32(secret []byte) Result {
	_, rest, ok := bytes.Cut(secret, []byte("_"))
	if !ok || len(rest) != 48 {
		return Result{}
	}
	body, tail, _ := crcTail(rest, 8)
	return likelySum(hexCRC32(body, tail))
}

// zuploCRC32 checks Zuplo's API keys: zpka_, 32 characters, "_" and their
// CRC-32. Known from samples.
//
// https://zuplo.com/docs/articles/api-key-management
func zuploCRC32(secret []byte) Result {
	rest, ok := bytes.CutPrefix(secret, []byte("zpka_"))
	body, tail, _ := bytes.Cut(rest, []byte("_"))
	if !ok || len(tail) != 8 {
		return Result{}
	}
	return likelySum(hexCRC32(body, tail))
}

// tailCRC32 checks tokens that end in a CRC-32 of what stands between their
// last "_" or "|" and it, written as GitHub does, as eight hexadecimal digits,
// or as six characters of base64 of its bytes in reverse order: Polar, NetBird,
// Confluent, Laravel Sanctum and others that were named without a proof. A sum
// that is right cannot be chance; one that is wrong says nothing.
func tailCRC32(secret []byte) Result {
	body := secret[bytes.LastIndexAny(secret, "_|")+1:]
	if len(body) == len(secret) {
		body = bytes.TrimPrefix(body, []byte("cflt"))
	}
	if base62CRC32(body) {
		return passed(sumRight)
	}
	if b, tail, ok := crcTail(body, 8); ok && hexCRC32(b, tail) {
		return passed(sumRight)
	}
	if b, tail, ok := crcTail(body, 6); ok {
		want := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b))
		if base64.RawStdEncoding.EncodeToString(want) == string(tail) {
			return passed(sumRight)
		}
	}
	return Result{}
}

// jsonPart checks tokens of which one part, between dots, underscores or
// dashes, is a JSON object in base64 (it begins "eyJ"): Sentry's sntrys_,
// Grafana's glc_ and older keys, 1Password's ops_, Mapbox's and Snyk's tokens.
//
// Sentry: https://develop.sentry.dev/sdk/expected-features/#org-auth-token
// Grafana: https://grafana.com/docs/grafana-cloud/security-and-account-management/authentication-and-permissions/access-policies/
// Mapbox: https://docs.mapbox.com/api/accounts/tokens/#token-format
func jsonPart(secret []byte) Result {
	at := bytes.Index(secret, []byte("eyJ"))
	if at < 0 {
		return Result{}
	}
	part := secret[at:]
	if end := bytes.IndexByte(part, '.'); end >= 0 {
		part = part[:end]
	}
	var object map[string]json.RawMessage
	if decodeJSON(part, &object) {
		return passed("it holds JSON")
	}
	// An underscore is a character of base64url and a separator.
	for end := bytes.IndexByte(part, '_'); end >= 0; {
		if decodeJSON(part[:end], &object) {
			return passed("it holds JSON")
		}
		next := bytes.IndexByte(part[end+1:], '_')
		if next < 0 || end > 4096 {
			break
		}
		end += 1 + next
	}
	return doubtful("what should be JSON in it is not")
}

// macaroon checks API tokens of PyPI: pypi- and a macaroon of version 2 in
// base64url, with the location, an identifier, caveats and a signature of 32
// bytes. A caveat [0, until, from] says when the token ends. Those of the test
// index open nothing real.
//
// https://github.com/rescrv/libmacaroons/blob/master/doc/format.txt
// https://github.com/pypi/warehouse/blob/main/warehouse/macaroons/caveats/__init__.py
func macaroon(secret []byte) Result {
	text, ok := bytes.CutPrefix(secret, []byte("pypi-"))
	if !ok {
		return Result{}
	}
	raw, ok := decodeBase64(text)
	if !ok || len(raw) == 0 || raw[0] != 2 {
		return doubtful("it is no macaroon")
	}
	raw = raw[1:]
	varint := func() (n int) {
		v, size := binary.Uvarint(raw)
		if size <= 0 || v > math.MaxInt32 {
			ok = false
			return 0
		}
		raw = raw[size:]
		return int(v)
	}
	const end, location, identifier, signature = 0, 1, 2, 6
	field := func() (kind int, content []byte) {
		if kind = varint(); kind == end || !ok {
			return kind, nil
		}
		n := varint()
		if n > len(raw) {
			ok = false
			return kind, nil
		}
		content, raw = raw[:n], raw[n:]
		return kind, content
	}
	r := passed("it is a whole macaroon")
	sections := 0 // that have ended
	for ok && len(raw) > 0 {
		switch kind, content := field(); {
		case !ok:
		case kind == end:
			sections++
		case kind == signature:
			ok = len(raw) == 0 && len(content) == 32 && sections >= 2
			if !ok {
				return doubtful("it is no macaroon")
			}
			return r
		case kind == location && sections == 0 && string(content) == "test.pypi.org":
			r.Limit = TestMode
		case kind == identifier && sections > 0:
			var caveat []float64
			if json.Unmarshal(content, &caveat) == nil && len(caveat) == 3 && caveat[0] == 0 {
				if t := unixTime(caveat[1]); r.Expires.IsZero() || !t.IsZero() && t.Before(r.Expires) {
					r.Expires = t
				}
			}
		}
	}
	return doubtful("it is no macaroon")
}

// discordBot checks Discord's bot tokens: the first of three parts is the
// user's id, a number of 17 to 20 digits, in base64.
//
// https://discord.com/developers/docs/reference#snowflakes
func discordBot(secret []byte) Result {
	id, _, ok := bytes.Cut(secret, []byte("."))
	if !ok {
		return Result{}
	}
	digits, ok := decodeBase64(id)
	if !ok || len(digits) < 17 || len(digits) > 20 || len(bytes.Trim(digits, "0123456789")) > 0 {
		return failed("its first part is not a user's id")
	}
	return passed("its first part is a user's id")
}

// telegramBot checks Telegram's bot tokens, "<user id>:<35 characters>". Ids
// have no zero in front and fit in 52 bits. The two tokens of the
// documentation open nothing.
//
// https://core.telegram.org/bots/features#botfather
func telegramBot(secret []byte) Result {
	id, rest, ok := bytes.Cut(secret, []byte(":"))
	switch {
	case !ok:
		return Result{}
	case string(id) == "110201543", string(id) == "123456", string(id) == "4839574812":
		return failed("it is an example of documentation")
	case len(id) == 0 || id[0] == '0' || len(id) > 16:
		return failed("no user has its id")
	case len(rest) == 35 && len(id) >= 8 && len(id) <= 10:
		return passed("its parts are those of a bot's token")
	}
	return Result{}
}

// slackToken checks the parts of Slack's tokens: the ids of workspace and user
// or bot are numbers of ten to fourteen digits without zeros in front.
//
// https://docs.slack.dev/authentication/tokens/
func slackToken(secret []byte) Result {
	kind, rest, ok := bytes.Cut(secret, []byte("-"))
	if !ok || len(kind) != 4 || !bytes.HasPrefix(kind, []byte("xox")) || bytes.IndexByte([]byte("bpc"), kind[3]) < 0 {
		return Result{}
	}
	parts := bytes.Split(rest, []byte("-"))
	ids := parts[:len(parts)-1]
	for _, id := range ids {
		if len(id) == 0 || len(bytes.Trim(id, "0123456789")) > 0 {
			return Result{}
		}
		if id[0] == '0' {
			return doubtful("no workspace or user has such an id")
		}
		if len(id) < 10 || len(id) > 14 {
			return Result{}
		}
	}
	if len(ids) == 0 {
		return Result{}
	}
	return passed("its parts are ids of a workspace and of who is in it")
}

// testMode recognises keys that say themselves that they open a test
// environment: "sk_test_...", "sandbox-...". It judges what stands in the
// beginning, between "_" and "-".
//
// https://docs.stripe.com/keys#obtain-api-keys, and alike for other providers.
func testMode(secret []byte) Result {
	head := strings.ToLower(string(secret[:min(len(secret), 32)]))
	words := strings.FieldsFunc(head, func(r rune) bool { return r == '_' || r == '-' || r == '$' })
	if len(words) > 1 {
		// The last one is the random part, or cut off.
		for _, w := range words[:len(words)-1] {
			switch w {
			case "test", "sandbox", "sbox", "playground":
				return Result{Limit: TestMode, Note: "it opens a test environment"}
			}
		}
	}
	return Result{}
}

// bedrockKey checks Amazon Bedrock's API keys. A long-term key is ABSK and the
// base64 of "BedrockAPIKey-...:...". A short-term key is bedrock-api-key- and
// the base64 of a signed URL, whose parameters X-Amz-Date and X-Amz-Expires
// (seconds) say when it ends.
//
// https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-how.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
func bedrockKey(secret []byte) Result {
	if text, ok := bytes.CutPrefix(secret, []byte("ABSK")); ok {
		raw, ok := decodeBase64(text)
		if ok && bytes.HasPrefix(raw, []byte("BedrockAPIKey-")) {
			return passed("it names a Bedrock user")
		}
		return doubtful("it does not name a Bedrock user")
	}
	text, ok := bytes.CutPrefix(secret, []byte("bedrock-api-key-"))
	if !ok {
		return Result{}
	}
	raw, ok := decodeBase64(text)
	if !ok || !bytes.Contains(raw, []byte("X-Amz-Signature=")) {
		return doubtful("it is not a signed URL")
	}
	r := passed("it is a signed URL")
	r.Expires = amzEnd(raw)
	return r
}

func amzEnd(url []byte) time.Time {
	param := func(name string) string {
		_, value, _ := bytes.Cut(url, []byte(name+"="))
		value, _, _ = bytes.Cut(value, []byte("&"))
		return string(value)
	}
	from, err := time.Parse("20060102T150405Z", param("X-Amz-Date"))
	seconds, err2 := strconv.Atoi(param("X-Amz-Expires"))
	if err != nil || err2 != nil || seconds <= 0 || seconds > 1e9 || from.Year() < 1970 {
		return time.Time{}
	}
	return from.Add(time.Duration(seconds) * time.Second).UTC()
}

// artifactoryReference checks Artifactory's reference tokens: the base64 of
// "reftkn:01:", when it ends (ten digits, zeros for never), and more.
//
// https://jfrog.com/help/r/jfrog-platform-administration-documentation/reference-tokens
func artifactoryReference(secret []byte) Result {
	raw, ok := decodeBase64(secret)
	if !ok {
		return Result{}
	}
	rest, ok := bytes.CutPrefix(raw, []byte("reftkn:01:"))
	end, _, ok2 := bytes.Cut(rest, []byte(":"))
	seconds, err := strconv.ParseInt(string(end), 10, 64)
	if !ok || !ok2 || err != nil || seconds < 0 {
		return doubtful("it does not say when it ends")
	}
	r := passed("it is a reference token")
	r.Expires = unixTime(float64(seconds))
	return r
}

// atlassianDataCenter checks tokens of Jira, Confluence and Bitbucket Data
// Center: the base64 of an id in digits, ":" and twenty random bytes.
//
// https://confluence.atlassian.com/enterprise/using-personal-access-tokens-1026032365.html
func atlassianDataCenter(secret []byte) Result {
	text := bytes.TrimPrefix(secret, []byte("BBDC-"))
	if len(text) != 44 {
		return Result{}
	}
	raw, ok := decodeBase64(text)
	id, random, found := bytes.Cut(raw, []byte(":"))
	if !ok || !found || len(id) < 9 || len(bytes.Trim(id, "0123456789")) > 0 || len(random) != 20 {
		return failed("it does not begin with an id")
	}
	return passed("it begins with an id")
}

// azureKey checks the account keys of Azure Storage, Cosmos DB and others: 64
// bytes in base64. New ones hold a marker of their service and a sum whose
// making is not documented. The keys of the emulators are public.
//
// https://learn.microsoft.com/azure/storage/common/storage-use-azurite
// https://learn.microsoft.com/azure/cosmos-db/emulator
// https://github.com/microsoft/security-utilities
func azureKey(secret []byte) Result {
	if bytes.HasPrefix(secret, []byte("Eby8vdM02xNOcqFlqUwJPLlm"+"EtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq")) ||
		bytes.HasPrefix(secret, []byte("C2y6yDjf5/R+ob0N8A7Cgv30"+"VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGy")) {
		return failed("it is the key of an emulator, which is public")
	}
	raw, ok := decodeBase64(secret)
	if !ok || len(raw) != 64 {
		return doubtful("it is not 64 bytes long")
	}
	if len(secret) == 88 {
		switch string(secret[76:80]) {
		case "+ASt", "ACDb", "+ABa", "+AMC", "APIM":
			return passed("it has the marker of its service")
		}
	}
	return Result{}
}

// azureAnnotated checks Azure's keys of 84 characters with "JQQJ9" at their
// place: the year and the month of making follow, and the service's name
// stands near the end.
//
// https://github.com/microsoft/security-utilities/blob/main/docs/CommonAnnotatedSecurityKeySpecification.md
func azureAnnotated(secret []byte) Result {
	if len(secret) < 84 || string(secret[52:57]) != "JQQJ9" {
		return Result{}
	}
	if month := secret[59]; month < 'A' || month > 'L' {
		return doubtful("it names no month")
	}
	return passed("it has the marks of an annotated key")
}

// azureSAS checks shared access signatures: the parameter se says when they
// end. Without it they name a stored policy.
//
// https://learn.microsoft.com/rest/api/storageservices/create-service-sas#specify-the-access-policy
func azureSAS(secret []byte) Result {
	if bytes.HasPrefix(secret, []byte("sig=")) || !bytes.Contains(secret, []byte("sig=")) {
		return Result{} // the parameters are not here
	}
	m := sasEnd().FindSubmatch(secret)
	if m == nil {
		return Result{}
	}
	text := strings.NewReplacer("%3A", ":", "%3a", ":").Replace(string(m[1]))
	for _, layout := range []string{"2006-01-02T15:04:05Z", "2006-01-02T15:04Z", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() > 1970 {
			return Result{Note: "it says when it ends", Expires: t.UTC()}
		}
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds > 1e8 {
		return Result{Note: "it says when it ends", Expires: unixTime(float64(seconds))}
	}
	return Result{}
}

// Compiled when it is first needed: a hook pays for its start on every commit.
var sasEnd = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:^|[?&;])se=([0-9A-Za-z:%-]{8,30})`)
})

// basicAuth checks credentials of HTTP's Basic scheme (RFC 7617): the base64
// of a name, ":" and a password, both printable. An empty password is none,
// and neither is one that is only the word.
func basicAuth(secret []byte) Result {
	raw, ok := decodeBase64(secret)
	if !ok {
		return failed("it is not base64")
	}
	user, password, ok := bytes.Cut(raw, []byte(":"))
	if !ok {
		return failed("it holds no name and password")
	}
	for _, c := range raw {
		if c < ' ' || c == 0x7f {
			return failed("it holds no name and password")
		}
	}
	switch strings.ToLower(string(password)) {
	case "", "pass", "password", "passwd", "pwd", "secret", "x", "test", "guest", "foo", "bar", "open sesame", "opensesame", "token", "yourpassword", "your_password":
		return failed("its password is a placeholder")
	}
	if len(user) > 0 && bytes.Equal(user, password) && string(user) != "root" {
		return doubtful("its password is its user's name")
	}
	return passed("it holds a name and a password")
}
