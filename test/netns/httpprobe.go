package netns

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// HTTPProbe describes an open-loop HTTP client: it starts a request each
// Interval, whatever became of the ones before, each on its own connection.
type HTTPProbe struct {
	URL      string        // its host an address: http://192.168.24.52/
	Interval time.Duration // between starts
	Timeout  time.Duration // of each request, connecting included
}

// Request is one request of a probe.
type Request struct {
	N          int       // from 0, in the order they were started
	Start, End time.Time // End is when the answer was complete, or the error known
	Server     string    // what the answer said, without white space; "" on error
	Err        string    // cause: "timeout", "refused", "reset", "unreachable", "status 502", …; "" if it was answered
}

// HTTPProber is a running HTTPProbe.
type HTTPProber struct {
	cancel context.CancelFunc
	loop   sync.WaitGroup // the loop and every request

	mu       sync.Mutex
	requests []Request
}

// ProbeHTTP starts a probe from the host.
func (h *Host) ProbeHTTP(probe HTTPProbe) *HTTPProber {
	ctx, cancel := context.WithCancel(context.Background())
	p := &HTTPProber{cancel: cancel}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return h.Dial(ctx, address)
		},
	}}
	p.loop.Go(func() {
		tick := time.NewTicker(probe.Interval)
		defer tick.Stop()
		for n := 0; ; n++ {
			p.loop.Go(func() { p.record(ask(client, probe, n)) })
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return p
}

func ask(client *http.Client, probe HTTPProbe, n int) Request {
	// Not the probe's context: requests under way when it stops are finished.
	ctx, cancel := context.WithTimeout(context.Background(), probe.Timeout)
	defer cancel()
	r := Request{N: n, Start: time.Now()}
	body, err := get(ctx, client, probe.URL)
	r.End = time.Now()
	if err != nil {
		r.Err = cause(err)
		return r
	}
	r.Server = strings.TrimSpace(body)
	return r
}

// statusError is an answer that is no success.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("status %d", int(s)) }

func get(ctx context.Context, client *http.Client, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", statusError(resp.StatusCode)
	}
	return string(body), nil
}

// cause puts an error into a few words that can be counted.
func cause(err error) string {
	var status statusError
	switch {
	case errors.As(err, &status):
		return status.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return "timeout"
	case errors.Is(err, unix.ECONNREFUSED):
		return "refused"
	case errors.Is(err, unix.ECONNRESET), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "reset"
	case errors.Is(err, unix.EHOSTUNREACH), errors.Is(err, unix.ENETUNREACH):
		return "unreachable"
	}
	return err.Error()
}

func (p *HTTPProber) record(r Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, r)
}

// Report returns what is known so far, in the order of the requests.
func (p *HTTPProber) Report() HTTPReport {
	p.mu.Lock()
	defer p.mu.Unlock()
	requests := slices.Clone(p.requests)
	slices.SortFunc(requests, func(a, b Request) int { return a.N - b.N })
	return HTTPReport{Requests: requests}
}

// Stop starts no more requests, waits for those under way and reports all.
func (p *HTTPProber) Stop() HTTPReport {
	p.cancel()
	p.loop.Wait()
	return p.Report()
}

// HTTPReport is what came of a probe.
type HTTPReport struct{ Requests []Request }

// Since returns the part of the report that was started at or after mark.
func (r HTTPReport) Since(mark time.Time) HTTPReport { return r.Between(mark, time.Time{}) }

// Between returns the part that was started at or after from and before to, if
// that is not zero.
func (r HTTPReport) Between(from, to time.Time) HTTPReport {
	var out HTTPReport
	for _, q := range r.Requests {
		if !q.Start.Before(from) && (to.IsZero() || q.Start.Before(to)) {
			out.Requests = append(out.Requests, q)
		}
	}
	return out
}

// ByServer counts the answers of each server.
func (r HTTPReport) ByServer() map[string]int {
	out := map[string]int{}
	for _, q := range r.Requests {
		if q.Err == "" {
			out[q.Server]++
		}
	}
	return out
}

// Errors counts the failures by cause.
func (r HTTPReport) Errors() map[string]int {
	out := map[string]int{}
	for _, q := range r.Requests {
		if q.Err != "" {
			out[q.Err]++
		}
	}
	return out
}

// Answered is the number of requests that were answered.
func (r HTTPReport) Answered() int {
	n := 0
	for _, q := range r.Requests {
		if q.Err == "" {
			n++
		}
	}
	return n
}

// Failed is the number of requests that were not.
func (r HTTPReport) Failed() int { return len(r.Requests) - r.Answered() }

// LongestGap is the longest time between two successive answers, and when it
// began. Zero if there were fewer than two.
func (r HTTPReport) LongestGap() (time.Duration, time.Time) {
	var at []time.Time
	for _, q := range r.Requests {
		if q.Err == "" {
			at = append(at, q.End)
		}
	}
	return longestGap(at)
}

// String is one line for a person.
func (r HTTPReport) String() string {
	gap, _ := r.LongestGap()
	return fmt.Sprintf("%d requests, answered by %v, errors %v, longest gap %s",
		len(r.Requests), r.ByServer(), r.Errors(), gap.Round(100*time.Microsecond))
}

func longestGap(at []time.Time) (longest time.Duration, begin time.Time) {
	slices.SortFunc(at, time.Time.Compare)
	for i := 1; i < len(at); i++ {
		if d := at[i].Sub(at[i-1]); d > longest {
			longest, begin = d, at[i-1]
		}
	}
	return longest, begin
}
