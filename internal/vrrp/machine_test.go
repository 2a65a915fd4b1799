package vrrp_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/lbha/lbha/internal/vrrp"
)

// What the machine does beyond RFC 9568, or where the RFC is silent.

func TestTimerBeforeTheDeadlineDoesNothing(t *testing.T) {
	for name, r := range map[string]*rig{"backup": newBackup(t), "active": newActive(t)} {
		before, deadline := r.m.View(), r.deadline()
		for _, d := range []time.Duration{0, 999 * time.Millisecond, time.Millisecond - 1} {
			r.after(d).want(vrrp.Timer{})
		}
		if r.m.View() != before || !r.deadline().Equal(deadline) {
			t.Errorf("%s: an early Timer changed something", name)
		}
	}
}

func TestActiveKeepsItsBeatWhenTimersAreLate(t *testing.T) {
	r := newActive(t)
	r.after(1300*time.Millisecond).want(vrrp.Timer{}, "send 100 1s")
	r.wantDeadline(700 * time.Millisecond)
	r.after(1700*time.Millisecond).want(vrrp.Timer{}, "send 100 1s") // exactly one beat missed
	r.wantDeadline(sec)
}

func TestRepeatedPriorityZeroDoesNotPutTheTakeoverOff(t *testing.T) {
	r := newBackup(t)
	r.want(heard(high, 0, sec))
	r.after(skew100 / 2).want(heard(high, 0, sec))
	r.wantDeadline(skew100 - skew100/2)
}

func TestStartupInARunningRouterDoesNothing(t *testing.T) {
	for _, r := range []*rig{newBackup(t), newActive(t)} {
		deadline := r.deadline()
		r.want(vrrp.Startup{Source: self, Listen: 5 * sec})
		if !r.deadline().Equal(deadline) || r.m.View().Adopting {
			t.Errorf("%s was started again", r.m.View().State)
		}
	}
}

func TestAdoption(t *testing.T) {
	const window = 800 * time.Millisecond
	at := func(d time.Duration) time.Duration { return d - 100*time.Millisecond } // seen 100 ms into the window
	for _, tc := range []struct {
		name     string
		hear     vrrp.Event // 100 ms into the window
		change   func(*vrrp.Config)
		late     time.Duration // how much later than its deadline the Timer comes
		deadline time.Duration // after hear
		want     string
	}{
		{"silence", nil, nil, 0, at(window), "send 100 1s\nbackup->active adopted"},
		{"silence, the Timer a little late", nil, nil, sec, at(window), "send 100 1s\nbackup->active adopted"},
		{"silence, the Timer too late", nil, nil, sec + 1, at(window), ""},
		{"a higher Active", heard(high, 200, 2*sec), nil, 0, 2 * down100, "send 100 1s\nbackup->active timeout"},
		{"a lower Active", heard(high, 50, 2*sec), nil, 0, at(down100), "send 100 1s\nbackup->active preempt"},
		{"a lower Active, without preempt", heard(high, 50, 2*sec), noPreempt, 0, 2 * down100, "send 100 1s\nbackup->active timeout"},
		{"an Active that leaves", heard(high, 0, sec), nil, 0, skew100, "send 100 1s\nbackup->active priority_zero"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			change := func(*vrrp.Config) {}
			if tc.change != nil {
				change = tc.change
			}
			r := newRig(t, change)
			r.want(vrrp.Startup{Source: self, Listen: window}, "initialize->backup startup")
			r.wantDeadline(window)
			r.after(100 * time.Millisecond)
			if !r.m.View().Adopting {
				t.Error("not adopting inside the window")
			}
			if tc.hear != nil {
				r.want(tc.hear)
				if r.m.View().Adopting {
					t.Error("still adopting although an Active was heard")
				}
			}
			r.wantDeadline(tc.deadline)
			if got := r.after(tc.deadline + tc.late).step(vrrp.Timer{}); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if r.m.View().Adopting {
				t.Error("still adopting after the window")
			}
			if tc.want == "" {
				r.wantDeadline(down100)
			}
		})
	}
}

func TestOwnerDoesNotWaitForAnAdoptionWindow(t *testing.T) {
	r := newRig(t, priority(255))
	r.want(vrrp.Startup{Source: self, Listen: sec}, "send 255 1s", "initialize->active owner")
}

