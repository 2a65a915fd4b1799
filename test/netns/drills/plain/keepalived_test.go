//go:build lab

package plain

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lbha/lbha/test/netns"
)

// Debian 12's keepalived (2.2.7) knows only the checksum with a pseudo-header.
const keepalivedConf = `
vrrp_instance frontend {
    version 3
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority %d
    advert_int 0.1
    virtual_ipaddress { 192.168.17.205/24 }
}
`

func keepalived(t *testing.T, h *netns.Host, priority int) *netns.Process {
	t.Helper()
	must(t, netns.Require("keepalived"))
	dir := t.TempDir()
	conf := filepath.Join(dir, "keepalived.conf")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, keepalivedConf, priority), 0o600))
	p, err := h.Start("keepalived", "keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp", "-f", conf,
		"-p", filepath.Join(dir, "pid"), "-r", filepath.Join(dir, "vrrp.pid"))
	must(t, err)
	return p
}

func besideKeepalived(t *testing.T) string {
	t.Helper()
	return minimal(t, `  advertisement_interval = "100ms"`, `  checksum = "pseudo_header"`)
}

func TestPlainDirectorFollowsKeepalivedAndTakesOver(t *testing.T) {
	l := newLAN(t)
	peer := keepalived(t, l.second, 200)
	owns(t, l.second, true)
	d := start(t, l.first, besideKeepalived(t))
	eventually(t, "keepalived is followed", func() error {
		r, err := router(t, d)
		if err == nil && (r.State != "backup" || r.Adverts.Received < 10) {
			err = fmt.Errorf("%s, %d adverts received", r.State, r.Adverts.Received)
		}
		return err
	})
	r := becomes(t, d, "backup")
	if a := r.Active; a == nil || a.Address != "192.168.17.104" || a.Priority != 200 || a.Interval != 0.1 || a.Checksum != "pseudo_header" {
		t.Errorf("heard %+v as Active, want 192.168.17.104 at 200 each 0.1 s with pseudo_header", a)
	}
	if len(r.Adverts.Dropped) > 0 {
		t.Errorf("dropped %v, want none", r.Adverts.Dropped)
	}
	owns(t, l.first, false)
	must(t, peer.Stop(t.Context()))
	if r := becomes(t, d, "active"); r.Reason != "priority_zero" {
		t.Errorf("took over because of %s, want priority_zero", r.Reason)
	}
	owns(t, l.first, true)
	owns(t, l.second, false)
}

func TestPlainKeepalivedFollowsADirectorAndTakesOver(t *testing.T) {
	l := newLAN(t)
	d := start(t, l.first, besideKeepalived(t))
	was := becomes(t, d, "active")
	peer := keepalived(t, l.second, 50)
	eventually(t, "keepalived is a backup", func() error {
		if !strings.Contains(peer.Log(), "Entering BACKUP STATE") {
			return fmt.Errorf("its log is %s", peer.Log())
		}
		return nil
	})
	seen, err := router(t, d)
	must(t, err)
	eventually(t, "30 more adverts are sent", func() error {
		r, err := router(t, d)
		if err == nil && r.Adverts.Sent < seen.Adverts.Sent+30 {
			err = fmt.Errorf("%d", r.Adverts.Sent-seen.Adverts.Sent)
		}
		return err
	})
	if now := becomes(t, d, "active"); !now.Since.Equal(was.Since) || now.Adverts.Received > 0 {
		t.Errorf("active since %s with %d adverts from keepalived, want since %s and none", now.Since, now.Adverts.Received, was.Since)
	}
	owns(t, l.second, false)
	must(t, d.Stop(t.Context()))
	owns(t, l.first, false)
	owns(t, l.second, true)
}
