package main

import (
	"bytes"
	"cmp"
	"fmt"
	"log"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// A model is what rules/model/*.toml hold.
type model struct {
	Bias     float64            `toml:"bias"`
	Low      float64            `toml:"low"`
	Medium   float64            `toml:"medium"`
	High     float64            `toml:"high"`
	Pinned   map[string]float64 `toml:"pinned"`
	Expected map[string]float64 `toml:"expected"`
	Weights  map[string]float64 `toml:"weights"`
}

// train replaces the learned weights of a model.
func train(file string, ss []sample, penalty float64, mistakes bool) error {
	m, data, err := readModel(file)
	if err != nil {
		return err
	}
	if len(ss) == 0 {
		return fmt.Errorf("%s: no values to learn from", file)
	}
	l := newLearner(m, ss, penalty)
	w := l.learn(nil)
	log.Printf("%s: %d values, %d different", file, len(ss), len(l.points))
	l.report(w, mistakes)
	m.Bias = round(w[0])
	m.Weights = map[string]float64{}
	for i, f := range l.names {
		if _, pinned := m.Pinned[f]; !pinned && i > 0 && round(w[i]) != 0 {
			m.Weights[f] = round(w[i])
		}
	}
	return write(file, data, m)
}

func readModel(file string) (m *model, data []byte, err error) {
	if data, err = os.ReadFile(file); err != nil {
		return nil, nil, err
	}
	m = new(model)
	return m, data, toml.Unmarshal(data, m)
}

func round(x float64) float64 { return math.Round(x*100) / 100 }

// A point is all values of one group that have the same text and features.
type point struct {
	sample
	has []int          // numbers of the features
	n   int            // how many values they are
	in  map[string]int // how many of them are in each file of labelled lines
}

// A learner holds what weights are learned from.
type learner struct {
	names    []string // of the features; the bias is the first
	expected []float64
	free     []bool // whether the weight is learned
	points   []point
	medium   float64
	penalty  float64
}

func newLearner(m *model, ss []sample, penalty float64) *learner {
	seen := map[string]bool{}
	for _, s := range ss {
		for _, f := range s.features {
			seen[f] = true
		}
	}
	maps.Copy(seen, presence(m.Pinned))
	maps.Copy(seen, presence(m.Expected))
	delete(seen, "bias")
	l := &learner{medium: m.Medium, penalty: penalty, names: append([]string{"bias"}, slices.Sorted(maps.Keys(seen))...)}
	number := map[string]int{}
	for i, f := range l.names {
		number[f] = i
		w, pinned := m.Pinned[f]
		if !pinned {
			w = m.Expected[f]
		}
		l.expected = append(l.expected, w)
		l.free = append(l.free, !pinned)
	}
	points := map[string]int{}
	for _, s := range ss {
		id := fmt.Sprint(s.group, "\x00", s.value, s.secret, s.madeUp, s.features)
		i, ok := points[id]
		if !ok {
			i = len(l.points)
			points[id] = i
			p := point{sample: s, in: map[string]int{}}
			for _, f := range s.features {
				p.has = append(p.has, number[f])
			}
			l.points = append(l.points, p)
		}
		l.points[i].n++
		l.points[i].in[s.data]++
	}
	return l
}

func presence(w map[string]float64) map[string]bool {
	has := map[string]bool{}
	for f := range w {
		has[f] = true
	}
	return has
}

// count is how much a point counts: a value that is copied all over a
// repository teaches less than as many different ones.
func (p *point) count() float64 { return p.weight * math.Sqrt(float64(p.n)) }

func (p *point) score(w []float64) (z float64) {
	for _, f := range p.has {
		z += w[f]
	}
	return z
}

// learn returns the weights with the least loss over all points for which keep
// is true; nil keeps all. The loss is convex, and Newton's method finds its
// minimum.
func (l *learner) learn(keep func(*point) bool) []float64 {
	const steps = 25
	w := slices.Clone(l.expected)
	var free []int
	at := make([]int, len(w)) // index in free, or -1
	for i := range w {
		at[i] = -1
		if l.free[i] {
			at[i] = len(free)
			free = append(free, i)
		}
	}
	n := len(free)
	for range steps {
		gradient := make([]float64, n)
		hessian := make([][]float64, n)
		for i := range hessian {
			hessian[i] = make([]float64, n)
			penalty := l.penalty
			if free[i] == 0 {
				penalty = 0.01
			}
			gradient[i] = penalty * (w[free[i]] - l.expected[free[i]])
			hessian[i][i] = penalty
		}
		for j := range l.points {
			p := &l.points[j]
			if keep != nil && !keep(p) {
				continue
			}
			// A score of medium is worth even odds.
			chance := 1 / (1 + math.Exp(l.medium-p.score(w)))
			d := chance
			if p.secret {
				d--
			}
			c := p.count()
			curve := c * math.Max(chance*(1-chance), 1e-4)
			for _, f := range p.has {
				if at[f] < 0 {
					continue
				}
				gradient[at[f]] += c * d
				for _, g := range p.has {
					if at[g] >= 0 {
						hessian[at[f]][at[g]] += curve
					}
				}
			}
		}
		for i, step := range solve(hessian, gradient) {
			w[free[i]] -= math.Max(-1, math.Min(1, step))
		}
	}
	return w
}

// solve returns x with a·x = b, for a symmetric and positive definite a, which
// it overwrites, as b.
func solve(a [][]float64, b []float64) []float64 {
	n := len(b)
	for i := range n {
		for j := i + 1; j < n; j++ {
			if a[j][i] == 0 {
				continue
			}
			r := a[j][i] / a[i][i]
			for k := i; k < n; k++ {
				a[j][k] -= r * a[i][k]
			}
			b[j] -= r * b[i]
		}
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			b[i] -= a[i][k] * b[k]
		}
		b[i] /= a[i][i]
	}
	return b
}

