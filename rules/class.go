package rules

// PathClass returns what of a path matters to what Find finds in a content:
// with two paths of the same class it finds the same. A class is the same for
// one Set only, and not meant to be read.
func (s *Set) PathClass(path string) string {
	about := fileOf(path)
	class := []byte{byte(about.kind), 0}
	if about.test {
		class[1] |= 1
	}
	if about.docs {
		class[1] |= 2
	}
	for n, i := range s.choosy {
		if n%8 == 0 {
			class = append(class, 0)
		}
		if s.rules[i].in(path) {
			class[len(class)-1] |= 1 << (n % 8)
		}
	}
	return string(class)
}

// isChoosy reports whether the rule looks at files of some paths only.
func (r *Rule) isChoosy() bool {
	return len(r.Paths) > 0 || r.PathRegex != "" || len(r.Allow.Paths) > 0
}
