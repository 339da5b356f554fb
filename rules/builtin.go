package rules

//go:generate go test -run "Test(Builtin|Model)Generated" -update .

// Builtin returns the rules that Cork comes with, in the order of their ids,
// without their examples. They are compiled into the program, so that starting
// it parses nothing. The caller must not change them; [Merge] copies what it
// changes.
//
// The source is builtin/*.toml, one provider or family per file.
func Builtin() []Rule { return builtin[:len(builtin):len(builtin)] }
