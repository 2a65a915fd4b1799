package node

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lbha/lbha/internal/vrrp"
)

// Config is one virtual router.
type Config struct {
	Name      string // how status calls it; a new name alone changes nothing else
	Interface string // with Router.VRID it is the router's identity
	Router    vrrp.Config
	// Listen is the adoption window of the router's first start, see vrrp.Startup; 0 = none.
	Listen time.Duration
}

// Options are what a Runner needs from its surroundings.
type Options struct {
	Log *slog.Logger // for sockets; nil = nothing is logged
	// Changed is called after each published change, from the election's goroutines: it must not block. nil = nobody.
	Changed func()
	// Dial opens the socket of a link; nil = the package's Dial.
	Dial func(Link) (Conn, error)
}

// Runner runs virtual routers. Make it with NewRunner.
type Runner struct {
	opt     Options
	routers atomic.Pointer[[]Config]
	links   atomic.Pointer[map[string]Link]
	hold    atomic.Bool
	bell    chan struct{}
	list    atomic.Pointer[[]listed]

	// Of Run's goroutine.
	group   errgroup.Group
	entries map[key]*entry
	wires   []*wire
	tallies map[string]*tally // by interface
}

// listed is a router as Status finds it.
type listed struct {
	name string
	node *node
}

// entry is a router as the Runner keeps it.
type entry struct {
	cfg  Config
	node *node
	last *want // that the node was given
}

// NewRunner makes a Runner without routers. Nothing happens before Run.
func NewRunner(opt Options) *Runner {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Changed == nil {
		opt.Changed = func() {}
	}
	if opt.Dial == nil {
		opt.Dial = Dial
	}
	r := &Runner{
		opt: opt, bell: make(chan struct{}, 1),
		entries: make(map[key]*entry), tallies: make(map[string]*tally),
	}
	r.routers.Store(&[]Config{})
	r.links.Store(&map[string]Link{})
	r.list.Store(&[]listed{})
	return r
}

// Set says which routers there are. The latest wins. A router that is the same sees nothing; one whose configuration
// differs is told; one that is gone, or has another VRID or interface, stops with priority 0 before anything new starts.
// Of two with the same interface and VRID, the first is taken.
func (r *Runner) Set(routers []Config) {
	routers = slices.Clone(routers)
	for i := range routers {
		routers[i].Router.Addresses = slices.Clone(routers[i].Router.Addresses)
	}
	r.routers.Store(&routers)
	r.wake()
}

// SetLinks says how the interfaces of the routers are, by the router's name. The latest wins. A router waits in
// Initialize until its link is in the map for the first time; one that is missing later is in Fault.
func (r *Runner) SetLinks(links map[string]Link) {
	links = maps.Clone(links)
	r.links.Store(&links)
	r.wake()
}

// HoldPreempt keeps all routers from replacing a living Active, see vrrp.HoldPreempt. The latest wins.
func (r *Runner) HoldPreempt(on bool) {
	r.hold.Store(on)
	r.wake()
}

// Status returns all routers, sorted by name. Those of one interface share WireStatus: it is not to be written to.
func (r *Runner) Status() []Status {
	var out []Status
	wires := make(map[*tally]WireStatus) // each read once: it has 256 counters
	for _, l := range *r.list.Load() {
		t := l.node.tally
		if _, ok := wires[t]; !ok {
			wires[t] = t.read()
		}
		out = append(out, l.node.status(l.name, wires[t]))
	}
	return out
}

// Run runs the routers until ctx ends. Then each stops, an Active with priority 0, and after that the sockets close. Run
// returns nil when all goroutines have ended. It is called once.
func (r *Runner) Run(ctx context.Context) error {
	lasting := context.WithoutCancel(ctx) // sockets outlive ctx: the last advert goes out through them
	for ctx.Err() == nil {
		r.reconcile(lasting)
		select {
		case <-ctx.Done():
		case <-r.bell:
		}
	}
	r.stop(slices.Collect(maps.Values(r.entries)))
	for _, w := range r.wires {
		w.cancel()
	}
	return r.group.Wait()
}

func (r *Runner) wake() {
	select {
	case r.bell <- struct{}{}:
	default:
	}
}

// stop ends nodes and waits for it, which is short: a node never blocks.
func (r *Runner) stop(entries []*entry) {
	for _, e := range entries {
		e.node.set(&want{stop: true})
	}
	for _, e := range entries {
		<-e.node.done
	}
}

// publish makes the routers visible in Status.
func (r *Runner) publish() {
	list := make([]listed, 0, len(r.entries))
	for _, e := range r.entries {
		list = append(list, listed{e.cfg.Name, e.node})
	}
	slices.SortFunc(list, func(a, b listed) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.node.key.iface, b.node.key.iface), cmp.Compare(a.node.key.vrid, b.node.key.vrid))
	})
	if slices.Equal(list, *r.list.Load()) {
		return
	}
	r.list.Store(&list)
	r.opt.Changed()
}
