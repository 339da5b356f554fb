package scanner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/cork-scanner/cork/rules"
)

func TestScanLocation(t *testing.T) {
	tests := []struct {
		name, content, want string
	}{
		{"empty", "", ""},
		{"nothing", "hello\n", ""},
		{"at start and end", "TOK-aaaa", "tok@1:1-1:8[0:8]=TOK-aaaa\n"},
		{"second line", "x\n  TOK-aaaa\n", "tok@2:3-2:10[4:12]=TOK-aaaa\n"},
		{"crlf", "x\r\nTOK-aaaa\r\n", "tok@2:1-2:8[3:11]=TOK-aaaa\n"},
		{"columns are characters", "é😀 TOK-aaaa", "tok@1:4-1:11[7:15]=TOK-aaaa\n"},
		{"an invalid byte is a character", "\xff\xc3 TOK-aaaa", "tok@1:4-1:11[3:11]=TOK-aaaa\n"},
		{"character in the secret", "pass=aé😀b", "pass@1:6-1:9[5:13]=aé😀b\n"},
		{"utf-8 mark", "\xEF\xBB\xBFTOK-aaaa", "tok@1:1-1:8[3:11]=TOK-aaaa\n"},
		{"utf-16 with mark", "\xFF\xFE" + utf16le("😀é\nTOK-aaaa\n"), "tok@2:1-2:8[10:26]=TOK-aaaa\n"},
		{"utf-16 without mark", utf16le("name\nTOK-aaaa\n"), "tok@2:1-2:8[10:26]=TOK-aaaa\n"},
		{"utf-16 with half a character", "\xFF\xFE" + utf16le("pass=abc") + "\x20", "pass@1:6-1:9[12:19]=abc\uFFFD\n"},
		{"lying mark", "\xFF\xFEx\nTOK-aaaa and more", "tok@2:1-2:8[4:12]=TOK-aaaa\n"},
		{"zeros", "\x00\x01\x00\x00TOK-aaaa\x00\x00", "tok@1:5-1:12[4:12]=TOK-aaaa\n"},
		{"several lines", "a\nBEGIN BLOCK\nabc\nEND BLOCK\n", "block@2:1-4:9[2:27]=BEGIN BLOCK\nabc\nEND BLOCK\n"},
		{"in order", "TOK-bbbb pass=abc TOK-aaaa", "tok@1:1-1:8[0:8]=TOK-bbbb\npass@1:15-1:17[14:17]=abc\ntok@1:19-1:26[18:26]=TOK-aaaa\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := New(testSet(t), Options{})
			fs, errs, sum := scanAll(t, s, source(blob("f", tt.content)))
			if got := brief(fs); got != tt.want {
				t.Errorf("Scan(%q) = %s, want %s", tt.content, got, tt.want)
			}
			if len(errs) > 0 || sum.Blobs != 1 || sum.Bytes != int64(len(tt.content)) {
				t.Errorf("Scan(%q): errors %v, %d blobs, %d bytes, want none, 1, %d", tt.content, errs, sum.Blobs, sum.Bytes, len(tt.content))
			}
			if sum.Clean() != (tt.want == "") {
				t.Errorf("Scan(%q): Clean() = %v", tt.content, sum.Clean())
			}
		})
	}
}

// long returns text of several windows and margins, with matches and
// directives all over.
func long() string {
	var b strings.Builder
	for i := range 60 {
		fmt.Fprintf(&b, "line %d é😀 %s\xff\n", i, strings.Repeat("filler ", i%23))
		switch i % 6 {
		case 0:
			fmt.Fprintf(&b, "a TOK-%04dabcd b\r\n", i)
		case 1:
			fmt.Fprintf(&b, "BEGIN BLOCK\nab%dcd\nEND BLOCK pass=word%d\n", i, i)
		case 2:
			fmt.Fprintf(&b, "pass=hidden%d # cork:allow rule=pass reason=test\n", i)
		case 3:
			fmt.Fprintf(&b, "UNS-abc%03d and TOK-%04d TOK-%04d", i, i, i)
		case 4:
			fmt.Fprintf(&b, "%s TOK-%04dwxyz %s cork:allow\n", strings.Repeat("wide ", 600), i, strings.Repeat("wide ", 600))
		case 5:
			b.WriteString("gitleaks:allow-not cork:allow-next-line\nTOK-aaaa1111\n")
		}
	}
	return b.String()
}

