package kernel

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// statePrefix starts the name of a state folder, which exists only where there
// are no namespaces to keep state in.
const statePrefix = "lbha-lab-"

// newState makes a state folder. The lock says that its owner lives.
func newState() (string, *os.File, error) {
	dir, err := os.MkdirTemp("", statePrefix)
	if err != nil {
		return "", nil, fmt.Errorf("make state folder: %w", err)
	}
	lock, err := os.Open(dir)
	if err == nil {
		err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		os.RemoveAll(dir)
		return "", nil, fmt.Errorf("lock state folder: %w", err)
	}
	return dir, lock, nil
}

// sweep removes the state folders whose owners were killed.
func sweep() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), statePrefix+"*"))
	for _, dir := range dirs {
		f, err := os.Open(dir)
		if err != nil {
			continue // another user's
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			os.RemoveAll(dir)
		}
		f.Close()
	}
}
