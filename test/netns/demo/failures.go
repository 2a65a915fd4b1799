package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lbha/lbha/test/netns"
)

// loseServer stops a web server and starts it again.
func (d *Demo) loseServer(ctx context.Context) error {
	d.screen.Step("A web server is stopped, and started again")
	p, err := d.traffic(ctx)
	if err != nil {
		return err
	}
	defer p.Stop()
	mark := time.Now()
	d.Web[0].Kill()
	d.screen.Waiting("the checks, once a second")
	gone, err := d.tablesHave(ctx, 1)
	if err != nil {
		return err
	}
	d.screen.Good("gone from both tables", "%s after it stopped", ms(gone.Sub(mark)))
	if err := answered(ctx, p, gone, 100); err != nil {
		return err
	}
	before, after := p.Report().Between(mark, gone), p.Report().Since(gone)
	d.screen.Fact("requests until then", "%d answered, %s", before.Answered(), lost(before))
	if err := d.hold(after.Failed() == 0, "requests after that", "%d answered, %s", after.Answered(), lost(after)); err != nil {
		return err
	}
	d.measured("dead web server out of both tables", "%s, then %d requests lost", ms(gone.Sub(mark)), after.Failed())

	mark = time.Now()
	if d.Web[0], err = d.Servers[0].StartWeb(80); err != nil {
		return err
	}
	d.screen.Waiting("the checks, twice good")
	back, err := d.tablesHave(ctx, 2)
	if err != nil {
		return err
	}
	d.screen.Good("back in both tables", "%s after it started", ms(back.Sub(mark)))
	if err := answered(ctx, p, back, 50); err != nil {
		return err
	}
	by := p.Report().Since(back).ByServer()
	d.measured("back in both tables", "%s", ms(back.Sub(mark)))
	return d.hold(by["server01"] > 0 && by["server03"] > 0, "answers since", "%d of server01, %d of server03", by["server01"], by["server03"])
}

// tablesHave waits until both directors say that their kernels have n servers,
// and then asks ipvsadm whether that is true.
func (d *Demo) tablesHave(ctx context.Context, n int) (time.Time, error) {
	for _, h := range d.Directors {
		if err := h.WaitUp(ctx, n); err != nil {
			return time.Time{}, err
		}
	}
	at := time.Now()
	for _, h := range d.Directors {
		table, err := h.IPVS(ctx)
		if err != nil {
			return at, err
		}
		if len(table) != 1 || len(table[0].Servers) != n {
			return at, d.hold(false, "ipvsadm on "+h.Name, "%v, want %d servers", table, n)
		}
	}
	return at, nil
}

// powerCut takes the Active off both its networks, as losing its power would.
func (d *Demo) powerCut(ctx context.Context) error {
	d.screen.Step("The Active director is cut off, as by a power cut")
	p, err := d.traffic(ctx)
	if err != nil {
		return err
	}
	defer p.Stop()
	from, err := d.Client.Neighbour(d.VIP.Addr())
	if err != nil {
		return err
	}
	mark := time.Now()
	active := d.Directors[0]
	if err := errors.Join(active.Cut("eth0"), active.Cut("eth1")); err != nil {
		return err
	}
	d.screen.Waiting("server05 to miss three adverts")
	if err := d.Directors[1].WaitState(ctx, "active"); err != nil {
		return err
	}
	if err := answered(ctx, p, mark, 50); err != nil {
		return err
	}
	report := p.Report().Since(mark.Add(-200 * time.Millisecond))
	gap, _ := report.LongestGap()
	d.screen.Good("no answer for", "%s", ms(gap))
	d.measured("power cut of the Active, no answer for", "%s", ms(gap))
	owns, err := d.Directors[1].Owns(d.VIP.Addr())
	if err != nil {
		return err
	}
	if err := d.hold(owns, "server05 has the VIP", "%v", owns); err != nil {
		return err
	}
	to, err := d.Client.Neighbour(d.VIP.Addr())
	if err != nil {
		return err
	}
	want, err := d.Directors[1].HardwareAddr("eth0")
	if err != nil {
		return err
	}
	if err := d.hold(to.String() == want.String(), "client's neighbour entry", "%s, was %s", to, from); err != nil {
		return err
	}
	tail := p.Report().Since(time.Now().Add(-time.Second))
	return d.hold(tail.Answered() > 0, "traffic flows", "%d answers in the last second", tail.Answered())
}

