package node

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/vrrp"
)

var cmpAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

var (
	group  = vrrp.GroupIPv4()
	addrA  = netip.MustParseAddr("10.0.0.1")
	addrB  = netip.MustParseAddr("10.0.0.2")
	vip    = netip.MustParseAddr("10.0.0.100")
	linkA  = Link{Name: "eth0", Index: 2, MTU: 1500, Source: addrA}
	linkB  = Link{Name: "eth0", Index: 2, MTU: 1500, Source: addrB}
	errEnd = errors.New("socket is closed")
)

// packet is one advert as the segment saw it.
type packet struct {
	At       time.Duration // since the segment was made
	From     netip.Addr
	VRID     uint8
	Priority uint8
	Form     vrrp.Checksum
}

// segment is a network in memory. Every connection hears what the others send.
type segment struct {
	t     *testing.T
	start time.Time

	mu      sync.Mutex
	conns   []*fakeConn
	sent    []packet
	dials   int
	dialErr error
	sendErr error
	cut     bool // nothing arrives
}

func newSegment(t *testing.T) *segment { return &segment{t: t, start: time.Now()} }

func (s *segment) dial(link Link) (Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dials++
	if s.dialErr != nil {
		return nil, s.dialErr
	}
	c := &fakeConn{
		segment: s, link: link, queue: make(chan Datagram, 4096), fail: make(chan error, 1),
		interrupt: make(chan struct{}, 1), closed: make(chan struct{}),
	}
	s.conns = append(s.conns, c)
	return c, nil
}

// inject puts a datagram into every open socket.
func (s *segment) inject(d Datagram) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.put(d)
	}
}

// set changes the segment's faults.
func (s *segment) set(f func(*segment)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

// last returns the most recent socket.
func (s *segment) last() *fakeConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[len(s.conns)-1]
}

// opened is how many times a socket was asked for.
func (s *segment) opened() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

func (s *segment) packets() []packet {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

type fakeConn struct {
	segment           *segment
	link              Link
	queue             chan Datagram
	fail              chan error
	interrupt, closed chan struct{}
}

func (c *fakeConn) put(d Datagram) {
	select {
	case <-c.closed:
	case c.queue <- d:
	default:
	}
}

func (c *fakeConn) Receive(batch []Datagram, wait bool) (int, error) {
	if !wait {
		n := 0
		for n < len(batch) && len(c.queue) > 0 {
			batch[n] = <-c.queue
			n++
		}
		return n, nil
	}
	if len(c.interrupt) > 0 { // first, as a socket's deadline is
		<-c.interrupt
		return 0, nil
	}
	select {
	case <-c.closed:
		return 0, errEnd
	case err := <-c.fail:
		return 0, err
	case <-c.interrupt:
		return 0, nil
	case batch[0] = <-c.queue:
		return 1, nil
	}
}

func (c *fakeConn) Interrupt() {
	select {
	case c.interrupt <- struct{}{}:
	default:
	}
}

func (c *fakeConn) Send(to netip.Addr, message []byte) error {
	s := c.segment
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-c.closed:
		return errEnd
	default:
	}
	if s.sendErr != nil {
		return s.sendErr
	}
	advert, form, err := vrrp.Parse(message, c.link.Source, to)
	if err != nil {
		s.t.Errorf("sent an advert that does not parse: %v", err)
	}
	s.sent = append(s.sent, packet{time.Since(s.start), c.link.Source, advert.VRID, advert.Priority, form})
	for _, other := range s.conns {
		if other != c && !s.cut {
			other.put(Datagram{From: c.link.Source, To: to, TTL: vrrp.TTL, Payload: slices.Clone(message)})
		}
	}
	return nil
}

func (c *fakeConn) Close() error {
	c.segment.mu.Lock()
	defer c.segment.mu.Unlock()
	select {
	case <-c.closed:
	default:
		close(c.closed)
	}
	return nil
}

// router is a usual router at 1 s adverts.
func router(name string, vrid, priority uint8) Config {
	return Config{Name: name, Interface: "eth0", Router: vrrp.Config{
		VRID: vrid, Priority: priority, Interval: time.Second, Preempt: true, Addresses: []netip.Addr{vip},
	}}
}

// message is an advert as it is on the wire.
func message(t testing.TB, from netip.Addr, vrid, priority uint8) []byte {
	t.Helper()
	a := vrrp.Advert{VRID: vrid, Priority: priority, Interval: time.Second, Addresses: []netip.Addr{vip}}
	b, err := a.Append(nil, from, group, vrrp.ChecksumRFC9568)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func datagram(t testing.TB, from netip.Addr, vrid, priority uint8) Datagram {
	return Datagram{From: from, To: group, TTL: vrrp.TTL, Payload: message(t, from, vrid, priority)}
}

// start runs a Runner until the returned function has ended it.
func start(t *testing.T, s *segment, link Link, opt Options, routers ...Config) (*Runner, func()) {
	t.Helper()
	opt.Dial = s.dial
	r := NewRunner(opt)
	return r, startPrepared(t, r, link, routers...)
}

// startPrepared does the same with a Runner that was told something before.
func startPrepared(t *testing.T, r *Runner, link Link, routers ...Config) func() {
	t.Helper()
	links := make(map[string]Link)
	for _, c := range routers {
		links[c.Name] = link
	}
	r.Set(routers)
	r.SetLinks(links)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	synctest.Wait()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// one returns the only router's status.
func one(t *testing.T, r *Runner) Status {
	t.Helper()
	s := r.Status()
	if len(s) != 1 {
		t.Fatalf("%d routers in status, want 1", len(s))
	}
	return s[0]
}

// moves are a router's transitions without times.
func moves(s Status) []string {
	var out []string
	for _, t := range s.Recent {
		out = append(out, t.From.String()+">"+t.To.String()+" "+t.Reason.String())
	}
	return out
}
