//go:build lab

package drills

import (
	"net/netip"
	"testing"
	"time"

	"github.com/lbha/lbha/test/netns"
)

func TestForeignThingsStayAndOwnOnesAreRepaired(t *testing.T) {
	r := natRig(t)
	h := r.Directors[0]
	foreign := netns.VirtualService{Protocol: "TCP", Address: "192.168.24.99:80", Scheduler: "wlc",
		Servers: []netns.RealServer{{Address: "192.168.17.9:80", Forward: "Masq", Weight: 7}}}
	addForeign := func() {
		run(t, h, "ipvsadm -A -t 192.168.24.99:80 -s wlc")
		run(t, h, "ipvsadm -a -t 192.168.24.99:80 -r 192.168.17.9:80 -m -w 7")
	}
	r.calm(t)
	addForeign()
	run(t, h, "ip address add 192.168.24.77/24 dev eth0")
	foreignThere := func(when string) {
		t.Helper()
		if has, err := h.Owns(netip.MustParseAddr("192.168.24.77")); !has || err != nil {
			t.Errorf("%s the foreign address is there: %t, %v", when, has, err)
		}
	}
	ours := natWeb(inner03, inner01)
	r.up(t)
	sameTable(t, h, ours, foreign)
	foreignThere("after the start")
	was := r.router(t, 0)

	broken := time.Now()
	run(t, h, "ipvsadm -D -t 192.168.24.52:80")
	hasTable(t, h, ours, foreign)
	t.Logf("service repaired %s after somebody deleted it", since(broken))
	broken = time.Now()
	run(t, h, "ipvsadm -C")
	hasTable(t, h, ours)
	t.Logf("table repaired %s after somebody flushed it", since(broken))
	addForeign()

	watch, err := netns.WatchOwner(r.VIP.Addr(), h)
	must(t, err)
	broken = time.Now()
	run(t, h, "ip address del 192.168.24.52/24 dev eth0")
	owns(t, h, r.VIP.Addr(), true)
	t.Logf("VIP repaired: away for %s", watch.Stop().Since(broken).Void().Round(100*time.Microsecond))
	r.unmoved(t, 0, was)
	r.shared(t)
	foreignThere("after the repairs")

	must(t, r.daemons[0].Stop(t.Context()))
	sameTable(t, h, ours, foreign)
	foreignThere("after the stop")
	owns(t, h, r.VIP.Addr(), false)
}
