package health

import (
	"strings"
	"testing"
)

func TestParseStatusSet(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"200", "200"},
		{"200-299", "200-299"},
		{" 301 , 200-299 ", "200-299,301"},
		{"200-204,205-299", "200-299"},
		{"200-299,250-260", "200-299"},
		{"404,200,404", "200,404"},
		{"100-599", "100-599"},
		{"200 - 299", "200-299"},
	} {
		set, err := ParseStatusSet(tt.text)
		if err != nil {
			t.Errorf("ParseStatusSet(%q): %v", tt.text, err)
		} else if got := set.String(); got != tt.want {
			t.Errorf("ParseStatusSet(%q) is %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestParseStatusSetRefuses(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", "no status code is given; write one as in 200 or 200-299,301"},
		{" ", "no status code is given; write one as in 200 or 200-299,301"},
		{"200,", `"" is not a status code of three digits`},
		{"2xx", `"2xx" is not a status code of three digits`},
		{"+20", `"+20" is not a status code of three digits`},
		{"0200", `"0200" is not a status code of three digits`},
		{"200-", `"" is not a status code of three digits`},
		{"200-250-299", `"250-299" is not a status code of three digits`},
		{"099", "status 099 is out of range; it must be 100 to 599"},
		{"200-600", "status 600 is out of range; it must be 100 to 599"},
		{"299-200", "range 299-200 runs backwards"},
	} {
		if set, err := ParseStatusSet(tt.text); err == nil {
			t.Errorf("ParseStatusSet(%q) is %q, want an error", tt.text, set)
		} else if err.Error() != tt.want {
			t.Errorf("ParseStatusSet(%q): %q, want %q", tt.text, err, tt.want)
		}
	}
}

func FuzzParseStatusSet(f *testing.F) {
	for _, seed := range []string{"", "200", "200-299,301", "299-200", "100-599", ",", "-", "200-204,205", " 200 "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		set, err := ParseStatusSet(text)
		if err != nil {
			return
		}
		again, err := ParseStatusSet(set.String())
		if err != nil {
			t.Fatalf("%q reads as %q, which does not read: %v", text, set, err)
		}
		if again.String() != set.String() {
			t.Fatalf("%q reads as %q, and that as %q", text, set, again)
		}
		for code := range 1000 {
			if got, want := set.Contains(code), naiveContains(text, code); got != want {
				t.Fatalf("%q contains %d: %v, want %v", text, code, got, want)
			}
		}
	})
}

// naiveContains compares texts: all codes have three digits.
func naiveContains(text string, code int) bool {
	if code < 100 {
		return false
	}
	digits := string([]byte{byte('0' + code/100), byte('0' + code/10%10), byte('0' + code%10)})
	for _, part := range strings.Split(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		if strings.TrimSpace(from) <= digits && digits <= strings.TrimSpace(to) {
			return true
		}
	}
	return false
}
