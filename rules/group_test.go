package rules_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cork-scanner/cork/rules"
)

// partRules are a secret with a key id of its own and a host, a second secret
// of the same host that may have the first as a part, and a weak one that is
// nothing without its site or its account.
func partRules() []rules.Rule {
	pattern := func(id, prefix string, parts ...rules.Part) rules.Rule {
		return rules.Rule{
			ID: id, Description: id + " thing", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceMedium, Provider: "Acme",
			Regex: `\b` + prefix + `-[a-z0-9]{1,40}\b`, Keywords: []string{prefix}, Parts: parts,
		}
	}
	only := func(r rules.Rule) rules.Rule { r.PartOnly = true; return r }
	host := rules.Part{Name: "host", Rules: []string{"host"}, Lines: 5}
	return []rules.Rule{
		pattern("secret", "SEC", rules.Part{Name: "key id", Rules: []string{"key", "old-key"}, Lines: 3, Bytes: 200}, host),
		pattern("key", "KEY"),
		pattern("old-key", "OLD"),
		pattern("refresh", "REF", rules.Part{Name: "client secret", Rules: []string{"secret"}, Lines: 3}, host),
		pattern("weak", "WEAK", rules.Part{Name: "site", Rules: []string{"site", "account"}, Lines: 2, Required: true}),
		pattern("account", "ACC"),
		only(pattern("host", "HOST")),
		only(pattern("site", "SITE")),
		pattern("both", "BOTH", rules.Part{Name: "id", Rules: []string{"both-id"}}),
		func() rules.Rule {
			r := only(pattern("both-id", "BOTH"))
			r.Regex = `\bBOTH-i[a-z0-9]{0,40}\b`
			return r
		}(),
		{
			ID: "general", Description: "general thing", Severity: rules.SeverityLow, Confidence: rules.ConfidenceMedium,
			Regex: `(?:WEAK-|ANY-|HOST-x)([a-z0-9]{1,40})`, Group: 1, Keywords: []string{"WEAK-", "ANY-", "HOST-x"},
		},
	}
}

