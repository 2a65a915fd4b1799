package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// ErrInUse says that another lbha runs with the same control socket. Two of them on one machine would fight over the
// same addresses and the same table, so the second one must not start.
var ErrInUse = errors.New("another lbha is running with it; stop that one first (systemctl stop lbha)")

// Socket is the listening control socket together with the lock that keeps a second director away.
type Socket struct {
	net.Listener
	lock *os.File
	path string
}

// Listen takes the control socket at path for this process: it holds an exclusive lock on path + ".lock" for as long
// as the process lives, so that a socket left behind by a crash is replaced and a living director's is not.
//
// The socket is mode 0660 and given to group, or 0600 if that is ""; when that group does not exist it is 0600, and the returned warning
// says so. The folder must exist.
func Listen(path, group string) (sock *Socket, warning string, err error) {
	if err := checkFolder(filepath.Dir(path)); err != nil {
		return nil, "", err
	}
	lock, err := takeLock(path + ".lock")
	if err != nil {
		return nil, "", fmt.Errorf("control socket %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			lock.Close()
		}
	}()
	if err := removeStale(path); err != nil {
		return nil, "", err
	}

	// The umask closes the moment between bind and chmod: nobody but the owner can connect before the mode is right.
	old := unix.Umask(0o177)
	l, err := net.Listen("unix", path)
	unix.Umask(old)
	if err != nil {
		return nil, "", fmt.Errorf("control socket %s: %w", path, err)
	}
	warning, err = give(path, group)
	if err != nil {
		l.Close()
		return nil, "", fmt.Errorf("control socket %s: %w", path, err)
	}
	return &Socket{Listener: l, lock: lock, path: path}, warning, nil
}

// Close stops listening if a server has not done that already, removes the socket and lets the lock go. The lock file stays: removing it would let two
// processes hold locks on two files of one name.
func (s *Socket) Close() error {
	err := s.Listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil // a server that ended has closed its part already
	}
	return errors.Join(err, s.lock.Close())
}

func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("control socket: folder %s does not exist; create it (install -d -m 0755 %s) or name another in control { socket = ... }", dir, dir)
	case err != nil:
		return fmt.Errorf("control socket: %w", err)
	case !info.IsDir():
		return fmt.Errorf("control socket: %s is not a folder", dir)
	}
	return nil
}

func takeLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrInUse
		}
		return nil, err
	}
	return f, nil
}

// removeStale removes what a crashed director left at path, and refuses to remove anything that is not a socket.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("control socket: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("control socket %s: there is something else with this name (%s); move it away", path, info.Mode().Type())
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

func give(path, group string) (warning string, err error) {
	if group == "" {
		return "", nil
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return fmt.Sprintf("group %s does not exist; only the owner can use the control socket", group), nil
	}
	gid, err := strconv.Atoi(g.Gid)
	if err != nil {
		return "", fmt.Errorf("group %s: %w", group, err)
	}
	if err := os.Chown(path, -1, gid); err != nil {
		return fmt.Sprintf("the control socket cannot be given to group %s (%v); only the owner can use it", group, err), nil
	}
	return "", os.Chmod(path, 0o660)
}
