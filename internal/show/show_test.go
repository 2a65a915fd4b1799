package show

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/director"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func status() director.Status {
	return director.Status{
		Version: "1.0.0", Director: "server04", Started: noon.Add(-75 * time.Minute), Now: noon,
		Config:   director.FileInfo{Hash: "0123456789abcdef"},
		Problems: []string{"address 192.0.2.1/24 dev eth0: somebody else set it"},
		Routers: []director.RouterStatus{{
			Name: "frontend", VRID: 51, Interface: "eth0", State: "backup", Since: noon.Add(-90 * time.Second), Reason: "higher_priority",
			Priority: 100, Interval: 0.3, Preempt: "on",
			Active:   &director.PeerStatus{Address: "192.168.24.3", Priority: 150, Interval: 0.3, Checksum: "rfc9568"},
			Adverts:  director.AdvertStatus{Sent: 3, Received: 400, Dropped: map[string]uint64{"ttl": 2, "checksum": 1}, SendError: "network is down"},
			Lateness: director.LatenessStatus{Count: 3, Max: 0.0025},
			VIPs: []director.AddressStatus{
				{Address: "192.168.24.52/24", Interface: "eth0", Present: true, Lease: 2, Announced: 10},
				{Address: "192.168.17.100/24", Interface: "eth1", Error: "interface eth1 is missing"},
			},
		}},
		Services: []director.ServiceStatus{{
			Name: "web", Address: "192.168.24.52:80", Protocol: "tcp", Scheduler: "rr", Forwarding: "nat", InKernel: true, Healthy: 1,
			Servers: []director.ServerStatus{
				{Name: "server01", Address: "192.168.17.102:80", Verdict: "up", Reason: "http: status 200", Since: noon.Add(-3 * time.Hour), InKernel: true, Weight: 1, Active: 7, Inactive: 12},
				{Name: "server03", Address: "192.168.17.101:80", Verdict: "down", Reason: "http: status 503, want 200-299, and a long story after it", Since: noon.Add(-49 * time.Hour)},
			},
		}},
	}
}

const want = `server04  lbha 1.0.0, up 1h15m, configuration 0123456789ab
problem: address 192.0.2.1/24 dev eth0: somebody else set it

vrrp frontend  BACKUP since 1m30s, higher priority
  vrid 51 on eth0, priority 100, adverts every 300ms, preempt on
  heard 192.168.24.3 as Active, priority 150, adverts every 300ms, checksum rfc9568
  adverts: 3 sent, 400 received, 1 dropped (checksum), 2 dropped (ttl), latest 2.5ms late, cannot send: network is down
  192.168.24.52/24   eth0  here      leased for 2s at a time, announced 10 times
  192.168.17.100/24  eth1  not here  interface eth1 is missing

service web  tcp 192.168.24.52:80, rr, nat, 1 of 2 up
  server    address            verdict  since  weight  act  inact  why
  server01  192.168.17.102:80  up       3h00m  1       7    12     http: status 200
  server03  192.168.17.101:80  down     2d01h  -       -    -      http: status 503, want 200-299, a…
`

func TestStatusIsAlignedText(t *testing.T) {
	var b strings.Builder
	if err := Status(&b, status(), Options{}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// strip takes the colours out.
func strip(text string) string {
	for {
		before, rest, found := strings.Cut(text, "\x1b[")
		if !found {
			return text
		}
		_, after, _ := strings.Cut(rest, "m")
		text = before + after
	}
}

func TestColourChangesNothingButColour(t *testing.T) {
	var b strings.Builder
	if err := Status(&b, status(), Options{Color: true}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "\x1b[31mdown\x1b[0m") {
		t.Error("a server that is down is not red")
	}
	if d := cmp.Diff(want, strip(b.String())); d != "" {
		t.Errorf("without colours (-want +got):\n%s", d)
	}
}

func TestFaultIsTheReason(t *testing.T) {
	s := status()
	s.Routers[0].State, s.Routers[0].Fault = "fault", "interface eth1 is missing"
	var b strings.Builder
	if err := Status(&b, s, Options{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "FAULT since 1m30s, interface eth1 is missing\n") {
		t.Error(b.String())
	}
}

func TestProbesSayWhoseFaultItIs(t *testing.T) {
	var b strings.Builder
	if err := Probes(&b, []director.Probe{
		{Service: "web", Server: "server01", Address: "192.168.17.102:80", Check: "http", OK: true, Detail: "status 200", Seconds: 0.0012},
		{Service: "web", Server: "server03", Address: "192.168.17.101:80", Check: "http", Detail: "connection refused", Seconds: 0.00004},
		{Service: "web", Server: "server05", Address: "192.168.17.105:80", Check: "http", Local: true, Detail: "no route", Seconds: 1.5},
	}, Options{}); err != nil {
		t.Fatal(err)
	}
	const want = `service  server    address            check  result  took   why
web      server01  192.168.17.102:80  http   pass    1.2ms  status 200
web      server03  192.168.17.101:80  http   fail    40µs   connection refused
web      server05  192.168.17.105:80  http   error   1.50s  no route
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestClipKeepsTheWidth(t *testing.T) {
	if got := clip("äöüäöü", 4); utf8.RuneCountInString(got) != 4 || got != "äöü…" {
		t.Errorf("%q", got)
	}
}
