package ci

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"

	"github.com/cork-scanner/cork/scanner"
)

// github knows GitHub Actions, and Gitea's and Forgejo's that set the same
// variables: docs.github.com, "Variables reference" and "Events that trigger
// workflows".
var github = provider{
	Provider{"GitHub Actions", "actions/checkout with fetch-depth: 0"},
	readGitHub,
}

func readGitHub(j *Job, env Getenv, file ReadFile) error {
	event, path := env("GITHUB_EVENT_NAME"), env("GITHUB_EVENT_PATH")
	if event == "" {
		return unset("GITHUB_EVENT_NAME")
	}
	if path == "" {
		return unset("GITHUB_EVENT_PATH")
	}
	data, err := file(path)
	if err != nil {
		cause := err
		if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
			cause = pathErr.Err
		}
		return scanner.WithHint(fmt.Errorf("read the event that GITHUB_EVENT_PATH names, %q: %w", path, cause),
			"the file has to be there where cork runs, in a container too; or say what to compare: cork ci --base REV --head REV")
	}
	e, err := parseEvent(data)
	if err != nil {
		return scanner.WithHint(fmt.Errorf("the event in %q is broken: %w", path, err), "run the job again")
	}
	return e.job(j, event, env)
}

// An event is what of GitHub's webhook payloads is read.
type event struct {
	Ref     string
	Before  string
	After   string
	Created bool
	Deleted bool
	Forced  bool

	PullRequest *struct {
		Base, Head eventSide
	} `json:"pull_request"`
	MergeGroup *struct {
		BaseSHA string `json:"base_sha"`
		HeadSHA string `json:"head_sha"`
	} `json:"merge_group"`
	Repository *struct {
		DefaultBranch string `json:"default_branch"`
	}
}

// An eventSide is one side of a pull request. Repo is nil if the fork has been
// deleted.
type eventSide struct {
	SHA  string `json:"sha"`
	Ref  string `json:"ref"`
	Repo *struct {
		ID       int64  `json:"id"`
		FullName string `json:"full_name"`
	} `json:"repo"`
}

// maxEvent is the size of the largest event that is read, in bytes: GitHub cuts
// payloads at 25 MB.
const maxEvent = 32 << 20

// parseEvent reads the file that GITHUB_EVENT_PATH names.
func parseEvent(data []byte) (*event, error) {
	switch {
	case len(data) == 0:
		return nil, errors.New("it is empty")
	case len(data) > maxEvent:
		return nil, fmt.Errorf("it is larger than %d MiB", maxEvent>>20)
	case !utf8.Valid(data):
		return nil, errors.New("it is not UTF-8")
	}
	var e *event
	err := json.Unmarshal(data, &e)
	if kind := (*json.UnmarshalTypeError)(nil); errors.As(err, &kind) {
		if kind.Field == "" {
			return nil, fmt.Errorf("it is not a JSON object, but of the kind %s", kind.Value)
		}
		return nil, fmt.Errorf("%s is of the kind %s", strings.ToLower(kind.Field), kind.Value)
	}
	if err != nil {
		return nil, err
	}
	if e == nil {
		return nil, errors.New("it is not a JSON object")
	}
	return e, nil
}

// job says what the job is about that an event has started.
func (e *event) job(j *Job, name string, env Getenv) error {
	if e.Repository != nil {
		j.DefaultBranch = e.Repository.DefaultBranch
	}
	missing := func(key string) error {
		return scanner.WithHint(fmt.Errorf("the event %q has no %s", name, key), "say what to compare: cork ci --base REV --head REV")
	}
	switch {
	case e.PullRequest != nil:
		pr := e.PullRequest
		j.Kind = PullRequest
		if j.Base, j.Head = id(pr.Base.SHA), id(pr.Head.SHA); len(j.Base) == 0 {
			return missing("pull_request.base.sha")
		}
		if len(j.Head) == 0 {
			return missing("pull_request.head.sha")
		}
		if !isID(pr.Base.SHA) || !isID(pr.Head.SHA) {
			return fmt.Errorf("the event %q names no commits: base %q, head %q", name, pr.Base.SHA, pr.Head.SHA)
		}
		// pull_request_target checks out the base.
		j.Merged = name != "pull_request_target"
		switch {
		case pr.Head.Repo == nil || pr.Base.Repo == nil || pr.Head.Repo.FullName == "" || pr.Head.Repo.ID != pr.Base.Repo.ID ||
			!strings.EqualFold(pr.Head.Repo.FullName, pr.Base.Repo.FullName):
			j.Untrusted = fork
		case name == "pull_request_target":
			j.Untrusted = "pull_request_target runs with the rights of the base"
		}
		return nil
	case name == "pull_request" || name == "pull_request_target":
		return missing("pull_request")
	case name == "merge_group":
		if e.MergeGroup == nil {
			return missing("merge_group")
		}
		if !isID(e.MergeGroup.BaseSHA) || !isID(e.MergeGroup.HeadSHA) {
			return missing("merge_group.base_sha and merge_group.head_sha that are commits")
		}
		j.Kind = MergeQueue
		j.Base, j.Head = id(e.MergeGroup.BaseSHA), id(e.MergeGroup.HeadSHA)
		return nil
	case name == "push":
		return e.push(j, missing)
	}
	j.other(name)
	if name == "workflow_run" || name == "issue_comment" {
		// GITHUB_SHA is the tip of the default branch, whatever the job has
		// checked out, and whoever started it.
		j.Untrusted = name + " runs with the rights of the base"
		return nil
	}
	if sha := env("GITHUB_SHA"); isID(sha) {
		j.Head = id(sha)
	}
	return nil
}

func (e *event) push(j *Job, missing func(string) error) error {
	switch {
	case e.Ref == "":
		return missing("ref")
	case !isID(e.Before):
		return missing("before that is a commit")
	case !isID(e.After):
		return missing("after that is a commit")
	}
	zeros := strings.Trim(e.After, "0") == ""
	if e.Deleted || zeros {
		j.Kind = Push
		j.Nothing = fmt.Sprintf("the push deletes %s", e.Ref)
		return nil
	}
	j.Head = id(e.After)
	if name, ok := strings.CutPrefix(e.Ref, "refs/tags/"); ok && name != "" {
		// A tag that moves had another commit before, which is nothing that
		// anybody has scanned for this one.
		j.tag(j.DefaultBranch)
		return nil
	}
	before := e.Before
	if e.Created {
		before = ""
	}
	j.since(before, strings.TrimPrefix(e.Ref, "refs/heads/"), j.DefaultBranch)
	return nil
}

// isID reports whether s is a whole object id, of SHA-1 or of SHA-256.
func isID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}
