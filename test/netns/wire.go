package netns

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	vns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Switch is an Ethernet switch: a bridge in a namespace of its own.
type Switch struct {
	Name string
	ns   vns.NsHandle
	nl   *netlink.Handle
}

const bridgeName = "br0"

// AddSwitch makes a switch without ports. It does not snoop on multicast, as
// a switch without a querier must not.
func (l *Lab) AddSwitch(name string) (*Switch, error) {
	s := &Switch{Name: name}
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread is spoilt
		var err error
		if s.ns, err = vns.New(); err == nil {
			s.nl, err = netlink.NewHandle()
		}
		made <- err
	}()
	if err := <-made; err != nil {
		return nil, fmt.Errorf("add switch %s: %w", name, err)
	}
	l.onClose(func() error {
		s.nl.Close()
		return s.ns.Close()
	})
	snoop := false
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridgeName}, MulticastSnooping: &snoop}
	err := s.nl.LinkAdd(bridge)
	if err == nil {
		err = s.nl.LinkSetUp(bridge)
	}
	if err != nil {
		return nil, fmt.Errorf("add switch %s: %w", name, err)
	}
	target := netFolder + "/" + name
	if err := pin(fmt.Sprintf("/proc/self/fd/%d", int(s.ns)), target); err != nil {
		return nil, fmt.Errorf("add switch %s: %w", name, err)
	}
	l.onClose(func() error { return unpin(target) })
	l.switches[name] = s
	return s, nil
}

// wire joins a host's link to a port of a switch.
type wire struct {
	sw   *Switch
	port string
}

// Connect gives the host a link, plugged into the switch, with these addresses
// (such as 192.168.17.103/24), and brings it up.
func (h *Host) Connect(link string, sw *Switch, addrs ...string) error {
	port := h.Name + "-" + link
	if len(port) > 15 {
		return fmt.Errorf("connect %s of %s: %q is too long for the name of a port (15 letters)", link, h.Name, port)
	}
	veth := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: port}, PeerName: link, PeerNamespace: netlink.NsFd(int(h.ns)),
	}
	if err := sw.nl.LinkAdd(veth); err != nil {
		return fmt.Errorf("connect %s of %s: %w", link, h.Name, err)
	}
	bridge, err := sw.nl.LinkByName(bridgeName)
	if err == nil {
		err = sw.nl.LinkSetMaster(veth, bridge)
	}
	if err == nil {
		err = sw.nl.LinkSetUp(veth)
	}
	if err != nil {
		return fmt.Errorf("plug %s into %s: %w", port, sw.Name, err)
	}
	h.links[link] = &wire{sw: sw, port: port}
	for _, addr := range addrs {
		if err := h.AddAddress(link, addr); err != nil {
			return err
		}
	}
	inner, err := h.nl.LinkByName(link)
	if err == nil {
		err = h.nl.LinkSetUp(inner)
	}
	if err != nil {
		return fmt.Errorf("bring up %s of %s: %w", link, h.Name, err)
	}
	return nil
}

// AddAddress puts an address (with its prefix length) on a link.
func (h *Host) AddAddress(link, addr string) error {
	on, err := h.nl.LinkByName(link)
	if err != nil {
		return fmt.Errorf("find %s on %s: %w", link, h.Name, err)
	}
	parsed, err := netlink.ParseAddr(addr)
	if err != nil {
		return fmt.Errorf("parse address %s: %w", addr, err)
	}
	if err := h.nl.AddrAdd(on, parsed); err != nil {
		return fmt.Errorf("add %s to %s of %s: %w", addr, link, h.Name, err)
	}
	return nil
}

// DefaultRoute sends what is not local through gateway, which a link's subnet
// must contain.
func (h *Host) DefaultRoute(gateway netip.Addr) error {
	_, anywhere, _ := net.ParseCIDR("0.0.0.0/0")
	if gateway.Is6() {
		_, anywhere, _ = net.ParseCIDR("::/0")
	}
	if err := h.nl.RouteReplace(&netlink.Route{Dst: anywhere, Gw: gateway.AsSlice()}); err != nil {
		return fmt.Errorf("route through %s on %s: %w", gateway, h.Name, err)
	}
	return nil
}

// Cut cuts the host's link off as a power cut at its far end does: nothing
// passes any more, and the host does not notice. The switch's port leaves
// forwarding.
func (h *Host) Cut(link string) error { return h.portState(link, portDisabled) }

// Heal undoes Cut.
func (h *Host) Heal(link string) error { return h.portState(link, portForwarding) }

// States of a bridge port, from linux/if_bridge.h.
const (
	portDisabled   = 0
	portForwarding = 3
)

func (h *Host) portState(link string, state uint8) error {
	w, port, err := h.wireOf(link)
	if err != nil {
		return err
	}
	// As `bridge link set dev PORT state N`; vishvananda/netlink has no call
	// for it.
	var req *nl.NetlinkRequest
	err = h.onSwitch(w, func() error {
		req = nl.NewNetlinkRequest(unix.RTM_SETLINK, unix.NLM_F_ACK)
		msg := nl.NewIfInfomsg(unix.AF_BRIDGE)
		msg.Index = int32(port.Attrs().Index)
		req.AddData(msg)
		info := nl.NewRtAttr(unix.IFLA_PROTINFO|unix.NLA_F_NESTED, nil)
		info.AddRtAttr(nl.IFLA_BRPORT_STATE, []byte{state})
		req.AddData(info)
		_, err := req.Execute(unix.NETLINK_ROUTE, 0)
		return err
	})
	if err != nil {
		return fmt.Errorf("set port %s of %s to state %d: %w", w.port, w.sw.Name, state, err)
	}
	return nil
}

// Carrier pulls the host's cable out (false) or puts it back (true). The host
// sees it, unlike a Cut.
func (h *Host) Carrier(link string, up bool) error {
	w, port, err := h.wireOf(link)
	if err != nil {
		return err
	}
	set := w.sw.nl.LinkSetDown
	if up {
		set = w.sw.nl.LinkSetUp
	}
	if err := set(port); err != nil {
		return fmt.Errorf("set port %s of %s: %w", w.port, w.sw.Name, err)
	}
	return nil
}

func (h *Host) wireOf(link string) (*wire, netlink.Link, error) {
	w := h.links[link]
	if w == nil {
		return nil, nil, fmt.Errorf("host %s has no link %s", h.Name, link)
	}
	port, err := w.sw.nl.LinkByName(w.port)
	if err != nil {
		return nil, nil, fmt.Errorf("find port %s of %s: %w", w.port, w.sw.Name, err)
	}
	return w, port, nil
}

// onSwitch runs f in the switch's namespace, on a thread that ends with it.
func (h *Host) onSwitch(w *wire, f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := vns.Set(w.sw.ns)
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}
