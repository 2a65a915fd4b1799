//go:build lab

package arp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/arp"
	"github.com/mdlayher/ethernet"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	labVIP    = "192.0.2.10"
	labMarker = "192.0.2.11"
)

// locktime is Linux's net.ipv4.neigh.default.locktime, 100 ticks of USER_HZ.
const locktime = time.Second

// TestLabWhatLinuxTakesWithinLocktime pins the kernel's rule from which the
// frames follow. Each form is sent while the neighbour's entry is younger than
// the locktime, then a second address is announced in a form that is known to
// work: once that is seen, the first frame was handled too.
func TestLabWhatLinuxTakesWithinLocktime(t *testing.T) {
	l := newLab(t)
	l.address(l.first, "eth0", labVIP+"/24")
	l.address(l.first, "eth0", labMarker+"/24")
	mac, _ := net.ParseMAC(secondMAC)
	zero := make(net.HardwareAddr, 6)
	for _, tt := range []struct {
		name   string
		op     arp.Operation
		target net.HardwareAddr
		taken  bool
	}{
		{"request to zero, as we send it", arp.OperationRequest, zero, true},
		{"request to broadcast", arp.OperationRequest, ethernet.Broadcast, true},
		{"reply to the sender, as we send it", arp.OperationReply, mac, true},
		{"reply to broadcast", arp.OperationReply, ethernet.Broadcast, false},
		{"reply to zero", arp.OperationReply, zero, false},
	} {
		frame, err := arpFrame(tt.op, l.claim(labVIP).Addr, mac, tt.target)
		l.must(err)
		marker, err := Frames(l.claim(labMarker))
		l.must(err)
		for try := 1; ; try++ {
			l.learn(labMarker)
			updated := l.learn(labVIP)
			l.in(l.second, func() {
				c, err := dial("eth0", l.claim(labVIP).Index)
				l.must(err)
				l.must(c.Send(frame))
				l.must(c.Send(marker[1].Bytes))
				l.must(c.Close())
			})
			l.until("the marker is taken", func() bool { return l.entry(labMarker) == secondMAC })
			taken, age := l.entry(labVIP) == secondMAC, time.Since(updated)
			if age >= locktime && try < 10 {
				continue // too slow to say anything
			}
			t.Logf("%-34s entry not older than %v: taken %v", tt.name, age.Round(time.Millisecond), taken)
			if taken != tt.taken || age >= locktime {
				t.Errorf("%s: taken %v by an entry not older than %v, want %v", tt.name, taken, age, tt.taken)
			}
			break
		}
	}
}

// The interface that announces has no IPv4 address here, as in all of these.
func TestLabAnnouncementMovesAnEntryThatIsYoungerThanLocktime(t *testing.T) {
	l := newLab(t)
	l.address(l.first, "eth0", labVIP+"/24")
	if addrs, err := l.second.AddrList(l.link(l.second, "eth0"), netlink.FAMILY_V4); err != nil || len(addrs) != 0 {
		t.Fatalf("the second director has the addresses %v, %v; want none", addrs, err)
	}
	a := l.announcer()
	for try := 1; ; try++ {
		updated := l.learn(labVIP)
		set := time.Now()
		a.Set(map[Claim]Schedule{l.claim(labVIP): usual})
		l.until("the entry moves", func() bool { return l.entry(labVIP) == secondMAC })
		took, age := time.Since(set), time.Since(updated)
		if age < locktime {
			t.Logf("moved %v after Set, entry not older than %v", took, age)
			return
		}
		if try == 10 {
			t.Fatalf("moved only %v after Set, when its entry was up to %v old", took, age)
		}
		a.Set(nil)
	}
}

func TestLabTsharkCallsBothFormsGratuitous(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Fatal("tshark is missing: apt-get install tshark")
	}
	l := newLab(t)
	c := l.capture()
	l.announcer().Set(map[Claim]Schedule{l.claim(labVIP): {}})

	var pcap bytes.Buffer // classic format: magic, 2.4, zone, precision, length, Ethernet
	for _, field := range []any{uint32(0xa1b2c3d4), uint16(2), uint16(4), uint32(0), uint32(0), uint32(65535), uint32(1)} {
		l.must(binary.Write(&pcap, binary.LittleEndian, field))
	}
	for i, frame := range l.read(c, 2) {
		l.must(binary.Write(&pcap, binary.LittleEndian, []uint32{uint32(i), 0, uint32(len(frame)), uint32(len(frame))}))
		pcap.Write(frame)
	}
	file := filepath.Join(t.TempDir(), "arp.pcap")
	l.must(os.WriteFile(file, pcap.Bytes(), 0o644))
	out, err := exec.Command(tshark, "-r", file, "-T", "fields", "-E", "separator= ", "-e", "arp.opcode", "-e", "arp.isgratuitous",
		"-e", "arp.src.proto_ipv4", "-e", "arp.dst.proto_ipv4", "-e", "arp.src.hw_mac", "-e", "arp.dst.hw_mac").Output()
	l.must(err)
	want := "1 1 192.0.2.10 192.0.2.10 " + secondMAC + " 00:00:00:00:00:00\n" +
		"2 1 192.0.2.10 192.0.2.10 " + secondMAC + " " + secondMAC + "\n"
	got := strings.NewReplacer("True", "1", "False", "0").Replace(string(out))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tshark (-want +got):\n%s", diff)
	}
}

