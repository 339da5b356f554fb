// Package compat reads what other scanners left in a repository: their rules,
// their exceptions, and what they have found before.
//
//	s, err := compat.Parse(compat.Input{Name: ".gitleaks.toml", Data: data})
//	for _, e := range s.Allow { … }
//
// Every parser turns foreign bytes into Cork's own values: rules, entries of an
// allowlist, and notes about what has no counterpart. It does no I/O: a file that
// refers to another one gets it from [Input.Open].
//
// # Law
//
// A file that is not understood is an error, with its line. What is understood and
// has no counterpart is left out and noted, and only such things are left out that
// would hide something: Cork then reports too much, never too little. An exception
// that would hide everything is left out too.
//
// Formats are written down from what their programs document and write; see the
// comment of each parser.
//
// # Known tradeoffs
//
// Expressions are RE2, whatever the other scanner has. What needs more (look-around,
// back-references) is an error in a rule and is left out of exceptions.
package compat
