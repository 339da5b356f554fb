package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/scanner"
	"github.com/cork-scanner/cork/scanner/report"
)

// commitOf returns a commit whose id is made of two digits, in January 2026.
func commitOf(digits string, day int, subject string) *scanner.Commit {
	return &scanner.Commit{
		ID: strings.Repeat(digits, 20), Author: "A U Thor", Email: "author@example.com",
		Date: time.Date(2026, 1, day, 12, 0, 0, 0, time.UTC), Subject: subject,
	}
}

// withStory is a finding that left HEAD.
func withStory() scanner.Finding {
	f := finding()
	f.Location.Blob = strings.Repeat("b1", 20)
	other := scanner.Location{Path: "old/app.yml", Line: 7, Column: 8, EndLine: 7, EndColumn: 44, Blob: strings.Repeat("b2", 20), Commit: commitOf("c3", 5, "move it")}
	message := scanner.Location{Path: "(commit message)", Line: 3, Column: 1, EndLine: 3, EndColumn: 37, Blob: strings.Repeat("c4", 20), Commit: commitOf("c4", 6, "say it")}
	f.Story = &scanner.Story{
		Introduced: commitOf("c1", 2, "add the deployment"),
		Removed:    commitOf("c2", 30, "read it from outside"),
		Refs:       []string{"refs/heads/old", "refs/tags/v1.0"}, RefsTotal: 2,
		Reachable: true,
		Places:    []scanner.Place{{Location: f.Location}, {Location: other}, {Location: message}}, PlacesTotal: 3,
		Commits: 12, Blobs: 3, Days: 28,
	}
	return f
}

