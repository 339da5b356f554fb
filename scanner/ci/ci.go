package ci

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// Getenv returns the value of an environment variable, "" if it is not set.
type Getenv func(name string) string

// ReadFile reads a file that the environment names.
type ReadFile func(name string) ([]byte, error)

// ErrUnknown says that the environment is not that of a CI that is known.
var ErrUnknown = errors.New("this is not the environment of a CI that cork knows")

// A Provider is a CI.
type Provider struct {
	Name string // as it calls itself

	// FullHistory is the setting that makes a job see all commits: what to write,
	// in one line.
	FullHistory string
}

// A Kind is what made a job run. It is shown to people.
type Kind string

// The kinds.
const (
	PullRequest Kind = "pull request" // or merge request
	Push        Kind = "push"
	MergeQueue  Kind = "merge queue"
	Tag         Kind = "tag"
	Other       Kind = "other" // by hand, at a time, by another job
)

// A Revision is a commit to look for.
type Revision struct {
	Name string // an object id, or the name of a ref, as git takes it

	// Branch is the branch of the remote whose remote-tracking branch Name is; ""
	// if Name is an id, or a ref that a fetch of a branch does not bring.
	Branch string
}

// A Job is what the environment says about a job. It says what there is, not
// that the repository has it.
type Job struct {
	Provider Provider
	Kind     Kind

	// Base and Head are the candidates for the commits to compare, best first.
	// Without a Base, NoBase says why and what to do. Without a Head it is what
	// git calls HEAD.
	Base, Head []Revision
	NoBase     error

	// NewBranch says that Base is not where the branch was before, but the branch
	// that this one left: it is new.
	NewBranch bool

	// Merged says that HEAD may be a commit that the CI has made to try out the
	// merge of the head into the base.
	Merged bool

	// Untrusted says why what the head says about how it is to be scanned does not
	// count: a phrase such as "it comes from a fork"; "" if it counts.
	Untrusted string

	// Nothing says that the job brings no commits, and why; "" if it may.
	Nothing string

	DefaultBranch string // "" if it is not known
}

// A detector knows one CI.
type detector struct {
	present func(env Getenv) bool
	provider
}

type provider struct {
	Provider
	read func(j *Job, env Getenv, file ReadFile) error
}

// detectors returns the CIs in the order in which they are asked. Jenkins comes
// last: its variables can be those of an agent that runs another one.
func detectors() []detector {
	is := func(name, value string) func(Getenv) bool {
		return func(env Getenv) bool { return strings.EqualFold(env(name), value) }
	}
	set := func(name string) func(Getenv) bool {
		return func(env Getenv) bool { return env(name) != "" }
	}
	return []detector{
		{is("GITHUB_ACTIONS", "true"), github},
		{is("GITLAB_CI", "true"), gitlab},
		{is("TF_BUILD", "true"), azure},
		{set("BITBUCKET_BUILD_NUMBER"), bitbucket},
		{is("CIRCLECI", "true"), circle},
		{is("BUILDKITE", "true"), buildkite},
		{is("TRAVIS", "true"), travis},
		{func(env Getenv) bool { return env("CI") == "woodpecker" || env("CI_SYSTEM_NAME") == "woodpecker" }, woodpecker},
		{is("DRONE", "true"), drone},
		{set("JENKINS_URL"), jenkins},
	}
}

// Detect reads the environment of a job. The error wraps [ErrUnknown] outside of
// the CIs that are known; any other says that the environment contradicts itself
// or cannot be read, and then nothing that it says is to be relied on.
func Detect(env Getenv, file ReadFile) (*Job, error) {
	for _, d := range detectors() {
		if !d.present(env) {
			continue
		}
		j := &Job{Provider: d.Provider}
		if err := d.read(j, env, file); err != nil {
			return nil, wrap(d.Provider, err)
		}
		if len(j.Base) == 0 && j.NoBase == nil && j.Nothing == "" {
			j.NoBase = noBase("it does not say what the job is compared with", hintBase)
		}
		if j.NoBase != nil {
			j.NoBase = wrap(d.Provider, j.NoBase)
		}
		for _, r := range j.Base {
			if r.Branch == "" && !isHash(r.Name) {
				return nil, wrap(d.Provider, noBase(fmt.Sprintf("the base, %q, is no id of a commit", r.Name), hintBase))
			}
		}
		for _, r := range append(append([]Revision(nil), j.Base...), j.Head...) {
			if !plain(r.Name) {
				return nil, wrap(d.Provider, fmt.Errorf("%q is no commit and no branch", r.Name))
			}
		}
		return j, nil
	}
	return nil, scanner.WithHint(ErrUnknown, "say what to compare: cork ci --base origin/main --head HEAD")
}

