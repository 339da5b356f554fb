package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cork-scanner/cork/scanner/git"
)

const (
	progressAfter = 500 * time.Millisecond // what is over sooner needs no progress
	progressEvery = 200 * time.Millisecond
	speedOver     = 3 * time.Second // what MB/s is measured over, at least
)

// A progress is one line on a terminal that says how far a long scan is, until
// something else is to be printed. A nil progress shows nothing. It is safe
// for concurrent use: the scan reports from a goroutine of its own.
type progress struct {
	w     io.Writer
	now   func() time.Time
	width func() int // columns, now: a terminal can be made smaller

	mu    sync.Mutex
	start time.Time
	drawn time.Time // when the line was last written
	shown int       // columns that it takes
	ended bool

	phase string
	begun sample    // of the phase
	marks [2]sample // in the phase, the newest last
}

// A sample is how far a scan was.
type sample struct {
	at              time.Time
	packed, content int64
	objects         int
}

// newProgress returns the progress of a scan that begins now; nil where nobody
// would see it, or does not want to.
func (a *app) newProgress(no bool) *progress {
	t := a.w.stderrTerminal
	if no || !t.is || a.w.getenv("TERM") == "dumb" || a.w.getenv("CI") != "" {
		return nil
	}
	return &progress{w: a.w.stderr, now: a.w.now, width: t.columnsNow, start: a.w.now()}
}

// show says how far the scan is.
func (p *progress) show(h git.HistoryProgress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := sample{p.now(), h.Packed, h.Content, h.Objects}
	if h.Phase != p.phase || p.marks[0].at.IsZero() {
		p.phase, p.begun, p.marks = h.Phase, now, [2]sample{now, now}
	}
	if now.at.Sub(p.marks[1].at) >= speedOver {
		p.marks = [2]sample{p.marks[1], now}
	}
	if p.ended || now.at.Sub(p.start) < progressAfter || now.at.Sub(p.drawn) < progressEvery {
		return
	}
	line := p.line(&h, now)
	// Spaces and no escape sequence: not every console knows one.
	fmt.Fprint(p.w, "\r", line, strings.Repeat(" ", max(0, p.shown-len(line))))
	p.drawn, p.shown = now.at, len(line)
}

// end erases the line; nothing is shown afterwards.
func (p *progress) end() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	if p.shown > 0 {
		const echo = len("^C") // what the terminal puts there when it is typed
		fmt.Fprint(p.w, "\r", strings.Repeat(" ", max(p.shown, min(p.shown+echo, p.width()-1))), "\r")
		p.shown = 0
	}
}

// line returns what is shown: as much of it as fits, what matters least left
// out first.
func (p *progress) line(h *git.HistoryProgress, now sample) string {
	done, total := h.Packed, h.PackedTotal
	since := p.begun.packed
	if total <= 0 {
		done, total, since = int64(h.Objects), int64(h.ObjectsTotal), int64(p.begun.objects)
	}
	head := "cork: " + h.Phase
	if total > 0 {
		head += " " + strconv.FormatInt(100*min(max(done, 0), total)/total, 10) + "%"
	}
	parts := []string{head, "", "", "", ""}
	objects, speed, found, left := &parts[1], &parts[2], &parts[3], &parts[4]
	switch {
	case h.ObjectsTotal > 0:
		*objects = grouped(h.Objects) + " of " + grouped(h.ObjectsTotal) + " objects"
	case h.Objects > 0:
		*objects = grouped(h.Objects) + " objects"
	}
	if d := now.at.Sub(p.marks[0].at); d > 0 {
		if rate := float64(now.content-p.marks[0].content) / d.Seconds() / 1e6; rate >= 1 {
			*speed = strconv.FormatInt(int64(rate), 10) + " MB/s"
		}
	}
	if h.Findings > 0 {
		*found = plural(h.Findings, "secret") + " so far"
	}
	if spent := now.at.Sub(p.begun.at); spent >= time.Second && done > since && done < total {
		*left = "about " + roughly(time.Duration(float64(spent)*float64(total-done)/float64(done-since))) + " left"
	}
	room := p.width() - 1 // a line as wide as the terminal would break
	for _, least := range []*string{nil, objects, speed, found, left} {
		if least != nil {
			*least = ""
		}
		if line := joined(parts); len(line) <= room {
			return line
		}
	}
	return head[:max(0, min(len(head), room))]
}

// joined puts commas between what is not empty.
func joined(parts []string) string {
	var b strings.Builder
	for _, s := range parts {
		if s != "" && b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(s)
	}
	return b.String()
}

// roughly returns a duration as precise as an estimate can be.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(1, int(d.Round(time.Second)/time.Second)))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute)/time.Minute))
	}
	d = d.Round(10 * time.Minute)
	return fmt.Sprintf("%d h %d min", int(d/time.Hour), int(d%time.Hour/time.Minute))
}

// grouped returns a number with commas: 1204 is "1,204".
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
