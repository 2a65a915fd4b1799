package netns

import (
	"context"
	"fmt"
	"os"

	"github.com/lbha/lbha/internal/control"
	"github.com/lbha/lbha/internal/director"
)

// EnvBinary names the lbha binary that drills run, an absolute path. `make`
// sets it.
const EnvBinary = "LBHA"

// Binary is the lbha that drills run.
func Binary() (string, error) {
	path := os.Getenv(EnvBinary)
	if path == "" {
		return "", fmt.Errorf("%s names no lbha to drill: start with `make drills`, which builds it", EnvBinary)
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("the lbha to drill: %w: start with `make drills`, which builds it", err)
	}
	return path, nil
}

// StartDirector runs `lbha run` on the host, with a file of that absolute path,
// as the director of the host's name. The host's /run/lbha outlives it, as on a
// machine that stays up.
func (h *Host) StartDirector(config string) (*Process, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	if err := h.Do(func() error { return os.MkdirAll("/run/lbha", 0o755) }); err != nil {
		return nil, fmt.Errorf("make run folder on %s: %w", h.Name, err)
	}
	return h.Start("lbha", binary, "run", "--config", config)
}

// Director asks the host's running director what it does, by its control
// socket. A process for each question would keep the lab's kernel busier than
// the directors do.
func (h *Host) Director(ctx context.Context) (director.Status, error) {
	// The host's thread sees the host's own /run.
	socket := fmt.Sprintf("/proc/self/task/%d/root/run/lbha/lbha.sock", h.tid)
	s, err := control.NewClient(socket).Status(ctx)
	if err != nil {
		return s, fmt.Errorf("ask the director of %s: %w", h.Name, err)
	}
	return s, nil
}

// WaitState waits until every router of the host's director is in the state.
func (h *Host) WaitState(ctx context.Context, state string) error {
	return Eventually(ctx, h.Name+" is "+state, func() error {
		s, err := h.Director(ctx)
		if err != nil {
			return err
		}
		for _, r := range s.Routers {
			if r.State != state {
				return fmt.Errorf("%s is %s (%s %s)", r.Name, r.State, r.Reason, r.Fault)
			}
		}
		return nil
	})
}

// WaitUp waits until the host's director has n healthy servers in its first
// service, and the kernel has them too.
func (h *Host) WaitUp(ctx context.Context, n int) error {
	return Eventually(ctx, fmt.Sprintf("%s has %d servers up", h.Name, n), func() error {
		s, err := h.Director(ctx)
		if err != nil {
			return err
		}
		in := 0
		for _, srv := range s.Services[0].Servers {
			if srv.InKernel && srv.Weight > 0 {
				in++
			}
		}
		if s.Services[0].Healthy != n || in != n {
			return fmt.Errorf("%d up, %d in the kernel", s.Services[0].Healthy, in)
		}
		return nil
	})
}
