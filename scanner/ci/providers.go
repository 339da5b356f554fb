package ci

import (
	"fmt"
	"strings"
)

// gitlab: docs.gitlab.com, "Predefined CI/CD variables reference".
var gitlab = provider{
	Provider{"GitLab CI/CD", `variables: GIT_DEPTH: "0"`},
	func(j *Job, env Getenv, _ ReadFile) error {
		j.DefaultBranch = env("CI_DEFAULT_BRANCH")
		head := env("CI_COMMIT_SHA")
		if head == "" {
			return unset("CI_COMMIT_SHA")
		}
		j.Head = id(head)
		source := env("CI_PIPELINE_SOURCE")
		switch {
		case env("CI_MERGE_REQUEST_IID") != "":
			j.Kind = PullRequest
			// The first one is the merge base already.
			if j.Base = id(env("CI_MERGE_REQUEST_DIFF_BASE_SHA")); len(j.Base) == 0 {
				j.Base = branch(env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"))
			}
			// Set where HEAD is the result of the merge, as in merge trains.
			if tip := id(env("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")); len(tip) > 0 {
				j.Head, j.Merged = tip, true
			}
			from, to := env("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), env("CI_MERGE_REQUEST_PROJECT_ID")
			switch {
			case from == "" || to == "":
				j.Untrusted = forkUnknown
			case from != to:
				j.Untrusted = fork
			}
		case env("CI_EXTERNAL_PULL_REQUEST_IID") != "":
			j.Kind = PullRequest
			j.Base = append(id(env("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA")), branch(env("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME"))...)
			if tip := id(env("CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA")); len(tip) > 0 {
				j.Head = tip
			}
			switch from, to := env("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY"), env("CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY"); {
			case from == "" || to == "":
				j.Untrusted = forkUnknown
			case from != to:
				j.Untrusted = fork
			}
		case env("CI_COMMIT_TAG") != "":
			j.tag(j.DefaultBranch)
		case source == "push":
			j.since(env("CI_COMMIT_BEFORE_SHA"), env("CI_COMMIT_BRANCH"), j.DefaultBranch)
		default:
			// A schedule, the web page, the API: their before is zeros.
			j.other(source)
		}
		return nil
	},
}

// azure: learn.microsoft.com, "Use predefined variables" of Azure Pipelines.
var azure = provider{
	Provider{"Azure Pipelines", "steps: - checkout: self, with fetchDepth: 0 below it"},
	func(j *Job, env Getenv, _ ReadFile) error {
		j.Head = id(env("BUILD_SOURCEVERSION"))
		if len(j.Head) == 0 {
			return unset("BUILD_SOURCEVERSION")
		}
		reason := env("BUILD_REASON")
		if reason != "PullRequest" {
			if reason == "IndividualCI" || reason == "BatchedCI" {
				j.Kind = Push
				j.NoBase = noBase("it does not say what was there before a push", hintBase)
				return nil
			}
			j.other(reason)
			return nil
		}
		j.Kind = PullRequest
		target := env("SYSTEM_PULLREQUEST_TARGETBRANCH")
		if target == "" {
			target = env("SYSTEM_PULLREQUEST_TARGETBRANCHNAME")
		}
		if j.Base = branch(target); target == "" {
			return unset("SYSTEM_PULLREQUEST_TARGETBRANCH")
		}
		if j.Head = id(env("SYSTEM_PULLREQUEST_SOURCECOMMITID")); len(j.Head) == 0 {
			return unset("SYSTEM_PULLREQUEST_SOURCECOMMITID")
		}
		j.Merged = true
		switch isFork := env("SYSTEM_PULLREQUEST_ISFORK"); {
		case strings.EqualFold(isFork, "true"):
			j.Untrusted = fork
		case !strings.EqualFold(isFork, "false"):
			j.Untrusted = forkUnknown // it was not passed on to where cork runs
		}
		return nil
	},
}

// bitbucket: support.atlassian.com, "Variables and secrets" of Bitbucket
// Pipelines, which run nothing for pull requests of forks.
var bitbucket = provider{
	Provider{"Bitbucket Pipelines", "clone: depth: full"},
	func(j *Job, env Getenv, _ ReadFile) error {
		if j.Head = id(env("BITBUCKET_COMMIT")); len(j.Head) == 0 {
			return unset("BITBUCKET_COMMIT")
		}
		switch {
		case env("BITBUCKET_PR_ID") != "":
			j.Kind = PullRequest
			j.Merged = true // with the destination, in the clone
			j.Base = append(id(env("BITBUCKET_PR_DESTINATION_COMMIT")), branch(env("BITBUCKET_PR_DESTINATION_BRANCH"))...)
			if len(j.Base) == 0 {
				return unset("BITBUCKET_PR_DESTINATION_COMMIT")
			}
		default:
			j.Kind = Push
			if env("BITBUCKET_TAG") != "" {
				j.Kind = Tag
			}
			j.NoBase = noBase("it does not say what was there before a push",
				"run cork ci in the pipelines of pull requests, or say what to compare: cork ci --base REV, such as --base origin/main")
		}
		return nil
	},
}

// circle: circleci.com, "Project values and variables".
var circle = provider{
	Provider{"CircleCI", "checkout with method: full, and no depth"},
	func(j *Job, env Getenv, _ ReadFile) error {
		if j.Head = id(env("CIRCLE_SHA1")); len(j.Head) == 0 {
			return unset("CIRCLE_SHA1")
		}
		j.Kind = Push
		if env("CIRCLE_PULL_REQUEST") != "" {
			j.Kind = PullRequest
		}
		if env("CIRCLE_PR_NUMBER") != "" || env("CIRCLE_PR_REPONAME") != "" {
			j.Kind, j.Untrusted = PullRequest, fork // they are set for forks alone
		}
		j.NoBase = noBase("its variables do not say what a job is compared with",
			"say it: cork ci --base origin/main, or cork ci --base << pipeline.git.base_revision >> for pushes")
		return nil
	},
}

// buildkite: buildkite.com, "Environment variables".
var buildkite = provider{
	Provider{"Buildkite", "BUILDKITE_GIT_CLONE_FLAGS and BUILDKITE_GIT_FETCH_FLAGS without --depth"},
	func(j *Job, env Getenv, _ ReadFile) error {
		head := env("BUILDKITE_COMMIT")
		if head == "" {
			return unset("BUILDKITE_COMMIT")
		}
		j.Head = id(head) // or HEAD, of a build that was made by hand
		j.DefaultBranch = env("BUILDKITE_PIPELINE_DEFAULT_BRANCH")
		if n := env("BUILDKITE_PULL_REQUEST"); n != "" && n != "false" {
			j.Kind = PullRequest
			if j.Base = branch(env("BUILDKITE_PULL_REQUEST_BASE_BRANCH")); len(j.Base) == 0 {
				return unset("BUILDKITE_PULL_REQUEST_BASE_BRANCH")
			}
			switch from, to := repository(env("BUILDKITE_PULL_REQUEST_REPO")), repository(env("BUILDKITE_REPO")); {
			case from == "" || to == "":
				j.Untrusted = forkUnknown
			case from != to:
				j.Untrusted = fork
			}
			return nil
		}
		if env("BUILDKITE_TAG") != "" {
			j.tag(j.DefaultBranch)
			return nil
		}
		j.sinceDefault(env("BUILDKITE_BRANCH"))
		return nil
	},
}

// sinceDefault is since for a CI that does not say what was there before: all of
// a branch is compared with the default branch.
func (j *Job) sinceDefault(name string) {
	j.Kind = Push
	switch {
	case j.DefaultBranch == "" || name == "":
		j.NoBase = noBase("it does not say what was there before a push", hintBase)
	case name == j.DefaultBranch:
		j.NoBase = noBase(fmt.Sprintf("it does not say what was there before a push to the default branch, %q", name), hintBase)
	default:
		j.Base, j.NewBranch = branch(j.DefaultBranch), true
	}
}

// repository returns what tells apart the repositories of a host: its name and
// the path, of an URL or of git's short form (git@example.com:a/b.git).
func repository(url string) string {
	if _, rest, ok := strings.Cut(url, "://"); ok {
		url = rest
	} else {
		url = strings.Replace(url, ":", "/", 1)
	}
	host, path, _ := strings.Cut(url, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	host, _, _ = strings.Cut(host, ":")
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	if host == "" || path == "" {
		return ""
	}
	return strings.ToLower(host + "/" + path)
}

// travis: docs.travis-ci.com, "Environment Variables".
var travis = provider{
	Provider{"Travis CI", "git: depth: false"},
	func(j *Job, env Getenv, _ ReadFile) error {
		if j.Head = id(env("TRAVIS_COMMIT")); len(j.Head) == 0 {
			return unset("TRAVIS_COMMIT")
		}
		before, _, ok := strings.Cut(env("TRAVIS_COMMIT_RANGE"), "...")
		if !ok {
			before = ""
		}
		event := env("TRAVIS_EVENT_TYPE")
		switch {
		case event == "pull_request" || env("TRAVIS_PULL_REQUEST") != "" && env("TRAVIS_PULL_REQUEST") != "false":
			j.Kind = PullRequest
			j.Merged = true
			j.Base = append(id(before), branch(env("TRAVIS_BRANCH"))...)
			if len(j.Base) == 0 {
				return unset("TRAVIS_BRANCH")
			}
			if tip := id(env("TRAVIS_PULL_REQUEST_SHA")); len(tip) > 0 {
				j.Head = tip
			}
			switch from, to := env("TRAVIS_PULL_REQUEST_SLUG"), env("TRAVIS_REPO_SLUG"); {
			case from == "" || to == "":
				j.Untrusted = forkUnknown
			case !strings.EqualFold(from, to):
				j.Untrusted = fork
			}
		case event != "" && event != "push":
			j.other(event)
		case env("TRAVIS_TAG") != "":
			j.tag("")
		default:
			j.since(before, env("TRAVIS_BRANCH"), "")
		}
		return nil
	},
}

// drone: docs.drone.io, "Reference". It does not say where a pull request comes
// from.
var drone = provider{
	Provider{"Drone", "no depth below clone"},
	func(j *Job, env Getenv, _ ReadFile) error {
		j.DefaultBranch = env("DRONE_REPO_BRANCH")
		if j.Head = id(env("DRONE_COMMIT_SHA")); len(j.Head) == 0 {
			return unset("DRONE_COMMIT_SHA")
		}
		switch event := env("DRONE_BUILD_EVENT"); event {
		case "":
			return unset("DRONE_BUILD_EVENT")
		case "pull_request":
			j.Kind = PullRequest
			if j.Base = branch(env("DRONE_TARGET_BRANCH")); len(j.Base) == 0 {
				return unset("DRONE_TARGET_BRANCH")
			}
			j.Untrusted = forkUnknown
		case "push":
			j.since(env("DRONE_COMMIT_BEFORE"), env("DRONE_BRANCH"), j.DefaultBranch)
		case "tag":
			j.tag(j.DefaultBranch)
		default:
			j.other(event)
		}
		return nil
	},
}

// woodpecker: woodpecker-ci.org, "Environment variables". It does not say where
// a pull request comes from, and of a push only what the pipeline before was
// about, which counts if that one has passed and was of a push, too: pull requests
// are told by the branch that they go to.
var woodpecker = provider{
	Provider{"Woodpecker", "clone: git: settings: partial: false, depth: 0"},
	func(j *Job, env Getenv, _ ReadFile) error {
		j.DefaultBranch = env("CI_REPO_DEFAULT_BRANCH")
		if j.Head = id(env("CI_COMMIT_SHA")); len(j.Head) == 0 {
			return unset("CI_COMMIT_SHA")
		}
		switch event := env("CI_PIPELINE_EVENT"); event {
		case "":
			return unset("CI_PIPELINE_EVENT")
		case "pull_request":
			j.Kind = PullRequest
			if j.Base = branch(env("CI_COMMIT_TARGET_BRANCH")); len(j.Base) == 0 {
				return unset("CI_COMMIT_TARGET_BRANCH")
			}
			j.Untrusted = forkUnknown
		case "push":
			if env("CI_PREV_PIPELINE_STATUS") == "success" && env("CI_PREV_PIPELINE_EVENT") == "push" && len(id(env("CI_PREV_COMMIT_SHA"))) > 0 {
				j.since(env("CI_PREV_COMMIT_SHA"), env("CI_COMMIT_BRANCH"), j.DefaultBranch)
			} else {
				j.sinceDefault(env("CI_COMMIT_BRANCH"))
			}
		case "tag":
			j.tag(j.DefaultBranch)
		default:
			j.other(event)
		}
		return nil
	},
}

// jenkins: the variables of the Git plugin and of Branch API (multibranch jobs),
// as /env-vars.html of a server lists them. GIT_PREVIOUS_COMMIT is not used: what
// a build left behind that failed before it was scanned would never be scanned.
var jenkins = provider{
	Provider{"Jenkins", "in the job's Git settings no shallow clone (Advanced clone behaviours), and a refspec that fetches the target branch"},
	func(j *Job, env Getenv, _ ReadFile) error {
		j.Head = id(env("GIT_COMMIT"))
		if env("CHANGE_ID") != "" {
			j.Kind = PullRequest
			if j.Base = branch(env("CHANGE_TARGET")); len(j.Base) == 0 {
				return unset("CHANGE_TARGET")
			}
			j.Merged = true // of the two strategies of a multibranch job the usual one
			j.Head = nil    // GIT_COMMIT may be that of the merge, or of the library
			if env("CHANGE_FORK") != "" {
				j.Untrusted = fork
			}
			return nil
		}
		j.Kind = Push
		if env("TAG_NAME") != "" {
			j.tag("")
			return nil
		}
		if j.Base = id(env("GIT_PREVIOUS_SUCCESSFUL_COMMIT")); len(j.Base) == 0 {
			j.NoBase = noBase("no build of this branch has passed yet, so there is nothing to compare it with", hintBase)
		}
		return nil
	},
}
