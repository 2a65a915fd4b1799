package vip

import (
	"bytes"
	"maps"
	"net"
	"net/netip"
	"slices"
)

// Links are the interfaces of this machine by name.
type Links map[string]LinkState

// LinkState is one interface as the Watch last saw it.
type LinkState struct {
	Index  int              // changes when an interface of the same name is made anew
	Up     bool             // IFF_UP: somebody switched it on
	OperUp bool             // it can carry packets: up, with carrier, and its operstate is up or unknown
	MTU    int              // bytes
	MAC    net.HardwareAddr // empty if it has none
	Addrs  []LinkAddr       // in the kernel's order
}

// LinkAddr is one address of a link.
type LinkAddr struct {
	Prefix    netip.Prefix // the host's bits kept
	Secondary bool         // IPv4: another address of the same subnet came first
	Global    bool         // its scope is global, not link or host
}

// Equal says whether two states are the same.
func (s LinkState) Equal(t LinkState) bool {
	return s.Index == t.Index && s.Up == t.Up && s.OperUp == t.OperUp && s.MTU == t.MTU &&
		bytes.Equal(s.MAC, t.MAC) && slices.Equal(s.Addrs, t.Addrs)
}

func sameLinks(a, b Links) bool {
	return maps.EqualFunc(a, b, LinkState.Equal)
}

// PrimaryIPv4 picks the address that a router sends its adverts from: the first
// IPv4 address of global scope, in the kernel's order, that is neither
// secondary nor excluded. exclude holds the virtual addresses, which are no
// one's own. If a virtual address came first in its subnet, the own one is
// secondary to it; so when nothing else is left, the first such one is taken.
func PrimaryIPv4(s LinkState, exclude map[netip.Addr]bool) (netip.Addr, bool) {
	var second netip.Addr
	for _, a := range s.Addrs {
		addr := a.Prefix.Addr()
		if !addr.Is4() || !a.Global || exclude[addr] {
			continue
		}
		if !a.Secondary {
			return addr, true
		}
		if !second.IsValid() {
			second = addr
		}
	}
	return second, second.IsValid()
}
