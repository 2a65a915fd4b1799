package owned

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDamagedFileIsSetAsideAndTheStoreIsUsable(t *testing.T) {
	for name, tt := range map[string]struct{ text, why string }{
		"empty":           {"", "not JSON of this form: unexpected end of JSON input"},
		"cut":             {everythingText[:100], "not JSON of this form: unexpected end of JSON input"},
		"newer":           {`{"version": 2, "leases": []}`, "version is 2, this lbha reads 1"},
		"no version":      {`{}`, "version is 0, this lbha reads 1"},
		"unknown field":   {`{"version": 1, "leases": []}`, `not JSON of this form: json: unknown field "leases"`},
		"wrong type":      {`{"version": 1, "services": [1]}`, "not JSON of this form: json: cannot unmarshal number into Go struct field file.services of type string"},
		"bad prefix":      {`{"version": 1, "addresses": [{"prefix": "192.0.2.1", "link": "eth0"}]}`, `address "192.0.2.1" is not an address with a prefix length`},
		"nameless link":   {`{"version": 1, "addresses": [{"prefix": "192.0.2.1/32"}]}`, "link without a name"},
		"two originals":   {`{"version": 1, "sysctls": [{"key": "a"}, {"key": "a", "original": "1"}]}`, "sysctl a is there twice"},
		"nameless sysctl": {`{"version": 1, "sysctls": [{}]}`, "sysctl without a name"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "owned.json")
			write(t, path, tt.text)
			write(t, path+".bad-1", "an older one")

			s, err := Open(path)
			var aside *SetAsideError
			if !errors.As(err, &aside) {
				t.Fatalf("error is %v, want a SetAsideError", err)
			}
			if got := aside.Why.Error(); got != tt.why {
				t.Errorf("why is %s, want %s", got, tt.why)
			}
			if want := path + ".bad-2"; aside.Aside != want || !strings.Contains(err.Error(), want) {
				t.Errorf("aside is %s in %q, want %s", aside.Aside, err, want)
			}
			if got := read(t, aside.Aside); got != tt.text {
				t.Errorf("set aside %q, want %q", got, tt.text)
			}
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the damaged file is still at its place: %v", err)
			}
			if got := read(t, path+".bad-1"); got != "an older one" {
				t.Errorf("the older one now holds %q", got)
			}
			if err := s.ClaimService("tcp 192.0.2.1:80"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(content{Services: []string{"tcp 192.0.2.1:80"}}, contentOf(mustOpen(t, path))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFailedWriteClaimsNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lbha")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, filepath.Join(dir, "owned.json"))
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.ClaimAddress("192.0.2.1/24", "eth0"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("claim without a folder: %v", err)
	}
	if got := s.Addresses(); len(got) != 0 {
		t.Fatalf("claimed in memory alone: %v", got)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.ClaimAddress("192.0.2.1/24", "eth0"); err != nil {
		t.Fatalf("the same claim after the folder came back: %v", err)
	}
}

// A temporary file that is a link to /dev/full opens and then has no space, as
// on a full disk.
func TestFullDiskLeavesTheOldFileAndNoTemporary(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "owned.json")
	s := everything(t, path)

	s.createTemp = func(dir, _ string) (*os.File, error) {
		tmp := filepath.Join(dir, ".owned.json.1")
		if err := os.Symlink("/dev/full", tmp); err != nil {
			return nil, err
		}
		return os.OpenFile(tmp, os.O_WRONLY, 0)
	}
	err := s.ClaimService("tcp 192.0.2.7:80")
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("error is %v, want no space left on device", err)
	}
	if diff := cmp.Diff(everythingText, read(t, path)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(contentOf(mustOpen(t, path)), contentOf(s)); diff != "" {
		t.Errorf("memory differs from the file (-file +memory):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"owned.json"}, names(t, dir)); diff != "" {
		t.Errorf("folder (-want +got):\n%s", diff)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
