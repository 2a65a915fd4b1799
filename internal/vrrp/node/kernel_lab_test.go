//go:build lab

package node

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/lbha/lbha/internal/vrrp"
)

// fast is a router at 30 ms adverts.
func fast(vrid, priority uint8) Config {
	c := router("web", vrid, priority)
	c.Router.Interval = 30 * time.Millisecond
	return c
}

func active(s Status) bool { return s.View.State == vrrp.Active }
func backup(s Status) bool { return s.View.State == vrrp.Backup }

func TestLabOneOfTwoDirectorsIsActiveThroughStopAndCut(t *testing.T) {
	l := newLAN(t)
	a := l.run(t, l.a, fast(51, 150))
	b := l.run(t, l.b, fast(51, 100))
	a.until("A to become active", active)
	b.until("B to follow A", func(s Status) bool { return backup(s) && s.View.Active == addrA && s.Received > 10 })
	a.stop()
	if got := b.until("B to take over from A", active).Recent; got[len(got)-1].Reason != vrrp.ReasonPriorityZero {
		t.Errorf("took over because of %s, want priority_zero", got[len(got)-1].Reason)
	}
	a = l.run(t, l.a, fast(51, 150))
	a.until("A to preempt", active)
	b.until("B to follow A again", func(s Status) bool { return backup(s) && s.View.Active == addrA })
	l.cut(t, "a")
	got := b.until("B to take over in silence", active)
	if last := got.Recent[len(got.Recent)-1]; last.Reason != vrrp.ReasonTimeout {
		t.Errorf("took over because of %s, want timeout", last.Reason)
	}
	t.Logf("power cut at 30 ms adverts: active %s after the last advert", got.View.Since.Sub(got.View.Heard.At))
	for _, s := range append(a.runner.Status(), b.runner.Status()...) {
		if s.SendErrors != 0 || len(s.Dropped) != 0 || len(s.Wire.Dropped) != 0 {
			t.Errorf("%d send errors (%s), dropped %v and %v; want none", s.SendErrors, s.SendErr, s.Dropped, s.Wire.Dropped)
		}
	}
}

func TestLabOwnAdvertsAreNotHeard(t *testing.T) {
	l := newLAN(t)
	a := l.run(t, l.a, fast(51, 255), fast(52, 255))
	s := a.until("some adverts", func(s Status) bool { return s.Sent > 10 })
	if s.Received != 0 || len(s.Dropped) != 0 || len(s.Wire.Dropped) != 0 {
		t.Errorf("received %d, dropped %v and %v; want silence", s.Received, s.Dropped, s.Wire.Dropped)
	}
}

func TestLabInterruptedSocketGoesOnReading(t *testing.T) {
	l := newLAN(t)
	conn, err := l.a.dial(l.links[l.a])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	batch := make([]Datagram, batchSize)
	for range 2 {
		conn.Interrupt()
		if n, err := conn.Receive(batch, true); n != 0 || err != nil {
			t.Fatalf("interrupted Receive returns %d, %v; want 0 and no error", n, err)
		}
		if n, err := conn.Receive(batch, false); n != 0 || err != nil {
			t.Fatalf("Receive of an empty socket returns %d, %v; want 0 and no error", n, err)
		}
	}
	fd := l.b.sender(t, l.links[l.b])
	good := message(t, addrB, 51, 250)
	if err := unix.Sendto(fd, ipv4Packet(addrB, group, 255, good), 0, &unix.SockaddrInet4{Addr: group.As4()}); err != nil {
		t.Fatal(err)
	}
	n, err := conn.Receive(batch, true)
	want := []Datagram{{From: addrB, To: group, TTL: 255, Payload: good}}
	if diff := cmp.Diff(want, batch[:n], cmpAddr); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	conn.Close()
	if _, err := conn.Receive(batch, true); err == nil {
		t.Error("a closed socket is read without an error")
	}
}

