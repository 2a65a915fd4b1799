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

// node is one virtual router. Fields up to the blank line are shared and never change or are atomic; the rest belongs to
// its goroutine.
type node struct {
	key     key
	tally   *tally
	changed func() // tells the caller; must not block
	applied func() // tells the Runner that have caught up
	slot    atomic.Pointer[want]
	have    atomic.Pointer[want] // the want that was last acted on
	mail    chan *received
	bell    chan struct{}
	asked   atomic.Bool // the wire is to empty the socket for us
	emptied atomic.Bool // it has
	face    atomic.Pointer[face]
	count   counters
	done    chan struct{}

	machine  *vrrp.Machine
	started  bool
	seq      uint64
	next     face      // what will be published
	dirty    bool      // next differs from face
	waiting  time.Time // until when an emptied socket is waited for; zero when it is not
	deadline time.Time // of the timer event that is being carried out; zero otherwise
	buf      []byte
}

func newNode(k key, cfg vrrp.Config, t *tally, changed, applied func()) *node {
	n := &node{
		key: k, tally: t, changed: changed, applied: applied,
		mail: make(chan *received, mailboxSize), bell: make(chan struct{}, 1), done: make(chan struct{}),
		machine: vrrp.New(cfg),
	}
	n.have.Store(&want{cfg: cfg})
	n.next.view = n.machine.View()
	n.next.link = Link{Name: k.iface}
	n.publish()
	return n
}

// set replaces what the node should be.
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
	n.count.superseded.Add(1)
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
	for {
		emptied := n.emptied.Swap(false) // before the mailbox is read: what was in the socket is in there
		w, have := n.slot.Load(), n.have.Load()
		if w != nil && w != have {
			n.apply(time.Now(), w, have)
		}
		n.hear()
		n.expire(time.Now(), emptied)
		n.publish()
		if w != nil && w != have {
			n.have.Store(w)
			n.applied()
		}
		if w != nil && w.stop {
			return
		}
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

// sleep says until when there is nothing to do unless somebody rings.
func (n *node) sleep() (time.Time, bool) {
	if !n.waiting.IsZero() {
		return n.waiting, true
	}
	return n.machine.Deadline()
}

// hear gives the waiting adverts to the machine. Of several of one sender only the last counts: it says all that the
// others said, and one answer to it is enough.
func (n *node) hear() {
	var batch [mailboxSize]*received
	k := 0
	for k < len(batch) && len(n.mail) > 0 {
		batch[k] = <-n.mail
		k++
	}
	for i, r := range batch[:k] {
		if overtaken(r, batch[i+1:k]) {
			n.count.superseded.Add(1)
			continue
		}
		n.receive(r)
	}
}

func overtaken(r *received, later []*received) bool {
	for _, l := range later {
		if l.from == r.from {
			return true
		}
	}
	return false
}
