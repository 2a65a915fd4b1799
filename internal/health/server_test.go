package health

import (
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// ample is a deadline that no passing probe comes near; brief is one that a
// probe of a hostile server is meant to run into.
const (
	ample = 20 * time.Second
	brief = 300 * time.Millisecond
)

// serve runs handle for each connection to a loopback server until the test
// ends, and returns its address. handle's connection is closed for it.
func serve(t testing.TB, handle func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				handle(c)
			}()
		}
	}()
	return netip.MustParseAddrPort(l.Addr().String())
}

// readRequest reads up to the empty line that ends a request's head.
func readRequest(c net.Conn) string {
	var head []byte
	b := make([]byte, 1)
	for !strings.HasSuffix(string(head), "\r\n\r\n") {
		if _, err := c.Read(b); err != nil {
			break
		}
		head = append(head, b[0])
	}
	return string(head)
}

// answer reads a request and sends text.
func answer(text string) func(net.Conn) {
	return func(c net.Conn) {
		readRequest(c)
		_, _ = io.WriteString(c, text)
	}
}

// silent says nothing until the other side goes away.
func silent(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// drip sends text and then one byte now and then until the other side goes away.
func drip(text, every string) func(net.Conn) {
	return func(c net.Conn) {
		gone := make(chan struct{})
		readRequest(c)
		go func() {
			silent(c)
			close(gone)
		}()
		_, err := io.WriteString(c, text)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for err == nil {
			select {
			case <-tick.C:
				_, err = io.WriteString(c, every)
			case <-gone:
				return
			}
		}
	}
}

// endless sends text and then block without end.
func endless(text, block string) func(net.Conn) {
	return func(c net.Conn) {
		readRequest(c)
		_, err := io.WriteString(c, text)
		for bytes := []byte(block); err == nil; {
			_, err = c.Write(bytes)
		}
	}
}

// reset breaks off with a reset after sending text.
func reset(text string) func(net.Conn) {
	return func(c net.Conn) {
		readRequest(c)
		_, _ = io.WriteString(c, text)
		_ = c.(*net.TCPConn).SetLinger(0)
	}
}

func probeWithin(t testing.TB, p Prober, limit time.Duration) Result {
	t.Helper()
	var res Result
	probe(context.Background(), p, limit, func(r Result, stack []byte) {
		if stack != nil {
			t.Errorf("prober panicked: %s\n%s", r.Detail, stack)
		}
		res = r
	})
	return res
}

// wantResult compares what a probe found, but for times.
func wantResult(t testing.TB, got Result, reason Reason, detail string, isLocal bool) {
	t.Helper()
	if got.Reason != reason || got.Detail != detail || got.Local != isLocal || got.OK != (reason == ReasonOK) {
		t.Errorf("result is %v %q local=%v ok=%v\nwant      %v %q local=%v",
			got.Reason, got.Detail, got.Local, got.OK, reason, detail, isLocal)
	}
}
