package node

import (
	order "cmp"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/vrrp"
)

func TestTwoDirectorsElectTheHigherPriority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		a, stopA := start(t, s, linkA, Options{}, router("web", 51, 150))
		b, stopB := start(t, s, linkB, Options{}, router("web", 51, 100))
		defer stopB()
		defer stopA()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := one(t, a).View.State; got != vrrp.Active {
			t.Errorf("priority 150 is %s, want active", got)
		}
		view := one(t, b).View
		if view.State != vrrp.Backup || view.Active != addrA || view.ActivePriority != 150 {
			t.Errorf("priority 100 is %s under %s (%d), want backup under %s (150)", view.State, view.Active, view.ActivePriority, addrA)
		}
		if view.Heard.At.Before(time.Now().Add(-time.Second)) {
			t.Errorf("last heard at %s, want within the last second", view.Heard.At)
		}
	})
}

func TestSuccessorWaitsOnlyTheSkewAfterAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		_, stopA := start(t, s, linkA, Options{}, router("web", 51, 150))
		b, stopB := start(t, s, linkB, Options{}, router("web", 51, 100))
		defer stopB()
		time.Sleep(10 * time.Second)
		stopA()
		stopped := time.Since(s.start)
		packets := s.packets()
		if last := packets[len(packets)-1]; last != (packet{stopped, addrA, 51, 0, 0}) {
			t.Errorf("last packet is %+v, want priority 0 from %s at %s", last, addrA, stopped)
		}
		time.Sleep(156 * time.Second / 256)
		synctest.Wait()
		got := one(t, b)
		want := []string{"initialize>backup startup", "backup>active priority_zero"}
		if diff := cmp.Diff(want, moves(got)); diff != "" {
			t.Errorf("transitions (-want +got)\n%s", diff)
		}
		if got.Recent[1].Peer != addrA || got.Recent[1].Seq != 2 {
			t.Errorf("took over as %d from %s, want as 2 from %s", got.Recent[1].Seq, got.Recent[1].Peer, addrA)
		}
	})
}

func TestIdenticalSetDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		changes := 0
		r, stop := start(t, s, linkA, Options{Changed: func() { changes++ }}, router("web", 51, 150))
		defer stop()
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		before, packets, seen := r.Status(), s.packets(), changes
		r.Set([]Config{router("web", 51, 150)})
		r.SetLinks(map[string]Link{"web": linkA})
		r.HoldPreempt(false)
		synctest.Wait()
		if diff := cmp.Diff(before, r.Status(), cmp.Comparer(func(a, b vrrp.View) bool { return a == b }), cmpAddr); diff != "" {
			t.Errorf("status (-before +after)\n%s", diff)
		}
		if diff := cmp.Diff(packets, s.packets(), cmpAddr); diff != "" {
			t.Errorf("packets (-before +after)\n%s", diff)
		}
		if changes != seen || s.opened() != 1 {
			t.Errorf("%d changes and %d sockets, want none and the first", changes-seen, s.opened())
		}
	})
}

func TestNewNameAloneDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		r, stop := start(t, s, linkA, Options{}, router("web", 51, 150))
		defer stop()
		time.Sleep(10*time.Second + time.Millisecond)
		r.SetLinks(map[string]Link{"web": linkA, "front": linkA})
		r.Set([]Config{router("front", 51, 150)})
		packets := len(s.packets())
		synctest.Wait()
		got := one(t, r)
		if got.Name != "front" || got.View.State != vrrp.Active || len(got.Recent) != 2 {
			t.Errorf("%s is %s after %d transitions, want front, active, 2", got.Name, got.View.State, len(got.Recent))
		}
		if n := len(s.packets()) - packets; n != 0 {
			t.Errorf("%d packets for a new name", n)
		}
	})
}

func TestNewPriorityIsAdvertisedByTheSameRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		r, stop := start(t, s, linkA, Options{}, router("web", 51, 150))
		defer stop()
		time.Sleep(10*time.Second + time.Millisecond)
		c := router("web", 51, 120)
		c.Router.Checksum = vrrp.ChecksumPseudoHeader
		r.Set([]Config{c})
		synctest.Wait()
		packets := s.packets()
		want := packet{10*time.Second + time.Millisecond, addrA, 51, 120, vrrp.ChecksumPseudoHeader}
		if last := packets[len(packets)-1]; last != want {
			t.Errorf("last packet is %+v, want priority 120 at once, in the new form", last)
		}
		if got := one(t, r); got.View.State != vrrp.Active || got.View.Priority != 120 || s.opened() != 1 {
			t.Errorf("%s at %d with %d sockets, want active at 120 with 1", got.View.State, got.View.Priority, s.opened())
		}
	})
}

func TestNewVRIDStopsTheOldRouterFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		owner := router("web", 52, 255)
		r, stop := start(t, s, linkA, Options{}, router("web", 51, 255), router("db", 53, 255))
		defer stop()
		time.Sleep(time.Millisecond)
		before := len(s.packets())
		r.Set([]Config{owner, router("db", 53, 255)})
		synctest.Wait()
		want := []packet{{time.Millisecond, addrA, 51, 0, 0}, {time.Millisecond, addrA, 52, 255, 0}}
		if diff := cmp.Diff(want, s.packets()[before:], cmpAddr); diff != "" {
			t.Errorf("packets (-want +got)\n%s", diff)
		}
		if s.opened() != 1 {
			t.Errorf("%d sockets, want the one", s.opened())
		}
		if got := r.Status(); len(got) != 2 || got[0].Name != "db" || got[1].Name != "web" || got[1].VRID != 52 {
			t.Errorf("status is of %+v, want db and web with VRID 52", got)
		}
	})
}

func TestRemovedRoutersStopAndTheLastClosesTheSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		r, stop := start(t, s, linkA, Options{}, router("db", 50, 255), router("web", 51, 255))
		defer stop()
		time.Sleep(time.Millisecond)
		r.Set(nil)
		synctest.Wait()
		if got := r.Status(); len(got) != 0 {
			t.Errorf("status still has %+v", got)
		}
		want := []packet{{0, addrA, 50, 255, 0}, {0, addrA, 51, 255, 0}, {time.Millisecond, addrA, 50, 0, 0}, {time.Millisecond, addrA, 51, 0, 0}}
		if diff := cmp.Diff(want, sorted(s.packets()), cmpAddr); diff != "" {
			t.Errorf("packets (-want +got)\n%s", diff)
		}
		select {
		case <-s.last().closed:
		default:
			t.Error("the socket is still open")
		}
	})
}

func TestHeldRouterLeavesALivingActiveAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		b, stopB := start(t, s, linkB, Options{}, router("web", 51, 100))
		defer stopB()
		time.Sleep(10 * time.Second)
		opt := Options{Dial: s.dial}
		a := NewRunner(opt)
		a.HoldPreempt(true)
		stopA := startPrepared(t, a, linkA, router("web", 51, 150))
		defer stopA()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if one(t, b).View.State != vrrp.Active {
			t.Error("the living Active was replaced by a router on hold")
		}
		a.HoldPreempt(false)
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if one(t, a).View.State != vrrp.Active {
			t.Error("the router did not preempt after its release")
		}
	})
}

func TestOfTwoRoutersWithOneIdentityTheFirstIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		r, stop := start(t, s, linkA, Options{}, router("web", 51, 255), router("db", 51, 255))
		defer stop()
		if got := one(t, r).Name; got != "web" {
			t.Errorf("%s runs, want web", got)
		}
	})
}

func TestAdoptionWindowIsOfTheFirstStartOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		c := router("web", 51, 150)
		c.Listen = 300 * time.Millisecond
		r, stop := start(t, s, linkA, Options{}, c)
		defer stop()
		if !one(t, r).View.Adopting {
			t.Error("no adoption window after the start")
		}
		time.Sleep(c.Listen)
		synctest.Wait()
		down := linkA
		down.Fault = "eth0 is down"
		r.SetLinks(map[string]Link{"web": down})
		synctest.Wait()
		r.SetLinks(map[string]Link{"web": linkA})
		synctest.Wait()
		got := one(t, r)
		want := []string{"initialize>backup startup", "backup>active adopted", "active>fault link_down", "fault>backup link_up"}
		if diff := cmp.Diff(want, moves(got)); diff != "" {
			t.Errorf("transitions (-want +got)\n%s", diff)
		}
		if got.View.Adopting {
			t.Error("an adoption window after a link came back")
		}
	})
}

func TestRecentKeepsTheLastSixteen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		r, stop := start(t, s, linkA, Options{}, router("web", 51, 150))
		defer stop()
		down := Link{Name: "eth0", Fault: "eth0 is down"}
		for range 10 {
			r.SetLinks(map[string]Link{"web": down})
			synctest.Wait()
			r.SetLinks(map[string]Link{"web": linkA})
			synctest.Wait()
		}
		got := one(t, r).Recent
		if len(got) != 16 || got[0].Seq != 6 || got[15].Seq != 21 || got[15].Peer != (netip.Addr{}) {
			t.Errorf("%d transitions from %d to %d, want 16 from 6 to 21", len(got), got[0].Seq, got[len(got)-1].Seq)
		}
	})
}

// sorted orders packets of one moment, whose order is the scheduler's.
func sorted(p []packet) []packet {
	slices.SortFunc(p, func(a, b packet) int { return order.Or(order.Compare(a.At, b.At), order.Compare(a.VRID, b.VRID)) })
	return p
}
