package compat

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/cork-scanner/cork/scanner"
)

// decodeJSON reads one JSON value. Keys that v does not have are left out, as those
// who wrote the file add to them.
func (s *Settings) decodeJSON(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	err := dec.Decode(v)
	if err == nil {
		if _, more := dec.Token(); more != io.EOF {
			return s.errorf(lineAt(data, dec.InputOffset()), "there is more behind the end of the JSON value")
		}
		return nil
	}
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return s.errorf(lineAt(data, syntax.Offset), "not JSON: %v", syntax)
	case errors.As(err, &wrong):
		what := "the file"
		if wrong.Field != "" {
			what = strconv.Quote(wrong.Field)
		}
		return s.errorf(lineAt(data, wrong.Offset), "%s must be %s, not %s", what, jsonType(wrong.Type), wrong.Value)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return s.errorf(lineAt(data, int64(len(data))), "not JSON: it ends too early")
	}
	return s.errorf(1, "not JSON: %v", err)
}

// jsonType returns what JSON calls the values that a type is made of.
func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return jsonType(t.Elem())
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	}
	return "a number"
}

// lineAt returns the 1-based line of an offset.
func lineAt(data []byte, offset int64) int {
	offset = max(0, min(offset, int64(len(data))))
	return 1 + bytes.Count(data[:offset], []byte("\n"))
}

// gitleaksReport reads a report of gitleaks or betterleaks, which is their baseline
// too: a list of findings. What counts is the path and the secret, or the line if
// the secret is not in the report. A finding in a commit counts wherever it is
// found: the same secret in the same file is no news.
func (s *Settings) gitleaksReport(data []byte) error {
	var findings []struct {
		RuleID    string
		File      string
		Symlink   string `json:"SymlinkFile"`
		Commit    string
		StartLine int
		Match     string
		Secret    string
	}
	if err := s.decodeJSON(data, &findings); err != nil {
		return err
	}
	if len(findings) > maxEntries {
		return s.errorf(1, "it has more than %d findings", maxEntries)
	}
	var errs []error
	byPath := newKnown()
	redacted, outside := 0, 0
	for i, f := range findings {
		if f.File == "" || f.RuleID == "" {
			errs = append(errs, s.errorf(1, "finding %d has no \"File\", or no \"RuleID\"", i+1))
			continue
		}
		clean, ok := cleanPath(f.File)
		if !ok {
			outside++
			continue
		}
		s.seen(f.Commit, clean)
		k := byPath.of(clean)
		if f.Secret == "" || isRedacted(f.Secret) {
			redacted++
			k.lines = append(k.lines, max(1, f.StartLine))
			continue
		}
		k.hashes = append(k.hashes, hashOf(f.Secret))
	}
	if err := joinErrors(errs); err != nil {
		return err
	}
	if outside > 0 {
		s.note(0, "%d of %d findings have a path outside of the repository, and count for nothing", outside, len(findings))
	}
	if redacted > 0 {
		s.note(0, "%d of %d secrets are not in the report, so these findings are known by their lines", redacted, len(findings))
	}
	byPath.entries(s, "found by gitleaks before")
	return nil
}

// isRedacted reports whether gitleaks left out the secret, or the most of it.
func isRedacted(secret string) bool {
	return secret == "REDACTED" || strings.HasSuffix(secret, "...")
}

// hashOf returns the hash that AllowEntry.Hashes has of a secret.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(secret)))
	return scanner.HashSHA256 + hex.EncodeToString(sum[:])
}

// known are findings of before, by path, in the order in which paths were named.
type known struct {
	order []string
	at    map[string]*knownIn
}

type knownIn struct {
	hashes []string
	lines  []int
}

func newKnown() *known { return &known{at: make(map[string]*knownIn)} }

func (k *known) of(path string) *knownIn {
	in := k.at[path]
	if in == nil {
		in = new(knownIn)
		k.at[path] = in
		k.order = append(k.order, path)
	}
	return in
}

// entries adds an entry for the hashes, and one for the lines, of each path.
func (k *known) entries(s *Settings, reason string) {
	for _, path := range k.order {
		in := k.at[path]
		if len(in.hashes) > 0 {
			s.allow(scanner.AllowEntry{Reason: reason, Path: path, Known: true, Hashes: in.hashes}, 0)
		}
		if len(in.lines) > 0 {
			s.allow(scanner.AllowEntry{Reason: reason, Path: path, Known: true, Lines: in.lines}, 0)
		}
	}
}

