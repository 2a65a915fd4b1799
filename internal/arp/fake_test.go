package arp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errDown = errors.New("network is down")

// wire records what is sent, with the time since it was made. Tests run in a
// synctest bubble, so times are exact.
type wire struct {
	mu     sync.Mutex
	began  time.Time
	sent   []string      // "1.1s eth0 192.0.2.10 request"
	dials  []string      // "0s eth0"
	open   int           // sockets
	broken map[int]error // by index: sending fails
	gone   map[int]error // by index: dialling fails
	onSend func(link string)
	log    bytes.Buffer
}

func newWire() *wire {
	return &wire{began: time.Now(), broken: make(map[int]error), gone: make(map[int]error)}
}

func (w *wire) dial(link string, index int) (Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dials = append(w.dials, fmt.Sprintf("%v %s", time.Since(w.began), link))
	if err := w.gone[index]; err != nil {
		return nil, err
	}
	w.open++
	return &socket{w, link, index}, nil
}

type socket struct {
	w     *wire
	link  string
	index int
}

func (s *socket) Send(frame []byte) error {
	if s.w.onSend != nil {
		s.w.onSend(s.link)
	}
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if err := s.w.broken[s.index]; err != nil {
		return err
	}
	addr, _ := netip.AddrFromSlice(frame[28:32])
	s.w.sent = append(s.w.sent, fmt.Sprintf("%v %s %s %v", time.Since(s.w.began), s.link, addr, Kind(frame[21]-1)))
	return nil
}

func (s *socket) Close() error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.w.open--
	return nil
}

// fail makes sending on a link fail; nil mends it.
func (w *wire) fail(index int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken[index] = err
}

// take returns what was sent since it was last called.
func (w *wire) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	sent := w.sent
	w.sent = nil
	return sent
}

// start runs an announcer without jitter in the bubble until the test ends.
func (w *wire) start(t *testing.T) *Announcer {
	text := slog.NewTextHandler(&w.log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	a := NewAnnouncer(Options{Log: slog.New(text), Dial: w.dial, Rand: func() float64 { return 0.5 }})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		synctest.Wait()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if w.open != 0 {
			t.Errorf("%d sockets left open", w.open)
		}
	})
	return a
}

// bursts are the lines of both forms of each burst "1.1s eth0 192.0.2.10".
func bursts(each ...string) []string {
	var lines []string
	for _, b := range each {
		lines = append(lines, b+" request", b+" reply")
	}
	return lines
}

// after lets the bubble's clock run for d.
func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
