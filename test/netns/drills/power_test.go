//go:build lab

package drills

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/test/netns"
)

func TestPowerCutOfTheActiveAndItsReturn(t *testing.T) {
	r := natRig(t)
	r.calm(t)
	r.up(t)
	r.powerCut(t, "eth0", "eth1")
}

// powerCut cuts server04 off, which stays alive and Active, and heals it.
func (r *rig) powerCut(t *testing.T, links ...string) {
	t.Helper()
	first, second := r.Directors[0], r.Directors[1]
	for _, h := range r.Directors {
		must(t, h.Echo(7))
	}
	outage, err := r.Client.ProbeUDP(netip.AddrPortFrom(r.VIP.Addr(), 7), 10*time.Millisecond)
	must(t, err)
	asking := r.ask()
	owner, err := netns.WatchOwner(r.VIP.Addr(), first, second)
	must(t, err)
	answered(t, asking, time.Time{}, 20)
	r.prefers(t, 0)
	was := r.router(t, 0)

	cut := time.Now()
	for _, link := range links {
		must(t, first.Cut(link))
	}
	r.becomes(t, 1, "active")
	r.prefers(t, 1)
	taken := time.Now()
	answered(t, asking, taken, 30)
	datagrams := outage.Stop().Since(cut.Add(-time.Second))
	gap, _ := datagrams.LongestGap()
	t.Logf("outage of the power cut %s (%s)", gap, datagrams)
	if got := r.router(t, 1).Reason; got != "timeout" {
		t.Errorf("server05 took over because of %s, want timeout", got)
	}
	r.unmoved(t, 0, was) // it has noticed nothing

	healed := time.Now()
	for _, link := range links {
		must(t, first.Heal(link))
	}
	r.becomes(t, 1, "backup")
	eventually(t, "one director has the VIP", func() error {
		if diff := cmp.Diff([]string{"server04"}, owner.Timeline().Owners()); diff != "" {
			return fmt.Errorf("owners (-want +got):\n%s", diff)
		}
		return nil
	})
	t.Logf("one Active %s after healing", since(healed))
	r.prefers(t, 0)
	t.Logf("client follows %s after healing", since(healed))
	// Without that the client doubts its neighbour entry by itself, after half a minute.
	if !strings.Contains(r.daemons[0].Log(), "announcing the addresses again") {
		t.Error("server04 does not say that it announced its addresses again when it heard another Active")
	}
	r.settled(t)
	back := time.Now()
	answered(t, asking, back, 30)
	report := asking.Stop()
	line := owner.Stop()
	t.Logf("owners of the VIP: %s", line)
	t.Logf("overlap on healing %s", line.Since(healed).Overlap().Round(100*time.Microsecond))
	t.Logf("requests from the cut on: %s", report.Between(cut, taken))
	t.Logf("requests from healing on: %s", report.Between(healed, back))
	noneLost(t, report.Between(taken, healed.Add(-time.Second)))
	noneLost(t, report.Since(back))
	r.shared(t)
}
