package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// wellFormed returns an error unless text is a report in a format, as those who
// read the format read it.
func wellFormed(format string, text []byte) error {
	if format == "azure" {
		var err error
		if text, err = withoutIssues(text); err != nil {
			return err
		}
	}
	if err := harmless(text, format == "csv"); err != nil {
		return err
	}
	switch format {
	case "json":
		return validate("", text)
	case "jsonl":
		lines := bytes.SplitAfter(text, []byte("\n"))
		for i, line := range lines[:len(lines)-1] {
			var got map[string]any
			if err := json.Unmarshal(line, &got); err != nil {
				return fmt.Errorf("line %d: %w", i+1, err)
			}
			if _, last := got["summary"]; last != (i == len(lines)-2) {
				return fmt.Errorf("line %d of %d: the summary is the last line, and no other", i+1, len(lines)-1)
			}
		}
		if len(lines) < 2 || len(lines[len(lines)-1]) > 0 {
			return errors.New("it does not end in a line")
		}
		return nil
	case "sarif", "gitlab", "codequality", "sonar", "gitleaks-json":
		name := map[string]string{"sarif": "sarif-2.1.0", "gitleaks-json": "gitleaks"}[format]
		if name == "" {
			name = format
		}
		return validate(name, text)
	case "junit":
		return validateXML(text)
	case "csv":
		return wellFormedCSV(text)
	case "github":
		return wellFormedCommands(text)
	case "markdown":
		return wellFormedMarkdown(text)
	case "text", "azure":
		return nil
	}
	return fmt.Errorf("nothing is known about the format %q", format)
}

// harmless holds every format to what all have in common: UTF-8, no character
// that a terminal does not simply show, nothing that a CI system takes for a
// command in the midst of a line, and a line end at the end.
func harmless(text []byte, crlf bool) error {
	if !utf8.Valid(text) {
		return errors.New("it is not UTF-8")
	}
	for _, r := range string(text) {
		if r != '\n' && !unicode.IsPrint(r) && !(crlf && r == '\r') {
			return fmt.Errorf("it holds %U", r)
		}
	}
	for _, command := range []string{"##[", "##vso["} {
		if bytes.Contains(text, []byte(command)) {
			return fmt.Errorf("it holds %s", command)
		}
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		return errors.New("the last line does not end")
	}
	return nil
}

// schemas are those in testdata, compiled once.
var schemas = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	files, err := filepath.Glob("testdata/*.schema.json")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no schemas in testdata: %v", err)
	}
	all := make(map[string]*jsonschema.Schema)
	for _, file := range files {
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		schema, err := c.Compile(file)
		if err != nil {
			return nil, err
		}
		all[strings.TrimSuffix(filepath.Base(file), ".schema.json")] = schema
	}
	return all, nil
})

// validate reads one JSON value and validates it by a schema, if there is one.
func validate(name string, text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil || name == "" {
		return err
	}
	all, err := schemas()
	if err != nil {
		return err
	}
	if all[name] == nil {
		return fmt.Errorf("there is no schema %q", name)
	}
	return all[name].Validate(value)
}

func wellFormedCSV(text []byte) error {
	if bytes.Count(text, []byte("\n")) != bytes.Count(text, []byte("\r\n")) || bytes.Count(text, []byte("\r")) != bytes.Count(text, []byte("\n")) {
		return errors.New("a line does not end in CRLF")
	}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll() // as many fields in each
	if err != nil {
		return err
	}
	if len(records) == 0 || records[0][0] != "rule" {
		return errors.New("there is no header")
	}
	for i, record := range records {
		for _, cell := range record {
			if cell != "" && strings.Contains("=+-@\t\r", cell[:1]) {
				return fmt.Errorf("record %d: a spreadsheet computes %q", i, cell)
			}
		}
	}
	return nil
}

var workflowCommand = regexp.MustCompile(`^::(error|warning) ([A-Za-z]+=[^:,]*)(,[A-Za-z]+=[^:,]*)*::`)

// wellFormedCommands reads workflow commands as GitHub's runner does.
func wellFormedCommands(text []byte) error {
	errs := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if !workflowCommand.MatchString(line) {
			return fmt.Errorf("no command: %q", line)
		}
		if bad := regexp.MustCompile(`%([^0-9]|.[^0-9A-D])`).FindString(line); bad != "" {
			return fmt.Errorf("a percent sign is not escaped: %q", line)
		}
		if strings.HasPrefix(line, "::error") {
			errs++
		}
	}
	if errs > 10 {
		return fmt.Errorf("%d errors", errs)
	}
	return nil
}

var issueCommand = regexp.MustCompile(`^##vso\[task\.logissue type=(error|warning)((;[a-z]+=[^;\]]*)*)\]`)

