package git

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/git/pack"
)

// Object returns what a History scans under an id, as a Blob with the path that
// is given: the content of a file, that of the Git LFS object which it points to,
// or the text of a commit or tag.
func (r *Repository) Object(ctx context.Context, id, path string) (scanner.Blob, error) {
	at, err := r.eng.objectsAt(ctx)
	if err != nil {
		return scanner.Blob{}, err
	}
	open := func(context.Context) (io.ReadCloser, error) {
		store, err := pack.Open(at.dir, pack.Options{HashSize: at.hashSize, Alternates: at.alternates})
		if err != nil {
			return nil, err
		}
		a := &audit{h: &History{r: r, at: at}, store: store}
		n, ok := a.number(id)
		if !ok {
			return nil, errors.Join(fmt.Errorf("object %s is not in the repository", printable(id)), store.Close())
		}
		content, err := a.open(n)
		if err != nil {
			return nil, errors.Join(err, store.Close())
		}
		return &ofStore{content, store}, nil
	}
	return scanner.Blob{Path: path, ID: id, Size: -1, Open: open}, nil
}

// ofStore is a content that is closed together with the store that it is in.
type ofStore struct {
	io.ReadCloser
	store *pack.Store
}

func (o *ofStore) Close() error { return errors.Join(o.ReadCloser.Close(), o.store.Close()) }
