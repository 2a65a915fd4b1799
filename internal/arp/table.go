package arp

import (
	"cmp"
	"slices"
	"time"
)

// late is how long after its time a burst is taken for one that was overslept:
// the process was stopped, or the machine. The other director may have taken
// over meanwhile, so such a burst is put off by as much, for the owner of the
// claims to withdraw them.
const late = time.Second

// An entry is a claim with what has been done for it.
type entry struct {
	claim    Claim
	schedule Schedule
	born     uint64 // differs if the claim was withdrawn and made again
	frames   []Frame

	bursts int       // complete ones
	failed int       // attempts in a row that were not
	err    error     // of the last attempt, or why there are no frames
	last   time.Time // of the last complete burst
	next   time.Time // zero: never
	putOff bool      // the burst that is due was overslept, and waited for it
}

func newEntry(c Claim, w wanted, now time.Time) *entry {
	e := &entry{claim: c, schedule: w.schedule, born: w.born}
	if e.frames, e.err = Frames(c); e.err == nil {
		e.next = now
	}
	return e
}

// sent notes a complete burst.
func (e *entry) sent(now time.Time, jitter float64) {
	e.bursts++
	e.failed, e.err, e.last, e.putOff = 0, nil, now, false
	e.next, _ = e.schedule.Next(e.bursts, now, jitter)
}

// notSent notes a burst that did not go out whole; it stays due.
func (e *entry) notSent(now time.Time, err error) {
	e.failed++
	e.err, e.putOff = err, false
	e.next = now.Add(retryAfter(e.failed))
}

// reschedule gives a claim that goes on another schedule.
func (e *entry) reschedule(s Schedule, jitter float64) {
	e.schedule = s
	if e.bursts > 0 && e.failed == 0 {
		e.next, _ = s.Next(e.bursts, e.last, jitter)
	}
}

// A table holds the entries in the order in which they are due.
type table []*entry

// set makes the claims of want the table's own. Claims that are new, or were
// made again since, are due now. It returns the new ones that can never be sent.
func (t *table) set(want map[Claim]wanted, now time.Time, jitter func() float64) (broken []*entry) {
	known := make(map[Claim]*entry, len(*t))
	for _, e := range *t {
		known[e.claim] = e
	}
	*t = (*t)[:0]
	for c, w := range want {
		e := known[c]
		switch {
		case e == nil || e.born != w.born:
			e = newEntry(c, w, now)
			if e.err != nil {
				broken = append(broken, e)
			}
		case e.schedule != w.schedule:
			e.reschedule(w.schedule, jitter())
		}
		*t = append(*t, e)
	}
	t.sort()
	slices.SortFunc(broken, func(a, b *entry) int { return a.claim.compare(b.claim) })
	return broken
}

// sort puts the table in order again after entries have changed.
func (t table) sort() {
	slices.SortFunc(t, func(a, b *entry) int {
		if a.next.IsZero() != b.next.IsZero() {
			if a.next.IsZero() {
				return 1
			}
			return -1
		}
		return cmp.Or(a.next.Compare(b.next), a.claim.compare(b.claim))
	})
}

// due returns the entries whose burst is due, the longest first. Those that
// were overslept are put off instead, once.
func (t table) due(now time.Time) []*entry {
	var due []*entry
	for _, e := range t {
		if e.next.IsZero() || e.next.After(now) {
			break
		}
		if now.Sub(e.next) > late && !e.putOff {
			e.next, e.putOff = now.Add(late), true
			continue
		}
		due = append(due, e)
	}
	return due
}

// next returns when the next burst is due; false is never.
func (t table) next() (time.Time, bool) {
	if len(t) == 0 || t[0].next.IsZero() {
		return time.Time{}, false
	}
	return t[0].next, true
}
