package vrrp_test

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/lbha/lbha/internal/vrrp"
)

// network is a link with routers on it, in virtual time: one goroutine, one
// queue, one source of randomness, so a run is a function of its seed. Adverts
// travel as bytes, through the codec both ways.
type network struct {
	t     testing.TB
	now   time.Time
	rng   *rand.Rand
	nodes []*node
	queue []packet // in flight, in no order
	seq   int      // breaks ties in time, in order of sending

	delay, spread time.Duration // each copy takes delay, plus up to spread
	loss, dup     float64       // probability per copy
	late          time.Duration // each Timer comes up to this late

	// saw is told of each event that a machine was given.
	saw func(n *node, ev vrrp.Event, before vrrp.View, effects []vrrp.Effect)
}

// node is one machine and what its driver would know.
type node struct {
	name   string
	addr   netip.Addr
	cfg    vrrp.Config
	m      *vrrp.Machine // nil while the process is not running
	side   int           // nodes hear each other on the same side only
	frozen bool          // the process is stopped: its socket fills, its timer does not fire
	inbox  []packet      // the socket of a frozen node
	timer  time.Time     // when the Timer will be given; zero is never
	armed  time.Time     // the deadline that timer was set for
}

type packet struct {
	at       time.Time
	seq      int
	from, to *node
	bytes    []byte
	form     vrrp.Checksum
}

// socketSize is how many adverts the socket of a frozen node holds. The kernel
// drops what comes after.
const socketSize = 20

func newNetwork(t testing.TB, seed uint64) *network {
	return &network{t: t, now: epoch, rng: rand.New(rand.NewPCG(seed, 0)), delay: time.Millisecond,
		saw: func(*node, vrrp.Event, vrrp.View, []vrrp.Effect) {}}
}

func (w *network) add(name string, addr netip.Addr, cfg vrrp.Config) *node {
	n := &node{name: name, addr: addr, cfg: cfg}
	w.nodes = append(w.nodes, n)
	return n
}

// start starts the process of a node, with nothing left of an earlier life.
func (w *network) start(n *node, listen time.Duration) {
	n.m, n.frozen, n.inbox = vrrp.New(n.cfg), false, nil
	w.give(n, vrrp.Startup{Source: n.addr, Listen: listen})
}

// crash ends the process of a node without a word.
func (w *network) crash(n *node) {
	n.m, n.frozen, n.timer, n.armed = nil, false, time.Time{}, time.Time{}
}

// wake lets a frozen node run on. Its driver reads the socket before it looks
// at the timer, unless timerFirst.
func (w *network) wake(n *node, timerFirst bool) {
	inbox := n.inbox
	n.frozen, n.inbox = false, nil
	if timerFirst {
		w.give(n, vrrp.Timer{})
	}
	for _, p := range inbox {
		w.deliver(p)
	}
}

// give steps a machine, if its process runs, and carries the effects out.
func (w *network) give(n *node, ev vrrp.Event) {
	if n.m == nil || n.frozen {
		return
	}
	before := n.m.View()
	effects := slices.Clone(n.m.Step(w.now, ev))
	for _, e := range effects {
		if s, ok := e.(vrrp.Send); ok {
			w.send(n, s.Advert)
		}
	}
	deadline, ok := n.m.Deadline()
	if !ok {
		n.timer, n.armed = time.Time{}, time.Time{}
	} else if !deadline.Equal(n.armed) {
		n.armed, n.timer = deadline, deadline.Add(w.upTo(w.late))
	}
	w.saw(n, ev, before, effects)
}

func (w *network) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(w.rng.Int64N(int64(d) + 1))
}

func (w *network) send(from *node, a vrrp.Advert) {
	b, err := a.Append(nil, from.addr, vrrp.GroupIPv4(), from.cfg.Checksum)
	if err != nil {
		w.t.Fatalf("%s sends %+v: %v", from.name, a, err)
	}
	for _, to := range w.nodes {
		copies := 1
		if w.rng.Float64() < w.dup {
			copies = 2
		}
		for range copies {
			if to == from || w.rng.Float64() < w.loss {
				continue
			}
			w.seq++
			w.queue = append(w.queue, packet{w.now.Add(w.delay + w.upTo(w.spread)), w.seq, from, to, b, from.cfg.Checksum})
		}
	}
}

// deliver gives a packet to its node, as its driver would.
func (w *network) deliver(p packet) {
	switch {
	case p.from.side != p.to.side || p.to.m == nil:
	case p.to.frozen:
		if len(p.to.inbox) < socketSize {
			p.to.inbox = append(p.to.inbox, p)
		}
	default:
		a, form, err := vrrp.Parse(p.bytes, p.from.addr, vrrp.GroupIPv4())
		if err != nil || form != p.form {
			w.t.Fatalf("%s hears %x from %s: %s, %v", p.to.name, p.bytes, p.from.name, form, err)
		}
		w.give(p.to, vrrp.Received{From: p.from.addr, Advert: a})
	}
}

// run lets everything happen that is due until then. A test that has failed
// ends: a machine that always wants its Timer now would keep it for ever.
func (w *network) run(until time.Time) {
	for !w.t.Failed() {
		next := w.next()
		at, timer := w.soonestTimer()
		switch {
		case next >= 0 && !w.queue[next].at.After(until) && (timer == nil || !w.queue[next].at.After(at)):
			p := w.queue[next]
			w.queue[next] = w.queue[len(w.queue)-1]
			w.queue = w.queue[:len(w.queue)-1]
			w.now = p.at
			w.deliver(p)
		case timer != nil && !at.After(until):
			w.now = later(w.now, at)
			timer.armed, timer.timer = time.Time{}, time.Time{} // it fired: give sets the next
			w.give(timer, vrrp.Timer{})
		default:
			w.now = until
			return
		}
	}
}

// next is the index of the packet that arrives first, or -1.
func (w *network) next() int {
	best := -1
	for i, p := range w.queue {
		if best < 0 || p.at.Before(w.queue[best].at) || p.at.Equal(w.queue[best].at) && p.seq < w.queue[best].seq {
			best = i
		}
	}
	return best
}

func (w *network) soonestTimer() (at time.Time, of *node) {
	for _, n := range w.nodes {
		if n.m == nil || n.frozen || n.timer.IsZero() {
			continue
		}
		if t := later(n.timer, w.now); of == nil || t.Before(at) {
			at, of = t, n
		}
	}
	return at, of
}

// active lists the running nodes that are Active, of one side or, below 0, all.
func (w *network) active(side int) []*node {
	var list []*node
	for _, n := range w.nodes {
		if n.m != nil && !n.frozen && (side < 0 || n.side == side) && n.m.View().State == vrrp.Active {
			list = append(list, n)
		}
	}
	return list
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
