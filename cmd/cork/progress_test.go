package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cork-scanner/cork/scanner/git"
)

// screen returns what a terminal of one line shows after the bytes were
// written to it, and whether everything went onto that one line.
func screen(wrote string) (line string, one bool) {
	var cells []byte
	at := 0
	one = true
	for i := range len(wrote) {
		switch c := wrote[i]; {
		case c == '\r':
			at = 0
		case c < ' ' || c > '~':
			one = false
		default:
			if at == len(cells) {
				cells = append(cells, ' ')
			}
			cells[at] = c
			at++
		}
	}
	return strings.TrimRight(string(cells), " "), one
}

// A ticking clock is moved by hand.
type tickingClock struct{ t time.Time }

func (c *tickingClock) now() time.Time { return c.t }

func newTestProgress(out *bytes.Buffer, width int) (*progress, *tickingClock) {
	c := &tickingClock{time.Unix(1_000_000, 0)}
	return &progress{w: out, now: c.now, width: func() int { return width }, start: c.t}, c
}

func TestProgressLine(t *testing.T) {
	const mb = 1_000_000
	tests := []struct {
		name  string
		width int
		first git.HistoryProgress // shown 10 s before
		h     git.HistoryProgress
		want  string
	}{
		{"all of it", 120,
			git.HistoryProgress{Phase: "scanning"},
			git.HistoryProgress{Phase: "scanning", Objects: 120_000, ObjectsTotal: 285_000, Packed: 25 * mb, PackedTotal: 100 * mb, Content: 4120 * mb, Findings: 3},
			"cork: scanning 25%, 120,000 of 285,000 objects, 412 MB/s, 3 secrets so far, about 30 s left"},
		{"80 columns", 80,
			git.HistoryProgress{Phase: "scanning"},
			git.HistoryProgress{Phase: "scanning", Objects: 120_000, ObjectsTotal: 285_000, Packed: 25 * mb, PackedTotal: 100 * mb, Content: 4120 * mb, Findings: 3},
			"cork: scanning 25%, 412 MB/s, 3 secrets so far, about 30 s left"},
		{"40 columns", 40,
			git.HistoryProgress{Phase: "scanning"},
			git.HistoryProgress{Phase: "scanning", Objects: 120_000, ObjectsTotal: 285_000, Packed: 25 * mb, PackedTotal: 100 * mb, Content: 4120 * mb, Findings: 3},
			"cork: scanning 25%, about 30 s left"},
		{"20 columns", 20,
			git.HistoryProgress{Phase: "scanning"},
			git.HistoryProgress{Phase: "scanning", Objects: 120_000, ObjectsTotal: 285_000, Packed: 25 * mb, PackedTotal: 100 * mb, Content: 4120 * mb, Findings: 3},
			"cork: scanning 25%"},
		{"10 columns", 10, git.HistoryProgress{Phase: "scanning"}, git.HistoryProgress{Phase: "scanning"}, "cork: sca"},
		{"no columns", 0, git.HistoryProgress{Phase: "scanning"}, git.HistoryProgress{Phase: "scanning"}, ""},
		{"one secret", 120,
			git.HistoryProgress{Phase: "scanning"}, git.HistoryProgress{Phase: "scanning", Findings: 1},
			"cork: scanning, 1 secret so far"},
		{"objects only", 120,
			git.HistoryProgress{Phase: "reading trees"}, git.HistoryProgress{Phase: "reading trees", Objects: 1204, ObjectsTotal: 2408},
			"cork: reading trees 50%, 1,204 of 2,408 objects, about 10 s left"},
		{"the total is not known", 120,
			git.HistoryProgress{Phase: "reading trees"}, git.HistoryProgress{Phase: "reading trees", Objects: 1204},
			"cork: reading trees, 1,204 objects"},
		{"a new phase", 120,
			git.HistoryProgress{Phase: "reading trees", Objects: 9, ObjectsTotal: 9}, git.HistoryProgress{Phase: "life stories", Objects: 1, ObjectsTotal: 4},
			"cork: life stories 25%, 1 of 4 objects"},
		{"half of it was there before", 120,
			git.HistoryProgress{Phase: "scanning", Packed: 50, PackedTotal: 100}, git.HistoryProgress{Phase: "scanning", Packed: 75, PackedTotal: 100},
			"cork: scanning 75%, about 10 s left"},
		{"more than all", 120,
			git.HistoryProgress{Phase: "scanning"}, git.HistoryProgress{Phase: "scanning", Packed: 200, PackedTotal: 100, Objects: 3, ObjectsTotal: 2},
			"cork: scanning 100%, 3 of 2 objects"},
		{"minutes", 120,
			git.HistoryProgress{Phase: "scanning"}, git.HistoryProgress{Phase: "scanning", Packed: 5, PackedTotal: 100},
			"cork: scanning 5%, about 3 min left"},
		{"hours", 120,
			git.HistoryProgress{Phase: "scanning"}, git.HistoryProgress{Phase: "scanning", Packed: 1, PackedTotal: 1000},
			"cork: scanning 0%, about 2 h 50 min left"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			p, c := newTestProgress(&out, tt.width)
			p.show(tt.first)
			c.t = c.t.Add(10 * time.Second)
			p.show(tt.h)
			line, one := screen(out.String())
			if line != tt.want || !one {
				t.Errorf("after %q the screen shows %q, want %q", &out, line, tt.want)
			}
			if len(line) >= max(tt.width, 1) {
				t.Errorf("%q breaks a terminal of %d columns", line, tt.width)
			}
			p.end()
			if line, one := screen(out.String()); line != "" || !one {
				t.Errorf("after its end the screen shows %q", line)
			}
			before := out.Len()
			c.t = c.t.Add(time.Minute)
			p.show(tt.h)
			p.end()
			if out.Len() != before {
				t.Errorf("after its end it wrote %q", out.String()[before:])
			}
		})
	}
}

