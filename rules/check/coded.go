package check

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
)

// bech32Digits is the alphabet of BIP 173.
const bech32Digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32 checks texts in Bech32 or Bech32m: a name, "1", data, and a sum of six
// characters. It is what age keys, Nostr's nsec, Sui's and Cardano's private
// keys are written in.
//
// https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki
// https://age-encryption.org/v1
func bech32(secret []byte) Result {
	text := string(secret)
	low := strings.ToLower(text)
	at := strings.LastIndexByte(low, '1')
	switch {
	case at < 1 || len(low)-at < 7 || len(low) > 1000:
		return Result{}
	case low != text && strings.ToUpper(text) != text:
		return failed("its letters are of both cases")
	}
	state := uint32(1)
	add := func(v byte) {
		top := state >> 25
		state = state&0x1ffffff<<5 ^ uint32(v)
		for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				state ^= g
			}
		}
	}
	for i := range at {
		add(low[i] >> 5)
	}
	add(0)
	for i := range at {
		add(low[i] & 31)
	}
	for i := at + 1; i < len(low); i++ {
		v := strings.IndexByte(bech32Digits, low[i])
		if v < 0 {
			return failed("it has characters that its format does not have")
		}
		add(byte(v))
	}
	const sumBech32, sumBech32m = 1, 0x2bc830a3
	return sum(state == sumBech32 || state == sumBech32m)
}

const (
	base58Bitcoin = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	base58Ripple  = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
)

// maxBase58 bounds a conversion whose time grows with the square of the length.
const maxBase58 = 256

// decodeBase58 decodes a text, leading zeros included.
func decodeBase58(text []byte, alphabet string) ([]byte, bool) {
	if len(text) == 0 || len(text) > maxBase58 {
		return nil, false
	}
	n, radix := new(big.Int), big.NewInt(58)
	for _, c := range text {
		v := strings.IndexByte(alphabet, c)
		if v < 0 {
			return nil, false
		}
		n.Add(n.Mul(n, radix), big.NewInt(int64(v)))
	}
	zeros := 0
	for zeros < len(text) && text[zeros] == alphabet[0] {
		zeros++
	}
	return append(make([]byte, zeros), n.Bytes()...), true
}

// base58Check checks the first four bytes of a double SHA-256 at the end of a
// base58 text. It is what Bitcoin's private keys (WIF), extended keys (BIP 32)
// and Tezos' secret keys are written in, and with an alphabet of its own the
// seeds of the XRP Ledger.
//
// https://en.bitcoin.it/wiki/Base58Check_encoding
// https://github.com/bitcoin/bips/blob/master/bip-0032.mediawiki
// https://xrpl.org/docs/references/protocol/data-types/base58-encodings
func base58Check(secret []byte) Result {
	known := false
	for _, alphabet := range []string{base58Bitcoin, base58Ripple} {
		raw, ok := decodeBase58(secret, alphabet)
		if !ok || len(raw) < 8 {
			continue
		}
		known = true
		body, tail := raw[:len(raw)-4], raw[len(raw)-4:]
		first := sha256.Sum256(body)
		second := sha256.Sum256(first[:])
		if bytes.Equal(second[:4], tail) {
			return passed(sumRight)
		}
	}
	if !known {
		return Result{}
	}
	return failed(sumWrong)
}

// crc16Base32 checks texts in base32 that end in the CRC-16 (XMODEM) of the
// bytes before it, low byte first: the seeds of NATS and of Stellar.
//
// https://github.com/nats-io/nkeys/blob/main/strkey.go
// https://github.com/stellar/stellar-protocol/blob/master/ecosystem/sep-0023.md
func crc16Base32(secret []byte) Result {
	if len(secret) != 56 && len(secret) != 58 {
		return Result{}
	}
	raw := make([]byte, base32.StdEncoding.WithPadding(base32.NoPadding).DecodedLen(len(secret)))
	n, err := base32.StdEncoding.WithPadding(base32.NoPadding).Decode(raw, secret)
	if err != nil {
		return failed("it is not base32")
	}
	body, tail := raw[:n-2], raw[n-2:n]
	crc := uint16(0)
	for _, c := range body {
		crc ^= uint16(c) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return sum(tail[0] == byte(crc) && tail[1] == byte(crc>>8))
}

// x25519Key checks 32 bytes in base64, as WireGuard writes its keys. Those that
// it makes itself are clamped as RFC 7748 section 5 asks, which is true of one
// random text in 32.
//
// https://man7.org/linux/man-pages/man8/wg.8.html
func x25519Key(secret []byte) Result {
	raw, err := base64.StdEncoding.DecodeString(string(secret))
	switch {
	case err != nil || len(raw) != 32:
		return failed("it is not 32 bytes long")
	case uniform(raw):
		return failed("it is filled with one byte")
	case raw[0]&7 == 0 && raw[31]&0xc0 == 0x40:
		return passed("its bits are those of a private key")
	}
	return Result{}
}

// solanaKey checks Solana's keypairs: 64 bytes, as a JSON array of numbers or in
// base58, whose second half is the public key of the first (RFC 8032).
//
// https://solana.com/docs/intro/installation
func solanaKey(secret []byte) Result {
	var raw []byte
	if bytes.HasPrefix(secret, []byte("[")) {
		var numbers []uint16
		if len(secret) > 2048 || json.Unmarshal(secret, &numbers) != nil {
			return Result{}
		}
		for _, n := range numbers {
			if n > 255 {
				return failed("it has a number that is no byte")
			}
			raw = append(raw, byte(n))
		}
	} else {
		var ok bool
		if raw, ok = decodeBase58(secret, base58Bitcoin); !ok {
			return Result{}
		}
	}
	if len(raw) != 64 {
		return Result{}
	}
	public := ed25519.NewKeyFromSeed(raw[:32]).Public().(ed25519.PublicKey)
	if bytes.Equal(public, raw[32:]) {
		return passed("its public half belongs to its private half")
	}
	return doubtful("its public half does not belong to its private half")
}

// jwtBase64 checks a JSON Web Token that was encoded in base64 once more.
func jwtBase64(secret []byte) Result {
	raw, ok := decodeBase64(secret)
	if !ok {
		return Result{}
	}
	return jwt(bytes.TrimSpace(raw))
}

// pemBase64 checks a private key in PEM that was encoded in base64 once more.
func pemBase64(secret []byte) Result {
	raw, ok := decodeBase64(secret)
	if !ok {
		return Result{}
	}
	if bytes.Contains(raw[:min(len(raw), 64)], []byte(" PGP ")) {
		return pgp(raw)
	}
	return pem(raw)
}
