package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cork-scanner/cork/scanner/report"
)

// TestReportsAreTheSameForAnyWorkers runs each command with one worker and with
// eight, and compares what they write in every format, byte by byte.
func TestReportsAreTheSameForAnyWorkers(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	s := &secrets{rand: rand.New(rand.NewPCG(5, 6))}
	f := newFixture(t, "nothing\n", "")
	for i := range 40 {
		f.write(t, fmt.Sprintf("config-%d.yml", i), fmt.Sprintf("a: b\ntoken: %s\npassword: %s\n", s.github(), "mypass"+"word"+s.chars(3, "123456789")))
		if i == 20 {
			f.git(t, "add", ".")
			f.git(t, "commit", "-q", "-m", "half of it, and "+s.github())
		}
	}
	f.git(t, "add", ".")
	for _, command := range []string{"staged", "files", "history"} {
		t.Run(command, func(t *testing.T) {
			written := make(map[string][]byte)
			for _, workers := range []string{"1", "8"} {
				dir := t.TempDir()
				args := []string{command, "--workers", workers}
				for _, format := range report.Formats() {
					args = append(args, "--report", format+"="+filepath.Join(dir, format))
				}
				var out bytes.Buffer
				w := f.world(args, "", &out)
				w.now = func() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }
				if code := run(t.Context(), w); code != exitFound {
					t.Fatalf("%s: exit code %d\n%s", args, code, &out)
				}
				for _, format := range report.Formats() {
					got, err := os.ReadFile(filepath.Join(dir, format))
					if err != nil || len(got) == 0 {
						t.Fatalf("the %s report of %d bytes: %v", format, len(got), err)
					}
					if workers == "1" {
						written[format] = got
					} else if !bytes.Equal(got, written[format]) {
						t.Errorf("%s: with 8 workers\n%s\nwith 1\n%s", format, got, written[format])
					}
				}
			}
		})
	}
}

// TestEveryFormatFailsClosed: whatever the format, a secret that could not be told
// of, a scan that was cut short and a broken configuration are errors.
func TestEveryFormatFailsClosed(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	token := "token: " + (&secrets{rand: rand.New(rand.NewPCG(7, 8))}).github() + "\n"
	secret, broken := newFixture(t, token, ""), newFixture(t, token, "[[allow]\n")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, format := range report.Formats() {
		for _, tt := range []struct {
			name    string
			ctx     context.Context
			fixture *fixture
			stdout  io.Writer
			want    int
		}{
			{"a secret", t.Context(), secret, io.Discard, exitFound},
			{"broken output", t.Context(), secret, brokenWriter{}, exitError},
			{"broken configuration", t.Context(), broken, io.Discard, exitError},
			{"interrupted", cancelled, secret, io.Discard, exitInterrupted},
		} {
			w := tt.fixture.world([]string{"staged", "--format", format}, "", tt.stdout)
			if got := run(tt.ctx, w); got != tt.want {
				t.Errorf("%s, %s: exit code %d, want %d", format, tt.name, got, tt.want)
			}
		}
	}
}

// TestAPipeWithoutAReaderCanBeInterrupted: to open such a pipe is to wait.
func TestAPipeWithoutAReaderCanBeInterrupted(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := exec.Command("mkfifo", pipe).Run(); err != nil {
		t.Skip("no pipes with names here")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	f, err := openDevice(cancelled, pipe)
	if err == nil {
		f.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("openDevice() = %v, want %v", err, context.Canceled)
	}
	// So that what waits does not do so for ever.
	if r, err := os.OpenFile(pipe, os.O_RDWR, 0); err == nil {
		r.Close()
	}
}

func TestProvenance(t *testing.T) {
	tests := []struct {
		name                         string
		env                          map[string]string
		repository, revision, branch string
	}{
		{name: "nowhere"},
		{"github", map[string]string{"GITHUB_SERVER_URL": "https://github.example.com", "GITHUB_REPOSITORY": "shop/web", "GITHUB_SHA": "c0ffee", "GITHUB_REF_NAME": "main"},
			"https://github.example.com/shop/web", "c0ffee", "main"},
		{"gitlab", map[string]string{"CI_PROJECT_URL": "https://gitlab.example.com/shop/web", "CI_COMMIT_SHA": "c0ffee", "CI_COMMIT_REF_NAME": "main"},
			"https://gitlab.example.com/shop/web", "c0ffee", "main"},
		{name: "no url", env: map[string]string{"CI_PROJECT_URL": "shop", "CI_COMMIT_SHA": "c0ffee"}},
		{"with a password", map[string]string{"CI_PROJECT_URL": "https://ci:" + "hunter" + "2@gitlab.example.com/shop"}, "https://gitlab.example.com/shop", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			repository, revision, branch := provenance(func(name string) string { return tt.env[name] })
			if repository != tt.repository || revision != tt.revision || branch != tt.branch {
				t.Errorf("provenance() = %q, %q, %q, want %q, %q, %q", repository, revision, branch, tt.repository, tt.revision, tt.branch)
			}
		})
	}
}

// TestReadmeShowsEveryFormat holds the table of the README to the formats that
// there are, and its examples to what can be typed.
func TestReadmeShowsEveryFormat(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Reports\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|.*\\| `cork ([^`]*)` \\|$").FindAllStringSubmatch(section, -1) {
		listed = append(listed, row[1])
		_, root, _ := everyCommand(t)
		target, rest, err := root.Find(splitWords(row[2]))
		if err == nil {
			err = target.ParseFlags(rest)
		}
		if err != nil {
			t.Errorf("the example %q of %s: %v", row[2], row[1], err)
		} else if row[1] != "text" && !strings.Contains(row[2], row[1]) {
			t.Errorf("the example %q is not one of %s", row[2], row[1])
		}
	}
	if want := report.Formats(); !slices.Equal(listed, want) {
		t.Errorf("the README lists %q, want %q", listed, want)
	}
}
