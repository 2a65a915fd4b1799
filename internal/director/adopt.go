package director

import (
	"time"

	"github.com/lbha/lbha/internal/config"
	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/vip"
)

// listening says how long each router that still has an address of an earlier life listens before it adopts the role with
// it: one advertisement interval. A router with an address that will not live as long adopts nothing: after a shorter
// look it could depose a living Active that it had no time to hear.
func listening(cfg *config.Config, adopted map[vip.Address]vip.State) map[string]time.Duration {
	listen := map[string]time.Duration{}
	for _, r := range cfg.Routers {
		for _, a := range addressesOf(r) {
			state, there := adopted[a]
			if !there {
				continue
			}
			// The kernel's figure is rounded up: less may be left of it by up to a second.
			if !state.Forever && state.Remaining-time.Second < r.Interval {
				delete(listen, r.Name)
				break
			}
			listen[r.Name] = r.Interval
		}
	}
	return listen
}

// adoptServers finds the file's servers that the kernel has in services that were ours.
func adoptServers(cfg *config.Config, claimed map[string]bool, have ipvs.Table) map[serverKey]uint32 {
	servers := map[serverKey]uint32{}
	for _, svc := range cfg.Services {
		key := serviceKey(svc)
		if !claimed[key.String()] {
			continue
		}
		for _, srv := range svc.Servers {
			if spec, ok := have[key].Dests[srv.Address]; ok {
				servers[serverKey{svc.Name, srv.Name}] = spec.Weight
			}
		}
	}
	return servers
}

func setOf(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, s := range list {
		set[s] = true
	}
	return set
}
