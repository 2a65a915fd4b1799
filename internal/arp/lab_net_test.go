//go:build lab

package arp

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/mdlayher/ethernet"
	"github.com/mdlayher/packet"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// A lab is a neighbour with a bridge, and two directors plugged into it, each
// in a namespace without a name: they end with the test's handles and threads.
//
//	neighbour br0 192.0.2.1/24 -- p1 == eth0 first  (has the address at the start)
//	                           -- p2 == eth0 second (no IPv4 address at all)
type lab struct {
	t                        *testing.T
	neighbour, first, second *netlink.Handle
	ns                       map[*netlink.Handle]netns.NsHandle
}

const (
	firstMAC  = "02:00:00:00:00:01"
	secondMAC = "02:00:00:00:00:02"
)

// newLab leaves the test on a locked thread in the neighbour's namespace, on one
// CPU: frames sent from there are then received in the order in which they were
// sent.
func newLab(t *testing.T) *lab {
	t.Helper()
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	var cpus unix.CPUSet
	cpus.Set(0)
	l := &lab{t: t, ns: make(map[*netlink.Handle]netns.NsHandle)}
	l.must(unix.SchedSetaffinity(0, &cpus))
	l.first, l.second, l.neighbour = l.namespace(), l.namespace(), l.namespace()

	l.must(l.neighbour.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}))
	bridge := l.link(l.neighbour, "br0")
	l.address(l.neighbour, "br0", "192.0.2.1/24")
	l.must(l.neighbour.LinkSetUp(bridge))
	l.plug(bridge, "p1", l.first, firstMAC)
	l.plug(bridge, "p2", l.second, secondMAC)
	return l
}

func (l *lab) must(err error) {
	l.t.Helper()
	if errors.Is(err, unix.EPERM) {
		l.t.Fatalf("%v: run the lab tests as root", err)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// namespace makes a namespace and puts the thread into it.
func (l *lab) namespace() *netlink.Handle {
	l.t.Helper()
	ns, err := netns.New()
	l.must(err)
	h, err := netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
	l.must(err)
	l.ns[h] = ns
	l.t.Cleanup(func() { h.Close(); _ = ns.Close() })
	return h
}

func (l *lab) link(h *netlink.Handle, name string) netlink.Link {
	l.t.Helper()
	link, err := h.LinkByName(name)
	l.must(err)
	return link
}

func (l *lab) address(h *netlink.Handle, link, prefix string) {
	l.t.Helper()
	addr, err := netlink.ParseAddr(prefix)
	l.must(err)
	l.must(h.AddrAdd(l.link(h, link), addr))
}

// plug connects a director's eth0 to the bridge.
func (l *lab) plug(bridge netlink.Link, port string, director *netlink.Handle, mac string) {
	l.t.Helper()
	hw, err := net.ParseMAC(mac)
	l.must(err)
	l.must(l.neighbour.LinkAdd(&netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: port, MasterIndex: bridge.Attrs().Index},
		PeerName:  "eth0", PeerHardwareAddr: hw, PeerNamespace: netlink.NsFd(l.ns[director]),
	}))
	l.must(l.neighbour.LinkSetUp(l.link(l.neighbour, port)))
	l.must(director.LinkSetUp(l.link(director, "eth0")))
	// A new port may be discarding still: wait until it forwards.
	l.until("port "+port+" forwards", func() bool {
		p, err := l.neighbour.LinkByName(port)
		return err == nil && p.Attrs().OperState == netlink.OperUp
	})
}

// in runs f in a director's namespace.
func (l *lab) in(h *netlink.Handle, f func()) {
	l.t.Helper()
	l.must(netns.Set(l.ns[h]))
	f()
	l.must(netns.Set(l.ns[l.neighbour]))
}

// until polls: the kernel offers no better way for what it is used for here.
func (l *lab) until(what string, ok func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("timed out: %s", what)
		}
	}
}

// entry returns the hardware address that the neighbour has for an address.
func (l *lab) entry(addr string) string {
	l.t.Helper()
	list, err := l.neighbour.NeighList(l.link(l.neighbour, "br0").Attrs().Index, netlink.FAMILY_V4)
	l.must(err)
	for _, n := range list {
		if n.IP.String() == addr {
			return n.HardwareAddr.String()
		}
	}
	return ""
}

// learn makes the neighbour ask for an address, and waits until it has learnt
// the first director's. It returns a time before the entry's last update.
func (l *lab) learn(addr string) time.Time {
	l.t.Helper()
	_ = l.neighbour.NeighDel(&netlink.Neigh{LinkIndex: l.link(l.neighbour, "br0").Attrs().Index, IP: net.ParseIP(addr), State: netlink.NUD_FAILED})
	before := time.Now()
	conn, err := net.Dial("udp4", addr+":9")
	l.must(err)
	defer conn.Close()
	_, err = conn.Write([]byte("who has it?"))
	l.must(err)
	l.until("the neighbour learns "+addr, func() bool { return l.entry(addr) == firstMAC })
	return before
}

// claim is the second director's for an address.
func (l *lab) claim(addr string) Claim {
	l.t.Helper()
	attrs := l.link(l.second, "eth0").Attrs()
	return Claim{Addr: netip.MustParseAddr(addr), Link: "eth0", Index: attrs.Index, MAC: attrs.HardwareAddr.String()}
}

// announcer runs the real thing in the second director's namespace.
func (l *lab) announcer() *Announcer {
	a := NewAnnouncer(Options{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := netns.Set(l.ns[l.second]); err != nil {
			done <- err
			return
		}
		done <- a.Run(ctx)
	}()
	l.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			l.t.Errorf("Run: %v", err)
		}
	})
	return a
}

// capture opens a socket that sees the ARP frames that reach the neighbour.
func (l *lab) capture() *packet.Conn {
	l.t.Helper()
	attrs := l.link(l.neighbour, "br0").Attrs()
	c, err := packet.Listen(&net.Interface{Index: attrs.Index, Name: "br0"}, packet.Raw, int(ethernet.EtherTypeARP), nil)
	l.must(err)
	l.t.Cleanup(func() { _ = c.Close() })
	// It takes 510 frames at once while the reader is not scheduled.
	raw, err := c.SyscallConn()
	l.must(err)
	l.must(raw.Control(func(fd uintptr) {
		l.must(unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20))
	}))
	l.must(c.SetReadDeadline(time.Now().Add(20 * time.Second)))
	return c
}

// read returns the next n frames that come from the second director.
func (l *lab) read(c io.Closer, n int) [][]byte {
	l.t.Helper()
	var frames [][]byte
	for buf := make([]byte, 2048); len(frames) < n; {
		size, _, err := c.(*packet.Conn).ReadFrom(buf)
		l.must(err)
		if size >= 42 && net.HardwareAddr(buf[6:12]).String() == secondMAC {
			frames = append(frames, append([]byte(nil), buf[:size]...))
		}
	}
	return frames
}
