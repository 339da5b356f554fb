package git

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
	"github.com/cork-scanner/cork/scanner"
)

// fileOf returns a file of so many lines.
func fileOf(name string, lines int) []byte {
	var b bytes.Buffer
	for i := range lines {
		fmt.Fprintf(&b, "%s has a line with the number %d\n", name, i)
	}
	return b.Bytes()
}

// TestRelatives: a version of which the pack says little gets the base that is
// nearest, and one of which it says much keeps its own.
func TestRelatives(t *testing.T) {
	r := newRelatives(1 << 20)
	known := make(map[int]*scanner.Known)
	for _, lines := range []int{400, 500, 600} {
		data := fileOf("a", lines)
		ver := scanner.Version{Path: "a", Content: data, Last: true}
		if !r.compare(&ver) || ver.Last {
			t.Fatalf("a file of %d bytes without a base is not to be kept", len(data))
		}
		known[lines] = new(scanner.Known)
		r.keep("a", data, known[lines])
	}

	data := fileOf("a", 510)
	ver := scanner.Version{Path: "a", Content: data}
	if r.compare(&ver); ver.Base != known[500] {
		t.Error("the base is not the version that is nearest in length")
	}
	if news := len(data) - copied(ver.Copies); news > 10*60 {
		t.Errorf("%d bytes are new in a version of ten lines more", news)
	}

	own := new(scanner.Known)
	ver = scanner.Version{Path: "a", Content: data, Base: own, Copies: []scanner.Copy{{Len: len(data) - 100}}, Last: true}
	if r.compare(&ver) || ver.Base != own || !ver.Last {
		t.Error("a version with a good delta does not keep its base")
	}
	large := fileOf("a", 3000)
	ver = scanner.Version{Path: "a", Content: large, Last: true}
	if r.compare(&ver) || !ver.Last {
		t.Errorf("all is to be known of a content of %d bytes, which is not kept", len(large))
	}
	ver = scanner.Version{Path: "b", Content: data}
	if r.compare(&ver); ver.Base != nil {
		t.Error("a file at another path became the base")
	}
	ver = scanner.Version{Path: "a", Content: fileOf("b", 500)}
	if r.compare(&ver); ver.Base != nil {
		t.Error("another file became the base")
	}
}

// knownOf returns what is known of a content, by one rule.
func knownOf(t *testing.T, content []byte) *scanner.Known {
	t.Helper()
	set, err := rules.Compile([]rules.Rule{{ID: "tok", Keywords: []string{"TOK-"}, Regex: `TOK-[0-9]{4}`, Confidence: rules.ConfidenceHigh}})
	if err != nil {
		t.Fatal(err)
	}
	k, _ := scanner.New(set, scanner.Options{}).Versions().Scan(t.Context(), &scanner.Version{Path: "a", Content: content})
	return k
}

// TestRelativesMemory: what is kept stays in its bounds, and what was used last
// is kept.
func TestRelativesMemory(t *testing.T) {
	const room = 1 << 20
	r := newRelatives(room)
	known := []*scanner.Known{nil, knownOf(t, bytes.Repeat([]byte("a TOK- and no TOK-\n"), 300))}
	if size := known[1].Size(); size < 600*4 || size > 600*400 {
		t.Fatalf("of 600 places with a keyword %d bytes are known", size)
	}
	for i := range 2000 {
		length := 5000 + i*13%20000
		if i%600 < 200 { // then short ones take the place of long ones
			length = 60_000
		}
		r.keep(fmt.Sprint("p", i%97), bytes.Repeat([]byte("x"), length), known[i%2])
		if r.of("p0", 1) == nil {
			t.Fatalf("after %d contents that used last is gone", i)
		}
		size := 0
		for _, f := range r.byPath {
			if len(f.members) > maxFamily {
				t.Fatalf("%d versions of %s", len(f.members), f.path)
			}
			for _, m := range f.members {
				if size += m.size(); cap(m.data) > 2*len(m.data) {
					t.Fatalf("%d bytes are held for a content of %d", cap(m.data), len(m.data))
				}
			}
		}
		if size > room || size != r.size || len(r.byPath) != r.recent.Len() {
			t.Fatalf("after %d contents: %d bytes are kept, %d are counted, of %d", i, size, r.size, room)
		}
	}
	r.keep("large", []byte(strings.Repeat("x", room)), nil)
	if r.of("large", room) != nil {
		t.Error("a content that would take all the room is kept")
	}
}
