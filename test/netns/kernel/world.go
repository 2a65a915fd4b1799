package kernel

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// world is process 1 of a world: it starts the command, passes its input and
// output, reaps every orphan, and ends when the command does.
type world struct {
	in   *bufio.Reader
	out  frameWriter
	spec spec
}

// receive says hello and reads the specification.
func receive(in io.Reader, out io.Writer) (*world, error) {
	w := &world{in: bufio.NewReaderSize(in, frameMax), out: frameWriter{w: out}}
	if err := w.out.write(kindHello, nil); err != nil {
		return nil, fmt.Errorf("say hello: %w", err)
	}
	var text []byte
	for {
		k, payload, err := readFrame(w.in)
		if err != nil {
			return nil, fmt.Errorf("read command: %w", err)
		}
		if k != kindSpec {
			return nil, fmt.Errorf("read command: frame %q came first", k)
		}
		if len(payload) == 0 {
			break
		}
		text = append(text, payload...)
		if err := w.out.writeUint32(kindAck, uint32(len(payload))); err != nil {
			return nil, fmt.Errorf("acknowledge command: %w", err)
		}
	}
	if err := json.Unmarshal(text, &w.spec); err != nil {
		return nil, fmt.Errorf("decode command: %w", err)
	}
	return w, nil
}

// run makes the world with prepare, runs the command in it and reports how it
// ended. When it returns nothing but this process runs in the world.
func (w *world) run(prepare func(*world) error) error {
	status, err := w.command(prepare)
	// Everything the command left running. In a new pid namespace, or in a
	// kernel of its own, all processes are ours.
	unix.Kill(-1, unix.SIGKILL)
	for {
		if _, err := unix.Wait4(-1, nil, 0, nil); err != nil && !errors.Is(err, unix.EINTR) {
			break
		}
	}
	unix.Sync()
	if err != nil {
		return w.out.write(kindFailed, []byte(err.Error()))
	}
	return w.out.writeUint32(kindExit, uint32(status))
}

func (w *world) command(prepare func(*world) error) (status int, err error) {
	if err := prepare(w); err != nil {
		return 0, err
	}
	if err := loopbackUp(); err != nil {
		return 0, err
	}
	env := w.environment()
	if err := os.Chdir(w.spec.Dir); err != nil {
		return 0, fmt.Errorf("enter working folder: %w", err)
	}
	path, err := lookPath(w.spec.Args[0], env)
	if err != nil {
		// As a shell does.
		fmt.Fprintf(w.out.stream(kindStderr), "lab: %s: command not found\n", w.spec.Args[0])
		return 127, nil
	}
	streams, err := newStreams(w)
	if err != nil {
		return 0, err
	}
	pid, err := syscall.ForkExec(path, w.spec.Args, &syscall.ProcAttr{Env: env, Files: streams.child(), Sys: streams.attr()})
	streams.closeChild()
	if err != nil {
		fmt.Fprintf(w.out.stream(kindStderr), "lab: %s: %s\n", w.spec.Args[0], err)
		return 126, nil
	}
	w.out.write(kindStarted, nil)
	go w.listen(pid, streams)
	status = reap(pid)
	unix.Kill(-1, unix.SIGKILL) // so that nobody holds the output open
	streams.drain()
	return status, nil
}

// environment is the caller's, with what an ordinary user's lacks.
func (w *world) environment() []string {
	env := make([]string, 0, len(w.spec.Env)+4)
	path := ""
	for _, kv := range w.spec.Env {
		key, value, _ := strings.Cut(kv, "=")
		switch key {
		case "PATH":
			path = value
		case EnvWorld, "TMPDIR", envStage:
		default:
			env = append(env, kv)
		}
	}
	for _, dir := range toolFolders {
		if !strings.Contains(":"+path+":", ":"+dir+":") {
			path = strings.TrimPrefix(path+":"+dir, ":")
		}
	}
	os.Setenv("PATH", path)
	return append(env, "PATH="+path, EnvWorld+"="+w.spec.World, "TMPDIR="+tempFolder)
}

func lookPath(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil // ForkExec says what is wrong with it
	}
	return exec.LookPath(name)
}

// listen obeys the frames from outside until they end.
func (w *world) listen(pid int, s *streams) {
	for {
		k, payload, err := readFrame(w.in)
		if err != nil {
			// The outside is gone: so are we.
			unix.Kill(-1, unix.SIGKILL)
			return
		}
		switch k {
		case kindStdin:
			s.input <- payload
		case kindEOF:
			s.input <- nil
		case kindSignal:
			if len(payload) == 1 {
				// The command leads a session: its group is what a terminal
				// would signal.
				unix.Kill(-pid, unix.Signal(payload[0]))
			}
		case kindResize:
			s.resize(payload)
		case kindSpec, kindHello, kindStarted, kindStdout, kindStderr, kindAck, kindExit, kindFailed:
		}
	}
}

// reap collects every child that ends until the command has, and returns the
// command's status.
func reap(pid int) int {
	for {
		var ws unix.WaitStatus
		got, err := unix.Wait4(-1, &ws, 0, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return StatusNoWorld
		}
		if got == pid && ws.Exited() {
			return ws.ExitStatus()
		}
		if got == pid && ws.Signaled() {
			return 128 + int(ws.Signal())
		}
	}
}

func loopbackUp() error {
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		return fmt.Errorf("bring lo up: %w", err)
	}
	return nil
}
