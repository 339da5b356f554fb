package git

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/pack"
)

// objects are all the objects of a repository.
type objects struct {
	store     *pack.Store
	hashSize  int    // bytes of an id
	commonDir string // where the content of Git LFS lies
	held      int64  // bytes of the largest object that is held in memory as a whole; a delta always is
}

func (r *Repository) openObjects(at *objectsAt) (objects, error) {
	store, err := pack.Open(at.dir, pack.Options{HashSize: at.hashSize, Alternates: at.alternates})
	return objects{store, at.hashSize, r.layout.commonDir, maxHeld}, err
}

// id returns the id of an object, in hexadecimal.
func (o objects) id(n pack.Num) string { return hex.EncodeToString(o.store.ID(n)) }

// number returns the object of an id in hexadecimal.
func (o objects) number(id string) (pack.Num, bool) {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != o.hashSize {
		return 0, false
	}
	return o.store.Find(b)
}

// maxHeld is a size in bytes beyond which git makes no deltas by default.
const maxHeld = 512 << 20

// open returns the content of an object, or that of the Git LFS object that it
// points to; of a commit or a tag what has the path, its head or its message.
func (o objects) open(n pack.Num, path string) (io.ReadCloser, error) {
	text := o.store.Type(n) == pack.Commit || o.store.Type(n) == pack.Tag
	if o.store.Size(n) > o.held {
		content, err := o.store.Reader(n)
		if err != nil || !text {
			return content, err
		}
		return openText(content, path)
	}
	data, _, err := o.store.Read(n)
	if err != nil {
		return nil, err
	}
	if text {
		head, message := cutText(data)
		if path == headPathOf(o.store.Type(n)) {
			return scanner.InMemory(head), nil
		}
		return scanner.InMemory(message), nil
	}
	if len(data) < maxPointer && o.store.Type(n) == pack.Blob {
		if content, ok, err := openLFS(o.commonDir, data); ok {
			return content, err
		}
	}
	return scanner.InMemory(data), nil
}

// maxHead is the longest head, in bytes, of a commit or a tag that is too large to
// be held in memory.
const maxHead = 1 << 20

// openText returns the head or the message, as path says, of a commit or a tag that
// content is. It closes content if it fails.
func openText(content io.ReadCloser, path string) (io.ReadCloser, error) {
	r := bufio.NewReader(content)
	var head []byte
	for empty := false; !empty; {
		line, err := r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return nil, errors.Join(err, content.Close())
		}
		empty = errors.Is(err, io.EOF) || len(line) == 1 && bytes.HasSuffix(head, []byte("\n"))
		if head = append(head, line...); len(head) > maxHead {
			return nil, errors.Join(fmt.Errorf("its head is longer than %d bytes", maxHead), content.Close())
		}
	}
	if path == commitHeadPath || path == tagHeadPath {
		return scanner.InMemory(blankSignatures(bytes.TrimSuffix(head, []byte("\n\n")))), content.Close()
	}
	for {
		start, _ := r.Peek(r.Size())
		line := bytes.IndexByte(start, '\n')
		if line < 0 || len(bytes.TrimSpace(start[:line])) > 0 {
			break // also at an error, which the next read returns
		}
		if _, err := r.Discard(line + 1); err != nil {
			return nil, errors.Join(err, content.Close())
		}
	}
	return &message{r, content}, nil
}

// A message is the rest of a content.
type message struct {
	io.Reader
	io.Closer
}

// Object returns what a History scans under an id, as a Blob with the path that
// is given: the content of a file, that of the Git LFS object which it points to,
// or the head or the message of a commit or tag.
func (r *Repository) Object(ctx context.Context, id, path string) (scanner.Blob, error) {
	at, err := r.eng.objectsAt(ctx)
	if err != nil {
		return scanner.Blob{}, err
	}
	open := func(context.Context) (io.ReadCloser, error) {
		o, err := r.openObjects(at)
		if err != nil {
			return nil, err
		}
		n, ok := o.number(id)
		if !ok {
			return nil, errors.Join(fmt.Errorf("object %s is not in the repository", printable(id)), o.store.Close())
		}
		content, err := o.open(n, path)
		if err != nil {
			return nil, errors.Join(err, o.store.Close())
		}
		return &ofStore{content, o.store}, nil
	}
	return scanner.Blob{Path: path, ID: id, Size: -1, Open: open}, nil
}

// ofStore is a content that is closed together with the store that it is in.
type ofStore struct {
	io.ReadCloser
	store *pack.Store
}

func (o *ofStore) Close() error { return errors.Join(o.ReadCloser.Close(), o.store.Close()) }
