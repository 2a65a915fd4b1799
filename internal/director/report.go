package director

import (
	"fmt"
	"os"
	"time"

	"github.com/lbha/lbha/internal/config"
	"github.com/lbha/lbha/internal/health"
	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/vip"
	"github.com/lbha/lbha/internal/vrrp"
	"github.com/lbha/lbha/internal/vrrp/node"
)

// Status puts together what the rooms have published. It may be called from any goroutine: it reads snapshots and makes
// nobody wait.
func (d *Director) Status() Status {
	now := time.Now()
	s := Status{
		Version: d.opt.Version, PID: os.Getpid(), Started: d.started, Now: now,
		Config:   FileInfo{Files: d.cfg.Files, Hash: d.cfg.Hash},
		Routers:  []RouterStatus{},
		Services: []ServiceStatus{},
		Sysctls:  []SysctlStatus{},
		Problems: []string{},
	}
	if d.cfg.Self != nil {
		s.Director = d.cfg.Self.Name
	}
	addresses := d.addresses.Status()
	var table ipvs.Status
	if d.table != nil {
		table = d.table.Status()
	}
	s.Routers = append(s.Routers, d.routerStatus(addresses)...)
	s.Services = append(s.Services, serviceStatus(d.cfg, d.checker.Status(), table)...)
	for _, k := range d.settings.Status() {
		s.Sysctls = append(s.Sysctls, SysctlStatus{Key: k.Key, Want: k.Want, Have: k.Have, Why: k.Why, Error: k.Err})
		if !k.OK() && k.Want != "" {
			s.Problems = append(s.Problems, sysctlProblem(SysctlStatus{Key: k.Key, Want: k.Want, Have: k.Have, Why: k.Why, Error: k.Err}))
		}
	}
	s.Problems = append(s.Problems, problems(addresses, table)...)
	return s
}

func sysctlProblem(k SysctlStatus) string {
	if k.Error != "" {
		return fmt.Sprintf("%s is not %s: %s", k.Key, k.Want, k.Error)
	}
	return fmt.Sprintf("%s is %s and must be %s (sysctl -w %s=%s): %s", k.Key, k.Have, k.Want, k.Key, k.Want, k.Why)
}

// problems are what keeps this machine's kernel from being as the file says.
func problems(addresses vip.Status, table ipvs.Status) []string {
	var list []string
	if addresses.ListError != "" {
		list = append(list, "read this machine's addresses: "+addresses.ListError)
	}
	for _, p := range addresses.Problems {
		list = append(list, fmt.Sprintf("address %s: %s", p.Address, p.Reason))
	}
	return append(list, tableProblems(table)...)
}

func (d *Director) routerStatus(addresses vip.Status) []RouterStatus {
	byName := map[string]node.Status{}
	for _, s := range d.nodes.Status() {
		byName[s.Name] = s
	}
	sent := map[string]uint64{}
	for _, t := range d.announcer.Status().Totals {
		sent[t.Addr.String()] = t.Requests + t.Replies
	}
	var list []RouterStatus
	for _, r := range d.cfg.Routers {
		list = append(list, d.oneRouter(r, byName[r.Name], addresses, sent))
	}
	return list
}

func (d *Director) oneRouter(r config.Router, n node.Status, addresses vip.Status, sent map[string]uint64) RouterStatus {
	v := n.View
	out := RouterStatus{
		Name: r.Name, VRID: r.VRID, Interface: r.Interface,
		State: v.State.String(), Since: v.Since, Reason: v.Reason.String(), Fault: v.Why,
		Priority: v.Priority, Interval: r.Interval.Seconds(), Preempt: d.preempt(r),
		Adverts:  AdvertStatus{Sent: n.Sent, Received: n.Received, Dropped: map[string]uint64{}, SendError: n.SendErr},
		Lateness: LatenessStatus{Count: n.Lateness.Count, Max: n.Lateness.Max.Seconds()},
	}
	if out.Since.IsZero() {
		out.Since = d.started
	}
	if n.Link.Fault != "" {
		out.Fault = n.Link.Fault
	}
	for reason, count := range n.Dropped {
		out.Adverts.Dropped[reason.String()] += count
	}
	for reason, count := range n.Wire.Dropped {
		out.Adverts.Dropped[reason.String()] += count
	}
	if v.State == vrrp.Backup && v.Active.IsValid() {
		out.Active = &PeerStatus{Address: v.Active.String(), Priority: v.ActivePriority, Interval: v.ActiveAdverInterval.Seconds()}
		if n.PeerChecksum != nil {
			out.Active.Checksum = n.PeerChecksum.String()
		}
	}
	for _, a := range addressesOf(r) {
		out.VIPs = append(out.VIPs, addressStatus(a, r.Lease, addresses, sent))
	}
	return out
}

