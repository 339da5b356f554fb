// Train learns the weights of rules/model/*.toml from labelled data.
//
//	go run ./testdata/train [--lines TREE/lines.jsonl]... [--cases FILE.jsonl]... [--clean FOLDER]... rules/model
//
// The data is not part of the repository. A file of lines names files of a tree
// (below TREE/data) with ranges of lines that hold a secret (T), do not (F), or
// hold a made-up one (X). A file of cases has a snippet a line, with the secrets
// in it. A clean folder is a tree of files in which nearly nothing is a secret.
//
// The weights are those of a logistic regression over the features that
// [rules.Set.Trace] shows for every value of these files that a rule with a
// shape looked at. A quadratic penalty holds each weight near the one that stands
// under [expected], which is what a person would say without the data, so that
// a few repositories cannot teach what is true of them alone. Weights that stand
// under [pinned] are left as they are, and so are the limits low, medium and
// high: these are decisions, not data. The same data gives the same weights.
//
// Train also prints what the weights are worth on repositories that they were
// not learned from: each is left out in turn and judged by what the others
// teach. With --folds it writes nothing, deals the repositories into so many
// parts, ten times, and judges each part by what the other parts teach, for each
// file of lines by itself: so a file of values that people chose can be compared
// with the same lines with random values in it.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/cork-scanner/cork/rules"
)

// A sample is one value that was judged.
type sample struct {
	group    string // the repository that it is of
	data     string // the file of labelled lines that it is from; "" if it is from another kind of data
	shape    string
	value    string
	features []string
	secret   bool
	madeUp   bool
	weight   float64
}

// How much one value of each kind of data counts. A made-up secret is no great
// mistake. Nearly all values of clean trees are for tests: what is found there is
// noise to those who must look at it.
const (
	weightLabelled = 1.0
	weightMadeUp   = 0.2
	weightCase     = 0.5
	weightClean    = 1.1
	weightCleanKey = 2.5
)

func main() {
	log.SetFlags(0)
	lines := pflag.StringArray("lines", nil, "learn from the tree of this `FILE` of labelled lines")
	cases := pflag.StringArray("cases", nil, "learn from this `FILE` of labelled snippets")
	clean := pflag.StringArray("clean", nil, "learn from this `FOLDER` that what is in it is no secret")
	penalty := pflag.Float64("penalty", 15, "how strongly a weight is held near what is expected")
	folds := pflag.Int("folds", 0, "learn nothing, but print what is found in each of so many parts of the labelled repositories after learning from the others")
	mistakes := pflag.Bool("mistakes", false, "print the values that the weights are wrong about")
	pflag.Parse()
	if pflag.NArg() != 1 {
		log.Fatal("usage: train [flags] rules/model")
	}
	set, err := rules.Compile(rules.Builtin())
	if err != nil {
		log.Fatal(err)
	}
	var all []sample
	for _, f := range *lines {
		all = append(all, must(fromLines(set, f))...)
	}
	for _, f := range *cases {
		all = append(all, must(fromCases(set, f))...)
	}
	for _, dir := range *clean {
		all = append(all, must(fromClean(set, dir))...)
	}
	var ls []*learner
	for _, shape := range []string{"key", "password"} {
		var ss []sample
		for _, s := range all {
			if s.shape == shape {
				ss = append(ss, s)
			}
		}
		file := filepath.Join(pflag.Arg(0), shape+".toml")
		if *folds > 0 {
			m, _, err := readModel(file)
			if err != nil {
				log.Fatal(err)
			}
			ls = append(ls, newLearner(m, ss, *penalty))
			continue
		}
		if err := train(file, ss, *penalty, *mistakes); err != nil {
			log.Fatal(err)
		}
	}
	if *folds > 0 {
		crossValidate(ls, *folds, *mistakes)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// samples returns the values of a content that a rule with a shape scored, with
// the lines that they are on (1-based, inclusive).
func samples(set *rules.Set, path string, content []byte, each func(s sample, first, last int)) {
	type place struct {
		start, end int
		shape      string
	}
	seen := map[place]bool{}
	for _, c := range set.Trace(path, content) {
		var fs []string
		for _, t := range c.Tests {
			if t.Score {
				fs = append(fs, t.Name)
			}
		}
		at := place{c.SecretStart, c.SecretEnd, c.Rule.Shape}
		if !slices.Contains(fs, "bias") || seen[at] || excepted(c.Rule, content[c.SecretStart:c.SecretEnd]) {
			continue
		}
		seen[at] = true
		first := 1 + bytes.Count(content[:c.SecretStart], []byte("\n"))
		last := first + bytes.Count(content[c.SecretStart:c.SecretEnd], []byte("\n"))
		value := string(content[c.SecretStart:c.SecretEnd])
		each(sample{shape: c.Rule.Shape, value: value, features: fs}, first, last)
	}
}

// excepted reports whether a rule drops a value whatever its score is: such values
// teach nothing.
func excepted(r *rules.Rule, value []byte) bool {
	if r.MinEntropy > 0 && rules.Entropy(value) < r.MinEntropy {
		return true
	}
	return slices.ContainsFunc(r.Allow.Regexes, func(re string) bool { return regexp.MustCompile(re).Match(value) })
}

func eachLine(file string, v any, each func()) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		if err := json.Unmarshal(s.Bytes(), v); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		each()
	}
	return s.Err()
}

