package git

import (
	"context"
	"errors"
)

func openPlumbing(ctx context.Context, opts Options) (engine, layout, error) {
	return nil, layout{}, errors.New("git is not there")
}