func TestProgressAppearsLateAndSeldom(t *testing.T) {
	var out bytes.Buffer
	unseen, _ := newTestProgress(&out, 80)
	unseen.end()
	if out.Len() != 0 {
		t.Errorf("the end of a progress that was never shown wrote %q", &out)
	}
	p, c := newTestProgress(&out, 80)
	const every = 10 * time.Millisecond
	for at := time.Duration(0); at <= 3*time.Second; at += every {
		p.show(git.HistoryProgress{Phase: "scanning", Objects: int(at)})
		if at < progressAfter && out.Len() > 0 {
			t.Fatalf("after %v it wrote %q", at, &out)
		}
		c.t = c.t.Add(every)
	}
	if n := strings.Count(out.String(), "\r"); n < 5 || n > 13 {
		t.Errorf("in 3 s it wrote the line %d times", n)
	}
}

// TestProgressIsErasedWhenItGetsShorter, too.
func TestProgressIsErasedWhenItGetsShorter(t *testing.T) {
	var out bytes.Buffer
	p, c := newTestProgress(&out, 80)
	for i := 30; i >= 0; i -= 3 {
		c.t = c.t.Add(time.Second)
		p.show(git.HistoryProgress{Phase: strings.Repeat("x", i) + "."})
		if line, _ := screen(out.String()); line != "cork: "+strings.Repeat("x", i)+"." {
			t.Errorf("the screen shows %q", line)
		}
	}
}

func TestProgressOnTerminalsOnly(t *testing.T) {
	tty := terminal{is: true, width: 80}
	tests := []struct {
		name string
		t    terminal
		env  []string
		no   bool
		want bool
	}{
		{"terminal", tty, []string{"TERM=xterm"}, false, true},
		{"terminal without a name", tty, nil, false, true},
		{"pipe", terminal{}, []string{"TERM=xterm"}, false, false},
		{"dumb", tty, []string{"TERM=dumb"}, false, false},
		{"CI", tty, []string{"TERM=xterm", "CI=true"}, false, false},
		{"CI that is empty", tty, []string{"CI="}, false, true},
		{"not wanted", tty, nil, true, false},
	}
	for _, tt := range tests {
		a := &app{w: &world{stderrTerminal: tt.t, env: tt.env, now: time.Now}}
		if got := a.newProgress(tt.no) != nil; got != tt.want {
			t.Errorf("%s: there is a progress = %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestProgressIsGoneBeforeAnythingElse is printed, on either stream.
func TestProgressIsGoneBeforeAnythingElse(t *testing.T) {
	for name, print := range map[string]func(a *app){
		"message": func(a *app) { a.say("text") },
		"error":   func(a *app) { a.printError(fmt.Errorf("text")) },
		"report":  func(a *app) { fmt.Fprintln(a.out, "text") },
		"panic":   func(a *app) { a.printPanic("text") },
	} {
		var tty bytes.Buffer
		w := &world{stdout: &tty, stderr: &tty, stderrTerminal: terminal{is: true, width: 80}}
		c := &tickingClock{time.Unix(1_000_000, 0)}
		w.now = c.now
		a := newApp(w)
		a.progress = a.newProgress(false)
		c.t = c.t.Add(time.Second)
		a.progress.show(git.HistoryProgress{Phase: "scanning", Objects: 12})
		drawn := tty.Len()
		print(a)
		wrote := tty.String()
		first, _, _ := strings.Cut(wrote[drawn:], "\n")
		erased, _ := screen(wrote[:drawn+strings.LastIndexByte(first, '\r')+1])
		if drawn == 0 || erased != "" {
			t.Errorf("%s: wrote %q, which leaves %q", name, wrote, erased)
		}
	}
}

func TestProgressFromManyGoroutines(t *testing.T) {
	var out bytes.Buffer
	p := &progress{w: &out, now: time.Now, width: func() int { return 80 }, start: time.Now().Add(-time.Hour)}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 100 {
				p.show(git.HistoryProgress{Phase: "scanning", Objects: i * j})
			}
			p.end()
		})
	}
	wg.Wait()
	if line, one := screen(out.String()); line != "" || !one {
		t.Errorf("the screen shows %q at the end", line)
	}
}
