//go:build lab

package vip_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/lbha/lbha/internal/vip"
	"github.com/lbha/lbha/internal/vip/viptest"
)

// The lab tests run against the kernel of this machine:
//
//	go test -tags lab -run Lab ./internal/vip/...
//
// They need root. Each makes a network namespace on a thread of its own, which
// ends with the test, also when it fails or is killed.

// lab is a namespace with lab0, up, its other end lab1 in a second namespace.
type lab struct {
	*testing.T
	here, there netns.NsHandle
	link        netlink.Link
}

// enter moves the test into a new namespace for the rest of its life.
func enter(t *testing.T) *lab {
	t.Helper()
	l := &lab{T: t, there: otherNamespace(t)}
	isolate(t)
	var err error
	if l.here, err = netns.Get(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.here.Close() })
	l.must(os.WriteFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", []byte("0"), 0))
	l.addLink()
	return l
}

// isolate gives the calling thread a network namespace of its own. The thread
// is never given back, so it ends with its goroutine and takes the namespace
// along.
func isolate(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("make a network namespace: %v: the lab tests of package vip need root", err)
	}
}

// otherNamespace makes one that lives as long as its handle and what is in it.
func otherNamespace(t *testing.T) netns.NsHandle {
	t.Helper()
	type result struct {
		ns  netns.NsHandle
		err error
	}
	made := make(chan result)
	go func() {
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			made <- result{err: err}
			return
		}
		ns, err := netns.Get()
		made <- result{ns, err}
	}()
	r := <-made
	if r.err != nil {
		t.Fatalf("make a network namespace: %v: the lab tests of package vip need root", r.err)
	}
	t.Cleanup(func() { r.ns.Close() })
	return r.ns
}

func (l *lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// addLink makes lab0 and lab1, both up.
func (l *lab) addLink() {
	l.Helper()
	l.must(netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "lab0"}, PeerName: "lab1"}))
	var err error
	l.link, err = netlink.LinkByName("lab0")
	l.must(err)
	peer, err := netlink.LinkByName("lab1")
	l.must(err)
	l.must(netlink.LinkSetNsFd(peer, int(l.there)))
	l.must(netlink.LinkSetUp(l.link))
	l.overThere(func() error { return netlink.LinkSetUp(&netlink.Device{LinkAttrs: netlink.LinkAttrs{Name: "lab1"}}) })
}

// overThere runs f in the second namespace.
func (l *lab) overThere(f func() error) {
	l.Helper()
	done := make(chan error)
	go func() { done <- in(l.there, f) }()
	l.must(<-done)
}

// dialFromThere gives lab1 an address and returns a socket from there to addr.
func (l *lab) dialFromThere(own, addr string) net.Conn {
	l.Helper()
	var conn net.Conn
	l.overThere(func() error {
		link, err := netlink.LinkByName("lab1")
		if err != nil {
			return err
		}
		a, err := netlink.ParseAddr(own)
		if err != nil {
			return err
		}
		if err := netlink.AddrAdd(link, a); err != nil {
			return err
		}
		conn, err = net.Dial("udp4", addr)
		return err
	})
	return conn
}

// in runs f in a namespace, on a thread that is not given back.
func in(ns netns.NsHandle, f func() error) error {
	runtime.LockOSThread()
	if err := netns.Set(ns); err != nil {
		return err
	}
	return f()
}

func (l *lab) sysctl(key, value string) {
	l.Helper()
	l.must(os.WriteFile("/proc/sys/net/"+key, []byte(value), 0))
}

func (l *lab) promote(on bool) {
	l.Helper()
	value := "0"
	if on {
		value = "1"
	}
	// The kernel takes the larger of all and the interface's own.
	l.sysctl("ipv4/conf/all/promote_secondaries", value)
	l.sysctl("ipv4/conf/lab0/promote_secondaries", value)
}

func (l *lab) kernel() vip.Kernel {
	l.Helper()
	k, err := vip.Open()
	l.must(err)
	return k
}

// director runs a Reconciler and a Watch that wakes it, until stop is called.
// It looks at the kernel for a Set, an event or a renewal only.
func (l *lab) director(present func([]vip.Placed)) (rec *vip.Reconciler, watch *vip.Watch, stop func()) {
	l.Helper()
	rec = vip.NewReconciler(l.kernel(), &viptest.Ledger{}, vip.Options{Present: present, Resync: time.Hour})
	watch, err := vip.NewWatch(vip.WatchOptions{})
	l.must(err)
	watch.OnChange(rec.Wake)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- rec.Run(ctx) }()
	go func() { ended <- in(l.here, func() error { return watch.Run(ctx) }) }()
	return rec, watch, func() {
		cancel()
		l.must(<-ended)
		l.must(<-ended)
	}
}

func (l *lab) sync(rec *vip.Reconciler, want vip.Want) {
	l.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	rec.Set(want)
	l.must(rec.Sync(ctx))
}

// addresses lists lab0's own as ip-address(8) has them, without link-local ones.
func (l *lab) addresses() []netlink.Addr {
	l.Helper()
	list, err := netlink.AddrList(l.link, netlink.FAMILY_ALL)
	for errors.Is(err, netlink.ErrDumpInterrupted) {
		list, err = netlink.AddrList(l.link, netlink.FAMILY_ALL)
	}
	l.must(err)
	return slices.DeleteFunc(list, func(a netlink.Addr) bool { return a.IP.IsLinkLocalUnicast() })
}

func (l *lab) prefixes() string {
	l.Helper()
	var out []string
	for _, a := range l.addresses() {
		out = append(out, a.IPNet.String())
	}
	slices.Sort(out)
	return fmt.Sprint(out)
}

// await polls until ok, and says how long it took.
func (l *lab) await(what string, ok func() bool) time.Duration {
	l.Helper()
	begin := time.Now()
	for !ok() {
		if time.Since(begin) > 20*time.Second {
			l.Fatalf("%s: not within 20 s; lab0 has %s", what, l.prefixes())
		}
		time.Sleep(200 * time.Microsecond)
	}
	return time.Since(begin)
}

func (l *lab) delete(prefix string) {
	l.Helper()
	a, err := netlink.ParseAddr(prefix)
	l.must(err)
	l.must(netlink.AddrDel(l.link, a))
}

func (l *lab) add(prefix string) {
	l.Helper()
	a, err := netlink.ParseAddr(prefix)
	l.must(err)
	a.Broadcast = net.IPv4zero
	l.must(netlink.AddrAdd(l.link, a))
}
