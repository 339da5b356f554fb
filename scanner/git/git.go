package git

import (
	"errors"
)

// Engine says who reads the repository.
type Engine uint8

// The engines.
const (
	EngineAuto     Engine = iota // git where it is on PATH, else embedded
	EnginePlumbing               // git's own plumbing commands
	EngineEmbedded               // go-git
)

// Options say which repository to open and how.
type Options struct {
	Dir string // where to start looking for the repository; "" is the current directory

	// Env is the environment of the process, as os.Environ returns it. git is
	// run with it, and GIT_DIR, GIT_INDEX_FILE and the like are honoured.
	Env []string

	Git    string // the git program; "" if there is none
	Engine Engine

	// TrustRepo lets git read a repository that somebody else owns, for these
	// calls only (safe.directory).
	TrustRepo bool

	// LazyFetch lets git fetch the objects that a partial clone lacks, as it
	// would by itself. Without it they are missing.
	LazyFetch bool

	// StagedNext says that Staged is what will be asked for: Open starts the
	// work for it at once. It changes nothing but the time taken.
	StagedNext bool

	// FilesNext says the same of Files(Dir), without what git ignores.
	FilesNext bool
}

// ErrNotRepository is wrapped by Open's error outside of a repository.
var ErrNotRepository = errors.New("not a git repository")

// An UnsupportedError is the embedded engine's refusal to read what it cannot
// read exactly.
type UnsupportedError struct {
	Feature string // as git calls it: "split index", "extensions.objectFormat=sha256"
}

func (e *UnsupportedError) Error() string {
	return "the embedded engine does not read repositories with " + e.Feature
}
