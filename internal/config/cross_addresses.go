package config

import (
	"net/netip"

	"github.com/hashicorp/hcl/v2"
)

// crossAddresses compares the addresses that move with those of the machines.
func (d *decoder) crossAddresses(cfg *Config) {
	virtual := map[netip.Addr]hcl.Range{}
	complete := len(cfg.Routers) > 0 && !d.routersBroken // every virtual address is known
	for _, r := range cfg.Routers {
		for _, va := range r.Addresses {
			if va.Prefix.IsValid() {
				virtual[va.Prefix.Addr()] = va.at()
			} else {
				complete = false
			}
		}
	}
	directors := map[netip.Addr]Director{}
	for _, director := range cfg.Directors {
		for _, addr := range director.Addresses {
			directors[addr] = director
		}
	}
	d.notAMachine(cfg, directors)
	services := map[netip.Addr]hcl.Range{}
	for _, s := range cfg.Services {
		if s.Address.IsValid() {
			services[s.Address.Addr()] = s.Src.At("address")
		}
	}
	for _, s := range cfg.Services {
		if complete {
			d.followsRole(s, virtual)
		}
		for _, server := range s.Servers {
			d.isAServer(server, virtual, services, directors)
		}
	}
}

// notAMachine refuses a virtual address that is a director's own: it would be taken
// from that machine. Only the address owner (RFC 9568 section 1.7) may have it.
func (d *decoder) notAMachine(cfg *Config, directors map[netip.Addr]Director) {
	for _, r := range cfg.Routers {
		for _, va := range r.Addresses {
			director, ok := directors[va.Prefix.Addr()]
			if ok && va.Prefix.IsValid() && director.Priority != 255 {
				d.errorf(va.at(), "Virtual address of a machine",
					"%s is director %q's own address, at %s; a virtual address is one that belongs to no machine.",
					va.Prefix.Addr(), director.Name, director.at())
			}
		}
	}
}

// followsRole warns of a service whose address does not move with any router's role.
func (d *decoder) followsRole(s Service, virtual map[netip.Addr]hcl.Range) {
	if !s.Address.IsValid() {
		return
	}
	if _, ok := virtual[s.Address.Addr()]; !ok {
		d.warnf(s.Src.At("address"), "Address without a router",
			"%s is not a virtual_address of any vrrp block, so it does not move when a director fails.", s.Address.Addr())
	}
}

// isAServer refuses a real server at a virtual address, and a director that is a real
// server by direct routing.
func (d *decoder) isAServer(server Server, virtual, services map[netip.Addr]hcl.Range, directors map[netip.Addr]Director) {
	addr := server.Address.Addr()
	if !addr.IsValid() {
		return
	}
	at, isVirtual := virtual[addr]
	if !isVirtual {
		at, isVirtual = services[addr]
	}
	if isVirtual {
		d.errorf(server.Src.At("address"), "Server at a virtual address",
			"%s is a virtual address, at %s; write the server's own address.", addr, at)
		return
	}
	if director, ok := directors[addr]; ok && server.Forwarding == ForwardDR {
		d.errorf(server.Src.At("address"), "Director as a dr server",
			"%s is director %q, at %s. The virtual address moves between the directors, so connections that reach this server by direct routing are lost; use another machine, or nat.",
			addr, director.Name, director.at())
	}
}
