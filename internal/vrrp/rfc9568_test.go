package vrrp_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/lbha/lbha/internal/vrrp"
)

// Conformance of the machine: one test per requirement of RFC 9568 that binds
// the election, its section first. Answers to ARP and ND, announcements and
// what is accepted for the addresses follow the state and are tested where they
// are made.

func TestSection6_1_SkewTimeAndActiveDownInterval(t *testing.T) {
	for _, tc := range []struct {
		priority uint8
		interval time.Duration
		want     time.Duration
	}{
		{100, sec, down100},
		{1, sec, 3*sec + 255*sec/256},
		{254, sec, 3*sec + 2*sec/256},
		{200, 10 * time.Millisecond, 30*time.Millisecond + 2187500*time.Nanosecond},
		{1, vrrp.IntervalMax, 3*vrrp.IntervalMax + 255*vrrp.IntervalMax/256},
	} {
		r := newBackup(t, priority(tc.priority), interval(tc.interval))
		r.wantDeadline(tc.want)
		if got := r.m.View().ActiveDownInterval; got != tc.want {
			t.Errorf("view says %s, want %s", got, tc.want)
		}
	}
}

func TestSection6_1_TheOwnerPreemptsWhateverPreemptModeSays(t *testing.T) {
	r := newRig(t, priority(255), noPreempt)
	r.step(vrrp.Startup{Source: self})
	r.want(heard(high, 255, sec), "send 255 1s", "active->backup rival_owner")
	before := r.deadline()
	r.after(sec).want(heard(low, 254, sec))
	if !r.deadline().Equal(before) {
		t.Error("a lower priority restarted the timer of the owner")
	}
}

func TestSection6_4_1_StartupOfTheOwner(t *testing.T) {
	r := newRig(t, priority(255))
	r.want(vrrp.Startup{Source: self}, "send 255 1s", "initialize->active owner")
	r.wantDeadline(sec)
}

func TestSection6_4_1_StartupOfAnybodyElse(t *testing.T) {
	r := newRig(t)
	r.want(vrrp.Startup{Source: self}, "initialize->backup startup")
	r.wantDeadline(down100)
	if got := r.m.View().ActiveAdverInterval; got != sec {
		t.Errorf("Active_Adver_Interval %s, want our own", got)
	}
}

func TestSection6_4_1_InitializeWaitsForStartup(t *testing.T) {
	r := newRig(t)
	if d, ok := r.m.Deadline(); ok {
		t.Errorf("deadline %s in Initialize", d)
	}
	for _, ev := range []vrrp.Event{vrrp.Timer{}, heard(low, 0, sec), heard(low, 1, sec), heard(high, 255, sec), vrrp.Shutdown{}} {
		r.want(ev)
		r.wantState(vrrp.Initialize)
	}
}

func TestSection6_4_2_BackupShutdown(t *testing.T) {
	r := newBackup(t)
	r.want(vrrp.Shutdown{}, "backup->initialize shutdown")
	if _, ok := r.m.Deadline(); ok {
		t.Error("the timer was not cancelled")
	}
}

func TestSection6_4_2_BackupTimerAdvertisesThenBecomesActive(t *testing.T) { // erratum 7949: the order
	r := newBackup(t)
	r.after(down100).want(vrrp.Timer{}, "send 100 1s", "backup->active timeout")
	r.wantDeadline(sec)
}

func TestSection6_4_2_BackupPriorityZeroWaitsForTheSkew(t *testing.T) {
	r := newBackup(t)
	r.after(sec).want(heard(high, 200, 2*sec)) // the skew is of the learnt interval
	r.after(sec).want(heard(high, 0, 7*sec))   // and not of the one that leaves
	r.wantDeadline(2 * skew100)
	if v := r.m.View(); v.Active.IsValid() || v.ActivePriority != 0 {
		t.Errorf("still takes %s for Active", v.Active)
	}
	r.after(2*skew100).want(vrrp.Timer{}, "send 100 1s", "backup->active priority_zero")
}