func TestTextTellsTheStory(t *testing.T) {
	const (
		head  = "config/app.yml:12:8: example-token  Example token\n   12 | token: cork********\n"
		intro = "  introduced: commit c1c1c1c1c1c1, 2026-01-02, A U Thor, add the deployment\n"
		gone  = "  removed:    commit c2c2c2c2c2c2, 2026-01-30, A U Thor, read it from outside\n"
		held  = "  exposed:    28 days, in 12 commits and 3 versions\n"
		also  = "  also in:    old/app.yml:7 (c3c3c3c3c3c3), (commit message):3 (c4c4c4c4c4c4)\n"
		see   = "  see:        git show b1b1b1b1b1b1\n"
		why   = "  why:        known prefix, checksum holds\n"
		fix   = "  fix:        read it from outside, such as ${API_TOKEN}\n"
		end   = "  revoke:     example.com/tokens: delete it\n  allow:      fingerprint 0a1b2c3d in .cork.toml\n\n"
	)
	refs := func(n int) (list []string) {
		for i := range min(n, scanner.MaxStoryRefs) {
			list = append(list, "refs/heads/b"+strconv.Itoa(i))
		}
		return list
	}
	tests := []struct {
		name   string
		change func(f *scanner.Finding)
		want   string
	}{
		{"on other refs", func(*scanner.Finding) {}, head +
			"  status:     not at HEAD, but still on 2 refs: old, tag v1.0\n" + intro + gone + held + also + see + why + end},
		{"at HEAD", func(f *scanner.Finding) {
			s := f.Story
			s.AtHead, s.Removed, s.Refs, s.RefsTotal = true, nil, []string{"refs/remotes/origin/main"}, 1
			s.Places[0].AtHead, s.Places[1].AtHead = true, true
		}, head +
			"  status:     still at HEAD, and on 1 ref: origin/main\n" + intro + held +
			"  also in:    old/app.yml:7 (at HEAD), (commit message):3 (c4c4c4c4c4c4)\n" + why + fix + end},
		{"at a detached HEAD", func(f *scanner.Finding) {
			f.Story = &scanner.Story{AtHead: true, Reachable: true, Introduced: commitOf("c1", 2, "add the deployment"), Commits: 1, Blobs: 1, PlacesTotal: 1, Places: f.Story.Places[:1]}
		}, head + "  status:     still at HEAD\n" + intro +
			"  exposed:    less than a day, in 1 commit and 1 version\n" + why + fix + end},
		{"many refs", func(f *scanner.Finding) { f.Story.Refs, f.Story.RefsTotal = refs(1234), 1234 }, head +
			"  status:     not at HEAD, but still on 1,234 refs: b0, b1, b2, b3, b4, and 1,229 more\n" + intro + gone + held + also + see + why + end},
		{"in the history alone", func(f *scanner.Finding) { f.Story.Refs, f.Story.RefsTotal = nil, 0 }, head +
			"  status:     at no tip any more, but in the history\n" + intro + gone + held + also + see + why + end},
		{"amended away", func(f *scanner.Finding) {
			f.Story = &scanner.Story{Introduced: commitOf("c1", 2, "add the deployment"), Commits: 1, Blobs: 1, Days: 1, PlacesTotal: 1, Places: f.Story.Places[:1]}
		}, head + "  status:     no ref leads to it: it is only in reflogs, stashes or dangling objects\n" + intro +
			"  exposed:    1 day, in 1 commit and 1 version\n" + see + why + end},
		{"in a dangling blob", func(f *scanner.Finding) {
			f.Story = &scanner.Story{Blobs: 1, PlacesTotal: 1, Places: f.Story.Places[:1]}
		}, head + "  status:     no ref leads to it: it is only in reflogs, stashes or dangling objects\n" +
			"  introduced: by no commit that is here; it is in 1 version\n" + see + why + end},
		{"more places than are shown", func(f *scanner.Finding) {
			f.Story.Places = slices.Concat(f.Story.Places[1:2], f.Story.Places[:1], slices.Repeat(f.Story.Places[1:2], 18))
			f.Story.PlacesTotal = 1000
		}, head + "  status:     not at HEAD, but still on 2 refs: old, tag v1.0\n" + intro + gone + held +
			"  also in:    " + strings.Repeat("old/app.yml:7 (c3c3c3c3c3c3), ", 5) + "and 994 more places\n" + see + why + end},
		{"a file by its name", func(f *scanner.Finding) {
			f.Secret, f.Story.Places, f.Story.PlacesTotal = scanner.Secret{}, f.Story.Places[:2], 2
		}, "config/app.yml: example-token  Example token\n" +
			"  status:     not at HEAD, but still on 2 refs: old, tag v1.0\n" + intro + gone + held +
			"  also in:    old/app.yml (c3c3c3c3c3c3)\n" + see + why + end},
		{"long names", func(f *scanner.Finding) {
			f.Story.Introduced.Subject = strings.Repeat("subject ", 20)
			f.Story.Introduced.Author = strings.Repeat("ä", 60)
			f.Story.Refs = []string{"refs/heads/" + strings.Repeat("r", 200)}
			f.Story.RefsTotal = 1
		}, head + "  status:     not at HEAD, but still on 1 ref: " + strings.Repeat("r", 47) + "...\n" +
			"  introduced: commit c1c1c1c1c1c1, 2026-01-02, " + strings.Repeat("ä", 47) + "..., " + strings.Repeat("subject ", 8) + "subje...\n" +
			gone + held + also + see + why + end},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := withStory()
			tt.change(&f)
			var out bytes.Buffer
			write(t, report.NewText(&out, report.TextOptions{}), report.Result{}, f)
			if out.String() != tt.want {
				t.Errorf("text =\n%s\nwant\n%s", &out, tt.want)
			}
		})
	}
}

func TestStoryIsWrittenForTerminals(t *testing.T) {
	evil := "a\x1b[2Jb\r\n::error::c\u202e\x00\xff\x9b"
	f := withStory()
	f.Story.Introduced = &scanner.Commit{ID: evil, Author: evil, Email: evil, Subject: evil}
	f.Story.Removed = f.Story.Introduced
	f.Story.Refs = []string{"refs/heads/" + evil}
	f.Location.Blob = evil
	for i := range f.Story.Places {
		f.Story.Places[i].Path, f.Story.Places[i].Commit, f.Story.Places[i].Blob = evil, f.Story.Introduced, evil
	}
	for _, width := range []int{0, 40, 80} {
		var out bytes.Buffer
		write(t, report.NewText(&out, report.TextOptions{Width: width}), report.Result{}, f)
		for line := range strings.SplitSeq(out.String(), "\n") {
			if report.Printable(line) != line || strings.HasPrefix(strings.TrimSpace(line), "::") {
				t.Errorf("width %d: line %q", width, line)
			}
		}
	}
}

