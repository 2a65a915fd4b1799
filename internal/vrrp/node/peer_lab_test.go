//go:build lab

package node

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lbha/lbha/internal/vrrp"
)

// keepalived is a real keepalived in a namespace.
type keepalived struct {
	log  *log
	stop func()
}

// log collects what a program prints.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// keepalived starts one for VRID 51 at 100 ms adverts. Debian 12's (2.2.7) knows only the form with the pseudo-header.
func (n *namespace) keepalived(t *testing.T, priority int) *keepalived {
	t.Helper()
	dir := t.TempDir()
	conf := filepath.Join(dir, "keepalived.conf")
	text := fmt.Sprintf(`
vrrp_instance web {
    version 3
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority %d
    advert_int 0.1
    virtual_ipaddress { %s/24 }
}
`, priority, vip)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := n.command(t, "keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp", "-f", conf,
		"-p", filepath.Join(dir, "pid"), "-r", filepath.Join(dir, "vrrp.pid"))
	k := &keepalived{log: new(log)}
	cmd.Stdout, cmd.Stderr = k.log, k.log
	n.start(t, cmd)
	k.stop = func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}
	return k
}

// likeKeepalived is our router beside it.
func likeKeepalived(priority uint8) Config {
	c := router("web", 51, priority)
	c.Router.Interval, c.Router.Checksum = 100*time.Millisecond, vrrp.ChecksumPseudoHeader
	return c
}

func TestLabFollowsAKeepalivedAndTakesOverWhenItStops(t *testing.T) {
	l := newLAN(t)
	peer := l.b.keepalived(t, 200)
	c := likeKeepalived(100)
	c.Router.Checksum = vrrp.ChecksumRFC9568 // what we send does not matter here: both are heard
	a := l.run(t, l.a, c)
	got := a.until("keepalived to be followed", func(s Status) bool { return backup(s) && s.Received > 20 })
	if got.View.Active != addrB || got.View.ActivePriority != 200 || got.View.ActiveAdverInterval != 100*time.Millisecond {
		t.Errorf("follows %s at %d each %s, want %s at 200 each 100ms", got.View.Active, got.View.ActivePriority, got.View.ActiveAdverInterval, addrB)
	}
	if got.PeerChecksum == nil || *got.PeerChecksum != vrrp.ChecksumPseudoHeader || len(got.Dropped) != 0 {
		t.Errorf("peer's checksum %v, dropped %v; want pseudo_header and none", got.PeerChecksum, got.Dropped)
	}
	peer.stop()
	got = a.until("our take-over", active)
	if last := got.Recent[len(got.Recent)-1]; last.Reason != vrrp.ReasonPriorityZero || last.Peer != addrB {
		t.Errorf("took over because of %s from %s, want priority_zero from %s\n%s", last.Reason, last.Peer, addrB, peer.log)
	}
}

func TestLabKeepalivedFollowsUs(t *testing.T) {
	l := newLAN(t)
	a := l.run(t, l.a, likeKeepalived(200))
	a.until("us to become active", active)
	peer := l.b.keepalived(t, 100)
	// It must leave us alone for many Active_Down_Intervals (0.36 s) after it came up.
	a.until("keepalived to start", func(Status) bool { return strings.Contains(peer.log.String(), "Entering BACKUP STATE") })
	sent := a.runner.Status()[0].Sent
	got := a.until("30 more adverts", func(s Status) bool { return s.Sent > sent+30 })
	if !active(got) || got.Received != 0 || strings.Contains(peer.log.String(), "MASTER") {
		t.Errorf("%s, %d adverts from keepalived, which says\n%s", got.View.State, got.Received, peer.log)
	}
	a.stop()
	b := l.run(t, l.a, likeKeepalived(50))
	b.until("keepalived to take over", func(s Status) bool { return s.View.Active == addrB && s.View.ActivePriority == 100 })
}

func TestLabTsharkCallsOurAdvertsGood(t *testing.T) {
	for form, preference := range map[vrrp.Checksum]string{vrrp.ChecksumRFC9568: "TRUE", vrrp.ChecksumPseudoHeader: "FALSE"} {
		t.Run(form.String(), func(t *testing.T) {
			l := newLAN(t)
			c := fast(51, 150)
			c.Router.Checksum = form
			l.run(t, l.a, c)
			cmd := l.hub.command(t, "tshark", "-i", "a", "-f", "ip proto 112", "-c", "1", "-a", "duration:15", "-V",
				"-o", "vrrp.v3_checksum_as_in_v2:"+preference)
			out, errs := new(log), new(log)
			cmd.Stdout, cmd.Stderr = out, errs
			l.hub.do(t, cmd.Start)
			if err := cmd.Wait(); err != nil {
				t.Fatalf("tshark: %v\n%s", err, errs)
			}
			for _, want := range []string{
				"Checksum Status: Good", "Time to Live: 255", "Differentiated Services Codepoint: Class Selector 6",
				"Source Address: 10.0.0.1", "Destination Address: 224.0.0.18", "Dst: IPv4mcast_12 (01:00:5e:00:00:12)",
				"Version 3, Packet type 1", "Virtual Rtr ID: 51", "Priority: 150", "Addr Count: 1", "Adver Int: 3", "IP Address: 10.0.0.100",
			} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is missing in\n%s", want, out)
				}
			}
			if strings.Contains(out.String(), "Malformed") || strings.Contains(out.String(), "Expert Info (Warning") {
				t.Errorf("tshark is not content:\n%s", out)
			}
		})
	}
}
