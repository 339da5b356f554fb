// Package ci tells from the environment of a CI job what it is about: which
// commits a pull request or a push brings, and whether they can be trusted.
//
//	job, err := ci.Detect(os.Getenv, os.ReadFile)
//
// It knows GitHub Actions (and what is compatible with it), GitLab CI/CD, Azure
// Pipelines, Bitbucket Pipelines, CircleCI, Buildkite, Travis CI, Drone,
// Woodpecker and Jenkins, by the variables and events that their documentation
// lists. It reads nothing but what it is given, runs nothing, and takes nothing
// for granted: where a CI does not say what a build is compared with, Detect
// names the reason ([Job.NoBase]) and never makes up "the last commit" or "all
// of history".
package ci
