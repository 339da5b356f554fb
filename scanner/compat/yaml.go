package compat

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/cork-scanner/cork/scanner"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// A node is a value in a YAML file.
type node struct {
	s *Settings
	*yaml.Node
	errs *[]error
}

// maxYAML is the largest YAML file, in bytes. People write them by hand.
const maxYAML = 4 << 20

// readYAML reads a file that holds one mapping; ok is false if it holds nothing.
// Anchors are refused: nobody needs them here, and with a few lines of them a file
// can be made that never ends.
func (s *Settings) readYAML(data []byte) (root node, ok bool, err error) {
	if len(data) > maxYAML {
		return node{}, false, s.errorf(1, "it is larger than %d MiB", maxYAML>>20)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		line, msg := 1, strings.TrimPrefix(err.Error(), "yaml: ")
		if m := regexp.MustCompile(`^line (\d+): (.*)`).FindStringSubmatch(msg); m != nil {
			line, _ = strconv.Atoi(m[1])
			msg = m[2]
		}
		return node{}, false, s.errorf(line, "not YAML: %s", msg)
	}
	if doc.Kind == 0 || len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return node{}, false, nil
	}
	root = node{s, doc.Content[0], new([]error)}
	if err := root.noAliases(0); err != nil {
		return node{}, false, err
	}
	if root.Kind != yaml.MappingNode {
		return node{}, false, s.errorf(root.Line, "it must hold keys and values")
	}
	return root, true, nil
}

