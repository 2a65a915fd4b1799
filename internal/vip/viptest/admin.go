package viptest

import (
	"context"
	"net/netip"
	"time"

	"github.com/lbha/lbha/internal/vip"
)

// This file is the hand of a person, or of another program, on the machine.
// Nothing here is noted in Ops, and each change wakes who subscribed.

// Change runs f while nobody else looks, to change the fields of a kernel in
// use.
func (k *Kernel) Change(f func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f()
}

// AddLink makes an interface, up and with carrier, and returns its new index.
// One that is there is replaced by one with another index and no addresses.
func (k *Kernel) AddLink(name string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last++
	k.links[name] = &link{index: k.last, up: true, oper: true}
	k.tell()
	return k.last
}

// RemoveLink takes an interface away, with its addresses.
func (k *Kernel) RemoveLink(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.links, name)
	k.tell()
}

// SetLink switches an interface on or off and gives it a carrier or not.
func (k *Kernel) SetLink(name string, up, carrier bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if l := k.links[name]; l != nil {
		l.up, l.oper = up, carrier
	}
	k.tell()
}

// AdminAdd sets an address as ip-address(8) does, for ever if lease is 0. What
// is there is given the new lifetime.
func (k *Kernel) AdminAdd(prefix, link string, lease time.Duration) error {
	return k.byHand(vip.Renew, prefix, link, lease)
}

// AdminDelete takes an address off.
func (k *Kernel) AdminDelete(prefix, link string) error {
	return k.byHand(vip.Delete, prefix, link, 0)
}

func (k *Kernel) byHand(kind vip.OpKind, prefix, link string, lease time.Duration) error {
	p, err := netip.ParsePrefix(prefix)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expire()
	denied, fail := k.Denied, k.Fail
	k.Denied, k.Fail = false, nil
	defer func() { k.Denied, k.Fail = denied, fail }()
	return k.apply(vip.Op{Kind: kind, Address: vip.Address{Prefix: p, Link: link}, Lease: lease})
}

// Ops returns the text of each Op since the last call, in order, those that
// failed with their error.
func (k *Kernel) Ops() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	ops := k.ops
	k.ops = nil
	return ops
}

// Links implements vip.Monitor.
func (k *Kernel) Links() (vip.Links, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.expire()
	if k.ListError != nil {
		return nil, k.ListError
	}
	out := vip.Links{}
	for name, l := range k.links {
		out[name] = l.state()
	}
	return out, nil
}

// Subscribe implements vip.Monitor. A lifetime that runs out is told when the
// kernel is next used, since nothing here runs by itself.
func (k *Kernel) Subscribe(ctx context.Context) (<-chan struct{}, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	sub := make(chan struct{}, 1)
	k.subs[sub] = true
	context.AfterFunc(ctx, func() { k.drop(sub) })
	return sub, nil
}

// BreakSubscriptions closes all subscriptions, as a kernel that lost track.
func (k *Kernel) BreakSubscriptions() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for sub := range k.subs {
		delete(k.subs, sub)
		close(sub)
	}
}

func (k *Kernel) drop(sub chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.subs[sub] {
		delete(k.subs, sub)
		close(sub)
	}
}

func (k *Kernel) tell() {
	for sub := range k.subs {
		select {
		case sub <- struct{}{}:
		default:
		}
	}
}

// At is the address of a prefix and a link; it panics if the prefix is none.
func At(prefix, link string) vip.Address {
	return vip.Address{Prefix: netip.MustParsePrefix(prefix), Link: link}
}
