package ci_test

import (
	"errors"
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/ci"
)

// Commits of the tests.
var (
	base  = strings.Repeat("ba5e", 10)
	head  = strings.Repeat("4ead", 10)
	merge = strings.Repeat("3e6e", 10)
	zeros = strings.Repeat("0", 40)
)

func ids(names ...string) (list []ci.Revision) {
	for _, name := range names {
		branch, ok := strings.CutPrefix(name, "refs/remotes/origin/")
		if !ok {
			branch = ""
		}
		list = append(list, ci.Revision{Name: name, Branch: branch})
	}
	return list
}

// detect runs Detect on "NAME=value" and the text of the event file.
func detect(env []string, event string) (*ci.Job, error) {
	return ci.Detect(func(name string) string {
		for _, kv := range env {
			if k, v, _ := strings.Cut(kv, "="); k == name {
				return v
			}
		}
		return ""
	}, func(name string) ([]byte, error) {
		if name != "/event.json" || event == "" {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return []byte(event), nil
	})
}

func githubEnv(event string, more ...string) []string {
	return append([]string{"GITHUB_ACTIONS=true", "GITHUB_EVENT_PATH=/event.json", "GITHUB_EVENT_NAME=" + event, "GITHUB_SHA=" + merge}, more...)
}

// pullEvent is a pull request of the repository 1, and from the one given.
func pullEvent(headRepo string) string {
	return `{"action":"synchronize","number":7,"pull_request":{"base":{"ref":"main","sha":"` + base +
		`","repo":{"id":1,"full_name":"o/r"}},"head":{"ref":"topic","sha":"` + head + `","repo":` + headRepo +
		`}},"repository":{"id":1,"default_branch":"main"}}`
}

func pushEvent(ref, before, after, more string) string {
	return `{"ref":"` + ref + `","before":"` + before + `","after":"` + after + `",` + more + `"repository":{"default_branch":"main"}}`
}

const (
	same  = `{"id":1,"full_name":"o/r"}`
	other = `{"id":2,"full_name":"f/r"}`
)

func TestDetect(t *testing.T) {
	main := "refs/remotes/origin/main"
	gitlab := func(more ...string) []string {
		return append([]string{"GITLAB_CI=true", "CI_DEFAULT_BRANCH=main", "CI_COMMIT_SHA=" + head}, more...)
	}
	for _, tt := range []struct {
		name   string
		env    []string
		event  string
		want   ci.Job // without Provider; NoBase is noBase
		noBase string // a part of its text
	}{
		// GitHub Actions.
		{
			name: "github_pull_request", env: githubEnv("pull_request"), event: pullEvent(same),
			want: ci.Job{Kind: ci.PullRequest, Base: ids(base), Head: ids(head), Merged: true, DefaultBranch: "main"},
		},
		{
			name: "github_pull_request_of_a_fork", env: githubEnv("pull_request"), event: pullEvent(other),
			want: ci.Job{Kind: ci.PullRequest, Base: ids(base), Head: ids(head), Merged: true, DefaultBranch: "main", Untrusted: "it comes from a fork"},
		},
		{
			name: "github_pull_request_of_a_fork_that_is_gone", env: githubEnv("pull_request"), event: pullEvent("null"),
			want: ci.Job{Kind: ci.PullRequest, Base: ids(base), Head: ids(head), Merged: true, DefaultBranch: "main", Untrusted: "it comes from a fork"},
		},
		{
			name: "github_pull_request_of_nobody", env: githubEnv("pull_request"), event: strings.ReplaceAll(pullEvent(`{"id":1,"full_name":""}`), `"full_name":"o/r"`, `"full_name":""`),
			want: ci.Job{Kind: ci.PullRequest, Base: ids(base), Head: ids(head), Merged: true, DefaultBranch: "main", Untrusted: "it comes from a fork"},
		},
		{
			name: "github_pull_request_target", env: githubEnv("pull_request_target"), event: pullEvent(same),
			want: ci.Job{
				Kind: ci.PullRequest, Base: ids(base), Head: ids(head), DefaultBranch: "main",
				Untrusted: "pull_request_target runs with the rights of the base",
			},
		},
		{
			name: "github_review", env: githubEnv("pull_request_review"), event: pullEvent(same),
			want: ci.Job{Kind: ci.PullRequest, Base: ids(base), Head: ids(head), Merged: true, DefaultBranch: "main"},
		},
		{
			name: "github_push", env: githubEnv("push"), event: pushEvent("refs/heads/main", base, head, ""),
			want: ci.Job{Kind: ci.Push, Base: ids(base), Head: ids(head), DefaultBranch: "main"},
		},
		{
			name: "github_forced_push", env: githubEnv("push"), event: pushEvent("refs/heads/topic", base, head, `"forced":true,`),
			want: ci.Job{Kind: ci.Push, Base: ids(base), Head: ids(head), DefaultBranch: "main"},
		},
		{
			name: "github_new_branch", env: githubEnv("push"), event: pushEvent("refs/heads/topic", zeros, head, `"created":true,`),
			want: ci.Job{Kind: ci.Push, Base: ids(main), Head: ids(head), DefaultBranch: "main", NewBranch: true},
		},
		{
			name: "github_new_default_branch", env: githubEnv("push"), event: pushEvent("refs/heads/main", zeros, head, `"created":true,`),
			want: ci.Job{Kind: ci.Push, Head: ids(head), DefaultBranch: "main"}, noBase: "makes the default branch",
		},
		{
			name: "github_deleted_branch", env: githubEnv("push"), event: pushEvent("refs/heads/topic", base, zeros, `"deleted":true,`),
			want: ci.Job{Kind: ci.Push, DefaultBranch: "main", Nothing: "the push deletes refs/heads/topic"},
		},
		{
			name: "github_tag", env: githubEnv("push"), event: pushEvent("refs/tags/v1", zeros, head, `"created":true,`),
			want: ci.Job{Kind: ci.Tag, Base: ids(main), Head: ids(head), DefaultBranch: "main", NewBranch: true},
		},
		{
			name: "github_tag_that_moves", env: githubEnv("push"), event: pushEvent("refs/tags/v1", base, head, `"forced":true,`),
			want: ci.Job{Kind: ci.Tag, Base: ids(main), Head: ids(head), DefaultBranch: "main", NewBranch: true},
		},
		{
			name: "github_merge_group", env: githubEnv("merge_group"),
			event: `{"action":"checks_requested","merge_group":{"base_sha":"` + base + `","head_sha":"` + head + `","base_ref":"refs/heads/main"}}`,
			want:  ci.Job{Kind: ci.MergeQueue, Base: ids(base), Head: ids(head)},
		},
		{
			name: "github_by_hand", env: githubEnv("workflow_dispatch"), event: `{"inputs":null,"ref":"refs/heads/main","repository":{"default_branch":"main"}}`,
			want: ci.Job{Kind: ci.Other, Head: ids(merge), DefaultBranch: "main"}, noBase: `"workflow_dispatch" has no commits`,
		},
		{
			name: "github_schedule", env: githubEnv("schedule"), event: `{"schedule":"0 0 * * *"}`,
			want: ci.Job{Kind: ci.Other, Head: ids(merge)}, noBase: `"schedule" has no commits`,
		},
		{
			name: "github_after_the_workflow_of_a_fork", env: githubEnv("workflow_run"), event: `{"workflow_run":{"id":1}}`,
			want: ci.Job{Kind: ci.Other, Untrusted: "workflow_run runs with the rights of the base"}, noBase: `"workflow_run" has no commits`,
		},

		// GitLab.
		{
			name: "gitlab_merge_request",
			env: gitlab("CI_PIPELINE_SOURCE=merge_request_event", "CI_MERGE_REQUEST_IID=3", "CI_MERGE_REQUEST_DIFF_BASE_SHA="+base,
				"CI_MERGE_REQUEST_PROJECT_ID=1", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID=1", "CI_COMMIT_BEFORE_SHA="+zeros, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA="),
			want: ci.Job{Kind: ci.PullRequest, Base: ids(base), Head: ids(head), DefaultBranch: "main"},
		},
		{
			name: "gitlab_merged_result_of_a_fork",
			env: gitlab("CI_PIPELINE_SOURCE=merge_request_event", "CI_MERGE_REQUEST_IID=3", "CI_MERGE_REQUEST_DIFF_BASE_SHA="+base,
				"CI_MERGE_REQUEST_PROJECT_ID=1", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID=9", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA="+merge),
			want: ci.Job{Kind: ci.PullRequest, Base: ids(base), Head: ids(merge), Merged: true, DefaultBranch: "main", Untrusted: "it comes from a fork"},
		},
		{
			name: "gitlab_push", env: gitlab("CI_PIPELINE_SOURCE=push", "CI_COMMIT_BRANCH=main", "CI_COMMIT_BEFORE_SHA="+base),
			want: ci.Job{Kind: ci.Push, Base: ids(base), Head: ids(head), DefaultBranch: "main"},
		},
		{
			name: "gitlab_new_branch", env: gitlab("CI_PIPELINE_SOURCE=push", "CI_COMMIT_BRANCH=topic", "CI_COMMIT_BEFORE_SHA="+zeros),
			want: ci.Job{Kind: ci.Push, Base: ids(main), Head: ids(head), DefaultBranch: "main", NewBranch: true},
		},
		{
			name: "gitlab_schedule", env: gitlab("CI_PIPELINE_SOURCE=schedule", "CI_COMMIT_BRANCH=main", "CI_COMMIT_BEFORE_SHA="+zeros),
			want: ci.Job{Kind: ci.Other, Head: ids(head), DefaultBranch: "main"}, noBase: `"schedule" has no commits`,
		},
		{
			name: "gitlab_tag", env: gitlab("CI_PIPELINE_SOURCE=push", "CI_COMMIT_TAG=v1", "CI_COMMIT_BEFORE_SHA="+zeros),
			want: ci.Job{Kind: ci.Tag, Base: ids(main), Head: ids(head), DefaultBranch: "main", NewBranch: true},
		},
		{
			name: "gitlab_external_pull_request",
			env: gitlab("CI_EXTERNAL_PULL_REQUEST_IID=3", "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA="+base, "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA="+merge,
				"CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY=f/r", "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY=o/r"),
			want: ci.Job{Kind: ci.PullRequest, Base: ids(base), Head: ids(merge), DefaultBranch: "main", Untrusted: "it comes from a fork"},
		},

		// Azure.
		{
			name: "azure_pull_request",
			env: []string{"TF_BUILD=True", "BUILD_REASON=PullRequest", "BUILD_SOURCEVERSION=" + merge, "SYSTEM_PULLREQUEST_TARGETBRANCH=refs/heads/main",
				"SYSTEM_PULLREQUEST_SOURCECOMMITID=" + head, "SYSTEM_PULLREQUEST_ISFORK=False"},
			want: ci.Job{Kind: ci.PullRequest, Base: ids(main), Head: ids(head), Merged: true},
		},
		{
			name: "azure_pull_request_of_a_fork",
			env: []string{"TF_BUILD=True", "BUILD_REASON=PullRequest", "BUILD_SOURCEVERSION=" + merge, "SYSTEM_PULLREQUEST_TARGETBRANCH=main",
				"SYSTEM_PULLREQUEST_SOURCECOMMITID=" + head, "SYSTEM_PULLREQUEST_ISFORK=True"},
			want: ci.Job{Kind: ci.PullRequest, Base: ids(main), Head: ids(head), Merged: true, Untrusted: "it comes from a fork"},
		},
		{
			name: "azure_pull_request_of_nobody_knows_whom",
			env: []string{"TF_BUILD=True", "BUILD_REASON=PullRequest", "BUILD_SOURCEVERSION=" + merge, "SYSTEM_PULLREQUEST_TARGETBRANCH=main",
				"SYSTEM_PULLREQUEST_SOURCECOMMITID=" + head},
			want: ci.Job{Kind: ci.PullRequest, Base: ids(main), Head: ids(head), Merged: true, Untrusted: "it may come from a fork: the CI does not say"},
		},
		{
			name: "gitlab_external_pull_request_of_nobody_knows_whom",
			env:  gitlab("CI_PIPELINE_SOURCE=external_pull_request_event", "CI_EXTERNAL_PULL_REQUEST_IID=3", "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA="+base),
			want: ci.Job{Kind: ci.PullRequest, Base: ids(base), Head: ids(head), DefaultBranch: "main", Untrusted: "it may come from a fork: the CI does not say"},
		},
		{
			name: "azure_push", env: []string{"TF_BUILD=True", "BUILD_REASON=IndividualCI", "BUILD_SOURCEVERSION=" + head},
			want: ci.Job{Kind: ci.Push, Head: ids(head)}, noBase: "before a push",
		},
		{
			name: "azure_schedule", env: []string{"TF_BUILD=True", "BUILD_REASON=Schedule", "BUILD_SOURCEVERSION=" + head},
			want: ci.Job{Kind: ci.Other, Head: ids(head)}, noBase: `"Schedule" has no commits`,
		},

		// Bitbucket.
		{
			name: "bitbucket_pull_request",
			env: []string{"BITBUCKET_BUILD_NUMBER=1", "BITBUCKET_PR_ID=4", "BITBUCKET_COMMIT=" + head, "BITBUCKET_PR_DESTINATION_COMMIT=" + base[:12],
				"BITBUCKET_PR_DESTINATION_BRANCH=main"},
			want: ci.Job{Kind: ci.PullRequest, Base: ids(base[:12], main), Head: ids(head), Merged: true},
		},
		{
			name: "bitbucket_push", env: []string{"BITBUCKET_BUILD_NUMBER=1", "BITBUCKET_COMMIT=" + head, "BITBUCKET_BRANCH=main"},
			want: ci.Job{Kind: ci.Push, Head: ids(head)}, noBase: "before a push",
		},

		// CircleCI.
		{
			name: "circle", env: []string{"CIRCLECI=true", "CIRCLE_SHA1=" + head, "CIRCLE_BRANCH=topic"},
			want: ci.Job{Kind: ci.Push, Head: ids(head)}, noBase: "do not say what",
		},
		{
			name: "circle_fork", env: []string{"CIRCLECI=true", "CIRCLE_SHA1=" + head, "CIRCLE_PR_NUMBER=12", "CIRCLE_PR_REPONAME=r"},
			want: ci.Job{Kind: ci.PullRequest, Head: ids(head), Untrusted: "it comes from a fork"}, noBase: "do not say what",
		},

		// Buildkite.
		{
			name: "buildkite_pull_request",
			env: []string{"BUILDKITE=true", "BUILDKITE_COMMIT=" + head, "BUILDKITE_PULL_REQUEST=5", "BUILDKITE_PULL_REQUEST_BASE_BRANCH=main",
				"BUILDKITE_REPO=git@example.com:o/r.git", "BUILDKITE_PULL_REQUEST_REPO=https://user@example.com:443/O/R", "BUILDKITE_PIPELINE_DEFAULT_BRANCH=main"},
			want: ci.Job{Kind: ci.PullRequest, Base: ids(main), Head: ids(head), DefaultBranch: "main"},
		},
		{
			name: "buildkite_pull_request_of_a_fork",
			env: []string{"BUILDKITE=true", "BUILDKITE_COMMIT=HEAD", "BUILDKITE_PULL_REQUEST=5", "BUILDKITE_PULL_REQUEST_BASE_BRANCH=main",
				"BUILDKITE_REPO=git@example.com:o/r.git", "BUILDKITE_PULL_REQUEST_REPO=git://example.com/f/r.git"},
			want: ci.Job{Kind: ci.PullRequest, Base: ids(main), Head: ids("HEAD"), Untrusted: "it comes from a fork"},
		},
		{
			name: "buildkite_branch",
			env:  []string{"BUILDKITE=true", "BUILDKITE_COMMIT=" + head, "BUILDKITE_PULL_REQUEST=false", "BUILDKITE_BRANCH=topic", "BUILDKITE_PIPELINE_DEFAULT_BRANCH=main"},
			want: ci.Job{Kind: ci.Push, Base: ids(main), Head: ids(head), DefaultBranch: "main", NewBranch: true},
		},
		{
			name: "buildkite_default_branch",
			env:  []string{"BUILDKITE=true", "BUILDKITE_COMMIT=" + head, "BUILDKITE_PULL_REQUEST=false", "BUILDKITE_BRANCH=main", "BUILDKITE_PIPELINE_DEFAULT_BRANCH=main"},
			want: ci.Job{Kind: ci.Push, Head: ids(head), DefaultBranch: "main"}, noBase: "push to the default branch",
		},

		// Travis.
		{
			name: "travis_pull_request",
			env: []string{"TRAVIS=true", "TRAVIS_EVENT_TYPE=pull_request", "TRAVIS_PULL_REQUEST=6", "TRAVIS_COMMIT=" + merge, "TRAVIS_PULL_REQUEST_SHA=" + head,
				"TRAVIS_COMMIT_RANGE=" + base + "..." + head, "TRAVIS_BRANCH=main", "TRAVIS_PULL_REQUEST_SLUG=o/r", "TRAVIS_REPO_SLUG=O/r"},
			want: ci.Job{Kind: ci.PullRequest, Base: ids(base, main), Head: ids(head), Merged: true},
		},
		{
			name: "travis_pull_request_of_a_fork",
			env: []string{"TRAVIS=true", "TRAVIS_EVENT_TYPE=pull_request", "TRAVIS_PULL_REQUEST=6", "TRAVIS_COMMIT=" + merge, "TRAVIS_BRANCH=main",
				"TRAVIS_PULL_REQUEST_SLUG=f/r", "TRAVIS_REPO_SLUG=o/r"},
			want: ci.Job{Kind: ci.PullRequest, Base: ids(main), Head: ids(merge), Merged: true, Untrusted: "it comes from a fork"},
		},
		{
			name: "travis_push",
			env:  []string{"TRAVIS=true", "TRAVIS_EVENT_TYPE=push", "TRAVIS_PULL_REQUEST=false", "TRAVIS_COMMIT=" + head, "TRAVIS_COMMIT_RANGE=" + base + "..." + head, "TRAVIS_BRANCH=main"},
			want: ci.Job{Kind: ci.Push, Base: ids(base), Head: ids(head)},
		},
		{
			name: "travis_new_branch", env: []string{"TRAVIS=true", "TRAVIS_EVENT_TYPE=push", "TRAVIS_COMMIT=" + head, "TRAVIS_COMMIT_RANGE=", "TRAVIS_BRANCH=topic"},
			want: ci.Job{Kind: ci.Push, Head: ids(head)}, noBase: "default branch is not known",
		},
		{
			name: "travis_cron", env: []string{"TRAVIS=true", "TRAVIS_EVENT_TYPE=cron", "TRAVIS_COMMIT=" + head},
			want: ci.Job{Kind: ci.Other, Head: ids(head)}, noBase: `"cron" has no commits`,
		},

		// Drone and Woodpecker.
		{
			name: "drone_pull_request", env: []string{"DRONE=true", "DRONE_BUILD_EVENT=pull_request", "DRONE_COMMIT_SHA=" + head, "DRONE_TARGET_BRANCH=main", "DRONE_REPO_BRANCH=main"},
			want: ci.Job{Kind: ci.PullRequest, Base: ids(main), Head: ids(head), DefaultBranch: "main", Untrusted: "it may come from a fork: the CI does not say"},
		},
		{
			name: "drone_push", env: []string{"DRONE=true", "DRONE_BUILD_EVENT=push", "DRONE_COMMIT_SHA=" + head, "DRONE_COMMIT_BEFORE=" + base, "DRONE_BRANCH=main", "DRONE_REPO_BRANCH=main"},
			want: ci.Job{Kind: ci.Push, Base: ids(base), Head: ids(head), DefaultBranch: "main"},
		},
		{
			name: "drone_new_branch", env: []string{"DRONE=true", "DRONE_BUILD_EVENT=push", "DRONE_COMMIT_SHA=" + head, "DRONE_COMMIT_BEFORE=" + zeros, "DRONE_BRANCH=topic", "DRONE_REPO_BRANCH=main"},
			want: ci.Job{Kind: ci.Push, Base: ids(main), Head: ids(head), DefaultBranch: "main", NewBranch: true},
		},
		{
			name: "drone_promotion", env: []string{"DRONE=true", "DRONE_BUILD_EVENT=promote", "DRONE_COMMIT_SHA=" + head},
			want: ci.Job{Kind: ci.Other, Head: ids(head)}, noBase: `"promote" has no commits`,
		},
		{
			name: "woodpecker_pull_request", env: []string{"CI=woodpecker", "CI_PIPELINE_EVENT=pull_request", "CI_COMMIT_SHA=" + head, "CI_COMMIT_TARGET_BRANCH=main"},
			want: ci.Job{Kind: ci.PullRequest, Base: ids(main), Head: ids(head), Untrusted: "it may come from a fork: the CI does not say"},
		},
		{
			name: "woodpecker_push", env: []string{"CI=woodpecker", "CI_PIPELINE_EVENT=push", "CI_COMMIT_SHA=" + head, "CI_COMMIT_BRANCH=main", "CI_REPO_DEFAULT_BRANCH=main", "CI_PREV_COMMIT_SHA=" + base, "CI_PREV_PIPELINE_STATUS=success", "CI_PREV_PIPELINE_EVENT=push"},
			want: ci.Job{Kind: ci.Push, Base: ids(base), Head: ids(head), DefaultBranch: "main"},
		},
		{
			name: "woodpecker_push_after_a_failure", env: []string{"CI=woodpecker", "CI_PIPELINE_EVENT=push", "CI_COMMIT_SHA=" + head, "CI_COMMIT_BRANCH=topic", "CI_REPO_DEFAULT_BRANCH=main", "CI_PREV_COMMIT_SHA=" + base, "CI_PREV_PIPELINE_STATUS=failure"},
			want: ci.Job{Kind: ci.Push, Base: ids(main), Head: ids(head), DefaultBranch: "main", NewBranch: true},
		},

		{
			name: "woodpecker_push_after_a_pull_request", env: []string{"CI=woodpecker", "CI_PIPELINE_EVENT=push", "CI_COMMIT_SHA=" + head, "CI_COMMIT_BRANCH=main", "CI_REPO_DEFAULT_BRANCH=main", "CI_PREV_COMMIT_SHA=" + base, "CI_PREV_PIPELINE_STATUS=success", "CI_PREV_PIPELINE_EVENT=pull_request"},
			want: ci.Job{Kind: ci.Push, Head: ids(head), DefaultBranch: "main"}, noBase: "push to the default branch",
		},

		// Jenkins.
		{
			name: "jenkins_pull_request", env: []string{"JENKINS_URL=https://ci.example.com/", "CHANGE_ID=8", "CHANGE_TARGET=main", "GIT_COMMIT=" + merge},
			want: ci.Job{Kind: ci.PullRequest, Base: ids(main), Merged: true},
		},
		{
			name: "jenkins_pull_request_of_a_fork", env: []string{"JENKINS_URL=https://ci.example.com/", "CHANGE_ID=8", "CHANGE_TARGET=main", "CHANGE_FORK=somebody"},
			want: ci.Job{Kind: ci.PullRequest, Base: ids(main), Merged: true, Untrusted: "it comes from a fork"},
		},
		{
			name: "jenkins_branch", env: []string{"JENKINS_URL=https://ci.example.com/", "GIT_COMMIT=" + head, "GIT_PREVIOUS_SUCCESSFUL_COMMIT=" + base},
			want: ci.Job{Kind: ci.Push, Base: ids(base), Head: ids(head)},
		},
		{
			name: "jenkins_branch_that_never_passed", env: []string{"JENKINS_URL=https://ci.example.com/", "GIT_COMMIT=" + head, "GIT_PREVIOUS_COMMIT=" + base},
			want: ci.Job{Kind: ci.Push, Head: ids(head)}, noBase: "no build of this branch has passed",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			job, err := detect(tt.env, tt.event)
			if err != nil {
				t.Fatalf("Detect() = %v", err)
			}
			if job.Provider.Name == "" || job.Provider.FullHistory == "" {
				t.Errorf("Provider = %+v", job.Provider)
			}
			switch {
			case (job.NoBase == nil) != (tt.noBase == ""), job.NoBase != nil && !strings.Contains(job.NoBase.Error(), tt.noBase):
				t.Errorf("NoBase = %v, want %q", job.NoBase, tt.noBase)
			case job.NoBase != nil && !strings.Contains(scanner.HintOf(job.NoBase), "--base"):
				t.Errorf("the hint of NoBase is %q, want --base in it", scanner.HintOf(job.NoBase))
			case job.NoBase != nil && !strings.HasPrefix(job.NoBase.Error(), job.Provider.Name+": "):
				t.Errorf("NoBase = %q does not say which CI", job.NoBase)
			}
			got := *job
			got.Provider, got.NoBase = ci.Provider{}, nil
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Detect() = %+v\nwant        %+v", got, tt.want)
			}
		})
	}
}

