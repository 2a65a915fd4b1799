package kernel

import (
	"errors"
	"os/exec"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// HasIPVS reports whether the running kernel has IPVS; it loads the module if it
// can.
func HasIPVS() bool {
	if _, err := netlink.GenlFamilyGet("IPVS"); err == nil {
		return true
	}
	modprobe, err := lookTool("modprobe")
	if err != nil || exec.Command(modprobe, "-q", "ip_vs").Run() != nil {
		return false
	}
	_, err = netlink.GenlFamilyGet("IPVS")
	return err == nil
}

// canNamespace reports whether this process may make namespaces that own the
// machine's kernel objects. Root in a container often may not.
func canNamespace() bool {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&head, &data[0]); err != nil {
		return false
	}
	const need = 1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_NET_ADMIN
	return data[0].Effective&need == need
}

var errNotRoot = errors.New("native worlds need root: run as root, or use --uml, which needs no privilege")

// Choose returns the mode that Auto stands for on this machine, and checks the
// others.
func Choose(m Mode) (Mode, error) {
	switch m {
	case Auto:
		if canNamespace() && HasIPVS() {
			return Native, nil
		}
		return UML, nil
	case Native:
		if !canNamespace() {
			return m, errNotRoot
		}
	case UML:
	}
	return m, nil
}
