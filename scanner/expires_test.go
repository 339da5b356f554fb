package scanner

import (
	"slices"
	"testing"
	"time"

	"github.com/cork-scanner/cork/rules"
)

// TestScanExpired holds that a scan holds what it finds against its time.
func TestScanExpired(t *testing.T) {
	set, err := rules.Compile([]rules.Rule{{
		ID: "jwt", Description: "token", Severity: rules.SeverityHigh, Confidence: rules.ConfidenceHigh,
		Regex: `ey[0-9A-Za-z_-]{8,}\.ey[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}`, Span: 400, Keywords: []string{"eyJ"}, Checks: []string{"jwt"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ends := time.Unix(1500000000, 0).UTC()
	token, err := rules.Expand(`<b64url-of:{"alg":"HS256"}>.<b64url-of:{"exp":1500000000}>.<b64url:43>`, 1)
	if err != nil {
		t.Fatal(err)
	}
	for now, want := range map[time.Time]rules.Severity{{}: rules.SeverityHigh, ends: rules.SeverityLow, ends.Add(-1): rules.SeverityHigh} {
		fs, _, _ := scanAll(t, New(set, Options{Now: now}), source(blob("f", "token: "+token)))
		if len(fs) != 1 || fs[0].Severity != want || !fs[0].Expires.Equal(ends) {
			t.Errorf("Scan at %v = %+v, want one finding of severity %v that expires on %v", now, fs, want, ends)
		}
	}
}

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
