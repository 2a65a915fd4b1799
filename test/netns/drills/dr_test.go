//go:build lab

package drills

import "testing"

func TestDRPairSharesEvenlyAndSurvivesAPowerCut(t *testing.T) {
	r := drRig(t)
	r.calm(t)
	r.up(t)
	for _, h := range r.Directors {
		sameTable(t, h, web("192.168.17.205:80", "Route", inner03, inner01))
	}
	owns(t, r.Directors[0], r.VIP.Addr(), true)
	owns(t, r.Directors[1], r.VIP.Addr(), false)
	r.shared(t)
	// The real servers have the VIP on lo: nobody but the director says so.
	r.prefers(t, 0)
	for _, h := range r.Servers {
		r.clientsSeen(t, h, "192.168.17.10")
	}
	r.powerCut(t, "eth0")
}
