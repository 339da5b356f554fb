package compat

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/cork-scanner/cork/rules"
)

// A document is a TOML file that is read key by key, because other scanners take
// keys in either case and leave out those that they do not know.
type document struct {
	name  string
	lines rules.Lines
	errs  []error
}

// A table is a table of a document. Keys are in lower case.
type table struct {
	doc  *document
	path []any
	keys map[string]string // as written
	m    map[string]any    // by key as written
	used map[string]bool
}

func readTOML(name string, data []byte) (*table, error) {
	lines, err := rules.NewLines(data)
	if err != nil {
		var e *rules.Error
		if errors.As(err, &e) {
			e.File = name
		}
		return nil, err
	}
	var m map[string]any
	if err := toml.Unmarshal(data, &m); err != nil {
		e := &rules.Error{File: name, Line: 1, Msg: strings.TrimPrefix(err.Error(), "toml: ")}
		var pe toml.ParseError
		if errors.As(err, &pe) {
			e.Line, e.Msg = max(1, pe.Position.Line), pe.Message
		}
		return nil, e
	}
	return newTable(&document{name: name, lines: lines}, nil, m), nil
}

func newTable(doc *document, path []any, m map[string]any) *table {
	t := &table{doc: doc, path: path, m: m, keys: make(map[string]string), used: make(map[string]bool)}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		t.keys[strings.ToLower(k)] = k
	}
	return t
}

// line returns the 1-based line of a key, or of the table if it has no such key.
func (t *table) line(key string) int {
	path := slices.Clone(t.path)
	if written, ok := t.keys[strings.ToLower(key)]; ok {
		path = append(path, written)
	}
	return t.doc.lines.Of(path...)
}

func (t *table) get(key string) (any, bool) {
	key = strings.ToLower(key)
	t.used[key] = true
	v, ok := t.m[t.keys[key]]
	return v, ok
}

func (t *table) errorf(key, msg string) {
	t.doc.errs = append(t.doc.errs, &rules.Error{File: t.doc.name, Line: t.line(key), Msg: msg})
}

// has reports whether the table has a key.
func (t *table) has(key string) bool {
	_, ok := t.keys[strings.ToLower(key)]
	return ok
}

func (t *table) string(key string) string {
	v, ok := t.get(key)
	s, isString := v.(string)
	if ok && !isString {
		t.errorf(key, "\""+key+"\" must be a string")
	}
	return s
}

func (t *table) bool(key string) bool {
	v, ok := t.get(key)
	b, isBool := v.(bool)
	if ok && !isBool {
		t.errorf(key, "\""+key+"\" must be true or false")
	}
	return b
}

func (t *table) float(key string) float64 {
	v, ok := t.get(key)
	switch v := v.(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	}
	if ok {
		t.errorf(key, "\""+key+"\" must be a number")
	}
	return 0
}

func (t *table) int(key string) int {
	v, ok := t.get(key)
	n, isInt := v.(int64)
	if ok && (!isInt || n < 0 || n > 1<<30) {
		t.errorf(key, "\""+key+"\" must be a number from 0 on")
		return 0
	}
	return int(n)
}

// strings returns a list of strings; one string stands for a list of it.
func (t *table) strings(key string) []string {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	if s, isString := v.(string); isString {
		return []string{s}
	}
	list, isList := v.([]any)
	var out []string
	for _, e := range list {
		s, isString := e.(string)
		if !isString {
			isList = false
			break
		}
		out = append(out, s)
	}
	if !isList {
		t.errorf(key, "\""+key+"\" must be a list of strings")
	}
	return out
}

// table returns a table below this one, nil if there is none.
func (t *table) table(key string) *table {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	m, isTable := v.(map[string]any)
	if !isTable {
		t.errorf(key, "\""+key+"\" must be a table: ["+key+"]")
		return nil
	}
	return newTable(t.doc, append(slices.Clone(t.path), t.keys[strings.ToLower(key)]), m)
}

// tables returns a list of tables below this one.
func (t *table) tables(key string) []*table {
	v, ok := t.get(key)
	if !ok {
		return nil
	}
	var maps []map[string]any
	switch v := v.(type) {
	case []map[string]any:
		maps = v
	case []any:
		for _, e := range v {
			m, isTable := e.(map[string]any)
			if !isTable {
				t.errorf(key, "\""+key+"\" must be a list of tables: [["+key+"]]")
				return nil
			}
			maps = append(maps, m)
		}
	default:
		t.errorf(key, "\""+key+"\" must be a list of tables: [["+key+"]]")
	}
	var out []*table
	for i, m := range maps {
		out = append(out, newTable(t.doc, append(slices.Clone(t.path), t.keys[strings.ToLower(key)], i), m))
	}
	return out
}

// unused returns the keys, as written, that nobody asked for.
func (t *table) unused() []string {
	var out []string
	for k, written := range t.keys {
		if !t.used[k] {
			out = append(out, written)
		}
	}
	slices.Sort(out)
	return out
}