// A tally counts values by what is true and what the weights say.
type tally struct{ tp, fn, fp, tn, madeUp int }

func (t *tally) add(p *point, w []float64, medium float64) (wrong bool) {
	return t.addSome(p, p.n, w, medium)
}

// addSome adds n of the values that a point is.
func (t *tally) addSome(p *point, n int, w []float64, medium float64) (wrong bool) {
	found := p.score(w) >= medium
	switch {
	case p.madeUp:
		if found {
			t.madeUp += n
		}
		return false
	case found && p.secret:
		t.tp += n
	case found:
		t.fp += n
	case p.secret:
		t.fn += n
	default:
		t.tn += n
	}
	return found != p.secret
}

func (t tally) String() string {
	r := func(a, b int) float64 { return float64(a) / math.Max(1, float64(a+b)) }
	return fmt.Sprintf("found %4d of %4d (%.3f), wrongly %3d of %5d, precision %.3f, made-up %d", t.tp, t.tp+t.fn, r(t.tp, t.fn), t.fp, t.fp+t.tn, r(t.tp, t.fp), t.madeUp)
}

// report prints how well the weights tell the values apart, by repository: with
// all that was learned, and with what was learned from the others.
func (l *learner) report(w []float64, mistakes bool) {
	groups := map[string]bool{}
	for i := range l.points {
		groups[l.points[i].group] = true
	}
	sum := map[string]*tally{"as learned": {}, "as expected": {}, "from others": {}}
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		others := l.learn(func(p *point) bool { return p.group != g })
		var in, before, out tally
		var wrong []*point
		for i := range l.points {
			p := &l.points[i]
			if p.group != g {
				continue
			}
			if in.add(p, w, l.medium) {
				wrong = append(wrong, p)
			}
			before.add(p, l.expected, l.medium)
			out.add(p, others, l.medium)
		}
		log.Printf("  %-28s %v\n  %-28s %v\n  %-28s %v", g, before, "  as learned", in, "  as learned from others", out)
		if g != "cases" && in.tp+in.fn > 0 {
			sum["as expected"].plus(before)
			sum["as learned"].plus(in)
			sum["from others"].plus(out)
		}
		if mistakes {
			slices.SortFunc(wrong, func(a, b *point) int {
				return cmp.Or(cmp.Compare(fmt.Sprint(a.secret), fmt.Sprint(b.secret)), cmp.Compare(a.score(w), b.score(w)))
			})
			for _, p := range wrong {
				var why []string
				for _, f := range p.has {
					why = append(why, fmt.Sprintf("%s %+.2f", l.names[f], w[f]))
				}
				log.Printf("    secret %v: %d × %.60q %.2f: %s", p.secret, p.n, p.value, p.score(w), strings.Join(why, ", "))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sum)) {
		log.Printf("  all labelled, %-14s %v", name, sum[name])
	}
}

func (t *tally) plus(o tally) {
	t.tp += o.tp
	t.fn += o.fn
	t.fp += o.fp
	t.tn += o.tn
	t.madeUp += o.madeUp
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
	}{
		{"# Set by hand, where the data is no guide.\n[pinned]", m.Pinned},
		{"# What was expected before anything was learned.\n[expected]", m.Expected},
		{"# Learned.\n[weights]", m.Weights},
	} {
		fmt.Fprintf(&b, "\n%s\n", t.title)
		for _, f := range slices.Sorted(maps.Keys(t.weights)) {
			fmt.Fprintf(&b, "%s = %v\n", f, t.weights[f])
		}
	}
	return os.WriteFile(file, b.Bytes(), 0o666)
}