// detectSecrets reads a .secrets.baseline of detect-secrets. What counts is the
// path and the SHA-1 of the secret, as its documentation says; the type does not.
// What somebody has marked as a real secret is no exception.
func (s *Settings) detectSecrets(data []byte) error {
	var file struct {
		Version string `json:"version"`
		Filters []struct {
			Path    string          `json:"path"`
			Pattern json.RawMessage `json:"pattern"`
		} `json:"filters_used"`
		Exclude struct { // before version 1
			Files string `json:"files"`
			Lines string `json:"lines"`
		} `json:"exclude"`
		Results *map[string][]struct {
			Type   string `json:"type"`
			File   string `json:"filename"`
			Hash   string `json:"hashed_secret"`
			Secret *bool  `json:"is_secret"`
		} `json:"results"`
	}
	if err := s.decodeJSON(data, &file); err != nil {
		return err
	}
	if file.Results == nil {
		return s.errorf(1, "it has no \"results\", so it is no baseline of detect-secrets")
	}
	s.excludeRegex("should_exclude_file", file.Exclude.Files)
	s.excludeRegex("should_exclude_line", file.Exclude.Lines)
	for _, f := range file.Filters {
		_, kind, ok := strings.Cut(f.Path, "detect_secrets.filters.regex.")
		if !ok {
			if strings.HasPrefix(f.Path, "detect_secrets.filters.wordlist.") || !strings.HasPrefix(f.Path, "detect_secrets.filters.") {
				s.note(0, "the filter %q has no counterpart", f.Path)
			}
			continue
		}
		var patterns []string
		var one string
		if json.Unmarshal(f.Pattern, &one) == nil {
			patterns = []string{one}
		} else if json.Unmarshal(f.Pattern, &patterns) != nil {
			return s.errorf(1, "the filter %q has no \"pattern\" that is a list of expressions", f.Path)
		}
		for _, p := range patterns {
			s.excludeRegex(kind, p)
		}
	}
	var errs []error
	byPath := newKnown()
	real, entries := 0, 0
	for _, key := range sortedKeys(*file.Results) {
		for _, r := range (*file.Results)[key] {
			name := r.File
			if name == "" {
				name = key
			}
			clean, ok := cleanPath(name)
			hash := strings.ToLower(r.Hash)
			switch {
			case !ok:
				errs = append(errs, s.errorf(1, "%q is no path in the repository", name))
			case len(hash) != 40 || strings.Trim(hash, "0123456789abcdef") != "":
				errs = append(errs, s.errorf(1, "%q: \"hashed_secret\" is no SHA-1", name))
			case r.Secret != nil && *r.Secret:
				real++
			default:
				in := byPath.of(clean)
				in.hashes = append(in.hashes, scanner.HashSHA1+hash)
			}
			if entries++; entries > maxEntries {
				return s.errorf(1, "it has more than %d entries", maxEntries)
			}
		}
	}
	if err := joinErrors(errs); err != nil {
		return err
	}
	if real > 0 {
		s.note(0, "%d marked as real (is_secret), which are no exceptions", real)
	}
	if byPath.entries(s, "in the baseline of detect-secrets"); entries > 0 {
		// Its hashes look like what they are not.
		s.allow(scanner.AllowEntry{
			Reason: "hashes of detect-secrets", Paths: []string{"/" + globEscape.Replace(s.Name)},
			CoverRegexes: []string{`"hashed_secret": *"[0-9a-f]{40}"`},
		}, 0)
	}
	return nil
}

// globEscape makes a glob of a path that matches it alone.
var globEscape = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`, "{", `\{`, "}", `\}`)

// excludeRegex adds a filter of detect-secrets. Its expressions are Python's.
func (s *Settings) excludeRegex(kind, expr string) {
	if expr == "" {
		return
	}
	if err := checkRegex(expr); err != nil {
		s.note(0, "the expression of %s cannot be evaluated, so nothing is left out by it: %v", kind, err)
		return
	}
	e := scanner.AllowEntry{Reason: "left out for detect-secrets"}
	switch kind {
	case "should_exclude_file":
		e.PathRegexes = []string{expr}
	case "should_exclude_line":
		e.LineRegexes = []string{expr}
	case "should_exclude_secret":
		e.Regexes = []string{expr}
	default:
		s.note(0, "the filter %q has no counterpart", kind)
		return
	}
	s.allow(e, 0)
}

// ParseBaseline reads a baseline of another scanner: a JSON report of gitleaks, or a
// .secrets.baseline of detect-secrets. ok is false, without an error, if the data is
// neither.
func ParseBaseline(name string, data []byte) (entries []scanner.AllowEntry, ok bool, err error) {
	kind := KindOf(name, data)
	if kind != GitleaksReport && kind != DetectSecrets {
		return nil, false, nil
	}
	s, err := Parse(Input{Name: name, Data: data, Kind: kind})
	if err != nil {
		return nil, true, fmt.Errorf("read the baseline: %w", err)
	}
	return s.Allow, true, nil
}
