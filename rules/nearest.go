package rules

import (
	"fmt"
	"iter"
)

// DidYouMean returns ` (did you mean "…"?)` with the word nearest to s, or ""
// if none is near enough to be a slip of the hand.
func DidYouMean(s string, words iter.Seq[string]) string {
	if best := Nearest(s, words); best != "" {
		return fmt.Sprintf(" (did you mean %q?)", best)
	}
	return ""
}

// Nearest returns the word that s was probably meant to be, the first by
// alphabet among equals, or "" if none is near enough to be a slip of the
// hand.
func Nearest(s string, words iter.Seq[string]) string {
	best, bestDistance := "", max(2, len(s)/3)+1
	for w := range words {
		d := editDistance(s, w, bestDistance+1)
		if d < bestDistance || d == bestDistance && best != "" && w < best {
			best, bestDistance = w, d
		}
	}
	return best
}

// editDistance is the Levenshtein distance of a and b in bytes, or limit if it
// is at least that.
func editDistance(a, b string, limit int) int {
	if d := len(a) - len(b); max(d, -d) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return min(row[len(b)], limit)
}
