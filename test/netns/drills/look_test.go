//go:build lab

package drills

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/control"
	"github.com/lbha/lbha/internal/director"
	"github.com/lbha/lbha/test/netns"
)

// innerGateway floats with the VIP in the NAT network.
var innerGateway = netip.MustParseAddr("192.168.17.100")

// table is the host's table as ipvsadm shows it, without the connections.
func table(t *testing.T, h *netns.Host) []netns.VirtualService {
	t.Helper()
	list, err := h.IPVS(t.Context())
	must(t, err)
	for i := range list {
		for j := range list[i].Servers {
			list[i].Servers[j].Active, list[i].Servers[j].Inactive = 0, 0
		}
		slices.SortFunc(list[i].Servers, func(a, b netns.RealServer) int { return strings.Compare(a.Address, b.Address) })
	}
	slices.SortFunc(list, func(a, b netns.VirtualService) int { return strings.Compare(a.Address, b.Address) })
	return list
}

// web is the table's one service with these servers.
func web(address, forward string, servers ...string) netns.VirtualService {
	s := netns.VirtualService{Protocol: "TCP", Address: address, Scheduler: "rr"}
	for _, addr := range servers {
		s.Servers = append(s.Servers, netns.RealServer{Address: addr, Forward: forward, Weight: 1})
	}
	return s
}

// natWeb is that of the NAT network.
func natWeb(servers ...string) netns.VirtualService {
	return web("192.168.24.52:80", "Masq", servers...)
}

const (
	inner01 = "192.168.17.102:80" // server01
	inner03 = "192.168.17.101:80" // server03
)

func sameTable(t *testing.T, h *netns.Host, want ...netns.VirtualService) {
	t.Helper()
	if diff := cmp.Diff(want, table(t, h)); diff != "" {
		t.Errorf("table of %s (-want +got):\n%s", h.Name, diff)
	}
}

// hasTable waits until the host's table is this one.
func hasTable(t *testing.T, h *netns.Host, want ...netns.VirtualService) {
	t.Helper()
	eventually(t, fmt.Sprintf("the table of %s is as wanted", h.Name), func() error {
		if diff := cmp.Diff(want, table(t, h)); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
}

// status asks director i. It does not run `lbha status`, whose start costs the
// lab's one processor more than anything that is drilled: it finds the socket by
// the daemon's own view of its files.
func (r *rig) status(t *testing.T, i int) (director.Status, error) {
	socket := fmt.Sprintf("/proc/%d/root/run/lbha/lbha.sock", r.daemons[i].Pid())
	s, err := control.NewClient(socket).Status(t.Context())
	if err == nil && len(s.Routers) != 1 {
		err = fmt.Errorf("%s has %d routers, want one", r.Directors[i].Name, len(s.Routers))
	}
	return s, err
}

// router asks director i for its only router.
func (r *rig) router(t *testing.T, i int) director.RouterStatus {
	t.Helper()
	s, err := r.status(t, i)
	must(t, err)
	return s.Routers[0]
}

// is says what keeps director i from being in the state.
func (r *rig) is(t *testing.T, i int, state string) error {
	s, err := r.status(t, i)
	if err != nil {
		return err
	}
	if now := s.Routers[0]; now.State != state {
		return fmt.Errorf("%s is %s (%s) since %s, want %s", r.Directors[i].Name, now.State, now.Reason, now.Since.Format(clock), state)
	}
	return nil
}

// becomes waits until director i is in the state.
func (r *rig) becomes(t *testing.T, i int, state string) {
	t.Helper()
	eventually(t, r.Directors[i].Name+" is "+state, func() error { return r.is(t, i, state) })
}

// unmoved expects that director i did not change its role since was was seen.
func (r *rig) unmoved(t *testing.T, i int, was director.RouterStatus) {
	t.Helper()
	if now := r.router(t, i); !now.Since.Equal(was.Since) || now.State != was.State {
		t.Errorf("%s is %s since %s because of %s, want it %s since %s as before",
			r.Directors[i].Name, now.State, now.Since.Format(clock), now.Reason, was.State, was.Since.Format(clock))
	}
}

// clock is how a moment is shown.
const clock = "15:04:05.000"

// owns waits until the host has the address, or has it not.
func owns(t *testing.T, h *netns.Host, addr netip.Addr, want bool) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s owns %s: %t", h.Name, addr, want), func() error {
		has, err := h.Owns(addr)
		if err == nil && has != want {
			err = fmt.Errorf("it does: %t", has)
		}
		return err
	})
}

// prefers waits until the client sends packets for the VIP to this director.
func (r *rig) prefers(t *testing.T, i int) {
	t.Helper()
	want, err := r.Directors[i].HardwareAddr(r.FrontLink)
	must(t, err)
	eventually(t, "the client's neighbour entry of the VIP is "+r.Directors[i].Name+"'s", func() error {
		got, err := r.Client.Neighbour(r.VIP.Addr())
		if err == nil && got.String() != want.String() {
			err = fmt.Errorf("it is %s, want %s", got, want)
		}
		return err
	})
}

// clientsSeen expects that the server's web server saw the client by its own
// address, and otherwise nobody but the directors' checks.
func (r *rig) clientsSeen(t *testing.T, server *netns.Host, client string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.Dir, server.Name+"-web", "access.log"))
	must(t, err)
	seen := map[string]int{}
	for line := range strings.Lines(string(text)) {
		from, _, _ := strings.Cut(line, " ")
		seen[from]++
	}
	t.Logf("%s saw requests from %v", server.Name, seen)
	if seen[client] == 0 {
		t.Errorf("%s saw no request from %s", server.Name, client)
	}
	for from := range seen {
		// 127.0.0.1 is the lab, which waits for the web server.
		if !slices.Contains([]string{client, "127.0.0.1", "192.168.17.103", "192.168.17.104"}, from) {
			t.Errorf("%s saw requests from %s, want the client's and the directors' own addresses only", server.Name, from)
		}
	}
}

// read returns a file of the host.
func read(t *testing.T, h *netns.Host, path string) string {
	t.Helper()
	out, err := h.Run(t.Context(), "cat", path)
	must(t, err)
	return strings.TrimSpace(out)
}

// run runs a command on the host.
func run(t *testing.T, h *netns.Host, command string) string {
	t.Helper()
	out, err := h.Run(t.Context(), strings.Fields(command)...)
	must(t, err)
	return out
}
