//go:build lab

package drills

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/test/netns"
)

func TestStoppedActiveHandsOverAndPutsEverythingBack(t *testing.T) {
	r := natRig(t)
	first, second := r.Directors[0], r.Directors[1]
	const forward = "/proc/sys/net/ipv4/ip_forward"
	before := read(t, first, forward)
	r.calm(t)
	r.up(t)
	if got := read(t, first, forward); got != "1" {
		t.Errorf("%s is %s while lbha runs, want 1", forward, got)
	}
	owner, err := netns.WatchOwner(r.VIP.Addr(), first, second)
	must(t, err)
	asking := r.ask()
	answered(t, asking, time.Time{}, 20)

	stopped := time.Now()
	must(t, r.daemons[0].Stop(t.Context()))
	t.Logf("ended %s after SIGTERM", since(stopped))
	if status, err := r.daemons[0].Wait(t.Context()); err != nil || status != 0 {
		t.Errorf("exit status is %d, %v, want 0", status, err)
	}
	for _, addr := range []netip.Addr{r.VIP.Addr(), innerGateway} {
		if has, err := first.Owns(addr); has || err != nil {
			t.Errorf("server04 has %s after it stopped: %t, %v", addr, has, err)
		}
	}
	if got := read(t, first, forward); got != before {
		t.Errorf("%s is %s after lbha stopped, want %s as before it started", forward, got, before)
	}
	sameTable(t, first, natWeb(inner03, inner01)) // on_stop = "keep"
	claims(t, first, []string{"tcp 192.168.24.52:80"})
	left := strings.Fields(run(t, first, "ls /run/lbha"))
	// The lock stays for ever, so that there is never more than one of its name.
	left = slices.DeleteFunc(left, func(name string) bool { return name == "owned.json.lock" })
	if !cmp.Equal(left, []string{"owned.json"}) {
		t.Errorf("/run/lbha holds %v, want the ledger and its lock only", left)
	}

	r.becomes(t, 1, "active")
	if got := r.router(t, 1).Reason; got != "priority_zero" {
		t.Errorf("server05 took over because of %s, want priority_zero", got)
	}
	r.prefers(t, 1)
	taken := time.Now()
	answered(t, asking, taken, 20)
	report := asking.Stop().Since(stopped)
	t.Logf("nobody had the VIP for %s", owner.Stop().Since(stopped).Void().Round(100*time.Microsecond))
	t.Logf("requests from SIGTERM on: %s", report)
	noneLost(t, report.Since(taken))
}

// claims expects that the host's ledger names these services and nothing else.
func claims(t *testing.T, h *netns.Host, services []string) {
	t.Helper()
	var got struct {
		Services           []string
		Addresses, Sysctls []any
	}
	text := read(t, h, "/run/lbha/owned.json")
	must(t, json.Unmarshal([]byte(text), &got))
	if !cmp.Equal(got.Services, services) || len(got.Addresses)+len(got.Sysctls) > 0 {
		t.Errorf("owned.json of %s is\n%s\nwant %v and nothing else", h.Name, text, services)
	}
}
