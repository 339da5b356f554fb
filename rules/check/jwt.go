package check

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"time"
)

// jwt checks JSON Web Tokens in their compact form, RFC 7515 section 7.1 and
// RFC 7519: the header and the claims are JSON objects, and the header names
// its algorithm; of one that does not nothing more is said. The claim exp (RFC 7519 section 4.1.4) becomes Expires. An
// encrypted token (RFC 7516) has a header that names how, and no claims that
// can be read.
//
// What does not parse is no token, unless it ends in a signature of full length:
// it may be the damaged copy of one. So may be what says that it is not signed
// and is. The sample that https://jwt.io shows is no token. Supabase's keys of the role anon are made to be published:
// https://supabase.com/docs/guides/api/api-keys.
func jwt(secret []byte) Result {
	if at := bytes.Index(secret, []byte("ey")); at > 0 {
		secret = secret[at:] // behind a prefix of its issuer
	}
	parts := bytes.Split(secret, []byte("."))
	if len(parts) < 3 || len(parts) > 5 {
		return Result{}
	}
	var header struct {
		Alg string `json:"alg"`
		Enc string `json:"enc"`
	}
	_, ok := decodeBase64(parts[2])
	signed := ok && len(parts) == 3 && len(parts[2]) >= minSignature
	if !decodeJSON(parts[0], &header) {
		return damaged("its header is not JSON", signed)
	}
	if header.Alg == "" {
		return Result{} // made by somebody who does not follow the RFC, as TeamCity's tokens are
	}
	if header.Enc != "" {
		return passed("its header is that of an encrypted token")
	}
	var claims struct {
		Sub, Iss, Role json.RawMessage
		Exp            json.RawMessage
	}
	if !decodeJSON(parts[1], &claims) {
		return damaged("its claims are not JSON", signed)
	}
	is := func(claim json.RawMessage, value string) bool {
		var s string
		return json.Unmarshal(claim, &s) == nil && s == value
	}
	switch {
	case is(claims.Sub, "1234567890"):
		return failed("it is a variation of the sample of jwt.io")
	case is(claims.Role, "anon") && (is(claims.Iss, "supabase") || is(claims.Iss, "supabase-demo")):
		return failed("its role is anon, which is public")
	}
	r := passed("its header and its claims are JSON")
	if strings.EqualFold(header.Alg, "none") && !signed {
		r = doubtful("it is not signed (alg none)")
	}
	var exp float64
	if json.Unmarshal(claims.Exp, &exp) == nil {
		r.Expires = unixTime(exp)
	}
	return r
}

// minSignature is the length in base64 of the shortest signature of RFC 7518: 256
// bits.
const minSignature = 43

// damaged returns the verdict on a token that does not parse.
func damaged(why string, signed bool) Result {
	if signed {
		return Result{Note: why}
	}
	return failed(why)
}

// unixTime returns the time of that many seconds since 1970, zero if it is not
// one that somebody would mean.
func unixTime(seconds float64) time.Time {
	const year10000 = 253402300800
	if !(seconds > 0 && seconds < year10000) {
		return time.Time{}
	}
	return time.Unix(int64(math.Floor(seconds)), 0).UTC()
}

// decodeBase64 decodes either alphabet, with or without padding.
func decodeBase64(text []byte) ([]byte, bool) {
	text = bytes.TrimRight(text, "=")
	enc := base64.RawStdEncoding
	if bytes.ContainsAny(text, "-_") {
		enc = base64.RawURLEncoding
	}
	out := make([]byte, enc.DecodedLen(len(text)))
	n, err := enc.Decode(out, text)
	return out[:n], err == nil
}

// decodeJSON decodes a JSON object in base64 and reports whether it is one.
func decodeJSON(text []byte, v any) bool {
	raw, ok := decodeBase64(text)
	if !ok {
		return false
	}
	raw = bytes.TrimSpace(raw)
	return len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, v) == nil
}