func TestJSONTellsTheStory(t *testing.T) {
	f := withStory()
	f.Story.Refs = append(f.Story.Refs, "refs/heads/caf\xe9")
	f.Story.Introduced.Subject = "caf\xe9"
	f.Story.Removed.Date = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	dangling := finding()
	dangling.Story = &scanner.Story{Blobs: 1, Places: []scanner.Place{{Location: dangling.Location}}, PlacesTotal: 1}
	var out bytes.Buffer
	write(t, report.NewJSON(&out, report.Options{}), report.Result{}, f, dangling, finding())
	var got struct{ Findings []map[string]any }
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	const common = "author column commit confidence date description encoding end_column end_line entropy expires fingerprint in_net in_path line parts path revoke rule secret severity"
	const story = "at_head blobs commits days_exposed introduced locations locations_total reachable refs refs_total removed"
	all := slices.Sorted(slices.Values(strings.Fields(common + " " + story)))
	for i, want := range []string{strings.Join(all, " "), strings.Join(all, " "), common} {
		if keys := strings.Join(slices.Sorted(maps.Keys(got.Findings[i])), " "); keys != want {
			t.Errorf("keys of finding %d = %q, want %q", i, keys, want)
		}
	}
	text := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	c1, b1, b2, c3, c4 := strings.Repeat("c1", 20), strings.Repeat("b1", 20), strings.Repeat("b2", 20), strings.Repeat("c3", 20), strings.Repeat("c4", 20)
	for key, want := range map[string]string{
		"introduced":      `{"author":"A U Thor","commit":"` + c1 + `","date":"2026-01-02T12:00:00Z","email":"author@example.com","subject":"caf\\xe9"}`,
		"at_head":         "false",
		"refs":            `["refs/heads/old","refs/tags/v1.0","\"refs/heads/caf\\351\""]`,
		"refs_total":      "2",
		"reachable":       "true",
		"locations_total": "3",
		"commits":         "12",
		"blobs":           "3",
		"days_exposed":    "28",
		"locations": `[{"at_head":false,"blob":"` + b1 + `","column":8,"commit":null,"end_column":44,"end_line":12,"line":12,"path":"config/app.yml"},` +
			`{"at_head":false,"blob":"` + b2 + `","column":8,"commit":"` + c3 + `","end_column":44,"end_line":7,"line":7,"path":"old/app.yml"},` +
			`{"at_head":false,"blob":"` + c4 + `","column":1,"commit":"` + c4 + `","end_column":37,"end_line":3,"line":3,"path":"(commit message)"}]`,
	} {
		if got := text(got.Findings[0][key]); got != want {
			t.Errorf("%s = %s, want %s", key, got, want)
		}
	}
	if date := got.Findings[0]["removed"].(map[string]any)["date"]; date != nil {
		t.Errorf("a date that RFC 3339 cannot say = %v, want null", date)
	}
	for key, want := range map[string]string{"introduced": "null", "removed": "null", "refs": "[]", "reachable": "false"} {
		if got := text(got.Findings[1][key]); got != want {
			t.Errorf("of a dangling blob, %s = %s, want %s", key, got, want)
		}
	}
}

