package vrrp_test

import (
	"net/netip"
	"time"

	"github.com/lbha/lbha/internal/vrrp"
)

// play runs one schedule: random routers on a random link, disturbances for a
// while, then repair, and the end of the election.
func (c *checker) play() {
	c.setUp()
	tick := c.maxInterval()
	for range 8 + c.rng.IntN(12) {
		c.disturb(c.nodes[c.rng.IntN(len(c.nodes))])
		// Sometimes at once, sometimes when all has settled.
		c.run(c.now.Add(c.upTo(tick * time.Duration(1+c.rng.IntN(8)))))
		if c.t.Failed() {
			return
		}
	}
	c.repair()
	c.run(c.now.Add(c.bound()))
	c.settled()
	until := c.now.Add(20 * tick)
	for c.now.Before(until) && !c.t.Failed() {
		c.run(c.now.Add(tick / 3))
		c.settled() // and it stays so
	}
}

// bound is how long an election may take after the last disturbance, in the
// longest interval on the link: an Active that was learnt of may have to be
// given up (4), a Backup that was late listens on (2), the next in line has a
// longer skew (1) or preempts the first (4), and one more for what is under way.
func (c *checker) bound() time.Duration { return 12*c.maxInterval() + 10*(c.delay+c.spread+c.late) }

func (c *checker) setUp() {
	intervals := []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, sec}
	base := intervals[c.rng.IntN(len(intervals))]
	c.base = base
	c.delay, c.spread = c.upTo(base/20), c.upTo(base/20)
	if c.rng.IntN(2) == 0 {
		c.late = c.upTo(base / 5)
	}
	preempt := c.rng.IntN(3) > 0
	for i := range 2 + c.rng.IntN(3) {
		name := string(rune('a' + i))
		addr := netip.AddrFrom4([4]byte{byte(c.rng.IntN(2) * 190), byte(c.rng.IntN(256)), 0, byte(i + 1)})
		n := c.add(name, addr, config(interval(base), priority(c.randomPriority())))
		n.cfg.Preempt = preempt
		n.cfg.Checksum = vrrp.Checksum(c.rng.IntN(2))
		if c.rng.IntN(4) == 0 {
			n.cfg.Interval = base * time.Duration(1+c.rng.IntN(4))
		}
		if c.rng.IntN(3) > 0 {
			c.start(n, 0)
		}
	}
}

// randomPriority makes ties, owners and the extremes likely.
func (c *checker) randomPriority() uint8 {
	few := []uint8{1, 100, 100, 101, 254, 255}
	if i := c.rng.IntN(2 * len(few)); i < len(few) {
		return few[i]
	}
	return uint8(1 + c.rng.IntN(254))
}

// disturbance names one in the story.
type disturbance string

// disturb does one thing to one router or to the link.
func (c *checker) disturb(n *node) {
	verbs := []struct {
		name string
		do   func()
	}{
		{"crash", func() { c.crash(n) }},
		{"start", func() { c.startIfDead(n) }},
		{"start", func() { c.startIfDead(n) }},
		{"stop", func() { c.give(n, vrrp.Shutdown{}) }},
		{"freeze", func() { n.frozen = n.m != nil }},
		{"wake", func() { c.wake(n, false) }},
		{"wake, timer first", func() { c.wake(n, true) }},
		{"cut", func() { n.side = 1 }},
		{"heal", c.heal},
		{"loss", func() { c.loss = float64(c.rng.IntN(2)) * c.rng.Float64() / 2 }},
		{"dup", func() { c.dup = float64(c.rng.IntN(2)) * c.rng.Float64() / 2 }},
		{"link down", func() { c.give(n, vrrp.LinkDown{Why: "eth1 is down"}) }},
		{"link up", func() { c.give(n, vrrp.LinkUp{Source: n.addr}) }},
		{"hold", func() { c.give(n, vrrp.HoldPreempt{On: true}) }},
		{"release", func() { c.give(n, vrrp.HoldPreempt{}) }},
		{"priority", func() { c.give(n, vrrp.SetPriority{Priority: uint8(c.rng.IntN(256))}) }},
		{"stalled", func() { c.give(n, vrrp.Stalled{}) }},
		{"reconfigure", func() { c.reconfigure(n) }},
	}
	v := verbs[c.rng.IntN(len(verbs))]
	c.note(n.name, disturbance(v.name), nil)
	c.overlaps() // of the time until now
	c.quiet = c.now
	v.do()
}

func (c *checker) startIfDead(n *node) {
	if n.m == nil {
		delete(c.sent, n)
		c.start(n, c.upTo(n.cfg.Interval)*time.Duration(c.rng.IntN(2)))
	} else {
		c.give(n, vrrp.Startup{Source: n.addr, Listen: c.upTo(n.cfg.Interval)})
	}
}

func (c *checker) reconfigure(n *node) {
	if n.frozen {
		return // its driver could not have been told
	}
	switch c.rng.IntN(3) {
	case 0:
		n.cfg.Priority = c.randomPriority()
	case 1:
		n.cfg.Interval = c.base * time.Duration(1+c.rng.IntN(4))
	case 2:
		n.cfg.Checksum ^= 1
	}
	c.give(n, vrrp.Reconfigure{Config: n.cfg})
}

func (c *checker) heal() {
	for _, n := range c.nodes {
		n.side = 0
	}
	clear(c.overlap)
}

// repair ends all disturbances: everything runs, hears and is heard.
func (c *checker) repair() {
	c.note("all", disturbance("repair"), nil)
	c.quiet = c.now
	c.loss, c.dup = 0, 0
	c.heal()
	for _, n := range c.nodes {
		switch {
		case n.frozen:
			c.wake(n, false)
		case n.m == nil:
			c.startIfDead(n)
		}
		c.give(n, vrrp.Startup{Source: n.addr})
		c.give(n, vrrp.LinkUp{Source: n.addr})
		c.give(n, vrrp.HoldPreempt{})
	}
}