// groups renders matches as "secret(part=its secret ...)".
func groups(content string, ms []rules.Match) string {
	var out []string
	text := func(m *rules.Match) string { return content[m.SecretStart:m.SecretEnd] }
	for _, m := range ms {
		s := text(&m)
		if len(m.Parts) > 0 {
			var parts []string
			for _, p := range m.Parts {
				parts = append(parts, p.Name+"="+text(&p.Match))
			}
			s += "(" + strings.Join(parts, " ") + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestGroup(t *testing.T) {
	set := mustCompile(t, partRules())
	gap := strings.Repeat("\n", 4)
	for _, tt := range []struct {
		name, content, want string
	}{
		{"nothing", "", ""},
		{"alone", "SEC-a", "SEC-a"},
		{"a credential that is a part elsewhere", "KEY-a", "KEY-a"},
		{"an identifier", "HOST-a SITE-b", ""},
		{"a secret in an identifier", "HOST-xa", "a"},
		{"a pair", "KEY-a\nSEC-a", "SEC-a(key id=KEY-a)"},
		{"the other way round", "SEC-a\nKEY-a", "SEC-a(key id=KEY-a)"},
		{"of the other rule", "OLD-a\nSEC-a", "SEC-a(key id=OLD-a)"},
		{"the nearest of both rules", "OLD-a\n\nKEY-a\nSEC-a", "OLD-a SEC-a(key id=KEY-a)"},
		{"all parts", "HOST-a\nKEY-a\nSEC-a", "SEC-a(key id=KEY-a host=HOST-a)"},
		{"just near enough", "KEY-a\n\n\nSEC-a", "SEC-a(key id=KEY-a)"},
		{"a line too far", "KEY-a\n\n\n\nSEC-a", "KEY-a SEC-a"},
		{"bytes enough", "KEY-a" + strings.Repeat(" ", 200) + "SEC-a", "SEC-a(key id=KEY-a)"},
		{"a byte too far", "KEY-a" + strings.Repeat(" ", 201) + "SEC-a", "KEY-a SEC-a"},
		{"the nearest", "KEY-a\nKEY-b\nSEC-a", "KEY-a SEC-a(key id=KEY-b)"},
		{"as near before as behind", "KEY-a\nSEC-a\nKEY-b", "SEC-a(key id=KEY-a) KEY-b"},
		{"lines before bytes", "KEY-a\nSEC-a" + strings.Repeat(" ", 50) + "KEY-b", "KEY-a SEC-a(key id=KEY-b)"},
		{"one of a kind", "SEC-a KEY-a SEC-b", "SEC-a SEC-b(key id=KEY-a)"},

		{"a list, id first", "KEY-a\nSEC-a\nKEY-b\nSEC-b\nKEY-c\nSEC-c", "SEC-a(key id=KEY-a) SEC-b(key id=KEY-b) SEC-c(key id=KEY-c)"},
		{"a list, secret first", "SEC-a\nKEY-a\nSEC-b\nKEY-b\nSEC-c\nKEY-c", "SEC-a(key id=KEY-a) SEC-b(key id=KEY-b) SEC-c(key id=KEY-c)"},
		{"a list on one line", "SEC-a,KEY-a,SEC-b,KEY-b", "SEC-a(key id=KEY-a) SEC-b(key id=KEY-b)"},
		{"columns", "KEY-a KEY-b\nSEC-a SEC-b", "SEC-a(key id=KEY-a) SEC-b(key id=KEY-b)"},
		{"as many as possible", "KEY-a\n\nKEY-b\nSEC-a\nSEC-b", "SEC-a(key id=KEY-a) SEC-b(key id=KEY-b)"},
		{"two orders", "KEY-a\nSEC-a" + gap + "SEC-b\nKEY-b", "SEC-a(key id=KEY-a) SEC-b(key id=KEY-b)"},

		{"a host serves several", "HOST-a\nSEC-a\nSEC-b", "SEC-a(host=HOST-a) SEC-b(host=HOST-a)"},
		{"each its own host", "HOST-a\nSEC-a\nHOST-b\nSEC-b", "SEC-a(host=HOST-a) SEC-b(host=HOST-b)"},
		{"a host of what comes behind it", "HOST-a\nSEC-a\nSEC-b\nHOST-b\nSEC-c", "SEC-a(host=HOST-a) SEC-b(host=HOST-a) SEC-c(host=HOST-b)"},

		{"a part has parts", "KEY-a\nSEC-a\nREF-a\nHOST-a", "REF-a(client secret=SEC-a key id=KEY-a host=HOST-a)"},
		{"a part that serves another", "REF-a\nSEC-a\nREF-b", "REF-a REF-b(client secret=SEC-a)"},

		{"one rule for id and secret", "BOTH-ia\nBOTH-sa", "BOTH-sa(id=BOTH-ia)"},
		{"a list of one rule", "BOTH-ia\nBOTH-sa\nBOTH-ib\nBOTH-sb\nBOTH-ic", "BOTH-sa(id=BOTH-ia) BOTH-sb(id=BOTH-ib) BOTH-ic"},

		{"lacks what it requires", "WEAK-a ANY-b", "a b"}, // and does not hide what is there
		{"has what it requires", "SITE-s\nWEAK-a", "WEAK-a(site=SITE-s)"},
		{"has it too far away", "SITE-s\n\n\nWEAK-a", "a"},
		{"several need it", "SITE-s\nWEAK-a\nWEAK-b", "WEAK-a(site=SITE-s) WEAK-b(site=SITE-s)"},
		{"several need a credential", "ACC-s\nWEAK-a\nWEAK-b", "WEAK-a(site=ACC-s) WEAK-b(site=ACC-s)"},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			if got := groups(tt.content, set.Match("f", []byte(tt.content))); got != tt.want {
				t.Errorf("Match(%q) = %s, want %s", tt.content, got, tt.want)
			}
		})
	}
}

// TestGroupConfidence: parts raise it, by one step.
func TestGroupConfidence(t *testing.T) {
	const low, medium, high = rules.ConfidenceLow, rules.ConfidenceMedium, rules.ConfidenceHigh
	content := "KEY-a HOST-a SEC-a"
	for _, tt := range []struct {
		is, min, want rules.Confidence
		groups        string
	}{
		{low, 0, medium, "SEC-a(key id=KEY-a host=HOST-a)"},
		{medium, 0, high, "SEC-a(key id=KEY-a host=HOST-a)"},
		{high, 0, high, "SEC-a(key id=KEY-a host=HOST-a)"},
		{low, medium, medium, "SEC-a(key id=KEY-a host=HOST-a)"},
		{low, high, 0, ""},
		{medium, high, high, "SEC-a(key id=KEY-a host=HOST-a)"},
	} {
		rs := partRules()[:8]
		rs[0].Confidence = tt.is
		set := mustCompile(t, rs)
		ms := set.Find("f", []byte(content), 0, len(content), true, true)
		got := rules.Group(ms, rules.Grouping{Lines: firstLine, Min: tt.min})
		if groups(content, got) != tt.groups {
			t.Errorf("Group(%v, at least %v) = %s, want %s", tt.is, tt.min, groups(content, got), tt.groups)
		} else if len(got) > 0 && got[0].Confidence != tt.want {
			t.Errorf("Group(%v, at least %v) has the confidence %v, want %v", tt.is, tt.min, got[0].Confidence, tt.want)
		}
	}
	// What is not reported takes nothing with it.
	rs := partRules()
	rs[0].Confidence, rs[1].Confidence = low, high
	ms := mustCompile(t, rs).Find("f", []byte(content), 0, len(content), true, true)
	if got := groups(content, rules.Group(ms, rules.Grouping{Lines: firstLine, Min: high})); got != "KEY-a" {
		t.Errorf("Group(%q, at least high) = %s, want KEY-a", content, got)
	}
}

func firstLine(*rules.Match) (first, last int) { return 1, 1 }

// TestGroupKnown: what is known can be a part, and is no news.
func TestGroupKnown(t *testing.T) {
	set := mustCompile(t, partRules())
	for _, tt := range []struct {
		name, content, want string // a match on a line with # is known
	}{
		{"known", "#KEY-a SEC-a", ""},
		{"new secret, known id", "#KEY-a\nSEC-a", "SEC-a(key id=KEY-a)"},
		{"known secret, new id", "KEY-a\n#SEC-a", "KEY-a"},
		{"the id of a known secret", "#KEY-a\n#SEC-a\nSEC-b", "SEC-b"},
		{"known secret, new host", "HOST-a\n#SEC-a", ""},
		{"new among known pairs", "#SEC-a\n#KEY-a\nSEC-b\nKEY-b\n#SEC-c\n#KEY-c", "SEC-b(key id=KEY-b)"},
		{"what is required is new", "SITE-a\n#WEAK-a", "WEAK-a(site=SITE-a)"},
		{"what is required was there", "#SITE-a\nSITE-b\n#WEAK-a", ""},
		{"what is required is known", "#SITE-a\nWEAK-a", "WEAK-a(site=SITE-a)"},
		{"known hides nothing", "#WEAK-aSITE\nSITE-b ANY-c", "c"},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			content := tt.content
			line := func(offset int) (n int) { return 1 + strings.Count(content[:offset], "\n") }
			ms := set.Find("f", []byte(content), 0, len(content), true, true)
			got := rules.Group(ms, rules.Grouping{
				Lines: func(m *rules.Match) (int, int) { return line(m.SecretStart), line(m.SecretEnd - 1) },
				Known: func(m *rules.Match) bool {
					return strings.HasPrefix(strings.Split(content, "\n")[line(m.SecretStart)-1], "#")
				},
			})
			if groups(content, got) != tt.want {
				t.Errorf("Group(%q) = %s, want %s", content, groups(content, got), tt.want)
			}
		})
	}
}

