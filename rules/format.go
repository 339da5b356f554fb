package rules

import (
	"bytes"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Field is one key of a rule as it is written in TOML.
type Field struct {
	Key   string
	Value any  // as in Rule
	Zero  bool // the rule does not say it
}

// Fields returns everything that a file can say about the rule, in the order
// in which it is best written. What was computed, such as the span of a regex
// that has bounds, is in it as if it had been written.
func (r *Rule) Fields() []Field {
	v := reflect.ValueOf(r).Elem()
	var fields []Field
	for i := range reflect.TypeFor[Patch]().NumField() {
		f := reflect.TypeFor[Patch]().Field(i)
		value := v.FieldByName(f.Name)
		if key := tomlKey(f); key != "" && value.IsValid() {
			fields = append(fields, Field{Key: key, Value: value.Interface(), Zero: isZero(value)})
		}
	}
	return fields
}

// tomlKey returns the key that a field is stored under, "" if under none.
func tomlKey(f reflect.StructField) string {
	key, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
	if !f.IsExported() || key == "-" {
		return ""
	}
	return key
}

// isZero takes an empty list for one that was not given.
func isZero(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Struct:
		for i := range v.NumField() {
			if !isZero(v.Field(i)) {
				return false
			}
		}
		return true
	}
	return v.IsZero()
}

// Format returns the rule as a [[rule]] table. [Parse] makes the same rule of
// it, for every rule that Parse could have made.
func Format(r Rule) []byte {
	if r.Span != 0 {
		// One that Compile would compute is not written.
		c := r
		c.Span, c.prepared = 0, prepared{}
		if c.prepare(); c.Span == r.Span {
			r.Span = 0
		}
	}
	return formatFields(r.Fields())
}

// fields returns the keys that are given.
func (p *Patch) fields() (fields []Field) {
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		value := v.Field(i)
		key := tomlKey(v.Type().Field(i))
		if key == "" || value.IsNil() {
			continue
		}
		if value.Kind() == reflect.Pointer {
			value = value.Elem()
		}
		fields = append(fields, Field{Key: key, Value: value.Interface()})
	}
	return fields
}

func formatFields(fields []Field) []byte {
	var b bytes.Buffer
	b.WriteString("[[rule]]\n")
	var tables []Field
	for _, f := range fields {
		switch {
		case f.Zero:
		case isTable(reflect.TypeOf(f.Value)):
			tables = append(tables, f)
		default:
			writeKey(&b, f.Key, reflect.ValueOf(f.Value))
		}
	}
	for _, f := range tables { // below all that is not a table, or it would be theirs
		writeTable(&b, "rule."+f.Key, reflect.ValueOf(f.Value))
	}
	return b.Bytes()
}

// FormatValue returns a string or a list of strings as TOML.
func FormatValue[T string | []string](value T) string {
	v := reflect.ValueOf(value)
	if v.Kind() == reflect.String {
		return tomlValue(v)
	}
	var b bytes.Buffer
	writeKey(&b, "", v)
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), " = "), "\n")
}

// isTable reports whether values of the type are tables or lists of tables.
func isTable(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && !t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

func writeTable(b *bytes.Buffer, name string, v reflect.Value) {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			writeFields(b, "[["+name+"]]", name, v.Index(i))
		}
		return
	}
	writeFields(b, "["+name+"]", name, v)
}

func writeFields(b *bytes.Buffer, header, name string, v reflect.Value) {
	b.WriteString("\n" + header + "\n")
	for _, tables := range []bool{false, true} {
		for i := range v.NumField() {
			key, value := tomlKey(v.Type().Field(i)), v.Field(i)
			if key == "" || isZero(value) || isTable(value.Type()) != tables {
				continue
			}
			if tables {
				writeTable(b, name+"."+key, value)
			} else {
				writeKey(b, key, value)
			}
		}
	}
}

// maxListLine is how long, in bytes, a list may get on one line.
const maxListLine = 100

func writeKey(b *bytes.Buffer, key string, v reflect.Value) {
	if v.Kind() != reflect.Slice {
		b.WriteString(key + " = " + tomlValue(v) + "\n")
		return
	}
	values := make([]string, v.Len())
	for i := range values {
		values[i] = tomlValue(v.Index(i))
	}
	if line := key + " = [" + strings.Join(values, ", ") + "]"; len(line) <= maxListLine {
		b.WriteString(line + "\n")
		return
	}
	b.WriteString(key + " = [\n")
	for _, value := range values {
		b.WriteString("  " + value + ",\n")
	}
	b.WriteString("]\n")
}

func tomlValue(v reflect.Value) string {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err == nil {
			return tomlString(string(text))
		}
	}
	switch v.Kind() {
	case reflect.String:
		return tomlString(v.String())
	case reflect.Float64:
		s := strconv.FormatFloat(v.Float(), 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	return fmt.Sprint(v.Interface()) // integers and booleans
}

// tomlString quotes a string, without escapes where that is possible: it may be
// an expression.
func tomlString(s string) string {
	plain := utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
	switch {
	case plain && !strings.ContainsAny(s, `"\`):
		return `"` + s + `"`
	case plain && !strings.Contains(s, "'"):
		return "'" + s + "'"
	case plain && !strings.Contains(s, "'''") && !strings.HasSuffix(s, "'"):
		return "'''" + s + "'''"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case slices.Contains([]rune{'"', '\\'}, r):
			b.WriteString(`\` + string(r))
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// FormatKey returns `key = value` as [Format] writes it, with a line end. The value
// is a string, a number, a boolean or a slice of these.
func FormatKey(key string, value any) string {
	var b bytes.Buffer
	writeKey(&b, key, reflect.ValueOf(value))
	return b.String()
}
