//go:build lab

package vip_test

import (
	"encoding/binary"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/lbha/lbha/internal/vip"
	"github.com/lbha/lbha/internal/vip/viptest"
)

// One datagram after the other, each sent when the last one has arrived, for
// three seconds in which the address they go to is renewed every 300 ms.
func TestLabARenewalLosesNothing(t *testing.T) {
	l := enter(t)
	k := l.kernel()
	_, err := k.List()
	l.must(err)
	op := vip.Op{Kind: vip.Add, Address: viptest.At("192.0.2.1/24", "lab0"), Lease: 4 * second}
	l.must(k.Apply(op))
	op.Kind = vip.Renew

	server, err := net.ListenPacket("udp4", "192.0.2.1:7")
	l.must(err)
	defer server.Close()
	client := l.dialFromThere("192.0.2.9/24", "192.0.2.1:7")
	defer client.Close()
	arrives := func(n uint64) bool {
		l.must(server.SetReadDeadline(time.Now().Add(2 * time.Second)))
		_, err := client.Write(binary.BigEndian.AppendUint64(nil, n))
		l.must(err)
		b := make([]byte, 8)
		for {
			if _, _, err := server.ReadFrom(b); err != nil {
				return false
			}
			if binary.BigEndian.Uint64(b) == n {
				return true
			}
		}
	}
	l.await("first datagram", func() bool { return arrives(0) })

	renewing := make(chan uint64)
	go func() {
		var renewals uint64
		tick := time.NewTicker(300 * time.Millisecond)
		defer tick.Stop()
		for end := time.Now().Add(3 * time.Second); time.Now().Before(end); <-tick.C {
			if k.Apply(op) == nil {
				renewals++
			}
		}
		renewing <- renewals
	}()
	var sent, lost, renewals uint64
	for renewals == 0 {
		select {
		case renewals = <-renewing:
		default:
		}
		sent++
		if !arrives(sent) {
			lost++
		}
	}
	t.Logf("%d datagrams, %d lost, %d renewals", sent, lost, renewals)
	if lost > 0 || renewals < 2 {
		t.Errorf("%d of %d datagrams lost in %d renewals", lost, sent, renewals)
	}
}

// The whole point of a lease: nobody has to do anything.
func TestLabAnAddressEndsByItselfWhenNobodyRenewsIt(t *testing.T) {
	l := enter(t)
	rec, _, stop := l.director(nil)
	l.sync(rec, vip.Want{Present: specs(second, "192.0.2.1/24 dev lab0", "2001:db8::1/64 dev lab0")})
	l.await("several renewals", func() bool { return rec.Status().Operations.Renewed >= 8 })
	stop()
	took := l.await("end of the lease", func() bool { return l.prefixes() == "[]" })
	t.Logf("lease of 1 s: gone %v after the director stopped renewing", took)
}

func TestLabALeaseInTheRealKernelLastsAtLeastItsTime(t *testing.T) {
	l := enter(t)
	k := l.kernel()
	_, err := k.List()
	l.must(err)
	begin := time.Now()
	for _, prefix := range []string{"192.0.2.1/24", "2001:db8::1/64"} {
		l.must(k.Apply(vip.Op{Kind: vip.Add, Address: viptest.At(prefix, "lab0"), Lease: 2 * second}))
	}
	for _, prefix := range []string{"192.0.2.1/24", "2001:db8::1/64"} {
		l.await("end of "+prefix, func() bool { return !strings.Contains(l.prefixes(), prefix) })
		took := time.Since(begin)
		t.Logf("valid_lft 2: at the latest %s was gone after %v", prefix, took)
		if took < 1900*time.Millisecond {
			t.Errorf("%s ended after %v", prefix, took)
		}
	}
}

