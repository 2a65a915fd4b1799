package director

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/ipvs"
	"github.com/lbha/lbha/internal/vip"
	"github.com/lbha/lbha/internal/vip/viptest"
)

const pair = `
director "a" {
  address  = "192.0.2.1"
  priority = 150
}
director "b" {
  address  = "192.0.2.2"
  priority = 100
}
vrrp "front" {
  virtual_router_id = 7
  interface         = "eth0"
  virtual_address "192.0.2.100/24" {}
  virtual_address "10.0.0.1/24" { interface = "eth1" }
}
`

const web = `
virtual_server "web" {
  address   = "192.0.2.100:80"
  scheduler = "rr"
  check "tcp" {
    interval      = "1s"
    timeout       = "500ms"
    rise          = 2
    fall          = 2
  }
  real_server "one" { address = "10.0.0.11:80" }
  real_server "two" { address = "10.0.0.12:80" }
}
`

var (
	front = viptest.At("192.0.2.100/24", "eth0")
	inner = viptest.At("10.0.0.1/24", "eth1")
)

const bothUp = `-A -t 192.0.2.100:80 -s rr
-a -t 192.0.2.100:80 -r 10.0.0.11:80 -m -w 1
-a -t 192.0.2.100:80 -r 10.0.0.12:80 -m -w 1
`

func (m *machine) has(a vip.Address) bool {
	m.w.t.Helper()
	have, err := m.vip.List()
	m.must(err)
	_, ok := have[a]
	return ok
}

func (m *machine) wantTable(when, want string) {
	m.w.t.Helper()
	if d := cmp.Diff(want, m.ipvs.String()); d != "" {
		m.w.t.Errorf("%s, table of %s (-want +got):\n%s", when, m.name, d)
	}
}

// after lets virtual time pass.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (l *life) state() string { return l.Status().Routers[0].State }

func wantState(t *testing.T, when string, l *life, want string) {
	t.Helper()
	if got := l.state(); got != want {
		t.Errorf("%s: %s, want %s\n%s", when, got, want, l.log)
	}
}

func TestPairElectsOneAndBothTablesAreWarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.servers.set("one", true)
		w.servers.set("two", true)
		a, b := w.machine("a", "192.0.2.1"), w.machine("b", "192.0.2.2")
		la, lb := a.start(pair+web), b.start(pair+web)
		after(5 * time.Second)

		wantState(t, "after the start", la, "active")
		wantState(t, "after the start", lb, "backup")
		if !a.has(front) || !a.has(inner) || b.has(front) || b.has(inner) {
			t.Errorf("addresses: a %v %v, b %v %v", a.has(front), a.has(inner), b.has(front), b.has(inner))
		}
		a.wantTable("after the start", bothUp)
		b.wantTable("after the start", bothUp)
		if a.announce.count() == 0 || b.announce.count() != 0 {
			t.Errorf("announced: a %d, b %d frames", a.announce.count(), b.announce.count())
		}
		if a.forwards() != "1" || b.forwards() != "1" {
			t.Errorf("ip_forward: a %s, b %s, want 1", a.forwards(), b.forwards())
		}
		la.end(t)
		lb.end(t)
	})
}

func TestStopSaysPriorityZeroBeforeItTakesTheAddressesOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.machine("a", "192.0.2.1")
		l := a.start(pair)
		after(5 * time.Second)
		wantState(t, "alone", l, "active")
		a.vip.Change(func() {
			a.vip.Fail = func(op vip.Op) error { w.order.add("a does %s", op); return nil }
		})
		l.end(t)

		zero := slices.Index(w.order.lines, "a sends priority 0")
		gone := slices.IndexFunc(w.order.lines, func(s string) bool { return strings.Contains(s, "192.0.2.100") })
		if zero < 0 || gone < zero {
			t.Errorf("order:\n%s", strings.Join(w.order.lines, "\n"))
		}
		if a.has(front) || a.has(inner) {
			t.Error("an address stayed behind")
		}
	})
}

func TestOnStopDecidesAboutTheTable(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{`on_stop = "keep"`, bothUp},
		{`on_stop = "remove"`, ""},
	} {
		t.Run(tc.text, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.servers.set("one", true)
				w.servers.set("two", true)
				a := w.machine("a", "192.0.2.1")
				l := a.start(tc.text + pair + web)
				after(5 * time.Second)
				l.end(t)
				a.wantTable("after the stop", tc.want)
				if a.forwards() != "0" {
					t.Error("ip_forward was not put back")
				}
			})
		})
	}
}

