package rules

import "fmt"

// PreparedForTest returns the rule as Compile makes it, and the Go source of
// what it computed, for the generated rules.
func PreparedForTest(r Rule) (Rule, string, []error) {
	errs := r.prepare()
	return r, fmt.Sprintf("prepared{done: true, lead: %d}", r.prepared.lead), errs
}

// EachLiteralForTest runs the literal search alone.
func EachLiteralForTest(literals []string, buf []byte, from, to int, hit func(literal string, start int)) {
	newLiteralSet(literals).each(buf, from, to, func(i, start int) { hit(literals[i], start) })
}

// LiteralsForTest returns a search for the literals that only counts.
func LiteralsForTest(literals []string) func(buf []byte) int {
	l := newLiteralSet(literals)
	return func(buf []byte) (n int) {
		l.each(buf, 0, len(buf), func(int, int) { n++ })
		return n
	}
}

// IsPlaceholderForTest exposes isPlaceholder.
func IsPlaceholderForTest(secret string, keywords ...string) string {
	return isPlaceholder([]byte(secret), keywords)
}

// KeywordLeadForTest exposes keywordLead.
func KeywordLeadForTest(regex string, keywords []string) int { return keywordLead(regex, keywords) }

// FeatureNamesForTest returns the features' names with their numbers.
func FeatureNamesForTest() map[string]int {
	names := make(map[string]int)
	for i, f := range features {
		names[f.name] = i
	}
	return names
}