// isHash reports whether s is an object id, or the beginning of one: Bitbucket
// shortens them. What is none, such as HEAD, would be the name of something else.
func isHash(s string) bool {
	return len(s) >= 7 && strings.Trim(s, "0123456789abcdef") == ""
}

// wrap puts the name of the CI before an error and keeps its hint.
func wrap(p Provider, err error) error {
	hint := scanner.HintOf(err)
	err = fmt.Errorf("%s: %w", p.Name, err)
	if hint != "" {
		err = scanner.WithHint(err, hint)
	}
	return err
}

const hintBase = "say what to compare: cork ci --base REV, such as --base origin/main; to scan everything once: cork history"

func noBase(why, hint string) error { return scanner.WithHint(errors.New(why), hint) }

// unset is the error for a variable that has to be there.
func unset(name string) error {
	return scanner.WithHint(fmt.Errorf("the variable %s is not set", name),
		"pass it on to where cork runs, or say what to compare: cork ci --base REV --head REV")
}

// id returns the candidate that is an object id; none if s is empty, or zeros,
// which stand for no commit.
func id(s string) []Revision {
	if s == "" || strings.Trim(s, "0") == "" {
		return nil
	}
	return []Revision{{Name: s}}
}

// remote is where a checkout of a CI keeps what it knows of branches.
const remote = "refs/remotes/origin/"

// branch returns the candidate that is a branch of the remote; none if the name
// is empty.
func branch(name string) []Revision {
	name = strings.TrimPrefix(name, "refs/heads/")
	if name == "" {
		return nil
	}
	return []Revision{{Name: remote + name, Branch: name}}
}

// since sets what a push to a branch is compared with: where the branch was, or,
// if it is new, the default branch.
func (j *Job) since(before, name, defaultBranch string) {
	j.Kind = Push
	j.DefaultBranch = defaultBranch
	switch j.Base = id(before); {
	case len(j.Base) > 0:
	case defaultBranch == "":
		j.NoBase = noBase("the push makes a new branch, and the default branch is not known, so there is nothing to compare it with", hintBase)
	case name == defaultBranch:
		j.NoBase = noBase(fmt.Sprintf("the push makes the default branch, %q, so there is nothing to compare it with", name), hintBase)
	default:
		j.Base, j.NewBranch = branch(defaultBranch), true
	}
}

// tag sets what a tag is compared with: the default branch.
func (j *Job) tag(defaultBranch string) {
	j.Kind = Tag
	j.DefaultBranch = defaultBranch
	if j.Base, j.NewBranch = branch(defaultBranch), true; defaultBranch == "" {
		j.NoBase = noBase("it does not say what a tag is compared with", hintBase)
	}
}

// other says that what made the job run brings no commits of its own.
func (j *Job) other(what string) {
	j.Kind = Other
	j.NoBase = noBase(fmt.Sprintf("a job that is started by %q has no commits of its own to compare", what), hintBase)
}

const (
	fork        = "it comes from a fork"
	forkUnknown = "it may come from a fork: the CI does not say"
)

// plain reports whether a name from the environment is one that git cannot take
// for anything but the name of a commit or a ref.
func plain(name string) bool {
	if name == "" || name[0] == '-' || strings.Contains(name, "..") || strings.Contains(name, "@{") {
		return false
	}
	return !strings.ContainsFunc(name, func(c rune) bool {
		return c <= ' ' || c == 0x7f || strings.ContainsRune(`~^:?*[\`, c)
	})
}
