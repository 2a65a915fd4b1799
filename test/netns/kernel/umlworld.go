package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// modulesRoot is where Debian keeps the modules of its User Mode Linux.
const modulesRoot = "/usr/lib/uml/modules"

// preload are modules that nothing loads by itself early enough.
var preload = []string{"ip_vs", "veth", "bridge"}

// umlWorld is process 1 of a UML kernel. Its root is the machine's, over hostfs;
// what it writes before the overlay is in place would be written there.
func umlWorld() error {
	fd, err := unix.Open("/dev/tty1", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open frame console: %w", err)
	}
	if err := rawConsole(fd); err != nil {
		return err
	}
	console := os.NewFile(uintptr(fd), "tty1")
	w, err := receive(console, console)
	if err != nil {
		return err
	}
	if err := w.run(umlMounts); err != nil {
		return err
	}
	// The outside has the last frame and ends this kernel; it may be quicker.
	unix.IoctlSetInt(fd, unix.TCSBRK, 1) // tcdrain(3)
	return unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

// rawConsole makes the console pass every byte as it is: cfmakeraw(3).
func rawConsole(fd int) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return fmt.Errorf("read console's settings: %w", err)
	}
	t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		return fmt.Errorf("set console to raw: %w", err)
	}
	return nil
}

// umlMounts lays a writable layer in memory over the machine's root and moves in.
func umlMounts(w *world) error {
	if err := addRandom(w.spec.Seed); err != nil {
		return err
	}
	release, err := kernelRelease()
	if err != nil {
		return err
	}
	if err := loadOverlay(w.spec.Lower, release); err != nil {
		return err
	}
	if err := overlayRoot(w.spec.Lower, w.spec.Write); err != nil {
		return err
	}
	if err := mountAll([]mount{
		{"proc", "/proc", "proc", ""},
		{"sysfs", "/sys", "sysfs", ""},
		{"devtmpfs", "/dev", "devtmpfs", ""},
		{"devpts", "/dev/pts", "devpts", "ptmxmode=666"},
		{"tmpfs", "/dev/shm", "tmpfs", ""},
		{"tmpfs", "/run", "tmpfs", "mode=755"},
	}); err != nil {
		return err
	}
	if err := finishMounts(); err != nil {
		return err
	}
	return loadModules(release)
}

// addRandom spares the kernel a second of waiting for entropy. See random(4).
func addRandom(seed []byte) error {
	fd, err := unix.Open("/dev/urandom", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open random device: %w", err)
	}
	defer unix.Close(fd)
	info := binary.NativeEndian.AppendUint32(nil, uint32(8*len(seed)))
	info = binary.NativeEndian.AppendUint32(info, uint32(len(seed)))
	info = append(info, seed...)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.RNDADDENTROPY, uintptr(unsafe.Pointer(&info[0]))); errno != 0 {
		return fmt.Errorf("seed random numbers: %w", errno)
	}
	return nil
}

// loadOverlay loads the overlay file system, which Debian's kernel has as a
// module, without the tools that may only be there once it is in place.
func loadOverlay(lower, release string) error {
	const initCompressed = 4 // MODULE_INIT_COMPRESSED_FILE
	for _, suffix := range []string{".ko", ".ko.xz", ".ko.zst"} {
		f, err := os.Open(filepath.Join(lower, modulesRoot, release, "kernel/fs/overlayfs/overlay"+suffix))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("open overlay module: %w", err)
		}
		defer f.Close()
		flags := 0
		if suffix != ".ko" {
			flags = initCompressed
		}
		if err := unix.FinitModule(int(f.Fd()), "", flags); err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("load overlay module: %w", err)
		}
		return nil
	}
	return nil // built in, or the mount says that it is not there
}

// overlayRoot makes a root of the machine's, with lower over it and memory over
// that, and enters it. Changes below the folders in write reach the machine.
func overlayRoot(lower string, write []string) error {
	const base = "/proc" // a folder every system has, not needed here before it is mounted inside
	if err := unix.Mount("tmpfs", base, "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount writable layer: %w", err)
	}
	for _, dir := range []string{"upper", "work", "root", "lower"} {
		if err := os.Mkdir(filepath.Join(base, dir), 0o755); err != nil {
			return fmt.Errorf("make writable layer: %w", err)
		}
	}
	layers := "/"
	if lower != "" {
		// As a file system of its own: overlay refuses a layer inside another.
		// Its name has none of the characters that mean something in options.
		if err := unix.Mount("lower", base+"/lower", "hostfs", unix.MS_RDONLY, lower); err != nil {
			return fmt.Errorf("mount %s: %w", lower, err)
		}
		layers = base + "/lower:/"
	}
	root := base + "/root"
	// Without set-user-id bits: where an ordinary user's namespace shows root's
	// files as nobody's, mount(8) would give its rights away.
	if err := unix.Mount("overlay", root, "overlay", unix.MS_NOSUID, "lowerdir="+layers+",upperdir="+base+"/upper,workdir="+base+"/work"); err != nil {
		return fmt.Errorf("mount overlay: %w", err)
	}
	for _, dir := range write {
		if err := unix.Mount(dir, filepath.Join(root, dir), "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s: %w", dir, err)
		}
	}
	// The old root ends up under the new one and is let go there.
	if err := unix.Chdir(root); err != nil {
		return fmt.Errorf("enter overlay: %w", err)
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("make overlay the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("let go of old root: %w", err)
	}
	return os.Chdir("/")
}

// loadModules makes the kernel's modules findable, for what it loads on demand,
// and loads those that nobody asks it for.
func loadModules(release string) error {
	if err := os.MkdirAll("/lib/modules", 0o755); err != nil {
		return fmt.Errorf("make module folder: %w", err)
	}
	link := "/lib/modules/" + release
	if err := os.Symlink(filepath.Join(modulesRoot, release), link); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("link modules: %w", err)
	}
	modprobe, err := lookTool("modprobe")
	if err != nil {
		return err
	}
	if out, err := exec.Command(modprobe, append([]string{"-a"}, preload...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("load kernel modules: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
