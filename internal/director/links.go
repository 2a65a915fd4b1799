package director

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/lbha/lbha/internal/config"
	"github.com/lbha/lbha/internal/vip"
	"github.com/lbha/lbha/internal/vrrp"
	"github.com/lbha/lbha/internal/vrrp/node"
)

// linksOf folds what is known of the interfaces into one link per router: that of its advertisements, with the fault of
// any interface that carries one of its addresses.
func linksOf(cfg *config.Config, snapshot vip.Links) map[string]node.Link {
	virtual := virtualAddresses(cfg)
	links := make(map[string]node.Link, len(cfg.Routers))
	for _, r := range cfg.Routers {
		links[r.Name] = linkOf(r, snapshot, virtual)
	}
	return links
}

func linkOf(r config.Router, snapshot vip.Links, virtual map[netip.Addr]bool) node.Link {
	link := node.Link{Name: r.Interface, Fault: faultOf(r.Interface, snapshot)}
	if state, ok := snapshot[r.Interface]; ok {
		link.Index, link.MTU = state.Index, state.MTU
		source, found := vip.PrimaryIPv4(state, virtual)
		if !found && r.Priority == vrrp.PriorityOwner {
			source, found = vip.PrimaryIPv4(state, nil) // the owner's own address is the virtual one
		}
		link.Source = source
		if !found && link.Fault == "" {
			link.Fault = fmt.Sprintf("%s has no IPv4 address of its own to send advertisements from", r.Interface)
		}
	}
	for _, name := range carriers(r) {
		if link.Fault == "" {
			link.Fault = faultOf(name, snapshot)
		}
	}
	return link
}

// carriers are the interfaces that carry a virtual address of r, sorted.
func carriers(r config.Router) []string {
	var names []string
	for _, a := range r.Addresses {
		names = append(names, a.Interface)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func faultOf(name string, snapshot vip.Links) string {
	state, ok := snapshot[name]
	switch {
	case !ok:
		return fmt.Sprintf("interface %s is missing", name)
	case !state.Up:
		return fmt.Sprintf("interface %s is down (ip link set %s up)", name, name)
	case !state.OperUp:
		return fmt.Sprintf("interface %s has no carrier", name)
	}
	return ""
}
