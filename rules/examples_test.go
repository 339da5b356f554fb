package rules_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// exampleRule returns a rule for tok_ and twelve digits, changed.
func exampleRule(change func(r *rules.Rule)) rules.Rule {
	r := rules.Rule{
		ID: "tok", Description: "test token", Provider: "Test",
		Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh,
		Regex: `\btok_[0-9]{12}\b`, Keywords: []string{"tok_"},
		Match: []string{"tok_<digits:12>"}, NoMatch: []string{"tok_<digits:11>"},
		Source: "rules.toml:3",
	}
	if change != nil {
		change(&r)
	}
	return r
}

// TestLostExamples: a change of a rule is told by what it does not find any more,
// wherever its files are.
func TestLostExamples(t *testing.T) {
	old := rules.Rule{
		ID: "acme", Description: "acme", Severity: 1, Confidence: rules.ConfidenceHigh,
		Regex: `\b(acme-[0-9a-f]{12}|[0-9a-f]{12}@acme)\b`, Group: 1, Keywords: []string{"acme"},
		Match: []string{"acme-<hex:12>", "<hex:12>@acme"},
	}
	for _, tt := range []struct {
		name   string
		change func(r *rules.Rule)
		lost   int
		why    string
	}{
		{"nothing", func(*rules.Rule) {}, 0, ""},
		{"how bad it is", func(r *rules.Rule) { r.Severity, r.Confidence = 3, rules.ConfidenceLow }, 0, ""},
		{"files", func(r *rules.Rule) { r.Paths, r.Allow.Paths = []string{"src/**"}, []string{"**"} }, 0, ""},
		{"examples", func(r *rules.Rule) { r.Match = nil }, 0, ""},
		{"some keywords", func(r *rules.Rule) { r.Keywords = []string{"acme-"} }, 1, "none of its keywords"},
		{"keywords", func(r *rules.Rule) { r.Keywords = []string{"emca"} }, 2, "none of its keywords"},
		{"entropy", func(r *rules.Rule) { r.MinEntropy = 5 }, 2, "bits per character"},
		{"the expression", func(r *rules.Rule) { r.Regex = `\b(acme-[0-9]{12})\b` }, 2, "regex does not match"},
		{"stop words", func(r *rules.Rule) { r.Allow.StopWords = []string{"acme-"} }, 1, "stop word"},
		{"to a part", func(r *rules.Rule) { r.PartOnly = true }, 2, ""},
		{"to what is no rule", func(r *rules.Rule) { r.Regex = "(" }, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			changed := old
			tt.change(&changed)
			lost, why := rules.LostExamples(old, changed)
			if len(lost) != tt.lost || !strings.Contains(why, tt.why) {
				t.Errorf("LostExamples() = %q, %q, want %d examples and %q", lost, why, tt.lost, tt.why)
			}
		})
	}
}

func TestCheckExamples(t *testing.T) {
	tests := []struct {
		name   string
		change func(r *rules.Rule)
		want   []string // one part of each error, in order
	}{
		{"all hold", nil, nil},
		{"none given", func(r *rules.Rule) { r.Match, r.NoMatch = nil, nil }, nil},
		{"not matched", func(r *rules.Rule) { r.Match = append(r.Match, "tok_<digits:3>") },
			[]string{`rules.toml:3: rule "tok": match example "tok_<digits:3>" is found not once alone, want once: line 1: a keyword stands there, but its regex does not match around it`}},
		{"no keyword", func(r *rules.Rule) { r.Match = []string{"12 <digits:12>"} },
			[]string{`none of its keywords stands there: ["tok_"]`}},
		{"not in every trial", func(r *rules.Rule) { r.Match = []string{"tok_<digits:11><hex:1>"} },
			[]string{"is found not once alone"}},
		{"only at the beginning", func(r *rules.Rule) { r.Regex = `\Atok_[0-9]{12}` },
			[]string{"in the middle of a file"}},
		{"not at the end", func(r *rules.Rule) { r.Regex = `\btok_[0-9]{12}\n`; r.Match = []string{"tok_<digits:12>\n"} },
			[]string{"with CRLF"}},
		{"only one of two", func(r *rules.Rule) { r.Regex = `(?s)tok_[0-9]{12}.{0,20}`; r.Match = []string{"tok_<digits:12>"} },
			[]string{`next to another one, want twice`}},
		{"dropped by entropy", func(r *rules.Rule) { r.MinEntropy = 4 },
			[]string{"line 1: ", "bits per character where 4.0 are needed"}[1:]},
		{"dropped by stop word", func(r *rules.Rule) { r.Allow.StopWords = []string{"tok"} },
			[]string{`the rule's stop word "tok"`}},
		{"path", func(r *rules.Rule) { r.Paths = []string{"*.env"} },
			[]string{`it does not look at files named "example.txt"`}},
		{"path allowed", func(r *rules.Rule) { r.Allow.Paths = []string{"*.txt"} },
			[]string{`its allow.paths leave out files named "example.txt"`}},
		{"match_path", func(r *rules.Rule) { r.Paths, r.MatchPath = []string{"*.env"}, "a/b.env" }, nil},
		{"nomatch matches", func(r *rules.Rule) { r.NoMatch = []string{"see tok_<digits:12>"} },
			[]string{`nomatch example "see tok_<digits:12>" is found once`}},
		{"unknown class", func(r *rules.Rule) { r.Match, r.NoMatch = []string{"tok_<octal:12>"}, []string{"<octal:1>"} },
			[]string{`unknown class in "<octal:12>"`, `unknown class in "<octal:1>"`}},
		{"every example has its error", func(r *rules.Rule) { r.Match, r.NoMatch = []string{"a", "b"}, []string{"tok_<digits:12>"} },
			[]string{`match example "a"`, `match example "b"`, "nomatch example"}},
		{"the rule is wrong", func(r *rules.Rule) { r.Regex, r.Group = "tok_[0-9]+", 2 },
			[]string{"group = 2", "can match without end"}},
		{"path rule", func(r *rules.Rule) {
			*r = rules.Rule{ID: "p", Description: "p", Severity: 1, Confidence: 1, Paths: []string{"*.pem"}, Match: []string{"x"}, MatchPath: "a.pem"}
		}, nil},
		{"path rule on another file", func(r *rules.Rule) {
			*r = rules.Rule{ID: "p", Description: "p", Severity: 1, Confidence: 1, Paths: []string{"*.pem"}, Match: []string{"x"}}
		}, []string{`it does not look at files named "example.txt"`}},
		{"assignment, name", func(r *rules.Rule) {
			r.Keys, r.Regex, r.Keywords = `(^|_)tok$`, `[0-9]{12}`, []string{"tok"}
			r.Match, r.NoMatch = []string{"tok: <digits:12>", "the tok <digits:12>"}, nil
		}, []string{"but not in a name that its keys match"}},
		{"assignment, value", func(r *rules.Rule) {
			r.Keys, r.Regex, r.Keywords = `(^|_)tok$`, `[0-9]{12}`, []string{"tok"}
			r.Match, r.NoMatch = []string{"tok: <digits:11>"}, nil
		}, []string{"line 1: the value does not have its format"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			errs := rules.CheckExamples(exampleRule(tt.change))
			if len(errs) != len(tt.want) {
				t.Fatalf("CheckExamples() = %q, want %d errors", errs, len(tt.want))
			}
			for i, err := range errs {
				if !strings.Contains(err.Error(), tt.want[i]) {
					t.Errorf("CheckExamples()[%d] = %q, want it to say %q", i, err, tt.want[i])
				}
			}
		})
	}
}

