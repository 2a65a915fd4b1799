//go:build lab

package plain

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lbha/lbha/internal/director"
	"github.com/lbha/lbha/test/netns"
)

var intruder = netip.MustParseAddr("192.168.17.10")

// advert is one that any Active would obey: VRID 51, the highest priority of a
// Backup, an interval of a second, the VIP. Its checksum is to be filled in.
func advert() []byte {
	b := []byte{0x31, 51, 254, 1, 0, 100, 0, 0}
	return append(b, vip.AsSlice()...)
}

// summed puts in the checksum of RFC 9568, 5.2.8. This is not the codec of the
// director, so that one does not prove itself by itself.
func summed(b []byte) []byte {
	var s uint32
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	binary.BigEndian.PutUint16(b[6:], ^uint16(s))
	return b
}

// altered is an advert with one byte changed before it is summed.
func altered(at int, to byte) []byte {
	b := advert()
	b[at] = to
	return summed(b)
}

// inject sends a VRRP message to the group from the host.
func inject(t *testing.T, h *netns.Host, ttl byte, message []byte) {
	t.Helper()
	group := [4]byte{224, 0, 0, 18}
	// The kernel fills in length, identification and checksum.
	packet := []byte{0x45, 0xc0, 0, 0, 0, 0, 0, 0, ttl, 112, 0, 0}
	packet = append(packet, intruder.AsSlice()...)
	packet = append(packet, group[:]...)
	packet = append(packet, message...)
	must(t, h.Do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return fmt.Errorf("open raw socket: %w", err)
		}
		defer unix.Close(fd)
		if err := unix.SetsockoptInet4Addr(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, intruder.As4()); err != nil {
			return fmt.Errorf("choose interface: %w", err)
		}
		return unix.Sendto(fd, packet, 0, &unix.SockaddrInet4{Addr: group})
	}))
}

func TestPlainDirectorsNeverActOnBadAdverts(t *testing.T) {
	l := newLAN(t)
	file := minimal(t)
	daemons := []*netns.Process{start(t, l.first, file), start(t, l.second, file)}
	was := []director.RouterStatus{becomes(t, daemons[0], "active"), becomes(t, daemons[1], "backup")}

	wrongSum := summed(advert())
	wrongSum[7]++
	for _, bad := range []struct {
		reason  string
		what    string
		ttl     byte
		message []byte
	}{
		{"truncated", "nothing at all", 255, nil},
		{"truncated", "half a header", 255, advert()[:5]},
		{"truncated", "two addresses said, one there", 255, altered(3, 2)},
		{"trailing", "bytes after the last address", 255, summed(append(advert(), 1, 2, 3, 4))},
		{"version", "version 2", 255, altered(0, 0x21)},
		{"type", "type 2", 255, altered(0, 0x32)},
		{"checksum", "wrong checksum", 255, wrongSum},
		{"ttl", "TTL 254", 254, summed(advert())},
		{"vrid", "VRID 52, a foreign router", 255, altered(1, 52)},
		{"interval", "interval 0", 255, altered(5, 0)},
		{"count", "no address", 255, func() []byte { b := advert()[:8]; b[3] = 0; return summed(b) }()},
	} {
		before := []uint64{dropped(t, daemons[0], bad.reason), dropped(t, daemons[1], bad.reason)}
		inject(t, l.third, bad.ttl, bad.message)
		for i, d := range daemons {
			eventually(t, fmt.Sprintf("%s is counted as %s", bad.what, bad.reason), func() error {
				if n := dropped(t, d, bad.reason); n != before[i]+1 {
					return fmt.Errorf("%d before, %d now", before[i], n)
				}
				return nil
			})
		}
	}
	for i, d := range daemons {
		now, err := router(t, d)
		must(t, err)
		if now.State != was[i].State || !now.Since.Equal(was[i].Since) {
			t.Errorf("director %d is %s since %s because of %s, want %s since %s", i, now.State, now.Since, now.Reason, was[i].State, was[i].Since)
		}
		t.Logf("director %d: dropped %v, acted on %d", i, now.Adverts.Dropped, now.Adverts.Received)
	}
	owns(t, l.first, true)
	owns(t, l.second, false)

	// The good one, by the same way, is obeyed: so the bad ones did arrive.
	inject(t, l.third, 255, summed(advert()))
	if r := becomes(t, daemons[0], "backup"); r.Reason != "higher_priority" {
		t.Errorf("server04 gave way because of %s, want higher_priority", r.Reason)
	}
}

// dropped is how many adverts the daemon dropped for that reason.
func dropped(t *testing.T, p *netns.Process, reason string) uint64 {
	t.Helper()
	r, err := router(t, p)
	must(t, err)
	return r.Adverts.Dropped[reason]
}