func TestScanWindowsAndWorkersAgree(t *testing.T) {
	text := long()
	blobs := []Blob{blob("a", text), blob("b.pem", text[1000:]), blob("c", "\xFF\xFE"+utf16le(strings.ToValidUTF8(text, "?"))), blob("d", text+"TOK-last")}
	for i := range blobs {
		blobs[i].Before = before("line\n", text[2000:9000])
	}
	want, errs, wantSum := scanAll(t, New(testSet(t), Options{Workers: 1}), source(blobs...))
	if len(errs) > 0 || len(want) < 100 || wantSum.Suppressed < 50 {
		t.Fatalf("Scan: %d findings, %d suppressed, errors %v", len(want), wantSum.Suppressed, errs)
	}
	for _, window := range []int{1, 5, 64, 1000, 4096} {
		for _, workers := range []int{1, 8} {
			if window == 1 && workers == 8 {
				continue
			}
			s := New(testSet(t), Options{Workers: workers, Window: window})
			got, errs, sum := scanAll(t, s, source(blobs...))
			if len(errs) > 0 || !same(got, want) {
				t.Errorf("window %d, %d workers: %d findings (errors %v), want %d as with one window:\n%s", window, workers, len(got), errs, len(want), brief(got))
			}
			if sum.Suppressed != wantSum.Suppressed || sum.Bytes != wantSum.Bytes {
				t.Errorf("window %d, %d workers: summary %+v, want %+v", window, workers, sum, wantSum)
			}
		}
	}
}

func TestScanSlowReaders(t *testing.T) {
	text := long()
	want, _, _ := scanAll(t, New(testSet(t), Options{}), source(blob("a", text)))
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"one byte": iotest.OneByteReader, "half": iotest.HalfReader, "data with EOF": iotest.DataErrReader,
	} {
		b := blob("a", text)
		b.Open = func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(wrap(strings.NewReader(text))), nil
		}
		if got, errs, _ := scanAll(t, New(testSet(t), Options{Window: 100}), source(b)); len(errs) > 0 || !same(got, want) {
			t.Errorf("%s: %d findings, errors %v, want %d findings", name, len(got), errs, len(want))
		}
	}
}

func TestScanOrderSkipsAndErrors(t *testing.T) {
	boom := errors.New("boom")
	failing := func(content string, err error) func(context.Context) (io.ReadCloser, error) {
		return func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(strings.NewReader(content), iotest.ErrReader(err))), nil
		}
	}
	refuse := func(err error) func(context.Context) (io.ReadCloser, error) {
		return func(context.Context) (io.ReadCloser, error) { return nil, err }
	}
	src := items{
		{blob: blob("one", "TOK-1111")},
		{blob: Blob{Path: "sub", Skip: SkipSubmodule}},
		{err: &BlobError{Path: "lost", Err: boom}},
		{blob: Blob{ID: "abc"}, err: boom},
		{blob: Blob{Path: "torn", Size: -1, Open: failing("TOK-2222\nTOK-33", boom)}},
		{blob: Blob{Path: "short", Size: 10, Open: opener("TOK-4444")}},
		{blob: Blob{Path: "closed", Open: refuse(boom)}},
		{blob: Blob{Path: "lfs.pem", Open: refuse(&SkipError{SkipLFS})}},
		{blob: blob("key.pem", "x")},
		{blob: func() Blob { b := blob("old.pem", "x"); b.Old = true; return b }()},
		{blob: blob("nine", "TOK-9999")},
	}
	wantFindings := "one:tok torn:tok short:tok lfs.pem:pem-file key.pem:pem-file nine:tok"
	wantErrs := []string{"lost: boom", "object abc: boom", "torn: read: boom",
		"short: read 8 bytes where 10 were expected: the content changed while it was read, or is damaged", "closed: boom"}
	for _, workers := range []int{1, 8} {
		fs, errs, sum := scanAll(t, New(testSet(t), Options{Workers: workers}), src)
		var got []string
		for _, f := range fs {
			got = append(got, f.Location.Path+":"+f.RuleID)
		}
		if strings.Join(got, " ") != wantFindings {
			t.Errorf("%d workers: findings %v, want %v", workers, got, wantFindings)
		}
		if strings.Join(errs, "|") != strings.Join(wantErrs, "|") {
			t.Errorf("%d workers: errors %q, want %q", workers, errs, wantErrs)
		}
		if sum.Skipped[SkipSubmodule] != 1 || sum.Skipped[SkipLFS] != 1 || sum.Blobs != 4 || sum.Complete() {
			t.Errorf("%d workers: summary %+v", workers, sum)
		}
	}
}

