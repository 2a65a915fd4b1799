package director

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lbha/lbha/internal/arp"
	"github.com/lbha/lbha/internal/config"
	"github.com/lbha/lbha/internal/health"
	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/owned"
	"github.com/lbha/lbha/internal/sysctl"
	"github.com/lbha/lbha/internal/vip"
	"github.com/lbha/lbha/internal/vrrp"
	"github.com/lbha/lbha/internal/vrrp/node"
)

// stopTimeout bounds each step of stopping, so that a kernel that does not answer cannot keep the process.
const stopTimeout = 3 * time.Second

// Options are what a director needs beside its configuration.
type Options struct {
	Version string
	Log     *slog.Logger
	Ledger  *owned.Store
	// Ready is called once, when the reconcilers run and the first desired state was handed to them; nil: nobody waits.
	Ready func()
	// IPVS is the kernel's table; nil for a configuration without services.
	IPVS ipvs.Kernel
	// Addresses is the kernel's addresses.
	Addresses vip.Kernel
	// Monitor tells the state of the interfaces; nil: the kernel does.
	Monitor vip.Monitor
	// Dial opens the sockets of a link; nil: the node room's own.
	Dial func(node.Link) (node.Conn, error)
	// DialARP opens a link for announcements; nil: the arp room's own.
	DialARP func(link string, index int) (arp.Conn, error)
	// Prober makes the prober of a check and a text that tells two different ones apart; nil: by the check's kind.
	Prober func(config.Server, config.Check) (health.Prober, string, error)
	// SysctlRoot is the folder of kernel settings; "": /proc/sys.
	SysctlRoot string
}

// Director owns the truth of one machine: it is the only one that computes what the kernel has to hold.
type Director struct {
	cfg     *config.Config
	opt     Options
	log     *slog.Logger
	started time.Time

	nodes     *node.Runner
	checker   *health.Checker
	table     *ipvs.Reconciler // nil without services
	addresses *vip.Reconciler
	watch     *vip.Watch
	announcer *arp.Announcer
	settings  *sysctl.Manager

	// What an earlier life left. Written before Run's goroutines start, and never again.
	facts Facts
	// The slots through which the others say that there is something new. Size one: the latest wins, nobody waits.
	roles, links, verdicts, kernel chan struct{}

	// What may be announced, by the address reconciler. announcing orders those who combine it with the links; silent, which
	// it guards, ends all announcing.
	present    atomic.Pointer[[]vip.Placed]
	announcing sync.Mutex
	silent     bool

	// Of the loop alone.
	loop loopState
	// holding is whether the loop still keeps the routers from preempting.
	holding atomic.Bool
}

// New makes a director of a checked configuration. It reads what an earlier life left in the kernel and changes nothing.
func New(cfg *config.Config, opt Options) (*Director, error) {
	d := &Director{
		cfg: cfg, opt: opt, log: opt.Log, started: time.Now(),
		roles: slot(), links: slot(), verdicts: slot(), kernel: slot(),
	}
	listen, err := d.inherit()
	if err != nil {
		return nil, err
	}
	if opt.Prober == nil {
		opt.Prober = prober
	}
	checks, err := planChecks(cfg, d.facts.AdoptedServers, opt.Prober)
	if err != nil {
		return nil, err
	}

	d.nodes = node.NewRunner(node.Options{Log: d.log, Changed: ring(d.roles), Dial: opt.Dial})
	d.nodes.Set(planRouters(cfg, listen))
	d.checker = health.NewChecker(health.Options{Log: d.log, Changed: ring(d.verdicts)})
	d.checker.Set(checks)
	d.holding.Store(len(checks) > 0)
	d.nodes.HoldPreempt(len(checks) > 0)
	d.announcer = arp.NewAnnouncer(arp.Options{Log: d.log, Dial: opt.DialARP})
	d.addresses = vip.NewReconciler(opt.Addresses, opt.Ledger, vip.Options{Log: d.log, Present: d.takePresent, Changed: ring(d.kernel)})
	if opt.IPVS != nil {
		d.table = ipvs.NewReconciler(opt.IPVS, opt.Ledger, ipvs.Options{Log: d.log, Changed: ring(d.kernel)})
	}
	d.settings = sysctl.New(sysctl.Options{Ledger: opt.Ledger, Log: d.log, Root: opt.SysctlRoot})
	d.watch, err = vip.NewWatch(vip.WatchOptions{Log: d.log, Monitor: opt.Monitor})
	if err != nil {
		return nil, err
	}
	d.watch.OnChange(func() {
		d.addresses.Wake() // an address may have been taken off: that cannot wait for the loop
		d.announce()
		ring(d.links)()
	})
	return d, nil
}

// inherit finds what an earlier life of this director left in the kernel and says how long each router listens before it
// goes on with that life's role.
func (d *Director) inherit() (map[string]time.Duration, error) {
	have, err := d.opt.Addresses.List()
	if err != nil {
		return nil, fmt.Errorf("read this machine's addresses: %w", err)
	}
	d.facts.AdoptedAddresses = vip.Adoptable(have, d.opt.Ledger.Addresses())
	if d.opt.IPVS != nil {
		table, err := d.opt.IPVS.List()
		if err != nil {
			return nil, fmt.Errorf("read the IPVS table: %w", err)
		}
		d.facts.AdoptedServers = adoptServers(d.cfg, setOf(d.opt.Ledger.Services()), table)
	}
	if n, m := len(d.facts.AdoptedAddresses), len(d.facts.AdoptedServers); n+m > 0 {
		d.log.Info("found what an earlier life left", "addresses", n, "servers", m)
	}
	return listening(d.cfg, d.facts.AdoptedAddresses), nil
}