func TestLabManyAddressesGoOutAtOnce(t *testing.T) {
	l := newLab(t)
	c := l.capture()
	a := l.announcer()
	claims := make(map[Claim]Schedule)
	for i := range 255 {
		claims[l.claim(fmt.Sprintf("192.0.2.%d", i))] = Schedule{}
	}
	set := time.Now()
	a.Set(claims)
	var took time.Duration
	l.until("the last burst is out", func() bool {
		list := a.Status().Claims
		for _, c := range list {
			if c.Bursts == 0 {
				return false
			}
			took = max(took, c.Last.Sub(set))
		}
		return len(list) == 255
	})
	seen := make(map[string]bool)
	for _, frame := range l.read(c, 510) {
		seen[string(frame[20:32])] = true
	}
	if len(seen) != 510 {
		t.Errorf("%d different frames arrived, want 510", len(seen))
	}
	// How long is for people to judge, beside what the system calls alone take here.
	frames, err := Frames(l.claim(labVIP))
	l.must(err)
	var bare time.Duration
	l.in(l.second, func() {
		conn, err := dial("eth0", l.claim(labVIP).Index)
		l.must(err)
		began := time.Now()
		for range 510 {
			l.must(conn.Send(frames[0].Bytes))
		}
		bare = time.Since(began)
		l.must(conn.Close())
	})
	t.Logf("255 addresses in both forms: the last frame was out %v after Set; 510 bare sends take %v", took, bare)
}

func TestLabLinkDownIsAnErrorAndUpAnnouncesAgain(t *testing.T) {
	l := newLab(t)
	l.address(l.first, "eth0", labVIP+"/24")
	l.learn(labVIP)
	eth0 := l.link(l.second, "eth0")
	l.must(l.second.LinkSetDown(eth0))
	a := l.announcer()
	claim := l.claim(labVIP)
	a.Set(map[Claim]Schedule{claim: usual})
	l.until("the status has the error", func() bool {
		s := a.Status()
		return len(s.Claims) == 1 && s.Claims[0].Err == "announce on eth0: send frame: network is down" && s.Totals[0].Errors > 1
	})
	l.must(l.second.LinkSetUp(eth0))
	l.until("the retry moves the entry", func() bool { return l.entry(labVIP) == secondMAC })
	l.until("the error is gone", func() bool { return a.Status().Claims[0].Err == "" })

	mac, _ := net.ParseMAC("02:00:00:00:00:03")
	l.must(l.second.LinkSetHardwareAddr(eth0, mac))
	a.Set(map[Claim]Schedule{l.claim(labVIP): usual})
	l.until("the new hardware address is announced", func() bool { return l.entry(labVIP) == mac.String() })

	l.must(l.second.LinkDel(eth0))
	l.until("the status says that the interface is gone", func() bool {
		err := a.Status().Claims[0].Err
		return strings.Contains(err, "no such device")
	})
}

// A socket that receives would report once more, after its interface is up
// again, that it had been down; the first announcement would be lost for it.
func TestLabSocketOutlivesALinkFailure(t *testing.T) {
	l := newLab(t)
	eth0 := l.link(l.second, "eth0")
	frames, err := Frames(l.claim(labVIP))
	l.must(err)
	l.in(l.second, func() {
		c, err := dial("eth0", eth0.Attrs().Index)
		l.must(err)
		l.must(l.second.LinkSetDown(eth0))
		if err := c.Send(frames[0].Bytes); !errors.Is(err, unix.ENETDOWN) {
			t.Errorf("frame while down: %v, want %v", err, unix.ENETDOWN)
		}
		l.must(l.second.LinkSetUp(eth0))
		if err := c.Send(frames[0].Bytes); err != nil {
			t.Errorf("first frame after down and up: %v, want none", err)
		}
		l.must(c.Close())
	})
}

// The kernel fact behind withdrawing claims when the carrier is lost.
func TestLabLinkWithoutCarrierLosesFramesSilently(t *testing.T) {
	l := newLab(t)
	l.address(l.first, "eth0", labVIP+"/24")
	l.learn(labVIP)
	port := l.link(l.neighbour, "p2")
	l.must(l.neighbour.LinkSetDown(port))
	a := l.announcer()
	claims := map[Claim]Schedule{l.claim(labVIP): {}}
	a.Set(claims)
	l.until("a burst is sent to nowhere", func() bool {
		s := a.Status()
		return len(s.Claims) == 1 && s.Claims[0].Bursts == 1 && s.Claims[0].Err == ""
	})
	l.must(l.neighbour.LinkSetUp(port))
	// Its own operational state, not its carrier, says when an interface sends
	// again: the kernel sets that first and lets the queue run up to 1 s later.
	l.until("the interface is operational", func() bool { return l.link(l.second, "eth0").Attrs().OperState == netlink.OperUp })
	l.until("the port forwards", func() bool { return l.link(l.neighbour, "p2").Attrs().OperState == netlink.OperUp })
	if got := l.entry(labVIP); got != firstMAC {
		t.Errorf("the entry is %s before the claim is made again, want %s", got, firstMAC)
	}
	a.Set(nil)
	a.Set(claims)
	l.until("the entry moves", func() bool { return l.entry(labVIP) == secondMAC })
}
