package director

import (
	"net/netip"

	"github.com/lbha/lbha/internal/config"
	"github.com/lbha/lbha/internal/health"
	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/vip"
	"github.com/lbha/lbha/internal/vrrp"
)

// serverKey names one real server of one service.
type serverKey struct {
	Service, Server string
}

// Role is what a virtual router's state means for its addresses.
type Role struct {
	State    vrrp.State
	Adopting bool // Backup, listening before it goes on with an earlier life's role
}

// Facts are everything that the desired state depends on beside the configuration.
type Facts struct {
	Roles    map[string]Role              // by router; a router that is missing has no role yet
	Verdicts map[serverKey]health.Verdict // a server that is missing is Pending

	// AdoptedServers are the servers that the kernel already had when this director started, with the weight it had.
	// They stay as they are until their first verdict.
	AdoptedServers map[serverKey]uint32
	// AdoptedAddresses are the addresses that an earlier life of this director left in the kernel.
	AdoptedAddresses map[vip.Address]vip.State
}

// Desired is what this machine's kernel has to hold: the IPVS table, which follows the verdicts alone and so is warm on
// both directors, and the addresses, which follow the roles.
func Desired(cfg *config.Config, f Facts) (ipvs.Table, vip.Want) {
	return desiredTable(cfg, f), desiredAddresses(cfg, f)
}

func desiredTable(cfg *config.Config, f Facts) ipvs.Table {
	table := make(ipvs.Table, len(cfg.Services))
	for _, svc := range cfg.Services {
		dests := make(map[netip.AddrPort]ipvs.DestSpec, len(svc.Servers))
		for _, srv := range svc.Servers {
			key := serverKey{svc.Name, srv.Name}
			weight, in := admit(svc, srv, f.Verdicts[key], f.AdoptedServers, key)
			if in {
				dests[srv.Address] = ipvs.DestSpec{Weight: weight, Forwarding: forwarding(srv.Forwarding)}
			}
		}
		table[serviceKey(svc)] = ipvs.Service{Spec: ipvs.ServiceSpec{Scheduler: svc.Scheduler}, Dests: dests}
	}
	return table
}

// admit says whether a server belongs into the table, and with which weight.
func admit(svc config.Service, srv config.Server, v health.Verdict, adopted map[serverKey]uint32, key serverKey) (weight uint32, in bool) {
	switch v {
	case health.Up:
		return uint32(srv.Weight), true
	case health.Down:
		return 0, svc.OnFailure == config.FailureQuiesce
	case health.Pending:
		// Nobody knows yet. On a cold start it stays out; what the kernel had already goes on, and one that had been
		// quiesced stays so.
		had, ok := adopted[key]
		if ok && had == 0 {
			return 0, true
		}
		return uint32(srv.Weight), ok
	}
	return 0, false
}

func desiredAddresses(cfg *config.Config, f Facts) vip.Want {
	want := vip.Want{Present: map[vip.Address]vip.Spec{}, Hold: map[vip.Address]bool{}, Absent: map[vip.Address]bool{}}
	for _, r := range cfg.Routers {
		role, known := f.Roles[r.Name]
		for _, a := range addressesOf(r) {
			_, adopted := f.AdoptedAddresses[a]
			switch {
			case known && role.State == vrrp.Active:
				want.Present[a] = vip.Spec{Lease: r.Lease}
			case adopted && (!known || role.State == vrrp.Initialize || role.Adopting):
				want.Hold[a] = true
			default:
				want.Absent[a] = true
			}
		}
	}
	return want
}

func addressesOf(r config.Router) []vip.Address {
	list := make([]vip.Address, 0, len(r.Addresses))
	for _, a := range r.Addresses {
		list = append(list, vip.Address{Prefix: a.Prefix, Link: a.Interface})
	}
	return list
}

func serviceKey(svc config.Service) ipvs.ServiceKey {
	proto := ipvs.TCP
	if svc.Protocol == config.ProtocolUDP {
		proto = ipvs.UDP
	}
	return ipvs.ServiceKey{Protocol: proto, Addr: svc.Address}
}

func forwarding(name string) ipvs.Forwarding {
	if name == config.ForwardDR {
		return ipvs.Direct
	}
	return ipvs.Masquerade
}
