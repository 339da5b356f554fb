package scanner

import (
	"slices"
	"testing"
	"time"

	"github.com/cork-scanner/cork/rules"
)

// TestExpired holds that a secret that has ended is less severe and says so,
// and that nobody else is.
func TestExpired(t *testing.T) {
	ends := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		name      string
		ends, now time.Time
		want      rules.Severity
	}{
		{"ended", ends, ends.Add(time.Second), rules.SeverityLow},
		{"ends now", ends, ends, rules.SeverityLow},
		{"lasts", ends, ends.Add(-time.Second), rules.SeverityHigh},
		{"no clock", ends, time.Time{}, rules.SeverityHigh},
		{"no end", time.Time{}, ends, rules.SeverityHigh},
	}
	for _, tt := range tests {
		f := Finding{Severity: rules.SeverityHigh, Expires: tt.ends}
		f.judgeEnd(tt.now)
		if said := slices.Contains(f.Reasons, "expired on 2020-01-02"); f.Severity != tt.want || said != (tt.want == rules.SeverityLow) {
			t.Errorf("%s: severity %v, reasons %q, want severity %v", tt.name, f.Severity, f.Reasons, tt.want)
		}
	}
}
