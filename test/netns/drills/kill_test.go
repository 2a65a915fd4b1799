//go:build lab

package drills

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/test/netns"
)

func TestKilledActiveLosesItsAddressesByTheKernelsClock(t *testing.T) {
	r := natRig(t)
	r.edit(t, "timeout", "1s") // nothing but the kill may touch the table
	r.up(t)
	r.shared(t) // so that the counters say something
	first, second := r.Directors[0], r.Directors[1]
	wantTable := table(t, first)
	addrs := []netip.Addr{r.VIP.Addr(), innerGateway}
	var watches []*netns.OwnerWatch
	for _, addr := range addrs {
		w, err := netns.WatchOwner(addr, first, second)
		must(t, err)
		watches = append(watches, w)
	}

	killed := r.kill(0)
	r.becomes(t, 1, "active")
	for i, addr := range addrs {
		owns(t, second, addr, true)
		owns(t, first, addr, false)
		line := watches[i].Stop().Since(killed)
		t.Logf("%s after kill -9: %s (overlap %s)", addr, line, line.Overlap().Round(time.Millisecond))
	}
	sameTable(t, first, wantTable...)
	r.shared(t)

	before := served(t, first)
	r.start(t, 0)
	eventually(t, "server04 is active again", func() error {
		// At each look: nothing was taken out and nothing counted anew.
		sameTable(t, first, wantTable...)
		for server, n := range served(t, first) {
			if n < before[server] {
				t.Fatalf("connections of %s were counted to %d, now %d: the server was taken out and put back", server, before[server], n)
			}
		}
		return r.is(t, 0, "active")
	})
	if !strings.Contains(r.daemons[0].Log(), "found what an earlier life left") {
		t.Error("server04 does not say that it found what its earlier life left")
	}
	r.settled(t)
	r.prefers(t, 0)
	r.shared(t)
}

// served is how many connections each real server was given since it came into
// the host's table.
func served(t *testing.T, h *netns.Host) map[string]int {
	t.Helper()
	out := map[string]int{}
	for line := range strings.Lines(run(t, h, "ipvsadm -Ln --stats --exact")) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[0] != "->" {
			continue
		}
		if n, err := strconv.Atoi(fields[2]); err == nil {
			out[fields[1]] = n
		}
	}
	if len(out) == 0 {
		t.Fatalf("ipvsadm shows no real server on %s", h.Name)
	}
	return out
}

func TestKilledActiveThatStartsAgainAtOnceGoesOnWithTheRole(t *testing.T) {
	r := natRig(t)
	r.calm(t)
	// On a busy machine this kernel takes seconds to start a program. The one-second
	// case is drilled in the package plain, where that takes none.
	r.edit(t, "advertisement_interval", "3s")
	r.up(t)
	first, second := r.Directors[0], r.Directors[1]
	was := r.router(t, 1)
	owner, err := netns.WatchOwner(r.VIP.Addr(), first, second)
	must(t, err)
	asking := r.askEvery(200 * time.Millisecond)
	answered(t, asking, time.Time{}, 20)

	killed := r.kill(0)
	r.start(t, 0)
	r.becomes(t, 0, "active")
	t.Logf("Active again %s after kill -9", since(killed))
	if got := r.router(t, 0).Reason; got != "adopted" {
		t.Errorf("server04 is active because of %s, want adopted", got)
	}
	r.settled(t)
	answered(t, asking, time.Now(), 20)
	report := asking.Stop()
	line := owner.Stop()
	t.Logf("owners of the VIP: %s", line)
	t.Logf("requests from kill -9 on: %s", report.Since(killed))
	noneLost(t, report)
	r.unmoved(t, 1, was)
	for _, s := range line.Spans() {
		if diff := cmp.Diff([]string{"server04"}, s.Owners); diff != "" {
			t.Errorf("for %s the VIP was on %v, want on server04 all the time", s.Duration(), s.Owners)
		}
	}
}
