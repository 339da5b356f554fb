package rules

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/bmatcuk/doublestar/v4"

	"github.com/cork-scanner/cork/rules/check"
)

// An Error is one thing that is wrong in a rule file.
type Error struct {
	File string // as given to Parse or Decode; "" for rules that were not read from a file
	Line int    // 1-based; 0 only where File is ""
	ID   string // of the rule that it is about; "" if unknown
	Msg  string
}

// Error returns `file:line: rule "id": message`, without the parts that are unknown.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		fmt.Fprintf(&b, "%s:%d: ", e.File, e.Line)
	}
	if e.ID != "" {
		fmt.Fprintf(&b, "rule %q: ", e.ID)
	}
	b.WriteString(e.Msg)
	return b.String()
}

// A Patch is a [[rule]] table as it is written in a file: only the keys that
// were given are set, the others are nil. It is a whole new rule or a change
// to an existing one; see [Merge].
type Patch struct {
	ID          *string     `toml:"id"`
	Description *string     `toml:"description"`
	Provider    *string     `toml:"provider"`
	Severity    *Severity   `toml:"severity"`
	Confidence  *Confidence `toml:"confidence"`
	Regex       *string     `toml:"regex"`
	Group       *int        `toml:"group"`
	Keys        *string     `toml:"keys"`
	Shape       *string     `toml:"shape"`
	Rank        *int        `toml:"rank"`
	Keywords    []string    `toml:"keywords"`
	Scan        *string     `toml:"scan"`
	Paths       []string    `toml:"paths"`
	PathRegex   *string     `toml:"path_regex"`
	MinEntropy  *float64    `toml:"entropy"`
	Checks      []string    `toml:"checks"`
	Span        *int        `toml:"span"`
	Revoke      *string     `toml:"revoke"`
	Docs        *string     `toml:"docs"`
	Match       []string    `toml:"match"`
	NoMatch     []string    `toml:"nomatch"`
	MatchPath   *string     `toml:"match_path"`
	Allow       *Allow      `toml:"allow"`
	Parts       []Part      `toml:"part"`
	PartOnly    *bool       `toml:"part_only"`

	file  string
	path  tomlPath
	lines lineIndex
}

// Source returns where the table stands, "file:line"; "" if it was not read by
// [Decode].
func (p *Patch) Source() string {
	if p.file == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", p.file, p.lines.of(p.path))
}

// errorf returns an error at the line of the key ("allow.paths", "part.0.name"),
// or of the table if the key was not given or is "".
func (p *Patch) errorf(key, format string, args ...any) *Error {
	e := &Error{File: p.file, Msg: fmt.Sprintf(format, args...)}
	if p.ID != nil {
		e.ID = *p.ID
	}
	if p.file != "" {
		path := p.path
		for _, k := range strings.Split(key, ".") {
			if n, err := strconv.Atoi(k); err == nil {
				path = path.index(n)
			} else if k != "" {
				path = path.key(k)
			}
		}
		e.Line = p.lines.of(path)
	}
	return e
}

// Errorf returns an error about the patch, at the line of one of its keys.
func (p *Patch) Errorf(key, format string, args ...any) *Error { return p.errorf(key, format, args...) }

// Parse reads the rules of one file, which holds [[rule]] tables and nothing
// else. It is strict: keys that no rule has, values of the wrong type, missing
// keys and keys that contradict each other are errors. All of them are
// returned, in the order of their lines, joined by [errors.Join]; each is an
// [*Error]. The name is for messages and for [Rule.Source].
//
// Parse does not compile expressions: [Compile] does.
func Parse(name string, data []byte) ([]Rule, error) {
	var file struct {
		Rule []Patch `toml:"rule"`
	}
	if err := Decode(name, data, &file); err != nil {
		return nil, err
	}
	return Merge(nil, file.Rule, nil)
}