func TestDetectErrors(t *testing.T) {
	for _, tt := range []struct {
		name  string
		env   []string
		event string
		want  string // parts of the error, divided by |
	}{
		{name: "no_ci", want: "not the environment of a CI"},
		{name: "no_event_name", env: []string{"GITHUB_ACTIONS=true", "GITHUB_EVENT_PATH=/event.json"}, event: "{}", want: "GITHUB_EVENT_NAME is not set"},
		{name: "no_event_path", env: []string{"GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=push"}, want: "GITHUB_EVENT_PATH is not set"},
		{name: "no_event_file", env: githubEnv("push"), want: `"/event.json"|file does not exist`},
		{name: "event_is_not_json", env: githubEnv("push"), event: `{"ref":`, want: "is broken: unexpected end"},
		{name: "event_is_not_utf8", env: githubEnv("push"), event: "{\"ref\":\"\xff\"}", want: "not UTF-8"},
		{name: "event_is_null", env: githubEnv("push"), event: `null`, want: "not a JSON object"},
		{name: "event_is_a_list", env: githubEnv("push"), event: `[]`, want: "is broken: it is not a JSON object, but of the kind array"},
		{name: "event_has_a_number_for_an_id", env: githubEnv("pull_request"), event: `{"pull_request":{"base":{"sha":5}}}`, want: "is broken: pull_request.base.sha is of the kind number"},
		{name: "event_is_too_large", env: githubEnv("push"), event: strings.Repeat(" ", 33<<20) + "{}", want: "larger than 32 MiB"},
		{name: "push_without_a_ref", env: githubEnv("push"), event: `{"before":"` + base + `","after":"` + head + `"}`, want: "has no ref"},
		{name: "push_without_before", env: githubEnv("push"), event: pushEvent("refs/heads/main", "", head, ""), want: "has no before"},
		{name: "push_without_after", env: githubEnv("push"), event: pushEvent("refs/heads/main", base, "HEAD", ""), want: "has no after"},
		{name: "pull_request_without_one", env: githubEnv("pull_request"), event: `{}`, want: "has no pull_request"},
		{name: "pull_request_without_a_base", env: githubEnv("pull_request"), event: strings.Replace(pullEvent(same), base, "", 1), want: "pull_request.base.sha"},
		{name: "pull_request_with_an_option_for_a_head", env: githubEnv("pull_request"), event: strings.Replace(pullEvent(same), head, "--all", 1), want: "names no commits"},
		{name: "merge_group_without_commits", env: githubEnv("merge_group"), event: `{"merge_group":{"base_sha":"main"}}`, want: "merge_group.base_sha"},
		{name: "branch_that_is_an_option", env: []string{"DRONE=true", "DRONE_BUILD_EVENT=pull_request", "DRONE_COMMIT_SHA=--all", "DRONE_TARGET_BRANCH=x"}, want: `"--all" is no commit`},
		{name: "base_that_is_no_id", env: []string{"GITLAB_CI=true", "CI_COMMIT_SHA=" + head, "CI_PIPELINE_SOURCE=push", "CI_COMMIT_BRANCH=topic", "CI_COMMIT_BEFORE_SHA=HEAD"}, want: `the base, "HEAD", is no id of a commit`},
		{name: "branch_with_a_range", env: []string{"DRONE=true", "DRONE_BUILD_EVENT=pull_request", "DRONE_COMMIT_SHA=" + head, "DRONE_TARGET_BRANCH=a..b"}, want: "is no commit and no branch"},
		{name: "gitlab", env: []string{"GITLAB_CI=true"}, want: "GitLab CI/CD: |CI_COMMIT_SHA is not set"},
		{name: "azure", env: []string{"TF_BUILD=True"}, want: "BUILD_SOURCEVERSION is not set"},
		{name: "azure_pull_request", env: []string{"TF_BUILD=True", "BUILD_REASON=PullRequest", "BUILD_SOURCEVERSION=" + merge}, want: "SYSTEM_PULLREQUEST_TARGETBRANCH is not set"},
		{name: "bitbucket", env: []string{"BITBUCKET_BUILD_NUMBER=1"}, want: "BITBUCKET_COMMIT is not set"},
		{name: "circle", env: []string{"CIRCLECI=true"}, want: "CIRCLE_SHA1 is not set"},
		{name: "buildkite", env: []string{"BUILDKITE=true"}, want: "BUILDKITE_COMMIT is not set"},
		{name: "travis", env: []string{"TRAVIS=true"}, want: "TRAVIS_COMMIT is not set"},
		{name: "drone", env: []string{"DRONE=true"}, want: "DRONE_COMMIT_SHA is not set"},
		{name: "woodpecker", env: []string{"CI=woodpecker"}, want: "CI_COMMIT_SHA is not set"},
		{name: "jenkins", env: []string{"JENKINS_URL=x", "CHANGE_ID=1"}, want: "CHANGE_TARGET is not set"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			job, err := detect(tt.env, tt.event)
			if err == nil {
				t.Fatalf("Detect() = %+v, want an error", job)
			}
			for _, part := range strings.Split(tt.want, "|") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("Detect() = %q, want %q in it", err, part)
				}
			}
			if scanner.HintOf(err) == "" && !strings.Contains(err.Error(), "is no commit") && !strings.Contains(err.Error(), "names no commits") {
				t.Errorf("Detect() = %q has no hint", err)
			}
			if errors.Is(err, ci.ErrUnknown) != (tt.name == "no_ci") {
				t.Errorf("Detect() = %q, is ErrUnknown: %v", err, errors.Is(err, ci.ErrUnknown))
			}
		})
	}
}

