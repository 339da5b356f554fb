package rules

import "slices"

// A Sample is a made-up secret that a rule finds.
type Sample struct {
	RuleID string
	Secret string
}

// Samples returns a secret that each rule of the set finds in its examples, in the
// order of the rules: the same whenever it is asked, and none of them real. Rules
// that judge files by their names have none. It compiles every rule, which takes
// part of a second: it is for those who ask what something does to all of them.
func (s *Set) Samples() (samples []Sample) {
	for i := range s.rules {
		r := WithExamples(*s.rules[i].Rule)
		if r.isPath() {
			continue
		}
		alone := r
		alone.Parts, alone.PartOnly = nil, false // what it is a part of does not matter
		set, err := Compile([]Rule{alone})
		if err != nil {
			continue // it needs what it does not have alone
		}
		for _, example := range r.Match {
			content, err := Expand(example, 0)
			if err != nil {
				continue // which CheckExamples says
			}
			found := set.Find(r.examplePath(), []byte(content), 0, len(content), true, true)
			at := slices.IndexFunc(found, func(m Match) bool { return m.Rule.ID == r.ID && m.SecretStart < m.SecretEnd })
			if at >= 0 {
				samples = append(samples, Sample{r.ID, content[found[at].SecretStart:found[at].SecretEnd]})
				break
			}
		}
	}
	return samples
}

// FormatPatch returns what a [[rule]] table says, as a [[rule]] table.
func FormatPatch(p *Patch) []byte { return formatFields(p.fields()) }
