package netns

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
)

// VirtualService is a service of IPVS as ipvsadm(8) shows it.
type VirtualService struct {
	Protocol  string // TCP, UDP, SCTP or FWM
	Address   string // with port, or the mark of FWM
	Scheduler string
	Flags     string // "" or such as "persistent 300"
	Servers   []RealServer
}

// RealServer is one of its servers.
type RealServer struct {
	Address  string // with port
	Forward  string // Masq, Route or Tunnel
	Weight   int
	Active   int // connections
	Inactive int
}

// IPVS returns the host's table, in the kernel's order, as another program sees
// it.
func (h *Host) IPVS(ctx context.Context) ([]VirtualService, error) {
	if err := Require("ipvsadm"); err != nil {
		return nil, err
	}
	out, err := h.Run(ctx, "ipvsadm", "-Ln")
	if err != nil {
		return nil, err
	}
	table, err := ParseIPVS(out)
	if err != nil {
		return nil, fmt.Errorf("read table of %s: %w", h.Name, err)
	}
	return table, nil
}

// ParseIPVS reads the output of `ipvsadm -Ln`.
func ParseIPVS(text string) ([]VirtualService, error) {
	var table []VirtualService
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[0] == "IP" || fields[0] == "Prot" || fields[1] == "RemoteAddress:Port" {
			continue // the three lines of its head
		}
		if fields[0] != "->" {
			table = append(table, VirtualService{
				Protocol: fields[0], Address: fields[1], Scheduler: fields[2], Flags: strings.Join(fields[3:], " "),
			})
			continue
		}
		server, err := parseServer(fields)
		if err != nil || len(table) == 0 {
			return nil, fmt.Errorf("line %q of ipvsadm makes no sense", strings.TrimSpace(line))
		}
		last := &table[len(table)-1]
		last.Servers = append(last.Servers, server)
	}
	return table, nil
}

func parseServer(fields []string) (RealServer, error) {
	if len(fields) != 6 {
		return RealServer{}, strconv.ErrSyntax
	}
	s := RealServer{Address: fields[1], Forward: fields[2]}
	for i, to := range []*int{&s.Weight, &s.Active, &s.Inactive} {
		n, err := strconv.Atoi(fields[3+i])
		if err != nil {
			return RealServer{}, err
		}
		*to = n
	}
	return s, nil
}

// Neighbour returns the hardware address that the host sends to for addr, nil if
// it knows none.
func (h *Host) Neighbour(addr netip.Addr) (net.HardwareAddr, error) {
	family := netlink.FAMILY_V4
	if addr.Is6() {
		family = netlink.FAMILY_V6
	}
	neighbours, err := h.nl.NeighList(0, family)
	if err != nil {
		return nil, fmt.Errorf("list neighbours of %s: %w", h.Name, err)
	}
	for _, n := range neighbours {
		if ip, ok := netip.AddrFromSlice(n.IP); ok && ip.Unmap() == addr && len(n.HardwareAddr) > 0 {
			return n.HardwareAddr, nil
		}
	}
	return nil, nil
}

// HardwareAddr returns the hardware address of one of the host's links.
func (h *Host) HardwareAddr(link string) (net.HardwareAddr, error) {
	on, err := h.nl.LinkByName(link)
	if err != nil {
		return nil, fmt.Errorf("find %s on %s: %w", link, h.Name, err)
	}
	return on.Attrs().HardwareAddr, nil
}

// LinkAddress is an address on a link.
type LinkAddress struct {
	Prefix netip.Prefix
	Left   time.Duration // until the kernel removes it, in whole seconds; Forever if it does not
}

// Forever is the lifetime of an address that does not end.
const Forever = time.Duration(math.MaxInt64)

// Addresses returns the addresses on a link, in the kernel's order.
func (h *Host) Addresses(link string) ([]LinkAddress, error) {
	on, err := h.nl.LinkByName(link)
	if err != nil {
		return nil, fmt.Errorf("find %s on %s: %w", link, h.Name, err)
	}
	list, err := h.nl.AddrList(on, netlink.FAMILY_ALL)
	if err != nil {
		return nil, fmt.Errorf("list addresses of %s on %s: %w", link, h.Name, err)
	}
	out := make([]LinkAddress, 0, len(list))
	for _, a := range list {
		ip, ok := netip.AddrFromSlice(a.IP)
		if !ok {
			continue
		}
		ones, _ := a.Mask.Size()
		left := Forever
		if uint32(a.ValidLft) != math.MaxUint32 {
			left = time.Duration(a.ValidLft) * time.Second
		}
		out = append(out, LinkAddress{Prefix: netip.PrefixFrom(ip.Unmap(), ones), Left: left})
	}
	return out, nil
}

// Owns reports whether addr is on any link of the host but lo.
func (h *Host) Owns(addr netip.Addr) (bool, error) {
	list, err := h.nl.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return false, fmt.Errorf("list addresses of %s: %w", h.Name, err)
	}
	for _, a := range list {
		// lo is the first link of every namespace.
		if ip, ok := netip.AddrFromSlice(a.IP); ok && ip.Unmap() == addr && a.LinkIndex != 1 {
			return true, nil
		}
	}
	return false, nil
}
