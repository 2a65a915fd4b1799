package vrrp_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/lbha/lbha/internal/vrrp"
)

// trace prints what a reader of a scenario wants to see of one step: changes of
// state, and adverts that are not the beat of an Active.
func (s *stage) trace(n *node, ev vrrp.Event, _ vrrp.View, effects []vrrp.Effect) {
	_, beat := ev.(vrrp.Timer)
	beat = beat && len(effects) == 1
	for _, e := range effects {
		switch e := e.(type) {
		case vrrp.Send:
			if !beat {
				s.print("%s: advert, priority %d, every %s", n.name, e.Advert.Priority, e.Advert.Interval)
			}
		case vrrp.Become:
			s.print("%s: %s -> %s (%s)", n.name, e.From, e.To, e.Reason)
		}
	}
	s.whoIsActive()
}

// whoIsActive prints the routers that are Active when that has changed, and how
// long it was as it was before. That is what clients feel.
func (s *stage) whoIsActive() {
	var names []string
	for _, n := range s.active(-1) {
		names = append(names, n.name)
	}
	living := strings.Join(names, " and ")
	if living == "" {
		living = "nobody"
	}
	if living == s.living {
		return
	}
	if s.living != "" {
		s.print("    active: %s, after %s of %s", living, s.now.Sub(s.since), s.living)
	}
	s.living, s.since = living, s.now
}

// summary prints where a router ended.
func (s *stage) summary(n *node) {
	if n.m == nil {
		s.print("%s is not running", n.name)
		return
	}
	v := n.m.View()
	text := fmt.Sprintf("%s is %s since %s (%s), priority %d", n.name, v.State, clock(v.Since), v.Reason, v.Priority)
	if v.State == vrrp.Backup {
		text += fmt.Sprintf(", hears %s at priority %d every %s", v.Active, v.ActivePriority, v.ActiveAdverInterval)
	}
	if v.Heard.Mismatch != (vrrp.Mismatch{}) {
		text += fmt.Sprintf(", mismatch %v", v.Heard.Mismatch.Reasons())
	}
	s.print("%s", text)
}

func (s *stage) print(format string, args ...any) {
	fmt.Fprintf(&s.out, "%10s  %s\n", clock(s.now), fmt.Sprintf(format, args...))
}

// clock is virtual time in seconds since the epoch.
func clock(t time.Time) string { return fmt.Sprintf("%.6f", t.Sub(epoch).Seconds()) }
