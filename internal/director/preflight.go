package director

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// CheckCapabilities says, before anything is touched, whether this process may do what a director does: change addresses
// and the IPVS table (CAP_NET_ADMIN), and send and receive VRRP and ARP (CAP_NET_RAW). raw is whether the file has routers.
func CheckCapabilities(raw bool) error {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&head, &data[0]); err != nil {
		return fmt.Errorf("read own capabilities: %w", err)
	}
	has := func(c uint) bool { return data[c/32].Effective&(1<<(c%32)) != 0 }
	var missing []string
	if !has(unix.CAP_NET_ADMIN) {
		missing = append(missing, "CAP_NET_ADMIN")
	}
	if raw && !has(unix.CAP_NET_RAW) {
		missing = append(missing, "CAP_NET_RAW")
	}
	if len(missing) == 0 {
		return nil
	}
	return errors.New("no " + strings.Join(missing, " and ") +
		": run it as root, or give the service AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW")
}
