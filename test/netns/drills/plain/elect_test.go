//go:build lab

package plain

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lbha/lbha/test/netns"
	"github.com/lbha/lbha/test/netns/kernel"
)

func TestPlainPairElectsAndMoves(t *testing.T) {
	l := newLAN(t)
	file := minimal(t)
	first, second := start(t, l.first, file), start(t, l.second, file)
	becomes(t, first, "active")
	was := becomes(t, second, "backup")
	owns(t, l.first, true)
	owns(t, l.second, false)
	if was.Active == nil || was.Active.Address != "192.168.17.103" || was.Active.Priority != 150 || was.Active.Checksum != "rfc9568" {
		t.Errorf("server05 heard %+v as Active, want 192.168.17.103 at 150 with rfc9568", was.Active)
	}

	must(t, first.Stop(t.Context()))
	if r := becomes(t, second, "active"); r.Reason != "priority_zero" {
		t.Errorf("server05 took over because of %s, want priority_zero", r.Reason)
	}
	owns(t, l.first, false)
	owns(t, l.second, true)

	first = start(t, l.first, file)
	if r := becomes(t, first, "active"); r.Reason != "preempt" {
		t.Errorf("server04 came back because of %s, want preempt", r.Reason)
	}
	if r := becomes(t, second, "backup"); r.Reason != "higher_priority" {
		t.Errorf("server05 gave way because of %s, want higher_priority", r.Reason)
	}
	owns(t, l.second, false)
}

// The default interval of a second leaves a daemon that is started again at once
// more time than it needs: its addresses still stand, and nobody has missed it.
func TestPlainDaemonThatStartsAgainAtOnceLosesNothing(t *testing.T) {
	l := newLAN(t)
	for _, h := range []*netns.Host{l.first, l.second} {
		must(t, h.Echo(7))
	}
	file := minimal(t)
	if os.Getenv(kernel.EnvWorld) == kernel.UML.String() {
		// There a program may take seconds to start.
		file = minimal(t, `  advertisement_interval = "3s"`)
	}
	first, second := start(t, l.first, file), start(t, l.second, file)
	becomes(t, first, "active")
	was := becomes(t, second, "backup")
	probe, err := l.third.ProbeUDP(netip.AddrPortFrom(vip, 7), 2*time.Millisecond)
	must(t, err)
	answered := func(n int) {
		t.Helper()
		mark := time.Now()
		eventually(t, fmt.Sprintf("%d datagrams are answered", n), func() error {
			if r := probe.Report().Since(mark); len(r.Datagrams)-r.Lost() < n {
				return fmt.Errorf("%s", r)
			}
			return nil
		})
	}
	answered(100)

	mark := time.Now()
	first.Kill()
	first = start(t, l.first, file)
	if r := becomes(t, first, "active"); r.Reason != "adopted" {
		t.Errorf("server04 is active because of %s, want adopted", r.Reason)
	}
	t.Logf("Active again %s after kill -9", time.Since(mark).Round(time.Millisecond))
	answered(500)
	if strings.Contains(first.Log(), "put back") {
		t.Error("server04 put a kernel setting back, want its earlier life's to stand")
	}
	report := probe.Stop().Since(mark)
	t.Log(report)
	if report.Lost() > 0 {
		t.Errorf("%d datagrams were lost from kill -9 on, want none", report.Lost())
	}
	if now, err := router(t, second); err != nil || !now.Since.Equal(was.Since) {
		t.Errorf("server05 is %s since %s, %v, want it backup all the time", now.State, now.Since, err)
	}
}
