package health

import (
	"context"
	"net/netip"
)

// TCPConfig is a check that passes when the server accepts a connection.
type TCPConfig struct {
	Target netip.AddrPort // the server; required
	Source netip.Addr     // own address to connect from; zero: the kernel's choice
}

type tcpProber struct{ cfg TCPConfig }

// NewTCP returns a prober that connects and, connected, closes with a reset.
// Nothing is sent or read: a server that accepts and then says nothing passes.
func NewTCP(cfg TCPConfig) Prober { return &tcpProber{cfg} }

func (p *tcpProber) Probe(ctx context.Context) Result {
	c, res := dial(ctx, p.cfg.Target, p.cfg.Source)
	if c == nil {
		return res
	}
	c.close()
	return good("connected")
}
