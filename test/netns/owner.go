package netns

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
)

// OwnerWatch records which hosts have an address, from the kernel's own
// notifications: nothing falls between two looks.
type OwnerWatch struct {
	addr  netip.Addr
	done  chan struct{}
	loops sync.WaitGroup

	mu       sync.Mutex
	timeline Timeline
}

// WatchOwner starts to record which of the hosts have addr on a link (lo does not
// count).
func WatchOwner(addr netip.Addr, hosts ...*Host) (*OwnerWatch, error) {
	w := &OwnerWatch{addr: addr, done: make(chan struct{})}
	for _, h := range hosts {
		updates := make(chan netlink.AddrUpdate, 256)
		// Subscribed first, listed then: a change between the two is seen twice.
		err := netlink.AddrSubscribeWithOptions(updates, w.done, netlink.AddrSubscribeOptions{Namespace: &h.ns})
		if err == nil {
			var has bool
			if has, err = h.Owns(addr); has {
				w.record(h.Name, true)
			}
		}
		if err != nil {
			close(w.done)
			return nil, fmt.Errorf("watch %s on %s: %w", addr, h.Name, err)
		}
		w.loops.Go(func() {
			for u := range updates {
				if ip, ok := netip.AddrFromSlice(u.LinkAddress.IP); ok && ip.Unmap() == addr && u.LinkIndex != 1 {
					w.record(h.Name, u.NewAddr)
				}
			}
		})
	}
	w.mu.Lock()
	w.timeline.Start = time.Now()
	w.mu.Unlock()
	return w, nil
}

func (w *OwnerWatch) record(host string, has bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timeline.Changes = append(w.timeline.Changes, OwnerChange{At: time.Now(), Host: host, Has: has})
}

// Timeline returns what was recorded up to now.
func (w *OwnerWatch) Timeline() Timeline {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.timeline
	t.Changes = slices.Clone(t.Changes)
	t.End = time.Now()
	return t
}

// Stop stops recording and returns the whole timeline.
func (w *OwnerWatch) Stop() Timeline {
	t := w.Timeline()
	close(w.done)
	w.loops.Wait()
	return t
}

// Timeline says who had an address from Start to End. Changes before Start are
// the state that was found.
type Timeline struct {
	Start, End time.Time
	Changes    []OwnerChange
}

// OwnerChange is a host getting an address, or losing it. A renewal is a change
// from having it to having it.
type OwnerChange struct {
	At   time.Time
	Host string
	Has  bool
}

// Span is a time during which the same hosts had the address.
type Span struct {
	From, To time.Time
	Owners   []string // sorted; nil if nobody had it
}

// Duration is how long it was.
func (s Span) Duration() time.Duration { return s.To.Sub(s.From) }

// Spans returns the timeline as spans without gaps, neighbours differing.
func (t Timeline) Spans() []Span {
	var out []Span
	var owners []string
	from := t.Start
	end := func(at time.Time) {
		if at.After(from) {
			out = append(out, Span{From: from, To: at, Owners: append([]string(nil), owners...)})
			from = at
		}
	}
	for _, c := range t.Changes {
		i, has := slices.BinarySearch(owners, c.Host)
		if has == c.Has {
			continue
		}
		end(c.At)
		if c.Has {
			owners = slices.Insert(owners, i, c.Host)
		} else {
			owners = slices.Delete(owners, i, i+1)
		}
	}
	end(t.End)
	return out
}

// Void is the longest time during which nobody had the address.
func (t Timeline) Void() time.Duration {
	return t.longest(func(s Span) bool { return len(s.Owners) == 0 })
}

// Overlap is the longest time during which more than one host had it.
func (t Timeline) Overlap() time.Duration {
	return t.longest(func(s Span) bool { return len(s.Owners) > 1 })
}

func (t Timeline) longest(counts func(Span) bool) time.Duration {
	var longest time.Duration
	for _, s := range t.Spans() {
		if counts(s) {
			longest = max(longest, s.Duration())
		}
	}
	return longest
}

// Since returns the timeline from mark on, which starts with the owners of that
// moment.
func (t Timeline) Since(mark time.Time) Timeline {
	if mark.After(t.Start) {
		t.Start = mark
	}
	return t
}

// Owners are the hosts that have the address at the end, sorted.
func (t Timeline) Owners() []string {
	spans := t.Spans()
	if len(spans) == 0 {
		return nil
	}
	return spans[len(spans)-1].Owners
}

// String is one line for a person: server04 120ms, nobody 34ms, server05 1.2s.
func (t Timeline) String() string {
	var parts []string
	for _, s := range t.Spans() {
		who := "nobody"
		if len(s.Owners) > 0 {
			who = strings.Join(s.Owners, "+")
		}
		parts = append(parts, who+" "+s.Duration().Round(100*time.Microsecond).String())
	}
	return strings.Join(parts, ", ")
}
