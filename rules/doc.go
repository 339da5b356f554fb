// Package rules says what a secret looks like.
//
// A [Rule] is data, written in TOML: which literals announce a credential,
// which expression or assignment holds it, how random it must be, what only
// looks like it, and how to revoke the real thing. [Compile] turns rules into
// a [Set], which is immutable and safe for concurrent use:
//
//	set, err := rules.Compile(rules.Builtin())
//	for _, m := range set.Match("config.yml", content) {
//		fmt.Println(m.Rule.ID, m.Start, m.End)
//	}
//
// # Literals first
//
// A Set looks for the literals of all its rules in one pass. Only where one of
// them stands does a rule look closer, and only at a bounded window around it,
// so the cost of a scan hardly depends on the number of rules. Expressions are
// RE2 (linear time) and compiled when they are first needed.
//
// # Windows
//
// Every rule says, or lets the compiler compute, how many bytes a match can
// span. A match is a function of the literal's position and of the bytes
// within that span of it, of nothing else. So a file that is read in pieces,
// or of which only the changed parts are read, yields the same matches as the
// file read whole, as long as the pieces overlap by [Set.Reach] bytes. A match
// that would need more than the span of its rule is not a match.
//
// # Proof
//
// Package check knows what can be proved of a secret without a network. A rule
// names its checks, which see the secret's bytes and nothing else. One that
// fails drops the match, one that doubts lowers its confidence by a step, one
// that passes makes it high; what opens less is of lower severity. A rule
// without a shape also drops what only stands for a secret, see placeholder.go.
//
// # Parts
//
// Many credentials are of several pieces: an id and a secret, a host and a
// token. The rule that finds the secret names the others, which further rules
// find:
//
//	[[rule.part]]
//	name = "account SID"
//	rules = ["twilio-account-sid"] # any of these
//	lines = 10                     # how far from the secret it may stand
//	required = true                # without it the secret is none
//
// A rule with part_only = true finds what is no secret by itself and is
// reported as a part alone. [Group] puts them together, each credential once.
//
// # Known tradeoffs
//
// Literals match ASCII letters in either case and everything else exactly.
// Parts are found by nearness, not by the structure of the file: where ids and
// secrets stand in disorder, a secret can be shown with another one's id.
// The package does no I/O: decoding, files and git are other packages' work.
package rules
