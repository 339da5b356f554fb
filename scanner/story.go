package scanner

// A Story is what became of a secret in the history of a repository: which
// commits held it, and where it still is. It is about the secret itself, however
// often its file was edited, moved or renamed meanwhile.
type Story struct {
	// Introduced is the earliest commit that held the secret and none of whose
	// parents did. nil: no commit that is here holds it.
	Introduced *Commit
	// Removed is the latest commit that no longer held the secret although all
	// of its parents did, or, where it only got lost in merges, although one did.
	// A merge of an old branch into one from which the secret has gone long since
	// removes nothing. nil while AtHead, and if no commit removed it.
	Removed *Commit

	AtHead bool // the commit that HEAD names holds it

	// Refs are the full names of the branches, tags and other refs whose commit
	// holds the secret, sorted, MaxStoryRefs at most; RefsTotal is their number.
	Refs      []string
	RefsTotal int

	// Reachable says that a ref leads to a commit that held the secret. Where it
	// is false the secret is only in what a reflog or a stash keeps, or in what
	// nothing leads to: still in every copy of this folder.
	Reachable bool

	// Places are the paths at which commits held the secret, and the commits and
	// tags whose own text holds it: those at HEAD first, then the latest, at most
	// MaxStoryPlaces; PlacesTotal is their number.
	Places      []Place
	PlacesTotal int

	Commits int // how many commits held it
	Blobs   int // how many versions of files, and texts of commits and tags, hold it; 0: it is in the path of a submodule

	// Days is how long it was exposed, in whole days: from Introduced to Removed,
	// or to the day of the scan.
	Days int
}

// A Place is where commits held a secret.
type Place struct {
	Location // in the latest version that held it; Commit is the one that brought the secret to this path
	AtHead   bool
}

// What a Story lists at most: a secret that a thousand tags hold is told of by
// its number.
const (
	MaxStoryRefs   = 20
	MaxStoryPlaces = 20
)
