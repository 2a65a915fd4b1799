package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// policyPath is asked by Debian's packages whether they may start a service.
// See /usr/share/doc/init-system-helpers/README.policy-rc.d.gz.
const policyPath = "/usr/sbin/policy-rc.d"

// policyText says no. The second line tells it from anybody else's.
const policyText = "#!/bin/sh\n# lbha lab: no service starts while packages are installed\nexit 101\n"

// install installs packages as root, without starting what they bring.
func (p provider) install(pkgs []string) error {
	p.say("installing %s", strings.Join(pkgs, " "))
	remove, err := forbidServices()
	if err != nil {
		return err
	}
	defer remove()
	present := map[string]bool{}
	for _, s := range services {
		present[s] = unitExists(s)
	}
	args := append([]string{"install", "-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"}, pkgs...)
	err = apt(nil, "", args...)
	if err != nil {
		// Usually the lists are missing or old.
		if err = apt(nil, "", "update", "-q"); err == nil {
			err = apt(nil, "", args...)
		}
	}
	// Nor shall they start when the machine does.
	for _, s := range services {
		if !present[s] && unitExists(s) {
			// Without systemctl nothing starts them either.
			_ = exec.Command("systemctl", "--root=/", "--quiet", "disable", s+".service").Run()
		}
	}
	return err
}

func unitExists(service string) bool {
	_, err := os.Stat("/lib/systemd/system/" + service + ".service")
	return err == nil
}

// forbidServices keeps packages from starting services until remove is called.
// A file left by a killed run is taken over; anybody else's is respected.
func forbidServices() (remove func(), err error) {
	have, err := os.ReadFile(policyPath)
	if err == nil && !bytes.Equal(have, []byte(policyText)) {
		return func() {}, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read %s: %w", policyPath, err)
	}
	if err := os.WriteFile(policyPath, []byte(policyText), 0o755); err != nil {
		return nil, fmt.Errorf("write %s: %w", policyPath, err)
	}
	return func() { os.Remove(policyPath) }, nil
}

// unpack downloads packages and what they depend on, as far as it is not
// installed, and unpacks them into the cache. It needs no privilege.
func (p provider) unpack(pkgs []string) error {
	p.say("downloading %s into the cache folder", strings.Join(pkgs, " "))
	dir := filepath.Join(p.cache, "apt")
	defer os.RemoveAll(dir)
	for _, sub := range []string{"state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return fmt.Errorf("make apt folder: %w", err)
		}
	}
	status := p.status
	if status == "" {
		status = "/var/lib/dpkg/status"
	}
	options := []string{
		"-q", "-y", "--no-install-recommends",
		"-o", "Debug::NoLocking=1",
		"-o", "APT::Sandbox::User=",
		"-o", "Dir::State::status=" + status,
		"-o", "Dir::State::extended_states=" + filepath.Join(dir, "state/extended_states"),
		"-o", "Dir::Cache=" + filepath.Join(dir, "cache"),
	}
	get := append([]string{"install", "--download-only"}, pkgs...)
	// With the machine's lists first; where they are missing or old, with fresh
	// ones.
	err := apt(options, dir, get...)
	if err != nil {
		options = append(options, "-o", "Dir::State::lists="+filepath.Join(dir, "state/lists"))
		if err = apt(options, dir, "update"); err == nil {
			err = apt(options, dir, get...)
		}
	}
	if err != nil {
		return err
	}
	debs, err := filepath.Glob(filepath.Join(dir, "cache/archives/*.deb"))
	if err != nil {
		return fmt.Errorf("list packages: %w", err)
	}
	return p.unpackAll(debs)
}

// unpackAll unpacks into a fresh folder beside the root and then puts it in
// place, so that a killed run leaves no half of a root.
func (p provider) unpackAll(debs []string) error {
	p.say("unpacking %d packages", len(debs))
	fresh := p.root + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("remove old folder: %w", err)
	}
	// A /lib of a package must land where the root's /lib points, or it would
	// hide that link and with it the C library.
	for _, dir := range []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32"} {
		target, err := os.Readlink("/" + dir)
		if err != nil {
			continue
		}
		if err := os.MkdirAll(filepath.Join(fresh, target), 0o755); err != nil {
			return fmt.Errorf("make cache root: %w", err)
		}
		if err := os.Symlink(target, filepath.Join(fresh, dir)); err != nil {
			return fmt.Errorf("make cache root: %w", err)
		}
	}
	for _, deb := range debs {
		if err := unpackOne(deb, fresh); err != nil {
			return fmt.Errorf("unpack %s: %w", filepath.Base(deb), err)
		}
	}
	if err := os.RemoveAll(p.root); err != nil {
		return fmt.Errorf("remove old cache root: %w", err)
	}
	if err := os.Rename(fresh, p.root); err != nil {
		return fmt.Errorf("put cache root in place: %w", err)
	}
	return nil
}

// unpackOne does what dpkg-deb -x does, except that it follows links that are in
// the place of the package's folders.
func unpackOne(deb, root string) error {
	var complaint bytes.Buffer
	from := exec.Command("dpkg-deb", "--fsys-tarfile", deb)
	to := exec.Command("tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", root)
	from.Stderr, to.Stderr = &complaint, &complaint
	var err error
	if to.Stdin, err = from.StdoutPipe(); err != nil {
		return err
	}
	if err := from.Start(); err != nil {
		return err
	}
	if err := errors.Join(to.Run(), from.Wait()); err != nil {
		return fmt.Errorf("%w: %s", err, lastLine(complaint.Bytes()))
	}
	return nil
}

func apt(options []string, dir string, args ...string) error {
	cmd := exec.Command("apt-get", append(options, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("apt-get %s: %w: %s", args[0], err, lastError(out))
	}
	return nil
}

// lastError is the last line of apt's that says what went wrong.
func lastError(out []byte) string {
	last := lastLine(out)
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "E: ") {
			last = strings.TrimSpace(line)
		}
	}
	return last
}

func lastLine(out []byte) string {
	text := strings.TrimSpace(string(out))
	return text[strings.LastIndexByte(text, '\n')+1:]
}
