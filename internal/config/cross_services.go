package config

import (
	"net/netip"

	"github.com/hashicorp/hcl/v2"
)

// crossServices compares services with each other, and each with its servers.
func (d *decoder) crossServices(cfg *Config) {
	type key struct {
		protocol string
		address  netip.AddrPort
	}
	seen := map[key]Service{}
	for _, s := range cfg.Services {
		if k := (key{s.Protocol, s.Address}); s.Address.IsValid() && s.Protocol != "" {
			if first, ok := seen[k]; ok {
				d.errorf(s.Src.At("address"), "Duplicate virtual_server address", "%s over %s is virtual_server %q already, at %s.",
					s.Address, s.Protocol, first.Name, first.Src.At("address"))
			} else {
				seen[k] = s
			}
		}
		d.pool(s)
	}
}

// pool checks the servers of one service.
func (d *decoder) pool(s Service) {
	labels := names{d: d, kind: "real_server"}
	addresses := map[netip.AddrPort]Server{}
	told := map[hcl.Range]bool{}
	for _, server := range s.Servers {
		labels.add(server.Name, server.Src.Label)
		for _, c := range server.Checks {
			if at := c.Src.At("source"); !told[at] {
				told[at] = d.badSource(server, c)
			}
		}
		if !server.Address.IsValid() {
			continue
		}
		if first, ok := addresses[server.Address]; ok {
			d.errorf(server.Src.At("address"), "Duplicate real_server address", "%s is real_server %q already, at %s.",
				server.Address, first.Name, first.Src.At("address"))
		} else {
			addresses[server.Address] = server
		}
		if s.Address.IsValid() {
			d.reachable(s, server)
		}
	}
}

// reachable checks that the way of forwarding can bring a packet from the service to
// the server.
func (d *decoder) reachable(s Service, server Server) {
	if s.Address.Addr().Is4() != server.Address.Addr().Is4() {
		d.errorf(server.Src.At("address"), "Mixed address families", "%s is %s and the service's address %s is %s; %s cannot translate between them.",
			server.Address.Addr(), familyOf(server.Address.Addr()), s.Address.Addr(), familyOf(s.Address.Addr()), forwardingText(server.Forwarding))
		return
	}
	if server.Forwarding == ForwardDR && server.Address.Port() != s.Address.Port() {
		d.errorf(server.Src.At("address"), "Invalid real_server port",
			"Direct routing leaves the packet as it is, so the server is reached at the service's port; write %q.",
			netip.AddrPortFrom(server.Address.Addr(), s.Address.Port()))
	}
}

func forwardingText(forwarding string) string {
	if forwarding == ForwardDR {
		return "direct routing"
	}
	return "nat"
}

// badSource refuses to probe an address of one family from one of the other.
func (d *decoder) badSource(server Server, c Check) bool {
	if !c.Source.IsValid() || !server.Address.IsValid() || c.Source.Is4() == server.Address.Addr().Is4() {
		return false
	}
	d.errorf(c.Src.At("source"), "Invalid source", "%s is %s, and real_server %q at %s is %s.",
		c.Source, familyOf(c.Source), server.Name, server.Address.Addr(), familyOf(server.Address.Addr()))
	return true
}
