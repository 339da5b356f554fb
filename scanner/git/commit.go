package git

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/cork-scanner/cork/scanner/git/graph"
)

// parseCommit reads the ids of a commit's tree and parents; graph.ParseCommit reads
// what a finding says about it.
func parseCommit(id string, data []byte) (tree string, parents []string, err error) {
	head, _, _ := bytes.Cut(data, []byte("\n\n"))
	for line := range strings.SplitSeq(string(head), "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch {
		case key == "tree" && tree == "":
			tree = value
		case key == "parent":
			parents = append(parents, value)
		}
	}
	if !isHex(tree) {
		return "", nil, errors.New("commit " + id + " is malformed: it has no tree")
	}
	return tree, parents, nil
}

// cutText cuts a commit or a tag, as stored, into its head, in which signatures are
// blank, and its message. Empty lines before the message are part of neither: git
// shows none.
func cutText(data []byte) (head, message []byte) {
	head, message, _ = bytes.Cut(data, []byte("\n\n"))
	return blankSignatures(head), skipEmptyLines(message)
}

// blankSignatures returns the head of a commit or of a tag with spaces in place of
// signatures: what is random in them now and then looks like a token. What only
// stands where a signature does, or is cut short, stays.
func blankSignatures(head []byte) []byte {
	blanked := false
	for from := 0; ; {
		start, end, ok := findSignature(head[from:])
		if !ok {
			return head
		}
		if !blanked {
			head, blanked = bytes.Clone(head), true
		}
		for i := from + start; i < from+end; i++ {
			if head[i] != '\n' {
				head[i] = ' '
			}
		}
		from += end
	}
}

// findSignature returns where the first signature is in a head: OpenPGP's, SSH's or
// that of X.509, in armour.
func findSignature(head []byte) (start, end int, ok bool) {
	const begin, dashes = "-----BEGIN ", "-----"
	for from := 0; ; {
		at := bytes.Index(head[from:], []byte(begin))
		if at < 0 {
			return 0, 0, false
		}
		start, from = from+at, from+at+len(begin)
		label, _, _ := bytes.Cut(head[from:], []byte("\n"))
		name, ok := strings.CutSuffix(string(label), dashes)
		if !ok || name != "PGP SIGNATURE" && name != "SSH SIGNATURE" && name != "SIGNED MESSAGE" && name != "PGP MESSAGE" {
			continue
		}
		mark := "-----END " + name + dashes
		body := from + len(label)
		if n := bytes.Index(head[body:], []byte(mark)); n >= 0 && isArmour(head[body:body+n]) {
			return start, body + n + len(mark), true
		}
	}
}

// isArmour reports whether text, in lines that a head indents, is encoded bytes as
// they stand in armour, with headers such as a version before them and perhaps a
// checksum behind them.
func isArmour(text []byte) bool {
	var encoded []byte
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0:
		case len(encoded) == 0 && bytes.Contains(line, []byte(": ")):
			if hasLongWord(string(line)) {
				return false
			}
		case line[0] == '=' && len(line) == len("=crc4"):
		case len(line) > 76:
			return false
		default:
			encoded = append(encoded, line...)
		}
	}
	decoded, err := base64.StdEncoding.DecodeString(string(encoded))
	const least = 48 // bytes; the shortest signatures have 64
	return err == nil && len(decoded) >= least
}

func skipEmptyLines(text []byte) []byte {
	for {
		line, rest, ok := bytes.Cut(text, []byte("\n"))
		if !ok || len(bytes.TrimSpace(line)) > 0 {
			return text
		}
		text = rest
	}
}

// parseTag reads an annotated tag: the object that it names, and that object's
// type.
func parseTag(id string, data []byte) (object, kind string, err error) {
	head, _, _ := bytes.Cut(data, []byte("\n\n"))
	for line := range strings.SplitSeq(string(head), "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch {
		case key == "object" && object == "":
			object = value
		case key == "type" && kind == "":
			kind = value
		}
	}
	if !isHex(object) || kind == "" {
		return "", "", fmt.Errorf("tag %s is malformed: it names no object", id)
	}
	return object, kind, nil
}

// headNews returns those lines of the head of a commit or of a tag that can hold a
// secret, "" if there are none: a name or an address that is none as people have,
// a tag's name with a long word, and every key that is not of each commit, such as
// mergetag, and gpgsig if that is no signature. Dates are not part of them: what is
// the same in two commits is told once. The head is one that cutText returned.
func headNews(head []byte) string {
	var news strings.Builder
	plain := false
	for line := range strings.SplitSeq(string(head), "\n") {
		key, value, _ := strings.Cut(line, " ")
		switch key {
		case "":
			// It goes on with what is above it.
		case "author", "committer", "tagger":
			name, email, _ := graph.ParseIdent(value)
			if plain = isPlainIdent(name, email); !plain {
				line = key + " " + name + " <" + email + ">"
			}
		case "tag":
			plain = !hasLongWord(value)
		case "tree", "parent", "object", "type", "encoding":
			plain = true
		default:
			plain = false
		}
		blank := strings.Trim(value, " ") == "" && (key == "" || key == "gpgsig" || key == "gpgsig-sha256")
		if !plain && !blank {
			news.WriteString(line + "\n")
		}
	}
	return news.String()
}

// isPlainIdent reports whether a name and an address are such as people have: the
// name without digits and without the signs that stand between a key and a value,
// and no long word in either.
func isPlainIdent(name, email string) bool {
	odd := func(r rune) bool { return r < ' ' || strings.ContainsRune("0123456789_=:;/+<>\"`@#$%^*|\\", r) }
	return !strings.ContainsFunc(name, odd) && !strings.ContainsAny(email, "=:;/<>\"` \t") && !hasLongWord(name) && !hasLongWord(email)
}

// hasLongWord reports whether there is a run of so many letters and digits that it
// could be a token.
func hasLongWord(s string) bool {
	const long = 16
	n := 0
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
			if n++; n >= long {
				return true
			}
		default:
			n = 0
		}
	}
	return false
}
