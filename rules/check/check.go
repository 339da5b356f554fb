package check

import (
	"slices"
	"strings"
	"time"
)

// A Check judges the text of a secret, without quotes and without the name it
// was assigned to.
type Check func(secret []byte) Result

// A Result is what a check says.
type Result struct {
	Verdict Verdict
	Limit   Limit
	Note    string    // what was seen, a short phrase without the secret: "its checksum is right"; "" for nothing
	Expires time.Time // when the secret ends by itself; zero if it does not, or that is not known
}

// A Verdict is how a check ended.
type Verdict uint8

// The verdicts.
const (
	Inconclusive Verdict = iota // nothing is known, for or against
	Passed                      // the structure is what its issuer makes
	Doubtful                    // something is wrong with it, but it may be real
	Failed                      // it cannot be what it looks like
)

// String returns "inconclusive", "passed", "doubtful" or "failed".
func (v Verdict) String() string {
	switch v {
	case Passed:
		return "passed"
	case Doubtful:
		return "doubtful"
	case Failed:
		return "failed"
	default:
		return "inconclusive"
	}
}

// A Limit is why a credential is less bad to lose than others of its kind.
type Limit uint8

// The limits.
const (
	Unlimited Limit = iota
	Encrypted       // a passphrase that is kept elsewhere is needed as well
	TestMode        // it opens a sandbox without real data
)

// Lookup returns the check of a name.
func Lookup(name string) (Check, bool) {
	i, ok := slices.BinarySearchFunc(table[:], name, func(e entry, name string) int { return strings.Compare(e.name, name) })
	if !ok {
		return nil, false
	}
	return table[i].check, true
}

// Names returns the names of all checks, sorted.
func Names() []string {
	names := make([]string, len(table))
	for i, e := range table {
		names[i] = e.name
	}
	return names
}

type entry struct {
	name  string
	check Check
}

// table is sorted by name. It holds constants alone, so it costs nothing at
// the start.
var table = [...]entry{
	{"artifactory-reference", artifactoryReference},
	{"atlassian-crc32", atlassianCRC32},
	{"atlassian-data-center", atlassianDataCenter},
	{"aws-account", awsAccount},
	{"azure-annotated", azureAnnotated},
	{"azure-key", azureKey},
	{"azure-sas", azureSAS},
	{"base58check", base58Check},
	{"basic-auth", basicAuth},
	{"bech32", bech32},
	{"bedrock-key", bedrockKey},
	{"cloudflare-crc32", cloudflareCRC32},
	{"crc16-base32", crc16Base32},
	{"discord-bot", discordBot},
	{"github-crc32", githubCRC32},
	{"gitlab-crc32", gitlabCRC32},
	{"grafana-crc32", grafanaCRC32},
	{"json-part", jsonPart},
	{"jwt", jwt},
	{"jwt-base64", jwtBase64},
	{"macaroon", macaroon},
	{"npm-crc32", npmCRC32},
	{"pem", pem},
	{"pem-base64", pemBase64},
	{"pgp", pgp},
	{"ppk", ppk},
	{"slack-token", slackToken},
	{"solana-key", solanaKey},
	{"tail-crc32", tailCRC32},
	{"telegram-bot", telegramBot},
	{"test-mode", testMode},
	{"x25519-key", x25519Key},
	{"zuplo-crc32", zuploCRC32},
}

func passed(note string) Result   { return Result{Verdict: Passed, Note: note} }
func doubtful(note string) Result { return Result{Verdict: Doubtful, Note: note} }
func failed(note string) Result   { return Result{Verdict: Failed, Note: note} }

// limited returns r with a limit.
func limited(r Result, l Limit) Result {
	r.Limit = l
	return r
}

// The notes of checks that compute a sum.
const (
	sumRight = "its checksum is right"
	sumWrong = "its checksum is wrong"
)

// sum returns the verdict of a checksum that its issuer has described: a text
// with another one is not the issuer's.
func sum(ok bool) Result {
	if ok {
		return passed(sumRight)
	}
	return failed(sumWrong)
}

// likelySum returns the verdict of a checksum that is known from samples.
func likelySum(ok bool) Result {
	if ok {
		return passed(sumRight)
	}
	return doubtful(sumWrong)
}
