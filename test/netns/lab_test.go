//go:build lab

package netns

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// closed closes the lab when the test ends, and shows its logs if it failed.
func closed(t *testing.T, l *Lab) {
	t.Helper()
	t.Cleanup(func() { must(t, l.Close()) })
}

// direct makes the first director the tutorial's only one, by hand.
func direct(t *testing.T, p *Pair, commands ...string) {
	t.Helper()
	for _, command := range commands {
		_, err := p.Directors[0].Run(t.Context(), strings.Fields(command)...)
		must(t, err)
	}
}

func TestTutorialNATSharesRequestsEvenlyUnderRoundRobin(t *testing.T) {
	must(t, RequireIPVS())
	p, err := NewNATPair(t.TempDir())
	must(t, err)
	closed(t, p.Lab)
	must(t, p.StartWebs(t.Context()))
	must(t, p.Directors[0].Sysctl("net.ipv4.ip_forward", "1"))
	direct(t, p,
		"ip address add 192.168.24.52/24 dev eth0",
		"ip address add 192.168.17.100/24 dev eth1",
		"ipvsadm -A -t 192.168.24.52:80 -s rr",
		"ipvsadm -a -t 192.168.24.52:80 -r 192.168.17.102:80 -m",
		"ipvsadm -a -t 192.168.24.52:80 -r 192.168.17.101:80 -m")
	shareEvenly(t, p)

	table, err := p.Directors[0].IPVS(t.Context())
	must(t, err)
	for i := range table[0].Servers {
		table[0].Servers[i].Active, table[0].Servers[i].Inactive = 0, 0
	}
	want := []VirtualService{{Protocol: "TCP", Address: "192.168.24.52:80", Scheduler: "rr", Servers: []RealServer{
		{Address: "192.168.17.101:80", Forward: "Masq", Weight: 1},
		{Address: "192.168.17.102:80", Forward: "Masq", Weight: 1},
	}}}
	if diff := cmp.Diff(want, table); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	other, err := p.Directors[1].IPVS(t.Context())
	must(t, err)
	if len(other) != 0 {
		t.Errorf("table of the other director is %v, want its own, empty", other)
	}
}

func TestTutorialDRSharesRequestsEvenlyUnderRoundRobin(t *testing.T) {
	must(t, RequireIPVS())
	p, err := NewDRPair(t.TempDir())
	must(t, err)
	closed(t, p.Lab)
	must(t, p.StartWebs(t.Context()))
	direct(t, p,
		"ip address add 192.168.17.205/24 dev eth0",
		"ipvsadm -A -t 192.168.17.205:80 -s rr",
		"ipvsadm -a -t 192.168.17.205:80 -r 192.168.17.102:80 -g",
		"ipvsadm -a -t 192.168.17.205:80 -r 192.168.17.101:80 -g")
	shareEvenly(t, p)

	// The real servers have the VIP on lo: the client must have asked the
	// director, and nobody else, for it.
	got, err := p.Client.Neighbour(p.VIP.Addr())
	must(t, err)
	want, err := p.Directors[0].HardwareAddr("eth0")
	must(t, err)
	if got.String() != want.String() {
		t.Errorf("client's neighbour entry of the VIP is %s, want the director's %s", got, want)
	}
}

// shareEvenly asks the VIP and expects every request answered, and as many by
// one server as by the other.
func shareEvenly(t *testing.T, p *Pair) {
	t.Helper()
	prober := p.Client.ProbeHTTP(HTTPProbe{URL: "http://" + p.VIP.String() + "/", Interval: 25 * time.Millisecond, Timeout: time.Minute})
	must(t, Eventually(t.Context(), "forty requests are answered", func() error {
		if n := prober.Report().Answered(); n < 40 {
			return fmt.Errorf("%s", prober.Report())
		}
		return nil
	}))
	report := prober.Stop()
	t.Log(report)
	by := report.ByServer()
	if d := by["server01"] - by["server03"]; d < -1 || d > 1 || len(by) != 2 {
		t.Errorf("answers by server are %v, want as many of server01 as of server03", by)
	}
	if report.Failed() > 0 {
		t.Errorf("failures are %v, want none", report.Errors())
	}
}

// twoHosts is a client and a server that echoes, on one switch.
func twoHosts(t *testing.T) (client, server *Host) {
	t.Helper()
	l, err := New(t.TempDir())
	must(t, err)
	closed(t, l)
	sw, err := l.AddSwitch("lan")
	must(t, err)
	for _, h := range []struct {
		to         **Host
		name, addr string
	}{{&client, "client", "10.0.0.1/24"}, {&server, "server", "10.0.0.2/24"}} {
		*h.to, err = l.AddHost(h.name, quiet(nil))
		must(t, err)
		must(t, (*h.to).Connect("eth0", sw, h.addr))
	}
	must(t, server.Echo(7))
	return client, server
}

