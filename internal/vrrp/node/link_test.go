package node

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lbha/lbha/internal/vrrp"
)

func TestRouterWaitsForTheFirstLookAtItsLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		r := NewRunner(Options{Dial: s.dial})
		stop := startPrepared(t, r, linkA)
		defer stop()
		r.Set([]Config{router("web", 51, 255)})
		time.Sleep(10 * time.Second)
		if got := one(t, r); got.View.State != vrrp.Initialize || got.Link.Fault == "" || s.opened() != 0 {
			t.Errorf("%s, %q, %d sockets; want initialize with a reason and no socket", got.View.State, got.Link.Fault, s.opened())
		}
		r.SetLinks(map[string]Link{"web": linkA})
		synctest.Wait()
		if got := one(t, r); got.View.State != vrrp.Active {
			t.Errorf("owner is %s once its link is known, want active", got.View.State)
		}
	})
}

func TestMissingInterfaceIsFaultUntilItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		missing := Link{Name: "eth0", Fault: "interface eth0 is missing"}
		r, stop := start(t, s, missing, Options{}, router("web", 51, 150))
		defer stop()
		got := one(t, r)
		if got.View.State != vrrp.Fault || got.View.Why != missing.Fault || got.Link != missing {
			t.Errorf("%s because %q, link %+v; want fault because %q", got.View.State, got.View.Why, got.Link, missing.Fault)
		}
		time.Sleep(time.Minute)
		r.SetLinks(map[string]Link{"web": linkA})
		time.Sleep(4 * time.Second)
		synctest.Wait()
		want := []string{"initialize>fault link_down", "fault>backup link_up", "backup>active timeout"}
		if diff := cmp.Diff(want, moves(one(t, r))); diff != "" {
			t.Errorf("transitions (-want +got)\n%s", diff)
		}
	})
}

func TestActiveSaysPriorityZeroWhenALinkFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		r, stop := start(t, s, linkA, Options{}, router("web", 51, 150))
		defer stop()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		down := linkA
		down.Fault = "eth1 is down"
		r.SetLinks(map[string]Link{"web": down})
		synctest.Wait()
		packets := s.packets()
		if last := packets[len(packets)-1]; last.Priority != 0 {
			t.Errorf("last packet has priority %d, want 0", last.Priority)
		}
		select {
		case <-s.last().closed:
		default:
			t.Error("the socket of a link in fault is still open")
		}
		r.SetLinks(nil)
		synctest.Wait()
		if got := one(t, r); got.View.Why != "interface eth0 is not watched" {
			t.Errorf("without a link: %s because %q", got.View.State, got.View.Why)
		}
	})
}

func TestSocketFollowsTheLink(t *testing.T) {
	started := []string{"initialize>backup startup", "backup>active timeout"}
	tests := []struct {
		name   string
		change func(*Link)
		dials  int
		moves  []string
		view   vrrp.State
	}{
		{"another MTU changes nothing", func(l *Link) { l.MTU = 9000 }, 1, started, vrrp.Active},
		{"another address keeps the role", func(l *Link) { l.Source = addrB }, 2, started, vrrp.Active},
		{"another interface listens first", func(l *Link) { l.Index = 7 }, 2,
			append(started, "active>fault link_down", "fault>backup link_up"), vrrp.Backup},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSegment(t)
				r, stop := start(t, s, linkA, Options{}, router("web", 51, 150))
				defer stop()
				time.Sleep(10 * time.Second)
				link := linkA
				tt.change(&link)
				r.SetLinks(map[string]Link{"web": link})
				synctest.Wait()
				got := one(t, r)
				if diff := cmp.Diff(tt.moves, moves(got)); diff != "" {
					t.Errorf("transitions (-want +got)\n%s", diff)
				}
				if got.View.State != tt.view || got.Link != link || got.View.Source != link.Source || s.opened() != tt.dials {
					t.Errorf("%s from %s on %+v with %d sockets", got.View.State, got.View.Source, got.Link, s.opened())
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				packets := s.packets()
				if last := packets[len(packets)-1]; last.From != link.Source || last.At < 69*time.Second {
					t.Errorf("last packet is %+v, want a fresh one from %s", last, link.Source)
				}
			})
		})
	}
}

func TestSecondRouterOfAReplacedInterfaceListensFirstToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		r, stop := start(t, s, linkA, Options{}, router("db", 52, 150), router("web", 51, 150))
		defer stop()
		time.Sleep(10 * time.Second)
		link := linkA
		link.Index = 7
		r.SetLinks(map[string]Link{"db": linkA, "web": link})
		synctest.Wait()
		r.SetLinks(map[string]Link{"db": link, "web": link}) // its socket is open by now
		synctest.Wait()
		want := []string{"initialize>backup startup", "backup>active timeout", "active>fault link_down", "fault>backup link_up"}
		for _, got := range r.Status() {
			if diff := cmp.Diff(want, moves(got)); diff != "" {
				t.Errorf("%s: transitions (-want +got)\n%s", got.Name, diff)
			}
		}
	})
}

func TestRefusedSocketIsAFaultThatHealsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		s.dialErr = errors.New("open VRRP socket on eth0: operation not permitted")
		var log bytes.Buffer
		opt := Options{Log: slog.New(slog.NewTextHandler(&log, nil))}
		r, stop := start(t, s, linkA, opt, router("web", 51, 150))
		defer stop()
		if got := one(t, r); got.View.State != vrrp.Fault || got.Link.Fault != s.dialErr.Error() {
			t.Errorf("%s because %q, want fault because of the socket", got.View.State, got.Link.Fault)
		}
		time.Sleep(time.Minute)
		if n := s.opened(); n < 10 || n > 25 {
			t.Errorf("%d attempts in a minute, want them to become rare", n)
		}
		synctest.Wait()
		if n := strings.Count(log.String(), "\n"); n != 1 {
			t.Errorf("%d log lines for one error:\n%s", n, &log)
		}
		s.set(func(s *segment) { s.dialErr = nil })
		time.Sleep(redialMax)
		synctest.Wait()
		got := one(t, r)
		want := []string{"initialize>fault link_down", "fault>backup link_up"}
		if diff := cmp.Diff(want, moves(got)[:2]); diff != "" || got.Link != linkA {
			t.Errorf("on %+v, transitions (-want +got)\n%s", got.Link, diff)
		}
	})
}

func TestFailedReadOpensTheSocketAgainWithoutATransition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		r, stop := start(t, s, linkA, Options{}, router("web", 51, 150))
		defer stop()
		time.Sleep(10 * time.Second)
		s.last().fail <- errors.New("input/output error")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := one(t, r); len(got.Recent) != 2 || got.SendErr != "" || s.opened() != 2 {
			t.Errorf("%v, %q, %d sockets; want no transition and 2 sockets", moves(got), got.SendErr, s.opened())
		}
		s.inject(datagram(t, addrB, 51, 200))
		synctest.Wait()
		if got := one(t, r); got.View.State != vrrp.Backup {
			t.Errorf("%s, want backup: the new socket is not read", got.View.State)
		}
	})
}

func TestDeafRouterIsInFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		r, stop := start(t, s, linkA, Options{}, router("web", 51, 150))
		defer stop()
		time.Sleep(10 * time.Second)
		s.set(func(s *segment) { s.dialErr = errors.New("no such device") })
		s.last().fail <- errors.New("input/output error")
		synctest.Wait()
		if got := one(t, r); got.View.State != vrrp.Fault || got.View.Why != "no such device" {
			t.Errorf("%s because %q, want fault: it cannot hear", got.View.State, got.View.Why)
		}
	})
}

func TestRefusedAdvertIsShownAndNotFatal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		r, stop := start(t, s, linkA, Options{}, router("web", 51, 150))
		defer stop()
		time.Sleep(5 * time.Second)
		synctest.Wait()
		sent := one(t, r).Sent
		s.set(func(s *segment) { s.sendErr = errors.New("sendto: network is down") })
		time.Sleep(3 * time.Second)
		synctest.Wait()
		got := one(t, r)
		if got.View.State != vrrp.Active || got.Sent != sent || got.SendErrors != 3 || got.SendErr != "sendto: network is down" {
			t.Errorf("%s, sent %d, %d errors, %q; want active, %d, 3, the error", got.View.State, got.Sent, got.SendErrors, got.SendErr, sent)
		}
		s.set(func(s *segment) { s.sendErr = nil })
		time.Sleep(time.Second)
		synctest.Wait()
		if got := one(t, r); got.SendErr != "" || got.Sent != sent+1 {
			t.Errorf("sent %d, %q after the error was gone; want %d and nothing", got.Sent, got.SendErr, sent+1)
		}
	})
}

func TestRouterInFaultIsNoStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSegment(t)
		r, stop := start(t, s, linkA, Options{}, router("db", 52, 150), router("web", 51, 150))
		defer stop()
		down := linkA
		down.Fault = "eth1 is down"
		r.SetLinks(map[string]Link{"db": linkA, "web": down})
		synctest.Wait()
		s.inject(datagram(t, addrB, 51, 200))
		synctest.Wait()
		for _, got := range r.Status() {
			if len(got.Wire.Foreign) != 0 {
				t.Errorf("%s calls %+v foreign", got.Name, got.Wire.Foreign)
			}
		}
		if got := r.Status()[1]; got.View.State != vrrp.Fault || got.View.Heard.From.IsValid() {
			t.Errorf("a router in fault is %s and heard %s", got.View.State, got.View.Heard.From)
		}
	})
}
