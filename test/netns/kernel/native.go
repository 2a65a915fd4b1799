package kernel

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Frames use these descriptors in keeper, linux.uml and native worlds.
const (
	fdIn  = 3
	fdOut = 4
)

// startNative starts a world in namespaces of the running kernel.
func startNative() (*machine, error) {
	complaint := new(tail) // what process 1 says when it cannot even speak in frames
	m, cmd, err := newMachine(stageNative, complaint)
	if err != nil {
		return nil, err
	}
	cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC
	m.console = complaint
	m.lost = "the world's first process ended before the command did"
	if err := m.start(cmd); err != nil {
		return nil, fmt.Errorf("make namespaces: %w", err)
	}
	return m, nil
}

// newMachine prepares this program to run again as a stage.
func newMachine(stage string, console *tail) (*machine, *exec.Cmd, error) {
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("make pipe: %w", err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("make pipe: %w", err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{"lab-" + stage}
	cmd.Env = []string{envStage + "=" + stage}
	cmd.Stdout, cmd.Stderr = console, console
	cmd.WaitDelay = 2 * time.Second // its console must not keep this process
	cmd.ExtraFiles = []*os.File{inR, outW}
	// Its own session: a terminal's signals reach this process alone, which
	// passes them on.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL, Setsid: true}
	return &machine{to: inW, from: outR}, cmd, nil
}

// start starts cmd and watches for its end.
func (m *machine) start(cmd *exec.Cmd) error {
	started := make(chan error)
	ended := make(chan struct{})
	m.ended = ended
	go func() {
		// The parent whose death Pdeathsig means is the thread, not the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		for _, f := range cmd.ExtraFiles {
			f.Close()
		}
		started <- err
		if err != nil {
			return
		}
		cmd.Wait()
		close(ended)
	}()
	if err := <-started; err != nil {
		m.to.Close()
		m.from.Close()
		return err
	}
	// Process 1 of a pid namespace: its end is the end of all processes in it.
	m.kill = func() { cmd.Process.Kill() }
	m.terminate = func() { cmd.Process.Signal(unix.SIGTERM) }
	return nil
}

// nativeWorld is process 1 of a native world.
func nativeWorld() error {
	w, err := receive(os.NewFile(fdIn, "in"), os.NewFile(fdOut, "out"))
	if err != nil {
		return err
	}
	unix.CloseOnExec(fdIn)
	unix.CloseOnExec(fdOut)
	return w.run(func(*world) error { return nativeMounts() })
}

// hostName is every world's host name, so that a prompt shows where it is.
const hostName = "lab"

func nativeMounts() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := mountAll([]mount{
		{"proc", "/proc", "proc", ""},
		{"sysfs", "/sys", "sysfs", ""}, // shows this network namespace's links
		{"tmpfs", "/run", "tmpfs", "mode=755"},
	}); err != nil {
		return err
	}
	return finishMounts()
}

// mount is one mount of a file system that needs no device.
type mount struct{ source, target, kind, data string }

func mountAll(mounts []mount) error {
	for _, m := range mounts {
		if err := os.MkdirAll(m.target, 0o755); err != nil {
			return fmt.Errorf("make mount point: %w", err)
		}
		if err := unix.Mount(m.source, m.target, m.kind, 0, m.data); err != nil {
			return fmt.Errorf("mount %s on %s: %w", m.kind, m.target, err)
		}
	}
	return nil
}

// tempFolder is TMPDIR in a world. It is on the world's own tmpfs, so that what
// a killed test leaves there goes with it.
const tempFolder = "/run/tmp"

func finishMounts() error {
	if err := os.MkdirAll(tempFolder, 0o777); err != nil {
		return fmt.Errorf("make temporary folder: %w", err)
	}
	if err := os.Chmod(tempFolder, 0o777|os.ModeSticky); err != nil {
		return fmt.Errorf("open temporary folder: %w", err)
	}
	if err := unix.Sethostname([]byte(hostName)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	return nil
}

// kernelRelease is the running kernel's, as in uname -r.
func kernelRelease() (string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", fmt.Errorf("ask for kernel release: %w", err)
	}
	return strings.TrimRight(string(u.Release[:]), "\x00"), nil
}
