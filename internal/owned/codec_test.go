package owned

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever decode accepts, encode writes in one form, and that form means the
// same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(everythingText))
	f.Add([]byte(`{"version": 1}`))
	f.Add([]byte(`{"version": 2}`))
	f.Add([]byte(`{"version": 1, "services": ["a", "a"], "addresses": null}`))
	f.Add([]byte(`{"version": 1} {}`))
	f.Add([]byte(`{"version": 1, "addresses": [{"prefix": "fe80::1%eth0/64", "link": "eth0"}]}`))
	f.Add([]byte(`{"version": 1, "sysctls": [{"key": "a", "original": "4096\t1\n", "ours": ""}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decode(b)
		if err != nil {
			return
		}
		once, err := encode(c)
		if err != nil {
			t.Fatalf("encode what was decoded: %v", err)
		}
		again, err := decode(once)
		if err != nil {
			t.Fatalf("decode what was encoded: %v\n%s", err, once)
		}
		if diff := cmp.Diff(c, again, cmp.AllowUnexported(claims{}, sysctlValue{})); diff != "" {
			t.Fatalf("the claims changed (-first +second):\n%s", diff)
		}
		twice, err := encode(again)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("not one form: %v\n%s\n%s", err, once, twice)
		}
	})
}
