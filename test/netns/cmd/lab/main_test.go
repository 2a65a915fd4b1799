//go:build labhost

// These tests start worlds, so they run on the machine itself and not in one:
//
//	go test -tags labhost ./test/netns/cmd/lab
//
// As root they cover native worlds and ordinary users too.
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lbha/lbha/test/netns/kernel"
)

// envRun makes this test binary be the lab command.
const envRun = "LAB_TEST_RUN"

func TestMain(m *testing.M) {
	kernel.Stage()
	if os.Getenv(envRun) != "" {
		os.Exit(run(os.Args[1:]))
	}
	if os.Getenv(kernel.EnvWorld) != "" {
		fmt.Fprintln(os.Stderr, "these tests start worlds: run them on the machine itself, with -tags labhost and without -exec")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// setting is a way to run the lab.
type setting struct {
	name string
	flag string
	wrap []string // command before it
	user uint32   // 0 is the one who runs the test
}

// nobody is Debian's user without rights.
const nobody = 65534

// noNamespaces runs its arguments where pid namespaces are refused, as in many
// containers.
var noNamespaces = []string{"unshare", "-Ur", "sh", "-c", `echo 0 >/proc/sys/user/max_pid_namespaces && exec "$0" "$@"`}

func settings(t *testing.T) []setting {
	t.Helper()
	out := []setting{
		{name: "uml", flag: "--uml"},
		{name: "uml without namespaces", flag: "--uml", wrap: noNamespaces},
	}
	if os.Geteuid() == 0 {
		out = append(out, setting{name: "native", flag: "--native"}, setting{name: "uml as an ordinary user", flag: "--uml", user: nobody})
	}
	return out
}

// lab prepares the lab command; temp is its TMPDIR.
func (s setting) lab(t *testing.T, temp string, args ...string) *exec.Cmd {
	t.Helper()
	argv := append(append(append([]string{}, s.wrap...), program(t), "exec", s.flag), args...)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), envRun+"=1", "TMPDIR="+temp)
	cmd.Dir = "/"
	if s.user != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: s.user, Gid: s.user}}
	}
	return cmd
}

// program is this binary at a place where everybody may run it.
func program(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(openDir(t), "lab")
	if err := exec.Command("cp", self, path).Run(); err != nil {
		t.Fatal(err)
	}
	return path
}

// openDir is a temporary folder that every user may enter and write to.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "labhost-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestStatusAndOutputAreTheCommands(t *testing.T) {
	for _, s := range settings(t) {
		t.Run(s.name, func(t *testing.T) {
			cmd := s.lab(t, openDir(t), "--", "sh", "-c", `id -u; printf 'a\r\n\000\377b'; echo bad >&2; read -r line; echo "$line"; exit 7`)
			cmd.Stdin = strings.NewReader("given\n")
			var out, complaint bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &complaint
			err := cmd.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 7 {
				t.Errorf("it ended with %v, want exit status 7", err)
			}
			if got, want := out.String(), "0\na\r\n\000\377bgiven\n"; got != want {
				t.Errorf("output is %q, want %q", got, want)
			}
			if got, want := complaint.String(), "bad\n"; got != want {
				t.Errorf("error output is %q, want %q", got, want)
			}
		})
	}
}

func TestManyBytesPassUnchanged(t *testing.T) {
	for _, s := range settings(t) {
		t.Run(s.name, func(t *testing.T) {
			// More than any buffer on the way, both ways.
			data := bytes.Repeat([]byte("0123456789abcde\n"), 20000)
			cmd := s.lab(t, openDir(t), "--", "cat")
			cmd.Stdin = bytes.NewReader(data)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if sha256.Sum256(out) != sha256.Sum256(data) {
				t.Errorf("%d bytes came back, want the same %d", len(out), len(data))
			}
		})
	}
}

func TestOnlyFoldersGivenWithWriteAreWritten(t *testing.T) {
	for _, s := range settings(t) {
		if s.flag == "--native" {
			continue // it has the machine's files
		}
		t.Run(s.name, func(t *testing.T) {
			kept, lost := openDir(t), openDir(t)
			out, err := s.lab(t, openDir(t), "--write", kept, "--", "sh", "-c",
				fmt.Sprintf("echo mine >%s/file && echo mine >%s/file && cat %s/file", kept, lost, lost)).CombinedOutput()
			if err != nil || string(out) != "mine\n" {
				t.Fatalf("it ended with %v and %q, want both files written", err, out)
			}
			if b, err := os.ReadFile(filepath.Join(kept, "file")); err != nil || string(b) != "mine\n" {
				t.Errorf("file in the folder given is %q (%v), want what was written", b, err)
			}
			if _, err := os.Stat(filepath.Join(lost, "file")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("file in another folder: %v, want none", err)
			}
		})
	}
}

func TestStatusOfWhatCannotRun(t *testing.T) {
	for _, s := range settings(t) {
		t.Run(s.name, func(t *testing.T) {
			for _, c := range []struct {
				args []string
				want int
			}{
				{[]string{"--", "no-such-command"}, 127},
				{[]string{"--", "/etc/passwd"}, 126},
				{[]string{"--", "sh", "-c", "kill -9 $$"}, 137},
			} {
				cmd := s.lab(t, openDir(t), c.args...)
				cmd.Stderr = io.Discard
				_ = cmd.Run()
				if got := cmd.ProcessState.ExitCode(); got != c.want {
					t.Errorf("%v: exit status %d, want %d", c.args, got, c.want)
				}
			}
		})
	}
}

func TestADeadKernelIsSaidAndIsStatus125(t *testing.T) {
	cmd := setting{flag: "--uml"}.lab(t, openDir(t), "--", "sh", "-c", "echo c >/proc/sysrq-trigger")
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != kernel.StatusNoWorld || !bytes.Contains(out, []byte("kernel ended before the command did")) {
		t.Errorf("exit status %d with %q, want %d and a sentence", got, out, kernel.StatusNoWorld)
	}
}
