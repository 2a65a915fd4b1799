package vip

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// message is an rtnetlink message about an address, made by hand from the
// layout in rtnetlink(7): struct ifaddrmsg, then attributes.
func message(kind uint16, prefix string, flags byte, index uint32, valid uint32) syscall.NetlinkMessage {
	p := netip.MustParsePrefix(prefix)
	family := byte(unix.AF_INET)
	if p.Addr().Is6() {
		family = unix.AF_INET6
	}
	b := []byte{family, byte(p.Bits()), flags, unix.RT_SCOPE_UNIVERSE}
	b = binary.NativeEndian.AppendUint32(b, index)
	attr := func(kind uint16, value []byte) {
		b = binary.NativeEndian.AppendUint16(b, uint16(4+len(value)))
		b = binary.NativeEndian.AppendUint16(b, kind)
		b = append(b, value...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	attr(unix.IFA_ADDRESS, p.Addr().AsSlice())
	attr(unix.IFA_FLAGS, binary.NativeEndian.AppendUint32(nil, uint32(flags)))
	var times []byte
	for _, v := range []uint32{valid, valid, 0, 0} {
		times = binary.NativeEndian.AppendUint32(times, v)
	}
	attr(unix.IFA_CACHEINFO, times)
	return syscall.NetlinkMessage{Header: syscall.NlMsghdr{Type: kind}, Data: b}
}

func TestARenewedLifetimeIsNoNews(t *testing.T) {
	seen := map[string]string{}
	for _, step := range []struct {
		what string
		msg  syscall.NetlinkMessage
		news bool
	}{
		{"added", message(unix.RTM_NEWADDR, "192.0.2.1/24", 0, 2, 4), true},
		{"renewed", message(unix.RTM_NEWADDR, "192.0.2.1/24", 0, 2, 9), false},
		{"another prefix length", message(unix.RTM_NEWADDR, "192.0.2.1/32", 0, 2, 4), true},
		{"another link", message(unix.RTM_NEWADDR, "192.0.2.1/24", 0, 3, 4), true},
		{"IPv6 added", message(unix.RTM_NEWADDR, "2001:db8::1/64", 0, 2, 4), true},
		{"IPv6 renewed", message(unix.RTM_NEWADDR, "2001:db8::1/64", 0, 2, 3), false},
		{"second added", message(unix.RTM_NEWADDR, "192.0.2.2/24", unix.IFA_F_SECONDARY, 2, 4), true},
		{"second renewed", message(unix.RTM_NEWADDR, "192.0.2.2/24", unix.IFA_F_SECONDARY, 2, 4), false},
		{"first removed", message(unix.RTM_DELADDR, "192.0.2.1/24", 0, 2, 4), true},
		{"second promoted", message(unix.RTM_NEWADDR, "192.0.2.2/24", 0, 2, 4), true},
		{"second removed", message(unix.RTM_DELADDR, "192.0.2.2/24", 0, 2, 4), true},
		{"first added again", message(unix.RTM_NEWADDR, "192.0.2.1/24", 0, 2, 4), true},
		{"second added again", message(unix.RTM_NEWADDR, "192.0.2.2/24", unix.IFA_F_SECONDARY, 2, 4), true},
		{"first renewed", message(unix.RTM_NEWADDR, "192.0.2.1/24", 0, 2, 4), false},
		{"link changed", syscall.NetlinkMessage{Header: syscall.NlMsghdr{Type: unix.RTM_NEWLINK}}, true},
		{"link removed", syscall.NetlinkMessage{Header: syscall.NlMsghdr{Type: unix.RTM_DELLINK}}, true},
		{"end of something", syscall.NetlinkMessage{Header: syscall.NlMsghdr{Type: unix.NLMSG_DONE}}, false},
	} {
		if got := isNews(step.msg, seen); got != step.news {
			t.Errorf("%s: news is %v, want %v", step.what, got, step.news)
		}
	}
}

func FuzzAddressMessage(f *testing.F) {
	f.Add([]byte{})
	f.Add(message(unix.RTM_NEWADDR, "192.0.2.1/24", 0, 2, 4).Data)
	f.Add(message(unix.RTM_NEWADDR, "2001:db8::1/64", 2, 2, 4).Data[:30])
	f.Fuzz(func(t *testing.T, b []byte) {
		seen := map[string]string{}
		add := syscall.NetlinkMessage{Header: syscall.NlMsghdr{Type: unix.RTM_NEWADDR}, Data: b}
		del := syscall.NetlinkMessage{Header: syscall.NlMsghdr{Type: unix.RTM_DELADDR}, Data: b}
		if !isNews(add, seen) || isNews(add, seen) || !isNews(del, seen) || !isNews(add, seen) {
			t.Fatalf("%x: first, again, gone and back are not yes, no, yes and yes", b)
		}
	})
}
