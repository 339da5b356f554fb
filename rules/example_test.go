package rules_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

func TestExpand(t *testing.T) {
	tests := []struct{ example, want string }{
		{"", `^$`},
		{"plain text", `^plain text$`},
		{"a<>b", `^ab$`},
		{"<<>>", `^<>$`},
		{"<digits:12>", `^[0-9]{12}$`},
		{"<hex:40>", `^[0-9a-f]{40}$`},
		{"<HEX:40>", `^[0-9A-F]{40}$`},
		{"<xhex:40>", `^[0-9a-fA-F]{40}$`},
		{"<lower:30><upper:30>", `^[a-z]{30}[A-Z]{30}$`},
		{"<alpha:30>", `^[A-Za-z]{30}$`},
		{"<alnum:30>/<ALNUM:30>", `^[a-z0-9]{30}/[A-Z0-9]{30}$`},
		{"x=<base62:99>;", `^x=[0-9A-Za-z]{99};$`},
		{"<base58:99>", `^[1-9A-HJ-NP-Za-km-z]{99}$`},
		{"<b64:200>==", `^[0-9A-Za-z+/]{200}==$`},
		{"<b64url:200>", `^[0-9A-Za-z_-]{200}$`},
		{"<base32:200>", `^[A-Z2-7]{200}$`},
		{"<bech32:200>", `^[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{200}$`},
		{"<BECH32:200>", `^[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{200}$`},
		{"id <uuid>", `^id [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$`},
		{"<base62:0>", `^$`},
		{"<token-id>", `^<token-id>$`},
		{"<b:c:3>", `^<b:c:3>$`},
		{"<not closed:3", `^<not closed:3$`},
	}
	for _, tt := range tests {
		got, err := rules.Expand(tt.example, 1)
		if err != nil {
			t.Errorf("Expand(%q) = %v", tt.example, err)
		}
		if !regexp.MustCompile(tt.want).MatchString(got) {
			t.Errorf("Expand(%q) = %q, want %s", tt.example, got, tt.want)
		}
	}
}

func TestExpandIsDeterministic(t *testing.T) {
	const example = "<base62:36> <uuid>"
	expand := func(trial int) string {
		t.Helper()
		s, err := rules.Expand(example, trial)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if a, b := expand(1), expand(1); a != b {
		t.Errorf("Expand(%q, 1) = %q, then %q", example, a, b)
	}
	if a, b := expand(1), expand(2); a == b {
		t.Errorf("Expand(%q) = %q in trials 1 and 2", example, a)
	}
}

func TestExpandErrors(t *testing.T) {
	for _, tt := range []struct{ example, want string }{
		{"key <base63:4>", `unknown class in "<base63:4>"`},
		{"<Hex:4> and <base62:4>", `unknown class in "<Hex:4>"`},
		{"<hex:99999999>", "longer than"},
		{"<hex:99999999999999999999999>", "longer than"},
	} {
		got, err := rules.Expand(tt.example, 0)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Expand(%q) = %q, %v, want an error with %q", tt.example, got, err, tt.want)
		}
	}
}

// TestExpandComputed holds the parts that are computed against values that
// others have published, and against the checks' own samples.
func TestExpandComputed(t *testing.T) {
	tests := []struct{ example, want string }{
		// The check value of CRC-32 is that of the digits from 1 to 9.
		{"<from>123456789<crc32:hex>", `^123456789cbf43926$`},
		{"<from>123456789<crc32:HEX>", `^123456789CBF43926$`},
		{"<from>123456789<to>_<crc32:hexle>", `^123456789_2639f4cb$`},
		{"<from>123456789<crc32:b64le>", `^123456789Jjn0yw$`},
		{"<from>123456789<crc32:base62>", `^1234567893jZRME$`},
		{"<from>123456789<crc32:base36>", `^1234567891kl8mjq$`},
		{"x_<hex:9>_<crc32:hex>", `^x_[0-9a-f]{9}_[0-9a-f]{8}$`},
		// BIP 173 has this valid text with an empty data part.
		{"<from>A1<bech32>", `^A12UEL5L$`},
		{"<from>abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7l<bech32>", `^abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw$`},
		{"<b64-of:a?b>c", `^YT9ic$`},
		{"<b64url-of:??>", `^Pz8$`},
		{"<b64-of:<b64-of:ab>>", `^WVdJPQ==$`},
		{"<b64-of-hex:00ff>", `^AP8=$`},
		{"<b64url-of-hex:fb<hex:2>>", `^-[0-9A-Za-z_-]{2}$`},
		{"<base58check-of-hex:00010966776006953d5567439e5e39f86a0d273beed61967f6>", `^1[1-9A-HJ-NP-Za-km-z]{33,38}$`},
		{"<rsa:64>", `^30[0-9a-f]{60,}$`},
	}
	for _, tt := range tests {
		got, err := rules.Expand(tt.example, 1)
		if err != nil {
			t.Errorf("Expand(%q) = %v", tt.example, err)
		}
		if !regexp.MustCompile(tt.want).MatchString(got) {
			t.Errorf("Expand(%q) = %q, want %s", tt.example, got, tt.want)
		}
	}
	for _, tt := range []struct{ example, want string }{
		{"<crc32:octal>", `unknown form in "<crc32:octal>"`},
		{"<b64-of-hex:xyz>", "invalid byte"},
		{"<b64-of:<nope:3>>", `unknown class in "<nope:3>"`},
	} {
		if got, err := rules.Expand(tt.example, 0); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Expand(%q) = %q, %v, want an error with %q", tt.example, got, err, tt.want)
		}
	}
}