func (n node) noAliases(depth int) error {
	const maxDepth = 32
	if n.Kind == yaml.AliasNode || depth > maxDepth {
		return n.s.errorf(n.Line, "anchors, and more than %d levels, are not read", maxDepth)
	}
	for _, c := range n.Content {
		if err := (node{n.s, c, n.errs}).noAliases(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

func (n node) bad(format string, args ...any) {
	*n.errs = append(*n.errs, n.s.errorf(n.Line, format, args...))
}

// each calls do for the keys of a mapping, with dashes for underscores, in lower
// case.
func (n node) each(what string, do func(key string, at int, value node)) {
	if n.Kind != yaml.MappingNode {
		n.bad("%s must have keys and values", what)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		do(strings.ReplaceAll(strings.ToLower(n.Content[i].Value), "_", "-"), n.Content[i].Line, node{n.s, n.Content[i+1], n.errs})
	}
}

// list returns the elements of a list.
func (n node) list(what string) (all []node) {
	if n.Tag == "!!null" {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		n.bad("%s must be a list", what)
		return nil
	}
	for _, c := range n.Content {
		all = append(all, node{n.s, c, n.errs})
	}
	return all
}

// text returns a string, or what a number or the like is written as.
func (n node) text(what string) string {
	if n.Tag == "!!null" {
		return ""
	}
	if n.Kind != yaml.ScalarNode {
		n.bad("%s must be a text", what)
		return ""
	}
	return n.Value
}

// strings returns a list of texts, with their lines.
func (n node) strings(what string) (all []node) {
	for _, c := range n.list(what) {
		if c.text("an element of "+what) != "" {
			all = append(all, c)
		}
	}
	return all
}

// talisman reads a .talismanrc, in the form that its README has.
func (s *Settings) talisman(data []byte) error {
	root, ok, err := s.readYAML(data)
	if !ok || err != nil {
		return err
	}
	root.each("the file", func(key string, at int, v node) {
		switch key {
		case "fileignoreconfig":
			for _, f := range v.list(key) {
				s.talismanFile(f)
			}
		case "allowed-patterns":
			for _, p := range v.strings(key) {
				s.talismanPattern(p, "")
			}
		case "custom-patterns":
			for i, p := range v.strings(key) {
				n := strconv.Itoa(i + 1)
				r, err := s.plainRule("talisman-custom-"+n, "match of custom pattern "+n+" of talisman", p.Value, 0, p.Line)
				if err != nil {
					*v.errs = append(*v.errs, err)
					continue
				}
				s.Rules = append(s.Rules, r)
			}
		case "threshold":
			if level := strings.ToLower(v.text(key)); level != "" && level != "low" {
				s.note(at, "threshold %q has no counterpart: Cork reports what is of lower severity as well", level)
			}
		case "scopeconfig":
			s.note(at, "scopeconfig has no counterpart: Cork knows lock files and the like by itself")
		case "custom-severities":
			s.note(at, "custom_severities has no counterpart: the detectors are not Cork's")
		case "experimental":
			s.note(at, "experimental has no counterpart")
		case "version":
		default:
			s.note(at, "the key %q is not known, and left out", key)
		}
	})
	return joinErrors(*root.errs)
}

// talismanFile reads what is said of a file: it is left out as long as its checksum
// is the SHA-256 of its path and its content, one behind the other.
func (s *Settings) talismanFile(f node) {
	var name, checksum string
	var detectors, patterns []node
	f.each("an entry of fileignoreconfig", func(key string, at int, v node) {
		switch key {
		case "filename":
			name = v.text(key)
		case "checksum":
			checksum = strings.ToLower(v.text(key))
		case "ignore-detectors":
			detectors = v.strings(key)
		case "allowed-patterns":
			patterns = v.strings(key)
		default:
			s.note(at, "the key %q of an entry of fileignoreconfig is not known, and left out", key)
		}
	})
	if name == "" {
		f.bad("an entry of fileignoreconfig without \"filename\"")
		return
	}
	glob, ok := cleanPath(name)
	if !ok || !validGlob(glob) {
		f.bad("filename %q is no path or glob in the repository", name)
		return
	}
	for _, p := range patterns {
		s.talismanPattern(p, glob)
	}
	if checksum != "" {
		if len(checksum) != 64 || strings.Trim(checksum, "0123456789abcdef") != "" {
			f.bad("checksum %q is no SHA-256", checksum)
			return
		}
		if strings.ContainsAny(glob, "*?[{") {
			s.note(f.Line, "%q: of a checksum over several files nothing can be said by one of them, so it counts for the file that it is of alone, if it is of one", name)
		}
		s.allow(scanner.AllowEntry{Reason: "left out for talisman as it is", Paths: []string{glob}, Checksum: checksum}, f.Line)
		return
	}
	for _, d := range detectors {
		switch d.Value {
		case "filecontent":
			s.allow(scanner.AllowEntry{Reason: "left out for talisman", Paths: []string{glob}}, f.Line)
		case "filesize":
		default:
			s.note(d.Line, "%q: ignore_detectors %q has no counterpart", name, d.Value)
		}
	}
	if len(detectors)+len(patterns) == 0 {
		s.note(f.Line, "%q is not left out: it has no checksum", name)
	}
}

// talismanPattern reads an allowed pattern: talisman takes what it matches out of
// the text before it looks for secrets.
func (s *Settings) talismanPattern(p node, glob string) {
	if err := checkRegex(p.Value); err != nil {
		*p.errs = append(*p.errs, s.errorf(p.Line, "allowed_patterns: %v", err))
		return
	}
	e := scanner.AllowEntry{Reason: "an allowed pattern of talisman", CoverRegexes: []string{p.Value}}
	if glob != "" {
		e.Paths = []string{glob}
	}
	s.allow(e, p.Line)
}

// gitGuardian reads a .gitguardian.yaml, version 1 or 2, with the keys that
// GitGuardian's documentation of ggshield has.
func (s *Settings) gitGuardian(data []byte) error {
	root, ok, err := s.readYAML(data)
	if !ok || err != nil {
		return err
	}
	root.each("the file", func(key string, at int, v node) {
		switch key {
		case "version":
			if n := v.text(key); n != "1" && n != "2" {
				v.bad("version %q is neither 1 nor 2", n)
			}
		case "secret":
			v.each(key, func(key string, at int, v node) { s.gitGuardianKey(key, at, v) })
		default:
			s.gitGuardianKey(key, at, v)
		}
	})
	return joinErrors(*root.errs)
}

func (s *Settings) gitGuardianKey(key string, at int, v node) {
	switch key {
	case "ignored-paths", "paths-ignore":
		for _, p := range v.strings(key) {
			glob := strings.TrimPrefix(p.Value, "./")
			if !validGlob(glob) {
				p.bad("%s: %q is not a valid glob", key, p.Value)
				continue
			}
			s.allow(scanner.AllowEntry{Reason: "an ignored path of ggshield", Paths: []string{glob}}, p.Line)
		}
	case "ignored-matches", "matches-ignore":
		for _, m := range v.list(key) {
			s.gitGuardianMatch(m)
		}
	case "ignored-detectors", "banlisted-detectors":
		for _, d := range v.strings(key) {
			s.note(d.Line, "%s: %q is a detector of GitGuardian's, which Cork does not have", key, d.Value)
		}
	case "exit-zero":
		if v.Value == "true" {
			s.note(at, "exit_zero is not taken over: Cork exits with 1 if it finds something")
		}
	case "all-secrets", "instance", "verbose", "insecure", "max-commits-for-hook", "show-secrets", "ignore-known-secrets",
		"with-incident-details", "prereceive-remediation-message", "source-uuid", "fail-on-server-error", "filename-only",
		"api-url", "gitguardian-url", "all-policies", "ignore-default-excludes", "allow-self-signed", "debug", "iac", "sca":
	default:
		s.note(at, "the key %q is not known, and left out", key)
	}
}

// gitGuardianMatch reads a match that is ignored: with a name, or, in version 1, as
// it is. It is a secret in the clear, or a SHA-256. The hashes that ggshield makes
// of more than the secret are not known here again.
func (s *Settings) gitGuardianMatch(m node) {
	name, match := "", ""
	if m.Kind == yaml.MappingNode {
		m.each("an ignored match", func(key string, _ int, v node) {
			switch key {
			case "name":
				name = v.text(key)
			case "match":
				match = v.text(key)
			}
		})
	} else {
		match = m.text("an ignored match")
	}
	if match == "" {
		m.bad("an ignored match without \"match\"")
		return
	}
	hash := strings.ToLower(match)
	if len(match) == 64 && strings.Trim(hash, "0123456789abcdef") == "" {
		hash = scanner.HashSHA256 + hash
	} else {
		hash = hashOf(match)
	}
	reason := "an ignored match of ggshield"
	if name != "" {
		reason += ": " + name
	}
	s.allow(scanner.AllowEntry{Reason: reason, Known: true, Hashes: []string{hash}}, m.Line)
}