// Run is the director's life: it ends with ctx, and returns nil when everything that has to be undone was undone.
//
// The order of stopping is that of the packets: priority 0 first, then the addresses, then what the file says about the
// table, then the kernel settings.
func (d *Director) Run(ctx context.Context) error {
	d.applySettings()
	var rest errgroup.Group // outlives the roles: it carries out what their end asks for
	restCtx, stopRest := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRest()
	rest.Go(func() error { return d.watch.Run(restCtx) })
	rest.Go(func() error { return d.announcer.Run(restCtx) })
	rest.Go(func() error { return d.addresses.Run(restCtx) })
	if d.table != nil {
		rest.Go(func() error { return d.table.Run(restCtx) })
	}

	life, lifeCtx := errgroup.WithContext(ctx)
	life.Go(func() error {
		err := d.nodes.Run(lifeCtx)
		d.noRoles() // at once: priority 0 is out, and the other one takes over now
		return err
	})
	life.Go(func() error { return d.checker.Run(lifeCtx) })
	life.Go(func() error { return d.run(lifeCtx) })
	err := life.Wait()

	stopErr := d.letGo(context.WithoutCancel(ctx))
	stopRest()
	return errors.Join(err, stopErr, bounded(rest.Wait))
}

// bounded calls f, which waits, and gives up on it: a call that the kernel never answers must not keep the process.
func bounded(f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(stopTimeout):
		return fmt.Errorf("the kernel has not answered for %s; leaving without its answer", stopTimeout)
	}
}

// noRoles takes announcements and addresses off. The routers have ended, and nothing sets them again.
func (d *Director) noRoles() {
	d.announcing.Lock()
	d.silent = true
	d.announcer.Set(nil)
	d.announcing.Unlock()
	d.addresses.Set(vip.Want{})
}

// letGo undoes what must not stay behind. The roles have ended by now.
func (d *Director) letGo(ctx context.Context) error {
	d.noRoles() // again: the loop may have set something while the routers ended
	errs := []error{within(ctx, "take the addresses off", d.addresses.Sync)}
	if d.table != nil && d.cfg.OnStop == config.OnStopRemove {
		d.table.Set(ipvs.Table{})
		errs = append(errs, within(ctx, "remove the services", d.table.Sync))
	}
	if err := d.settings.Restore(); err != nil {
		errs = append(errs, fmt.Errorf("put the kernel settings back: %w", err))
	}
	d.log.Info("director stopped", "table", string(d.cfg.OnStop))
	return errors.Join(errs...)
}

func within(ctx context.Context, what string, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if err := f(ctx); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// applySettings belongs to the goroutine that owns the loop: Run's before it starts, and after it has ended.
//
// Where the file's settings depend on interfaces, nothing is done before somebody has looked at those: a setting of an
// earlier life would be put back, while addresses of that life still need it.
func (d *Director) applySettings() {
	if d.watch.Links() == nil && len(d.cfg.Routers) > 0 {
		return
	}
	apply := d.settings.Apply
	if !d.cfg.Sysctl.Manage {
		apply = d.settings.Report
	}
	err := apply(planSysctls(d.cfg, d.watch.Links()))
	var text string
	if err != nil {
		text = err.Error()
	}
	if text != d.loop.settingsErr && err != nil {
		// The rest of the file still works, and status shows it.
		d.log.Error("kernel settings not as needed", "err", err)
	}
	d.loop.settingsErr = text
}

// takePresent is called by the address reconciler with what is in the kernel now. It hands over and returns.
func (d *Director) takePresent(present []vip.Placed) {
	d.present.Store(&present)
	d.announce()
}

// announce claims what is in the kernel, with the hardware addresses of the links. Both change by themselves, so both of
// those who see a change call it, and whoever comes last has the latest of both.
func (d *Director) announce() {
	d.announcing.Lock()
	defer d.announcing.Unlock()
	if d.silent {
		return
	}
	var present []vip.Placed
	if p := d.present.Load(); p != nil {
		present = *p
	}
	links := d.watch.Links()
	routers := routerOf(d.cfg)
	claims := make(map[arp.Claim]arp.Schedule, len(present))
	for _, p := range present {
		link, ok := links[p.Link]
		if !ok || link.Index != p.LinkIndex || !p.Prefix.Addr().Is4() {
			continue // the link was made anew, and its view is on the way
		}
		a := routers[p.Address].Announce
		claims[arp.Claim{Addr: p.Prefix.Addr(), Link: p.Link, Index: p.LinkIndex, MAC: link.MAC.String()}] =
			arp.Schedule{Count: a.Count, Interval: a.Interval, Refresh: a.Refresh}
	}
	d.announcer.Set(claims)
}

func slot() chan struct{} { return make(chan struct{}, 1) }

// ring returns a function that fills the slot and never waits.
func ring(c chan struct{}) func() {
	return func() {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// roleOf is what a router's status means for its addresses.
func roleOf(s node.Status) Role {
	return Role{State: s.View.State, Adopting: s.View.State == vrrp.Backup && s.View.Adopting}
}
