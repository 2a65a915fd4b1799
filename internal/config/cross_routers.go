package config

import (
	"fmt"
	"net/netip"

	"github.com/hashicorp/hcl/v2"
)

// crossRouters compares directors with each other, and routers with each other.
func (d *decoder) crossRouters(cfg *Config) {
	d.directorAddresses(cfg)
	d.directorPriorities(cfg)
	type link struct {
		name string
		vrid uint8
	}
	vrids := map[link]Router{}
	addresses := map[netip.Addr]hcl.Range{}
	for _, r := range cfg.Routers {
		if key := (link{r.Interface, r.VRID}); r.Interface != "" && r.VRID != 0 {
			if first, ok := vrids[key]; ok {
				d.errorf(r.Src.At("virtual_router_id"), "Duplicate virtual_router_id",
					"%d is used on %s by vrrp %q already, at %s; each router on an interface has its own.",
					r.VRID, r.Interface, first.Name, first.Src.At("virtual_router_id"))
			} else {
				vrids[key] = r
			}
		}
		d.routerAddresses(r, addresses)
	}
}

// routerAddresses refuses an address that some router has already, and a label that
// names two addresses of one.
func (d *decoder) routerAddresses(r Router, seen map[netip.Addr]hcl.Range) {
	labels := map[string]hcl.Range{}
	for _, va := range r.Addresses {
		if first, ok := labels[va.Name]; ok && va.Src.Has("address") {
			d.errorf(va.Src.Label, "Duplicate virtual_address name", "%q is the name of another one, at %s.", va.Name, first)
		} else if !ok {
			labels[va.Name] = va.Src.Label
		}
		if !va.Prefix.IsValid() {
			continue
		}
		if first, ok := seen[va.Prefix.Addr()]; ok {
			d.errorf(va.at(), "Duplicate virtual_address", "%s is a virtual address already, at %s.", va.Prefix.Addr(), first)
			continue
		}
		seen[va.Prefix.Addr()] = va.at()
	}
}

// at is where the address is written: in the block, or as its label.
func (va VirtualAddress) at() hcl.Range {
	if va.Src.Has("address") {
		return va.Src.At("address")
	}
	return va.Src.Label
}

// at is where the director's address is written.
func (x Director) at() hcl.Range {
	if x.Src.Has("addresses") {
		return x.Src.At("addresses")
	}
	return x.Src.At("address")
}

func (d *decoder) directorAddresses(cfg *Config) {
	seen := map[netip.Addr]Director{}
	for _, director := range cfg.Directors {
		for _, addr := range director.Addresses {
			if !addr.IsValid() {
				continue
			}
			if first, ok := seen[addr]; ok {
				d.errorf(director.at(), "Duplicate director address", "%s is the address of director %q, at %s.", addr, first.Name, first.at())
				continue
			}
			seen[addr] = director
		}
	}
}

// directorPriorities warns of two equal ones. They work, because the higher address
// wins (RFC 9568 section 6.4.3), but nobody sees from the file which director it is.
// Two owners of one address cannot both be right.
func (d *decoder) directorPriorities(cfg *Config) {
	seen := map[uint8]Director{}
	for _, director := range cfg.Directors {
		first, ok := seen[director.Priority]
		switch {
		case director.Priority == 0 || first.Name == director.Name:
		case !ok:
			seen[director.Priority] = director
		case director.Priority == 255:
			d.errorf(director.Src.At("priority"), "Two address owners",
				"Priority 255 is that of the one machine to which the addresses belong, and director %q has it, too; give them 1 to 254.", first.Name)
		default:
			d.warnf(director.Src.At("priority"), "Equal priorities", "%s",
				fmt.Sprintf("Director %q has priority %d, too, so the higher address decides which of them is Active; give them different ones.",
					first.Name, director.Priority))
		}
	}
}