// heal lets the first director back in. It was alive and Active all the time.
func (d *Demo) heal(ctx context.Context) error {
	d.screen.Step("The first director is back: it was cut off, but alive and Active")
	watch, err := netns.WatchOwner(d.VIP.Addr(), d.Directors[:]...)
	if err != nil {
		return err
	}
	p, err := d.traffic(ctx)
	if err != nil {
		return err
	}
	defer p.Stop()
	mark := time.Now()
	active := d.Directors[0]
	if err := errors.Join(active.Heal("eth0"), active.Heal("eth1")); err != nil {
		return err
	}
	d.screen.Waiting("one of two Actives to give way")
	err = errors.Join(d.Directors[0].WaitState(ctx, "active"), d.Directors[1].WaitState(ctx, "backup"))
	if err != nil {
		return err
	}
	err = netns.Eventually(ctx, "one director has the VIP", func() error {
		if owners := watch.Timeline().Owners(); len(owners) != 1 {
			return fmt.Errorf("owners are %v", owners)
		}
		return nil
	})
	if err = errors.Join(err, answered(ctx, p, time.Now(), 50)); err != nil {
		return err
	}
	line := watch.Stop().Since(mark)
	gap, _ := p.Report().Since(mark.Add(-200 * time.Millisecond)).LongestGap()
	failed := p.Report().Since(mark)
	d.screen.Fact("both had the VIP for", "%s after the healing", ms(line.Overlap()))
	d.screen.Fact("requests meanwhile", "%s, longest gap %s", lost(failed), ms(gap))
	d.measured("healed, both had the VIP for", "%s, requests: %s, longest gap %s", ms(line.Overlap()), lost(failed), ms(gap))
	return d.hold(len(line.Owners()) == 1 && line.Owners()[0] == "server04", "owner of the VIP", "%v", line.Owners())
}

// crash kills the Active's daemon without a word.
func (d *Demo) crash(ctx context.Context) error {
	d.screen.Step("kill -9 of the Active's lbha: nobody is left to take its address off")
	watch, err := netns.WatchOwner(d.VIP.Addr(), d.Directors[:]...)
	if err != nil {
		return err
	}
	p, err := d.traffic(ctx)
	if err != nil {
		return err
	}
	defer p.Stop()
	s, err := d.Directors[0].Director(ctx)
	if err != nil {
		return err
	}
	lease := time.Duration(s.Routers[0].VIPs[0].Lease * float64(time.Second))
	mark := time.Now()
	d.lbha[0].Kill()
	d.screen.Waiting("the kernel's own clock, " + lease.String() + " of lease")
	if err := netns.Eventually(ctx, "server05 alone has the VIP", func() error {
		if owners := watch.Timeline().Owners(); len(owners) != 1 || owners[0] != "server05" {
			return fmt.Errorf("owners are %v", owners)
		}
		return nil
	}); err != nil {
		return err
	}
	if err := answered(ctx, p, time.Now(), 30); err != nil {
		return err
	}
	line := watch.Stop().Since(mark)
	var gone time.Duration
	for _, span := range line.Spans() {
		if len(span.Owners) == 1 && span.Owners[0] == "server05" {
			gone = span.From.Sub(mark)
			break
		}
	}
	gap, _ := p.Report().Since(mark.Add(-200 * time.Millisecond)).LongestGap()
	d.screen.Fact("longest gap while server05 took over", "%s: until then server04's kernel went on forwarding", ms(gap))
	// The kernel ends a lifetime within a second after it.
	if err := d.hold(gone <= lease+time.Second, "address gone by itself after", "%s; the lease is %s, which the kernel ends within 1 s", ms(gone), lease); err != nil {
		return err
	}
	d.measured("kill -9: address gone by itself", "%s (lease %s + 1 s at most), longest gap %s", ms(gone), lease, ms(gap))

	d.screen.Waiting("the daemon's return")
	if d.lbha[0], err = d.Directors[0].StartDirector(d.config); err != nil {
		return err
	}
	err = errors.Join(d.Directors[0].WaitState(ctx, "active"), d.Directors[1].WaitState(ctx, "backup"))
	if err != nil {
		return err
	}
	d.screen.Good("started again", "server04 is Active, server05 Backup")
	return nil
}
