package node

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/lbha/lbha/internal/vrrp"
)

const (
	// slack is how late a deadline may be noticed without suspicion: the runtime's own timers are this coarse.
	slack = time.Millisecond
	// grace is how long a late node waits for its socket to be emptied before it judges the silence all the same.
	grace = 5 * time.Millisecond
	// mailboxSize adverts wait for a node. More means that it was not scheduled for long; the newest are kept.
	mailboxSize = 64
)

// key is what makes a virtual router the same over reloads.
type key struct {
	iface string
	vrid  uint8
}

// want is what a node should be, complete. The latest wins. Immutable.
type want struct {
	cfg    vrrp.Config
	hold   bool
	known  bool // whether link has been looked at; before that a node waits in Initialize
	link   Link // with Fault set the router is in Fault, without it conn is open
	wire   *wire
	conn   Conn
	listen time.Duration // the adoption window of the first Startup
	stop   bool
}

// received is one advert on its way to a node.
type received struct {
	from   netip.Addr
	advert vrrp.Advert
	form   vrrp.Checksum
}

// phase is what a node has told its machine about the link.
type phase uint8

const (
	phaseUnknown phase = iota // nothing yet
	phaseUp
	phaseDown
)

// node is one virtual router. The first fields are shared: they never change, or are atomic. The others belong to the
// goroutine of run.
type node struct {
	key     key
	born    time.Time
	tally   *tally
	changed func() // tells the caller; does not block
	applied func() // tells the Runner that have is new
	slot    atomic.Pointer[want]
	have    atomic.Pointer[want] // what was last acted on
	mail    chan *received
	bell    chan struct{}
	asked   atomic.Bool // the wire is to empty its socket for us
	emptied atomic.Bool // it has
	face    atomic.Pointer[face]
	count   counters
	done    chan struct{}

	machine  *vrrp.Machine
	cfg      vrrp.Config
	phase    phase
	index    int        // of the interface, in phaseUp
	source   netip.Addr // that conn sends from
	wire     *wire
	conn     Conn
	seq      uint64
	next     face      // what will be published
	dirty    bool      // next differs from face
	waiting  time.Time // until when the socket may take to be emptied; zero: nobody was asked
	deadline time.Time // of the Timer that is being carried out; zero: none is
	buf      []byte
}

func newNode(k key, cfg vrrp.Config, t *tally, changed, applied func()) *node {
	n := &node{
		key: k, born: time.Now(), tally: t, changed: changed, applied: applied,
		mail: make(chan *received, mailboxSize), bell: make(chan struct{}, 1), done: make(chan struct{}),
		machine: vrrp.New(cfg), cfg: cfg,
	}
	n.have.Store(&want{cfg: cfg})
	n.next = face{
		view: n.machine.View(),
		link: Link{Name: k.iface, Fault: "interface " + k.iface + " has not been looked at yet"},
	}
	first := n.next
	n.face.Store(&first)
	return n
}

// set replaces what the node should be. The Runner alone calls it.
func (n *node) set(w *want) {
	n.slot.Store(w)
	n.wake()
}

// post puts an advert into the mailbox. It never waits: the oldest advert makes room for the newest.
func (n *node) post(r *received) {
	for range 2 {
		select {
		case n.mail <- r:
			n.wake()
			return
		default:
		}
		select {
		case <-n.mail:
			n.count.superseded.Add(1)
		default:
		}
	}
	n.count.superseded.Add(1) // other readers were faster
}

func (n *node) wake() {
	select {
	case n.bell <- struct{}{}:
	default:
	}
}

// run is the node's goroutine. It ends after a want with stop.
func (n *node) run() {
	defer close(n.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for n.turn() {
		if until, ok := n.sleep(); ok {
			timer.Reset(time.Until(until))
		} else {
			timer.Stop()
		}
		select {
		case <-n.bell:
		case <-timer.C:
		}
	}
}

// turn does all there is to do now, adverts before the timer, and reports whether the node goes on.
func (n *node) turn() bool {
	emptied := n.emptied.Swap(false) // before the mailbox is read: what was in the socket is in there
	w, have := n.slot.Load(), n.have.Load()
	changed := w != nil && w != have
	if changed {
		n.apply(time.Now(), w, have)
	}
	n.hear()
	n.expire(time.Now(), emptied)
	n.publish()
	if changed {
		n.have.Store(w)
		n.applied()
	}
	return w == nil || !w.stop
}

// sleep says until when there is nothing to do unless somebody rings.
func (n *node) sleep() (time.Time, bool) {
	if !n.waiting.IsZero() {
		return n.waiting, true
	}
	return n.machine.Deadline()
}

// expire gives the machine a Timer that is due. A late one waits until the socket was emptied: what a machine has heard
// decides, not what was read first.
func (n *node) expire(now time.Time, emptied bool) {
	deadline, ok := n.machine.Deadline()
	if !ok || now.Before(deadline) {
		n.waiting = time.Time{}
		return
	}
	switch {
	case emptied || n.conn == nil:
	case !n.waiting.IsZero():
		if now.Before(n.waiting) {
			return
		}
	case n.suspicious(now.Sub(deadline)):
		n.waiting = now.Add(grace)
		n.wire.ask(n, n.conn)
		return
	}
	n.waiting, n.deadline = time.Time{}, deadline
	n.step(now, vrrp.Timer{})
	n.deadline = time.Time{}
}

// suspicious reports whether a lateness means that adverts may lie unread. An Active cannot have been replaced before a
// whole interval more has passed, and its advert is the more urgent the later it is.
func (n *node) suspicious(late time.Duration) bool {
	if n.next.view.State == vrrp.Active {
		return late >= n.cfg.Interval
	}
	return late > slack
}
