package check

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"
)

// ppk checks PuTTY's private keys, versions 2 and 3. The MAC of a key that is
// not encrypted has a key that is known: it proves that nothing was changed.
//
// https://the.earth.li/~sgtatham/putty/latest/htmldoc/AppendixC.html
func ppk(secret []byte) Result {
	text := unescapeLines(secret)
	var version, algorithm, encryption, comment, mac string
	var public, private []byte
	var blob *[]byte
	left := 0 // lines of blob
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if left > 0 {
			*blob = append(*blob, strings.TrimSpace(line)...)
			left--
			continue
		}
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			continue
		}
		switch name = strings.TrimSpace(name); name {
		case "PuTTY-User-Key-File-2", "PuTTY-User-Key-File-3":
			version, algorithm = name[len(name)-1:], value
		case "Encryption":
			encryption = value
		case "Comment":
			comment = value
		case "Private-MAC":
			mac = value
		case "Public-Lines", "Private-Lines":
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 || n > 1000 {
				return Result{}
			}
			left, blob = n, &public
			if name == "Private-Lines" {
				blob = &private
			}
		}
	}
	switch {
	case version == "" || encryption == "":
		return Result{}
	case encryption != "none":
		return limited(passed("a passphrase encrypts it"), Encrypted)
	case left > 0 || mac == "":
		return Result{} // cut off
	}
	pub, err := base64.StdEncoding.DecodeString(string(public))
	priv, err2 := base64.StdEncoding.DecodeString(string(private))
	want, err3 := hex.DecodeString(mac)
	if err != nil || err2 != nil || err3 != nil {
		return doubtful("its body is damaged")
	}
	var h hash.Hash
	if version == "2" {
		key := sha1.Sum([]byte("putty-private-key-file-mac-key"))
		h = hmac.New(sha1.New, key[:])
	} else {
		h = hmac.New(sha256.New, nil)
	}
	for _, part := range [][]byte{[]byte(algorithm), []byte(encryption), []byte(comment), pub, priv} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write(part)
	}
	if bytes.Equal(h.Sum(nil), want) {
		return passed("its MAC is right")
	}
	return doubtful("its MAC is wrong")
}
