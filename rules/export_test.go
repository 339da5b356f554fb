package rules

import "fmt"

// PreparedForTest returns the rule as Compile makes it, and the Go source of
// what it computed, for the generated rules.
func PreparedForTest(r Rule) (Rule, string, []error) {
	errs := r.prepare()
	return r, fmt.Sprintf("prepared{done: true, lead: %d}", r.prepared.lead), errs
}
