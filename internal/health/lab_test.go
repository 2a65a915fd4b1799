package health

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// inLab is set in the environment of a test binary that runs in a network
// namespace of its own.
const inLab = "LBHA_HEALTH_LAB"

// lab runs the test that calls it once more, in a fresh network namespace, and
// returns true there and false here. The namespace goes with its process. It
// needs root, or a kernel that gives an ordinary user namespaces.
func lab(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inLab) != "" {
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), inLab+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("this test needs a network namespace: run it as root, or allow user namespaces (%v)", err)
	}
	if err != nil {
		t.Fatalf("in the namespace: %v\n%s", err, out)
	}
	return false
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func addAddress(t *testing.T, h *netlink.Handle, link netlink.Link, prefix string) {
	t.Helper()
	addr, err := netlink.ParseAddr(prefix)
	must(t, err)
	if addr.IP.To4() == nil {
		addr.Flags = unix.IFA_F_NODAD
	}
	must(t, h.AddrAdd(link, addr))
}

func linkByName(t *testing.T, h *netlink.Handle, name string) netlink.Link {
	t.Helper()
	link, err := h.LinkByName(name)
	must(t, err)
	return link
}

// wire makes the pair inner and outer, both up, inner with an IPv4 and an IPv6
// prefix, and has neighbour resolution give up after three tries of 50 ms.
func wire(t *testing.T) (*netlink.Handle, netlink.Link) {
	t.Helper()
	h, err := netlink.NewHandle()
	must(t, err)
	t.Cleanup(h.Close)
	must(t, h.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "inner"}, PeerName: "outer"}))
	for _, name := range []string{"lo", "inner", "outer"} {
		must(t, h.LinkSetUp(linkByName(t, h, name)))
	}
	for _, family := range []string{"ipv4", "ipv6"} {
		write(t, filepath.Join("/proc/sys/net", family, "neigh/inner/retrans_time_ms"), "50")
	}
	inner := linkByName(t, h, "inner")
	addAddress(t, h, inner, "10.1.0.1/24")
	addAddress(t, h, inner, "fd01::1/64")
	return h, inner
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o644))
}

func route(t *testing.T, h *netlink.Handle, route netlink.Route, to string) {
	t.Helper()
	dst, err := netlink.ParseIPNet(to)
	must(t, err)
	route.Dst = dst
	must(t, h.RouteAdd(&route))
}

// ENETUNREACH from connect itself: no route of ours leads there.
func TestNoRouteIsOurOwnFault(t *testing.T) {
	if !lab(t) {
		return
	}
	wire(t)
	for _, target := range []string{"192.0.2.1:80", "[2001:db8::1]:80"} {
		res := probeWithin(t, NewTCP(TCPConfig{Target: netip.MustParseAddrPort(target)}), ample)
		wantResult(t, res, ReasonLocal, fmt.Sprintf("this machine has no route to %s: network is unreachable",
			netip.MustParseAddrPort(target).Addr()), true)
	}
}

// The routes of a link that was taken down are gone.
func TestOwnLinkDownIsOurOwnFault(t *testing.T) {
	if !lab(t) {
		return
	}
	h, inner := wire(t)
	must(t, h.LinkSetDown(inner))
	res := probeWithin(t, NewTCP(TCPConfig{Target: netip.MustParseAddrPort("10.1.0.2:80")}), ample)
	wantResult(t, res, ReasonLocal, "this machine has no route to 10.1.0.2: network is unreachable", true)
}

// EHOSTUNREACH from connect itself, too, comes from our own route table.
func TestUnreachableRouteIsOurOwnFault(t *testing.T) {
	if !lab(t) {
		return
	}
	h, _ := wire(t)
	route(t, h, netlink.Route{Type: unix.RTN_UNREACHABLE}, "192.0.2.0/24")
	route(t, h, netlink.Route{Type: unix.RTN_PROHIBIT}, "198.51.100.0/24")
	res := probeWithin(t, NewTCP(TCPConfig{Target: netip.MustParseAddrPort("192.0.2.1:80")}), ample)
	wantResult(t, res, ReasonLocal, "this machine has no route to 192.0.2.1: no route to host", true)
	res = probeWithin(t, NewTCP(TCPConfig{Target: netip.MustParseAddrPort("198.51.100.1:80")}), ample)
	wantResult(t, res, ReasonLocal, "connect to 198.51.100.1: permission denied", true)
}

