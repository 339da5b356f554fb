// Train learns the weights of rules/model/*.toml from labelled data.
//
//	go run ./testdata/train [--lines TREE/lines.jsonl]... [--cases FILE.jsonl]... [--clean FOLDER]... rules/model
//
// The data is not part of the repository. A file of lines names files of a tree
// (below TREE/data) with ranges of lines that hold a secret (T), do not (F), or
// hold a made-up one (X). A file of cases has a snippet a line, with the secrets
// in it. A clean folder is a tree of files in which nearly nothing is a secret.
//
// The weights are those of a logistic regression with an L2 penalty over the
// features that [rules.Set.Trace] shows for every value of these files that a
// rule with a shape looked at. Weights that stand under [pinned] are left as
// they are, and so are the limits low, medium and high: these are decisions,
// not data. The same data gives the same weights.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"log"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
	"github.com/spf13/pflag"

	"github.com/cork-scanner/cork/rules"
)

// A sample is one value that was judged.
type sample struct {
	shape    string
	features []string
	secret   bool
	weight   float64
}

// How much one value of each kind of data counts. Values of clean trees are
// many and alike; a made-up secret is no great mistake.
const (
	weightLabelled = 1.0
	weightMadeUp   = 0.5
	weightCase     = 1.0
	weightClean    = 2.0
)

func main() {
	log.SetFlags(0)
	lines := pflag.StringArray("lines", nil, "learn from the tree of this `FILE` of labelled lines")
	cases := pflag.StringArray("cases", nil, "learn from this `FILE` of labelled snippets")
	clean := pflag.StringArray("clean", nil, "learn from this `FOLDER` that what is in it is no secret")
	penalty := pflag.Float64("penalty", 1.0, "the L2 penalty")
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
	for _, shape := range []string{"key", "password"} {
		var ss []sample
		for _, s := range all {
			if s.shape == shape {
				ss = append(ss, s)
			}
		}
		if err := learn(filepath.Join(pflag.Arg(0), shape+".toml"), ss, *penalty); err != nil {
			log.Fatal(err)
		}
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
func samples(set *rules.Set, path string, content []byte, each func(s sample, secret string, first, last int)) {
	type place struct{ start, end int }
	seen := map[place]bool{}
	for _, c := range set.Trace(path, content) {
		var fs []string
		for _, t := range c.Tests {
			if t.Score {
				fs = append(fs, t.Name)
			}
		}
		if !slices.Contains(fs, "bias") || seen[place{c.SecretStart, c.SecretEnd}] {
			continue
		}
		seen[place{c.SecretStart, c.SecretEnd}] = true
		first := 1 + bytes.Count(content[:c.SecretStart], []byte("\n"))
		last := first + bytes.Count(content[c.SecretStart:c.SecretEnd], []byte("\n"))
		each(sample{shape: c.Rule.Shape, features: fs}, string(content[c.SecretStart:c.SecretEnd]), first, last)
	}
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
		samples(set, path, content, func(s sample, _ string, first, last int) {
			truth := ""
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
				s.weight = weightMadeUp
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
		samples(set, path, []byte(c.Text), func(s sample, secret string, _, _ int) {
			for _, want := range append(c.Secrets, c.Secret) {
				if want != "" && (strings.Contains(want, secret) || strings.Contains(secret, want)) {
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
		samples(set, filepath.ToSlash(rel), content, func(s sample, _ string, _, _ int) {
			s.weight = weightClean
			all = append(all, s)
		})
		return nil
	})
	log.Printf("%s: %d values", dir, len(all))
	return all, err
}

// A model is what rules/model/*.toml hold.
type model struct {
	Bias    float64            `toml:"bias"`
	Low     float64            `toml:"low"`
	Medium  float64            `toml:"medium"`
	High    float64            `toml:"high"`
	Pinned  map[string]float64 `toml:"pinned"`
	Weights map[string]float64 `toml:"weights"`
}

// learn fits the weights by gradient descent on the mean loss, which is convex:
// where it starts does not matter.
func learn(file string, ss []sample, penalty float64) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var m model
	if err := toml.Unmarshal(data, &m); err != nil {
		return err
	}
	if len(ss) == 0 {
		return fmt.Errorf("%s: no values to learn from", file)
	}
	w := map[string]float64{}
	var total float64
	for _, s := range ss {
		total += s.weight
		for _, f := range s.features {
			w[f] = 0
		}
	}
	names := slices.Sorted(maps.Keys(w))
	maps.Copy(w, m.Pinned)
	speed := map[string]float64{}
	for range 6000 {
		grad := map[string]float64{}
		for _, s := range ss {
			z := 0.0
			for _, f := range s.features {
				z += w[f]
			}
			d := 1 / (1 + math.Exp(-z))
			if s.secret {
				d--
			}
			for _, f := range s.features {
				grad[f] += s.weight * d
			}
		}
		for _, f := range names {
			if _, pinned := m.Pinned[f]; pinned {
				continue
			}
			g := grad[f]
			if f != "bias" {
				g += penalty * w[f]
			}
			speed[f] = 0.9*speed[f] + g/total
			w[f] -= 0.5 * speed[f]
		}
	}
	round := func(x float64) float64 { return math.Round(x*100) / 100 }
	m.Bias = round(w["bias"])
	m.Weights = map[string]float64{}
	for _, f := range names {
		if _, pinned := m.Pinned[f]; !pinned && f != "bias" && round(w[f]) != 0 {
			m.Weights[f] = round(w[f])
		}
	}
	report(file, ss, w)
	return write(file, data, &m)
}

// report prints how well the weights tell the values apart.
func report(file string, ss []sample, w map[string]float64) {
	var tp, fp, fn float64
	for _, s := range ss {
		z := 0.0
		for _, f := range s.features {
			z += w[f]
		}
		switch {
		case z >= 0 && s.secret:
			tp += s.weight
		case z >= 0:
			fp += s.weight
		case s.secret:
			fn += s.weight
		}
	}
	log.Printf("%s: %d values, at 0: precision %.3f, recall %.3f", file, len(ss), tp/(tp+fp), tp/(tp+fn))
}

// write replaces the learned parts and keeps the comment at the top.
func write(file string, old []byte, m *model) error {
	var b bytes.Buffer
	for line := range bytes.Lines(old) {
		if line[0] != '#' {
			break
		}
		b.Write(line)
	}
	fmt.Fprintf(&b, "\nbias = %v\n\n# The least scores of a finding of each confidence. Set by hand.\nlow = %v\nmedium = %v\nhigh = %v\n", m.Bias, m.Low, m.Medium, m.High)
	for _, t := range []struct {
		title   string
		weights map[string]float64
	}{{"# Set by hand, where the data is no guide.\n[pinned]", m.Pinned}, {"# Learned.\n[weights]", m.Weights}} {
		fmt.Fprintf(&b, "\n%s\n", t.title)
		for _, f := range slices.Sorted(maps.Keys(t.weights)) {
			fmt.Fprintf(&b, "%s = %v\n", f, t.weights[f])
		}
	}
	return os.WriteFile(file, b.Bytes(), 0o666)
}
