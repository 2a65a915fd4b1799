package health

import (
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"
)

func mustStatus(t testing.TB, text string) StatusSet {
	t.Helper()
	set, err := ParseStatusSet(text)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestHTTPSendsOnePlainRequest(t *testing.T) {
	got := make(chan string, 1)
	target := serve(t, func(c net.Conn) {
		got <- readRequest(c)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	cfg := HTTPConfig{Target: target, Path: "/healthz?full=1", Host: "www.example.com"}
	wantResult(t, probeWithin(t, NewHTTP(cfg), ample), ReasonOK, "status 200", false)
	want := "GET /healthz?full=1 HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: lbha\r\nAccept: */*\r\nConnection: close\r\n\r\n"
	if request := <-got; request != want {
		t.Errorf("request is\n%q, want\n%q", request, want)
	}
}

func TestHTTPHostIsTheAddressByDefault(t *testing.T) {
	for _, tt := range []struct{ target, want string }{
		{"192.168.17.102:80", "192.168.17.102"},
		{"192.168.17.102:8080", "192.168.17.102:8080"},
		{"[2001:db8::1]:80", "[2001:db8::1]"},
		{"[2001:db8::1]:8080", "[2001:db8::1]:8080"},
		{"[fe80::1%eth1]:8080", "[fe80::1]:8080"},
		{"[::ffff:192.0.2.1]:80", "192.0.2.1"},
	} {
		if got := defaultHost(netip.MustParseAddrPort(tt.target)); got != tt.want {
			t.Errorf("host of %s is %q, want %q", tt.target, got, tt.want)
		}
	}
}

func TestHTTPPasses(t *testing.T) {
	for _, tt := range []struct{ name, status, response, detail string }{
		{"with a length", "", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "status 200"},
		{"with the end of the connection", "", "HTTP/1.0 200 OK\r\n\r\nok", "status 200"},
		{"chunked", "", "HTTP/1.1 203 Fine\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "status 203"},
		{"without a body", "", "HTTP/1.1 204 No Content\r\n\r\n", "status 204"},
		{"after interim responses", "", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "status 200"},
		{"with another wanted status", "200-299,301", "HTTP/1.1 301 Moved\r\nLocation: https://www.example.com/\r\nContent-Length: 0\r\n\r\n", "status 301"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := HTTPConfig{Target: serve(t, answer(tt.response))}
			if tt.status != "" {
				cfg.Status = mustStatus(t, tt.status)
			}
			wantResult(t, probeWithin(t, NewHTTP(cfg), ample), ReasonOK, tt.detail, false)
		})
	}
}

// The body has nothing that is wanted, so its beginning is enough.
func TestHTTPReadsOnlyTheBeginningOfALongBody(t *testing.T) {
	for _, head := range []string{"", "Content-Length: 1000000000\r\n", "Transfer-Encoding: chunked\r\n"} {
		t.Run(head, func(t *testing.T) { testLongBody(t, "HTTP/1.1 200 OK\r\n"+head+"\r\n") })
	}
}

func testLongBody(t *testing.T, head string) {
	sent := make(chan int, 1)
	target := serve(t, func(c net.Conn) {
		readRequest(c)
		n, err := io.WriteString(c, head)
		block := []byte("1000\r\n" + strings.Repeat("x", 4096) + "\r\n") // a chunk, where that counts
		total := n
		for err == nil {
			n, err = c.Write(block)
			total += n
		}
		sent <- total
	})
	wantResult(t, probeWithin(t, NewHTTP(HTTPConfig{Target: target}), ample), ReasonOK, "status 200", false)
	if total := <-sent; total < maxHTTPBody {
		t.Errorf("the server sent %d bytes, want at least the %d that are read", total, maxHTTPBody)
	}
}

func TestHTTPSaysWhyItFailed(t *testing.T) {
	const okHead = "HTTP/1.1 200 OK\r\n"
	for _, tt := range []struct {
		name   string
		server func(net.Conn)
		limit  time.Duration
		reason Reason
		detail string
	}{
		{"unwanted status", answer("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), ample,
			ReasonStatus, "status 503, want 200-299"},
		{"unwanted status, endless body", endless("HTTP/1.1 500 Oh\r\n\r\n", "no"), ample,
			ReasonStatus, "status 500, want 200-299"},
		{"redirect", answer("HTTP/1.1 302 Found\r\nLocation: https://www.example.com/login\r\nContent-Length: 0\r\n\r\n"), ample,
			ReasonStatus, `status 302 to "https://www.example.com/login", want 200-299`},
		{"accepts and is silent", silent, brief,
			ReasonTimeout, "timeout after 300ms: connected, no response"},
		{"closes without a word", answer(""), ample,
			ReasonClosed, "connection closed without a response"},
		{"resets without a word", reset(""), ample,
			ReasonReset, "connection reset by the server"},
		{"resets in the head", reset("HTTP/1.1 2"), ample,
			ReasonReset, "connection reset by the server"},
		{"half a greeting", answer("HTTP/1.1 2"), ample,
			ReasonClosed, "connection closed, response head incomplete after 10 bytes"},
		{"half a head", answer(okHead + "Server: x\r\n"), ample,
			ReasonClosed, "connection closed, response head incomplete after 28 bytes"},
		{"half a body", answer(okHead + "Content-Length: 10\r\n\r\n12345"), ample,
			ReasonClosed, "connection closed, status 200, body incomplete after 5 bytes"},
		{"half a body after a long head", answer(okHead + "X: " + strings.Repeat("x", 60<<10) + "\r\nContent-Length: 20000\r\n\r\n" + strings.Repeat("x", 10000)), ample,
			ReasonClosed, "connection closed, status 200, body incomplete after 10000 bytes"},
		{"half a chunk", answer(okHead + "Transfer-Encoding: chunked\r\n\r\n5\r\n12"), ample,
			ReasonClosed, "connection closed, status 200, body incomplete after 2 bytes"},
		{"bad chunk", answer(okHead + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), ample,
			ReasonMalformed, "status 200, body incomplete after 0 bytes: invalid byte in chunk length"},
		{"another protocol", answer("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), ample,
			ReasonMalformed, `no HTTP response: it begins "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"`},
		{"garbage", answer("\x00\x01\xff\r\n\r\n"), ample,
			ReasonMalformed, `no HTTP response: it begins "\x00\x01\xff\r\n\r\n"`},
		{"garbage in the head", answer(okHead + "no colon here\r\n\r\n"), ample,
			ReasonMalformed, `response head: malformed MIME header: missing colon: "no colon here"`},
		{"garbage in the status line", answer("HTTP/1.1 okay\r\n\r\n"), ample,
			ReasonMalformed, `response head: malformed HTTP status code "okay"`},
		{"half a word", answer("HT"), ample,
			ReasonClosed, "connection closed, response head incomplete after 2 bytes"},
		{"endless header line", endless(okHead+"X: ", strings.Repeat("x", 4096)), ample,
			ReasonTooLarge, "response head over 64 KiB"},
		{"endless header lines", endless(okHead, "X-Y: z\r\n"), ample,
			ReasonTooLarge, "response head over 64 KiB"},
		{"endless interim responses", endless("", "HTTP/1.1 100 Continue\r\n\r\n"), ample,
			ReasonTooLarge, "response head over 64 KiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := NewHTTP(HTTPConfig{Target: serve(t, tt.server)})
			wantResult(t, probeWithin(t, p, tt.limit), tt.reason, tt.detail, false)
		})
	}
}

// A byte now and then keeps no probe alive: the deadline is over everything.
func TestHTTPDeadlineCutsADrippingServerShort(t *testing.T) {
	for _, tt := range []struct {
		name   string
		server func(net.Conn)
		prefix string
	}{
		{"head", drip("HTTP/1.1 200 OK\r\nX: ", "x"), "timeout after 300ms: response head incomplete after "},
		{"body", drip("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "x"), "timeout after 300ms: status 200, body incomplete after "},
		{"chunks", drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"), "timeout after 300ms: status 200, body incomplete after "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := probeWithin(t, NewHTTP(HTTPConfig{Target: serve(t, tt.server)}), brief)
			if got.Reason != ReasonTimeout || got.Local || !strings.HasPrefix(got.Detail, tt.prefix) {
				t.Errorf("result is %v %q local=%v, want a timeout that begins %q", got.Reason, got.Detail, got.Local, tt.prefix)
			}
		})
	}
}

func TestHTTPMemoryStaysFlatBeforeAFlood(t *testing.T) {
	line := strings.Repeat("x", 1<<16)
	head := serve(t, endless("HTTP/1.1 200 OK\r\nX: ", line))
	body := serve(t, endless("HTTP/1.1 200 OK\r\n\r\n", line))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	probeWithin(t, NewHTTP(HTTPConfig{Target: head}), ample)
	probeWithin(t, NewHTTP(HTTPConfig{Target: body}), ample)
	runtime.ReadMemStats(&after)
	const limit = 1 << 20
	if got := after.TotalAlloc - before.TotalAlloc; got > limit {
		t.Errorf("two floods cost %d bytes, want under %d", got, limit)
	}
}

func TestHTTPRefusesWhatItCannotSend(t *testing.T) {
	target := serve(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	for _, tt := range []struct {
		cfg  HTTPConfig
		want string
	}{
		{HTTPConfig{Path: "healthz"}, `path "healthz" does not begin with a slash`},
		{HTTPConfig{Path: "/a b"}, `path "/a b" has a character that a request cannot carry; percent-encode it`},
		{HTTPConfig{Path: "/a\r\nX: y"}, `path "/a\r\nX: y" has a character that a request cannot carry; percent-encode it`},
		{HTTPConfig{Path: "/ü"}, `path "/ü" has a character that a request cannot carry; percent-encode it`},
		{HTTPConfig{Path: "/#top"}, `path "/#top" has a character that a request cannot carry; percent-encode it`},
		{HTTPConfig{Host: "a\r\nb"}, `host "a\r\nb" has a character that a Host header cannot carry`},
	} {
		tt.cfg.Target = target
		if err := tt.cfg.Validate(); err == nil || err.Error() != tt.want {
			t.Errorf("Validate says %v, want %q", err, tt.want)
		}
		wantResult(t, probeWithin(t, NewHTTP(tt.cfg), ample), ReasonLocal, tt.want, true)
	}
}
