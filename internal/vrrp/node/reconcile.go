package node

import (
	"context"
	"slices"
)

// reconcile makes what runs match what is wanted, as far as that is possible now. Whatever it has to wait for wakes the
// Runner again.
func (r *Runner) reconcile(ctx context.Context) {
	wanted := make(map[key]Config)
	for _, c := range *r.routers.Load() {
		k := key{c.Interface, c.Router.VRID}
		if _, double := wanted[k]; !double {
			wanted[k] = c
		}
	}
	r.remove(wanted)
	r.add(wanted)
	links := *r.links.Load()
	needed := r.open(ctx, links)
	for _, e := range r.entries {
		if w := r.want(e, links); !w.equal(e.last) {
			e.last = w
			e.node.set(w)
		}
	}
	r.close(needed)
	r.publish()
}

// remove stops the routers that are not wanted any more, all of them before anything new starts.
func (r *Runner) remove(wanted map[key]Config) {
	var gone []*entry
	for k, e := range r.entries {
		if _, ok := wanted[k]; !ok {
			gone = append(gone, e)
			delete(r.entries, k)
		}
	}
	r.stop(gone)
}

func (r *Runner) add(wanted map[key]Config) {
	for k, c := range wanted {
		if e := r.entries[k]; e != nil {
			e.cfg = c
			continue
		}
		if r.tallies[k.iface] == nil {
			r.tallies[k.iface] = new(tally)
		}
		n := newNode(k, c.Router, r.tallies[k.iface], r.opt.Changed, r.wake)
		r.entries[k] = &entry{cfg: c, node: n}
		r.group.Go(func() error { n.run(); return nil })
	}
}

// open starts the wires that usable links need, and tells all wires who their members are. A router in Fault is a member
// too: its adverts are not a stranger's.
func (r *Runner) open(ctx context.Context, links map[string]Link) map[*wire]bool {
	needed := make(map[*wire]bool)
	var fresh []*wire
	for _, e := range r.entries {
		link, ok := e.link(links)
		if !ok || link.Fault != "" {
			continue
		}
		w := r.wire(link)
		if w == nil {
			w = newWire(link, r.opt, r.wake, e.node.tally)
			r.wires, fresh = append(r.wires, w), append(fresh, w)
		}
		needed[w] = true
	}
	for _, w := range r.wires {
		var m members
		for k, e := range r.entries {
			if k.iface == w.link.Name {
				m[k.vrid] = e.node
			}
		}
		w.members.Store(&m)
	}
	for _, w := range fresh {
		wctx, cancel := context.WithCancel(ctx)
		w.cancel = cancel
		r.group.Go(func() error { w.run(wctx); return nil })
	}
	return needed
}

// link finds an entry's link. Its name is the interface's, whatever the caller wrote.
func (e *entry) link(links map[string]Link) (Link, bool) {
	link, ok := links[e.cfg.Name]
	link.Name = e.cfg.Interface
	return link, ok
}

func (r *Runner) wire(link Link) *wire {
	i := slices.IndexFunc(r.wires, func(w *wire) bool { return sameSocket(w.link, link) })
	if i < 0 {
		return nil
	}
	return r.wires[i]
}

// close ends the wires that nobody needs and no node still sends through.
func (r *Runner) close(needed map[*wire]bool) {
	for _, e := range r.entries {
		needed[e.last.wire], needed[e.node.have.Load().wire] = true, true
	}
	r.wires = slices.DeleteFunc(r.wires, func(w *wire) bool {
		if !needed[w] {
			w.cancel()
		}
		return !needed[w]
	})
}

// want is what an entry's node should be, given the links and the sockets.
func (r *Runner) want(e *entry, links map[string]Link) *want {
	w := &want{cfg: e.cfg.Router, hold: r.hold.Load(), listen: e.cfg.Listen, known: true}
	link, ok := e.link(links)
	switch {
	case !ok && (e.last == nil || !e.last.known):
		w.known = false
	case !ok:
		w.link = Link{Name: e.cfg.Interface, Fault: "interface " + e.cfg.Interface + " is not watched"}
	case link.Fault != "":
		w.link = link
	default:
		r.connect(w, e.last, link)
	}
	return w
}

// connect gives w the socket of a usable link.
func (r *Runner) connect(w, last *want, link Link) {
	wire := r.wire(link)
	w.link = link
	switch s := wire.socket.Load(); {
	case s.conn != nil:
		w.wire, w.conn = wire, s.conn
	case s.err != nil:
		w.link.Fault = s.err.Error()
	case last == nil || !last.known:
		w.known = false
	case last.conn != nil && last.link.Index == link.Index:
		// The same interface with another address: the old socket does until the new one is open.
		w.link, w.wire, w.conn = last.link, last.wire, last.conn
	default:
		w.link.Fault = "the VRRP socket on " + link.Name + " is not open yet"
	}
}

func (w *want) equal(v *want) bool {
	return v != nil && w.cfg.Equal(v.cfg) && w.hold == v.hold && w.known == v.known && w.link == v.link &&
		w.wire == v.wire && w.conn == v.conn
}
