package health

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

func benchProbe(b *testing.B, p Prober) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		if res := p.Probe(ctx); !res.OK {
			b.Fatalf("probe failed: %s", res.Detail)
		}
		cancel()
	}
}

func BenchmarkTCPProbe(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	target := netip.MustParseAddrPort(l.Addr().String())
	b.Run("lbha", func(b *testing.B) { benchProbe(b, NewTCP(TCPConfig{Target: target})) })
	b.Run("dialer", func(b *testing.B) { benchProbe(b, dialerProber{target}) })
}

type dialerProber struct{ target netip.AddrPort }

func (p dialerProber) Probe(ctx context.Context) Result {
	d := net.Dialer{KeepAlive: -1}
	c, err := d.DialTCP(ctx, "tcp", netip.AddrPort{}, p.target)
	if err != nil {
		return bad(ReasonRefused, err.Error())
	}
	c.SetLinger(0)
	c.Close()
	return good("connected")
}

func BenchmarkHTTPProbe(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok\n") }))
	defer s.Close()
	target := netip.MustParseAddrPort(s.Listener.Addr().String())
	b.Run("lbha", func(b *testing.B) { benchProbe(b, NewHTTP(HTTPConfig{Target: target})) })
	b.Run("transport", func(b *testing.B) { benchProbe(b, transportProber{"http://" + target.String() + "/"}) })
}

type transportProber struct{ url string }

func (p transportProber) Probe(ctx context.Context) Result {
	t := &http.Transport{DisableKeepAlives: true}
	req, _ := http.NewRequestWithContext(ctx, "GET", p.url, nil)
	resp, err := t.RoundTrip(req)
	if err != nil {
		return bad(ReasonRefused, err.Error())
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return good("ok")
}
