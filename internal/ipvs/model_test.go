package ipvs

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestServiceKeyTextIsReadBack(t *testing.T) {
	for _, key := range []ServiceKey{
		{Protocol: TCP, Addr: netip.MustParseAddrPort("192.0.2.1:80")},
		{Protocol: UDP, Addr: netip.MustParseAddrPort("[2001:db8::1]:0")},
		{Protocol: SCTP, Addr: netip.MustParseAddrPort("192.0.2.1:99")},
		{FWMark: 1<<32 - 1, Family: IPv4},
		{FWMark: 1, Family: IPv6},
	} {
		if got, err := ParseServiceKey(key.String()); err != nil || got != key {
			t.Errorf("%s: %v, %v", key, got, err)
		}
	}
	for _, text := range []string{"", "tcp", "tcp 192.0.2.1", "icmp 192.0.2.1:80", "tcp 192.0.2.1:80 x", "fwmark 0 ipv4",
		"fwmark 1", "fwmark 1 ipv5", "fwmark -1 ipv4", "tcp [fe80::1%eth0]:80", "tcp [::ffff:192.0.2.1]:80"} {
		if got, err := ParseServiceKey(text); err == nil || !strings.Contains(err.Error(), `"`+text+`"`) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for n, want := range map[int]time.Duration{1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 6: 3200 * time.Millisecond, 7: 5 * time.Second, 1000: 5 * time.Second} {
		if got := retryAfter(n); got != want {
			t.Errorf("after failure %d: %s, want %s", n, got, want)
		}
	}
}

func TestBoundedEndsACallThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan struct{})
		start := time.Now()
		err := bounded(patience, func() { close(closed) }, func() error { <-closed; return errors.New("use of closed file") })
		if err != ErrTimeout || time.Since(start) != patience {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		fine := errors.New("what it says")
		err = bounded(patience, func() { t.Error("aborted") }, func() error { return fine })
		time.Sleep(2 * patience)
		if err != fine {
			t.Errorf("%v", err)
		}
	})
}

func TestMissingEngineIsNamedBesideTheScheduler(t *testing.T) {
	want := "the kernel lacks scheduler rr (module ip_vs_rr) or persistence engine sip (module ip_vs_pe_sip)"
	if got := (ErrScheduler{Name: "rr", Engine: "sip"}).Error(); got != want {
		t.Errorf("got %q", got)
	}
}

func TestCheck(t *testing.T) {
	key := func(text string) ServiceKey {
		k, err := ParseServiceKey(text)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	web, web6 := key("tcp 192.0.2.1:80"), key("tcp [2001:db8::1]:80")
	dest := netip.MustParseAddrPort("198.51.100.1:80")
	service := func(k ServiceKey, s ServiceSpec) Op { return Op{Kind: AddService, Key: k, Spec: s} }
	server := func(s DestSpec) Op { return Op{Kind: AddDest, Key: web, Dest: dest, DestSpec: s} }
	tunnel := func(e Encap) Op { return server(DestSpec{Forwarding: Tunnel, Encap: e}) }
	for _, c := range []struct {
		op   Op
		want string // "" is fine
	}{
		{service(web, ServiceSpec{Scheduler: "rr"}), ""},
		{service(web, ServiceSpec{}), `"" is no name of a scheduler`},
		{service(web, ServiceSpec{Scheduler: "sixteen-letters-"}), "is no name of a scheduler"},
		{service(web, ServiceSpec{Scheduler: "r r"}), "is no name of a scheduler"},
		{service(web, ServiceSpec{Scheduler: "rr", Engine: "s\x00"}), "is no name of a persistence engine"},
		{service(web, ServiceSpec{Scheduler: "rr", Flags: 2}), "flags 0x2 are not known"},
		{service(web, ServiceSpec{Scheduler: "rr", Timeout: 1500 * time.Millisecond}), "whole seconds"},
		{service(web, ServiceSpec{Scheduler: "rr", Timeout: MaxTimeout + time.Second}), "0 to 31 days"},
		{service(web, ServiceSpec{Scheduler: "rr", Timeout: -time.Second}), "0 to 31 days"},
		{service(web, ServiceSpec{Scheduler: "rr", Netmask: 33}), "netmask 33 is not 1 to 32 bits"},
		{service(web6, ServiceSpec{Scheduler: "rr", Netmask: 128}), ""},
		{service(web6, ServiceSpec{Scheduler: "rr", Netmask: NetmaskOther}), "netmask 255 is not 1 to 128 bits"},
		{service(ServiceKey{Protocol: TCP}, ServiceSpec{Scheduler: "rr"}), "it has no address"},
		{service(ServiceKey{Protocol: 1, Addr: dest}, ServiceSpec{Scheduler: "rr"}), "protocol(1) is not tcp, udp or sctp"},
		{service(ServiceKey{Protocol: TCP, Addr: dest, Family: IPv4}, ServiceSpec{Scheduler: "rr"}), "is that of the address"},
		{service(ServiceKey{FWMark: 1}, ServiceSpec{Scheduler: "rr"}), "needs a family"},
		{service(ServiceKey{FWMark: 1, Family: IPv4, Protocol: TCP}, ServiceSpec{Scheduler: "rr"}), "either a firewall mark or an address"},
		{server(DestSpec{Weight: MaxWeight, Upper: 1, Lower: 1}), ""},
		{server(DestSpec{Forwarding: LocalNode}), "local is the kernel's own way"},
		{server(DestSpec{Forwarding: 7}), "forwarding(7) is the kernel's own way"},
		{server(DestSpec{Forwarding: Direct, Encap: Encap{Type: GRE}}), "route forwarding has no tunnel"},
		{tunnel(Encap{}), ""},
		{tunnel(Encap{Type: GRE, Flags: EncapChecksum}), ""},
		{tunnel(Encap{Type: GRE, Port: 1}), "gre has no port"},
		{tunnel(Encap{Type: IPIP, Flags: EncapChecksum}), "ipip with flags 0x1"},
		{tunnel(Encap{Type: GUE, Port: 1, Flags: 4}), "gue with flags 0x4"},
		{tunnel(Encap{Type: 3}), "encap(3) is not ipip, gue or gre"},
		{Op{Kind: AddDest, Key: web6, Dest: dest}, "ipv4 server in an ipv6 service"},
		{Op{Kind: DeleteDest, Key: web6, Dest: dest}, ""}, // what others left goes
		{Op{Kind: DeleteDest, Key: web}, "is no server"},
		{Op{Kind: NumOpKinds, Key: web}, "unknown kind"},
	} {
		err := c.op.Check()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.op, err)
		case c.want != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.op, err, c.want)
		}
	}
}
