package decode

import (
	"bytes"
	"math/bits"
	"runtime/debug"
	"slices"
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

// TestMarksAtUnmappedMemory: looking for bytes of a class reads nothing before or
// behind the text, with vectors and without, wherever it begins and ends.
func TestMarksAtUnmappedMemory(t *testing.T) {
	text := bytes.Repeat([]byte("word another_word0123456789ABCDEFabcdef \\u0041%41&amp;\x00 \xff"), 60)
	marked := 0
	all := func(buf []byte, c class, from, limit int) (words []uint64) {
		m := marks{buf: buf, limit: limit, class: c}
		for i := from; i < limit; {
			w, at := m.word(i)
			words = append(words, w)
			marked += bits.OnesCount64(w)
			i = at + wordBits
		}
		return words
	}
	for n := range 200 + 3*wordBits*len(marks{}.words) {
		if n > 200 && (n+3)%wordBits > 6 {
			continue
		}
		guarded(t, n, func(buf []byte) {
			copy(buf, text)
			own := append(bytes.Clone(buf), text...)
			for from := range min(n+1, 20) {
				for _, limit := range []int{n - 1, n} {
					for _, c := range []class{ofRuns, ofEscapes} {
						var got, want []uint64
						got = all(buf, c, from, limit)
						WithoutVectorsForTest(func() {
							if again := all(buf, c, from, limit); !slices.Equal(again, got) {
								t.Fatalf("%d bytes from %d to %d: without vectors %x, with %x", n, from, limit, again, got)
							}
							want = all(own, c, from, limit)
						})
						if !slices.Equal(got, want) {
							t.Fatalf("%d bytes from %d to %d: %x, want %x", n, from, limit, got, want)
						}
					}
				}
			}
			r := Regions{Chunk: 100, Overlap: 30}
			r.Next(buf, 0, true)
		})
	}
	if marked < 100_000 {
		t.Errorf("only %d bytes were marked", marked)
	}
}

// TestClassifyAtUnmappedMemory: no more is read and written than there are words.
func TestClassifyAtUnmappedMemory(t *testing.T) {
	for words := 1; words <= len(marks{}.words); words++ {
		guarded(t, words*wordBits, func(text []byte) {
			copy(text, bytes.Repeat([]byte("word %41 "), 200))
			guarded(t, 8*words, func(memory []byte) {
				got, want := unsafe.Slice((*uint64)(unsafe.Pointer(&memory[0])), words), make([]uint64, words)
				classify(text, ofRuns, got)
				classifyGeneric(text, ofRuns, want)
				if !slices.Equal(got, want) {
					t.Fatalf("%d words: %x, want %x", words, got, want)
				}
			})
		})
	}
}