func TestLabVanishedInterfaceIsAFaultUntilAnotherComes(t *testing.T) {
	l := newLAN(t)
	a := l.run(t, l.a, fast(51, 150))
	a.until("A to become active", active)
	l.hub.do(t, func() error {
		link, err := netlink.LinkByName("a")
		if err != nil {
			return err
		}
		return netlink.LinkDel(link)
	})
	got := a.until("the kernel to refuse an advert", func(s Status) bool { return s.SendErr != "" })
	if !active(got) {
		t.Errorf("%s, want active until somebody says that the link is gone", got.View.State)
	}
	a.runner.SetLinks(map[string]Link{"web": {Name: "eth0", Fault: "interface eth0 is missing"}})
	a.until("fault", func(s Status) bool { return s.View.State == vrrp.Fault })
	l.join(t, l.a, "a", addrA)
	a.runner.SetLinks(map[string]Link{"web": l.links[l.a]})
	sent := got.Sent
	a.until("A to come back", func(s Status) bool { return active(s) && s.SendErr == "" && s.Sent > sent+10 })
}

// ipv4Packet builds a datagram with its header.
func ipv4Packet(from, to netip.Addr, ttl uint8, payload []byte) []byte {
	b := make([]byte, 20, 20+len(payload))
	b[0], b[8], b[9] = 0x45, ttl, vrrp.Protocol
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload)))
	copy(b[12:], from.AsSlice())
	copy(b[16:], to.AsSlice())
	return append(b, payload...)
}

// sender opens a raw socket on which whole IPv4 packets go out of eth0.
func (n *namespace) sender(t testing.TB, link Link) int {
	t.Helper()
	var fd int
	n.do(t, func() (err error) {
		if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW); err != nil {
			return err
		}
		if err = unix.BindToDevice(fd, link.Name); err != nil {
			return err
		}
		return unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &unix.IPMreqn{Ifindex: int32(link.Index)})
	})
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func TestLabMalformedPacketsAreCountedAndDoNothing(t *testing.T) {
	l := newLAN(t)
	a := l.run(t, l.a, fast(51, 150))
	before := a.until("A to become active", active)
	fd := l.b.sender(t, l.links[l.b])
	good := message(t, addrB, 51, 250)
	edit := func(i int, v byte) []byte {
		b := slices.Clone(good)
		b[i] = v
		return b
	}
	packets := [][]byte{
		ipv4Packet(addrB, group, 255, edit(6, good[6]^1)),
		ipv4Packet(addrB, group, 254, good),
		ipv4Packet(addrB, group, 255, message(t, addrB, 77, 250)),
		ipv4Packet(addrB, group, 255, good[:9]),
		ipv4Packet(addrB, group, 255, append(slices.Clone(good), 0)),
		ipv4Packet(addrB, group, 255, edit(0, 0x21)),
		ipv4Packet(addrB, group, 255, edit(0, 0x3f)),
		ipv4Packet(addrB, group, 255, nil),
	}
	for _, p := range packets {
		if err := unix.Sendto(fd, p, 0, &unix.SockaddrInet4{Addr: group.As4()}); err != nil {
			t.Fatal(err)
		}
	}
	got := a.until("the last packet", func(s Status) bool { return s.Wire.Dropped[vrrp.DropTruncated] > 0 })
	want := map[vrrp.DropReason]uint64{
		vrrp.DropChecksum: 1, vrrp.DropTTL: 1, vrrp.DropTruncated: 1, vrrp.DropTrailing: 1, vrrp.DropVersion: 1, vrrp.DropType: 1,
	}
	if diff := cmp.Diff(want, got.Dropped); diff != "" {
		t.Errorf("dropped (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]Foreign{{77, addrB, 1}}, got.Wire.Foreign, cmpAddr); diff != "" {
		t.Errorf("foreign (-want +got)\n%s", diff)
	}
	if got.Received != 0 || got.View != before.View {
		t.Errorf("received %d, %+v; want nothing to have happened", got.Received, got.View)
	}
}
