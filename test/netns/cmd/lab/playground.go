package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/lbha/lbha/test/netns"
	"github.com/lbha/lbha/test/netns/kernel"
)

// insidePlay is the playground's other half, in the world: config.
const insidePlay = "play-inside"

const playText = `
A pair of directors, two web servers and a client, as in configs/nat-pair.hcl. Each is a machine of its own:

  on server04 lbha status            what a director does, and why (on server05 too)
  on server04 ipvsadm -Ln            its table, as another program sees it
  on client curl -s 192.168.24.52    ask the virtual server; or: wget -qO- 192.168.24.52
  on server01 pkill nginx            lose a web server
  on server04 pkill -9 lbha          lose a director's daemon
  on server04 ip link set eth1 down  lose a link
  director server04                  start its daemon again
  logs server04                      what it said

exit leaves; nothing stays behind.
`

// playRC gives the shell the words of playText.
const playRC = `PS1='lab:\w\$ '
on() { "$LAB_SELF" in "$@"; }
director() { on "$1" sh -c 'mkdir -p /run/lbha; exec "$0" run --config "$1" >>"$2" 2>&1 &' "$LBHA" "$LAB_CONFIG" "$LAB_DIR/$1-lbha.log"; }
logs() { cat "$LAB_DIR/$1-lbha.log"; }
export PATH="$(dirname "$LBHA"):$PATH"
`

// play leaves a pair up and opens a shell in its world.
func play(config string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	signal.Ignore(syscall.SIGINT) // is the shell's
	dir, err := os.MkdirTemp("", "lbha-lab-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, err := netns.NewNATPair(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if err := p.StartWebs(ctx); err != nil {
		return err
	}
	for _, h := range p.Directors {
		if _, err := h.StartDirector(config); err != nil {
			return err
		}
	}
	if err := errors.Join(p.Directors[0].WaitState(ctx, "active"), p.Directors[1].WaitState(ctx, "backup")); err != nil {
		return err
	}
	fmt.Print(playText)
	return shell(ctx, dir, config)
}

func shell(ctx context.Context, dir, config string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	rc := filepath.Join(dir, "rc")
	if err := os.WriteFile(rc, []byte(playRC), 0o644); err != nil {
		return err
	}
	sh := exec.CommandContext(ctx, "bash", "--rcfile", rc, "-i")
	sh.Stdin, sh.Stdout, sh.Stderr = os.Stdin, os.Stdout, os.Stderr
	sh.Env = append(os.Environ(), "LAB_SELF="+self, "LAB_DIR="+dir, "LAB_CONFIG="+config)
	// A shell ends with the status of its last command, which is no fault of the lab's.
	if err := sh.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		return err
	}
	return nil
}

// playground starts play in a world, on this terminal.
func playground() (int, error) {
	opt, config, err := withLbha()
	if err != nil {
		return 1, err
	}
	opt.Stdin = os.Stdin
	opt.Args = append(opt.Args, insidePlay, config)
	return kernel.Run(opt)
}
