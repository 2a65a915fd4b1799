package netns

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/lbha/lbha/test/netns/kernel"
)

// Lab owns hosts, switches and everything that runs on them.
type Lab struct {
	// Dir holds the logs of all processes and their configurations.
	Dir string

	mu       sync.Mutex
	hosts    map[string]*Host
	switches map[string]*Switch
	closers  []func() error // last in, first out
}

// ErrOutside is returned by New outside a world.
var ErrOutside = errors.New("the lab changes network settings and runs only in a world of its own: start this with `lab exec -- ...`")

// New returns an empty lab that keeps its files in dir.
func New(dir string) (*Lab, error) {
	if os.Getenv(kernel.EnvWorld) == "" {
		return nil, ErrOutside
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make lab folder: %w", err)
	}
	return &Lab{Dir: dir, hosts: map[string]*Host{}, switches: map[string]*Switch{}}, nil
}

// Require returns an error with what to do if one of the tools is missing.
func Require(tools ...string) error {
	var errs []error
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			errs = append(errs, fmt.Errorf("%s is missing: run `lab setup`, which gets it", tool))
		}
	}
	return errors.Join(errs...)
}

// RequireIPVS returns an error with what to do if the kernel has no IPVS.
func RequireIPVS() error {
	if _, err := netlink.GenlFamilyGet("IPVS"); err != nil {
		return fmt.Errorf("this kernel has no IPVS (%w): start with `lab exec --auto -- ...`, which finds one that has", err)
	}
	return nil
}

// Host returns the host of that name, nil if there is none.
func (l *Lab) Host(name string) *Host {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.hosts[name]
}

// Close ends every process and takes hosts and switches down. A second call does
// nothing.
func (l *Lab) Close() error {
	l.mu.Lock()
	closers := l.closers
	l.closers = nil
	l.hosts, l.switches = map[string]*Host{}, map[string]*Switch{}
	l.mu.Unlock()
	var errs []error
	for i := len(closers) - 1; i >= 0; i-- {
		errs = append(errs, closers[i]())
	}
	return errors.Join(errs...)
}

func (l *Lab) onClose(f func() error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closers = append(l.closers, f)
}

const (
	netFolder  = "/run/netns"    // ip-netns(8)'s, so that `ip netns exec NAME` works
	hostFolder = "/run/lab/host" // links to the namespaces of each host, for Enter
)

// pin makes a namespace findable by binding it to a file.
func pin(source, target string) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return fmt.Errorf("make namespace folder: %w", err)
	}
	f, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return fmt.Errorf("make namespace file: %w", err)
	}
	f.Close()
	if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
		os.Remove(target)
		return fmt.Errorf("bind namespace to %s: %w", target, err)
	}
	return nil
}

func unpin(target string) error {
	if err := unix.Unmount(target, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unbind namespace %s: %w", target, err)
	}
	return os.Remove(target)
}
