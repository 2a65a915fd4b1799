package director

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/config"
	"github.com/lbha/lbha/internal/vip"
)

// crashed makes a machine look as it does after kill -9 of an Active: addresses and table in place, and known as ours.
func crashed(t *testing.T, w *world) *machine {
	t.Helper()
	a := w.machine("a", "192.0.2.1")
	l := a.start(pair + web)
	after(5 * time.Second)
	wantState(t, "before the crash", l, "active")
	// The kernel refuses what the stop wants to undo, which is as good as never having been asked.
	a.vip.Change(func() {
		a.vip.Fail = func(op vip.Op) error {
			if op.Kind == vip.Delete {
				return vip.ErrPermission
			}
			return nil
		}
	})
	l.stop()
	<-l.done
	a.vip.Change(func() { a.vip.Fail = nil })
	if !a.has(front) {
		t.Fatal("the address is gone already")
	}
	return a
}

func TestRestartedActiveGoesOnWithoutTouchingItsAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.servers.set("one", true)
		w.servers.set("two", true)
		a := crashed(t, w)
		a.vip.Ops() // forget those of the earlier life
		l := a.start(pair + web)
		after(500 * time.Millisecond)
		if !a.has(front) || !a.has(inner) {
			t.Error("an address was lost while listening")
		}
		after(1500 * time.Millisecond)
		wantState(t, "after one interval of silence", l, "active")
		if r := l.Status().Routers[0].Reason; r != "adopted" {
			t.Errorf("reason %s, want adopted", r)
		}
		for _, op := range a.vip.Ops() {
			if strings.Contains(op, "del") {
				t.Errorf("the restart did %q", op)
			}
		}
		after(10 * time.Second)
		if !a.has(front) {
			t.Error("the adopted address was not renewed")
		}
		l.end(t)
	})
}

func TestRestartedActiveLetsGoWhenAnotherIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.servers.set("one", true)
		w.servers.set("two", true)
		a := crashed(t, w)
		b := w.machine("b", "192.0.2.2")
		owner := strings.Replace(pair, "priority = 100", "priority = 200", 1)
		lb := b.start(owner + web)
		after(3500 * time.Millisecond)
		wantState(t, "b after the crash", lb, "active")
		// The lease of a would end soon; make it as long as it was.
		for _, addr := range []string{"192.0.2.100/24"} {
			if !a.has(front) {
				a.must(a.vip.AdminAdd(addr, "eth0", 60*time.Second))
			}
		}
		la := a.start(owner + web)
		after(1100 * time.Millisecond)
		wantState(t, "a after it was started again", la, "backup")
		if a.has(front) || a.has(inner) {
			t.Error("both machines have the address")
		}
		la.end(t)
		lb.end(t)
	})
}

func TestWarmTableStandsUntilTheChecksHaveSpoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.servers.set("one", true)
		w.servers.set("two", true)
		a := w.machine("a", "192.0.2.1")
		l := a.start(pair + web)
		after(5 * time.Second)
		l.end(t)

		w.servers.set("two", false)
		l = a.start(pair + web)
		after(500 * time.Millisecond)
		a.wantTable("after one bad result", bothUp)
		after(3 * time.Second)
		a.wantTable("after fall bad results", "-A -t 192.0.2.100:80 -s rr\n-a -t 192.0.2.100:80 -r 10.0.0.11:80 -m -w 1\n")
		l.end(t)
	})
}

func TestAdoptionNeedsALeaseThatOutlivesTheListening(t *testing.T) {
	cfg := &config.Config{Routers: []config.Router{{
		Name: "front", Interval: time.Second,
		Addresses: []config.VirtualAddress{
			{Prefix: front.Prefix, Interface: front.Link},
			{Prefix: inner.Prefix, Interface: inner.Link},
		},
	}}}
	sec := func(n int) vip.State { return vip.State{Remaining: time.Duration(n) * time.Second} }
	listens := map[string]time.Duration{"front": time.Second}
	for _, tc := range []struct {
		name    string
		adopted map[vip.Address]vip.State
		want    map[string]time.Duration
	}{
		{"nothing was left", nil, map[string]time.Duration{}},
		{"both live on", map[vip.Address]vip.State{front: sec(4), inner: sec(3)}, listens},
		{"one was left", map[vip.Address]vip.State{inner: sec(4)}, listens},
		{"without a lease", map[vip.Address]vip.State{front: {Forever: true}}, listens},
		{"up to a second less than the kernel says is enough", map[vip.Address]vip.State{front: sec(2)}, listens},
		{"it may end at any moment", map[vip.Address]vip.State{front: sec(1)}, map[string]time.Duration{}},
		{"one of two may", map[vip.Address]vip.State{front: sec(4), inner: sec(1)}, map[string]time.Duration{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, listening(cfg, tc.adopted)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
