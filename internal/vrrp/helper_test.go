package vrrp_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/vrrp"
)

// epoch is when virtual time begins.
var epoch = time.Date(2024, 4, 1, 0, 0, 0, 0, time.UTC)

var (
	self = netip.MustParseAddr("10.77.0.2")
	low  = netip.MustParseAddr("10.77.0.1") // smaller than self, also as a signed number
	high = netip.MustParseAddr("200.77.0.9")
	vip  = netip.MustParseAddr("10.77.0.100")
)

const sec = time.Second

// config is a router of priority 100 with an interval of 1 s that preempts:
// Skew_Time 609.375 ms, Active_Down_Interval 3.609375 s.
func config(change ...func(*vrrp.Config)) vrrp.Config {
	c := vrrp.Config{VRID: 51, Priority: 100, Interval: sec, Preempt: true, Addresses: []netip.Addr{vip}}
	for _, f := range change {
		f(&c)
	}
	return c
}

func priority(p uint8) func(*vrrp.Config) { return func(c *vrrp.Config) { c.Priority = p } }

func interval(d time.Duration) func(*vrrp.Config) { return func(c *vrrp.Config) { c.Interval = d } }

func noPreempt(c *vrrp.Config) { c.Preempt = false }

const (
	skew100 = 609375 * time.Microsecond
	down100 = 3*sec + skew100
)

// rig drives one machine in virtual time.
type rig struct {
	t   *testing.T
	m   *vrrp.Machine
	now time.Time
}

// newRig returns a machine that has not been started.
func newRig(t *testing.T, change ...func(*vrrp.Config)) *rig {
	return &rig{t: t, m: vrrp.New(config(change...)), now: epoch}
}

// newBackup returns a router that started at the epoch as a Backup.
func newBackup(t *testing.T, change ...func(*vrrp.Config)) *rig {
	t.Helper()
	r := newRig(t, change...)
	r.want(vrrp.Startup{Source: self}, "initialize->backup startup")
	return r
}

// newActive returns a router that became Active just now, by silence.
func newActive(t *testing.T, change ...func(*vrrp.Config)) *rig {
	t.Helper()
	r := newBackup(t, change...)
	r.fire()
	if s := r.m.View().State; s != vrrp.Active {
		t.Fatalf("after the Active_Down_Interval: %s, want active", s)
	}
	return r
}

// step gives an event and returns the effects as text.
func (r *rig) step(ev vrrp.Event) string {
	var lines []string
	for _, e := range r.m.Step(r.now, ev) {
		lines = append(lines, effectText(e))
	}
	return strings.Join(lines, "\n")
}

// want gives an event and compares its effects, one a line.
func (r *rig) want(ev vrrp.Event, lines ...string) {
	r.t.Helper()
	if diff := cmp.Diff(strings.Join(lines, "\n"), r.step(ev)); diff != "" {
		r.t.Fatalf("%T (-want +got):\n%s", ev, diff)
	}
}

// after lets time pass without telling the machine.
func (r *rig) after(d time.Duration) *rig {
	r.now = r.now.Add(d)
	return r
}

// fire goes to the deadline and gives the Timer.
func (r *rig) fire() string {
	r.t.Helper()
	r.now = r.deadline()
	return r.step(vrrp.Timer{})
}

func (r *rig) deadline() time.Time {
	r.t.Helper()
	d, ok := r.m.Deadline()
	if !ok {
		r.t.Fatalf("%s has no deadline", r.m.View().State)
	}
	return d
}

// wantDeadline compares how far off the deadline is.
func (r *rig) wantDeadline(want time.Duration) {
	r.t.Helper()
	if got := r.deadline().Sub(r.now); got != want {
		r.t.Fatalf("deadline in %s, want %s", got, want)
	}
}

func (r *rig) wantState(want vrrp.State) {
	r.t.Helper()
	if got := r.m.View().State; got != want {
		r.t.Fatalf("state %s, want %s", got, want)
	}
}

// heard is an advert of another router.
func heard(from netip.Addr, priority uint8, interval time.Duration) vrrp.Received {
	return vrrp.Received{From: from, Advert: vrrp.Advert{
		VRID: 51, Priority: priority, Interval: interval, Addresses: []netip.Addr{vip},
	}}
}

// effectText is "send PRIORITY INTERVAL" or "FROM->TO REASON".
func effectText(e vrrp.Effect) string {
	switch e := e.(type) {
	case vrrp.Send:
		return fmt.Sprintf("send %d %s", e.Advert.Priority, e.Advert.Interval)
	case vrrp.Become:
		return fmt.Sprintf("%s->%s %s", e.From, e.To, e.Reason)
	}
	return fmt.Sprintf("unknown effect %T", e)
}
