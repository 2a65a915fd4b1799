package vrrp_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/lbha/lbha/internal/vrrp"
)

// Links that come and go, and changes of configuration and priority at run time.

func TestFault(t *testing.T) {
	r := newFault(t)
	if v := r.m.View(); v.Why != "eth0 is down" {
		t.Errorf("why %q", v.Why)
	}
	if d, ok := r.m.Deadline(); ok {
		t.Errorf("deadline %s in Fault", d)
	}
	r.want(vrrp.Timer{})
	r.want(heard(high, 0, sec))
	if h := r.m.View().Heard; h != (vrrp.Heard{}) {
		t.Errorf("a router in Fault heard %+v", h)
	}
	r.want(vrrp.LinkDown{Why: "eth0 is missing"})
	if v := r.m.View(); v.Why != "eth0 is missing" {
		t.Errorf("why %q", v.Why)
	}
	r.after(time.Hour).want(vrrp.LinkUp{Source: self}, "fault->backup link_up")
	r.wantDeadline(down100)
	if v := r.m.View(); v.Why != "" || v.Heard != (vrrp.Heard{}) {
		t.Errorf("left over from Fault: %q, %+v", v.Why, v.Heard)
	}
}

func TestFaultFromEveryState(t *testing.T) {
	down := vrrp.LinkDown{Why: "eth1 is down"}
	r := newRig(t)
	r.want(down, "initialize->fault link_down")
	r.want(vrrp.Startup{Source: self, Listen: sec}, "fault->backup startup")
	r.wantDeadline(sec)

	r = newActive(t) // with the adverts' own link up, the others need not wait
	r.want(down, "send 0 1s", "active->fault link_down")
	r.want(vrrp.Shutdown{}, "fault->initialize shutdown")

	r = newRig(t, priority(255))
	r.step(vrrp.Startup{Source: self})
	r.want(down, "send 0 1s", "active->fault link_down")
	r.want(vrrp.LinkUp{Source: self}, "send 255 1s", "fault->active owner")
}

func TestLinkUpDoesNotStartARouterThatWasNotStarted(t *testing.T) {
	r := newRig(t)
	r.want(vrrp.LinkUp{Source: self})
	r.wantState(vrrp.Initialize)
}

func TestWhatWasHeardBeforeAFaultIsForgotten(t *testing.T) {
	r := newBackup(t)
	r.want(heard(high, 200, 5*sec))
	r.want(vrrp.LinkDown{}, "backup->fault link_down")
	if v := r.m.View(); v.Heard != (vrrp.Heard{}) || v.ActiveAdverInterval != sec {
		t.Errorf("in Fault it remembers %+v", v.Heard)
	}
	r.want(vrrp.LinkUp{Source: self}, "fault->backup link_up")
	r.wantDeadline(down100)
}

func TestWhatWasHeardBeforeAShutdownIsForgotten(t *testing.T) {
	r := newBackup(t)
	r.want(heard(high, 200, 5*sec))
	r.want(vrrp.Shutdown{}, "backup->initialize shutdown")
	r.want(vrrp.Startup{Source: self}, "initialize->backup startup")
	r.wantDeadline(down100)
}

func TestReconfigureDoesNotChangeTheVRID(t *testing.T) {
	r := newActive(t)
	r.want(vrrp.Reconfigure{Config: config(func(c *vrrp.Config) { c.VRID = 99 })})
	e := r.after(sec).m.Step(r.now, vrrp.Timer{})
	if send, ok := e[0].(vrrp.Send); !ok || send.Advert.VRID != 51 {
		t.Errorf("after the change of VRID: %+v", e)
	}
	r.want(heard(high, 200, sec), "send 100 1s", "active->backup higher_priority") // of VRID 51
}

func TestReconfigureToTheSameDoesNothing(t *testing.T) {
	same := config()
	same.Addresses = slices.Clone(same.Addresses)
	for _, r := range []*rig{newRig(t), newBackup(t), newActive(t), newFault(t)} {
		before := r.m.View()
		r.after(100 * time.Millisecond).want(vrrp.Reconfigure{Config: same})
		if r.m.View() != before {
			t.Errorf("%s changed: %+v", before.State, r.m.View())
		}
	}
}

