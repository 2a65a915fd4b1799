package director

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/lbha/lbha/internal/config"
	"github.com/lbha/lbha/internal/health"
	"github.com/lbha/lbha/internal/sysctl"
	"github.com/lbha/lbha/internal/vip"
	"github.com/lbha/lbha/internal/vrrp"
	"github.com/lbha/lbha/internal/vrrp/node"
)

// planRouters maps the file's routers to nodes. listen is the adoption window of each, by name.
func planRouters(cfg *config.Config, listen map[string]time.Duration) []node.Config {
	var nodes []node.Config
	for _, r := range cfg.Routers {
		nodes = append(nodes, node.Config{
			Name:      r.Name,
			Interface: r.Interface,
			Listen:    listen[r.Name],
			Router: vrrp.Config{
				VRID:      r.VRID,
				Priority:  r.Priority,
				Interval:  r.Interval,
				Preempt:   r.Preempt,
				Addresses: advertised(r),
				Checksum:  checksum(r.Checksum),
			},
		})
	}
	return nodes
}

// advertised are the addresses an advertisement names, in the file's order. One that stands on two interfaces is named once.
func advertised(r config.Router) []netip.Addr {
	var list []netip.Addr
	seen := map[netip.Addr]bool{}
	for _, a := range r.Addresses {
		if addr := a.Prefix.Addr(); !seen[addr] {
			seen[addr] = true
			list = append(list, addr)
		}
	}
	return list
}

func checksum(name string) vrrp.Checksum {
	if name == config.ChecksumPseudoHeader {
		return vrrp.ChecksumPseudoHeader
	}
	return vrrp.ChecksumRFC9568
}

// planChecks maps every check of every server. warm are the servers that are in traffic already.
func planChecks(cfg *config.Config, warm map[serverKey]uint32, make func(config.Server, config.Check) (health.Prober, string, error)) ([]health.Check, error) {
	var checks []health.Check
	for _, svc := range cfg.Services {
		for _, srv := range svc.Servers {
			_, isWarm := warm[serverKey{svc.Name, srv.Name}]
			for _, c := range srv.Checks {
				prober, spec, err := make(srv, c)
				if err != nil {
					return nil, fmt.Errorf("check %s of %s/%s: %w", c.Name, svc.Name, srv.Name, err)
				}
				checks = append(checks, health.Check{
					Key:      health.Key{Service: svc.Name, Server: srv.Name, Check: c.Name},
					Interval: c.Interval, Timeout: c.Timeout, FastInterval: c.FastInterval,
					Rise: c.Rise, Fall: c.Fall, Warm: isWarm,
					Prober: prober, Spec: spec,
				})
			}
		}
	}
	return checks, nil
}

func prober(srv config.Server, c config.Check) (health.Prober, string, error) {
	target := srv.Address
	if c.Port != 0 {
		target = netip.AddrPortFrom(target.Addr(), uint16(c.Port))
	}
	switch c.Kind {
	case config.CheckTCP:
		cfg := health.TCPConfig{Target: target, Source: c.Source}
		return health.NewTCP(cfg), fmt.Sprintf("tcp %+v", cfg), nil
	case config.CheckHTTP:
		status, err := health.ParseStatusSet(statusText(c.HTTP.Status))
		if err != nil {
			return nil, "", err
		}
		cfg := health.HTTPConfig{Target: target, Source: c.Source, Path: c.HTTP.Path, Host: c.HTTP.Host, Status: status}
		if err := cfg.Validate(); err != nil {
			return nil, "", err
		}
		return health.NewHTTP(cfg), fmt.Sprintf("http %+v", cfg), nil
	}
	return nil, "", fmt.Errorf("unknown kind %q", c.Kind)
}

func statusText(ranges []config.StatusRange) string {
	var parts []string
	for _, r := range ranges {
		parts = append(parts, fmt.Sprintf("%d-%d", r.Low, r.High))
	}
	return strings.Join(parts, ",")
}

func require(svc config.Service) health.Require {
	if svc.Require == config.RequireAny {
		return health.Any
	}
	return health.All
}

// planSysctls are the kernel settings without which the file cannot work, on the interfaces that are there.
func planSysctls(cfg *config.Config, links vip.Links) []sysctl.Setting {
	var settings []sysctl.Setting
	if name, ok := firstNAT(cfg); ok {
		settings = append(settings, sysctl.Setting{
			Key: "net.ipv4.ip_forward", Value: "1",
			Why: fmt.Sprintf("virtual_server %q forwards by nat: answers of its servers pass through this machine", name),
		})
	}
	for _, link := range subnetLinks(cfg) {
		if _, there := links[link]; there {
			settings = append(settings, sysctl.Setting{
				Key: "net/ipv4/conf/" + link + "/promote_secondaries", Value: "1",
				Why: "a virtual address that came first in its subnet would take the others along when it goes",
			})
		}
	}
	return settings
}

func firstNAT(cfg *config.Config) (string, bool) {
	for _, svc := range cfg.Services {
		for _, srv := range svc.Servers {
			if srv.Forwarding == config.ForwardNAT && srv.Address.Addr().Is4() {
				return svc.Name, true
			}
		}
	}
	return "", false
}

// subnetLinks are the links on which a virtual IPv4 address brings its subnet along, sorted.
func subnetLinks(cfg *config.Config) []string {
	var links []string
	for _, r := range cfg.Routers {
		for _, a := range r.Addresses {
			if a.Prefix.Addr().Is4() && !a.Prefix.IsSingleIP() {
				links = append(links, a.Interface)
			}
		}
	}
	slices.Sort(links)
	return slices.Compact(links)
}

// virtualAddresses are all virtual addresses of the file: none of them may serve as a source of advertisements.
func virtualAddresses(cfg *config.Config) map[netip.Addr]bool {
	set := map[netip.Addr]bool{}
	for _, r := range cfg.Routers {
		for _, a := range r.Addresses {
			set[a.Prefix.Addr()] = true
		}
	}
	return set
}

// routerOf says which router an address belongs to.
func routerOf(cfg *config.Config) map[vip.Address]config.Router {
	m := map[vip.Address]config.Router{}
	for _, r := range cfg.Routers {
		for _, a := range addressesOf(r) {
			m[a] = r
		}
	}
	return m
}