// FuzzEvent: whatever the event file says, what comes of it are commits and
// branches that git takes for nothing else, and never a base that is made up: no
// base, or one that stands in the event.
func FuzzEvent(f *testing.F) {
	for _, event := range []string{
		pullEvent(same), pullEvent(other), pullEvent("null"),
		pushEvent("refs/heads/main", base, head, ""), pushEvent("refs/heads/t", zeros, head, `"created":true,`),
		pushEvent("refs/tags/v1", zeros, head, ""), pushEvent("refs/heads/t", base, zeros, `"deleted":true,`),
		`{"merge_group":{"base_sha":"` + base + `","head_sha":"` + head + `"}}`, `{}`, `null`, `[1]`, `{"ref":1}`,
	} {
		for _, name := range []string{"push", "pull_request", "pull_request_target", "merge_group", "schedule"} {
			f.Add(name, event)
		}
	}
	f.Fuzz(func(t *testing.T, name, event string) {
		job, err := detect(githubEnv(name), event)
		if err != nil {
			if job != nil {
				t.Errorf("Detect() = %+v with %v", job, err)
			}
			return
		}
		if len(job.Base) == 0 && job.NoBase == nil && job.Nothing == "" {
			t.Errorf("no base, and no reason: %+v", job)
		}
		for _, r := range job.Base {
			plain := strings.TrimPrefix(r.Name, "refs/remotes/origin/")
			if r.Name == "" || r.Name[0] == '-' || strings.ContainsAny(r.Name, " \n\x00^~:") || strings.Trim(r.Name, "0") == "" {
				t.Errorf("base %q", r.Name)
			}
			// JSON can spell a name in other characters.
			if !strings.Contains(event, plain) && !strings.Contains(event, `\`) {
				t.Errorf("base %q is not in the event", r.Name)
			}
		}
		// Whoever may have sent it names the repository that it comes from.
		if job.Kind == ci.PullRequest && job.Untrusted == "" && !strings.Contains(strings.ToLower(event), "full_name") && !strings.Contains(event, `\`) {
			t.Errorf("trusted without a repository: %s", event)
		}
	})
}
