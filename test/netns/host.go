package netns

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/vishvananda/netlink"
	vns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Host is a machine of the lab: its own links, addresses, routes, sysctls and
// IPVS table, its own host name and its own /run.
type Host struct {
	// Name is its host name too.
	Name string

	lab   *Lab
	ns    vns.NsHandle
	nl    *netlink.Handle
	tid   int
	calls chan func()
	links map[string]*wire

	mu     sync.Mutex
	closed bool
	procs  []*Process
}

// AddHost makes a host with nothing but lo. Sysctls are as in sysctl(8), with
// dots; they are set before the first link is there, so "default" works.
func (l *Lab) AddHost(name string, sysctls map[string]string) (*Host, error) {
	if l.Host(name) != nil {
		return nil, fmt.Errorf("add host %s: it is there already", name)
	}
	h := &Host{Name: name, lab: l, calls: make(chan func()), links: map[string]*wire{}}
	made := make(chan error)
	go h.live(made)
	if err := <-made; err != nil {
		return nil, fmt.Errorf("add host %s: %w", name, err)
	}
	l.onClose(h.close)
	if err := h.publish(); err != nil {
		return nil, fmt.Errorf("add host %s: %w", name, err)
	}
	for key, value := range sysctls {
		if err := h.Sysctl(key, value); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	l.hosts[name] = h
	l.mu.Unlock()
	return h, nil
}

// live is the host's thread. It stays locked when it returns, which ends the
// thread and with it the host's namespaces.
func (h *Host) live(made chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		// The first thread is what /proc/self shows, and cannot be ended. It is
		// held until another goroutine has another thread.
		other := make(chan error)
		go h.live(other)
		made <- <-other
		runtime.UnlockOSThread()
		return
	}
	err := h.enterNew()
	made <- err
	if err != nil {
		return
	}
	for call := range h.calls {
		call()
	}
}

// enterNew moves this thread into namespaces of its own.
func (h *Host) enterNew() error {
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS); err != nil {
		return fmt.Errorf("make namespaces: %w", err)
	}
	h.tid = unix.Gettid()
	if err := unix.Sethostname([]byte(h.Name)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	if err := ownRun(); err != nil {
		return err
	}
	if err := unix.Mount("sysfs", "/sys", "sysfs", 0, ""); err != nil {
		return fmt.Errorf("mount /sys: %w", err)
	}
	var err error
	if h.ns, err = vns.Get(); err != nil {
		return fmt.Errorf("open network namespace: %w", err)
	}
	if h.nl, err = netlink.NewHandle(); err != nil {
		return fmt.Errorf("open netlink: %w", err)
	}
	// Addresses on a link that is not up have no routes: IPVS refuses servers
	// in a namespace whose lo was never up.
	lo, err := h.nl.LinkByName("lo")
	if err == nil {
		err = h.nl.LinkSetUp(lo)
	}
	if err != nil {
		return fmt.Errorf("bring lo up: %w", err)
	}
	return nil
}

// ownRun gives this mount namespace a /run of its own, in which only the folders
// that all hosts share show through.
func ownRun() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	shared := []string{os.TempDir(), netFolder, filepath.Dir(hostFolder)}
	held := map[string]*os.File{}
	for _, dir := range shared {
		if !strings.HasPrefix(dir, "/run/") {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make shared folder: %w", err)
		}
		f, err := os.Open(dir)
		if err != nil {
			return fmt.Errorf("open shared folder: %w", err)
		}
		defer f.Close()
		held[dir] = f
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	for dir, f := range held {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make shared folder: %w", err)
		}
		if err := unix.Mount(fmt.Sprintf("/proc/thread-self/fd/%d", f.Fd()), dir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("share %s: %w", dir, err)
		}
	}
	return nil
}

// publish makes the host findable for `ip netns exec` and Enter. The mount
// namespace is not bound to a file: Linux 6.18 refuses that at random (it takes
// the numbers of namespaces, given out in batches per CPU, for their age).
func (h *Host) publish() error {
	task := fmt.Sprintf("/proc/%d/task/%d/ns", os.Getpid(), h.tid)
	target := filepath.Join(netFolder, h.Name)
	if err := pin(task+"/net", target); err != nil {
		return err
	}
	h.lab.onClose(func() error { return unpin(target) })
	link := filepath.Join(hostFolder, h.Name)
	if err := os.MkdirAll(hostFolder, 0o755); err != nil {
		return fmt.Errorf("make host folder: %w", err)
	}
	if err := os.Symlink(task, link); err != nil {
		return fmt.Errorf("publish host: %w", err)
	}
	h.lab.onClose(func() error { return os.Remove(link) })
	return nil
}

// Do runs f on the host's thread: sockets it makes, files below /proc/sys and
// /run it opens and processes it starts are the host's. f must not wait.
func (h *Host) Do(f func() error) error {
	result := make(chan error, 1)
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return fmt.Errorf("use host %s: it is gone", h.Name)
	}
	h.calls <- func() { result <- f() }
	h.mu.Unlock()
	return <-result
}

// Sysctl sets a kernel parameter of the host, such as net.ipv4.ip_forward.
func (h *Host) Sysctl(key, value string) error {
	path := "/proc/sys/" + strings.ReplaceAll(key, ".", "/")
	err := h.Do(func() error { return os.WriteFile(path, []byte(value), 0o644) })
	if err != nil {
		return fmt.Errorf("set %s on %s: %w", key, h.Name, err)
	}
	return nil
}

func (h *Host) close() error {
	h.mu.Lock()
	procs := h.procs
	h.mu.Unlock()
	for _, p := range procs {
		p.Kill()
	}
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	close(h.calls)
	h.nl.Close()
	return h.ns.Close()
}
