package health

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The figures include the server's side, which is in the same process.

func BenchmarkTCPProbe(b *testing.B) {
	target := serve(b, func(net.Conn) {})
	benchProbe(b, NewTCP(TCPConfig{Target: target}))
}

func BenchmarkHTTPProbe(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") }))
	defer s.Close()
	benchProbe(b, NewHTTP(HTTPConfig{Target: netip.MustParseAddrPort(s.Listener.Addr().String())}))
}

func benchProbe(b *testing.B, p Prober) {
	b.ReportAllocs()
	for b.Loop() {
		if res := probeWithin(b, p, ample); !res.OK {
			b.Fatalf("probe failed: %s", res.Detail)
		}
	}
}

// BenchmarkChecker10k makes 10,000 checks a second, one each, until b.N are
// made: its time per operation is that pace, what counts is cpu-ns/check (of
// the whole process) and how late probes begin.
func BenchmarkChecker10k(b *testing.B) {
	b.Run("fake", func(b *testing.B) {
		benchChecker(b, func() Prober { return proberFunc(func(context.Context) Result { return good("fine") }) })
	})
	b.Run("tcp", func(b *testing.B) {
		target := farm(b, func(net.Conn) {})
		benchChecker(b, func() Prober { return NewTCP(TCPConfig{Target: target()}) })
	})
	b.Run("http", func(b *testing.B) {
		response := []byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
		target := farm(b, func(c net.Conn) {
			if n, err := c.Read(make([]byte, 1024)); err == nil && n > 0 {
				_, _ = c.Write(response)
			}
		})
		benchChecker(b, func() Prober { return NewHTTP(HTTPConfig{Target: target()}) })
	})
}

// farm makes a hundred servers and returns one after the other: the backlog of
// a single one is too short for ten thousand first probes.
func farm(b *testing.B, handle func(net.Conn)) func() netip.AddrPort {
	b.Helper()
	var targets []netip.AddrPort
	for range 100 {
		targets = append(targets, serve(b, handle))
	}
	n := 0
	return func() netip.AddrPort {
		n++
		return targets[n%len(targets)]
	}
}

// punctual notes how late its probes begin, once the first rush is over.
type punctual struct {
	Prober
	m     *measure
	phase time.Duration
}

type measure struct {
	epoch  time.Time
	mu     sync.Mutex
	late   []time.Duration
	failed atomic.Int64
	first  string // what the first failure was
	left   atomic.Int64
	done   chan struct{}
}

const benchInterval = time.Second

func (p *punctual) Probe(ctx context.Context) Result {
	if now := time.Since(p.m.epoch); now > 2*benchInterval {
		p.m.mu.Lock()
		p.m.late = append(p.m.late, (now-p.phase)%benchInterval)
		p.m.mu.Unlock()
	}
	res := p.Prober.Probe(ctx)
	if !res.OK && res.Reason != ReasonCanceled && p.m.failed.Add(1) == 1 {
		p.m.first = res.Detail
	}
	if p.m.left.Add(-1) == 0 {
		close(p.m.done)
	}
	return res
}

func benchChecker(b *testing.B, prober func() Prober) {
	m := &measure{done: make(chan struct{})}
	m.left.Store(int64(b.N))
	checks := make([]Check, 10_000)
	for i := range checks {
		c := Check{Key: Key{"web", fmt.Sprint("server", i), "tcp"}, Interval: benchInterval, Timeout: benchInterval, Rise: 2, Fall: 3}
		c.Prober = &punctual{Prober: prober(), m: m, phase: c.phase()}
		checks[i] = c
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := NewChecker(Options{})
	c.Set(checks)
	l := newLoop(ctx, c)
	m.epoch = l.epoch
	begin := cpuTime(b)
	b.ResetTimer()
	ended := make(chan struct{})
	go func() { l.run(); close(ended) }()
	<-m.done
	b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/check")
	cancel()
	<-ended
	if n := len(m.late); n > 0 {
		slices.Sort(m.late)
		b.ReportMetric(float64(m.late[n*99/100].Microseconds()), "late-p99-µs")
	}
	b.ReportMetric(float64(m.failed.Load()), "failed")
	if m.first != "" {
		b.Logf("a probe failed: %s", m.first)
	}
}

// cpuTime returns what the process has used so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