func (d *Director) preempt(r config.Router) string {
	switch {
	case !r.Preempt:
		return "off"
	case d.holding.Load():
		return "held"
	}
	return "on"
}

func addressStatus(a vip.Address, lease time.Duration, addresses vip.Status, sent map[string]uint64) AddressStatus {
	out := AddressStatus{Address: a.Prefix.String(), Interface: a.Link, Lease: lease.Seconds(), Announced: sent[a.Prefix.Addr().String()]}
	for _, p := range addresses.Present {
		if p.Address == a {
			out.Present = true
		}
	}
	for _, p := range addresses.Problems {
		if p.Address == a {
			out.Error = p.Reason
		}
	}
	return out
}

func serviceStatus(cfg *config.Config, checks map[health.Key]health.CheckStatus, table ipvs.Status) []ServiceStatus {
	verdicts := serverVerdicts(cfg, checks)
	var list []ServiceStatus
	for _, svc := range cfg.Services {
		key := serviceKey(svc)
		have, inKernel := table.Have[key]
		out := ServiceStatus{
			Name: svc.Name, Address: svc.Address.String(), Protocol: svc.Protocol, Scheduler: svc.Scheduler,
			Forwarding: svc.Forwarding, InKernel: inKernel, Error: serviceError(table, key), Servers: []ServerStatus{},
		}
		for _, srv := range svc.Servers {
			s := serverStatus(svc, srv, verdicts[serverKey{svc.Name, srv.Name}], checks)
			if spec, ok := have.Dests[srv.Address]; ok {
				s.InKernel, s.Weight = true, int(spec.Weight)
				s.Active, s.Inactive = have.Counters[srv.Address].Active, have.Counters[srv.Address].Inactive
			}
			if s.Verdict == health.Up.String() {
				out.Healthy++
			}
			out.Servers = append(out.Servers, s)
		}
		list = append(list, out)
	}
	return list
}

func serverStatus(svc config.Service, srv config.Server, verdict health.Verdict, checks map[health.Key]health.CheckStatus) ServerStatus {
	name, main := decisive(svc, srv, checks)
	out := ServerStatus{
		Name: srv.Name, Address: srv.Address.String(), Forwarding: srv.Forwarding,
		Verdict: verdict.String(), Since: main.Since, Configured: srv.Weight, Checks: []CheckStatus{},
	}
	switch {
	case len(srv.Checks) == 0:
		out.Reason = "not checked"
	case main.Last.At.IsZero():
		out.Reason = name + ": not probed yet"
	default:
		out.Reason = name + ": " + explains(main).Detail
	}
	for _, c := range srv.Checks {
		s := checks[health.Key{Service: svc.Name, Server: srv.Name, Check: c.Name}]
		out.Checks = append(out.Checks, CheckStatus{
			Name: c.Name, Verdict: s.Verdict.String(), Since: s.Since,
			Reason: s.Last.Reason.String(), Detail: s.Last.Detail, Took: s.Last.Took.Seconds(), Last: s.Last.At,
		})
	}
	return out
}

func tableProblems(table ipvs.Status) []string {
	var list []string
	if table.Err != nil {
		list = append(list, fmt.Sprintf("IPVS table: %v", table.Err))
	}
	for _, f := range table.Failures {
		list = append(list, f.Err.Error())
	}
	return list
}

func serviceError(table ipvs.Status, key ipvs.ServiceKey) string {
	for _, f := range table.Failures {
		if f.Service == key {
			return f.Err.Error()
		}
	}
	return ""
}
