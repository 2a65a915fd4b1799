package director

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lbha/lbha/internal/arp"
	"github.com/lbha/lbha/internal/config"
	"github.com/lbha/lbha/internal/health"
	"github.com/lbha/lbha/internal/ipvs/ipvstest"
	"github.com/lbha/lbha/internal/owned"
	"github.com/lbha/lbha/internal/vip/viptest"
	"github.com/lbha/lbha/internal/vrrp"
	"github.com/lbha/lbha/internal/vrrp/node"
)

// world is a pair's surroundings without a kernel: a wire for adverts and real servers that answer as told.
type world struct {
	t       *testing.T
	wire    *segment
	servers *servers
	order   *journal // what happened, in order, on all machines
}

func newWorld(t *testing.T) *world {
	return &world{t: t, wire: &segment{conns: map[*wireConn]bool{}}, servers: &servers{answers: map[string]health.Result{}}, order: &journal{}}
}

// machine is one computer: what of it outlives the director's process.
type machine struct {
	w        *world
	name     string
	own      netip.Addr
	dir      string
	vip      *viptest.Kernel
	ipvs     *ipvstest.Kernel
	announce *announcements
}

func (w *world) machine(name, own string) *machine {
	m := &machine{
		w: w, name: name, own: netip.MustParseAddr(own), dir: w.t.TempDir(),
		vip: viptest.New("eth0", "eth1"), ipvs: ipvstest.NewKernel(), announce: &announcements{},
	}
	m.must(m.vip.AdminAdd(own+"/24", "eth0", 0))
	m.must(os.MkdirAll(filepath.Join(m.dir, "net/ipv4/conf/eth0"), 0o755))
	m.must(os.MkdirAll(filepath.Join(m.dir, "net/ipv4/conf/eth1"), 0o755))
	for _, link := range []string{"eth0", "eth1"} {
		m.must(os.WriteFile(filepath.Join(m.dir, "net/ipv4/conf", link, "promote_secondaries"), []byte("0\n"), 0o644))
	}
	m.must(os.WriteFile(filepath.Join(m.dir, "net/ipv4/ip_forward"), []byte("0\n"), 0o644))
	return m
}

func (m *machine) must(err error) {
	m.w.t.Helper()
	if err != nil {
		m.w.t.Fatal(err)
	}
}

func (m *machine) forwards() string {
	b, err := os.ReadFile(filepath.Join(m.dir, "net/ipv4/ip_forward"))
	m.must(err)
	return strings.TrimSpace(string(b))
}

// life is one run of the director's process on a machine.
type life struct {
	*Director
	log  *bytes.Buffer
	stop context.CancelFunc
	done chan error
}

// start runs a director with the text of a file.
func (m *machine) start(text string) *life {
	t := m.w.t
	t.Helper()
	file := filepath.Join(m.dir, "lbha.hcl")
	m.must(os.WriteFile(file, []byte(text), 0o644))
	cfg, diags := config.Load(file, config.Options{Director: m.name})
	if diags.HasErrors() {
		diags.Write(os.Stderr, false, 80)
		t.Fatal("the test's file has mistakes")
	}
	ledger, err := owned.Open(filepath.Join(m.dir, "owned.json"))
	m.must(err)
	log := &bytes.Buffer{}
	opt := Options{
		Version: "test", Ledger: ledger, Addresses: m.vip, Monitor: m.vip, SysctlRoot: m.dir,
		Log:     slog.New(slog.NewTextHandler(&locked{w: log}, nil)),
		Dial:    func(l node.Link) (node.Conn, error) { return m.w.wire.open(m, l) },
		DialARP: func(string, int) (arp.Conn, error) { return m.announce, nil },
		Prober:  m.w.servers.prober,
	}
	if len(cfg.Services) > 0 {
		opt.IPVS = m.ipvs
	}
	d, err := New(cfg, opt)
	m.must(err)
	ctx, stop := context.WithCancel(t.Context())
	l := &life{Director: d, log: log, stop: stop, done: make(chan error, 1)}
	go func() { l.done <- d.Run(ctx) }()
	return l
}

// end stops the director in good order.
func (l *life) end(t *testing.T) {
	t.Helper()
	l.stop()
	if err := <-l.done; err != nil {
		t.Errorf("Run: %v\n%s", err, l.log)
	}
}

type locked struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// journal records events of several machines in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

// announcements counts frames.
type announcements struct {
	mu sync.Mutex
	n  int
}

func (a *announcements) Send([]byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n++
	return nil
}

func (a *announcements) Close() error { return nil }

func (a *announcements) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.n
}

// servers are the real servers: what a probe of each finds. One that is not listed does not answer until its deadline.
type servers struct {
	mu      sync.Mutex
	answers map[string]health.Result
}

func (s *servers) set(server string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := health.Result{OK: ok, Reason: health.ReasonOK, Detail: "status 200"}
	if !ok {
		r = health.Result{Reason: health.ReasonRefused, Detail: "connection refused"}
	}
	s.answers[server] = r
}

func (s *servers) prober(srv config.Server, c config.Check) (health.Prober, string, error) {
	return probe{s, srv.Name}, srv.Name + c.Name, nil
}

type probe struct {
	s    *servers
	name string
}

func (p probe) Probe(ctx context.Context) health.Result {
	p.s.mu.Lock()
	r, ok := p.s.answers[p.name]
	p.s.mu.Unlock()
	if ok {
		return r
	}
	<-ctx.Done()
	return health.Result{Reason: health.ReasonTimeout, Detail: "no answer"}
}

// segment carries adverts between machines.
type segment struct {
	mu    sync.Mutex
	conns map[*wireConn]bool
	cut   bool
}

type wireConn struct {
	s     *segment
	m     *machine
	from  netip.Addr
	queue chan node.Datagram
	poke  chan struct{}
	gone  chan struct{}
	once  sync.Once
}

func (s *segment) open(m *machine, l node.Link) (node.Conn, error) {
	c := &wireConn{s: s, m: m, from: l.Source, queue: make(chan node.Datagram, 256), poke: make(chan struct{}, 1), gone: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = true
	return c, nil
}

func (s *segment) setCut(cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = cut
}

func (c *wireConn) Send(to netip.Addr, message []byte) error {
	if a, _, err := vrrp.Parse(message, c.from, to); err == nil {
		c.m.w.order.add("%s sends priority %d", c.m.name, a.Priority)
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for other := range c.s.conns {
		if other != c && !c.s.cut {
			select {
			case other.queue <- node.Datagram{From: c.from, To: to, TTL: 255, Payload: bytes.Clone(message)}:
			default:
			}
		}
	}
	return nil
}

func (c *wireConn) Receive(batch []node.Datagram, wait bool) (int, error) {
	n := 0
	for n < len(batch) {
		select {
		case batch[n] = <-c.queue:
			n++
			continue
		case <-c.gone:
			return 0, os.ErrClosed
		default:
		}
		if n > 0 || !wait {
			return n, nil
		}
		select {
		case batch[n] = <-c.queue:
			n++
		case <-c.poke:
			return 0, nil
		case <-c.gone:
			return 0, os.ErrClosed
		}
	}
	return n, nil
}

func (c *wireConn) Interrupt() {
	select {
	case c.poke <- struct{}{}:
	default:
	}
}

func (c *wireConn) Close() error {
	c.once.Do(func() {
		close(c.gone)
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		delete(c.s.conns, c)
	})
	return nil
}
