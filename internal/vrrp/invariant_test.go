package vrrp_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lbha/lbha/internal/vrrp"
)

var (
	schedules = flag.Int("schedules", 3000, "how many random schedules to play")
	firstSeed = flag.Uint64("seed", 1, "seed of the first schedule; with -schedules=1, the one to play again")
)

// TestRandomSchedules plays random disturbances over random links of two to
// four routers and checks the invariants of checker after every event, and that
// in the end, when all is well, each link has one Active. A failure names the
// seed that plays it again.
func TestRandomSchedules(t *testing.T) {
	for seed := *firstSeed; seed < *firstSeed+uint64(*schedules); seed++ {
		c := newChecker(t, seed)
		if c.play(); t.Failed() {
			t.Fatalf("to play it again: go test -run TestRandomSchedules -schedules 1 -seed %d -v\n%s", seed, c.story())
		}
	}
}

// checker watches a network. Its rules:
//
//   - one Active per side within a bounded time after the last disturbance, and
//     none of lower priority than a living router that preempts (settled);
//   - two Actives on one side of an undisturbed link for at most one interval
//     and the way of an advert (overlap);
//   - an Active that has been silent for its Active_Down_Interval does not send
//     before it has stepped down, and only an Active sends (afterStep);
//   - a state has a deadline, or waits for an event (afterStep);
//   - a Timer before the deadline changes nothing (staleTimer);
//   - effects tell the truth in the right order (effects).
type checker struct {
	*network
	seed    uint64
	quiet   time.Time           // when the last disturbance was over
	sent    map[*node]time.Time // last advert of priority over 0
	overlap map[int]time.Time   // per side, since when it has two Actives
	log     []happening         // of the last steps, for a failure
	probing bool                // staleTimer is at work
	slowest time.Duration       // the longest interval any router has had
	base    time.Duration       // the interval that all are near
}

func newChecker(t testing.TB, seed uint64) *checker {
	c := &checker{network: newNetwork(t, seed), seed: seed, quiet: epoch,
		sent: map[*node]time.Time{}, overlap: map[int]time.Time{}}
	c.saw = c.afterStep
	return c
}

func (c *checker) errorf(format string, args ...any) {
	c.t.Helper()
	c.t.Errorf("seed %d, %s: %s", c.seed, clock(c.now), fmt.Sprintf(format, args...))
}

// happening is one line of the story; it is made into text only for a failure.
type happening struct {
	at      time.Time
	who     string
	what    any
	effects []vrrp.Effect
}

// note keeps the last steps of the story.
func (c *checker) note(who string, what any, effects []vrrp.Effect) {
	if len(c.log) == 60 {
		c.log = slices.Delete(c.log, 0, 30)
	}
	c.log = append(c.log, happening{c.now, who, what, effects})
}

func (c *checker) story() string {
	var s strings.Builder
	for _, h := range c.log {
		fmt.Fprintf(&s, "%s  %s: %T%+v", clock(h.at), h.who, h.what, h.what)
		for _, e := range h.effects {
			fmt.Fprintf(&s, " [%s]", effectText(e))
		}
		s.WriteByte('\n')
	}
	return s.String()
}

// afterStep checks one step of one machine.
func (c *checker) afterStep(n *node, ev vrrp.Event, before vrrp.View, effects []vrrp.Effect) {
	after := n.m.View()
	c.note(n.name, ev, effects)
	c.effects(n, before, after, effects)

	deadline, ok := n.m.Deadline()
	running := after.State == vrrp.Backup || after.State == vrrp.Active
	if ok != running {
		c.errorf("%s is %s and has a deadline: %t", n.name, after.State, ok)
	}
	if _, timer := ev.(vrrp.Timer); timer && ok && !deadline.After(c.now) {
		c.errorf("%s: the Timer did not move the deadline", n.name)
	}
	// The longest wait there is: an Active_Down_Interval of the slowest.
	if limit := c.now.Add(4 * c.maxInterval()); ok && deadline.After(limit) {
		c.errorf("%s is %s and waits until %s", n.name, after.State, clock(deadline))
	}
	c.overlaps()
	if !c.probing {
		c.staleTimer(n)
	}
}

