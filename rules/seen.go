package rules

// A sieve that looks far from a keyword would look at the same bytes again for
// the next one, and where keywords stand close together, at each byte thousands
// of times: of "eyJ" again and again, a megabyte took half a minute. So what was
// found out about the surroundings of one keyword is kept for the next.

// farSpan is how many bytes the matches of a rule may have before what its sieve
// saw is worth keeping.
const farSpan = 512

// seen is what a sieve knows of one buffer. A nil seen knows nothing, and is not
// told anything.
type seen struct {
	left, right Span // of which all bytes are in the sieve's set
	run, word   search
}

// hasRun reports whether buf[from:to) has the run of the sieve.
func (s *seen) hasRun(of *sieve, buf []byte, from, to int) bool {
	find := func(text []byte) int { return indexRun(of.run, text, of.runLen) }
	if s == nil {
		return find(buf[from:to]) >= 0
	}
	return s.run.in(buf, from, to, of.runLen, find)
}

// hasWord reports whether buf[from:to) has the word of the sieve.
func (s *seen) hasWord(word string, buf []byte, from, to int) bool {
	find := func(text []byte) int { return indexFold(text, word) }
	if s == nil {
		return find(buf[from:to]) >= 0
	}
	return s.word.in(buf, from, to, len(word), find)
}

// grow moves at to the right, up to hi, while the bytes are in the set.
func (s *seen) grow(set *byteSet, buf []byte, at, hi int) int {
	if s == nil {
		for at < hi && set.has(buf[at]) {
			at++
		}
		return at
	}
	if r := &s.right; at < r.Start || at > r.End {
		*r = Span{at, at}
	}
	end := max(at, min(s.right.End, hi))
	for end < hi && set.has(buf[end]) {
		end++
	}
	s.right.End = max(s.right.End, end)
	return end
}

// shrink moves at to the left, down to lo, while the bytes are in the set.
func (s *seen) shrink(set *byteSet, buf []byte, at, lo int) int {
	end := at
	for at > lo && set.has(buf[at-1]) {
		if at--; s != nil && at == s.left.End {
			at = max(lo, s.left.Start)
		}
	}
	if s != nil {
		s.left = Span{at, end}
	}
	return at
}

// A search is for something that has the same length wherever it stands. It
// remembers the last part of the buffer that does not have it, and the last
// place where it stands.
type search struct {
	none  Span
	at, n int // where it stands, and how long it is; of length 0: nowhere
}

// in reports whether buf[from:to) has something of n bytes. find returns where
// it begins in a text, or -1.
func (s *search) in(buf []byte, from, to, n int, find func(text []byte) int) bool {
	if s.n > 0 && s.at >= from && s.at+s.n <= to {
		return true
	}
	lo := from
	if from >= s.none.Start && from <= s.none.End {
		lo = max(from, s.none.End-n+1)
	} else {
		s.none = Span{from, from}
	}
	if lo < to {
		if i := find(buf[lo:to]); i >= 0 {
			s.at, s.n = lo+i, n
			return true
		}
	}
	s.none.End = max(s.none.End, to)
	return false
}

// seenFor returns what the sieve of a rule that reaches far has seen; nil for
// other rules.
func (f *finder) seenFor(p *program) *seen {
	if p.span <= farSpan {
		return nil
	}
	s := f.far[p]
	if s == nil {
		if f.far == nil {
			f.far = make(map[*program]*seen)
		}
		s = new(seen)
		f.far[p] = s
	}
	return s
}