func TestCutIsAnOutageThatTheHostDoesNotSee(t *testing.T) {
	client, server := twoHosts(t)
	prober, err := client.ProbeUDP(netip.MustParseAddrPort("10.0.0.2:7"), time.Millisecond)
	must(t, err)
	answered := func(n int) {
		t.Helper()
		must(t, Eventually(t.Context(), "datagrams are answered", func() error {
			if r := prober.Report(); len(r.Datagrams)-r.Lost() < n {
				return fmt.Errorf("%s", r)
			}
			return nil
		}))
	}
	answered(50)
	must(t, server.Cut("eth0"))
	cutAt := time.Now()
	must(t, Eventually(t.Context(), "300 datagrams are sent into the dark", func() error {
		if n := len(prober.Report().Since(cutAt).Datagrams); n < 300 {
			return fmt.Errorf("%d", n)
		}
		return nil
	}))
	link, err := server.nl.LinkByName("eth0")
	must(t, err)
	if link.Attrs().RawFlags&unix.IFF_LOWER_UP == 0 {
		t.Error("the cut host's link lost its carrier, want it to notice nothing")
	}
	if r := prober.Report().Since(cutAt); r.Lost() != len(r.Datagrams) {
		t.Errorf("%d of %d datagrams passed the cut, want none", len(r.Datagrams)-r.Lost(), len(r.Datagrams))
	}
	healedAt := time.Now()
	must(t, server.Heal("eth0"))
	must(t, Eventually(t.Context(), "datagrams pass again", func() error {
		if r := prober.Report().Since(healedAt); r.Lost() == len(r.Datagrams) {
			return errors.New("none does")
		}
		return nil
	}))
	report := prober.Stop()
	t.Log(report)
	gap, begin := report.LongestGap()
	// Answers that were on their way are received a little after the cut.
	if cut := healedAt.Sub(cutAt); begin.After(healedAt) || begin.Add(gap).Before(healedAt) || gap < cut/2 {
		t.Errorf("longest gap is %s from %s on, want it to be the cut of %s from %s on", gap, begin, cut, cutAt)
	}
}

func TestCarrierLossIsSeenByTheHost(t *testing.T) {
	_, server := twoHosts(t)
	lowerUp := func(want bool) {
		t.Helper()
		must(t, Eventually(t.Context(), fmt.Sprintf("carrier is %t", want), func() error {
			link, err := server.nl.LinkByName("eth0")
			if err == nil && (link.Attrs().RawFlags&unix.IFF_LOWER_UP != 0) != want {
				err = fmt.Errorf("it is %t", !want)
			}
			return err
		}))
	}
	lowerUp(true)
	must(t, server.Carrier("eth0", false))
	lowerUp(false)
	must(t, server.Carrier("eth0", true))
	lowerUp(true)
}

func TestOwnerWatchSeesVoidOverlapAndExpiry(t *testing.T) {
	client, server := twoHosts(t)
	vip := netip.MustParseAddr("10.0.0.100")
	watch, err := WatchOwner(vip, client, server)
	must(t, err)
	run := func(h *Host, command string) {
		t.Helper()
		_, err := h.Run(t.Context(), strings.Fields(command)...)
		must(t, err)
	}
	run(client, "ip address add 10.0.0.100/24 dev eth0")
	run(server, "ip address add 10.0.0.100/24 dev eth0 valid_lft 3 preferred_lft 3")
	run(client, "ip address del 10.0.0.100/24 dev eth0")
	left, err := server.Addresses("eth0")
	must(t, err)
	if i := len(left) - 1; left[i].Prefix.Addr().Is4() && left[i].Left > 3*time.Second {
		t.Errorf("addresses are %v, want the last to end in 3 s", left)
	}
	must(t, Eventually(t.Context(), "the kernel takes the leased address away", func() error {
		if owners := watch.Timeline().Owners(); len(owners) > 0 {
			return fmt.Errorf("%v have it", owners)
		}
		return nil
	}))
	timeline := watch.Stop()
	t.Log(timeline)
	var got [][]string
	for _, s := range timeline.Spans() {
		got = append(got, s.Owners)
	}
	want := [][]string{nil, {"client"}, {"client", "server"}, {"server"}, nil}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
}

func TestHostsHaveTheirOwnRunFolderAndName(t *testing.T) {
	client, server := twoHosts(t)
	_, err := client.Run(t.Context(), "sh", "-c", "mkdir /run/lbha && hostname > /run/lbha/mine")
	must(t, err)
	got, err := client.Run(t.Context(), "cat", "/run/lbha/mine")
	must(t, err)
	if got != "client\n" {
		t.Errorf("the client's host name is %q, want its own", got)
	}
	if _, err := server.Run(t.Context(), "cat", "/run/lbha/mine"); err == nil {
		t.Error("the server sees the client's /run, want its own")
	}
}

func TestStopKillsWhatDoesNotEnd(t *testing.T) {
	client, _ := twoHosts(t)
	p, err := client.Start("stubborn", "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done")
	must(t, err)
	must(t, Eventually(t.Context(), "it is ready", func() error {
		if !strings.Contains(p.Log(), "ready") {
			return fmt.Errorf("log is %q", p.Log())
		}
		return nil
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := p.Stop(ctx); err == nil {
		t.Error("Stop of a process that ignores SIGTERM returned nil, want an error")
	}
	<-p.Done()
}

func TestCloseLeavesNoNamespace(t *testing.T) {
	l, err := New(t.TempDir())
	must(t, err)
	_, err = l.AddHost("one", nil)
	must(t, err)
	_, err = l.AddSwitch("two")
	must(t, err)
	must(t, l.Close())
	must(t, l.Close())
	for _, path := range []string{netFolder + "/one", netFolder + "/two", hostFolder + "/one"} {
		if err := unix.Lstat(path, new(unix.Stat_t)); !errors.Is(err, unix.ENOENT) {
			t.Errorf("%s: %v, want it gone", path, err)
		}
	}
}