// effects checks that a step told what it did, in order, and sent only what
// its role allows.
func (c *checker) effects(n *node, before, after vrrp.View, effects []vrrp.Effect) {
	state := before.State
	for i, e := range effects {
		switch e := e.(type) {
		case vrrp.Send:
			c.sends(n, state, before, after, effects[i:], e.Advert)
		case vrrp.Become:
			if e.From != state || e.To == state || e.Reason == vrrp.ReasonNone {
				c.errorf("%s was %s and tells %s", n.name, state, effectText(e))
			}
			state = e.To
		}
	}
	if state != after.State {
		c.errorf("%s is %s and told %s", n.name, after.State, state)
	}
}

func (c *checker) sends(n *node, state vrrp.State, before, after vrrp.View, rest []vrrp.Effect, a vrrp.Advert) {
	becomes := func(to vrrp.State) bool {
		if len(rest) < 2 {
			return false
		}
		b, ok := rest[1].(vrrp.Become)
		return ok && b.To == to
	}
	if state == vrrp.Active && !c.sent[n].IsZero() && c.now.Sub(c.sent[n]) > before.ActiveDownInterval {
		c.errorf("%s was silent for %s, and sends without having listened", n.name, c.now.Sub(c.sent[n]))
	}
	switch {
	case a.Priority == 0:
		if state != vrrp.Active || !becomes(vrrp.Initialize) && !becomes(vrrp.Fault) {
			c.errorf("%s says priority 0 and does not leave", n.name)
		}
		return
	case state != vrrp.Active && !becomes(vrrp.Active):
		c.errorf("%s sends although %s", n.name, state)
	case a.Priority != after.Priority || a.Interval != n.cfg.Interval || a.VRID != n.cfg.VRID:
		c.errorf("%s sends %+v", n.name, a)
	}
	c.sent[n] = c.now
}

// overlaps checks how long a side has had two Actives. On a link that is
// disturbed nothing is promised; the clock starts when that is over.
func (c *checker) overlaps() {
	for side := range 2 {
		if list := c.active(side); len(list) < 2 {
			delete(c.overlap, side)
		} else if since, ok := c.overlap[side]; !ok {
			c.overlap[side] = c.now
		} else if d := c.now.Sub(later(since, c.quiet)); c.sound() && d > c.maxInterval()+2*(c.delay+c.spread)+c.late {
			c.errorf("%s and %s are both Active for %s", list[0].name, list[1].name, d)
		}
	}
}

// sound reports whether adverts get through.
func (c *checker) sound() bool { return c.loss == 0 && !c.quiet.After(c.now) }

// staleTimer gives a Timer before its time and looks for any trace of it.
func (c *checker) staleTimer(n *node) {
	deadline, ok := n.m.Deadline()
	if ok && !deadline.After(c.now) || c.rng.IntN(8) != 0 {
		return
	}
	before := n.m.View()
	c.probing = true
	effects := n.m.Step(c.now, vrrp.Timer{})
	c.probing = false
	if d, _ := n.m.Deadline(); len(effects) > 0 || n.m.View() != before || !d.Equal(deadline) {
		c.errorf("%s: a Timer before the deadline had an effect: %v", n.name, effects)
	}
}

// maxInterval is the longest interval that any router has had: others may
// still go by it.
func (c *checker) maxInterval() time.Duration {
	for _, n := range c.nodes {
		c.slowest = max(c.slowest, n.cfg.Interval)
	}
	return c.slowest
}

// settled checks that the election is over on a side of living routers.
func (c *checker) settled() {
	list := c.active(0)
	if len(list) != 1 {
		c.errorf("%d Actives after all was well for long", len(list))
		return
	}
	v := list[0].m.View()
	for _, n := range c.nodes {
		o := n.m.View()
		if n != list[0] && (o.State != vrrp.Backup || o.Active != list[0].addr) {
			c.errorf("%s is %s and takes %s for Active", n.name, o.State, o.Active)
		}
		if o.Preempt && o.Priority > v.Priority {
			c.errorf("%s at priority %d does not preempt %s at %d", n.name, o.Priority, list[0].name, v.Priority)
		}
	}
}
