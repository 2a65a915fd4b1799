package health

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
)

var buffers = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

var getRequest = &http.Request{Method: http.MethodGet}

// readHead reads the final response, past interim ones (RFC 9110 section 15.2).
func readHead(from *bufio.Reader) (*http.Response, error) {
	for {
		resp, err := http.ReadResponse(from, getRequest)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, nil
		}
	}
}

// headFault says why no response could be read.
func headFault(ctx context.Context, err error, in *meter) Result {
	begins := in.head[:min(in.got, len(in.head))]
	isHTTP := bytes.HasPrefix(begins, httpPrefix) || bytes.HasPrefix(httpPrefix, begins)
	reached := "connected, no response"
	if in.got > 0 {
		reached = fmt.Sprintf("response head incomplete after %d bytes", in.got)
	}
	switch {
	case in.left == 0:
		return bad(ReasonTooLarge, fmt.Sprintf("response head over %d KiB", maxHTTPHead>>10))
	case in.err != nil && in.err != io.EOF:
		return broken(ctx, in.err, reached)
	case in.got == 0:
		return bad(ReasonClosed, "connection closed without a response")
	case !isHTTP:
		return bad(ReasonMalformed, fmt.Sprintf("no HTTP response: it begins %q", begins))
	case in.err == io.EOF:
		return bad(ReasonClosed, "connection closed, "+reached)
	default:
		return bad(ReasonMalformed, fmt.Sprintf("response head: %.100s", err))
	}
}

var httpPrefix = []byte("HTTP/")

// broken says why an open connection failed.
func broken(ctx context.Context, err error, reached string) Result {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return expired(ctx, reached)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return bad(ReasonClosed, "connection closed, "+reached)
	case asErrno(err) == 0:
		return bad(ReasonMalformed, fmt.Sprintf("%s: %.100s", reached, err))
	default:
		return ioFault(err, reached)
	}
}

// meter counts and limits what is read, and keeps the beginning and the error.
type meter struct {
	from io.Reader
	left int // bytes that may still be read; at 0 the end is reported
	got  int // bytes read
	head [32]byte
	err  error // of from
}

func (m *meter) Read(b []byte) (int, error) {
	if m.left == 0 {
		return 0, io.EOF
	}
	n, err := m.from.Read(b[:min(len(b), m.left)])
	if m.got < len(m.head) {
		copy(m.head[m.got:], b[:n])
	}
	m.left -= n
	m.got += n
	m.err = err
	return n, err
}
