package git

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestReadToken(t *testing.T) {
	long := strings.Repeat("long ", 20)
	tests := []struct {
		name, input string
		want        []string
		err         error
	}{
		{"nothing", "", nil, io.EOF},
		{"tokens", "a\x00\x00b c\n\x00", []string{"a", "", "b c\n"}, io.EOF},
		{"longer than the buffer", "a\x00" + long + "\x00b\x00", []string{"a", long, "b"}, io.EOF},
		{"as long as the buffer", long[:16] + "\x00" + long[:15] + "\x00b\x00", []string{long[:16], long[:15], "b"}, io.EOF},
		{"cut off", "a\x00b", []string{"a"}, io.ErrUnexpectedEOF},
		{"long and cut off", "a\x00" + long, []string{"a"}, io.ErrUnexpectedEOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := bufio.NewReaderSize(strings.NewReader(tt.input), 16)
			var got []string
			var err error
			for err == nil {
				var token string
				if token, err = readToken(r); err == nil {
					got = append(got, token)
				}
			}
			if !slices.Equal(got, tt.want) || !errors.Is(err, tt.err) {
				t.Errorf("readToken of %q: %q and %v, want %q and %v", tt.input, got, err, tt.want, tt.err)
			}
		})
	}
}
