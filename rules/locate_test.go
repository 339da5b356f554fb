package rules

import (
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

func TestLocate(t *testing.T) {
	const doc = `# a = 1
a = "x # y"  # [t]
b.c = """
[no]
d = 1 \"""" # five quotes in all
e = [ # [no]
  1,

  { f = '''
''', g = 2 }, [
  3]
]
[t]
a = '"'
[[u]]
a = 1
[u.v]
a = 1
[[u]]
"a\tb" = 1
[u.v]
'a "b" c'.d=1
`
	want := map[string]int{
		"a": 2, "b": 3, "b.c": 3, "e": 6, "e[0]": 7, "e[1]": 9, "e[1].f": 9, "e[1].g": 10, "e[2]": 10, "e[2][0]": 11,
		"t": 13, "t.a": 14, "u": 15, "u[0]": 15, "u[0].a": 16, "u[0].v": 17, "u[0].v.a": 18,
		"u[1]": 19, "u[1].a\tb": 20, "u[1].v": 21, `u[1].v.a "b" c`: 22, `u[1].v.a "b" c.d`: 22,
	}
	lines, tooDeep := locate([]byte(doc))
	if tooDeep != 0 {
		t.Errorf("locate: too deep on line %d, want 0", tooDeep)
	}
	got := map[string]int{}
	for p, line := range lines {
		got[readable(p)] = line
	}
	for p, line := range want {
		if got[p] != line {
			t.Errorf("line of %s = %d, want %d", p, got[p], line)
		}
	}
	for p, line := range got {
		if want[p] == 0 {
			t.Errorf("line of %s = %d, want none", p, line)
		}
	}
}

// readable turns "\x00a\x011\x00b" into "a[1].b".
func readable(p tomlPath) string {
	var b strings.Builder
	for _, part := range strings.SplitAfter(strings.NewReplacer("\x00", "\n\x00", "\x01", "\n\x01").Replace(string(p)), "\n") {
		part = strings.TrimSuffix(part, "\n")
		switch {
		case part == "":
		case part[0] == 1:
			b.WriteString("[" + part[1:] + "]")
		case b.Len() > 0:
			b.WriteString("." + part[1:])
		default:
			b.WriteString(part[1:])
		}
	}
	return b.String()
}

// FuzzLocate holds that locate knows exactly the paths that the decoder finds,
// and the line of a key after everything else.
func FuzzLocate(f *testing.F) {
	f.Add("a = \"x # [y]\"\r\n['b'.c]\n\"d\\u0041\" . e = {f.g=[{h=1},\n]} # i\n")
	f.Add("a = [\n'b', # 'c',\n'''\n]\n''',\n3,\n]\n[[t]]\n[t.u]\n[[t]]\n[[t.u]]\n[[t.u]]\nk=1")
	f.Add("a = \"\"\"x\\\"\"\"\"\"\nb = '''''x'''''\nc = 1979-05-27 07:32:00\nd = \"\"\ne = ''\n\"\" = 1")
	f.Add("\xef\xbb\xbf[a.b]\n[a]\n[[a.c]]\nd = [[], [[{}]], {}]")
	f.Add("\xfe\xff\na = 1")
	f.Add("\xff\xfe[a]\nb = 1")
	f.Add("a={\n b = 1, # c\n \"\\x41\\e\" = 2,\n}")
	f.Fuzz(func(t *testing.T, doc string) {
		const marker = "the-last-key"
		if strings.Contains(doc, marker) {
			return
		}
		doc += "\n" + marker + " = 1"
		lines, tooDeep := locate([]byte(doc))
		if tooDeep != 0 {
			if total := strings.Count(doc, "\n") + 1; tooDeep > total {
				t.Errorf("locate(%q): too deep on line %d of %d", doc, tooDeep, total)
			}
			return
		}
		var tree map[string]any
		if toml.Unmarshal([]byte(doc), &tree) != nil {
			return
		}
		found := map[tomlPath]bool{}
		walk(tree, "", found)
		for p := range found {
			if lines[p] == 0 {
				t.Errorf("locate(%q) has no line for %q", doc, p)
			}
			if strings.HasSuffix(string(p), "\x00"+marker) {
				if want := strings.Count(doc, "\n") + 1; lines[p] != want {
					t.Errorf("locate(%q)[%q] = %d, want %d", doc, p, lines[p], want)
				}
			}
		}
		for p := range lines {
			if !found[p] {
				t.Errorf("locate(%q) found %q, which is not there", doc, p)
			}
		}
	})
}

func walk(v any, p tomlPath, found map[tomlPath]bool) {
	if p != "" {
		found[p] = true
	}
	switch v := v.(type) {
	case map[string]any:
		for k, v := range v {
			walk(v, p.key(k), found)
		}
	case []any:
		for i, v := range v {
			walk(v, p.index(i), found)
		}
	case []map[string]any:
		for i, v := range v {
			walk(v, p.index(i), found)
		}
	}
}

func TestUnescape(t *testing.T) {
	tests := []struct{ in, want string }{
		{`plain`, "plain"},
		{`a\tb\"c\\d`, "a\tb\"c\\d"},
		{`\u00e9\U0001F600\x41\e`, "é😀A\x1b"},
		{`\u12`, "u12"},
		{`\`, `\`},
		{`\\`, `\`},
	}
	for _, tt := range tests {
		if got := unescape(tt.in); got != tt.want {
			t.Errorf("unescape(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
