package check

import (
	"bytes"
	"encoding/base32"
	"encoding/binary"
	"fmt"
)

// awsAccount checks AWS access key ids (AKIA..., ASIA...). Those issued since
// about 2019 hold the number of their account, which has at most 12 digits:
// the 16 characters after the prefix are base32, and the number is 40 bits of
// them from the second on. Older ids hold none: they have characters that are
// not base32, or an I or J in the fifth place.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
//
// Ids of documentation end in EXAMPLE, or hold it.
func awsAccount(secret []byte) Result {
	if len(secret) != 20 {
		return Result{}
	}
	if bytes.Contains(secret, []byte("EXAMPLE")) {
		return failed("it is an example of documentation")
	}
	if secret[4] == 'I' || secret[4] == 'J' {
		return Result{}
	}
	var raw [10]byte
	if n, err := base32.StdEncoding.Decode(raw[:], secret[4:]); err != nil || n != len(raw) {
		return Result{}
	}
	account := binary.BigEndian.Uint64(raw[:]) >> 16 & 0x7fffffffff80 >> 7
	if account > 999999999999 {
		return doubtful("it holds a number that no AWS account can have")
	}
	return passed(fmt.Sprintf("it belongs to AWS account %012d", account))
}
