package sysctl

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// DefaultRoot is where the kernel shows its settings.
const DefaultRoot = "/proc/sys"

// maxValue bounds what is read of one setting, in bytes. A page is the most
// that the kernel's own handlers for numbers and strings produce.
const maxValue = 4096

// tree reads and writes settings below a root folder.
type tree string

// read returns the normal value of a dotted key.
func (t tree) read(key string) (string, error) {
	name, err := filename(key)
	if err != nil {
		return "", err
	}
	f, err := os.Open(filepath.Join(string(t), name))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", key, explain(key, "", err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxValue+1))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", key, explain(key, "", err))
	}
	if len(b) > maxValue {
		return "", fmt.Errorf("read %s: the value is longer than %d bytes", key, maxValue)
	}
	return normal(string(b)), nil
}

// write sets a dotted key and reads it back: the kernel clamps some values and
// keeps others as they were without an error.
func (t tree) write(key, value string) error {
	name, err := filename(key)
	if err != nil {
		return err
	}
	// No O_CREATE: what does not exist is a missing module, not a new file.
	f, err := os.OpenFile(filepath.Join(string(t), name), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return fmt.Errorf("write %s: %w", key, explain(key, value, err))
	}
	_, err = f.WriteString(value + "\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", key, explain(key, value, err))
	}
	got, err := t.read(key)
	if err != nil {
		return err
	}
	if got != value {
		return fmt.Errorf("write %s: the kernel made %q of %q", key, got, value)
	}
	return nil
}

// explain puts before an error of the file system what it means for a kernel
// setting and what to do about it. The error stays wrapped.
func explain(key, value string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err // the key says more than the path
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", missing(key), err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("kernel settings are read-only here, as in a container: set %s=%s from outside it: %w", key, value, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("not allowed: run as root with CAP_NET_ADMIN, or set it beforehand in /etc/sysctl.d: %w", err)
	case errors.Is(err, syscall.EINVAL):
		return fmt.Errorf("the kernel refuses the value %q: %w", value, err)
	}
	return err
}

// modules says which kernel module brings the settings below a prefix. The
// first prefix that fits counts.
var modules = []struct{ prefix, module string }{
	{"net.ipv4.vs.", "ip_vs"},
	{"net.netfilter.nf_conntrack_", "nf_conntrack"},
	{"net.bridge.", "br_netfilter"},
	{"net.ipv6.", "ipv6"},
}

// missing says why a key may not exist.
func missing(key string) string {
	names, err := parseKey(key)
	if err == nil && len(names) > 4 && names[0] == "net" && (names[2] == "conf" || names[2] == "neigh") {
		return fmt.Sprintf("there is no such setting, or no interface %s", names[3])
	}
	for _, m := range modules {
		if strings.HasPrefix(key, m.prefix) {
			return fmt.Sprintf("there is no such setting; the module %s brings it: modprobe %s", m.module, m.module)
		}
	}
	return "this kernel has no such setting"
}