// TestGroupIdentifier: an identifier that a rule takes for a secret is one.
func TestGroupIdentifier(t *testing.T) {
	content := "HOST-xabc SEC-a SITE-s WEAK-a"
	for _, m := range mustCompile(t, partRules()).Match("f", []byte(content)) {
		for _, p := range m.Parts {
			if want := p.Name == "site"; p.Identifier != want {
				t.Errorf("%s: Identifier = %v, want %v", p.Name, p.Identifier, want)
			}
		}
	}
	// A finding of the very text of a part is that part.
	rs := partRules()
	rs[len(rs)-1].Group = 0
	rs[len(rs)-1].Regex = `HOST-xabc`
	set := mustCompile(t, rs)
	if got := groups(content, set.Match("f", []byte(content))); got != "SEC-a(host=HOST-xabc) WEAK-a(site=SITE-s)" {
		t.Errorf("Match(%q) = %s, want the host as a part alone", content, got)
	}
	if p := set.Match("f", []byte(content))[0].Parts[0]; p.Identifier {
		t.Errorf("the host is an identifier, although a rule takes it for a secret")
	}
}

// FuzzGroup: grouping loses no secret, whatever the order of the matches, and
// invents nothing.
func FuzzGroup(f *testing.F) {
	f.Add("KEY-a\nSEC-a\n#REF-b HOST-c\nWEAK-d SITE-e", uint64(1), uint8(0))
	f.Add("SEC-a,KEY-a,SEC-b,KEY-b,SEC-c\nKEY-d\n#SEC-d\nACC-a WEAK-x\n", uint64(2), uint8(3))
	f.Add(strings.Repeat("SEC-a KEY-b HOST-c\n", 9)+strings.Repeat("#REF-a\nSEC-d\n", 9), uint64(3), uint8(2))
	rs := partRules()
	rs[1].Confidence = rules.ConfidenceHigh
	rs[6].Confidence = rules.ConfidenceLow
	set, err := rules.Compile(rs)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content string, seed uint64, min uint8) {
		if len(content) > 4000 {
			return
		}
		line := func(offset int) (n int) { return 1 + strings.Count(content[:offset], "\n") }
		how := rules.Grouping{
			Lines: func(m *rules.Match) (int, int) { return line(m.SecretStart), line(m.SecretEnd - 1) },
			Known: func(m *rules.Match) bool {
				return strings.HasPrefix(strings.Split(content, "\n")[line(m.SecretStart)-1], "#")
			},
			Min: rules.Confidence(min % 4),
		}
		ms := set.Find("f", []byte(content), 0, len(content), true, true)
		got := rules.Group(ms, how)

		shuffled := slices.Concat(ms, ms)
		rand.New(rand.NewPCG(seed, seed)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if again := rules.Group(shuffled, how); !reflect.DeepEqual(again, got) {
			t.Fatalf("Group(%q) = %s, in another order %s", content, groups(content, got), groups(content, again))
		}

		place := func(m *rules.Match) string { return fmt.Sprint(m.Rule.ID, m.SecretStart, m.SecretEnd) }
		found := map[string]bool{}
		for i := range ms {
			found[place(&ms[i])] = true
		}
		reported, covered := map[string]bool{}, map[[2]int]bool{}
		for i := range got {
			m := &got[i]
			if !found[place(m)] || m.Rule.PartOnly || m.Confidence < how.Min || reported[place(m)] {
				t.Errorf("Group(%q) reports %s, which it should not", content, place(m))
			}
			reported[place(m)] = true
			covered[[2]int{m.SecretStart, m.SecretEnd}] = true
			for _, p := range m.Parts {
				if !found[place(&p.Match)] || p.Match.SecretEnd > m.SecretStart && p.Match.SecretStart < m.SecretEnd {
					t.Errorf("Group(%q): %s has the part %s", content, place(m), place(&p.Match))
				}
				covered[[2]int{p.Match.SecretStart, p.Match.SecretEnd}] = true
			}
		}
		var news []rules.Match
		for i := range ms {
			// Without its site a weak secret is none.
			if !how.Known(&ms[i]) && !ms[i].Rule.PartOnly && ms[i].Rule.ID != "weak" {
				news = append(news, ms[i])
			}
		}
		for _, m := range rules.Resolve(news) {
			weak := slices.ContainsFunc(got, func(w rules.Match) bool { return w.SecretStart < m.SecretEnd && w.SecretEnd > m.SecretStart })
			if m.Confidence >= how.Min && !covered[[2]int{m.SecretStart, m.SecretEnd}] && !weak {
				t.Errorf("Group(%q) = %s, which loses %s", content, groups(content, got), content[m.SecretStart:m.SecretEnd])
			}
		}
	})
}