func TestScanPathFinding(t *testing.T) {
	fs, _, _ := scanAll(t, New(testSet(t), Options{}), source(blob("dir/key.pem", "TOK-aaaa\n")))
	if got, want := brief(fs), "pem-file@1:1-1:1[0:0]=\ntok@1:1-1:8[0:8]=TOK-aaaa\n"; got != want {
		t.Errorf("Scan(key.pem) = %s, want %s", got, want)
	}
}

func TestScanMinConfidence(t *testing.T) {
	src := source(blob("a", "UNS-abcdef TOK-aaaa"))
	for min, want := range map[rules.Confidence]string{0: "tok:1", rules.ConfidenceLow: "unsure:1 tok:1", rules.ConfidenceHigh: "tok:1"} {
		fs, _, sum := scanAll(t, New(testSet(t), Options{MinConfidence: min}), src)
		if got := ids(fs); got != want || sum.Suppressed != 0 {
			t.Errorf("MinConfidence %v: %s, %d suppressed, want %s, 0", min, got, sum.Suppressed, want)
		}
	}
}

func TestScanTooManyMatchesIsAnError(t *testing.T) {
	var b strings.Builder
	for range maxMatches + 5 {
		b.WriteString("TOK-abcd\n")
	}
	fs, errs, sum := scanAll(t, New(testSet(t), Options{}), source(blob("many", b.String()), blob("next", "TOK-aaaa")))
	if len(fs) != maxMatches+1 || len(errs) != 1 || sum.Complete() || !errors.Is(sum.Errors[0], ErrTooMany) {
		t.Errorf("Scan: %d findings, errors %v, want %d and ErrTooMany", len(fs), errs, maxMatches+1)
	}
	allow, err := NewAllowlist([]AllowEntry{{Reason: "generated", Paths: []string{"many"}}}, day(2026, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	fs, errs, _ = scanAll(t, New(testSet(t), Options{Allow: allow}), source(blob("many", b.String())))
	if len(fs)+len(errs) > 0 {
		t.Errorf("Scan of a file that is allowed: %d findings, errors %v, want none", len(fs), errs)
	}
}

// endless yields blobs for ever, and says so through its counter.
type endless struct{ stopped chan struct{} }

func (s endless) Blobs(ctx context.Context) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) {
		defer close(s.stopped)
		for ctx.Err() == nil && yield(blob("x", "TOK-aaaa"), nil) {
		}
	}
}

func (s endless) Commits() int {
	select {
	case <-s.stopped:
		return 7
	default:
		return -1
	}
}

// stuck returns a source whose first blob cannot be opened before release is
// called, and n others, and a function that counts those that were opened.
func stuck(n int, content string) (src items, opened func() int, release func()) {
	free := make(chan struct{})
	var count atomic.Int64
	src = items{{blob: Blob{Path: "first", Size: -1, Open: func(ctx context.Context) (io.ReadCloser, error) {
		<-free
		return opener("TOK-aaaa")(ctx)
	}}}}
	for i := range n {
		b := blob(fmt.Sprint(i), content)
		open := b.Open
		b.Open = func(ctx context.Context) (io.ReadCloser, error) {
			count.Add(1)
			return open(ctx)
		}
		src = append(src, item{blob: b})
	}
	return src, func() int { return int(count.Load()) }, sync.OnceFunc(func() { close(free) })
}

