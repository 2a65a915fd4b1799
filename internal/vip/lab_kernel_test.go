//go:build lab

package vip_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/lbha/lbha/internal/vip"
	"github.com/lbha/lbha/internal/vip/viptest"
)

func TestLabRealKernelConforms(t *testing.T) {
	viptest.Conform(t, func(t *testing.T) viptest.Machine {
		l := enter(t)
		return viptest.Machine{Kernel: l.kernel(), Promote: l.promote}
	})
}

// What the kernel holds is what ip-address(8) would have made of it.
func TestLabAddressesInTheRealKernel(t *testing.T) {
	l := enter(t)
	rec, _, stop := l.director(nil)
	defer stop()
	l.sync(rec, vip.Want{Present: specs(4*second, "192.0.2.1/24 dev lab0", "2001:db8::1/64 dev lab0")})
	for _, a := range l.addresses() {
		if a.Scope != unix.RT_SCOPE_UNIVERSE || a.ValidLft < 3 || a.ValidLft > 4 || a.Flags&unix.IFA_F_PERMANENT != 0 {
			t.Errorf("%s: scope %d, valid_lft %d, flags %#x", a.IPNet, a.Scope, a.ValidLft, a.Flags)
		}
		if a.IP.To4() != nil {
			if a.Broadcast != nil || a.PreferedLft != a.ValidLft {
				t.Errorf("%s: broadcast %s, preferred %d of %d", a.IPNet, a.Broadcast, a.PreferedLft, a.ValidLft)
			}
		} else if a.PreferedLft != 0 || a.Flags&unix.IFA_F_NODAD == 0 || a.Flags&unix.IFA_F_TENTATIVE != 0 {
			t.Errorf("%s: preferred %d, flags %#x", a.IPNet, a.PreferedLft, a.Flags)
		}
	}
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{LinkIndex: l.link.Attrs().Index}, netlink.RT_FILTER_OIF)
	l.must(err)
	if len(routes) != 1 || routes[0].Dst.String() != "192.0.2.0/24" {
		t.Errorf("routes are %v, want the connected one", routes)
	}
}

// A virtual IPv6 address must not become the source of the machine's own
// connections, also when its prefix is the better match.
func TestLabAnIPv6AddressIsNoSource(t *testing.T) {
	l := enter(t)
	l.add("2001:db8::99/64")
	l.await("own address past duplicate detection", func() bool { return !tentative(l.addresses()) })
	rec, _, stop := l.director(nil)
	defer stop()
	l.sync(rec, vip.Want{Present: specs(4*second, "2001:db8::100/64 dev lab0")})
	routes, err := netlink.RouteGet(net.ParseIP("2001:db8::101"))
	l.must(err)
	if got := routes[0].Src.String(); got != "2001:db8::99" {
		t.Errorf("source is %s, want the machine's own 2001:db8::99", got)
	}
}

func tentative(list []netlink.Addr) bool {
	for _, a := range list {
		if a.Flags&unix.IFA_F_TENTATIVE != 0 {
			return true
		}
	}
	return false
}

// Whoever lacks the privilege is told so, and may still look.
func TestLabWithoutCapNetAdmin(t *testing.T) {
	l := enter(t)
	k := l.kernel()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	l.must(unix.Capset(&header, &none[0])) // of this thread, which ends with the test
	if _, err := k.List(); err != nil {
		t.Errorf("list: %v", err)
	}
	for _, kind := range []vip.OpKind{vip.Add, vip.Renew, vip.Delete} {
		err := k.Apply(vip.Op{Kind: kind, Address: viptest.At("192.0.2.1/24", "lab0"), Lease: 4 * time.Second})
		if !errors.Is(err, vip.ErrPermission) {
			t.Errorf("%s: %v, want ErrPermission", kind, err)
		}
	}
}

func TestLabIPv6DisabledIsSaid(t *testing.T) {
	l := enter(t)
	l.sysctl("ipv6/conf/lab0/disable_ipv6", "1")
	k := l.kernel()
	if _, err := k.List(); err != nil {
		t.Fatal(err)
	}
	if err := k.Apply(vip.Op{Kind: vip.Add, Address: viptest.At("2001:db8::1/64", "lab0")}); !errors.Is(err, vip.ErrIPv6Disabled) {
		t.Errorf("error is %v, want ErrIPv6Disabled", err)
	}
}

func TestLabAddressWithAPeerIsNotTaken(t *testing.T) {
	l := enter(t)
	_, peer, err := net.ParseCIDR("192.0.2.2/32")
	l.must(err)
	l.must(netlink.AddrAdd(l.link, &netlink.Addr{
		IPNet: &net.IPNet{IP: net.IPv4(192, 0, 2, 1), Mask: net.CIDRMask(32, 32)}, Peer: peer,
	}))
	have, err := l.kernel().List()
	l.must(err)
	if _, there := have[viptest.At("192.0.2.1/32", "lab0")]; there {
		t.Error("an address with a peer is listed as one without")
	}
	m, err := vip.OpenMonitor()
	l.must(err)
	links, err := m.Links()
	l.must(err)
	if got := links["lab0"].Addrs; len(got) == 0 || got[0].Prefix.String() != "192.0.2.1/32" {
		t.Errorf("the link's addresses are %v, want the local side of it", got)
	}
}