// TestGroupMany: as many secrets as a file may have, as dense as they can be.
func TestGroupMany(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	rs := partRules()
	rs[0].Parts[0].Bytes, rs[0].Parts[1].Bytes = rules.MaxPartBytes, rules.MaxPartBytes
	set := mustCompile(t, rs)
	content := []byte(strings.Repeat("KEY-a SEC-b HOST-c SEC-d ", 2500))
	n := 0
	for _, m := range set.Match("f", content) {
		n += len(m.Parts)
	}
	if want := 2500 + 5000; n != want {
		t.Errorf("%d parts, want %d", n, want)
	}
}

func TestPartErrors(t *testing.T) {
	part := func(change func(*rules.Rule)) []rules.Rule {
		rs := partRules()
		for i := range rs {
			rs[i].Source = "f:1"
		}
		change(&rs[0])
		return rs
	}
	for _, tt := range []struct {
		name string
		in   []rules.Rule
		want []string
	}{
		{"correct", partRules(), nil},
		{"unknown rule", part(func(r *rules.Rule) { r.Parts[0].Rules = []string{"key", "olt-key"} }), []string{
			`f:1: rule "secret": part "key id": there is no rule "olt-key" (did you mean "old-key"?)`,
		}},
		{"itself", part(func(r *rules.Rule) { r.Parts[0].Rules = []string{"secret"} }), []string{`f:1: rule "secret": the rule is a part of itself`}},
		{"cycle", part(func(r *rules.Rule) { r.Parts[0].Rules = []string{"refresh"} }), []string{
			`f:1: rule "secret": part "key id": the rule "refresh" has this one as a part, be it by way of others`,
		}},
		{"needed by nothing", append(partRules(), func() rules.Rule {
			r := partRules()[6]
			r.ID = "lonely"
			return r
		}()), []string{`rule "lonely": never reports anything: it finds parts only, and no rule has it as a part`}},
		{"several", part(func(r *rules.Rule) {
			r.Parts = []rules.Part{{Lines: -1, Bytes: 1 << 20}, {Name: "a", Rules: []string{"key", "key"}}, {Name: "a", Rules: []string{"host"}}}
		}), []string{
			`f:1: rule "secret": a part without "name"`,
			`f:1: rule "secret": a part without "rules": the ids of the rules that find it`,
			`f:1: rule "secret": "lines" must be between 1 and 1000`,
			`f:1: rule "secret": "bytes" must be between 1 and 8192`,
			`f:1: rule "secret": the rule "key" is given twice`,
			`f:1: rule "secret": there are two parts with the name "a": give one of them all the rules`,
		}},
		{"a file's name", append(partRules(), rules.Rule{
			ID: "name", Description: "x", Paths: []string{"x"}, PartOnly: true, Parts: []rules.Part{{Name: "a", Rules: []string{"key"}}}, Source: "f:1",
		}), []string{
			`f:1: rule "name": "part_only" needs "regex" or "keys"`,
			`f:1: rule "name": a part needs "regex" or "keys": a file's name has no place that it could be near to`,
			`f:1: rule "name": what is never reported by itself (part_only) has no parts`,
			`f:1: rule "name": never reports anything: it finds parts only, and no rule has it as a part`,
		}},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			_, err := rules.Compile(tt.in)
			if want := strings.Join(tt.want, "\n"); errText(err) != want {
				t.Errorf("Compile: error\n%s\nwant\n%s", errText(err), want)
			}
		})
	}
}

