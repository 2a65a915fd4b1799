//go:build lab

package drills

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/lbha/lbha/test/netns"
)

func TestNATPairElectsOneAndSharesEvenly(t *testing.T) {
	r := natRig(t)
	r.up(t)
	for _, h := range r.Directors {
		sameTable(t, h, natWeb(inner03, inner01))
	}
	leased(t, r.Directors[0], "eth0", netip.PrefixFrom(r.VIP.Addr(), 24))
	leased(t, r.Directors[0], "eth1", netip.PrefixFrom(innerGateway, 24))
	for _, addr := range []netip.Addr{r.VIP.Addr(), innerGateway} {
		owns(t, r.Directors[1], addr, false)
	}
	r.shared(t)
	r.prefers(t, 0)
	for _, h := range r.Servers {
		r.clientsSeen(t, h, "192.168.24.10")
	}
}

// leased expects the address on the link, with an end that the kernel keeps.
func leased(t *testing.T, h *netns.Host, link string, want netip.Prefix) {
	t.Helper()
	list, err := h.Addresses(link)
	must(t, err)
	i := slices.IndexFunc(list, func(a netns.LinkAddress) bool { return a.Prefix == want })
	if i < 0 {
		t.Fatalf("%s of %s has %v, want %s", link, h.Name, list, want)
	}
	if list[i].Left == netns.Forever {
		t.Errorf("%s on %s of %s has no end, want a lease", want, link, h.Name)
	}
	t.Logf("%s on %s of %s ends in %s unless renewed", want, link, h.Name, list[i].Left)
}
