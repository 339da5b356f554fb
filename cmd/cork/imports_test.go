package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/cork-scanner/cork"

// fences say what each package of the house may import from it, and which
// other packages are for some rooms only. Imports point one way.
var fences = map[string][]string{
	"rules/check":       {},
	"rules":             {"rules/check"},
	"scanner/archive":   {},
	"scanner/decode":    {},
	"scanner":           {"rules", "scanner/archive", "scanner/decode"},
	"scanner/compat":    {"rules", "scanner"},
	"scanner/report":    {"rules", "scanner"},
	"scanner/ci":        {"scanner"},
	"scanner/git":       {"scanner", "scanner/git/diff", "scanner/git/graph", "scanner/git/pack"},
	"scanner/git/diff":  {},
	"scanner/git/hook":  {"scanner"},
	"scanner/git/pack":  {},
	"scanner/git/graph": {"scanner", "scanner/git/pack"},
	"cmd/cork":          {"rules", "scanner", "scanner/ci", "scanner/compat", "scanner/git", "scanner/git/hook", "scanner/report"},
}

// reserved are packages, or with a final slash all below, for some rooms only.
var reserved = []struct {
	path  string
	rooms []string
	why   string
}{
	{"github.com/go-git/", []string{"scanner/git"}, "go-git is the embedded engine's"},
	{"github.com/spf13/", []string{"cmd/cork"}, "flags are the program's"},
	{"github.com/fatih/color", []string{"cmd/cork"}, "colour is the program's"},
	{"github.com/mattn/", []string{"cmd/cork"}, "the terminal is the program's"},
	{"github.com/klauspost/", []string{"scanner/archive"}, "what is compressed is expanded in one place, within limits"},
	{"github.com/ulikunitz/", []string{"scanner/archive"}, "what is compressed is expanded in one place, within limits"},
	{"go.yaml.in/", []string{"scanner/compat"}, "YAML is what other scanners are configured in"},
	{"archive/zip", []string{"scanner/archive"}, "archives are opened in one place, within limits"},
	{"archive/tar", []string{"scanner/archive"}, "archives are opened in one place, within limits"},
	{"os/signal", []string{"cmd/cork"}, "signals are the program's"},
	{"os/exec", []string{"cmd/cork", "scanner/git", "scanner/git/hook"}, "only git is run"},
	{"os", []string{"cmd/cork", "scanner", "scanner/git", "scanner/git/hook", "scanner/git/pack"}, "matching, decoding and reports do no I/O of their own"},
	{"log", nil, "libraries return errors, they do not log"},
	{"flag", nil, "flags are parsed by pflag"},
	{"net/http", nil, "Cork never reaches the network"},
}

// TestImports keeps the rooms of the house apart.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		room := strings.TrimPrefix(p.ImportPath, module+"/")
		allowed, ok := fences[room]
		if !ok {
			t.Errorf("package %s has no place in the house: add it to fences, or to a room", room)
			continue
		}
		for _, imported := range p.Imports {
			if in, ok := strings.CutPrefix(imported, module+"/"); ok && !slices.Contains(allowed, in) {
				t.Errorf("%s imports %s: imports point the other way", room, in)
			}
			for _, r := range reserved {
				exact := imported == r.path
				below := strings.HasSuffix(r.path, "/") && strings.HasPrefix(imported, r.path)
				if (exact || below) && !slices.Contains(r.rooms, room) {
					t.Errorf("%s imports %s: %s", room, imported, r.why)
				}
			}
		}
	}
	if seen < len(fences) {
		t.Errorf("go list shows %d packages, want %d", seen, len(fences))
	}
}

// TestFolders keeps the top level to what it is meant to hold.
func TestFolders(t *testing.T) {
	out, err := exec.Command("git", "ls-files", "-z", "--full-name", ":/").Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	want := []string{"cmd", "scanner", "rules", "testdata", "go.mod", "go.sum", "README.md", "LICENSE"}
	for path := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		top, _, _ := strings.Cut(path, "/")
		if !slices.Contains(want, top) && !strings.HasPrefix(top, ".") {
			t.Errorf("%s is at the top level", path)
		}
	}
}
