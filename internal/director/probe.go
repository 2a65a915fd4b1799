package director

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lbha/lbha/internal/config"
	"github.com/lbha/lbha/internal/health"
)

// Probe is what came of one check made by hand.
type Probe struct {
	Service, Server, Address, Check string
	OK                              bool
	Local                           bool // this machine's own fault: it says nothing about the server
	Detail                          string
	Seconds                         float64
}

// ProbeOnce makes each check of the file once, or those of target, which is "SERVICE" or "SERVICE/SERVER". The kernel's
// table is not touched.
func ProbeOnce(ctx context.Context, cfg *config.Config, target string) ([]Probe, error) {
	all, err := planChecks(cfg, nil, prober)
	if err != nil {
		return nil, err
	}
	checks := slices.DeleteFunc(slices.Clone(all), func(c health.Check) bool { return !matches(c.Key, target) })
	if len(checks) == 0 {
		return nil, noSuchCheck(cfg, target, len(all))
	}
	addresses := map[serverKey]string{}
	for _, svc := range cfg.Services {
		for _, srv := range svc.Servers {
			addresses[serverKey{svc.Name, srv.Name}] = srv.Address.String()
		}
	}
	var out []Probe
	for _, o := range health.RunOnce(ctx, checks, 0) {
		out = append(out, Probe{
			Service: o.Key.Service, Server: o.Key.Server, Check: o.Key.Check,
			Address: addresses[serverKey{o.Key.Service, o.Key.Server}],
			OK:      o.Result.OK, Local: o.Result.Local, Detail: o.Result.Detail, Seconds: o.Result.Took.Seconds(),
		})
	}
	return out, nil
}

func matches(k health.Key, target string) bool {
	service, server, both := strings.Cut(target, "/")
	return target == "" || k.Service == service && (!both || k.Server == server)
}

func noSuchCheck(cfg *config.Config, target string, all int) error {
	if all == 0 {
		return fmt.Errorf("probe: the file has no checks")
	}
	var names []string
	for _, svc := range cfg.Services {
		for _, srv := range svc.Servers {
			names = append(names, svc.Name+"/"+srv.Name)
		}
	}
	return fmt.Errorf("probe %s: no check has that name; there are %s", target, strings.Join(names, ", "))
}
