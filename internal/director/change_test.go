package director

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lbha/lbha/internal/owned"
	"github.com/lbha/lbha/internal/vip"
)

func (m *machine) promotes(link string) string {
	b, err := os.ReadFile(filepath.Join(m.dir, "net/ipv4/conf", link, "promote_secondaries"))
	m.must(err)
	return strings.TrimSpace(string(b))
}

func TestSettingsFollowAnInterfaceThatComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.machine("a", "192.0.2.1")
		a.vip.RemoveLink("eth1")
		l := a.start(pair)
		after(time.Second)
		if a.promotes("eth0") != "1" || a.promotes("eth1") != "0" {
			t.Errorf("promote_secondaries: eth0 %s, eth1 %s", a.promotes("eth0"), a.promotes("eth1"))
		}
		a.vip.AddLink("eth1")
		after(time.Second)
		if a.promotes("eth1") != "1" {
			t.Error("the setting of the late interface is missing")
		}
		l.end(t)
		if a.promotes("eth0") != "0" || a.promotes("eth1") != "0" {
			t.Error("a setting was not put back")
		}
	})
}

func TestSettingsOfAnEarlierLifeStandThroughTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.machine("a", "192.0.2.1")
		ledger, err := owned.Open(filepath.Join(a.dir, "owned.json"))
		a.must(err)
		a.must(ledger.ClaimSysctl("net.ipv4.conf.eth0.promote_secondaries", "0", "1"))
		a.must(os.WriteFile(filepath.Join(a.dir, "net/ipv4/conf/eth0/promote_secondaries"), []byte("1\n"), 0o644))
		l := a.start(pair)
		after(time.Second)
		if a.promotes("eth0") != "1" || strings.Contains(l.log.String(), "put back") {
			t.Errorf("promote_secondaries of eth0 is %s, want 1 all the time\n%s", a.promotes("eth0"), l.log)
		}
		l.end(t)
		if a.promotes("eth0") != "0" {
			t.Error("the original of the earlier life was not put back in the end")
		}
	})
}

func TestSettingThatSomebodyChangesIsPutRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.machine("a", "192.0.2.1")
		l := a.start(pair + web)
		after(time.Second)
		a.must(os.WriteFile(filepath.Join(a.dir, "net/ipv4/ip_forward"), []byte("0\n"), 0o644))
		after(11 * time.Second)
		if a.forwards() != "1" {
			t.Error("ip_forward stayed 0")
		}
		l.end(t)
	})
}

func TestLinkMadeAnewIsAnnouncedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.machine("a", "192.0.2.1")
		l := a.start(pair)
		after(15 * time.Second) // all announcements but the slow refresh are over
		wantState(t, "before", l, "active")
		a.vip.RemoveLink("eth1")
		a.vip.AddLink("eth1")
		before := a.announce.count()
		after(6 * time.Second)
		wantState(t, "after", l, "active")
		if !a.has(inner) || a.announce.count() == before {
			t.Errorf("address %v, %d frames", a.has(inner), a.announce.count()-before)
		}
		l.end(t)
	})
}

func TestNothingIsAnnouncedOnceStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.machine("a", "192.0.2.1")
		l := a.start(pair)
		after(15 * time.Second) // all announcements but the slow refresh are over
		before := a.announce.count()
		a.vip.Change(func() {
			a.vip.Fail = func(vip.Op) error {
				l.announce() // an event of a link, while the addresses are being taken off
				return nil
			}
		})
		l.end(t)
		if n := a.announce.count() - before; n != 0 {
			t.Errorf("%d frames after priority 0", n)
		}
	})
}

func TestQuiescedServerStaysWithWeightZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.servers.set("one", true)
		w.servers.set("two", true)
		a := w.machine("a", "192.0.2.1")
		l := a.start(pair + strings.Replace(web, `scheduler = "rr"`, "scheduler = \"rr\"\non_failure = \"quiesce\"", 1))
		after(2 * time.Second)
		w.servers.set("two", false)
		after(3 * time.Second)
		a.wantTable("after two failed", strings.Replace(bothUp, "12:80 -m -w 1", "12:80 -m -w 0", 1))
		l.end(t)
	})
}

func TestFileWithoutDirectorsRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.machine("a", "192.0.2.1")
		_, routers, _ := strings.Cut(pair, "vrrp ")
		l := a.start("vrrp " + routers)
		after(5 * time.Second)
		wantState(t, "alone", l, "active")
		if name := l.Status().Director; name != "" {
			t.Errorf("director %q", name)
		}
		l.end(t)
	})
}
