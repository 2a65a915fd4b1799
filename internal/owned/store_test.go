package owned

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everything is a ledger with one of each kind, and its file.
func everything(t *testing.T, path string) *Store {
	t.Helper()
	s := mustOpen(t, path)
	for _, err := range []error{
		s.ClaimServices([]string{"udp 192.0.2.1:53", "tcp 192.0.2.1:80"}),
		s.ClaimAddress("192.0.2.1/24", "eth0"),
		s.ClaimAddress("2001:db8::1/64", "eth1"),
		s.ClaimSysctl("net.ipv4.ip_forward", "0", "1"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

const everythingText = `{
  "version": 1,
  "services": [
    "tcp 192.0.2.1:80",
    "udp 192.0.2.1:53"
  ],
  "addresses": [
    {
      "prefix": "192.0.2.1/24",
      "link": "eth0"
    },
    {
      "prefix": "2001:db8::1/64",
      "link": "eth1"
    }
  ],
  "sysctls": [
    {
      "key": "net.ipv4.ip_forward",
      "original": "0",
      "ours": "1"
    }
  ]
}
`

func mustOpen(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type content struct {
	Services  []string
	Addresses [][2]string
	Sysctls   [][3]string
}

func contentOf(s *Store) content {
	c := content{Services: s.Services(), Addresses: s.Addresses()}
	s.EachSysctl(func(key, original, ours string) {
		c.Sysctls = append(c.Sysctls, [3]string{key, original, ours})
	})
	return c
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestClaimsSurviveInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owned.json")
	first := everything(t, path)
	if diff := cmp.Diff(everythingText, read(t, path)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode(); got != 0o600 {
		t.Errorf("mode is %v, want 0600", got)
	}
	want := content{
		Services:  []string{"tcp 192.0.2.1:80", "udp 192.0.2.1:53"},
		Addresses: [][2]string{{"192.0.2.1/24", "eth0"}, {"2001:db8::1/64", "eth1"}},
		Sysctls:   [][3]string{{"net.ipv4.ip_forward", "0", "1"}},
	}
	if diff := cmp.Diff(want, contentOf(mustOpen(t, path))); diff != "" {
		t.Errorf("next life (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, contentOf(first)); diff != "" {
		t.Errorf("this life (-want +got):\n%s", diff)
	}
}

func TestReleaseForgets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owned.json")
	s := everything(t, path)
	for _, err := range []error{
		s.ReleaseServices([]string{"tcp 192.0.2.1:80", "never claimed"}),
		s.ReleaseService("udp 192.0.2.1:53"),
		s.ReleaseAddress("192.0.2.1/24", "eth0"),
		s.ReleaseAddress("2001:db8::1/64", "eth0"), // another link: another claim
		s.ReleaseSysctl("net.ipv4.ip_forward"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := content{Addresses: [][2]string{{"2001:db8::1/64", "eth1"}}}
	if diff := cmp.Diff(want, contentOf(mustOpen(t, path))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The reconcilers claim on each add; only the first may cost a write.
func TestWhatChangesNothingWritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owned.json")
	s := everything(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		s.ClaimServices([]string{"tcp 192.0.2.1:80", "udp 192.0.2.1:53"}),
		s.ClaimServices(nil),
		s.ClaimAddresses([][2]string{{"192.0.2.1/24", "eth0"}}),
		s.ClaimSysctl("net.ipv4.ip_forward", "1", "1"),
		s.ReleaseService("tcp 192.0.2.9:80"),
		s.ReleaseAddresses(nil),
		s.ReleaseSysctl("net.ipv4.vs.conntrack"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file was written again: %v", err)
	}
}

func TestFirstOriginalOfASysctlIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owned.json")
	s := mustOpen(t, path)
	for _, v := range [][2]string{{"4096\t131072", ""}, {"", "1"}, {"1", "2"}} {
		if err := s.ClaimSysctl("net.ipv4.tcp_rmem", v[0], v[1]); err != nil {
			t.Fatal(err)
		}
	}
	want := content{Sysctls: [][3]string{{"net.ipv4.tcp_rmem", "4096\t131072", "2"}}}
	if diff := cmp.Diff(want, contentOf(mustOpen(t, path))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnfitClaimsAreRefusedAndChangeNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owned.json")
	s := everything(t, path)
	for name, err := range map[string]error{
		"empty service":   s.ClaimService(""),
		"one of several":  s.ClaimServices([]string{"tcp 192.0.2.3:80", "a\nb"}),
		"no prefix":       s.ClaimAddress("192.0.2.1", "eth0"),
		"no link":         s.ClaimAddress("192.0.2.1/24", ""),
		"link not text":   s.ClaimAddress("192.0.2.1/24", "\xff"),
		"empty sysctl":    s.ClaimSysctl("", "0", "1"),
		"value not UTF-8": s.ClaimSysctl("kernel.x", "\xff", "1"),
	} {
		if err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
	if diff := cmp.Diff(everythingText, read(t, path)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(contentOf(mustOpen(t, path)), contentOf(s)); diff != "" {
		t.Errorf("memory differs from the file (-file +memory):\n%s", diff)
	}
}

func TestOpenAloneWritesNothing(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, filepath.Join(dir, "owned.json"))
	if left := names(t, dir); len(left) != 0 {
		t.Errorf("Open left %q", left)
	}
}

func TestMissingFolderIsNamed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lbha")
	_, err := Open(filepath.Join(dir, "owned.json"))
	want := "open ledger: stat " + dir + ": no such file or directory; create the folder (install -d -m 0755 " + dir + ")"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
}
