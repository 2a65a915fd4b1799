//go:build lab

package vip

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// A reader that was away for too long has lost messages. The kernel says
// ENOBUFS once; that has to become an event, and the next ones to be heard.
func TestLabLostMessagesAreAnEvent(t *testing.T) {
	runtime.LockOSThread() // never unlocked: the thread and its namespace end with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("make a network namespace: %v: the lab tests of package vip need root", err)
	}
	s, err := nl.Subscribe(unix.NETLINK_ROUTE, unix.RTNLGRP_LINK)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetReceiveBufferSize(1, false); err != nil { // the kernel's least, a few kB
		t.Fatal(err)
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	flood := func() {
		for range 50 {
			if err := netlink.LinkSetUp(lo); err != nil {
				t.Fatal(err)
			}
			if err := netlink.LinkSetDown(lo); err != nil {
				t.Fatal(err)
			}
		}
	}
	flood()
	if _, _, err := s.Receive(); err != unix.ENOBUFS {
		t.Fatalf("the kernel says %v, want ENOBUFS: the test lost nothing", err)
	}
	// The kernel says it again only after the buffer was empty once.
	timeout := func(d time.Duration) {
		tv := unix.NsecToTimeval(d.Nanoseconds())
		if err := s.SetReceiveTimeout(&tv); err != nil {
			t.Fatal(err)
		}
	}
	timeout(10 * time.Millisecond)
	for err == nil {
		_, _, err = s.Receive()
	}
	timeout(0)
	flood()
	events := make(chan struct{}, 1)
	ended := make(chan struct{})
	go func() { receive(s, events); close(ended) }()
	await := func(what string, c <-chan struct{}) {
		select {
		case <-c:
		case <-time.After(10 * time.Second):
			t.Fatalf("no %s", what)
		}
	}
	await("event for lost messages", events)
	for unread(t, s) > 0 {
		runtime.Gosched()
	}
	select {
	case <-events:
	default:
	}
	_ = netlink.LinkSetUp(lo)
	await("event after lost messages", events)
	s.Close()
	await("end of receive", ended)
}

// unread is how many bytes of messages wait in the socket, by the column Rmem of
// /proc/net/netlink.
func unread(t *testing.T, s *nl.NetlinkSocket) int {
	t.Helper()
	pid, err := s.GetPid()
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("/proc/thread-self/net/netlink")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 4 && f[1] == "0" && f[2] == strconv.FormatUint(uint64(pid), 10) {
			n, err := strconv.Atoi(f[4])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("socket %d is not in\n%s", pid, table)
	return 0
}

func TestLabSubscriptionEndsWithItsContext(t *testing.T) {
	m, err := OpenMonitor()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	events, err := m.Subscribe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for range events { // closed, or this waits for ever
	}
}