func TestSection6_4_2_BackupFollowsAndLearnsTheInterval(t *testing.T) {
	for _, tc := range []struct {
		name     string
		from     netip.Addr
		priority uint8
		change   func(*vrrp.Config)
	}{
		{"higher priority", low, 101, nil},
		{"the owner", low, 255, nil},
		{"equal priority, greater address", high, 100, nil},
		{"equal priority, smaller address", low, 100, nil},
		{"lower priority without preempt", low, 99, noPreempt},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var change []func(*vrrp.Config)
			if tc.change != nil {
				change = append(change, tc.change)
			}
			r := newBackup(t, change...)
			r.after(3 * sec).want(heard(tc.from, tc.priority, 5*sec))
			r.wantDeadline(5 * down100)
			if v := r.m.View(); v.ActiveAdverInterval != 5*sec || v.Active != tc.from || v.ActivePriority != tc.priority {
				t.Errorf("follows %s, priority %d, at %s", v.Active, v.ActivePriority, v.ActiveAdverInterval)
			}
		})
	}
}

func TestSection6_4_2_BackupThatPreemptsDiscardsLowerPriorities(t *testing.T) {
	r := newBackup(t)
	r.after(sec).want(heard(high, 99, 5*sec))
	r.wantDeadline(down100 - sec)
	if got := r.m.View().ActiveAdverInterval; got != sec {
		t.Errorf("learnt %s from a discarded advert", got)
	}
	r.after(down100-sec).want(vrrp.Timer{}, "send 100 1s", "backup->active preempt")
}

func TestSection6_4_3_ActiveShutdownSaysPriorityZero(t *testing.T) {
	r := newActive(t)
	r.want(vrrp.Shutdown{}, "send 0 1s", "active->initialize shutdown")
	if _, ok := r.m.Deadline(); ok {
		t.Error("the timer was not cancelled")
	}
}

func TestSection6_4_3_ActiveTimerAdvertises(t *testing.T) {
	r := newActive(t)
	for range 3 {
		r.after(sec).want(vrrp.Timer{}, "send 100 1s")
		r.wantDeadline(sec)
	}
}

func TestSection6_4_3_ActiveAnswersPriorityZeroAndRestartsTheTimer(t *testing.T) {
	r := newActive(t)
	r.after(400*time.Millisecond).want(heard(high, 0, 5*sec), "send 100 1s")
	r.wantDeadline(sec)
}

// The last advert of the loser is our own addition: see Machine.yield.
func TestSection6_4_3_ActiveYieldsAndLearnsTheInterval(t *testing.T) {
	for _, tc := range []struct {
		name     string
		from     netip.Addr
		priority uint8
		want     string
	}{
		{"higher priority", low, 101, "active->backup higher_priority"},
		{"the owner", low, 255, "active->backup higher_priority"},
		{"equal priority, greater address as an unsigned number", high, 100, "active->backup higher_address"},
		{"equal priority, greater address that is not the greater text", netip.MustParseAddr("10.77.0.10"), 100, "active->backup higher_address"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newActive(t)
			r.after(400*time.Millisecond).want(heard(tc.from, tc.priority, 5*sec), "send 100 1s", tc.want)
			r.wantDeadline(5 * down100)
			if v := r.m.View(); v.Active != tc.from || v.ActiveAdverInterval != 5*sec {
				t.Errorf("follows %s at %s", v.Active, v.ActiveAdverInterval)
			}
		})
	}
}

func TestSection6_4_3_ActiveDiscardsAndAnswersTheLesser(t *testing.T) {
	for _, tc := range []struct {
		name     string
		from     netip.Addr
		priority uint8
	}{
		{"lower priority", high, 99},
		{"equal priority, smaller address", low, 100},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newActive(t)
			r.after(400*time.Millisecond).want(heard(tc.from, tc.priority, 5*sec), "send 100 1s")
			r.wantDeadline(600 * time.Millisecond) // the Adver_Timer is not touched
			if got := r.m.View().ActiveAdverInterval; got != sec {
				t.Errorf("learnt %s from a discarded advert", got)
			}
		})
	}
}

