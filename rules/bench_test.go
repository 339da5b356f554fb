package rules_test

import (
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// BenchmarkFind searches with the built-in rules through content that asks for
// one stage more than for the others: Assignments for the assignment parser,
// Judge for the judgement of values, Patterns for expressions. The literals'
// own is BenchmarkLiterals.
func BenchmarkFind(b *testing.B) {
	set := mustCompile(b, rules.Builtin())
	for _, bench := range []struct{ name, path, line string }{
		{"Assignments", "a.go", "\tif token := r.parse(key, secret.path); password == nil {\n"},
		{"Judge", "a.yml", "password: correct_horse_battery\napi_key: ${API_KEY_OF_MINE}\n"},
		{"Patterns", "a.txt", "see http://alice:@example.com, curl -u alice https://example.com/pat_01 and key AKIA\n"},
		{"Nothing", "a.txt", "The quick brown fox jumps over the lazy dog, again and again, until it is tired.\n"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			text := []byte(strings.Repeat(bench.line, 64<<10/len(bench.line)))
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				set.Find(bench.path, text, 0, len(text), true, true)
			}
		})
	}
}