// Merge returns the base rules with the patches applied and without the
// disabled ones. A patch whose id is in base changes the keys that it gives
// and leaves the others, except that what it allows is added to what was
// allowed. Any other patch is a new rule, which must be complete. Merge does
// not change base and does not reorder it; new rules come last.
//
// An unknown or repeated id is an error, as is a rule that is wrong after its
// change. All errors are returned, joined; each is an [*Error], for disabled
// ids without a file.
func Merge(base []Rule, patches []Patch, disable []string) ([]Rule, error) {
	merged := slices.Clone(base)
	at := make(map[string]int, len(merged))
	for i := range merged {
		at[merged[i].ID] = i
	}
	var errs []error
	seen := map[string]*Patch{}
	for i := range patches {
		p := &patches[i]
		if p.ID == nil || *p.ID == "" {
			errs = append(errs, p.errorf("id", "missing key \"id\""))
			continue
		}
		if first := seen[*p.ID]; first != nil {
			errs = append(errs, p.errorf("id", "the id is used twice, first in %s", cmp.Or(first.Source(), "an earlier table")))
			continue
		}
		seen[*p.ID] = p
		j, exists := at[*p.ID]
		if !exists && len(base) > 0 && p.Description == nil {
			errs = append(errs, p.errorf("id", "there is no such rule to change%s; a new one needs description, severity, confidence and regex, keys or paths",
				DidYouMean(*p.ID, maps.Keys(at))))
			continue
		}
		if !exists {
			j = len(merged)
			at[*p.ID] = j
			merged = append(merged, Rule{})
		}
		p.apply(&merged[j])
		errs = append(errs, p.check(&merged[j])...)
	}

	off := map[string]bool{}
	for _, id := range disable {
		if _, ok := at[id]; !ok {
			errs = append(errs, &Error{ID: id, Msg: "cannot be disabled: there is no such rule" + DidYouMean(id, maps.Keys(at))})
		}
		off[id] = true
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if len(off) > 0 {
		if merged, errs = without(merged, off); len(errs) > 0 {
			return nil, errors.Join(errs...)
		}
	}
	return merged, nil
}

// apply sets what the patch gives. It never writes to a slice that r shares
// with another rule.
func (p *Patch) apply(r *Rule) {
	set(&r.ID, p.ID)
	set(&r.Description, p.Description)
	set(&r.Provider, p.Provider)
	set(&r.Severity, p.Severity)
	set(&r.Confidence, p.Confidence)
	set(&r.Regex, p.Regex)
	set(&r.Group, p.Group)
	set(&r.Keys, p.Keys)
	set(&r.Shape, p.Shape)
	set(&r.Rank, p.Rank)
	setList(&r.Keywords, p.Keywords)
	set(&r.Scan, p.Scan)
	setList(&r.Paths, p.Paths)
	set(&r.PathRegex, p.PathRegex)
	set(&r.MinEntropy, p.MinEntropy)
	setList(&r.Checks, p.Checks)
	set(&r.Span, p.Span)
	set(&r.Revoke, p.Revoke)
	set(&r.Docs, p.Docs)
	setList(&r.Match, p.Match)
	setList(&r.NoMatch, p.NoMatch)
	set(&r.MatchPath, p.MatchPath)
	if p.Allow != nil {
		r.Allow = Allow{
			Regexes:   slices.Concat(r.Allow.Regexes, p.Allow.Regexes),
			StopWords: slices.Concat(r.Allow.StopWords, p.Allow.StopWords),
			Paths:     slices.Concat(r.Allow.Paths, p.Allow.Paths),
		}
	}
	if p.Parts != nil {
		r.Parts = nil
		for _, part := range p.Parts {
			part.Rules = slices.Clone(part.Rules)
			r.Parts = append(r.Parts, part)
		}
	}
	set(&r.PartOnly, p.PartOnly)
	if s := p.Source(); s != "" {
		r.Source = s
	}
	// What was computed of the rule as it was is void.
	r.prepared, r.Specificity = prepared{}, 0
	if p.Regex != nil && p.Span == nil {
		r.Span = 0
	}
}

func set[T any](dst *T, src *T) {
	if src != nil {
		*dst = *src
	}
}

// setList makes an empty list nil, so that a rule has one spelling only.
func setList(dst *[]string, src []string) {
	if src != nil {
		*dst = slices.Concat(src)
	}
}

// maxRank keeps a rank from making a path of its own between kinds of rules: a
// provider's rule is 200 above a generic one, a pattern 100 above a name.
const maxRank = 200

// isID reports whether s is lower-case words joined by "-": an id is part of
// fingerprints, of inline comments and of file names.
func isID(s string) bool {
	for word := range strings.SplitSeq(s, "-") {
		if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return true
}

// check returns what is wrong with r, which is what the patch made, in the
// order of the lines.
func (p *Patch) check(r *Rule) []error {
	var errs []*Error
	bad := func(key, format string, args ...any) { errs = append(errs, p.errorf(key, format, args...)) }

	if !isID(r.ID) {
		bad("id", "id must be lower-case words joined by \"-\"")
	}
	if strings.TrimSpace(r.Description) == "" {
		bad("description", "missing key \"description\"")
	}
	if r.Severity == 0 {
		bad("severity", "missing key \"severity\", one of %q", severityNames[1:])
	}
	if r.Confidence == 0 {
		bad("confidence", "missing key \"confidence\", one of %q", confidenceNames[1:])
	}

	content := r.Regex != "" || r.Keys != ""
	if !content && len(r.Paths) == 0 && r.PathRegex == "" {
		bad("", "one of \"regex\", \"keys\", \"paths\" and \"path_regex\" is needed")
	}
	if !content {
		for _, k := range []struct {
			key   string
			given bool
		}{
			{"keywords", len(r.Keywords) > 0}, {"scan", r.Scan != ""}, {"entropy", r.MinEntropy != 0},
			{"span", r.Span != 0}, {"checks", len(r.Checks) > 0},
		} {
			if k.given {
				bad(k.key, "%q needs \"regex\" or \"keys\"", k.key)
			}
		}
	}
	if r.Shape != "" && !content {
		bad("shape", "\"shape\" needs \"regex\" or \"keys\"")
	}
	if shapes := []string{shapePassword, shapeKey, shapeBytes}; r.Shape != "" && !slices.Contains(shapes, r.Shape) {
		bad("shape", "%q is not one of %q", r.Shape, shapes)
	}
	if r.Rank < -maxRank || r.Rank > maxRank {
		bad("rank", "\"rank\" must be between -%d and %d", maxRank, maxRank)
	}
	if r.Group != 0 && r.Regex == "" {
		bad("group", "\"group\" needs \"regex\"")
	}
	if r.Group < 0 {
		bad("group", "\"group\" must not be negative")
	}
	if r.Span < 0 || r.Span > MaxSpan {
		bad("span", "\"span\" must be between 1 and %d bytes", MaxSpan)
	}
	if !(r.MinEntropy >= 0 && r.MinEntropy <= 8) || math.Signbit(r.MinEntropy) {
		bad("entropy", "\"entropy\" must be between 0 and 8 bits per character")
	}
	for _, name := range r.Checks {
		if _, ok := check.Lookup(name); !ok {
			bad("checks", "there is no check %q%s", name, DidYouMean(name, slices.Values(check.Names())))
		}
	}
	p.checkKeywords(r, content, bad)
	p.checkLists(r, bad)
	r.checkParts(bad)
	if r.Docs != "" && !strings.HasPrefix(r.Docs, "https://") && !strings.HasPrefix(r.Docs, "http://") {
		bad("docs", "\"docs\" must be a URL that starts with https://")
	}
	return byLine(errs)
}

func byLine(errs []*Error) []error {
	slices.SortStableFunc(errs, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	sorted := make([]error, len(errs))
	for i, e := range errs {
		sorted[i] = e
	}
	return sorted
}

func (p *Patch) checkKeywords(r *Rule, content bool, bad func(key, format string, args ...any)) {
	if r.Scan != "" && r.Scan != "always" {
		bad("scan", "\"scan\" must be \"always\" or left out, not %q", r.Scan)
	}
	if content && len(r.Keywords) == 0 && r.Scan != "always" {
		bad("keywords", "missing key \"keywords\": literals of which one stands in every match (or scan = \"always\", which is slow)")
	}
	for _, k := range r.Keywords {
		if k == "" || len(k) < minLiteral && r.Scan != "always" {
			bad("keywords", "keyword %q is shorter than %d bytes", k, minLiteral)
		}
	}
}

// checkLists looks for elements that would silently match everything or
// nothing.
func (p *Patch) checkLists(r *Rule, bad func(key, format string, args ...any)) {
	for _, l := range []struct {
		key    string
		values []string
		glob   bool
	}{
		{"paths", r.Paths, true},
		{"allow.paths", r.Allow.Paths, true},
		{"allow.regexes", r.Allow.Regexes, false},
		{"allow.stop_words", r.Allow.StopWords, false},
	} {
		for _, v := range l.values {
			switch {
			case v == "":
				bad(l.key, "%q has an empty element, which would match everything", l.key)
			case l.glob && !doublestar.ValidatePattern(v):
				bad(l.key, "%q is not a valid glob", v)
			}
		}
	}
}

// Decode reads a TOML document into the struct that v points to, strictly: a
// key for which the struct has no field of exactly that name, and a value of
// the wrong type are errors. All errors are returned, in the order of their
// lines, joined by [errors.Join]; each is an [*Error] with file and line. A
// [Patch] anywhere in v remembers where it stands.
//
// Only one error is returned for a document that is not TOML at all. With
// other errors v holds what could be read.
func Decode(name string, data []byte, v any) error {
	lines, tooDeep := locate(data)
	if tooDeep > 0 {
		return &Error{File: name, Line: tooDeep, Msg: fmt.Sprintf("nested more than %d levels deep", maxNesting)}
	}
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		return syntaxError(name, err)
	}
	d := decoder{file: name, lines: lines}
	d.check(tree, reflect.TypeOf(v), "")
	err := toml.Unmarshal(data, v)
	if len(d.errs) > 0 {
		return errors.Join(byLine(d.errs)...)
	}
	if err != nil {
		return syntaxError(name, err)
	}
	d.place(reflect.ValueOf(v), "")
	return nil
}

func syntaxError(file string, err error) *Error {
	e := &Error{File: file, Line: 1, Msg: strings.TrimPrefix(err.Error(), "toml: ")}
	var pe toml.ParseError
	if errors.As(err, &pe) {
		e.Line, e.Msg = max(1, pe.Position.Line), pe.Message
	}
	return e
}

type decoder struct {
	file  string
	lines lineIndex
	id    string // of the [[rule]] table that is being checked
	errs  []*Error
}

func (d *decoder) errorf(p tomlPath, format string, args ...any) {
	d.errs = append(d.errs, &Error{File: d.file, Line: d.lines.of(p), ID: d.id, Msg: fmt.Sprintf(format, args...)})
}

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// check compares a decoded value with the type that it is to be stored in.
func (d *decoder) check(v any, t reflect.Type, p tomlPath) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	wrong := func(want string) { d.errorf(p, "expected %s, found %s", want, kindOf(v)) }
	if t == reflect.TypeFor[time.Time]() {
		if _, ok := v.(time.Time); !ok {
			wrong("a date such as 2030-12-31")
		}
		return
	}
	if reflect.PointerTo(t).Implements(textUnmarshaler) {
		s, ok := v.(string)
		if !ok {
			wrong("a string")
		} else if err := reflect.New(t).Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)); err != nil {
			d.errorf(p, "%v", err)
		}
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		table, ok := v.(map[string]any)
		if !ok {
			wrong("a table")
			return
		}
		fields := fieldsOf(t)
		for k, v := range table {
			if f, ok := fields[k]; ok {
				d.check(v, f.Type, p.key(k))
			} else {
				d.errorf(p.key(k), "unknown key %q%s", k, DidYouMean(k, maps.Keys(fields)))
			}
		}
	case reflect.Map:
		table, ok := v.(map[string]any)
		if !ok {
			wrong("a table")
		}
		for k, v := range table {
			d.check(v, t.Elem(), p.key(k))
		}
	case reflect.Slice:
		list, ok := v.([]any)
		if tables, isTables := v.([]map[string]any); isTables {
			ok = true
			for _, table := range tables {
				list = append(list, table)
			}
		}
		if !ok {
			wrong("an array")
		}
		for i, v := range list {
			if table, ok := v.(map[string]any); ok && t.Elem() == reflect.TypeFor[Patch]() {
				d.id, _ = table["id"].(string)
			}
			d.check(v, t.Elem(), p.index(i))
		}
		if t.Elem() == reflect.TypeFor[Patch]() {
			d.id = ""
		}
	case reflect.String:
		if _, ok := v.(string); !ok {
			wrong("a string")
		}
	case reflect.Bool:
		if _, ok := v.(bool); !ok {
			wrong("true or false")
		}
	case reflect.Float64:
		_, isFloat := v.(float64)
		if _, isInt := v.(int64); !isFloat && !isInt {
			wrong("a number")
		}
	case reflect.Int, reflect.Int64:
		n, ok := v.(int64)
		if !ok {
			wrong("an integer")
		} else if reflect.Zero(t).OverflowInt(n) {
			d.errorf(p, "%d is too large", n)
		}
	}
}

// place tells every Patch in v where it stands.
func (d *decoder) place(v reflect.Value, p tomlPath) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			d.place(v.Elem(), p)
		}
	case reflect.Struct:
		if patch, ok := v.Addr().Interface().(*Patch); ok {
			patch.file, patch.path, patch.lines = d.file, p, d.lines
			return
		}
		for k, f := range fieldsOf(v.Type()) {
			d.place(v.FieldByIndex(f.Index), p.key(k))
		}
	case reflect.Slice:
		for i := range v.Len() {
			d.place(v.Index(i), p.index(i))
		}
	}
}

// fieldsOf returns the fields that TOML keys are stored in, by key.
func fieldsOf(t reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		if f.IsExported() && name != "-" {
			fields[cmp.Or(name, f.Name)] = f
		}
	}
	return fields
}

func kindOf(v any) string {
	switch v := v.(type) {
	case string:
		return "a string"
	case bool:
		return "true or false"
	case int64:
		return "an integer"
	case float64:
		return "a number"
	case time.Time:
		return "a date"
	case map[string]any:
		return "a table"
	case []any, []map[string]any:
		return "an array"
	default:
		return fmt.Sprintf("a %T", v)
	}
}
