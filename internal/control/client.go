package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"syscall"

	"github.com/lbha/lbha/internal/director"
)

// answerLimit bounds what the client reads of one answer: 10,000 servers take about 8 MiB.
const answerLimit = 64 << 20

// Client asks a running director through its control socket.
type Client struct {
	path string
	http *http.Client
}

// NewClient returns a client for the socket at path. It opens nothing yet.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
	return &Client{path: path, http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Status returns what the director knows of itself. The error of a director that does not run says how to start it.
func (c *Client) Status(ctx context.Context) (director.Status, error) {
	var s director.Status
	err := c.get(ctx, "/v1/status", &s)
	return s, err
}

func (c *Client) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://lbha"+path, nil)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.explain(err)
	}
	defer resp.Body.Close()
	body := io.LimitReader(resp.Body, answerLimit)
	if resp.StatusCode != http.StatusOK {
		var e apiError
		if json.NewDecoder(body).Decode(&e) == nil && e.Error != "" {
			return fmt.Errorf("ask the director: %s", e.Error)
		}
		return fmt.Errorf("ask the director: %s", resp.Status)
	}
	if err := json.NewDecoder(body).Decode(into); err != nil {
		return fmt.Errorf("read the director's answer: %w", err)
	}
	return nil
}

// explain turns the errors an operator meets into what to do about them.
func (c *Client) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no director answers on %s; is it running (systemctl status lbha)? another socket is named with --socket", c.path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: permission denied; be root or in the group of the control block", c.path)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the director on %s did not answer in time", c.path)
	}
	return fmt.Errorf("ask the director on %s: %w", c.path, err)
}