func fromLines(set *rules.Set, file string) ([]sample, error) {
	type label struct {
		Path  string `json:"path"`
		Repo  string `json:"repo"`
		First int    `json:"line_start"`
		Last  int    `json:"line_end"`
		Truth string `json:"gt"`
		Core  *bool  `json:"core"`
	}
	labels := map[string][]label{}
	var l label
	if err := eachLine(file, &l, func() {
		if half(l.Path) {
			labels[l.Path] = append(labels[l.Path], l)
		}
		l = label{}
	}); err != nil {
		return nil, err
	}
	var all []sample
	for _, path := range slices.Sorted(maps.Keys(labels)) {
		content, err := os.ReadFile(filepath.Join(filepath.Dir(file), path))
		if err != nil {
			return nil, err
		}
		samples(set, path, content, func(s sample, first, last int) {
			truth := ""
			s.group, s.data = labels[path][0].Repo, file
			for _, l := range labels[path] {
				if l.First <= last && l.Last >= first && (truth == "" || l.Truth == "T") {
					truth = l.Truth
				}
			}
			switch truth {
			case "T":
				s.secret, s.weight = true, weightLabelled
			case "F":
				s.weight = weightLabelled
			case "X":
				s.madeUp, s.weight = true, weightMadeUp
			default:
				return
			}
			all = append(all, s)
		})
	}
	log.Printf("%s: %d values", file, len(all))
	return all, nil
}

// half reports whether a path belongs to the half of the labelled repositories
// that is for learning: the first folder of eight hex digits is even.
func half(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		var n uint32
		if len(part) == 8 {
			if _, err := fmt.Sscanf(part, "%08x", &n); err == nil {
				return n%2 == 0
			}
		}
	}
	return true
}

func fromCases(set *rules.Set, file string) ([]sample, error) {
	type labelled struct {
		Path    string   `json:"path"`
		Text    string   `json:"text"`
		Expect  bool     `json:"expect"`
		Scope   string   `json:"scope"`
		Secret  string   `json:"secret"`
		Secrets []string `json:"secrets"`
	}
	var all []sample
	var c labelled
	err := eachLine(file, &c, func() {
		path := filepath.Base(c.Path)
		if c.Path == "" {
			path = "input.txt"
		}
		samples(set, path, []byte(c.Text), func(s sample, _, _ int) {
			s.group = "cases"
			for _, want := range append(c.Secrets, c.Secret) {
				if want != "" && (strings.Contains(want, s.value) || strings.Contains(s.value, want)) {
					s.secret = true
				}
			}
			if s.secret && c.Expect || !s.secret && !c.Expect && c.Scope == "any" {
				s.weight = weightCase
				all = append(all, s)
			}
		})
		c = labelled{}
	})
	log.Printf("%s: %d values", file, len(all))
	return all, err
}

func fromClean(set *rules.Set, dir string) ([]sample, error) {
	var all []sample
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == ".git" {
			return filepath.SkipDir
		}
		if !d.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if len(content) > 1<<20 || !utf8.Valid(content) {
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		samples(set, filepath.ToSlash(rel), content, func(s sample, _, _ int) {
			s.group, s.weight = dir, weightClean
			if s.shape == "key" {
				s.weight = weightCleanKey
			}
			all = append(all, s)
		})
		return nil
	})
	log.Printf("%s: %d values", dir, len(all))
	return all, err
}
