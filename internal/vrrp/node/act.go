package node

import (
	"slices"
	"time"

	"github.com/lbha/lbha/internal/vrrp"
)

// apply tells the machine what is different between w and have.
func (n *node) apply(now time.Time, w, have *want) {
	if w.stop {
		n.step(now, vrrp.Shutdown{})
		return
	}
	if w.hold != have.hold {
		n.step(now, vrrp.HoldPreempt{On: w.hold})
	}
	if !w.cfg.Equal(have.cfg) {
		n.cfg = w.cfg // before the step: an advert that it sends has the new form of checksum
		n.step(now, vrrp.Reconfigure{Config: w.cfg})
	}
	if w.known {
		n.relink(now, w)
	}
}

// relink follows the link. The connection in use is exchanged after a LinkDown was carried out, whose advert goes out by
// the old one, and before a LinkUp.
func (n *node) relink(now time.Time, w *want) {
	n.show(func(f *face) { f.link = w.link })
	if w.link.Fault != "" {
		n.step(now, vrrp.LinkDown{Why: w.link.Fault})
		n.phase, n.wire, n.conn = phaseDown, nil, nil
		return
	}
	if n.phase == phaseUp && n.index != w.link.Index {
		n.step(now, vrrp.LinkDown{Why: w.link.Name + " is another interface now"})
		n.phase = phaseDown
	}
	was, source := n.phase, n.source
	n.phase, n.wire, n.conn, n.index, n.source = phaseUp, w.wire, w.conn, w.link.Index, w.link.Source
	switch {
	case was == phaseUnknown:
		n.step(now, vrrp.Startup{Source: n.source, Listen: w.listen})
	case was == phaseDown || source != n.source:
		n.step(now, vrrp.LinkUp{Source: n.source})
	}
}

// hear gives the waiting adverts to the machine. Of several of one sender only the last counts: it says all that the
// others said, and one answer to it is enough.
func (n *node) hear() {
	var batch [mailboxSize]*received
	k := n.collect(batch[:])
	for i, r := range batch[:k] {
		if slices.ContainsFunc(batch[i+1:k], func(l *received) bool { return l.from == r.from }) {
			n.count.superseded.Add(1)
			continue
		}
		n.receive(time.Now(), r)
	}
}

func (n *node) collect(batch []*received) int {
	for k := range batch {
		select {
		case batch[k] = <-n.mail:
		default:
			return k
		}
	}
	return len(batch)
}

// receive makes the checks that need the router's configuration (RFC 9568 section 7.1).
func (n *node) receive(now time.Time, r *received) {
	if err := n.cfg.Accept(r.from, n.source, r.advert); err != nil {
		n.count.dropped.addError(err)
		return
	}
	for _, reason := range n.cfg.Compare(r.advert).Reasons() {
		n.count.dropped.add(reason)
	}
	n.count.received.Add(1)
	n.count.heard.Store(int64(now.Sub(n.born)))
	if n.next.peer == nil || *n.next.peer != r.form {
		n.show(func(f *face) { f.peer = &r.form })
	}
	was := n.next.view.State
	n.step(now, vrrp.Received{From: r.from, Advert: r.advert})
	if was == vrrp.Active && n.next.view.State == vrrp.Active {
		n.count.rivals.Add(1)
		n.dirty = true
	}
}

// step steps the machine and carries out what it says, in order.
func (n *node) step(now time.Time, ev vrrp.Event) {
	var moved []vrrp.Become
	for _, effect := range n.machine.Step(now, ev) {
		switch effect := effect.(type) {
		case vrrp.Send:
			n.send(effect.Advert)
		case vrrp.Become:
			moved = append(moved, effect)
		}
	}
	view := n.machine.View()
	for _, b := range moved {
		n.record(now, b, view)
	}
	view.Heard.At = time.Time{} // new with each advert, so counters.heard carries it
	if view != n.next.view {
		n.show(func(f *face) { f.view = view })
	}
}

// send hands an advert to the kernel. An error is counted and shown; the next advert is another attempt.
func (n *node) send(advert vrrp.Advert) {
	err := error(errNoSocket)
	if n.conn != nil {
		group := vrrp.GroupIPv4()
		if n.buf, err = advert.Append(n.buf[:0], n.source, group, n.cfg.Checksum); err == nil {
			err = n.conn.Send(group, n.buf)
		}
	}
	text := ""
	if err != nil {
		text = err.Error()
		n.count.sendErrors.Add(1)
	} else {
		n.count.sent.Add(1)
		if !n.deadline.IsZero() {
			n.count.late.observe(time.Since(n.deadline))
		}
	}
	if text != n.next.sendErr {
		n.show(func(f *face) { f.sendErr = text })
	}
}

func (n *node) record(now time.Time, b vrrp.Become, view vrrp.View) {
	n.seq++
	t := Transition{Seq: n.seq, At: now, From: b.From, To: b.To, Reason: b.Reason, Peer: view.Heard.From}
	n.show(func(f *face) {
		keep := f.recent[max(0, len(f.recent)-recentTransitions+1):]
		f.recent = append(slices.Clip(slices.Clone(keep)), t) // the old slice is published
	})
}

// show changes what will be published.
func (n *node) show(change func(*face)) {
	change(&n.next)
	n.dirty = true
}

// publish makes the changes visible and tells the caller.
func (n *node) publish() {
	if !n.dirty {
		return
	}
	n.dirty = false
	f := n.next
	n.face.Store(&f)
	n.changed()
}