func TestReconfigureAnActiveTellsTheOthersAtOnce(t *testing.T) {
	vip2 := func(c *vrrp.Config) { c.Addresses = []netip.Addr{netip.MustParseAddr("10.77.0.101")} }
	pseudo := func(c *vrrp.Config) { c.Checksum = vrrp.ChecksumPseudoHeader }
	const in = 400 * time.Millisecond
	for _, tc := range []struct {
		name   string
		change func(*vrrp.Config)
		want   []string
		next   time.Duration
	}{
		{"priority", priority(50), []string{"send 50 1s"}, sec - in},
		{"addresses", vip2, []string{"send 100 1s"}, sec - in},
		{"checksum", pseudo, []string{"send 100 1s"}, sec - in},
		{"longer interval: the next one at the old pace", interval(10 * sec), []string{"send 100 10s"}, sec - in},
		{"shorter interval", interval(100 * time.Millisecond), []string{"send 100 100ms"}, 100 * time.Millisecond},
		{"preempt, which adverts do not carry", noPreempt, nil, sec - in},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newActive(t)
			r.after(in).want(vrrp.Reconfigure{Config: config(tc.change)}, tc.want...)
			r.wantState(vrrp.Active)
			r.wantDeadline(tc.next)
		})
	}
}

func TestReconfiguredIntervalOfAnActiveIsNoStall(t *testing.T) {
	r := newActive(t, interval(40*sec))
	r.after(30*sec).want(vrrp.Reconfigure{Config: config()}, "send 100 1s")
	r.after(sec).want(vrrp.Timer{}, "send 100 1s")
}

func TestReconfigureABackupMovesItsTimer(t *testing.T) {
	r := newBackup(t)
	r.after(sec).want(vrrp.Reconfigure{Config: config(interval(2 * sec))})
	r.wantDeadline(2*down100 - sec)
	r.want(heard(high, 200, 5*sec))
	r.want(vrrp.Reconfigure{Config: config(interval(3 * sec))})
	r.wantDeadline(5 * down100) // what was learnt from the Active stands
	r.want(vrrp.Reconfigure{Config: config(priority(250))})
	r.wantDeadline(15*sec + 5*6*sec/256)
	r.want(heard(high, 200, 5*sec)) // discarded now
	if got, want := r.fire(), "send 250 1s\nbackup->active preempt"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReconfigureInInitializeAndFaultCountsFromTheNextStart(t *testing.T) {
	r := newRig(t)
	r.want(vrrp.Reconfigure{Config: config(interval(2 * sec))})
	r.want(vrrp.Startup{Source: self}, "initialize->backup startup")
	r.wantDeadline(2 * down100)
	r = newFault(t)
	r.want(vrrp.Reconfigure{Config: config(priority(255))})
	r.want(vrrp.LinkUp{Source: self}, "send 255 1s", "fault->active owner")
}

func TestMachineKeepsNoHandOnTheCallersConfig(t *testing.T) {
	c := config()
	m := vrrp.New(c)
	c.Addresses[0] = high
	d := config(priority(50))
	m.Step(epoch, vrrp.Startup{Source: self})
	if m.Step(epoch, heard(high, 200, sec)); m.View().Heard.Mismatch.Addresses {
		t.Error("New shares the caller's addresses")
	}
	m.Step(epoch, vrrp.Reconfigure{Config: d})
	d.Addresses[0] = high
	if m.Step(epoch, heard(high, 200, sec)); m.View().Heard.Mismatch.Addresses {
		t.Error("Reconfigure shares the caller's addresses")
	}
}

func TestSetPriority(t *testing.T) {
	r := newBackup(t)
	r.want(vrrp.SetPriority{Priority: 200})
	r.wantDeadline(3*sec + 56*sec/256)
	r.after(sec).want(heard(high, 150, sec)) // discarded
	r.wantDeadline(2*sec + 56*sec/256)
	r.want(vrrp.SetPriority{Priority: 50})
	r.after(sec).want(heard(high, 60, sec)) // followed
	r.wantDeadline(3*sec + 206*sec/256)
	r.want(vrrp.Reconfigure{Config: config(priority(120))})
	if p := r.m.View().Priority; p != 50 {
		t.Errorf("a reload withdrew the priority of tracking: %d", p)
	}
	r.want(vrrp.SetPriority{})
	if p := r.m.View().Priority; p != 120 {
		t.Errorf("priority %d after tracking withdrew, want the configured 120", p)
	}
	r.want(vrrp.SetPriority{Priority: 255})
	if p := r.m.View().Priority; p != 254 {
		t.Errorf("tracking made an owner: priority %d", p)
	}
}

func TestSetPriorityKeepsTheRoleOfAnActive(t *testing.T) {
	r := newActive(t)
	r.want(vrrp.SetPriority{Priority: 10})
	r.wantDeadline(sec)
	r.after(sec).want(vrrp.Timer{}, "send 10 1s")
	r.want(heard(low, 11, sec), "send 10 1s", "active->backup higher_priority")
}

func TestSetPriorityDoesNotMoveAnOwner(t *testing.T) {
	r := newRig(t, priority(255))
	r.want(vrrp.SetPriority{Priority: 10})
	r.want(vrrp.Startup{Source: self}, "send 255 1s", "initialize->active owner")
}
