//go:build lab

package plain

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lbha/lbha/internal/control"
	"github.com/lbha/lbha/internal/director"
	"github.com/lbha/lbha/test/netns"
)

// vip is the address of configs/minimal.hcl.
var vip = netip.MustParseAddr("192.168.17.205")

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, look func() error) {
	t.Helper()
	must(t, netns.Eventually(t.Context(), what, look))
}

// lan is three machines on one switch.
type lan struct {
	*netns.Lab
	first, second, third *netns.Host // server04, server05, client
	sw                   *netns.Switch
}

func newLAN(t *testing.T) *lan {
	t.Helper()
	l := emptyLAN(t)
	l.first = l.host(t, "server04", "192.168.17.103/24")
	l.second = l.host(t, "server05", "192.168.17.104/24")
	l.third = l.host(t, "client", "192.168.17.10/24")
	return l
}

// emptyLAN is the switch alone.
func emptyLAN(t *testing.T) *lan {
	t.Helper()
	lab, err := netns.New(t.TempDir())
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			tell(t, lab)
		}
		must(t, lab.Close())
	})
	l := &lan{Lab: lab}
	l.sw, err = lab.AddSwitch("lan")
	must(t, err)
	return l
}

// host adds a machine, with eth0 unless addr is "".
func (l *lan) host(t *testing.T, name, addr string) *netns.Host {
	t.Helper()
	h, err := l.AddHost(name, nil)
	must(t, err)
	if addr != "" {
		must(t, h.Connect("eth0", l.sw, addr))
	}
	return h
}

// tell shows what every process of the lab wrote.
func tell(t *testing.T, lab *netns.Lab) {
	logs, err := filepath.Glob(filepath.Join(lab.Dir, "*.log"))
	must(t, err)
	for _, path := range logs {
		text, err := os.ReadFile(path)
		must(t, err)
		t.Logf("%s:\n%s", filepath.Base(path), text)
	}
}

// minimal is configs/minimal.hcl with lines added to its vrrp block.
func minimal(t *testing.T, lines ...string) string {
	t.Helper()
	const mark = "  virtual_router_id = 51"
	text := sample(t, "minimal.hcl")
	if n := strings.Count(text, mark); n != 1 {
		t.Fatalf("%q is %d times in minimal.hcl, want once", mark, n)
	}
	return write(t, strings.Replace(text, mark, strings.Join(append(lines, mark), "\n"), 1))
}

// sample is a file of the folder configs.
func sample(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../../../configs", name))
	must(t, err)
	return string(text)
}

// write puts a configuration where every host finds it.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lbha.hcl")
	must(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func start(t *testing.T, h *netns.Host, file string) *netns.Process {
	t.Helper()
	p, err := h.StartDirector(file)
	must(t, err)
	return p
}

// router asks a daemon for its only router, by the daemon's own view of its files.
func router(t *testing.T, p *netns.Process) (director.RouterStatus, error) {
	s, err := control.NewClient(fmt.Sprintf("/proc/%d/root/run/lbha/lbha.sock", p.Pid())).Status(t.Context())
	if err != nil {
		return director.RouterStatus{}, err
	}
	return s.Routers[0], nil
}

// becomes waits until the daemon is in the state and returns what it says.
func becomes(t *testing.T, p *netns.Process, state string) director.RouterStatus {
	t.Helper()
	var r director.RouterStatus
	eventually(t, p.Name+" is "+state, func() (err error) {
		if r, err = router(t, p); err == nil && r.State != state {
			err = fmt.Errorf("it is %s (%s)", r.State, r.Reason)
		}
		return err
	})
	return r
}

// owns waits until the host has the VIP, or has it not.
func owns(t *testing.T, h *netns.Host, want bool) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s owns the VIP: %t", h.Name, want), func() error {
		has, err := h.Owns(vip)
		if err == nil && has != want {
			err = fmt.Errorf("it does: %t", has)
		}
		return err
	})
}

func run(t *testing.T, h *netns.Host, argv ...string) string {
	t.Helper()
	out, err := h.Run(t.Context(), argv...)
	must(t, err)
	return strings.TrimSpace(out)
}
