package scanner

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const (
	printA = "tok:00000000000000000001"
	printB = "tok:00000000000000000002"
)

func TestParseBaseline(t *testing.T) {
	tests := []struct {
		name, text, want string
		err              string // a part of it; "" if there is none
	}{
		{"empty", "", "", ""},
		{"comments", "# cork baseline 1\n# what I think\n\n", "", ""},
		{"an entry", printA + "\ta b.txt\t-\tmade up\n", "tok:00000000000000000001 a b.txt  made up", ""},
		{"no reason", printA + "\ta\t-\n" + printB + "\tb\t-\t-\n", "tok:00000000000000000001 a   tok:00000000000000000002 b  ", ""},
		{"no line end", printA + "\ta\t-\tx", "tok:00000000000000000001 a  x", ""},
		{"CRLF and BOM", "\uFEFF# cork baseline 1\r\n" + printA + "\ta\t-\tx\r\n", "tok:00000000000000000001 a  x", ""},
		{"place", printA + "\ta\t3fa91c2\tx", "tok:00000000000000000001 a 3fa91c2 x", ""},
		{"history", printA + "\ta\thistory\tx", "tok:00000000000000000001 a history x", ""},
		{"unsorted, twice", printB + "\ta\t-\tx\n" + printA + "\ta\t-\tx\n" + printB + "\ta\t-\tx\n", "tok:00000000000000000002 a  x tok:00000000000000000001 a  x tok:00000000000000000002 a  x", ""},
		{"odd path", printA + "\ta\\tb\\n\\\\\\xff\t-\tx", "tok:00000000000000000001 a\tb\n\\\xff  x", ""},
		{"a reason of its own", printA + "\ta\t-\tC:\\new\tand more", "tok:00000000000000000001 a  C:\new\tand more", ""},
		{"a reason that is no escape", printA + "\ta\t-\tC:\\qew", "tok:00000000000000000001 a  C:\\qew", ""},
		{"spaces for tabs", printA + "    a    -\tx", "", `f:1: "tok:00000000000000000001    a    -" is not a fingerprint (a rule's id, a colon, 20 hex digits) with a tab behind it`},
		{"short", "x\n" + printA + "\n", "", "f:2: there are 1 fields with tabs between them"},
		{"no path", printA + "\t\t-\tx", "", `f:1: "" is not a path`},
		{"half an escape", printA + "\ta\\\t-\tx", "", `f:1: "a\\" is not a path`},
		{"another place", printA + "\ta\tyes\tx", "", `f:1: "yes" is not -, history or 7 hex digits`},
		{"JSON", "{\"version\": 1}", "", "is not a fingerprint"},
		{"UTF-16", "\xFF\xFEa\x00", "", "f:1: it is UTF-16"},
		{"newer", "# cork baseline 2\n", "", "newer version of cork"},
		{"conflict", printA + "\ta\t-\tx\n<<<<<<< HEAD\n" + printB + "\ta\t-\tx\n=======\n>>>>>>> other\n", "", "f:2: a merge conflict was not resolved (<<<<<<<): keep"},
		{"much", strings.Repeat("x\n", 30), "", "f:11: there is more like this"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := ParseBaseline("f", []byte(tt.text))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || b != nil {
					t.Fatalf("ParseBaseline(%q) = %v, want an error with %q", tt.text, err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, e := range b.Entries() {
				if want := 1 + i + strings.Count(tt.text, "#"); e.Line != want && tt.name != "comments" {
					t.Errorf("entry %d is on line %d, want %d", i, e.Line, want)
				}
				place := e.Place
				if e.History {
					place = "history"
				}
				got = append(got, e.Fingerprint+" "+e.Path+" "+place+" "+e.Reason)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("ParseBaseline(%q) = %q, want %q", tt.text, strings.Join(got, " "), tt.want)
			}
		})
	}
}

func TestBaselineKeepsComments(t *testing.T) {
	text := baselineHeader + "# ours\n" + printB + "\tb\t-\t-\n# ours\n# theirs\n" + printA + "\ta\t-\t-\n" + baselineHeader
	b, err := ParseBaseline("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := baselineHeader + "# ours\n# theirs\n" + printA + "\ta\t-\t-\n" + printB + "\tb\t-\t-\n"
	if got := string(b.WithEntries(b.Entries())); got != want {
		t.Errorf("written again it is\n%q\nwant\n%q", got, want)
	}
}

// FuzzBaselineEntry: what is written is read again, whatever is in it.
func FuzzBaselineEntry(f *testing.F) {
	f.Add("a/b.txt", "made up", false)
	f.Add("a\tb\n\\x", " \tä\u2028\xff\x00", true)
	f.Add("# x", "-", false)
	f.Add(" ", "\\", true)
	f.Fuzz(func(t *testing.T, path, reason string, history bool) {
		if path == "" {
			return
		}
		e := BaselineEntry{Fingerprint: printA, Path: path, Reason: reason, History: history}
		text := (*Baseline)(nil).WithEntries([]BaselineEntry{e, {Fingerprint: printB, Path: "b"}, e})
		b, err := ParseBaseline("f", text)
		if err != nil {
			t.Fatalf("a baseline of %+v cannot be read: %v", e, err)
		}
		if len(b.entries) != 2 || b.entries[0].Path != path || b.entries[0].History != history {
			t.Errorf("%+v was read as %+v", e, b.entries)
		}
		if again := b.WithEntries(b.Entries()); string(again) != string(text) {
			t.Errorf("%q was read and written as %q", text, again)
		}
	})
}

// FuzzParseBaseline: what can be read can be written and read again with the same
// entries.
func FuzzParseBaseline(f *testing.F) {
	f.Add([]byte(baselineHeader + printA + "\ta\t-\tx\n" + printB + "\tb\t0123abc\t-\r\n"))
	f.Add([]byte("\uFEFF# x\n" + printA + "\ta\\t\thistory\t\\\\x\\"))
	f.Add([]byte("<<<<<<< x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := ParseBaseline("f", data)
		if err != nil {
			return
		}
		text := b.WithEntries(b.Entries())
		again, err := ParseBaseline("f", text)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", data, text, err)
		}
		if third := again.WithEntries(again.Entries()); string(third) != string(text) {
			t.Errorf("%q was written as %q, and then as %q", data, text, third)
		}
		for _, e := range b.Entries() {
			if _, _, ok := again.Lookup(&Finding{Fingerprint: e.Fingerprint}); !ok {
				t.Errorf("%q was written as %q, without %s", data, text, e.Fingerprint)
			}
			if !fingerprintRegex.MatchString(e.Fingerprint) {
				t.Errorf("%q is taken for a fingerprint", e.Fingerprint)
			}
		}
	})
}

// inBaseline scans a content, and makes entries of all that is found in it.
func inBaseline(t *testing.T, path, content string) []BaselineEntry {
	t.Helper()
	fs, errs, _ := scanAll(t, New(testSet(t), Options{Workers: 1}), source(blob(path, content)))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var entries []BaselineEntry
	for i := range fs {
		f := &fs[i]
		entries = append(entries, BaselineEntry{Fingerprint: f.Fingerprint, Path: f.Location.Path, Place: f.BaselinePlace()})
	}
	return entries
}

// TestBaselineMoved: a weak secret is known again in a file that was renamed, and
// another one in its place is not.
func TestBaselineMoved(t *testing.T) {
	old := "name: x\npass=hunter22\n"
	gone := func(paths ...string) func(string, *Commit) bool {
		return func(p string, _ *Commit) bool { return slices.Contains(paths, p) }
	}
	tests := []struct {
		name, path, content string
		gone                func(string, *Commit) bool
		want                string
	}{
		{"as it was", "a.txt", old, gone(), ""},
		{"other lines around it", "a.txt", "more\n\n" + old + "more\n", gone(), ""},
		{"another secret", "a.txt", "name: x\npass=hunter23\n", gone(), "pass:2"},
		{"renamed", "b.txt", old, gone("a.txt"), ""},
		{"renamed and edited elsewhere", "b.txt", "more\n" + old, gone("a.txt"), ""},
		{"copied", "b.txt", old, gone(), "pass:2"},
		{"renames are not followed", "b.txt", old, nil, "pass:2"},
		{"renamed, another secret", "b.txt", "name: x\npass=hunter23\n", gone("a.txt"), "pass:2"},
		{"renamed, the line edited", "b.txt", "name: x\nx pass=hunter22\n", gone("a.txt"), "pass:2"},
		{"in an archive", "b.zip", zipped(t, packed{"x", old}), gone("a.txt"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := NewBaseline("f", inBaseline(t, "a.txt", old))
			b.Gone = tt.gone
			fs, _, sum := scanAll(t, New(testSet(t), Options{Workers: 1, Baseline: b}), source(blob(tt.path, tt.content)))
			if got := ids(fs); got != tt.want || sum.Suppressed+sum.Findings != 1 {
				t.Errorf("Scan(%s) = %q, %d suppressed, want %q", tt.path, got, sum.Suppressed, tt.want)
			}
			if unused := b.Unused(false); (len(unused) == 1) != (tt.want != "") {
				t.Errorf("Unused() = %v", unused)
			}
		})
	}
}

// TestBaselineMovedIsBounded: where many different secrets may be meant none is.
func TestBaselineMovedIsBounded(t *testing.T) {
	content := func(i int) string { return fmt.Sprintf("pass=hunter%04d\n", i) }
	for _, n := range []int{maxMoved, maxMoved + 1, maxGone + 1} {
		var entries []BaselineEntry
		weak := make(map[string]bool)
		for i := 0; len(weak) < min(n, maxMoved+1) || len(entries) < n; i++ {
			e := inBaseline(t, fmt.Sprint("old/", i), content(i))
			weak[e[0].Fingerprint[len(e[0].Fingerprint)-weakDigits:]] = true
			entries = append(entries, e...)
			if n <= maxMoved+1 && len(weak) < len(entries) {
				t.Fatal("two of these secrets have the same digits; choose others")
			}
		}
		b := NewBaseline("f", entries)
		b.Gone = func(string, *Commit) bool { return true }
		fs, _, _ := scanAll(t, New(testSet(t), Options{Workers: 1, Baseline: b}), source(blob("new", content(3))))
		if known := len(fs) == 0; known != (n <= maxMoved) {
			t.Errorf("with %d lines alike, known again = %v", n, known)
		}
	}
}

// TestBaselineFolderMoved: a folder that was renamed is followed, however many lines
// in it are alike.
func TestBaselineFolderMoved(t *testing.T) {
	content := func(i int) string { return fmt.Sprintf("pass=hunter%04d\n", i) }
	for _, n := range []int{2, 4 * maxMoved, maxGone + 1} {
		var entries []BaselineEntry
		for i := range n {
			entries = append(entries, inBaseline(t, fmt.Sprintf("old/%d/app.yml", i), content(i))...)
			entries = append(entries, inBaseline(t, fmt.Sprintf("old/%d.yml", i), content(i))...)
		}
		b := NewBaseline("f", entries)
		b.Gone = func(p string, _ *Commit) bool { return strings.HasPrefix(p, "old/") }
		for _, tt := range []struct {
			path, content string
			want          bool
		}{
			{"new/1.yml", content(1), true},
			{"new/1.yml", content(0), n <= maxMoved}, // another secret, though one that some file had
			{"new/1.yml", "pass=other99\n", false},
			{"new/1/app.yml", content(1), n <= maxGone},
			{"new/other.yml", content(1), n <= maxMoved},
		} {
			fs, _, _ := scanAll(t, New(testSet(t), Options{Workers: 1, Baseline: b}), source(blob(tt.path, tt.content)))
			if known := len(fs) == 0; known != tt.want {
				t.Errorf("%d files alike: %q in %s, known again = %v, want %v", n, tt.content, tt.path, known, tt.want)
			}
		}
	}
}

// TestBaselineTellsNothing: what is in a baseline is the same for secrets that have
// the same 12 bits, so no more than these can be learned from it.
func TestBaselineTellsNothing(t *testing.T) {
	byDigits := make(map[string]string)
	for i := 0; ; i++ {
		secret := fmt.Sprintf("hunter%05d", i)
		digits := newFingerprinter().weakDigits(secret)
		other, ok := byDigits[digits]
		if !ok {
			byDigits[digits] = secret
			continue
		}
		a, b := inBaseline(t, "a", "x: 1, pass="+secret+", x\n"), inBaseline(t, "a", "x: 1, pass="+other+", x\n")
		if len(a) != 1 || a[0].Place == "" || !reflect.DeepEqual(a, b) {
			t.Errorf("%q and %q have the same digits, and the entries %v and %v", secret, other, a, b)
		}
		return
	}
}

func bigBaseline(n int) []byte {
	entries := make([]BaselineEntry, n)
	for i := range entries {
		entries[i] = BaselineEntry{
			Fingerprint: fmt.Sprintf("generic-password:%020x", i*7919), Path: fmt.Sprintf("services/example-%d/config/settings.yml", i),
			Place: fmt.Sprintf("%07x", i), Reason: "there when the baseline was made",
		}
	}
	return (*Baseline)(nil).WithEntries(entries)
}

func BenchmarkBaseline50000(b *testing.B) {
	text := bigBaseline(50_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		bl, err := ParseBaseline("f", text)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, ok := bl.Lookup(&Finding{Fingerprint: fmt.Sprintf("generic-password:%020x", 7919)}); !ok {
			b.Fatal("an entry is not found")
		}
	}
}
