package compat_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/cork-scanner/cork/scanner/compat"
)

// TestFromERE holds what is made of an extended regular expression to what grep -E
// finds with it.
func TestFromERE(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		ere      string
		yes, not []string
	}{
		{`a\.b`, []string{"a.b"}, []string{"axb"}},
		{`[\w]`, []string{`\`, "w"}, []string{"x"}},
		{`[]a]x`, []string{"]x", "ax"}, []string{"bx"}},
		{`[^]a]x`, []string{"bx"}, []string{"]x", "ax"}},
		{`[[:digit:]]{3}`, []string{"123"}, []string{"12x"}},
		{`x{,2}y`, []string{"y", "xxy"}, nil},
		{`^x{,2}y`, []string{"xxy"}, []string{"xxxy"}},
		{`\<key\>`, []string{"a key b"}, []string{"monkey", "keys"}},
		{`\bkey\B`, []string{"keys"}, []string{"key "}},
		{`\Qa\E`, []string{"QaE"}, []string{"a"}},
		{`\pL`, []string{"pL"}, []string{"x"}},
		{`(a|b)+\/`, []string{"ab/"}, []string{"c/"}},
		{`[a^]b`, []string{"^b"}, []string{"cb"}},
		{`[a-c[]d`, []string{"[d", "bd"}, []string{"ed"}},
	} {
		expr, err := compat.FromERE(tc.ere)
		if err != nil {
			t.Errorf("FromERE(%q): %v", tc.ere, err)
			continue
		}
		re, err := regexp.Compile(expr)
		if err != nil {
			t.Errorf("FromERE(%q) = %q: %v", tc.ere, expr, err)
			continue
		}
		for _, text := range tc.yes {
			if !re.MatchString(text) {
				t.Errorf("FromERE(%q) = %q does not match %q", tc.ere, expr, text)
			}
		}
		for _, text := range tc.not {
			if re.MatchString(text) {
				t.Errorf("FromERE(%q) = %q matches %q", tc.ere, expr, text)
			}
		}
	}
	for _, ere := range []string{`(a)\1`, `a\`, `[a`, `[[:x`, `[[.a.]]`, `(`, `[[:nothing:]]`} {
		if expr, err := compat.FromERE(ere); err == nil {
			t.Errorf("FromERE(%q) = %q, want an error", ere, expr)
		}
	}
}

// TestLiterals shows what is looked for first.
func TestLiterals(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		expr string
		want []string
	}{
		{`\b(exs_[0-9a-z]{32})\b`, []string{"exs_"}},
		{`(?i)(?:acme|corp).{0,20}['"]([0-9a-f]{32})`, []string{"acme", "corp"}},
		{`[0-9a-f]{32}`, nil},
		{`(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA)[A-Z0-9]{16}`, []string{"a3t", "abia", "akia", "asia"}},
		{`(?:foo|fax)[0-9]+|fux`, []string{"fax", "foo", "fux"}},
		{`AKIA[A-Z2-7]{16}`, []string{"akia"}},
		{`(?:abc|abd)x`, []string{"abcx", "abdx"}},
		{`ab?c`, nil},
		{`key.*value`, []string{"value"}},
		{`(?:key)*value`, []string{"value"}},
		{`(?:key){2}`, []string{"keykey"}},
		{`(?:key)+`, []string{"key"}},
		{`a|token`, nil},
	} {
		got := compat.Literals(tc.expr)
		slices.Sort(got)
		if !slices.Equal(got, tc.want) {
			t.Errorf("Literals(%q) = %q, want %q", tc.expr, got, tc.want)
		}
	}
}

// TestFirstGroup finds the group that holds the secret in every match.
func TestFirstGroup(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		expr string
		want int
		sure bool
	}{
		{`abc`, 0, true},
		{`a(b)c`, 1, true},
		{`(a)(b)`, 1, true},
		{`(?:x(a))+`, 1, true},
		{`(a)?b`, 0, false},
		{`(a*)b`, 0, false},
		{`"(a)"|'(b)'`, 0, false},
		{`((a)|b)`, 1, true},
	} {
		if got, sure := compat.FirstGroup(tc.expr); got != tc.want || sure != tc.sure {
			t.Errorf("FirstGroup(%q) = %d, %v, want %d, %v", tc.expr, got, sure, tc.want, tc.sure)
		}
	}
}
