package viptest

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lbha/lbha/internal/vip"
)

// Kernel is the pretended one. Fields may be set before it is used and, under
// Change, at any time after.
type Kernel struct {
	// Now is the clock of lifetimes; nil means time.Now.
	Now func() time.Time
	// PromoteSecondaries is net.ipv4.conf.all.promote_secondaries.
	PromoteSecondaries bool
	// Denied takes CAP_NET_ADMIN away: each Apply is vip.ErrPermission.
	Denied bool
	// Fail, if set, is asked before each Op; its error is returned and nothing
	// is done.
	Fail func(vip.Op) error
	// ListError, if set, is what List and Links return.
	ListError error

	mu    sync.Mutex
	links map[string]*link
	last  int // index given last
	ops   []string
	subs  map[chan struct{}]bool
}

type link struct {
	index int
	up    bool
	oper  bool
	addrs []*address // in the kernel's order
}

type address struct {
	prefix    netip.Prefix
	secondary bool
	expires   time.Time // zero: never
	lease     time.Duration
	set       time.Time
}

// New is a kernel with these links, up and with carrier, with indexes from 2.
func New(links ...string) *Kernel {
	k := &Kernel{links: map[string]*link{}, last: 1, subs: map[chan struct{}]bool{}}
	for _, name := range links {
		k.AddLink(name)
	}
	return k
}

func (k *Kernel) now() time.Time {
	if k.Now != nil {
		return k.Now()
	}
	return time.Now()
}

// List implements vip.Kernel.
func (k *Kernel) List() (map[vip.Address]vip.State, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expire()
	if k.ListError != nil {
		return nil, k.ListError
	}
	out := map[vip.Address]vip.State{}
	for name, l := range k.links {
		for _, a := range l.addrs {
			st := vip.State{Forever: a.expires.IsZero(), LinkIndex: l.index}
			if !st.Forever {
				// As the kernel counts: whole seconds gone, taken from the whole.
				st.Remaining = a.lease - k.now().Sub(a.set).Truncate(time.Second)
			}
			out[vip.Address{Prefix: a.prefix, Link: name}] = st
		}
	}
	return out, nil
}

// Apply implements vip.Kernel.
func (k *Kernel) Apply(op vip.Op) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expire()
	err := k.apply(op)
	text := op.String()
	if err != nil {
		text += ": " + err.Error()
	}
	k.ops = append(k.ops, text)
	return err
}

func (k *Kernel) apply(op vip.Op) error {
	if k.Fail != nil {
		if err := k.Fail(op); err != nil {
			return err
		}
	}
	if k.Denied {
		return vip.ErrPermission
	}
	l := k.links[op.Address.Link]
	if l == nil {
		return vip.ErrNoLink
	}
	if op.Lease%time.Second != 0 || op.Lease < 0 {
		return fmt.Errorf("lease %s is not in whole seconds", op.Lease)
	}
	switch op.Kind {
	case vip.Add:
		if l.blocks(op.Address.Prefix) {
			return vip.ErrExists
		}
		k.add(l, op)
	case vip.Renew:
		if a := l.find(op.Address.Prefix); a != nil {
			flagged := a.expires.IsZero() != (op.Lease == 0)
			k.lend(a, op.Lease)
			if flagged { // a renewed lifetime alone is no event
				k.tell()
			}
			return nil
		}
		if l.blocks(op.Address.Prefix) {
			return vip.ErrExists
		}
		k.add(l, op)
	case vip.Delete:
		a := l.find(op.Address.Prefix)
		if a == nil {
			return vip.ErrNotThere
		}
		k.remove(l, a)
	}
	k.tell()
	return nil
}

func (k *Kernel) add(l *link, op vip.Op) {
	a := &address{prefix: op.Address.Prefix}
	k.lend(a, op.Lease)
	at := 0
	for i, other := range l.addrs {
		if other.sameSubnet(a) && !other.secondary {
			a.secondary = true
		}
		if !other.secondary {
			at = i + 1
		}
	}
	if a.secondary {
		at = len(l.addrs)
	}
	l.addrs = slices.Insert(l.addrs, at, a)
}

func (k *Kernel) lend(a *address, lease time.Duration) {
	a.lease, a.set, a.expires = lease, k.now(), time.Time{}
	if lease > 0 {
		a.expires = a.set.Add(lease)
	}
}

// remove takes a off, and with the first of a subnet the others of it.
func (k *Kernel) remove(l *link, a *address) {
	l.addrs = slices.DeleteFunc(l.addrs, func(b *address) bool {
		return a == b || !a.secondary && b.secondary && a.sameSubnet(b) && !k.PromoteSecondaries
	})
	if a.secondary {
		return
	}
	if i := slices.IndexFunc(l.addrs, a.sameSubnet); i >= 0 {
		heir := l.addrs[i]
		heir.secondary = false
		l.addrs = slices.Delete(l.addrs, i, i+1)
		at := slices.IndexFunc(l.addrs, func(b *address) bool { return b.secondary })
		if at < 0 {
			at = len(l.addrs)
		}
		l.addrs = slices.Insert(l.addrs, at, heir)
	}
}

// expire removes what has lived its time, the earliest first.
func (k *Kernel) expire() {
	for {
		var first *address
		var on *link
		for _, name := range slices.Sorted(maps.Keys(k.links)) {
			for _, a := range k.links[name].addrs {
				if !a.expires.IsZero() && !k.now().Before(a.expires) && (first == nil || a.expires.Before(first.expires)) {
					first, on = a, k.links[name]
				}
			}
		}
		if first == nil {
			return
		}
		k.remove(on, first)
		k.tell()
	}
}

func (l *link) find(p netip.Prefix) *address {
	for _, a := range l.addrs {
		if a.prefix == p {
			return a
		}
	}
	return nil
}

// blocks says whether p cannot be added: it is there, or it is an IPv6 address
// that is there with another prefix length.
func (l *link) blocks(p netip.Prefix) bool {
	return slices.ContainsFunc(l.addrs, func(a *address) bool {
		return a.prefix == p || p.Addr().Is6() && a.prefix.Addr() == p.Addr()
	})
}

func (a *address) sameSubnet(b *address) bool {
	return a.prefix.Addr().Is4() && a.prefix.Masked() == b.prefix.Masked()
}

// String is the whole of it, one line for a link and one for each address in
// the kernel's order.
func (k *Kernel) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expire()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(k.links)) {
		l := k.links[name]
		state := "down"
		if l.up {
			state = "up"
		}
		if l.up && !l.oper {
			state = "up without carrier"
		}
		fmt.Fprintf(&b, "%d %s %s\n", l.index, name, state)
		for _, a := range l.addrs {
			fmt.Fprintf(&b, "    %s", a.prefix)
			if a.secondary {
				b.WriteString(" secondary")
			}
			if !a.expires.IsZero() {
				fmt.Fprintf(&b, " valid_lft %d", a.lease/time.Second)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func (l *link) state() vip.LinkState {
	s := vip.LinkState{
		Index: l.index, Up: l.up, OperUp: l.up && l.oper, MTU: 1500,
		MAC: net.HardwareAddr{2, 0, 0, 0, byte(l.index >> 8), byte(l.index)},
	}
	for _, a := range l.addrs {
		s.Addrs = append(s.Addrs, vip.LinkAddr{
			Prefix: a.prefix, Secondary: a.secondary, Global: !a.prefix.Addr().IsLinkLocalUnicast(),
		})
	}
	return s
}
