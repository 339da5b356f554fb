package rules

import (
	"fmt"
	"strings"
)

// article puts "a" or "an" before a noun phrase.
func article(noun string) string {
	if noun == "" {
		return "a credential"
	}
	// Letters that are spoken with a vowel first: "an S3 key", "an npm token".
	first, _, _ := strings.Cut(noun, " ")
	spelled := strings.ToUpper(first) == first || strings.ToLower(first) == "npm"
	vowels := "aeioAEIO"
	if spelled {
		vowels = "AEFHILMNORSXaefhilmnorsx"
	}
	if strings.ContainsRune(vowels, rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

func entropyReason(got, want float64) string {
	return fmt.Sprintf("%.1f bits per character where %.1f are needed", got, want)
}
