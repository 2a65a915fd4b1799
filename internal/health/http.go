package health

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
)

// Limits of what an HTTP probe reads. A server that sends more head than that
// fails the check. Of a longer body only the beginning is read: a big page is no
// fault, and as nothing is wanted from the body, the probe has seen enough.
const (
	maxHTTPHead = 64 << 10 // bytes, interim responses included
	maxHTTPBody = 64 << 10 // bytes as sent, chunk framing included
)

// HTTPConfig is a check that passes when a GET is answered with a wanted status.
type HTTPConfig struct {
	Target netip.AddrPort // the server; required
	Source netip.Addr     // own address to connect from; zero: the kernel's choice
	Path   string         // request target, with query if any, percent-encoded; default "/"
	Host   string         // Host header; default: Target's address, with its port unless that is 80
	Status StatusSet      // wanted status codes; default 200-299
}

// Validate says what makes the configuration impossible to send, nil if nothing does.
func (c HTTPConfig) Validate() error {
	if c.Path != "" && c.Path[0] != '/' {
		return fmt.Errorf("path %q does not begin with a slash", c.Path)
	}
	if i := strings.IndexFunc(c.Path, notVisible); i >= 0 || strings.Contains(c.Path, "#") {
		return fmt.Errorf("path %q has a character that a request cannot carry; percent-encode it", c.Path)
	}
	if strings.ContainsFunc(c.Host, notVisible) {
		return fmt.Errorf("host %q has a character that a Host header cannot carry", c.Host)
	}
	return nil
}

func notVisible(r rune) bool { return r <= ' ' || r >= 0x7f }

type httpProber struct {
	cfg     HTTPConfig
	request []byte
	want    string
}

// NewHTTP returns a prober that sends one GET over HTTP/1.1 and wants one of
// the statuses. No redirect is followed, no proxy used, no connection kept. The
// body is read to its end or its limit, so a server that stops in the middle of
// an answer fails. With a configuration that Validate refuses each probe is a
// local failure that says so.
func NewHTTP(cfg HTTPConfig) Prober {
	if err := cfg.Validate(); err != nil {
		return brokenProber{err}
	}
	if cfg.Path == "" {
		cfg.Path = "/"
	}
	if cfg.Host == "" {
		cfg.Host = defaultHost(cfg.Target)
	}
	if cfg.Status.IsZero() {
		cfg.Status = StatusSet{[]statusRange{{200, 299}}}
	}
	request := "GET " + cfg.Path + " HTTP/1.1\r\n" +
		"Host: " + cfg.Host + "\r\n" +
		"User-Agent: lbha\r\n" +
		"Accept: */*\r\n" +
		"Connection: close\r\n\r\n"
	return &httpProber{cfg: cfg, request: []byte(request), want: cfg.Status.String()}
}

func defaultHost(target netip.AddrPort) string {
	addr := target.Addr().Unmap().WithZone("")
	if target.Port() != 80 {
		return netip.AddrPortFrom(addr, target.Port()).String()
	}
	if addr.Is6() {
		return "[" + addr.String() + "]"
	}
	return addr.String()
}

// brokenProber stands for a check that cannot be made.
type brokenProber struct{ err error }

func (p brokenProber) Probe(context.Context) Result {
	return local(ReasonLocal, p.err.Error())
}

func (p *httpProber) Probe(ctx context.Context) Result {
	c, res := dial(ctx, p.cfg.Target, p.cfg.Source)
	if c == nil {
		return res
	}
	defer c.close()
	if _, err := c.Write(p.request); err != nil {
		return broken(ctx, err, "connected, request not taken")
	}
	in := &meter{from: c, left: maxHTTPHead}
	buf := buffers.Get().(*bufio.Reader)
	buf.Reset(in)
	defer func() {
		buf.Reset(nil)
		buffers.Put(buf)
	}()

	resp, err := readHead(buf)
	if err != nil {
		return headFault(ctx, err, in)
	}
	if !p.cfg.Status.Contains(resp.StatusCode) {
		return bad(ReasonStatus, p.unwanted(resp))
	}
	in.left = maxHTTPBody
	if n, err := io.Copy(io.Discard, resp.Body); err != nil && in.left > 0 {
		return broken(ctx, err, fmt.Sprintf("status %d, body incomplete after %d bytes", resp.StatusCode, n))
	}
	return good(fmt.Sprintf("status %d", resp.StatusCode))
}

func (p *httpProber) unwanted(resp *http.Response) string {
	to := ""
	if l := resp.Header.Get("Location"); l != "" && resp.StatusCode/100 == 3 {
		to = fmt.Sprintf(" to %.80q", l)
	}
	return fmt.Sprintf("status %d%s, want %s", resp.StatusCode, to, p.want)
}