// TestMaskedHidesSecretsInStories that come later, too, and without changing
// the findings.
func TestMaskedHidesSecretsInStories(t *testing.T) {
	later := withStory()
	token := clearToken()
	first := withStory()
	first.Secret = scanner.NewToken("unrelated-" + "1234567890")
	first.Story.Introduced = commitOf("c1", 2, "add "+token)
	first.Story.Removed = &scanner.Commit{ID: "1", Author: token, Email: token, Subject: "remove " + token}
	first.Story.Refs = []string{"refs/heads/" + token, "refs/tags/" + token}
	first.Story.Places[1].Path = token
	first.Story.Places[1].Commit = first.Story.Removed

	// A message that holds a secret in an encoded form is not known by it.
	const encoded = "Y29yaw"
	later.Encoding = "base64"
	later.Story.Places[2].Commit = commitOf("c4", 6, "say "+encoded)
	later.Story.Introduced = later.Story.Places[2].Commit
	first.Story.Places[2].Commit = later.Story.Places[2].Commit
	for name, w := range map[string]func(io.Writer) report.Writer{
		"text": func(w io.Writer) report.Writer { return report.NewText(w, report.TextOptions{}) },
		"json": func(w io.Writer) report.Writer { return report.NewJSON(w, report.Options{}) },
	} {
		var out bytes.Buffer
		write(t, report.Masked(w(&out), new(report.Masker)), report.Result{}, first, later)
		if strings.Contains(out.String(), token) || strings.Contains(out.String(), encoded) {
			t.Errorf("%s shows the token:\n%s", name, &out)
		}
		if !strings.Contains(out.String(), "add cork********") {
			t.Errorf("%s does not show the masked subject:\n%s", name, &out)
		}
		if strings.Index(out.String(), "c1c1") > strings.Index(out.String(), "c4c4") {
			t.Errorf("%s has another order:\n%s", name, &out)
		}
	}
	if first.Story.Introduced.Subject != "add "+token || first.Story.Refs[0] != "refs/heads/"+token || first.Story.Places[1].Path != token {
		t.Errorf("the finding was changed: %+v", first.Story)
	}
}

// TestMaskedHidesWhatIsLeftOfASecret at the end of a subject that was cut.
func TestMaskedHidesWhatIsLeftOfASecret(t *testing.T) {
	token := clearToken()
	for n := range len(token) + 1 {
		f := withStory()
		long := strings.Repeat("subject ", 124)
		f.Story.Introduced.Subject = long + token[:n]
		var out bytes.Buffer
		write(t, report.Masked(report.NewJSON(&out, report.Options{}), new(report.Masker)), report.Result{}, f)
		var got struct {
			Findings []struct{ Introduced struct{ Subject string } }
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		want := long + token[:n]
		if n > 4 {
			want = long + "cork********"
		}
		if s := got.Findings[0].Introduced.Subject; s != want {
			t.Errorf("a subject that ends in %d characters of the token: %q, want %q", n, s, want)
		}
	}
}

func TestTally(t *testing.T) {
	var tally report.Tally
	if got := tally.String(); got != "" {
		t.Errorf("of nothing: %q", got)
	}
	for range 1234 {
		f := withStory()
		tally.Add(&f)
	}
	head, none, plain := withStory(), withStory(), finding()
	head.Story.AtHead, none.Story.Reachable = true, false
	tally.Add(&head)
	tally.Add(&none)
	tally.Add(&plain)
	const want = "1 at HEAD, 1,234 in the history, 1 in no ref"
	if got := tally.String(); got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	r := report.Result{Summary: scanner.Summary{Commits: 9, Blobs: 1, Findings: 1236}, History: &tally}
	if got := report.SummaryLine(&r, nil); got != "9 commits, 1 blob, 0 bytes, 1,236 secrets ("+want+"), under 1 ms" {
		t.Errorf("SummaryLine() = %q", got)
	}
	r = report.Result{History: new(report.Tally), Summary: scanner.Summary{Commits: 1, Skipped: map[scanner.SkipReason]int{scanner.SkipLFS: 2}}}
	if got := report.SummaryLine(&r, nil); got != "1 commit, 0 blobs, 0 bytes, 0 secrets, 2 skipped (lfs-object 2), under 1 ms; not complete: 2 blobs not read" {
		t.Errorf("SummaryLine() = %q", got)
	}
}
