package node

import (
	"context"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/lbha/lbha/internal/vrrp"
)

// emptyBatches is where emptying a socket ends, for a flood must not make it endless: more than its queue holds.
const emptyBatches = 128

// members are the nodes of an interface by VRID. Immutable once published.
type members [256]*node

// socket is a wire's state: an open connection, or why there is none. Both empty: the first attempt is under way.
type socket struct {
	conn Conn
	err  error
}

// wire is one interface with its socket and the goroutine that reads it.
type wire struct {
	link    Link // with Fault empty: what the socket is opened with
	dial    func(Link) (Conn, error)
	log     *slog.Logger
	changed func() // wakes the Runner
	tally   *tally
	members atomic.Pointer[members]
	socket  atomic.Pointer[socket]
	asked   atomic.Bool // a node waits for the socket to be emptied
	cancel  context.CancelFunc
}

func newWire(link Link, opt Options, changed func(), t *tally) *wire {
	w := &wire{link: link, dial: opt.Dial, log: opt.Log, changed: changed, tally: t}
	w.members.Store(new(members))
	w.socket.Store(new(socket))
	return w
}

// sameSocket reports whether a wire opened for a serves b. MTU is for show.
func sameSocket(a, b Link) bool {
	return a.Name == b.Name && a.Index == b.Index && a.Source == b.Source
}

// run opens the socket and reads it until ctx ends. A socket that fails while reading is opened again at once, and the
// nodes only learn of it when that fails too: a router without ears must not go on.
func (w *wire) run(ctx context.Context) {
	pause := redialMin
	for ctx.Err() == nil {
		conn, err := w.dial(w.link)
		if err == nil {
			w.publish(socket{conn: conn})
			opened := time.Now()
			err = w.serve(ctx, conn)
			if ctx.Err() != nil {
				return
			}
			w.log.Warn("vrrp socket failed, opening it again", "iface", w.link.Name, "err", err)
			if time.Since(opened) > redialMax {
				pause = redialMin
				continue
			}
		}
		w.publish(socket{err: err})
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, redialMax)
	}
}

// publish tells the Runner of the socket's state, once per change.
func (w *wire) publish(s socket) {
	old := w.socket.Swap(&s)
	if s.err != nil && (old.err == nil || old.err.Error() != s.err.Error()) {
		w.log.Warn("vrrp socket is not open", "iface", w.link.Name, "err", s.err)
	}
	w.changed()
}

// serve reads until an error, and closes the connection in any case.
func (w *wire) serve(ctx context.Context, conn Conn) error {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	batch := make([]Datagram, batchSize)
	for {
		n, err := conn.Receive(batch, true)
		if err == nil && n == 0 {
			err = w.empty(conn, batch)
		}
		if err != nil {
			return err
		}
		w.deliver(batch[:n])
		if n == len(batch) {
			runtime.Gosched() // a flood must not keep a processor from the nodes until the scheduler preempts
		}
	}
}

// empty reads what is queued without waiting and then answers the nodes that asked for it. Those are looked up before
// the first read: whoever asks later interrupts again.
func (w *wire) empty(conn Conn, batch []Datagram) error {
	var asking []*node
	if w.asked.Swap(false) {
		for _, n := range w.members.Load() {
			if n != nil && n.asked.Swap(false) {
				asking = append(asking, n)
			}
		}
	}
	var err error
	for range emptyBatches {
		var n int
		n, err = conn.Receive(batch, false)
		w.deliver(batch[:n])
		if err != nil || n < len(batch) {
			break
		}
	}
	for _, n := range asking {
		n.emptied.Store(true)
		n.wake()
	}
	return err
}

// ask has the socket emptied for a node, which is woken when that is done. It does not wait.
func (w *wire) ask(n *node, conn Conn) {
	n.asked.Store(true)
	w.asked.Store(true)
	conn.Interrupt()
}

// deliver gives datagrams to the nodes that they are for and counts the others.
func (w *wire) deliver(batch []Datagram) {
	m := w.members.Load()
	for _, d := range batch {
		w.route(m, d)
	}
}

// route checks one datagram in the order of RFC 9568 section 7.1, but the VRID early: for a router that is not here
// nothing else is looked at, so that other people's routers cost little.
func (w *wire) route(m *members, d Datagram) {
	if len(d.Payload) < 2 {
		w.tally.dropped.add(vrrp.DropTruncated)
		return
	}
	vrid := d.Payload[1]
	n := m[vrid]
	count := &w.tally.dropped
	if n != nil {
		count = &n.count.dropped
	}
	switch {
	case d.From == w.link.Source:
		count.add(vrrp.DropSelf)
		return
	case d.TTL != vrrp.TTL:
		count.add(vrrp.DropTTL)
		return
	case d.To != vrrp.GroupIPv4():
		count.add(vrrp.DropHeader)
		return
	case n == nil:
		w.tally.unknown(vrid, d.From)
		return
	}
	advert, form, err := vrrp.Parse(d.Payload, d.From, d.To)
	if err != nil {
		count.addError(err)
		return
	}
	n.post(&received{from: d.From, advert: advert, form: form})
}
