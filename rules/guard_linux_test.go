package rules

import (
	"bytes"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// guarded calls check with so many bytes before and behind which none can be read or
// written, once with each end where the memory ends. To touch what is outside is to
// panic.
func guarded(t *testing.T, n int, check func(buf []byte)) {
	t.Helper()
	page := syscall.Getpagesize()
	inner := (n + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, inner+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(memory)
	for _, guard := range [][]byte{memory[:page], memory[page+inner:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	check(memory[page : page+n : page+n])
	check(memory[page+inner-n : page+inner : page+inner])
}

// TestGuard: the guard guards, from what is written in Go and from vectors.
func TestGuard(t *testing.T) {
	faults := func(f func()) (n int) {
		defer func() {
			if recover() != nil {
				n = 1
			}
		}()
		f()
		return 0
	}
	l := newLiteralSet([]string{"key"})
	inGo, inVectors, read := 0, 0, byte(0)
	const groups = 3
	guarded(t, groups*windowGroup+windowBehind, func(buf []byte) {
		first := unsafe.Pointer(&buf[0])
		for _, i := range []int{-1, len(buf)} {
			inGo += faults(func() { read += *(*byte)(unsafe.Add(first, i)) })
		}
		if vectors {
			var found windowBits
			inVectors += faults(func() { lookVectors(&l.table, (*byte)(unsafe.Add(first, -1)), groups, &found) })
			inVectors += faults(func() { lookVectors(&l.table, (*byte)(unsafe.Add(first, 1)), groups, &found) })
		}
	})
	if inGo != 2 || vectors && inVectors != 2 {
		t.Errorf("%d and, with vectors, %d of the two bytes next to the guards cannot be read", inGo, inVectors)
	}
	t.Log(read)
}

// TestLiteralsAtUnmappedMemory: the search for literals reads nothing before or behind
// the text, with vectors and without, whatever part of it is searched.
func TestLiteralsAtUnmappedMemory(t *testing.T) {
	literals := []string{"key", "api_key", "ghp_", "pass", "://"}
	text := strings.Repeat("a KEY pass=ghp_x://api_key", 60)
	l := newLiteralSet(literals)
	search := func(buf []byte, from, to int) (starts []int) {
		l.each(buf, from, to, func(_, start int) { starts = append(starts, start) })
		return starts
	}
	found := 0
	for n := range 200 + 3*windowGroup*maxGroups/2 {
		if n > 200 && n%windowGroup > windowBehind+1 {
			continue
		}
		guarded(t, n, func(buf []byte) {
			copy(buf, text)
			own := bytes.Clone(buf)
			for _, from := range []int{0, 1, 2, 3, 15, 16, n / 2, n - 9, n - 2} {
				for _, to := range []int{n / 2, n - 1, n} {
					if from < 0 || to < from {
						continue
					}
					var got, want []int
					got = search(buf, from, to)
					WithoutVectorsForTest(func() {
						if again := search(buf, from, to); !slices.Equal(again, got) {
							t.Fatalf("in %q[%d:%d): without vectors %v, with %v", buf, from, to, again, got)
						}
						want = search(own, from, to)
					})
					if !slices.Equal(got, want) {
						t.Fatalf("in %q[%d:%d): %v, want %v", buf, from, to, got, want)
					}
					found += len(got)
				}
			}
		})
	}
	if found < 10_000 {
		t.Errorf("only %d literals were found", found)
	}
}

// TestLookAtUnmappedMemory: looking windows up reads as much behind the last group as
// it says, and writes no more than there is for the groups.
func TestLookAtUnmappedMemory(t *testing.T) {
	l := newLiteralSet([]string{"key", "api_key", "ghp_", "pass", "://"})
	for groups := 1; groups <= maxGroups; groups++ {
		guarded(t, groups*windowGroup+windowBehind, func(buf []byte) {
			copy(buf, strings.Repeat("a KEY pass=ghp_x://api_key", 60))
			var got, want windowBits
			for i := range got {
				got[i], want[i] = 0xA5, 0xA5
			}
			l.table.look(buf, groups, &got)
			WithoutVectorsForTest(func() { l.table.look(buf, groups, &want) })
			if got != want {
				t.Fatalf("%d groups: %x with vectors, %x without", groups, got, want)
			}
		})
	}
}
