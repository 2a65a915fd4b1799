//go:build labhost

package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// litter leaves something of every kind and then stays.
const litter = `ip netns add litter && ip link add litter0 type veth peer name litter1 && mount -t tmpfs litter /mnt &&
touch "$TMPDIR/litter" && { setsid sleep 1000 & } && echo ready && exec sleep 1000`

// A killed lab, however it is killed, leaves nothing on the machine.
func TestNothingOutlivesTheLab(t *testing.T) {
	for _, s := range settings(t) {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
			t.Run(s.name+" "+sig.String(), func(t *testing.T) {
				temp := openDir(t)
				before := lookAround(t, temp)
				cmd := s.lab(t, temp, "--", "sh", "-c", litter)
				var complaint bytes.Buffer
				cmd.Stderr = &complaint
				out, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { cmd.Process.Kill() })
				lines := bufio.NewReader(out)
				if line, err := lines.ReadString('\n'); line != "ready\n" {
					t.Fatalf("it said %q (%v) and %q, want ready", line, err, complaint.String())
				}
				family := descendants(cmd.Process.Pid)
				if len(family) < 3 {
					t.Fatalf("only %v run, want the world's processes among them", family)
				}
				if err := cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, lines)
				_ = cmd.Wait()
				status := cmd.ProcessState.Sys().(syscall.WaitStatus)
				if sig != syscall.SIGKILL && status.ExitStatus() != 128+int(sig) {
					t.Errorf("exit status %d, want %d", status.ExitStatus(), 128+int(sig))
				}
				gone(t, family)
				if diff := cmp.Diff(before, lookAround(t, temp)); diff != "" {
					t.Errorf("the machine (-before +after):\n%s", diff)
				}
			})
		}
	}
}

// around is what a lab could leave on the machine.
type around struct {
	Mounts, Links, Namespaces, Temp, Shared []string
}

func lookAround(t *testing.T, temp string) around {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	links, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	a := around{Mounts: strings.Split(string(b), "\n")}
	for _, l := range links {
		a.Links = append(a.Links, l.Name)
	}
	for pattern, to := range map[string]*[]string{
		"/run/netns/*": &a.Namespaces, filepath.Join(temp, "*"): &a.Temp, "/dev/shm/*": &a.Shared,
	} {
		if *to, err = filepath.Glob(pattern); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// process is one process, for good: numbers are used again.
type process struct {
	pid     int
	started string
	name    string
}

// descendants are a process's children, theirs, and so on, and itself.
func descendants(pid int) []process {
	all := map[int]process{}
	parents := map[int]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		if p, parent, ok := readStat(path); ok {
			all[p.pid], parents[p.pid] = p, parent
		}
	}
	var out []process
	for id, p := range all {
		for up := id; up > 1; up = parents[up] {
			if up == pid {
				out = append(out, p)
				break
			}
		}
	}
	slices.SortFunc(out, func(a, b process) int { return a.pid - b.pid })
	return out
}

// readStat reads a line as in proc_pid_stat(5): the name in brackets, parent and
// start time 2 and 20 fields after it.
func readStat(path string) (p process, parent int, ok bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return p, 0, false
	}
	text := string(b)
	open, shut := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	fields := strings.Fields(text[shut+1:])
	if open < 0 || len(fields) < 20 {
		return p, 0, false
	}
	p.pid, _ = strconv.Atoi(strings.TrimSpace(text[:open]))
	p.name, p.started = text[open+1:shut], fields[19]
	parent, err = strconv.Atoi(fields[1])
	return p, parent, err == nil && fields[0] != "Z"
}

// gone waits until every one of them has ended.
func gone(t *testing.T, family []process) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for _, p := range family {
		path := filepath.Join("/proc", strconv.Itoa(p.pid), "stat")
		for {
			now, _, ok := readStat(path)
			if !ok || now.started != p.started {
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("process %d (%s) still runs", p.pid, p.name)
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if _, err := os.Stat(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
}