func TestCheckExamplesAmong(t *testing.T) {
	ours := exampleRule(nil)
	general := exampleRule(func(r *rules.Rule) { r.ID, r.Provider, r.Regex = "general", "", `tok_[0-9]{12}` })
	set, err := rules.Compile([]rules.Rule{ours, general})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []rules.Rule{ours, general} {
		if errs := rules.CheckExamplesAmong(set, r); errs != nil {
			t.Errorf("CheckExamplesAmong(%s) = %q, want none", r.ID, errs)
		}
	}
	ours.Match = []string{"tok"}
	want := `rules.toml:3: rule "tok": match example "tok" is not reported among all rules: none of its keywords stands there: ["tok_"]`
	if errs := rules.CheckExamplesAmong(set, ours); len(errs) != 1 || errs[0].Error() != want {
		t.Errorf("CheckExamplesAmong(%s) = %q, want %q", ours.ID, errs, want)
	}
	if errs := rules.CheckExamplesAmong(set, exampleRule(func(r *rules.Rule) { r.ID = "other" })); len(errs) != 1 {
		t.Errorf("CheckExamplesAmong(a rule that is not in the set) = %q, want an error", errs)
	}
}

func TestWhyNotShowsNoSecret(t *testing.T) {
	set, err := rules.Compile([]rules.Rule{
		exampleRule(func(r *rules.Rule) { r.MinEntropy = 5 }),
		exampleRule(func(r *rules.Rule) { r.ID, r.Provider, r.Regex = "general", "", `tok_[0-9]{11}` }),
		exampleRule(func(r *rules.Rule) { r.ID, r.Regex = "specific", `tok_[0-9]{12}` }),
	})
	if err != nil {
		t.Fatal(err)
	}
	content := []byte("one\ntok_123456789012\n")
	for id, want := range map[string]string{
		"tok":      "line 2: 3.", // the entropy of what stands there
		"general":  `line 2: the rule "specific" says more about the same place`,
		"specific": "",
		"nobody":   "there is no such rule",
	} {
		got := set.WhyNot(id, "a.txt", content)
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("WhyNot(%s) = %q, want %q", id, got, want)
		}
		if strings.Contains(got, "12345") {
			t.Errorf("WhyNot(%s) = %q shows what stands there", id, got)
		}
	}
}

func TestWithExamples(t *testing.T) {
	inFiles := parseBuiltin(t)
	for i, r := range rules.Builtin() {
		got := rules.WithExamples(r)
		if want := inFiles[i]; !slices.Equal(got.Match, want.Match) || !slices.Equal(got.NoMatch, want.NoMatch) || got.MatchPath != want.MatchPath {
			t.Errorf("WithExamples(%s) has %q, %q, %q, want %q, %q, %q", r.ID, got.Match, got.NoMatch, got.MatchPath, want.Match, want.NoMatch, want.MatchPath)
		}
		if r.Match != nil {
			t.Errorf("the built-in rule %s carries its examples", r.ID)
		}
	}
	for _, source := range []string{"", ".cork.toml:3", "builtin/no-such.toml:1", "builtin/github.toml:7", "../rules.go:1"} {
		r := exampleRule(func(r *rules.Rule) { r.Source = source })
		if got := rules.WithExamples(r); !slices.Equal(got.Match, r.Match) {
			t.Errorf("WithExamples(a rule of %q) has %q, want %q", source, got.Match, r.Match)
		}
	}
}
