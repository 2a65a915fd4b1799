//go:build lab

package drills

import (
	"strings"
	"testing"
	"time"
)

func TestCarrierLossOfAnyTrackedLinkMovesTheRole(t *testing.T) {
	r := natRig(t)
	r.calm(t)
	r.up(t)
	first := r.Directors[0]
	asking := r.ask()
	answered(t, asking, time.Time{}, 20)

	pulled := time.Now()
	must(t, first.Carrier("eth1", false))
	r.becomes(t, 0, "fault")
	got := r.router(t, 0)
	if got.Reason != "link_down" || !strings.Contains(got.Fault, "eth1 has no carrier") {
		t.Errorf("server04 is in fault because of %s: %q, want link_down and that eth1 has no carrier", got.Reason, got.Fault)
	}
	r.becomes(t, 1, "active")
	owns(t, first, r.VIP.Addr(), false)
	r.prefers(t, 1)
	taken := time.Now()
	t.Logf("server05 has the role and the client %s after the cable was pulled", taken.Sub(pulled).Round(time.Millisecond))
	answered(t, asking, taken, 30)

	plugged := time.Now()
	must(t, first.Carrier("eth1", true))
	r.becomes(t, 0, "active")
	t.Logf("server04 is Active again %s after the cable was put back", since(plugged))
	if got := r.router(t, 0); got.Reason != "preempt" || got.Fault != "" {
		t.Errorf("server04 is active because of %s with fault %q, want preempt and none", got.Reason, got.Fault)
	}
	r.prefers(t, 0)
	r.settled(t)
	back := time.Now()
	answered(t, asking, back, 30)
	report := asking.Stop()
	t.Logf("requests from the loss on: %s", report.Between(pulled, taken))
	t.Logf("requests from the return on: %s", report.Between(plugged, back))
	noneLost(t, report.Since(back))
}
