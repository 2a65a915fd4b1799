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

// Listen makes the control socket at path, in the place of one that a crash left behind. The caller is the only lbha on
// this machine: it holds the lock of the ledger (package owned), without which a living director's socket would be taken.
//
// The socket is mode 0660 and given to group, or 0600 if that is ""; when that group does not exist it is 0600, and the
// returned warning says so. The folder must exist. Closing the listener removes the socket.
func Listen(path, group string) (l net.Listener, warning string, err error) {
	if err := checkFolder(filepath.Dir(path)); err != nil {
		return nil, "", err
	}
	if err := removeStale(path); err != nil {
		return nil, "", err
	}

	// The umask closes the moment between bind and chmod: nobody but the owner can connect before the mode is right.
	old := unix.Umask(0o177)
	l, err = net.Listen("unix", path)
	unix.Umask(old)
	if err != nil {
		return nil, "", fmt.Errorf("control socket %s: %w", path, err)
	}
	warning, err = give(path, group)
	if err != nil {
		l.Close()
		return nil, "", fmt.Errorf("control socket %s: %w", path, err)
	}
	return l, warning, nil
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
