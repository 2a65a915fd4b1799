package owned

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// ErrLocked says that another lbha runs on this machine. Two of them would take
// each other's addresses and services for leftovers of an earlier life, and each
// other's control socket for one that a crash left.
var ErrLocked = errors.New("another lbha is running on this machine; stop that one first (systemctl stop lbha)")

// Lock keeps every other lbha away from the ledger at path until the returned
// Closer is closed, or the process ends. It locks path + ".lock", which stays.
func Lock(path string) (io.Closer, error) {
	if err := checkFolder(path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock ledger: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("ledger %s: %w", path, ErrLocked)
		}
		return nil, fmt.Errorf("lock ledger %s: %w", path, err)
	}
	return f, nil
}
