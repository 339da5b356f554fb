package rules

import (
	"bytes"
	"hash/maphash"
	"slices"
	"sync/atomic"
)

// Which assignment rules a key is for depends on its text alone: on the keywords
// in it, and on the names that the text may stand for. Source code is full of
// keys with common keywords ("key", "token", "pass"), and most are for no rule at
// all. So what was found out about a key is remembered.

// A keyName is what is known about the text of a key.
type keyName struct {
	text  string
	names []namedRules // of names that no rule looks for there is none
}

// namedRules are the rules that look for a name that a key stands for.
type namedRules struct {
	text  string // of the key that the name is made of; without what only says what is done with it
	name  string
	rules []int32 // in order
}

// keyNames remembers some of the keys that were looked at last.
type keyNames struct {
	seed  maphash.Seed
	slots [1 << 13]atomic.Pointer[keyName]
}

// slot returns where a key is remembered, or would be.
func (k *keyNames) slot(text []byte) *atomic.Pointer[keyName] {
	return &k.slots[maphash.Bytes(k.seed, text)%uint64(len(k.slots))]
}

// newKeyName finds out about a key.
func (s *Set) newKeyName(text []byte) *keyName {
	k := &keyName{text: string(text)}
	var announced []int32
	s.literals.each(text, 0, len(text), func(literal, start int) {
		// A keyword with a blank in it is in another key than the words of it.
		if ks, ke := keyAround(text, start, start+len(s.literals.texts[literal])); ks == 0 && ke == len(text) {
			use := &s.uses[literal]
			announced = append(announced, s.refs[use.names:use.last]...)
		}
	})
	slices.Sort(announced)
	announced = slices.Compact(announced)
	for _, t := range readings(text) {
		n := namedRules{text: string(t), name: normalise(t)}
		for _, i := range announced {
			if s.rules[i].looksFor(n.name) {
				n.rules = append(n.rules, i)
			}
		}
		if len(n.rules) > 0 {
			k.names = append(k.names, n)
		}
	}
	return k
}

// of returns what is known about the name that is a part of the key's text, nil
// if no rule looks for it.
func (k *keyName) of(text []byte) *namedRules {
	for i := range k.names {
		if k.names[i].text == string(text) {
			return &k.names[i]
		}
	}
	return nil
}

// comparing are ends of keys that are calls which compare.
var comparing = [...]string{".equals", ".Equals", ".equalsIgnoreCase", ".contentEquals"}

// readings returns the parts of a key that can be its name: the parser knows
// which it is when it has seen what stands around the key.
func readings(key []byte) [][]byte {
	all := [][]byte{key}
	for _, f := range comparing {
		if rest, ok := bytes.CutSuffix(key, []byte(f)); ok {
			all = append(all, rest)
		}
	}
	if isProperty(key) {
		all = append(all, key[1:])
	}
	return all
}

// isProperty reports whether a flag may set a property, as in java -Dkey=value.
func isProperty(flag []byte) bool {
	return len(flag) > 1 && flag[0] == 'D' && 'a' <= flag[1] && flag[1] <= 'z'
}

// follows are the bytes that can stand behind a key to which the parser finds a
// value. See toValue.
var follows = byteSetOf("\"'`\\&" + "[])<>" + "=:!?|+" + ",(" + " \t\r\n")

func byteSetOf(bytes string) *byteSet {
	set := new(byteSet)
	for _, c := range []byte(bytes) {
		set.add(c)
	}
	return set
}

// key judges the values that are assigned to the key around a keyword.
func (f *finder) key(start, n int) {
	ks, ke := keyAround(f.buf, start, start+n)
	if f.tracks {
		// What keyAround looked at.
		from, to := start, start+n
		for from > 0 && start-from <= maxKeyName && isKeyByte(f.buf[from-1]) {
			from--
		}
		for to < len(f.buf) && to-start-n <= maxKeyName && isKeyByte(f.buf[to]) {
			to++
		}
		f.looked(from-1, to+1)
	}
	if ke-ks > maxKeyName {
		return
	}
	if f.keyStart == ks && f.keyEnd == ke { // another keyword in it
		f.looked(f.parsed.Start, f.parsed.End)
		return
	}
	f.keyStart, f.keyEnd = ks, ke
	f.parsed = Span{ks, ke}
	if ke == len(f.buf) || !follows.has(f.buf[ke]) && !(f.buf[ke] == ';' && f.file().kind == kindTable) {
		return
	}
	// To most keys nothing is assigned: these need not be known.
	slot := f.set.keys.slot(f.buf[ks:ke])
	k := slot.Load()
	known := k != nil && k.text == string(f.buf[ks:ke])
	if known && len(k.names) == 0 {
		return
	}
	f.parse(ks, ke)
	f.looked(f.parsed.Start, f.parsed.End)
	if len(f.assignments) == 0 {
		return
	}
	if !known {
		k = f.set.newKeyName(f.buf[ks:ke])
		slot.Store(k)
	}
	for i := range f.assignments {
		a := &f.assignments[i]
		named := k.of(a.key)
		if named == nil {
			continue
		}
		a.name = named.name
		for _, i := range named.rules {
			f.assigned(&f.set.rules[i], a)
		}
	}
	f.judged(ks, ke)
}