func TestScanBehindALargeBlob(t *testing.T) {
	const blobs, workers = 1000, 2
	tests := []struct {
		name, content string
		findings      int
		least, most   int // blobs that are opened while the first one is read
	}{
		{"nothing to report", "nothing\n", 1, blobs, blobs},
		{"something to report", "TOK-bbbb\n", 1 + blobs, keptPerWorker * workers, (keptPerWorker + waitingPerWorker + 1) * workers},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := New(testSet(t), Options{Workers: workers})
			synctest.Test(t, func(t *testing.T) {
				src, opened, release := stuck(blobs, tt.content)
				go func() {
					synctest.Wait()
					if n := opened(); n < tt.least || n > tt.most {
						t.Errorf("behind a blob that is being read %d were opened, want from %d to %d", n, tt.least, tt.most)
					}
					release()
				}()
				var paths []string
				var sum Summary
				for f, err := range s.Scan(t.Context(), src, &sum) {
					if err != nil {
						t.Error(err)
					}
					paths = append(paths, f.Location.Path)
				}
				if len(paths) != tt.findings || sum.Blobs != 1+blobs {
					t.Fatalf("%d findings in %d blobs, want %d in %d", len(paths), sum.Blobs, tt.findings, 1+blobs)
				}
				for i, p := range paths[1:] {
					if paths[0] != "first" || p != fmt.Sprint(i) {
						t.Fatalf("findings in %q, want the order of the source", paths)
					}
				}
			})
		})
	}
}

// TestScanStopsAnywhere: wherever a scan ends, because there is no more, because the
// caller has had enough or because of its context, all that it started ends too; and
// what it yields until then is what it yields in all.
func TestScanStopsAnywhere(t *testing.T) {
	cut := 0
	for seed := range 400 {
		rnd := rand.New(rand.NewPCG(uint64(seed), 9))
		workers := 1 + rnd.IntN(4)
		n := rnd.IntN(2 * (keptPerWorker + waitingPerWorker) * workers)
		kinds := make([]int, n) // of the items
		few := 1 + rnd.IntN(7)  // kinds; 1: all have a finding
		for i := range kinds {
			kinds[i] = rnd.IntN(few)
		}
		delays := make([]time.Duration, 2*n) // before an item is yielded, and before it is read
		for i := range delays {
			delays[i] = time.Duration(rnd.IntN(3)*rnd.IntN(50)) * time.Millisecond
		}
		src := func(yield func(Blob, error) bool) {
			for i, kind := range kinds {
				time.Sleep(delays[2*i])
				b := blob(fmt.Sprint(i), "nothing\n")
				var err error
				switch kind {
				case 0:
					b = blob(b.Path, "TOK-aaaa\n")
				case 1:
					b.Skip = SkipSubmodule
				case 2:
					b, err = Blob{}, &BlobError{Path: b.Path, Err: errors.New("not to be had")}
				case 3:
					b.Open = func(context.Context) (io.ReadCloser, error) { return nil, errors.New("not to be opened") }
				}
				open := b.Open
				b.Open = func(ctx context.Context) (io.ReadCloser, error) {
					select {
					case <-time.After(delays[2*i+1]):
						return open(ctx)
					case <-ctx.Done():
						return nil, ctx.Err()
					}
				}
				if !yield(b, err) {
					return
				}
			}
		}
		var want []string
		for i, kind := range kinds {
			switch kind {
			case 0:
				want = append(want, fmt.Sprint(i, " TOK-aaaa"))
			case 2:
				want = append(want, fmt.Sprint(i, ": not to be had"))
			case 3:
				want = append(want, fmt.Sprint(i, ": not to be opened"))
			}
		}
		enough, timeout := -1, time.Hour
		switch rnd.IntN(3) {
		case 0:
			enough = rnd.IntN(len(want) + 1)
		case 1:
			timeout = time.Duration(rnd.IntN(20*n+1)) * time.Millisecond
		}
		s := New(testSet(t), Options{Workers: workers})
		synctest.Test(t, func(t *testing.T) { // fails if a goroutine does not end
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			var got []string
			var sum Summary
			over := false
			for f, err := range s.Scan(ctx, seqSource(src), &sum) {
				switch {
				case over:
					t.Fatalf("seed %d: something is yielded after %v", seed, context.DeadlineExceeded)
				case errors.Is(err, context.DeadlineExceeded):
					over = true
					continue
				case err != nil:
					got = append(got, err.Error())
				default:
					got = append(got, f.Location.Path+" "+f.Secret.Reveal())
				}
				if len(got) == enough {
					break
				}
			}
			all := len(want)
			if over || len(got) == enough {
				all, cut = len(got), cut+1
			}
			if all > len(want) || !slices.Equal(got, want[:all]) {
				t.Fatalf("seed %d, %d workers, enough %d, over %v: %q, want %q", seed, workers, enough, over, got, want)
			}
			if n := sum.Blobs + sum.Skipped[SkipSubmodule] + len(sum.Errors); !over && len(got) != enough && n != len(kinds) {
				t.Fatalf("seed %d: the scan ends as if it were whole, with %d of %d items", seed, n, len(kinds))
			}
			if over && sum.Complete() {
				t.Fatalf("seed %d: the scan was cut short, and is told to be complete", seed)
			}
			synctest.Wait()
		})
	}
	if cut < 100 {
		t.Errorf("only %d scans were cut short", cut)
	}
	t.Logf("%d scans were cut short", cut)
}

