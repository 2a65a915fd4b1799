package vip

import (
	"net"
	"net/netip"
	"testing"
)

func TestPrimaryIPv4(t *testing.T) {
	la := func(prefix string, flags ...string) LinkAddr {
		a := LinkAddr{Prefix: netip.MustParsePrefix(prefix), Global: true}
		for _, f := range flags {
			a.Secondary = a.Secondary || f == "secondary"
			a.Global = a.Global && f != "link"
		}
		return a
	}
	exclude := map[netip.Addr]bool{netip.MustParseAddr("192.0.2.100"): true}
	for name, tt := range map[string]struct {
		addrs []LinkAddr
		want  string
	}{
		"none":                     {nil, "invalid IP"},
		"kernel order":             {[]LinkAddr{la("192.0.2.9/24"), la("198.51.100.1/24")}, "192.0.2.9"},
		"not a virtual one":        {[]LinkAddr{la("192.0.2.100/32"), la("192.0.2.9/24")}, "192.0.2.9"},
		"nor with another prefix":  {[]LinkAddr{la("192.0.2.100/24")}, "invalid IP"},
		"not IPv6":                 {[]LinkAddr{la("2001:db8::1/64"), la("192.0.2.9/24")}, "192.0.2.9"},
		"not of link scope":        {[]LinkAddr{la("169.254.0.1/16", "link"), la("192.0.2.9/24")}, "192.0.2.9"},
		"primary before secondary": {[]LinkAddr{la("192.0.2.10/24", "secondary"), la("192.0.2.9/24")}, "192.0.2.9"},
		"secondary to a virtual one": {[]LinkAddr{
			la("192.0.2.100/24"), la("192.0.2.9/24", "secondary"), la("192.0.2.8/24", "secondary")}, "192.0.2.9"},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := PrimaryIPv4(LinkState{Addrs: tt.addrs}, exclude)
			if got.String() != tt.want || ok != got.IsValid() {
				t.Errorf("got %s, %v, want %s", got, ok, tt.want)
			}
		})
	}
}

func TestLinkStatesDifferInEachField(t *testing.T) {
	base := func() LinkState {
		return LinkState{Index: 2, Up: true, OperUp: true, MTU: 1500, MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1},
			Addrs: []LinkAddr{{Prefix: netip.MustParsePrefix("192.0.2.1/24"), Global: true}}}
	}
	if !base().Equal(base()) {
		t.Error("equal states differ")
	}
	for name, change := range map[string]func(*LinkState){
		"index":    func(s *LinkState) { s.Index = 3 },
		"up":       func(s *LinkState) { s.Up = false },
		"operup":   func(s *LinkState) { s.OperUp = false },
		"mtu":      func(s *LinkState) { s.MTU = 9000 },
		"mac":      func(s *LinkState) { s.MAC[5] = 2 },
		"address":  func(s *LinkState) { s.Addrs[0].Prefix = netip.MustParsePrefix("192.0.2.1/32") },
		"promoted": func(s *LinkState) { s.Addrs[0].Secondary = true },
		"one more": func(s *LinkState) { s.Addrs = append(s.Addrs, LinkAddr{}) },
	} {
		s := base()
		change(&s)
		if s.Equal(base()) {
			t.Errorf("%s: a change is not seen", name)
		}
	}
}
