package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// privateState is the folder that the keeper's own tmpfs covers. Every system
// has it, and nothing else in the keeper's mount namespace needs it.
const privateState = "/dev/shm"

// keep is the keeper: it starts linux.uml and ends when that does, or ends it.
func keep() int {
	var k keeping
	if err := json.Unmarshal([]byte(os.Getenv(envKeep)), &k); err != nil {
		fmt.Fprintln(os.Stderr, "lab: decode keeper's orders:", err)
		return StatusNoWorld
	}
	// linux.uml is a handful of processes that trace each other. Those whose
	// parent dies become this one's children.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		fmt.Fprintln(os.Stderr, "lab: become subreaper:", err)
		return StatusNoWorld
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGTERM)
	state, err := k.state()
	pid := 0
	if err == nil {
		pid, err = k.startKernel(state)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		return StatusNoWorld
	}
	ended := make(chan struct{})
	go func() {
		waitFor(pid)
		close(ended)
	}()
	select {
	case <-ended:
	case <-stop:
		unix.Kill(pid, unix.SIGKILL)
		<-ended
	}
	if k.State != "" { // else it is process 1, and takes all others and their files along
		killChildren()
		os.RemoveAll(k.State)
	}
	return 0
}

// state returns the folder for the kernel's memory and sockets.
func (k keeping) state() (string, error) {
	if k.State != "" {
		return k.State, nil
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return "", fmt.Errorf("make mounts private: %w", err)
	}
	size := "size=" + strconv.FormatInt(k.Memory+(64<<20), 10)
	if err := unix.Mount("tmpfs", privateState, "tmpfs", 0, size); err != nil {
		return "", fmt.Errorf("mount memory on %s: %w", privateState, err)
	}
	return privateState, nil
}

func (k keeping) startKernel(state string) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("find this program: %w", err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	pid, err := syscall.ForkExec(k.Kernel, append([]string{"linux.uml"}, k.kernelArgs(state, self)...), &syscall.ProcAttr{
		Dir:   "/",
		Env:   []string{"TMPDIR=" + state, "HOME=" + state, "PATH=/usr/bin:/bin"},
		Files: []uintptr{null.Fd(), 1, 2, fdIn, fdOut},
	})
	unix.Close(fdIn)
	unix.Close(fdOut)
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", k.Kernel, err)
	}
	return pid, nil
}

// waitFor reaps children until pid has ended.
func waitFor(pid int) {
	for {
		got, err := unix.Wait4(-1, nil, 0, nil)
		if got == pid || err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// killChildren ends this process's children, and theirs as they become its own,
// until there are none.
func killChildren() {
	for {
		for _, pid := range children(os.Getpid()) {
			unix.Kill(pid, unix.SIGKILL)
		}
		if _, err := unix.Wait4(-1, nil, 0, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// children lists the processes whose parent is pid. See proc_pid_stat(5).
func children(pid int) []int {
	var out []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// The name, in brackets, may hold anything: what follows the last one
		// is state and parent.
		text := string(b)
		fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
		if len(fields) < 2 || fields[1] != strconv.Itoa(pid) {
			continue
		}
		if child, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			out = append(out, child)
		}
	}
	return out
}