type seqSource func(yield func(Blob, error) bool)

func (s seqSource) Blobs(context.Context) iter.Seq2[Blob, error] { return iter.Seq2[Blob, error](s) }

func TestScanBreak(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	src := endless{make(chan struct{})}
	var sum Summary
	n := 0
	for range New(testSet(t), Options{Workers: 4}).Scan(t.Context(), src, &sum) {
		if n++; n == 100 {
			break
		}
	}
	waitGoroutines(t, goroutines)
	if n != 100 || sum.Clean() || sum.Complete() || !errors.Is(sum.Errors[0], ErrStopped) || sum.Commits != 7 {
		t.Errorf("after a break: %d findings, summary %+v, want 100 and ErrStopped", n, sum)
	}
}

func TestScanBreakBeforeAnError(t *testing.T) {
	src := items{{blob: Blob{Path: "torn", Size: -1, Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("TOK-aaaa\n"), iotest.ErrReader(io.ErrUnexpectedEOF))), nil
	}}}}
	var sum Summary
	for range New(testSet(t), Options{}).Scan(t.Context(), src, &sum) {
		break
	}
	if len(sum.Errors) != 2 {
		t.Errorf("Summary.Errors = %v, want the blob's and ErrStopped", sum.Errors)
	}
}

func TestScanCancel(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	for _, workers := range []int{1, 8} {
		ctx, cancel := context.WithCancel(t.Context())
		var sum Summary
		var last error
		n := 0
		for _, err := range New(testSet(t), Options{Workers: workers}).Scan(ctx, endless{make(chan struct{})}, &sum) {
			if n++; n == 50 {
				cancel()
			}
			last = err
		}
		cancel()
		if !errors.Is(last, context.Canceled) || sum.Complete() {
			t.Errorf("%d workers: last error %v, summary %+v, want context.Canceled", workers, last, sum)
		}
	}
	waitGoroutines(t, goroutines)
}

func TestScanCancelWhileReading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	src := items{{blob: Blob{Path: "slow", Size: -1, Open: func(ctx context.Context) (io.ReadCloser, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}}}}
	var sum Summary
	var errs []error
	for _, err := range New(testSet(t), Options{}).Scan(ctx, src, &sum) {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) || sum.Complete() {
		t.Errorf("Scan yielded %v, want one error that wraps context.Canceled", errs)
	}
}