func TestActiveThatWasNotScheduledListensBeforeItSpeaks(t *testing.T) {
	lowest := heard(high, 1, sec)
	for _, tc := range []struct {
		name string
		ev   vrrp.Event
		want string // after the step down
	}{
		{"timer", vrrp.Timer{}, ""},
		{"advert that it would answer", lowest, ""},
		{"priority zero that it would answer", heard(high, 0, sec), ""},
		{"shutdown", vrrp.Shutdown{}, "\nbackup->initialize shutdown"},
		{"link down", vrrp.LinkDown{Why: "eth0 is down"}, "\nbackup->fault link_down"},
		{"reconfigure", vrrp.Reconfigure{Config: config(priority(120))}, ""},
		{"priority", vrrp.SetPriority{Priority: 10}, ""},
		{"stalled", vrrp.Stalled{}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newActive(t)
			r.after(down100 + 1)
			r.want(tc.ev, "active->backup stalled"+tc.want)
		})
	}
	r := newActive(t)
	r.after(down100).want(vrrp.Timer{}, "send 100 1s") // not a moment too early
	r.want(heard(low, 1, sec), "send 100 1s")          // a rival, long ago when the stall is over
	r.after(down100+1).want(vrrp.Timer{}, "active->backup stalled")
	r.wantDeadline(down100)
	if v := r.m.View(); v.Active.IsValid() {
		t.Errorf("says that %s is Active before it has heard anybody", v.Active)
	}
}

func TestAnswersCountAsSignsOfLife(t *testing.T) {
	r := newActive(t)
	for range 5 { // the driver never gives a Timer
		r.after(3*sec).want(heard(high, 1, sec), "send 100 1s")
	}
}

func TestStalledEvent(t *testing.T) {
	r := newActive(t)
	r.want(vrrp.Stalled{}, "active->backup stalled")
	r.wantDeadline(down100)

	r = newBackup(t)
	r.want(vrrp.Stalled{})
	r.wantDeadline(down100) // far enough off already
	r.after(down100 - 1).want(vrrp.Stalled{})
	r.wantDeadline(sec + skew100)

	r = newRig(t)
	r.want(vrrp.Startup{Source: self, Listen: sec}, "initialize->backup startup")
	r.want(vrrp.Stalled{})
	if r.wantDeadline(down100); r.m.View().Adopting {
		t.Error("adopting after a stall")
	}
	for _, r := range []*rig{newRig(t), newFault(t)} {
		r.want(vrrp.Stalled{})
	}
}

func TestBackupThatWasNotScheduledDoesNotTrustTheSilence(t *testing.T) {
	r := newBackup(t)
	r.after(down100 + sec + 1).want(vrrp.Timer{})
	r.wantDeadline(sec + skew100)
	r.after(sec).want(heard(high, 200, sec)) // so there is an Active
	r.wantDeadline(down100)

	r = newBackup(t)
	r.after(down100+sec).want(vrrp.Timer{}, "send 100 1s", "backup->active timeout") // one interval is borne
}

func TestBackupThatIsAlwaysLateStillTakesOver(t *testing.T) {
	r := newBackup(t)
	r.after(10 * down100).want(vrrp.Timer{})
	r.after(10*down100).want(vrrp.Timer{}, "send 100 1s", "backup->active timeout")
}

func TestHoldPreemptLeavesALivingActiveAlone(t *testing.T) {
	r := newBackup(t)
	r.want(vrrp.HoldPreempt{On: true})
	if r.m.View().Preempt {
		t.Error("view says that it preempts")
	}
	for range 10 {
		r.after(sec).want(heard(high, 50, sec))
		r.wantDeadline(down100)
	}
	r.want(vrrp.HoldPreempt{})
	r.wantDeadline(down100) // the ordinary rule from here
	r.after(sec).want(heard(high, 50, sec))
	r.wantDeadline(down100 - sec)
	r.after(down100-sec).want(vrrp.Timer{}, "send 100 1s", "backup->active preempt")
}

func TestHoldPreemptDoesNotKeepARouterFromReplacingTheDead(t *testing.T) {
	r := newBackup(t)
	r.want(vrrp.HoldPreempt{On: true})
	r.want(heard(high, 50, sec))
	r.after(down100).want(vrrp.Timer{}, "send 100 1s", "backup->active timeout")
	// Active, the hold changes nothing: it is about Backups.
	r.want(heard(high, 50, sec), "send 100 1s")
}

func TestHoldPreemptDoesNotBindTheOwner(t *testing.T) {
	r := newRig(t, priority(255))
	r.want(vrrp.HoldPreempt{On: true})
	r.want(vrrp.Startup{Source: self}, "send 255 1s", "initialize->active owner")
}

func TestSourceThatChangesBreaksTiesAnew(t *testing.T) {
	peer := netip.MustParseAddr("10.77.0.5")
	r := newActive(t)
	r.want(vrrp.LinkUp{Source: high})
	r.want(heard(peer, 100, sec), "send 100 1s")
	r.want(vrrp.LinkUp{Source: low})
	r.want(heard(peer, 100, sec), "send 100 1s", "active->backup higher_address")
}

// newFault returns a router whose link went down while it was Backup.
func newFault(t *testing.T) *rig {
	t.Helper()
	r := newBackup(t)
	r.want(vrrp.LinkDown{Why: "eth0 is down"}, "backup->fault link_down")
	return r
}
