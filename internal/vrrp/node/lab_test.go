//go:build lab

// Tests against the real kernel and real peers, in network namespaces that live only as long as this process:
//
//	go test -tags lab ./internal/vrrp/node
package node

import (
	"context"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// namespace is a network namespace held by one locked thread. It is gone when the thread is, also after a kill.
type namespace struct{ calls chan func() }

func newNamespace(t testing.TB) *namespace {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test makes network namespaces: run it as root")
	}
	n := &namespace{calls: make(chan func())}
	made := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		made <- unix.Unshare(unix.CLONE_NEWNET)
		for f := range n.calls {
			f()
		}
	}()
	if err := <-made; err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
	t.Cleanup(func() { close(n.calls) })
	return n
}

// do runs f on the namespace's thread.
func (n *namespace) do(t testing.TB, f func() error) {
	t.Helper()
	var err error
	done := make(chan struct{})
	n.calls <- func() { err = f(); close(done) }
	<-done
	if err != nil {
		t.Fatal(err)
	}
}

// dial opens the package's real socket inside the namespace.
func (n *namespace) dial(link Link) (conn Conn, err error) {
	done := make(chan struct{})
	n.calls <- func() { conn, err = Dial(link); close(done) }
	<-done
	return conn, err
}

// command prepares a program that does not outlive this process.
func (n *namespace) command(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test needs %s: install the package of that name", name)
	}
	cmd := exec.Command(path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// start starts it in the namespace and ends it with the test.
func (n *namespace) start(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	n.do(t, cmd.Start)
	t.Cleanup(func() {
		cmd.Process.Kill() // it may have ended by itself
		cmd.Wait()
	})
}

// lan is a switch with two directors on it, as real veth pairs and a bridge.
type lan struct {
	hub, a, b *namespace
	links     map[*namespace]Link
}

// newLAN joins two namespaces, each with eth0, by a bridge in a third, whose ports are "a" and "b".
func newLAN(t testing.TB) *lan {
	t.Helper()
	l := &lan{hub: newNamespace(t), a: newNamespace(t), b: newNamespace(t), links: make(map[*namespace]Link)}
	l.hub.do(t, func() error {
		br := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}
		if err := netlink.LinkAdd(br); err != nil {
			return err
		}
		return netlink.LinkSetUp(br)
	})
	l.join(t, l.a, "a", addrA)
	l.join(t, l.b, "b", addrB)
	return l
}

func (l *lan) join(t testing.TB, n *namespace, port string, addr netip.Addr) {
	t.Helper()
	var tid int
	n.do(t, func() error { tid = unix.Gettid(); return nil })
	l.hub.do(t, func() error {
		br, err := netlink.LinkByName("br0")
		if err != nil {
			return err
		}
		veth := &netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: port, MasterIndex: br.Attrs().Index},
			PeerName:  "eth0", PeerNamespace: netlink.NsPid(tid),
		}
		if err := netlink.LinkAdd(veth); err != nil {
			return err
		}
		return netlink.LinkSetUp(veth)
	})
	n.do(t, func() error {
		eth0, err := netlink.LinkByName("eth0")
		if err != nil {
			return err
		}
		address, err := netlink.ParseAddr(netip.PrefixFrom(addr, 24).String())
		if err != nil {
			return err
		}
		if err := netlink.AddrAdd(eth0, address); err != nil {
			return err
		}
		l.links[n] = Link{Name: "eth0", Index: eth0.Attrs().Index, MTU: eth0.Attrs().MTU, Source: addr}
		return netlink.LinkSetUp(eth0)
	})
}

// cut takes a director off the switch as a power cut does: its own link stays up.
func (l *lan) cut(t testing.TB, port string) {
	t.Helper()
	l.hub.do(t, func() error {
		link, err := netlink.LinkByName(port)
		if err != nil {
			return err
		}
		return netlink.LinkSetNoMaster(link)
	})
}

// director is a Runner in a namespace.
type director struct {
	t       testing.TB
	runner  *Runner
	changed chan struct{}
	stop    func()
	// patience is where until fails instead of hanging.
	patience time.Duration
}

func (l *lan) run(t testing.TB, n *namespace, routers ...Config) *director {
	t.Helper()
	d := &director{t: t, changed: make(chan struct{}, 1), patience: 20 * time.Second}
	d.runner = NewRunner(Options{Dial: n.dial, Changed: func() {
		select {
		case d.changed <- struct{}{}:
		default:
		}
	}})
	links := make(map[string]Link)
	for _, c := range routers {
		links[c.Name] = l.links[n]
	}
	d.runner.Set(routers)
	d.runner.SetLinks(links)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.runner.Run(ctx) }()
	ended := false
	d.stop = func() {
		cancel()
		if !ended {
			if err := <-done; err != nil {
				t.Errorf("Run: %v", err)
			}
		}
		ended = true
	}
	t.Cleanup(d.stop)
	return d
}

// until waits for the first router's status to be as wanted.
func (d *director) until(what string, ok func(Status) bool) Status {
	d.t.Helper()
	deadline := time.After(d.patience)
	poll := time.NewTicker(5 * time.Millisecond) // counters change without a word
	defer poll.Stop()
	for {
		if s := d.runner.Status(); len(s) > 0 && ok(s[0]) {
			return s[0]
		}
		select {
		case <-d.changed:
		case <-poll.C:
		case <-deadline:
			d.t.Fatalf("waited in vain for %s; status is %+v", what, d.runner.Status())
		}
	}
}