func TestSection6_4_3_ActiveAdvertisesItsOwnIntervalAndReturnsToIt(t *testing.T) {
	r := newActive(t)
	r.want(heard(high, 200, 5*sec), "send 100 1s", "active->backup higher_priority")
	if got, want := r.fire(), "send 100 1s\nbackup->active timeout"; got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	r.wantDeadline(sec)
	if got := r.m.View().ActiveAdverInterval; got != sec {
		t.Errorf("Active_Adver_Interval %s while Active", got)
	}
}

func TestSection7_1_AdvertsOfOthersAreRefused(t *testing.T) {
	other := heard(high, 200, sec)
	other.Advert.VRID = 52
	for _, tc := range []struct {
		name string
		ev   vrrp.Received
		want vrrp.DropReason
	}{
		{"another virtual router", other, vrrp.DropVRID},
		{"the other family", heard(netip.MustParseAddr("fe80::1"), 200, sec), vrrp.DropFamily},
		{"our own advert", heard(self, 200, sec), vrrp.DropSelf},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var drop *vrrp.DropError
			err := config().Accept(tc.ev.From, self, tc.ev.Advert)
			if !errors.As(err, &drop) || drop.Reason != tc.want || !drop.Reason.Fatal() {
				t.Errorf("accept: %v, want %s", err, tc.want)
			}
			r := newActive(t)
			r.want(tc.ev)
			r.wantState(vrrp.Active)
			if h := r.m.View().Heard; h != (vrrp.Heard{}) {
				t.Errorf("the machine heard %+v", h)
			}
		})
	}
	if err := config().Accept(high, self, heard(high, 200, sec).Advert); err != nil {
		t.Errorf("accept: %v", err)
	}
}

func TestSection7_1_MismatchesAreToldButActedOn(t *testing.T) { // erratum 8298
	vip2 := netip.MustParseAddr("10.77.0.101")
	two := func(c *vrrp.Config) { c.Addresses = []netip.Addr{vip, vip2} }
	swapped := heard(high, 200, sec)
	swapped.Advert.Addresses = []netip.Addr{vip2, vip}
	for _, tc := range []struct {
		name string
		cfg  vrrp.Config
		ev   vrrp.Received
		want vrrp.Mismatch
	}{
		{"none", config(), heard(high, 200, sec), vrrp.Mismatch{}},
		{"interval", config(), heard(high, 200, 2*sec), vrrp.Mismatch{Interval: true}},
		{"fewer addresses", config(two), heard(high, 200, sec), vrrp.Mismatch{Addresses: true}},
		{"order of addresses", config(two), swapped, vrrp.Mismatch{}},
		{"one owner", config(), heard(high, 255, sec), vrrp.Mismatch{}},
		{"two owners", config(priority(255)), heard(high, 255, sec), vrrp.Mismatch{Owner: true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := vrrp.New(tc.cfg)
			m.Step(epoch, vrrp.Startup{Source: self})
			m.Step(epoch, tc.ev)
			v := m.View()
			if v.Heard.Mismatch != tc.want {
				t.Errorf("mismatch %+v, want %+v", v.Heard.Mismatch, tc.want)
			}
			if v.State != vrrp.Backup || v.Active != high {
				t.Errorf("%s, Active is %s: the advert was not acted on", v.State, v.Active)
			}
			for _, reason := range tc.want.Reasons() {
				if reason.Fatal() {
					t.Errorf("%s would be dropped", reason)
				}
			}
		})
	}
}

func TestSection8_3_2_TwoOwnersBecomeOneByAddress(t *testing.T) {
	greater, lesser := newRig(t, priority(255)), newRig(t, priority(255))
	greater.want(vrrp.Startup{Source: high}, "send 255 1s", "initialize->active owner")
	lesser.want(vrrp.Startup{Source: self}, "send 255 1s", "initialize->active owner")
	greater.want(heard(self, 255, sec), "send 255 1s")
	lesser.want(heard(high, 255, sec), "send 255 1s", "active->backup rival_owner")
	lesser.after(sec).want(heard(high, 255, sec))
	lesser.wantState(vrrp.Backup)
}