// withoutIssues reads logging commands as Azure's agent does, and returns what is
// in them.
func withoutIssues(text []byte) ([]byte, error) {
	var rest strings.Builder
	errs := 0
	for line := range strings.Lines(string(text)) {
		m := issueCommand.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("no command: %q", line)
		}
		if bad := regexp.MustCompile(`%([^A0-9]|A[^Z]|[0-9][^0-9A-D])`).FindString(line); bad != "" {
			return nil, fmt.Errorf("a percent sign is not escaped: %q", line)
		}
		if m[1] == "error" {
			errs++
		}
		rest.WriteString(m[2] + " " + line[len(m[0]):])
	}
	if errs > 10 {
		return nil, fmt.Errorf("%d errors", errs)
	}
	return []byte(rest.String()), nil
}

// wellFormedMarkdown holds tables to their columns, and everything to be free of
// HTML and Markdown but what the writer itself writes.
func wellFormedMarkdown(text []byte) error {
	if len(text) > 1<<20 {
		return fmt.Errorf("%d bytes", len(text))
	}
	columns := 0
	for line := range strings.Lines(string(text)) {
		own := strings.NewReplacer("<code>", "", "</code>", "").Replace(strings.TrimSuffix(line, "\n"))
		for _, prefix := range []string{"### ", "- ", "|---|---|---|---|---|", "|---|---|---|---|", "**Not all was scanned:**", "**Note:** "} {
			own = strings.TrimPrefix(own, prefix)
		}
		if bad := strings.IndexAny(own, "<>*_`~[]!\\@#$"); bad >= 0 && !regexp.MustCompile(`^[^&]*(&#\d+;[^&<>*_\x60~[\]!\\@$#]*)*$`).MatchString(own) {
			return fmt.Errorf("markup in %q", line)
		}
		switch n := strings.Count(line, "|"); {
		case n == 0:
			columns = 0
		case columns == 0:
			columns = n
		case n != columns:
			return fmt.Errorf("%d columns where there are %d: %q", n-1, columns-1, line)
		}
	}
	return nil
}

// An xsd is as much of an XML schema as the one in testdata uses.
type xsd struct {
	Elements []xsdElement `xml:"element"`
	Types    []struct {
		Name    string `xml:"name,attr"`
		Pattern struct {
			Value string `xml:"value,attr"`
		} `xml:"restriction>pattern"`
	} `xml:"simpleType"`
}

type xsdElement struct {
	Name string `xml:"name,attr"`
	Type struct {
		Mixed      bool     `xml:"mixed,attr"`
		Sequence   []xsdRef `xml:"sequence>element"`
		Choice     []xsdRef `xml:"choice>element"`
		Nested     []xsdRef `xml:"sequence>choice>element"`
		Attributes []struct {
			Name string `xml:"name,attr"`
			Type string `xml:"type,attr"`
			Use  string `xml:"use,attr"`
		} `xml:"attribute"`
	} `xml:"complexType"`
}

type xsdRef struct {
	Ref string `xml:"ref,attr"`
}

var junitSchema = sync.OnceValues(func() (s xsd, err error) {
	text, err := os.ReadFile("testdata/junit-10.xsd")
	if err == nil {
		err = xml.Unmarshal(text, &s)
	}
	if err == nil && len(s.Elements) < 10 {
		err = fmt.Errorf("the schema has %d elements", len(s.Elements))
	}
	return s, err
})

// validateXML holds a document to the schema's elements, what may stand in each,
// and their attributes.
func validateXML(text []byte) error {
	schema, err := junitSchema()
	if err != nil {
		return err
	}
	byName := make(map[string]*xsdElement)
	for i := range schema.Elements {
		byName[schema.Elements[i].Name] = &schema.Elements[i]
	}
	var open []*xsdElement
	roots := 0
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := byName[token.Name.Local]
			if e == nil {
				return fmt.Errorf("the schema has no element %s", token.Name.Local)
			}
			if len(open) == 0 {
				roots++
			} else if parent := open[len(open)-1]; !slices.Contains(slices.Concat(parent.Type.Sequence, parent.Type.Choice, parent.Type.Nested), xsdRef{e.Name}) {
				return fmt.Errorf("%s in %s", e.Name, parent.Name)
			}
			if err := validateAttributes(&schema, e, token.Attr); err != nil {
				return err
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && !open[len(open)-1].Type.Mixed && len(bytes.TrimSpace(token)) > 0 {
				return fmt.Errorf("text in %s", open[len(open)-1].Name)
			}
		}
	}
	if roots != 1 {
		return fmt.Errorf("%d roots", roots)
	}
	return nil
}

func validateAttributes(schema *xsd, e *xsdElement, attrs []xml.Attr) error {
	given := make(map[string]string)
	for _, a := range attrs {
		given[a.Name.Local] = a.Value
	}
	for _, a := range e.Type.Attributes {
		value, ok := given[a.Name]
		delete(given, a.Name)
		if !ok && a.Use == "required" {
			return fmt.Errorf("%s has no %s", e.Name, a.Name)
		}
		for _, t := range schema.Types {
			if ok && a.Type == t.Name && !regexp.MustCompile("^(?:"+t.Pattern.Value+")$").MatchString(value) {
				return fmt.Errorf("%s has %s=%q", e.Name, a.Name, value)
			}
		}
	}
	for name := range given {
		return fmt.Errorf("%s has %s, which the schema does not know", e.Name, name)
	}
	return nil
}
