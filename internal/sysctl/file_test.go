package sysctl

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"
)

func TestErrorsSayWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		key   string
		errno syscall.Errno
		want  string
	}{
		{"net.ipv4.vs.conntrack", syscall.ENOENT, "there is no such setting; the module ip_vs brings it: modprobe ip_vs: no such file or directory"},
		{"net.netfilter.nf_conntrack_max", syscall.ENOENT, "there is no such setting; the module nf_conntrack brings it: modprobe nf_conntrack: no such file or directory"},
		{"net.bridge.bridge-nf-call-iptables", syscall.ENOENT, "there is no such setting; the module br_netfilter brings it: modprobe br_netfilter: no such file or directory"},
		{"net.ipv6.ip_nonlocal_bind", syscall.ENOENT, "there is no such setting; the module ipv6 brings it: modprobe ipv6: no such file or directory"},
		{"net.ipv6.conf.eth0/5.forwarding", syscall.ENOENT, "there is no such setting, or no interface eth0.5: no such file or directory"},
		{"kernel.x", syscall.ENOENT, "this kernel has no such setting: no such file or directory"},
		{forward, syscall.EROFS, "kernel settings are read-only here, as in a container: set net.ipv4.ip_forward=1 from outside it: read-only file system"},
		{forward, syscall.EACCES, "not allowed: run as root with CAP_NET_ADMIN, or set it beforehand in /etc/sysctl.d: permission denied"},
		{forward, syscall.EPERM, "not allowed: run as root with CAP_NET_ADMIN, or set it beforehand in /etc/sysctl.d: operation not permitted"},
		{forward, syscall.EINVAL, `the kernel refuses the value "1": invalid argument`},
		{forward, syscall.EIO, "input/output error"},
	} {
		err := explain(tt.key, "1", &fs.PathError{Op: "open", Path: "/proc/sys/x", Err: tt.errno})
		if err.Error() != tt.want || !errors.Is(err, tt.errno) {
			t.Errorf("explain(%s, %v) = %q, want %q", tt.key, tt.errno, err, tt.want)
		}
	}
}

func TestWriteDoesNotCreateSettings(t *testing.T) {
	h := newHost(t, nil)
	if err := tree(h.root).write("vm", "1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want %v", err, fs.ErrNotExist)
	}
}
