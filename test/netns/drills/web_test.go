//go:build lab

package drills

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

func TestDeadWebServerLeavesBothTablesAndReturns(t *testing.T) {
	r := natRig(t)
	r.calm(t)
	r.up(t)
	held := r.hold(t, 4)
	asking := r.ask()
	answered(t, asking, time.Time{}, 20)

	killed := time.Now()
	r.Web[0].Kill()
	for _, h := range r.Directors {
		hasTable(t, h, natWeb(inner03))
		t.Logf("gone from the table of %s %s after its death", h.Name, since(killed))
	}
	gone := time.Now()
	answered(t, asking, gone, 40)

	web, err := r.Servers[0].StartWeb(80)
	must(t, err)
	r.Web[0] = web
	started := time.Now()
	for _, h := range r.Directors {
		hasTable(t, h, natWeb(inner03, inner01))
		t.Logf("back in the table of %s %s after its start", h.Name, since(started))
	}
	answered(t, asking, time.Now(), 20)
	report := asking.Stop()
	t.Logf("from its death to its absence in both tables: %s", report.Between(killed, gone))
	t.Logf("after that: %s", report.Since(gone))
	noneLost(t, report.Between(time.Time{}, killed.Add(-time.Second)))
	noneLost(t, report.Since(gone))
	r.shared(t)
	// Held open all the time; in turn, so half of them were server01's.
	if n := finish(t, held); n != 2 {
		t.Errorf("%d of 4 connections were finished by server03, want its 2, undisturbed", n)
	}
}

// hold opens n connections to the web service and asks nothing yet.
func (r *rig) hold(t *testing.T, n int) []net.Conn {
	t.Helper()
	var list []net.Conn
	for range n {
		conn, err := r.Client.Dial(t.Context(), r.VIP.String())
		must(t, err)
		t.Cleanup(func() { conn.Close() })
		list = append(list, conn)
	}
	return list
}

// finish asks on each connection and counts those that server03 answers.
func finish(t *testing.T, list []net.Conn) int {
	t.Helper()
	n := 0
	for _, conn := range list {
		must(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		if _, err := fmt.Fprintf(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
			continue
		}
		lines := bufio.NewScanner(conn)
		for lines.Scan() {
			if strings.TrimSpace(lines.Text()) == "server03" {
				n++
			}
		}
	}
	return n
}
