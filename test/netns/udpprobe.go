package netns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// Echo answers every UDP datagram on a port of the host with the same bytes until
// the lab closes. Its socket is not connected and bound to no address, so the
// host need not have the address that is asked yet; the answer comes from the
// host's own address, which says who answered.
func (h *Host) Echo(port uint16) error {
	conn, err := h.ListenUDP(fmt.Sprintf(":%d", port))
	if err != nil {
		return err
	}
	h.lab.onClose(conn.Close)
	go func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				// One that cannot be answered is lost, and counted by who asked.
				_, _ = conn.WriteToUDPAddrPort(buf[:n], from)
			}
		}
	}()
	return nil
}

// Datagram is one numbered datagram of a probe.
type Datagram struct {
	Sent     time.Time
	Answered time.Time  // zero if it was not
	From     netip.Addr // who answered
}

// UDPProber sends numbered datagrams and collects the answers.
type UDPProber struct {
	conn *net.UDPConn
	stop chan struct{}
	both sync.WaitGroup

	mu   sync.Mutex
	sent []Datagram
}

// answerWait is how long Stop waits for the last answers.
const answerWait = 500 * time.Millisecond

// ProbeUDP sends a datagram each interval from the host to an Echo.
func (h *Host) ProbeUDP(to netip.AddrPort, interval time.Duration) (*UDPProber, error) {
	conn, err := h.ListenUDP(":0")
	if err != nil {
		return nil, err
	}
	p := &UDPProber{conn: conn, stop: make(chan struct{})}
	p.both.Go(func() { p.send(to, interval) })
	p.both.Go(p.receive)
	return p, nil
}

func (p *UDPProber) send(to netip.AddrPort, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for n := uint64(0); ; n++ {
		p.mu.Lock()
		p.sent = append(p.sent, Datagram{Sent: time.Now()})
		p.mu.Unlock()
		// A datagram that cannot be sent is a lost one.
		_, _ = p.conn.WriteToUDPAddrPort(binary.BigEndian.AppendUint64(nil, n), to)
		select {
		case <-tick.C:
		case <-p.stop:
			p.conn.SetReadDeadline(time.Now().Add(answerWait))
			return
		}
	}
}

func (p *UDPProber) receive() {
	buf := make([]byte, 64)
	for {
		n, from, err := p.conn.ReadFromUDPAddrPort(buf)
		now := time.Now()
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n != 8 {
			continue
		}
		number := binary.BigEndian.Uint64(buf)
		p.mu.Lock()
		if number < uint64(len(p.sent)) && p.sent[number].Answered.IsZero() {
			p.sent[number].Answered = now
			p.sent[number].From = from.Addr().Unmap()
		}
		p.mu.Unlock()
	}
}

// Report returns what is known so far.
func (p *UDPProber) Report() UDPReport {
	p.mu.Lock()
	defer p.mu.Unlock()
	return UDPReport{Datagrams: append([]Datagram(nil), p.sent...)}
}

// Stop stops sending, waits a little for the last answers and reports.
func (p *UDPProber) Stop() UDPReport {
	close(p.stop)
	p.both.Wait()
	p.conn.Close()
	return p.Report()
}

// UDPReport is what came of a probe.
type UDPReport struct{ Datagrams []Datagram }

// Since returns the part that was sent at or after mark.
func (r UDPReport) Since(mark time.Time) UDPReport {
	for i, d := range r.Datagrams {
		if !d.Sent.Before(mark) {
			return UDPReport{Datagrams: r.Datagrams[i:]}
		}
	}
	return UDPReport{}
}

// Lost is the number of datagrams that were not answered.
func (r UDPReport) Lost() int {
	n := 0
	for _, d := range r.Datagrams {
		if d.Answered.IsZero() {
			n++
		}
	}
	return n
}

// LongestGap is the longest time between two successive answers, and when it
// began: the outage, as a client sees it.
func (r UDPReport) LongestGap() (time.Duration, time.Time) {
	var at []time.Time
	for _, d := range r.Datagrams {
		if !d.Answered.IsZero() {
			at = append(at, d.Answered)
		}
	}
	return longestGap(at)
}

// LongestPause is the longest time between two sendings: the noise of this
// machine, below which no gap means anything.
func (r UDPReport) LongestPause() time.Duration {
	at := make([]time.Time, 0, len(r.Datagrams))
	for _, d := range r.Datagrams {
		at = append(at, d.Sent)
	}
	pause, _ := longestGap(at)
	return pause
}

// By counts the answers of each host's address.
func (r UDPReport) By() map[netip.Addr]int {
	out := map[netip.Addr]int{}
	for _, d := range r.Datagrams {
		if !d.Answered.IsZero() {
			out[d.From]++
		}
	}
	return out
}

// String is one line for a person.
func (r UDPReport) String() string {
	gap, _ := r.LongestGap()
	return fmt.Sprintf("%d datagrams, %d lost, answered by %v, longest gap %s (longest pause between sendings %s)", len(r.Datagrams),
		r.Lost(), r.By(), gap.Round(100*time.Microsecond), r.LongestPause().Round(100*time.Microsecond))
}