// TestPartsFromTOML: as written, changed, and with a rule switched off.
func TestPartsFromTOML(t *testing.T) {
	const file = `
[[rule]]
id = "a-secret"
description = "secret"
severity = "low"
confidence = "low"
regex = 'SEC-[a-z]{3}'
keywords = ["SEC-"]
[[rule.part]]
name = "key id"
rules = ["a-key", "an-id"]
lines = 7
bytes = 99
[[rule.part]]
name = "host"
rules = ["a-host"]
required = true

[[rule]]
id = "a-key"
description = "key"
severity = "low"
confidence = "low"
regex = 'KEY-[a-z]{3}'
keywords = ["KEY-"]

[[rule]]
id = "an-id"
description = "id"
severity = "low"
confidence = "low"
regex = 'ID-[a-z]{3}'
keywords = ["ID-"]
part_only = true

[[rule]]
id = "a-host"
description = "host"
severity = "low"
confidence = "low"
regex = 'HOST-[a-z]{3}'
keywords = ["HOST-"]
part_only = true
`
	base, err := rules.Parse("f.toml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	want := []rules.Part{
		{Name: "key id", Rules: []string{"a-key", "an-id"}, Lines: 7, Bytes: 99},
		{Name: "host", Rules: []string{"a-host"}, Required: true},
	}
	if !reflect.DeepEqual(base[0].Parts, want) || base[0].PartOnly || !base[2].PartOnly {
		t.Errorf("Parse: parts = %+v, want %+v; part_only = %v, %v, want false, true", base[0].Parts, want, base[0].PartOnly, base[2].PartOnly)
	}
	merge := func(patch string, disable ...string) ([]rules.Rule, error) {
		var config struct {
			Rule []rules.Patch `toml:"rule"`
		}
		if err := rules.Decode("c", []byte(patch), &config); err != nil {
			return nil, err
		}
		return rules.Merge(base, config.Rule, disable)
	}
	for _, tt := range []struct {
		name, patch string
		disable     []string
		want        string // ids with their parts, or the error
	}{
		{"nothing", "", nil, "a-secret[key id:a-key,an-id host:a-host] a-key an-id a-host"},
		{"other parts", "[[rule]]\nid = 'a-secret'\n[[rule.part]]\nname = 'id'\nrules = ['a-key']\n", nil, "a-secret[id:a-key] a-key an-id a-host"},
		{"no parts", "[[rule]]\nid = 'a-secret'\npart = []\n", nil, "a-secret a-key an-id a-host"},
		{"one rule off", "", []string{"a-key"}, "a-secret[key id:an-id host:a-host] an-id a-host"},
		{"a part off", "", []string{"a-key", "an-id"}, "a-secret[host:a-host] a-host"},
		{"the secret off", "", []string{"a-secret"}, "a-key"},
		{"what is required off", "", []string{"a-host"}, `rule "a-host": cannot be disabled: the rule "a-secret" finds nothing without it; disable both`},
		{"both off", "", []string{"a-host", "a-secret"}, "a-key"},
		{"unknown key", "[[rule]]\nid = 'a-secret'\n[[rule.part]]\nname = 'id'\nrule = 'a-key'\n", nil,
			`c:5: rule "a-secret": unknown key "rule" (did you mean "rules"?)`},
		{"wrong parts", "[[rule]]\nid = 'a-secret'\n[[rule.part]]\nname = 'id'\nrules = ['a-key']\nlines = 5000\n[[rule.part]]\nrules = []\n", nil,
			"c:6: rule \"a-secret\": \"lines\" must be between 1 and 1000\n" +
				"c:7: rule \"a-secret\": a part without \"name\"\n" +
				`c:8: rule "a-secret": a part without "rules": the ids of the rules that find it`},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			merged, err := merge(tt.patch, tt.disable...)
			var got []string
			for _, r := range merged {
				s := r.ID
				var parts []string
				for _, p := range r.Parts {
					parts = append(parts, p.Name+":"+strings.Join(p.Rules, ","))
				}
				if len(parts) > 0 {
					s += "[" + strings.Join(parts, " ") + "]"
				}
				got = append(got, s)
			}
			if text := strings.Join(got, " ") + errText(err); text != tt.want {
				t.Errorf("Merge = %s\nwant    %s", text, tt.want)
			}
			if !reflect.DeepEqual(base[0].Parts, want) {
				t.Errorf("Merge changed its base to %+v", base[0].Parts)
			}
		})
	}
}

func TestTraceParts(t *testing.T) {
	set := mustCompile(t, partRules()[:8])
	content := "HOST-a\nSEC-a\n\n\n\n\n\n\nHOST-b WEAK-a\n"
	var got []string
	for _, c := range set.Trace("f", []byte(content)) {
		last := c.Tests[len(c.Tests)-1]
		got = append(got, fmt.Sprintf("%s: %v %s: %s", content[c.SecretStart:c.SecretEnd], last.Passed, last.Name, last.Detail))
	}
	want := []string{
		"HOST-a: true part: it is the host of a secret thing",
		"SEC-a: true part: the host stands on line 1",
		"HOST-b: false part: an identifier beside nothing that it opens",
		"WEAK-a: false part: no site near it",
	}
	if !slices.Equal(got, want) {
		t.Errorf("Trace(%q) =\n%s\nwant\n%s", content, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
