package health

import (
	"context"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestTCPPassesWhenAServerAccepts(t *testing.T) {
	target := serve(t, silent)
	wantResult(t, probeWithin(t, NewTCP(TCPConfig{Target: target}), ample), ReasonOK, "connected", false)
}

func TestTCPSpeaksIPv6(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Fatalf("listen on IPv6 loopback: %v", err)
	}
	defer l.Close()
	cfg := TCPConfig{Target: netip.MustParseAddrPort(l.Addr().String()), Source: netip.MustParseAddr("::1")}
	wantResult(t, probeWithin(t, NewTCP(cfg), ample), ReasonOK, "connected", false)
}

func TestTCPConnectsFromItsSource(t *testing.T) {
	from := make(chan string, 1)
	target := serve(t, func(c net.Conn) { from <- c.RemoteAddr().String() })
	cfg := TCPConfig{Target: target, Source: netip.MustParseAddr("127.0.0.7")}
	wantResult(t, probeWithin(t, NewTCP(cfg), ample), ReasonOK, "connected", false)
	if got := netip.MustParseAddrPort(<-from).Addr(); got != cfg.Source {
		t.Errorf("connected from %s, want %s", got, cfg.Source)
	}
}

func TestTCPEndsWithAReset(t *testing.T) {
	read := make(chan error, 1)
	target := serve(t, func(c net.Conn) {
		_, err := c.Read(make([]byte, 1))
		read <- err
	})
	probeWithin(t, NewTCP(TCPConfig{Target: target}), ample)
	if err := <-read; asErrno(err) != unix.ECONNRESET {
		t.Errorf("the server read %v, want a reset: a FIN leaves a TIME_WAIT entry for each probe", err)
	}
}

func TestTCPSaysWhyItFailed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		cfg    TCPConfig
		limit  time.Duration
		reason Reason
		detail string
		local  bool
	}{
		{"nobody listens", TCPConfig{Target: closedPort(t)}, ample,
			ReasonRefused, "connection refused", false},
		{"a full backlog swallows it", TCPConfig{Target: fullBacklog(t)}, brief,
			ReasonTimeout, "timeout after 300ms: no answer to connect", false},
		{"source is not ours", TCPConfig{Target: closedPort(t), Source: netip.MustParseAddr("192.0.2.1")}, ample,
			ReasonLocal, "bind to source 192.0.2.1: cannot assign requested address", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantResult(t, probeWithin(t, NewTCP(tt.cfg), tt.limit), tt.reason, tt.detail, tt.local)
		})
	}
}

func TestTCPCalledOffSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	res := NewTCP(TCPConfig{Target: fullBacklog(t)}).Probe(ctx)
	wantResult(t, res, ReasonCanceled, "called off: no answer to connect", true)
}

func TestProbesLeaveNoDescriptorOpen(t *testing.T) {
	ok, refused, stuck := serve(t, silent), closedPort(t), fullBacklog(t)
	mute := serve(t, silent)
	all := func() {
		probeWithin(t, NewTCP(TCPConfig{Target: ok}), ample)
		probeWithin(t, NewTCP(TCPConfig{Target: refused}), ample)
		probeWithin(t, NewTCP(TCPConfig{Target: stuck}), 10*time.Millisecond)
		probeWithin(t, NewHTTP(HTTPConfig{Target: mute}), 10*time.Millisecond)
	}
	all()
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a finalizer must not hide a leak
	before := descriptors(t)
	for range 50 {
		all()
	}
	// The servers' side may still have a few that it has not seen the end of.
	if after := descriptors(t); after > before+25 {
		t.Errorf("200 probes left %d descriptors behind", after-before)
	}
}

// descriptors counts the open ones of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// closedPort returns a loopback address that refuses connections.
func closedPort(t testing.TB) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String())
}

// fullBacklog returns the address of a server that never accepts and whose
// backlog is full: Linux drops further SYN packets.
func fullBacklog(t testing.TB) netip.AddrPort {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	in4 := name.(*unix.SockaddrInet4)
	target := netip.AddrPortFrom(netip.AddrFrom4(in4.Addr), uint16(in4.Port))
	filler, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(target))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { filler.Close() })
	return target
}
