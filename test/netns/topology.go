package netns

import (
	"context"
	"net/netip"
)

// Pair is one of the tutorial's networks with two directors instead of one.
type Pair struct {
	*Lab
	Client    *Host
	Directors [2]*Host // server04, server05
	Servers   [2]*Host // server01, server03

	// VIP is the service's address; FrontLink the directors' link it belongs on.
	VIP       netip.AddrPort
	FrontLink string
	Web       [2]*Process // of Servers, after StartWebs
}

// Addresses of the tutorial.
const (
	natVIP       = "192.168.24.52:80"
	drVIP        = "192.168.17.205:80"
	innerGateway = "192.168.17.100" // floats with the VIP in the NAT network
)

// quiet is set on every host: a reverse path filter would drop what a director
// forwards, and the wait for duplicate IPv6 addresses is only a wait.
func quiet(more map[string]string) map[string]string {
	out := map[string]string{
		"net.ipv4.conf.all.rp_filter":         "0",
		"net.ipv4.conf.default.rp_filter":     "0",
		"net.ipv6.conf.default.dad_transmits": "0",
	}
	for key, value := range more {
		out[key] = value
	}
	return out
}

// plug is a host's link in a plan.
type plug struct {
	host, link string
	sw         *Switch
	addr       string
}

// NewNATPair makes the network of section 1: client and directors' eth0 on an
// outer switch (192.168.24.0/24), directors' eth1 and real servers on an inner
// one (192.168.17.0/24). The real servers' gateway is 192.168.17.100, which is
// nobody's until a director takes it. Forwarding is left to the director.
func NewNATPair(dir string) (*Pair, error) {
	p, err := newPair(dir, natVIP, nil)
	if err != nil {
		return nil, err
	}
	outer, err := p.AddSwitch("outer")
	if err != nil {
		return p.failed(err)
	}
	inner, err := p.AddSwitch("inner")
	if err != nil {
		return p.failed(err)
	}
	if err := p.plugAll([]plug{
		{"client", "eth0", outer, "192.168.24.10/24"},
		{"server04", "eth0", outer, "192.168.24.3/24"},
		{"server05", "eth0", outer, "192.168.24.4/24"},
		{"server04", "eth1", inner, "192.168.17.103/24"},
		{"server05", "eth1", inner, "192.168.17.104/24"},
		{"server01", "eth0", inner, "192.168.17.102/24"},
		{"server03", "eth0", inner, "192.168.17.101/24"},
	}); err != nil {
		return p.failed(err)
	}
	for _, h := range p.Servers {
		if err := h.DefaultRoute(netip.MustParseAddr(innerGateway)); err != nil {
			return p.failed(err)
		}
	}
	return p, nil
}

// NewDRPair makes the network of section 2: everybody on one switch
// (192.168.17.0/24), the VIP 192.168.17.205 on lo of the real servers, who do
// not answer ARP for it.
func NewDRPair(dir string) (*Pair, error) {
	p, err := newPair(dir, drVIP, map[string]string{
		"net.ipv4.conf.all.arp_ignore":   "1",
		"net.ipv4.conf.all.arp_announce": "2",
	})
	if err != nil {
		return nil, err
	}
	lan, err := p.AddSwitch("lan")
	if err != nil {
		return p.failed(err)
	}
	if err := p.plugAll([]plug{
		{"client", "eth0", lan, "192.168.17.10/24"},
		{"server04", "eth0", lan, "192.168.17.103/24"},
		{"server05", "eth0", lan, "192.168.17.104/24"},
		{"server01", "eth0", lan, "192.168.17.102/24"},
		{"server03", "eth0", lan, "192.168.17.101/24"},
	}); err != nil {
		return p.failed(err)
	}
	for _, h := range p.Servers {
		if err := h.AddAddress("lo", p.VIP.Addr().String()+"/32"); err != nil {
			return p.failed(err)
		}
	}
	return p, nil
}

// newPair makes the hosts, without links.
func newPair(dir, vip string, serverSysctls map[string]string) (*Pair, error) {
	l, err := New(dir)
	if err != nil {
		return nil, err
	}
	p := &Pair{Lab: l, VIP: netip.MustParseAddrPort(vip), FrontLink: "eth0"}
	for _, plan := range []struct {
		to      **Host
		name    string
		sysctls map[string]string
	}{
		{&p.Client, "client", nil},
		{&p.Directors[0], "server04", nil},
		{&p.Directors[1], "server05", nil},
		{&p.Servers[0], "server01", serverSysctls},
		{&p.Servers[1], "server03", serverSysctls},
	} {
		if *plan.to, err = l.AddHost(plan.name, quiet(plan.sysctls)); err != nil {
			l.Close()
			return nil, err
		}
	}
	return p, nil
}

func (p *Pair) plugAll(plugs []plug) error {
	for _, c := range plugs {
		if err := p.Host(c.host).Connect(c.link, c.sw, c.addr); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pair) failed(err error) (*Pair, error) {
	p.Close()
	return nil, err
}

// StartWebs starts a web server on port 80 of both real servers and waits until
// they answer.
func (p *Pair) StartWebs(ctx context.Context) error {
	for i, h := range p.Servers {
		web, err := h.StartWeb(80)
		if err != nil {
			return err
		}
		p.Web[i] = web
		if err := Eventually(ctx, h.Name+"'s web server answers", func() error {
			conn, err := h.Dial(ctx, "127.0.0.1:80")
			if err == nil {
				conn.Close()
			}
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}