// EHOSTUNREACH after ARP or neighbour discovery had no answer is the server's fault.
func TestSilentNeighbourIsTheServersFault(t *testing.T) {
	if !lab(t) {
		return
	}
	wire(t)
	for _, target := range []string{"10.1.0.2:80", "[fd01::2]:80"} {
		res := probeWithin(t, NewTCP(TCPConfig{Target: netip.MustParseAddrPort(target)}), ample)
		wantResult(t, res, ReasonUnreachable,
			"host unreachable: no answer to ARP or neighbour discovery, or a router on the way says so", false)
		if res.Took > ample/2 {
			t.Errorf("%s: the kernel's word came after %v", target, res.Took)
		}
	}
}

// The same ENETUNREACH that is ours from connect is not ours from a router.
func TestRouterWithoutARouteIsNotOurFault(t *testing.T) {
	if !lab(t) {
		return
	}
	h, inner := wire(t)
	router := newNamespace(t, func(t *testing.T) { write(t, "/proc/sys/net/ipv4/ip_forward", "1") })
	must(t, h.LinkSetNsFd(linkByName(t, h, "outer"), int(router)))
	r, err := netlink.NewHandleAt(router)
	must(t, err)
	t.Cleanup(r.Close)
	outer := linkByName(t, r, "outer")
	must(t, r.LinkSetUp(outer))
	addAddress(t, r, outer, "10.1.0.254/24")
	route(t, h, netlink.Route{LinkIndex: inner.Attrs().Index, Gw: net.ParseIP("10.1.0.254")}, "192.0.2.0/24")
	res := probeWithin(t, NewTCP(TCPConfig{Target: netip.MustParseAddrPort("192.0.2.1:80")}), ample)
	wantResult(t, res, ReasonUnreachable, "network unreachable: a router on the way says so", false)
}

// newNamespace makes a network namespace and runs setup in it.
func newNamespace(t *testing.T, setup func(*testing.T)) netns.NsHandle {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := netns.Get()
	must(t, err)
	defer home.Close()
	made, err := netns.New()
	must(t, err)
	t.Cleanup(func() { made.Close() })
	setup(t)
	must(t, netns.Set(home))
	return made
}

func TestWithoutDescriptorsItIsOurOwnFault(t *testing.T) {
	if !lab(t) {
		return
	}
	target := serve(t, silent)
	probeWithin(t, NewTCP(TCPConfig{Target: target}), time.Second) // what is opened once is open now
	var old unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: old.Max}))
	res := probeWithin(t, NewHTTP(HTTPConfig{Target: target}), ample)
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
	wantResult(t, res, ReasonLocal, "open socket: too many open files", true)
}

func TestWithoutPortsItIsOurOwnFault(t *testing.T) {
	if !lab(t) {
		return
	}
	h, inner := wire(t)
	addAddress(t, h, inner, "10.1.0.3/24")
	write(t, "/proc/sys/net/ipv4/ip_local_port_range", "40000 40001")
	l, err := net.Listen("tcp", "10.1.0.1:80")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	for {
		c, err := net.Dial("tcp", "10.1.0.1:80")
		if err != nil {
			if !strings.Contains(err.Error(), "cannot assign requested address") {
				t.Fatal(err)
			}
			break
		}
		t.Cleanup(func() { c.Close() })
	}
	target := netip.MustParseAddrPort("10.1.0.1:80")
	res := probeWithin(t, NewTCP(TCPConfig{Target: target}), ample)
	wantResult(t, res, ReasonLocal, "no free port or no usable source address on this machine", true)

	// A bound source has the ports of each target to itself, as without one.
	other, err := net.Listen("tcp", "10.1.0.3:80")
	must(t, err)
	t.Cleanup(func() { other.Close() })
	cfg := TCPConfig{Target: netip.MustParseAddrPort("10.1.0.3:80"), Source: netip.MustParseAddr("10.1.0.1")}
	wantResult(t, probeWithin(t, NewTCP(cfg), ample), ReasonOK, "connected", false)
}
