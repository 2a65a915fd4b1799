package kernel

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// SetupOptions say what has to be there.
type SetupOptions struct {
	Cache    string    // as in Options
	UML      bool      // a UML kernel will be needed
	Progress io.Writer // as in Options
}

// Tools is where the lab's tools are.
type Tools struct {
	Kernel string // linux.uml, if it was asked for
	Lower  string // folder with tools that are not installed, "" if all are
}

// EnvBare set to the path of a file in dpkg's status format makes Setup see
// nothing of this machine but the packages in that file: so that the way of a
// machine without the tools can be tried on one that has them.
const EnvBare = "LBHA_LAB_BARE"

// Setup makes sure that the lab's tools are there: installed, where the caller is
// root, else unpacked into the cache folder, of which a UML kernel makes a part
// of its root.
func Setup(opt SetupOptions) (Tools, error) {
	cache := opt.Cache
	if cache == "" {
		cache = DefaultCache()
	}
	cache, err := filepath.Abs(cache)
	if err != nil {
		return Tools{}, fmt.Errorf("find cache folder: %w", err)
	}
	p := provider{opt: opt, cache: cache, root: filepath.Join(cache, "root"), status: os.Getenv(EnvBare)}
	if err := p.provide(); err != nil {
		return Tools{}, err
	}
	return p.tools(), nil
}

// DefaultCache is .cache/lab of the checkout this program or the working folder
// is in, else lbha-lab in the user's cache folder.
func DefaultCache() string {
	exe, _ := os.Executable()
	wd, _ := os.Getwd()
	for _, dir := range []string{filepath.Dir(exe), wd} {
		for ; dir != "/" && dir != "."; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				return filepath.Join(dir, ".cache", "lab")
			}
		}
	}
	user, err := os.UserCacheDir()
	if err != nil {
		user = os.TempDir()
	}
	return filepath.Join(user, "lbha-lab")
}

// provider gets tools that are missing.
type provider struct {
	opt    SetupOptions
	cache  string
	root   string // where they are unpacked
	status string // see EnvBare
}

// installed are the roots of what is installed; none if it is not to be seen.
func (p provider) installed() []string {
	if p.status != "" {
		return nil
	}
	return []string{"/"}
}

func (p provider) roots() []string { return append(p.installed(), p.root) }

func (p provider) missing() []tool { return missing(p.opt.UML, p.roots()...) }

func (p provider) provide() error {
	if len(p.missing()) == 0 {
		return nil
	}
	if err := os.MkdirAll(p.cache, 0o755); err != nil {
		return fmt.Errorf("make cache folder: %w", err)
	}
	// Two labs started at once must not both install.
	lock, err := os.OpenFile(filepath.Join(p.cache, "lock"), os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return fmt.Errorf("open lock: %w", err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock cache folder: %w", err)
	}
	need := p.missing()
	if len(need) == 0 {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("the lab needs %s, and only Debian's apt-get can get them for you: install these (%s)",
			strings.Join(proofs(need), ", "), strings.Join(names(need), ", "))
	}
	installErr := errNotHere
	if os.Geteuid() == 0 && p.status == "" {
		installErr = p.install(names(need))
	}
	if installErr != nil {
		// All that is not installed: the cache is made anew as a whole.
		if err := p.unpack(names(missing(p.opt.UML, p.installed()...))); err != nil {
			if !errors.Is(installErr, errNotHere) {
				err = errors.Join(installErr, err)
			}
			return fmt.Errorf("get %s: %w\nwith network access try again, or have root run: apt-get install --no-install-recommends %s",
				strings.Join(names(need), " "), err, strings.Join(names(need), " "))
		}
	}
	if need := p.missing(); len(need) > 0 {
		return fmt.Errorf("the packages %s came without %s: is this a Debian release the lab does not know?",
			strings.Join(names(need), ", "), strings.Join(proofs(need), ", "))
	}
	return nil
}

// errNotHere is why nothing was installed where only unpacking is possible.
var errNotHere = errors.New("not root")

// tools says where they are now.
func (p provider) tools() Tools {
	var t Tools
	if len(missing(p.opt.UML, p.installed()...)) > 0 {
		t.Lower = p.root
	}
	for _, root := range p.roots() {
		path := filepath.Join(root, "usr/bin/linux.uml")
		if _, err := os.Stat(path); err == nil && t.Kernel == "" {
			t.Kernel = path
		}
	}
	return t
}

func proofs(ts []tool) []string {
	out := make([]string, 0, len(ts))
	for _, t := range ts {
		out = append(out, filepath.Base(t.Proof))
	}
	return out
}

func (p provider) say(format string, args ...any) {
	if p.opt.Progress != nil {
		fmt.Fprintf(p.opt.Progress, "lab: "+format+"\n", args...)
	}
}
