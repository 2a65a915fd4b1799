package control

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/director"
)

// ownGroup is a group that this process may give files to: its own.
func ownGroup(t *testing.T) string {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		t.Fatal(err)
	}
	return g.Name
}

func socketPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "lbha.sock")
}

func TestSocketIsForOwnerAndGroupOnly(t *testing.T) {
	path := socketPath(t)
	s, warning, err := Listen(path, ownGroup(t))
	if err != nil || warning != "" {
		t.Fatalf("Listen = %q, %v", warning, err)
	}
	defer s.Close()
	if got := mode(t, path); got != 0o660 {
		t.Errorf("mode %o, want 660", got)
	}
}

func TestSocketWithoutItsGroupIsForTheOwnerAlone(t *testing.T) {
	path := socketPath(t)
	s, warning, err := Listen(path, "no-such-group-lbha")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := mode(t, path); got != 0o600 {
		t.Errorf("mode %o, want 600", got)
	}
	if !strings.Contains(warning, "no-such-group-lbha does not exist") {
		t.Errorf("warning %q does not name the group", warning)
	}
}

func TestSocketOfNoGroupIsForTheOwnerAlone(t *testing.T) {
	path := socketPath(t)
	s, warning, err := Listen(path, "")
	if err != nil || warning != "" {
		t.Fatalf("Listen = %q, %v", warning, err)
	}
	defer s.Close()
	if got := mode(t, path); got != 0o600 {
		t.Errorf("mode %o, want 600", got)
	}
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestSocketOfACrashedDirectorIsReplaced(t *testing.T) {
	path := socketPath(t)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	s, _, err := Listen(path, ownGroup(t))
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

func TestListenRefusesWhatItMustNotTouch(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "precious")
	if err := os.WriteFile(file, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, path, want string }{
		{"missing folder", filepath.Join(dir, "none", "lbha.sock"), "none does not exist; create it (install -d -m 0755 "},
		{"folder is a file", filepath.Join(file, "lbha.sock"), "is not a folder"},
		{"a file of that name", file, "there is something else with this name"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := Listen(tc.path, ownGroup(t))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Listen: %v, want %q in it", err, tc.want)
			}
		})
	}
	if b, _ := os.ReadFile(file); string(b) != "data" {
		t.Errorf("the file was changed to %q", b)
	}
}

// serve starts a server over a fresh socket and returns its path.
func serve(t *testing.T, status director.Status) string {
	t.Helper()
	path := socketPath(t)
	s, _, err := Listen(path, ownGroup(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- NewServer(func() director.Status { return status }, slog.New(slog.DiscardHandler)).Run(ctx, s)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is still there: %v", err)
		}
	})
	return path
}

func TestStatusArrivesAsItWasGiven(t *testing.T) {
	want := director.Status{
		Director: "server04", Version: "1.2.3",
		Routers:  []director.RouterStatus{{Name: "frontend", State: "active", Adverts: director.AdvertStatus{Dropped: map[string]uint64{"ttl": 3}}}},
		Services: []director.ServiceStatus{{Name: "web", Servers: []director.ServerStatus{{Name: "server01", Verdict: "up"}}}},
		Problems: []string{"one"},
	}
	got, err := NewClient(serve(t, want)).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("status (-want +got):\n%s", d)
	}
}

func TestUnknownRequestsGetAClearAnswer(t *testing.T) {
	path := serve(t, director.Status{})
	c := NewClient(path)
	for _, tc := range []struct{ method, path string }{
		{http.MethodGet, "/"}, {http.MethodGet, "/v2/status"}, {http.MethodPost, "/v1/status"}, {http.MethodDelete, "/v1/status"},
	} {
		req, err := http.NewRequest(tc.method, "http://lbha"+tc.path, strings.NewReader("not json"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.http.Do(req)
		if err != nil {
			t.Fatalf("%s %s: %v", tc.method, tc.path, err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound || !strings.Contains(string(body), tc.method+" "+tc.path) {
			t.Errorf("%s %s: %s %s", tc.method, tc.path, resp.Status, body)
		}
	}
}

func TestTooLargeAHeaderIsRefused(t *testing.T) {
	conn, err := net.Dial("unix", serve(t, director.Status{}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go io.WriteString(conn, "GET /v1/status HTTP/1.1\r\nHost: lbha\r\nX: "+strings.Repeat("a", 1<<20)+"\r\n\r\n")
	answer := make([]byte, 64)
	n, _ := conn.Read(answer)
	if !strings.Contains(string(answer[:n]), "431") {
		t.Errorf("answer %q, want 431", answer[:n])
	}
}

func TestClientSaysWhatToDo(t *testing.T) {
	missing := socketPath(t)
	_, err := NewClient(missing).Status(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no director answers on "+missing) {
		t.Errorf("no socket: %v", err)
	}
}
