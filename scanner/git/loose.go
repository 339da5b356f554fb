package git

import (
	"compress/zlib"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxLoose is the size in bytes up to which a loose object is read without
// git; larger ones are worth a process that inflates while we scan.
const maxLoose = 256 * 1024

// looseBlob returns the content of a blob that has a file of its own, as most
// that are staged have: a process of git to read one takes 2 ms, this 0.05 ms.
// The content is proved by its id. In any doubt ok is false, and git is asked.
func (p *plumbingEngine) looseBlob(id string) (content []byte, ok bool) {
	f, err := os.Open(filepath.Join(p.objectDir(), id[:2], id[2:]))
	if err != nil {
		return nil, false
	}
	defer f.Close()
	z, err := zlib.NewReader(f)
	if err != nil {
		return nil, false
	}
	var h hash.Hash
	switch len(id) {
	case 2 * sha1.Size:
		h = sha1.New()
	case 2 * sha256.Size:
		h = sha256.New()
	default:
		return nil, false
	}
	data, err := io.ReadAll(io.TeeReader(io.LimitReader(z, maxLoose), h))
	if err != nil || len(data) == maxLoose || hex.EncodeToString(h.Sum(nil)) != id {
		return nil, false
	}
	header, _, ok := strings.Cut(string(data[:min(len(data), 32)]), "\x00")
	if !ok || header != "blob "+strconv.Itoa(len(data)-len(header)-1) {
		return nil, false
	}
	return data[len(header)+1:], true
}

// objectDir returns where git writes objects.
func (p *plumbingEngine) objectDir() string {
	name, ok := getenv(p.env, "GIT_OBJECT_DIRECTORY")
	if !ok || name == "" {
		return filepath.Join(p.layout.commonDir, "objects")
	}
	return p.fromGit(name)
}

// fromGit resolves a path of the environment as git does: from the top of the
// work tree, if it runs inside of it.
func (p *plumbingEngine) fromGit(name string) string {
	file := filepath.FromSlash(name)
	switch {
	case filepath.IsAbs(file):
		return file
	case p.inside:
		return filepath.Join(p.layout.root, file)
	}
	return filepath.Join(p.dir, file)
}