func TestServerIsAdmittedByItsFirstGoodVerdictOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.servers.set("one", true) // two does not answer
		a := w.machine("a", "192.0.2.1")
		l := a.start(pair + web)
		after(100 * time.Millisecond)
		one := "-A -t 192.0.2.100:80 -s rr\n-a -t 192.0.2.100:80 -r 10.0.0.11:80 -m -w 1\n"
		a.wantTable("before two has answered", one)
		after(3 * time.Second)
		a.wantTable("while two is silent", one)
		w.servers.set("two", true)
		after(3 * time.Second)
		a.wantTable("after two came back", bothUp)
		w.servers.set("one", false)
		after(3 * time.Second)
		a.wantTable("after one failed", "-A -t 192.0.2.100:80 -s rr\n-a -t 192.0.2.100:80 -r 10.0.0.12:80 -m -w 1\n")
		l.end(t)
	})
}

func TestNobodyPreemptsBeforeEveryCheckHasSpoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.servers.set("one", true)
		w.servers.set("two", true)
		slow := strings.NewReplacer(`interval      = "1s"`, `interval = "20s"`, `timeout       = "500ms"`, `timeout = "10s"`).Replace(web)
		b := w.machine("b", "192.0.2.2")
		lb := b.start(pair + slow)
		after(5 * time.Second)
		wantState(t, "b alone", lb, "active")

		w.servers.mu.Lock()
		delete(w.servers.answers, "two") // its first verdict takes the whole timeout
		w.servers.mu.Unlock()
		a := w.machine("a", "192.0.2.1")
		la := a.start(pair + slow)
		after(9 * time.Second)
		wantState(t, "while a check is silent, a", la, "backup")
		wantState(t, "while a check is silent, b", lb, "active")
		after(6 * time.Second)
		wantState(t, "after the last verdict, a", la, "active")
		wantState(t, "after the last verdict, b", lb, "backup")
		la.end(t)
		lb.end(t)
	})
}

func TestOtherOwnersAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.servers.set("one", true)
		w.servers.set("two", true)
		a := w.machine("a", "192.0.2.1")
		foreign := ipvs.ServiceKey{Protocol: ipvs.TCP, Addr: netip.MustParseAddrPort("198.51.100.1:443")}
		a.ipvs.Edit(func(table ipvs.Table) { table[foreign] = ipvs.Service{Spec: ipvs.ServiceSpec{Scheduler: "wlc"}} })
		before := a.ipvs.String()
		a.must(a.vip.AdminAdd("198.51.100.7/24", "eth1", 0))
		l := a.start("on_stop = \"remove\"\n" + pair + web)
		after(5 * time.Second)
		a.wantTable("while running", bothUp+before)
		l.end(t)
		a.wantTable("after the stop", before)
		if !a.has(viptest.At("198.51.100.7/24", "eth1")) {
			t.Error("another owner's address was removed")
		}
	})
}

func TestMissingInterfaceIsAFaultUntilItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.machine("a", "192.0.2.1")
		a.vip.RemoveLink("eth1")
		l := a.start(pair)
		after(10 * time.Second)
		wantState(t, "without eth1", l, "fault")
		if f := l.Status().Routers[0].Fault; f != "interface eth1 is missing" {
			t.Errorf("fault %q", f)
		}
		if a.has(front) {
			t.Error("a router in fault has an address")
		}
		a.vip.AddLink("eth1")
		after(5 * time.Second)
		wantState(t, "with eth1", l, "active")
		if !a.has(front) || !a.has(inner) {
			t.Error("an address is missing")
		}
		l.end(t)
	})
}

func TestHealedActiveAnnouncesAgainBecauseItsRivalHadTheNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.machine("a", "192.0.2.1"), w.machine("b", "192.0.2.2")
		la, lb := a.start(pair), b.start(pair)
		after(5 * time.Second)
		w.wire.setCut(true)
		after(10 * time.Second) // both are Active, and all announcements but the slow refresh are over
		wantState(t, "cut", la, "active")
		wantState(t, "cut", lb, "active")
		before := a.announce.count()
		w.wire.setCut(false)
		after(1100 * time.Millisecond)
		wantState(t, "healed", la, "active")
		wantState(t, "healed", lb, "backup")
		if a.announce.count() == before {
			t.Error("the neighbours were left with the rival's hardware address")
		}
		la.end(t)
		lb.end(t)
	})
}

func TestStatusHasNoNulls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.machine("a", "192.0.2.1")
		l := a.start(pair + web)
		s := l.Status()
		if s.Routers == nil || s.Services == nil || s.Sysctls == nil || s.Problems == nil || s.Services[0].Servers == nil {
			t.Errorf("%+v", s)
		}
		if got := s.Services[0].Servers[0].Reason; got != "tcp: not probed yet" {
			t.Errorf("reason %q", got)
		}
		l.end(t)
	})
}
