package git

import (
	"context"
	"errors"
)

// openEmbedded opens a repository with go-git. It returns an error that wraps
// ErrNotRepository outside of one, and an *UnsupportedError for what the
// engine does not read exactly.
func openEmbedded(ctx context.Context, opts Options) (engine, layout, error) {
	return nil, layout{}, errors.New("this build has no embedded engine")
}
