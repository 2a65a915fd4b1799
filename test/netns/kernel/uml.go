package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// envKeep carries keeping from the outside to the keeper.
const envKeep = "LBHA_LAB_KEEP"

// keeping is what the keeper is told.
type keeping struct {
	Kernel string `json:"kernel"` // linux.uml
	Memory int64  `json:"memory"`
	State  string `json:"state,omitempty"` // folder for memory and sockets; "" is a tmpfs of the keeper's own
}

// startUML starts a User Mode Linux kernel, setting up first what is missing.
func startUML(opt Options, s *spec) (*machine, error) {
	tools, err := Setup(SetupOptions{Cache: opt.Cache, UML: true, Progress: opt.Progress})
	if err != nil {
		return nil, err
	}
	s.Lower = tools.Lower
	sweep()

	memory := opt.Memory
	if memory == 0 {
		memory = DefaultMemory
	}
	k := keeping{Kernel: tools.Kernel, Memory: memory}
	m, err := startKeeper(k, namespaces())
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EACCES) {
		// No namespaces here: the keeper follows its processes by parentage and
		// the state is in a folder that is removed.
		return startPlainKeeper(k)
	}
	return m, err
}

// namespaces are those the keeper can be given: for an ordinary user inside a
// user namespace.
func namespaces() uintptr {
	flags := uintptr(unix.CLONE_NEWPID | unix.CLONE_NEWNS)
	if !canNamespace() {
		flags |= unix.CLONE_NEWUSER
	}
	return flags
}

func startKeeper(k keeping, flags uintptr) (*machine, error) {
	b, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("encode keeper's orders: %w", err)
	}
	console := new(tail)
	m, cmd, err := newMachine(stageKeeper, console)
	if err != nil {
		return nil, err
	}
	cmd.Env = append(cmd.Env, envKeep+"="+string(b))
	setNamespaces(cmd, flags)
	m.console = console
	m.lost = "the lab's kernel ended before the command did"
	if err := m.start(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", k.Kernel, err)
	}
	return m, nil
}

func setNamespaces(cmd *exec.Cmd, flags uintptr) {
	attr := cmd.SysProcAttr
	attr.Cloneflags = flags
	if flags&unix.CLONE_NEWUSER != 0 {
		// Root in there keeps the capabilities over exec, for mounts; files are
		// still opened as the caller.
		attr.UidMappings = idMap(os.Getuid())
		attr.GidMappings = idMap(os.Getgid())
	}
	if flags == 0 {
		// It must clean up after the outside, so it may not be killed outright.
		attr.Pdeathsig = unix.SIGTERM
	}
}

func startPlainKeeper(k keeping) (*machine, error) {
	state, lock, err := newState()
	if err != nil {
		return nil, err
	}
	k.State = state
	m, err := startKeeper(k, 0)
	if err != nil {
		os.RemoveAll(state)
		return nil, err
	}
	m.from = closers{m.from, func() {
		os.RemoveAll(state)
		lock.Close()
	}}
	m.kill = m.terminate // the keeper ends the kernel, then itself
	return m, nil
}

// closers adds something to do to a Close.
type closers struct {
	io.ReadCloser
	also func()
}

func (c closers) Close() error {
	err := c.ReadCloser.Close()
	c.also()
	return err
}

// kernelArgs are linux.uml's: the machine's root over hostfs, nothing on the
// consoles but the kernel's messages on the first and frames on the second.
func (k keeping) kernelArgs(state, first string) []string {
	return []string{
		"mem=" + strconv.FormatInt(k.Memory>>20, 10) + "M",
		"root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw", "quiet",
		"con=null", "con0=null,fd:1", fmt.Sprintf("con1=fd:%d,fd:%d", fdIn, fdOut), "ssl=null",
		"uml_dir=" + state, "umid=kernel",
		// What nobody needs here and takes longest to start: 512 terminals of
		// the BSD kind, 64 serial lines, and measurements for file systems.
		"pty.legacy_count=0",
		"initcall_blacklist=ssl_init,raid6_select_algo,init_zswap,init_jfs_fs,init_btrfs_fs,init_xfs_fs",
		// Quotes let the kernel take a path with spaces.
		`init="` + first + `"`, envStage + "=" + stageUML,
	}
}

func idMap(id int) []syscall.SysProcIDMap {
	return []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
}
