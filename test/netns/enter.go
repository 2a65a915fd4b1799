package netns

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// namespaceKinds are the namespaces of a host. The mount namespace comes last:
// the files of the others are found through the world's.
var namespaceKinds = []struct {
	name string
	flag int
}{
	{"net", unix.CLONE_NEWNET},
	{"uts", unix.CLONE_NEWUTS},
	{"mnt", unix.CLONE_NEWNS},
}

// Enter replaces this process by a command on a host of a lab that another
// process of the same world made. It returns only if that fails.
func Enter(host string, args []string) error {
	runtime.LockOSThread()
	dir, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find working folder: %w", err)
	}
	// A thread that shares its root and working folder may not change its
	// mount namespace.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare folders: %w", err)
	}
	var files []*os.File
	for _, kind := range namespaceKinds {
		f, err := os.Open(filepath.Join(hostFolder, host, kind.name))
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("enter %s: no such host in this world", host)
		}
		if err != nil {
			return fmt.Errorf("enter %s: %w", host, err)
		}
		files = append(files, f)
	}
	for i, kind := range namespaceKinds {
		if err := unix.Setns(int(files[i].Fd()), kind.flag); err != nil {
			return fmt.Errorf("enter %s namespace of %s: %w", kind.name, host, err)
		}
	}
	if err := os.Chdir(dir); err != nil {
		return fmt.Errorf("enter working folder on %s: %w", host, err)
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		return fmt.Errorf("find command: %w", err)
	}
	return fmt.Errorf("start %s: %w", path, syscall.Exec(path, args, os.Environ()))
}
