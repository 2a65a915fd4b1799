package director

import (
	"context"
	"maps"
	"time"

	"github.com/lbha/lbha/internal/arp"
	"github.com/lbha/lbha/internal/health"
	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/vip"
	"github.com/lbha/lbha/internal/vrrp"
	"github.com/lbha/lbha/internal/vrrp/node"
)

// loopState is what the loop remembers between two rounds.
type loopState struct {
	seen     map[string]uint64    // by router: the last transition that was logged
	rivals   map[string]uint64    // by router: how many adverts of rivals were acted on
	asserted map[string]time.Time // by router: when its addresses were announced again because of one
	links    map[string]node.Link
	want     vip.Want // the last that was set
	verdicts map[serverKey]health.Verdict
	problems map[string]bool
	// settingsErr is what was last said about the kernel settings.
	settingsErr string
	ready       bool
}

// run is the director's loop: something changed, so compute what has to be and hand it over. Roles come first: they move
// the addresses, and a table of ten thousand servers takes longer to compute than a client waits.
func (d *Director) run(ctx context.Context) error {
	d.loop.seen, d.loop.rivals, d.loop.asserted = map[string]uint64{}, map[string]uint64{}, map[string]time.Time{}
	d.takeLinks()
	d.takeRoles()
	d.takeVerdicts(true)
	settings := time.NewTicker(settingsResync)
	defer settings.Stop()
	for ctx.Err() == nil {
		select {
		case <-d.roles:
			d.takeRoles()
			continue
		default:
		}
		if !d.loop.ready {
			d.loop.ready = true
			if d.opt.Ready != nil {
				d.opt.Ready()
			}
		}
		select {
		case <-ctx.Done():
		case <-settings.C:
			d.applySettings()
		case <-d.roles:
			d.takeRoles()
		case <-d.links:
			d.takeLinks()
		case <-d.verdicts:
			d.takeVerdicts(false)
		case <-d.kernel:
			d.logProblems()
		}
	}
	return nil
}

// settingsResync is how often kernel settings are looked at, which tell nobody when they change.
const settingsResync = 10 * time.Second

// takeRoles moves the addresses after the roles, and only then tells of it: a log that waits must not make clients wait.
func (d *Director) takeRoles() {
	status := d.nodes.Status()
	facts := d.facts
	facts.Roles = make(map[string]Role, len(status))
	for _, s := range status {
		facts.Roles[s.Name] = roleOf(s)
	}
	if want := desiredAddresses(d.cfg, facts); !sameWant(want, d.loop.want) {
		d.loop.want = want
		d.addresses.Set(want)
	}
	for _, s := range status {
		d.assert(s, time.Now())
		d.logTransitions(s)
	}
}

// assertPause is the shortest time between two rounds of announcements because of rivals: somebody who keeps sending
// adverts must not make this machine flood its links. Those that it keeps from coming at once are covered by the rest of
// the round that runs.
const assertPause = time.Second

// assert announces the addresses of an Active anew when it has heard another Active. That one gives way, but the
// neighbours have learnt its hardware address, and would go on sending there until they doubt it.
func (d *Director) assert(s node.Status, now time.Time) {
	if s.Rivals == d.loop.rivals[s.Name] || now.Sub(d.loop.asserted[s.Name]) < assertPause {
		return
	}
	d.loop.rivals[s.Name], d.loop.asserted[s.Name] = s.Rivals, now
	if s.View.State != vrrp.Active || now.Sub(s.View.Since) < assertPause {
		return // it has given way since, or has just taken over from that one and announces anyway
	}
	routers := routerOf(d.cfg)
	d.announcer.Again(func(c arp.Claim) bool {
		for a, r := range routers {
			if r.Name == s.Name && a.Prefix.Addr() == c.Addr && a.Link == c.Link {
				return true
			}
		}
		return false
	})
	d.log.Warn("another Active was heard; announcing the addresses again", "instance", s.Name, "vrid", s.VRID, "peer", s.View.Heard.From.String())
}

func sameWant(a, b vip.Want) bool {
	return maps.Equal(a.Present, b.Present) && maps.Equal(a.Hold, b.Hold) && maps.Equal(a.Absent, b.Absent)
}

func (d *Director) logTransitions(s node.Status) {
	for _, t := range s.Recent {
		if t.Seq <= d.loop.seen[s.Name] {
			continue
		}
		d.loop.seen[s.Name] = t.Seq
		args := []any{"instance", s.Name, "vrid", s.VRID, "iface", s.Interface, "from", t.From.String(), "to", t.To.String(), "reason", t.Reason.String()}
		if t.Peer.IsValid() {
			args = append(args, "peer", t.Peer.String())
		}
		if s.View.Why != "" && t.Seq == s.Recent[len(s.Recent)-1].Seq {
			args = append(args, "why", s.View.Why)
		}
		d.log.Info("role changed", args...)
	}
}

func (d *Director) takeLinks() {
	snapshot := d.watch.Links()
	if snapshot == nil {
		return // nobody has looked yet, which is no reason to call an interface missing
	}
	links := linksOf(d.cfg, snapshot)
	if maps.Equal(links, d.loop.links) {
		return
	}
	d.nodes.SetLinks(links)
	d.applySettings()
	for name, link := range links {
		if old := d.loop.links[name]; old.Fault != link.Fault {
			if link.Fault != "" {
				d.log.Warn("link unusable", "instance", name, "iface", link.Name, "reason", link.Fault)
			} else {
				d.log.Info("link usable", "instance", name, "iface", link.Name, "source", link.Source.String())
			}
		}
	}
	d.loop.links = links
}

// takeVerdicts sets the table after the verdicts, and lets the routers preempt once every check has spoken.
func (d *Director) takeVerdicts(always bool) {
	status := d.checker.Status()
	verdicts := serverVerdicts(d.cfg, status)
	if d.holding.Load() && allSpoke(d.cfg, status) {
		d.holding.Store(false)
		d.nodes.HoldPreempt(false)
		d.log.Info("every check has a first verdict")
	}
	if !always && maps.Equal(verdicts, d.loop.verdicts) {
		return
	}
	if d.table != nil {
		facts := d.facts
		facts.Verdicts = verdicts
		d.table.Set(desiredTable(d.cfg, facts))
	}
	d.logVerdicts(verdicts, status)
	d.loop.verdicts = verdicts
}

func (d *Director) logVerdicts(verdicts map[serverKey]health.Verdict, status map[health.Key]health.CheckStatus) {
	for _, svc := range d.cfg.Services {
		for _, srv := range svc.Servers {
			key := serverKey{svc.Name, srv.Name}
			from, to := d.loop.verdicts[key], verdicts[key]
			if from == to {
				continue
			}
			check, last := decisive(svc, srv, status)
			d.log.Info("verdict changed", "service", svc.Name, "server", srv.Name, "from", from.String(), "to", to.String(),
				"check", check, "reason", explains(last).Detail, "took", explains(last).Took)
		}
	}
}

// logProblems tells once of each thing that the kernel refuses, and once of its end.
func (d *Director) logProblems() {
	var have ipvs.Status
	if d.table != nil {
		have = d.table.Status()
	}
	now := map[string]bool{}
	for _, p := range problems(d.addresses.Status(), have) {
		now[p] = true
		if !d.loop.problems[p] {
			d.log.Error("problem", "err", p)
		}
	}
	for p := range d.loop.problems {
		if !now[p] {
			d.log.Info("problem gone", "err", p)
		}
	}
	d.loop.problems = now
}
