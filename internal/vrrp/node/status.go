package node

import (
	"errors"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/lbha/lbha/internal/vrrp"
)

// recentTransitions is how many transitions a Status keeps.
const recentTransitions = 16

// Status is one virtual router as it is now. It is a value: nobody changes it after Runner.Status returned it.
type Status struct {
	Name, Interface string
	VRID            uint8
	View            vrrp.View
	Link            Link // as the caller gave it; Fault also tells why our own socket is not open
	// Sent and Received count adverts: handed to the kernel, and given to the machine.
	Sent, Received uint64
	// Superseded counts adverts that were overtaken by a newer one of the same sender, or dropped because many came at once,
	// before the machine looked.
	Superseded uint64
	// Rivals counts adverts of another Active that this one heard and answered: the other one has to give way, and hosts
	// that have learnt its hardware address have to learn ours.
	Rivals uint64
	// Dropped counts what was not acted on, and what was acted on though odd (see vrrp.DropReason.Fatal), for this router.
	// Reasons that never happened are absent.
	Dropped map[vrrp.DropReason]uint64
	// Wire is what its interface heard that belongs to no router here. All routers of one interface show the same.
	Wire WireStatus
	// PeerChecksum is the checksum form of the last advert that was acted on; nil when there was none.
	PeerChecksum *vrrp.Checksum
	// Recent are the last transitions, oldest first, at most 16.
	Recent []Transition
	// SendErrors counts adverts that the kernel refused; SendErr is why the last one was, "" when it was taken.
	SendErrors uint64
	SendErr    string
	Lateness   Lateness
}

// Transition is one change of state. Seq counts them from 1 for the life of the router's goroutine: a gap between the
// last one seen and the first of Recent means that some were missed.
type Transition struct {
	Seq      uint64
	At       time.Time
	From, To vrrp.State
	Reason   vrrp.Reason
	Peer     netip.Addr // the Active that the machine had heard last; invalid when none
}

// WireStatus is what an interface heard that belongs to no router here.
type WireStatus struct {
	Dropped map[vrrp.DropReason]uint64
	Foreign []Foreign // by VRID
}

// Foreign is a virtual router that others run on the interface.
type Foreign struct {
	VRID  uint8
	From  netip.Addr // the last sender
	Count uint64
}

// drops counts by reason. Anyone may add.
type drops [vrrp.NumDropReasons]atomic.Uint64

func (d *drops) add(r vrrp.DropReason) {
	if int(r) < len(d) {
		d[r].Add(1)
	}
}

func (d *drops) addError(err error) {
	if drop := (*vrrp.DropError)(nil); errors.As(err, &drop) {
		d.add(drop.Reason)
	}
}

func (d *drops) read() map[vrrp.DropReason]uint64 {
	m := make(map[vrrp.DropReason]uint64)
	for i := range d {
		if n := d[i].Load(); n > 0 {
			m[vrrp.DropReason(i)] = n
		}
	}
	return m
}

// foreign counts the adverts of one VRID that is nobody's here.
type foreign struct {
	count atomic.Uint64
	from  atomic.Pointer[netip.Addr]
}

// tally is what one interface hears for nobody. It outlives the sockets. Readers write it.
type tally struct {
	dropped drops
	foreign [256]foreign
}

func (t *tally) unknown(vrid uint8, from netip.Addr) {
	t.dropped.add(vrrp.DropVRID)
	f := &t.foreign[vrid]
	f.count.Add(1)
	if last := f.from.Load(); last == nil || *last != from {
		f.from.Store(&from)
	}
}

func (t *tally) read() WireStatus {
	s := WireStatus{Dropped: t.dropped.read()}
	for vrid := range t.foreign {
		if f := &t.foreign[vrid]; f.count.Load() > 0 {
			entry := Foreign{VRID: uint8(vrid), Count: f.count.Load()}
			if from := f.from.Load(); from != nil {
				entry.From = *from
			}
			s.Foreign = append(s.Foreign, entry)
		}
	}
	return s
}

// face is what a node publishes: the part of Status that changes with events, not with packets. Immutable.
type face struct {
	view    vrrp.View
	link    Link
	recent  []Transition
	sendErr string
	peer    *vrrp.Checksum
}

// counters are what a node and its readers count. Atomic, so that a status needs nobody's help.
type counters struct {
	sent, received, superseded, rivals, sendErrors atomic.Uint64
	heard                                          atomic.Int64 // View.Heard.At, in nanoseconds after the node was made
	dropped                                        drops
	late                                           lateness
}

// status puts the two together.
func (n *node) status(name string, wire WireStatus) Status {
	f := n.face.Load()
	view := f.view
	if view.Heard.From.IsValid() {
		view.Heard.At = n.born.Add(time.Duration(n.count.heard.Load()))
	}
	return Status{
		Name: name, Interface: n.key.iface, VRID: n.key.vrid,
		View: view, Link: f.link,
		Sent: n.count.sent.Load(), Received: n.count.received.Load(), Superseded: n.count.superseded.Load(), Rivals: n.count.rivals.Load(),
		Dropped: n.count.dropped.read(), Wire: wire,
		PeerChecksum: f.peer, Recent: slices.Clone(f.recent),
		SendErrors: n.count.sendErrors.Load(), SendErr: f.sendErr,
		Lateness: n.count.late.read(),
	}
}
