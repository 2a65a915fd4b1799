package netns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Process is a program that runs on a host until it is stopped, or the lab ends.
type Process struct {
	Name string

	host *Host
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	err  error // how it ended, once done is closed
}

// Start starts a program on the host. Its output goes to the file
// HOST-NAME.log in the lab's folder, after what earlier ones of that name wrote.
func (h *Host) Start(name string, argv ...string) (*Process, error) {
	p := &Process{Name: name, host: h, log: filepath.Join(h.lab.Dir, h.Name+"-"+name+".log"), done: make(chan struct{})}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open log of %s on %s: %w", name, h.Name, err)
	}
	defer out.Close()
	p.cmd = exec.Command(argv[0], argv[1:]...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := h.startCmd(p.cmd); err != nil {
		return nil, fmt.Errorf("start %s on %s: %w", name, h.Name, err)
	}
	h.mu.Lock()
	h.procs = append(h.procs, p)
	h.mu.Unlock()
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// startCmd starts cmd on the host's thread, which gives it the host's namespaces,
// in a process group of its own.
func (h *Host) startCmd(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: unix.SIGKILL}
	return h.Do(cmd.Start)
}

// Run runs a short command on the host and returns what it wrote to its
// standard output. Its errors are part of the error.
func (h *Host) Run(ctx context.Context, argv ...string) (string, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	cmd.WaitDelay = time.Second
	err := h.startCmd(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return out.String(), fmt.Errorf("run %s on %s: %w: %s", strings.Join(argv, " "), h.Name, err, strings.TrimSpace(complaint.String()))
	}
	return out.String(), nil
}

// Pid returns the process's id in the world.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Signal sends a signal to the process alone.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("signal %s on %s: %w", p.Name, p.host.Name, err)
	}
	return nil
}

// Kill ends the process and all it started at once, and waits for it.
func (p *Process) Kill() {
	p.killGroup()
	<-p.done
}

func (p *Process) killGroup() { unix.Kill(-p.Pid(), unix.SIGKILL) }

// Stop asks the process to end with SIGTERM and waits. When ctx ends first it is
// killed, and that is an error. A process that has ended already is not.
func (p *Process) Stop(ctx context.Context) error {
	if err := p.cmd.Process.Signal(unix.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s on %s: %w", p.Name, p.host.Name, err)
	}
	select {
	case <-p.done:
		p.killGroup() // what it left behind
		return nil
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("stop %s on %s: killed, it did not end: %w", p.Name, p.host.Name, ctx.Err())
	}
}

// Wait waits for the process to end by itself and returns its exit status; -1 if
// a signal ended it.
func (p *Process) Wait(ctx context.Context) (int, error) {
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("wait for %s on %s: %w", p.Name, p.host.Name, ctx.Err())
	}
}

// Log returns what the process, and earlier ones of its name, wrote.
func (p *Process) Log() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