func waitGoroutines(t *testing.T, want int) {
	t.Helper()
	// A goroutine that has said that it is done still has to end.
	for range 10_000 {
		if runtime.NumGoroutine() <= want {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines are left, want %d", runtime.NumGoroutine(), want)
}

func TestScanHugeLineIsBounded(t *testing.T) {
	const size = 64 << 20
	filler := strings.Repeat("x ", 1<<19)
	b := Blob{Path: "huge", Size: -1, Before: before("no\n"), Open: func(context.Context) (io.ReadCloser, error) {
		var parts []io.Reader
		for range size >> 20 {
			parts = append(parts, strings.NewReader(filler))
		}
		parts = append(parts, strings.NewReader("TOK-aaaa "))
		for range 3 {
			parts = append(parts, strings.NewReader(filler))
		}
		return io.NopCloser(io.MultiReader(parts...)), nil
	}}
	var was, is runtime.MemStats
	runtime.ReadMemStats(&was)
	fs, errs, _ := scanAll(t, New(testSet(t), Options{Workers: 1}), source(b))
	runtime.ReadMemStats(&is)
	if got, want := brief(fs), fmt.Sprintf("tok@1:%d-1:%d[%d:%d]=TOK-aaaa\n", size+1, size+8, size, size+8); got != want || len(errs) > 0 {
		t.Errorf("Scan = %s, errors %v, want %s", got, errs, want)
	}
	if n := is.TotalAlloc - was.TotalAlloc; n > 16<<20 {
		t.Errorf("Scan of %d MiB allocated %d MiB", size>>20, n>>20)
	}
}

func TestFindingKeepsItsSecret(t *testing.T) {
	secret := "hunter2-" + strings.Repeat("z9", 10)
	fs, _, _ := scanAll(t, New(testSet(t), Options{}), source(blob("f", "pass="+secret+" again "+secret+"\n")))
	if len(fs) != 1 || fs[0].Secret.Reveal() != secret {
		t.Fatalf("Scan found %d", len(fs))
	}
	f := fs[0]
	hidden := struct {
		f Finding
		s Secret
		p *Secret
		l []Secret
		m map[string]Secret
	}{f, f.Secret, &f.Secret, []Secret{f.Secret}, map[string]Secret{"k": f.Secret}}
	var out strings.Builder
	for _, verb := range strings.Split("v +v #v s q x X d t T p c U b o O e g f w", " ") {
		for _, v := range []any{f, &f, f.Secret, &f.Secret, hidden, &hidden, []Finding{f}} {
			fmt.Fprintf(&out, "%"+verb+"\n", v)
		}
	}
	fmt.Fprintln(&out, f, f.Secret, hidden)
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("m", "f", f, "s", f.Secret, "h", hidden, "p", &f)
	}
	js, err := json.Marshal([]any{f, f.Secret, map[string]any{"s": f.Secret}})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(js)
	for _, form := range []string{secret, secret[8:], fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprintf("%x", secret[8:])} {
		if i := strings.Index(out.String(), form); i >= 0 {
			t.Errorf("the secret is shown: …%s…", out.String()[max(0, i-60):min(out.Len(), i+60)])
		}
	}
}

func TestFindingFields(t *testing.T) {
	b := blob("f", "x pass=abcdef,\n")
	b.ID, b.Commit = "0123", &Commit{ID: "4567"}
	fs, _, _ := scanAll(t, New(testSet(t), Options{}), source(b))
	if len(fs) != 1 {
		t.Fatalf("Scan = %v", fs)
	}
	f := fs[0]
	if f.Description != "pass thing" || f.Provider != "Example" || f.Revoke != "revoke it" || f.Docs != "https://example.com" ||
		f.Severity != rules.SeverityHigh || f.Confidence != rules.ConfidenceHigh || f.Entropy < 2 || len(f.Reasons) == 0 ||
		f.Location.Blob != "0123" || f.Location.Commit != b.Commit || f.Line != "x pass=********," ||
		!fingerprintRegex.MatchString(f.Fingerprint) {
		t.Errorf("Finding = %+v", f)
	}
}

func BenchmarkBlobs(b *testing.B) {
	set, err := rules.Compile(append(rules.Builtin(), testRules()...))
	if err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat("func f(x int) string { return strings.Repeat(\"ab\", x) } // a comment of some length\n", 50)
	for _, bench := range []struct {
		name  string
		blobs []Blob
	}{
		{"small", func() (bs []Blob) {
			for i := range 1000 {
				bs = append(bs, blob(fmt.Sprint(i), text))
			}
			return bs
		}()},
		{"large", []Blob{blob("large", strings.Repeat(text, 4000))}},
		{"utf16", []Blob{blob("utf16", utf16le(strings.Repeat(text, 1000)))}},
		{"findings", []Blob{blob("findings", strings.Repeat(text+"TOK-aaaa TOK-bbbb\n", 1000))}},
		{"base64", []Blob{blob("base64", inBase64(strings.Repeat(text, 1000)))}},
		{"base64 of random", []Blob{blob("random", inBase64(randomText(3<<20)))}},
		{"one line", []Blob{blob("line", strings.ReplaceAll(strings.Repeat(text, 4000), "\n", " ")+" TOK-aaaa")}},
	} {
		b.Run(strings.ReplaceAll(bench.name, " ", "-"), func(b *testing.B) {
			s := New(set, Options{Workers: 1})
			n := int64(0)
			for _, bl := range bench.blobs {
				n += bl.Size
			}
			b.SetBytes(n)
			b.ReportAllocs()
			for b.Loop() {
				var sum Summary
				for _, err := range s.Scan(b.Context(), source(bench.blobs...), &sum) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func randomText(n int) string {
	rnd := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return string(b)
}