func TestLabSecondariesSurviveBothSettings(t *testing.T) {
	for _, promote := range []bool{false, true} {
		l := enter(t)
		l.promote(promote)
		rec, _, stop := l.director(nil)
		l.sync(rec, vip.Want{Present: specs(4*second, "192.0.2.1/24 dev lab0", "192.0.2.2/24 dev lab0", "192.0.2.3/24 dev lab0")})
		l.sync(rec, vip.Want{Present: specs(4*second, "192.0.2.2/24 dev lab0", "192.0.2.3/24 dev lab0")})
		if got := l.prefixes(); got != "[192.0.2.2/24 192.0.2.3/24]" {
			t.Errorf("promote_secondaries %v: lab0 has %s", promote, got)
		}
		added := rec.Status().Operations.Added
		if want := map[bool]uint64{false: 5, true: 3}[promote]; added != want {
			t.Errorf("promote_secondaries %v: %d additions, want %d", promote, added, want)
		}
		if got := (rec.Status().Drift); got != (vip.Drift{}) {
			t.Errorf("promote_secondaries %v: drift %+v", promote, got)
		}
		stop()
	}
}

func TestLabARemovedAddressIsPutBackInTheRealKernel(t *testing.T) {
	l := enter(t)
	l.add("203.0.113.1/24")
	rec, _, stop := l.director(nil)
	l.sync(rec, vip.Want{Present: specs(0, "192.0.2.1/24 dev lab0")})
	l.delete("192.0.2.1/24") // with no renewal and no resync to find it, only the event can
	took := l.await("put back", func() bool { return rec.Status().Drift.Removed == 1 })
	t.Logf("put back %v after it was removed", took)
	l.sync(rec, vip.Want{})
	if got := l.prefixes(); got != "[203.0.113.1/24]" {
		t.Errorf("lab0 has %s, want what was there before", got)
	}
	stop()
}

func TestLabALinkThatGoesAndReturnsGetsItsAddresses(t *testing.T) {
	l := enter(t)
	var index atomic.Int64
	rec, watch, stop := l.director(func(list []vip.Placed) {
		index.Store(0)
		if len(list) == 1 {
			index.Store(int64(list[0].LinkIndex))
		}
	})
	l.sync(rec, vip.Want{Present: specs(4*second, "192.0.2.1/24 dev lab0")})
	first := l.link.Attrs().Index
	l.await("told", func() bool { return index.Load() == int64(first) })

	l.must(netlink.LinkDel(l.link))
	l.await("told that it is gone", func() bool { return index.Load() == 0 })
	l.await("pending", func() bool { return len(rec.Status().Problems) == 1 })
	if got := rec.Status().Problems[0].Reason; got != "interface lab0 is missing" {
		t.Errorf("problem is %q", got)
	}

	l.addLink()
	second := l.link.Attrs().Index
	took := l.await("told the new index", func() bool { return index.Load() == int64(second) })
	t.Logf("index %d became %d; its address was back after %v", first, second, took)
	if first == second {
		t.Errorf("the kernel gave the same index again")
	}
	l.await("link seen up", func() bool { s := watch.Links()["lab0"]; return s.Index == second && s.Up && s.OperUp })
	if got := rec.Status().Drift; got != (vip.Drift{}) {
		t.Errorf("drift %+v", got)
	}
	stop()
}

func TestLabWatchOnARealLink(t *testing.T) {
	l := enter(t)
	rec, watch, stop := l.director(nil)
	defer stop()
	state := func() vip.LinkState { return watch.Links()["lab0"] }
	l.await("up", func() bool { return state().Up && state().OperUp })
	if s := state(); s.MTU != 1500 || s.MAC.String() != l.link.Attrs().HardwareAddr.String() || s.Index != l.link.Attrs().Index {
		t.Errorf("state is %+v", s)
	}
	l.add("192.0.2.9/24")
	l.await("own address", func() bool { a, ok := vip.PrimaryIPv4(state(), nil); return ok && a.String() == "192.0.2.9" })
	l.sync(rec, vip.Want{Present: specs(4*second, "192.0.2.1/24 dev lab0")})
	l.await("secondary virtual address", func() bool {
		a := state().Addrs
		return len(a) > 1 && a[1].Prefix.String() == "192.0.2.1/24" && a[1].Secondary && a[1].Global
	})
	l.overThere(func() error { return netlink.LinkSetDown(&netlink.Device{LinkAttrs: netlink.LinkAttrs{Name: "lab1"}}) })
	l.await("no carrier", func() bool { return state().Up && !state().OperUp })
	l.must(netlink.LinkSetDown(l.link))
	l.await("down", func() bool { return !state().Up })
}
